/* One run of the command line: arguments in, exit code out.  Main thread. */
#ifndef ORLOP_CLI_CLI_H
#define ORLOP_CLI_CLI_H

#include "app/backend.h"
#include "cli/args.h"

/* Exit codes: a contract (design 3). */
enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_PARTIAL = 3, EXIT_NOTHING = 4, EXIT_LOCATION = 5,
	EXIT_CLUSTER = 6, EXIT_DAMAGED = 7, EXIT_INTERRUPTED = 130 };

struct cli {
	const struct command *cmd;
	struct args           args;
};

/* Runs the program's command line (argv[0] is the program).  Returns the exit code. */
int cli_main(int argc, char **argv);

/* "orlop: " and the message on stderr, made visible. */
void cli_error(const char *fmt, ...) PRINTF_LIKE(1, 2);

#endif
