/* What kubectl's users call built-in types, for backups, which hold no discovery.  Any thread. */
#ifndef ORLOP_ENGINE_SHORT_NAMES_H
#define ORLOP_ENGINE_SHORT_NAMES_H

#include "base/str.h"
#include "base/vec.h"

/* Adds the short names of a built-in type ("deployments.apps"); of others nothing. */
void short_names_add(struct strs *names, struct str gr);

#endif
