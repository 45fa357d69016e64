/*
 * What a running job tells: progress, findings about single objects, log lines.  Findings become Velero's results
 * file, everything becomes its log file.  Owned by the job's thread; the callbacks run on it.
 */
#ifndef ORLOP_ENGINE_REPORT_H
#define ORLOP_ENGINE_REPORT_H

#include "archive/vbackup.h"
#include "base/buf.h"
#include "base/err.h"

#include <stdint.h>

struct progress {
	const char *phase;               /* "listing", "uploading": static text */
	uint64_t    done, total;         /* objects; total 0: not known */
	uint64_t    bytes;               /* of the tarball, or read */
};

struct finding {
	enum result_level level;
	const char *ns;                  /* NULL: about the run; "": cluster-scoped */
	const char *resource, *name;     /* NULL: about the run */
	const char *text;                /* cause */
	const char *hint;                /* next step; NULL: none */
};

struct report_fns {
	void (*progress)(void *ctx, const struct progress *p);
	void (*finding)(void *ctx, const struct finding *f);
	void (*note)(void *ctx, const char *text);       /* something the user should read, not about an object */
	void *ctx;
};

struct report;
/* kind: "backup" or "restore", name: its name; both for the log lines.  fns is copied; its members may be NULL. */
struct report *report_new(const struct report_fns *fns, const char *kind, const char *name);
void report_free(struct report *r);
void report_freep(struct report **r);

void report_progress(struct report *r, const char *phase, uint64_t done, uint64_t total, uint64_t bytes);
/* hint may be NULL. */
void report_finding(struct report *r, enum result_level l, const char *ns, const char *resource, const char *name,
	const char *hint, const char *fmt, ...) PRINTF_LIKE(7, 8);
/* A finding from an error: its message, and as hint what its kind suggests. */
void report_error(struct report *r, enum result_level l, const char *ns, const char *resource, const char *name,
	const struct err *why);
void report_log(struct report *r, const char *fmt, ...) PRINTF_LIKE(2, 3);       /* log file only */
void report_note(struct report *r, const char *fmt, ...) PRINTF_LIKE(2, 3);      /* log file and user */

const struct vresults *report_results(const struct report *r);
size_t report_count(const struct report *r, enum result_level l);
/* Appends the packed log file.  What is reported afterwards reaches the callbacks only. */
MUST_CHECK int report_take_log(struct report *r, struct buf *gz, struct err *e);

#endif
