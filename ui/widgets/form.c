/* Values, keys and drawing of forms. */
#include "ui/widgets/form.h"

#include "base/attr.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define VALUE_MAX (64 * 1024)
#define LABEL_COLS 24
#define BOX_COLS   44            /* a text is seldom longer */

/* --- values --- */

static int
find(const struct form *f, const char *id)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->fields[i].id != NULL && strcmp(f->fields[i].id, id) == 0)
			return (int)i;
	return -1;
}

static const char *
value(const struct form *f, size_t i)
{
	return f->values[i].len > 0 ? buf_cstr(&f->values[i]) : "";
}

static void
put(struct form *f, size_t i, struct str text)
{
	if (f->fields[i].kind == FIELD_SECRET)
		buf_wipe(&f->values[i]);
	buf_cut(&f->values[i], 0);
	buf_put_str(&f->values[i], str_sub(text, 0, VALUE_MAX - 8));
}

void
form_init(struct form *f, const struct field *fields, size_t n)
{
	*f = (struct form){ .fields = fields, .n = n, .values = xcalloc(n, sizeof *f->values),
		.errors = xcalloc(n, sizeof *f->errors) };
	for (size_t i = 0; i < n; i++) {
		f->values[i] = (struct buf)BUF_INIT(VALUE_MAX);
		if (fields[i].value != NULL)
			put(f, i, str_of(fields[i].value));
		else if (fields[i].kind == FIELD_CHOICE)
			put(f, i, str_of(fields[i].choices[0]));
	}
	form_focus(f, NULL);
}

void
form_wipe(struct form *f)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->fields[i].kind == FIELD_SECRET)
			buf_wipe(&f->values[i]);
	f->caret = f->values[f->focus].len;
}

void
form_done(struct form *f)
{
	if (f->values == NULL)
		return;
	form_wipe(f);
	for (size_t i = 0; i < f->n; i++) {
		buf_free(&f->values[i]);
		free(f->errors[i]);
	}
	free(f->values);
	free(f->errors);
	*f = (struct form){ 0 };
}

const char *
form_get(const struct form *f, const char *id)
{
	int i = find(f, id);

	return i < 0 ? "" : value(f, (size_t)i);
}

bool
form_yes(const struct form *f, const char *id)
{
	return form_get(f, id)[0] != '\0';
}

bool
form_is(const struct form *f, const char *id, const char *v)
{
	return strcmp(form_get(f, id), v) == 0;
}

void
form_set(struct form *f, const char *id, const char *text)
{
	int i = find(f, id);

	if (i < 0)
		return;
	put(f, (size_t)i, str_of(text));
	if ((size_t)i == f->focus)
		f->caret = f->values[i].len;
}

void
form_setf(struct form *f, const char *id, const char *fmt, ...)
{
	AUTO_FREE char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	form_set(f, id, text);
}

void
form_error(struct form *f, const char *id, const char *why)
{
	int i = find(f, id);

	if (i < 0)
		return;
	free(f->errors[i]);
	f->errors[i] = xstrdup_or_null(why);
}

/* --- focus --- */

static bool
is_shown(const struct form *f, size_t i)
{
	return f->fields[i].shown == NULL || f->fields[i].shown(f);
}

static bool
takes_focus(const struct form *f, size_t i)
{
	return f->fields[i].kind != FIELD_NOTE && is_shown(f, i);
}

static void
focus_at(struct form *f, size_t i)
{
	f->focus = i;
	f->caret = f->values[i].len;
}

static void
focus_by(struct form *f, size_t step)
{
	for (size_t k = 1, i = f->focus; k <= f->n; k++) {
		i = (i + step) % f->n;
		if (takes_focus(f, i)) {
			focus_at(f, i);
			return;
		}
	}
}

/* id NULL: the first one. */
void
form_focus(struct form *f, const char *id)
{
	int i = id != NULL ? find(f, id) : -1;

	if (i >= 0 && takes_focus(f, (size_t)i)) {
		focus_at(f, (size_t)i);
	} else {
		f->focus = f->n - 1;
		focus_by(f, 1);
	}
}

static bool
check_field(struct form *f, size_t i)
{
	AUTO_BUF struct buf why = BUF_INIT(1024);

	free(TAKE(f->errors[i]));
	if (f->fields[i].check == NULL || !is_shown(f, i) || f->fields[i].check(value(f, i), &why))
		return true;
	f->errors[i] = xstrdup(buf_cstr(&why));
	return false;
}

bool
form_check(struct form *f)
{
	size_t first = f->n;

	for (size_t i = f->n; i-- > 0;)
		if (!check_field(f, i))
			first = i;
	if (first < f->n)
		focus_at(f, first);
	return first == f->n;
}

/* --- keys --- */

static bool
is_text(const struct field *d)
{
	return d->kind == FIELD_TEXT || d->kind == FIELD_SECRET;
}

static enum form_did
changed(struct form *f)
{
	f->touched = true;
	free(TAKE(f->errors[f->focus]));
	return FORM_CHANGED;
}

static enum form_did
insert(struct form *f, struct str text)
{
	struct buf *v = &f->values[f->focus];
	AUTO_BUF struct buf all = BUF_INIT(2 * VALUE_MAX);
	struct err ignored;

	if (v->len + text.len >= VALUE_MAX)
		return FORM_DONE;
	/* So that it moves nowhere, and can be wiped. */
	if (buf_room(&all, v->len + text.len + 1, &ignored) == NULL)
		return FORM_DONE;
	buf_put_str(&all, str_sub(buf_str(v), 0, f->caret));
	buf_put_str(&all, text);
	buf_put_str(&all, str_sub(buf_str(v), f->caret, v->len));
	put(f, f->focus, buf_str(&all));
	secret_wipe(all.p, all.len);
	f->caret += text.len;
	return changed(f);
}

static void
cut(struct form *f, size_t from, size_t to)
{
	struct buf *v = &f->values[f->focus];

	if (from == to)
		return;
	memmove(v->p + from, v->p + to, v->len - to);
	buf_cut(v, v->len - (to - from));
	f->caret = from;
}

static size_t
before(const struct buf *v, size_t at)
{
	while (at > 0 && ((unsigned char)v->p[--at] & 0xc0) == 0x80)
		;
	return at;
}

static size_t
after(const struct buf *v, size_t at)
{
	while (at < v->len && ((unsigned char)v->p[++at] & 0xc0) == 0x80 && at < v->len)
		;
	return at;
}

static size_t
word_before(const struct buf *v, size_t at)
{
	while (at > 0 && v->p[at - 1] == ' ')
		at--;
	while (at > 0 && v->p[at - 1] != ' ')
		at--;
	return at;
}

static enum form_did
text_key(struct form *f, keycode k)
{
	struct buf *v = &f->values[f->focus];
	char utf8[4];

	switch (k) {
	case K_LEFT:
		f->caret = before(v, f->caret);
		return FORM_DONE;
	case K_RIGHT:
		f->caret = after(v, f->caret);
		return FORM_DONE;
	case K_HOME:
		f->caret = 0;
		return FORM_DONE;
	case K_END:
		f->caret = v->len;
		return FORM_DONE;
	case K_BACKSPACE:
		if (f->caret > 0)
			cut(f, before(v, f->caret), f->caret);
		return changed(f);
	case K_DELETE:
		if (f->caret < v->len)
			cut(f, f->caret, after(v, f->caret));
		return changed(f);
	case KEY_CTRL | 'u':
		cut(f, 0, v->len);
		return changed(f);
	case KEY_CTRL | 'w':
		cut(f, word_before(v, f->caret), f->caret);
		return changed(f);
	default:
		if (k < ' ' || k >= KEY_NAMED)
			return FORM_NOT_MINE;
		return insert(f, (struct str){ utf8, text_encode(k, utf8) });
	}
}

static enum form_did
choose(struct form *f, int by)
{
	const struct field *d = &f->fields[f->focus];
	size_t n = 0, at = 0;

	for (; d->choices[n] != NULL; n++)
		if (strcmp(d->choices[n], value(f, f->focus)) == 0)
			at = n;
	put(f, f->focus, str_of(d->choices[(at + n + (size_t)(by + (int)n)) % n]));
	return changed(f);
}

static enum form_did
press(struct form *f)
{
	f->pressed = f->fields[f->focus].id;
	return FORM_PRESSED;
}

enum form_did
form_key(struct form *f, keycode k)
{
	const struct field *d = &f->fields[f->focus];

	if (k == K_TAB || k == K_DOWN || (k == K_ENTER && d->kind != FIELD_BUTTON)) {
		(void)check_field(f, f->focus);
		focus_by(f, 1);
		return FORM_DONE;
	}
	if (k == K_BACK_TAB || k == K_UP) {
		(void)check_field(f, f->focus);
		focus_by(f, f->n - 1);
		return FORM_DONE;
	}
	if (is_text(d))
		return text_key(f, k);
	if (d->kind == FIELD_BUTTON && (k == K_ENTER || k == ' '))
		return press(f);
	if (d->kind == FIELD_BUTTON && (k == K_LEFT || k == K_RIGHT)) {
		focus_by(f, k == K_RIGHT ? 1 : f->n - 1);
		return FORM_DONE;
	}
	if (d->kind == FIELD_CHOICE && (k == ' ' || k == K_RIGHT))
		return choose(f, 1);
	if (d->kind == FIELD_CHOICE && k == K_LEFT)
		return choose(f, -1);
	if (d->kind == FIELD_CHECK && k == ' ') {
		put(f, f->focus, value(f, f->focus)[0] != '\0' ? S("") : S("yes"));
		return changed(f);
	}
	return FORM_NOT_MINE;
}

void
form_paste(struct form *f, struct str text)
{
	AUTO_BUF struct buf line = BUF_INIT(VALUE_MAX);
	bool lines = f->fields[f->focus].lines;

	if (!is_text(&f->fields[f->focus]))
		return;
	text = str_sub(str_trim(text), 0, VALUE_MAX / 2);
	for (size_t i = 0; i < text.len; i++)
		buf_putc(&line, (text.p[i] == '\n' && lines) || !strchr("\n\r\t", text.p[i]) ? text.p[i] : ' ');
	(void)insert(f, buf_str(&line));
	secret_wipe(line.p, line.len);
}

/* --- drawing --- */

static size_t
count_lines(struct str v)
{
	size_t n = v.len > 0 && v.p[v.len - 1] != '\n';

	for (size_t i = 0; i < v.len; i++)
		n += v.p[i] == '\n';
	return n;
}

/* The part of a value around the caret that fits. */
static void
draw_text(struct form *f, struct area a, size_t i, bool cursor)
{
	int cols = a.cols - LABEL_COLS - 5, from = 0;
	AUTO_FREE char *note = NULL;
	struct str v = buf_str(&f->values[i]);
	size_t start = 0;

	cols = cols < BOX_COLS ? cols : BOX_COLS;
	/* Lines are not for a box of one. */
	if (str_chr(v, '\n') < v.len) {
		note = xasprintf("%zu lines (Ctrl-U clears)", count_lines(v));
		v = str_of(note);
	}
	while (i == f->focus && note == NULL && canvas_width(str_sub(v, start, f->caret), a.on->ascii) >= cols)
		start = after(&f->values[i], start);
	area_putf(a, 0, LABEL_COLS, i == f->focus ? ROLE_BUTTON_FOCUS : ROLE_TEXT_DIM, "[");
	area_fill(area_part(a, 0, LABEL_COLS + 2, 1, cols), ROLE_FIELD);
	if (f->fields[i].kind == FIELD_SECRET) {
		for (int k = 0; k < cols && (size_t)k < v.len; k++)
			(void)area_text(a, 0, LABEL_COLS + 2 + k, 1, ROLE_FIELD, S("*"));
		from = (int)v.len < cols ? (int)v.len : cols - 1;
	} else if (v.len == 0 && f->fields[i].hint != NULL) {
		(void)area_text(a, 0, LABEL_COLS + 2, cols, ROLE_PROMPT_GHOST, str_of(f->fields[i].hint));
	} else {
		(void)area_text(a, 0, LABEL_COLS + 2, cols, ROLE_FIELD, str_sub(v, start, v.len));
		if (i == f->focus && note == NULL)
			from = canvas_width(str_sub(v, start, f->caret), a.on->ascii);
	}
	area_putf(a, 0, LABEL_COLS + 3 + cols, i == f->focus ? ROLE_BUTTON_FOCUS : ROLE_TEXT_DIM, "]");
	if (i == f->focus && cursor)
		area_cursor(a, 0, LABEL_COLS + 2 + from);
}

static int
choices_width(const struct form *f, size_t i)
{
	int width = 0;

	for (size_t k = 0; f->fields[i].choices[k] != NULL; k++)
		width += 6 + (int)strlen(f->fields[i].choices[k]);
	return width - 2;
}

static void
draw_choice(struct form *f, struct area a, size_t i, bool cursor)
{
	const struct field *d = &f->fields[i];
	int col = LABEL_COLS;

	if (choices_width(f, i) > a.cols - LABEL_COLS) {
		area_putf(a, 0, col, i == f->focus ? ROLE_BUTTON_FOCUS : ROLE_TEXT, "< %s >", value(f, i));
		if (i == f->focus && cursor)
			area_cursor(a, 0, col + 2);
		return;
	}
	for (size_t k = 0; d->choices[k] != NULL; k++) {
		bool on = strcmp(d->choices[k], value(f, i)) == 0;

		if (on && i == f->focus && cursor)
			area_cursor(a, 0, col + 1);
		col += area_putf(a, 0, col, on && i == f->focus ? ROLE_BUTTON_FOCUS : ROLE_TEXT, "(%c) %s", on ? 'o' : ' ',
			d->choices[k]) + 2;
	}
}

static void
draw_check(struct form *f, struct area a, size_t i, bool cursor)
{
	const struct field *d = &f->fields[i];

	area_putf(a, 0, LABEL_COLS, i == f->focus ? ROLE_BUTTON_FOCUS : ROLE_TEXT, "[%c]", value(f, i)[0] != '\0' ? 'x' : ' ');
	if (d->hint != NULL)
		area_putf(a, 0, LABEL_COLS + 4, ROLE_TEXT_DIM, "%s", d->hint);
	if (i == f->focus && cursor)
		area_cursor(a, 0, LABEL_COLS + 1);
}

/* Draws the lines of a note, or only counts them.  Returns the rows used. */
static int
put_note(const struct form *f, size_t i, int cols, const struct area *a, int row)
{
	struct str rest = buf_str(&f->values[i]), line;
	int col = f->fields[i].label != NULL && f->fields[i].label[0] != '\0' ? LABEL_COLS : 1, used = 0;

	while (rest.len > 0 && str_split(&rest, '\n', &line)) {
		do {
			struct str part = canvas_fit(line, cols - col, a != NULL && a->on->ascii);

			if (a != NULL && row + used >= 0)
				(void)area_text(*a, row + used, col, -1, ROLE_TEXT, part);
			line = str_sub(line, part.len, line.len);
			used++;
		} while (line.len > 0);
	}
	return used;
}

static int
button_width(const struct field *d)
{
	return (int)strlen(d->label) + 6;
}

static void
draw_button(struct form *f, struct area a, int row, int col, size_t i, bool cursor)
{
	area_putf(a, row, col, i == f->focus ? ROLE_BUTTON_FOCUS : ROLE_BUTTON, "[ %s ]", f->fields[i].label);
	if (i == f->focus && cursor)
		area_cursor(a, row, col + 2);
}

/* Where each field is, in lines of the whole form, and what is drawn of it: one walk for drawing, clicks and scrolling. */
struct walk { int row, col; bool in_buttons; };

static void
walk_to(struct walk *w, const struct form *f, size_t i)
{
	bool button = f->fields[i].kind == FIELD_BUTTON;

	if (!button && w->in_buttons)
		w->row++;
	if (button && !w->in_buttons) {
		w->row++;
		w->col = 1;
	}
	w->in_buttons = button;
}

static void
walk_past(struct walk *w, const struct form *f, size_t i)
{
	int lines = 1;

	if (f->fields[i].kind == FIELD_BUTTON) {
		w->col += button_width(&f->fields[i]);
		return;
	}
	if (f->fields[i].kind == FIELD_NOTE)
		lines = put_note(f, i, f->cols, NULL, 0);
	w->row += lines + (f->errors[i] != NULL);
}

/* Lines of the whole form, with the row of buttons under it; where the field with the focus is. */
static int
measure(const struct form *f, int *focus)
{
	struct walk w = { 0 };

	for (size_t i = 0; i < f->n; i++) {
		if (!is_shown(f, i))
			continue;
		walk_to(&w, f, i);
		if (i == f->focus)
			*focus = w.row;
		walk_past(&w, f, i);
	}
	return w.row + w.in_buttons;
}

/* The line of the screen on which it is; -1: on none. */
static int
line_of(const struct form *f, const struct walk *w, size_t i)
{
	if (!f->pinned)
		return w->row;
	if (f->fields[i].kind == FIELD_BUTTON)
		return f->rows - 1;
	return w->row < f->top || w->row - f->top >= f->rows - 1 ? -1 : w->row - f->top;
}

/* Keeps in sight what has the focus; behind the buttons, what is said last. */
static void
scroll(struct form *f)
{
	int at = 0, lines = measure(f, &at), view = f->rows - 1, last = lines - 2 - view;

	f->pinned = lines > f->rows;
	if (!f->pinned)
		f->top = 0;
	else if (f->fields[f->focus].kind == FIELD_BUTTON)
		f->top = last > 0 ? last : 0;
	else if (at < f->top)
		f->top = at;
	else if (at >= f->top + view - 1)
		f->top = at - view + 2 > 0 ? at - view + 2 : 0;
}

static void
draw_field(struct form *f, struct area a, int row, int col, size_t i, bool cursor)
{
	struct area line = area_part(a, row, 0, 1, a.cols);

	if (f->fields[i].kind != FIELD_BUTTON && f->fields[i].label != NULL)
		(void)area_text(a, row, 1, LABEL_COLS - 2, i == f->focus ? ROLE_TITLE : ROLE_TEXT, str_of(f->fields[i].label));
	switch (f->fields[i].kind) {
	case FIELD_TEXT:
	case FIELD_SECRET:
		draw_text(f, line, i, cursor);
		break;
	case FIELD_CHOICE:
		draw_choice(f, line, i, cursor);
		break;
	case FIELD_CHECK:
		draw_check(f, line, i, cursor);
		break;
	case FIELD_NOTE:
		(void)put_note(f, i, a.cols, &a, row);
		break;
	case FIELD_BUTTON:
		draw_button(f, a, row, col, i, cursor);
		break;
	}
	if (f->errors[i] != NULL)
		area_putf(a, row + 1, LABEL_COLS, ROLE_FIELD_ERROR, "%s", f->errors[i]);
}

int
form_draw(struct form *f, struct area a, bool cursor)
{
	struct walk w = { 0 };
	struct area view;

	if (!takes_focus(f, f->focus))
		form_focus(f, NULL);
	f->rows = a.rows;
	f->cols = a.cols;
	scroll(f);
	/* What is said under the last field that is seen would be under the buttons. */
	view = f->pinned ? area_part(a, 0, 0, a.rows - 1, a.cols) : a;
	for (size_t i = 0; i < f->n; i++) {
		int row;

		if (!is_shown(f, i))
			continue;
		walk_to(&w, f, i);
		row = line_of(f, &w, i);
		if (row >= 0)
			draw_field(f, f->fields[i].kind == FIELD_BUTTON ? a : view, row, w.col, i, cursor);
		walk_past(&w, f, i);
	}
	return w.row + w.in_buttons - f->top;
}

bool
form_place(const struct form *f, size_t i, int *row, int *col)
{
	struct walk w = { 0 };

	if (!is_shown(f, i) || !takes_focus(f, i))
		return false;
	for (size_t k = 0; k < i; k++)
		if (is_shown(f, k)) {
			walk_to(&w, f, k);
			walk_past(&w, f, k);
		}
	walk_to(&w, f, i);
	*row = line_of(f, &w, i);
	*col = f->fields[i].kind == FIELD_BUTTON ? w.col : 1;
	return true;
}

enum form_did
form_click(struct form *f, int row, int col)
{
	struct walk w = { 0 };

	for (size_t i = 0; i < f->n; i++) {
		bool hit;

		if (!is_shown(f, i))
			continue;
		walk_to(&w, f, i);
		hit = line_of(f, &w, i) == row && takes_focus(f, i);
		if (hit && f->fields[i].kind == FIELD_BUTTON)
			hit = col >= w.col && col < w.col + button_width(&f->fields[i]) - 1;
		if (hit) {
			focus_at(f, i);
			if (f->fields[i].kind == FIELD_BUTTON)
				return press(f);
			return f->fields[i].kind == FIELD_CHECK || f->fields[i].kind == FIELD_CHOICE ? form_key(f, ' ') : FORM_DONE;
		}
		walk_past(&w, f, i);
	}
	return FORM_NOT_MINE;
}
