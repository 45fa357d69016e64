/* Reading members of a tarball ahead. */
#include "engine/ahead.h"

#include "archive/tarball.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/thread.h"
#include "store/store.h"

#include <string.h>

#define READY 2         /* members that wait to be taken, beside one that is being read and one in use */

struct piece {
	struct buf unpacked;
	int        rc;
	struct err e;
};

struct ahead {
	struct store       *st;          /* the thread's, as long as it runs */
	char               *key;
	const struct index *ix;
	uint32_t           *members;
	size_t              n, taken;
	struct queue       *ready;       /* of struct piece, in the order of members */
	struct cancel       stop;
	struct thread      *thread;
};

static void
piece_free(struct piece *p)
{
	buf_free(&p->unpacked);
	free(p);
}

static int
read_member(struct ahead *a, uint32_t no, struct buf *out, struct err *e)
{
	const struct index_member *m = &a->ix->members[no];
	AUTO_BUF struct buf gz = BUF_INIT(LIMIT_MEMBER);

	if (store_get_range(a->st, a->key, m->off, (size_t)m->size, &gz, &a->stop, e) < 0)
		return -1;
	return tar_member_unpack(m, buf_str(&gz), out, e);
}

static void
run(void *arg)
{
	struct ahead *a = arg;

	for (size_t i = 0; i < a->n; i++) {
		struct piece *p = xcalloc(1, sizeof *p);

		p->unpacked = (struct buf)BUF_INIT(LIMIT_MEMBER);
		p->rc = read_member(a, a->members[i], &p->unpacked, &p->e);
		if (!queue_push(a->ready, p)) {
			piece_free(p);
			break;
		}
	}
	queue_close(a->ready);
}

struct ahead *
ahead_new(const char *store_url, const char *key, const struct index *ix, const uint32_t *members, size_t n,
	const struct cancel *c, struct err *e)
{
	struct ahead *a = xcalloc(1, sizeof *a);

	a->key = xstrdup(key);
	a->ix = ix;
	a->members = xcalloc(n, sizeof *members);
	if (n > 0)
		memcpy(a->members, members, n * sizeof *members);
	a->n = n;
	a->stop.up = c;
	a->ready = queue_new(READY);
	a->st = store_open(store_url, e);
	if (a->st != NULL)
		a->thread = thread_start("read-ahead", run, a, e);
	if (a->thread == NULL) {
		ahead_free(a);
		return NULL;
	}
	return a;
}

void
ahead_free(struct ahead *a)
{
	struct piece *rest;

	if (a == NULL)
		return;
	cancel_fire(&a->stop);
	queue_close(a->ready);
	thread_join(a->thread);
	while ((rest = queue_pop(a->ready)) != NULL)
		piece_free(rest);
	queue_free(a->ready);
	store_close(a->st);
	free(a->members);
	free(a->key);
	free(a);
}

bool
ahead_has(const struct ahead *a, uint32_t member)
{
	for (size_t i = a->taken; i < a->n; i++)
		if (a->members[i] == member)
			return true;
	return false;
}

int
ahead_take(struct ahead *a, uint32_t member, struct buf *out, struct err *e)
{
	struct buf before = *out;
	struct piece *p;
	int rc;

	while (a->members[a->taken] != member) {
		p = queue_pop(a->ready);
		assert_that(p != NULL);
		piece_free(p);
		a->taken++;
	}
	p = queue_pop(a->ready);
	assert_that(p != NULL);
	a->taken++;
	rc = p->rc;
	if (rc < 0) {
		*e = p->e;
	} else {
		*out = p->unpacked;
		p->unpacked = before;
	}
	piece_free(p);
	return rc;
}
