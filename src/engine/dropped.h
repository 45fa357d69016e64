/* Fields of an object that a server takes and leaves out: unknown to it, or of a feature that is off.  Any thread. */
#ifndef ORLOP_ENGINE_DROPPED_H
#define ORLOP_ENGINE_DROPPED_H

#include "base/buf.h"
#include "base/str.h"

/*
 * Appends the paths (data/jfield.h) of fields that sent has and the answer to its create lacks, the first few and how
 * many more; nothing when there are none.  Values that writers of JSON leave out (null, false, 0, "", [] and {}) are no
 * loss.  Of metadata only labels and annotations are looked at, of status nothing.  Both have passed json_check.
 * EK_LIMIT: as jdiff.
 */
MUST_CHECK int dropped_fields(struct str sent, struct str answer, struct buf *out, struct err *e);

#endif
