/*
 * Fields of a JSON document and how they are called: "spec.replicas", "metadata.labels[\"app.kubernetes.io/name\"]",
 * "spec.containers[name=web].image", "args[3]".  Documents must have passed json_check.  Any thread.
 */
#ifndef ORLOP_DATA_JFIELD_H
#define ORLOP_DATA_JFIELD_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "data/jscan.h"

#include <stddef.h>

/* Append a step to a path.  key: as it stands in the document, without its quotes.  EK_LIMIT from path only. */
MUST_CHECK int jfield_key(struct buf *path, struct str key, struct err *e);
MUST_CHECK int jfield_index(struct buf *path, size_t i, struct err *e);
/* The element of a list in which key has this raw value. */
MUST_CHECK int jfield_match(struct buf *path, const char *key, struct str value, struct err *e);

/* The member by which the elements of these lists are told apart, as Kubernetes does when it merges them ("name",
 * "mountPath" ...): every element of both has it, and none twice.  NULL: they are lists of something else. */
const char *jfield_list_key(struct str a, struct str b);

/* Calls fn with each value that is no object or list, and each empty one, in the order of the document.  fn's -1 ends it.
 * EK_LIMIT: a path is longer than LIMIT_OBJECT. */
typedef int jfield_fn(void *ctx, struct str path, struct str value, struct err *e);
MUST_CHECK int jfield_each(struct str doc, jfield_fn *fn, void *ctx, struct err *e);

#endif
