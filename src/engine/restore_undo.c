/*
 * DESIGN
 *
 *   outcomes of the restore --created--> things, in the order of creation
 *   plan of the same restore: what the cluster has now --same UID, same content--> to be deleted, else kept
 *   lists of what is in created namespaces, and of created types --others than those--> kept
 *   deletions from the last to the first, a window at a time, each only of that UID
 */
#include "engine/restore_undo.h"

#include "archive/layout.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/strmap.h"
#include "data/jdoc.h"
#include "data/jwrite.h"
#include "engine/outcome.h"
#include "engine/plan.h"
#include "engine/restore.h"
#include "k8s/discovery.h"
#include "k8s/list.h"
#include "k8s/server.h"

#include <string.h>

#define WINDOW       64
#define NS_LISTS_MAX 8       /* types are listed by namespace when so few were created */

/* An object that the restore created. */
struct thing {
	const char *resource, *api_version, *kind, *ns, *name, *uid, *version;
	const char *why;                 /* it is kept; NULL: it is to be deleted */
	bool        gone, seen;
	struct buf  body;                /* of its deletion */
	char       *path;
};

struct undo {
	struct k8s          *k;
	struct store        *st;
	const char          *name;
	struct report       *r;
	const struct cancel *c;
	struct discovery    *d;
	struct arena         arena;
	struct strmap       *by_place;       /* outcome_key in the cluster -> struct thing */
	struct { struct thing **at; size_t len, cap; } things;
	struct undo_counts  *n;
};

static bool
is_ns(const struct thing *t)
{
	return strcmp(t->resource, "namespaces") == 0;
}

static bool
is_crd(const struct thing *t)
{
	return strcmp(t->resource, "customresourcedefinitions.apiextensions.k8s.io") == 0;
}

/* --- what was created --- */

static int
on_outcome(void *ctx, const struct outcome *o, struct err *e)
{
	struct undo *u = ctx;
	AUTO_FREE char *key = outcome_key(str_of(o->resource), str_of(o->ns), str_of(o->name));
	struct thing *t;

	(void)e;
	if (strcmp(o->word, "created") != 0 || strmap_has(u->by_place, str_of(key)))
		return 0;
	t = arena_alloc(&u->arena, sizeof *t);
	*t = (struct thing){ .resource = arena_strdup(&u->arena, str_of(o->resource)),
		.api_version = arena_strdup(&u->arena, str_of(o->api_version)), .kind = arena_strdup(&u->arena, str_of(o->kind)),
		.ns = arena_strdup(&u->arena, str_of(o->ns)), .name = arena_strdup(&u->arena, str_of(o->name)),
		.uid = arena_strdup(&u->arena, str_of(o->uid)), .version = arena_strdup(&u->arena, str_of(o->version)),
		.body = BUF_INIT(LIMIT_SMALL_BODY) };
	strmap_put(u->by_place, str_of(key), t);
	*vec_push(&u->things) = t;
	return 0;
}

/* --- what the cluster has of it now --- */

static int
on_plan_row(void *ctx, const struct plan_row *row, struct err *e)
{
	struct undo *u = ctx;
	AUTO_FREE char *key = row->finding == NULL
		? outcome_key(str_of(row->resource), str_of(row->ns), str_of(row->name)) : NULL;
	struct thing *t = key != NULL ? strmap_get(u->by_place, str_of(key)) : NULL;

	(void)e;
	if (t == NULL || is_ns(t))
		return 0;
	t->seen = true;
	t->gone = row->action == PLAN_CREATE;
	if (t->gone)
		return 0;
	if (t->uid[0] == '\0' || strcmp(row->uid, t->uid) != 0)
		t->why = "is another object than the one that was created";
	else if (row->action == PLAN_BLOCKED || row->action == PLAN_SKIP)
		t->why = arena_strdup(&u->arena, str_of(row->why));
	else if (row->action != PLAN_SAME && strcmp(row->version, t->version) != 0)
		t->why = "was changed since";
	return 0;
}

static int
look_at_namespace(struct undo *u, struct thing *t, struct err *e)
{
	const struct api_resource *res = discovery_gvr(u->d, "", NULL, "namespaces");
	AUTO_FREE char *path = res != NULL ? api_path(res, NULL, t->name) : NULL;
	AUTO_BUF struct buf json = BUF_INIT(LIMIT_OBJECT);
	struct str uid;
	struct err why;

	t->seen = true;
	if (path == NULL)
		return err_set(e, EK_NOTFOUND, "the cluster does not serve namespaces");
	if (k8s_do(u->k, "GET", path, (struct str){ 0 }, &json, u->c, &why) < 0) {
		t->gone = why.kind == EK_NOTFOUND;
		if (!t->gone && why.http == 0) {
			*e = why;
			return -1;
		}
		t->why = arena_strdup(&u->arena, str_of(why.msg));
	} else if (!jpath(buf_str(&json), &uid, "metadata", "uid", NULL) || !jstr_eq(uid, str_of(t->uid))) {
		t->why = "is another object than the one that was created";
	} else if (jpath(buf_str(&json), &uid, "metadata", "deletionTimestamp", NULL)) {
		t->gone = true;
	}
	return 0;
}

static int
look_at_all(struct undo *u, struct restore_opts *o, struct err *e)
{
	struct plan_counts n;

	/* Nothing is going to be restored. */
	strs_add(&o->ignore, "all");
	if (plan_run(u->k, u->st, o, u->r, on_plan_row, u, u->c, &n, e) < 0)
		return -1;
	for (size_t i = 0; i < u->things.len; i++) {
		struct thing *t = u->things.at[i];

		if (is_ns(t) && look_at_namespace(u, t, e) < 0)
			return -1;
		if (!t->seen)
			t->why = "cannot be compared: the backup does not hold it any more";
	}
	return 0;
}

/* --- namespaces and types that hold others --- */

/* What clusters put into every namespace by themselves. */
static const struct { const char *gr, *name; } made_by_itself[] = {       /* name NULL: any */
	{ "events", NULL },
	{ "events.events.k8s.io", NULL },
	{ "endpoints", NULL },
	{ "endpointslices.discovery.k8s.io", NULL },
	{ "serviceaccounts", "default" },
	{ "configmaps", "kube-root-ca.crt" },
};

/* Does it come and go with something else? */
static bool
is_nobody_s(const char *gr, struct str name, struct str item)
{
	struct str v;

	for (size_t i = 0; i < COUNT(made_by_itself); i++)
		if (strcmp(gr, made_by_itself[i].gr) == 0
		    && (made_by_itself[i].name == NULL || str_eqz(name, made_by_itself[i].name)))
			return true;
	return jpath(item, &v, "metadata", "ownerReferences", NULL) || jpath(item, &v, "metadata", "deletionTimestamp", NULL)
		|| (jget(item, "type", &v) && jstr_eq(v, S("kubernetes.io/service-account-token")));
}

static int
on_held(void *ctx, struct k8s_list *l, const struct jlist_head *head, struct str ns, struct str name, struct str item,
	struct err *e)
{
	struct undo *u = ctx;
	AUTO_FREE char *key = outcome_key(str_of(l->res->gr), ns, name);
	AUTO_FREE char *ns_key = outcome_key(S("namespaces"), (struct str){ 0 }, ns);
	const struct thing *t = strmap_get(u->by_place, str_of(key));
	struct thing *holder = l->tag != NULL ? l->tag : strmap_get(u->by_place, str_of(ns_key));
	AUTO_FREE char *why = NULL;

	(void)head, (void)e;
	if (holder == NULL || holder->why != NULL || (t != NULL && t->why == NULL) || is_nobody_s(l->res->gr, name, item))
		return 0;
	why = xasprintf("something else is in it: %s " STR_FMT "%s" STR_FMT, l->res->gr, STR_ARG(ns), ns.len > 0 ? "/" : "",
		STR_ARG(name));
	holder->why = arena_strdup(&u->arena, str_of(why));
	return 0;
}

static int
on_held_end(void *ctx, struct k8s_list *l, const struct err *why, struct err *e)
{
	struct undo *u = ctx;
	AUTO_FREE char *text = NULL;

	(void)e;
	if (why == NULL)
		return 0;
	/* What cannot be seen may be there. */
	text = xasprintf("what is in it cannot be seen: %s: %s", l->res->gr, why->msg);
	for (size_t i = 0; i < u->things.len; i++) {
		struct thing *t = u->things.at[i];

		if ((l->tag == NULL ? is_ns(t) && (l->ns == NULL || strcmp(l->ns, t->name) == 0) : l->tag == t) && t->why == NULL)
			t->why = arena_strdup(&u->arena, str_of(text));
	}
	return 0;
}

struct lists VEC_OF(struct k8s_list);

static bool
may_hold(const struct api_resource *res)
{
	return res->preferred && (res->verbs & VERB_LIST) != 0 && (res->verbs & VERB_DELETE) != 0;
}

static void
add_lists(struct undo *u, struct lists *lists)
{
	size_t namespaces = 0;

	for (size_t i = 0; i < u->things.len; i++)
		namespaces += is_ns(u->things.at[i]) && !u->things.at[i]->gone;
	for (size_t r = 0; r < u->d->all.len; r++) {
		const struct api_resource *res = &u->d->all.at[r];

		if (!may_hold(res))
			continue;
		if (res->namespaced && namespaces > NS_LISTS_MAX)
			*vec_push(lists) = (struct k8s_list){ .res = res };
		for (size_t i = 0; i < u->things.len; i++) {
			struct thing *t = u->things.at[i];

			if (t->gone)
				continue;
			if (is_ns(t) && res->namespaced && namespaces <= NS_LISTS_MAX)
				*vec_push(lists) = (struct k8s_list){ .res = res, .ns = t->name };
			if (is_crd(t) && strcmp(t->name, res->gr) == 0)
				*vec_push(lists) = (struct k8s_list){ .res = res, .tag = t };
		}
	}
}

static int
look_inside(struct undo *u, struct err *e)
{
	static const struct k8s_list_fns fns = { on_held, on_held_end };
	struct lists lists = { 0 };
	struct k8s_info info;
	int rc = 0;

	add_lists(u, &lists);
	if (lists.len > 0 && (rc = k8s_server_info(u->k, &info, u->c, e)) == 0)
		rc = k8s_list_run(u->k, lists.at, lists.len, 4, k8s_list_page(&info), &fns, u, u->c, e);
	vec_free(&lists);
	return rc;
}

/* --- telling and deleting --- */

/* From the last to the first, namespaces at the end. */
static int
each(struct undo *u, int (*fn)(struct undo *, struct thing *, void *, struct err *), void *ctx, struct err *e)
{
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = u->things.len; i > 0; i--)
			if (is_ns(u->things.at[i - 1]) == (pass == 1) && fn(u, u->things.at[i - 1], ctx, e) < 0)
				return -1;
	return 0;
}

struct telling { undo_fn *fn; void *ctx; };

static int
tell(struct undo *u, struct thing *t, void *ctx, struct err *e)
{
	struct telling *x = ctx;
	const struct undo_row row = { t->gone ? "gone" : t->why != NULL ? "keep" : "delete", t->resource, t->kind, t->ns, t->name,
		t->gone || t->why == NULL ? "" : t->why };

	++*(t->gone ? &u->n->gone : t->why != NULL ? &u->n->kept : &u->n->deleted);
	return x->fn(x->ctx, &row, e);
}

static int
take_answer(struct undo *u, struct err *e)
{
	AUTO(http_call_freep) struct http_call *call = k8s_next(u->k, u->c, e);
	struct thing *t;
	struct err why;

	if (call == NULL)
		return -1;
	t = k8s_call_tag(call);
	if (k8s_call_result(call, &why) == 0 || why.kind == EK_NOTFOUND)
		return 0;
	if (why.kind == EK_CANCELED || why.http == 0) {
		*e = why;
		return -1;
	}
	u->n->deleted--;
	u->n->failed++;
	report_error(u->r, RESULT_ERROR, t->ns, t->resource, t->name, &why);
	return 0;
}

static int
drain(struct undo *u, size_t left, struct err *e)
{
	while (k8s_in_flight(u->k) > left)
		if (take_answer(u, e) < 0)
			return -1;
	return 0;
}

static int
delete_thing(struct undo *u, struct thing *t, void *ctx, struct err *e)
{
	const struct api_resource *res = discovery_kind(u->d, t->api_version, t->kind);
	const char **last = ctx;
	struct k8s_op op = { .tag = t, .method = "DELETE", .metadata_only = true };

	if (t->gone || t->why != NULL)
		return 0;
	if (res == NULL)
		return err_set(e, EK_NOTFOUND, "the cluster has no %s %s any more", t->api_version, t->kind);
	/* What was created first may be needed to delete what came after it. */
	if (drain(u, *last == NULL || strcmp(*last, t->resource) != 0 ? 0 : WINDOW - 1, e) < 0)
		return -1;
	*last = t->resource;
	t->path = api_path(res, t->ns[0] != '\0' ? t->ns : NULL, t->name);
	buf_putf(&t->body, "{\"apiVersion\":\"v1\",\"kind\":\"DeleteOptions\",\"preconditions\":{\"uid\":\"%s\"},"
		"\"propagationPolicy\":\"Background\"}", t->uid);
	op.path = t->path;
	op.body = buf_str(&t->body);
	return k8s_start(u->k, &op, u->c, e);
}

static int
record(struct undo *u, struct err *e)
{
	AUTO_FREE char *key = layout_key(u->name, LAYOUT_RESTORE_UNDO);
	AUTO_BUF struct buf json = BUF_INIT(LIMIT_SMALL_BODY);
	char time[CLOCK_TEXT_MAX];
	struct jw w;

	jw_init(&w, &json, true);
	jw_obj(&w);
	jw_kv_text(&w, "undone", clock_rfc3339(time, clock_unix_ns()));
	jw_kv_uint(&w, "deleted", u->n->deleted);
	jw_kv_uint(&w, "kept", u->n->kept);
	jw_kv_uint(&w, "gone", u->n->gone);
	jw_obj_end(&w);
	if (jw_done(&w, e) < 0)
		return -1;
	return store_put(u->st, key, buf_str(&json), u->c, e) < 0 ? err_ctx(e, "%s", key) : 0;
}

/* --- all --- */

/* Whether it can be undone at all. */
static int
check(struct undo *u, struct restore_opts *o, struct err *e)
{
	AUTO_FREE char *undo_key = layout_key(u->name, LAYOUT_RESTORE_UNDO);
	AUTO_BUF struct buf json = BUF_INIT(LIMIT_METADATA);
	AUTO_JDOC cJSON *d = NULL;
	struct k8s_info info;
	const char *phase;

	if (restore_recall(u->st, u->name, o, NULL, u->c, e) < 0 || k8s_server_info(u->k, &info, u->c, e) < 0
	    || restore_check_cluster(u->st, u->name, info.uid, u->c, e) < 0)
		return -1;
	if (store_get(u->st, undo_key, &json, u->c, e) == 0) {
		d = jdoc_parse(buf_str(&json), e);
		return err_set(e, EK_EXISTS, "was undone already%s%s", jdoc_text(d, "undone") != NULL ? ", on " : "",
			jdoc_text(d, "undone") != NULL ? jdoc_text(d, "undone") : "");
	}
	if (e->kind != EK_NOTFOUND)
		return -1;
	buf_cut(&json, 0);
	if (restore_get_record(u->st, u->name, &json, u->c, e) < 0)
		return -1;
	d = jdoc_parse(buf_str(&json), e);
	if (d == NULL)
		return err_ctx(e, "record");
	phase = jdoc_text(d, "status.phase");
	if (phase == NULL || strcmp(phase, "InProgress") == 0)
		return err_set(e, EK_CONFLICT, "has not ended: 'orlop restore create --resume %s' ends it", u->name);
	return 0;
}

static int
undo_all(struct undo *u, struct restore_opts *o, bool dry_run, undo_fn *fn, void *ctx, struct err *e)
{
	struct telling x = { fn, ctx };
	const char *last = NULL;

	if (outcomes_read(u->st, u->name, on_outcome, u, u->c, e) < 0)
		return -1;
	if (u->things.len == 0)
		return err_set(e, EK_NOTFOUND, "created nothing");
	u->d = discovery_load(u->k, u->c, e);
	if (u->d == NULL)
		return err_ctx(e, "discovery");
	if (look_at_all(u, o, e) < 0 || look_inside(u, e) < 0 || each(u, tell, &x, e) < 0)
		return -1;
	if (dry_run)
		return 0;
	if (each(u, delete_thing, &last, e) < 0 || drain(u, 0, e) < 0)
		return -1;
	return u->n->failed == 0 ? record(u, e) : 0;
}

int
restore_undo(struct k8s *k, struct store *st, const char *name, bool dry_run, struct report *r, undo_fn *fn, void *ctx,
	const struct cancel *c, struct undo_counts *out, struct err *e)
{
	struct undo u = { .k = k, .st = st, .name = name, .r = r, .c = c, .by_place = strmap_new(), .n = out };
	AUTO(restore_opts_done) struct restore_opts o = { .name = xstrdup(name) };
	int rc = -1;

	*out = (struct undo_counts){ 0 };
	if (check(&u, &o, e) == 0)
		rc = undo_all(&u, &o, dry_run, fn, ctx, e);
	/* What is under way borrows from the things. */
	if (k8s_in_flight(k) > 0)
		k8s_abort(k);
	for (size_t i = 0; i < u.things.len; i++) {
		buf_free(&u.things.at[i]->body);
		free(u.things.at[i]->path);
	}
	vec_free(&u.things);
	strmap_free(u.by_place);
	discovery_free(u.d);
	arena_done(&u.arena);
	return rc < 0 ? err_ctx(e, "restore '%s'", name) : 0;
}
