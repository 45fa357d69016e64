/* Lists of Velero's records (backups, restores) in a location: rows come as JSON, one table shows them. */
#ifndef ORLOP_UI_SCREENS_RECORDS_H
#define ORLOP_UI_SCREENS_RECORDS_H

#include "data/jdoc.h"
#include "ui/model.h"

struct records { struct table table; struct rows *coming; };

/* The functions of a screen type for such a list; list says what is special about it. */
struct record_list {
	enum op              op;
	const struct column *columns;
	size_t               n_columns, sort;
	/* Fills cells and nums from the record. */
	void               (*fill)(const cJSON *record, const char **cells, int64_t *nums);
};
void records_open(struct screen *s, const struct record_list *l);
void records_close(struct screen *s);
void records_load(struct model *m, struct screen *s, const struct record_list *l);
void records_event(struct model *m, struct screen *s, const struct record_list *l, const struct event *ev);
void records_draw(struct model *m, struct screen *s, struct area a);
struct table *records_table(struct screen *s);

/* The ids that an action is about, a line each, without a newline at the end: the marked ones, else the one with the cursor.
 * Returns how many. */
size_t records_chosen(const struct table *t, struct buf *out);

/* Unix seconds of an RFC 3339 text; 0: none. */
int64_t record_time(const cJSON *record, const char *path);
enum role record_role(const char *phase);
/* "ok", "PARTIAL": upper case needs a look (ui.md 4.6). */
const char *record_phase(const char *phase);

#endif
