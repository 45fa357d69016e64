/*
 * The UI line by line, for readers of screens and for terminals that can do nothing else (ui.md 7): lines are only added, choices
 * have numbers, progress is told every ten seconds.  The same model, the same screens, the same keys.  UI thread.
 */
#ifndef ORLOP_UI_PLAIN_H
#define ORLOP_UI_PLAIN_H

#include "ui/model.h"

struct plain;
/* Lines come from fd, which does not block. */
struct plain *plain_new(int fd);
void plain_free(struct plain *p);

/*
 * Reads what there is, and calls apply for what the next line means, once the screen has what it loads: lines that were typed, or
 * piped, ahead wait.  False: the input has ended and no line is left.
 */
bool plain_read(struct plain *p, struct model *m, void (*apply)(void *ctx, const struct msg *msg), void *ctx);
/* A whole line waits that could be taken now. */
bool plain_has_line(const struct plain *p, const struct model *m);

/* Prints to stdout what is new since the last time. */
void plain_print(struct plain *p, struct model *m);

#endif
