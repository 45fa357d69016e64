/*
 * DESIGN
 *
 * One object is a few requests, one after another; many objects are under way at once:
 *
 *   CREATE --201--> created --status wanted--> STATUS (PUT) --conflict--> STATUS_AGAIN (GET), STATUS
 *     |                     --several owners-> OWNERS (PATCH of metadata.managedFields)
 *     |exists, or refused for what is asked before that
 *   LOOK (GET) --not there--> as CREATE was answered
 *     |        --being deleted--> restore_recreate.c
 *     |        --equal--> skipped          (policy update: LABEL)
 *     |differs
 *     +--policy none------> warning
 *     +--service account--> MERGE (PATCH)
 *     +--policy update----> UPDATE (PATCH) --refused--> warning, LABEL (PATCH of the two labels)
 *     +--policy recreate--> UPDATE (PATCH) --422--> restore_recreate.c
 *     +--policy apply-----> APPLY (PATCH)
 *     +--policy fail------> error
 */
#include "engine/restore_impl.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"

#include <string.h>

#define STATUS_TRIES 5
#define CREATES_MAX  3         /* of an object that others create and delete meanwhile */

int
item_start(struct item *it, enum step step, struct err *e)
{
	struct k8s_op op = { .tag = it, .method = "PATCH", .path = it->path, .body = buf_str(&it->patch),
		.metadata_only = true };

	it->step = step;
	switch (step) {
	case STEP_CREATE:
	case STEP_CREATE_ANEW:
		op.method = "POST";
		op.path = it->create_path;
		op.body = buf_str(it->paused.len > 0 ? &it->paused : &it->body);
		op.repeatable = true;            /* the name is fixed: a second one is refused */
		break;
	case STEP_LOOK:
	case STEP_STATUS_AGAIN:
		op.method = "GET";
		op.body = (struct str){ 0 };
		break;
	case STEP_STATUS:
		op.method = "PUT";
		op.path = it->status_path;
		break;
	case STEP_APPLY:
		it->apply_path = item_apply_path(it);
		op.path = it->apply_path;
		op.apply = true;
		break;
	case STEP_DELETE:
		op.method = "DELETE";
		op.metadata_only = false;
		break;
	case STEP_GONE:
		op.method = "GET";
		op.body = (struct str){ 0 };
		break;
	case STEP_PUT_BACK:
		op.method = "POST";
		op.path = it->create_path;
		op.repeatable = true;
		break;
	case STEP_UPDATE:
	case STEP_MERGE:
	case STEP_LABEL:
	case STEP_OWNERS:
		break;
	}
	it->sent_mono_ns = clock_mono_ns();
	return k8s_start(it->rs->k, &op, it->rs->c, e);
}

/* As item_answered. */
static int
go_on(struct item *it, enum step step, struct err *e)
{
	return item_start(it, step, e) < 0 ? -1 : 1;
}

/* --- after it was created --- */

static int
restore_owners(struct item *it, struct err *e)
{
	if (it->owners.len == 0)
		return 0;
	buf_cut(&it->patch, 0);
	buf_puts(&it->patch, "{\"metadata\":{\"managedFields\":");
	if (buf_add_str(&it->patch, buf_str(&it->owners), e) < 0)
		return -1;
	buf_puts(&it->patch, "}}");
	return go_on(it, STEP_OWNERS, e);
}

static int
status_failed(struct item *it, const struct err *why, struct err *e)
{
	AUTO_FREE char *text = xasprintf("the status was not restored: %s", why->msg);

	item_warned(it, "what writes it will write it anew", text);
	return restore_owners(it, e);
}

/* live: the object as it now is, of which the resource version counts. */
static int
put_status(struct item *it, struct str live, struct err *e)
{
	AUTO_ARENA struct arena arena = ARENA_INIT;
	struct jnode *obj = jnode_open(&arena, buf_str(it->paused.len > 0 ? &it->paused : &it->body));
	struct str version;
	struct err why;

	if (json_check(live, &why) < 0 || !jpath(live, &version, "metadata", "resourceVersion", NULL)) {
		err_set(&why, EK_CORRUPT, "answer of the API server without a resource version");
		return status_failed(it, &why, e);
	}
	jnode_set_raw(jnode_need_obj(obj, "metadata"), "resourceVersion", version);
	jnode_set_raw(obj, "status", buf_str(&it->status));
	buf_cut(&it->patch, 0);
	if (jnode_write(obj, &it->patch, e) < 0)
		return -1;
	it->status_tries++;
	return go_on(it, STEP_STATUS, e);
}

static int
created(struct item *it, struct str answer, struct strs *unready, struct err *e)
{
	if (it->deletions > 0)
		item_outcome(it, "(recreated)", &it->rs->n.updated);
	else
		item_outcome(it, "(created)", &it->rs->n.created);
	if (it->paused.len > 0)
		it->rs->paused++;
	restore_note_workload(it->rs, it->gr);
	restore_hooks_created(it);
	item_note_owners(it, answer);
	if (item_put_back_endpoints(it, e) < 0)
		return -1;
	if (unready != NULL) {
		AUTO_FREE char *name = str_dup(it->en->name);

		strs_add(unready, name);
	}
	return it->status.len > 0 ? put_status(it, answer, e) : restore_owners(it, e);
}

/* --- it is there already --- */

static int
label_patch(struct item *it, struct err *e)
{
	buf_cut(&it->patch, 0);
	buf_putf(&it->patch, "{\"metadata\":{\"labels\":{\"velero.io/backup-name\":\"%s\",\"velero.io/restore-name\":\"%s\"}}}",
		it->rs->backup_label, it->rs->restore_label);
	return go_on(it, STEP_LABEL, e);
}

/* Adds to patch the union, by name, of a list of references. */
static void
union_list(struct arena *arena, struct jnode *patch, struct jnode *live, struct jnode *want, const char *key)
{
	struct jnode *merged = jnode_open(arena, S("[]"));
	bool grew = false;

	for (struct jnode *r = jnode_first(jnode_get(live, key)); r != NULL; r = jnode_next(r))
		jnode_append_raw(merged, jnode_raw(r));
	for (struct jnode *r = jnode_first(jnode_get(want, key)); r != NULL; r = jnode_next(r)) {
		struct str name = jnode_text(jnode_get(r, "name"));
		bool there = false;

		for (struct jnode *m = jnode_first(merged); m != NULL && !there; m = jnode_next(m))
			there = str_eq(jnode_text(jnode_get(m, "name")), name);
		if (!there) {
			jnode_append_raw(merged, jnode_raw(r));
			grew = true;
		}
	}
	if (grew)
		jnode_set_raw(patch, key, jnode_raw(merged));
}

/* Adds to patch the members of want's map that live lacks. */
static void
add_missing(struct jnode *patch, struct jnode *live, struct jnode *want, const char *key)
{
	struct jnode *have = jnode_walk(live, "metadata", key, NULL);

	for (struct jnode *m = jnode_first(jnode_walk(want, "metadata", key, NULL)); m != NULL; m = jnode_next(m)) {
		struct str name = jnode_key(m);
		AUTO_FREE char *text = str_dup(name);

		if (jnode_get(have, text) == NULL)
			jnode_set_raw(jnode_need_obj(jnode_need_obj(patch, "metadata"), key), text, jnode_raw(m));
	}
}

int
item_account_patch(struct item *it, struct arena *arena, struct jnode *live, struct err *e)
{
	struct jnode *want = jnode_open(arena, buf_str(&it->body));
	struct jnode *patch = jnode_new_obj(arena);

	union_list(arena, patch, live, want, "secrets");
	union_list(arena, patch, live, want, "imagePullSecrets");
	add_missing(patch, live, want, "labels");
	add_missing(patch, live, want, "annotations");
	buf_cut(&it->patch, 0);
	return jnode_first(patch) != NULL ? jnode_write(patch, &it->patch, e) : 0;
}

/* velero-format 4.6: a service account is always merged, and the cluster wins. */
static int
merge_account(struct item *it, struct arena *arena, struct jnode *live, struct str live_json, struct err *e)
{
	if (item_account_patch(it, arena, live, e) < 0)
		return -1;
	if (it->patch.len > 0 && item_is_planned(it, PLAN_SAME))
		return err_set(e, EK_CONFLICT, "it has changed since the plan was made, which says 'same'");
	if (it->patch.len > 0)
		return go_on(it, STEP_MERGE, e);
	it->left_alone = true;
	item_note_owners(it, live_json);
	item_outcome(it, "(skipped)", &it->rs->n.skipped);
	return 0;
}

static bool
is_released(const struct item *it, struct str live_json)
{
	struct str phase;

	return str_eq(it->en->gr, S("persistentvolumes")) && jpath(live_json, &phase, "status", "phase", NULL)
		&& jstr_eq(phase, S("Released"));
}

/*
 * A volume whose claim is gone remembers it, so that no other one, the restored one included, can ever have it.  What it
 * remembers is then a difference like any other; forgetting it makes the volume available.
 */
static void
show_claim(struct jnode *live, struct str live_json)
{
	struct jnode *claim = jnode_walk(live, "spec", "claimRef", NULL);
	struct str uid;

	if (jpath(live_json, &uid, "spec", "claimRef", "uid", NULL))
		jnode_set_raw(claim, "uid", uid);
}

static int
equal(struct item *it, struct str live_json, struct err *e)
{
	/* The first answer was lost on its way: it was us.  A port that is taken is an answer, and given each time. */
	if (it->repeated && it->refused.kind == EK_EXISTS)
		return created(it, live_json, NULL, e);
	item_note_owners(it, live_json);
	if (it->rs->o->policy == EXISTING_UPDATE)
		return label_patch(it, e);
	item_outcome(it, "(skipped)", &it->rs->n.skipped);
	return 0;
}

static void
warn_that_it_differs(struct item *it, bool released)
{
	AUTO_FREE char *text = xasprintf("could not restore, " STR_FMT ":" STR_FMT " already exists. Warning: %s",
		STR_ARG(it->en->kind), STR_ARG(it->en->name), released
		? "the volume was released by a claim that is gone, and no other claim can have it"
		: "the in-cluster version is different than the backed-up version");

	item_warned(it, released ? "--existing-resource-policy update makes it available to its claim again"
		: "--existing-resource-policy update changes it to the version in the backup", text);
	item_outcome(it, "(failed)", &it->rs->n.differ);
}

int
item_update_patch(struct item *it, struct jnode *live, struct err *e)
{
	AUTO(buf_wipe) struct buf text = BUF_INIT(LIMIT_OBJECT);
	struct jnode *labels = jnode_walk(live, "metadata", "labels", NULL);

	/* The labels of this restore are in live for the comparison only. */
	jnode_del(labels, "velero.io/backup-name");
	jnode_del(labels, "velero.io/restore-name");
	buf_cut(&it->patch, 0);
	if (jnode_write(live, &text, e) < 0)
		return -1;
	return jmerge_diff(buf_str(&text), buf_str(&it->body), &it->patch, e);
}

char *
item_apply_path(const struct item *it)
{
	return xasprintf("%s?fieldManager=orlop&force=false", it->path);
}

/* What is deleted to be created again is kept, in case that fails. */
static int
keep_old(struct item *it, struct str live_json, struct err *e)
{
	buf_cut(&it->old, 0);
	return it->rs->o->policy == EXISTING_RECREATE ? buf_add_str(&it->old, live_json, e) : 0;
}

/* The API server answers a change of these with success, and leaves them as they are. */
static const struct { const char *gr, *field; } kept_silently[] = {
	{ "certificatesigningrequests.certificates.k8s.io", "spec" },
};

bool
item_is_kept_silently(const struct item *it, struct arena *arena, struct jnode *live, struct err *why)
{
	struct jnode *want = jnode_open(arena, buf_str(&it->body));

	for (size_t i = 0; i < COUNT(kept_silently); i++) {
		const char *field = kept_silently[i].field;

		if (!str_eqz(it->gr, kept_silently[i].gr)
		    || jequal(jnode_raw(jnode_get(live, field)), jnode_raw(jnode_get(want, field))))
			continue;
		err_set(why, EK_INVALID, "%s: field is immutable, and the API server keeps it without a word", field);
		why->http = 422;
		return true;
	}
	return false;
}

int
item_apply_patch(struct item *it, struct arena *arena, struct err *e)
{
	struct jnode *obj = jnode_open(arena, buf_str(&it->body));
	struct jnode *selector = jnode_walk(obj, "spec", "selector", "matchLabels", NULL);

	/* The selector of a job whose user has set none was generated; what is left of it would take it away. */
	if (str_eq(it->gr, S("jobs.batch")) && selector != NULL && jnode_first(selector) == NULL)
		jnode_del(jnode_get(obj, "spec"), "selector");
	buf_cut(&it->patch, 0);
	return jnode_write(obj, &it->patch, e);
}

/* What is planned is done to what was looked at, and to nothing that came after it. */
static int
hold_version(struct item *it, struct arena *arena, struct str live_json, struct err *e)
{
	AUTO(buf_wipe) struct buf text = BUF_INIT(LIMIT_OBJECT);
	struct str version;
	struct jnode *patch;

	if (it->mark == NULL || !jpath(live_json, &version, "metadata", "resourceVersion", NULL))
		return 0;
	if (buf_add_str(&text, buf_str(&it->patch), e) < 0)
		return -1;
	patch = jnode_open(arena, buf_str(&text));
	jnode_set_raw(jnode_need_obj(patch, "metadata"), "resourceVersion", version);
	buf_cut(&it->patch, 0);
	return jnode_write(patch, &it->patch, e);
}

static int
differs(struct item *it, struct arena *arena, struct jnode *live, struct str live_json, struct err *e)
{
	struct err why;

	if (it->rs->o->policy == EXISTING_FAIL)
		return err_set(e, EK_EXISTS, EXISTS_AND_DIFFERS);
	if (str_eq(it->en->gr, S("serviceaccounts")))
		return merge_account(it, arena, live, live_json, e);
	if (item_is_planned(it, PLAN_DIFFERS)) {
		warn_that_it_differs(it, is_released(it, live_json));
		return 0;
	}
	it->step = STEP_UPDATE;
	switch (it->rs->o->policy) {
	case EXISTING_RECREATE:
	case EXISTING_UPDATE:
		if (keep_old(it, live_json, e) < 0 || item_update_patch(it, live, e) < 0
		    || hold_version(it, arena, live_json, e) < 0)
			return -1;
		if (item_is_kept_silently(it, arena, live, &why))
			return item_refused(it, &why, e);
		return go_on(it, STEP_UPDATE, e);
	case EXISTING_APPLY:
		if (item_is_kept_silently(it, arena, live, e) || item_apply_patch(it, arena, e) < 0)
			return -1;
		return go_on(it, STEP_APPLY, e);
	case EXISTING_NONE:
	case EXISTING_FAIL:
	case EXISTING_COUNT_:
		break;
	}
	warn_that_it_differs(it, is_released(it, live_json));
	return 0;
}

int
item_compare(struct item *it, struct arena *arena, struct str live_json, struct jnode **live, bool *same, struct err *e)
{
	AUTO_BUF struct buf text = BUF_INIT(LIMIT_OBJECT);
	enum scrub_verdict ignored = SCRUB_KEEP;

	*live = jnode_open(arena, live_json);
	if (item_edit(it, arena, live, false, &ignored, e) < 0)
		return -1;
	if (is_released(it, live_json))
		show_claim(*live, live_json);
	item_show_unpaused(it, *live);
	if (jnode_write(*live, &text, e) < 0)
		return -1;
	*same = jequal(buf_str(&text), buf_str(&it->body));
	return 0;
}

static int
look(struct item *it, struct str live_json, struct strs *unready, struct err *e)
{
	AUTO_ARENA struct arena arena = ARENA_INIT;
	struct jnode *live;
	struct str deleted;
	struct err why;
	bool same;

	if (json_check(live_json, e) < 0)
		return err_ctx(e, "answer of the API server");
	if (jpath(live_json, &deleted, "metadata", "deletionTimestamp", NULL))
		return it->mark == NULL ? item_is_going(it, live_json, e)
			: err_set(e, EK_CONFLICT, "is being deleted from the cluster, and the plan does not say so");
	/* A definition of a restore that was stopped, maybe. */
	if (unready != NULL && crd_state(live_json, &why) != 1) {
		AUTO_FREE char *name = str_dup(it->en->name);

		strs_add(unready, name);
	}
	if (item_compare(it, &arena, live_json, &live, &same, e) < 0)
		return -1;
	if (restore_made(it->rs, live_json)) {
		/* What it was when it was created is not known. */
		if (!same)
			it->version[0] = '\0';
		return created(it, live_json, unready, e);
	}
	if (item_as_planned(it, same, live_json, e) < 0)
		return -1;
	return same ? equal(it, live_json, e) : differs(it, &arena, live, live_json, e);
}

/* --- answers --- */

/* The API server checks a service's node ports before its name (velero-format 4.5, step 12). */
static bool
port_taken(const struct item *it, const struct err *why)
{
	return str_eq(it->en->gr, S("services")) && strstr(why->msg, "provided port is already allocated") != NULL;
}

static int
owners_refused(struct item *it, const struct err *why, struct err *e)
{
	AUTO_FREE char *text = NULL;

	/* Somebody deleted it meanwhile; anything else is an error (velero-format 4.5, step 16). */
	if (why->kind == EK_NOTFOUND) {
		text = xasprintf("who owns its fields was not restored: %s", why->msg);
		item_warned(it, NULL, text);
		return 0;
	}
	*e = *why;
	return err_ctx(e, "who owns its fields was not restored");
}

/*
 * Rights, admission and validation come before the question whether the object exists.  What is there is to be treated as
 * such, also by somebody who could not create it.
 */
static bool
may_be_there(const struct item *it, const struct err *why)
{
	return why->kind == EK_EXISTS || why->kind == EK_DENIED || why->kind == EK_INVALID || port_taken(it, why)
		|| strstr(why->msg, "failed calling webhook") != NULL;
}

/* It is not there, or nobody may know. */
static int
create_refused(struct item *it, const struct err *why)
{
	if (!restore_try_later(it->rs, it->planned, why))
		item_failed(it, why);
	return 0;
}

/* The object is as it was: all of it can be done again. */
static bool
is_write(enum step step)
{
	return step == STEP_UPDATE || step == STEP_MERGE || step == STEP_APPLY;
}

static int
update_refused(struct item *it, const struct err *why, struct err *e)
{
	struct err cause = *why;

	if (cause.http == 422 && (it->mark == NULL || item_is_planned(it, PLAN_RECREATE)))
		return item_recreate(it, &cause, e);
	*e = cause;
	return -1;
}

/* Once more what is there: the same as it was, or another object. */
static int
looked_for_gone(struct item *it, struct str body, struct strs *unready, struct err *e)
{
	int rc = item_not_gone(it, body, e);

	return rc == 0 ? look(it, body, unready, e) : rc;
}

int
item_refused(struct item *it, const struct err *why, struct err *e)
{
	struct err cause;

	if (is_write(it->step) && restore_try_later(it->rs, it->planned, why))
		return 0;
	switch (it->step) {
	case STEP_CREATE:
		it->refused = *why;
		return may_be_there(it, why) ? go_on(it, STEP_LOOK, e) : create_refused(it, why);
	case STEP_UPDATE:
		if (it->rs->o->policy == EXISTING_RECREATE)
			return update_refused(it, why, e);
		item_warned(it, why->http == 422 ? "--existing-resource-policy recreate deletes the object and creates it again, "
			"where a field cannot be changed" : restore_hint(why), why->msg);
		it->left_alone = true;
		return label_patch(it, e);
	case STEP_MERGE:
		item_warned(it, restore_hint(why), why->msg);
		item_outcome(it, "(failed)", &it->rs->n.differ);
		return 0;
	case STEP_LOOK:
		if (it->refused.kind != EK_NONE
		    && (why->kind == EK_NOTFOUND || (why->kind == EK_DENIED && it->refused.kind != EK_EXISTS))) {
			cause = it->refused;
			/* It went between the two. */
			if (cause.kind == EK_EXISTS && ++it->creates < CREATES_MAX)
				return go_on(it, STEP_CREATE, e);
			return create_refused(it, &cause);
		}
		break;
	case STEP_STATUS:
		if (why->kind == EK_CONFLICT && it->status_tries < STATUS_TRIES)
			return go_on(it, STEP_STATUS_AGAIN, e);
		return status_failed(it, why, e);
	case STEP_STATUS_AGAIN:
		return status_failed(it, why, e);
	case STEP_OWNERS:
		return owners_refused(it, why, e);
	case STEP_DELETE:
	case STEP_GONE:
	case STEP_CREATE_ANEW:
	case STEP_PUT_BACK:
		return item_recreate_refused(it, why, e);
	case STEP_APPLY:
	case STEP_LABEL:
		break;
	}
	item_failed(it, why);
	return 0;
}

/* Which object it is that the cluster has now. */
static void
remember_answer(struct item *it, struct str body)
{
	AUTO_FREE char *uid = NULL;
	AUTO_FREE char *version = NULL;
	struct str raw;

	if (jpath(body, &raw, "metadata", "uid", NULL) && (uid = jstr_dup(raw)) != NULL)
		str_copy(it->uid, sizeof it->uid, str_of(uid));
	if (jpath(body, &raw, "metadata", "resourceVersion", NULL) && (version = jstr_dup(raw)) != NULL)
		str_copy(it->version, sizeof it->version, str_of(version));
}

int
item_answered(struct item *it, struct str body, struct strs *unready, struct err *e)
{
	struct restore *rs = it->rs;

	remember_answer(it, body);
	switch (it->step) {
	case STEP_CREATE:
	case STEP_CREATE_ANEW:
		return created(it, body, unready, e);
	case STEP_LOOK:
		return look(it, body, unready, e);
	case STEP_DELETE:
		return go_on(it, STEP_GONE, e);
	case STEP_GONE:
		return looked_for_gone(it, body, unready, e);
	case STEP_PUT_BACK:
		return item_was_put_back(it, e);
	case STEP_UPDATE:
	case STEP_MERGE:
	case STEP_APPLY:
		item_outcome(it, "(updated)", &rs->n.updated);
		item_note_owners(it, body);
		return 0;
	case STEP_LABEL:
		/* After an equal object or a refused update: nothing but the labels is new. */
		if (it->left_alone)
			item_outcome(it, "(failed)", &rs->n.differ);
		else
			item_outcome(it, "(skipped)", &rs->n.skipped);
		return 0;
	case STEP_STATUS_AGAIN:
		return put_status(it, body, e);
	case STEP_STATUS:
		return restore_owners(it, e);
	case STEP_OWNERS:
		return 0;
	}
	return 0;
}
