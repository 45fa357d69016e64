/*
 * WebSockets and commands in containers: the agreement with a server on loopback, frames in pieces of any size, pings,
 * good-byes, masks, and what servers do wrong.
 */
#include "base/hash.h"
#include "base/limits.h"
#include "base/mem.h"
#include "k8s/exec.h"
#include "tests/unit/http_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

/* --- a connection in memory --- */

struct wire {
	struct str  in;                  /* what the server says */
	size_t      piece;               /* bytes at once; 0: all */
	size_t      at;
	bool        hungry;              /* every other time there is nothing yet */
	bool        turn;
	struct buf  out;
	unsigned    waits;
};

static ssize_t
wire_recv(void *ctx, void *p, size_t n, struct err *e)
{
	struct wire *w = ctx;

	(void)e;
	if (w->hungry && (w->turn = !w->turn))
		return 0;
	if (w->at == w->in.len)
		return WS_IO_END;
	if (w->piece > 0 && n > w->piece)
		n = w->piece;
	if (n > w->in.len - w->at)
		n = w->in.len - w->at;
	memcpy(p, w->in.p + w->at, n);
	w->at += n;
	return (ssize_t)n;
}

static ssize_t
wire_send(void *ctx, const void *p, size_t n, struct err *e)
{
	struct wire *w = ctx;

	(void)e;
	buf_put(&w->out, p, n);
	return (ssize_t)n;
}

static void
wire_wait(void *ctx, bool to_send)
{
	struct wire *w = ctx;

	(void)to_send;
	assert_true(w->waits++ < 1000);
}

static void
wire_close(void *ctx)
{
	(void)ctx;
}

static int
collect(void *ctx, struct str message, struct err *e)
{
	(void)e;
	buf_put_str(ctx, message);
	buf_putc(ctx, '|');
	return str_eqz(message, "stop");
}

static enum err_kind
run_on(struct wire *w, ws_fn *fn, void *ctx, struct err *e)
{
	struct ws_io io = { wire_recv, wire_send, wire_wait, wire_close, w };
	struct ws *ws = ws_new(&io, S("v4.channel.k8s.io"), S(""));
	int rc = ws_run(ws, fn, ctx, NULL, e);

	ws_free(ws);
	return rc == 0 ? EK_NONE : e->kind;
}

#define BYTES(text) { text, sizeof(text) - 1 }

static void
frames_become_messages(void **state)
{
	static const struct { struct str in; const char *got; enum err_kind kind; } rows[] = {
		{ BYTES("\x82\x03" "abc" "\x88\x02\x03\xe8"), "abc|", EK_NONE },
		{ BYTES("\x82\x03" "abc" "\x81\x02" "de" "\x88\x00"), "abc|de|", EK_NONE },
		{ BYTES("\x82\x00" "\x88\x00"), "|", EK_NONE },
		{ BYTES("\x02\x02" "ab" "\x00\x01" "c" "\x80\x01" "d" "\x88\x00"), "abcd|", EK_NONE },
		{ BYTES("\x02\x02" "ab" "\x89\x01" "p" "\x80\x01" "c" "\x88\x00"), "abc|", EK_NONE },  /* a ping in between */
		{ BYTES("\x82\x04" "stop" "\x82\x01" "x"), "stop|", EK_NONE },
		{ BYTES("\x82\x03" "abc"), "abc|", EK_UNAVAILABLE },                                /* no good-bye */
		{ BYTES("\x82\x03" "ab"), "", EK_UNAVAILABLE },
		{ BYTES(""), "", EK_UNAVAILABLE },
		{ BYTES("\x88\x02\x03\xf3"), "", EK_UNAVAILABLE },                                  /* 1011: it failed */
		{ BYTES("\x83\x01" "a"), "", EK_CORRUPT },                                          /* no such opcode */
		{ BYTES("\xc2\x01" "a"), "", EK_CORRUPT },                                          /* a reserved bit */
		{ BYTES("\x80\x01" "a"), "", EK_CORRUPT },                                          /* goes on with nothing */
		{ BYTES("\x09\x01" "a"), "", EK_CORRUPT },                                          /* a ping in pieces */
		{ BYTES("\x82\x7f\x00\x00\x00\x00\x7f\x00\x00\x00" "and so on"), "", EK_LIMIT },
		{ BYTES("HTTP/1.1 400 Bad Request\r\n"), "", EK_CORRUPT },
	};
	static const size_t pieces[] = { 0, 1, 3 };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (size_t k = 0; k < 2 * COUNT(pieces); k++) {
			AUTO_BUF struct buf got = BUF_INIT(KIB);
			struct wire w = { .in = rows[i].in, .piece = pieces[k / 2], .hungry = k % 2, .out = BUF_INIT(KIB) };
			struct err e = { 0 };
			enum err_kind kind = run_on(&w, collect, &got, &e);

			if (kind != rows[i].kind || strcmp(buf_cstr(&got), rows[i].got) != 0)
				fail_msg("row %zu.%zu: kind %d, '%s', %s", i, k, (int)kind, buf_cstr(&got), e.msg);
			buf_free(&w.out);
		}
}

static void
a_ping_is_answered_with_a_mask(void **state)
{
	struct wire w = { .in = BYTES("\x89\x04" "ping" "\x88\x00"), .piece = 6, .hungry = true, .out = BUF_INIT(KIB) };
	AUTO_BUF struct buf got = BUF_INIT(KIB);
	struct err e = { 0 };
	const uint8_t *p;
	char text[5] = "";

	(void)state;
	assert_int_equal(run_on(&w, collect, &got, &e), EK_NONE);
	p = (const uint8_t *)w.out.p;
	assert_true(w.out.len >= 10);
	assert_int_equal(p[0], 0x8a);
	assert_int_equal(p[1], 0x84);
	for (size_t i = 0; i < 4; i++)
		text[i] = (char)(p[6 + i] ^ p[2 + i]);
	assert_string_equal(text, "ping");
	buf_free(&w.out);
}

static int
give_up(void *ctx, struct str message, struct err *e)
{
	(void)ctx, (void)message;
	return err_set(e, EK_IO, "enough");
}

static void
an_error_of_the_owner_ends_it(void **state)
{
	struct wire w = { .in = BYTES("\x82\x01" "a" "\x82\x01" "b"), .out = BUF_INIT(KIB) };
	struct err e = { 0 };

	(void)state;
	assert_int_equal(run_on(&w, give_up, NULL, &e), EK_IO);
	assert_string_equal(e.msg, "enough");
	buf_free(&w.out);
}

/* --- channels --- */

#define EXIT_3 "{\"metadata\":{},\"status\":\"Failure\",\"message\":\"command terminated\",\"reason\":\"NonZeroExitCode\"," \
	"\"details\":{\"causes\":[{\"reason\":\"ExitCode\",\"message\":\"3\"}]}}"
#define SUCCESS "{\"metadata\":{},\"status\":\"Success\"}"

static void
put_message(struct buf *out, char channel, const char *text)
{
	size_t n = strlen(text) + 1;

	buf_putc(out, (char)0x82);
	if (n < 126) {
		buf_putc(out, (char)n);
	} else {
		buf_putc(out, 126);
		buf_putc(out, (char)(n >> 8));
		buf_putc(out, (char)(n & 255));
	}
	buf_putc(out, channel);
	buf_puts(out, text);
}

static void
channels_become_output_and_exit_status(void **state)
{
	static const struct { const char *out, *err, *status; enum err_kind kind; int code; const char *says; } rows[] = {
		{ "hello\n", "", SUCCESS, EK_NONE, 0, "" },
		{ "", "sorry", EXIT_3, EK_NONE, 3, "" },
		{ "a", "b", NULL, EK_UNAVAILABLE, 0, "without the command's exit status" },
		{ "", "", "{\"status\":\"Failure\",\"message\":\"container not found (\\\"x\\\")\",\"reason\":\"InternalError\"}",
			EK_NOTFOUND, 0, "container not found" },
		{ "", "", "{\"status\":\"Failure\",\"message\":\"exec: \\\"/no\\\": executable file not found in $PATH\"}",
			EK_INVALID, 0, "executable file not found" },
		{ "", "", "{\"status\":\"Failure\",\"reason\":\"NonZeroExitCode\",\"details\":{\"causes\":[{\"reason\":\"ExitCode\","
			"\"message\":\"-1\"}]}}", EK_UNAVAILABLE, 0, "" },
		{ "", "", "[]", EK_UNAVAILABLE, 0, "without the command's exit status" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_BUF struct buf in = BUF_INIT(64 * KIB);
		AUTO(k8s_exec_result_done) struct k8s_exec_result r = K8S_EXEC_RESULT(KIB);
		struct ws_io io = { wire_recv, wire_send, wire_wait, wire_close, NULL };
		struct wire w = { .piece = 7, .out = BUF_INIT(KIB) };
		struct err e = { 0 };
		struct ws *ws;

		put_message(&in, 1, "");
		put_message(&in, 1, rows[i].out);
		put_message(&in, 2, rows[i].err);
		put_message(&in, 9, "of a later version");
		if (rows[i].status)
			put_message(&in, 3, rows[i].status);
		buf_put(&in, "\x88\x00", 2);
		w.in = buf_str(&in);
		io.ctx = &w;
		ws = ws_new(&io, S("v4.channel.k8s.io"), S(""));
		if (k8s_exec_talk(ws, &r, NULL, &e) < 0 ? e.kind != rows[i].kind : rows[i].kind != EK_NONE)
			fail_msg("row %zu: %s", i, e.msg);
		assert_string_equal(buf_cstr(&r.out), rows[i].out);
		assert_string_equal(buf_cstr(&r.err), rows[i].err);
		assert_int_equal(r.code, rows[i].code);
		assert_has(e.msg, rows[i].says);
		ws_free(ws);
		buf_free(&w.out);
	}
}

static void
output_beyond_the_limit_is_cut(void **state)
{
	AUTO_BUF struct buf in = BUF_INIT(64 * KIB);
	AUTO(k8s_exec_result_done) struct k8s_exec_result r = K8S_EXEC_RESULT(5);
	struct wire w = { .out = BUF_INIT(KIB) };
	struct ws_io io = { wire_recv, wire_send, wire_wait, wire_close, &w };
	struct err e = { 0 };
	struct ws *ws;

	(void)state;
	put_message(&in, 1, "abcd");
	put_message(&in, 1, "efgh");
	put_message(&in, 3, SUCCESS);
	w.in = buf_str(&in);
	ws = ws_new(&io, S("v5.channel.k8s.io"), S(""));
	assert_int_equal(k8s_exec_talk(ws, &r, NULL, &e), 0);
	assert_string_equal(buf_cstr(&r.out), "abcde");
	assert_true(r.cut);
	ws_free(ws);
	buf_free(&w.out);
}

/* --- the agreement --- */

enum manner { GOOD, EARLY, WRONG_ACCEPT, NO_PROTOCOL, OTHER_PROTOCOL, EXTENSION, FORBIDDEN, CHUNKED, NOT_FOUND_CUT, PLAIN_200,
	NO_HTTP, SILENT_END };

static void
serve(void *ctx, const struct httpd_req *r, struct httpd_conn *c)
{
	enum manner m = *(const enum manner *)ctx;
	AUTO_BUF struct buf accept = BUF_INIT(KIB), answer = BUF_INIT(4 * KIB);
	struct str key = { 0 };
	struct sha1 *h;
	uint8_t sum[SHA1_LEN];

	if (m == FORBIDDEN || m == NOT_FOUND_CUT || m == PLAIN_200) {
		static const char body[] = "{\"kind\":\"Status\",\"message\":\"not for you\"}";

		if (m == NOT_FOUND_CUT) {
			httpd_sends(c, "HTTP/1.1 404 Not Found\r\n\r\nnothing here");
			httpd_cut(c);
			return;
		}
		httpd_answer(c, m == FORBIDDEN ? 403 : 200, "Content-Type: application/json\r\n", str_of(body));
		httpd_wait_eof(c);
		return;
	}
	if (m == CHUNKED) {
		httpd_sends(c, "HTTP/1.1 503 Service Unavailable\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nlater\r\nA;x=y\r\n, not nowww\r\n0\r\n\r\n");
		httpd_wait_eof(c);
		return;
	}
	if (m == NO_HTTP || m == SILENT_END) {
		if (m == NO_HTTP)
			httpd_sends(c, "SSH-2.0-OpenSSH\r\n\r\n");
		httpd_cut(c);
		return;
	}
	assert_true(httpd_header(r->head, "Sec-WebSocket-Key", &key) && key.len == 24);
	h = sha1_new();
	sha1_add(h, key.p, key.len);
	sha1_add(h, "258EAFA5-E914-47DA-95CA-C5AB0DC85B11", 36);
	sha1_end(h, sum);
	sha1_free(h);
	sum[0] ^= m == WRONG_ACCEPT;
	b64_encode(&accept, sum, sizeof sum);
	buf_putf(&answer, "HTTP/1.1 101 Switching Protocols\r\nupgrade: WebSocket\r\nConnection: Upgrade\r\n"
		"Sec-WebSocket-Accept: %s\r\n", buf_cstr(&accept));
	if (m != NO_PROTOCOL)
		buf_putf(&answer, "Sec-WebSocket-Protocol: %s\r\n", m == OTHER_PROTOCOL ? "chat" : "v4.channel.k8s.io");
	if (m == EXTENSION)
		buf_puts(&answer, "Sec-WebSocket-Extensions: permessage-deflate\r\n");
	buf_puts(&answer, "\r\n");
	if (m == EARLY)
		buf_put(&answer, "\x82\x05" "early" "\x88\x00", 9);
	httpd_send(c, answer.p, answer.len);
	if (m == GOOD)
		httpd_send(c, "\x82\x04" "late" "\x88\x00", 8);
	httpd_wait_eof(c);
}

static void
servers_agree_or_say_why_not(void **state)
{
	static const struct { enum manner m; enum err_kind kind; int status; const char *says; } rows[] = {
		{ GOOD, EK_NONE, 101, "late|" },
		{ EARLY, EK_NONE, 101, "early|" },
		{ WRONG_ACCEPT, EK_UNAVAILABLE, 101, "not that of a WebSocket server" },
		{ NO_PROTOCOL, EK_INVALID, 101, "speaks none of v5.channel.k8s.io, v4.channel.k8s.io" },
		{ OTHER_PROTOCOL, EK_INVALID, 101, "speaks none of" },
		{ EXTENSION, EK_UNAVAILABLE, 101, "not that of a WebSocket server" },
		{ FORBIDDEN, EK_DENIED, 403, "{\"kind\":\"Status\",\"message\":\"not for you\"}" },
		{ CHUNKED, EK_UNAVAILABLE, 503, "later, not noww" },
		{ NOT_FOUND_CUT, EK_NOTFOUND, 404, "nothing here" },
		{ PLAIN_200, EK_INVALID, 200, "does not speak WebSocket here (200)" },
		{ NO_HTTP, EK_UNAVAILABLE, 0, "not HTTP" },
		{ SILENT_END, EK_UNAVAILABLE, 0, "without an answer" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		enum manner m = rows[i].m;
		struct rig rig;
		AUTO(http_resp_done) struct http_resp resp = { 0 };
		AUTO_BUF struct buf got = BUF_INIT(4 * KIB);
		struct err e = { 0 };
		struct ws_req req = { .protocols = "v5.channel.k8s.io, v4.channel.k8s.io" };
		struct ws *ws;

		rig_open(&rig, serve, &m, &(struct http_conf){ .user_agent = "test" });
		req.url = rig.url;
		ws = ws_open(rig.h, &req, &resp, NULL, &e);
		if (ws) {
			assert_string_equal(ws_protocol(ws), "v4.channel.k8s.io");
			assert_int_equal(ws_run(ws, collect, &got, NULL, &e), 0);
		} else {
			buf_puts(&got, resp.status >= 400 ? buf_cstr(&resp.body) : e.msg);
		}
		if (e.kind != rows[i].kind || resp.status != rows[i].status || strstr(buf_cstr(&got), rows[i].says) == NULL)
			fail_msg("row %zu: %d, status %d, %s: %s", i, (int)e.kind, resp.status, e.msg, buf_cstr(&got));
		assert_int_equal(resp.attempts, 1);
		ws_free(ws);
		rig_close(&rig);
	}
}

static void
nothing_is_sent_to_a_server_that_is_not_there(void **state)
{
	AUTO(http_resp_done) struct http_resp resp = { 0 };
	struct err e = { 0 };
	AUTO(http_freep) struct http *h = http_new(&(struct http_conf){ .user_agent = "test" }, &e);
	struct ws_req req = { .url = "http://127.0.0.1:1/exec", .protocols = "v4.channel.k8s.io" };

	(void)state;
	assert_null(ws_open(h, &req, &resp, NULL, &e));
	assert_int_equal(e.kind, EK_UNAVAILABLE);
	assert_int_equal(resp.attempts, 0);
}

static void
hang(void *ctx, const struct httpd_req *r, struct httpd_conn *c)
{
	(void)ctx, (void)r;
	httpd_wait_eof(c);
}

static void
a_canceled_agreement_ends(void **state)
{
	AUTO(http_resp_done) struct http_resp resp = { 0 };
	struct cancel c = { .deadline_mono_ns = 1 };
	struct err e = { 0 };
	struct rig rig;
	struct ws_req req = { .protocols = "v4.channel.k8s.io" };

	(void)state;
	rig_open(&rig, hang, NULL, &(struct http_conf){ .user_agent = "test" });
	req.url = rig.url;
	assert_null(ws_open(rig.h, &req, &resp, &c, &e));
	assert_int_equal(e.kind, EK_TIMEOUT);
	rig_close(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_become_messages),
		cmocka_unit_test(a_ping_is_answered_with_a_mask),
		cmocka_unit_test(an_error_of_the_owner_ends_it),
		cmocka_unit_test(channels_become_output_and_exit_status),
		cmocka_unit_test(output_beyond_the_limit_is_cut),
		cmocka_unit_test(servers_agree_or_say_why_not),
		cmocka_unit_test(nothing_is_sent_to_a_server_that_is_not_there),
		cmocka_unit_test(a_canceled_agreement_ends),
	};

	rig_global_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
