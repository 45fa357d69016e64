#!/usr/bin/env bash
# Jobs that other processes see: list, watch, cancel; what becomes of them when the terminal goes away or they are killed.
# A proxy holds one request of each job until the case says so.
# shellcheck source=tests/live/harness.sh
. "$(dirname "${BASH_SOURCE[0]}")/harness.sh"

start_cluster a --controllers namespace-controller && a=$started
store=$work/store location="dir:$work/store"
mkdir "$store"
python3 "$here/populate.py" "$a" > /dev/null || { echo "not ok setup: populate.py failed"; exit 1; }

# held NAME: a backup that waits in the middle for $work/go-NAME, in the background with the signals of a terminal's
held() {
	start_api_proxy "$work/hold-$1" "$a" "hold=$work/go-$1 GET /api/v1/configmaps"
	python3 -c 'import os, signal, sys
for s in (signal.SIGINT, signal.SIGHUP): signal.signal(s, signal.SIG_DFL)
os.execvp(sys.argv[1], sys.argv[1:])' "$ORLOP" backup create "$1" --location "$location" --kubeconfig "$started" \
		> "$work/stdout-$1" 2> "$work/stderr-$1" &
	pid=$!
	until_true 20 grep -q . "$work/hold-$1"
}

go_on() { : > "$work/go-$1"; } # NAME

ended_with() { # CODE
	local code=0 watchdog
	(sleep 60 && kill -9 "$pid") > /dev/null 2>&1 &
	watchdog=$!
	wait "$pid" || code=$?
	kill "$watchdog" 2> /dev/null || true
	[ "$code" = "$1" ] || fail "exit status $code instead of $1"
}

state() { # NAME: of its latest job
	orlop job list -o json | python3 -c 'import json, sys
print([j["state"] for j in json.load(sys.stdin)["items"] if j["name"] == sys.argv[1]][-1])' "$1"
}
is() { [ "$(state "$1")" = "$2" ]; } # NAME STATE

nothing_yet() {
	orlop job list > "$work/list" 2>&1
	grep -q 'No jobs yet' "$work/list"
	ends 4 "no job 'b1'|job list" orlop job watch b1
	ends 4 "no job '../x'" orlop job cancel ../x
}

a_running_job_is_seen_and_followed() {
	local watcher second code=0 id
	held b1
	is b1 running
	id=$(orlop job list -o name)
	orlop job watch b1 > "$work/watched" 2>&1 &
	watcher=$!
	orlop job watch "$id" > /dev/null 2>&1 &
	second=$!
	go_on b1
	ended_with 0
	wait $watcher || code=$?
	[ $code = 0 ] || fail "the watcher ended with $code: $(cat "$work/watched")"
	wait $second
	is b1 "done"
	orlop job list -o json | python3 -c 'import json, sys
j = json.load(sys.stdin)["items"][0]
assert j["operation"] == "backup create" and j["done"] > 50 and j["done"] == j["total"] and j["ended"] > j["started"], j'
	# Of what is over it is told at once.
	LIMIT=10 orlop job watch "$id"
	ends 1 "does not run: done|job list" orlop job cancel b1
}

a_job_is_stopped_by_another_process() {
	held b2
	orlop job cancel b2 2> "$work/said"
	grep -q 'asked to stop' "$work/said"
	# It stops while it waits for a server that says nothing.
	ended_with 130
	is b2 canceled
	ends 1 "was stopped" orlop job watch b2
	orlop backup list --location "$location" -o name > "$work/listed"
	! grep -q b2 "$work/listed" || fail "a backup that was stopped is listed"
}

a_killed_job_is_told_as_such() {
	local watcher
	held b3
	orlop job watch b3 > /dev/null 2> "$work/watched" &
	watcher=$!
	kill -9 "$pid"
	wait $watcher && fail "the watcher is content"
	grep -q 'process is gone' "$work/watched"
	ended_with 137
	is b3 interrupted
	ends 1 "does not run: interrupted" orlop job cancel b3
	# The next backup clears up, and is a job of its own.
	orlop backup create b3 --location "$location" --kubeconfig "$a"
	is b3 "done"
}

a_hang_up_stops_nothing() {
	held b4
	kill -HUP "$pid"
	go_on b4
	ended_with 0
	is b4 "done"
	orlop backup verify b4 --location "$location"
}

a_closed_terminal_stops_nothing() {
	start_api_proxy "$work/hold-b5" "$a" "hold=$work/go-b5 GET /api/v1/configmaps"
	# In a terminal that goes away while the backup is under way.
	python3 "$here/hangup.py" "$work/hold-b5" \
		"$ORLOP" backup create b5 --location "$location" --kubeconfig "$started"
	is b5 running
	go_on b5
	until_true 60 is b5 "done"
	orlop backup verify b5 --location "$location"
}

the_ui_is_left_while_a_job_runs() {
	start_api_proxy "$work/hold-b6" "$a" "hold=$work/go-b6 GET /api/v1/configmaps"
	python3 "$here/../ui/detach.py" "$work/hold-b6" b6 --location "$location" --kubeconfig "$started"
	is b6 running
	go_on b6
	until_true 60 is b6 "done"
	orlop backup verify b6 --location "$location"
}

a_reader_dies_with_its_terminal() {
	start_proxy "$work/hold-ls" "$(server_of "$a")" "hold=$work/never GET /"
	python3 -c 'import os, signal, sys
signal.signal(signal.SIGHUP, signal.SIG_DFL)
os.execvp(sys.argv[1], sys.argv[1:])' "$ORLOP" cluster check --kubeconfig <(sed "s|server: \"[^\"]*\"|server: \"$started\"|" "$a") > /dev/null 2>&1 &
	pid=$!
	until_true 20 grep -q . "$work/hold-ls"
	kill -HUP "$pid"
	ended_with 129
}

restores_are_jobs_too() {
	orlop restore create r1 --from-backup b1 --location "$location" --kubeconfig "$a" --include-resources serviceaccounts
	is r1 "done"
	orlop job list -o wide > "$work/list"
	grep -q 'restore create' "$work/list"
	grep -q "$store" "$work/list"
}

a_job_is_private() {
	[ -z "$(find "$HOME/.local/state/orlop" -perm /077)" ] || fail "others may read: $(find "$HOME/.local/state/orlop" -perm /077)"
}

for name in nothing_yet a_running_job_is_seen_and_followed a_job_is_stopped_by_another_process a_killed_job_is_told_as_such \
	a_hang_up_stops_nothing a_closed_terminal_stops_nothing the_ui_is_left_while_a_job_runs a_reader_dies_with_its_terminal restores_are_jobs_too a_job_is_private; do
	try "$name"
done
