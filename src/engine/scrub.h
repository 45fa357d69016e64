/*
 * Edits that make a stored object fit to be created: the common ones and Velero's built-in restore item actions
 * (velero-format 4.5, 4.7, 4.8).  Pure functions on an object; the little they must know of the restore is in
 * struct scrub.
 */
#ifndef ORLOP_ENGINE_SCRUB_H
#define ORLOP_ENGINE_SCRUB_H

#include "base/arena.h"
#include "base/err.h"
#include "data/jedit.h"

#include <stdbool.h>

enum scrub_verdict {
	SCRUB_KEEP,                  /* create it */
	SCRUB_SKIP,                  /* nothing to do, and nothing to tell (completed pod, mirror pod ...) */
	SCRUB_COMPLETED              /* as SKIP, not even counted (velero-format 4.5, step 2) */
};

struct scrub {
	struct arena *arena;         /* of the object being edited */
	/* the restore */
	bool        (*provisioned_anew)(void *ctx, struct str pv);           /* this volume is left out: claims get a new one */
	bool        (*account_exists)(void *ctx, const char *ns, struct str name);   /* service account in the target */
	void *ctx;
	bool  preserve_node_ports;
	/* the object */
	struct str ns, name;         /* as stored */
	const char *target_ns;       /* NULL: cluster-scoped */
};

typedef int scrub_fn(const struct scrub *s, struct jnode *obj, enum scrub_verdict *verdict, struct err *e);

/* Completed pods and jobs, mirror pods, objects that every cluster keeps for itself: looks at the object as it was stored,
 * status included. */
enum scrub_verdict scrub_precheck(struct str gr, struct str ns, struct str name, struct jnode *obj);

/* Takes out what the server sets, owner references and status; keeps name, labels, annotations, finalizers and, for
 * the rows that look at it, managedFields. */
void scrub_common(struct jnode *obj);
/*
 * Who owns the fields of an object, and what it takes to restore that (velero-format U3): a single manager that updated
 * it comes back as the fieldManager of the request that creates it; several, or one that applied it, need their list
 * patched in afterwards.
 */
struct scrub_owners {
	struct str manager;          /* for the create; never empty */
	struct str status_manager;   /* for the request that restores the status; never empty */
	struct str fields;           /* managedFields to patch in (arena); empty: none needed */
};
/* with_status: the status is restored, too; without it the owners of its fields are not. */
struct scrub_owners scrub_owners(struct arena *arena, struct jnode *obj, bool with_status);
/* Last step: target namespace, the two labels that say where the object comes from, and managedFields taken out.
 * Labels NULL: none are set. */
void scrub_finish(struct jnode *obj, const char *target_ns, const char *backup_label, const char *restore_label);

/* The rows' functions. */
scrub_fn scrub_pod, scrub_pvc, scrub_pv, scrub_service, scrub_service_account, scrub_secret, scrub_job,
	scrub_webhooks, scrub_crd, scrub_api_service, scrub_ip_address, scrub_signing_request;

#endif
