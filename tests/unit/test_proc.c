/* Tests of base/proc, with the shell as the program that is run. */
#include "base/proc.h"

#include "base/clock.h"
#include "base/parse.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct result {
	struct buf out, err;
	int        status;
	struct err e;
};

static void
result_free(struct result *r)
{
	buf_free(&r->out);
	buf_free(&r->err);
}
#define RESULT { .out = BUF_INIT(4 << 20), .err = BUF_INIT(4 << 20), .status = -1 }

static int
shell(struct result *r, const char *script, struct proc p, const struct cancel *c)
{
	const char *const argv[] = { "sh", "-c", script, NULL };

	p.argv = argv;
	return proc_run(&p, &r->out, &r->err, &r->status, c, &r->e);
}

static void
no_child_is_left(void)
{
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void
outputs_and_status_come_back(void **state)
{
	AUTO(result_free) struct result r = RESULT;

	(void)state;
	buf_puts(&r.out, "kept ");
	assert_int_equal(shell(&r, "echo out; echo err >&2; exit 7", (struct proc){ 0 }, NULL), 0);
	assert_string_equal(buf_cstr(&r.out), "kept out\n");
	assert_string_equal(buf_cstr(&r.err), "err\n");
	assert_int_equal(r.status, 7);
	assert_int_equal(shell(&r, "kill -9 $$", (struct proc){ 0 }, NULL), 0);
	assert_int_equal(r.status, 128 + 9);
	no_child_is_left();
}

static void
much_output_on_both_pipes_does_not_block(void **state)
{
	AUTO(result_free) struct result r = RESULT;

	(void)state;
	assert_int_equal(shell(&r, "head -c 1000000 /dev/zero >&2; head -c 1000001 /dev/zero",
		(struct proc){ 0 }, NULL), 0);
	assert_int_equal(r.err.len, 1000000);
	assert_int_equal(r.out.len, 1000001);
	assert_int_equal(r.status, 0);
}

static void
too_much_stdout_is_an_error_and_too_much_stderr_is_dropped(void **state)
{
	AUTO(result_free) struct result r = RESULT;

	(void)state;
	r.out.max = 10;
	r.err.max = 10;
	assert_int_equal(shell(&r, "printf 0123456789; printf 0123456789abc >&2", (struct proc){ 0 }, NULL), 0);
	assert_string_equal(buf_cstr(&r.out), "0123456789");
	assert_string_equal(buf_cstr(&r.err), "0123456789");
	buf_cut(&r.out, 0);
	r.status = 99;
	assert_int_equal(shell(&r, "while :; do echo 0123456789; done", (struct proc){ 0 }, NULL), -1);
	assert_int_equal(r.e.kind, EK_LIMIT);
	assert_non_null(strstr(r.e.msg, "'sh'"));
	assert_int_equal(r.status, 99);
	no_child_is_left();
}

static void
missing_program_and_missing_folder_are_told_apart(void **state)
{
	static const char *const argv[] = { "orlop-no-such-program", NULL };
	AUTO(result_free) struct result r = RESULT;
	struct proc p = { .argv = argv };

	(void)state;
	assert_int_equal(proc_run(&p, &r.out, &r.err, &r.status, NULL, &r.e), -1);
	assert_int_equal(r.e.kind, EK_NOTFOUND);
	assert_non_null(strstr(r.e.msg, "'orlop-no-such-program'"));
	assert_int_equal(shell(&r, "true", (struct proc){ .cwd = "/no/such/folder" }, NULL), -1);
	assert_int_equal(r.e.kind, EK_NOTFOUND);
	assert_non_null(strstr(r.e.msg, "'/no/such/folder'"));
	no_child_is_left();
}

static void
environment_is_replaced_and_joined(void **state)
{
	static const char *const add[] = { "ORLOP_TEST_A=new", "ORLOP_TEST_C=c=d", NULL };
	AUTO(result_free) struct result r = RESULT;

	(void)state;
	assert_int_equal(setenv("ORLOP_TEST_A", "old", 1), 0);
	assert_int_equal(setenv("ORLOP_TEST_AB", "stays", 1), 0);
	assert_int_equal(shell(&r, "echo $ORLOP_TEST_A $ORLOP_TEST_AB $ORLOP_TEST_C; env | grep -c '^ORLOP_TEST_A='",
		(struct proc){ .env_add = add }, NULL), 0);
	assert_string_equal(buf_cstr(&r.out), "new stays c=d\n1\n");
	assert_string_equal(getenv("ORLOP_TEST_A"), "old");
}

static void
child_gets_folder_and_silent_stdin_and_no_descriptors(void **state)
{
	AUTO(result_free) struct result r = RESULT;
	int fd = dup2(STDERR_FILENO, 9);

	(void)state;
	assert_int_equal(fd, 9);
	assert_int_equal(shell(&r, "pwd; cat; if (: >&9) 2>/dev/null; then echo open; else echo closed; fi",
		(struct proc){ .cwd = "/" }, NULL), 0);
	assert_string_equal(buf_cstr(&r.out), "/\nclosed\n");
	(void)close(fd);
}

static void
blocked_signals_and_ignored_pipe_are_not_inherited(void **state)
{
	AUTO(result_free) struct result r = RESULT;
	sigset_t term, before;

	(void)state;
	(void)sigemptyset(&term);
	(void)sigaddset(&term, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &term, &before);
	(void)signal(SIGPIPE, SIG_IGN);
	assert_int_equal(shell(&r, "kill -TERM $$; echo survived", (struct proc){ 0 }, NULL), 0);
	assert_int_equal(r.status, 128 + SIGTERM);
	assert_int_equal(shell(&r, "kill -PIPE $$; echo survived", (struct proc){ 0 }, NULL), 0);
	assert_int_equal(r.status, 128 + SIGPIPE);
	(void)signal(SIGPIPE, SIG_DFL);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
}

static void
slow_program_times_out_and_is_reaped(void **state)
{
	AUTO(result_free) struct result r = RESULT;
	int64_t before = clock_mono_ns();

	(void)state;
	assert_int_equal(shell(&r, "sleep 60; true", (struct proc){ .timeout_ns = 50 * NS_PER_MS }, NULL), -1);
	assert_int_equal(r.e.kind, EK_TIMEOUT);
	assert_non_null(strstr(r.e.msg, "'sh'"));
	assert_true(clock_mono_ns() - before < 30 * NS_PER_S);
	no_child_is_left();
}

static void
program_that_ignores_term_is_killed(void **state)
{
	AUTO(result_free) struct result r = RESULT;
	int64_t before = clock_mono_ns();

	(void)state;
	assert_int_equal(shell(&r, "trap '' TERM; while :; do sleep 1; done",
		(struct proc){ .timeout_ns = 50 * NS_PER_MS }, NULL), -1);
	assert_int_equal(r.e.kind, EK_TIMEOUT);
	assert_true(clock_mono_ns() - before >= 2 * NS_PER_S);
	no_child_is_left();
}

static struct cancel by_signal;

static void
fire(int sig)
{
	(void)sig;
	cancel_fire(&by_signal);
}

static void
cancel_ends_a_running_program(void **state)
{
	AUTO(result_free) struct result r = RESULT;

	(void)state;
	(void)signal(SIGUSR1, fire);
	assert_int_equal(shell(&r, "kill -USR1 $PPID; sleep 60; true", (struct proc){ 0 }, &by_signal), -1);
	assert_int_equal(r.e.kind, EK_CANCELED);
	no_child_is_left();
	/* Fired before: not even started. */
	assert_int_equal(shell(&r, "echo started", (struct proc){ 0 }, &by_signal), -1);
	assert_int_equal(r.e.kind, EK_CANCELED);
	assert_string_equal(buf_cstr(&r.out), "");
	(void)signal(SIGUSR1, SIG_DFL);
}

static void
program_left_in_the_background_is_not_waited_for(void **state)
{
	AUTO(result_free) struct result r = RESULT;
	int64_t before = clock_mono_ns(), pid = 0;

	(void)state;
	assert_int_equal(shell(&r, "sleep 60 & echo $!", (struct proc){ 0 }, NULL), 0);
	assert_true(clock_mono_ns() - before < 30 * NS_PER_S);
	assert_int_equal(r.status, 0);
	assert_true(parse_i64(str_trim(buf_str(&r.out)), &pid));
	assert_int_equal(kill((pid_t)pid, SIGKILL), 0);
}

static void
program_that_closes_its_outputs_is_waited_for(void **state)
{
	AUTO(result_free) struct result r = RESULT;

	(void)state;
	assert_int_equal(shell(&r, "exec >&- 2>&-; sleep 0.1; exit 5", (struct proc){ 0 }, NULL), 0);
	assert_int_equal(r.status, 5);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(outputs_and_status_come_back),
		cmocka_unit_test(much_output_on_both_pipes_does_not_block),
		cmocka_unit_test(too_much_stdout_is_an_error_and_too_much_stderr_is_dropped),
		cmocka_unit_test(missing_program_and_missing_folder_are_told_apart),
		cmocka_unit_test(environment_is_replaced_and_joined),
		cmocka_unit_test(child_gets_folder_and_silent_stdin_and_no_descriptors),
		cmocka_unit_test(blocked_signals_and_ignored_pipe_are_not_inherited),
		cmocka_unit_test(slow_program_times_out_and_is_reaped),
		cmocka_unit_test(program_that_ignores_term_is_killed),
		cmocka_unit_test(cancel_ends_a_running_program),
		cmocka_unit_test(program_left_in_the_background_is_not_waited_for),
		cmocka_unit_test(program_that_closes_its_outputs_is_waited_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
