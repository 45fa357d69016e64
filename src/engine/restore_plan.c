/* Which objects of a backup a restore is about, and in which order. */
#include "engine/restore_impl.h"

#include "base/limits.h"
#include "base/mem.h"
#include "engine/kind_rules.h"
#include "engine/needs.h"

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

static bool
selected(const struct restore *rs, const struct index_entry *en)
{
	const struct kind_rule *rule = kind_rule(en->gr);
	bool namespaced = en->ns.len > 0;

	if (rule->never || rule->not_stored || !selection_resource(rs->sel, en->gr, namespaced))
		return false;
	if (namespaced && !selection_namespace(rs->sel, en->ns))
		return false;
	if (str_eq(en->gr, S("namespaces")) && !selection_namespace(rs->sel, en->name))
		return false;
	return selector_match(selection_selector(rs->sel), en->labels);
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
missing(struct restore *rs, struct str gr, struct str ns, struct str name)
{
	AUTO_FREE char *resource = str_dup(gr);
	AUTO_FREE char *text = str_dup(name);

	report_finding(rs->r, RESULT_WARNING, ns.len > 0 ? restore_map_ns(rs, ns) : "", resource, text,
		"make sure that the cluster has it", "a restored object needs it, and it is not in the backup");
}

static void
need(void *ctx, struct str gr, struct str ns, struct str name)
{
	struct related *rel = ctx;
	struct str key = lookup_key(&rel->lookup, gr, ns, name);
	const struct index_entry *en = strmap_get(rel->lookup.map, key);
	bool namespaced = ns.len > 0;

	if (!selection_resource_related(rel->rs->sel, gr, namespaced)
	    || (namespaced && !selection_namespace(rel->rs->sel, ns)) || !strmap_add(rel->taken, key))
		return;
	if (en != NULL)
		*vec_push(&rel->rs->plan) = en;
	else
		missing(rel->rs, gr, ns, name);
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

		if (!needs_any(en->gr))
			continue;
		if (read_sound(rs, en, &json, e) < 0)
			return -1;
		if (json.len == 0)
			continue;
		needs_each(en->gr, en->ns, json, need, rel);
	}
	return 0;
}

static int
plan_cmp(const void *a, const void *b)
{
	const struct index_entry *x = *(const struct index_entry *const *)a;
	const struct index_entry *y = *(const struct index_entry *const *)b;
	int by_kind = x->gr.p == y->gr.p ? 0 : kind_cmp(x->gr, y->gr);

	if (by_kind != 0)
		return by_kind;
	if (x->member != y->member)
		return x->member < y->member ? -1 : 1;
	return (x->off > y->off) - (x->off < y->off);
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

int
restore_plan(struct restore *rs, struct err *e)
{
	int rc = 0;

	tell_left_out(rs);

	for (size_t i = 0; i < rs->ix->n_entries; i++)
		if (selected(rs, &rs->ix->entries[i]))
			*vec_push(&rs->plan) = &rs->ix->entries[i];
	if (selection_narrows(rs->sel)) {
		struct related rel = { .rs = rs, .taken = strmap_new(),
			.lookup = { strmap_new(), BUF_INIT(4 * LIMIT_TAR_NAME) } };

		rc = add_related(&rel, e);
		strmap_free(rel.lookup.map);
		buf_free(&rel.lookup.key);
		strmap_free(rel.taken);
	}
	if (rs->plan.len > 0)
		qsort(rs->plan.at, rs->plan.len, sizeof rs->plan.at[0], plan_cmp);
	rs->n.selected = rs->plan.len;
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
