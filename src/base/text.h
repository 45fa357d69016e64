/* Text from outside on its way to a screen or stdout.  Any thread. */
#ifndef ORLOP_BASE_TEXT_H
#define ORLOP_BASE_TEXT_H

#include "base/buf.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Appends s with every control character, invalid byte and direction or zero-width mark made visible:
 * ESC as \x1b, invalid UTF-8 as \xNN, U+202E as <U+202E>.  Newlines stay when keep_lines.  Never fails: cut at 4 KiB
 * with "..." unless keep_lines. */
void text_visible(struct buf *out, struct str s, bool keep_lines);

bool   text_is_utf8(struct str s);                    /* RFC 3629: no surrogates, no overlong forms */
size_t text_width(struct str s);                      /* screen cells of visible text; wide characters count 2 */

/* UTF-8 of a code point; returns its bytes, 1 to 4. */
size_t text_encode(uint32_t c, char out[4]);

/* One character on its way to a screen. */
struct text_char {
	size_t   len;                /* bytes of the text that it is made of */
	uint32_t c;                  /* Unicode; 0: it must not be shown as it is, but as escape */
	unsigned width;              /* cells: 0 joins the one before */
	char     escape[16];         /* as text_visible writes it; "" when c is not 0 */
};
/* The first character of s, which is not empty.  A newline is escaped. */
void   text_first(struct str s, struct text_char *out);

#endif
