/*
 * Edits of restored objects that the user asks for: maps of storage classes and images (velero-format 4.7), of hosts and
 * zones, of the namespaces that objects name (4.4), and resource modifiers (4.10).  Built once per restore; it remembers
 * which entries of its maps were used: one thread.
 */
#ifndef ORLOP_ENGINE_CHANGE_H
#define ORLOP_ENGINE_CHANGE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "data/jedit.h"
#include "engine/options.h"

#include <stdbool.h>

struct change;

/* EK_INVALID names the option and, in YAML, the line.  Empty options give a change that does nothing. */
MUST_CHECK struct change *change_new(const struct restore_opts *o, struct err *e);
void change_free(struct change *ch);
void change_freep(struct change **ch);
/* Whether any edit concerns objects of type gr. */
bool change_concerns(const struct change *ch, struct str gr);

struct change_item {
	struct arena *arena;
	struct str gr, ns, name;         /* as stored: conditions are about the original namespace */
	const char *(*map_ns)(void *ctx, struct str ns);                     /* target of a source namespace; never NULL */
	bool (*class_exists)(void *ctx, struct str name);                    /* storage class, in the target */
	/* A rule that could not be applied; the object is restored without it (velero-format 4.10). */
	void (*problem)(void *ctx, const char *text);
	void *ctx;
};
/*
 * All maps, then all matching rules in order.  With more than one rule their conditions look at the
 * object as it was before the first of them.  EK_NOTFOUND: a new storage class does not exist: the object must not be
 * restored.
 */
MUST_CHECK int change_apply(struct change *ch, const struct change_item *it, struct jnode **obj, struct err *e);

/*
 * Before anything is written: does every entry of the maps match something?  The restore shows the objects that
 * change_unproven is true for, until there are none; change_look changes obj (a copy to throw away) by the maps only.
 */
bool change_unproven(const struct change *ch, struct str gr);
MUST_CHECK int change_look(struct change *ch, const struct change_item *it, struct jnode *obj, struct err *e);
/* After that.  EK_NOTFOUND names the first entry that matched nothing, or whose storage class does not exist. */
MUST_CHECK int change_check(const struct change *ch, bool (*class_exists)(void *ctx, struct str name), void *ctx,
	struct err *e);

#endif
