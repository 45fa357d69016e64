/* Checks data/jdoc.h. */
#include "data/jdoc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char doc[] = "{\"a\":{\"b\":\"text\",\"n\":9007199254740992,\"f\":1.5,\"big\":1e300,\"t\":true},"
	"\"list\":[1,2],\"velero.io/x\":{\"y\":1},\"Group\":\"apps\",\"null\":null} and more";

static void
getters_walk_paths(void **state)
{
	AUTO_JDOC cJSON *d = NULL;
	struct err e;

	(void)state;
	d = jdoc_parse(str_of(doc), &e);
	assert_non_null(d);
	assert_string_equal(jdoc_text(d, "a.b"), "text");
	assert_true(jdoc_int(d, "a.n", -1) == INT64_C(9007199254740992));
	assert_true(jdoc_bool(d, "a.t", false));
	assert_int_equal(jdoc_int(d, "velero\\.io/x.y", -1), 1);
	assert_null(jdoc_get(d, "velero.io/x"));
	assert_non_null(jdoc_get(d, "a"));
	assert_null(jdoc_get(d, "group"));
	assert_non_null(jdoc_get_nocase(d, "group"));
	assert_non_null(jdoc_get_nocase(d, "Group"));
	assert_null(jdoc_get_nocase(d, "groups"));
}

static void
other_types_count_as_absent(void **state)
{
	AUTO_JDOC cJSON *d = NULL;
	struct err e;

	(void)state;
	d = jdoc_parse(str_of(doc), &e);
	assert_non_null(d);
	assert_null(jdoc_text(d, "a.n"));
	assert_null(jdoc_text(d, "a.none"));
	assert_null(jdoc_text(d, "a.b.c"));
	assert_null(jdoc_text(d, "list.b"));
	assert_null(jdoc_text(NULL, "a"));
	assert_int_equal(jdoc_int(d, "a.f", -1), -1);
	assert_int_equal(jdoc_int(d, "a.big", -1), -1);
	assert_int_equal(jdoc_int(d, "a.b", -1), -1);
	assert_int_equal(jdoc_int(NULL, "a", -1), -1);
	assert_true(jdoc_bool(d, "null", true));
	assert_null(jdoc_get_nocase(NULL, "a"));
	assert_null(jdoc_get_nocase(jdoc_get(d, "list"), "a"));
}

static void
each_visits_children_and_takes_null(void **state)
{
	AUTO_JDOC cJSON *d = NULL;
	const cJSON *c;
	struct err e;
	double sum = 0;

	(void)state;
	d = jdoc_parse(str_of(doc), &e);
	assert_non_null(d);
	jdoc_each(c, jdoc_get(d, "list"))
		sum += c->valuedouble;
	jdoc_each(c, jdoc_get(d, "none"))
		sum += 100;
	assert_true(sum > 2.5 && sum < 3.5);
}

static void
malformed_text_is_corrupt_with_offset(void **state)
{
	static const struct { const char *text, *msg; } rows[] = {
		{ "", "malformed JSON at offset 0" },
		{ "{\"a\":x}", "malformed JSON at offset 5" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err e = { 0 };
		assert_null(jdoc_parse(str_of(rows[i].text), &e));
		assert_int_equal(e.kind, EK_CORRUPT);
		assert_string_equal(e.msg, rows[i].msg);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(getters_walk_paths),
		cmocka_unit_test(other_types_count_as_absent),
		cmocka_unit_test(each_visits_children_and_takes_null),
		cmocka_unit_test(malformed_text_is_corrupt_with_offset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
