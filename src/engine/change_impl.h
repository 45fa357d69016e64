/*
 * What the parts of change share: change.c (course, storage classes), change_pods.c (images, zones), change_refs.c
 * (namespaces and hosts), change_rules.c (reading resource modifiers), change_run.c (applying them), change_strategic.c
 * (strategic merge patches).
 */
#ifndef ORLOP_ENGINE_CHANGE_IMPL_H
#define ORLOP_ENGINE_CHANGE_IMPL_H

#include "base/regex.h"
#include "base/vec.h"
#include "data/jpatch.h"
#include "data/yaml.h"
#include "engine/change.h"
#include "engine/maps.h"
#include "k8s/selector.h"

enum patch_kind { PATCH_JSON, PATCH_MERGE, PATCH_STRATEGIC };

struct ops VEC_OF(struct jpatch_op);
struct rule {
	unsigned         line;
	struct strs      types, namespaces;    /* globs; no namespaces: all */
	struct regex    *name;                 /* NULL: all */
	struct selector *labels;               /* NULL: all */
	struct ops       matches;              /* tests */
	enum patch_kind  kind;
	struct ops       ops;                  /* PATCH_JSON */
	struct { struct str *at; size_t len, cap; } patches;   /* else: JSON objects */
};
struct rules {
	struct rule *at;
	size_t       len, cap;
	struct arena texts;                    /* of matches, ops and patches */
};

/* --- change_pods.c --- */

bool change_has_pod(struct str gr);
/* The pod's spec, or NULL.  Only for types that have one. */
struct jnode *change_pod(struct str gr, struct jnode *obj);

/* names: registries and repositories, as whole parts of full names; parts: any text, as Velero does it. */
struct change_images { struct name_map *names, *parts; };
MUST_CHECK int pods_images(const struct change_images *ci, const struct change_item *it, struct jnode *obj, struct err *e);
bool zones_concern(struct str gr);
void zones_map(struct name_map *zones, const struct change_item *it, struct jnode *obj);
/* Takes out nodeSelector and nodeAffinity. */
void pods_drop_affinity(struct str gr, struct jnode *obj);

/* --- change_refs.c --- */

bool refs_concern(struct str gr, bool hosts);
/* hosts NULL: maps the namespaces that are named, else the hosts. */
void refs_map(const struct change_item *it, struct name_map *hosts, struct jnode *obj);

/* --- change_rules.c, change_run.c, change_strategic.c --- */

/* The entries of a ConfigMap, or of the document itself when it is none.  EK_INVALID: it has none. */
MUST_CHECK int change_data(const struct ynode *doc, const char *name, const struct ynode **out, struct err *e);

/* Adds to out.  EK_INVALID, EK_LIMIT: the message starts with the option and the line. */
MUST_CHECK int rules_parse(const char *yaml, const char *name, struct rules *out, struct err *e);
void rules_done(struct rules *rs);

bool rules_concern(const struct rules *rs, struct str gr);
/* Failures go to it->problem. */
void rules_apply(struct rules *rs, const struct change_item *it, struct jnode **obj);

/*
 * '*' matches within a part between separators, '**' beyond it, too; '?', '[abc]', '[!a-z]'; '\' quotes.  sep 0: there
 * are no parts.  Texts longer than LIMIT_NAME match nothing.
 */
bool change_glob(struct str pattern, struct str text, char sep);

/*
 * patch: a JSON object that lives as long as a.  EK_INVALID: it is malformed, does not fit the object, or the API has
 * no strategic merge patches for this type: it is a custom resource.
 */
MUST_CHECK int strategic_merge(struct jnode *obj, struct arena *a, struct str gr, struct str patch, struct err *e);

#endif
