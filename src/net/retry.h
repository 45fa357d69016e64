/* When to try again: exponential backoff with full jitter, after the server's Retry-After.  Pure. */
#ifndef ORLOP_NET_RETRY_H
#define ORLOP_NET_RETRY_H

#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Waiting time before further attempt nth (0: the first).  hint_ns is the server's wish, 0 if none;
 * wishes beyond a minute are cut.  random is any 64 random bits.
 */
int64_t retry_delay_ns(unsigned nth, int64_t hint_ns, uint64_t random);

/*
 * Value of a Retry-After header (RFC 9110 10.2.3): seconds, or a date that is compared with
 * now_unix_ns.  False: it is neither; *out untouched.  A date in the past gives 0.
 */
MUST_CHECK bool retry_after_parse(struct str value, int64_t now_unix_ns, int64_t *out_ns);

#endif
