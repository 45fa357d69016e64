#!/usr/bin/env bash
# Buckets of every kind: encryption, checksums, tags, versions, object lock, TLS, both styles of addresses, regions, odd keys,
# IPv6, and a store that refuses whatever it does not know. What is in a bucket is looked at with boto3, where it is there.
# shellcheck source=tests/live/harness.sh
. "$(dirname "${BASH_SOURCE[0]}")/harness.sh"

built=$(dirname "$ORLOP")
transfer=$built/tests/bench/transfer
test_s3=$built/tests/live/test_s3
for program in "$transfer" "$test_s3"; do
	[ -x "$program" ] || { echo "not ok setup: there is no program $program: make tests/live/test_s3 tests/bench/transfer"; exit 1; }
done

# minio NAME [--tls]: one more server; its URL is in $started
minio() {
	echo "minio-live-$$-$1" >> "$work/servers"
	started=$(HOME=$real_home "$sandbox" minio "live-$$-$1" ${2:+"$2"}) || { echo "not ok setup: no MinIO"; exit 1; }
}

start_cluster a --bare && a=$started
minio plain && plain=$started
HOME=$real_home "$sandbox" bucket "live-$$-plain" backups
minio tls --tls && tls=$started
HOME=$real_home "$sandbox" bucket "live-$$-tls" backups
ca=$SANDBOX_DIR/run/minio-live-$$-tls/certs/public.crt
MINIO_SITE_REGION=eu-west-2 minio region && region=$started
export AWS_ACCESS_KEY_ID=$MINIO_USER AWS_SECRET_ACCESS_KEY=$MINIO_PASSWORD AWS_EC2_METADATA_DISABLED=true

# strict RECORD [--ipv6] [HEADER...]: a strict store in front of the plain one; its URL is in $started
strict() {
	local record=$1 option=()
	shift
	if [ "${1:-}" = --ipv6 ]; then option=(--ipv6) && shift; fi
	python3 "$here/../faults/strict.py" "${option[@]}" "$plain" "$record" "$@" > "$record.url" 2> "$record.errors" &
	echo $! >> "$work/proxies"
	until_true 10 test -s "$record.url"
	started=$(cat "$record.url")
}

at() { echo "s3://$1?s3ForcePathStyle=true&s3Url=$2${3:-}"; } # BUCKET[/PREFIX] ENDPOINT [PARAMETERS]

seen() { python3 "$here/stores.py" "$1" "$2" "$transfer" "$(mktemp -d "$work/seen.XXXXXX")" "${@:3}"; } # CASE ENDPOINT

seen_tls() { AWS_CA_BUNDLE=$ca seen "$1" "$tls"; } # CASE

# The whole test of the store, with further parameters.
store() { S3_TEST_URL=$(at "$@") timeout 120 "$test_s3"; }

# A small backup, and a namespace that comes back from it.
backup_and_restore() { # LOCATION
	kubectl() { "$SANDBOX_DIR/bin/kubectl" --kubeconfig "$a" "$@"; }
	local shop=shop-$RANDOM
	kubectl create namespace "$shop"
	kubectl -n "$shop" create configmap goods --from-literal=apples=3
	orlop backup create b1 --kubeconfig "$a" --location "$1" --include-namespaces "$shop"
	orlop backup verify b1 --location "$1"
	kubectl -n "$shop" delete configmap goods
	orlop restore create --from-backup b1 --kubeconfig "$a" --location "$1"
	[ "$(kubectl -n "$shop" get configmap goods -o 'jsonpath={.data.apples}')" = 3 ]
}

strict_store_takes_backup_and_restore() {
	strict "$work/strict"
	backup_and_restore "$(at backups/strict "$started")"
	head -c 20M /dev/urandom > "$work/large"
	"$transfer" put "$(at backups/strict "$started")" large "$work/large"
	"$transfer" get "$(at backups/strict "$started")" large "$work/large.back"
	cmp "$work/large" "$work/large.back"
	orlop backup delete b1 --location "$(at backups/strict "$started")" --confirm --kubeconfig "$a"
	[ ! -s "$work/strict" ] || fail "refused: $(head -n 1 "$work/strict")"
}

strict_store_takes_the_whole_test() {
	strict "$work/strict2"
	store backups/strict2 "$started"
	[ ! -s "$work/strict2" ] || fail "refused: $(head -n 1 "$work/strict2")"
}

# One that knows checksums, but no other way to send them than as a header.
strict_store_takes_checksums_as_headers() {
	strict "$work/strict3" x-amz-checksum-{crc32,crc32c,sha1,sha256,algorithm,mode,type}
	for sum in CRC32 CRC32C SHA1 SHA256; do store "backups/strict-$sum" "$started" "&checksumAlgorithm=$sum"; done
	[ ! -s "$work/strict3" ] || fail "refused: $(head -n 1 "$work/strict3")"
}

# Otherwise the cases above would show nothing.
strict_store_refuses_what_others_send() {
	command -v aws > /dev/null || skip "the program aws is missing (PyPI: awscli)"
	strict "$work/strict4"
	echo hello > "$work/hello"
	if aws --region us-east-1 --endpoint-url "$started" s3 cp "$work/hello" s3://backups/hello; then fail "not refused"; fi
	[ -s "$work/strict4" ] || fail "it failed for another reason"
}

checksum_that_the_store_refuses_is_explained() {
	strict "$work/strict5"
	ends '1|5' 'checksumAlgorithm' "$transfer" put "$(at backups/x "$started" '&checksumAlgorithm=CRC32')" k "$sandbox"
}

ipv6_endpoint() {
	python3 -c 'import socket; socket.create_server(("::1", 0), family=socket.AF_INET6)' 2> /dev/null || skip "no IPv6 here"
	strict "$work/strict6" --ipv6
	store backups/ipv6 "$started"
}

versioned_bucket_keeps_one_version_of_each_key() {
	seen bucket "$plain" versioned versioned
	backup_and_restore "$(at versioned "$plain")"
	seen written-once "$plain" versioned
}

locked_bucket_keeps_one_version_of_each_key() {
	seen bucket "$plain" lockedbackups locked
	backup_and_restore "$(at lockedbackups "$plain")"
	seen written-once "$plain" lockedbackups
	orlop backup delete b1 --location "$(at lockedbackups "$plain")" --confirm --kubeconfig "$a"
	ends '1|3|4|5' 'b1' orlop backup describe b1 --location "$(at lockedbackups "$plain")"
}

encrypted_backup_comes_back() {
	head -c 32 /dev/urandom > "$work/key32"
	backup_and_restore "$(at backups/ssec "$tls" "&caFile=$ca&customerKeyEncryptionFile=$work/key32")"
	ends '1|5' '' orlop backup verify b1 --location "$(at backups/ssec "$tls" "&caFile=$ca")"
	backup_and_restore "$(at backups/kms "$tls" "&caFile=$ca&kmsKeyId=sandbox")"
}

region_of_a_bucket_is_asked() {
	local port
	python3 -c 'import moto, flask' 2> /dev/null || skip "moto is missing (PyPI: moto[server])"
	port=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
	python3 -m moto.server -H 127.0.0.1 -p "$port" > "$work/moto" 2>&1 &
	echo $! >> "$work/proxies"
	until_true 30 curl -fs "http://127.0.0.1:$port/moto-api/data.json"
	seen aws-asks-for-the-region "http://127.0.0.1:$port"
	grep -q '"HEAD /frankfurt ' "$work/moto"
}

# status URL: of a GET without credentials
status() { curl -s -o /dev/null -w '%{http_code}' "$1"; }

presigned_url_is_read_by_anyone_until_it_ends() {
	local l url
	l=$(at backups/presign "$plain")
	backup_and_restore "$l"
	orlop backup download b1 --location "$l" -o "$work/b1.tar.gz"
	ORLOP_LOG=debug ORLOP_LOG_FILE=$work/presign.log orlop backup download b1 --location "$l" --presign=3s > "$work/url"
	url=$(cat "$work/url")
	curl -fsS "$url" -o "$work/presigned.tar.gz"
	cmp "$work/b1.tar.gz" "$work/presigned.tar.gz"
	[ "$(status "${url/X-Amz-Expires=3/X-Amz-Expires=3000}")" = 403 ] || fail "a longer time was not refused"
	[ "$(status "${url/b1.tar.gz/b1-logs.gz}")" = 403 ] || fail "another object was not refused"
	[ "$(curl -s -o /dev/null -w '%{http_code}' -X DELETE "$url")" = 403 ] || fail "another method was not refused"
	if grep -q "X-Amz-Signature\|$MINIO_PASSWORD" "$work/presign.log"; then fail "the URL stands in the log"; fi
	ended() { [ "$(status "$url")" = 403 ]; }
	until_true 20 ended
	ends 2 '7 days' orlop backup download b1 --location "$l" --presign=169h
	ends 2 'no duration' orlop backup download b1 --location "$l" --presign=soon
}

presigned_url_names_the_public_address() {
	orlop backup download b1 --location "$(at backups/presign "$plain" '&publicUrl=https://public.example:9443/s3')" --presign \
		> "$work/url"
	grep -q '^https://public.example:9443/s3/backups/presign/backups/b1/b1.tar.gz?.*X-Amz-Expires=3600&' "$work/url"
	# Its host is what is signed: through that name it is accepted.
	orlop backup download b1 --location "$(at backups/presign "$plain" "&publicUrl=${plain/127.0.0.1/localhost}")" --presign \
		> "$work/url"
	curl -fsS "$(cat "$work/url")" | cmp - "$work/b1.tar.gz"
}

presigned_url_with_temporary_credentials_is_warned_about() {
	eval "$(python3 "$here/validate.py" without "$plain" s3:DeleteObject)"
	ends 0 'ends with the temporary credentials' orlop backup download b1 --location "$(at backups/presign "$plain")" --presign
	curl -fsS "$(cat "$work/stdout")" | cmp - "$work/b1.tar.gz"
}

presigning_is_not_for_folders_and_keys_of_customers() {
	backup_and_restore "dir:$work/folder"
	ends 2 'is a folder' orlop backup download b1 --location "dir:$work/folder" --presign
	head -c 32 /dev/urandom > "$work/key32b"
	backup_and_restore "$(at backups/presign2 "$tls" "&caFile=$ca&customerKeyEncryptionFile=$work/key32b")"
	ends 2 'cannot hold' orlop backup download b1 --presign \
		--location "$(at backups/presign2 "$tls" "&caFile=$ca&customerKeyEncryptionFile=$work/key32b")"
}

# A line that carries 160 Mbit/s in each connection: several carry more.
large_download_uses_several_connections() {
	local slowlink=$built/tests/bench/slowlink one all
	[ -x "$slowlink" ] || skip "no program $slowlink: make tests/bench/slowlink"
	"$slowlink" 5 "${plain#http://}" 160 > "$work/slowlink.port" &
	echo $! >> "$work/proxies"
	until_true 10 test -s "$work/slowlink.port"
	started=http://127.0.0.1:$(head -n 1 "$work/slowlink.port")
	head -c 60M /dev/urandom > "$work/wide"
	"$transfer" put "$(at backups/wide "$plain" '&checksumAlgorithm=SHA256')" wide "$work/wide"
	one=$(date +%s%N)
	"$transfer" get "$(at backups/wide "$started" '&checksumAlgorithm=SHA256')" wide "$work/wide.back"
	all=$((($(date +%s%N) - one) / 1000000))
	cmp "$work/wide" "$work/wide.back"
	echo "60 MiB in $all ms; one connection takes 3146 ms"
	[ "$all" -lt 2800 ] || fail "60 MiB took $all ms"
}

read_only_backup_is_refused() {
	local url
	url=$(at backups/ro2 "$plain" '&accessMode=ReadOnly')
	ends '1|5' ReadOnly orlop backup create b1 --kubeconfig "$a" --location "$url" --include-namespaces default
	ends 0 '' orlop backup list --location "$url"
}

try strict_store_takes_backup_and_restore
try strict_store_takes_the_whole_test
try strict_store_takes_checksums_as_headers
try strict_store_refuses_what_others_send
try checksum_that_the_store_refuses_is_explained
try ipv6_endpoint
try store_over_tls store backups/tls "$tls" "&caFile=$ca"
try store_with_a_customer_key_seen seen_tls customer-key
try store_encrypts seen_tls encryption
try encrypted_backup_comes_back
try authority_is_that_of_the_location seen_tls authority
try virtual_host_style seen_tls virtual-host
try bucket_with_dots seen_tls dots
try checksums_are_kept_by_the_store seen checksums "$plain"
try tags_and_storage_class seen attributes "$plain"
try listing_of_odd_keys seen listing "$plain"
try versioned_bucket_keeps_one_version_of_each_key
try locked_bucket_hides_what_is_deleted seen locked "$plain"
try locked_bucket_keeps_one_version_of_each_key
try bucket_in_another_region seen other-region "$region"
try region_of_a_bucket_is_asked
try read_only_store seen read-only "$plain"
try read_only_backup_is_refused
try presigned_url_is_read_by_anyone_until_it_ends
try presigned_url_names_the_public_address
try presigned_url_with_temporary_credentials_is_warned_about
try presigning_is_not_for_folders_and_keys_of_customers
try large_download_uses_several_connections
