/*
 * The screen as an array of cells: what draw functions write and term.c puts onto the terminal.  Text from outside is
 * made harmless here, before it has a width.  No curses: tests read the cells.  UI thread.
 */
#ifndef ORLOP_UI_CANVAS_H
#define ORLOP_UI_CANVAS_H

#include "base/attr.h"
#include "base/buf.h"
#include "base/str.h"
#include "ui/theme.h"

#include <stdbool.h>
#include <stdint.h>

#define CELL_MARKS 4             /* combining characters kept with their base */

struct cell {
	uint32_t c[1 + CELL_MARKS];      /* Unicode; 0 ends them; c[0] is 0 in the right half of a wide character */
	uint8_t  role, attr;             /* attr is added to the role's */
};

enum glyph {
	GLYPH_RULE, GLYPH_BAR_FULL, GLYPH_BAR_EMPTY, GLYPH_TREE_LINE, GLYPH_TREE_CLOSED, GLYPH_TREE_OPEN,
	GLYPH_ELLIPSIS, GLYPH_ARROW, GLYPH_DOWN, GLYPH_UP, GLYPH_COLUMN, GLYPH_COUNT_
};

struct canvas {
	int          rows, cols;
	struct cell *at;                 /* rows x cols */
	bool         ascii;              /* no byte above 0x7e is drawn */
	int          cursor_row, cursor_col;     /* of the terminal's cursor; row -1: hidden */
};

/* A part of the canvas; everything is clipped to it, coordinates are relative to it. */
struct area { struct canvas *on; int row, col, rows, cols; };

void canvas_resize(struct canvas *v, int rows, int cols);         /* also the first time; blank afterwards */
void canvas_done(struct canvas *v);
void canvas_clear(struct canvas *v);
struct area canvas_all(struct canvas *v);

/* A part of a; clipped to it. */
struct area area_part(struct area a, int row, int col, int rows, int cols);
void area_fill(struct area a, enum role role);

/*
 * Draws one line of text at (row, col), at most width cells (cut with an ellipsis) or, for width < 0, to the end of the
 * area.  Control characters, broken UTF-8 and marks of direction become visible, in reverse.  Returns the cells used.
 */
int area_text(struct area a, int row, int col, int width, enum role role, struct str s);
int area_putf(struct area a, int row, int col, enum role role, const char *fmt, ...) PRINTF_LIKE(5, 6);
/* The same, ending at the right edge of width cells. */
int area_right(struct area a, int row, int col, int width, enum role role, struct str s);
/* As many lines as the text needs, at most rows; the last one is cut.  Returns the lines used. */
int area_wrap(struct area a, int row, int col, int rows, enum role role, struct str s);
int area_glyph(struct area a, int row, int col, enum glyph g, enum role role);   /* returns the cells used */
void area_rule(struct area a, int row, enum role role);
/* A bar of width cells of which done/total are full. */
void area_bar(struct area a, int row, int col, int width, uint64_t done, uint64_t total);
/* Changes the look of cells that are drawn already, keeping their text. */
void area_paint(struct area a, int row, int col, int width, enum role role);
void area_cursor(struct area a, int row, int col);

/* Cells that area_text would use without a limit. */
int canvas_width(struct str s, bool ascii);
/* The beginning of s that fits into cols cells, up to a blank where one is near; at least one character. */
struct str canvas_fit(struct str s, int cols, bool ascii);

/* The screen as text, a line for each row without the blanks at its end, for tests and for plain view. */
void canvas_dump(const struct canvas *v, struct buf *out);
/* Letters for the roles, a line for each row, for golden tests of colors. */
void canvas_dump_roles(const struct canvas *v, struct buf *out);

#endif
