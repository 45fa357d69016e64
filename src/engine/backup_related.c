/*
 * What stored objects need (velero-format 3.5, 3.6): noted while lists run, asked for one by one when they have ended.
 * What is needed is exempt from labels and name patterns; the lists of types and namespaces hold.
 */
#include "engine/backup_impl.h"

#include "base/limits.h"
#include "base/mem.h"
#include "data/jscan.h"
#include "engine/needs.h"

#define WINDOW 16

static const char bindings_gr[] = "clusterrolebindings.rbac.authorization.k8s.io";
static const char roles_gr[] = "clusterroles.rbac.authorization.k8s.io";
static const char definitions_gr[] = "customresourcedefinitions.apiextensions.k8s.io";
static const struct str cluster_scope = { NULL, 0 };

/* Valid until the next call. */
static struct str
item_key(struct buf *key, const struct api_resource *res, struct str ns, struct str name)
{
	buf_cut(key, 0);
	buf_puts(key, res->version);
	buf_putc(key, '/');
	buf_puts(key, res->gr);
	buf_putc(key, '/');
	buf_put_str(key, ns);
	buf_putc(key, '/');
	buf_put_str(key, name);
	return buf_str(key);
}

/* --- noting --- */

/* What somebody may need, and the lists bring in part, as far as labels and names choose it. */
static bool
may_be_needed(const struct api_resource *res)
{
	static const char *const types[] = { "persistentvolumeclaims", "persistentvolumes",
		"priorityclasses.scheduling.k8s.io", bindings_gr, roles_gr, definitions_gr };

	for (size_t i = 0; i < COUNT(types); i++)
		if (strcmp(res->gr, types[i]) == 0)
			return true;
	return false;
}

void
backup_plan_related(struct backup_work *run)
{
	bool several = selection_selectors(run->sel) > 1, picks = selection_picks(run->sel);

	for (size_t i = 0; i < run->types.len; i++) {
		struct type *t = &run->types.at[i];

		/* An object that matches several selectors comes with the list of each. */
		t->check = several;
		t->track = several || (picks && t->res->preferred && may_be_needed(t->res));
	}
	run->bindings = run->narrowed && selection_resource_needed(run->sel, str_of(bindings_gr), false)
		&& (picks || !selection_resource(run->sel, str_of(bindings_gr), false));
}

static bool
is_stored(struct backup_work *run, const struct api_resource *res, struct str ns, struct str name)
{
	return strmap_has(run->stored, item_key(&run->key, res, ns, name));
}

bool
backup_was_stored(struct backup_work *run, const struct type *t, struct str ns, struct str name)
{
	return is_stored(run, t->res, ns, name);
}

struct named_item *
backup_named_item(struct backup_work *run, const struct api_resource *res, struct str ns, struct str name)
{
	struct named_item *it = arena_alloc(&run->arena, sizeof *it);
	AUTO_FREE char *path = NULL;

	it->res = res;
	it->name = arena_strdup(&run->arena, name);
	it->ns = ns.len > 0 ? arena_strdup(&run->arena, ns) : NULL;
	path = api_path(res, it->ns, it->name);
	it->path = arena_strdup(&run->arena, str_of(path));
	return it;
}

/* Types that are listed as a whole bring their objects by themselves. */
static void
need(struct backup_work *run, struct str gr, struct str ns, struct str name)
{
	const struct api_resource *res;
	AUTO_FREE char *text = NULL;
	bool namespaced = ns.len > 0;

	if (!selection_resource_needed(run->sel, gr, namespaced) || (namespaced && !backup_wants_namespace(run, ns))
	    || (!selection_picks(run->sel) && selection_resource(run->sel, gr, namespaced)))
		return;
	text = str_dup(gr);
	res = discovery_resolve(run->d, text);
	if (res != NULL && strmap_add(run->needed, item_key(&run->key, res, ns, name)))
		*vec_push(&run->queue) = backup_named_item(run, res, ns, name);
}

static void
note_need(void *ctx, const struct need *n)
{
	need(ctx, n->gr, n->ns, n->name);
}

void
backup_note_stored(struct backup_work *run, const struct type *t, struct str ns, struct str name, struct str item)
{
	struct str gr = str_of(t->res->gr);

	if (t->track)
		(void)strmap_add(run->stored, item_key(&run->key, t->res, ns, name));
	if (!run->narrowed || !t->res->preferred)
		return;
	needs_each(gr, ns, item, NEEDS_VELERO, note_need, run);
	if (run->bindings && str_eq(gr, S("serviceaccounts"))) {
		buf_cut(&run->key, 0);
		buf_putf(&run->key, STR_FMT "/" STR_FMT, STR_ARG(ns), STR_ARG(name));
		(void)strmap_add(run->accounts, buf_str(&run->key));
	}
}

/* The definitions of stored custom resources have their types' names (velero-format 3.6); a group of theirs has a dot. */
static void
need_definitions(struct backup_work *run)
{
	for (size_t i = 0; i < run->types.len; i++) {
		const struct type *t = &run->types.at[i];

		if (t->stored > 0 && strchr(t->res->group, '.') != NULL)
			need(run, str_of(definitions_gr), cluster_scope, str_of(t->res->gr));
	}
}

/* --- rights of service accounts --- */

static bool
is_stored_account(void *ctx, struct str ns, struct str name)
{
	struct backup_work *run = ctx;

	buf_cut(&run->key, 0);
	buf_putf(&run->key, STR_FMT "/" STR_FMT, STR_ARG(ns), STR_ARG(name));
	return strmap_has(run->accounts, buf_str(&run->key));
}

static int
on_binding(void *ctx, struct k8s_list *l, const struct jlist_head *head, struct str ns, struct str name,
	struct str item, struct err *e)
{
	struct backup_work *run = ctx;
	struct type *t = l->tag;
	struct str role;

	(void)head;
	if (!needs_binding(item, is_stored_account, run, &role))
		return 0;
	if (role.len > 0)
		need(run, str_of(roles_gr), cluster_scope, role);
	return backup_was_stored(run, t, ns, name) ? 0 : backup_store(run, t, ns, name, item, e);
}

/* Who may back up some namespaces only need not be allowed to see this. */
static int
on_bindings_end(void *ctx, struct k8s_list *l, const struct err *why, struct err *e)
{
	struct backup_work *run = ctx;

	(void)l;
	if (why == NULL)
		return 0;
	if (backup_ended_by(why)) {
		*e = *why;
		return err_ctx(e, "list %s", bindings_gr);
	}
	report_error(run->r, why->http == 403 ? RESULT_WARNING : RESULT_ERROR, "", bindings_gr, "", why);
	return 0;
}

static struct type *
type_of(struct backup_work *run, const struct api_resource *res)
{
	struct type *t = backup_type(run, res);

	return t != NULL ? t : backup_add_type(run, res);
}

static int
store_bindings(struct backup_work *run, struct err *e)
{
	static const struct k8s_list_fns fns = { on_binding, on_bindings_end };
	struct k8s_list l = { .res = discovery_resolve(run->d, bindings_gr), .remaining = -1 };

	if (strmap_len(run->accounts) == 0 || l.res == NULL)
		return 0;
	l.tag = type_of(run, l.res);
	return k8s_list_run(run->k, &l, 1, 1, run->page, &fns, run, run->c, e);
}

/* --- fetching --- */

static int
store_fetched(struct backup_work *run, const struct named_item *it, struct http_call *call, struct err *e)
{
	struct str json;
	struct err why;

	if (k8s_call_result(call, &why) == 0) {
		json = k8s_call_body(call);
		if (json_check(json, &why) == 0)
			return backup_store(run, type_of(run, it->res), str_of(it->ns), str_of(it->name), json, e);
	}
	if (backup_ended_by(&why)) {
		*e = why;
		return err_ctx(e, "get %s", it->path);
	}
	/* Not every type with a group has a definition, and a volume may be gone. */
	if (why.kind != EK_NOTFOUND)
		report_error(run->r, RESULT_ERROR, it->ns != NULL ? it->ns : "", it->res->gr, it->name, &why);
	return 0;
}

/* What is fetched may need more: the queue grows while it is worked off. */
static int
fetch_all(struct backup_work *run, struct err *e)
{
	size_t next = 0;

	for (;;) {
		struct http_call *call;
		int rc;

		while (next < run->queue.len && k8s_in_flight(run->k) < WINDOW) {
			struct named_item *it = run->queue.at[next++];
			struct k8s_op op = { .method = "GET", .path = it->path, .tag = it };

			if (is_stored(run, it->res, str_of(it->ns), str_of(it->name)))
				continue;
			if (k8s_start(run->k, &op, run->c, e) < 0)
				return err_ctx(e, "get %s", it->path);
		}
		if (k8s_in_flight(run->k) == 0)
			return 0;
		call = k8s_next(run->k, run->c, e);
		if (call == NULL)
			return -1;
		rc = store_fetched(run, k8s_call_tag(call), call, e);
		http_call_free(call);
		if (rc < 0)
			return -1;
	}
}

int
backup_store_related(struct backup_work *run, struct err *e)
{
	if (!run->narrowed)
		return 0;
	if (store_bindings(run, e) < 0)
		return -1;
	need_definitions(run);
	if (fetch_all(run, e) == 0)
		return 0;
	k8s_abort(run->k);
	return -1;
}
