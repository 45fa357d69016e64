/* Tests of base/str and base/glob. */
#include "base/glob.h"
#include "base/mem.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void
comparison_is_by_bytes_and_length(void **state)
{
	static const struct { const char *a, *b; int order; } rows[] = {
		{ "", "", 0 }, { "a", "a", 0 }, { "a", "b", -1 }, { "ab", "a", 1 }, { "", "a", -1 },
		{ "Z", "a", -1 }, { "\xc3", "a", 1 },
	};
	struct str none = { NULL, 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		int r = str_cmp(str_of(rows[i].a), str_of(rows[i].b));

		assert_int_equal((r > 0) - (r < 0), rows[i].order);
		assert_int_equal(str_eq(str_of(rows[i].a), str_of(rows[i].b)), rows[i].order == 0);
	}
	assert_true(str_eq(none, S("")));
	assert_true(str_eq(str_of(NULL), none));
	assert_int_equal(str_cmp(none, S("")), 0);
	assert_false(str_eq((struct str){ "a\0b", 3 }, (struct str){ "a\0c", 3 }));
}

static void
starts_and_ends(void **state)
{
	(void)state;
	assert_true(str_starts(S("backups/b1"), S("backups/")));
	assert_true(str_starts(S("x"), S("")));
	assert_false(str_starts(S("back"), S("backups")));
	assert_true(str_ends(S("a.json.gz"), S(".gz")));
	assert_false(str_ends(S("gz"), S(".gz")));
	assert_true(str_ends((struct str){ NULL, 0 }, S("")));
}

static void
trim_and_sub_are_clamped(void **state)
{
	(void)state;
	assert_true(str_eqz(str_trim(S(" \t\r\na b\n")), "a b"));
	assert_true(str_eqz(str_trim(S("   ")), ""));
	assert_true(str_eqz(str_sub(S("abc"), 1, 2), "b"));
	assert_true(str_eqz(str_sub(S("abc"), 2, 99), "c"));
	assert_true(str_eqz(str_sub(S("abc"), 99, 100), ""));
	assert_true(str_eqz(str_sub(S("abc"), 2, 1), ""));
}

static void
char_positions(void **state)
{
	(void)state;
	assert_int_equal(str_chr(S("a/b/c"), '/'), 1);
	assert_int_equal(str_rchr(S("a/b/c"), '/'), 3);
	assert_int_equal(str_chr(S("abc"), '/'), 3);
	assert_int_equal(str_rchr(S("abc"), '/'), 3);
	assert_int_equal(str_chr((struct str){ NULL, 0 }, '/'), 0);
}

static void
split_gives_every_piece_once(void **state)
{
	static const struct { const char *text; const char *pieces[4]; } rows[] = {
		{ "a,b,c", { "a", "b", "c" } },
		{ "a,", { "a", "" } },
		{ ",", { "", "" } },
		{ "", { "" } },
		{ "one", { "one" } },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct str rest = str_of(rows[i].text), piece;
		size_t n = 0;

		while (str_split(&rest, ',', &piece)) {
			assert_non_null(rows[i].pieces[n]);
			assert_true(str_eqz(piece, rows[i].pieces[n]));
			n++;
		}
		assert_null(rows[i].pieces[n]);
	}
}

static void
dup_ends_with_nul(void **state)
{
	AUTO_FREE char *a = str_dup(str_sub(S("abcdef"), 0, 3));
	AUTO_FREE char *b = str_dup((struct str){ NULL, 0 });

	(void)state;
	assert_string_equal(a, "abc");
	assert_string_equal(b, "");
}

static void
distance_counts_edits_up_to_three(void **state)
{
	static const struct { const char *a, *b; unsigned d; } rows[] = {
		{ "", "", 0 }, { "restore", "restore", 0 }, { "restore", "restroe", 1 }, { "backup", "bakcup", 1 },
		{ "namespace", "namspace", 1 }, { "kitten", "sitting", 3 }, { "", "abc", 3 }, { "", "abcd", 4 },
		{ "create", "delete", 4 }, { "abcd", "wxyz", 4 }, { "list", "location", 4 }, { "ab", "ba", 1 },
		{ "include-namespaces", "inclde-namespacs", 2 }, { "abcdefgh", "xabcdefg", 2 },
		{ "abcde", "xxabcde", 2 }, { "aaaaaaaaaaaaaaaaaaaaaaaab", "baaaaaaaaaaaaaaaaaaaaaaaa", 2 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(str_distance(str_of(rows[i].a), str_of(rows[i].b)), rows[i].d);
		assert_int_equal(str_distance(str_of(rows[i].b), str_of(rows[i].a)), rows[i].d);
	}
}

static void
glob_matches_the_whole_text(void **state)
{
	static const struct { const char *pattern, *text; bool match; } rows[] = {
		{ "", "", true }, { "", "a", false }, { "*", "", true }, { "*", "kube-system", true },
		{ "kube-*", "kube-system", true }, { "kube-*", "kube-", true }, { "kube-*", "xkube-a", false },
		{ "*-prod", "shop-prod", true }, { "*-prod", "shop-prod2", false }, { "a*b*c", "axxbyyc", true },
		{ "a*b*c", "axxbyy", false }, { "a*ab", "aaab", true }, { "?", "", false }, { "?", "a", true },
		{ "team-?", "team-12", false }, { "[abc]x", "bx", true }, { "[abc]x", "dx", false },
		{ "[a-c]", "b", true }, { "[a-c]", "-", false }, { "[a-]", "-", true }, { "[!a]", "b", true },
		{ "[!a]", "a", false }, { "[!a]", "", false }, { "ns-[0-9][0-9]", "ns-42", true },
		{ "[ab", "[ab", true }, { "[]", "[]", true }, { "*[0-9]", "a1b2", true }, { "a?c*", "abc", true },
		{ "plain", "plain", true }, { "plain", "plainer", false }, { "**", "x", true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (glob_match(str_of(rows[i].pattern), str_of(rows[i].text)) != rows[i].match)
			fail_msg("'%s' on '%s'", rows[i].pattern, rows[i].text);
}

static void
glob_stays_fast_on_hostile_patterns(void **state)
{
	char text[20001], pattern[128] = "";
	size_t n = 0;

	(void)state;
	memset(text, 'a', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	while (n < 100) {
		pattern[n++] = 'a';
		pattern[n++] = '*';
	}
	memcpy(pattern + n, "b", 2);
	/* Exponential backtracking would not end within the life of this machine. */
	assert_false(glob_match(str_of(pattern), str_of(text)));
}

static void
glob_magic(void **state)
{
	(void)state;
	assert_true(glob_has_magic(S("a*")));
	assert_true(glob_has_magic(S("?")));
	assert_true(glob_has_magic(S("[a]")));
	assert_false(glob_has_magic(S("kube-system")));
	assert_false(glob_has_magic(S("")));
}

static void
glob_check_refuses_what_velero_refuses(void **state)
{
	static const struct { const char *pattern; bool ok; const char *names; } rows[] = {
		{ "*", true, NULL }, { "team-?", true, NULL }, { "[abc]-x", true, NULL }, { "[[]", true, NULL },
		{ "a**", false, "'**'" }, { "a|b", false, "'|'" }, { "(a)", false, "'('" }, { "[!a]", false, "'!'" },
		{ "{a,b}", false, "'{'" }, { "a,b", false, "','" }, { "[]", false, "']'" }, { "[ab", false, "']'" },
		{ "ok[a]-[", false, "']'" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err e = { 0 };
		int rc = glob_check(str_of(rows[i].pattern), &e);

		assert_int_equal(rc, rows[i].ok ? 0 : -1);
		assert_int_equal(e.kind, rows[i].ok ? EK_NONE : EK_INVALID);
		if (!rows[i].ok) {
			assert_non_null(strstr(e.msg, rows[i].pattern));
			assert_non_null(strstr(e.msg, rows[i].names));
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comparison_is_by_bytes_and_length),
		cmocka_unit_test(starts_and_ends),
		cmocka_unit_test(trim_and_sub_are_clamped),
		cmocka_unit_test(char_positions),
		cmocka_unit_test(split_gives_every_piece_once),
		cmocka_unit_test(dup_ends_with_nul),
		cmocka_unit_test(distance_counts_edits_up_to_three),
		cmocka_unit_test(glob_matches_the_whole_text),
		cmocka_unit_test(glob_stays_fast_on_hostile_patterns),
		cmocka_unit_test(glob_magic),
		cmocka_unit_test(glob_check_refuses_what_velero_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
