/*
 * Objects as people look at them: without what the server sets, and with the values of Secrets masked ("*** (24 bytes)").
 * Any thread; no state but the caller's.
 */
#ifndef ORLOP_ENGINE_VIEW_H
#define ORLOP_ENGINE_VIEW_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>

enum view_fields {
	VIEW_ALL,
	VIEW_UNMANAGED,              /* all but metadata.managedFields */
	VIEW_CONTENT                 /* what index_content_hash looks at: nothing that the server sets, no status */
};
struct view { enum view_fields fields; bool show_secrets; };

/*
 * Appends json, which has passed json_check, as v wants it.  other: the object that it will be shown beside, or empty;
 * a masked value that is another one there says so, since the masks may be the same.  A Secret is what says it is one
 * or stands among them: gr is its type in the backup.  EK_LIMIT from out only.
 */
MUST_CHECK int view_put(const struct view *v, struct str gr, struct str json, struct str other, struct buf *out,
	struct err *e);
/* Is it one whose values are masked? */
bool view_is_secret(struct str gr, struct str json);

/* Appends a Secret with the values of its data decoded, as far as they are text: to be searched, not to be stored. */
MUST_CHECK int view_decode_secret(struct str json, struct buf *out, struct err *e);

#endif
