/* Undoing a restore: deleting what it created and nobody has changed since.  Straight-line code on the job's thread. */
#ifndef ORLOP_ENGINE_RESTORE_UNDO_H
#define ORLOP_ENGINE_RESTORE_UNDO_H

#include "base/cancel.h"
#include "base/err.h"
#include "engine/report.h"
#include "k8s/client.h"
#include "store/store.h"

struct undo_row {
	const char *action;          /* "delete", "keep", "gone" */
	const char *resource, *kind, *ns, *name;     /* ns "" for cluster-scoped */
	const char *why;             /* keep; else "" */
};
typedef int undo_fn(void *ctx, const struct undo_row *row, struct err *e);

struct undo_counts { uint64_t deleted, kept, gone, failed; };    /* deleted: to be deleted, with dry_run */

/*
 * Tells fn of each object that restore name created, in the order of deletion (the reverse of that of the restore, namespaces
 * last), then deletes those that still are what was created: the same UID, and nothing changed but what servers and
 * controllers write.  A namespace goes if nothing else is in it, a definition if there are no other objects of its type.
 * What the API server refuses to delete is a finding.  Undone without one, the restore is marked so.
 * EK_NOTFOUND: no such restore, or it did not write down what it did; EK_EXISTS: it was undone already; EK_CONFLICT: it has
 * not ended, or was in another cluster.
 */
MUST_CHECK int restore_undo(struct k8s *k, struct store *st, const char *name, bool dry_run, struct report *r, undo_fn *fn,
	void *ctx, const struct cancel *c, struct undo_counts *out, struct err *e);

#endif
