/* What a stored backup was asked to hold, so that what it lacks can be told from what it was not about.  Any thread. */
#ifndef ORLOP_ENGINE_SCOPE_H
#define ORLOP_ENGINE_SCOPE_H

#include "archive/vbackup.h"
#include "archive/index.h"
#include "engine/select.h"

/*
 * The filters of a backup's spec; d: the types that are asked about.  NULL: it has filters that cannot be read, and
 * nothing can be said.
 */
MUST_CHECK struct selection *scope_of(const struct vbackup *b, const struct discovery *d);

/* Would a backup with these filters hold this object?  NULL: not known, which is no. */
bool scope_holds(const struct selection *s, struct str gr, struct str ns, struct str name, struct str labels);

/* Of the types that no object has (selection_new), the first that a user wants to see: to leave out what is not there is
 * no mistake.  NULL: none.  Borrowed from unknown. */
const char *scope_unknown(const struct filter_opts *f, const struct strs *unknown);

/* 1: filters of a user take the object, 0: they do not, -1: a name pattern takes too long. */
MUST_CHECK int scope_takes(const struct selection *s, struct str gr, struct str ns, struct str name, struct str labels,
	struct err *e);

#endif
