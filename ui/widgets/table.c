/*
 * DESIGN
 *
 *   rows: texts in an arena, numbers beside them --filter, sort--> shown: indices --window of a page--> cells
 *
 * A cell that is a number or a time becomes text when it is drawn, filtered or copied, so that an age never gets old.
 */
#include "ui/widgets/table_impl.h"

#include "base/mem.h"
#include "base/strmap.h"
#include "base/vec.h"
#include "ui/filter.h"

#include <stdlib.h>
#include <string.h>

#define MARGIN      3            /* cells before the first column: cursor and mark */
#define INDENT      2            /* for each group around a row */
#define SCROLL_STEP 16

/* --- what is shown --- */

void
table_init(struct table *t, const struct column *columns, size_t n, size_t sort, bool descending)
{
	*t = (struct table){ .columns = columns, .n_columns = n, .sort = sort, .descending = descending };
	t->filter_text = xstrdup("");
}

void
table_done(struct table *t)
{
	table_rows_free(t->rows);
	free(t->shown);
	free(t->order);
	filter_free(t->filter);
	free(t->filter_text);
	*t = (struct table){ 0 };
}

/* qsort has no argument for the caller. */
static _Thread_local const struct table *sorting;

static int
by_column(const void *a, const void *b)
{
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	const struct rows *r = sorting->rows;
	size_t c = sorting->sort;
	int order;

	if (column_is_numeric(r->columns[c].kind)) {
		int64_t u = rows_num(r, x, c), v = rows_num(r, y, c);

		order = (u > v) - (u < v);
	} else {
		/* What a state means comes before its letters: roles are in the order of how urgent they are. */
		order = r->columns[c].kind == COL_STATE ? (int)r->all.at[x].role - (int)r->all.at[y].role : 0;
		if (order == 0)
			order = strcmp(r->all.at[x].cells[c], r->all.at[y].cells[c]);
	}
	if (order == 0)
		return strcmp(r->all.at[x].id, r->all.at[y].id);
	return sorting->descending ? -order : order;
}

bool
table_passes(struct table *t, uint32_t row, int64_t now_s)
{
	const struct row *of = &t->rows->all.at[row];
	struct str cells[COLUMNS_MAX];
	char spare[COLUMNS_MAX][CELL_TEXT];
	struct filter_row fr = { cells, str_of(of->labels), of->marked };

	if (t->marked_only && !of->marked)
		return false;
	if (t->filter == NULL)
		return true;
	/* Numbers and ages only where the filter names them: "3" is not looked for in "3h ago". */
	for (size_t c = 0; c < t->n_columns; c++)
		cells[c] = column_is_numeric(t->columns[c].kind) && !filter_names(t->filter, c) ? S("")
			: rows_text(t->rows, row, c, TIMES_AGE, now_s, spare[c]);
	return filter_match(t->filter, &fr, t->n_columns);
}

static bool
is_outline(const struct table *t)
{
	return t->rows != NULL && t->rows->outline;
}

void
table_clamp(struct table *t)
{
	size_t page = (size_t)t->page;

	if (t->cursor >= t->n_shown)
		t->cursor = t->n_shown > 0 ? t->n_shown - 1 : 0;
	if (page == 0)           /* not drawn yet */
		return;
	if (t->top > t->cursor)
		t->top = t->cursor;
	if (t->cursor >= t->top + page)
		t->top = t->cursor - page + 1;
	if (t->top + page > t->n_shown)
		t->top = t->n_shown > page ? t->n_shown - page : 0;
}

/* All rows in their order, unless they are in it already: a filter that is typed does not sort. */
static void
sort(struct table *t)
{
	size_t n = t->rows != NULL ? t->rows->all.len : 0;

	if (t->order != NULL && t->ordered == t->rows && t->ordered_by == t->sort && t->ordered_down == t->descending)
		return;
	free(t->order);
	t->order = xcalloc(n > 0 ? n : 1, sizeof *t->order);
	for (size_t i = 0; i < n; i++)
		t->order[i] = (uint32_t)i;
	sorting = t;
	qsort(t->order, n, sizeof *t->order, by_column);
	t->ordered = t->rows;
	t->ordered_by = t->sort;
	t->ordered_down = t->descending;
}

/* Filters anew; the cursor stays with its row, or where it was. */
static void
show(struct table *t, const char *current, int64_t now_s)
{
	size_t n = t->rows != NULL ? t->rows->all.len : 0;

	free(t->shown);
	t->shown = xcalloc(n > 0 ? n : 1, sizeof *t->shown);
	t->n_shown = t->n_found = 0;
	t->ranging = false;
	if (is_outline(t)) {
		outline_show(t, now_s);
	} else {
		sort(t);
		for (size_t i = 0; i < n; i++)
			if (table_passes(t, t->order[i], now_s))
				t->shown[t->n_shown++] = t->order[i];
		t->n_found = t->n_shown;
	}
	if (current != NULL)
		(void)table_go(t, current);
	table_clamp(t);
}

void
table_show_again(struct table *t, int64_t now_s)
{
	show(t, table_current(t), now_s);
}

void
table_set(struct table *t, struct rows *rows, int64_t now_s)
{
	AUTO(strmap_freep) struct strmap *marked = strmap_new();
	struct rows *old = t->rows;
	const char *current = table_current(t);

	for (size_t i = 0; t->n_marked > 0 && i < old->all.len; i++)
		if (old->all.at[i].marked)
			(void)strmap_add(marked, str_of(old->all.at[i].id));
	t->n_marked = 0;
	t->rows = rows;
	t->ordered = NULL;
	for (size_t i = 0; strmap_len(marked) > 0 && i < rows->all.len; i++)
		if (!rows->all.at[i].group && strmap_has(marked, str_of(rows->all.at[i].id)))
			table_mark_row(t, &rows->all.at[i], true);
	if (old != NULL && rows->outline)
		outline_keep_open(old, rows);
	show(t, current, now_s);
	table_rows_free(old);
}

void
table_set_filter(struct table *t, const char *text, int64_t now_s)
{
	const char *titles[COLUMNS_MAX];
	struct filter *f;

	for (size_t i = 0; i < t->n_columns; i++)
		titles[i] = t->columns[i].title;
	f = filter_new(str_of(text), titles, t->n_columns);
	filter_free(t->filter);
	t->filter = f;
	free(t->filter_text);
	t->filter_text = xstrdup(text);
	table_show_again(t, now_s);
}

const char *
table_filter_note(const struct table *t)
{
	return t->filter != NULL ? filter_note(t->filter) : "";
}

struct row *
table_row(const struct table *t, size_t at)
{
	return at < t->n_shown ? &t->rows->all.at[t->shown[at]] : NULL;
}

const char *
table_current(const struct table *t)
{
	const struct row *r = table_row(t, t->cursor);

	return r != NULL ? r->id : NULL;
}

const char *
table_current_cell(const struct table *t, size_t column)
{
	const struct row *r = table_row(t, t->cursor);

	return r != NULL ? r->cells[column] : NULL;
}

bool
table_go(struct table *t, const char *id)
{
	for (size_t i = 0; i < t->n_shown; i++)
		if (strcmp(table_row(t, i)->id, id) == 0) {
			t->cursor = i;
			table_clamp(t);
			return true;
		}
	return false;
}

bool
table_is_marked(const struct table *t, const char *id)
{
	for (size_t i = 0; t->n_marked > 0 && i < t->rows->all.len; i++)
		if (t->rows->all.at[i].marked && strcmp(t->rows->all.at[i].id, id) == 0)
			return true;
	return false;
}

void
table_each_marked(const struct table *t, void (*fn)(void *ctx, const char *id), void *ctx)
{
	for (size_t i = 0; t->n_marked > 0 && i < t->rows->all.len; i++)
		if (t->rows->all.at[i].marked)
			fn(ctx, t->rows->all.at[i].id);
}

size_t
table_marked_hidden(const struct table *t)
{
	size_t shown = 0;

	for (size_t i = 0; is_outline(t) && i < t->rows->all.len; i++)
		shown += t->rows->all.at[i].marked && t->rows->all.at[i].found;
	for (size_t i = 0; !is_outline(t) && i < t->n_shown; i++)
		shown += table_row(t, i)->marked;
	return t->n_marked - shown;
}

/* --- actions --- */

static void
set_mark(struct table *t, size_t at, bool on)
{
	struct row *r = table_row(t, at);

	if (r != NULL && t->rows->outline)
		outline_mark(t, r, on);
	else if (r != NULL)
		table_mark_row(t, r, on);
}

static void
move(struct table *t, ptrdiff_t by)
{
	ptrdiff_t to = (ptrdiff_t)t->cursor + by, last = (ptrdiff_t)t->n_shown - 1;

	t->cursor = (size_t)(to < 0 || last < 0 ? 0 : to > last ? last : to);
	table_clamp(t);
}

static void act_down(struct table *t, int64_t now) { (void)now; move(t, 1); }
static void act_up(struct table *t, int64_t now) { (void)now; move(t, -1); }
static void act_first(struct table *t, int64_t now) { (void)now; move(t, -(ptrdiff_t)t->n_shown); }
static void act_last(struct table *t, int64_t now) { (void)now; move(t, (ptrdiff_t)t->n_shown); }
static void act_half_down(struct table *t, int64_t now) { (void)now; move(t, t->page / 2); }
static void act_half_up(struct table *t, int64_t now) { (void)now; move(t, -(t->page / 2)); }
static void act_page_down(struct table *t, int64_t now) { (void)now; move(t, t->page); }
static void act_page_up(struct table *t, int64_t now) { (void)now; move(t, -t->page); }

static void
act_left(struct table *t, int64_t now)
{
	if (is_outline(t))
		outline_left(t, now);
	else
		t->scroll = t->scroll > SCROLL_STEP ? t->scroll - SCROLL_STEP : 0;
}

static void
act_right(struct table *t, int64_t now)
{
	if (is_outline(t))
		outline_right(t, now);
	else
		t->scroll += SCROLL_STEP;
}

static void
act_mark(struct table *t, int64_t now)
{
	const struct row *r = table_row(t, t->cursor);

	(void)now;
	if (r != NULL)
		set_mark(t, t->cursor, t->rows->outline ? !outline_is_marked(t, r) : !r->marked);
	move(t, 1);
}

static void
act_range(struct table *t, int64_t now)
{
	size_t from = t->range_from < t->cursor ? t->range_from : t->cursor;
	size_t to = t->range_from < t->cursor ? t->cursor : t->range_from;

	(void)now;
	if (t->ranging)
		for (size_t i = from; i <= to; i++)
			set_mark(t, i, true);
	t->ranging = !t->ranging && t->n_shown > 0;
	t->range_from = t->cursor;
}

static void
act_mark_all(struct table *t, int64_t now)
{
	(void)now;
	for (size_t i = 0; i < t->n_shown; i++)
		set_mark(t, i, true);
}

static void
act_mark_invert(struct table *t, int64_t now)
{
	(void)now;
	if (is_outline(t)) {
		outline_invert(t);
		return;
	}
	for (size_t i = 0; i < t->n_shown; i++)
		set_mark(t, i, !table_row(t, i)->marked);
}

static void
act_mark_none(struct table *t, int64_t now)
{
	for (size_t i = 0; t->n_marked > 0 && i < t->rows->all.len; i++)
		if (t->rows->all.at[i].marked)
			table_mark_row(t, &t->rows->all.at[i], false);
	t->ranging = false;
	if (t->marked_only) {
		t->marked_only = false;
		table_show_again(t, now);
	}
}

static void
act_marked_only(struct table *t, int64_t now)
{
	t->marked_only = !t->marked_only && t->n_marked > 0;
	table_show_again(t, now);
}

static void
act_sort(struct table *t, int64_t now)
{
	do
		t->sort = (t->sort + 1) % t->n_columns;
	while (t->columns[t->sort].wide && !t->wide);
	table_show_again(t, now);
}

static void
act_sort_back(struct table *t, int64_t now)
{
	do
		t->sort = (t->sort + t->n_columns - 1) % t->n_columns;
	while (t->columns[t->sort].wide && !t->wide);
	table_show_again(t, now);
}

static void
act_sort_reverse(struct table *t, int64_t now)
{
	t->descending = !t->descending;
	table_show_again(t, now);
}

static void
act_wide(struct table *t, int64_t now)
{
	(void)now;
	t->wide = !t->wide;
}

static void
act_expand_all(struct table *t, int64_t now)
{
	if (is_outline(t))
		outline_expand_all(t, now);
}

static void
act_filter_clear(struct table *t, int64_t now)
{
	t->marked_only = false;
	table_set_filter(t, "", now);
}

static const struct { const char *id; void (*run)(struct table *, int64_t); } acts[] = {
	{ "down", act_down }, { "up", act_up }, { "first", act_first }, { "last", act_last },
	{ "half-down", act_half_down }, { "half-up", act_half_up }, { "page-down", act_page_down },
	{ "page-up", act_page_up }, { "left", act_left }, { "right", act_right }, { "mark", act_mark },
	{ "range", act_range }, { "mark-all", act_mark_all }, { "mark-invert", act_mark_invert },
	{ "mark-none", act_mark_none }, { "marked-only", act_marked_only }, { "sort", act_sort },
	{ "sort-back", act_sort_back }, { "sort-reverse", act_sort_reverse }, { "wide", act_wide },
	{ "filter-clear", act_filter_clear }, { "expand-all", act_expand_all },
};

bool
table_act(struct table *t, const char *action, int64_t now_s)
{
	for (size_t i = 0; i < COUNT(acts); i++)
		if (strcmp(acts[i].id, action) == 0) {
			acts[i].run(t, now_s);
			return true;
		}
	return false;
}

/* --- drawing --- */

struct layout { int width[COLUMNS_MAX]; bool on[COLUMNS_MAX]; };

static bool
is_right(enum column_kind k)
{
	return k == COL_COUNT || k == COL_SIZE;
}

/* Leaves out what has the least priority until the rest has its minimum; shares what is left, leftmost first. */
static struct layout
lay_out(const struct table *t, int cols)
{
	struct layout l = { 0 };
	int need = MARGIN, worst;

	for (size_t i = 0; i < t->n_columns; i++) {
		l.on[i] = !t->columns[i].wide || t->wide;
		l.width[i] = t->columns[i].min;
		need += l.on[i] ? l.width[i] + 1 : 0;
	}
	while (need > cols) {
		size_t out = t->n_columns;

		worst = 0;
		for (size_t i = 0; i < t->n_columns; i++)
			if (l.on[i] && t->columns[i].priority >= worst && t->columns[i].priority > 0) {
				worst = t->columns[i].priority;
				out = i;
			}
		if (out == t->n_columns)
			break;
		l.on[out] = false;
		need -= l.width[out] + 1;
	}
	for (size_t i = 0; i < t->n_columns && need < cols; i++) {
		int more = t->columns[i].max - l.width[i];

		if (!l.on[i] || more <= 0)
			continue;
		more = more < cols - need ? more : cols - need;
		l.width[i] += more;
		need += more;
	}
	return l;
}

static void
draw_head(const struct table *t, struct area a, const struct layout *l)
{
	int col = MARGIN;

	for (size_t i = 0; i < t->n_columns; i++) {
		enum role role = i == t->sort ? ROLE_TABLE_SORT : ROLE_TABLE_HEAD;

		if (!l->on[i])
			continue;
		if (is_right(t->columns[i].kind))
			(void)area_right(a, 0, col, l->width[i], role, str_of(t->columns[i].title));
		else
			(void)area_text(a, 0, col, l->width[i], role, str_of(t->columns[i].title));
		col += l->width[i] + 1;
	}
}

static bool
in_range(const struct table *t, size_t at)
{
	return t->ranging && ((at >= t->range_from && at <= t->cursor) || (at <= t->range_from && at >= t->cursor));
}

/* What is before the text of a row in groups: the cells it takes. */
static int
draw_branch(const struct table *t, struct area a, int line, const struct row *r, int width)
{
	int indent = INDENT * r->depth;

	if (indent + 2 * INDENT >= width)
		return 0;
	return indent + (!r->group ? 0 : 1 + area_glyph(a, line, MARGIN + indent,
		outline_is_open(t, r) ? GLYPH_TREE_OPEN : GLYPH_TREE_CLOSED, ROLE_TEXT));
}

/* '*', or '-' for a group of which not all is marked; 0: nothing is. */
static char
mark_of(const struct row *r)
{
	if (!r->group)
		return r->marked ? '*' : '\0';
	return r->n_marked == 0 ? '\0' : r->n_marked == r->leaves ? '*' : '-';
}

static void
draw_row(const struct table *t, struct area a, int line, size_t at, const struct layout *l, enum times times, int64_t now_s)
{
	const struct row *r = table_row(t, at);
	char spare[CELL_TEXT], mark = mark_of(r);
	int col = MARGIN;

	for (size_t i = 0; i < t->n_columns; i++) {
		int before = i == 0 && t->rows->outline ? draw_branch(t, a, line, r, l->width[0]) : 0;
		enum role role = t->columns[i].kind == COL_STATE ? (enum role)r->role : ROLE_TEXT;
		struct str text;

		if (!l->on[i])
			continue;
		text = rows_text(t->rows, t->shown[at], i, times, now_s, spare);
		/* Only the first column can be longer than a screen: names. */
		if (i == 0 && t->scroll > 0 && text.len > (size_t)l->width[0])
			text = str_sub(text, (size_t)t->scroll < text.len - 1 ? (size_t)t->scroll : text.len - 1, text.len);
		if (is_right(t->columns[i].kind))
			(void)area_right(a, line, col, l->width[i], role, text);
		else
			(void)area_text(a, line, col + before, l->width[i] - before, role, text);
		col += l->width[i] + 1;
	}
	if (mark != '\0')
		area_paint(a, line, 0, a.cols, ROLE_ROW_MARKED);
	if (in_range(t, at))
		area_paint(a, line, 0, a.cols, ROLE_ROW_RANGE);
	if (at == t->cursor) {
		area_paint(a, line, 0, a.cols, ROLE_ROW_CURSOR);
		(void)area_text(a, line, mark != '\0' ? 0 : 1, -1, ROLE_ROW_CURSOR, S(">"));
	}
	if (mark != '\0')
		(void)area_text(a, line, 1, 1, at == t->cursor ? ROLE_ROW_CURSOR : ROLE_ROW_MARKED, (struct str){ &mark, 1 });
}

void
table_draw(struct table *t, struct area a, enum times times, int64_t now_s)
{
	struct layout l = lay_out(t, a.cols);

	t->cols = a.cols;
	t->page = a.rows > 1 ? a.rows - 1 : 1;
	table_clamp(t);
	draw_head(t, a, &l);
	for (int i = 0; i < a.rows - 1 && t->top + (size_t)i < t->n_shown; i++)
		draw_row(t, a, i + 1, t->top + (size_t)i, &l, times, now_s);
}

/* By the column whose head is there, texts upwards and numbers downwards; the other way round when it is that one already. */
static void
click_head(struct table *t, int at, int64_t now_s)
{
	struct layout l = lay_out(t, t->cols);
	int col = MARGIN;

	for (size_t i = 0; i < t->n_columns; i++) {
		if (!l.on[i])
			continue;
		if (at >= col && at < col + l.width[i] && i == t->sort) {
			act_sort_reverse(t, now_s);
			return;
		}
		if (at >= col && at < col + l.width[i]) {
			t->sort = i;
			t->descending = t->columns[i].kind != COL_TEXT && t->columns[i].kind != COL_STATE;
			table_show_again(t, now_s);
			return;
		}
		col += l.width[i] + 1;
	}
}

bool
table_click(struct table *t, int row, int col, int64_t now_s)
{
	if (row == 0 && t->rows != NULL && !is_outline(t))
		click_head(t, col, now_s);
	if (row < 1 || t->top + (size_t)row - 1 >= t->n_shown)
		return false;
	t->cursor = t->top + (size_t)row - 1;
	table_clamp(t);
	return true;
}

void
table_summary(const struct table *t, struct buf *left, struct buf *right)
{
	size_t all = t->rows != NULL ? t->rows->n_leaves : 0;

	if (t->n_found != all)
		buf_putf(left, "%zu/%zu", t->n_found, all);
	else
		buf_putf(left, "%zu", all);
	if (t->filter_text[0] != '\0')
		buf_putf(left, " /%s", t->filter_text);
	if (t->marked_only)
		buf_puts(left, " marked only");
	else if (t->n_marked > 0)
		buf_putf(left, " %zu marked", t->n_marked);
	if (table_marked_hidden(t) > 0)
		buf_putf(left, ", %zu hidden", table_marked_hidden(t));
	if (!is_outline(t))
		buf_putf(right, "sort %s%s", t->columns[t->sort].title, t->descending ? " desc" : "");
}
