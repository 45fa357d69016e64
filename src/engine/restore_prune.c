/*
 * What the backup does not have (--prune): looked for before anything is restored, so that nothing that the restore brings
 * about is among it, and deleted, each as it was seen, when everything else has succeeded.
 */
#include "engine/restore_impl.h"

#include "base/limits.h"
#include "base/mem.h"
#include "k8s/list.h"

#include <string.h>

#define NS_LISTS_MAX 8
#define CHUNK        256      /* deletions whose requests are in memory */

/* Never deleted. */
static const char *const kept_types[] = {
	"namespaces", "persistentvolumes", "persistentvolumeclaims", "nodes", "endpoints", "componentstatuses", "bindings",
	"customresourcedefinitions.apiextensions.k8s.io", "apiservices.apiregistration.k8s.io",
	"endpointslices.discovery.k8s.io", "leases.coordination.k8s.io", "leasecandidates.coordination.k8s.io",
	"controllerrevisions.apps", "csistoragecapacities.storage.k8s.io", "resourceslices.resource.k8s.io",
	"ipaddresses.networking.k8s.io", "servicecidrs.networking.k8s.io", "certificatesigningrequests.certificates.k8s.io",
	"storageversions.internal.apiserver.k8s.io",
};
static const char *const kept_groups[] = { ".velero.io", ".metrics.k8s.io", ".flowcontrol.apiserver.k8s.io" };

/* Objects that every cluster has; a name that ends with '*' by its beginning. */
static const struct { const char *gr, *name; } kept_objects[] = {
	{ "serviceaccounts", "default" },
	{ "clusterroles.rbac.authorization.k8s.io", "system:*" },
	{ "clusterrolebindings.rbac.authorization.k8s.io", "system:*" },
	{ "roles.rbac.authorization.k8s.io", "system:*" },
	{ "rolebindings.rbac.authorization.k8s.io", "system:*" },
	{ "priorityclasses.scheduling.k8s.io", "system-*" },
};

struct pruning {
	struct restore            *rs;
	struct selection          *held;         /* what the backup was of */
	struct strmap             *known;        /* "PLURAL/NS/NAME" in the cluster of what the backup has */
	struct strmap             *wanted;       /* target namespaces -> char *source */
	struct strs                namespaces;   /* the same */
};

/* The group of a type does not count: it may have moved to another one since the backup. */
static char *
key_of(struct str gr, struct str ns, struct str name)
{
	return xasprintf(STR_FMT "/" STR_FMT "/" STR_FMT, STR_ARG(str_sub(gr, 0, str_chr(gr, '.'))), STR_ARG(ns),
		STR_ARG(name));
}

static bool
is_system_ns(struct str ns)
{
	return str_starts(ns, S("kube-"));
}

static void
want_namespace(struct pruning *x, struct str source)
{
	struct str target = str_of(restore_map_ns(x->rs, source));

	if (!selection_namespace(x->rs->sel, source) || is_system_ns(target) || strmap_has(x->wanted, target))
		return;
	strmap_put(x->wanted, target, arena_strdup(&x->rs->arena, source));
	strs_add(&x->namespaces, target.p);
}

static void
note_held(struct pruning *x)
{
	const struct index *ix = x->rs->ix;

	for (size_t i = 0; i < ix->n_entries + ix->n_alternates; i++) {
		const struct index_entry *en = i < ix->n_entries ? &ix->entries[i] : &ix->alternates[i - ix->n_entries];
		const char *ns = en->ns.len > 0 ? restore_map_ns(x->rs, en->ns) : "";
		AUTO_FREE char *key = key_of(en->gr, str_of(ns), en->name);

		(void)strmap_add(x->known, str_of(key));
		if (en->ns.len > 0 || str_eq(en->gr, S("namespaces")))
			want_namespace(x, en->ns.len > 0 ? en->ns : en->name);
	}
}

/* A backup that left something out, or could not read it, does not tell what was not there. */
static int
check_backup(struct restore *rs, struct err *e)
{
	const struct vbackup *b = &rs->backup;

	if (b->selector_json != NULL || b->or_selectors_json != NULL || kvs_get(&b->annotations, VB_ANNOT_PICKED) != NULL)
		return err_set(e, EK_INVALID, "--prune: backup '%s' holds only objects that were picked: what it does not have may "
			"have been there", b->name);
	if (b->phase == NULL || strcmp(b->phase, "Completed") != 0)
		return err_set(e, EK_INVALID, "--prune: backup '%s' is not complete (%s): what it does not have may have been there",
			b->name, b->phase != NULL ? b->phase : "no phase");
	return 0;
}

static int
open_held(struct pruning *x, struct err *e)
{
	const struct vbackup *b = &x->rs->backup;
	AUTO_STRS struct strs unknown = { 0 };
	const struct filter_opts f = { .inc_namespaces = b->inc_namespaces, .exc_namespaces = b->exc_namespaces,
		.inc_resources = b->inc_resources, .exc_resources = b->exc_resources,
		.inc_cluster_resources = b->inc_cluster_resources, .exc_cluster_resources = b->exc_cluster_resources,
		.inc_ns_resources = b->inc_ns_resources, .exc_ns_resources = b->exc_ns_resources,
		.include_cluster = b->include_cluster == TRI_UNSET ? OPT_UNSET : b->include_cluster == TRI_TRUE ? OPT_YES : OPT_NO };

	x->held = selection_new(&f, x->rs->d, &unknown, e);
	return x->held != NULL ? 0 : err_ctx(e, "--prune: filters of the backup");
}

static bool
is_kept_type(const struct api_resource *res)
{
	const struct kind_rule *rule = kind_rule(str_of(res->gr));

	if (rule->never || rule->not_stored || (res->verbs & VERB_LIST) == 0 || (res->verbs & VERB_DELETE) == 0)
		return true;
	for (size_t i = 0; i < COUNT(kept_types); i++)
		if (strcmp(res->gr, kept_types[i]) == 0)
			return true;
	for (size_t i = 0; i < COUNT(kept_groups); i++)
		if (str_ends(str_of(res->gr), str_of(kept_groups[i])))
			return true;
	return false;
}

static bool
is_kept_name(struct str gr, struct str name)
{
	for (size_t i = 0; i < COUNT(kept_objects); i++) {
		struct str pattern = str_of(kept_objects[i].name);
		bool prefix = str_ends(pattern, S("*"));

		if (!str_eqz(gr, kept_objects[i].gr))
			continue;
		if (prefix ? str_starts(name, str_sub(pattern, 0, pattern.len - 1)) : str_eq(name, pattern))
			return true;
	}
	return false;
}

/* What somebody else answers for, or what the control plane keeps. */
static bool
is_kept_object(struct str gr, struct str ns, struct str name, struct str item)
{
	AUTO_ARENA struct arena arena = ARENA_INIT;
	struct jnode *obj = jnode_open(&arena, item), *meta = jnode_get(obj, "metadata");

	return is_kept_name(gr, name)
		|| jnode_first(jnode_get(meta, "ownerReferences")) != NULL
		|| jnode_get(meta, "deletionTimestamp") != NULL
		|| jnode_walk(meta, "labels", "kubernetes.io/bootstrapping", NULL) != NULL
		|| jnode_walk(meta, "annotations", "kubernetes.io/config.mirror", NULL) != NULL
		|| (str_eq(gr, S("secrets")) && jnode_is_text(jnode_get(obj, "type"), "kubernetes.io/service-account-token"))
		|| scrub_precheck(gr, ns, name, obj) == SCRUB_SKIP;
}

/* Would the restore choose it, if the backup had it?  1: yes, 0: no. */
static int
is_chosen(struct pruning *x, struct str gr, struct str ns, struct str name, struct str item, struct err *e)
{
	const char *source = ns.len > 0 ? strmap_get(x->wanted, ns) : "";
	const struct index_entry en = { .gr = gr, .ns = str_of(source), .name = name };
	struct str labels = { 0 };
	struct pick_verdict v;

	(void)jpath(item, &labels, "metadata", "labels", NULL);
	if (!selection_labels(x->rs->sel, labels))
		return 0;
	if (picks_judge(x->rs->picks, &en, &v, e) < 0)
		return -1;
	return v.chosen ? selection_name(x->rs->sel, name, e) : 0;
}

static int
on_item(void *ctx, struct k8s_list *l, const struct jlist_head *head, struct str ns, struct str name, struct str item,
	struct err *e)
{
	struct pruning *x = ctx;
	struct restore *rs = x->rs;
	struct str gr = str_of(l->res->gr), uid, uid_text;
	AUTO_FREE char *key = key_of(gr, ns, name);
	AUTO_FREE char *ns_text = NULL;
	AUTO_FREE char *name_text = NULL;
	char *path;
	int chosen;

	(void)head;
	if (strmap_has(x->known, str_of(key)) || (l->res->namespaced && !strmap_has(x->wanted, ns))
	    || is_kept_object(gr, ns, name, item) || !jpath(item, &uid, "metadata", "uid", NULL)
	    || !jstr_plain(uid, &uid_text) || !restore_plans_deletion(rs, gr, ns, name, uid_text))
		return 0;
	chosen = is_chosen(x, gr, ns, name, item, e);
	if (chosen <= 0)
		return chosen;
	ns_text = str_dup(ns);
	name_text = str_dup(name);
	path = api_path(l->res, l->res->namespaced ? ns_text : NULL, name_text);
	*vec_push(&rs->prunable) = (struct prunable){ xstrdup(l->res->gr), xstrdup(l->res->kind),
		xstrdup(l->res->api_version), TAKE(ns_text), TAKE(name_text), str_dup(uid), path };
	return 0;
}

static int
on_end(void *ctx, struct k8s_list *l, const struct err *why, struct err *e)
{
	struct pruning *x = ctx;
	struct err told;

	(void)e;
	if (why == NULL)
		return 0;
	told = *why;
	err_ctx(&told, "what the backup does not have of it stays");
	report_error(x->rs->r, RESULT_WARNING, "", l->res->gr, NULL, &told);
	return 0;
}

static int
look_through(struct pruning *x, const struct api_resource *res, struct err *e)
{
	static const struct k8s_list_fns fns = { on_item, on_end };
	bool by_ns = res->namespaced && x->namespaces.len <= NS_LISTS_MAX;
	size_t n = by_ns ? x->namespaces.len : 1;
	AUTO_FREE struct k8s_list *lists = xcalloc(n + 1, sizeof *lists);

	for (size_t i = 0; i < n; i++)
		lists[i] = (struct k8s_list){ .res = res, .ns = by_ns ? x->namespaces.at[i] : NULL };
	return k8s_list_run(x->rs->k, lists, n, 1, 0, &fns, x, x->rs->c, e);
}

static int
look_through_all(struct pruning *x, struct err *e)
{
	struct restore *rs = x->rs;

	note_held(x);
	for (size_t i = 0; i < rs->d->all.len; i++) {
		const struct api_resource *res = &rs->d->all.at[i];
		struct str gr = str_of(res->gr);

		if (!res->preferred || is_kept_type(res) || !selection_resource(rs->sel, gr, res->namespaced)
		    || !selection_resource(x->held, gr, res->namespaced))
			continue;
		if (look_through(x, res, e) < 0)
			return -1;
	}
	return 0;
}

int
restore_find_prunable(struct restore *rs, struct err *e)
{
	struct pruning x = { .rs = rs };
	int rc = -1;

	if (!rs->o->prune)
		return 0;
	if (check_backup(rs, e) < 0 || open_held(&x, e) < 0)
		return -1;
	report_progress(rs->r, "looking for what to prune", 0, 0, 0);
	x.known = strmap_new();
	x.wanted = strmap_new();
	rc = look_through_all(&x, e);
	strmap_free(x.known);
	strmap_free(x.wanted);
	strs_free(&x.namespaces);
	selection_free(x.held);
	return rc;
}

/* --- deleting --- */

static void
pruned(struct restore *rs, const struct prunable *p, const struct ask *a)
{
	struct err why = a->why;

	if (a->rc == 0) {
		vreslist_add(rs->list, str_of(p->api_version), str_of(p->kind), str_of(p->ns), str_of(p->name), "(deleted)");
		rs->n.deleted++;
		return;
	}
	if (why.kind == EK_NOTFOUND || why.kind == EK_CONFLICT)      /* gone, or another object by now */
		return;
	err_ctx(&why, "the backup does not have it, and it could not be deleted");
	restore_tell(rs, RESULT_ERROR, p->ns, p->gr, p->name, &why);
}

static int
prune_chunk(struct restore *rs, const struct prunable *v, size_t n, struct err *e)
{
	AUTO_ASKS struct asks asks = { 0 };

	for (size_t i = 0; i < n; i++) {
		struct ask *a = asks_add(&asks, "DELETE", xstrdup(v[i].path));

		buf_putf(&a->body, "{\"apiVersion\":\"v1\",\"kind\":\"DeleteOptions\",\"preconditions\":{\"uid\":%s},"
			"\"propagationPolicy\":\"Background\"}", v[i].uid);
	}
	if (asks_run(rs, &asks, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		pruned(rs, &v[i], &asks.at[i]);
	return 0;
}

int
restore_prune(struct restore *rs, struct err *e)
{
	size_t errors = report_count(rs->r, RESULT_ERROR);

	if (rs->prunable.len == 0)
		return 0;
	if (errors > 0) {
		report_finding(rs->r, RESULT_WARNING, NULL, NULL, NULL, "correct what failed, then restore again with --prune",
			"%zu objects that the backup does not have were not deleted, because the restore has errors", rs->prunable.len);
		return 0;
	}
	for (size_t i = 0; i < rs->prunable.len; i += CHUNK) {
		size_t left = rs->prunable.len - i;

		report_progress(rs->r, "deleting what the backup does not have", i, rs->prunable.len, 0);
		if (prune_chunk(rs, rs->prunable.at + i, left < CHUNK ? left : CHUNK, e) < 0)
			return -1;
	}
	return 0;
}

void
restore_drop_prunable(struct restore *rs)
{
	for (size_t i = 0; i < rs->prunable.len; i++) {
		struct prunable *p = &rs->prunable.at[i];

		free(p->gr);
		free(p->kind);
		free(p->api_version);
		free(p->ns);
		free(p->name);
		free(p->uid);
		free(p->path);
	}
	vec_free(&rs->prunable);
}
