/* Rows of results as table, JSON, YAML or names on stdout.  Text from outside is made visible in tables. */
#ifndef ORLOP_CLI_OUTPUT_H
#define ORLOP_CLI_OUTPUT_H

#include "base/str.h"
#include "cli/args.h"

#include <stdbool.h>

/* A column: what stands at the JSON path of a row. */
struct column {
	const char *head;
	const char *path;                /* "status.phase" */
	enum { COL_TEXT, COL_TIME, COL_LEFT, COL_SIZE, COL_NUMBER } kind;    /* COL_LEFT: time until */
	bool        wide;                /* only with -o wide */
};

struct rows;
/* list: JSON is {"items": [...]}, YAML a document per row; else each row stands alone.  name_path: what -o name prints,
 * paths with '/' between them ("resource/namespace/name"; absent parts are left out).  empty: printed to stderr when a
 * table has no rows. */
struct rows *rows_new(enum output output, bool list, const struct column *columns, size_t n, const char *name_path,
	const char *empty);
void rows_free(struct rows *r);
/* -1: stdout cannot be written (errno). */
MUST_CHECK int rows_add(struct rows *r, struct str json);
/* What stands beside the rows: in JSON in a list of its own under key (static), in YAML a document, else nowhere. */
MUST_CHECK int rows_beside(struct rows *r, const char *key, struct str json);
MUST_CHECK int rows_end(struct rows *r);

#endif
