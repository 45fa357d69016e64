/* What a restore would do, object by object, without doing it.  Straight-line code on the job's thread. */
#ifndef ORLOP_ENGINE_PLAN_H
#define ORLOP_ENGINE_PLAN_H

#include "base/cancel.h"
#include "base/err.h"
#include "engine/options.h"
#include "engine/preflight.h"
#include "engine/report.h"
#include "k8s/client.h"
#include "store/store.h"

#include <stdint.h>

enum plan_action {
	PLAN_CREATE,
	PLAN_SAME,                   /* the cluster has it like this */
	PLAN_DIFFERS,                /* the cluster has another version, which stays */
	PLAN_UPDATE,                 /* ... which is changed (--existing-resource-policy update) */
	PLAN_MERGE,                  /* a service account: what it lacks is added */
	PLAN_APPLY,                  /* ... applied (policy apply) */
	PLAN_RECREATE,               /* ... deleted and created again (policy recreate) */
	PLAN_DELETE,                 /* the backup does not have it (--prune) */
	PLAN_SKIP,                   /* by the rules of its kind */
	PLAN_BLOCKED,                /* it cannot be restored */
	PLAN_COUNT_
};
const char *plan_action_text(enum plan_action a);        /* "create" */

struct plan_row {
	enum plan_action action;
	const char *resource, *kind; /* "deployments.apps", "Deployment" */
	const char *ns, *name;       /* in the cluster; ns "" for cluster-scoped */
	struct str  diff;            /* of what is there and differs: merge patch (RFC 7386) from the cluster's to the backup's */
	const char *why;             /* SKIP, BLOCKED; what was added to the selection: because of what; else "" */
	const char *uid, *version;   /* of what the cluster has; "": nothing, or it was not looked at */
	const char *hash;            /* of its content, when the restore would change it; else "" */
	const char *from_ns;         /* in the backup; "" of what is not namespaced, and of namespaces, which go by their target */
	/* Not NULL: a finding of the preflight, before all objects; nothing else is set. */
	const struct preflight_finding *finding;
};
typedef int plan_fn(void *ctx, const struct plan_row *row, struct err *e);

struct plan_counts { uint64_t n[PLAN_COUNT_]; };

/*
 * Foresees restore_run with the same options: reads the backup, lists what the cluster has of each type in it, and tells
 * fn of each object, type after type in the order of the restore.  Writes nothing, in the cluster or in the store.  Types
 * are listed by a client of its own, with the connection of k.  -1 from fn ends it.  Errors as restore_run.
 */
MUST_CHECK int plan_run(struct k8s *k, struct store *st, const struct restore_opts *o, struct report *r,
	plan_fn *fn, void *ctx, const struct cancel *c, struct plan_counts *out, struct err *e);

#endif
