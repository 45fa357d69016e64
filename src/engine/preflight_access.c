/*
 * What the user may do, for each verb and type that the restore needs.  Asked in the whole cluster first; only what is not
 * allowed there is asked for by namespace, by the rules of the user there where they are complete.
 */
#include "base/limits.h"
#include "base/mem.h"
#include "data/jwrite.h"
#include "engine/preflight_impl.h"

#include <string.h>

#define REVIEWS "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
#define RULES   "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"
#define DENIED_MAX 512           /* questions by namespace */

/* One question: all of the type, or a type in a namespace. */
struct right { const char *verb; const struct pf_type *type; const struct api_resource *res; bool everywhere, allowed; };
struct rights VEC_OF(struct right);

static void
put_review(const struct right *r, const char *ns, struct buf *out)
{
	const char *name = r->res != NULL ? r->res->name : "*", *slash = strchr(name, '/');
	struct jw w;
	struct err ignored;

	jw_init(&w, out, false);
	jw_obj(&w);
	jw_kv_text(&w, "apiVersion", "authorization.k8s.io/v1");
	jw_kv_text(&w, "kind", "SelfSubjectAccessReview");
	jw_key(&w, "spec");
	jw_obj(&w);
	jw_key(&w, "resourceAttributes");
	jw_obj(&w);
	jw_kv_text(&w, "verb", r->verb);
	jw_kv_text(&w, "group", r->res != NULL ? r->res->group : "*");
	if (slash != NULL) {
		jw_kv_str(&w, "resource", str_sub(str_of(name), 0, (size_t)(slash - name)));
		jw_kv_text(&w, "subresource", slash + 1);
	} else {
		jw_kv_text(&w, "resource", name);
	}
	if (ns[0] != '\0')
		jw_kv_text(&w, "namespace", ns);
	jw_obj_end(&w);
	jw_obj_end(&w);
	jw_obj_end(&w);
	(void)!jw_done(&w, &ignored);    /* short texts */
}

/* in_ns: each in its namespace, else in the whole cluster. */
static int
ask_all(struct preflight *p, struct rights *v, bool in_ns, struct err *e)
{
	AUTO_ASKS struct asks asks = { 0 };

	for (size_t i = 0; i < v->len; i++) {
		struct ask *a;

		if (v->at[i].allowed)
			continue;
		a = asks_add(&asks, "POST", xstrdup(REVIEWS));
		a->about = i;
		put_review(&v->at[i], in_ns ? v->at[i].type->ns : "", &a->body);
	}
	if (asks_run(p->rs, &asks, e) < 0)
		return -1;
	for (size_t i = 0; i < asks.len; i++) {
		struct str raw;
		bool allowed = true;

		/* Who cannot ask finds out by trying. */
		if (asks.at[i].rc == 0 && jpath(buf_str(&asks.at[i].answer), &raw, "status", "allowed", NULL))
			(void)jbool(raw, &allowed);
		v->at[asks.at[i].about].allowed = allowed;
	}
	return 0;
}

/* --- rules of a namespace --- */

static bool
lists(struct str rule, const char *key, const char *word)
{
	struct str list, one;
	struct jiter it;

	if (!jget(rule, key, &list) || !jiter_arr(&it, list))
		return false;
	while (jiter_next(&it, NULL, &one))
		if (jstr_eq(one, S("*")) || jstr_eq(one, str_of(word)))
			return true;
	return false;
}

static bool
rules_allow(struct str answer, const struct right *r)
{
	struct str list, rule, names;
	struct jiter it;

	if (!jpath(answer, &list, "status", "resourceRules", NULL) || !jiter_arr(&it, list))
		return false;
	while (jiter_next(&it, NULL, &rule))
		if (lists(rule, "verbs", r->verb) && lists(rule, "apiGroups", r->res->group) && lists(rule, "resources", r->res->name)
		    && !(jget(rule, "resourceNames", &names) && names.len > 2))
			return true;
	return false;
}

static int
ask_rules(struct preflight *p, struct rights *v, struct err *e)
{
	AUTO_ASKS struct asks asks = { 0 };
	AUTO(strmap_freep) struct strmap *seen = strmap_new();

	for (size_t i = 0; i < v->len; i++) {
		const char *ns = v->at[i].type->ns;
		struct ask *a;

		if (v->at[i].allowed || ns[0] == '\0' || !strmap_add(seen, str_of(ns)))
			continue;
		a = asks_add(&asks, "POST", xstrdup(RULES));
		a->about = i;
		buf_putf(&a->body, "{\"apiVersion\":\"authorization.k8s.io/v1\",\"kind\":\"SelfSubjectRulesReview\","
			"\"spec\":{\"namespace\":\"%s\"}}", ns);
	}
	if (asks_run(p->rs, &asks, e) < 0)
		return -1;
	for (size_t i = 0; i < asks.len; i++)
		for (size_t k = 0; k < v->len && asks.at[i].rc == 0; k++)
			if (!v->at[k].allowed && strcmp(v->at[k].type->ns, v->at[asks.at[i].about].type->ns) == 0)
				v->at[k].allowed = rules_allow(buf_str(&asks.at[i].answer), &v->at[k]);
	return 0;
}

/* --- all --- */

/* Namespaces that are not there have to be made first. */
static void
add_namespaces(struct preflight *p, struct rights *v)
{
	const struct api_resource *res = discovery_gvr(p->rs->d, "", NULL, "namespaces");
	struct index_entry *en = arena_alloc(&p->arena, sizeof *en);
	struct pf_type *t = arena_alloc(&p->arena, sizeof *t);

	*t = (struct pf_type){ S("namespaces"), S("v1"), "", en, 0 };
	for (size_t i = 0; i < p->nses.len; i++) {
		if (!p->nses.at[i]->exists && t->n++ == 0)
			en->name = str_of(p->nses.at[i]->name);
	}
	if (t->n > 0 && res != NULL && !p->ns_unknown)
		*vec_push(v) = (struct right){ "create", t, res, false, false };
}

/* Commands in pods: asked for as a WebSocket, which newer API servers want "create" for, older ones "get". */
static void
add_exec(struct preflight *p, struct rights *v)
{
	static const struct api_resource exec = { .group = "", .version = "v1", .name = "pods/exec", .gr = "pods/exec",
		.namespaced = true };
	static const char *const verbs[] = { "get", "create" };
	const struct use *u;

	for (size_t i = 0; (u = pf_next(p, USE_EXEC, &i)) != NULL;) {
		struct index_entry *en = arena_alloc(&p->arena, sizeof *en);
		struct pf_type *t = arena_alloc(&p->arena, sizeof *t);

		*en = (struct index_entry){ .name = str_of(u->by_name) };
		*t = (struct pf_type){ S("pods/exec"), S("v1"), u->ns, en, u->n };
		for (size_t k = 0; k < COUNT(verbs); k++)
			*vec_push(v) = (struct right){ verbs[k], t, &exec, false, false };
	}
}

static void
add_rights(struct preflight *p, struct rights *types)
{
	const enum existing_policy policy = p->rs->o->policy;
	const bool update = policy == EXISTING_UPDATE || policy == EXISTING_APPLY || policy == EXISTING_RECREATE;
	const struct { const char *verb; bool needed; } verbs[] = {
		{ "create", true }, { "get", true }, { "patch", update }, { "delete", policy == EXISTING_RECREATE || p->rs->o->prune },
		{ "list", p->rs->o->prune },
	};

	add_namespaces(p, types);
	add_exec(p, types);
	for (size_t i = 0; i < p->types.len; i++) {
		const struct pf_type *t = p->types.at[i];
		const struct index_entry *en;
		const struct api_resource *res;
		struct err ignored;

		if (versions_choose(p->rs, t->first, &en, &res, &ignored) < 0)
			continue;
		for (size_t k = 0; k < COUNT(verbs); k++)
			if (verbs[k].needed)
				*vec_push(types) = (struct right){ verbs[k].verb, t, res, false, false };
	}
}

/* Of each verb and type, asked for once. */
static int
ask_cluster(struct preflight *p, struct rights *all, struct err *e)
{
	struct rights once = { 0 };
	struct right every = { "*", NULL, NULL, true, false };
	AUTO(strmap_freep) struct strmap *at = strmap_new();
	int rc;

	*vec_push(&once) = every;
	rc = ask_all(p, &once, false, e);
	every.allowed = rc == 0 && once.at[0].allowed;
	once.len = 0;
	for (size_t i = 0; i < all->len && rc == 0; i++) {
		AUTO_FREE char *key = xasprintf("%s %s", all->at[i].verb, all->at[i].res->gr);

		all->at[i].allowed = every.allowed;
		if (!every.allowed && strmap_add(at, str_of(key)))
			*vec_push(&once) = all->at[i];
	}
	if (rc == 0 && !every.allowed)
		rc = ask_all(p, &once, false, e);
	for (size_t i = 0; i < all->len && rc == 0 && !every.allowed; i++)
		for (size_t k = 0; k < once.len; k++)
			if (once.at[k].allowed && once.at[k].res == all->at[i].res && once.at[k].verb == all->at[i].verb)
				all->at[i].allowed = true;
	vec_free(&once);
	return rc;
}

static void
drop_allowed(struct rights *v)
{
	size_t n = 0;

	for (size_t i = 0; i < v->len; i++)
		if (!v->at[i].allowed)
			v->at[n++] = v->at[i];
	v->len = n;
}

/* A type that may be created nowhere ends the restore before it begins; anything less is told. */
static void
tell_denied(struct preflight *p, const struct rights *denied)
{
	for (size_t i = 0; i < denied->len; i++) {
		const struct right *r = &denied->at[i];
		AUTO_FREE char *name = str_dup(r->type->first->name);
		struct use u = { .by_gr = r->res->gr, .by_ns = r->type->ns, .by_name = name };
		uint64_t places = 0, all = 0;
		bool first = true;

		for (size_t k = 0; k < denied->len; k++) {
			if (denied->at[k].res == r->res && strcmp(denied->at[k].verb, r->verb) == 0) {
				first = first && k >= i;
				places++;
				u.n += denied->at[k].type->n;
			}
		}
		for (size_t k = 0; k < p->types.len; k++)
			all += str_eqz(p->types.at[k]->gr, r->res->gr);
		/* Without its hooks the rest is restored. */
		if (strchr(r->res->name, '/') != NULL)
			all = places + 1;
		if (strcmp(r->res->gr, "namespaces") == 0)
			all = u.n < p->nses.len ? places + 1 : places;
		if (!first)
			continue;
		pf_tell(p, strcmp(r->verb, "create") == 0 && places >= all ? PF_ACCESS_DENIED : PF_ACCESS_PARTIAL, &u,
			"have the right given to you, or leave them out (--exclude-resources); 'orlop cluster check' lists what is missing",
			"you may not %s %s%s%s%s: %llu objects", r->verb, r->res->gr, r->type->ns[0] != '\0' ? " in namespace " : "",
			r->type->ns, places > 1 ? " and others" : "", (unsigned long long)u.n);
	}
}

static int
check(struct preflight *p, struct rights *v, struct err *e)
{
	add_rights(p, v);
	if (v->len == 0 || ask_cluster(p, v, e) < 0)
		return v->len == 0 ? 0 : -1;
	drop_allowed(v);
	if (v->len > 0 && ask_rules(p, v, e) < 0)
		return -1;
	drop_allowed(v);
	/* Rules may be incomplete: an authorizer outside the cluster has no lists. */
	if (v->len > 0 && v->len <= DENIED_MAX && ask_all(p, v, true, e) < 0)
		return -1;
	drop_allowed(v);
	tell_denied(p, v);
	return 0;
}

int
pf_check_access(struct preflight *p, struct err *e)
{
	struct rights v = { 0 };
	int rc = check(p, &v, e);

	vec_free(&v);
	return rc;
}
