/* Where the contents of a backup's objects have a pattern (ui.md 4.8). */
#include "base/attr.h"
#include "base/mem.h"
#include "data/jdoc.h"
#include "ui/screens/changes.h"
#include "ui/screens/screens.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_MAX 20000           /* more are for `orlop backup grep` */

enum { RESOURCE, NAMESPACE, NAME, FIELD, TEXT };
static const struct column columns[] = {
	[RESOURCE] = { "RESOURCE", COL_TEXT, 12, 32, 1, false },
	[NAMESPACE] = { "NAMESPACE", COL_TEXT, 10, 24, 0, false },
	[NAME] = { "NAME", COL_TEXT, 14, 40, 0, false },
	[FIELD] = { "FIELD", COL_TEXT, 14, 40, 0, false },
	[TEXT] = { "TEXT", COL_TEXT, 20, 300, 0, false },
};

struct matches {
	char        *backup, *pattern;
	struct table table;
	struct rows *coming;
	size_t       left_out;
	char        *missed;             /* the first thing that could not be searched */
};

static void
open_grep(struct model *m, struct screen *s)
{
	struct matches *g = s->state;
	struct str rest = str_of(s->arg), backup = { 0 };

	(void)m;
	/* From a tree by lines, from the palette by blanks. */
	(void)str_split(&rest, str_chr(rest, '\n') < rest.len ? '\n' : ' ', &backup);
	g->backup = str_dup(backup);
	g->pattern = str_dup(rest);
	free(s->title);
	s->title = xasprintf("'%s' in %s", g->pattern, g->backup);
	table_init(&g->table, columns, COUNT(columns), RESOURCE, false);
}

static void
close_grep(struct screen *s)
{
	struct matches *g = s->state;

	free(g->backup);
	free(g->pattern);
	free(g->missed);
	table_done(&g->table);
	table_rows_free(g->coming);
}

/* As in searches of texts, upper case makes it exact. */
static bool
has_upper(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text >= 'A' && *text <= 'Z')
			return true;
	return false;
}

static void
load(struct model *m, struct screen *s)
{
	struct matches *g = s->state;
	struct request *r;

	if (g->pattern[0] == '\0') {
		model_say(m, TOAST_WARN, ":grep takes a backup and a pattern");
		return;
	}
	r = xcalloc(1, sizeof *r);
	table_rows_free(g->coming);
	g->coming = table_rows_new(columns, COUNT(columns));
	g->left_out = 0;
	free(TAKE(g->missed));
	r->op = OP_BACKUP_GREP;
	strs_add(&r->look.backups, g->backup);
	r->look.pattern = xstrdup(g->pattern);
	r->look.ignore_case = !has_upper(g->pattern);
	s->ticket = model_ask(m, s, r);
}

static void
add(struct matches *g, const cJSON *row)
{
	char id[32];

	if (table_rows_len(g->coming) == ROWS_MAX) {
		g->left_out++;
		return;
	}
	(void)snprintf(id, sizeof id, "%zu", table_rows_len(g->coming));
	table_rows_add(g->coming, id, (const char *const[]){ jdoc_text(row, "resource"), jdoc_text(row, "namespace"),
		jdoc_text(row, "name"), jdoc_text(row, "path"), jdoc_text(row, "text") }, NULL, NULL, ROLE_TEXT);
}

static void
event(struct model *m, struct screen *s, uint64_t ticket, const struct event *ev)
{
	struct matches *g = s->state;
	struct err ignored;

	(void)ticket;
	if (ev->kind == EV_ROW) {
		AUTO(jdoc_wipep) cJSON *row = jdoc_parse((struct str){ ev->text, ev->len }, &ignored);

		add(g, row);
	}
	if (ev->kind == EV_FINDING && g->missed == NULL)
		g->missed = finding_text((struct str){ ev->text, ev->len });
	if (ev->kind != EV_END || ev->end == END_FAILED)
		return;
	table_set(&g->table, TAKE(g->coming), m->now_s);
	if (g->left_out > 0)
		model_say(m, TOAST_WARN, "%zu more matches are not shown: a longer pattern finds fewer", g->left_out);
	if (g->missed != NULL || ev->end == END_CANCELED)
		model_say(m, TOAST_ERROR, "not all was searched: %s", g->missed != NULL ? g->missed : "it was canceled");
}

static struct table *
table(struct screen *s)
{
	return &((struct matches *)s->state)->table;
}

static void
draw(struct model *m, struct screen *s, struct area a)
{
	table_draw(table(s), a, m->times, m->now_s);
}

static bool
act(struct model *m, struct screen *s, const char *action)
{
	struct matches *g = s->state;
	AUTO_FREE char *arg = NULL;

	if (strcmp(action, "open") != 0 || table_current(&g->table) == NULL)
		return false;
	arg = xasprintf("%s\n%s\n%s\n%s", g->backup, table_current_cell(&g->table, RESOURCE),
		table_current_cell(&g->table, NAMESPACE), table_current_cell(&g->table, NAME));
	model_open(m, &screen_object, arg);
	return true;
}

const struct screen_type screen_grep = {
	.name = "grep", .needs = "a backup and a pattern", .empty = "Nothing has it.  Values of Secrets are not searched.",
	.mask = IN_LIST, .state_size = sizeof(struct matches),
	.open = open_grep, .close = close_grep, .load = load, .event = event, .act = act, .draw = draw, .table = table,
};
