/* Child processes: no shell, closed descriptors, bounded output, bounded time. */
#ifndef ORLOP_BASE_PROC_H
#define ORLOP_BASE_PROC_H

#include "base/buf.h"
#include "base/cancel.h"
#include "base/err.h"

#include <stdint.h>

struct proc {
	const char *const *argv;         /* NULL-terminated; argv[0] is looked up in PATH when it has no slash */
	const char *const *env_add;      /* "NAME=value" texts that replace or join our own environment; may be NULL */
	const char        *cwd;          /* NULL: ours */
	int64_t            timeout_ns;   /* 0 = none */
	bool               tty_stdin;    /* the child may ask on our terminal; else its stdin is /dev/null */
};

/*
 * Runs the program to its end.  stdout is appended to out (EK_LIMIT beyond its max), stderr to err_out (what exceeds
 * its max is dropped).  *status is the exit code, or 128 + signal.  EK_NOTFOUND: no such program; EK_TIMEOUT and
 * EK_CANCELED: it was ended (TERM, then KILL) and reaped.
 */
MUST_CHECK int proc_run(const struct proc *p, struct buf *out, struct buf *err_out, int *status,
	const struct cancel *c, struct err *e);

#endif
