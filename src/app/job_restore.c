/* The operation restore create: a new restore, the rest of one that was stopped, or what failed in one. */
#include "app/job_ops.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "data/jwrite.h"
#include "engine/restore.h"
#include "engine/restore_planned.h"
#include "engine/restore_request.h"

#include <string.h>
#include <unistd.h>

static void
send_restore(struct job *j, const struct restore_opts *o, const struct restore_counts *n, size_t warnings,
	size_t errors)
{
	AUTO_BUF struct buf json = BUF_INIT(LIMIT_SMALL_BODY);
	struct err ignored;
	struct jw w;

	jw_init(&w, &json, false);
	jw_obj(&w);
	jw_kv_text(&w, "name", o->name);
	jw_kv_text(&w, "backup", o->backup);
	jw_kv_uint(&w, "selected", n->selected);
	jw_kv_uint(&w, "created", n->created);
	jw_kv_uint(&w, "updated", n->updated);
	jw_kv_uint(&w, "skipped", n->skipped);
	jw_kv_uint(&w, "differ", n->differ);
	jw_kv_uint(&w, "failed", n->failed);
	jw_kv_uint(&w, "deleted", n->deleted);
	jw_kv_uint(&w, "warnings", warnings);
	jw_kv_uint(&w, "errors", errors);
	jw_obj_end(&w);
	if (jw_done(&w, &ignored) == 0)
		job_row(j, buf_str(&json));
}

static enum ev_end
run_restore(struct job *j, struct store *st, struct k8s *k, const struct restore_opts *o, struct err *e)
{
	AUTO(report_freep) struct report *rep = NULL;
	struct report_fns fns = job_report_fns(j);
	struct restore_counts n = { 0 };
	int rc;

	rep = report_new(&fns, "restore", o->name);
	rc = restore_run(k, st, o, rep, job_cancel(j), &n, e);
	/* One that was stopped has changed the cluster, too: say how far it came. */
	if (rc == 0 || n.created + n.updated + n.skipped + n.differ + n.failed > 0)
		send_restore(j, o, &n, report_count(rep, RESULT_WARNING), report_count(rep, RESULT_ERROR));
	if (rc < 0) {
		if (n.stops > 0)
			job_about(j, ABOUT_PREFLIGHT);
		else if (n.lost)
			job_about(j, ABOUT_LOST);
		err_ctx(e, "restore '%s'", o->name);
		return job_failed(e);
	}
	return report_count(rep, RESULT_ERROR) > 0 ? END_PARTIAL : END_DONE;
}

/* What is needed besides the options to continue a restore, or to execute a plan. */
struct resuming {
	struct planned     *plan;
	struct restore_left left;
	int                 seized;      /* lock of the dead run's journal */
	char               *known;       /* its outcomes; NULL: those in the store */
};

static void
resuming_done(struct resuming *r)
{
	planned_free(r->plan);
	restore_left_done(&r->left);
	file_close(&r->seized);
	free(r->known);
}

/* Makes sure that the last run is dead. */
static int
seize(struct job *j, struct resuming *r, const char *name, struct err *e)
{
	char host[256] = "";

	if (r->left.job == NULL)
		return 0;
	r->seized = journal_seize(r->left.job);
	if (r->seized >= 0) {
		r->known = journal_file(r->left.job, "outcomes.jsonl");
		if (access(r->known, R_OK) != 0)
			free(TAKE(r->known));
		return 0;
	}
	if (job_request(j)->force)
		return 0;
	(void)gethostname(host, sizeof host - 1);
	if (strcmp(host, r->left.host) == 0)
		return err_set(e, EK_CONFLICT, "restore '%s' is still running on this machine, or its journal is gone: --force "
			"continues it if it does not run any more", name);
	return err_set(e, EK_CONFLICT, "restore '%s' was begun on '%s', and may still run there: --force continues it if it does not",
		name, r->left.host);
}

/* A copy of the options that were asked for, which is the job's own. */
static int
take_options(struct job *j, struct restore_opts *out, struct err *e)
{
	const struct restore_opts *asked = &job_request(j)->restore;
	AUTO_BUF struct buf json = BUF_INIT(LIMIT_CONFIG);
	struct jw w;

	jw_init(&w, &json, false);
	restore_request_write(asked, &w);
	if (jw_done(&w, e) < 0 || restore_request_merge(buf_str(&json), out, e) < 0)
		return -1;
	out->name = xstrdup_or_null(asked->name);
	out->window = asked->window;
	return 0;
}

/* What the file says is all that is asked for. */
static int
read_plan(struct job *j, struct restore_opts *o, struct planned **out, struct err *e)
{
	AUTO_BUF struct buf packed = BUF_INIT(LIMIT_SIDE_FILE);
	const struct request *asked = job_request(j);
	uint64_t deletions;

	if (restore_request_first(&asked->restore) != NULL)
		return err_set(e, EK_INVALID, "--plan takes what to restore, and how, from the plan: it stands with no such option "
			"(%s)", restore_request_first(&asked->restore));
	if (file_read(asked->path, &packed, e) < 0)
		return -1;
	job_about(j, ABOUT_PLAN);
	*out = planned_parse(buf_str(&packed), e);
	if (*out == NULL || restore_request_merge(planned_options(*out), o, e) < 0)
		return err_ctx(e, "plan '%s'", asked->path);
	deletions = planned_count(*out, PLAN_DELETE);
	job_about(j, ABOUT_NOTHING);
	if (deletions > 0 && !asked->confirmed)
		return err_set(e, EK_INVALID, "plan '%s' deletes %llu objects that the backup does not have: --confirm agrees to that",
			asked->path, (unsigned long long)deletions);
	o->planned = *out;
	return 0;
}

static int
recall(struct job *j, struct store *st, struct restore_opts *o, struct resuming *r, struct err *e)
{
	const struct request *asked = job_request(j);

	if (asked->path != NULL && read_plan(j, o, &r->plan, e) < 0)
		return -1;
	if (asked->resume || o->retry_of != NULL)
		job_about(j, ABOUT_RESUME);
	if (asked->resume) {
		if (restore_request_first(&asked->restore) != NULL)
			return err_set(e, EK_INVALID, "--resume takes what to restore, and how, from the restore that it continues: "
				"it stands with no such option (%s)", restore_request_first(&asked->restore));
		if (restore_recall(st, o->name, o, &r->left, job_cancel(j), e) < 0 || seize(j, r, o->name, e) < 0)
			return -1;
		o->runs = r->left.runs;
		o->known = r->known;
		o->planned = r->left.plan;
	} else if (o->retry_of != NULL && restore_recall(st, o->retry_of, o, NULL, job_cancel(j), e) < 0) {
		return -1;
	}
	if (!asked->resume)
		job_about(j, ABOUT_NOTHING);
	/* What it would delete was shown and agreed to for a cluster as it was then. */
	if (o->prune && !asked->restore.prune && r->plan == NULL) {
		o->prune = false;
		job_note(j, "--prune is left out: a restore that is continued or tried again deletes nothing");
	}
	if (o->name == NULL)
		o->name = job_generated_name(o->backup);
	return 0;
}

/* Before anything is written: would the plan be the same now? */
static int
verify_plan(struct job *j, struct store *st, struct k8s *k, const struct planned *plan, struct err *e)
{
	AUTO(report_freep) struct report *rep = NULL;
	struct report_fns fns = job_report_fns(j);

	if (plan == NULL)
		return 0;
	rep = report_new(&fns, "restore", "plan");
	if (planned_verify(k, st, plan, rep, job_cancel(j), e) == 0)
		return 0;
	if (e->kind == EK_CONFLICT)
		job_about(j, ABOUT_PLAN);
	return err_ctx(e, "plan '%s'", job_request(j)->path);
}

static enum ev_end
journal_and_run(struct job *j, struct store *st, struct k8s *k, struct restore_opts *o, struct err *e)
{
	struct follow *f = follow_start(j, "restore create", st, o->name);
	AUTO_FREE char *outcomes = journal_file(follow_id(f), "outcomes.jsonl");
	enum ev_end end;

	o->job = follow_id(f);
	o->outcomes = outcomes;
	end = run_restore(j, st, k, o, e);
	follow_end(f, end, e);
	return end;
}

enum ev_end
op_restore_create(struct job *j, struct err *e)
{
	AUTO(store_closep) struct store *st = location_open(j, e);
	AUTO_TARGET struct target t = { 0 };
	AUTO(restore_opts_done) struct restore_opts o = { 0 };
	AUTO(resuming_done) struct resuming r = { .seized = -1 };

	if (st == NULL || target_reach(j, &t, e) < 0 || take_options(j, &o, e) < 0 || recall(j, st, &o, &r, e) < 0
	    || verify_plan(j, st, t.k, r.plan, e) < 0)
		return job_failed(e);
	o.cluster_name = xstrdup(t.conn.context);
	return journal_and_run(j, st, t.k, &o, e);
}
