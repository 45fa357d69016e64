/* Progress on stderr: a bar on a terminal, a line every 10 s elsewhere, nothing when quiet.  Main thread. */
#ifndef ORLOP_CLI_PROGRESS_H
#define ORLOP_CLI_PROGRESS_H

#include "app/backend.h"

#include <stdbool.h>

struct progress_view;
struct progress_view *progress_new(bool quiet);
void progress_free(struct progress_view *p);
void progress_update(struct progress_view *p, const struct job_progress *now);
void progress_message(struct progress_view *p, const char *text);     /* a line above the bar, made visible */
void progress_end(struct progress_view *p);                           /* takes the bar away */

#endif
