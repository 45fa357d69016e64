/* Which objects of a backup a restore is about, and in which order. */
#include "engine/restore_impl.h"

#include "base/limits.h"
#include "base/mem.h"
#include "engine/needs.h"

#include <limits.h>

/* The objects of an archive by type, namespace and name. */
struct lookup {
	struct strmap *map;
	struct buf     key;
};

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

/* 1: yes, 0: no, -1: a name pattern takes too long. */
static int
selected(const struct restore *rs, const struct index_entry *en, struct err *e)
{
	struct str gr = versions_type(rs->d, en->gr, en->version);
	const struct kind_rule *rule = kind_rule(gr);
	bool namespaced = en->ns.len > 0;

	if (rule->never || rule->not_stored || !selection_resource(rs->sel, gr, namespaced) || versions_has_twin(rs, en))
		return 0;
	if (namespaced && !selection_namespace(rs->sel, en->ns))
		return 0;
	if (str_eq(en->gr, S("namespaces")) && !selection_namespace(rs->sel, en->name))
		return 0;
	return selection_labels(rs->sel, en->labels) ? selection_name(rs->sel, en->name, e) : 0;
}

/* The object; empty for a damaged one, which becomes a finding when its turn to be restored comes. */
static int
read_sound(struct restore *rs, const struct index_entry *en, struct str *json, struct err *e)
{
	struct err why;

	*json = (struct str){ 0 };
	if (reader_object(rs->reader, en, json, rs->c, &why) == 0 || why.kind == EK_CORRUPT || why.kind == EK_LIMIT)
		return 0;
	*e = why;
	return -1;
}

/* --- what a selected object needs --- */

struct related {
	struct restore *rs;
	struct lookup   lookup;
	struct strmap  *taken;           /* keys of what is planned */
};

static void
need(void *ctx, const struct need *n)
{
	struct related *rel = ctx;
	struct str key = lookup_key(&rel->lookup, n->gr, n->ns, n->name);
	const struct index_entry *en = strmap_get(rel->lookup.map, key);
	bool namespaced = n->ns.len > 0;

	if (!selection_resource_related(rel->rs->sel, n->gr, namespaced)
	    || (namespaced && !selection_namespace(rel->rs->sel, n->ns)) || !strmap_add(rel->taken, key))
		return;
	if (en != NULL)
		*vec_push(&rel->rs->plan) = en;
}

static int
add_related(struct related *rel, struct err *e)
{
	struct restore *rs = rel->rs;

	for (size_t i = 0; i < rs->ix->n_entries; i++) {
		const struct index_entry *en = &rs->ix->entries[i];

		strmap_put(rel->lookup.map, lookup_key(&rel->lookup, en->gr, en->ns, en->name),
			&rs->ix->entries[i]);
	}
	for (size_t i = 0; i < rs->plan.len; i++) {
		const struct index_entry *en = rs->plan.at[i];

		(void)strmap_add(rel->taken, lookup_key(&rel->lookup, en->gr, en->ns, en->name));
	}
	/* The plan grows while it is walked: what is needed may need more. */
	for (size_t i = 0; i < rs->plan.len; i++) {
		const struct index_entry *en = rs->plan.at[i];
		struct str json;

		if (!needs_any(en->gr, NEEDS_VELERO))
			continue;
		if (read_sound(rs, en, &json, e) < 0)
			return -1;
		if (json.len == 0)
			continue;
		needs_each(en->gr, en->ns, json, NEEDS_VELERO, need, rel);
	}
	return 0;
}

/* --- what is neither in the backup nor in the cluster --- */

/* The types that needs_each tells of on Velero's level. */
static const char *const needed_types[] = {
	"persistentvolumeclaims", "persistentvolumes", "priorityclasses.scheduling.k8s.io",
};

static void
note_stored(struct restore *rs)
{
	struct lookup l = { NULL, BUF_INIT(4 * LIMIT_TAR_NAME) };

	for (size_t i = 0; i < rs->ix->n_entries; i++) {
		const struct index_entry *en = &rs->ix->entries[i];

		for (size_t t = 0; t < COUNT(needed_types); t++)
			if (str_eqz(en->gr, needed_types[t]))
				(void)strmap_add(rs->stored, lookup_key(&l, en->gr, en->ns, en->name));
	}
	buf_free(&l.key);
}

static void
note_need(void *ctx, const struct need *n)
{
	struct restore *rs = ctx;
	struct lookup l = { NULL, BUF_INIT(4 * LIMIT_TAR_NAME) };
	struct str key = lookup_key(&l, n->gr, n->ns, n->name);

	if (!strmap_has(rs->stored, key) && strmap_add(rs->lacking_seen, key)
	    && index_find(rs->ix, n->gr, n->ns, n->name) == NULL)
		*vec_push(&rs->lacking) = (struct lacking){ arena_strdup(&rs->arena, n->gr),
			n->ns.len > 0 ? restore_map_ns(rs, n->ns) : NULL, arena_strdup(&rs->arena, n->name) };
	buf_free(&l.key);
}

void
restore_note_needs(struct restore *rs, const struct index_entry *en, struct str json)
{
	if (needs_any(en->gr, NEEDS_VELERO))
		needs_each(en->gr, en->ns, json, NEEDS_VELERO, note_need, rs);
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

/* --- order --- */

static int
add_priority(struct restore *rs, struct discovery *stored, struct strs *to, struct str name, struct err *e)
{
	AUTO_FREE char *text = str_dup(str_trim(name));
	const struct api_resource *res = discovery_resolve(rs->d, text);

	if (text[0] == '\0')
		return err_set(e, EK_INVALID, "--restore-resource-priorities: an empty name");
	if (res == NULL)
		res = discovery_resolve(stored, text);
	strs_add(to, res != NULL ? res->gr : text);
	return 0;
}

int
restore_plan_order(struct restore *rs, struct err *e)
{
	AUTO(discovery_freep) struct discovery *stored = NULL;
	struct str rest = str_of(rs->o->priorities), name;
	struct strs *to = &rs->first;

	if (rs->o->priorities == NULL)
		return 0;
	stored = reader_discovery(rs->reader);
	while (str_split(&rest, ',', &name)) {
		if (!str_eq(str_trim(name), S("-"))) {
			if (add_priority(rs, stored, to, name, e) < 0)
				return -1;
		} else if (to == &rs->last) {
			return err_set(e, EK_INVALID, "--restore-resource-priorities: more than one '-'");
		} else {
			to = &rs->last;
		}
	}
	return 0;
}

static int
place_in(const struct strs *list, struct str gr)
{
	for (size_t i = 0; i < list->len; i++)
		if (str_eqz(gr, list->at[i]))
			return (int)i;
	return -1;
}

static int
type_rank(const struct restore *rs, struct str gr)
{
	int first, last;

	if (rs->o->priorities == NULL)
		return kind_rule(gr)->rank;
	/* Nothing else can be restored without these two, whatever the user says. */
	if (restore_is_crd(gr))
		return INT_MIN;
	if (str_eq(gr, S("namespaces")))
		return INT_MIN + 1;
	first = place_in(&rs->first, gr);
	last = first < 0 ? place_in(&rs->last, gr) : -1;
	return first >= 0 ? first + 1 - INT_MAX : last + 1;
}

/* A planned object while the plan is sorted. */
struct placed { const struct index_entry *en; int rank; };

static int
placed_cmp(const void *a, const void *b)
{
	const struct placed *p = a, *q = b;
	const struct index_entry *x = p->en, *y = q->en;
	int by_name;

	if (p->rank != q->rank)
		return p->rank < q->rank ? -1 : 1;
	by_name = x->gr.p == y->gr.p ? 0 : str_cmp(x->gr, y->gr);
	if (by_name != 0)
		return by_name;
	if (x->member != y->member)
		return x->member < y->member ? -1 : 1;
	return (x->off > y->off) - (x->off < y->off);
}

static void
sort_plan(struct restore *rs)
{
	size_t n = rs->plan.len;
	AUTO_FREE struct placed *all = xcalloc(n, sizeof *all);

	if (n == 0)
		return;
	for (size_t i = 0; i < n; i++) {
		const struct index_entry *en = rs->plan.at[i];
		bool same = i > 0 && all[i - 1].en->gr.p == en->gr.p;

		all[i] = (struct placed){ en, same ? all[i - 1].rank
			: type_rank(rs, versions_type(rs->d, en->gr, en->version)) };
	}
	qsort(all, n, sizeof *all, placed_cmp);
	for (size_t i = 0; i < n; i++)
		rs->plan.at[i] = all[i].en;
}

/* What belongs to a feature that is not there yet; in backups of others only. */
static void
tell_left_out(struct restore *rs)
{
	const struct kind_rule *rule;

	for (size_t k = 0; (rule = kind_rule_at(k)) != NULL; k++) {
		size_t n = 0;

		for (size_t i = 0; rule->not_stored && !rule->never && i < rs->ix->n_entries; i++)
			n += str_eqz(rs->ix->entries[i].gr, rule->gr);
		if (n > 0)
			report_finding(rs->r, RESULT_WARNING, NULL, rule->gr, "", NULL,
				"%zu objects are not restored: snapshots of volumes are not supported yet", n);
	}
}

static int
take_if_selected(struct restore *rs, const struct index_entry *en, struct err *e)
{
	int take = selected(rs, en, e);

	if (take > 0)
		*vec_push(&rs->plan) = en;
	return take;
}

static int
plan_selected(struct restore *rs, struct err *e)
{
	AUTO(versions_alone_done) struct versions_alone alone = { 0 };

	for (size_t i = 0; i < rs->ix->n_entries; i++)
		if (take_if_selected(rs, &rs->ix->entries[i], e) < 0)
			return -1;
	versions_find_alone(rs->versions, &alone);
	for (size_t i = 0; i < alone.len; i++)
		if (take_if_selected(rs, alone.at[i], e) < 0)
			return -1;
	return 0;
}

int
restore_plan(struct restore *rs, struct err *e)
{
	int rc = 0;

	tell_left_out(rs);
	note_stored(rs);
	if (plan_selected(rs, e) < 0)
		return -1;
	if (selection_narrows(rs->sel)) {
		struct related rel = { .rs = rs, .taken = strmap_new(),
			.lookup = { strmap_new(), BUF_INIT(4 * LIMIT_TAR_NAME) } };

		rc = add_related(&rel, e);
		strmap_free(rel.lookup.map);
		buf_free(&rel.lookup.key);
		strmap_free(rel.taken);
	}
	sort_plan(rs);
	rs->n.selected = rs->late_from = rs->plan.len;
	return rc;
}

/* --- volumes --- */

static const struct vvolume *
volume_info(const struct restore *rs, struct str pv)
{
	for (size_t i = 0; i < rs->volumes.len; i++)
		if (rs->volumes.at[i].pv_name != NULL && str_eqz(pv, rs->volumes.at[i].pv_name))
			return &rs->volumes.at[i];
	return NULL;
}

static void
leave_volume_out(struct restore *rs, const struct index_entry *en, const char *why)
{
	(void)strmap_add(rs->anew, en->name);
	report_finding(rs->r, RESULT_WARNING, "", "persistentvolumes", arena_strdup(&rs->arena, en->name),
		"copy the data by other means, or set the reclaim policy to Retain before the next backup",
		"not restored: %s; its claim gets a new, empty volume", why);
}

int
restore_plan_volumes(struct restore *rs, struct err *e)
{
	AUTO_ARENA struct arena arena = ARENA_INIT;

	for (size_t i = 0; i < rs->plan.len; i++) {
		const struct index_entry *en = rs->plan.at[i];
		const struct vvolume *info;
		struct str json;

		if (!str_eq(en->gr, S("persistentvolumes")))
			continue;
		if (read_sound(rs, en, &json, e) < 0)
			return -1;
		if (json.len == 0)
			continue;
		info = volume_info(rs, en->name);
		if (info != NULL && info->method != NULL)
			leave_volume_out(rs, en, "its data is in a snapshot, which is not supported yet");
		else if (jnode_is_text(jnode_walk(jnode_open(&arena, json), "spec", "persistentVolumeReclaimPolicy",
				 NULL), "Delete"))
			leave_volume_out(rs, en, "its data is not in the backup and its reclaim policy is Delete");
		arena_reset(&arena);
	}
	return 0;
}
