/* Several pieces of work at once. */
#include "engine/abreast.h"

#include "base/mem.h"
#include "base/thread.h"

#include <stdbool.h>

#define THREADS  8
#define UNTAKEN  16              /* pieces that are begun and not taken */
#define HELD_MAX 100000          /* objects of them all, unless a single piece has more */

struct piece {
	uint64_t   held;
	bool       done;
	int        rc;
	struct err e;
};

struct abreast {
	char               *url;
	abreast_fn         *fn;
	void               *ctx;
	const struct cancel *c;
	struct cancel       stop;
	struct lock        *lock;        /* of all below */
	struct piece       *pieces;
	size_t              n, begun, taken;
	uint64_t            held;
	bool                ending;
	struct thread      *threads[THREADS];
};

/* false: there is nothing more to begin.  A canceled job begins the rest nevertheless: each piece ends at once and says so. */
static bool
begin(struct abreast *a, size_t *i)
{
	bool any;

	lock_take(a->lock);
	while (!a->ending && a->begun < a->n && a->begun >= a->taken + UNTAKEN)
		lock_wait(a->lock);
	any = !a->ending && a->begun < a->n;
	if (any)
		*i = a->begun++;
	lock_drop(a->lock);
	return any;
}

static void
end(struct abreast *a, size_t i, int rc, const struct err *e)
{
	struct piece *p = &a->pieces[i];

	lock_take(a->lock);
	p->rc = rc;
	if (rc < 0)
		p->e = *e;
	p->done = true;
	lock_wake(a->lock);
	lock_drop(a->lock);
}

static void
run(void *arg)
{
	struct abreast *a = arg;
	AUTO(store_closep) struct store *st = NULL;
	struct err e;
	size_t i;

	while (begin(a, &i)) {
		bool able = cancel_check(&a->stop, &e) == 0 && (st != NULL || (st = store_open(a->url, &e)) != NULL);

		end(a, i, a->fn(a->ctx, a, i, able ? st : NULL, &a->stop, &e), &e);
	}
}

struct abreast *
abreast_new(const char *store_url, size_t n, abreast_fn *fn, void *ctx, const struct cancel *c, struct err *e)
{
	AUTO(abreast_freep) struct abreast *a = xcalloc(1, sizeof *a);
	struct err why;

	a->url = xstrdup(store_url);
	a->fn = fn;
	a->ctx = ctx;
	a->stop.up = c;
	a->lock = lock_new();
	a->pieces = xcalloc(n, sizeof *a->pieces);
	a->n = n;
	for (size_t i = 0; i < THREADS && i < n; i++) {
		a->threads[i] = thread_start("abreast", run, a, &why);
		if (a->threads[i] != NULL)
			continue;
		/* Fewer do as well. */
		if (i > 0)
			break;
		*e = why;
		return NULL;
	}
	return TAKE(a);
}

void
abreast_free(struct abreast *a)
{
	if (a == NULL)
		return;
	cancel_fire(&a->stop);
	lock_take(a->lock);
	a->ending = true;
	lock_wake(a->lock);
	lock_drop(a->lock);
	for (size_t i = 0; i < THREADS; i++)
		thread_join(a->threads[i]);
	lock_free(a->lock);
	free(a->pieces);
	free(a->url);
	free(a);
}

void
abreast_freep(struct abreast **a)
{
	abreast_free(*a);
	*a = NULL;
}

int
abreast_hold(struct abreast *a, size_t i, uint64_t objects, struct err *e)
{
	int rc = 0;

	lock_take(a->lock);
	while ((rc = cancel_check(&a->stop, e)) == 0 && i > a->taken
	    && (a->held >= HELD_MAX || objects > HELD_MAX - a->held))
		lock_wait(a->lock);
	if (rc == 0) {
		a->pieces[i].held = objects;
		a->held += objects;
	}
	lock_drop(a->lock);
	return rc;
}

int
abreast_take(struct abreast *a, size_t i, struct err *e)
{
	struct piece *p = &a->pieces[i];
	int rc;

	lock_take(a->lock);
	if (i > 0) {
		a->held -= a->pieces[i - 1].held;
		a->pieces[i - 1].held = 0;
	}
	a->taken = i;
	lock_wake(a->lock);
	while (!p->done)
		lock_wait(a->lock);
	rc = p->rc;
	if (rc < 0)
		*e = p->e;
	lock_drop(a->lock);
	return rc;
}
