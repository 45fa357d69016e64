/* Checks data/yaml.h. */
#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "data/yaml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char file[] =
	"# comment\n"
	"name: prod\n"
	"on: true\n"
	"quoted: \"true\"\n"
	"none: ~\n"
	"empty:\n"
	"list:\n"
	"  - a\n"
	"  - b: 1\n"
	"    c: |\n"
	"      two\n"
	"      lines\n"
	"---\n"
	"second: document\n";

static void
tree_has_kinds_lines_and_texts(void **state)
{
	AUTO_YAML struct ynode *y = NULL;
	const struct ynode *list, *c;
	struct err e;

	(void)state;
	y = yaml_parse(str_of(file), "f", &e);
	assert_non_null(y);
	assert_int_equal(y->kind, Y_MAP);
	assert_int_equal(y->len, 6);
	assert_string_equal(yaml_text(y, "name"), "prod");
	assert_int_equal(yaml_get(y, "name")->line, 2);
	list = yaml_get(y, "list");
	assert_int_equal(list->kind, Y_SEQ);
	assert_int_equal(list->len, 2);
	assert_string_equal(list->at[0]->text, "a");
	assert_null(list->at[0]->key);
	c = yaml_get(list->at[1], "c");
	assert_string_equal(c->text, "two\nlines\n");
	assert_true(c->quoted);
	assert_int_equal(c->line, 10);
	assert_null(yaml_get(y, "second"));
}

static void
getters_forgive_absent_and_other_kinds(void **state)
{
	AUTO_YAML struct ynode *y = NULL;
	struct err e;

	(void)state;
	y = yaml_parse(str_of(file), "f", &e);
	assert_non_null(y);
	assert_null(yaml_text(y, "none"));
	assert_null(yaml_text(y, "empty"));
	assert_null(yaml_text(y, "list"));
	assert_null(yaml_text(NULL, "a"));
	assert_null(yaml_get(yaml_get(y, "list"), "a"));
	assert_true(yaml_bool(y, "on", false));
	assert_true(yaml_bool(y, "absent", true));
	assert_false(yaml_bool(y, "quoted", false));
	assert_false(yaml_bool(y, "name", false));
}

static void
empty_texts_give_an_empty_map(void **state)
{
	static const char *const texts[] = { "", "\n", "# only a comment\n", "---\n", "\xef\xbb\xbf" };

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		AUTO_YAML struct ynode *y = NULL;
		struct err e;
		y = yaml_parse(str_of(texts[i]), "f", &e);
		assert_non_null(y);
		assert_int_equal(y->kind, Y_MAP);
		assert_int_equal(y->len, 0);
	}
}

static void
refused_texts_name_file_line_and_cause(void **state)
{
	static const struct { struct str text; const char *msg; } rows[] = {
		{ { "a: 1\nb: 2\na: 3\n", 15 }, "f:3: key 'a' is already in line 1" },
		{ { "a: &x 1\nb: *x\n", 14 }, "f:2: aliases are not supported" },
		{ { "a: !!int 1\n", 11 }, "f:1: tags are not supported" },
		{ { "a: !foo {}\n", 11 }, "f:1: tags are not supported" },
		{ { "\n? [a]\n: b\n", 11 }, "f:2: a key must be a text" },
		{ { "a: \"x\\0y\"\n", 10 }, "f:1: text with a NUL character" },
		{ { "a: b\n c: d\n", 11 }, "f:2: mapping values are not allowed in this context" },
		{ { "a: [1\n", 6 }, "f:2: did not find expected ',' or ']'" },
		{ { "a: \xff\n", 5 }, "f: invalid leading UTF-8 octet at offset 3" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err e = { 0 };
		if (yaml_parse(rows[i].text, "f", &e) != NULL)
			fail_msg("accepted: %s", rows[i].text.p);
		assert_int_equal(e.kind, EK_INVALID);
		assert_string_equal(e.msg, rows[i].msg);
	}
}

static void
depth_and_size_are_limited(void **state)
{
	(void)state;
	for (size_t over = 0; over < 2; over++) {
		AUTO_BUF struct buf b = BUF_INIT(MIB);
		AUTO_YAML struct ynode *y = NULL;
		AUTO_FREE char *big = xmalloc(LIMIT_CONFIG + over);
		struct err e;
		for (size_t i = 0; i < LIMIT_JSON_DEPTH + over; i++)
			buf_putc(&b, '[');
		for (size_t i = 0; i < LIMIT_JSON_DEPTH + over; i++)
			buf_putc(&b, ']');
		y = yaml_parse(buf_str(&b), "f", &e);
		assert_int_equal(y == NULL, over);
		if (y == NULL)
			assert_int_equal(e.kind, EK_INVALID);
		yaml_freep(&y);
		memset(big, '\n', LIMIT_CONFIG + over);
		y = yaml_parse((struct str){ big, LIMIT_CONFIG + over }, "f", &e);
		assert_int_equal(y == NULL, over);
		if (y == NULL)
			assert_int_equal(e.kind, EK_LIMIT);
	}
}

static void
unknown_keys_are_refused_with_a_suggestion(void **state)
{
	static const char *const known[] = { "name", "server", NULL };
	static const struct { const char *text, *msg; } rows[] = {
		{ "name: a\nserver: b\n", NULL },
		{ "", NULL },
		{ "name: a\nsevrer: b\n", "f:2: unknown key 'sevrer' (did you mean 'server'?)" },
		{ "something: b\n", "f:1: unknown key 'something'" },
		{ "- a\n", "f:1: keys and values expected" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_YAML struct ynode *y = NULL;
		struct err e;
		y = yaml_parse(str_of(rows[i].text), "f", &e);
		assert_non_null(y);
		assert_int_equal(yaml_only(y, "f", known, &e), rows[i].msg ? -1 : 0);
		if (rows[i].msg) {
			assert_int_equal(e.kind, EK_INVALID);
			assert_string_equal(e.msg, rows[i].msg);
		}
	}
	struct err e;
	assert_int_equal(yaml_only(NULL, "f", known, &e), 0);
}

static void
json_follows_the_core_schema(void **state)
{
	static const struct { const char *yaml, *json; } rows[] = {
		{ "a: 1\nb: [x, \"1\", '', ~, null, TRUE, false]\nc: {}\n", "{\"a\":1,\"b\":[\"x\",\"1\",\"\",null,null,true,false],\"c\":{}}" },
		{ "- yes\n- no\n- on\n- 12:30:45\n- 1_000\n", "[\"yes\",\"no\",\"on\",\"12:30:45\",\"1_000\"]" },
		{ "[0, -0, +7, 007, -012, 123456789012345678901234567890]", "[0,-0,7,7,-12,123456789012345678901234567890]" },
		{ "[0x1F, 0o17, 0xffffffffffffffff, 0x10000000000000000, 0x, 0o8]",
			"[31,15,18446744073709551615,\"0x10000000000000000\",\"0x\",\"0o8\"]" },
		{ "[1.5, .5, 5., +1.50, -.5e3, 1e5, 1E+5, 0.0, 00.5]", "[1.5,0.5,5,1.50,-0.5e3,1e5,1E+5,0.0,0.5]" },
		{ "[., +, -, e5, 1e, 1e+, .inf, .nan, 1.2.3, \"1.5\", 5.e1]",
			"[\".\",\"+\",\"-\",\"e5\",\"1e\",\"1e+\",\".inf\",\".nan\",\"1.2.3\",\"1.5\",5e1]" },
		{ "a: !!str 5\nb: ! 6\n", "{\"a\":\"5\",\"b\":\"6\"}" },
		{ "a: \"\\u00e9<\\n\"", "{\"a\":\"\xc3\xa9\\u003c\\n\"}" },
		{ "", "{}" },
		{ "{a: {b: [{c: 1}]}}", "{\"a\":{\"b\":[{\"c\":1}]}}" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_YAML struct ynode *y = NULL;
		AUTO_BUF struct buf b = BUF_INIT(MIB);
		struct err e;
		y = yaml_parse(str_of(rows[i].yaml), "f", &e);
		if (y == NULL)
			fail_msg("%s", e.msg);
		assert_int_equal(yaml_to_json(y, &b, &e), 0);
		assert_string_equal(buf_cstr(&b), rows[i].json);
	}
}

static void
json_reports_a_full_buffer(void **state)
{
	AUTO_YAML struct ynode *y = NULL;
	AUTO_BUF struct buf b = BUF_INIT(8);
	struct err e;

	(void)state;
	y = yaml_parse(S("[12345, 67]"), "f", &e);
	assert_non_null(y);
	assert_int_equal(yaml_to_json(y, &b, &e), -1);
	assert_int_equal(e.kind, EK_LIMIT);
	assert_int_equal(b.len, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tree_has_kinds_lines_and_texts),
		cmocka_unit_test(getters_forgive_absent_and_other_kinds),
		cmocka_unit_test(empty_texts_give_an_empty_map),
		cmocka_unit_test(refused_texts_name_file_line_and_cause),
		cmocka_unit_test(depth_and_size_are_limited),
		cmocka_unit_test(unknown_keys_are_refused_with_a_suggestion),
		cmocka_unit_test(json_follows_the_core_schema),
		cmocka_unit_test(json_reports_a_full_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
