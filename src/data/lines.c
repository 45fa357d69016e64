/* Text that arrives in pieces, cut into lines. */
#include "data/lines.h"

void
lines_done(struct lines *l)
{
	buf_free(&l->rest);
}

int
lines_add(void *ctx, const void *p, size_t n, struct err *e)
{
	struct lines *l = ctx;
	struct str text = { p, n };

	while (text.len > 0) {
		size_t end = str_chr(text, '\n');
		struct str line = str_sub(text, 0, end);

		if (end == text.len)
			return buf_add_str(&l->rest, text, e);
		if (l->rest.len > 0) {
			if (buf_add_str(&l->rest, line, e) < 0)
				return -1;
			line = buf_str(&l->rest);
		}
		if (l->fn(l->ctx, line, ++l->number, e) < 0)
			return -1;
		buf_cut(&l->rest, 0);
		text = str_sub(text, end + 1, text.len);
	}
	return 0;
}
