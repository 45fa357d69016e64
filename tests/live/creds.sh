#!/usr/bin/env bash
# Every way to AWS credentials, with the real program: a small cloud on the loopback hands out credentials of a real MinIO,
# and takes them back after seconds; moto is the second opinion on STS. FAULTS=long makes the long upload two minutes long.
# shellcheck source=tests/live/harness.sh
. "$(dirname "${BASH_SOURCE[0]}")/harness.sh"

start_minio backups && minio=$started
export CLOUD_SECRETS=$work/secrets
: > "$CLOUD_SECRETS"
export ORLOP_LOG=debug ORLOP_LOG_FILE=$work/orlop.log

start_cloud() { # LOG LIFE [RATE]: its URL is in $started
	python3 "$here/cloud.py" "$minio" "${@:2}" > "$1.url" 2> "$1" &
	echo $! >> "$work/proxies"
	until_true 10 test -s "$1.url"
	started=$(cat "$1.url")
}
start_cloud "$work/cloud.log" 3600 && cloud=$started
export AWS_ENDPOINT_URL_STS=$cloud

where() { # CLOUD [PARAMETER...]
	local url="s3://backups/x?region=us-east-1&s3Url=$1&s3ForcePathStyle=true" p
	for p in "${@:2}"; do url+="&$p"; done
	echo "$url"
}
lists() { orlop backup list --location "$(where "$cloud" "$@")"; }
refused() { # WORDS [PARAMETER...]
	local words=$1
	shift
	ends 5 "$words" orlop backup list --location "$(where "$cloud" "$@")"
}

mkdir "$HOME/.aws"
printf 'planted-jwt\n' > "$work/jwt"
printf 'planted-pod\n' > "$work/pod"
cat > "$work/give" <<'END'
#!/bin/sh
{ tr '\0' '\n' < /proc/self/environ; tr '\0' '\n' < "/proc/$PPID/environ"; tr '\0' ' ' < "/proc/$PPID/cmdline"; } > "$(dirname "$0")/seen"
echo planted-stderr >&2
[ "$1" != sealed ] || { echo "the vault is sealed" >&2; exit 3; }
curl -sS -H 'Authorization: planted-pod' "$2/pod" | sed 's/"Code": "Success"/"Version": 1/; s/"Token"/"SessionToken"/'
END
chmod +x "$work/give"
cat > "$HOME/.aws/credentials" <<END
[base]
aws_access_key_id = $MINIO_USER
aws_secret_access_key = $MINIO_PASSWORD
[planted]
aws_access_key_id = AKPLANTED
aws_secret_access_key = planted-static-secret
aws_session_token = planted-static-token
END
cat > "$HOME/.aws/config" <<END
[profile prod]
role_arn = arn:aws:iam::2:role/backup
source_profile = base
[profile twice]
role_arn = arn:aws:iam::3:role/far
source_profile = prod
[profile deal]
role_arn = arn:aws:iam::2:role/deal
source_profile = planted
external_id = deal-7
[profile irsa]
role_arn = arn:aws:iam::2:role/web
web_identity_token_file = $work/jwt
[profile program]
credential_process = $work/give open $cloud
[profile sealed]
credential_process = $work/give sealed
[profile ring]
role_arn = arn:aws:iam::2:role/backup
source_profile = ring2
[profile ring2]
role_arn = arn:aws:iam::2:role/backup
source_profile = ring
END

profile() { lists "profile=$1"; }
a_profile_leads_in_a_circle() { ends 2 "circle" orlop backup list --location "$(where "$cloud" profile=ring)"; }
the_environment_counts() { AWS_ACCESS_KEY_ID=$MINIO_USER AWS_SECRET_ACCESS_KEY=$MINIO_PASSWORD lists; }
a_role_with_its_external_id() { lists profile=base roleArn=arn:aws:iam::2:role/deal externalId=deal-7; }
the_external_id_differs() {
	refused "role arn:aws:iam::2:role/deal cannot be assumed by arn:aws:iam::1:user/ann|compare the External ID" \
		profile=base roleArn=arn:aws:iam::2:role/deal externalId=deal-8
}
the_external_id_is_missing() {
	refused "cannot be assumed|set externalId" profile=base roleArn=arn:aws:iam::2:role/deal
}
a_role_lets_nobody_in() { refused "trust policy" profile=base roleArn=arn:aws:iam::2:role/closed; }
a_program_fails() {
	refused "the vault is sealed|exit code 3" profile=sealed
	if grep -q planted "$work/stderr"; then fail "more than the last line of stderr is shown"; fi
}
a_credentials_file_of_veleros_kind() {
	printf '[default]\naws_access_key_id=%s\naws_secret_access_key=%s\n' "$MINIO_USER" "$MINIO_PASSWORD" > "$work/velero"
	AWS_ACCESS_KEY_ID=nobody AWS_SECRET_ACCESS_KEY=x lists "credentialsFile=$work/velero"
}
web_identity() { AWS_WEB_IDENTITY_TOKEN_FILE=$work/jwt AWS_ROLE_ARN=arn:aws:iam::2:role/web lists; }
a_wrong_web_identity() {
	AWS_WEB_IDENTITY_TOKEN_FILE=$work/pod AWS_ROLE_ARN=arn:aws:iam::2:role/web refused "OIDC provider"
}
pod_identity() {
	AWS_CONTAINER_CREDENTIALS_FULL_URI=$cloud/pod AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=$work/pod lists
}
container_endpoint() {
	AWS_CONTAINER_CREDENTIALS_FULL_URI=$cloud/pod AWS_CONTAINER_AUTHORIZATION_TOKEN=planted-pod lists
}
no_pod_identity_association() {
	AWS_CONTAINER_CREDENTIALS_FULL_URI=$cloud/pod AWS_CONTAINER_AUTHORIZATION_TOKEN=x refused \
		"no association|pod identity association"
}
instance_metadata() { AWS_EC2_METADATA_DISABLED='' AWS_EC2_METADATA_SERVICE_ENDPOINT=$cloud lists; }
the_hop_limit_is_too_low() {
	AWS_EC2_METADATA_DISABLED='' AWS_EC2_METADATA_SERVICE_ENDPOINT=$cloud/hops refused "--http-put-response-hop-limit 2"
}
nothing_is_configured() { refused "no AWS credentials|AWS_ACCESS_KEY_ID|AWS_EC2_METADATA_DISABLED" ''; }

# --- credentials that end during an upload ---

random_configmaps() { # COUNT: of 900 KiB that do not compress
	python3 -c '
import base64, json, os, sys
json.dump({"apiVersion": "v1", "kind": "List", "items": [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {
    "name": "random-%d" % i}, "data": {"x": base64.b64encode(os.urandom(675 << 10)).decode()}}
    for i in range(int(sys.argv[1]))]}, sys.stdout)' "$1"
}

credentials_end_during_a_long_upload() {
	local rate=600000 sets
	[ "${FAULTS:-}" != long ] || rate=100000
	start_cloud "$work/ending.log" 4 $rate
	export AWS_ENDPOINT_URL_STS=$started
	SECONDS=0
	LIMIT=400 orlop backup create slow --kubeconfig "$cluster" --location \
		"$(where "$started" profile=base roleArn=arn:aws:iam::2:role/deal externalId=deal-7)"
	sets=$(grep -c '^given' "$work/ending.log")
	echo "info: $SECONDS s, $(s3 "$minio" get backups x/backups/slow/slow.tar.gz | wc -c) bytes in" \
		"$(grep -c 'passed PUT .*partNumber' "$work/ending.log") parts, $sets sets of credentials, each for 4 s;" \
		"$(grep -c '^expired' "$work/ending.log" || true) requests met ExpiredToken"
	[ $SECONDS -ge 15 ] || fail "the upload took only $SECONDS s"
	[ "$sets" -ge 4 ] || fail "only $sets sets of credentials were asked for"
	[ "$(grep -c 'passed PUT .*partNumber' "$work/ending.log")" -ge 5 ] || fail "too few parts"
	orlop backup verify slow --location "$(where "$minio" profile=base)"
}

# The cloud ends sets long before they say so: what was sent is refused, and repeated with new ones.
refused_credentials_are_replaced_during_an_upload() {
	CLOUD_LIES=1 start_cloud "$work/lying.log" 3 600000
	export AWS_ENDPOINT_URL_STS=$started
	LIMIT=200 orlop backup create lied --kubeconfig "$cluster" --location \
		"$(where "$started" profile=base roleArn=arn:aws:iam::2:role/backup)"
	grep -q '^expired' "$work/lying.log" || fail "nothing met ExpiredToken"
	orlop backup verify lied --location "$(where "$minio" profile=base)"
}

# --- moto ---

moto_answers() {
	python3 -c 'import moto.server, boto3' 2> /dev/null || skip "the Python package moto[server] is not there"
	local port
	port=$(python3 -c 'import socket; s=socket.socket(); s.bind(("127.0.0.1",0)); print(s.getsockname()[1])')
	INITIAL_NO_AUTH_ACTION_COUNT=5 python3 -m moto.server -H 127.0.0.1 -p "$port" > "$work/moto.log" 2>&1 &
	echo $! >> "$work/proxies"
	until_true 30 curl -sf "http://127.0.0.1:$port/moto-api/"
	python3 - "http://127.0.0.1:$port" > "$work/moto.keys" <<'PY'
import json, sys, boto3
args = {"endpoint_url": sys.argv[1], "region_name": "us-east-1", "aws_access_key_id": "x", "aws_secret_access_key": "x"}
iam, s3 = boto3.client("iam", **args), boto3.client("s3", **args)
s3.create_bucket(Bucket="backups")
iam.create_user(UserName="ann")
iam.put_user_policy(UserName="ann", PolicyName="p", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": ["sts:AssumeRole", "s3:*"], "Resource": "*"}]}))
iam.create_role(RoleName="backup", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}))
key = iam.create_access_key(UserName="ann")["AccessKey"]
print("[default]\naws_access_key_id=%s\naws_secret_access_key=%s" % (key["AccessKeyId"], key["SecretAccessKey"]))
PY
	sed 's/^aws_secret_access_key=/&x/' "$work/moto.keys" > "$work/moto.wrong"
	export AWS_ENDPOINT_URL_STS=http://127.0.0.1:$port
	# From here on moto checks signatures. What it hands out, MinIO does not know: the second refusal comes from there.
	ends 5 "SignatureDoesNotMatch|secret key" orlop backup list --location "$(where "$minio" \
		"credentialsFile=$work/moto.wrong" roleArn=arn:aws:iam::123456789012:role/backup)"
	ends 5 "(403 Invalid" orlop backup list --location "$(where "$minio" \
		"credentialsFile=$work/moto.keys" roleArn=arn:aws:iam::123456789012:role/backup)"
}

# A moto that takes every signature: as STS and as store it understands what is asked of it.
moto_gives_roles() {
	python3 -c 'import moto.server, boto3' 2> /dev/null || skip "the Python package moto[server] is not there"
	local port url
	port=$(python3 -c 'import socket; s=socket.socket(); s.bind(("127.0.0.1",0)); print(s.getsockname()[1])')
	python3 -m moto.server -H 127.0.0.1 -p "$port" > "$work/moto2.log" 2>&1 < /dev/null &
	echo $! >> "$work/proxies"
	url=http://127.0.0.1:$port
	until_true 60 curl -sf "$url/moto-api/"
	curl -sf -X PUT -H 'Authorization: AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/s3/aws4_request' "$url/backups"
	export AWS_ENDPOINT_URL_STS=$url
	# gives ACTION PARAMETER...: the credentials are those that moto has handed out for it
	gives() {
		local before
		before=$(grep -c '"POST / ' "$work/moto2.log" || true)
		orlop backup list --location "$(where "$url" "${@:2}")"
		[ "$(grep -c '"POST / .* 200' "$work/moto2.log")" -gt "$before" ] || fail "moto was not asked for $1"
	}
	gives external-id profile=base roleArn=arn:aws:iam::2:role/deal externalId=deal-7
	gives profile profile=prod
	gives profiles profile=twice
	gives profile-with-external-id profile=deal
	gives profile-with-web-identity profile=irsa
	AWS_WEB_IDENTITY_TOKEN_FILE=$work/jwt AWS_ROLE_ARN=arn:aws:iam::2:role/web gives web-identity
}

# --- secrets ---

no_secret_is_anywhere() {
	local found
	printf '%s\n' planted-jwt planted-pod planted-session planted-static-secret planted-static-token \
		>> "$CLOUD_SECRETS"
	[ -s "$work/orlop.log" ] || fail "there is no log to look at"
	[ -s "$work/seen" ] || fail "no program was run"
	[ "$(wc -l < "$CLOUD_SECRETS")" -gt 20 ] || fail "hardly any secret was handed out"
	found=$(grep -rlFf "$CLOUD_SECRETS" "$work/orlop.log" "$work/seen" "$work"/out.* "$work/stdout" "$work/stderr" \
		"$HOME/.local" "$HOME/.cache" "$HOME/.config" 2> /dev/null) || true
	[ -z "$found" ] || fail "a secret stands in $found"
}

for name in base prod twice deal irsa program; do try "profile_$name" profile "$name"; done
try a_profile_leads_in_a_circle
try the_environment_counts
try a_role_with_its_external_id
try the_external_id_differs
try the_external_id_is_missing
try a_role_lets_nobody_in
try a_program_fails
try a_credentials_file_of_veleros_kind
try web_identity
try a_wrong_web_identity
try pod_identity
try container_endpoint
try no_pod_identity_association
try instance_metadata
try the_hop_limit_is_too_low
try nothing_is_configured
start_cluster a --bare && cluster=$started
random_configmaps 56 > "$work/random.json"
"$SANDBOX_DIR/bin/kubectl" --kubeconfig "$cluster" create -f "$work/random.json" > /dev/null ||
	{ echo "not ok setup: no objects"; exit 1; }
try credentials_end_during_a_long_upload
try refused_credentials_are_replaced_during_an_upload
try moto_answers
try moto_gives_roles
try no_secret_is_anywhere
