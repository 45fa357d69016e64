/* What an object cannot do without: the "additional items" of Velero's actions (velero-format 3.6, 4.7).  Any thread. */
#ifndef ORLOP_ENGINE_NEEDS_H
#define ORLOP_ENGINE_NEEDS_H

#include "base/str.h"

#include <stdbool.h>

/* Told of each needed object; ns is empty for cluster-scoped ones.  The texts live during the call. */
typedef void needs_fn(void *ctx, struct str gr, struct str ns, struct str name);

/* Calls fn for what the object (valid JSON of type gr in namespace ns) names: a pod's claims and priority class, a
 * claim's volume. */
void needs_each(struct str gr, struct str ns, struct str json, needs_fn *fn, void *ctx);

bool needs_any(struct str gr);             /* can objects of this type need others? */

/*
 * Rights outside namespaces come the other way round: a ClusterRoleBinding (valid JSON) names service accounts.  Calls
 * fn for each until it says true.  *role: its ClusterRole (a slice of the JSON), empty for none.
 */
typedef bool needs_account_fn(void *ctx, struct str ns, struct str name);
bool needs_binding(struct str json, needs_account_fn *fn, void *ctx, struct str *role);

#endif
