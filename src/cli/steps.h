/* The steps of 'location validate' on stdout, each as it ends. */
#ifndef ORLOP_CLI_STEPS_H
#define ORLOP_CLI_STEPS_H

#include "base/str.h"
#include "cli/args.h"

struct steps;
struct steps *steps_new(enum output output);
void steps_free(struct steps *s);
/* One row of OP_LOCATION_VALIDATE.  -1: stdout cannot be written (errno). */
MUST_CHECK int steps_add(struct steps *s, struct str json);
MUST_CHECK int steps_end(struct steps *s);
/* Says on stderr which steps failed; what a table has said already is not repeated. */
void steps_sum(const struct steps *s);

#endif
