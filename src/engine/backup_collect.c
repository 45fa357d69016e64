/* Which objects of a cluster go into a backup, and how they get there. */
#include "engine/backup_impl.h"

#include "base/glob.h"
#include "base/limits.h"
#include "base/mem.h"
#include "data/jscan.h"
#include "engine/kind_rules.h"
#include "engine/needs.h"

#define DEFAULT_WINDOW 5
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
left_out(struct str meta, struct str labels)
{
	struct str v;

	return label_is(labels, "velero.io/exclude-from-backup", "true") || jget(meta, "deletionTimestamp", &v);
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

/* Cluster-scoped objects only: those in a namespace come with it, or were left out on purpose. */
static void
on_need(void *ctx, struct str gr, struct str ns, struct str name)
{
	struct backup_work *run = ctx;
	AUTO_FREE char *key = NULL;

	if (ns.len > 0 || selection_resource(run->sel, gr, false) || !selection_resource_needed(run->sel, gr))
		return;
	key = xasprintf(STR_FMT "/" STR_FMT, STR_ARG(gr), STR_ARG(name));
	(void)strmap_add(run->needed, str_of(key));
}

/* A name or a size that does not fit into a tarball is about one object; anything else ends the backup. */
static int
object_refused(struct backup_work *run, const struct type *t, struct str ns, struct str name, const struct err *why)
{
	AUTO_FREE char *ns_text = str_dup(ns);
	AUTO_FREE char *name_text = str_dup(name);

	if (why->kind != EK_INVALID && why->kind != EK_LIMIT)
		return -1;
	report_error(run->r, RESULT_ERROR, ns_text, t->res->gr, name_text, why);
	return 0;
}

/* Items of built-in types come without apiVersion and kind: they get the list's (velero-format 2.4). */
static int
store_item(struct backup_work *run, struct type *t, struct str ns, struct str name, struct str item, struct err *e)
{
	struct str meta = { 0 }, labels = { 0 }, key, val;
	struct str parts[2];
	struct jiter it;
	bool has_kind = false;
	size_t n_parts = 0;

	if (!jiter_obj(&it, item))
		return err_set(e, EK_CORRUPT, "an item of the list of %s is no object", t->res->gr);
	while (jiter_next(&it, &key, &val)) {
		if (str_eq(key, S("metadata")))
			meta = val;
		else if (str_eq(key, S("kind")))
			has_kind = true;
	}
	if (jget(meta, "labels", &val) && jtype(val) == J_OBJ)
		labels = val;
	if (left_out(meta, labels)) {
		report_log(run->r, "Skipped %s " STR_FMT "/" STR_FMT ": excluded by label or being deleted", t->res->gr,
			STR_ARG(ns), STR_ARG(name));
		return 0;
	}
	if (!has_kind)
		parts[n_parts++] = str_of(t->head);
	parts[n_parts++] = has_kind ? item : str_sub(item, 1, item.len);
	if (tar_stream_add(type_stream(run, t), ns, name, labels, parts, n_parts, e) < 0)
		return object_refused(run, t, ns, name, e);

	vreslist_add(run->list, str_of(t->res->api_version), str_of(t->res->kind), ns, name, "");
	if (ns.len > 0 && strmap_add(run->used_ns, ns))
		report_log(run->r, "Backing up namespace " STR_FMT, STR_ARG(ns));
	if (strcmp(t->res->gr, "persistentvolumes") == 0)
		add_volume(run, name, labels, item);
	if (run->narrowed)
		needs_each(str_of(t->res->gr), ns, item, on_need, run);
	t->stored++;
	run->items++;
	return 0;
}

static int
on_item(void *ctx, struct k8s_list *l, const struct jlist_head *head, struct str ns, struct str name,
	struct str item, struct err *e)
{
	struct backup_work *run = ctx;
	struct type *t = l->tag;

	(void)head;
	if (ns.len > 0 && !selection_namespace(run->sel, ns))
		return 0;
	if (store_item(run, t, ns, name, item, e) < 0)
		return -1;
	if (run->items % 64 == 0)
		report_progress(run->r, "listing", run->items, 0, 0);
	return 0;
}

/* No answer at all is not about one type or object: half a cluster is not a backup. */
static bool
ends_backup(const struct err *why)
{
	return why->http == 0 && why->kind != EK_CORRUPT && why->kind != EK_LIMIT;
}

static int
on_end(void *ctx, struct k8s_list *l, const struct err *why, struct err *e)
{
	struct backup_work *run = ctx;
	struct type *t = l->tag;

	if (why != NULL) {
		if (ends_backup(why)) {
			*e = *why;
			return err_ctx(e, "list %s", t->res->gr);
		}
		report_error(run->r, RESULT_ERROR, l->ns != NULL ? l->ns : "", t->res->gr, "", why);
	}
	if (l->inconsistent)
		report_log(run->r, "List of %s took so long that later pages are of a newer state", t->res->gr);
	if (--t->open == 0) {
		report_log(run->r, "Backed up %llu %s", (unsigned long long)t->stored, t->res->gr);
		if (t->stream != NULL && tar_stream_close(TAKE(t->stream), e) < 0)
			return -1;
	}
	return 0;
}

/* --- namespaces --- */

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
		selection_namespace(run->sel, name)
			&& !label_is(labels, "velero.io/exclude-from-backup", "true") };
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
	if (k8s_list_run(run->k, &l, 1, 1, run->o->page, &fns, run, run->c, e) < 0)
		return -1;
	for (size_t i = 0; i < inc->len; i++)
		if (!glob_has_magic(str_of(inc->at[i])) && !namespace_exists(run, inc->at[i]))
			report_finding(run->r, RESULT_ERROR, NULL, "namespaces", inc->at[i],
				"check --include-namespaces", "namespace '%s' does not exist", inc->at[i]);
	return 0;
}

/* Which namespace objects are stored: velero-format 3.4. */
static bool
keep_namespace(const struct backup_work *run, const struct ns_item *n)
{
	const struct selector *sel = selection_selector(run->sel);
	struct str phase, labels = { 0 };

	if (n->json.len == 0)
		return false;
	if (strmap_has(run->used_ns, n->name))
		return true;
	if (!n->wanted || !jpath(n->json, &phase, "status", "phase", NULL) || !jstr_eq(phase, S("Active")))
		return false;
	if (sel == NULL)
		return true;
	(void)jpath(n->json, &labels, "metadata", "labels", NULL);
	return selector_match(sel, labels) || !selection_all_namespaces(run->sel);
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
	for (size_t i = 0; rc == 0 && i < run->namespaces.len; i++) {
		const struct ns_item *n = &run->namespaces.at[i];

		if (keep_namespace(run, n))
			rc = store_item(run, &t, (struct str){ 0 }, n->name, n->json, e);
	}
	if (rc == 0 && t.stream != NULL)
		rc = tar_stream_close(t.stream, e);
	return rc;
}

/* --- what stored objects need --- */

/* The definitions of stored custom resources have their types' names (velero-format 3.6). */
static void
need_definitions(struct backup_work *run)
{
	for (size_t i = 0; i < run->types.len; i++) {
		const struct type *t = &run->types.at[i];

		if (t->stored > 0 && t->res->group[0] != '\0')
			on_need(run, S("customresourcedefinitions.apiextensions.k8s.io"), (struct str){ 0 },
				str_of(t->res->gr));
	}
}

struct storing { struct backup_work *run; struct err e; bool failed; };

static int
store_needed_one(struct backup_work *run, struct str gr, const char *name, struct err *e)
{
	AUTO_FREE char *text = str_dup(gr);
	AUTO_FREE char *path = NULL;
	AUTO_FREE char *head = NULL;
	AUTO_BUF struct buf json = BUF_INIT(LIMIT_OBJECT);
	struct type t = { .res = discovery_resolve(run->d, text) };
	struct err why;

	if (t.res == NULL)
		return 0;
	path = api_path(t.res, NULL, name);
	if (k8s_do(run->k, "GET", path, (struct str){ 0 }, &json, run->c, &why) < 0
	    || json_check(buf_str(&json), &why) < 0) {
		if (ends_backup(&why)) {
			*e = why;
			return err_ctx(e, "get %s", path);
		}
		/* Built-in types have no definition, and a volume may be gone. */
		if (why.kind != EK_NOTFOUND)
			report_error(run->r, RESULT_ERROR, "", text, name, &why);
		return 0;
	}
	t.head = head = type_head(t.res);
	if (store_item(run, &t, (struct str){ 0 }, str_of(name), buf_str(&json), e) < 0)
		return -1;
	return t.stream != NULL ? tar_stream_close(t.stream, e) : 0;
}

static void
store_needed_each(void *ctx, struct str key, void *value)
{
	struct storing *s = ctx;
	size_t slash = str_chr(key, '/');

	(void)value;
	if (!s->failed)
		s->failed = store_needed_one(s->run, str_sub(key, 0, slash), key.p + slash + 1, &s->e) < 0;
}

static int
store_needed(struct backup_work *run, struct err *e)
{
	struct storing s = { .run = run };

	if (!run->narrowed)
		return 0;
	need_definitions(run);
	strmap_each(run->needed, store_needed_each, &s);
	if (s.failed)
		*e = s.e;
	return s.failed ? -1 : 0;
}

/* --- what to list --- */

static bool
storable(const struct backup_work *run, const struct api_resource *res)
{
	const unsigned need = VERB_LIST | VERB_GET | VERB_CREATE | VERB_DELETE;

	if (!res->preferred || (res->verbs & need) != need || strcmp(res->gr, "namespaces") == 0)
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

	return kind_cmp(str_of(x->res->gr), str_of(y->res->gr));
}

static void
add_list(struct backup_work *run, struct type *t, const char *ns)
{
	const struct selector *sel = selection_selector(run->sel);

	*vec_push(&run->lists) = (struct k8s_list){ .res = t->res, .ns = ns, .tag = t,
		.selector = sel != NULL ? selector_text(sel) : NULL, .remaining = -1 };
	t->open++;
}

/* Types in the order of a restore, so that a restore reads the tarball front to back. */
void
backup_plan_lists(struct backup_work *run)
{
	size_t named = 0;

	for (size_t i = 0; i < run->d->all.len; i++)
		if (storable(run, &run->d->all.at[i]))
			*vec_push(&run->types) = (struct type){ .res = &run->d->all.at[i],
				.head = type_head(&run->d->all.at[i]) };
	if (run->types.len > 0)
		qsort(run->types.at, run->types.len, sizeof *run->types.at, cmp_types);
	if (!selection_all_namespaces(run->sel))
		for (size_t i = 0; i < run->namespaces.len; i++)
			named += run->namespaces.at[i].wanted;
	for (size_t i = 0; i < run->types.len; i++) {
		struct type *t = &run->types.at[i];

		if (!t->res->namespaced || selection_all_namespaces(run->sel) || named > NAMED_LISTS_MAX) {
			add_list(run, t, NULL);
			continue;
		}
		for (size_t j = 0; j < run->namespaces.len; j++)
			if (run->namespaces.at[j].wanted)
				add_list(run, t, arena_strdup(&run->arena, run->namespaces.at[j].name));
	}
}

int
backup_collect(struct backup_work *run, struct err *e)
{
	static const struct k8s_list_fns fns = { on_item, on_end };
	unsigned window = run->o->window > 0 ? run->o->window : DEFAULT_WINDOW;

	if (k8s_list_run(run->k, run->lists.at, run->lists.len, window, run->o->page, &fns, run, run->c, e) < 0)
		return -1;
	return store_needed(run, e) < 0 || store_namespaces(run, e) < 0 ? -1 : 0;
}
