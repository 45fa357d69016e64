/* Questions on the terminal.  Main thread. */
#ifndef ORLOP_CLI_ASK_H
#define ORLOP_CLI_ASK_H

#include "base/err.h"
#include "base/secret.h"

/*
 * Asks for a secret on stdin's terminal without showing it, to the end of the line; the prompt goes to stderr.  The terminal is as
 * before afterwards, also after Ctrl-C or a signal: EK_CANCELED.  EK_INVALID: stdin is no terminal, or nothing was typed.
 */
MUST_CHECK struct secret *ask_secret(const char *prompt, struct err *e);

/* True if exactly answer was typed. */
MUST_CHECK bool ask_typed(const char *question, const char *answer);

/* "question [y/N] ": yes only for y or Y. */
MUST_CHECK bool ask_yes(const char *question);

#endif
