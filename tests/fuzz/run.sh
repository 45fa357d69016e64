#!/usr/bin/env bash
# Runs every fuzzer of a build with --enable-fuzzing for some time, from its corpus and what earlier runs found.
#
#   tests/fuzz/run.sh BUILD SECONDS [NAME...]
#
# Prints "ok NAME: N runs" or "not ok NAME: why"; inputs that fail stay in BUILD/found.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$(cd "$1" && pwd) seconds=$2
shift 2
# shellcheck disable=SC2012  # names of our own
[ $# -gt 0 ] || mapfile -t names < <(cd "$here" && ls fuzz_*.c | sed 's/fuzz_\(.*\)\.c/\1/')
[ $# -eq 0 ] || names=("$@")
mkdir -p "$build/found"

fuzz() { # NAME
	local name=$1 log=$build/found/$1.log
	mkdir -p "$build/found/$name"
	if "$build/tests/fuzz/fuzz_$name" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=4096 \
		-artifact_prefix="$build/found/$name-" "$build/found/$name" "$here/corpus/$name" > "$log" 2>&1; then
		echo "ok fuzz_$name: $(sed -n 's/^Done \([0-9]*\) runs.*/\1/p' "$log") runs"
	else
		echo "not ok fuzz_$name: $(grep -m 1 -E 'internal error|ERROR|SUMMARY' "$log")"
	fi
}
export -f fuzz
export build seconds here
printf '%s\n' "${names[@]}" | xargs -P "$(nproc)" -I{} bash -c 'fuzz {}'
