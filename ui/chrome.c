/* What surrounds the screens: header, crumbs, rule, jobs, status line, hints; help. */
#include "ui/model_impl.h"

#include "base/attr.h"
#include "base/clock.h"
#include "base/fmt.h"
#include "ui/screens/screens.h"

#include <stdio.h>
#include <string.h>

#define MIN_ROWS   15
#define MIN_COLS   60
#define SMALL_COLS 80
#define WIDE_COLS  100           /* room for the names of all tabs behind a title */
#define JOBS_SHOWN 3
#define JOB_STAYS_MS 10000
#define WHY_ROWS   5             /* of what a load failed for */

static void
put_clock(const struct model *m, char out[8])
{
	char text[CLOCK_TEXT_MAX];

	(void)snprintf(out, 8, "%.5s", clock_local(text, m->now_s * NS_PER_S) + 11);
}

static void
draw_header(const struct model *m, struct area a)
{
	const char *mode = m->opts.read_only ? "READ-ONLY" : "READ-WRITE";
	char clock[8];
	int used = 0;

	put_clock(m, clock);
	if (m->rule.danger)
		used = area_putf(a, 0, 0, ROLE_HEADER_DANGER, " PROD ") + 1;
	used += area_putf(a, 0, used, m->rule.danger ? ROLE_HEADER_DANGER : ROLE_HEADER, "%s",
		m->opts.context != NULL ? m->opts.context : "no cluster");
	if (m->opts.server != NULL)
		used += area_putf(a, 0, used, ROLE_TEXT_DIM, "  %s", m->opts.server);
	area_putf(a, 0, a.cols - 6 - (int)strlen(mode) - 1, m->opts.read_only ? ROLE_HEADER_READONLY : ROLE_HEADER, "%s", mode);
	area_putf(a, 0, a.cols - 5, ROLE_HEADER, "%s", clock);
	if (a.rows > 1)
		area_putf(a, 1, 0, ROLE_TEXT_DIM, "project %s | location %s", m->opts.project,
			m->opts.location != NULL ? m->opts.location : "none");
}

/* From col up to end in row of the area: a click there does it. */
static void
note_spot(struct model *m, struct area a, int row, int col, int end, enum spot_kind kind, size_t arg)
{
	if (m->n_spots < SPOTS_MAX && end > col)
		m->spots[m->n_spots++] = (struct spot){ a.row + row, a.col + col, end - col, kind, arg };
}

/* Numbered, the one that is shown in brackets; the others without names where there is no room. */
static int
draw_tab(struct area a, int col, size_t i, const char *name, bool active, bool narrow)
{
	if (narrow && !active)
		return col + area_putf(a, 0, col, ROLE_TAB, "%zu", i + 1) + 1;
	return col + area_putf(a, 0, col, active ? ROLE_TAB_ACTIVE : ROLE_TAB, active ? "[%zu %s]" : "%zu %s", i + 1, name) + 1;
}

static int
draw_places(struct model *m, struct area a, int col)
{
	for (size_t i = 0; i < places_len; i++) {
		int from = col;

		col = draw_tab(a, col, i, places[i].name, i == m->place, false);
		note_spot(m, a, 0, from, col - 1, SPOT_PLACE, i);
	}
	return col;
}

static int
draw_tabs(struct model *m, struct area a, int col, bool narrow)
{
	const struct screen *s = m->top;

	for (size_t i = 0; s->type->tabs != NULL && s->type->tabs[i] != NULL; i++) {
		int from = col;

		col = draw_tab(a, col, i, s->type->tabs[i], i == s->tab, narrow);
		note_spot(m, a, 0, from, col - 1, SPOT_TAB, i);
	}
	return col;
}

/* above: how many screens are above it. */
static int
draw_crumb(struct model *m, const struct screen *s, struct area a, int col, size_t above)
{
	bool active = s == m->top;
	int from = col;

	if (s->below == NULL) {
		if (active)
			return draw_places(m, a, col);
		col += area_text(a, 0, col, -1, ROLE_CRUMB, str_of(places[m->place].name));
		note_spot(m, a, 0, from, col, SPOT_CRUMB, above);
		return col;
	}
	col = draw_crumb(m, s->below, a, col, above + 1);
	col += area_putf(a, 0, col, ROLE_CRUMB, " > ");
	from = col;
	col += area_text(a, 0, col, -1, active ? ROLE_CRUMB_ACTIVE : ROLE_CRUMB, str_of(s->title));
	note_spot(m, a, 0, from, col, SPOT_CRUMB, above);
	return active ? draw_tabs(m, a, col + 2, false) : col;
}

/* Whole if it fits, else from the last place on that does. */
static void
draw_crumbs(struct model *m, struct area a)
{
	const struct screen *s = m->top;
	int width = 0, col;

	for (const struct screen *x = s; x != NULL; x = x->below)
		width += canvas_width(str_of(x->title), a.on->ascii) + 3;
	for (size_t i = 0; s->type->tabs != NULL && s->type->tabs[i] != NULL; i++)
		width += (int)strlen(s->type->tabs[i]) + 3;
	if (s->below == NULL || width <= a.cols) {
		(void)draw_crumb(m, s, a, 0, 0);
		return;
	}
	col = area_glyph(a, 0, 0, GLYPH_ELLIPSIS, ROLE_CRUMB);
	note_spot(m, a, 0, 0, col, SPOT_CRUMB, 1);
	col += area_putf(a, 0, col, ROLE_CRUMB, " > ");
	col += area_text(a, 0, col, a.cols / 2, ROLE_CRUMB_ACTIVE, str_of(s->title)) + 2;
	(void)draw_tabs(m, a, col, a.cols < WIDE_COLS);
}

/* The line above the body: title, count, filter, and at its right the order. */
static void
draw_rule(const struct model *m, struct area a)
{
	AUTO_BUF struct buf left = BUF_INIT(1024), right = BUF_INIT(256);
	struct table *t = screen_table(m->top);
	struct pager *p = screen_pager(m->top);
	int width;

	area_rule(a, 0, ROLE_RULE);
	buf_putf(&left, " %s ", m->top->title);
	if (t != NULL) {
		table_summary(t, &left, &right);
		buf_putc(&left, ' ');
	} else if (p != NULL) {
		pager_summary(p, &left, &right);
		buf_puts(&left, p->lines.len > (size_t)p->page || p->search[0] != '\0' ? " " : "");
	}
	(void)area_text(a, 0, 2, a.cols - 4, ROLE_TITLE, buf_str(&left));
	width = (int)right.len + 2;
	if (right.len > 0 && a.cols > (int)left.len + width + 6)
		area_putf(a, 0, a.cols - width - 2, ROLE_RULE, " %s ", buf_cstr(&right));
}

/* What stands in the place of rows that are not there (ui.md 6.2). */
static void
draw_state(struct model *m, struct area a)
{
	const struct screen *s = m->top;
	const struct table *t = screen_table(m->top);
	const struct pager *p = screen_pager(m->top);

	if (t != NULL ? t->n_shown > 0 : p == NULL || p->lines.len > 0)
		return;
	if (s->load == LOAD_FAILED) {
		int used = area_wrap(a, 1, 1, WHY_ROWS, ROLE_STATE_FAILED, str_of(s->why.msg));

		area_putf(a, used + 2, 1, ROLE_TEXT, "R tries again, ? helps");
	} else if (s->load == LOAD_RUNNING) {
		if (m->now_ms - s->since_ms > SLOW_MS)
			area_putf(a, 1, 1, ROLE_TEXT_DIM, "Loading.. %llu so far   Ctrl-C stops",
				(unsigned long long)s->loaded);
	} else if (t != NULL && t->filter_text[0] != '\0') {
		area_putf(a, 1, 1, ROLE_TEXT_DIM, "0 of %zu match /%s.  \\ clears the filter",
			table_rows_len(t->rows), t->filter_text);
	} else if (t == NULL || t->rows != NULL) {
		area_putf(a, 1, 1, ROLE_TEXT_DIM, "%s", s->empty != NULL ? s->empty : s->type->empty != NULL ? s->type->empty : "Nothing here.");
	}
}

static bool
is_shown(const struct model *m, const struct job *j)
{
	return !j->ended || m->now_ms - j->end_ms < JOB_STAYS_MS;
}

static int
jobs_shown(const struct model *m)
{
	int n = 0;

	for (size_t i = 0; i < m->jobs.len; i++)
		n += is_shown(m, &m->jobs.at[i]);
	return n < JOBS_SHOWN ? n : JOBS_SHOWN;
}

static void
draw_job(const struct job *j, struct area a, int row)
{
	char done[FMT_MAX], total[FMT_MAX];
	enum role role;
	const char *state = job_state(j, &role);
	int col = area_putf(a, row, 0, ROLE_HINT_KEY, "J ");

	col += area_putf(a, row, col, ROLE_TEXT, "%s %s ", job_kind(j), j->name);
	col += area_putf(a, row, col, role, "%s ", state);
	if (j->ended)
		return;
	if (j->progress.total > 0) {
		area_bar(a, row, col, 16, j->progress.done, j->progress.total);
		col += 17;
		area_putf(a, row, col, ROLE_TEXT, "%s/%s", fmt_count(done, j->progress.done),
			fmt_count(total, j->progress.total));
	} else if (j->progress.done > 0) {
		area_putf(a, row, col, ROLE_TEXT, "%s", fmt_count(done, j->progress.done));
	}
}

static void
draw_jobs(struct model *m, struct area a)
{
	int row = 0;

	for (size_t i = m->jobs.len; i-- > 0 && row < a.rows;)
		if (is_shown(m, &m->jobs.at[i]))
			draw_job(&m->jobs.at[i], a, row++);
	for (int i = 0; i < row; i++)
		note_spot(m, a, i, 0, a.cols, SPOT_ACTION, (size_t)action_find("jobs"));
}

static void
draw_status(const struct model *m, struct area a)
{
	static const enum role looks[] = { [TOAST_INFO] = ROLE_TOAST_INFO, [TOAST_WARN] = ROLE_TOAST_WARN,
		[TOAST_ERROR] = ROLE_TOAST_ERROR };
	int used;

	if (m->prompt != PROMPT_NONE) {
		used = area_putf(a, 0, 0, ROLE_PROMPT, "%s", m->prompt == PROMPT_QUESTION ? m->question
			: m->prompt == PROMPT_PALETTE ? ":" : "/");
		used += area_text(a, 0, used, -1, ROLE_TEXT, str_of(m->input));
		area_cursor(a, 0, used);
		(void)area_text(a, 0, used, -1, ROLE_PROMPT_GHOST, str_of(prompt_ghost(m)));
	} else if (m->messages.len > 0 && m->now_ms < m->toast_until_ms) {
		const struct message *last = &m->messages.at[m->messages.len - 1];

		area_putf(a, 0, 1, looks[last->level], "%s", last->text);
	}
}

static void
draw_hints(struct model *m, struct area a)
{
	int col = 0;
	unsigned at = 0;

	for (;;) {
		AUTO_BUF struct buf key = BUF_INIT(64);
		int next = -1, width;

		for (size_t i = 0; i < actions_len; i++)
			if (actions[i].hint > at && action_applies(&actions[i], m->top->type->name, screen_mask(m->top))
			    && (next < 0 || actions[i].hint < actions[next].hint))
				next = (int)i;
		if (next < 0)
			return;
		at = actions[next].hint;
		keymap_hint(m->keys, next, screen_form(m->top) != NULL, &key);
		width = (int)key.len + 1 + canvas_width(str_of(actions[next].text), a.on->ascii);
		if (key.len == 0 || col + width > a.cols)
			continue;
		note_spot(m, a, 0, col, col + width, SPOT_ACTION, (size_t)next);
		col += area_putf(a, 0, col, ROLE_HINT_KEY, "%s", buf_cstr(&key));
		col += area_putf(a, 0, col, ROLE_HINT_TEXT, " %s", actions[next].text) + 2;
	}
}

void
model_draw(struct model *m)
{
	struct area all = canvas_all(&m->canvas), body;
	int top = 0, bottom = all.rows, header = all.cols < SMALL_COLS ? 1 : 2, jobs = jobs_shown(m);

	canvas_clear(&m->canvas);
	m->dirty = false;
	m->n_spots = 0;
	if (all.rows < MIN_ROWS || all.cols < MIN_COLS) {
		area_putf(all, 0, 0, ROLE_TEXT, "orlop needs %dx%d, this is %dx%d. Jobs continue. F10 leaves.", MIN_COLS, MIN_ROWS,
			all.cols, all.rows);
		return;
	}
	if (!m->zoomed) {
		draw_header(m, area_part(all, 0, 0, header, all.cols));
		draw_crumbs(m, area_part(all, header, 0, 1, all.cols));
		top = header + 2;
		bottom -= 2 + jobs;
		draw_jobs(m, area_part(all, bottom, 0, jobs, all.cols));
		if (strcmp(settings_get(&m->settings, "hints"), "on") == 0)
			draw_hints(m, area_part(all, all.rows - 1, 0, 1, all.cols));
	}
	draw_status(m, area_part(all, m->zoomed ? all.rows - 1 : all.rows - 2, 0, 1, all.cols));
	body = area_part(all, top, 0, bottom - top, all.cols);
	m->top->body = body;
	m->top->type->draw(m, m->top, body);
	draw_state(m, body);
	/* It tells which part of the body was drawn. */
	if (!m->zoomed)
		draw_rule(m, area_part(all, header + 1, 0, 1, all.cols));
	if (m->dialog.fn != NULL)
		dialog_draw(&m->dialog, body);
}
