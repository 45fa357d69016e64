/* Operations that check or remove: verify, delete, location validate, cluster check. */
#include "app/job_ops.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "data/jwrite.h"
#include "engine/catalog.h"
#include "engine/verify.h"
#include "k8s/server.h"

#define UID_WAIT_NS (5 * NS_PER_S)

/* One checked thing as a row. */
static void
check_row(struct job *j, const char *key, const char *what, const char *name, const char *status, const char *detail)
{
	AUTO_BUF struct buf json = BUF_INIT(LIMIT_SMALL_BODY);
	struct err ignored;
	struct jw w;

	jw_init(&w, &json, false);
	jw_obj(&w);
	jw_kv_text(&w, key, what);
	if (name != NULL)
		jw_kv_text(&w, "name", name);
	jw_kv_text(&w, "status", status);
	jw_kv_text(&w, "detail", detail != NULL ? detail : "");
	jw_obj_end(&w);
	if (jw_done(&w, &ignored) == 0)
		job_row(j, buf_str(&json));
}

/* --- verify --- */

static void
on_verified(void *ctx, const char *what, const char *name, const struct err *why)
{
	check_row(ctx, "what", what, name, why == NULL ? "ok" : why->kind == EK_NOTFOUND ? "missing" : "damaged",
		why != NULL ? why->msg : NULL);
}

static void
on_verify_progress(void *ctx, uint64_t bytes)
{
	job_set_progress(ctx, "verifying", 0, 0, bytes);
}

enum ev_end
op_backup_verify(struct job *j, struct err *e)
{
	AUTO(store_closep) struct store *st = location_open(j, e);
	struct verify_counts n;

	if (st == NULL
	    || verify_run(st, job_request(j)->name, on_verified, j, on_verify_progress, job_cancel(j), &n, e) < 0)
		return job_failed(e);
	job_note(j, "checked %llu files and %llu objects: %llu damaged", (unsigned long long)n.files,
		(unsigned long long)n.objects, (unsigned long long)n.damaged);
	return n.damaged > 0 ? END_DAMAGED : END_DONE;
}

/* --- delete --- */

/* The UID of the cluster that the user is at; empty when it cannot be told. */
static void
current_uid(struct job *j, char uid[64])
{
	AUTO_TARGET struct target t = { 0 };
	struct cancel c = { .up = job_cancel(j), .deadline_mono_ns = clock_mono_ns() + UID_WAIT_NS };
	struct k8s_info info = { 0 };
	struct err e;

	uid[0] = '\0';
	if (target_open(j, &t, &e) == 0 && k8s_server_info(t.k, &info, &c, &e) == 0)
		memcpy(uid, info.uid, sizeof info.uid);
	job_about(j, ABOUT_NOTHING);
}

static int
check_owner(struct job *j, const struct vbackup *b, struct err *e)
{
	const char *owner = kvs_get(&b->annotations, VB_ANNOT_CLUSTER_UID);
	const char *name = kvs_get(&b->annotations, VB_ANNOT_CLUSTER_NAME);
	char uid[64];

	if (owner == NULL || job_request(j)->force)
		return 0;
	current_uid(j, uid);
	if (strcmp(uid, owner) == 0)
		return 0;
	if (uid[0] == '\0')
		return err_set(e, EK_INVALID, "backup '%s' is of cluster '%s', and the current cluster cannot be asked "
			"whether that is it: --force deletes it all the same", b->name, name != NULL ? name : owner);
	return err_set(e, EK_INVALID, "backup '%s' is of another cluster, '%s': --force deletes it all the same", b->name,
		name != NULL ? name : owner);
}

enum ev_end
op_backup_delete(struct job *j, struct err *e)
{
	AUTO(store_closep) struct store *st = location_open(j, e);
	const char *name = job_request(j)->name;
	struct vbackup b = { 0 };
	struct err why;
	size_t keys = 0;
	int rc = 0;

	if (st == NULL)
		return job_failed(e);
	if (reader_metadata(st, name, &b, job_cancel(j), &why) == 0) {
		rc = check_owner(j, &b, e);
		if (b.volume_snapshots_attempted + b.csi_snapshots_attempted > 0)
			job_note(j, "the volume snapshots of '%s' are not deleted by this: see 'orlop backup describe'", name);
		vbackup_done(&b);
	} else if (why.kind != EK_NOTFOUND && why.kind != EK_CORRUPT) {
		/* Leftovers and damaged backups can be deleted, too. */
		*e = why;
		return job_failed(e);
	}
	if (rc < 0 || catalog_delete(st, name, &keys, job_cancel(j), e) < 0)
		return job_failed(e);
	job_note(j, "deleted backup '%s' (%zu files)", name, keys);
	return END_DONE;
}

/* --- location validate --- */

static void
on_step(void *ctx, const struct store_step *step)
{
	static const char *const status[] = {
		[STEP_OK] = "ok", [STEP_WARNING] = "warning", [STEP_FAILED] = "failed", [STEP_SKIPPED] = "skipped",
	};
	AUTO_BUF struct buf json = BUF_INIT(LIMIT_SMALL_BODY);
	struct err ignored;
	struct jw w;

	jw_init(&w, &json, false);
	jw_obj(&w);
	jw_kv_text(&w, "step", step->name);
	jw_kv_text(&w, "status", status[step->status]);
	jw_kv_int(&w, "ms", (step->took_ns + NS_PER_MS / 2) / NS_PER_MS);
	jw_kv_text(&w, "detail", step->detail);
	jw_kv_text(&w, "cause", step->cause);
	jw_kv_text(&w, "remedy", step->remedy);
	jw_obj_end(&w);
	if (jw_done(&w, &ignored) == 0)
		job_row(ctx, buf_str(&json));
}

enum ev_end
op_location_validate(struct job *j, struct err *e)
{
	AUTO(store_closep) struct store *st = NULL;
	AUTO(file_close) int keys = -1;
	AUTO_FREE char *url = NULL;

	job_about(j, ABOUT_LOCATION);
	if ((job_request(j)->replace || job_request(j)->fields.len > 0) && location_trial(j, &url, &keys, e) < 0)
		return job_failed(e);
	st = store_open_to_validate(url != NULL ? url : job_request(j)->location, e);
	if (st == NULL)
		return job_failed(e);
	if (job_request(j)->volumes && str_starts(str_of(store_url(st)), S("dir:"))) {
		err_set(e, EK_INVALID, "%s is a folder: EBS volumes belong to a location of AWS", store_label(st));
		return END_FAILED;
	}
	if (store_validate(st, job_request(j)->volumes, on_step, j, job_cancel(j), e) == 0)
		return END_DONE;
	return e->kind == EK_CANCELED ? END_CANCELED : END_DAMAGED;
}

/* --- cluster check --- */

static const struct { const char *verb, *why; } needed[] = {
	{ "list",   "backup" },
	{ "get",    "restore: comparing with what is there" },
	{ "create", "restore" },
	{ "patch",  "restore with --existing-resource-policy update" },
};

struct access { size_t asked, denied; };

static int
ask(struct job *j, struct k8s *k, size_t n, const char *group, const char *resource, struct access *a, struct err *e)
{
	AUTO_FREE char *what = xasprintf("%s %s%s%s", needed[n].verb, resource, group[0] != '\0' ? "." : "", group);
	bool allowed = false;

	if (k8s_can_i(k, needed[n].verb, group, resource, NULL, &allowed, job_cancel(j), e) < 0)
		return -1;
	a->asked++;
	a->denied += !allowed;
	check_row(j, "check", what, NULL, allowed ? "ok" : "denied", needed[n].why);
	return allowed;
}

static int
check_access(struct job *j, struct k8s *k, struct access *a, struct err *e)
{
	AUTO(discovery_freep) struct discovery *d = discovery_load(k, job_cancel(j), e);
	const unsigned storable = VERB_LIST | VERB_GET | VERB_CREATE | VERB_DELETE;

	if (d == NULL)
		return -1;
	for (size_t i = 0; i < d->warnings.len; i++)
		check_row(j, "check", "discovery", NULL, "warning", d->warnings.at[i]);
	for (size_t n = 0; n < COUNT(needed); n++) {
		struct access all = { 0 };
		int rc = ask(j, k, n, "*", "*", &all, e);

		if (rc < 0)
			return -1;
		a->asked++;
		/* Not everything: then type by type. */
		for (size_t i = 0; rc == 0 && i < d->all.len; i++) {
			const struct api_resource *res = &d->all.at[i];

			if (res->preferred && (res->verbs & storable) == storable
			    && ask(j, k, n, res->group, res->name, a, e) < 0)
				return -1;
		}
	}
	return 0;
}

enum ev_end
op_cluster_check(struct job *j, struct err *e)
{
	AUTO_TARGET struct target t = { 0 };
	struct k8s_info info = { 0 };
	struct access a = { 0 };

	if (target_open(j, &t, e) < 0 || k8s_server_info(t.k, &info, job_cancel(j), e) < 0)
		return job_failed(e);
	check_row(j, "check", "server", NULL, "ok", t.conn.server);
	check_row(j, "check", "version", NULL, "ok", info.git_version);
	if (job_request(j)->quick)
		return END_DONE;
	check_row(j, "check", "cluster uid", NULL, info.uid[0] != '\0' ? "ok" : "warning",
		info.uid[0] != '\0' ? info.uid : "namespace kube-system may not be read");
	if (check_access(j, t.k, &a, e) < 0)
		return job_failed(e);
	if (a.denied > 0) {
		err_set(e, EK_DENIED, "%zu of %zu permissions are missing", a.denied, a.asked);
		return END_FAILED;
	}
	return END_DONE;
}
