#!/usr/bin/env bash
# Both ways with the real Velero: a Velero server lists, shows, restores and deletes backups of orlop, orlop those of
# Velero, and what the two restore from the same backup is compared object by object. docs/velero-compatibility.md says
# what is known to differ, and why.
# shellcheck source=tests/live/harness.sh
. "$(dirname "${BASH_SOURCE[0]}")/harness.sh"

from=$SECONDS
sync_seconds=100 # a server looks at its location once a minute

# The controllers that complete objects without a node to run pods on.
controllers=namespace-controller,deployment-controller,replicaset-controller,statefulset-controller
controllers+=,daemonset-controller,job-controller,cronjob-controller,serviceaccount-controller
controllers+=,serviceaccount-token-controller,root-ca-certificate-publisher-controller,endpoints-controller
controllers+=,endpointslice-controller,disruption-controller,persistentvolume-binder-controller
controllers+=,persistentvolumeclaim-protection-controller,persistentvolume-protection-controller

# Where restores go, only namespaces are looked after: nothing may change what was restored before it is compared.
cluster_of() { echo "$SANDBOX_DIR/run/live-$$-$1/kubeconfig"; }
start_target() { # NAME
	echo "live-$$-$1" >> "$work/servers"
	HOME=$real_home "$sandbox" up "live-$$-$1" --controllers namespace-controller > /dev/null
}
stop_target() { HOME=$real_home "$sandbox" down "live-$$-$1"; }

# Targets are started one ahead, while others work.
declare -A starting
next_target() { # NAME
	start_target "$1" > "$work/start.$1" 2>&1 &
	starting[$1]=$!
}
target() { # NAME: waits for it
	wait "${starting[$1]}" || { cat "$work/start.$1" >&2; echo "not ok setup: no cluster $1"; exit 1; }
	cluster=$(cluster_of "$1")
}

start_minio backups && minio=$started
export AWS_ACCESS_KEY_ID=$MINIO_USER AWS_SECRET_ACCESS_KEY=$MINIO_PASSWORD
location="s3://backups?region=us-east-1&s3Url=$minio&s3ForcePathStyle=true"

run_velero() { # NAME [OPTION...]: the server for that cluster; one at a time is enough
	local name=$1
	shift
	HOME=$real_home "$sandbox" velero "live-$$-$name" "$minio" backups --apart "$@"
}
stop_velero() { HOME=$real_home "$sandbox" velero-down "live-$$-$1"; }

velero() { timeout -k 5 120 "$SANDBOX_DIR/bin/velero" --kubeconfig "$cluster" --colorized=false "$@"; }
kubectl() { "$SANDBOX_DIR/bin/kubectl" --kubeconfig "$cluster" "$@"; }
field() { kubectl -n velero get "$1" "$2" -o "jsonpath={.status.$3}"; } # KIND NAME FIELD
keys() { s3 "$minio" list backups "$1"; }
in_bucket() { [ -n "$(keys "$1")" ]; }
absent() { if "$@"; then return 1; fi; }
exists() { kubectl -n velero get "$1" "$2" > /dev/null 2>&1; }
completed() { [ "$(field "$1" "$2" phase)" = Completed ]; }

# says WORDS COMMAND...: the output has each of the words (a list with "|")
says() {
	local words=$1 word
	shift
	"$@" > "$work/said" 2>&1 || fail "status $?: $*: $(tail -n 2 "$work/said")"
	while IFS= read -r -d '|' word; do
		grep -qF -- "$word" "$work/said" || fail "not a word of '$word' from: $*"
	done <<< "$words|"
}

backup_by_velero() { # NAME OPTION...
	velero backup create "$@" --wait
	[ "$(field backup "$1" phase) $(field backup "$1" errors)" = "Completed " ] ||
		fail "backup $1: $(field backup "$1" phase), $(velero backup logs "$1" | grep level=error)"
}

restore_by_velero() { # NAME OPTION...
	velero restore create "$@" --wait
	[ "$(field restore "$1" phase) $(field restore "$1" errors)" = "Completed " ] ||
		fail "restore $1: $(field restore "$1" phase): $(velero restore logs "$1" | grep level=error | head -n 3)"
}

backup_by_orlop() { # NAME OPTION...
	orlop backup create "$@" -L "$location" --kubeconfig "$cluster"
}

# Nothing of the source failed, so the exit status is 0; warnings are findings, not failures.
restore_by_orlop() { # NAME OPTION...
	orlop restore create "$@" -L "$location" --kubeconfig "$cluster"
}

# diff_restores FIRST SECOND NAMES...: snapshots, and the names that belong together ("a=b"). $how are more options.
how=()
diff_restores() {
	local first=$1 second=$2 options=("${how[@]}") name
	shift 2
	for name; do options+=(--name "$name"); done
	python3 "$here/velerodiff.py" "$first" "$second" "${options[@]}" > "$work/differences" || {
		cat "$work/differences"
		fail "$(tail -n 1 "$work/differences"), first: $(head -n 1 "$work/differences")"
	}
	tail -n 1 "$work/differences"
}

# ---- the source ----

start_cluster source --controllers "$controllers" && source=$started
cluster=$source
next_target plain

fill_the_source() {
	python3 "$here/populate.py" "$source"
	kubectl apply -f "$here/more.yaml" > /dev/null
	kubectl -n more apply --server-side --field-manager=gitops -f - <<-'K'
	apiVersion: v1
	kind: ConfigMap
	metadata: {name: applied, namespace: more, labels: {by: gitops}}
	data: {a: "1", b: "2"}
	K
	# A second owner of one field.
	kubectl -n more patch configmap applied --field-manager=second --type=merge -p '{"data":{"b":"3"}}'
	until_true 30 kubectl get --raw /apis/shop.example/v1/namespaces/more/gadgets
	kubectl apply -f - <<-'K'
	apiVersion: shop.example/v1
	kind: Gadget
	metadata: {name: one, namespace: more}
	spec: {big: 9007199254740993, ratio: 0.10, none: [], nothing: {}}
	K
	# Velero can't restore a name of more than 250 characters: its extraction makes a file of that name and ".json".
	python3 - "$here" "$source" <<-'PY'
	import sys
	sys.path.insert(0, sys.argv[1])
	import kube
	cluster = kube.Cluster(sys.argv[2])
	for prefix, _, resource in cluster.types():
	    for item in cluster.items("%s/%s" % (prefix, resource["name"])):
	        meta = item["metadata"]
	        if len(meta["name"]) > 250:
	            within = "/namespaces/" + meta["namespace"] if "namespace" in meta else ""
	            cluster.request("PATCH", "%s%s/%s/%s" % (prefix, within, resource["name"], meta["name"]),
	                            {"metadata": {"labels": {"velero.io/exclude-from-backup": "true"}}},
	                            "application/merge-patch+json")
	PY
	until_true 60 kubectl -n more wait --for=jsonpath='{.status.phase}'=Bound pvc/static --timeout=1s
	until_true 60 kubectl -n more wait --for=jsonpath='{.status.active}'=2 job/running --timeout=1s
	until_true 60 kubectl -n more wait --for=jsonpath='{.data.token}' secret/front-tls --timeout=1s
	until_true 60 kubectl -n more wait --for=jsonpath='{.status.replicas}'=2 deployment/front --timeout=1s
	touch "$work/filled"
}

orlop_makes_backups() {
	local name
	backup_by_orlop ours
	backup_by_orlop ours-versions --all-versions
	for name in ours-deleted ours-requested ours-kept; do
		backup_by_orlop $name --include-namespaces pop-empty
	done
	backup_by_orlop ours-expired --include-namespaces pop-data --ttl 1s
}

CASES='' try fill_the_source
[ -e "$work/filled" ] || exit 1
snapshot "$source" "$work/source"
try orlop_makes_backups

# ---- ours, seen by Velero ----

try velero_starts run_velero source -- --garbage-collection-frequency 10s

velero_syncs_our_backups() {
	local name
	for name in ours ours-versions ours-deleted ours-requested ours-kept; do
		until_true $sync_seconds completed backup $name
	done
	says 'ours-kept|Completed' velero backup get
}

velero_describes_our_backup() {
	local count
	says 'Phase:  Completed|Resource List:|v1/ConfigMap:|- pop-shop/texts|shop.example/v1/Widget:|Backup Format Version:  1.1.0' \
		velero backup describe ours --details
	if grep -iE 'error getting|<error|not found' "$work/said"; then fail "describe --details names an error"; fi
	count=$(sed -n 's/^Items backed up: *//p' "$work/said")
	[ "$count" -ge 200 ] || fail "$count items"
	says 'Warnings:' velero backup describe ours
}

velero_shows_the_log_of_our_backup() { says 'level=info|Backup completed' velero backup logs ours; }

velero_downloads_our_backup() {
	rm -f "$work/ours.tar.gz"
	velero backup download ours --output "$work/ours.tar.gz"
	s3 "$minio" get backups backups/ours/ours.tar.gz | cmp - "$work/ours.tar.gz"
}

# Expiry: no key, no resource is left.
velero_collects_our_expired_backup() {
	until_true 60 absent in_bucket backups/ours-expired/
	until_true 60 absent exists backup ours-expired
	in_bucket backups/ours-kept/ || fail "another backup went, too"
}

velero_deletes_our_backup_on_request() {
	in_bucket backups/ours-requested/
	velero backup delete ours-requested --confirm
	until_true 60 absent in_bucket backups/ours-requested/
	until_true 60 absent exists backup ours-requested
	[ -z "$(kubectl -n velero get deletebackuprequests -o name)" ] || fail "a request was not fulfilled"
}

velero_restores_our_backup_over_its_source() {
	restore_by_velero again --from-backup ours --include-namespaces pop-empty
}

try velero_syncs_our_backups
try velero_describes_our_backup
try velero_shows_the_log_of_our_backup
try velero_downloads_our_backup
try velero_collects_our_expired_backup
try velero_deletes_our_backup_on_request
try velero_restores_our_backup_over_its_source

# ---- Velero's, seen by orlop ----

# Without its own namespace: the server in the target has one, too.
velero_makes_backups() {
	backup_by_velero theirs --include-cluster-resources=true --exclude-namespaces velero
	backup_by_velero theirs-default
	backup_by_velero theirs-chosen --include-namespaces more,pop-shop --selector app --snapshot-volumes=false
	backup_by_velero theirs-deleted --include-namespaces pop-empty
	velero schedule create nightly --schedule '0 3 1 1 *' --include-namespaces pop-data
	velero backup create --from-schedule nightly --wait
}

scheduled() { kubectl -n velero get backups -l velero.io/schedule-name=nightly -o 'jsonpath={.items[0].metadata.name}'; }

orlop_lists_backups_of_velero() {
	local name
	says "theirs|theirs-default|theirs-chosen|$(scheduled)|ours" orlop backup list -L "$location" -o name
	orlop backup list -L "$location" -o json > "$work/list.json"
	name=$(scheduled)
	python3 - "$work/list.json" "$name" "$(field backup theirs progress.itemsBackedUp)" <<-'PY'
	import json, sys
	found = {row["metadata"]["name"]: row for row in json.load(open(sys.argv[1]))["items"]}
	assert found[sys.argv[2]]["metadata"]["labels"]["velero.io/schedule-name"] == "nightly", found[sys.argv[2]]
	assert found["theirs"]["status"]["progress"]["itemsBackedUp"] == int(sys.argv[3]), found["theirs"]["status"]
	PY
}

orlop_describes_a_backup_of_velero() {
	says 'Completed|texts|pv-kept' orlop backup describe theirs --details -L "$location"
	says nightly orlop backup describe "$(scheduled)" -L "$location"
	says 'Completed|app' orlop backup describe theirs-chosen -L "$location"
}

orlop_reads_a_backup_of_velero() {
	orlop backup ls theirs -L "$location" -o name > "$work/names"
	# Each name can be read, and every object that Velero counted has one.
	[ "$(wc -l < "$work/names")" = "$(field backup theirs progress.itemsBackedUp)" ] ||
		fail "$(wc -l < "$work/names") names, Velero counted $(field backup theirs progress.itemsBackedUp)"
	xargs -n 64 "$ORLOP" backup cat theirs -o json --show-secrets -L "$location" < "$work/names" > "$work/objects"
	grep -q 9007199254740993 "$work/objects"
	orlop backup cat theirs widgets/pop-shop/numbers -o json -L "$location" > "$work/cat"
	s3 "$minio" get backups backups/theirs/theirs.tar.gz > "$work/theirs.tar.gz"
	tar -xzOf "$work/theirs.tar.gz" resources/widgets.shop.example/namespaces/pop-shop/numbers.json |
		python3 -c 'import json, sys; a, b = json.load(sys.stdin), json.load(open(sys.argv[1])); assert a == b' "$work/cat"
	says level=info orlop backup logs theirs -L "$location"
}

orlop_verifies_and_downloads_a_backup_of_velero() {
	orlop backup verify theirs -L "$location"
	orlop backup verify theirs-chosen -L "$location"
	orlop backup download theirs -L "$location" --output - | cmp - "$work/theirs.tar.gz"
}

orlop_deletes_a_backup_of_velero_and_its_own() {
	orlop backup delete theirs-deleted ours-deleted -L "$location" --confirm --kubeconfig "$source"
	absent in_bucket backups/theirs-deleted/ || fail "left: $(keys backups/theirs-deleted/)"
	absent in_bucket backups/ours-deleted/ || fail "left: $(keys backups/ours-deleted/)"
}

try velero_makes_backups
try orlop_lists_backups_of_velero
try orlop_describes_a_backup_of_velero
try orlop_reads_a_backup_of_velero
try orlop_verifies_and_downloads_a_backup_of_velero
try orlop_deletes_a_backup_of_velero_and_its_own

try velero_starts_with_api_versions run_velero source -- --features EnableAPIGroupVersions

velero_drops_what_orlop_deleted() {
	until_true $sync_seconds absent exists backup theirs-deleted
	until_true $sync_seconds absent exists backup ours-deleted
	exists backup ours-kept
}

velero_makes_a_backup_of_all_versions() {
	backup_by_velero theirs-versions --include-cluster-resources=true --exclude-namespaces velero
	s3 "$minio" get backups backups/theirs-versions/theirs-versions.tar.gz | tar -tz > "$work/entries"
	grep -q '^resources/horizontalpodautoscalers.autoscaling/v1/' "$work/entries" || fail "no other versions in it"
	orlop backup verify theirs-versions -L "$location"
}

try velero_drops_what_orlop_deleted
try velero_makes_a_backup_of_all_versions

stop_velero source
backup_by_orlop ours-expired --include-namespaces pop-empty --ttl 1s > "$work/expired" 2>&1 || cat "$work/expired" >&2

# ---- ours, restored by Velero, from a location that it may only read ----

# What the source has and the target should: but for the server's own, compare.py knows the rest.
equals_the_source() { # SNAPSHOT
	local f
	for f in "$work/source" "$1"; do
		grep -vE '"namespace": "velero"|"name": "(v[0-9a-z]*\.|[a-z]*\.|)velero(\.io|)"|velero.io/exclude-from-backup"' "$f" \
			> "$f.shared"
	done
	same "$work/source.shared" "$1.shared"
}

velero_restores_ours() { # TARGET RESTORE BACKUP
	restore_by_velero "$2" --from-backup "$3"
	says "Completed|$3" velero restore describe "$2" --details
	snapshot "$cluster" "$work/$1"
	equals_the_source "$work/$1"
}

velero_keeps_its_hands_off_a_read_only_location() {
	until_true 60 test "$(kubectl -n velero get backup ours-expired -o 'jsonpath={.metadata.labels.velero\.io/gc-failure}')" = BSLReadOnly
	velero backup delete ours-kept --confirm
	until_true 60 grep -q Processed <(kubectl -n velero get deletebackuprequests -o 'jsonpath={.items[*].status.phase}')
	in_bucket backups/ours-kept/ && in_bucket backups/ours-expired/
}

target plain
next_target flagged
try velero_starts_on_a_read_only_location run_velero plain --read-only
try velero_restores_our_backup velero_restores_ours plain ours-1 ours
try velero_keeps_its_hands_off_a_read_only_location
stop_target plain

target flagged
next_target versions
try velero_starts_with_api_versions_for_ours run_velero flagged --read-only -- --features EnableAPIGroupVersions
try velero_restores_our_backup_with_api_versions velero_restores_ours flagged ours-2 ours
stop_target flagged

target versions
next_target velero
try velero_starts_with_api_versions_for_all_of_ours run_velero versions --read-only -- --features EnableAPIGroupVersions
try velero_restores_our_backup_of_all_versions velero_restores_ours versions ours-3 ours-versions
stop_target versions

# ---- Velero's, restored by both ----

target velero
velero_cluster=$cluster
next_target orlop
try velero_starts_for_its_own run_velero velero --read-only

velero_restores_its_backup() {
	restore_by_velero v-full --from-backup theirs
	snapshot "$cluster" "$work/by-velero"
	cp "$work/by-velero" "$work/full-by-velero"
}

comparison_sees_one_value_and_one_owner() {
	local change
	for change in 's/"mode": "one"/"mode": "two"/' 's/"manager": "gitops"/"manager": "other"/' '/"name": "earth"/d' \
		's/9007199254740993/9007199254740992/' 's/"velero.io\/restore-name": "v-full"/"velero.io\/restore-name": "x"/'; do
		sed "$change" "$work/by-velero" > "$work/changed"
		cmp -s "$work/by-velero" "$work/changed" && fail "nothing to change by $change"
		if (diff_restores "$work/by-velero" "$work/changed" v-full=v-full theirs=theirs); then fail "not seen: $change"; fi
	done
	diff_restores "$work/by-velero" "$work/by-velero"
}

backups_of_both_are_restored_by_velero_alike() {
	diff_restores "$work/by-velero" "$work/plain" v-full=ours-1 theirs=ours
}

try velero_restores_its_backup
try comparison_sees_one_value_and_one_owner
try backups_of_both_are_restored_by_velero_alike

target orlop
next_target again

orlop_restores_a_backup_of_velero() {
	restore_by_orlop o-full --from-backup theirs
	snapshot "$cluster" "$work/by-orlop"
}

both_restore_a_backup_of_velero_alike() {
	diff_restores "$work/by-velero" "$work/by-orlop" v-full=o-full theirs=theirs
}

try orlop_restores_a_backup_of_velero
try both_restore_a_backup_of_velero_alike

rounds=(mapped update none chosen status ports)

# both NAME OPTION...: the same restore by both, on top of what is there, and what comes of it
both() {
	local name=$1 round names=()
	shift
	for round in full "${rounds[@]}"; do names+=("v-$round=o-$round"); done
	cluster=$velero_cluster
	restore_by_velero "v-$name" --from-backup theirs "$@"
	cluster=$(cluster_of orlop)
	restore_by_orlop "o-$name" --from-backup theirs "$@"
	snapshot "$velero_cluster" "$work/by-velero"
	snapshot "$cluster" "$work/by-orlop"
	# What an update left behind is there in later rounds, too.
	how+=(--allow update --allow map)
	diff_restores "$work/by-velero" "$work/by-orlop" theirs=theirs "${names[@]}"
}

both_map_namespaces_alike() {
	# Volumes and chosen node ports exist once.
	both mapped --include-namespaces more,pop-shop,pop-data --exclude-resources services,persistentvolumes \
		--namespace-mappings more:copy-more,pop-shop:copy-shop,pop-data:copy-data
}

# The same changes in both clusters, then the backup on top of them.
both_update_what_differs_alike() {
	local c
	for c in "$velero_cluster" "$(cluster_of orlop)"; do
		cluster=$c
		kubectl -n more patch configmap settings --type=merge -p '{"data":{"mode":"two","new":"x"},"metadata":{"labels":{"late":"1"}}}'
		kubectl -n more scale deployment front --replicas=5
		kubectl -n more patch serviceaccount front --type=merge \
			-p '{"secrets":[{"name":"other"}],"metadata":{"labels":{"app":"changed","extra":"1"}}}'
		kubectl -n pop-shop patch service web --type=json -p '[{"op":"replace","path":"/spec/ports/0/port","value":8888}]'
		kubectl -n more delete cronjob hourly
		kubectl -n pop-data delete configmap locked
	done
	both update --include-namespaces more,pop-shop,pop-data --existing-resource-policy update
}

both_leave_what_differs_alone_alike() {
	local c
	for c in "$velero_cluster" "$(cluster_of orlop)"; do
		cluster=$c
		kubectl -n more patch configmap settings --type=merge -p '{"data":{"mode":"three"}}'
		kubectl -n more delete horizontalpodautoscaler front
	done
	both none --include-namespaces more --existing-resource-policy none
	[ "$(kubectl -n more get configmap settings -o 'jsonpath={.data.mode}')" = three ]
}

both_choose_by_label_alike() {
	both chosen --include-namespaces pop-shop,more --selector app=front --namespace-mappings more:third-more \
		--exclude-resources services
}

both_restore_status_alike() {
	both status --include-namespaces pop-shop --include-resources widgets.shop.example,jobs.batch,poddisruptionbudgets \
		--namespace-mappings pop-shop:status-shop --status-include-resources widgets.shop.example,poddisruptionbudgets.policy
}

both_keep_node_ports_alike() {
	local c
	for c in "$velero_cluster" "$(cluster_of orlop)"; do
		cluster=$c
		kubectl -n pop-shop delete service --all
		kubectl -n more delete service --all
	done
	how=(--ports)
	both ports --include-namespaces pop-shop,more --include-resources services --preserve-nodeports
}

try both_map_namespaces_alike
try both_update_what_differs_alike
try both_leave_what_differs_alone_alike
try both_choose_by_label_alike
try both_restore_status_alike
try both_keep_node_ports_alike

orlop_restores_a_filtered_and_a_scheduled_backup() {
	cluster=$(cluster_of orlop)
	restore_by_orlop o-chosen-2 --from-backup theirs-chosen --namespace-mappings more:fourth,pop-shop:fourth-shop \
		--exclude-resources services
	kubectl -n fourth get pod/alone serviceaccount/front > /dev/null
	restore_by_orlop o-nightly --from-backup "$(orlop backup list -L "$location" -o name | grep nightly-)" \
		--namespace-mappings pop-data:fifth --exclude-resources persistentvolumes
	kubectl -n fifth get statefulset/db secret/bytes > /dev/null
}

try orlop_restores_a_filtered_and_a_scheduled_backup
stop_target velero
stop_target orlop

target again

orlop_restores_a_backup_of_all_versions() {
	restore_by_orlop o-versions --from-backup theirs-versions
	snapshot "$cluster" "$work/by-orlop"
	diff_restores "$work/full-by-velero" "$work/by-orlop" v-full=o-versions theirs=theirs-versions
}

the_document_lists_every_difference() {
	local key
	python3 "$here/velerodiff.py" --rows > "$work/rows"
	while read -r key; do
		grep -qF "\`$key\`" "$here/../../docs/velero-compatibility.md" || fail "$key is not in docs/velero-compatibility.md"
	done < "$work/rows"
}

try orlop_restores_a_backup_of_all_versions
try the_document_lists_every_difference
echo "# $((SECONDS - from)) s" >&2
