/* Requests to one API server: sessions, credentials and their renewal, Status documents. */
#include "config.h"

#include "k8s/client.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/vec.h"
#include "data/jdoc.h"
#include "data/jscan.h"
#include "data/jwrite.h"
#include "k8s/auth.h"
#include "k8s/server.h"
#include "net/retry.h"

#include <inttypes.h>
#include <string.h>

#define RETRIES        5
#define FAR_NS         (20 * NS_PER_MS)
#define CONNECTIONS    32       /* for the lists of a backup far away; libcurl gives each a hundred small requests */
#define CAUSES_SHOWN   3
#define WS_TICK_NS     (20 * NS_PER_MS)
#define FIRST_LINE_MAX 200
#define TYPE_SHOWN     60

/* A request between start and return: what the HTTP layer borrows and what a renewal of credentials must know. */
struct flight {
	struct k8s        *k;
	struct k8s_op      op;
	const char *const *headers;
	const char        *own[2];      /* headers, when the operation brings its own */
	char              *url;
	struct http_call  *call;        /* of a window; NULL in k8s_do */
	unsigned           version;     /* of the credentials that the last attempt took */
	unsigned           cert;        /* generation of the certificate of its session */
	bool               moved;       /* was repeated in a session with another certificate */
};

struct k8s {
	const struct kube_conn *conn;
	struct kube_auth       *auth;
	struct line {
		struct http    *http;      /* NULL before the first use and after k8s_abort */
		unsigned        cert;      /* generation of its certificate */
	} lines[2];                        /* [own_line] */
	struct http            *old;       /* of an earlier client certificate, while its calls are in flight */
	const struct cancel    *cancel;    /* of the call that drives the session now */
	struct k8s_facts        facts;
	struct VEC_OF(struct flight *) flights;
};

static const char *const headers_get[] = { "Accept: application/json", NULL };
/* A server that does not know the first form answers with the second one. */
#define ACCEPT_METADATA "Accept: application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json"
/* Of the whole object, of its metadata. */
static const char *const headers_json[][3] = {
	{ "Accept: application/json", "Content-Type: application/json", NULL },
	{ ACCEPT_METADATA, "Content-Type: application/json", NULL } };
static const char *const headers_merge[][3] = {
	{ "Accept: application/json", "Content-Type: application/merge-patch+json", NULL },
	{ ACCEPT_METADATA, "Content-Type: application/merge-patch+json", NULL } };
/* JSON is YAML. */
static const char *const headers_apply[][3] = {
	{ "Accept: application/json", "Content-Type: application/apply-patch+yaml", NULL },
	{ ACCEPT_METADATA, "Content-Type: application/apply-patch+yaml", NULL } };

struct k8s *
k8s_new(const struct kube_conn *conn, struct err *e)
{
	if (!conn->server) {
		err_set(e, EK_INVALID, "cluster '%s' has no server address", conn->cluster ? conn->cluster : "");
		return NULL;
	}
	struct k8s *k = xcalloc(1, sizeof *k);
	k->conn = conn;
	k->auth = kube_auth_new(conn);
	return k;
}

void
k8s_abort(struct k8s *k)
{
	for (size_t i = 0; i < COUNT(k->lines); i++)
		http_freep(&k->lines[i].http);
	http_freep(&k->old);
	for (size_t i = 0; i < k->flights.len; i++) {
		free(k->flights.at[i]->url);
		free(k->flights.at[i]);
	}
	k->flights.len = 0;
}

void
k8s_free(struct k8s *k)
{
	if (!k)
		return;
	k8s_abort(k);
	vec_free(&k->flights);
	k8s_facts_done(&k->facts);
	kube_auth_free(k->auth);
	free(k);
}

void
k8s_freep(struct k8s **k)
{
	k8s_free(*k);
	*k = NULL;
}

struct k8s_facts *
k8s_facts(struct k8s *k)
{
	return &k->facts;
}

const struct kube_conn *
k8s_conn(const struct k8s *k)
{
	return k->conn;
}

static unsigned
present_cert(const struct k8s *k)
{
	struct str cert, key;
	unsigned generation = 0;
	kube_auth_client_cert(k->auth, &cert, &key, &generation);
	return generation;
}

/* Makes a line's session one with the present client certificate. */
static int
session(struct k8s *k, bool own, const struct cancel *c, struct err *e)
{
	struct line *line = &k->lines[own];

	if (kube_auth_refresh(k->auth, false, c, e) < 0)
		return -1;
	if (k->old && http_in_flight(k->old) == 0)
		http_freep(&k->old);
	if (line->http && (line->cert == present_cert(k) || k->old))
		return 0;

	const struct kube_conn *conn = k->conn;
	struct http_conf conf = {
		.user_agent = "orlop/" PACKAGE_VERSION,
		.ca_pem = str_of(conn->ca_pem),
		.insecure = conn->insecure,
		.tls_server_name = conn->tls_server_name,
		.proxy = conn->proxy_url,
		.retries = RETRIES,
		.max_connections = CONNECTIONS,
		.http1_only = own,
	};
	unsigned cert = 0;
	kube_auth_client_cert(k->auth, &conf.cert_pem, &conf.key_pem, &cert);
	struct http *h = http_new(&conf, e);
	if (!h)
		return -1;
	if (line->http && http_in_flight(line->http) > 0)
		k->old = TAKE(line->http);
	http_freep(&line->http);
	*line = (struct line){ h, cert };
	return 0;
}

/* The one with calls in flight: a window is of one line, but for those of an earlier certificate. */
static struct http *
busy_session(const struct k8s *k)
{
	if (k->old && http_in_flight(k->old) > 0)
		return k->old;
	for (size_t i = 0; i < COUNT(k->lines); i++)
		if (k->lines[i].http && http_in_flight(k->lines[i].http) > 0)
			return k->lines[i].http;
	return NULL;
}

static int
prepare(void *ctx, struct http_call *call, bool again, struct err *e)
{
	struct flight *f = ctx;
	struct k8s *k = f->k;

	/* Of many calls that were refused with the same old token, only the first one asks for a new token. */
	bool ask = again && f->version == kube_auth_version(k->auth);
	int r = kube_auth_refresh(k->auth, ask, k->cancel, e);
	if (r != 0)
		return r;
	/* A new certificate needs a new connection: the call ends here and is repeated in another session. */
	if (again && f->cert != present_cert(k))
		return 1;
	f->version = kube_auth_version(k->auth);
	kube_auth_headers(k->auth, call);
	return 0;
}

static int
sink(void *ctx, const void *p, size_t n, struct err *e)
{
	struct flight *f = ctx;
	return f->op.sink(f->op.ctx, p, n, e);
}

/* A webhook that could not be reached answers no better a moment later: who needs it waits for what is behind it. */
static bool
is_settled(const struct http_resp *resp)
{
	return resp->status == 500 && resp->body.len > 0 && strstr(buf_cstr(&resp->body), "failed calling webhook") != NULL;
}

static void
set_headers(struct flight *f)
{
	const struct k8s_op *op = &f->op;

	f->own[0] = op->accept;
	if (op->accept)
		f->headers = f->own;
	else if (strcmp(op->method, "PATCH") == 0)
		f->headers = (op->apply ? headers_apply : headers_merge)[op->metadata_only];
	else
		f->headers = op->body.len > 0 ? headers_json[op->metadata_only] : headers_get;
}

/* For its line as it is now. */
static struct http_req
request(struct flight *f)
{
	f->cert = f->k->lines[f->op.own_line].cert;
	return (struct http_req){
		.method = f->op.method,
		.url = f->url,
		.headers = f->headers,
		.body = f->op.body,
		.idempotent = f->op.repeatable || strcmp(f->op.method, "POST") != 0,
		.max_body = f->op.max_body > 0 ? f->op.max_body : LIMIT_OBJECT,
		.prepare = prepare,
		.sink = f->op.sink ? sink : NULL,
		.gzip = f->op.gzip,
		.settled = is_settled,
		.ctx = f,
	};
}

/* Refused with a certificate that was renewed since: true once, the call then runs again in the new session. */
static bool
move(struct flight *f, int status)
{
	if (status != 401 || f->moved || f->cert == present_cert(f->k))
		return false;
	f->moved = true;
	return true;
}

static const struct { const char *reason; enum err_kind kind; } reason_kinds[] = {
	{ "AlreadyExists", EK_EXISTS },
	{ "BadRequest", EK_INVALID },
	{ "Conflict", EK_CONFLICT },
	{ "Expired", EK_CONFLICT },
	{ "Forbidden", EK_DENIED },
	{ "Gone", EK_CONFLICT },
	{ "InternalError", EK_UNAVAILABLE },
	{ "Invalid", EK_INVALID },
	{ "MethodNotAllowed", EK_INVALID },
	{ "NotAcceptable", EK_INVALID },
	{ "NotFound", EK_NOTFOUND },
	{ "RequestEntityTooLarge", EK_LIMIT },
	{ "ServerTimeout", EK_UNAVAILABLE },
	{ "ServiceUnavailable", EK_UNAVAILABLE },
	{ "Timeout", EK_TIMEOUT },
	{ "TooManyRequests", EK_THROTTLED },
	{ "Unauthorized", EK_DENIED },
	{ "UnsupportedMediaType", EK_INVALID },
};

static enum err_kind
status_kind(int http_status, const char *reason)
{
	for (size_t i = 0; i < COUNT(reason_kinds); i++)
		if (strcmp(reason, reason_kinds[i].reason) == 0)
			return reason_kinds[i].kind;
	struct err by_number = { 0 };
	(void)http_status_err(&(struct http_resp){ .status = http_status }, &by_number);
	return by_number.kind;
}

/* The server usually repeats the causes in its message; what it left out is added. */
static void
add_causes(struct buf *text, const cJSON *status)
{
	unsigned shown = 0;
	const cJSON *cause;

	jdoc_each(cause, jdoc_get(status, "details.causes")) {
		const char *message = jdoc_text(cause, "message"), *field = jdoc_text(cause, "field");
		if (!message || strstr(buf_cstr(text), message))
			continue;
		if (shown++ == CAUSES_SHOWN)
			break;
		buf_puts(text, "; ");
		if (field && *field)
			buf_putf(text, "%s: ", field);
		buf_puts(text, message);
	}
}

static struct str
first_line(struct str body)
{
	struct str line;

	while (str_split(&body, '\n', &line)) {
		line = str_trim(line);
		if (line.len > 0)
			return str_sub(line, 0, FIRST_LINE_MAX);
	}
	return S("no explanation");
}

int
k8s_status_err(int http_status, struct str body, int64_t retry_after_ns, struct err *e)
{
	AUTO_BUF struct buf text = BUF_INIT(2 * body.len + 4 * KIB);
	struct err not_json;
	AUTO_JDOC cJSON *doc = jdoc_parse(body, &not_json);
	const char *kind = doc ? jdoc_text(doc, "kind") : NULL;
	const char *reason = "", *message = NULL;

	if (kind && strcmp(kind, "Status") == 0) {
		message = jdoc_text(doc, "message");
		reason = jdoc_text(doc, "reason");
		if (!reason)
			reason = "";
		if (retry_after_ns == 0)
			retry_after_ns = jdoc_int(doc, "details.retryAfterSeconds", 0) * INT64_C(1000000000);
	}
	if (message && *message)
		buf_puts(&text, message);
	else
		buf_put_str(&text, first_line(*reason ? S("") : body));
	if (message)
		add_causes(&text, doc);

	err_set(e, status_kind(http_status, reason), "%s (%d%s%s)", buf_cstr(&text), http_status,
		*reason ? " " : "", reason);
	e->http = http_status;
	e->retry_after_ns = retry_after_ns;
	(void)snprintf(e->reason, sizeof e->reason, "%s", reason);
	return -1;
}

/* What the caller is told about an answer; why is the HTTP layer's word on it. */
static int
explain(const struct http_resp *resp, const struct err *why, struct err *e)
{
	if (resp->status >= 400 && why->http == resp->status)
		return k8s_status_err(resp->status, buf_str(&resp->body), why->retry_after_ns, e);
	*e = *why;
	return -1;
}

/* An API server does not redirect and does not greet with a page; what stands in front of it does. */
static int
check_answer(const struct http_resp *resp, struct err *e)
{
	struct str to = S("another address"), type = S("application/json");

	if (resp->status < 300) {
		(void)http_resp_header(resp, "Content-Type", &type);
		if (resp->bytes > 0 && str_starts(type, S("application/json")))
			return 0;
		return err_set(e, EK_UNAVAILABLE, "not the answer of an API server: %" PRIu64 " bytes of '" STR_FMT "' (%d)",
			resp->bytes, STR_ARG(str_sub(type, 0, TYPE_SHOWN)), resp->status);
	}
	(void)http_resp_header(resp, "Location", &to);
	err_set(e, EK_INVALID, "not an API server: it redirects to " STR_FMT " (%d)", STR_ARG(to), resp->status);
	e->http = resp->status;
	return -1;
}

/* Runs one request to its end; resp holds the answer. */
static int
exchange(struct k8s *k, struct flight *f, struct http_resp *resp, const struct cancel *c, struct err *e)
{
	AUTO_FREE char *url = xasprintf("%s%s", k->conn->server, f->op.path);

	f->k = k;
	f->url = url;
	k->cancel = c;
	for (;;) {
		if (session(k, f->op.own_line, c, e) < 0)
			return -1;
		struct http_req req = request(f);
		struct err why = { 0 };
		if (http_do(k->lines[f->op.own_line].http, &req, resp, c, &why) == 0)
			return check_answer(resp, e);
		if (!move(f, resp->status))
			return explain(resp, &why, e);
		http_resp_done(resp);
		*resp = (struct http_resp){ 0 };
	}
}

static size_t
room_in(const struct buf *out)
{
	return out ? out->max - out->len : LIMIT_OBJECT;
}

static int
do_op(struct k8s *k, struct k8s_op op, struct buf *out, const struct cancel *c, struct err *e)
{
	AUTO(http_resp_done) struct http_resp resp = { 0 };
	op.max_body = room_in(out);
	struct flight f = { .op = op };

	set_headers(&f);
	if (exchange(k, &f, &resp, c, e) < 0)
		return -1;
	return out ? buf_add_str(out, buf_str(&resp.body), e) : 0;
}

int
k8s_do(struct k8s *k, const char *method, const char *path, struct str body, struct buf *out,
	const struct cancel *c, struct err *e)
{
	return do_op(k, (struct k8s_op){ .method = method, .path = path, .body = body }, out, c, e);
}

int
k8s_merge_patch(struct k8s *k, const char *path, struct str patch, struct buf *out,
	const struct cancel *c, struct err *e)
{
	return do_op(k, (struct k8s_op){ .method = "PATCH", .path = path, .body = patch }, out, c, e);
}

/* ------------------------------------------------------------------ WebSocket */

static int
prepare_ws(void *ctx, struct http_call *call, bool again, struct err *e)
{
	(void)again, (void)e;
	kube_auth_headers(ctx, call);
	return 0;
}

/* May a request for a WebSocket be sent once more?  1: yes, 0: no, -1. */
static int
ws_again(struct k8s *k, const struct http_resp *r, const struct err *why, unsigned tries, bool *renewed,
	const struct cancel *c, struct err *e)
{
	uint64_t random;
	int rc;

	if (r->status == 401 && !*renewed) {
		*renewed = true;
		rc = kube_auth_refresh(k->auth, true, c, e);
		return rc < 0 ? -1 : rc == 0;
	}
	if (!err_info(why->kind)->retry || tries >= RETRIES || !(r->attempts == 0 || r->status == 429 || r->status == 503))
		return 0;
	random_bytes(&random, sizeof random);
	for (int64_t until = clock_mono_ns() + retry_delay_ns(tries, why->retry_after_ns, random); clock_mono_ns() < until;) {
		if (cancel_check(c, e) < 0)
			return -1;
		clock_sleep_ns(WS_TICK_NS);
	}
	return 1;
}

struct ws *
k8s_ws(struct k8s *k, const char *path, const char *protocols, const struct cancel *c, struct err *e)
{
	AUTO_FREE char *url = xasprintf("%s%s", k->conn->server, path);
	struct ws_req req = { .url = url, .protocols = protocols, .prepare = prepare_ws, .ctx = k->auth };
	bool renewed = false;
	int again = 1;

	for (unsigned tries = 0; again > 0; tries++) {
		AUTO(http_resp_done) struct http_resp resp = { 0 };
		struct err why = { 0 };
		struct ws *ws;

		if (session(k, true, c, e) < 0)
			return NULL;
		ws = ws_open(k->lines[true].http, &req, &resp, c, &why);
		if (ws != NULL)
			return ws;
		again = ws_again(k, &resp, &why, tries, &renewed, c, e);
		if (again == 0)
			(void)explain(&resp, &why, e);
	}
	return NULL;
}

/* ------------------------------------------------------------------ window */

int
k8s_start(struct k8s *k, const struct k8s_op *op, const struct cancel *c, struct err *e)
{
	k->cancel = c;
	if (session(k, op->own_line, c, e) < 0)
		return -1;
	struct http *other = k->lines[!op->own_line].http;
	assert_that(!other || http_in_flight(other) == 0);
	struct flight *f = xcalloc(1, sizeof *f);
	f->k = k;
	f->op = *op;
	set_headers(f);
	f->url = xasprintf("%s%s", k->conn->server, op->path);
	struct http_req req = request(f);
	f->call = http_start(k->lines[op->own_line].http, &req, op->tag);
	*vec_push(&k->flights) = f;
	return 0;
}

bool
k8s_is_far(const struct k8s *k)
{
	int64_t least = 0;

	for (size_t i = 0; i < COUNT(k->lines); i++) {
		int64_t ns = k->lines[i].http ? http_round_trip_ns(k->lines[i].http) : 0;

		if (ns > 0 && (least == 0 || ns < least))
			least = ns;
	}
	return least >= FAR_NS;
}

static size_t
flight_of(const struct k8s *k, const struct http_call *call)
{
	size_t i = 0;

	while (k->flights.at[i]->call != call)
		i++;
	return i;
}

struct http_call *
k8s_next(struct k8s *k, const struct cancel *c, struct err *e)
{
	k->cancel = c;
	for (;;) {
		struct http *h = busy_session(k);
		if (!h) {
			e->kind = EK_NONE;
			return NULL;
		}
		struct http_call *call = http_next(h, c, e);
		if (!call)
			return NULL;
		size_t i = flight_of(k, call);
		struct flight *f = k->flights.at[i];
		struct err why;
		if (move(f, http_call_resp(call)->status) && session(k, f->op.own_line, c, &why) == 0) {
			http_call_free(call);
			struct http_req req = request(f);
			f->call = http_start(k->lines[f->op.own_line].http, &req, f->op.tag);
			continue;
		}
		k->flights.at[i] = k->flights.at[--k->flights.len];
		free(f->url);
		free(f);
		return call;
	}
}

size_t
k8s_in_flight(const struct k8s *k)
{
	return k->flights.len;
}

void *
k8s_call_tag(const struct http_call *call)
{
	return http_call_tag(call);
}

int
k8s_call_result(struct http_call *call, struct err *e)
{
	struct err why = { 0 };

	if (http_call_result(call, &why) == 0)
		return check_answer(http_call_resp(call), e);
	return explain(http_call_resp(call), &why, e);
}

struct str
k8s_call_body(struct http_call *call)
{
	return buf_str(&http_call_resp(call)->body);
}
