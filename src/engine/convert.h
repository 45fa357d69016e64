/*
 * Objects stored in API versions that newer clusters no longer serve, rewritten as the version that they do: what an API
 * server did when it still served both (its release notes: "Deprecated API Migration Guide").  A table and pure edits;
 * any thread.
 *
 * Who plans asks convert_served: with a row, the object can be restored as to_gr in version to; with NULL and
 * convert_dropped, it is left out; else it cannot be restored.  An API server that serves the stored version needs no
 * conversion, which is for the caller to see (discovery_gvr).
 */
#ifndef ORLOP_ENGINE_CONVERT_H
#define ORLOP_ENGINE_CONVERT_H

#include "base/str.h"
#include "data/jedit.h"
#include "k8s/discovery.h"

#include <stdbool.h>

struct convert_run;
typedef void convert_fn(struct convert_run *run, struct jnode *obj);

struct conversion {
	const char *gr, *from;       /* "ingresses.extensions", "v1beta1" */
	const char *to_gr, *to;      /* "ingresses.networking.k8s.io", "v1" */
	convert_fn *edit;            /* NULL: only apiVersion changes */
};

/* The conversion of objects of type gr that are stored in version from; NULL: none. */
const struct conversion *convert_find(struct str gr, struct str from);
/* The same, if the cluster serves its target, which is in *res (may be NULL). */
const struct conversion *convert_served(const struct discovery *d, struct str gr, struct str from,
	const struct api_resource **res);
/* "apiVersion extensions/v1beta1 -> networking.k8s.io/v1"; the caller's. */
char *convert_text(const struct conversion *cv);
/* The row itself; NULL behind the last. */
const struct conversion *convert_at(size_t i);

/* Types that have no successor: why their objects are left out where they are not served.  NULL: not such a type. */
const char *convert_dropped(struct str gr);

/* What the user should know of a conversion that is not exact; text lives during the call. */
typedef void convert_note_fn(void *ctx, const char *text);
/*
 * Edits obj, its apiVersion included.  What does not have the form of its version stays as it is: the API server judges.
 * False: the new version has no room for such an object, a note says why.
 */
bool convert_object(const struct conversion *cv, struct jnode *obj, convert_note_fn *note, void *ctx);

#endif
