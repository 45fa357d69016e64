/* The rows of tables: texts in an arena, numbers beside them, which become text when they are needed. */
#include "ui/widgets/table_impl.h"

#include "base/attr.h"
#include "base/clock.h"
#include "base/fmt.h"
#include "base/mem.h"
#include "base/vec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_S ((int64_t)24 * 60 * 60)

bool
column_is_numeric(enum column_kind k)
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
		r->numeric |= column_is_numeric(columns[i].kind);
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
	r->n_leaves++;
}

size_t
table_rows_len(const struct rows *r)
{
	return r->all.len;
}

int64_t
rows_num(const struct rows *r, size_t row, size_t column)
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

struct str
rows_text(const struct rows *r, size_t row, size_t column, enum times times, int64_t now_s, char spare[CELL_TEXT])
{
	const struct column *c = &r->columns[column];
	char number[FMT_MAX];

	if (!column_is_numeric(c->kind))
		return str_of(r->all.at[row].cells[column]);
	if (c->kind == COL_AGE || c->kind == COL_IN)
		time_text(spare, c, rows_num(r, row, column), times, now_s);
	else if (rows_num(r, row, column) < 0)     /* not known */
		(void)snprintf(spare, CELL_TEXT, "%s", r->outline ? "" : "-");
	else if (c->kind == COL_SIZE)
		(void)snprintf(spare, CELL_TEXT, "%s", fmt_size(number, (uint64_t)rows_num(r, row, column)));
	else
		(void)snprintf(spare, CELL_TEXT, "%s", fmt_count(number, (uint64_t)rows_num(r, row, column)));
	return str_of(spare);
}
