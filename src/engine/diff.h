/*
 * What is different between two backups, or between a backup and a cluster, object by object.  Equal hashes of the
 * indexes are equal objects, which are not read.  Straight-line code on the job's thread.
 */
#ifndef ORLOP_ENGINE_DIFF_H
#define ORLOP_ENGINE_DIFF_H

#include "engine/options.h"
#include "engine/reader.h"
#include "engine/report.h"
#include "engine/view.h"
#include "k8s/client.h"

#include <stdint.h>

enum diff_what { DIFF_ADDED, DIFF_REMOVED, DIFF_CHANGED, DIFF_SAME, DIFF_COUNT_ };
const char *diff_what_text(enum diff_what w);            /* "added" */

struct diff_row {                        /* valid during the call; objects that are the same are only counted */
	enum diff_what what;
	struct str  gr, kind, ns, name;  /* ns empty: cluster-scoped */
	struct str  a, b;                /* CHANGED: both objects as the view wants them */
	const char *why;                 /* why only one side has it, when that is no change: "" */
};
typedef int diff_fn(void *ctx, const struct diff_row *row, struct err *e);

struct diff_counts { uint64_t n[DIFF_COUNT_]; };
struct diff_side { const struct vbackup *b; struct reader *r; };    /* opened with hashes */
struct diff_opts {
	const struct filter_opts *filter;
	struct view               view;  /* VIEW_CONTENT, or VIEW_ALL: then hashes do not help */
};

/* From a to b, in the order of types, namespaces, names.  EK_NOTFOUND: neither has a type that the filter names.  -1 from
 * fn ends it. */
MUST_CHECK int diff_backups(const struct diff_side *a, const struct diff_side *b, const struct diff_opts *o,
	struct report *r, diff_fn *fn, void *ctx, const struct cancel *c, struct diff_counts *out, struct err *e);

/*
 * From a to what the cluster has of the types in a, type after type; what the cluster lacks comes last.  Objects that the
 * backup was not asked to hold are not told.  A type that cannot be listed is a finding.  Types are listed by a client of
 * its own, with the connection of k.
 */
MUST_CHECK int diff_live(const struct diff_side *a, struct k8s *k, const struct diff_opts *o, struct report *r,
	diff_fn *fn, void *ctx, const struct cancel *c, struct diff_counts *out, struct err *e);

#endif
