/*
 * The S3 store against a real server.  S3_TEST_URL names an existing bucket and a prefix that is the test's own,
 * for example s3://test/live?s3Url=http://127.0.0.1:9000&s3ForcePathStyle=true; credentials come from the
 * environment.
 */
#include "store/store.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/vec.h"
#include "net/http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <inttypes.h>
#include <string.h>

#define MANY  1100                       /* more than a page of a listing */
#define LARGE (50 * MIB)

static char *test_url;                   /* with a prefix of this run */

static struct store *
opened(void)
{
	struct err e = { 0 };
	struct store *st;

	if (!test_url) {
		print_message("skipped: S3_TEST_URL names no bucket to test with\n");
		skip();
	}
	st = store_open(test_url, &e);
	if (!st)
		fail_msg("%s", e.msg);
	return st;
}

#define OK(call) do { if ((call) < 0) fail_msg("%s: %s", #call, e.msg); } while (0)

static int
collect(void *ctx, const char *key, const struct store_info *info, struct err *e)
{
	struct strs *keys = ctx;

	(void)e;
	*vec_push(keys) = xasprintf("%s%s", key, info ? "" : " (folder)");
	return 0;
}

static void
clear(struct store *st, const char *prefix)
{
	AUTO_STRS struct strs keys = { 0 };
	struct err e = { 0 };

	OK(store_list(st, prefix, false, collect, &keys, NULL, &e));
	for (size_t i = 0; i < keys.len; i++)
		OK(store_delete(st, keys.at[i], NULL, &e));
}

static void
put_get_head_range_and_delete_work(void **state)
{
	static const char key[] = "backups/b 1/\xc3\xa4+&%25~'();.json";
	AUTO(store_closep) struct store *st = opened();
	AUTO_BUF struct buf got = BUF_INIT(MIB);
	struct store_info info;
	struct err e = { 0 };

	(void)state;
	OK(store_put(st, key, S("first"), NULL, &e));
	OK(store_put(st, key, S("0123456789"), NULL, &e));
	OK(store_get(st, key, &got, NULL, &e));
	assert_string_equal(buf_cstr(&got), "0123456789");
	OK(store_get_range(st, key, 3, 4, &got, NULL, &e));
	assert_string_equal(buf_cstr(&got), "01234567893456");
	OK(store_head(st, key, &info, NULL, &e));
	assert_int_equal(info.size, 10);
	assert_true(info.mtime_unix_ns > 0);
	assert_string_equal(info.etag, "781e5e245d69b566979b86e28d23f2c7");
	assert_int_equal(store_get_range(st, key, 5, 6, &got, NULL, &e), -1);
	assert_int_equal(e.kind, EK_CORRUPT);
	assert_int_equal(got.len, 14);
	OK(store_delete(st, key, NULL, &e));
	OK(store_delete(st, key, NULL, &e));
	assert_int_equal(store_get(st, key, &got, NULL, &e), -1);
	assert_int_equal(e.kind, EK_NOTFOUND);
	assert_int_equal(store_head(st, key, &info, NULL, &e), -1);
	assert_int_equal(e.kind, EK_NOTFOUND);
}

struct many { size_t n, same, missing; bool differs; };

static int
count_got(void *ctx, size_t nth, const struct store_got *got, struct err *e)
{
	struct many *m = ctx;
	char text[32];

	(void)e;
	(void)snprintf(text, sizeof text, "object %zu", nth);
	m->n++;
	m->same += got->same;
	m->missing += got->why != NULL && got->why->kind == EK_NOTFOUND;
	m->differs |= got->why == NULL && !got->same && !str_eqz(got->data, text);
	return 0;
}

/* More than a window of them, one that is missing, one of which the tag is known. */
static void
many_puts_and_gets_go_at_once(void **state)
{
	enum { HEAP = 40 };
	AUTO(store_closep) struct store *st = opened();
	struct store_gift gifts[HEAP];
	struct store_want want[HEAP + 1] = { [HEAP] = { .key = "many/missing" } };
	char keys[HEAP][32], texts[HEAP][32];
	struct store_info info;
	struct many m = { 0 };
	struct err e = { 0 };

	(void)state;
	for (size_t i = 0; i < HEAP; i++) {
		(void)snprintf(keys[i], sizeof keys[i], "many/%zu", i);
		(void)snprintf(texts[i], sizeof texts[i], "object %zu", i);
		gifts[i] = (struct store_gift){ keys[i], str_of(texts[i]) };
		want[i] = (struct store_want){ .key = keys[i] };
	}
	OK(store_put_many(st, gifts, HEAP, NULL, &e));
	OK(store_head(st, keys[7], &info, NULL, &e));
	want[7].etag = info.etag;
	OK(store_get_many(st, want, HEAP + 1, MIB, count_got, &m, NULL, &e));
	assert_int_equal(m.n, HEAP + 1);
	assert_int_equal(m.same, 1);
	assert_int_equal(m.missing, 1);
	assert_false(m.differs);
	gifts[3].key = "many//3";
	assert_int_equal(store_put_many(st, gifts, HEAP, NULL, &e), -1);
	assert_non_null(strstr(e.msg, "many//3"));
	for (size_t i = 0; i < HEAP; i++)
		OK(store_delete(st, keys[i], NULL, &e));
}

static void
empty_objects_are_objects(void **state)
{
	AUTO(store_closep) struct store *st = opened();
	AUTO_BUF struct buf got = BUF_INIT(MIB);
	struct store_info info = { .size = 1 };
	struct err e = { 0 };

	(void)state;
	OK(store_put(st, "empty", S(""), NULL, &e));
	OK(store_get(st, "empty", &got, NULL, &e));
	assert_int_equal(got.len, 0);
	OK(store_head(st, "empty", &info, NULL, &e));
	assert_int_equal(info.size, 0);
	OK(store_delete(st, "empty", NULL, &e));
}

static void
get_refuses_what_exceeds_the_buffer(void **state)
{
	AUTO(store_closep) struct store *st = opened();
	AUTO_BUF struct buf got = BUF_INIT(9);
	struct err e = { 0 };

	(void)state;
	OK(store_put(st, "ten", S("0123456789"), NULL, &e));
	assert_int_equal(store_get(st, "ten", &got, NULL, &e), -1);
	assert_int_equal(e.kind, EK_LIMIT);
	assert_int_equal(got.len, 0);
	OK(store_delete(st, "ten", NULL, &e));
}

static void
create_reports_a_conflict_and_keeps_the_first(void **state)
{
	AUTO(store_closep) struct store *st = opened();
	AUTO_BUF struct buf got = BUF_INIT(MIB);
	struct err e = { 0 };

	(void)state;
	OK(store_create(st, "once", S("first"), NULL, &e));
	assert_int_equal(store_create(st, "once", S("second"), NULL, &e), -1);
	assert_int_equal(e.kind, EK_EXISTS);
	OK(store_get(st, "once", &got, NULL, &e));
	assert_string_equal(buf_cstr(&got), "first");
	OK(store_delete(st, "once", NULL, &e));
}

static void
listing_goes_through_all_pages_in_order(void **state)
{
	AUTO(store_closep) struct store *st = opened();
	AUTO_STRS struct strs keys = { 0 };
	struct err e = { 0 };

	(void)state;
	for (int i = MANY; i > 0; i--) {
		AUTO_FREE char *key = xasprintf("many/k %04d+", i);

		OK(store_put(st, key, S("x"), NULL, &e));
	}
	OK(store_list(st, "many/", false, collect, &keys, NULL, &e));
	assert_int_equal(keys.len, MANY);
	for (size_t i = 0; i < keys.len; i++) {
		AUTO_FREE char *key = xasprintf("many/k %04zu+", i + 1);

		assert_string_equal(keys.at[i], key);
	}
	clear(st, "many/");
}

static void
delimiter_rolls_folders_up_between_objects(void **state)
{
	static const char *const keys_in[] = { "d/a", "d/b.x", "d/b/1", "d/b/2", "d/b0", "d/c/d/e", "e" };
	static const char *const expected[] = { "d/a", "d/b.x", "d/b/ (folder)", "d/b0", "d/c/ (folder)" };
	AUTO(store_closep) struct store *st = opened();
	AUTO_STRS struct strs keys = { 0 };
	struct err e = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(keys_in); i++)
		OK(store_put(st, keys_in[i], S("x"), NULL, &e));
	OK(store_list(st, "d/", true, collect, &keys, NULL, &e));
	assert_int_equal(keys.len, COUNT(expected));
	for (size_t i = 0; i < COUNT(expected); i++)
		assert_string_equal(keys.at[i], expected[i]);
	clear(st, "");
}

/* Bytes that differ everywhere, in pieces that do not divide the size of a part. */
static void
fill(char *p, size_t n, uint64_t off)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (char)(((off + i) * UINT64_C(0x9E3779B97F4A7C15)) >> 56);
}

struct compare {
	uint64_t off;
	char     want[64 * 1024];
};

static int
compare_piece(void *ctx, const void *p, size_t n, struct err *e)
{
	struct compare *c = ctx;
	const char *at = p;

	while (n > 0) {
		size_t take = n < sizeof c->want ? n : sizeof c->want;

		fill(c->want, take, c->off);
		if (memcmp(c->want, at, take) != 0)
			return err_set(e, EK_CORRUPT, "other bytes near %" PRIu64, c->off);
		c->off += take;
		at += take;
		n -= take;
	}
	return 0;
}

static void
write_large(struct store_writer *w, size_t size)
{
	const size_t piece = 300 * 1000;
	AUTO_FREE char *p = xmalloc(piece);
	struct err e = { 0 };

	for (size_t off = 0; off < size; off += piece) {
		size_t n = size - off < piece ? size - off : piece;

		fill(p, n, off);
		OK(store_writer_add(w, p, n, &e));
	}
}

static void
large_object_is_uploaded_in_parts_and_comes_back(void **state)
{
	AUTO(store_closep) struct store *st = opened();
	AUTO_FREE struct compare *c = xcalloc(1, sizeof *c);
	struct store_writer *w;
	struct store_info info;
	struct err e = { 0 };

	(void)state;
	w = store_writer_open(st, "large/o", NULL, &e);
	assert_non_null(w);
	write_large(w, LARGE);
	assert_int_equal(store_head(st, "large/o", &info, NULL, &e), -1);
	assert_int_equal(e.kind, EK_NOTFOUND);
	OK(store_writer_commit(w, &e));
	OK(store_head(st, "large/o", &info, NULL, &e));
	assert_int_equal(info.size, LARGE);
	assert_true(str_ends(str_of(info.etag), S("-9")));
	OK(store_read(st, "large/o", compare_piece, c, NULL, &e));
	assert_int_equal(c->off, LARGE);
	OK(store_delete(st, "large/o", NULL, &e));
}

static void
writers_of_all_sizes_around_a_part_keep_the_bytes(void **state)
{
	static const size_t sizes[] = { 0, 1, 6 * MIB - 1, 6 * MIB, 6 * MIB + 1, 12 * MIB };
	AUTO(store_closep) struct store *st = opened();

	(void)state;
	for (size_t i = 0; i < COUNT(sizes); i++) {
		AUTO_FREE struct compare *c = xcalloc(1, sizeof *c);
		struct err e = { 0 };
		struct store_writer *w = store_writer_open(st, "sized", NULL, &e);

		assert_non_null(w);
		write_large(w, sizes[i]);
		OK(store_writer_commit(w, &e));
		OK(store_read(st, "sized", compare_piece, c, NULL, &e));
		assert_int_equal(c->off, sizes[i]);
	}
	clear(st, "sized");
}

static size_t
sweep_all(struct store *st, const char *prefix)
{
	struct err e = { 0 };
	size_t removed = 0;

	OK(store_sweep(st, prefix, INT64_MAX, &removed, NULL, &e));
	return removed;
}

static void
aborted_and_canceled_writers_leave_nothing(void **state)
{
	AUTO(store_closep) struct store *st = opened();
	AUTO_STRS struct strs keys = { 0 };
	struct cancel cancel = { 0 };
	struct err e = { 0 };
	struct store_writer *w = store_writer_open(st, "gone/a", NULL, &e);

	(void)state;
	assert_non_null(w);
	write_large(w, 20 * MIB);
	store_writer_abort(w);
	w = store_writer_open(st, "gone/b", &cancel, &e);
	assert_non_null(w);
	write_large(w, 20 * MIB);
	cancel_fire(&cancel);
	assert_int_equal(store_writer_add(w, "x", 1, &e), -1);
	assert_int_equal(e.kind, EK_CANCELED);
	assert_int_equal(store_writer_commit(w, &e), -1);
	assert_int_equal(e.kind, EK_CANCELED);
	OK(store_list(st, "gone/", false, collect, &keys, NULL, &e));
	assert_int_equal(keys.len, 0);
	assert_int_equal(sweep_all(st, "gone/"), 0);
}

static void
sweep_removes_forgotten_uploads_of_its_prefix_only(void **state)
{
	AUTO(store_closep) struct store *st = opened();
	struct store_writer *w, *other;
	struct err e = { 0 };
	size_t removed = 9;

	(void)state;
	w = store_writer_open(st, "sweep/a+b c", NULL, &e);
	other = store_writer_open(st, "keep/a", NULL, &e);
	assert_non_null(w);
	assert_non_null(other);
	write_large(w, 9 * MIB);
	write_large(other, 9 * MIB);
	OK(store_sweep(st, "sweep/", clock_unix_ns() - 3600 * NS_PER_S, &removed, NULL, &e));
	assert_int_equal(removed, 0);
	assert_int_equal(sweep_all(st, "sweep/"), 1);
	assert_int_equal(sweep_all(st, "sweep/"), 0);
	assert_int_equal(store_writer_commit(w, &e), -1);
	OK(store_writer_commit(other, &e));
	clear(st, "keep/");
}

static void
note_step(void *ctx, const struct store_step *step)
{
	static const char *const words[] = { "ok", "warning", "failed", "skipped" };

	buf_putf(ctx, "%s %s\n", step->name, words[step->status]);
	print_message("  %s: %s%s\n", step->name, step->detail, step->cause);
	assert_true(step->status != STEP_FAILED || (step->cause[0] != '\0' && step->remedy[0] != '\0'));
}

static void
validation_passes_and_leaves_nothing(void **state)
{
	AUTO(store_closep) struct store *st = opened();
	AUTO_BUF struct buf log = BUF_INIT(64 * KIB);
	AUTO_STRS struct strs keys = { 0 };
	struct err e = { 0 };

	(void)state;
	OK(store_validate(st, false, note_step, &log, NULL, &e));
	assert_null(strstr(buf_cstr(&log), "failed"));
	assert_non_null(strstr(buf_cstr(&log), "delete ok\n"));
	OK(store_list(st, "", false, collect, &keys, NULL, &e));
	assert_int_equal(keys.len, 0);
}

static void
validation_names_folders_that_velero_refuses(void **state)
{
	AUTO(store_closep) struct store *st = opened();
	AUTO_BUF struct buf log = BUF_INIT(64 * KIB);
	struct err e = { 0 };

	(void)state;
	OK(store_put(st, "holiday/1.jpg", S("x"), NULL, &e));
	OK(store_put(st, "backups/b/velero-backup.json", S("{}"), NULL, &e));
	assert_int_equal(store_validate(st, false, note_step, &log, NULL, &e), -1);
	assert_non_null(strstr(e.msg, "invalid top-level directories: [holiday]"));
	assert_non_null(strstr(buf_cstr(&log), "list failed\n"));
	clear(st, "");
}

/* The test's URL with one part exchanged; fails the probe with the kind, the reason and a text. */
static void
check_refused(const char *url, enum err_kind kind, const char *reason, const char *text)
{
	struct err e = { 0 };
	AUTO(store_closep) struct store *st = store_open(url, &e);

	assert_non_null(st);
	assert_int_equal(store_validate(st, false, NULL, NULL, NULL, &e), -1);
	print_message("  %s\n", e.msg);
	assert_int_equal(e.kind, kind);
	assert_string_equal(e.reason, reason);
	assert_non_null(strstr(e.msg, text));
	assert_null(strstr(e.msg, "wrong-secret-key"));
}

static void
wrong_secret_key_is_named_as_the_cause(void **state)
{
	AUTO_FREE char *secret = NULL;

	(void)state;
	store_close(opened());
	if (!getenv("AWS_SECRET_ACCESS_KEY")) {
		print_message("skipped: the credentials are not in the environment\n");
		skip();
	}
	secret = xstrdup(getenv("AWS_SECRET_ACCESS_KEY"));
	assert_int_equal(setenv("AWS_SECRET_ACCESS_KEY", "wrong-secret-key", 1), 0);
	check_refused(test_url, EK_DENIED, "SignatureDoesNotMatch", "check the secret key");
	assert_int_equal(setenv("AWS_SECRET_ACCESS_KEY", secret, 1), 0);
}

static void
missing_bucket_is_named_as_the_cause(void **state)
{
	AUTO_FREE char *url = NULL;

	(void)state;
	store_close(opened());
	url = xasprintf("s3://no-such-bucket-4711%s", strchr(test_url, '?') ? strchr(test_url, '?') : "");
	check_refused(url, EK_NOTFOUND, "NoSuchBucket", "create the bucket first");
}

/* Servers that have no region of their own (MinIO as it is shipped) take any. */
static void
wrong_region_is_corrected_or_explained(void **state)
{
	AUTO_FREE char *url = NULL;
	struct err e = { 0 };
	struct store *st;

	(void)state;
	store_close(opened());
	if (strstr(test_url, "region=")) {
		print_message("skipped: the URL names a region\n");
		skip();
	}
	url = xasprintf("%s%cregion=eu-nowhere-9", test_url, strchr(test_url, '?') ? '&' : '?');
	st = store_open(url, &e);
	assert_non_null(st);
	if (store_validate(st, false, NULL, NULL, NULL, &e) == 0) {
		print_message("this server takes every region\n");
	} else {
		print_message("  %s\n", e.msg);
		assert_int_equal(e.kind, EK_INVALID);
		assert_non_null(strstr(e.msg, "set region="));
	}
	store_close(st);
	assert_int_equal(setenv("AWS_REGION", "eu-nowhere-9", 1), 0);
	st = opened();
	assert_int_equal(unsetenv("AWS_REGION"), 0);
	OK(store_validate(st, false, NULL, NULL, NULL, &e));
	store_close(st);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(put_get_head_range_and_delete_work),
		cmocka_unit_test(many_puts_and_gets_go_at_once),
		cmocka_unit_test(empty_objects_are_objects),
		cmocka_unit_test(get_refuses_what_exceeds_the_buffer),
		cmocka_unit_test(create_reports_a_conflict_and_keeps_the_first),
		cmocka_unit_test(listing_goes_through_all_pages_in_order),
		cmocka_unit_test(delimiter_rolls_folders_up_between_objects),
		cmocka_unit_test(large_object_is_uploaded_in_parts_and_comes_back),
		cmocka_unit_test(writers_of_all_sizes_around_a_part_keep_the_bytes),
		cmocka_unit_test(aborted_and_canceled_writers_leave_nothing),
		cmocka_unit_test(sweep_removes_forgotten_uploads_of_its_prefix_only),
		cmocka_unit_test(validation_passes_and_leaves_nothing),
		cmocka_unit_test(validation_names_folders_that_velero_refuses),
		cmocka_unit_test(wrong_secret_key_is_named_as_the_cause),
		cmocka_unit_test(missing_bucket_is_named_as_the_cause),
		cmocka_unit_test(wrong_region_is_corrected_or_explained),
	};
	const char *url = getenv("S3_TEST_URL");
	char uuid[UUID_MAX];
	int failed;

	if (url) {
		size_t q = strcspn(url, "?");

		test_url = xasprintf("%.*s/%s%s", (int)q, url, random_uuid(uuid), url + q);
	}
	http_global_init();
	failed = cmocka_run_group_tests_name("live s3", tests, NULL, NULL);
	free(test_url);
	return url ? failed : 77;                /* automake's word for "skipped" */
}
