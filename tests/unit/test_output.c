/* Tests of cli/output: the same rows as table, JSON, YAML and names. */
#include "cli/output.h"

#include "base/limits.h"
#include "base/mem.h"
#include "capture.h"
#include "data/jdoc.h"
#include "data/jscan.h"
#include "data/yaml.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const struct column columns[] = {
	{ "NAME", "name", COL_TEXT },
	{ "SIZE", "size", COL_SIZE },
	{ "COUNT", "n", COL_NUMBER },
	{ "WHEN", "when", COL_TIME, .wide = true },
	{ "LEFT", "left", COL_LEFT },
};

struct printing {
	enum output        output;
	bool               list;
	const char *const *rows;         /* NULL-terminated */
	const char        *name_path;
	int                rc;
};

static void
print_rows(void *ctx)
{
	struct printing *p = ctx;
	struct rows *r = rows_new(p->output, p->list, columns, COUNT(columns),
		p->name_path != NULL ? p->name_path : "name", NULL);

	for (const char *const *row = p->rows; *row != NULL && p->rc == 0; row++)
		p->rc = rows_add(r, str_of(*row));
	if (p->rc == 0)
		p->rc = rows_end(r);
	rows_free(r);
}

static char *
printed(enum output output, bool list, const char *const *rows, const char *name_path)
{
	struct printing p = { output, list, rows, name_path, 0 };
	char *text = captured(print_rows, &p);

	assert_int_equal(p.rc, 0);
	return text;
}

static const char *const two[] = {
	"{\"name\":\"one\",\"size\":2048,\"n\":7,\"when\":\"2026-03-01T04:05:06Z\",\"left\":\"2020-01-01T00:00:00Z\"}",
	"{\"name\":\"a-longer-name\",\"size\":1,\"n\":12345}", NULL };
static const char *const none[] = { NULL };

static void
table_aligns_columns_and_leaves_wide_ones_out(void **state)
{
	AUTO_FREE char *table = printed(OUT_TABLE, true, two, NULL);
	AUTO_FREE char *wide = printed(OUT_WIDE, true, two, NULL);

	(void)state;
	assert_string_equal(table,
		"NAME           SIZE     COUNT  LEFT\n"
		"one            2.0 KiB  7      expired\n"
		"a-longer-name  1 B      12345  -\n");
	assert_string_equal(wide,
		"NAME           SIZE     COUNT  WHEN                  LEFT\n"
		"one            2.0 KiB  7      2026-03-01T04:05:06Z  expired\n"
		"a-longer-name  1 B      12345  -                     -\n");
}

static void
wide_characters_take_two_cells(void **state)
{
	static const char *const rows[] = { "{\"name\":\"\xe8\x88\xb9\xe8\x88\xb1\",\"size\":1}",
		"{\"name\":\"ship\",\"size\":1}", "{\"name\":\"e\xcc\x81t\xc3\xa9\",\"size\":1}", NULL };
	AUTO_FREE char *table = printed(OUT_TABLE, true, rows, NULL);

	(void)state;
	assert_string_equal(table,
		"NAME  SIZE  COUNT  LEFT\n"
		"\xe8\x88\xb9\xe8\x88\xb1  1 B   0      -\n"
		"ship  1 B   0      -\n"
		"e\xcc\x81t\xc3\xa9   1 B   0      -\n");
}

static void
hostile_text_is_made_visible(void **state)
{
	static const char *const rows[] = { "{\"name\":\"\\u001b[2Jx\\ny\\u202e\xff\"}", NULL };
	AUTO_FREE char *table = printed(OUT_TABLE, true, rows, NULL);
	AUTO_FREE char *name = printed(OUT_NAME, true, rows, NULL);

	(void)state;
	assert_non_null(strstr(table, "\n\\x1b[2Jx\\x0ay<U+202E>\\xff  0 B"));
	assert_string_equal(name, "\\x1b[2Jx\\x0ay<U+202E>\\xff\n");
}

static void
values_of_another_type_are_shown_as_absent(void **state)
{
	static const char *const rows[] = { "{\"name\":{},\"size\":\"big\",\"when\":7,\"left\":\"soon\"}", "[]", "nonsense", NULL };
	AUTO_FREE char *table = printed(OUT_TABLE, true, rows, NULL);

	(void)state;
	assert_string_equal(table,
		"NAME  SIZE  COUNT  LEFT\n"
		"-     0 B   0      -\n"
		"-     0 B   0      -\n"
		"-     0 B   0      -\n");
}

static void
json_list_is_one_document_with_the_rows_as_they_are(void **state)
{
	static const char *const rows[] = { "{\"name\":\"one\",\"big\":9007199254740993}", "\n{\"name\":\"two\"}\n", NULL };
	AUTO_FREE char *json = printed(OUT_JSON, true, rows, NULL);
	AUTO_FREE char *empty = printed(OUT_JSON, true, none, NULL);
	AUTO_FREE char *alone = printed(OUT_JSON, false, rows, NULL);
	struct err e;

	(void)state;
	assert_string_equal(json, "{\"items\":[\n{\"name\":\"one\",\"big\":9007199254740993},\n{\"name\":\"two\"}\n]}\n");
	assert_int_equal(json_check(str_trim(str_of(json)), &e), 0);
	assert_string_equal(empty, "{\"items\":[]}\n");
	assert_string_equal(alone, "{\"name\":\"one\",\"big\":9007199254740993}\n{\"name\":\"two\"}\n");
}

static void
yaml_is_one_document_per_row(void **state)
{
	static const char *const rows[] = { "{\"name\":\"no\",\"big\":9007199254740993}", "{\"name\":\"a: b\"}", NULL };
	AUTO_FREE char *yaml = printed(OUT_YAML, true, rows, NULL);
	const char *second = strstr(yaml, "\n---\n");
	struct err e;

	(void)state;
	assert_non_null(second);
	assert_non_null(strstr(yaml, "big: 9007199254740993\n"));
	{
		AUTO_YAML struct ynode *a = yaml_parse((struct str){ yaml, (size_t)(second - yaml) }, "a", &e);
		AUTO_YAML struct ynode *b = yaml_parse(str_of(second + 5), "b", &e);

		assert_string_equal(yaml_text(a, "name"), "no");
		assert_true(yaml_get(a, "name")->quoted);
		assert_string_equal(yaml_text(b, "name"), "a: b");
	}
}

static void
names_are_joined_and_absent_parts_left_out(void **state)
{
	static const char *const rows[] = { "{\"t\":\"pods\",\"ns\":\"a\",\"name\":\"b\"}",
		"{\"t\":\"nodes\",\"ns\":\"\",\"name\":\"c\"}", "{\"other\":1}", NULL };
	AUTO_FREE char *one = printed(OUT_NAME, true, rows, "name");
	AUTO_FREE char *joined = printed(OUT_NAME, true, rows, "t/ns/name");
	AUTO_FREE char *empty = printed(OUT_NAME, true, none, "name");

	(void)state;
	assert_string_equal(one, "b\nc\n");
	assert_string_equal(joined, "pods/a/b\nnodes/c\n");
	assert_string_equal(empty, "");
}

static void
empty_table_prints_no_head(void **state)
{
	AUTO_FREE char *table = printed(OUT_TABLE, true, none, NULL);

	(void)state;
	assert_string_equal(table, "");
}

/* Enough rows to fill the buffer of stdout. */
static void
full_disk_is_noticed(void **state)
{
	static const enum output outputs[] = { OUT_TABLE, OUT_JSON, OUT_YAML, OUT_NAME };
	static const char *many[1001];
	char row[300];
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

	(void)state;
	if (full < 0)
		skip();
	snprintf(row, sizeof row, "{\"name\":\"%0200d\"}", 7);
	for (size_t i = 0; i < COUNT(many) - 1; i++)
		many[i] = row;
	for (size_t i = 0; i < COUNT(outputs); i++) {
		struct printing p = { outputs[i], true, many, NULL, 0 };
		int real;

		fflush(stdout);
		real = dup(STDOUT_FILENO);
		assert_true(real >= 0 && dup2(full, STDOUT_FILENO) >= 0);
		print_rows(&p);
		/* What the buffer still holds is for /dev/full, too. */
		(void)fflush(stdout);
		dup2(real, STDOUT_FILENO);
		close(real);
		clearerr(stdout);
		assert_int_equal(p.rc, -1);
	}
	close(full);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table_aligns_columns_and_leaves_wide_ones_out),
		cmocka_unit_test(wide_characters_take_two_cells),
		cmocka_unit_test(hostile_text_is_made_visible),
		cmocka_unit_test(values_of_another_type_are_shown_as_absent),
		cmocka_unit_test(json_list_is_one_document_with_the_rows_as_they_are),
		cmocka_unit_test(yaml_is_one_document_per_row),
		cmocka_unit_test(names_are_joined_and_absent_parts_left_out),
		cmocka_unit_test(empty_table_prints_no_head),
		cmocka_unit_test(full_disk_is_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
