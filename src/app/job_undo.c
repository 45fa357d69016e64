/* What became of the objects of a restore, and the operation restore undo. */
#include "app/job_ops.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/vec.h"
#include "data/jwrite.h"
#include "engine/outcome.h"
#include "engine/restore_undo.h"

#include <string.h>

/* --- outcomes --- */

struct count { char word[32]; uint64_t n; };

struct counting {
	struct { struct count *at; size_t len, cap; } counts;
	struct jw *w;
};

static int
count(void *ctx, const struct outcome *o, struct err *e)
{
	struct counting *x = ctx;
	struct count *c = NULL;

	(void)e;
	if (strcmp(o->word, OUTCOME_HOOKS) == 0)
		return 0;
	for (size_t i = 0; i < x->counts.len && c == NULL; i++)
		if (strcmp(x->counts.at[i].word, o->word) == 0)
			c = &x->counts.at[i];
	if (c == NULL) {
		c = vec_push(&x->counts);
		*c = (struct count){ 0 };
		str_copy(c->word, sizeof c->word, str_of(o->word));
	}
	c->n++;
	if (o->text[0] == '\0')
		return 0;
	jw_obj(x->w);
	jw_kv_text(x->w, "outcome", o->word);
	jw_kv_text(x->w, "resource", o->resource);
	jw_kv_text(x->w, "namespace", o->ns);
	jw_kv_text(x->w, "name", o->name);
	jw_kv_text(x->w, "text", o->text);
	if (o->hint[0] != '\0')
		jw_kv_text(x->w, "next", o->hint);
	jw_obj_end(x->w);
	return 0;
}

int
job_outcomes(struct job *j, struct store *st, const char *name, struct jw *w, struct err *e)
{
	AUTO_BUF struct buf problems = BUF_INIT(LIMIT_SIDE_FILE);
	struct jw list;
	struct counting x = { .w = &list };
	struct err why;
	int rc;

	jw_init(&list, &problems, false);
	jw_arr(&list);
	rc = outcomes_read(st, name, count, &x, job_cancel(j), &why);
	jw_arr_end(&list);
	jw_key(w, "outcomes");
	if (rc < 0 || jw_done(&list, &why) < 0) {
		vec_free(&x.counts);
		jw_null(w);
		/* Velero's restores have none. */
		if (why.kind == EK_NOTFOUND || why.kind == EK_CORRUPT || why.kind == EK_LIMIT)
			return 0;
		*e = why;
		return -1;
	}
	jw_obj(w);
	jw_key(w, "counts");
	jw_obj(w);
	for (size_t i = 0; i < x.counts.len; i++)
		jw_kv_uint(w, x.counts.at[i].word, x.counts.at[i].n);
	jw_obj_end(w);
	jw_key(w, "problems");
	jw_raw(w, buf_str(&problems));
	jw_obj_end(w);
	vec_free(&x.counts);
	return 0;
}

/* --- undo --- */

static int
send_row(void *ctx, const struct undo_row *row, struct err *e)
{
	AUTO_BUF struct buf json = BUF_INIT(LIMIT_SMALL_BODY);
	struct jw w;

	jw_init(&w, &json, false);
	jw_obj(&w);
	jw_kv_text(&w, "action", row->action);
	jw_kv_text(&w, "resource", row->resource);
	jw_kv_text(&w, "kind", row->kind);
	jw_kv_text(&w, "namespace", row->ns);
	jw_kv_text(&w, "name", row->name);
	if (row->why[0] != '\0')
		jw_kv_text(&w, "why", row->why);
	jw_obj_end(&w);
	if (jw_done(&w, e) < 0)
		return -1;
	job_row(ctx, buf_str(&json));
	return 0;
}

enum ev_end
op_restore_undo(struct job *j, struct err *e)
{
	AUTO(store_closep) struct store *st = location_open(j, e);
	AUTO(report_freep) struct report *rep = NULL;
	AUTO_TARGET struct target t = { 0 };
	const struct request *r = job_request(j);
	struct report_fns fns = job_report_fns(j);
	struct undo_counts n;

	if (st == NULL || target_reach(j, &t, e) < 0)
		return job_failed(e);
	rep = report_new(&fns, "restore", r->name);
	if (restore_undo(t.k, st, r->name, r->dry_run, rep, send_row, j, job_cancel(j), &n, e) < 0)
		return job_failed(e);
	job_note(j, "%s%llu, keeps %llu; %llu %s gone already", r->dry_run ? "nothing was deleted; undoing it deletes " : "deleted ",
		(unsigned long long)n.deleted, (unsigned long long)n.kept, (unsigned long long)n.gone, n.gone == 1 ? "is" : "are");
	return n.failed > 0 ? END_PARTIAL : END_DONE;
}
