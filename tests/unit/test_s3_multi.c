/* The writer of large objects against a server of S3's multipart requests. */
#include "store/s3_impl.h"

#include "base/hash.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/thread.h"
#include "tests/unit/httpd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#define XML_ERROR(code, message) "<Error><Code>" code "</Code><Message>" message "</Message></Error>"
#define OK(call) do { if ((call) < 0) fail_msg("%s: %s", #call, e.msg); } while (0)

/* Requests come from several threads in any order, so the server has a state instead of a script. */
struct multi {
	struct lock *lock;                       /* guards all */
	bool         refuse_parts, vanish;       /* parts: 403; complete: cut, then NoSuchUpload */
	const char  *complete;                   /* body of the 200 */
	unsigned     started, parts, completed, aborted, puts;
	size_t       bytes;
	char         etag[64];                   /* of the completed object, "" before */
	struct buf   document;                   /* of the last complete */
};

static void
serve_complete(struct multi *m, const struct httpd_req *r, struct httpd_conn *c)
{
	buf_cut(&m->document, 0);
	buf_put_str(&m->document, r->body);
	if (m->completed++ == 0 && m->vanish)
		httpd_cut(c);
	else if (m->vanish)
		httpd_answer(c, 404, NULL, S(XML_ERROR("NoSuchUpload", "Gone.")));
	else
		httpd_answer(c, 200, NULL, str_of(m->complete));
}

static void
serve_multi(void *ctx, const struct httpd_req *r, struct httpd_conn *c)
{
	struct multi *m = ctx;
	AUTO_FREE char *head = NULL;

	lock_take(m->lock);
	if (strcmp(r->method, "POST") == 0 && strstr(r->target, "uploads=")) {
		m->started++;
		httpd_answer(c, 200, NULL, S("<InitiateMultipartUploadResult><UploadId>up/1</UploadId>"
			"</InitiateMultipartUploadResult>"));
	} else if (strcmp(r->method, "POST") == 0) {
		serve_complete(m, r, c);
	} else if (strcmp(r->method, "PUT") == 0 && !strchr(r->target, '?')) {
		m->puts++;
		m->bytes += r->body.len;
		httpd_answer(c, 200, "ETag: \"t\"\r\n", S(""));
	} else if (strcmp(r->method, "PUT") == 0 && m->refuse_parts) {
		httpd_answer(c, 403, NULL, S(XML_ERROR("AccessDenied", "No parts for you.")));
	} else if (strcmp(r->method, "PUT") == 0) {
		m->parts++;
		m->bytes += r->body.len;
		httpd_answer(c, 200, "ETag: \"0123456789abcdef0123456789abcdef\"\r\n", S(""));
	} else if (strcmp(r->method, "DELETE") == 0) {
		m->aborted++;
		httpd_answer(c, 204, NULL, S(""));
	} else if (strstr(r->target, "uploads=") != NULL) {
		httpd_answer(c, 200, NULL, m->aborted < m->started ? S("<ListMultipartUploadsResult><Upload><Key>k</Key>"
			"<UploadId>up/1</UploadId><Initiated>2026-11-23T10:00:00.000Z</Initiated></Upload>"
			"</ListMultipartUploadsResult>") : S("<ListMultipartUploadsResult></ListMultipartUploadsResult>"));
	} else {
		head = xasprintf("HTTP/1.1 200 OK\r\nETag: \"%s\"\r\nContent-Length: 5\r\n\r\n", m->etag);
		httpd_sends(c, head);
	}
	lock_drop(m->lock);
}

#define COMPLETED "<CompleteMultipartUploadResult><Key>k</Key><ETag>&quot;t-3&quot;</ETag></CompleteMultipartUploadResult>"

/* Writes size bytes through a writer and commits; the result with e filled. */
static int
upload(struct multi *m, size_t size, struct cancel *c, bool fire, struct err *e)
{
	struct httpd *server = httpd_new(serve_multi, m, NULL);
	AUTO_FREE char *url = xasprintf("s3://bkt?s3Url=http://127.0.0.1:%d", httpd_port(server));
	AUTO_FREE char *p = xcalloc(1, MIB);
	struct store *st = store_open(url, e);
	struct store_writer *w = st ? store_writer_open(st, "k", c, e) : NULL;
	int rc = 0;

	assert_non_null(w);
	for (size_t off = 0; off < size && rc == 0; off += MIB)
		rc = store_writer_add(w, p, size - off < MIB ? size - off : MIB, e);
	if (fire)
		cancel_fire(c);
	if (rc == 0)
		rc = store_writer_commit(w, e);
	else
		store_writer_abort(w);
	store_close(st);
	httpd_free(server);
	return rc;
}

static void
multi_open(struct multi *m)
{
	*m = (struct multi){ .lock = lock_new(), .complete = COMPLETED, .document = BUF_INIT(MIB) };
}

static void
multi_done(struct multi *m)
{
	lock_free(m->lock);
	buf_free(&m->document);
}

static void
short_object_is_one_put(void **state)
{
	AUTO(multi_done) struct multi m;
	struct err e = { 0 };

	(void)state;
	multi_open(&m);
	OK(upload(&m, S3_PART_FIRST, NULL, false, &e));
	assert_int_equal(m.puts, 1);
	assert_int_equal(m.started, 0);
	assert_int_equal(m.bytes, S3_PART_FIRST);
}

static void
long_object_is_completed_with_all_parts_in_order(void **state)
{
	AUTO(multi_done) struct multi m;
	struct err e = { 0 };

	(void)state;
	multi_open(&m);
	OK(upload(&m, 17 * MIB + 5, NULL, false, &e));
	assert_int_equal(m.parts, 3);
	assert_int_equal(m.bytes, 17 * MIB + 5);
	assert_int_equal(m.completed, 1);
	assert_int_equal(m.aborted, 0);
#define PART(n) "<Part><PartNumber>" n "</PartNumber>" \
	"<ETag>&quot;0123456789abcdef0123456789abcdef&quot;</ETag></Part>"
	assert_string_equal(buf_cstr(&m.document),
		"<CompleteMultipartUpload>" PART("1") PART("2") PART("3") "</CompleteMultipartUpload>");
}

static void
error_in_a_successful_completion_is_a_failure(void **state)
{
	AUTO(multi_done) struct multi m;
	struct err e = { 0 };

	(void)state;
	multi_open(&m);
	m.complete = XML_ERROR("InternalError", "We encountered an internal error.");
	assert_int_equal(upload(&m, 9 * MIB, NULL, false, &e), -1);
	assert_string_equal(e.reason, "InternalError");
	assert_int_equal(e.kind, EK_UNAVAILABLE);
	assert_int_equal(m.completed, 2);
	assert_int_equal(m.aborted, 1);
}

static void
completion_without_its_result_is_a_failure(void **state)
{
	static const char *const rows[] = { "", "<html><body>Please log in</body></html>", "not XML",
		"<CompleteMultipartUploadResult><Key>k</Key></CompleteMultipartUploadResult>" };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(multi_done) struct multi m;
		struct err e = { 0 };

		multi_open(&m);
		m.complete = rows[i];
		assert_int_equal(upload(&m, 9 * MIB, NULL, false, &e), -1);
		assert_int_equal(e.kind, EK_UNAVAILABLE);
	}
}

static void
completion_whose_answer_was_lost_is_recognized(void **state)
{
	AUTO(multi_done) struct multi m;
	AUTO_BUF struct buf sums = BUF_INIT(KIB);
	uint8_t sum[MD5_LEN];
	char hex[2 * MD5_LEN + 1];
	struct err e = { 0 };

	(void)state;
	multi_open(&m);
	assert_true(hex_decode(S("0123456789abcdef0123456789abcdef"), sum, sizeof sum));
	for (int i = 0; i < 2; i++)
		buf_put(&sums, sum, sizeof sum);
	md5(sums.p, sums.len, sum);
	(void)snprintf(m.etag, sizeof m.etag, "%s-2", hex_encode(hex, sum, sizeof sum));
	m.vanish = true;
	OK(upload(&m, 9 * MIB, NULL, false, &e));
	assert_int_equal(m.completed, 2);
	assert_int_equal(m.aborted, 0);
}

static void
foreign_object_is_not_taken_for_a_lost_completion(void **state)
{
	AUTO(multi_done) struct multi m;
	struct err e = { 0 };

	(void)state;
	multi_open(&m);
	(void)snprintf(m.etag, sizeof m.etag, "00000000000000000000000000000000-2");
	m.vanish = true;
	assert_int_equal(upload(&m, 9 * MIB, NULL, false, &e), -1);
	assert_string_equal(e.reason, "NoSuchUpload");
}

static void
refused_part_fails_the_writer_and_aborts_the_upload(void **state)
{
	AUTO(multi_done) struct multi m;
	struct err e = { 0 };

	(void)state;
	multi_open(&m);
	m.refuse_parts = true;
	assert_int_equal(upload(&m, 100 * MIB, NULL, false, &e), -1);
	assert_string_equal(e.reason, "AccessDenied");
	assert_non_null(strstr(e.msg, "No parts for you."));
	assert_int_equal(m.completed, 0);
	assert_int_equal(m.aborted, 1);
}

static void
canceled_upload_is_aborted_all_the_same(void **state)
{
	AUTO(multi_done) struct multi m;
	struct cancel c = { 0 };
	struct err e = { 0 };

	(void)state;
	multi_open(&m);
	assert_int_equal(upload(&m, 20 * MIB, &c, true, &e), -1);
	assert_int_equal(e.kind, EK_CANCELED);
	assert_int_equal(m.completed, 0);
	assert_int_equal(m.aborted, m.started);    /* 0 when it was stopped before it began */
}

static void
part_sizes_reach_the_largest_object_with_ten_thousand_parts(void **state)
{
	uint64_t total = 0;

	(void)state;
	assert_int_equal(s3_part_size(1), 6 * MIB);
	assert_int_equal(s3_part_size(1000), 6 * MIB);
	assert_int_equal(s3_part_size(1001), 12 * MIB);
	for (unsigned n = 1; n <= S3_PARTS_MAX; n++) {
		assert_true(s3_part_size(n) <= 5 * GIB);
		total += s3_part_size(n);
	}
	assert_true(total >= UINT64_C(5) * 1024 * GIB);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(short_object_is_one_put),
		cmocka_unit_test(long_object_is_completed_with_all_parts_in_order),
		cmocka_unit_test(error_in_a_successful_completion_is_a_failure),
		cmocka_unit_test(completion_without_its_result_is_a_failure),
		cmocka_unit_test(completion_whose_answer_was_lost_is_recognized),
		cmocka_unit_test(foreign_object_is_not_taken_for_a_lost_completion),
		cmocka_unit_test(refused_part_fails_the_writer_and_aborts_the_upload),
		cmocka_unit_test(canceled_upload_is_aborted_all_the_same),
		cmocka_unit_test(part_sizes_reach_the_largest_object_with_ten_thousand_parts),
	};

	(void)unsetenv("AWS_SESSION_TOKEN");
	(void)setenv("AWS_ACCESS_KEY_ID", "AKIDTEST", 1);
	(void)setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
	(void)setenv("NO_PROXY", "127.0.0.1", 1);
	http_global_init();
	return cmocka_run_group_tests_name("s3 multipart", tests, NULL, NULL);
}
