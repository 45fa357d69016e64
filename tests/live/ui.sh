#!/usr/bin/env bash
# The UI on a terminal that libvterm keeps: ways in and out, and a user at work on a cluster and a bucket (tests/ui).
# shellcheck source=tests/live/harness.sh
. "$(dirname "${BASH_SOURCE[0]}")/harness.sh"
tests_ui=$here/../ui

python3 -c "import sys; sys.path.insert(0, '$tests_ui'); import vt; vt.library()" 2> /dev/null ||
	{ echo "skip ui: libvterm is not installed (package libvterm0)"; exit 0; }
export ORLOP

all_of() { # FILE: its cases, each as one of this suite
	local name
	for name in $(python3 "$tests_ui/$1" --list); do try "$name" case_of "$1" "$name"; done
}
case_of() { # FILE CASE: its last line says why it failed, so no trap is to say more
	local code=0
	python3 "$tests_ui/$1" "$2" 2>&1 || code=$?
	exit $code
}

all_of lifecycle.py

start_minio backups && minio=$started
start_cluster a --controllers namespace-controller && export KUBECONFIG=$started
kubectl() { "$SANDBOX_DIR/bin/kubectl" "$@"; }

prepare() {
	kubectl create namespace one
	kubectl -n one create configmap conf --from-literal=k=v
	kubectl -n one create secret generic pw --from-literal=password=hunter2
	printf '%s\n' "$MINIO_PASSWORD" | orlop location add main --provider minio --bucket backups --config "s3Url=$minio" \
		--access-key "$MINIO_USER" --secret-key-file -
	orlop backup create b1 --location main
	next_second
	orlop backup create b2 --location main --include-namespaces one
	orlop restore create r1 --from-backup b1 --location main --include-namespaces one --confirm
	next_second
	orlop backup create b3 --location main
}
next_second() { # times of backups are of whole seconds
	local now
	now=$(date +%s)
	while [ "$(date +%s)" = "$now" ]; do sleep 0.05; done
}
try prepare

all_of session.py

# Random keys, on a copy of a location and through a proxy that notes and refuses what changes something.
mkdir "$work/store"
orlop backup create b1 --location "dir:$work/store" > /dev/null 2>&1
start_api_proxy "$work/record" "$KUBECONFIG" "status=403 ^(POST|PUT|PATCH|DELETE) "
: >> "$work/record"
random_keys_change_nothing() {
	LOCATION=dir:$work/store STORE=$work/store RECORD=$work/record KUBECONFIG=$work/record.kubeconfig case_of monkey.py \
		random_keys_change_nothing
}
try random_keys_change_nothing
