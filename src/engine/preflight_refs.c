/* What is used and is neither in the selection nor in the cluster; what the cluster has given to others already. */
#include "base/mem.h"
#include "engine/preflight_impl.h"

#include <string.h>

#define BATCH    128     /* questions whose answers are in memory */
#define ASKED_MAX 5000   /* questions at all */
#define NAMES_ONLY "Accept: application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json"

static const struct ref_row {
	enum use_kind       kind;
	enum preflight_code code;
	const char         *resource;        /* core; NULL: listed already */
	const char         *what, *remedy;
} rows[] = {
	{ USE_PRIORITY_CLASS, PF_PRIORITY_CLASS_MISSING, NULL, "priority class",
		"restore it, too, or create it: pods that name it are refused" },
	{ USE_RUNTIME_CLASS, PF_RUNTIME_CLASS_MISSING, NULL, "runtime class",
		"restore it, too, or create it: pods that name it are refused" },
	{ USE_INGRESS_CLASS, PF_INGRESS_CLASS_MISSING, NULL, "ingress class",
		"install its controller, or change the class (--resource-modifiers): nothing serves the ingress" },
	{ USE_GATEWAY_CLASS, PF_GATEWAY_CLASS_MISSING, NULL, "gateway class",
		"install its controller, or change the class (--resource-modifiers): nothing serves the gateway" },
	{ USE_PULL_SECRET, PF_PULL_SECRET_MISSING, "secrets", "image pull secret",
		"restore it, too (--with-dependencies), or create it: images of private registries are not pulled without" },
	{ USE_ACCOUNT, PF_ACCOUNT_MISSING, "serviceaccounts", "service account",
		"restore it, too (--with-dependencies), or create it: pods that name it are refused" },
	{ USE_CONFIG_MAP, PF_CONFIG_MISSING, "configmaps", "config map",
		"restore it, too (--with-dependencies), or create it: pods do not start without" },
	{ USE_SECRET, PF_CONFIG_MISSING, "secrets", "secret",
		"restore it, too (--with-dependencies), or create it: pods do not start without" },
};

/* --- what has to be asked for by name --- */

static int
ask_batch(struct preflight *p, struct asks *asks, struct use **about, struct err *e)
{
	if (asks_run(p->rs, asks, e) < 0)
		return -1;
	for (size_t i = 0; i < asks->len; i++)
		if (asks->at[i].rc == 0 || asks->at[i].why.kind != EK_NOTFOUND)
			about[i]->there = true;          /* or hidden from who asks */
	asks_done(asks);
	return 0;
}

static bool
to_ask(struct preflight *p, const struct ref_row *row, const struct use *u)
{
	const struct pf_ns *ns = pf_ns(p, u->ns);

	return !u->there && row->resource != NULL && (ns == NULL || ns->exists || p->ns_unknown);
}

static int
ask_names(struct preflight *p, const struct ref_row *row, unsigned *asked, struct err *e)
{
	const struct api_resource *res = row->resource != NULL ? discovery_gvr(p->rs->d, "", NULL, row->resource) : NULL;
	AUTO_ASKS struct asks asks = { 0 };
	struct use *about[BATCH], *u;

	for (size_t i = 0; res != NULL && (u = pf_next(p, row->kind, &i)) != NULL;) {
		struct ask *a;

		if (!to_ask(p, row, u))
			continue;
		if (++*asked > ASKED_MAX) {
			u->there = true;
			continue;
		}
		about[asks.len] = u;
		a = asks_add(&asks, "GET", api_path(res, u->ns, u->name));
		a->accept = NAMES_ONLY;
		if (asks.len == BATCH && ask_batch(p, &asks, about, e) < 0)
			return -1;
	}
	return ask_batch(p, &asks, about, e);
}

int
pf_check_refs(struct preflight *p, struct err *e)
{
	unsigned asked = 0;

	for (size_t k = 0; k < COUNT(rows); k++) {
		const struct ref_row *row = &rows[k];
		struct use *u;

		if (ask_names(p, row, &asked, e) < 0)
			return -1;
		for (size_t i = 0; (u = pf_next(p, row->kind, &i)) != NULL;)
			if (!u->there && !p->unknown[row->kind])
				pf_tell(p, row->code, u, row->remedy, "%s '%s%s%s' is neither in the selection nor in the cluster",
					row->what, u->ns, u->ns[0] != '\0' ? "/" : "", u->name);
	}
	if (asked > ASKED_MAX)
		pf_tell(p, PF_NOT_CHECKED, NULL, "", "%u references to config maps, secrets and service accounts were not looked up",
			asked - ASKED_MAX);
	return 0;
}

/* --- ports, addresses --- */

int
pf_check_ports(struct preflight *p, struct err *e)
{
	static const struct { enum use_kind kind; enum preflight_code code; const char *what, *remedy; } kinds[] = {
		{ USE_NODE_PORT, PF_NODE_PORT_TAKEN, "node port",
			"free it, or restore without --preserve-nodeports, or change it (--resource-modifiers): the service is refused" },
		{ USE_CLUSTER_IP, PF_CLUSTER_IP_TAKEN, "cluster IP", "free it, or change it: the service is refused" },
	};

	(void)e;
	for (size_t k = 0; k < COUNT(kinds); k++) {
		const struct use *u;

		for (size_t i = 0; (u = pf_next(p, kinds[k].kind, &i)) != NULL;)
			if (u->holder != NULL)
				pf_tell(p, kinds[k].code, u, kinds[k].remedy, "%s %s belongs to service %s", kinds[k].what, u->name, u->holder);
	}
	return 0;
}

/* --- nodes --- */

int
pf_check_nodes(struct preflight *p, struct err *e)
{
	const struct use *u;

	(void)e;
	/* Without any node nothing runs, whatever it asks for. */
	for (size_t i = 0; p->nodes > 0 && (u = pf_next(p, USE_NODES, &i)) != NULL;) {
		struct str selector = S("{}"), affinity = S("null");

		(void)jget(str_of(u->name), "s", &selector);
		(void)jget(str_of(u->name), "a", &affinity);
		if (u->there)
			continue;
		pf_tell(p, PF_NO_NODE, u, "label nodes so, or change it (--zone-mappings, --drop-node-affinity, --resource-modifiers)",
			"none of %zu nodes satisfies %s" STR_FMT, p->nodes, jtype(affinity) == J_OBJ ? "the affinity " : "the node selector ",
			STR_ARG(str_sub(jtype(affinity) == J_OBJ ? affinity : selector, 0, 300)));
	}
	return 0;
}

/* --- owners --- */

int
pf_check_owners(struct preflight *p, struct err *e)
{
	const struct use *u;

	(void)e;
	for (size_t i = 0; (u = pf_next(p, USE_OWNER, &i)) != NULL;)
		pf_tell(p, PF_GITOPS, u, "suspend its application first, or take its labels out (--resource-modifiers)",
			"%llu objects belong to %s, which runs in the cluster: it may change or delete them", (unsigned long long)u->n,
			u->name);
	return 0;
}

/* --- pod security --- */

int
pf_check_pod_security(struct preflight *p, struct err *e)
{
	const struct use *u;

	(void)e;
	for (size_t i = 0; (u = pf_next(p, USE_POD_SECURITY, &i)) != NULL;) {
		const struct pf_ns *ns = pf_ns(p, u->ns);

		pf_tell(p, PF_POD_SECURITY, u, "set the namespace's label pod-security.kubernetes.io/enforce, or change the pods "
			"(--resource-modifiers)", "namespace %s enforces %s, which forbids: %s", u->ns, podsec_level_text(ns->level), u->name);
	}
	return 0;
}
