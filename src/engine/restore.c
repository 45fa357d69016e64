/*
 * DESIGN
 *
 *   backup --reader: index, ranges--> plan (filters, related objects), sorted by type as in velero-format 4.3
 *   for each type in turn:  read bytes -> edit (scrub, change) -> window of creates -> outcomes and findings
 *   CRDs first, waited for, then discovery anew; then namespaces; then everything else, type after type; last what
 *   belongs to namespaces that were still being deleted.
 */
#include "engine/restore.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "engine/preflight.h"
#include "engine/restore_impl.h"

#define LAST_NS (10 * NS_PER_S)         /* for the end of a restore that was stopped */

const char *
restore_map_ns(struct restore *rs, struct str ns)
{
	char *to = strmap_get(rs->ns_map, ns);
	struct str found;

	/* Kept, so that it is copied once and not for every object. */
	if (to == NULL) {
		to = arena_strdup(&rs->arena, name_map_get(&rs->ns_rules, ns, &rs->arena, &found) ? found : ns);
		strmap_put(rs->ns_map, ns, to);
	}
	return to;
}

size_t
restore_wave_end(const struct restore *rs, size_t from)
{
	size_t end = from < rs->late_from ? rs->late_from : rs->plan.len, to = from;

	while (to < end && str_eq(rs->plan.at[to]->gr, rs->plan.at[from]->gr))
		to++;
	return to;
}

static int
run_waves(struct restore *rs, struct err *e)
{
	bool namespaces_done = false;

	rs->may_wait = true;
	if (restore_find_prunable(rs, e) < 0)
		return -1;
	for (size_t from = 0, to; from < rs->plan.len; from = to) {
		struct str gr = rs->plan.at[from]->gr;
		int rc;

		if (!namespaces_done && !restore_is_crd(gr)) {
			if (restore_namespaces(rs, e) < 0)
				return -1;
			namespaces_done = true;
			reader_ahead(rs->reader, rs->plan.at + from, rs->plan.len - from, rs->c);
			gr = rs->plan.at[from]->gr;
		}
		if (from == rs->late_from && restore_late_namespaces(rs, e) < 0)
			return -1;
		to = restore_wave_end(rs, from);
		if (restore_is_crd(gr))
			rc = restore_crds(rs, from, to, e);
		else
			rc = str_eq(gr, S("namespaces")) ? 0 : restore_objects(rs, from, to, NULL, e);
		if (rc < 0)
			return -1;
		report_log(rs->r, "Restored %zu " STR_FMT, to - from, STR_ARG(gr));
	}
	if (restore_late_namespaces(rs, e) < 0 || restore_again(rs, e) < 0)
		return -1;
	if (restore_relink(rs, e) < 0 || restore_tell_lacking(rs, e) < 0 || restore_unpause(rs, e) < 0)
		return -1;
	return restore_prune(rs, e);
}

static int
check_resources(const struct restore_opts *o, const struct discovery *d, struct err *e)
{
	for (size_t i = 0; i < o->filter.inc_resources.len; i++) {
		const struct api_resource *res = discovery_resolve(d, o->filter.inc_resources.at[i]);

		if (kind_rule(str_of(res != NULL ? res->gr : o->filter.inc_resources.at[i]))->never)
			return err_set(e, EK_INVALID, "--include-resources: %s are never restored",
				o->filter.inc_resources.at[i]);
	}
	return 0;
}

/* Names that mean nothing to the cluster may be those of types in the backup whose definitions are still to come. */
static void
resolve_in_backup(struct restore *rs, struct selection *sel, const struct strs *unknown)
{
	AUTO(discovery_freep) struct discovery *d = unknown->len > 0 ? reader_discovery(rs->reader) : NULL;

	for (size_t i = 0; i < unknown->len; i++) {
		const struct api_resource *res = discovery_resolve(d, unknown->at[i]);

		if (res != NULL)
			selection_rename(sel, unknown->at[i],
				versions_type(rs->d, str_of(res->gr), str_of(res->version)).p);
		else
			report_finding(rs->r, RESULT_WARNING, NULL, NULL, NULL, NULL,
				"neither the cluster nor the backup has a resource '%s'", unknown->at[i]);
	}
}

/* The types whose status is restored (velero-format 4.9). */
static int
select_status(struct restore *rs, struct err *e)
{
	AUTO_STRS struct strs unknown = { 0 };
	struct filter_opts f = { .inc_resources = rs->o->inc_status, .exc_resources = rs->o->exc_status };

	if (!rs->o->restore_status && f.inc_resources.len == 0 && f.exc_resources.len == 0)
		return 0;
	rs->status_sel = selection_new(&f, rs->d, &unknown, e);
	if (rs->status_sel == NULL)
		return err_ctx(e, "types whose status is restored");
	resolve_in_backup(rs, rs->status_sel, &unknown);
	return 0;
}

static void
on_unpack(void *ctx, uint64_t bytes)
{
	report_progress(((struct restore *)ctx)->r, "unpacking", 0, 0, bytes);
}

static int
load_volumes(struct restore *rs, struct err *e)
{
	AUTO_BUF struct buf json = BUF_INIT(LIMIT_SIDE_FILE);
	struct err why;

	if (reader_side_file(rs->st, rs->backup.name, LAYOUT_VOLUMEINFO, &json, rs->c, &why) == 0)
		return vvolumes_read(buf_str(&json), &rs->volumes, e);
	if (why.kind == EK_NOTFOUND)         /* old backups have none (velero-format 1.2) */
		return 0;
	*e = why;
	return -1;
}

/* Everything that can be wrong with what was asked, before anything is read. */
static int
check_request(struct restore *rs, struct err *e)
{
	if (name_map_read(&rs->ns_rules, &rs->o->ns_map, ':', MAP_PATTERNS, "--namespace-mappings", e) < 0)
		return -1;
	rs->change = change_new(rs->o, e);
	if (rs->change == NULL)
		return -1;
	rs->hooks = restore_hooks_new(rs->o, e);
	if (rs->hooks == NULL)
		return -1;
	return reader_metadata(rs->st, rs->o->backup, &rs->backup, rs->c, e);
}

static int
open_backup(struct restore *rs, struct err *e)
{
	rs->reader = reader_open(rs->st, &rs->backup, on_unpack, rs, rs->c, e);
	if (rs->reader == NULL || load_volumes(rs, e) < 0)
		return -1;
	rs->ix = reader_index(rs->reader);
	layout_label(rs->backup_label, rs->backup.name);
	layout_label(rs->restore_label, rs->o->name);
	return 0;
}

int
restore_prepare(struct restore *rs, struct err *e)
{
	AUTO_STRS struct strs unknown = { 0 };

	if (check_request(rs, e) < 0)
		return -1;
	report_progress(rs->r, "reading", 0, 0, 0);
	rs->d = discovery_load(rs->k, rs->c, e);
	if (rs->d == NULL)
		return err_ctx(e, "discovery");
	rs->sel = selection_new(&rs->o->filter, rs->d, &unknown, e);
	if (rs->sel == NULL || check_resources(rs->o, rs->d, e) < 0 || open_backup(rs, e) < 0)
		return -1;
	resolve_in_backup(rs, rs->sel, &unknown);
	rs->versions = versions_new(rs, e);
	if (rs->versions == NULL || select_status(rs, e) < 0 || restore_plan_order(rs, e) < 0
	    || restore_plan(rs, e) < 0 || restore_narrow(rs, e) < 0 || restore_plan_volumes(rs, e) < 0)
		return -1;
	if (rs->plan.len == 0)
		return err_set(e, EK_NOTFOUND, "nothing in backup '%s' matches", rs->backup.name);
	/* A part of what a map is for need not meet all of it. */
	return rs->o->retry_of != NULL ? 0 : restore_check_maps(rs, e);
}

void
restore_done(struct restore *rs)
{
	strs_free(&rs->first);
	strs_free(&rs->last);
	vec_free(&rs->plan);
	vec_free(&rs->late);
	vec_free(&rs->lacking);
	vreslist_free(rs->list);
	outcomes_free(rs->outcomes);
	strmap_free(rs->looked_up);
	restore_drop_obstacles(rs);
	strmap_free(rs->obstacles_by_name);
	vec_free(&rs->parked);
	vec_free(&rs->relinks);
	restore_drop_prunable(rs);
	strmap_free(rs->known);
	strmap_free(rs->lacking_seen);
	strmap_free(rs->stored);
	strmap_free(rs->anew);
	strmap_free(rs->bad_ns);
	strmap_free(rs->ns_map);
	name_map_done(&rs->ns_rules);
	versions_free(rs->versions);
	vvolumes_free(&rs->volumes);
	reader_close(rs->reader);
	change_free(rs->change);
	restore_hooks_free(rs->hooks);
	selection_free(rs->status_sel);
	selection_free(rs->sel);
	picks_free(rs->picks);
	strmap_free(rs->added);
	discovery_free(rs->d);
	vbackup_done(&rs->backup);
	arena_done(&rs->arena);
}

static int
check_name(struct store *st, const char *name, const struct cancel *c, struct err *e)
{
	AUTO_FREE char *dir = layout_restore_dir(name);
	int there;

	if (layout_check_name("restore", name, e) < 0)
		return -1;
	there = store_first(st, dir, NULL, c, e);
	return there <= 0 ? there : err_set(e, EK_EXISTS, "exists already in %s", store_label(st));
}

/* What there is to be told at the end, and to be written into the store. */
static void
finish(struct restore *rs, const char *stopped)
{
	struct err why;

	report_progress(rs->r, "finishing", rs->done, rs->n.selected, 0);
	/* The cluster has what it has: a record that cannot be written does not undo it. */
	if (rs->claimed && !restore_has_claim(rs))
		report_note(rs->r, "another run continues this restore: it writes its record");
	else if (restore_record(rs, stopped, &why) < 0)
		report_note(rs->r, "the record of this restore could not be written: %s", why.msg);
	else
		restore_unclaim(rs);
}

static int
begin(struct restore *rs, struct err *e)
{
	if (rs->o->runs == 0 && check_name(rs->st, rs->o->name, rs->c, e) < 0)
		return -1;
	if (restore_prepare(rs, e) < 0 || (rs->o->runs == 0 && preflight_permit(rs, e) < 0))
		return -1;
	rs->outcomes = outcomes_new(rs->o->outcomes, e);
	if (rs->outcomes == NULL || restore_claim(rs, e) < 0)
		return -1;
	return rs->o->runs > 0 ? restore_take_known(rs, e) : 0;
}

int
restore_run(struct k8s *k, struct store *st, const struct restore_opts *o, struct report *r, const struct cancel *c,
	struct restore_counts *out, struct err *e)
{
	struct restore rs = RESTORE_INIT(k, st, o, r, c);
	struct cancel last = { 0 };
	int rc = begin(&rs, e);

	if (rc == 0) {
		rc = run_waves(&rs, e);
		if (rc == 0)
			rc = restore_hooks_run(&rs, e);
		if (rc < 0) {
			rs.n.lost = restore_is_lost(&rs);
			last.deadline_mono_ns = clock_mono_ns() + LAST_NS;
			rs.c = &last;
			restore_end_items(&rs);
			restore_hooks_stopped(&rs);
			restore_tell_paused(&rs);
			last.deadline_mono_ns = clock_mono_ns() + LAST_NS;
		}
		finish(&rs, rc < 0 ? e->msg : NULL);
	} else if (rs.claimed) {
		restore_unclaim(&rs);
	}
	*out = rs.n;
	restore_done(&rs);
	return rc;
}
