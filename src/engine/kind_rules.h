/* What differs per resource type: order of restore, edits, readiness.  One table, searched by GR. */
#ifndef ORLOP_ENGINE_KIND_RULES_H
#define ORLOP_ENGINE_KIND_RULES_H

#include "base/str.h"
#include "engine/scrub.h"

#include <stdbool.h>

struct kind_rule {
	const char *gr;
	int         rank;            /* ascending: restored earlier; RANK_OTHER for types without a row */
	bool        never;           /* never restored (velero-format 4.2) */
	bool        not_stored;      /* not stored either: the same objects are stored under another name, or by another feature */
	scrub_fn   *scrub;           /* edits beyond the common ones; NULL: none */
};
#define RANK_OTHER 1000

/* The row for a GR; a default row for types without one.  Never NULL. */
const struct kind_rule *kind_rule(struct str gr);
/* The rows one after another; NULL behind the last. */
const struct kind_rule *kind_rule_at(size_t i);
/* Order of two types: by rank, then by name (velero-format 4.3). */
int kind_cmp(struct str gr_a, struct str gr_b);

#endif
