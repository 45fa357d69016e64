/* Comparing two backups. */
#include "engine/diff.h"

#include "base/mem.h"
#include "data/jscan.h"
#include "engine/diff_impl.h"
#include "engine/scope.h"

#include <stdlib.h>
#include <string.h>

static const char *const what_texts[] = {
	[DIFF_ADDED] = "added", [DIFF_REMOVED] = "removed", [DIFF_CHANGED] = "changed", [DIFF_SAME] = "same",
};
_Static_assert(COUNT(what_texts) == DIFF_COUNT_, "everything has its text");

const char *
diff_what_text(enum diff_what w)
{
	return what_texts[w];
}

/* --- what is compared --- */

void
entries_free(struct entries *v)
{
	vec_free(v);
}

int
diff_order(const struct index_entry *a, const struct index_entry *b)
{
	int c = str_cmp(a->gr, b->gr);

	if (c == 0)
		c = str_cmp(a->ns, b->ns);
	return c != 0 ? c : str_cmp(a->name, b->name);
}

static int
by_place(const void *x, const void *y)
{
	return diff_order(*(const struct index_entry *const *)x, *(const struct index_entry *const *)y);
}

int
diff_entries(const struct reader *r, const struct selection *s, struct entries *out, struct err *e)
{
	const struct index *ix = reader_index(r);
	size_t kept = 0;

	for (size_t i = 0; i < ix->n_entries; i++) {
		const struct index_entry *en = &ix->entries[i];
		int takes = scope_takes(s, en->gr, en->ns, en->name, en->labels, e);

		if (takes < 0)
			return -1;
		if (takes > 0)
			*vec_push(out) = en;
	}
	if (out->len > 1)
		qsort(out->at, out->len, sizeof *out->at, by_place);
	/* An index from outside may have an object twice. */
	for (size_t i = 0; i < out->len; i++)
		if (kept == 0 || diff_order(out->at[kept - 1], out->at[i]) != 0)
			out->at[kept++] = out->at[i];
	out->len = kept;
	return 0;
}

/* --- telling --- */

void
diff_done(struct diff *d)
{
	buf_wipe(&d->a);
	buf_wipe(&d->b);
}

int
diff_tell(struct diff *d, enum diff_what what, const struct index_entry *en, const char *why, struct err *e)
{
	const struct diff_row row = { what, en->gr, en->kind, en->ns, en->name, buf_str(&d->a), buf_str(&d->b), why };

	d->n->n[what]++;
	return d->fn(d->ctx, &row, e);
}

int
diff_objects(struct diff *d, const struct index_entry *en, struct str a, struct str b, struct err *e)
{
	int rc = 0;

	buf_cut(&d->a, 0);
	buf_cut(&d->b, 0);
	if (view_put(&d->o->view, en->gr, a, S(""), &d->a, e) < 0 || view_put(&d->o->view, en->gr, b, a, &d->b, e) < 0)
		return err_ctx(e, STR_FMT " " STR_FMT, STR_ARG(en->gr), STR_ARG(en->name));
	if (jsame(buf_str(&d->a), buf_str(&d->b)))
		d->n->n[DIFF_SAME]++;
	else
		rc = diff_tell(d, DIFF_CHANGED, en, "", e);
	buf_cut(&d->a, 0);
	buf_cut(&d->b, 0);
	return rc;
}

/* --- two backups --- */

/* One step of going through both lists; NULL: that side does not have it. */
struct pair { const struct index_entry *a, *b; };
struct pairs VEC_OF(struct pair);

static void
pairs_free(struct pairs *v)
{
	vec_free(v);
}

struct sides {
	const struct diff_side *a, *b;
	struct selection       *sel_a, *sel_b;       /* the user's */
	struct selection       *scope_a, *scope_b;   /* of the backups; NULL: not known */
	struct entries          in_a, in_b;
	struct pairs            pairs;               /* all but those that are known to be the same */
};

static void
sides_done(struct sides *s)
{
	selection_free(s->sel_a);
	selection_free(s->sel_b);
	selection_free(s->scope_a);
	selection_free(s->scope_b);
	entries_free(&s->in_a);
	entries_free(&s->in_b);
	pairs_free(&s->pairs);
}

/* A type that neither knows would be a filter that takes nothing, silently. */
static int
check_unknown(const struct filter_opts *f, const struct strs *a, const struct strs *b, struct err *e)
{
	AUTO_STRS struct strs both = { 0 };
	const char *name;

	for (size_t i = 0; i < a->len; i++)
		for (size_t k = 0; k < b->len; k++)
			if (strcmp(a->at[i], b->at[k]) == 0)
				strs_add(&both, a->at[i]);
	name = scope_unknown(f, &both);
	return name == NULL ? 0 : err_set(e, EK_NOTFOUND, "neither backup has objects of type '%s' (of custom "
			"resources no short names are known here)", name);
}

static int
open_filters(struct sides *s, const struct filter_opts *f, struct err *e)
{
	AUTO(discovery_freep) struct discovery *a = reader_discovery(s->a->r);
	AUTO(discovery_freep) struct discovery *b = reader_discovery(s->b->r);
	AUTO_STRS struct strs unknown_a = { 0 };
	AUTO_STRS struct strs unknown_b = { 0 };

	s->sel_a = selection_new(f, a, &unknown_a, e);
	if (s->sel_a == NULL)
		return -1;
	s->sel_b = selection_new(f, b, &unknown_b, e);
	if (s->sel_b == NULL)
		return -1;
	/* Which types a filter means is known where there are such types. */
	s->scope_a = scope_of(s->a->b, b);
	s->scope_b = scope_of(s->b->b, a);
	return check_unknown(f, &unknown_a, &unknown_b, e);
}

static void
pair_up(struct sides *s, bool by_hash, struct diff_counts *n)
{
	size_t i = 0, k = 0;

	while (i < s->in_a.len || k < s->in_b.len) {
		const struct index_entry *a = i < s->in_a.len ? s->in_a.at[i] : NULL;
		const struct index_entry *b = k < s->in_b.len ? s->in_b.at[k] : NULL;
		int order = a == NULL ? 1 : b == NULL ? -1 : diff_order(a, b);

		if (order > 0)
			a = NULL;
		if (order < 0)
			b = NULL;
		i += a != NULL;
		k += b != NULL;
		if (order == 0 && by_hash && memcmp(a->hash, b->hash, sizeof a->hash) == 0)
			n->n[DIFF_SAME]++;
		else
			*vec_push(&s->pairs) = (struct pair){ a, b };
	}
}

/* What will be read, so that it is on its way early. */
static void
read_ahead(const struct sides *s, const struct cancel *c)
{
	AUTO(entries_free) struct entries a = { 0 };
	AUTO(entries_free) struct entries b = { 0 };

	for (size_t i = 0; i < s->pairs.len; i++) {
		if (s->pairs.at[i].a == NULL || s->pairs.at[i].b == NULL)
			continue;
		*vec_push(&a) = s->pairs.at[i].a;
		*vec_push(&b) = s->pairs.at[i].b;
	}
	if (a.len > 0) {
		reader_ahead(s->a->r, a.at, a.len, c);
		reader_ahead(s->b->r, b.at, b.len, c);
	}
}

static int
tell_single(struct diff *d, const struct sides *s, const struct pair *p, struct err *e)
{
	const struct index_entry *en = p->a != NULL ? p->a : p->b;
	const struct diff_side *other = p->a != NULL ? s->b : s->a;
	const struct selection *scope = p->a != NULL ? s->scope_b : s->scope_a;
	AUTO_FREE char *why = NULL;

	if (scope != NULL && !scope_holds(scope, en->gr, en->ns, en->name, en->labels))
		why = xasprintf("backup '%s' was not asked to hold it", other->b->name);
	return diff_tell(d, p->a != NULL ? DIFF_REMOVED : DIFF_ADDED, en, why != NULL ? why : "", e);
}

static int
compare(struct diff *d, const struct sides *s, const struct pair *p, struct err *e)
{
	struct str a, b;

	if (cancel_check(d->c, e) < 0)
		return -1;
	if (p->a == NULL || p->b == NULL)
		return tell_single(d, s, p, e);
	if (reader_object(s->a->r, p->a, &a, d->c, e) < 0 || reader_object(s->b->r, p->b, &b, d->c, e) < 0)
		return -1;
	return diff_objects(d, p->b, a, b, e);
}

int
diff_backups(const struct diff_side *a, const struct diff_side *b, const struct diff_opts *o, struct report *r,
	diff_fn *fn, void *ctx, const struct cancel *c, struct diff_counts *out, struct err *e)
{
	AUTO(sides_done) struct sides s = { .a = a, .b = b };
	AUTO(diff_done) struct diff d = DIFF_INIT(o, r, fn, ctx, c, out);
	bool by_hash = o->view.fields == VIEW_CONTENT && reader_hashed(a->r) && reader_hashed(b->r);

	*out = (struct diff_counts){ 0 };
	if (open_filters(&s, o->filter, e) < 0 || diff_entries(a->r, s.sel_a, &s.in_a, e) < 0
	    || diff_entries(b->r, s.sel_b, &s.in_b, e) < 0)
		return -1;
	pair_up(&s, by_hash, out);
	read_ahead(&s, c);
	for (size_t i = 0; i < s.pairs.len; i++) {
		if (i % 64 == 0)
			report_progress(r, "comparing", i, s.pairs.len, 0);
		if (compare(&d, &s, &s.pairs.at[i], e) < 0)
			return -1;
	}
	return 0;
}
