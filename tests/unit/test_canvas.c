/* Tests of ui/canvas: what becomes of text from outside, cutting, wide characters, ASCII. */
#include "ui/canvas.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void
check_drawn(bool ascii, int width, const char *text, const char *want, int used)
{
	struct canvas v = { .ascii = ascii };
	AUTO_BUF struct buf out = BUF_INIT(SIZE_MAX);
	struct area a;

	canvas_resize(&v, 1, 40);
	a = canvas_all(&v);
	assert_int_equal(area_text(a, 0, 0, width, ROLE_TEXT, str_of(text)), used);
	canvas_dump(&v, &out);
	assert_int_equal(out.p[out.len - 1], '\n');
	buf_cut(&out, out.len - 1);
	assert_string_equal(buf_cstr(&out), want);
	canvas_done(&v);
}

static void
test_text(void **state)
{
	static const struct { bool ascii; int width; const char *text, *want; int used; } rows[] = {
		{ false, -1, "plain", "plain", 5 },
		{ false, 4, "plain", "pla\xe2\x80\xa6", 4 },
		{ true, 4, "plain", "pl..", 4 },
		{ false, 5, "plain", "plain", 5 },
		{ false, 1, "plain", "p", 1 },
		{ false, -1, "a\x1b[31mb", "a\\x1b[31mb", 10 },
		{ false, -1, "a\tb\r\n", "a\\x09b\\x0d\\x0a", 14 },
		{ false, -1, "\xff", "\\xff", 4 },
		{ false, -1, "x\xe2\x80\xaey", "x<U+202E>y", 10 },
		{ false, -1, "e\xcc\x81g", "e\xcc\x81g", 2 },                          /* a combining accent */
		{ true, -1, "e\xcc\x81g", "eg", 2 },
		{ false, -1, "\xe4\xbd\xa0\xe5\xa5\xbd!", "\xe4\xbd\xa0\xe5\xa5\xbd!", 5 },      /* two cells each */
		{ true, -1, "\xe4\xbd\xa0\xe5\xa5\xbd!", "?" "?!", 3 },
		{ false, 4, "\xe4\xbd\xa0\xe5\xa5\xbd!", "\xe4\xbd\xa0\xe2\x80\xa6", 3 },         /* never half of one */
		{ false, -1, "", "", 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check_drawn(rows[i].ascii, rows[i].width, rows[i].text, rows[i].want, rows[i].used);
}

static void
test_escapes_are_reversed(void **state)
{
	struct canvas v = { .ascii = false };

	(void)state;
	canvas_resize(&v, 1, 10);
	(void)area_text(canvas_all(&v), 0, 0, -1, ROLE_TEXT, str_of("a\x1b"));
	assert_int_equal(v.at[0].attr, 0);
	assert_int_equal(v.at[1].attr, ATTR_REVERSE);
	canvas_done(&v);
}

static void
test_overwriting_half_of_a_wide_character(void **state)
{
	struct canvas v = { .ascii = false };
	AUTO_BUF struct buf out = BUF_INIT(SIZE_MAX);

	(void)state;
	canvas_resize(&v, 1, 10);
	(void)area_text(canvas_all(&v), 0, 0, -1, ROLE_TEXT, str_of("\xe4\xbd\xa0\xe5\xa5\xbd"));
	(void)area_text(canvas_all(&v), 0, 1, -1, ROLE_TEXT, str_of("xy"));
	canvas_dump(&v, &out);
	assert_string_equal(buf_cstr(&out), " xy\n");
	canvas_done(&v);
}

static void
test_areas_clip(void **state)
{
	struct canvas v = { .ascii = true };
	AUTO_BUF struct buf out = BUF_INIT(SIZE_MAX);
	struct area part;

	(void)state;
	canvas_resize(&v, 3, 10);
	part = area_part(canvas_all(&v), 1, 2, 5, 4);
	assert_int_equal(part.rows, 2);
	area_rule(part, 0, ROLE_RULE);
	(void)area_text(part, 1, 0, -1, ROLE_TEXT, str_of("too long"));
	(void)area_text(part, 7, 0, -1, ROLE_TEXT, str_of("outside"));
	(void)area_right(part, 0, 0, 4, ROLE_TEXT, str_of("12"));
	canvas_dump(&v, &out);
	assert_string_equal(buf_cstr(&out), "\n  --12\n  to..\n");
	canvas_done(&v);
}

static void
test_bar(void **state)
{
	struct canvas v = { .ascii = true };
	AUTO_BUF struct buf out = BUF_INIT(SIZE_MAX);

	(void)state;
	canvas_resize(&v, 4, 12);
	area_bar(canvas_all(&v), 0, 0, 10, 0, 0);
	area_bar(canvas_all(&v), 1, 0, 10, 1, 2);
	area_bar(canvas_all(&v), 2, 0, 10, UINT64_MAX / 2, UINT64_MAX);
	area_bar(canvas_all(&v), 3, 0, 10, 9, 3);
	canvas_dump(&v, &out);
	assert_string_equal(buf_cstr(&out), "..........\n#####.....\n#####.....\n##########\n");
	canvas_done(&v);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_escapes_are_reversed),
		cmocka_unit_test(test_overwriting_half_of_a_wide_character),
		cmocka_unit_test(test_areas_clip),
		cmocka_unit_test(test_bar),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
