/*
 * Objects that were refused for want of something that may come up while the rest is restored: what is behind a webhook,
 * a type, a service account, a quota that is counted.  They are tried again in later waves, one of each kind of reason
 * first.
 */
#include "engine/restore_impl.h"

#include "base/clock.h"
#include "base/mem.h"

#include <string.h>

#define NO_TYPE "the cluster has no such type"

/* Waves after everything else, and how long is waited before each when nothing but time can help. */
static const int64_t pauses_ns[] = { 0, NS_PER_S, 2 * NS_PER_S, 4 * NS_PER_S, 8 * NS_PER_S, 15 * NS_PER_S };

/* Answers to a write that may be another one later.  Words are the API server's (Kubernetes 1.20 to 1.35). */
static const struct { const char *words; bool patient; } passing[] = {
	{ "failed calling webhook", true },
	{ "error looking up service account", false },
	{ "no PriorityClass with name", false },
	{ "the server could not find the requested resource", false },
	{ NO_TYPE, false },
	{ "Operation cannot be fulfilled on resourcequotas", false },
	{ "status unknown for quota", true },
};

/* What a refusal is about: a webhook's name, or the reason itself. */
static char *
reason_of(const struct err *why, bool *patient)
{
	for (size_t i = 0; i < COUNT(passing); i++) {
		const char *at = strstr(why->msg, passing[i].words), *from, *to;

		if (at == NULL)
			continue;
		*patient = passing[i].patient;
		from = strchr(at, '"');
		to = from != NULL ? strchr(from + 1, '"') : NULL;
		if (to != NULL)
			return str_dup((struct str){ from + 1, (size_t)(to - from) - 1 });
		return xstrdup(passing[i].words);
	}
	return NULL;
}

bool
restore_try_later(struct restore *rs, const struct index_entry *planned, const struct err *why)
{
	AUTO_FREE char *reason = NULL;
	bool patient = false;
	struct obstacle *o;

	if (!rs->may_wait)
		return false;
	reason = reason_of(why, &patient);
	if (reason == NULL)
		return false;
	o = strmap_get(rs->obstacles_by_name, str_of(reason));
	if (o == NULL) {
		o = arena_alloc(&rs->arena, sizeof *o);
		o->name = arena_strdup(&rs->arena, str_of(reason));
		o->patient = patient;
		strmap_put(rs->obstacles_by_name, str_of(reason), o);
		*vec_push(&rs->obstacles) = o;
	}
	o->why = *why;
	*vec_push(&o->refused) = planned;
	return true;
}

void
restore_drop_obstacles(struct restore *rs)
{
	for (size_t i = 0; i < rs->obstacles.len; i++)
		vec_free(&rs->obstacles.at[i]->refused);
	vec_free(&rs->obstacles);
}

/* What runs something, which may bring definitions with it. */
static const char *const workloads[] = {
	"pods", "replicationcontrollers", "deployments.apps", "replicasets.apps", "statefulsets.apps", "daemonsets.apps",
	"jobs.batch",
};

void
restore_note_workload(struct restore *rs, struct str gr)
{
	for (size_t i = 0; i < COUNT(workloads) && !rs->runs_something; i++)
		rs->runs_something = str_eqz(gr, workloads[i]);
}

/* Puts some of them behind the plan, and restores them. */
static int
try_again(struct restore *rs, const struct planned *v, size_t from, size_t to, struct err *e)
{
	size_t begin = rs->plan.len;
	int rc;

	for (size_t i = from; i < to; i++)
		*vec_push(&rs->plan) = v->at[i];
	rc = restore_objects(rs, begin, rs->plan.len, NULL, e);
	rs->plan.len = begin;
	return rc;
}

/* Where only time helps, one goes first: the rest would but wait for the same answer. */
static int
retry_obstacle(struct restore *rs, struct obstacle *o, struct err *e)
{
	struct planned all = o->refused;
	bool one_first = o->patient && strcmp(o->name, NO_TYPE) != 0;
	int rc;

	o->refused = (struct planned){ 0 };
	rc = try_again(rs, &all, 0, one_first ? 1 : all.len, e);
	if (!one_first) {
		vec_free(&all);
		return rc;
	}
	if (rc == 0 && o->refused.len > 0) {
		for (size_t i = 1; i < all.len; i++)
			*vec_push(&o->refused) = all.at[i];
	} else if (rc == 0) {
		rc = try_again(rs, &all, 1, all.len, e);
	}
	vec_free(&all);
	return rc;
}

static size_t
waiting(const struct restore *rs, bool patient_only)
{
	size_t n = 0;

	for (size_t i = 0; i < rs->obstacles.len; i++)
		if (!patient_only || rs->obstacles.at[i]->patient)
			n += rs->obstacles.at[i]->refused.len;
	return n;
}

static int
pause_before(struct restore *rs, int64_t pause_ns, struct err *e)
{
	struct wait w = { INT64_MAX, NS_PER_S / 4 };

	for (int64_t end = clock_mono_ns() + pause_ns; clock_mono_ns() < end;) {
		w.pause_ns = NS_PER_S / 4;
		if (wait_more(rs, &w, e) < 0)
			return -1;
	}
	return 0;
}

/* Their last answer is the finding: it would be the same for each. */
static void
give_up(struct restore *rs)
{
	for (size_t i = 0; i < rs->obstacles.len; i++) {
		struct obstacle *o = rs->obstacles.at[i];

		for (size_t k = 0; k < o->refused.len; k++)
			restore_entry_failed(rs, o->refused.at[k], &o->why);
		o->refused.len = 0;
	}
}

int
restore_again(struct restore *rs, struct err *e)
{
	struct obstacle *unserved = strmap_get(rs->obstacles_by_name, S(NO_TYPE));

	if (unserved != NULL)
		unserved->patient = rs->runs_something;
	for (size_t wave = 0; wave < COUNT(pauses_ns); wave++) {
		if (waiting(rs, wave > 1) == 0)
			break;
		report_log(rs->r, "Trying again %zu objects that were refused", waiting(rs, false));
		report_progress(rs->r, "trying again", rs->done, rs->n.selected, 0);
		if (pause_before(rs, pauses_ns[wave], e) < 0)
			return -1;
		/* What defines it may have been among the rest, or come with what that runs. */
		if (unserved != NULL && unserved->refused.len > 0 && restore_rediscover(rs, e) < 0)
			return -1;
		for (size_t i = 0; i < rs->obstacles.len; i++)
			if (rs->obstacles.at[i]->refused.len > 0 && retry_obstacle(rs, rs->obstacles.at[i], e) < 0)
				return -1;
	}
	rs->may_wait = false;
	give_up(rs);
	return 0;
}
