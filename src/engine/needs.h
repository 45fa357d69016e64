/*
 * What an object refers to: the one place that knows references between objects.  Any thread.
 * Sources: the API reference of Kubernetes; the "additional items" of Velero's actions (velero-format 3.6, 4.7).
 */
#ifndef ORLOP_ENGINE_NEEDS_H
#define ORLOP_ENGINE_NEEDS_H

#include "base/str.h"
#include "k8s/discovery.h"

#include <stdbool.h>

#define NEEDS_SUBJECT "subject"         /* what a binding uses service accounts as */

enum needs_level {
	NEEDS_VELERO,                /* what Velero takes along: a pod's claims and priority class, a claim's volume */
	NEEDS_ALL                    /* everything named, but what every cluster has by itself (service account "default") */
};

/* A reference.  The texts live during the call, as and gr, when it is not empty, forever. */
struct need {
	struct str  gr;              /* "secrets"; empty: by group and kind, see needs_resolve */
	struct str  group, kind;     /* as the object names them; empty unless gr is */
	struct str  ns, name;        /* ns is empty for cluster-scoped ones */
	const char *as;              /* what for: "envFrom", "owner", ... */
	bool        optional;        /* the object can do without */
};
typedef void needs_fn(void *ctx, const struct need *n);

/* Calls fn for each reference of the object (valid JSON of type gr in namespace ns), in the order of the JSON; the same
 * object may be told several times. */
void needs_each(struct str gr, struct str ns, struct str json, enum needs_level level, needs_fn *fn, void *ctx);

bool needs_any(struct str gr, enum needs_level level);           /* can objects of this type need others? */

/* Finds the type of a reference by kind: sets gr, borrowed from d, and empties ns for a cluster-scoped one.  True for those
 * that have a gr, too; false: d does not know the kind. */
bool needs_resolve(struct need *n, const struct discovery *d);

/*
 * Rights come the other way round: a ClusterRoleBinding or RoleBinding (valid JSON) names service accounts.  Calls fn for
 * each until it says true.  *role: its ClusterRole (a slice of the JSON), empty for none.
 */
typedef bool needs_account_fn(void *ctx, struct str ns, struct str name);
bool needs_binding(struct str json, needs_account_fn *fn, void *ctx, struct str *role);

#endif
