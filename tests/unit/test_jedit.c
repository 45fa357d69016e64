/* Checks data/jedit.h. */
#include "base/limits.h"
#include "data/jedit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Odd blanks, number forms and escapes that must survive. */
static const char doc[] =
	"{ \"kind\":\"Pod\",\n  \"metadata\" : {\"name\":\"w\\u0065b\", \"uid\": \"1-2\" , \"labels\":{\"a\":\"1\",\"b\":\"2\"}},"
	" \"spec\":{\"big\":9007199254740993, \"f\" : 1.50,\"list\":[ 1 , {\"x\":true},\"t\", null ]}, \"status\":{} }";

struct fixture { struct arena arena; struct jnode *root; struct buf out; };

static void
fixture_done(struct fixture *f)
{
	arena_done(&f->arena);
	buf_free(&f->out);
}
#define AUTO_FIXTURE AUTO(fixture_done)
#define FIXTURE_INIT { .arena = ARENA_INIT, .out = BUF_INIT(MIB) }

static struct jnode *
open_text(struct fixture *f, const char *text)
{
	return f->root = jnode_open(&f->arena, str_of(text));
}

static void
assert_written(struct fixture *f, const char *want)
{
	struct err e;

	buf_cut(&f->out, 0);
	assert_int_equal(jnode_write(f->root, &f->out, &e), 0);
	assert_string_equal(buf_cstr(&f->out), want);
	assert_true(str_eqz(jnode_raw(f->root), want));
}

static void
assert_text(struct str s, const char *want)
{
	if (!str_eqz(s, want))
		fail_msg("'" STR_FMT "' is not '%s'", STR_ARG(s), want);
}

static void
open_all(struct jnode *n)
{
	for (struct jnode *c = jnode_first(n); c; c = jnode_next(c))
		open_all(c);
}

static void
reading_changes_no_byte(void **state)
{
	AUTO_FIXTURE struct fixture f = FIXTURE_INIT;

	(void)state;
	open_all(open_text(&f, doc));
	assert_written(&f, doc);
}

static void
members_are_found_and_typed(void **state)
{
	AUTO_FIXTURE struct fixture f = FIXTURE_INIT;
	struct jnode *n = open_text(&f, doc), *list;
	int64_t v = 0;

	(void)state;
	assert_text(jnode_text(jnode_walk(n, "metadata", "name", NULL)), "web");
	assert_true(jnode_is_text(jnode_get(n, "kind"), "Pod"));
	assert_false(jnode_is_text(jnode_get(n, "spec"), ""));
	assert_true(jnode_int(jnode_walk(n, "spec", "big", NULL), &v));
	assert_true(v == INT64_C(9007199254740993));
	assert_false(jnode_int(jnode_walk(n, "spec", "f", NULL), &v));
	assert_int_equal(jnode_count(jnode_get(n, "metadata")), 3);
	list = jnode_walk(n, "spec", "list", NULL);
	assert_int_equal(jnode_type(list), J_ARR);
	assert_int_equal(jnode_count(list), 4);
	assert_true(jnode_true(jnode_get(jnode_next(jnode_first(list)), "x")));
	assert_null(jnode_get(list, "x"));
	assert_null(jnode_walk(n, "spec", "big", "deeper", NULL));
	assert_text(jnode_key(jnode_first(jnode_walk(n, "metadata", "labels", NULL))), "a");
}

static void
null_node_is_absent(void **state)
{
	bool b;
	int64_t v;

	(void)state;
	assert_int_equal(jnode_type(NULL), J_NONE);
	assert_null(jnode_get(NULL, "a"));
	assert_null(jnode_walk(NULL, "a", NULL));
	assert_null(jnode_first(NULL));
	assert_null(jnode_next(NULL));
	assert_int_equal(jnode_count(NULL), 0);
	assert_int_equal(jnode_text(NULL).len, 0);
	assert_int_equal(jnode_raw(NULL).len, 0);
	assert_false(jnode_int(NULL, &v));
	assert_false(jnode_bool(NULL, &b));
	assert_false(jnode_true(NULL));
	assert_false(jnode_del(NULL, "a"));
	assert_null(jnode_set_text(NULL, "a", S("b")));
	assert_null(jnode_set_int(NULL, "a", 1));
	assert_null(jnode_need_obj(NULL, "a"));
	assert_null(jnode_append_raw(NULL, S("1")));
	jnode_remove(NULL);
	jnode_replace_text(NULL, S("x"));
}

static void
change_keeps_bytes_of_everything_beside_it(void **state)
{
	AUTO_FIXTURE struct fixture f = FIXTURE_INIT;

	(void)state;
	open_text(&f, doc);
	assert_true(jnode_del(jnode_get(f.root, "metadata"), "uid"));
	assert_false(jnode_del(jnode_get(f.root, "metadata"), "uid"));
	assert_true(jnode_del(f.root, "status"));
	assert_written(&f, "{\"kind\":\"Pod\",\"metadata\":{\"name\":\"w\\u0065b\",\"labels\":{\"a\":\"1\",\"b\":\"2\"}},"
		"\"spec\":{\"big\":9007199254740993, \"f\" : 1.50,\"list\":[ 1 , {\"x\":true},\"t\", null ]}}");
}

static void
set_keeps_the_place_and_appends_what_is_new(void **state)
{
	AUTO_FIXTURE struct fixture f = FIXTURE_INIT;

	(void)state;
	open_text(&f, "{\"a\":1,\"b\":{\"c\":2},\"d\":3}");
	assert_non_null(jnode_set_text(f.root, "b", S("x\"\n")));
	assert_non_null(jnode_set_raw(f.root, "n\"ew", S(" [1, 2] ")));
	assert_non_null(jnode_set_int(f.root, "a", INT64_MIN));
	assert_non_null(jnode_set_bool(f.root, "t", true));
	assert_written(&f, "{\"a\":-9223372036854775808,\"b\":\"x\\\"\\n\",\"d\":3,\"n\\\"ew\":[1, 2],\"t\":true}");
	assert_text(jnode_text(jnode_get(f.root, "b")), "x\"\n");
	assert_int_equal(jnode_count(jnode_get(f.root, "n\"ew")), 2);
	assert_null(jnode_set_int(jnode_get(f.root, "a"), "k", 1));
}

static void
new_values_can_be_edited(void **state)
{
	AUTO_FIXTURE struct fixture f = FIXTURE_INIT;
	struct jnode *labels;

	(void)state;
	f.root = jnode_new_obj(&f.arena);
	assert_written(&f, "{}");
	labels = jnode_need_obj(jnode_need_obj(f.root, "metadata"), "labels");
	jnode_set_text(labels, "x", S("1"));
	assert_written(&f, "{\"metadata\":{\"labels\":{\"x\":\"1\"}}}");
	jnode_set_text(labels, "y", S("2"));
	jnode_set_raw(f.root, "list", S("[]"));
	jnode_append_raw(jnode_get(f.root, "list"), S("{\"z\":0}"));
	jnode_set_int(jnode_first(jnode_get(f.root, "list")), "z", 1);
	assert_written(&f, "{\"metadata\":{\"labels\":{\"x\":\"1\",\"y\":\"2\"}},\"list\":[{\"z\":1}]}");
}

static void
need_obj_fills_null_and_absent_only(void **state)
{
	AUTO_FIXTURE struct fixture f = FIXTURE_INIT;

	(void)state;
	open_text(&f, "{\"n\":null,\"o\":{ \"k\":1},\"s\":\"x\"}");
	assert_int_equal(jnode_count(jnode_need_obj(f.root, "o")), 1);
	assert_written(&f, "{\"n\":null,\"o\":{ \"k\":1},\"s\":\"x\"}");
	assert_int_equal(jnode_type(jnode_need_obj(f.root, "n")), J_OBJ);
	assert_int_equal(jnode_type(jnode_need_obj(f.root, "s")), J_STR);
	assert_int_equal(jnode_type(jnode_need_obj(f.root, "new")), J_OBJ);
	assert_written(&f, "{\"n\":{},\"o\":{ \"k\":1},\"s\":\"x\",\"new\":{}}");
}

static void
elements_can_be_removed_while_looping(void **state)
{
	AUTO_FIXTURE struct fixture f = FIXTURE_INIT;
	struct jnode *list = open_text(&f, "[1,2,3,4,5]");

	(void)state;
	for (struct jnode *c = jnode_first(list); c; c = jnode_next(c)) {
		int64_t v = 0;
		if (jnode_int(c, &v) && v != 3)
			jnode_remove(c);
	}
	assert_written(&f, "[3]");
	jnode_append_raw(list, S("6"));
	jnode_remove(jnode_first(list));
	assert_written(&f, "[6]");
	jnode_remove(jnode_first(list));
	assert_written(&f, "[]");
	assert_int_equal(jnode_count(list), 0);
}

static void
replaced_text_is_escaped(void **state)
{
	AUTO_FIXTURE struct fixture f = FIXTURE_INIT;
	struct jnode *n = open_text(&f, "{\"a\":[\"x\",{\"y\":1}]}");

	(void)state;
	n = jnode_first(jnode_get(n, "a"));
	jnode_replace_text(n, S("q\"<"));
	jnode_replace_text(jnode_next(n), S("z"));
	assert_written(&f, "{\"a\":[\"q\\\"\\u003c\",\"z\"]}");
	assert_text(jnode_text(n), "q\"<");
}

static void
equal_keys_are_deleted_and_set_together(void **state)
{
	AUTO_FIXTURE struct fixture f = FIXTURE_INIT;

	(void)state;
	open_text(&f, "{\"ns\":\"a\",\"k\":1,\"n\\u0073\":\"b\",\"ns\":\"c\"}");
	jnode_set_text(f.root, "ns", S("mine"));
	assert_written(&f, "{\"ns\":\"mine\",\"k\":1}");
	open_text(&f, "{\"ns\":\"a\",\"k\":1,\"ns\":\"b\"}");
	assert_true(jnode_del(f.root, "ns"));
	assert_written(&f, "{\"k\":1}");
}

static void
malformed_values_stay_as_they_came(void **state)
{
	static const char *const texts[] = { "{\"a\":1 \"b\":2}", "{\"a\" 1}", "{a:1}", "{\"a\":}" };

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		AUTO_FIXTURE struct fixture f = FIXTURE_INIT;
		open_text(&f, texts[i]);
		assert_null(jnode_first(f.root));
		assert_null(jnode_set_int(f.root, "a", 2));
		assert_false(jnode_del(f.root, "a"));
		assert_written(&f, texts[i]);
	}
}

static void
raw_value_follows_later_changes(void **state)
{
	AUTO_FIXTURE struct fixture f = FIXTURE_INIT;
	struct jnode *in = jnode_walk(open_text(&f, "{\"a\":{\"b\":{\"c\":1}}}"), "a", "b", NULL);

	(void)state;
	jnode_set_int(in, "c", 2);
	assert_text(jnode_raw(jnode_get(f.root, "a")), "{\"b\":{\"c\":2}}");
	jnode_set_int(in, "c", 3);
	assert_text(jnode_raw(jnode_get(f.root, "a")), "{\"b\":{\"c\":3}}");
	assert_written(&f, "{\"a\":{\"b\":{\"c\":3}}}");
}

static void
writing_reports_a_full_buffer(void **state)
{
	AUTO_FIXTURE struct fixture f = FIXTURE_INIT;

	(void)state;
	open_text(&f, "{\"a\":{\"b\":[1]},\"c\":2}");
	jnode_append_raw(jnode_walk(f.root, "a", "b", NULL), S("3"));
	for (size_t max = 0; max < strlen("{\"a\":{\"b\":[1,3]},\"c\":2}"); max++) {
		AUTO_BUF struct buf out = BUF_INIT(max);
		struct err e;
		assert_int_equal(jnode_write(f.root, &out, &e), -1);
		assert_int_equal(e.kind, EK_LIMIT);
		assert_int_equal(out.len, 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reading_changes_no_byte),
		cmocka_unit_test(members_are_found_and_typed),
		cmocka_unit_test(null_node_is_absent),
		cmocka_unit_test(change_keeps_bytes_of_everything_beside_it),
		cmocka_unit_test(set_keeps_the_place_and_appends_what_is_new),
		cmocka_unit_test(new_values_can_be_edited),
		cmocka_unit_test(need_obj_fills_null_and_absent_only),
		cmocka_unit_test(elements_can_be_removed_while_looping),
		cmocka_unit_test(replaced_text_is_escaped),
		cmocka_unit_test(equal_keys_are_deleted_and_set_together),
		cmocka_unit_test(malformed_values_stay_as_they_came),
		cmocka_unit_test(raw_value_follows_later_changes),
		cmocka_unit_test(writing_reports_a_full_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
