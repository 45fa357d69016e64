/* What model.c, acts.c and prompt.c share.  UI thread. */
#ifndef ORLOP_UI_MODEL_IMPL_H
#define ORLOP_UI_MODEL_IMPL_H

#include "ui/model.h"

/* What the screen has of it; NULL: nothing. */
struct table *screen_table(struct screen *s);
struct pager *screen_pager(struct screen *s);
struct form  *screen_form(struct screen *s);
unsigned      screen_mask(struct screen *s);             /* enum key_mask: which keys hold */

/* To the screen that was left last. */
void model_forward(struct model *m);

/* --- acts.c: actions that hold everywhere, keys and clicks --- */

void acts_key(struct model *m, keycode k);
void acts_click(struct model *m, const struct msg *msg);
void acts_tab(struct model *m, size_t tab);
/* Leaves the terminal; jobs go on. */
void acts_detach(struct model *m);
/* The action can be used here: the screen knows it and the mode allows it; else why not (static text). */
bool acts_allowed(const struct model *m, const struct action *a, const char **why);
/* The same for what does not come from a key; tells the user why not. */
bool acts_may(struct model *m, const char *action);

/* --- prompt.c: the line for filters, searches and the palette --- */

void prompt_open(struct model *m, enum prompt_kind kind);
void prompt_key(struct model *m, keycode k);
void prompt_paste(struct model *m, struct str text);
/* What Tab would add to the input; "": nothing.  Static text. */
const char *prompt_ghost(const struct model *m);

#endif
