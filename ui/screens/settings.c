/* Settings and About (ui.md 4.17). */
#include "base/attr.h"
#include "base/mem.h"
#include "ui/screens/screens.h"

#include <string.h>

enum { NAME, VALUE, STANDARD, HELP };

static const struct column columns[] = {
	[NAME] = { "SETTING", COL_TEXT, 10, 12, 0, false },
	[VALUE] = { "VALUE", COL_TEXT, 10, 16, 0, false },
	[STANDARD] = { "DEFAULT", COL_TEXT, 9, 12, 1, false },
	[HELP] = { "WHAT IT IS", COL_TEXT, 20, 90, 0, false },
};

static void
fill(struct model *m, struct table *t)
{
	struct rows *rows = table_rows_new(columns, COUNT(columns));

	for (size_t i = 0; i < setting_rows_len; i++) {
		const struct setting *row = &setting_rows[i];
		const char *cells[] = { row->name, settings_get(&m->settings, row->name), row->standard, row->help };

		table_rows_add(rows, row->name, cells, NULL, NULL, ROLE_TEXT);
	}
	table_set(t, rows, m->now_s);
}

static void
open_list(struct model *m, struct screen *s)
{
	table_init(s->state, columns, COUNT(columns), NAME, false);
	fill(m, s->state);
}

static void
close_list(struct screen *s)
{
	table_done(s->state);
}

static bool
act(struct model *m, struct screen *s, const char *action)
{
	const char *name = table_current(s->state);
	char value[SETTING_LEN];

	if (name == NULL || strcmp(action, "open") != 0 || settings_next(&m->settings, name, value) == NULL)
		return false;
	model_set(m, name, value);
	fill(m, s->state);
	return true;
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

const struct screen_type screen_settings = {
	.name = "settings", .crumb = "Settings", .mask = IN_LIST, .state_size = sizeof(struct table), .open = open_list,
	.close = close_list, .act = act, .draw = draw, .table = table,
};

/* --- about --- */

static void
open_about(struct model *m, struct screen *s)
{
	struct pager *p = s->state;

	pager_init(p);
	pager_addf(p, ROLE_TITLE, "orlop " PACKAGE_VERSION);
	pager_addf(p, ROLE_TEXT, "backs up Kubernetes clusters to object storage and restores them\n");
	pager_addf(p, ROLE_TEXT, "project   %s", m->opts.project);
	pager_addf(p, ROLE_TEXT, "location  %s", m->opts.location != NULL ? m->opts.location : "none");
	pager_addf(p, ROLE_TEXT, "cluster   %s", m->opts.context != NULL ? m->opts.context : "the kubeconfig's current context");
	pager_addf(p, ROLE_TEXT, "screen    %dx%d, %s", m->canvas.cols, m->canvas.rows, m->canvas.ascii ? "ASCII" : "UTF-8");
	if (m->opts.about != NULL)
		pager_add(p, ROLE_TEXT, str_of(m->opts.about));
	pager_addf(p, ROLE_TEXT_DIM, "\nC copies this, for a report; it holds no secrets.");
}

static void
close_about(struct screen *s)
{
	pager_done(s->state);
}

static void
draw_about(struct model *m, struct screen *s, struct area a)
{
	(void)m;
	pager_draw(s->state, a);
}

static struct pager *
pager(struct screen *s)
{
	return s->state;
}

const struct screen_type screen_about = {
	.name = "about", .crumb = "About", .mask = IN_VIEWER, .state_size = sizeof(struct pager), .open = open_about,
	.close = close_about, .draw = draw_about, .pager = pager,
};
