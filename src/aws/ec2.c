/* Amazon EC2: a table of actions, each with parameters for a dry run. */
#include "aws/ec2.h"

#include "aws/query.h"
#include "base/log.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>

#define LOG_MODULE "aws"
#define PARAMS_MAX 4
#define VOLUME     "vol-00000000000000000"
#define SNAPSHOT   "snap-00000000000000000"

static const struct query_service ec2_service = { "ec2", "EC2", "AWS_ENDPOINT_URL_EC2", "2016-11-15" };

/* "{zone}" is the first zone of the region. */
static const struct action_row {
	const char *permission;          /* "ec2:" and the action */
	struct { const char *name, *value; } sample[PARAMS_MAX];
} actions[] = {
	[EC2_DESCRIBE_VOLUMES]   = { "ec2:DescribeVolumes",   { { "MaxResults", "5" } } },
	[EC2_DESCRIBE_SNAPSHOTS] = { "ec2:DescribeSnapshots", { { "Owner.1", "self" }, { "MaxResults", "5" } } },
	[EC2_CREATE_TAGS]        = { "ec2:CreateTags",        { { "ResourceId.1", VOLUME }, { "Tag.1.Key", "orlop" },
		{ "Tag.1.Value", "probe" } } },
	[EC2_CREATE_VOLUME]      = { "ec2:CreateVolume",      { { "AvailabilityZone", "{zone}" }, { "Size", "1" },
		{ "VolumeType", "gp3" } } },
	[EC2_CREATE_SNAPSHOT]    = { "ec2:CreateSnapshot",    { { "VolumeId", VOLUME } } },
	[EC2_DELETE_SNAPSHOT]    = { "ec2:DeleteSnapshot",    { { "SnapshotId", SNAPSHOT } } },
};
_Static_assert(COUNT(actions) == EC2_COUNT_, "every action needs its row");

/* Error codes of the EC2 API Reference.  A code that is not here and begins with "Invalid" is about the sample. */
enum meaning { IS_DRY_RUN, IS_REFUSED, IS_KEYS, IS_BUSY };
static const struct { const char *code; enum meaning meaning; } codes[] = {
	{ "DryRunOperation",      IS_DRY_RUN },
	{ "UnauthorizedOperation", IS_REFUSED },
	{ "AccessDenied",         IS_REFUSED },
	{ "AuthFailure",          IS_KEYS },
	{ "SignatureDoesNotMatch", IS_KEYS },
	{ "InvalidClientTokenId", IS_KEYS },
	{ "RequestExpired",       IS_KEYS },
	{ "ExpiredToken",         IS_KEYS },
	{ "Blocked",              IS_KEYS },
	{ "OptInRequired",        IS_KEYS },
	{ "RequestLimitExceeded", IS_BUSY },
};

const char *
ec2_permission(enum ec2_action a)
{
	return actions[a].permission;
}

static bool
knows(const char *code, enum meaning *out)
{
	for (size_t i = 0; i < COUNT(codes); i++)
		if (strcmp(codes[i].code, code) == 0) {
			*out = codes[i].meaning;
			return true;
		}
	return false;
}

static void
add_sample(struct query *q, const struct action_row *row, const char *region)
{
	AUTO_FREE char *zone = xasprintf("%sa", region);

	query_add(q, "DryRun", S("true"));
	for (size_t i = 0; i < PARAMS_MAX && row->sample[i].name; i++)
		query_add(q, row->sample[i].name, str_of(strcmp(row->sample[i].value, "{zone}") == 0 ? zone
			: row->sample[i].value));
}

/* *out, or what the refusal is. */
static int
judge(const struct http_resp *resp, enum ec2_verdict *out, struct err *e)
{
	struct query_refusal x;
	enum meaning meaning;

	query_refused(resp, &x);
	if (!*x.code)
		return err_ctx(e, "it does not answer as EC2 does; check AWS_ENDPOINT_URL_EC2 and what stands between");
	LOG_DBG("dry run: %d %s: %s", resp->status, x.code, x.message);
	if (knows(x.code, &meaning) && (meaning == IS_DRY_RUN || meaning == IS_REFUSED)) {
		*out = meaning == IS_DRY_RUN ? EC2_ALLOWED : EC2_REFUSED;
		return 0;
	}
	if (!knows(x.code, &meaning) && resp->status < 500 && strncmp(x.code, "Invalid", sizeof "Invalid" - 1) == 0) {
		*out = EC2_UNDECIDED;
		return 0;
	}
	(void)err_set(e, knows(x.code, &meaning) ? meaning == IS_BUSY ? EK_THROTTLED : EK_DENIED : e->kind, "%s (%d %s)",
		*x.message ? x.message : "refused", resp->status, x.code);
	e->http = resp->status;
	memcpy(e->reason, x.code, sizeof e->reason);
	return -1;
}

int
ec2_may(const struct ec2 *x, enum ec2_action a, enum ec2_verdict *out, const struct cancel *c, struct err *e)
{
	AUTO(query_done) struct query q = { 0 };
	struct err why = { 0 };

	if (query_init(&q, &ec2_service, x->http, x->region, x->with, ec2_permission(a) + sizeof "ec2:" - 1, e) < 0)
		return -1;
	add_sample(&q, &actions[a], x->region);
	for (unsigned attempt = 0;; attempt++) {
		AUTO(http_resp_done) struct http_resp resp = { 0 };

		why = (struct err){ 0 };
		if (query_send(&q, &resp, c, &why) == 0) {
			*out = EC2_ALLOWED;      /* some that speak like EC2 take no notice of DryRun where nothing changes */
			return a == EC2_DESCRIBE_VOLUMES || a == EC2_DESCRIBE_SNAPSHOTS ? 0
				: err_set(e, EK_CORRUPT, "%s: it was asked for a dry run and answers as if it had done it: it is "
				"not EC2", ec2_permission(a));
		}
		if (resp.status >= 400 && judge(&resp, out, &why) == 0)
			return 0;
		if (attempt > 0 || !query_was_skewed(&q, &why))
			break;
	}
	*e = why;
	return err_ctx(e, "%s", ec2_permission(a));
}
