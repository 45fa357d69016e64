/* Tests of ui/keys: names, the table of actions, the user's bindings. */
#include "ui/keys.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void
test_names(void **state)
{
	static const char *const names[] = { "j", "G", "Ctrl-D", "Alt-Left", "F10", "Space", "Enter", "/", "Ctrl-Alt-X", "S-Tab" };
	static const char *const wrong[] = { "", "Ctrl-", "jj", "F13", "ctrl-d", "\x01", "\xc3\xa4" };

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		AUTO_BUF struct buf out = BUF_INIT(64);
		keycode k;

		assert_true(key_parse(str_of(names[i]), &k));
		keycode_name(k, &out);
		assert_string_equal(buf_cstr(&out), names[i]);
	}
	for (size_t i = 0; i < COUNT(wrong); i++) {
		keycode k;

		assert_false(key_parse(str_of(wrong[i]), &k));
	}
}

/* Each action has a text and a key, and no key means two things in one place. */
static void
test_table(void **state)
{
	struct keymap *m = keymap_new();
	AUTO_BUF struct buf out = BUF_INIT(1 << 16);

	(void)state;
	for (size_t i = 0; i < actions_len; i++) {
		assert_true(actions[i].id[0] != '\0' && actions[i].text[0] != '\0' && actions[i].mask != 0);
		assert_non_null(actions[i].keys[0]);
		assert_int_equal(action_find(actions[i].id), (int)i);
	}
	keymap_conflicts(m, &out);
	assert_string_equal(buf_cstr(&out), "");
	keymap_free(m);
}

static void
check_load(const char *yaml, const char *why)
{
	struct keymap *m = keymap_new();
	struct err e;
	keycode k;

	assert_int_equal(keymap_load(m, str_of(yaml), &e), why != NULL ? -1 : 0);
	if (why != NULL)
		assert_non_null(strstr(e.msg, why));
	/* What was refused has changed nothing. */
	assert_true(key_parse(str_of("j"), &k));
	if (why != NULL)
		assert_int_equal(keymap_find(m, "backups", IN_LIST, k), action_find("down"));
	keymap_free(m);
}

static void
test_refused(void **state)
{
	(void)state;
	check_load("down: Ctrl-K\n", "cannot be bound");
	check_load("dwon: x\n", "unknown action 'dwon'");
	check_load("down: notakey\n", "line 1: 'notakey' is not a key");
	check_load("up: k\ndown: [a, b, c, d, e]\n", "line 2: at most 4");
	check_load("down: {a: b}\n", "takes a key");
	check_load("- down\n", "map of actions");
}

static void
test_bound(void **state)
{
	struct keymap *m = keymap_new();
	struct err e;
	keycode n, j;

	(void)state;
	assert_true(key_parse(str_of("e"), &n));
	assert_true(key_parse(str_of("j"), &j));
	assert_int_equal(keymap_find(m, "backups", IN_LIST, n), -1);
	assert_int_equal(keymap_load(m, str_of("down: [e, Down]\nup: null\n"), &e), 0);
	assert_int_equal(keymap_find(m, "backups", IN_LIST, n), action_find("down"));
	assert_int_equal(keymap_find(m, "backups", IN_LIST, j), -1);
	assert_int_equal(keymap_find(m, "backups", IN_FORM, n), -1);
	keymap_free(m);
}

static void
test_conflicts_are_told(void **state)
{
	struct keymap *m = keymap_new();
	AUTO_BUF struct buf out = BUF_INIT(1 << 16);
	struct err e;

	(void)state;
	assert_int_equal(keymap_load(m, str_of("up: j\n"), &e), 0);
	keymap_conflicts(m, &out);
	assert_string_equal(buf_cstr(&out), "j: down and up\n");
	keymap_free(m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_bound),
		cmocka_unit_test(test_conflicts_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
