/* Tests of ui/widgets/table and ui/filter: what is shown, in which order, and what stays with its row. */
#include "ui/widgets/table.h"
#include "ui/filter.h"

#include "base/clock.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define NOW INT64_C(1700000000)
#define MANY 100000

static const struct column columns[] = {
	{ "NAME", COL_TEXT, 8, 20, 0, false },
	{ "STATUS", COL_STATE, 6, 6, 0, false },
	{ "SIZE", COL_COUNT, 5, 6, 1, false },
	{ "CREATED", COL_AGE, 9, 9, 2, false },
};

static const struct { const char *name, *status, *labels; int64_t size, age_s; } data[] = {
	{ "web-1", "ok", "app=web", 30, 60 },
	{ "web-2", "FAILED", "app=web,env=dev", 5, 3600 },
	{ "db-1", "ok", "app=db", 700, 7200 },
	{ "DB-2", "PARTIAL", "", 700, 86400 },
};

static struct rows *
make_rows(size_t from)
{
	struct rows *r = table_rows_new(columns, COUNT(columns));

	for (size_t i = from; i < COUNT(data); i++) {
		const char *cells[] = { data[i].name, data[i].status, NULL, NULL };
		const int64_t nums[] = { 0, 0, data[i].size, NOW - data[i].age_s };

		table_rows_add(r, data[i].name, cells, nums, data[i].labels, ROLE_TEXT);
	}
	return r;
}

static void
check_shown(struct table *t, const char *want)
{
	AUTO_BUF struct buf names = BUF_INIT(SIZE_MAX);
	AUTO_FREE char *current = xstrdup_or_null(table_current(t));

	for (size_t i = 0; i < t->n_shown; i++) {
		t->cursor = i;
		buf_putf(&names, "%s%s", i > 0 ? " " : "", table_current(t));
	}
	assert_string_equal(buf_cstr(&names), want);
	if (current != NULL)
		assert_true(table_go(t, current));
}

static void
test_filter(void **state)
{
	static const struct { const char *filter, *want; } rows[] = {
		{ "", "DB-2 db-1 web-1 web-2" },
		{ "web", "web-1 web-2" },
		{ "db", "DB-2 db-1" },                     /* small letters mean any case */
		{ "DB", "DB-2" },
		{ "!web", "DB-2 db-1" },
		{ "^w.*2$", "web-2" },
		{ "-l app=web", "web-1 web-2" },
		{ "-l app=web,env!=dev", "web-1" },
		{ "-l env", "web-2" },
		{ "-f wb2", "web-2" },
		{ "col:status=ok", "db-1 web-1" },
		{ "!col:status=ok", "DB-2 web-2" },
		{ "web col:status=fail", "web-2" },
		{ "marked", "" },
		{ "web-(", "" },                           /* no pattern: taken literally */
		{ "x\\E(", "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct table t;

		table_init(&t, columns, COUNT(columns), 0, false);
		table_set(&t, make_rows(0), NOW);
		table_set_filter(&t, rows[i].filter, NOW);
		check_shown(&t, rows[i].want);
		table_done(&t);
	}
}

static void
test_filter_says_what_it_did(void **state)
{
	struct table t;

	(void)state;
	table_init(&t, columns, COUNT(columns), 0, false);
	table_set(&t, make_rows(0), NOW);
	table_set_filter(&t, "web-(", NOW);
	assert_non_null(strstr(table_filter_note(&t), "literally"));
	table_set_filter(&t, "col:nothing=x", NOW);
	assert_non_null(strstr(table_filter_note(&t), "no column"));
	table_set_filter(&t, "web", NOW);
	assert_string_equal(table_filter_note(&t), "");
	table_done(&t);
}

static void
test_order(void **state)
{
	static const struct { size_t column; bool descending; const char *want; } rows[] = {
		{ 0, false, "DB-2 db-1 web-1 web-2" },
		{ 0, true, "web-2 web-1 db-1 DB-2" },
		{ 2, false, "web-2 web-1 DB-2 db-1" },     /* equal ones by name */
		{ 2, true, "DB-2 db-1 web-1 web-2" },
		{ 3, true, "web-1 web-2 db-1 DB-2" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct table t;

		table_init(&t, columns, COUNT(columns), rows[i].column, rows[i].descending);
		table_set(&t, make_rows(0), NOW);
		check_shown(&t, rows[i].want);
		table_done(&t);
	}
}

/* The cursor and the marks belong to rows, not to places. */
static void
test_identity(void **state)
{
	struct table t;

	(void)state;
	table_init(&t, columns, COUNT(columns), 0, false);
	table_set(&t, make_rows(0), NOW);
	assert_true(table_go(&t, "db-1"));
	assert_true(table_act(&t, "mark", NOW));
	assert_string_equal(table_current(&t), "web-1");
	assert_true(table_act(&t, "mark", NOW));
	assert_true(table_go(&t, "db-1"));
	assert_true(table_act(&t, "sort-reverse", NOW));
	assert_string_equal(table_current(&t), "db-1");
	table_set(&t, make_rows(1), NOW);        /* web-1 is gone */
	assert_string_equal(table_current(&t), "db-1");
	assert_int_equal(t.n_marked, 1);
	assert_true(table_is_marked(&t, "db-1"));
	assert_false(table_is_marked(&t, "web-1"));
	table_set_filter(&t, "web", NOW);
	assert_int_equal(table_marked_hidden(&t), 1);
	assert_true(table_act(&t, "mark-none", NOW));
	assert_int_equal(t.n_marked, 0);
	table_done(&t);
}

static void
test_ranges(void **state)
{
	struct table t;

	(void)state;
	table_init(&t, columns, COUNT(columns), 0, false);
	table_set(&t, make_rows(0), NOW);
	(void)table_act(&t, "last", NOW);
	(void)table_act(&t, "range", NOW);
	(void)table_act(&t, "up", NOW);
	(void)table_act(&t, "up", NOW);
	(void)table_act(&t, "range", NOW);
	assert_int_equal(t.n_marked, 3);
	(void)table_act(&t, "mark-invert", NOW);
	assert_int_equal(t.n_marked, 1);
	assert_true(table_is_marked(&t, "DB-2"));
	(void)table_act(&t, "marked-only", NOW);
	check_shown(&t, "DB-2");
	table_done(&t);
}

static void
test_drawing(void **state)
{
	struct canvas v = { .ascii = true };
	AUTO_BUF struct buf out = BUF_INIT(SIZE_MAX);
	struct table t;

	(void)state;
	canvas_resize(&v, 4, 40);
	table_init(&t, columns, COUNT(columns), 0, false);
	table_set(&t, make_rows(0), NOW);
	(void)table_act(&t, "mark", NOW);
	table_draw(&t, canvas_all(&v), TIMES_AGE, NOW);
	canvas_dump(&v, &out);
	assert_string_equal(buf_cstr(&out),
		"   NAME          STATUS  SIZE CREATED\n"
		" * DB-2          PART..   700 24h ago\n"
		" > db-1          ok       700 2h ago\n"
		"   web-1         ok        30 1m ago\n");
	/* Columns that have no room go by their priority, the name stays. */
	buf_cut(&out, 0);
	canvas_resize(&v, 2, 20);
	table_draw(&t, canvas_all(&v), TIMES_AGE, NOW);
	canvas_dump(&v, &out);
	assert_non_null(strstr(buf_cstr(&out), "NAME"));
	assert_null(strstr(buf_cstr(&out), "CREATED"));
	table_done(&t);
	canvas_done(&v);
}

/* A key is answered within a frame, and a filter within 50 ms, with 100,000 rows (ui.md 6.3); here with sanitizers, too. */
static void
test_many(void **state)
{
	struct canvas v = { .ascii = true };
	struct rows *r = table_rows_new(columns, COUNT(columns));
	struct table t;

	(void)state;
	for (int i = 0; i < MANY; i++) {
		char name[32];
		const char *cells[] = { name, "ok", NULL, NULL };
		const int64_t nums[] = { 0, 0, i, NOW - i };

		(void)snprintf(name, sizeof name, "configmap-%06d", i * 7919 % MANY);
		table_rows_add(r, name, cells, nums, NULL, ROLE_TEXT);
	}
	canvas_resize(&v, 24, 80);
	table_init(&t, columns, COUNT(columns), 0, false);
	table_set(&t, r, NOW);
	assert_int_equal(t.n_shown, MANY);
	(void)table_act(&t, "last", NOW);
	table_draw(&t, canvas_all(&v), TIMES_AGE, NOW);
	assert_string_equal(table_current(&t), "configmap-099999");
	table_set_filter(&t, "-0999", NOW);
	assert_int_equal(t.n_shown, 100);
	table_done(&t);
	canvas_done(&v);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_filter),
		cmocka_unit_test(test_filter_says_what_it_did),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_identity),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_drawing),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
