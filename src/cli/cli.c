/* From argv to a command. */
#include "cli/cli.h"

#include "base/mem.h"
#include "cli/help.h"

#include <unistd.h>

static int
usage_error(const struct err *e)
{
	cli_error("%s", e->msg);
	return EXIT_USAGE;
}

int
cli_main(int argc, char **argv)
{
	struct cli c = { 0 };
	struct err e;
	int used = 0, code;

	if (argc < 2) {
		help_overview(stdout);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		help_overview(stdout);
		return EXIT_OK;
	}
	if (strcmp(argv[1], "--version") == 0) {
		puts("orlop " PACKAGE_VERSION);
		return EXIT_OK;
	}
	c.cmd = command_find(argc - 1, argv + 1, &used, &e);
	if (c.cmd == NULL) {
		/* "orlop backup --help" */
		if (argc > 2 && (strcmp(argv[2], "--help") == 0 || strcmp(argv[2], "-h") == 0)) {
			help_group(argv[1], stdout);
			return EXIT_OK;
		}
		return usage_error(&e);
	}
	if (args_parse(c.cmd, argc - 1 - used, argv + 1 + used, &c.args, &e) < 0)
		code = usage_error(&e);
	else if (c.args.help) {
		help_command(c.cmd, stdout);
		code = EXIT_OK;
	} else {
		code = c.cmd->run(&c);
	}
	args_done(&c.args);
	return code;
}
