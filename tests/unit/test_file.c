/* Tests of base/file, each in a folder of its own. */
#include "base/file.h"

#include "base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static int
enter_folder(void **state)
{
	char *dir = xstrdup("/tmp/orlop-test-XXXXXX");

	*state = dir;
	return mkdtemp(dir) && chdir(dir) == 0 ? 0 : -1;
}

static int
remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int
leave_folder(void **state)
{
	AUTO_FREE char *dir = *state;

	return chdir("/") == 0 ? nftw(dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS) : -1;
}

static size_t
entries(const char *path)
{
	DIR *d = opendir(path);
	size_t n = 0;

	assert_non_null(d);
	for (struct dirent *ent; (ent = readdir(d)) != NULL; )
		n += strcmp(ent->d_name, ".") != 0 && strcmp(ent->d_name, "..") != 0;
	(void)closedir(d);
	return n;
}

static void
write_file(const char *path, const char *text)
{
	struct err e = { 0 };

	if (file_replace(path, text, strlen(text), 0644, &e) < 0)
		fail_msg("%s", e.msg);
}

static void
assert_content(const char *path, const char *text)
{
	AUTO_BUF struct buf b = BUF_INIT(1 << 20);
	struct err e = { 0 };

	if (file_read(path, &b, &e) < 0)
		fail_msg("%s", e.msg);
	assert_string_equal(buf_cstr(&b), text);
}

static void
replace_writes_content_and_mode_and_leaves_no_trace(void **state)
{
	struct err e = { 0 };
	struct stat st;

	(void)state;
	assert_int_equal(file_replace("secret", "one", 3, 0600, &e), 0);
	assert_int_equal(stat("secret", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(file_replace("secret", "", 0, 0644, &e), 0);
	assert_int_equal(stat("secret", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0644);
	assert_content("secret", "");
	assert_int_equal(entries("."), 1);
}

static void
failed_rename_removes_the_temporary_file(void **state)
{
	struct err e = { 0 };

	(void)state;
	assert_int_equal(mkdir("taken", 0755), 0);
	write_file("taken/x", "x");
	assert_int_equal(file_replace("taken", "new", 3, 0644, &e), -1);
	assert_non_null(strstr(e.msg, "'taken'"));
	assert_int_equal(entries("."), 1);
	assert_content("taken/x", "x");
}

static void
failed_write_keeps_the_old_file_and_no_other(void **state)
{
	struct rlimit before, small;
	AUTO_FREE char *big = xcalloc(1, 8192);
	struct err e = { 0 };
	int rc;

	(void)state;
	write_file("settings", "old");
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = before;
	small.rlim_cur = 4096;
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	rc = file_replace("settings", big, 8192, 0644, &e);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(rc, -1);
	assert_int_equal(e.kind, EK_IO);
	assert_int_equal(e.sys, EFBIG);
	assert_non_null(strstr(e.msg, "'settings'"));
	assert_content("settings", "old");
	assert_int_equal(entries("."), 1);
}

static void
replace_in_a_missing_folder_names_it(void **state)
{
	struct err e = { 0 };

	(void)state;
	assert_int_equal(file_replace("no/such/file", "x", 1, 0644, &e), -1);
	assert_int_equal(e.kind, EK_NOTFOUND);
	assert_non_null(strstr(e.msg, "'no/such'"));
}

static void
read_appends_up_to_the_maximum(void **state)
{
	AUTO_BUF struct buf fits = BUF_INIT(8);
	AUTO_BUF struct buf small = BUF_INIT(7);
	struct err e = { 0 };

	(void)state;
	write_file("f", "12345");
	buf_puts(&fits, "abc");
	assert_int_equal(file_read("f", &fits, &e), 0);
	assert_string_equal(buf_cstr(&fits), "abc12345");
	buf_puts(&small, "abc");
	assert_int_equal(file_read("f", &small, &e), -1);
	assert_int_equal(e.kind, EK_LIMIT);
	assert_non_null(strstr(e.msg, "'f'"));
	assert_string_equal(buf_cstr(&small), "abc");
}

static void
read_tells_missing_from_unreadable(void **state)
{
	AUTO_BUF struct buf b = BUF_INIT(100);
	struct err e = { 0 };

	(void)state;
	assert_int_equal(file_read("missing", &b, &e), -1);
	assert_int_equal(e.kind, EK_NOTFOUND);
	assert_int_equal(file_read(".", &b, &e), -1);
	assert_int_equal(e.kind, EK_IO);
	assert_int_equal(file_read("/dev/zero", &b, &e), -1);
	assert_int_equal(e.kind, EK_LIMIT);
	assert_int_equal(b.len, 0);
}

static void
dash_is_standard_input(void **state)
{
	AUTO_BUF struct buf b = BUF_INIT(100);
	struct err e = { 0 };
	int ends[2], saved = dup(STDIN_FILENO);

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "piped", 5), 5);
	(void)close(ends[1]);
	(void)dup2(ends[0], STDIN_FILENO);
	assert_int_equal(file_read("-", &b, &e), 0);
	assert_string_equal(buf_cstr(&b), "piped");
	(void)dup2(saved, STDIN_FILENO);
	(void)close(saved);
	(void)close(ends[0]);
}

static void
mkdirs_makes_parents_and_accepts_existing_ones(void **state)
{
	struct err e = { 0 };
	struct stat st;

	(void)state;
	assert_int_equal(file_mkdirs("a/b//c/", 0700, &e), 0);
	assert_int_equal(stat("a/b/c", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_int_equal(file_mkdirs("a/b/c", 0700, &e), 0);
	assert_int_equal(file_mkdirs("/", 0700, &e), 0);
	assert_int_equal(file_mkdirs(".", 0700, &e), 0);
	write_file("a/file", "");
	assert_int_equal(file_mkdirs("a/file/x", 0700, &e), -1);
	assert_int_equal(e.sys, ENOTDIR);
	assert_non_null(strstr(e.msg, "'a/file'"));
}

static void
write_to_a_full_device_names_the_cause(void **state)
{
	AUTO(file_close) int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	struct err e = { 0 };

	(void)state;
	if (fd < 0)
		skip();
	assert_int_equal(file_write_all(fd, "x", 1, &e), -1);
	assert_int_equal(e.sys, ENOSPC);
}

static void
spool_is_writable_and_has_no_name(void **state)
{
	AUTO(file_close) int fd = -1;
	struct err e = { 0 };
	struct stat st;

	(void)state;
	assert_int_equal(setenv("TMPDIR", ".", 1), 0);
	fd = file_spool(&e);
	assert_true(fd >= 0);
	assert_int_equal(file_write_all(fd, "spooled", 7, &e), 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, 7);
	assert_int_equal(st.st_nlink, 0);
	assert_int_equal(st.st_mode & 0077, 0);
	assert_int_equal(entries("."), 0);
	assert_int_equal(setenv("TMPDIR", "missing", 1), 0);
	assert_int_equal(file_spool(&e), -1);
	assert_non_null(strstr(e.msg, "'missing'"));
	assert_int_equal(unsetenv("TMPDIR"), 0);
}

static void
second_lock_is_a_conflict_until_the_first_is_closed(void **state)
{
	struct err e = { 0 };
	int first = file_lock("lock", &e), second;

	(void)state;
	assert_true(first >= 0);
	assert_int_equal(file_lock("lock", &e), -1);
	assert_int_equal(e.kind, EK_CONFLICT);
	assert_non_null(strstr(e.msg, "'lock'"));
	file_close(&first);
	assert_int_equal(first, -1);
	second = file_lock("lock", &e);
	assert_true(second >= 0);
	file_close(&second);
	assert_int_equal(file_lock("no/lock", &e), -1);
	assert_int_equal(e.kind, EK_NOTFOUND);
}

static void
descriptors_do_not_reach_children(void **state)
{
	struct err e = { 0 };
	int lock = file_lock("lock", &e), spool = file_spool(&e);

	(void)state;
	assert_true(fcntl(lock, F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(spool, F_GETFD) & FD_CLOEXEC);
	file_close(&lock);
	file_close(&spool);
}

static void
xdg_folders_follow_the_specification(void **state)
{
	static const struct { const char *variable, *value; enum file_xdg which; const char *rest, *path; } rows[] = {
		{ "XDG_CONFIG_HOME", NULL, XDG_CONFIG, "keys.yaml", "/home/u/.config/orlop/keys.yaml" },
		{ "XDG_CONFIG_HOME", "/etc/x/", XDG_CONFIG, "keys.yaml", "/etc/x/orlop/keys.yaml" },
		{ "XDG_CONFIG_HOME", "relative", XDG_CONFIG, NULL, "/home/u/.config/orlop" },
		{ "XDG_CONFIG_HOME", "", XDG_CONFIG, NULL, "/home/u/.config/orlop" },
		{ "XDG_STATE_HOME", NULL, XDG_STATE, "jobs", "/home/u/.local/state/orlop/jobs" },
		{ "XDG_CACHE_HOME", NULL, XDG_CACHE, NULL, "/home/u/.cache/orlop" },
		{ "XDG_RUNTIME_DIR", "/run/user/7", XDG_RUNTIME, "s", "/run/user/7/orlop/s" },
		{ "XDG_RUNTIME_DIR", NULL, XDG_RUNTIME, "s", "/home/u/.local/state/orlop/s" },
	};

	(void)state;
	assert_int_equal(setenv("HOME", "/home/u", 1), 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_FREE char *path = NULL;

		assert_int_equal(rows[i].value ? setenv(rows[i].variable, rows[i].value, 1) :
			unsetenv(rows[i].variable), 0);
		path = file_xdg(rows[i].which, rows[i].rest);
		assert_string_equal(path, rows[i].path);
		assert_int_equal(unsetenv(rows[i].variable), 0);
	}
}

static void
paths_are_joined_and_cut(void **state)
{
	static const struct { const char *dir, *rest, *path; } joins[] = {
		{ "a", "b", "a/b" }, { "a/", "b", "a/b" }, { "a//", "b/c", "a/b/c" }, { "a", "/b", "/b" },
		{ "/", "b", "/b" }, { "", "b", "b" },
	};
	static const struct { const char *path, *dir; } dirs[] = {
		{ "a", "." }, { "a/b", "a" }, { "/a", "/" }, { "a/b/", "a" }, { "a//b", "a" }, { "/", "/" }, { "", "." },
		{ "//a", "/" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(joins); i++) {
		AUTO_FREE char *path = file_join(joins[i].dir, joins[i].rest);

		assert_string_equal(path, joins[i].path);
	}
	for (size_t i = 0; i < COUNT(dirs); i++) {
		AUTO_FREE char *dir = file_dirname(dirs[i].path);

		assert_string_equal(dir, dirs[i].dir);
	}
}

#define IN_FOLDER(fn) cmocka_unit_test_setup_teardown(fn, enter_folder, leave_folder)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(replace_writes_content_and_mode_and_leaves_no_trace),
		IN_FOLDER(failed_rename_removes_the_temporary_file),
		IN_FOLDER(failed_write_keeps_the_old_file_and_no_other),
		IN_FOLDER(replace_in_a_missing_folder_names_it),
		IN_FOLDER(read_appends_up_to_the_maximum),
		IN_FOLDER(read_tells_missing_from_unreadable),
		IN_FOLDER(dash_is_standard_input),
		IN_FOLDER(mkdirs_makes_parents_and_accepts_existing_ones),
		IN_FOLDER(write_to_a_full_device_names_the_cause),
		IN_FOLDER(spool_is_writable_and_has_no_name),
		IN_FOLDER(second_lock_is_a_conflict_until_the_first_is_closed),
		IN_FOLDER(descriptors_do_not_reach_children),
		cmocka_unit_test(xdg_folders_follow_the_specification),
		cmocka_unit_test(paths_are_joined_and_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
