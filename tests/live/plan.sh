#!/usr/bin/env bash
# What restore plan says is what the restore then does, object by object, and planning changes nothing.
# shellcheck source=tests/live/harness.sh
. "$(dirname "${BASH_SOURCE[0]}")/harness.sh"

store=$work/store
mkdir "$store"
start_cluster a --bare && a=$started
start_cluster b --bare && b=$started
location="dir:$store"
kubectl() { "$SANDBOX_DIR/bin/kubectl" "--kubeconfig=$b" "$@"; }
python3 "$here/restore_rules.py" fill "$a" > /dev/null || { echo "not ok setup: restore_rules.py failed"; exit 1; }
orlop backup create b1 --location "$location" --kubeconfig "$a" > /dev/null 2>&1 || { echo "not ok setup: no backup"; exit 1; }

# plan NAME OPTION...: its rows as "kind ns/name what" in $work/NAME.plan; restore outcomes are told in the same words.
plan() {
	local name=$1 code=0
	shift
	orlop restore plan --from-backup b1 --location "$location" --kubeconfig "$b" "$@" -o json > "$work/$name.json" \
		2> "$work/$name.err" || code=$?
	case $code in 0 | 3) ;; *) cat "$work/$name.err" >&2; fail "exit status $code" ;; esac
	python3 - "$work/$name.json" > "$work/$name.plan" <<-'PY'
	import json, sys
	words = {"create": "created", "same": "skipped", "skip": "skipped", "differs": "failed", "blocked": "failed",
	         "update": "updated", "merge": "updated"}
	for row in json.load(open(sys.argv[1]))["items"]:
	    place = "/".join(filter(None, (row["namespace"], row["name"])))
	    print(row["kind"], place, words[row["action"]])
	PY
	sort -o "$work/$name.plan" "$work/$name.plan"
}

# done_by NAME OPTION...: the same of a restore with these options
done_by() {
	local name=$1 code=0
	shift
	orlop restore create "$name" --from-backup b1 --location "$location" --kubeconfig "$b" "$@" > /dev/null \
		2> "$work/$name.err" || code=$?
	case $code in 0 | 3) ;; *) cat "$work/$name.err" >&2; fail "exit status $code" ;; esac
	python3 - "$store/restores/$name/restore-$name-resource-list.json.gz" > "$work/$name.done" <<-'PY'
	import gzip, json, re, sys
	for kind, places in json.load(gzip.open(sys.argv[1])).items():
	    for place in places:
	        name, what = re.fullmatch(r"(.*)\((\w+)\)", place).groups()
	        print(kind.rpartition("/")[2], name, what)
	PY
	sort -o "$work/$name.done" "$work/$name.done"
}

# foretold NAME OPTION...: the plan is what the restore then does
foretold() {
	plan "$@"
	done_by "$@"
	# What ended long ago is left out of a restore's record.
	diff <(grep -vE '^(Pod|Job) [a-z]*/(completed|failed|succeeded) skipped$' "$work/$1.plan") "$work/$1.done" ||
		fail "the plan of $1 was another one"
	[ -s "$work/$1.plan" ]
}

objects() { kubectl get --raw /api/v1/configmaps | sha256sum; kubectl get namespaces,services,secrets -A -o name | sort; }

planning_changes_nothing() {
	local before
	before=$(objects)
	plan nothing
	[ "$(objects)" = "$before" ] || fail "the cluster has changed"
	[ ! -e "$store/restores" ] || fail "something was stored"
	grep -q ' created' "$work/nothing.plan"
}

into_an_empty_cluster() { foretold empty; }
into_the_cluster_that_has_it_all() { foretold again; }

# first KIND: namespace and name of one that the cluster has as the backup
first() { sed -n "s|^$1 \(rules\)/\([a-z-]*\) skipped$|\1 \2|p" "$work/again.plan" | grep -v default-token | head -n 1; }

after_changes() {
	local ns name gone_ns gone
	kubectl -n kube-public create configmap of-the-cluster --from-literal=a=b > /dev/null
	read -r ns name < <(first ConfigMap)
	read -r gone_ns gone < <(first Secret)
	kubectl -n "$ns" patch configmap "$name" -p '{"data":{"changed":"yes"}}' > /dev/null
	kubectl -n "$gone_ns" delete secret "$gone" > /dev/null
	plan changed
	grep -q "^ConfigMap $ns/$name failed" "$work/changed.plan" || fail "the changed object is not told"
	grep -q "^Secret $gone_ns/$gone created" "$work/changed.plan" || fail "the deleted object is not told"
	! grep -q of-the-cluster "$work/changed.plan" || fail "what the backup does not have is told"
	python3 - "$work/changed.json" "$name" <<-'PY'
	import json, sys
	rows = [r for r in json.load(open(sys.argv[1]))["items"] if r["name"] == sys.argv[2] and r["action"] == "differs"]
	assert len(rows) == 1 and rows[0]["diff"] in ({"data": {"changed": None}}, {"data": None}), rows
	PY
	foretold changed2
}

with_policy_update() {
	plan updated --existing-resource-policy update
	grep -q "^ConfigMap $(first ConfigMap | tr ' ' /) updated$" "$work/updated.plan" || fail "the update is not told"
}

# Node ports that are taken are found out only by trying.
into_mapped_namespaces() {
	foretold mapped --exclude-resources services --include-namespaces rules --namespace-mappings rules:elsewhere
}

a_narrow_selection() { foretold narrow --include-resources configmaps,secrets; }

what_is_refused_is_blocked() {
	plan refused --include-resources pods --kubeconfig "$b"
	orlop restore plan --from-backup b1 --location "$location" --kubeconfig "$b" > "$work/table" 2> "$work/said" || [ $? = 3 ]
	grep -q 'nothing was changed' "$work/said"
}

# A node port that is taken, a quota, a schema: only the server knows.
the_server_is_asked() {
	kubectl create namespace third > /dev/null
	kubectl -n third create quota none --hard=configmaps=0 > /dev/null
	plan asked --server --include-namespaces rules --namespace-mappings rules:third
	grep -q "^Service third/chosen failed" "$work/asked.plan" || fail "the taken node port is not told"
	grep -q "^Secret third/.* created" "$work/asked.plan" || fail "nothing could be created"
	grep -q '"why":.*already allocated' "$work/asked.json" || fail "the reason is not told"
	[ -z "$(kubectl -n third get services,secrets -o name)" ] || fail "something was created"
}

dry_run_is_the_plan() {
	plan same
	orlop restore create --dry-run --from-backup b1 --location "$location" --kubeconfig "$b" -o json > "$work/dry.json"
	diff "$work/same.json" "$work/dry.json"
}

ends_without_a_backup() {
	ends 4 "nothing" orlop restore plan --from-backup nothing --location "$location" --kubeconfig "$b"
}

for name in planning_changes_nothing into_an_empty_cluster into_the_cluster_that_has_it_all after_changes \
	with_policy_update into_mapped_namespaces a_narrow_selection what_is_refused_is_blocked the_server_is_asked dry_run_is_the_plan ends_without_a_backup; do
	try "$name"
done
