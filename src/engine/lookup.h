/* Objects of a backup by what a user calls them.  Any thread; no state but the caller's. */
#ifndef ORLOP_ENGINE_LOOKUP_H
#define ORLOP_ENGINE_LOOKUP_H

#include "archive/index.h"
#include "base/err.h"
#include "k8s/discovery.h"

/* "KIND/NAME" or "KIND/NAMESPACE/NAME" cut up; slices of what.  EK_INVALID: it is neither. */
struct lookup { struct str kind, ns, name; };            /* ns.p NULL: not given */
MUST_CHECK int lookup_parse(const char *what, struct lookup *out, struct err *e);

/* The entry in ix, of the backup with this name and these types (reader_discovery).  EK_NOTFOUND; EK_INVALID: what says
 * no namespace, and several have such an object. */
MUST_CHECK const struct index_entry *lookup_object(const struct index *ix, const struct discovery *d, const char *backup,
	const char *what, struct err *e);

#endif
