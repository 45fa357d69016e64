/*
 * What is different between two JSON documents, field by field.  Lists whose elements have a key (data/jfield.h) are
 * compared element by element whatever their order; another order of the same elements is a difference of its own, of the
 * field "list[*].key".  Of other lists what is equal at both ends is left out.  Absent, null, {} and [] are four
 * different things.  Any thread; no state but the caller's.
 */
#ifndef ORLOP_DATA_JDIFF_H
#define ORLOP_DATA_JDIFF_H

#include "base/err.h"
#include "base/str.h"
#include "data/jfield.h"

/* a and b: raw values, valid during the call; an empty slice: the field is not there. */
typedef int jdiff_fn(void *ctx, struct str path, struct str a, struct str b, struct err *e);

/* Both must have passed json_check.  Calls fn in the order of the keys, and of the lists of b; its -1 ends it.
 * EK_LIMIT: a path is longer than LIMIT_OBJECT. */
MUST_CHECK int jdiff(struct str a, struct str b, jdiff_fn *fn, void *ctx, struct err *e);

#endif
