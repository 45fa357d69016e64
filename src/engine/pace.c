/*
 * The width of a window by feedback.
 *
 * DESIGN
 *   A measurement is the rate of answers over one or two windows of them, after the answers to what was sent under
 *   another window have passed.
 *
 *   CLIMB   twice as many, as long as that brings a fifth more
 *   HOLD    measures what the window brings, again and again, then tries another one:
 *     UP    half as many more, to be kept if they bring 5 %, at once (and again) if they bring a fifth
 *     DOWN  a fifth fewer, to be kept if that costs less than 2 %: what only waits in the server's queues is of no use
 *   CHECK   what brings little may be noise: back once more, and compared with both measurements
 *
 *   Trials that fail become rare.  A server that turns requests away gets a third fewer at once, no trial for a while,
 *   and then small ones.
 *
 *   Rates decide, not latencies: with a fixed number in flight the two say the same, and a rate is the less noisy one.
 */
#include "engine/pace.h"

#include "base/clock.h"

/* Less is the noise of schedulers.  Climbing, a mistake costs little and time much. */
#define CLIMB_NS     (40 * NS_PER_MS)
#define MEASURE_NS   (200 * NS_PER_MS)
#define PLENTY       1.2
#define PATIENCE_MIN 2
#define PATIENCE_MAX 16

static void
set_window(struct pace *p, double window, int64_t now)
{
	p->window = window > p->high ? p->high : window < p->low ? p->low : (unsigned)window;
	p->counted = 0;
	p->set_ns = p->since_ns = now;
}

void
pace_init(struct pace *p, unsigned low, unsigned start, unsigned high)
{
	*p = (struct pace){ .low = low, .high = high, .phase = PACE_CLIMB, .patience = PATIENCE_MIN };
	set_window(p, start, 0);
	p->base = p->window;
	p->cold = true;
}

unsigned
pace_window(const struct pace *p)
{
	return p->window;
}

static void
hold(struct pace *p, unsigned holds)
{
	p->phase = PACE_HOLD;
	p->holds = holds;
}

/* The trial did not pay. */
static void
go_back(struct pace *p, int64_t now)
{
	set_window(p, p->base, now);
	p->patience = 2 * p->patience < PATIENCE_MAX ? 2 * p->patience : PATIENCE_MAX;
	hold(p, p->patience);
}

/* From a window whose rate is known to another one. */
static void
try(struct pace *p, enum pace_phase phase, double window, int64_t now)
{
	p->base = p->window;
	set_window(p, window, now);
	if (p->window == p->base)
		hold(p, PATIENCE_MAX);           /* at a bound */
	else
		p->phase = p->trial = phase;
}

/* In small steps near to where requests were turned away. */
static double
wider(const struct pace *p)
{
	double next = p->window * 1.5 + 1;

	return next > 0.9 * p->crowded && p->window < 1.2 * p->crowded ? p->window * 1.06 + 1 : next;
}

static void
next_trial(struct pace *p, int64_t now)
{
	if (p->try_down)
		try(p, PACE_DOWN, p->window * 0.8, now);
	else
		try(p, PACE_UP, wider(p), now);
	p->try_down = !p->try_down;
}

static bool
pays(const struct pace *p, double gain)
{
	return gain >= (p->trial == PACE_DOWN ? 0.98 : 1.05);
}

static void
tried(struct pace *p, double rate, int64_t now)
{
	double gain = p->base_rate > 0 ? rate / p->base_rate : PLENTY;
	unsigned window = p->window;

	if (p->phase != PACE_DOWN && gain >= PLENTY) {
		p->base_rate = rate;
		p->patience = PATIENCE_MIN;
		try(p, p->phase, p->phase == PACE_CLIMB ? window * 2.0 : wider(p), now);
	} else if (pays(p, gain)) {
		p->trial_window = window;
		p->trial_rate = rate;
		set_window(p, p->base, now);
		p->phase = PACE_CHECK;
	} else {
		go_back(p, now);
	}
}

static void
checked(struct pace *p, double rate, int64_t now)
{
	if (!pays(p, p->trial_rate / (rate > p->base_rate ? rate : p->base_rate))) {
		go_back(p, now);
		return;
	}
	set_window(p, p->trial_window, now);
	p->patience = PATIENCE_MIN;
	hold(p, PATIENCE_MIN);
	p->try_down = p->trial == PACE_DOWN;     /* on in that direction */
}

static void
measured(struct pace *p, double rate, int64_t now)
{
	switch (p->phase) {
	case PACE_CLIMB:
	case PACE_UP:
	case PACE_DOWN:
		tried(p, rate, now);
		break;
	case PACE_CHECK:
		checked(p, rate, now);
		break;
	case PACE_HOLD:
		p->base_rate = rate;
		if (p->holds > 0)
			p->holds--;
		else
			next_trial(p, now);
		break;
	}
}

void
pace_ended(struct pace *p, bool throttled, int64_t sent_mono_ns, int64_t now_mono_ns)
{
	/* Once for all that were in flight together. */
	if (throttled && sent_mono_ns >= p->cut_ns) {
		p->cut_ns = now_mono_ns;
		p->crowded = p->window;
		set_window(p, p->window * 0.67, now_mono_ns);
		p->base = p->window;
		p->patience = PATIENCE_MIN;
		p->try_down = false;
		hold(p, PATIENCE_MAX);
		return;
	}
	/* The first answers are to requests that were sent one right after another, on connections still to be made. */
	if (p->cold) {
		p->cold = false;
		p->set_ns = now_mono_ns;
	}
	if (p->counted == 0 && sent_mono_ns < p->set_ns) {
		p->since_ns = now_mono_ns;
		return;
	}
	p->counted++;
	/* Answers come in bursts of a window where the way is long: whole windows only. */
	if (p->counted % p->window != 0 || p->counted < (p->phase == PACE_CLIMB ? 1 : 2) * p->window ||
	    now_mono_ns - p->since_ns < (p->phase == PACE_CLIMB ? CLIMB_NS : MEASURE_NS))
		return;
	double rate = (double)p->counted / (double)(now_mono_ns - p->since_ns);

	p->counted = 0;
	p->since_ns = now_mono_ns;
	measured(p, rate, now_mono_ns);
}

void
pace_idle(struct pace *p)
{
	p->counted = 0;
	p->cold = true;
}
