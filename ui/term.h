/* The terminal, the only user of curses: start and end, keys in, canvas out.  UI thread; term_restore from a crash, too. */
#ifndef ORLOP_UI_TERM_H
#define ORLOP_UI_TERM_H

#include "base/err.h"
#include "ui/canvas.h"
#include "ui/model.h"

#include <stdbool.h>

/* EK_INVALID: no usable terminal (TERM unset or dumb, or not one at all). */
MUST_CHECK int term_start(const struct theme *t, bool mono, bool mouse, struct err *e);
void term_end(void);
/* Leaves the screen as it was before; safe in a signal handler of a crash. */
void term_restore(void);

/* What the user should know about the terminal; "" for nothing. */
const char *term_note(void);
bool term_is_utf8(void);
void term_size(int *rows, int *cols);
void term_resized(void);                 /* after SIGWINCH */
void term_set_theme(const struct theme *t, bool mono);

/* The next key, paste or mouse event; false: none is waiting.  text lives until the next call.  In term_in.c. */
bool term_read(struct msg *out);
/* Writes what differs from the last time. */
void term_paint(const struct canvas *v);
void term_repaint(void);                 /* everything, at the next term_paint */
/* Gives the terminal back for another program; takes it again. */
void term_pause(void);
void term_go_on(void);
/* Gives the terminal back, stops the process, and takes it again when it goes on. */
void term_suspend(void);
/* To the clipboard by OSC 52; false: too long for terminals (74 kB encoded). */
bool term_copy(const char *text);

#endif
