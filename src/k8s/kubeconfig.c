/* kubeconfig: finds, reads and merges the files. */
#include "config.h"

#include "k8s/kubeconfig.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "data/jwrite.h"
#include "k8s/kubefile.h"

#include <assert.h>
#include <stdarg.h>
#include <unistd.h>

static const struct {
	const char *name, *body;             /* "clusters: [{name: ..., cluster: ...}]" */
} list_info[] = {
	[KC_CLUSTERS] = { "clusters", "cluster" },
	[KC_USERS] = { "users", "user" },
	[KC_CONTEXTS] = { "contexts", "context" },
};
static_assert(COUNT(list_info) == KC_LIST_COUNT_, "every list needs its keys");

/* --- memory --- */

void
kc_wipe(char *s)
{
	if (s)
		secret_wipe(s, strlen(s));
}

/* Trees hold tokens and keys. */
static void
wipe_tree(struct ynode *n)
{
	kc_wipe(n->text);
	for (size_t i = 0; i < n->len; i++)
		wipe_tree(n->at[i]);
}

static void
source_free(struct kc_source *src)
{
	if (src->root)
		wipe_tree(src->root);
	yaml_freep(&src->root);
	free(src->path);
	free(src->dir);
	free(src);
}

void
kubeconfig_free(struct kubeconfig *kc)
{
	if (!kc)
		return;
	for (size_t i = 0; i < kc->sources.len; i++)
		source_free(kc->sources.at[i]);
	vec_free(&kc->sources);
	for (size_t i = 0; i < KC_LIST_COUNT_; i++)
		vec_free(&kc->lists[i]);
	free(kc);
}

void
kubeconfig_freep(struct kubeconfig **kc)
{
	kubeconfig_free(*kc);
	*kc = NULL;
}

/* --- values with their place in the file --- */

int
kc_invalid(const struct kc_source *src, unsigned line, struct err *e, const char *fmt, ...)
{
	char text[sizeof e->msg];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);     /* a cut message is still a message */
	va_end(ap);
	return err_set(e, EK_INVALID, "%s:%u: %s", src->path, line, text);
}

static bool
is_null(const struct ynode *n)
{
	static const char *const words[] = { "", "~", "null", "Null", "NULL" };

	for (size_t i = 0; n && n->kind == Y_SCALAR && !n->quoted && i < COUNT(words); i++)
		if (strcmp(n->text, words[i]) == 0)
			return true;
	return !n;
}

/* *out is NULL when the key is absent, null or empty; else borrowed. */
int
kc_text(const struct kc_entry *en, const char *key, const char **out, struct err *e)
{
	const struct ynode *n = yaml_get(en->body, key);

	*out = NULL;
	if (is_null(n))
		return 0;
	if (n->kind != Y_SCALAR)
		return kc_invalid(en->src, n->line, e, "'%s' must be a text", key);
	if (*n->text)
		*out = n->text;
	return 0;
}

int
kc_bool(const struct kc_entry *en, const char *key, bool *out, struct err *e)
{
	const struct ynode *n = yaml_get(en->body, key);

	if (is_null(n))
		return 0;
	if (n->kind != Y_SCALAR || n->quoted ||
		(strcmp(n->text, "true") != 0 && strcmp(n->text, "false") != 0))
		return kc_invalid(en->src, n->line, e, "'%s' must be true or false", key);
	*out = strcmp(n->text, "true") == 0;
	return 0;
}

/* *out is NULL when the key is absent or null. */
int
kc_node(const struct kc_entry *en, const char *key, enum ykind kind, const struct ynode **out,
	struct err *e)
{
	const struct ynode *n = yaml_get(en->body, key);

	*out = NULL;
	if (is_null(n))
		return 0;
	if (n->kind != kind)
		return kc_invalid(en->src, n->line, e, "'%s' must be a %s", key,
			kind == Y_SEQ ? "list" : "map");
	*out = n;
	return 0;
}

int
kc_list(const struct kc_entry *en, const char *key, struct strs *out, struct err *e)
{
	const struct ynode *seq;

	if (kc_node(en, key, Y_SEQ, &seq, e) < 0)
		return -1;
	for (size_t i = 0; seq && i < seq->len; i++) {
		if (seq->at[i]->kind != Y_SCALAR)
			return kc_invalid(en->src, seq->at[i]->line, e,
				"'%s' must be a list of texts", key);
		strs_add(out, seq->at[i]->text);
	}
	return 0;
}

unsigned
kc_line(const struct kc_entry *en, const char *key)
{
	const struct ynode *n = yaml_get(en->body, key);

	return n ? n->line : en->line;
}

bool
kube_header_safe(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f)
			return false;
	return true;
}

/* --- reading --- */

const struct kc_entry *
kc_find(const struct kubeconfig *kc, enum kc_list_id which, const char *name)
{
	for (size_t i = 0; i < kc->lists[which].len; i++)
		if (strcmp(kc->lists[which].at[i].name, name) == 0)
			return &kc->lists[which].at[i];
	return NULL;
}

static int
add_entry(struct kubeconfig *kc, enum kc_list_id which, const struct kc_source *src,
	const struct ynode *item, struct err *e)
{
	struct kc_entry en = { .body = item, .src = src, .line = item->line };
	const struct kc_entry *old;
	const struct ynode *body;

	if (item->kind != Y_MAP)
		return kc_invalid(src, item->line, e,
			"'%s' must be a list of maps", list_info[which].name);
	if (kc_text(&en, "name", &en.name, e) < 0 ||
		kc_node(&en, list_info[which].body, Y_MAP, &body, e) < 0)
		return -1;
	if (!en.name)
		return kc_invalid(src, item->line, e, "an element of '%s' has no name",
			list_info[which].name);
	en.body = body;
	old = kc_find(kc, which, en.name);
	if (old && old->src == src)
		return kc_invalid(src, item->line, e, "'%s' has '%s' twice, first in line %u",
			list_info[which].name, en.name, old->line);
	if (!old)                            /* else an earlier file's entry wins as a whole */
		*vec_push(&kc->lists[which]) = en;
	return 0;
}

static int
check_type(const struct kc_entry *root, struct err *e)
{
	const char *kind, *api;

	if (root->body->kind != Y_MAP)
		return kc_invalid(root->src, root->line, e,
			"not a kubeconfig: a map with clusters, users and contexts "
			"is expected");
	if (kc_text(root, "kind", &kind, e) < 0 || kc_text(root, "apiVersion", &api, e) < 0)
		return -1;
	if (kind && strcmp(kind, "Config") != 0)
		return kc_invalid(root->src, kc_line(root, "kind"), e,
			"not a kubeconfig, but a %s", kind);
	if (api && strcmp(api, "v1") != 0)
		return kc_invalid(root->src, kc_line(root, "apiVersion"), e,
			"kubeconfig of unknown apiVersion '%s'", api);
	return 0;
}

/* Relative paths must keep their meaning when the process changes its folder. */
static char *
absolute_dir(const char *path)
{
	AUTO_FREE char *dir = file_dirname(path);
	AUTO_FREE char *cwd = dir[0] == '/' ? NULL : getcwd(NULL, 0);

	if (!cwd)
		return TAKE(dir);
	return strcmp(dir, ".") == 0 ? TAKE(cwd) : file_join(cwd, dir);
}

static int
add_text(struct kubeconfig *kc, struct str text, const char *path, struct err *e)
{
	struct kc_source *src = xcalloc(1, sizeof *src);
	struct kc_entry root;
	const char *current;

	*vec_push(&kc->sources) = src;
	src->path = xstrdup(path);
	src->dir = absolute_dir(path);
	src->root = yaml_parse(text, path, e);
	if (!src->root)
		return -1;
	if (is_null(src->root))              /* a file of comments or "null" */
		return 0;
	root = (struct kc_entry){ .body = src->root, .src = src, .line = src->root->line };
	if (check_type(&root, e) < 0)
		return -1;
	for (enum kc_list_id which = 0; which < KC_LIST_COUNT_; which++) {
		const struct ynode *seq;

		if (kc_node(&root, list_info[which].name, Y_SEQ, &seq, e) < 0)
			return -1;
		for (size_t i = 0; seq && i < seq->len; i++)
			if (add_entry(kc, which, src, seq->at[i], e) < 0)
				return -1;
	}
	if (kc_text(&root, "current-context", &current, e) < 0)
		return -1;
	if (!kc->current)
		kc->current = current;
	return 0;
}

static int
add_file(struct kubeconfig *kc, const char *path, struct err *e)
{
	AUTO(buf_wipe) struct buf text = BUF_INIT(LIMIT_CONFIG);

	if (file_read(path, &text, e) < 0)
		return err_ctx(e, "kubeconfig");
	return add_text(kc, buf_str(&text), path, e);
}

struct kubeconfig *
kubeconfig_parse(struct str text, const char *path, struct err *e)
{
	AUTO(kubeconfig_freep) struct kubeconfig *kc = xcalloc(1, sizeof *kc);

	if (add_text(kc, text, path, e) < 0)
		return NULL;
	return TAKE(kc);
}

/* --- where to look --- */

static void
default_paths(const struct kubeconfig_env *env, struct strs *out)
{
	struct str rest = str_of(env->kubeconfig), piece;

	if (rest.len == 0) {
		AUTO_FREE char *path =
			env->home && *env->home ? file_join(env->home, ".kube/config") : NULL;

		if (path)
			strs_add(out, path);
		return;
	}
	while (str_split(&rest, ':', &piece)) {
		bool known = piece.len == 0;

		for (size_t i = 0; i < out->len && !known; i++)
			known = str_eqz(piece, out->at[i]);
		if (!known)
			*vec_push(out) = str_dup(piece);
	}
}

/* Missing files of the list are skipped; *found says whether there was one. */
static int
add_paths(struct kubeconfig *kc, const struct strs *paths, bool *found, struct err *e)
{
	for (size_t i = 0; i < paths->len; i++) {
		struct err why = { 0 };

		if (add_file(kc, paths->at[i], &why) == 0) {
			*found = true;
			continue;
		}
		if (why.kind != EK_NOTFOUND) {
			*e = why;
			return -1;
		}
	}
	return 0;
}

/* A pod's service account, written as the kubeconfig that it stands for. */
static int
add_service_account(struct kubeconfig *kc, const struct kubeconfig_env *env, struct err *e)
{
	AUTO_FREE char *ca = file_join(env->account_dir, "ca.crt");
	AUTO_FREE char *ns_path = file_join(env->account_dir, "namespace");
	AUTO_FREE char *path = file_join(env->account_dir, "in-cluster");
	AUTO_FREE char *server =
		xasprintf(strchr(env->service_host, ':') ? "https://[%s]:%s" : "https://%s:%s",
			env->service_host, env->service_port);
	AUTO_BUF struct buf ns = BUF_INIT(KIB), url = BUF_INIT(LIMIT_CONFIG),
			    name = BUF_INIT(LIMIT_CONFIG), text = BUF_INIT(3 * LIMIT_CONFIG);
	struct err ignored = { 0 };

	if (file_read(ns_path, &ns, &ignored) <
		0) /* only the default namespace: not worth failing */
		buf_cut(&ns, 0);
	if (jw_quote(&url, str_of(server), e) < 0 || jw_quote(&name, str_trim(buf_str(&ns)), e) < 0)
		return -1;
	buf_putf(&text,
		"current-context: in-cluster\n"
		"clusters: [{name: in-cluster, cluster: {server: %s%s}}]\n"
		"users: [{name: in-cluster, user: {tokenFile: token}}]\n"
		"contexts: [{name: in-cluster, context: {cluster: in-cluster, user: in-cluster, namespace: %s}}]\n",
		buf_cstr(&url), access(ca, R_OK) == 0 ? ", certificate-authority: ca.crt" : "",
		buf_cstr(&name));
	return add_text(kc, buf_str(&text), path, e);
}

static bool
in_pod(const struct kubeconfig_env *env)
{
	AUTO_FREE char *token = env->account_dir ? file_join(env->account_dir, "token") : NULL;

	return token && env->service_host && *env->service_host && env->service_port &&
		*env->service_port && access(token, R_OK) == 0;
}

static int
nothing_found(const struct strs *paths, struct err *e)
{
	AUTO_BUF struct buf list = BUF_INIT(LIMIT_CONFIG);

	for (size_t i = 0; i < paths->len; i++)
		buf_putf(&list, "%s'%s'", i ? ", " : "", paths->at[i]);
	if (paths->len == 0)
		buf_puts(&list, "$KUBECONFIG and $HOME (both are unset)");
	return err_set(e, EK_NOTFOUND,
		"no kubeconfig found; looked at %s and for a pod's service account",
		buf_cstr(&list));
}

struct kubeconfig *
kubeconfig_load_from(const char *explicit_path, const struct kubeconfig_env *env, struct err *e)
{
	AUTO(kubeconfig_freep) struct kubeconfig *kc = xcalloc(1, sizeof *kc);
	AUTO_STRS struct strs paths = { 0 };
	bool found = false;

	if (explicit_path)
		return add_file(kc, explicit_path, e) < 0 ? NULL : TAKE(kc);
	default_paths(env, &paths);
	if (add_paths(kc, &paths, &found, e) < 0)
		return NULL;
	if (found)
		return TAKE(kc);
	if (!in_pod(env))
		return (void)nothing_found(&paths, e), NULL;
	return add_service_account(kc, env, e) < 0 ? NULL : TAKE(kc);
}

struct kubeconfig *
kubeconfig_load(const char *explicit_path, struct err *e)
{
	const struct kubeconfig_env env = {
		.kubeconfig = getenv("KUBECONFIG"),
		.home = getenv("HOME"),
		.service_host = getenv("KUBERNETES_SERVICE_HOST"),
		.service_port = getenv("KUBERNETES_SERVICE_PORT"),
		.account_dir = "/var/run/secrets/kubernetes.io/serviceaccount",
	};

	return kubeconfig_load_from(explicit_path, &env, e);
}

const char *
kubeconfig_current(const struct kubeconfig *kc)
{
	return kc->current;
}

void
kubeconfig_contexts(const struct kubeconfig *kc, struct strs *out)
{
	for (size_t i = 0; i < kc->lists[KC_CONTEXTS].len; i++)
		strs_add(out, kc->lists[KC_CONTEXTS].at[i].name);
}

