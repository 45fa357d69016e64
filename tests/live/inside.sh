#!/usr/bin/env bash
# Looking into backups: ls, cat, diff, history and grep on backups of a cluster that changed between them.
# shellcheck source=tests/live/harness.sh
. "$(dirname "${BASH_SOURCE[0]}")/harness.sh"

store=$work/store
mkdir "$store"
start_cluster a --bare && a=$started
start_minio backups && minio=$started
location="dir:$store"
bucket="s3://backups?region=minio&s3ForcePathStyle=true&s3Url=$minio"
export AWS_ACCESS_KEY_ID=$MINIO_USER AWS_SECRET_ACCESS_KEY=$MINIO_PASSWORD
kubectl() { "$SANDBOX_DIR/bin/kubectl" "--kubeconfig=$a" "$@"; }
backup() { # NAME [OPTION...]
	local name=$1
	shift
	orlop backup create "$name" --location "$location" --kubeconfig "$a" "$@" > /dev/null 2>&1
}

fill() {
	kubectl create namespace shop
	kubectl -n shop create configmap conf --from-literal=$'app.conf=one\ntwo\nthree' --from-literal=k=v
	kubectl -n shop create configmap stays --from-literal=k=v
	kubectl -n shop create secret generic pw --from-literal=password=hunter2
	echo '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"applied","namespace":"shop"},"stringData":{"p":"sesame-1"}}' |
		kubectl apply -f -
	kubectl -n shop create deployment web --image=nginx:1 --replicas=2
	backup b1
	kubectl -n shop patch deployment web --type=json -p '[{"op":"replace","path":"/spec/replicas","value":3},
		{"op":"replace","path":"/spec/template/spec/containers/0/image","value":"nginx:2"}]'
	kubectl -n shop patch configmap conf -p '{"data":{"app.conf":"one\n2\nthree"}}'
	kubectl -n shop patch secret pw -p '{"stringData":{"password":"hunter3"}}'
	kubectl -n shop create configmap fresh --from-literal=a=b
	backup b2
	backup narrow --include-namespaces default
	kubectl -n shop delete configmap fresh
	kubectl -n shop label configmap stays "note=$(date +%s)"
	kubectl -n shop label configmap stays note-
	backup b3
}
fill > "$work/fill" 2>&1 || { echo "not ok setup: $(tail -n 1 "$work/fill")"; exit 1; }

# A backup as of another program: the metadata and the tarball of b2, no index, no annotations of ours.
foreign() {
	mkdir -p "$store/backups/theirs"
	cp "$store/backups/b2/b2.tar.gz" "$store/backups/theirs/theirs.tar.gz"
	python3 - "$store/backups" <<-'PY'
	import json, sys
	doc = json.load(open(sys.argv[1] + "/b2/velero-backup.json"))
	doc["metadata"]["name"] = "theirs"
	doc["metadata"]["annotations"] = {}
	json.dump(doc, open(sys.argv[1] + "/theirs/velero-backup.json", "w"))
	PY
}
foreign

run() { # OPTION...: its output in $work/got, its status must be 0
	orlop backup "$@" --location "$location" > "$work/got" 2> "$work/said" || fail "status $?: $(tail -n 1 "$work/said")"
}
has() { grep -qF -- "$1" "$work/got" || fail "no '$1' in: $(head -n 20 "$work/got")"; }
lacks() { ! grep -qF -- "$1" "$work/got" || fail "'$1' is told"; }
quiet_types=events,leases.coordination.k8s.io

ls_as_a_tree() {
	run ls b1 --include-namespaces shop --tree namespace
	grep -Eq '^shop +[0-9.]+ [KMi]*B  [0-9]+ objects$' "$work/got"
	grep -Eq '^  configmaps .* 2 objects$' "$work/got" || fail "$(cat "$work/got")"
	grep -Eq '^    stays ' "$work/got"
	run ls b1 --include-namespaces shop --tree kind
	grep -Eq '^deployments.apps .* 1 object$' "$work/got"
	ends 2 "neither namespace nor kind" orlop backup ls b1 --tree height --location "$location"
	run ls b1 --include-resources cm --include-namespaces shop -o name
	[ "$(sort "$work/got" | tr '\n' ' ')" = "configmaps/shop/conf configmaps/shop/stays " ]
}

cat_masks_secrets() {
	run cat b1 secret/shop/pw
	has "password: '*** (7 bytes)'"
	run cat b1 secret/shop/applied -o json
	lacks sesame
	lacks "$(printf sesame-1 | base64)"
	has last-applied-configuration
	run cat b1 secret/shop/pw --show-secrets
	has "$(printf hunter2 | base64)"
}

diff_tells_each_object_and_field() {
	run diff b1 b2 -o json --exclude-resources "$quiet_types"
	python3 - "$work/got" <<-'PY'
	import json, sys
	rows = {(r["change"], r["resource"], r["name"]): r for r in json.load(open(sys.argv[1]))["items"]}
	assert set(rows) == {("changed", "deployments.apps", "web"), ("changed", "configmaps", "conf"),
	                     ("changed", "secrets", "pw"), ("added", "configmaps", "fresh")}, set(rows)
	web = {c["path"]: (c["old"], c["new"]) for c in rows["changed", "deployments.apps", "web"]["changes"]}
	assert web == {"spec.replicas": (2, 3), "spec.template.spec.containers[name=nginx].image": ("nginx:1", "nginx:2")}, web
	patch = rows["changed", "configmaps", "conf"]["patch"]
	assert patch == {"data": {"app.conf": "one\n2\nthree"}}, patch
	PY
	lacks "$(printf hunter | base64 | cut -c1-6)"
	has "another value"
	run diff b2 b1 --include-resources configmaps
	has "- configmaps/shop/fresh"
	has "+   two"
	! grep -q "$(printf '\033')" "$work/got" || fail "colors without a terminal"
}

diff_has_its_exit_codes() {
	run diff b1 b2
	ends 3 "changed" orlop backup diff b1 b2 --exit-code --location "$location"
	orlop backup diff b2 b2 --exit-code --location "$location" > "$work/got" 2>&1
	ends 4 "b2" orlop backup diff b1 b22 --location "$location"
	ends 4 "widgets" orlop backup diff b1 b2 --include-resources widgets --location "$location"
}

all_fields_are_compared_when_asked() {
	run diff b2 b3 --include-namespaces shop --include-resources configmaps
	lacks stays
	run diff b2 b3 --include-namespaces shop --include-resources configmaps --all-fields
	has "metadata.resourceVersion"
}

what_a_backup_was_not_asked_to_hold_is_said() {
	run diff b2 narrow --include-resources deployments
	has "- deployments.apps/shop/web  (backup 'narrow' was not asked to hold it)"
}

diff_with_the_cluster() {
	run diff b3 live --kubeconfig "$a" --exclude-resources "$quiet_types"
	[ ! -s "$work/got" ] || fail "differs from what was just backed up: $(head -n 5 "$work/got")"
	run diff b1 live --kubeconfig "$a" --include-namespaces shop
	has "spec.replicas"
	lacks fresh
	lacks stays
	kubectl -n shop create configmap newer --from-literal=a=b > /dev/null
	kubectl -n shop delete configmap conf > /dev/null
	run diff b3 live --kubeconfig "$a" --include-resources configmaps
	has "+ configmaps/shop/newer"
	has "- configmaps/shop/conf"
	run diff narrow live --kubeconfig "$a" --include-resources configmaps
	lacks shop
}

a_backup_without_an_index_is_the_same() {
	run diff b2 theirs --exit-code
	[ ! -s "$work/got" ] || fail "$(head -n 5 "$work/got")"
	run diff b1 theirs --include-resources deployments
	has "spec.replicas"
}

history_of_an_object() {
	run history deployment/shop/web -o json
	python3 - "$work/got" <<-'PY'
	import json, sys
	rows = {r["backup"]: r["change"] for r in json.load(open(sys.argv[1]))["items"]}
	assert rows == {"b1": "first", "b2": "changed", "b3": "same", "theirs": "first"}, rows
	PY
	run history configmap/shop/fresh --source-cluster "$(orlop backup list --location "$location" -o json |
		python3 -c 'import json, sys; print([b["metadata"]["annotations"]["orlop.dev/source-cluster-uid"]
			for b in json.load(sys.stdin)["items"] if b["metadata"]["name"] == "b1"][0])')"
	grep -Eq '^b2 .* created ' "$work/got" && grep -Eq '^b3 .* deleted ' "$work/got" || fail "$(cat "$work/got")"
	lacks narrow
	run history secret/shop/pw --diff
	has "another value"
	ends 4 "no 'configmap/shop/nothing'" orlop backup history configmap/shop/nothing --location "$location"
	ends 2 "KIND/NAME" orlop backup history web --location "$location"
}

grep_finds_fields() {
	run grep 'nginx:\d' --all -o json
	python3 - "$work/got" <<-'PY'
	import json, sys
	rows = {(r["backup"], r["path"], r["text"]) for r in json.load(open(sys.argv[1]))["items"]}
	image = "spec.template.spec.containers[name=nginx].image"
	assert rows == {("b1", image, "nginx:1"), ("b2", image, "nginx:2"), ("b3", image, "nginx:2"),
	                ("theirs", image, "nginx:2")}, rows
	PY
	run grep '^two$' b1
	has 'configmaps/shop/conf: data["app.conf"]:2: two'
	run grep -i NGINX b1 -o name
	[ "$(cat "$work/got")" = deployments.apps/shop/web ] || fail "$(cat "$work/got")"
	run grep nginx b1 --count
	grep -Eq '^deployments.apps/shop/web: [0-9]+$' "$work/got"
}

grep_does_not_find_secrets() {
	ends 4 "nothing matches" orlop backup grep 'hunter|sesame|aHVudGVy' b1 --location "$location"
	run grep 'hunter|sesame' b1 --show-secrets
	has "secrets/shop/pw: data.password: hunter2"
	has "secrets/shop/applied: data.p: sesame-1"
}

grep_has_limits() {
	ends 2 "missing" orlop backup grep '(' b1 --location "$location"
	ends 2 "name of a backup, or --all" orlop backup grep x --location "$location"
	kubectl -n shop create configmap long "--from-literal=k=$(printf 'a%.0s' {1..4000})b" > /dev/null
	backup slow
	ends "3|4" "takes too long" orlop backup grep '(a+)+$|(a|aa)+c' slow --include-resources configmaps --location "$location"
}

in_a_bucket() {
	orlop backup create s1 --location "$bucket" --kubeconfig "$a" > /dev/null
	orlop backup create s2 --location "$bucket" --kubeconfig "$a" --include-namespaces shop > /dev/null
	start_proxy "$work/proxy" "$minio" 'status=403 GET .*\.tar\.gz'
	local through=${bucket/$minio/$started}
	# What is the same in both is not read: the tarballs cannot be.
	orlop backup diff s1 s2 --include-namespaces shop --location "$through" > "$work/got" 2> "$work/said"
	[ ! -s "$work/got" ] || fail "$(head -n 5 "$work/got")"
	[ ! -s "$work/proxy" ] || fail "a tarball was read: $(cat "$work/proxy")"
	orlop backup history deployment/shop/web --location "$through" > "$work/got"
	grep -Eq '^s2 .* same ' "$work/got"
	orlop backup grep nginx: s1 --location "$bucket" > "$work/got"
	has "nginx:2"
}

hostile_backups_are_told() {
	python3 "$here/hostile.py" "$store" "$store/backups/b1"
	ends 7 "hostile-invalid-json" orlop backup diff b1 hostile-invalid-json --location "$location"
	ends 7 "hostile-bomb" orlop backup grep x hostile-bomb --location "$location"
	ends 3 "hostile-bad-crc" orlop backup history deployment/shop/web --location "$location"
	grep -q '^b2 .* changed' "$work/stdout" || fail "the others are not told"
}

for name in ls_as_a_tree cat_masks_secrets diff_tells_each_object_and_field diff_has_its_exit_codes \
	all_fields_are_compared_when_asked what_a_backup_was_not_asked_to_hold_is_said diff_with_the_cluster \
	a_backup_without_an_index_is_the_same history_of_an_object grep_finds_fields grep_does_not_find_secrets \
	grep_has_limits in_a_bucket hostile_backups_are_told; do
	try "$name"
done
