/*
 * JSON of our own making.  Commas, nesting and escapes are the writer's; '<', '>', '&', U+2028 and U+2029 are written as \u003c ...
 * as Go does (velero-format 1.6).  A missing or surplus end panics at jw_done.
 */
#ifndef ORLOP_DATA_JWRITE_H
#define ORLOP_DATA_JWRITE_H

#include "base/buf.h"
#include "base/str.h"
#include "base/vec.h"

#include <stdbool.h>
#include <stdint.h>

struct jw {
	struct buf *out;            /* grows; exceeding its max sets failed */
	bool        pretty;         /* two blanks per level, as velero-backup.json */
	bool        failed, more, keyed;
	unsigned    depth;
	struct err  err;            /* first failure */
};
void jw_init(struct jw *w, struct buf *out, bool pretty);
void jw_obj(struct jw *w);           /* { */
void jw_obj_end(struct jw *w);
void jw_arr(struct jw *w);           /* [ */
void jw_arr_end(struct jw *w);
void jw_key(struct jw *w, const char *key);
void jw_key_str(struct jw *w, struct str key);
void jw_text(struct jw *w, const char *s);          /* NULL: null */
void jw_str(struct jw *w, struct str s);            /* invalid UTF-8 becomes U+FFFD */
void jw_int(struct jw *w, int64_t v);
void jw_uint(struct jw *w, uint64_t v);
void jw_bool(struct jw *w, bool v);
void jw_null(struct jw *w);
void jw_raw(struct jw *w, struct str json);         /* one valid JSON value, copied as it is */
/* Shorthands for object members. */
void jw_kv_text(struct jw *w, const char *key, const char *s);
void jw_kv_str(struct jw *w, const char *key, struct str s);
void jw_kv_int(struct jw *w, const char *key, int64_t v);
void jw_kv_uint(struct jw *w, const char *key, uint64_t v);
void jw_kv_bool(struct jw *w, const char *key, bool v);
/* An array of texts; nothing at all for an empty list. */
void jw_kv_strs(struct jw *w, const char *key, const struct strs *v);
MUST_CHECK int jw_done(struct jw *w, struct err *e);  /* the failure, if any; depth must be 0 */

/* Appends s as a JSON string with quotes. */
MUST_CHECK int jw_quote(struct buf *out, struct str s, struct err *e);

#endif
