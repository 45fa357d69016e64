/* Tests of app/journal: what a killed process left is told once, what lives is left alone. */
#include "app/journal.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/vec.h"

#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char *home;

static int
setup(void **state)
{
	char path[] = "/tmp/orlop-test-XXXXXX";

	(void)state;
	if (!mkdtemp(path))
		return -1;
	home = xstrdup(path);
	return setenv("XDG_STATE_HOME", home, 1);
}

static int
teardown(void **state)
{
	const char *const argv[] = { "rm", "-rf", home, NULL };
	AUTO_BUF struct buf out = BUF_INIT(KIB), errs = BUF_INIT(KIB);
	struct err e;
	int status, rc = proc_run(&(struct proc){ .argv = argv }, &out, &errs, &status, NULL, &e);

	(void)state;
	free(TAKE(home));
	return rc;
}

/* --- helpers --- */

static struct journal *
start(const char *name)
{
	struct err e = { 0 };
	struct journal *j = journal_start("backup create", "dir:/b", name, &e);

	if (!j)
		fail_msg("%s", e.msg);
	return j;
}

static bool
is_dead(const char *id)
{
	int lock = journal_seize(id);
	bool dead = lock >= 0;

	file_close(&lock);
	return dead;
}

struct told { struct strs lines; int answer; };

static int
on_interrupted(void *ctx, const char *id, const char *operation, const char *location, const char *name)
{
	struct told *t = ctx;
	AUTO_FREE char *line = xasprintf("%s %s %s", operation, location, name);

	/* It is ours as long as this lasts. */
	assert_false(is_dead(id));
	strs_add(&t->lines, line);
	return t->answer;
}

/* How many interrupted jobs are told; line (may be NULL) is the first. */
static size_t
interrupted(int answer, const char *line)
{
	struct told t = { .answer = answer };
	size_t n;

	journal_interrupted(on_interrupted, &t);
	n = t.lines.len;
	if (n > 0 && line)
		assert_string_equal(t.lines.at[0], line);
	strs_free(&t.lines);
	return n;
}

/* A child that holds a journal until it is killed. */
struct holder { pid_t pid; char id[64]; };

static void
hold(struct holder *h, const char *name)
{
	int to_us[2];

	assert_int_equal(pipe(to_us), 0);
	h->pid = fork();
	assert_true(h->pid >= 0);
	if (h->pid == 0) {
		struct err e;
		struct journal *j = journal_start("backup create", "dir:/b", name, &e);
		char id[sizeof h->id] = "";

		(void)snprintf(id, sizeof id, "%s", j ? journal_id(j) : "");
		if (write(to_us[1], id, sizeof id) != (ssize_t)sizeof id)
			_exit(1);
		for (;;)
			pause();
	}
	(void)close(to_us[1]);
	assert_int_equal(read(to_us[0], h->id, sizeof h->id), (ssize_t)sizeof h->id);
	(void)close(to_us[0]);
	assert_string_not_equal(h->id, "");
}

static void
kill_holder(const struct holder *h)
{
	int status;

	assert_int_equal(kill(h->pid, SIGKILL), 0);
	assert_int_equal(waitpid(h->pid, &status, 0), h->pid);
}

static char *
jobs_dir(void)
{
	return xasprintf("%s/orlop/jobs", home);
}

static size_t
count_jobs(void)
{
	AUTO_FREE char *path = jobs_dir();
	DIR *d = opendir(path);
	struct dirent *en;
	size_t n = 0;

	while (d && (en = readdir(d)) != NULL)
		n += en->d_name[0] != '.';
	if (d)
		(void)closedir(d);
	return n;
}

/* A job as another version may have left it; NULL: no such file. */
static void
plant(const char *id, const char *asked, const char *result)
{
	AUTO_FREE char *root = jobs_dir();
	AUTO_FREE char *dir = file_join(root, id);
	AUTO_FREE char *job = file_join(dir, "job.json");
	AUTO_FREE char *end = file_join(dir, "result.json");
	struct err e = { 0 };

	assert_int_equal(file_mkdirs(dir, 0700, &e), 0);
	if (asked)
		assert_int_equal(file_replace(job, asked, strlen(asked), 0600, &e), 0);
	if (result)
		assert_int_equal(file_replace(end, result, strlen(result), 0600, &e), 0);
}

/* --- cases --- */

static void
a_killed_process_s_job_is_told_once(void **state)
{
	struct holder h;

	(void)state;
	hold(&h, "b1");
	kill_holder(&h);
	assert_int_equal(interrupted(0, "backup create dir:/b b1"), 1);
	assert_int_equal(interrupted(0, NULL), 0);
}

/* Killed between the first step of its journal and the last: nothing was begun, and nothing is to be kept. */
static void
a_job_that_was_never_written_down_is_removed(void **state)
{
	struct journal *j = start("b1");
	AUTO_FREE char *id = xstrdup(journal_id(j));
	AUTO_FREE char *dir = xasprintf("%s/orlop/jobs/%s", home, id);
	AUTO_FREE char *from = file_join(dir, "job.json");
	AUTO_FREE char *to = file_join(dir, ".orlop-tmp-1");
	AUTO_FREE char *result = file_join(dir, "result.json");

	(void)state;
	assert_int_equal(rename(from, to), 0);
	assert_int_equal(interrupted(0, NULL), 0);
	assert_int_equal(access(dir, F_OK), 0);  /* its process is alive */
	journal_end(j, "done", "");
	assert_int_equal(unlink(result), 0);
	assert_int_equal(interrupted(0, NULL), 0);
	assert_int_equal(access(dir, F_OK), -1);
}

static void
a_living_process_s_job_is_not_told(void **state)
{
	struct holder h;

	(void)state;
	hold(&h, "b1");
	assert_int_equal(interrupted(0, NULL), 0);
	assert_false(is_dead(h.id));
	kill_holder(&h);
	assert_true(is_dead(h.id));
	assert_int_equal(interrupted(0, "backup create dir:/b b1"), 1);
}

static void
our_own_running_job_is_not_told(void **state)
{
	struct journal *j = start("b1");

	(void)state;
	assert_false(is_dead(journal_id(j)));
	assert_int_equal(interrupted(0, NULL), 0);
	journal_end(j, "done", "");
	assert_int_equal(interrupted(0, NULL), 0);
}

static void
an_unsettled_job_is_told_again(void **state)
{
	struct holder h;

	(void)state;
	hold(&h, "b1");
	kill_holder(&h);
	assert_int_equal(interrupted(-1, NULL), 1);
	assert_int_equal(interrupted(-1, NULL), 1);
	assert_int_equal(interrupted(0, NULL), 1);
	assert_int_equal(interrupted(0, NULL), 0);
}

static void
only_killed_jobs_of_many_are_told_and_in_their_order(void **state)
{
	struct journal *running = start("running");
	struct holder h;

	(void)state;
	plant("20200101000000-00000000", "{\"operation\":\"restore create\",\"location\":\"dir:/b\",\"name\":\"r1\"}", NULL);
	plant("20200102000000-00000000", "{\"operation\":\"backup create\",\"location\":\"dir:/b\",\"name\":\"b2\"}",
		"{\"result\":\"done\"}");
	hold(&h, "b3");
	kill_holder(&h);
	assert_int_equal(interrupted(0, "restore create dir:/b r1"), 2);
	journal_end(running, "failed", "no disk");
	assert_int_equal(interrupted(0, NULL), 0);
}

static void
broken_journals_are_passed_over(void **state)
{
	static const char *const docs[] = {
		NULL, "", "{", "[]", "null", "{\"operation\":\"backup create\",\"location\":\"dir:/b\"}",
		"{\"operation\":1,\"location\":[],\"name\":{}}", "\xff\xfe",
	};
	struct holder h;

	(void)state;
	for (size_t i = 0; i < COUNT(docs); i++) {
		AUTO_FREE char *id = xasprintf("2020010100000%zu-00000000", i);

		plant(id, docs[i], NULL);
	}
	{
		AUTO_FREE char *root = jobs_dir();
		AUTO_FREE char *file = file_join(root, "a-file");
		struct err e = { 0 };

		assert_int_equal(file_replace(file, "x", 1, 0600, &e), 0);
	}
	hold(&h, "b1");
	kill_holder(&h);
	assert_int_equal(interrupted(0, "backup create dir:/b b1"), 1);
}

static void
without_journals_there_is_nothing_to_tell(void **state)
{
	(void)state;
	assert_int_equal(interrupted(0, NULL), 0);
	assert_false(is_dead("20200101000000-00000000"));
	assert_null(journal_id(NULL));
	journal_end(NULL, "done", "");
}

/* The id comes out of a bucket. */
static void
hostile_ids_are_nobody_s(void **state)
{
	static const char *const ids[] = { "", ".", "..", "../jobs", "/etc", "a/b", "./20200101000000-00000000" };

	(void)state;
	plant("20200101000000-00000000", "{}", NULL);
	assert_true(is_dead("20200101000000-00000000"));
	for (size_t i = 0; i < COUNT(ids); i++)
		if (is_dead(ids[i]))
			fail_msg("'%s'", ids[i]);
}

static void
a_journal_is_private_and_says_what_and_how_it_ended(void **state)
{
	struct journal *j = start("b1");
	AUTO_FREE char *root = jobs_dir();
	AUTO_FREE char *dir = file_join(root, journal_id(j));
	AUTO_FREE char *job = file_join(dir, "job.json");
	AUTO_FREE char *result = file_join(dir, "result.json");
	AUTO_BUF struct buf text = BUF_INIT(MIB);
	struct stat sb;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(stat(dir, &sb), 0);
	assert_int_equal(sb.st_mode & 0777, 0700);
	assert_int_equal(stat(job, &sb), 0);
	assert_int_equal(sb.st_mode & 0777, 0600);
	assert_int_equal(file_read(job, &text, &e), 0);
	assert_non_null(strstr(text.p, "\"backup create\""));
	journal_end(j, "failed", "disk \"full\"");
	buf_cut(&text, 0);
	assert_int_equal(file_read(result, &text, &e), 0);
	assert_non_null(strstr(text.p, "\"failed\""));
	assert_non_null(strstr(text.p, "disk \\\"full\\\""));
}

static void
old_ended_jobs_are_rotated_away_and_unsettled_ones_stay(void **state)
{
	AUTO_FREE char *root = jobs_dir();
	AUTO_FREE char *unsettled = file_join(root, "20190101000000-00000000");
	AUTO_FREE char *oldest = file_join(root, "20200101000000-00000000");
	AUTO_FREE char *newest = file_join(root, "20200101000249-00000000");

	(void)state;
	plant("20190101000000-00000000", "{\"operation\":\"backup create\",\"location\":\"dir:/b\",\"name\":\"b\"}", NULL);
	for (int i = 0; i < 250; i++) {
		AUTO_FREE char *dir = xasprintf("%s/20200101000%03d-00000000", root, i);
		AUTO_FREE char *end = file_join(dir, "result.json");
		struct err e = { 0 };
		FILE *f;

		assert_int_equal(file_mkdirs(dir, 0700, &e), 0);
		f = fopen(end, "w");
		assert_non_null(f);
		assert_int_equal(fclose(f), 0);
	}
	journal_end(start("b1"), "done", "");
	assert_in_range(count_jobs(), 200, 202);
	assert_int_equal(access(unsettled, F_OK), 0);
	assert_int_not_equal(access(oldest, F_OK), 0);
	assert_int_equal(access(newest, F_OK), 0);
}

static void
a_journal_that_cannot_be_written_is_an_error(void **state)
{
	AUTO_FREE char *file = file_join(home, "file");
	struct err e = { 0 };

	(void)state;
	assert_int_equal(file_replace(file, "x", 1, 0600, &e), 0);
	assert_int_equal(setenv("XDG_STATE_HOME", file, 1), 0);
	assert_null(journal_start("backup create", "dir:/b", "b1", &e));
	assert_int_not_equal(e.kind, EK_NONE);
	assert_non_null(strstr(e.msg, file));
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_killed_process_s_job_is_told_once),
		CASE(a_job_that_was_never_written_down_is_removed),
		CASE(a_living_process_s_job_is_not_told),
		CASE(our_own_running_job_is_not_told),
		CASE(an_unsettled_job_is_told_again),
		CASE(only_killed_jobs_of_many_are_told_and_in_their_order),
		CASE(broken_journals_are_passed_over),
		CASE(without_journals_there_is_nothing_to_tell),
		CASE(hostile_ids_are_nobody_s),
		CASE(a_journal_is_private_and_says_what_and_how_it_ended),
		CASE(old_ended_jobs_are_rotated_away_and_unsettled_ones_stay),
		CASE(a_journal_that_cannot_be_written_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
