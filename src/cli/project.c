/* Projects: the commands, and what names of locations and clusters mean. */
#include "cli/project.h"

#include "base/mem.h"
#include "base/parse.h"
#include "cli/commands.h"
#include "cli/output.h"

#include <errno.h>

/* --- which project, which location --- */

int
project_failed(const struct err *e)
{
	static const int by_kind[EK_COUNT_] = { [EK_INVALID] = EXIT_USAGE, [EK_EXISTS] = EXIT_FAILED,
		[EK_NOTFOUND] = EXIT_NOTHING };

	cli_error("%s", e->msg);
	return by_kind[e->kind] != 0 ? by_kind[e->kind] : EXIT_FAILED;
}

struct project *
cli_project(const struct cli *c, int *code)
{
	struct err e;
	AUTO_FREE char *name = project_current(c->args.project, &e);
	struct project *p = name != NULL ? project_load(name, &e) : NULL;

	if (p == NULL)
		*code = project_failed(&e);
	return p;
}

void
cli_warn_insecure(const char *url, const char *name)
{
	static const char param[] = "insecureSkipTLSVerify=";
	const char *at = strstr(url, param);
	struct str value = str_of(at != NULL ? at + strlen(param) : "");
	bool yes = false;

	value = str_sub(value, 0, str_chr(value, '&'));
	if (at != NULL && parse_bool(value, &yes) && yes)
		cli_error("warning: the certificate of location '%s' is not checked: whoever is on the way can read and change "
			"backups", name);
}

char *
cli_location_url(const struct project *p, const struct location *l, int *code)
{
	struct err e;

	/* A role may be assumed with keys of the environment; keys that are there must be private all the same. */
	if (l->account != ACCOUNT_ENVIRONMENT && location_keys_check(p->name, l->name, &e) < 0
	    && (l->account == ACCOUNT_CREDENTIALS || e.kind != EK_NOTFOUND)) {
		cli_error("%s", e.msg);
		*code = EXIT_LOCATION;
		return NULL;
	}
	return location_url(p, l);
}

static char *
default_location(struct cli *c, const struct project *p, int *code)
{
	const struct location *l = project_default_location(p);

	/* The UI leads to one. */
	if (l == NULL && strcmp(c->cmd->group, "ui") == 0)
		return NULL;
	if (l == NULL) {
		if (p->locations.len > 0)
			cli_error("--location is needed: project '%s' has %zu locations, and none is its defaultLocation", p->name,
				p->locations.len);
		else
			cli_error("--location is needed: dir:PATH, s3://BUCKET, or a name that 'orlop location add' gives");
		*code = EXIT_USAGE;
		return NULL;
	}
	if (!c->args.quiet)
		cli_error("using location '%s' of project '%s'", l->name, p->name);
	c->args.location = xstrdup(l->name);
	return cli_location_url(p, l, code);
}

static char *
named_location(const struct project *p, const char *name, int *code)
{
	struct err e;
	const struct location *l = project_location(p, name, &e);

	if (l != NULL)
		return cli_location_url(p, l, code);
	cli_error("%s", e.msg);
	cli_next("'orlop location list' shows those there are; dir:PATH and s3://BUCKET need no name");
	*code = EXIT_LOCATION;
	return NULL;
}

static int
resolve_location(struct cli *c)
{
	bool by_operand = strcmp(c->cmd->group, "location") == 0 && c->args.pos.len > 0;
	const char *text = by_operand ? c->args.pos.at[0] : c->args.location;
	AUTO(project_freep) struct project *p = NULL;
	int code = EXIT_OK;

	if (text != NULL && strchr(text, ':') != NULL) {
		c->url = xstrdup(text);
	} else {
		p = cli_project(c, &code);
		if (p != NULL)
			c->url = text != NULL ? named_location(p, text, &code) : default_location(c, p, &code);
	}
	if (c->url == NULL)
		return code;
	if (by_operand) {
		free(c->args.location);
		c->args.location = xstrdup(text);
	}
	cli_warn_insecure(c->url, c->args.location);
	return EXIT_OK;
}

/* A name that the project does not have is a context of the kubeconfig, which has its own message if there is none. */
static int
resolve_cluster(struct cli *c)
{
	AUTO(project_freep) struct project *p = NULL;
	const struct cluster_entry *entry;
	int code = EXIT_OK;

	if (c->args.cluster == NULL)
		return EXIT_OK;
	p = cli_project(c, &code);
	if (p == NULL)
		return code;
	entry = project_cluster(p, c->args.cluster);
	if (entry == NULL)
		return EXIT_OK;
	free(TAKE(c->args.cluster));
	if (c->args.context == NULL)
		c->args.context = xstrdup_or_null(entry->context);
	if (c->args.kubeconfig == NULL)
		c->args.kubeconfig = project_path(p->file, entry->kubeconfig);
	return EXIT_OK;
}

int
cli_resolve(struct cli *c)
{
	int code = EXIT_OK;

	if ((c->cmd->sets & SET_LOCATION) != 0)
		code = resolve_location(c);
	if (code == EXIT_OK && (c->cmd->sets & SET_CLUSTER) != 0)
		code = resolve_cluster(c);
	return code;
}

/* --- commands --- */

int
projects_create(struct cli *c)
{
	const char *name = c->args.pos.at[0];
	struct err e;

	if (project_create(name, &e) < 0)
		return project_failed(&e);
	printf("Project '%s' created.\n", name);
	if (!c->args.quiet)
		cli_next("orlop project use %s", name);
	return EXIT_OK;
}

int
projects_use(struct cli *c)
{
	const char *name = c->args.pos.at[0];
	const char *env = getenv("ORLOP_PROJECT");
	struct err e;

	if (project_use(name, &e) < 0)
		return project_failed(&e);
	printf("Project '%s' is the current one.\n", name);
	if (env != NULL && env[0] != '\0' && strcmp(env, name) != 0)
		cli_error("warning: ORLOP_PROJECT says '%s', and goes first", env);
	return EXIT_OK;
}

static const struct column project_columns[] = {
	{ "NAME", "name", COL_TEXT },
	{ "CURRENT", "current", COL_TEXT },
	{ "LOCATIONS", "locations", COL_NUMBER },
	{ "CLUSTERS", "clusters", COL_NUMBER },
	{ "FILE", "file", COL_TEXT, .wide = true },
};

/* One project; 1: its file is damaged, which is said. */
static int
project_row(struct rows *rows, const char *name, const char *current)
{
	AUTO_BUF struct buf json = BUF_INIT(64 * 1024);
	AUTO(project_freep) struct project *p = NULL;
	struct err e;
	struct jw w;

	p = project_load(name, &e);
	if (p == NULL) {
		cli_error("%s", e.msg);
		return 1;
	}
	jw_init(&w, &json, false);
	jw_obj(&w);
	jw_kv_text(&w, "name", name);
	jw_kv_bool(&w, "current", strcmp(name, current) == 0);
	jw_kv_uint(&w, "locations", p->locations.len);
	jw_kv_uint(&w, "clusters", p->clusters.len);
	jw_kv_text(&w, "file", p->there ? p->file : "");
	jw_obj_end(&w);
	return jw_done(&w, &e) < 0 || rows_add(rows, buf_str(&json)) < 0 ? -1 : 0;
}

int
projects_list(struct cli *c)
{
	AUTO_STRS struct strs names = { 0 };
	AUTO_FREE char *current = NULL;
	struct rows *rows;
	struct err e;
	int code = EXIT_OK;

	current = project_current(NULL, &e);
	if (current == NULL || project_names(&names, &e) < 0)
		return project_failed(&e);
	rows = rows_new(c->args.output, true, project_columns, COUNT(project_columns), "name", NULL);
	for (size_t i = 0; i < names.len && c->stdout_error == 0; i++) {
		int rc = project_row(rows, names.at[i], current);

		if (rc < 0)
			c->stdout_error = errno != 0 ? errno : EIO;
		else if (rc > 0)
			code = EXIT_PARTIAL;
	}
	if (c->stdout_error == 0 && rows_end(rows) < 0)
		c->stdout_error = errno;
	rows_free(rows);
	return code;
}
