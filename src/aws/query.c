/* The query API: address, form, signature, and the words of a refusal. */
#include "aws/query.h"

#include "aws/creds_impl.h"
#include "aws/sigv4.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "data/xml.h"

#include <stdlib.h>
#include <string.h>

#define FORM            "application/x-www-form-urlencoded; charset=utf-8"
#define CALL_TIMEOUT_NS (30 * NS_PER_S)
#define BODY_MAX        (256 * KIB)
#define URL_MAX         (8 * KIB)

static int
set_endpoint(struct query *q, struct str url, const char *from, struct err *e)
{
	bool tls = str_starts(url, S("https://"));
	struct str rest = str_sub(url, tls ? 8 : 7, url.len), host, path;

	host = str_sub(rest, 0, str_chr(rest, '/'));
	path = str_sub(rest, host.len, rest.len);
	if ((!tls && !str_starts(url, S("http://"))) || !host.len || !creds_header_safe(url) || url.len > URL_MAX / 2 ||
	    str_chr(rest, '@') < rest.len || str_chr(rest, '?') < rest.len)
		return err_set(e, EK_INVALID, "%s is not of the form https://HOST[:PORT]", from);
	buf_put_str(&q->url, url);
	if (!path.len)
		buf_putc(&q->url, '/');
	buf_put_str(&q->path, path.len ? path : S("/"));
	if (str_ends(host, tls ? S(":443") : S(":80")))          /* as libcurl does in the Host header, which is signed */
		host.len -= tls ? 4 : 3;
	buf_put_str(&q->host, host);
	return 0;
}

static int
find_endpoint(struct query *q, struct err *e)
{
	const char *const variables[] = { q->service->variable, "AWS_ENDPOINT_URL" };
	AUTO_FREE char *url = NULL, *what = NULL;

	for (size_t i = 0; i < COUNT(variables); i++)
		if (creds_env(variables[i]))
			return set_endpoint(q, str_of(creds_env(variables[i])), variables[i], e);
	if (!sigv4_is_region(str_of(q->region)))
		return err_set(e, EK_INVALID, "'%.80s' is not a region, which %s needs", q->region, q->service->title);
	url = xasprintf("https://%s.%s.amazonaws.com%s", q->service->name, q->region,
		str_starts(str_of(q->region), S("cn-")) ? ".cn" : "");
	what = xasprintf("the address of %s", q->service->title);
	return set_endpoint(q, str_of(url), what, e);
}

int
query_init(struct query *q, const struct query_service *service, struct http *http, const char *region,
	const struct creds *with, const char *action, struct err *e)
{
	*q = (struct query){ .service = service, .http = http, .region = region, .with = with, .url = BUF_INIT(URL_MAX),
		.host = BUF_INIT(URL_MAX), .path = BUF_INIT(URL_MAX), .body = BUF_INIT(BODY_MAX),
		.answer = BUF_INIT(CREDS_ANSWER_MAX) };
	q->skew_ns = http_clock_skew_ns(http);
	/* The room for all of it at once: growing would leave copies of a token behind. */
	if (!buf_room(&q->body, BODY_MAX, e) || !buf_room(&q->answer, CREDS_ANSWER, e) || find_endpoint(q, e) < 0)
		return -1;
	query_add(q, "Action", str_of(action));
	query_add(q, "Version", str_of(service->version));
	return 0;
}

void
query_done(struct query *q)
{
	buf_free(&q->url);
	buf_free(&q->host);
	buf_free(&q->path);
	buf_wipe(&q->body);
	buf_wipe(&q->answer);
}

void
query_add(struct query *q, const char *name, struct str value)
{
	if (q->body.len)
		buf_putc(&q->body, '&');
	buf_putf(&q->body, "%s=", name);
	http_escape(&q->body, value, false);
}

static int
sign(void *ctx, struct http_call *call, bool again, struct err *e)
{
	struct query *q = ctx;
	AUTO_BUF struct buf authorization = BUF_INIT(URL_MAX);
	char date[CLOCK_TEXT_MAX];
	int64_t now;

	(void)e;
	if (again)
		return 1;
	buf_cut(&q->answer, 0);
	q->skew_ns = http_clock_skew_ns(q->http);
	now = clock_unix_ns() + q->skew_ns;
	struct sigv4_pair headers[] = {
		{ S("content-type"), S(FORM) },
		{ S("host"), buf_str(&q->host) },
		{ S("x-amz-date"), str_of(clock_amz(date, now)) },
		{ S("x-amz-security-token"), secret_get(q->with->token) },
	};
	struct sigv4_req to_sign = {
		.method = "POST",
		.region = q->region,
		.service = q->service->name,
		.path = buf_str(&q->path),
		.headers = headers,
		.n_headers = COUNT(headers) - (q->with->token ? 0 : 1),
		.payload_hash = q->hash,
		.double_encode_path = true,
	};

	sigv4_sign(&to_sign, q->with, now, &authorization);
	for (size_t i = 2; i < to_sign.n_headers; i++)
		http_call_field(call, headers[i].name.p, headers[i].value);
	http_call_field(call, "Authorization", buf_str(&authorization));
	return 0;
}

static int
keep(void *ctx, const void *p, size_t n, struct err *e)
{
	struct query *q = ctx;

	return buf_add(&q->answer, p, n, e);
}

int
query_send(struct query *q, struct http_resp *resp, const struct cancel *c, struct err *e)
{
	static const char *const lines[] = { "Content-Type: " FORM, "Accept: application/xml", NULL };
	struct http_req req = { .method = "POST", .url = buf_cstr(&q->url), .headers = lines, .body = buf_str(&q->body),
		.idempotent = true, .timeout_ns = CALL_TIMEOUT_NS, .prepare = q->with ? sign : NULL, .sink = keep, .ctx = q };
	uint8_t digest[SHA256_LEN];

	sha256(q->body.p, q->body.len, digest);
	(void)hex_encode(q->hash, digest, sizeof digest);
	buf_cut(&q->answer, 0);
	return http_do(q->http, &req, resp, c, e);
}

bool
query_was_skewed(const struct query *q, const struct err *e)
{
	int64_t off = http_clock_skew_ns(q->http) - q->skew_ns;

	return q->with && e->http >= 400 && e->http < 500 && (off > CREDS_SKEW_MAX || off < -CREDS_SKEW_MAX);
}

static int
on_text(void *ctx, const char *path, struct str text, struct err *e)
{
	struct query_refusal *x = ctx;

	(void)e;
	if (str_ends(str_of(path), S("Error/Code")))
		str_copy(x->code, sizeof x->code, text);
	else if (str_ends(str_of(path), S("Error/Message")))
		str_copy(x->message, sizeof x->message, text);
	return 0;
}

void
query_refused(const struct http_resp *resp, struct query_refusal *out)
{
	static const struct xml_fns fns = { .on_text = on_text };
	struct err ignored = { 0 };

	*out = (struct query_refusal){ 0 };
	if (xml_parse(buf_str(&resp->body), &fns, out, &ignored) < 0)
		*out = (struct query_refusal){ 0 };
}
