/* Backoff with jitter, and Retry-After. */
#include "net/retry.h"

#include "base/clock.h"
#include "base/parse.h"

#define FIRST_NS (200 * NS_PER_MS)
#define MOST_NS  (15 * NS_PER_S)
#define HINT_NS  (60 * NS_PER_S)
#define SECONDS_MAX (365 * 24 * 3600)

int64_t
retry_delay_ns(unsigned nth, int64_t hint_ns, uint64_t random)
{
	int64_t span = FIRST_NS;

	while (nth-- > 0 && span < MOST_NS)
		span *= 2;
	if (span > MOST_NS)
		span = MOST_NS;
	if (hint_ns > HINT_NS)
		hint_ns = HINT_NS;
	/* The jitter comes on top of the hint: else a whole window would return at one moment. */
	return hint_ns + (int64_t)(random % (uint64_t)span);
}

bool
retry_after_parse(struct str value, int64_t now_unix_ns, int64_t *out_ns)
{
	uint64_t seconds;
	int64_t at;

	if (parse_u64(value, SECONDS_MAX, &seconds)) {
		*out_ns = (int64_t)seconds * NS_PER_S;
		return true;
	}
	if (!clock_parse_http(value, &at))
		return false;
	*out_ns = at > now_unix_ns ? at - now_unix_ns : 0;
	return true;
}
