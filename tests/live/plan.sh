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

objects() { kubectl get configmaps -A -o json | sha256sum; kubectl get namespaces,services,secrets -A -o name | sort; }

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

# --- saved plans ---

# save NAME OPTION...: a plan in $work/NAME.plan.gz
save() {
	local name=$1 code=0
	shift
	orlop restore plan --from-backup b1 --location "$location" --kubeconfig "$b" "$@" --save "$work/$name.plan.gz" -o json \
		> "$work/$name.json" 2> "$work/$name.err" || code=$?
	case $code in 0 | 3) ;; *) cat "$work/$name.err" >&2; fail "exit status $code" ;; esac
}

# execute NAME OPTION...: restore NAME by that plan
execute() {
	orlop restore create "$1" --plan "$work/$1.plan.gz" --location "$location" --kubeconfig "$b" "${@:2}"
}

# The parts of the backup that are restored into a namespace of their own, where no node port is taken.
part() { echo --include-namespaces rules --namespace-mappings "rules:$1" --exclude-resources services; }

# does NAME: the restore did to each object what its plan says, and to no other
does() {
	python3 - "$work/$1.json" "$store/restores/$1/restore-$1-orlop-outcomes.json.gz" <<-'PY'
	import gzip, json, sys
	words = {"create": "created", "same": "same", "skip": "skipped", "differs": "differs", "blocked": "failed",
	         "update": "updated", "merge": "merged"}
	planned = {(r["resource"], r["namespace"], r["name"]): words[r["action"]] for r in json.load(open(sys.argv[1]))["items"]}
	did = {(r["resource"], r.get("namespace", ""), r["name"]): r["outcome"] for r in map(json.loads, gzip.open(sys.argv[2]))}
	# What has ended long ago is not counted.
	planned = {k: v for k, v in planned.items() if k in did or v != "skipped"}
	assert planned == did, (sorted(set(planned.items()) - set(did.items()))[:5], sorted(set(did.items()) - set(planned.items()))[:5])
	assert len(did) >= 10, did
	PY
}

# refused NAME WORDS: its plan is not executed, and nothing is written
refused() {
	local before
	before=$(objects)
	LIMIT=60 execute "$1" > /dev/null 2> "$work/stderr" && fail "it was executed" || [ $? = 1 ] || fail "$(cat "$work/stderr")"
	[ "$(objects)" = "$before" ] || fail "something was written"
	[ ! -e "$store/restores/$1" ] || fail "there is a record of it"
	grep -q -- "$2" "$work/stderr" || fail "$(cat "$work/stderr")"
	grep -q 'next: .*restore plan --save' "$work/stderr" || fail "no next step: $(cat "$work/stderr")"
}

a_saved_plan_is_executed() {
	save saved $(part saved)
	[ "$(stat -c %a "$work/saved.plan.gz")" = 600 ] || fail "others can read it"
	zcat "$work/saved.plan.gz" | head -n 1 | grep -q '"orlopPlan":1' || fail "it does not say what it is"
	! zcat "$work/saved.plan.gz" | grep -q "$(kubectl -n rules get secrets -o json | python3 -c '
import json, sys
print(max((v for i in json.load(sys.stdin)["items"] for v in i.get("data", {}).values()), key=len))')" || fail "a Secret is in it"
	execute saved > /dev/null 2> "$work/said" || [ $? = 3 ] || fail "$(cat "$work/said")"
	does saved
	kubectl -n saved get configmaps -o name | grep -q . || fail "nothing was restored"
	# The cluster has it now.
	save saved2 $(part saved)
	execute saved2 > /dev/null 2> "$work/said" || [ $? = 3 ] || fail "$(cat "$work/said")"
	does saved2
	execute saved > /dev/null 2> "$work/said" && fail "it was executed twice" || [ $? = 1 ] || fail "$(cat "$work/said")"
	[ "$(grep -c "the plan says 'create', now it is 'same'" "$work/said")" = 10 ] || fail "$(cat "$work/said")"
	grep -q '[0-9] objects have changed' "$work/said" || fail "$(cat "$work/said")"
}

# one KIND NAMESPACE: an object of that kind that was restored there
one() { kubectl -n "$2" get "$1" -l velero.io/restore-name -o name | sed -n 1p; }

what_was_absent_is_there_by_now() {
	local name
	name=$(one configmaps saved)
	save absent $(part absent)
	kubectl create namespace absent > /dev/null
	kubectl -n absent create configmap "${name#*/}" --from-literal=a=b > /dev/null
	refused absent "configmaps absent/${name#*/}: the plan says 'create', now it is 'differs'"
}

what_was_the_same_has_changed() {
	save unchanged $(part saved)
	kubectl -n saved patch "$(one configmaps saved)" -p '{"data":{"changed":"yes"}}' > /dev/null
	refused unchanged "the plan says 'same', now it is 'differs'"
	kubectl -n saved delete "$(one secrets saved)" > /dev/null
	refused unchanged "the plan says 'same', now it is 'create'"
}

what_is_to_be_changed_has_changed() {
	local changed
	changed=$(one configmaps saved)
	save update $(part saved) --existing-resource-policy update
	grep -q '"action":"update"' <(tr -d ' \n' < "$work/update.json") || fail "nothing to update"
	kubectl -n saved patch "$changed" -p '{"data":{"changed":"again"}}' > /dev/null
	refused update "the plan says 'update', and it has changed since"
	save update $(part saved) --existing-resource-policy update
	execute update > /dev/null 2> "$work/said" || [ $? = 3 ] || fail "$(cat "$work/said")"
	does update
	[ -z "$(kubectl -n saved get "$changed" -o 'jsonpath={.data.changed}')" ] || fail "it was not updated"
}

# A status is no content, and what was annotated elsewhere is not of the plan.
what_changes_by_itself_does_not_matter() {
	local pod
	pod=$(one pods saved)
	kubectl -n saved label "$pod" changed=yes > /dev/null
	save status $(part saved) --existing-resource-policy update
	grep -q '"action":"update"' <(tr -d ' \n' < "$work/status.json") || fail "nothing to update"
	kubectl -n saved patch "$pod" --subresource=status -p '{"status":{"message":"hello"}}' > /dev/null
	execute status > /dev/null 2> "$work/said" || [ $? = 3 ] || fail "$(cat "$work/said")"
	does status
	[ -z "$(kubectl -n saved get "$pod" -o 'jsonpath={.metadata.labels.changed}')" ] || fail "it was not updated"
}

# After the cluster was compared and before the object's turn: its creation waits behind those of Secrets.
what_comes_up_while_it_is_executed_is_left_alone() {
	local pid late
	late=$(one configmaps saved)
	save meanwhile $(part meanwhile) --restore-resource-priorities secrets,configmaps
	start_api_proxy "$work/held" "$b" "hold=$work/go POST .*/namespaces/meanwhile/secrets"
	orlop restore create meanwhile --plan "$work/meanwhile.plan.gz" --location "$location" --kubeconfig "$started" \
		> /dev/null 2> "$work/said" &
	pid=$!
	until_true 30 grep -q . "$work/held"
	kubectl -n meanwhile create configmap "${late#*/}" --from-literal=a=b > /dev/null
	: > "$work/go"
	wait "$pid" && fail "it ended well" || [ $? = 3 ] || fail "$(cat "$work/said")"
	grep -q "configmaps meanwhile/${late#*/}: .*the plan says 'create'" "$work/said" || fail "$(cat "$work/said")"
	[ "$(kubectl -n meanwhile get "$late" -o 'jsonpath={.data.a}')" = b ] || fail "it was touched"
}

a_plan_of_another_cluster_or_backup() {
	save other $(part other)
	ends 1 "another cluster|next:" orlop restore create other --plan "$work/other.plan.gz" --location "$location" --kubeconfig "$a"
	cp -r "$store" "$work/second"
	orlop backup delete b1 --location "dir:$work/second" --confirm --kubeconfig "$a" > /dev/null 2>&1
	orlop backup create b1 --location "dir:$work/second" --kubeconfig "$a" > /dev/null 2>&1
	ends 1 "another one than the plan was made of|next:" orlop restore create other --plan "$work/other.plan.gz" \
		--location "dir:$work/second" --kubeconfig "$b"
	! kubectl get namespace other > /dev/null 2>&1 || fail "something was restored"
}

a_plan_that_is_damaged() {
	local size file
	save whole $(part whole)
	size=$(stat -c %s "$work/whole.plan.gz")
	head -c $((size / 2)) "$work/whole.plan.gz" > "$work/cut.plan.gz"
	zcat "$work/whole.plan.gz" | head -n -1 | gzip > "$work/unended.plan.gz"
	zcat "$work/whole.plan.gz" | sed 5d | gzip > "$work/lacking.plan.gz"
	zcat "$work/whole.plan.gz" | sed '5{p}' | gzip > "$work/doubled.plan.gz"
	zcat "$work/whole.plan.gz" | sed '5s/"action":"[a-z]*"/"action":"destroy"/' | gzip > "$work/unknown.plan.gz"
	python3 - "$work/whole.plan.gz" "$work/flipped.plan.gz" <<-'PY'
	import sys
	data = bytearray(open(sys.argv[1], "rb").read())
	data[len(data) // 2] ^= 16
	open(sys.argv[2], "wb").write(data)
	PY
	echo no plan > "$work/text.plan.gz"
	: > "$work/empty.plan.gz"
	for file in cut unended lacking doubled unknown flipped text empty; do
		ends 7 "$file.plan.gz|next: plan again" execute "$file"
	done
	zcat "$work/whole.plan.gz" | sed '1s/"options":{/"options":{"somethingNew":true,/' | gzip > "$work/newer.plan.gz"
	ends 2 "somethingNew|another version" execute newer
	zcat "$work/whole.plan.gz" | sed '1s/"orlopPlan":1/"orlopPlan":2/' | gzip > "$work/newer.plan.gz"
	ends 2 "version 2" execute newer
	ends 4 "gone.plan.gz" execute gone
	! kubectl get namespace whole > /dev/null 2>&1 || fail "something was restored"
}

a_plan_stands_alone() {
	save alone $(part alone)
	ends 2 "--plan" execute alone --from-backup b1
	ends 2 "--plan" execute alone --existing-resource-policy update
	ends 2 "--plan" execute alone --include-namespaces rules
	ends 2 "--plan" execute alone --ignore all
	ends 2 "--dry-run" execute alone --dry-run
	! kubectl get namespace alone > /dev/null 2>&1 || fail "something was restored"
}

a_plan_that_deletes() {
	kubectl -n saved create configmap surplus --from-literal=a=b > /dev/null
	save pruned $(part saved) --prune --include-resources configmaps
	kubectl -n saved create configmap later --from-literal=a=b > /dev/null
	ends 2 "deletes 1 objects|--confirm" execute pruned
	execute pruned --confirm > /dev/null 2> "$work/said" && fail "an object that the plan does not have was overlooked"
	grep -q "configmaps saved/later: the plan does not have it, now it is 'delete'" "$work/said" || fail "$(cat "$work/said")"
	kubectl -n saved delete configmap later > /dev/null
	execute pruned --confirm > /dev/null 2> "$work/said" || fail "$(cat "$work/said")"
	! kubectl -n saved get configmap surplus > /dev/null 2>&1 || fail "it was not deleted"
}

for name in planning_changes_nothing into_an_empty_cluster into_the_cluster_that_has_it_all after_changes \
	with_policy_update into_mapped_namespaces a_narrow_selection what_is_refused_is_blocked the_server_is_asked dry_run_is_the_plan ends_without_a_backup \
	a_saved_plan_is_executed what_was_absent_is_there_by_now what_was_the_same_has_changed what_is_to_be_changed_has_changed \
	what_changes_by_itself_does_not_matter what_comes_up_while_it_is_executed_is_left_alone a_plan_of_another_cluster_or_backup \
	a_plan_that_is_damaged a_plan_stands_alone a_plan_that_deletes; do
	try "$name"
done
