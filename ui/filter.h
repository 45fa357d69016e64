/* The filter of lists: "text", "!text", "-l app=web", "-f fuzzy", "col:status=failed", "marked"; all of them must hold. */
#ifndef ORLOP_UI_FILTER_H
#define ORLOP_UI_FILTER_H

#include "base/err.h"
#include "base/regex.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>

struct filter;

/* What a row offers to a filter. */
struct filter_row {
	const struct str *cells;         /* one for each column */
	struct str        labels;        /* "app=web,env=dev" */
	bool              marked;
};

/*
 * Reads the grammar.  columns: names for "col:".  Upper case in a pattern makes it exact in case.  A pattern that PCRE2
 * does not understand is taken as plain text, and filter_note says so.  Never NULL; an empty text passes all.
 */
struct filter *filter_new(struct str text, const char *const *columns, size_t n_columns);
void filter_free(struct filter *f);
const char *filter_note(const struct filter *f);         /* "" unless there is something to say */
bool filter_empty(const struct filter *f);
/* Whether it has a test of that column by its name. */
bool filter_names(const struct filter *f, size_t column);
bool filter_match(struct filter *f, const struct filter_row *row, size_t n_cells);

/* A pattern as users type it: in any case unless it has upper case; *literal: PCRE2 does not understand it, and it is taken as
 * plain text.  NULL: it is not even that (broken UTF-8). */
struct regex *filter_pattern(struct str s, bool *literal);

/* Letters of pattern in their order in text, as fzf does, in any case. */
bool fuzzy_match(struct str pattern, struct str text);

#endif
