/* The question before something is changed: title, consequences, and for what cannot be undone a word to type.  UI thread. */
#ifndef ORLOP_UI_DIALOG_H
#define ORLOP_UI_DIALOG_H

#include "ui/widgets/form.h"

#include <stdbool.h>

struct model;
struct confirm {
	const char *title;               /* verb and object: "Delete 3 marked backups" */
	const char *text;                /* consequences, lines */
	const char *verb;                /* on the button: "Delete" */
	const char *other;               /* on a button before it, which needs no word; NULL: there is none */
	void      (*other_fn)(struct model *m, const char *arg);
	const char *word;                /* to be typed exactly; NULL: the button is enough */
	void      (*fn)(struct model *m, const char *arg);
	const char *arg;                 /* for fn; copied */
};

/* Open while fn is set. */
struct dialog {
	char       *title, *text, *verb, *other, *word, *arg, *label;
	void      (*fn)(struct model *m, const char *arg);
	void      (*other_fn)(struct model *m, const char *arg);
	struct field fields[4];
	struct form  form;
	struct area  body;               /* where its form was drawn last */
};

void dialog_open(struct dialog *d, const struct confirm *c);
void dialog_done(struct dialog *d);

enum dialog_did { DIALOG_STAYS, DIALOG_NO, DIALOG_OTHER, DIALOG_YES };
enum dialog_did dialog_key(struct dialog *d, keycode k);
enum dialog_did dialog_click(struct dialog *d, int row, int col);       /* on the canvas */
void dialog_paste(struct dialog *d, struct str text);
void dialog_draw(struct dialog *d, struct area a);

#endif
