/* Tests of base/text. */
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void
hostile_text_becomes_visible(void **state)
{
	static const struct { struct str in; const char *line, *lines; } rows[] = {
		{ { "plain \xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", 15 }, "plain \xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", NULL },
		{ { "\x1b[31mred", 8 }, "\\x1b[31mred", NULL },
		{ { "a\nb\tc\rd", 7 }, "a\\x0ab\\x09c\\x0dd", "a\nb\\x09c\\x0dd" },
		{ { "nul\0!", 5 }, "nul\\x00!", NULL },
		{ { "\x7f\xc2\x80\xc2\x9f\xc2\xa0", 7 }, "\\x7f\\x80\\x9f\xc2\xa0", NULL },
		{ { "\xff\xc0\xaf", 3 }, "\\xff\\xc0\\xaf", NULL },
		{ { "\xe2\x82", 2 }, "\\xe2\\x82", NULL },
		{ { "\xed\xa0\x80", 3 }, "\\xed\\xa0\\x80", NULL },
		{ { "evil\xe2\x80\xaetxt", 10 }, "evil<U+202E>txt", NULL },
		{ { "a\xe2\x80\x8b" "b\xef\xbb\xbf", 8 }, "a<U+200B>b<U+FEFF>", NULL },
		{ { "\xf3\xa0\x81\x81", 4 }, "<U+E0041>", NULL },
		{ { NULL, 0 }, "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_BUF struct buf one = BUF_INIT(1000);
		AUTO_BUF struct buf many = BUF_INIT(1000);

		text_visible(&one, rows[i].in, false);
		text_visible(&many, rows[i].in, true);
		assert_string_equal(buf_cstr(&one), rows[i].line);
		assert_string_equal(buf_cstr(&many), rows[i].lines ? rows[i].lines : rows[i].line);
	}
}

static void
result_is_always_printable_utf8(void **state)
{
	char in[3];

	(void)state;
	for (unsigned a = 0; a < 256; a++) {
		for (unsigned b = 0; b < 256; b++) {
			AUTO_BUF struct buf out = BUF_INIT(1000);

			in[0] = (char)a;
			in[1] = (char)b;
			in[2] = (char)0xac;
			text_visible(&out, (struct str){ in, 3 }, false);
			assert_true(text_is_utf8(buf_str(&out)));
			for (size_t i = 0; i < out.len; i++)
				assert_true((unsigned char)out.p[i] >= 0x20 && out.p[i] != 0x7f);
		}
	}
}

static void
one_line_is_cut_at_4_kib_without_half_characters(void **state)
{
	static char in[9000];

	(void)state;
	for (size_t i = 0; i + 3 <= sizeof in; i += 3)
		memcpy(in + i, "\xe2\x82\xac", 3);
	for (size_t n = 4089; n <= 4110; n += 3) {
		AUTO_BUF struct buf out = BUF_INIT(10000);
		AUTO_BUF struct buf lines = BUF_INIT(10000);

		text_visible(&out, (struct str){ in, n }, false);
		text_visible(&lines, (struct str){ in, n }, true);
		assert_int_equal(lines.len, n);
		assert_true(text_is_utf8(buf_str(&out)));
		if (n <= 4096)
			assert_int_equal(out.len, n);
		else
			assert_true(out.len <= 4096 && str_ends(buf_str(&out), S("\xe2\x82\xac...")));
	}
}

static void
full_buffer_is_not_passed(void **state)
{
	(void)state;
	for (size_t max = 0; max < 12; max++) {
		AUTO_BUF struct buf out = BUF_INIT(max);

		text_visible(&out, S("ab\x1b\x1b\x1b"), true);
		assert_true(out.len <= max);
		if (max >= 5)
			assert_true(str_starts(buf_str(&out), S("ab")));
		if (max >= 3)
			assert_true(str_ends(buf_str(&out), S("...")));
	}
}

static void
utf8_is_strict(void **state)
{
	static const struct { const char *text; bool ok; } rows[] = {
		{ "", true }, { "abc", true }, { "\xc2\x80", true }, { "\xdf\xbf", true }, { "\xe0\xa0\x80", true },
		{ "\xed\x9f\xbf", true }, { "\xee\x80\x80", true }, { "\xef\xbf\xbf", true }, { "\xf0\x90\x80\x80", true },
		{ "\xf4\x8f\xbf\xbf", true }, { "\x80", false }, { "\xc0\x80", false }, { "\xc1\xbf", false },
		{ "\xe0\x9f\xbf", false }, { "\xed\xa0\x80", false }, { "\xed\xbf\xbf", false },
		{ "\xf0\x8f\xbf\xbf", false }, { "\xf4\x90\x80\x80", false }, { "\xf5\x80\x80\x80", false },
		{ "\xfe", false }, { "\xe2\x82", false }, { "\xe2\x28\xa1", false }, { "a\xc3", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (text_is_utf8(str_of(rows[i].text)) != rows[i].ok)
			fail_msg("row %zu", i);
}

static void
width_counts_cells(void **state)
{
	static const struct { const char *text; size_t cells; } rows[] = {
		{ "", 0 }, { "pods", 4 }, { "\xc3\xa4", 1 }, { "a\xcc\x88", 1 }, { "\xe6\x97\xa5\xe6\x9c\xac", 4 },
		{ "\xef\xbc\xa1", 2 }, { "\xed\x95\x9c", 2 }, { "\xf0\x9f\x98\x80", 2 }, { "\xe2\x94\x80", 1 },
		{ "\xf0\xa0\x80\x80", 2 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(text_width(str_of(rows[i].text)), rows[i].cells);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hostile_text_becomes_visible),
		cmocka_unit_test(result_is_always_printable_utf8),
		cmocka_unit_test(one_line_is_cut_at_4_kib_without_half_characters),
		cmocka_unit_test(full_buffer_is_not_passed),
		cmocka_unit_test(utf8_is_strict),
		cmocka_unit_test(width_counts_cells),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
