/* One object in a backup (ui.md 4.8): its YAML, how it differs from the cluster's, and what the other backups have of it. */
#include "base/attr.h"
#include "base/limits.h"
#include "base/mem.h"
#include "data/jdoc.h"
#include "data/yaml.h"
#include "ui/screens/changes.h"
#include "ui/screens/records.h"
#include "ui/screens/screens.h"

#include <stdlib.h>
#include <string.h>

enum { TAB_YAML, TAB_LIVE, TAB_HISTORY, TAB_COUNT_ };
static const char *const tabs[] = { "YAML", "Against live", "History", NULL };

enum { BACKUP, CHANGE, CREATED, SIZE, WHERE };
static const struct column columns[] = {
	[BACKUP] = { "BACKUP", COL_TEXT, 20, 48, 0, false },
	[CHANGE] = { "CHANGE", COL_STATE, 9, 9, 0, false },
	[CREATED] = { "CREATED", COL_AGE, 10, 17, 0, false },
	[SIZE] = { "SIZE", COL_SIZE, 8, 10, 1, false },
	[WHERE] = { "WHAT CHANGED", COL_TEXT, 20, 200, 1, false },
};

struct object {
	char        *backup, *kind, *ns, *name;          /* ns "" outside namespaces */
	struct pager yaml, live;
	struct table history;
	struct rows *coming;
	uint64_t     live_ticket, history_ticket;        /* 0: not asked yet */
	int64_t      asked_ms[TAB_COUNT_];               /* 0: nothing is under way */
	size_t       versions;                           /* of the history so far */
	bool         secrets, differs;
};

/* arg: "BACKUP KIND NAMESPACE NAME", separated by newlines; then, if another tab than the first is meant, its digit. */
static void
open_object(struct model *m, struct screen *s)
{
	struct object *o = s->state;
	struct str rest = str_of(s->arg), part[5] = { 0 };

	(void)m;
	for (size_t i = 0; i < COUNT(part); i++)
		(void)str_split(&rest, '\n', &part[i]);
	o->backup = str_dup(part[0]);
	o->kind = str_dup(part[1]);
	o->ns = str_dup(part[2]);
	o->name = str_dup(part[3]);
	free(s->title);
	s->title = xasprintf("%s %s%s%s", o->kind, o->ns, o->ns[0] != '\0' ? "/" : "", o->name);
	pager_init(&o->yaml);
	pager_init(&o->live);
	table_init(&o->history, columns, COUNT(columns), CREATED, true);
	if (part[4].len > 0)
		s->tab = (size_t)(part[4].p[0] - '0') % TAB_COUNT_;
}

static void
close_object(struct screen *s)
{
	struct object *o = s->state;

	free(o->backup);
	free(o->kind);
	free(o->ns);
	free(o->name);
	pager_done(&o->yaml);
	pager_done(&o->live);
	table_done(&o->history);
	table_rows_free(o->coming);
}

static struct request *
request(const struct object *o, enum op op)
{
	struct request *r = xcalloc(1, sizeof *r);
	AUTO_FREE char *place = xasprintf("%s/%s%s%s", o->kind, o->ns, o->ns[0] != '\0' ? "/" : "", o->name);

	r->op = op;
	r->name = xstrdup(o->backup);
	r->look.show_secrets = o->secrets;
	if (op != OP_BACKUP_DIFF)
		strs_add(&r->objects, place);
	return r;
}

static void
ask_live(struct model *m, struct screen *s)
{
	struct object *o = s->state;
	struct request *r = request(o, OP_BACKUP_DIFF);

	r->look.other = xstrdup("live");
	strs_add(&r->filter.inc_resources, o->kind);
	if (o->ns[0] != '\0')
		strs_add(&r->filter.inc_namespaces, o->ns);
	r->filter.inc_names = xasprintf("^\\Q%s\\E$", o->name);
	pager_clear(&o->live);
	o->differs = false;
	o->asked_ms[TAB_LIVE] = m->now_ms;
	o->live_ticket = model_ask(m, s, r);
}

static void
ask_history(struct model *m, struct screen *s)
{
	struct object *o = s->state;
	struct request *r = request(o, OP_BACKUP_HISTORY);

	free(TAKE(r->name));
	r->look.diff = true;
	table_rows_free(o->coming);
	o->coming = table_rows_new(columns, COUNT(columns));
	o->versions = 0;
	o->asked_ms[TAB_HISTORY] = m->now_ms;
	o->history_ticket = model_ask(m, s, r);
}

static void
show(struct model *m, struct screen *s)
{
	const struct object *o = s->state;

	if (s->tab == TAB_LIVE && o->live_ticket == 0)
		ask_live(m, s);
	else if (s->tab == TAB_HISTORY && o->history_ticket == 0)
		ask_history(m, s);
}

static void
load(struct model *m, struct screen *s)
{
	struct object *o = s->state;

	o->live_ticket = o->history_ticket = 0;
	s->ticket = model_ask(m, s, request(o, OP_BACKUP_CAT));
	show(m, s);
}

/* --- answers --- */

/* - is the backup, + the cluster. */
static void
add_difference(struct object *o, const cJSON *d, struct str json)
{
	AUTO(buf_wipe) struct buf text = BUF_INIT(SIZE_MAX);
	const char *change = jdoc_text(d, "change");

	o->differs = true;
	if (change != NULL && strcmp(change, "changed") != 0)
		pager_addf(&o->live, ROLE_DIFF_CHANGE, "%s", strcmp(change, "removed") == 0
			? "the cluster does not have it any more" : change);
	changes_put(json, &text, NULL);
	pager_add_diff(&o->live, buf_str(&text));
}

static void
add_history(struct object *o, const cJSON *d, struct str json)
{
	const char *change = jdoc_text(d, "change"), *backup = jdoc_text(d, "backup");
	bool same = change != NULL && strcmp(change, "same") == 0;
	AUTO_BUF struct buf where = BUF_INIT(SIZE_MAX);

	if (backup == NULL)
		return;
	o->versions++;
	changes_put(json, NULL, &where);
	table_rows_add(o->coming, backup, (const char *const[]){ backup, change, NULL, NULL, buf_cstr(&where) },
		(const int64_t[]){ 0, 0, record_time(d, "created"), jdoc_int(d, "size", -1), 0 }, NULL,
		same ? ROLE_PLAN_SAME : ROLE_PLAN_CHANGE);
}

static void
take_row(struct object *o, uint64_t ticket, const struct event *ev)
{
	AUTO(buf_wipe) struct buf yaml = BUF_INIT(2 * LIMIT_OBJECT);
	struct err ignored;
	struct str json = { ev->text, ev->len };
	AUTO(jdoc_wipep) cJSON *d = NULL;

	if (ticket != o->live_ticket && ticket != o->history_ticket) {
		pager_clear(&o->yaml);
		if (yaml_from_json(json, &yaml, &ignored) == 0)
			pager_add_yaml(&o->yaml, buf_str(&yaml));
		return;
	}
	d = jdoc_parse(json, &ignored);
	if (ticket == o->live_ticket)
		add_difference(o, d, json);
	else if (o->coming != NULL)
		add_history(o, d, json);
}

static void
event(struct model *m, struct screen *s, uint64_t ticket, const struct event *ev)
{
	struct object *o = s->state;

	if (ev->kind == EV_ROW)
		take_row(o, ticket, ev);
	if (ev->kind == EV_FINDING && ticket == o->live_ticket) {
		AUTO_FREE char *text = finding_text((struct str){ ev->text, ev->len });

		pager_addf(&o->live, ROLE_STATE_FAILED, "%s", text);
	}
	if (ev->kind != EV_END)
		return;
	if (ticket == o->live_ticket)
		o->asked_ms[TAB_LIVE] = 0;
	if (ticket == o->history_ticket)
		o->asked_ms[TAB_HISTORY] = 0;
	if (ticket == o->live_ticket && ev->end == END_FAILED)
		pager_addf(&o->live, ROLE_STATE_FAILED, "%s", ev->err.msg);
	else if (ticket == o->live_ticket && ev->end != END_DONE)
		pager_addf(&o->live, ROLE_STATE_FAILED, "not compared");
	else if (ticket == o->live_ticket && !o->differs)
		pager_addf(&o->live, ROLE_STATE_OK, "the cluster has it as it is in the backup");
	else if (ticket == o->history_ticket && ev->end == END_FAILED)
		model_say(m, TOAST_ERROR, "%s", ev->err.msg);
	else if (ticket == o->history_ticket && ev->end == END_CANCELED)
		model_say(m, TOAST_INFO, "stopped: R asks again");
	else if (ticket == o->history_ticket && o->coming != NULL)
		table_set(&o->history, TAKE(o->coming), m->now_s);
}

/* --- on the screen --- */

static struct table *
table(struct screen *s)
{
	return s->tab == TAB_HISTORY ? &((struct object *)s->state)->history : NULL;
}

static struct pager *
pager(struct screen *s)
{
	struct object *o = s->state;

	if (s->tab == TAB_HISTORY)
		return NULL;
	return s->tab == TAB_YAML ? &o->yaml : &o->live;
}

static void
draw(struct model *m, struct screen *s, struct area a)
{
	const struct object *o = s->state;

	if (s->tab == TAB_HISTORY)
		table_draw(table(s), a, m->times, m->now_s);
	else
		pager_draw(pager(s), a);
	/* The first tab is what the screen itself loads. */
	if (o->asked_ms[s->tab] != 0 && m->now_ms - o->asked_ms[s->tab] > SLOW_MS) {
		if (s->tab == TAB_LIVE)
			area_putf(a, 1, 1, ROLE_TEXT_DIM, "Asking the cluster..   Ctrl-C stops");
		else if (table(s)->n_shown == 0)
			area_putf(a, 1, 1, ROLE_TEXT_DIM, "Looking into the backups.. %zu so far   Ctrl-C stops", o->versions);
	}
}

static bool
act(struct model *m, struct screen *s, const char *action)
{
	struct object *o = s->state;

	if (strcmp(action, "secrets") == 0) {
		o->secrets = !o->secrets;
		/* At once, whatever comes of asking again. */
		pager_clear(&o->yaml);
		pager_clear(&o->live);
		model_say(m, TOAST_WARN, o->secrets ? "values of %s are shown" : "values of %s are hidden", s->title);
		model_load(m, s);
	} else if (strcmp(action, "stop") == 0 && o->asked_ms[s->tab] != 0) {
		model_cancel(m, s->tab == TAB_LIVE ? o->live_ticket : o->history_ticket);
	} else if (strcmp(action, "open") == 0 && s->tab == TAB_HISTORY && table_current(&o->history) != NULL) {
		AUTO_FREE char *arg = xasprintf("%s\n%s\n%s\n%s", table_current(&o->history), o->kind, o->ns, o->name);

		model_open(m, &screen_object, arg);
	} else {
		return false;
	}
	return true;
}

const struct screen_type screen_object = {
	.name = "object", .needs = "an object of a backup", .mask = IN_LIST, .state_size = sizeof(struct object), .tabs = tabs,
	.open = open_object, .close = close_object, .load = load, .event = event, .act = act, .show = show, .draw = draw,
	.table = table, .pager = pager,
};
