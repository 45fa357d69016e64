/* What went wrong, in words and kinds: tables of HTTP statuses and of libcurl's codes. */
#include "net/http_impl.h"

#include "base/clock.h"
#include "base/fmt.h"
#include "net/retry.h"

#include <errno.h>
#include <inttypes.h>

static const struct status_row {
	int           status;
	enum err_kind kind;
	const char   *text;
} statuses[] = {
	{ 400, EK_INVALID,     "Bad Request" },
	{ 401, EK_DENIED,      "Unauthorized" },
	{ 403, EK_DENIED,      "Forbidden" },
	{ 404, EK_NOTFOUND,    "Not Found" },
	{ 405, EK_INVALID,     "Method Not Allowed" },
	{ 406, EK_INVALID,     "Not Acceptable" },
	{ 407, EK_DENIED,      "Proxy Authentication Required" },
	{ 408, EK_TIMEOUT,     "Request Timeout" },
	{ 409, EK_CONFLICT,    "Conflict" },
	{ 410, EK_NOTFOUND,    "Gone" },
	{ 411, EK_INVALID,     "Length Required" },
	{ 412, EK_CONFLICT,    "Precondition Failed" },
	{ 413, EK_LIMIT,       "Content Too Large" },
	{ 415, EK_INVALID,     "Unsupported Media Type" },
	{ 416, EK_INVALID,     "Range Not Satisfiable" },
	{ 422, EK_INVALID,     "Unprocessable Content" },
	{ 423, EK_CONFLICT,    "Locked" },
	{ 429, EK_THROTTLED,   "Too Many Requests" },
	{ 500, EK_UNAVAILABLE, "Internal Server Error" },
	{ 501, EK_INVALID,     "Not Implemented" },
	{ 502, EK_UNAVAILABLE, "Bad Gateway" },
	{ 503, EK_UNAVAILABLE, "Service Unavailable" },
	{ 504, EK_TIMEOUT,     "Gateway Timeout" },
	{ 505, EK_INVALID,     "HTTP Version Not Supported" },
	{ 507, EK_UNAVAILABLE, "Insufficient Storage" },
};

/* detail: libcurl's own words follow; they name hosts, ports and alerts, never headers. */
static const struct code_row {
	CURLcode      code;
	enum err_kind kind;
	const char   *text;
	bool          detail;
	const char   *reason;
} codes[] = {
	{ CURLE_URL_MALFORMAT, EK_INVALID, "not a valid URL", false, "" },
	{ CURLE_COULDNT_RESOLVE_HOST, EK_UNAVAILABLE, "the server's name does not resolve", true,
		HTTP_REASON_DNS },
	{ CURLE_COULDNT_RESOLVE_PROXY, EK_UNAVAILABLE, "the proxy's name does not resolve", true,
		HTTP_REASON_PROXY },
	{ CURLE_PROXY, EK_UNAVAILABLE, "the proxy failed", true, HTTP_REASON_PROXY },
	{ CURLE_SSL_CONNECT_ERROR, EK_UNAVAILABLE, "TLS handshake failed", true, HTTP_REASON_TLS },
	{ CURLE_SSL_CERTPROBLEM, EK_INVALID, "client certificate or its key cannot be used", true, "" },
	{ CURLE_SSL_CACERT_BADFILE, EK_INVALID, "the CA certificates cannot be used", true, "" },
	{ CURLE_SSL_CIPHER, EK_INVALID, "no TLS cipher in common", true, HTTP_REASON_TLS },
	{ CURLE_SEND_ERROR, EK_UNAVAILABLE, "the connection broke while sending", true, "" },
	{ CURLE_RECV_ERROR, EK_UNAVAILABLE, "the connection broke", true, "" },
	{ CURLE_GOT_NOTHING, EK_UNAVAILABLE, "the connection closed without an answer", false, "" },
	{ CURLE_ABORTED_BY_CALLBACK, EK_UNAVAILABLE,
		"no answer, the connection closed; the request may have been carried out", false, "" },
	{ CURLE_PARTIAL_FILE, EK_UNAVAILABLE, "the answer broke off", true, "" },
	{ CURLE_HTTP2, EK_UNAVAILABLE, "the HTTP/2 connection failed", true, "" },
	{ CURLE_HTTP2_STREAM, EK_UNAVAILABLE, "the HTTP/2 stream failed", true, "" },
	{ CURLE_UNSUPPORTED_PROTOCOL, EK_UNAVAILABLE, "what the server sent is not HTTP", false,
		HTTP_REASON_NO_HTTP },
	{ CURLE_WEIRD_SERVER_REPLY, EK_UNAVAILABLE, "what the server sent is not valid HTTP", true, "" },
	{ CURLE_OUT_OF_MEMORY, EK_LIMIT, "a response header is too large", false, "" },
};

static const struct status_row *
status_row(int status)
{
	for (size_t i = 0; i < COUNT(statuses); i++)
		if (statuses[i].status == status)
			return &statuses[i];
	return NULL;
}

int
http_status_err(const struct http_resp *r, struct err *e)
{
	const struct status_row *row = status_row(r->status);
	struct str value, date;
	int64_t now, wait;

	if (row)
		(void)err_set(e, row->kind, "%d %s", r->status, row->text);
	else
		(void)err_set(e, r->status >= 500 ? EK_UNAVAILABLE : EK_INVALID, "%d", r->status);
	e->http = r->status;
	if (!http_resp_header(r, "Retry-After", &value))
		return -1;
	/* A date is one of the server's clock: ours matters only if it did not tell its time. */
	if (!http_resp_header(r, "Date", &date) || !clock_parse_http(date, &now))
		now = clock_unix_ns();
	if (retry_after_parse(value, now, &wait))
		e->retry_after_ns = wait;
	return -1;
}

/* Puts the request before the cause and the number of attempts behind it; other fields stay. */
void
attempt_err_ctx(const struct http_call *call, struct err *e)
{
	struct err cause = *e;

	if (call->resp.attempts > 1)
		(void)err_set(e, cause.kind, "%s (%u attempts)", cause.msg, call->resp.attempts);
	(void)err_ctx(e, "%s", call->shown);
	e->sys = cause.sys;
	e->http = cause.http;
	e->retry_after_ns = cause.retry_after_ns;
	memcpy(e->reason, cause.reason, sizeof e->reason);
}

static int
with_reason(struct err *e, const char *reason)
{
	(void)snprintf(e->reason, sizeof e->reason, "%s", reason);
	return -1;
}

/* libcurl's own words without its prefixes; where it has none, the general text of the code. */
static const char *
detail_of(const struct http_call *call, CURLcode code)
{
	static const char *const prefixes[] = { "SSL certificate problem: ", "SSL: " };
	const char *text = call->errbuf[0] ? call->errbuf : curl_easy_strerror(code);

	for (size_t i = 0; i < COUNT(prefixes); i++)
		if (strncmp(text, prefixes[i], strlen(prefixes[i])) == 0)
			return text + strlen(prefixes[i]);
	return text;
}

static bool
has_word(const struct http_call *call, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strstr(call->errbuf, words[i]))
			return true;
	return false;
}

/*
 * A CA of the right name but with another key (a cluster that was made anew): the signature does
 * not match.  OpenSSL then reports the arithmetic that failed instead of the verification, and
 * libcurl a failed handshake.
 */
static bool
is_signature_error(const struct http_call *call, CURLcode code)
{
	static const char *const words[] = { "asn1 encoding routines", "rsa routines",
		"Provider routines", "elliptic curve routines", "digital envelope routines" };

	return code == CURLE_SSL_CONNECT_ERROR && has_word(call, words, COUNT(words));
}

/* The other side answered the hello with something else. */
static bool
is_no_tls(const struct http_call *call, CURLcode code)
{
	static const char *const words[] = { "wrong version number", "packet length too long", "http request",
		"unknown protocol", "record layer failure" };

	return code == CURLE_SSL_CONNECT_ERROR && has_word(call, words, COUNT(words));
}

/* The server ended the handshake (TLS 1.3: the first read) for our certificate or its absence. */
static bool
is_client_cert_alert(const struct http_call *call)
{
	static const char *const words[] = { "certificate", "unknown ca", "decrypt error",
		"access denied" };

	return strstr(call->errbuf, " alert ") && has_word(call, words, COUNT(words));
}

#define NAME_CA "name the CA that issued it, with --certificate or caFile for a bucket, with certificate-authority for a cluster"

/* What is wrong with a chain, and what helps.  A row's text takes the name, the issuer and the dates of the certificate. */
static int
flaw_err(const struct tls_facts *f, struct err *e)
{
	const struct tls_cert *bad = &f->flawed;
	char from[CLOCK_TEXT_MAX], until[CLOCK_TEXT_MAX];

	(void)clock_rfc3339(from, bad->from_unix_ns);
	(void)clock_rfc3339(until, bad->until_unix_ns);
	switch (f->flaw) {
	case TLS_EXPIRED:
		return err_set(e, EK_DENIED, "the server's certificate does not verify ('%s' has expired on %s): it has to be "
			"renewed", bad->subject, until);
	case TLS_NOT_YET_VALID:
		return err_set(e, EK_DENIED, "the server's certificate does not verify ('%s' is not yet valid, only from %s to "
			"%s): compare the clocks of the server and of this machine", bad->subject, from, until);
	case TLS_UNKNOWN_ISSUER:
		return err_set(e, EK_DENIED, "the server's certificate does not verify ('%s' is issued by '%s', which is not a "
			"trusted CA): " NAME_CA, f->leaf.subject, f->end);
	case TLS_SELF_SIGNED:
		return err_set(e, EK_DENIED, "the server's certificate does not verify ('%s' is signed by itself, and not a "
			"trusted CA): " NAME_CA, bad->subject);
	case TLS_WRONG_KEY:
		return err_set(e, EK_DENIED, "the server's certificate does not verify (signed by another key than the CA's: "
			"there are two of the name '%s'): " NAME_CA, bad->issuer);
	case TLS_FLAWLESS:
	case TLS_OTHER_FLAW:
	case TLS_FLAW_COUNT_:
		break;
	}
	return err_set(e, EK_DENIED, "the server's certificate does not verify ('%s': %s): " NAME_CA, bad->subject, f->why);
}

/* The chain is good, so it is the name. */
static int
name_err(const struct tls_facts *f, const char *detail, struct err *e)
{
	return err_set(e, EK_DENIED, "the server's certificate does not verify (%s): it is for %s; use a name that is in it, in "
		"the URL or as tls-server-name", detail, f->names[0] != '\0' ? f->names : "no host at all");
}

static int
verify_err(const struct http_call *call, CURLcode code, struct err *e)
{
	const struct tls_facts *f = http_tls_facts(call->h);
	const char *detail = code == CURLE_SSL_CONNECT_ERROR ?
		"signed by another key than the CA's" : detail_of(call, code);

	if (f == NULL)
		return err_set(e, EK_DENIED, "the server's certificate does not verify (%s): " NAME_CA, detail);
	if (f->flaw == TLS_FLAWLESS) {
		(void)name_err(f, detail, e);
		return with_reason(e, TLS_REASON_NAME);
	}
	(void)flaw_err(f, e);
	return with_reason(e, tls_flaw_reason(f->flaw));
}

static int
timeout_err(const struct http_call *call, struct err *e)
{
	int64_t took = call->resp.elapsed_ns;
	char text[FMT_MAX];

	if (!call->issued) {
		(void)err_set(e, EK_TIMEOUT, "no connection within %s", fmt_duration(text, took));
		return with_reason(e, HTTP_REASON_CONNECT);
	}
	if (call->req.timeout_ns && took >= call->req.timeout_ns)
		return err_set(e, EK_TIMEOUT, "not done within %s",
			fmt_duration(text, call->req.timeout_ns));
	return err_set(e, EK_TIMEOUT, "no data for %s", fmt_duration(text, call->h->stall_ns));
}

static int
broken_answer_err(const struct http_call *call, struct err *e)
{
	curl_off_t length = -1;

	(void)curl_easy_getinfo(call->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	if (length >= 0)
		return err_set(e, EK_UNAVAILABLE, "the connection broke after %" PRIu64 " of %" PRId64
			" bytes", call->resp.bytes, (int64_t)length);
	return err_set(e, EK_UNAVAILABLE, "the connection broke after %" PRIu64 " bytes of the answer",
		call->resp.bytes);
}

static int
proxy_err(long status, struct err *e)
{
	struct http_resp answer = { .status = (int)status };
	struct err cause;

	(void)http_status_err(&answer, &cause);
	(void)err_set(e, cause.kind == EK_DENIED ? EK_DENIED : EK_UNAVAILABLE,
		"the proxy answered %s", cause.msg);
	return with_reason(e, HTTP_REASON_PROXY);
}

static int
connect_err(const struct http_call *call, CURLcode code, struct err *e)
{
	long sys = 0;

	(void)curl_easy_getinfo(call->easy, CURLINFO_OS_ERRNO, &sys);
	(void)err_set(e, EK_UNAVAILABLE, "cannot connect: %s",
		sys ? strerror((int)sys) : detail_of(call, code));
	e->sys = (int)sys;
	return sys == ECONNREFUSED ? with_reason(e, HTTP_REASON_REFUSED) : -1;
}

static int
row_err(const struct http_call *call, CURLcode code, struct err *e)
{
	static const struct code_row other = {
		CURLE_OK, EK_UNAVAILABLE, "the request failed", true, ""
	};
	const struct code_row *row = &other;

	for (size_t i = 0; i < COUNT(codes); i++)
		if (codes[i].code == code)
			row = &codes[i];
	if (row->kind == EK_UNAVAILABLE && code != CURLE_WEIRD_SERVER_REPLY && call->resp.status >= 200)
		return broken_answer_err(call, e);
	(void)err_set(e, row->kind, "%s%s%s", row->text, row->detail ? ": " : "",
		row->detail ? detail_of(call, code) : "");
	return with_reason(e, row->reason);
}

static int
transport_err(const struct http_call *call, CURLcode code, struct err *e)
{
	long proxy_status = 0;

	(void)curl_easy_getinfo(call->easy, CURLINFO_HTTP_CONNECTCODE, &proxy_status);
	if (proxy_status >= 300)
		return proxy_err(proxy_status, e);
	if (is_client_cert_alert(call)) {
		(void)err_set(e, EK_DENIED, "the server %s: %s", call->h->cert.len ?
			"does not accept the client certificate" : "wants a client certificate",
			detail_of(call, code));
		return with_reason(e, HTTP_REASON_TLS_CLIENT);
	}
	if (is_signature_error(call, code))
		return verify_err(call, code, e);
	if (is_no_tls(call, code)) {
		(void)err_set(e, EK_UNAVAILABLE, "TLS handshake failed: what answers does not speak TLS");
		return with_reason(e, HTTP_REASON_NO_TLS);
	}
	switch (code) {
	case CURLE_PEER_FAILED_VERIFICATION:
		return verify_err(call, code, e);
	case CURLE_OPERATION_TIMEDOUT:
		return timeout_err(call, e);
	case CURLE_COULDNT_CONNECT:
		return connect_err(call, code, e);
	default:
		return row_err(call, code, e);
	}
}

bool
attempt_failed(const struct http_call *call, CURLcode code, struct err *e)
{
	int status = call->resp.status;

	if (call->broken.kind != EK_NONE) {
		*e = call->broken;
		if (call->broken_by_us)
			attempt_err_ctx(call, e);
		return true;
	}
	if (code == CURLE_OK && status >= 200 && status < 400)
		return false;
	/* A refusal stays one, even if its text broke off. */
	if (status >= 400)
		(void)http_status_err(&call->resp, e);
	else
		(void)transport_err(call, code == CURLE_OK ? CURLE_GOT_NOTHING : code, e);
	attempt_err_ctx(call, e);
	return true;
}
