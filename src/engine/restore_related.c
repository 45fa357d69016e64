/*
 * DESIGN
 *
 *   plan --object by object--> what it needs, by level: Velero's additional items, or all --> end of the plan, and so on
 *   a service account in it --> the bindings in the backup that name it, read once --> end of the plan
 *
 * What is added passes by the lists that include, not by what excludes.
 */
#include "engine/restore_impl.h"

#include "base/limits.h"
#include "base/mem.h"

#define BINDING "binding"        /* what an account uses those as that name it */

/* The objects of an archive by type, namespace and name. */
struct lookup {
	struct strmap *map;          /* NULL: not filled yet */
	struct buf     key;
};

static void
lookup_done(struct lookup *l)
{
	strmap_free(l->map);
	buf_free(&l->key);
}
#define AUTO_LOOKUP AUTO(lookup_done)

static struct str
lookup_key(struct lookup *l, struct str gr, struct str ns, struct str name)
{
	buf_cut(&l->key, 0);
	buf_put_str(&l->key, gr);
	buf_putc(&l->key, '\0');
	buf_put_str(&l->key, ns);
	buf_putc(&l->key, '\0');
	buf_put_str(&l->key, name);
	return buf_str(&l->key);
}

int
restore_read_sound(struct restore *rs, const struct index_entry *en, struct str *json, struct err *e)
{
	struct err why;

	*json = (struct str){ 0 };
	if (reader_object(rs->reader, en, json, rs->c, &why) == 0 || why.kind == EK_CORRUPT || why.kind == EK_LIMIT)
		return 0;
	*e = why;
	return -1;
}

/* --- what a selected object needs --- */

/* Why an object was added: what uses it, and as what. */
struct reason { const struct index_entry *by; const char *as; };

/* The bindings that name an account. */
struct bound { const struct index_entry *en; struct bound *next; };

struct related {
	struct restore           *rs;
	enum needs_level          level;
	struct lookup             lookup;
	struct strmap            *taken;         /* keys of what is planned */
	struct strmap            *bindings;      /* key of an account -> struct bound; NULL: not read yet */
	struct discovery         *stored;        /* types in the backup; NULL: not needed yet */
	const struct index_entry *by;            /* the object whose needs are told */
	const struct index_entry *binding;       /* the binding that is being read */
	bool                      by_account;    /* it is a binding that was added because of an account */
	int                       rc;
	struct err                why;           /* unless rc is 0 */
};

static const struct index_entry *
look_up(struct related *rel, const struct need *n)
{
	const struct restore *rs = rel->rs;

	if (rel->lookup.map == NULL) {
		rel->lookup.map = strmap_new();
		for (size_t i = 0; i < rs->ix->n_entries; i++) {
			struct index_entry *en = &rs->ix->entries[i];

			strmap_put(rel->lookup.map, lookup_key(&rel->lookup, en->gr, en->ns, en->name), en);
		}
	}
	return strmap_get(rel->lookup.map, lookup_key(&rel->lookup, n->gr, n->ns, n->name));
}

/* What the rules of Kubernetes' own rights are every cluster has (label of the API server's defaults). */
static bool
is_bootstrap(const struct index_entry *en)
{
	struct str value;

	return jget(en->labels, "kubernetes.io/bootstrapping", &value);
}

/* May the filters have it?  Velero's items pass by labels and names; what the user wants with all its dependencies only
 * by no exclusion. */
static int
allowed(struct related *rel, const struct index_entry *en, struct err *e)
{
	const struct selection *sel = rel->rs->sel;
	struct str gr = versions_type(rel->rs->d, en->gr, en->version);
	bool namespaced = en->ns.len > 0;
	struct pick_verdict v;
	int no;

	if (kind_rule(gr)->never || kind_rule(gr)->not_stored)
		return 0;
	if (picks_judge(rel->rs->picks, en, &v, e) < 0)
		return -1;
	if (v.excluded)
		return 0;
	if (rel->level == NEEDS_VELERO)
		return selection_resource_related(sel, gr, namespaced)
			&& (!namespaced || selection_namespace(sel, en->ns));
	if (is_bootstrap(en))
		return 0;
	no = selection_excludes(sel, gr, en->ns, en->name, e);
	return no < 0 ? -1 : !no;
}

static void
note_reason(struct related *rel, struct str key, const char *as)
{
	struct restore *rs = rel->rs;
	struct reason *why;

	if (!rs->o->with_dependencies && rs->picks == NULL)
		return;
	why = arena_alloc(&rs->arena, sizeof *why);
	*why = (struct reason){ rel->by, as };
	strmap_put(rs->added, key, why);
}

static void
add_entry(struct related *rel, const struct index_entry *en, const char *as)
{
	struct str key = lookup_key(&rel->lookup, en->gr, en->ns, en->name);
	int ok;

	if (rel->rc < 0 || strmap_has(rel->taken, key))
		return;
	ok = allowed(rel, en, &rel->why);
	if (ok < 0)
		rel->rc = -1;
	if (ok <= 0)
		return;
	(void)strmap_add(rel->taken, key);
	note_reason(rel, key, as);
	*vec_push(&rel->rs->plan) = en;
}

static void
need(void *ctx, const struct need *told)
{
	struct related *rel = ctx;
	struct need n = *told;
	const struct index_entry *en;

	/* The others that a binding names are no business of the account that it came with. */
	if (rel->by_account && strcmp(n.as, NEEDS_SUBJECT) == 0)
		return;
	if (n.gr.len == 0 && rel->stored == NULL)
		rel->stored = reader_discovery(rel->rs->reader);
	if (n.gr.len == 0 && !needs_resolve(&n, rel->stored))
		return;
	en = look_up(rel, &n);
	if (en != NULL)
		add_entry(rel, en, n.as);
}

/* --- rights of service accounts --- */

static bool
is_binding(const struct index_entry *en)
{
	return str_eq(en->gr, S("clusterrolebindings.rbac.authorization.k8s.io"))
		|| str_eq(en->gr, S("rolebindings.rbac.authorization.k8s.io"));
}

static bool
note_account(void *ctx, struct str ns, struct str name)
{
	struct related *rel = ctx;
	struct bound *b = arena_alloc(&rel->rs->arena, sizeof *b);
	struct str key = lookup_key(&rel->lookup, S("serviceaccounts"), ns, name);

	*b = (struct bound){ rel->binding, strmap_get(rel->bindings, key) };
	strmap_put(rel->bindings, key, b);
	return false;
}

static int
read_bindings(struct related *rel, struct err *e)
{
	struct restore *rs = rel->rs;

	rel->bindings = strmap_new();
	for (size_t i = 0; i < rs->ix->n_entries; i++) {
		const struct index_entry *en = &rs->ix->entries[i];
		struct str json, role;

		if (!is_binding(en))
			continue;
		if (restore_read_sound(rs, en, &json, e) < 0)
			return -1;
		rel->binding = en;
		if (json.len > 0)
			(void)needs_binding(json, note_account, rel, &role);
	}
	return 0;
}

static int
add_bindings(struct related *rel, struct err *e)
{
	const struct index_entry *en = rel->by;
	struct bound *b;

	if (rel->bindings == NULL && read_bindings(rel, e) < 0)
		return -1;
	b = strmap_get(rel->bindings, lookup_key(&rel->lookup, en->gr, en->ns, en->name));
	for (; b != NULL; b = b->next)
		add_entry(rel, b->en, BINDING);
	return 0;
}

/* --- all of them --- */

static int
add_needs_of(struct related *rel, const struct index_entry *en, struct err *e)
{
	struct restore *rs = rel->rs;
	const struct reason *why = strmap_get(rs->added, lookup_key(&rel->lookup, en->gr, en->ns, en->name));
	struct str json;

	if (!needs_any(en->gr, rel->level))
		return 0;
	if (restore_read_sound(rs, en, &json, e) < 0)
		return -1;
	rel->by = en;
	rel->by_account = why != NULL && strcmp(why->as, BINDING) == 0;
	if (json.len > 0)
		needs_each(en->gr, en->ns, json, rel->level, need, rel);
	if (rel->rc == 0 && rel->level == NEEDS_ALL && str_eq(en->gr, S("serviceaccounts")) && add_bindings(rel, e) < 0)
		return -1;
	if (rel->rc < 0)
		*e = rel->why;
	return rel->rc;
}

static int
add_related(struct related *rel, struct err *e)
{
	struct restore *rs = rel->rs;

	for (size_t i = 0; i < rs->plan.len; i++) {
		const struct index_entry *en = rs->plan.at[i];

		(void)strmap_add(rel->taken, lookup_key(&rel->lookup, en->gr, en->ns, en->name));
	}
	/* The plan grows while it is walked: what is needed may need more. */
	for (size_t i = 0; i < rs->plan.len; i++)
		if (cancel_check(rs->c, e) < 0 || add_needs_of(rel, rs->plan.at[i], e) < 0)
			return -1;
	return 0;
}

static void
log_added(const struct restore *rs)
{
	for (size_t i = 0; i < rs->plan.len; i++) {
		const struct index_entry *en = rs->plan.at[i];
		AUTO_FREE char *added = restore_added(rs, en);

		if (added != NULL)
			report_log(rs->r, STR_FMT " " STR_FMT "%s" STR_FMT " %s", STR_ARG(en->kind), STR_ARG(en->ns),
				en->ns.len > 0 ? "/" : "", STR_ARG(en->name), added);
	}
}

int
restore_add_related(struct restore *rs, struct err *e)
{
	struct related rel = { .rs = rs, .level = rs->o->with_dependencies ? NEEDS_ALL : NEEDS_VELERO,
		.taken = strmap_new(), .lookup = { NULL, BUF_INIT(4 * LIMIT_TAR_NAME) } };
	int rc = add_related(&rel, e);

	lookup_done(&rel.lookup);
	strmap_free(rel.bindings);
	strmap_free(rel.taken);
	discovery_free(rel.stored);
	if (rc == 0)
		log_added(rs);
	return rc;
}

char *
restore_added(const struct restore *rs, const struct index_entry *en)
{
	AUTO_LOOKUP struct lookup l = { NULL, BUF_INIT(4 * LIMIT_TAR_NAME) };
	const struct reason *why = strmap_len(rs->added) == 0 ? NULL
		: strmap_get(rs->added, lookup_key(&l, en->gr, en->ns, en->name));

	if (why == NULL)
		return NULL;
	return xasprintf("added: " STR_FMT " " STR_FMT "%s" STR_FMT " uses it as %s", STR_ARG(why->by->kind),
		STR_ARG(why->by->ns), why->by->ns.len > 0 ? "/" : "", STR_ARG(why->by->name), why->as);
}

/* --- what is neither in the backup nor in the cluster --- */

/* The types that needs_each tells of on Velero's level. */
static const char *const needed_types[] = {
	"persistentvolumeclaims", "persistentvolumes", "priorityclasses.scheduling.k8s.io",
};

void
restore_note_stored(struct restore *rs)
{
	AUTO_LOOKUP struct lookup l = { NULL, BUF_INIT(4 * LIMIT_TAR_NAME) };

	for (size_t i = 0; i < rs->ix->n_entries; i++) {
		const struct index_entry *en = &rs->ix->entries[i];
		bool needed = rs->o->with_dependencies;

		for (size_t t = 0; t < COUNT(needed_types) && !needed; t++)
			needed = str_eqz(en->gr, needed_types[t]);
		if (needed)
			(void)strmap_add(rs->stored, lookup_key(&l, en->gr, en->ns, en->name));
	}
}

static void
note_need(void *ctx, const struct need *told)
{
	AUTO_LOOKUP struct lookup l = { NULL, BUF_INIT(4 * LIMIT_TAR_NAME) };
	struct restore *rs = ctx;
	struct need n = *told;
	struct str key;

	/* Owners are not restored, and bindings often name accounts that are gone. */
	if (n.optional || strcmp(n.as, "owner") == 0 || strcmp(n.as, NEEDS_SUBJECT) == 0 || !needs_resolve(&n, rs->d))
		return;
	key = lookup_key(&l, n.gr, n.ns, n.name);
	if (!strmap_has(rs->stored, key) && strmap_add(rs->lacking_seen, key)
	    && index_find(rs->ix, n.gr, n.ns, n.name) == NULL)
		*vec_push(&rs->lacking) = (struct lacking){ arena_strdup(&rs->arena, n.gr),
			n.ns.len > 0 ? restore_map_ns(rs, n.ns) : NULL, arena_strdup(&rs->arena, n.name) };
}

void
restore_note_needs(struct restore *rs, const struct index_entry *en, struct str json)
{
	enum needs_level level = rs->o->with_dependencies ? NEEDS_ALL : NEEDS_VELERO;

	if (needs_any(en->gr, level))
		needs_each(en->gr, en->ns, json, level, note_need, rs);
}

static void
tell_lacking(struct restore *rs, const struct lacking *l)
{
	report_finding(rs->r, RESULT_WARNING, l->ns != NULL ? l->ns : "", l->gr, l->name,
		"create it, or restore it from a backup that has it",
		"a restored object needs it, and neither the backup nor the cluster has it");
}

int
restore_tell_lacking(struct restore *rs, struct err *e)
{
	AUTO_ASKS struct asks asks = { 0 };

	for (size_t i = 0; i < rs->lacking.len; i++) {
		const struct lacking *l = &rs->lacking.at[i];
		const struct api_resource *res = discovery_resolve(rs->d, l->gr);

		if (res != NULL)
			asks_add(&asks, "GET", api_path(res, l->ns, l->name))->about = i;
		else
			tell_lacking(rs, l);
	}
	if (asks_run(rs, &asks, e) < 0)
		return -1;
	for (size_t i = 0; i < asks.len; i++)
		if (asks.at[i].rc < 0 && asks.at[i].why.kind == EK_NOTFOUND)
			tell_lacking(rs, &rs->lacking.at[asks.at[i].about]);
	return 0;
}

