/*
 * Maps of names, OLD:NEW, as options give them: exact names, and patterns with one '*' on each side, which stands for the
 * same text in both.  Exact entries win over patterns, then the first one wins.  Entries know whether they were ever
 * used.  Owned by one thread.
 */
#ifndef ORLOP_ENGINE_MAPS_H
#define ORLOP_ENGINE_MAPS_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "base/vec.h"

#include <stdbool.h>

struct name_pair {
	char *from, *to;
	bool  used;
	bool  lenient;               /* from a file of Velero's: need not be used */
};
struct name_map VEC_OF(struct name_pair);

enum { MAP_PLAIN = 0, MAP_PATTERNS = 1, MAP_NO_TARGET = 2 };     /* what entries may be; NO_TARGET: "OLD:" */

void name_map_add(struct name_map *m, struct str from, struct str to, bool lenient);
/* Adds entries "OLD<sep>NEW".  EK_INVALID names the option and the entry. */
MUST_CHECK int name_map_read(struct name_map *m, const struct strs *entries, char sep, unsigned allowed, const char *option,
	struct err *e);
void name_map_done(struct name_map *m);

/* The new name, in a, and the entry marked as used.  False: there is none for it. */
bool name_map_get(struct name_map *m, struct str name, struct arena *a, struct str *out);
bool name_map_all_used(const struct name_map *m);
/* EK_NOTFOUND names the first entry that was not. */
MUST_CHECK int name_map_check(const struct name_map *m, char sep, const char *option, struct err *e);

#endif
