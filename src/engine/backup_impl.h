/* What the parts of a backup share: backup.c (course), backup_collect.c (objects), backup_put.c (bucket). */
#ifndef ORLOP_ENGINE_BACKUP_IMPL_H
#define ORLOP_ENGINE_BACKUP_IMPL_H

#include "archive/tarball.h"
#include "base/arena.h"
#include "base/strmap.h"
#include "engine/backup.h"
#include "engine/select.h"
#include "k8s/discovery.h"
#include "k8s/list.h"

/* A resource type while it is listed. */
struct type {
	const struct api_resource *res;
	struct tar_stream         *stream;       /* opened with the first item */
	size_t                     open;         /* lists that have not ended */
	uint64_t                   stored;
	char                      *head;         /* {"apiVersion":"v1","kind":"Pod", */
};

struct ns_item {
	struct str name, json;                   /* arena */
	bool       wanted;                       /* inside the namespace filter */
};

struct backup_work {
	struct k8s               *k;
	struct store             *st;
	const struct backup_opts *o;
	struct report            *r;
	const struct cancel      *c;
	struct vbackup           *b;

	struct discovery         *d;
	struct selection         *sel;
	struct tar_writer        *tar;
	struct arena              arena;
	struct { struct ns_item *at; size_t len, cap; } namespaces;
	struct { struct type *at; size_t len, cap; } types;
	struct { struct k8s_list *at; size_t len, cap; } lists;
	struct strmap            *used_ns;       /* namespaces that own a stored item */
	struct strmap            *needed;        /* "gr/name" of cluster-scoped objects that stored ones need */
	struct vreslist          *list;
	struct vvolumes           volumes;
	uint64_t                  items;
	bool                      narrowed;      /* filters leave something out */
};

/* --- objects --- */

/* Fills run->namespaces.  Who may not list them gets a finding and those that he named. */
MUST_CHECK int backup_list_namespaces(struct backup_work *run, struct err *e);
/* Fills run->types and run->lists. */
void backup_plan_lists(struct backup_work *run);
/* Lists everything into run->tar: the planned types, then what their objects need, then namespaces. */
MUST_CHECK int backup_collect(struct backup_work *run, struct err *e);

/* --- the bucket --- */

/* Takes the name: EK_EXISTS when there is such a backup, or somebody is making it. */
MUST_CHECK int backup_claim(struct backup_work *run, struct err *e);
/* After a failure: nothing of this run may stay. */
void backup_undo(struct backup_work *run);
/* Everything but the tarball and the metadata. */
MUST_CHECK int backup_put_side_files(struct backup_work *run, struct err *e);
/* What is known before the first object: run->b. */
MUST_CHECK int backup_describe(struct backup_work *run, const struct k8s_info *info, struct err *e);
/* Writes the metadata: from here on the backup exists. */
MUST_CHECK int backup_publish(struct backup_work *run, struct err *e);

#endif
