/* The Security Token Service: one signed POST, XML back. */
#include "aws/sts.h"

#include "aws/creds_impl.h"
#include "aws/sigv4.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "data/xml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOG_MODULE      "aws"
#define API_VERSION     "2011-06-15"
#define FORM            "application/x-www-form-urlencoded; charset=utf-8"
#define CALL_TIMEOUT_NS (30 * NS_PER_S)
#define CALLER_WITHIN   (5 * NS_PER_S)
#define BODY_MAX        (256 * KIB)
#define URL_MAX         (8 * KIB)
#define ARN_SHOWN       150

/* again: the same request may succeed at once. */
static const struct code_row {
	const char   *code;
	enum err_kind kind;
	bool          again;
	const char   *hint;
} codes[] = {
	{ "AccessDenied",              EK_DENIED,      false, "" },
	{ "AccessDeniedException",     EK_DENIED,      false, "" },
	{ "InvalidClientTokenId",      EK_DENIED,      false, "check the access key" },
	{ "InvalidAccessKeyId",        EK_DENIED,      false, "check the access key" },
	{ "UnrecognizedClientException", EK_DENIED,    false, "check the access key" },
	{ "SignatureDoesNotMatch",     EK_DENIED,      false, "check the secret key" },
	{ "IncompleteSignature",       EK_DENIED,      false, "check the secret key" },
	{ "RequestExpired",            EK_DENIED,      false, "set the clock of this machine" },
	{ "ExpiredToken",              EK_DENIED,      false, "get new temporary credentials" },
	{ "ExpiredTokenException",     EK_DENIED,      false, "the token has expired; check what writes the token's file" },
	{ "InvalidIdentityToken",      EK_DENIED,      false,
		"check that IAM has an OIDC provider for the cluster's issuer, with audience sts.amazonaws.com" },
	{ "IDPRejectedClaim",          EK_DENIED,      false, "check the trust policy's conditions on the token" },
	{ "IDPCommunicationError",     EK_UNAVAILABLE, true,  "AWS cannot reach the cluster's OIDC issuer" },
	{ "RegionDisabledException",   EK_DENIED,      false, "turn STS on in this region, or name another region" },
	{ "ValidationError",           EK_INVALID,     false, "check the role's ARN, External ID, and duration" },
	{ "InvalidParameterValue",     EK_INVALID,     false, "check the role's ARN, External ID, and duration" },
	{ "MalformedPolicyDocument",   EK_INVALID,     false, "" },
	{ "Throttling",                EK_THROTTLED,   true,  "" },
	{ "ThrottlingException",       EK_THROTTLED,   true,  "" },
	{ "ServiceUnavailable",        EK_UNAVAILABLE, true,  "" },
	{ "InternalFailure",           EK_UNAVAILABLE, true,  "" },
};

static const struct code_row *
code_row(const char *code)
{
	for (size_t i = 0; i < COUNT(codes); i++)
		if (strcmp(codes[i].code, code) == 0)
			return &codes[i];
	return NULL;
}

/* --- the endpoint --- */

struct endpoint { struct buf url, host, path; };

static void
endpoint_done(struct endpoint *p)
{
	buf_free(&p->url);
	buf_free(&p->host);
	buf_free(&p->path);
}

static int
endpoint_set(struct endpoint *p, struct str url, const char *from, struct err *e)
{
	bool tls = str_starts(url, S("https://"));
	struct str rest = str_sub(url, tls ? 8 : 7, url.len), host, path;

	host = str_sub(rest, 0, str_chr(rest, '/'));
	path = str_sub(rest, host.len, rest.len);
	if ((!tls && !str_starts(url, S("http://"))) || !host.len || !creds_header_safe(url) || url.len > URL_MAX / 2 ||
	    str_chr(rest, '@') < rest.len || str_chr(rest, '?') < rest.len)
		return err_set(e, EK_INVALID, "%s is not of the form https://HOST[:PORT]", from);
	buf_put_str(&p->url, url);
	if (!path.len)
		buf_putc(&p->url, '/');
	buf_put_str(&p->path, path.len ? path : S("/"));
	if (str_ends(host, tls ? S(":443") : S(":80")))          /* as libcurl does in the Host header, which is signed */
		host.len -= tls ? 4 : 3;
	buf_put_str(&p->host, host);
	return 0;
}

static int
endpoint_init(struct endpoint *p, const char *region, struct err *e)
{
	static const char *const variables[] = { "AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL" };
	AUTO_FREE char *url = NULL;

	*p = (struct endpoint){ BUF_INIT(URL_MAX), BUF_INIT(URL_MAX), BUF_INIT(URL_MAX) };
	for (size_t i = 0; i < COUNT(variables); i++)
		if (creds_env(variables[i]))
			return endpoint_set(p, str_of(creds_env(variables[i])), variables[i], e);
	if (!sigv4_is_region(str_of(region)))
		return err_set(e, EK_INVALID, "'%.80s' is not a region, which STS needs", region);
	url = xasprintf("https://sts.%s.amazonaws.com%s", region, str_starts(str_of(region), S("cn-")) ? ".cn" : "");
	return endpoint_set(p, str_of(url), "the address of STS", e);
}

/* --- one call --- */

enum { ACCESS_KEY, SECRET_KEY, TOKEN, KEPT_COUNT_ };
struct answer {
	struct secret *kept[KEPT_COUNT_];
	int64_t        expires_unix_ns;
	char           caller[256];
	char           code[sizeof((struct err *)0)->reason];
	char           message[200];
};

static void
answer_done(struct answer *a)
{
	for (size_t i = 0; i < COUNT(a->kept); i++)
		secret_free(a->kept[i]);
	*a = (struct answer){ 0 };
}

static int
on_text(void *ctx, const char *path, struct str text, struct err *e)
{
	static const char *const kept[] = {
		[ACCESS_KEY] = "/Credentials/AccessKeyId",
		[SECRET_KEY] = "/Credentials/SecretAccessKey",
		[TOKEN]      = "/Credentials/SessionToken",
	};
	struct answer *a = ctx;
	struct str at = str_of(path);

	for (size_t i = 0; i < COUNT(kept); i++)
		if (str_ends(at, str_of(kept[i])) && !a->kept[i])
			a->kept[i] = secret_new(text);
	if (str_ends(at, S("/Credentials/Expiration")) && !clock_parse_rfc3339(text, &a->expires_unix_ns))
		return err_set(e, EK_CORRUPT, "the answer's Expiration is not a time");
	if (str_ends(at, S("/GetCallerIdentityResult/Arn")))
		str_copy(a->caller, sizeof a->caller, text);
	else if (str_ends(at, S("Error/Code")))
		str_copy(a->code, sizeof a->code, text);
	else if (str_ends(at, S("Error/Message")))
		str_copy(a->message, sizeof a->message, text);
	return 0;
}

struct request {
	const struct sts   *s;
	const struct creds *with;                /* NULL: not signed */
	struct endpoint     endpoint;
	struct buf          body, answer;
	char                hash[SHA256_HEX];
	int64_t             skew_ns;             /* that the last attempt was signed with */
};

static void
request_done(struct request *r)
{
	endpoint_done(&r->endpoint);
	buf_wipe(&r->body);
	buf_wipe(&r->answer);
}

static int
sign(void *ctx, struct http_call *call, bool again, struct err *e)
{
	struct request *r = ctx;
	AUTO_BUF struct buf authorization = BUF_INIT(URL_MAX);
	char date[CLOCK_TEXT_MAX];
	int64_t now;

	(void)e;
	if (again)
		return 1;
	buf_cut(&r->answer, 0);
	r->skew_ns = http_clock_skew_ns(r->s->http);
	now = clock_unix_ns() + r->skew_ns;
	struct sigv4_pair headers[] = {
		{ S("content-type"), S(FORM) },
		{ S("host"), buf_str(&r->endpoint.host) },
		{ S("x-amz-date"), str_of(clock_amz(date, now)) },
		{ S("x-amz-security-token"), secret_get(r->with->token) },
	};
	struct sigv4_req to_sign = {
		.method = "POST",
		.region = r->s->region,
		.service = "sts",
		.path = buf_str(&r->endpoint.path),
		.headers = headers,
		.n_headers = COUNT(headers) - (r->with->token ? 0 : 1),
		.payload_hash = r->hash,
		.double_encode_path = true,
	};

	sigv4_sign(&to_sign, r->with, now, &authorization);
	for (size_t i = 2; i < to_sign.n_headers; i++)
		http_call_field(call, headers[i].name.p, headers[i].value);
	http_call_field(call, "Authorization", buf_str(&authorization));
	return 0;
}

/* What an answer of >= 400 says, in STS's words where it speaks like STS. */
static void
explain(const struct http_resp *resp, struct answer *a, struct err *e)
{
	static const struct xml_fns fns = { .on_text = on_text };
	struct err ignored = { 0 };
	const struct code_row *row;
	int64_t retry_after = e->retry_after_ns;

	if (xml_parse(buf_str(&resp->body), &fns, a, &ignored) < 0 || !*a->code) {
		(void)err_ctx(e, "it does not answer as STS does; check AWS_ENDPOINT_URL_STS and what stands between");
		return;
	}
	row = code_row(a->code);
	(void)err_set(e, row ? row->kind : e->kind, "%.80s (%d %s)%s%s", *a->message ? a->message : "refused",
		resp->status, a->code, row && *row->hint ? "; " : "", row ? row->hint : "");
	e->http = resp->status;
	e->retry_after_ns = retry_after;
	memcpy(e->reason, a->code, sizeof e->reason);
}

static int
keep(void *ctx, const void *p, size_t n, struct err *e)
{
	struct request *r = ctx;

	return buf_add(&r->answer, p, n, e);
}

static int
send_once(struct request *r, struct answer *a, const struct cancel *c, struct err *e)
{
	static const struct xml_fns fns = { .on_text = on_text };
	static const char *const lines[] = { "Content-Type: " FORM, "Accept: application/xml", NULL };
	AUTO(http_resp_done) struct http_resp resp = { 0 };
	struct http_req req = { .method = "POST", .url = buf_cstr(&r->endpoint.url), .headers = lines,
		.body = buf_str(&r->body), .idempotent = true, .timeout_ns = CALL_TIMEOUT_NS,
		.prepare = r->with ? sign : NULL, .sink = keep, .ctx = r };

	buf_cut(&r->answer, 0);
	if (http_do(r->s->http, &req, &resp, c, e) == 0)
		return xml_parse(buf_str(&r->answer), &fns, a, e);
	if (resp.status >= 400)
		explain(&resp, a, e);
	return -1;
}

/* A signature that was refused because of the time in it is made again with the server's. */
static bool
was_skewed(const struct request *r, const struct err *e)
{
	int64_t off = http_clock_skew_ns(r->s->http) - r->skew_ns;

	return r->with && e->http >= 400 && e->http < 500 && (off > CREDS_SKEW_MAX || off < -CREDS_SKEW_MAX);
}

/* with NULL: not signed. */
static int
call(const struct sts *s, const struct creds *with, struct request *r, struct answer *a, const struct cancel *c,
	struct err *e)
{
	uint8_t digest[SHA256_LEN];
	struct err why = { 0 };
	bool repeated = false;

	r->s = s;
	r->with = with;
	r->skew_ns = http_clock_skew_ns(s->http);
	r->answer.max = CREDS_ANSWER_MAX;
	if (endpoint_init(&r->endpoint, s->region, e) < 0 || !buf_room(&r->answer, CREDS_ANSWER, e))
		return -1;
	sha256(r->body.p, r->body.len, digest);
	(void)hex_encode(r->hash, digest, sizeof digest);
	for (;;) {
		const struct code_row *row;

		if (send_once(r, a, c, &why) == 0)
			return 0;
		row = code_row(a->code);
		if (repeated || !(was_skewed(r, &why) || (row && row->again)))
			break;
		LOG_DBG("STS again after %s", why.reason);
		repeated = true;
		answer_done(a);
		why = (struct err){ 0 };
	}
	*e = why;
	return -1;
}

static void
add_field(struct buf *body, const char *name, struct str value)
{
	if (body->len)
		buf_putc(body, '&');
	buf_putf(body, "%s=", name);
	http_escape(body, value, false);
}

/* The room for all of it at once: growing would leave copies of a token behind. */
static int
begin_body(struct request *r, const char *action, struct err *e)
{
	r->body.max = BODY_MAX;
	if (!buf_room(&r->body, BODY_MAX, e))
		return -1;
	add_field(&r->body, "Action", str_of(action));
	add_field(&r->body, "Version", S(API_VERSION));
	return 0;
}

static void
add_role(struct request *r, const struct sts_role *role)
{
	char number[16];

	add_field(&r->body, "RoleArn", str_of(role->arn));
	add_field(&r->body, "RoleSessionName", str_of(role->session_name));
	if (role->external_id)
		add_field(&r->body, "ExternalId", str_of(role->external_id));
	if (role->duration_s) {
		(void)snprintf(number, sizeof number, "%u", role->duration_s);
		add_field(&r->body, "DurationSeconds", str_of(number));
	}
}

static int
take_set(const struct sts *s, const struct answer *a, const char *source, struct creds *out, struct err *e)
{
	struct str access = secret_get(a->kept[ACCESS_KEY]), secret = secret_get(a->kept[SECRET_KEY]);

	if (!access.len || !secret.len)
		return err_set(e, EK_CORRUPT, "the answer has no credentials; check AWS_ENDPOINT_URL_STS and what stands between");
	creds_set(out, access, secret, secret_get(a->kept[TOKEN]), source);
	if (a->expires_unix_ns)
		out->expires_unix_ns = creds_our_time(a->expires_unix_ns, http_clock_skew_ns(s->http));
	return 0;
}

static bool
is_denied(const struct err *e)
{
	return strncmp(e->reason, "AccessDenied", sizeof "AccessDenied" - 1) == 0;
}

/* The service says the same for all causes. */
static int
role_denied(const struct sts *s, const struct creds *with, const struct sts_role *role, const struct cancel *c,
	struct err *e)
{
	struct cancel within = { .up = c, .deadline_mono_ns = clock_mono_ns() + CALLER_WITHIN };
	struct err ignored = { 0 }, why = *e;
	AUTO_FREE char *caller = sts_caller(s, with, &within, &ignored);

	(void)err_set(e, EK_DENIED, "role %.*s cannot be assumed by %.*s (%d %s); %s", ARN_SHOWN, role->arn, ARN_SHOWN,
		caller ? caller : with->source, why.http, why.reason, role->external_id ?
		"let its trust policy allow this caller, and compare the External ID given with its sts:ExternalId" :
		"let its trust policy allow this caller; if it asks for an External ID (sts:ExternalId), set externalId");
	e->http = why.http;
	memcpy(e->reason, why.reason, sizeof e->reason);
	return -1;
}

int
sts_assume_role(const struct sts *s, const struct creds *with, const struct sts_role *role, struct creds *out,
	const struct cancel *c, struct err *e)
{
	AUTO(request_done) struct request r = { 0 };
	AUTO(answer_done) struct answer a = { 0 };

	if (begin_body(&r, "AssumeRole", e) < 0)
		return -1;
	add_role(&r, role);
	if (call(s, with, &r, &a, c, e) == 0 && take_set(s, &a, "role", out, e) == 0)
		return 0;
	if (is_denied(e))
		return role_denied(s, with, role, c, e);
	return err_ctx(e, "role %.*s, assumed with %s", ARN_SHOWN, role->arn, with->source);
}

int
sts_assume_role_with_web_identity(const struct sts *s, struct str token, const struct sts_role *role, struct creds *out,
	const struct cancel *c, struct err *e)
{
	AUTO(request_done) struct request r = { 0 };
	AUTO(answer_done) struct answer a = { 0 };
	struct err why = { 0 };

	if (begin_body(&r, "AssumeRoleWithWebIdentity", e) < 0)
		return -1;
	add_role(&r, role);
	add_field(&r.body, "WebIdentityToken", token);
	if (call(s, NULL, &r, &a, c, &why) == 0 && take_set(s, &a, "web identity", out, &why) == 0)
		return 0;
	*e = why;
	if (is_denied(&why)) {
		(void)err_set(e, EK_DENIED, "role %.*s cannot be assumed with the web identity (%d %s); let its trust policy "
			"allow sts:AssumeRoleWithWebIdentity for this service account (conditions on sub and aud)", ARN_SHOWN,
			role->arn, why.http, why.reason);
		e->http = why.http;
		memcpy(e->reason, why.reason, sizeof e->reason);
		return -1;
	}
	return err_ctx(e, "role %.*s, assumed with the web identity", ARN_SHOWN, role->arn);
}

char *
sts_caller(const struct sts *s, const struct creds *with, const struct cancel *c, struct err *e)
{
	AUTO(request_done) struct request r = { 0 };
	AUTO(answer_done) struct answer a = { 0 };

	if (begin_body(&r, "GetCallerIdentity", e) < 0 || call(s, with, &r, &a, c, e) < 0)
		return NULL;
	if (!*a.caller) {
		(void)err_set(e, EK_CORRUPT, "STS does not say who the caller is");
		return NULL;
	}
	return xstrdup(a.caller);
}
