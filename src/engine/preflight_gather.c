/* What the objects of a restore refer to: one pass over those that can refer to anything. */
#include "engine/preflight_impl.h"

#include "base/limits.h"
#include "base/mem.h"
#include "engine/needs.h"

#include <string.h>

#define NODES_MAX (16 * KIB)     /* of a node selector and an affinity that are looked at */

/* --- pods and what makes them --- */

struct jnode *
pf_pod_spec(struct str gr, struct jnode *obj, struct jnode **meta)
{
	static const char *const in_template[] = { "replicationcontrollers", "deployments.apps", "statefulsets.apps",
		"daemonsets.apps", "replicasets.apps", "jobs.batch", "deployments.extensions", "daemonsets.extensions",
		"replicasets.extensions" };
	struct jnode *pod = NULL;

	if (str_eq(gr, S("pods")))
		pod = obj;
	else if (str_eq(gr, S("cronjobs.batch")))
		pod = jnode_walk(obj, "spec", "jobTemplate", "spec", "template", NULL);
	for (size_t i = 0; i < COUNT(in_template) && pod == NULL; i++)
		if (str_eqz(gr, in_template[i]))
			pod = jnode_walk(obj, "spec", "template", NULL);
	*meta = jnode_get(pod, "metadata");
	return jnode_get(pod, "spec");
}

/* References that matter here, by the type referred to. */
static const struct { const char *gr, *as; enum use_kind kind; } refs[] = {
	{ "secrets", "imagePullSecrets", USE_PULL_SECRET },
	{ "secrets", NULL, USE_SECRET },
	{ "configmaps", NULL, USE_CONFIG_MAP },
	{ "serviceaccounts", "serviceAccountName", USE_ACCOUNT },
	{ "priorityclasses.scheduling.k8s.io", NULL, USE_PRIORITY_CLASS },
	{ "runtimeclasses.node.k8s.io", NULL, USE_RUNTIME_CLASS },
	{ "ingressclasses.networking.k8s.io", NULL, USE_INGRESS_CLASS },
};

struct referring { struct preflight *p; const struct index_entry *en; };

static void
use_ref(void *ctx, const struct need *n)
{
	struct referring *r = ctx;
	AUTO_FREE char *ns = str_dup(n->ns);

	/* A controller puts that one into every namespace. */
	if (n->optional || str_eq(n->name, S("kube-root-ca.crt")))
		return;
	for (size_t i = 0; i < COUNT(refs); i++) {
		if (str_eqz(n->gr, refs[i].gr) && (refs[i].as == NULL || strcmp(refs[i].as, n->as) == 0)) {
			pf_use(r->p, refs[i].kind, ns, n->name, r->en);
			return;
		}
	}
}

static void
use_refs(struct preflight *p, const struct index_entry *en, struct jnode *obj)
{
	struct referring r = { p, en };
	AUTO_BUF struct buf json = BUF_INIT(2 * LIMIT_OBJECT);
	struct err ignored;

	if (jnode_write(obj, &json, &ignored) == 0)
		needs_each(en->gr, str_of(pf_target(p, en)), buf_str(&json), NEEDS_ALL, use_ref, &r);
}

static void
use_class(struct preflight *p, const struct index_entry *en, enum use_kind kind, struct jnode *name)
{
	if (jnode_text(name).len > 0)
		pf_use(p, kind, "", jnode_text(name), en);
}

/* Either may be NULL. */
static void
use_nodes(struct preflight *p, const struct index_entry *en, struct jnode *selector, struct jnode *affinity)
{
	AUTO_BUF struct buf key = BUF_INIT(NODES_MAX);
	bool any = jnode_count(selector) > 0;
	struct err ignored;

	if (!any && jnode_type(affinity) != J_OBJ)
		return;
	if (buf_add_str(&key, S("{\"s\":"), &ignored) < 0 || buf_add_str(&key, any ? jnode_raw(selector) : S("{}"), &ignored) < 0
	    || buf_add_str(&key, S(",\"a\":"), &ignored) < 0
	    || buf_add_str(&key, affinity != NULL ? jnode_raw(affinity) : S("null"), &ignored) < 0
	    || buf_add_str(&key, S("}"), &ignored) < 0)
		return;
	pf_use(p, USE_NODES, "", buf_str(&key), en);
}

static void
use_security(struct preflight *p, const struct index_entry *en, struct jnode *spec)
{
	const struct pf_ns *ns = pf_ns(p, pf_target(p, en));
	AUTO_BUF struct buf text = BUF_INIT(4 * KIB);

	if (ns != NULL && ns->level != PODSEC_PRIVILEGED && podsec_violations(spec, ns->level, &text))
		pf_use(p, USE_POD_SECURITY, ns->name, buf_str(&text), en);
}

static void
gather_pod(struct preflight *p, const struct index_entry *en, struct jnode *obj)
{
	struct jnode *meta, *spec = pf_pod_spec(en->gr, obj, &meta);

	if (str_eq(en->gr, S("pods")) && restore_hooks_commanded(p->rs->hooks, pf_target(p, en), en->name, obj))
		pf_use(p, USE_EXEC, pf_target(p, en), S(""), en);
	use_refs(p, en, obj);
	use_nodes(p, en, jnode_get(spec, "nodeSelector"), jnode_walk(spec, "affinity", "nodeAffinity",
		"requiredDuringSchedulingIgnoredDuringExecution", NULL));
	use_security(p, en, spec);
}

/* --- other kinds --- */

/* A claim without the field takes the default class, which is the name "". */
static void
use_storage_class(struct preflight *p, const struct index_entry *en, struct jnode *claim)
{
	struct jnode *name = jnode_walk(claim, "spec", "storageClassName", NULL);

	if (jnode_type(name) != J_STR)
		name = jnode_walk(claim, "metadata", "annotations", "volume.beta.kubernetes.io/storage-class", NULL);
	if (jnode_type(name) != J_STR || jnode_text(name).len > 0)
		pf_use(p, USE_STORAGE_CLASS, "", jnode_text(name), en);
}

static void
gather_stateful(struct preflight *p, const struct index_entry *en, struct jnode *obj)
{
	gather_pod(p, en, obj);
	for (struct jnode *n = jnode_first(jnode_walk(obj, "spec", "volumeClaimTemplates", NULL)); n != NULL; n = jnode_next(n))
		use_storage_class(p, en, n);
}

static void
gather_claim(struct preflight *p, const struct index_entry *en, struct jnode *obj)
{
	/* One that keeps its volume asks no class for another. */
	if (jnode_text(jnode_walk(obj, "spec", "volumeName", NULL)).len == 0)
		use_storage_class(p, en, obj);
}

static void
gather_volume(struct preflight *p, const struct index_entry *en, struct jnode *obj)
{
	if (strmap_has(p->rs->anew, en->name))
		return;
	use_class(p, en, USE_PROVISIONER, jnode_walk(obj, "spec", "csi", "driver", NULL));
	use_nodes(p, en, NULL, jnode_walk(obj, "spec", "nodeAffinity", "required", NULL));
}

static void
gather_storage_class(struct preflight *p, const struct index_entry *en, struct jnode *obj)
{
	use_class(p, en, USE_PROVISIONER, jnode_get(obj, "provisioner"));
}

static void
gather_service(struct preflight *p, const struct index_entry *en, struct jnode *obj)
{
	struct jnode *spec = jnode_get(obj, "spec");
	struct str ip = jnode_text(jnode_get(spec, "clusterIP"));
	char name[32];
	int64_t port;

	for (struct jnode *n = jnode_first(jnode_get(spec, "ports")); n != NULL; n = jnode_next(n)) {
		if (!jnode_int(jnode_get(n, "nodePort"), &port) || port <= 0 || port > 65535)
			continue;
		(void)snprintf(name, sizeof name, "%d", (int)port);
		pf_use(p, USE_NODE_PORT, "", str_of(name), en);
	}
	if (ip.len > 0 && !str_eq(ip, S("None")))
		pf_use(p, USE_CLUSTER_IP, "", ip, en);
}

static void
gather_gateway(struct preflight *p, const struct index_entry *en, struct jnode *obj)
{
	use_class(p, en, USE_GATEWAY_CLASS, jnode_walk(obj, "spec", "gatewayClassName", NULL));
}

typedef void gather_fn(struct preflight *p, const struct index_entry *en, struct jnode *obj);
static const struct { const char *gr; gather_fn *gather; } rows[] = {
	{ "pods", gather_pod },
	{ "replicationcontrollers", gather_pod },
	{ "deployments.apps", gather_pod },
	{ "daemonsets.apps", gather_pod },
	{ "replicasets.apps", gather_pod },
	{ "jobs.batch", gather_pod },
	{ "cronjobs.batch", gather_pod },
	{ "statefulsets.apps", gather_stateful },
	{ "persistentvolumeclaims", gather_claim },
	{ "persistentvolumes", gather_volume },
	{ "storageclasses.storage.k8s.io", gather_storage_class },
	{ "serviceaccounts", use_refs },
	{ "services", gather_service },
	{ "ingresses.networking.k8s.io", use_refs },
	{ "gateways.gateway.networking.k8s.io", gather_gateway },
};

static gather_fn *
find_row(struct str gr)
{
	for (size_t i = 0; i < COUNT(rows); i++)
		if (str_eqz(gr, rows[i].gr))
			return rows[i].gather;
	return NULL;
}

/* --- the index --- */

static struct pf_ns *
want_ns(struct preflight *p, struct str source)
{
	const char *target = restore_map_ns(p->rs, source);
	struct pf_ns *ns = pf_ns(p, target);

	if (ns == NULL) {
		ns = arena_alloc(&p->arena, sizeof *ns);
		*ns = (struct pf_ns){ .name = target, .stuck = "", .labels = "", .source = arena_strdup(&p->arena, source) };
		strmap_put(p->ns_by_name, str_of(target), ns);
		*vec_push(&p->nses) = ns;
	}
	return ns;
}

static void
want_type(struct preflight *p, const struct index_entry *en, struct buf *key)
{
	const char *target = pf_target(p, en);
	struct pf_type *n;

	buf_cut(key, 0);
	buf_put_str(key, en->gr);
	buf_putc(key, '\0');
	buf_put_str(key, en->version);
	buf_putc(key, '\0');
	buf_puts(key, target);
	n = strmap_get(p->typed, buf_str(key));
	if (n == NULL) {
		n = arena_alloc(&p->arena, sizeof *n);
		*n = (struct pf_type){ en->gr, en->version, target, en, 0 };
		strmap_put(p->typed, buf_str(key), n);
		*vec_push(&p->types) = n;
	}
	n->n++;
}

/* Labels that controllers put on what is theirs. */
static void
note_owner(struct preflight *p, const struct index_entry *en)
{
	static const struct { const char *label, *owner; bool flux; } owners[] = {
		{ "argocd.argoproj.io/instance", "Argo CD", false },
		{ "kustomize.toolkit.fluxcd.io/name", "Flux", true },
		{ "helm.toolkit.fluxcd.io/name", "Flux", true },
	};
	struct str value;

	for (size_t i = 0; en->labels.len > 0 && i < COUNT(owners); i++)
		if ((owners[i].flux ? p->flux : p->argo) && jget(en->labels, owners[i].label, &value))
			pf_use(p, USE_OWNER, "", str_of(owners[i].owner), en);
}

static void
note_annotation(struct preflight *p, const struct index_entry *en, struct jnode *obj)
{
	if (p->argo && jnode_walk(obj, "metadata", "annotations", "argocd.argoproj.io/tracking-id", NULL) != NULL)
		pf_use(p, USE_OWNER, "", S("Argo CD"), en);
}

void
pf_gather_index(struct preflight *p)
{
	AUTO_BUF struct buf key = BUF_INIT(4 * LIMIT_TAR_NAME);
	struct restore *rs = p->rs;

	p->argo = discovery_gvr(rs->d, "argoproj.io", NULL, "applications") != NULL;
	p->flux = discovery_gvr(rs->d, "kustomize.toolkit.fluxcd.io", NULL, "kustomizations") != NULL
		|| discovery_gvr(rs->d, "helm.toolkit.fluxcd.io", NULL, "helmreleases") != NULL;
	for (size_t i = 0; i < rs->plan.len; i++) {
		const struct index_entry *en = rs->plan.at[i];

		if (str_eq(en->gr, S("namespaces"))) {
			want_ns(p, en->name);
			continue;
		}
		if (en->ns.len > 0)
			want_ns(p, en->ns);
		want_type(p, en, &key);
		note_owner(p, en);
	}
	/* A namespace that is made anew has the labels that it had. */
	for (size_t i = 0; i < rs->ix->n_entries; i++) {
		const struct index_entry *en = &rs->ix->entries[i];
		struct pf_ns *ns = str_eq(en->gr, S("namespaces")) ? pf_ns(p, restore_map_ns(rs, en->name)) : NULL;

		if (ns != NULL && str_eqz(en->name, ns->source))
			ns->labels = arena_strdup(&p->arena, en->labels);
	}
}

/* --- objects --- */

static const char *
map_ns(void *ctx, struct str ns)
{
	return restore_map_ns(((struct preflight *)ctx)->rs, ns);
}

static bool
provisioned_anew(void *ctx, struct str pv)
{
	return strmap_has(((struct preflight *)ctx)->rs->anew, pv);
}

static bool
no_account(void *ctx, const char *ns, struct str name)
{
	(void)ctx, (void)ns, (void)name;
	return false;
}

/* A class that is missing is a finding of its own. */
static bool
any_class(void *ctx, struct str name)
{
	(void)ctx, (void)name;
	return true;
}

/* The restore itself tells of rules that cannot be applied. */
static void
no_problem(void *ctx, const char *text)
{
	(void)ctx, (void)text;
}

/* The object as it will be, as far as it matters here.  False: nothing is to be created. */
static bool
edit(struct preflight *p, struct arena *arena, const struct index_entry *en, struct jnode **obj)
{
	const struct kind_rule *rule = kind_rule(en->gr);
	struct scrub s = { .arena = arena, .provisioned_anew = provisioned_anew, .account_exists = no_account,
		.ctx = p, .preserve_node_ports = p->rs->o->preserve_node_ports, .ns = en->ns, .name = en->name,
		.target_ns = en->ns.len > 0 ? pf_target(p, en) : NULL };
	struct change_item ci = { .arena = arena, .gr = en->gr, .ns = en->ns, .name = en->name, .map_ns = map_ns,
		.class_exists = any_class, .problem = no_problem, .ctx = p };
	enum scrub_verdict verdict = scrub_precheck(en->gr, en->ns, en->name, *obj);
	struct err ignored;

	if (verdict != SCRUB_KEEP)
		return false;
	scrub_common(*obj);
	if (rule->scrub != NULL && (rule->scrub(&s, *obj, &verdict, &ignored) < 0 || verdict != SCRUB_KEEP))
		return false;
	return !change_concerns(p->rs->change, en->gr) || change_apply(p->rs->change, &ci, obj, &ignored) == 0;
}

static int
gather(struct preflight *p, const struct index_entry *en, struct arena *arena, struct err *e)
{
	gather_fn *fn = find_row(en->gr);
	struct pf_ns *ns = en->ns.len > 0 ? pf_ns(p, pf_target(p, en)) : NULL;
	struct jnode *obj;
	struct str json;
	struct err why;

	if (reader_object(p->rs->reader, en, &json, p->rs->c, &why) < 0) {
		if (why.kind == EK_CORRUPT || why.kind == EK_LIMIT)
			return 0;                /* the restore tells */
		*e = why;
		return -1;
	}
	obj = jnode_open(arena, json);
	if (!edit(p, arena, en, &obj))
		return 0;
	note_annotation(p, en, obj);
	if (fn != NULL)
		fn(p, en, obj);
	if (ns != NULL && ns->has != NULL)
		pf_count_quota(p, ns, en, obj);
	return 0;
}

typedef void keep_fn(struct preflight *p, const struct index_entry *en, struct str json);

static void
keep_class(struct preflight *p, const struct index_entry *en, struct str json)
{
	*vec_push(&p->stored_classes) = (struct class){ arena_strdup(&p->arena, en->name), arena_strdup(&p->arena, json), false };
}

static void
keep_snapshot_class(struct preflight *p, const struct index_entry *en, struct str json)
{
	*vec_push(&p->stored_snapshot_classes) = (struct class){ arena_strdup(&p->arena, en->name),
		arena_strdup(&p->arena, json), false };
}

/* Snapshots of the namespaces that are restored: whoever takes them over needs their class. */
static void
use_snapshot_class(struct preflight *p, const struct index_entry *en, struct str json)
{
	AUTO_ARENA struct arena arena = ARENA_INIT;

	if (pf_ns(p, pf_target(p, en)) != NULL)
		use_class(p, en, USE_SNAPSHOT_CLASS, jnode_walk(jnode_open(&arena, json), "spec", "volumeSnapshotClassName", NULL));
}

/* What is read whether it is selected or not.  Classes tell what a missing one was. */
static const struct { const char *gr; keep_fn *keep; } kept[] = {
	{ "storageclasses.storage.k8s.io", keep_class },
	{ "volumesnapshotclasses.snapshot.storage.k8s.io", keep_snapshot_class },
	{ "volumesnapshots.snapshot.storage.k8s.io", use_snapshot_class },
};

static int
keep(struct preflight *p, const struct index_entry *en, struct err *e)
{
	struct str json;
	struct err why;
	size_t row = 0;

	while (row < COUNT(kept) && !str_eqz(en->gr, kept[row].gr))
		row++;
	if (row == COUNT(kept))
		return 0;
	if (reader_object(p->rs->reader, en, &json, p->rs->c, &why) == 0) {
		kept[row].keep(p, en, json);
		return 0;
	}
	if (why.kind == EK_CORRUPT || why.kind == EK_LIMIT)
		return 0;
	*e = why;
	return -1;
}

/* What is about to be restored is not missed. */
static void
mark_planned(struct preflight *p)
{
	static const struct { const char *gr; enum use_kind kinds[2]; } made[] = {
		{ "configmaps", { USE_CONFIG_MAP, USE_CONFIG_MAP } }, { "secrets", { USE_SECRET, USE_PULL_SECRET } },
		{ "serviceaccounts", { USE_ACCOUNT, USE_ACCOUNT } },
		{ "storageclasses.storage.k8s.io", { USE_STORAGE_CLASS, USE_STORAGE_CLASS } },
		{ "priorityclasses.scheduling.k8s.io", { USE_PRIORITY_CLASS, USE_PRIORITY_CLASS } },
		{ "runtimeclasses.node.k8s.io", { USE_RUNTIME_CLASS, USE_RUNTIME_CLASS } },
		{ "ingressclasses.networking.k8s.io", { USE_INGRESS_CLASS, USE_INGRESS_CLASS } },
		{ "gatewayclasses.gateway.networking.k8s.io", { USE_GATEWAY_CLASS, USE_GATEWAY_CLASS } },
		{ "volumesnapshotclasses.snapshot.storage.k8s.io", { USE_SNAPSHOT_CLASS, USE_SNAPSHOT_CLASS } },
		{ "csidrivers.storage.k8s.io", { USE_PROVISIONER, USE_PROVISIONER } },
	};
	struct restore *rs = p->rs;

	for (size_t i = 0, row = 0; i < rs->plan.len; i++) {
		const struct index_entry *en = rs->plan.at[i];

		if (i == 0 || rs->plan.at[i - 1]->gr.p != en->gr.p)
			for (row = 0; row < COUNT(made) && !str_eqz(en->gr, made[row].gr); row++)
				;
		if (row == COUNT(made))
			continue;
		for (size_t k = 0; k < COUNT(made[row].kinds); k++) {
			struct use *u = pf_used(p, made[row].kinds[k], pf_target(p, en), en->name);

			if (u != NULL)
				u->there = true;
		}
	}
}

int
pf_gather_objects(struct preflight *p, struct err *e)
{
	struct restore *rs = p->rs;
	AUTO_FREE const struct index_entry **wanted = xcalloc(rs->plan.len + 1, sizeof *wanted);
	AUTO_ARENA struct arena arena = ARENA_INIT;
	size_t n = 0;

	for (size_t i = 0; i < rs->plan.len; i++) {
		const struct index_entry *en = rs->plan.at[i];
		const struct pf_ns *ns = en->ns.len > 0 ? pf_ns(p, pf_target(p, en)) : NULL;

		if (find_row(en->gr) != NULL || (ns != NULL && ns->has != NULL))
			wanted[n++] = en;
	}
	reader_ahead(rs->reader, wanted, n, rs->c);
	for (size_t i = 0; i < n; i++) {
		if (cancel_check(rs->c, e) < 0 || gather(p, wanted[i], &arena, e) < 0)
			return -1;
		arena_reset(&arena);
	}
	for (size_t i = 0; i < rs->ix->n_entries; i++)
		if (keep(p, &rs->ix->entries[i], e) < 0)
			return -1;
	mark_planned(p);
	return 0;
}
