/*
 * What would make a restore fail or surprise, found before anything is written: findings with a remedy each.  Straight-line
 * code on the job's thread.  Reads the backup's objects once and keeps what they refer to, not the objects.
 */
#ifndef ORLOP_ENGINE_PREFLIGHT_H
#define ORLOP_ENGINE_PREFLIGHT_H

#include "base/cancel.h"
#include "base/err.h"
#include "engine/options.h"
#include "engine/report.h"
#include "k8s/client.h"
#include "store/store.h"

#include <stdint.h>

enum preflight_level {
	PREFLIGHT_OK,
	PREFLIGHT_IGNORED,           /* found, but --ignore names it */
	PREFLIGHT_WARN,
	PREFLIGHT_STOP,              /* the restore fails for certain: it does not begin */
	PREFLIGHT_LEVELS_
};
const char *preflight_level_text(enum preflight_level l);        /* "stop" */

/* Texts live during the call.  resource, ns and name say which object, or one of count objects; "": none. */
struct preflight_finding {
	enum preflight_level level;
	const char *code;            /* "storage-class-missing" */
	const char *resource, *ns, *name;
	uint64_t    count;           /* objects that it is about; 0: about the cluster */
	const char *text, *remedy;   /* remedy "": none */
};
typedef void preflight_fn(void *ctx, const struct preflight_finding *f);

struct preflight_counts { uint64_t n[PREFLIGHT_LEVELS_]; };

/* The codes of o->ignore are known ("all" means all of them).  EK_INVALID names the nearest one. */
MUST_CHECK int preflight_check_ignored(const struct restore_opts *o, struct err *e);

/* It says --ignore all: nothing is looked at. */
bool preflight_is_off(const struct restore_opts *o);

/* The findings alone, the good ones included.  Writes nothing.  Errors as restore_run's before it begins. */
MUST_CHECK int preflight_run(struct k8s *k, struct store *st, const struct restore_opts *o, struct report *r,
	preflight_fn *fn, void *ctx, const struct cancel *c, struct preflight_counts *out, struct err *e);

/* Tells a warning, or what stops, as a finding about the run. */
void preflight_report(struct report *r, const struct preflight_finding *f);

struct restore;
/* The same for a restore that is prepared.  What fails about a single check is a finding, too. */
MUST_CHECK int preflight_restore(struct restore *rs, preflight_fn *fn, void *ctx, struct preflight_counts *out,
	struct err *e);
/* Before a restore writes: tells warnings as findings of the restore.  -1: findings that stop it, with the first in e. */
MUST_CHECK int preflight_permit(struct restore *rs, struct err *e);

#endif
