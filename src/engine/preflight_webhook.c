/* Admission webhooks that refuse what they should look at, because nobody answers for them. */
#include "base/limits.h"
#include "base/mem.h"
#include "engine/preflight_impl.h"
#include "k8s/selector.h"

#include <string.h>

static bool
lists(struct str rule, const char *key, struct str word, bool otherwise)
{
	struct str list, one;
	struct jiter it;

	if (!jget(rule, key, &list) || !jiter_arr(&it, list))
		return otherwise;
	while (jiter_next(&it, NULL, &one))
		if (jstr_eq(one, S("*")) || jstr_eq(one, S("*/*")) || jstr_eq(one, word))
			return true;
	return false;
}

static bool
rule_concerns(struct str rule, const struct api_resource *res)
{
	struct str scope, text;

	if (jget(rule, "scope", &scope) && jstr_plain(scope, &text)
	    && str_eqz(text, res->namespaced ? "Cluster" : "Namespaced"))
		return false;
	return lists(rule, "operations", S("CREATE"), false) && lists(rule, "apiGroups", str_of(res->group), false)
		&& lists(rule, "apiVersions", str_of(res->version), false) && lists(rule, "resources", str_of(res->name), false);
}

/* Does the selector member of the hook take these labels?  One that cannot be read is taken for a no. */
static bool
selects(struct str hook, const char *key, struct str labels)
{
	struct str raw;
	struct err ignored;
	AUTO(selector_freep) struct selector *s = NULL;

	if (!jget(hook, key, &raw) || jtype(raw) != J_OBJ)
		return true;
	s = selector_from_json(raw, &ignored);
	return s != NULL && selector_match(s, labels);
}

/* A namespace always has its name as a label. */
static bool
selects_ns(struct preflight *p, struct str hook, const char *name)
{
	const struct pf_ns *ns = pf_ns(p, name);
	struct str labels = ns != NULL ? str_of(ns->labels) : S("");
	AUTO_FREE char *all = xasprintf("{\"kubernetes.io/metadata.name\":\"%s\"%s" STR_FMT, name, labels.len > 2 ? "," : "}",
		STR_ARG(labels.len > 2 ? str_sub(labels, 1, labels.len) : S("")));

	return selects(hook, "namespaceSelector", str_of(all));
}

/* Conditions are programs of the API server's: nothing is claimed about them. */
static bool
is_conditional(struct str hook)
{
	struct str raw;

	return (jget(hook, "matchConditions", &raw) && raw.len > 2)
		|| (jpath(hook, &raw, "objectSelector", "matchLabels", NULL) && raw.len > 2)
		|| (jpath(hook, &raw, "objectSelector", "matchExpressions", NULL) && raw.len > 2);
}

/* Objects that the hook would be asked about. */
static struct use
concerned(struct preflight *p, struct str hook, char **gr, char **name)
{
	struct use u = { .by_gr = "", .by_ns = "", .by_name = "" };

	for (size_t i = 0; i < p->types.len && !is_conditional(hook); i++) {
		const struct pf_type *t = p->types.at[i];
		const struct index_entry *en;
		const struct api_resource *res;
		struct str rules, rule;
		struct jiter it;
		struct err ignored;
		bool hit = false;

		if (versions_choose(p->rs, t->first, &en, &res, &ignored) < 0 || !jget(hook, "rules", &rules)
		    || !jiter_arr(&it, rules))
			continue;
		while (!hit && jiter_next(&it, NULL, &rule))
			hit = rule_concerns(rule, res);
		/* Webhooks are never asked about their own kind. */
		if (!hit || strcmp(res->group, "admissionregistration.k8s.io") == 0
		    || (res->namespaced && !selects_ns(p, hook, t->ns)))
			continue;
		if (u.n == 0) {
			u.by_gr = *gr = str_dup(t->gr);
			u.by_ns = t->ns;
			u.by_name = *name = str_dup(t->first->name);
		}
		u.n += t->n;
	}
	return u;
}

/* --- is anybody there --- */

static bool
has_ready(struct str slice)
{
	struct str list, one, addresses, ready;
	struct jiter it;

	if (!jget(slice, "endpoints", &list) || !jiter_arr(&it, list))
		return false;
	while (jiter_next(&it, NULL, &one)) {
		bool yes = true;

		if (jpath(one, &ready, "conditions", "ready", NULL))
			(void)jbool(ready, &yes);
		if (yes && jget(one, "addresses", &addresses) && addresses.len > 2)
			return true;
	}
	return false;
}

static bool
any_ready(struct str answer)
{
	struct str list, one;
	struct jiter it;

	if (!jget(answer, "items", &list) || !jiter_arr(&it, list))
		return false;
	while (jiter_next(&it, NULL, &one))
		if (has_ready(one))
			return true;
	return false;
}

static char *
service_part(const struct hook *h, const char *key)
{
	struct str raw;

	return jpath(str_of(h->json), &raw, "clientConfig", "service", key, NULL) ? jstr_dup(raw) : NULL;
}

static void
tell_dead(struct preflight *p, const struct hook *h, const struct use *u, const char *service)
{
	struct str raw;
	AUTO_FREE char *name = jget(str_of(h->json), "name", &raw) ? jstr_dup(raw) : NULL;

	pf_tell(p, PF_WEBHOOK_DEAD, u, "start what is behind it, or delete its configuration until the restore is done",
		"webhook %s (configuration %s) has no endpoints behind service %s: %llu objects would be refused",
		name != NULL ? name : "", h->config, service, (unsigned long long)u->n);
}

static int
check_hook(struct preflight *p, const struct hook *h, struct err *e)
{
	const struct api_resource *res = discovery_gvr(p->rs->d, "discovery.k8s.io", NULL, "endpointslices");
	AUTO_FREE char *gr = NULL;
	AUTO_FREE char *name = NULL;
	AUTO_FREE char *ns = service_part(h, "namespace");
	AUTO_FREE char *service = service_part(h, "name");
	AUTO_FREE char *shown = NULL;
	AUTO_FREE char *path = NULL;
	AUTO_BUF struct buf query = BUF_INIT(LIMIT_TAR_NAME);
	AUTO_ASKS struct asks asks = { 0 };
	struct use u;

	if (res == NULL || ns == NULL || service == NULL)
		return 0;
	u = concerned(p, str_of(h->json), &gr, &name);
	if (u.n == 0)
		return 0;
	path = api_path(res, ns, NULL);
	shown = xasprintf("%s/%s", ns, service);
	http_escape(&query, str_of(service), false);
	asks_add(&asks, "GET", xasprintf("%s?labelSelector=kubernetes.io%%2Fservice-name%%3D%s", path, buf_cstr(&query)));
	if (asks_run(p->rs, &asks, e) < 0)
		return -1;
	if (asks.at[0].rc == 0 && !any_ready(buf_str(&asks.at[0].answer)))
		tell_dead(p, h, &u, shown);
	return 0;
}

int
pf_check_webhooks(struct preflight *p, struct err *e)
{
	for (size_t i = 0; i < p->hooks.len; i++)
		if (check_hook(p, &p->hooks.at[i], e) < 0)
			return -1;
	return 0;
}
