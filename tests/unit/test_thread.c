/* Tests of base/thread. */
#include "base/thread.h"

#include "base/clock.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define ITEMS 20000

static void
read_mask(void *arg)
{
	(void)sigprocmask(SIG_SETMASK, NULL, arg);
}

static void
signals_are_blocked_in_threads_only(void **state)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGWINCH, SIGCHLD, SIGPIPE, SIGALRM, SIGUSR1 };
	sigset_t inside, outside;
	struct thread *t;
	struct err e = { 0 };

	(void)state;
	t = thread_start("a name that is longer than allowed", read_mask, &inside, &e);
	assert_non_null(t);
	thread_join(t);
	thread_join(NULL);
	(void)sigprocmask(SIG_SETMASK, NULL, &outside);
	for (size_t i = 0; i < COUNT(signals); i++) {
		assert_int_equal(sigismember(&inside, signals[i]), 1);
		assert_int_equal(sigismember(&outside, signals[i]), 0);
	}
	assert_int_equal(sigismember(&inside, SIGSEGV), 0);
}

static void
produce(void *arg)
{
	struct queue *q = arg;

	for (uintptr_t i = 1; i <= ITEMS; i++)
		if (!queue_push(q, (void *)i))
			return;
	queue_close(q);
}

static void
queue_keeps_order_and_ends_after_the_last_item(void **state)
{
	struct queue *q = queue_new(7);
	struct err e = { 0 };
	struct thread *t = thread_start("produce", produce, q, &e);
	uintptr_t expected = 1;
	void *item;

	(void)state;
	assert_non_null(t);
	while ((item = queue_pop(q)) != NULL)
		assert_int_equal((uintptr_t)item, expected++);
	assert_int_equal(expected, ITEMS + 1);
	thread_join(t);
	assert_null(queue_try_pop(q));
	queue_free(q);
}

static void
closed_queue_gives_what_is_inside_and_takes_nothing(void **state)
{
	struct queue *q = queue_new(2);
	int a, b;

	(void)state;
	assert_null(queue_try_pop(q));
	assert_true(queue_push(q, &a));
	queue_close(q);
	assert_false(queue_push(q, &b));
	assert_ptr_equal(queue_pop(q), &a);
	assert_null(queue_pop(q));
	queue_free(q);
	queue_free(NULL);
}

static void
push_until_refused(void *arg)
{
	int item;

	while (queue_push(arg, &item))
		;
}

static void
close_releases_a_blocked_push(void **state)
{
	struct queue *q = queue_new(1);
	struct err e = { 0 };
	struct thread *t = thread_start("push", push_until_refused, q, &e);

	(void)state;
	assert_non_null(t);
	assert_non_null(queue_pop(q));
	queue_close(q);
	thread_join(t);
	while (queue_try_pop(q))
		;
	queue_free(q);
}

static void
wait_until_ends_at_its_time(void **state)
{
	struct lock *l = lock_new();

	(void)state;
	lock_take(l);
	assert_false(lock_wait_until(l, 0));
	assert_false(lock_wait_until(l, -1));
	while (lock_wait_until(l, clock_mono_ns() + NS_PER_MS))
		;
	lock_drop(l);
	lock_free(l);
	lock_free(NULL);
}

struct square {
	struct task task;                /* first, so that the task is the square */
	uint64_t    in, out;
};

static void
run_square(struct task *t)
{
	struct square *s = (struct square *)t;

	s->out = s->in * s->in;
}

static void
pool_runs_every_task_and_reuses_it(void **state)
{
	static struct square all[1000];
	struct err e = { 0 };
	struct pool *p = pool_new(3, &e);

	(void)state;
	assert_non_null(p);
	for (int round = 0; round < 5; round++) {
		for (size_t i = 0; i < COUNT(all); i++) {
			all[i].task.run = run_square;
			all[i].in = i + (size_t)round;
			pool_submit(p, &all[i].task);
		}
		for (size_t i = COUNT(all); i > 0; i--) {
			pool_wait(p, &all[i - 1].task);
			assert_int_equal(all[i - 1].out, all[i - 1].in * all[i - 1].in);
		}
	}
	pool_free(p);
}

static void
pool_free_waits_for_what_was_submitted(void **state)
{
	struct square all[100] = { 0 };
	struct err e = { 0 };
	struct pool *p = pool_new(2, &e);

	(void)state;
	assert_non_null(p);
	for (size_t i = 0; i < COUNT(all); i++) {
		all[i].task.run = run_square;
		all[i].in = i;
		pool_submit(p, &all[i].task);
	}
	pool_free(p);
	for (size_t i = 0; i < COUNT(all); i++)
		assert_int_equal(all[i].out, i * i);
	pool_free(NULL);
}

static void
there_is_a_processor(void **state)
{
	(void)state;
	assert_in_range(thread_cpus(), 1, 100000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signals_are_blocked_in_threads_only),
		cmocka_unit_test(queue_keeps_order_and_ends_after_the_last_item),
		cmocka_unit_test(closed_queue_gives_what_is_inside_and_takes_nothing),
		cmocka_unit_test(close_releases_a_blocked_push),
		cmocka_unit_test(wait_until_ends_at_its_time),
		cmocka_unit_test(pool_runs_every_task_and_reuses_it),
		cmocka_unit_test(pool_free_waits_for_what_was_submitted),
		cmocka_unit_test(there_is_a_processor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
