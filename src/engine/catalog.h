/* What a location holds: backups, restores, leftovers of runs that never ended; and deleting it. */
#ifndef ORLOP_ENGINE_CATALOG_H
#define ORLOP_ENGINE_CATALOG_H

#include "archive/vbackup.h"
#include "base/cancel.h"
#include "base/err.h"
#include "store/store.h"

#include <stdbool.h>

/*
 * Calls fn for each backup in ascending order of names, with its velero-backup.json as it is stored; json is empty and
 * why says so when it cannot be read.  Folders without velero-backup.json are no backups and are not told.
 */
typedef int catalog_fn(void *ctx, const char *name, struct str json, const struct err *why, struct err *e);
MUST_CHECK int catalog_backups(struct store *st, catalog_fn *fn, void *ctx, const struct cancel *c, struct err *e);

/* The same for restores that left a record of ours; json is empty (why NULL) for those of others. */
MUST_CHECK int catalog_restores(struct store *st, catalog_fn *fn, void *ctx, const struct cancel *c, struct err *e);

/*
 * Deletes everything of a backup, its velero-backup.json first, so that it vanishes at once and an interrupted delete
 * leaves only leftovers.  *keys counts what was deleted.  EK_NOTFOUND: there is nothing of that name.
 */
MUST_CHECK int catalog_delete(struct store *st, const char *name, size_t *keys, const struct cancel *c, struct err *e);

/*
 * Removes what the run job, which did not end, left of backup name: its files, if there is no velero-backup.json, and
 * unfinished uploads.  *keys counts.  0 and *keys == 0 when the name is not claimed by that job: then nothing there is
 * its.  The caller knows that the run is dead, and that nobody else sweeps after it.
 */
MUST_CHECK int catalog_sweep(struct store *st, const char *name, const char *job, size_t *keys, const struct cancel *c,
	struct err *e);

/* The job that claims the name of a backup in the making; NULL: none, or it cannot be told.  Heap. */
char *catalog_claim(struct store *st, const char *name, const struct cancel *c);

/* Files of a backup with their sizes, ascending. */
typedef int catalog_file_fn(void *ctx, const char *key, uint64_t size, struct err *e);
MUST_CHECK int catalog_files(struct store *st, const char *name, catalog_file_fn *fn, void *ctx,
	const struct cancel *c, struct err *e);

#endif
