/* Tests of base/log: what a reader of the log file sees. */
#define LOG_MODULE "s3"
#include "base/log.h"

#include "base/file.h"
#include "base/thread.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char path[64];

static int
make_file(void **state)
{
	int fd;

	(void)state;
	(void)snprintf(path, sizeof path, "/tmp/orlop-test-XXXXXX");
	fd = mkstemp(path);
	file_close(&fd);
	return 0;
}

static int
remove_file(void **state)
{
	(void)state;
	log_close();
	return unlink(path);
}

static void
read_log(struct buf *out)
{
	struct err e = { 0 };

	log_close();
	assert_int_equal(file_read(path, out, &e), 0);
}

static void
nothing_is_written_without_a_spec(void **state)
{
	AUTO_BUF struct buf b = BUF_INIT(1 << 20);

	(void)state;
	log_open(NULL, path);
	assert_false(log_enabled("s3", LOG_ERROR_));
	LOG_ERR("lost");
	log_open("", path);
	LOG_ERR("lost");
	read_log(&b);
	assert_int_equal(b.len, 0);
	LOG_ERR("closed");
}

static void
levels_are_per_module(void **state)
{
	AUTO_BUF struct buf b = BUF_INIT(1 << 20);

	(void)state;
	log_open("s3=debug,http=off, *=info", path);
	assert_true(log_enabled("s3", LOG_DEBUG_));
	assert_false(log_enabled("http", LOG_ERROR_));
	assert_true(log_enabled("k8s", LOG_INFO_));
	assert_false(log_enabled("k8s", LOG_DEBUG_));
	LOG_DBG("PUT %s: %d", "key", 200);
	read_log(&b);
	/* 2026-06-01T02:00:00.123Z debug s3 PUT key: 200 */
	assert_int_equal(str_chr(buf_str(&b), ' '), 24);
	assert_int_equal(b.p[23], 'Z');
	assert_true(str_ends(buf_str(&b), S(" debug s3 PUT key: 200\n")));
}

static void
one_level_is_for_all_modules(void **state)
{
	(void)state;
	log_open("warn", path);
	assert_true(log_enabled("any", LOG_WARN_));
	assert_false(log_enabled("any", LOG_INFO_));
	log_open("error", path);
	assert_false(log_enabled("any", LOG_WARN_));
}

static void
hostile_text_stays_on_its_line(void **state)
{
	AUTO_BUF struct buf b = BUF_INIT(1 << 20);
	static char huge[20000];

	(void)state;
	memset(huge, '\x01', sizeof huge - 1);
	log_open("debug", path);
	LOG_INF("a\nb\x1b[2J\xff");
	LOG_INF("%s", huge);
	read_log(&b);
	assert_non_null(strstr(b.p, "a\\x0ab\\x1b[2J\\xff\n"));
	assert_true(str_ends(buf_str(&b), S("...\n")));
}

static void
nonsense_in_the_spec_is_reported(void **state)
{
	AUTO_BUF struct buf b = BUF_INIT(1 << 20);

	(void)state;
	log_open("s3=loud,info", path);
	assert_true(log_enabled("s3", LOG_INFO_));
	read_log(&b);
	assert_non_null(strstr(b.p, "'s3=loud'"));
}

static void
file_that_cannot_be_opened_is_reported_on_stderr(void **state)
{
	AUTO_BUF struct buf b = BUF_INIT(1 << 20);
	int ends[2], saved = dup(STDERR_FILENO);
	struct err e = { 0 };

	(void)state;
	assert_int_equal(pipe(ends), 0);
	(void)dup2(ends[1], STDERR_FILENO);
	log_open("info", "/no/such/folder/log");
	LOG_INF("still here");
	log_close();
	(void)dup2(saved, STDERR_FILENO);
	(void)close(ends[1]);
	(void)close(saved);
	(void)dup2(ends[0], STDIN_FILENO);
	(void)close(ends[0]);
	assert_int_equal(file_read("-", &b, &e), 0);
	assert_non_null(strstr(b.p, "'/no/such/folder/log': No such file or directory\n"));
	assert_non_null(strstr(b.p, "still here\n"));
}

#define LINES 300

static void
write_lines(void *arg)
{
	for (int i = 0; i < LINES; i++)
		LOG_DBG("%s begin %d end", (const char *)arg, i);
}

static void
lines_of_threads_do_not_mix(void **state)
{
	static char names[4][8] = { "one", "two", "three", "four" };
	AUTO_BUF struct buf b = BUF_INIT(1 << 20);
	struct thread *t[COUNT(names)];
	struct err e = { 0 };
	struct str rest, line;
	size_t n = 0;

	(void)state;
	log_open("debug", path);
	for (size_t i = 0; i < COUNT(names); i++) {
		t[i] = thread_start(names[i], write_lines, names[i], &e);
		assert_non_null(t[i]);
	}
	for (size_t i = 0; i < COUNT(names); i++)
		thread_join(t[i]);
	read_log(&b);
	rest = buf_str(&b);
	while (str_split(&rest, '\n', &line) && line.len) {
		assert_true(str_ends(line, S(" end")));
		assert_int_equal(line.p[23], 'Z');
		n++;
	}
	assert_int_equal(n, COUNT(names) * LINES);
}

#define WITH_FILE(fn) cmocka_unit_test_setup_teardown(fn, make_file, remove_file)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FILE(nothing_is_written_without_a_spec),
		WITH_FILE(levels_are_per_module),
		WITH_FILE(one_level_is_for_all_modules),
		WITH_FILE(hostile_text_stays_on_its_line),
		WITH_FILE(nonsense_in_the_spec_is_reported),
		WITH_FILE(file_that_cannot_be_opened_is_reported_on_stderr),
		WITH_FILE(lines_of_threads_do_not_mix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
