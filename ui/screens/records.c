/* What lists of backups and of restores have in common. */
#include "ui/screens/records.h"

#include "base/attr.h"
#include "base/clock.h"
#include "base/mem.h"
#include "data/jdoc.h"

#include <string.h>

#define COLUMNS_MAX 24

/* Phases of Velero's API (velero-format 1) and their words. */
static const struct { const char *phase, *word; enum role role; } phases[] = {
	{ "New", "queued", ROLE_STATE_QUEUED },
	{ "InProgress", "running", ROLE_STATE_RUNNING },
	{ "Finalizing", "finalizing", ROLE_STATE_RUNNING },
	{ "FinalizingPartiallyFailed", "finalizing", ROLE_STATE_RUNNING },
	{ "WaitingForPluginOperations", "finalizing", ROLE_STATE_RUNNING },
	{ "WaitingForPluginOperationsPartiallyFailed", "finalizing", ROLE_STATE_RUNNING },
	{ "Completed", "ok", ROLE_STATE_OK },
	{ "PartiallyFailed", "PARTIAL", ROLE_STATE_PARTIAL },
	{ "Failed", "FAILED", ROLE_STATE_FAILED },
	{ "FailedValidation", "FAILED", ROLE_STATE_FAILED },
	{ "Deleting", "DELETING", ROLE_STATE_RUNNING },
};

const char *
record_phase(const char *phase)
{
	for (size_t i = 0; phase != NULL && i < COUNT(phases); i++)
		if (strcmp(phases[i].phase, phase) == 0)
			return phases[i].word;
	return phase != NULL ? phase : "?";
}

enum role
record_role(const char *phase)
{
	for (size_t i = 0; phase != NULL && i < COUNT(phases); i++)
		if (strcmp(phases[i].phase, phase) == 0)
			return phases[i].role;
	return ROLE_STATE_UNKNOWN;
}

int64_t
record_time(const cJSON *record, const char *path)
{
	const char *text = jdoc_text(record, path);
	int64_t ns;

	return text != NULL && clock_parse_rfc3339(str_of(text), &ns) ? ns / NS_PER_S : 0;
}

void
records_open(struct screen *s, const struct record_list *l)
{
	struct records *r = s->state;

	table_init(&r->table, l->columns, l->n_columns, l->sort, true);
}

void
records_close(struct screen *s)
{
	struct records *r = s->state;

	table_done(&r->table);
	table_rows_free(r->coming);
}

void
records_load(struct model *m, struct screen *s, const struct record_list *l)
{
	struct records *r = s->state;
	struct request *q = xcalloc(1, sizeof *q);

	table_rows_free(r->coming);
	r->coming = table_rows_new(l->columns, l->n_columns);
	q->op = l->op;
	s->ticket = model_ask(m, s, q);
}

static void
add(struct records *r, const struct record_list *l, struct str json)
{
	struct err ignored;
	AUTO_JDOC cJSON *d = jdoc_parse(json, &ignored);
	const char *cells[COLUMNS_MAX] = { 0 }, *id = jdoc_text(d, "metadata.name");
	int64_t nums[COLUMNS_MAX] = { 0 };

	if (id == NULL)
		return;
	l->fill(d, cells, nums);
	table_rows_add(r->coming, id, cells, nums, NULL, record_role(jdoc_text(d, "status.phase")));
}

void
records_event(struct model *m, struct screen *s, const struct record_list *l, const struct event *ev)
{
	struct records *r = s->state;

	if (ev->kind == EV_ROW)
		add(r, l, (struct str){ ev->text, ev->len });
	/* What was shown stays when loading it anew fails. */
	if (ev->kind == EV_END && ev->end != END_FAILED && r->coming != NULL) {
		table_set(&r->table, r->coming, m->now_s);
		r->coming = NULL;
	}
}

void
records_draw(struct model *m, struct screen *s, struct area a)
{
	struct records *r = s->state;

	table_draw(&r->table, a, m->times, m->now_s);
}

struct table *
records_table(struct screen *s)
{
	return &((struct records *)s->state)->table;
}

struct choosing { struct buf *out; size_t n; };

static void
add_chosen(void *ctx, const char *id)
{
	struct choosing *c = ctx;

	buf_putf(c->out, "%s%s", c->n > 0 ? "\n" : "", id);
	c->n++;
}

size_t
records_chosen(const struct table *t, struct buf *out)
{
	struct choosing c = { out, 0 };

	table_each_marked(t, add_chosen, &c);
	if (c.n == 0 && table_current(t) != NULL)
		add_chosen(&c, table_current(t));
	return c.n;
}
