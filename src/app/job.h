/* A job as its code sees it: the request, its cancel, and where its results go.  Used on the job's thread. */
#ifndef ORLOP_APP_JOB_H
#define ORLOP_APP_JOB_H

#include "app/backend.h"
#include "app/bus.h"
#include "engine/report.h"
#include "k8s/client.h"
#include "store/store.h"

struct job;
const struct request *job_request(const struct job *j);
const struct cancel *job_cancel(const struct job *j);

void job_row(struct job *j, struct str json);                    /* EV_ROW */
MUST_CHECK int job_bytes(struct job *j, const void *p, size_t n, struct err *e);   /* EV_BYTES; EK_CANCELED */
void job_note(struct job *j, const char *fmt, ...) PRINTF_LIKE(2, 3);
void job_set_progress(struct job *j, const char *phase, uint64_t done, uint64_t total, uint64_t bytes);
void job_about(struct job *j, enum ev_about about);              /* what a following error is about */

void job_has_journal(struct job *j, const char *id);             /* EV_JOB */
void job_progress_now(struct job *j, struct job_progress *out);  /* any thread */
void job_stop(struct job *j);                                    /* at an object boundary; any thread */

/* Callbacks for engine/report that turn into events of this job. */
struct report_fns job_report_fns(struct job *j);

/* Runs the request's operation.  Returns how it ended; END_FAILED and END_CANCELED have e set. */
enum ev_end job_run(struct job *j, struct err *e);

#endif
