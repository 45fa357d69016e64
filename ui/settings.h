/* Settings of the UI: the file settings.yaml as text, and what is in force.  No file is touched here.  UI thread. */
#ifndef ORLOP_UI_SETTINGS_H
#define ORLOP_UI_SETTINGS_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#include <stddef.h>

#define SETTINGS_MAX 8
#define SETTING_LEN  32
struct settings { char value[SETTINGS_MAX][SETTING_LEN]; };      /* in the order of setting_rows */

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
/* The word behind the one in force. */
const char *settings_next(const struct settings *s, const char *name, char out[SETTING_LEN]);
/* The whole file.  EK_INVALID: "line N: ..."; s is then unchanged. */
MUST_CHECK int settings_parse(struct str yaml, struct settings *s, struct err *e);
/* The file's text with one setting changed: every other line, and a comment behind it, stay. */
MUST_CHECK int settings_edit(struct str yaml, const char *name, const char *value, struct buf *out, struct err *e);

#endif
