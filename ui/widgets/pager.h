/* Lines of text to read: scrolling, wrapping, searching, following the end.  UI thread. */
#ifndef ORLOP_UI_WIDGETS_PAGER_H
#define ORLOP_UI_WIDGETS_PAGER_H

#include "base/buf.h"
#include "base/regex.h"
#include "ui/canvas.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum pager_only { PAGER_ALL, PAGER_MATCHING, PAGER_PROBLEMS };     /* PROBLEMS: warnings and errors of a log */
struct pager_line { size_t at, len; uint8_t role; };
struct pager {
	struct buf    text;              /* all lines, one after another */
	struct { struct pager_line *at; size_t len, cap; } lines;
	struct { uint32_t *at; size_t len, cap; } shown;         /* unless all are: indices of lines */
	size_t        top;               /* first line on the screen, in shown or lines */
	size_t        found;             /* the line gone to last; it counts while it is on the screen */
	int           left;              /* cells scrolled away */
	bool          wrap, follow, full;                /* full: the text is cut off at its limit */
	enum pager_only only;
	char         *search;            /* "" for none */
	struct regex *re;
	int           page, cols;        /* of the last draw */
};

void pager_init(struct pager *p);
void pager_done(struct pager *p);
void pager_clear(struct pager *p);               /* lines only; place and search stay */

/* Adds text, a line for each of its lines.  What is beyond 64 MiB is left out, and said. */
void pager_add(struct pager *p, enum role role, struct str text);
void pager_addf(struct pager *p, enum role role, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* The same for a YAML or JSON text: keys, values and comments get their roles. */
void pager_add_yaml(struct pager *p, struct str text);
/* The same for a log (logrus text, klog or plain): lines get the role of their level. */
void pager_add_log(struct pager *p, struct str text);
void pager_add_diff(struct pager *p, struct str text);

/* Looks for a pattern (PCRE2, upper case makes it exact; a bad one is taken literally) from the top of the screen on and goes
 * there.  False: it is nowhere. */
bool pager_search(struct pager *p, const char *pattern);
/* An action of keys.h by its id ("down", "search-next", "wrap", ...).  False: not one of a pager's.  Without a pattern, next is
 * the next change of a difference or the next warning or error of a log. */
bool pager_act(struct pager *p, const char *action);

void pager_draw(struct pager *p, struct area a);
/* "lines 1-20 of 340 /pattern", "wrap follow" */
void pager_summary(const struct pager *p, struct buf *left, struct buf *right);

#endif
