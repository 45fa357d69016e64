#!/usr/bin/env bash
# Backups of other tools and of all ages of Velero (foreign.py): each is listed, described, looked into, verified,
# downloaded and restored. A case is one way in which they differ.
# shellcheck source=tests/live/harness.sh
. "$(dirname "${BASH_SOURCE[0]}")/harness.sh"

store=$work/store
python3 "$here/foreign.py" "$store" > "$work/names"
location=dir:$store
start_cluster a --bare && a=$started
kubectl=("$SANDBOX_DIR/bin/kubectl" --kubeconfig "$a")
orlop backup list --location "$location" > "$work/list" 2> "$work/stderr" || cat "$work/stderr"

settings='{"answer":"42","big":"9223372036854775807"}'
usual='namespaces/demo configmaps/demo/settings'

# name | status in the list | words of the description | listed beside or instead (=) of the usual | restore: exit codes, words
cases=$(cat <<'EOT'
velero-1.18 | Completed | 1.1.0 | | 0
format-1 | Completed | Format version:       1 | | 0
format-1.0.0 | Completed | Format version:       1.0.0 | | 0
version-only | Completed | Format version:       <none> | | 0
no-versioned-copies | Completed | | | 0
versions-of-1.18-unknown | Completed | Format version:       2.7 | | 0
without-logs | Completed | demo/settings | | 0
without-resource-list | Completed | | | 0
without-results | Completed | demo/settings | | 0
without-volumeinfo | Completed | demo/settings | | 0
without-volumesnapshots | Completed | demo/settings | | 0
without-podvolumebackups | Completed | demo/settings | | 0
without-itemoperations | Completed | demo/settings | | 0
without-all | Completed | Items backed up:      2 | | 0
null-lists | Completed | Labels:               <none> | | 0
json-log | Completed | | | 0
several-values | Completed | cluster: of a node | | 0
other-case | Completed | pv-1 (claim demo/db): CSISnapshot;pv-2 (claim -/-): NativeSnapshot | | 0
csi-of-1.16 | Completed | demo/velero-db-x7k2p (claim db): snap-0815 of driver ebs.csi.aws.com, 8Gi | | 0
pod-volumes | Completed | demo/web volume data: Completed;pv-1: snap-1 of vol-1 | | 0
unknown-fields | Completed | | | 0
unknown-phase | Levitating | Levitating | | 0
finalizing | FinalizingPartiallyFailed | | | 0
deleting | Deleting | | | 0
no-status-yet | - | Phase:                <none> | | 0
fractions-of-seconds | Completed | | | 0
owned | Completed | Namespace:            backup-system;s3-eu | | 0
unknown-resource | Completed | | widgets.example.org/demo/w | 0,3 widgets.example.org
labels-null | Completed | | =configmaps/demo/settings | 0
dot-slash | Completed | | | 0
directory-entries | Completed | | | 0
gnu-long-names | Completed | | configmaps/demo/LONG | 0
pax-names | Completed | | configmaps/demo/LONG | 0
several-gzip-members | Completed | | | 0
other-files | Completed | | | 0
twice | Completed | | | 0
versioned-first | Completed | | | 0
api-group-versions | Completed | | horizontalpodautoscalers.autoscaling/demo/web | 0
versioned-only | Completed | | | 0
restic-wait | Completed | | pods/demo/web | 0
no-resources | Completed | | = | 4 nothing in backup
no-entries | Completed | | = | 4 nothing in backup
EOT
)

# says WORDS COMMAND...: orlop COMMAND succeeds and says the words (read to its end: no broken pipe)
says() {
	local words=$1
	shift
	orlop "$@" --location "$location" > "$work/said" 2>&1 || fail "$*: status $?: $(tail -n 1 "$work/said")"
	grep -qF -- "$words" "$work/said" || fail "$*: no '$words' in: $(cat "$work/said")"
}

described() { # NAME WORDS
	local word
	orlop backup describe "$1" --details --location "$location" > "$work/description" 2> "$work/stderr" ||
		fail "describe: $(cat "$work/stderr")"
	grep -q "^Name: *$1\$" "$work/description" || fail "describe: no name"
	while IFS= read -r -d ';' word; do
		[ -z "$word" ] || grep -qF -- "$word" "$work/description" || fail "describe: no '$word': $(cat "$work/description")"
	done <<< "$2;"
}

looked_into() { # NAME LISTED: every entry of Velero's own reading is there, and nothing else
	local expected=" $usual $2" got
	case $2 in =*) expected=" ${2#=}" ;; esac
	expected=${expected//LONG/$(printf 'n%.0s' {1..240})}
	got=$(orlop backup ls "$1" -o name --location "$location") || fail "ls: status $?"
	[ "$(tr ' ' '\n' <<< "$expected" | grep . | sort)" = "$(sort <<< "$got" | grep .)" ] || fail "ls: $got"
	case $expected in
	*settings*) [ "$(orlop backup cat "$1" configmaps/demo/settings -o json --location "$location" | python3 -c '
import json, sys
print(json.dumps(json.load(sys.stdin)["data"], separators=(",", ":"), sort_keys=True))')" = "$settings" ] ||
		fail "cat: $(orlop backup cat "$1" configmaps/demo/settings -o json --location "$location")" ;;
	*) ends 4 configmaps orlop backup cat "$1" configmaps/demo/settings -o json --location "$location" ;;
	esac
}

restored() { # NAME CODES WORDS
	local to=t-${1//./-}
	"${kubectl[@]}" create namespace "$to" > /dev/null
	"${kubectl[@]}" create serviceaccount -n "$to" default > /dev/null
	ends "${2//,/|}" "$3" orlop restore create "r-$1" --from-backup "$1" --location "$location" --kubeconfig "$a" \
		--namespace-mappings "demo:$to"
	[ "$2" != 4 ] || return 0
	[ "$("${kubectl[@]}" -n "$to" get configmap settings -o 'jsonpath={.data.big}')" = 9223372036854775807 ] ||
		fail "restore: another config map"
}

foreign() { # NAME STATUS WORDS LISTED CODES AND WORDS
	local name=$1 codes words
	grep -q "^$name  *$2 " "$work/list" || fail "list: $(grep "^$name " "$work/list" || cat "$work/list")"
	described "$name" "$3"
	looked_into "$name" "$4"
	orlop backup verify "$name" --location "$location" || fail "verify: status $?"
	case $name in
	without-logs | without-all) ends 4 "logs" orlop backup logs "$name" --location "$location" ;;
	*) says 'Setting up backup log' backup logs "$name" ;;
	esac
	orlop backup download "$name" -o - --location "$location" | cmp - "$store/backups/$name/$name.tar.gz" ||
		fail "download: other bytes"
	read -r codes words <<< "$5"
	restored "$name" "$codes" "$words"
}

strip() { read -r "$1" <<< "${!1}" || true; }
while IFS='|' read -r name status words listed result; do
	for field in name status words listed result; do strip $field; done
	try "$name" foreign "$name" "$status" "$words" "$listed" "$result"
done <<< "$cases"

every_backup_of_the_script_is_a_case() {
	diff <(sort "$work/names" | grep -v '^below-a-prefix$') <(cut -d ' ' -f 1 <<< "$cases" | sort) || fail "they differ"
}

below_a_prefix() {
	local list
	location=dir:$store/team/a
	list=$(orlop backup list -o name --location "$location" 2> "$work/stderr") || fail "list: $(cat "$work/stderr")"
	[ "$list" = below-a-prefix ] || fail "list: $list"
	store=$store/team/a
	orlop backup list --location "$location" > "$work/list" 2> /dev/null
	foreign below-a-prefix Completed "" "" 0
}

the_other_version_is_kept_apart() {
	says ' 3 objects: 0 damaged' backup verify api-group-versions
	says 'autoscaling/v2' backup cat api-group-versions horizontalpodautoscaler/demo/web
}

restic_wait_is_not_restored() {
	local names
	names=$("${kubectl[@]}" -n t-restic-wait get pod web -o 'jsonpath={.spec.initContainers[*].name}')
	[ "$names" = prepare ] || fail "init containers: $names"
}

restores_by_velero() {
	says by-velero restore list
	says 'demo/settings(created)' restore describe by-velero --details
	says 'Setting up backup log' restore logs by-velero
}

# What is cached is found again, what has changed is not; and a cache that is damaged is none.
cached_looks() {
	local cache=$HOME/.cache/orlop now
	now=$(orlop backup list -o name --location "$location")
	[ -n "$(find "$cache" -type f)" ] || fail "nothing is cached"
	[ -z "$(find "$cache" -type f -perm /077)" ] || fail "others can read the cache"
	[ "$now" = "$(orlop backup list -o name --location "$location")" ] || fail "the cached list is another one"
	find "$cache" -type f -exec sh -c 'head -c 100 /dev/urandom >> "$1"' - {} \;
	[ "$now" = "$(orlop backup list -o name --location "$location")" ] || fail "a damaged cache is believed"
	cp -r "$store/backups/velero-1.18" "$work/aside"
	sed -i 's/"Completed"/"Failed"/' "$store/backups/velero-1.18/velero-backup.json"
	says 'velero-1.18               Failed ' backup list
	rm -r "$store/backups/velero-1.18"
	[ "$(grep -vx velero-1.18 <<< "$now")" = "$(orlop backup list -o name --location "$location")" ] ||
		fail "a deleted backup is listed"
	mv "$work/aside" "$store/backups/velero-1.18"
	[ "$now" = "$(orlop backup list -o name --location "$location")" ] || fail "a backup that came back is not listed"
}

try every_backup_of_the_script_is_a_case
try below_a_prefix
try the_other_version_is_kept_apart
try restic_wait_is_not_restored
try restores_by_velero
try cached_looks
