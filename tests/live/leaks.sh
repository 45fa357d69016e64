#!/usr/bin/env bash
# Every command under valgrind, as it succeeds and as it fails: no leak, no read of what was never written, no write
# outside of what was allocated.
# shellcheck disable=SC2034  # the table's lines use what is set here
# shellcheck source=tests/live/harness.sh
. "$(dirname "${BASH_SOURCE[0]}")/harness.sh"
command -v valgrind > /dev/null || { echo "skip leaks: there is no valgrind here"; exit 0; }

store=$work/store
mkdir "$store"
start_cluster a --bare && a=$started
start_cluster b --bare && b=$started
start_minio backups && minio=$started
export AWS_ACCESS_KEY_ID=$MINIO_USER AWS_SECRET_ACCESS_KEY=$MINIO_PASSWORD
bucket="s3://backups?region=us-east-1&s3Url=$minio&s3ForcePathStyle=true"
python3 "$here/populate.py" "$a" > /dev/null || { echo "not ok setup: populate.py failed"; exit 1; }
cat > "$work/modifiers.yaml" <<'EOT'
version: v1
resourceModifierRules:
- conditions: {groupResource: configmaps, resourceNameRegex: ".*"}
  mergePatches:
  - patchData: '{"metadata": {"labels": {"checked": "yes"}}}'
EOT
printf 'version: v1\nvolumePolicies:\n- conditions: {capacity: "1Gi,2Gi"}\n  action: {type: skip}\n' > "$work/policies.yaml"
printf 'version: v1\nvolumePolicys: []\n' > "$work/bad.yaml"

# exit codes | arguments, as the shell reads them; later ones may use what earlier ones made
commands=$(cat <<'EOT'
0 | backup create one --location "dir:$store" --kubeconfig "$a"
0 | backup create two --location "$bucket" --kubeconfig "$a" --include-namespaces 'pop-*' --labels a=b --resource-policies "$work/policies.yaml"
0 | backup create three --location "$bucket" --kubeconfig "$a" --or-selector 'a=b or app=web' --include-names '^w' --all-versions
2 | backup create four --location "dir:$store" --kubeconfig "$a" --include-names '(['
2 | backup create four --location "dir:$store" --kubeconfig "$a" --resource-policies "$work/bad.yaml"
1 | backup create one --location "dir:$store" --kubeconfig "$a"
0 | backup list --location "$bucket"
0 | backup list --location "dir:$store" -o yaml
0 | backup describe one --location "dir:$store" --details
0 | backup ls one --location "dir:$store" -o json
0 | backup ls two --location "$bucket" --include-resources configmaps
0 | backup cat one namespace/kube-system --location "dir:$store" -o yaml
4 | backup cat one namespace/nowhere --location "dir:$store"
0 | backup logs one --location "dir:$store"
0 | backup download one --location "dir:$store" -o "$work/one.tar.gz"
0 | backup verify one --location "dir:$store"
0 | backup verify two --location "$bucket"
0-3 | restore create r1 --from-backup one --location "dir:$store" --kubeconfig "$b" --resource-modifiers "$work/modifiers.yaml" --image-mappings registry.example=mirror.example --restore-status
0-3 | restore create r2 --from-backup one --location "dir:$store" --kubeconfig "$b" --existing-resource-policy update --namespace-mappings pop-shop:pop-shop2
2 | restore create r3 --from-backup one --location "dir:$store" --kubeconfig "$b" --resource-modifiers "$work/bad.yaml"
4 | restore create r3 --from-backup nothing --location "dir:$store" --kubeconfig "$b"
0 | restore list --location "dir:$store"
0 | restore describe r1 --location "dir:$store" --details
0 | restore logs r1 --location "dir:$store"
0 | location validate "$bucket"
5 | location validate "dir:/proc/nowhere"
0 | cluster check --kubeconfig "$a"
6 | cluster check --kubeconfig "$work/nowhere"
0 | backup delete one --location "dir:$store" --confirm --kubeconfig "$a"
0 | backup delete two three --location "$bucket" --force
0 | completion bash
0 | version
0 | help
2 | help nothing
2 | backup crate
EOT
)

checked() { # CODES ARGUMENTS
	local code=0
	eval "set -- \"\$1\" $2"
	local codes=$1
	shift
	timeout -k 5 300 valgrind -q --error-exitcode=99 --leak-check=full --show-leak-kinds=definite,indirect,possible \
		--errors-for-leak-kinds=definite,indirect --suppressions="$here/valgrind.supp" --log-file="$work/valgrind" \
		"$ORLOP" "$@" > "$work/stdout" 2> "$work/stderr" || code=$?
	[ "$code" != 99 ] || { cat "$work/valgrind"; fail "valgrind: $(grep -m 1 . "$work/valgrind")"; }
	[ "$code" -ge "${codes%-*}" ] && [ "$code" -le "${codes#*-}" ] || {
		cat "$work/stderr"
		fail "exit status $code instead of $codes"
	}
}

every_command_is_checked() {
	"$ORLOP" help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\( [a-z]*\)\{0,1\}\)  .*/\1/p' > "$work/known"
	while read -r command; do
		grep -q " | $command\( \|$\)" <<< "$commands" || fail "'$command' is not run here"
	done < "$work/known"
}

try every_command_is_checked
n=0
while IFS='|' read -r codes line; do
	n=$((n + 1))
	codes=${codes// /} line=${line# }
	read -r group verb _ <<< "$line"
	try "$(printf '%02d_%s_%s' $n "$group" "${verb//[^a-z0-9]/_}")" checked "$codes" "$line"
done <<< "$commands"
