#!/usr/bin/env bash
# Edits of what is restored: storage classes, image names, resource modifiers. What a patch makes of an object is what
# kubectl's patch of the same kind makes of it.
# shellcheck source=tests/live/harness.sh
. "$(dirname "${BASH_SOURCE[0]}")/harness.sh"

store=$work/store
mkdir "$store"
start_cluster a --bare && a=$started
start_cluster b --bare && b=$started
on_a=("$SANDBOX_DIR/bin/kubectl" --kubeconfig "$a")
on_b=("$SANDBOX_DIR/bin/kubectl" --kubeconfig "$b")

cat > "$work/crd" <<'YAML'
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  names: {kind: Widget, plural: widgets, singular: widget}
  scope: Namespaced
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
YAML
cat > "$work/objects" <<'YAML'
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: gold}
provisioner: example.com/none
---
{apiVersion: v1, kind: Namespace, metadata: {name: shop}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: side}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: conf-1, namespace: shop, labels: {tier: front}}
data: {color: red, size: "3"}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: conf-2, namespace: shop, labels: {tier: back}}
data: {color: blue, size: "3"}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: conf-1, namespace: side, labels: {tier: front}}
data: {color: red, size: "3"}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data, namespace: shop}
spec: {storageClassName: gold, accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{name: http, port: 80}, {name: admin, port: 81}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: shop}
spec:
  serviceName: db
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: db, image: "docker.io/library/postgres:16"}]}
  volumeClaimTemplates:
  - metadata: {name: data}
    spec: {storageClassName: gold, accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop, labels: {app: web}, annotations: {note: x}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      initContainers: [{name: prepare, image: "quay.io/tools/prepare:1"}]
      containers:
      - name: web
        image: docker.io/library/nginx:1.25
        env: [{name: MODE, value: old}, {name: KEEP, value: "1"}]
        ports: [{containerPort: 80}, {containerPort: 81, name: admin}]
      - name: log
        image: docker.io/library/busybox:1
      tolerations: [{key: a, operator: Exists}]
      volumes: [{name: tmp, emptyDir: {}}, {name: conf, configMap: {name: conf-1}}]
---
apiVersion: example.com/v1
kind: Widget
metadata: {name: big, namespace: shop}
spec: {serial: 9007199254740993, parts: [{id: 1}, {id: 2}], gone: yes}
YAML
"${on_b[@]}" create -f "$work/crd" > /dev/null
"${on_a[@]}" create -f "$work/crd" > /dev/null
"${on_a[@]}" wait --for condition=Established crd/widgets.example.com > /dev/null
until_true 20 "${on_a[@]}" get widgets.example.com # discovery comes a little later
"${on_a[@]}" create -f "$work/objects" > /dev/null || echo "not ok setup: no objects"
"${on_b[@]}" create -f - > /dev/null <<< '{"apiVersion":"storage.k8s.io/v1","kind":"StorageClass","metadata":{"name":"fast"},"provisioner":"example.com/none"}'
orlop backup create all --location "dir:$store" --kubeconfig "$a" > /dev/null 2>&1 || echo "not ok setup: no backup"

# restored CODE NAME OPTION...: the restore NAME ends with this code; namespaces shop and side become NAME and NAME-side
restored() {
	local want=$1 name=$2 maps=shop:$2,side:$2-side code=0
	shift 2
	[[ " $* " != *" --include-namespaces shop "* ]] || maps=shop:$name
	orlop restore create "$name" --from-backup all --namespace-mappings "$maps" \
		--location "dir:$store" --kubeconfig "$b" "$@" > "$work/restored" 2>&1 || code=$?
	cat "$work/restored"
	[ "$code" = "$want" ] || fail "exit status $code instead of $want"
}

# is WANT TYPE/NAME NAMESPACE JSONPATH: what is in the cluster restored to
is() {
	local found
	found=$("${on_b[@]}" -n "$3" get "$2" -o "jsonpath=$4")
	[ "$found" = "$1" ] || fail "$2 in $3: $4 is '$found' instead of '$1'"
}

# finds RESTORE WORDS...: its findings have all these words
finds() {
	local name=$1 word
	shift
	orlop restore describe "$name" --details --location "dir:$store" > "$work/described"
	for word in "$@"; do
		grep -qF -- "$word" "$work/described" || fail "no '$word' in: $(cat "$work/described")"
	done
}

options_change_classes_and_images() {
	restored 0 r1 --storage-class-mappings gold:fast --image-mappings docker.io/library/=mirror:5000/,quay.io=mirror:5001
	is fast pvc/data r1 '{.spec.storageClassName}'
	is fast statefulset/db r1 '{.spec.volumeClaimTemplates[0].spec.storageClassName}'
	is mirror:5000/postgres:16 statefulset/db r1 '{.spec.template.spec.containers[0].image}'
	is 'mirror:5000/nginx:1.25 mirror:5000/busybox:1' deployment/web r1 '{.spec.template.spec.containers[*].image}'
	is mirror:5001/tools/prepare:1 deployment/web r1 '{.spec.template.spec.initContainers[0].image}'
}

velero_config_maps_change_classes_and_images() {
	cat > "$work/classes" <<-'YAML'
	apiVersion: v1
	kind: ConfigMap
	metadata:
	  name: change-storage-class
	  namespace: velero
	  labels: {velero.io/plugin-config: "", velero.io/change-storage-class: RestoreItemAction}
	data:
	  gold: fast
	YAML
	printf 'first: "nginx:1.25,nginx:1.27"\nsecond: "docker.io/,mirror:5000/"\n' > "$work/images"
	restored 0 r2 --change-storage-class "$work/classes" --change-image-name "$work/images"
	is fast pvc/data r2 '{.spec.storageClassName}'
	is 'docker.io/library/nginx:1.27 mirror:5000/library/busybox:1' deployment/web r2 '{.spec.template.spec.containers[*].image}'
}

class_that_is_missing_is_an_error() {
	# Of the whole restore, before anything is written; by Velero's ConfigMap of the objects that ask for it.
	restored 4 r3 --storage-class-mappings gold:platinum
	grep -qF "create it, or map to another one" "$work/restored"
	if "${on_b[@]}" get namespace r3; then fail "something was written"; fi
	printf 'gold: platinum\n' > "$work/classes"
	restored 3 r3 --change-storage-class "$work/classes"
	finds r3 "persistentvolumeclaims 'shop/data'" "'platinum'" "create it, or map to another one"
	[ -z "$("${on_b[@]}" -n r3 get pvc,statefulset -o name)" ] || fail "an object with the missing class was restored"
	is 2 deployment/web r3 '{.spec.replicas}'
}

conditions_choose_by_the_original_namespace() {
	cat > "$work/conditions" <<-'YAML'
	apiVersion: v1
	kind: ConfigMap
	metadata: {name: rules, namespace: velero}
	data:
	  rules.yaml: |
	    version: v1
	    resourceModifierRules:
	    - conditions: {groupResource: configmaps, namespaces: [shop], resourceNameRegex: "^conf-\\d$"}
	      patches: [{operation: add, path: /data/in-shop, value: "true one"}]
	    - conditions: {groupResource: configmaps, namespaces: [r4, r4-side]}
	      patches: [{operation: add, path: /data/never, value: x}]
	    - conditions: {groupResource: configmaps, labelSelector: {matchLabels: {tier: front}}}
	      patches: [{operation: replace, path: /data/color, value: green}]
	    - conditions: {groupResource: configmaps, matches: [{path: /data/color, value: blue}]}
	      patches: [{operation: copy, from: /data/color, path: /data/was}, {operation: remove, path: /data/color}]
	    - conditions: {groupResource: "{configmaps,services}"}
	      patches:
	      - {operation: test, path: /data/size, value: '"4"'}
	      - {operation: add, path: /data/never, value: x}
	YAML
	restored 0 r4 --resource-modifiers "$work/conditions"
	is '{"color":"green","in-shop":"true one","size":"3"}' cm/conf-1 r4 '{.data}'
	is '{"in-shop":"true one","size":"3","was":"blue"}' cm/conf-2 r4 '{.data}'
	is '{"color":"green","size":"3"}' cm/conf-1 r4-side '{.data}'
}

# A patch of each kind, applied by a restore and by kubectl.
as_kubectl_does() { # RESTORE KIND TYPE/NAME GROUPRESOURCE PATCH
	local key=mergePatches type=$2
	case $2 in
	strategic) key=strategicPatches ;;
	json)
		python3 - "$5" > "$work/rules.$1" <<-'PY'
		import json, sys
		ops = [{"operation" if k == "op" else k: json.dumps(v) if k == "value" else v for k, v in op.items()}
		       for op in json.loads(sys.argv[1])]
		print(json.dumps(ops))
		PY
		;;
	esac
	if [ "$type" = json ]; then
		printf 'version: v1\nresourceModifierRules:\n- conditions: {groupResource: %s}\n  patches: %s\n' "$4" \
			"$(cat "$work/rules.$1")" > "$work/rules"
	else
		printf 'version: v1\nresourceModifierRules:\n- conditions: {groupResource: %s}\n  %s:\n  - patchData: |\n%s\n' \
			"$4" "$key" "      ${5//$'\n'/$'\n      '}" > "$work/rules"
	fi
	cat "$work/rules"
	restored 0 "$1" --resource-modifiers "$work/rules" --include-namespaces shop
	"${on_a[@]}" -n shop patch "$3" --type "$type" -p "$5" --dry-run=server -o json > "$work/patched"
	"${on_b[@]}" -n "$1" get "$3" -o json > "$work/modified"
	python3 - "$work/patched" "$work/modified" <<-'PY'
	import json, sys
	a, b = (json.load(open(f)) for f in sys.argv[1:])
	for o in a, b:
	    o["spec"].pop("clusterIP", None), o["spec"].pop("clusterIPs", None)
	    labels = o["metadata"].get("labels", {})
	    o["metadata"]["labels"] = {k: v for k, v in labels.items() if not k.startswith("velero.io/")}
	    notes = o["metadata"].get("annotations", {})
	    notes.pop("kubectl.kubernetes.io/last-applied-configuration", None)
	    o["metadata"]["annotations"] = notes
	for where in ("labels", "annotations"):
	    assert a["metadata"][where] == b["metadata"][where], (where, a["metadata"], b["metadata"])
	assert a["spec"] == b["spec"], "kubectl: %s\nrestore: %s" % (json.dumps(a["spec"]), json.dumps(b["spec"]))
	PY
}

json_patch_is_kubectls() {
	as_kubectl_does r5 json deployment/web deployments.apps '[
		{"op": "test", "path": "/spec/replicas", "value": 2},
		{"op": "replace", "path": "/spec/replicas", "value": 5},
		{"op": "add", "path": "/metadata/annotations/a~1b", "value": "c"},
		{"op": "add", "path": "/spec/template/spec/containers/1", "value": {"name": "new", "image": "i"}},
		{"op": "move", "from": "/spec/template/spec/containers/0/env/0", "path": "/spec/template/spec/containers/0/env/1"},
		{"op": "copy", "from": "/spec/template/spec/tolerations/0", "path": "/spec/template/spec/tolerations/-"},
		{"op": "replace", "path": "/spec/template/spec/tolerations/0/key", "value": "b"},
		{"op": "remove", "path": "/spec/template/spec/volumes/0"}]'
}

merge_patch_is_kubectls() {
	as_kubectl_does r6 merge widget/big widgets.example.com \
		'{"spec":{"serial":9223372036854775807,"parts":[{"id":3}],"gone":null,"new":{"a":{"b":9007199254740995}}},"metadata":{"labels":{"x":"y"}}}'
	is 9223372036854775807 widget/big r6 '{.spec.serial}'
}

# shellcheck disable=SC2016  # the dollars are the patches' own
strategic_patch_is_kubectls() {
	as_kubectl_does r7 strategic deployment/web deployments.apps '{"spec":{"strategy":{"$retainKeys":["type"],"type":"Recreate"},
		"template":{"spec":{"containers":[{"name":"log","$patch":"delete"},{"name":"extra","image":"x"},
		{"name":"web","image":"y","env":[{"name":"MODE","value":"new"},{"name":"MORE","value":"2"}],
		"ports":[{"containerPort":81,"name":"ops"},{"containerPort":82}]}],
		"tolerations":[{"key":"z","operator":"Exists"}],
		"volumes":[{"name":"conf","$retainKeys":["name","emptyDir"],"emptyDir":{}},{"name":"more","emptyDir":{}}]}}}}'
	as_kubectl_does r8 strategic service/web services \
		'{"spec":{"ports":[{"port":90,"name":"new"},{"port":81,"name":"ops"}],"$setElementOrder/ports":[{"port":90},{"port":81},{"port":80}]}}'
}

patch_that_fails_leaves_the_object_as_it_was() {
	cat > "$work/rules" <<-'YAML'
	version: v1
	resourceModifierRules:
	- conditions: {groupResource: configmaps, resourceNameRegex: conf-1}
	  patches: [{operation: add, path: /data/half, value: x}, {operation: remove, path: /data/no/such}]
	- conditions: {groupResource: configmaps, resourceNameRegex: conf-1}
	  patches: [{operation: add, path: /data/other-rule, value: x}]
	- conditions: {groupResource: widgets.example.com}
	  strategicPatches: [{patchData: "spec: {serial: 1}"}]
	YAML
	restored 3 r9 --resource-modifiers "$work/rules"
	finds r9 "rule 1 (line 3) was not applied: operation 2 (remove): '/data/no/such' does not exist" conf-1 \
		"rule 3 (line 7)" "use mergePatches"
	is '{"color":"red","other-rule":"x","size":"3"}' cm/conf-1 r9 '{.data}'
	is 9007199254740993 widget/big r9 '{.spec.serial}'
}

mistakes_are_told_before_anything_is_restored() {
	printf 'version: v1\nresourceModifierRules:\n- conditions: {groupResource: pods}\n  patch: []\n' > "$work/rules"
	ends 2 "--resource-modifiers:4|patch|did you mean 'patches'" orlop restore create r10 --from-backup all \
		--namespace-mappings shop:r10 --location "dir:$store" --kubeconfig "$b" --resource-modifiers "$work/rules"
	printf 'a: nginx\n' > "$work/images"
	ends 2 "--change-image-name:1|old,new" orlop restore create r10 --from-backup all \
		--namespace-mappings shop:r10 --location "dir:$store" --kubeconfig "$b" --change-image-name "$work/images"
	[ -z "$("${on_b[@]}" get namespace r10 --ignore-not-found -o name)" ] || fail "something was restored"
}

try options_change_classes_and_images
try velero_config_maps_change_classes_and_images
try class_that_is_missing_is_an_error
try conditions_choose_by_the_original_namespace
try json_patch_is_kubectls
try merge_patch_is_kubectls
try strategic_patch_is_kubectls
try patch_that_fails_leaves_the_object_as_it_was
try mistakes_are_told_before_anything_is_restored
