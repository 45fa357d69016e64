/* The cache: what is put comes back, what is not sound or not ours does not, and it stays within its bounds. */
#include "engine/cache.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char home[] = "/tmp/orlop-cache-XXXXXX";

static char *
folder(void)
{
	return file_join(home, "orlop/read");
}

static int
setup(void **state)
{
	(void)state;
	return mkdtemp(home) == NULL || setenv("XDG_CACHE_HOME", home, 1) != 0;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st, (void)type, (void)at;
	return remove(path);
}

static int
teardown(void **state)
{
	(void)state;
	return nftw(home, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* The only file; its path. */
static char *
only_file(void)
{
	AUTO_FREE char *at = folder();
	DIR *dir = opendir(at);
	const struct dirent *de;
	char *found = NULL;

	assert_non_null(dir);
	while ((de = readdir(dir)) != NULL) {
		if (de->d_name[0] == '.')
			continue;
		assert_null(found);
		found = file_join(at, de->d_name);
	}
	(void)closedir(dir);
	assert_non_null(found);
	return found;
}

/* A file of so many bytes that was last used so long ago. */
static char *
old_file(const char *name, off_t size, int64_t age_ns)
{
	AUTO_FREE char *at = folder();
	char *path = file_join(at, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	int64_t then = clock_unix_ns() - age_ns;
	struct timespec t[2] = { { then / NS_PER_S, 0 }, { then / NS_PER_S, 0 } };

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, size), 0);
	assert_int_equal(futimens(fd, t), 0);
	assert_int_equal(close(fd), 0);
	return path;
}

static bool
has(const char *key, const char *want)
{
	AUTO_BUF struct buf out = BUF_INIT(KIB);

	if (!cache_get(str_of(key), &out))
		return false;
	assert_string_equal(buf_cstr(&out), want);
	return true;
}

static void
what_was_put_comes_back(void **state)
{
	AUTO_BUF struct buf small = BUF_INIT(2);

	(void)state;
	assert_false(has("a", ""));
	cache_put(S("a"), S("text"));
	assert_true(has("a", "text"));
	assert_false(has("b", ""));
	cache_put(S("a"), S("newer"));
	assert_true(has("a", "newer"));
	assert_false(cache_get(S("a"), &small));
	assert_int_equal(small.len, 0);
}

static void
what_is_damaged_or_open_to_others_is_not_taken(void **state)
{
	AUTO_FREE char *path = NULL;
	AUTO_BUF struct buf file = BUF_INIT(KIB);
	struct err e;

	(void)state;
	cache_put(S("a"), S("text"));
	path = only_file();
	assert_int_equal(chmod(path, 0620), 0);
	assert_false(has("a", ""));
	assert_int_equal(chmod(path, 0600), 0);
	assert_true(has("a", "text"));
	assert_int_equal(file_read(path, &file, &e), 0);
	file.p[file.len - 1] ^= 1;
	assert_int_equal(file_replace(path, file.p, file.len, 0600, &e), 0);
	assert_false(has("a", ""));
	assert_int_equal(truncate(path, 5), 0);
	assert_false(has("a", ""));
}

static void
those_not_used_for_longest_make_room(void **state)
{
	AUTO_FREE char *first = NULL, *second = NULL, *forgotten = NULL, *fresh = NULL;

	(void)state;
	cache_put(S("a"), S("text"));
	first = old_file("first", CACHE_MAX / 2, 3 * 3600 * NS_PER_S);
	second = old_file("second", CACHE_MAX / 2 - KIB, 2 * 3600 * NS_PER_S);
	forgotten = old_file(FILE_TMP_PREFIX "1", 1, 3 * 3600 * NS_PER_S);
	fresh = old_file(FILE_TMP_PREFIX "2", 1, 0);
	cache_put(S("b"), S("small"));
	assert_int_equal(access(first, F_OK), 0);
	assert_int_not_equal(access(forgotten, F_OK), 0);
	assert_int_equal(access(fresh, F_OK), 0);
	{
		AUTO_BUF struct buf much = BUF_INIT(2 * KIB);

		for (int i = 0; i < 2048; i++)
			buf_putc(&much, 'x');
		cache_put(S("c"), buf_str(&much));
	}
	assert_int_not_equal(access(first, F_OK), 0);
	assert_int_equal(access(second, F_OK), 0);
	assert_true(has("a", "text"));
	assert_true(has("b", "small"));
}

static void
without_a_place_nothing_is_kept_and_nothing_breaks(void **state)
{
	(void)state;
	assert_int_equal(setenv("XDG_CACHE_HOME", "/dev/null", 1), 0);
	cache_put(S("a"), S("text"));
	assert_false(has("a", ""));
	assert_int_equal(setenv("XDG_CACHE_HOME", home, 1), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_put_comes_back),
		cmocka_unit_test(what_is_damaged_or_open_to_others_is_not_taken),
		cmocka_unit_test(those_not_used_for_longest_make_room),
		cmocka_unit_test(without_a_place_nothing_is_kept_and_nothing_breaks),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
