/* The width of a window by feedback, against a simulated server. */
#include "engine/pace.h"

#include "base/clock.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define LOW   8
#define START 64
#define HIGH  1024
#define SLOTS 1024

/*
 * Requests take half a round trip, wait for one of the slots, are served, and take the other half.  More than limit
 * at once are turned away and come back a second later, as API servers ask for.
 */
struct server {
	unsigned slots, limit;           /* limit 0: none */
	int64_t  trip_ns, service_ns;
	unsigned jitter;                 /* service takes up to so many percent more or less */
	bool     moody;                  /* all of it, for a third of a second, up to twice as long or half as long */

	int64_t  now, free_at[SLOTS];
	struct { int64_t sent, ends; bool refused; } at[HIGH];
	unsigned in_flight, away, widest;        /* away: turned away, and not back yet */
	uint32_t random;
};

static int64_t
service(struct server *s)
{
	int64_t ns = s->service_ns;

	if (s->moody)
		ns = ns * (50 + (int64_t)((uint32_t)(s->now / (NS_PER_S / 3)) * 2654435761U >> 16) % 150) / 100;
	s->random = s->random * 1664525 + 1013904223;
	return ns * (100 + (int64_t)(s->random >> 8) % (2 * s->jitter + 1) - s->jitter) / 100;
}

static void
send_one(struct server *s)
{
	bool refused = s->limit > 0 && s->in_flight - s->away >= s->limit;
	int64_t begin = s->now + s->trip_ns / 2, ends;
	unsigned slot = 0;

	if (refused) {
		/* Until it comes back it holds no slot: it is served beside the others. */
		ends = begin + NS_PER_S + service(s);
	} else {
		for (unsigned i = 1; i < s->slots; i++)
			if (s->free_at[i] < s->free_at[slot])
				slot = i;
		ends = (begin > s->free_at[slot] ? begin : s->free_at[slot]) + service(s);
		s->free_at[slot] = ends;
	}
	s->at[s->in_flight].sent = s->now;
	s->at[s->in_flight].ends = ends + s->trip_ns / 2;
	s->at[s->in_flight++].refused = refused;
	s->away += refused;
	s->widest = s->in_flight > s->widest ? s->in_flight : s->widest;
}

/* When it was sent; *refused: it had been turned away. */
static int64_t
take_one(struct server *s, bool *refused)
{
	unsigned first = 0;
	int64_t sent;

	for (unsigned i = 1; i < s->in_flight; i++)
		if (s->at[i].ends < s->at[first].ends)
			first = i;
	s->now = s->at[first].ends;
	sent = s->at[first].sent;
	*refused = s->at[first].refused;
	s->away -= *refused;
	s->at[first] = s->at[--s->in_flight];
	return sent;
}

/* Requests a second over the next n of them; *refused is how many were turned away. */
static double
run(struct server *s, struct pace *p, unsigned n, unsigned *refused)
{
	int64_t begin = s->now;

	*refused = 0;
	for (unsigned done = 0; done < n; done++) {
		bool turned_away;
		int64_t sent;

		while (s->in_flight < pace_window(p))
			send_one(s);
		sent = take_one(s, &turned_away);
		*refused += turned_away;
		pace_ended(p, turned_away, sent, s->now);
	}
	return n * 1e9 / (double)(s->now - begin);
}

static double
best(const struct server *s, unsigned high)
{
	double by_slots = s->slots * 1e9 / (double)s->service_ns;
	double by_window = high * 1e9 / (double)(s->trip_ns + s->service_ns);

	return by_slots < by_window ? by_slots : by_window;
}

static const struct server servers[] = {
	/* slots, limit, round trip, service, jitter */
	{ 4, 0, NS_PER_MS / 2, NS_PER_MS / 2, 0 },
	{ 16, 0, NS_PER_MS / 2, 8 * NS_PER_MS, 30 },
	{ 64, 0, NS_PER_MS / 2, 2 * NS_PER_MS, 10 },
	{ 200, 0, NS_PER_MS / 2, 10 * NS_PER_MS, 30 },
	{ 1, 0, 50 * NS_PER_MS, NS_PER_MS, 30 },
	{ 16, 0, 50 * NS_PER_MS, 8 * NS_PER_MS, 30 },
	{ 50, 0, 50 * NS_PER_MS, 10 * NS_PER_MS, 10 },
	{ 200, 0, 50 * NS_PER_MS, 10 * NS_PER_MS, 0 },
	{ 40, 0, 200 * NS_PER_MS, 8 * NS_PER_MS, 30 },
};

static void
it_finds_what_a_server_can_do(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(servers); i++) {
		struct server s = servers[i];
		struct pace p;
		unsigned refused;

		pace_init(&p, LOW, START, HIGH);
		(void)run(&s, &p, 60000, &refused);
		double rate = run(&s, &p, 20000, &refused);

		if (rate < 0.95 * best(&s, HIGH))
			fail_msg("server %zu: %.0f /s of %.0f, window %u", i, rate, best(&s, HIGH), pace_window(&p));
	}
}

/* A restore of 10,000 objects must not spend its time with looking for the best window. */
static void
finding_it_is_cheap(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(servers); i++) {
		struct server s = servers[i], constant = servers[i];
		struct pace p, fixed;
		unsigned refused;

		pace_init(&p, LOW, START, HIGH);
		pace_init(&fixed, START, START, START);
		double rate = run(&s, &p, 10000, &refused), as_before = run(&constant, &fixed, 10000, &refused);

		if (rate < 0.96 * as_before)
			fail_msg("server %zu: %.0f /s, with %u in flight %.0f /s", i, rate, START, as_before);
	}
}

static void
it_does_not_crowd_a_slow_server(void **state)
{
	struct server s = { .slots = 4, .trip_ns = NS_PER_MS / 2, .service_ns = 4 * NS_PER_MS, .jitter = 10 };
	struct pace p;
	unsigned refused;

	(void)state;
	pace_init(&p, LOW, START, HIGH);
	(void)run(&s, &p, 20000, &refused);
	assert_in_range(pace_window(&p), LOW, 32);
	assert_in_range(s.widest, START, 4 * START);
}

/* A machine with other work to do: what changes by itself is not the merit of a window. */
static void
noise_is_not_taken_for_merit(void **state)
{
	struct server s = { .slots = 8, .trip_ns = NS_PER_MS / 2, .service_ns = 10 * NS_PER_MS, .jitter = 50, .moody = true };
	struct pace p;
	unsigned refused;
	uint64_t sum = 0, n = 200;

	(void)state;
	pace_init(&p, LOW, START, HIGH);
	for (unsigned i = 0; i < n; i++) {
		(void)run(&s, &p, 100, &refused);
		sum += pace_window(&p);
	}
	assert_in_range(sum / n, LOW, 2 * START);
}

static void
bounds_hold(void **state)
{
	static const struct { unsigned low, start, high; } rows[] = {
		{ LOW, START, HIGH }, { 1, 1, 1 }, { 7, 7, 7 }, { 200, 200, 200 }, { 2, 500, 300 }, { 16, 1, 20 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct server s = { .slots = 500, .limit = i % 2 ? 150 : 0, .trip_ns = 50 * NS_PER_MS,
			.service_ns = NS_PER_MS };
		struct pace p;
		unsigned refused;

		pace_init(&p, rows[i].low, rows[i].start, rows[i].high);
		for (unsigned n = 0; n < 5000; n++) {
			(void)run(&s, &p, 1, &refused);
			assert_in_range(pace_window(&p), rows[i].low, rows[i].high);
		}
		assert_in_range(s.widest, rows[i].low, rows[i].high);
	}
}

static void
it_yields_to_a_server_that_turns_requests_away(void **state)
{
	struct server s = { .slots = 150, .limit = 150, .trip_ns = 50 * NS_PER_MS, .service_ns = 10 * NS_PER_MS,
		.jitter = 20 };
	struct pace p;
	unsigned refused;

	(void)state;
	pace_init(&p, LOW, START, HIGH);
	(void)run(&s, &p, 5000, &refused);
	double rate = run(&s, &p, 20000, &refused);

	/* It goes on trying for more, but few of its requests are refused. */
	assert_in_range(refused, 0, 20000 / 25);
	assert_in_range((uint64_t)rate, (uint64_t)(0.6 * 150 / 0.06), (uint64_t)(150 / 0.06));
}

static void
it_recovers_when_that_is_over(void **state)
{
	struct server s = { .slots = 150, .limit = 20, .trip_ns = 50 * NS_PER_MS, .service_ns = 10 * NS_PER_MS,
		.jitter = 20 };
	struct pace p;
	unsigned refused;

	(void)state;
	pace_init(&p, LOW, START, HIGH);
	(void)run(&s, &p, 3000, &refused);
	assert_in_range(pace_window(&p), LOW, 40);
	s.limit = 0;
	(void)run(&s, &p, 20000, &refused);
	double rate = run(&s, &p, 10000, &refused);

	if (rate < 0.95 * best(&s, HIGH))
		fail_msg("%.0f /s of %.0f, window %u", rate, best(&s, HIGH), pace_window(&p));
}

/* The end of one type of objects: a window that was not full was measured as slow. */
static void
a_pause_is_not_taken_for_slowness(void **state)
{
	struct server s = { .slots = 200, .trip_ns = 50 * NS_PER_MS, .service_ns = 10 * NS_PER_MS, .jitter = 10 };
	struct pace p;
	unsigned refused;
	bool turned_away;

	(void)state;
	pace_init(&p, LOW, START, HIGH);
	for (unsigned type = 0; type < 40; type++) {
		(void)run(&s, &p, 1500, &refused);
		while (s.in_flight > 0)
			(void)take_one(&s, &turned_away);
		s.now += NS_PER_S;
		pace_idle(&p);
	}
	assert_in_range(pace_window(&p), HIGH / 2, HIGH);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_finds_what_a_server_can_do),
		cmocka_unit_test(finding_it_is_cheap),
		cmocka_unit_test(it_does_not_crowd_a_slow_server),
		cmocka_unit_test(noise_is_not_taken_for_merit),
		cmocka_unit_test(bounds_hold),
		cmocka_unit_test(it_yields_to_a_server_that_turns_requests_away),
		cmocka_unit_test(it_recovers_when_that_is_over),
		cmocka_unit_test(a_pause_is_not_taken_for_slowness),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
