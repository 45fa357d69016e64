/* Settings of the UI: the file settings.yaml as text, and what is in force.  No file is touched here.  UI thread. */
#ifndef ORLOP_UI_SETTINGS_H
#define ORLOP_UI_SETTINGS_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>

#define SETTINGS_MAX 8
#define SETTING_LEN  32
#define CONTEXTS_MAX 16
/* "contexts": {"prod-*": {banner: danger, readonly: on, confirm: typed}} */
struct context_rule {
	char pattern[64];                /* of names of contexts, as base/glob */
	bool danger;                     /* the header says so */
	bool readonly;                   /* nothing is changed until :rw */
	bool typed;                      /* every restore asks for the cluster's name */
};
struct settings {
	char value[SETTINGS_MAX][SETTING_LEN];                   /* in the order of setting_rows */
	struct context_rule contexts[CONTEXTS_MAX];
	size_t n_contexts;
};

extern const struct setting {
	const char *name;
	const char *words;               /* what it may be, with blanks between; the first is the default; NULL: any name */
	const char *standard, *help;
} setting_rows[];
extern const size_t setting_rows_len;

void settings_init(struct settings *s);                          /* defaults */
const char *settings_get(const struct settings *s, const char *name);    /* NULL: no such setting */
/* EK_INVALID: no such setting, not one of its words. */
MUST_CHECK int settings_set(struct settings *s, const char *name, const char *value, struct err *e);
/* What holds for a context: all that the patterns say which it matches.  context may be NULL. */
struct context_rule settings_context(const struct settings *s, const char *context);
/* The word behind the one in force. */
const char *settings_next(const struct settings *s, const char *name, char out[SETTING_LEN]);
/* The whole file.  EK_INVALID: "line N: ..."; s is then unchanged. */
MUST_CHECK int settings_parse(struct str yaml, struct settings *s, struct err *e);
/* The file's text with one setting changed: every other line, and a comment behind it, stay. */
MUST_CHECK int settings_edit(struct str yaml, const char *name, const char *value, struct buf *out, struct err *e);

#endif
