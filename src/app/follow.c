/* Jobs that others can follow. */
#include "app/follow.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/thread.h"

#define EACH_NS (NS_PER_S / 4)

struct follow {
	struct job     *j;
	struct journal *journal;
	struct lock    *lock;            /* guards over */
	bool            over;
	struct thread  *thread;          /* NULL: nobody is told */
};

static void
note(struct follow *f)
{
	struct job_progress p;

	job_progress_now(f->j, &p);
	journal_note(f->journal, &(struct journal_progress){ p.phase, p.done, p.total, p.bytes, p.warnings, p.errors });
	if (journal_asked_to_stop(f->journal))
		job_stop(f->j);
}

static void
follow_thread(void *arg)
{
	struct follow *f = arg;

	lock_take(f->lock);
	while (!f->over) {
		int64_t next = clock_mono_ns() + EACH_NS;

		lock_drop(f->lock);
		note(f);
		lock_take(f->lock);
		while (!f->over && lock_wait_until(f->lock, next))
			;
	}
	lock_drop(f->lock);
}

struct follow *
follow_start(struct job *j, const char *operation, struct store *st, const char *name)
{
	struct follow *f = xcalloc(1, sizeof *f);
	struct err e;

	f->j = j;
	f->lock = lock_new();
	f->journal = journal_start(operation, store_url(st), name, &e);
	if (f->journal == NULL) {
		job_note(j, "no journal is written (%s): should this run be killed, the next one will not know what it left", e.msg);
		return f;
	}
	job_has_journal(j, journal_id(f->journal));
	f->thread = thread_start("follow", follow_thread, f, &e);
	if (f->thread == NULL)
		job_note(j, "'orlop job' will not see how far this is: %s", e.msg);
	return f;
}

const char *
follow_id(const struct follow *f)
{
	return journal_id(f->journal);
}

void
follow_end(struct follow *f, enum ev_end end, const struct err *e)
{
	static const char *const words[] = { [END_DONE] = "done", [END_PARTIAL] = "partial", [END_DAMAGED] = "damaged",
		[END_FAILED] = "failed", [END_CANCELED] = "canceled" };

	lock_take(f->lock);
	f->over = true;
	lock_wake(f->lock);
	lock_drop(f->lock);
	thread_join(f->thread);
	/* How far it came. */
	if (f->journal != NULL)
		note(f);
	journal_end(f->journal, words[end], end == END_FAILED ? e->msg : "");
	lock_free(f->lock);
	free(f);
}
