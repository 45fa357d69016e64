#!/usr/bin/env bash
# Unbreakable: faults at the requests of backups and restores, SIGKILL at random moments, two writers, backups deleted
# under their readers, failing calls of the C library, a full disk, clocks that jump, an API server that restarts.
# FAULTS=long takes all of them instead of a sample (hours); SEED repeats a sample, which is printed by each part.
# CASES chooses among the last case and the parts: requests, kills, calls.
# shellcheck source=tests/live/harness.sh
. "$(dirname "${BASH_SOURCE[0]}")/harness.sh"

case ${FAULTS:-quick} in
quick) requests=() kills=(--kills 25 --races 20) calls=(--share 4) ;;
long) requests=(--long) kills=(--kills 500 --races 100) calls=(--long) ;;
*) echo "not ok setup: FAULTS is quick or long"; exit 1 ;;
esac
seed=(${SEED:+--seed "$SEED"})

start_cluster a --bare && a=$started
start_minio backups && minio=$started
export AWS_ACCESS_KEY_ID=$MINIO_USER AWS_SECRET_ACCESS_KEY=$MINIO_PASSWORD

# Places are told apart by return addresses: only glibc has what the injector needs.
if ! "${CC:-cc}" -O2 -shared -fPIC -o "$work/inject.so" "$here/../faults/inject.c" -ldl 2> "$work/inject.errors"; then
	echo "skip faults: the injector cannot be built: $(head -n 1 "$work/inject.errors")"
	exit 0
fi

# part NAME PROGRAM ARGUMENT...: its lines are cases of this suite
part() {
	local name=$1
	shift
	# shellcheck disable=SC2053  # CASES is a pattern
	if [ -n "${CASES:-}" ] && [[ $name != $CASES ]]; then return; fi
	mkdir "$work/$name"
	python3 "$@" "${seed[@]}" "$work/$name" "$a" "$minio" $([ "$name" = kills ] || echo "$work/inject.so") ||
		echo "not ok $name: ended with status $?"
}

part requests "$here/faults.py" "${requests[@]}"
part kills "$here/killer.py" "${kills[@]}"
part calls "$here/../faults/inject.py" "${calls[@]}"
