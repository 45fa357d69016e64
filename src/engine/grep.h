/* Searching the fields of all objects of a backup.  Straight-line code on the job's thread. */
#ifndef ORLOP_ENGINE_GREP_H
#define ORLOP_ENGINE_GREP_H

#include "engine/options.h"
#include "engine/reader.h"
#include "engine/report.h"
#include "engine/view.h"

#include <stdint.h>

struct grep_opts {
	const char               *pattern;       /* PCRE2, searched in each line of each value */
	bool                      ignore_case;
	bool                      once;          /* the first match of an object is enough */
	bool                      several;       /* one of several backups need not have the types of the filter */
	const struct filter_opts *filter;
	struct view               view;          /* with show_secrets the data of Secrets is searched decoded, else the masks */
};
struct grep_row {                        /* valid during the call */
	const struct index_entry *en;
	struct str path;                 /* of the field (data/jfield.h) */
	struct str line;                 /* its value; of a text with several lines the one that matches */
	uint64_t   number;               /* of that line; 0: the value has only one */
};
typedef int grep_fn(void *ctx, const struct grep_row *row, struct err *e);

struct grep;
/* EK_INVALID: the pattern.  o is borrowed. */
MUST_CHECK struct grep *grep_new(const struct grep_opts *o, struct err *e);
void grep_free(struct grep *g);
void grep_freep(struct grep **g);

/*
 * Tells of each match in the backup that b and rd are, in the order of the tarball.  A field on which the pattern takes
 * too long is a finding, many of them are EK_LIMIT.  *objects counts those that were searched.  EK_NOTFOUND: the filter
 * names a type that the backup does not have.  -1 from fn ends it.
 */
MUST_CHECK int grep_backup(struct grep *g, const struct vbackup *b, struct reader *rd, struct report *r, grep_fn *fn,
	void *ctx, const struct cancel *c, uint64_t *objects, struct err *e);

#endif
