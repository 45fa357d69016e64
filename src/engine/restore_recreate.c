/*
 * DESIGN
 *
 * An object whose change the API server does not permit is deleted and created again (--existing-resource-policy
 * recreate).  It was accepted as a new object before: CREATE was answered "exists", which comes after admission and
 * validation.
 *
 *   UPDATE --422--> DELETE (as it was seen) --> GONE (GET) --404--> CREATE_ANEW --refused--> PUT_BACK
 *                     |changed meanwhile          |still there, same uid: parked, asked for again, for GONE_NS
 *                     +--> LOOK                   +another uid: somebody was faster --> as LOOK
 *
 * What somebody else deletes begins at GONE, and is not put back.
 */
#include "engine/restore_impl.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"

#include <string.h>
#include <strings.h>

#define GONE_NS       (60 * NS_PER_S)   /* finalizers and the end of a pod have so long */
#define DELETIONS_MAX 3                 /* of one object, should others write it at the same time */

/* What is lost with an object, so that it has to be named. */
static const struct { const char *gr, *loss; } precious[] = {
	{ "persistentvolumeclaims", "the data of its volume may go with it" },
	{ "persistentvolumes", "its data may go with it" },
	{ "namespaces", "all that is in it would go with it" },
	{ "customresourcedefinitions.apiextensions.k8s.io", "all objects of its type would go with it" },
};

/* Types whose dependants stay: claims of stateful sets are data, pods that the new object's selector finds are adopted. */
static const struct { const char *gr; bool by_selector; } keeping[] = {
	{ "statefulsets.apps", false },
	{ "deployments.apps", true },
	{ "replicasets.apps", true },
	{ "daemonsets.apps", true },
	{ "replicationcontrollers", true },
};

/* --- what may be deleted, and what goes with it --- */

/* A name of --yes-really is this object's. */
static bool
is_named(struct restore *rs, struct str entry, const struct item *it)
{
	AUTO_FREE char *kind = NULL;
	const struct api_resource *res;
	struct str word, name = entry, ns = { 0 };

	if (!str_split(&name, '/', &word))
		return false;
	kind = str_dup(word);
	if (it->target_ns != NULL && !str_split(&name, '/', &ns))
		return false;
	res = discovery_resolve(rs->d, kind);
	return res != NULL && str_eqz(it->en->gr, res->gr) && str_eq(name, it->en->name)
		&& (it->target_ns == NULL || str_eqz(ns, it->target_ns));
}

int
item_may_recreate(struct item *it, const struct err *why, struct err *e)
{
	const struct strs *named = &it->rs->o->yes_really;
	const char *loss = NULL;

	for (size_t i = 0; i < COUNT(precious); i++)
		if (str_eqz(it->en->gr, precious[i].gr))
			loss = precious[i].loss;
	if (loss == NULL)
		return 0;
	for (size_t i = 0; i < named->len; i++)
		if (is_named(it->rs, str_of(named->at[i]), it))
			return 0;
	return err_set(e, EK_CONFLICT, "would have to be deleted and created again, and %s: --yes-really " STR_FMT "/%s%s"
		STR_FMT " permits it; left as it is: %s", loss, STR_ARG(it->en->kind),
		it->target_ns != NULL ? it->target_ns : "", it->target_ns != NULL ? "/" : "", STR_ARG(it->en->name), why->msg);
}

static bool
is_custom_type(struct str gr)
{
	struct str group = str_sub(gr, str_chr(gr, '.') + 1, gr.len);

	return str_chr(group, '.') < group.len && !str_ends(group, S(".k8s.io"));
}

static bool
keeps_dependants(const struct item *it)
{
	struct str then = { 0 }, now = { 0 };

	for (size_t i = 0; i < COUNT(keeping); i++) {
		if (!str_eqz(it->en->gr, keeping[i].gr))
			continue;
		return !keeping[i].by_selector || (jpath(buf_str(&it->old), &then, "spec", "selector", NULL)
			&& jpath(buf_str(&it->body), &now, "spec", "selector", NULL) && jequal(then, now));
	}
	return is_custom_type(it->en->gr);
}

/* --- steps --- */

static int
go_on(struct item *it, enum step step, struct err *e)
{
	return item_start(it, step, e) < 0 ? -1 : 1;
}

int
item_recreate(struct item *it, const struct err *why, struct err *e)
{
	struct str uid, version;

	if (item_may_recreate(it, why, e) < 0)
		return -1;
	if (it->deletions++ == DELETIONS_MAX)
		return err_set(e, EK_CONFLICT, "is changed by others all the time: %s", why->msg);
	if (!jpath(buf_str(&it->old), &uid, "metadata", "uid", NULL)
	    || !jpath(buf_str(&it->old), &version, "metadata", "resourceVersion", NULL))
		return err_set(e, EK_CORRUPT, "answer of the API server without uid or resource version");
	if (item_keep_endpoints(it, e) < 0)
		return -1;
	it->gone_by_mono_ns = 0;
	buf_cut(&it->patch, 0);
	buf_putf(&it->patch, "{\"apiVersion\":\"v1\",\"kind\":\"DeleteOptions\",\"preconditions\":{\"uid\":" STR_FMT
		",\"resourceVersion\":" STR_FMT "},\"propagationPolicy\":\"%s\"}", STR_ARG(uid), STR_ARG(version),
		keeps_dependants(it) ? "Orphan" : "Background");
	return go_on(it, STEP_DELETE, e);
}

static const char *
who_deletes(const struct item *it)
{
	return it->deletions > 0 ? "was deleted to be created again" : "is being deleted from the cluster";
}

/* Names them, or says what else keeps an object. */
static int
stuck(const struct item *it, struct str live, struct err *e)
{
	struct str finalizers;

	if (jpath(live, &finalizers, "metadata", "finalizers", NULL) && finalizers.len > 2)
		return err_set(e, EK_TIMEOUT, "%s, and is still there: what its finalizers " STR_FMT
			" stand for has not been done", who_deletes(it), STR_ARG(finalizers));
	return err_set(e, EK_TIMEOUT, "%s, and is still there after a minute", who_deletes(it));
}

int
item_is_going(struct item *it, struct str live, struct err *e)
{
	struct restore *rs = it->rs;
	struct str uid;

	/* Who may not create it has nothing to wait for. */
	if (it->refused.kind == EK_DENIED) {
		*e = it->refused;
		return -1;
	}
	if (!jpath(live, &uid, "metadata", "uid", NULL))
		return err_set(e, EK_CORRUPT, "is being deleted from the cluster, and the API server's answer has no uid");
	if (rs->going_by_mono_ns == 0) {
		rs->going_by_mono_ns = clock_mono_ns() + GONE_NS;
		report_note(rs->r, "objects that are still being deleted are waited for, up to a minute");
	}
	buf_cut(&it->old, 0);
	if (buf_add_str(&it->old, live, e) < 0)
		return -1;
	it->deletions = 0;
	it->gone_by_mono_ns = rs->going_by_mono_ns;
	return item_not_gone(it, live, e);
}

int
item_not_gone(struct item *it, struct str live, struct err *e)
{
	struct restore *rs = it->rs;
	struct str was, is;

	if (json_check(live, e) < 0)
		return err_ctx(e, "answer of the API server");
	if (!jpath(buf_str(&it->old), &was, "metadata", "uid", NULL) || !jpath(live, &is, "metadata", "uid", NULL)
	    || !str_eq(was, is))
		return 0;
	if (it->gone_by_mono_ns == 0)
		it->gone_by_mono_ns = clock_mono_ns() + GONE_NS;
	else if (clock_mono_ns() > it->gone_by_mono_ns)
		return stuck(it, live, e);
	/* It waits outside the window, which others go on with. */
	rs->live_bytes -= it->bytes;
	it->bytes = 0;
	*vec_push(&rs->parked) = it;
	return 1;
}

int
restore_parked(struct restore *rs, struct err *e)
{
	size_t n = rs->parked.len;

	report_progress(rs->r, "waiting for deletions", rs->done, rs->n.selected, 0);
	if (rs->parked_wait.pause_ns == 0)
		wait_begin(&rs->parked_wait);
	rs->parked_wait.end_ns = INT64_MAX;
	if (wait_more(rs, &rs->parked_wait, e) < 0)
		return -1;
	rs->parked.len = 0;
	for (size_t i = 0; i < n; i++)
		if (item_start(rs->parked.at[i], STEP_GONE, e) < 0)
			return -1;
	return 0;
}

void
restore_drop_parked(struct restore *rs)
{
	struct err why;

	for (size_t i = 0; i < rs->parked.len; i++) {
		err_set(&why, EK_CANCELED, "%s, and the restore was stopped before it was gone: restore it again",
			who_deletes(rs->parked.at[i]));
		item_failed(rs->parked.at[i], &why);
	}
	rs->parked.len = 0;
}

/* What there was before, but its status, comes back. */
static int
put_back(struct item *it, const struct err *why, struct err *e)
{
	AUTO_ARENA struct arena arena = ARENA_INIT;
	struct jnode *obj = jnode_open(&arena, buf_str(&it->old));
	struct str owners = jnode_raw(jnode_walk(obj, "metadata", "ownerReferences", NULL));

	it->refused = *why;
	scrub_common(obj);
	scrub_finish(obj, NULL, NULL, NULL);
	if (owners.len > 0)
		jnode_set_raw(jnode_need_obj(obj, "metadata"), "ownerReferences", owners);
	buf_cut(&it->patch, 0);
	if (jnode_write(obj, &it->patch, e) < 0)
		return -1;
	return go_on(it, STEP_PUT_BACK, e);
}

int
item_recreate_refused(struct item *it, const struct err *why, struct err *e)
{
	struct err first = it->refused, last = *why;

	switch (it->step) {
	case STEP_DELETE:
		if (why->kind == EK_NOTFOUND)
			return go_on(it, STEP_CREATE_ANEW, e);
		if (why->kind == EK_CONFLICT)
			return go_on(it, STEP_LOOK, e);
		break;
	case STEP_GONE:
		if (why->kind == EK_NOTFOUND)
			return go_on(it, it->deletions > 0 ? STEP_CREATE_ANEW : STEP_CREATE, e);
		*e = *why;
		return err_ctx(e, "%s, and cannot be looked at", who_deletes(it));
	case STEP_CREATE_ANEW:
		if (why->kind == EK_EXISTS) {
			it->refused = *why;
			return go_on(it, STEP_LOOK, e);
		}
		return put_back(it, why, e);
	default:
		err_set(e, first.kind, "was deleted to be created again, and is gone now: neither could it be created (%s) nor "
			"what was there before (%s)", first.msg, last.msg);
		return -1;
	}
	*e = *why;
	return err_ctx(e, "cannot be deleted to be created again");
}

int
item_was_put_back(struct item *it, struct err *e)
{
	if (item_put_back_endpoints(it, e) < 0)
		return -1;
	*e = it->refused;
	return err_ctx(e, "was deleted to be created again, which failed: what was there before has been put back");
}
