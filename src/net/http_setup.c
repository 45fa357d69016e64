/* From a request to the options of a libcurl handle. */
#include "net/http_impl.h"

#include "base/clock.h"
#include "base/mem.h"

#include <strings.h>

#define KEEPALIVE_S  30L
#define STREAM_BYTES (256L * 1024)
#define SMALL_BYTES  (64L * 1024)
#define TINY_BYTES   (16L * 1024)

/* Notes the first refusal: a handle that lacks one of its options (a CA, say) must not be used. */
#define SET(code, easy, option, value) do { \
	CURLcode set_rc_ = curl_easy_setopt(easy, option, value); \
	if (*(code) == CURLE_OK) \
		*(code) = set_rc_; \
} while (0)

static long
ms_of(int64_t ns)
{
	return (long)((ns + NS_PER_MS - 1) / NS_PER_MS);
}

static bool
is_https(const char *url)
{
	return strncasecmp(url, "https://", 8) == 0;
}

static void
set_session(const struct http *h, CURL *easy, CURLcode *rc)
{
	SET(rc, easy, CURLOPT_NOSIGNAL, 1L);
	SET(rc, easy, CURLOPT_NOPROGRESS, 1L);
	SET(rc, easy, CURLOPT_FOLLOWLOCATION, 0L);
	SET(rc, easy, CURLOPT_PROTOCOLS_STR, "http,https");
	SET(rc, easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	SET(rc, easy, CURLOPT_PATH_AS_IS, 1L);   /* object keys may contain "..": signed as is */
	SET(rc, easy, CURLOPT_TCP_NODELAY, 1L);
	SET(rc, easy, CURLOPT_TCP_KEEPALIVE, 1L);
	SET(rc, easy, CURLOPT_TCP_KEEPIDLE, KEEPALIVE_S);
	SET(rc, easy, CURLOPT_TCP_KEEPINTVL, KEEPALIVE_S);
	SET(rc, easy, CURLOPT_CONNECTTIMEOUT_MS, ms_of(h->connect_ns));
	SET(rc, easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
	SET(rc, easy, CURLOPT_LOW_SPEED_TIME, (long)((h->stall_ns + NS_PER_S - 1) / NS_PER_S));
	if (h->user_agent)
		SET(rc, easy, CURLOPT_USERAGENT, h->user_agent);
	if (h->proxy)
		SET(rc, easy, CURLOPT_PROXY, h->proxy);
}

/* The PEM texts live as long as the session: libcurl borrows them. */
static struct curl_blob
blob_of(const struct buf *b)
{
	return (struct curl_blob){ .data = b->p, .len = b->len, .flags = CURL_BLOB_NOCOPY };
}

static CURLcode
on_ssl_ctx(CURL *easy, void *ssl_ctx, void *facts)
{
	(void)easy;
	tls_facts_watch(ssl_ctx, facts);
	return CURLE_OK;
}

static void
set_tls(struct http *h, CURL *easy, CURLcode *rc)
{
	struct curl_blob ca = blob_of(&h->ca), cert = blob_of(&h->cert), key = blob_of(&h->key);

	if (h->ca.len) {
		SET(rc, easy, CURLOPT_CAINFO_BLOB, &ca);
		/* Instead of the system's certificates, not in addition to them. */
		SET(rc, easy, CURLOPT_CAPATH, NULL);
	}
	SET(rc, easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	/* A libcurl on another TLS library refuses this: then messages have fewer facts. */
	if (curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, on_ssl_ctx) == CURLE_OK)
		SET(rc, easy, CURLOPT_SSL_CTX_DATA, &h->tls);
	if (h->insecure) {
		SET(rc, easy, CURLOPT_SSL_VERIFYPEER, 0L);
		SET(rc, easy, CURLOPT_SSL_VERIFYHOST, 0L);
	}
	if (h->cert.len) {
		SET(rc, easy, CURLOPT_SSLCERT_BLOB, &cert);
		SET(rc, easy, CURLOPT_SSLKEY_BLOB, &key);
	}
}

/* Sharing a connection is worth waiting for its handshake; without TLS there is no HTTP/2 to agree on. */
static void
set_version(const struct http *h, CURL *easy, bool tls, CURLcode *rc)
{
	bool http2 = tls && !h->http1_only;

	SET(rc, easy, CURLOPT_HTTP_VERSION,
		http2 ? (long)CURL_HTTP_VERSION_2TLS : (long)CURL_HTTP_VERSION_1_1);
	SET(rc, easy, CURLOPT_PIPEWAIT, http2 ? 1L : 0L);
}

static bool
sends_body(const struct http_req *req)
{
	return req->body.len || strcmp(req->method, "POST") == 0 ||
		strcmp(req->method, "PUT") == 0 || strcmp(req->method, "PATCH") == 0;
}

/* Any body goes as POST fields: binary safe, with Content-Length (also 0), and it can be sent again. */
static void
set_method(const struct http_req *req, CURL *easy, CURLcode *rc)
{
	if (sends_body(req)) {
		SET(rc, easy, CURLOPT_POSTFIELDS, req->body.len ? req->body.p : "");
		SET(rc, easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)req->body.len);
		SET(rc, easy, CURLOPT_CUSTOMREQUEST, req->method);
		if (req->body.len > (size_t)SMALL_BYTES)
			SET(rc, easy, CURLOPT_UPLOAD_BUFFERSIZE, STREAM_BYTES);
	} else if (strcmp(req->method, "HEAD") == 0) {
		SET(rc, easy, CURLOPT_NOBODY, 1L);
	} else {
		SET(rc, easy, CURLOPT_HTTPGET, 1L);
		SET(rc, easy, CURLOPT_CUSTOMREQUEST, req->method);
	}
	/*
	 * What is sent is mostly answered briefly, and a thousand may be in flight.  Refused while the handle keeps the
	 * buffer of an earlier HTTP/2 stream: that is used.
	 */
	(void)curl_easy_setopt(easy, CURLOPT_BUFFERSIZE,
		req->sink ? STREAM_BYTES : sends_body(req) ? TINY_BYTES : SMALL_BYTES);
	if (req->gzip)
		SET(rc, easy, CURLOPT_ACCEPT_ENCODING, "gzip");
	if (req->timeout_ns)
		SET(rc, easy, CURLOPT_TIMEOUT_MS, ms_of(req->timeout_ns));
}

static void
add_header(struct http_call *call, const char *line)
{
	struct curl_slist *list;

	if (strpbrk(line, "\r\n")) {
		call->bad_header = true;
		return;
	}
	list = curl_slist_append(call->headers, line);
	assert_that(list);   /* our allocator does not fail */
	call->headers = list;
}

void
http_call_header(struct http_call *call, const char *line)
{
	add_header(call, line);
}

void
http_call_field(struct http_call *call, const char *name, struct str value)
{
	AUTO(buf_wipe) struct buf line = BUF_INIT(strlen(name) + value.len + 2);

	buf_putf(&line, "%s: " STR_FMT, name, STR_ARG(value));
	add_header(call, buf_cstr(&line));
}

static bool
has_header(const struct http_call *call, const char *name)
{
	size_t n = strlen(name);

	for (const struct curl_slist *at = call->headers; at; at = at->next)
		if (strncasecmp(at->data, name, n) == 0 && at->data[n] == ':')
			return true;
	return false;
}

/* The caller's headers, and "Name:" lines that keep libcurl from adding what nobody asked for. */
static int
add_headers(struct http_call *call, struct err *e)
{
	for (const char *const *line = call->req.headers; line && *line; line++)
		add_header(call, *line);
	if (call->bad_header)
		return err_set(e, EK_INVALID, "a header value contains a line break");
	if (sends_body(&call->req)) {
		add_header(call, "Expect:");
		if (!has_header(call, "Content-Type"))
			add_header(call, "Content-Type:");
	}
	return 0;
}

struct str
url_authority(const char *url, const char **rest)
{
	const char *scheme_end = strstr(url, "://");
	const char *from = scheme_end ? scheme_end + 3 : url;
	struct str authority = { from, strcspn(from, "/?#") };
	size_t at = str_rchr(authority, '@');

	*rest = from + authority.len;
	return at < authority.len ? str_sub(authority, at + 1, authority.len) : authority;
}

/* Queries may carry signatures and tokens, the user part passwords: neither is shown. */
char *
request_shown(const struct http_req *req)
{
	const char *rest;
	struct str authority = url_authority(req->url, &rest);
	struct str path = { rest, strcspn(rest, "?#") };

	return xasprintf("%s %s" STR_FMT STR_FMT, req->method,
		is_https(req->url) ? "https://" : "http://", STR_ARG(authority), STR_ARG(path));
}

/*
 * libcurl verifies the name it finds in the URL: the URL gets the name to verify, the connection
 * goes where the caller's URL said, and so does the Host header.
 */
static char *
rename_host(struct http_call *call, const char *name)
{
	const char *rest;
	struct str authority = url_authority(call->req.url, &rest);
	size_t colon = str_rchr(authority, ':');
	struct str port = str_sub(authority, colon, authority.len);
	bool bare_v6 = strchr(name, ':') && name[0] != '[';
	AUTO_FREE char *host = xasprintf("Host: " STR_FMT, STR_ARG(authority));
	AUTO_FREE char *to = NULL;

	if (str_chr(port, ']') < port.len)
		port = str_sub(port, 0, 0);              /* that colon was inside of "[::1]" */
	to = xasprintf("::" STR_FMT "%s", STR_ARG(authority), port.len ? "" : ":");
	if (!has_header(call, "Host"))
		add_header(call, host);
	call->connect_to = curl_slist_append(NULL, to);
	assert_that(call->connect_to);
	return xasprintf("https://%s%s%s" STR_FMT "%s", bare_v6 ? "[" : "", name,
		bare_v6 ? "]" : "", STR_ARG(port), rest);
}

int
attempt_setup(struct http_call *call, struct err *e)
{
	struct http *h = call->h;
	const struct http_req *req = &call->req;
	bool tls = is_https(req->url);
	AUTO_FREE char *renamed = NULL;
	CURLcode code = CURLE_OK;
	CURLcode *rc = &code;

	if (!tls && strncasecmp(req->url, "http://", 7) != 0)
		return err_set(e, EK_INVALID, "not an http:// or https:// URL");
	if (add_headers(call, e) < 0)
		return -1;
	if (tls && h->tls_server_name)
		renamed = rename_host(call, h->tls_server_name);
	SET(rc, call->easy, CURLOPT_URL, renamed ? renamed : req->url);
	if (call->connect_to)
		SET(rc, call->easy, CURLOPT_CONNECT_TO, call->connect_to);
	set_session(h, call->easy, rc);
	set_tls(h, call->easy, rc);
	set_version(h, call->easy, tls, rc);
	set_method(req, call->easy, rc);
	SET(rc, call->easy, CURLOPT_HTTPHEADER, call->headers);
	SET(rc, call->easy, CURLOPT_ERRORBUFFER, call->errbuf);
	SET(rc, call->easy, CURLOPT_PRIVATE, call);
	if (code != CURLE_OK)
		return err_set(e, EK_INVALID, "libcurl: %s", curl_easy_strerror(code));
	return 0;
}
