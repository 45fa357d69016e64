/*
 * DESIGN
 *
 *   API server --LIST pages--> k8s/list --items (bytes)--> on_item: filter --> archive/tarball: tar, members, index
 *                                                                                   | workers: gzip, SHA-256
 *   store  <--parts, in parallel-- store_writer <--member after member-- thread of the tar writer
 *
 * Listing, compressing and uploading overlap; memory is bounded by the members and parts in flight.  The order in the
 * bucket is: claim (conditional, so two runs cannot share a name), tarball, side files, velero-backup.json
 * (conditional; from here on the backup exists), claim removed.
 */
#include "engine/backup_impl.h"

#include "archive/layout.h"
#include "base/mem.h"

/* --- the job --- */

static int
sink(void *ctx, const void *p, size_t n, struct err *e)
{
	return store_writer_add(ctx, p, n, e);
}

/* Fills the tarball; its last bytes are then still on their way. */
static int
write_tarball(struct backup_work *run, struct store_writer *sw, struct err *e)
{
	struct tar_writer_fns tar_fns = { sink, sw };
	struct tar_totals totals;

	run->tar = tar_writer_new(&tar_fns, run->b->start_unix_ns, e);
	if (run->tar == NULL || backup_collect(run, e) < 0)
		return -1;
	report_progress(run->r, "uploading", run->items, run->items, 0);
	if (tar_writer_finish(run->tar, &totals, e) < 0)
		return -1;
	report_progress(run->r, "uploading", run->items, run->items, totals.gz_bytes);
	return store_writer_end(sw, e);
}

static void
tell_results(struct backup_work *run)
{
	if (run->volumes.len > 0)
		report_finding(run->r, RESULT_WARNING, NULL, NULL, NULL,
			"a restore brings the claims back with new, empty volumes unless the reclaim policy is Retain",
			"the data of %zu persistent volumes is not part of this backup", run->volumes.len);
}

/* Everything between the claim and the metadata. */
static int
write_files(struct backup_work *run, struct err *e)
{
	AUTO_FREE char *key = layout_key(run->o->name, LAYOUT_TARBALL);
	struct store_writer *sw = store_writer_open(run->st, key, run->c, e);
	int rc;

	if (sw == NULL)
		return err_ctx(e, "%s", key);
	rc = write_tarball(run, sw, e);
	if (rc == 0 && run->items == 0 && run->narrowed)
		rc = err_set(e, EK_NOTFOUND, "nothing in the cluster matches the filters");
	if (rc == 0) {
		tell_results(run);
		report_progress(run->r, "finishing", run->items, run->items, 0);
		rc = backup_put_side_files(run, e);
	}
	if (rc == 0)
		return store_writer_commit(sw, e) < 0 ? err_ctx(e, "upload %s", key) : 0;
	/* The tar writer's thread uses the store writer: it ends first. */
	tar_writer_freep(&run->tar);
	store_writer_abort(sw);
	return -1;
}

static void
tell_filters(struct backup_work *run, const struct strs *unknown)
{
	for (size_t i = 0; i < unknown->len; i++) {
		const char *near = discovery_suggest(run->d, unknown->at[i]);

		report_finding(run->r, RESULT_WARNING, NULL, NULL, NULL, NULL, "the cluster has no resource '%s'%s%s%s",
			unknown->at[i], near != NULL ? " (did you mean '" : "", near != NULL ? near : "",
			near != NULL ? "'?)" : "");
	}
	if (run->policy.volume_policies > 0)
		report_finding(run->r, RESULT_WARNING, NULL, NULL, NULL, "back up the volumes by other means",
			"the %zu volume policies have no effect: the data of volumes is not part of this backup",
			run->policy.volume_policies);
	if (selection_drops_cluster(run->sel))
		report_note(run->r, "objects outside namespaces are stored only where others need them, since the lists by scope "
			"name none of their types: --include-cluster-scoped-resources '*' stores them all");
}

static int
backup_steps(struct backup_work *run, struct err *e)
{
	AUTO_STRS struct strs unknown = { 0 };
	struct k8s_info info = { 0 };

	report_progress(run->r, "connecting", 0, 0, 0);
	if (k8s_server_info(run->k, &info, run->c, e) < 0)
		return -1;
	run->page = run->o->page > 0 ? run->o->page : k8s_list_page(&info);
	run->d = discovery_load(run->k, run->c, e);
	if (run->d == NULL)
		return err_ctx(e, "discovery");
	for (size_t i = 0; i < run->d->warnings.len; i++)
		report_finding(run->r, RESULT_WARNING, NULL, NULL, NULL, "objects of that API are not in the backup",
			"%s", run->d->warnings.at[i]);
	run->sel = selection_new(&run->o->filter, run->d, &unknown, e);
	if (run->sel == NULL || selection_add_policy(run->sel, &run->policy, run->d, &unknown, e) < 0)
		return -1;
	run->narrowed = selection_narrows(run->sel);
	run->picks = selection_picks(run->sel);
	tell_filters(run, &unknown);
	if (backup_order(run, e) < 0 || backup_describe(run, &info, e) < 0 || backup_list_namespaces(run, e) < 0)
		return -1;
	backup_plan_lists(run);
	backup_plan_related(run);
	return write_files(run, e) < 0 ? -1 : backup_publish(run, e);
}

/* A Backup with bad labels would be refused by Velero's API server when it is synced (velero-format 7, 12). */
static int
check_labels(const struct backup_opts *o, struct err *e)
{
	for (size_t i = 0; i < o->labels.len; i++) {
		struct selector *label = selector_parse(o->labels.at[i], e);

		if (label == NULL)
			return err_ctx(e, "--labels");
		selector_free(label);
	}
	return 0;
}

/* The rest is about the cluster and the bucket, this about the options alone. */
static int
check_options(struct backup_work *run, struct err *e)
{
	if (check_labels(run->o, e) < 0)
		return -1;
	return run->o->policies != NULL ? policy_parse(run->o->policies, &run->policy, e) : 0;
}

static void
run_done(struct backup_work *run)
{
	for (size_t i = 0; i < run->types.len; i++)
		free(run->types.at[i].head);
	tar_writer_free(run->tar);
	vec_free(&run->types);
	vec_free(&run->lists);
	vec_free(&run->namespaces);
	selection_free(run->sel);
	discovery_free(run->d);
	arena_done(&run->arena);
	strmap_free(run->used_ns);
	policy_done(&run->policy);
	arena_done(&run->scratch);
	strmap_free(run->barred);
	strmap_free(run->stored);
	strmap_free(run->accounts);
	strmap_free(run->needed);
	vec_free(&run->queue);
	vec_free(&run->ordered);
	buf_free(&run->key);
	vreslist_free(run->list);
	vvolumes_free(&run->volumes);
}

int
backup_run(struct k8s *k, struct store *st, const struct backup_opts *o, struct report *r, const struct cancel *c,
	struct vbackup *out, struct err *e)
{
	struct vbackup b = { 0 };
	struct backup_work run = { .k = k, .st = st, .o = o, .r = r, .c = c, .b = &b, .used_ns = strmap_new(),
		.barred = strmap_new(), .stored = strmap_new(), .accounts = strmap_new(), .needed = strmap_new(),
		.key = BUF_INIT(SIZE_MAX), .list = vreslist_new() };
	struct err why;
	int rc = check_options(&run, e);

	if (rc == 0)
		rc = backup_steps(&run, e);
	if (rc < 0 && backup_abandon(st, o->name, &why) < 0)
		report_note(r, "%s", why.msg);
	run_done(&run);
	if (rc < 0) {
		vbackup_done(&b);
		return -1;
	}
	*out = b;
	return 0;
}
