#!/usr/bin/env bash
# Single objects, patterns and lists chosen for a restore, and what they refer to: in the plan and when restored.
# shellcheck source=tests/live/harness.sh
. "$(dirname "${BASH_SOURCE[0]}")/harness.sh"

store=$work/store
mkdir "$store"
start_cluster a --bare && a=$started
start_cluster b --bare && b=$started
location="dir:$store"
kubectl() { "$SANDBOX_DIR/bin/kubectl" "--kubeconfig=$cluster" "$@"; }

fill() {
	local cluster=$a
	# What is of a kind that is not served yet fails the first time.
	kubectl create --validate=false -f "$here/data/selection.yaml" > /dev/null 2>&1 || true
	until_true 20 kubectl get apps.example.dev -A
	kubectl apply --validate=false -f "$here/data/selection.yaml" > /dev/null 2>&1
	kubectl -n shop get apps.example.dev web > /dev/null
	orlop backup create b1 --location "$location" --kubeconfig "$a" > /dev/null 2>&1
}
fill || { echo "not ok setup: no backup"; exit 1; }

restore() { # VERB OPTION...
	local verb=$1
	shift
	orlop restore "$verb" --from-backup b1 --location "$location" --kubeconfig "$b" "$@"
}

# plan OPTION...: what a restore would be about, as KIND/[NAMESPACE/]NAME, in $work/planned; reasons in $work/reasons
plan() {
	local code=0
	restore plan "$@" -o json > "$work/plan.json" 2> "$work/plan.err" < "${list:-/dev/null}" || code=$?
	# What is chosen without its definition is blocked: 3.
	case $code in 0 | 3) ;; *) fail "exit status $code: $(cat "$work/plan.err")" ;; esac
	python3 - "$work" <<-'PY'
	import json, sys
	work = sys.argv[1]
	with open(work + "/planned", "w") as planned, open(work + "/reasons", "w") as reasons:
	    for row in json.load(open(work + "/plan.json"))["items"]:
	        place = "/".join(filter(None, (row["kind"], row["namespace"], row["name"])))
	        # Namespaces of what is planned come along.
	        if row["kind"] != "Namespace" or "--namespaces" in sys.argv:
	            print(place, file=planned)
	        if "why" in row:
	            print(place, row["why"], sep=" ", file=reasons)
	PY
	sort -o "$work/planned" "$work/planned"
}

says() { # WORDS: so does the last plan
	grep -q "$1" "$work/plan.json" "$work/plan.err"
}

chooses() { # "OBJECT..." OPTION...: the plan is about exactly these
	local want=$1
	shift
	plan "$@"
	diff <(tr ' ' '\n' <<< "$want" | sort) "$work/planned" || fail "other objects were chosen"
}

each_form() {
	local options want
	while IFS=';' read -r options want; do
		echo "$options"
		# shellcheck disable=SC2086  # options are words
		eval "set -- $options"
		chooses "$(xargs <<< "$want")" "$@"
	done <<'END'
--include-object deployment/shop/web ; Deployment/shop/web
--include-object deploy/shop/web ; Deployment/shop/web
--include-object deployments.apps/shop/web ; Deployment/shop/web
--include-object Deployment/shop/web --include-object svc/shop/db ; Deployment/shop/web Service/shop/db
--include-object app/shop/web ; App/shop/web
--include-object priorityclass/high ; PriorityClass/high
--include-object pc//high ; PriorityClass/high
--include-object 'cm/shop/env-*' ; ConfigMap/shop/env-from ConfigMap/shop/env-one
--include-object 'cm/*/unrelated' ; ConfigMap/other/unrelated ConfigMap/shop/unrelated
--include-object 'cm/s*/unrelate[a-d]' ; ConfigMap/shop/unrelated
--include-object 'cm/shop/~^(env|mount)' ; ConfigMap/shop/env-from ConfigMap/shop/env-one ConfigMap/shop/mounted
--include-object 'cm/~^s.{3}$/~d$' ; ConfigMap/shop/mounted ConfigMap/shop/projected ConfigMap/shop/unrelated
--include-object '*/shop/web' ; App/shop/web Deployment/shop/web HorizontalPodAutoscaler/shop/web Ingress/shop/web Service/shop/web
--include-object '~set|^Ingress$/shop/*' ; Ingress/shop/web StatefulSet/shop/db
--include-object '~classes/*a*' --exclude-object 'flow*/*' --exclude-object 'pc/system-*' ; RuntimeClass/sealed StorageClass/fast
--include-object '*/shop/web' --exclude-object '~^(App|Ingress)$/*/*' --exclude-object hpa/shop/web ; Deployment/shop/web Service/shop/web
--include-namespaces other --exclude-object 'cm/*/unrelat?d' ; ServiceAccount/other/stranger
--include-object '*/*/unrelated' --include-namespaces shop ; ConfigMap/shop/unrelated
--include-object 'cm/shop/*' -l tier=front ; ConfigMap/shop/env-from ConfigMap/shop/unrelated
--include-object '*/shop/*' --include-resources cm --include-names '^env' ; ConfigMap/shop/env-from ConfigMap/shop/env-one
--include-object 'clusterrole/node-reader' --include-namespaces shop ; ClusterRole/node-reader
END
}

from_files() {
	printf '# what we want\n\n  cm/shop/env-one\r\nsecret/shop/~^pull-\n' > "$work/list"
	chooses 'ConfigMap/shop/env-one Secret/shop/pull-account Secret/shop/pull-pod' --objects-from "$work/list"
	list=$work/list chooses 'ConfigMap/shop/env-one Secret/shop/pull-account Secret/shop/pull-pod' --objects-from -
	chooses 'ConfigMap/shop/env-one Secret/shop/pull-account Secret/shop/pull-pod Service/shop/db' \
		--objects-from "$work/list" --include-object svc/shop/db
	chooses 'Secret/shop/pull-account Secret/shop/pull-pod' --objects-from "$work/list" --exclude-object 'cm/*/*'
}

# Names as `backup ls` prints them, every one of them and a few of them.
from_names() {
	orlop backup ls b1 --location "$location" -o name > "$work/names"
	grep -qx events/shop/web "$work/names" || fail "no event in the backup"
	grep -q '^deployments.apps/shop/web$' "$work/names" || fail "ls prints other names: $(head -n 3 "$work/names")"
	grep -q '^storageclasses.storage.k8s.io/fast$' "$work/names"
	plan
	mv "$work/planned" "$work/all"
	list=$work/names plan --objects-from -
	diff "$work/all" "$work/planned" || fail "the list of everything is not everything"
	says 'name what is never restored'
	grep web "$work/names" > "$work/some"
	list=$work/some plan --objects-from -
	[ "$(grep -c . "$work/planned")" = "$(grep -vc ^events/ "$work/some")" ] || fail "$(diff "$work/some" "$work/planned")"
	grep -v ^events/ "$work/some" > "$work/restored"
	list=$work/restored plan --objects-from -
	! says 'never restored' || fail "a warning about nothing"
}

mistakes() {
	local codes words options
	while IFS='|' read -r codes words options; do
		echo "$options"
		eval "set -- $options"
		ends "$(xargs <<< "$codes")" "$(tr ';' '|' <<< "$words" | sed 's/^ *//; s/ *$//')" restore plan "$@"
	done <<'END'
4 | --include-object 'deploy/shop/wbe';no such object;did you mean 'deployments.apps/shop/web' | --include-object deploy/shop/wbe
4 | did you mean 'configmaps/shop/env-one' | --include-object cm/storage/env-one
4 | did you mean 'services/shop/db' | --include-object cm/shop/db
4 | 'cm/shop/zz*';matches nothing in the backup | --include-object 'cm/shop/*' --include-object 'cm/shop/zz*'
4 | --exclude-object 'cm/shop/unrelatd';did you mean | --exclude-object cm/shop/unrelatd
4 | a kind 'deploymet';did you mean 'deployment | --include-object deploymet/shop/web
2 | 'web';not KIND/NAMESPACE/NAME | --include-object web
2 | not KIND/NAMESPACE/NAME | --include-object deploy/shop/web/more
2 | deployments.apps are in namespaces;'deploy/NAMESPACE/web' | --include-object deploy/web
2 | storageclasses.storage.k8s.io are outside namespaces;'sc/fast' | --include-object sc/shop/fast
2 | events are never restored | --include-object events/shop/web
2 | 'cm/shop/a[';closing | --include-object 'cm/shop/a['
2 | 'cm/shop/~(';offset | --include-object 'cm/shop/~('
END
	printf '# two\n\ncm/shop/env-one\ndeploymet/shop/web\n' > "$work/wrong"
	ends 4 "line 4|did you mean" restore plan --objects-from "$work/wrong"
	printf '# nothing\n' > "$work/nothing"
	ends 2 "--objects-from|no entries" restore plan --objects-from "$work/nothing"
	ends 2 "--objects-from|no entries" restore plan --objects-from - < /dev/null
	ends 2 "--objects-from|nowhere" restore plan --objects-from "$work/nowhere"
	printf 'cm/shop/env-one\ncm/shop/gone-1\ncm/shop/gone-2\n' > "$work/gone"
	ends 4 "line 2|1 more" restore create r-wrong --objects-from "$work/gone"
	[ ! -e "$store/restores/r-wrong" ] || fail "it was recorded as a restore"
	cluster=$b kubectl get namespace shop > /dev/null 2>&1 && fail "something was written"
	ends 2 "unknown option" orlop backup create b2 --location "$location" --kubeconfig "$a" --include-object cm/shop/env-one
}

of_web='App/shop/web ClusterRole/node-reader ClusterRoleBinding/node-readers ClusterRoleBinding/runner-views
	ConfigMap/shop/env-from ConfigMap/shop/env-one ConfigMap/shop/mounted ConfigMap/shop/projected
	CustomResourceDefinition/apps.example.dev Deployment/shop/web PersistentVolume/volume PersistentVolumeClaim/shop/data
	PriorityClass/high Role/shop/runner RoleBinding/shop/runner RuntimeClass/sealed Secret/shop/env-from Secret/shop/mounted
	Secret/shop/pull-account Secret/shop/pull-pod Secret/storage/provisioner ServiceAccount/shop/runner StorageClass/fast'

dependencies() {
	chooses "$(xargs <<< "$of_web")" --include-object deploy/shop/web --with-dependencies
	while IFS='|' read -r what why; do
		grep -qxF "$(xargs <<< "$what") added: $(xargs <<< "$why")" "$work/reasons" || fail "not so: $what $why"
	done <<'END'
App/shop/web                      | Deployment shop/web uses it as owner
CustomResourceDefinition/apps.example.dev | App shop/web uses it as definition
ConfigMap/shop/env-one            | Deployment shop/web uses it as env
Secret/shop/env-from              | Deployment shop/web uses it as envFrom
PersistentVolume/volume           | PersistentVolumeClaim shop/data uses it as volumeName
Secret/storage/provisioner        | StorageClass fast uses it as provisioner-secret
ClusterRoleBinding/node-readers   | ServiceAccount shop/runner uses it as binding
ClusterRole/node-reader           | ClusterRoleBinding node-readers uses it as roleRef
END
	! grep -q '^Deployment' "$work/reasons" || fail "what was chosen was added, too"
}

dependencies_of_others() {
	chooses 'Deployment/shop/web' --include-object deploy/shop/web
	chooses 'Ingress/shop/web IngressClass/outer Secret/shop/tls Service/shop/web' --include-object ing/shop/web --with-dependencies
	chooses 'PersistentVolumeClaim/shop/store-db-1 Secret/storage/provisioner Service/shop/db StatefulSet/shop/db StorageClass/fast' \
		--include-object sts/shop/db --with-dependencies
	chooses 'Service/shop/web ValidatingWebhookConfiguration/hook' --include-object '*/hook' --with-dependencies
	chooses "$(xargs <<< "$of_web HorizontalPodAutoscaler/shop/web")" --include-object hpa/shop/web --with-dependencies
	chooses 'ClusterRole/node-reader ClusterRoleBinding/node-readers ClusterRoleBinding/runner-views ClusterRoleBinding/strangers Role/shop/runner RoleBinding/shop/runner Secret/shop/pull-account ServiceAccount/other/stranger ServiceAccount/shop/runner' \
		--include-object rolebindings/shop/runner --with-dependencies
}

what_is_excluded_is_not_added() {
	chooses "$(xargs <<< "$of_web" | tr ' ' '\n' | grep -v '^Secret\|^StorageClass' | xargs)" \
		--include-object deploy/shop/web --with-dependencies --exclude-resources secrets --exclude-object sc/fast
	plan --include-object deploy/shop/web --with-dependencies --exclude-namespaces storage --include-cluster-resources=false
	grep -q '^PersistentVolume/\|^Secret/storage\|^ClusterRole' "$work/planned" && fail "what is excluded was added"
	# What only narrows the choice does not narrow what it needs.
	chooses "$(xargs <<< "$of_web")" --include-resources deployments --include-namespaces shop --with-dependencies
}

# Alone into an empty cluster: it is all there, nothing is told to be missing, and nothing else came.
restored_alone() {
	local cluster=$b place kind ns name
	restore create r1 --include-object deploy/shop/web --with-dependencies 2> "$work/said" > "$work/sum" || { cat "$work/said"; fail "exit status $?"; }
	cat "$work/said" "$work/sum"
	grep -q '25 created' "$work/sum" || fail "another number of objects was created"
	grep -q '0 failed; 1 warning, 0 errors' "$work/sum" || fail "something was missing"
	grep -q 'provisioner-missing.*csi.example' "$work/said" || fail "another warning"
	for place in $of_web; do
		IFS=/ read -r kind ns name <<< "$place"
		kubectl get "$kind" ${name:+-n "$ns"} "${name:-$ns}" > /dev/null || fail "$place is not there"
	done
	[ "$(kubectl get cm -A -o name | grep -c unrelated)" = 0 ] || fail "what nobody refers to was restored"
	! kubectl get namespace other > /dev/null 2>&1 || fail "a namespace of nobody was restored"
	[ "$(kubectl -n shop get deploy web -o jsonpath='{.spec.template.spec.serviceAccountName}')" = runner ]
	orlop restore logs r1 --location "$location" > "$work/log"
	grep -q 'ConfigMap shop/env-one added: Deployment shop/web uses it as env' "$work/log" || fail "the log does not say why"
}

# Without them it says what it lacks only where the backup has it not, either.
lacking_is_told() {
	local cluster=$a
	kubectl -n shop create serviceaccount lonely > /dev/null
	kubectl -n shop create -f - > /dev/null <<-'END'
	{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "lonely"}, "spec": {"serviceAccountName": "lonely",
	 "containers": [{"name": "a", "image": "a/b:1", "envFrom": [{"secretRef": {"name": "nobody-has-it"}}]}]}}
	END
	orlop backup create b3 --location "$location" --kubeconfig "$a" --include-namespaces shop > /dev/null 2>&1
	orlop restore create r3 --from-backup b3 --location "$location" --kubeconfig "$b" --include-object po/shop/lonely --with-dependencies > "$work/sum" 2> "$work/said"
	grep -q 'nobody-has-it' "$work/said" || fail "what is missing is not told: $(cat "$work/said" "$work/sum")"
}

for name in each_form from_files from_names mistakes dependencies dependencies_of_others what_is_excluded_is_not_added \
	restored_alone lacking_is_told; do
	try "$name"
done
