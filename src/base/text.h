/* Text from outside on its way to a screen or stdout.  Any thread. */
#ifndef ORLOP_BASE_TEXT_H
#define ORLOP_BASE_TEXT_H

#include "base/buf.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>

/* Appends s with every control character, invalid byte and direction or zero-width mark made visible:
 * ESC as \x1b, invalid UTF-8 as \xNN, U+202E as <U+202E>.  Newlines stay when keep_lines.  Never fails: cut at 4 KiB
 * with "..." unless keep_lines. */
void text_visible(struct buf *out, struct str s, bool keep_lines);

bool   text_is_utf8(struct str s);                    /* RFC 3629: no surrogates, no overlong forms */
size_t text_width(struct str s);                      /* screen cells of visible text; wide characters count 2 */

#endif
