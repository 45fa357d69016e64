#!/usr/bin/env bash
# Two versions of Kubernetes: what was backed up on either is restored on the other, and what the older one drops is told.
# shellcheck source=tests/live/harness.sh
. "$(dirname "${BASH_SOURCE[0]}")/harness.sh"

store=dir:$work/store
mkdir "$work/store"
start_cluster older --previous && older=$started
start_cluster newer --bare && newer=$started
kubectl() { "$SANDBOX_DIR/bin/kubectl" "--kubeconfig=$1" "${@:2}"; } # KUBECONFIG ARGUMENT...

# What the API servers make for themselves differs between versions.
of_users() { grep -v -e '"name": "system:' -e '"namespace": "kube-' "$1" > "$1.users"; }

the_versions_differ() {
	kubectl "$older" version -o json > "$work/version"
	kubectl "$newer" version -o json >> "$work/version"
	[ "$(grep -A9 serverVersion "$work/version" | grep -o '"minor": "[0-9]*"' | sort -u | wc -l)" = 2 ] ||
		fail "both are of one version"
}

restored_on_a_newer_one() {
	python3 "$here/populate.py" "$older"
	snapshot "$older" "$work/before"
	orlop backup create older --location "$store" --kubeconfig "$older"
	ends 0 "" orlop restore create up --from-backup older --location "$store" --kubeconfig "$newer"
	if grep -q version-skew "$work/stderr"; then fail "one version newer needs no warning"; fi
	snapshot "$newer" "$work/after"
	of_users "$work/before"
	of_users "$work/after"
	same "$work/before.users" "$work/after.users"
}

restored_on_an_older_one() {
	orlop backup create newer --location "$store" --kubeconfig "$newer"
	HOME=$real_home "$sandbox" down "live-$$-older"
	HOME=$real_home "$sandbox" up "live-$$-older" --previous
	ends 0 "version-skew|older" orlop restore create down --from-backup newer --location "$store" --kubeconfig "$older"
	snapshot "$older" "$work/back"
	of_users "$work/back"
	same "$work/after.users" "$work/back.users"
}

a_field_that_is_dropped_is_found() {
	kubectl "$newer" create namespace skew
	kubectl "$newer" apply -f - <<-'POD'
	apiVersion: v1
	kind: Pod
	metadata: {name: renamed, namespace: skew}
	spec:
	  hostnameOverride: db-0.example
	  containers: [{name: a, image: b}]
	POD
	[ -n "$(kubectl "$newer" get pod -n skew renamed -o 'jsonpath={.spec.hostnameOverride}')" ] ||
		fail "the newer one drops it, too"
	orlop backup create skew --include-namespaces skew --location "$store" --kubeconfig "$newer"
	# Where a namespace is not there yet, the server cannot be asked.
	kubectl "$newer" create namespace again
	kubectl "$older" create namespace skew
	orlop restore plan --from-backup skew --location "$store" --kubeconfig "$newer" --namespace-mappings skew:again --server > "$work/plan"
	if grep drops "$work/plan"; then fail "this one drops nothing"; fi
	orlop restore plan --from-backup skew --location "$store" --kubeconfig "$older" --server > "$work/plan"
	grep -q 'create *pods .*drops spec.hostnameOverride' "$work/plan" || fail "$(cat "$work/plan")"
	ends 0 "version-skew|restore plan --server" orlop restore create skew --from-backup skew --location "$store" --kubeconfig "$older"
	orlop restore plan --from-backup skew --location "$store" --kubeconfig "$older" -o json > "$work/plan"
	python3 - "$work/plan" <<-'PY'
	import json, sys
	rows = {row["resource"]: row for row in json.load(open(sys.argv[1]))["items"]}
	assert rows["pods"]["action"] == "differs" and "hostnameOverride" in json.dumps(rows["pods"]), rows["pods"]
	PY
}

try the_versions_differ
try restored_on_a_newer_one
try restored_on_an_older_one
try a_field_that_is_dropped_is_found
