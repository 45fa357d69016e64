#!/usr/bin/env bash
# 'location validate': each thing that can be wrong with a location is told with its cause and what helps, the exit status is
# 5, and nothing is left in the bucket.
# shellcheck source=tests/live/harness.sh
. "$(dirname "${BASH_SOURCE[0]}")/harness.sh"

start_minio backups && plain=$started
HOME=$real_home "$sandbox" minio "tls-$$" --tls > "$work/tls-url" || { echo "not ok setup: no MinIO with TLS"; exit 1; }
echo "minio-tls-$$" >> "$work/servers"
HOME=$real_home "$sandbox" bucket "tls-$$" backups
secure=$(cat "$work/tls-url")
ca=$SANDBOX_DIR/run/minio-tls-$$/certs/public.crt
export AWS_ACCESS_KEY_ID=$MINIO_USER AWS_SECRET_ACCESS_KEY=$MINIO_PASSWORD AWS_EC2_METADATA_DISABLED=true

at() { echo "s3://${2:-backups}?s3Url=$1&s3ForcePathStyle=true&region=us-east-1"; } # URL [BUCKET]
helper() { python3 "$here/validate.py" "$@"; }
free_port() { python3 -c 'import socket; s=socket.socket(); s.bind(("127.0.0.1",0)); print(s.getsockname()[1])'; }

# store OPTION...: storefront.py; its URL is in $started
store() {
	rm -f "$work/front.url"
	python3 "$here/storefront.py" "$@" > "$work/front.url" 2> "$work/front.err" < /dev/null &
	echo $! >> "$work/proxies"
	until_true 10 test -s "$work/front.url"
	started=$(cat "$work/front.url")
}

# moto: its URL is in $started
moto() {
	local port
	port=$(free_port)
	python3 -m moto.server -H 127.0.0.1 -p "$port" > "$work/moto.log" 2>&1 < /dev/null &
	echo $! >> "$work/proxies"
	started=http://127.0.0.1:$port
	until_true 60 curl -sf "$started/moto-api/"
}

# validates CODE STEP STATUS CAUSE REMEDY LOCATION [OPTION...]: what scripts read says so, and so does the table for people
validates() {
	local code=0 words
	orlop location validate "${@:6}" -o json > "$work/rows" 2> "$work/said" || code=$?
	cat "$work/rows" "$work/said"
	{ tr '\n' ' ' < "$work/rows"; echo; } >> "$work/all-rows"
	[ "$code" = "$1" ] || fail "exit status $code instead of $1: $(tail -n 1 "$work/said")"
	helper rows "$2" "$3" "$4" "$5" < "$work/rows"
	code=0
	orlop location validate "${@:6}" > "$work/table" 2>> "$work/said" || code=$?
	cat "$work/table"
	[ "$code" = "$1" ] || fail "exit status $code instead of $1 with a table"
	grep -Eq "^$2 +$3 " "$work/table" || fail "the table does not say that $2 is $3"
	words=${5%%|*}
	[ -z "$words" ] || grep -iF -- "$words" "$work/table" | grep -q 'Next: ' || fail "the table does not say what to do next"
	if [ "$1" = 5 ]; then [ -s "$work/said" ] || fail "nothing on stderr"; fi
	if grep -q 'minioadmin\|planted' "$work/rows" "$work/table" "$work/said"; then fail "a secret was shown"; fi
}

empty() { # [URL [BUCKET]]
	local left
	left=$(AWS_CA_BUNDLE=$ca helper left "${1:-$plain}" "${2:-backups}")
	[ -z "$left" ] || fail "left in the bucket: $left"
}

# failed STEP CAUSE REMEDY LOCATION [OPTION...]
failed() { validates 5 "$1" failed "${@:2}"; }
warned() { validates 0 "$1" warning "${@:2}"; }

# ---- it works ----

all_is_well() {
	local where
	for where in "$(at "$plain")" "$(at "$secure")&caFile=$ca" "$(at "$plain")&tagging=a=b&checksumAlgorithm=SHA256" \
		"dir:$work/folder"; do
		orlop location validate "$where" > "$work/table" || fail "$(cat "$work/table")"
		cat "$work/table"
		! grep -Eq 'failed|warning' "$work/table" || fail "something is wrong"
	done
	grep -q 'space .* free' "$work/table" || fail "not a word about space"
	empty
	empty "$secure"
	[ -z "$(find "$work/folder" -mindepth 1)" ] || fail "left: $(find "$work/folder")"
}

certificate_as_text() {
	local text
	text=$(base64 -w0 < "$ca" | sed 's/+/%2B/g')
	orlop location validate "$(at "$secure")&caCert=$text"
}

a_prefix_is_kept_to() {
	orlop location validate "s3://backups/team/a?s3Url=$plain&s3ForcePathStyle=true" | tee "$work/table"
	empty
}

# ---- the way there ----

# pem NAME SAN OPTION...: a certificate of the CA $work/ca.pem in $work/NAME.pem
pem() {
	[ -f "$work/ca.pem" ] || openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 9 -subj /CN=dc-ca \
		-keyout "$work/ca.key" -out "$work/ca.pem" 2> /dev/null
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" -keyout "$work/$1.key" -out "$work/$1.csr" \
		2> /dev/null
	printf '[ca]\ndefault_ca=c\n[c]\ndatabase=%s\nserial=%s\nnew_certs_dir=%s\ncertificate=%s\nprivate_key=%s\ndefault_md=sha256
policy=p\nunique_subject=no\nrand_serial=yes\n[p]\ncommonName=supplied\n[e]\nsubjectAltName=%s\n' "$work/index" "$work/serial" "$work" \
		"$work/ca.pem" "$work/ca.key" "$2" > "$work/ca.conf"
	: > "$work/index"
	openssl ca -batch -config "$work/ca.conf" -extensions e -in "$work/$1.csr" -out "$work/$1.crt" -notext "${@:3}" 2> "$work/ca.log" ||
		fail "$(cat "$work/ca.log")"
	cat "$work/$1.crt" "$work/$1.key" > "$work/$1.pem"
}

no_such_host() { failed resolve "no-such-host.invalid" "s3Url|no-such-host.invalid" "$(at https://no-such-host.invalid:9000)"; }
nobody_listens() { failed connect "refused" "Nothing listens at|port" "$(at "http://127.0.0.1:$(free_port)")"; }

no_connection_in_time() { # a listener whose queue is full takes no more connections
	python3 - "$work/full" <<'PY' &
import socket, sys, time
s = socket.socket()
s.bind(("127.0.0.1", 0))
s.listen(0)
kept = []
for _ in range(4):
    c = socket.socket()
    c.setblocking(False)
    c.connect_ex(s.getsockname())
    kept.append(c)
time.sleep(0.2)
open(sys.argv[1], "w").write(str(s.getsockname()[1]) + "\n")
time.sleep(120)
PY
	echo $! >> "$work/proxies"
	until_true 10 test -s "$work/full"
	failed connect "no connection within" "firewall" "$(at "http://127.0.0.1:$(cat "$work/full")")"
}

unknown_ca() {
	pem minio.dc IP:127.0.0.1 -days 30
	store --tls "$work/minio.dc.pem" "$plain"
	failed tls "issued by 'dc-ca'" "'dc-ca'|--certificate" "$(at "$started")"
	failed tls "'dc-ca'" "'dc-ca'|--certificate" "$(at "$started")&caFile=$ca"
	orlop location validate "$(at "$started")&caFile=$work/ca.pem" | tee "$work/table"
	grep -q "TLSv1.3.*chain ends at 'dc-ca'.*name matches" "$work/table"
}

ca_was_made_anew() {
	pem minio.dc IP:127.0.0.1 -days 30
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 9 -subj /CN=dc-ca -keyout /dev/null \
		-out "$work/twin.pem" -addext subjectKeyIdentifier=none 2> /dev/null
	store --tls "$work/minio.dc.pem" "$plain"
	failed tls "dc-ca" "dc-ca|--certificate" "$(at "$started")&caFile=$work/twin.pem"
}

self_signed() { failed tls "signed by itself" "--certificate" "$(at "$secure")"; }

expired_certificate() {
	pem old.dc IP:127.0.0.1 -startdate 20260101000000Z -enddate 20261101000000Z
	store --tls "$work/old.dc.pem" "$plain"
	failed tls "'old.dc' has expired on 2026-11-01" "Renew|old.dc|2026-11-01" "$(at "$started")&caFile=$work/ca.pem"
	# The same words wherever the store is used.
	ends 5 "'old.dc' has expired on 2026-11-01" orlop backup list --location "$(at "$started")&caFile=$work/ca.pem"
}

certificate_of_the_future() {
	pem new.dc IP:127.0.0.1 -startdate 20990101000000Z -enddate 20991101000000Z
	store --tls "$work/new.dc.pem" "$plain"
	failed tls "not yet valid|2099-01-01" "clock" "$(at "$started")&caFile=$work/ca.pem"
}

certificate_that_ends_soon() {
	pem soon.dc IP:127.0.0.1 -days 3
	store --tls "$work/soon.dc.pem" "$plain"
	warned tls "soon.dc|days" "Renew" "$(at "$started")&caFile=$work/ca.pem"
}

wrong_host_name() {
	pem other.dc DNS:minio.dc,DNS:*.minio.dc,IP:10.0.9.3 -days 30
	store --tls "$work/other.dc.pem" "$plain"
	failed tls "minio.dc, *.minio.dc, 10.0.9.3" "minio.dc, *.minio.dc, 10.0.9.3" "$(at "$started")&caFile=$work/ca.pem"
}

certificate_for_something_else() { # it is one of a client
	pem client.dc $'IP:127.0.0.1\nextendedKeyUsage=clientAuth' -days 30
	store --tls "$work/client.dc.pem" "$plain"
	failed tls "'client.dc'|purpose" "'client.dc'|issued anew" "$(at "$started")&caFile=$work/ca.pem"
}

not_verified_on_the_users_word() {
	pem other.dc DNS:minio.dc -days 30
	store --tls "$work/other.dc.pem" "$plain"
	warned tls "not verified" "insecureSkipTLSVerify" "$(at "$started")&insecureSkipTLSVerify=true"
}

plain_http_to_a_tls_port() {
	failed endpoint "http://|speaks TLS" "https://" "$(at "${secure/https:/http:}")"
	pem minio.dc IP:127.0.0.1 -days 30
	store --tls "$work/minio.dc.pem" "$plain"   # says nothing intelligible to plain HTTP
	failed endpoint "speaks TLS" "https://" "$(at "${started/https:/http:}")"
}

tls_to_a_plain_port() { failed tls "does not speak TLS" "http://" "$(at "${plain/http:/https:}")"; }

not_http() {
	store --banner $'SSH-2.0-OpenSSH_9.9\r\n'
	failed endpoint "not HTTP" "Check host and port|not HTTP" "$(at "$started")"
}

hangs_up() {
	store --banner ""
	failed endpoint "closed without an answer" "Check the store at $started|proxy|try again" "$(at "$started")"
}

tls_too_old() { # each hello is answered with the alert "protocol version"
	python3 - "$work/old-tls" <<'PY' &
import socket, sys
s = socket.create_server(("127.0.0.1", 0))
open(sys.argv[1], "w").write(str(s.getsockname()[1]) + "\n")
while True:
    c, _ = s.accept()
    c.recv(65536)
    c.sendall(b"\x15\x03\x01\x00\x02\x02\x46")
    c.close()
PY
	echo $! >> "$work/proxies"
	until_true 10 test -s "$work/old-tls"
	failed tls "handshake|version" "versions of TLS|1.2" "$(at "https://127.0.0.1:$(cat "$work/old-tls")")"
}

client_certificate_is_asked_for() {
	pem minio.dc IP:127.0.0.1 -days 30
	local port
	port=$(free_port)
	openssl s_server -accept "127.0.0.1:$port" -cert "$work/minio.dc.pem" -Verify 1 -CAfile "$work/ca.pem" -www \
		> "$work/strict-tls" 2>&1 < /dev/null &
	echo $! >> "$work/proxies"
	until_true 10 grep -q ACCEPT "$work/strict-tls"
	failed tls "client certificate" "without a certificate" "$(at "https://127.0.0.1:$port")&caFile=$work/ca.pem"
}

a_proxy_is_in_the_way() {
	HTTPS_PROXY=http://127.0.0.1:$(free_port) failed connect "" "" "$(at https://minio.invalid:9000)"
	store --answer '*=403 Forbidden no'
	HTTPS_PROXY=$started failed connect "proxy" "HTTPS_PROXY" "$(at https://minio.invalid:9000)"
}

# ---- who answers ----

console_port() {
	local port console
	port=$(free_port) console=$(free_port)
	mkdir -p "$work/console"
	MINIO_ROOT_USER=$MINIO_USER MINIO_ROOT_PASSWORD=$MINIO_PASSWORD "$SANDBOX_DIR/bin/minio" server --address "127.0.0.1:$port" \
		--console-address "127.0.0.1:$console" "$work/console" > "$work/console.log" 2>&1 < /dev/null &
	echo $! >> "$work/proxies"
	until_true 30 curl -fs "http://127.0.0.1:$console/"
	failed endpoint "page" "MinIO console, use the API port" "$(at "http://127.0.0.1:$console")"
}

console_that_sends_to_its_login() { store --login && failed endpoint "login page|302" "MinIO console, use the API port" "$(at "$started")"; }
web_page() { store --page "It works" && failed endpoint "web page" "S3 API" "$(at "$started")"; }

clock_is_off() {
	store --skew 600 "$plain"
	warned clock "10m|behind" "timedatectl" "$(at "$started")"
	store --skew -600 "$plain"
	warned clock "10m|ahead" "timedatectl" "$(at "$started")"
	empty
}

clock_is_too_far_off() {
	store --answer 's3:ListBucket=403 RequestTimeTooSkewed The difference is too large.' --skew 7200 "$plain"
	failed credentials "RequestTimeTooSkewed" "clock|2h00m" "$(at "$started")"
}

# ---- credentials ----

wrong_access_key() { AWS_ACCESS_KEY_ID=nobody failed credentials "InvalidAccessKeyId" "access key|environment" "$(at "$plain")"; }
wrong_secret_key() { AWS_SECRET_ACCESS_KEY=planted failed credentials "SignatureDoesNotMatch" "secret key" "$(at "$plain")"; }

expired_credentials() {
	store --answer 's3:ListBucket=400 ExpiredToken The provided token has expired.' "$plain"
	failed credentials "ExpiredToken" "new temporary credentials" "$(at "$started")"
	store --answer 's3:ListBucket=400 InvalidToken The provided token is malformed.' "$plain"
	failed credentials "InvalidToken" "session token" "$(at "$started")"
}

token_must_be_refreshed() {
	store --answer 's3:ListBucket=400 TokenRefreshRequired The provided token must be refreshed.' "$plain"
	failed credentials "TokenRefreshRequired" "new temporary credentials|environment" "$(at "$started")"
}

problem_with_the_account() {
	store --answer 's3:ListBucket=403 AccountProblem There is a problem with your account.' "$plain"
	failed credentials "AccountProblem" "Ask the provider|account" "$(at "$started")"
}

no_credentials() {
	unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
	failed credentials "no AWS credentials|AWS_ACCESS_KEY_ID" "Give credentials to the location" "$(at "$plain")"
	failed credentials "no-such-profile" "Correct what the message names|profile" "$(at "$plain")&profile=no-such-profile"
	unset AWS_EC2_METADATA_DISABLED
	AWS_EC2_METADATA_SERVICE_ENDPOINT=http://127.0.0.1:$(free_port) failed credentials "none found|no instance metadata at" \
		"Give credentials to the location|AWS_ACCESS_KEY_ID" "$(at "$plain")"
}

role_cannot_be_assumed() {
	store --answer 'sts=403 AccessDenied User: arn:aws:iam::1:user/u is not authorized to perform: sts:AssumeRole'
	export AWS_ENDPOINT_URL_STS=$started
	failed credentials "arn:aws:iam::1:role/backup" "sts:AssumeRole|ARN" "$(at "$plain")&roleArn=arn:aws:iam::1:role/backup"
	failed credentials "External ID" "External ID|sts:ExternalId" \
		"$(at "$plain")&roleArn=arn:aws:iam::1:role/backup&externalId=wrong"
	echo token > "$work/token"
	unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
	AWS_ROLE_ARN=arn:aws:iam::1:role/backup AWS_WEB_IDENTITY_TOKEN_FILE=$work/token \
		failed credentials "web identity" "sts:AssumeRoleWithWebIdentity" "$(at "$plain")"
}

metadata_is_too_many_hops_away() {
	store --deaf
	unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_EC2_METADATA_DISABLED
	AWS_EC2_METADATA_SERVICE_ENDPOINT=$started failed credentials "hop limit" "http-put-response-hop-limit 2" "$(at "$plain")"
}

metadata_is_turned_off() {
	store --answer '*=403 - -'
	unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_EC2_METADATA_DISABLED
	AWS_EC2_METADATA_SERVICE_ENDPOINT=$started failed credentials "turned off" "metadata on|--http-endpoint enabled" "$(at "$plain")"
}

instance_has_no_role() {
	store --roleless
	unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_EC2_METADATA_DISABLED
	AWS_EC2_METADATA_SERVICE_ENDPOINT=$started failed credentials "no role" "Attach an instance profile" "$(at "$plain")"
}

# ---- bucket ----

no_such_bucket() { failed bucket "NoSuchBucket" "Create the bucket 'nosuchbucket'" "$(at "$plain" nosuchbucket)"; }

# bucket_answers 'STATUS CODE MESSAGE' CAUSE REMEDY
bucket_answers() {
	store --answer "s3:ListBucket=$1" "$plain"
	failed bucket "$2" "$3" "$(at "$started")"
	empty
}

invalid_bucket_name() {
	bucket_answers '400 InvalidBucketName The specified bucket is not valid.' "InvalidBucketName" "name of the bucket 'backups'"
}

bucket_at_another_address() {
	bucket_answers '301 PermanentRedirect The bucket must be addressed elsewhere.' "PermanentRedirect" "Correct s3Url|'backups'"
}

region_is_wrong_and_the_right_one_not_told() {
	bucket_answers '400 AuthorizationHeaderMalformed The region is wrong.' "AuthorizationHeaderMalformed" "Correct the region"
}

access_is_turned_off() {
	bucket_answers '403 AllAccessDisabled All access to this object has been disabled.' "AllAccessDisabled" "The owner of the bucket"
}

throttled() { bucket_answers '503 SlowDown Please reduce your request rate.' "SlowDown" "fewer requests|later"; }
gateway_timeout() { bucket_answers '504 - -' "504 Gateway Timeout" "overloaded|try again"; }
unavailable() { bucket_answers '502 - -' "502 Bad Gateway" "Check the store at|try again"; }
not_found() { bucket_answers '404 - -' "404 Not Found" "Check that|is there"; }

bucket_in_regions_without_end() {
	store --wander "$plain"
	failed bucket "the bucket is in region" "Set region to the one" "$(at "$started")"
}

store_answers_what_nobody_knows() { bucket_answers '400 SomethingOdd Whatever.' "SomethingOdd" "Correct s3Url"; }

store_lacks_what_is_needed() {
	store --answer 's3:PutObject=501 NotImplemented A header you provided implies functionality that is not implemented' "$plain"
	failed write "NotImplemented" "lacks something that backups need" "$(at "$started")"
	empty
}

# ---- volumes ----

snapshots_of_volumes() {
	local denied='403 UnauthorizedOperation You are not authorized to perform this operation.'
	store && export AWS_ENDPOINT_URL_EC2=$started
	validates 0 volumes ok "" "" "$(at "$plain")" --ebs
	grep -q "EC2 in region 'us-east-1' would permit" "$work/table" || fail "not a word about what was found"
	! orlop location validate "$(at "$plain")" | grep volumes || fail "nobody asked for volumes"
	store --answer "ec2:CreateSnapshot=$denied" --answer "ec2:DescribeVolumes=$denied"
	AWS_ENDPOINT_URL_EC2=$started failed volumes "refuses ec2:DescribeVolumes, ec2:CreateSnapshot" \
		"Allow ec2:DescribeVolumes, ec2:CreateSnapshot on *|location policy --ebs" "$(at "$plain")" --ebs
	store --answer "ec2:CreateTags=400 InvalidVolume.NotFound The volume does not exist."
	AWS_ENDPOINT_URL_EC2=$started warned volumes "does not say whether it permits ec2:CreateTags" \
		"Make sure that ec2:CreateTags is allowed" "$(at "$plain")" --ebs
	store --answer "ec2:DescribeVolumes=401 AuthFailure AWS was not able to validate the provided access credentials"
	AWS_ENDPOINT_URL_EC2=$started failed volumes "AuthFailure" "an AWS account" "$(at "$plain")" --ebs
	AWS_ENDPOINT_URL_EC2=http://127.0.0.1:$(free_port) failed volumes "" "AWS_ENDPOINT_URL_EC2" "$(at "$plain")" --ebs
	ends 2 "is a folder" orlop location validate "dir:$work/folder" --ebs
	empty
}

# One moto is the store, which takes any keys; the other knows users and what they may do.
snapshots_of_volumes_at_moto() {
	local bucket
	python3 -c 'import moto.server, boto3' 2> /dev/null || skip "the Python package moto[server] is not there"
	moto && bucket=$started
	INITIAL_NO_AUTH_ACTION_COUNT=6 moto && export AWS_ENDPOINT_URL_EC2=$started
	helper bucket "$bucket" backups
	helper ec2-users "$started" "$work"
	unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
	failed volumes "refuses ec2:DescribeSnapshots, ec2:CreateSnapshot" "ec2:CreateSnapshot" \
		"$(at "$bucket")&credentialsFile=$work/some.ini" --ebs
	orlop location validate "$(at "$bucket")&credentialsFile=$work/all.ini" --ebs | tee "$work/table"
	grep -Eq '^volumes +(ok|warning) ' "$work/table" || fail "all six are permitted there"
	AWS_ENDPOINT_URL_EC2=$bucket orlop location validate "$(at "$bucket")&credentialsFile=$work/all.ini" --ebs
}

bucket_in_another_region() {
	store --region eu-west-1 "$plain"
	warned bucket "eu-west-1|us-east-1" "region=eu-west-1" "$(at "$started")"
	empty
}

foreign_folders() {
	echo x | s3 "$plain" put backups holiday/1.jpg
	failed list "[holiday]" "prefix" "$(at "$plain")"
	s3 "$plain" delete backups holiday/1.jpg
	empty
}

# may_not STEP ACTION RESOURCE [LOCATION]: MinIO's own policies refuse it
may_not() {
	local keys
	keys=$(helper without "$plain" "$2")
	(
		eval "$keys"
		failed "$1" "AccessDenied" "$2|$3" "${4:-$(at "$plain")}"
	)
	empty
}

missing_permissions() {
	local all='arn:aws:s3:::backups/*'
	may_not list s3:ListBucket 'arn:aws:s3:::backups to'
	may_not write s3:PutObject "$all"
	may_not read s3:GetObject "$all"
	may_not delete s3:DeleteObject "$all"
	may_not multipart s3:AbortMultipartUpload "$all"
}

# MinIO asks for s3:PutObjectTagging where tags are changed (PUT ?tagging), which backups never do. Tags that come with an
# object are for it a matter of s3:PutObject and its conditions.
tags_are_refused() {
	local keys
	keys=$(helper tagless "$plain" team)
	(
		eval "$keys"
		failed write "AccessDenied" "s3:PutObject|s3:PutObjectTagging|arn:aws:s3:::backups/*" "$(at "$plain")&tagging=team=a"
		orlop location validate "$(at "$plain")&tagging=cost=a"
	)
	keys=$(helper without "$plain" s3:PutObjectTagging)
	(
		eval "$keys"
		orlop location validate "$(at "$plain")&tagging=team=a" || fail "MinIO heeds it now: a case of missing_permissions"
	)
	empty
}

# As AWS words it.
permission_that_aws_names() {
	local user='User: arn:aws:iam::1:user/u is not authorized to perform:'
	store --answer "s3:PutObject=403 AccessDenied $user s3:PutObject on resource: x because no identity-based policy" "$plain"
	failed write "not authorized" "s3:PutObject|arn:aws:s3:::backups/*" "$(at "$started")"
	store --answer "s3:PutObjectTagging=403 AccessDenied $user s3:PutObjectTagging on resource: x" "$plain"
	failed write "not authorized" "s3:PutObjectTagging|arn:aws:s3:::backups/*" "$(at "$started")&tagging=a=b"
	store --answer "s3:PutObject=403 AccessDenied $user kms:GenerateDataKey on resource: arn:aws:kms:eu-west-1:1:key/k" "$plain"
	failed write "kms:GenerateDataKey" "kms:GenerateDataKey|kms:Decrypt" "$(at "$started")"
	store --answer "s3:PutObject=403 AccessDenied The ciphertext refers to a KMS key that you may not use." "$plain"
	failed write "KMS key" "kms:GenerateDataKey|kms:Decrypt" "$(at "$started")"
	store --answer "s3:PutObject=400 KMS.DisabledException The key is disabled." "$plain"
	failed write "KMS.DisabledException" "KMS key|enabled" "$(at "$started")"
	empty
}

store_has_no_kms() { failed write "KMS" "kmsKeyId" "$(at "$plain")&kmsKeyId=some-key"; }

no_space() {
	local code
	for code in QuotaExceeded XMinioAdminBucketQuotaExceeded; do
		store --answer "s3:PutObject=409 $code Bucket quota exceeded" "$plain"
		failed write "$code" "quota" "$(at "$started")"
	done
	store --answer "s3:PutObject=507 XMinioStorageFull Storage backend has reached its minimum free drive threshold." "$plain"
	failed write "XMinioStorageFull" "disks are full" "$(at "$started")"
	empty
}

read_only() {
	validates 0 write skipped "" "" "$(at "$plain")&accessMode=ReadOnly"
	echo hello | s3 "$plain" put backups backups/b/hello
	orlop location validate "$(at "$plain")&accessMode=ReadOnly" | tee "$work/table"
	grep -Eq "^read +ok .*'backups/b/hello'" "$work/table" || fail "nothing was read"
	s3 "$plain" delete backups backups/b/hello
	empty
}

bytes_are_changed() {
	store --change whole "$plain"
	failed read "other bytes" "Do not trust this store|proxy" "$(at "$started")"
	store --change range "$plain"
	failed range "returned others" "Do not trust this store|proxy" "$(at "$started")"
	empty
}

conditions_are_ignored() {
	store --ignore-conditions "$plain"
	warned conditional "If-None-Match" "one program at a time" "$(at "$started")"
	empty
}

versioned_bucket() {
	helper bucket "$plain" versioned versioned
	orlop location validate "$(at "$plain" versioned)" | tee "$work/table"
	grep -Eq '^delete +ok .*with its versions' "$work/table" || fail "versions are left"
	empty "$plain" versioned
}

versioned_bucket_whose_versions_may_not_be_deleted() {
	local keys
	helper bucket "$plain" keeping versioned
	keys=$(helper without "$plain" s3:DeleteObjectVersion)
	eval "$keys"
	warned delete "old version" "s3:DeleteObjectVersion" "$(at "$plain" keeping)"
}

write_once_bucket() {
	helper bucket "$plain" locked locked
	warned delete "old version" "retention" "$(at "$plain" locked)"
}

# ---- folders ----

folder_is_a_file() {
	echo x > "$work/file"
	failed folder "Not a directory" "folder" "dir:$work/file"
}

folder_that_may_not_be_written() {
	mkdir -p "$work/sysfs"
	mount -t tmpfs -o ro,size=64k none "$work/sysfs" || skip "mounting needs root"
	trap 'umount "$work/sysfs"' EXIT
	failed write "Read-only file system" "$work/sysfs" "dir:$work/sysfs"
}

folder_of_somebody_else() {
	mkdir -m 700 "$work/theirs" "$work/nobody"
	chmod a+rx "$work" && chmod 777 "$work/nobody"
	if [ "$(id -u)" = 0 ]; then
		orlop() { HOME=$work/nobody setpriv --reuid=65534 --regid=65534 --clear-groups "$ORLOP" "$@"; }
	else
		chmod 0 "$work/theirs"
	fi
	orlop version > /dev/null || skip "the program cannot be run as another user"
	failed folder "Permission denied" "Check who may read and write" "dir:$work/theirs/backups"
}

folder_on_a_small_disk() {
	mkdir -p "$work/small"
	mount -t tmpfs -o size=256k none "$work/small" || skip "mounting needs root"
	trap 'umount "$work/small"' EXIT
	warned space "256.0 KiB" "Free space" "dir:$work/small"
}

# ---- leaving ----

# The store does the nth request (of any kind), and its answer does not arrive.
interrupted_at_each_request() {
	local n pid code
	for n in 1 2 3 4 5 6 7 8 9 10 11 12; do
		start_proxy "$work/stall" "$plain" "stall=0@$n ."
		"$ORLOP" location validate "$(at "$started")" > "$work/stdout" 2> "$work/stderr" &
		pid=$!
		until_true 20 test -s "$work/stall"
		kill -INT "$pid" 2> /dev/null || true
		code=0
		wait "$pid" || code=$?
		# The last two have no body that could be waited for: they may be over before the interrupt.
		[ "$code" = 130 ] || { [ "$code" = 0 ] && [ "$n" -ge 11 ]; } || fail "exit status $code after an interrupt at request $n: $(cat "$work/stdout" "$work/stderr")"
		empty
	done
}

for name in all_is_well certificate_as_text a_prefix_is_kept_to no_such_host nobody_listens no_connection_in_time \
	unknown_ca ca_was_made_anew self_signed expired_certificate certificate_of_the_future certificate_that_ends_soon \
	wrong_host_name certificate_for_something_else not_verified_on_the_users_word plain_http_to_a_tls_port \
	tls_to_a_plain_port not_http hangs_up tls_too_old client_certificate_is_asked_for a_proxy_is_in_the_way console_port \
	console_that_sends_to_its_login web_page clock_is_off clock_is_too_far_off wrong_access_key wrong_secret_key \
	expired_credentials token_must_be_refreshed problem_with_the_account no_credentials role_cannot_be_assumed \
	metadata_is_too_many_hops_away metadata_is_turned_off instance_has_no_role no_such_bucket invalid_bucket_name \
	bucket_at_another_address region_is_wrong_and_the_right_one_not_told access_is_turned_off throttled gateway_timeout \
	unavailable not_found bucket_in_regions_without_end store_answers_what_nobody_knows store_lacks_what_is_needed \
	snapshots_of_volumes snapshots_of_volumes_at_moto bucket_in_another_region foreign_folders \
	missing_permissions tags_are_refused permission_that_aws_names store_has_no_kms no_space read_only \
	bytes_are_changed conditions_are_ignored versioned_bucket versioned_bucket_whose_versions_may_not_be_deleted \
	write_once_bucket folder_is_a_file folder_that_may_not_be_written folder_of_somebody_else \
	folder_on_a_small_disk interrupted_at_each_request; do
	try "$name"
done
# shellcheck disable=SC2119
every_remedy_was_provoked() { helper remedies "$here/../../src/store/validate_remedy.c" "$work/all-rows"; }
[ -n "${CASES:-}" ] || try every_remedy_was_provoked
