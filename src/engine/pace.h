/*
 * How many requests to keep in flight, found by measuring.  Pure: it is told of answers and of the time, and says how
 * many there may be.  One thread.
 */
#ifndef ORLOP_ENGINE_PACE_H
#define ORLOP_ENGINE_PACE_H

#include <stdbool.h>
#include <stdint.h>

enum pace_phase { PACE_CLIMB, PACE_HOLD, PACE_UP, PACE_DOWN, PACE_CHECK };

struct pace {
	unsigned        low, high;       /* bounds of the window */
	unsigned        window;          /* requests that may be in flight now */
	unsigned        base;            /* the window that a trial is compared with */
	double          base_rate;       /* answers per nanosecond that it gave */
	unsigned        crowded;         /* the window at which requests were turned away; 0: none were */
	enum pace_phase phase, trial;
	unsigned        trial_window;    /* what is checked, and what it gave */
	double          trial_rate;
	bool            try_down;        /* the next trial */
	bool            cold;            /* the window has not been full yet */
	unsigned        holds, patience; /* measurements before the next trial; how many there are at least */
	unsigned        counted;         /* answers in this measurement */
	int64_t         since_ns;        /* when it began */
	int64_t         set_ns, cut_ns;  /* when the window was changed last, and when it was because of refusals */
};

/* Starts with start requests in flight, never fewer than low and never more than high.  low == high fixes them. */
void pace_init(struct pace *p, unsigned low, unsigned start, unsigned high);

unsigned pace_window(const struct pace *p);

/* A request has ended, while as many as allowed were in flight.  throttled: the server turned it away at least once. */
void pace_ended(struct pace *p, bool throttled, int64_t sent_mono_ns, int64_t now_mono_ns);

/* Fewer requests than allowed were in flight, because there was no more to do: what was measured says nothing. */
void pace_idle(struct pace *p);

#endif
