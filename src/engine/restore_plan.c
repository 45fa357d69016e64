/* Which objects of a backup a restore is about, and in which order. */
#include "engine/restore_impl.h"

#include "base/limits.h"
#include "base/mem.h"

#include <limits.h>

/* 1: yes, 0: no, -1: a pattern takes too long. */
static int
selected(const struct restore *rs, const struct index_entry *en, struct err *e)
{
	struct str gr = versions_type(rs->d, en->gr, en->version);
	const struct kind_rule *rule = kind_rule(gr);
	struct pick_verdict v;
	bool namespaced = en->ns.len > 0;

	/* First of all: it remembers which entries met something. */
	if (picks_judge(rs->picks, en, &v, e) < 0)
		return -1;
	if (!v.chosen || rule->never || rule->not_stored || versions_has_twin(rs, en))
		return 0;
	/* What is outside namespaces and named one by one needs no namespaces that are all chosen. */
	if (v.named && !namespaced ? !selection_resource_related(rs->sel, gr, false)
	    : !selection_resource(rs->sel, gr, namespaced))
		return 0;
	if (namespaced && !selection_namespace(rs->sel, en->ns))
		return 0;
	if (str_eq(en->gr, S("namespaces")) && !selection_namespace(rs->sel, en->name))
		return 0;
	return selection_labels(rs->sel, en->labels) ? selection_name(rs->sel, en->name, e) : 0;
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
	return picks_check(rs->picks, rs->ix, e);
}

static int
read_picks(struct restore *rs, struct err *e)
{
	AUTO(discovery_freep) struct discovery *stored = reader_discovery(rs->reader);
	const char *gr;
	size_t n;

	if (picks_new(rs->o, rs->d, stored, &rs->picks, e) < 0)
		return -1;
	if ((n = picks_never(rs->picks, &gr)) > 0)
		report_finding(rs->r, RESULT_WARNING, NULL, gr, "", NULL,
			"--objects-from: %zu of its lines name what is never restored", n);
	return 0;
}

int
restore_plan(struct restore *rs, struct err *e)
{
	tell_left_out(rs);
	restore_note_stored(rs);
	if (read_picks(rs, e) < 0 || plan_selected(rs, e) < 0)
		return -1;
	if ((rs->picks != NULL || selection_narrows(rs->sel)) && restore_add_related(rs, e) < 0)
		return -1;
	sort_plan(rs);
	rs->n.selected = rs->late_from = rs->plan.len;
	return 0;
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
		if (restore_read_sound(rs, en, &json, e) < 0)
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
