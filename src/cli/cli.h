/* One run of the command line: arguments in, exit code out.  Main thread. */
#ifndef ORLOP_CLI_CLI_H
#define ORLOP_CLI_CLI_H

#include "app/backend.h"
#include "cli/args.h"

/* Exit codes: a contract, in orlop(1). */
enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_PARTIAL = 3, EXIT_NOTHING = 4, EXIT_LOCATION = 5,
	EXIT_CLUSTER = 6, EXIT_DAMAGED = 7, EXIT_INTERRUPTED = 130 };

struct cli {
	const struct command *cmd;
	struct args           args;
	char                 *url;               /* of the location that the arguments name; NULL: none */
	int                 (*ui)(const struct cli *c);
	int                   stdout_error;      /* errno of the first write to stdout that failed; 0: none */
};

/*
 * Makes sure that descriptors 0 to 2 are taken, so that no file of ours becomes stdout or stderr of somebody who closed
 * them.  First thing in main.
 */
void cli_keep_descriptors(void);

/*
 * Runs the program's command line (argv[0] is the program).  Returns the exit code.  ui runs the terminal UI with the location
 * and the cluster that c names, and returns its exit code.
 */
int cli_main(int argc, char **argv, int (*ui)(const struct cli *c));

/*
 * What the command line (argv[0] is the first word after the program) would ask of the backend: creating a backup or a restore,
 * or a plan.  Fields of location are empty.  EK_INVALID.
 */
MUST_CHECK struct request *cli_request(int argc, char **argv, struct err *e);

/* "orlop: " and the message on stderr, made visible. */
void cli_error(const char *fmt, ...) PRINTF_LIKE(1, 2);
/* "  next: " and what to do about it. */
void cli_next(const char *fmt, ...) PRINTF_LIKE(1, 2);

#endif
