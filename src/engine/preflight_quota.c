/*
 * Quotas against what is to be created.  Objects count for certain; of pods that controllers will make, only the wish is
 * known.  Quotas with scopes are left out: whom they concern is decided pod by pod.
 */
#include "base/limits.h"
#include "base/mem.h"
#include "engine/preflight_impl.h"
#include "k8s/quantity.h"

#include <string.h>

struct sums { struct quota_use *at; size_t len, cap; };

static void
add(struct preflight *p, struct quota_use **at, size_t *len, size_t *cap, const char *resource, int64_t milli)
{
	struct sums v = { *at, *len, *cap };
	size_t i;

	for (i = 0; i < v.len && strcmp(v.at[i].resource, resource) != 0; i++)
		;
	if (i == v.len)
		*vec_push(&v) = (struct quota_use){ arena_strdup(&p->arena, str_of(resource)), 0 };
	v.at[i].milli = quantity_add(v.at[i].milli, milli);
	*at = v.at;
	*len = v.len;
	*cap = v.cap;
}

/* Of one object, times what controllers make of it. */
struct counting { struct preflight *p; struct pf_ns *ns; bool later; int64_t times; };

static void
count(struct counting *c, const char *resource, int64_t milli)
{
	int64_t v = c->times > 0 && milli > INT64_MAX / c->times ? INT64_MAX : milli * c->times;

	if (v <= 0)
		return;
	if (c->later)
		add(c->p, &c->ns->later.at, &c->ns->later.len, &c->ns->later.cap, resource, v);
	else
		add(c->p, &c->ns->sums.at, &c->ns->sums.len, &c->ns->sums.cap, resource, v);
}

/* Of a container or pod: "requests.cpu", "limits.memory", and "cpu" for the first. */
static void
count_resources(struct counting *c, struct jnode *resources)
{
	static const char *const kinds[] = { "requests", "limits" };

	for (size_t i = 0; i < COUNT(kinds); i++) {
		for (struct jnode *n = jnode_first(jnode_get(resources, kinds[i])); n != NULL; n = jnode_next(n)) {
			AUTO_FREE char *name = xasprintf("%s." STR_FMT, kinds[i], STR_ARG(jnode_key(n)));
			AUTO_FREE char *plain = str_dup(jnode_key(n));
			struct str text = jnode_type(n) == J_STR ? jnode_text(n) : jnode_raw(n);
			int64_t milli;

			if (!quantity_parse(text, &milli))
				continue;
			count(c, name, milli);
			if (i == 0)
				count(c, plain, milli);
		}
	}
}

/* Init containers run before the others: only sidecars among them add to the sum.  They are left out, so that the sum is
 * what is needed at least. */
static void
count_pod(struct counting *c, struct jnode *spec)
{
	count(c, "pods", 1000);
	for (struct jnode *n = jnode_first(jnode_get(spec, "containers")); n != NULL; n = jnode_next(n))
		count_resources(c, jnode_get(n, "resources"));
}

static void
count_claim(struct counting *c, struct jnode *spec)
{
	struct jnode *storage = jnode_walk(spec, "resources", "requests", "storage", NULL);
	struct str name = jnode_text(jnode_get(spec, "storageClassName"));
	int64_t milli = 0;

	(void)!quantity_parse(jnode_text(storage), &milli);
	count(c, "requests.storage", milli);
	if (name.len > 0) {
		AUTO_FREE char *of_class = xasprintf(STR_FMT ".storageclass.storage.k8s.io/requests.storage", STR_ARG(name));
		AUTO_FREE char *number = xasprintf(STR_FMT ".storageclass.storage.k8s.io/persistentvolumeclaims", STR_ARG(name));

		count(c, of_class, milli);
		count(c, number, 1000);
	}
}

static void
count_service(struct counting *c, struct jnode *spec)
{
	struct str type = jnode_text(jnode_get(spec, "type"));
	bool balanced = str_eq(type, S("LoadBalancer"));

	if (balanced)
		count(c, "services.loadbalancers", 1000);
	if (balanced || str_eq(type, S("NodePort")))
		count(c, "services.nodeports", (int64_t)jnode_count(jnode_get(spec, "ports")) * 1000);
}

static void
count_template(struct counting *c, const struct index_entry *en, struct jnode *obj)
{
	struct jnode *meta, *spec = pf_pod_spec(en->gr, obj, &meta);
	int64_t replicas = 1;

	/* Replica sets are counted with what makes them. */
	if (spec == NULL || str_eq(en->gr, S("replicasets.apps")) || str_eq(en->gr, S("cronjobs.batch")))
		return;
	(void)jnode_int(jnode_walk(obj, "spec", "replicas", NULL), &replicas);
	c->later = true;
	c->times = replicas;
	count_pod(c, spec);
}

void
pf_count_quota(struct preflight *p, struct pf_ns *ns, const struct index_entry *en, struct jnode *obj)
{
	struct counting c = { p, ns, false, 1 };
	struct jnode *spec = jnode_get(obj, "spec");
	AUTO_FREE char *gr = str_dup(en->gr);
	AUTO_FREE char *key = xasprintf("%s/" STR_FMT, gr, STR_ARG(en->name));
	AUTO_FREE char *name = xasprintf("count/%s", gr);

	if (strmap_has(ns->has, str_of(key)))
		return;
	count(&c, name, 1000);
	if (strcmp(gr, "pods") == 0)
		count_pod(&c, spec);
	else if (str_chr(en->gr, '.') == en->gr.len)
		count(&c, gr, 1000);
	if (strcmp(gr, "persistentvolumeclaims") == 0)
		count_claim(&c, spec);
	else if (strcmp(gr, "services") == 0)
		count_service(&c, spec);
	else if (strcmp(gr, "pods") != 0)
		count_template(&c, en, obj);
}

/* --- against the quotas --- */

static int64_t
sum_of(const struct quota_use *at, size_t len, struct str resource)
{
	for (size_t i = 0; i < len; i++)
		if (str_eqz(resource, at[i].resource))
			return at[i].milli;
	return 0;
}

static int64_t
quantity_at(struct str json, const char *part, const char *key, struct str resource)
{
	AUTO_FREE char *name = str_dup(resource);
	struct str raw, text;
	int64_t v = 0;

	if (jpath(json, &raw, part, key, name, NULL) && jstr_plain(raw, &text))
		(void)!quantity_parse(text, &v);
	return v;
}

static bool
is_scoped(struct str quota)
{
	struct str raw;

	return (jpath(quota, &raw, "spec", "scopes", NULL) && raw.len > 2)
		|| (jpath(quota, &raw, "spec", "scopeSelector", NULL) && jtype(raw) == J_OBJ);
}

static void
check_one(struct preflight *p, const struct pf_ns *ns, const char *quota, struct str json, struct str resource)
{
	int64_t hard = quantity_at(json, "spec", "hard", resource), used = quantity_at(json, "status", "used", resource);
	int64_t sum = sum_of(ns->sums.at, ns->sums.len, resource), later = sum_of(ns->later.at, ns->later.len, resource);
	/* Pods of the backup are those that its controllers would make: not both count. */
	int64_t wish = later > sum ? later : sum;
	bool exceeded = sum > 0 && quantity_add(used, sum) > hard;
	bool bytes = memmem(resource.p, resource.len, "memory", 6) != NULL || memmem(resource.p, resource.len, "storage", 7) != NULL;
	struct use u = { .by_gr = "resourcequotas", .by_ns = ns->name, .by_name = quota, .n = 1 };
	char a[QUANTITY_MAX], b[QUANTITY_MAX], c[QUANTITY_MAX];

	if (!exceeded && (wish <= 0 || quantity_add(used, wish) <= hard))
		return;
	pf_tell(p, exceeded ? PF_QUOTA_EXCEEDED : PF_QUOTA_TIGHT, &u, "raise the quota, make room, or restore less",
		"quota of " STR_FMT " is %s, %s is used, and %s needs %s more", STR_ARG(resource), quantity_text(a, hard, bytes),
		quantity_text(b, used, bytes), exceeded ? "the restore" : "what controllers make of it",
		quantity_text(c, exceeded ? sum : wish, bytes));
}

int
pf_check_quota(struct preflight *p, struct err *e)
{
	(void)e;
	for (size_t i = 0; i < p->nses.len; i++) {
		const struct pf_ns *ns = p->nses.at[i];

		for (size_t k = 0; k < ns->quotas.len; k++) {
			struct str json = str_of(ns->quotas.at[k]), hard, resource, raw;
			AUTO_FREE char *name = jpath(json, &raw, "metadata", "name", NULL) ? jstr_dup(raw) : NULL;
			struct jiter it;

			if (name == NULL || is_scoped(json) || !jpath(json, &hard, "spec", "hard", NULL) || !jiter_obj(&it, hard))
				continue;
			while (jiter_next(&it, &resource, &raw))
				check_one(p, ns, name, json, resource);
		}
	}
	return 0;
}
