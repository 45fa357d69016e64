/* Cancellation: a flag in a tree, checked once per object and per buffer.  NULL means "never".  Any thread. */
#ifndef ORLOP_BASE_CANCEL_H
#define ORLOP_BASE_CANCEL_H

#include "base/err.h"

#include <stdatomic.h>
#include <stdint.h>

struct cancel {
	_Atomic bool         hit;
	const struct cancel *up;               /* parent, NULL at the root */
	int64_t              deadline_mono_ns; /* 0 = none */
};

void cancel_fire(struct cancel *c);                    /* async-signal-safe */
bool cancel_is_hit(const struct cancel *c);            /* flag or deadline, here or above; c may be NULL */
/* -1 with EK_CANCELED (flag) or EK_TIMEOUT (deadline) once hit, else 0. */
MUST_CHECK int cancel_check(const struct cancel *c, struct err *e);

#endif
