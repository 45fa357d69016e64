/* Steps of a check, as OP_LOCATION_VALIDATE and OP_CLUSTER_CHECK tell them.  UI thread. */
#ifndef ORLOP_UI_SCREENS_CHECKS_H
#define ORLOP_UI_SCREENS_CHECKS_H

#include "base/str.h"
#include "ui/canvas.h"
#include "ui/widgets/pager.h"

struct check_step { enum role role; bool good; char *name, *status, *detail, *remedy; int64_t ms; };
struct check_steps { struct check_step *at; size_t len, cap, failed; };

/* Adds what a row says; a row that says nothing of a step: nothing. */
void checks_add(struct check_steps *c, struct str json);
void checks_clear(struct check_steps *c);
/* All of a step on lines of a text. */
void checks_tell(const struct check_step *s, struct pager *p);
/* As many as fit: good ones side by side, others with their remedy. */
void checks_draw(const struct check_steps *c, struct area a);

#endif
