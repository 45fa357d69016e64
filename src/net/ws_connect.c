/*
 * A WebSocket's beginning: libcurl makes the connection (TLS, proxies), the agreement to speak WebSocket is ours (RFC 6455,
 * 4).  libcurl's own functions for it came later than the version that Debian 12 has, and are not built in there.
 */
#include "net/ws.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/secret.h"
#include "net/http_impl.h"

#include <poll.h>
#include <strings.h>

#define TICK_MS  100            /* how late a cancelation may be noticed */
#define KEY_LEN  16
#define PIECE    (4 * KIB)
#define GUID     "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

struct line {
	struct http_call call;  /* never in a list of the session: it is what attempt_setup wants */
	CURLM           *multi;
	curl_socket_t    socket;
};

/* --- the connection --- */

static ssize_t
line_moved(struct line *l, CURLcode code, size_t n, struct err *e)
{
	if (code == CURLE_AGAIN)
		return 0;
	if (code == CURLE_OK)
		return n > 0 ? (ssize_t)n : WS_IO_END;
	err_set(e, EK_UNAVAILABLE, "the connection broke off (%s)",
		l->call.errbuf[0] != '\0' ? l->call.errbuf : curl_easy_strerror(code));
	return WS_IO_BROKEN;
}

static ssize_t
line_recv(void *ctx, void *p, size_t n, struct err *e)
{
	struct line *l = ctx;
	size_t got = 0;
	CURLcode code = curl_easy_recv(l->call.easy, p, n, &got);

	return line_moved(l, code, got, e);
}

static ssize_t
line_send(void *ctx, const void *p, size_t n, struct err *e)
{
	struct line *l = ctx;
	size_t sent = 0;
	CURLcode code = curl_easy_send(l->call.easy, p, n, &sent);

	/* Of a send, nothing is not the end. */
	return code == CURLE_OK && sent == 0 ? 0 : line_moved(l, code, sent, e);
}

static void
line_wait(void *ctx, bool to_send)
{
	struct line *l = ctx;
	struct pollfd p = { .fd = l->socket, .events = (short)(POLLIN | (to_send ? POLLOUT : 0)) };

	(void)poll(&p, 1, TICK_MS);
}

static void
line_close(void *ctx)
{
	struct line *l = ctx;

	if (l == NULL)
		return;
	call_drop_headers(&l->call);
	if (l->call.easy) {
		(void)curl_multi_remove_handle(l->multi, l->call.easy);
		curl_easy_cleanup(l->call.easy);
	}
	curl_multi_cleanup(l->multi);
	free(l->call.shown);
	free(l);
}

static void
line_freep(struct line **l)
{
	line_close(*l);
}

/* Over HTTP/1.1, on a connection of its own, through a tunnel where there is a proxy. */
static int
line_setup(struct line *l, struct err *e)
{
	if (attempt_setup(&l->call, e) < 0)
		return -1;
	if (curl_easy_setopt(l->call.easy, CURLOPT_CONNECT_ONLY, 1L) == CURLE_OK
	    && curl_easy_setopt(l->call.easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) == CURLE_OK
	    && curl_easy_setopt(l->call.easy, CURLOPT_PIPEWAIT, 0L) == CURLE_OK
	    && curl_easy_setopt(l->call.easy, CURLOPT_HTTPPROXYTUNNEL, 1L) == CURLE_OK
	    && curl_multi_add_handle(l->multi, l->call.easy) == CURLM_OK)
		return 0;
	return err_set(e, EK_INVALID, "libcurl cannot make a connection alone");
}

static int
line_connect(struct line *l, const struct cancel *c, struct err *e)
{
	CURLMsg *m = NULL;
	int running, left;

	while (m == NULL) {
		if (cancel_check(c, e) < 0)
			return -1;
		if (curl_multi_perform(l->multi, &running) != CURLM_OK)
			return err_set(e, EK_IO, "libcurl: the connection cannot be made");
		m = curl_multi_info_read(l->multi, &left);
		if (m == NULL)
			(void)curl_multi_poll(l->multi, NULL, 0, TICK_MS, NULL);
	}
	if (m->data.result != CURLE_OK && attempt_failed(&l->call, m->data.result, e))
		return -1;
	if (curl_easy_getinfo(l->call.easy, CURLINFO_ACTIVESOCKET, &l->socket) != CURLE_OK || l->socket == CURL_SOCKET_BAD)
		return err_set(e, EK_UNAVAILABLE, "the connection was closed at once");
	return 0;
}

static int
send_all(struct line *l, struct str text, const struct cancel *c, struct err *e)
{
	while (text.len > 0) {
		ssize_t n = line_send(l, text.p, text.len, e);

		if (n < 0 || cancel_check(c, e) < 0)
			return -1;
		if (n == 0)
			line_wait(l, true);
		text = str_sub(text, (size_t)n, text.len);
	}
	return 0;
}

/* Appends what comes next.  1: something, 0: the end, -1. */
static int
more(struct line *l, struct buf *in, const struct cancel *c, struct err *e)
{
	for (;;) {
		char *room = buf_room(in, PIECE, e);
		ssize_t n = room != NULL ? line_recv(l, room, PIECE, e) : WS_IO_BROKEN;

		if (n == WS_IO_BROKEN || cancel_check(c, e) < 0)
			return -1;
		if (n == WS_IO_END)
			return 0;
		buf_grew(in, (size_t)n);
		if (n > 0)
			return 1;
		line_wait(l, false);
	}
}

/* --- the agreement --- */

static void
put_request(const struct line *l, const struct ws_req *req, const char *key, struct buf *out)
{
	const char *rest;
	struct str authority = url_authority(req->url, &rest);
	bool named = false;

	buf_putf(out, "GET %s%s HTTP/1.1\r\n", *rest == '/' ? "" : "/", rest);
	for (const struct curl_slist *at = l->call.headers; at; at = at->next) {
		named |= strncasecmp(at->data, "Host:", 5) == 0;
		buf_putf(out, "%s\r\n", at->data);
	}
	if (!named)
		buf_putf(out, "Host: " STR_FMT "\r\n", STR_ARG(authority));
	if (l->call.h->user_agent)
		buf_putf(out, "User-Agent: %s\r\n", l->call.h->user_agent);
	buf_putf(out, "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n"
		"Sec-WebSocket-Protocol: %s\r\n\r\n", key, req->protocols);
}

/* The answer's head, as http_resp has it; *behind is where its body begins. */
static int
read_head(struct line *l, struct buf *in, struct http_resp *r, size_t *behind, const struct cancel *c, struct err *e)
{
	const char *end;
	struct str head, line;
	uint64_t status;

	while ((end = memmem(buf_cstr(in), in->len, "\r\n\r\n", 4)) == NULL) {
		int rc = more(l, in, c, e);

		if (rc < 0)
			return -1;
		if (rc == 0)
			return err_set(e, EK_UNAVAILABLE, "the server closed the connection without an answer");
		if (in->len > LIMIT_HEADERS)
			return err_set(e, EK_LIMIT, "more than %zu KiB of response headers", LIMIT_HEADERS / KIB);
	}
	*behind = (size_t)(end - in->p) + 4;
	head = (struct str){ in->p, *behind };
	(void)str_split(&head, '\n', &line);
	if (!str_starts(line, S("HTTP/1.")) || !parse_u64(str_sub(line, 9, 12), 999, &status) || status < 100) {
		err_set(e, EK_UNAVAILABLE, "the answer is not HTTP");
		return -1;
	}
	r->status = (int)status;
	r->head.max = LIMIT_HEADERS + KIB;
	while (str_split(&head, '\n', &line)) {
		line = str_trim(line);
		if (line.len > 0)
			buf_putf(&r->head, STR_FMT "\n", STR_ARG(line));
	}
	return 0;
}

static bool
header_is(const struct http_resp *r, const char *name, const char *want, bool any_case)
{
	struct str value;

	if (!http_resp_header(r, name, &value) || value.len != strlen(want))
		return false;
	return any_case ? strncasecmp(value.p, want, value.len) == 0 : str_eqz(value, want);
}

static void
accept_of(const char *key, struct buf *out)
{
	struct sha1 *h = sha1_new();
	uint8_t sum[SHA1_LEN];

	sha1_add(h, key, strlen(key));
	sha1_add(h, GUID, strlen(GUID));
	sha1_end(h, sum);
	sha1_free(h);
	b64_encode(out, sum, sizeof sum);
}

static bool
offered(const char *protocols, struct str taken)
{
	struct str rest = str_of(protocols), one;

	while (str_split(&rest, ',', &one))
		if (str_eq(str_trim(one), taken))
			return true;
	return false;
}

static int
check_agreement(const struct http_resp *r, const struct ws_req *req, const char *key, struct str *protocol, struct err *e)
{
	AUTO_BUF struct buf want = BUF_INIT(KIB);
	struct str ignored;

	accept_of(key, &want);
	if (!header_is(r, "Upgrade", "websocket", true) || !header_is(r, "Sec-WebSocket-Accept", buf_cstr(&want), false)
	    || http_resp_header(r, "Sec-WebSocket-Extensions", &ignored))
		return err_set(e, EK_UNAVAILABLE, "the answer is not that of a WebSocket server");
	if (!http_resp_header(r, "Sec-WebSocket-Protocol", protocol) || !offered(req->protocols, *protocol))
		return err_set(e, EK_INVALID, "the server speaks none of %s", req->protocols);
	return 0;
}

/* A body in chunks, as far as it has come.  True: it is complete, or no such thing. */
static bool
unchunk(struct str in, struct buf *out)
{
	struct str line;

	buf_cut(out, 0);
	while (str_split(&in, '\n', &line)) {
		uint64_t size = 0;

		line = str_trim(line);
		for (size_t i = 0; i < line.len && line.p[i] != ';'; i++) {
			uint8_t digit;

			if (size > LIMIT_ERROR_BODY || !hex_decode((struct str){ (char[]){ '0', line.p[i] }, 2 }, &digit, 1))
				return true;
			size = 16 * size + digit;
		}
		if (size == 0)
			return in.p != NULL || line.len > 0;
		if (in.len < size + 2)
			return false;
		if (size > out->max - out->len)
			return true;
		buf_put_str(out, str_sub(in, 0, (size_t)size));
		in = str_sub(in, (size_t)size + 2, in.len);
	}
	return false;
}

/* What the server says instead: as much of it as is worth a message. */
static void
read_refusal(struct line *l, struct buf *in, size_t behind, struct http_resp *r, const struct cancel *c)
{
	uint64_t length = LIMIT_ERROR_BODY;
	struct str value;
	struct err ignored;
	bool chunks = header_is(r, "Transfer-Encoding", "chunked", true);

	if (http_resp_header(r, "Content-Length", &value) && !parse_u64(value, LIMIT_ERROR_BODY, &length))
		length = LIMIT_ERROR_BODY;
	r->body.max = LIMIT_ERROR_BODY;
	for (;;) {
		struct str body = str_sub(buf_str(in), behind, in->len);

		if (chunks ? unchunk(body, &r->body) : body.len >= length)
			break;
		if (body.len >= LIMIT_ERROR_BODY || more(l, in, c, &ignored) <= 0)
			break;
	}
	if (!chunks)
		buf_put_str(&r->body, str_sub(buf_str(in), behind, behind + (size_t)length));
	r->bytes = r->body.len;
}

/* --- both --- */

static struct ws *
agree(struct line *l, const struct ws_req *req, struct http_resp *r, const struct cancel *c, struct err *e)
{
	AUTO(buf_wipe) struct buf out = BUF_INIT(LIMIT_HEADERS + LIMIT_SMALL_BODY);
	AUTO_BUF struct buf in = BUF_INIT(LIMIT_HEADERS + LIMIT_ERROR_BODY + 2 * PIECE), key = BUF_INIT(KIB);
	struct ws_io io = { .recv = line_recv, .send = line_send, .wait = line_wait, .close = line_close, .ctx = l };
	uint8_t random[KEY_LEN];
	struct str protocol;
	size_t behind = 0;

	random_bytes(random, sizeof random);
	b64_encode(&key, random, sizeof random);
	put_request(l, req, buf_cstr(&key), &out);
	call_drop_headers(&l->call);     /* wiped: a token may be among them */
	r->attempts = 1;
	if (send_all(l, buf_str(&out), c, e) < 0 || read_head(l, &in, r, &behind, c, e) < 0)
		return NULL;
	if (r->status != 101) {
		read_refusal(l, &in, behind, r, c);
		if (r->status >= 400)
			(void)http_status_err(r, e);
		else
			err_set(e, EK_INVALID, "the server does not speak WebSocket here (%d)", r->status);
		return NULL;
	}
	if (check_agreement(r, req, buf_cstr(&key), &protocol, e) < 0)
		return NULL;
	return ws_new(&io, protocol, str_sub(buf_str(&in), behind, in.len));
}

struct ws *
ws_open(struct http *h, const struct ws_req *req, struct http_resp *refused, const struct cancel *c, struct err *e)
{
	AUTO(line_freep) struct line *l = xcalloc(1, sizeof *l);
	struct cancel limit = { .up = c, .deadline_mono_ns = clock_mono_ns() + h->stall_ns };
	struct ws *ws = NULL;

	l->multi = curl_multi_init();
	l->call = (struct http_call){ .h = h, .state = CALL_OUT, .req = { .method = "GET", .url = req->url } };
	l->call.shown = request_shown(&l->call.req);
	l->call.easy = curl_easy_init();
	assert_that(l->multi && l->call.easy);
	*refused = (struct http_resp){ 0 };
	if (req->prepare && req->prepare(req->ctx, &l->call, false, e) < 0)
		return NULL;
	if (line_setup(l, e) == 0 && line_connect(l, &limit, e) == 0)
		ws = agree(l, req, refused, &limit, e);
	if (ws == NULL)
		attempt_err_ctx(&l->call, e);
	else
		l = NULL;
	return ws;
}
