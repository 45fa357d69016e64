/* Which objects of a cluster go into a backup, and how they get there. */
#include "engine/backup_impl.h"

#include "base/glob.h"
#include "base/limits.h"
#include "base/mem.h"
#include "data/jscan.h"
#include "engine/kind_rules.h"

#define NEAR_WINDOW     5               /* lists at once: more do not make an API server faster ... */
#define FAR_WINDOW      24              /* ... but most types are small, and each costs a round trip */
#define NAMED_LISTS_MAX 16              /* more included namespaces than this are filtered out of whole lists */

/* --- items --- */

static bool
label_is(struct str labels, const char *key, const char *value)
{
	struct str v;

	return jget(labels, key, &v) && jstr_eq(v, str_of(value));
}

/* Marked by the user, or going away anyway (velero-format 3.5). */
static bool
left_out(const struct jmembers *meta, struct str labels)
{
	struct str v;

	return label_is(labels, "velero.io/exclude-from-backup", "true") ||
		jmembers_get(meta, S("deletionTimestamp"), &v);
}

static void
add_volume(struct backup_work *run, struct str name, struct str labels, struct str item)
{
	struct vvolume *v = vec_push(&run->volumes);
	struct str raw = { 0 };

	*v = (struct vvolume){ .pv_name = str_dup(name), .skipped = true,
		.skipped_reason = xstrdup("volumeSnapshot: the data of volumes is not part of this backup;") };
	if (jpath(item, &raw, "spec", "claimRef", "name", NULL))
		v->pvc_name = jstr_dup(raw);
	if (jpath(item, &raw, "spec", "claimRef", "namespace", NULL))
		v->pvc_namespace = jstr_dup(raw);
	if (jpath(item, &raw, "spec", "persistentVolumeReclaimPolicy", NULL))
		v->reclaim_policy = jstr_dup(raw);
	if (labels.len > 0)
		v->labels_json = str_dup(labels);
}

static struct tar_stream *
type_stream(struct backup_work *run, struct type *t)
{
	if (t->stream == NULL)
		t->stream = tar_stream_open(run->tar, str_of(t->res->gr), str_of(t->res->version),
			str_of(t->res->kind), t->res->preferred);
	return t->stream;
}

static char *
type_head(const struct api_resource *res)
{
	return xasprintf("{\"apiVersion\":\"%s\",\"kind\":\"%s\",", res->api_version, res->kind);
}

/* A name or a size that does not fit into a tarball is about one object; anything else ends the backup. */
static int
object_refused(struct backup_work *run, const struct type *t, struct str ns, struct str name, const struct err *why)
{
	AUTO_FREE char *ns_text = str_dup(ns);
	AUTO_FREE char *name_text = str_dup(name);

	if (tar_writer_failed(run->tar) || (why->kind != EK_INVALID && why->kind != EK_LIMIT))
		return -1;
	report_error(run->r, RESULT_ERROR, ns_text, t->res->gr, name_text, why);
	return 0;
}

/* Items of built-in types come without apiVersion and kind: they get the list's (velero-format 2.4). */
static int
store_split(struct backup_work *run, struct type *t, struct str ns, struct str name, const struct jsplit *split,
	struct err *e)
{
	struct str item = split->obj, labels = { 0 }, head = S(""), val, parts[2];
	uint8_t hash[INDEX_HASH_LEN];

	if (jmembers_get(&split->meta, S("labels"), &val) && jtype(val) == J_OBJ)
		labels = val;
	if (left_out(&split->meta, labels)) {
		report_log(run->r, "Skipped %s " STR_FMT "/" STR_FMT ": excluded by label or being deleted", t->res->gr,
			STR_ARG(ns), STR_ARG(name));
		return 0;
	}
	if (!jmembers_get(&split->top, S("kind"), &val))
		head = str_of(t->head);
	parts[0] = head;
	parts[1] = str_sub(item, head.len > 0 ? 1 : 0, item.len);
	index_split_hash(split, head, hash);
	if (tar_stream_add(type_stream(run, t), ns, name, labels, parts, COUNT(parts), hash, e) < 0)
		return object_refused(run, t, ns, name, e);

	t->stored++;
	if (t->track || run->narrowed)
		backup_note_stored(run, t, ns, name, item);
	/* Other versions of an object are no objects of their own. */
	if (!t->res->preferred)
		return 0;
	vreslist_add(run->list, str_of(t->res->api_version), str_of(t->res->kind), ns, name, "");
	if (ns.len > 0 && strmap_add(run->used_ns, ns))
		report_log(run->r, "Backing up namespace " STR_FMT, STR_ARG(ns));
	if (strcmp(t->res->gr, "persistentvolumes") == 0)
		add_volume(run, name, labels, item);
	run->items++;
	return 0;
}

int
backup_store(struct backup_work *run, struct type *t, struct str ns, struct str name, struct str item, struct err *e)
{
	AUTO_JSPLIT struct jsplit split = { 0 };

	if (t->claims)
		item = backup_edit_claim(run, item);
	if (!jsplit(&split, item))
		return err_set(e, EK_CORRUPT, "an item of the list of %s is no object", t->res->gr);
	return store_split(run, t, ns, name, &split, e);
}

bool
backup_wants_namespace(const struct backup_work *run, struct str ns)
{
	return selection_namespace(run->sel, ns) && !(strmap_len(run->barred) > 0 && strmap_has(run->barred, ns));
}

/* What the server does not choose.  1: yes, 0: no. */
static int
chosen(struct backup_work *run, const struct type *t, struct str ns, struct str name, struct err *e)
{
	int named = selection_name(run->sel, name, e);

	return named == 1 && t->check && backup_was_stored(run, t, ns, name) ? 0 : named;
}

static int
on_item(void *ctx, struct k8s_list *l, const struct jlist_head *head, struct str ns, struct str name,
	struct str item, struct err *e)
{
	struct backup_work *run = ctx;
	struct type *t = l->tag;
	int take = 1;

	(void)head;
	if (ns.len > 0 && !backup_wants_namespace(run, ns))
		return 0;
	if (run->picks || t->check)
		take = chosen(run, t, ns, name, e);
	if (take <= 0)
		return take;
	if ((t->claims ? backup_store(run, t, ns, name, item, e) : store_split(run, t, ns, name, l->split, e)) < 0)
		return -1;
	if (run->items % 64 == 0)
		report_progress(run->r, "listing", run->items, 0, 0);
	return 0;
}

/* No answer at all is not about one type or object: half a cluster is not a backup. */
bool
backup_ended_by(const struct err *why)
{
	return why->http == 0 && why->kind != EK_CORRUPT && why->kind != EK_LIMIT;
}

static int
on_end(void *ctx, struct k8s_list *l, const struct err *why, struct err *e)
{
	struct backup_work *run = ctx;
	struct type *t = l->tag;

	if (why != NULL) {
		if (backup_ended_by(why)) {
			*e = *why;
			return err_ctx(e, "list %s", t->res->gr);
		}
		report_error(run->r, RESULT_ERROR, l->ns != NULL ? l->ns : "", t->res->gr, "", why);
	}
	if (l->inconsistent)
		report_log(run->r, "List of %s took so long that later pages are of a newer state", t->res->gr);
	if (--t->open == 0) {
		report_log(run->r, "Backed up %llu %s%s%s", (unsigned long long)t->stored, t->res->gr,
			t->res->preferred ? "" : " as ", t->res->preferred ? "" : t->res->api_version);
		if (t->stream != NULL && tar_stream_close(TAKE(t->stream), e) < 0)
			return -1;
	}
	return 0;
}

/* --- namespaces --- */

/* With all that is in it (velero-format 3.3).  Velero records it the same way. */
static void
bar_namespace(struct backup_work *run, struct ns_item *n)
{
	n->wanted = false;
	(void)strmap_add(run->barred, n->name);
	strs_add(&run->b->exc_namespaces, n->name.p);
	report_log(run->r, "Namespace " STR_FMT " is left out: its label velero.io/exclude-from-backup says so",
		STR_ARG(n->name));
}

static int
on_namespace(void *ctx, struct k8s_list *l, const struct jlist_head *head, struct str ns, struct str name,
	struct str item, struct err *e)
{
	struct backup_work *run = ctx;
	struct ns_item *n = vec_push(&run->namespaces);
	struct str labels = { 0 };

	(void)l;
	(void)head;
	(void)ns;
	(void)e;
	(void)jpath(item, &labels, "metadata", "labels", NULL);
	*n = (struct ns_item){ arena_str(&run->arena, name), arena_str(&run->arena, item),
		selection_namespace(run->sel, name) };
	if (n->wanted && label_is(labels, "velero.io/exclude-from-backup", "true"))
		bar_namespace(run, n);
	return 0;
}

/* Who may not list namespaces can still back up those that he names. */
static void
take_named_namespaces(struct backup_work *run)
{
	const struct strs *inc = &run->o->filter.inc_namespaces;

	for (size_t i = 0; i < inc->len; i++)
		if (!glob_has_magic(str_of(inc->at[i])))
			*vec_push(&run->namespaces) = (struct ns_item){ .wanted = true,
				.name = arena_str(&run->arena, str_of(inc->at[i])) };
}

static int
on_namespaces_end(void *ctx, struct k8s_list *l, const struct err *why, struct err *e)
{
	struct backup_work *run = ctx;

	(void)l;
	if (why == NULL)
		return 0;
	if (why->http == 403) {
		report_error(run->r, RESULT_ERROR, "", "namespaces", "", why);
		take_named_namespaces(run);
		return 0;
	}
	*e = *why;
	return err_ctx(e, "list namespaces");
}

static bool
namespace_exists(const struct backup_work *run, const char *name)
{
	for (size_t i = 0; i < run->namespaces.len; i++)
		if (str_eqz(run->namespaces.at[i].name, name))
			return true;
	return false;
}

int
backup_list_namespaces(struct backup_work *run, struct err *e)
{
	static const struct k8s_list_fns fns = { on_namespace, on_namespaces_end };
	const struct strs *inc = &run->o->filter.inc_namespaces;
	struct k8s_list l = { .res = discovery_gvr(run->d, "", NULL, "namespaces") };

	if (l.res == NULL)
		return err_set(e, EK_UNAVAILABLE, "the API server does not list 'namespaces' among its resources");
	if (k8s_list_run(run->k, &l, 1, 1, run->page, &fns, run, run->c, e) < 0)
		return -1;
	for (size_t i = 0; i < inc->len; i++)
		if (!glob_has_magic(str_of(inc->at[i])) && !namespace_exists(run, inc->at[i]))
			report_finding(run->r, RESULT_ERROR, NULL, "namespaces", inc->at[i],
				"check --include-namespaces", "namespace '%s' does not exist", inc->at[i]);
	return 0;
}

/* Which namespace objects are stored: velero-format 3.4.  1: yes, 0: no. */
static int
keep_namespace(const struct backup_work *run, const struct ns_item *n, struct err *e)
{
	struct str phase, labels = { 0 };

	if (n->json.len == 0)
		return 0;
	if (strmap_has(run->used_ns, n->name))
		return 1;
	if (!n->wanted || !jpath(n->json, &phase, "status", "phase", NULL) || !jstr_eq(phase, S("Active")))
		return 0;
	if (!run->picks || !selection_all_namespaces(run->sel))
		return 1;
	(void)jpath(n->json, &labels, "metadata", "labels", NULL);
	return selection_labels(run->sel, labels) ? selection_name(run->sel, n->name, e) : 0;
}

static int
store_namespaces(struct backup_work *run, struct err *e)
{
	struct type t = { .res = discovery_gvr(run->d, "", NULL, "namespaces") };
	AUTO_FREE char *head = type_head(t.res);
	int rc = 0;

	if (!selection_resource(run->sel, S("namespaces"), false))
		return 0;
	t.head = head;
	for (size_t i = 0; rc >= 0 && i < run->namespaces.len; i++) {
		const struct ns_item *n = &run->namespaces.at[i];

		rc = keep_namespace(run, n, e);
		if (rc > 0)
			rc = backup_store(run, &t, (struct str){ 0 }, n->name, n->json, e);
	}
	if (rc >= 0 && t.stream != NULL)
		rc = tar_stream_close(t.stream, e);
	return rc;
}

/* --- what to list --- */

/* Old names of types: the same objects under two groups are stored once (velero-format 3.1; events: kind_rules). */
static bool
has_twin(const struct backup_work *run, const struct api_resource *res)
{
	static const struct { const char *resource, *group; } moved[] = { { "deployments", "apps" }, { "daemonsets", "apps" },
		{ "replicasets", "apps" }, { "networkpolicies", "networking.k8s.io" } };

	for (size_t i = 0; strcmp(res->group, "extensions") == 0 && i < COUNT(moved); i++)
		if (strcmp(res->name, moved[i].resource) == 0
		    && discovery_gvr(run->d, moved[i].group, NULL, res->name) != NULL)
			return true;
	return false;
}

static bool
storable(const struct backup_work *run, const struct api_resource *res)
{
	const unsigned need = VERB_LIST | VERB_GET | VERB_CREATE | VERB_DELETE;

	if ((!res->preferred && !run->o->all_versions) || (res->verbs & need) != need
	    || strcmp(res->gr, "namespaces") == 0 || has_twin(run, res))
		return false;
	if (!selection_resource(run->sel, str_of(res->gr), res->namespaced))
		return false;
	if (kind_rule(str_of(res->gr))->not_stored) {
		report_log(run->r, "Objects of %s are not stored by design", res->gr);
		return false;
	}
	return true;
}

static int
cmp_types(const void *a, const void *b)
{
	const struct type *x = a, *y = b;
	int by_kind = kind_cmp(str_of(x->res->gr), str_of(y->res->gr));

	if (by_kind != 0)
		return by_kind;
	if (x->res->preferred != y->res->preferred)
		return x->res->preferred ? -1 : 1;
	return strcmp(x->res->version, y->res->version);
}

struct type *
backup_type(struct backup_work *run, const struct api_resource *res)
{
	for (size_t i = 0; i < run->types.len; i++)
		if (run->types.at[i].res == res)
			return &run->types.at[i];
	return NULL;
}

struct type *
backup_add_type(struct backup_work *run, const struct api_resource *res)
{
	struct type *t = vec_push(&run->types);

	*t = (struct type){ .res = res, .head = type_head(res),
		.claims = strcmp(res->gr, "persistentvolumeclaims") == 0 };
	return t;
}

/* One list, or one for each of several selectors. */
static void
add_lists(struct backup_work *run, struct type *t, const char *ns)
{
	size_t n = selection_selectors(run->sel);

	for (size_t i = 0; i == 0 || i < n; i++) {
		*vec_push(&run->lists) = (struct k8s_list){ .res = t->res, .ns = ns, .tag = t, .remaining = -1,
			.selector = n > 0 ? selector_text(selection_selector(run->sel, i)) : NULL };
		t->open++;
	}
}

/* Types in the order of a restore, so that a restore reads the tarball front to back. */
void
backup_plan_lists(struct backup_work *run)
{
	size_t named = 0;

	for (size_t i = 0; i < run->d->all.len; i++)
		if (storable(run, &run->d->all.at[i]))
			(void)backup_add_type(run, &run->d->all.at[i]);
	if (run->types.len > 0)
		qsort(run->types.at, run->types.len, sizeof *run->types.at, cmp_types);
	if (!selection_all_namespaces(run->sel))
		for (size_t i = 0; i < run->namespaces.len; i++)
			named += run->namespaces.at[i].wanted;
	for (size_t i = 0; i < run->types.len; i++) {
		struct type *t = &run->types.at[i];

		if (!t->res->namespaced || selection_all_namespaces(run->sel) || named > NAMED_LISTS_MAX) {
			add_lists(run, t, NULL);
			continue;
		}
		for (size_t j = 0; j < run->namespaces.len; j++)
			if (run->namespaces.at[j].wanted)
				add_lists(run, t, arena_strdup(&run->arena, run->namespaces.at[j].name));
	}
}

/* What lists opened is closed by their ends; the rest is of objects that were asked for one by one. */
static int
close_streams(struct backup_work *run, struct err *e)
{
	for (size_t i = 0; i < run->types.len; i++)
		if (run->types.at[i].stream != NULL && tar_stream_close(TAKE(run->types.at[i].stream), e) < 0)
			return -1;
	return 0;
}

int
backup_collect(struct backup_work *run, struct err *e)
{
	static const struct k8s_list_fns fns = { on_item, on_end };
	unsigned usual = k8s_is_far(run->k) ? FAR_WINDOW : NEAR_WINDOW;
	unsigned window = run->o->window > 0 ? run->o->window : usual;

	if (backup_store_ordered(run, e) < 0)
		return -1;
	if (k8s_list_run(run->k, run->lists.at, run->lists.len, window, run->page, &fns, run, run->c, e) < 0)
		return -1;
	return backup_store_related(run, e) < 0 || close_streams(run, e) < 0 || store_namespaces(run, e) < 0 ? -1 : 0;
}
