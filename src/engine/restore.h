/* The restore job: applies a backup, or part of it, to a cluster.  Straight-line code on the job's thread. */
#ifndef ORLOP_ENGINE_RESTORE_H
#define ORLOP_ENGINE_RESTORE_H

#include "base/cancel.h"
#include "base/err.h"
#include "engine/options.h"
#include "engine/report.h"
#include "k8s/client.h"
#include "store/store.h"

struct restore_counts {
	uint64_t selected, created, updated;
	uint64_t skipped;            /* the same is there, or by rule */
	uint64_t differ;             /* another version is there and was left alone: a warning each */
	uint64_t failed;
	uint64_t deleted;            /* the backup does not have it */
	uint64_t stops;              /* findings of the preflight that kept it from beginning */
	bool     lost;               /* the cluster stopped answering; what is left can be resumed */
};

/* A restore that was begun and has not ended. */
struct restore_left {
	unsigned runs;
	char    *job, *host;         /* of the last run; NULL: that one has stopped by itself */
	struct planned *plan;        /* that it executes; NULL: none */
};
void restore_left_done(struct restore_left *l);
/*
 * Fills what o does not say yet with what was asked of restore name.  left (may be NULL): where it can be continued; then
 * EK_EXISTS: it has ended.  EK_NOTFOUND: there is none, or it did not write down what it was asked.
 */
MUST_CHECK int restore_recall(struct store *st, const char *name, struct restore_opts *o, struct restore_left *left,
	const struct cancel *c, struct err *e);

/* Appends the record of restore name (velero-format 5.4) to out: of one that has not ended, from its request.  EK_NOTFOUND. */
MUST_CHECK int restore_get_record(struct store *st, const char *name, struct buf *out, const struct cancel *c, struct err *e);

/* EK_CONFLICT: restore name was begun in another cluster than that with this UID. */
MUST_CHECK int restore_check_cluster(struct store *st, const char *name, const char *uid, const struct cancel *c,
	struct err *e);

/*
 * Restores o->backup by velero-format 4 and writes the restore's record into the store.  A restore that ran to its end
 * returns 0 even if objects failed: those are findings in r and counted in out.  -1: it could not run or was stopped;
 * out then says how far it came, and the restore can be continued (o->runs): objects that are done are left alone, and
 * counts and record are those of the whole.  EK_NOTFOUND: no such backup; EK_EXISTS: there is a restore of that name.
 * A preflight (engine/preflight.h) comes first, unless it is continued; what it finds to stop it ends it before anything is
 * written: out->stops.
 */
MUST_CHECK int restore_run(struct k8s *k, struct store *st, const struct restore_opts *o, struct report *r,
	const struct cancel *c, struct restore_counts *out, struct err *e);

#endif
