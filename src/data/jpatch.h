/*
 * Patches of documents: RFC 6901 (pointers), RFC 6902 (JSON Patch) and RFC 7386 (merge patch), applied to trees of
 * data/jedit.h, so that bytes outside the changed places stay as they are.  After a failure a tree is changed halfway:
 * throw it away.
 * Any thread; no state but the caller's.
 */
#ifndef ORLOP_DATA_JPATCH_H
#define ORLOP_DATA_JPATCH_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "data/jedit.h"

#include <stdbool.h>
#include <stddef.h>

/* From MOVE on they need a value that is there. */
enum jpatch_what { JPATCH_ADD, JPATCH_REMOVE, JPATCH_REPLACE, JPATCH_MOVE, JPATCH_COPY, JPATCH_TEST };
struct jpatch_op {
	enum jpatch_what what;
	struct str       path, from;       /* pointers; from of MOVE and COPY only */
	struct str       value;            /* one valid JSON value (ADD, REPLACE, TEST); lives as long as the tree */
};
const char *jpatch_name(enum jpatch_what what);                          /* "add" */
bool jpatch_find(struct str name, enum jpatch_what *out);                /* in any case */

/* "" or "/a/b~1c/0".  EK_INVALID says what is wrong, EK_LIMIT: more than LIMIT_JSON_DEPTH parts. */
MUST_CHECK int jpointer_check(struct str pointer, struct err *e);

/*
 * The operations in order, on a document whose memory a is.  Indexes below zero count from the end, as Velero's do;
 * TEST takes an absent member for null.
 * EK_CONFLICT: a TEST failed, also because its place does not exist.  EK_NOTFOUND: the place of another operation does
 * not exist.
 * EK_LIMIT: it takes too much memory.  *done is then the number of operations that went well.
 */
MUST_CHECK int jpatch_apply(struct jnode *root, struct arena *a, const struct jpatch_op *ops, size_t n, size_t *done,
	struct err *e);

/* patch: a valid JSON value that lives as long as the tree. */
void jpatch_merge(struct jnode *root, struct str patch);

#endif
