/* The command line from argv to exit code and output, as far as no server is needed; and its progress display. */
#include "base/buf.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "capture.h"
#include "cli/cli.h"
#include "cli/progress.h"
#include "net/http.h"

#include <fcntl.h>
#include <pty.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct call { const char *const *words; int code; };

static void
run_call(void *ctx)
{
	struct call *c = ctx;
	char *argv[16] = { 0 };
	int argc = 0;

	for (; c->words[argc] != NULL; argc++)
		argv[argc] = xstrdup(c->words[argc]);
	c->code = cli_main(argc, argv, NULL);
	for (int i = 0; i < argc; i++)
		free(argv[i]);
}

/* An empty folder as $HOME and as a location. */
static int
make_home(void **state)
{
	char *dir = xstrdup("/tmp/orlop-cli.XXXXXX");

	if (mkdtemp(dir) == NULL || setenv("HOME", dir, 1) != 0 || unsetenv("KUBECONFIG") != 0)
		return -1;
	*state = dir;
	return 0;
}

static int
remove_home(void **state)
{
	int rc = rmdir(*state);

	free(*state);
	return rc;
}

static void
exit_codes_and_output_are_the_contract(void **state)
{
	AUTO_FREE char *empty = xasprintf("dir:%s", (const char *)*state);
	const struct { const char *words[10]; int code; const char *out; } rows[] = {
		{ { "orlop", "version" }, EXIT_OK, "orlop " PACKAGE_VERSION "\n" },
		{ { "orlop", "--version" }, EXIT_OK, "orlop " PACKAGE_VERSION "\n" },
		{ { "orlop" }, EXIT_USAGE, "Commands:" },
		{ { "orlop", "help" }, EXIT_OK, "Exit codes:" },
		{ { "orlop", "backup", "create", "--help" }, EXIT_OK, "--include-namespaces" },
		{ { "orlop", "bakup", "list" }, EXIT_USAGE, "" },
		{ { "orlop", "backup", "list" }, EXIT_USAGE, "" },
		{ { "orlop", "backup", "list", "--location", "ftp://x" }, EXIT_USAGE, "" },
		{ { "orlop", "backup", "list", "--location", "dir:/nowhere/at/all" }, EXIT_LOCATION, "" },
		{ { "orlop", "backup", "list", "--location", empty }, EXIT_OK, "" },
		{ { "orlop", "backup", "list", "--location", empty, "-o", "json" }, EXIT_OK, "{\"items\":[]}\n" },
		{ { "orlop", "backup", "describe", "b1", "--location", empty }, EXIT_NOTHING, "" },
		{ { "orlop", "backup", "verify", "b1", "--location", empty }, EXIT_NOTHING, "" },
		{ { "orlop", "backup", "delete", "b1", "--location", empty, "--confirm" }, EXIT_NOTHING, "" },
		{ { "orlop", "restore", "describe", "r1", "--location", empty }, EXIT_NOTHING, "" },
		{ { "orlop", "cluster", "check", "--kubeconfig", "/nowhere/config" }, EXIT_CLUSTER, "" },
		{ { "orlop", "completion", "tcsh" }, EXIT_USAGE, "" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct call c = { .words = rows[i].words };
		AUTO_FREE char *out = captured(run_call, &c);

		if (c.code != rows[i].code)
			fail_msg("row %zu (%s %s): exit code %d", i, rows[i].words[1] ? rows[i].words[1] : "",
				rows[i].words[1] && rows[i].words[2] ? rows[i].words[2] : "", c.code);
		if (strstr(out, rows[i].out) == NULL || (rows[i].out[0] == '\0' && out[0] != '\0'))
			fail_msg("row %zu: printed '%s'", i, out);
	}
}

static void
a_location_that_works_passes_every_step(void **state)
{
	AUTO_FREE char *url = xasprintf("dir:%s", (const char *)*state);
	const char *words[] = { "orlop", "location", "validate", url, "-o", "name", NULL };
	struct call c = { .words = words };
	AUTO_FREE char *out = captured(run_call, &c);

	assert_int_equal(c.code, EXIT_OK);
	assert_string_equal(out, "folder\nspace\nlist\nwrite\nread\nrange\nconditional\ndelete\n");
}

/* --- progress --- */

/* stderr goes to a pseudo terminal while fn runs; what it got, heap. */
static char *
on_terminal(void (*fn)(void))
{
	AUTO_BUF struct buf out = BUF_INIT(MIB);
	int master, slave, saved = dup(STDERR_FILENO);
	struct winsize size = { .ws_row = 24, .ws_col = 80 };
	struct err e;
	char piece[4096];
	ssize_t n;

	assert_int_equal(openpty(&master, &slave, NULL, NULL, &size), 0);
	assert_true(dup2(slave, STDERR_FILENO) >= 0);
	close(slave);
	fn();
	fflush(stderr);
	assert_true(dup2(saved, STDERR_FILENO) >= 0);
	close(saved);
	/* With the other side closed, reading ends with EIO after the last byte. */
	while ((n = read(master, piece, sizeof piece)) > 0)
		assert_int_equal(buf_add(&out, piece, (size_t)n, &e), 0);
	close(master);
	return buf_take(&out, NULL);
}

static void
draw(void)
{
	struct progress_view *p = progress_new(false);
	struct job_progress now = { .phase = "listing", .done = 250, .total = 1000, .warnings = 2,
		.start_mono_ns = clock_mono_ns() - 10 * NS_PER_S };

	/* Nothing is drawn more often than ten times a second: ask until it was. */
	for (int64_t end = clock_mono_ns() + 150 * NS_PER_MS; clock_mono_ns() < end;)
		progress_update(p, &now);
	progress_message(p, "a message with \033[31mcolor");
	progress_end(p);
	progress_free(p);
}

static void
a_terminal_gets_a_bar_and_messages_above_it(void **state)
{
	AUTO_FREE char *out = NULL;

	(void)state;
	setenv("TERM", "xterm", 1);
	out = on_terminal(draw);
	assert_non_null(strstr(out, "listing [######..................] 250 of 1 000, 2"));
	assert_non_null(strstr(out, "2 warnings"));
	assert_non_null(strstr(out, "\r\033[K"));
	assert_non_null(strstr(out, "a message with \\x1b[31mcolor"));
}

static void
draw_quietly(void)
{
	struct progress_view *p = progress_new(true);
	struct job_progress now = { .phase = "listing", .done = 1, .start_mono_ns = clock_mono_ns() };

	for (int64_t end = clock_mono_ns() + 150 * NS_PER_MS; clock_mono_ns() < end;)
		progress_update(p, &now);
	progress_end(p);
	progress_free(p);
}

static void
quiet_draws_nothing(void **state)
{
	AUTO_FREE char *out = NULL;

	(void)state;
	out = on_terminal(draw_quietly);
	assert_string_equal(out, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exit_codes_and_output_are_the_contract),
		cmocka_unit_test(a_location_that_works_passes_every_step),
		cmocka_unit_test(a_terminal_gets_a_bar_and_messages_above_it),
		cmocka_unit_test(quiet_draws_nothing),
	};

	http_global_init();
	return cmocka_run_group_tests(tests, make_home, remove_home);
}
