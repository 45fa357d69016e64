/* What the parts of a restore share: restore.c (course), restore_plan.c (selection), restore_item.c (one object). */
#ifndef ORLOP_ENGINE_RESTORE_IMPL_H
#define ORLOP_ENGINE_RESTORE_IMPL_H

#include "archive/index.h"
#include "archive/layout.h"
#include "base/arena.h"
#include "base/strmap.h"
#include "engine/reader.h"
#include "engine/restore.h"
#include "engine/select.h"
#include "k8s/discovery.h"

struct item;

struct restore {
	struct k8s                *k;
	struct store              *st;
	const struct restore_opts *o;
	struct report             *r;
	const struct cancel       *c;
	struct vbackup             backup;
	struct reader             *reader;
	const struct index        *ix;
	struct discovery          *d;
	struct selection          *sel;
	struct vvolumes            volumes;
	struct arena               arena;            /* lives as long as the restore */
	struct strmap             *ns_map;           /* source namespace -> char *target */
	struct strmap             *bad_ns;           /* target namespaces that could not be had */
	struct strmap             *anew;             /* volumes that are not restored: claims get new ones */
	struct vreslist           *list;
	struct restore_counts      n;
	uint64_t                   done;             /* of n.selected */
	int64_t                    start_unix_ns;
	unsigned                   silent;           /* requests in a row that got no answer */
	struct item               *live;             /* objects whose requests are under way (restore_item.c) */
	char backup_label[LAYOUT_LABEL_MAX], restore_label[LAYOUT_LABEL_MAX];

	/* What is restored, in order: by kind_cmp, then as it stands in the tarball. */
	struct { const struct index_entry **at; size_t len, cap; } plan;
};

/* Target of a source namespace: mapped or itself.  Lives as long as the restore. */
const char *restore_map_ns(struct restore *rs, struct str ns);

/* Fills rs->plan: filters, then what selected objects need (velero-format 4.2, 4.7 "additional items"). */
MUST_CHECK int restore_plan(struct restore *rs, struct err *e);

/* Decides for every planned volume whether it is restored (velero-format 4.8); fills rs->anew. */
MUST_CHECK int restore_plan_volumes(struct restore *rs, struct err *e);

/* Runs the objects plan[from, to), a window at a time.  Failures of objects are findings.  created (may be NULL)
 * collects the names of those that were created. */
MUST_CHECK int restore_objects(struct restore *rs, size_t from, size_t to, struct strs *created, struct err *e);

/* After an interrupted restore_objects: takes the answers to what was sent, until rs->c fires, and drops the rest. */
void restore_end_items(struct restore *rs);

/* Makes sure that the target namespaces of everything planned exist. */
MUST_CHECK int restore_namespaces(struct restore *rs, struct err *e);

#endif
