/* Sends a request to the backend and shows what comes back: progress and messages on stderr, results on stdout. */
#ifndef ORLOP_CLI_RUN_H
#define ORLOP_CLI_RUN_H

#include "base/str.h"
#include "cli/cli.h"

/*
 * Where results go.  row gets each EV_ROW (JSON), bytes each EV_BYTES; done is called after a run that did not fail.
 * Any may be NULL.  -1 ends the run: stdout cannot be written.
 */
struct sink {
	int (*row)(void *ctx, struct str json);
	int (*bytes)(void *ctx, struct str data);
	int (*done)(void *ctx, enum ev_end end);
	void *ctx;
};

/* Runs to the end, Ctrl-C included.  Returns the exit code; c->stdout_error says whether stdout could be written. */
int run_request(struct cli *c, struct request *r /* taken */, const struct sink *sink);

#endif
