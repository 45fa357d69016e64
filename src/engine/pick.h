/*
 * Single objects that a restore is about: --include-object, --exclude-object, --objects-from.  An entry is
 * KIND/NAMESPACE/NAME, outside namespaces KIND/NAME; each part is exact, a glob, "~" and a pattern (PCRE2, anywhere in
 * the part), or "*".  A part that is a pattern also stands for itself as text.  Owned by one thread.
 */
#ifndef ORLOP_ENGINE_PICK_H
#define ORLOP_ENGINE_PICK_H

#include "archive/index.h"
#include "base/err.h"
#include "engine/options.h"
#include "k8s/discovery.h"

#include <stdbool.h>

struct picks;

/*
 * Reads the entries of o; kinds are looked up in the cluster, then in the backup (stored).  *out is NULL when there are
 * none: then nothing is picked.  EK_INVALID names option or line: not such an entry, bad pattern, a namespace for a kind
 * outside namespaces or none for one inside, a kind that is never restored (but in the list: picks_never), an empty file.  EK_NOTFOUND: a kind that
 * neither has, with the nearest one.  EK_LIMIT: too many patterns.
 */
MUST_CHECK int picks_new(const struct restore_opts *o, const struct discovery *cluster, const struct discovery *stored,
	struct picks **out, struct err *e);
void picks_free(struct picks *p);
void picks_freep(struct picks **p);

struct pick_verdict {
	bool named;                  /* an entry includes it */
	bool chosen;                 /* named, or nothing is included by entries; and not excluded */
	bool excluded;
};
/* p may be NULL.  Remembers which entries met something.  -1 EK_LIMIT: a pattern takes too long. */
MUST_CHECK int picks_judge(struct picks *p, const struct index_entry *en, struct pick_verdict *v, struct err *e);

/*
 * Lines of the list whose kind is never restored, *gr the first such kind: a list that `backup ls` wrote has them, and is
 * no mistake.  They choose nothing that is restored.  *gr is borrowed.
 */
size_t picks_never(const struct picks *p, const char **gr);

/* After everything in the backup was judged.  EK_NOTFOUND: an entry met nothing; names what is near it. */
MUST_CHECK int picks_check(const struct picks *p, const struct index *ix, struct err *e);

#endif
