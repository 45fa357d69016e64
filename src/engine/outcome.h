/*
 * What became of each object of a restore: lines of JSON, written one at a time while the restore runs, so that they survive
 * its death, and packed into the bucket at its end.  Memory does not grow with their number.  Owned by one thread.
 */
#ifndef ORLOP_ENGINE_OUTCOME_H
#define ORLOP_ENGINE_OUTCOME_H

#include "base/cancel.h"
#include "base/err.h"
#include "engine/restore.h"
#include "store/store.h"

#include <stdbool.h>

/* Texts that are not known are "". */
struct outcome {
	const char *word;                /* "created", "updated", "merged", "same", "skipped", "differs", "failed", ... */
	const char *resource;            /* "deployments.apps" */
	const char *api_version, *kind;
	const char *ns, *name;           /* in the cluster; ns "" for cluster-scoped */
	const char *from_resource, *from_ns;     /* in the backup */
	const char *uid, *version;       /* of the object after the last request that was about it */
	const char *text, *hint;         /* what was wrong, and the next step */
	bool        error;               /* text is one, not a warning */
	bool        unfinished;          /* the restore was stopped between its requests */
};

/* The word of lines that say how many of a pod's hooks have run (version): nothing else has become of it. */
#define OUTCOME_HOOKS "hooks"

/* How a word counts: its suffix in Velero's list of resources, and its counter. */
struct outcome_word { const char *word, *action; size_t counter; };
const struct outcome_word *outcome_word(const char *word);      /* never NULL */
/* Nothing is left to do about such an object. */
bool outcome_is_done(const struct outcome *o);

/* The key of an object in sets: where it is in the backup; of a namespace: in the cluster.  Heap. */
char *outcome_key(struct str resource, struct str from_ns, struct str name);

struct outcomes;
/* path: a new file; NULL: an anonymous one. */
MUST_CHECK struct outcomes *outcomes_new(const char *path, struct err *e);
void outcomes_free(struct outcomes *v);
/* A failure is told by outcomes_put. */
void outcomes_add(struct outcomes *v, const struct outcome *o);
/* Packs what was written so far into the file of restore name. */
MUST_CHECK int outcomes_put(struct outcomes *v, struct store *st, const char *name, const struct cancel *c, struct err *e);

/* Calls fn for each; o is valid during the call.  A line that is cut off at the end was never written.  EK_NOTFOUND: there
 * is no such file; EK_CORRUPT. */
typedef int outcome_fn(void *ctx, const struct outcome *o, struct err *e);
MUST_CHECK int outcomes_read(struct store *st, const char *name, outcome_fn *fn, void *ctx, const struct cancel *c,
	struct err *e);
MUST_CHECK int outcomes_read_file(const char *path, outcome_fn *fn, void *ctx, struct err *e);

#endif
