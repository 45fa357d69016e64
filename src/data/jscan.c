/* JSON as bytes: checking, iterating over members, finding them.  Strings are in jstr.c, lists in jlist.c. */
#include "data/jscan.h"

#include "base/parse.h"
#include "base/text.h"
#include "base/vec.h"
#include "data/jlex.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

struct check {
	const char *from, *p, *end;
	unsigned    depth;
	char        open[LIMIT_JSON_DEPTH];
};

static int
wrong(const struct check *c, const char *what, struct err *e)
{
	if (c->p >= c->end)
		return err_set(e, EK_CORRUPT, "JSON ends early at offset %zu", (size_t)(c->p - c->from));
	return err_set(e, EK_CORRUPT, "JSON: %s at offset %zu", what, (size_t)(c->p - c->from));
}

static int
check_string(struct check *c, struct err *e)
{
	const char *from = c->p + 1, *to = jlex_string(from, c->end);
	struct str s;

	if (to == NULL)
		return wrong(c, "malformed string", e);
	s = (struct str){ from, (size_t)(to - from) };
	if (!text_is_utf8(s))
		return wrong(c, "string that is not UTF-8", e);
	c->p = to + 1;
	return 0;
}

static int
check_scalar(struct check *c, struct err *e)
{
	static const char *const words[] = { "true", "false", "null" };
	const char *to;

	if (*c->p == '"')
		return check_string(c, e);
	for (size_t i = 0; i < COUNT(words); i++) {
		size_t n = strlen(words[i]);
		if ((size_t)(c->end - c->p) >= n && memcmp(c->p, words[i], n) == 0) {
			c->p += n;
			return 0;
		}
	}
	to = jlex_number(c->p, c->end);
	if (to == NULL)
		return wrong(c, "not a value", e);
	c->p = to;
	return 0;
}

static int
check_key(struct check *c, struct err *e)
{
	c->p = jlex_blank(c->p, c->end);
	if (c->p == c->end || *c->p != '"')
		return wrong(c, "member name expected", e);
	if (check_string(c, e) < 0)
		return -1;
	c->p = jlex_blank(c->p, c->end);
	if (c->p == c->end || *c->p != ':')
		return wrong(c, "':' expected", e);
	c->p++;
	return 0;
}

/* Up to the start of the next value.  1: there is one; 0: an empty container was closed at once or a scalar ended. */
static int
check_value(struct check *c, struct err *e)
{
	c->p = jlex_blank(c->p, c->end);
	if (c->p == c->end)
		return wrong(c, "", e);
	char open = *c->p;
	if (open != '{' && open != '[')
		return check_scalar(c, e);
	if (c->depth == LIMIT_JSON_DEPTH)
		return wrong(c, "nested too deeply", e);
	c->p = jlex_blank(c->p + 1, c->end);
	if (c->p < c->end && *c->p == open + 2) {
		c->p++;
		return 0;
	}
	c->open[c->depth++] = open;
	if (open == '{' && check_key(c, e) < 0)
		return -1;
	return 1;
}

/* Behind a value: closes what ends here.  1: another value follows; 0: the document is complete. */
static int
check_after(struct check *c, struct err *e)
{
	for (;;) {
		c->p = jlex_blank(c->p, c->end);
		if (c->depth == 0)
			return c->p == c->end ? 0 : wrong(c, "something behind the value", e);
		char open = c->open[c->depth - 1];
		if (c->p < c->end && *c->p == ',') {
			c->p++;
			if (open == '{' && check_key(c, e) < 0)
				return -1;
			return 1;
		}
		if (c->p == c->end || *c->p != open + 2)
			return wrong(c, "',' or closing bracket expected", e);
		c->p++;
		c->depth--;
	}
}

int
json_check(struct str doc, struct err *e)
{
	struct check c;
	int r;

	c.from = c.p = doc.p ? doc.p : "";
	c.end = c.p + doc.len;
	c.depth = 0;
	do {
		r = check_value(&c, e);
		if (r == 0)
			r = check_after(&c, e);
	} while (r > 0);
	return r;
}

static bool
jiter_open(struct jiter *it, struct str s, char open)
{
	const char *p, *end;

	if (s.len == 0)
		return false;
	end = s.p + s.len;
	p = jlex_blank(s.p, end);
	if (p == end || *p != open)
		return false;
	*it = (struct jiter){ p + 1, end, open == '{' };
	return true;
}

bool
jiter_obj(struct jiter *it, struct str obj)
{
	return jiter_open(it, obj, '{');
}

bool
jiter_arr(struct jiter *it, struct str arr)
{
	return jiter_open(it, arr, '[');
}

/* Behind the colon of a member.  NULL: malformed. */
static const char *
member_name(const char *p, const char *end, struct str *name)
{
	const char *to;

	if (*p != '"' || (to = jlex_string(p + 1, end)) == NULL)
		return NULL;
	*name = (struct str){ p + 1, (size_t)(to - p - 1) };
	p = jlex_blank(to + 1, end);
	if (p == end || *p != ':')
		return NULL;
	return jlex_blank(p + 1, end);
}

/* Where the next value starts, or NULL.  it->p is NULL from then on, but both ends of it are behind the closing bracket
 * after the last member. */
static const char *
iter_value(struct jiter *it, struct str *name)
{
	const char *p = it->p, *end = it->end;

	if (p == NULL || p == end)
		return NULL;
	it->p = NULL;
	p = jlex_blank(p, end);
	if (p == end)
		return NULL;
	if (*p == (it->obj ? '}' : ']')) {
		it->p = it->end = p + 1;
		return NULL;
	}
	return it->obj ? member_name(p, end, name) : p;
}

/* Goes on behind a value, if the text does. */
static void
iter_past(struct jiter *it, const char *to)
{
	const char *p = jlex_blank(to, it->end);

	if (p < it->end && (*p == ',' || *p == (it->obj ? '}' : ']')))
		it->p = *p == ',' ? p + 1 : p;
}

bool
jiter_next(struct jiter *it, struct str *key, struct str *val)
{
	struct str name = { NULL, 0 };
	const char *p = iter_value(it, &name);
	const char *to = p ? jlex_value(p, it->end) : NULL;

	if (to == NULL)
		return false;
	*val = (struct str){ p, (size_t)(to - p) };
	if (key)
		*key = name;
	iter_past(it, to);
	return true;
}

/* The end of the object at p, whose members go to m; NULL: malformed. */
static const char *
split_members(struct jmembers *m, const char *p, const char *end)
{
	struct jiter it = { p + 1, end, true };
	struct jmember one;

	while (jiter_next(&it, &one.key, &one.val))
		*vec_push(m) = one;
	return it.p;
}

bool
jsplit(struct jsplit *s, struct str obj)
{
	struct jiter it;
	struct jmember m;
	const char *p, *to;
	bool meta = false;

	s->obj = obj;
	s->top.len = s->meta.len = 0;
	if (!jiter_obj(&it, obj))
		return false;
	while ((p = iter_value(&it, &m.key)) != NULL) {
		if (!meta && p < it.end && *p == '{' && str_eq(m.key, S("metadata"))) {
			meta = true;
			to = split_members(&s->meta, p, it.end);
		} else {
			to = jlex_value(p, it.end);
		}
		if (to == NULL)
			break;
		m.val = (struct str){ p, (size_t)(to - p) };
		*vec_push(&s->top) = m;
		iter_past(&it, to);
	}
	return true;
}

void
jsplit_done(struct jsplit *s)
{
	vec_free(&s->top);
	vec_free(&s->meta);
}

bool
jmembers_get(const struct jmembers *m, struct str key, struct str *val)
{
	for (size_t i = 0; i < m->len; i++)
		if (str_eq(m->at[i].key, key)) {
			*val = m->at[i].val;
			return true;
		}
	return false;
}

/* A name with escapes is longer than what it says; the quotes around it, which jstr_eq wants, are there. */
static bool
is_named(struct str name, struct str want)
{
	bool escaped = name.len >= want.len && memchr(name.p, '\\', name.len) != NULL;

	return escaped ? jstr_eq((struct str){ name.p - 1, name.len + 2 }, want) : str_eq(name, want);
}

bool
jget(struct str obj, const char *key, struct str *val)
{
	struct str want = str_of(key), name, v;
	struct jiter it;

	if (!jiter_obj(&it, obj))
		return false;
	while (jiter_next(&it, &name, &v)) {
		if (is_named(name, want)) {
			*val = v;
			return true;
		}
	}
	return false;
}

bool
jpath(struct str obj, struct str *val, ...)
{
	va_list ap;
	const char *key;
	bool found = true;

	va_start(ap, val);
	while (found && (key = va_arg(ap, const char *)) != NULL)
		found = jget(obj, key, &obj);
	va_end(ap);
	if (found)
		*val = obj;
	return found;
}

enum jtype
jtype(struct str raw)
{
	if (raw.len == 0)
		return J_NONE;
	switch (raw.p[0]) {
	case '{':
		return J_OBJ;
	case '[':
		return J_ARR;
	case '"':
		return J_STR;
	case 't':
	case 'f':
		return J_BOOL;
	case 'n':
		return J_NULL;
	default:
		return J_NUM;
	}
}

bool
jint(struct str raw, int64_t *out)
{
	return jtype(raw) == J_NUM && parse_i64(raw, out);
}

bool
jbool(struct str raw, bool *out)
{
	bool yes = str_eqz(raw, "true");

	if (!yes && !str_eqz(raw, "false"))
		return false;
	*out = yes;
	return true;
}
