/* Backup locations as Velero's BackupStorageLocation, both ways.  Any thread. */
#ifndef ORLOP_APP_LOCATION_VELERO_H
#define ORLOP_APP_LOCATION_VELERO_H

#include "app/project.h"

/*
 * Reads a BackupStorageLocation (YAML or JSON; of a list the one called l->name, or the only one) into l, over what is set
 * there.  file names it in messages.  Notes are sentences for the user: what the location needs and the document only points
 * at, such as credentials in a Secret where the account is still the environment.  *is_default: spec.default.  EK_INVALID: not one, or one of another provider than aws.
 */
MUST_CHECK int location_from_velero(struct str text, const char *file, struct location *l, bool *is_default,
	struct strs *notes, struct err *e);

/* Appends YAML for kubectl, with what the Secret of its credentials must hold as comments.  EK_INVALID: Velero has no such
 * location. */
MUST_CHECK int location_to_velero(const struct project *p, const struct location *l, struct buf *out, struct err *e);

#endif
