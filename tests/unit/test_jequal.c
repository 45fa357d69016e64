/* Checks jequal and jmerge_diff of data/jscan.h. */
#include "base/limits.h"
#include "base/mem.h"
#include "data/jscan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct { const char *a, *b; bool same; } pairs[] = {
	{ "{\"a\":1,\"b\":2}", " { \"b\" : 2 , \"a\" : 1 } ", true },
	{ "{\"a\":1,\"b\":2}", "{\"a\":1,\"b\":3}", false },
	{ "{\"a\":1}", "{\"a\":1,\"b\":2}", false },
	{ "{\"a\":1}", "{\"b\":1}", false },
	{ "[1,2]", "[2,1]", false },
	{ "[1,2]", "[1]", false },
	{ "[1,2]", "[ 1 ,2 ]", true },
	{ "\"\\u0041b\"", "\"Ab\"", true },
	{ "\"\\u0041b\"", "\"\\u0041\\u0062\"", true },
	{ "\"\\\\n\"", "\"\\n\"", false },
	{ "\"a\"", "\"b\"", false },
	{ "{\"\\u0061\":1}", "{\"a\":1}", true },
	{ "1", "1.0", true },
	{ "0.1", "1e-1", true },
	{ "0.1", "0.2", false },
	{ "0", "-0", true },
	{ "9007199254740993", "9007199254740992", false },
	{ "18446744073709551616", "18446744073709551617", false },
	{ "1", "\"1\"", false },
	{ "true", "false", false },
	{ "{\"a\":null}", "{}", true },
	{ "{\"a\":{}}", "{\"b\":[]}", true },
	{ "{\"a\":{\"b\":null}}", "{}", true },
	{ "{\"a\":[]}", "{\"a\":{}}", true },
	{ "{\"a\":[null]}", "{}", false },
	{ "{\"a\":0}", "{}", false },
	{ "{\"a\":\"\"}", "{}", false },
	{ "{\"a\":false}", "{}", false },
	{ "[null]", "[]", false },
	{ "[{}]", "[null]", true },
	{ "{\"a\":1,\"a\":2}", "{\"a\":1}", true },
};

static void
equality_follows_meaning(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(pairs); i++) {
		struct str a = str_of(pairs[i].a), b = str_of(pairs[i].b);
		if (jequal(a, b) != pairs[i].same || jequal(b, a) != pairs[i].same)
			fail_msg("%s and %s", pairs[i].a, pairs[i].b);
		assert_true(jequal(a, a));
	}
}

static void
big_objects_are_compared_in_any_order(void **state)
{
	enum { N = 50000 };
	AUTO_BUF struct buf up = BUF_INIT(16 * MIB), down = BUF_INIT(16 * MIB);

	(void)state;
	for (int i = 0; i < N; i++) {
		buf_putf(&up, "%s\"key-%d\":{\"v\":%d}", i ? "," : "{", i, i);
		buf_putf(&down, "%s\"key-%d\":{\"v\": %d}", i ? "," : "{", N - 1 - i, N - 1 - i);
	}
	buf_putc(&up, '}');
	buf_putc(&down, '}');
	assert_true(jequal(buf_str(&up), buf_str(&down)));
	down.p[down.len - 3] = '7';
	assert_false(jequal(buf_str(&up), buf_str(&down)));
}

static void
comparison_stops_at_the_depth_limit(void **state)
{
	AUTO_BUF struct buf a = BUF_INIT(16 * MIB), b = BUF_INIT(16 * MIB);

	(void)state;
	for (int i = 0; i < 1000000; i++)
		buf_putc(&a, '[');
	buf_put_str(&b, buf_str(&a));
	buf_putc(&b, ' ');
	buf_putc(&b, '[');
	assert_false(jequal(buf_str(&a), buf_str(&b)));
}

static const struct { const char *a, *b, *patch; } diffs[] = {
	{ "{\"a\":1}", "{\"a\":1.0}", "{}" },
	{ "{\"a\":1}", "{\"a\":2}", "{\"a\":2}" },
	{ "{\"a\":1,\"b\":2}", "{\"b\":2}", "{\"a\":null}" },
	{ "{\"b\":2}", "{\"b\":2,\"a\":[1, 2]}", "{\"a\":[1, 2]}" },
	{ "{\"m\":{\"x\":1,\"y\":2}}", "{\"m\":{\"x\":1,\"y\":3,\"z\":4}}", "{\"m\":{\"y\":3,\"z\":4}}" },
	{ "{\"m\":{\"x\":1}}", "{\"m\":{}}", "{\"m\":{\"x\":null}}" },
	{ "{\"m\":{\"x\":1}}", "{}", "{\"m\":null}" },
	{ "{\"m\":{\"x\":1}}", "{\"m\":[]}", "{\"m\":[]}" },
	{ "{\"m\":[1,2]}", "{\"m\":[1]}", "{\"m\":[1]}" },
	{ "{\"m\":[1]}", "{\"m\":{\"x\":1}}", "{\"m\":{\"x\":1}}" },
	{ "{\"m\":{\"x\":{\"y\":1}},\"k\":1}", "{\"k\":2,\"m\":{\"x\":{\"y\":1}}}", "{\"k\":2}" },
	{ "{\"m\":{}}", "{\"n\":null}", "{}" },
	{ "{}", "{\"a/b\\\"\":\"\\u00e9\"}", "{\"a/b\\\"\":\"\\u00e9\"}" },
	{ "[1]", "[2]", "[2]" },
	{ "[1]", "[ 1]", "{}" },
};

/* RFC 7386, section 2, straight from its pseudo code. */
static void
apply(struct str target, struct str patch, struct buf *out)
{
	struct jiter it;
	struct str key, val, old;
	bool more = false;

	if (!jiter_obj(&it, patch)) {
		buf_put_str(out, patch);
		return;
	}
	buf_putc(out, '{');
	if (jiter_obj(&it, target))
		while (jiter_next(&it, &key, &val)) {
			AUTO_FREE char *k = str_dup(key);
			bool patched = jget(patch, k, &old);
			if (patched && jtype(old) == J_NULL)
				continue;
			buf_putf(out, "%s\"%s\":", more ? "," : "", k);
			more = true;
			if (patched)
				apply(val, old, out);
			else
				buf_put_str(out, val);
		}
	(void)jiter_obj(&it, patch);
	while (jiter_next(&it, &key, &val)) {
		AUTO_FREE char *k = str_dup(key);
		if (jtype(val) == J_NULL || jget(target, k, &old))
			continue;
		buf_putf(out, "%s\"%s\":", more ? "," : "", k);
		more = true;
		apply(S("null"), val, out);
	}
	buf_putc(out, '}');
}

static void
patch_holds_what_differs(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(diffs); i++) {
		AUTO_BUF struct buf out = BUF_INIT(MIB);
		struct err e;
		assert_int_equal(jmerge_diff(str_of(diffs[i].a), str_of(diffs[i].b), &out, &e), 0);
		assert_string_equal(buf_cstr(&out), diffs[i].patch);
	}
}

static void
patch_turns_a_into_b(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(diffs); i++) {
		AUTO_BUF struct buf patch = BUF_INIT(MIB), result = BUF_INIT(MIB);
		struct err e;
		if (diffs[i].a[0] != '{' || strchr(diffs[i].b, '\\'))
			continue;
		assert_int_equal(jmerge_diff(str_of(diffs[i].a), str_of(diffs[i].b), &patch, &e), 0);
		apply(str_of(diffs[i].a), buf_str(&patch), &result);
		if (!jequal(buf_str(&result), str_of(diffs[i].b)))
			fail_msg("%s + %s = %s", diffs[i].a, buf_cstr(&patch), buf_cstr(&result));
	}
}

static void
patch_reports_a_full_buffer(void **state)
{
	struct str b = S("{\"a\":1,\"b\":{\"c\":2}}");

	(void)state;
	for (size_t max = 0; max < b.len; max++) {
		AUTO_BUF struct buf out = BUF_INIT(max);
		struct err e;
		assert_int_equal(jmerge_diff(S("{\"b\":{\"d\":2,\"c\":3}}"), b, &out, &e), -1);
		assert_int_equal(e.kind, EK_LIMIT);
		assert_int_equal(out.len, 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equality_follows_meaning),
		cmocka_unit_test(big_objects_are_compared_in_any_order),
		cmocka_unit_test(comparison_stops_at_the_depth_limit),
		cmocka_unit_test(patch_holds_what_differs),
		cmocka_unit_test(patch_turns_a_into_b),
		cmocka_unit_test(patch_reports_a_full_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
