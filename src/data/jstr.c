/* JSON strings: unescaping and comparing. */
#include "data/jscan.h"

#include "base/mem.h"
#include "data/jlex.h"

#include <string.h>

#define REPLACEMENT 0xfffdu

static bool
content(struct str raw, struct str *text)
{
	if (raw.len < 2 || raw.p[0] != '"' || raw.p[raw.len - 1] != '"')
		return false;
	*text = (struct str){ raw.p + 1, raw.len - 2 };
	return true;
}

bool
jstr_plain(struct str raw, struct str *text)
{
	struct str s;

	if (!content(raw, &s) || (s.len > 0 && memchr(s.p, '\\', s.len)))
		return false;
	*text = s;
	return true;
}

static unsigned
hex4(const char *p)
{
	unsigned v = 0;

	for (int i = 0; i < 4; i++) {
		unsigned c = (unsigned char)p[i];
		v = v << 4 | (c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
	}
	return v;
}

static size_t
utf8_put(char out[4], unsigned cp)
{
	if (cp < 0x80) {
		out[0] = (char)cp;
		return 1;
	}
	if (cp < 0x800) {
		out[0] = (char)(0xc0 | cp >> 6);
		out[1] = (char)(0x80 | (cp & 0x3f));
		return 2;
	}
	if (cp < 0x10000) {
		out[0] = (char)(0xe0 | cp >> 12);
		out[1] = (char)(0x80 | (cp >> 6 & 0x3f));
		out[2] = (char)(0x80 | (cp & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | cp >> 18);
	out[1] = (char)(0x80 | (cp >> 12 & 0x3f));
	out[2] = (char)(0x80 | (cp >> 6 & 0x3f));
	out[3] = (char)(0x80 | (cp & 0x3f));
	return 4;
}

/* The escape at p as UTF-8.  Returns its length there and stores the length of the escape; 0 when malformed. */
static size_t
unescape(const char *p, const char *end, char out[4], size_t *used)
{
	static const char letters[] = "\"\\/bfnrt", bytes[] = "\"\\/\b\f\n\r\t";
	size_t n = jlex_escape(p, end);
	unsigned cp;

	if (n == 0)
		return 0;
	*used = n;
	if (n == 2) {
		out[0] = bytes[strchr(letters, p[1]) - letters];
		return 1;
	}
	cp = hex4(p + 2);
	if (cp >= 0xd800 && cp < 0xdc00 && p + 6 < end && p[6] == '\\' && jlex_escape(p + 6, end) == 6) {
		unsigned low = hex4(p + 8);
		if (low >= 0xdc00 && low < 0xe000) {
			*used = 12;
			return utf8_put(out, 0x10000 + ((cp - 0xd800) << 10 | (low - 0xdc00)));
		}
	}
	return utf8_put(out, cp >= 0xd800 && cp < 0xe000 ? REPLACEMENT : cp);
}

/* Reads a text byte by byte, unescaping it when raw. */
struct cursor {
	const char *p, *end;
	bool        raw;
	char        held[4];
	size_t      at, len;        /* held[at..len) comes before p */
};

static int
cursor_next(struct cursor *c)
{
	size_t used;

	if (c->at < c->len)
		return (unsigned char)c->held[c->at++];
	if (c->p == c->end)
		return -1;
	if (c->raw && *c->p == '\\' && (c->len = unescape(c->p, c->end, c->held, &used)) > 0) {
		c->p += used;
		c->at = 1;
		return (unsigned char)c->held[0];
	}
	c->at = c->len = 0;
	return (unsigned char)*c->p++;
}

static int
cursor_cmp(struct cursor a, struct cursor b)
{
	for (;;) {
		int x = cursor_next(&a), y = cursor_next(&b);
		if (x != y)
			return x < y ? -1 : 1;
		if (x < 0)
			return 0;
	}
}

static bool
has_escape(struct str s)
{
	return s.len > 0 && memchr(s.p, '\\', s.len) != NULL;
}

static struct cursor
cursor_of(struct str s, bool raw)
{
	return (struct cursor){ .p = s.p, .end = s.len ? s.p + s.len : s.p, .raw = raw };
}

int
jlex_text_cmp(struct str a, struct str b)
{
	if (!has_escape(a) && !has_escape(b))
		return str_cmp(a, b);
	return cursor_cmp(cursor_of(a, true), cursor_of(b, true));
}

bool
jstr_eq(struct str raw, struct str text)
{
	struct str s;

	if (!content(raw, &s))
		return false;
	if (!has_escape(s))
		return str_eq(s, text);
	return cursor_cmp(cursor_of(s, true), cursor_of(text, false)) == 0;
}

static int
decode(struct str s, struct buf *out, struct err *e)
{
	const char *p = s.p, *end = s.p + s.len;

	while (p < end) {
		const char *back = memchr(p, '\\', (size_t)(end - p));
		size_t plain = (size_t)((back ? back : end) - p), n, used;
		char utf8[4];
		if (buf_add(out, p, plain, e) < 0)
			return -1;
		p += plain;
		if (back == NULL)
			break;
		n = unescape(p, end, utf8, &used);
		if (n == 0)
			return err_set(e, EK_INVALID, "malformed escape in a JSON string");
		if (buf_add(out, utf8, n, e) < 0)
			return -1;
		p += used;
	}
	return 0;
}

int
jstr_decode(struct str raw, struct buf *out, struct err *e)
{
	size_t before = out->len;
	struct str s;

	if (!content(raw, &s))
		return err_set(e, EK_INVALID, "not a JSON string");
	if (decode(s, out, e) < 0) {
		buf_cut(out, before);
		return -1;
	}
	return 0;
}

char *
jstr_dup(struct str raw)
{
	AUTO_BUF struct buf b = BUF_INIT(raw.len);
	struct err e;

	if (jstr_decode(raw, &b, &e) < 0 || (b.len > 0 && memchr(b.p, '\0', b.len)))
		return NULL;
	return buf_take(&b, NULL);
}
