/* Tests of engine/catalog: what a location holds, and deleting it so that no half backup is ever visible. */
#include "engine/catalog.h"

#include "base/limits.h"
#include "base/mem.h"
#include "net/http.h"
#include "tests/unit/httpd.h"
#include "tests/unit/stored.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* --- lists --- */

static int
on_entry(void *ctx, const char *name, struct str json, const struct err *why, struct err *e)
{
	AUTO_FREE char *line = xasprintf("%s %s", name, why ? "unreadable" : json.len ? "read" : "nothing");

	(void)e;
	strs_add(ctx, line);
	return 0;
}

static int
stop_at_first(void *ctx, const char *name, struct str json, const struct err *why, struct err *e)
{
	(void)json;
	(void)why;
	strs_add(ctx, name);
	return err_set(e, EK_IO, "enough");
}

static void
backups_are_listed_by_name_and_only_finished_ones(void **state)
{
	AUTO_STRS struct strs seen = { 0 };
	struct err e = { 0 };

	(void)state;
	stored_backup(&stored, "b2");
	stored_backup(&stored, "b1");
	stored_foreign_metadata(&stored, "b10");
	stored_put(&stored, "backups/unfinished/unfinished.tar.gz", S("x"));
	stored_put(&stored, "backups/stray", S("x"));
	stored_put(&stored, "restores/r1/restore-r1-logs.gz", S("x"));
	assert_int_equal(catalog_backups(stored.st, on_entry, &seen, NULL, &e), 0);
	assert_int_equal(seen.len, 3);
	assert_string_equal(seen.at[0], "b1 read");
	assert_string_equal(seen.at[1], "b10 read");
	assert_string_equal(seen.at[2], "b2 read");
}

static void
an_empty_location_has_an_empty_list(void **state)
{
	AUTO_STRS struct strs seen = { 0 };
	struct err e = { 0 };

	(void)state;
	assert_int_equal(catalog_backups(stored.st, on_entry, &seen, NULL, &e), 0);
	assert_int_equal(catalog_restores(stored.st, on_entry, &seen, NULL, &e), 0);
	assert_int_equal(seen.len, 0);
}

static void
unreadable_metadata_is_told_and_the_list_goes_on(void **state)
{
	AUTO_STRS struct strs seen = { 0 };
	AUTO_BUF struct buf absurd = BUF_INIT(2 * LIMIT_METADATA);
	struct err e = { 0 };

	(void)state;
	memset(buf_room(&absurd, LIMIT_METADATA + 1, &e), ' ', LIMIT_METADATA + 1);
	buf_grew(&absurd, LIMIT_METADATA + 1);
	stored_put(&stored, "backups/b1/velero-backup.json", buf_str(&absurd));
	stored_backup(&stored, "b2");
	assert_int_equal(catalog_backups(stored.st, on_entry, &seen, NULL, &e), 0);
	assert_int_equal(seen.len, 2);
	assert_string_equal(seen.at[0], "b1 unreadable");
	assert_string_equal(seen.at[1], "b2 read");
}

static void
restores_of_others_are_listed_without_a_record(void **state)
{
	AUTO_STRS struct strs seen = { 0 };
	struct err e = { 0 };

	(void)state;
	stored_put(&stored, "restores/r2/restore-r2-logs.gz", S("x"));
	stored_put(&stored, "restores/r1/restore-r1-orlop.json", S("{}"));
	assert_int_equal(catalog_restores(stored.st, on_entry, &seen, NULL, &e), 0);
	assert_int_equal(seen.len, 2);
	assert_string_equal(seen.at[0], "r1 read");
	assert_string_equal(seen.at[1], "r2 nothing");
}

static void
the_caller_can_stop_a_list(void **state)
{
	AUTO_STRS struct strs seen = { 0 };
	struct cancel c = { 0 };
	struct err e = { 0 };

	(void)state;
	stored_foreign_metadata(&stored, "b1");
	stored_foreign_metadata(&stored, "b2");
	assert_int_equal(catalog_backups(stored.st, stop_at_first, &seen, NULL, &e), -1);
	assert_int_equal(e.kind, EK_IO);
	assert_int_equal(seen.len, 1);
	cancel_fire(&c);
	assert_int_equal(catalog_backups(stored.st, on_entry, &seen, &c, &e), -1);
	assert_int_equal(e.kind, EK_CANCELED);
}

/* --- deleting --- */

static size_t
count(const char *prefix)
{
	AUTO_STRS struct strs keys = { 0 };

	stored_keys(&stored, prefix, &keys);
	return keys.len;
}

static void
a_deleted_backup_is_gone_and_others_stay(void **state)
{
	size_t keys = 0;
	struct err e = { 0 };

	(void)state;
	stored_backup(&stored, "b1");
	stored_backup(&stored, "b1.x");
	assert_int_equal(catalog_delete(stored.st, "b1", &keys, NULL, &e), 0);
	assert_int_equal(keys, 10);
	assert_int_equal(count("backups/b1/"), 0);
	assert_int_equal(count("backups/b1.x/"), 10);
	assert_int_equal(catalog_delete(stored.st, "b1", &keys, NULL, &e), -1);
	assert_int_equal(e.kind, EK_NOTFOUND);
	assert_int_equal(keys, 0);
}

/* A bucket that notes which keys are deleted, and refuses the delete with number fail_at. */
struct bucket { struct strs deleted; size_t fail_at, asked; struct httpd *httpd; };

static const char *const in_bucket[] = { "backups/b1/b1-logs.gz", "backups/b1/b1-orlop-claim.json", "backups/b1/b1.tar.gz",
	"backups/b1/velero-backup.json", "backups/b1/zzz" };

static void
serve(void *ctx, const struct httpd_req *r, struct httpd_conn *c)
{
	struct bucket *b = ctx;
	AUTO_BUF struct buf xml = BUF_INIT(64 * KIB);

	if (strcmp(r->method, "DELETE") == 0) {
		bool refused = b->asked++ == b->fail_at;

		if (!refused)
			strs_add(&b->deleted, r->target + strlen("/bkt/"));
		httpd_answer(c, refused ? 403 : 204, NULL, S(""));
		return;
	}
	buf_puts(&xml, "<ListBucketResult>");
	for (size_t i = 0; i < COUNT(in_bucket); i++)
		buf_putf(&xml, "<Contents><Key>%s</Key><Size>1</Size></Contents>", in_bucket[i]);
	buf_puts(&xml, "</ListBucketResult>");
	httpd_answer(c, strcmp(r->method, "GET") == 0 ? 200 : 404, NULL, buf_str(&xml));
}

static void
delete_in_bucket(struct bucket *b, size_t fail_at, int *rc, size_t *keys, struct err *e)
{
	AUTO_FREE char *url = NULL;
	AUTO(store_closep) struct store *st = NULL;

	*b = (struct bucket){ .fail_at = fail_at };
	b->httpd = httpd_new(serve, b, NULL);
	url = xasprintf("s3://bkt?s3Url=http://127.0.0.1:%d&s3ForcePathStyle=true&region=x", httpd_port(b->httpd));
	assert_int_equal(setenv("AWS_ACCESS_KEY_ID", "AKID", 1), 0);
	assert_int_equal(setenv("AWS_SECRET_ACCESS_KEY", "x", 1), 0);
	st = store_open(url, e);
	assert_non_null(st);
	*rc = catalog_delete(st, "b1", keys, NULL, e);
	httpd_free(b->httpd);
}

static void
metadata_is_deleted_first_and_the_claim_last(void **state)
{
	static const char *const order[] = { "backups/b1/velero-backup.json", "backups/b1/b1-logs.gz",
		"backups/b1/b1.tar.gz", "backups/b1/zzz", "backups/b1/b1-orlop-claim.json" };
	struct bucket b;
	struct err e = { 0 };
	size_t keys = 0;
	int rc;

	(void)state;
	delete_in_bucket(&b, SIZE_MAX, &rc, &keys, &e);
	assert_int_equal(rc, 0);
	assert_int_equal(keys, COUNT(order));
	assert_int_equal(b.deleted.len, COUNT(order));
	for (size_t i = 0; i < COUNT(order); i++)
		assert_string_equal(b.deleted.at[i], order[i]);
	strs_free(&b.deleted);
}

static void
a_refused_delete_stops_and_says_what_was_refused(void **state)
{
	static const struct { size_t fail_at; const char *key; } rows[] = {
		{ 0, "backups/b1/velero-backup.json" },         /* then the backup is as it was */
		{ 1, "backups/b1/b1-logs.gz" },
		{ 4, "backups/b1/b1-orlop-claim.json" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct bucket b;
		struct err e = { 0 };
		size_t keys = 0;
		int rc;

		delete_in_bucket(&b, rows[i].fail_at, &rc, &keys, &e);
		assert_int_equal(rc, -1);
		assert_int_equal(e.kind, EK_DENIED);
		assert_non_null(strstr(e.msg, rows[i].key));
		assert_int_equal(keys, rows[i].fail_at);
		assert_int_equal(b.deleted.len, rows[i].fail_at);
		strs_free(&b.deleted);
	}
}

static void
a_canceled_delete_has_done_nothing(void **state)
{
	struct cancel c = { 0 };
	size_t keys = 0;
	struct err e = { 0 };

	(void)state;
	stored_backup(&stored, "b1");
	cancel_fire(&c);
	assert_int_equal(catalog_delete(stored.st, "b1", &keys, &c, &e), -1);
	assert_int_equal(e.kind, EK_CANCELED);
	assert_int_equal(count("backups/b1/"), 10);
}

static void
hostile_names_delete_nothing(void **state)
{
	static const char *const names[] = { "", ".", "..", "../b1", "b1/..", "b1/", "B1" };

	(void)state;
	stored_backup(&stored, "b1");
	for (size_t i = 0; i < COUNT(names); i++) {
		size_t keys = 7;
		struct err e = { 0 };

		assert_int_equal(catalog_delete(stored.st, names[i], &keys, NULL, &e), -1);
		assert_int_equal(e.kind, EK_INVALID);
		assert_int_equal(keys, 0);
		assert_int_equal(catalog_sweep(stored.st, names[i], &keys, NULL, &e), -1);
		assert_int_equal(e.kind, EK_INVALID);
	}
	assert_int_equal(count("backups/b1/"), 10);
}

/* --- leftovers --- */

static void
leftovers_are_swept_and_finished_backups_are_not(void **state)
{
	size_t keys = 0;
	struct err e = { 0 };

	(void)state;
	stored_put(&stored, "backups/b1/b1-orlop-claim.json", S("{}"));
	stored_put(&stored, "backups/b1/b1.tar.gz", S("x"));
	stored_put(&stored, "backups/b1/b1-logs.gz", S("x"));
	assert_int_equal(catalog_sweep(stored.st, "b1", &keys, NULL, &e), 0);
	assert_int_equal(keys, 3);
	assert_int_equal(count("backups/"), 0);
	assert_int_equal(catalog_sweep(stored.st, "b1", &keys, NULL, &e), 0);
	assert_int_equal(keys, 0);

	stored_backup(&stored, "b2");
	stored_put(&stored, "backups/b2/b2-orlop-claim.json", S("{}"));
	assert_int_equal(catalog_sweep(stored.st, "b2", &keys, NULL, &e), 0);
	assert_int_equal(count("backups/b2/"), 10);      /* without its claim */
	assert_int_equal(catalog_sweep(stored.st, "b2", &keys, NULL, &e), 0);
	assert_int_equal(count("backups/b2/"), 10);
}

static void
unfinished_uploads_are_swept(void **state)
{
	struct err e = { 0 };
	struct store_writer *w = store_writer_open(stored.st, "backups/b1/b1.tar.gz", NULL, &e);
	size_t keys = 0, again = 0;

	(void)state;
	assert_non_null(w);
	assert_int_equal(store_writer_add(w, "x", 1, &e), 0);
	assert_int_equal(catalog_sweep(stored.st, "b1", &keys, NULL, &e), 0);
	store_writer_abort(w);
	assert_int_equal(catalog_sweep(stored.st, "b1", &again, NULL, &e), 0);
	assert_int_equal(keys, 1);
	assert_int_equal(again, 0);
}

static void
the_claim_tells_whose_backup_is_being_made(void **state)
{
	static const struct { const char *json, *job; } rows[] = {
		{ "{\"host\":\"h\",\"job\":\"20260601020000-0a1b2c3d\"}", "20260601020000-0a1b2c3d" },
		{ "{\"host\":\"h\",\"job\":null}", NULL },
		{ "{\"host\":\"h\"}", NULL },
		{ "{broken", NULL },
		{ "", NULL },
	};

	(void)state;
	assert_null(catalog_claim(stored.st, "b1", NULL));
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_FREE char *job = NULL;

		stored_put(&stored, "backups/b1/b1-orlop-claim.json", str_of(rows[i].json));
		job = catalog_claim(stored.st, "b1", NULL);
		if (!rows[i].job)
			assert_null(job);
		else
			assert_string_equal(job, rows[i].job);
	}
	assert_null(catalog_claim(stored.st, "../b1", NULL));
}

static int
add_file(void *ctx, const char *key, uint64_t size, struct err *e)
{
	AUTO_FREE char *line = xasprintf("%s %llu", key, (unsigned long long)size);

	(void)e;
	strs_add(ctx, line);
	return 0;
}

static void
files_are_told_with_their_sizes(void **state)
{
	AUTO_STRS struct strs files = { 0 };
	struct err e = { 0 };

	(void)state;
	stored_put(&stored, "backups/b1/b1.tar.gz", S("12345"));
	stored_put(&stored, "backups/b1/b1-logs.gz", S(""));
	assert_int_equal(catalog_files(stored.st, "b1", add_file, &files, NULL, &e), 0);
	assert_int_equal(files.len, 2);
	assert_string_equal(files.at[0], "backups/b1/b1-logs.gz 0");
	assert_string_equal(files.at[1], "backups/b1/b1.tar.gz 5");
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, stored_setup, stored_teardown)

int
main(void)
{
	http_global_init();
	const struct CMUnitTest tests[] = {
		CASE(backups_are_listed_by_name_and_only_finished_ones),
		CASE(an_empty_location_has_an_empty_list),
		CASE(unreadable_metadata_is_told_and_the_list_goes_on),
		CASE(restores_of_others_are_listed_without_a_record),
		CASE(the_caller_can_stop_a_list),
		CASE(a_deleted_backup_is_gone_and_others_stay),
		CASE(metadata_is_deleted_first_and_the_claim_last),
		CASE(a_refused_delete_stops_and_says_what_was_refused),
		CASE(a_canceled_delete_has_done_nothing),
		CASE(hostile_names_delete_nothing),
		CASE(leftovers_are_swept_and_finished_backups_are_not),
		CASE(unfinished_uploads_are_swept),
		CASE(the_claim_tells_whose_backup_is_being_made),
		CASE(files_are_told_with_their_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
