/* From argv to a command. */
#include "cli/cli.h"

#include "base/mem.h"
#include "cli/help.h"
#include "cli/project.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

void
cli_keep_descriptors(void)
{
	/* The wrong way round: using one of these still fails, as it would have. */
	static const int modes[] = { O_WRONLY, O_RDONLY, O_RDONLY };

	for (int fd = 0; fd < (int)COUNT(modes); fd++)
		if (fcntl(fd, F_GETFD) < 0)
			(void)open("/dev/null", modes[fd]);
}

static int
usage_error(const struct command *cmd, const struct err *e)
{
	cli_error("%s", e->msg);
	if (cmd != NULL)
		cli_next("'orlop help %s%s%s' shows what it takes", cmd->group, cmd->verb != NULL ? " " : "",
			cmd->verb != NULL ? cmd->verb : "");
	return EXIT_USAGE;
}

static bool
asks_for_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

static int
run_command(struct cli *c, int argc, char **argv)
{
	struct err e;
	int used = 0, code;

	c->cmd = command_find(argc - 1, argv + 1, &used, &e);
	if (c->cmd == NULL) {
		/* "orlop backup --help" */
		if (argc > 2 && asks_for_help(argv[2]) && help_group(argv[1], stdout))
			return EXIT_OK;
		return usage_error(NULL, &e);
	}
	if (args_parse(c->cmd, argc - 1 - used, argv + 1 + used, &c->args, &e) < 0) {
		code = usage_error(c->cmd, &e);
	} else if (c->args.help) {
		help_command(c->cmd, stdout);
		code = EXIT_OK;
	} else {
		code = cli_resolve(c);
		if (code == EXIT_OK)
			code = c->cmd->run(c);
	}
	args_done(&c->args);
	free(TAKE(c->url));
	return code;
}

/* Whoever reads from us and has seen enough is no error to talk about, but what it asked for is not all there. */
static int
end_stdout(struct cli *c, int code)
{
	if (fflush(stdout) != 0 && c->stdout_error == 0)
		c->stdout_error = errno;
	if (ferror(stdout) && c->stdout_error == 0)
		c->stdout_error = EIO;
	if (c->stdout_error == 0)
		return code;
	if (c->stdout_error != EPIPE)
		cli_error("writing to stdout: %s", strerror(c->stdout_error));
	return EXIT_FAILED;
}

int
cli_main(int argc, char **argv, int (*ui)(const struct cli *c))
{
	struct cli c = { .ui = ui };
	int code = EXIT_OK;

	if (argc < 2 && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO)) {
		static char *alone[] = { "orlop", "ui", NULL };

		code = run_command(&c, 2, alone);
	} else if (argc < 2) {
		help_overview(stdout);
		code = EXIT_USAGE;
	} else if (strcmp(argv[1], "--plain") == 0) {
		static char *alone[] = { "orlop", "ui", "--plain", NULL };

		code = run_command(&c, 3, alone);
	} else if (asks_for_help(argv[1])) {
		help_overview(stdout);
	} else if (strcmp(argv[1], "--version") == 0) {
		puts("orlop " PACKAGE_VERSION);
	} else {
		code = run_command(&c, argc, argv);
	}
	return end_stdout(&c, code);
}
