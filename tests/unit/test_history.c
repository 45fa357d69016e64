/* Tests of engine/history: one object through small stored backups, one of them damaged. */
#include "engine/history.h"

#include "archive/layout.h"
#include "base/mem.h"
#include "base/vec.h"
#include "tests/unit/finding.h"
#include "tests/unit/stored.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What was told: "b2 created" after each other, and findings. */
struct told { struct strs rows, findings; struct cancel cancel; size_t stop_at; };

static void
told_done(struct told *t)
{
	strs_free(&t->rows);
	strs_free(&t->findings);
}

static int
on_row(void *ctx, const struct history_row *row, struct err *e)
{
	struct told *t = ctx;

	(void)e;
	if (t->rows.len + 1 == t->stop_at)
		cancel_fire(&t->cancel);
	*vec_push(&t->rows) = xasprintf("%s %s", row->backup, history_text(row->change));
	return 0;
}

static void
on_finding(void *ctx, const struct finding *f)
{
	struct told *t = ctx;

	findings_add(&t->findings, f);
}

static int
history(const char *object, struct told *t, struct err *e)
{
	const struct report_fns fns = { .finding = on_finding, .ctx = t };
	const struct history_opts o = { .object = object, .view = { VIEW_CONTENT, false } };
	AUTO(report_freep) struct report *r = report_new(&fns, "backup", "history");

	return history_run(stored.st, &o, r, on_row, t, &t->cancel, e);
}

static void
backup(const char *name, const char *label)
{
	AUTO_FREE char *c = label == NULL ? xstrdup("") : xasprintf("add('resources/configmaps/namespaces/shop/c.json', "
		"obj('ConfigMap', 'shop', 'c', ',\"labels\":{\"v\":\"%s\"}'))\n", label);
	AUTO_FREE char *script = xasprintf("add('resources/configmaps/namespaces/shop/always.json', "
		"obj('ConfigMap', 'shop', 'always'))\n%s", c);

	stored_foreign(&stored, name, "w:gz", script);
}

static void
each_change_is_told_and_a_damaged_backup_ends_nothing(void **state)
{
	static const struct { const char *object, *rows[8]; } rows[] = {
		{ "configmap/shop/c", { "b2 created", "b3 same", "b4 changed", "b6 deleted", "b8 created" } },
		{ "configmap/shop/always", { "b1 first", "b2 same", "b3 same", "b4 same", "b6 same", "b7 same", "b8 same" } },
	};
	AUTO_FREE char *index = layout_key("b5", LAYOUT_INDEX);

	(void)state;
	backup("b1", NULL);
	backup("b2", "one");
	backup("b3", "one");
	backup("b4", "two");
	stored_backup(&stored, "b5");
	stored_flip(&stored, index, 30, 0x10);
	backup("b6", NULL);
	backup("b7", NULL);
	backup("b8", "two");
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(told_done) struct told t = { 0 };
		struct err e = { 0 };
		size_t n = 0;

		if (history(rows[i].object, &t, &e) < 0)
			fail_msg("%s: %s", rows[i].object, e.msg);
		for (; n < t.rows.len && n < COUNT(rows[i].rows) && rows[i].rows[n] != NULL; n++)
			assert_string_equal(t.rows.at[n], rows[i].rows[n]);
		assert_int_equal(n, t.rows.len);
		assert_true(n == COUNT(rows[i].rows) || rows[i].rows[n] == NULL);
		assert_int_equal(t.findings.len, 1);
		assert_true(findings_have(&t.findings, "backups/b5"));
	}
}

/* Whatever the threads are at, all of them end. */
static void
it_can_be_stopped_anywhere(void **state)
{
	(void)state;
	for (size_t i = 0; i < 12; i++) {
		AUTO_FREE char *name = xasprintf("b%02zu", i);

		backup(name, i % 2 == 0 ? "one" : "two");
	}
	for (size_t at = 0; at < 12; at++) {
		AUTO(told_done) struct told t = { .stop_at = at };
		struct err e = { 0 };

		if (at == 0)
			cancel_fire(&t.cancel);
		assert_int_equal(history("configmap/shop/c", &t, &e), -1);
		assert_int_equal(e.kind, EK_CANCELED);
		assert_int_equal(t.rows.len, at);
	}
}

static void
an_object_in_no_backup_is_not_found(void **state)
{
	AUTO(told_done) struct told t = { 0 };
	struct err e = { 0 };

	(void)state;
	backup("b1", NULL);
	assert_int_equal(history("configmap/shop/nothing", &t, &e), -1);
	assert_int_equal(e.kind, EK_NOTFOUND);
	assert_non_null(strstr(e.msg, "configmap/shop/nothing"));
	assert_int_equal(t.rows.len, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_change_is_told_and_a_damaged_backup_ends_nothing, stored_setup,
			stored_teardown),
		cmocka_unit_test_setup_teardown(it_can_be_stopped_anywhere, stored_setup, stored_teardown),
		cmocka_unit_test_setup_teardown(an_object_in_no_backup_is_not_found, stored_setup, stored_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
