/* Velero's resource policies (velero-format 3.8), read from a file instead of a ConfigMap.  Immutable; any thread. */
#ifndef ORLOP_ENGINE_POLICY_H
#define ORLOP_ENGINE_POLICY_H

#include "base/err.h"
#include "base/vec.h"

/* includeExcludePolicy; the lists of a backup win over these. */
struct policy {
	struct strs inc_cluster_resources, exc_cluster_resources, inc_ns_resources, exc_ns_resources;
	size_t      volume_policies;     /* how many: checked, and of no effect while volumes are not backed up */
};
/* The policies themselves, or a ConfigMap whose data is one key that holds them.  Strict: EK_INVALID names the line. */
MUST_CHECK int policy_parse(const char *yaml, struct policy *out, struct err *e);
void policy_done(struct policy *p);

#endif
