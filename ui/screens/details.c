/* One backup (ui.md 4.7) or one restore (4.13): summary, objects, findings, log, and the record as YAML. */
#include "base/attr.h"
#include "base/clock.h"
#include "base/fmt.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/strmap.h"
#include "data/jscan.h"
#include "data/yaml.h"
#include "ui/screens/records.h"
#include "ui/screens/screens.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TAB_SUMMARY, TAB_OBJECTS, TAB_RESULTS, TAB_LOGS, TAB_YAML };
static const char *const backup_tabs[] = { "Summary", "Resources", "Results", "Logs", "YAML", NULL };
static const char *const restore_tabs[] = { "Summary", "Objects", "Results", "Logs", "YAML", NULL };

enum { KIND, NAMESPACE, NAME, OUTCOME };
static const struct column object_columns[] = {
	[KIND] = { "KIND", COL_TEXT, 20, 44, 0, false },
	[NAMESPACE] = { "NAMESPACE", COL_TEXT, 10, 30, 0, false },
	[NAME] = { "NAME", COL_TEXT, 20, 80, 0, false },
	[OUTCOME] = { "OUTCOME", COL_STATE, 8, 14, 1, false },
};

/* Of a backup: what kinds it has; its objects are in the tree. */
enum { TYPE, NAMESPACES, COUNT_OF };
static const struct column type_columns[] = {
	[TYPE] = { "KIND", COL_TEXT, 24, 60, 0, false },
	[NAMESPACES] = { "NAMESPACES", COL_COUNT, 10, 10, 0, false },
	[COUNT_OF] = { "OBJECTS", COL_COUNT, 8, 10, 0, false },
};

enum { LEVEL, OBJECT, MESSAGE, NEXT };
static const struct column result_columns[] = {
	[LEVEL] = { "LEVEL", COL_STATE, 7, 8, 0, false },
	[OBJECT] = { "OBJECT", COL_TEXT, 16, 50, 1, false },
	[MESSAGE] = { "MESSAGE", COL_TEXT, 30, 600, 0, false },
	[NEXT] = { "NEXT STEP", COL_TEXT, 20, 200, 0, true },
};

#define TOLD_MAX 6               /* of what went wrong, in the summary */

struct details {
	bool         of_restore;
	struct pager summary, logs, yaml;
	struct table objects, results;
	uint64_t     log_ticket;         /* 0: not asked yet */
	size_t       told;               /* of what went wrong, in the summary */
};

/* --- opening --- */

static void
open_details(struct model *m, struct screen *s)
{
	struct details *d = s->state;

	(void)m;
	d->of_restore = s->type == &screen_restore;
	pager_init(&d->summary);
	pager_init(&d->logs);
	pager_init(&d->yaml);
	d->summary.wrap = true;
	if (d->of_restore)
		table_init(&d->objects, object_columns, COUNT(object_columns), OUTCOME, true);
	else
		table_init(&d->objects, type_columns, COUNT(type_columns), COUNT_OF, true);
	table_init(&d->results, result_columns, COUNT(result_columns), LEVEL, true);
}

static void
close_details(struct screen *s)
{
	struct details *d = s->state;

	pager_done(&d->summary);
	pager_done(&d->logs);
	pager_done(&d->yaml);
	table_done(&d->objects);
	table_done(&d->results);
}

static uint64_t
ask(struct model *m, struct screen *s, enum op op)
{
	struct request *r = xcalloc(1, sizeof *r);

	r->op = op;
	r->name = xstrdup(s->arg);
	return model_ask(m, s, r);
}

static void
load(struct model *m, struct screen *s)
{
	struct details *d = s->state;

	s->ticket = ask(m, s, d->of_restore ? OP_RESTORE_DESCRIBE : OP_BACKUP_DESCRIBE);
	d->log_ticket = 0;
}

static void
show(struct model *m, struct screen *s)
{
	struct details *d = s->state;

	if (s->tab != TAB_LOGS || d->log_ticket != 0)
		return;
	pager_clear(&d->logs);
	d->log_ticket = ask(m, s, d->of_restore ? OP_RESTORE_LOGS : OP_BACKUP_LOGS);
}

/* --- summary --- */

static const struct { const char *label, *path; enum { W_TEXT, W_TIME, W_COUNT, W_LIST } what; } lines[] = {
	{ "Backup", "spec.backupName", W_TEXT },
	{ "Started", "status.startTimestamp", W_TIME },
	{ "Completed", "status.completionTimestamp", W_TIME },
	{ "Expires", "status.expiration", W_TIME },
	{ "Cluster", "metadata.annotations.orlop\\.dev/source-cluster-name", W_TEXT },
	{ "Into cluster", "metadata.annotations.orlop\\.dev/target-cluster-name", W_TEXT },
	{ "Kubernetes", "metadata.annotations.velero\\.io/source-cluster-k8s-gitversion", W_TEXT },
	{ "Namespaces", "spec.includedNamespaces", W_LIST },
	{ "  but not", "spec.excludedNamespaces", W_LIST },
	{ "Resources", "spec.includedResources", W_LIST },
	{ "  but not", "spec.excludedResources", W_LIST },
	{ "Existing objects", "spec.existingResourcePolicy", W_TEXT },
	{ "Objects", "status.progress.itemsBackedUp", W_COUNT },
	{ "Objects", "status.progress.itemsRestored", W_COUNT },
	{ "Warnings", "status.warnings", W_COUNT },
	{ "Errors", "status.errors", W_COUNT },
	{ "Failed because", "status.failureReason", W_TEXT },
};

static void
put_list(struct buf *out, const cJSON *list)
{
	const cJSON *item;

	jdoc_each(item, list)
		if (cJSON_IsString(item))
			buf_putf(out, "%s%.300s", out->len > 0 ? ", " : "", item->valuestring);
}

/* Empty: there is nothing to say. */
static void
put_value(struct buf *out, const cJSON *record, size_t i)
{
	char local[CLOCK_TEXT_MAX], utc[CLOCK_TEXT_MAX], count[FMT_MAX];
	const cJSON *v = jdoc_get(record, lines[i].path);
	int64_t at;

	switch (lines[i].what) {
	case W_TEXT:
		buf_putf(out, "%.2000s", cJSON_IsString(v) ? v->valuestring : "");
		break;
	case W_TIME:
		at = record_time(record, lines[i].path);
		if (at > 0)
			buf_putf(out, "%s  (%.16sZ)", clock_local(local, at * NS_PER_S), clock_rfc3339(utc, at * NS_PER_S));
		break;
	case W_COUNT:
		if (cJSON_IsNumber(v) && v->valuedouble >= 0)
			buf_puts(out, fmt_count(count, (uint64_t)v->valuedouble));
		break;
	case W_LIST:
		put_list(out, v);
		break;
	}
}

static void
fill_summary(struct details *d, const cJSON *record, const cJSON *outcomes)
{
	const char *phase = jdoc_text(record, "status.phase");
	const cJSON *count;
	AUTO_BUF struct buf sum = BUF_INIT(4096);

	pager_clear(&d->summary);
	pager_addf(&d->summary, record_role(phase), "%-18s %s", "Status", record_phase(phase));
	for (size_t i = 0; i < COUNT(lines); i++) {
		AUTO_BUF struct buf value = BUF_INIT(SIZE_MAX);

		put_value(&value, record, i);
		if (value.len > 0)
			pager_addf(&d->summary, ROLE_TEXT, "%-18s %s", lines[i].label, buf_cstr(&value));
	}
	jdoc_each(count, jdoc_get(outcomes, "counts"))
		if (cJSON_IsNumber(count) && sum.len < 2000)
			buf_putf(&sum, "%s%.40s %.0f", sum.len > 0 ? ", " : "", count->string, count->valuedouble);
	if (sum.len > 0)
		pager_addf(&d->summary, ROLE_TEXT, "%-18s %s", "Outcome", buf_cstr(&sum));
}

/* --- objects --- */

static enum role
outcome_role(const char *outcome)
{
	static const struct { const char *word; enum role role; } words[] = {
		{ "created", ROLE_PLAN_CREATE }, { "updated", ROLE_PLAN_CHANGE }, { "recreated", ROLE_PLAN_REPLACE },
		{ "failed", ROLE_PLAN_BLOCKED }, { "deleted", ROLE_PLAN_REPLACE },
	};

	for (size_t i = 0; i < COUNT(words); i++)
		if (strcmp(words[i].word, outcome) == 0)
			return words[i].role;
	return ROLE_PLAN_SAME;
}

/* "apps/v1/Deployment" -> "Deployment.apps", "v1/Pod" -> "Pod": several groups may have the same kind. */
static char *
kind_of(const char *type)
{
	struct str rest = str_of(type), group = { 0 }, version = { 0 };

	if (str_chr(rest, '/') == rest.len)
		return xstrdup(type);
	(void)str_split(&rest, '/', &group);
	if (str_chr(rest, '/') == rest.len)
		return str_dup(rest);
	(void)str_split(&rest, '/', &version);
	return xasprintf(STR_FMT "." STR_FMT, STR_ARG(rest), STR_ARG(group));
}

/* "apps/v1/Deployment" and "shop/web(created)". */
static void
add_object(struct rows *rows, const char *type, const char *text)
{
	AUTO_FREE char *id = xasprintf("%s %s", type, text), *object = xstrdup(text), *kind = kind_of(type);
	char *outcome = strrchr(object, '('), *name = object, *slash;

	if (outcome != NULL) {
		*outcome++ = '\0';
		outcome[strcspn(outcome, ")")] = '\0';
	}
	slash = strchr(object, '/');
	if (slash != NULL) {
		*slash = '\0';
		name = slash + 1;
	}
	table_rows_add(rows, id, (const char *const[]){ kind, slash != NULL ? object : "", name, outcome != NULL ? outcome : "" },
		NULL, NULL, outcome_role(outcome != NULL ? outcome : ""));
}

static void
fill_objects(struct model *m, struct details *d, const cJSON *list)
{
	struct rows *rows = table_rows_new(object_columns, COUNT(object_columns));
	const cJSON *type, *object;

	jdoc_each(type, list)
		jdoc_each(object, type)
			if (cJSON_IsString(object))
				add_object(rows, type->string, object->valuestring);
	table_set(&d->objects, rows, m->now_s);
}

/* Objects of a type, "shop/web" or outside namespaces "web". */
static void
add_type(struct rows *rows, const char *type, const cJSON *list)
{
	AUTO(strmap_freep) struct strmap *namespaces = strmap_new();
	AUTO_FREE char *kind = kind_of(type);
	int64_t nums[COUNT(type_columns)] = { 0 };
	const cJSON *object;

	jdoc_each(object, list) {
		struct str name, ns = { 0 };

		if (!cJSON_IsString(object))
			continue;
		nums[COUNT_OF]++;
		name = str_of(object->valuestring);
		if (str_chr(name, '/') < name.len && str_split(&name, '/', &ns))
			(void)strmap_add(namespaces, ns);
	}
	nums[NAMESPACES] = (int64_t)strmap_len(namespaces);
	table_rows_add(rows, type, (const char *const[]){ kind, NULL, NULL }, nums, NULL, ROLE_TEXT);
}

static void
fill_types(struct model *m, struct details *d, const cJSON *list)
{
	struct rows *rows = table_rows_new(type_columns, COUNT(type_columns));
	const cJSON *type;

	jdoc_each(type, list)
		add_type(rows, type->string, type);
	table_set(&d->objects, rows, m->now_s);
}

/* --- results --- */

/* What went wrong, below the summary; the first of it. */
static void
tell(struct details *d, const char *level, enum role role, const char *object, const char *text, const char *next)
{
	if (d->told++ >= TOLD_MAX)
		return;
	if (d->told == 1)
		pager_addf(&d->summary, ROLE_TITLE, role == ROLE_STATE_FAILED ? "\nWhat went wrong" : "\nWarnings");
	pager_addf(&d->summary, role, " %s  %s", level != NULL ? level : "", object);
	pager_addf(&d->summary, ROLE_TEXT, "    %s", text != NULL ? text : "");
	if (next != NULL && next[0] != '\0')
		pager_addf(&d->summary, ROLE_TEXT, "    Next: %s", next);
}

/* Findings of one kind: by "velero", "cluster", and by namespace (velero-format 5.3). */
static void
add_results(struct details *d, struct rows *rows, const cJSON *of, const char *level, enum role role, size_t *n)
{
	const cJSON *part, *sub, *text;

	jdoc_each(part, of)
		jdoc_each(sub, part) {
			bool nested = cJSON_IsArray(sub);
			const cJSON *first = nested ? sub->child : sub;

			for (text = first; text != NULL; text = nested ? text->next : NULL) {
				char id[32];

				if (!cJSON_IsString(text))
					continue;
				(void)snprintf(id, sizeof id, "%s %zu", level, (*n)++);
				table_rows_add(rows, id, (const char *const[]){ level, nested ? sub->string : part->string,
					text->valuestring, NULL }, NULL, NULL, role);
				tell(d, level, role, nested ? sub->string : part->string, text->valuestring, NULL);
			}
		}
}

/* What became of single objects of a restore, which says more than the findings of its results. */
static void
add_problems(struct details *d, struct rows *rows, const cJSON *problems)
{
	const cJSON *p;
	size_t n = 0;

	jdoc_each(p, problems) {
		const char *ns = jdoc_text(p, "namespace"), *outcome = jdoc_text(p, "outcome");
		bool failed = outcome != NULL && strcmp(outcome, "failed") == 0;
		AUTO_FREE char *object = xasprintf("%s %s%s%s", jdoc_text(p, "resource") != NULL ? jdoc_text(p, "resource") : "",
			ns != NULL ? ns : "", ns != NULL && ns[0] != '\0' ? "/" : "",
			jdoc_text(p, "name") != NULL ? jdoc_text(p, "name") : "");
		char id[32];

		(void)snprintf(id, sizeof id, "problem %zu", n++);
		table_rows_add(rows, id, (const char *const[]){ failed ? "ERROR" : outcome, object, jdoc_text(p, "text"),
			jdoc_text(p, "next") }, NULL, NULL, failed ? ROLE_STATE_FAILED : ROLE_STATE_PARTIAL);
		tell(d, failed ? "ERROR" : outcome, failed ? ROLE_STATE_FAILED : ROLE_STATE_PARTIAL, object, jdoc_text(p, "text"),
			jdoc_text(p, "next"));
	}
}

static void
fill_results(struct model *m, struct details *d, const cJSON *results, const cJSON *problems)
{
	struct rows *rows = table_rows_new(result_columns, COUNT(result_columns));
	size_t errors = 0, warnings = 0;

	d->told = 0;
	add_problems(d, rows, problems);
	if (cJSON_GetArraySize(problems) == 0)
		add_results(d, rows, jdoc_get(results, "errors"), "ERROR", ROLE_STATE_FAILED, &errors);
	add_results(d, rows, jdoc_get(results, "warnings"), "warning", ROLE_STATE_PARTIAL, &warnings);
	if (d->told > TOLD_MAX)
		pager_addf(&d->summary, ROLE_TEXT_DIM, "    and %zu more: 3 shows them all", d->told - TOLD_MAX);
	table_set(&d->results, rows, m->now_s);
}

/* --- events --- */

static void
fill(struct model *m, struct details *d, struct str json)
{
	AUTO_BUF struct buf yaml = BUF_INIT(LIMIT_SIDE_FILE);
	struct err ignored;
	AUTO_JDOC cJSON *doc = jdoc_parse(json, &ignored);
	const char *record = d->of_restore ? "restore" : "backup";
	struct str raw;

	if (doc == NULL)
		return;
	fill_summary(d, jdoc_get(doc, record), jdoc_get(doc, "outcomes"));
	(d->of_restore ? fill_objects : fill_types)(m, d, jdoc_get(doc, "resourceList"));
	fill_results(m, d, jdoc_get(doc, "results"), jdoc_get(doc, "outcomes.problems"));
	pager_clear(&d->yaml);
	if (jget(json, record, &raw) && yaml_from_json(raw, &yaml, &ignored) == 0)
		pager_add_yaml(&d->yaml, buf_str(&yaml));
}

static void
event(struct model *m, struct screen *s, uint64_t ticket, const struct event *ev)
{
	struct details *d = s->state;

	if (ticket == d->log_ticket && ev->kind == EV_BYTES)
		pager_add_log(&d->logs, (struct str){ ev->text, ev->len });
	else if (ticket == d->log_ticket && ev->kind == EV_END && ev->end == END_FAILED)
		pager_addf(&d->logs, ROLE_STATE_FAILED, "%s", ev->err.msg);
	else if (ev->kind == EV_ROW)
		fill(m, d, (struct str){ ev->text, ev->len });
}

/* --- on the screen --- */

static struct table *
table(struct screen *s)
{
	struct details *d = s->state;

	if (s->tab == TAB_OBJECTS)
		return &d->objects;
	return s->tab == TAB_RESULTS ? &d->results : NULL;
}

static struct pager *
pager(struct screen *s)
{
	struct details *d = s->state;

	switch (s->tab) {
	case TAB_SUMMARY:
		return &d->summary;
	case TAB_LOGS:
		return &d->logs;
	case TAB_YAML:
		return &d->yaml;
	default:
		return NULL;
	}
}

static void
draw(struct model *m, struct screen *s, struct area a)
{
	struct table *t = table(s);

	if (t != NULL)
		table_draw(t, a, m->times, m->now_s);
	else
		pager_draw(pager(s), a);
}

/* All of a kind, in the tree. */
static void
browse_type(struct model *m, struct screen *s)
{
	const char *type = table_current(&((struct details *)s->state)->objects), *kind = strrchr(type, '/');
	AUTO_FREE char *arg = xasprintf("%s\ncol:kind=^%s$", s->arg, kind != NULL ? kind + 1 : type);

	model_open(m, &screen_browse, arg);
}

static bool
act(struct model *m, struct screen *s, const char *action)
{
	struct details *d = s->state;

	if (strcmp(action, "open") == 0 && s->tab == TAB_RESULTS && table_current(&d->results) != NULL) {
		const char *next = table_current_cell(&d->results, NEXT);
		AUTO_FREE char *text = xasprintf("%s %s\n%s%s%s", table_current_cell(&d->results, LEVEL),
			table_current_cell(&d->results, OBJECT), table_current_cell(&d->results, MESSAGE),
			next != NULL && next[0] != '\0' ? "\n\nNext: " : "", next != NULL ? next : "");

		model_open(m, &screen_text, text);
	} else if (strcmp(action, "open") == 0 && s->tab == TAB_OBJECTS && !d->of_restore && table_current(&d->objects) != NULL) {
		browse_type(m, s);
	} else if (strcmp(action, "backup.browse") == 0 && !d->of_restore) {
		model_open(m, &screen_browse, s->arg);
	} else if (strcmp(action, "backup.diff") == 0) {
		model_open(m, &screen_diff, s->arg);
	} else if (strcmp(action, "backup.restore") == 0 && !d->of_restore) {
		model_open(m, &screen_restore_new, s->arg);
	} else {
		return d->of_restore && restores_act(m, s->arg, action);
	}
	return true;
}

#define DETAILS .needs = "a name", .mask = IN_LIST, .state_size = sizeof(struct details), \
	.open = open_details, .close = close_details, .load = load, .event = event, .act = act, .show = show, .draw = draw, \
	.table = table, .pager = pager

const struct screen_type screen_backup = { .name = "backup", .tabs = backup_tabs, DETAILS };
const struct screen_type screen_restore = { .name = "restore", .tabs = restore_tabs, DETAILS };
