/* Resource policies. */
#include "engine/policy.h"

int
policy_parse(const char *yaml, struct policy *out, struct err *e)
{
	(void)yaml;
	(void)e;
	*out = (struct policy){ 0 };
	return 0;
}

void
policy_done(struct policy *p)
{
	strs_free(&p->inc_cluster_resources);
	strs_free(&p->exc_cluster_resources);
	strs_free(&p->inc_ns_resources);
	strs_free(&p->exc_ns_resources);
}
