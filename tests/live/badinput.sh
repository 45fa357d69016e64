#!/usr/bin/env bash
# What wrong input gets: one clear message, the right exit code, nothing half-written, no crash.
# shellcheck source=tests/live/harness.sh
. "$(dirname "${BASH_SOURCE[0]}")/harness.sh"

store=$work/store
mkdir "$store"
start_cluster a --bare && a=$started
start_minio backups && minio=$started
export AWS_ACCESS_KEY_ID=$MINIO_USER AWS_SECRET_ACCESS_KEY=$MINIO_PASSWORD
bucket="s3://backups?region=us-east-1&s3Url=$minio&s3ForcePathStyle=true"
port=$(python3 -c 'import socket; s=socket.socket(); s.bind(("127.0.0.1",0)); print(s.getsockname()[1])')
kubectl=("$SANDBOX_DIR/bin/kubectl" --kubeconfig "$a")
"${kubectl[@]}" create namespace one > /dev/null
"${kubectl[@]}" -n one create configmap c --from-literal=k=v > /dev/null
orlop backup create good --location "dir:$store" --kubeconfig "$a" > /dev/null 2>&1 ||
	echo "not ok setup: no backup to start from"

# Kubeconfigs with one thing wrong.
sed 's/token: .*}}/token: wrong}}/' "$a" > "$work/wrong-token"
sed "s/127.0.0.1:[0-9]*/127.0.0.1:$port/" "$a" > "$work/nobody-listens"
sed 's/server: "[^"]*"/server: "https:\/\/no-such-host.invalid:6443"/' "$a" > "$work/no-such-host"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout /dev/null -subj /CN=other -days 2 \
	-out "$work/other-ca.pem" 2> /dev/null
sed "s|certificate-authority-data: [^}]*|certificate-authority-data: $(base64 -w0 < "$work/other-ca.pem")|" "$a" \
	> "$work/wrong-ca"
printf 'apiVersion: v1\nkind: Config\nclusters: [\n' > "$work/not-yaml"
head -c 4096 /dev/urandom > "$work/not-text"
printf 'x' > "$work/a-file"

# name | exit codes | words of the message | arguments after the program's name, as the shell reads them
cases=$(cat <<'EOT'
unknown_command | 2 | frobnicate | frobnicate
unknown_subcommand | 2 | frobnicate | backup frobnicate
unknown_flag | 2 | --no-such-flag | backup create x --no-such-flag --location "dir:$store" --kubeconfig "$a"
flag_without_its_value | 2 | --location | backup list --location
flag_given_a_bad_bool | 2 | --snapshot-volumes | backup create x --snapshot-volumes=perhaps --location "dir:$store" --kubeconfig "$a"
too_many_names | 2 | two | backup create one two --location "dir:$store" --kubeconfig "$a"
bad_output_format | 2 | xml | backup list -o xml --location "dir:$store"
bad_backup_name | 2 | Bad/Name | backup create Bad/Name --location "dir:$store" --kubeconfig "$a"
backup_name_with_dots_only | 2 | .. | backup create .. --location "dir:$store" --kubeconfig "$a"
bad_ttl | 2 | ttl | backup create x --ttl tomorrow --location "dir:$store" --kubeconfig "$a"
bad_selector | 2 | a=b=c | backup create x --selector 'a=b=c,,' --location "dir:$store" --kubeconfig "$a"
bad_namespace_glob | 2 | a**b | backup create x --include-namespaces 'a**b' --location "dir:$store" --kubeconfig "$a"
bad_namespace_mapping | 2 | one | restore create x --from-backup good --namespace-mappings one --location "dir:$store" --kubeconfig "$a"
bad_policy | 2 | perhaps | restore create x --from-backup good --existing-resource-policy perhaps --location "dir:$store" --kubeconfig "$a"
restore_of_no_backup | 2 | --from-backup | restore create x --location "dir:$store" --kubeconfig "$a"
no_location | 2 | location | backup list
unknown_url_scheme | 2-5 | ftp | backup list --location ftp://host/path
url_without_bucket | 2-5 | bucket | backup list --location "s3://?region=us-east-1"
unknown_url_option | 2-5 | s3Uri | backup list --location "s3://backups?region=us-east-1&s3Uri=$minio"
location_is_missing | 5 | $work/nowhere | backup list --location "dir:$work/nowhere"
location_is_a_file | 5 | a-file | backup list --location "dir:$work/a-file"
no_such_backup_to_describe | 4 | nothing | backup describe nothing --location "dir:$store"
no_such_backup_to_restore | 4 | nothing | restore create x --from-backup nothing --location "dir:$store" --kubeconfig "$a"
no_such_backup_to_verify | 4 | nothing | backup verify nothing --location "dir:$store"
no_such_backup_to_delete | 4 | nothing | backup delete nothing --confirm --location "dir:$store"
no_such_object_to_cat | 4 | no-such | backup cat good configmaps/one/no-such --location "dir:$store"
no_such_restore | 4 | nothing | restore describe nothing --location "dir:$store"
backup_exists | 1-2 | good | backup create good --location "dir:$store" --kubeconfig "$a"
no_kubeconfig_file | 6 | nowhere | backup create x --location "dir:$store" --kubeconfig "$work/nowhere"
kubeconfig_is_not_yaml | 2-6 | not-yaml | backup create x --location "dir:$store" --kubeconfig "$work/not-yaml"
kubeconfig_is_not_text | 2-6 | not-text | cluster check --kubeconfig "$work/not-text"
kubeconfig_is_a_directory | 6 | $work | cluster check --kubeconfig "$work"
no_such_context | 6 | no-such-context | cluster check --kubeconfig "$a" --context no-such-context
nobody_listens | 6 | 127.0.0.1 | backup create x --location "dir:$store" --kubeconfig "$work/nobody-listens"
no_such_host | 6 | no-such-host.invalid | backup create x --location "dir:$store" --kubeconfig "$work/no-such-host"
wrong_token | 6 | Unauthorized | backup create x --location "dir:$store" --kubeconfig "$work/wrong-token"
wrong_ca | 6 | certificate | backup create x --location "dir:$store" --kubeconfig "$work/wrong-ca"
no_such_bucket | 5 | nosuchbucket | backup list --location "s3://nosuchbucket?region=us-east-1&s3Url=$minio&s3ForcePathStyle=true"
store_does_not_listen | 5 | 127.0.0.1 | backup list --location "s3://backups?region=us-east-1&s3Url=http://127.0.0.1:$port&s3ForcePathStyle=true"
store_with_an_unknown_certificate | 5 | certificate | backup list --location "s3://backups?region=us-east-1&s3Url=$(server_of "$a")&s3ForcePathStyle=true"
store_speaks_no_tls | 5 | 127.0.0.1 | backup list --location "s3://backups?region=us-east-1&s3Url=${minio/http:/https:}&s3ForcePathStyle=true"
ca_file_is_missing | 2-5 | nowhere.pem | backup list --location "s3://backups?region=us-east-1&s3Url=${minio/http:/https:}&s3ForcePathStyle=true&caFile=$work/nowhere.pem"
EOT
)

mistake() { # CODES WORDS ARGUMENTS
	local args before after
	eval "args=($3)"
	before=$(find "$store" | sort)
	ends "$1" "$(eval "echo \"$2\"")" orlop "${args[@]:+${args[@]}}"
	after=$(find "$store" | sort)
	[ "$before" = "$after" ] || fail "something was written: $(diff <(echo "$before") <(echo "$after"))"
}

while IFS='|' read -r name codes words args; do
	read -r name <<< "$name"
	read -r codes <<< "$codes"
	read -r words <<< "$words"
	try "$name" mistake "${codes//-/|}" "$words" "$args"
done <<< "$cases"

wrong_key() { AWS_ACCESS_KEY_ID=nobody ends 5 "InvalidAccessKeyId" orlop backup list --location "$bucket"; }
wrong_secret() { AWS_SECRET_ACCESS_KEY=wrong ends 5 "SignatureDoesNotMatch" orlop backup list --location "$bucket"; }
no_credentials() {
	unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
	ends 5 "credentials" orlop backup list --location "$bucket"
}
secrets_are_never_shown() {
	local secret=planted-secret-0815
	AWS_SECRET_ACCESS_KEY=$secret ORLOP_LOG='*=debug' ends 5 "" orlop backup list --location "$bucket"
	sed "s/token: .*}}/token: $secret}}/" "$a" > "$work/secret-token"
	ORLOP_LOG='*=debug' ends 6 "" orlop cluster check --kubeconfig "$work/secret-token"
	if grep -rl "$secret" "$work/stdout" "$work/stderr" "$HOME"; then fail "a secret was written"; fi
}

# Waits for a file on stdin, with secrets in its memory, and is ended as by a fault of its own.
a_crash_leaves_no_core_dump() {
	mkdir "$work/crash"
	mkfifo "$work/stdin"
	(cd "$work/crash" && ulimit -c unlimited && exec "$ORLOP" backup create core --resource-policies - \
		--location "dir:$store" --kubeconfig "$a") < "$work/stdin" > "$work/stdout" 2>&1 &
	local pid=$! code=0
	exec 7> "$work/stdin"
	until_true 10 grep -qE '^Max core file size +[01] +[01] ' "/proc/$pid/limits"
	kill -ABRT "$pid"
	wait "$pid" || code=$?
	exec 7>&-
	[ "$code" = 134 ] || fail "exit status $code after SIGABRT"
	[ -z "$(ls "$work/crash")" ] || fail "left: $(ls "$work/crash")"
	[ ! -e "$store/backups/core" ]
}

user_without_rights_gets_what_he_may_see_and_a_list_of_the_rest() {
	"${kubectl[@]}" create serviceaccount -n one viewer
	"${kubectl[@]}" create role -n one reader --verb=get,list --resource=configmaps
	"${kubectl[@]}" create rolebinding -n one reader --role=reader --serviceaccount=one:viewer
	local token
	token=$("${kubectl[@]}" -n one create token viewer)
	sed "s/token: .*}}/token: $token}}/" "$a" > "$work/viewer"
	ends "3|6" "forbidden" orlop backup create viewed --location "dir:$store" --kubeconfig "$work/viewer"
	ends "6|7" "" orlop cluster check --kubeconfig "$work/viewer"
}

full_disk() {
	mkdir "$work/small"
	mount -t tmpfs -o size=256k none "$work/small" || skip "mounting a small disk needs root"
	trap 'umount "$work/small"' EXIT
	head -c 700000 /dev/urandom > "$work/random"
	"${kubectl[@]}" -n one create configmap large --from-file="$work/random"
	ends "1|5" "no space" orlop backup create full --location "dir:$work/small" --kubeconfig "$a"
	[ -z "$(find "$work/small" -type f)" ] || fail "left: $(find "$work/small" -type f)"
	"${kubectl[@]}" -n one delete configmap large
}

server_answers_nonsense() {
	local answer
	for answer in '{' '[]' 'null' '{"kind" "APIVersions"}' '{"items":[{"metadata":{"name":7}}]}' '<html>'; do
		echo "$answer" > "$work/nonsense"
		start_api_proxy "$work/garble" "$a" "garble=$work/nonsense ."
		ends "1|6" "" orlop backup create nonsense --location "dir:$store" --kubeconfig "$started"
		[ ! -e "$store/backups/nonsense" ] || fail "left: $(find "$store/backups/nonsense")"
	done
	echo '{"kind":"ConfigMapList","apiVersion":"v1","metadata":{},"items":[{"metadata":{"name":"c"' > "$work/nonsense"
	start_api_proxy "$work/garble" "$a" "garble=$work/nonsense /configmaps"
	ends "1|3|6" "configmaps" orlop backup create nonsense --location "dir:$store" --kubeconfig "$started"
}

# Archives that nobody means well with, in a bucket of Velero's making (without our index). Restoring and reading
# them must end, without a crash, with an error or with what is sound in them, and touch nothing but the cluster.
hostile_archives() {
	python3 "$here/hostile.py" "$store" "$store/backups/good"
	local name code bad=0
	mkdir "$work/elsewhere"
	for name in $(cd "$store/backups" && echo hostile-*); do
		for action in "backup ls $name" "backup verify $name" "backup describe $name --details" \
			"restore create r-$name --from-backup $name --kubeconfig $a --namespace-mappings one:hostile"; do
			code=0
			# shellcheck disable=SC2086  # words on purpose
			(cd "$work/elsewhere" && LIMIT=60 orlop $action --location "dir:$store" > /dev/null 2> "$work/stderr") || code=$?
			if [ "$code" -ge 124 ] || grep -q 'Sanitizer\|runtime error' "$work/stderr"; then
				echo "$action: status $code: $(cat "$work/stderr")"
				bad=$((bad + 1))
			fi
			case $name:$action:$code in
			*:*verify*:0) [[ $name = *-ok ]] || { echo "verify likes $name"; bad=$((bad + 1)); } ;;
			*-ok:*verify*:*) echo "verify finds damage in $name: $(cat "$work/stderr")"; bad=$((bad + 1)) ;;
			esac
		done
	done
	[ "$bad" = 0 ] || fail "$bad wrong answers"
	[ -z "$(find "$work/elsewhere" -mindepth 1)" ] || fail "written: $(find "$work/elsewhere")"
	if [ -e "$work/escaped" ] || [ -e /tmp/orlop-escaped ]; then fail "an entry escaped"; fi
	rm -rf "$store"/backups/hostile-*
}

no_arguments_without_a_terminal() {
	local code=0
	orlop > "$work/help" 2>&1 || code=$?
	[ "$code" = 2 ] || fail "exit status $code instead of 2"
	grep -q 'backup create' "$work/help"
}

try no_arguments_without_a_terminal
try wrong_access_key wrong_key
try wrong_secret_key wrong_secret
try no_credentials
try secrets_are_never_shown
try a_crash_leaves_no_core_dump
try user_without_rights_gets_what_he_may_see_and_a_list_of_the_rest
try full_disk
try server_answers_nonsense
try hostile_archives
