/*
 * Pieces of work on a store, such as opening backups, several on their way at once: each is done by one of a few threads
 * that have a connection of their own, the results are taken in order.  What is done and not taken yet is bounded.
 */
#ifndef ORLOP_ENGINE_ABREAST_H
#define ORLOP_ENGINE_ABREAST_H

#include "base/cancel.h"
#include "base/err.h"
#include "store/store.h"

#include <stddef.h>
#include <stdint.h>

struct abreast;

/*
 * Does piece i, which is begun after all before it.  st belongs to the calling thread: nothing may keep it.  NULL: there is
 * none, or the job was canceled, and e says so: to be returned as -1, once those that wait for this piece were told.
 */
typedef int abreast_fn(void *ctx, struct abreast *a, size_t i, struct store *st, const struct cancel *c, struct err *e);

/* Begins with the first of n pieces.  ctx and c are borrowed until abreast_free. */
MUST_CHECK struct abreast *abreast_new(const char *store_url, size_t n, abreast_fn *fn, void *ctx, const struct cancel *c,
	struct err *e);
void abreast_free(struct abreast *a);            /* stops what is on its way, waits for it; NULL is fine */
void abreast_freep(struct abreast **a);

/* Inside a piece: it is about to hold so many objects in memory; waits until others leave room for them, or it is the
 * next one to be taken.  EK_CANCELED. */
MUST_CHECK int abreast_hold(struct abreast *a, size_t i, uint64_t objects, struct err *e);

/* Waits for piece i, the one after the last that was taken, and returns its result.  What the one before it held counts
 * as given back. */
MUST_CHECK int abreast_take(struct abreast *a, size_t i, struct err *e);

#endif
