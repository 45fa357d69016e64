/* Operations on jobs of any process of this user, by their journals. */
#include "app/job_ops.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/thread.h"
#include "data/jwrite.h"

#include <string.h>

#define LOOK_EACH_NS (NS_PER_S / 4)

#define AUTO_ENTRY __attribute__((cleanup(journal_entry_done)))

static void
send_entry(struct job *j, const struct journal_entry *en)
{
	AUTO_BUF struct buf json = BUF_INIT(LIMIT_SMALL_BODY);
	struct err ignored;
	struct jw w;

	jw_init(&w, &json, false);
	jw_obj(&w);
	jw_kv_text(&w, "id", en->id);
	jw_kv_text(&w, "operation", en->operation);
	jw_kv_text(&w, "name", en->name);
	jw_kv_text(&w, "location", en->location);
	jw_kv_text(&w, "state", en->state);
	jw_kv_text(&w, "phase", en->phase);
	jw_kv_uint(&w, "done", en->progress.done);
	jw_kv_uint(&w, "total", en->progress.total);
	jw_kv_uint(&w, "bytes", en->progress.bytes);
	jw_kv_uint(&w, "warnings", en->progress.warnings);
	jw_kv_uint(&w, "errors", en->progress.errors);
	jw_kv_text(&w, "started", en->started);
	jw_kv_text(&w, "ended", en->ended);
	jw_kv_text(&w, "message", en->message);
	jw_obj_end(&w);
	if (jw_done(&w, &ignored) == 0)
		job_row(j, buf_str(&json));
}

enum ev_end
op_job_list(struct job *j, struct err *e)
{
	AUTO_STRS struct strs ids = { 0 };

	journal_ids(&ids);
	for (size_t i = 0; i < ids.len; i++) {
		AUTO_ENTRY struct journal_entry en = { 0 };
		struct err why;

		if (cancel_check(job_cancel(j), e) < 0)
			return job_failed(e);
		if (journal_read(ids.at[i], &en, &why) == 0)
			send_entry(j, &en);
		else if (why.kind != EK_NOTFOUND)        /* it is removed, or made, right now */
			job_note(j, "%s", why.msg);
	}
	return END_DONE;
}

/* The job of an id, or the latest of a name, one that runs before others.  Heap. */
static char *
find_job(const char *text, struct err *e)
{
	AUTO_STRS struct strs ids = { 0 };
	char *found = NULL;
	bool found_runs = false;

	journal_ids(&ids);
	for (size_t i = 0; i < ids.len; i++) {
		AUTO_ENTRY struct journal_entry en = { 0 };
		struct err ignored;
		bool runs;

		if (journal_read(ids.at[i], &en, &ignored) < 0)
			continue;
		if (strcmp(en.id, text) == 0) {
			free(found);
			return xstrdup(text);
		}
		runs = strcmp(en.state, "running") == 0;
		if (strcmp(en.name, text) != 0 || (found_runs && !runs))
			continue;
		free(found);
		found = xstrdup(en.id);
		found_runs = runs;
	}
	if (found == NULL)
		err_set(e, EK_NOTFOUND, "there is no job '%s'", text);
	return found;
}

static void
wait_a_little(void)
{
	struct lock *l = lock_new();
	int64_t until = clock_mono_ns() + LOOK_EACH_NS;

	lock_take(l);
	while (lock_wait_until(l, until))
		;
	lock_drop(l);
	lock_free(l);
}

/* How the job that was watched ended. */
static enum ev_end
tell_end(const struct journal_entry *en, struct err *e)
{
	if (strcmp(en->state, "done") == 0)
		return END_DONE;
	if (strcmp(en->state, "partial") == 0)
		return END_PARTIAL;
	if (strcmp(en->state, "damaged") == 0)
		return END_DAMAGED;
	if (strcmp(en->state, "interrupted") == 0)
		err_set(e, EK_UNAVAILABLE, "%s '%s': its process is gone, and it has not ended", en->operation, en->name);
	else if (strcmp(en->state, "canceled") == 0)
		err_set(e, EK_CANCELED, "%s '%s' was stopped", en->operation, en->name);
	else
		err_set(e, EK_IO, "%s '%s': %s", en->operation, en->name, en->message);
	return END_FAILED;
}

enum ev_end
op_job_watch(struct job *j, struct err *e)
{
	AUTO_FREE char *id = find_job(job_request(j)->name, e);

	job_about(j, ABOUT_JOB);
	if (id == NULL)
		return job_failed(e);
	for (;;) {
		AUTO_ENTRY struct journal_entry en = { 0 };

		if (cancel_check(job_cancel(j), e) < 0 || journal_read(id, &en, e) < 0)
			return job_failed(e);
		job_set_progress(j, strcmp(en.operation, "backup create") == 0 ? "backing up" : "restoring", en.progress.done, en.progress.total, en.progress.bytes);
		if (strcmp(en.state, "running") != 0) {
			send_entry(j, &en);
			return tell_end(&en, e);
		}
		wait_a_little();
	}
}

enum ev_end
op_job_stop(struct job *j, struct err *e)
{
	AUTO_FREE char *id = find_job(job_request(j)->name, e);

	job_about(j, ABOUT_JOB);
	if (id == NULL || journal_stop(id, e) < 0)
		return job_failed(e);
	job_note(j, "job %s is asked to stop; 'orlop job watch' shows when it has", id);
	return END_DONE;
}
