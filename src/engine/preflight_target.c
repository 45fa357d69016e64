/* What the cluster has: one list for each type that matters, several at once. */
#include "engine/preflight_impl.h"

#include "base/limits.h"
#include "base/mem.h"
#include "k8s/list.h"

#include <string.h>

#define LISTS 8          /* at once */

typedef void item_fn(struct preflight *p, int kind, struct str ns, struct str name, struct str item);

/* kind, also: what cannot be told when the type cannot be listed; USE_KINDS_: it is looked for always. */
struct wanted { const char *group, *resource; item_fn *item; enum use_kind kind, also; };

static int
on_item(void *ctx, struct k8s_list *l, const struct jlist_head *head, struct str ns, struct str name, struct str item,
	struct err *e)
{
	const struct wanted *w = l->tag;

	(void)head, (void)e;
	w->item(ctx, (int)w->kind, ns, name, item);
	return 0;
}

/* An answer that makes no sense is as good as one that says no. */
static bool
is_fatal(const struct err *why)
{
	return why->http == 401 || (why->http == 0 && why->kind != EK_CORRUPT && why->kind != EK_LIMIT);
}

static int
on_end(void *ctx, struct k8s_list *l, const struct err *why, struct err *e)
{
	struct preflight *p = ctx;
	const struct wanted *w = l->tag;

	if (why == NULL || why->kind == EK_NOTFOUND)
		return 0;
	if (is_fatal(why)) {
		*e = *why;
		return err_ctx(e, "preflight: list %s", l->res->gr);
	}
	if (w->kind < USE_KINDS_)
		p->unknown[w->kind] = p->unknown[w->also] = true;
	p->ns_unknown = p->ns_unknown || strcmp(l->res->gr, "namespaces") == 0;
	if (memmem(buf_cstr(&p->unlisted), p->unlisted.len, l->res->gr, strlen(l->res->gr)) == NULL)
		buf_putf(&p->unlisted, "%s%s", p->unlisted.len > 0 ? ", " : "", l->res->gr);
	return 0;
}

static bool
is_used(const struct preflight *p, enum use_kind kind)
{
	size_t i = 0;

	return kind == USE_KINDS_ || pf_next(p, kind, &i) != NULL;
}

static int
run_lists(struct preflight *p, const struct wanted *rows, size_t n, struct err *e)
{
	static const struct k8s_list_fns fns = { on_item, on_end };
	AUTO_FREE struct k8s_list *lists = xcalloc(n, sizeof *lists);
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		const struct api_resource *res = discovery_gvr(p->rs->d, rows[i].group, NULL, rows[i].resource);

		if (res != NULL && (is_used(p, rows[i].kind) || is_used(p, rows[i].also)))
			lists[len++] = (struct k8s_list){ .res = res, .tag = (void *)(uintptr_t)&rows[i] };
	}
	return len == 0 ? 0 : k8s_list_run(p->rs->k, lists, len, LISTS, p->page, &fns, p, p->rs->c, e);
}

/* --- namespaces and quotas --- */

/* What the namespace's controller says of what remains. */
static const char *
why_stuck(struct preflight *p, struct str item)
{
	static const char *const types[] = { "NamespaceDeletionDiscoveryFailure", "NamespaceDeletionContentFailure",
		"NamespaceFinalizersRemaining", "NamespaceContentRemaining" };
	struct jiter it;
	struct str list, one, raw;

	for (size_t i = 0; i < COUNT(types); i++) {
		if (!jpath(item, &list, "status", "conditions", NULL) || !jiter_arr(&it, list))
			return "";
		while (jiter_next(&it, NULL, &one)) {
			AUTO_FREE char *text = NULL;

			if (!jget(one, "type", &raw) || !jstr_eq(raw, str_of(types[i])) || !jget(one, "status", &raw)
			    || !jstr_eq(raw, S("True")) || !jget(one, "message", &raw))
				continue;
			text = jstr_dup(raw);
			return arena_strdup(&p->arena, str_of(text));
		}
	}
	return "";
}

static void
on_namespace(struct preflight *p, int kind, struct str ns, struct str name, struct str item)
{
	struct pf_ns *found = strmap_get(p->ns_by_name, name);
	struct str raw, text;

	(void)kind, (void)ns;
	if (found == NULL)
		return;
	found->exists = true;
	found->labels = jpath(item, &raw, "metadata", "labels", NULL) ? arena_strdup(&p->arena, raw) : "";
	if (jpath(item, &raw, "metadata", "deletionTimestamp", NULL) && jstr_plain(raw, &text)
	    && clock_parse_rfc3339(text, &found->deleted_unix_ns))
		found->stuck = why_stuck(p, item);
}

static void
on_quota(struct preflight *p, int kind, struct str ns, struct str name, struct str item)
{
	struct pf_ns *found = strmap_get(p->ns_by_name, ns);

	(void)kind, (void)name;
	if (found != NULL) {
		AUTO_FREE char *text = str_dup(item);

		strs_add(&found->quotas, text);
	}
}

static void
set_level(struct pf_ns *ns)
{
	struct str raw, text;

	if (jget(str_of(ns->labels), "pod-security.kubernetes.io/enforce", &raw) && jstr_plain(raw, &text))
		ns->level = podsec_level(text);
}

/* What is there is not created again, so that it counts in no quota. */
static int
on_there(void *ctx, struct k8s_list *l, const struct jlist_head *head, struct str ns, struct str name, struct str item,
	struct err *e)
{
	struct pf_ns *found = l->tag;
	AUTO_FREE char *key = xasprintf("%s/" STR_FMT, l->res->gr, STR_ARG(name));

	(void)ctx, (void)head, (void)ns, (void)item, (void)e;
	(void)strmap_add(found->has, str_of(key));
	return 0;
}

static int
on_there_end(void *ctx, struct k8s_list *l, const struct err *why, struct err *e)
{
	(void)ctx, (void)l;
	if (why == NULL || !is_fatal(why))
		return 0;
	*e = *why;
	return err_ctx(e, "preflight: list %s", l->res->gr);
}

static int
list_there(struct preflight *p, struct pf_ns *ns, struct err *e)
{
	static const struct k8s_list_fns fns = { on_there, on_there_end };
	struct { struct k8s_list *at; size_t len, cap; } lists = { 0 };
	int rc;

	ns->has = strmap_new();
	for (size_t i = 0; i < p->types.len; i++) {
		const struct pf_type *t = p->types.at[i];
		const struct index_entry *en;
		const struct api_resource *res;
		struct err ignored;

		if (strcmp(t->ns, ns->name) == 0 && versions_choose(p->rs, t->first, &en, &res, &ignored) == 0)
			*vec_push(&lists) = (struct k8s_list){ .res = res, .ns = ns->name, .tag = ns };
	}
	rc = lists.len == 0 ? 0 : k8s_list_run(p->rs->k, lists.at, lists.len, LISTS, p->page, &fns, p, p->rs->c, e);
	vec_free(&lists);
	return rc;
}

int
pf_target_namespaces(struct preflight *p, struct err *e)
{
	static const struct wanted rows[] = {
		{ "", "namespaces", on_namespace, USE_KINDS_, USE_KINDS_ },
		{ "", "resourcequotas", on_quota, USE_KINDS_, USE_KINDS_ },
	};

	if (p->nses.len == 0)
		return 0;
	if (run_lists(p, rows, COUNT(rows), e) < 0)
		return -1;
	for (size_t i = 0; i < p->nses.len; i++) {
		struct pf_ns *ns = p->nses.at[i];

		set_level(ns);
		if (ns->quotas.len > 0 && list_there(p, ns, e) < 0)
			return -1;
	}
	return 0;
}

/* --- the rest --- */

static void
add_have(struct preflight *p, int kind, struct str name)
{
	AUTO_BUF struct buf key = BUF_INIT(LIMIT_TAR_NAME);

	buf_putc(&key, (char)('A' + kind));
	buf_put_str(&key, name);
	(void)strmap_add(p->have, buf_str(&key));
}

bool
pf_has(const struct preflight *p, enum use_kind kind, struct str name)
{
	AUTO_BUF struct buf key = BUF_INIT(LIMIT_TAR_NAME);

	buf_putc(&key, (char)('A' + (int)kind));
	buf_put_str(&key, name);
	return strmap_has(p->have, buf_str(&key));
}

static void
on_name(struct preflight *p, int kind, struct str ns, struct str name, struct str item)
{
	struct use *u = pf_used(p, (enum use_kind)kind, "", name);

	(void)ns, (void)item;
	if (u != NULL)
		u->there = true;
	add_have(p, kind, name);
}

static void
on_storage_class(struct preflight *p, int kind, struct str ns, struct str name, struct str item)
{
	struct str raw, text;
	bool is_default = jpath(item, &raw, "metadata", "annotations", "storageclass.kubernetes.io/is-default-class", NULL)
		&& jstr_eq(raw, S("true"));

	on_name(p, USE_STORAGE_CLASS, ns, name, item);
	(void)kind;
	*vec_push(&p->classes) = (struct class){ arena_strdup(&p->arena, name), arena_strdup(&p->arena, item), is_default };
	if (is_default)
		on_name(p, USE_STORAGE_CLASS, ns, S(""), item);
	if (jget(item, "provisioner", &raw) && jstr_plain(raw, &text))
		on_name(p, USE_PROVISIONER, ns, text, item);
}

static void
on_snapshot_class(struct preflight *p, int kind, struct str ns, struct str name, struct str item)
{
	on_name(p, kind, ns, name, item);
	*vec_push(&p->snapshot_classes) = (struct class){ arena_strdup(&p->arena, name), arena_strdup(&p->arena, item), false };
}

static const char *
place_text(struct preflight *p, struct str ns, struct str name)
{
	AUTO_FREE char *text = xasprintf(STR_FMT "/" STR_FMT, STR_ARG(ns), STR_ARG(name));

	return arena_strdup(&p->arena, str_of(text));
}

static void
on_service(struct preflight *p, int kind, struct str ns, struct str name, struct str item)
{
	struct str list, one, raw, text;
	struct jiter it;
	struct use *u;

	(void)kind;
	if (jpath(item, &raw, "spec", "clusterIP", NULL) && jstr_plain(raw, &text)
	    && (u = pf_used(p, USE_CLUSTER_IP, "", text)) != NULL && !(str_eqz(ns, u->by_ns) && str_eqz(name, u->by_name)))
		u->holder = place_text(p, ns, name);
	if (!jpath(item, &list, "spec", "ports", NULL) || !jiter_arr(&it, list))
		return;
	while (jiter_next(&it, NULL, &one)) {
		if (!jget(one, "nodePort", &raw) || (u = pf_used(p, USE_NODE_PORT, "", raw)) == NULL
		    || (str_eqz(ns, u->by_ns) && str_eqz(name, u->by_name)))
			continue;
		u->holder = place_text(p, ns, name);
	}
}

/* One requirement of a node, {"matchLabels": ...} or a term of an affinity.  What cannot be read counts as satisfied:
 * nothing is claimed that is not certain. */
static bool
satisfies(struct str term, struct str labels)
{
	struct err ignored;
	AUTO(selector_freep) struct selector *s = selector_from_json(term, &ignored);

	return s == NULL || selector_match(s, labels);
}

static bool
node_suits(const char *wish, struct str labels)
{
	AUTO_BUF struct buf plain = BUF_INIT(LIMIT_OBJECT);
	struct str selector = { 0 }, list, term;
	struct jiter it;

	(void)jget(str_of(wish), "s", &selector);
	buf_putf(&plain, "{\"matchLabels\":" STR_FMT "}", STR_ARG(selector));
	if (!satisfies(buf_str(&plain), labels))
		return false;
	if (!jpath(str_of(wish), &list, "a", "nodeSelectorTerms", NULL) || !jiter_arr(&it, list))
		return true;
	while (jiter_next(&it, NULL, &term))
		if (satisfies(term, labels))
			return true;
	return false;
}

static void
on_node(struct preflight *p, int kind, struct str ns, struct str name, struct str item)
{
	struct str labels = S("{}");
	struct use *u;

	(void)kind, (void)ns, (void)name;
	p->nodes++;
	(void)jpath(item, &labels, "metadata", "labels", NULL);
	for (size_t i = 0; (u = pf_next(p, USE_NODES, &i)) != NULL;)
		u->there = u->there || node_suits(u->name, labels);
}

/* Those that a service answers; others are not ours to judge. */
static void
on_webhooks(struct preflight *p, int kind, struct str ns, struct str name, struct str item)
{
	const char *config = arena_strdup(&p->arena, name);
	struct str list, hook, raw;
	struct jiter it;

	(void)kind, (void)ns;
	if (!jget(item, "webhooks", &list) || !jiter_arr(&it, list))
		return;
	while (jiter_next(&it, NULL, &hook)) {
		bool ignores = jget(hook, "failurePolicy", &raw) && jstr_eq(raw, S("Ignore"));

		if (!ignores && jpath(hook, &raw, "clientConfig", "service", NULL) && jtype(raw) == J_OBJ)
			*vec_push(&p->hooks) = (struct hook){ config, arena_strdup(&p->arena, hook) };
	}
}

int
pf_target_rest(struct preflight *p, struct err *e)
{
	static const struct wanted rows[] = {
		{ "storage.k8s.io", "storageclasses", on_storage_class, USE_STORAGE_CLASS, USE_PROVISIONER },
		{ "storage.k8s.io", "csidrivers", on_name, USE_PROVISIONER, USE_PROVISIONER },
		{ "snapshot.storage.k8s.io", "volumesnapshotclasses", on_snapshot_class, USE_SNAPSHOT_CLASS, USE_SNAPSHOT_CLASS },
		{ "scheduling.k8s.io", "priorityclasses", on_name, USE_PRIORITY_CLASS, USE_PRIORITY_CLASS },
		{ "node.k8s.io", "runtimeclasses", on_name, USE_RUNTIME_CLASS, USE_RUNTIME_CLASS },
		{ "networking.k8s.io", "ingressclasses", on_name, USE_INGRESS_CLASS, USE_INGRESS_CLASS },
		{ "gateway.networking.k8s.io", "gatewayclasses", on_name, USE_GATEWAY_CLASS, USE_GATEWAY_CLASS },
		{ "", "nodes", on_node, USE_NODES, USE_NODES },
		{ "", "services", on_service, USE_NODE_PORT, USE_CLUSTER_IP },
		{ "admissionregistration.k8s.io", "validatingwebhookconfigurations", on_webhooks, USE_KINDS_, USE_KINDS_ },
		{ "admissionregistration.k8s.io", "mutatingwebhookconfigurations", on_webhooks, USE_KINDS_, USE_KINDS_ },
	};

	return run_lists(p, rows, COUNT(rows), e);
}
