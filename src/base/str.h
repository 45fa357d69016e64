/* Borrowed slices of text: parsers cut, they never copy.  p need not be NUL-terminated and may be NULL if len is 0. */
#ifndef ORLOP_BASE_STR_H
#define ORLOP_BASE_STR_H

#include "base/attr.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct str {
	const char *p;
	size_t      len;
};

#define S(literal) ((struct str){ "" literal, sizeof(literal) - 1 })
#define STR_FMT "%.*s"
#define STR_ARG(s) (int)(s).len, (s).p   /* for texts below INT_MAX bytes */

/* Here, because parsers call them for every few bytes. */
static inline struct str
str_of(const char *s)                                /* NULL gives an empty slice */
{
	return (struct str){ s, s ? strlen(s) : 0 };
}

static inline bool
str_eq(struct str a, struct str b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

static inline bool
str_eqz(struct str a, const char *b)
{
	return str_eq(a, str_of(b));
}

static inline struct str
str_sub(struct str s, size_t from, size_t to)        /* [from, to), clamped */
{
	if (to > s.len)
		to = s.len;
	if (from > to)
		from = to;
	return (struct str){ s.p ? s.p + from : NULL, to - from };
}

int        str_cmp(struct str a, struct str b);      /* byte order, like strcmp */
bool       str_starts(struct str s, struct str prefix);
bool       str_ends(struct str s, struct str suffix);
struct str str_trim(struct str s);                   /* blanks, tabs, CR, LF at both ends */

/* Index of the first/last c in s, or s.len. */
size_t     str_chr(struct str s, char c);
size_t     str_rchr(struct str s, char c);

/* Cuts *rest at the first sep: *piece is what stands before it, *rest what follows.  False when *rest was used up
 * (rest->p == NULL); an empty *rest with p != NULL gives one empty piece. */
bool       str_split(struct str *rest, char sep, struct str *piece);

/* Heap copy with NUL; the caller frees. */
char      *str_dup(struct str s);

/* Copies into an array of cap bytes, at least 1; what does not fit is left out, the NUL is not. */
void       str_copy(char *to, size_t cap, struct str s);

/* Edit distance (insert, delete, replace, swap), stopping above 3, for "did you mean". */
unsigned   str_distance(struct str a, struct str b);

#endif
