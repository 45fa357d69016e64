/* kubeconfig: one context's cluster and user become what a connection needs. */
#include "config.h"

#include "k8s/kubeconfig.h"

#include "base/file.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/mem.h"
#include "k8s/kubefile.h"
#include "net/http.h"

#include <stddef.h>

/* --- memory --- */

static void
wiped_strs_free(struct strs *v)
{
	for (size_t i = 0; i < v->len; i++)
		kc_wipe(v->at[i]);
	strs_free(v);
}

/* Arguments and variables of a plugin often carry secrets, too. */
static void
exec_free(struct kube_exec *x)
{
	if (!x)
		return;
	free(x->command);
	wiped_strs_free(&x->args);
	wiped_strs_free(&x->env);
	free(x->api_version);
	free(x->install_hint);
	free(x->cluster_config);
	free(x);
}

static void
exec_freep(struct kube_exec **x)
{
	exec_free(*x);
	*x = NULL;
}

void
kube_conn_done(struct kube_conn *c)
{
	char *const texts[] = { c->context, c->cluster, c->user, c->namespace_, c->server,
		c->tls_server_name, c->proxy_url, c->ca_pem, c->cert_pem, c->token_file,
		c->username, c->as_user, c->as_uid };

	for (size_t i = 0; i < COUNT(texts); i++)
		free(texts[i]);
	secret_free(c->key_pem);
	secret_free(c->token);
	secret_free(c->password);
	strs_free(&c->as_groups);
	strs_free(&c->as_extra);
	exec_free(c->exec);
	*c = (struct kube_conn){ 0 };
}

/* --- texts --- */

struct text_field {
	const char *key;
	size_t      offset;                  /* of a char * in struct kube_conn */
};

static int
copy_texts(const struct kc_entry *en, const struct text_field *fields, size_t n,
	struct kube_conn *out, struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		char **to = (char **)(void *)((char *)out + fields[i].offset);
		const char *text;

		if (kc_text(en, fields[i].key, &text, e) < 0)
			return -1;
		*to = xstrdup_or_null(text);
	}
	return 0;
}

/* --- certificates and keys --- */

static int
check_pem(const struct kc_entry *en, const char *key, struct str pem, struct err *e)
{
	if (pem.len > 0 && !memchr(pem.p, 0, pem.len) &&
		memmem(pem.p, pem.len, S("-----BEGIN ").p, 11))
		return 0;
	return kc_invalid(en->src, kc_line(en, key), e, "'%s' holds no PEM block", key);
}

/* Appends what data_key holds, else what the file named by file_key does; nothing when both are
 * absent. */
static int
get_pem(const struct kc_entry *en, const char *data_key, const char *file_key, struct buf *out,
	struct err *e)
{
	AUTO_FREE char *path = NULL;
	const char *data, *file;
	struct err why = { 0 };

	if (kc_text(en, data_key, &data, e) < 0 || kc_text(en, file_key, &file, e) < 0)
		return -1;
	if (data) {
		if (b64_decode(out, str_of(data), &why) < 0)
			return kc_invalid(en->src, kc_line(en, data_key), e,
				"'%s': %s", data_key, why.msg);
		return check_pem(en, data_key, buf_str(out), e);
	}
	if (!file)
		return 0;
	path = file_join(en->src->dir, file);
	if (file_read(path, out, &why) < 0)
		return kc_invalid(en->src, kc_line(en, file_key), e, "'%s': %s", file_key, why.msg);
	return check_pem(en, file_key, buf_str(out), e);
}

/* --- the cluster of a context --- */

static const struct text_field cluster_texts[] = {
	{ "server", offsetof(struct kube_conn, server) },
	{ "tls-server-name", offsetof(struct kube_conn, tls_server_name) },
	{ "proxy-url", offsetof(struct kube_conn, proxy_url) },
};

static bool
is_tls(const struct kube_conn *c)
{
	return str_starts(str_of(c->server), S("https://"));
}

static int
check_urls(const struct kc_entry *cluster, struct kube_conn *out, struct err *e)
{
	static const char *const schemes[] = { "http://", "https://", "socks5://" };
	bool known = !out->proxy_url;
	const char *host;
	size_t len;

	if (!out->server)
		return kc_invalid(cluster->src, cluster->line, e, "cluster '%s' has no server",
			cluster->name);
	if (!is_tls(out) && !str_starts(str_of(out->server), S("http://")))
		return kc_invalid(cluster->src, kc_line(cluster, "server"), e,
			"server '%s' must begin with https:// (or http://)", out->server);
	host = strstr(out->server, "://") + 3;
	if (!*host || *host == '/' || strchr(host, ' ') || !kube_header_safe(str_of(host)))
		return kc_invalid(cluster->src, kc_line(cluster, "server"), e,
			"server is not a URL");
	for (len = strlen(out->server); len > 0 && out->server[len - 1] == '/'; len--)
		out->server[len - 1] = '\0';
	for (size_t i = 0; i < COUNT(schemes) && !known; i++)
		known = str_starts(str_of(out->proxy_url), str_of(schemes[i]));
	if (!known)
		return kc_invalid(cluster->src, kc_line(cluster, "proxy-url"), e,
			"proxy-url must begin with http://, https:// or socks5://");
	return 0;
}

static int
resolve_cluster(const struct kc_entry *cluster, struct kube_conn *out, struct err *e)
{
	AUTO_BUF struct buf ca = BUF_INIT(LIMIT_PEM);

	if (copy_texts(cluster, cluster_texts, COUNT(cluster_texts), out, e) < 0 ||
	    check_urls(cluster, out, e) < 0 ||
	    kc_bool(cluster, "insecure-skip-tls-verify", &out->insecure, e) < 0 ||
	    kc_bool(cluster, "disable-compression", &out->disable_compression, e) < 0 ||
	    get_pem(cluster, "certificate-authority-data", "certificate-authority", &ca, e) < 0)
		return -1;
	if (ca.len > 0)
		out->ca_pem = buf_take(&ca, NULL);
	if (out->ca_pem && out->insecure)
		return kc_invalid(cluster->src, kc_line(cluster, "insecure-skip-tls-verify"), e,
			"cluster '%s' has a certificate authority and insecure-skip-tls-verify: remove one",
			cluster->name);
	return 0;
}

/* --- the user of a context --- */

static const struct text_field user_texts[] = {
	{ "username", offsetof(struct kube_conn, username) },
	{ "tokenFile", offsetof(struct kube_conn, token_file) },
};

static const struct text_field impersonation_texts[] = {
	{ "as", offsetof(struct kube_conn, as_user) },
	{ "as-uid", offsetof(struct kube_conn, as_uid) },
};

/* What replaced the providers that were once built into kubectl. */
static const struct {
	const char *name, *instead;
} legacy_providers[] = {
	{ "gcp",
		"gke-gcloud-auth-plugin (installed with 'gcloud components install gke-gcloud-auth-plugin', "
		"entered by 'gcloud container clusters get-credentials')" },
	{ "azure",
		"kubelogin (github.com/Azure/kubelogin; 'kubelogin convert-kubeconfig' rewrites the entry)" },
	{ "oidc", "kubelogin (github.com/int128/kubelogin, 'kubectl oidc-login')" },
};

static int
refuse_auth_provider(const struct kc_entry *user, struct err *e)
{
	struct kc_entry provider = *user;
	const char *name, *instead = "of its vendor";

	if (kc_node(user, "auth-provider", Y_MAP, &provider.body, e) < 0)
		return -1;
	if (!provider.body)
		return 0;
	if (kc_text(&provider, "name", &name, e) < 0)
		return -1;
	for (size_t i = 0; name && i < COUNT(legacy_providers); i++)
		if (strcmp(name, legacy_providers[i].name) == 0)
			instead = legacy_providers[i].instead;
	return kc_invalid(user->src, kc_line(user, "auth-provider"), e,
		"user '%s' has the legacy auth-provider '%s', which is not supported; use the exec plugin %s",
		user->name, name ? name : "", instead);
}

static int
add_extra(const struct kc_entry *user, const struct ynode *values, struct kube_conn *out,
	struct err *e)
{
	AUTO_BUF struct buf key = BUF_INIT(3 * LIMIT_CONFIG);

	if (values->kind != Y_SEQ)
		return kc_invalid(user->src, values->line, e,
			"'as-user-extra' must be a map of lists");
	http_escape(&key, str_of(values->key), false);
	for (size_t i = 0; i < values->len; i++) {
		const struct ynode *v = values->at[i];

		if (v->kind != Y_SCALAR || !kube_header_safe(str_of(v->text)))
			return kc_invalid(user->src, v->line, e,
				"'as-user-extra' must be a map of lists of texts");
		*vec_push(&out->as_extra) = xasprintf("%s=%s", buf_cstr(&key), v->text);
	}
	return 0;
}

static int
resolve_impersonation(const struct kc_entry *user, struct kube_conn *out, struct err *e)
{
	const struct ynode *extra;
	bool safe;

	if (copy_texts(user, impersonation_texts, COUNT(impersonation_texts), out, e) < 0 ||
	    kc_list(user, "as-groups", &out->as_groups, e) < 0 ||
	    kc_node(user, "as-user-extra", Y_MAP, &extra, e) < 0)
		return -1;
	for (size_t i = 0; extra && i < extra->len; i++)
		if (add_extra(user, extra->at[i], out, e) < 0)
			return -1;
	if (!out->as_user && (out->as_uid || out->as_groups.len > 0 || out->as_extra.len > 0))
		return kc_invalid(user->src, user->line, e,
			"user '%s' impersonates groups, a UID or extra values without a user ('as')",
			user->name);
	safe = kube_header_safe(str_of(out->as_user)) && kube_header_safe(str_of(out->as_uid));
	for (size_t i = 0; i < out->as_groups.len && safe; i++)
		safe = kube_header_safe(str_of(out->as_groups.at[i]));
	if (!safe)
		return kc_invalid(user->src, user->line, e,
			"control character in the names to impersonate");
	return 0;
}

static int
resolve_token(const struct kc_entry *user, struct kube_conn *out, struct err *e)
{
	const char *text;
	struct str token;

	if (kc_text(user, "token", &text, e) < 0)
		return -1;
	token = str_trim(str_of(text));      /* block texts end in a newline */
	if (!kube_header_safe(token))
		return kc_invalid(user->src, kc_line(user, "token"), e,
			"control character in 'token'");
	if (token.len > 0)
		out->token = secret_new(token);
	return 0;
}

static int
resolve_password(const struct kc_entry *user, struct kube_conn *out, struct err *e)
{
	const char *text;

	if (kc_text(user, "password", &text, e) < 0)
		return -1;
	if (text)
		out->password = secret_new(str_of(text));
	return 0;
}

static int
resolve_client_cert(const struct kc_entry *user, struct kube_conn *out, struct err *e)
{
	AUTO_BUF struct buf cert = BUF_INIT(LIMIT_PEM);
	AUTO(buf_wipe) struct buf key = BUF_INIT(LIMIT_PEM);

	if (get_pem(user, "client-certificate-data", "client-certificate", &cert, e) < 0 ||
	    get_pem(user, "client-key-data", "client-key", &key, e) < 0)
		return -1;
	if (cert.len == 0) /* a key alone is of no use, and kubectl says nothing, either */
		return 0;
	if (key.len == 0)
		return kc_invalid(user->src, user->line, e,
			"user '%s' has a client certificate, but no key "
			"(client-key-data or client-key)",
			user->name);
	out->cert_pem = buf_take(&cert, NULL);
	out->key_pem = secret_new(buf_str(&key));
	return 0;
}

/* --- credential plugins --- */

#define EXEC_API "client.authentication.k8s.io/"

static const struct {
	const char           *name;
	enum kube_interactive mode;
} interactive_modes[] = {
	{ "Never", KUBE_EXEC_NEVER },
	{ "IfAvailable", KUBE_EXEC_IF_AVAILABLE },
	{ "Always", KUBE_EXEC_ALWAYS },
};

static int
exec_interactive(const struct kc_entry *en, struct kube_exec *x, struct err *e)
{
	const char *mode;

	if (kc_text(en, "interactiveMode", &mode, e) < 0)
		return -1;
	if (!mode) {
		if (strcmp(x->api_version, EXEC_API "v1") == 0)
			return kc_invalid(en->src, en->line, e,
				"exec plugin of user '%s': interactiveMode is required "
				"with apiVersion %s",
				en->name, x->api_version);
		x->interactive = KUBE_EXEC_IF_AVAILABLE;
		return 0;
	}
	for (size_t i = 0; i < COUNT(interactive_modes); i++) {
		if (strcmp(mode, interactive_modes[i].name) == 0) {
			x->interactive = interactive_modes[i].mode;
			return 0;
		}
	}
	return kc_invalid(en->src, kc_line(en, "interactiveMode"), e,
		"interactiveMode must be Never, IfAvailable or Always");
}

static int
exec_env(const struct kc_entry *en, struct kube_exec *x, struct err *e)
{
	const struct ynode *seq;

	if (kc_node(en, "env", Y_SEQ, &seq, e) < 0)
		return -1;
	for (size_t i = 0; seq && i < seq->len; i++) {
		struct kc_entry var = {
			.body = seq->at[i], .src = en->src, .line = seq->at[i]->line
		};
		const char *name, *value;

		if (kc_text(&var, "name", &name, e) < 0 || kc_text(&var, "value", &value, e) < 0)
			return -1;
		if (!name || strchr(name, '='))
			return kc_invalid(en->src, var.line, e,
				"'env' must be a list of name and value");
		*vec_push(&x->env) = xasprintf("%s=%s", name, value ? value : "");
	}
	return 0;
}

/* The plugin's settings for this cluster stand in an extension of the cluster. */
static int
exec_cluster_config(const struct kc_entry *cluster, struct kube_exec *x, struct err *e)
{
	const struct ynode *seq, *config;

	if (kc_node(cluster, "extensions", Y_SEQ, &seq, e) < 0)
		return -1;
	for (size_t i = 0; seq && i < seq->len; i++) {
		const char *name = yaml_text(seq->at[i], "name");
		AUTO_BUF struct buf json = BUF_INIT(LIMIT_CONFIG);

		config = yaml_get(seq->at[i], "extension");
		if (!name || strcmp(name, EXEC_API "exec") != 0 || !config)
			continue;
		if (yaml_to_json(config, &json, e) < 0)
			return err_ctx(e, "%s:%u", cluster->src->path, config->line);
		x->cluster_config = buf_take(&json, NULL);
		return 0;
	}
	return 0;
}

static int
exec_command(const struct kc_entry *en, struct kube_exec *x, struct err *e)
{
	const char *command, *api, *hint;

	if (kc_text(en, "command", &command, e) < 0 || kc_text(en, "apiVersion", &api, e) < 0 ||
	    kc_text(en, "installHint", &hint, e) < 0)
		return -1;
	if (!command)
		return kc_invalid(en->src, en->line, e,
			"exec plugin of user '%s' has no command", en->name);
	if (!api || (strcmp(api, EXEC_API "v1") != 0 && strcmp(api, EXEC_API "v1beta1") != 0))
		return kc_invalid(en->src, kc_line(en, "apiVersion"), e,
			"exec plugin '%s': apiVersion must be " EXEC_API "v1 or " EXEC_API
			"v1beta1, not '%s'",
			command, api ? api : "");
	x->command = strchr(command, '/') ? file_join(en->src->dir, command) : xstrdup(command);
	x->api_version = xstrdup(api);
	x->install_hint = xstrdup_or_null(hint);
	return 0;
}

static int
resolve_exec(const struct kc_entry *user, const struct kc_entry *cluster, struct kube_exec **out,
	struct err *e)
{
	AUTO(exec_freep) struct kube_exec *x = NULL;
	struct kc_entry en = *user;

	if (kc_node(user, "exec", Y_MAP, &en.body, e) < 0)
		return -1;
	if (!en.body)
		return 0;
	en.line = en.body->line;
	x = xcalloc(1, sizeof *x);
	if (exec_command(&en, x, e) < 0 || exec_interactive(&en, x, e) < 0 ||
		exec_env(&en, x, e) < 0 || kc_list(&en, "args", &x->args, e) < 0 ||
		kc_bool(&en, "provideClusterInfo", &x->provide_cluster_info, e) < 0 ||
		exec_cluster_config(cluster, x, e) < 0)
		return -1;
	*out = TAKE(x);
	return 0;
}

static int
resolve_user(const struct kc_entry *user, const struct kc_entry *cluster, struct kube_conn *out,
	struct err *e)
{
	AUTO(exec_freep) struct kube_exec *x = NULL;
	char *relative;

	if (refuse_auth_provider(user, e) < 0 || resolve_impersonation(user, out, e) < 0)
		return -1;
	if (!is_tls(out))
		return 0;
	if (copy_texts(user, user_texts, COUNT(user_texts), out, e) < 0 ||
	    resolve_token(user, out, e) < 0 || resolve_password(user, out, e) < 0 ||
	    resolve_client_cert(user, out, e) < 0 || resolve_exec(user, cluster, &x, e) < 0)
		return -1;
	relative = out->token_file;
	if (relative) {
		out->token_file = file_join(user->src->dir, relative);
		free(relative);
	}
	if ((out->token || out->token_file) && (out->username || out->password))
		return kc_invalid(user->src, user->line, e,
			"user '%s' has a token and a user name or password: "
			"only one is allowed",
			user->name);
	if (!out->token && !out->token_file && !out->username && !out->password && !out->cert_pem)
		out->exec = TAKE(x);
	return 0;
}

/* --- contexts --- */

static int
unknown_context(const struct kubeconfig *kc, const char *name, struct err *e)
{
	AUTO_BUF struct buf list = BUF_INIT(2 * LIMIT_CONFIG);
	const char *nearest = NULL;
	unsigned best = 4;

	for (size_t i = 0; i < kc->lists[KC_CONTEXTS].len; i++) {
		const char *known = kc->lists[KC_CONTEXTS].at[i].name;
		unsigned d = str_distance(str_of(known), str_of(name ? name : ""));

		if (d < best) {
			best = d;
			nearest = known;
		}
		buf_putf(&list, "%s'%s'", i ? ", " : "", known);
	}
	if (!name)
		return err_set(e, EK_NOTFOUND,
			"no context was named, and the kubeconfig has no current-context; "
			"it has: %s",
			list.len ? buf_cstr(&list) : "no contexts");
	if (nearest)
		return err_set(e, EK_NOTFOUND,
			"kubeconfig has no context '%s' (did you mean '%s'?)", name, nearest);
	return err_set(e, EK_NOTFOUND, "kubeconfig has no context '%s'; it has: %s", name,
		list.len ? buf_cstr(&list) : "no contexts");
}

static const struct text_field context_texts[] = {
	{ "cluster", offsetof(struct kube_conn, cluster) },
	{ "user", offsetof(struct kube_conn, user) },
	{ "namespace", offsetof(struct kube_conn, namespace_) },
};

int
kubeconfig_resolve(const struct kubeconfig *kc, const char *context, struct kube_conn *out,
	struct err *e)
{
	AUTO(kube_conn_done) struct kube_conn conn = { 0 };
	const char *name = context ? context : kc->current;
	const struct kc_entry *ctx = name ? kc_find(kc, KC_CONTEXTS, name) : NULL, *cluster, *user;

	if (!ctx)
		return unknown_context(kc, name, e);
	if (copy_texts(ctx, context_texts, COUNT(context_texts), &conn, e) < 0)
		return -1;
	conn.context = xstrdup(name);
	cluster = conn.cluster ? kc_find(kc, KC_CLUSTERS, conn.cluster) : NULL;
	if (!cluster)
		return kc_invalid(ctx->src, ctx->line, e,
			"context '%s' names the cluster '%s', which is missing", name,
			conn.cluster ? conn.cluster : "");
	user = conn.user ? kc_find(kc, KC_USERS, conn.user) : NULL;
	if (conn.user && !user)
		return kc_invalid(ctx->src, ctx->line, e,
			"context '%s' names the user '%s', which is missing", name, conn.user);
	if (resolve_cluster(cluster, &conn, e) < 0 ||
		(user && resolve_user(user, cluster, &conn, e) < 0))
		return -1;
	*out = conn;
	conn = (struct kube_conn){ 0 };
	return 0;
}
