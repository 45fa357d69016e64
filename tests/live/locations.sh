#!/usr/bin/env bash
# Backup locations with a name: added, tried, used, taken over from Velero and given to it; and where their secrets are
# not.
# shellcheck source=tests/live/harness.sh
. "$(dirname "${BASH_SOURCE[0]}")/harness.sh"

start_minio backups && minio=$started
echo "minio-live-$$-tls" >> "$work/servers"
tls=$(HOME=$real_home "$sandbox" minio "live-$$-tls" --tls) || { echo "not ok setup: no MinIO with TLS"; exit 1; }
certificate=$SANDBOX_DIR/run/minio-live-$$-tls/certs/public.crt
start_cluster a --controllers namespace-controller && a=$started
kubectl() { "$SANDBOX_DIR/bin/kubectl" --kubeconfig "$a" "$@"; }
kubectl create namespace one > /dev/null
kubectl -n one create configmap c --from-literal=k=v > /dev/null

config=$HOME/.config/orlop
project=$config/projects/default.yaml
secret() { printf '%s\n' "$MINIO_PASSWORD"; }

# says WORDS COMMAND...: the output has each of the words (a list with "|")
says() {
	local words=$1 word
	shift
	"$@" > "$work/said" 2>&1 || fail "status $?: $*: $(tail -n 2 "$work/said")"
	while IFS= read -r -d '|' word; do
		grep -qF -- "$word" "$work/said" || fail "not a word of '$word' from: $*"
	done <<< "$words|"
}

equals() { diff "$1" - > "$work/difference" || { cat "$work/difference"; fail "$1 is another one"; }; } # FILE < TEXT

# ---- adding ----

without_locations_it_is_said_how_to_get_one() {
	ends 2 "location add" orlop backup list
	ends 0 "location add" orlop location list
	[ ! -e "$config" ] || fail "looking wrote $(find "$config")"
}

minio_is_added_and_tried() {
	secret | says "added to project 'default'|multipart|delete" orlop location add main --provider minio --bucket backups \
		--prefix retail --config "s3Url=$minio" --access-key "$MINIO_USER" --secret-key-file -
	equals "$project" <<-Y
	project: default
	locations:
	  - name: main
	    provider: minio
	    bucket: backups
	    prefix: retail
	    config:
	      region: us-east-1
	      s3Url: $minio
	      s3ForcePathStyle: 'true'
	    account:
	      type: credentials
	Y
	[ "$(stat -c %a "$config/credentials/default/main")" = 600 ] || fail "others can read the keys"
	[ "$(stat -c %a "$config/credentials/default")" = 700 ] || fail "others can look for keys"
	says 'main|minio|backups/retail|us-east-1|keys' orlop location list
	orlop location list -o json | python3 -c 'import json, sys
i, = json.load(sys.stdin)["items"]
assert i["config"]["s3ForcePathStyle"] == "true" and i["default"] is True and i["url"].startswith("s3://backups/retail?"), i'
	secret | ends 1 "already" orlop location add main --provider minio --bucket other --s3-url "$minio" \
		--access-key "$MINIO_USER" --secret-key-file -
}

# What does not work yet is kept, so that nobody has to type it again.
a_certificate_makes_tls_work() {
	HOME=$real_home "$sandbox" bucket "live-$$-tls" backups
	secret | ends 5 "is kept" orlop location add dc --provider minio --bucket backups --s3-url "$tls" \
		--access-key "$MINIO_USER" --secret-key-file -
	grep -qi certificate "$work/stdout"
	says "changed in" orlop location add dc --replace --certificate "$certificate"
	grep -qF "certificate: $certificate" "$project" || fail "no certificate in $(cat "$project")"
	says "added to" orlop location add pem --provider s3 --region us-east-1 --s3-force-path-style --bucket backups \
		--s3-url "$tls" --certificate - --credentials-file "$config/credentials/default/dc" < "$certificate"
	grep -q -- '-----BEGIN CERTIFICATE-----' "$project"
	orlop location validate pem > /dev/null
	ends 0 "not checked" orlop location add careless --provider minio --bucket backups --s3-url "$tls" \
		--insecure-skip-tls-verify --credentials-file "$config/credentials/default/dc"
	ends 0 "not checked" orlop backup list -L careless
	orlop location remove careless --confirm
	orlop location remove pem --confirm
}

comments_survive() {
	sed -i 's/^locations:/# ours\n&  # all of them/; s/  - name: dc/  # in the basement\n&/' "$project"
	cp "$project" "$work/before"
	orlop location add usb --path "$work/usb"
	orlop location remove usb --confirm
	equals "$project" < "$work/before"
}

# ---- using ----

a_name_is_as_good_as_a_url() {
	orlop backup create named --location main --kubeconfig "$a" 2> "$work/stderr" > "$work/said"
	grep -qF "orlop backup describe named --location 'main'" "$work/stderr"
	s3 "$minio" list backups retail/backups/named/ | grep -q velero-backup.json
	kubectl delete namespace one
	orlop restore create --from-backup named -L main --kubeconfig "$a"
	[ "$(kubectl -n one get configmap c -o 'jsonpath={.data.k}')" = v ]
	ends 5 "mian|did you mean 'main'" orlop backup list -L mian
	ends 4 "mian" orlop location show mian
}

one_is_the_default() {
	ends 2 "2 locations" orlop backup list
	orlop location add main --replace --default > /dev/null
	ends 0 "using location 'main' of project 'default'" orlop backup list
	[ "$(orlop backup list -o name)" = named ]
	[ -z "$(orlop backup list -q 2>&1 > /dev/null)" ] || fail "--quiet is not"
}

a_cluster_of_the_project_is_found() {
	printf 'clusters:\n  - name: shop\n    kubeconfig: %s\n' "$a" >> "$project"
	orlop backup create by-name --cluster shop --include-namespaces one > /dev/null
	ends 6 "no-such" orlop cluster check --cluster no-such --kubeconfig "$a"
}

projects_are_apart() {
	orlop project create other
	ends 2 "location is needed" orlop backup list --project other
	ORLOP_PROJECT=other ends 4 "'main' in project 'other'" orlop location show main
	orlop project use other
	says 'other    yes|default  -' orlop project list
	ends 4 "'main' in project 'other'" orlop location show main
	orlop project use default
	ends 4 "no project 'othr' (did you mean 'other'?)" orlop location list --project othr
}

mistakes_in_the_file_have_a_line() {
	cp "$project" "$work/before"
	sed -i 's/bucket: backups/buckett: backups/' "$project"
	ends 2 "default.yaml:|unknown key 'buckett' (did you mean 'bucket'?)" orlop location list
	cp "$work/before" "$project"
	chmod 644 "$config/credentials/default/main"
	ends 5 "chmod 600" orlop backup list -L main
	chmod 600 "$config/credentials/default/main"
}

policy_is_what_iam_takes() {
	orlop location policy main -q > "$work/policy.json"
	equals "$work/policy.json" < "$here/data/policy.json"
	orlop location policy "s3://b-1/p?region=us-gov-west-1&tagging=a=b&kmsKeyId=1-2" --ebs --principal 123456789012 \
		--external-id x -o json | python3 -c 'import json, sys
d = json.load(sys.stdin)
text = json.dumps(d)
assert text.count("ec2:") == 6 and "arn:aws-us-gov:s3:::b-1/p/*" in text and "arn:aws:" not in text, text
assert d["trustPolicy"]["Statement"][0]["Condition"] == {"StringEquals": {"sts:ExternalId": "x"}}, d'
}

# ---- secrets ----

the_prompt_shows_nothing() {
	python3 "$here/typist.py" "$ORLOP" location add typed --provider minio --bucket backups --prefix typed --s3-url "$minio" \
		--access-key "$MINIO_USER" -- 'Secret key of' "$MINIO_PASSWORD"$'\r' > "$work/screen"
	grep -q "added to project" "$work/screen" || fail "not added: $(cat "$work/screen")"
	if grep -v 'Secret key of' "$work/screen" | grep -qF "$MINIO_PASSWORD"; then fail "the secret was shown"; fi
	[ "$(grep -oF "$MINIO_PASSWORD" "$work/screen" | wc -l)" = 1 ] || fail "shown: $(cat "$work/screen")" # the key in the prompt
	orlop backup list -L typed > /dev/null
	orlop location remove typed --confirm
}

interrupting_the_prompt_leaves_nothing() {
	local code=0
	python3 "$here/typist.py" "$ORLOP" location add broken --provider minio --bucket backups --s3-url "$minio" \
		--access-key "$MINIO_USER" -- 'Secret key of' $'abc\x03' > "$work/screen" || code=$?
	[ $code = 130 ] || fail "exit status $code: $(cat "$work/screen")"
	if grep -q abc "$work/screen"; then fail "shown: $(cat "$work/screen")"; fi
	ends 4 broken orlop location show broken
	[ ! -e "$config/credentials/default/broken" ] || fail "keys were stored"
}

secrets_are_in_one_private_file() {
	local secret=planted-secret-0815
	export ORLOP_LOG='*=debug' ORLOP_LOG_FILE=$work/log
	echo $secret | ends 5 "is kept" orlop location add planted --provider minio --bucket backups --s3-url "$minio" \
		--access-key planted-key --secret-key-file -
	cat "$work/stdout" "$work/stderr" > "$work/outputs"
	for what in "location show planted" "location show planted -o velero" "location list -o json" \
		"location policy planted" "backup list -L planted" "backup create x -L planted --cluster shop"; do
		# shellcheck disable=SC2086  # words
		orlop $what >> "$work/outputs" 2>&1 || true
	done
	ends 2 "no argument" orlop location add y --provider minio --secret-key $secret
	cat "$work/stdout" "$work/stderr" >> "$work/outputs"
	ends 2 "is a secret" orlop location add y --provider minio --config aws_secret_access_key=$secret
	cat "$work/stdout" "$work/stderr" >> "$work/outputs"
	grep -rlF $secret "$HOME" "$work/outputs" "$work/log" > "$work/found" || true
	equals "$work/found" <<< "$config/credentials/default/planted"
	orlop location remove planted --confirm
	[ -z "$(grep -rlF $secret "$HOME")" ] || fail "left: $(grep -rlF $secret "$HOME")"
}

no_secret_without_a_terminal() {
	ends 2 "no terminal|--secret-key-file" orlop location add x --provider minio --bucket backups --s3-url "$minio" \
		--access-key k
	ends 2 "no terminal|--confirm" orlop location remove main
}

# ---- Velero ----

velero_starts() { HOME=$real_home "$sandbox" velero "live-$$-a" "$minio" backups --prefix retail --apart; }

a_location_of_velero_is_taken_over() {
	kubectl -n velero get backupstoragelocation default -o yaml > "$work/bsl.yaml"
	kubectl -n velero get backupstoragelocation default -o json > "$work/bsl.json"
	ends 5 "Secret 'cloud-credentials'|is kept" orlop location add theirs --from-velero "$work/bsl.yaml"
	kubectl -n velero get secret cloud-credentials -o 'jsonpath={.data.cloud}' | base64 -d |
		says "multipart" orlop location add theirs --replace --from-velero "$work/bsl.json" --credentials-file -
	orlop backup list -L theirs -o name | grep -qx named
	orlop location show theirs -o json | python3 -c 'import json, sys
l = json.load(sys.stdin)
assert l["prefix"] == "retail" and l["config"]["s3ForcePathStyle"] == "true", l'
}

available() { [ "$(kubectl -n velero get backupstoragelocation "$1" -o 'jsonpath={.status.phase}')" = Available ]; }

a_location_goes_to_velero_and_back() { # NAME
	kubectl -n velero create secret generic "orlop-$1" --from-file="cloud=$config/credentials/default/$1"
	orlop location show "$1" -o velero | kubectl apply -f -
	# A server with a network of its own reaches only the store that it was started for.
	[ "$1" != main ] || until_true 90 available "$1"
	kubectl -n velero get backupstoragelocation "$1" -o yaml > "$work/again.yaml"
	orlop location show "$1" -o json > "$work/before.json"
	orlop location add "again-$1" --from-velero "$work/again.yaml" --credentials-file "$config/credentials/default/$1"
	orlop location show "again-$1" -o json | python3 -c 'import json, sys
a, b = json.load(open(sys.argv[1])), json.load(sys.stdin)
same = ["bucket", "config", "account", "auth", "place"]
assert [a.get(k) for k in same] == [b.get(k) for k in same], (a, b)' "$work/before.json"
}

try without_locations_it_is_said_how_to_get_one
try minio_is_added_and_tried
try a_certificate_makes_tls_work
try comments_survive
try a_name_is_as_good_as_a_url
try one_is_the_default
try a_cluster_of_the_project_is_found
try projects_are_apart
try mistakes_in_the_file_have_a_line
try policy_is_what_iam_takes
try the_prompt_shows_nothing
try interrupting_the_prompt_leaves_nothing
try secrets_are_in_one_private_file
try no_secret_without_a_terminal
try velero_starts
try a_location_of_velero_is_taken_over
try velero_takes_over_a_location a_location_goes_to_velero_and_back main
try a_certificate_goes_to_velero_and_back a_location_goes_to_velero_and_back dc
