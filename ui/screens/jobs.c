/* What changes something and was started here: the list (ui.md 4.14) and one job while it runs (4.12). */
#include "base/attr.h"
#include "base/clock.h"
#include "base/fmt.h"
#include "base/mem.h"
#include "base/parse.h"
#include "data/jdoc.h"
#include "ui/screens/screens.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KIND, NAME, CLUSTER, STATE, PROGRESS, STARTED, BY };

static const struct column columns[] = {
	[KIND] = { "KIND", COL_TEXT, 8, 16, 0, false },
	[NAME] = { "NAME", COL_TEXT, 20, 48, 0, false },
	[CLUSTER] = { "CLUSTER", COL_TEXT, 8, 24, 3, false },
	[STATE] = { "STATE", COL_STATE, 10, 14, 0, false },
	[PROGRESS] = { "PROGRESS", COL_TEXT, 16, 30, 1, false },
	[STARTED] = { "STARTED", COL_AGE, 10, 17, 2, false },
	[BY] = { "BY", COL_TEXT, 7, 7, 4, false },
};

static const char *const kinds[OP_COUNT_] = {
	[OP_BACKUP_CREATE] = "backup", [OP_BACKUP_DELETE] = "delete", [OP_BACKUP_VERIFY] = "verify",
	[OP_BACKUP_DOWNLOAD] = "download", [OP_RESTORE_CREATE] = "restore", [OP_RESTORE_UNDO] = "undo",
};

static const struct { const char *word; enum role role; } ends[] = {
	[END_DONE] = { "ok", ROLE_STATE_OK }, [END_PARTIAL] = { "PARTIAL", ROLE_STATE_PARTIAL },
	[END_DAMAGED] = { "DAMAGED", ROLE_STATE_FAILED }, [END_FAILED] = { "FAILED", ROLE_STATE_FAILED },
	[END_CANCELED] = { "CANCELED", ROLE_STATE_PARTIAL },
};

const char *
job_kind(const struct job *j)
{
	return kinds[j->op] != NULL ? kinds[j->op] : "job";
}

const char *
job_state(const struct job *j, enum role *role)
{
	*role = j->ended ? ends[j->end].role : ROLE_STATE_RUNNING;
	if (j->ended)
		return ends[j->end].word;
	return j->progress.phase != NULL ? j->progress.phase : "starting";
}

/* --- the list --- */

struct list { struct table table; uint64_t version; };

static void
fill(struct model *m, struct list *l)
{
	struct rows *rows = table_rows_new(columns, COUNT(columns));

	for (size_t i = 0; i < m->jobs.len; i++) {
		const struct job *j = &m->jobs.at[i];
		char id[24], done[FMT_MAX], total[FMT_MAX];
		AUTO_BUF struct buf progress = BUF_INIT(128);
		enum role role;
		const char *cells[COUNT(columns)] = { [KIND] = job_kind(j), [NAME] = j->name, [CLUSTER] = j->place,
			[BY] = j->elsewhere ? "another" : "here" };
		int64_t nums[COUNT(columns)] = { [STARTED] = j->start_s };

		cells[STATE] = job_state(j, &role);
		if (j->progress.total > 0)
			buf_putf(&progress, "%3u%% %s/%s", (unsigned)(j->progress.done * 100 / j->progress.total),
				fmt_count(done, j->progress.done), fmt_count(total, j->progress.total));
		else if (j->progress.done > 0)
			buf_puts(&progress, fmt_count(done, j->progress.done));
		cells[PROGRESS] = buf_cstr(&progress);
		(void)snprintf(id, sizeof id, "%llu", (unsigned long long)j->ticket);
		table_rows_add(rows, id, cells, nums, NULL, role);
	}
	table_set(&l->table, rows, m->now_s);
	l->version = m->jobs_version;
}

static void
open_list(struct model *m, struct screen *s)
{
	struct list *l = s->state;

	table_init(&l->table, columns, COUNT(columns), STARTED, true);
	fill(m, l);
}

static void
close_list(struct screen *s)
{
	table_done(&((struct list *)s->state)->table);
}

/* Other processes may have begun something. */
static void
load_list(struct model *m, struct screen *s)
{
	(void)s;
	model_find_jobs(m);
}

static void
draw_list(struct model *m, struct screen *s, struct area a)
{
	struct list *l = s->state;

	if (l->version != m->jobs_version)
		fill(m, l);
	table_draw(&l->table, a, m->times, m->now_s);
}

static struct table *
list_table(struct screen *s)
{
	return &((struct list *)s->state)->table;
}

/* --- canceling --- */

static struct job *
job_by_id(struct model *m, const char *id)
{
	uint64_t ticket;

	return id != NULL && parse_u64(str_of(id), UINT64_MAX, &ticket) ? model_job(m, ticket) : NULL;
}

static void
cancel(struct model *m, const char *id)
{
	const struct job *j = job_by_id(m, id);

	if (j != NULL && !j->ended)
		model_stop_job(m, j);
}

static void
ask_cancel(struct model *m, const char *id)
{
	const struct job *j = job_by_id(m, id);
	AUTO_FREE char *title = NULL;

	if (j == NULL || j->ended) {
		model_say(m, TOAST_INFO, "it has ended");
		return;
	}
	title = xasprintf("Cancel %s %s", job_kind(j), j->name);
	model_confirm(m, &(struct confirm){ .title = title, .verb = "Cancel the job", .fn = cancel, .arg = id,
		.text = j->op == OP_RESTORE_CREATE
			? "It stops after the objects in flight. What was created stays in the cluster.\n"
			  "The restore can be continued (--resume) or undone."
			: "It stops at the next object boundary and leaves nothing half-written." });
}

static bool
act_list(struct model *m, struct screen *s, const char *action)
{
	const char *id = table_current(list_table(s));

	if (id != NULL && strcmp(action, "open") == 0)
		model_open(m, &screen_job, id);
	else if (id != NULL && strcmp(action, "job.cancel") == 0)
		ask_cancel(m, id);
	else
		return false;
	return true;
}

const struct screen_type screen_jobs = {
	.name = "jobs", .crumb = "Jobs", .empty = "Nothing has been started here yet.", .mask = IN_LIST, .state_size = sizeof(struct list),
	.open = open_list, .close = close_list, .load = load_list, .act = act_list, .draw = draw_list, .table = list_table,
};

/* --- one job --- */

#define HEAD_ROWS 5
#define STATE_COLS 20

struct one { struct pager pager; size_t told; bool told_why; };

static void
open_one(struct model *m, struct screen *s)
{
	const struct job *j = job_by_id(m, s->arg);
	struct one *o = s->state;

	pager_init(&o->pager);
	o->pager.wrap = true;
	if (j != NULL) {
		free(s->title);
		s->title = xasprintf("%s %s", job_kind(j), j->name);
	}
}

static void
close_one(struct screen *s)
{
	pager_done(&((struct one *)s->state)->pager);
}

static void
add_finding(struct pager *p, const char *json)
{
	struct err ignored;
	AUTO_JDOC cJSON *d = jdoc_parse(str_of(json), &ignored);
	const char *severity = jdoc_text(d, "severity"), *ns = jdoc_text(d, "namespace"), *hint = jdoc_text(d, "hint");
	bool bad = severity != NULL && strcmp(severity, "error") == 0;
	AUTO_BUF struct buf line = BUF_INIT(64 * 1024);
	const char *resource = jdoc_text(d, "resource"), *name = jdoc_text(d, "name"), *text = jdoc_text(d, "text");

	buf_puts(&line, bad ? "E " : "W ");
	if (resource != NULL && resource[0] != '\0')
		buf_putf(&line, "%s %s%s%s: ", resource, ns != NULL ? ns : "", ns != NULL && ns[0] != '\0' ? "/" : "",
			name != NULL ? name : "");
	buf_puts(&line, text != NULL ? text : json);
	pager_add(p, bad ? ROLE_LOG_ERROR : ROLE_LOG_WARN, buf_str(&line));
	if (hint != NULL && hint[0] != '\0')
		pager_addf(p, ROLE_TEXT_DIM, "  Next: %s", hint);
}

static void
draw_rate(const struct model *m, const struct job *j, struct area a, int row)
{
	int64_t end = j->ended ? j->end_s : m->now_s, took = end > j->start_s ? end - j->start_s : 0;
	char time[FMT_MAX], count[FMT_MAX], size[FMT_MAX];
	int col = area_putf(a, row, 1, ROLE_TEXT, "%s", took > 0 ? fmt_duration(time, took * NS_PER_S) : "less than 1s");

	if (took > 0 && j->progress.done > 0)
		col += area_putf(a, row, 1 + col, ROLE_TEXT, "   %s/s", fmt_count(count, j->progress.done / (uint64_t)took));
	if (j->progress.bytes > 0)
		col += area_putf(a, row, 1 + col, ROLE_TEXT, "   %s", fmt_size(size, j->progress.bytes));
	if (!j->ended && took >= 3 && j->progress.done > 0 && j->progress.total > j->progress.done)
		area_putf(a, row, 1 + col, ROLE_TEXT, "   ETA %s", fmt_duration(time, (int64_t)((j->progress.total - j->progress.done)
			* (uint64_t)took / j->progress.done) * NS_PER_S));
}

static void
draw_one(struct model *m, struct screen *s, struct area a)
{
	struct job *j = job_by_id(m, s->arg);
	struct one *o = s->state;
	char done[FMT_MAX], total[FMT_MAX];
	enum role role;
	const char *state;

	if (j == NULL)
		return;
	for (; o->told < j->findings.len; o->told++)
		add_finding(&o->pager, j->findings.at[o->told]);
	if (j->ended && j->end == END_FAILED && !o->told_why)
		pager_add(&o->pager, ROLE_STATE_FAILED, str_of(j->err.msg));
	o->told_why = j->ended;
	state = job_state(j, &role);
	area_putf(area_part(a, 0, 0, 1, a.cols - STATE_COLS), 0, 1, ROLE_TITLE, "%s %s", job_kind(j), j->name);
	area_putf(a, 0, a.cols - STATE_COLS + 1, role, "%s", state);
	if (j->progress.total > 0) {
		area_bar(a, 1, 1, a.cols / 2, j->progress.done, j->progress.total);
		area_putf(a, 1, 3 + a.cols / 2, ROLE_TEXT, "%s/%s", fmt_count(done, j->progress.done),
			fmt_count(total, j->progress.total));
	} else if (j->progress.done > 0) {
		area_putf(a, 1, 1, ROLE_TEXT, "%s so far", fmt_count(done, j->progress.done));
	}
	draw_rate(m, j, a, 2);
	area_rule(a, HEAD_ROWS - 2, ROLE_RULE);
	area_putf(a, HEAD_ROWS - 2, 2, ROLE_TITLE, " findings %zu ", j->findings.len);
	pager_draw(&o->pager, area_part(a, HEAD_ROWS - 1, 0, a.rows - HEAD_ROWS + 1, a.cols));
}

static bool
act_one(struct model *m, struct screen *s, const char *action)
{
	if (strcmp(action, "job.cancel") != 0)
		return false;
	ask_cancel(m, s->arg);
	return true;
}

static struct pager *
one_pager(struct screen *s)
{
	return &((struct one *)s->state)->pager;
}

const struct screen_type screen_job = {
	.name = "job", .empty = "", .mask = IN_VIEWER, .state_size = sizeof(struct one),
	.open = open_one, .close = close_one, .act = act_one, .draw = draw_one, .pager = one_pager,
};
