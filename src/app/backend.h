/*
 * The backend: one thread that owns the job table and never waits for a network.  Each request becomes a job with a
 * thread of its own.
 */
#ifndef ORLOP_APP_BACKEND_H
#define ORLOP_APP_BACKEND_H

#include "app/bus.h"

#include <stdint.h>

struct backend;
MUST_CHECK struct backend *backend_new(struct err *e);
/* Cancels what runs, waits for it, frees.  Events that nobody took are dropped. */
void backend_free(struct backend *b);

/* Takes the request (also when it is refused).  Returns the id of its events. */
uint64_t backend_submit(struct backend *b, struct request *r /* taken */);

/* The next event; blocks.  The caller owns it. */
struct event *backend_next(struct backend *b);

/* The same without waiting: NULL when there is none.  wake_fd (a pipe that does not block; -1: none) gets a byte for each event,
 * unless it is full; set before the first request. */
struct event *backend_try_next(struct backend *b);
void backend_wake(struct backend *b, int wake_fd);

/* Stops one job at an object boundary; its EV_END says so.  An id that is over already: nothing. */
void backend_stop(struct backend *b, uint64_t id);

/* Latest progress of a job. */
struct job_progress {
	const char *phase;               /* static text; NULL: nothing yet */
	uint64_t    done, total, bytes;
	uint64_t    warnings, errors;
	int64_t     start_mono_ns;
};
void backend_progress(struct backend *b, uint64_t id, struct job_progress *out);

/* Parent of every job's cancel: firing it (from a signal handler, too) stops all jobs at an object boundary. */
struct cancel *backend_cancel(struct backend *b);

#endif
