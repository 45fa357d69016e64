/* Sizes, counts and durations as text. */
#include "base/fmt.h"

#include "base/attr.h"
#include "base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

char *
fmt_size(char out[FMT_MAX], uint64_t bytes)
{
	static const char *const names[] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	uint64_t unit = 1024, tenths;
	size_t i = 0;

	if (bytes < 1024) {
		(void)snprintf(out, FMT_MAX, "%" PRIu64 " B", bytes);
		return out;
	}
	for (;;) {
		tenths = bytes / unit * 10 + (bytes % unit * 10 + unit / 2) / unit;
		/* Compared after rounding: 1048575 bytes are "1.0 MiB", not "1024.0 KiB". */
		if (tenths < 10240 || i + 1 == COUNT(names))
			break;
		unit *= 1024;
		i++;
	}
	(void)snprintf(out, FMT_MAX, "%" PRIu64 ".%" PRIu64 " %s", tenths / 10, tenths % 10, names[i]);
	return out;
}

char *
fmt_count(char out[FMT_MAX], uint64_t n)
{
	char digits[FMT_MAX];
	size_t len, at = 0;

	(void)snprintf(digits, sizeof digits, "%" PRIu64, n);
	len = strlen(digits);
	for (size_t i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			out[at++] = ' ';
		out[at++] = digits[i];
	}
	out[at] = '\0';
	return out;
}

/* The magnitude of any ns, INT64_MIN included. */
static uint64_t
magnitude(int64_t ns)
{
	return ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;
}

char *
fmt_duration(char out[FMT_MAX], int64_t ns)
{
	const char *sign = ns < 0 ? "-" : "";
	uint64_t ms = magnitude(ns) / (uint64_t)NS_PER_MS;
	uint64_t s = ms / 1000, min = s / 60, h = min / 60;

	if (ms < 1000)
		(void)snprintf(out, FMT_MAX, "%s%" PRIu64 "ms", sign, ms);
	else if (s < 60)
		(void)snprintf(out, FMT_MAX, "%s%" PRIu64 ".%" PRIu64 "s", sign, s, ms % 1000 / 100);
	else if (h < 1)
		(void)snprintf(out, FMT_MAX, "%s%" PRIu64 "m%02" PRIu64 "s", sign, min, s % 60);
	else if (h < 48)
		(void)snprintf(out, FMT_MAX, "%s%" PRIu64 "h%02" PRIu64 "m", sign, h, min % 60);
	else
		(void)snprintf(out, FMT_MAX, "%s%" PRIu64 "d", sign, h / 24);
	return out;
}

char *
fmt_go_duration(char out[FMT_MAX], int64_t ns)
{
	uint64_t s = magnitude(ns) / (uint64_t)NS_PER_S;
	const char *sign = ns < 0 && s ? "-" : "";

	if (s < 60)
		(void)snprintf(out, FMT_MAX, "%s%" PRIu64 "s", sign, s);
	else if (s < 3600)
		(void)snprintf(out, FMT_MAX, "%s%" PRIu64 "m%" PRIu64 "s", sign, s / 60, s % 60);
	else
		(void)snprintf(out, FMT_MAX, "%s%" PRIu64 "h%" PRIu64 "m%" PRIu64 "s", sign, s / 3600, s / 60 % 60,
			s % 60);
	return out;
}
