/* Descriptions of backups and restores for people, in the shape of "velero backup describe". */
#ifndef ORLOP_CLI_DESCRIBE_H
#define ORLOP_CLI_DESCRIBE_H

#include "base/buf.h"
#include "data/jdoc.h"

#include <stdbool.h>

/* doc: what OP_BACKUP_DESCRIBE or OP_RESTORE_DESCRIBE sent.  details: also every object.  Appends text. */
void describe_backup(const cJSON *doc, bool details, struct buf *out);
void describe_restore(const cJSON *doc, bool details, struct buf *out);

#endif
