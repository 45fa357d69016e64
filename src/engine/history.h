/* One object through all backups of a location.  Straight-line code on the job's thread. */
#ifndef ORLOP_ENGINE_HISTORY_H
#define ORLOP_ENGINE_HISTORY_H

#include "base/cancel.h"
#include "base/err.h"
#include "engine/report.h"
#include "engine/view.h"
#include "store/store.h"

#include <stdint.h>

enum history_change {
	HISTORY_FIRST,               /* the oldest backup that was asked to hold it has it */
	HISTORY_CREATED, HISTORY_CHANGED, HISTORY_SAME, HISTORY_DELETED, HISTORY_COUNT_
};
const char *history_text(enum history_change h);         /* "created" */

struct history_row {                     /* valid during the call */
	enum history_change change;
	const char *backup, *cluster;    /* cluster: name of the backup's source; "": not recorded */
	int64_t     created_unix_ns;     /* of the backup */
	struct str  gr, ns, name;
	uint64_t    size;                /* of the object; 0: deleted */
	struct str  a, b;                /* CHANGED, where diffs are asked for: the object before and now, as the view wants it */
};
typedef int history_fn(void *ctx, const struct history_row *row, struct err *e);

struct history_opts {
	const char *object;              /* "KIND/NAME" or "KIND/NAMESPACE/NAME" */
	const char *cluster;             /* only backups of it: name or UID; NULL: all */
	bool        diff;
	struct view view;
};

/*
 * Tells of each backup from the oldest on in which the object is, and of the first one in which it is not any more.
 * Clusters have histories of their own.  Backups that were not asked to hold the object, or did not complete, do not
 * count as lacking it; those that cannot be read are findings.  EK_NOTFOUND: no backup has it.
 */
MUST_CHECK int history_run(struct store *st, const struct history_opts *o, struct report *r, history_fn *fn, void *ctx,
	const struct cancel *c, struct err *e);

#endif
