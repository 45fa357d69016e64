/* Borrowed slices of text. */
#include "base/str.h"

#include "base/mem.h"

#include <string.h>

int
str_cmp(struct str a, struct str b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int r = n ? memcmp(a.p, b.p, n) : 0;

	return r ? r : (a.len > b.len) - (a.len < b.len);
}

bool
str_starts(struct str s, struct str prefix)
{
	return s.len >= prefix.len && str_eq(str_sub(s, 0, prefix.len), prefix);
}

bool
str_ends(struct str s, struct str suffix)
{
	return s.len >= suffix.len && str_eq(str_sub(s, s.len - suffix.len, s.len), suffix);
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct str
str_trim(struct str s)
{
	size_t from = 0, to = s.len;

	while (from < to && is_blank(s.p[from]))
		from++;
	while (to > from && is_blank(s.p[to - 1]))
		to--;
	return str_sub(s, from, to);
}

size_t
str_chr(struct str s, char c)
{
	const char *hit = s.len ? memchr(s.p, c, s.len) : NULL;

	return hit ? (size_t)(hit - s.p) : s.len;
}

size_t
str_rchr(struct str s, char c)
{
	for (size_t i = s.len; i > 0; i--)
		if (s.p[i - 1] == c)
			return i - 1;
	return s.len;
}

bool
str_split(struct str *rest, char sep, struct str *piece)
{
	size_t at;

	if (!rest->p)
		return false;
	at = str_chr(*rest, sep);
	*piece = str_sub(*rest, 0, at);
	*rest = at < rest->len ? str_sub(*rest, at + 1, rest->len) : (struct str){ NULL, 0 };
	return true;
}

char *
str_dup(struct str s)
{
	char *p = xmalloc(size_add(s.len, 1));

	if (s.len)
		memcpy(p, s.p, s.len);
	p[s.len] = '\0';
	return p;
}

/*
 * The usual distance matrix, of which only the cells within DIST_MAX of the diagonal can matter: row i keeps
 * columns i - DIST_MAX to i + DIST_MAX, so texts of any length need three short rows.
 */
#define DIST_MAX  3
#define DIST_OVER (DIST_MAX + 1)
#define DIST_BAND (2 * DIST_MAX + 1)

static unsigned
min_u(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Cell for the first i bytes of a and j of b; k is j's place in the band of row i. */
static unsigned
dist_cell(struct str a, struct str b, size_t i, size_t j, size_t k, const unsigned *row2,
	const unsigned *row1, const unsigned *row)
{
	unsigned best;

	if (i == 0 || j == 0)
		return min_u((unsigned)(i + j), DIST_OVER);
	best = row1[k] + (a.p[i - 1] != b.p[j - 1]);
	if (k + 1 < DIST_BAND)
		best = min_u(best, row1[k + 1] + 1);
	if (k > 0)
		best = min_u(best, row[k - 1] + 1);
	if (i > 1 && j > 1 && a.p[i - 1] == b.p[j - 2] && a.p[i - 2] == b.p[j - 1])
		best = min_u(best, row2[k] + 1);
	return min_u(best, DIST_OVER);
}

void
str_copy(char *to, size_t cap, struct str s)
{
	size_t n = s.len < cap - 1 ? s.len : cap - 1;

	if (n > 0)
		memcpy(to, s.p, n);
	to[n] = '\0';
}

unsigned
str_distance(struct str a, struct str b)
{
	unsigned rows[3][DIST_BAND];
	size_t gap = a.len > b.len ? a.len - b.len : b.len - a.len;

	if (gap > DIST_MAX)
		return DIST_OVER;
	for (size_t r = 0; r < COUNT(rows); r++)
		for (size_t k = 0; k < DIST_BAND; k++)
			rows[r][k] = DIST_OVER;
	for (size_t i = 0; i <= a.len; i++) {
		unsigned *row = rows[i % 3];
		unsigned least = DIST_OVER;

		for (size_t k = 0; k < DIST_BAND; k++) {
			size_t j = i + k;

			row[k] = DIST_OVER;
			if (j < DIST_MAX || j - DIST_MAX > b.len)
				continue;
			row[k] = dist_cell(a, b, i, j - DIST_MAX, k, rows[(i + 1) % 3], rows[(i + 2) % 3], row);
			least = min_u(least, row[k]);
		}
		if (least == DIST_OVER)
			return DIST_OVER;
	}
	return rows[a.len % 3][b.len + DIST_MAX - a.len];
}
