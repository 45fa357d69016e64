/* Strict numbers from text: the whole slice must match, no blanks, no sign where none is meaningful.  Any thread. */
#ifndef ORLOP_BASE_PARSE_H
#define ORLOP_BASE_PARSE_H

#include "base/attr.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

/* All return false and leave *out alone when the text is not such a value or exceeds max. */
MUST_CHECK bool parse_u64(struct str s, uint64_t max, uint64_t *out);
MUST_CHECK bool parse_i64(struct str s, int64_t *out);
MUST_CHECK bool parse_bool(struct str s, bool *out);            /* Go: 1 t T true TRUE True 0 f F false FALSE False */
MUST_CHECK bool parse_duration(struct str s, int64_t *out_ns);  /* Go: "720h0m0s", "1.5h", "-1m", "0"; units ns us µs ms s m h */

#endif
