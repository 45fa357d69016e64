/*
 * A plan of a restore as a file: gzip of lines of JSON.  The first says what it is a plan of, the last how many objects
 * there are; between them is one line for each, with the action and what that depends on.  No object's content is in it.
 * Any thread; a writer belongs to one.
 */
#ifndef ORLOP_ENGINE_PLAN_FILE_H
#define ORLOP_ENGINE_PLAN_FILE_H

#include "base/hash.h"
#include "engine/plan.h"

#include <stdbool.h>

/* What a plan holds for, and nothing else. */
struct plan_ground {
	char  backup_id[SHA256_HEX]; /* restore_backup_id */
	char  cluster[64];           /* UID; "": who planned could not see it */
	bool  server;                /* the API server was asked, too */
};

struct plan_writer;
struct plan_writer *plan_writer_new(void);
void plan_writer_freep(struct plan_writer **w);
MUST_CHECK int plan_writer_head(struct plan_writer *w, const struct plan_ground *g, const struct restore_opts *o,
	struct err *e);
/* Findings are not written. */
MUST_CHECK int plan_writer_add(struct plan_writer *w, const struct plan_row *row, struct err *e);
/* Replaces path, mode 0600. */
MUST_CHECK int plan_writer_end(struct plan_writer *w, const char *path, struct err *e);

/* What a plan says of one object: small, as there may be very many. */
#define PLAN_MARK_LEN 16
struct plan_mark {
	uint8_t         key[PLAN_MARK_LEN];      /* hash of what it is about */
	uint8_t         live[PLAN_MARK_LEN];     /* hash of what the cluster had */
	enum plan_action action;
};

/* A plan that was read. */
struct planned;
/* packed: the file.  EK_CORRUPT names the line; EK_INVALID: of another version of the program. */
MUST_CHECK struct planned *planned_parse(struct str packed, struct err *e);
void planned_free(struct planned *p);
void planned_freep(struct planned **p);
const struct plan_ground *planned_ground(const struct planned *p);
struct str planned_options(const struct planned *p);            /* for restore_request_merge */
struct str planned_packed(const struct planned *p);
size_t planned_len(const struct planned *p);
uint64_t planned_count(const struct planned *p, enum plan_action a);
/* NULL: the plan is not about it.  from_ns: in the backup; of what is to be deleted, and of namespaces: as in the row. */
const struct plan_mark *planned_find(const struct planned *p, bool deletion, struct str resource, struct str from_ns,
	struct str name);
/* Is what the cluster has what it had? */
bool plan_mark_is(const struct plan_mark *m, struct str uid, struct str hash);
/* The name of each object that the plan is about; -1 ends it. */
typedef int planned_fn(void *ctx, const struct plan_row *row, struct err *e);
MUST_CHECK int planned_each(const struct planned *p, planned_fn *fn, void *ctx, struct err *e);

#endif
