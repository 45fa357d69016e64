/* The restores recorded in a location (ui.md 4.13). */
#include "base/attr.h"
#include "base/mem.h"
#include "data/jdoc.h"
#include "ui/screens/records.h"
#include "ui/screens/screens.h"

#include <stdlib.h>
#include <string.h>

enum { NAME, STATUS, STARTED, BACKUP, OBJECTS, WARNINGS, ERRORS, CLUSTER };

static const struct column columns[] = {
	[NAME] = { "NAME", COL_TEXT, 18, 40, 0, false },
	[STATUS] = { "STATUS", COL_STATE, 10, 10, 0, false },
	[STARTED] = { "STARTED", COL_AGE, 10, 17, 0, false },
	[BACKUP] = { "BACKUP", COL_TEXT, 12, 40, 1, false },
	[OBJECTS] = { "OBJECTS", COL_COUNT, 7, 9, 2, false },
	[WARNINGS] = { "W", COL_COUNT, 2, 4, 2, false },
	[ERRORS] = { "E", COL_COUNT, 2, 4, 2, false },
	[CLUSTER] = { "CLUSTER", COL_TEXT, 8, 24, 3, true },
};

static void
fill(const cJSON *d, const char **cells, int64_t *nums)
{
	cells[NAME] = jdoc_text(d, "metadata.name");
	cells[STATUS] = record_phase(jdoc_text(d, "status.phase"));
	nums[STARTED] = record_time(d, "status.startTimestamp");
	cells[BACKUP] = jdoc_text(d, "spec.backupName");
	nums[OBJECTS] = jdoc_int(d, "status.progress.itemsRestored", -1);
	nums[WARNINGS] = jdoc_int(d, "status.warnings", 0);
	nums[ERRORS] = jdoc_int(d, "status.errors", 0);
	cells[CLUSTER] = jdoc_text(d, "metadata.annotations.orlop\\.dev/target-cluster-name");
}

static const struct record_list list = { OP_RESTORE_LIST, columns, COUNT(columns), STARTED, fill };

static void
open_list(struct model *m, struct screen *s)
{
	(void)m;
	records_open(s, &list);
}

static void
load(struct model *m, struct screen *s)
{
	records_load(m, s, &list);
}

static void
event(struct model *m, struct screen *s, uint64_t ticket, const struct event *ev)
{
	(void)ticket;
	records_event(m, s, &list, ev);
}

/* --- what can be done with them --- */

static void
undo(struct model *m, const char *name)
{
	struct request *r = xcalloc(1, sizeof *r);

	r->op = OP_RESTORE_UNDO;
	r->name = xstrdup(name);
	(void)model_start_job(m, r);
}

static void
retry(struct model *m, const char *name)
{
	char *words[] = { (char[]){ "restore" }, (char[]){ "create" }, (char[]){ "--retry-failed" }, xstrdup(name) };
	struct err e;
	struct request *r = m->opts.request((int)COUNT(words), words, &e);

	free(words[3]);
	if (r == NULL)
		model_say(m, TOAST_ERROR, "%s", e.msg);
	else
		(void)model_start_job(m, r);
}

bool
restores_act(struct model *m, const char *name, const char *action)
{
	bool undoing = strcmp(action, "restore.undo") == 0;
	AUTO_FREE char *title = NULL;

	if (!undoing && strcmp(action, "restore.retry") != 0)
		return false;
	title = xasprintf(undoing ? "Undo restore %s" : "Try again what failed in restore %s", name);
	model_confirm(m, &(struct confirm){ .title = title, .verb = undoing ? "Undo" : "Try again", .arg = name,
		.word = undoing ? name : NULL, .fn = undoing ? undo : retry,
		.text = undoing ? "Deletes what this restore created and nobody has changed since. What was there before\n"
			"stays as it is now. 'orlop restore undo --dry-run' lists it."
			: "A new restore of the objects that failed, with the same options." });
	return true;
}

static bool
act(struct model *m, struct screen *s, const char *action)
{
	const char *name = table_current(records_table(s));

	if (name == NULL)
		return false;
	if (strcmp(action, "open") == 0) {
		model_open(m, &screen_restore, name);
		return true;
	}
	return restores_act(m, name, action);
}

const struct screen_type screen_restores = {
	.name = "restores", .crumb = "Restores", .empty = "No restores yet. r on a backup begins one.", .mask = IN_LIST, .state_size = sizeof(struct records),
	.open = open_list, .close = records_close, .load = load, .event = event, .draw = records_draw,
	.table = records_table, .act = act, .live = true,
};
