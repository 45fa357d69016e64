/* Growing bytes with a maximum at birth.  Use one per owner; not shared between threads. */
#ifndef ORLOP_BASE_BUF_H
#define ORLOP_BASE_BUF_H

#include "base/err.h"
#include "base/str.h"

#include <stddef.h>

struct buf {
	char  *p;                    /* p[len] == 0 whenever p != NULL */
	size_t len, cap, max;        /* len <= max; growing past max is EK_LIMIT */
};
#define BUF_INIT(limit) { .max = (limit) }
#define AUTO_BUF AUTO(buf_free)

/* Append.  EK_LIMIT when the result would exceed max; the buffer is then unchanged. */
MUST_CHECK int buf_add(struct buf *b, const void *p, size_t n, struct err *e);
MUST_CHECK int buf_add_str(struct buf *b, struct str s, struct err *e);

/*
 * Append to a buffer whose content is our own and small against its maximum: the excess is a bug and panics.
 * For error texts, URLs, tables and documents that we compose.
 */
void buf_put(struct buf *b, const void *p, size_t n);
void buf_puts(struct buf *b, const char *s);
void buf_put_str(struct buf *b, struct str s);
void buf_putc(struct buf *b, char c);
void buf_putf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Room for n more bytes at the end: returns where to write them, NULL on EK_LIMIT; buf_grew(n) then counts them in. */
MUST_CHECK char *buf_room(struct buf *b, size_t n, struct err *e);
void buf_grew(struct buf *b, size_t n);

struct str buf_str(const struct buf *b);       /* borrowed until the next change */
const char *buf_cstr(const struct buf *b);     /* never NULL */
void  buf_cut(struct buf *b, size_t len);      /* shortens to len; keeps the memory */
char *buf_take(struct buf *b, size_t *len);    /* caller owns (never NULL); b is empty; len may be NULL */
void  buf_free(struct buf *b);                 /* empty again, reusable with the same max */
void  buf_wipe(struct buf *b);                 /* buf_free after overwriting: for secrets */

#endif
