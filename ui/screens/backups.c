/* The backups in a location (ui.md 4.6). */
#include "base/attr.h"
#include "base/mem.h"
#include "data/jdoc.h"
#include "ui/screens/records.h"
#include "ui/screens/screens.h"

#include <stdlib.h>
#include <string.h>

enum { NAME, STATUS, CREATED, EXPIRES, OBJECTS, WARNINGS, ERRORS, CLUSTER, KUBERNETES, DURATION_END };

static const struct column columns[] = {
	[NAME] = { "NAME", COL_TEXT, 20, 48, 0, false },
	[STATUS] = { "STATUS", COL_STATE, 10, 10, 0, false },
	[CREATED] = { "CREATED", COL_AGE, 10, 17, 0, false },
	[EXPIRES] = { "EXPIRES", COL_IN, 9, 17, 2, false },
	[OBJECTS] = { "OBJECTS", COL_COUNT, 7, 9, 1, false },
	[WARNINGS] = { "W", COL_COUNT, 2, 4, 1, false },
	[ERRORS] = { "E", COL_COUNT, 2, 4, 1, false },
	[CLUSTER] = { "CLUSTER", COL_TEXT, 8, 24, 3, true },
	[KUBERNETES] = { "KUBERNETES", COL_TEXT, 10, 14, 4, true },
	[DURATION_END] = { "COMPLETED", COL_AGE, 10, 17, 4, true },
};

static int64_t
count(const cJSON *d, const char *path)
{
	return jdoc_int(d, path, 0);
}

static void
fill(const cJSON *d, const char **cells, int64_t *nums)
{
	cells[NAME] = jdoc_text(d, "metadata.name");
	cells[STATUS] = record_phase(jdoc_text(d, "status.phase"));
	nums[CREATED] = record_time(d, "status.startTimestamp");
	nums[EXPIRES] = record_time(d, "status.expiration");
	nums[OBJECTS] = jdoc_int(d, "status.progress.itemsBackedUp", -1);
	nums[WARNINGS] = count(d, "status.warnings");
	nums[ERRORS] = count(d, "status.errors");
	cells[CLUSTER] = jdoc_text(d, "metadata.annotations.orlop\\.dev/source-cluster-name");
	cells[KUBERNETES] = jdoc_text(d, "metadata.annotations.velero\\.io/source-cluster-k8s-gitversion");
	nums[DURATION_END] = record_time(d, "status.completionTimestamp");
}

static const struct record_list list = { OP_BACKUP_LIST, columns, COUNT(columns), CREATED, fill };

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
each_job(struct model *m, const char *names, enum op op)
{
	struct str rest = str_of(names), name;

	while (rest.len > 0 && str_split(&rest, '\n', &name)) {
		struct request *r = xcalloc(1, sizeof *r);

		r->op = op;
		r->name = str_dup(name);
		(void)model_start_job(m, r);
	}
}

static void
delete_all(struct model *m, const char *names)
{
	each_job(m, names, OP_BACKUP_DELETE);
}

static void
ask_delete(struct model *m, struct table *t)
{
	AUTO_BUF struct buf names = BUF_INIT(SIZE_MAX), text = BUF_INIT(SIZE_MAX);
	size_t n = records_chosen(t, &names), hidden = table_marked_hidden(t);
	AUTO_FREE char *title = NULL, *word = NULL;

	if (n == 0)
		return;
	if (hidden > 0) {
		model_say(m, TOAST_WARN, "%zu of the marked backups are hidden by the filter: m shows the marked ones first", hidden);
		return;
	}
	title = n == 1 ? xasprintf("Delete backup %s", buf_cstr(&names)) : xasprintf("Delete %zu marked backups", n);
	word = n == 1 ? xstrdup(buf_cstr(&names)) : xasprintf("delete %zu", n);
	buf_putf(&text, "Gone for good, with all objects in %s:\n%.600s\n", n == 1 ? "it" : "them", buf_cstr(&names));
	model_confirm(m, &(struct confirm){ .title = title, .text = buf_cstr(&text), .verb = "Delete", .word = word,
		.fn = delete_all, .arg = buf_cstr(&names) });
}

static bool
act(struct model *m, struct screen *s, const char *action)
{
	struct table *t = records_table(s);
	AUTO_BUF struct buf names = BUF_INIT(SIZE_MAX);
	size_t n;

	if (strcmp(action, "backup.new") == 0)
		model_open(m, &screen_backup_new, NULL);
	else if (strcmp(action, "open") == 0 && table_current(t) != NULL)
		model_open(m, &screen_backup, table_current(t));
	else if (strcmp(action, "backup.browse") == 0 && table_current(t) != NULL)
		model_open(m, &screen_browse, table_current(t));
	else if (strcmp(action, "backup.restore") == 0 && table_current(t) != NULL)
		model_open(m, &screen_restore_new, table_current(t));
	else if (strcmp(action, "backup.diff") == 0 && (n = records_chosen(t, &names)) > 0)
		n > 2 ? model_say(m, TOAST_INFO, "mark two backups, or one to compare with the cluster")
			: model_open(m, &screen_diff, buf_cstr(&names));
	else if (strcmp(action, "backup.delete") == 0)
		ask_delete(m, t);
	else if (strcmp(action, "backup.verify") == 0 && records_chosen(t, &names) > 0)
		each_job(m, buf_cstr(&names), OP_BACKUP_VERIFY);
	else
		return false;
	return true;
}

const struct screen_type screen_backups = {
	.name = "backups", .crumb = "Backups", .empty = "No backups here yet. n makes one.", .mask = IN_LIST, .state_size = sizeof(struct records),
	.open = open_list, .close = records_close, .load = load, .event = event, .draw = records_draw,
	.table = records_table, .act = act, .live = true,
};
