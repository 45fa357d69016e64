/* Tests of app/backend: each request ends once, cancels and a front end that goes away included. */
#include "app/backend.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/thread.h"
#include "net/http.h"
#include "tests/unit/httpd.h"
#include "tests/unit/stored.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static int
setup(void **state)
{
	(void)stored_setup(state);
	return setenv("XDG_STATE_HOME", stored.dir, 1);
}

/* --- helpers --- */

static struct backend *
backend(void)
{
	struct err e = { 0 };
	struct backend *b = backend_new(&e);

	if (!b)
		fail_msg("%s", e.msg);
	return b;
}

static struct request *
request(enum op op, const char *name)
{
	struct request *r = xcalloc(1, sizeof *r);

	r->op = op;
	r->location = xstrdup(stored.url);
	r->name = name ? xstrdup(name) : NULL;
	return r;
}

/* All events of one request, up to its end. */
struct answer {
	enum ev_end   end;
	enum ev_about about;
	struct err    err;
	struct strs   rows, notes, findings;
	struct buf    bytes;
	size_t        progress;
};

static void
answer_done(struct answer *a)
{
	strs_free(&a->rows);
	strs_free(&a->notes);
	strs_free(&a->findings);
	buf_free(&a->bytes);
}

/* True: that was the end. */
static bool
take(struct answer *a, const struct event *ev)
{
	struct err e;

	switch (ev->kind) {
	case EV_PROGRESS: a->progress++; break;
	case EV_JOB:      break;
	case EV_NOTE:     strs_add(&a->notes, ev->text); break;
	case EV_FINDING:  strs_add(&a->findings, ev->text); break;
	case EV_ROW:      strs_add(&a->rows, ev->text); break;
	case EV_BYTES:    assert_int_equal(buf_add(&a->bytes, ev->text, ev->len, &e), 0); break;
	case EV_END:
		a->end = ev->end;
		a->about = ev->about;
		a->err = ev->err;
		return true;
	}
	return false;
}

static void
wait_end(struct backend *b, uint64_t id, struct answer *a)
{
	bool ended = false;

	*a = (struct answer){ .bytes = BUF_INIT(64 * MIB) };
	while (!ended) {
		struct event *ev = backend_next(b);

		assert_int_equal(ev->id, id);
		ended = take(a, ev);
		event_free(ev);
	}
}

static void
ask(struct request *r /* taken */, struct answer *a)
{
	struct backend *b = backend();

	wait_end(b, backend_submit(b, r), a);
	backend_free(b);
}

static void
check_end(const struct answer *a, enum ev_end end)
{
	if (a->end != end)
		fail_msg("ended as %d (%s), not %d", (int)a->end, a->err.msg, (int)end);
}

/* --- ends --- */

static void
each_request_ends_exactly_once(void **state)
{
	static const struct { enum op op; const char *name; enum ev_end end; } rows[] = {
		{ OP_BACKUP_LIST, NULL, END_DONE },
		{ OP_BACKUP_DESCRIBE, "b1", END_DONE },
		{ OP_BACKUP_VERIFY, "b1", END_DONE },
		{ OP_BACKUP_LS, "b1", END_DONE },
		{ OP_BACKUP_LOGS, "b1", END_DONE },
		{ OP_BACKUP_DESCRIBE, "none", END_FAILED },
		{ OP_BACKUP_VERIFY, "../b1", END_FAILED },
		{ OP_RESTORE_LIST, NULL, END_DONE },
		{ OP_RESTORE_DESCRIBE, "none", END_FAILED },
		{ OP_RESTORE_LOGS, "none", END_FAILED },
	};
	enum { ROUNDS = 12, ALL = ROUNDS * COUNT(rows) };
	struct backend *b = backend();
	unsigned ends[ALL + 1] = { 0 };
	size_t left = ALL;

	(void)state;
	stored_backup(&stored, "b1");
	for (size_t i = 0; i < ALL; i++)
		assert_int_equal(backend_submit(b, request(rows[i % COUNT(rows)].op, rows[i % COUNT(rows)].name)), i + 1);
	while (left > 0) {
		struct event *ev = backend_next(b);

		assert_in_range(ev->id, 1, ALL);
		if (ends[ev->id] > 0)
			fail_msg("an event of kind %d after the end of request %llu", (int)ev->kind,
				(unsigned long long)ev->id);
		if (ev->kind == EV_END) {
			size_t row = (size_t)(ev->id - 1) % COUNT(rows);

			if (ev->end != rows[row].end)
				fail_msg("row %zu ended as %d: %s", row, (int)ev->end, ev->err.msg);
			assert_true((ev->err.kind != EK_NONE) == (ev->end == END_FAILED));
			ends[ev->id]++;
			left--;
		}
		event_free(ev);
	}
	backend_free(b);
}

static void
progress_waits_in_one_slot(void **state)
{
	struct backend *b = backend();
	struct job_progress p = { .done = 7 };
	struct answer a;

	(void)state;
	stored_backup(&stored, "b1");
	wait_end(b, backend_submit(b, request(OP_BACKUP_VERIFY, "b1")), &a);
	/* Nobody looked at it, so it was told once. */
	assert_int_equal(a.progress, 1);
	backend_progress(b, 1, &p);
	assert_int_equal(p.done, 0);
	assert_null(p.phase);
	answer_done(&a);
	backend_free(b);
}

/* --- cancel --- */

/* An API server that takes requests and never answers. */
struct mute { struct lock *lock; unsigned asked; };

static void
serve_mute(void *ctx, const struct httpd_req *r, struct httpd_conn *c)
{
	struct mute *m = ctx;

	(void)r;
	lock_take(m->lock);
	m->asked++;
	lock_wake(m->lock);
	lock_drop(m->lock);
	httpd_wait_eof(c);
}

static void
wait_asked(struct mute *m, unsigned n)
{
	lock_take(m->lock);
	while (m->asked < n)
		lock_wait(m->lock);
	lock_drop(m->lock);
}

static struct request *
cluster_request(enum op op, const struct httpd *s)
{
	struct request *r = request(op, NULL);
	AUTO_FREE char *text = xasprintf("{\"apiVersion\":\"v1\",\"kind\":\"Config\",\"current-context\":\"c\","
		"\"contexts\":[{\"name\":\"c\",\"context\":{\"cluster\":\"c\",\"user\":\"u\"}}],\"users\":[{\"name\":\"u\","
		"\"user\":{}}],\"clusters\":[{\"name\":\"c\",\"cluster\":{\"server\":\"http://127.0.0.1:%d\"}}]}",
		httpd_port(s));
	struct err e = { 0 };

	r->kubeconfig = file_join(stored.dir, "kubeconfig");
	assert_int_equal(file_replace(r->kubeconfig, text, strlen(text), 0600, &e), 0);
	return r;
}

static void
a_cancel_ends_jobs_that_wait_for_an_answer(void **state)
{
	static const enum op ops[] = { OP_CLUSTER_CHECK, OP_BACKUP_CREATE, OP_RESTORE_CREATE };
	struct mute m = { .lock = lock_new() };
	struct httpd *s = httpd_new(serve_mute, &m, NULL);
	struct backend *b = backend();
	AUTO_STRS struct strs keys = { 0 };

	(void)state;
	stored_backup(&stored, "b1");
	for (size_t i = 0; i < COUNT(ops); i++) {
		struct request *r = cluster_request(ops[i], s);

		r->backup.name = xstrdup("b2");
		r->restore.name = xstrdup("r1");
		r->restore.backup = xstrdup("b1");
		(void)backend_submit(b, r);
	}
	wait_asked(&m, COUNT(ops));
	cancel_fire(backend_cancel(b));
	for (size_t left = COUNT(ops); left > 0;) {
		struct event *ev = backend_next(b);

		if (ev->kind == EV_END) {
			assert_int_equal(ev->end, END_CANCELED);
			assert_int_equal(ev->err.kind, EK_CANCELED);
			left--;
		}
		event_free(ev);
	}
	backend_free(b);
	httpd_free(s);
	lock_free(m.lock);
	stored_keys(&stored, "backups/b2/", &keys);
	stored_keys(&stored, "restores/", &keys);
	assert_int_equal(keys.len, 0);
}

static void
what_is_asked_after_a_cancel_is_canceled(void **state)
{
	struct backend *b = backend();
	struct answer a;

	(void)state;
	stored_backup(&stored, "b1");
	cancel_fire(backend_cancel(b));
	wait_end(b, backend_submit(b, request(OP_BACKUP_LIST, NULL)), &a);
	check_end(&a, END_CANCELED);
	assert_int_equal(a.rows.len, 0);
	answer_done(&a);
	backend_free(b);
}

static void
a_front_end_may_leave_while_jobs_run(void **state)
{
	struct mute m = { .lock = lock_new() };
	struct httpd *s = httpd_new(serve_mute, &m, NULL);
	struct backend *b = backend();

	(void)state;
	for (int i = 0; i < 4; i++)
		(void)backend_submit(b, cluster_request(OP_CLUSTER_CHECK, s));
	wait_asked(&m, 4);
	backend_free(b);
	httpd_free(s);
	lock_free(m.lock);
}

static void
a_front_end_may_leave_what_it_asked_for(void **state)
{
	struct backend *b = backend();

	(void)state;
	stored_backup(&stored, "b1");
	for (int i = 0; i < 20; i++)
		(void)backend_submit(b, request(OP_BACKUP_DESCRIBE, "b1"));
	backend_free(b);
	backend_free(backend());
	backend_free(NULL);
}

/* More rows than the queue of events holds: the jobs stand in the middle of their work. */
static void
a_front_end_may_leave_without_reading(void **state)
{
	struct backend *b = backend();
	struct event *first;

	(void)state;
	stored_foreign(&stored, "v", "w:gz",
		"for i in range(3000): add('resources/pods/namespaces/a/p%d.json' % i, obj('Pod', 'a', 'p%d' % i))\n");
	for (int i = 0; i < 3; i++)
		(void)backend_submit(b, request(OP_BACKUP_LS, "v"));
	first = backend_next(b);
	event_free(first);
	backend_free(b);
}

static void
a_slow_front_end_gets_every_row(void **state)
{
	struct answer a;

	(void)state;
	stored_foreign(&stored, "v", "w:gz",
		"for i in range(3000): add('resources/pods/namespaces/a/p%d.json' % i, obj('Pod', 'a', 'p%d' % i))\n");
	ask(request(OP_BACKUP_LS, "v"), &a);
	check_end(&a, END_DONE);
	assert_int_equal(a.rows.len, 3000);
	answer_done(&a);
}

/* --- operations that need no cluster --- */

static void
an_empty_location_is_an_empty_list(void **state)
{
	struct answer a;

	(void)state;
	ask(request(OP_BACKUP_LIST, NULL), &a);
	check_end(&a, END_DONE);
	assert_int_equal(a.rows.len + a.findings.len, 0);
	answer_done(&a);
}

static void
errors_say_what_they_are_about(void **state)
{
	static const struct { enum op op; const char *location, *kubeconfig; enum ev_about about; enum err_kind kind; } rows[] = {
		{ OP_BACKUP_LIST, "nonsense", NULL, ABOUT_LOCATION, EK_INVALID },
		{ OP_BACKUP_LIST, "dir:/nonexistent/orlop", NULL, ABOUT_LOCATION, EK_NOTFOUND },
		{ OP_LOCATION_VALIDATE, "s3://ab", NULL, ABOUT_LOCATION, EK_INVALID },
		{ OP_CLUSTER_CHECK, NULL, "/nonexistent/kubeconfig", ABOUT_CLUSTER, EK_NOTFOUND },
		{ OP_BACKUP_CREATE, NULL, "/nonexistent/kubeconfig", ABOUT_CLUSTER, EK_NOTFOUND },
		{ OP_BACKUP_DESCRIBE, NULL, NULL, ABOUT_NOTHING, EK_NOTFOUND },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct request *r = request(rows[i].op, "none");
		struct answer a;

		if (rows[i].location) {
			free(r->location);
			r->location = xstrdup(rows[i].location);
		}
		r->kubeconfig = rows[i].kubeconfig ? xstrdup(rows[i].kubeconfig) : NULL;
		ask(r, &a);
		check_end(&a, END_FAILED);
		if (a.about != rows[i].about || a.err.kind != rows[i].kind)
			fail_msg("row %zu: about %d, kind %d: %s", i, (int)a.about, (int)a.err.kind, a.err.msg);
		answer_done(&a);
	}
}

static void
damage_is_told_by_verify(void **state)
{
	struct answer a;

	(void)state;
	stored_backup(&stored, "b1");
	stored_flip(&stored, "backups/b1/b1-logs.gz", 20, 1);
	ask(request(OP_BACKUP_VERIFY, "b1"), &a);
	check_end(&a, END_DAMAGED);
	assert_int_equal(a.notes.len, 1);
	assert_non_null(strstr(a.notes.at[0], "1 damaged"));
	answer_done(&a);
}

static void
a_damaged_backup_in_a_list_is_a_finding(void **state)
{
	struct answer a;

	(void)state;
	stored_backup(&stored, "b1");
	stored_put(&stored, "backups/b2/velero-backup.json", S("{"));
	ask(request(OP_BACKUP_LIST, NULL), &a);
	check_end(&a, END_PARTIAL);
	assert_int_equal(a.rows.len, 1);
	assert_int_equal(a.findings.len, 1);
	assert_non_null(strstr(a.findings.at[0], "\"b2\""));
	answer_done(&a);
}

static void
objects_are_shown_as_they_are_stored(void **state)
{
	static const struct { const char *what; enum err_kind kind; const char *text; } rows[] = {
		{ "deployment/web", EK_NONE, "\"replicas\":3" },
		{ "Deployment/shop/web", EK_NONE, "\"replicas\":3" },
		{ "configmaps/other/settings", EK_NONE, "9223372036854775807" },
		{ "namespace/shop", EK_NONE, "\"team\"" },
		{ "configmap/settings", EK_INVALID, "several namespaces" },
		{ "configmap/none", EK_NOTFOUND, "no 'configmap/none'" },
		{ "gadget/x", EK_NOTFOUND, "no objects of type 'gadget'" },
		{ "settings", EK_INVALID, "KIND/NAME" },
		{ "/", EK_INVALID, "KIND/NAME" },
		{ "", EK_INVALID, "KIND/NAME" },
	};

	(void)state;
	stored_backup(&stored, "b1");
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct request *r = request(OP_BACKUP_CAT, "b1");
		struct answer a;

		strs_add(&r->objects, rows[i].what);
		ask(r, &a);
		if (a.err.kind != rows[i].kind)
			fail_msg("%s: %d %s", rows[i].what, (int)a.err.kind, a.err.msg);
		if (!strstr(rows[i].kind == EK_NONE && a.rows.len ? a.rows.at[0] : a.err.msg, rows[i].text))
			fail_msg("%s: %s", rows[i].what, a.rows.len ? a.rows.at[0] : a.err.msg);
		answer_done(&a);
	}
}

static void
filters_narrow_what_is_listed(void **state)
{
	struct request *r = request(OP_BACKUP_LS, "b1");
	struct answer a;

	(void)state;
	stored_backup(&stored, "b1");
	strs_add(&r->filter.inc_namespaces, "shop");
	strs_add(&r->filter.inc_resources, "deployments");
	r->filter.selector = xstrdup("app=web");
	ask(r, &a);
	check_end(&a, END_DONE);
	assert_int_equal(a.rows.len, 1);
	assert_non_null(strstr(a.rows.at[0], "\"web\""));
	answer_done(&a);
	r = request(OP_BACKUP_LS, "b1");
	strs_add(&r->filter.inc_namespaces, "nowhere");
	strs_add(&r->filter.inc_resources, "deployments");
	ask(r, &a);
	check_end(&a, END_FAILED);
	assert_int_equal(a.err.kind, EK_NOTFOUND);
	answer_done(&a);
}

static void
read_whole(const char *path, struct buf *out)
{
	struct err e = { 0 };

	buf_cut(out, 0);
	if (file_read(path, out, &e) < 0)
		fail_msg("%s", e.msg);
}

static void
a_download_is_the_tarball_and_replaces_nothing_unasked(void **state)
{
	AUTO_FREE char *source = NULL;
	AUTO_FREE char *path = NULL;
	AUTO_BUF struct buf want = BUF_INIT(MIB), got = BUF_INIT(MIB);
	struct request *r;
	struct answer a;
	struct err e = { 0 };

	(void)state;
	stored_backup(&stored, "b1");
	source = file_join(stored.dir, "backups/b1/b1.tar.gz");
	path = file_join(stored.dir, "b1.tar.gz");
	read_whole(source, &want);

	r = request(OP_BACKUP_DOWNLOAD, "b1");
	r->path = xstrdup("-");
	ask(r, &a);
	check_end(&a, END_DONE);
	assert_int_equal(a.bytes.len, want.len);
	assert_memory_equal(a.bytes.p, want.p, want.len);
	answer_done(&a);

	assert_int_equal(file_replace(path, "precious", 8, 0600, &e), 0);
	r = request(OP_BACKUP_DOWNLOAD, "b1");
	r->path = xstrdup(path);
	ask(r, &a);
	check_end(&a, END_FAILED);
	assert_int_equal(a.err.kind, EK_EXISTS);
	answer_done(&a);
	read_whole(path, &got);
	assert_string_equal(buf_cstr(&got), "precious");

	r = request(OP_BACKUP_DOWNLOAD, "b1");
	r->path = xstrdup(path);
	r->force = true;
	ask(r, &a);
	check_end(&a, END_DONE);
	answer_done(&a);
	read_whole(path, &got);
	assert_int_equal(got.len, want.len);
	assert_memory_equal(got.p, want.p, want.len);
}

static void
finished_and_unfinished_backups_can_be_deleted(void **state)
{
	AUTO_STRS struct strs keys = { 0 };
	struct answer a;

	(void)state;
	stored_backup(&stored, "b1");
	stored_put(&stored, "backups/b2/b2.tar.gz", S("x"));
	ask(request(OP_BACKUP_DELETE, "b1"), &a);
	check_end(&a, END_DONE);
	answer_done(&a);
	ask(request(OP_BACKUP_DELETE, "b2"), &a);
	check_end(&a, END_DONE);
	answer_done(&a);
	stored_keys(&stored, "backups/", &keys);
	assert_int_equal(keys.len, 0);
	ask(request(OP_BACKUP_DELETE, "b1"), &a);
	check_end(&a, END_FAILED);
	assert_int_equal(a.err.kind, EK_NOTFOUND);
	answer_done(&a);
}

static void
a_location_is_validated_step_by_step(void **state)
{
	struct answer a;

	(void)state;
	ask(request(OP_LOCATION_VALIDATE, NULL), &a);
	check_end(&a, END_DONE);
	assert_true(a.rows.len >= 4);
	for (size_t i = 0; i < a.rows.len; i++)
		if (!strstr(a.rows.at[i], "\"status\":\"ok\""))
			fail_msg("%s", a.rows.at[i]);
	answer_done(&a);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, stored_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(each_request_ends_exactly_once),
		CASE(progress_waits_in_one_slot),
		CASE(a_cancel_ends_jobs_that_wait_for_an_answer),
		CASE(what_is_asked_after_a_cancel_is_canceled),
		CASE(a_front_end_may_leave_while_jobs_run),
		CASE(a_front_end_may_leave_what_it_asked_for),
		CASE(a_front_end_may_leave_without_reading),
		CASE(a_slow_front_end_gets_every_row),
		CASE(an_empty_location_is_an_empty_list),
		CASE(errors_say_what_they_are_about),
		CASE(damage_is_told_by_verify),
		CASE(a_damaged_backup_in_a_list_is_a_finding),
		CASE(objects_are_shown_as_they_are_stored),
		CASE(filters_narrow_what_is_listed),
		CASE(a_download_is_the_tarball_and_replaces_nothing_unasked),
		CASE(finished_and_unfinished_backups_can_be_deleted),
		CASE(a_location_is_validated_step_by_step),
	};

	http_global_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
