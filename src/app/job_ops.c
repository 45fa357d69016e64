/* The table of operations; making backups and restores. */
#include "app/job_ops.h"

#include "app/journal.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/thread.h"
#include "engine/backup.h"
#include "engine/catalog.h"
#include "k8s/server.h"

static op_fn *const ops[] = {
	[OP_BACKUP_CREATE]     = op_backup_create,
	[OP_BACKUP_LIST]       = op_backup_list,
	[OP_BACKUP_DESCRIBE]   = op_backup_describe,
	[OP_BACKUP_LS]         = op_backup_ls,
	[OP_BACKUP_CAT]        = op_backup_cat,
	[OP_BACKUP_LOGS]       = op_backup_logs,
	[OP_BACKUP_DOWNLOAD]   = op_backup_download,
	[OP_BACKUP_VERIFY]     = op_backup_verify,
	[OP_BACKUP_DELETE]     = op_backup_delete,
	[OP_BACKUP_DIFF]       = op_backup_diff,
	[OP_BACKUP_HISTORY]    = op_backup_history,
	[OP_BACKUP_GREP]       = op_backup_grep,
	[OP_RESTORE_CREATE]    = op_restore_create,
	[OP_RESTORE_PLAN]      = op_restore_plan,
	[OP_RESTORE_PREFLIGHT] = op_restore_preflight,
	[OP_RESTORE_LIST]      = op_restore_list,
	[OP_RESTORE_DESCRIBE]  = op_restore_describe,
	[OP_RESTORE_LOGS]      = op_restore_logs,
	[OP_RESTORE_UNDO]      = op_restore_undo,
	[OP_LOCATION_VALIDATE] = op_location_validate,
	[OP_LOCATION_LIST]     = op_location_list,
	[OP_LOCATION_SAVE]     = op_location_save,
	[OP_LOCATION_REMOVE]   = op_location_remove,
	[OP_LOCATION_POLICY]   = op_location_policy,
	[OP_CONTEXT_LIST]      = op_context_list,
	[OP_CLUSTER_CHECK]     = op_cluster_check,
	[OP_JOB_LIST]          = op_job_list,
	[OP_JOB_WATCH]         = op_job_watch,
	[OP_JOB_STOP]          = op_job_stop,
};
_Static_assert(COUNT(ops) == OP_COUNT_, "every operation needs its function");

enum ev_end
job_run(struct job *j, struct err *e)
{
	return ops[job_request(j)->op](j, e);
}

enum ev_end
job_failed(const struct err *e)
{
	return e->kind == EK_CANCELED ? END_CANCELED : END_FAILED;
}

/* --- names, clusters, locations --- */

char *
job_generated_name(const char *prefix)
{
	AUTO_BUF struct buf name = BUF_INIT(LIMIT_TAR_NAME);
	char stamp[CLOCK_TEXT_MAX];

	/* A context may be called anything; a backup may not (velero-format 3.9). */
	for (const char *p = prefix; *p != '\0' && name.len < LIMIT_NAME - 15; p++) {
		bool alnum = (*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9');

		if (alnum)
			buf_putc(&name, *p);
		else if (*p >= 'A' && *p <= 'Z')
			buf_putc(&name, (char)(*p - 'A' + 'a'));
		else if (name.len > 0 && name.p[name.len - 1] != '-')
			buf_putc(&name, '-');
	}
	while (name.len > 0 && name.p[name.len - 1] == '-')
		buf_cut(&name, name.len - 1);
	return xasprintf("%s-%s", name.len > 0 ? buf_cstr(&name) : "cluster", clock_compact(stamp, clock_unix_ns()));
}

int
target_open(struct job *j, struct target *out, struct err *e)
{
	const struct request *r = job_request(j);
	struct target t = { 0 };

	job_about(j, ABOUT_CLUSTER);
	t.kc = kubeconfig_load(r->kubeconfig, e);
	if (t.kc == NULL)
		return -1;
	if (kubeconfig_resolve(t.kc, r->context, &t.conn, e) < 0) {
		kubeconfig_free(t.kc);
		return -1;
	}
	if (t.conn.insecure)
		job_note(j, "context '%s' says insecure-skip-tls-verify: whoever is on the way can read and change everything",
			t.conn.context);
	*out = t;
	out->k = k8s_new(&out->conn, e);
	if (out->k == NULL) {
		target_done(out);
		return -1;
	}
	return 0;
}

int
target_reach(struct job *j, struct target *out, struct err *e)
{
	struct k8s_info info;

	if (target_open(j, out, e) < 0 || k8s_server_info(out->k, &info, job_cancel(j), e) < 0)
		return -1;
	job_about(j, ABOUT_NOTHING);
	return 0;
}

void
target_done(struct target *t)
{
	k8s_free(t->k);
	if (t->kc != NULL)
		kube_conn_done(&t->conn);
	kubeconfig_free(t->kc);
	*t = (struct target){ 0 };
}

struct store *
location_open(struct job *j, struct err *e)
{
	AUTO(store_closep) struct store *st = NULL;

	job_about(j, ABOUT_LOCATION);
	if (job_request(j)->location != NULL && job_request(j)->location[0] == '\0') {
		err_set(e, EK_INVALID, "there is no backup location yet: :loc and n add one");
		return NULL;
	}
	st = store_open(job_request(j)->location, e);
	if (st == NULL)
		return NULL;
	if (store_exists(st, e) < 0 || store_first(st, LAYOUT_BACKUPS, NULL, job_cancel(j), e) < 0) {
		err_ctx(e, "location %s", store_label(st));
		return NULL;
	}
	job_about(j, ABOUT_NOTHING);
	return TAKE(st);
}

/* --- backup create --- */

struct sweeping { struct job *j; struct store *st; };

/* Removes what a dead run left under a name, and says so. */
static int
sweep(struct job *j, struct store *st, const char *name, const char *dead, struct err *e)
{
	size_t keys;

	if (catalog_sweep(st, name, dead, &keys, job_cancel(j), e) < 0)
		return err_ctx(e, "remove what an interrupted backup '%s' left", name);
	if (keys > 0)
		job_note(j, "removed %zu files that an interrupted backup '%s' had left in %s", keys, name, store_label(st));
	return 0;
}

static int
sweep_interrupted(void *ctx, const char *id, const char *operation, const char *location, const char *name)
{
	struct sweeping *s = ctx;
	struct err e;

	/* An interrupted restore leaves nothing but what it restored. */
	if (strcmp(operation, "restore create") == 0)
		return 0;
	if (strcmp(operation, "backup create") != 0 || strcmp(location, store_url(s->st)) != 0)
		return -1;
	if (sweep(s->j, s->st, name, id, &e) == 0)
		return 0;
	job_note(s->j, "%s", e.msg);
	return -1;
}

/* The name was refused.  1: because of files of a run of ours that is dead, whatever its location was called then,
 * and they are removed now; 0: by somebody else. */
static int
sweep_claimed(struct job *j, struct store *st, const char *name, struct err *e)
{
	AUTO_FREE char *job = catalog_claim(st, name, job_cancel(j));
	AUTO(file_close) int seized = job != NULL ? journal_seize(job) : -1;

	if (seized < 0)
		return 0;
	return sweep(j, st, name, job, e) < 0 ? -1 : 1;
}

static void
send_backup(struct job *j, const struct vbackup *b)
{
	AUTO_BUF struct buf json = BUF_INIT(LIMIT_METADATA);
	struct err ignored;

	if (vbackup_write(b, &json, &ignored) == 0)
		job_row(j, buf_str(&json));
}

static enum ev_end
run_backup(struct job *j, struct store *st, struct k8s *k, const struct backup_opts *o, struct err *e)
{
	AUTO(report_freep) struct report *rep = NULL;
	struct report_fns fns = job_report_fns(j);
	struct vbackup b = { 0 };
	enum ev_end end;

	rep = report_new(&fns, "backup", o->name);
	if (backup_run(k, st, o, rep, job_cancel(j), &b, e) < 0) {
		if (e->http != 0 || e->kind == EK_CORRUPT)
			job_about(j, ABOUT_ANSWER);
		err_ctx(e, "backup '%s'", o->name);
		return job_failed(e);
	}
	end = b.errors > 0 ? END_PARTIAL : END_DONE;
	send_backup(j, &b);
	vbackup_done(&b);
	return end;
}

/* The cluster is asked its first questions while the location is: two long lines then take the time of one. */
struct reaching {
	struct k8s     *k;
	struct cancel   stop;
	struct thread  *thread;
	int             rc;
	struct err      e;
};

static void
reach(void *arg)
{
	struct reaching *r = arg;
	struct k8s_info info;

	r->rc = k8s_server_info(r->k, &info, &r->stop, &r->e);
}

static void
reach_start(struct reaching *r, struct job *j, struct k8s *k)
{
	struct err e;

	r->k = k;
	r->stop.up = job_cancel(j);
	r->thread = thread_start("reach", reach, r, &e);
	if (r->thread == NULL)
		reach(r);
}

/* After it k is the caller's again. */
static int
reach_end(struct reaching *r, struct job *j, struct err *e)
{
	thread_join(r->thread);
	if (r->rc == 0)
		return 0;
	job_about(j, ABOUT_CLUSTER);
	*e = r->e;
	return -1;
}

/* Errors are about the location, but for a name that cannot be had. */
static int
claim(struct job *j, struct store *st, const struct backup_opts *o, struct err *e)
{
	int rc, swept;
	struct err why;

	job_about(j, ABOUT_LOCATION);
	rc = backup_claim(st, o->name, o->job, job_cancel(j), e);
	if (rc < 0 && e->kind == EK_EXISTS) {
		swept = sweep_claimed(j, st, o->name, &why);
		if (swept > 0)
			rc = backup_claim(st, o->name, o->job, job_cancel(j), e);
		if (swept < 0)
			*e = why;
	}
	if (rc < 0 && e->kind == EK_EXISTS) {
		job_about(j, ABOUT_NOTHING);
		return err_ctx(e, "backup '%s'", o->name);
	}
	if (rc < 0)
		return err_ctx(e, "location %s", store_label(st));
	job_about(j, ABOUT_NOTHING);
	return 0;
}

static enum ev_end
claim_and_run(struct job *j, struct store *st, struct k8s *k, const struct backup_opts *o, struct err *e)
{
	struct reaching r = { 0 };
	struct err why;
	int rc;

	reach_start(&r, j, k);
	rc = claim(j, st, o, e);
	if (rc < 0) {
		cancel_fire(&r.stop);
		thread_join(r.thread);
		return job_failed(e);
	}
	if (reach_end(&r, j, e) < 0) {
		if (backup_abandon(st, o->name, &why) < 0)
			job_note(j, "%s", why.msg);
		return job_failed(e);
	}
	return run_backup(j, st, k, o, e);
}

enum ev_end
op_backup_create(struct job *j, struct err *e)
{
	AUTO(store_closep) struct store *st = NULL;
	AUTO_TARGET struct target t = { 0 };
	AUTO_FREE char *name = NULL;
	struct backup_opts o = job_request(j)->backup;
	struct sweeping s = { j, NULL };
	struct follow *f;
	enum ev_end end;

	job_about(j, ABOUT_LOCATION);
	st = store_open(job_request(j)->location, e);
	if (st == NULL || target_open(j, &t, e) < 0)
		return job_failed(e);
	job_about(j, ABOUT_NOTHING);
	s.st = st;
	journal_interrupted(sweep_interrupted, &s);
	name = o.name != NULL ? xstrdup(o.name) : job_generated_name(t.conn.context);
	o.name = name;
	o.cluster_name = t.conn.context;
	f = follow_start(j, "backup create", st, name);
	o.job = follow_id(f);
	end = claim_and_run(j, st, t.k, &o, e);
	follow_end(f, end, e);
	return end;
}
