/* Kubernetes' quantities ("500m", "1.5Gi", "1e3") as whole thousandths.  Any thread.  Source: Kubernetes API, Quantity. */
#ifndef ORLOP_K8S_QUANTITY_H
#define ORLOP_K8S_QUANTITY_H

#include "base/attr.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

/* Rounds up to thousandths, as API servers do; what does not fit is the greatest int64_t (about 8 PiB).  False: not a
 * quantity; *out untouched. */
MUST_CHECK bool quantity_parse(struct str s, int64_t *out_milli);

/* The sum, at most the greatest int64_t; neither is negative. */
int64_t quantity_add(int64_t a, int64_t b);

#define QUANTITY_MAX 32
/* "1500m", "3", "10Gi"; binary: of bytes, with the largest suffix that leaves a whole number. */
char *quantity_text(char out[QUANTITY_MAX], int64_t milli, bool binary);

#endif
