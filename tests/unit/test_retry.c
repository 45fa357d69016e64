/* Waiting times before further attempts. */
#include "net/retry.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void
delay_doubles_is_spread_and_ends_below_fifteen_seconds(void **state)
{
	static const struct { unsigned nth; int64_t span_ms; } rows[] = {
		{ 0, 200 }, { 1, 400 }, { 2, 800 }, { 5, 6400 }, { 6, 12800 }, { 7, 15000 }, { 1000, 15000 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		int64_t span = rows[i].span_ms * NS_PER_MS;

		assert_int_equal(retry_delay_ns(rows[i].nth, 0, 0), 0);
		assert_int_equal(retry_delay_ns(rows[i].nth, 0, (uint64_t)span - 1), span - 1);
		assert_int_equal(retry_delay_ns(rows[i].nth, 0, (uint64_t)span), 0);
	}
}

static void
server_hint_is_respected_up_to_a_minute(void **state)
{
	(void)state;
	assert_int_equal(retry_delay_ns(0, 3 * NS_PER_S, 0), 3 * NS_PER_S);
	assert_int_equal(retry_delay_ns(0, 3 * NS_PER_S, 7), 3 * NS_PER_S + 7);
	assert_int_equal(retry_delay_ns(0, 3600 * NS_PER_S, 0), 60 * NS_PER_S);
}

static void
retry_after_is_seconds_or_a_date(void **state)
{
	static const struct { const char *text; bool ok; int64_t want_ns; } rows[] = {
		{ "0", true, 0 }, { "120", true, 120 * NS_PER_S },
		{ "Sun, 06 Nov 1994 08:49:37 GMT", true, 37 * NS_PER_S },
		{ "Sun, 06 Nov 1994 08:48:00 GMT", true, 0 },
		{ "", false, 0 }, { "-1", false, 0 }, { "1.5", false, 0 }, { "soon", false, 0 },
		{ "99999999999999999999", false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		int64_t got = -1;

		assert_int_equal(retry_after_parse(str_of(rows[i].text), INT64_C(784111740) * NS_PER_S, &got), rows[i].ok);
		assert_int_equal(got, rows[i].ok ? rows[i].want_ns : -1);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(delay_doubles_is_spread_and_ends_below_fifteen_seconds),
		cmocka_unit_test(server_hint_is_respected_up_to_a_minute),
		cmocka_unit_test(retry_after_is_seconds_or_a_date),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
