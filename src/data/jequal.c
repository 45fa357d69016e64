/* What two JSON values mean: equality and the merge patch between them. */
#include "data/jscan.h"

#include "base/mem.h"
#include "data/jlex.h"
#include "data/jpairs.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

/* Same as an absent member: null, [], and an object of nothing but such members. */
static bool
is_empty(struct str raw, unsigned depth)
{
	struct jiter it;
	struct str v;

	if (jtype(raw) == J_NULL)
		return true;
	if (jiter_arr(&it, raw))
		return !jiter_next(&it, NULL, &v) && it.p != NULL;
	if (depth == 0 || !jiter_obj(&it, raw))
		return false;
	while (jiter_next(&it, NULL, &v))
		if (!is_empty(v, depth - 1))
			return false;
	return it.p != NULL;
}

static bool
is_integer(struct str raw)
{
	for (size_t i = 0; i < raw.len; i++)
		if (raw.p[i] == '.' || raw.p[i] == 'e' || raw.p[i] == 'E')
			return false;
	return true;
}

static double
to_double(struct str raw, locale_t c)
{
	AUTO_FREE char *text = str_dup(raw);

	return strtod_l(text, NULL, c);
}

static bool
num_equal(struct str a, struct str b)
{
	locale_t c;
	bool same;

	if (str_eq(a, b))
		return true;
	if (is_integer(a) && is_integer(b)) {
		/* JSON integers have no leading zeros: only zero has two forms */
		return (str_eqz(a, "0") && str_eqz(b, "-0")) || (str_eqz(a, "-0") && str_eqz(b, "0"));
	}
	/* the decimal point must not follow the user's locale */
	c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	assert_that(c != (locale_t)0);
	double x = to_double(a, c), y = to_double(b, c);
	same = !(x < y) && !(x > y);
	freelocale(c);
	return same;
}

/* LOOSE: what is empty counts as absent. */
enum how { LOOSE, STRICT };

static bool equal(struct str a, struct str b, enum how how, unsigned depth);

static bool
arr_equal(struct str a, struct str b, enum how how, unsigned depth)
{
	struct jiter x, y;
	struct str v, w;

	if (!jiter_arr(&x, a) || !jiter_arr(&y, b))
		return false;
	for (;;) {
		bool more = jiter_next(&x, NULL, &v);
		if (more != jiter_next(&y, NULL, &w))
			return false;
		if (!more)
			return x.p != NULL && y.p != NULL;
		if (!equal(v, w, how, depth - 1))
			return false;
	}
}

static bool
obj_equal(struct str a, struct str b, enum how how, unsigned depth)
{
	AUTO(jpairs_done) struct jpairs p = { 0 };
	const struct jmember *x, *y;

	jpairs_init(&p, a, b);
	while (jpairs_next(&p, &x, &y)) {
		if (x && y ? !equal(x->val, y->val, how, depth - 1)
		    : how == STRICT || !is_empty(x ? x->val : y->val, depth - 1))
			return false;
	}
	return true;
}

/* depth: levels that may still be entered. */
static bool
equal(struct str a, struct str b, enum how how, unsigned depth)
{
	struct str s;
	enum jtype t = jtype(a);

	if (str_eq(a, b))
		return true;
	if (depth == 0)
		return false;
	if (t != jtype(b))
		return how == LOOSE && is_empty(a, depth) && is_empty(b, depth);
	switch (t) {
	case J_NUM:
		return num_equal(a, b);
	case J_STR:
		if (jstr_plain(a, &s))
			return jstr_eq(b, s);
		return jlex_text_cmp(str_sub(a, 1, a.len - 1), str_sub(b, 1, b.len - 1)) == 0;
	case J_ARR:
		return arr_equal(a, b, how, depth);
	case J_OBJ:
		return obj_equal(a, b, how, depth);
	default:
		return false;
	}
}

bool
jequal(struct str a, struct str b)
{
	return equal(str_trim(a), str_trim(b), LOOSE, LIMIT_JSON_DEPTH + 1);
}

bool
jsame(struct str a, struct str b)
{
	return equal(str_trim(a), str_trim(b), STRICT, LIMIT_JSON_DEPTH + 1);
}

static int
put_key(struct buf *out, bool *more, struct str key, struct err *e)
{
	/* the key's quotes stand around it */
	struct str quoted = { key.p - 1, key.len + 2 };

	if ((*more && buf_add_str(out, S(","), e) < 0) || buf_add_str(out, quoted, e) < 0
	    || buf_add_str(out, S(":"), e) < 0)
		return -1;
	*more = true;
	return 0;
}

/* Writes the patch from object a to object b.  *any: there is a difference. */
static int
diff_obj(struct str a, struct str b, unsigned depth, struct buf *out, bool *any, struct err *e)
{
	AUTO(jpairs_done) struct jpairs p = { 0 };
	const struct jmember *x, *y;

	*any = false;
	jpairs_init(&p, a, b);
	if (buf_add_str(out, S("{"), e) < 0)
		return -1;
	while (jpairs_next(&p, &x, &y)) {
		struct str v = x ? x->val : S("null"), w = y ? y->val : S("null");
		bool inside = jtype(v) == J_OBJ && jtype(w) == J_OBJ && depth > 0, more = *any;
		size_t before = out->len;
		if (!inside && equal(v, w, LOOSE, depth))
			continue;
		if (put_key(out, any, x ? x->key : y->key, e) < 0)
			return -1;
		if (!inside) {
			if (buf_add_str(out, w, e) < 0)
				return -1;
			continue;
		}
		bool changed;
		if (diff_obj(v, w, depth - 1, out, &changed, e) < 0)
			return -1;
		if (!changed) {
			buf_cut(out, before);
			*any = more;
		}
	}
	return buf_add_str(out, S("}"), e);
}

int
jmerge_diff(struct str a, struct str b, struct buf *out, struct err *e)
{
	size_t before = out->len;
	bool any;
	int r;

	a = str_trim(a);
	b = str_trim(b);
	if (jtype(a) == J_OBJ && jtype(b) == J_OBJ)
		r = diff_obj(a, b, LIMIT_JSON_DEPTH + 1, out, &any, e);
	else
		r = buf_add_str(out, jequal(a, b) ? S("{}") : b, e);
	if (r < 0)
		buf_cut(out, before);
	return r;
}
