#!/usr/bin/env bash
# What becomes of objects that are there, by policy; what the backup does not have; owners; paused controllers; objects that
# are refused for a while.
# shellcheck source=tests/live/harness.sh
. "$(dirname "${BASH_SOURCE[0]}")/harness.sh"

store=$work/store
mkdir "$store"
start_cluster a --bare && a=$started
location="dir:$store"
kubectl() { "$SANDBOX_DIR/bin/kubectl" "--kubeconfig=$a" "$@"; }

# saved NAME OPTION...
saved() {
	local name=$1
	shift
	orlop backup create "$name" --location "$location" --kubeconfig "$a" "$@" > /dev/null 2> "$work/$name.err" ||
		{ cat "$work/$name.err"; fail "no backup $name"; }
}

# restored CODE WORDS NAME BACKUP OPTION...: as ends
restored() {
	local code=$1 words=$2 name=$3 backup=$4
	shift 4
	ends "$code" "$words" orlop restore create "$name" --from-backup "$backup" --location "$location" --kubeconfig "$a" "$@"
}

planned() { # BACKUP OPTION...: rows of a plan as "action kind namespace/name"
	local backup=$1
	shift
	orlop restore plan --from-backup "$backup" --location "$location" --kubeconfig "$a" -o json "$@" > "$work/planned.json" \
		2> "$work/planned.err" || [ $? = 3 ] || { cat "$work/planned.err"; return 1; }
	python3 -c 'import json, sys
for r in json.load(open(sys.argv[1]))["items"]: print(r["action"], r["kind"], r["namespace"] + "/" + r["name"])' \
		"$work/planned.json"
}

namespace() { kubectl create namespace "$1" > /dev/null; }
# shellcheck disable=SC2120
apply() { kubectl apply "$@" -f - > /dev/null; }
value() { kubectl -n "$1" get configmap "$2" -o "jsonpath={.data.$3}"; }


# --- apply, recreate, fail ---

a_conflict_names_field_and_manager() {
	namespace applied
	kubectl -n applied create configmap one --from-literal=a=1 > /dev/null
	saved applied --include-namespaces applied
	kubectl -n applied patch configmap one --field-manager=somebody -p '{"data":{"a":"2"}}' > /dev/null
	restored 3 "somebody|.data.a" applied1 applied --existing-resource-policy apply
	[ "$(value applied one a)" = 2 ]
}

a_field_of_nobody_else_is_applied() {
	namespace applied2
	kubectl -n applied2 create configmap one --from-literal=a=1 --from-literal=b=1 > /dev/null
	saved applied2 --include-namespaces applied2
	kubectl -n applied2 patch configmap one --type json -p '[{"op":"remove","path":"/data/b"}]' > /dev/null
	kubectl -n applied2 patch configmap one -p '{"data":{"c":"3"}}' > /dev/null
	restored 0 "" applied3 applied2 --existing-resource-policy apply
	[ "$(value applied2 one b)" = 1 ] || fail "the missing field was not set"
	[ "$(value applied2 one c)" = 3 ] || fail "a field that is not ours was taken away"
}

what_cannot_be_changed_is_created_again() {
	local before
	namespace anew
	kubectl create -f - > /dev/null <<-'Y'
	{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"locked","namespace":"anew"},"data":{"a":"1"},"immutable":true}
	Y
	saved anew --include-namespaces anew
	kubectl -n anew delete configmap locked > /dev/null
	kubectl create -f - > /dev/null <<-'Y'
	{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"locked","namespace":"anew"},"data":{"a":"2"},"immutable":true}
	Y
	before=$(kubectl -n anew get configmap locked -o 'jsonpath={.metadata.uid}')
	planned anew --existing-resource-policy recreate > "$work/plan"
	grep -qx 'recreate ConfigMap anew/locked' "$work/plan" || fail "the plan does not say so: $(cat "$work/plan")"
	[ "$(value anew locked a)" = 2 ] || fail "planning has changed it"
	restored 0 "" anew1 anew --existing-resource-policy recreate
	[ "$(value anew locked a)" = 1 ]
	[ "$(kubectl -n anew get configmap locked -o 'jsonpath={.metadata.uid}')" != "$before" ]
}

claim() { # NAME CLASS
	apply <<-Y
	{"apiVersion":"v1","kind":"PersistentVolumeClaim","metadata":{"name":"$1","namespace":"claims"},"spec":{
	 "accessModes":["ReadWriteOnce"],"storageClassName":"$2","resources":{"requests":{"storage":"1Gi"}}}}
	Y
}

claims_are_deleted_only_by_name() {
	namespace claims
	claim data fast
	saved claims --include-namespaces claims
	kubectl -n claims delete pvc data --wait=false > /dev/null
	kubectl -n claims patch pvc data --type merge -p '{"metadata":{"finalizers":null}}' > /dev/null 2>&1 || true
	claim data slow
	kubectl -n claims patch pvc data --type merge -p '{"metadata":{"finalizers":null}}' > /dev/null
	restored 3 "yes-really PersistentVolumeClaim/claims/data" claims1 claims --existing-resource-policy recreate
	[ "$(kubectl -n claims get pvc data -o 'jsonpath={.spec.storageClassName}')" = slow ] || fail "it was changed"
	restored 0 "" claims2 claims --existing-resource-policy recreate --yes-really pvc/claims/data
	[ "$(kubectl -n claims get pvc data -o 'jsonpath={.spec.storageClassName}')" = fast ] || fail "it was not created again"
}

finalizers_that_nobody_serves_are_named() {
	namespace held
	kubectl create -f - > /dev/null <<-'Y'
	{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"held","namespace":"held"},"data":{"a":"1"},"immutable":true}
	Y
	saved held --include-namespaces held
	kubectl -n held delete configmap held > /dev/null
	kubectl create -f - > /dev/null <<-'Y'
	{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"held","namespace":"held","finalizers":["orlop.test/keep"]},
	 "data":{"a":"2"},"immutable":true}
	Y
	restored 3 "orlop.test/keep" held1 held --existing-resource-policy recreate
	kubectl -n held patch configmap held --type merge -p '{"metadata":{"finalizers":null}}' > /dev/null
}

who_has_to_go_first_is_waited_for() {
	local uid
	namespace going
	kubectl -n going create configmap one --from-literal=a=1 > /dev/null
	kubectl -n going create configmap stays --from-literal=a=1 > /dev/null
	saved going --include-namespaces going
	for name in one stays; do
		kubectl -n going patch configmap "$name" --type merge -p '{"metadata":{"finalizers":["orlop.test/keep"]}}' > /dev/null
		kubectl -n going delete configmap "$name" --wait=false > /dev/null
	done
	uid=$(kubectl -n going get configmap one -o 'jsonpath={.metadata.uid}')
	planned going > "$work/plan"
	grep -qx 'blocked ConfigMap going/one' "$work/plan" || fail "the plan does not say so: $(cat "$work/plan")"
	(until grep -qs 'are still being deleted' "$work/stderr"; do sleep 0.1; done
		kubectl -n going patch configmap one --type merge -p '{"metadata":{"finalizers":null}}' > /dev/null) &
	: > "$work/stderr"
	restored 3 "configmaps going/stays|is being deleted from the cluster|orlop.test/keep|take them out" going1 going
	wait
	[ "$(kubectl -n going get configmap one -o 'jsonpath={.metadata.uid}')" != "$uid" ] || fail "it is the old one"
	[ "$(value going one a)" = 1 ]
	[ -n "$(kubectl -n going get configmap stays -o 'jsonpath={.metadata.deletionTimestamp}')" ] || fail "it was touched"
	kubectl -n going patch configmap stays --type merge -p '{"metadata":{"finalizers":null}}' > /dev/null
}

# The API server deletes the endpoints of a service that is deleted.
a_service_made_anew_keeps_its_endpoints() {
	local uid
	namespace ends
	apply <<-'Y'
	{"apiVersion":"v1","kind":"Service","metadata":{"name":"db","namespace":"ends"},"spec":{"clusterIP":"None",
	 "ipFamilyPolicy":"SingleStack","ports":[{"port":1}]}}
	{"apiVersion":"v1","kind":"Endpoints","metadata":{"name":"db","namespace":"ends"},"subsets":[{"addresses":[
	 {"ip":"192.0.2.7"}],"ports":[{"port":1}]}]}
	Y
	saved ends --include-namespaces ends
	kubectl -n ends delete service db > /dev/null
	apply <<-'Y'
	{"apiVersion":"v1","kind":"Service","metadata":{"name":"db","namespace":"ends"},"spec":{"ports":[{"port":1}]}}
	{"apiVersion":"v1","kind":"Endpoints","metadata":{"name":"db","namespace":"ends"},"subsets":[{"addresses":[
	 {"ip":"192.0.2.7"}],"ports":[{"port":1}]}]}
	Y
	uid=$(kubectl -n ends get service db -o 'jsonpath={.metadata.uid}')
	restored 0 "" ends1 ends --existing-resource-policy recreate
	[ "$(kubectl -n ends get service db -o 'jsonpath={.metadata.uid}')" != "$uid" ] || fail "it was not made anew"
	[ "$(kubectl -n ends get endpoints db -o 'jsonpath={.subsets[0].addresses[0].ip}')" = 192.0.2.7 ] ||
		fail "its endpoints are gone"
}

# Rights and quota are asked before the API server looks whether an object exists.
what_could_not_be_created_and_is_there_has_not_failed() {
	namespace full
	kubectl -n full create configmap one --from-literal=a=1 > /dev/null
	kubectl -n full create configmap two --from-literal=a=1 > /dev/null
	saved full --include-namespaces full
	kubectl -n full delete configmap two > /dev/null
	apply <<-'Y'
	{"apiVersion":"v1","kind":"ResourceQuota","metadata":{"name":"q","namespace":"full"},"spec":{"hard":{"count/configmaps":"1"}}}
	Y
	kubectl -n full patch resourcequota q --subresource status --type merge -p \
		'{"status":{"hard":{"count/configmaps":"1"},"used":{"count/configmaps":"1"}}}' > /dev/null
	restored 3 "configmaps full/two|exceeded quota" full1 full --include-resources configmaps --ignore all
	grep -q ' 1 failed' "$work/stdout" || fail "$(cat "$work/stdout")"
}

fail_changes_nothing() {
	namespace failing
	kubectl -n failing create configmap one --from-literal=a=1 > /dev/null
	kubectl -n failing create configmap two --from-literal=a=1 > /dev/null
	saved failing --include-namespaces failing
	kubectl -n failing patch configmap one -p '{"data":{"a":"2"}}' > /dev/null
	kubectl -n failing delete configmap two > /dev/null
	restored 3 "exists already and differs" failing1 failing --existing-resource-policy fail
	[ "$(value failing one a)" = 2 ]
	[ "$(value failing two a)" = 1 ]
}

# --- prune ---

what_the_backup_lacks_is_pruned() {
	namespace pruned
	kubectl -n pruned create configmap kept --from-literal=a=1 > /dev/null
	saved pruned --include-namespaces pruned
	kubectl -n pruned create configmap new --from-literal=a=1 > /dev/null
	kubectl -n pruned create secret generic new --from-literal=a=1 > /dev/null
	kubectl -n pruned create serviceaccount new > /dev/null
	kubectl -n pruned create serviceaccount default > /dev/null
	kubectl create namespace not-pruned > /dev/null
	kubectl -n not-pruned create configmap new --from-literal=a=1 > /dev/null
	apply <<-Y
	{"apiVersion":"v1","kind":"PersistentVolumeClaim","metadata":{"name":"new","namespace":"pruned"},"spec":{
	 "accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}}}}
	{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"owned","namespace":"pruned","ownerReferences":[
	 {"apiVersion":"v1","kind":"ConfigMap","name":"kept","uid":"$(kubectl -n pruned get cm kept -o 'jsonpath={.metadata.uid}')"}]}}
	Y
	ends 2 "confirm" orlop restore create pruned0 --from-backup pruned --location "$location" --kubeconfig "$a" --prune
	planned pruned --prune | sed -n 's/^delete //p' | sort > "$work/plan"
	diff "$work/plan" - <<-'X'
	ConfigMap pruned/new
	Secret pruned/new
	ServiceAccount pruned/new
	X
	restored 0 "" pruned1 pruned --prune --include-resources configmaps --confirm
	[ "$(kubectl -n pruned get configmap -o name | sort | xargs)" = "configmap/kept configmap/owned" ]
	kubectl -n pruned get secret new > /dev/null || fail "another type was pruned"
	restored 0 "" pruned2 pruned --prune --confirm
	grep -q '2 deleted' "$work/stdout"
	kubectl -n pruned get pvc new > /dev/null || fail "a claim was pruned"
	kubectl -n pruned get serviceaccount default > /dev/null || fail "the default service account was pruned"
	kubectl -n not-pruned get configmap new > /dev/null || fail "a namespace that the backup does not have was pruned"
	planned pruned --prune > "$work/plan"
	! grep '^delete' "$work/plan" || fail "the plan deletes still"
}

pruning_has_to_be_confirmed_by_name() {
	namespace asked
	kubectl -n asked create configmap kept --from-literal=a=1 > /dev/null
	saved asked --include-namespaces asked
	kubectl -n asked create configmap new --from-literal=a=1 > /dev/null
	typed() { # KEYS NAME
		python3 "$here/typist.py" "$ORLOP" restore create "$2" --from-backup asked --location "$location" --kubeconfig "$a" \
			--prune -- "Type the backup's name" "$1"$'\r' echo
	}
	for wrong in '' y yes Asked asked1 new; do
		typed "$wrong" asked1 > "$work/screen"
		grep -q 'nothing was changed' "$work/screen" || fail "'$wrong': $(cat "$work/screen")"
		kubectl -n asked get configmap new > /dev/null || fail "'$wrong' has deleted it"
	done
	grep -q 'ConfigMap *asked/new\|configmaps.*new' "$work/screen" || fail "it did not say what: $(cat "$work/screen")"
	grep -q '1 objects* that backup' "$work/screen" || fail "it did not say how much: $(cat "$work/screen")"
	typed asked asked2 > "$work/screen"
	[ "$(kubectl -n asked get configmap -o name | xargs)" = configmap/kept ] || fail "$(cat "$work/screen")"
	# There is nothing left to ask for.
	python3 "$here/typist.py" "$ORLOP" restore create asked3 --from-backup asked --location "$location" --kubeconfig "$a" \
		--prune -- "Type the backup's name" x echo > "$work/screen"
	grep -q '0 deleted\|0 failed' "$work/screen" || fail "$(cat "$work/screen")"
}

nothing_is_pruned_after_errors() {
	namespace unpruned
	kubectl -n unpruned create configmap one --from-literal=a=1 > /dev/null
	saved unpruned --include-namespaces unpruned
	kubectl -n unpruned patch configmap one -p '{"data":{"a":"2"}}' > /dev/null
	kubectl -n unpruned create configmap new --from-literal=a=1 > /dev/null
	restored 3 "were not deleted" unpruned1 unpruned --prune --confirm --existing-resource-policy fail
	kubectl -n unpruned get configmap new > /dev/null
}

a_picked_backup_does_not_prune() {
	namespace picked
	kubectl -n picked create configmap one --from-literal=a=1 > /dev/null
	saved picked --include-namespaces picked --include-names one
	restored 2 "picked" picked1 picked --prune --confirm
}

# --- owners ---

owners_are_found_again() {
	local uid
	namespace owners
	kubectl -n owners create configmap owner --from-literal=a=1 > /dev/null
	kubectl -n owners create configmap gone --from-literal=a=1 > /dev/null
	apply <<-Y
	{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"dependant","namespace":"owners","ownerReferences":[
	 {"apiVersion":"v1","kind":"ConfigMap","name":"owner","uid":"$(kubectl -n owners get cm owner -o 'jsonpath={.metadata.uid}')"},
	 {"apiVersion":"v1","kind":"ConfigMap","name":"gone","uid":"$(kubectl -n owners get cm gone -o 'jsonpath={.metadata.uid}')"},
	 {"apiVersion":"v1","kind":"ConfigMap","name":"owner","uid":"11111111-2222-3333-4444-555555555555"}]}}
	Y
	saved owners --include-namespaces owners
	restored 0 "" owners1 owners --namespace-mappings owners:dropped
	[ -z "$(kubectl -n dropped get cm dependant -o 'jsonpath={.metadata.ownerReferences}')" ]
	restored 0 "" owners2 owners --namespace-mappings owners:linked --owner-references relink --exclude-names '^gone$'
	uid=$(kubectl -n linked get cm owner -o 'jsonpath={.metadata.uid}')
	[ "$(kubectl -n linked get cm dependant -o 'jsonpath={.metadata.ownerReferences[*].uid}')" = "$uid" ] ||
		fail "its owners are $(kubectl -n linked get cm dependant -o 'jsonpath={.metadata.ownerReferences}')"
}

# --- controllers ---

workload() { # NAME REPLICAS [NAMESPACE]
	apply <<-Y
	{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"$1","namespace":"${3:-paused}"},"spec":{"replicas":$2,
	 "selector":{"matchLabels":{"app":"$1"}},"template":{"metadata":{"labels":{"app":"$1"}},"spec":{"containers":[
	 {"name":"c","image":"registry.example/c"}]}}}}
	{"apiVersion":"batch/v1","kind":"CronJob","metadata":{"name":"$1","namespace":"${3:-paused}"},"spec":{"schedule":"0 3 * * *",
	 "jobTemplate":{"spec":{"template":{"spec":{"restartPolicy":"Never","containers":[
	 {"name":"c","image":"registry.example/c"}]}}}}}}
	Y
}

controllers_are_paused_and_put_back() {
	namespace paused
	workload one 3
	workload none 0
	saved paused --include-namespaces paused
	ends 0 "" orlop restore create paused1 --from-backup paused --location "$location" --kubeconfig "$a" \
		--namespace-mappings paused:started --pause-controllers
	[ "$(kubectl -n started get deployment one -o 'jsonpath={.spec.replicas}')" = 3 ]
	[ "$(kubectl -n started get deployment none -o 'jsonpath={.spec.replicas}')" = 0 ]
	[ "$(kubectl -n started get cronjob one -o 'jsonpath={.spec.suspend}')" = false ]
	! kubectl -n started get deployment,cronjob -o yaml | grep -q 'orlop.dev/paused' || fail "a mark is left"
	[ "$(kubectl -n started get deployment one -o 'jsonpath={.metadata.generation}')" = 2 ] || fail "it was never paused"
}

what_a_crash_left_paused_is_put_back() {
	kubectl -n started patch deployment one --type merge -p '{"metadata":{"labels":{"orlop.dev/paused":"true"},"annotations":{
		"orlop.dev/paused-replicas":"3"}},"spec":{"replicas":0}}' > /dev/null
	restored 0 "" paused2 paused --namespace-mappings paused:started --pause-controllers
	grep -q '0 differ' "$work/stdout" || fail "a paused controller is told as a difference: $(cat "$work/stdout")"
	[ "$(kubectl -n started get deployment one -o 'jsonpath={.spec.replicas}')" = 3 ]
	[ -z "$(kubectl -n started get deployment one -o 'jsonpath={.metadata.labels.orlop\.dev/paused}')" ]
}

# The policy comes after the deployment: the restore hangs there.
halfway() { # NAME NAMESPACE: process in $pid
	start_api_proxy "$work/stall.$1" "$a" 'stall=1000 POST /apis/networking.k8s.io/v1/namespaces/[^/]*/networkpolicies'
	python3 -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execvp(sys.argv[1], sys.argv[1:])' "$ORLOP" restore create "$1" --from-backup half --location "$location" \
		--kubeconfig "$started" --namespace-mappings "half:$2" --pause-controllers > "$work/stdout" 2> "$work/stderr" &
	pid=$!
	until_true 30 test -s "$work/stall.$1"
	[ "$(kubectl -n "$2" get deployment one -o 'jsonpath={.spec.replicas}')" = 0 ] || fail "it is not paused"
}

put_back() { # NAMESPACE
	[ "$(kubectl -n "$1" get deployment one -o 'jsonpath={.spec.replicas}')" = 3 ] || fail "the deployment is still paused"
	[ "$(kubectl -n "$1" get cronjob one -o 'jsonpath={.spec.suspend}')" = false ] || fail "the cron job is still paused"
	[ -n "$(kubectl -n "$1" get networkpolicy -o name)" ] || fail "the rest was not restored"
	! kubectl -n "$1" get deployment,cronjob -o yaml | grep -q 'orlop.dev/paused' || fail "a mark is left"
}

what_kill_9_left_paused_is_put_back_by_the_next_run() {
	namespace half
	workload one 3 half
	apply <<-'Y'
	{"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","metadata":{"name":"one","namespace":"half"},"spec":{
	 "podSelector":{}}}
	Y
	saved half --include-namespaces half
	halfway killed half-killed
	kill -9 "$pid"
	wait "$pid" || true
	ends 0 "" orlop restore create --resume killed --location "$location" --kubeconfig "$a"
	put_back half-killed
	# A new restore finds them as well.
	halfway killed2 half-killed2
	kill -9 "$pid"
	wait "$pid" || true
	ends 0 "" orlop restore create killed3 --from-backup half --location "$location" --kubeconfig "$a" \
		--namespace-mappings half:half-killed2 --pause-controllers
	put_back half-killed2
}

who_stops_a_restore_is_told_what_stays_paused() {
	local code=0
	halfway stopped half-stopped
	kill -INT "$pid"
	wait "$pid" || code=$?
	cat "$work/stderr"
	[ "$code" != 0 ] || fail "it ended with 0"
	grep -q '2 controllers stay paused' "$work/stderr" || fail "not a word of it"
	grep -q -- '--resume' "$work/stderr" || fail "it does not say how to put them back"
	ends 0 "" orlop restore describe stopped --location "$location"
	grep -q 'controllers stay paused' "$work/stdout" || fail "the record does not tell: $(cat "$work/stdout")"
	ends 0 "" orlop restore create --resume stopped --location "$location" --kubeconfig "$a"
	put_back half-stopped
}

# --- waves ---

a_dead_webhook_is_named_and_asked_little() {
	local from
	namespace hooked
	for i in $(seq 30); do
		printf '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c%d","namespace":"hooked"},"data":{"a":"1"}}\n' "$i"
	done | apply
	saved hooked --include-namespaces hooked
	kubectl create namespace behind > /dev/null
	kubectl label namespace behind hooked=yes > /dev/null
	apply <<-'Y'
	{"apiVersion":"admissionregistration.k8s.io/v1","kind":"ValidatingWebhookConfiguration","metadata":{"name":"dead"},
	 "webhooks":[{"name":"dead.orlop.test","admissionReviewVersions":["v1"],"sideEffects":"None","failurePolicy":"Fail",
	 "clientConfig":{"url":"https://127.0.0.1:9/x"},"timeoutSeconds":2,
	 "namespaceSelector":{"matchLabels":{"hooked":"yes"}},
	 "rules":[{"apiGroups":[""],"apiVersions":["v1"],"operations":["CREATE"],"resources":["configmaps"]}]}]}
	Y
	from=$SECONDS
	restored 3 "dead.orlop.test" hooked1 hooked --namespace-mappings hooked:behind
	[ $((SECONDS - from)) -lt 60 ] || fail "it took $((SECONDS - from)) s"
	grep -q '30 failed\|31 failed' "$work/stdout" || fail "$(cat "$work/stdout")"
}

a_webhook_that_comes_up_is_waited_for() {
	kubectl -n behind delete configmap --all > /dev/null 2>&1 || true
	(sleep 3 && kubectl delete validatingwebhookconfiguration dead > /dev/null) &
	restored 0 "" hooked2 hooked --namespace-mappings hooked:behind
	wait
	[ "$(kubectl -n behind get configmap -o name | grep -c '/c[0-9]')" = 30 ]
}

there() { kubectl -n "$1" get deployment "$2" > /dev/null 2>&1; }

# What a pod of the deployment would do: serve the webhook, bring the definition.
when_there() { # NAMESPACE DEPLOYMENT COMMAND...
	local n=600
	until there "$1" "$2"; do
		n=$((n - 1))
		[ $n -gt 0 ] || return 1
		sleep 0.1
	done
	shift 2
	"$@"
}

what_a_webhook_admits_waits_for_its_workload() {
	local port pem=$work/hook.pem
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=hook \
		-addext subjectAltName=IP:127.0.0.1 -keyout - -out - > "$pem" 2> /dev/null
	port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	namespace backed
	workload hook 1 backed
	kubectl -n backed create configmap one --from-literal=a=1 > /dev/null
	kubectl -n backed create configmap bad --from-literal=a=1 > /dev/null
	apply <<-Y
	{"apiVersion":"admissionregistration.k8s.io/v1","kind":"ValidatingWebhookConfiguration","metadata":{"name":"backed",
	 "labels":{"backed":"yes"}},
	 "webhooks":[{"name":"backed.orlop.test","admissionReviewVersions":["v1"],"sideEffects":"None","failurePolicy":"Fail",
	 "clientConfig":{"url":"https://127.0.0.1:$port/","caBundle":"$(openssl x509 -in "$pem" | base64 -w0)"},"timeoutSeconds":2,
	 "namespaceSelector":{"matchLabels":{"kubernetes.io/metadata.name":"behind-backed"}},
	 "rules":[{"apiGroups":[""],"apiVersions":["v1"],"operations":["CREATE"],"resources":["configmaps"]}]}]}
	Y
	saved backed --include-namespaces backed
	when_there behind-backed hook python3 "$here/admission.py" "$pem" "$port" bad &
	echo $! >> "$work/proxies"
	restored 3 'configmaps behind-backed/bad|admission webhook "backed.orlop.test" denied the request: not on my watch' \
		backed1 backed --namespace-mappings backed:behind-backed
	[ "$(value behind-backed one a)" = 1 ] || fail "what the webhook admits was not restored"
	grep -q ' 1 failed' "$work/stdout" || fail "$(cat "$work/stdout")"
	orlop restore logs backed1 --location "$location" | grep -q 'Trying again' || fail "it was not refused at first"
	kubectl delete validatingwebhookconfiguration backed > /dev/null
}

definition() { # what an operator brings
	apply <<-'Y'
	{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"gadgets.late.example"},
	 "spec":{"group":"late.example","scope":"Namespaced","names":{"kind":"Gadget","plural":"gadgets"},"versions":[
	 {"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object",
	  "x-kubernetes-preserve-unknown-fields":true}}}]}}
	Y
}

what_an_operator_defines_is_restored_later() {
	namespace late
	definition
	until_true 20 kubectl -n late get gadgets.late.example
	workload operator 1 late
	kubectl -n late create -f - > /dev/null <<< '{"apiVersion":"late.example/v1","kind":"Gadget","metadata":{"name":"one"}}'
	saved late --include-namespaces late --include-cluster-resources=false
	kubectl delete crd gadgets.late.example > /dev/null
	when_there later operator definition &
	restored 0 "" late1 late --namespace-mappings late:later
	wait
	kubectl -n later get gadgets.late.example one > /dev/null || fail "it was not restored"
	orlop restore logs late1 --location "$location" | grep -q 'Trying again' || fail "it was not refused at first"
}

for name in a_conflict_names_field_and_manager a_field_of_nobody_else_is_applied what_cannot_be_changed_is_created_again \
	claims_are_deleted_only_by_name finalizers_that_nobody_serves_are_named \
	who_has_to_go_first_is_waited_for a_service_made_anew_keeps_its_endpoints \
	what_could_not_be_created_and_is_there_has_not_failed fail_changes_nothing \
	what_the_backup_lacks_is_pruned pruning_has_to_be_confirmed_by_name nothing_is_pruned_after_errors a_picked_backup_does_not_prune owners_are_found_again \
	controllers_are_paused_and_put_back what_a_crash_left_paused_is_put_back \
	what_kill_9_left_paused_is_put_back_by_the_next_run who_stops_a_restore_is_told_what_stays_paused a_dead_webhook_is_named_and_asked_little \
	a_webhook_that_comes_up_is_waited_for what_a_webhook_admits_waits_for_its_workload \
	what_an_operator_defines_is_restored_later; do
	try "$name"
done
