#!/usr/bin/env bash
# Kills, interrupts and cuts off backups and restores: no backup is half visible, the next run cleans up, and what
# can be retried is retried. The faults are a proxy's in front of the real API server and the real MinIO.
# shellcheck source=tests/live/harness.sh
. "$(dirname "${BASH_SOURCE[0]}")/harness.sh"

start_cluster a --controllers namespace-controller && a=$started
start_cluster b --controllers namespace-controller && b=$started
start_minio backups && minio=$started
export AWS_ACCESS_KEY_ID=$MINIO_USER AWS_SECRET_ACCESS_KEY=$MINIO_PASSWORD
python3 "$here/populate.py" "$a" > /dev/null || { echo "not ok setup: populate.py failed"; exit 1; }

bucket() { echo "s3://backups/$1?region=us-east-1&s3Url=$2&s3ForcePathStyle=true"; } # PREFIX URL

# background COMMAND...: with job control of its own, because bash lets background commands ignore SIGINT
background() {
	python3 -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execvp(sys.argv[1], sys.argv[1:])' "$@" > "$work/stdout" 2> "$work/stderr" &
	pid=$!
}

ended_with() { # CODE
	local code=0 watchdog
	(sleep 30 && kill -9 "$pid") > /dev/null 2>&1 &
	watchdog=$!
	wait "$pid" || code=$?
	kill "$watchdog" 2> /dev/null || true
	cat "$work/stderr"
	[ "$code" = "$1" ] || fail "exit status $code instead of $1"
}

met() { grep -q . "$1"; }

files_below() { find "$1" -type f -o -type l; }

# A list that never ends keeps a backup busy for as long as the test needs.
stalled_backup_to() { # LOCATION
	start_api_proxy "$work/stall" "$a" 'stall=1000 GET /api/v1/configmaps'
	background "$ORLOP" backup create killed --location "$1" --kubeconfig "$started"
	until_true 20 met "$work/stall"
}

kill_9_leaves_no_backup_in_dir_and_the_next_run_cleans_up() {
	local store=$work/killed
	mkdir "$store"
	stalled_backup_to "dir:$store"
	kill -9 "$pid"
	ended_with 137
	[ -z "$(find "$store" -name velero-backup.json)" ] || fail "the killed backup is visible"
	orlop backup list --location "dir:$store" -o name > "$work/listed"
	if grep -q killed "$work/listed"; then fail "the killed backup is listed"; fi
	orlop backup create killed --location "dir:$store" --kubeconfig "$a" 2>&1 | tee "$work/next"
	grep -qiE 'unfinished|left|interrupted|incomplete' "$work/next" || fail "the next run did not say what it found"
	orlop backup verify killed --location "dir:$store"
	[ -z "$(find "$store" -name '*.tmp*' -o -name '*.part*' -o -name '.*' -type f)" ] || fail "left: $(files_below "$store")"
}

kill_9_leaves_no_backup_in_s3_and_the_next_run_cleans_up() {
	start_proxy "$work/stall" "$minio" 'stallup=10 (PUT|POST) .*velero-backup.json'
	background "$ORLOP" backup create killed --location "$(bucket killed "$started")" --kubeconfig "$a"
	until_true 30 met "$work/stall"
	kill -9 "$pid"
	ended_with 137
	s3 "$minio" list backups killed/ > "$work/listed"
	cat "$work/listed"
	if grep -q velero-backup.json "$work/listed"; then fail "the killed backup is visible"; fi
	grep -q tar.gz "$work/listed" || fail "the tarball should have been complete by then"
	orlop backup list --location "$(bucket killed "$minio")" -o name > "$work/listed"
	if grep -q killed "$work/listed"; then fail "it is listed"; fi
	orlop backup create killed --location "$(bucket killed "$minio")" --kubeconfig "$a" 2>&1 | tee "$work/next"
	grep -qiE 'unfinished|left|interrupted|incomplete' "$work/next" || fail "the next run did not say what it found"
	orlop backup verify killed --location "$(bucket killed "$minio")"
	[ -z "$(s3 "$minio" uploads backups)" ] || fail "unfinished uploads are left"
}

ctrl_c_ends_a_backup_to_dir_and_leaves_nothing() {
	local store=$work/interrupted
	mkdir "$store"
	stalled_backup_to "dir:$store"
	kill -INT "$pid"
	ended_with 130
	[ -z "$(files_below "$store")" ] || fail "left: $(files_below "$store")"
}

ctrl_c_ends_a_backup_to_s3_and_leaves_nothing() {
	stalled_backup_to "$(bucket interrupted "$minio")"
	kill -INT "$pid"
	ended_with 130
	[ -z "$(s3 "$minio" list backups interrupted/)" ] || fail "left: $(s3 "$minio" list backups interrupted/)"
	[ -z "$(s3 "$minio" uploads backups)" ] || fail "unfinished uploads are left"
}

ctrl_c_twice_ends_at_once() {
	local store=$work/twice
	mkdir "$store"
	stalled_backup_to "dir:$store"
	kill -INT "$pid"
	sleep 0.2
	kill -INT "$pid" 2> /dev/null || true # one may have been enough
	ended_with 130
	[ -z "$(find "$store" -name velero-backup.json)" ] || fail "a half backup is visible"
}

ctrl_c_ends_a_restore_and_a_second_one_completes_it() {
	orlop backup create b1 --location "$(bucket restore "$minio")" --kubeconfig "$a"
	snapshot "$a" "$work/before"
	start_api_proxy "$work/stall" "$b" 'stall=0 POST .*/configmaps'
	background "$ORLOP" restore create r1 --from-backup b1 --location "$(bucket restore "$minio")" --kubeconfig "$started"
	until_true 60 met "$work/stall"
	kill -INT "$pid"
	ended_with 130
	orlop restore create r2 --from-backup b1 --location "$(bucket restore "$minio")" --kubeconfig "$b"
	snapshot "$b" "$work/after"
	same "$work/before" "$work/after"
}

backup_survives_a_store_that_is_busy() {
	start_proxy "$work/busy" "$minio" 'status=503@3 .'
	orlop backup create busy --location "$(bucket busy "$started")" --kubeconfig "$a"
	met "$work/busy" || fail "the proxy broke nothing"
	orlop backup verify busy --location "$(bucket busy "$minio")"
}

backup_survives_a_store_that_hangs_up() {
	start_proxy "$work/cut" "$minio" 'cutup=1@4 PUT .*' 'cut=3@4 GET .*'
	orlop backup create cut --location "$(bucket cut "$started")" --kubeconfig "$a"
	met "$work/cut" || fail "the proxy broke nothing"
	orlop backup verify cut --location "$(bucket cut "$minio")"
}

backup_survives_a_busy_api_server() {
	start_api_proxy "$work/busy" "$a" 'status=429@5 GET '
	orlop backup create flaky --location "$(bucket flaky "$minio")" --kubeconfig "$started"
	met "$work/busy" || fail "the proxy broke nothing"
}

backup_of_a_server_that_hangs_up_is_no_quiet_success() {
	start_api_proxy "$work/cut" "$a" 'cut=500 GET /api/v1/secrets'
	ends "1|3|6" "secrets" orlop backup create cutoff --location "$(bucket cutoff "$minio")" --kubeconfig "$started"
}

restore_survives_a_busy_api_server() {
	start_api_proxy "$work/busy" "$a" 'status=429@25 POST ' 'status=503@15 GET '
	python3 "$here/populate.py" --delete "$a"
	orlop restore create r3 --from-backup b1 --location "$(bucket restore "$minio")" --kubeconfig "$started"
	met "$work/busy" || fail "the proxy broke nothing"
	snapshot "$a" "$work/after"
	same "$work/before" "$work/after"
}

failed_upload_leaves_nothing_visible() {
	start_proxy "$work/down" "$minio" 'status=500 (PUT|POST) .*tar.gz'
	ends "1|5" "500" orlop backup create down --location "$(bucket down "$started")" --kubeconfig "$a"
	[ -z "$(s3 "$minio" list backups down/)" ] || fail "left: $(s3 "$minio" list backups down/)"
}

two_backups_of_one_name_at_once_make_one() {
	local where one two=0
	where=$(bucket race "$minio")
	background "$ORLOP" backup create race --location "$where" --kubeconfig "$a"
	one=0
	orlop backup create race --location "$where" --kubeconfig "$a" || two=$?
	wait "$pid" || one=$?
	echo "exit codes $one and $two"
	[ "$one" = 0 ] || [ "$two" = 0 ] || fail "both failed"
	orlop backup verify race --location "$where"
}

try kill_9_leaves_no_backup_in_dir_and_the_next_run_cleans_up
try kill_9_leaves_no_backup_in_s3_and_the_next_run_cleans_up
try ctrl_c_ends_a_backup_to_dir_and_leaves_nothing
try ctrl_c_ends_a_backup_to_s3_and_leaves_nothing
try ctrl_c_twice_ends_at_once
try ctrl_c_ends_a_restore_and_a_second_one_completes_it
try backup_survives_a_store_that_is_busy
try backup_survives_a_store_that_hangs_up
try backup_survives_a_busy_api_server
try backup_of_a_server_that_hangs_up_is_no_quiet_success
try restore_survives_a_busy_api_server
try failed_upload_leaves_nothing_visible
try two_backups_of_one_name_at_once_make_one
