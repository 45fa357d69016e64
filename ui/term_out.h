/*
 * Bytes on their way to the terminal.  Writing to one can block for as long as its user likes (a stopped tmux, a slow line),
 * and with it jobs would stop.  So curses writes into memory and what the terminal takes goes on from there.  UI thread, but
 * for out_now.
 */
#ifndef ORLOP_UI_TERM_OUT_H
#define ORLOP_UI_TERM_OUT_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

MUST_CHECK int out_start(struct err *e);
void out_end(void);

/* Between these two, what is written to standard output is kept for the terminal. */
void out_begin(void);
void out_commit(void);
void out_put(const char *s);

/* Writes what the terminal takes; true: nothing is left. */
bool out_flush(void);
/* Waits for that, but not for long: what is left then is dropped. */
void out_drain(void);
/* Past everything else; safe in a signal handler. */
void out_now(const char *s, size_t n);
int out_fd(void);                        /* to poll for room */

#endif
