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
};

/*
 * Restores o->backup by velero-format 4 and writes the restore's record into the store.  A restore that ran to its end
 * returns 0 even if objects failed: those are findings in r and counted in out.  -1: it could not run or was stopped;
 * out then says how far it came.  EK_NOTFOUND: no such backup; EK_EXISTS: there is a restore of that name.
 * A preflight (engine/preflight.h) comes first; what it finds to stop it ends it before anything is written: out->stops.
 */
MUST_CHECK int restore_run(struct k8s *k, struct store *st, const struct restore_opts *o, struct report *r,
	const struct cancel *c, struct restore_counts *out, struct err *e);

#endif
