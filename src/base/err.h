/*
 * Error values.  A fallible function returns 0/-1 (or a pointer/NULL) and takes a struct err * last.
 * The struct lives on the caller's stack, owns no memory, is never NULL, and is untouched on success.
 */
#ifndef ORLOP_BASE_ERR_H
#define ORLOP_BASE_ERR_H

#include "base/attr.h"

#include <stdbool.h>
#include <stdint.h>

enum err_kind {
	EK_NONE,
	EK_INVALID,      /* what the user or a file said makes no sense */
	EK_NOTFOUND,
	EK_EXISTS,
	EK_CONFLICT,     /* somebody else changed it meanwhile */
	EK_DENIED,       /* credentials or permissions */
	EK_THROTTLED,
	EK_UNAVAILABLE,  /* not reachable, or 5xx */
	EK_TIMEOUT,
	EK_CANCELED,
	EK_CORRUPT,      /* data from outside that is damaged or hostile */
	EK_LIMIT,        /* larger than base/limits.h allows */
	EK_IO,           /* local disk, pipes */
	EK_COUNT_
};

struct err {
	enum err_kind kind;            /* what a caller may branch on */
	int           sys;             /* errno value, 0 if none */
	int           http;            /* HTTP status, 0 if none */
	int64_t       retry_after_ns;  /* server's hint, 0 if none */
	char          reason[48];      /* server's own word: "SlowDown", "AlreadyExists"; empty if none */
	char          msg[464];        /* outermost context first, root cause last */
};

/* Sets kind and message, clears the other fields.  Too long a message loses its middle.  Always returns -1. */
int err_set(struct err *e, enum err_kind k, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Like err_set with the text ": strerror(sys)" appended; the kind follows from sys
 * (ENOENT: EK_NOTFOUND, EACCES/EPERM: EK_DENIED, EEXIST: EK_EXISTS, else EK_IO).  Always returns -1. */
int err_sys(struct err *e, int sys, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Prepends "text: "; where there is no room, the middle is cut and first context and root cause stay.
 * Always returns -1. */
int err_ctx(struct err *e, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* One row of the kind table: the only place for retry policy and the user's next step.  Exit codes are the command
 * line's (cli/run.c). */
struct err_info {
	const char *text;       /* "not found" */
	const char *hint;       /* next step for the user, "" if the message says it all */
	bool        retry;      /* worth another try, unchanged, a little later */
};
const struct err_info *err_info(enum err_kind k);

#endif
