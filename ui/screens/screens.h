/* The screens: each is a file with one table.  A new one is a file and a row in screens.c. */
#ifndef ORLOP_UI_SCREENS_SCREENS_H
#define ORLOP_UI_SCREENS_SCREENS_H

#include "ui/model.h"

extern const struct screen_type screen_overview;
extern const struct screen_type screen_backups;
extern const struct screen_type screen_restores;
extern const struct screen_type screen_backup, screen_restore;   /* details; arg: the name */
extern const struct screen_type screen_messages;
extern const struct screen_type screen_jobs;
extern const struct screen_type screen_job;              /* arg: its ticket, decimal */
extern const struct screen_type screen_browse;           /* arg: a backup; newline, a filter to begin with */
extern const struct screen_type screen_grep;             /* arg: a backup, blank or newline, a pattern */
extern const struct screen_type screen_object;           /* arg: backup, kind, namespace, name, a line each; also the tab */
extern const struct screen_type screen_backup_new;
extern const struct screen_type screen_restore_new;      /* arg: the backup; newline, objects to begin with */
extern const struct screen_type screen_locations;
extern const struct screen_type screen_location;         /* arg: its JSON */
extern const struct screen_type screen_location_new;     /* arg: the one to change; NULL: a new one */
extern const struct screen_type screen_validate;         /* arg: locations, a line each */
extern const struct screen_type screen_access;           /* arg: context */
extern const struct screen_type screen_clusters;
extern const struct screen_type screen_first;
extern const struct screen_type screen_settings;
extern const struct screen_type screen_about;
extern const struct screen_type screen_text;             /* arg: title, newline, text */
extern const struct screen_type screen_diff_text;        /* the same, its lines begin with +, - or ~ */
extern const struct screen_type screen_diff;             /* arg: a backup; newline, another one, or the cluster */
extern const struct screen_type screen_help;
extern const struct screen_type screen_actions;          /* what can be done on the screen below */

/* "restore.undo" or "restore.retry" of a restore: asks first.  False: no such action. */
bool restores_act(struct model *m, const char *name, const char *action);
/* Takes objects (a list of entries) into the form of a screen_restore_new. */
void restore_new_choose(struct model *m, struct screen *s, const char *picks);

/* "backup", "restore", .. */
const char *job_kind(const struct job *j);
/* "ok", "FAILED", or the phase it is in. */
const char *job_state(const struct job *j, enum role *role);

/* The places that digits lead to, in the order of the tabs; at most PLACES_MAX. */
extern const struct place { const char *name; const struct screen_type *type; } places[];
extern const size_t places_len;
enum { PLACE_OVERVIEW, PLACE_BACKUPS, PLACE_RESTORES, PLACE_JOBS };

/* Names for the palette, sorted; several may mean the same. */
extern const struct alias { const char *name; const struct screen_type *type; } aliases[];
extern const size_t aliases_len;
const struct screen_type *screen_find(const char *name);         /* by an alias; NULL: none */

#endif
