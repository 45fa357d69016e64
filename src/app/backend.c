/*
 * DESIGN
 *
 *   front end --requests--> [queue] --> backend thread --starts--> job threads
 *   front end <--events---- [queue, bounded] <-----------------------+
 *
 * A job that is over tells the backend, which joins its thread and then sends EV_END: the last event of its id.
 * Progress is one slot per job and one waiting EV_PROGRESS at most, so a fast job cannot flood a slow front end.
 * Lock order: one lock (jobs and their slots); no callback and no queue operation happens under it.
 */
#include "app/backend.h"

#include "app/job.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/thread.h"
#include "data/jwrite.h"

#include <stdarg.h>
#include <unistd.h>

#define COMMANDS_MAX 64
#define EVENTS_MAX 1024

struct job {
	struct backend      *b;
	uint64_t             id;
	struct request      *request;
	struct cancel        cancel;
	struct thread       *thread;
	enum ev_about        about;
	enum ev_end          end;
	struct err           err;
	struct job          *next;           /* in the backend's table; the lock's */
	struct job_progress  progress;       /* the lock's */
	bool                 progress_sent;  /* an EV_PROGRESS is on its way; the lock's */
};

/* A message to the backend thread: a new job, or one that is over. */
struct command { struct job *job; bool over; };

struct backend {
	struct thread  *thread;
	struct queue   *commands, *events;
	struct cancel   root;
	struct lock    *lock;                /* guards jobs, next_id and the jobs' slots */
	struct job     *jobs;
	uint64_t        next_id;
	int             wake_fd;             /* -1: none */
};

static struct event *
new_event(const struct job *j, enum ev_kind kind)
{
	struct event *ev = xcalloc(1, sizeof *ev);

	ev->id = j->id;
	ev->kind = kind;
	return ev;
}

static void
send(struct job *j, struct event *ev)
{
	if (!queue_push(j->b->events, ev))
		event_free(ev);
	else if (j->b->wake_fd >= 0)
		(void)!write(j->b->wake_fd, "", 1);      /* a full pipe wakes as well */
}

static void
send_text(struct job *j, enum ev_kind kind, const void *p, size_t n)
{
	struct event *ev = new_event(j, kind);

	ev->text = xstrndup("", 0);
	if (n > 0) {
		ev->text = xrealloc(ev->text, n + 1);
		memcpy(ev->text, p, n);
		ev->text[n] = '\0';
	}
	ev->len = n;
	send(j, ev);
}

/* --- the job's side --- */

const struct request *
job_request(const struct job *j)
{
	return j->request;
}

const struct cancel *
job_cancel(const struct job *j)
{
	return &j->cancel;
}

void
job_row(struct job *j, struct str json)
{
	send_text(j, EV_ROW, json.p, json.len);
}

int
job_bytes(struct job *j, const void *p, size_t n, struct err *e)
{
	if (cancel_check(&j->cancel, e) < 0)
		return -1;
	send_text(j, EV_BYTES, p, n);
	return 0;
}

void
job_note(struct job *j, const char *fmt, ...)
{
	AUTO_FREE char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	send_text(j, EV_NOTE, text, strlen(text));
}

void
job_about(struct job *j, enum ev_about about)
{
	j->about = about;
}

void
job_set_progress(struct job *j, const char *phase, uint64_t done, uint64_t total, uint64_t bytes)
{
	bool tell;

	lock_take(j->b->lock);
	j->progress.phase = phase;
	j->progress.done = done;
	j->progress.total = total;
	j->progress.bytes = bytes;
	tell = !j->progress_sent;
	j->progress_sent = true;
	lock_drop(j->b->lock);
	if (tell)
		send(j, new_event(j, EV_PROGRESS));
}

void
job_has_journal(struct job *j, const char *id)
{
	send_text(j, EV_JOB, id, strlen(id));
}

void
job_progress_now(struct job *j, struct job_progress *out)
{
	lock_take(j->b->lock);
	*out = j->progress;
	lock_drop(j->b->lock);
}

void
job_stop(struct job *j)
{
	cancel_fire(&j->cancel);
}

static void
on_progress(void *ctx, const struct progress *p)
{
	job_set_progress(ctx, p->phase, p->done, p->total, p->bytes);
}

static void
on_finding(void *ctx, const struct finding *f)
{
	struct job *j = ctx;
	AUTO_BUF struct buf json = BUF_INIT(MIB);
	struct err e;
	struct jw w;

	lock_take(j->b->lock);
	*(f->level == RESULT_ERROR ? &j->progress.errors : &j->progress.warnings) += 1;
	lock_drop(j->b->lock);
	jw_init(&w, &json, false);
	jw_obj(&w);
	jw_kv_text(&w, "severity", f->level == RESULT_ERROR ? "error" : "warning");
	jw_kv_text(&w, "namespace", f->ns);
	jw_kv_text(&w, "resource", f->resource);
	jw_kv_text(&w, "name", f->name);
	jw_kv_text(&w, "text", f->text);
	jw_kv_text(&w, "hint", f->hint);
	jw_obj_end(&w);
	if (jw_done(&w, &e) == 0)
		send_text(j, EV_FINDING, json.p, json.len);
}

static void
on_note(void *ctx, const char *text)
{
	send_text(ctx, EV_NOTE, text, strlen(text));
}

struct report_fns
job_report_fns(struct job *j)
{
	return (struct report_fns){ on_progress, on_finding, on_note, j };
}

static void
job_thread(void *arg)
{
	struct job *j = arg;
	struct command *over = xcalloc(1, sizeof *over);

	j->end = job_run(j, &j->err);
	*over = (struct command){ j, true };
	if (!queue_push(j->b->commands, over))
		free(over);
}

/* --- the backend thread --- */

static void
end_job(struct backend *b, struct job *j)
{
	struct event *ev = new_event(j, EV_END);

	thread_join(j->thread);
	ev->end = j->end;
	ev->about = j->about;
	ev->err = j->err;
	lock_take(b->lock);
	for (struct job **p = &b->jobs; *p != NULL; p = &(*p)->next) {
		if (*p == j) {
			*p = j->next;
			break;
		}
	}
	lock_wake(b->lock);
	lock_drop(b->lock);
	send(j, ev);
	request_free(j->request);
	free(j);
}

static void
start_job(struct backend *b, struct job *j)
{
	j->thread = thread_start("job", job_thread, j, &j->err);
	if (j->thread != NULL)
		return;
	j->end = END_FAILED;
	end_job(b, j);
}

static void
backend_thread(void *arg)
{
	struct backend *b = arg;
	struct command *cmd;

	while ((cmd = queue_pop(b->commands)) != NULL) {
		if (cmd->over)
			end_job(b, cmd->job);
		else
			start_job(b, cmd->job);
		free(cmd);
	}
}

struct backend *
backend_new(struct err *e)
{
	struct backend *b = xcalloc(1, sizeof *b);

	b->commands = queue_new(COMMANDS_MAX);
	b->events = queue_new(EVENTS_MAX);
	b->lock = lock_new();
	b->next_id = 1;
	b->wake_fd = -1;
	b->thread = thread_start("backend", backend_thread, b, e);
	if (b->thread == NULL) {
		backend_free(b);
		return NULL;
	}
	return b;
}

void
backend_free(struct backend *b)
{
	struct event *ev;

	if (b == NULL)
		return;
	cancel_fire(&b->root);
	/* Nobody reads events any more: closing their queue lets the jobs run into it and end. */
	queue_close(b->events);
	lock_take(b->lock);
	while (b->thread != NULL && b->jobs != NULL)
		lock_wait(b->lock);
	lock_drop(b->lock);
	queue_close(b->commands);
	thread_join(b->thread);
	while ((ev = queue_pop(b->events)) != NULL)
		event_free(ev);
	queue_free(b->commands);
	queue_free(b->events);
	lock_free(b->lock);
	free(b);
}

uint64_t
backend_submit(struct backend *b, struct request *r)
{
	struct job *j = xcalloc(1, sizeof *j);
	struct command *cmd = xcalloc(1, sizeof *cmd);
	uint64_t id;

	j->b = b;
	j->request = r;
	j->cancel.up = &b->root;
	j->progress.start_mono_ns = clock_mono_ns();
	*cmd = (struct command){ j, false };
	lock_take(b->lock);
	j->id = id = b->next_id++;
	j->next = b->jobs;
	b->jobs = j;
	lock_drop(b->lock);
	assert_that(queue_push(b->commands, cmd));
	return id;
}

struct event *
backend_next(struct backend *b)
{
	struct event *ev = queue_pop(b->events);

	assert_that(ev != NULL);
	return ev;
}

struct event *
backend_try_next(struct backend *b)
{
	return queue_try_pop(b->events);
}

void
backend_wake(struct backend *b, int wake_fd)
{
	b->wake_fd = wake_fd;
}

void
backend_stop(struct backend *b, uint64_t id)
{
	lock_take(b->lock);
	for (struct job *j = b->jobs; j != NULL; j = j->next)
		if (j->id == id)
			cancel_fire(&j->cancel);
	lock_drop(b->lock);
}

void
backend_progress(struct backend *b, uint64_t id, struct job_progress *out)
{
	*out = (struct job_progress){ 0 };
	lock_take(b->lock);
	for (struct job *j = b->jobs; j != NULL; j = j->next) {
		if (j->id == id) {
			*out = j->progress;
			j->progress_sent = false;
			break;
		}
	}
	lock_drop(b->lock);
}

struct cancel *
backend_cancel(struct backend *b)
{
	return &b->root;
}
