#!/usr/bin/env bash
# Filters of backups, restores and listings on a real API server: which objects each combination of options leaves,
# to the object; what comes along because a stored object needs it; in which order and versions; what is refused.
# shellcheck source=tests/live/harness.sh
. "$(dirname "${BASH_SOURCE[0]}")/harness.sh"

store=$work/store
mkdir "$store"
start_cluster a --bare && a=$started
kubectl=("$SANDBOX_DIR/bin/kubectl" --kubeconfig "$a")

cat > "$work/objects.yaml" <<'YAML'
apiVersion: v1
kind: Namespace
metadata: {name: f-shop, labels: {team: a}}
---
apiVersion: v1
kind: Namespace
metadata: {name: f-data, labels: {team: b}}
---
apiVersion: v1
kind: Namespace
metadata: {name: f-empty}
---
apiVersion: v1
kind: Namespace
metadata: {name: f-off, labels: {velero.io/exclude-from-backup: "true"}}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.f.example.com}
spec:
  group: f.example.com
  scope: Namespaced
  names: {plural: widgets, singular: widget, kind: Widget}
  versions:
  - {name: v1, served: true, storage: false, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}
  - {name: v2, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: gadgets.f.example.com}
spec:
  group: f.example.com
  scope: Namespaced
  names: {plural: gadgets, singular: gadget, kind: Gadget}
  versions:
  - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}
---
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: {name: f-high}
value: 1000
---
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: {name: f-low}
value: 10
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: f-run}
rules: [{apiGroups: [""], resources: [nodes], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: f-read}
rules: [{apiGroups: [""], resources: [nodes], verbs: [list]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: f-run}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: f-run}
subjects: [{kind: User, name: somebody, apiGroup: rbac.authorization.k8s.io}, {kind: ServiceAccount, namespace: f-shop, name: f-runner}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: f-read}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: f-read}
subjects: [{kind: ServiceAccount, namespace: f-data, name: f-reader}]
---
apiVersion: v1
kind: PersistentVolume
metadata: {name: f-volume, labels: {disk: ssd}}
spec:
  capacity: {storage: 1Gi}
  accessModes: [ReadWriteOnce]
  persistentVolumeReclaimPolicy: Retain
  hostPath: {path: /tmp/f}
  claimRef: {namespace: f-shop, name: f-claim}
---
apiVersion: v1
kind: PersistentVolume
metadata: {name: f-spare}
spec:
  capacity: {storage: 1Gi}
  accessModes: [ReadWriteOnce]
  persistentVolumeReclaimPolicy: Retain
  hostPath: {path: /tmp/g}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: f-runner, namespace: f-shop}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: f-reader, namespace: f-data, labels: {app: db}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: f-web, namespace: f-shop, labels: {app: web, tier: front}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: f-db, namespace: f-shop, labels: {app: db}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: f-plain, namespace: f-shop}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: f-skipped, namespace: f-shop, labels: {velero.io/exclude-from-backup: "true", app: web}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: f-web, namespace: f-data, labels: {app: web}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: f-db, namespace: f-data, labels: {app: db, tier: back}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: f-hidden, namespace: f-off, labels: {app: web}}
---
apiVersion: v1
kind: Secret
metadata: {name: f-secret, namespace: f-shop, labels: {app: web}}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: f-claim, namespace: f-shop, labels: {velero.io/restore-name: old, keep: me}}
spec:
  accessModes: [ReadWriteOnce]
  resources: {requests: {storage: 1Gi}}
  storageClassName: fast
  selector: {matchLabels: {disk: ssd}}
  volumeName: f-volume
  dataSource: {apiGroup: snapshot.storage.k8s.io, kind: VolumeSnapshot, name: old}
---
apiVersion: v1
kind: Pod
metadata: {name: f-web, namespace: f-shop, labels: {app: web}}
spec:
  serviceAccountName: f-runner
  automountServiceAccountToken: false
  priorityClassName: f-high
  containers: [{name: c, image: example.com/c, volumeMounts: [{name: data, mountPath: /data}]}]
  volumes: [{name: data, persistentVolumeClaim: {claimName: f-claim}}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: f-web, namespace: f-shop, labels: {app: web}}
spec:
  replicas: 0
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c, image: example.com/c}]}}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: f-scaler, namespace: f-shop}
spec:
  maxReplicas: 3
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: f-web}
YAML
cat > "$work/widget.yaml" <<'YAML'
apiVersion: f.example.com/v2
kind: Widget
metadata: {name: f-widget, namespace: f-shop}
spec: {size: 9007199254740993}
YAML
fill() {
	"${kubectl[@]}" apply -f "$work/objects.yaml"
	until_true 20 "${kubectl[@]}" apply -f "$work/widget.yaml"
	until_true 20 "${kubectl[@]}" get apiservices v1.f.example.com v2.f.example.com
	"${kubectl[@]}" -n f-shop patch pvc f-claim --subresource=status --type=merge -p '{"status":{"phase":"Bound"}}'
}
fill > "$work/filled" 2>&1 || { echo "not ok setup: $(tail -n 1 "$work/filled")"; exit 1; }

cat > "$work/types.yaml" <<'YAML'
version: v1
includeExcludePolicy:
  includedClusterScopedResources: [priorityclasses]
  excludedNamespaceScopedResources: [secrets, deploy]
YAML
cat > "$work/configmap.yaml" <<YAML
apiVersion: v1
kind: ConfigMap
metadata: {name: policies, namespace: velero}
data:
  policies.yaml: |
$(sed 's/^/    /' "$work/types.yaml")
YAML
cat > "$work/volumes.yaml" <<'YAML'
version: v1
volumePolicies:
- conditions: {capacity: "0,100Gi", storageClass: [fast], csi: {driver: a, volumeAttributes: {k: v}}, volumeTypes: [hostPath]}
  action: {type: skip}
- conditions: {nfs: {}, pvcLabels: {tier: db}, pvcPhase: [Bound]}
  action: {type: fs-backup, parameters: {x: y}}
YAML

# shown: what the fixture has of a listing, without "f-" and API groups; and whether there is more of the cluster's own:
# "+outside" outside namespaces, "+inside" in them, "+namespaces".
shown() {
	awk -F/ '
		{ type = $1; sub(/\..*/, "", type) }
		/\/f-|\.f\.example\.com$/ { line = $0; sub(/^[^\/]*/, type, line); gsub(/\/f-/, "/", line); print line; next }
		NF == 3 { more["+inside"] }
		NF == 2 { more[type == "namespaces" ? "+namespaces" : "+outside"] }
		END { for (m in more) print m }' | LC_ALL=C sort
}

# holds LIST COMMAND...: COMMAND lists exactly these objects.
holds() {
	local want=$1
	shift
	"$@" > "$work/listed"
	shown < "$work/listed" > "$work/shown"
	diff <(tr -s '[:space:]' '\n' <<< "$want" | grep . | LC_ALL=C sort) "$work/shown" > "$work/diff" ||
		fail "not what was expected (<), but (>): $(grep '^[<>]' "$work/diff" | tr '\n' ' ')"
}

list() { orlop backup ls "$1" --location "dir:$store" -o name "${@:2}"; }

# Backs up with the options, as the shell reads them, and looks at what is stored.
leaves() { # NAME OPTIONS LIST
	local -a options
	eval "options=($2)"
	orlop backup create "$1" --location "dir:$store" --kubeconfig "$a" "${options[@]}" > "$work/told" 2>&1 ||
		fail "status $?: $(cat "$work/told")"
	holds "$(eval "echo \"$3\"")" list "$1"
	[ -z "${4:-}" ] || grep -qF -- "$4" "$work/told" || fail "not told: $4"
}

# Words of the tables below.
# shellcheck disable=SC2034
{
	widgets='customresourcedefinitions/widgets.f.example.com'
	shop_conf='configmaps/shop/web configmaps/shop/db configmaps/shop/plain'
	shop_rest='secrets/shop/secret serviceaccounts/shop/runner persistentvolumeclaims/shop/claim pods/shop/web
		deployments/shop/web horizontalpodautoscalers/shop/scaler widgets/shop/widget'
	data='configmaps/data/web configmaps/data/db serviceaccounts/data/reader'
	inside="$shop_conf $shop_rest $data"
	outside="$widgets customresourcedefinitions/gadgets.f.example.com priorityclasses/high priorityclasses/low clusterroles/run
		clusterroles/read clusterrolebindings/run clusterrolebindings/read persistentvolumes/volume persistentvolumes/spare
		apiservices/v1.f.example.com apiservices/v2.f.example.com"
	rights='clusterrolebindings/run clusterroles/run'
	shop_needs="$widgets priorityclasses/high persistentvolumes/volume $rights"
	ours='namespaces/shop namespaces/data namespaces/empty'
	all="$inside $outside $ours +inside +outside +namespaces"
	pod_needs='persistentvolumeclaims/shop/claim persistentvolumes/volume priorityclasses/high'
	web='configmaps/shop/web configmaps/data/web secrets/shop/secret pods/shop/web deployments/shop/web'
}
without() { # LIST WORD...
	local text word
	text=" $(tr -s '[:space:]' ' ' <<< "$1") "
	for word in "${@:2}"; do text=${text// $word / }; done
	echo "$text"
}

# name | options | what is stored | what is told
rows=$(cat <<'EOT'
everything | -q | $all
star_is_everything | --include-namespaces '*' --include-resources '*' | $all
one_namespace | --include-namespaces f-shop | $shop_conf $shop_rest $shop_needs namespaces/shop
globs | --include-namespaces 'f-[sd]*' --exclude-namespaces 'f-d?ta' | $shop_conf $shop_rest $shop_needs namespaces/shop
excluded_namespaces | --exclude-namespaces 'f-shop,kube-*,default' | $data namespaces/data namespaces/empty clusterrolebindings/read clusterroles/read
excluded_by_label_though_named | --include-namespaces f-off,f-empty | namespaces/empty
types | --include-resources configmaps,po | $shop_conf configmaps/data/web configmaps/data/db pods/shop/web priorityclasses/high +inside
excluded_types | --exclude-resources secrets,clusterroles,events,widgets.f.example.com | $(without "$all" secrets/shop/secret clusterroles/run clusterroles/read widgets/shop/widget)
excluded_types_stay_out_though_needed | --include-namespaces f-shop --exclude-resources pv,pc,crd,clusterrolebindings | $shop_conf $shop_rest namespaces/shop
no_cluster_scope | --include-cluster-resources=false | $inside +inside
no_cluster_scope_in_a_namespace | --include-cluster-resources=false --include-namespaces f-shop | $shop_conf $shop_rest
all_cluster_scope | --include-cluster-resources --include-namespaces f-shop | $shop_conf $shop_rest $outside namespaces/shop +outside
old_cluster_type_of_all_namespaces | --include-resources persistentvolumes | persistentvolumes/volume persistentvolumes/spare
custom_type_brings_its_definition | --include-resources widgets | widgets/shop/widget $widgets
account_brings_its_rights | --include-resources serviceaccounts | serviceaccounts/shop/runner serviceaccounts/data/reader $rights clusterrolebindings/read clusterroles/read
scoped_inside | --include-namespace-scoped-resources configmaps | $shop_conf configmaps/data/web configmaps/data/db $ours +inside +namespaces
scoped_inside_and_all_outside | --include-namespace-scoped-resources configmaps --include-cluster-scoped-resources '*' | $shop_conf configmaps/data/web configmaps/data/db $outside $ours +inside +outside +namespaces
scoped_excluded_inside | --exclude-namespace-scoped-resources secrets,leases.coordination.k8s.io --include-namespaces f-shop | $(without "$shop_conf $shop_rest" secrets/shop/secret) $shop_needs namespaces/shop
scoped_outside | --include-cluster-scoped-resources priorityclasses --include-namespaces f-shop | $shop_conf $shop_rest $shop_needs priorityclasses/low namespaces/shop +outside
scoped_excluded_outside | --exclude-cluster-scoped-resources clusterroles,namespaces --include-namespaces f-shop | $(without "$shop_conf $shop_rest $shop_needs" clusterroles/run)
scoped_nothing_outside | --exclude-cluster-scoped-resources '*' | $inside +inside
scoped_only_outside | --exclude-namespace-scoped-resources '*' --include-cluster-scoped-resources persistentvolumes | persistentvolumes/volume persistentvolumes/spare $ours +namespaces
scoped_definition_of_nothing | --include-cluster-scoped-resources crd --include-namespaces f-data | $data customresourcedefinitions/gadgets.f.example.com $widgets clusterrolebindings/read clusterroles/read namespaces/data
selector_equals | -l app=web | $web $pod_needs namespaces/shop namespaces/data
selector_double_equals | -l app==web,tier=front | configmaps/shop/web namespaces/shop
selector_not_equals | -l 'app!=web' --include-namespaces f-shop --include-resources configmaps | configmaps/shop/db configmaps/shop/plain
selector_in | -l 'app in (web, db)' --include-resources configmaps,secrets | $(without "$web" pods/shop/web deployments/shop/web) configmaps/shop/db configmaps/data/db
selector_not_in | -l 'app notin (web)' --include-namespaces f-data | configmaps/data/db serviceaccounts/data/reader clusterrolebindings/read clusterroles/read namespaces/data
selector_exists | -l tier | configmaps/shop/web configmaps/data/db namespaces/shop namespaces/data
selector_absent | -l '!app' --include-namespaces f-shop --include-resources configmaps,secrets,sa | configmaps/shop/plain serviceaccounts/shop/runner $rights
selector_of_a_namespace | -l team=b | namespaces/data
selector_keeps_named_namespaces | -l app=web --include-namespaces f-shop,f-empty | $(without "$web" configmaps/data/web) $pod_needs namespaces/shop namespaces/empty
selector_leaves_excluded_needs_out | -l app=web --exclude-resources pvc,pc | $web namespaces/shop namespaces/data
selector_takes_nothing_twice | -l 'disk=ssd' --include-resources pv,pvc | persistentvolumes/volume
selector_on_accounts | -l 'app=db' --include-resources sa | serviceaccounts/data/reader clusterrolebindings/read clusterroles/read
or_selectors | --or-selector 'app=web,tier or app=db' | configmaps/shop/web configmaps/shop/db configmaps/data/db serviceaccounts/data/reader clusterrolebindings/read clusterroles/read namespaces/shop namespaces/data
or_selectors_overlap | --or-selector 'app=web or tier or disk=ssd' | $web configmaps/data/db $pod_needs namespaces/shop namespaces/data
or_selectors_of_namespaces | --or-selector 'team=b or disk=ssd' | namespaces/data persistentvolumes/volume
names | --include-names '^f-(web|spare)$' | configmaps/shop/web configmaps/data/web pods/shop/web deployments/shop/web persistentvolumes/spare $pod_needs namespaces/shop namespaces/data
names_excluded | --exclude-names 'w.b' --include-namespaces f-shop --include-resources cm,po,ns | configmaps/shop/db configmaps/shop/plain namespaces/shop
names_both_and_labels | --include-names '^f-' --exclude-names 'secret' -l app=web --include-resources cm,secrets | configmaps/shop/web configmaps/data/web
names_of_namespaces | --include-names '^f-empty$' | namespaces/empty
names_of_accounts | --include-names '^f-reader$' | serviceaccounts/data/reader clusterrolebindings/read clusterroles/read namespaces/data
policies | --resource-policies "$work/types.yaml" --include-namespaces f-shop | $(without "$shop_conf $shop_rest" secrets/shop/secret deployments/shop/web) $shop_needs priorityclasses/low namespaces/shop +outside
policies_in_a_configmap | --resource-policies "$work/configmap.yaml" --include-namespaces f-shop | $(without "$shop_conf $shop_rest" secrets/shop/secret deployments/shop/web) $shop_needs priorityclasses/low namespaces/shop +outside
options_win_over_policies | --resource-policies "$work/types.yaml" --include-namespaces f-shop --include-namespace-scoped-resources secrets,cm --exclude-cluster-scoped-resources pc | $shop_conf secrets/shop/secret namespaces/shop
volume_policies_are_told | --resource-policies "$work/volumes.yaml" --include-namespaces f-data | $data clusterrolebindings/read clusterroles/read namespaces/data | 2 volume policies have no effect
unknown_type_is_told | --include-resources cm,wigdets --include-namespaces f-data | configmaps/data/web configmaps/data/db | did you mean 'widgets'
dropped_cluster_scope_is_told | --exclude-namespace-scoped-resources leases.coordination.k8s.io | $inside $shop_needs clusterrolebindings/read clusterroles/read $ours +inside +namespaces | --include-cluster-scoped-resources '*' stores them all
EOT
)
each_row() { # COMMAND: calls COMMAND NAME CELL... for the lines on stdin; cells are parted by " | "
	local line cells
	while IFS= read -r line; do
		cells=()
		while [[ $line == *' | '* ]]; do
			cells+=("${line%% | *}")
			line=${line#* | }
		done
		"$1" "${cells[@]}" "$line"
	done
}
backup_row() { try "$1" leaves "${1//_/-}" "${@:2}"; }
each_row backup_row <<< "$rows"

# --- what is refused ---

mistakes=$(cat <<'EOT'
both_styles | do not go together | --include-resources cm --exclude-cluster-scoped-resources pv
both_styles_by_tristate | do not go together | --include-cluster-resources --include-namespace-scoped-resources cm
both_selectors | --selector and --or-selector | -l a=b --or-selector 'c=d or e=f'
bad_selector | --selector 'a in b' | -l 'a in b'
bad_or_selector | --or-selector 'c in d' | --or-selector 'a=b or c in d'
bad_pattern | --include-names|missing closing parenthesis | --include-names 'a('
bad_excluding_pattern | --exclude-names|offset | --exclude-names '*'
wrong_scope | 'pods' are in namespaces|--include-namespace-scoped-resources | --include-cluster-scoped-resources pods
other_wrong_scope | 'pv' are outside namespaces|--exclude-cluster-scoped-resources | --exclude-namespace-scoped-resources pv
included_and_excluded_type | 'configmaps' is both included and excluded | --include-namespace-scoped-resources cm --exclude-namespace-scoped-resources configmaps
included_and_excluded_namespace | namespace 'f-shop' is both | --include-namespaces f-shop --exclude-namespaces f-shop
star_beside_namespaces | must be alone | --include-namespaces 'f-shop,*'
star_excluded | would leave nothing | --exclude-namespaces '*'
star_beside_types | must be alone | --include-cluster-scoped-resources 'pv,*'
bad_glob | f-[ | --include-namespaces 'f-['
order_without_names | --ordered-resources|'pods=' | --ordered-resources 'pods='
order_without_type | --ordered-resources | --ordered-resources '=f-shop/a'
order_without_namespace | NAMESPACE/NAME | --ordered-resources 'pods=f-web'
order_with_a_namespace_too_much | outside namespaces | --ordered-resources 'pv=f-shop/f-volume'
order_of_a_type_twice | 'pods' is there twice | --ordered-resources 'pods=a/b;po=a/c'
policies_beside_old_lists | includeExcludePolicy does not go together | --resource-policies "$work/types.yaml" --exclude-resources secrets
policies_are_no_file | nowhere.yaml | --resource-policies "$work/nowhere.yaml"
EOT
)
refused() { # OPTIONS WORDS
	local before after
	local -a options
	eval "options=($2)"
	before=$(find "$store" | sort)
	ends 2 "$1" orlop backup create refused --location "dir:$store" --kubeconfig "$a" "${options[@]}"
	after=$(find "$store" | sort)
	[ "$before" = "$after" ] || fail "something was written: $(diff <(echo "$before") <(echo "$after"))"
}
mistake_row() { try "refuses_$1" refused "${@:2}"; }
each_row mistake_row <<< "$mistakes"

# policy file, with \n | words
policies=$(cat <<'EOT'
unknown_key | :2|volumPolicies|volumePolicies | version: v1\nvolumPolicies: []\n
no_version | version: v1 | volumePolicies: []\n
other_version | v2 | version: v2\n
star | :3|'*' | version: v1\nincludeExcludePolicy:\n  includedClusterScopedResources: ["*"]\n
both_ways | secrets|both | version: v1\nincludeExcludePolicy:\n  includedNamespaceScopedResources: [secrets]\n  excludedNamespaceScopedResources: [secrets]\n
wrong_scope | 'pods' are in namespaces | version: v1\nincludeExcludePolicy: {includedClusterScopedResources: [pods]}\n
unknown_action | fs-backup|drop | version: v1\nvolumePolicies:\n- action: {type: drop}\n
unknown_condition | :3|storageClas | version: v1\nvolumePolicies:\n- conditions: {storageClas: [a]}\n  action: {type: skip}\n
unknown_volume_type | volumeTypes|floppy | version: v1\nvolumePolicies:\n- conditions: {volumeTypes: [floppy]}\n  action: {type: skip}\n
bad_capacity | capacity|10Gb | version: v1\nvolumePolicies:\n- conditions: {capacity: "1,10Gb"}\n  action: {type: skip}\n
no_yaml | policies | version: [\n
map_of_two | exactly one key | kind: ConfigMap\ndata: {a: "version: v1", b: "version: v1"}\n
EOT
)
refused_policy() {
	printf '%b' "$2" > "$work/policy.yaml"
	refused "--resource-policies|$1" "--resource-policies '$work/policy.yaml'"
}
policy_row() { try "refuses_policy_with_$1" refused_policy "${@:2}"; }
each_row policy_row <<< "$policies"

missing_namespace_is_an_error() {
	ends 3 "namespace 'f-none' does not exist" orlop backup create missing --location "dir:$store" --kubeconfig "$a" \
		--include-namespaces f-none,f-empty
	holds namespaces/empty list missing
}
nothing_matches() {
	ends 4 "nothing in the cluster matches" orlop backup create nothing --location "dir:$store" --kubeconfig "$a" \
		--include-namespaces 'f-none*'
	[ ! -e "$store/backups/nothing" ] || fail "something is left"
}
endless_pattern_ends() {
	"${kubectl[@]}" -n f-empty create configmap "$(printf 'a%.0s' {1..60})b" > /dev/null
	ends 1 "takes too long" orlop backup create endless --location "dir:$store" --kubeconfig "$a" \
		--include-namespaces f-empty --include-names '^(a+)+$'
	"${kubectl[@]}" -n f-empty delete configmap --all > /dev/null
}
try missing_namespace_is_an_error
try nothing_matches
try endless_pattern_ends

# --- order, versions, edits, records ---

order_is_kept() {
	orlop backup create ordered --location "dir:$store" --kubeconfig "$a" --include-resources cm,pv,po \
		--ordered-resources 'cm=f-shop/f-web,f-data/f-db,f-none/x,f-shop/f-skipped,f-shop/f-db;persistentvolumes=f-volume;secrets=f-shop/f-secret'
	tar -tzf "$store/backups/ordered/ordered.tar.gz" > "$work/names"
	grep -o '^resources/configmaps/namespaces/f-.*' "$work/names" | cut -d/ -f4- > "$work/order"
	printf '%s.json\n' f-shop/f-web f-data/f-db f-shop/f-db f-data/f-web f-shop/f-plain | diff - "$work/order" ||
		fail "order: $(tr '\n' ' ' < "$work/order")"
	[ "$(grep -c '^resources/persistentvolumes/cluster/f-' "$work/names")" = 2 ]
	[ "$(grep '^resources/persistentvolumes/cluster/f-' "$work/names" | head -n 1)" = \
		resources/persistentvolumes/cluster/f-volume.json ] || fail "the other volume comes first"
	[ -z "$(sort "$work/names" | uniq -d)" ] || fail "stored twice: $(sort "$work/names" | uniq -d)"
	python3 - "$store/backups/ordered/velero-backup.json" <<-'PY'
	import json, sys
	spec = json.load(open(sys.argv[1]))["spec"]
	assert spec["orderedResources"] == {"persistentvolumes": "f-volume", "secrets": "f-shop/f-secret",
	    "configmaps": "f-shop/f-web,f-data/f-db,f-none/x,f-shop/f-skipped,f-shop/f-db"}, spec
	PY
}

# Each item is there twice, with the same bytes; of other versions there is one copy each.
copies() { # BACKUP
	python3 - "$store/backups/$1/$1.tar.gz" "$work/copies" <<-'PY'
	import collections, json, re, sys, tarfile
	plain, preferred, others = {}, {}, collections.Counter()
	with tarfile.open(sys.argv[1]) as archive:
	    for entry in archive:
	        if entry.name == "metadata/version":
	            continue
	        gr, version, mark, rest = re.fullmatch(
	            r"resources/([^/]+)/(?:([^/]+?)(-preferredversion)?/)?((?:cluster|namespaces/[^/]+)/[^/]+\.json)", entry.name).groups()
	        data = archive.extractfile(entry).read()
	        item = json.loads(data)
	        kind = plain if version is None else preferred if mark else None
	        if kind is not None:
	            assert (gr, rest) not in kind, "twice: " + entry.name
	            kind[gr, rest] = data
	        else:
	            others[gr, version, rest] += 1
	        if version:
	            assert item["apiVersion"].rpartition("/")[2] == version, entry.name
	assert plain == preferred, set(plain) ^ set(preferred)
	assert all(n == 1 for n in others.values()), others
	assert all((gr, rest) in plain for gr, _, rest in others), others
	print(len(plain))
	with open(sys.argv[2], "w") as out:
	    for gr, version, rest in sorted(others):
	        out.write("%s/%s/%s\n" % (gr, version, rest))
	PY
}
both_copies_exist() {
	copies everything
	copies or-selectors-overlap
	copies names
	[ ! -s "$work/copies" ] || fail "other versions: $(cat "$work/copies")"
}

all_versions_are_stored() {
	local objects
	orlop backup create versions --all-versions --location "dir:$store" --kubeconfig "$a"
	objects=$(copies versions)
	grep -x horizontalpodautoscalers.autoscaling/v1/namespaces/f-shop/f-scaler.json "$work/copies"
	grep -x widgets.f.example.com/v1/namespaces/f-shop/f-widget.json "$work/copies"
	tar -xzOf "$store/backups/versions/versions.tar.gz" \
		resources/horizontalpodautoscalers.autoscaling/v2-preferredversion/namespaces/f-shop/f-scaler.json |
		grep -q '"apiVersion":"autoscaling/v2"'
	if grep events "$work/copies"; then fail "events are stored twice"; fi
	holds "$all" list versions
	[ "$(list versions | wc -l)" = "$objects" ] || fail "the list has other objects"
	orlop backup verify versions --location "dir:$store"
	python3 - "$store/backups/versions" "$objects" <<-'PY'
	import gzip, json, sys
	progress = json.load(open(sys.argv[1] + "/velero-backup.json"))["status"]["progress"]
	listed = json.load(gzip.open(sys.argv[1] + "/versions-resource-list.json.gz"))
	assert progress["itemsBackedUp"] == progress["totalItems"] == int(sys.argv[2]), progress
	assert sum(len(names) for names in listed.values()) == int(sys.argv[2])
	assert "autoscaling/v2/HorizontalPodAutoscaler" in listed and "autoscaling/v1/HorizontalPodAutoscaler" not in listed
	PY
}
all_versions_go_with_selectors() {
	orlop backup create versions2 --all-versions --or-selector 'app=web or tier' --include-namespaces f-shop \
		--ordered-resources 'cm=f-shop/f-web' --location "dir:$store" --kubeconfig "$a"
	copies versions2
}

bound_claims_lose_their_past() {
	orlop backup cat everything persistentvolumeclaims/f-shop/f-claim -o json --location "dir:$store" > "$work/claim"
	"${kubectl[@]}" -n f-shop get --raw /api/v1/namespaces/f-shop/persistentvolumeclaims/f-claim > "$work/live"
	python3 - "$work/claim" "$work/live" <<-'PY'
	import json, sys
	stored, live = (json.load(open(name)) for name in sys.argv[1:])
	for key in "dataSource", "dataSourceRef", "selector":
	    del live["spec"][key]
	del live["metadata"]["labels"]["velero.io/restore-name"]
	assert stored == live, (stored, live)
	PY
}

a_velero_server_sees_the_filters() {
	python3 - "$store/backups" <<-'PY'
	import json, sys
	def spec(name):
	    return json.load(open("%s/%s/velero-backup.json" % (sys.argv[1], name)))["spec"]
	assert spec("types")["includedResources"] == ["configmaps", "po"]
	assert spec("everything")["excludedNamespaces"] == ["f-off"]
	assert spec("no-cluster-scope")["includeClusterResources"] is False
	assert spec("scoped-nothing-outside")["excludedClusterScopedResources"] == ["*"]
	assert spec("scoped-outside")["includedClusterScopedResources"] == ["priorityclasses.scheduling.k8s.io"]
	assert spec("scoped-inside")["includedNamespaceScopedResources"] == ["configmaps"]
	assert spec("policies")["excludedNamespaceScopedResources"] == ["secrets", "deployments.apps"]
	assert spec("policies")["includedClusterScopedResources"] == ["priorityclasses.scheduling.k8s.io"]
	assert spec("selector-equals")["labelSelector"] == {"matchLabels": {"app": "web"}}
	assert spec("selector-in")["labelSelector"]["matchExpressions"] == [{"key": "app", "operator": "In", "values": ["web", "db"]}]
	assert spec("or-selectors")["orLabelSelectors"] == [
	    {"matchLabels": {"app": "web"}, "matchExpressions": [{"key": "tier", "operator": "Exists"}]}, {"matchLabels": {"app": "db"}}]
	assert "labelSelector" not in spec("or-selectors")
	PY
}

# --- the same filters on what is stored ---

listings=$(cat <<'EOT'
or_selectors | --or-selector 'app=web,tier or disk=ssd' | configmaps/shop/web persistentvolumes/volume
names | --include-names '^f-(web|spare)$' --exclude-names spare | configmaps/shop/web configmaps/data/web pods/shop/web deployments/shop/web namespaces/shop namespaces/data
names_of_a_namespace | --include-names '^f-db' --include-namespaces f-data --include-resources configmaps | configmaps/data/db
selector_with_a_set | -l 'app in (db),!tier' | configmaps/shop/db serviceaccounts/data/reader
EOT
)
list_row() {
	local -a options
	eval "options=($2)"
	try "ls_$1" holds "$3" list everything "${options[@]}"
}
each_row list_row <<< "$listings"

restore_takes_names_and_or_selectors() {
	orlop restore create r1 --from-backup everything --location "dir:$store" --kubeconfig "$a" --include-namespaces f-shop \
		--include-resources configmaps,secrets --or-selector 'app=web or app=db' --exclude-names secret \
		--namespace-mappings f-shop:f-copy
	"${kubectl[@]}" -n f-copy get configmaps,secrets -o name | sort > "$work/restored"
	printf 'configmap/f-db\nconfigmap/f-web\n' | diff - "$work/restored" || fail "restored: $(cat "$work/restored")"
}
restore_refuses_what_backups_refuse() {
	ends 2 "--selector and --or-selector" orlop restore create r2 --from-backup everything --location "dir:$store" \
		--kubeconfig "$a" -l a=b --or-selector c=d
	ends 2 "--include-names" orlop restore create r2 --from-backup everything --location "dir:$store" --kubeconfig "$a" \
		--include-names '['
	ends 2 "--include-names" orlop backup ls everything --location "dir:$store" --include-names '['
}

for name in order_is_kept both_copies_exist all_versions_are_stored all_versions_go_with_selectors \
	bound_claims_lose_their_past a_velero_server_sees_the_filters restore_takes_names_and_or_selectors \
	restore_refuses_what_backups_refuse; do
	try "$name"
done
