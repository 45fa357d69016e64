/* Tests of ui/theme: files, what is wrong with them, and colors of poorer terminals. */
#include "ui/theme.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void
test_mono_tells_states_apart(void **state)
{
	struct theme t;

	(void)state;
	theme_mono(&t);
	assert_int_equal(t.roles[ROLE_ROW_CURSOR].attr, ATTR_REVERSE);
	assert_int_not_equal(t.roles[ROLE_STATE_FAILED].attr, t.roles[ROLE_STATE_OK].attr);
	for (size_t i = 0; i < ROLE_COUNT_; i++)
		assert_int_equal(t.roles[i].fg.c256, COLOR_DEFAULT);
}

static void
test_read(void **state)
{
	struct theme t;
	struct err e;

	(void)state;
	theme_mono(&t);
	assert_int_equal(theme_parse(str_of("name: night\n"
		"colors:\n  blue: {true: \"#6cb6ff\", c256: 75, c16: bright-blue}\n  ink: \"#10141c\"\n"
		"roles:\n  state.ok: {fg: blue}\n  text: {fg: default, bg: ink}\n  title: {fg: 9, attr: [bold, underline]}\n"),
		&t, &e), 0);
	assert_string_equal(t.name, "night");
	assert_int_equal(t.roles[ROLE_STATE_OK].fg.rgb, 0x6cb6ff);
	assert_int_equal(t.roles[ROLE_STATE_OK].fg.c256, 75);
	assert_int_equal(t.roles[ROLE_STATE_OK].fg.c16, 12);
	assert_int_equal(t.roles[ROLE_TEXT].fg.c8, COLOR_DEFAULT);
	assert_int_equal(t.roles[ROLE_TEXT].bg.c8, 0);
	assert_int_equal(t.roles[ROLE_TITLE].fg.c16, 9);
	assert_int_equal(t.roles[ROLE_TITLE].attr, ATTR_BOLD | ATTR_UNDERLINE);
	assert_int_equal(t.roles[ROLE_ROW_CURSOR].attr, ATTR_REVERSE);   /* not named: as it was */
}

static void
test_refused(void **state)
{
	static const struct { const char *yaml, *why; } rows[] = {
		{ "roles: {}\n", "a theme has a name" },
		{ "name: x\nroles:\n  state.okk: {fg: blue}\n", "line 3: unknown role 'state.okk' (did you mean 'state.ok'?)" },
		{ "name: x\nroles:\n  text: {fg: blau}\n", "line 3: not a color: 'blau'" },
		{ "name: x\nroles:\n  text: {fg: \"#12345\"}\n", "not a color" },
		{ "name: x\nroles:\n  text: {fg: 256}\n", "not a color" },
		{ "name: x\nroles:\n  text: {attr: [blink]}\n", "not an attribute: 'blink'" },
		{ "name: x\nroles:\n  text: red\n", "a role is a map" },
		{ "name: x\nroles:\n  text: {foreground: red}\n", "unknown key" },
		{ "name: x\nrols: {}\n", "unknown key" },
		{ "name: [\n", "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct theme t, before;
		struct err e;

		theme_mono(&t);
		before = t;
		assert_int_equal(theme_parse(str_of(rows[i].yaml), &t, &e), -1);
		assert_non_null(strstr(e.msg, rows[i].why));
		assert_memory_equal(&t, &before, sizeof t);
	}
}

static void
test_nearest(void **state)
{
	(void)state;
	assert_int_equal(theme_nearest(0xff0000, DEPTH_16), 9);
	assert_int_equal(theme_nearest(0x000000, DEPTH_8), 0);
	assert_int_equal(theme_nearest(0xffffff, DEPTH_256), 231);
	assert_int_equal(theme_nearest(0x5f87af, DEPTH_256), 67);
	assert_int_equal(theme_nearest(0x080808, DEPTH_256), 232);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mono_tells_states_apart),
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_nearest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
