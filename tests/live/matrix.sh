#!/usr/bin/env bash
# Every built-in kind in every state under every policy, against the table of docs/restore-matrix.md.
# shellcheck source=tests/live/harness.sh
. "$(dirname "${BASH_SOURCE[0]}")/harness.sh"

store=$work/store
mkdir "$store"
# Controllers that deletions need: what they hold with finalizers is let go.
start_cluster a --controllers garbage-collector-controller,persistentvolumeclaim-protection-controller,\
persistentvolume-protection-controller,volumeattributesclass-protection-controller && a=$started
location="dir:$store"
kubectl() { "$SANDBOX_DIR/bin/kubectl" "--kubeconfig=$a" "$@"; }
matrix() { ORLOP=$ORLOP python3 "$here/matrix.py" "$@"; }

sed 's/\(user: {token: [0-9a-f]*\)}/\1, as: mx-reader}/' "$a" > "$a.read"
kubectl create clusterrole mx-reader --verb=get,list,watch --resource='*.*' > /dev/null
kubectl create clusterrolebinding mx-reader --clusterrole=mx-reader --user=mx-reader > /dev/null

the_document_is_the_table() {
	matrix document | diff - "$here/../../docs/restore-matrix.md" ||
		fail "run: tests/live/matrix.py document > docs/restore-matrix.md"
}

every_served_kind_is_backed_up() {
	matrix fill "$a" "$work/saved"
	orlop backup create mx -l orlop.test/matrix=yes --location "$location" --kubeconfig "$a"
}

restored_as_in_the_table() { matrix run "$a" "$work/saved" "$location" "$1" "$2"; } # RIGHTS POLICY

try the_document_is_the_table
try every_served_kind_is_backed_up
for policy in none update apply recreate fail; do
	for rights in all read; do
		try "${rights}_$policy" restored_as_in_the_table "$rights" "$policy"
	done
done
try named_recreate restored_as_in_the_table named recreate
