/* Tests of k8s/selector. */
#include "k8s/selector.h"

#include "base/limits.h"
#include "base/mem.h"
#include "data/jwrite.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct selector *
parse(const char *text)
{
	struct err e = { 0 };
	struct selector *s = selector_parse(text, &e);

	if (!s)
		fail_msg("'%s': %s", text, e.msg);
	return s;
}

static char *
json_of(const struct selector *s)
{
	AUTO_BUF struct buf out = BUF_INIT(MIB);
	struct err e = { 0 };
	struct jw w;

	jw_init(&w, &out, false);
	selector_json(s, &w);
	assert_int_equal(jw_done(&w, &e), 0);
	return xstrdup(buf_cstr(&out));
}

static void
matches_as_kubernetes_does(void **state)
{
	static const struct {
		const char *selector, *labels;
		bool        match;
	} cases[] = {
		{ "", "{\"a\":\"b\"}", true },
		{ "", "", true },
		{ "  ", "", true },
		{ "a=b", "{\"a\":\"b\"}", true },
		{ "a==b", "{\"x\":\"y\",\"a\":\"b\"}", true },
		{ "a=b", "{\"a\":\"c\"}", false },
		{ "a=b", "{\"A\":\"b\"}", false },
		{ "a=b", "{}", false },
		{ "a=b", "", false },
		{ "a=", "{\"a\":\"\"}", true },
		{ "a=", "{\"a\":\"b\"}", false },
		{ "a!=b", "{\"a\":\"c\"}", true },
		{ "a!=b", "{\"a\":\"b\"}", false },
		{ "a!=b", "{\"c\":\"b\"}", true },
		{ "a!=b", "", true },
		{ "a in (b,c)", "{\"a\":\"c\"}", true },
		{ "a in (b,c)", "{\"a\":\"d\"}", false },
		{ "a in (b,c)", "{}", false },
		{ "a in (b,,c)", "{\"a\":\"\"}", true },
		{ "a in ()", "{\"a\":\"\"}", true },
		{ "a notin (b,c)", "{\"a\":\"d\"}", true },
		{ "a notin (b,c)", "{\"a\":\"b\"}", false },
		{ "a notin (b,c)", "{}", true },
		{ "a notin (b,c)", "", true },
		{ "a", "{\"a\":\"\"}", true },
		{ "a", "{\"b\":\"a\"}", false },
		{ "!a", "{\"b\":\"a\"}", true },
		{ "!a", "{\"a\":\"\"}", false },
		{ "a=b,c", "{\"a\":\"b\",\"c\":\"d\"}", true },
		{ "a=b,c", "{\"a\":\"b\"}", false },
		{ "a=b,a=c", "{\"a\":\"b\"}", false },
		{ "app.kubernetes.io/name=web", "{\"app.kubernetes.io/name\":\"web\"}", true },
		{ "app.kubernetes.io/name=web", "{\"app.kubernetes.io\\/name\":\"w\\u0065b\"}", true },
		{ "a=b", "null", false },
		{ "!a", "null", true },
		{ "in in (in,notin)", "{\"in\":\"notin\"}", true },
		{ "notin", "{\"notin\":\"x\"}", true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		AUTO(selector_freep) struct selector *s = parse(cases[i].selector);

		if (selector_match(s, str_of(cases[i].labels)) != cases[i].match)
			fail_msg("'%s' on '%s'", cases[i].selector, cases[i].labels);
	}
	assert_true(selector_match(NULL, S("{\"a\":\"b\"}")));
}

static void
text_is_kubectls_syntax(void **state)
{
	static const struct { const char *in, *text; } cases[] = {
		{ "", "" },
		{ "a=b", "a=b" },
		{ " a == b , c != d ", "a=b,c!=d" },
		{ "e in (f, g),h notin(i)", "e in (f,g),h notin (i)" },
		{ "\tj ,\n!k", "j,!k" },
		{ "! k", "!k" },
		{ "a=,b", "a=,b" },
		{ "a in ()", "a in ()" },
		{ "x/y in (1,,2)", "x/y in (1,,2)" },
		{ "a in(b)", "a in (b)" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		AUTO(selector_freep) struct selector *s = parse(cases[i].in), *again = NULL;

		assert_string_equal(selector_text(s), cases[i].text);
		again = parse(selector_text(s));
		assert_string_equal(selector_text(again), cases[i].text);
	}
}

#define TEXT_63 "a23456789012345678901234567890123456789012345678901234567890123"

static void
bad_text_is_refused_with_what_and_where(void **state)
{
	static const struct { const char *in, *message; } cases[] = {
		{ "a=b,", "a label key after ','" },
		{ "a=b,,c", "at character 5, found ',c'" },
		{ ",a", "expected a label key at character 1" },
		{ "a b", "expected '=', '!=', 'in', 'notin' or ','" },
		{ "a in b", "expected '('" },
		{ "a in (b", "')' is missing at the end" },
		{ "a in (b c)", "',' or ')'" },
		{ "a=b c", "expected ',' at character 5" },
		{ "a=b=c", "expected ',' at character 4" },
		{ "!a=b", "expected ',' at character 3, found '=b'" },
		{ "!", "a label key is missing at the end" },
		{ "a>1", "'>' at character 2" },
		{ "a<1", "'<' at character 2" },
		{ "-a=b", "'-a' is not a label key" },
		{ "a-=b", "'a-' is not a label key" },
		{ "a*=b", "'a*' is not a label key" },
		{ "/a=b", "label key '/a'" },
		{ "x/=b", "'x/' is not a label key" },
		{ "Example.com/a", "lower-case DNS name" },
		{ "ex..com/a", "lower-case DNS name" },
		{ "a/b/c", "'a/b/c' is not a label key" },
		{ "a=b/c", "'b/c' is not a label value" },
		{ "a in (b,.c)", "'.c' is not a label value" },
		{ "a=" TEXT_63 "4", "is not a label value" },
		{ TEXT_63 "4", "is not a label key" },
		{ "a=\xc3\xa4", "is not a label value" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct err e = { 0 };

		assert_null(selector_parse(cases[i].in, &e));
		assert_int_equal(e.kind, EK_INVALID);
		if (!strstr(e.msg, cases[i].message) || !strstr(e.msg, "label selector '"))
			fail_msg("'%s' says: %s", cases[i].in, e.msg);
	}
}

static void
lengths_are_checked_at_the_limit(void **state)
{
	(void)state;
	selector_free(parse("a=" TEXT_63));
	selector_free(parse(TEXT_63));
	selector_free(parse("example.com/" TEXT_63 "=" TEXT_63));
}

static void
text_and_object_convert_into_each_other(void **state)
{
	static const struct { const char *text, *json, *back; } cases[] = {
		{ "", "{}", "" },
		{ "a=b,c=d", "{\"matchLabels\":{\"a\":\"b\",\"c\":\"d\"}}", "a=b,c=d" },
		{ "e in (f,g)", "{\"matchExpressions\":[{\"key\":\"e\",\"operator\":\"In\",\"values\":[\"f\",\"g\"]}]}",
			"e in (f,g)" },
		{ "c!=d,!k,j", "{\"matchExpressions\":[{\"key\":\"c\",\"operator\":\"NotIn\",\"values\":[\"d\"]},"
			"{\"key\":\"k\",\"operator\":\"DoesNotExist\"},{\"key\":\"j\",\"operator\":\"Exists\"}]}",
			"c notin (d),!k,j" },
		{ "a=b,a=c", "{\"matchLabels\":{\"a\":\"b\"},\"matchExpressions\":[{\"key\":\"a\","
			"\"operator\":\"In\",\"values\":[\"c\"]}]}", "a=b,a in (c)" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		AUTO(selector_freep) struct selector *s = parse(cases[i].text), *back = NULL;
		AUTO_FREE char *json = json_of(s);
		struct err e = { 0 };

		assert_string_equal(json, cases[i].json);
		back = selector_from_json(str_of(json), &e);
		assert_non_null(back);
		assert_string_equal(selector_text(back), cases[i].back);
	}
}

static void
absent_parts_of_the_object_match_all(void **state)
{
	static const char *const objects[] = { "{}", "{\"matchLabels\":null,\"matchExpressions\":null}",
		"{\"matchLabels\":{},\"matchExpressions\":[]}", "{\"other\":1}" };

	(void)state;
	for (size_t i = 0; i < COUNT(objects); i++) {
		struct err e = { 0 };
		AUTO(selector_freep) struct selector *s = selector_from_json(str_of(objects[i]), &e);

		assert_non_null(s);
		assert_string_equal(selector_text(s), "");
		assert_true(selector_match(s, S("{\"a\":\"b\"}")));
	}
}

static void
bad_objects_are_refused(void **state)
{
	static const struct { const char *in, *message; enum err_kind kind; } cases[] = {
		{ "[]", "must be an object", EK_INVALID },
		{ "{", "label selector", EK_CORRUPT },
		{ "", "label selector", EK_CORRUPT },
		{ "{\"matchLabels\":[]}", "matchLabels must be an object", EK_INVALID },
		{ "{\"matchLabels\":{\"a\":1}}", "must be a string", EK_INVALID },
		{ "{\"matchLabels\":{\"a b\":\"c\"}}", "'a b' is not a label key", EK_INVALID },
		{ "{\"matchLabels\":{\"a\":\"b c\"}}", "'b c' is not a label value", EK_INVALID },
		{ "{\"matchExpressions\":{}}", "must be an array", EK_INVALID },
		{ "{\"matchExpressions\":[1]}", "needs a key", EK_INVALID },
		{ "{\"matchExpressions\":[{\"operator\":\"In\"}]}", "needs a key", EK_INVALID },
		{ "{\"matchExpressions\":[{\"key\":\"a\"}]}", "operator must be In", EK_INVALID },
		{ "{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"Gt\",\"values\":[\"1\"]}]}",
			"operator must be In", EK_INVALID },
		{ "{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"In\"}]}", "In needs values", EK_INVALID },
		{ "{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"NotIn\",\"values\":[]}]}",
			"NotIn needs values", EK_INVALID },
		{ "{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"In\",\"values\":\"b\"}]}",
			"values must be an array", EK_INVALID },
		{ "{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"Exists\",\"values\":[\"b\"]}]}",
			"Exists takes no values", EK_INVALID },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct err e = { 0 };

		assert_null(selector_from_json(str_of(cases[i].in), &e));
		if (e.kind != cases[i].kind || !strstr(e.msg, cases[i].message))
			fail_msg("'%s' says: %s", cases[i].in, e.msg);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(matches_as_kubernetes_does),
		cmocka_unit_test(text_is_kubectls_syntax),
		cmocka_unit_test(bad_text_is_refused_with_what_and_where),
		cmocka_unit_test(lengths_are_checked_at_the_limit),
		cmocka_unit_test(text_and_object_convert_into_each_other),
		cmocka_unit_test(absent_parts_of_the_object_match_all),
		cmocka_unit_test(bad_objects_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
