/* The pager: one buffer of text, an array of where its lines are, and what part of it is on the screen. */
#include "ui/widgets/pager.h"

#include "base/attr.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/vec.h"
#include "ui/filter.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX (64 * MIB)
#define NOT_FOUND SIZE_MAX

void
pager_init(struct pager *p)
{
	*p = (struct pager){ .text = BUF_INIT(TEXT_MAX), .search = xstrdup(""), .found = NOT_FOUND, .page = 1,
		.cols = 80 };
}

void
pager_done(struct pager *p)
{
	buf_wipe(&p->text);
	vec_free(&p->lines);
	vec_free(&p->shown);
	free(p->search);
	regex_free(p->re);
}

void
pager_clear(struct pager *p)
{
	buf_wipe(&p->text);      /* it may have been a Secret */
	p->lines.len = p->shown.len = 0;
	p->found = NOT_FOUND;
	p->full = false;
}

/* --- lines --- */

static struct str
line_at(const struct pager *p, size_t i)
{
	const struct pager_line *l = &p->lines.at[p->only ? p->shown.at[i] : i];

	return str_sub(buf_str(&p->text), l->at, l->at + l->len);
}

static size_t
count(const struct pager *p)
{
	return p->only ? p->shown.len : p->lines.len;
}

static bool
matches(struct pager *p, struct str line)
{
	struct err ignored;

	return p->re != NULL && regex_search(p->re, line, &ignored) == 1;
}

static bool
is_shown(struct pager *p, struct str line, enum role role)
{
	if (p->only == PAGER_PROBLEMS)
		return role == ROLE_LOG_WARN || role == ROLE_LOG_ERROR;
	return p->only == PAGER_ALL || matches(p, line);
}

static void
push(struct pager *p, enum role role, struct str line)
{
	struct err ignored;
	size_t at = p->text.len;

	if (p->full)
		return;
	if (TEXT_MAX - p->text.len < line.len + LIMIT_SMALL_BODY) {
		p->full = true;
		line = S("(the rest is left out: the command line has all of it)");
	}
	if (buf_add_str(&p->text, line, &ignored) < 0)
		return;
	*vec_push(&p->lines) = (struct pager_line){ at, line.len, (uint8_t)role };
	if (p->only != PAGER_ALL && is_shown(p, line, role))
		*vec_push(&p->shown) = (uint32_t)(p->lines.len - 1);
}

static enum role
look_plain(struct str line, enum role role)
{
	(void)line;
	return role;
}

static enum role
look_yaml(struct str line, enum role role)
{
	struct str word = str_trim(line);

	if (word.len > 0 && word.p[0] == '#')
		return ROLE_YAML_COMMENT;
	return str_chr(word, ':') < word.len ? ROLE_YAML_KEY : role;
}

static enum role
look_diff(struct str line, enum role role)
{
	switch (line.len > 0 ? line.p[0] : ' ') {
	case '+':
		return ROLE_DIFF_ADD;
	case '-':
		return ROLE_DIFF_DEL;
	case '~':
	case '@':
		return ROLE_DIFF_CHANGE;
	default:
		return role;
	}
}

static enum role
look_log(struct str line, enum role role)
{
	static const struct { const char *text; enum role role; } words[] = {
		{ "level=error", ROLE_LOG_ERROR }, { "level=warning", ROLE_LOG_WARN }, { "error:", ROLE_LOG_ERROR },
		{ "warning:", ROLE_LOG_WARN },
	};

	for (size_t i = 0; i < COUNT(words); i++)
		if (line.len > 0 && memmem(line.p, line.len, words[i].text, strlen(words[i].text)) != NULL)
			return words[i].role;
	return role;
}

static void
add(struct pager *p, struct str text, enum role role, enum role (*look)(struct str, enum role))
{
	struct str line;

	/* A newline at the end does not begin another line. */
	if (text.len > 0 && text.p[text.len - 1] == '\n')
		text.len--;
	while (str_split(&text, '\n', &line)) {
		if (line.len > 0 && line.p[line.len - 1] == '\r')
			line.len--;
		push(p, look(line, role), line);
	}
}

void
pager_add(struct pager *p, enum role role, struct str text)
{
	add(p, text, role, look_plain);
}

void
pager_addf(struct pager *p, enum role role, const char *fmt, ...)
{
	AUTO_FREE char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	add(p, str_of(text), role, look_plain);
}

void
pager_add_yaml(struct pager *p, struct str text)
{
	add(p, text, ROLE_YAML_VALUE, look_yaml);
}

void
pager_add_log(struct pager *p, struct str text)
{
	add(p, text, ROLE_LOG_INFO, look_log);
}

void
pager_add_diff(struct pager *p, struct str text)
{
	add(p, text, ROLE_TEXT, look_diff);
}

/* --- moving --- */

static void
clamp(struct pager *p)
{
	size_t n = count(p), page = p->page > 0 ? (size_t)p->page : 1;

	/* A long line that is wrapped may be the last one: it can be brought to the top. */
	if (p->wrap ? p->top >= n : p->top + page > n)
		p->top = p->wrap ? (n > 0 ? n - 1 : 0) : n > page ? n - page : 0;
}

static void
move(struct pager *p, long by)
{
	if (by < 0)
		p->follow = false;
	p->top = by < 0 && p->top < (size_t)-by ? 0 : (size_t)((long)p->top + by);
	clamp(p);
}

static void
filter_lines(struct pager *p)
{
	p->shown.len = 0;
	for (size_t i = 0; i < p->lines.len; i++) {
		const struct pager_line *l = &p->lines.at[i];

		if (is_shown(p, str_sub(buf_str(&p->text), l->at, l->at + l->len), (enum role)l->role))
			*vec_push(&p->shown) = (uint32_t)i;
	}
	p->top = 0;
	p->found = NOT_FOUND;
}

/* What the pattern finds, or without one what stands out: where a change begins, what went wrong. */
static bool
is_wanted(struct pager *p, size_t i)
{
	uint8_t role = p->lines.at[p->only ? p->shown.at[i] : i].role;

	if (p->re != NULL)
		return matches(p, line_at(p, i));
	return role == ROLE_DIFF_CHANGE || role == ROLE_LOG_WARN || role == ROLE_LOG_ERROR;
}

static bool
find(struct pager *p, size_t from, int step)
{
	size_t n = count(p);

	for (size_t i = 0; i < n; i++) {
		size_t at = step > 0 ? (from + i) % n : (from + n - i % n) % n;

		if (is_wanted(p, at)) {
			p->top = p->found = at;
			clamp(p);
			return true;
		}
	}
	return false;
}

/* Where looking on begins: near the end of a text what was found cannot be brought to the top. */
static size_t
here(const struct pager *p)
{
	return p->found >= p->top && p->found < p->top + (size_t)p->page && p->found < count(p) ? p->found : p->top;
}

bool
pager_search(struct pager *p, const char *pattern)
{
	bool literal;

	free(p->search);
	regex_free(p->re);
	p->search = xstrdup(pattern);
	p->re = pattern[0] != '\0' ? filter_pattern(str_of(pattern), &literal) : NULL;
	if (p->only == PAGER_MATCHING && p->re == NULL)
		p->only = PAGER_ALL;
	else if (p->only == PAGER_MATCHING)
		filter_lines(p);
	return p->re == NULL || find(p, p->top, 1);
}

static void act_down(struct pager *p) { move(p, 1); }
static void act_up(struct pager *p) { move(p, -1); }
static void act_half_down(struct pager *p) { move(p, p->page / 2); }
static void act_half_up(struct pager *p) { move(p, -(p->page / 2)); }
static void act_page_down(struct pager *p) { move(p, p->page); }
static void act_page_up(struct pager *p) { move(p, -p->page); }
static void act_wrap(struct pager *p) { p->wrap = !p->wrap; p->left = 0; }
static void act_follow(struct pager *p) { p->follow = !p->follow; }
static void act_next(struct pager *p) { (void)find(p, here(p) + 1 < count(p) ? here(p) + 1 : 0, 1); }
static void act_previous(struct pager *p) { (void)find(p, here(p) > 0 ? here(p) - 1 : count(p) - (count(p) > 0), -1); }
static void act_right(struct pager *p) { p->left += p->wrap ? 0 : p->cols / 2; }
static void act_left(struct pager *p) { p->left = p->left > p->cols / 2 ? p->left - p->cols / 2 : 0; }

static void
act_first(struct pager *p)
{
	p->top = 0;
	p->follow = false;
}

static void
act_last(struct pager *p)
{
	p->top = count(p);
	clamp(p);
}

static void
act_only(struct pager *p)
{
	p->only = p->only != PAGER_MATCHING && p->re != NULL ? PAGER_MATCHING : PAGER_ALL;
	filter_lines(p);
}

static void
act_problems(struct pager *p)
{
	p->only = p->only != PAGER_PROBLEMS ? PAGER_PROBLEMS : PAGER_ALL;
	filter_lines(p);
}

static void
act_clear(struct pager *p)
{
	p->only = PAGER_ALL;
	(void)pager_search(p, "");
}

static const struct { const char *id; void (*run)(struct pager *); } acts[] = {
	{ "down", act_down }, { "up", act_up }, { "half-down", act_half_down }, { "half-up", act_half_up },
	{ "page-down", act_page_down }, { "page-up", act_page_up }, { "first", act_first }, { "last", act_last },
	{ "left", act_left }, { "right", act_right }, { "wrap", act_wrap }, { "follow", act_follow },
	{ "search-next", act_next }, { "search-previous", act_previous }, { "matching-only", act_only },
	{ "problems-only", act_problems }, { "filter-clear", act_clear },
};

bool
pager_act(struct pager *p, const char *action)
{
	for (size_t i = 0; i < COUNT(acts); i++)
		if (strcmp(acts[i].id, action) == 0) {
			acts[i].run(p);
			return true;
		}
	return false;
}

/* --- drawing --- */

/* The part of s that fits into cols cells; at least one character. */
static struct str
fitting(struct str s, int cols, bool ascii)
{
	size_t n = s.len;

	while (n > 1 && canvas_width(str_sub(s, 0, n), ascii) > cols) {
		n = n > (size_t)cols * 4 ? (size_t)cols * 4 : n - 1;
		while (n > 1 && n < s.len && ((unsigned char)s.p[n] & 0xc0) == 0x80)
			n--;
	}
	return str_sub(s, 0, n);
}

static int
draw_line(struct pager *p, struct area a, int row, size_t i)
{
	enum role role = (enum role)p->lines.at[p->only ? p->shown.at[i] : i].role;
	struct str line = line_at(p, i);
	bool found = p->search[0] != '\0' ? matches(p, line) : i == p->found;

	if (!p->wrap) {
		struct str skipped = p->left > 0 ? fitting(line, p->left, a.on->ascii) : (struct str){ line.p, 0 };

		(void)area_text(a, row, 0, -1, role, str_sub(line, skipped.len, line.len));
		if (found)
			area_paint(a, row, 0, a.cols, ROLE_MATCH);
		return 1;
	}
	for (int used = 0;; used++) {
		struct str part = canvas_fit(line, a.cols, a.on->ascii);

		if (row + used >= a.rows)
			return used;
		(void)area_text(a, row + used, 0, -1, role, part);
		if (found)
			area_paint(a, row + used, 0, a.cols, ROLE_MATCH);
		line = str_sub(line, part.len, line.len);
		if (line.len == 0)
			return used + 1;
	}
}

void
pager_draw(struct pager *p, struct area a)
{
	int row = 0;

	p->page = a.rows;
	p->cols = a.cols;
	if (p->follow)
		act_last(p);
	clamp(p);
	for (size_t i = p->top; i < count(p) && row < a.rows; i++)
		row += draw_line(p, a, row, i);
}

void
pager_summary(const struct pager *p, struct buf *left, struct buf *right)
{
	size_t n = count(p), last = p->top + (size_t)p->page;

	if (n > (size_t)p->page)
		buf_putf(left, "lines %zu-%zu of %zu", p->top + 1, last < n ? last : n, n);
	if (p->search[0] != '\0')
		buf_putf(left, "%s/%s%s", n > (size_t)p->page ? " " : "", p->search, p->only == PAGER_MATCHING ? " only" : "");
	if (p->only == PAGER_PROBLEMS)
		buf_puts(left, left->len > 0 ? " warnings and errors only" : "warnings and errors only");
	buf_putf(right, "%s%s%s", p->wrap ? "wrap" : "", p->wrap && p->follow ? " " : "", p->follow ? "follow" : "");
}
