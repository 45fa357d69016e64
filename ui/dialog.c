/* Confirmations: the safe button has the focus, the word has to be typed exactly. */
#include "ui/dialog.h"

#include "base/attr.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

void
dialog_open(struct dialog *d, const struct confirm *c)
{
	size_t n = 0;

	dialog_done(d);
	*d = (struct dialog){ .title = xstrdup(c->title), .text = xstrdup(c->text), .verb = xstrdup(c->verb),
		.other = xstrdup_or_null(c->other), .word = xstrdup_or_null(c->word), .arg = xstrdup_or_null(c->arg), .fn = c->fn,
		.other_fn = c->other_fn };
	if (d->word != NULL) {
		d->label = xasprintf("Type %s", d->word);
		d->fields[n++] = (struct field){ .id = "word", .label = d->label, .kind = FIELD_TEXT };
	}
	d->fields[n++] = (struct field){ .id = "no", .label = "Cancel", .kind = FIELD_BUTTON };
	if (d->other != NULL)
		d->fields[n++] = (struct field){ .id = "other", .label = d->other, .kind = FIELD_BUTTON };
	d->fields[n++] = (struct field){ .id = "yes", .label = d->verb, .kind = FIELD_BUTTON };
	form_init(&d->form, d->fields, n);
}

void
dialog_done(struct dialog *d)
{
	form_done(&d->form);
	free(d->title);
	free(d->text);
	free(d->verb);
	free(d->other);
	free(d->word);
	free(d->arg);
	free(d->label);
	*d = (struct dialog){ 0 };
}

static bool
is_right(const struct dialog *d)
{
	return d->word == NULL || form_is(&d->form, "word", d->word);
}

static enum dialog_did
decide(struct dialog *d, enum form_did did)
{
	if (did != FORM_PRESSED)
		return DIALOG_STAYS;
	if (strcmp(d->form.pressed, "no") == 0)
		return DIALOG_NO;
	if (strcmp(d->form.pressed, "other") == 0)
		return DIALOG_OTHER;
	if (is_right(d))
		return DIALOG_YES;
	form_error(&d->form, "word", "this is not it, letter by letter");
	form_focus(&d->form, "word");
	return DIALOG_STAYS;
}

enum dialog_did
dialog_key(struct dialog *d, keycode k)
{
	if (k == K_ESC || k == (KEY_CTRL | 'c'))
		return DIALOG_NO;
	return decide(d, form_key(&d->form, k));
}

enum dialog_did
dialog_click(struct dialog *d, int row, int col)
{
	return decide(d, form_click(&d->form, row - d->body.row, col - d->body.col));
}

void
dialog_paste(struct dialog *d, struct str text)
{
	form_paste(&d->form, text);
}

static int
count_lines(struct str text)
{
	struct str line;
	int n = 0;

	while (text.len > 0 && str_split(&text, '\n', &line))
		n++;
	return n;
}

void
dialog_draw(struct dialog *d, struct area a)
{
	int lines = count_lines(str_of(d->text));
	int rows = lines + (d->word != NULL ? 8 : 6), row = 1;
	struct str rest = str_of(d->text), line;
	struct area box;

	rows = rows < a.rows ? rows : a.rows;
	box = area_part(a, (a.rows - rows) / 2, 0, rows, a.cols);
	area_fill(box, ROLE_DIALOG);
	area_rule(box, 0, ROLE_RULE);
	area_rule(box, rows - 1, ROLE_RULE);
	area_putf(box, 0, 2, d->word != NULL ? ROLE_DIALOG_DANGER : ROLE_TITLE, " %s ", d->title);
	for (row = 1; rest.len > 0 && row < rows - 5 && str_split(&rest, '\n', &line); row++)
		(void)area_text(box, row, 1, -1, ROLE_DIALOG, line);
	d->body = area_part(box, row + 1, 0, rows - row - 2, a.cols);
	(void)form_draw(&d->form, d->body, true);
	if (d->word != NULL && is_right(d))
		area_putf(d->body, 0, a.cols - 4, ROLE_STATE_OK, "ok");
}
