/* Cells of the screen: text made harmless, clipped, cut; glyphs of the program in UTF-8 or ASCII. */
#include "ui/canvas.h"

#include "base/mem.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_BYTES 4096

/* What stands for each glyph; ASCII ones may take several cells (ui.md 8.3). */
static const struct { const char *ascii; uint32_t c; } glyphs[] = {
	[GLYPH_RULE] = { "-", 0x2500 }, [GLYPH_BAR_FULL] = { "#", 0x2588 }, [GLYPH_BAR_EMPTY] = { ".", 0x2591 },
	[GLYPH_TREE_LINE] = { "|", 0x2502 }, [GLYPH_TREE_CLOSED] = { "[+]", 0x25b8 },
	[GLYPH_TREE_OPEN] = { "[-]", 0x25be }, [GLYPH_ELLIPSIS] = { "..", 0x2026 }, [GLYPH_ARROW] = { "->", 0x2192 },
	[GLYPH_DOWN] = { "v", 0x2193 }, [GLYPH_UP] = { "^", 0x2191 }, [GLYPH_COLUMN] = { "|", 0x2502 },
};
_Static_assert(COUNT(glyphs) == GLYPH_COUNT_, "every glyph has its forms");

static const struct cell blank = { .c = { ' ' }, .role = ROLE_TEXT };

void
canvas_resize(struct canvas *v, int rows, int cols)
{
	free(v->at);
	v->rows = rows;
	v->cols = cols;
	v->at = xcalloc((size_t)rows * (size_t)cols, sizeof *v->at);
	canvas_clear(v);
}

void
canvas_done(struct canvas *v)
{
	free(v->at);
	v->at = NULL;
	v->rows = v->cols = 0;
}

void
canvas_clear(struct canvas *v)
{
	for (int i = 0; i < v->rows * v->cols; i++)
		v->at[i] = blank;
	v->cursor_row = -1;
	v->cursor_col = 0;
}

struct area
canvas_all(struct canvas *v)
{
	return (struct area){ v, 0, 0, v->rows, v->cols };
}

static int
at_most(int n, int limit)
{
	return n < 0 ? 0 : n < limit ? n : limit;
}

struct area
area_part(struct area a, int row, int col, int rows, int cols)
{
	row = at_most(row, a.rows);
	col = at_most(col, a.cols);
	return (struct area){ a.on, a.row + row, a.col + col, at_most(rows, a.rows - row), at_most(cols, a.cols - col) };
}

static struct cell *
cell_at(struct area a, int row, int col)
{
	if (row < 0 || row >= a.rows || col < 0 || col >= a.cols)
		return NULL;
	return &a.on->at[(a.row + row) * a.on->cols + a.col + col];
}

void
area_fill(struct area a, enum role role)
{
	for (int row = 0; row < a.rows; row++)
		for (int col = 0; col < a.cols; col++)
			*cell_at(a, row, col) = (struct cell){ .c = { ' ' }, .role = (uint8_t)role };
}

/* --- characters --- */

/* A wide character is never halved: what is left of one that is written over becomes blank. */
static void
unpair(struct area a, int row, int col)
{
	struct cell *here = cell_at(a, row, col), *next = cell_at(a, row, col + 1);

	if (here->c[0] == 0 && col > 0)
		cell_at(a, row, col - 1)->c[0] = ' ';
	if (next != NULL && next->c[0] == 0)
		next->c[0] = ' ';
}

static void
put(struct area a, int row, int col, uint32_t c, unsigned width, enum role role, enum attr attr)
{
	for (unsigned i = 0; i < width; i++) {
		struct cell *to = cell_at(a, row, col + (int)i);

		unpair(a, row, col + (int)i);
		*to = (struct cell){ .c = { i == 0 ? c : 0 }, .role = (uint8_t)role, .attr = (uint8_t)attr };
	}
}

static void
join(struct area a, int row, int col, uint32_t mark)
{
	struct cell *base = cell_at(a, row, col);

	if (base != NULL && base->c[0] == 0)
		base = cell_at(a, row, col - 1);
	if (base == NULL)
		return;
	for (int i = 1; i <= CELL_MARKS; i++)
		if (base->c[i] == 0) {
			base->c[i] = mark;
			return;
		}
}

/* As it is drawn: what ASCII lacks is a question mark. */
static void
next_char(struct str s, bool ascii, struct text_char *t)
{
	text_first(s, t);
	if (ascii && t->c > 0x7e && t->width > 0) {
		t->c = '?';
		t->width = 1;
	}
}

int
canvas_width(struct str s, bool ascii)
{
	int n = 0;

	while (s.len > 0) {
		struct text_char t;

		next_char(s, ascii, &t);
		n += (int)t.width;
		s = str_sub(s, t.len, s.len);
	}
	return n;
}

struct str
canvas_fit(struct str s, int cols, bool ascii)
{
	size_t n = 0, space = 0;

	for (int width = 0; n < s.len;) {
		struct text_char t;

		next_char(str_sub(s, n, s.len), ascii, &t);
		width += (int)t.width;
		if (width > cols && n > 0)
			return str_sub(s, 0, space > n / 2 ? space : n);
		n += t.len;
		if (s.p[n - 1] == ' ')
			space = n;
	}
	return s;
}

static int
put_escape(struct area a, int row, int col, int end, const char *text, enum role role)
{
	int n = 0;

	for (; text[n] != '\0' && col + n < end; n++)
		put(a, row, col + n, (uint32_t)text[n], 1, role, ATTR_REVERSE);
	return n;
}

/* Does s fit into width cells?  Looks no further than needed. */
static bool
fits(struct str s, bool ascii, int width)
{
	while (s.len > 0 && width >= 0) {
		struct text_char t;

		next_char(s, ascii, &t);
		width -= (int)t.width;
		s = str_sub(s, t.len, s.len);
	}
	return width >= 0;
}

int
area_text(struct area a, int row, int col, int width, enum role role, struct str s)
{
	int end = width < 0 || col + width > a.cols ? a.cols : col + width, at = col;
	int dots = a.on->ascii ? 2 : 1;
	bool cut;

	if (row < 0 || row >= a.rows || col < 0 || col >= end)
		return 0;
	s = str_sub(s, 0, LINE_MAX_BYTES);
	cut = !fits(s, a.on->ascii, end - col);
	if (cut && end - col > dots)
		end -= dots;
	else
		dots = 0;
	while (s.len > 0) {
		struct text_char t;

		next_char(s, a.on->ascii, &t);
		if (at + (int)t.width > end)
			break;
		if (t.c == 0)
			at += put_escape(a, row, at, end, t.escape, role);
		else if (t.width == 0 && !a.on->ascii)
			join(a, row, at - 1, t.c);
		else
			put(a, row, at, t.c, t.width, role, 0);
		at += t.c == 0 ? 0 : (int)t.width;
		s = str_sub(s, t.len, s.len);
	}
	if (cut && dots > 0)
		at += area_glyph(a, row, at, GLYPH_ELLIPSIS, role);
	return at - col;
}

int
area_wrap(struct area a, int row, int col, int rows, enum role role, struct str s)
{
	int used = 0;

	for (; s.len > 0 && used < rows; used++) {
		struct str part = used + 1 < rows ? canvas_fit(s, a.cols - col, a.on->ascii) : s;

		(void)area_text(a, row + used, col, -1, role, part);
		s = str_sub(s, part.len, s.len);
	}
	return used;
}

int
area_putf(struct area a, int row, int col, enum role role, const char *fmt, ...)
{
	AUTO_FREE char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	return area_text(a, row, col, -1, role, str_of(text));
}

int
area_right(struct area a, int row, int col, int width, enum role role, struct str s)
{
	int need = canvas_width(s, a.on->ascii);

	return need >= width ? area_text(a, row, col, width, role, s)
		: area_text(a, row, col + width - need, need, role, s);
}

int
area_glyph(struct area a, int row, int col, enum glyph g, enum role role)
{
	const char *text = glyphs[g].ascii;
	int n = 0;

	if (!a.on->ascii) {
		if (cell_at(a, row, col) == NULL)
			return 0;
		put(a, row, col, glyphs[g].c, 1, role, 0);
		return 1;
	}
	for (; text[n] != '\0' && cell_at(a, row, col + n) != NULL; n++)
		put(a, row, col + n, (uint32_t)text[n], 1, role, 0);
	return n;
}

void
area_rule(struct area a, int row, enum role role)
{
	for (int col = 0; col < a.cols; col++)
		(void)area_glyph(a, row, col, GLYPH_RULE, role);
}

void
area_bar(struct area a, int row, int col, int width, uint64_t done, uint64_t total)
{
	/* As a fraction first: done times width may be more than a number holds. */
	int full = total == 0 ? 0 : done >= total ? width : (int)((double)done / (double)total * width);

	for (int i = 0; i < width; i++)
		(void)area_glyph(a, row, col + i, i < full ? GLYPH_BAR_FULL : GLYPH_BAR_EMPTY,
			i < full ? ROLE_BAR_FULL : ROLE_BAR_EMPTY);
}

void
area_paint(struct area a, int row, int col, int width, enum role role)
{
	for (int i = 0; i < width; i++) {
		struct cell *c = cell_at(a, row, col + i);

		if (c != NULL)
			c->role = (uint8_t)role;
	}
}

void
area_cursor(struct area a, int row, int col)
{
	if (cell_at(a, row, col) == NULL)
		return;
	a.on->cursor_row = a.row + row;
	a.on->cursor_col = a.col + col;
}

/* --- for tests and plain view --- */

static void
put_utf8(struct buf *out, uint32_t c)
{
	char utf8[4];

	buf_put(out, utf8, text_encode(c, utf8));
}

void
canvas_dump(const struct canvas *v, struct buf *out)
{
	for (int row = 0; row < v->rows; row++) {
		size_t end = out->len;

		for (int col = 0; col < v->cols; col++) {
			const struct cell *c = &v->at[row * v->cols + col];

			for (int i = 0; i <= CELL_MARKS && c->c[i] != 0; i++)
				put_utf8(out, c->c[i]);
			if (c->c[0] != ' ' && c->c[0] != 0)
				end = out->len;
		}
		buf_cut(out, end);
		buf_putc(out, '\n');
	}
}

void
canvas_dump_roles(const struct canvas *v, struct buf *out)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";

	_Static_assert(sizeof letters - 1 >= ROLE_COUNT_, "every role has its letter");
	for (int row = 0; row < v->rows; row++) {
		for (int col = 0; col < v->cols; col++) {
			const struct cell *c = &v->at[row * v->cols + col];

			buf_putc(out, c->role == ROLE_TEXT && c->attr == 0 ? ' ' : letters[c->role]);
		}
		buf_putc(out, '\n');
	}
}
