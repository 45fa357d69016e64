/* HTTP sessions against a scripted server: requests, responses, and what broken servers send. */
#include "tests/unit/http_rig.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"

#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- requests and responses ---- */

static void
say_hello(void *ctx, const struct httpd_req *r, struct httpd_conn *c)
{
	(void)ctx, (void)r;
	httpd_answer(c, 200, "X-One:  first \r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Encoding: gzip\r\n",
		S("hello\0world"));
}

static void
get_returns_status_headers_and_raw_body(void **state)
{
	struct rig r;
	struct http_resp resp;
	struct http_req req;
	struct err e;
	struct str v;
	int64_t skew;

	(void)state;
	rig_open(&r, say_hello, NULL, &(struct http_conf){ 0 });
	assert_int_equal(http_clock_skew_ns(r.h), 0);
	req = rig_get(&r);
	assert_int_equal(rig_run(&r, &req, &resp, &e), EK_NONE);
	assert_int_equal(resp.status, 200);
	assert_int_equal(resp.bytes, 11);
	assert_int_equal(resp.attempts, 1);
	assert_int_equal(resp.body.len, 11);
	assert_memory_equal(resp.body.p, "hello\0world", 11);
	assert_true(http_resp_header(&resp, "x-ONE", &v));
	assert_str(v, "first");
	assert_false(http_resp_header(&resp, "X-On", &v));
	assert_false(http_resp_header(&resp, "X-Two", &v));
	skew = http_clock_skew_ns(r.h) + clock_unix_ns() - INT64_C(784111777) * NS_PER_S;
	assert_true(skew > -10 * NS_PER_S && skew < 10 * NS_PER_S);
	http_resp_done(&resp);
	rig_close(&r);
}

/* Answers with what arrived: "METHOD type=... length=... expect=...;" and the body's sum. */
static void
echo(void *ctx, const struct httpd_req *r, struct httpd_conn *c)
{
	AUTO_BUF struct buf out = BUF_INIT(MIB);
	static const char *const names[] = { "Content-Type", "Content-Length", "Expect", "Accept-Encoding", "X-Own" };
	unsigned long sum = 0;
	struct str v;

	(void)ctx;
	buf_puts(&out, r->method);
	for (size_t i = 0; i < COUNT(names); i++)
		if (httpd_header(r->head, names[i], &v))
			buf_putf(&out, " %s=" STR_FMT, names[i], STR_ARG(v));
	for (size_t i = 0; i < r->body.len; i++)
		sum = sum * 31 + (unsigned char)r->body.p[i];
	buf_putf(&out, " sum=%lx", sum);
	httpd_answer(c, 200, NULL, strcmp(r->method, "HEAD") == 0 ? S("") : buf_str(&out));
}

static void
methods_headers_and_bodies_arrive_as_given(void **state)
{
	static const struct { const char *method; size_t len; const char *header, *want; } rows[] = {
		{ "GET",    0,      NULL, "GET sum=0" },
		{ "DELETE", 0,      NULL, "DELETE sum=0" },
		{ "HEAD",   0,      NULL, "" },
		{ "POST",   0,      NULL, "POST Content-Length=0 sum=0" },
		{ "PUT",    0,      NULL, "PUT Content-Length=0 sum=0" },
		{ "DELETE", 3,      NULL, "DELETE Content-Length=3 sum=20" },
		{ "POST",   3,      "Content-Type: a/b", "POST Content-Type=a/b Content-Length=3 sum=20" },
		{ "PATCH",  3,      "X-Own: 1", "PATCH Content-Length=3 X-Own=1 sum=20" },
		{ "PUT",    300000, NULL, NULL },
	};
	AUTO_FREE char *body = xcalloc(1, 300000);
	struct rig r;

	(void)state;
	for (size_t i = 0; i < 300000; i++)
		body[i] = (char)(i * i >> 3);    /* begins with 0 0 0 1 2: binary */
	body[2] = 32;
	rig_open(&r, echo, NULL, &(struct http_conf){ 0 });
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *headers[] = { rows[i].header, NULL };
		struct http_req req = { .method = rows[i].method, .url = r.url, .headers = headers,
			.body = { body, rows[i].len }, .max_body = MIB };
		AUTO_FREE char *want = NULL;
		unsigned long sum = 0;
		struct http_resp resp;
		struct err e;

		for (size_t k = 0; k < rows[i].len; k++)
			sum = sum * 31 + (unsigned char)body[k];
		want = rows[i].want ? xstrdup(rows[i].want) : xasprintf("PUT Content-Length=300000 sum=%lx", sum);
		assert_int_equal(rig_run(&r, &req, &resp, &e), EK_NONE);
		assert_str(buf_str(&resp.body), want);
		http_resp_done(&resp);
	}
	rig_close(&r);
}

static void
refuse_all(void *ctx, const struct httpd_req *r, struct httpd_conn *c)
{
	const int *status = ctx;

	(void)r;
	httpd_answer(c, *status, *status == 429 ? "Retry-After: 7\r\n" : "Location: /elsewhere\r\n", S("why"));
}

static void
statuses_become_kinds_and_keep_their_body(void **state)
{
	static const struct { int status; enum err_kind kind; } rows[] = {
		{ 201, EK_NONE }, { 302, EK_NONE }, { 304, EK_NONE }, { 400, EK_INVALID }, { 401, EK_DENIED },
		{ 403, EK_DENIED }, { 404, EK_NOTFOUND }, { 408, EK_TIMEOUT }, { 409, EK_CONFLICT },
		{ 412, EK_CONFLICT }, { 418, EK_INVALID }, { 429, EK_THROTTLED }, { 500, EK_UNAVAILABLE },
		{ 501, EK_INVALID }, { 503, EK_UNAVAILABLE }, { 504, EK_TIMEOUT }, { 599, EK_UNAVAILABLE },
	};
	int status = 0;
	struct rig r;

	(void)state;
	rig_open(&r, refuse_all, &status, &(struct http_conf){ 0 });
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct http_req req = rig_get(&r);
		struct http_resp resp;
		struct err e;

		status = rows[i].status;
		assert_int_equal(rig_run(&r, &req, &resp, &e), rows[i].kind);
		assert_int_equal(resp.status, status);
		assert_int_equal(e.http, status >= 400 ? status : 0);
		assert_int_equal(e.retry_after_ns, status == 429 ? 7 * NS_PER_S : 0);
		if (status != 304)
			assert_str(buf_str(&resp.body), "why");
		http_resp_done(&resp);
	}
	assert_int_equal(httpd_requests(r.s), COUNT(rows));      /* no redirect was followed */
	rig_close(&r);
}

static void
answer_sized(void *ctx, const struct httpd_req *r, struct httpd_conn *c)
{
	const struct { int status; size_t len; } *want = ctx;
	AUTO_FREE char *body = xcalloc(1, want->len);

	(void)r;
	httpd_answer(c, want->status, NULL, (struct str){ body, want->len });
}

static void
bodies_are_bounded(void **state)
{
	static const struct { int status; size_t len, kept; enum err_kind kind; } rows[] = {
		{ 200, 1000, 1000, EK_NONE }, { 200, 1001, 0, EK_LIMIT },
		{ 404, LIMIT_ERROR_BODY + 5000, LIMIT_ERROR_BODY, EK_NOTFOUND },
	};
	struct { int status; size_t len; } want;
	struct rig r;

	(void)state;
	rig_open(&r, answer_sized, &want, &(struct http_conf){ 0 });
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct http_req req = rig_get(&r);
		struct http_resp resp;
		struct err e;

		req.max_body = 1000;
		want.status = rows[i].status;
		want.len = rows[i].len;
		assert_int_equal(rig_run(&r, &req, &resp, &e), rows[i].kind);
		assert_int_equal(resp.body.len, rows[i].kept);
		if (rows[i].kind == EK_LIMIT)
			assert_has(e.msg, "/a/b: the answer has more than 1000 bytes");
		http_resp_done(&resp);
	}
	rig_close(&r);
}

static void
answer_long_head(void *ctx, const struct httpd_req *r, struct httpd_conn *c)
{
	const size_t *len = ctx;

	(void)r;
	httpd_sends(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n");
	for (size_t sent = 0; sent < *len; sent += 1000)
		httpd_sends(c, "X-Fill: ");
	for (size_t sent = 0; sent < *len; sent += 100)
		httpd_sends(c, "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeee\r\nX-Fill: "
			"aaaaaaaaaabbbbbbbbbbccccccccccddddddddd");
	httpd_sends(c, "\r\n\r\n");
}

static void
response_headers_are_bounded(void **state)
{
	static const struct { size_t len; enum err_kind kind; } rows[] = { { 50000, EK_NONE }, { 80000, EK_LIMIT } };
	size_t len = 0;
	struct rig r;

	(void)state;
	rig_open(&r, answer_long_head, &len, &(struct http_conf){ 0 });
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct http_req req = rig_get(&r);
		struct http_resp resp;
		struct err e;

		len = rows[i].len;
		assert_int_equal(rig_run(&r, &req, &resp, &e), rows[i].kind);
		http_resp_done(&resp);
	}
	rig_close(&r);
}

/* ---- what a broken server does ---- */

/* Sends a fixed text, then closes. */
static void
send_text(void *ctx, const struct httpd_req *r, struct httpd_conn *c)
{
	(void)r;
	httpd_sends(c, ctx);
	httpd_cut(c);
}

static void
odd_answers_are_told_apart(void **state)
{
	static const struct { const char *text; enum err_kind kind; const char *says; } rows[] = {
		{ "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nhello", EK_UNAVAILABLE, "after 5 of 500 bytes" },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", EK_UNAVAILABLE,
			"after 5 bytes of the answer" },
		{ "HTTP/1.1 403 No\r\nContent-Length: 500\r\n\r\nhello", EK_DENIED, "403 Forbidden" },
		{ "", EK_UNAVAILABLE, "connection closed without an answer" },
		{ "HTTP/1.1 100 Continue\r\n\r\n", EK_UNAVAILABLE, "" },
		{ "SSH-2.0-OpenSSH_9.2\r\n\r\n", EK_UNAVAILABLE, "not HTTP" },
		{ "HTTP/1.1 abc\r\n\r\n", EK_UNAVAILABLE, "" },
		{ "HTTP/1.1 200 OK\r\nContent-Length: banana\r\n\r\n", EK_UNAVAILABLE, "" },
		{ "HTTP/1.1 100 Continue\r\nX-A: interim\r\n\r\nHTTP/1.1 200 OK\r\nX-A: final\r\n"
			"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-A: trailer\r\n\r\n", EK_NONE, "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_FREE char *text = xstrdup(rows[i].text);
		struct rig r;
		struct http_req req;
		struct http_resp resp;
		struct err e;
		struct str v;

		rig_open(&r, send_text, text, &(struct http_conf){ 0 });
		req = rig_get(&r);
		if (rig_run(&r, &req, &resp, &e) != rows[i].kind)
			fail_msg("%s: kind %d, %s", text, (int)e.kind, e.msg);
		if (rows[i].kind != EK_NONE) {
			assert_has(e.msg, rows[i].says);
		} else {
			assert_str(buf_str(&resp.body), "hello");
			assert_true(http_resp_header(&resp, "X-A", &v));
			assert_str(v, "final");
			assert_null(memmem(resp.head.p, resp.head.len, "interim", 7));
			assert_null(memmem(resp.head.p, resp.head.len, "trailer", 7));
		}
		http_resp_done(&resp);
		rig_close(&r);
	}
}

/* A port where nobody listens: bound, then closed. */
static int
dead_port(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	assert_int_equal(close(fd), 0);
	return ntohs(a.sin_port);
}

static void
refused_connection_is_retried_even_for_a_post_and_named_without_secrets(void **state)
{
	AUTO_FREE char *url = xasprintf("http://user:planted-secret@127.0.0.1:%d/x/y?sig=planted-secret", dead_port());
	AUTO_FREE char *shown = NULL;
	const char *headers[] = { "Authorization: Bearer planted-secret", NULL };
	struct http_req req = { .method = "POST", .url = url, .headers = headers };
	struct err e = { 0 };
	AUTO(http_freep) struct http *h = http_new(&(struct http_conf){ .retries = 2 }, &e);
	struct http_resp resp;

	(void)state;
	assert_int_equal(http_do(h, &req, &resp, NULL, &e), -1);
	assert_int_equal(e.kind, EK_UNAVAILABLE);
	assert_int_equal(e.sys, ECONNREFUSED);
	assert_int_equal(resp.attempts, 3);
	assert_int_equal(resp.status, 0);
	shown = xasprintf("POST http://127.0.0.1:%s", strrchr(url, ':') + 1);
	*strchr(shown, '?') = '\0';
	assert_has(e.msg, shown);
	assert_has(e.msg, ": cannot connect: Connection refused (3 attempts)");
	assert_null(strstr(e.msg, "planted-secret"));
	http_resp_done(&resp);
}

static void
unusable_requests_fail_before_anything_is_sent(void **state)
{
	static const struct { const char *url, *header; enum err_kind kind; } rows[] = {
		{ "ftp://127.0.0.1/x", NULL, EK_INVALID }, { "127.0.0.1", NULL, EK_INVALID },
		{ "", NULL, EK_INVALID }, { "http://", NULL, EK_INVALID },
		{ "http://127.0.0.1:99999/", NULL, EK_INVALID },
		{ "http://127.0.0.1:1/", "X-Token: a\r\nHost: other", EK_INVALID },
		{ "http://no-such-name.invalid/", NULL, EK_UNAVAILABLE },
	};
	struct err e = { 0 };
	AUTO(http_freep) struct http *h = http_new(&(struct http_conf){ 0 }, &e);

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *headers[] = { rows[i].header, NULL };
		struct http_req req = { .method = "GET", .url = rows[i].url, .headers = headers };
		struct http_resp resp;

		assert_int_equal(http_do(h, &req, &resp, NULL, &e), -1);
		if (e.kind != rows[i].kind)
			fail_msg("'%s': %s", rows[i].url, e.msg);
		http_resp_done(&resp);
	}
}

/* ---- texts ---- */

static void
escape_keeps_unreserved_characters_only(void **state)
{
	static const struct { const char *in, *out; bool slash; } rows[] = {
		{ "", "", false },
		{ "AZaz09-._~", "AZaz09-._~", false },
		{ "a/b c", "a%2Fb%20c", false },
		{ "a/b c", "a/b%20c", true },
		{ "system:node=+\xc3\xa9", "system%3Anode%3D%2B%C3%A9", true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_BUF struct buf out = BUF_INIT(KIB);

		http_escape(&out, str_of(rows[i].in), rows[i].slash);
		assert_string_equal(buf_cstr(&out), rows[i].out);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(get_returns_status_headers_and_raw_body),
		cmocka_unit_test(methods_headers_and_bodies_arrive_as_given),
		cmocka_unit_test(statuses_become_kinds_and_keep_their_body),
		cmocka_unit_test(bodies_are_bounded),
		cmocka_unit_test(response_headers_are_bounded),
		cmocka_unit_test(odd_answers_are_told_apart),
		cmocka_unit_test(refused_connection_is_retried_even_for_a_post_and_named_without_secrets),
		cmocka_unit_test(unusable_requests_fail_before_anything_is_sent),
		cmocka_unit_test(escape_keeps_unreserved_characters_only),
	};

	rig_global_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
