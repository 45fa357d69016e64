/* Label selectors: kubectl's syntax and the LabelSelector object, one representation.  Any thread. */
#ifndef ORLOP_K8S_SELECTOR_H
#define ORLOP_K8S_SELECTOR_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "data/jwrite.h"

#include <stdbool.h>

struct selector;

/* "a=b,c!=d,e in (f,g),h notin (i),j,!k" (also "=="); EK_INVALID says what and where.  Empty text: matches all. */
MUST_CHECK struct selector *selector_parse(const char *text, struct err *e);
/* From {"matchLabels": ..., "matchExpressions": ...}. */
MUST_CHECK struct selector *selector_from_json(struct str label_selector, struct err *e);
void selector_free(struct selector *s);
void selector_freep(struct selector **s);

/* Matches the raw JSON object of labels (empty slice: no labels).  NULL selector matches. */
bool selector_match(const struct selector *s, struct str labels_json);
const char *selector_text(const struct selector *s);      /* kubectl's syntax, for the labelSelector parameter */
void selector_json(const struct selector *s, struct jw *w);  /* writes the LabelSelector object */

#endif
