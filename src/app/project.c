/* Project files: reading them strictly, finding what is in them. */
#include "app/project.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/parse.h"
#include "data/yaml.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#define NAME_MAX_ 100

void
project_free(struct project *p)
{
	if (p == NULL)
		return;
	for (size_t i = 0; i < p->locations.len; i++)
		location_done(&p->locations.at[i]);
	for (size_t i = 0; i < p->clusters.len; i++) {
		free(p->clusters.at[i].name);
		free(p->clusters.at[i].context);
		free(p->clusters.at[i].kubeconfig);
	}
	vec_free(&p->locations);
	vec_free(&p->clusters);
	free(p->default_location);
	free(p->name);
	free(p->file);
	free(p->text);
	free(p);
}

void
project_freep(struct project **p)
{
	project_free(*p);
}

int
project_check_name(const char *what, const char *name, struct err *e)
{
	bool good = name[0] != '\0' && strlen(name) <= NAME_MAX_;

	for (const char *p = name; *p != '\0' && good; p++) {
		bool alnum = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9');

		good = alnum || (p > name && strchr("-_.", *p) != NULL);
	}
	if (good)
		return 0;
	return err_set(e, EK_INVALID, "'%.60s' is no name of a %s: letters, digits, '-', '_' and '.', at most %d, "
		"a letter or digit first", name, what, NAME_MAX_);
}

char *
project_path(const char *base_file, const char *path)
{
	AUTO_FREE char *dir = NULL;
	const char *home = getenv("HOME");

	if (path == NULL)
		return NULL;
	if (path[0] == '~' && path[1] == '/' && home != NULL)
		return file_join(home, path + 2);
	dir = file_dirname(base_file);
	return file_join(dir, path);
}

/* --- reading --- */

/* What is being read: for messages. */
struct reading { const char *file; struct project *p; };

static int
wrong(const struct reading *r, unsigned line, const char *key, const char *what, struct err *e)
{
	return err_set(e, EK_INVALID, "%s:%u: '%s' must be %s", r->file, line, key, what);
}

static int
read_text(const struct reading *r, const struct ynode *map, const char *key, char **out, struct err *e)
{
	const struct ynode *n = yaml_get(map, key);
	const char *text = yaml_text(map, key);

	if (n != NULL && n->kind != Y_SCALAR)
		return wrong(r, n->line, key, "a text", e);
	/* A key of "config" may have said the same before: what stands in its own place counts. */
	if (text != NULL) {
		free(*out);
		*out = xstrdup(text);
	}
	return 0;
}

static int
read_flag(const struct reading *r, const struct ynode *map, const char *key, bool *out, struct err *e)
{
	const struct ynode *n = yaml_get(map, key);
	const char *text = yaml_text(map, key);

	if (n == NULL)
		return 0;
	if (text == NULL || !parse_bool(str_of(text), out))
		return wrong(r, n->line, key, "true or false", e);
	return 0;
}

/* A list of maps, or nothing. */
static int
read_list(const struct reading *r, const struct ynode *root, const char *key, const struct ynode **out, struct err *e)
{
	const struct ynode *n = yaml_get(root, key);

	*out = NULL;
	if (n == NULL || (n->kind == Y_SCALAR && yaml_text(root, key) == NULL))
		return 0;
	if (n->kind != Y_SEQ)
		return wrong(r, n->line, key, "a list", e);
	for (size_t i = 0; i < n->len; i++)
		if (n->at[i]->kind != Y_MAP)
			return err_set(e, EK_INVALID, "%s:%u: an entry of '%s' must have keys and values", r->file,
				n->at[i]->line, key);
	*out = n;
	return 0;
}

/* A secret is told apart from a mistyped key: it must not just be written correctly. */
static int
only_keys(const struct reading *r, const struct ynode *map, const char *const *known, struct err *e)
{
	for (size_t i = 0; map != NULL && map->kind == Y_MAP && i < map->len; i++) {
		bool ours = false;

		for (size_t k = 0; known[k] != NULL; k++)
			ours |= strcmp(map->at[i]->key, known[k]) == 0;
		if (!ours && location_secret_key(map->at[i]->key))
			return err_set(e, EK_INVALID, "%s:%u: '%.60s' is a secret, and no part of a project: 'orlop location add "
				"NAME --replace --access-key KEY' asks for it and stores it in a private file", r->file,
				map->at[i]->line, map->at[i]->key);
	}
	return yaml_only(map, r->file, known, e);
}

static int
read_config(const struct reading *r, const struct ynode *entry, struct location *l, struct err *e)
{
	const struct ynode *config = yaml_get(entry, "config");

	if (config == NULL || (config->kind == Y_SCALAR && yaml_text(entry, "config") == NULL))
		return 0;
	if (config->kind != Y_MAP)
		return wrong(r, config->line, "config", "keys and values", e);
	for (size_t i = 0; i < config->len; i++) {
		const struct ynode *n = config->at[i];

		if (n->kind != Y_SCALAR)
			return wrong(r, n->line, n->key, "a text", e);
		if (location_set(l, n->key, n->text, e) < 0)
			return err_ctx(e, "%s:%u", r->file, n->line);
	}
	return 0;
}

static int
read_account(const struct reading *r, const struct ynode *entry, struct location *l, struct err *e)
{
	static const char *const known[] = { "type", "roleArn", "externalId", "profile", NULL };
	const struct ynode *a = yaml_get(entry, "account");
	AUTO_FREE char *type = NULL;

	if (a == NULL || (a->kind == Y_SCALAR && yaml_text(entry, "account") == NULL))
		return 0;
	if (only_keys(r, a, known, e) < 0 || read_text(r, a, "type", &type, e) < 0
	    || read_text(r, a, "roleArn", &l->role_arn, e) < 0 || read_text(r, a, "externalId", &l->external_id, e) < 0)
		return -1;
	if (yaml_get(a, "profile") != NULL) {
		free(TAKE(l->profile));
		if (read_text(r, a, "profile", &l->profile, e) < 0)
			return -1;
	}
	for (enum account k = 0; type != NULL && k < ACCOUNT_COUNT_; k++) {
		if (strcmp(type, account_word(k)) != 0)
			continue;
		l->account = k;
		return 0;
	}
	return wrong(r, yaml_get(a, "type") != NULL ? yaml_get(a, "type")->line : a->line, "type",
		"credentials, sts or environment", e);
}

static int
read_words(const struct reading *r, const struct ynode *entry, struct location *l, struct err *e)
{
	AUTO_FREE char *provider = NULL, *mode = NULL;

	if (read_text(r, entry, "provider", &provider, e) < 0 || read_text(r, entry, "accessMode", &mode, e) < 0)
		return -1;
	if (provider == NULL || !provider_parse(provider, &l->provider))
		return wrong(r, provider != NULL ? yaml_get(entry, "provider")->line : l->line, "provider",
			"aws, minio, s3 or dir", e);
	if (mode != NULL && strcmp(mode, "ReadOnly") != 0 && strcmp(mode, "ReadWrite") != 0)
		return wrong(r, yaml_get(entry, "accessMode")->line, "accessMode", "ReadOnly or ReadWrite", e);
	l->read_only = mode != NULL && strcmp(mode, "ReadOnly") == 0;
	return 0;
}

static int
read_location(const struct reading *r, const struct ynode *entry, struct location *l, struct err *e)
{
	static const char *const known[] = { "name", "provider", "bucket", "prefix", "certificate", "config", "account",
		"accessMode", "storageClass", "requesterPays", "insecureSkipTLSVerify", "imdsV1", "path", NULL };
	AUTO_FREE char *prefix = NULL;

	l->line = entry->line;
	if (only_keys(r, entry, known, e) < 0 || read_text(r, entry, "name", &l->name, e) < 0)
		return -1;
	if (l->name == NULL)
		return err_set(e, EK_INVALID, "%s:%u: a location needs a name", r->file, l->line);
	if (project_check_name("location", l->name, e) < 0)
		return err_ctx(e, "%s:%u", r->file, yaml_get(entry, "name")->line);
	if (read_words(r, entry, l, e) < 0 || read_config(r, entry, l, e) < 0 || read_account(r, entry, l, e) < 0
	    || read_text(r, entry, "bucket", &l->bucket, e) < 0 || read_text(r, entry, "prefix", &prefix, e) < 0
	    || read_text(r, entry, "certificate", &l->certificate, e) < 0
	    || read_text(r, entry, "storageClass", &l->storage_class, e) < 0
	    || read_text(r, entry, "path", &l->path, e) < 0
	    || read_flag(r, entry, "requesterPays", &l->requester_pays, e) < 0
	    || read_flag(r, entry, "insecureSkipTLSVerify", &l->insecure, e) < 0
	    || read_flag(r, entry, "imdsV1", &l->imds_v1, e) < 0)
		return -1;
	if (prefix != NULL && location_set(l, "prefix", prefix, e) < 0)
		return -1;
	if (location_check(l, e) < 0)
		return err_ctx(e, "%s:%u: location '%s'", r->file, l->line, l->name);
	return 0;
}

static int
read_locations(const struct reading *r, const struct ynode *root, struct err *e)
{
	const struct ynode *list;

	if (read_list(r, root, "locations", &list, e) < 0)
		return -1;
	for (size_t i = 0; list != NULL && i < list->len; i++) {
		struct location *l = vec_push(&r->p->locations);

		*l = (struct location){ 0 };
		if (read_location(r, list->at[i], l, e) < 0)
			return -1;
		for (size_t k = 0; k < i; k++)
			if (strcmp(r->p->locations.at[k].name, l->name) == 0)
				return err_set(e, EK_INVALID, "%s:%u: location '%s' is already in line %u", r->file, l->line,
					l->name, r->p->locations.at[k].line);
	}
	return 0;
}

static int
read_clusters(const struct reading *r, const struct ynode *root, struct err *e)
{
	static const char *const known[] = { "name", "context", "kubeconfig", NULL };
	const struct ynode *list;

	if (read_list(r, root, "clusters", &list, e) < 0)
		return -1;
	for (size_t i = 0; list != NULL && i < list->len; i++) {
		const struct ynode *entry = list->at[i];
		struct cluster_entry *c = vec_push(&r->p->clusters);

		*c = (struct cluster_entry){ 0 };
		if (only_keys(r, entry, known, e) < 0 || read_text(r, entry, "name", &c->name, e) < 0
		    || read_text(r, entry, "context", &c->context, e) < 0
		    || read_text(r, entry, "kubeconfig", &c->kubeconfig, e) < 0)
			return -1;
		if (c->name == NULL || (c->context == NULL && c->kubeconfig == NULL))
			return err_set(e, EK_INVALID, "%s:%u: a cluster needs a name, and a context or a kubeconfig", r->file,
				entry->line);
		for (size_t k = 0; k < i; k++)
			if (strcmp(r->p->clusters.at[k].name, c->name) == 0)
				return err_set(e, EK_INVALID, "%s:%u: cluster '%.60s' is there twice", r->file, entry->line, c->name);
	}
	return 0;
}

static int
read_root(const struct reading *r, const struct ynode *root, const char *name, struct err *e)
{
	static const char *const known[] = { "project", "defaultLocation", "clusters", "locations", "schedules", NULL };
	const struct ynode *schedules;

	if (only_keys(r, root, known, e) < 0 || read_text(r, root, "project", &r->p->name, e) < 0
	    || read_text(r, root, "defaultLocation", &r->p->default_location, e) < 0 || read_clusters(r, root, e) < 0
	    || read_locations(r, root, e) < 0 || read_list(r, root, "schedules", &schedules, e) < 0)
		return -1;
	if (r->p->name == NULL)
		r->p->name = xstrdup(name != NULL ? name : PROJECT_DEFAULT);
	if (name != NULL && strcmp(r->p->name, name) != 0)
		return err_set(e, EK_INVALID, "%s:%u: this is the file of project '%s', but it says 'project: %.60s'", r->file,
			yaml_get(root, "project")->line, name, r->p->name);
	if (r->p->default_location != NULL && project_default_location(r->p) == NULL)
		return err_set(e, EK_INVALID, "%s:%u: defaultLocation '%.60s' is none of the locations", r->file,
			yaml_get(root, "defaultLocation")->line, r->p->default_location);
	return 0;
}

struct project *
project_parse(struct str text, const char *name, const char *file, struct err *e)
{
	AUTO(project_freep) struct project *p = NULL;
	AUTO_YAML struct ynode *root = yaml_parse(text, file, e);
	struct reading r = { .file = file };

	if (root == NULL)
		return NULL;
	p = xcalloc(1, sizeof *p);
	p->file = xstrdup(file);
	p->text = str_dup(text);
	r.p = p;
	return read_root(&r, root, name, e) < 0 ? NULL : TAKE(p);
}

/* --- which project --- */

static char *
project_file(const char *name)
{
	AUTO_FREE char *rest = xasprintf("projects/%s.yaml", name);

	return file_xdg(XDG_CONFIG, rest);
}

char *
project_current(const char *explicit_name, struct err *e)
{
	AUTO_BUF struct buf text = BUF_INIT(4 * KIB);
	AUTO_FREE char *file = file_xdg(XDG_CONFIG, "current");
	AUTO_FREE char *name = NULL;
	const char *env = getenv("ORLOP_PROJECT"), *from = "--project";
	struct err why;

	if (explicit_name != NULL) {
		name = xstrdup(explicit_name);
	} else if (env != NULL && env[0] != '\0') {
		name = xstrdup(env);
		from = "ORLOP_PROJECT";
	} else if (file_read(file, &text, &why) == 0) {
		name = str_dup(str_trim(buf_str(&text)));
		from = file;
	} else if (why.kind != EK_NOTFOUND) {
		*e = why;
		return NULL;
	} else {
		return xstrdup(PROJECT_DEFAULT);
	}
	if (project_check_name("project", name, e) < 0) {
		err_ctx(e, "%s", from);
		return NULL;
	}
	return TAKE(name);
}

int
project_names(struct strs *out, struct err *e)
{
	static const char suffix[] = ".yaml";
	AUTO_FREE char *folder = file_xdg(XDG_CONFIG, "projects");
	DIR *d = opendir(folder);
	const struct dirent *entry;
	bool has_default = false;

	if (d == NULL && errno != ENOENT)
		return err_sys(e, errno, "read folder '%s'", folder);
	while (d != NULL && (entry = readdir(d)) != NULL) {
		struct str file = str_of(entry->d_name);
		AUTO_FREE char *name = NULL;
		struct err ignored;

		if (!str_ends(file, str_of(suffix)))
			continue;
		name = str_dup(str_sub(file, 0, file.len - strlen(suffix)));
		if (project_check_name("project", name, &ignored) < 0)
			continue;
		has_default |= strcmp(name, PROJECT_DEFAULT) == 0;
		strs_add(out, name);
	}
	if (d != NULL)
		closedir(d);
	if (!has_default)
		strs_add(out, PROJECT_DEFAULT);
	strs_sort(out);
	return 0;
}

/* The nearest of the names, as " (did you mean 'x'?)"; heap. */
static char *
did_you_mean(const char *name, const struct strs *names)
{
	const char *best = NULL;
	unsigned least = 4;

	for (size_t i = 0; i < names->len; i++) {
		unsigned d = str_distance(str_of(name), str_of(names->at[i]));

		if (d < least) {
			least = d;
			best = names->at[i];
		}
	}
	return best != NULL ? xasprintf(" (did you mean '%s'?)", best) : xstrdup("");
}

static int
no_project(const char *name, struct err *e)
{
	AUTO_STRS struct strs names = { 0 };
	AUTO_FREE char *near = NULL;

	if (project_names(&names, e) < 0)
		return -1;
	near = did_you_mean(name, &names);
	return err_set(e, EK_NOTFOUND, "there is no project '%s'%s; 'orlop project list' shows those there are", name, near);
}

struct project *
project_load(const char *name, struct err *e)
{
	AUTO_BUF struct buf text = BUF_INIT(LIMIT_CONFIG);
	AUTO_FREE char *file = NULL;
	struct project *p;
	struct err why;
	bool there;

	if (project_check_name("project", name, e) < 0)
		return NULL;
	file = project_file(name);
	there = file_read(file, &text, &why) == 0;
	if (!there && why.kind != EK_NOTFOUND) {
		*e = why;
		return NULL;
	}
	if (!there && strcmp(name, PROJECT_DEFAULT) != 0) {
		(void)no_project(name, e);
		return NULL;
	}
	p = project_parse(buf_str(&text), name, file, e);
	if (p != NULL)
		p->there = there;
	return p;
}

int
project_create(const char *name, struct err *e)
{
	AUTO_FREE char *file = NULL, *folder = NULL, *text = NULL;
	struct stat st;

	if (project_check_name("project", name, e) < 0)
		return -1;
	file = project_file(name);
	folder = file_dirname(file);
	if (lstat(file, &st) == 0)
		return err_set(e, EK_EXISTS, "project '%s' exists: %s", name, file);
	text = xasprintf("project: %s\n", name);
	if (file_mkdirs(folder, 0700, e) < 0)
		return -1;
	return file_replace(file, text, strlen(text), 0600, e);
}

int
project_use(const char *name, struct err *e)
{
	AUTO(project_freep) struct project *p = project_load(name, e);
	AUTO_FREE char *file = file_xdg(XDG_CONFIG, "current");
	AUTO_FREE char *folder = file_dirname(file);
	AUTO_FREE char *text = xasprintf("%s\n", name);

	if (p == NULL || file_mkdirs(folder, 0700, e) < 0)
		return -1;
	return file_replace(file, text, strlen(text), 0600, e);
}

/* --- what is in it --- */

static const struct location *
find_location(const struct project *p, const char *name)
{
	for (size_t i = 0; i < p->locations.len; i++)
		if (strcmp(p->locations.at[i].name, name) == 0)
			return &p->locations.at[i];
	return NULL;
}

const struct location *
project_location(const struct project *p, const char *name, struct err *e)
{
	const struct location *l = find_location(p, name);
	AUTO_STRS struct strs names = { 0 };
	AUTO_FREE char *near = NULL;

	if (l != NULL)
		return l;
	for (size_t i = 0; i < p->locations.len; i++)
		strs_add(&names, p->locations.at[i].name);
	near = did_you_mean(name, &names);
	(void)err_set(e, EK_NOTFOUND, "there is no location '%.60s' in project '%s'%s", name, p->name, near);
	return NULL;
}

const struct cluster_entry *
project_cluster(const struct project *p, const char *name)
{
	for (size_t i = 0; i < p->clusters.len; i++)
		if (strcmp(p->clusters.at[i].name, name) == 0)
			return &p->clusters.at[i];
	return NULL;
}

const struct location *
project_default_location(const struct project *p)
{
	if (p->default_location != NULL)
		return find_location(p, p->default_location);
	return p->locations.len == 1 ? &p->locations.at[0] : NULL;
}
