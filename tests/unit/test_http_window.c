/* HTTP sessions against a scripted server: retries, sinks, prepare hooks, windows, cancellation. */
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

/* The first n requests get the first text and a cut, later ones a good answer. */
struct then_good { const char *text; unsigned n; bool reset; };

static void
fail_then_good(void *ctx, const struct httpd_req *r, struct httpd_conn *c)
{
	const struct then_good *t = ctx;

	if (r->nth >= t->n) {
		httpd_answer(c, 200, NULL, r->body.len ? r->body : S("good"));
		return;
	}
	httpd_sends(c, t->text);
	if (t->reset)
		httpd_reset(c);
	else
		httpd_cut(c);
}

#define THROTTLED "HTTP/1.1 429 Slow\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
#define AFTER_0   "HTTP/1.1 503 No\r\nRetry-After: 0\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
#define BAD       "HTTP/1.1 503 No\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbad"
#define BROKEN    "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nhello"
#define FORBIDDEN "HTTP/1.1 403 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

static void
only_safe_repetitions_are_made(void **state)
{
	static const struct { struct then_good t; bool is_post; unsigned retries; enum err_kind kind; unsigned attempts,
		throttled; } rows[] = {
		{ { THROTTLED, 1, false }, true,  3, EK_NONE, 2, 1 },
		{ { AFTER_0,   2, false }, true,  3, EK_NONE, 3, 2 },
		{ { BAD,       1, false }, true,  3, EK_UNAVAILABLE, 1, 1 },
		{ { BROKEN,    1, false }, true,  3, EK_UNAVAILABLE, 1 },
		{ { "",        1, false }, true,  3, EK_UNAVAILABLE, 1 },
		{ { "",        1, true },  true,  3, EK_UNAVAILABLE, 1 },
		{ { BAD,       1, false }, false, 3, EK_NONE, 2, 1 },
		{ { BROKEN,    2, false }, false, 3, EK_NONE, 3 },
		{ { "",        1, false }, false, 3, EK_NONE, 2 },
		{ { "",        1, true },  false, 3, EK_NONE, 2 },
		{ { BAD,       9, false }, false, 2, EK_UNAVAILABLE, 3, 3 },
		{ { BAD,       1, false }, false, 0, EK_UNAVAILABLE, 1, 1 },
		{ { FORBIDDEN, 1, false }, false, 3, EK_DENIED, 1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct then_good t = rows[i].t;
		struct rig r;
		struct http_req req;
		struct http_resp resp;
		struct err e;

		rig_open(&r, fail_then_good, &t, &(struct http_conf){ .retries = rows[i].retries });
		req = rows[i].is_post ? rig_post(&r) : rig_get(&r);
		if (rig_run(&r, &req, &resp, &e) != rows[i].kind)
			fail_msg("row %zu: kind %d, %s", i, (int)e.kind, e.msg);
		assert_int_equal(resp.attempts, rows[i].attempts);
		assert_int_equal(resp.throttled, rows[i].throttled);
		assert_int_equal(httpd_requests(r.s), rows[i].attempts);
		if (rows[i].kind == EK_NONE)
			assert_str(buf_str(&resp.body), rows[i].is_post ? "{}" : "good");
		http_resp_done(&resp);
		rig_close(&r);
	}
}

/* Keeps the connection after the first answer and drops it, unanswered, after the second request. */
static void
answer_then_drop(void *ctx, const struct httpd_req *r, struct httpd_conn *c)
{
	(void)ctx;
	if (r->on_conn == 0)
		httpd_answer(c, 200, NULL, S("good"));
	else
		httpd_cut(c);
}

static void
request_lost_on_a_kept_connection_is_repeated_only_if_idempotent(void **state)
{
	static const struct { bool is_post; const char *body; enum err_kind kind; unsigned requests; } rows[] = {
		{ false, "", EK_NONE, 3 }, { true, "{}", EK_UNAVAILABLE, 2 }, { true, "", EK_UNAVAILABLE, 2 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rig r;
		struct http_req req;
		struct http_resp resp;
		struct err e;

		rig_open(&r, answer_then_drop, NULL, &(struct http_conf){ .retries = 3 });
		req = rows[i].is_post ? rig_post(&r) : rig_get(&r);
		req.body = str_of(rows[i].body);
		assert_int_equal(rig_run(&r, &req, &resp, &e), EK_NONE);
		http_resp_done(&resp);
		assert_int_equal(rig_run(&r, &req, &resp, &e), rows[i].kind);
		assert_int_equal(httpd_requests(r.s), rows[i].requests);
		if (rows[i].kind != EK_NONE)
			assert_has(e.msg, "may have been carried out");
		assert_int_equal(resp.attempts, rows[i].kind == EK_NONE ? 2 : 1);
		http_resp_done(&resp);
		rig_close(&r);
	}
}

/* ---- sinks and prepare hooks ---- */

struct catch { struct buf got; unsigned pieces, fail_at; };

static int
catch_piece(void *ctx, const void *p, size_t n, struct err *e)
{
	struct catch *k = ctx;

	if (++k->pieces == k->fail_at)
		return err_set(e, EK_IO, "disk full");
	return buf_add(&k->got, p, n, e);
}

static void
sink_gets_good_bodies_only_and_no_repetition(void **state)
{
	static const struct { struct then_good t; enum err_kind kind; const char *got; unsigned attempts; } rows[] = {
		{ { BAD,    1, false }, EK_NONE, "good", 2 },
		{ { BAD,    9, false }, EK_UNAVAILABLE, "", 2 },
		{ { BROKEN, 1, false }, EK_UNAVAILABLE, "hello", 1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct then_good t = rows[i].t;
		struct catch k = { .got = BUF_INIT(100) };
		struct rig r;
		struct http_req req;
		struct http_resp resp;
		struct err e;

		rig_open(&r, fail_then_good, &t, &(struct http_conf){ .retries = 1 });
		req = rig_get(&r);
		req.sink = catch_piece;
		req.ctx = &k;
		assert_int_equal(rig_run(&r, &req, &resp, &e), rows[i].kind);
		assert_str(buf_str(&k.got), rows[i].got);
		assert_str(buf_str(&resp.body), resp.status == 503 ? "bad" : "");
		assert_int_equal(resp.attempts, rows[i].attempts);
		http_resp_done(&resp);
		buf_free(&k.got);
		rig_close(&r);
	}
}

static void
answer_3_mib(void *ctx, const struct httpd_req *r, struct httpd_conn *c)
{
	AUTO_FREE char *body = xcalloc(1, 3 * MIB);

	(void)ctx, (void)r;
	httpd_answer(c, 200, NULL, (struct str){ body, 3 * MIB });
}

static void
sink_error_ends_the_call_unchanged(void **state)
{
	struct catch k = { .got = BUF_INIT(4 * MIB), .fail_at = 2 };
	struct rig r;
	struct http_req req;
	struct http_resp resp;
	struct err e;

	(void)state;
	rig_open(&r, answer_3_mib, NULL, &(struct http_conf){ .retries = 3 });
	req = rig_get(&r);
	req.sink = catch_piece;
	req.ctx = &k;
	assert_int_equal(rig_run(&r, &req, &resp, &e), EK_IO);
	assert_string_equal(e.msg, "disk full");
	assert_int_equal(httpd_requests(r.s), 1);
	http_resp_done(&resp);
	k.fail_at = 0;
	buf_cut(&k.got, 0);
	assert_int_equal(rig_run(&r, &req, &resp, &e), EK_NONE);       /* the session goes on */
	assert_int_equal(resp.bytes, 3 * MIB);
	assert_int_equal(k.got.len, 3 * MIB);
	http_resp_done(&resp);
	buf_free(&k.got);
	rig_close(&r);
}

struct tokens { unsigned asked, again; int again_rc, first_rc; };

static int
add_token(void *ctx, struct http_call *call, bool again, struct err *e)
{
	struct tokens *t = ctx;
	AUTO_FREE char *line = xasprintf("X-Token: %u", ++t->asked);

	t->again += again;
	http_call_header(call, line);
	if ((again ? t->again_rc : t->first_rc) < 0)
		return err_set(e, EK_NOTFOUND, "no token file");
	return again ? t->again_rc : 0;
}

/* Takes only the token that the test named. */
static void
check_token(void *ctx, const struct httpd_req *r, struct httpd_conn *c)
{
	const char *good = ctx;
	struct str v;

	httpd_answer(c, httpd_header(r->head, "X-Token", &v) && str_eqz(v, good) ? 200 : 401, NULL, S("x"));
}

static void
prepare_is_asked_once_more_after_401(void **state)
{
	static const struct { const char *good; int first, again; enum err_kind kind; unsigned attempts; } rows[] = {
		{ "1", 0, 0,  EK_NONE, 1 },
		{ "2", 0, 0,  EK_NONE, 2 },
		{ "9", 0, 0,  EK_DENIED, 2 },
		{ "2", 0, 1,  EK_DENIED, 1 },
		{ "2", 0, -1, EK_NOTFOUND, 1 },
		{ "1", -1, 0, EK_NOTFOUND, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_FREE char *good = xstrdup(rows[i].good);
		struct tokens t = { .again_rc = rows[i].again, .first_rc = rows[i].first };
		struct rig r;
		struct http_req req;
		struct http_resp resp;
		struct err e;

		rig_open(&r, check_token, good, &(struct http_conf){ 0 });
		req = rig_post(&r);
		req.prepare = add_token;
		req.ctx = &t;
		assert_int_equal(rig_run(&r, &req, &resp, &e), rows[i].kind);
		assert_int_equal(httpd_requests(r.s), rows[i].attempts);
		assert_in_range(t.again, 0, 1);
		if (rows[i].kind == EK_NOTFOUND)
			assert_string_equal(e.msg, "no token file");
		http_resp_done(&resp);
		rig_close(&r);
	}
}

/* Fetches its token over the session that asks for it, as long as it lasts for one request. */
static int
fetch_token(void *ctx, struct http_call *call, bool again, struct err *e)
{
	struct rig *r = ctx;
	struct http_req req = rig_post(r);
	AUTO(http_resp_done) struct http_resp resp = { 0 };
	AUTO_FREE char *line = NULL;

	(void)again;
	req.body = S("T");
	if (http_do(r->h, &req, &resp, NULL, e) < 0)
		return -1;
	line = xasprintf("X-Token: " STR_FMT, STR_ARG(buf_str(&resp.body)));
	http_call_header(call, line);
	return 0;
}

static void
give_or_check_token(void *ctx, const struct httpd_req *r, struct httpd_conn *c)
{
	struct str v;

	(void)ctx;
	if (str_eqz(r->body, "T"))
		httpd_answer(c, 200, NULL, S("fresh"));
	else
		httpd_answer(c, httpd_header(r->head, "X-Token", &v) && str_eqz(v, "fresh") ? 200 : 401, NULL, S(""));
}

static void
prepare_may_use_the_session_of_its_call(void **state)
{
	struct err e = { 0 };
	struct http_req req;
	struct rig r;

	(void)state;
	rig_open(&r, give_or_check_token, NULL, &(struct http_conf){ .max_connections = 2 });
	req = rig_post(&r);
	req.prepare = fetch_token;
	req.ctx = &r;
	for (int i = 0; i < 8; i++)
		(void)http_start(r.h, &req, NULL);
	for (int i = 0; i < 8; i++) {
		AUTO(http_call_freep) struct http_call *call = http_next(r.h, NULL, &e);

		assert_non_null(call);
		assert_int_equal(http_call_result(call, &e), 0);
	}
	assert_int_equal(httpd_requests(r.s), 16);
	rig_close(&r);
}

/* ---- windows ---- */

static void
echo_body(void *ctx, const struct httpd_req *r, struct httpd_conn *c)
{
	(void)ctx;
	httpd_answer(c, 200, NULL, r->body);
}

/* Starts the next page while the first one is still arriving. */
static int
start_next(void *ctx, const void *p, size_t n, struct err *e)
{
	struct rig *r = ctx;
	struct http_req req = rig_post(r);

	(void)p, (void)n, (void)e;
	(void)http_start(r->h, &req, "next");
	return 0;
}

static void
sink_may_start_calls(void **state)
{
	struct err e = { 0 };
	struct http_req req;
	struct rig r;

	(void)state;
	rig_open(&r, echo_body, NULL, &(struct http_conf){ 0 });
	req = rig_post(&r);
	req.sink = start_next;
	req.ctx = &r;
	(void)http_start(r.h, &req, NULL);
	for (int i = 0; i < 2; i++) {
		AUTO(http_call_freep) struct http_call *call = http_next(r.h, NULL, &e);

		assert_non_null(call);
		assert_int_equal(http_call_result(call, &e), 0);
		assert_true(!http_call_tag(call) == (i == 0));
	}
	assert_int_equal(http_in_flight(r.h), 0);
	rig_close(&r);
}

static void
window_returns_every_call_once_over_few_connections(void **state)
{
	enum { CALLS = 300, WINDOW = 16 };
	char bodies[CALLS][8];
	bool seen[CALLS] = { 0 };
	size_t started = 0, ended = 0;
	struct http_call *call;
	struct err e = { 0 };
	struct rig r;

	(void)state;
	rig_open(&r, echo_body, NULL, &(struct http_conf){ .max_connections = 3 });
	while (ended < CALLS) {
		struct http_req req = rig_post(&r);
		size_t i;

		for (; started < CALLS && http_in_flight(r.h) < WINDOW; started++) {
			(void)snprintf(bodies[started], sizeof bodies[0], "%zu", started);
			req.body = str_of(bodies[started]);
			(void)http_start(r.h, &req, bodies[started]);
		}
		call = http_next(r.h, NULL, &e);
		assert_non_null(call);
		i = (size_t)((char (*)[8])http_call_tag(call) - bodies);
		assert_false(seen[i]);
		seen[i] = true;
		assert_int_equal(http_call_result(call, &e), 0);
		assert_str(buf_str(&http_call_resp(call)->body), bodies[i]);
		http_call_free(call);
		ended++;
	}
	(void)err_set(&e, EK_IO, "left from before");
	assert_null(http_next(r.h, NULL, &e));
	assert_int_equal(e.kind, EK_NONE);
	assert_int_equal(httpd_requests(r.s), CALLS);
	assert_in_range(httpd_most_conns(r.s), 1, 3);
	rig_close(&r);
}

static void
throttle_first(void *ctx, const struct httpd_req *r, struct httpd_conn *c)
{
	(void)ctx;
	if (r->nth == 0)
		httpd_answer(c, 429, "Retry-After: 1\r\n", S(""));
	else
		httpd_answer(c, 200, NULL, S("good"));
}

static int64_t
cpu_ns(void)
{
	struct rusage u;

	assert_int_equal(getrusage(RUSAGE_SELF, &u), 0);
	return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * NS_PER_S +
		(u.ru_utime.tv_usec + u.ru_stime.tv_usec) * NS_PER_US;
}

static void
backoff_of_one_call_delays_no_other_and_sleeps(void **state)
{
	struct err e = { 0 };
	struct http_resp resp;
	struct http_call *call;
	struct http_req req;
	struct rig r;
	int64_t began, cpu;

	(void)state;
	rig_open(&r, throttle_first, NULL, &(struct http_conf){ .max_connections = 1, .retries = 1 });
	req = rig_post(&r);
	(void)http_start(r.h, &req, &r);
	for (int i = 0; i < 3; i++)
		(void)http_start(r.h, &req, NULL);
	began = clock_mono_ns();
	for (int i = 0; i < 3; i++) {
		call = http_next(r.h, NULL, &e);
		assert_non_null(call);
		assert_null(http_call_tag(call));
		http_call_free(call);
	}
	assert_int_equal(rig_run(&r, &req, &resp, &e), EK_NONE);     /* a single request passes by, too */
	http_resp_done(&resp);
	assert_int_equal(http_in_flight(r.h), 1);
	cpu = cpu_ns();
	call = http_next(r.h, NULL, &e);
	cpu = cpu_ns() - cpu;
	assert_non_null(call);
	assert_ptr_equal(http_call_tag(call), &r);
	assert_int_equal(http_call_resp(call)->attempts, 2);
	assert_true(clock_mono_ns() - began >= NS_PER_S);
	assert_true(cpu < NS_PER_S / 5);
	http_call_free(call);
	rig_close(&r);
}

/* ---- ends from our side ---- */

/* The request has arrived: fires the cancel, and answers never or with a long wish to wait. */
struct stop { struct cancel c; bool answer; };

static void
stop_client(void *ctx, const struct httpd_req *r, struct httpd_conn *c)
{
	struct stop *s = ctx;

	(void)r;
	if (s->answer)
		httpd_answer(c, 503, "Retry-After: 50\r\n", S(""));
	cancel_fire(&s->c);
	httpd_wait_eof(c);
}

static void
cancel_ends_waiting_for_an_answer_and_for_backoff(void **state)
{
	(void)state;
	for (int row = 0; row < 4; row++) {
		struct stop s = { .answer = row & 1 };
		struct rig r;
		struct http_req req;
		struct err e = { 0 };

		rig_open(&r, stop_client, &s, &(struct http_conf){ .retries = 3 });
		req = rig_get(&r);
		if (row & 2) {
			(void)http_start(r.h, &req, NULL);
			assert_null(http_next(r.h, &s.c, &e));
			assert_int_equal(http_in_flight(r.h), 1);
		} else {
			struct http_resp resp;

			assert_int_equal(http_do(r.h, &req, &resp, &s.c, &e), -1);
			http_resp_done(&resp);
		}
		assert_int_equal(e.kind, EK_CANCELED);
		rig_close(&r);
	}
}

static void
canceled_before_means_nothing_is_sent(void **state)
{
	struct cancel c = { .hit = true };
	struct http_resp resp;
	struct http_req req;
	struct err e = { 0 };
	struct rig r;

	(void)state;
	rig_open(&r, echo_body, NULL, &(struct http_conf){ 0 });
	req = rig_get(&r);
	assert_int_equal(http_do(r.h, &req, &resp, &c, &e), -1);
	assert_int_equal(e.kind, EK_CANCELED);
	assert_int_equal(httpd_requests(r.s), 0);
	http_resp_done(&resp);
	rig_close(&r);
}

static void
never_answer(void *ctx, const struct httpd_req *r, struct httpd_conn *c)
{
	(void)ctx, (void)r;
	httpd_wait_eof(c);
}

static void
silence_times_out(void **state)
{
	static const struct { int64_t attempt_ns, stall_ns; const char *says; } rows[] = {
		{ 50 * NS_PER_MS, 0, "not done within 50ms" },
		{ 0, NS_PER_S, "no data for 1" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rig r;
		struct http_req req;
		struct http_resp resp;
		struct err e;

		rig_open(&r, never_answer, NULL, &(struct http_conf){ .stall_timeout_ns = rows[i].stall_ns });
		req = rig_get(&r);
		req.timeout_ns = rows[i].attempt_ns;
		assert_int_equal(rig_run(&r, &req, &resp, &e), EK_TIMEOUT);
		assert_has(e.msg, rows[i].says);
		http_resp_done(&resp);
		rig_close(&r);
	}
}

static void
session_and_calls_can_be_freed_in_any_state(void **state)
{
	struct http_call *drop, *kept;
	struct http_req req;
	struct err e = { 0 };
	struct rig r;

	(void)state;
	rig_open(&r, fail_then_good, &(struct then_good){ THROTTLED, 2, false }, &(struct http_conf){ .retries = 9 });
	req = rig_get(&r);
	drop = http_start(r.h, &req, NULL);
	http_call_free(drop);
	assert_int_equal(http_in_flight(r.h), 0);
	for (int i = 0; i < 6; i++)
		(void)http_start(r.h, &req, NULL);
	kept = http_next(r.h, NULL, &e);
	assert_non_null(kept);
	rig_close(&r);                   /* with calls done, in flight or in backoff */
	assert_int_equal(http_call_result(kept, &e), 0);
	http_call_free(kept);
	http_free(NULL);
	http_call_free(NULL);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_safe_repetitions_are_made),
		cmocka_unit_test(request_lost_on_a_kept_connection_is_repeated_only_if_idempotent),
		cmocka_unit_test(sink_gets_good_bodies_only_and_no_repetition),
		cmocka_unit_test(sink_error_ends_the_call_unchanged),
		cmocka_unit_test(prepare_is_asked_once_more_after_401),
		cmocka_unit_test(prepare_may_use_the_session_of_its_call),
		cmocka_unit_test(sink_may_start_calls),
		cmocka_unit_test(window_returns_every_call_once_over_few_connections),
		cmocka_unit_test(backoff_of_one_call_delays_no_other_and_sleeps),
		cmocka_unit_test(cancel_ends_waiting_for_an_answer_and_for_backoff),
		cmocka_unit_test(canceled_before_means_nothing_is_sent),
		cmocka_unit_test(silence_times_out),
		cmocka_unit_test(session_and_calls_can_be_freed_in_any_state),
	};

	rig_global_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
