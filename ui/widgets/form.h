/* Fields to fill in: texts, secrets, choices, boxes, buttons.  A form is a table of fields; their values are texts.  UI thread. */
#ifndef ORLOP_UI_WIDGETS_FORM_H
#define ORLOP_UI_WIDGETS_FORM_H

#include "base/buf.h"
#include "ui/canvas.h"
#include "ui/keys.h"

#include <stdbool.h>
#include <stddef.h>

enum field_kind {
	FIELD_TEXT,
	FIELD_SECRET,    /* never drawn; wiped */
	FIELD_CHOICE,    /* value: one of choices */
	FIELD_CHECK,     /* value: "yes" or "" */
	FIELD_NOTE,      /* text that the screen sets; takes no focus */
	FIELD_BUTTON     /* several in a row stand side by side */
};
struct form;
struct field {
	const char        *id, *label;
	enum field_kind    kind;
	const char        *value;            /* at the beginning; NULL: empty, the first choice */
	const char *const *choices;          /* FIELD_CHOICE; NULL ends them */
	bool               lines;            /* FIELD_TEXT: what is pasted keeps its lines */
	const char        *hint;             /* said beside the field while it is empty, dim; NULL: none */
	bool             (*shown)(const struct form *f);         /* NULL: always */
	/* What is wrong with the value, into why; true: nothing.  NULL: anything goes. */
	bool             (*check)(const char *value, struct buf *why);
};

enum form_did { FORM_NOT_MINE, FORM_DONE, FORM_CHANGED, FORM_PRESSED };
struct form {
	const struct field *fields;
	size_t              n, focus;
	struct buf         *values;          /* n */
	char              **errors;          /* n; NULL: none */
	size_t              caret;           /* byte in the value with the focus */
	int                 top;             /* first line on the screen */
	int                 rows, cols;      /* of the last draw */
	bool                pinned;          /* it does not fit: its buttons stay on the last line */
	const char         *pressed;         /* id, after FORM_PRESSED */
	bool                touched;         /* something was changed by the user */
};

void form_init(struct form *f, const struct field *fields, size_t n);
void form_done(struct form *f);          /* wipes secrets */

const char *form_get(const struct form *f, const char *id);
bool form_yes(const struct form *f, const char *id);     /* a box is ticked */
bool form_is(const struct form *f, const char *id, const char *value);
void form_set(struct form *f, const char *id, const char *value);
void form_setf(struct form *f, const char *id, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* Says what is wrong with a field, until it is changed; NULL: nothing. */
void form_error(struct form *f, const char *id, const char *why);
/* Runs the checks of all shown fields; the first with an error gets the focus.  True: none has one. */
bool form_check(struct form *f);
void form_focus(struct form *f, const char *id);
/* Overwrites the secrets. */
void form_wipe(struct form *f);

/* FORM_NOT_MINE: a key that forms do not use (Esc, F-keys, Ctrl-L): for the key map. */
enum form_did form_key(struct form *f, keycode k);
void form_paste(struct form *f, struct str text);        /* newlines become blanks, and never press anything */
/* Where a field, or button, was drawn that takes the focus; false: it is hidden, or takes none. */
bool form_place(const struct form *f, size_t i, int *row, int *col);
/* A click on what was drawn last, relative to its area. */
enum form_did form_click(struct form *f, int row, int col);

/* Label, value, error under it.  With cursor, the terminal's cursor goes to the focus.  Returns the rows used. */
int form_draw(struct form *f, struct area a, bool cursor);

#endif
