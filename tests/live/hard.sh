#!/usr/bin/env bash
# Restores that meet a quota, a webhook that denies, a forbidden kind, an API server that goes away and one that is asked too
# much: the exit code and the findings are right, what could be restored is there, and the rest follows when the cause is gone.
# shellcheck source=tests/live/harness.sh
. "$(dirname "${BASH_SOURCE[0]}")/harness.sh"

store=$work/store
mkdir "$store"
start_cluster b --bare && b=$started
location="dir:$store"
kubectl() { "$SANDBOX_DIR/bin/kubectl" "--kubeconfig=$b" "$@"; }

# Four config maps, of which one is labeled "denied", and three secrets.
python3 "$here/preflight.py" "$store/backups/small" small <<-'PY'
for i in range(4):
    one = obj("ConfigMap", "c%d" % i, "small")
    if i == 2:
        one["metadata"]["labels"] = {"denied": "yes"}
    add("configmaps/namespaces/small/c%d" % i, one)
for i in range(3):
    add("secrets/namespaces/small/s%d" % i, obj("Secret", "s%d" % i, "small"))
PY
many=3000
python3 "$here/preflight.py" "$store/backups/many" many <<-PY
for i in range($many):
    add("configmaps/namespaces/many/c%d" % i, obj("ConfigMap", "c%d" % i, "many", data={"a": "b"}))
PY

# into NAME BACKUP OPTION...: a restore NAME into a namespace of the same name
into() {
	orlop restore create "$1" --from-backup "$2" --namespace-mappings "$2:$1" --location "$location" \
		--kubeconfig "${kubeconfig:-$b}" "${@:3}"
}
count() { kubectl -n "$1" get "$2" -o name | wc -l; } # NAMESPACE TYPE
has() { [ "$(count "$1" "$2")" = "$3" ] || fail "$(count "$1" "$2") $2 in $1 instead of $3"; }
# The record tells the same as the screen.
described() { # NAME WORD...
	local word name=$1
	shift
	orlop restore describe "$name" --location "$location" > "$work/described"
	for word; do grep -qF -- "$word" "$work/described" || fail "describe has no '$word': $(cat "$work/described")"; done
}

a_quota() {
	kubectl create namespace quota > /dev/null
	kubectl -n quota create quota q --hard=configmaps=2 > /dev/null
	# No controller is there to do that.
	kubectl -n quota patch quota q --subresource status --type merge \
		-p '{"status":{"hard":{"configmaps":"2"},"used":{"configmaps":"0"}}}' > /dev/null
	# The preflight sees that it does not fit: nothing is begun.
	ends 1 "quota-exceeded|quota of configmaps is 2|--ignore" into quota small
	has quota secrets 0
	[ ! -e "$store/restores/quota" ] || fail "it was recorded"
	ends 3 "exceeded quota: q|configmaps quota/c" into quota small --ignore quota-exceeded
	has quota configmaps 2
	has quota secrets 3
	described quota PartiallyFailed "exceeded quota"
	kubectl -n quota delete quota q > /dev/null
	orlop restore create --retry-failed quota --location "$location" --kubeconfig "$b" > /dev/null 2>&1
	has quota configmaps 4
}

a_webhook_that_denies() {
	local port
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=webhook \
		-addext subjectAltName=IP:127.0.0.1 -keyout - -out - > "$work/webhook.pem" 2> /dev/null
	python3 "$here/hard.py" webhook "$work/webhook.pem" "$work/webhook.port" 2> "$work/webhook.errors" &
	echo $! >> "$work/proxies"
	until_true 10 grep -q . "$work/webhook.port"
	port=$(cat "$work/webhook.port")
	kubectl apply -f - > /dev/null <<-END
		{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingWebhookConfiguration, metadata: {name: deny}, webhooks: [
		{name: deny.example.com, failurePolicy: Fail, sideEffects: None, admissionReviewVersions: [v1], clientConfig:
		{url: "https://127.0.0.1:$port/", caBundle: $(openssl x509 -in "$work/webhook.pem" | base64 -w0)},
		rules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [configmaps]}]}]}
	END
	kubectl create namespace probe > /dev/null
	until_true 20 refused_by_webhook
	ends 3 "deny.example.com|the label says no|configmaps webhook/c2" into webhook small
	! grep -q "webhook/c[013]" "$work/stderr" || fail "others are told, too"
	has webhook configmaps 3
	has webhook secrets 3
	described webhook PartiallyFailed deny.example.com
	kubectl delete validatingwebhookconfiguration deny > /dev/null
}
refused_by_webhook() {
	! kubectl create -f - <<< '{apiVersion: v1, kind: ConfigMap, metadata: {generateName: a-, namespace: probe, labels: {denied: "1"}}}'
}

a_forbidden_kind() {
	local token
	kubectl create namespace forbidden > /dev/null
	kubectl -n forbidden create serviceaccount user > /dev/null
	token=$(kubectl -n forbidden create token user)
	sed "s/token: [0-9a-f]*/token: $token/" "$b" > "$work/user"
	kubectl create clusterrole look --verb=get,list --resource='*' > /dev/null
	kubectl create clusterrole look-around --verb=get,list --resource='*.*' > /dev/null
	kubectl create clusterrolebinding look --clusterrole=look --serviceaccount=forbidden:user > /dev/null
	kubectl create clusterrolebinding look-around --clusterrole=look-around --serviceaccount=forbidden:user > /dev/null
	kubectl -n forbidden create role make --verb=create --resource=configmaps > /dev/null
	kubectl -n forbidden create rolebinding make --role=make --serviceaccount=forbidden:user > /dev/null
	kubeconfig=$work/user
	until_true 20 kubectl --kubeconfig="$kubeconfig" -n forbidden auth can-i create configmaps
	ends 6 "access-denied|create secrets" into forbidden small
	has forbidden configmaps 0
	ends 3 "secrets forbidden/s|forbidden" into forbidden small --ignore access-denied
	has forbidden configmaps 4
	has forbidden secrets 0
	described forbidden PartiallyFailed secrets
}

a_storm_of_429_that_ends() {
	start_api_proxy "$work/storm" "$b" 'status=429@3 POST .*/configmaps' 'status=429@5 GET '
	kubeconfig=$started ends 0 "" into storm small
	grep -q 429 "$work/storm" || grep -q status "$work/storm" || fail "there was no storm"
	has storm configmaps 4
	has storm secrets 3
}

a_storm_of_429_that_does_not_end() {
	start_api_proxy "$work/hail" "$b" 'status=429 POST .*/namespaces/hail/secrets'
	kubeconfig=$started ends 3 "secrets hail/s|429" into hail small
	has hail configmaps 4
	has hail secrets 0
	described hail PartiallyFailed secrets
	orlop restore create --retry-failed hail --location "$location" --kubeconfig "$b" > /dev/null 2>&1
	has hail secrets 3
}

# going NAME: a restore of many objects in the background, which has begun to create them; $pid
going() {
	into "$1" many > /dev/null 2> "$work/said.$1" &
	pid=$!
	until_true 60 kubectl -n "$1" get configmap c0
}

ended() { # the exit status of $pid is in $code
	code=0
	wait "$pid" || code=$?
}

ready() { kubectl get --raw /readyz; }

# It waits for it, or says that it is gone and can be continued.
the_api_server_restarts() {
	going restart
	python3 "$here/hard.py" stop "$(dirname "$b")"
	[ "$(grep -c . "$work/said.restart")" = 0 ] || cat "$work/said.restart"
	python3 "$here/hard.py" start "$(dirname "$b")"
	ended
	until_true 60 ready
	echo "ended with $code: $(tail -n 3 "$work/said.restart")"
	case $code in 0) ;; 1 | 3 | 6) orlop restore create --resume restart --location "$location" --kubeconfig "$b" 2>&1 ||
		orlop restore create --retry-failed restart --location "$location" --kubeconfig "$b" 2>&1 ;; *) fail "exit status $code" ;; esac
	has restart configmaps $many
}

# Bounded, with the code for the cluster; then it is continued.
the_api_server_stays_away() {
	local from=$SECONDS
	going away
	python3 "$here/hard.py" stop "$(dirname "$b")"
	ended
	python3 "$here/hard.py" start "$(dirname "$b")"
	until_true 60 ready
	cat "$work/said.away"
	[ "$code" = 6 ] || fail "exit status $code instead of 6: $(tail -n 2 "$work/said.away")"
	[ $((SECONDS - from)) -lt 110 ] || fail "it took $((SECONDS - from)) s to give up"
	grep -q -- "--resume" "$work/said.away" || fail "the next step is not told"
	[ "$(count away configmaps)" -lt $many ] || fail "it was done before"
	orlop restore create --resume away --location "$location" --kubeconfig "$b" > /dev/null 2>&1
	has away configmaps $many
	described away Completed
}

for name in a_quota a_webhook_that_denies a_forbidden_kind a_storm_of_429_that_ends a_storm_of_429_that_does_not_end \
	the_api_server_restarts the_api_server_stays_away; do
	try "$name"
done
