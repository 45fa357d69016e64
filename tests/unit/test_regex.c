/* Tests of base/regex: what is found, what is refused, and that no pattern runs for ever. */
#include "base/regex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void
patterns_are_searched_anywhere_in_the_text(void **state)
{
	static const struct { const char *pattern, *text; int want; } rows[] = {
		{ "web", "my-web-1", 1 }, { "^web", "my-web-1", 0 }, { "-[0-9]+$", "my-web-1", 1 }, { "", "x", 1 },
		{ "^$", "", 1 }, { "a|b", "xbx", 1 }, { "WEB", "web", 0 }, { "(?i)WEB", "web", 1 }, { "^(?!kube-)", "kube-dns", 0 },
		{ "^(?!kube-)", "dns", 1 }, { "^.$", "\xc3\xa9", 1 }, { "a", "\xff\xfe" "a", 0 }, { "a.b", "a\nb", 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err e = { 0 };
		AUTO(regex_freep) struct regex *r = regex_new(rows[i].pattern, &e);

		if (r == NULL)
			fail_msg("row %zu: %s", i, e.msg);
		if (regex_search(r, str_of(rows[i].text), &e) != rows[i].want)
			fail_msg("'%s' in '%s'", rows[i].pattern, rows[i].text);
	}
}

static void
only_the_slice_is_looked_at(void **state)
{
	struct err e = { 0 };
	AUTO(regex_freep) struct regex *r = regex_new("b$", &e);

	(void)state;
	assert_non_null(r);
	assert_int_equal(regex_search(r, str_sub(str_of("abc"), 0, 2), &e), 1);
	assert_int_equal(regex_search(r, str_of("abc"), &e), 0);
	assert_int_equal(regex_search(r, (struct str){ 0 }, &e), 0);
}

static void
a_bad_pattern_is_refused_with_its_place(void **state)
{
	static const struct { const char *pattern, *text; } rows[] = {
		{ "(", "pattern '(': missing closing parenthesis at offset 1" }, { "*a", "at offset 0" }, { "[z-a]", "range out of order" },
		{ "\xff", "UTF-8 error" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err e = { 0 };

		assert_null(regex_new(rows[i].pattern, &e));
		assert_int_equal(e.kind, EK_INVALID);
		if (strstr(e.msg, rows[i].text) == NULL)
			fail_msg("row %zu: %s", i, e.msg);
	}
}

static void
a_pattern_that_runs_wild_is_stopped(void **state)
{
	struct err e = { 0 };
	AUTO(regex_freep) struct regex *r = regex_new("^(a+)+$", &e);

	(void)state;
	assert_non_null(r);
	assert_int_equal(regex_search(r, S("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"), &e), -1);
	assert_int_equal(e.kind, EK_LIMIT);
	/* It can still be used. */
	assert_int_equal(regex_search(r, S("aaa"), &e), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patterns_are_searched_anywhere_in_the_text),
		cmocka_unit_test(only_the_slice_is_looked_at),
		cmocka_unit_test(a_bad_pattern_is_refused_with_its_place),
		cmocka_unit_test(a_pattern_that_runs_wild_is_stopped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
