/* Large objects read as a window of ranges, against a server whose first range is slow and whose others do as told. */
#include "store/s3_impl.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/thread.h"
#include "tests/unit/httpd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define RANGE  (4 * MIB)
#define WINDOW 4                                 /* of s3_read.c */
#define COUNT_RANGES 9
#define SIZE   ((COUNT_RANGES - 1) * RANGE + 12345)
#define ALWAYS 1000
#define OK(call) do { if ((call) < 0) fail_msg("%s: %s", #call, e.msg); } while (0)

enum fault { SOUND, CUT, RESET, SHORT, LONG, WHOLE, BUSY, DENIED, GONE, REPLACED, SILENT, LAST };

struct object {
	struct lock  *lock;                      /* guards what follows it */
	unsigned      asked[COUNT_RANGES];
	uint64_t      handed;                    /* bytes that the sink has */
	unsigned      ahead;                     /* most ranges asked for before the one that the sink waits for */
	unsigned      streams;                   /* requests for all the rest */
	bool          stop;                      /* no answer is held back any more */

	enum fault    fault;
	unsigned      where, times;              /* the range, and how often it goes wrong */
	struct cancel cancel;
	struct httpd *httpd;
	char         *bytes;
	char          sum[S3_SUM_MAX];           /* SHA-256 of all; "": is computed */
	int64_t       hold_ns;                   /* the first range takes that long */
	uint64_t      refuse_at;                 /* the sink fails there; 0: never */
};

static void
answer_range(struct object *o, struct httpd_conn *c, size_t from, size_t n)
{
	AUTO_FREE char *head = xasprintf("HTTP/1.1 206 Partial\r\nETag: \"v1\"\r\nContent-Range: bytes %zu-%zu/%zu\r\n"
		"Content-Length: %zu\r\n\r\n", from, from + n - 1, (size_t)SIZE, n);

	httpd_sends(c, head);
	httpd_send(c, o->bytes + from, n);
}

/* Until the window is full, or the reader has given up. */
static void
hold_until(struct object *o, unsigned range)
{
	int64_t end = clock_mono_ns() + 20 * NS_PER_S;

	lock_take(o->lock);
	while (o->asked[range] == 0 && !o->stop && lock_wait_until(o->lock, end))
		;
	lock_drop(o->lock);
}

static void
go_wrong(struct object *o, struct httpd_conn *c, size_t from, size_t n)
{
	AUTO_FREE char *head = xasprintf("HTTP/1.1 206 Partial\r\nETag: \"v1\"\r\nContent-Length: %zu\r\n\r\n", n);

	switch (o->fault) {
	case CUT:
	case RESET:
		httpd_sends(c, head);
		httpd_send(c, o->bytes + from, n / 2);
		if (o->fault == CUT)
			httpd_cut(c);
		else
			httpd_reset(c);
		return;
	case SHORT:
		answer_range(o, c, from, n - 1);
		return;
	case LONG:
		answer_range(o, c, from, n + 1);
		return;
	case WHOLE:
		httpd_answer(c, 200, "ETag: \"v1\"\r\n", (struct str){ o->bytes, SIZE });
		return;
	case BUSY:
		httpd_answer(c, 503, NULL, S("<Error><Code>SlowDown</Code><Message>Later.</Message></Error>"));
		return;
	case DENIED:
		httpd_answer(c, 403, NULL, S("<Error><Code>AccessDenied</Code><Message>Not you.</Message></Error>"));
		return;
	case GONE:
		httpd_answer(c, 404, NULL, S("<Error><Code>NoSuchKey</Code><Message>Gone.</Message></Error>"));
		return;
	case REPLACED:
		httpd_answer(c, 412, NULL, S("<Error><Code>PreconditionFailed</Code><Message>x</Message></Error>"));
		return;
	case SILENT:
		cancel_fire(&o->cancel);
		httpd_wait_eof(c);
		return;
	case LAST:
		hold_until(o, o->where + WINDOW - 1);
		answer_range(o, c, from, n);
		return;
	case SOUND:
		break;
	}
}

static void
serve_range(struct object *o, const struct httpd_req *r, struct httpd_conn *c, size_t from, size_t to)
{
	unsigned nth = (unsigned)(from / RANGE), given, before;
	struct str tag;

	assert_that(from % RANGE == 0 && to < SIZE && nth < COUNT_RANGES);
	assert_that(httpd_header(r->head, "If-Match", &tag) && str_eqz(tag, "\"v1\""));
	lock_take(o->lock);
	before = o->asked[nth]++;
	given = (unsigned)(o->handed / RANGE);
	if (nth > given && nth - given > o->ahead)
		o->ahead = nth - given;
	lock_wake(o->lock);
	lock_drop(o->lock);
	if (nth == 0 && o->hold_ns > 0)
		clock_sleep_ns(o->hold_ns);      /* what the line takes for it */
	if (o->fault != SOUND && nth == o->where && before < o->times)
		go_wrong(o, c, from, to - from + 1);
	else
		answer_range(o, c, from, to - from + 1);
}

static void
serve(void *ctx, const struct httpd_req *r, struct httpd_conn *c)
{
	struct object *o = ctx;
	struct str range, first, rest = { 0 };
	uint64_t from = 0, to = 0;
	AUTO_FREE char *headers = xasprintf("HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nx-amz-checksum-sha256: %s\r\n"
		"Content-Length: %zu\r\n\r\n", o->sum, (size_t)SIZE);

	assert_that(strcmp(r->target, "/bkt/k") == 0);
	if (strcmp(r->method, "HEAD") == 0) {
		httpd_sends(c, headers);
		return;
	}
	if (httpd_header(r->head, "Range", &range)) {
		assert_that(str_starts(range, S("bytes=")));
		rest = str_sub(range, 6, range.len);
		assert_that(str_split(&rest, '-', &first) && parse_u64(first, SIZE, &from));
	}
	if (rest.len > 0) {
		assert_that(parse_u64(rest, SIZE, &to));
		serve_range(o, r, c, from, to);
		return;
	}
	o->streams++;
	if (from > 0)
		answer_range(o, c, from, SIZE - from);
	else
		httpd_answer(c, 200, "ETag: \"v1\"\r\n", (struct str){ o->bytes, SIZE });
}

static int
take(void *ctx, const void *p, size_t n, struct err *e)
{
	struct object *o = ctx;
	bool same = o->handed + n <= SIZE && memcmp(o->bytes + o->handed, p, n) == 0;

	if (!same)
		return err_set(e, EK_INVALID, "other bytes at %" PRIu64, o->handed);
	lock_take(o->lock);
	o->handed += n;
	lock_drop(o->lock);
	if (o->refuse_at > 0 && o->handed >= o->refuse_at)
		return err_set(e, EK_IO, "the disk is full");
	return 0;
}

static void
object_done(struct object *o)
{
	lock_free(o->lock);
	free(o->bytes);
}

/* Reads it all; what the sink got is in o->handed, and was compared. */
static int
read_object(struct object *o, enum fault fault, unsigned where, unsigned times, struct err *e)
{
	AUTO(store_closep) struct store *st = NULL;
	AUTO_FREE char *url = NULL;
	uint64_t seed = 7;
	int rc;

	o->lock = lock_new();
	o->fault = fault;
	o->where = where;
	o->times = times;
	if (o->hold_ns == 0)
		o->hold_ns = 60 * NS_PER_MS;
	o->bytes = xmalloc(SIZE + 1);
	for (size_t i = 0; i < SIZE + 1; i++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		o->bytes[i] = (char)(seed >> 56);
	}
	if (!*o->sum)
		s3_sum(S3_SUM_SHA256, (struct str){ o->bytes, SIZE }, o->sum);
	o->httpd = httpd_new(serve, o, NULL);
	url = xasprintf("s3://bkt?s3ForcePathStyle=true&s3Url=http://127.0.0.1:%d", httpd_port(o->httpd));
	st = store_open(url, e);
	assert_non_null(st);
	rc = store_read(st, "k", take, o, &o->cancel, e);
	lock_take(o->lock);
	o->stop = true;
	lock_wake(o->lock);
	lock_drop(o->lock);
	store_close(TAKE(st));
	httpd_free(o->httpd);
	return rc;
}

static void
ranges_come_in_order_and_whatever_happens_to_one_is_mended(void **state)
{
	static const struct { enum fault fault; unsigned where, times; } rows[] = {
		{ SOUND, 0, 0 },
		{ CUT, 2, 1 }, { RESET, 3, 1 }, { BUSY, 2, 1 }, { BUSY, COUNT_RANGES - 1, 1 },
		{ SHORT, 1, 1 }, { LONG, 4, 1 }, { WHOLE, 2, 1 }, { DENIED, 3, 1 },
		{ CUT, 1, 2 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(object_done) struct object o = { 0 };
		struct err e = { 0 };

		if (read_object(&o, rows[i].fault, rows[i].where, rows[i].times, &e) < 0)
			fail_msg("row %zu: %s", i, e.msg);
		assert_int_equal(o.handed, SIZE);
		assert_int_equal(o.streams, 0);
		assert_true(o.ahead < WINDOW);
		for (unsigned n = 0; n < COUNT_RANGES; n++)
			assert_int_equal(o.asked[n], n == rows[i].where ? 1 + rows[i].times : 1);
	}
}

static void
what_a_range_cannot_be_mended_of_ends_the_download(void **state)
{
	static const struct { enum fault fault; enum err_kind kind; const char *words; } rows[] = {
		{ DENIED, EK_DENIED, "Not you." },
		{ GONE, EK_NOTFOUND, "Gone." },
		{ SHORT, EK_CORRUPT, "bytes from 8388608 on are needed" },
		{ LONG, EK_LIMIT, "more than 4194304 bytes" },
		{ WHOLE, EK_LIMIT, "more than 4194304 bytes" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(object_done) struct object o = { 0 };
		struct err e = { 0 };

		assert_int_equal(read_object(&o, rows[i].fault, 2, ALWAYS, &e), -1);
		assert_int_equal(e.kind, rows[i].kind);
		assert_non_null(strstr(e.msg, rows[i].words));
		assert_int_equal(o.asked[2], 2);         /* in the window, and once more alone */
		assert_true(o.handed <= 2 * RANGE);
		assert_true(o.ahead < WINDOW);
	}
}

static void
object_that_is_replaced_meanwhile_is_not_read_on(void **state)
{
	(void)state;
	for (unsigned where = 0; where < COUNT_RANGES; where += 4) {
		AUTO(object_done) struct object o = { 0 };
		struct err e = { 0 };

		assert_int_equal(read_object(&o, REPLACED, where, ALWAYS, &e), -1);
		assert_int_equal(e.kind, EK_CONFLICT);
		assert_non_null(strstr(e.msg, "replaced while it was read"));
		assert_int_equal(o.asked[where], 1);
		assert_true(o.handed <= where * RANGE);
	}
}

/* The first of the window is held back until the last of it has been asked for: then those behind have to wait. */
static void
no_more_than_the_window_is_asked_for(void **state)
{
	AUTO(object_done) struct object o = { 0 };
	struct err e = { 0 };

	(void)state;
	OK(read_object(&o, LAST, 2, 1, &e));
	assert_int_equal(o.handed, SIZE);
	assert_int_equal(o.ahead, WINDOW - 1);
}

static void
canceled_download_ends_at_once(void **state)
{
	AUTO(object_done) struct object o = { 0 };
	struct err e = { 0 };
	int64_t start = clock_mono_ns();

	(void)state;
	assert_int_equal(read_object(&o, SILENT, 3, ALWAYS, &e), -1);
	assert_int_equal(e.kind, EK_CANCELED);
	assert_true(o.handed <= 3 * RANGE);
	assert_true(clock_mono_ns() - start < 5 * NS_PER_S);
}

static void
refusal_of_the_receiver_is_final(void **state)
{
	AUTO(object_done) struct object o = { .refuse_at = 3 * RANGE };
	struct err e = { 0 };

	(void)state;
	assert_int_equal(read_object(&o, SOUND, 0, 0, &e), -1);
	assert_int_equal(e.kind, EK_IO);
	assert_non_null(strstr(e.msg, "the disk is full"));
	assert_int_equal(o.handed, 3 * RANGE);
}

static void
other_bytes_than_were_stored_are_noticed(void **state)
{
	AUTO(object_done) struct object o = { .sum = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" };
	struct err e = { 0 };

	(void)state;
	assert_int_equal(read_object(&o, SOUND, 0, 0, &e), -1);
	assert_int_equal(e.kind, EK_CORRUPT);
}

static void
broken_first_range_leads_to_one_stream(void **state)
{
	AUTO(object_done) struct object o = { 0 };
	struct err e = { 0 };

	(void)state;
	OK(read_object(&o, CUT, 0, 1, &e));
	assert_int_equal(o.handed, SIZE);
	assert_int_equal(o.streams, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges_come_in_order_and_whatever_happens_to_one_is_mended),
		cmocka_unit_test(what_a_range_cannot_be_mended_of_ends_the_download),
		cmocka_unit_test(object_that_is_replaced_meanwhile_is_not_read_on),
		cmocka_unit_test(no_more_than_the_window_is_asked_for),
		cmocka_unit_test(canceled_download_ends_at_once),
		cmocka_unit_test(refusal_of_the_receiver_is_final),
		cmocka_unit_test(other_bytes_than_were_stored_are_noticed),
		cmocka_unit_test(broken_first_range_leads_to_one_stream),
	};

	(void)unsetenv("AWS_SESSION_TOKEN");
	(void)setenv("AWS_ACCESS_KEY_ID", "AKIDTEST", 1);
	(void)setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
	(void)setenv("NO_PROXY", "127.0.0.1", 1);
	http_global_init();
	return cmocka_run_group_tests_name("s3 ranges", tests, NULL, NULL);
}
