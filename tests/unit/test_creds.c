/* Credentials from the environment and the shared file. */
#include "aws/creds.h"

#include "base/file.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>
#include <unistd.h>

static char dir[] = "/tmp/orlop-creds-XXXXXX";

static const char file[] =
	"# comment\n"
	"[default]\n"
	"aws_access_key_id = AKIDDEFAULT\n"
	"aws_secret_access_key=planted/secret=1\r\n"
	"\n"
	"[ work ]\n"
	"  AWS_ACCESS_KEY_ID=old\n"
	"  AWS_ACCESS_KEY_ID=AKIDWORK\n"
	"  aws_secret_access_key = planted-2\n"
	"  aws_session_token = planted-token\n"
	"[role]\n"
	"role_arn = arn:aws:iam::1:role/x\n"
	"source_profile = default\n"
	"[half]\n"
	"aws_access_key_id = AKIDHALF\n";

/* Every row starts from this: HOME is a folder with .aws/credentials, nothing else is set. */
static int
reset(void **state)
{
	(void)state;
	(void)unsetenv("AWS_ACCESS_KEY_ID");
	(void)unsetenv("AWS_SECRET_ACCESS_KEY");
	(void)unsetenv("AWS_SESSION_TOKEN");
	(void)unsetenv("AWS_PROFILE");
	(void)unsetenv("AWS_SHARED_CREDENTIALS_FILE");
	return setenv("HOME", dir, 1);
}

static void
set_env(const char *const pairs[][2], size_t n)
{
	for (size_t i = 0; i < n && pairs[i][0]; i++)
		assert_int_equal(setenv(pairs[i][0], pairs[i][1], 1), 0);
}

static void
keys_are_found_in_the_order_of_awss_tools(void **state)
{
	static const struct {
		const char *env[4][2];
		const char *profile, *access, *secret, *token, *source;
	} rows[] = {
		{ { { NULL } }, NULL, "AKIDDEFAULT", "planted/secret=1", "", "credentials file" },
		{ { { "AWS_PROFILE", "work" } }, NULL, "AKIDWORK", "planted-2", "planted-token", "credentials file" },
		{ { { NULL } }, "work", "AKIDWORK", "planted-2", "planted-token", "credentials file" },
		{ { { "AWS_PROFILE", "role" } }, "work", "AKIDWORK", "planted-2", "planted-token", "credentials file" },
		{ { { "AWS_ACCESS_KEY_ID", "AKIDENV" }, { "AWS_SECRET_ACCESS_KEY", "planted-3" } }, NULL,
			"AKIDENV", "planted-3", "", "environment" },
		{ { { "AWS_ACCESS_KEY_ID", "AKIDENV" }, { "AWS_SECRET_ACCESS_KEY", "planted-3" },
			{ "AWS_SESSION_TOKEN", "planted-4" } }, "",
			"AKIDENV", "planted-3", "planted-4", "environment" },
		{ { { "AWS_ACCESS_KEY_ID", "AKIDENV" }, { "AWS_SECRET_ACCESS_KEY", "planted-3" } }, "work",
			"AKIDWORK", "planted-2", "planted-token", "credentials file" },
		{ { { "AWS_ACCESS_KEY_ID", "" }, { "AWS_SECRET_ACCESS_KEY", "" } }, NULL,
			"AKIDDEFAULT", "planted/secret=1", "", "credentials file" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(creds_done) struct creds c = { 0 };
		struct err e = { 0 };

		(void)reset(state);
		set_env(rows[i].env, COUNT(rows[i].env));
		if (creds_load(&c, rows[i].profile, &e) < 0)
			fail_msg("row %zu: %s", i, e.msg);
		assert_string_equal(c.access_key, rows[i].access);
		assert_string_equal(secret_get(c.secret_key).p, rows[i].secret);
		assert_true(str_eqz(secret_get(c.token), rows[i].token));
		assert_string_equal(c.source, rows[i].source);
	}
}

static void
failures_say_where_was_looked_and_never_show_a_key(void **state)
{
	static const struct {
		const char *env[4][2];
		const char *profile, *text;
	} rows[] = {
		{ { { "AWS_SHARED_CREDENTIALS_FILE", "/no/such/file" } }, NULL,
			"AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set, "
			"the credentials file '/no/such/file' does not exist" },
		{ { { NULL } }, "home", "has no profile 'home'" },
		{ { { NULL } }, "role", "profile 'role' in '" },
		{ { { NULL } }, "half", "has no aws_secret_access_key" },
		{ { { "AWS_ACCESS_KEY_ID", "AKIDENV" } }, NULL,
			"AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not" },
		{ { { "AWS_SECRET_ACCESS_KEY", "planted-3" } }, NULL,
			"AWS_SECRET_ACCESS_KEY is set, but AWS_ACCESS_KEY_ID is not" },
		{ { { "HOME", "" } }, NULL, "HOME is not set" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct creds c = { 0 };
		struct err e = { 0 };

		(void)reset(state);
		set_env(rows[i].env, COUNT(rows[i].env));
		assert_int_equal(creds_load(&c, rows[i].profile, &e), -1);
		assert_int_equal(e.kind, EK_DENIED);
		if (!strstr(e.msg, rows[i].text))
			fail_msg("'%s' is not in '%s'", rows[i].text, e.msg);
		assert_null(strstr(e.msg, "planted"));
		assert_null(c.access_key);
		assert_null(c.secret_key);
	}
}

static int
make_home(void **state)
{
	AUTO_FREE char *path = NULL, *aws = NULL;
	struct err e = { 0 };

	(void)state;
	if (!mkdtemp(dir))
		return -1;
	aws = file_join(dir, ".aws");
	path = file_join(aws, "credentials");
	return file_mkdirs(aws, 0700, &e) < 0 ? -1 : file_replace(path, file, strlen(file), 0600, &e);
}

static int
remove_home(void **state)
{
	AUTO_FREE char *aws = file_join(dir, ".aws");
	AUTO_FREE char *path = file_join(aws, "credentials");

	(void)state;
	return unlink(path) | rmdir(aws) | rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(keys_are_found_in_the_order_of_awss_tools, reset),
		cmocka_unit_test_setup(failures_say_where_was_looked_and_never_show_a_key, reset),
	};

	return cmocka_run_group_tests_name("creds", tests, make_home, remove_home);
}
