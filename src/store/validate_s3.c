/*
 * Validation of a bucket.  The first contact is one request without a signature: it shows the way there, who answers, and what
 * time it is there, before any credentials are sent.  What the steps write is taken away again with all its versions.
 */
#include "store/s3_impl.h"
#include "store/validate_impl.h"

#include "aws/sts.h"
#include "base/clock.h"
#include "base/fmt.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/vec.h"
#include "data/xml.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define LOG_MODULE  "s3"
#define CONTACT_NS  (30 * NS_PER_S)
#define SETTLE_NS   (300 * NS_PER_MS)    /* what was given up may take so long to be over, then twice that ... */
#define SETTLE_ROUNDS 4
#define CALLER_NS   (3 * NS_PER_S)
#define CLOCK_OFF   (5 * 60 * NS_PER_S)  /* stores allow 15 minutes, Kerberos and others five */
#define ENDS_SOON   (14 * 24 * 3600 * NS_PER_S)
#define DAY_NS      (24 * 3600 * NS_PER_S)
#define VERSION_MAX 1024                 /* bytes of an ID, as S3 promises */

enum { AT_RESOLVE, AT_CONNECT, AT_TLS, AT_ENDPOINT, AT_CLOCK, AT_CREDENTIALS, AT_BUCKET, AT_LIST, AT_WRITE, AT_READ, AT_RANGE,
	AT_MULTIPART, AT_CONDITIONAL, AT_DELETE, AT_VOLUMES };
#define BIT(step) (1u << (step))

/* A version that a step has made: of the probe, or the mark that deleting it leaves in a versioned bucket. */
struct version { char id[VERSION_MAX + 1]; };

struct own {
	struct s3       *s;
	struct http     *http;           /* of the first contact: tries once */
	struct err       why;            /* of the first contact; EK_NONE: an answer without failure */
	struct http_resp resp;
	struct err       listed;         /* of the first signed request */
	struct err       undeletable;    /* what deleting would answer */
	char            *upload;         /* ID of a multipart upload under way */
	bool             nameless;       /* one may be under way whose ID did not arrive */
	bool             uncertain;      /* a request was given up that the store may still carry out */
	struct { struct version *at; size_t len, cap; } versions;
};

static struct own *
own_of(const struct check *k)
{
	return k->own;
}

static void
set_reason(struct err *e, const char *reason)
{
	(void)snprintf(e->reason, sizeof e->reason, "%s", reason);
}

static void
begin(struct check *k)
{
	struct own *o = xcalloc(1, sizeof *o);
	AUTO_FREE char *place = NULL;
	const struct s3_conn *conn;
	struct str host;

	k->own = o;
	o->s = s3_of(k->st);
	conn = &o->s->conn;
	place = s3_conn_endpoint(conn);
	facts_set(&k->facts, FACT_PLACE, "%s%s", place, conn->base != NULL ? conn->base : "");
	host = str_of(strstr(place, "//") + 2);
	host.len = host.p[0] == '[' ? str_chr(host, ']') + 1 : str_chr(host, ':');
	facts_set(&k->facts, FACT_HOST, STR_FMT, STR_ARG(host));
	facts_set(&k->facts, FACT_BUCKET, "%s", conn->bucket);
	facts_set(&k->facts, FACT_BUCKET_ARN, "arn:aws:s3:::%s", conn->bucket);
	facts_set(&k->facts, FACT_OBJECT_ARN, "arn:aws:s3:::%s/%s*", conn->bucket, conn->prefix);
	facts_set(&k->facts, FACT_REGION, "%s", conn->region);
	facts_set(&k->facts, FACT_KEY, "%s", conn->dialect.kms_key != NULL ? conn->dialect.kms_key : "of the bucket");
}

/* --- the way there --- */

static void
contact(struct check *k)
{
	struct own *o = own_of(k);
	const struct s3_conn *conn = &o->s->conn;
	struct http_conf conf = conn->http;
	AUTO_FREE char *url = xasprintf("%s/%s", k->facts.at[FACT_PLACE], conn->path_style ? conn->bucket : "");
	struct http_req req = { .method = "GET", .url = url, .idempotent = true, .max_body = LIMIT_S3_LIST,
		.timeout_ns = CONTACT_NS };

	conf.retries = 0;
	o->http = http_new(&conf, &o->why);
	if (o->http != NULL && http_do(o->http, &req, &o->resp, k->c, &o->why) == 0)
		o->why = (struct err){ 0 };
}

static bool
is_reason(const struct err *e, const char *reason)
{
	return strcmp(e->reason, reason) == 0;
}

/* How far the first contact came. */
static int
reached(const struct own *o)
{
	const struct http_route *way = http_route(o->http);

	if (o->resp.status > 0)
		return AT_CLOCK;
	if (is_reason(&o->why, HTTP_REASON_DNS) || (is_reason(&o->why, HTTP_REASON_CONNECT) && way->resolved_ns == 0))
		return AT_RESOLVE;
	if (is_reason(&o->why, HTTP_REASON_NO_TLS) || str_starts(str_of(o->why.reason), S("TLS")))
		return AT_TLS;
	if (way->connected_ns == 0 || is_reason(&o->why, HTTP_REASON_PROXY))
		return AT_CONNECT;
	if (o->s->conn.tls && way->secured_ns == 0)
		return AT_TLS;
	return AT_ENDPOINT;
}

static int
failed_here(const struct own *o, int step, struct err *e)
{
	if (o->http != NULL && reached(o) > step)
		return 0;
	*e = o->why;
	return -1;
}

static int
check_resolve(struct check *k, struct err *e)
{
	struct own *o = own_of(k);
	const struct http_route *way;

	contact(k);
	if (o->why.kind == EK_CANCELED || o->http == NULL) {
		*e = o->why;
		return -1;
	}
	way = http_route(o->http);
	k->took_ns = way->resolved_ns > 0 ? way->resolved_ns : way->ended_ns;
	if (failed_here(o, AT_RESOLVE, e) < 0)
		return -1;
	buf_putf(&k->detail, "%s%s", k->facts.at[FACT_HOST], way->proxied ? " is looked up by the proxy" : "");
	if (!way->proxied && way->address[0] != '\0' && k->facts.at[FACT_HOST][strspn(k->facts.at[FACT_HOST], "0123456789.[")] != '\0')
		buf_putf(&k->detail, " is %.*s", (int)strcspn(way->address, " "), way->address);
	return 0;
}

static int
check_connect(struct check *k, struct err *e)
{
	struct own *o = own_of(k);
	const struct http_route *way = http_route(o->http);

	k->took_ns = reached(o) > AT_CONNECT && way->connected_ns == 0 ? 0      /* not told when TLS fails */
		: (way->connected_ns > 0 ? way->connected_ns : way->ended_ns) - way->resolved_ns;
	if (failed_here(o, AT_CONNECT, e) < 0)
		return -1;
	buf_putf(&k->detail, "%s%s", way->address, way->proxied ? ", a proxy" : "");
	return 0;
}

static void
note_certificate(struct check *k, const struct tls_facts *f)
{
	char from[CLOCK_TEXT_MAX], until[CLOCK_TEXT_MAX];
	const struct tls_cert *cert = f->flaw == TLS_FLAWLESS ? &f->leaf : &f->flawed;

	facts_set(&k->facts, FACT_ISSUER, "%s", f->end);
	facts_set(&k->facts, FACT_FLAWED, "%s", cert->subject);
	facts_set(&k->facts, FACT_NAMES, "%s", f->names[0] != '\0' ? f->names : "none");
	facts_set(&k->facts, FACT_FROM, "%s", clock_rfc3339(from, cert->from_unix_ns));
	facts_set(&k->facts, FACT_UNTIL, "%s", clock_rfc3339(until, cert->until_unix_ns));
}

static int
check_tls(struct check *k, struct err *e)
{
	struct own *o = own_of(k);
	const struct http_route *way = http_route(o->http);
	const struct tls_facts *f = http_tls_facts(o->http);
	int64_t left;

	if (!o->s->conn.tls) {
		k->skip = SKIP_ALONE;
		buf_puts(&k->detail, "s3Url is http://: what is sent can be read and changed on the way");
		return 0;
	}
	k->took_ns = (way->secured_ns > 0 ? way->secured_ns : way->ended_ns) - way->connected_ns;
	if (f != NULL)
		note_certificate(k, f);
	if (failed_here(o, AT_TLS, e) < 0)
		return -1;
	if (f == NULL) {
		buf_puts(&k->detail, "verified");
		return 0;
	}
	left = (f->leaf.until_unix_ns - clock_unix_ns()) / DAY_NS;
	buf_putf(&k->detail, "%s, certificate '%s', chain ends at '%s', ends in %lld days", f->protocol, f->leaf.subject, f->end,
		(long long)left);
	if (o->s->conn.http.insecure)
		check_warn(k, "TLSInsecure", "the certificate is not verified (insecureSkipTLSVerify)%s%s",
			f->why[0] != '\0' ? ": " : "", f->why);
	else if (left < ENDS_SOON / DAY_NS)
		check_warn(k, "TLSEndsSoon", "the certificate '%s' ends in %lld days", f->leaf.subject, (long long)left);
	else
		buf_puts(&k->detail, ", name matches");
	return 0;
}

/* --- who answers --- */

static bool
has_text(struct str where, const char *what)
{
	return where.len > 0 && memmem(where.p, where.len, what, strlen(what)) != NULL;
}

/* Does the server at this host and port understand TLS? */
static bool
speaks_tls(const struct check *k)
{
	const struct own *o = own_of(k);
	struct http_conf conf = o->s->conn.http;
	AUTO_FREE char *url = xasprintf("https%s/", k->facts.at[FACT_PLACE] + strlen("http"));
	struct http_req req = { .method = "GET", .url = url, .idempotent = true, .max_body = LIMIT_S3_LIST,
		.timeout_ns = CONTACT_NS };
	struct err ignored = { 0 };
	AUTO(http_freep) struct http *h = NULL;
	AUTO(http_resp_done) struct http_resp resp = { 0 };

	conf.retries = 0;
	conf.insecure = true;
	h = http_new(&conf, &ignored);
	return h != NULL && (http_do(h, &req, &resp, k->c, &ignored) == 0 || http_tls_facts(h) != NULL);
}

static int
plain_to_tls(const struct check *k, struct err *e)
{
	(void)err_set(e, EK_INVALID, "s3Url is http://, and what answers at %s speaks TLS", k->facts.at[FACT_PLACE]);
	set_reason(e, "PlainToTLS");
	return -1;
}

static bool
is_page(const struct http_resp *resp)
{
	struct str type;

	return (http_resp_header(resp, "Content-Type", &type) && has_text(type, "text/html"))
	    || has_text(buf_str(&resp->body), "<html") || has_text(buf_str(&resp->body), "<!DOCTYPE html")
	    || has_text(buf_str(&resp->body), "<!doctype html");
}

static int
not_s3(const struct check *k, const struct http_resp *resp, struct err *e)
{
	struct str server = { 0 }, to = { 0 };
	bool login = http_resp_header(resp, "Location", &to) && has_text(to, "/login");
	bool console;

	(void)http_resp_header(resp, "Server", &server);
	console = login || has_text(server, "MinIO") || has_text(buf_str(&resp->body), "MinIO");
	(void)err_set(e, EK_INVALID, "%s answers with a %s (%d" "%s" STR_FMT ")", k->facts.at[FACT_PLACE],
		login ? "login page" : "web page", resp->status, server.len > 0 ? ", Server: " : "",
		(int)(server.len < 80 ? server.len : 80), server.p != NULL ? server.p : "");
	e->http = resp->status;
	set_reason(e, console ? "Console" : "NotS3");
	return -1;
}

static int
check_endpoint(struct check *k, struct err *e)
{
	struct own *o = own_of(k);
	const struct http_route *way = http_route(o->http);
	struct str server = { 0 }, to;

	k->took_ns = way->ended_ns - (way->secured_ns > 0 ? way->secured_ns : way->connected_ns);
	if (failed_here(o, AT_ENDPOINT, e) < 0)
		return !o->s->conn.tls && e->kind != EK_CANCELED && speaks_tls(k) ? plain_to_tls(k, e) : -1;
	if (!o->s->conn.tls && o->resp.status == 400 && has_text(buf_str(&o->resp.body), "HTTPS"))
		return plain_to_tls(k, e);
	if (is_page(&o->resp) || (http_resp_header(&o->resp, "Location", &to) && has_text(to, "/login")))
		return not_s3(k, &o->resp, e);
	(void)http_resp_header(&o->resp, "Server", &server);
	buf_putf(&k->detail, "%s answers%s" STR_FMT, k->facts.at[FACT_PLACE], server.len > 0 ? " as " : "",
		(int)(server.len < 80 ? server.len : 80), server.p != NULL ? server.p : "");
	return 0;
}

static int
check_clock(struct check *k, struct err *e)
{
	struct own *o = own_of(k);
	int64_t skew = http_clock_skew_ns(o->http);
	/* A Date is cut to its second: the store's clock is up to one second further. */
	int64_t off = skew < 0 ? -skew / NS_PER_S * NS_PER_S : (skew + NS_PER_S - 1) / NS_PER_S * NS_PER_S;
	char text[FMT_MAX];
	struct str date;

	(void)e;
	k->took_ns = 0;
	if (!http_resp_header(&o->resp, "Date", &date)) {
		buf_puts(&k->detail, "the store does not tell its time");
		return 0;
	}
	facts_set(&k->facts, FACT_SKEW, "%s", fmt_duration(text, off));
	buf_putf(&k->detail, "differs by %s", off < NS_PER_S ? "less than 1s" : text);
	if (off >= CLOCK_OFF)
		check_warn(k, "ClockOff", "the clock of this machine is %s %s the store's", text, skew < 0 ? "ahead of" : "behind");
	return 0;
}

/* --- credentials and bucket --- */

/* The codes that are about who asks, not about what is asked for. */
static const char *const about_keys[] = { "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "ExpiredTokenException",
	"InvalidToken", "InvalidTokenId", "TokenRefreshRequired", "RequestTimeTooSkewed", "AccountProblem",
	"InvalidClientTokenId", "UnrecognizedClientException" };

static bool
is_about_keys(const struct err *e)
{
	for (size_t i = 0; i < COUNT(about_keys); i++)
		if (is_reason(e, about_keys[i]))
			return true;
	/* Without an answer of the store: no credentials were come by. */
	return e->kind == EK_DENIED && e->http == 0;
}

/* Who they are, where that can be asked: at AWS. */
static void
put_caller(struct check *k, const struct creds *creds)
{
	struct own *o = own_of(k);
	struct cancel within = { .up = k->c, .deadline_mono_ns = clock_mono_ns() + CALLER_NS };
	struct http_conf conf = { .user_agent = o->s->conn.http.user_agent };
	struct err ignored = { 0 };
	AUTO(http_freep) struct http *h = o->s->conn.aws ? http_new(&conf, &ignored) : NULL;
	struct sts sts = { .http = h, .region = o->s->conn.region };
	AUTO_FREE char *caller = h != NULL ? sts_caller(&sts, creds, &within, &ignored) : NULL;

	if (caller != NULL)
		buf_putf(&k->detail, ", caller %.300s", caller);
}

static int
check_credentials(struct check *k, struct err *e)
{
	struct own *o = own_of(k);
	struct s3 *s = o->s;
	struct s3_req req = { .method = "GET", .max_body = LIMIT_S3_LIST, .n_query = 3, .query = {
		{ S("list-type"), S("2") }, { S("max-keys"), S("1") }, { S("prefix"), str_of(s->conn.prefix) } } };
	AUTO(http_resp_done) struct http_resp resp = { 0 };
	AUTO_BUF struct buf source = BUF_INIT(4 * KIB);
	AUTO(creds_done) struct creds creds = { 0 };

	if (s->conn.creds != NULL)
		creds_describe(s->conn.creds, &source);
	facts_set(&k->facts, FACT_SOURCE, "%s", buf_cstr(&source));
	if (s3_conn_creds(&s->conn, NULL, &creds, k->c, e) < 0)
		return -1;
	buf_putf(&k->detail, "from %s", buf_cstr(&source));
	put_caller(k, &creds);
	if (s3_do(&s->conn, s->http, &req, &resp, k->c, &o->listed) == 0)
		o->listed = (struct err){ 0 };
	if (o->listed.kind == EK_CANCELED || is_about_keys(&o->listed)) {
		*e = o->listed;
		return -1;
	}
	if (o->listed.kind == EK_NONE || o->listed.http != 0)
		buf_puts(&k->detail, ", signature accepted");
	return 0;
}

/* A refused listing is a matter of the next step: it shows that the bucket is there. */
static int
check_bucket(struct check *k, struct err *e)
{
	struct own *o = own_of(k);
	const struct s3_conn *conn = &o->s->conn;

	k->took_ns = 0;
	facts_set(&k->facts, FACT_REGION, "%s", conn->region);
	if (o->listed.kind != EK_NONE && !is_reason(&o->listed, "AccessDenied")) {
		*e = o->listed;
		return -1;
	}
	buf_putf(&k->detail, "'%s' exists, region %s", conn->bucket, conn->region);
	if (conn->region_said != NULL && strcmp(conn->region_said, conn->region) != 0)
		check_warn(k, "RegionDiffers", "the bucket is in region '%s', the location says '%s'", conn->region,
			conn->region_said);
	return 0;
}

/* --- writing --- */

static void
note_version(struct own *o, const struct http_resp *resp)
{
	struct str id;
	struct version *v;

	if (!http_resp_header(resp, "x-amz-version-id", &id) || id.len > VERSION_MAX || str_eqz(id, "null"))
		return;
	v = vec_push(&o->versions);
	memcpy(v->id, id.p, id.len);
	v->id[id.len] = '\0';
}

static int
delete_probe(struct check *k, const struct cancel *c, struct err *e)
{
	struct own *o = own_of(k);
	struct s3_req req = { .method = "DELETE", .key = k->key, .max_body = LIMIT_SMALL_BODY };
	AUTO(http_resp_done) struct http_resp resp = { 0 };

	if (s3_do(&o->s->conn, o->s->http, &req, &resp, c, e) < 0)
		return -1;
	note_version(o, &resp);
	return 0;
}

static int
delete_version(struct check *k, const struct version *v, const struct cancel *c, struct err *e)
{
	struct own *o = own_of(k);
	struct s3_req req = { .method = "DELETE", .key = k->key, .max_body = LIMIT_SMALL_BODY, .n_query = 1,
		.query = { { S("versionId"), str_of(v->id) } } };
	AUTO(http_resp_done) struct http_resp resp = { 0 };

	return s3_do(&o->s->conn, o->s->http, &req, &resp, c, e);
}

static int
put_probe(struct check *k, bool only_new, struct http_resp *resp, struct err *e)
{
	struct own *o = own_of(k);
	struct s3_req req = { .aim = S3_PUT, .method = "PUT", .key = k->key, .body = str_of(k->text),
		.max_body = LIMIT_SMALL_BODY, .once = only_new, .headers = { only_new ? "If-None-Match: *" : NULL } };

	if (s3_do(&o->s->conn, o->s->http, &req, resp, k->c, e) < 0)
		return -1;
	note_version(o, resp);
	return s3_check_taken(resp, e);
}

/* What could not be taken away again is not written: deleting is tried first, on nothing. */
static int
check_write(struct check *k, struct err *e)
{
	struct own *o = own_of(k);
	AUTO(http_resp_done) struct http_resp resp = { 0 };

	if (delete_probe(k, k->c, &o->undeletable) < 0) {
		if (o->undeletable.kind != EK_DENIED) {
			*e = o->undeletable;
			return -1;
		}
		k->skip = SKIP_WITH_REST;
		buf_puts(&k->detail, "a probe could not be deleted again, so none is written");
		return 0;
	}
	o->undeletable = (struct err){ 0 };
	if (o->s->conn.dialect.tagging != NULL)
		facts_set(&k->facts, FACT_ACTION, "s3:PutObject and (for the tags) s3:PutObjectTagging");
	k->may_exist = true;
	if (put_probe(k, false, &resp, e) < 0) {
		k->may_exist = resp.status < 300 || resp.status >= 500;  /* else it was refused */
		o->uncertain = resp.status < 300;
		if (strstr(e->msg, "PutObjectTagging") != NULL)
			facts_set(&k->facts, FACT_ACTION, "s3:PutObjectTagging");
		return -1;
	}
	buf_puts(&k->detail, k->key);
	return 0;
}

static int
on_initiated(void *ctx, const char *path, struct str text, struct err *e)
{
	char **id = ctx;

	(void)e;
	if (strcmp(path, "InitiateMultipartUploadResult/UploadId") == 0 && *id == NULL)
		*id = str_dup(text);
	return 0;
}

static int
begin_upload(struct check *k, struct err *e)
{
	static const struct xml_fns fns = { .on_text = on_initiated };
	struct own *o = own_of(k);
	struct s3_req req = { .aim = S3_INITIATE, .method = "POST", .key = k->key, .max_body = LIMIT_SMALL_BODY, .n_query = 1,
		.query = { { S("uploads"), S("") } } };
	AUTO(http_resp_done) struct http_resp resp = { 0 };

	o->nameless = true;
	if (s3_do(&o->s->conn, o->s->http, &req, &resp, k->c, e) < 0) {
		o->nameless = o->uncertain = resp.status < 300 || resp.status >= 500;
		return -1;
	}
	if (xml_parse(buf_str(&resp.body), &fns, &o->upload, e) < 0)
		return err_ctx(e, "answer of the store");
	if (o->upload == NULL || o->upload[0] == '\0')
		return err_set(e, EK_CORRUPT, "the store sent no UploadId");
	o->nameless = false;
	return 0;
}

/* The way to end an upload that may not be aborted: it becomes an object, which may be deleted. */
static int
complete_upload(struct check *k, const struct cancel *c, struct err *e)
{
	struct own *o = own_of(k);
	struct s3_req part = { .aim = S3_PART, .method = "PUT", .key = k->key, .body = str_of(k->text),
		.max_body = LIMIT_SMALL_BODY, .n_query = 2, .query = { { S("partNumber"), S("1") },
		{ S("uploadId"), str_of(o->upload) } } };
	AUTO_BUF struct buf doc = BUF_INIT(LIMIT_SMALL_BODY);
	char sum[S3_SUM_MAX] = "";
	enum s3_sum_kind kind = o->s->conn.dialect.sum;
	struct s3_req end = { .aim = S3_COMPLETE, .method = "POST", .key = k->key, .max_body = LIMIT_SMALL_BODY,
		.late_error = true, .n_query = 1, .query = { { S("uploadId"), str_of(o->upload) } } };
	AUTO(http_resp_done) struct http_resp sent = { 0 };
	AUTO(http_resp_done) struct http_resp done = { 0 };
	struct str tag = { 0 };

	if (s3_do(&o->s->conn, o->s->http, &part, &sent, c, e) < 0)
		return -1;
	(void)http_resp_header(&sent, "ETag", &tag);
	buf_putf(&doc, "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Part><PartNumber>1"
		"</PartNumber><ETag>" STR_FMT "</ETag>", STR_ARG(tag));
	if (kind != S3_SUM_NONE) {
		s3_sum(kind, part.body, sum);
		buf_putf(&doc, "<%s>%s</%s>", s3_sum_element(kind), sum, s3_sum_element(kind));
	}
	buf_puts(&doc, "</Part></CompleteMultipartUpload>");
	end.body = buf_str(&doc);
	k->may_exist = true;
	if (s3_do(&o->s->conn, o->s->http, &end, &done, c, e) < 0)
		return -1;
	note_version(o, &done);
	return 0;
}

static int
end_upload(struct check *k, const struct cancel *c, struct err *e)
{
	struct own *o = own_of(k);
	struct err ignored = { 0 };
	int rc = s3_abort_upload(o->s, k->key, str_of(o->upload), c, e);

	if (rc < 0 && complete_upload(k, c, &ignored) < 0)
		LOG_DBG("%s", ignored.msg);
	free(TAKE(o->upload));
	return rc;
}

static int
check_multipart(struct check *k, struct err *e)
{
	if (begin_upload(k, e) < 0)
		return err_ctx(e, "start a multipart upload");
	facts_set(&k->facts, FACT_ACTION, "s3:AbortMultipartUpload");
	if (end_upload(k, k->c, e) < 0)
		return err_ctx(e, "abort a multipart upload");
	buf_puts(&k->detail, "started and aborted");
	return 0;
}

static int
check_conditional(struct check *k, struct err *e)
{
	AUTO(http_resp_done) struct http_resp resp = { 0 };
	struct err why = { 0 };

	if (put_probe(k, true, &resp, &why) == 0) {
		check_warn(k, "ConditionIgnored", "the store takes no notice of If-None-Match: it wrote over an object");
	} else if (resp.status == 412) {
		buf_puts(&k->detail, "If-None-Match is answered 412");
	} else if (resp.status == 501 || is_reason(&why, "NotImplemented")) {
		check_warn(k, "ConditionIgnored", "the store does not know If-None-Match: before creating, it is asked what exists");
	} else {
		own_of(k)->uncertain = resp.status < 300;
		*e = why;
		return -1;
	}
	return 0;
}

/* Takes away the versions that are noted.  On failure some are left. */
static int
delete_versions(struct check *k, const struct cancel *c, struct err *e)
{
	struct own *o = own_of(k);

	while (o->versions.len > 0) {
		if (delete_version(k, &o->versions.at[o->versions.len - 1], c, e) < 0)
			return -1;
		o->versions.len--;
	}
	return 0;
}

static int
check_delete(struct check *k, struct err *e)
{
	struct own *o = own_of(k);
	struct store_info info;
	struct err gone = { 0 }, why = { 0 };
	bool versioned = o->versions.len > 0, written = k->may_exist;

	if (o->undeletable.kind != EK_NONE) {
		*e = o->undeletable;
		return -1;
	}
	if (delete_probe(k, k->c, e) < 0)
		return -1;
	k->may_exist = false;
	/* Without the permission to read it counts as gone: deleting was answered with success. */
	if (store_head(k->st, k->key, &info, k->c, &gone) == 0)
		return err_set(e, EK_CONFLICT, "delete '%s' in %s: the object is still there", k->key, k->st->label);
	if (delete_versions(k, k->c, &why) == 0) {
		buf_putf(&k->detail, "%s%s", written ? "the probe is gone" : "permitted", versioned ? ", with its versions" : "");
		return 0;
	}
	if (why.kind == EK_CANCELED) {
		*e = why;
		return -1;
	}
	buf_puts(&k->detail, "the probe is gone");
	check_warn(k, strcasestr(why.msg, "WORM") != NULL || strcasestr(why.msg, "object lock") != NULL
		|| strcasestr(why.msg, "retention") != NULL || strcasestr(why.msg, "protected") != NULL ? "ProbeRetained" : "ProbeVersions",
		"the bucket is versioned, and an old version of the probe stays: %s", why.msg);
	o->versions.len = 0;
	return 0;
}

static void
end(struct check *k, const struct cancel *c)
{
	struct own *o = own_of(k);
	struct err ignored = { 0 };
	size_t removed;

	if (o->upload != NULL)
		(void)end_upload(k, c, &ignored);        /* nothing better can be done */
	for (unsigned i = 0; i < (o->uncertain ? SETTLE_ROUNDS : 1); i++) {
		if (i > 0)
			clock_sleep_ns(SETTLE_NS << (i - 1));
		if (o->nameless && store_sweep(k->st, k->key, clock_unix_ns() + DAY_NS, &removed, c, &ignored) < 0)
			LOG_DBG("%s", ignored.msg);
		if (k->may_exist && delete_probe(k, c, &ignored) < 0)
			LOG_DBG("%s", ignored.msg);
	}
	if (delete_versions(k, c, &ignored) < 0)
		LOG_DBG("%s", ignored.msg);
	vec_free(&o->versions);
	http_resp_done(&o->resp);
	http_free(o->http);
	free(o);
}

static const struct check_step steps[] = {
	[AT_RESOLVE]     = { "resolve",     check_resolve,     0, false, NULL, 0 },
	[AT_CONNECT]     = { "connect",     check_connect,     BIT(AT_RESOLVE), false, NULL, 0 },
	[AT_TLS]         = { "tls",         check_tls,         BIT(AT_CONNECT), false, NULL, 0 },
	[AT_ENDPOINT]    = { "endpoint",    check_endpoint,    BIT(AT_TLS), false, NULL, 0 },
	[AT_CLOCK]       = { "clock",       check_clock,       BIT(AT_ENDPOINT), false, NULL, 0 },
	[AT_CREDENTIALS] = { "credentials", check_credentials, BIT(AT_ENDPOINT), false, NULL, 0 },
	[AT_BUCKET]      = { "bucket",      check_bucket,      BIT(AT_CREDENTIALS), false, "s3:ListBucket", FACT_BUCKET_ARN },
	[AT_LIST]        = { "list",        check_list,        BIT(AT_BUCKET), false, "s3:ListBucket", FACT_BUCKET_ARN },
	[AT_WRITE]       = { "write",       check_write,       BIT(AT_BUCKET), true, "s3:PutObject", FACT_OBJECT_ARN },
	[AT_READ]        = { "read",        check_read,        BIT(AT_WRITE) | BIT(AT_BUCKET), false, "s3:GetObject",
		FACT_OBJECT_ARN },
	[AT_RANGE]       = { "range",       check_range,       BIT(AT_READ), true, "s3:GetObject", FACT_OBJECT_ARN },
	[AT_MULTIPART]   = { "multipart",   check_multipart,   BIT(AT_WRITE), true, "s3:PutObject", FACT_OBJECT_ARN },
	[AT_CONDITIONAL] = { "conditional", check_conditional, BIT(AT_WRITE), true, "s3:PutObject", FACT_OBJECT_ARN },
	[AT_DELETE]      = { "delete",      check_delete,      BIT(AT_BUCKET), true, "s3:DeleteObject", FACT_OBJECT_ARN },
	[AT_VOLUMES]     = { "volumes",     check_volumes,     BIT(AT_CREDENTIALS), false, NULL, 0, true },
};
const struct checks s3_checks = { steps, COUNT(steps), begin, end };
