/* Commands whose result is a list: rows of a request as output.h prints them.  Main thread. */
#ifndef ORLOP_CLI_LISTING_H
#define ORLOP_CLI_LISTING_H

#include "cli/output.h"
#include "cli/run.h"

struct listing {
	const struct column *columns;            /* NULL: there is no table of it */
	size_t               n;
	const char          *name_path, *empty;  /* as of rows_new */
};
/* Runs r (taken) and prints its rows.  Returns the exit code. */
int listing_run(struct cli *c, struct request *r, const struct listing *l);

/* For sinks of commands that do more than that; ctx is a struct rows. */
int listing_row(void *ctx, struct str json);
int listing_end(void *ctx, enum ev_end end);

#endif
