/* Tests of themes/: every file is read, names every role, and can be read by people (ui.md 7). */
#include "ui/theme.h"

#include "base/file.h"
#include "base/mem.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct { const char *name; double contrast; } themes[] = {
	{ "terminal", 0 }, { "midnight", 4.5 }, { "paper", 4.5 }, { "contrast", 7 },
};

/* WCAG 2.1, relative luminance. */
static double
luminance(int32_t rgb)
{
	static const double weights[] = { 0.2126, 0.7152, 0.0722 };
	double sum = 0;

	for (int i = 0; i < 3; i++) {
		double c = (rgb >> (16 - 8 * i) & 0xff) / 255.0;

		sum += weights[i] * (c <= 0.03928 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4));
	}
	return sum;
}

static double
ratio(const struct style *s)
{
	double a = luminance(s->fg.rgb), b = luminance(s->bg.rgb);

	return ((a > b ? a : b) + 0.05) / ((a < b ? a : b) + 0.05);
}

static void
test_themes(void **state)
{
	const char *src = getenv("srcdir") != NULL ? getenv("srcdir") : ".";

	(void)state;
	for (size_t i = 0; i < sizeof themes / sizeof themes[0]; i++) {
		AUTO_BUF struct buf text = BUF_INIT(1 << 16);
		AUTO_FREE char *path = xasprintf("%s/themes/%s.yaml", src, themes[i].name);
		struct theme t;
		struct err e;

		assert_int_equal(file_read(path, &text, &e), 0);
		theme_mono(&t);
		if (theme_parse(buf_str(&text), &t, &e) < 0)
			fail_msg("%s: %s", path, e.msg);
		assert_string_equal(t.name, themes[i].name);
		for (size_t r = 0; r < ROLE_COUNT_; r++) {
			AUTO_FREE char *line = xasprintf("\n  %s: {", role_text((enum role)r));

			if (strstr(buf_cstr(&text), line) == NULL)
				fail_msg("%s does not name %s", path, role_text((enum role)r));
			if (themes[i].contrast > 0 && ratio(&t.roles[r]) < themes[i].contrast)
				fail_msg("%s: contrast of %s is %.2f", path, role_text((enum role)r), ratio(&t.roles[r]));
		}
		/* What is told apart without colors stays so. */
		assert_int_equal(t.roles[ROLE_ROW_CURSOR].attr & ATTR_REVERSE, ATTR_REVERSE);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_themes) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
