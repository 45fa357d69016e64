/* The filter's grammar and its tests. */
#include "ui/filter.h"

#include "base/attr.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/regex.h"
#include "base/vec.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NOTE_MAX 160

enum test_kind { TEST_PATTERN, TEST_PLAIN, TEST_FUZZY, TEST_LABELS, TEST_MARKED };

struct test {
	enum test_kind kind;
	bool           negated;
	int            column;           /* PATTERN, PLAIN: of "col:"; -1: any */
	bool           exact;            /* PLAIN: in case */
	char          *text;             /* PLAIN, FUZZY, LABELS */
	struct regex  *re;               /* TEST_PATTERN */
};

struct filter {
	struct { struct test *at; size_t len, cap; } tests;
	char note[NOTE_MAX];
};

bool
fuzzy_match(struct str pattern, struct str text)
{
	size_t at = 0;

	for (size_t i = 0; i < text.len && at < pattern.len; i++)
		at += (pattern.p[at] | 0x20) == (text.p[i] | 0x20);
	return at == pattern.len;
}

/* --- reading --- */

static bool
has_upper(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] >= 'A' && s.p[i] <= 'Z' && (i == 0 || s.p[i - 1] != '\\'))
			return true;
	return false;
}

/* \Q...\E takes everything literally but its own end. */
static char *
quoted(struct str s)
{
	AUTO_BUF struct buf out = BUF_INIT(SIZE_MAX);

	buf_puts(&out, "(?i)\\Q");
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] == '\\')
			buf_puts(&out, "\\E\\\\\\Q");
		else
			buf_putc(&out, s.p[i]);
	buf_puts(&out, "\\E");
	return buf_take(&out, NULL);
}

struct regex *
filter_pattern(struct str s, bool *literal)
{
	AUTO_FREE char *pattern = xasprintf("%s" STR_FMT, has_upper(s) ? "" : "(?i)", STR_ARG(s));
	AUTO_FREE char *exact = NULL;
	struct err why;
	struct regex *re = regex_new(pattern, &why);

	*literal = re == NULL;
	if (re != NULL)
		return re;
	exact = quoted(s);
	return regex_new(exact, &why);
}

/* Nothing that means something in a pattern: the usual case, which is searched for without one, many times as fast. */
static bool
is_plain(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] < ' ' || s.p[i] > '~' || strchr("\\^$.[]|()?*+{}", s.p[i]) != NULL)
			return false;
	return s.len > 0;
}

static void
add_pattern(struct filter *f, struct str s, bool negated, int column)
{
	struct test t = { .kind = TEST_PATTERN, .negated = negated, .column = column };
	bool literal;

	if (is_plain(s)) {
		t.kind = TEST_PLAIN;
		t.exact = has_upper(s);
		t.text = str_dup(s);
		*vec_push(&f->tests) = t;
		return;
	}
	t.re = filter_pattern(s, &literal);
	if (literal)
		(void)snprintf(f->note, sizeof f->note, "'" STR_FMT "' is no pattern: taken literally",
			(int)(s.len < 60 ? s.len : 60), s.p);
	if (t.re != NULL)
		*vec_push(&f->tests) = t;
}

/* "status=failed" of "col:status=failed". */
static void
add_column(struct filter *f, struct str s, bool negated, const char *const *columns, size_t n)
{
	struct str name, rest = s;

	if (str_chr(s, '=') == s.len) {
		(void)snprintf(f->note, sizeof f->note, "col: takes COLUMN=PATTERN");
		return;
	}
	(void)str_split(&rest, '=', &name);
	for (size_t i = 0; i < n; i++)
		if (strlen(columns[i]) == name.len && strncasecmp(columns[i], name.p, name.len) == 0) {
			add_pattern(f, rest, negated, (int)i);
			return;
		}
	(void)snprintf(f->note, sizeof f->note, "no column '" STR_FMT "'", (int)(name.len < 40 ? name.len : 40), name.p);
}

static void
add_word(struct filter *f, struct str *rest, struct str word, const char *const *columns, size_t n)
{
	bool labels = str_eq(word, S("-l")), fuzzy = str_eq(word, S("-f")), negated;

	if (labels || fuzzy) {
		*rest = str_trim(*rest);
		if (!str_split(rest, ' ', &word) || word.len == 0)
			return;
		*vec_push(&f->tests) = (struct test){ .kind = labels ? TEST_LABELS : TEST_FUZZY, .column = -1,
			.text = str_dup(word) };
		return;
	}
	if (str_eq(word, S("marked"))) {
		*vec_push(&f->tests) = (struct test){ .kind = TEST_MARKED, .column = -1 };
		return;
	}
	negated = word.p[0] == '!' && word.len > 1;
	word = str_sub(word, negated, word.len);
	if (str_starts(word, S("col:")))
		add_column(f, str_sub(word, 4, word.len), negated, columns, n);
	else
		add_pattern(f, word, negated, -1);
}

struct filter *
filter_new(struct str text, const char *const *columns, size_t n_columns)
{
	struct filter *f = xcalloc(1, sizeof *f);
	struct str word;

	while (text.len > 0 && str_split(&text, ' ', &word))
		if (word.len > 0)
			add_word(f, &text, word, columns, n_columns);
	return f;
}

void
filter_free(struct filter *f)
{
	if (f == NULL)
		return;
	for (size_t i = 0; i < f->tests.len; i++) {
		free(f->tests.at[i].text);
		regex_free(f->tests.at[i].re);
	}
	vec_free(&f->tests);
	free(f);
}

const char *
filter_note(const struct filter *f)
{
	return f->note;
}

bool
filter_empty(const struct filter *f)
{
	return f->tests.len == 0;
}

/* --- testing --- */

/* A pattern that takes too long on a text does not match it. */
static bool
found(struct regex *re, struct str text)
{
	struct err ignored;

	return regex_search(re, text, &ignored) == 1;
}

static bool
label_holds(struct str labels, struct str want)
{
	struct str one;
	size_t eq = str_chr(want, '=');
	bool differs = eq < want.len && eq > 0 && want.p[eq - 1] == '!';
	struct str key = str_sub(want, 0, differs ? eq - 1 : eq), value = str_sub(want, eq + 1, want.len);

	while (labels.len > 0 && str_split(&labels, ',', &one)) {
		size_t at = str_chr(one, '=');

		if (str_eq(str_sub(one, 0, at), key))
			return eq == want.len || str_eq(str_sub(one, at + 1, one.len), value) != differs;
	}
	return differs;
}

static bool
labels_hold(struct str labels, struct str wants)
{
	struct str want;

	while (wants.len > 0 && str_split(&wants, ',', &want))
		if (want.len > 0 && !label_holds(labels, want))
			return false;
	return true;
}

static char
folded(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static bool
contains(struct str text, const char *word, bool exact)
{
	size_t n = strlen(word);

	for (size_t i = 0; i + n <= text.len; i++) {
		size_t k = 0;

		while (k < n && (exact ? text.p[i + k] : folded(text.p[i + k])) == word[k])
			k++;
		if (k == n)
			return true;
	}
	return false;
}

static bool
cell_holds(const struct test *t, struct str cell)
{
	switch (t->kind) {
	case TEST_PLAIN: return contains(cell, t->text, t->exact);
	case TEST_FUZZY: return fuzzy_match(str_of(t->text), cell);
	default: return found(t->re, cell);
	}
}

static bool
holds(const struct test *t, const struct filter_row *row, size_t n)
{
	if (t->kind == TEST_MARKED)
		return row->marked;
	if (t->kind == TEST_LABELS)
		return labels_hold(row->labels, str_of(t->text));
	if (t->column >= 0)
		return (size_t)t->column < n && cell_holds(t, row->cells[t->column]);
	for (size_t i = 0; i < n; i++)
		if (cell_holds(t, row->cells[i]))
			return true;
	return false;
}

bool
filter_names(const struct filter *f, size_t column)
{
	for (size_t i = 0; i < f->tests.len; i++)
		if (f->tests.at[i].column == (int)column)
			return true;
	return false;
}

bool
filter_match(struct filter *f, const struct filter_row *row, size_t n_cells)
{
	for (size_t i = 0; i < f->tests.len; i++)
		if (holds(&f->tests.at[i], row, n_cells) == f->tests.at[i].negated)
			return false;
	return true;
}
