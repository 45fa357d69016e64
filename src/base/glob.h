/* Wildcards as Velero uses them: '*', '?', '[abc]', '[a-z]', '[!a]' (velero-format 3.3).  Any thread. */
#ifndef ORLOP_BASE_GLOB_H
#define ORLOP_BASE_GLOB_H

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>

bool glob_has_magic(struct str pattern);
bool glob_match(struct str pattern, struct str text);            /* whole text; linear backtracking only */
/* EK_INVALID for what Velero refuses: characters | ( ) ! { } , and "**", empty or unclosed brackets. */
MUST_CHECK int glob_check(struct str pattern, struct err *e);

#endif
