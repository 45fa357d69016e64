/* Two JSON objects, member by member. */
#include "data/jpairs.h"

#include "base/vec.h"
#include "data/jlex.h"

#include <stdlib.h>

static int
member_cmp(const void *x, const void *y)
{
	const struct jmember *a = x, *b = y;
	int c = jlex_text_cmp(a->key, b->key);

	if (c != 0)
		return c;
	return a->key.p < b->key.p ? -1 : a->key.p > b->key.p;
}

static void
members_read(struct jmembers *m, struct str obj)
{
	struct jmember next;
	struct jiter it;
	size_t keep = 0;

	if (!jiter_obj(&it, obj))
		return;
	while (jiter_next(&it, &next.key, &next.val))
		*vec_push(m) = next;
	if (m->len > 1)
		qsort(m->at, m->len, sizeof *m->at, member_cmp);
	for (size_t i = 0; i < m->len; i++)
		if (keep == 0 || jlex_text_cmp(m->at[keep - 1].key, m->at[i].key) != 0)
			m->at[keep++] = m->at[i];
	m->len = keep;
}

void
jpairs_init(struct jpairs *p, struct str a, struct str b)
{
	*p = (struct jpairs){ 0 };
	members_read(&p->a, a);
	members_read(&p->b, b);
}

void
jpairs_done(struct jpairs *p)
{
	vec_free(&p->a);
	vec_free(&p->b);
}

bool
jpairs_next(struct jpairs *p, const struct jmember **a, const struct jmember **b)
{
	int c;

	*a = p->ia < p->a.len ? &p->a.at[p->ia] : NULL;
	*b = p->ib < p->b.len ? &p->b.at[p->ib] : NULL;
	if (*a == NULL && *b == NULL)
		return false;
	c = *a == NULL ? 1 : *b == NULL ? -1 : jlex_text_cmp((*a)->key, (*b)->key);
	if (c > 0)
		*a = NULL;
	if (c < 0)
		*b = NULL;
	p->ia += *a != NULL;
	p->ib += *b != NULL;
	return true;
}
