/* Finding the end of JSON strings and values, 16 or 64 bytes at a time. */
#include "data/jlex.h"

#include <stdint.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/*
 * How jskip_run works: a block of 64 bytes becomes five bit masks (bit i = byte i), for instance
 *
 *	bytes      {"a\"b":[1]}
 *	quote      .1.1.1.....        without the escaped one
 *	in string  .11111.....        running parity of quote: opening quote included, closing quote not
 *	brackets   1......1.11        only those outside of strings are looked at one by one
 *
 * so that the cost per byte is constant and what is between brackets needs no branches.
 */
#define BLOCK 64u

struct masks { uint64_t quote, back, ctrl, open, close; };

#define BIT(i) (UINT64_C(1) << (i))

#ifdef __SSE2__

static inline uint64_t
bits(__m128i v, unsigned at)
{
	return (uint64_t)(unsigned)_mm_movemask_epi8(v) << at;
}

static inline __m128i
load16(const char *p)
{
	return _mm_loadu_si128((const __m128i *)(const void *)p);
}

static inline struct masks
classify(const char *p)
{
	/* '[' and ']' differ from '{' and '}' in one bit, so one comparison finds both kinds */
	const __m128i fold = _mm_set1_epi8(0x20), last_ctrl = _mm_set1_epi8(0x1f);
	const __m128i quote = _mm_set1_epi8('"'), back = _mm_set1_epi8('\\');
	const __m128i open = _mm_set1_epi8('{'), close = _mm_set1_epi8('}');
	struct masks m = { 0 };

	for (unsigned i = 0; i < BLOCK; i += 16) {
		__m128i v = load16(p + i);
		__m128i f = _mm_or_si128(v, fold);
		m.quote |= bits(_mm_cmpeq_epi8(v, quote), i);
		m.back |= bits(_mm_cmpeq_epi8(v, back), i);
		m.ctrl |= bits(_mm_cmpeq_epi8(_mm_min_epu8(v, last_ctrl), v), i);
		m.open |= bits(_mm_cmpeq_epi8(f, open), i);
		m.close |= bits(_mm_cmpeq_epi8(f, close), i);
	}
	return m;
}

/* The first quote, backslash or control character, or a place less than 16 bytes before end. */
static inline const char *
plain_run(const char *p, const char *end)
{
	const __m128i quote = _mm_set1_epi8('"'), back = _mm_set1_epi8('\\');
	const __m128i last_ctrl = _mm_set1_epi8(0x1f);

	for (; end - p >= 16; p += 16) {
		__m128i v = load16(p);
		__m128i hit = _mm_or_si128(_mm_cmpeq_epi8(_mm_min_epu8(v, last_ctrl), v),
			_mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, back)));
		unsigned m = (unsigned)_mm_movemask_epi8(hit);
		if (m)
			return p + __builtin_ctz(m);
	}
	return p;
}

#else

static inline struct masks
classify(const char *p)
{
	struct masks m = { 0 };

	for (unsigned i = 0; i < BLOCK; i++) {
		unsigned char c = (unsigned char)p[i], f = c | 0x20;
		m.quote |= (uint64_t)(c == '"') << i;
		m.back |= (uint64_t)(c == '\\') << i;
		m.ctrl |= (uint64_t)(c < 0x20) << i;
		m.open |= (uint64_t)(f == '{') << i;
		m.close |= (uint64_t)(f == '}') << i;
	}
	return m;
}

static inline const char *
plain_run(const char *p, const char *end)
{
	(void)end;
	return p;
}

#endif

static bool
is_blank(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

const char *
jlex_blank(const char *p, const char *end)
{
	while (p < end && is_blank(*p))
		p++;
	return p;
}

bool
jlex_is_delim(char c)
{
	return c == ',' || c == ']' || c == '}' || c == ':' || is_blank(c);
}

static bool
is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* What stands behind the backslash of an escape that ends there. */
static const bool two_bytes[UINT8_MAX + 1] = {
	['"'] = true, ['\\'] = true, ['/'] = true, ['b'] = true, ['f'] = true, ['n'] = true, ['r'] = true, ['t'] = true,
};

static bool
is_escape(char c)
{
	return two_bytes[(unsigned char)c] || c == 'u';
}

size_t
jlex_escape(const char *p, const char *end)
{
	if (end - p < 2 || !is_escape(p[1]))
		return 0;
	if (p[1] != 'u')
		return 2;
	if (end - p < 6)
		return 0;
	for (int i = 2; i < 6; i++)
		if (!is_hex(p[i]))
			return 0;
	return 6;
}

const char *
jlex_string(const char *p, const char *end)
{
	for (;;) {
		p = plain_run(p, end);
		while (p < end && *p != '"' && *p != '\\' && (unsigned char)*p >= 0x20)
			p++;
		if (p == end)
			return NULL;
		if (*p == '"')
			return p;
		size_t n = *p == '\\' ? jlex_escape(p, end) : 0;
		if (n == 0)
			return NULL;
		p += n;
	}
}

static const char *
digits(const char *p, const char *end)
{
	const char *from = p;

	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return p > from ? p : NULL;
}

const char *
jlex_number(const char *p, const char *end)
{
	if (p < end && *p == '-')
		p++;
	if (p < end && *p == '0')
		p++;
	else if ((p = digits(p, end)) == NULL)
		return NULL;
	if (p < end && *p == '.' && (p = digits(p + 1, end)) == NULL)
		return NULL;
	if (p < end && (*p == 'e' || *p == 'E')) {
		p++;
		if (p < end && (*p == '+' || *p == '-'))
			p++;
		p = digits(p, end);
	}
	return p;
}

const char *
jlex_value(const char *p, const char *end)
{
	const char *from = p;

	if (p == end)
		return NULL;
	if (*p == '"') {
		p = jlex_string(p + 1, end);
		return p ? p + 1 : NULL;
	}
	if (*p == '{' || *p == '[') {
		struct jskip s;
		jskip_init(&s);
		return jskip_run(&s, &p, end) == JSKIP_DONE ? p : NULL;
	}
	while (p < end && !jlex_is_delim(*p))
		p++;
	return p > from ? p : NULL;
}

void
jskip_init(struct jskip *s)
{
	s->depth = s->esc = 0;
	s->in_str = false;
	s->why = NULL;
}

/* What is missing of an escape: 5 = the letter, 4..1 = so many hex digits.  False when c does not fit. */
static bool
escape_step(unsigned *esc, char c)
{
	if (*esc < 5) {
		(*esc)--;
		return is_hex(c);
	}
	*esc = c == 'u' ? 4 : 0;
	return is_escape(c);
}

/*
 * Takes escaped quotes and backslashes out of m.  *carry: the first byte of this block (and on return: of the next
 * one) is escaped.  Sets s->esc when the text ends inside an escape.  Returns the malformed escapes.
 */
static uint64_t
escapes(struct jskip *s, struct masks *m, unsigned *carry, const char *p, const char *end)
{
	uint64_t bad = 0, left;

	m->quote &= ~(uint64_t)*carry;
	left = m->back & ~(uint64_t)*carry;
	*carry = 0;
	while (left) {
		unsigned i = (unsigned)__builtin_ctzll(left), esc = 5;
		left &= ~(UINT64_C(3) << i);
		m->quote &= ~(UINT64_C(2) << i);
		if (i == BLOCK - 1)
			*carry = 1;
		const char *q = p + i + 1;
		/* Text has one in nearly every block, and it is nearly always such a one. */
		if (q < end && two_bytes[(unsigned char)*q]) {
			s->esc = 0;
			continue;
		}
		while (q < end && esc > 0)
			if (!escape_step(&esc, *q++)) {
				bad |= BIT(i);
				break;
			}
		s->esc = q == end ? esc : 0;
	}
	return bad;
}

static uint64_t
parity(uint64_t x)
{
	x ^= x << 1;
	x ^= x << 2;
	x ^= x << 4;
	x ^= x << 8;
	x ^= x << 16;
	x ^= x << 32;
	return x;
}

/* Walks the brackets (outside of strings) of a block.  Returns the index of the one that ends the value or is wrong
 * (then s->why is set), or BLOCK. */
static inline unsigned
brackets(struct jskip *s, uint64_t at, const char *p)
{
	unsigned depth = s->depth, i;

	for (; at; at &= at - 1) {
		i = (unsigned)__builtin_ctzll(at);
		char c = p[i];
		if (c == '{' || c == '[') {
			if (depth == LIMIT_JSON_DEPTH) {
				s->why = "is nested too deeply";
				return i;
			}
			s->open[depth++] = c;
			continue;
		}
		if (s->open[--depth] != c - 2) {      /* '[' + 2 == ']', '{' + 2 == '}' */
			s->why = "has a bracket without its partner";
			return i;
		}
		if (depth == 0)
			return i;
	}
	s->depth = depth;
	return BLOCK;
}

/* One block of n bytes at p (src: the same, padded with blanks to BLOCK).  *used: how far it got. */
static inline enum jskip_state
block(struct jskip *s, const char *src, const char *p, const char *end, unsigned *carry, unsigned *used)
{
	struct masks m = classify(src);
	uint64_t bad = 0, in_str;
	unsigned stop;

	if (m.back | *carry)
		bad = escapes(s, &m, carry, p, end);
	in_str = parity(m.quote) ^ (0 - (uint64_t)s->in_str);
	bad |= (m.ctrl & in_str) | (m.back & ~in_str);
	s->in_str = in_str >> (BLOCK - 1);
	stop = brackets(s, (m.open | m.close) & ~in_str, p);
	if (stop < BLOCK)
		bad &= BIT(stop) - 1;
	if (bad) {
		*used = (unsigned)__builtin_ctzll(bad);
		s->why = "has a malformed string";
		return JSKIP_BAD;
	}
	if (stop == BLOCK)
		return JSKIP_MORE;
	*used = stop;
	return s->why ? JSKIP_BAD : JSKIP_DONE;
}

enum jskip_state
jskip_run(struct jskip *s, const char **pp, const char *end)
{
	const char *p = *pp;
	unsigned carry = 0, used = 0;
	enum jskip_state st = JSKIP_MORE;

	for (; s->esc > 0 && p < end; p++)
		if (!escape_step(&s->esc, *p)) {
			s->why = "has a malformed string";
			*pp = p;
			return JSKIP_BAD;
		}
	for (; st == JSKIP_MORE && end - p >= BLOCK; p += st == JSKIP_MORE ? BLOCK : used)
		st = block(s, p, p, end, &carry, &used);
	if (st == JSKIP_MORE && p < end) {
		char pad[BLOCK];
		size_t n = (size_t)(end - p);
		memset(pad, ' ', sizeof pad);
		memcpy(pad, p, n);
		st = block(s, pad, p, end, &carry, &used);
		p = st == JSKIP_MORE ? end : p + used;
	}
	*pp = st == JSKIP_DONE ? p + 1 : p;
	return st;
}
