/* Writing JSON. */
#include "data/jwrite.h"

#include "base/mem.h"

#include <inttypes.h>
#include <string.h>

void
jw_init(struct jw *w, struct buf *out, bool pretty)
{
	*w = (struct jw){ .out = out, .pretty = pretty };
}

static void
put(struct jw *w, const char *p, size_t n)
{
	if (!w->failed && buf_add(w->out, p, n, &w->err) < 0)
		w->failed = true;
}

static void
put_line(struct jw *w)
{
	if (!w->pretty)
		return;
	put(w, "\n", 1);
	for (unsigned i = 0; i < w->depth; i++)
		put(w, "  ", 2);
}

/* What comes before a key or an element. */
static void
sep(struct jw *w)
{
	if (w->keyed) {
		w->keyed = false;
		return;
	}
	if (w->more)
		put(w, ",", 1);
	if (w->depth > 0)
		put_line(w);
	w->more = true;
}

static void
enter(struct jw *w, const char *bracket)
{
	sep(w);
	put(w, bracket, 1);
	w->depth++;
	w->more = false;
}

static void
leave(struct jw *w, const char *bracket)
{
	w->depth--;
	if (w->more)
		put_line(w);
	put(w, bracket, 1);
	w->more = true;
}

void
jw_obj(struct jw *w)
{
	enter(w, "{");
}

void
jw_obj_end(struct jw *w)
{
	leave(w, "}");
}

void
jw_arr(struct jw *w)
{
	enter(w, "[");
}

void
jw_arr_end(struct jw *w)
{
	leave(w, "]");
}

/* Length of the UTF-8 character at p by RFC 3629, 0 when it is invalid. */
static size_t
utf8_len(const unsigned char *p, size_t left)
{
	static const struct { unsigned char first, last, lo, hi, len; } rows[] = {
		{ 0x00, 0x7f, 0x00, 0xff, 1 },
		{ 0xc2, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 },
		{ 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 },          /* no surrogates */
		{ 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 },
		{ 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		if (p[0] < rows[i].first || p[0] > rows[i].last)
			continue;
		size_t n = rows[i].len;
		if (n > left || (n > 1 && (p[1] < rows[i].lo || p[1] > rows[i].hi)))
			return 0;
		for (size_t k = 2; k < n; k++)
			if ((p[k] & 0xc0) != 0x80)
				return 0;
		return n;
	}
	return 0;
}

static bool
is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x80 && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&';
}

/* The character at p (n bytes of UTF-8, 0 when invalid) as it stands in JSON: an escape in esc, or NULL: as it is. */
static const char *
escape(const unsigned char *p, size_t n, char esc[8])
{
	static const char letters[] = "\"\\nrt", bytes[] = "\"\\\n\r\t";
	const char *at = n == 1 && p[0] != '\0' ? strchr(bytes, p[0]) : NULL;
	bool line_sep = n == 3 && p[0] == 0xe2 && p[1] == 0x80 && (p[2] == 0xa8 || p[2] == 0xa9);

	if (at)
		(void)snprintf(esc, 8, "\\%c", letters[at - bytes]);
	else if (n == 1 && !is_plain(p[0]))
		(void)snprintf(esc, 8, "\\u%04x", (unsigned)p[0]);
	else if (line_sep)
		(void)snprintf(esc, 8, "\\u20%02x", (unsigned)p[2] - 0x80);
	else if (n == 0)
		(void)snprintf(esc, 8, "\\ufffd");
	else
		return NULL;
	return esc;
}

static int
quote(struct buf *out, struct str s, struct err *e)
{
	const unsigned char *p = (const unsigned char *)s.p;
	size_t i = 0, from;
	char esc[8], *to;

	while (i < s.len && is_plain(p[i]))
		i++;
	if (i == s.len) {                        /* nearly always */
		to = buf_room(out, s.len + 2, e);
		if (!to)
			return -1;
		to[0] = to[s.len + 1] = '"';
		if (s.len > 0)
			memcpy(to + 1, s.p, s.len);
		buf_grew(out, s.len + 2);
		return 0;
	}
	if (buf_add_str(out, S("\""), e) < 0)
		return -1;
	for (i = 0; i < s.len;) {
		for (from = i; i < s.len && is_plain(p[i]);)
			i++;
		if (buf_add(out, s.p + from, i - from, e) < 0)
			return -1;
		if (i == s.len)
			break;
		size_t n = utf8_len(p + i, s.len - i);
		const char *as = escape(p + i, n, esc);
		if ((as ? buf_add_str(out, str_of(as), e) : buf_add(out, s.p + i, n, e)) < 0)
			return -1;
		i += n ? n : 1;
	}
	return buf_add_str(out, S("\""), e);
}

int
jw_quote(struct buf *out, struct str s, struct err *e)
{
	size_t before = out->len;

	if (quote(out, s, e) == 0)
		return 0;
	buf_cut(out, before);
	return -1;
}

static void
put_quoted(struct jw *w, struct str s)
{
	if (!w->failed && jw_quote(w->out, s, &w->err) < 0)
		w->failed = true;
}

void
jw_key_str(struct jw *w, struct str key)
{
	sep(w);
	put_quoted(w, key);
	put(w, ": ", w->pretty ? 2 : 1);
	w->keyed = true;
}

void
jw_key(struct jw *w, const char *key)
{
	jw_key_str(w, str_of(key));
}

void
jw_raw(struct jw *w, struct str json)
{
	sep(w);
	put(w, json.p, json.len);
}

void
jw_str(struct jw *w, struct str s)
{
	sep(w);
	put_quoted(w, s);
}

void
jw_text(struct jw *w, const char *s)
{
	if (s)
		jw_str(w, str_of(s));
	else
		jw_null(w);
}

void
jw_int(struct jw *w, int64_t v)
{
	char text[24];

	(void)snprintf(text, sizeof text, "%" PRId64, v);
	jw_raw(w, str_of(text));
}

void
jw_uint(struct jw *w, uint64_t v)
{
	char text[24], *end = text + sizeof text, *p = end;

	do
		*--p = (char)('0' + v % 10);
	while ((v /= 10) > 0);
	jw_raw(w, (struct str){ p, (size_t)(end - p) });
}

void
jw_bool(struct jw *w, bool v)
{
	jw_raw(w, v ? S("true") : S("false"));
}

void
jw_null(struct jw *w)
{
	jw_raw(w, S("null"));
}

void
jw_kv_text(struct jw *w, const char *key, const char *s)
{
	jw_key(w, key);
	jw_text(w, s);
}

void
jw_kv_str(struct jw *w, const char *key, struct str s)
{
	jw_key(w, key);
	jw_str(w, s);
}

void
jw_kv_int(struct jw *w, const char *key, int64_t v)
{
	jw_key(w, key);
	jw_int(w, v);
}

void
jw_kv_uint(struct jw *w, const char *key, uint64_t v)
{
	jw_key(w, key);
	jw_uint(w, v);
}

void
jw_kv_bool(struct jw *w, const char *key, bool v)
{
	jw_key(w, key);
	jw_bool(w, v);
}

void
jw_kv_strs(struct jw *w, const char *key, const struct strs *v)
{
	if (v->len == 0)
		return;
	jw_key(w, key);
	jw_arr(w);
	for (size_t i = 0; i < v->len; i++)
		jw_text(w, v->at[i]);
	jw_arr_end(w);
}

int
jw_done(struct jw *w, struct err *e)
{
	assert_that(w->depth == 0 && !w->keyed);
	if (w->failed) {
		*e = w->err;
		return -1;
	}
	return 0;
}
