/* Claims as a backup stores them (velero-format 3.6, velero.io/pv). */
#include "engine/backup_impl.h"

#include "data/jedit.h"

/* Without them a restored claim would wait for the volume, snapshot or claim it was once made from. */
static bool
cut_ties(struct jnode *spec)
{
	struct jnode *class_name = jnode_get(spec, "storageClassName");
	bool by_hand = jnode_is_text(class_name, "");
	bool changed = jnode_del(spec, "dataSource");

	changed |= jnode_del(spec, "dataSourceRef");
	/* Only a claim without any class finds its volume by labels. */
	return (!by_hand && jnode_del(spec, "selector")) || changed;
}

static bool
cut_selector(struct jnode *labels)
{
	bool changed = false;

	for (struct jnode *l = jnode_first(labels), *next; l != NULL; l = next) {
		next = jnode_next(l);
		if (!str_starts(jnode_key(l), S("velero.io/")))
			continue;
		jnode_remove(l);
		changed = true;
	}
	return changed;
}

static bool
cut_labels(struct jnode *labels, const char *backup)
{
	struct jnode *of = jnode_get(labels, VB_LABEL_BACKUP);
	bool changed = jnode_del(labels, VB_LABEL_RESTORE);

	changed |= jnode_del(labels, "velero.io/volume-snapshot-name");
	changed |= jnode_del(labels, "backup.velero.io/must-include-additional-items");
	return (of != NULL && !jnode_is_text(of, backup) && jnode_del(labels, VB_LABEL_BACKUP)) || changed;
}

struct str
backup_edit_claim(struct backup_work *run, struct str item)
{
	struct jnode *doc, *spec;
	bool changed;

	arena_reset(&run->scratch);
	doc = jnode_open(&run->scratch, item);
	spec = jnode_get(doc, "spec");
	if (!jnode_is_text(jnode_walk(doc, "status", "phase", NULL), "Bound")
	    || jnode_text(jnode_get(spec, "volumeName")).len == 0)
		return item;
	changed = cut_ties(spec);
	changed |= cut_selector(jnode_walk(spec, "selector", "matchLabels", NULL));
	changed |= cut_labels(jnode_walk(doc, "metadata", "labels", NULL), run->o->name);
	return changed ? jnode_raw(doc) : item;
}
