/* Reading the terminal: term.c starts it when curses runs and ends it before.  term_read is in term.h.  UI thread. */
#ifndef ORLOP_UI_TERM_IN_H
#define ORLOP_UI_TERM_IN_H

#include <stdbool.h>

void term_in_start(bool mouse);
/* Has the terminal mark pastes and report the mouse, or not. */
void term_in_on(bool on);
void term_in_end(void);

#endif
