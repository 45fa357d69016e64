/* Threads, locks, bounded queues and the worker pool: the only home of pthreads. */
#include "base/thread.h"

#include "base/clock.h"
#include "base/mem.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define NAME_SIZE 16                     /* what the kernel keeps, NUL included */

struct thread {
	pthread_t id;
	void    (*fn)(void *);
	void     *arg;
	char      name[NAME_SIZE];
};

static void *
thread_main(void *arg)
{
	struct thread *t = arg;

	(void)pthread_setname_np(pthread_self(), t->name);
	t->fn(t->arg);
	return NULL;
}

/* Our own crashes must reach their handlers (terminal restored, sanitizer report) from any thread. */
static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP };

struct thread *
thread_start(const char *name, void (*fn)(void *), void *arg, struct err *e)
{
	AUTO_FREE struct thread *t = xcalloc(1, sizeof *t);
	sigset_t all, before;
	int rc;

	t->fn = fn;
	t->arg = arg;
	(void)snprintf(t->name, sizeof t->name, "%s", name);
	/* A thread inherits its creator's mask, so there is no moment in which it could get a signal. */
	(void)sigfillset(&all);
	for (size_t i = 0; i < COUNT(faults); i++)
		(void)sigdelset(&all, faults[i]);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&t->id, NULL, thread_main, t);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rc != 0) {
		(void)err_sys(e, rc, "start thread '%s'", name);
		e->kind = EK_LIMIT;
		return NULL;
	}
	return TAKE(t);
}

void
thread_join(struct thread *t)
{
	int rc;

	if (!t)
		return;
	rc = pthread_join(t->id, NULL);
	assert_that(rc == 0);
	free(t);
}

struct lock {
	pthread_mutex_t mutex;
	pthread_cond_t  cond;
};

struct lock *
lock_new(void)
{
	struct lock *l = xmalloc(sizeof *l);
	pthread_condattr_t attr;
	int rc;

	rc = pthread_mutex_init(&l->mutex, NULL);
	assert_that(rc == 0);
	rc = pthread_condattr_init(&attr);
	assert_that(rc == 0);
	rc = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	assert_that(rc == 0);
	rc = pthread_cond_init(&l->cond, &attr);
	assert_that(rc == 0);
	(void)pthread_condattr_destroy(&attr);
	return l;
}

void
lock_free(struct lock *l)
{
	if (!l)
		return;
	(void)pthread_cond_destroy(&l->cond);
	(void)pthread_mutex_destroy(&l->mutex);
	free(l);
}

void
lock_take(struct lock *l)
{
	int rc = pthread_mutex_lock(&l->mutex);

	assert_that(rc == 0);
}

void
lock_drop(struct lock *l)
{
	int rc = pthread_mutex_unlock(&l->mutex);

	assert_that(rc == 0);
}

void
lock_wait(struct lock *l)
{
	int rc = pthread_cond_wait(&l->cond, &l->mutex);

	assert_that(rc == 0);
}

bool
lock_wait_until(struct lock *l, int64_t mono_ns)
{
	struct timespec ts = { 0 };
	int rc;

	if (mono_ns > 0) {
		ts.tv_sec = (time_t)(mono_ns / NS_PER_S);
		ts.tv_nsec = (long)(mono_ns % NS_PER_S);
	}
	rc = pthread_cond_timedwait(&l->cond, &l->mutex, &ts);
	assert_that(rc == 0 || rc == ETIMEDOUT);
	return rc == 0;
}

void
lock_wake(struct lock *l)
{
	int rc = pthread_cond_broadcast(&l->cond);

	assert_that(rc == 0);
}

/* A ring; lock guards everything below it. */
struct queue {
	struct lock *lock;
	size_t       cap, first, len;
	bool         closed;
	void        *items[];
};

struct queue *
queue_new(size_t cap)
{
	struct queue *q;

	assert_that(cap > 0);
	q = xcalloc(1, size_add(sizeof *q, size_mul(cap, sizeof q->items[0])));
	q->lock = lock_new();
	q->cap = cap;
	return q;
}

void
queue_free(struct queue *q)
{
	if (!q)
		return;
	lock_free(q->lock);
	free(q);
}

bool
queue_push(struct queue *q, void *item)
{
	bool taken;

	assert_that(item);
	lock_take(q->lock);
	while (q->len == q->cap && !q->closed)
		lock_wait(q->lock);
	taken = !q->closed;
	if (taken) {
		q->items[(q->first + q->len) % q->cap] = item;
		q->len++;
		lock_wake(q->lock);
	}
	lock_drop(q->lock);
	return taken;
}

/* The lock is held. */
static void *
take_first(struct queue *q)
{
	void *item;

	if (q->len == 0)
		return NULL;
	item = q->items[q->first];
	q->first = (q->first + 1) % q->cap;
	q->len--;
	lock_wake(q->lock);
	return item;
}

void *
queue_pop(struct queue *q)
{
	void *item;

	lock_take(q->lock);
	while (q->len == 0 && !q->closed)
		lock_wait(q->lock);
	item = take_first(q);
	lock_drop(q->lock);
	return item;
}

void *
queue_try_pop(struct queue *q)
{
	void *item;

	lock_take(q->lock);
	item = take_first(q);
	lock_drop(q->lock);
	return item;
}

void
queue_close(struct queue *q)
{
	lock_take(q->lock);
	q->closed = true;
	lock_wake(q->lock);
	lock_drop(q->lock);
}

/* Tasks that may wait for a worker; whoever submits more waits, which bounds what is in memory. */
#define POOL_WAITING 256

enum { TASK_IDLE, TASK_SUBMITTED, TASK_DONE };

struct pool {
	struct queue  *todo;
	struct lock   *done;             /* guards the change of a task's state to TASK_DONE */
	struct thread **workers;
	size_t         count;
};

static void
worker(void *arg)
{
	struct pool *p = arg;
	struct task *t;

	while ((t = queue_pop(p->todo)) != NULL) {
		t->run(t);
		lock_take(p->done);
		/* From here on the task is its owner's, who may free it at once. */
		atomic_store(&t->state, TASK_DONE);
		lock_wake(p->done);
		lock_drop(p->done);
	}
}

struct pool *
pool_new(unsigned workers, struct err *e)
{
	struct pool *p = xcalloc(1, sizeof *p);

	assert_that(workers > 0);
	p->todo = queue_new(POOL_WAITING);
	p->done = lock_new();
	p->workers = xcalloc(workers, sizeof(struct thread *));
	for (; p->count < workers; p->count++) {
		p->workers[p->count] = thread_start("worker", worker, p, e);
		if (!p->workers[p->count]) {
			pool_free(p);
			return NULL;
		}
	}
	return p;
}

void
pool_free(struct pool *p)
{
	if (!p)
		return;
	queue_close(p->todo);
	for (size_t i = 0; i < p->count; i++)
		thread_join(p->workers[i]);
	queue_free(p->todo);
	lock_free(p->done);
	free(p->workers);
	free(p);
}

void
pool_submit(struct pool *p, struct task *t)
{
	int before = atomic_exchange(&t->state, TASK_SUBMITTED);
	bool taken;

	assert_that(before != TASK_SUBMITTED);
	taken = queue_push(p->todo, t);
	assert_that(taken);
}

void
pool_wait(struct pool *p, struct task *t)
{
	lock_take(p->done);
	while (atomic_load(&t->state) != TASK_DONE) {
		assert_that(atomic_load(&t->state) == TASK_SUBMITTED);
		lock_wait(p->done);
	}
	lock_drop(p->done);
}

unsigned
thread_cpus(void)
{
	cpu_set_t set;
	long n = -1;

	if (sched_getaffinity(0, sizeof set, &set) == 0)
		n = CPU_COUNT(&set);
	else
		n = sysconf(_SC_NPROCESSORS_ONLN);
	return n > 0 ? (unsigned)n : 1;
}
