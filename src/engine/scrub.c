/* Edits that every object gets. */
#include "engine/scrub.h"

static const char *const server_set[] = {
	"generateName", "selfLink", "uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp",
	"deletionGracePeriodSeconds", "ownerReferences",
};

/*
 * Written by each cluster's control plane about itself: another cluster's copy is wrong at best, and with the policy
 * "update" breaks it (the CA that every pod trusts, the address of the API server).
 */
static const struct {
	const char *gr, *ns, *name;      /* NULL: any */
	const char *label;               /* NULL: none needed */
} own_objects[] = {
	{ "configmaps", NULL, "kube-root-ca.crt", NULL },
	{ "services", "default", "kubernetes", NULL },
	{ "endpoints", "default", "kubernetes", NULL },
	{ "endpointslices.discovery.k8s.io", "default", "kubernetes", NULL },
	{ "leases.coordination.k8s.io", "kube-system", NULL, "apiserver.kubernetes.io/identity" },
};

static bool
is_own(struct str gr, struct str ns, struct str name, struct jnode *obj)
{
	for (size_t i = 0; i < COUNT(own_objects); i++)
		if (str_eqz(gr, own_objects[i].gr)
		    && (own_objects[i].ns == NULL || str_eqz(ns, own_objects[i].ns))
		    && (own_objects[i].name == NULL || str_eqz(name, own_objects[i].name))
		    && (own_objects[i].label == NULL
			|| jnode_walk(obj, "metadata", "labels", own_objects[i].label, NULL) != NULL))
			return true;
	return false;
}

enum scrub_verdict
scrub_precheck(struct str gr, struct str ns, struct str name, struct jnode *obj)
{
	if (is_own(gr, ns, name, obj))
		return SCRUB_SKIP;
	if (str_eq(gr, S("pods"))) {
		struct jnode *phase = jnode_walk(obj, "status", "phase", NULL);

		if (jnode_is_text(phase, "Failed") || jnode_is_text(phase, "Succeeded"))
			return SCRUB_COMPLETED;
		if (jnode_walk(obj, "metadata", "annotations", "kubernetes.io/config.mirror", NULL) != NULL)
			return SCRUB_SKIP;
	}
	if (str_eq(gr, S("jobs.batch"))
	    && jnode_text(jnode_walk(obj, "status", "completionTime", NULL)).len > 0)
		return SCRUB_COMPLETED;
	return SCRUB_KEEP;
}

void
scrub_common(struct jnode *obj)
{
	struct jnode *meta = jnode_get(obj, "metadata");

	for (size_t i = 0; i < COUNT(server_set); i++)
		jnode_del(meta, server_set[i]);
	jnode_del(obj, "status");
}

#define MANAGER_MAX 128         /* the API server's own limit */

/* One entry of managedFields more for the manager that is to be it alone.  False: it is not. */
static bool
alone(struct jnode *entry, struct str *manager)
{
	struct str name = jnode_text(jnode_get(entry, "manager"));
	bool first = manager->len == 0;

	*manager = name;
	return first && name.len > 0 && name.len <= MANAGER_MAX && jnode_is_text(jnode_get(entry, "operation"), "Update");
}

struct scrub_owners
scrub_owners(struct arena *arena, struct jnode *obj, bool with_status)
{
	struct scrub_owners out = { { NULL, 0 }, { NULL, 0 }, { NULL, 0 } };
	struct jnode *kept = jnode_open(arena, S("[]"));
	bool simple = true;

	for (struct jnode *m = jnode_first(jnode_walk(obj, "metadata", "managedFields", NULL)); m != NULL;
	     m = jnode_next(m)) {
		struct str part = jnode_text(jnode_get(m, "subresource"));
		bool status = str_eq(part, S("status"));

		if (jnode_type(m) != J_OBJ || (status && !with_status))
			continue;
		jnode_append_raw(kept, jnode_raw(m));
		/* Other subresources, such as scale, own fields of the object itself. */
		if (!alone(m, status ? &out.status_manager : &out.manager) || (part.len > 0 && !status))
			simple = false;
	}
	if (!simple) {
		out.fields = jnode_raw(kept);
		out.manager = out.status_manager = S("orlop");
	}
	if (out.manager.len == 0)
		out.manager = S("orlop");
	if (out.status_manager.len == 0)
		out.status_manager = S("orlop");
	return out;
}

void
scrub_finish(struct jnode *obj, const char *target_ns, const char *backup_label, const char *restore_label)
{
	struct jnode *meta = jnode_need_obj(obj, "metadata");

	jnode_del(meta, "managedFields");
	if (target_ns != NULL)
		jnode_set_text(meta, "namespace", str_of(target_ns));
	if (backup_label != NULL) {
		struct jnode *labels = jnode_need_obj(meta, "labels");

		jnode_set_text(labels, "velero.io/backup-name", str_of(backup_label));
		jnode_set_text(labels, "velero.io/restore-name", str_of(restore_label));
	}
}
