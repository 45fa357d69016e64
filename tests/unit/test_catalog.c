/* Tests of engine/catalog: what a location holds, and deleting it so that no half backup is ever visible. */
#include "engine/catalog.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/thread.h"
#include "net/http.h"
#include "tests/unit/httpd.h"
#include "tests/unit/stored.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define JOB "20260601020000-0a1b2c3d"
#define CLAIM(job) "{\"host\":\"h\",\"job\":\"" job "\"}"

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

/* A bucket of 40 backups, some of which are odd; answers 304 to a tag that is up to date. */
struct many {
	struct httpd *httpd;
	struct lock  *lock;              /* the server has a thread for each connection */
	size_t        sent, same;
	const char   *phase;             /* of backup b07 */
};

static void
serve_many(void *ctx, const struct httpd_req *r, struct httpd_conn *c)
{
	struct many *m = ctx;
	AUTO_BUF struct buf body = BUF_INIT(64 * KIB);
	AUTO_FREE char *head = str_dup(r->head);
	AUTO_FREE char *etag = NULL;
	AUTO_FREE char *line = NULL;
	const char *name = strstr(r->target, "/backups/"), *phase;

	if (name == NULL) {
		buf_puts(&body, "<ListBucketResult>");
		for (int i = 0; i < 40; i++)
			buf_putf(&body, "<CommonPrefixes><Prefix>backups/b%02d/</Prefix></CommonPrefixes>", i);
		buf_puts(&body, "</ListBucketResult>");
		httpd_answer(c, 200, NULL, buf_str(&body));
		return;
	}
	name += strlen("/backups/");
	if (strncmp(name, "b05", 3) == 0 || strncmp(name, "b06", 3) == 0) {
		httpd_answer(c, name[2] == '5' ? 404 : 403, NULL, S(""));
		return;
	}
	/* The first answer waits for a second connection: one that asks for one after another never makes it. */
	for (int i = 0; strncmp(name, "b00", 3) == 0 && i < 5000 && httpd_most_conns(m->httpd) < 2; i++)
		clock_sleep_ns(NS_PER_MS);
	phase = strncmp(name, "b07", 3) == 0 ? m->phase : "Completed";
	etag = xasprintf("\"%.3s-%s\"", name, phase);
	line = xasprintf("ETag: %s\r\n", etag);
	lock_take(m->lock);
	if (strstr(head, etag) != NULL) {
		m->same++;
		httpd_answer(c, 304, line, S(""));
	} else {
		m->sent++;
		buf_putf(&body, "{\"name\":\"%.3s\",\"phase\":\"%s\"}", name, phase);
		httpd_answer(c, 200, line, buf_str(&body));
	}
	lock_drop(m->lock);
}

static int
on_many(void *ctx, const char *name, struct str json, const struct err *why, struct err *e)
{
	AUTO_FREE char *line = xasprintf("%s " STR_FMT, name, why ? 1 : (int)json.len, why ? "!" : json.p);

	(void)e;
	strs_add(ctx, line);
	return 0;
}

static void
list_many(struct many *m, struct store *st, size_t sent, size_t same, const char *phase)
{
	AUTO_STRS struct strs seen = { 0 };
	AUTO_FREE char *changed = xasprintf("b07 {\"name\":\"b07\",\"phase\":\"%s\"}", phase);
	struct err e = { 0 };

	m->phase = phase;
	m->sent = m->same = 0;
	if (catalog_backups(st, on_many, &seen, NULL, &e) < 0)
		fail_msg("%s", e.msg);
	assert_int_equal(seen.len, 39);
	assert_string_equal(seen.at[4], "b04 {\"name\":\"b04\",\"phase\":\"Completed\"}");
	assert_string_equal(seen.at[5], "b06 !");
	assert_string_equal(seen.at[6], changed);
	assert_string_equal(seen.at[38], "b39 {\"name\":\"b39\",\"phase\":\"Completed\"}");
	assert_int_equal(m->sent, sent);
	assert_int_equal(m->same, same);
}

static void
what_did_not_change_is_not_sent_again(void **state)
{
	struct many m = { .lock = lock_new() };
	AUTO_FREE char *url = NULL;
	AUTO_FREE char *cache = stored_path(&stored, "cache/orlop/read");
	AUTO(store_closep) struct store *st = NULL;
	struct err e = { 0 };

	(void)state;
	m.httpd = httpd_new(serve_many, &m, NULL);
	url = xasprintf("s3://bkt?s3Url=http://127.0.0.1:%d&s3ForcePathStyle=true&region=x", httpd_port(m.httpd));
	assert_int_equal(setenv("AWS_ACCESS_KEY_ID", "AKID", 1), 0);
	assert_int_equal(setenv("AWS_SECRET_ACCESS_KEY", "x", 1), 0);
	st = store_open(url, &e);
	assert_non_null(st);
	list_many(&m, st, 38, 0, "Completed");
	list_many(&m, st, 0, 38, "Completed");
	list_many(&m, st, 1, 37, "Deleting");
	list_many(&m, st, 0, 38, "Deleting");
	assert_int_equal(access(cache, F_OK), 0);
	assert_true(httpd_most_conns(m.httpd) > 1);
	httpd_free(m.httpd);
	lock_free(m.lock);
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
	assert_int_equal(keys, 11);
	assert_int_equal(count("backups/b1/"), 0);
	assert_int_equal(count("backups/b1.x/"), 11);
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
	assert_int_equal(count("backups/b1/"), 11);
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
		assert_int_equal(catalog_sweep(stored.st, names[i], JOB, &keys, NULL, &e), -1);
		assert_int_equal(e.kind, EK_INVALID);
	}
	assert_int_equal(count("backups/b1/"), 11);
}

/* --- leftovers --- */

static void
sweep(const char *name, size_t want)
{
	size_t keys = 77;
	struct err e = { 0 };

	if (catalog_sweep(stored.st, name, JOB, &keys, NULL, &e) < 0)
		fail_msg("%s", e.msg);
	assert_int_equal(keys, want);
}

static void
leftovers_are_swept_and_finished_backups_are_not(void **state)
{
	(void)state;
	stored_put(&stored, "backups/b1/b1-orlop-claim.json", S(CLAIM(JOB)));
	stored_put(&stored, "backups/b1/b1.tar.gz", S("x"));
	stored_put(&stored, "backups/b1/b1-logs.gz", S("x"));
	sweep("b1", 3);
	assert_int_equal(count("backups/"), 0);
	sweep("b1", 0);

	stored_backup(&stored, "b2");
	stored_put(&stored, "backups/b2/b2-orlop-claim.json", S(CLAIM(JOB)));
	sweep("b2", 0);
	assert_int_equal(count("backups/b2/"), 11);      /* without its claim */
	sweep("b2", 0);
	assert_int_equal(count("backups/b2/"), 11);
}

/* Another process may have taken the name since its journal was read. */
static void
what_another_job_claims_or_nobody_is_left_alone(void **state)
{
	static const char *const claims[] = { CLAIM("20260601020000-ffffffff"), "{}", "{broken", NULL };

	(void)state;
	for (size_t i = 0; i < COUNT(claims); i++) {
		struct err e = { 0 };
		size_t files;
		struct store_writer *w;

		if (claims[i] != NULL)
			stored_put(&stored, "backups/b1/b1-orlop-claim.json", str_of(claims[i]));
		else
			assert_int_equal(store_delete(stored.st, "backups/b1/b1-orlop-claim.json", NULL, &e), 0);
		stored_put(&stored, "backups/b1/b1-logs.gz", S("x"));
		w = store_writer_open(stored.st, "backups/b1/b1.tar.gz", NULL, &e);
		assert_non_null(w);
		assert_int_equal(store_writer_add(w, "x", 1, &e), 0);
		files = count("backups/b1/");
		sweep("b1", 0);
		if (store_writer_commit(w, &e) < 0)
			fail_msg("its upload was swept: %s", e.msg);
		assert_int_equal(count("backups/b1/"), files + 1);
		assert_int_equal(store_delete(stored.st, "backups/b1/b1.tar.gz", NULL, &e), 0);
	}
}

static void
unfinished_uploads_are_swept(void **state)
{
	struct err e = { 0 };
	struct store_writer *w = store_writer_open(stored.st, "backups/b1/b1.tar.gz", NULL, &e);

	(void)state;
	assert_non_null(w);
	assert_int_equal(store_writer_add(w, "x", 1, &e), 0);
	stored_put(&stored, "backups/b1/b1-orlop-claim.json", S(CLAIM(JOB)));
	sweep("b1", 2);
	store_writer_abort(w);
	sweep("b1", 0);
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
		CASE(what_did_not_change_is_not_sent_again),
		CASE(the_caller_can_stop_a_list),
		CASE(a_deleted_backup_is_gone_and_others_stay),
		CASE(metadata_is_deleted_first_and_the_claim_last),
		CASE(a_refused_delete_stops_and_says_what_was_refused),
		CASE(a_canceled_delete_has_done_nothing),
		CASE(hostile_names_delete_nothing),
		CASE(leftovers_are_swept_and_finished_backups_are_not),
		CASE(what_another_job_claims_or_nobody_is_left_alone),
		CASE(unfinished_uploads_are_swept),
		CASE(the_claim_tells_whose_backup_is_being_made),
		CASE(files_are_told_with_their_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
