# shellcheck shell=bash
# What scripts/quickstart, scripts/test and tests/sandbox share: messages, a log, Debian packages, the build.
# Sourced by bash, after `set -euo pipefail`. Defines functions, $repo, $log and the package lists.
# Messages go to stderr: stdout belongs to whoever calls.

export PYTHONDONTWRITEBYTECODE=1 # a source tree stays as it was

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
log=${ORLOP_SCRIPT_LOG:-${TMPDIR:-/tmp}/orlop-$(id -u)-$(basename "$0").log}

# What configure looks for, and what the scripts themselves call.
# shellcheck disable=SC2034  # used by the scripts that source this file
build_packages=(gcc libc6-dev make autoconf automake pkg-config libcurl4-openssl-dev libssl-dev libcjson-dev
	libyaml-dev libarchive-dev libexpat1-dev libpcre2-dev zlib1g-dev libisal-dev uthash-dev
	libwslay-dev libncurses-dev)
# shellcheck disable=SC2034
sandbox_packages=(ca-certificates curl openssl python3)
# What a cluster with a node needs besides.
# shellcheck disable=SC2034
node_packages=(containerd runc containernetworking-plugins busybox-static)

say() { echo "==> $*" >&2; }
die() { echo "$(basename "$0"): $*" >&2; exit 1; }

start_log() { : > "$log" || die "cannot write $log: set ORLOP_SCRIPT_LOG to another file"; }

# logged WHAT COMMAND...: runs COMMAND without noise; its output goes to $log and is shown when it fails.
logged() {
	local what=$1 from=$SECONDS mark
	shift
	[ -e "$log" ] || start_log
	mark=$(wc -l < "$log")
	printf '==> %s ... ' "$what" >&2
	if "$@" >> "$log" 2>&1 < /dev/null; then
		printf 'done (%d s)\n' $((SECONDS - from)) >&2
		return 0
	fi
	printf 'FAILED\n' >&2
	tail -n +$((mark + 1)) "$log" | tail -n 60 >&2
	echo "$(basename "$0"): $what failed; everything it printed is in $log" >&2
	return 1
}

as_root() {
	if [ "$(id -u)" = 0 ]; then "$@"; else sudo -- "$@"; fi
}

install_packages() {
	as_root apt-get -o DPkg::Lock::Timeout=300 update &&
		as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 \
			install -y --no-install-recommends "$@"
}

# packages NAME...: installs those Debian packages that are missing. Elsewhere configure says what it lacks.
packages() {
	local p missing=()
	command -v dpkg-query > /dev/null || return 0
	for p; do
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$p" 2> /dev/null)" = installed ] || missing+=("$p")
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	if [ "$(id -u)" != 0 ]; then
		command -v sudo > /dev/null || die "packages are missing; as root run: apt-get install ${missing[*]}"
		# `logged` takes stdin away, so a password has to be asked for before it.
		sudo -v || die "packages are missing and sudo refused; as root run: apt-get install ${missing[*]}"
	fi
	logged "installing ${missing[*]}" install_packages "${missing[@]}" || exit 1
}

# Called with sudo, the packages are installed by now and the rest is the calling user's: otherwise root would own
# files in that user's tree and caches.
leave_sudo() { # the script's own arguments
	[ "$(id -u)" = 0 ] && [ -n "${SUDO_USER:-}" ] && [ "$SUDO_USER" != root ] || return 0
	[ "$(stat -c %U "$repo")" = "$SUDO_USER" ] || return 0
	rm -f "$log"
	exec runuser -u "$SUDO_USER" -- env -u SUDO_USER -u XDG_CACHE_HOME -u XDG_CONFIG_HOME -u XDG_STATE_HOME \
		-u XDG_RUNTIME_DIR HOME="$(getent passwd "$SUDO_USER" | cut -d: -f6)" bash "$repo/scripts/$(basename "$0")" "$@"
}

# configured DIR ARGUMENT...: a VPATH build directory DIR, configured with exactly these arguments.
configured() {
	local dir=$1
	shift
	if [ ! -x "$repo/configure" ]; then
		mkdir -p "$repo/m4" && (cd "$repo" && autoreconf -fi) || return 1
	fi
	if [ -f "$dir/Makefile" ] && [ "$(cat "$dir/configured-with" 2> /dev/null)" = "$*" ]; then return 0; fi
	rm -rf "$dir" && mkdir -p "$dir" && (cd "$dir" && "$repo/configure" "$@") && echo "$*" > "$dir/configured-with"
}

# built DIR ARGUMENT...: the same, compiled.
built() {
	configured "$@" && make -C "$1" -j"$(nproc)"
}
