/*
 * A job that others can follow: while it runs, a thread writes its progress into its journal and stops it when its journal
 * asks for that, also while the job itself waits for a server.
 */
#ifndef ORLOP_APP_FOLLOW_H
#define ORLOP_APP_FOLLOW_H

#include "app/job.h"
#include "app/journal.h"

struct follow;

/* Starts the journal of j and its thread.  Never NULL: without a journal (it is said) or a thread, the job runs all the same. */
struct follow *follow_start(struct job *j, const char *operation, struct store *st, const char *name);
/* The journal's id, borrowed; NULL: there is none. */
const char *follow_id(const struct follow *f);
/* Records how the job ended and frees. */
void follow_end(struct follow *f, enum ev_end end, const struct err *e);

#endif
