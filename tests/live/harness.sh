# shellcheck shell=bash
# Sourced by the live suites. A suite starts what it needs (cluster, minio, proxy) and runs cases with `try`; each
# case prints "ok NAME", "not ok NAME: why" or "skip NAME: why". A case that fails shows its output on stderr.
# ORLOP is the program under test. CASES, if set, is a pattern: only cases whose name matches it run.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
sandbox=$here/../sandbox/sandbox
: "${ORLOP:?ORLOP names no program to test}"
ORLOP=$(readlink -f "$ORLOP")
[ -x "$ORLOP" ] || { echo "not ok setup: there is no program $ORLOP"; exit 1; }
export PYTHONDONTWRITEBYTECODE=1 MINIO_USER=minioadmin MINIO_PASSWORD=minioadmin

# Nothing of the user's own is read or written: no clusters, no credentials, no settings.
work=$(mktemp -d "${TMPDIR:-/tmp}/orlop-live.XXXXXX")
unset KUBECONFIG ORLOP_PROJECT "${!AWS_@}"
export AWS_EC2_METADATA_DISABLED=true # nor is a cloud that this machine may be in
export SANDBOX_DIR=${SANDBOX_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/orlop-sandbox}
real_home=$HOME
export HOME=$work/home
unset XDG_CONFIG_HOME XDG_STATE_HOME XDG_CACHE_HOME XDG_RUNTIME_DIR
mkdir "$HOME"
# What has to be stopped at the end, a line each. Files, because cases are subshells.
: > "$work/servers"
: > "$work/proxies"

clean_up() {
	local name
	while read -r name; do
		# One that has ended has left its number to somebody else by now.
		if grep -qz "^HOME=$work/" "/proc/$name/environ" 2> /dev/null; then kill "$name" || true; fi
	done < "$work/proxies"
	while read -r name; do HOME=$real_home "$sandbox" down "$name" < /dev/null || true; done < "$work/servers"
	[ -n "${KEEP:-}" ] || rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# start_cluster NAME [OPTION...], start_minio BUCKET: names are of this process, so that runs don't meet. The
# kubeconfig or URL is in $started.
start_cluster() {
	local name=live-$$-$1
	shift
	echo "$name" >> "$work/servers"
	started=$(HOME=$real_home "$sandbox" up "$name" "$@") || { echo "not ok setup: no cluster $name"; exit 1; }
}

start_minio() { # BUCKET [--tls]
	echo "minio-live-$$" >> "$work/servers"
	started=$(HOME=$real_home "$sandbox" minio "live-$$" ${2:+"$2"}) || { echo "not ok setup: no MinIO"; exit 1; }
	HOME=$real_home "$sandbox" bucket "live-$$" "$1"
}

s3() { python3 "$here/../sandbox/s3.py" "$@"; }

# start_proxy LOG UPSTREAM RULE...: faultproxy.py in front of a plain server; its URL is in $started.
# shellcheck disable=SC2034  # $started is read by the suites
start_proxy() {
	local record=$1
	shift
	rm -f "$record.url"
	python3 "$here/faultproxy.py" "${proxy_options[@]:+${proxy_options[@]}}" "$1" "$record" "${@:2}" \
		> "$record.url" 2> "$record.errors" &
	echo $! >> "$work/proxies"
	until_true 10 test -s "$record.url"
	started=$(cat "$record.url")
}

# start_api_proxy LOG KUBECONFIG RULE...: the same in front of an API server, with TLS; a kubeconfig for it is in
# $started.
start_api_proxy() {
	local record=$1 kubeconfig=$2 proxy_options=(--tls "$work/proxy.pem")
	shift 2
	[ -f "$work/proxy.pem" ] || openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
		-subj /CN=faultproxy -addext subjectAltName=IP:127.0.0.1 -keyout - -out - > "$work/proxy.pem" 2> /dev/null
	start_proxy "$record" "$(server_of "$kubeconfig")" "$@"
	sed "s|server: \"[^\"]*\"|server: \"$started\"|
		s|certificate-authority-data: [^}]*|certificate-authority-data: $(openssl x509 -in "$work/proxy.pem" | base64 -w0)|" \
		"$kubeconfig" > "$record.kubeconfig"
	started=$record.kubeconfig
}

server_of() { sed -n 's/.*server: "\([^"]*\)".*/\1/p' "$1"; } # KUBECONFIG

until_true() { # SECONDS COMMAND...
	local n=$(($1 * 10))
	shift
	until "$@" > /dev/null 2>&1; do
		n=$((n - 1))
		[ $n -gt 0 ] || fail "waited in vain for: $*"
		sleep 0.1
	done
}

fail() { echo "$*"; exit 1; }
skip() { echo "$*"; exit 77; }

orlop() { timeout -k 5 "${LIMIT:-120}" "$ORLOP" "$@"; }

# try NAME [COMMAND...]: one case; without COMMAND it is the function NAME. In a subshell that ends at the first
# command that fails. Lines that begin with "info: " are figures, shown also when it goes well.
try() {
	local name=$1 out=$work/out.$1 code
	if [ $# -gt 1 ]; then shift; fi
	# shellcheck disable=SC2053  # CASES is a pattern
	if [ -n "${CASES:-}" ] && [[ $name != $CASES ]]; then return; fi
	set +e
	(
		trap - EXIT
		set -Eeuo pipefail
		# The last line of a case has to say why it failed.
		trap 'echo "failed with status $?: ${BASH_COMMAND}"' ERR
		"$@"
	) > "$out" 2>&1 < /dev/null
	code=$?
	set -e
	case $code in
	0)
		echo "ok $name"
		sed -n 's/^info: /    /p' "$out" >&2
		;;
	77) echo "skip $name: $(tail -n 1 "$out")" ;;
	*)
		echo "not ok $name: $(grep . "$out" | tail -n 1 | cut -c1-300)"
		tail -n 40 "$out" | cut -c1-400 | sed 's/^/    /' >&2
		;;
	esac
}

# ends CODES WORDS COMMAND...: COMMAND ends with one of the exit codes ("2" or "1|5"), and says all the words (a
# list with "|") on stderr. It must not crash, and what it says must be short: one message, at most one hint.
ends() {
	local codes=$1 words=$2 code=0 word lines
	shift 2
	"$@" > "$work/stdout" 2> "$work/stderr" || code=$?
	cat "$work/stderr"
	case "|$codes|" in *"|$code|"*) ;; *) fail "exit status $code instead of $codes: $(tail -n 1 "$work/stderr")" ;; esac
	while IFS= read -r -d '|' word; do
		[ -z "$word" ] || grep -qiF -- "$word" "$work/stderr" || fail "not a word of '$word' in: $(cat "$work/stderr")"
	done <<< "$words|"
	if [ "$code" != 0 ] && [ "$code" != 3 ]; then
		# The log is no message, and warnings about something else come before the mistake.
		lines=$(awk '/^20[0-9T:.-]+Z debug / { next } /^warning: / { about = 1; next } about && /^  next: / { next }
			{ about = 0 } NF { n++ } END { print n + 0 }' "$work/stderr")
		[ "$lines" -ge 1 ] || fail "failed without a word"
		[ "$lines" -le 4 ] || fail "$lines lines of messages for one mistake"
	fi
}

snapshot() { python3 "$here/snapshot.py" "$1" > "$2"; }

# same BEFORE AFTER: compare.py finds no difference
same() { python3 "$here/compare.py" "$1" "$2" || fail "the cluster differs from what was saved"; }
