/*
 * Inside the JSON modules only: finding the end of strings and values at memory speed.  Nothing here reads outside
 * [p, end) or keeps state but the caller's.  Grammar between the tokens is the callers' business.
 */
#ifndef ORLOP_DATA_JLEX_H
#define ORLOP_DATA_JLEX_H

#include "base/limits.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>

/* The first byte at or after p that is not a blank of RFC 8259. */
const char *jlex_blank(const char *p, const char *end);

/* p is behind an opening quote: the closing quote, or NULL when there is none or the string is malformed. */
const char *jlex_string(const char *p, const char *end);

/* Length of the escape at p (its backslash); 0 when it is malformed. */
size_t jlex_escape(const char *p, const char *end);

/* End of the number at p by RFC 8259, or NULL. */
const char *jlex_number(const char *p, const char *end);

/* p is at the first byte of a value: its end, or NULL when it is malformed or cut off. */
const char *jlex_value(const char *p, const char *end);

bool jlex_is_delim(char c);                  /* what ends a number or a literal */

/* Order of two raw strings (without their quotes) after unescaping, as str_cmp. */
int jlex_text_cmp(struct str a, struct str b);

/*
 * Skipping one object or array whose bytes arrive in pieces.  Checks that brackets match, strings are well-formed and
 * nesting is at most LIMIT_JSON_DEPTH.
 */
struct jskip {
	unsigned    depth, esc;             /* open brackets; bytes missing of an escape that was cut off */
	bool        in_str;
	const char *why;                    /* set with JSKIP_BAD */
	char        open[LIMIT_JSON_DEPTH]; /* opening bracket of each level */
};
enum jskip_state { JSKIP_MORE, JSKIP_DONE, JSKIP_BAD };
void jskip_init(struct jskip *s);
/* The first byte fed is the opening bracket.  *p moves behind what was consumed: behind the closing bracket with
 * JSKIP_DONE, to end with JSKIP_MORE, to the fault or shortly before it with JSKIP_BAD. */
enum jskip_state jskip_run(struct jskip *s, const char **p, const char *end);

#endif
