/* Findings as texts, for tests that compare what a user is told. */
#ifndef ORLOP_TESTS_UNIT_FINDING_H
#define ORLOP_TESTS_UNIT_FINDING_H

#include "base/mem.h"
#include "base/vec.h"
#include "engine/report.h"

#include <stdbool.h>
#include <string.h>

/* Adds "error shop pods/web: text -> hint"; "-" stands for what is not given. */
static inline void
findings_add(struct strs *v, const struct finding *f)
{
	*vec_push(v) = xasprintf("%s %s %s/%s: %s%s%s", f->level == RESULT_ERROR ? "error" : "warning",
		f->ns ? f->ns : "-", f->resource ? f->resource : "-", f->name ? f->name : "-", f->text,
		f->hint ? " -> " : "", f->hint ? f->hint : "");
}

/* Does one of them have this part? */
static inline bool
findings_have(const struct strs *v, const char *text)
{
	for (size_t i = 0; i < v->len; i++)
		if (strstr(v->at[i], text))
			return true;
	return false;
}

#endif
