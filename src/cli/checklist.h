/* The findings of 'restore preflight' on stdout: a line each and what to do about it, or what scripts read. */
#ifndef ORLOP_CLI_CHECKLIST_H
#define ORLOP_CLI_CHECKLIST_H

#include "base/str.h"
#include "cli/args.h"

struct checklist;
struct checklist *checklist_new(enum output output);
void checklist_free(struct checklist *l);
/* One row of OP_RESTORE_PREFLIGHT.  -1: stdout cannot be written (errno). */
MUST_CHECK int checklist_add(struct checklist *l, struct str json);
MUST_CHECK int checklist_end(struct checklist *l);

#endif
