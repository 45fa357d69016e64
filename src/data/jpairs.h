/*
 * Inside the JSON modules only: the members of two objects side by side, in the order of their unescaped keys.  Of
 * members with one key the first counts.  Slices of the documents; any thread.
 */
#ifndef ORLOP_DATA_JPAIRS_H
#define ORLOP_DATA_JPAIRS_H

#include "data/jscan.h"

struct jpairs { struct jmembers a, b; size_t ia, ib; };

/* What is no object has no members. */
void jpairs_init(struct jpairs *p, struct str a, struct str b);
void jpairs_done(struct jpairs *p);
/* Sets *a and *b to the next members with the same key, NULL where there is none.  False: there are no more. */
bool jpairs_next(struct jpairs *p, const struct jmember **a, const struct jmember **b);

#endif
