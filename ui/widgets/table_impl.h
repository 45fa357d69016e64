/* What table.c, table_rows.c and outline.c share.  UI thread. */
#ifndef ORLOP_UI_WIDGETS_TABLE_IMPL_H
#define ORLOP_UI_WIDGETS_TABLE_IMPL_H

#include "base/arena.h"
#include "ui/widgets/table.h"

#define COLUMNS_MAX 24
#define CELL_TEXT   64           /* of a cell that is a number or a time */

struct row {
	const char  *id, *labels;
	const char **cells;
	uint8_t      role;
	bool         marked;
	/* of an outline */
	bool         group, open;
	bool         found;              /* passes the filter; a group: one of its rows does */
	uint8_t      depth;
	uint32_t     parent;             /* row + 1; 0: outermost */
	uint32_t     leaves, n_marked;   /* of a group: rows in it that are no groups, and those with marks */
};

struct rows {
	const struct column *columns;
	size_t               n_columns;
	struct arena         arena;
	struct { struct row *at; size_t len, cap; } all;
	struct { int64_t *at; size_t len, cap; } nums;           /* n_columns for each row, if any column has them */
	bool                 numeric, outline;
	size_t               n_leaves;
};

bool column_is_numeric(enum column_kind k);
int64_t rows_num(const struct rows *r, size_t row, size_t column);
/* The text of a cell: its own or one made in spare. */
struct str rows_text(const struct rows *r, size_t row, size_t column, enum times times, int64_t now_s, char spare[CELL_TEXT]);

/* The row at a place of what is shown; NULL: none. */
struct row *table_row(const struct table *t, size_t at);
/* Puts the row with the cursor onto the page. */
void table_clamp(struct table *t);
void table_show_again(struct table *t, int64_t now_s);
/* Whether a row passes filter and marks. */
bool table_passes(struct table *t, uint32_t row, int64_t now_s);

/* --- outline.c --- */

/* Fills t->shown: of closed groups nothing but themselves, unless something is looked for. */
void outline_show(struct table *t, int64_t now_s);
/* What is in the group is shown. */
bool outline_is_open(const struct table *t, const struct row *r);
/* One row that is no group. */
void table_mark_row(struct table *t, struct row *r, bool on);
/* Of a row that is no group, or of all that pass the filter in a group. */
void outline_mark(struct table *t, struct row *r, bool on);
/* All of them that pass have a mark. */
bool outline_is_marked(const struct table *t, const struct row *r);
void outline_invert(struct table *t);
void outline_left(struct table *t, int64_t now_s);
void outline_right(struct table *t, int64_t now_s);
void outline_expand_all(struct table *t, int64_t now_s);
/* Groups that were open stay so in other rows. */
void outline_keep_open(const struct rows *from, struct rows *to);

#endif
