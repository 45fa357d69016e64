/* Restoring, in six steps (ui.md 4.11): four forms, what the preflight found, and the plan, from which it is begun. */
#include "base/attr.h"
#include "base/mem.h"
#include "data/jdoc.h"
#include "ui/command.h"
#include "ui/model_impl.h"
#include "ui/screens/screens.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COMMAND_COLS 76

enum { STEP_TARGET, STEP_SELECT, STEP_MAP, STEP_POLICY, FORMS, STEP_PREFLIGHT = FORMS, STEP_PLAN };
static const char *const steps[] = { "Target", "Select", "Map", "Policy", "Preflight", "Plan", NULL };

/* --- forms --- */

#define NEXT { .id = "next", .label = "Next step", .kind = FIELD_BUTTON }, { .id = "plan", .label = "Plan", .kind = FIELD_BUTTON }
#define COMMAND { .id = "", .kind = FIELD_NOTE, .value = "\nSame as command:" }, { .id = "command", .kind = FIELD_NOTE }

static const char *const cluster_resources[] = { "auto", "true", "false", NULL };
static const char *const policies[] = { "none", "update", "apply", "recreate", "fail", NULL };
static const char *const owners[] = { "drop", "relink", NULL };

static const struct field target[] = {
	{ .id = "backup", .label = "Backup", .kind = FIELD_NOTE },
	{ .id = "NAME", .label = "Restore name", .kind = FIELD_TEXT, .hint = "made up from the backup and the time" },
	{ .id = "--context", .label = "Into the cluster of", .kind = FIELD_TEXT, .hint = "the context above" },
	COMMAND, NEXT,
};
static const struct field chosen[] = {
	{ .id = "--include-namespaces", .label = "Namespaces", .kind = FIELD_TEXT, .hint = "all; or names, patterns: a,b-*" },
	{ .id = "--exclude-namespaces", .label = "  but not", .kind = FIELD_TEXT },
	{ .id = "--include-resources", .label = "Kinds of objects", .kind = FIELD_TEXT, .hint = "all; or deployments,secrets,.." },
	{ .id = "--exclude-resources", .label = "  but not", .kind = FIELD_TEXT },
	{ .id = "--include-object", .label = "Single objects", .kind = FIELD_TEXT, .hint = "deployment/shop/web,cm/shop/*,.." },
	{ .id = "--exclude-object", .label = "  but not", .kind = FIELD_TEXT },
	{ .id = "--with-dependencies", .label = "", .kind = FIELD_CHECK, .hint = "also what these refer to" },
	{ .id = "--include-cluster-resources", .label = "Outside namespaces", .kind = FIELD_CHOICE, .choices = cluster_resources },
	{ .id = "--selector", .label = "Label selector", .kind = FIELD_TEXT, .hint = "app=web,env!=dev" },
	COMMAND, { .id = "browse", .label = "Choose objects", .kind = FIELD_BUTTON }, NEXT,
};
static const struct field map[] = {
	{ .id = "--namespace-mappings", .label = "Namespaces", .kind = FIELD_TEXT, .hint = "old:new,prod-*:stage-*" },
	{ .id = "--storage-class-mappings", .label = "Storage classes", .kind = FIELD_TEXT, .hint = "gp2:standard" },
	{ .id = "--image-mappings", .label = "Image registries", .kind = FIELD_TEXT, .hint = "docker.io=mirror:5000" },
	{ .id = "--host-mappings", .label = "Ingress hosts", .kind = FIELD_TEXT, .hint = "shop.old:shop.new" },
	{ .id = "--zone-mappings", .label = "Zones", .kind = FIELD_TEXT, .hint = "eu-1a:us-1b" },
	{ .id = "--drop-node-affinity", .label = "", .kind = FIELD_CHECK, .hint = "drop what ties pods to nodes" },
	{ .id = "--preserve-nodeports", .label = "", .kind = FIELD_CHECK, .hint = "keep node ports" },
	{ .id = "--resource-modifiers", .label = "Resource modifiers", .kind = FIELD_TEXT, .hint = "a file" },
	COMMAND, NEXT,
};
static const struct field policy[] = {
	{ .id = "--existing-resource-policy", .label = "Objects that differ", .kind = FIELD_CHOICE, .choices = policies },
	{ .id = "", .label = "", .kind = FIELD_NOTE, .value = "none: they stay and are reported.  update: as in the backup.  apply: server-side "
		"apply.  recreate: deleted and created where they cannot be changed.  fail: stop." },
	{ .id = "--owner-references", .label = "Owner references", .kind = FIELD_CHOICE, .choices = owners },
	{ .id = "--pause-controllers", .label = "", .kind = FIELD_CHECK, .hint = "start pods only when everything is restored" },
	{ .id = "--prune", .label = "", .kind = FIELD_CHECK, .hint = "delete what the backup does not have (asks)" },
	{ .id = "--yes-really", .label = "May be deleted", .kind = FIELD_TEXT, .hint = "pvc/shop/data: with all that is in it" },
	{ .id = "--ignore", .label = "Findings to ignore", .kind = FIELD_TEXT, .hint = "codes of the preflight" },
	COMMAND, NEXT,
};
static const struct { const struct field *fields; size_t n; } forms[FORMS] = {
	{ target, COUNT(target) }, { chosen, COUNT(chosen) }, { map, COUNT(map) }, { policy, COUNT(policy) },
};

/* --- tables --- */

enum { LEVEL, CODE, FINDING, REMEDY };
static const struct column finding_columns[] = {
	[LEVEL] = { "LEVEL", COL_STATE, 7, 7, 0, false },
	[CODE] = { "CODE", COL_TEXT, 16, 24, 1, false },
	[FINDING] = { "FINDING", COL_TEXT, 30, 400, 0, false },
	[REMEDY] = { "NEXT STEP", COL_TEXT, 20, 200, 0, true },
};

enum { ACTION, KIND, NAMESPACE, NAME, DETAIL };
static const struct column plan_columns[] = {
	[ACTION] = { "ACTION", COL_STATE, 9, 9, 0, false },
	[KIND] = { "KIND", COL_TEXT, 12, 32, 0, false },
	[NAMESPACE] = { "NAMESPACE", COL_TEXT, 10, 30, 0, false },
	[NAME] = { "NAME", COL_TEXT, 16, 60, 0, false },
	[DETAIL] = { "DETAIL", COL_TEXT, 10, 400, 1, false },
};
static const struct { const char *action; enum role role; bool changes; } plan_roles[] = {
	{ "create", ROLE_PLAN_CREATE, false }, { "same", ROLE_PLAN_SAME, false }, { "differs", ROLE_PLAN_SKIP, false },
	{ "skip", ROLE_PLAN_SKIP, false }, { "update", ROLE_PLAN_CHANGE, true }, { "merge", ROLE_PLAN_CHANGE, true },
	{ "apply", ROLE_PLAN_CHANGE, true }, { "recreate", ROLE_PLAN_REPLACE, true }, { "delete", ROLE_PLAN_REPLACE, true },
	{ "blocked", ROLE_PLAN_BLOCKED, false },
};

struct wizard {
	struct form   forms[FORMS];
	struct table  findings, plan;
	struct rows  *coming_findings, *coming_plan;     /* while they are loaded */
	uint64_t      preflight_ticket, plan_ticket;
	char         *preflight_of, *plan_of;            /* the command line that was asked about; NULL: none yet */
	size_t        counts[COUNT(plan_roles)], outside;        /* of the plan; objects outside namespaces that it touches */
	size_t        stops;
	struct err    why;                               /* of the plan or the preflight that failed */
};

static void
put_words(const struct model *m, const struct screen *s, bool plan, struct strs *words)
{
	const struct wizard *w = s->state;

	strs_add(words, "restore");
	strs_add(words, plan ? "plan" : "create");
	for (size_t i = 0; i < FORMS; i++) {
		struct form f = w->forms[i];

		/* Only a restore has a name. */
		if (plan && i == STEP_TARGET) {
			if (form_get(&f, "--context")[0] != '\0') {
				strs_add(words, "--context");
				strs_add(words, form_get(&f, "--context"));
			}
			continue;
		}
		command_add(words, &f);
	}
	strs_add(words, "--from-backup");
	strs_add(words, s->arg);
	command_add_place(words, m);
}

static char *
line(const struct model *m, const struct screen *s, bool plan)
{
	AUTO_STRS struct strs words = { 0 };
	AUTO_BUF struct buf text = BUF_INIT(SIZE_MAX);

	put_words(m, s, plan, &words);
	command_text(&words, COMMAND_COLS, &text);
	return buf_take(&text, NULL);
}

static void
changed(struct model *m, struct screen *s)
{
	struct wizard *w = s->state;
	AUTO_FREE char *text = line(m, s, false);

	for (size_t i = 0; i < FORMS; i++)
		form_set(&w->forms[i], "command", text);
}

static void
open_wizard(struct model *m, struct screen *s)
{
	struct wizard *w = s->state;
	char *picks = strchr(s->arg, '\n');

	for (size_t i = 0; i < FORMS; i++)
		form_init(&w->forms[i], forms[i].fields, forms[i].n);
	table_init(&w->findings, finding_columns, COUNT(finding_columns), LEVEL, true);
	table_init(&w->plan, plan_columns, COUNT(plan_columns), ACTION, true);
	if (picks != NULL) {
		*picks++ = '\0';
		form_set(&w->forms[STEP_SELECT], "--include-object", picks);
	}
	free(s->title);
	s->title = xasprintf("Restore %s", s->arg);
	form_set(&w->forms[STEP_TARGET], "backup", s->arg);
	changed(m, s);
}

void
restore_new_choose(struct model *m, struct screen *s, const char *picks)
{
	form_set(&((struct wizard *)s->state)->forms[STEP_SELECT], "--include-object", picks);
	changed(m, s);
}

static void
close_wizard(struct screen *s)
{
	struct wizard *w = s->state;

	for (size_t i = 0; i < FORMS; i++)
		form_done(&w->forms[i]);
	table_done(&w->findings);
	table_done(&w->plan);
	table_rows_free(w->coming_findings);
	table_rows_free(w->coming_plan);
	free(w->preflight_of);
	free(w->plan_of);
}

/* --- asking --- */

static void
ask(struct model *m, struct screen *s, enum op op, char **of, uint64_t *ticket)
{
	struct wizard *w = s->state;
	AUTO_STRS struct strs words = { 0 };
	struct request *r;

	free(*of);
	*of = line(m, s, true);
	w->why = (struct err){ 0 };
	put_words(m, s, true, &words);
	r = command_request(m, &words, &w->why);
	if (r == NULL) {
		s->load = LOAD_FAILED;
		s->why = w->why;
		return;
	}
	r->op = op;
	s->ticket = *ticket = model_ask(m, s, r);
	s->load = LOAD_RUNNING;
	s->since_ms = m->now_ms;
	s->loaded = 0;
}

static bool
is_current(const struct model *m, const struct screen *s, const char *of)
{
	AUTO_FREE char *now = line(m, s, true);

	return of != NULL && strcmp(of, now) == 0;
}

static void
ask_preflight(struct model *m, struct screen *s)
{
	struct wizard *w = s->state;

	table_rows_free(w->coming_findings);
	w->coming_findings = table_rows_new(finding_columns, COUNT(finding_columns));
	w->stops = 0;
	s->empty = "No findings: nothing is in the way. Step 6 makes the plan.";
	ask(m, s, OP_RESTORE_PREFLIGHT, &w->preflight_of, &w->preflight_ticket);
}

static void
ask_plan(struct model *m, struct screen *s)
{
	struct wizard *w = s->state;

	table_rows_free(w->coming_plan);
	w->coming_plan = table_rows_new(plan_columns, COUNT(plan_columns));
	memset(w->counts, 0, sizeof w->counts);
	w->outside = w->stops = 0;
	s->empty = "Nothing to restore: the backup has nothing of what was chosen in step 2.";
	ask(m, s, OP_RESTORE_PLAN, &w->plan_of, &w->plan_ticket);
}

static void
show(struct model *m, struct screen *s)
{
	struct wizard *w = s->state;

	if (s->tab == STEP_PREFLIGHT && !is_current(m, s, w->preflight_of))
		ask_preflight(m, s);
	if (s->tab == STEP_PLAN && !is_current(m, s, w->plan_of))
		ask_plan(m, s);
}

/* --- answers --- */

static const char *
text_of(const cJSON *d, const char *key)
{
	const char *text = jdoc_text(d, key);

	return text != NULL ? text : "";
}

static enum role
level_role(const char *level)
{
	if (strcmp(level, "stop") == 0)
		return ROLE_PLAN_BLOCKED;
	return strcmp(level, "warn") == 0 ? ROLE_STATE_PARTIAL : ROLE_STATE_OK;
}

static void
add_finding(struct wizard *w, struct rows *to, const cJSON *d)
{
	const char *level = text_of(d, "level");
	bool stops = strcmp(level, "stop") == 0;
	char id[32];

	w->stops += stops;
	(void)snprintf(id, sizeof id, "%08zu", table_rows_len(to));
	table_rows_add(to, id, (const char *const[]){ stops ? "STOP" : level, text_of(d, "code"), text_of(d, "text"),
		text_of(d, "remedy") }, NULL, NULL, level_role(level));
}

static void
add_planned(struct wizard *w, const cJSON *d)
{
	const char *action = text_of(d, "action"), *ns = text_of(d, "namespace");
	const char *why = text_of(d, "why");
	AUTO_FREE char *diff = cJSON_PrintUnformatted(jdoc_get(d, "diff"));
	AUTO_FREE char *id = xasprintf("%s/%s/%s", text_of(d, "resource"), ns, text_of(d, "name"));
	enum role role = ROLE_TEXT;

	for (size_t i = 0; i < COUNT(plan_roles); i++)
		if (strcmp(plan_roles[i].action, action) == 0) {
			role = plan_roles[i].role;
			w->counts[i]++;
			w->outside += ns[0] == '\0' && (plan_roles[i].changes || i == 0);
		}
	table_rows_add(w->coming_plan, id, (const char *const[]){ action, text_of(d, "kind"), ns, text_of(d, "name"),
		why[0] != '\0' || diff == NULL ? why : diff }, NULL, NULL, role);
}

static void
take_row(struct wizard *w, uint64_t ticket, const struct event *ev)
{
	struct err ignored;
	AUTO_JDOC cJSON *d = jdoc_parse((struct str){ ev->text, ev->len }, &ignored);

	if (d == NULL)
		return;
	if (ticket == w->preflight_ticket && w->coming_findings != NULL)
		add_finding(w, w->coming_findings, d);
	else if (ticket == w->plan_ticket && w->coming_plan != NULL && jdoc_text(d, "action") != NULL)
		add_planned(w, d);
	else if (ticket == w->plan_ticket && strcmp(text_of(d, "level"), "stop") == 0)
		w->stops++;
}

static void
event(struct model *m, struct screen *s, uint64_t ticket, const struct event *ev)
{
	struct wizard *w = s->state;

	if (ev->kind == EV_ROW)
		take_row(w, ticket, ev);
	if (ev->kind != EV_END)
		return;
	if (ev->end == END_FAILED || ev->end == END_CANCELED) {
		/* So that coming here again asks again. */
		free(TAKE(*(ticket == w->plan_ticket ? &w->plan_of : &w->preflight_of)));
		return;
	}
	if (ticket == w->preflight_ticket && w->coming_findings != NULL)
		table_set(&w->findings, TAKE(w->coming_findings), m->now_s);
	else if (ticket == w->plan_ticket && w->coming_plan != NULL)
		table_set(&w->plan, TAKE(w->coming_plan), m->now_s);
}

/* --- the end --- */

static bool
changes_something(const struct wizard *w)
{
	for (size_t i = 0; i < COUNT(plan_roles); i++)
		if (plan_roles[i].changes && w->counts[i] > 0)
			return true;
	return w->outside > 0;
}

static void
start(struct model *m, const char *arg)
{
	struct screen *s = m->top;
	AUTO_STRS struct strs words = { 0 };
	struct request *r;
	struct err e;

	(void)arg;
	put_words(m, s, false, &words);
	strs_add(&words, "--confirm");
	r = command_request(m, &words, &e);
	if (r == NULL) {
		model_say(m, TOAST_ERROR, "%s", e.msg);
		return;
	}
	(void)model_start_job(m, r);
	model_back(m);
	model_say(m, TOAST_INFO, "the restore has begun: J shows it");
}

static const char *
target_of(const struct model *m, const struct wizard *w)
{
	const char *context = form_get(&w->forms[STEP_TARGET], "--context");

	if (context[0] != '\0')
		return context;
	return m->opts.context != NULL ? m->opts.context : "current context";
}

static void
confirm(struct model *m, struct screen *s)
{
	struct wizard *w = s->state;
	const char *cluster = target_of(m, w);
	AUTO_FREE char *title = xasprintf("Restore %s into %s", s->arg, cluster);
	AUTO_BUF struct buf text = BUF_INIT(4096);
	const struct context_rule rule = settings_context(&m->settings, cluster);
	bool typed = changes_something(w);

	if (s->tab != STEP_PLAN || !is_current(m, s, w->plan_of) || s->load != LOAD_DONE) {
		model_say(m, TOAST_INFO, "the plan comes first: step 6 makes it");
		return;
	}
	if (rule.readonly && m->opts.context != NULL && strcmp(cluster, m->opts.context) != 0) {
		model_say(m, TOAST_WARN, "%s is read-only by your settings: use it (:ctx) and allow changes there (:rw)", cluster);
		return;
	}
	if (w->stops > 0) {
		model_say(m, TOAST_WARN, "%zu finding%s of the preflight stop%s this restore: step 5 tells them", w->stops,
			w->stops == 1 ? "" : "s", w->stops == 1 ? "s" : "");
		return;
	}
	for (size_t i = 0; i < COUNT(plan_roles); i++)
		if (w->counts[i] > 0)
			buf_putf(&text, "%s%s %zu", text.len > 0 ? ", " : "", plan_roles[i].action, w->counts[i]);
	buf_puts(&text, "\n");
	if (w->outside > 0)
		buf_putf(&text, "%zu of them outside namespaces: they concern the whole cluster.\n", w->outside);
	if (typed)
		buf_puts(&text, "Objects of the cluster are changed: type its name.\n");
	model_confirm(m, &(struct confirm){ .title = title, .text = buf_cstr(&text), .verb = "Confirm Restore",
		.word = typed || rule.typed ? cluster : NULL, .fn = start });
}

static void
open_row(struct model *m, struct screen *s)
{
	struct table *t = screen_table(s);
	size_t what = s->tab == STEP_PLAN ? DETAIL : FINDING;
	AUTO_FREE char *text = NULL;

	if (t == NULL || table_current(t) == NULL)
		return;
	text = s->tab == STEP_PLAN ? xasprintf("%s\n%s", table_current(t), table_current_cell(t, what))
		: xasprintf("%s\n%s\n\nNext: %s", table_current_cell(t, CODE), table_current_cell(t, what), table_current_cell(t, REMEDY));
	model_open(m, &screen_text, text);
}

static bool
act(struct model *m, struct screen *s, const char *action)
{
	if (strcmp(action, "restore.confirm") == 0)
		confirm(m, s);
	else if (strcmp(action, "open") == 0)
		open_row(m, s);
	else if (strcmp(action, "refresh") == 0 && s->tab == STEP_PREFLIGHT)
		ask_preflight(m, s);
	else if (strcmp(action, "refresh") == 0 && s->tab == STEP_PLAN)
		ask_plan(m, s);
	else
		return false;
	return true;
}

static void
pressed(struct model *m, struct screen *s, const char *button)
{
	if (strcmp(button, "browse") == 0)
		model_open(m, &screen_browse, s->arg);
	else
		acts_tab(m, strcmp(button, "plan") == 0 ? STEP_PLAN : s->tab + 1);
}

static void
draw_counts(const struct wizard *w, struct area a)
{
	int col = 1;

	for (size_t i = 0; i < COUNT(plan_roles); i++)
		if (w->counts[i] > 0)
			col += area_putf(a, 0, col, plan_roles[i].role, "%s %zu", plan_roles[i].action, w->counts[i]) + 2;
	if (w->stops > 0)
		area_putf(a, 0, col, ROLE_PLAN_BLOCKED, "%zu STOP: see step 5", w->stops);
}

static void
draw(struct model *m, struct screen *s, struct area a)
{
	struct wizard *w = s->state;

	if (s->tab < FORMS) {
		(void)form_draw(&w->forms[s->tab], a, m->dialog.fn == NULL);
	} else if (s->tab == STEP_PREFLIGHT) {
		table_draw(&w->findings, a, m->times, m->now_s);
	} else {
		table_draw(&w->plan, area_part(a, 0, 0, a.rows - 1, a.cols), m->times, m->now_s);
		draw_counts(w, area_part(a, a.rows - 1, 0, 1, a.cols));
	}
}

static struct form *
form(struct screen *s)
{
	return s->tab < FORMS ? &((struct wizard *)s->state)->forms[s->tab] : NULL;
}

static struct table *
table(struct screen *s)
{
	struct wizard *w = s->state;

	if (s->tab < FORMS)
		return NULL;
	return s->tab == STEP_PREFLIGHT ? &w->findings : &w->plan;
}

const struct screen_type screen_restore_new = {
	.name = "restore-new", .needs = "the name of a backup", .mask = IN_LIST, .state_size = sizeof(struct wizard), .tabs = steps,
	.open = open_wizard, .close = close_wizard, .event = event, .act = act, .show = show, .draw = draw, .table = table,
	.form = form, .changed = changed, .pressed = pressed,
};
