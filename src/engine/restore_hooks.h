/* Hooks of restored pods: their part of a restore.  For the restore's own files. */
#ifndef ORLOP_ENGINE_RESTORE_HOOKS_H
#define ORLOP_ENGINE_RESTORE_HOOKS_H

#include "data/jedit.h"
#include "engine/options.h"

struct item;
struct restore;
struct restore_hooks;

/* Reads --hooks: EK_INVALID. */
MUST_CHECK struct restore_hooks *restore_hooks_new(const struct restore_opts *o, struct err *e);
void restore_hooks_free(struct restore_hooks *rh);
/* Adds a pod's init containers. */
/* Commands are run in this pod once it is restored; obj: as it will be, in ns. */
bool restore_hooks_commanded(const struct restore_hooks *rh, const char *ns, struct str name, struct jnode *obj);
void restore_hooks_edit(struct item *it, struct arena *arena, struct jnode *obj);
/* A pod was created, or would be: its commands are noted. */
void restore_hooks_created(struct item *it);
size_t restore_hooks_pods(const struct restore_hooks *rh);       /* that have hooks of any sort */
/* Of a restore that is continued: how many hooks of a pod, a decimal number, have run.  key: its outcome_key. */
void restore_hooks_known(struct restore_hooks *rh, const char *key, struct str count);
/* Runs them, when everything is restored.  Failures are findings; -1: stopped, or the API server is gone. */
MUST_CHECK int restore_hooks_run(struct restore *rs, struct err *e);
/* Tells which ones did not run, after the restore was stopped. */
void restore_hooks_stopped(struct restore *rs);
/* How many were to run, and of those the ones that failed, or did not. */
void restore_hooks_counts(const struct restore_hooks *rh, uint64_t *attempted, uint64_t *failed);

#endif
