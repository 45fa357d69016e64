#!/usr/bin/env bash
# Maps of a restore (namespaces by pattern, references, images, hosts, zones) and conversions of API versions that the
# cluster does not serve any more. The cluster is read back, and a plan afterwards says that everything is the same.
# shellcheck source=tests/live/harness.sh
. "$(dirname "${BASH_SOURCE[0]}")/harness.sh"

store=$work/store
mkdir "$store"
start_cluster a --bare && a=$started
start_cluster b --bare && b=$started
location="dir:$store"
kubectl() { "$SANDBOX_DIR/bin/kubectl" "--kubeconfig=$b" "$@"; }
python3 "$here/maps.py" "$store" > "$work/names" || { echo "not ok setup: maps.py failed"; exit 1; }

# A backup of what an API server made of the objects: without defaults in it a plan could not say "the same" later.
{
	orlop restore create filled --from-backup bare-maps --location "$location" --kubeconfig "$a" &&
		orlop backup create maps --include-namespaces team-a,team-b --include-cluster-resources=true --location "$location" \
			--kubeconfig "$a"
} > "$work/filled" 2>&1 || { echo "not ok setup: no backup: $(tail -n 1 "$work/filled")"; exit 1; }

# restored CODE WORDS NAME OPTION...: as ends, of a restore of the backup NAME
restored() {
	local code=$1 words=$2 name=$3
	shift 3
	ends "$code" "$words" orlop restore create "$name-$RANDOM$RANDOM" --from-backup "$name" --location "$location" --kubeconfig "$b" "$@"
}

# all_the_same NAME OPTION...: a plan after the restore has nothing left to do
all_the_same() {
	local name=$1 rest
	shift
	orlop restore plan --from-backup "$name" --location "$location" --kubeconfig "$b" "$@" -o json > "$work/plan.json"
	rest=$(python3 -c 'import json, sys
for row in json.load(open(sys.argv[1]))["items"]:
    if row["action"] not in ("same", "skip"): print(row["kind"], row["name"], row["action"], row.get("diff", ""))' "$work/plan.json")
	[ -z "$rest" ] || fail "not the same: $(tr '\n' ' ' <<< "$rest")"
}

# is WANT NAMESPACE OBJECT JSONPATH
is() {
	local found
	found=$(kubectl -n "$2" get "$3" -o "jsonpath=$4")
	[ "$found" = "$1" ] || fail "$3 in $2: $4 is '$found' instead of '$1'"
}

# --- conversions ---

old_versions_are_converted() {
	restored 0 "PodSecurityPolicy|empty selector|sideEffects is None|not structural" old
	python3 "$here/maps.py" check "$b" "$SANDBOX_DIR/bin/kubectl"
}

what_moved_is_chosen_by_either_name() {
	kubectl -n old delete ingress --all > /dev/null
	restored 0 "" old --include-namespaces old --include-resources ingresses
	is '{"number":80}' old ingress/old '{.spec.rules[0].http.paths[0].backend.service.port}'
	kubectl -n old delete ingress --all > /dev/null
	restored 0 "" old --include-namespaces old --include-resources ingresses.extensions
	is ImplementationSpecific old ingress/old '{.spec.rules[0].http.paths[0].pathType}'
	kubectl -n old delete ingress --all > /dev/null
	restored 0 "" old --include-namespaces old --exclude-resources ingresses
	[ -z "$(kubectl -n old get ingress -o name)" ]
}

the_copy_under_the_new_type_wins() {
	restored 0 "" twins
	is new twins ingress/web '{.metadata.annotations.from}'
	all_the_same twins
}

# --- maps ---

namespaces_are_mapped_by_patterns_with_their_references() {
	local map='team-*:dr-team-*,team-b:special'
	restored 0 "" maps --namespace-mappings "$map" --include-cluster-resources=true
	kubectl -n dr-team-a get configmap/c > /dev/null
	kubectl -n special get configmap/c > /dev/null
	if kubectl get namespace team-a; then fail "the old namespace is there"; fi
	is 'dr-team-a special' dr-team-a rolebinding/r '{.subjects[*].namespace}'
	is 'system:serviceaccount:special:x' "" clusterrolebinding/maps '{.subjects[1].name}'
	is dr-team-a "" validatingwebhookconfiguration/maps '{.webhooks[0].clientConfig.service.namespace}'
	is '["kube-system","special"]' "" validatingwebhookconfiguration/maps '{.webhooks[0].namespaceSelector.matchExpressions[0].values}'
	is special "" apiservice/v1.maps.example.com '{.spec.service.namespace}'
	is dr-team-a "" crd/gadgets.maps.example.com '{.spec.conversion.webhook.clientConfig.service.namespace}'
	is special dr-team-a networkpolicy/n '{.spec.ingress[0].from[0].namespaceSelector.matchLabels.kubernetes\.io/metadata\.name}'
	is dr-team-a "" persistentvolume/maps '{.spec.claimRef.namespace}'
	is dr-team-a dr-team-a endpointslice/e '{.endpoints[0].targetRef.namespace}'
	kubectl delete apiservice v1.maps.example.com > /dev/null # nobody serves it
	all_the_same maps --namespace-mappings "$map" --include-cluster-resources=true --exclude-resources apiservices
}

images_hosts_and_zones_are_mapped() {
	local options=(--include-namespaces team-a --namespace-mappings team-a:mapped --image-mappings "docker.io=r.local/hub,quay.io/t=r.local/t"
		--host-mappings '*.old.example:*.new.example,old.example:www.new.example' --zone-mappings z1:y1,z2:)
	restored 0 "" maps "${options[@]}"
	is 'r.local/hub/library/nginx:1 r.local/hub/library/busybox' mapped deployment/web '{.spec.template.spec.containers[*].image}'
	is r.local/t/init mapped deployment/web '{.spec.template.spec.initContainers[0].image}'
	is r.local/hub/library/nginx mapped cronjob/c '{.spec.jobTemplate.spec.template.spec.containers[0].image}'
	is 'a.new.example www.new.example' mapped ingress/i '{.spec.rules[*].host}'
	is '["a.new.example"]' mapped ingress/i '{.spec.tls[0].hosts}'
	is '{"disk":"ssd","topology.kubernetes.io/zone":"y1"}' mapped deployment/web '{.spec.template.spec.nodeSelector}'
	is '' mapped statefulset/s '{.spec.template.spec.affinity.nodeAffinity}'
	all_the_same maps "${options[@]}"
}

node_affinity_is_dropped() {
	local options=(--include-namespaces team-a --namespace-mappings team-a:dropped --drop-node-affinity)
	restored 0 "" maps "${options[@]}"
	is '' dropped deployment/web '{.spec.template.spec.nodeSelector}'
	is '' dropped statefulset/s '{.spec.template.spec.affinity}'
	all_the_same maps "${options[@]}"
}

storage_classes_are_mapped() {
	local options=(--include-namespaces team-a --namespace-mappings team-a:classes --storage-class-mappings gold:silver)
	kubectl apply -f - > /dev/null <<< '{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: silver}, provisioner: example.com/none}'
	restored 0 "" maps "${options[@]}"
	is silver classes persistentvolumeclaim/p '{.spec.storageClassName}'
	all_the_same maps "${options[@]}"
	restored 0 "" maps --include-namespaces team-a --namespace-mappings team-a:unmapped
	is gold unmapped persistentvolumeclaim/p '{.spec.storageClassName}'
}

# --- mistakes ---

entries_that_match_nothing_change_nothing() {
	local option verb
	while read -r option word; do
		for verb in create plan; do
			ends 4 "$option|$word|nothing" orlop restore $verb --from-backup maps --location "$location" --kubeconfig "$b" \
				--include-namespaces team-a "$option=$word"
		done
	done <<-END
		--namespace-mappings team-x:y
		--namespace-mappings team-b:special
		--image-mappings quay.io/none=x
		--storage-class-mappings none:standard
		--host-mappings *.none.example:*.new.example
		--zone-mappings z9:y9
	END
	if kubectl get namespace team-a; then fail "something was written"; fi
}

mistakes_are_refused() {
	ends 2 "one '*'" orlop restore create --from-backup maps --location "$location" --kubeconfig "$b" --namespace-mappings 'team-*:all'
	ends 2 "not OLD:NEW" orlop restore create --from-backup maps --location "$location" --kubeconfig "$b" --host-mappings a
	ends 4 "storage class 'nowhere'|create it" orlop restore create --from-backup maps --location "$location" --kubeconfig "$b" \
		--include-namespaces team-a --storage-class-mappings gold:nowhere
	if kubectl get namespace team-a; then fail "something was written"; fi
}

try old_versions_are_converted
try what_moved_is_chosen_by_either_name
try the_copy_under_the_new_type_wins
try entries_that_match_nothing_change_nothing
try mistakes_are_refused
try namespaces_are_mapped_by_patterns_with_their_references
try images_hosts_and_zones_are_mapped
try node_affinity_is_dropped
try storage_classes_are_mapped
