/* Backup locations of the project: adding, showing, removing, and what an administrator has to permit. */
#include "app/location_edit.h"
#include "app/location_policy.h"
#include "app/location_velero.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/project.h"
#include "data/yaml.h"

#include <errno.h>
#include <unistd.h>

/* --- add: what the location is --- */

/* Options that are a key of the configuration. */
static int
set_keys(const struct location_opts *o, struct location *l, struct err *e)
{
	const struct { const char *key, *value; } rows[] = {
		{ "bucket", o->bucket }, { "prefix", o->prefix }, { "region", o->region }, { "s3Url", o->s3_url },
		{ "publicUrl", o->public_url },
		{ "s3ForcePathStyle", o->path_style == OPT_YES ? "true" : o->path_style == OPT_NO ? "false" : NULL },
		{ "kmsKeyId", o->kms_key }, { "serverSideEncryption", o->encryption }, { "tagging", o->tagging },
		{ "checksumAlgorithm", o->checksum != NULL && strcmp(o->checksum, "none") == 0 ? "" : o->checksum },
		{ "storageClass", o->storage_class }, { "profile", o->profile },
		{ "requesterPays", o->requester_pays ? "true" : NULL },
		{ "insecureSkipTLSVerify", o->insecure ? "true" : NULL },
	};

	for (size_t i = 0; i < o->config.len; i++) {
		struct str value = str_of(o->config.at[i]), key;
		AUTO_FREE char *k = NULL, *v = NULL;

		(void)str_split(&value, '=', &key);
		k = str_dup(key);
		v = str_dup(value);
		if (location_set(l, k, v, e) < 0)
			return err_ctx(e, "--config");
	}
	for (size_t i = 0; i < COUNT(rows); i++)
		if (rows[i].value != NULL && location_set(l, rows[i].key, rows[i].value, e) < 0)
			return -1;
	return 0;
}

/* The location outlives the current folder. */
static void
set_path(char **out, const char *path)
{
	AUTO_FREE char *cwd = NULL;

	if (path == NULL)
		return;
	cwd = getcwd(NULL, 0);
	free(*out);
	*out = file_join(cwd != NULL ? cwd : "/", path);
}

static int
set_certificate(const char *path, struct location *l, struct err *e)
{
	AUTO_BUF struct buf pem = BUF_INIT(LIMIT_PEM);

	if (path == NULL)
		return 0;
	if (file_read(path, &pem, e) < 0)
		return err_ctx(e, "--certificate");
	if (strstr(buf_cstr(&pem), "-----BEGIN CERTIFICATE-----") == NULL)
		return err_set(e, EK_INVALID, "--certificate: %s is no certificate in PEM form", path);
	if (strcmp(path, "-") == 0) {
		free(l->certificate);
		l->certificate = buf_take(&pem, NULL);
		return 0;
	}
	set_path(&l->certificate, path);
	return 0;
}

static int
set_words(const struct location_opts *o, struct location *l, struct err *e)
{
	if (o->provider != NULL && !provider_parse(o->provider, &l->provider))
		return err_set(e, EK_INVALID, "--provider: '%s' is not aws, minio, s3 or dir", o->provider);
	if (o->access_mode == NULL)
		return 0;
	if (strcmp(o->access_mode, "ReadOnly") != 0 && strcmp(o->access_mode, "ReadWrite") != 0)
		return err_set(e, EK_INVALID, "--access-mode: '%s' is not ReadOnly or ReadWrite", o->access_mode);
	l->read_only = strcmp(o->access_mode, "ReadOnly") == 0;
	return 0;
}

static void
set_account(const struct location_opts *o, struct location *l)
{
	if (o->role_arn != NULL) {
		l->account = ACCOUNT_STS;
		free(l->role_arn);
		l->role_arn = xstrdup(o->role_arn);
	} else if ((o->access_key != NULL || o->credentials_file != NULL) && l->account == ACCOUNT_ENVIRONMENT) {
		l->account = ACCOUNT_CREDENTIALS;
	}
	if (o->external_id != NULL) {
		free(l->external_id);
		l->external_id = xstrdup(o->external_id);
	}
}

struct adding { struct location l; bool make_default; struct strs notes; };

static void
adding_done(struct adding *a)
{
	location_done(&a->l);
	strs_free(&a->notes);
}

static int
read_velero(const char *file, struct adding *a, struct err *e)
{
	AUTO_BUF struct buf text = BUF_INIT(LIMIT_CONFIG);

	if (file_read(file, &text, e) < 0)
		return err_ctx(e, "--from-velero");
	return location_from_velero(buf_str(&text), strcmp(file, "-") == 0 ? "standard input" : file, &a->l, &a->make_default,
		&a->notes, e);
}

/* What the options ask for, before any secret is asked for. */
static int
describe_location(const struct project *p, const char *name, const struct location_opts *o, struct adding *a,
	struct err *e)
{
	const struct location *old = NULL;

	if (project_check_name("location", name, e) < 0)
		return -1;
	for (size_t i = 0; i < p->locations.len; i++)
		if (strcmp(p->locations.at[i].name, name) == 0)
			old = &p->locations.at[i];
	if (old != NULL && !o->replace)
		return err_set(e, EK_EXISTS, "location '%s' is in project '%s' already; --replace changes it", name, p->name);
	if (o->replace && old == NULL)
		return project_location(p, name, e) == NULL ? -1 : 0;
	if (old != NULL && o->provider == NULL && o->from_velero == NULL)
		location_copy(&a->l, old);
	else
		a->l.name = xstrdup(name);
	if (old == NULL && o->provider == NULL && o->from_velero == NULL && o->path == NULL)
		return err_set(e, EK_INVALID, "--provider is needed: aws, minio, s3 or dir");
	if (o->path != NULL && o->provider == NULL && old == NULL)
		a->l.provider = PROVIDER_DIR;
	set_account(o, &a->l);
	if (o->from_velero != NULL && read_velero(o->from_velero, a, e) < 0)
		return -1;
	a->make_default |= o->make_default;
	if (set_words(o, &a->l, e) < 0 || set_keys(o, &a->l, e) < 0 || set_certificate(o->certificate, &a->l, e) < 0)
		return -1;
	set_path(&a->l.path, o->path);
	set_path(&a->l.config[CONFIG_CUSTOMER_KEY], o->customer_key_file);
	return location_add_defaults(&a->l, e) < 0 ? -1 : location_check(&a->l, e);
}

/* --- add: its keys --- */

static int
check_key_options(const struct location_opts *o, struct err *e)
{
	const struct { const char *option, *value; } readers[] = { { "from-velero", o->from_velero },
		{ "certificate", o->certificate }, { "secret-key-file", o->secret_key_file },
		{ "credentials-file", o->credentials_file } };
	const char *reader = NULL;

	if (o->access_key != NULL && o->credentials_file != NULL)
		return err_set(e, EK_INVALID, "--access-key and --credentials-file exclude each other");
	if (o->secret_key_file != NULL && o->access_key == NULL)
		return err_set(e, EK_INVALID, "--secret-key-file needs --access-key KEY");
	if (o->external_id != NULL && o->role_arn == NULL && !o->replace)
		return err_set(e, EK_INVALID, "--external-id needs --role-arn ARN");
	for (size_t i = 0; i < COUNT(readers); i++) {
		if (readers[i].value == NULL || strcmp(readers[i].value, "-") != 0)
			continue;
		if (reader != NULL)
			return err_set(e, EK_INVALID, "--%s and --%s cannot both be standard input", reader, readers[i].option);
		reader = readers[i].option;
	}
	return 0;
}

static struct secret *
secret_of(const struct location_opts *o, struct err *e)
{
	AUTO(buf_wipe) struct buf text = BUF_INIT(4 * KIB);
	AUTO_FREE char *prompt = NULL;
	struct str s;

	if (o->secret_key_file == NULL) {
		prompt = xasprintf("Secret key of %s (not shown): ", o->access_key);
		return ask_secret(prompt, e);
	}
	if (file_read(o->secret_key_file, &text, e) < 0) {
		err_ctx(e, "--secret-key-file");
		return NULL;
	}
	s = str_trim(buf_str(&text));
	return secret_new(s);
}

/* The AWS INI to store; empty when none was given. */
static int
read_keys(const struct location_opts *o, const struct location *l, struct buf *ini, struct err *e)
{
	AUTO(secret_freep) struct secret *secret = NULL;

	if (o->credentials_file != NULL) {
		if (file_read(o->credentials_file, ini, e) < 0)
			return err_ctx(e, "--credentials-file");
		if (ini->len == 0 || strchr(buf_cstr(ini), '[') == NULL)
			return err_set(e, EK_INVALID, "--credentials-file: that is no credentials file: it must have a section like "
				"[default]");
		return 0;
	}
	if (o->access_key == NULL)
		return 0;
	secret = secret_of(o, e);
	return secret == NULL ? -1 : location_keys_ini(l->profile, o->access_key, secret, ini, e);
}

/* --- add: all of it --- */

static int
try_location(struct cli *c, const struct adding *a)
{
	AUTO(project_freep) struct project *p = NULL;
	int code = EXIT_OK;
	struct err e;
	const struct location *l;

	p = cli_project(c, &code);
	if (p == NULL)
		return code;
	l = project_location(p, a->l.name, &e);
	c->url = l != NULL ? cli_location_url(p, l, &code) : NULL;
	if (c->url != NULL) {
		free(c->args.location);
		c->args.location = xstrdup(a->l.name);
		cli_warn_insecure(c->url, a->l.name);
		code = location_validate(c);
	}
	if (code == EXIT_OK || code == EXIT_INTERRUPTED)
		return code;
	cli_error("location '%s' is kept, though it cannot be used yet: 'orlop location add %s --replace ...' changes it",
		a->l.name, a->l.name);
	return EXIT_LOCATION;
}

static int
add_failed(const struct err *e)
{
	if (e->kind != EK_CANCELED)
		return project_failed(e);
	cli_error("%s: nothing was changed", e->msg);
	return EXIT_INTERRUPTED;
}

int
location_add(struct cli *c)
{
	const struct location_opts *o = &c->args.loc;
	/* Larger than what is put in, so that no copies of the secret are left behind by growing. */
	AUTO(buf_wipe) struct buf ini = BUF_INIT(LIMIT_PEM);
	AUTO(adding_done) struct adding a = { 0 };
	AUTO(project_freep) struct project *p = NULL;
	struct location_put put;
	struct err e;
	int code = EXIT_OK;

	p = cli_project(c, &code);
	if (p == NULL)
		return code;
	if (check_key_options(o, &e) < 0 || describe_location(p, c->args.pos.at[0], o, &a, &e) < 0)
		return project_failed(&e);
	if (buf_room(&ini, 16 * KIB, &e) == NULL || read_keys(o, &a.l, &ini, &e) < 0)
		return add_failed(&e);
	put = (struct location_put){ &a.l, o->replace, a.make_default, buf_str(&ini) };
	if (project_put_location(p->name, &put, &e) < 0)
		return project_failed(&e);
	printf("Location '%s' %s project '%s'.\n", a.l.name, o->replace ? "changed in" : "added to", p->name);
	if (a.l.account == ACCOUNT_STS)
		printf("External ID: %s\n", a.l.external_id);
	if (fflush(stdout) != 0)
		c->stdout_error = errno;
	for (size_t i = 0; i < a.notes.len; i++)
		cli_error("note: %s", a.notes.at[i]);
	if (a.l.account == ACCOUNT_STS && !c->args.quiet)
		cli_next("orlop location policy %s: what the role must permit, and to whom", a.l.name);
	return o->no_validate ? EXIT_OK : try_location(c, &a);
}

/* --- list, show --- */

static const struct column location_columns[] = {
	{ "NAME", "name", COL_TEXT },
	{ "PROVIDER", "provider", COL_TEXT },
	{ "BUCKET/PREFIX", "place", COL_TEXT },
	{ "REGION", "config.region", COL_TEXT },
	{ "AUTH", "auth", COL_TEXT },
	{ "DEFAULT", "default", COL_TEXT, .wide = true },
	{ "S3URL", "config.s3Url", COL_TEXT, .wide = true },
	{ "ACCESS", "accessMode", COL_TEXT, .wide = true },
};

int
location_list(struct cli *c)
{
	AUTO(project_freep) struct project *p = NULL;
	struct rows *rows;
	struct err e;
	int code = EXIT_OK;

	p = cli_project(c, &code);
	if (p == NULL)
		return code;
	rows = rows_new(c->args.output, true, location_columns, COUNT(location_columns), "name",
		"No locations yet. 'orlop location add' makes one.");
	for (size_t i = 0; i < p->locations.len && c->stdout_error == 0; i++) {
		AUTO_BUF struct buf json = BUF_INIT(LIMIT_CONFIG);

		if (location_row(p, &p->locations.at[i], &json, &e) < 0)
			code = project_failed(&e);
		else if (rows_add(rows, buf_str(&json)) < 0)
			c->stdout_error = errno != 0 ? errno : EIO;
	}
	if (c->stdout_error == 0 && rows_end(rows) < 0)
		c->stdout_error = errno;
	rows_free(rows);
	return code;
}

int
location_show(struct cli *c)
{
	AUTO(project_freep) struct project *p = NULL;
	AUTO_BUF struct buf out = BUF_INIT(2 * LIMIT_CONFIG);
	const struct location *l;
	enum output how = c->args.output == OUT_TABLE || c->args.output == OUT_WIDE ? OUT_YAML : c->args.output;
	struct rows *rows;
	struct err e;
	int code = EXIT_OK;

	p = cli_project(c, &code);
	if (p == NULL)
		return code;
	l = project_location(p, c->args.pos.at[0], &e);
	if (l == NULL)
		return project_failed(&e);
	if ((how == OUT_VELERO ? location_to_velero(p, l, &out, &e) : location_row(p, l, &out, &e)) < 0)
		return project_failed(&e);
	if (how == OUT_VELERO) {
		if (fwrite(out.p, 1, out.len, stdout) != out.len)
			c->stdout_error = errno;
		return EXIT_OK;
	}
	rows = rows_new(how, false, NULL, 0, "name", NULL);
	if (rows_add(rows, buf_str(&out)) < 0 || rows_end(rows) < 0)
		c->stdout_error = errno;
	rows_free(rows);
	return EXIT_OK;
}

/* --- remove --- */

int
location_remove(struct cli *c)
{
	AUTO(project_freep) struct project *p = NULL;
	AUTO_FREE char *question = NULL;
	const char *name = c->args.pos.at[0];
	struct err e;
	int code = EXIT_OK;

	p = cli_project(c, &code);
	if (p == NULL)
		return code;
	if (project_location(p, name, &e) == NULL)
		return project_failed(&e);
	if (!c->args.confirm && !isatty(STDIN_FILENO)) {
		cli_error("'location remove' asks first, and there is no terminal to ask on: use --confirm");
		return EXIT_USAGE;
	}
	question = xasprintf("Remove location '%s' and its stored keys from project '%s'? The backups in it stay.", name,
		p->name);
	if (!c->args.confirm && !ask_yes(question)) {
		fprintf(stderr, "kept '%s'\n", name);
		return EXIT_OK;
	}
	if (project_remove_location(p->name, name, &e) < 0)
		return project_failed(&e);
	printf("Location '%s' removed from project '%s'. What is stored in it stays.\n", name, p->name);
	return EXIT_OK;
}

/* --- policy --- */

static char *
policy_url(struct cli *c, int *code)
{
	AUTO(project_freep) struct project *p = NULL;
	const char *text = c->args.pos.at[0];
	const struct location *l;
	struct err e;

	if (strchr(text, ':') != NULL)
		return xstrdup(text);
	p = cli_project(c, code);
	if (p == NULL)
		return NULL;
	l = project_location(p, text, &e);
	if (l == NULL)
		*code = project_failed(&e);
	return l != NULL ? location_url(p, l) : NULL;
}

int
location_policies(struct cli *c)
{
	const struct policy_args *a = &c->args.policy;
	struct policy_opts o = { a->ebs, c->args.loc.kms_key, a->principal, c->args.loc.external_id, a->oidc_provider,
		a->service_account };
	AUTO_BUF struct buf permissions = BUF_INIT(LIMIT_CONFIG), trust = BUF_INIT(LIMIT_CONFIG), web = BUF_INIT(LIMIT_CONFIG);
	const struct { const char *key, *title; struct buf *text; } docs[] = {
		{ "policy", "what the user or role must be permitted (IAM policy):", &permissions },
		{ "trustPolicy", "who may assume the role (its trust policy):", &trust },
		{ "webIdentityTrustPolicy", "who may assume the role from within the cluster (its trust policy):", &web },
	};
	AUTO_FREE char *url = NULL;
	bool json = c->args.output == OUT_JSON, more = false;
	int code = EXIT_OK;
	struct err e;

	url = policy_url(c, &code);
	if (url == NULL)
		return code;
	if (location_policy(url, &o, &permissions, &trust, &web, &e) < 0)
		return project_failed(&e);
	/* Titles go to stderr: stdout is what IAM takes. */
	for (size_t i = 0; i < COUNT(docs); i++) {
		struct str text = str_trim(buf_str(docs[i].text));

		if (text.len == 0)
			continue;
		if (json) {
			printf("%s\"%s\": " STR_FMT, more ? ",\n" : "{", docs[i].key, STR_ARG(text));
		} else {
			if (!c->args.quiet)
				fprintf(stderr, "%s\n", docs[i].title);
			printf(STR_FMT "\n", STR_ARG(text));
			fflush(stdout);
		}
		more = true;
	}
	if (json)
		puts("}");
	return EXIT_OK;
}
