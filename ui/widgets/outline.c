/* Tables whose rows are in groups, which open and close. */
#include "ui/widgets/table_impl.h"

#include "base/attr.h"
#include "base/mem.h"
#include "base/strmap.h"
#include "base/vec.h"

#include <stdlib.h>
#include <string.h>

static struct row *
parent(const struct rows *r, const struct row *of)
{
	return of->parent > 0 ? &r->all.at[of->parent - 1] : NULL;
}

void
table_rows_nest(struct rows *r, unsigned depth, bool group)
{
	size_t last = r->all.len - 1;
	struct row *row = &r->all.at[last];
	uint32_t up = (uint32_t)last;

	assert_that(depth <= UINT8_MAX);
	r->outline = true;
	row->group = group;
	row->depth = (uint8_t)depth;
	while (up > 0 && r->all.at[up - 1].depth >= depth)
		up = r->all.at[up - 1].parent;
	row->parent = up;
	r->n_leaves -= group;
	for (struct row *g = parent(r, row); g != NULL && !group; g = parent(r, g))
		g->leaves++;
}

bool
table_is_group(const struct table *t)
{
	const struct row *r = table_row(t, t->cursor);

	return r != NULL && r->group;
}

/* The first row after a group that is not in it. */
static size_t
end_of(const struct rows *r, const struct row *group)
{
	size_t i = (size_t)(group - r->all.at) + 1;

	while (i < r->all.len && r->all.at[i].depth > group->depth)
		i++;
	return i;
}

/* --- what is shown --- */

/* Something is looked for: groups are as open as it takes. */
static bool
searches(const struct table *t)
{
	return t->filter_text[0] != '\0' || t->marked_only;
}

bool
outline_is_open(const struct table *t, const struct row *r)
{
	return r->open || searches(t);
}

static void
find(struct table *t, int64_t now_s)
{
	struct rows *r = t->rows;

	for (size_t i = 0; i < r->all.len; i++)
		r->all.at[i].found = false;
	for (size_t i = 0; i < r->all.len; i++) {
		if (r->all.at[i].group || !table_passes(t, (uint32_t)i, now_s))
			continue;
		t->n_found++;
		for (struct row *g = &r->all.at[i]; g != NULL && !g->found; g = parent(r, g))
			g->found = true;
	}
}

void
outline_show(struct table *t, int64_t now_s)
{
	size_t closed = SIZE_MAX;        /* depth of the closed group that the row is in */

	find(t, now_s);
	for (size_t i = 0; i < t->rows->all.len; i++) {
		const struct row *row = &t->rows->all.at[i];

		if (row->depth > closed)
			continue;
		closed = SIZE_MAX;
		if (!row->found)
			continue;
		t->shown[t->n_shown++] = (uint32_t)i;
		if (row->group && !outline_is_open(t, row))
			closed = row->depth;
	}
}

void
table_toggle(struct table *t, int64_t now_s)
{
	struct row *r = table_row(t, t->cursor);

	if (r == NULL || !r->group || searches(t))
		return;
	r->open = !r->open;
	table_show_again(t, now_s);
}

void
outline_left(struct table *t, int64_t now_s)
{
	const struct row *r = table_row(t, t->cursor), *up;

	if (r == NULL)
		return;
	up = parent(t->rows, r);
	if (r->group && r->open && !searches(t))
		table_toggle(t, now_s);
	else if (up != NULL)
		(void)table_go(t, up->id);
}

void
outline_right(struct table *t, int64_t now_s)
{
	const struct row *r = table_row(t, t->cursor);

	if (r == NULL || !r->group)
		return;
	if (!r->open && !searches(t)) {
		table_toggle(t, now_s);
	} else {
		t->cursor++;
		table_clamp(t);
	}
}

void
outline_expand_all(struct table *t, int64_t now_s)
{
	bool any = false;

	for (size_t i = 0; i < t->rows->all.len; i++)
		any |= t->rows->all.at[i].group && !t->rows->all.at[i].open;
	for (size_t i = 0; i < t->rows->all.len; i++)
		t->rows->all.at[i].open = any;
	/* What the cursor is on may go: its outermost group stays. */
	for (const struct row *r = table_row(t, t->cursor); r != NULL && !any && r->parent > 0; r = table_row(t, t->cursor))
		(void)table_go(t, parent(t->rows, r)->id);
	table_show_again(t, now_s);
}

void
outline_keep_open(const struct rows *from, struct rows *to)
{
	AUTO(strmap_freep) struct strmap *open = strmap_new();

	for (size_t i = 0; i < from->all.len; i++)
		if (from->all.at[i].open)
			(void)strmap_add(open, str_of(from->all.at[i].id));
	for (size_t i = 0; i < to->all.len; i++)
		to->all.at[i].open = to->all.at[i].group && strmap_has(open, str_of(to->all.at[i].id));
}

/* --- marks --- */

void
table_mark_row(struct table *t, struct row *r, bool on)
{
	if (r->marked == on)
		return;
	r->marked = on;
	t->n_marked = on ? t->n_marked + 1 : t->n_marked - 1;
	for (struct row *g = parent(t->rows, r); g != NULL; g = parent(t->rows, g))
		g->n_marked = on ? g->n_marked + 1 : g->n_marked - 1;
}

void
outline_mark(struct table *t, struct row *r, bool on)
{
	size_t at = (size_t)(r - t->rows->all.at), end = r->group ? end_of(t->rows, r) : at + 1;

	for (; at < end; at++)
		if (!t->rows->all.at[at].group && t->rows->all.at[at].found)
			table_mark_row(t, &t->rows->all.at[at], on);
}

bool
outline_is_marked(const struct table *t, const struct row *r)
{
	size_t at = (size_t)(r - t->rows->all.at), end = r->group ? end_of(t->rows, r) : at + 1;

	for (; at < end; at++)
		if (!t->rows->all.at[at].group && t->rows->all.at[at].found && !t->rows->all.at[at].marked)
			return false;
	return true;
}

void
outline_invert(struct table *t)
{
	for (size_t i = 0; i < t->rows->all.len; i++)
		if (!t->rows->all.at[i].group && t->rows->all.at[i].found)
			table_mark_row(t, &t->rows->all.at[i], !t->rows->all.at[i].marked);
}

void
table_each_branch(const struct table *t, void (*fn)(void *ctx, const char *id, bool group), void *ctx)
{
	const struct rows *r = t->rows;

	for (size_t i = 0; t->n_marked > 0 && i < r->all.len;) {
		const struct row *row = &r->all.at[i];
		bool whole = row->group && row->n_marked == row->leaves;

		if (whole || row->marked)
			fn(ctx, row->id, row->group);
		i = whole ? end_of(r, row) : i + 1;
	}
}
