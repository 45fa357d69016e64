/* The backups in a location (ui.md 4.6). */
#include "base/attr.h"
#include "data/jdoc.h"
#include "ui/screens/records.h"
#include "ui/screens/screens.h"

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

const struct screen_type screen_backups = {
	.name = "backups", .crumb = "Backups", .mask = IN_LIST, .state_size = sizeof(struct records),
	.open = open_list, .close = records_close, .load = load, .event = event, .draw = records_draw,
	.table = records_table,
};
