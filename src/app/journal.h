/*
 * The journal of a job: $XDG_STATE_HOME/orlop/jobs/<id>/ with job.json (what was asked), a lock that its process holds
 * while it lives, progress.json (how far it is), and result.json once it has ended.  It is how the next run knows what a
 * killed one left, and how other processes follow the job and stop it: a file "stop" asks for that.
 */
#ifndef ORLOP_APP_JOURNAL_H
#define ORLOP_APP_JOURNAL_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct journal;

/* Starts the journal of an operation ("backup create") on name at location.  NULL with e when it cannot be written. */
MUST_CHECK struct journal *journal_start(const char *operation, const char *location, const char *name, struct err *e);
/* Records the end ("done", "partial", "failed", "canceled") and frees.  NULL is fine. */
void journal_end(struct journal *j, const char *result, const char *message);

/* Writes how far it is.  Not synced: of a machine that went down nobody asks.  What goes wrong is not told. */
struct journal_progress { const char *phase; uint64_t done, total, bytes, warnings, errors; };
void journal_note(const struct journal *j, const struct journal_progress *p);
/* Somebody wants it to stop. */
bool journal_asked_to_stop(const struct journal *j);

/* The job's id, borrowed; NULL for NULL. */
const char *journal_id(const struct journal *j);
/* Where a file of the job id is, or would be.  Heap; NULL: id is no id. */
char *journal_file(const char *id, const char *file);
/* Was there a job of this id on this machine, and is its process gone (or done with it)?  Then the fd of its lock: until
 * the caller closes it, nobody else clears up after that job.  Else -1. */
int journal_seize(const char *id);

/*
 * Calls fn for each job whose process is gone without a result, with what was asked, seized.  fn returns 0 when the matter is
 * settled: the journal then gets the result "interrupted".  A journal that cannot be read is passed over.
 */
typedef int journal_fn(void *ctx, const char *id, const char *operation, const char *location, const char *name);
void journal_interrupted(journal_fn *fn, void *ctx);

/* What a journal says.  state: "running", the result, or "interrupted" when the process is gone without one. */
struct journal_entry {
	char *id, *operation, *location, *name, *started, *ended, *state, *message, *phase;      /* ended, phase may be NULL */
	struct journal_progress progress;        /* its phase is the one above */
};
void journal_entry_done(struct journal_entry *e);
/* EK_NOTFOUND: there is no such job.  EK_CORRUPT. */
MUST_CHECK int journal_read(const char *id, struct journal_entry *out, struct err *e);
/* Ids of all, oldest first. */
struct strs;
void journal_ids(struct strs *out);
/* Asks its process to stop it.  EK_NOTFOUND; EK_CONFLICT: it does not run any more. */
MUST_CHECK int journal_stop(const char *id, struct err *e);

#endif
