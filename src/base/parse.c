/* Strict numbers from text. */
#include "base/parse.h"

#include "base/clock.h"

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool
parse_u64(struct str s, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;

	if (s.len == 0)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		unsigned digit = (unsigned)(s.p[i] - '0');

		if (!is_digit(s.p[i]) || v > max / 10 || v * 10 > max - digit || digit > max)
			return false;
		v = v * 10 + digit;
	}
	*out = v;
	return true;
}

bool
parse_i64(struct str s, int64_t *out)
{
	bool negative = str_starts(s, S("-"));
	uint64_t v;

	if (!parse_u64(str_sub(s, negative, s.len), (uint64_t)INT64_MAX + negative, &v))
		return false;
	/* -(v - 1) - 1 reaches INT64_MIN without leaving the type. */
	*out = !negative ? (int64_t)v : v ? -(int64_t)(v - 1) - 1 : 0;
	return true;
}

bool
parse_bool(struct str s, bool *out)
{
	static const struct { const char *text; bool value; } words[] = {
		{ "1", true }, { "t", true }, { "T", true }, { "true", true }, { "TRUE", true }, { "True", true },
		{ "0", false }, { "f", false }, { "F", false }, { "false", false }, { "FALSE", false },
		{ "False", false },
	};

	for (size_t i = 0; i < COUNT(words); i++) {
		if (str_eqz(s, words[i].text)) {
			*out = words[i].value;
			return true;
		}
	}
	return false;
}

static const struct { const char *name; int64_t ns; } units[] = {
	{ "ns", 1 },
	{ "us", NS_PER_US },
	{ "\xc2\xb5s", NS_PER_US },           /* micro sign */
	{ "\xce\xbcs", NS_PER_US },           /* Greek mu */
	{ "ms", NS_PER_MS },
	{ "s", NS_PER_S },
	{ "m", 60 * NS_PER_S },
	{ "h", 3600 * NS_PER_S },
};

static size_t
digits(struct str s)
{
	size_t n = 0;

	while (n < s.len && is_digit(s.p[n]))
		n++;
	return n;
}

/* Digits behind the point, as a part of unit; digits too small to matter add nothing. */
static int64_t
fraction_of(struct str frac, int64_t unit)
{
	uint64_t value = 0, scale = 1;

	for (size_t i = 0; i < frac.len && i < 15; i++) {
		value = value * 10 + (uint64_t)(frac.p[i] - '0');
		scale *= 10;
	}
	return (int64_t)((double)value * ((double)unit / (double)scale));
}

/* Cuts "12.5h" from *rest and adds it to *sum. */
static bool
add_component(struct str *rest, uint64_t *sum)
{
	struct str s = *rest, whole, frac = { NULL, 0 }, unit;
	uint64_t v = 0, part;
	size_t n = digits(s);
	int64_t unit_ns = 0;

	whole = str_sub(s, 0, n);
	s = str_sub(s, n, s.len);
	if (str_starts(s, S("."))) {
		s = str_sub(s, 1, s.len);
		n = digits(s);
		frac = str_sub(s, 0, n);
		s = str_sub(s, n, s.len);
	}
	if (whole.len + frac.len == 0)
		return false;
	for (n = 0; n < s.len && s.p[n] != '.' && !is_digit(s.p[n]); n++)
		;
	unit = str_sub(s, 0, n);
	*rest = str_sub(s, n, s.len);
	for (size_t i = 0; i < COUNT(units); i++)
		if (str_eqz(unit, units[i].name))
			unit_ns = units[i].ns;
	if (!unit_ns || (whole.len && !parse_u64(whole, (uint64_t)INT64_MAX / (uint64_t)unit_ns, &v)))
		return false;
	part = v * (uint64_t)unit_ns + (uint64_t)fraction_of(frac, unit_ns);
	if (part > (uint64_t)INT64_MAX - *sum)
		return false;
	*sum += part;
	return true;
}

bool
parse_duration(struct str s, int64_t *out_ns)
{
	bool negative = str_starts(s, S("-"));
	uint64_t sum = 0;

	if (negative || str_starts(s, S("+")))
		s = str_sub(s, 1, s.len);
	if (str_eqz(s, "0")) {
		*out_ns = 0;
		return true;
	}
	if (s.len == 0)
		return false;
	while (s.len)
		if (!add_component(&s, &sum))
			return false;
	*out_ns = negative ? -(int64_t)sum : (int64_t)sum;
	return true;
}
