/* A list of rows with a cursor, marks, a filter and an order.  Works the same for ten rows and for 100,000.  UI thread. */
#ifndef ORLOP_UI_WIDGETS_TABLE_H
#define ORLOP_UI_WIDGETS_TABLE_H

#include "base/buf.h"
#include "ui/canvas.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum column_kind {
	COL_TEXT,
	COL_STATE,       /* a word; the row's role is its look */
	COL_COUNT, COL_SIZE,     /* a number; bytes */
	COL_AGE, COL_IN          /* a point in time (Unix seconds; 0: none): how long ago, how soon */
};
struct column {
	const char      *title;
	enum column_kind kind;
	int              min, max;       /* cells; what is left of the screen goes to the columns by their max */
	int              priority;       /* 0: always shown; the higher, the earlier it is left out for lack of room */
	bool             wide;           /* on request only */
};

/* Rows to show, filled once and then handed to a table. */
struct rows;
struct rows *table_rows_new(const struct column *columns, size_t n);
void table_rows_free(struct rows *r);
/* id: what the row is, unique; cells: a text for each column (NULL: empty); nums: a value for each, for columns that show
 * numbers (may be NULL when there are none).  Copies. */
void table_rows_add(struct rows *r, const char *id, const char *const *cells, const int64_t *nums, const char *labels,
	enum role role);
/*
 * Makes an outline of the rows: the one that was added last is in the nearest row before it that is less deep (0:
 * outermost), which is a group; groups are closed at first.  Rows of an outline stay in the order in which they were
 * added.  Marks and counts are about the rows that are no groups: to mark a group is to mark what of it passes the filter.
 * For all rows or none.
 */
void table_rows_nest(struct rows *r, unsigned depth, bool group);
size_t table_rows_len(const struct rows *r);

/* "12s ago", "3h ago", "in 5d" into out (CELL_AGE_MAX). */
#define CELL_AGE_MAX 48
char *table_age(char out[CELL_AGE_MAX], int64_t then_s, int64_t now_s, bool future);

enum times { TIMES_AGE, TIMES_LOCAL, TIMES_UTC };

struct table {
	const struct column *columns;
	size_t               n_columns;
	struct rows         *rows;           /* NULL: not loaded yet */
	uint32_t            *shown;          /* indices of rows, filtered and sorted */
	uint32_t            *order;          /* indices of all rows, as ordered says; NULL: not sorted yet */
	const struct rows   *ordered;
	size_t               ordered_by;
	bool                 ordered_down;
	size_t               n_shown, cursor, top;       /* in shown */
	size_t               n_marked, n_found;          /* n_found: those that pass the filter, in closed groups, too */
	struct filter       *filter;
	char                *filter_text;    /* "" for none */
	size_t               sort;           /* column */
	bool                 descending, wide, marked_only;
	bool                 ranging;
	size_t               range_from;     /* in shown */
	int                  scroll;         /* columns of text scrolled away to the left */
	int                  page, cols;     /* of the last draw */
};

void table_init(struct table *t, const struct column *columns, size_t n, size_t sort, bool descending);
void table_done(struct table *t);

/* Shows other rows: cursor and marks stay with their ids; those that are gone lose them. */
void table_set(struct table *t, struct rows *rows /* taken */, int64_t now_s);
void table_set_filter(struct table *t, const char *text, int64_t now_s);
const char *table_filter_note(const struct table *t);

/* The id of the row with the cursor; NULL: there is none. */
const char *table_current(const struct table *t);
/* A cell of that row. */
const char *table_current_cell(const struct table *t, size_t column);
/* That row is a group of an outline. */
bool table_is_group(const struct table *t);
/* Opens or closes it. */
void table_toggle(struct table *t, int64_t now_s);
/* Moves the cursor to the row; false: it is not shown. */
bool table_go(struct table *t, const char *id);
bool table_is_marked(const struct table *t, const char *id);
/* Calls fn for each marked row, shown or not, in the order of the rows; of an outline those that are no groups. */
void table_each_marked(const struct table *t, void (*fn)(void *ctx, const char *id), void *ctx);
/* The same for an outline, with a group of which all is marked in place of what is in it. */
void table_each_branch(const struct table *t, void (*fn)(void *ctx, const char *id, bool group), void *ctx);
size_t table_marked_hidden(const struct table *t);

/* An action of keys.h by its id ("down", "mark", "sort", ...).  False: not one of a table's. */
bool table_act(struct table *t, const char *action, int64_t now_s);
/* A click into the area that was drawn last: on a row, true; on the head of a column, which orders by it, or elsewhere, false. */
bool table_click(struct table *t, int row, int col, int64_t now_s);

/* Head line and rows. */
void table_draw(struct table *t, struct area a, enum times times, int64_t now_s);
/* "8/37 /nightly 1 marked ... sort CREATED desc" */
void table_summary(const struct table *t, struct buf *left, struct buf *right);

#endif
