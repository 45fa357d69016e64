/* Reading clocks, writing and reading time stamps.  Nothing here depends on the locale. */
#include "base/clock.h"

#include "base/mem.h"
#include "base/parse.h"

#include <errno.h>
#include <time.h>

static int64_t
read_clock(clockid_t id)
{
	struct timespec ts;
	int rc = clock_gettime(id, &ts);

	assert_that(rc == 0);
	return (int64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

int64_t
clock_mono_ns(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

int64_t
clock_unix_ns(void)
{
	return read_clock(CLOCK_REALTIME);
}

void
clock_sleep_ns(int64_t ns)
{
	int64_t until = clock_mono_ns() + ns;
	struct timespec ts = { .tv_sec = (time_t)(until / NS_PER_S), .tv_nsec = (long)(until % NS_PER_S) };

	/* An absolute end: signals cannot stretch the sleep. */
	while (ns > 0 && clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR)
		;
}

static time_t
whole_seconds(int64_t unix_ns)
{
	return (time_t)(unix_ns / NS_PER_S - (unix_ns % NS_PER_S < 0));
}

/* Every int64_t is a date with a year of four digits (1677 to 2262), so the texts below always fit. */
static struct tm
utc(int64_t unix_ns)
{
	time_t s = whole_seconds(unix_ns);
	struct tm tm;

	(void)gmtime_r(&s, &tm);
	return tm;
}

char *
clock_rfc3339(char out[CLOCK_TEXT_MAX], int64_t unix_ns)
{
	struct tm tm = utc(unix_ns);

	(void)strftime(out, CLOCK_TEXT_MAX, "%Y-%m-%dT%H:%M:%SZ", &tm);
	return out;
}

char *
clock_compact(char out[CLOCK_TEXT_MAX], int64_t unix_ns)
{
	struct tm tm = utc(unix_ns);

	(void)strftime(out, CLOCK_TEXT_MAX, "%Y%m%d%H%M%S", &tm);
	return out;
}

char *
clock_amz(char out[CLOCK_TEXT_MAX], int64_t unix_ns)
{
	struct tm tm = utc(unix_ns);

	(void)strftime(out, CLOCK_TEXT_MAX, "%Y%m%dT%H%M%SZ", &tm);
	return out;
}

char *
clock_local(char out[CLOCK_TEXT_MAX], int64_t unix_ns)
{
	time_t s = whole_seconds(unix_ns);
	struct tm tm;

	(void)localtime_r(&s, &tm);
	/* $TZ may name a zone of any length. */
	if (strftime(out, CLOCK_TEXT_MAX, "%Y-%m-%d %H:%M:%S %z %Z", &tm) == 0)
		(void)strftime(out, CLOCK_TEXT_MAX, "%Y-%m-%d %H:%M:%S %z", &tm);
	return out;
}

/* A time stamp's fields as they are read; valid_time() says whether they make sense. */
struct civil {
	unsigned year, month, day, hour, minute, second;
};

static bool
is_leap(unsigned y)
{
	return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
}

static bool
valid_time(const struct civil *t)
{
	static const unsigned days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	if (t->month < 1 || t->month > 12 || t->day < 1)
		return false;
	if (t->day > days[t->month - 1] + (t->month == 2 && is_leap(t->year)))
		return false;
	/* Second 60 is a leap second; it becomes the first one of the next minute. */
	return t->hour < 24 && t->minute < 60 && t->second <= 60;
}

/*
 * Days from 1970-01-01 to the date.  Years start in March here, so that the leap day is a year's last day and
 * the days before a month are (153 * month + 2) / 5.
 */
static int64_t
days_since_1970(const struct civil *t)
{
	int64_t y = (int64_t)t->year + 4800 - (t->month <= 2);
	int64_t m = (t->month + 9) % 12;

	return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + t->day - 1 - 2472632;
}

/* False when the time is outside of what int64_t nanoseconds can say (1677 to 2262). */
static bool
to_unix_ns(const struct civil *t, int64_t offset_s, int64_t fraction_ns, int64_t *out)
{
	int64_t s = days_since_1970(t) * 86400 + (int64_t)t->hour * 3600 + (int64_t)t->minute * 60 +
		(int64_t)t->second - offset_s;

	if (s < INT64_MIN / NS_PER_S || s > INT64_MAX / NS_PER_S - 1)
		return false;
	*out = s * NS_PER_S + fraction_ns;
	return true;
}

/* Cuts exactly n digits from *s. */
static bool
take_number(struct str *s, size_t n, unsigned *out)
{
	uint64_t v;

	if (s->len < n || !parse_u64(str_sub(*s, 0, n), 9999, &v))
		return false;
	*out = (unsigned)v;
	*s = str_sub(*s, n, s->len);
	return true;
}

static bool
take_char(struct str *s, char c)
{
	if (s->len == 0 || s->p[0] != c)
		return false;
	*s = str_sub(*s, 1, s->len);
	return true;
}

static bool
take_clock_time(struct str *s, struct civil *t)
{
	return take_number(s, 2, &t->hour) && take_char(s, ':') && take_number(s, 2, &t->minute) &&
		take_char(s, ':') && take_number(s, 2, &t->second);
}

/* ".123456789..." to nanoseconds; finer digits are dropped. */
static bool
take_fraction(struct str *s, int64_t *ns)
{
	int64_t unit = NS_PER_S;
	size_t n = 0;

	*ns = 0;
	if (!take_char(s, '.'))
		return true;
	for (; n < s->len && s->p[n] >= '0' && s->p[n] <= '9'; n++) {
		unit /= 10;
		*ns += (s->p[n] - '0') * unit;
	}
	*s = str_sub(*s, n, s->len);
	return n > 0;
}

static bool
take_offset(struct str *s, int64_t *offset_s)
{
	unsigned h, m;
	bool west;

	*offset_s = 0;
	if (take_char(s, 'Z') || take_char(s, 'z'))
		return true;
	west = take_char(s, '-');
	if (!west && !take_char(s, '+'))
		return false;
	if (!take_number(s, 2, &h) || !take_char(s, ':') || !take_number(s, 2, &m) || h > 23 || m > 59)
		return false;
	*offset_s = ((int64_t)h * 3600 + (int64_t)m * 60) * (west ? -1 : 1);
	return true;
}

bool
clock_parse_rfc3339(struct str s, int64_t *out_unix_ns)
{
	struct civil t;
	int64_t fraction_ns, offset_s;

	if (!take_number(&s, 4, &t.year) || !take_char(&s, '-') || !take_number(&s, 2, &t.month) ||
		!take_char(&s, '-') || !take_number(&s, 2, &t.day))
		return false;
	if (!take_char(&s, 'T') && !take_char(&s, 't'))
		return false;
	if (!take_clock_time(&s, &t) || !take_fraction(&s, &fraction_ns) || !take_offset(&s, &offset_s))
		return false;
	return s.len == 0 && valid_time(&t) && to_unix_ns(&t, offset_s, fraction_ns, out_unix_ns);
}

static bool
take_month(struct str *s, unsigned *month)
{
	static const struct str names = { "JanFebMarAprMayJunJulAugSepOctNovDec", 36 };

	for (unsigned i = 0; i < 12; i++) {
		if (str_starts(*s, str_sub(names, (size_t)i * 3, (size_t)i * 3 + 3))) {
			*month = i + 1;
			*s = str_sub(*s, 3, s->len);
			return true;
		}
	}
	return false;
}

/* "06 Nov 1994 08:49:37 GMT", behind "Sun, " */
static bool
fixdate(struct str s, struct civil *t)
{
	return take_number(&s, 2, &t->day) && take_char(&s, ' ') && take_month(&s, &t->month) &&
		take_char(&s, ' ') && take_number(&s, 4, &t->year) && take_char(&s, ' ') &&
		take_clock_time(&s, t) && str_eqz(s, " GMT");
}

/* "06-Nov-94 08:49:37 GMT", behind "Sunday, ".  Such years are recent ones: 70 to 99 are the last century's. */
static bool
rfc850(struct str s, struct civil *t)
{
	bool ok = take_number(&s, 2, &t->day) && take_char(&s, '-') && take_month(&s, &t->month) &&
		take_char(&s, '-') && take_number(&s, 2, &t->year) && take_char(&s, ' ') &&
		take_clock_time(&s, t) && str_eqz(s, " GMT");

	if (ok)
		t->year += t->year < 70 ? 2000 : 1900;
	return ok;
}

/* "Nov  6 08:49:37 1994", behind "Sun " */
static bool
asctime_date(struct str s, struct civil *t)
{
	if (!take_month(&s, &t->month) || !take_char(&s, ' '))
		return false;
	if (!(take_char(&s, ' ') ? take_number(&s, 1, &t->day) : take_number(&s, 2, &t->day)))
		return false;
	return take_char(&s, ' ') && take_clock_time(&s, t) && take_char(&s, ' ') &&
		take_number(&s, 4, &t->year) && s.len == 0;
}

bool
clock_parse_http(struct str s, int64_t *out_unix_ns)
{
	struct civil t;
	struct str day;

	/* The name of the day says nothing that the date does not say. */
	if (!str_split(&s, ' ', &day) || day.len < 3 || !s.p)
		return false;
	if (!fixdate(s, &t) && !rfc850(s, &t) && !asctime_date(s, &t))
		return false;
	return valid_time(&t) && to_unix_ns(&t, 0, 0, out_unix_ns);
}
