/*
 * DESIGN
 *
 *   plan of the restore, a type at a time --sorted by target--> entries
 *   cluster --LIST of the type--> object --found among entries--> compare: same, differs, ...
 *                                                      not met by the end of the list: create
 *
 * Memory is an entry's pointer and mark for each object of the type at hand; objects themselves pass by.
 */
#include "engine/plan.h"

#include "base/limits.h"
#include "base/mem.h"
#include "data/jscan.h"
#include "engine/dropped.h"
#include "engine/restore_impl.h"
#include "k8s/list.h"

#include <string.h>

#define PROBES_MAX   64      /* server-side dry runs in flight */
#define NS_LISTS_MAX 8       /* types are listed by namespace when the restore is about so few */

static const char *const action_texts[] = {
	[PLAN_CREATE] = "create", [PLAN_SAME] = "same", [PLAN_DIFFERS] = "differs", [PLAN_UPDATE] = "update",
	[PLAN_MERGE] = "merge",
	[PLAN_APPLY] = "apply", [PLAN_RECREATE] = "recreate", [PLAN_DELETE] = "delete", [PLAN_SKIP] = "skip", [PLAN_BLOCKED] = "blocked",
};
_Static_assert(COUNT(action_texts) == PLAN_COUNT_, "every action has its text");

const char *
plan_action_text(enum plan_action a)
{
	return action_texts[a];
}

/* An object in the cluster; ns "" for cluster-scoped. */
struct place { struct str gr, kind; const char *ns; struct str name, from_ns; };

/* An object of the type at hand. */
struct target {
	const struct index_entry *en;
	const char               *ns;
	bool                      met;           /* the cluster has it */
};

/* What is known of the cluster's object. */
struct seen { char uid[64], version[32], hash[CONTENT_HASH_MAX]; };

/* A dry run on the server. */
struct probe {
	const struct target *t;
	struct seen          seen;
	struct item         *it;                 /* NULL: the slot is free */
	char                *path;
	struct buf           diff;               /* of an object that is there */
};

struct plan {
	struct restore     *rs;
	struct k8s         *lister;
	unsigned            page;
	plan_fn            *fn;
	void               *ctx;
	struct plan_counts *n;
	struct { struct target *at; size_t len, cap; } targets;
	struct strs         namespaces;          /* targets' */
	struct strmap      *there;               /* namespaces of the cluster -> p, or another pointer for those going away */
	struct buf          diff;
	struct err          unlisted;            /* why the type could not be listed; EK_NONE: it was */
	uint64_t            told;
	int                 finding_rc;
	struct err          finding_why;
	struct seen         seen;                /* of what is told next */
	struct probe        probes[PROBES_MAX];
};

static int
tell(struct plan *p, enum plan_action action, const struct place *at, struct str diff, const char *why, struct err *e)
{
	AUTO_FREE char *resource = str_dup(at->gr);
	AUTO_FREE char *kind = str_dup(at->kind);
	AUTO_FREE char *name = str_dup(at->name);
	AUTO_FREE char *from_ns = str_dup(at->from_ns);
	const struct plan_row row = { .action = action, .resource = resource, .kind = kind, .ns = at->ns, .name = name,
		.diff = diff, .why = why, .uid = p->seen.uid, .version = p->seen.version, .hash = p->seen.hash,
		.from_ns = from_ns };
	int rc;

	p->n->n[action]++;
	if (++p->told % 64 == 0)
		report_progress(p->rs->r, "comparing", p->told, p->rs->n.selected, 0);
	rc = p->fn(p->ctx, &row, e);
	p->seen = (struct seen){ 0 };
	return rc;
}

/* What is told next is about this object of the cluster. */
static void
tell_of(struct plan *p, struct str live)
{
	struct str raw, text;

	if (jpath(live, &raw, "metadata", "uid", NULL) && jstr_plain(raw, &text))
		str_copy(p->seen.uid, sizeof p->seen.uid, text);
	if (jpath(live, &raw, "metadata", "resourceVersion", NULL) && jstr_plain(raw, &text))
		str_copy(p->seen.version, sizeof p->seen.version, text);
}

/* How it comes in the version that the cluster serves; NULL: as it is. */
static char *
converted(const struct plan *p, const struct target *t)
{
	const struct index_entry *en;
	const struct api_resource *res;
	const struct conversion *cv;
	struct err ignored;

	if (versions_choose(p->rs, t->en, &en, &res, &ignored) < 0)
		return NULL;
	cv = versions_conversion(en, res);
	return cv != NULL ? convert_text(cv) : NULL;
}

static int
tell_target(struct plan *p, enum plan_action action, const struct target *t, struct str diff, const char *why, struct err *e)
{
	const struct place at = { t->en->gr, t->en->kind, t->ns, t->en->name, t->en->ns };
	AUTO_FREE char *added = restore_added(p->rs, t->en);
	AUTO_FREE char *how = converted(p, t);
	AUTO_FREE char *all = xasprintf("%s%s%s%s%s", why, why[0] != '\0' && added != NULL ? "; " : "", added != NULL ? added : "",
		how != NULL && (why[0] != '\0' || added != NULL) ? "; " : "", how != NULL ? how : "");

	return tell(p, action, &at, diff, all, e);
}

/* --- asking the server (dryRun=All): admission, quotas, schemas, what may be changed --- */

static void
probe_end(struct probe *probe)
{
	item_free(probe->it);
	free(probe->path);
	buf_wipe(&probe->diff);
	*probe = (struct probe){ 0 };
}

static int
send_probe(struct plan *p, struct probe *probe, const struct k8s_op *op, struct err *e)
{
	if (k8s_start(p->rs->k, op, p->rs->c, e) == 0)
		return 0;
	probe_end(probe);
	return -1;
}

static struct probe *
free_slot(struct plan *p, const struct target *t, struct item *it /* taken */, char *path /* taken */)
{
	struct probe *probe = p->probes;

	while (probe->it != NULL)
		probe++;
	*probe = (struct probe){ t, p->seen, it, path, BUF_INIT(2 * LIMIT_OBJECT) };
	p->seen = (struct seen){ 0 };
	return probe;
}

static int
probe_create(struct plan *p, const struct target *t, struct item *it /* taken */, struct err *e)
{
	struct probe *probe = free_slot(p, t, it, xasprintf("%s%cdryRun=All", it->create_path,
		strchr(it->create_path, '?') != NULL ? '&' : '?'));
	struct k8s_op op = { .method = "POST", .path = probe->path, .tag = probe, .body = buf_str(&it->body) };

	return send_probe(p, probe, &op, e);
}

/* What the policy would do to an object that is there; diff: what it differs in. */
static int
probe_change(struct plan *p, const struct target *t, struct item *it /* taken */, struct str diff, struct err *e)
{
	bool apply = p->rs->o->policy == EXISTING_APPLY;
	AUTO_FREE char *path = apply ? item_apply_path(it) : NULL;
	struct probe *probe = free_slot(p, t, it, apply ? xasprintf("%s&dryRun=All", path) : xasprintf("%s?dryRun=All", it->path));
	struct k8s_op op = { .method = "PATCH", .path = probe->path, .tag = probe, .apply = apply,
		.body = buf_str(&it->patch), .metadata_only = true };

	if (buf_add_str(&probe->diff, diff, e) < 0) {
		probe_end(probe);
		return -1;
	}
	return send_probe(p, probe, &op, e);
}

/* What would be created: the server may leave fields out without a word. */
static int
tell_created(struct plan *p, const struct probe *probe, struct str answer, struct err *e)
{
	AUTO_BUF struct buf lost = BUF_INIT(LIMIT_OBJECT);
	AUTO_FREE char *why = NULL;

	if (json_check(answer, e) < 0 || dropped_fields(buf_str(&probe->it->body), answer, &lost, e) < 0)
		return err_ctx(e, "the answer to POST %s", probe->path);
	if (lost.len > 0)
		why = xasprintf("the cluster drops %s", buf_cstr(&lost));
	return tell_target(p, PLAN_CREATE, probe->t, S(""), why != NULL ? why : "", e);
}

static int
tell_accepted(struct plan *p, const struct probe *probe, struct str answer, struct err *e)
{
	enum plan_action action = p->rs->o->policy == EXISTING_APPLY ? PLAN_APPLY : PLAN_UPDATE;

	if (probe->diff.len == 0)
		return tell_created(p, probe, answer, e);
	return tell_target(p, action, probe->t, buf_str(&probe->diff), "", e);
}

static int
tell_refused(struct plan *p, const struct target *t, struct item *it, struct str diff, const struct err *why, struct err *e)
{
	enum existing_policy policy = p->rs->o->policy;
	struct err lost = *why;

	if (diff.len > 0 && policy == EXISTING_UPDATE && why->http != 403)
		return tell_target(p, PLAN_DIFFERS, t, diff, why->msg, e);
	if (diff.len > 0 && policy == EXISTING_RECREATE && why->http == 422 && item_may_recreate(it, why, &lost) == 0)
		return tell_target(p, PLAN_RECREATE, t, diff, why->msg, e);
	return tell_target(p, PLAN_BLOCKED, t, diff, lost.msg, e);
}

static int
probe_next(struct plan *p, struct err *e)
{
	AUTO(http_call_freep) struct http_call *call = k8s_next(p->rs->k, p->rs->c, e);
	struct probe *probe;
	struct err why;
	int rc;

	if (call == NULL)
		return -1;
	probe = k8s_call_tag(call);
	p->seen = probe->seen;
	if (k8s_call_result(call, &why) == 0)
		rc = tell_accepted(p, probe, k8s_call_body(call), e);
	else if (why.http != 0)
		rc = tell_refused(p, probe->t, probe->it, buf_str(&probe->diff), &why, e);
	else {
		*e = why;
		rc = -1;
	}
	probe_end(probe);
	return rc;
}

/* Leaves room for one more. */
static int
make_room(struct plan *p, struct err *e)
{
	while (k8s_in_flight(p->rs->k) >= PROBES_MAX)
		if (probe_next(p, e) < 0)
			return -1;
	return 0;
}

/* --- one object --- */

/* How the restore would account for an object for which there is nothing to send. */
static int
tell_unsent(struct plan *p, const struct target *t, const struct restore_counts *before, struct err *e)
{
	const struct restore_counts *now = &p->rs->n;

	if (now->failed > before->failed)
		return tell_target(p, PLAN_BLOCKED, t, S(""), p->rs->last_failure.msg, e);
	return tell_target(p, PLAN_SKIP, t, S(""), "by the rules of its kind", e);
}

/* A service account is merged, whatever the policy but fail. */
static int
foresee_account(struct plan *p, const struct target *t, struct item *it, struct arena *arena, struct jnode *live,
	struct err *e)
{
	if (item_account_patch(it, arena, live, e) < 0)
		return -1;
	if (it->patch.len == 0)
		return tell_target(p, PLAN_SAME, t, S(""), "", e);
	return tell_target(p, PLAN_MERGE, t, buf_str(&it->patch), "", e);
}

/* What is there and differs.  *own becomes NULL if the server is asked. */
static int
foresee_change(struct plan *p, const struct target *t, struct item **own, struct arena *arena, struct jnode *live,
	struct err *e)
{
	struct item *it = *own;
	enum existing_policy policy = p->rs->o->policy;
	AUTO(buf_wipe) struct buf text = BUF_INIT(LIMIT_OBJECT);
	struct str diff;
	struct err why;

	if (policy != EXISTING_FAIL && str_eq(it->en->gr, S("serviceaccounts")))
		return foresee_account(p, t, it, arena, live, e);
	buf_cut(&p->diff, 0);
	if (jnode_write(live, &text, e) < 0 || jmerge_diff(buf_str(&text), buf_str(&it->body), &p->diff, e) < 0)
		return -1;
	diff = buf_str(&p->diff);
	if (policy == EXISTING_FAIL)
		return tell_target(p, PLAN_BLOCKED, t, diff, EXISTS_AND_DIFFERS, e);
	if (policy == EXISTING_NONE)
		return tell_target(p, PLAN_DIFFERS, t, diff, "", e);
	if (item_is_kept_silently(it, arena, live, &why))
		return tell_refused(p, t, it, diff, &why, e);
	if (policy == EXISTING_UPDATE && !p->rs->o->server_dry_run)
		return tell_target(p, PLAN_UPDATE, t, diff, "", e);
	if (policy == EXISTING_APPLY ? item_apply_patch(it, arena, e) < 0 : item_update_patch(it, live, e) < 0)
		return -1;
	return probe_change(p, t, TAKE(*own), diff, e);
}

/* Would the restore change one that is there? */
static bool
may_change(const struct item *it)
{
	enum existing_policy policy = it->rs->o->policy;

	return policy != EXISTING_FAIL && (policy != EXISTING_NONE || str_eq(it->en->gr, S("serviceaccounts")));
}

/* live: what the cluster has; empty: nothing.  As foresee_change. */
static int
judge(struct plan *p, const struct target *t, struct item **own, struct str live, struct err *e)
{
	struct item *it = *own;
	AUTO_ARENA struct arena arena = ARENA_INIT;
	struct jnode *obj;
	struct str deleted;
	bool same;

	/* What the server is asked about others is told of now: nothing comes between this object and its row. */
	if (make_room(p, e) < 0)
		return -1;
	tell_of(p, live);
	/* Later objects are restored as if these were there. */
	if (live.len == 0 && (str_eq(it->en->gr, S("serviceaccounts")) || str_eq(it->en->gr, S("storageclasses.storage.k8s.io"))))
		restore_will_exist(p->rs, it->path);
	if (live.len == 0)
		restore_hooks_created(it);
	if (live.len == 0)
		return tell_target(p, PLAN_CREATE, t, S(""), "", e);
	if (jpath(live, &deleted, "metadata", "deletionTimestamp", NULL))
		return tell_target(p, PLAN_BLOCKED, t, S(""), "is being deleted from the cluster: the restore waits for it", e);
	if (item_compare(it, &arena, live, &obj, &same, e) < 0)
		return -1;
	if (same)
		return tell_target(p, PLAN_SAME, t, S(""), "", e);
	if (may_change(it) && restore_content_hash(it->gr, live, p->seen.hash, e) < 0)
		return -1;
	return foresee_change(p, t, own, &arena, obj, e);
}

static int
foresee(struct plan *p, const struct target *t, struct str live, struct err *e)
{
	struct restore_counts before = p->rs->n;
	struct item *it;
	int rc;

	if (cancel_check(p->rs->c, e) < 0)
		return -1;
	it = item_prepare(p->rs, t->en, &rc, e);
	if (rc < 0)
		return -1;
	if (it == NULL)
		return tell_unsent(p, t, &before, e);
	rc = judge(p, t, &it, live, e);
	if (it != NULL)
		item_free(it);
	return rc;
}

/* --- one type --- */

static int
by_place(const void *a, const void *b)
{
	const struct target *x = a, *y = b;
	int by_ns = strcmp(x->ns, y->ns);

	return by_ns != 0 ? by_ns : str_cmp(x->en->name, y->en->name);
}

static struct target *
find(struct plan *p, struct str ns, struct str name)
{
	size_t lo = 0, hi = p->targets.len;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		struct target *t = &p->targets.at[mid];
		int order = str_cmp(str_of(t->ns), ns);

		if (order == 0)
			order = str_cmp(t->en->name, name);
		if (order == 0)
			return t;
		if (order < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

static int
on_item(void *ctx, struct k8s_list *l, const struct jlist_head *head, struct str ns, struct str name, struct str item,
	struct err *e)
{
	struct plan *p = ctx;
	struct target *t = find(p, ns, name);
	AUTO_BUF struct buf whole = BUF_INIT(LIMIT_OBJECT);
	struct str kind;

	(void)head;
	if (t == NULL || t->met)
		return 0;
	t->met = true;
	/* Items of a list do not say what they are, but those of custom resources. */
	if (jget(item, "kind", &kind))
		return foresee(p, t, item, e);
	buf_putf(&whole, "{\"apiVersion\":\"%s\",\"kind\":\"%s\"%s", l->res->api_version, l->res->kind, item.len > 2 ? "," : "");
	if (buf_add_str(&whole, str_sub(item, 1, item.len), e) < 0)
		return -1;
	return foresee(p, t, buf_str(&whole), e);
}

static int
on_end(void *ctx, struct k8s_list *l, const struct err *why, struct err *e)
{
	struct plan *p = ctx;

	(void)l;
	if (why == NULL)
		return 0;
	if (why->http == 0 || why->http == 401) {
		*e = *why;
		return -1;
	}
	if (p->unlisted.kind == EK_NONE)
		p->unlisted = *why;
	return 0;
}

static int
list_type(struct plan *p, const struct api_resource *res, struct err *e)
{
	static const struct k8s_list_fns fns = { on_item, on_end };
	bool by_ns = res->namespaced && p->namespaces.len <= NS_LISTS_MAX;
	size_t n = by_ns ? p->namespaces.len : 1;
	AUTO_FREE struct k8s_list *lists = xcalloc(n, sizeof *lists);

	for (size_t i = 0; i < n; i++)
		lists[i] = (struct k8s_list){ .res = res, .ns = by_ns ? p->namespaces.at[i] : NULL };
	return k8s_list_run(p->lister, lists, n, 1, p->page, &fns, p, p->rs->c, e);
}

static bool
is_defined_by_plan(const struct plan *p, struct str gr)
{
	for (size_t i = 0; i < p->rs->plan.len && restore_is_crd(p->rs->plan.at[i]->gr); i++)
		if (str_eq(p->rs->plan.at[i]->name, gr))
			return true;
	return false;
}

/* --- what is not there --- */

/* Nothing can be tried in a namespace that is not there. */
static bool
may_be_tried(const struct plan *p, const struct target *t)
{
	return p->rs->o->server_dry_run && (t->ns[0] == '\0' || strmap_get(p->there, str_of(t->ns)) == (const void *)p);
}

static int
try_to_create(struct plan *p, const struct target *t, struct err *e)
{
	struct restore_counts before = p->rs->n;
	struct item *it;
	int rc;

	if (make_room(p, e) < 0)
		return -1;
	it = item_prepare(p->rs, t->en, &rc, e);
	if (rc < 0)
		return -1;
	return it != NULL ? probe_create(p, t, it, e) : tell_unsent(p, t, &before, e);
}

static int
end_probes(struct plan *p, struct err *e)
{
	while (k8s_in_flight(p->rs->k) > 0)
		if (probe_next(p, e) < 0)
			return -1;
	return 0;
}

/* What the list did not bring: new to the cluster, or not to be told. */
static int
foresee_rest(struct plan *p, const struct api_resource *res, struct err *e)
{
	for (size_t i = 0; i < p->targets.len; i++) {
		const struct target *t = &p->targets.at[i];
		int rc;

		if (t->met)
			continue;
		if (p->unlisted.kind != EK_NONE)
			rc = tell_target(p, PLAN_BLOCKED, t, S(""), p->unlisted.msg, e);
		else if (res == NULL && is_defined_by_plan(p, t->en->gr))
			rc = tell_target(p, PLAN_CREATE, t, S(""), "", e);
		else if (may_be_tried(p, t))
			rc = try_to_create(p, t, e);
		else
			rc = foresee(p, t, S(""), e);
		if (rc < 0)
			return -1;
	}
	return end_probes(p, e);
}

static void
take_type(struct plan *p, size_t from, size_t to)
{
	struct restore *rs = p->rs;

	p->targets.len = 0;
	strs_free(&p->namespaces);
	p->unlisted.kind = EK_NONE;
	for (size_t i = from; i < to; i++) {
		const struct index_entry *en = rs->plan.at[i];
		const char *ns = en->ns.len > 0 ? restore_map_ns(rs, en->ns) : "";
		bool known = false;

		*vec_push(&p->targets) = (struct target){ en, ns, false };
		for (size_t k = 0; k < p->namespaces.len && !known; k++)
			known = strcmp(p->namespaces.at[k], ns) == 0;
		if (!known && p->namespaces.len <= NS_LISTS_MAX)
			strs_add(&p->namespaces, ns);
	}
	qsort(p->targets.at, p->targets.len, sizeof *p->targets.at, by_place);
}

static int
foresee_type(struct plan *p, size_t from, size_t to, struct err *e)
{
	struct restore *rs = p->rs;
	const struct index_entry *en;
	const struct api_resource *res = NULL;
	struct err why;

	take_type(p, from, to);
	if (versions_choose(rs, rs->plan.at[from], &en, &res, &why) < 0)
		res = NULL;
	if (res != NULL && list_type(p, res, e) < 0)
		return -1;
	return foresee_rest(p, res, e);
}

/* --- namespaces --- */

static int
on_namespace(void *ctx, struct k8s_list *l, const struct jlist_head *head, struct str ns, struct str name, struct str item,
	struct err *e)
{
	struct plan *p = ctx;
	struct str deleted;

	(void)head, (void)ns, (void)e;
	strmap_put(p->there, name, jpath(item, &deleted, "metadata", "deletionTimestamp", NULL) ? (void *)l : (void *)p);
	return 0;
}

static int
on_namespaces_end(void *ctx, struct k8s_list *l, const struct err *why, struct err *e)
{
	(void)ctx, (void)l;
	if (why == NULL)
		return 0;
	*e = *why;
	return err_ctx(e, "list namespaces");
}

static int
foresee_namespace(struct plan *p, struct strmap *told, struct str source, struct err *e)
{
	const char *target = restore_map_ns(p->rs, source);
	const struct place at = { S("namespaces"), S("Namespace"), "", str_of(target), S("") };
	void *found;

	if (!strmap_add(told, str_of(target)))
		return 0;
	found = strmap_get(p->there, str_of(target));
	if (found == NULL)
		return tell(p, PLAN_CREATE, &at, S(""), "", e);
	if (found == (void *)p)
		return tell(p, PLAN_SAME, &at, S(""), "", e);
	return tell(p, PLAN_BLOCKED, &at, S(""), "is being deleted: the restore waits for it", e);
}

static int
foresee_namespaces(struct plan *p, struct err *e)
{
	static const struct k8s_list_fns fns = { on_namespace, on_namespaces_end };
	AUTO(strmap_freep) struct strmap *told = strmap_new();
	struct k8s_list l = { .res = discovery_gvr(p->rs->d, "", NULL, "namespaces") };
	struct restore *rs = p->rs;

	if (l.res == NULL)
		return err_set(e, EK_NOTFOUND, "the cluster does not serve namespaces");
	if (k8s_list_run(p->lister, &l, 1, 1, p->page, &fns, p, rs->c, e) < 0)
		return -1;
	for (size_t i = 0; i < rs->plan.len; i++) {
		const struct index_entry *en = rs->plan.at[i];
		struct str source = str_eq(en->gr, S("namespaces")) ? en->name : en->ns;

		if (source.len > 0 && foresee_namespace(p, told, source, e) < 0)
			return -1;
	}
	return 0;
}

/* --- all --- */

static int
foresee_all(struct plan *p, struct err *e)
{
	struct restore *rs = p->rs;
	struct k8s_info info;
	bool namespaces_done = false;

	if (k8s_server_info(rs->k, &info, rs->c, e) < 0)
		return -1;
	p->page = k8s_list_page(&info);
	for (size_t from = 0, to; from < rs->plan.len; from = to) {
		struct str gr = rs->plan.at[from]->gr;

		to = restore_wave_end(rs, from);
		if (!namespaces_done && !restore_is_crd(gr)) {
			namespaces_done = true;
			if (foresee_namespaces(p, e) < 0)
				return -1;
		}
		if (!str_eq(gr, S("namespaces")) && foresee_type(p, from, to, e) < 0)
			return -1;
	}
	return 0;
}

static int
foresee_prune(struct plan *p, struct err *e)
{
	struct restore *rs = p->rs;

	if (restore_find_prunable(rs, e) < 0)
		return -1;
	for (size_t i = 0; i < rs->prunable.len; i++) {
		const struct prunable *o = &rs->prunable.at[i];
		const struct place at = { str_of(o->gr), str_of(o->kind), o->ns, str_of(o->name), S("") };
		struct str uid;

		if (jstr_plain(str_of(o->uid), &uid))
			str_copy(p->seen.uid, sizeof p->seen.uid, uid);
		if (tell(p, PLAN_DELETE, &at, S(""), "", e) < 0)
			return -1;
	}
	return 0;
}

static void
on_finding(void *ctx, const struct preflight_finding *f)
{
	struct plan *p = ctx;
	struct plan_row row = { .finding = f };

	if (p->finding_rc == 0 && f->level >= PREFLIGHT_WARN)
		p->finding_rc = p->fn(p->ctx, &row, &p->finding_why);
}

/* What would keep the restore from beginning, too. */
static int
preflight(struct plan *p, struct err *e)
{
	struct preflight_counts n;

	if (preflight_is_off(p->rs->o))
		return 0;
	if (preflight_restore(p->rs, on_finding, p, &n, e) < 0)
		return -1;
	if (p->finding_rc < 0)
		*e = p->finding_why;
	return p->finding_rc;
}

int
plan_run(struct k8s *k, struct store *st, const struct restore_opts *o, struct report *r, plan_fn *fn, void *ctx,
	const struct cancel *c, struct plan_counts *out, struct err *e)
{
	struct restore rs = RESTORE_INIT(k, st, o, r, c);
	struct plan p = { .rs = &rs, .fn = fn, .ctx = ctx, .n = out, .there = strmap_new(), .diff = BUF_INIT(2 * LIMIT_OBJECT) };
	int rc = -1;

	*out = (struct plan_counts){ 0 };
	p.lister = k8s_new(k8s_conn(k), e);
	if (p.lister != NULL && preflight_check_ignored(o, e) == 0 && restore_prepare(&rs, e) == 0
	    && preflight(&p, e) == 0)
		rc = foresee_all(&p, e) < 0 ? -1 : foresee_prune(&p, e);
	if (rc == 0 && restore_hooks_pods(rs.hooks) > 0)
		report_note(r, "%zu of the pods to be created %s hooks", restore_hooks_pods(rs.hooks),
			restore_hooks_pods(rs.hooks) == 1 ? "has" : "have");
	restore_drop_items(&rs);
	for (size_t i = 0; i < PROBES_MAX; i++) {
		free(p.probes[i].path);
		buf_wipe(&p.probes[i].diff);
	}
	k8s_free(p.lister);
	vec_free(&p.targets);
	strs_free(&p.namespaces);
	strmap_free(p.there);
	buf_free(&p.diff);
	restore_done(&rs);
	return rc;
}
