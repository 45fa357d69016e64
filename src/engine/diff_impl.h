/* Inside engine/diff*.c only: what both comparisons share. */
#ifndef ORLOP_ENGINE_DIFF_IMPL_H
#define ORLOP_ENGINE_DIFF_IMPL_H

#include "base/limits.h"
#include "base/vec.h"
#include "engine/diff.h"
#include "engine/select.h"

struct entries VEC_OF(const struct index_entry *);
void entries_free(struct entries *v);
/* The entries that the filter takes, by type, namespace and name. */
MUST_CHECK int diff_entries(const struct reader *r, const struct selection *s, struct entries *out, struct err *e);
int diff_order(const struct index_entry *a, const struct index_entry *b);

struct diff {
	const struct diff_opts *o;
	struct report          *r;
	diff_fn                *fn;
	void                   *ctx;
	const struct cancel    *c;
	struct diff_counts     *n;
	struct buf              a, b;    /* the two objects at hand, as they are shown */
};
#define DIFF_INIT(o, r, fn, ctx, c, n) { o, r, fn, ctx, c, n, BUF_INIT(2 * LIMIT_OBJECT), BUF_INIT(2 * LIMIT_OBJECT) }
void diff_done(struct diff *d);

/* Tells of an object that only one side has; why: "" or why that is no change. */
MUST_CHECK int diff_tell(struct diff *d, enum diff_what what, const struct index_entry *en, const char *why, struct err *e);
/* Compares two objects, and tells if they differ. */
MUST_CHECK int diff_objects(struct diff *d, const struct index_entry *en, struct str a, struct str b, struct err *e);

#endif
