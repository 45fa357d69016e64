/* The screens: each is a file with one table.  A new one is a file and a row in screens.c. */
#ifndef ORLOP_UI_SCREENS_SCREENS_H
#define ORLOP_UI_SCREENS_SCREENS_H

#include "ui/model.h"

extern const struct screen_type screen_backups;
extern const struct screen_type screen_restores;
extern const struct screen_type screen_messages;

#endif
