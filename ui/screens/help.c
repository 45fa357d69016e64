/* Keys of the screen below, as a text (help) and as a list to choose from (actions); both come from the table of keys. */
#include "base/attr.h"
#include "base/mem.h"
#include "base/vec.h"
#include "ui/model_impl.h"
#include "ui/screens/screens.h"

#include <stdlib.h>
#include <string.h>

static bool
holds(struct screen *s, const struct action *a)
{
	return action_applies(a, s->type->name, screen_mask(s));
}

/* --- help --- */

static const char about[] =
	"Whatever changes a cluster or a bucket asks first; the safe button has the focus.\n"
	":  goes to a place: backups, restores, jobs, locations, messages. Tab completes, Up recalls.\n"
	"/  filters a list: PATTERN, !PATTERN, -l app=web, -f fuzzy, col:status=failed, marked; or searches a text.\n"
	"Marks (Space, v) hold for the next action, which says how many there are.\n"
	"Jobs go on when you leave their screen: J shows them.\n"
	"Words in upper case (PARTIAL, FAILED) need a look.";

static void
put_keys(struct model *m, struct screen *of, struct pager *p, bool own)
{
	for (size_t i = 0; i < actions_len; i++) {
		AUTO_BUF struct buf keys = BUF_INIT(128);

		if (!holds(of, &actions[i]) || (actions[i].screen != NULL) != own)
			continue;
		keymap_keys(m->keys, (int)i, &keys);
		if (keys.len > 0)
			pager_addf(p, ROLE_TEXT, " %-20s %s", buf_cstr(&keys), actions[i].text);
	}
}

static void
open_help(struct model *m, struct screen *s)
{
	struct pager *p = s->state;

	pager_init(p);
	pager_addf(p, ROLE_TITLE, "Here: %s", s->below->title);
	put_keys(m, s->below, p, true);
	pager_addf(p, ROLE_TITLE, "\nEverywhere");
	put_keys(m, s->below, p, false);
	pager_addf(p, ROLE_TITLE, "\nGood to know");
	pager_add(p, ROLE_TEXT, str_of(about));
}

static void
close_help(struct screen *s)
{
	pager_done(s->state);
}

static void
draw_help(struct model *m, struct screen *s, struct area a)
{
	(void)m;
	pager_draw(s->state, a);
}

static struct pager *
pager(struct screen *s)
{
	return s->state;
}

static bool
act_help(struct model *m, struct screen *s, const char *action)
{
	(void)s;
	if (strcmp(action, "help") != 0)
		return false;
	model_back(m);
	return true;
}

const struct screen_type screen_help = {
	.name = "help", .crumb = "Help", .mask = IN_VIEWER, .state_size = sizeof(struct pager),
	.open = open_help, .close = close_help, .act = act_help, .draw = draw_help, .pager = pager,
};

/* --- actions --- */

enum { WHAT, KEYS, WHY };

static const struct column columns[] = {
	[WHAT] = { "ACTION", COL_TEXT, 30, 44, 0, false },
	[KEYS] = { "KEYS", COL_TEXT, 12, 24, 0, false },
	[WHY] = { "", COL_TEXT, 10, 40, 1, false },
};

static void
open_actions(struct model *m, struct screen *s)
{
	struct table *t = s->state;
	struct rows *rows = table_rows_new(columns, COUNT(columns));

	table_init(t, columns, COUNT(columns), WHY, false);
	/* What is special here comes first. */
	for (int own = 1; own >= 0; own--)
		for (size_t i = 0; i < actions_len; i++) {
			AUTO_BUF struct buf keys = BUF_INIT(128);
			const char *why = NULL;

			if (!holds(s->below, &actions[i]) || (actions[i].screen != NULL) != (own != 0)
			    || strcmp(actions[i].id, "actions") == 0)
				continue;
			keymap_keys(m->keys, (int)i, &keys);
			(void)acts_allowed(m, &actions[i], &why);
			table_rows_add(rows, actions[i].id, (const char *const[]){ actions[i].text, buf_cstr(&keys), why }, NULL, NULL,
				ROLE_TEXT);
		}
	table_set(t, rows, m->now_s);
}

static void
close_actions(struct screen *s)
{
	table_done(s->state);
}

static bool
act_actions(struct model *m, struct screen *s, const char *action)
{
	AUTO_FREE char *id = NULL;

	if (strcmp(action, "open") != 0 || table_current(s->state) == NULL)
		return false;
	id = xstrdup(table_current(s->state));
	model_back(m);
	model_act(m, id);
	return true;
}

static void
draw_actions(struct model *m, struct screen *s, struct area a)
{
	table_draw(s->state, a, m->times, m->now_s);
}

static struct table *
table(struct screen *s)
{
	return s->state;
}

const struct screen_type screen_actions = {
	.name = "actions", .crumb = "Actions", .mask = IN_LIST, .state_size = sizeof(struct table),
	.open = open_actions, .close = close_actions, .act = act_actions, .draw = draw_actions, .table = table,
};
