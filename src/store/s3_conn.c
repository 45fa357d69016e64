/* The S3 connection: where the bucket is, one signed request, and what its errors mean. */
#include "store/s3_impl.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "data/xml.h"

#include <arpa/inet.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define LOG_MODULE     "s3"
#define DEFAULT_REGION "us-east-1"
#define RETRIES        4
#define REGION_MAX     64
#define SKEW_MAX       (5 * 60 * NS_PER_S)   /* stores allow 15 minutes; a Date is precise to a second */
#define URL_MAX        (64 * KIB)        /* what we compose; keys and tokens are bounded far below */

/*
 * Error codes of the S3 API Reference and of MinIO.  again: the same request may succeed at once (with the server's
 * time, or after somebody else's request has ended).  region: the answer may name the right region.
 */
static const struct code_row {
	const char   *code;
	enum err_kind kind;
	bool          again, region;
	const char   *hint;
} codes[] = {
	{ "NoSuchKey",                    EK_NOTFOUND,    false, false, "" },
	{ "NoSuchUpload",                 EK_NOTFOUND,    false, false, "" },
	{ "NoSuchBucket",                 EK_NOTFOUND,    false, false,
		"create the bucket first, or correct its name" },
	{ "AccessDenied",                 EK_DENIED,      false, false, "this access key lacks the permission" },
	{ "AllAccessDisabled",            EK_DENIED,      false, false, "" },
	{ "AccountProblem",               EK_DENIED,      false, false, "" },
	{ "InvalidAccessKeyId",           EK_DENIED,      false, false,
		"check the access key, and that it is one of this store" },
	{ "SignatureDoesNotMatch",        EK_DENIED,      false, false, "check the secret key" },
	{ "ExpiredToken",                 EK_DENIED,      false, false, "get new temporary credentials" },
	{ "InvalidToken",                 EK_DENIED,      false, false, "get new temporary credentials" },
	{ "InvalidTokenId",               EK_DENIED,      false, false, "check the session token" },
	{ "TokenRefreshRequired",         EK_DENIED,      false, false, "get new temporary credentials" },
	{ "RequestTimeTooSkewed",         EK_DENIED,      true,  false, "set the clock of this machine" },
	{ "PermanentRedirect",            EK_INVALID,     false, true,  "" },
	{ "TemporaryRedirect",            EK_INVALID,     false, true,  "" },
	{ "AuthorizationHeaderMalformed", EK_INVALID,     false, true,  "" },
	{ "IllegalLocationConstraintException", EK_INVALID, false, true, "" },
	{ "InvalidRegion",                EK_INVALID,     false, true,  "" },
	{ "InvalidBucketName",            EK_INVALID,     false, false, "correct the bucket's name" },
	{ "KeyTooLongError",              EK_INVALID,     false, false, "" },
	{ "MethodNotAllowed",             EK_INVALID,     false, false,
		"check that s3Url is the address of an S3 API" },
	{ "NotImplemented",               EK_INVALID,     false, false, "" },
	{ "InvalidRange",                 EK_CORRUPT,     false, false, "the object is shorter than expected" },
	{ "BadDigest",                    EK_CORRUPT,     true,  false, "the data was damaged on its way" },
	{ "XAmzContentSHA256Mismatch",    EK_CORRUPT,     true,  false, "the data was damaged on its way" },
	{ "XAmzContentChecksumMismatch",  EK_CORRUPT,     true,  false, "the data was damaged on its way" },
	{ "InvalidDigest",                EK_CORRUPT,     false, false, "" },
	{ "InvalidStorageClass",          EK_INVALID,     false, false, "correct storageClass" },
	{ "InvalidTag",                   EK_INVALID,     false, false, "correct tagging" },
	{ "InvalidEncryptionAlgorithmError", EK_INVALID,  false, false, "correct serverSideEncryption" },
	{ "InvalidObjectState",           EK_DENIED,      false, false,
		"the object is archived (Glacier): restore it in the store first" },
	{ "ObjectLocked",                 EK_DENIED,      false, false, "" },
	{ "KMS.NotFoundException",        EK_DENIED,      false, false,
		"check kmsKeyId: a key of the bucket's region, as ARN if it is one of another account" },
	{ "KMS.DisabledException",        EK_DENIED,      false, false, "enable the KMS key" },
	{ "KMS.InvalidStateException",    EK_DENIED,      false, false, "enable the KMS key" },
	{ "KMS.KMSInvalidStateException", EK_DENIED,      false, false, "enable the KMS key" },
	{ "kms:KeyNotFound",              EK_DENIED,      false, false, "check kmsKeyId" },
	{ "KMSNotConfigured",             EK_INVALID,     false, false,
		"the store has no KMS: leave serverSideEncryption and kmsKeyId out" },
	{ "PreconditionFailed",           EK_EXISTS,      false, false, "" },
	{ "ConditionalRequestConflict",   EK_CONFLICT,    true,  false, "" },
	{ "OperationAborted",             EK_CONFLICT,    true,  false, "" },
	{ "EntityTooLarge",               EK_LIMIT,       false, false, "" },
	{ "QuotaExceeded",                EK_LIMIT,       false, false, "free space or raise the quota" },
	{ "XMinioAdminBucketQuotaExceeded", EK_LIMIT,     false, false, "free space or raise the quota" },
	{ "XMinioStorageFull",            EK_LIMIT,       false, false, "the disks of the store are full" },
	{ "SlowDown",                     EK_THROTTLED,   false, false, "" },
	{ "SlowDownRead",                 EK_THROTTLED,   false, false, "" },
	{ "SlowDownWrite",                EK_THROTTLED,   false, false, "" },
	{ "TooManyRequests",              EK_THROTTLED,   false, false, "" },
	{ "RequestLimitExceeded",         EK_THROTTLED,   false, false, "" },
	{ "Throttling",                   EK_THROTTLED,   false, false, "" },
	{ "ServiceUnavailable",           EK_UNAVAILABLE, false, false, "" },
	{ "InternalError",                EK_UNAVAILABLE, true,  false, "" },
	{ "XMinioServerNotInitialized",   EK_UNAVAILABLE, false, false, "" },
	{ "RequestTimeout",               EK_TIMEOUT,     true,  false, "" },
};

static const struct code_row *
code_row(const char *code)
{
	for (size_t i = 0; i < COUNT(codes); i++)
		if (strcmp(codes[i].code, code) == 0)
			return &codes[i];
	return NULL;
}

static int
choose_region(struct s3_conn *s, const struct store_place *place, struct err *e)
{
	const char *from_env = getenv("AWS_REGION");

	if (!from_env || !*from_env)
		from_env = getenv("AWS_DEFAULT_REGION");
	s->region_said = place->region ? xstrdup(place->region) : NULL;
	s->ask_region = !place->region && !place->s3_url;        /* as Velero does */
	s->region = xstrdup(place->region ? place->region : from_env && *from_env ? from_env : DEFAULT_REGION);
	if (sigv4_is_region(str_of(s->region)))
		return 0;
	return err_set(e, EK_INVALID, "'%.80s' is not a region%s", s->region,
		place->region ? "" : " (from AWS_REGION or AWS_DEFAULT_REGION)");
}

static bool
only_chars(struct str s, const char *set)
{
	for (size_t i = 0; i < s.len; i++)
		if (!s.p[i] || !strchr(set, s.p[i]))
			return false;
	return true;
}

#define ALNUM "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

/* A default port is left out, as libcurl does in the Host header, which is signed. */
static int
parse_endpoint(const char *name, const char *url, bool *tls, char **to_host, char **to_base, struct err *e)
{
	struct str rest = str_of(url), host, base;
	struct str port;

	*tls = str_starts(rest, S("https://"));
	if (!*tls && !str_starts(rest, S("http://")))
		return err_set(e, EK_INVALID, "%s must start with http:// or https://", name);
	rest = str_sub(rest, *tls ? 8 : 7, rest.len);
	host = str_sub(rest, 0, str_chr(rest, '/'));
	base = str_sub(rest, host.len, rest.len);
	if (str_chr(host, '@') < host.len)
		return err_set(e, EK_INVALID, "%s must not contain a user name or password", name);
	while (base.len && base.p[base.len - 1] == '/')
		base.len--;
	port = *tls ? S(":443") : S(":80");
	if (str_ends(host, port))
		host.len -= port.len;
	if (!host.len || host.p[0] == ':' || !only_chars(host, ALNUM "-._:[]") || !only_chars(base, ALNUM "-._~/"))
		return err_set(e, EK_INVALID, "%s is not of the form https://HOST[:PORT][/PATH]", name);
	*to_host = str_dup(host);
	*to_base = str_dup(base);
	return 0;
}

static bool
is_address(const char *host)
{
	AUTO_FREE char *name = xstrndup(host, strcspn(host, ":"));
	struct in_addr v4;

	return host[0] == '[' || inet_pton(AF_INET, name, &v4) == 1;
}

/* "bucket.host" needs a bucket that is a DNS name, a host that is one, and a certificate for exactly one label. */
static bool
needs_path_style(const struct s3_conn *s)
{
	struct str bucket = str_of(s->bucket);

	return (s->host && is_address(s->host)) || !only_chars(bucket, "abcdefghijklmnopqrstuvwxyz0123456789-.") ||
		(s->tls && str_chr(bucket, '.') < bucket.len);
}

/* As in AWS's own tools: another address of what is AWS otherwise. */
static const char *
aws_endpoint(void)
{
	static const char *const names[] = { "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL" };

	for (size_t i = 0; i < COUNT(names); i++) {
		const char *v = getenv(names[i]);

		if (v && *v)
			return v;
	}
	return NULL;
}

static struct creds_source *
open_creds(const struct s3_conn *s, const struct store_place *place, struct err *e)
{
	struct creds_conf conf = {
		.file = place->credentials_file,
		.profile = place->profile,
		.role_arn = place->role_arn,
		.external_id = place->external_id,
		.region = s->region_said,
		.ca_file = s->ca_file,
		.imds_v1 = place->imds_v1,
	};

	return creds_source_new(&conf, e);
}

int
s3_conn_init(struct s3_conn *s, const struct store_place *place, bool anyhow, struct err *e)
{
	const char *endpoint = place->s3_url ? place->s3_url : aws_endpoint();
	const char *public = place->public_url;

	if (choose_region(s, place, e) < 0)
		return -1;
	s->aws = place->s3_url == NULL;
	s->tls = endpoint == NULL;
	if (endpoint && parse_endpoint(place->s3_url ? "s3Url" : "AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL", endpoint, &s->tls,
	    &s->host, &s->base, e) < 0)
		return -1;
	if (public && parse_endpoint("publicUrl", public, &s->public.tls, &s->public.host, &s->public.base, e) < 0)
		return -1;
	if (s3_dialect_init(&s->dialect, place, s->tls, e) < 0)
		return -1;
	s->ca_pem.max = LIMIT_PEM;
	if (place->ca_cert && b64_decode(&s->ca_pem, str_of(place->ca_cert), e) < 0)
		return -1;
	s->bucket = xstrdup(place->bucket);
	s->prefix = xasprintf("%s%s", place->prefix, *place->prefix ? "/" : "");
	s->path_style = place->path_style || needs_path_style(s);
	s->ca_file = place->ca_file ? xstrdup(place->ca_file) : NULL;
	s->http = (struct http_conf){
		.user_agent = "orlop/" PACKAGE_VERSION,
		.ca_file = s->ca_file,
		.ca_pem = buf_str(&s->ca_pem),
		.insecure = place->insecure,
		.max_connections = S3_WINDOW,
		.retries = RETRIES,
	};
	s->creds = open_creds(s, place, &s->no_creds);
	if (s->creds || anyhow)
		return 0;
	*e = s->no_creds;
	return -1;
}

void
s3_conn_done(struct s3_conn *s)
{
	creds_source_free(s->creds);
	free(s->bucket);
	free(s->prefix);
	free(s->region);
	free(s->region_said);
	free(s->host);
	free(s->base);
	free(s->public.host);
	free(s->public.base);
	free(s->ca_file);
	buf_free(&s->ca_pem);
	s3_dialect_done(&s->dialect);
	*s = (struct s3_conn){ 0 };
}

static void
put_host(const struct s3_conn *s, struct buf *out)
{
	if (!s->path_style)
		buf_putf(out, "%s.", s->bucket);
	if (!s->host)
		buf_putf(out, "s3.%s.amazonaws.com%s", s->region,
			str_starts(str_of(s->region), S("cn-")) ? ".cn" : "");
	else
		buf_puts(out, s->host);
}

char *
s3_conn_endpoint(const struct s3_conn *s)
{
	struct buf b = BUF_INIT(URL_MAX);

	buf_puts(&b, s->tls ? "https://" : "http://");
	put_host(s, &b);
	return buf_take(&b, NULL);
}

int
s3_conn_creds(const struct s3_conn *s, const char *refused, struct creds *out, const struct cancel *c, struct err *e)
{
	if (s->creds)
		return creds_take(s->creds, refused, out, c, e);
	*e = s->no_creds;
	return -1;
}

void
s3_conn_path(const struct s3_conn *s, bool path_style, const char *base, const char *key, struct buf *out)
{
	buf_puts(out, base ? base : "");
	if (path_style)
		buf_putf(out, "/%s", s->bucket);
	if (key || !path_style)
		buf_putc(out, '/');
	if (key) {
		http_escape(out, str_of(s->prefix), true);
		http_escape(out, str_of(key), true);
	}
}

/* One request on its way: what stays the same in all attempts. */
struct exchange {
	const struct s3_conn *s;
	const struct s3_req  *r;
	struct http          *h;
	const struct cancel  *c;
	char                 *access_key;    /* that the last attempt was signed with */
	bool                  unsigned_;     /* there are no credentials: nothing was sent */
	struct buf            host, path, url;
	char                  body_hash[SHA256_HEX];
	struct s3_lines       lines;
};

static void
exchange_done(struct exchange *x)
{
	free(x->access_key);
	buf_free(&x->host);
	buf_free(&x->path);
	buf_free(&x->url);
}

static int
exchange_init(struct exchange *x, struct err *e)
{
	const struct s3_conn *s = x->s;
	uint8_t digest[SHA256_LEN];

	if (x->r->key && strlen(s->prefix) + strlen(x->r->key) > STORE_KEY_MAX)
		return err_set(e, EK_INVALID, "with its prefix the key is longer than %d bytes", STORE_KEY_MAX);
	x->host.max = x->path.max = x->url.max = URL_MAX;
	put_host(s, &x->host);
	s3_conn_path(s, s->path_style, s->base, x->r->key, &x->path);
	buf_putf(&x->url, "%s://%s%s", s->tls ? "https" : "http", buf_cstr(&x->host), buf_cstr(&x->path));
	if (x->r->n_query) {
		buf_putc(&x->url, '?');
		sigv4_query(x->r->query, x->r->n_query, &x->url);
	}
	sha256(x->r->body.p, x->r->body.len, digest);
	(void)hex_encode(x->body_hash, digest, sizeof digest);
	s3_dialect_lines(&s->dialect, x->r, atomic_load(&s->needs_md5), &x->lines);
	return 0;
}

/* Runs before each attempt: a signature is good for minutes only. */
static int
sign(void *ctx, struct http_call *call, bool again, struct err *e)
{
	struct exchange *x = ctx;
	const struct s3_conn *s = x->s;
	AUTO(creds_done) struct creds creds = { 0 };
	AUTO_BUF struct buf authorization = BUF_INIT(URL_MAX);
	int64_t now = clock_unix_ns() + http_clock_skew_ns(x->h);
	char date[CLOCK_TEXT_MAX];

	if (again)
		return 1;
	if (s3_conn_creds(s, NULL, &creds, x->c, e) < 0) {
		x->unsigned_ = true;
		return -1;
	}
	free(x->access_key);
	x->access_key = xstrdup(creds.access_key);
	struct sigv4_pair headers[4 + S3_LINES_MAX] = {
		{ S("host"), buf_str(&x->host) },
		{ S("x-amz-content-sha256"), str_of(x->body_hash) },
		{ S("x-amz-date"), str_of(clock_amz(date, now)) },
		{ S("x-amz-security-token"), secret_get(creds.token) },
	};
	struct sigv4_req to_sign = {
		.method = x->r->method,
		.region = s->region,
		.service = "s3",
		.path = buf_str(&x->path),
		.query = x->r->query,
		.n_query = x->r->n_query,
		.headers = headers,
		.n_headers = creds.token ? 4 : 3,
		.payload_hash = x->body_hash,
	};

	for (size_t i = 0; i < x->lines.n; i++)
		headers[to_sign.n_headers++] = x->lines.at[i];
	sigv4_sign(&to_sign, &creds, now, &authorization);
	for (size_t i = 1; i < to_sign.n_headers; i++)   /* the host is sent by libcurl */
		http_call_field(call, headers[i].name.p, headers[i].value);
	http_call_field(call, "Authorization", buf_str(&authorization));
	return 0;
}

static int
to_sink(void *ctx, const void *p, size_t n, struct err *e)
{
	const struct exchange *x = ctx;

	return x->r->sink(x->r->ctx, p, n, e);
}

/* The error document: <Error><Code>..</Code><Message>..</Message><Region>..</Region>...</Error> */
struct s3_error {
	char code[sizeof((struct err *)0)->reason];
	char message[200];
	char region[REGION_MAX];
};

static int
on_error_text(void *ctx, const char *path, struct str text, struct err *e)
{
	struct s3_error *x = ctx;

	(void)e;
	if (strcmp(path, "Error/Code") == 0)
		str_copy(x->code, sizeof x->code, text);
	else if (strcmp(path, "Error/Message") == 0)
		str_copy(x->message, sizeof x->message, text);
	else if (strcmp(path, "Error/Region") == 0)
		str_copy(x->region, sizeof x->region, text);
	return 0;
}

/* What an answer says about its failure; code is empty when it is not in S3's form. */
static struct s3_error
read_error(const struct http_resp *resp)
{
	static const struct xml_fns fns = { .on_text = on_error_text };
	struct s3_error x = { 0 };
	struct err ignored = { 0 };
	struct str region;

	if (resp->body.len && xml_parse(buf_str(&resp->body), &fns, &x, &ignored) < 0)
		LOG_DBG("error document: %s", ignored.msg);
	if (http_resp_header(resp, "x-amz-bucket-region", &region))
		str_copy(x.region, sizeof x.region, region);
	return x;
}

/* Stores that know no checksums name the header that they do not want. */
static bool
is_about_checksums(const struct s3_conn *s, const struct http_resp *resp, const struct s3_error *x)
{
	return s->dialect.sum != S3_SUM_NONE && (resp->status == 400 || resp->status == 501) &&
		strstr(x->message, "x-amz-checksum") != NULL;
}

/*
 * Puts the error document's words in the place of the plain status in e.  The region that the request should have
 * gone to is left in x->region, "" if the failure has nothing to do with it.
 */
static void
explain(const struct s3_conn *s, const struct http_resp *resp, struct s3_error *x, struct err *e)
{
	const struct code_row *row = code_row(x->code);
	/* An answer to HEAD has no body: the header is all there is. */
	bool about_region = row ? row->region : !*x->code && (resp->status == 301 || resp->status == 400);
	const char *hint = is_about_checksums(s, resp, x) ? "set checksumAlgorithm to nothing: the store knows no checksums"
		: row ? row->hint : "";
	int64_t retry_after = 0;

	if (!about_region || !sigv4_is_region(str_of(x->region)) || strcmp(x->region, s->region) == 0)
		x->region[0] = '\0';
	if (resp->status >= 400)
		retry_after = e->retry_after_ns;
	else
		(void)err_set(e, row ? row->kind : EK_INVALID, "unexpected answer %d; check s3Url", resp->status);
	if (*x->code) {
		(void)err_set(e, row ? row->kind : e->kind, "%s (%d %s)%s%s", *x->message ? x->message : "refused",
			resp->status, x->code, *hint ? "; " : "", hint);
		(void)snprintf(e->reason, sizeof e->reason, "%s", x->code);
		e->retry_after_ns = retry_after;
	}
	e->http = resp->status;
	if (*x->region) {
		struct err whole = *e;

		(void)err_set(e, EK_INVALID, "the bucket is in region '%s', not in '%s'; set region=%s (%s)", x->region,
			s->region, x->region, whole.msg);
		e->http = whole.http;
		memcpy(e->reason, whole.reason, sizeof e->reason);
	}
}

static struct http_req
http_req_of(struct exchange *x)
{
	const struct s3_req *r = x->r;

	return (struct http_req){
		.method = r->method,
		.url = buf_cstr(&x->url),
		.headers = r->headers,
		.body = r->body,
		.idempotent = !r->once,
		.max_body = r->max_body,
		.prepare = sign,
		.sink = r->sink ? to_sink : NULL,
		.ctx = x,
	};
}

/* What an exchange that ended with rc has come to.  On failure *x tells what the answer said, if there was one. */
static int
judge(const struct exchange *ex, int rc, const struct http_resp *resp, struct s3_error *x, struct err *e)
{
	LOG_DBG("%s %s: %d, %zu bytes out, %llu in", ex->r->method, buf_cstr(&ex->path), resp->status, ex->r->body.len,
		(unsigned long long)resp->bytes);
	if (rc < 0 && (resp->status < 400 || ex->unsigned_))      /* not an answer of the store: transport, limit, cancel, sink */
		return -1;
	if (rc == 0 && resp->status < 300 && !ex->r->late_error)
		return 0;
	*x = read_error(resp);
	if (rc == 0 && resp->status < 300 && !*x->code)
		return 0;
	explain(ex->s, resp, x, e);
	return -1;
}

/* *access_key is replaced by the one that was used. */
static int
send_once(struct s3_conn *s, struct http *h, const struct s3_req *r, struct http_resp *resp, struct s3_error *x,
	char **access_key, const struct cancel *c, struct err *e)
{
	AUTO(exchange_done) struct exchange ex = { .s = s, .r = r, .h = h, .c = c };
	struct http_req req;
	int rc;

	*x = (struct s3_error){ 0 };
	if (exchange_init(&ex, e) < 0)
		return -1;
	req = http_req_of(&ex);
	rc = judge(&ex, http_do(h, &req, resp, c, e), resp, x, e);
	free(*access_key);
	*access_key = TAKE(ex.access_key);
	return rc;
}

/*
 * Are the credentials themselves refused, and not what was to be done with them?  An answer to HEAD has no words; a 400
 * with a session token is about that, because nothing else in a HEAD can be wrong.
 */
static bool
creds_refused(const struct s3_req *r, const struct s3_error *x, const struct http_resp *resp)
{
	static const char *const words[] = { "ExpiredToken", "InvalidToken", "InvalidTokenId", "TokenRefreshRequired",
		"InvalidAccessKeyId", "InvalidClientTokenId" };

	for (size_t i = 0; i < COUNT(words); i++)
		if (strcmp(x->code, words[i]) == 0)
			return true;
	return !*x->code && !*x->region && resp->status == 400 && strcmp(r->method, "HEAD") == 0;
}

/* 0: there are other credentials now; 1: there are none. */
static int
other_creds(const struct s3_conn *s, const char *access_key, const struct cancel *c, struct err *e)
{
	AUTO(creds_done) struct creds creds = { 0 };

	return access_key ? s3_conn_creds(s, access_key, &creds, c, e) : 1;
}

/* A refused HEAD does not say why; the clock was it, if the answer's Date is far from what was signed. */
static bool
was_skewed(const struct http *h, int64_t signed_skew_ns, const struct http_resp *resp)
{
	int64_t off = http_clock_skew_ns(h) - signed_skew_ns;

	return resp->status == 403 && (off > SKEW_MAX || off < -SKEW_MAX);
}

/* Any answer to HEAD tells where the bucket is, also a refusal. */
int
s3_conn_ready(struct s3_conn *s, struct http *h, const struct cancel *c, struct err *e)
{
	struct s3_req req = { .method = "HEAD" };
	AUTO(http_resp_done) struct http_resp resp = { 0 };
	AUTO_FREE char *access_key = NULL;
	struct err why = { 0 };
	struct s3_error x;
	struct str region;

	if (!s->ask_region)
		return 0;
	if (send_once(s, h, &req, &resp, &x, &access_key, c, &why) < 0 && resp.status == 0) {
		*e = why;
		return -1;
	}
	s->ask_region = false;
	if (http_resp_header(&resp, "x-amz-bucket-region", &region) && sigv4_is_region(region)) {
		free(s->region);
		s->region = str_dup(region);
	}
	return 0;
}

/* A bucket with object lock takes an object only with a checksum of the older or newer kind (S3 User Guide). */
static bool
wants_md5(const struct s3_error *x, const struct http_resp *resp)
{
	return resp->status == 400 && strstr(x->message, "Content-MD5") != NULL;
}

int
s3_do(struct s3_conn *s, struct http *h, const struct s3_req *r, struct http_resp *resp, const struct cancel *c,
	struct err *e)
{
	bool moved = false, repeated = false, renewed = false;
	AUTO_FREE char *access_key = NULL;
	struct err why = { 0 };
	struct s3_error x;

	if (s3_conn_ready(s, h, c, e) < 0)
		return -1;
	for (;;) {
		const struct code_row *row;
		int64_t skew_ns = http_clock_skew_ns(h);

		if (send_once(s, h, r, resp, &x, &access_key, c, &why) == 0)
			return 0;
		row = code_row(x.code);
		if (!moved && *x.region) {
			moved = true;
			free(s->region);
			s->region = xstrdup(x.region);
		} else if (wants_md5(&x, resp) && !atomic_exchange(&s->needs_md5, true)) {
			LOG_DBG("the bucket wants a Content-MD5");
		} else if (!repeated && ((row && row->again && resp->status < 500) || was_skewed(h, skew_ns, resp))) {
			repeated = true;
		} else if (!renewed && creds_refused(r, &x, resp)) {
			int rc = other_creds(s, access_key, c, &why);

			renewed = true;
			if (rc != 0) {
				*e = why;
				return -1;
			}
		} else {
			*e = why;
			return -1;
		}
		LOG_DBG("again after %s, region %s", x.code, s->region);
		http_resp_done(resp);
		*resp = (struct http_resp){ 0 };
	}
}

/* --- a window of requests --- */

struct s3_call {
	struct s3_req     req;
	struct exchange   ex;
	struct http_call *call;
	void             *tag;
};

struct s3_call *
s3_call_start(const struct s3_conn *s, struct http *h, const struct s3_req *r, void *tag, const struct cancel *c,
	struct err *e)
{
	struct s3_call *call = xcalloc(1, sizeof *call);
	struct http_req req;

	call->req = *r;
	call->ex = (struct exchange){ .s = s, .r = &call->req, .h = h, .c = c };
	call->tag = tag;
	if (exchange_init(&call->ex, e) < 0) {
		s3_call_free(call);
		return NULL;
	}
	req = http_req_of(&call->ex);
	call->call = http_start(h, &req, call);
	return call;
}

struct s3_call *
s3_call_next(struct http *h, const struct cancel *c, struct err *e)
{
	struct http_call *call = http_next(h, c, e);

	return call != NULL ? http_call_tag(call) : NULL;
}

int
s3_call_result(const struct s3_call *call, struct err *e)
{
	const struct http_resp *resp = http_call_resp(call->call);
	struct s3_error x;
	struct err why = { 0 };
	int rc = http_call_result(call->call, &why);

	if (rc == 0 && resp->status == 304)
		return 0;
	if (judge(&call->ex, rc, resp, &x, &why) == 0)
		return 0;
	*e = why;
	return -1;
}

const struct http_resp *
s3_call_resp(const struct s3_call *call)
{
	return http_call_resp(call->call);
}

void *
s3_call_tag(const struct s3_call *call)
{
	return call->tag;
}

void
s3_call_free(struct s3_call *call)
{
	if (call == NULL)
		return;
	http_call_free(call->call);
	exchange_done(&call->ex);
	free(call);
}
