/* What was asked of a restore, as JSON: in the bucket, so that it can be continued, and in plan files.  Any thread. */
#ifndef ORLOP_ENGINE_RESTORE_REQUEST_H
#define ORLOP_ENGINE_RESTORE_REQUEST_H

#include "base/err.h"
#include "data/jwrite.h"
#include "engine/options.h"

#include <stddef.h>

/* An option that is recorded; at: its offset in struct restore_opts. */
struct request_field {
	const char *key;
	enum { REQ_TEXT, REQ_LIST, REQ_FLAG, REQ_NUMBER } type;
	size_t      at;
};
extern const struct request_field request_fields[];
extern const size_t request_fields_len;

/* Writes an object with the options that say something. */
void restore_request_write(const struct restore_opts *o, struct jw *w);
/* Fills the options that say nothing yet with those of json, an object.  EK_CORRUPT: it is none, or one of them is of another
 * type; o may then have some. */
MUST_CHECK int restore_request_merge(struct str json, struct restore_opts *o, struct err *e);
/* The first option of those that says something; NULL: none does. */
const char *restore_request_first(const struct restore_opts *o);

#endif
