/* Re-reads a backup and checks it, down to single objects: metadata > index > members > objects. */
#ifndef ORLOP_ENGINE_VERIFY_H
#define ORLOP_ENGINE_VERIFY_H

#include "base/cancel.h"
#include "base/err.h"
#include "store/store.h"

#include <stdbool.h>
#include <stdint.h>

struct verify_counts { uint64_t files, objects, damaged; };   /* objects: without other API versions of them */

/* One thing checked.  what: "file", "member", "object" or "tarball"; name: a key, or "deployments.apps/shop/web",
 * with " (v1beta1)" behind another API version of it.
 * why is NULL when it is sound (told for files only). */
typedef void verify_fn(void *ctx, const char *what, const char *name, const struct err *why);

/*
 * Streams the whole backup once, memory stays flat; progress hears of the bytes (may be NULL).  0 also when damage was
 * found: see out->damaged.  A backup without our checksums is unpacked and parsed, and that is all that can be said of it.  EK_NOTFOUND: no such backup.
 */
MUST_CHECK int verify_run(struct store *st, const char *name, verify_fn *fn, void *ctx,
	void (*progress)(void *ctx, uint64_t bytes), const struct cancel *c, struct verify_counts *out, struct err *e);

#endif
