/* Lists. */
#include "cli/listing.h"

int
listing_row(void *ctx, struct str json)
{
	return rows_add(ctx, json);
}

int
listing_end(void *ctx, enum ev_end end)
{
	(void)end;
	return rows_end(ctx);
}

int
listing_run(struct cli *c, struct request *r, const struct listing *l)
{
	struct rows *rows = rows_new(c->args.output, true, l->columns, l->n, l->name_path, l->empty);
	struct sink sink = { .row = listing_row, .done = listing_end, .ctx = rows };
	int code = run_request(c, r, &sink);

	rows_free(rows);
	return code;
}
