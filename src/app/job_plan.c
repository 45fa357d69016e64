/* The operations restore plan and restore preflight. */
#include "app/job_ops.h"

#include "base/limits.h"
#include "base/mem.h"
#include "data/jwrite.h"
#include "engine/plan_file.h"
#include "engine/restore_planned.h"

static void
send_finding(struct job *j, const struct preflight_finding *f)
{
	AUTO_BUF struct buf json = BUF_INIT(LIMIT_OBJECT);
	struct err ignored;
	struct jw w;

	jw_init(&w, &json, false);
	jw_obj(&w);
	jw_kv_text(&w, "level", preflight_level_text(f->level));
	jw_kv_text(&w, "code", f->code);
	jw_kv_text(&w, "resource", f->resource);
	jw_kv_text(&w, "namespace", f->ns);
	jw_kv_text(&w, "name", f->name);
	jw_kv_uint(&w, "count", f->count);
	jw_kv_text(&w, "text", f->text);
	jw_kv_text(&w, "remedy", f->remedy);
	jw_obj_end(&w);
	if (jw_done(&w, &ignored) == 0)
		job_row(j, buf_str(&json));
}

/* --- plan --- */

struct planning { struct job *j; struct report *rep; struct plan_writer *file; size_t stops; };

static int
send_row(void *ctx, const struct plan_row *row, struct err *e)
{
	AUTO_BUF struct buf json = BUF_INIT(2 * LIMIT_OBJECT);
	struct planning *pl = ctx;
	struct jw w;

	if (row->finding != NULL) {
		pl->stops += row->finding->level == PREFLIGHT_STOP;
		preflight_report(pl->rep, row->finding);
		send_finding(pl->j, row->finding);
		return 0;
	}
	jw_init(&w, &json, false);
	jw_obj(&w);
	jw_kv_text(&w, "action", plan_action_text(row->action));
	jw_kv_text(&w, "resource", row->resource);
	jw_kv_text(&w, "kind", row->kind);
	jw_kv_text(&w, "namespace", row->ns);
	jw_kv_text(&w, "name", row->name);
	if (row->why[0] != '\0')
		jw_kv_text(&w, "why", row->why);
	if (row->diff.len > 0) {
		jw_key(&w, "diff");
		jw_raw(&w, row->diff);
	}
	jw_obj_end(&w);
	if (jw_done(&w, e) < 0)
		return -1;
	job_row(pl->j, buf_str(&json));
	return pl->file != NULL ? plan_writer_add(pl->file, row, e) : 0;
}

static int
begin_file(struct job *j, struct store *st, struct k8s *k, const struct restore_opts *o, struct plan_writer **out,
	struct err *e)
{
	struct plan_ground g;

	if (job_request(j)->path == NULL)
		return 0;
	*out = plan_writer_new();
	return plan_ground_now(k, st, o, &g, job_cancel(j), e) < 0 ? -1 : plan_writer_head(*out, &g, o, e);
}

static int
end_file(struct job *j, struct plan_writer *w, struct err *e)
{
	const char *path = job_request(j)->path;

	if (w == NULL)
		return 0;
	if (plan_writer_end(w, path, e) < 0)
		return err_ctx(e, "plan");
	job_note(j, "saved: 'orlop restore create --plan %s' does exactly this", path);
	return 0;
}

static void
tell_counts(struct job *j, const struct plan_counts *n)
{
	AUTO_BUF struct buf text = BUF_INIT(LIMIT_SMALL_BODY);

	for (enum plan_action a = 0; a < PLAN_COUNT_; a++)
		if (n->n[a] > 0)
			buf_putf(&text, "%s%llu %s", text.len > 0 ? ", " : "", (unsigned long long)n->n[a], plan_action_text(a));
	job_note(j, "nothing was changed; a restore would meet: %s", buf_cstr(&text));
}

enum ev_end
op_restore_plan(struct job *j, struct err *e)
{
	AUTO(store_closep) struct store *st = location_open(j, e);
	AUTO(report_freep) struct report *rep = NULL;
	AUTO(plan_writer_freep) struct plan_writer *file = NULL;
	AUTO_TARGET struct target t = { 0 };
	struct restore_opts o = job_request(j)->restore;
	struct report_fns fns = job_report_fns(j);
	struct planning pl = { .j = j };
	struct plan_counts n;

	if (st == NULL || target_reach(j, &t, e) < 0)
		return job_failed(e);
	o.name = (char[]){ "plan" };
	rep = pl.rep = report_new(&fns, "restore", o.name);
	if (begin_file(j, st, t.k, &o, &file, e) < 0)
		return job_failed(e);
	pl.file = file;
	if (plan_run(t.k, st, &o, rep, send_row, &pl, job_cancel(j), &n, e) < 0) {
		err_ctx(e, "plan of a restore of '%s'", o.backup);
		return job_failed(e);
	}
	tell_counts(j, &n);
	if (end_file(j, file, e) < 0)
		return job_failed(e);
	return n.n[PLAN_BLOCKED] + pl.stops > 0 ? END_PARTIAL : END_DONE;
}

/* --- preflight --- */

static void
on_finding(void *ctx, const struct preflight_finding *f)
{
	send_finding(ctx, f);
}

enum ev_end
op_restore_preflight(struct job *j, struct err *e)
{
	AUTO(store_closep) struct store *st = location_open(j, e);
	AUTO(report_freep) struct report *rep = NULL;
	AUTO_TARGET struct target t = { 0 };
	struct restore_opts o = job_request(j)->restore;
	struct report_fns fns = { 0 };
	struct preflight_counts n;

	if (st == NULL || target_reach(j, &t, e) < 0)
		return job_failed(e);
	o.name = (char[]){ "preflight" };
	rep = report_new(&fns, "restore", o.name);
	if (preflight_run(t.k, st, &o, rep, on_finding, j, job_cancel(j), &n, e) < 0) {
		err_ctx(e, "preflight of a restore of '%s'", o.backup);
		return job_failed(e);
	}
	job_note(j, "%llu ok, %llu ignored, %llu warnings, %llu that stop the restore", (unsigned long long)n.n[PREFLIGHT_OK],
		(unsigned long long)n.n[PREFLIGHT_IGNORED], (unsigned long long)n.n[PREFLIGHT_WARN],
		(unsigned long long)n.n[PREFLIGHT_STOP]);
	return n.n[PREFLIGHT_STOP] > 0 ? END_PARTIAL : END_DONE;
}
