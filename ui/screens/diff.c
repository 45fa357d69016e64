/* What differs between two backups, or a backup and the cluster (ui.md 4.9). */
#include "base/attr.h"
#include "base/mem.h"
#include "base/parse.h"
#include "data/jdoc.h"
#include "ui/screens/changes.h"
#include "ui/screens/screens.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXTS_MAX (64 * 1024 * 1024)     /* of changes kept to be read */

enum { CHANGE, KIND, NAMESPACE, NAME, WHERE };
static const struct column columns[] = {
	[CHANGE] = { "CHANGE", COL_STATE, 8, 8, 0, false },
	[KIND] = { "KIND", COL_TEXT, 12, 32, 0, false },
	[NAMESPACE] = { "NAMESPACE", COL_TEXT, 10, 30, 0, false },
	[NAME] = { "NAME", COL_TEXT, 16, 60, 0, false },
	[WHERE] = { "WHERE", COL_TEXT, 16, 200, 1, false },
};

struct differences {
	char        *a, *b;              /* b may be "live" */
	struct table table;
	struct rows *coming;
	struct strs  texts;              /* of the rows, by their ids */
	size_t       held;
	char        *missed;             /* the first thing that could not be compared */
};

static void
put_title(struct screen *s)
{
	const struct differences *d = s->state;

	free(s->title);
	s->title = xasprintf("%s against %s", d->a, d->b);
}

static void
open_diff(struct model *m, struct screen *s)
{
	struct differences *d = s->state;
	struct str rest = str_of(s->arg), a = { 0 };

	(void)m;
	/* From a list by lines, from the palette by blanks. */
	(void)str_split(&rest, str_chr(rest, '\n') < rest.len ? '\n' : ' ', &a);
	d->a = str_dup(a);
	d->b = rest.len > 0 ? str_dup(rest) : xstrdup("live");
	put_title(s);
	table_init(&d->table, columns, COUNT(columns), CHANGE, true);
}

static void
close_diff(struct screen *s)
{
	struct differences *d = s->state;

	free(d->a);
	free(d->b);
	free(d->missed);
	table_done(&d->table);
	table_rows_free(d->coming);
	strs_free(&d->texts);
}

static void
load(struct model *m, struct screen *s)
{
	struct differences *d = s->state;
	struct request *r = xcalloc(1, sizeof *r);

	table_rows_free(d->coming);
	d->coming = table_rows_new(columns, COUNT(columns));
	strs_free(&d->texts);
	d->held = 0;
	free(TAKE(d->missed));
	r->op = OP_BACKUP_DIFF;
	r->name = xstrdup(d->a);
	r->look.other = xstrdup(d->b);
	s->ticket = model_ask(m, s, r);
}

/* --- rows --- */

static void
add(struct differences *d, const cJSON *row, struct str json)
{
	static const struct { const char *word; enum role role; } looks[] = {
		{ "added", ROLE_DIFF_ADD }, { "removed", ROLE_DIFF_DEL },
	};
	const char *change = jdoc_text(row, "change");
	enum role role = ROLE_DIFF_CHANGE;
	AUTO_BUF struct buf text = BUF_INIT(SIZE_MAX), where = BUF_INIT(SIZE_MAX);
	char id[32];

	if (change == NULL)
		return;
	for (size_t i = 0; i < COUNT(looks); i++)
		if (strcmp(looks[i].word, change) == 0)
			role = looks[i].role;
	if (d->held < TEXTS_MAX)
		changes_put(json, &text, &where);
	d->held += text.len;
	(void)snprintf(id, sizeof id, "%08zu", d->texts.len);
	strs_add(&d->texts, buf_cstr(&text));
	table_rows_add(d->coming, id, (const char *const[]){ change, jdoc_text(row, "kind"), jdoc_text(row, "namespace"),
		jdoc_text(row, "name"), buf_cstr(&where) }, NULL, NULL, role);
}

static void
event(struct model *m, struct screen *s, uint64_t ticket, const struct event *ev)
{
	struct differences *d = s->state;
	struct err ignored;

	(void)ticket;
	if (ev->kind == EV_ROW) {
		AUTO(jdoc_wipep) cJSON *row = jdoc_parse((struct str){ ev->text, ev->len }, &ignored);

		add(d, row, (struct str){ ev->text, ev->len });
	}
	if (ev->kind == EV_FINDING && d->missed == NULL)
		d->missed = finding_text((struct str){ ev->text, ev->len });
	if (ev->kind != EV_END || ev->end == END_FAILED || d->coming == NULL)
		return;
	table_set(&d->table, TAKE(d->coming), m->now_s);
	if (ev->end == END_DONE)
		return;
	/* What could not be compared is not the same. */
	s->load = LOAD_FAILED;
	err_set(&s->why, EK_UNAVAILABLE, "not all was compared: %.300s", d->missed != NULL ? d->missed : "it was canceled");
	model_say(m, TOAST_ERROR, "%s", s->why.msg);
}

/* --- on the screen --- */

static struct table *
table(struct screen *s)
{
	return &((struct differences *)s->state)->table;
}

static void
draw(struct model *m, struct screen *s, struct area a)
{
	table_draw(table(s), a, m->times, m->now_s);
}

static void
open_row(struct model *m, const struct differences *d)
{
	AUTO_FREE char *text = NULL;
	uint64_t i;

	if (table_current(&d->table) == NULL || !parse_u64(str_of(table_current(&d->table)), UINT64_MAX, &i)
	    || i >= d->texts.len)
		return;
	text = xasprintf("%s %s/%s\n%s", table_current_cell(&d->table, KIND), table_current_cell(&d->table, NAMESPACE),
		table_current_cell(&d->table, NAME), d->texts.at[i][0] != '\0' ? d->texts.at[i] : table_current_cell(&d->table, CHANGE));
	model_open(m, &screen_diff_text, text);
}

static bool
act(struct model *m, struct screen *s, const char *action)
{
	struct differences *d = s->state;
	char *a = d->a;

	if (strcmp(action, "open") == 0) {
		open_row(m, d);
	} else if (strcmp(action, "diff.swap") == 0 && strcmp(d->b, "live") != 0) {
		d->a = d->b;
		d->b = a;
		put_title(s);
		model_load(m, s);
	} else {
		return false;
	}
	return true;
}

const struct screen_type screen_diff = {
	.name = "diff", .needs = "one or two backups", .empty = "They do not differ.", .mask = IN_LIST,
	.state_size = sizeof(struct differences),
	.open = open_diff, .close = close_diff, .load = load, .event = event, .act = act, .draw = draw, .table = table,
};
