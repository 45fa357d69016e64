/* Quantities: against values that Kubernetes' own parser gives. */
#include "k8s/quantity.h"

#include "base/attr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define GI (INT64_C(1024) * 1024 * 1024)

static void
quantities_are_thousandths(void **state)
{
	static const struct { const char *text; int64_t milli; } rows[] = {
		{ "0", 0 }, { "1", 1000 }, { "12", 12000 }, { "0.5", 500 }, { ".5", 500 }, { "5.", 5000 }, { "1.5", 1500 },
		{ "500m", 500 }, { "1500m", 1500 }, { "0.0001", 1 }, { "1n", 1 }, { "1u", 1 }, { "1001u", 2 },
		{ "1k", 1000000 }, { "2M", INT64_C(2000000000) }, { "1G", INT64_C(1000000000000) },
		{ "1Ki", 1024000 }, { "1.5Ki", 1536000 }, { "10Gi", 10 * GI * 1000 }, { "0.1Gi", 107374182400 },
		{ "1e3", 1000000 }, { "1E3", 1000000 }, { "1e-1", 100 }, { "12e-1", 1200 }, { "1e+2", 100000 },
		{ "-1", -1000 }, { "+1", 1000 }, { "1E", INT64_MAX }, { "1Ei", INT64_MAX }, { "4Pi", INT64_C(4503599627370496) * 1000 },
		{ "9e99", INT64_MAX }, { "0e99", 0 }, { "1e-99", 1 }, { "123456789012345678901234567890", INT64_MAX },
		{ "1.000000000000000000000001", 1001 }, { "3.00000000000000000000", 3000 }, { "0000000000000000000001", 1000 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		int64_t v = -42;

		if (!quantity_parse(str_of(rows[i].text), &v) || v != rows[i].milli)
			fail_msg("%s: %lld instead of %lld", rows[i].text, (long long)v, (long long)rows[i].milli);
	}
}

static void
anything_else_is_refused(void **state)
{
	static const char *const rows[] = { "", "-", "Gi", "1 Gi", "1gi", "1KiB", "1.2.3", "0x1", "1e", "1ee3", "1e3m", "e3", "1e1000",
		"--1", ".", "." };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		int64_t v = -42;

		if (quantity_parse(str_of(rows[i]), &v) || v != -42)
			fail_msg("'%s' is taken for a quantity", rows[i]);
	}
}

static void
sums_and_texts(void **state)
{
	static const struct { int64_t milli; bool binary; const char *text; } rows[] = {
		{ 0, false, "0" }, { 1500, false, "1500m" }, { 3000, false, "3" }, { 2048000, false, "2048" },
		{ 2048000, true, "2Ki" }, { 3 * GI * 500, true, "1536Mi" }, { 10 * GI * 1000, true, "10Gi" },
	};
	char out[QUANTITY_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_string_equal(quantity_text(out, rows[i].milli, rows[i].binary), rows[i].text);
	assert_int_equal(quantity_add(1, 2), 3);
	assert_true(quantity_add(INT64_MAX, 1) == INT64_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quantities_are_thousandths),
		cmocka_unit_test(anything_else_is_refused),
		cmocka_unit_test(sums_and_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
