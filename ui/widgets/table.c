/*
 * DESIGN
 *
 *   rows: texts in an arena, numbers beside them --filter, sort--> shown: indices --window of a page--> cells
 *
 * A cell that is a number or a time becomes text when it is drawn, filtered or copied, so that an age never gets old.
 */
#include "ui/widgets/table.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/fmt.h"
#include "base/mem.h"
#include "base/strmap.h"
#include "base/vec.h"
#include "ui/filter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS_MAX 24
#define CELL_TEXT   64
#define MARGIN      3            /* cells before the first column: cursor and mark */
#define SCROLL_STEP 16
#define DAY_S       ((int64_t)24 * 60 * 60)

struct row {
	const char  *id, *labels;
	const char **cells;
	uint8_t      role;
	bool         marked;
};

struct rows {
	const struct column *columns;
	size_t               n_columns;
	struct arena         arena;
	struct { struct row *at; size_t len, cap; } all;
	struct { int64_t *at; size_t len, cap; } nums;           /* n_columns for each row, if any column has them */
	bool                 numeric;
};

/* --- rows --- */

static bool
is_numeric(enum column_kind k)
{
	return k != COL_TEXT && k != COL_STATE;
}

struct rows *
table_rows_new(const struct column *columns, size_t n)
{
	struct rows *r = xcalloc(1, sizeof *r);

	assert_that(n <= COLUMNS_MAX);
	r->columns = columns;
	r->n_columns = n;
	for (size_t i = 0; i < n; i++)
		r->numeric |= is_numeric(columns[i].kind);
	return r;
}

void
table_rows_free(struct rows *r)
{
	if (r == NULL)
		return;
	vec_free(&r->all);
	vec_free(&r->nums);
	arena_done(&r->arena);
	free(r);
}

/* A cell is often the row's name, or what the row before has: 100,000 rows are to fit into little memory. */
static const char *
kept_text(struct rows *r, const char *text, const char *id, const char *before)
{
	if (text == NULL || text[0] == '\0')
		return "";
	if (strcmp(text, before) == 0)
		return before;
	return strcmp(text, id) == 0 ? id : arena_strdup(&r->arena, str_of(text));
}

void
table_rows_add(struct rows *r, const char *id, const char *const *cells, const int64_t *nums, const char *labels,
	enum role role)
{
	struct row row = { .id = arena_strdup(&r->arena, str_of(id)), .role = (uint8_t)role };
	const struct row *before = r->all.len > 0 ? &r->all.at[r->all.len - 1] : NULL;

	row.cells = arena_alloc(&r->arena, r->n_columns * sizeof *row.cells);
	for (size_t i = 0; i < r->n_columns; i++)
		row.cells[i] = kept_text(r, cells[i], row.id, before != NULL ? before->cells[i] : "");
	row.labels = labels != NULL && labels[0] != '\0' ? arena_strdup(&r->arena, str_of(labels)) : "";
	*vec_push(&r->all) = row;
	for (size_t i = 0; r->numeric && i < r->n_columns; i++)
		*vec_push(&r->nums) = nums != NULL ? nums[i] : 0;
}

size_t
table_rows_len(const struct rows *r)
{
	return r->all.len;
}

static int64_t
num_of(const struct rows *r, size_t row, size_t column)
{
	return r->nums.at[row * r->n_columns + column];
}

/* "9h ago", "in 28d" */
char *
table_age(char out[CELL_AGE_MAX], int64_t then_s, int64_t now_s, bool future)
{
	static const struct { int64_t s, up_to; char letter; } units[] = {
		{ 1, 60, 's' }, { 60, 3600, 'm' }, { 3600, 2 * DAY_S, 'h' }, { DAY_S, INT64_MAX, 'd' },
	};
	int64_t s = future ? then_s - now_s : now_s - then_s;
	size_t i = 0;

	s = s > 0 ? s : 0;
	while (s >= units[i].up_to)
		i++;
	(void)snprintf(out, CELL_AGE_MAX, future ? "in %lld%c" : "%lld%c ago", (long long)(s / units[i].s), units[i].letter);
	return out;
}

static void
time_text(char out[CELL_TEXT], const struct column *c, int64_t v, enum times times, int64_t now_s)
{
	char text[CLOCK_TEXT_MAX];

	if (v == 0)
		(void)snprintf(out, CELL_TEXT, "-");
	else if (times == TIMES_AGE)
		(void)table_age(out, v, now_s, c->kind == COL_IN);
	else if (times == TIMES_LOCAL)
		(void)snprintf(out, CELL_TEXT, "%.16s", clock_local(text, v * NS_PER_S));
	else
		(void)snprintf(out, CELL_TEXT, "%.10s %.5sZ", clock_rfc3339(text, v * NS_PER_S), text + 11);
}

/* The text of a cell: its own or one made in spare. */
static struct str
cell_text(const struct rows *r, size_t row, size_t column, enum times times, int64_t now_s, char spare[CELL_TEXT])
{
	const struct column *c = &r->columns[column];
	char number[FMT_MAX];

	if (!is_numeric(c->kind))
		return str_of(r->all.at[row].cells[column]);
	if (c->kind == COL_AGE || c->kind == COL_IN)
		time_text(spare, c, num_of(r, row, column), times, now_s);
	else if (num_of(r, row, column) < 0)     /* not known */
		(void)snprintf(spare, CELL_TEXT, "-");
	else if (c->kind == COL_SIZE)
		(void)snprintf(spare, CELL_TEXT, "%s", fmt_size(number, (uint64_t)num_of(r, row, column)));
	else
		(void)snprintf(spare, CELL_TEXT, "%s", fmt_count(number, (uint64_t)num_of(r, row, column)));
	return str_of(spare);
}

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

	if (is_numeric(r->columns[c].kind)) {
		int64_t u = num_of(r, x, c), v = num_of(r, y, c);

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

static bool
passes(struct table *t, uint32_t row, int64_t now_s)
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
		cells[c] = is_numeric(t->columns[c].kind) && !filter_names(t->filter, c) ? S("")
			: cell_text(t->rows, row, c, TIMES_AGE, now_s, spare[c]);
	return filter_match(t->filter, &fr, t->n_columns);
}

static void
clamp(struct table *t)
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

	sort(t);
	free(t->shown);
	t->shown = xcalloc(n > 0 ? n : 1, sizeof *t->shown);
	t->n_shown = 0;
	t->ranging = false;
	for (size_t i = 0; i < n; i++)
		if (passes(t, t->order[i], now_s))
			t->shown[t->n_shown++] = t->order[i];
	if (current != NULL)
		(void)table_go(t, current);
	clamp(t);
}

static void
show_again(struct table *t, int64_t now_s)
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
	for (size_t i = 0; strmap_len(marked) > 0 && i < rows->all.len; i++)
		if (strmap_has(marked, str_of(rows->all.at[i].id))) {
			rows->all.at[i].marked = true;
			t->n_marked++;
		}
	t->rows = rows;
	t->ordered = NULL;
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
	show_again(t, now_s);
}

const char *
table_filter_note(const struct table *t)
{
	return t->filter != NULL ? filter_note(t->filter) : "";
}

static struct row *
row_at(const struct table *t, size_t at)
{
	return at < t->n_shown ? &t->rows->all.at[t->shown[at]] : NULL;
}

const char *
table_current(const struct table *t)
{
	const struct row *r = row_at(t, t->cursor);

	return r != NULL ? r->id : NULL;
}

const char *
table_current_cell(const struct table *t, size_t column)
{
	const struct row *r = row_at(t, t->cursor);

	return r != NULL ? r->cells[column] : NULL;
}

bool
table_go(struct table *t, const char *id)
{
	for (size_t i = 0; i < t->n_shown; i++)
		if (strcmp(row_at(t, i)->id, id) == 0) {
			t->cursor = i;
			clamp(t);
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

	for (size_t i = 0; i < t->n_shown; i++)
		shown += row_at(t, i)->marked;
	return t->n_marked - shown;
}

/* --- actions --- */

static void
set_mark(struct table *t, size_t at, bool on)
{
	struct row *r = row_at(t, at);

	if (r == NULL || r->marked == on)
		return;
	r->marked = on;
	t->n_marked = on ? t->n_marked + 1 : t->n_marked - 1;
}

static void
move(struct table *t, ptrdiff_t by)
{
	ptrdiff_t to = (ptrdiff_t)t->cursor + by, last = (ptrdiff_t)t->n_shown - 1;

	t->cursor = (size_t)(to < 0 || last < 0 ? 0 : to > last ? last : to);
	clamp(t);
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
	(void)now;
	t->scroll = t->scroll > SCROLL_STEP ? t->scroll - SCROLL_STEP : 0;
}

static void
act_right(struct table *t, int64_t now)
{
	(void)now;
	t->scroll += SCROLL_STEP;
}

static void
act_mark(struct table *t, int64_t now)
{
	const struct row *r = row_at(t, t->cursor);

	(void)now;
	if (r != NULL)
		set_mark(t, t->cursor, !r->marked);
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
	for (size_t i = 0; i < t->n_shown; i++)
		set_mark(t, i, !row_at(t, i)->marked);
}

static void
act_mark_none(struct table *t, int64_t now)
{
	for (size_t i = 0; t->n_marked > 0 && i < t->rows->all.len; i++)
		t->rows->all.at[i].marked = false;
	t->n_marked = 0;
	t->ranging = false;
	if (t->marked_only) {
		t->marked_only = false;
		show_again(t, now);
	}
}

static void
act_marked_only(struct table *t, int64_t now)
{
	t->marked_only = !t->marked_only && t->n_marked > 0;
	show_again(t, now);
}

static void
act_sort(struct table *t, int64_t now)
{
	do
		t->sort = (t->sort + 1) % t->n_columns;
	while (t->columns[t->sort].wide && !t->wide);
	show_again(t, now);
}

static void
act_sort_back(struct table *t, int64_t now)
{
	do
		t->sort = (t->sort + t->n_columns - 1) % t->n_columns;
	while (t->columns[t->sort].wide && !t->wide);
	show_again(t, now);
}

static void
act_sort_reverse(struct table *t, int64_t now)
{
	t->descending = !t->descending;
	show_again(t, now);
}

static void
act_wide(struct table *t, int64_t now)
{
	(void)now;
	t->wide = !t->wide;
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
	{ "filter-clear", act_filter_clear },
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

bool
table_click(struct table *t, int row, int64_t now_s)
{
	(void)now_s;
	if (row < 1 || t->top + (size_t)row - 1 >= t->n_shown)
		return false;
	t->cursor = t->top + (size_t)row - 1;
	clamp(t);
	return true;
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

static void
draw_row(const struct table *t, struct area a, int line, size_t at, const struct layout *l, enum times times, int64_t now_s)
{
	const struct row *r = row_at(t, at);
	char spare[CELL_TEXT];
	int col = MARGIN;

	for (size_t i = 0; i < t->n_columns; i++) {
		enum role role = t->columns[i].kind == COL_STATE ? (enum role)r->role : ROLE_TEXT;
		struct str text;

		if (!l->on[i])
			continue;
		text = cell_text(t->rows, t->shown[at], i, times, now_s, spare);
		/* Only the first column can be longer than a screen: names. */
		if (i == 0 && t->scroll > 0 && text.len > (size_t)l->width[0])
			text = str_sub(text, (size_t)t->scroll < text.len - 1 ? (size_t)t->scroll : text.len - 1, text.len);
		if (is_right(t->columns[i].kind))
			(void)area_right(a, line, col, l->width[i], role, text);
		else
			(void)area_text(a, line, col, l->width[i], role, text);
		col += l->width[i] + 1;
	}
	if (r->marked)
		area_paint(a, line, 0, a.cols, ROLE_ROW_MARKED);
	if (in_range(t, at))
		area_paint(a, line, 0, a.cols, ROLE_ROW_RANGE);
	if (at == t->cursor) {
		area_paint(a, line, 0, a.cols, ROLE_ROW_CURSOR);
		(void)area_text(a, line, r->marked ? 0 : 1, -1, ROLE_ROW_CURSOR, S(">"));
	}
	if (r->marked)
		(void)area_text(a, line, 1, 1, at == t->cursor ? ROLE_ROW_CURSOR : ROLE_ROW_MARKED, S("*"));
}

void
table_draw(struct table *t, struct area a, enum times times, int64_t now_s)
{
	struct layout l = lay_out(t, a.cols);

	t->page = a.rows > 1 ? a.rows - 1 : 1;
	clamp(t);
	draw_head(t, a, &l);
	for (int i = 0; i < a.rows - 1 && t->top + (size_t)i < t->n_shown; i++)
		draw_row(t, a, i + 1, t->top + (size_t)i, &l, times, now_s);
}

void
table_summary(const struct table *t, struct buf *left, struct buf *right)
{
	size_t all = t->rows != NULL ? t->rows->all.len : 0;

	if (t->n_shown != all)
		buf_putf(left, "%zu/%zu", t->n_shown, all);
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
	buf_putf(right, "sort %s%s", t->columns[t->sort].title, t->descending ? " desc" : "");
}
