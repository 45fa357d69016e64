/* The terminal UI: all that the rest of the program sees of it. */
#ifndef ORLOP_UI_UI_H
#define ORLOP_UI_UI_H

#include "ui/model.h"

/* Runs until the user leaves.  Returns the exit code. */
int ui_run(const struct ui_options *o);

#endif
