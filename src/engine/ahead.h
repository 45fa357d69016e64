/*
 * Members of a tarball, read and unpacked by a thread while the one before them is used: a bucket that is far away
 * does not stall a restore.  A few at a time, in an order that is known beforehand.  Used by one thread.
 */
#ifndef ORLOP_ENGINE_AHEAD_H
#define ORLOP_ENGINE_AHEAD_H

#include "archive/index.h"
#include "base/buf.h"
#include "base/cancel.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct ahead;

/* Begins with the first of n members (numbers in ix) of the tarball key, over a connection of its own to the store.
 * members is copied; ix and c are borrowed until ahead_free. */
MUST_CHECK struct ahead *ahead_new(const char *store_url, const char *key, const struct index *ix,
	const uint32_t *members, size_t n, const struct cancel *c, struct err *e);
void ahead_free(struct ahead *a);

/* Is the member one of those that were not taken yet? */
bool ahead_has(const struct ahead *a, uint32_t member);

/* Waits for a member that ahead_has, drops those before it, and exchanges its bytes for what is in out.  A member that
 * could not be read is gone from the list. */
MUST_CHECK int ahead_take(struct ahead *a, uint32_t member, struct buf *out, struct err *e);

#endif
