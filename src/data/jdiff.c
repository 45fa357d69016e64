/* Differences between two JSON documents. */
#include "data/jdiff.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/vec.h"
#include "data/jpairs.h"

#include <stdlib.h>

struct diff {
	jdiff_fn  *fn;
	void      *ctx;
	struct buf path;
};

static int diff_values(struct diff *d, struct str a, struct str b, struct err *e);

static int
tell(struct diff *d, struct str a, struct str b, struct err *e)
{
	return d->fn(d->ctx, buf_str(&d->path), a, b, e);
}

static int
diff_objects(struct diff *d, struct str a, struct str b, struct err *e)
{
	AUTO(jpairs_done) struct jpairs p;
	const struct jmember *x, *y;
	size_t before = d->path.len;

	jpairs_init(&p, a, b);
	while (jpairs_next(&p, &x, &y)) {
		if (jfield_key(&d->path, x != NULL ? x->key : y->key, e) < 0)
			return -1;
		if (diff_values(d, x != NULL ? x->val : S(""), y != NULL ? y->val : S(""), e) < 0)
			return -1;
		buf_cut(&d->path, before);
	}
	return 0;
}

/* --- lists --- */

struct element { struct str val, id; size_t place; };
struct elements VEC_OF(struct element);

static void
elements_free(struct elements *v)
{
	vec_free(v);
}

static void
elements_read(struct elements *v, struct str list, const char *key)
{
	struct element el = { 0 };
	struct jiter it;

	if (!jiter_arr(&it, list))
		return;
	for (; jiter_next(&it, NULL, &el.val); el.place++) {
		if (key != NULL)
			(void)jget(el.val, key, &el.id);
		*vec_push(v) = el;
	}
}

static int
by_id(const void *x, const void *y)
{
	return str_cmp(((const struct element *)x)->id, ((const struct element *)y)->id);
}

static const struct element *
find(const struct elements *sorted, struct str id)
{
	const struct element key = { .id = id };

	return sorted->len > 0 ? bsearch(&key, sorted->at, sorted->len, sizeof key, by_id) : NULL;
}

static int
diff_element(struct diff *d, const char *key, struct str id, struct str a, struct str b, struct err *e)
{
	size_t before = d->path.len;

	if (jfield_match(&d->path, key, id, e) < 0 || diff_values(d, a, b, e) < 0)
		return -1;
	buf_cut(&d->path, before);
	return 0;
}

/* Appends the ids of those elements that the other list has, too. */
static int
put_order(struct buf *out, const struct elements *list, const struct elements *other, struct err *e)
{
	if (buf_add_str(out, S("["), e) < 0)
		return -1;
	for (size_t i = 0; i < list->len; i++)
		if (find(other, list->at[i].id) != NULL
		    && ((out->len > 1 && buf_add_str(out, S(","), e) < 0) || buf_add_str(out, list->at[i].id, e) < 0))
			return -1;
	return buf_add_str(out, S("]"), e);
}

struct keyed { const char *key; struct elements a, b, sorted_a, sorted_b; };

static void
keyed_done(struct keyed *k)
{
	elements_free(&k->a);
	elements_free(&k->b);
	elements_free(&k->sorted_a);
	elements_free(&k->sorted_b);
}

static int
diff_order(struct diff *d, const struct keyed *k, struct err *e)
{
	AUTO_BUF struct buf old = BUF_INIT(LIMIT_OBJECT);
	AUTO_BUF struct buf now = BUF_INIT(LIMIT_OBJECT);
	size_t before = d->path.len;

	if (put_order(&old, &k->a, &k->sorted_b, e) < 0 || put_order(&now, &k->b, &k->sorted_a, e) < 0)
		return -1;
	if (str_eq(buf_str(&old), buf_str(&now)))
		return 0;
	if (buf_add_str(&d->path, S("[*]."), e) < 0 || buf_add_str(&d->path, str_of(k->key), e) < 0
	    || tell(d, buf_str(&old), buf_str(&now), e) < 0)
		return -1;
	buf_cut(&d->path, before);
	return 0;
}

static int
diff_keyed(struct diff *d, struct str a, struct str b, const char *key, struct err *e)
{
	AUTO(keyed_done) struct keyed k = { .key = key };

	elements_read(&k.a, a, key);
	elements_read(&k.sorted_a, a, key);
	elements_read(&k.b, b, key);
	elements_read(&k.sorted_b, b, key);
	if (k.a.len > 1)
		qsort(k.sorted_a.at, k.a.len, sizeof *k.a.at, by_id);
	if (k.b.len > 1)
		qsort(k.sorted_b.at, k.b.len, sizeof *k.b.at, by_id);
	for (size_t i = 0; i < k.a.len; i++)
		if (find(&k.sorted_b, k.a.at[i].id) == NULL
		    && diff_element(d, key, k.a.at[i].id, k.a.at[i].val, S(""), e) < 0)
			return -1;
	for (size_t i = 0; i < k.b.len; i++) {
		const struct element *was = find(&k.sorted_a, k.b.at[i].id);

		if (diff_element(d, key, k.b.at[i].id, was != NULL ? was->val : S(""), k.b.at[i].val, e) < 0)
			return -1;
	}
	return diff_order(d, &k, e);
}

static int
diff_place(struct diff *d, size_t place, struct str a, struct str b, struct err *e)
{
	size_t before = d->path.len;

	if (jfield_index(&d->path, place, e) < 0 || diff_values(d, a, b, e) < 0)
		return -1;
	buf_cut(&d->path, before);
	return 0;
}

static int
diff_lists(struct diff *d, struct str a, struct str b, struct err *e)
{
	AUTO(elements_free) struct elements x = { 0 };
	AUTO(elements_free) struct elements y = { 0 };
	const char *key = jfield_list_key(a, b);
	size_t from = 0, n, m;

	if (key != NULL)
		return diff_keyed(d, a, b, key, e);
	elements_read(&x, a, NULL);
	elements_read(&y, b, NULL);
	/* A list that is empty now is another thing than its elements: it is told as a whole. */
	if (x.len == 0 || y.len == 0)
		return x.len == y.len ? 0 : tell(d, a, b, e);
	n = x.len;
	m = y.len;
	while (from < n && from < m && jsame(x.at[from].val, y.at[from].val))
		from++;
	while (n > from && m > from && jsame(x.at[n - 1].val, y.at[m - 1].val))
		n--, m--;
	for (size_t i = from; i < n || i < m; i++)
		if (diff_place(d, i, i < n ? x.at[i].val : S(""), i < m ? y.at[i].val : S(""), e) < 0)
			return -1;
	return 0;
}

static int
diff_values(struct diff *d, struct str a, struct str b, struct err *e)
{
	enum jtype t = jtype(a);

	if (str_eq(a, b))
		return 0;
	if (t != jtype(b))
		return tell(d, a, b, e);
	if (t == J_OBJ)
		return diff_objects(d, a, b, e);
	if (t == J_ARR)
		return diff_lists(d, a, b, e);
	return jsame(a, b) ? 0 : tell(d, a, b, e);
}

int
jdiff(struct str a, struct str b, jdiff_fn *fn, void *ctx, struct err *e)
{
	struct diff d = { fn, ctx, BUF_INIT(LIMIT_OBJECT) };
	int rc = diff_values(&d, str_trim(a), str_trim(b), e);

	buf_free(&d.path);
	return rc;
}
