/* Tests of base/err: messages keep both ends, kinds follow from errno, the kind table is complete. */
#include "base/err.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static bool
ends_with(const char *s, const char *tail)
{
	return strlen(s) >= strlen(tail) && strcmp(s + strlen(s) - strlen(tail), tail) == 0;
}

static void
set_returns_minus_one_and_clears_what_was_there(void **state)
{
	struct err e = { .sys = 5, .http = 503, .retry_after_ns = 7, .reason = "SlowDown" };

	(void)state;
	assert_int_equal(err_set(&e, EK_INVALID, "bad name '%s'", "x y"), -1);
	assert_int_equal(e.kind, EK_INVALID);
	assert_string_equal(e.msg, "bad name 'x y'");
	assert_int_equal(e.sys, 0);
	assert_int_equal(e.http, 0);
	assert_int_equal(e.retry_after_ns, 0);
	assert_string_equal(e.reason, "");
}

static void
context_is_prepended_and_the_rest_kept(void **state)
{
	struct err e = { 0 };

	(void)state;
	(void)err_set(&e, EK_DENIED, "admission webhook denied");
	e.http = 403;
	memcpy(e.reason, "Forbidden", sizeof "Forbidden");
	assert_int_equal(err_ctx(&e, "apply %s/%s", "Deployment", "web"), -1);
	(void)err_ctx(&e, "restore '%s'", "prod-3");
	assert_string_equal(e.msg, "restore 'prod-3': apply Deployment/web: admission webhook denied");
	assert_int_equal(e.kind, EK_DENIED);
	assert_int_equal(e.http, 403);
	assert_string_equal(e.reason, "Forbidden");
}

static void
arguments_may_point_into_the_error(void **state)
{
	struct err e = { 0 };

	(void)state;
	(void)err_set(&e, EK_IO, "inner");
	(void)err_set(&e, EK_CORRUPT, "outer (%s)", e.msg);
	assert_string_equal(e.msg, "outer (inner)");
}

static void
long_chain_keeps_first_context_and_root_cause(void **state)
{
	struct err e = { 0 };
	const char *gap;

	(void)state;
	(void)err_set(&e, EK_IO, "root cause");
	for (int i = 0; i < 40; i++)
		(void)err_ctx(&e, "step %d of a long way down", i);
	(void)err_ctx(&e, "backup 'b1'");
	assert_int_equal(strlen(e.msg), sizeof e.msg - 1);
	assert_memory_equal(e.msg, "backup 'b1': step 39 ", 21);
	assert_true(ends_with(e.msg, ": root cause"));
	gap = strstr(e.msg, "...");
	assert_non_null(gap);
	assert_null(strstr(gap + 3, "..."));
}

static void
long_single_message_keeps_both_ends(void **state)
{
	char filler[5001];
	struct err e = { 0 };

	(void)state;
	memset(filler, 'x', sizeof filler - 1);
	filler[sizeof filler - 1] = '\0';
	(void)err_set(&e, EK_LIMIT, "begin %s end", filler);
	assert_int_equal(strlen(e.msg), sizeof e.msg - 1);
	assert_memory_equal(e.msg, "begin xxx", 9);
	assert_true(ends_with(e.msg, "xxx end"));
	(void)err_sys(&e, ENOSPC, "write '%s'", filler);
	assert_true(ends_with(e.msg, "x': No space left on device"));
}

static void
message_of_exactly_the_size_is_not_cut(void **state)
{
	char exact[sizeof ((struct err *)0)->msg];
	struct err e = { 0 };

	(void)state;
	memset(exact, 'y', sizeof exact - 1);
	exact[sizeof exact - 1] = '\0';
	(void)err_set(&e, EK_IO, "%s", exact);
	assert_string_equal(e.msg, exact);
}

static void
cut_never_splits_a_character(void **state)
{
	(void)state;
	for (size_t shift = 0; shift < 6; shift++) {
		char text[1200];
		struct err e = { 0 };
		const char *gap;

		memset(text, 'a', shift);
		for (size_t i = shift; i + 3 < sizeof text; i += 3)
			memcpy(text + i, "\xe2\x82\xac", 3);
		text[shift + (sizeof text - 1 - shift) / 3 * 3 - 3] = '\0';
		(void)err_set(&e, EK_IO, "%s", text);
		gap = strstr(e.msg, "...");
		assert_non_null(gap);
		assert_int_equal((size_t)(gap - e.msg - (ptrdiff_t)shift) % 3, 0);
		assert_int_equal(strlen(gap + 3) % 3, 0);
	}
}

static void
kind_follows_from_errno(void **state)
{
	static const struct { int sys; enum err_kind kind; } rows[] = {
		{ ENOENT, EK_NOTFOUND }, { EACCES, EK_DENIED }, { EPERM, EK_DENIED }, { EEXIST, EK_EXISTS },
		{ ENOSPC, EK_IO }, { EIO, EK_IO },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err e = { 0 };

		assert_int_equal(err_sys(&e, rows[i].sys, "open '%s'", "f"), -1);
		assert_int_equal(e.kind, rows[i].kind);
		assert_int_equal(e.sys, rows[i].sys);
		assert_memory_equal(e.msg, "open 'f': ", 10);
		assert_true(strlen(e.msg) > 10);
	}
}

static void
only_passing_troubles_are_retried(void **state)
{
	(void)state;
	for (unsigned k = 0; k < EK_COUNT_; k++) {
		const struct err_info *info = err_info((enum err_kind)k);

		assert_true(strlen(info->text) > 0);
		assert_non_null(info->hint);
		assert_int_equal(info->retry, k == EK_THROTTLED || k == EK_UNAVAILABLE || k == EK_TIMEOUT);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(set_returns_minus_one_and_clears_what_was_there),
		cmocka_unit_test(context_is_prepended_and_the_rest_kept),
		cmocka_unit_test(arguments_may_point_into_the_error),
		cmocka_unit_test(long_chain_keeps_first_context_and_root_cause),
		cmocka_unit_test(long_single_message_keeps_both_ends),
		cmocka_unit_test(message_of_exactly_the_size_is_not_cut),
		cmocka_unit_test(cut_never_splits_a_character),
		cmocka_unit_test(kind_follows_from_errno),
		cmocka_unit_test(only_passing_troubles_are_retried),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
