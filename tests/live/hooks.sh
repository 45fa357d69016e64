#!/usr/bin/env bash
# Hooks of restored pods, in real containers: init containers and commands, by annotation and by file, what fails, what
# takes too long, what may not be done, and what breaks off.
# shellcheck source=tests/live/harness.sh
. "$(dirname "${BASH_SOURCE[0]}")/harness.sh"

missing=
[ "$(id -u)" = 0 ] || missing="a node needs root"
for program in containerd runc busybox; do
	command -v $program > /dev/null || missing="there is no $program here"
done
if [ -n "$missing" ]; then
	echo "skip hooks: $missing"
	exit 0
fi

store=$work/store
mkdir "$store"
location="dir:$store"
start_cluster from --bare && from=$started
start_cluster node --node && node=$started
source_kubectl() { "$SANDBOX_DIR/bin/kubectl" "--kubeconfig=$from" "$@"; }
kubectl() { "$SANDBOX_DIR/bin/kubectl" "--kubeconfig=$node" "$@"; }

# pod NAMESPACE ANNOTATIONS [MORE OF THE SPEC]: a pod 'web' whose container 'main' sleeps, with a second one beside it
pod() {
	cat <<-YAML
	---
	apiVersion: v1
	kind: Namespace
	metadata: {name: $1}
	---
	apiVersion: v1
	kind: ServiceAccount
	metadata: {name: default, namespace: $1}
	---
	apiVersion: v1
	kind: Pod
	metadata: {name: web, namespace: $1, labels: {app: web}, annotations: {$2}}
	spec:
	  terminationGracePeriodSeconds: 0
	  automountServiceAccountToken: false
	  containers:
	  - {name: main, image: "docker.io/local/busybox:1", command: [sh, -c, "cat /shared/mark > /seen; sleep 100000"],
	     volumeMounts: [{name: shared, mountPath: /shared}]${3:-}}
	  - {name: side, image: "docker.io/local/busybox:1", command: [sleep, "100000"]}
	  volumes: [{name: shared, emptyDir: {}}]
	YAML
}
after=post.hook.restore.velero.io
first=init.hook.restore.velero.io

{
	pod succeeds "$after/command: '[\"sh\", \"-c\", \"echo ran > /ran; echo spoken\"]'"
	pod exits "$after/command: '[\"sh\", \"-c\", \"echo sorry >&2; exit 3\"]', $after/container: side"
	pod hangs "$after/command: '[\"sleep\", \"60\"]', $after/exec-timeout: 1s"
	pod nowhere "$after/command: '[\"true\"]', $after/container: nope"
	pod unready "$after/command: '[\"true\"]', $after/wait-for-ready: 'true', $after/wait-timeout: 3s" \
		', readinessProbe: {exec: {command: ["false"]}}'
	pod notfound "$after/command: /no/such/program"
	pod talks "$after/command: '[\"sh\", \"-c\", \"i=0; while [ \$i -lt 20000 ]; do echo 0123456789; i=\$((i+1)); done\"]'"
	pod begins "$first/container-image: docker.io/local/busybox:1, $first/command: '[\"sh\", \"-c\", \"true\"]'"
	pod files '' && pod goeson '' && pod stops '' && pod forbids '' && pod cuts '' && pod tunnels '' && pod removed '' && pod stopped ''
	pod kept "$after/command: '[\"sh\", \"-c\", \"echo ran >> /ran\"]'"
	pod slow "$after/command: '[\"sh\", \"-c\", \"echo ran >> /ran; [ -e /go ] || sleep 600\"]'"
	pod odd "$after/command: '[\"true\"]', $after/exec-timeout: soon"
} > "$work/pods.yaml"
source_kubectl apply -f "$work/pods.yaml" > "$work/setup.out" 2>&1 || { cat "$work/setup.out" >&2; echo "not ok setup: no pods"; exit 1; }
orlop backup create b1 --location "$location" --kubeconfig "$from" > "$work/setup.out" 2>&1 ||
	{ cat "$work/setup.out" >&2; echo "not ok setup: no backup"; exit 1; }

# restored CODE WORDS NAME [OPTION...]: the namespace NAME, with a restore of that name
restored() {
	local code=$1 words=$2 name=$3
	shift 3
	ends "$code" "$words" orlop restore create "$name" --from-backup b1 --location "$location" --kubeconfig "$node" \
		--include-namespaces "$name" "$@"
}
counted() { # NAME ATTEMPTED FAILED
	local want="{\"hooksAttempted\": $2, \"hooksFailed\": $3}" got
	if [ "$3" = 0 ]; then want="{\"hooksAttempted\": $2}"; fi
	if [ "$2" = 0 ]; then want=null; fi
	got=$(python3 "$here/hooks.py" record "$store/restores/$1/restore-$1-orlop.json" status.hookStatus)
	[ "$got" = "$want" ] || fail "hookStatus is $got instead of $want"
}
inside() { kubectl -n "$1" exec web -c "$2" -- "${@:3}"; } # NAMESPACE CONTAINER COMMAND
in_log() { zcat "$store/restores/$1/restore-$1-logs.gz" | grep -qF -- "$2" || fail "the log of $1 does not say '$2'"; }

a_command_by_annotation() {
	restored 0 "" succeeds
	[ "$(inside succeeds main cat /ran)" = ran ] || fail "the command has left no trace"
	in_log succeeds spoken
	counted succeeds 1 0
}
an_exit_status_is_an_error() {
	restored 3 "pods exits/web|hook '<from-annotation>' in container 'side'|exit status 3: sorry|by hand" exits
	counted exits 1 1
}
# The commands that have run are not run again, those that have not are.
a_restore_that_is_killed_and_continued() {
	local pid
	"$ORLOP" restore create killed --from-backup b1 --location "$location" --kubeconfig "$node" \
		--include-namespaces kept,slow > /dev/null 2>&1 &
	pid=$!
	until_true 60 inside slow main cat /ran
	until_true 30 eval 'cat "$HOME"/.local/state/orlop/jobs/*/outcomes.jsonl | grep "\"outcome\":\"hooks\"" | grep kept'
	kill -9 "$pid"
	wait "$pid" || true
	inside slow main sh -c ": > /go"
	orlop restore create --resume killed --location "$location" --kubeconfig "$node" > /dev/null
	[ "$(inside kept main cat /ran)" = ran ] || fail "it ran twice: $(inside kept main cat /ran)"
	[ "$(inside slow main cat /ran | wc -l)" = 2 ] || fail "the one that was not done was not run"
	orlop restore describe killed --location "$location" | grep -q '^Phase: *Completed' || fail "it is not completed"
}
a_command_that_takes_too_long() {
	local from=$SECONDS
	restored 3 "pods hangs/web|did not end within 1|exec-timeout" hangs
	[ $((SECONDS - from)) -lt 30 ] || fail "it was waited for"
	counted hangs 1 1
}
a_container_that_is_missing_is_a_warning() {
	restored 0 "warning|pods nowhere/web|no container 'nope'" nowhere
	counted nowhere 0 0
}
a_pod_that_never_gets_ready() {
	restored 3 "pods unready/web|the container was not ready within 3|wait-timeout" unready
	counted unready 1 1
}
a_program_that_is_missing() {
	restored 3 "pods notfound/web|/no/such/program" notfound
	counted notfound 1 1
}
much_output_is_cut() {
	restored 0 "" talks
	in_log talks 0123456789
	[ "$(zcat "$store/restores/talks/restore-talks-logs.gz" | wc -c)" -lt 20000 ] || fail "all of it is in the log"
}
an_annotation_that_is_no_duration_is_a_warning() {
	restored 0 "warning|pods odd/web|exec-timeout: 'soon'" odd
	counted odd 1 0
}
an_init_container_by_annotation() {
	restored 0 "" begins
	until_true 30 kubectl -n begins wait --for=condition=Ready pod/web --timeout=1s
	kubectl -n begins get pod web -o 'jsonpath={.spec.initContainers[0].name}' | grep -qE '^velero-restore-init-[0-9a-f]{8}$' ||
		fail "no init container of that name"
	# The same again: the name is the same, so nothing differs.
	restored 0 "" begins2 --include-namespaces begins
	orlop restore plan --from-backup b1 --location "$location" --kubeconfig "$node" --include-namespaces begins \
		-o json > "$work/plan.json" 2> "$work/plan.err"
	python3 -c 'import json, sys; sys.exit([r["action"] for r in json.load(open(sys.argv[1]))["items"] if r["kind"] == "Pod"] != ["same"])' \
		"$work/plan.json" || fail "the pod differs from itself"
}

cat > "$work/hooks.yaml" <<-YAML
	resources:
	- name: prepare
	  includedNamespaces: ["fil*"]
	  labelSelector: {matchLabels: {app: web}}
	  postHooks:
	  - init:
	      initContainers:
	      - {name: marks, image: "docker.io/local/busybox:1", command: [sh, -c, "echo first > /shared/mark"],
	         volumeMounts: [{name: shared, mountPath: /shared}]}
	  - exec: {container: side, command: [sh, -c, "echo one > /order"], waitForReady: true, waitTimeout: 1m}
	  - exec: {container: side, command: [sh, -c, "echo two >> /order"]}
	- name: fails
	  includedNamespaces: [goeson, stops]
	  excludedNamespaces: [stops]
	  postHooks:
	  - exec: {command: ["false"], onError: Continue}
	  - exec: {command: [sh, -c, "echo after > /after"]}
	- name: stopper
	  includedNamespaces: [stops]
	  postHooks:
	  - exec: {command: ["false"], onError: Fail}
	  - exec: {command: [sh, -c, "echo after > /after"]}
	- name: slow
	  includedNamespaces: [cuts, removed, stopped]
	  postHooks:
	  - exec: {command: [sh, -c, "echo on > /started; sleep 60"], onError: Fail, execTimeout: 50s}
	  - exec: {command: [sh, -c, "echo after > /after"]}
	- name: plain
	  includedNamespaces: [forbids, tunnels]
	  postHooks:
	  - exec: {command: [sh, -c, "echo ran > /ran"]}
YAML

from_a_file() {
	restored 0 "" files --hooks "$work/hooks.yaml"
	[ "$(inside files main cat /seen)" = first ] || fail "the init container did not run before the others"
	[ "$(inside files side cat /order | tr '\n' ' ')" = "one two " ] || fail "not in order: $(inside files side cat /order)"
	counted files 2 0
}
after_a_failure_the_others_run() {
	restored 3 "hook 'fails'|exit status 1" goeson --hooks "$work/hooks.yaml"
	[ "$(inside goeson main cat /after)" = after ] || fail "the second one did not run"
	counted goeson 2 1
}
on_error_fail_stops_the_pods_hooks() {
	restored 3 "hook 'stopper'|exit status 1|on-error is Fail" stops --hooks "$work/hooks.yaml"
	! inside stops main cat /after 2> /dev/null || fail "the second one has run"
	counted stops 2 2
}
who_may_not_exec() {
	kubectl create clusterrole all-but-exec --verb='*' --resource=pods,namespaces,serviceaccounts > /dev/null
	kubectl create clusterrolebinding all-but-exec --clusterrole=all-but-exec --user=limited > /dev/null
	sed 's|^\(.*user: {\)|\1as: limited, |' "$node" > "$work/limited"
	grep -q 'as: limited' "$work/limited"
	ends 3 "pods forbids/web|cannot get resource \"pods/exec\"|'get' and 'create' on pods/exec" orlop restore create forbids --from-backup b1 \
		--location "$location" --kubeconfig "$work/limited" --include-namespaces forbids --include-resources pods \
		--hooks "$work/hooks.yaml"
	counted forbids 1 1
}

# tunnel MODE...: hooks.py with a folder of its own, in $folder; its port is in $port
tunnel() {
	folder=$work/tunnel.$RANDOM
	mkdir "$folder"
	python3 "$here/hooks.py" "$@" "$folder" > "$folder/port" &
	echo $! >> "$work/proxies"
	until_true 10 test -s "$folder/port"
	port=$(cat "$folder/port")
}
cut_in_the_middle() {
	local server
	server=$(server_of "$node")
	tunnel tunnel "${server#https://}"
	sed "s|$server|https://127.0.0.1:$port|" "$node" > "$work/through"
	(
		until_true 60 inside cuts main sh -c '[ -e /started ]'
		touch "$folder/cut"
	) &
	ends 3 "pods cuts/web|hook 'slow'|closed the connection" orlop restore create cuts --from-backup b1 --location "$location" \
		--kubeconfig "$work/through" --include-namespaces cuts --hooks "$work/hooks.yaml"
	wait $!
	counted cuts 2 2
}
through_a_proxy() {
	tunnel connect
	sed "s|server: |proxy-url: \"http://127.0.0.1:$port\", server: |" "$node" > "$work/proxied"
	ends 0 "" orlop restore create tunnels --from-backup b1 --location "$location" --kubeconfig "$work/proxied" \
		--include-namespaces tunnels --hooks "$work/hooks.yaml"
	[ "$(inside tunnels main cat /ran)" = ran ] || fail "the command has left no trace"
	[ -s "$folder/asked" ] || fail "the proxy was not asked"
}
a_pod_that_is_deleted_meanwhile() {
	(
		until_true 60 inside removed main sh -c '[ -e /started ]'
		kubectl -n removed delete pod web --force --grace-period=0 > /dev/null 2>&1
	) &
	restored 3 "pods removed/web" removed --hooks "$work/hooks.yaml"
	wait $!
	counted removed 2 2
}
an_interrupted_restore_ends_at_once() {
	local pid code=0 from
	"$ORLOP" restore create stopped --from-backup b1 --location "$location" --kubeconfig "$node" --include-namespaces stopped \
		--hooks "$work/hooks.yaml" > "$work/stopped.out" 2>&1 &
	pid=$!
	until_true 60 inside stopped main sh -c '[ -e /started ]'
	from=$SECONDS
	kill -INT $pid
	wait $pid || code=$?
	[ $code = 130 ] || fail "exit status $code: $(tail -n 1 "$work/stopped.out")"
	[ $((SECONDS - from)) -lt 10 ] || fail "it took $((SECONDS - from)) s to stop"
	zcat "$store/restores/stopped/restore-stopped-results.gz" | grep 'stopped with the restore' | grep -q 'not run, because the restore was stopped' ||
		fail "the record does not say what did not run"
	counted stopped 2 2
}
a_plan_tells_of_pods_with_hooks() {
	kubectl delete namespace files --wait=true > /dev/null
	orlop restore plan --from-backup b1 --location "$location" --kubeconfig "$node" --include-namespaces files \
		--hooks "$work/hooks.yaml" > "$work/plan.out" 2>&1 || true
	grep -q '1 of the pods .* hooks' "$work/plan.out" || { cat "$work/plan.out"; fail "the plan says nothing of hooks"; }
	! kubectl get namespace files > /dev/null 2>&1 || fail "the plan has created something"
}
mistakes_in_the_file() {
	refused() { # WORDS TEXT
		printf '%s\n' "$2" > "$work/bad.yaml"
		ends 2 "--hooks:$1" orlop restore create bad --from-backup b1 --location "$location" --kubeconfig "$node" \
			--include-namespaces files --hooks "$work/bad.yaml"
	}
	refused "4|postHoks|did you mean 'postHooks'" 'resources:
- name: a
  includedNamespaces: [x]
  postHoks: []'
	refused "4|command" 'resources:
- name: a
  postHooks:
  - exec: {container: main}'
	refused "4|onError|Stop" 'resources:
- name: a
  postHooks:
  - exec: {command: [a], onError: Stop}'
	[ ! -e "$store/restores/bad" ] || fail "something was stored"
	! kubectl get namespace files > /dev/null 2>&1 || fail "something was created"
}

for name in a_command_by_annotation a_restore_that_is_killed_and_continued an_exit_status_is_an_error a_command_that_takes_too_long \
	a_container_that_is_missing_is_a_warning a_pod_that_never_gets_ready a_program_that_is_missing much_output_is_cut \
	an_annotation_that_is_no_duration_is_a_warning an_init_container_by_annotation from_a_file \
	after_a_failure_the_others_run on_error_fail_stops_the_pods_hooks who_may_not_exec cut_in_the_middle through_a_proxy \
	a_pod_that_is_deleted_meanwhile an_interrupted_restore_ends_at_once a_plan_tells_of_pods_with_hooks mistakes_in_the_file; do
	try "$name"
done
