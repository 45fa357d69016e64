/* Locations as they are typed in: "KEY=VALUE" and keys in, a location, its row and a URL to try it out.  Any thread. */
#ifndef ORLOP_APP_LOCATION_EDIT_H
#define ORLOP_APP_LOCATION_EDIT_H

#include "app/project.h"
#include "base/secret.h"

/*
 * Sets one of provider, account (environment, credentials, sts), accessMode (ReadOnly, ReadWrite), path, certificate (a path,
 * which is looked into, or PEM), roleArn, externalId, or what location_set takes; an empty value takes it away.  EK_INVALID.
 */
MUST_CHECK int location_field_set(struct location *l, const char *key, const char *value, struct err *e);

/* What goes without saying: MinIO's path style and region, an External ID for a role. */
MUST_CHECK int location_add_defaults(struct location *l, struct err *e);

/* The location that "KEY=VALUE" texts describe: the one of that name in p with these changes when replace is set and the provider
 * is the same.  EK_EXISTS, EK_NOTFOUND, EK_INVALID. */
MUST_CHECK int location_describe(const struct project *p, const char *name, const struct strs *fields, bool replace,
	struct location *out, struct err *e);

/* AWS INI of a pair of keys.  ini must have room, so that growing leaves no copies behind.  EK_INVALID: blanks. */
MUST_CHECK int location_keys_ini(const char *profile, const char *access_key, const struct secret *secret, struct buf *ini,
	struct err *e);

/* A URL for l, which is stored nowhere yet, with the keys in memory of *fd as long as that is open; empty ini: with those stored. */
MUST_CHECK char *location_trial_url(const struct project *p, const struct location *l, struct str ini, int *fd, struct err *e);

/* JSON: as in the file, with what follows from it: default, place, auth, keys (their file), url. */
MUST_CHECK int location_row(const struct project *p, const struct location *l, struct buf *out, struct err *e);

#endif
