/* Checks data/jwrite.h. */
#include "base/limits.h"
#include "data/jscan.h"
#include "data/jwrite.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void
sample(struct jw *w)
{
	jw_obj(w);
	jw_kv_text(w, "name", "prod");
	jw_kv_text(w, "none", NULL);
	jw_kv_int(w, "min", INT64_MIN);
	jw_kv_uint(w, "max", UINT64_MAX);
	jw_kv_bool(w, "on", true);
	jw_key(w, "empty");
	jw_obj(w);
	jw_obj_end(w);
	jw_key(w, "list");
	jw_arr(w);
	jw_text(w, "a");
	jw_arr(w);
	jw_arr_end(w);
	jw_raw(w, S("{\"x\": 1}"));
	jw_null(w);
	jw_arr_end(w);
	jw_key_str(w, S("k\"ey"));
	jw_str(w, S("v"));
	jw_obj_end(w);
}

static void
compact_and_pretty_forms(void **state)
{
	static const char *const want[] = {
		"{\"name\":\"prod\",\"none\":null,\"min\":-9223372036854775808,\"max\":18446744073709551615,\"on\":true,"
		"\"empty\":{},\"list\":[\"a\",[],{\"x\": 1},null],\"k\\\"ey\":\"v\"}",
		"{\n  \"name\": \"prod\",\n  \"none\": null,\n  \"min\": -9223372036854775808,\n  \"max\": 18446744073709551615,\n"
		"  \"on\": true,\n  \"empty\": {},\n  \"list\": [\n    \"a\",\n    [],\n    {\"x\": 1},\n    null\n  ],\n"
		"  \"k\\\"ey\": \"v\"\n}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(want); i++) {
		AUTO_BUF struct buf b = BUF_INIT(MIB);
		struct jw w;
		struct err e;
		jw_init(&w, &b, i == 1);
		sample(&w);
		assert_int_equal(jw_done(&w, &e), 0);
		assert_string_equal(buf_cstr(&b), want[i]);
		assert_int_equal(json_check(buf_str(&b), &e), 0);
	}
}

static void
strings_are_escaped_as_go_does(void **state)
{
	static const struct { struct str text; const char *json; } rows[] = {
		{ { NULL, 0 }, "\"\"" },
		{ { "plain", 5 }, "\"plain\"" },
		{ { "\"\\/\n\r\t", 6 }, "\"\\\"\\\\/\\n\\r\\t\"" },
		{ { "\0\x01\x1f\x7f", 4 }, "\"\\u0000\\u0001\\u001f\x7f\"" },
		{ { "<a>&b", 5 }, "\"\\u003ca\\u003e\\u0026b\"" },
		{ { "\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xaa", 9 }, "\"\\u2028\\u2029\xe2\x80\xaa\"" },
		{ { "\xc3\xa9\xf0\x9f\x98\x80", 6 }, "\"\xc3\xa9\xf0\x9f\x98\x80\"" },
		{ { "\xff" "a\xc3", 3 }, "\"\\ufffda\\ufffd\"" },
		{ { "\xed\xa0\x80", 3 }, "\"\\ufffd\\ufffd\\ufffd\"" },
		{ { "\xc0\x80\xf4\x90\x80\x80", 6 }, "\"\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\"" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_BUF struct buf b = BUF_INIT(100);
		struct err e;
		assert_int_equal(jw_quote(&b, rows[i].text, &e), 0);
		assert_string_equal(buf_cstr(&b), rows[i].json);
	}
}

static void
quoting_every_character_reads_back(void **state)
{
	(void)state;
	for (unsigned c = 0; c < 0x80; c++) {
		AUTO_BUF struct buf b = BUF_INIT(100), back = BUF_INIT(100);
		char ch = (char)c;
		struct err e;
		assert_int_equal(jw_quote(&b, (struct str){ &ch, 1 }, &e), 0);
		assert_int_equal(json_check(buf_str(&b), &e), 0);
		assert_int_equal(jstr_decode(buf_str(&b), &back, &e), 0);
		assert_int_equal(back.len, 1);
		assert_int_equal(back.p[0], ch);
	}
}

static void
full_buffer_is_reported_once_at_the_end(void **state)
{
	AUTO_BUF struct buf all = BUF_INIT(MIB);
	struct jw w;
	struct err e;

	(void)state;
	jw_init(&w, &all, true);
	sample(&w);
	for (size_t max = 0; max < all.len; max++) {
		AUTO_BUF struct buf b = BUF_INIT(max);
		jw_init(&w, &b, true);
		sample(&w);
		assert_int_equal(jw_done(&w, &e), -1);
		assert_int_equal(e.kind, EK_LIMIT);
		assert_true(b.len <= max);
	}
}

static void
quote_leaves_a_full_buffer_unchanged(void **state)
{
	AUTO_BUF struct buf b = BUF_INIT(10);
	struct err e;

	(void)state;
	buf_puts(&b, "12345");
	assert_int_equal(jw_quote(&b, S("abcd"), &e), -1);
	assert_int_equal(e.kind, EK_LIMIT);
	assert_string_equal(buf_cstr(&b), "12345");
	assert_int_equal(jw_quote(&b, S("abc"), &e), 0);
	assert_string_equal(buf_cstr(&b), "12345\"abc\"");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compact_and_pretty_forms),
		cmocka_unit_test(strings_are_escaped_as_go_does),
		cmocka_unit_test(quoting_every_character_reads_back),
		cmocka_unit_test(full_buffer_is_reported_once_at_the_end),
		cmocka_unit_test(quote_leaves_a_full_buffer_unchanged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
