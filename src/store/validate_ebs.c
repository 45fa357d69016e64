/* Validation: may the credentials of a bucket make snapshots of EBS volumes, too? */
#include "store/s3_impl.h"
#include "store/validate_impl.h"

#include "aws/ec2.h"
#include "base/limits.h"

#include <string.h>

static void
add_name(struct buf *names, const char *name)
{
	buf_putf(names, "%s%s", names->len > 0 ? ", " : "", name);
}

int
check_volumes(struct check *k, struct err *e)
{
	const struct s3_conn *conn = &s3_of(k->st)->conn;
	const struct http_conf conf = { .user_agent = conn->http.user_agent, .retries = conn->http.retries };
	AUTO_BUF struct buf refused = BUF_INIT(KIB), undecided = BUF_INIT(KIB);
	AUTO(creds_done) struct creds creds = { 0 };
	AUTO(http_freep) struct http *h = http_new(&conf, e);
	const struct ec2 ec2 = { h, conn->region, &creds };
	enum ec2_verdict verdict;

	if (h == NULL || s3_conn_creds(conn, NULL, &creds, k->c, e) < 0)
		return -1;
	for (enum ec2_action a = 0; a < EC2_COUNT_; a++) {
		if (ec2_may(&ec2, a, &verdict, k->c, e) < 0)
			return -1;
		if (verdict != EC2_ALLOWED)
			add_name(verdict == EC2_REFUSED ? &refused : &undecided, ec2_permission(a));
	}
	facts_set(&k->facts, FACT_RESOURCE, "*");
	facts_set(&k->facts, FACT_ACTION, "%s", buf_cstr(refused.len > 0 ? &refused : &undecided));
	if (refused.len > 0) {
		(void)err_set(e, EK_DENIED, "EC2 in region '%s' refuses %s", conn->region, buf_cstr(&refused));
		(void)snprintf(e->reason, sizeof e->reason, "UnauthorizedOperation");
		return -1;
	}
	buf_putf(&k->detail, "EC2 in region '%s' would permit snapshots (dry run)", conn->region);
	if (undecided.len > 0)
		check_warn(k, "Undecided", "EC2 in region '%s' does not say whether it permits %s", conn->region,
			buf_cstr(&undecided));
	return 0;
}
