#!/usr/bin/env bash
# Restores that are killed, interrupted or refused are continued, tried again and undone.
# shellcheck source=tests/live/harness.sh
. "$(dirname "${BASH_SOURCE[0]}")/harness.sh"

store=$work/store
mkdir "$store"
start_cluster a --controllers namespace-controller && a=$started
location="dir:$store"
kubectl() { "$SANDBOX_DIR/bin/kubectl" "--kubeconfig=$a" "$@"; }
python3 "$here/resume.py" fill "$a" || { echo "not ok setup: resume.py failed"; exit 1; }
orlop backup create b1 --location "$location" --kubeconfig "$a" -q > /dev/null || { echo "not ok setup: no backup"; exit 1; }

restore() { orlop restore "$@" --location "$location" --kubeconfig "${kubeconfig:-$a}" -q; }
new() { restore create "$1" --from-backup b1 --include-namespaces resume-a --namespace-mappings "resume-a:$1" "${@:2}"; } # NAME
outcomes() { zcat "$store/restores/$1/restore-$1-orlop-outcomes.json.gz"; } # NAME

kills=25
[ "${FAULTS:-}" != long ] || kills=100
kill_9_at_random_moments() { python3 "$here/resume.py" kill "$a" "$location" "$kills" "${SEED:-$RANDOM}"; }

# slowed NAME: a restore whose Secrets are never answered, in the background; $pid
slowed() {
	start_api_proxy "$work/stall.$1" "$a" "stall=0 POST .*/namespaces/$1/secrets"
	python3 -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execvp(sys.argv[1], sys.argv[1:])' "$ORLOP" restore create "$1" --from-backup b1 --include-namespaces resume-a \
		--namespace-mappings "resume-a:$1" --location "$location" --kubeconfig "$started" > /dev/null 2> "$work/said.$1" &
	pid=$!
	until_true 30 grep -q . "$work/stall.$1"
}

complete() { # NAME
	[ "$(kubectl -n "$1" get configmaps,secrets,serviceaccounts -o name | grep -c -- '-0[0-9][0-9]$')" = 180 ] || fail "not all objects are there"
	orlop restore describe "$1" --location "$location" -q > "$work/described"
	grep -q '^Phase: *Completed' "$work/described" || fail "it is not completed"
	[ -z "$(find "$store/restores/$1" -name '*-run-*')" ] || fail "a run file is left"
}

a_name_is_taken_while_it_is_in_progress_and_described_so() {
	slowed busy
	orlop restore list --location "$location" | grep -q 'busy .*InProgress' || fail "it is not listed as in progress"
	ends 1 "exists already" new busy
	ends 1 "still running" restore create --resume busy
	ends 1 "has not ended" restore undo busy --confirm
	kill -9 "$pid"
	wait "$pid" || true
	restore create --resume busy > /dev/null
	complete busy
}

another_machine_continues_with_force() {
	slowed moved
	kill -9 "$pid"
	wait "$pid" || true
	mkdir "$work/elsewhere"
	HOME=$work/elsewhere ends 1 "--force" restore create --resume moved
	HOME=$work/elsewhere restore create --resume moved --force > /dev/null
	complete moved
	[ "$(outcomes moved | grep -c '"outcome":"created"')" -ge 180 ] || fail "what was created before is not known as created"
}

one_of_two_that_continue_does_it() {
	local first second code=0
	slowed twice
	kill -9 "$pid"
	wait "$pid" || true
	start_api_proxy "$work/held" "$a" "hold=$work/go POST .*/namespaces/twice/"
	kubeconfig=$started restore create --resume twice > /dev/null 2> "$work/said.1" & first=$!
	kubeconfig=$started restore create --resume twice > /dev/null 2> "$work/said.2" & second=$!
	wait -n "$first" "$second" || code=$?
	[ "$code" = 1 ] || fail "the one that is too late ends with $code: $(cat "$work"/said.[12])"
	cat "$work"/said.[12] | grep -q 'still running' || fail "it is not told why: $(cat "$work"/said.[12])"
	touch "$work/go"
	if kill -0 "$first" 2> /dev/null; then wait "$first"; else wait "$second"; fi || fail "the other one failed: $(cat "$work"/said.[12])"
	complete twice
}

a_killed_execution_of_a_saved_plan() {
	restore plan --from-backup b1 --include-namespaces resume-a --namespace-mappings resume-a:planned --save "$work/plan.gz" > /dev/null
	start_api_proxy "$work/stall.planned" "$a" "stall=0 POST .*/namespaces/planned/secrets"
	"$ORLOP" restore create planned --plan "$work/plan.gz" --location "$location" --kubeconfig "$started" > /dev/null 2>&1 &
	pid=$!
	until_true 30 grep -q . "$work/stall.planned"
	kill -9 "$pid"
	wait "$pid" || true
	restore create --resume planned > /dev/null
	complete planned
}

ctrl_c_then_resume() {
	local code=0
	slowed stopped
	kill -INT "$pid"
	wait "$pid" || code=$?
	[ "$code" = 130 ] || fail "exit status $code: $(cat "$work/said.stopped")"
	rm -rf "$HOME/.local/state" # the bucket knows
	restore create --resume stopped > /dev/null 2> "$work/resumed"
	complete stopped
	ends 1 "has ended" restore create --resume stopped
}

what_failed_is_tried_again() {
	start_api_proxy "$work/refused" "$a" 'status=403 POST .*/secrets'
	kubeconfig=$started new refused > /dev/null 2>&1 && fail "nothing failed" || [ $? = 3 ]
	orlop restore describe refused --location "$location" > "$work/described"
	grep -q '^  failed *60$' "$work/described" || fail "the failures are not counted"
	grep -q '^  failed secrets refused/secrets-000: ' "$work/described" || fail "a failure is not named"
	grep -q '^    next: ' "$work/described" || fail "no next step"
	restore create again --retry-failed refused > "$work/again"
	grep -q '60 created' "$work/again" || fail "$(cat "$work/again")"
	[ "$(outcomes again | grep -vc '"resource":"namespaces"')" = 60 ] || fail "more than what had failed was restored"
	ends 4 "nothing has failed" restore create --retry-failed again
}

undo_deletes_what_was_created_and_is_unchanged() {
	kubectl create namespace undone > /dev/null
	kubectl -n undone create configmap configmaps-000 --from-literal=i=0 > /dev/null
	new undone > /dev/null
	kubectl -n undone patch configmap configmaps-001 -p '{"data":{"changed":"yes"}}' > /dev/null
	kubectl -n undone delete secret secrets-002 > /dev/null
	kubectl -n undone delete configmap configmaps-003 > /dev/null
	kubectl -n undone create configmap configmaps-003 --from-literal=i=3 > /dev/null
	restore undo undone --dry-run -o json > "$work/undo.json"
	kubectl -n undone get secret secrets-000 > /dev/null || fail "a dry run deleted"
	ends 2 "--confirm" restore undo undone
	restore undo undone --confirm > "$work/undo"
	[ "$(kubectl -n undone get configmaps -o name | grep -v kube-root | sort | tr '\n' ' ')" = \
		"configmap/configmaps-000 configmap/configmaps-001 configmap/configmaps-003 " ] || fail "$(kubectl -n undone get configmaps -o name)"
	[ -z "$(kubectl -n undone get secrets -o name)" ] || fail "secrets are left"
	grep -q 'keep .*configmaps-001 .*changed since' "$work/undo" || fail "the changed one is not told"
	grep -q 'keep .*configmaps-003 .*another object' "$work/undo" || fail "the other one is not told"
	grep -q 'gone .*secrets-002' "$work/undo" || fail "the one that is gone is not told"
	ends 1 "undone already" restore undo undone --confirm
}

undo_asks_at_a_terminal() {
	new asked > /dev/null
	typed() { # KEYS
		python3 "$here/typist.py" "$ORLOP" restore undo asked --location "$location" --kubeconfig "$a" \
			-- "Type the name of the restore" "$1"$'\r' echo > "$work/screen"
	}
	for wrong in '' y yes Asked asked1; do
		typed "$wrong"
		grep -q 'nothing was deleted' "$work/screen" || fail "'$wrong': $(cat "$work/screen")"
	done
	complete asked
	grep -q 'secrets.*secrets-000' "$work/screen" || fail "it did not say what: $(cat "$work/screen")"
	typed asked
	until_true 20 eval '! kubectl get namespace asked'
}

undo_deletes_namespaces_that_hold_nothing_else() {
	new whole > /dev/null
	new shared > /dev/null
	kubectl -n shared create configmap of-the-cluster --from-literal=a=b > /dev/null
	restore undo whole --confirm > /dev/null
	until_true 20 eval '! kubectl get namespace whole'
	restore undo shared --confirm > "$work/undo"
	grep -q 'keep .*namespaces .*shared .*of-the-cluster' "$work/undo" || fail "$(grep keep "$work/undo")"
	kubectl -n shared get configmap of-the-cluster > /dev/null
}

for name in kill_9_at_random_moments a_name_is_taken_while_it_is_in_progress_and_described_so \
	another_machine_continues_with_force one_of_two_that_continue_does_it a_killed_execution_of_a_saved_plan \
	ctrl_c_then_resume what_failed_is_tried_again undo_deletes_what_was_created_and_is_unchanged undo_asks_at_a_terminal \
	undo_deletes_namespaces_that_hold_nothing_else; do
	try "$name"
done
