/*
 * DESIGN
 *
 *   API server --LIST pages--> k8s/list --items (bytes)--> on_item: filter --> archive/tarball: tar, members, index
 *                                                                                   | workers: gzip, SHA-256
 *   store  <--parts, in parallel-- store_writer <--member after member-- thread of the tar writer
 *
 * Listing, compressing and uploading overlap; memory is bounded by the members and parts in flight.  The order in the
 * bucket is: claim (conditional, so two runs cannot share a name), tarball, side files, velero-backup.json
 * (conditional; from here on the backup exists), claim removed.
 */
#include "engine/backup.h"

#include "archive/layout.h"
#include "archive/tarball.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/strmap.h"
#include "data/gzip.h"
#include "data/jscan.h"
#include "data/jwrite.h"
#include "engine/catalog.h"
#include "engine/chain.h"
#include "engine/kind_rules.h"
#include "engine/needs.h"
#include "engine/select.h"
#include "k8s/discovery.h"
#include "k8s/list.h"

#include <unistd.h>

#define DEFAULT_WINDOW 5
#define NAMED_LISTS_MAX 16              /* more included namespaces than this are filtered out of whole lists */
#define CLEANUP_NS (15 * NS_PER_S)

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

struct run {
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
add_volume(struct run *run, struct str name, struct str labels, struct str item)
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
type_stream(struct run *run, struct type *t)
{
	if (t->stream == NULL)
		t->stream = tar_stream_open(run->tar, str_of(t->res->gr), str_of(t->res->version),
			str_of(t->res->kind));
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
	struct run *run = ctx;
	AUTO_FREE char *key = NULL;

	if (ns.len > 0 || selection_resource(run->sel, gr, false) || !selection_resource_needed(run->sel, gr))
		return;
	key = xasprintf(STR_FMT "/" STR_FMT, STR_ARG(gr), STR_ARG(name));
	(void)strmap_add(run->needed, str_of(key));
}

/* A name or a size that does not fit into a tarball is about one object; anything else ends the backup. */
static int
object_refused(struct run *run, const struct type *t, struct str ns, struct str name, const struct err *why)
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
store_item(struct run *run, struct type *t, struct str ns, struct str name, struct str item, struct err *e)
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
	struct run *run = ctx;
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

static int
on_end(void *ctx, struct k8s_list *l, const struct err *why, struct err *e)
{
	struct run *run = ctx;
	struct type *t = l->tag;

	if (why != NULL) {
		/* No answer at all is not about this type: half a cluster is not a backup. */
		if (why->http == 0 && why->kind != EK_CORRUPT && why->kind != EK_LIMIT) {
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
	struct run *run = ctx;
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
take_named_namespaces(struct run *run)
{
	const struct strs *inc = &run->o->filter.inc_namespaces;

	for (size_t i = 0; i < inc->len; i++)
		if (strpbrk(inc->at[i], "*?[") == NULL)
			*vec_push(&run->namespaces) = (struct ns_item){ .wanted = true,
				.name = arena_str(&run->arena, str_of(inc->at[i])) };
}

static int
on_namespaces_end(void *ctx, struct k8s_list *l, const struct err *why, struct err *e)
{
	struct run *run = ctx;

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
namespace_exists(const struct run *run, const char *name)
{
	for (size_t i = 0; i < run->namespaces.len; i++)
		if (str_eqz(run->namespaces.at[i].name, name))
			return true;
	return false;
}

static int
list_namespaces(struct run *run, struct err *e)
{
	static const struct k8s_list_fns fns = { on_namespace, on_namespaces_end };
	const struct strs *inc = &run->o->filter.inc_namespaces;
	struct k8s_list l = { .res = discovery_gvr(run->d, "", NULL, "namespaces") };

	if (l.res == NULL)
		return err_set(e, EK_UNAVAILABLE, "the API server does not list 'namespaces' among its resources");
	if (k8s_list_run(run->k, &l, 1, 1, run->o->page, &fns, run, run->c, e) < 0)
		return -1;
	for (size_t i = 0; i < inc->len; i++)
		if (strpbrk(inc->at[i], "*?[") == NULL && !namespace_exists(run, inc->at[i]))
			report_finding(run->r, RESULT_ERROR, NULL, "namespaces", inc->at[i],
				"check --include-namespaces", "namespace '%s' does not exist", inc->at[i]);
	return 0;
}

/* Which namespace objects are stored: velero-format 3.4. */
static bool
keep_namespace(const struct run *run, const struct ns_item *n)
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
store_namespaces(struct run *run, struct err *e)
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
need_definitions(struct run *run)
{
	for (size_t i = 0; i < run->types.len; i++) {
		const struct type *t = &run->types.at[i];

		if (t->stored > 0 && t->res->group[0] != '\0')
			on_need(run, S("customresourcedefinitions.apiextensions.k8s.io"), (struct str){ 0 },
				str_of(t->res->gr));
	}
}

struct storing { struct run *run; struct err e; bool failed; };

static int
store_needed_one(struct run *run, struct str gr, const char *name, struct err *e)
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
	if (k8s_do(run->k, "GET", path, (struct str){ 0 }, &json, run->c, &why) < 0) {
		if (why.kind == EK_CANCELED) {
			*e = why;
			return -1;
		}
		/* Built-in types have no definition, and a volume may be gone. */
		if (why.kind != EK_NOTFOUND)
			report_error(run->r, RESULT_ERROR, "", text, name, &why);
		return 0;
	}
	if (json_check(buf_str(&json), e) < 0)
		return err_ctx(e, "%s", path);
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
store_needed(struct run *run, struct err *e)
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
storable(const struct run *run, const struct api_resource *res)
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
add_list(struct run *run, struct type *t, const char *ns)
{
	const struct selector *sel = selection_selector(run->sel);

	*vec_push(&run->lists) = (struct k8s_list){ .res = t->res, .ns = ns, .tag = t,
		.selector = sel != NULL ? selector_text(sel) : NULL, .remaining = -1 };
	t->open++;
}

/* Types in the order of a restore, so that a restore reads the tarball front to back. */
static void
plan_lists(struct run *run)
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

/* --- the bucket --- */

static int
on_stray(void *ctx, const char *key, const struct store_info *info, struct err *e)
{
	(void)info;
	return err_set(e, EK_EXISTS, "there are files of an unfinished backup '%s' (%s): delete them with "
		"'orlop backup delete %s', or choose another name", (const char *)ctx, key, (const char *)ctx);
}

/* Takes the name: EK_EXISTS when there is such a backup, or somebody is making it. */
static int
claim(struct run *run, struct err *e)
{
	AUTO_FREE char *meta = layout_key(run->o->name, LAYOUT_METADATA);
	AUTO_FREE char *key = layout_key(run->o->name, LAYOUT_CLAIM);
	AUTO_FREE char *dir = layout_backup_dir(run->o->name);
	AUTO_BUF struct buf doc = BUF_INIT(LIMIT_SMALL_BODY);
	char host[256] = "", now[CLOCK_TEXT_MAX], name[LIMIT_NAME + 1];
	struct store_info info;
	struct jw w;

	if (store_head(run->st, meta, &info, run->c, e) == 0)
		return err_set(e, EK_EXISTS, "backup '%s' exists already in %s", run->o->name, store_url(run->st));
	if (e->kind != EK_NOTFOUND)
		return -1;
	snprintf(name, sizeof name, "%s", run->o->name);
	if (store_list(run->st, dir, false, on_stray, name, run->c, e) < 0)
		return -1;
	(void)gethostname(host, sizeof host - 1);
	jw_init(&w, &doc, false);
	jw_obj(&w);
	jw_kv_text(&w, "host", host);
	jw_kv_int(&w, "pid", getpid());
	jw_kv_text(&w, "job", run->o->job);
	jw_kv_text(&w, "started", clock_rfc3339(now, clock_unix_ns()));
	jw_obj_end(&w);
	if (jw_done(&w, e) < 0)
		return -1;
	if (store_create(run->st, key, buf_str(&doc), run->c, e) < 0)
		return e->kind == EK_EXISTS
			? err_set(e, EK_EXISTS, "somebody else is making a backup '%s' in %s right now", run->o->name,
				store_url(run->st))
			: -1;
	return 0;
}

/* After a failure: nothing of this run may stay. */
static void
undo(struct run *run)
{
	struct cancel c = { .deadline_mono_ns = clock_mono_ns() + CLEANUP_NS };
	size_t keys;
	struct err e;

	if (catalog_delete(run->st, run->o->name, &keys, &c, &e) < 0 && e.kind != EK_NOTFOUND)
		report_note(run->r, "could not remove the unfinished backup '%s': %s", run->o->name, e.msg);
}

static int
put_side(struct run *run, enum layout_file f, struct str json, struct err *e)
{
	AUTO_BUF struct buf gz = BUF_INIT(LIMIT_SIDE_FILE);
	AUTO_FREE char *key = layout_key(run->o->name, f);

	if (gzip_pack(json, &gz, e) < 0)
		return err_ctx(e, "%s", key);
	chain_add(run->b, f, buf_str(&gz));
	return store_put(run->st, key, buf_str(&gz), run->c, e) < 0 ? err_ctx(e, "upload %s", key) : 0;
}

static int
put_packed(struct run *run, enum layout_file f, const struct buf *gz, struct err *e)
{
	AUTO_FREE char *key = layout_key(run->o->name, f);

	chain_add(run->b, f, buf_str(gz));
	return store_put(run->st, key, buf_str(gz), run->c, e) < 0 ? err_ctx(e, "upload %s", key) : 0;
}

static int
put_side_files(struct run *run, struct err *e)
{
	static const enum layout_file empty_lists[] = { LAYOUT_VOLUMESNAPSHOTS, LAYOUT_PODVOLUMEBACKUPS,
		LAYOUT_ITEMOPERATIONS };
	AUTO_BUF struct buf index = BUF_INIT(LIMIT_SIDE_FILE);
	AUTO_BUF struct buf list = BUF_INIT(LIMIT_SIDE_FILE);
	AUTO_BUF struct buf results = BUF_INIT(LIMIT_SIDE_FILE);
	AUTO_BUF struct buf volumes = BUF_INIT(LIMIT_SIDE_FILE);
	AUTO_BUF struct buf log = BUF_INIT(LIMIT_SIDE_FILE);

	if (tar_writer_index(run->tar, &index, e) < 0 || put_packed(run, LAYOUT_INDEX, &index, e) < 0)
		return -1;
	for (size_t i = 0; i < COUNT(empty_lists); i++)
		if (put_side(run, empty_lists[i], S("[]\n"), e) < 0)
			return -1;
	if (vreslist_write(run->list, &list, e) < 0 || put_side(run, LAYOUT_RESOURCE_LIST, buf_str(&list), e) < 0
	    || vvolumes_write(&run->volumes, &volumes, e) < 0
	    || put_side(run, LAYOUT_VOLUMEINFO, buf_str(&volumes), e) < 0
	    || vresults_write(report_results(run->r), &results, e) < 0
	    || put_side(run, LAYOUT_RESULTS, buf_str(&results), e) < 0)
		return -1;
	report_log(run->r, "Backup completed");
	if (report_take_log(run->r, &log, e) < 0)
		return -1;
	return put_packed(run, LAYOUT_LOGS, &log, e);
}

/* --- metadata --- */

static void
copy_strs(struct strs *to, const struct strs *from)
{
	for (size_t i = 0; i < from->len; i++)
		strs_add(to, from->at[i]);
}

static void
describe_start(struct run *run, const struct k8s_info *info)
{
	static const enum tristate tri[] = { [OPT_UNSET] = TRI_UNSET, [OPT_NO] = TRI_FALSE, [OPT_YES] = TRI_TRUE };
	struct vbackup *b = run->b;
	char uuid[UUID_MAX];

	b->name = xstrdup(run->o->name);
	b->namespace_ = xstrdup("velero");
	b->uid = xstrdup(random_uuid(uuid));
	b->start_unix_ns = b->created_unix_ns = clock_unix_ns();
	b->expiration_unix_ns = b->start_unix_ns + run->o->ttl_ns;
	b->ttl_ns = run->o->ttl_ns;
	b->storage_location = xstrdup("default");
	b->format_version = xstrdup("1.1.0");
	b->snapshot_volumes = TRI_FALSE;
	b->include_cluster = tri[run->o->filter.include_cluster];
	copy_strs(&b->inc_namespaces, &run->o->filter.inc_namespaces);
	copy_strs(&b->exc_namespaces, &run->o->filter.exc_namespaces);
	copy_strs(&b->inc_resources, &run->o->filter.inc_resources);
	copy_strs(&b->exc_resources, &run->o->filter.exc_resources);
	kvs_set(&b->labels, VB_LABEL_STORAGE, "default");
	for (size_t i = 0; i < run->o->labels.len; i++) {
		struct str rest = str_of(run->o->labels.at[i]), key;
		AUTO_FREE char *k = NULL;

		(void)str_split(&rest, '=', &key);
		k = str_dup(key);
		kvs_set(&b->labels, k, rest.p != NULL ? rest.p : "");
	}
	kvs_set(&b->annotations, VB_ANNOT_TIMEOUT, "10m0s");
	kvs_set(&b->annotations, VB_ANNOT_GIT_VERSION, info->git_version);
	kvs_set(&b->annotations, VB_ANNOT_MAJOR, info->major);
	kvs_set(&b->annotations, VB_ANNOT_MINOR, info->minor);
	kvs_set(&b->annotations, VB_ANNOT_VERSION, PACKAGE_VERSION);
	if (info->uid[0] != '\0')
		kvs_set(&b->annotations, VB_ANNOT_CLUSTER_UID, info->uid);
	if (run->o->cluster_name != NULL)
		kvs_set(&b->annotations, VB_ANNOT_CLUSTER_NAME, run->o->cluster_name);
}

static int
describe_selector(struct run *run, struct err *e)
{
	AUTO_BUF struct buf json = BUF_INIT(LIMIT_SMALL_BODY);
	struct jw w;

	if (selection_selector(run->sel) == NULL)
		return 0;
	jw_init(&w, &json, false);
	selector_json(selection_selector(run->sel), &w);
	if (jw_done(&w, e) < 0)
		return -1;
	run->b->selector_json = buf_take(&json, NULL);
	return 0;
}

static int
publish(struct run *run, struct err *e)
{
	struct vbackup *b = run->b;
	AUTO_BUF struct buf json = BUF_INIT(LIMIT_METADATA);
	AUTO_FREE char *key = layout_key(b->name, LAYOUT_METADATA);
	AUTO_FREE char *claim_key = layout_key(b->name, LAYOUT_CLAIM);
	struct err why;

	b->warnings = (int64_t)report_count(run->r, RESULT_WARNING);
	b->errors = (int64_t)report_count(run->r, RESULT_ERROR);
	b->phase = xstrdup(b->errors > 0 ? "PartiallyFailed" : "Completed");
	b->total_items = b->items_backed_up = (int64_t)run->items;
	b->completion_unix_ns = clock_unix_ns();
	if (chain_seal(b, &json, e) < 0 || store_create(run->st, key, buf_str(&json), run->c, e) < 0)
		return err_ctx(e, "upload %s", key);
	if (store_delete(run->st, claim_key, run->c, &why) < 0)
		report_note(run->r, "backup '%s' is complete, but its claim %s could not be deleted: %s", b->name,
			claim_key, why.msg);
	return 0;
}

/* --- the job --- */

static int
sink(void *ctx, const void *p, size_t n, struct err *e)
{
	return store_writer_add(ctx, p, n, e);
}

/* Everything between the claim and the metadata. */
static int
write_tarball(struct run *run, struct err *e)
{
	static const struct k8s_list_fns fns = { on_item, on_end };
	AUTO_FREE char *key = layout_key(run->o->name, LAYOUT_TARBALL);
	struct store_writer *sw = store_writer_open(run->st, key, run->c, e);
	struct tar_writer_fns tar_fns = { sink, sw };
	struct tar_totals totals;

	if (sw == NULL)
		return err_ctx(e, "%s", key);
	run->tar = tar_writer_new(&tar_fns, run->b->start_unix_ns, e);
	if (run->tar == NULL)
		goto failed;
	if (k8s_list_run(run->k, run->lists.at, run->lists.len, run->o->window > 0 ? run->o->window : DEFAULT_WINDOW,
		    run->o->page, &fns, run, run->c, e) < 0
	    || store_needed(run, e) < 0 || store_namespaces(run, e) < 0)
		goto failed;
	report_progress(run->r, "uploading", run->items, run->items, 0);
	if (tar_writer_finish(run->tar, &totals, e) < 0)
		goto failed;
	report_progress(run->r, "uploading", run->items, run->items, totals.gz_bytes);
	return store_writer_commit(sw, e) < 0 ? err_ctx(e, "upload %s", key) : 0;
failed:
	/* The tar writer's thread uses the store writer: it ends first. */
	tar_writer_freep(&run->tar);
	store_writer_abort(sw);
	return -1;
}

static int
backup_steps(struct run *run, struct err *e)
{
	AUTO_STRS struct strs unknown = { 0 };
	struct k8s_info info = { 0 };

	report_progress(run->r, "connecting", 0, 0, 0);
	if (k8s_server_info(run->k, &info, run->c, e) < 0)
		return -1;
	run->d = discovery_load(run->k, run->c, e);
	if (run->d == NULL)
		return err_ctx(e, "discovery");
	for (size_t i = 0; i < run->d->warnings.len; i++)
		report_finding(run->r, RESULT_WARNING, NULL, NULL, NULL, "objects of that API are not in the backup",
			"%s", run->d->warnings.at[i]);
	run->sel = selection_new(&run->o->filter, run->d, &unknown, e);
	if (run->sel == NULL)
		return -1;
	for (size_t i = 0; i < unknown.len; i++) {
		const char *near = discovery_suggest(run->d, unknown.at[i]);

		report_finding(run->r, RESULT_WARNING, NULL, NULL, NULL, NULL, "the cluster has no resource '%s'%s%s%s",
			unknown.at[i], near != NULL ? " (did you mean '" : "", near != NULL ? near : "",
			near != NULL ? "'?)" : "");
	}
	run->narrowed = selection_narrows(run->sel);
	describe_start(run, &info);
	if (describe_selector(run, e) < 0 || list_namespaces(run, e) < 0)
		return -1;
	plan_lists(run);
	if (write_tarball(run, e) < 0)
		return -1;
	if (run->volumes.len > 0)
		report_finding(run->r, RESULT_WARNING, NULL, NULL, NULL,
			"a restore brings the claims back with new, empty volumes unless the reclaim policy is Retain",
			"the data of %zu persistent volumes is not part of this backup", run->volumes.len);
	report_progress(run->r, "finishing", run->items, run->items, 0);
	if (put_side_files(run, e) < 0)
		return -1;
	return publish(run, e);
}

static void
run_done(struct run *run)
{
	for (size_t i = 0; i < run->types.len; i++)
		free(run->types.at[i].head);
	tar_writer_free(run->tar);
	vec_free(&run->types);
	vec_free(&run->lists);
	vec_free(&run->namespaces);
	selection_free(run->sel);
	discovery_free(run->d);
	arena_done(&run->arena);
	strmap_free(run->used_ns);
	strmap_free(run->needed);
	vreslist_free(run->list);
	vvolumes_free(&run->volumes);
}

int
backup_run(struct k8s *k, struct store *st, const struct backup_opts *o, struct report *r, const struct cancel *c,
	struct vbackup *out, struct err *e)
{
	struct vbackup b = { 0 };
	struct run run = { .k = k, .st = st, .o = o, .r = r, .c = c, .b = &b, .used_ns = strmap_new(),
		.needed = strmap_new(), .list = vreslist_new() };
	int rc = -1;

	if (layout_check_name("backup", o->name, e) == 0 && claim(&run, e) == 0) {
		rc = backup_steps(&run, e);
		if (rc < 0)
			undo(&run);
	}
	run_done(&run);
	if (rc < 0) {
		vbackup_done(&b);
		return -1;
	}
	*out = b;
	return 0;
}
