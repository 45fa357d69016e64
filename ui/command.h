/* The command line that says the same as a form: it is shown, and it is what is run.  UI thread. */
#ifndef ORLOP_UI_COMMAND_H
#define ORLOP_UI_COMMAND_H

#include "base/buf.h"
#include "base/vec.h"
#include "ui/model.h"
#include "ui/widgets/form.h"

/*
 * Adds the words for a form's shown fields: a field whose id begins with "--" is that option (a box: the option alone; a
 * choice: unless it is the first one), the field NAME stands for itself.  Empty ones say nothing.
 */
void command_add(struct strs *words, const struct form *f);
/* Adds where it is about: location, context and kubeconfig, unless the words name them. */
void command_add_place(struct strs *words, const struct model *m);
/* As one types it into a shell, in lines of at most width cells, "orlop" first. */
void command_text(const struct strs *words, int width, struct buf *out);
/* What the program would make of it.  EK_INVALID. */
MUST_CHECK struct request *command_request(const struct model *m, const struct strs *words, struct err *e);

#endif
