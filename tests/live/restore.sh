#!/usr/bin/env bash
# Restores by the rules of velero-format.md section 4, object by object; who owns fields, statuses, API versions, order;
# objects and namespaces that exist already; and what is told when the cluster refuses an object.
# shellcheck source=tests/live/harness.sh
. "$(dirname "${BASH_SOURCE[0]}")/harness.sh"

store=$work/store
mkdir "$store"
start_cluster a --bare && a=$started
start_cluster b --bare && b=$started
location="dir:$store"
kubectl() { "$SANDBOX_DIR/bin/kubectl" "--kubeconfig=$kubeconfig" "$@"; }
kubeconfig=$b
rules() { python3 "$here/restore_rules.py" "$@"; }
rules fill "$a" > /dev/null || { echo "not ok setup: restore_rules.py failed"; exit 1; }
orlop backup create rules --location "$location" --kubeconfig "$a" > /dev/null 2>&1 ||
	{ echo "not ok setup: no backup"; exit 1; }

# restored CODE WORDS NAME BACKUP OPTION...: as ends, of a restore into cluster b
restored() {
	local code=$1 words=$2 name=$3 backup=$4
	shift 4
	ends "$code" "$words" orlop restore create "$name" --from-backup "$backup" --location "$location" --kubeconfig "$b" "$@"
}

# stored NAME <<< SCRIPT: a backup as other tools write it. SCRIPT calls add(path below resources, object as Python).
stored() {
	mkdir -p "$store/backups/$1"
	python3 /dev/fd/3 "$store/backups/$1" "$1" 3<<-'PY'
	import io, json, sys, tarfile
	folder, name = sys.argv[1:]
	with tarfile.open("%s/%s.tar.gz" % (folder, name), "w:gz") as tar:
	    def add(path, item):
	        data = json.dumps(item, separators=(",", ":")).encode()
	        entry = tarfile.TarInfo("resources/%s.json" % path)
	        entry.size, entry.mode = len(data), 0o755
	        tar.addfile(entry, io.BytesIO(data))
	    def obj(kind, name, namespace=None, api="v1", **more):
	        meta = {"name": name}
	        if namespace:
	            meta["namespace"] = namespace
	        return dict({"apiVersion": api, "kind": kind, "metadata": meta}, **more)
	    exec(sys.stdin.read())
	json.dump({"kind": "Backup", "apiVersion": "velero.io/v1", "metadata": {"name": name, "namespace": "velero"},
	           "spec": {}, "status": {"version": 1, "formatVersion": "1.1.0", "phase": "Completed"}},
	          open(folder + "/velero-backup.json", "w"))
	PY
}

# --- single objects ---

every_row_of_the_rules_holds() {
	restored 0 "" mapped rules --include-namespaces rules --include-cluster-resources=true --namespace-mappings rules:mapped
	rules check "$b"
}

node_ports_are_kept_on_request() {
	kubectl delete namespace mapped --wait=false > /dev/null
	kubectl -n mapped delete service --all > /dev/null
	restored 0 "" ports rules --include-namespaces rules --include-resources services --namespace-mappings rules:ports \
		--preserve-nodeports
	[ "$(kubectl -n ports get service unchosen -o 'jsonpath={.spec.ports[0].nodePort}')" = 30004 ]
	[ "$(kubectl -n ports get service unhealthy -o 'jsonpath={.spec.healthCheckNodePort}')" = 30006 ]
	# The ports are taken now: by whom is said, and nothing else fails.
	restored 3 "chosen|provided port is already allocated|another service has the port" ports2 rules \
		--include-namespaces rules --include-resources services --namespace-mappings rules:ports2
	[ "$(kubectl -n ports2 get service headless -o 'jsonpath={.spec.clusterIP}')" = None ]
}

owners_of_fields_come_back() {
	restored 0 "" owners rules --include-namespaces owners
	rules owners "$a" "$b"
}

status_comes_back_with_its_owners_on_request() {
	kubectl -n owners delete deployment --all > /dev/null
	restored 0 "" status rules --include-namespaces owners --restore-status
	rules owners-status "$a" "$b"
	[ "$(kubectl -n owners get deployment counted -o 'jsonpath={.status.replicas}')" = 3 ]
}

status_is_narrowed_by_types() {
	local option want
	while read -r option want; do
		kubectl -n owners delete deployment --all > /dev/null
		restored 0 "" "status-$RANDOM" rules --include-namespaces owners "$option"
		[ "$(kubectl -n owners get deployment counted -o 'jsonpath={.status.replicas}')" = "$want" ] ||
			fail "with $option: $(kubectl -n owners get deployment counted -o 'jsonpath={.status}')"
	done <<-END
		--status-include-resources=deployments 3
		--status-include-resources=pods
		--status-exclude-resources=deploy
		--status-exclude-resources=pods 3
	END
}

# --- what is there already ---

existing() { kubectl -n there get "$@"; }

existing_objects_are_left_alone_or_updated() {
	stored there <<-'PY'
	add("configmaps/namespaces/there/same", obj("ConfigMap", "same", "there", data={"k": "v"}))
	add("configmaps/namespaces/there/other", obj("ConfigMap", "other", "there", data={"k": "v", "n": "1"}))
	add("configmaps/namespaces/there/locked", obj("ConfigMap", "locked", "there", data={"k": "v"}, immutable=True))
	add("serviceaccounts/namespaces/there/account", dict(obj("ServiceAccount", "account", "there",
	    secrets=[{"name": "a"}, {"name": "b"}]), metadata={"name": "account", "namespace": "there",
	    "labels": {"x": "backup", "y": "backup"}}))
	PY
	kubectl create namespace there
	kubectl -n there create configmap same --from-literal=k=v
	kubectl -n there create configmap other --from-literal=k=cluster --from-literal=extra=1
	kubectl -n there apply -f - <<-END
		{apiVersion: v1, kind: ConfigMap, metadata: {name: locked}, data: {k: cluster}, immutable: true}
	END
	kubectl -n there apply -f - <<-END
		{apiVersion: v1, kind: ServiceAccount, metadata: {name: account, labels: {x: cluster}}, secrets: [{name: b}, {name: c}]}
	END
	# A warning is no failure.
	restored 0 "could not restore, ConfigMap:other already exists|--existing-resource-policy update" there1 there
	[ "$(existing configmap other -o 'jsonpath={.data}')" = '{"extra":"1","k":"cluster"}' ]
	[ "$(existing configmap same -o 'jsonpath={.metadata.labels}')" = "" ]
	[ "$(existing serviceaccount account -o 'jsonpath={.secrets[*].name}')" = "b c a" ]
	[ "$(existing serviceaccount account -o 'jsonpath={.metadata.labels.x} {.metadata.labels.y}')" = "cluster backup" ]
	restored 0 "configmaps there/locked|immutable" there2 there --existing-resource-policy update
	[ "$(existing configmap other -o 'jsonpath={.data}')" = '{"k":"v","n":"1"}' ]
	[ "$(existing configmap same -o 'jsonpath={.metadata.labels.velero\.io/restore-name}')" = there2 ]
	[ "$(existing configmap locked -o 'jsonpath={.data.k} {.metadata.labels.velero\.io/restore-name}')" = "cluster there2" ]
	restored 0 "" there3 there --include-resources configmaps --exclude-names locked
	[ "$(existing configmap other -o 'jsonpath={.metadata.labels.velero\.io/restore-name}')" = there2 ]
}

a_released_volume_is_told_and_freed_by_update() {
	stored volume <<-'PY'
	add("persistentvolumes/cluster/kept", obj("PersistentVolume", "kept", spec={"capacity": {"storage": "1Gi"},
	    "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/x", "type": ""}, "volumeMode": "Filesystem",
	    "persistentVolumeReclaimPolicy": "Retain", "claimRef": {"namespace": "there", "name": "data", "uid": "1"}}))
	PY
	restored 0 "" volume1 volume
	kubectl patch pv kept --type merge -p '{"spec":{"claimRef":{"uid":"1-2-3"}}}'
	kubectl patch pv kept --subresource status --type merge -p '{"status":{"phase":"Released"}}'
	restored 0 "persistentvolumes kept|released by a claim|--existing-resource-policy update" volume2 volume
	restored 0 "" volume3 volume --existing-resource-policy update
	[ "$(kubectl get pv kept -o 'jsonpath={.spec.claimRef.name}{.spec.claimRef.uid}')" = data ]
}

# Without a controller a deleted namespace stays, until its finalizer is taken away here.
a_namespace_that_is_going_away_holds_up_nobody_else() {
	local pid code=0
	stored going <<-'PY'
	add("configmaps/namespaces/going/a", obj("ConfigMap", "a", "going"))
	add("configmaps/namespaces/staying/a", obj("ConfigMap", "a", "staying"))
	add("services/namespaces/staying/z", obj("Service", "z", "staying", spec={"ports": [{"port": 1}]}))
	PY
	kubectl create namespace going
	kubectl delete namespace going --wait=false
	"$ORLOP" restore create going --from-backup going --location "$location" --kubeconfig "$b" > "$work/going" 2>&1 &
	pid=$!
	until_true 20 kubectl -n staying get service/z configmap/a
	kubectl get namespace going -o json | sed 's/"kubernetes"//' | kubectl replace --raw /api/v1/namespaces/going/finalize -f - > /dev/null
	wait $pid || code=$?
	cat "$work/going"
	[ "$code" = 0 ]
	grep -qF "'going' is still being deleted" "$work/going" || fail "the wait was not announced"
	kubectl -n going get configmap/a
}

namespaces_are_chosen_by_patterns() {
	stored patterns <<-'PY'
	for ns in ("shop-a", "shop-b", "shop-old", "data-1"):
	    add("configmaps/namespaces/%s/a" % ns, obj("ConfigMap", "a", ns))
	PY
	restored 0 "" patterns patterns --include-namespaces 'shop-?,shop-o*' --exclude-namespaces 'shop-[b-c]'
	kubectl -n shop-a get configmap/a
	kubectl -n shop-old get configmap/a
	if kubectl get namespace shop-b || kubectl get namespace data-1; then fail "a namespace too many"; fi
}

many_namespaces_are_made_at_once() {
	stored many <<-'PY'
	for n in range(300):
	    add("namespaces/cluster/many-%d" % n, obj("Namespace", "many-%d" % n))
	PY
	restored 0 "" many many
	[ "$(kubectl get namespaces -o name | grep -c many-)" = 300 ]
}

# --- versions and order ---

crd() { # GROUP VERSION... : the first one is stored
	local group=$1 list="" version first=true
	shift
	for version in "$@"; do
		list+="{name: $version, served: true, storage: $first, schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, x-kubernetes-preserve-unknown-fields: true}}}}},"
		first=false
	done
	kubectl apply -f - <<-END > /dev/null
		{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: widgets.$group},
		spec: {group: $group, scope: Namespaced, names: {kind: Widget, plural: widgets}, versions: [$list]}}
	END
	kubectl wait --for condition=established "crd/widgets.$group" > /dev/null
	until_true 20 kubectl get "widgets.$group"
}

from_version() { kubectl -n versions get "widgets.$1" "$2" -o 'jsonpath={.spec.from}'; }

other_stored_versions_are_used() {
	stored versions <<-'PY'
	def widget(group, version, name):
	    return obj("Widget", name, "versions", api=group + "/" + version, spec={"from": version})
	for group in ("v1.example", "v2.example", "v3.example"):
	    place = "widgets.%s/%%snamespaces/versions/w" % group
	    add(place % "", widget(group, "v1beta1", "w"))
	    add(place % "v1beta1-preferredversion/", widget(group, "v1beta1", "w"))
	    for version in ("v1", "v2alpha1", "v2"):
	        add(place % (version + "/"), widget(group, version, "w"))
	# No unversioned copy at all: what a cluster stored whose preferred version was another one.
	add("widgets.v1.example/v1/namespaces/versions/alone", widget("v1.example", "v1", "alone"))
	PY
	crd v1.example v1beta1 v1                # the unversioned copy is served
	crd v2.example v2alpha1 v1               # it is not: the preferred one of those that are
	crd v3.example v3                        # none is
	restored 3 "widgets.v3.example|v1beta1, |serves it as v3|--any-version" versions1 versions
	[ "$(from_version v1.example w)" = v1beta1 ]
	[ "$(from_version v2.example w)" = v1 ]
	[ "$(from_version v1.example alone)" = v1 ]
	restored 0 "" versions2 versions --any-version --include-resources widgets.v3.example
	[ "$(from_version v3.example w)" = v1beta1 ]
	kubectl -n versions delete widgets.v1.example w > /dev/null
	restored 0 "" versions3 versions --include-resources widgets.v1.example --version-priorities widgets.v1.example=v2,v1
	[ "$(from_version v1.example w)" = v1 ]
	ends 2 "--version-priorities" orlop restore create bad --from-backup versions --location "$location" --kubeconfig "$b" \
		--version-priorities widgets
}

order_is_changed_by_priorities() {
	restored 0 "" ordered rules --include-namespaces rules --namespace-mappings rules:ordered \
		--restore-resource-priorities svc,cm,-,deploy,secrets --exclude-names 'chosen|applied|health|claim'
	orlop restore logs ordered --location "$location" | sed -n 's/.*msg="Restored [0-9]* \([a-z.0-9]*\)".*/\1/p' > "$work/order"
	sed '/\.k8s\.io$/d' "$work/order" | tr '\n' ' ' | grep -qx \
		'namespaces services configmaps jobs.batch pods serviceaccounts deployments.apps secrets ' || fail "$(tr '\n' ' ' < "$work/order")"
}

# --- what the cluster refuses ---

quota() {
	kubectl create namespace quota
	kubectl -n quota create quota few --hard=configmaps=0
	kubectl -n quota patch quota few --subresource status --type merge -p '{"status":{"hard":{"configmaps":"0"},"used":{"configmaps":"0"}}}'
	stored quota <<< 'add("configmaps/namespaces/quota/a", obj("ConfigMap", "a", "quota"))'
	restored 1 "quota-exceeded|quota of configmaps is 0|--ignore" quota quota
	[ -z "$(kubectl -n quota get configmaps -o name)" ] || fail "it was begun"
	restored 3 "configmaps quota/a|exceeded quota|raise the quota" quota quota --ignore quota-exceeded
}

webhook() { # NAME URL CA
	kubectl apply -f - <<-END
		apiVersion: admissionregistration.k8s.io/v1
		kind: ValidatingWebhookConfiguration
		metadata: {name: $1}
		webhooks:
		- name: $1.example.com
		  clientConfig: {url: "$2", caBundle: "$3"}
		  rules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [configmaps]}]
		  namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: $1}}
		  sideEffects: None
		  admissionReviewVersions: [v1]
		  timeoutSeconds: 2
	END
}

a_webhook_that_denies() {
	local pem=$work/hook.pem port
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=hook \
		-addext subjectAltName=IP:127.0.0.1 -keyout - -out - > "$pem" 2> /dev/null
	python3 - "$pem" "$work/hook.port" 3>&- <<-'PY' &
	import http.server, json, ssl, sys
	class Hook(http.server.BaseHTTPRequestHandler):
	    def do_POST(self):
	        review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
	        answer = {"uid": review["request"]["uid"], "allowed": False, "status": {"message": "not on my watch"}}
	        data = json.dumps(dict(review, response=answer)).encode()
	        self.send_response(200)
	        self.send_header("Content-Type", "application/json")
	        self.send_header("Content-Length", str(len(data)))
	        self.end_headers()
	        self.wfile.write(data)
	    def log_message(self, *args): pass
	server = http.server.HTTPServer(("127.0.0.1", 0), Hook)
	tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
	tls.load_cert_chain(sys.argv[1])
	server.socket = tls.wrap_socket(server.socket, server_side=True)
	with open(sys.argv[2], "w") as file: file.write(str(server.server_port))
	server.serve_forever()
	PY
	echo $! >> "$work/proxies"
	until_true 10 test -s "$work/hook.port"
	port=$(cat "$work/hook.port")
	webhook denied "https://127.0.0.1:$port/" "$(openssl x509 -in "$pem" | base64 -w0)"
	kubectl create namespace denied
	until_true 20 not kubectl -n denied create configmap probe
	stored denied <<< 'add("configmaps/namespaces/denied/a", obj("ConfigMap", "a", "denied"))'
	restored 3 'configmaps denied/a|admission webhook "denied.example.com" denied the request: not on my watch|--resource-modifiers' \
		denied denied
	kubectl delete validatingwebhookconfiguration denied
}

not() { ! "$@"; }

a_webhook_that_does_not_answer() {
	webhook dead https://127.0.0.1:1/ ""
	kubectl create namespace dead
	until_true 20 not kubectl -n dead create configmap probe
	stored dead <<< 'add("configmaps/namespaces/dead/a", obj("ConfigMap", "a", "dead"))'
	restored 3 'configmaps dead/a|failed calling webhook "dead.example.com"|delete its configuration' dead dead
	kubectl delete validatingwebhookconfiguration dead
}

an_invalid_object() {
	stored invalid <<< 'add("services/namespaces/invalid/a", obj("Service", "a", "invalid", spec={"ports": [{"port": 99999}]}))'
	restored 3 "services invalid/a|spec.ports|99999|--resource-modifiers" invalid invalid
}

a_type_without_definition() {
	stored undefined <<< 'add("gadgets.example.com/namespaces/undefined/a", obj("Gadget", "a", "undefined", api="example.com/v1"))'
	restored 3 "gadgets.example.com undefined/a|the cluster has no such type|restore the definition" undefined undefined
}

missing_rights() {
	local token
	kubectl create namespace limited
	kubectl -n limited create serviceaccount user
	kubectl create clusterrole limited --verb=get,list --resource=namespaces
	kubectl create clusterrolebinding limited --clusterrole=limited --serviceaccount=limited:user
	token=$(kubectl -n limited create token user)
	sed "s/token: [0-9a-f]*/token: $token/" "$b" > "$work/limited"
	stored limited <<< 'add("configmaps/namespaces/limited/a", obj("ConfigMap", "a", "limited"))'
	ends 6 'access-denied|may not create configmaps' orlop restore create limited --from-backup limited \
		--location "$location" --kubeconfig "$work/limited"
	ends 3 'configmaps limited/a|cannot create resource "configmaps"|cluster check' orlop restore create limited --from-backup limited \
		--location "$location" --kubeconfig "$work/limited" --ignore access-denied
}

what_is_needed_and_nowhere_is_told() {
	stored needs <<-'PY'
	def pod(name, claim, priority):
	    return obj("Pod", name, "needs", spec={"containers": [{"name": "c", "image": "i"}], "priorityClassName": priority,
	        "volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": claim}}]})
	add("pods/namespaces/needs/p", pod("p", "lost", "system-node-critical"))
	add("pods/namespaces/needs/q", pod("q", "there", "system-node-critical"))
	PY
	kubectl create namespace needs
	kubectl -n needs apply -f - <<-END
		{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: there}, spec: {accessModes: [ReadWriteOnce],
		resources: {requests: {storage: 1Gi}}}}
	END
	restored 0 "persistentvolumeclaims needs/lost|neither the backup nor the cluster has it" needs needs
	if grep -q 'needs/there\|priorityclass' "$work/stderr"; then fail "what the cluster has was missed"; fi
}

the_record_tells_the_options() {
	restored 0 "" recorded2 rules --include-namespaces owners --or-selector 'a=b or !c' --status-include-resources pods \
		--any-version --restore-resource-priorities 'pods,-,secrets'
	python3 - "$store/restores/recorded2/restore-recorded2-orlop.json" <<-'PY'
	import json, sys
	record = json.load(open(sys.argv[1]))
	spec, notes = record["spec"], record["metadata"]["annotations"]
	assert spec["orLabelSelectors"][0] == {"matchLabels": {"a": "b"}}, spec
	assert len(spec["orLabelSelectors"]) == 2, spec
	assert spec["restoreStatus"] == {"includedResources": ["pods"]}, spec
	assert notes["orlop.dev/any-version"] == "true", notes
	assert notes["orlop.dev/restore-resource-priorities"] == "pods,-,secrets", notes
	PY
}

try every_row_of_the_rules_holds
try owners_of_fields_come_back
try status_comes_back_with_its_owners_on_request
try status_is_narrowed_by_types
try node_ports_are_kept_on_request
try existing_objects_are_left_alone_or_updated
try a_released_volume_is_told_and_freed_by_update
try a_namespace_that_is_going_away_holds_up_nobody_else
try namespaces_are_chosen_by_patterns
try many_namespaces_are_made_at_once
try other_stored_versions_are_used
try order_is_changed_by_priorities
try quota_exceeded quota
try a_webhook_that_denies
try a_webhook_that_does_not_answer
try an_invalid_object
try a_type_without_definition
try missing_rights
try what_is_needed_and_nowhere_is_told
try the_record_tells_the_options
