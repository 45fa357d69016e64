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
 * Makes the backup o->name.  Nothing is visible in the store before the last step (velero-backup.json, created
 * only if absent); on failure or cancel everything that was uploaded is deleted again.
 * out describes the finished backup (phase "Completed", or "PartiallyFailed" when r has errors).
 * EK_EXISTS: there is such a backup, or leftovers under its name; EK_CANCELED; k8s and store errors with context.
 */
MUST_CHECK int backup_run(struct k8s *k, struct store *st, const struct backup_opts *o, struct report *r,
	const struct cancel *c, struct vbackup *out, struct err *e);

#endif
