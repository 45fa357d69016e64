/* Quantities: a decimal number and a suffix. */
#include "k8s/quantity.h"

#include "base/attr.h"
#include "base/parse.h"

#include <stdio.h>

#define DIGITS_MAX 15            /* of what is kept exactly; the rest is rounded up */

/* 15 digits times 2^60 times 1000 is below it. */
__extension__ typedef unsigned __int128 wide;

/* Powers of ten or of two that a suffix stands for. */
static const struct suffix { const char *text; int ten, two; } suffixes[] = {
	{ "", 0, 0 }, { "n", -9, 0 }, { "u", -6, 0 }, { "m", -3, 0 }, { "k", 3, 0 }, { "M", 6, 0 }, { "G", 9, 0 },
	{ "T", 12, 0 }, { "P", 15, 0 }, { "E", 18, 0 }, { "Ki", 0, 10 }, { "Mi", 0, 20 }, { "Gi", 0, 30 },
	{ "Ti", 0, 40 }, { "Pi", 0, 50 }, { "Ei", 0, 60 },
};

/* value * 10^ten, rounded up. */
struct decimal { uint64_t value; int ten; bool more; };

static bool
take_decimal(struct str *s, struct decimal *out)
{
	struct decimal d = { 0, 0, false };
	bool digits = false, fraction = false;
	unsigned kept = 0;
	size_t i;

	for (i = 0; i < s->len; i++) {
		char c = s->p[i];

		if (c == '.' && !fraction) {
			fraction = true;
			continue;
		}
		if (c < '0' || c > '9')
			break;
		digits = true;
		if (kept < DIGITS_MAX) {
			d.value = d.value * 10 + (uint64_t)(c - '0');
			kept += d.value > 0;
			d.ten -= fraction;
		} else {
			d.more = d.more || c != '0';
			d.ten += !fraction;
		}
	}
	*s = str_sub(*s, i, s->len);
	*out = d;
	return digits;
}

/* "e3", "E-2": not to be taken for the suffix E. */
static bool
take_exponent(struct str *s, int *ten)
{
	struct str number = str_sub(*s, 1, s->len);
	int64_t n;

	if (s->len < 2 || (s->p[0] != 'e' && s->p[0] != 'E'))
		return false;
	if (number.p[0] == '+')
		number = str_sub(number, 1, number.len);
	if (!parse_i64(number, &n) || n > 100 || n < -100)
		return false;
	*ten += (int)n;
	*s = str_sub(*s, s->len, s->len);
	return true;
}

static int64_t
scaled(struct decimal d, int two)
{
	wide v = (wide)d.value << two;
	bool more = d.more;

	for (; d.ten < 0 && v > 0; d.ten++) {
		more = more || v % 10 != 0;
		v /= 10;
	}
	for (; d.ten > 0 && v > 0 && v < INT64_MAX; d.ten--)
		v *= 10;
	v += more;
	return v < INT64_MAX ? (int64_t)v : INT64_MAX;
}

bool
quantity_parse(struct str s, int64_t *out_milli)
{
	bool negative = s.len > 0 && s.p[0] == '-';
	struct decimal d;
	size_t i = 0;
	int64_t v;

	if (negative || (s.len > 0 && s.p[0] == '+'))
		s = str_sub(s, 1, s.len);
	if (!take_decimal(&s, &d))
		return false;
	if (!take_exponent(&s, &d.ten)) {
		while (i < COUNT(suffixes) && !str_eqz(s, suffixes[i].text))
			i++;
		if (i == COUNT(suffixes))
			return false;
		d.ten += suffixes[i].ten;
	}
	d.ten += 3;
	v = scaled(d, suffixes[i].two);
	*out_milli = negative ? -v : v;
	return true;
}

int64_t
quantity_add(int64_t a, int64_t b)
{
	return a > INT64_MAX - b ? INT64_MAX : a + b;
}

char *
quantity_text(char out[QUANTITY_MAX], int64_t milli, bool binary)
{
	static const char *const powers[] = { "", "Ki", "Mi", "Gi", "Ti", "Pi" };
	int64_t whole = milli / 1000;
	size_t i = 0;

	if (milli % 1000 != 0) {
		(void)snprintf(out, QUANTITY_MAX, "%lldm", (long long)milli);
		return out;
	}
	while (binary && i + 1 < COUNT(powers) && whole != 0 && whole % 1024 == 0) {
		whole /= 1024;
		i++;
	}
	(void)snprintf(out, QUANTITY_MAX, "%lld%s", (long long)whole, powers[i]);
	return out;
}
