/* Everything that the status line has said (ui.md 4.17). */
#include "base/attr.h"
#include "base/mem.h"
#include "ui/screens/screens.h"

#include <stdio.h>

enum { AT, LEVEL, TEXT };

static const struct column columns[] = {
	[AT] = { "TIME", COL_AGE, 10, 17, 0, false },
	[LEVEL] = { "LEVEL", COL_STATE, 7, 7, 0, false },
	[TEXT] = { "MESSAGE", COL_TEXT, 20, 400, 0, false },
};

static const struct { const char *word; enum role role; } levels[] = {
	[TOAST_INFO] = { "info", ROLE_LOG_INFO }, [TOAST_WARN] = { "warning", ROLE_LOG_WARN },
	[TOAST_ERROR] = { "error", ROLE_LOG_ERROR },
};

static void
open_list(struct model *m, struct screen *s)
{
	struct table *t = s->state;
	struct rows *rows = table_rows_new(columns, COUNT(columns));

	table_init(t, columns, COUNT(columns), AT, true);
	for (size_t i = 0; i < m->messages.len; i++) {
		const struct message *msg = &m->messages.at[i];
		const char *cells[] = { NULL, levels[msg->level].word, msg->text };
		const int64_t nums[] = { msg->at_s, 0, 0 };
		char id[24];

		(void)snprintf(id, sizeof id, "%08zu", i);
		table_rows_add(rows, id, cells, nums, NULL, levels[msg->level].role);
	}
	table_set(t, rows, m->now_s);
}

static void
close_list(struct screen *s)
{
	table_done(s->state);
}

static void
draw(struct model *m, struct screen *s, struct area a)
{
	table_draw(s->state, a, m->times, m->now_s);
}

static struct table *
table(struct screen *s)
{
	return s->state;
}

const struct screen_type screen_messages = {
	.name = "messages", .crumb = "Messages", .mask = IN_LIST, .state_size = sizeof(struct table),
	.open = open_list, .close = close_list, .draw = draw, .table = table,
};
