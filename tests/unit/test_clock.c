/* Tests of base/clock and base/cancel. */
#include "base/cancel.h"
#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void
stamps_in_three_forms(void **state)
{
	static const struct { int64_t s; const char *rfc, *compact, *amz; } rows[] = {
		{ 0, "1970-01-01T00:00:00Z", "19700101000000", "19700101T000000Z" },
		{ 1780279200, "2026-06-01T02:00:00Z", "20260601020000", "20260601T020000Z" },
		{ 951827696, "2000-02-29T12:34:56Z", "20000229123456", "20000229T123456Z" },
		{ -1, "1969-12-31T23:59:59Z", "19691231235959", "19691231T235959Z" },
	};
	char out[CLOCK_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		int64_t ns = rows[i].s * NS_PER_S;

		assert_string_equal(clock_rfc3339(out, ns), rows[i].rfc);
		assert_string_equal(clock_compact(out, ns + 999), rows[i].compact);
		assert_string_equal(clock_amz(out, ns + NS_PER_S - 1), rows[i].amz);
	}
	assert_string_equal(clock_rfc3339(out, -1), "1969-12-31T23:59:59Z");
	assert_string_equal(clock_rfc3339(out, INT64_MAX), "2262-04-11T23:47:16Z");
	assert_string_equal(clock_rfc3339(out, INT64_MIN), "1677-09-21T00:12:43Z");
}

static void
local_time_names_offset_and_zone(void **state)
{
	char out[CLOCK_TEXT_MAX];

	(void)state;
	assert_int_equal(setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1), 0);
	tzset();
	assert_string_equal(clock_local(out, 1780279200 * NS_PER_S), "2026-06-01 04:00:00 +0200 CEST");
	assert_int_equal(setenv("TZ", "<A-very-long-name-of-a-time-zone>3", 1), 0);
	tzset();
	assert_string_equal(clock_local(out, 1780279200 * NS_PER_S), "2026-05-31 23:00:00 -0300");
	assert_int_equal(unsetenv("TZ"), 0);
	tzset();
}

static void
rfc3339_is_read_with_fraction_and_offset(void **state)
{
	static const struct { const char *text; int64_t s, ns; } rows[] = {
		{ "1970-01-01T00:00:00Z", 0, 0 },
		{ "2026-06-01T04:00:00+02:00", 1780279200, 0 },
		{ "2026-05-31T21:30:00-04:30", 1780279200, 0 },
		{ "2026-06-01t02:00:00.5z", 1780279200, 500000000 },
		{ "2026-06-01T02:00:00.123456789Z", 1780279200, 123456789 },
		{ "2026-06-01T02:00:00.1234567899999Z", 1780279200, 123456789 },
		{ "2000-02-29T12:34:56Z", 951827696, 0 },
		{ "2016-12-31T23:59:60Z", 1483228800, 0 },
		{ "1969-12-31T23:59:59.25Z", -1, 250000000 },
		{ "1678-01-01T00:00:00Z", -9214560000, 0 },
		{ "2262-01-01T00:00:00Z", 9214646400, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		int64_t v = 0;

		if (!clock_parse_rfc3339(str_of(rows[i].text), &v) || v != rows[i].s * NS_PER_S + rows[i].ns)
			fail_msg("'%s' gave %lld", rows[i].text, (long long)v);
	}
}

static void
what_is_no_time_is_refused(void **state)
{
	static const char *const rows[] = {
		"", "2026-06-01", "2026-06-01T02:00Z", "2026-06-01T02:00:00", "2026-06-01 02:00:00Z",
		"2026-13-01T02:00:00Z", "2026-00-01T02:00:00Z", "2026-02-29T02:00:00Z", "1900-02-29T00:00:00Z",
		"2026-06-31T02:00:00Z", "2026-06-01T24:00:00Z", "2026-06-01T02:60:00Z", "2026-06-01T02:00:61Z",
		"2026-06-01T02:00:00.Z", "2026-06-01T02:00:00+0200", "2026-06-01T02:00:00+24:00",
		"2026-06-01T02:00:00Zx", "0001-01-01T00:00:00Z", "2400-01-01T00:00:00Z", "+026-06-01T02:00:00Z",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		int64_t v = 77;

		if (clock_parse_rfc3339(str_of(rows[i]), &v))
			fail_msg("'%s'", rows[i]);
		assert_int_equal(v, 77);
	}
}

static void
every_day_reads_back(void **state)
{
	char out[CLOCK_TEXT_MAX];

	(void)state;
	for (int64_t day = -106000; day < 106000; day++) {
		int64_t v = 77, ns = (day * 86400 + 86399) * NS_PER_S;

		if (!clock_parse_rfc3339(str_of(clock_rfc3339(out, ns)), &v) || v != ns)
			fail_msg("%s", out);
	}
}

static void
http_dates_in_all_three_forms(void **state)
{
	static const char *const good[] = {
		"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
	};
	static const char *const bad[] = {
		"", "Sun,", "Sun, ", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 CET",
		"Sun, 32 Nov 1994 08:49:37 GMT", "Sun, 06 Nvo 1994 08:49:37 GMT", "1994-11-06T08:49:37Z",
		"Sun Nov 6 08:49:37 1994",
	};
	int64_t v = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		v = 0;
		if (!clock_parse_http(str_of(good[i]), &v) || v != 784111777 * NS_PER_S)
			fail_msg("'%s' gave %lld", good[i], (long long)v);
	}
	for (size_t i = 0; i < COUNT(bad); i++)
		if (clock_parse_http(str_of(bad[i]), &v))
			fail_msg("'%s'", bad[i]);
	assert_true(clock_parse_http(S("Monday, 01-Jun-26 02:00:00 GMT"), &v));
	assert_int_equal(v, 1780279200 * NS_PER_S);
}

static void
sleep_lasts_at_least_its_time(void **state)
{
	int64_t before = clock_mono_ns();

	(void)state;
	clock_sleep_ns(2 * NS_PER_MS);
	assert_true(clock_mono_ns() - before >= 2 * NS_PER_MS);
	clock_sleep_ns(0);
	clock_sleep_ns(-5);
}

static void
cancel_reaches_the_children_only(void **state)
{
	struct cancel root = { 0 };
	struct cancel job = { .up = &root };
	struct cancel other = { .up = &root };
	struct cancel part = { .up = &job };
	struct err e = { 0 };

	(void)state;
	assert_int_equal(cancel_check(NULL, &e), 0);
	assert_int_equal(cancel_check(&part, &e), 0);
	assert_int_equal(e.kind, EK_NONE);
	cancel_fire(&job);
	assert_true(cancel_is_hit(&part));
	assert_true(cancel_is_hit(&job));
	assert_false(cancel_is_hit(&other));
	assert_false(cancel_is_hit(&root));
	assert_int_equal(cancel_check(&part, &e), -1);
	assert_int_equal(e.kind, EK_CANCELED);
}

static void
passed_deadline_is_a_timeout_unless_canceled(void **state)
{
	struct cancel job = { .deadline_mono_ns = 1 };
	struct cancel part = { .up = &job, .deadline_mono_ns = INT64_MAX };
	struct err e = { 0 };

	(void)state;
	assert_int_equal(cancel_check(&part, &e), -1);
	assert_int_equal(e.kind, EK_TIMEOUT);
	job.deadline_mono_ns = INT64_MAX;
	assert_false(cancel_is_hit(&part));
	job.deadline_mono_ns = 1;
	cancel_fire(&job);
	assert_int_equal(cancel_check(&part, &e), -1);
	assert_int_equal(e.kind, EK_CANCELED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stamps_in_three_forms),
		cmocka_unit_test(local_time_names_offset_and_zone),
		cmocka_unit_test(rfc3339_is_read_with_fraction_and_offset),
		cmocka_unit_test(what_is_no_time_is_refused),
		cmocka_unit_test(every_day_reads_back),
		cmocka_unit_test(http_dates_in_all_three_forms),
		cmocka_unit_test(sleep_lasts_at_least_its_time),
		cmocka_unit_test(cancel_reaches_the_children_only),
		cmocka_unit_test(passed_deadline_is_a_timeout_unless_canceled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
