/* Executing a plan that was saved: does it still hold?  Straight-line code on the job's thread. */
#ifndef ORLOP_ENGINE_RESTORE_PLANNED_H
#define ORLOP_ENGINE_RESTORE_PLANNED_H

#include "engine/plan_file.h"

/* What a plan of o would hold for, now.  Errors as restore_run before it begins. */
MUST_CHECK int plan_ground_now(struct k8s *k, struct store *st, const struct restore_opts *o, struct plan_ground *out,
	const struct cancel *c, struct err *e);

/*
 * Plans again, which writes nothing, and compares: each object is to meet the same action, and what is to be changed or
 * deleted is as it was.  EK_CONFLICT: backup or cluster are others, or objects have changed; the first of these are findings
 * in r.  Other errors as plan_run.
 */
MUST_CHECK int planned_verify(struct k8s *k, struct store *st, const struct planned *p, struct report *r,
	const struct cancel *c, struct err *e);

#endif
