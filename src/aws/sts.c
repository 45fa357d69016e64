/* The Security Token Service. */
#include "aws/sts.h"

#include "aws/creds_impl.h"
#include "aws/query.h"
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
#define CALLER_WITHIN   (5 * NS_PER_S)
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

static const struct query_service sts_service = { "sts", "STS", "AWS_ENDPOINT_URL_STS", "2011-06-15" };

/* --- one call --- */

enum { ACCESS_KEY, SECRET_KEY, TOKEN, KEPT_COUNT_ };
struct answer {
	struct secret *kept[KEPT_COUNT_];
	int64_t        expires_unix_ns;
	char           caller[256];
	char           code[sizeof((struct err *)0)->reason];    /* of a refusal */
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
	return 0;
}

/* What an answer of >= 400 says, in STS's words where it speaks like STS. */
static void
explain(const struct http_resp *resp, struct answer *a, struct err *e)
{
	int64_t retry_after = e->retry_after_ns;
	struct query_refusal x;
	const struct code_row *row;

	query_refused(resp, &x);
	if (!*x.code) {
		(void)err_ctx(e, "it does not answer as STS does; check AWS_ENDPOINT_URL_STS and what stands between");
		return;
	}
	row = code_row(x.code);
	(void)err_set(e, row ? row->kind : e->kind, "%.80s (%d %s)%s%s", *x.message ? x.message : "refused",
		resp->status, x.code, row && *row->hint ? "; " : "", row ? row->hint : "");
	e->http = resp->status;
	e->retry_after_ns = retry_after;
	memcpy(e->reason, x.code, sizeof e->reason);
	memcpy(a->code, x.code, sizeof a->code);
}

static int
send_once(struct query *q, struct answer *a, const struct cancel *c, struct err *e)
{
	static const struct xml_fns fns = { .on_text = on_text };
	AUTO(http_resp_done) struct http_resp resp = { 0 };

	if (query_send(q, &resp, c, e) == 0)
		return xml_parse(buf_str(&q->answer), &fns, a, e);
	if (resp.status >= 400)
		explain(&resp, a, e);
	return -1;
}

static int
call(struct query *q, struct answer *a, const struct cancel *c, struct err *e)
{
	struct err why = { 0 };
	bool repeated = false;

	for (;;) {
		const struct code_row *row;

		if (send_once(q, a, c, &why) == 0)
			return 0;
		row = code_row(a->code);
		if (repeated || !(query_was_skewed(q, &why) || (row && row->again)))
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
add_role(struct query *q, const struct sts_role *role)
{
	char number[16];

	query_add(q, "RoleArn", str_of(role->arn));
	query_add(q, "RoleSessionName", str_of(role->session_name));
	if (role->external_id)
		query_add(q, "ExternalId", str_of(role->external_id));
	if (role->duration_s) {
		(void)snprintf(number, sizeof number, "%u", role->duration_s);
		query_add(q, "DurationSeconds", str_of(number));
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
	AUTO(query_done) struct query q = { 0 };
	AUTO(answer_done) struct answer a = { 0 };

	if (query_init(&q, &sts_service, s->http, s->region, with, "AssumeRole", e) < 0)
		return -1;
	add_role(&q, role);
	if (call(&q, &a, c, e) == 0 && take_set(s, &a, "role", out, e) == 0)
		return 0;
	if (is_denied(e))
		return role_denied(s, with, role, c, e);
	return err_ctx(e, "role %.*s, assumed with %s", ARN_SHOWN, role->arn, with->source);
}

int
sts_assume_role_with_web_identity(const struct sts *s, struct str token, const struct sts_role *role, struct creds *out,
	const struct cancel *c, struct err *e)
{
	AUTO(query_done) struct query q = { 0 };
	AUTO(answer_done) struct answer a = { 0 };
	struct err why = { 0 };

	if (query_init(&q, &sts_service, s->http, s->region, NULL, "AssumeRoleWithWebIdentity", e) < 0)
		return -1;
	add_role(&q, role);
	query_add(&q, "WebIdentityToken", token);
	if (call(&q, &a, c, &why) == 0 && take_set(s, &a, "web identity", out, &why) == 0)
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
	AUTO(query_done) struct query q = { 0 };
	AUTO(answer_done) struct answer a = { 0 };

	if (query_init(&q, &sts_service, s->http, s->region, with, "GetCallerIdentity", e) < 0 || call(&q, &a, c, e) < 0)
		return NULL;
	if (!*a.caller) {
		(void)err_set(e, EK_CORRUPT, "STS does not say who the caller is");
		return NULL;
	}
	return xstrdup(a.caller);
}
