/* How well the cluster is protected (ui.md 4.3): the last good backup, a calendar of twelve weeks, and what needs a look. */
#include "base/attr.h"
#include "base/clock.h"
#include "base/fmt.h"
#include "base/mem.h"
#include "ui/screens/records.h"
#include "ui/screens/screens.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WEEKS   12
#define DAYS    (WEEKS * 7)
#define DAY_S   86400
#define EPOCH_WEEKDAY 3          /* 1970-01-01 was a Thursday, Monday is 0 */
#define TOP_ROWS 12              /* all above the list */

enum { WHAT, NAME, AT, WHY };
static const struct column columns[] = {
	[WHAT] = { "STATUS", COL_STATE, 10, 10, 0, false },
	[NAME] = { "BACKUP", COL_TEXT, 20, 48, 0, false },
	[AT] = { "CREATED", COL_AGE, 10, 17, 0, false },
	[WHY] = { "WHY", COL_TEXT, 20, 80, 1, false },
};

struct day { unsigned ok, partial, failed; };
struct overview {
	struct table table;
	struct rows *coming;
	struct day   days[DAYS];         /* [DAYS - 1] is today */
	int64_t      today;              /* days since 1970 in local time */
	int64_t      last_good_s, oldest_s, ended_s, objects;
	uint64_t     kept, recent_troubles;
};

/* The day of the local calendar, as days since 1970. */
static int64_t
local_day(int64_t s)
{
	char text[CLOCK_TEXT_MAX], midnight[CLOCK_TEXT_MAX];
	int64_t ns;

	(void)snprintf(midnight, sizeof midnight, "%.10sT00:00:00Z", clock_local(text, s * NS_PER_S));
	return clock_parse_rfc3339(str_of(midnight), &ns) ? ns / NS_PER_S / DAY_S : s / DAY_S;
}

static void
load(struct model *m, struct screen *s)
{
	struct overview *o = s->state;
	struct request *r = xcalloc(1, sizeof *r);
	struct table kept = o->table;

	table_rows_free(o->coming);
	*o = (struct overview){ .table = kept, .coming = table_rows_new(columns, COUNT(columns)), .today = local_day(m->now_s) };
	r->op = OP_BACKUP_LIST;
	s->ticket = model_ask(m, s, r);
}

static void
open_overview(struct model *m, struct screen *s)
{
	struct overview *o = s->state;

	(void)m;
	table_init(&o->table, columns, COUNT(columns), AT, true);
}

static void
close_overview(struct screen *s)
{
	struct overview *o = s->state;

	table_done(&o->table);
	table_rows_free(o->coming);
}

static void
count_day(struct overview *o, int64_t start_s, enum role role)
{
	int64_t at = DAYS - 1 - (o->today - local_day(start_s));

	if (at < 0 || at >= DAYS)
		return;
	o->days[at].ok += role == ROLE_STATE_OK;
	o->days[at].partial += role == ROLE_STATE_PARTIAL;
	o->days[at].failed += role == ROLE_STATE_FAILED;
	o->recent_troubles += at >= DAYS - 30 && role != ROLE_STATE_OK;
}

static void
add(struct overview *o, const cJSON *d)
{
	const char *phase = jdoc_text(d, "status.phase"), *name = jdoc_text(d, "metadata.name");
	int64_t start = record_time(d, "status.startTimestamp"), errors = jdoc_int(d, "status.errors", 0);
	enum role role = record_role(phase);
	char why[64];

	if (name == NULL || start == 0)
		return;
	o->kept++;
	if (o->oldest_s == 0 || start < o->oldest_s)
		o->oldest_s = start;
	if (role == ROLE_STATE_OK && start > o->last_good_s) {
		o->last_good_s = start;
		o->ended_s = record_time(d, "status.completionTimestamp");
		o->objects = jdoc_int(d, "status.progress.itemsBackedUp", 0);
	}
	count_day(o, start, role);
	if (role != ROLE_STATE_PARTIAL && role != ROLE_STATE_FAILED)
		return;
	(void)snprintf(why, sizeof why, "%lld error%s, %lld warnings", (long long)errors, errors == 1 ? "" : "s",
		(long long)jdoc_int(d, "status.warnings", 0));
	table_rows_add(o->coming, name, (const char *const[]){ record_phase(phase), name, NULL, why },
		(const int64_t[]){ 0, 0, start, 0 }, NULL, role);
}

static void
event(struct model *m, struct screen *s, uint64_t ticket, const struct event *ev)
{
	struct overview *o = s->state;
	struct err ignored;

	(void)ticket;
	if (ev->kind == EV_ROW) {
		AUTO_JDOC cJSON *d = jdoc_parse((struct str){ ev->text, ev->len }, &ignored);

		add(o, d);
	}
	if (ev->kind == EV_END && ev->end != END_FAILED && o->coming != NULL)
		table_set(&o->table, TAKE(o->coming), m->now_s);
}

/* --- drawing --- */

static void
draw_protection(const struct model *m, const struct overview *o, struct area a)
{
	char age[CELL_AGE_MAX];

	if (o->last_good_s == 0) {
		area_putf(a, 0, 1, ROLE_STATE_FAILED, "NEVER");
		area_putf(a, 0, 8, ROLE_TEXT, "No good backup here yet. b makes one.");
		return;
	}
	area_putf(a, 0, 1, ROLE_STATE_OK, "last good %s", table_age(age, o->last_good_s, m->now_s, false));
	area_putf(a, 0, 34, o->recent_troubles > 0 ? ROLE_STATE_PARTIAL : ROLE_TEXT, "%llu with trouble in the last 30 days",
		(unsigned long long)o->recent_troubles);
}

/* A letter is enough without colors (ui.md 7). */
static char
letter(const struct day *d, enum role *role)
{
	if (d->failed > 0) {
		*role = ROLE_HEAT_FAILED;
		return 'x';
	}
	if (d->partial > 0) {
		*role = ROLE_HEAT_PARTIAL;
		return '!';
	}
	*role = d->ok > 0 ? ROLE_HEAT_OK : ROLE_HEAT_NONE;
	return d->ok > 0 ? 'o' : '.';
}

static void
draw_calendar(const struct overview *o, struct area a)
{
	static const char *const weekdays[] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" };
	int64_t weekday = (o->today + EPOCH_WEEKDAY) % 7;        /* of today */

	for (int row = 0; row < 7; row++) {
		area_putf(a, row, 1, ROLE_TEXT_DIM, "%s", weekdays[row]);
		for (int week = 0; week < WEEKS; week++) {
			int64_t back = (WEEKS - 1 - week) * 7 + weekday - row, at = DAYS - 1 - back;
			enum role role;

			if (back < 0 || at < 0)
				continue;
			area_putf(a, row, 6 + 2 * week, ROLE_TEXT, "%c", letter(&o->days[at], &role));
			area_paint(a, row, 6 + 2 * week, 1, role);
			if (back == 0)
				area_paint(a, row, 6 + 2 * week, 1, ROLE_ROW_CURSOR);
		}
	}
}

static void
draw_numbers(const struct model *m, const struct overview *o, struct area a)
{
	char text[FMT_MAX], age[CELL_AGE_MAX];

	area_putf(a, 0, 0, ROLE_TEXT, "Kept      %llu backups in %s", (unsigned long long)o->kept,
		m->opts.location != NULL ? m->opts.location : "?");
	if (o->oldest_s > 0)
		area_putf(a, 1, 0, ROLE_TEXT, "Oldest    %s", table_age(age, o->oldest_s, m->now_s, false));
	if (o->ended_s >= o->last_good_s && o->last_good_s > 0) {
		area_putf(a, 2, 0, ROLE_TEXT, "Objects   %s in the last one", fmt_count(text, (uint64_t)o->objects));
		area_putf(a, 3, 0, ROLE_TEXT, "Duration  %s", o->ended_s == o->last_good_s ? "less than 1s"
			: fmt_duration(text, (o->ended_s - o->last_good_s) * NS_PER_S));
	}
	area_putf(a, 6, 0, ROLE_TEXT_DIM, "o ok  ! partial  x failed  . none");
}

static void
draw(struct model *m, struct screen *s, struct area a)
{
	struct overview *o = s->state;

	if (o->table.rows == NULL)
		return;
	draw_protection(m, o, area_part(a, 0, 0, 1, a.cols));
	area_rule(a, 1, ROLE_RULE);
	area_putf(a, 1, 2, ROLE_TITLE, " Backups by day ");
	draw_calendar(o, area_part(a, 2, 0, 7, a.cols));
	draw_numbers(m, o, area_part(a, 2, 34, 7, a.cols - 34));
	area_rule(a, TOP_ROWS - 2, ROLE_RULE);
	area_putf(a, TOP_ROWS - 2, 2, ROLE_TITLE, " Attention %zu ", o->table.n_shown);
	table_draw(&o->table, area_part(a, TOP_ROWS - 1, 0, a.rows - TOP_ROWS + 1, a.cols), m->times, m->now_s);
}

static struct table *
table(struct screen *s)
{
	return &((struct overview *)s->state)->table;
}

static bool
act(struct model *m, struct screen *s, const char *action)
{
	const char *name = table_current(table(s));

	if (strcmp(action, "backup.new") == 0)
		model_open(m, &screen_backup_new, NULL);
	else if (strcmp(action, "open") == 0 && name != NULL)
		model_open(m, &screen_backup, name);
	else if (strcmp(action, "backup.restore") == 0 && name != NULL)
		model_open(m, &screen_restore_new, name);
	else
		return false;
	return true;
}

const struct screen_type screen_overview = {
	.name = "overview", .crumb = "Overview", .empty = "", .mask = IN_LIST, .state_size = sizeof(struct overview), .live = true,
	.open = open_overview, .close = close_overview, .load = load, .event = event, .act = act, .draw = draw, .table = table,
};
