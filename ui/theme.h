/* Roles of what is on the screen, and the colors and attributes that a theme gives them.  No curses here.  UI thread. */
#ifndef ORLOP_UI_THEME_H
#define ORLOP_UI_THEME_H

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

/* X(name in C, name in theme files, attributes in mono: these keep what a color would tell apart) */
#define ROLES(X) \
	X(TEXT, "text", 0) \
	X(TEXT_DIM, "text.dim", 0) \
	X(TEXT_STALE, "text.stale", 0) \
	X(TITLE, "title", ATTR_BOLD) \
	X(RULE, "rule", 0) \
	X(HEADER, "header", ATTR_BOLD) \
	X(HEADER_DANGER, "header.danger", ATTR_BOLD | ATTR_REVERSE) \
	X(HEADER_READONLY, "header.readonly", ATTR_REVERSE) \
	X(CRUMB, "crumb", 0) \
	X(CRUMB_ACTIVE, "crumb.active", ATTR_BOLD) \
	X(TAB, "tab", 0) \
	X(TAB_ACTIVE, "tab.active", ATTR_BOLD) \
	X(HINT_KEY, "hint.key", ATTR_BOLD) \
	X(HINT_TEXT, "hint.text", 0) \
	X(PROMPT, "prompt", ATTR_BOLD) \
	X(PROMPT_GHOST, "prompt.ghost", 0) \
	X(ROW_CURSOR, "row.cursor", ATTR_REVERSE) \
	X(ROW_MARKED, "row.marked", ATTR_BOLD) \
	X(ROW_RANGE, "row.range", ATTR_UNDERLINE) \
	X(TABLE_HEAD, "table.head", ATTR_BOLD) \
	X(TABLE_SORT, "table.sort", ATTR_BOLD | ATTR_UNDERLINE) \
	X(MATCH, "match", ATTR_UNDERLINE) \
	X(STATE_OK, "state.ok", 0) \
	X(STATE_PARTIAL, "state.partial", ATTR_BOLD) \
	X(STATE_FAILED, "state.failed", ATTR_BOLD) \
	X(STATE_RUNNING, "state.running", 0) \
	X(STATE_QUEUED, "state.queued", 0) \
	X(STATE_LATE, "state.late", ATTR_BOLD) \
	X(STATE_UNKNOWN, "state.unknown", 0) \
	X(BAR_FULL, "bar.full", 0) \
	X(BAR_EMPTY, "bar.empty", 0) \
	X(SPARK, "spark", 0) \
	X(HEAT_OK, "heat.ok", 0) \
	X(HEAT_PARTIAL, "heat.partial", ATTR_BOLD) \
	X(HEAT_FAILED, "heat.failed", ATTR_BOLD) \
	X(HEAT_MISSED, "heat.missed", ATTR_BOLD) \
	X(HEAT_NONE, "heat.none", 0) \
	X(TOAST_INFO, "toast.info", 0) \
	X(TOAST_WARN, "toast.warn", ATTR_BOLD) \
	X(TOAST_ERROR, "toast.error", ATTR_BOLD | ATTR_REVERSE) \
	X(DIALOG, "dialog", 0) \
	X(DIALOG_DANGER, "dialog.danger", ATTR_BOLD) \
	X(BUTTON, "button", 0) \
	X(BUTTON_FOCUS, "button.focus", ATTR_REVERSE) \
	X(FIELD, "field", ATTR_UNDERLINE) \
	X(FIELD_ERROR, "field.error", ATTR_BOLD) \
	X(DIFF_ADD, "diff.add", 0) \
	X(DIFF_DEL, "diff.del", ATTR_BOLD) \
	X(DIFF_CHANGE, "diff.change", ATTR_UNDERLINE) \
	X(YAML_KEY, "yaml.key", 0) \
	X(YAML_VALUE, "yaml.value", 0) \
	X(YAML_COMMENT, "yaml.comment", 0) \
	X(LOG_INFO, "log.info", 0) \
	X(LOG_WARN, "log.warn", ATTR_BOLD) \
	X(LOG_ERROR, "log.error", ATTR_BOLD) \
	X(PLAN_SAME, "plan.same", 0) \
	X(PLAN_SKIP, "plan.skip", 0) \
	X(PLAN_CREATE, "plan.create", 0) \
	X(PLAN_CHANGE, "plan.change", ATTR_BOLD) \
	X(PLAN_REPLACE, "plan.replace", ATTR_BOLD) \
	X(PLAN_BLOCKED, "plan.blocked", ATTR_BOLD | ATTR_REVERSE)

#define ROLE_NAME_(id, name, mono) ROLE_##id,
enum role { ROLES(ROLE_NAME_) ROLE_COUNT_ };
#undef ROLE_NAME_

enum attr { ATTR_BOLD = 1, ATTR_DIM = 2, ATTR_UNDERLINE = 4, ATTR_REVERSE = 8, ATTR_ITALIC = 16 };

/* How many colors there are; each theme color is given for all of them. */
enum depth { DEPTH_MONO, DEPTH_8, DEPTH_16, DEPTH_256, DEPTH_TRUE };

#define COLOR_DEFAULT (-1)

/* A color of a terminal: rgb for DEPTH_TRUE, an index of the palette for the others; COLOR_DEFAULT: the terminal's own. */
struct color { int32_t rgb; int16_t c256; int8_t c16, c8; };
struct style { struct color fg, bg; uint8_t attr; };

struct theme { char name[32]; struct style roles[ROLE_COUNT_]; };

const char *role_text(enum role r);                      /* "state.ok" */

/* Attributes only; what every theme is built upon. */
void theme_mono(struct theme *t);

/*
 * Reads a theme file's text on top of *t, which holds what its "base" names: the caller loads that first (base: its name,
 * or empty).  EK_INVALID: "line N: ..." with the nearest role or color; *t is then unchanged.
 */
MUST_CHECK int theme_parse(struct str yaml, struct theme *t, struct err *e);

/* Nearest of a palette to an RGB color: xterm's 256, the 16 and the 8 of a terminal. */
int theme_nearest(uint32_t rgb, enum depth d);

#endif
