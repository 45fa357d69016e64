/* Growing bytes with a maximum. */
#include "base/buf.h"

#include "base/fmt.h"
#include "base/mem.h"
#include "base/secret.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define CAP_FIRST  ((size_t)64)
/* Growing moves the bytes; the copies that small buffers leave behind are overwritten, as they may be secrets. */
#define WIPE_BELOW ((size_t)64 * 1024)

static bool
fits(const struct buf *b, size_t n)
{
	return n <= b->max - b->len;
}

static void
enlarge(struct buf *b, size_t n)
{
	size_t need = size_add(size_add(b->len, n), 1);
	size_t most = size_add(b->max, 1);
	size_t cap = size_mul(b->cap, 2);
	char *p;

	if (cap < CAP_FIRST)
		cap = CAP_FIRST;
	if (cap > most)
		cap = most;
	if (cap < need)
		cap = need;
	if (b->cap < WIPE_BELOW) {
		p = xmalloc(cap);
		if (b->p) {
			memcpy(p, b->p, b->len + 1);
			secret_wipe(b->p, b->len);
			free(b->p);
		}
	} else {
		p = xrealloc(b->p, cap);
	}
	p[b->len] = '\0';
	b->p = p;
	b->cap = cap;
}

/* Makes room for n more bytes and the final NUL; the caller has checked the maximum. */
static inline void
grow(struct buf *b, size_t n)
{
	if (n >= b->cap - b->len)
		enlarge(b, n);
}

char *
buf_room(struct buf *b, size_t n, struct err *e)
{
	char limit[FMT_MAX];

	if (!fits(b, n)) {
		(void)err_set(e, EK_LIMIT, "larger than the limit of %s", fmt_size(limit, b->max));
		return NULL;
	}
	grow(b, n);
	return b->p + b->len;
}

void
buf_grew(struct buf *b, size_t n)
{
	assert_that(n < b->cap - b->len);
	b->len += n;
	b->p[b->len] = '\0';
}

int
buf_add(struct buf *b, const void *p, size_t n, struct err *e)
{
	char *to = buf_room(b, n, e);

	if (!to)
		return -1;
	if (n)
		memcpy(to, p, n);
	buf_grew(b, n);
	return 0;
}

int
buf_add_str(struct buf *b, struct str s, struct err *e)
{
	return buf_add(b, s.p, s.len, e);
}

void
buf_put(struct buf *b, const void *p, size_t n)
{
	assert_that(fits(b, n));
	grow(b, n);
	if (n)
		memcpy(b->p + b->len, p, n);
	buf_grew(b, n);
}

void
buf_puts(struct buf *b, const char *s)
{
	buf_put(b, s, strlen(s));
}

void
buf_put_str(struct buf *b, struct str s)
{
	buf_put(b, s.p, s.len);
}

void
buf_putc(struct buf *b, char c)
{
	buf_put(b, &c, 1);
}

void
buf_putf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	grow(b, 0);
	va_start(ap, fmt);
	n = vsnprintf(b->p + b->len, b->cap - b->len, fmt, ap);
	va_end(ap);
	assert_that(n >= 0 && fits(b, (size_t)n));
	if ((size_t)n >= b->cap - b->len) {
		grow(b, (size_t)n);
		va_start(ap, fmt);
		(void)vsnprintf(b->p + b->len, b->cap - b->len, fmt, ap);
		va_end(ap);
	}
	buf_grew(b, (size_t)n);
}

struct str
buf_str(const struct buf *b)
{
	return (struct str){ buf_cstr(b), b->len };
}

const char *
buf_cstr(const struct buf *b)
{
	return b->p ? b->p : "";
}

void
buf_cut(struct buf *b, size_t len)
{
	assert_that(len <= b->len);
	if (b->p) {
		b->len = len;
		b->p[len] = '\0';
	}
}

char *
buf_take(struct buf *b, size_t *len)
{
	char *p = b->p ? b->p : xstrdup("");

	if (len)
		*len = b->len;
	*b = (struct buf)BUF_INIT(b->max);
	return p;
}

void
buf_free(struct buf *b)
{
	free(b->p);
	*b = (struct buf)BUF_INIT(b->max);
}

void
buf_wipe(struct buf *b)
{
	/* The whole capacity: what was cut off earlier is still there. */
	if (b->p)
		secret_wipe(b->p, b->cap);
	buf_free(b);
}
