/* The operations of jobs, and what they share.  Each returns how the job ended and sets e for FAILED and CANCELED. */
#ifndef ORLOP_APP_JOB_OPS_H
#define ORLOP_APP_JOB_OPS_H

#include "app/job.h"
#include "app/follow.h"
#include "app/journal.h"
#include "engine/reader.h"
#include "k8s/kubeconfig.h"

/* A cluster that a job talks to. */
struct target {
	struct kubeconfig *kc;
	struct kube_conn   conn;
	struct k8s        *k;
};
#define AUTO_TARGET __attribute__((cleanup(target_done)))
/* Errors are about the cluster (job_about). */
MUST_CHECK int target_open(struct job *j, struct target *out, struct err *e);
/* The same, and it answers. */
MUST_CHECK int target_reach(struct job *j, struct target *out, struct err *e);
void target_done(struct target *t);

/* The request's location, which is there and can be listed.  Errors are about the location. */
MUST_CHECK struct store *location_open(struct job *j, struct err *e);

/* A URL for the location that the request describes and that need not be saved.  *fd: to be closed after it was used. */
MUST_CHECK int location_trial(struct job *j, char **url, int *fd, struct err *e);

/* A backup that is open for reading its objects. */
struct opened {
	struct store     *st;            /* NULL: it is the caller's */
	struct vbackup    b;
	struct reader    *r;
	struct discovery *d;
};
#define AUTO_OPENED __attribute__((cleanup(opened_done)))
/* Opens backup name in st, which stays the caller's; with the hashes of its objects if those are wanted. */
MUST_CHECK int backup_open(struct job *j, struct store *st, const char *name, bool with_hashes, struct opened *out,
	struct err *e);
void opened_done(struct opened *o);

/* Writes what became of the objects of restore name: counts by outcome, and what was wrong with each; null when that is not
 * known. */
struct jw;
MUST_CHECK int job_outcomes(struct job *j, struct store *st, const char *name, struct jw *w, struct err *e);

/* "<prefix>-YYYYMMDDhhmmss" (UTC), with what a name may not hold replaced.  Heap. */
char *job_generated_name(const char *prefix);

/* FAILED or CANCELED by e. */
enum ev_end job_failed(const struct err *e);

typedef enum ev_end op_fn(struct job *j, struct err *e);
op_fn op_backup_create, op_restore_create, op_restore_plan, op_restore_preflight;
op_fn op_backup_list, op_backup_describe, op_backup_ls, op_backup_cat, op_backup_logs, op_backup_download;
op_fn op_backup_diff, op_backup_history, op_backup_grep;
op_fn op_restore_undo;
op_fn op_restore_list, op_restore_describe, op_restore_logs;
op_fn op_backup_verify, op_backup_delete, op_location_validate, op_cluster_check;
op_fn op_job_list, op_job_watch, op_job_stop;
op_fn op_location_list, op_location_save, op_location_remove, op_location_policy, op_context_list;

#endif
