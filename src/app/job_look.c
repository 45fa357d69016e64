/* Operations that look for what is different, what has been, and what is in backups. */
#include "app/job_ops.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "data/jdiff.h"
#include "data/jwrite.h"
#include "engine/catalog.h"
#include "engine/diff.h"
#include "engine/grep.h"
#include "engine/history.h"

#define ROW_MAX (8 * LIMIT_OBJECT)       /* two objects, and what is different in them */

static void
put_place(struct jw *w, struct str gr, struct str ns, struct str name)
{
	jw_kv_str(w, "resource", gr);
	jw_kv_str(w, "namespace", ns);
	jw_kv_str(w, "name", name);
}

/* --- what has changed in an object --- */

static int
on_change(void *ctx, struct str path, struct str a, struct str b, struct err *e)
{
	struct jw *w = ctx;

	(void)e;
	jw_obj(w);
	jw_kv_str(w, "path", path);
	if (a.len > 0) {
		jw_key(w, "old");
		jw_raw(w, a);
	}
	if (b.len > 0) {
		jw_key(w, "new");
		jw_raw(w, b);
	}
	jw_obj_end(w);
	return 0;
}

/* The members "changes", exact, and "patch", a merge patch (RFC 7386); none when there is nothing to compare. */
static int
put_changes(struct jw *w, struct str a, struct str b, struct err *e)
{
	AUTO_BUF struct buf patch = BUF_INIT(2 * LIMIT_OBJECT);

	if (a.len == 0 || b.len == 0)
		return 0;
	jw_key(w, "changes");
	jw_arr(w);
	if (jdiff(a, b, on_change, w, e) < 0 || jmerge_diff(a, b, &patch, e) < 0)
		return -1;
	jw_arr_end(w);
	jw_key(w, "patch");
	jw_raw(w, buf_str(&patch));
	return 0;
}

/* --- diff --- */

static int
send_difference(void *ctx, const struct diff_row *row, struct err *e)
{
	AUTO(buf_wipe) struct buf json = BUF_INIT(ROW_MAX);
	struct jw w;

	jw_init(&w, &json, false);
	jw_obj(&w);
	jw_kv_text(&w, "change", diff_what_text(row->what));
	put_place(&w, row->gr, row->ns, row->name);
	jw_kv_str(&w, "kind", row->kind);
	if (row->why[0] != '\0')
		jw_kv_text(&w, "why", row->why);
	if (put_changes(&w, row->a, row->b, e) < 0)
		return -1;
	jw_obj_end(&w);
	if (jw_done(&w, e) < 0)
		return -1;
	job_row(ctx, buf_str(&json));
	return 0;
}

static int
run_diff(struct job *j, struct store *st, const struct diff_side *a, struct report *rep, struct diff_counts *n, struct err *e)
{
	const struct request *r = job_request(j);
	const struct diff_opts o = { &r->filter, { r->look.all_fields ? VIEW_ALL : VIEW_CONTENT, r->look.show_secrets } };
	AUTO_OPENED struct opened b = { 0 };
	AUTO_TARGET struct target t = { 0 };
	struct diff_side other;

	if (strcmp(r->look.other, "live") == 0) {
		if (target_reach(j, &t, e) < 0)
			return -1;
		return diff_live(a, t.k, &o, rep, send_difference, j, job_cancel(j), n, e);
	}
	if (backup_open(j, st, r->look.other, true, &b, e) < 0)
		return -1;
	other = (struct diff_side){ &b.b, b.r };
	return diff_backups(a, &other, &o, rep, send_difference, j, job_cancel(j), n, e);
}

enum ev_end
op_backup_diff(struct job *j, struct err *e)
{
	AUTO(store_closep) struct store *st = location_open(j, e);
	AUTO(report_freep) struct report *rep = NULL;
	AUTO_OPENED struct opened a = { 0 };
	const struct request *r = job_request(j);
	struct report_fns fns = job_report_fns(j);
	struct diff_counts n = { 0 };
	struct diff_side side;
	bool differ;

	if (st == NULL || backup_open(j, st, r->name, true, &a, e) < 0)
		return job_failed(e);
	rep = report_new(&fns, "diff", r->name);
	side = (struct diff_side){ &a.b, a.r };
	if (run_diff(j, st, &side, rep, &n, e) < 0)
		return job_failed(e);
	job_note(j, "%llu added, %llu removed, %llu changed, %llu the same", (unsigned long long)n.n[DIFF_ADDED],
		(unsigned long long)n.n[DIFF_REMOVED], (unsigned long long)n.n[DIFF_CHANGED],
		(unsigned long long)n.n[DIFF_SAME]);
	differ = n.n[DIFF_ADDED] + n.n[DIFF_REMOVED] + n.n[DIFF_CHANGED] > 0;
	return report_count(rep, RESULT_ERROR) > 0 || (differ && r->look.exit_code) ? END_PARTIAL : END_DONE;
}

/* --- history --- */

static int
send_history(void *ctx, const struct history_row *row, struct err *e)
{
	AUTO(buf_wipe) struct buf json = BUF_INIT(ROW_MAX);
	char created[CLOCK_TEXT_MAX];
	struct jw w;

	jw_init(&w, &json, false);
	jw_obj(&w);
	jw_kv_text(&w, "backup", row->backup);
	jw_kv_text(&w, "created", clock_rfc3339(created, row->created_unix_ns));
	jw_kv_text(&w, "change", history_text(row->change));
	if (row->change != HISTORY_DELETED)
		jw_kv_uint(&w, "size", row->size);
	put_place(&w, row->gr, row->ns, row->name);
	jw_kv_text(&w, "cluster", row->cluster);
	if (put_changes(&w, row->a, row->b, e) < 0)
		return -1;
	jw_obj_end(&w);
	if (jw_done(&w, e) < 0)
		return -1;
	job_row(ctx, buf_str(&json));
	return 0;
}

enum ev_end
op_backup_history(struct job *j, struct err *e)
{
	AUTO(store_closep) struct store *st = location_open(j, e);
	AUTO(report_freep) struct report *rep = NULL;
	const struct request *r = job_request(j);
	const struct history_opts o = { r->objects.at[0], r->look.source_cluster, r->look.diff,
		{ r->look.all_fields ? VIEW_ALL : VIEW_CONTENT, r->look.show_secrets } };
	struct report_fns fns = job_report_fns(j);

	if (st == NULL)
		return job_failed(e);
	rep = report_new(&fns, "history", o.object);
	if (history_run(st, &o, rep, send_history, j, job_cancel(j), e) < 0)
		return job_failed(e);
	return report_count(rep, RESULT_ERROR) > 0 ? END_PARTIAL : END_DONE;
}

/* --- grep --- */

struct searching {
	struct job *j;
	const char *backup;
	const struct index_entry *en;    /* whose matches are being counted; NULL: none */
	uint64_t    count;
	uint64_t    matches, objects, searched;
};

static int
send_match(const struct searching *s, const struct index_entry *en, const struct grep_row *match, struct err *e)
{
	AUTO(buf_wipe) struct buf json = BUF_INIT(ROW_MAX);
	struct jw w;

	jw_init(&w, &json, false);
	jw_obj(&w);
	jw_kv_text(&w, "backup", s->backup);
	put_place(&w, en->gr, en->ns, en->name);
	if (match == NULL) {
		jw_kv_uint(&w, "count", s->count);
	} else {
		jw_kv_str(&w, "path", match->path);
		if (match->number > 0)
			jw_kv_uint(&w, "line", match->number);
		jw_kv_str(&w, "text", match->line);
	}
	jw_obj_end(&w);
	if (jw_done(&w, e) < 0)
		return -1;
	job_row(s->j, buf_str(&json));
	return 0;
}

static int
send_count(struct searching *s, struct err *e)
{
	const struct index_entry *en = TAKE(s->en);

	return en != NULL ? send_match(s, en, NULL, e) : 0;
}

static int
on_match(void *ctx, const struct grep_row *row, struct err *e)
{
	struct searching *s = ctx;
	bool counts = job_request(s->j)->look.count;

	s->matches++;
	if (s->en != row->en) {
		s->objects++;
		if (counts && send_count(s, e) < 0)
			return -1;
		s->count = 0;
		s->en = row->en;
	}
	s->count++;
	return counts ? 0 : send_match(s, row->en, row, e);
}

static int
search(struct searching *s, struct grep *g, struct store *st, const char *name, struct report *rep, struct err *e)
{
	AUTO_OPENED struct opened o = { 0 };
	uint64_t objects = 0;

	if (backup_open(s->j, st, name, false, &o, e) < 0)
		return -1;
	s->backup = name;
	s->en = NULL;
	if (grep_backup(g, &o.b, o.r, rep, on_match, s, job_cancel(s->j), &objects, e) < 0)
		return err_ctx(e, "backup '%s'", name);
	s->searched += objects;
	return job_request(s->j)->look.count ? send_count(s, e) : 0;
}

static int
on_name(void *ctx, const char *name, struct str json, const struct err *why, struct err *e)
{
	(void)json, (void)why, (void)e;
	strs_add(ctx, name);
	return 0;
}

/* Of several backups, one that is damaged does not stand in the way of the others. */
static int
search_all(struct searching *s, struct grep *g, struct store *st, const struct strs *names, struct report *rep, struct err *e)
{
	for (size_t i = 0; i < names->len; i++) {
		struct err why;

		if (search(s, g, st, names->at[i], rep, &why) == 0)
			continue;
		if (names->len == 1 || (why.kind != EK_CORRUPT && why.kind != EK_NOTFOUND)) {
			*e = why;
			return -1;
		}
		report_error(rep, RESULT_ERROR, NULL, "backups", names->at[i], &why);
	}
	return 0;
}

enum ev_end
op_backup_grep(struct job *j, struct err *e)
{
	AUTO(store_closep) struct store *st = NULL;
	AUTO(report_freep) struct report *rep = NULL;
	AUTO(grep_freep) struct grep *g = NULL;
	AUTO_STRS struct strs all = { 0 };
	const struct request *r = job_request(j);
	const struct grep_opts o = { r->look.pattern, r->look.ignore_case, r->look.once,
		r->look.all_backups || r->look.backups.len > 1, &r->filter,
		{ r->look.all_fields ? VIEW_ALL : VIEW_UNMANAGED, r->look.show_secrets } };
	struct report_fns fns = job_report_fns(j);
	struct searching s = { .j = j };

	g = grep_new(&o, e);
	if (g == NULL || (st = location_open(j, e)) == NULL)
		return job_failed(e);
	rep = report_new(&fns, "grep", "");
	if (r->look.all_backups && catalog_backups(st, on_name, &all, job_cancel(j), e) < 0)
		return job_failed(e);
	if (search_all(&s, g, st, r->look.all_backups ? &all : &r->look.backups, rep, e) < 0)
		return job_failed(e);
	if (s.matches > 0)
		job_note(j, "%llu match%s in %llu of %llu objects", (unsigned long long)s.matches, s.matches == 1 ? "" : "es",
		(unsigned long long)s.objects, (unsigned long long)s.searched);
	if (report_count(rep, RESULT_ERROR) > 0)
		return END_PARTIAL;
	if (s.matches > 0)
		return END_DONE;
	err_set(e, EK_NOTFOUND, "nothing matches '%s'", r->look.pattern);
	return END_FAILED;
}
