/* Checks data/jscan.h but for lists (test_jlist.c) and meaning (test_jequal.c). */
#include "base/limits.h"
#include "base/mem.h"
#include "data/jscan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char *const valid[] = {
	"{}", "[]", " \t\r\n{ } \n", "null", "true", "false", "0", "-0", "-1.5e+10", "1E5", "123456789012345678901234567890",
	"\"\"", "\"a\\\"b\\\\c\\/\\b\\f\\n\\r\\t\\u00e9\\uD83D\\uDE00\"", "\"\\ud800\"", "\"\xc3\xa9\xf0\x9f\x98\x80\x7f\"",
	"{\"a\":1,\"b\":[true,false,null,{\"c\":\"d\"}]}", "[1,2,3]", "[[[[]]]]", "{ \"a\" : [ 1 , { } ] }", "{\"\":\"\"}",
	"{\"a\":1,\"a\":2}",
};

static const char *const invalid[] = {
	"", " ", "{", "}", "[", "]", "{]", "[}", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "[1,]", "[,1]", "[1 2]", "{\"a\" 1}",
	"{\"a\":1 \"b\":2}", "{a:1}", "{1:2}", "01", "-", "+1", ".5", "5.", "1e", "1e+", "0x10", "tru", "nulll", "True", "NaN",
	"\"", "\"a", "\"\\", "\"\\\"", "\"\\x41\"", "\"\\u12\"", "\"\\u12g4\"", "\"a\nb\"", "\"\x01\"", "\"\x1f\"", "\"\xff\"",
	"\"\xc3\"", "\"\xc0\x80\"", "\"\xed\xa0\x80\"", "\"\xf4\x90\x80\x80\"", "{} {}", "1 2", "[1]]", "{\"a\":1}}", "'a'", "[1;2]",
	"{\"\xff\":1}", "nul", "[\"a\",]", "{\"a\":[}", "\\", "{\"a\":\"b}",
};

static void
check_accepts_rfc8259(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(valid); i++) {
		struct err e = { 0 };
		if (json_check(str_of(valid[i]), &e) < 0)
			fail_msg("%s: %s", valid[i], e.msg);
		assert_int_equal(e.kind, EK_NONE);
	}
}

static void
check_refuses_everything_else(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(invalid); i++) {
		struct err e = { 0 };
		if (json_check(str_of(invalid[i]), &e) == 0)
			fail_msg("accepted: %s", invalid[i]);
		assert_int_equal(e.kind, EK_CORRUPT);
	}
}

static void
check_never_reads_behind_a_prefix(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(valid); i++)
		for (size_t n = 0, len = strlen(valid[i]); n < len; n++) {
			/* an exact heap copy, so that a sanitizer sees the first byte too far */
			AUTO_FREE char *copy = xmalloc(n);
			struct str s = { memcpy(copy, valid[i], n), n }, v;
			struct jiter it;
			struct err e;
			if (json_check(s, &e) < 0)
				assert_int_equal(e.kind, EK_CORRUPT);
			if (jiter_obj(&it, s) || jiter_arr(&it, s))
				while (jiter_next(&it, NULL, &v))
					continue;
			assert_false(jget(s, "nothing", &v));
		}
}

static void
check_names_the_offset(void **state)
{
	struct err e;

	(void)state;
	assert_int_equal(json_check(S("{\"a\":1,\"b\":tru}"), &e), -1);
	assert_string_equal(e.msg, "JSON: not a value at offset 11");
	assert_int_equal(json_check(S("{\"a\":1"), &e), -1);
	assert_string_equal(e.msg, "JSON ends early at offset 6");
}

static char *
nested(size_t depth)
{
	char *s = xmalloc(2 * depth + 1);

	memset(s, '[', depth);
	memset(s + depth, ']', depth);
	s[2 * depth] = '\0';
	return s;
}

static void
check_limits_depth(void **state)
{
	AUTO_FREE char *fits = nested(LIMIT_JSON_DEPTH), *deep = nested(LIMIT_JSON_DEPTH + 1);
	struct err e;

	(void)state;
	assert_int_equal(json_check(str_of(fits), &e), 0);
	assert_int_equal(json_check(str_of(deep), &e), -1);
	assert_int_equal(e.kind, EK_CORRUPT);
}

static void
assert_str(struct str s, const char *want)
{
	if (!str_eqz(s, want))
		fail_msg("'" STR_FMT "' is not '%s'", STR_ARG(s), want);
}

static void
iteration_gives_raw_slices(void **state)
{
	static const struct { const char *key, *val; } want[] = {
		{ "a", "1.50" }, { "b\\u0041", "\"x\\n\"" }, { "c", "{ \"d\" : [1, 2] }" }, { "", "[]" }, { "e", "null" },
	};
	struct jiter it;
	struct str key, val;
	size_t n = 0;

	(void)state;
	assert_true(jiter_obj(&it, S(" { \"a\" : 1.50 ,\"b\\u0041\":\"x\\n\", \"c\": { \"d\" : [1, 2] } ,\"\":[],\"e\":null } ")));
	for (; jiter_next(&it, &key, &val); n++) {
		assert_true(n < COUNT(want));
		assert_str(key, want[n].key);
		assert_str(val, want[n].val);
	}
	assert_int_equal(n, COUNT(want));
	assert_false(jiter_next(&it, &key, &val));
}

static void
iteration_refuses_other_types(void **state)
{
	static const char *const texts[] = { "", " ", "1", "\"{}\"", "null" };
	struct jiter it;

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		assert_false(jiter_obj(&it, str_of(texts[i])));
		assert_false(jiter_arr(&it, str_of(texts[i])));
	}
	assert_false(jiter_obj(&it, S("[]")));
	assert_false(jiter_arr(&it, S("{}")));
	assert_false(jiter_obj(&it, (struct str){ NULL, 0 }));
}

static void
get_finds_the_first_member_by_unescaped_key(void **state)
{
	struct str doc = S("{\"x\":{\"a\":0},\"a\":1,\"a\":2,\"t\\u0065xt\":3,\"q\\\"\":4,\"te\":5}"), v = S("before");

	(void)state;
	assert_true(jget(doc, "a", &v));
	assert_str(v, "1");
	assert_true(jget(doc, "text", &v));
	assert_str(v, "3");
	assert_true(jget(doc, "q\"", &v));
	assert_str(v, "4");
	assert_true(jget(doc, "te", &v));
	assert_str(v, "5");
	assert_false(jget(doc, "none", &v));
	assert_false(jget(S("[1]"), "a", &v));
	assert_false(jget(S("{\"\\u0041\":1}"), "\\u0041", &v));
	assert_str(v, "5");
	assert_true(jpath(doc, &v, "x", "a", NULL));
	assert_str(v, "0");
	assert_false(jpath(doc, &v, "x", "b", NULL));
	assert_false(jpath(doc, &v, "a", "b", NULL));
	assert_str(v, "0");
}

/* Strings of every length around the block sizes, with brackets and escaped quotes inside. */
static void
long_values_are_skipped_whole(void **state)
{
	static const char *const fill[] = { "x", "]}", "\\\"", "\\\\", "\\u007b", "{\\n[" };

	(void)state;
	for (size_t f = 0; f < COUNT(fill); f++)
		for (size_t n = 0; n < 140; n++) {
			AUTO_BUF struct buf b = BUF_INIT(64 * KIB);
			struct str v;
			struct err e;
			buf_puts(&b, "{\"first\":{\"deep\":[\"");
			for (size_t i = 0; i < n; i++)
				buf_puts(&b, fill[f]);
			buf_puts(&b, "\"]},\"k\":7}");
			assert_int_equal(json_check(buf_str(&b), &e), 0);
			assert_true(jget(buf_str(&b), "k", &v));
			assert_str(v, "7");
		}
}

static void
type_follows_the_first_byte(void **state)
{
	static const struct { const char *raw; enum jtype t; } rows[] = {
		{ "", J_NONE }, { "null", J_NULL }, { "true", J_BOOL }, { "false", J_BOOL }, { "-1", J_NUM }, { "0", J_NUM },
		{ "\"\"", J_STR }, { "[]", J_ARR }, { "{}", J_OBJ },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(jtype(str_of(rows[i].raw)), rows[i].t);
}

static void
strings_are_decoded(void **state)
{
	static const struct { const char *raw, *text; } rows[] = {
		{ "\"\"", "" },
		{ "\"plain\"", "plain" },
		{ "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t" },
		{ "\"\\u0041\\u00e9\\u20AC\"", "A\xc3\xa9\xe2\x82\xac" },
		{ "\"\\ud83d\\ude00!\"", "\xf0\x9f\x98\x80!" },
		{ "\"\\ud83d\"", "\xef\xbf\xbd" },
		{ "\"\\ude00x\"", "\xef\xbf\xbdx" },
		{ "\"\\ud83dxude00\"", "\xef\xbf\xbdxude00" },
		{ "\"\\ud83d\\u0041\"", "\xef\xbf\xbd" "A" },
		{ "\"\\ud83d\\ud83d\\ude00\"", "\xef\xbf\xbd\xf0\x9f\x98\x80" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_BUF struct buf b = BUF_INIT(100);
		AUTO_FREE char *dup = jstr_dup(str_of(rows[i].raw));
		struct err e;
		assert_int_equal(jstr_decode(str_of(rows[i].raw), &b, &e), 0);
		assert_str(buf_str(&b), rows[i].text);
		assert_string_equal(dup, rows[i].text);
		assert_true(jstr_eq(str_of(rows[i].raw), str_of(rows[i].text)));
		assert_false(jstr_eq(str_of(rows[i].raw), S("other")));
	}
}

static void
decoding_refuses_what_is_no_string(void **state)
{
	static const char *const texts[] = { "", "\"", "1", "null", "{}", "\"a", "\"\\\"", "\"\\q\"", "\"\\u12\"" };

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		AUTO_BUF struct buf b = BUF_INIT(100);
		struct err e;
		buf_puts(&b, "kept");
		assert_int_equal(jstr_decode(str_of(texts[i]), &b, &e), -1);
		assert_int_equal(e.kind, EK_INVALID);
		assert_str(buf_str(&b), "kept");
		assert_null(jstr_dup(str_of(texts[i])));
	}
	assert_null(jstr_dup(S("\"a\\u0000b\"")));
}

static void
decoding_reports_a_full_buffer(void **state)
{
	AUTO_BUF struct buf b = BUF_INIT(5);
	struct err e;

	(void)state;
	assert_int_equal(jstr_decode(S("\"abc\\n\""), &b, &e), 0);
	assert_int_equal(jstr_decode(S("\"a\\n\""), &b, &e), -1);
	assert_int_equal(e.kind, EK_LIMIT);
	assert_str(buf_str(&b), "abc\n");
}

static void
plain_strings_are_slices_of_the_source(void **state)
{
	struct str raw = S("\"abc\""), s = S("before");

	(void)state;
	assert_true(jstr_plain(raw, &s));
	assert_ptr_equal(s.p, raw.p + 1);
	assert_int_equal(s.len, 3);
	assert_false(jstr_plain(S("\"a\\n\""), &s));
	assert_false(jstr_plain(S("12"), &s));
	assert_ptr_equal(s.p, raw.p + 1);
}

static void
scalars_are_read_exactly(void **state)
{
	static const char *const no_int[] = { "", "1.0", "1e3", "9223372036854775808", "\"1\"", "true", "-", "null" };
	int64_t n = 5;
	bool b = false;

	(void)state;
	assert_true(jint(S("-9223372036854775808"), &n));
	assert_true(n == INT64_MIN);
	assert_true(jint(S("9007199254740993"), &n));
	assert_true(n == INT64_C(9007199254740993));
	for (size_t i = 0; i < COUNT(no_int); i++)
		assert_false(jint(str_of(no_int[i]), &n));
	assert_true(n == INT64_C(9007199254740993));
	assert_true(jbool(S("true"), &b) && b);
	assert_true(jbool(S("false"), &b) && !b);
	assert_false(jbool(S("\"true\""), &b));
	assert_false(jbool(S("truely"), &b));
}

static void
split_gives_members_and_those_of_metadata(void **state)
{
	AUTO_JSPLIT struct jsplit s = { 0 };
	struct str val;

	(void)state;
	assert_true(jsplit(&s, S("{ \"kind\":\"Pod\", \"metadata\" : { \"name\":\"x\",\"labels\":{\"a}\":\"1\"} },"
		"\"metadata\":{\"name\":\"y\"},\"spec\":[{}] }")));
	assert_int_equal(s.top.len, 4);
	assert_str(s.top.at[1].key, "metadata");
	assert_str(s.top.at[1].val, "{ \"name\":\"x\",\"labels\":{\"a}\":\"1\"} }");
	assert_str(s.top.at[3].val, "[{}]");
	assert_int_equal(s.meta.len, 2);
	assert_true(jmembers_get(&s.meta, S("labels"), &val));
	assert_str(val, "{\"a}\":\"1\"}");
	assert_false(jmembers_get(&s.meta, S("uid"), &val));

	assert_true(jsplit(&s, S("{\"metadata\":\"text\"}")));
	assert_int_equal(s.top.len, 1);
	assert_int_equal(s.meta.len, 0);
	assert_true(jsplit(&s, S("{\"a\":1,\"metadata\":{\"name\":\"x\"")));        /* ends early, as iteration does */
	assert_int_equal(s.top.len, 1);
	assert_false(jsplit(&s, S("[]")));
	assert_int_equal(s.top.len, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(check_accepts_rfc8259),
		cmocka_unit_test(check_refuses_everything_else),
		cmocka_unit_test(check_never_reads_behind_a_prefix),
		cmocka_unit_test(check_names_the_offset),
		cmocka_unit_test(check_limits_depth),
		cmocka_unit_test(iteration_gives_raw_slices),
		cmocka_unit_test(iteration_refuses_other_types),
		cmocka_unit_test(get_finds_the_first_member_by_unescaped_key),
		cmocka_unit_test(long_values_are_skipped_whole),
		cmocka_unit_test(type_follows_the_first_byte),
		cmocka_unit_test(strings_are_decoded),
		cmocka_unit_test(decoding_refuses_what_is_no_string),
		cmocka_unit_test(decoding_reports_a_full_buffer),
		cmocka_unit_test(plain_strings_are_slices_of_the_source),
		cmocka_unit_test(scalars_are_read_exactly),
		cmocka_unit_test(split_gives_members_and_those_of_metadata),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
