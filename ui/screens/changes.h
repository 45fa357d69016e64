/* What differs between two versions of an object, from a row of a comparison, as text.  UI thread. */
#ifndef ORLOP_UI_SCREENS_CHANGES_H
#define ORLOP_UI_SCREENS_CHANGES_H

#include "base/buf.h"
#include "base/str.h"

/*
 * row: JSON with "changes": [{"path","old","new"}].  Appends to text, for each, "~ PATH" and its values as YAML in lines with
 * "- " and "+ "; to where the paths, as far as they fit.  Either may be NULL.  Numbers keep their digits.
 */
void changes_put(struct str row, struct buf *text, struct buf *where);

/* The text of a finding (EV_FINDING); caller frees. */
char *finding_text(struct str json);

#endif
