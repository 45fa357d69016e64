/* A text to read that another screen has already: arg is the text, its first line the title. */
#include "base/mem.h"
#include "ui/screens/screens.h"

#include <stdlib.h>

static void
open_text(struct model *m, struct screen *s)
{
	struct pager *p = s->state;
	struct str rest = str_of(s->arg), first = { 0 };

	(void)m;
	(void)str_split(&rest, '\n', &first);
	free(s->title);
	s->title = str_dup(first);
	pager_init(p);
	p->wrap = true;
	if (s->type == &screen_diff_text)
		pager_add_diff(p, rest);
	else
		pager_add(p, ROLE_TEXT, rest);
}

static void
close_text(struct screen *s)
{
	pager_done(s->state);
}

static void
draw(struct model *m, struct screen *s, struct area a)
{
	(void)m;
	pager_draw(s->state, a);
}

static struct pager *
pager(struct screen *s)
{
	return s->state;
}

#define TEXT .needs = "a text", .mask = IN_VIEWER, .state_size = sizeof(struct pager), \
	.open = open_text, .close = close_text, .draw = draw, .pager = pager

const struct screen_type screen_text = { .name = "text", TEXT };
const struct screen_type screen_diff_text = { .name = "diff-text", TEXT };
