#!/usr/bin/env bash
# Findings of the preflight: each is provoked on a real API server, and is not told where there is no cause for it.
# shellcheck source=tests/live/harness.sh
. "$(dirname "${BASH_SOURCE[0]}")/harness.sh"

store=$work/store
mkdir "$store"
start_cluster b --bare && b=$started
location="dir:$store"
kubectl() { "$SANDBOX_DIR/bin/kubectl" "--kubeconfig=$b" "$@"; }
stored() { python3 "$here/preflight.py" "$store/backups/$1" "$1"; } # NAME <<< SCRIPT

# found BACKUP CODES OPTION...: the preflight of BACKUP tells exactly these codes (but ok), as "level:code", sorted; its rows
# are in $work/rows.json
found() {
	local backup=$1 want=$2 code=0 got
	shift 2
	orlop restore preflight --from-backup "$backup" --location "$location" --kubeconfig "${user:-$b}" -o json "$@" \
		> "$work/rows.json" 2> "$work/stderr" || code=$?
	case $code in 0 | 3) ;; *) cat "$work/stderr"; fail "exit status $code" ;; esac
	got=$(python3 -c 'import json, sys
print(*sorted({r["level"] + ":" + r["code"] for r in json.load(sys.stdin)["items"] if r["level"] != "ok"}))' < "$work/rows.json")
	[ "$got" = "$want" ] || { cat "$work/rows.json"; fail "found '$got' instead of '$want'"; }
	if [[ $want == *stop:* ]]; then [ $code = 3 ]; else [ $code = 0 ]; fi
	note "${FUNCNAME[1]}" "$want"
	ignoring "$backup" "$want" "$@"
}

# note CASE FOUND: what cases met and what not, for every_finding_has_its_cases
note() {
	local good=
	if grep -q '"code":"type-converted"' "$work/rows.json"; then good=ok:type-converted; fi
	echo "$1 $2 $good" >> "$work/met"
}

# ignoring BACKUP FOUND OPTION...: each code that was found is ignored if one says so, the others stay
ignoring() {
	local backup=$1 found=$2 word code
	shift 2
	cp "$work/rows.json" "$work/rows.whole"
	for word in $found; do
		code=${word#*:}
		[ "${word%%:*}" != ignored ] || continue
		! grep -qx "$code" "$work/ignored" 2> /dev/null || continue
		orlop restore preflight --from-backup "$backup" --location "$location" --kubeconfig "${user:-$b}" -o json "$@" \
			--ignore "$code" > "$work/rows.json" 2> "$work/stderr" || [ $? = 3 ]
		python3 - "$work/rows.json" "$found" "$code" <<-'PY'
		import json, sys
		levels = {r["level"] + ":" + r["code"] for r in json.load(open(sys.argv[1]))["items"] if r["level"] != "ok"}
		want = {"ignored:" + sys.argv[3] if w.endswith(":" + sys.argv[3]) else w for w in sys.argv[2].split()}
		assert levels == want, (levels, want)
		PY
		echo "$code" >> "$work/ignored"
	done
	mv "$work/rows.whole" "$work/rows.json"
}

# Of the codes in the source, each was met in some case, and not met in another run of the same case.
every_finding_has_its_cases() {
	python3 - "$here/../../src/engine/preflight.c" "$work/met" "$work/ignored" <<-'PY'
	import re, sys
	codes = re.findall(r'\[PF_\w+\]\s*= \{ "([a-z-]+)", PREFLIGHT_(\w+)', open(sys.argv[1]).read())
	runs, ignored = {}, set(open(sys.argv[3]).read().split())
	for line in open(sys.argv[2]):
	    case, *found = line.split()
	    runs.setdefault(case, []).append({word.partition(":")[2] for word in found})
	assert len(codes) > 25
	bad = []
	for code, level in codes:
	    provoking = sorted(c for c, r in runs.items() if any(code in f for f in r))
	    without = [c for c in provoking if any(code not in f for f in runs[c])]
	    print("%-24s %-5s provoked in %s" % (code, level.lower(), ", ".join(without)))
	    if not without:
	        bad.append(code + (": not provoked" if not provoking else ": found always"))
	    elif level != "OK" and code not in ignored:
	        bad.append(code + ": never ignored")
	if bad:
	    print("; ".join(bad))
	    sys.exit(1)
	PY
}

says() { grep -qF -- "$1" "$work/rows.json" || fail "not a word of '$1' in: $(cat "$work/rows.json")"; }

nothing_to_say() {
	stored plain <<< 'add("configmaps/namespaces/plain/a", obj("ConfigMap", "a", "plain"))'
	found plain ""
	[ "$(grep -c '"level":"ok"' "$work/rows.json")" -gt 5 ] || fail "the good news are missing"
}

storage_classes() {
	stored storage <<-'PY'
	add("storageclasses.storage.k8s.io/cluster/gp3", obj("StorageClass", "gp3", api="storage.k8s.io/v1", provisioner="ebs.csi.aws.com"))
	for name, more in ("a", {"storageClassName": "gp3"}), ("b", {"storageClassName": "gp3"}), ("c", {"storageClassName": "gp3", "volumeName": "kept"}):
	    add("persistentvolumeclaims/namespaces/storage/" + name, claim(name, "storage", **more))
	PY
	kubectl apply -f - <<-END > /dev/null
		{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: standard-rwo,
		annotations: {storageclass.kubernetes.io/is-default-class: "true"}}, provisioner: pd.csi.storage.gke.io}
	END
	found storage "warn:storage-class-missing" --include-resources pvc
	says "2 objects need it"
	says "--storage-class-mappings gp3:standard-rwo"
	says "this cluster's volumes are of Google Cloud"
	found storage "" --include-resources pvc --storage-class-mappings gp3:standard-rwo
	# With its class, but without what makes its volumes.
	found storage "warn:provisioner-missing"
	says "ebs.csi.aws.com (AWS)"
	kubectl apply -f - <<-END > /dev/null
		{apiVersion: storage.k8s.io/v1, kind: CSIDriver, metadata: {name: ebs.csi.aws.com}, spec: {attachRequired: true}}
	END
	found storage ""
	kubectl apply -f - <<-END > /dev/null
		{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: gp3}, provisioner: file.csi.azure.com}
	END
	found storage "warn:storage-class-differs" --include-resources pvc
	found storage "" --include-resources pvc --storage-class-mappings gp3:standard-rwo
	kubectl delete storageclass gp3 standard-rwo > /dev/null
	stored default <<< 'add("persistentvolumeclaims/namespaces/storage/d", claim("d", "storage"))'
	found default "warn:storage-class-missing"
	says "no default storage class"
}

quotas() {
	stored quota <<-'PY'
	add("configmaps/namespaces/quota/a", obj("ConfigMap", "a", "quota"))
	add("configmaps/namespaces/quota/b", obj("ConfigMap", "b", "quota"))
	add("persistentvolumeclaims/namespaces/quota/c", claim("c", "quota", storageClassName="", resources={"requests": {"storage": "1.5Gi"}}))
	add("pods/namespaces/quota/p", pod("p", "quota", containers=[{"name": "c", "image": "i", "resources": {"requests": {"cpu": "1500m"}}}]))
	add("deployments.apps/namespaces/quota/d", workload("d", "quota", replicas=4))
	PY
	kubectl create namespace quota > /dev/null
	kubectl -n quota create quota q --hard=configmaps=2,requests.storage=2Gi,requests.cpu=2,pods=5 > /dev/null
	kubectl -n quota patch quota q --subresource status --type merge -p '{"status":{"hard":{"configmaps":"2"},"used":{"configmaps":"0"}}}' > /dev/null
	found quota ""
	kubectl -n quota patch quota q --type merge -p '{"spec":{"hard":{"pods":"3"}}}' > /dev/null
	found quota "warn:quota-tight"
	says "quota of pods is 3"
	kubectl -n quota patch quota q --type merge -p '{"spec":{"hard":{"pods":"5","requests.storage":"1Gi","requests.cpu":"1"}}}' > /dev/null
	found quota "stop:quota-exceeded"
	says "quota of requests.storage is 1Gi, 0 is used, and the restore needs 1536Mi more"
	says "quota of requests.cpu is 1, 0 is used, and the restore needs 1500m more"
	found quota "ignored:quota-exceeded" --ignore quota-exceeded
	# What is there is not counted again.
	kubectl -n quota patch quota q --type merge -p '{"spec":{"hard":{"configmaps":"1","requests.storage":"5Gi","requests.cpu":"9"}}}' > /dev/null
	found quota "stop:quota-exceeded"
	kubectl -n quota delete quota q > /dev/null
	kubectl -n quota create configmap a > /dev/null
	kubectl -n quota create quota q --hard=configmaps=1 > /dev/null
	found quota ""
}

pod_security() {
	stored security <<-'PY'
	add("pods/namespaces/security/bad", pod("bad", "security", hostNetwork=True))
	add("deployments.apps/namespaces/security/bad", workload("bad", "security", volumes=[{"name": "v", "hostPath": {"path": "/"}}]))
	add("pods/namespaces/security/good", pod("good", "security"))
	PY
	kubectl create namespace security > /dev/null
	found security ""
	kubectl label namespace security pod-security.kubernetes.io/enforce=baseline > /dev/null
	found security "warn:pod-security"
	says "enforces baseline, which forbids: host namespaces"
	says "which forbids: hostPath volumes"
	[ "$(grep -o '"code":"pod-security"' "$work/rows.json" | wc -l)" = 2 ]
	found security "" --include-names good
	# The server agrees.
	ends 3 "violates PodSecurity" orlop restore create security --from-backup security --location "$location" --kubeconfig "$b" \
		--include-resources pods
	grep -q "pod-security" "$work/stderr" || fail "the restore does not tell"
	[ "$(kubectl -n security get pods -o name)" = pod/good ]
}

references() {
	stored refs <<-'PY'
	spec = {"serviceAccountName": "sa", "priorityClassName": "high", "runtimeClassName": "gvisor",
	        "imagePullSecrets": [{"name": "pull"}],
	        "containers": [{"name": "c", "image": "i", "envFrom": [{"configMapRef": {"name": "env"}},
	            {"secretRef": {"name": "maybe", "optional": True}}]}],
	        "volumes": [{"name": "s", "secret": {"secretName": "vol"}},
	            {"name": "p", "projected": {"sources": [{"configMap": {"name": "kube-root-ca.crt"}}, {"configMap": {"name": "proj"}}]}}]}
	add("deployments.apps/namespaces/refs/w", workload("w", "refs", **spec))
	add("ingresses.networking.k8s.io/namespaces/refs/i", obj("Ingress", "i", "refs", api="networking.k8s.io/v1",
	    spec={"ingressClassName": "nginx", "defaultBackend": {"service": {"name": "s", "port": {"number": 1}}}}))
	for kind, plural, name in ("ConfigMap", "configmaps", "env"), ("ConfigMap", "configmaps", "proj"), ("Secret", "secrets", "pull"), \
	    ("Secret", "secrets", "vol"), ("ServiceAccount", "serviceaccounts", "sa"):
	    add("%s/namespaces/refs/%s" % (plural, name), obj(kind, name, "refs"))
	PY
	local all="warn:config-missing warn:ingress-class-missing warn:priority-class-missing warn:pull-secret-missing warn:runtime-class-missing warn:service-account-missing"
	found refs "$all" --include-resources deployments,ingresses
	for name in refs/env refs/proj refs/vol refs/pull refs/sa "'high'" "'gvisor'" "'nginx'"; do says "$name"; done
	! grep -q 'maybe\|kube-root' "$work/rows.json" || fail "something is missed that need not be there"
	found refs "warn:ingress-class-missing warn:priority-class-missing warn:runtime-class-missing"
	kubectl create namespace refs > /dev/null
	for name in env proj; do kubectl -n refs create configmap $name > /dev/null; done
	for name in pull vol; do kubectl -n refs create secret generic $name > /dev/null; done
	kubectl -n refs create serviceaccount sa > /dev/null
	kubectl apply -f - <<-END > /dev/null
		{apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {name: high}, value: 7}
		---
		{apiVersion: node.k8s.io/v1, kind: RuntimeClass, metadata: {name: gvisor}, handler: runsc}
		---
		{apiVersion: networking.k8s.io/v1, kind: IngressClass, metadata: {name: nginx}, spec: {controller: x.io/y}}
	END
	found refs "" --include-resources deployments,ingresses
}

webhooks() {
	stored hook <<< 'add("configmaps/namespaces/hook/a", obj("ConfigMap", "a", "hook"))'
	hook() { # NAME RESOURCE POLICY SELECTED
		kubectl apply -f - <<-END > /dev/null
			{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingWebhookConfiguration, metadata: {name: dead}, webhooks: [
			{name: dead.example.com, clientConfig: {service: {namespace: gone, name: svc}}, failurePolicy: $2,
			rules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [$1]}],
			namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: $3}}, sideEffects: None, admissionReviewVersions: [v1]}]}
		END
	}
	hook configmaps Fail hook
	found hook "warn:webhook-dead"
	says "behind service gone/svc: 1 objects"
	hook configmaps Ignore hook && found hook ""
	hook secrets Fail hook && found hook ""
	hook configmaps Fail other && found hook ""
	hook configmaps Fail hook
	kubectl create namespace gone > /dev/null
	kubectl apply -f - <<-END > /dev/null
		{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: svc-1, namespace: gone,
		labels: {kubernetes.io/service-name: svc}}, addressType: IPv4, endpoints: [{addresses: [10.0.0.9], conditions: {ready: true}}]}
	END
	found hook ""
	kubectl delete validatingwebhookconfiguration dead > /dev/null
}

snapshot_classes() {
	stored snapshots <<-'PY'
	api = "snapshot.storage.k8s.io/v1"
	add("configmaps/namespaces/snapshots/a", obj("ConfigMap", "a", "snapshots"))
	add("configmaps/namespaces/beside/a", obj("ConfigMap", "a", "beside"))
	add("volumesnapshots.snapshot.storage.k8s.io/namespaces/snapshots/s", obj("VolumeSnapshot", "s", "snapshots", api=api,
	    spec={"volumeSnapshotClassName": "fast", "source": {"persistentVolumeClaimName": "c"}}))
	add("volumesnapshotclasses.snapshot.storage.k8s.io/cluster/fast", obj("VolumeSnapshotClass", "fast", api=api,
	    driver="ebs.csi.aws.com", deletionPolicy="Retain"))
	PY
	found snapshots "warn:snapshot-class-missing" --include-namespaces snapshots
	says "1 snapshots name it"
	found snapshots "" --include-namespaces beside
	define volumesnapshotclasses.snapshot.storage.k8s.io.VolumeSnapshotClass
	class() { # NAME DRIVER
		kubectl apply -f - > /dev/null <<< "{apiVersion: snapshot.storage.k8s.io/v1, kind: VolumeSnapshotClass,
			metadata: {name: $1}, driver: $2, deletionPolicy: Retain}"
	}
	class other ebs.csi.aws.com
	found snapshots "warn:snapshot-class-missing" --include-namespaces snapshots
	says "take 'other', which has the same driver"
	class fast pd.csi.storage.gke.io
	found snapshots "warn:snapshot-class-differs" --include-namespaces snapshots
	says "in the cluster"
	class fast ebs.csi.aws.com
	found snapshots "" --include-namespaces snapshots
	kubectl delete crd volumesnapshotclasses.snapshot.storage.k8s.io > /dev/null
}

volume_data() {
	stored volumes <<-'PY'
	add("configmaps/namespaces/volumes/a", obj("ConfigMap", "a", "volumes"))
	add("configmaps/namespaces/beside/a", obj("ConfigMap", "a", "beside"))
	volumes({"pvcName": "c", "pvcNamespace": "volumes", "pvName": "v", "backupMethod": "NativeSnapshot", "result": "succeeded",
	    "nativeSnapshotInfo": {"snapshotHandle": "snap-1", "volumeType": "gp3"}})
	PY
	found volumes "warn:volume-data" --include-namespaces volumes
	says "the data of 1 volumes is outside the backup (1 snapshots of disks"
	says "for another cloud account, have the snapshots shared"
	found volumes "" --include-namespaces beside
}

# define PLURAL.GROUP.KIND [SCOPE]: a CRD, and waits until it is served
define() {
	python3 "$here/preflight.py" --crd "$1" "${2:-Cluster}" | kubectl apply -f - > /dev/null
	until_true 20 kubectl get "${1%.*}"
}

gateways() {
	stored gateways <<-'PY'
	add("gateways.gateway.networking.k8s.io/namespaces/gateways/g", obj("Gateway", "g", "gateways",
	    api="gateway.networking.k8s.io/v1", spec={"gatewayClassName": "blue", "listeners": []}))
	PY
	define gateways.gateway.networking.k8s.io.Gateway Namespaced
	define gatewayclasses.gateway.networking.k8s.io.GatewayClass
	found gateways "warn:gateway-class-missing"
	says "gateway class 'blue'"
	kubectl apply -f - > /dev/null <<< '{apiVersion: gateway.networking.k8s.io/v1, kind: GatewayClass, metadata: {name: blue}}'
	found gateways ""
}

node_ports() {
	stored ports <<-'PY'
	add("services/namespaces/ports/s", obj("Service", "s", "ports", spec={"type": "NodePort", "ports": [{"port": 80, "nodePort": 30123}]}))
	PY
	kubectl create namespace ports > /dev/null
	found ports "" --preserve-nodeports
	kubectl apply -f - <<-END > /dev/null
		{apiVersion: v1, kind: Service, metadata: {name: other, namespace: ports}, spec: {type: NodePort, ports: [{port: 80, nodePort: 30123}]}}
	END
	found ports "warn:node-port-taken" --preserve-nodeports
	says "node port 30123 belongs to service ports/other"
	found ports ""
}

# Addresses are not kept; who asks for one by a rule may ask for one that is taken.
cluster_addresses() {
	local taken
	stored addresses <<-'PY'
	add("services/namespaces/addresses/s", obj("Service", "s", "addresses", spec={"ports": [{"port": 80}], "clusterIP": "10.0.0.1"}))
	PY
	found addresses ""
	taken=$(kubectl get service kubernetes -o 'jsonpath={.spec.clusterIP}')
	cat > "$work/rules.yaml" <<-END
		version: v1
		resourceModifierRules:
		- conditions: {groupResource: services}
		  patches: [{operation: add, path: /spec/clusterIP, value: "$taken"}]
	END
	found addresses "warn:cluster-ip-taken" --resource-modifiers "$work/rules.yaml"
	says "belongs to service default/kubernetes"
}

nodes() {
	stored nodes <<-'PY'
	zone = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
	    {"matchExpressions": [{"key": "topology.kubernetes.io/zone", "operator": "In", "values": ["eu-1a"]}]}]}}}
	add("deployments.apps/namespaces/nodes/a", workload("a", "nodes", affinity=zone))
	add("deployments.apps/namespaces/nodes/b", workload("b", "nodes", nodeSelector={"disk": "ssd"}))
	PY
	found nodes ""
	kubectl apply -f - <<< '{apiVersion: v1, kind: Node, metadata: {name: n1, labels: {disk: hdd}}}' > /dev/null
	found nodes "warn:no-node"
	[ "$(grep -o '"code":"no-node"' "$work/rows.json" | wc -l)" = 2 ]
	kubectl label node n1 --overwrite disk=ssd topology.kubernetes.io/zone=eu-1a > /dev/null
	found nodes ""
	kubectl delete node n1 > /dev/null
}

types() {
	stored types <<-'PY'
	add("gadgets.example.com/namespaces/types/g", obj("Gadget", "g", "types", api="example.com/v1"))
	add("deployments.apps/namespaces/types/old", obj("Deployment", "old", "types", api="apps/v9"))
	add("podsecuritypolicies.policy/cluster/psp", obj("PodSecurityPolicy", "psp", api="policy/v1beta1"))
	add("configmaps/namespaces/types/a", obj("ConfigMap", "a", "types"))
	PY
	found types "warn:type-missing warn:version-missing"
	says "the cluster has no such type"
	says "--any-version"
	found types "warn:type-missing" --exclude-resources deployments
	found types "" --include-resources configmaps
	# Another copy in the backup, or a conversion, helps; that is good news.
	stored converted <<-'PY'
	add("ingresses.extensions/namespaces/types/i", obj("Ingress", "i", "types", api="extensions/v1beta1",
	    spec={"backend": {"serviceName": "s", "servicePort": 1}}))
	PY
	found converted ""
	says "1 objects are converted: apiVersion extensions/v1beta1 "
	orlop restore plan --from-backup converted --location "$location" --kubeconfig "$b" > "$work/plan" 2>&1
	grep -q "create .*apiVersion extensions/v1beta1 -> networking.k8s.io/v1" "$work/plan" || fail "the plan is silent: $(cat "$work/plan")"
	stored older <<-'PY'
	add("configmaps/namespaces/types/a", obj("ConfigMap", "a", "types"))
	annotate("20")
	PY
	found older "warn:version-skew"
	says "versions newer"
	stored same <<-'PY'
	add("configmaps/namespaces/types/a", obj("ConfigMap", "a", "types"))
	annotate("35")
	PY
	found same ""
	stored newer <<-'PY'
	add("configmaps/namespaces/types/a", obj("ConfigMap", "a", "types"))
	annotate("99")
	PY
	found newer "warn:version-skew"
	says "the cluster is older"
}

rights() {
	local token
	stored rights <<-'PY'
	add("configmaps/namespaces/rights/a", obj("ConfigMap", "a", "rights"))
	add("secrets/namespaces/rights/a", obj("Secret", "a", "rights"))
	add("secrets/namespaces/rights2/a", obj("Secret", "a", "rights2"))
	PY
	for name in rights rights2; do kubectl create namespace $name > /dev/null; done
	kubectl -n rights create serviceaccount user > /dev/null
	token=$(kubectl -n rights create token user)
	sed "s/token: [0-9a-f]*/token: $token/" "$b" > "$work/user"
	kubectl create clusterrole look --verb=get,list --resource='*' > /dev/null
	kubectl create clusterrole make-secrets --verb=get,create --resource=secrets > /dev/null
	kubectl create clusterrole look-around --verb=get,list --resource='*.*' > /dev/null
	kubectl create clusterrolebinding look --clusterrole=look --serviceaccount=rights:user > /dev/null
	kubectl create clusterrolebinding look-around --clusterrole=look-around --serviceaccount=rights:user > /dev/null
	kubectl -n rights create rolebinding make --clusterrole=make-secrets --serviceaccount=rights:user > /dev/null
	user=$work/user
	until_true 20 kubectl --kubeconfig="$user" -n rights auth can-i create secrets
	found rights "stop:access-denied warn:access-partial"
	says "you may not create configmaps in namespace rights"
	says "you may not create secrets in namespace rights2"
	found rights "" --include-namespaces rights --include-resources secrets
	# It ends before anything is written.
	ends 6 "access-denied|--ignore" orlop restore create rights --from-backup rights --location "$location" --kubeconfig "$user"
	[ -z "$(kubectl -n rights get secrets -o name)" ] || fail "it was begun"
	[ ! -e "$store/restores/rights" ] || fail "it was recorded"
	ends 3 "configmaps rights/a" orlop restore create rights --from-backup rights --location "$location" --kubeconfig "$user" \
		--ignore access-denied
	[ "$(kubectl -n rights get secrets -o name)" = secret/a ]
	# Who may list nothing misses nothing.
	kubectl delete clusterrolebinding look look-around > /dev/null
	until_true 20 not kubectl --kubeconfig="$user" auth can-i list namespaces
	found rights "warn:not-checked" --include-namespaces rights --include-resources secrets
}
not() { ! "$@"; }

# What a policy, a prune or hooks need is asked for only then.
rights_by_policy() {
	local token need
	stored policy <<-'PY'
	add("configmaps/namespaces/policy/a", obj("ConfigMap", "a", "policy"))
	PY
	stored hooked <<-'PY'
	one = pod("p", "policy")
	one["metadata"]["annotations"] = {"post.hook.restore.velero.io/command": '["/bin/true"]'}
	add("pods/namespaces/policy/p", one)
	PY
	kubectl create namespace policy > /dev/null
	kubectl -n policy create serviceaccount user > /dev/null
	token=$(kubectl -n policy create token user)
	sed "s/token: [0-9a-f]*/token: $token/" "$b" > "$work/policy"
	kubectl create clusterrole policy-look --verb=get,list --resource='*' > /dev/null
	kubectl create clusterrole policy-look-around --verb=get,list --resource='*.*' > /dev/null
	kubectl create clusterrolebinding policy-look --clusterrole=policy-look --serviceaccount=policy:user > /dev/null
	kubectl create clusterrolebinding policy-look-around --clusterrole=policy-look-around --serviceaccount=policy:user > /dev/null
	kubectl -n policy create role make --verb=create --resource=configmaps,pods > /dev/null
	kubectl -n policy create rolebinding make --role=make --serviceaccount=policy:user > /dev/null
	user=$work/policy
	until_true 20 kubectl --kubeconfig="$user" -n policy auth can-i create pods
	found policy ""
	for need in "update patch" "apply patch" "recreate delete"; do
		found policy "warn:access-partial" --existing-resource-policy "${need% *}"
		says "you may not ${need#* } configmaps in namespace policy"
	done
	found policy "warn:access-partial" --prune --include-namespaces policy
	says "you may not delete configmaps"
	found hooked "warn:access-partial"
	says "you may not create pods/exec in namespace policy"
	kubectl -n policy create role exec --verb=get,create --resource=pods/exec > /dev/null
	kubectl -n policy create rolebinding exec --role=exec --serviceaccount=policy:user > /dev/null
	until_true 20 kubectl --kubeconfig="$user" -n policy auth can-i create pods/exec
	found hooked ""
}

the_target_is_gone() {
	sed 's|server: "[^"]*"|server: "https://127.0.0.1:1"|' "$b" > "$work/gone"
	ends 6 "127.0.0.1:1" orlop restore preflight --from-backup plain --location "$location" --kubeconfig "$work/gone"
	ends 6 "127.0.0.1:1" orlop restore create gone --from-backup plain --location "$location" --kubeconfig "$work/gone"
	[ ! -e "$store/restores/gone" ]
}

# One that does not end: told with the time that the server gives, which only a proxy can set back.
namespaces_that_do_not_go() {
	stored stuck <<< 'add("configmaps/namespaces/stuck/a", obj("ConfigMap", "a", "stuck"))'
	found stuck ""
	cat > "$work/namespaces" <<-'END'
		{"kind":"NamespaceList","apiVersion":"v1","metadata":{"resourceVersion":"1"},"items":[{"metadata":{"name":"stuck",
		"uid":"1","deletionTimestamp":"2020-01-01T00:00:00Z"},"status":{"phase":"Terminating","conditions":[
		{"type":"NamespaceFinalizersRemaining","status":"True","message":"example.com/hold in 1 resource instances"}]}}]}
	END
	start_api_proxy "$work/api.log" "$b" "garble=$work/namespaces ^GET /api/v1/namespaces(\?|$)"
	user=$started
	found stuck "stop:namespace-stuck"
	says "for more than 10 minutes: example.com/hold in 1 resource instances"
	ends 1 "namespace-stuck|--ignore" orlop restore create stuck --from-backup stuck --location "$location" --kubeconfig "$user"
	[ ! -e "$store/restores/stuck" ] || fail "it was recorded"
	not kubectl get namespace stuck
}

namespaces_going_away() {
	stored leaving <<< 'add("configmaps/namespaces/leaving/a", obj("ConfigMap", "a", "leaving"))'
	kubectl create namespace leaving > /dev/null
	found leaving ""
	kubectl delete namespace leaving --wait=false > /dev/null
	found leaving "warn:namespace-terminating"
	found leaving "" --namespace-mappings leaving:elsewhere
}

gitops() {
	stored gitops <<-'PY'
	add("configmaps/namespaces/gitops/a", dict(obj("ConfigMap", "a", "gitops"), metadata={"name": "a", "namespace": "gitops",
	    "labels": {"kustomize.toolkit.fluxcd.io/name": "apps"}}))
	add("deployments.apps/namespaces/gitops/w", workload("w", "gitops", annotations={"argocd.argoproj.io/tracking-id": "x"}))
	PY
	found gitops ""
	define applications.argoproj.io.Application Namespaced
	define kustomizations.kustomize.toolkit.fluxcd.io.Kustomization Namespaced
	found gitops "warn:gitops-owner"
	says "belong to Argo CD"
	says "belong to Flux"
}

findings_come_with_the_plan() {
	kubectl create namespace planned > /dev/null
	stored planned <<< 'add("persistentvolumeclaims/namespaces/planned/a", claim("a", "planned", storageClassName="nowhere"))'
	orlop restore plan --from-backup planned --location "$location" --kubeconfig "$b" -o json > "$work/plan.json" 2> "$work/stderr"
	python3 - "$work/plan.json" <<-'PY'
	import json, sys
	plan = json.load(open(sys.argv[1]))
	assert [f["code"] for f in plan["findings"]] == ["storage-class-missing"], plan
	assert all("action" in row for row in plan["items"]), plan
	PY
	grep -q "warning: storage-class-missing: .*planned/a" "$work/stderr" || fail "the plan does not tell"
	orlop restore create planned --from-backup planned --location "$location" --kubeconfig "$b" 2> "$work/stderr"
	zgrep -q "storage-class-missing" "$store/restores/planned/restore-planned-results.gz" || fail "it was not recorded"
	orlop restore create planned2 --from-backup planned --location "$location" --kubeconfig "$b" --ignore all 2> "$work/stderr"
	! grep -q "storage-class" "$work/stderr" || fail "it was not ignored"
	ends 2 "storage-class-missing" orlop restore create planned3 --from-backup planned --location "$location" --kubeconfig "$b" \
		--ignore storage-class-mising
}

for name in nothing_to_say storage_classes snapshot_classes volume_data quotas pod_security references webhooks gateways \
	node_ports cluster_addresses nodes types rights rights_by_policy namespaces_going_away namespaces_that_do_not_go \
	the_target_is_gone gitops findings_come_with_the_plan; do
	try "$name"
done
[ -n "${CASES:-}" ] || try every_finding_has_its_cases
