/* Time: int64_t nanoseconds; _mono_ns for waiting, _unix_ns for stamps, never mixed.  Calendar is UTC.  Any thread. */
#ifndef ORLOP_BASE_CLOCK_H
#define ORLOP_BASE_CLOCK_H

#include "base/attr.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

#define NS_PER_US INT64_C(1000)
#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S  INT64_C(1000000000)

int64_t clock_mono_ns(void);
int64_t clock_unix_ns(void);
void    clock_sleep_ns(int64_t ns);            /* full length, also when a signal arrives */

#define CLOCK_TEXT_MAX 40
char *clock_rfc3339(char out[CLOCK_TEXT_MAX], int64_t unix_ns);     /* "2026-06-01T02:00:00Z", whole seconds */
char *clock_compact(char out[CLOCK_TEXT_MAX], int64_t unix_ns);     /* "20260601020000" */
char *clock_amz(char out[CLOCK_TEXT_MAX], int64_t unix_ns);         /* "20260601T020000Z" */
char *clock_local(char out[CLOCK_TEXT_MAX], int64_t unix_ns);       /* "2026-06-01 04:00:00 +0200 CEST" in the user's zone */

/* RFC 3339 with optional fraction and any offset.  False: not a time; *out untouched. */
MUST_CHECK bool clock_parse_rfc3339(struct str s, int64_t *out_unix_ns);
/* HTTP date (RFC 9110 5.6.7, all three forms), for Date and Last-Modified. */
MUST_CHECK bool clock_parse_http(struct str s, int64_t *out_unix_ns);

#endif
