/* AWS's shared files: what counts as a profile, a value, a comment, a mistake. */
#include "aws/profile.h"

#include "base/file.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char dir[] = "/tmp/orlop-profile-XXXXXX";

static char *
write_file(const char *name, const char *text)
{
	char *path = file_join(dir, name);
	struct err e = { 0 };

	assert_int_equal(file_replace(path, text, strlen(text), 0600, &e), 0);
	return path;
}

static void
values_are_found_as_awss_tools_find_them(void **state)
{
	/* file: the text of one file for both; or credentials and config */
	static const struct {
		const char *both, *credentials, *config, *profile;
		enum profile_key key;
		const char *value;       /* NULL: no such profile */
	} rows[] = {
		{ "[default]\naws_access_key_id=A\n", NULL, NULL, "default", PROFILE_ACCESS_KEY, "A" },
		{ "[a]\r\nregion = eu-west-1\r\n", NULL, NULL, "a", PROFILE_REGION, "eu-west-1" },
		{ "\xEF\xBB\xBF[a]\nregion=r\n", NULL, NULL, "a", PROFILE_REGION, "r" },
		{ "[profile a]\nregion=r\n", NULL, NULL, "a", PROFILE_REGION, "r" },
		{ "[profile \"a b\"]\nregion=r\n", NULL, NULL, "a b", PROFILE_REGION, "r" },
		{ "[ a ]\nREGION=r\n", NULL, NULL, "a", PROFILE_REGION, "r" },
		{ "[a]\nregion=old\nregion=new\n", NULL, NULL, "a", PROFILE_REGION, "new" },
		{ "[a]\nregion=r # home\n", NULL, NULL, "a", PROFILE_REGION, "r" },
		{ "[a]\nregion=r#1\n", NULL, NULL, "a", PROFILE_REGION, "r#1" },
		{ "[a] ; first\n# x\n; y\nregion=r\n", NULL, NULL, "a", PROFILE_REGION, "r" },
		{ "[a]\ncredential_process = x 'a # b'\n", NULL, NULL, "a", PROFILE_PROCESS, "x 'a # b'" },
		{ "[a]\naws_secret_access_key = a/b+c==\n", NULL, NULL, "a", PROFILE_SECRET_KEY, "a/b+c==" },
		{ "[a]\ns3 =\n  region = nested\nregion = r\n", NULL, NULL, "a", PROFILE_REGION, "r" },
		{ "[a]\nregion = r\n  goes on\n", NULL, NULL, "a", PROFILE_REGION, "r" },
		{ "[a]\n  role_arn = x\n  region = r\n", NULL, NULL, "a", PROFILE_REGION, "r" },
		{ "[a]\n[b]\nregion=r\n", NULL, NULL, "a", PROFILE_REGION, "" },
		{ "[sso-session a]\nregion=r\n", NULL, NULL, "a", PROFILE_REGION, NULL },
		{ "[ab]\nregion=r\n", NULL, NULL, "a", PROFILE_REGION, NULL },
		{ "", NULL, NULL, "default", PROFILE_REGION, NULL },
		{ "[a]\nregion=r\n", NULL, NULL, "", PROFILE_REGION, NULL },
		{ NULL, "[a]\nregion=1\n", "[profile a]\nregion=2\n", "a", PROFILE_REGION, "1" },
		{ NULL, "[a]\naws_access_key_id=1\n", "[profile a]\nregion=2\n", "a", PROFILE_REGION, "2" },
		{ NULL, "[a]\naws_access_key_id=1\n", "[profile a]\nregion=2\n", "a", PROFILE_ACCESS_KEY, "1" },
		{ NULL, "", "[a]\nregion=2\n", "a", PROFILE_REGION, NULL },
		{ NULL, "", "[default]\nregion=2\n", "default", PROFILE_REGION, "2" },
		{ NULL, NULL, "[profile a]\nregion=2\n", "a", PROFILE_REGION, "2" },
		{ NULL, "[a]\nregion=1\n", NULL, "a", PROFILE_REGION, "1" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(profiles_done) struct profiles p;
		AUTO_FREE char *one = rows[i].both ? write_file("both", rows[i].both) : NULL;
		AUTO_FREE char *credentials = rows[i].credentials ? write_file("c", rows[i].credentials) : NULL;
		AUTO_FREE char *config = rows[i].config ? write_file("f", rows[i].config) : NULL;
		struct profile found = { 0 };
		struct err e = { 0 };

		assert_int_equal(setenv("AWS_SHARED_CREDENTIALS_FILE", credentials ? credentials : "/no/such", 1), 0);
		assert_int_equal(setenv("AWS_CONFIG_FILE", config ? config : "/no/such", 1), 0);
		if (profiles_read(&p, one, &e) < 0)
			fail_msg("row %zu: %s", i, e.msg);
		if (profiles_find(&p, rows[i].profile, &found) != (rows[i].value != NULL))
			fail_msg("row %zu: %s", i, rows[i].value ? "not found" : "found");
		if (rows[i].value && !str_eqz(found.v[rows[i].key], rows[i].value))
			fail_msg("row %zu: '" STR_FMT "'", i, STR_ARG(found.v[rows[i].key]));
	}
}

static void
mistakes_are_named_by_line_and_not_shown(void **state)
{
	static const struct { const char *text, *says; } rows[] = {
		{ "[a]\nregion=r\nplanted\n", "line 3 of" },
		{ "[a]\nregion=r\nplanted\n", "is neither '[profile]' nor 'name = value'" },
		{ "aws_secret_access_key=planted\n", "line 1 of" },
		{ "aws_secret_access_key=planted\n", "stands before any '[profile]'" },
		{ "# x\n[planted\n", "line 2 of" },
		{ "[a]\n=planted\n", "line 2 of" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(profiles_done) struct profiles p;
		AUTO_FREE char *path = write_file("both", rows[i].text);
		struct err e = { 0 };

		assert_int_equal(profiles_read(&p, path, &e), -1);
		assert_int_equal(e.kind, EK_INVALID);
		if (!strstr(e.msg, rows[i].says) || strstr(e.msg, "planted") || !strstr(e.msg, path))
			fail_msg("row %zu: %s", i, e.msg);
	}
}

static void
a_file_that_was_named_must_be_there(void **state)
{
	AUTO(profiles_done) struct profiles p;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(profiles_read(&p, "/no/such/file", &e), -1);
	assert_int_equal(e.kind, EK_INVALID);
	assert_non_null(strstr(e.msg, "/no/such/file"));
}

static int
make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int
remove_dir(void **state)
{
	static const char *const names[] = { "both", "c", "f" };

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		AUTO_FREE char *path = file_join(dir, names[i]);

		(void)unlink(path);
	}
	return rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_found_as_awss_tools_find_them),
		cmocka_unit_test(mistakes_are_named_by_line_and_not_shown),
		cmocka_unit_test(a_file_that_was_named_must_be_there),
	};

	return cmocka_run_group_tests_name("profile", tests, make_dir, remove_dir);
}
