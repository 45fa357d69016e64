/*
 * The only home of pthreads: threads, locks, bounded queues and a pool of workers for pure CPU work.
 * Signals are blocked in every thread started here, but for those of a crash.
 */
#ifndef ORLOP_BASE_THREAD_H
#define ORLOP_BASE_THREAD_H

#include "base/cancel.h"
#include "base/err.h"

#include <stddef.h>

struct thread;
/* Starts fn(arg).  name (<= 15 bytes) shows in debuggers.  EK_LIMIT when the system has no more threads. */
MUST_CHECK struct thread *thread_start(const char *name, void (*fn)(void *), void *arg, struct err *e);
void thread_join(struct thread *t);                      /* waits, frees; NULL is fine */

struct lock;                                             /* mutex with one condition */
struct lock *lock_new(void);
void lock_free(struct lock *l);
void lock_take(struct lock *l);
void lock_drop(struct lock *l);
void lock_wait(struct lock *l);                          /* held on entry and return; may wake spuriously */
bool lock_wait_until(struct lock *l, int64_t mono_ns);   /* false: the time has come */
void lock_wake(struct lock *l);                          /* wakes all waiters; held */

/*
 * Bounded FIFO of pointers between threads.  close: pushes fail, pops drain what is there, then fail.
 * Items still inside at queue_free belong to whoever pops them first: drain before.
 */
struct queue;
struct queue *queue_new(size_t cap);
void  queue_free(struct queue *q);
bool  queue_push(struct queue *q, void *item);           /* blocks while full; false: closed, item stays the caller's */
void *queue_pop(struct queue *q);                        /* blocks while empty; NULL: closed and empty */
void *queue_try_pop(struct queue *q);                    /* NULL: nothing there now */
void  queue_close(struct queue *q);

/* Workers.  A task is owned by the pool from submit until wait returns; run must not block. */
struct pool;
struct task {
	void (*run)(struct task *);
	_Atomic int state;                               /* the pool's */
};
MUST_CHECK struct pool *pool_new(unsigned workers, struct err *e);
void pool_free(struct pool *p);                          /* waits for what was submitted */
void pool_submit(struct pool *p, struct task *t);
void pool_wait(struct pool *p, struct task *t);          /* until t has run */

unsigned thread_cpus(void);                              /* processors this process may use, >= 1 */

#endif
