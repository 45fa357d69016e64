#!/usr/bin/env bash
# Planted secrets, in every place that orlop takes them from: none appears in what it prints, logs, keeps, in what other
# users see of the process, nor in a core dump. Each case has its own outputs; the last one searches all of them.
# shellcheck source=tests/live/harness.sh
. "$(dirname "${BASH_SOURCE[0]}")/harness.sh"

start_minio backups --tls && minio=$started
ca=$SANDBOX_DIR/run/minio-live-$$/certs/public.crt
start_cluster a --bare && a=$started
kubectl=("$SANDBOX_DIR/bin/kubectl" --kubeconfig "$a")
export CLOUD_SECRETS=$work/secrets CLOUD_CA=$ca
: > "$CLOUD_SECRETS"
python3 "$here/cloud.py" "$minio" 3600 > "$work/cloud.url" 2> "$work/cloud.log" &
echo $! >> "$work/proxies"
until_true 10 test -s "$work/cloud.url"
AWS_ENDPOINT_URL_STS=$(cat "$work/cloud.url")
export AWS_ENDPOINT_URL_STS ORLOP_LOG=debug

# What is planted, a line each, beside what the cloud hands out: keys of a profile, External ID, a customer key in its
# three forms, tokens of kubeconfigs, and the contents of a Secret.
customer_key=PlantedCustomerKeyOf32Characters
token=$(sed -n 's/.*token: "\{0,1\}\([^"}]*\).*/\1/p' "$a")
[ ${#token} -ge 8 ] || { echo "not ok setup: no token in $a"; exit 1; }
hex() { printf %s "$1" | od -An -tx1 | tr -d ' \n'; }
cat >> "$CLOUD_SECRETS" <<END
AKPLANTED
planted-static-secret
planted-static-token
planted-wrong-secret
deal-7
$customer_key
$(printf %s "$customer_key" | base64)
$(hex "$customer_key")
$token
planted-wrong-bearer
planted-contents
$(printf %s planted-contents | base64)
END
printf %s "$customer_key" > "$work/customer.key"
printf %s AnotherCustomerKeyOf32Characters > "$work/wrong.key"
mkdir "$HOME/.aws"
cat > "$HOME/.aws/credentials" <<END
[planted]
aws_access_key_id = AKPLANTED
aws_secret_access_key = planted-static-secret
aws_session_token = planted-static-token
[wrong]
aws_access_key_id = $MINIO_USER
aws_secret_access_key = planted-wrong-secret
END
cat > "$HOME/.aws/config" <<END
[profile deal]
role_arn = arn:aws:iam::2:role/deal
source_profile = planted
external_id = deal-7
[profile closed]
role_arn = arn:aws:iam::2:role/closed
source_profile = planted
external_id = deal-7
END
sed "s/token: .*}}/token: planted-wrong-bearer}}/" "$a" > "$work/wrong-bearer"
"${kubectl[@]}" create namespace shop > /dev/null
"${kubectl[@]}" -n shop create secret generic s --from-literal=k=planted-contents > /dev/null
"${kubectl[@]}" -n shop create configmap c --from-literal=k=v > /dev/null

shown=$work/shown # what orlop prints and what is seen of it
mkdir "$shown"
where() { # [PROFILE [KEY]]
	echo "s3://backups/x?s3Url=$minio&s3ForcePathStyle=true&region=us-east-1&caFile=$ca" \
		"&profile=${1:-deal}&customerKeyEncryptionFile=$work/${2:-customer}.key" | tr -d ' '
}

watch() { # NAME PID: until it has ended
	local n=0
	while kill -0 "$2" 2> /dev/null; do
		cat "/proc/$2/cmdline" "/proc/$2/environ" "/proc/$2"/task/*/comm >> "$shown/$1.seen" 2> /dev/null || true
		n=$((n + 1))
		[ $n -lt 6000 ] || kill -KILL "$2"
		sleep 0.02
	done
}

# watched NAME CODE ARGUMENT...: orlop, and what is seen of it
watched() {
	local name=$1 codes=$2 code=0 pid
	shift 2
	ORLOP_LOG_FILE=$shown/$name.log "$ORLOP" "$@" > "$shown/$name.out" 2> "$shown/$name.err" &
	pid=$!
	watch "$name" $pid
	wait $pid || code=$?
	cat "$shown/$name.err"
	case "|$codes|" in *"|$code|"*) ;; *) fail "exit status $code instead of $codes: $(tail -n 1 "$shown/$name.err")" ;; esac
	[ -s "$shown/$name.log" ] || fail "there is no log to look at"
}

validate() { watched validate 0 location validate "$(where)"; }
backup() { watched backup 0 backup create b --kubeconfig "$a" --location "$(where)" --include-namespaces shop; }
look() {
	watched verify 0 backup verify b --location "$(where)"
	watched describe 0 backup describe b --details --location "$(where)"
	watched logs 0 backup logs b --location "$(where)"
	ORLOP_LOG_FILE='' "$ORLOP" backup list --location "$(where)" > "$shown/list.out" 2> "$shown/list.err"
	grep -q ' debug ' "$shown/list.err" || fail "no log on stderr"
}
restore() {
	watched plan 0 restore plan --from-backup b --kubeconfig "$a" --location "$(where)" --namespace-mappings shop:shop2
	watched restore 0 restore create r --from-backup b --kubeconfig "$a" --location "$(where)" --namespace-mappings shop:shop2
	"${kubectl[@]}" -n shop2 get secret s
	watched restored 0 restore describe r --details --location "$(where)"
}
# The URL itself has to hold what it is signed with.
presign() {
	local plain
	plain=$(where | sed 's/&customerKey.*//')
	watched unencrypted 0 backup create p --kubeconfig "$a" --location "$plain" --include-resources configmaps
	watched presign 0 backup download p --presign --location "$plain"
	grep -q 'X-Amz-Security-Token=' "$shown/presign.out"
	rm "$shown/presign.out"
}
refusals() {
	watched wrong-secret 5 location validate "$(where wrong)"
	watched wrong-secret-list 5 backup list --location "$(where wrong)"
	watched closed-role 5 location validate "$(where closed)"
	watched closed-role-list 5 backup list --location "$(where closed)"
	watched wrong-key '1|5' backup verify b --location "$(where deal wrong)"
	watched wrong-bearer 6 backup create w --kubeconfig "$work/wrong-bearer" --location "$(where)"
	watched wrong-bearer-restore 6 restore create w --from-backup b --kubeconfig "$work/wrong-bearer" --location "$(where)"
}

# stopped NAME RULE ARGUMENT...: orlop in the middle of its work, where the API server has fallen silent; its pid is in $pid
stopped() {
	local name=$1
	start_api_proxy "$work/stall.$name" "$a" "$2"
	shift 2
	mkdir -p "$work/crash/$name"
	(
		cd "$work/crash/$name"
		ulimit -c unlimited
		ORLOP_LOG_FILE=$shown/$name.log exec "$ORLOP" "$@" --kubeconfig "$started" > "$shown/$name.out" 2> "$shown/$name.err"
	) &
	pid=$!
	until_true 30 test -s "$work/stall.$name"
	cat "/proc/$pid/cmdline" "/proc/$pid/environ" "/proc/$pid"/task/*/comm >> "$shown/$name.seen"
}
crashed() {
	local code=0
	kill -ABRT "$pid"
	wait "$pid" || code=$?
	[ "$code" = 134 ] || fail "exit status $code after SIGABRT"
}
in_backup() { stopped "$1" 'stall=100 GET /api/v1/.*configmaps' backup create "$1" --location "$(where)" --include-namespaces shop; }
in_restore() {
	stopped "$1" 'stall=0 POST .*/configmaps' restore create "$1" --from-backup b --location "$(where)" \
		--namespace-mappings "shop:$1"
}

crash_leaves_no_core_dump() {
	local pid when
	for when in in_backup in_restore; do
		"$when" "crash-${when#in_}"
		crashed
		[ -z "$(ls "$work/crash/crash-${when#in_}")" ] || fail "left: $(ls "$work/crash/crash-${when#in_}")"
	done
}

# Otherwise the case above would show nothing: where the program cannot lower its limit, the same crash writes a dump, and
# the secrets are in it.
core_dump_would_hold_them() {
	local pid core secret
	[[ $(cat /proc/sys/kernel/core_pattern) != [\|/]* ]] || skip "core dumps go elsewhere here"
	[ "$(ulimit -Hc)" = unlimited ] || skip "core dumps are limited here"
	! nm "$ORLOP" 2> /dev/null | grep -q __asan_init || skip "a program with ASan writes no core dumps"
	echo 'int setrlimit(int what, const void *limits) { return (void)what, (void)limits, 0; }' |
		"${CC:-cc}" -xc -shared -fPIC -o "$work/unlimited.so" - || skip "no compiler"
	LD_PRELOAD=$work/unlimited.so in_backup control
	crashed
	core=$(find "$work/crash/control" -type f)
	[ -n "$core" ] || skip "no core dumps are written here"
	mv "$core" "$work/core"
	for secret in "$token" "$(printf %s "$customer_key" | base64)" planted-static-secret "$(tail -n 1 "$CLOUD_SECRETS")"; do
		grep -qF -- "$secret" "$work/core" || fail "not in the dump: ${secret:0:8}..."
	done
}

no_secret_is_anywhere() {
	local found
	[ "$(wc -l < "$CLOUD_SECRETS")" -gt 30 ] || fail "hardly any secret was handed out"
	[ "$(find "$shown" -name '*.seen' -size +0 | wc -l)" -ge 12 ] || fail "hardly any process was seen"
	[ -n "$(find "$HOME/.local" -type f)" ] || fail "there is no journal to look at"
	mv "$HOME/.aws" "$work/aws"
	found=$(grep -rlFf "$CLOUD_SECRETS" "$shown" "$HOME" "$work/crash" 2> /dev/null) || true
	[ -z "$found" ] || fail "a secret stands in $found"
	# This search finds what is there.
	printf 'x %s y\n' "$token" > "$shown/planted"
	grep -rqlFf "$CLOUD_SECRETS" "$shown" || fail "the search finds nothing"
}

try validate
try backup
try look
try restore
try presign
try refusals
try crash_leaves_no_core_dump
try core_dump_would_hold_them
try no_secret_is_anywhere
