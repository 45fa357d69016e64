/* The backup job: lists a cluster, writes Velero's layout into a store.  Straight-line code on the job's thread. */
#ifndef ORLOP_ENGINE_BACKUP_H
#define ORLOP_ENGINE_BACKUP_H

#include "archive/vbackup.h"
#include "base/cancel.h"
#include "base/err.h"
#include "engine/options.h"
#include "engine/report.h"
#include "k8s/client.h"
#include "store/store.h"

/*
 * Takes the name of a backup for a job (its id, for whoever finds the claim after a crash; NULL: none).  Contacts the
 * store only.  EK_EXISTS: there is such a backup, or leftovers under its name, or somebody is making it.
 */
MUST_CHECK int backup_claim(struct store *st, const char *name, const char *job, const struct cancel *c, struct err *e);
/* Gives the name back: nothing of the run stays.  Within 15 s, also after a cancel. */
MUST_CHECK int backup_abandon(struct store *st, const char *name, struct err *e);

/*
 * Makes the backup o->name, which the caller has claimed.  Nothing is visible in the store before the last step (velero-backup.json, created
 * only if absent); on failure or cancel everything that was uploaded is deleted again, and the claim.
 * out describes the finished backup (phase "Completed", or "PartiallyFailed" when r has errors).
 * EK_EXISTS: somebody made such a backup in spite of the claim; EK_CANCELED; k8s and store errors with context.
 */
MUST_CHECK int backup_run(struct k8s *k, struct store *st, const struct backup_opts *o, struct report *r,
	const struct cancel *c, struct vbackup *out, struct err *e);

#endif
