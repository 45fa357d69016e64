/* What a server drops. */
#include "engine/dropped.h"

#include "data/jdiff.h"
#include "data/jscan.h"

#define TOLD_MAX 3           /* paths that are named */
#define PATH_TOLD 120        /* bytes of each */

struct walk {
	struct buf *out;
	size_t      n;
};

static bool
is_nothing(struct str raw)
{
	static const char *const nothings[] = { "", "null", "false", "0", "\"\"", "[]", "{}" };

	for (size_t i = 0; i < COUNT(nothings); i++)
		if (str_eq(raw, str_of(nothings[i])))
			return true;
	return false;
}

/* What the server sets by itself. */
static bool
is_servers(struct str path)
{
	return str_starts(path, S("status")) || (str_starts(path, S("metadata"))
		&& !str_starts(path, S("metadata.labels")) && !str_starts(path, S("metadata.annotations")));
}

static int
on_difference(void *ctx, struct str path, struct str sent, struct str answer, struct err *e)
{
	struct walk *w = ctx;

	(void)e;
	if (answer.len > 0 || is_nothing(sent) || is_servers(path))
		return 0;
	if (path.len > PATH_TOLD)
		path.len = PATH_TOLD;
	if (w->n++ < TOLD_MAX)
		buf_putf(w->out, "%s" STR_FMT, w->n > 1 ? ", " : "", STR_ARG(path));
	return 0;
}

int
dropped_fields(struct str sent, struct str answer, struct buf *out, struct err *e)
{
	struct walk w = { .out = out };

	if (jdiff(sent, answer, on_difference, &w, e) < 0)
		return -1;
	if (w.n > TOLD_MAX)
		buf_putf(out, " and %zu more", w.n - TOLD_MAX);
	return 0;
}
