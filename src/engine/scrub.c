/* Edits that every object gets. */
#include "engine/scrub.h"

static const char *const server_set[] = {
	"generateName", "selfLink", "uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp",
	"deletionGracePeriodSeconds", "ownerReferences",
};

enum scrub_verdict
scrub_precheck(struct str gr, struct jnode *obj)
{
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

struct str
scrub_manager(struct jnode *obj)
{
	struct str manager = { NULL, 0 };

	for (struct jnode *m = jnode_first(jnode_walk(obj, "metadata", "managedFields", NULL)); m != NULL;
	     m = jnode_next(m)) {
		if (jnode_text(jnode_get(m, "subresource")).len > 0)
			continue;
		if (manager.len > 0 || !jnode_is_text(jnode_get(m, "operation"), "Update"))
			return (struct str){ NULL, 0 };
		manager = jnode_text(jnode_get(m, "manager"));
	}
	return manager;
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
