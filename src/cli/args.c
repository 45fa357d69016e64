/* Options and their parsing. */
#include "cli/args.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/parse.h"

#include <stddef.h>

#define AT(member) offsetof(struct args, member)

const struct option_row option_rows[] = {
	{ "location", 'L', OPT_T_TEXT, AT(location), SET_LOCATION, "NAME|URL",
		"where backups are: a name from 'orlop location list', dir:PATH, or "
		"s3://BUCKET/PREFIX?region=R&s3Url=URL&s3ForcePathStyle=true&caFile=FILE" },
	{ "project", 0, OPT_T_TEXT, AT(project), SET_LOCATION | SET_CLUSTER | SET_PROJECT, "NAME",
		"project whose locations and clusters are meant (default: ORLOP_PROJECT, else that of 'orlop project use')" },
	{ "kubeconfig", 0, OPT_T_TEXT, AT(kubeconfig), SET_CLUSTER, "FILE", "kubeconfig to use (default: as kubectl)" },
	{ "context", 0, OPT_T_TEXT, AT(context), SET_CLUSTER, "NAME", "context of the kubeconfig (default: the current one)" },
	{ "cluster", 0, OPT_T_TEXT, AT(cluster), SET_CLUSTER, "NAME", "cluster of the project, or a context of the kubeconfig" },
	{ "provider", 0, OPT_T_TEXT, AT(loc.provider), SET_ADD, "PROVIDER", "aws, minio, s3 (others that speak S3) or dir" },
	{ "bucket", 0, OPT_T_TEXT, AT(loc.bucket), SET_ADD, "NAME", "the bucket, which must exist" },
	{ "prefix", 0, OPT_T_TEXT, AT(loc.prefix), SET_ADD, "PREFIX", "where in the bucket (default: at its top)" },
	{ "path", 0, OPT_T_TEXT, AT(loc.path), SET_ADD, "FOLDER", "the folder of provider dir" },
	{ "certificate", 0, OPT_T_TEXT, AT(loc.certificate), SET_ADD, "FILE",
		"PEM of the authority that has signed the store's certificate" },
	{ "config", 0, OPT_T_PAIRS, AT(loc.config), SET_ADD, "KEY=VALUE",
		"keys of Velero's AWS plugin: region=R,s3ForcePathStyle=true,s3Url=URL,..." },
	{ "region", 0, OPT_T_TEXT, AT(loc.region), SET_ADD, "REGION", "the bucket's region" },
	{ "s3-url", 0, OPT_T_TEXT, AT(loc.s3_url), SET_ADD, "URL", "address of the store's API; none for AWS" },
	{ "public-url", 0, OPT_T_TEXT, AT(loc.public_url), SET_ADD, "URL", "its address for others (presigned URLs)" },
	{ "s3-force-path-style", 0, OPT_T_TRI, AT(loc.path_style), SET_ADD, "true|false",
		"the bucket is part of the path, not of the host name (default for minio: true)" },
	{ "access-key", 0, OPT_T_TEXT, AT(loc.access_key), SET_ADD, "KEY", "access key; its secret is asked for on the terminal" },
	{ "secret-key-file", 0, OPT_T_TEXT, AT(loc.secret_key_file), SET_ADD, "FILE", "file with the secret ('-': stdin)" },
	{ "credentials-file", 0, OPT_T_TEXT, AT(loc.credentials_file), SET_ADD, "FILE",
		"credentials as in ~/.aws/credentials, which are copied ('-': stdin)" },
	{ "role-arn", 0, OPT_T_TEXT, AT(loc.role_arn), SET_ADD, "ARN", "role to assume (STS)" },
	{ "external-id", 0, OPT_T_TEXT, AT(loc.external_id), SET_ADD | SET_POLICY, "ID",
		"External ID of the role (default for a new role: generated and shown)" },
	{ "profile", 0, OPT_T_TEXT, AT(loc.profile), SET_ADD, "NAME", "profile of the credentials" },
	{ "access-mode", 0, OPT_T_TEXT, AT(loc.access_mode), SET_ADD, "MODE", "ReadOnly or ReadWrite" },
	{ "kms-key-id", 0, OPT_T_TEXT, AT(loc.kms_key), SET_ADD, "KEY", "encrypt objects with this key of AWS KMS" },
	{ "server-side-encryption", 0, OPT_T_TEXT, AT(loc.encryption), SET_ADD, "ALGORITHM", "AES256 or aws:kms" },
	{ "customer-key-file", 0, OPT_T_TEXT, AT(loc.customer_key_file), SET_ADD, "FILE",
		"encrypt objects with the 32 bytes in this file (SSE-C)" },
	{ "tagging", 0, OPT_T_TEXT, AT(loc.tagging), SET_ADD, "TAGS", "tags of objects: K1=V1&K2=V2" },
	{ "storage-class", 0, OPT_T_TEXT, AT(loc.storage_class), SET_ADD, "CLASS", "storage class of objects: STANDARD_IA, ..." },
	{ "checksum-algorithm", 0, OPT_T_TEXT, AT(loc.checksum), SET_ADD, "NAME", "CRC32, CRC32C, SHA1, SHA256 or none" },
	{ "requester-pays", 0, OPT_T_FLAG, AT(loc.requester_pays), SET_ADD, NULL, "the account of the keys pays for requests" },
	{ "insecure-skip-tls-verify", 0, OPT_T_FLAG, AT(loc.insecure), SET_ADD, NULL,
		"do not check the store's certificate: whoever is on the way can read and change backups" },
	{ "from-velero", 0, OPT_T_TEXT, AT(loc.from_velero), SET_ADD, "FILE",
		"take all of it from a BackupStorageLocation, as YAML or JSON ('-': stdin)" },
	{ "default", 0, OPT_T_FLAG, AT(loc.make_default), SET_ADD, NULL, "use it where no location is named" },
	{ "replace", 0, OPT_T_FLAG, AT(loc.replace), SET_ADD, NULL,
		"change the location of that name; what is not given stays, unless --provider or --from-velero is" },
	{ "no-validate", 0, OPT_T_FLAG, AT(loc.no_validate), SET_ADD, NULL, "do not try it afterwards" },
	{ "ebs", 0, OPT_T_FLAG, AT(policy.ebs), SET_POLICY | SET_VALIDATE, NULL, "also what snapshots of EBS volumes need" },
	{ "kms-key", 0, OPT_T_TEXT, AT(loc.kms_key), SET_POLICY, "ARN", "the bucket's default key, when it has one" },
	{ "principal", 0, OPT_T_TEXT, AT(policy.principal), SET_POLICY, "ACCOUNT",
		"who may assume the role: an account or an ARN (default: the role's account)" },
	{ "oidc-provider", 0, OPT_T_TEXT, AT(policy.oidc_provider), SET_POLICY, "URL",
		"issuer of a cluster: also who may assume the role from within it" },
	{ "service-account", 0, OPT_T_TEXT, AT(policy.service_account), SET_POLICY, "NAMESPACE/NAME",
		"the service account there" },
	{ "from-backup", 0, OPT_T_TEXT, AT(restore.backup), SET_RESTORE, "NAME", "backup to restore" },
	{ "resume", 0, OPT_T_TEXT, AT(resume), SET_RESUME, "NAME",
		"continue the restore of that name, which was stopped or killed, with the options it was begun with" },
	{ "retry-failed", 0, OPT_T_TEXT, AT(restore.retry_of), SET_RESUME, "NAME",
		"restore what failed in the restore of that name, with its options unless others are given" },
	{ "plan", 0, OPT_T_TEXT, AT(plan), SET_RESUME, "FILE",
		"do exactly what that plan says, which 'restore plan --save' wrote, or nothing if the cluster has changed since" },
	{ "save", 0, OPT_T_TEXT, AT(save), SET_PLAN, "FILE", "also write the plan into FILE, for 'restore create --plan'" },
	{ "include-namespaces", 0, OPT_T_LIST, AT(filter.inc_namespaces), SET_FILTER, "NAMES",
		"only these namespaces; names or globs, separated by commas" },
	{ "exclude-namespaces", 0, OPT_T_LIST, AT(filter.exc_namespaces), SET_FILTER, "NAMES", "all but these namespaces" },
	{ "include-resources", 0, OPT_T_LIST, AT(filter.inc_resources), SET_FILTER, "TYPES",
		"only these resource types: deployments, deploy, Deployment, deployments.apps" },
	{ "exclude-resources", 0, OPT_T_LIST, AT(filter.exc_resources), SET_FILTER, "TYPES", "all but these resource types" },
	{ "include-cluster-resources", 0, OPT_T_TRI, AT(filter.include_cluster), SET_FILTER,
		"true|false", "objects outside namespaces: true all, false none; unset: all, unless namespaces are chosen" },
	{ "include-cluster-scoped-resources", 0, OPT_T_LIST, AT(filter.inc_cluster_resources), SET_SCOPES, "TYPES",
		"of the types outside namespaces only these; the four options by scope stand alone or together, not beside the three above" },
	{ "exclude-cluster-scoped-resources", 0, OPT_T_LIST, AT(filter.exc_cluster_resources), SET_SCOPES, "TYPES",
		"of the types outside namespaces all but these" },
	{ "include-namespace-scoped-resources", 0, OPT_T_LIST, AT(filter.inc_ns_resources), SET_SCOPES, "TYPES",
		"of the types in namespaces only these" },
	{ "exclude-namespace-scoped-resources", 0, OPT_T_LIST, AT(filter.exc_ns_resources), SET_SCOPES, "TYPES",
		"of the types in namespaces all but these" },
	{ "selector", 'l', OPT_T_TEXT, AT(filter.selector), SET_FILTER, "SELECTOR",
		"only objects with these labels: a=b,c in (d,e),!f" },
	{ "or-selector", 0, OPT_T_LIST, AT(filter.or_selectors), SET_FILTER, "SELECTORS",
		"only objects that match at least one of these: 'a=b or c=d,e=f'", " or " },
	{ "include-names", 0, OPT_T_TEXT, AT(filter.inc_names), SET_FILTER, "REGEX",
		"only objects whose name matches (PCRE2, anywhere in the name)" },
	{ "exclude-names", 0, OPT_T_TEXT, AT(filter.exc_names), SET_FILTER, "REGEX", "all but objects whose name matches" },
	{ "include-object", 0, OPT_T_LIST, AT(restore.inc_objects), SET_RESTORE, "KIND/[NAMESPACE/]NAME",
		"only this object, or those that match: each part may be a glob, '*' or ~REGEX; may be repeated", "\n" },
	{ "exclude-object", 0, OPT_T_LIST, AT(restore.exc_objects), SET_RESTORE, "KIND/[NAMESPACE/]NAME",
		"not this object, or those that match; may be repeated", "\n" },
	{ "objects-from", 0, OPT_T_FILE, AT(restore.objects), SET_RESTORE, "FILE",
		"only the objects in this list, one a line, as 'backup ls -o name' prints it ('-': stdin)" },
	{ "with-dependencies", 0, OPT_T_FLAG, AT(restore.with_dependencies), SET_RESTORE, NULL,
		"also what the chosen objects refer to: accounts and their rights, configuration, claims, classes, owners, ..." },
	{ "ordered-resources", 0, OPT_T_LIST, AT(backup.ordered), SET_BACKUP, "LISTS",
		"objects to store first, in this order: 'pods=ns/a,ns/b;persistentvolumes=x'", ";" },
	{ "resource-policies", 0, OPT_T_FILE, AT(backup.policies), SET_BACKUP, "FILE",
		"YAML of Velero's resource policies; its includeExcludePolicy narrows the types" },
	{ "all-versions", 0, OPT_T_FLAG, AT(backup.all_versions), SET_BACKUP, NULL,
		"store every API version that the cluster serves, not only the preferred one" },
	{ "ttl", 0, OPT_T_DURATION, AT(backup.ttl_ns), SET_BACKUP, "DURATION", "how long the backup is kept (default 720h)" },
	{ "labels", 0, OPT_T_PAIRS, AT(backup.labels), SET_BACKUP, "KEY=VALUE", "labels of the backup" },
	{ "page-size", 0, OPT_T_COUNT, AT(page), SET_BACKUP, "N", "objects per list request" },
	{ "namespace-mappings", 0, OPT_T_PAIRS, AT(restore.ns_map), SET_RESTORE, "OLD:NEW",
		"restore namespaces under other names; 'team-*:dr-team-*' for several" },
	{ "existing-resource-policy", 0, OPT_T_POLICY, AT(restore.policy), SET_RESTORE, "POLICY",
		"objects that are there and differ: none (report), update, apply, recreate or fail" },
	{ "yes-really", 0, OPT_T_LIST, AT(restore.yes_really), SET_RESTORE, "KIND/[NAMESPACE/]NAME",
		"claims, volumes and definitions that the policy recreate may delete, with all that is in them" },
	{ "prune", 0, OPT_T_FLAG, AT(restore.prune), SET_RESTORE, NULL,
		"afterwards delete what the backup does not have, of the chosen types and namespaces" },
	{ "owner-references", 0, OPT_T_OWNERS, AT(restore.relink_owners), SET_RESTORE, "drop|relink",
		"drop owner references (the default), or let them point at the restored owners" },
	{ "pause-controllers", 0, OPT_T_FLAG, AT(restore.pause_controllers), SET_RESTORE, NULL,
		"what starts pods does so only when everything is restored" },
	{ "preserve-nodeports", 0, OPT_T_FLAG, AT(restore.preserve_node_ports), SET_RESTORE, NULL, "keep the node ports of services" },
	{ "restore-status", 0, OPT_T_FLAG, AT(restore.restore_status), SET_RESTORE, NULL, "restore the status of created objects, too" },
	{ "status-include-resources", 0, OPT_T_LIST, AT(restore.inc_status), SET_RESTORE, "TYPES", "restore the status of these types" },
	{ "status-exclude-resources", 0, OPT_T_LIST, AT(restore.exc_status), SET_RESTORE, "TYPES",
		"restore the status of all types but these" },
	{ "resource-modifiers", 0, OPT_T_FILE, AT(restore.modifiers), SET_RESTORE, "FILE",
		"YAML of Velero's resource modifiers: edits of what is restored" },
	{ "hooks", 0, OPT_T_FILE, AT(restore.hooks), SET_RESTORE, "FILE",
		"YAML of Velero's spec.hooks: init containers and commands of restored pods" },
	{ "storage-class-mappings", 0, OPT_T_PAIRS, AT(restore.class_map), SET_RESTORE, "OLD:NEW", "change storage classes" },
	{ "image-mappings", 0, OPT_T_PAIRS, AT(restore.image_map), SET_RESTORE, "OLD=NEW",
		"change registries and repositories of images: docker.io=registry.local/hub" },
	{ "host-mappings", 0, OPT_T_PAIRS, AT(restore.host_map), SET_RESTORE, "OLD:NEW",
		"change hosts of ingresses, gateways and their routes; '*.old.example:*.new.example'" },
	{ "zone-mappings", 0, OPT_T_LIST, AT(restore.zone_map), SET_RESTORE, "OLD:[NEW]",
		"change zones that pods, volumes and classes ask for; 'OLD:' takes them out" },
	{ "drop-node-affinity", 0, OPT_T_FLAG, AT(restore.drop_node_affinity), SET_RESTORE, NULL,
		"take node selectors and node affinity out of pods and templates" },
	{ "change-storage-class", 0, OPT_T_FILE, AT(restore.class_config), SET_RESTORE, "FILE",
		"the same from Velero's ConfigMap, or its data, as YAML" },
	{ "change-image-name", 0, OPT_T_FILE, AT(restore.image_config), SET_RESTORE, "FILE",
		"change parts of image names by Velero's ConfigMap, or its data, as YAML" },
	{ "restore-resource-priorities", 0, OPT_T_TEXT, AT(restore.priorities), SET_RESTORE, "TYPES",
		"order of restoring: 'first,second,-,last'" },
	{ "version-priorities", 0, OPT_T_LIST, AT(restore.versions), SET_RESTORE, "LISTS",
		"API versions to prefer when a backup holds several: 'deployments.apps=v1,v1beta1;...'", ";" },
	{ "dry-run", 0, OPT_T_FLAG, AT(dry_run), SET_RESTORE | SET_DRY, NULL, "change nothing, show what would be done" },
	{ "ignore", 0, OPT_T_LIST, AT(restore.ignore), SET_RESTORE, "CODES",
		"findings of the preflight that do not stop or warn; all: no preflight" },
	{ "server", 0, OPT_T_FLAG, AT(restore.server_dry_run), SET_PLAN, NULL,
		"let the API server try each new object (dry run): admission, quotas, schemas" },
	{ "any-version", 0, OPT_T_FLAG, AT(restore.any_version), SET_RESTORE, NULL,
		"send objects whose API version is not served under the version that is" },
	{ "concurrency", 0, OPT_T_COUNT, AT(concurrency), SET_BACKUP | SET_RESTORE, "N",
		"types listed at once (backup, default 5) or objects written at once (restore, default: found by measuring)" },
	{ "wait", 'w', OPT_T_TRI, AT(wait), SET_BACKUP | SET_RESTORE, NULL, "accepted for the sake of Velero: a command always waits" },
	{ "theme", 0, OPT_T_TEXT, AT(theme), SET_UI, "NAME", "colors: terminal, midnight, paper, contrast, mono, or a file of yours" },
	{ "color", 0, OPT_T_TEXT, AT(color), SET_UI, "WHEN", "auto (default: NO_COLOR is heeded), always or never" },
	{ "plain", 0, OPT_T_FLAG, AT(plain), SET_UI, NULL, "line by line, for readers of screens, and where there is no terminal" },
	{ "read-only", 0, OPT_T_FLAG, AT(read_only), SET_UI, NULL, "change nothing until :rw" },
	{ "tree", 0, OPT_T_TEXT, AT(tree), SET_TREE, "BY", "as a tree by namespace or by kind, with counts and sizes" },
	{ "show-secrets", 0, OPT_T_FLAG, AT(look.show_secrets), SET_SECRETS, NULL, "do not mask the values of Secrets" },
	{ "all-fields", 0, OPT_T_FLAG, AT(look.all_fields), SET_FIELDS, NULL, "also the fields that the server sets" },
	{ "exit-code", 0, OPT_T_FLAG, AT(look.exit_code), SET_DIFF, NULL, "end with 3 when there are differences" },
	{ "diff", 0, OPT_T_FLAG, AT(look.diff), SET_HISTORY, NULL, "also show what has changed" },
	{ "source-cluster", 0, OPT_T_TEXT, AT(look.source_cluster), SET_HISTORY, "NAME|UID",
		"only backups of this cluster, by the name or UID in the backups" },
	{ "all", 0, OPT_T_FLAG, AT(look.all_backups), SET_GREP, NULL, "search all backups in the location" },
	{ "ignore-case", 'i', OPT_T_FLAG, AT(look.ignore_case), SET_GREP, NULL, "upper and lower case are the same" },
	{ "count", 'c', OPT_T_FLAG, AT(look.count), SET_GREP, NULL, "print how many matches each object has" },
	{ "details", 0, OPT_T_FLAG, AT(details), SET_DESCRIBE, NULL, "also list every object" },
	{ "output", 'o', OPT_T_TEXT, AT(file), SET_FILE, "FILE", "where to write ('-': stdout; default NAME-data.tar.gz)" },
	{ "presign", 0, OPT_T_HOURS, AT(presign_ns), SET_FILE, "DURATION",
		"download nothing, print a URL with which anyone can: for an hour, or DURATION (1s to 168h)" },
	{ "force", 0, OPT_T_FLAG, AT(force), SET_FORCE, NULL,
		"replace an existing file; delete without asking, another cluster's backup, too; resume what may still run" },
	{ "confirm", 'y', OPT_T_FLAG, AT(confirm), SET_CONFIRM, NULL, "do not ask" },
	{ "output", 'o', OPT_T_OUTPUT, AT(output), SET_OUTPUT, "FORMAT", "table, wide, json, yaml or name" },
	{ "output", 'o', OPT_T_OUTPUT, AT(output), SET_SHOW, "FORMAT", "table, json, yaml, name or velero" },
	{ "quiet", 'q', OPT_T_FLAG, AT(quiet), SET_ALWAYS, NULL, "no progress" },
	{ "help", 'h', OPT_T_FLAG, AT(help), SET_ALWAYS, NULL, "show help" },
};
const size_t option_rows_len = COUNT(option_rows);

static const char *const output_names[] = { [OUT_TABLE] = "table", [OUT_WIDE] = "wide", [OUT_JSON] = "json",
	[OUT_YAML] = "yaml", [OUT_NAME] = "name", [OUT_VELERO] = "velero" };
static const char *const owner_names[] = { "drop", "relink" };

void
args_done(struct args *a)
{
	for (size_t i = 0; i < COUNT(option_rows); i++) {
		char *at = (char *)a + option_rows[i].at;

		if (option_rows[i].type == OPT_T_TEXT || option_rows[i].type == OPT_T_FILE) {
			free(*(char **)(void *)at);
			*(char **)(void *)at = NULL;
		} else if (option_rows[i].type == OPT_T_LIST || option_rows[i].type == OPT_T_PAIRS) {
			strs_free((struct strs *)(void *)at);
		}
	}
	strs_free(&a->pos);
}

void
args_copy_restore(const struct args *a, struct restore_opts *out)
{
	struct args copy = { .restore = a->restore, .filter = a->filter };

	for (size_t i = 0; i < COUNT(option_rows); i++) {
		const struct option_row *o = &option_rows[i];
		const char *from = (const char *)a + o->at;
		char *to = (char *)&copy + o->at;

		if ((o->set & (SET_RESTORE | SET_FILTER)) == 0)
			continue;
		if (o->type == OPT_T_TEXT || o->type == OPT_T_FILE) {
			*(char **)(void *)to = xstrdup_or_null(*(char *const *)(const void *)from);
		} else if (o->type == OPT_T_LIST || o->type == OPT_T_PAIRS) {
			*(struct strs *)(void *)to = (struct strs){ 0 };
			strs_copy((struct strs *)(void *)to, (const struct strs *)(const void *)from);
		}
	}
	*out = copy.restore;
	out->filter = copy.filter;
}

/* --- commands --- */

static bool
names(const struct command *cmd, const char *word)
{
	return strcmp(cmd->group, word) == 0;
}

#define FAR 4                           /* what str_distance says of words that have nothing in common */

/* How far a mistyped word is from a known one; its beginning counts as near. */
static unsigned
distance(struct str word, const char *known)
{
	if (word.len > 1 && str_starts(str_of(known), word))
		return 1;
	return str_distance(word, str_of(known));
}

static const char *
nearest_command(const char *group, const char *word)
{
	const char *best = NULL;
	unsigned least = FAR;

	for (size_t i = 0; i < commands_len; i++) {
		const char *name = group != NULL ? commands[i].verb : commands[i].group;
		unsigned d;

		if (name == NULL || (group != NULL && !names(&commands[i], group)))
			continue;
		d = distance(str_of(word), name);
		if (d < least) {
			least = d;
			best = name;
		}
	}
	return best;
}

const struct command *
command_find(int argc, char **argv, int *used, struct err *e)
{
	const char *group = argv[0], *near;
	bool known = false;

	for (size_t i = 0; i < commands_len; i++) {
		const struct command *cmd = &commands[i];

		if (!names(cmd, group))
			continue;
		known = true;
		if (cmd->verb == NULL || (argc > 1 && strcmp(cmd->verb, argv[1]) == 0)) {
			*used = cmd->verb != NULL ? 2 : 1;
			return cmd;
		}
	}
	if (known && (argc < 2 || argv[1][0] == '-')) {
		err_set(e, EK_INVALID, "'%s' needs a verb: see 'orlop help %s'", group, group);
		return NULL;
	}
	if (group[0] == '-') {
		err_set(e, EK_INVALID, "option '%s' stands before the command: write 'orlop COMMAND OPTIONS'", group);
		return NULL;
	}
	near = nearest_command(known ? group : NULL, known ? argv[1] : group);
	if (!known && near != NULL)
		err_set(e, EK_INVALID, "unknown command '%s' (did you mean '%s'?)", group, near);
	else if (!known)
		err_set(e, EK_INVALID, "unknown command '%s': see 'orlop help'", group);
	else if (near != NULL)
		err_set(e, EK_INVALID, "unknown command '%s %s' (did you mean '%s %s'?)", group, argv[1], group, near);
	else
		err_set(e, EK_INVALID, "unknown command '%s %s': see 'orlop help %s'", group, argv[1], group);
	return NULL;
}

/* --- options --- */

static int
find_word(const char *const *list, size_t n, const char *word)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i], word) == 0)
			return (int)i;
	return -1;
}

/* KEY=VALUE, where the value may be anything, or OLD:NEW. */
static bool
is_pair(struct str text, char sep)
{
	size_t at = str_chr(text, sep);

	if (at == 0 || at == text.len)
		return false;
	return sep == '=' || (at + 1 < text.len && str_rchr(text, sep) == at);
}

/* Cuts the part before sep off rest; false at the end. */
static bool
cut(struct str *rest, const char *sep, struct str *piece)
{
	const char *at;

	if (rest->p == NULL)
		return false;
	at = memmem(rest->p, rest->len, sep, strlen(sep));
	*piece = at != NULL ? str_sub(*rest, 0, (size_t)(at - rest->p)) : *rest;
	*rest = at != NULL ? str_sub(*rest, piece->len + strlen(sep), rest->len) : (struct str){ 0 };
	return true;
}

/* An empty entry is an error, not nothing: "--include-namespaces $A,$B" with both unset would select everything. */
static int
add_list(const struct option_row *o, struct strs *out, const char *value, struct err *e)
{
	const char *inner = o->type == OPT_T_PAIRS ? strpbrk(o->value, "=:") : NULL;
	const char *sep = o->sep != NULL ? o->sep : ",";
	struct str rest = str_of(value), piece;

	while (cut(&rest, sep, &piece)) {
		AUTO_FREE char *text = NULL;

		piece = str_trim(piece);
		if (piece.len == 0)
			return err_set(e, EK_INVALID, "--%s: '%s' has an empty entry", o->name, value);
		if (inner != NULL && !is_pair(piece, *inner))
			return err_set(e, EK_INVALID, "--%s: '" STR_FMT "' is not %s", o->name, STR_ARG(piece), o->value);
		text = str_dup(piece);
		strs_add(out, text);
	}
	return 0;
}

/* The text of a file; what it means is for the engine to say. */
static int
read_file(const struct option_row *o, char **out, const char *path, struct err *e)
{
	AUTO_BUF struct buf text = BUF_INIT(LIMIT_OPTION_FILE);

	if (file_read(path, &text, e) < 0)
		return err_ctx(e, "--%s", o->name);
	if (text.len > 0 && strlen(text.p) != text.len)
		return err_set(e, EK_INVALID, "--%s: %s is no text", o->name, path);
	free(*out);
	*out = text.len > 0 ? buf_take(&text, NULL) : xstrdup("");
	return 0;
}

static int
set_value(const struct option_row *o, struct args *a, const char *value, struct err *e)
{
	void *at = (char *)a + o->at;
	bool yes = true;
	int word;

	switch (o->type) {
	case OPT_T_FLAG:
	case OPT_T_TRI:
		if (value != NULL && !parse_bool(str_of(value), &yes))
			return err_set(e, EK_INVALID, "--%s=%s: true or false", o->name, value);
		if (o->type == OPT_T_FLAG)
			*(bool *)at = yes;
		else
			*(enum opt_tri *)at = yes ? OPT_YES : OPT_NO;
		return 0;
	case OPT_T_TEXT:
		free(*(char **)at);
		*(char **)at = xstrdup(value);
		return 0;
	case OPT_T_FILE:
		return read_file(o, at, value, e);
	case OPT_T_LIST:
	case OPT_T_PAIRS:
		return add_list(o, at, value, e);
	case OPT_T_HOURS:
	case OPT_T_DURATION:
		if (value == NULL)
			value = "1h";
		if (!parse_duration(str_of(value), at) || *(int64_t *)at <= 0)
			return err_set(e, EK_INVALID, "--%s: '%s' is no duration like 720h or 1h30m", o->name, value);
		return 0;
	case OPT_T_COUNT:
		if (!parse_u64(str_of(value), 100000, at) || *(uint64_t *)at == 0)
			return err_set(e, EK_INVALID, "--%s: '%s' is no number from 1 to 100000", o->name, value);
		return 0;
	case OPT_T_OUTPUT:
		word = find_word(output_names, COUNT(output_names), value);
		if (word < 0 || (word == OUT_VELERO && o->set != SET_SHOW))
			return err_set(e, EK_INVALID, "--%s: '%s' is not %s", o->name, value, o->help);
		*(enum output *)at = (enum output)word;
		return 0;
	case OPT_T_POLICY:
		word = find_word(existing_policy_names, EXISTING_COUNT_, value);
		if (word < 0)
			return err_set(e, EK_INVALID, "--%s: '%s' is not none, update, apply, recreate or fail", o->name, value);
		*(enum existing_policy *)at = (enum existing_policy)word;
		return 0;
	case OPT_T_OWNERS:
		word = find_word(owner_names, COUNT(owner_names), value);
		if (word < 0)
			return err_set(e, EK_INVALID, "--%s: '%s' is not drop or relink", o->name, value);
		*(bool *)at = word == 1;
		return 0;
	}
	return 0;
}

static bool
takes_value(const struct option_row *o)
{
	return o->type != OPT_T_FLAG && o->type != OPT_T_TRI && o->type != OPT_T_HOURS;
}

static const char *const secret_options[] = { "secret-key", "secret-access-key", "aws-secret-access-key", "secret",
	"session-token", "password" };

static const struct option_row *
find_long(const struct command *cmd, struct str name, struct err *e)
{
	const char *best = NULL;
	unsigned least = FAR;

	for (size_t i = 0; i < COUNT(option_rows); i++) {
		unsigned d;

		if (((cmd->sets | SET_ALWAYS) & option_rows[i].set) == 0)
			continue;
		if (str_eqz(name, option_rows[i].name))
			return &option_rows[i];
		d = distance(name, option_rows[i].name);
		if (d < least) {
			least = d;
			best = option_rows[i].name;
		}
	}
	for (size_t i = 0; i < COUNT(secret_options); i++) {
		if (!str_eqz(name, secret_options[i]))
			continue;
		err_set(e, EK_INVALID, "'--" STR_FMT "': a secret is no argument, where every user of the machine can read it: "
			"--access-key KEY asks for it, --secret-key-file FILE takes it from a file ('-': stdin)", STR_ARG(name));
		return NULL;
	}
	err_set(e, EK_INVALID, "unknown option '--" STR_FMT "'%s%s%s", STR_ARG(name),
		best != NULL ? " (did you mean '--" : "", best != NULL ? best : "", best != NULL ? "'?)" : "");
	return NULL;
}

static const struct option_row *
find_letter(const struct command *cmd, char letter, struct err *e)
{
	for (size_t i = 0; i < COUNT(option_rows); i++)
		if (option_rows[i].letter == letter && ((cmd->sets | SET_ALWAYS) & option_rows[i].set) != 0)
			return &option_rows[i];
	err_set(e, EK_INVALID, "unknown option '-%c'", letter);
	return NULL;
}

/* One option at argv[*i]: --name, --name=value, --name value, -x, -x value, -xvalue. */
static int
parse_option(const struct command *cmd, int argc, char **argv, int *i, struct args *out, struct err *e)
{
	const char *word = argv[*i], *value = NULL;
	const struct option_row *o;

	if (word[1] == '-') {
		struct str rest = str_of(word + 2), name;

		(void)str_split(&rest, '=', &name);
		value = rest.p;
		o = find_long(cmd, name, e);
	} else {
		o = find_letter(cmd, word[1], e);
		if (o != NULL && word[2] != '\0') {
			if (!takes_value(o))
				return err_set(e, EK_INVALID, "'%s': write options one by one", word);
			value = word + 2 + (word[2] == '=');
		}
	}
	if (o == NULL)
		return -1;
	if (takes_value(o) && value == NULL && *i + 1 < argc)
		value = argv[++*i];
	/* An empty value is an unset variable of a script: it must not mean "the default". */
	if (takes_value(o) && (value == NULL || value[0] == '\0'))
		return err_set(e, EK_INVALID, "option '--%s' needs a value: %s", o->name, o->value);
	if (!takes_value(o) && value == NULL && *i + 1 < argc
	    && (strcmp(argv[*i + 1], "true") == 0 || strcmp(argv[*i + 1], "false") == 0))
		return err_set(e, EK_INVALID, "'--%s %s': write --%s=%s", o->name, argv[*i + 1], o->name, argv[*i + 1]);
	return set_value(o, out, value, e);
}

/* Everything was said when the restore was begun. */
static int
check_resume(const struct args *a, struct err *e)
{
	if (a->pos.len > 0)
		return err_set(e, EK_INVALID, "two restores are named: '%s' and --resume %s", a->pos.at[0], a->resume);
	if (a->restore.backup != NULL || a->restore.retry_of != NULL || a->dry_run || a->plan != NULL)
		return err_set(e, EK_INVALID, "--resume takes what to restore, and how, from the restore that it continues");
	return 0;
}

/* Everything was said when the plan was made. */
static int
check_plan(const struct args *a, struct err *e)
{
	if (a->restore.backup != NULL || a->restore.retry_of != NULL)
		return err_set(e, EK_INVALID, "--plan takes what to restore, and how, from the plan");
	if (a->dry_run)
		return err_set(e, EK_INVALID, "--plan is what a dry run has shown: it stands without --dry-run");
	return 0;
}

/* What the options and operands of a command must be together. */
static int
check_args(const struct command *cmd, const struct args *a, struct err *e)
{
	const char *verb = cmd->verb != NULL ? cmd->verb : "", *gap = cmd->verb != NULL ? " " : "";
	bool by_operand = strcmp(cmd->group, "location") == 0 && a->pos.len > 0;

	if (a->pos.len < cmd->min)
		return err_set(e, EK_INVALID, "'%s%s%s' needs %s", cmd->group, gap, verb, cmd->operands);
	if (a->pos.len > cmd->max)
		return err_set(e, EK_INVALID, "unexpected '%s': '%s%s%s' takes %s", a->pos.at[cmd->max], cmd->group, gap,
			verb, cmd->operands[0] != '\0' ? cmd->operands : "only options");
	if (by_operand && a->location != NULL)
		return err_set(e, EK_INVALID, "two locations are given: '%s' and --location", a->pos.at[0]);
	if (a->resume != NULL)
		return check_resume(a, e);
	if (a->plan != NULL && check_plan(a, e) < 0)
		return -1;
	if ((cmd->sets & SET_RESTORE) != 0 && a->restore.backup == NULL && a->restore.retry_of == NULL && a->plan == NULL)
		return err_set(e, EK_INVALID, "--from-backup is needed: see 'orlop backup list'");
	if (a->context != NULL && a->cluster != NULL && strcmp(a->context, a->cluster) != 0)
		return err_set(e, EK_INVALID, "--context and --cluster name different clusters");
	if (a->wait == OPT_NO)
		return err_set(e, EK_INVALID, "--wait=false: a command ends when its work has ended");
	return 0;
}

int
args_parse(const struct command *cmd, int argc, char **argv, struct args *out, struct err *e)
{
	bool only_operands = false;

	for (int i = 0; i < argc; i++) {
		if (!only_operands && strcmp(argv[i], "--") == 0) {
			only_operands = true;
			continue;
		}
		if (!only_operands && argv[i][0] == '-' && argv[i][1] != '\0') {
			if (parse_option(cmd, argc, argv, &i, out, e) < 0)
				return -1;
			continue;
		}
		strs_add(&out->pos, argv[i]);
	}
	return out->help ? 0 : check_args(cmd, out, e);
}
