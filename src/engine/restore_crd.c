/* Definitions of custom resources: restored first, and waited for until what they define is served. */
#include "engine/restore_impl.h"

#include "base/limits.h"
#include "base/mem.h"

#include <string.h>

#define CRD "customresourcedefinitions.apiextensions.k8s.io"

bool
restore_is_crd(struct str gr)
{
	return str_eq(gr, S(CRD));
}

int
crd_state(struct str json, struct err *e)
{
	AUTO_ARENA struct arena arena = ARENA_INIT;
	unsigned seen = 0;

	for (struct jnode *c = jnode_first(jnode_walk(jnode_open(&arena, json), "status", "conditions", NULL)); c != NULL;
	     c = jnode_next(c)) {
		bool names = jnode_is_text(jnode_get(c, "type"), "NamesAccepted");

		if (names && jnode_is_text(jnode_get(c, "status"), "False"))
			return err_set(e, EK_CONFLICT, "its names are not accepted: " STR_FMT
				"; delete the definition that has them", STR_ARG(jnode_text(jnode_get(c, "message"))));
		if (!jnode_is_text(jnode_get(c, "status"), "True"))
			continue;
		seen |= names ? 1 : 0;
		seen |= jnode_is_text(jnode_get(c, "type"), "Established") ? 2 : 0;
	}
	return seen == 3;
}

static void
not_ready(struct restore *rs, const char *name, const struct err *why)
{
	restore_tell(rs, RESULT_ERROR, "", CRD, name, why);
}

/* One look at each: what is established goes from names to ready, what cannot be becomes a finding. */
static int
look_at_crds(struct restore *rs, struct strs *names, struct strs *ready, struct err *e)
{
	const struct api_resource *res = discovery_gvr(rs->d, "apiextensions.k8s.io", NULL, "customresourcedefinitions");
	AUTO_ASKS struct asks asks = { 0 };
	AUTO_STRS struct strs waiting = { 0 };

	for (size_t i = 0; res != NULL && i < names->len; i++)
		(void)asks_add(&asks, "GET", api_path(res, NULL, names->at[i]));
	if (asks_run(rs, &asks, e) < 0)
		return -1;
	for (size_t i = 0; i < asks.len; i++) {
		struct ask *a = &asks.at[i];
		int state = a->rc;

		if (state == 0)
			state = json_check(buf_str(&a->answer), &a->why);
		if (state == 0)
			state = crd_state(buf_str(&a->answer), &a->why);
		if (state < 0)
			not_ready(rs, names->at[i], &a->why);
		else
			strs_add(state > 0 ? ready : &waiting, names->at[i]);
	}
	strs_free(names);
	*names = waiting;
	waiting = (struct strs){ 0 };
	return 0;
}

/* The name of a definition is "<plural>.<group>", which is how discovery calls its type. */
static bool
is_served(const struct restore *rs, const char *name)
{
	for (size_t i = 0; i < rs->d->all.len; i++)
		if (strcmp(rs->d->all.at[i].gr, name) == 0)
			return true;
	return false;
}

int
restore_rediscover(struct restore *rs, struct err *e)
{
	struct discovery *d = discovery_load(rs->k, rs->c, e);

	if (d == NULL)
		return err_ctx(e, "discovery");
	discovery_free(rs->d);
	rs->d = d;
	rs->d_age++;
	return 0;
}

static void
give_up(struct restore *rs, const struct strs *names, const char *what)
{
	struct err why;

	err_set(&why, EK_TIMEOUT, "%s after 10 minutes", what);
	for (size_t i = 0; i < names->len; i++)
		not_ready(rs, names->at[i], &why);
}

static int
wait_served(struct restore *rs, const struct strs *ready, struct err *e)
{
	struct wait w;

	wait_begin(&w);
	for (;;) {
		AUTO_STRS struct strs missing = { 0 };
		int rc;

		if (restore_rediscover(rs, e) < 0)
			return -1;
		for (size_t i = 0; i < ready->len; i++)
			if (!is_served(rs, ready->at[i]))
				strs_add(&missing, ready->at[i]);
		if (missing.len == 0)
			return 0;
		rc = wait_more(rs, &w, e);
		if (rc < 0)
			return -1;
		if (rc > 0) {
			give_up(rs, &missing, "not served");
			return 0;
		}
	}
}

int
restore_crds(struct restore *rs, size_t from, size_t to, struct err *e)
{
	AUTO_STRS struct strs names = { 0 };
	AUTO_STRS struct strs ready = { 0 };
	uint64_t written = rs->n.created + rs->n.updated;
	struct wait w;

	if (restore_objects(rs, from, to, &names, e) < 0)
		return -1;
	if (names.len == 0 && rs->n.created + rs->n.updated == written)
		return 0;
	report_progress(rs->r, "waiting for CRDs", rs->done, rs->n.selected, 0);
	wait_begin(&w);
	for (;;) {
		int rc;

		if (look_at_crds(rs, &names, &ready, e) < 0)
			return -1;
		if (names.len == 0)
			break;
		rc = wait_more(rs, &w, e);
		if (rc < 0)
			return -1;
		if (rc > 0) {
			give_up(rs, &names, "not established");
			break;
		}
	}
	return wait_served(rs, &ready, e);
}
