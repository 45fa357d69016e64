/* Commands about jobs of other processes on this machine. */
#include "cli/commands.h"

#include "cli/listing.h"

static const struct column job_columns[] = {
	{ "ID", "id", COL_TEXT },
	{ "JOB", "operation", COL_TEXT },
	{ "NAME", "name", COL_TEXT },
	{ "STATE", "state", COL_TEXT },
	{ "DONE", "done", COL_NUMBER },
	{ "OF", "total", COL_NUMBER },
	{ "STARTED", "started", COL_TIME },
	{ "ENDED", "ended", COL_TIME, .wide = true },
	{ "LOCATION", "location", COL_TEXT, .wide = true },
	{ "MESSAGE", "message", COL_TEXT, .wide = true },
};

int
jobs_list(struct cli *c)
{
	static const struct listing l = { job_columns, COUNT(job_columns), "id", "No jobs yet." };

	return listing_run(c, new_request(c, OP_JOB_LIST), &l);
}

int
jobs_watch(struct cli *c)
{
	static const struct sink sink = { .row = NULL };

	return run_request(c, new_request(c, OP_JOB_WATCH), &sink);
}

int
jobs_cancel(struct cli *c)
{
	static const struct sink sink = { .row = NULL };

	return run_request(c, new_request(c, OP_JOB_STOP), &sink);
}
