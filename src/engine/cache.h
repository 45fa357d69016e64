/*
 * Texts read from stores, kept for the next time below $XDG_CACHE_HOME/orlop.  Files are the user's own (0600) and safe
 * to delete; together they stay below CACHE_MAX bytes, those not used for longest go first.  No bytes of Kubernetes
 * objects belong in here (docs/design-notes.md).  Any thread, any number of processes.
 */
#ifndef ORLOP_ENGINE_CACHE_H
#define ORLOP_ENGINE_CACHE_H

#include "base/buf.h"

#include <stdbool.h>

#define CACHE_MAX (256 * MIB)

/* Appends what was put under key (any bytes; it names what is cached and its version).  False: it is not there, is
 * not what was put, or more than out->max; out is then unchanged. */
bool cache_get(struct str key, struct buf *out);

/* Failures (no home, disk full) are only logged: the text is read again the next time. */
void cache_put(struct str key, struct str data);

#endif
