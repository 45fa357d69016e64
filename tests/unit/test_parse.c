/* Tests of base/parse and base/fmt. */
#include "base/fmt.h"
#include "base/parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void
unsigned_numbers_are_strict_and_bounded(void **state)
{
	static const struct { const char *text; uint64_t max; bool ok; uint64_t value; } rows[] = {
		{ "0", UINT64_MAX, true, 0 }, { "00012", 20, true, 12 }, { "65535", 65535, true, 65535 },
		{ "65536", 65535, false, 0 }, { "18446744073709551615", UINT64_MAX, true, UINT64_MAX },
		{ "18446744073709551616", UINT64_MAX, false, 0 }, { "99999999999999999999", UINT64_MAX, false, 0 },
		{ "5", 4, false, 0 }, { "0", 0, true, 0 }, { "1", 0, false, 0 }, { "", 9, false, 0 },
		{ "+1", 9, false, 0 }, { "-1", 9, false, 0 }, { " 1", 9, false, 0 }, { "1 ", 9, false, 0 },
		{ "0x1", 99, false, 0 }, { "1.0", 99, false, 0 }, { "\xff", 99, false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t v = 77;

		if (parse_u64(str_of(rows[i].text), rows[i].max, &v) != rows[i].ok)
			fail_msg("'%s'", rows[i].text);
		assert_true(v == (rows[i].ok ? rows[i].value : 77));
	}
}

static void
signed_numbers_reach_both_ends(void **state)
{
	static const struct { const char *text; bool ok; int64_t value; } rows[] = {
		{ "0", true, 0 }, { "-0", true, 0 }, { "-1", true, -1 },
		{ "9223372036854775807", true, INT64_MAX }, { "9223372036854775808", false, 0 },
		{ "-9223372036854775808", true, INT64_MIN }, { "-9223372036854775809", false, 0 },
		{ "-", false, 0 }, { "--1", false, 0 }, { "+1", false, 0 }, { "", false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		int64_t v = 77;

		if (parse_i64(str_of(rows[i].text), &v) != rows[i].ok)
			fail_msg("'%s'", rows[i].text);
		assert_true(v == (rows[i].ok ? rows[i].value : 77));
	}
}

static void
booleans_are_go_s(void **state)
{
	static const char *const yes[] = { "1", "t", "T", "true", "TRUE", "True" };
	static const char *const no[] = { "0", "f", "F", "false", "FALSE", "False" };
	static const char *const neither[] = { "", "yes", "tRUE", "true ", "2" };
	bool v = false;

	(void)state;
	for (size_t i = 0; i < COUNT(yes); i++)
		assert_true(parse_bool(str_of(yes[i]), &v) && v);
	for (size_t i = 0; i < COUNT(no); i++)
		assert_true(parse_bool(str_of(no[i]), &v) && !v);
	for (size_t i = 0; i < COUNT(neither); i++)
		assert_false(parse_bool(str_of(neither[i]), &v));
}

#define S_(n)   INT64_C(n) * 1000000000
static void
durations_are_go_s(void **state)
{
	static const struct { const char *text; bool ok; int64_t ns; } rows[] = {
		{ "0", true, 0 }, { "-0", true, 0 }, { "720h0m0s", true, S_(720) * 3600 }, { "1.5h", true, S_(5400) },
		{ "-1m", true, -S_(60) }, { "+5s", true, S_(5) }, { "1h2m3s4ms5us6ns", true, S_(3723) + 4005006 },
		{ "10m0s", true, S_(600) }, { ".5s", true, 500000000 }, { "5.s", true, S_(5) },
		{ "3\xc2\xb5s", true, 3000 }, { "3\xce\xbcs", true, 3000 }, { "1.0000000001s", true, S_(1) },
		{ "0.9223372036854775807h", true, INT64_C(3320413933267) },
		{ "2562047h47m16.854775807s", true, INT64_MAX }, { "2562048h", false, 0 },
		{ "9223372036854775807ns", true, INT64_MAX }, { "9223372036854775808ns", false, 0 },
		{ "2562047h47m16.854775808s", false, 0 }, { "", false, 0 }, { "-", false, 0 }, { "3", false, 0 },
		{ "s", false, 0 }, { ".s", false, 0 }, { "1d", false, 0 }, { "1 h", false, 0 }, { "1h ", false, 0 },
		{ "--1h", false, 0 }, { "1h-2m", false, 0 }, { "1H", false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		int64_t v = 77;

		if (parse_duration(str_of(rows[i].text), &v) != rows[i].ok)
			fail_msg("'%s'", rows[i].text);
		if (v != (rows[i].ok ? rows[i].ns : 77))
			fail_msg("'%s' gave %lld", rows[i].text, (long long)v);
	}
}

static void
sizes_for_people(void **state)
{
	static const struct { uint64_t n; const char *text; } rows[] = {
		{ 0, "0 B" }, { 512, "512 B" }, { 1023, "1023 B" }, { 1024, "1.0 KiB" }, { 1536, "1.5 KiB" },
		{ 1468006, "1.4 MiB" }, { 1048575, "1.0 MiB" }, { UINT64_C(1) << 40, "1.0 TiB" },
		{ UINT64_MAX, "16.0 EiB" },
	};
	char out[FMT_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_string_equal(fmt_size(out, rows[i].n), rows[i].text);
}

static void
counts_in_groups_of_three(void **state)
{
	char out[FMT_MAX];

	(void)state;
	assert_string_equal(fmt_count(out, 0), "0");
	assert_string_equal(fmt_count(out, 999), "999");
	assert_string_equal(fmt_count(out, 12345), "12 345");
	assert_string_equal(fmt_count(out, 1000000), "1 000 000");
	assert_string_equal(fmt_count(out, UINT64_MAX), "18 446 744 073 709 551 615");
}

static void
durations_for_people(void **state)
{
	static const struct { int64_t ns; const char *text; } rows[] = {
		{ 0, "0ms" }, { 850000000, "850ms" }, { 4250000000, "4.2s" }, { 59990000000, "59.9s" },
		{ S_(187), "3m07s" }, { S_(7500), "2h05m" }, { S_(172799), "47h59m" }, { S_(172800), "2d" },
		{ S_(1036800), "12d" }, { -4200000000, "-4.2s" }, { INT64_MIN, "-106751d" },
	};
	char out[FMT_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_string_equal(fmt_duration(out, rows[i].ns), rows[i].text);
}

static void
go_durations_parse_back(void **state)
{
	static const struct { int64_t ns; const char *text; } rows[] = {
		{ 0, "0s" }, { S_(59), "59s" }, { S_(600), "10m0s" }, { S_(90), "1m30s" },
		{ S_(2592000), "720h0m0s" }, { S_(3600), "1h0m0s" }, { S_(14400), "4h0m0s" }, { -S_(60), "-1m0s" },
	};
	char out[FMT_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		int64_t back = 77;

		assert_string_equal(fmt_go_duration(out, rows[i].ns), rows[i].text);
		assert_true(parse_duration(str_of(out), &back));
		assert_int_equal(back, rows[i].ns);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unsigned_numbers_are_strict_and_bounded),
		cmocka_unit_test(signed_numbers_reach_both_ends),
		cmocka_unit_test(booleans_are_go_s),
		cmocka_unit_test(durations_are_go_s),
		cmocka_unit_test(sizes_for_people),
		cmocka_unit_test(counts_in_groups_of_three),
		cmocka_unit_test(durations_for_people),
		cmocka_unit_test(go_durations_parse_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
