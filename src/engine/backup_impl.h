/*
 * What the parts of a backup share: backup.c (course), backup_collect.c (objects), backup_order.c (those that come
 * first), backup_related.c (those that others need), backup_put.c (bucket).
 */
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
	bool                       claims;       /* PersistentVolumeClaims: see backup_edit_claim */
	bool                       track;        /* what is stored is noted in run->stored */
	bool                       check;        /* what is in run->stored may be listed again */
};

struct ns_item {
	struct str name, json;                   /* arena */
	bool       wanted;                       /* inside the namespace filter */
};

/* An object that is asked for by its name. */
struct named_item {
	const struct api_resource *res;
	const char                *ns, *name;    /* arena; ns NULL: cluster-scoped */
	const char                *path;         /* arena */
};
struct named_items VEC_OF(struct named_item *);   /* arena */

struct backup_work {
	struct k8s               *k;
	struct store             *st;
	const struct backup_opts *o;
	struct report            *r;
	const struct cancel      *c;
	struct vbackup           *b;

	struct discovery         *d;
	struct selection         *sel;
	struct policy             policy;
	struct tar_writer        *tar;
	struct arena              arena;
	struct arena              scratch;       /* of one object */
	struct { struct ns_item *at; size_t len, cap; } namespaces;
	struct { struct type *at; size_t len, cap; } types;
	struct { struct k8s_list *at; size_t len, cap; } lists;
	struct strmap            *used_ns;       /* namespaces that own a stored item */
	struct strmap            *barred;        /* namespaces that their label excludes */
	struct strmap            *stored;        /* keys of what must not be stored twice (backup_was_stored) */
	struct strmap            *accounts;      /* "ns/name" of stored service accounts whose bindings are looked for */
	struct strmap            *needed;        /* keys of what is in "queue" */
	struct named_items        queue;         /* what stored objects need and no list brings */
	struct named_items        ordered;       /* what is stored first */
	struct buf                key;           /* for look-ups in these */
	struct vreslist          *list;
	struct vvolumes           volumes;
	int64_t                   start_mono_ns;
	uint64_t                  items;
	bool                      narrowed;      /* filters leave something out */
	unsigned                  page;          /* items per list request */
	bool                      picks;         /* they do so by labels or names */
	bool                      bindings;      /* accounts are collected */
};

/* --- objects --- */

/* Fills run->namespaces.  Who may not list them gets a finding and those that he named. */
MUST_CHECK int backup_list_namespaces(struct backup_work *run, struct err *e);
/* Is this namespace inside the filter, and not excluded by its label? */
bool backup_wants_namespace(const struct backup_work *run, struct str ns);
/* Fills run->types and run->lists. */
void backup_plan_lists(struct backup_work *run);
/* What asks for one object; in run->arena. */
struct named_item *backup_named_item(struct backup_work *run, const struct api_resource *res, struct str ns,
	struct str name);
/* The planned type of res; NULL: none.  Borrowed until a type is added. */
struct type *backup_type(struct backup_work *run, const struct api_resource *res);
struct type *backup_add_type(struct backup_work *run, const struct api_resource *res);
/* Puts one object, valid JSON as a list or a GET has it, into the tarball, unless its label or its end forbids it. */
MUST_CHECK int backup_store(struct backup_work *run, struct type *t, struct str ns, struct str name, struct str item,
	struct err *e);
/* No answer at all is not about one type or object: half a cluster is not a backup. */
bool backup_ended_by(const struct err *why);
/* Lists everything into run->tar: the planned types, then what their objects need, then namespaces. */
MUST_CHECK int backup_collect(struct backup_work *run, struct err *e);

/* Reads --ordered-resources against run->d into run->ordered and run->b.  EK_INVALID. */
MUST_CHECK int backup_order(struct backup_work *run, struct err *e);
/* Stores run->ordered, as far as the filters want it. */
MUST_CHECK int backup_store_ordered(struct backup_work *run, struct err *e);

/* A claim without what would tie it to its past (velero-format 3.6, velero.io/pv); item itself when there is nothing
 * of that.  In run->scratch, until the next call. */
struct str backup_edit_claim(struct backup_work *run, struct str item);

/* Decides which types are tracked, after the lists were planned. */
void backup_plan_related(struct backup_work *run);
/* After an object was stored. */
void backup_note_stored(struct backup_work *run, const struct type *t, struct str ns, struct str name, struct str item);
bool backup_was_stored(struct backup_work *run, const struct type *t, struct str ns, struct str name);
/* After the lists: what stored objects need. */
MUST_CHECK int backup_store_related(struct backup_work *run, struct err *e);

/* --- the bucket --- */

/* Everything but the tarball and the metadata. */
MUST_CHECK int backup_put_side_files(struct backup_work *run, struct err *e);
/* What is known before the first object: run->b. */
MUST_CHECK int backup_describe(struct backup_work *run, const struct k8s_info *info, struct err *e);
/* Writes the metadata: from here on the backup exists. */
MUST_CHECK int backup_publish(struct backup_work *run, struct err *e);

#endif
