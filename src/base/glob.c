/* Wildcards.  One remembered star suffices: an earlier star can never do better than the last one. */
#include "base/glob.h"

/* Length of the bracket expression that starts at p[at], 0 when it is empty or not closed. */
static size_t
bracket_len(struct str p, size_t at)
{
	size_t from = at + 1;
	size_t end;

	if (from < p.len && p.p[from] == '!')
		from++;
	end = from + str_chr(str_sub(p, from, p.len), ']');
	return end < p.len && end > from ? end + 1 - at : 0;
}

/* expr is "[...]" as measured by bracket_len. */
static bool
bracket_has(struct str expr, char c)
{
	struct str set = str_sub(expr, 1, expr.len - 1);
	bool negated = set.p[0] == '!';
	unsigned char u = (unsigned char)c;

	for (size_t i = negated; i < set.len; i++) {
		unsigned char lo = (unsigned char)set.p[i], hi = lo;

		if (i + 2 < set.len && set.p[i + 1] == '-') {
			hi = (unsigned char)set.p[i + 2];
			i += 2;
		}
		if (u >= lo && u <= hi)
			return !negated;
	}
	return negated;
}

bool
glob_has_magic(struct str pattern)
{
	for (size_t i = 0; i < pattern.len; i++)
		if (pattern.p[i] == '*' || pattern.p[i] == '?' || pattern.p[i] == '[')
			return true;
	return false;
}

/* How many pattern bytes at p[at] match the one byte c; 0: no match. */
static size_t
match_one(struct str p, size_t at, char c)
{
	size_t n;

	switch (p.p[at]) {
	case '?':
		return 1;
	case '[':
		n = bracket_len(p, at);
		if (n)
			return bracket_has(str_sub(p, at, at + n), c) ? n : 0;
		return c == '[';
	default:
		return p.p[at] == c;
	}
}

bool
glob_match(struct str pattern, struct str text)
{
	size_t p = 0, t = 0;
	size_t after_star = 0, star_text = 0;
	bool starred = false;

	while (t < text.len) {
		size_t n;

		if (p < pattern.len && pattern.p[p] == '*') {
			after_star = ++p;
			star_text = t;
			starred = true;
			continue;
		}
		n = p < pattern.len ? match_one(pattern, p, text.p[t]) : 0;
		if (n) {
			p += n;
			t++;
		} else if (starred) {
			p = after_star;
			t = ++star_text;
		} else {
			return false;
		}
	}
	while (p < pattern.len && pattern.p[p] == '*')
		p++;
	return p == pattern.len;
}

int
glob_check(struct str pattern, struct err *e)
{
	static const struct str refused = { "|()!{},", 7 };
	size_t bracket;

	for (size_t i = 0; i < pattern.len; i++) {
		if (str_chr(refused, pattern.p[i]) < refused.len)
			return err_set(e, EK_INVALID, "pattern '" STR_FMT "': '%c' is not allowed", STR_ARG(pattern),
				pattern.p[i]);
		if (str_starts(str_sub(pattern, i, pattern.len), S("**")))
			return err_set(e, EK_INVALID, "pattern '" STR_FMT "': '**' is not allowed", STR_ARG(pattern));
	}
	for (size_t i = 0; i < pattern.len; i += bracket ? bracket : 1) {
		bracket = pattern.p[i] == '[' ? bracket_len(pattern, i) : 0;
		if (pattern.p[i] == '[' && !bracket)
			return err_set(e, EK_INVALID, "pattern '" STR_FMT "': '[' needs characters and a closing ']'",
				STR_ARG(pattern));
	}
	return 0;
}
