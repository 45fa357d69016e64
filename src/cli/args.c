/* Options and their parsing. */
#include "cli/args.h"

#include "base/mem.h"
#include "base/parse.h"

#include <stddef.h>

#define AT(member) offsetof(struct args, member)

const struct option_row option_rows[] = {
	{ "location", 'L', OPT_T_TEXT, AT(location), SET_LOCATION, "URL",
		"where backups are: dir:PATH or s3://BUCKET/PREFIX?region=R&s3Url=URL&s3ForcePathStyle=true&caFile=FILE" },
	{ "kubeconfig", 0, OPT_T_TEXT, AT(kubeconfig), SET_CLUSTER, "FILE", "kubeconfig to use (default: as kubectl)" },
	{ "context", 0, OPT_T_TEXT, AT(context), SET_CLUSTER, "NAME", "context of the kubeconfig (default: the current one)" },
	{ "cluster", 0, OPT_T_TEXT, AT(cluster), SET_CLUSTER, "NAME", "the same as --context" },
	{ "from-backup", 0, OPT_T_TEXT, AT(from_backup), SET_RESTORE, "NAME", "backup to restore" },
	{ "include-namespaces", 0, OPT_T_LIST, AT(inc_namespaces), SET_FILTER, "NAMES",
		"only these namespaces; names or globs, separated by commas" },
	{ "exclude-namespaces", 0, OPT_T_LIST, AT(exc_namespaces), SET_FILTER, "NAMES", "all but these namespaces" },
	{ "include-resources", 0, OPT_T_LIST, AT(inc_resources), SET_FILTER, "TYPES",
		"only these resource types: deployments, deploy, Deployment, deployments.apps" },
	{ "exclude-resources", 0, OPT_T_LIST, AT(exc_resources), SET_FILTER, "TYPES", "all but these resource types" },
	{ "include-cluster-resources", 0, OPT_T_TRI, AT(include_cluster), SET_FILTER, NULL,
		"objects outside namespaces: true all, false none; unset: all, unless namespaces are chosen" },
	{ "selector", 'l', OPT_T_TEXT, AT(selector), SET_FILTER, "SELECTOR", "only objects with these labels: a=b,c in (d,e),!f" },
	{ "ttl", 0, OPT_T_DURATION, AT(ttl_ns), SET_BACKUP, "DURATION", "how long the backup is kept (default 720h)" },
	{ "labels", 0, OPT_T_LIST, AT(labels), SET_BACKUP, "KEY=VALUE", "labels of the backup" },
	{ "page-size", 0, OPT_T_COUNT, AT(page), SET_BACKUP, "N", "objects per list request" },
	{ "namespace-mappings", 0, OPT_T_LIST, AT(ns_map), SET_RESTORE, "OLD:NEW", "restore namespaces under other names" },
	{ "existing-resource-policy", 0, OPT_T_POLICY, AT(policy), SET_RESTORE, "POLICY",
		"objects that are there and differ: none (report) or update" },
	{ "preserve-nodeports", 0, OPT_T_FLAG, AT(preserve_node_ports), SET_RESTORE, NULL, "keep the node ports of services" },
	{ "concurrency", 0, OPT_T_COUNT, AT(concurrency), SET_BACKUP | SET_RESTORE, "N",
		"types listed at once (backup, default 5) or objects written at once (restore, default 64)" },
	{ "wait", 'w', OPT_T_FLAG, AT(wait), SET_BACKUP | SET_RESTORE, NULL, "wait for the end (the default)" },
	{ "details", 0, OPT_T_FLAG, AT(details), SET_DESCRIBE, NULL, "also list every object" },
	{ "output", 'o', OPT_T_TEXT, AT(file), SET_FILE, "FILE", "where to write ('-': stdout; default NAME-data.tar.gz)" },
	{ "force", 0, OPT_T_FLAG, AT(force), SET_FORCE, NULL, "replace an existing file; delete without asking, another cluster's backup, too" },
	{ "confirm", 'y', OPT_T_FLAG, AT(confirm), SET_CONFIRM, NULL, "do not ask" },
	{ "output", 'o', OPT_T_OUTPUT, AT(output), SET_OUTPUT, "FORMAT", "table, wide, json, yaml or name" },
	{ "quiet", 'q', OPT_T_FLAG, AT(quiet), SET_ALWAYS, NULL, "no progress" },
	{ "help", 'h', OPT_T_FLAG, AT(help), SET_ALWAYS, NULL, "show help" },
};
const size_t option_rows_len = COUNT(option_rows);

static const char *const output_names[] = { [OUT_TABLE] = "table", [OUT_WIDE] = "wide", [OUT_JSON] = "json",
	[OUT_YAML] = "yaml", [OUT_NAME] = "name" };
static const char *const policy_names[] = { [EXISTING_NONE] = "none", [EXISTING_UPDATE] = "update" };

void
args_done(struct args *a)
{
	for (size_t i = 0; i < COUNT(option_rows); i++) {
		char *at = (char *)a + option_rows[i].at;

		if (option_rows[i].type == OPT_T_TEXT) {
			free(*(char **)(void *)at);
			*(char **)(void *)at = NULL;
		} else if (option_rows[i].type == OPT_T_LIST) {
			strs_free((struct strs *)(void *)at);
		}
	}
	strs_free(&a->pos);
}

/* --- commands --- */

static bool
names(const struct command *cmd, const char *word)
{
	return strcmp(cmd->group, word) == 0;
}

static const char *
nearest_command(const char *group, const char *word)
{
	const char *best = NULL;
	unsigned least = 4;

	for (size_t i = 0; i < commands_len; i++) {
		const char *name = group != NULL ? commands[i].verb : commands[i].group;
		unsigned d;

		if (name == NULL || (group != NULL && !names(&commands[i], group)))
			continue;
		d = str_distance(str_of(word), str_of(name));
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
	near = nearest_command(known ? group : NULL, known ? argv[1] : group);
	err_set(e, EK_INVALID, "unknown command '%s%s%s'%s%s%s", group, known ? " " : "", known ? argv[1] : "",
		near != NULL ? " (did you mean '" : ": see 'orlop help'", near != NULL ? near : "", near != NULL ? "'?)" : "");
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

static void
add_list(struct strs *out, const char *value)
{
	struct str rest = str_of(value), piece;

	while (str_split(&rest, ',', &piece)) {
		AUTO_FREE char *text = str_dup(str_trim(piece));

		if (text[0] != '\0')
			strs_add(out, text);
	}
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
	case OPT_T_LIST:
		add_list(at, value);
		return 0;
	case OPT_T_DURATION:
		if (!parse_duration(str_of(value), at) || *(int64_t *)at <= 0)
			return err_set(e, EK_INVALID, "--%s: '%s' is no duration like 720h or 1h30m", o->name, value);
		return 0;
	case OPT_T_COUNT:
		if (!parse_u64(str_of(value), 100000, at) || *(uint64_t *)at == 0)
			return err_set(e, EK_INVALID, "--%s: '%s' is no number from 1 to 100000", o->name, value);
		return 0;
	case OPT_T_OUTPUT:
		word = find_word(output_names, COUNT(output_names), value);
		if (word < 0)
			return err_set(e, EK_INVALID, "--%s: '%s' is not table, wide, json, yaml or name", o->name, value);
		*(enum output *)at = (enum output)word;
		a->output_given = true;
		return 0;
	case OPT_T_POLICY:
		word = find_word(policy_names, COUNT(policy_names), value);
		if (word < 0)
			return err_set(e, EK_INVALID, "--%s: '%s' is not none or update", o->name, value);
		*(enum existing_policy *)at = (enum existing_policy)word;
		return 0;
	}
	return 0;
}

static bool
takes_value(const struct option_row *o)
{
	return o->type != OPT_T_FLAG && o->type != OPT_T_TRI;
}

static const struct option_row *
find_long(const struct command *cmd, struct str name, struct err *e)
{
	const char *best = NULL;
	unsigned least = 4;

	for (size_t i = 0; i < COUNT(option_rows); i++) {
		unsigned d;

		if (((cmd->sets | SET_ALWAYS) & option_rows[i].set) == 0)
			continue;
		if (str_eqz(name, option_rows[i].name))
			return &option_rows[i];
		d = str_distance(name, str_of(option_rows[i].name));
		if (d < least) {
			least = d;
			best = option_rows[i].name;
		}
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
	if (takes_value(o) && value == NULL) {
		if (*i + 1 >= argc)
			return err_set(e, EK_INVALID, "option '--%s' needs a value: %s", o->name, o->value);
		value = argv[++*i];
	}
	return set_value(o, out, value, e);
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
	if (out->help)
		return 0;
	if (out->pos.len < cmd->min)
		return err_set(e, EK_INVALID, "'%s%s%s' needs %s", cmd->group, cmd->verb != NULL ? " " : "",
			cmd->verb != NULL ? cmd->verb : "", cmd->operands);
	if (out->pos.len > cmd->max)
		return err_set(e, EK_INVALID, "'%s' is one word too many", out->pos.at[cmd->max]);
	if ((cmd->sets & SET_LOCATION) != 0 && out->location == NULL && !(cmd->max > 0 && strcmp(cmd->group, "location") == 0))
		return err_set(e, EK_INVALID, "--location is needed: dir:PATH or s3://BUCKET");
	if ((cmd->sets & SET_RESTORE) != 0 && out->from_backup == NULL)
		return err_set(e, EK_INVALID, "--from-backup is needed: see 'orlop backup list'");
	return 0;
}
