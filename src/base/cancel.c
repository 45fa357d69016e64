/* Cancellation flags in a tree. */
#include "base/cancel.h"

#include "base/clock.h"

void
cancel_fire(struct cancel *c)
{
	atomic_store(&c->hit, true);
}

/* EK_NONE, EK_CANCELED or EK_TIMEOUT.  A flag anywhere above wins over a deadline: it is what somebody asked for. */
static enum err_kind
state_of(const struct cancel *c)
{
	int64_t deadline = 0;

	for (; c; c = c->up) {
		if (atomic_load(&c->hit))
			return EK_CANCELED;
		if (c->deadline_mono_ns && (!deadline || c->deadline_mono_ns < deadline))
			deadline = c->deadline_mono_ns;
	}
	return deadline && clock_mono_ns() >= deadline ? EK_TIMEOUT : EK_NONE;
}

bool
cancel_is_hit(const struct cancel *c)
{
	return state_of(c) != EK_NONE;
}

int
cancel_check(const struct cancel *c, struct err *e)
{
	enum err_kind k = state_of(c);

	return k == EK_NONE ? 0 : err_set(e, k, "%s", err_info(k)->text);
}
