/* Credentials of a connection: static ones, token files, exec plugins. */
#include "config.h"

#include "k8s/auth.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/proc.h"
#include "data/jdoc.h"
#include "data/jwrite.h"

#include <unistd.h>

#define EXEC_LIMIT_NS (60 * NS_PER_S)
#define RENEW_EARLY_NS (60 * NS_PER_S)
#define STDERR_MAX (4 * KIB)
/* Enough for what plugins answer: the buffer does not move and leaves no copy of a token behind. */
#define USUAL_ANSWER (64 * KIB)

/* What a plugin answered. */
struct answer {
	struct secret *token, *key_pem;      /* NULL: none */
	char          *cert_pem;
	int64_t        expires_unix_ns;      /* INT64_MAX: valid until refused */
};

struct kube_auth {
	const struct kube_conn *conn;
	struct secret *file_token;           /* last one read from conn->token_file */
	struct answer  plugin;
	bool           answered;
	int64_t        renew_unix_ns;        /* when the plugin is to run again */
	unsigned       generation;           /* of the client certificate */
	unsigned       version;              /* of all credentials */
};

static void
answer_done(struct answer *a)
{
	secret_free(a->token);
	secret_free(a->key_pem);
	free(a->cert_pem);
	*a = (struct answer){ 0 };
}

struct kube_auth *
kube_auth_new(const struct kube_conn *conn)
{
	struct kube_auth *a = xcalloc(1, sizeof *a);

	a->conn = conn;
	return a;
}

void
kube_auth_free(struct kube_auth *a)
{
	if (!a)
		return;
	secret_free(a->file_token);
	answer_done(&a->plugin);
	free(a);
}

/* --- token files --- */

static int
read_token(const char *path, struct secret **out, struct err *e)
{
	AUTO(buf_wipe) struct buf text = BUF_INIT(LIMIT_HEADERS);
	struct str token;

	if (file_read(path, &text, e) < 0)
		return err_ctx(e, "token file");
	token = str_trim(buf_str(&text));
	if (token.len == 0)
		return err_set(e, EK_INVALID, "token file '%s' is empty", path);
	if (!kube_header_safe(token))
		return err_set(e, EK_INVALID, "token file '%s' holds a control character", path);
	*out = secret_new(token);
	return 0;
}

/* The file is read each time: it is short, and no change of it can go unnoticed. */
static int
refresh_file(struct kube_auth *a, bool again, struct err *e)
{
	AUTO(secret_freep) struct secret *token = NULL;
	struct err why = { 0 };

	if (read_token(a->conn->token_file, &token, &why) < 0) {
		/* As client-go: a token that was good, or the kubeconfig's, is better than none. */
		if (a->file_token || a->conn->token)
			return again ? 1 : 0;
		*e = why;
		return -1;
	}
	if (secret_eq(token, a->file_token))
		return again ? 1 : 0;
	secret_free(a->file_token);
	a->file_token = TAKE(token);
	a->version++;
	return 0;
}

/* --- exec plugins: the question --- */

static int
write_cluster(const struct kube_conn *conn, struct jw *w, struct err *e)
{
	struct str ca = str_of(conn->ca_pem);
	AUTO_BUF struct buf b64 = BUF_INIT(2 * LIMIT_PEM);

	jw_obj(w);
	jw_kv_text(w, "server", conn->server);
	if (conn->tls_server_name)
		jw_kv_text(w, "tls-server-name", conn->tls_server_name);
	if (conn->insecure)
		jw_kv_bool(w, "insecure-skip-tls-verify", true);
	if (ca.len > LIMIT_PEM)
		return err_set(e, EK_LIMIT,
			"certificate authority is larger than %zu bytes", LIMIT_PEM);
	if (ca.len > 0) {
		b64_encode(&b64, ca.p, ca.len);
		jw_kv_str(w, "certificate-authority-data", buf_str(&b64));
	}
	if (conn->proxy_url)
		jw_kv_text(w, "proxy-url", conn->proxy_url);
	if (conn->disable_compression)
		jw_kv_bool(w, "disable-compression", true);
	jw_key(w, "config");
	jw_raw(w, conn->exec->cluster_config ? str_of(conn->exec->cluster_config) : S("null"));
	jw_obj_end(w);
	return 0;
}

/* Appends the variable "KUBERNETES_EXEC_INFO={...}". */
static int
write_question(const struct kube_conn *conn, bool interactive, struct buf *out, struct err *e)
{
	struct jw w;

	buf_puts(out, "KUBERNETES_EXEC_INFO=");
	jw_init(&w, out, false);
	jw_obj(&w);
	jw_kv_text(&w, "kind", "ExecCredential");
	jw_kv_text(&w, "apiVersion", conn->exec->api_version);
	jw_key(&w, "spec");
	jw_obj(&w);
	if (conn->exec->provide_cluster_info) {
		jw_key(&w, "cluster");
		if (write_cluster(conn, &w, e) < 0)
			return -1;
	}
	jw_kv_bool(&w, "interactive", interactive);
	jw_obj_end(&w);
	jw_obj_end(&w);
	return jw_done(&w, e);
}

static int
decide_interactive(const struct kube_exec *x, bool *out, struct err *e)
{
	bool tty = isatty(STDIN_FILENO) == 1;

	if (x->interactive == KUBE_EXEC_ALWAYS && !tty)
		return err_set(e, EK_DENIED,
			"it must ask questions (interactiveMode: Always), but standard input is "
			"not a terminal");
	*out = tty && x->interactive != KUBE_EXEC_NEVER;
	return 0;
}

/* --- exec plugins: the answer --- */

static int
read_status(const cJSON *status, struct answer *out, struct err *e)
{
	const char *token = jdoc_text(status, "token"),
		   *cert = jdoc_text(status, "clientCertificateData"),
		   *key = jdoc_text(status, "clientKeyData"),
		   *expires = jdoc_text(status, "expirationTimestamp");
	int64_t until = INT64_MAX;

	token = token && *token ? token : NULL;
	cert = cert && *cert ? cert : NULL;
	key = key && *key ? key : NULL;
	if (!token && !cert && !key)
		return err_set(e, EK_DENIED, "its answer has neither a token nor a certificate");
	if (!cert != !key)
		return err_set(e, EK_DENIED, "its answer has a %s",
			cert ? "certificate without a key" : "key without a certificate");
	if (!kube_header_safe(str_of(token)))
		return err_set(e, EK_DENIED, "its token holds a control character");
	if (expires && !clock_parse_rfc3339(str_of(expires), &until))
		return err_set(e, EK_DENIED,
			"its expirationTimestamp '%s' is not a time (RFC 3339)", expires);
	out->token = token ? secret_new(str_of(token)) : NULL;
	out->cert_pem = xstrdup_or_null(cert);
	out->key_pem = key ? secret_new(str_of(key)) : NULL;
	out->expires_unix_ns = until;
	return 0;
}

static int
read_answer(const struct kube_exec *x, struct str text, struct answer *out, struct err *e)
{
	AUTO(jdoc_wipep) cJSON *doc = jdoc_parse(text, e);
	const char *kind, *api;
	const cJSON *status;

	if (!doc)
		return err_ctx(e, "its output is not an ExecCredential");
	kind = jdoc_text(doc, "kind");
	api = jdoc_text(doc, "apiVersion");
	if (!kind || strcmp(kind, "ExecCredential") != 0)
		return err_set(e, EK_DENIED,
			"its output is not an ExecCredential, but of kind '%s'", kind ? kind : "");
	if (!api || strcmp(api, x->api_version) != 0)
		return err_set(e, EK_DENIED,
			"it is configured for apiVersion %s, but answered with '%s'",
			x->api_version, api ? api : "");
	status = jdoc_get(doc, "status");
	if (!status)
		return err_set(e, EK_DENIED, "its answer has no status");
	return read_status(status, out, e);
}

/* What the plugin said on stderr, as one line. */
static void
one_line(struct buf *out, struct str text)
{
	struct str rest = str_trim(text), line;

	while (rest.len > 0 && str_split(&rest, '\n', &line)) {
		line = str_trim(line);
		if (line.len == 0)
			continue;
		buf_puts(out, out->len ? "; " : "");
		buf_put_str(out, line);
	}
}

/* --- exec plugins: running them --- */

static int
not_started(const struct kube_exec *x, struct err *e)
{
	if (e->kind != EK_NOTFOUND)
		return -1;
	return err_set(e, EK_NOTFOUND, "it is not installed%s%s", x->install_hint ? ": " : "",
		x->install_hint ? x->install_hint : "");
}

static int
run_plugin(const struct kube_conn *conn, int64_t limit_ns, struct answer *out,
	const struct cancel *c, struct err *e)
{
	const struct kube_exec *x = conn->exec;
	AUTO(buf_wipe) struct buf said = BUF_INIT(LIMIT_EXEC_OUTPUT);
	AUTO_BUF struct buf complaint = BUF_INIT(STDERR_MAX), line = BUF_INIT(4 * STDERR_MAX),
		question = BUF_INIT(3 * LIMIT_CONFIG);
	AUTO_FREE const char **argv = xcalloc(x->args.len + 2, sizeof *argv);
	AUTO_FREE const char **env = xcalloc(x->env.len + 2, sizeof *env);
	struct proc p = { .argv = argv, .env_add = env, .timeout_ns = limit_ns };
	int status;

	if (decide_interactive(x, &p.tty_stdin, e) < 0 ||
		write_question(conn, p.tty_stdin, &question, e) < 0 ||
		!buf_room(&said, USUAL_ANSWER, e))
		return -1;
	argv[0] = x->command;
	for (size_t i = 0; i < x->args.len; i++)
		argv[i + 1] = x->args.at[i];
	for (size_t i = 0; i < x->env.len; i++)
		env[i] = x->env.at[i];
	env[x->env.len] = buf_cstr(&question);
	if (proc_run(&p, &said, &complaint, &status, c, e) < 0)
		return not_started(x, e);
	one_line(&line, buf_str(&complaint));
	if (status != 0)
		return err_set(e, EK_DENIED, "it failed with exit code %d%s%s", status,
			line.len ? ": " : "", buf_cstr(&line));
	return read_answer(x, buf_str(&said), out, e);
}

static bool
same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/*
 * A minute early; but a plugin may hand out the rest of what it has cached, and must then not run
 * for each request: so at most half of the time that is left.
 */
static int64_t
renewal(int64_t now_unix_ns, int64_t expires_unix_ns)
{
	int64_t early;

	if (expires_unix_ns == INT64_MAX || expires_unix_ns <= now_unix_ns)
		return expires_unix_ns;
	early = (expires_unix_ns - now_unix_ns) / 2;
	return expires_unix_ns - (early < RENEW_EARLY_NS ? early : RENEW_EARLY_NS);
}

static int
refresh_exec(struct kube_auth *a, bool again, int64_t now_unix_ns, int64_t limit_ns,
	const struct cancel *c, struct err *e)
{
	struct answer fresh = { 0 };
	bool same_cert, same;

	if (a->answered && !again && now_unix_ns < a->renew_unix_ns)
		return 0;
	if (run_plugin(a->conn, limit_ns, &fresh, c, e) < 0)
		return err_ctx(e, "credential plugin '%s' of user '%s'", a->conn->exec->command,
			a->conn->user ? a->conn->user : "");
	same_cert = same_text(fresh.cert_pem, a->plugin.cert_pem) &&
		secret_eq(fresh.key_pem, a->plugin.key_pem);
	same = a->answered && same_cert && secret_eq(fresh.token, a->plugin.token);
	if (!same_cert)
		a->generation++;
	if (!same)
		a->version++;
	answer_done(&a->plugin);
	a->plugin = fresh;
	a->answered = true;
	a->renew_unix_ns = renewal(now_unix_ns, fresh.expires_unix_ns);
	return again && same ? 1 : 0;
}

int
kube_auth_refresh_at(struct kube_auth *a, bool again, int64_t now_unix_ns, int64_t limit_ns,
	const struct cancel *c, struct err *e)
{
	if (a->conn->token_file)
		return refresh_file(a, again, e);
	if (a->conn->exec)
		return refresh_exec(a, again, now_unix_ns, limit_ns, c, e);
	return again ? 1 : 0;
}

int
kube_auth_refresh(struct kube_auth *a, bool again, const struct cancel *c, struct err *e)
{
	return kube_auth_refresh_at(a, again, clock_unix_ns(), EXEC_LIMIT_NS, c, e);
}

unsigned
kube_auth_version(const struct kube_auth *a)
{
	return a->version;
}

/* --- headers --- */

/* One allocation of the final size, so that no copy stays behind. */
static void
secret_header(struct http_call *call, const char *start, struct str value)
{
	size_t n = strlen(start), size = size_add(size_add(n, value.len), 1);
	char *line = xmalloc(size);

	memcpy(line, start, n);
	memcpy(line + n, value.p, value.len);
	line[n + value.len] = '\0';
	http_call_header(call, line);
	secret_wipe(line, size);
	free(line);
}

static void
basic_header(struct http_call *call, struct str user, struct str password)
{
	size_t n = size_add(size_add(user.len, password.len), 1);
	AUTO(buf_wipe)
	struct buf plain = BUF_INIT(3 * LIMIT_CONFIG),
		   b64 = BUF_INIT(5 * LIMIT_CONFIG);
	struct err full = { 0 };

	/* Room first, so that nothing moves; both texts come from a kubeconfig and fit. */
	assert_that(buf_room(&plain, n, &full) && buf_room(&b64, n / 3 * 4 + 8, &full));
	buf_put_str(&plain, user);
	buf_putc(&plain, ':');
	buf_put_str(&plain, password);
	b64_encode(&b64, plain.p, plain.len);
	secret_header(call, "Authorization: Basic ", buf_str(&b64));
}

static void
plain_header(struct http_call *call, const char *name, const char *value)
{
	AUTO_FREE char *line = xasprintf("%s: %s", name, value);

	http_call_header(call, line);
}

static void
impersonation_headers(const struct kube_conn *conn, struct http_call *call)
{
	plain_header(call, "Impersonate-User", conn->as_user);
	if (conn->as_uid)
		plain_header(call, "Impersonate-Uid", conn->as_uid);
	for (size_t i = 0; i < conn->as_groups.len; i++)
		plain_header(call, "Impersonate-Group", conn->as_groups.at[i]);
	for (size_t i = 0; i < conn->as_extra.len; i++) {
		struct str value = str_of(conn->as_extra.at[i]), key;
		AUTO_FREE char *name = NULL;

		(void)str_split(&value, '=', &key);          /* "key=value" always has both */
		name = xasprintf("Impersonate-Extra-" STR_FMT, STR_ARG(key));
		plain_header(call, name, value.p);           /* the rest of a NUL-terminated text */
	}
}

void
kube_auth_headers(struct kube_auth *a, struct http_call *call)
{
	const struct kube_conn *conn = a->conn;
	const struct secret *token = a->file_token ? a->file_token
		: conn->token			   ? conn->token
						   : a->plugin.token;

	if (token)
		secret_header(call, "Authorization: Bearer ", secret_get(token));
	else if (conn->username || conn->password)
		basic_header(call, str_of(conn->username), secret_get(conn->password));
	if (conn->as_user)
		impersonation_headers(conn, call);
}

void
kube_auth_client_cert(struct kube_auth *a, struct str *cert_pem, struct str *key_pem,
	unsigned *generation)
{
	bool own = a->plugin.cert_pem != NULL;

	*cert_pem = str_of(own ? a->plugin.cert_pem : a->conn->cert_pem);
	*key_pem = secret_get(own ? a->plugin.key_pem : a->conn->key_pem);
	*generation = a->generation;
}
