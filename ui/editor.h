/* The user's editor on a text: a private file, $VISUAL or $EDITOR, and what the file holds afterwards.  UI thread. */
#ifndef ORLOP_UI_EDITOR_H
#define ORLOP_UI_EDITOR_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

/*
 * The terminal has been given back (term_pause).  suffix: of the file's name, ".yaml".  When the editor stops, so does this
 * process, as a shell expects.  out: the text as it was left.  EK_NOTFOUND: there is no editor; EK_IO: it failed, which
 * means that nothing is to be changed, as with git; the file is gone in any case.
 */
MUST_CHECK int editor_run(struct str text, const char *suffix, struct buf *out, struct err *e);

#endif
