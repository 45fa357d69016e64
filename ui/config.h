/* The user's files: settings, keys, themes, the palette's history.  Read at start, written when something is set.  UI thread. */
#ifndef ORLOP_UI_CONFIG_H
#define ORLOP_UI_CONFIG_H

#include "ui/model.h"
#include "ui/theme.h"

/* settings.yaml; what is wrong with it is e, and the defaults hold. */
MUST_CHECK int config_settings(struct settings *out, struct err *e);
/* keys.yaml, and the history; what is wrong, and keys in conflict, are said. */
void config_keys(struct model *m);
void config_history(struct model *m);
void config_keep_history(const struct model *m);
/* "mono", or NAME.yaml of the user's folder or of those installed, upon its base.  EK_NOTFOUND, EK_INVALID. */
MUST_CHECK int config_theme(const char *name, struct theme *out, struct err *e);
/* Writes one setting to settings.yaml. */
MUST_CHECK int config_set(const char *name, const char *value, struct err *e);

#endif
