/*
 * DESIGN
 *
 * A plan is executed twice over: first all of it is planned again, and nothing is written unless that says the same; then
 * each object is held to its line, because the cluster goes on changing:
 *
 *   create ------------------> CREATE --exists--> failed: it was not there
 *   same, differs, update... -> LOOK --not what it was--> failed: it has changed
 *   anything else -----------> failed, without a request
 */
#include "engine/restore_planned.h"

#include "base/limits.h"
#include "base/mem.h"
#include "engine/restore_impl.h"
#include "engine/restore_request.h"
#include "k8s/server.h"

#include <string.h>

#define TOLD_MAX 10

/* --- what it is a plan of --- */

int
plan_ground_now(struct k8s *k, struct store *st, const struct restore_opts *o, struct plan_ground *out,
	const struct cancel *c, struct err *e)
{
	struct k8s_info info = { 0 };
	struct vbackup b = { 0 };
	struct err why;
	int rc = reader_metadata(st, o->backup, &b, c, e);

	*out = (struct plan_ground){ .server = o->server_dry_run };
	if (rc == 0) {
		restore_backup_id(&b, out->backup_id);
		/* Who may not ask which cluster it is has nothing to compare later. */
		if (k8s_server_info(k, &info, c, &why) < 0 && why.kind == EK_CANCELED) {
			*e = why;
			rc = -1;
		}
		str_copy(out->cluster, sizeof out->cluster, str_of(info.uid));
	}
	vbackup_done(&b);
	return rc;
}

int
restore_content_hash(struct str gr, struct str live_json, char out[CONTENT_HASH_MAX], struct err *e)
{
	AUTO_ARENA struct arena arena = ARENA_INIT;
	AUTO(buf_wipe) struct buf text = BUF_INIT(LIMIT_OBJECT);
	struct jnode *obj = jnode_open(&arena, live_json);
	uint8_t sum[SHA256_LEN];

	if (str_eq(gr, S("secrets"))) {
		struct str version = jnode_text(jnode_walk(obj, "metadata", "resourceVersion", NULL));

		sha256(version.p, version.len, sum);
	} else {
		/* Lists say it for all of their items. */
		jnode_del(obj, "apiVersion");
		jnode_del(obj, "kind");
		if (jnode_write(obj, &text, e) < 0)
			return -1;
		index_content_hash(buf_str(&text), sum);
	}
	hex_encode(out, sum, (CONTENT_HASH_MAX - 1) / 2);
	return 0;
}

/* --- does it still hold? --- */

struct verifying {
	const struct planned *p;
	struct strmap        *met;           /* "action\nresource\nnamespace\nname" */
	struct report        *r;
	size_t                changed;
};

static bool
changes_what_is_there(enum plan_action a)
{
	return a == PLAN_UPDATE || a == PLAN_MERGE || a == PLAN_APPLY || a == PLAN_RECREATE || a == PLAN_DELETE;
}

static void
tell_changed(struct verifying *v, const struct plan_row *row, const char *text)
{
	if (v->changed++ < TOLD_MAX)
		report_finding(v->r, RESULT_ERROR, row->ns, row->resource, row->name, NULL, "%s", text);
}

static char *
row_key(const struct plan_row *row)
{
	return xasprintf("%d\n%s\n%s\n%s", row->action == PLAN_DELETE, row->resource,
		row->action == PLAN_DELETE ? row->ns : row->from_ns, row->name);
}

static int
compare_row(void *ctx, const struct plan_row *row, struct err *e)
{
	struct verifying *v = ctx;
	const bool deletion = row->action == PLAN_DELETE;
	const struct plan_mark *m;
	AUTO_FREE char *key = NULL;
	AUTO_FREE char *text = NULL;

	(void)e;
	if (row->finding != NULL)
		return 0;
	key = row_key(row);
	(void)strmap_add(v->met, str_of(key));
	m = planned_find(v->p, deletion, str_of(row->resource), str_of(deletion ? row->ns : row->from_ns), str_of(row->name));
	if (m == NULL)
		text = xasprintf("the plan does not have it, now it is '%s'", plan_action_text(row->action));
	else if (m->action != row->action)
		text = xasprintf("the plan says '%s', now it is '%s'%s%s", plan_action_text(m->action),
			plan_action_text(row->action), row->why[0] != '\0' ? ": " : "", row->why);
	else if (changes_what_is_there(m->action) && !plan_mark_is(m, str_of(row->uid), str_of(row->hash)))
		text = xasprintf("the plan says '%s', and it has changed since", plan_action_text(m->action));
	if (text != NULL)
		tell_changed(v, row, text);
	return 0;
}

static int
tell_unmet(void *ctx, const struct plan_row *row, struct err *e)
{
	struct verifying *v = ctx;
	AUTO_FREE char *key = row_key(row);

	(void)e;
	if (!strmap_has(v->met, str_of(key)))
		tell_changed(v, row, "the plan has it, now there is nothing to be done about it");
	return 0;
}

static int
check_ground(const struct plan_ground *then, const struct plan_ground *now, const char *backup, struct err *e)
{
	if (strcmp(then->cluster, now->cluster) != 0)
		return err_set(e, EK_CONFLICT, "the plan was made for another cluster");
	if (strcmp(then->backup_id, now->backup_id) != 0)
		return err_set(e, EK_CONFLICT, "backup '%s' is another one than the plan was made of", backup);
	return 0;
}

static int
verify(struct k8s *k, struct store *st, struct verifying *v, const struct restore_opts *o, const struct cancel *c,
	struct err *e)
{
	struct plan_ground now;
	struct plan_counts n;

	if (plan_ground_now(k, st, o, &now, c, e) < 0 || check_ground(planned_ground(v->p), &now, o->backup, e) < 0
	    || plan_run(k, st, o, v->r, compare_row, v, c, &n, e) < 0)
		return -1;
	if (strmap_len(v->met) - v->changed < planned_len(v->p) && planned_each(v->p, tell_unmet, v, e) < 0)
		return -1;
	if (v->changed == 0)
		return 0;
	return err_set(e, EK_CONFLICT, "%zu object%s changed since the plan was made, nothing was restored", v->changed,
		v->changed == 1 ? " has" : "s have");
}

int
planned_verify(struct k8s *k, struct store *st, const struct planned *p, struct report *r, const struct cancel *c,
	struct err *e)
{
	struct verifying v = { .p = p, .r = r };
	AUTO(restore_opts_done) struct restore_opts o = { .name = xstrdup("plan"), .server_dry_run = planned_ground(p)->server };
	int rc;

	if (restore_request_merge(planned_options(p), &o, e) < 0)
		return -1;
	/* The restore looks itself. */
	strs_add(&o.ignore, "all");
	v.met = strmap_new();
	rc = verify(k, st, &v, &o, c, e);
	strmap_free(v.met);
	return rc;
}

/* --- one object --- */

bool
item_is_planned(const struct item *it, enum plan_action a)
{
	return it->mark != NULL && it->mark->action == a;
}

int
item_heed_plan(struct item *it, enum step *first, struct err *e)
{
	const struct planned *p = it->rs->o->planned;

	if (p == NULL)
		return 0;
	it->mark = planned_find(p, false, it->planned->gr, it->planned->ns, it->planned->name);
	if (it->mark == NULL)
		return err_set(e, EK_CONFLICT, "the plan does not have it");
	if (it->mark->action == PLAN_BLOCKED || it->mark->action == PLAN_SKIP)
		return err_set(e, EK_CONFLICT, "the plan says '%s'", plan_action_text(it->mark->action));
	if (it->mark->action != PLAN_CREATE)
		*first = STEP_LOOK;
	return 0;
}

static int
check_unchanged(const struct item *it, struct str live_json, struct err *e)
{
	char hash[CONTENT_HASH_MAX];
	struct str raw, uid = { 0 };

	if (restore_content_hash(it->gr, live_json, hash, e) < 0)
		return -1;
	if (jpath(live_json, &raw, "metadata", "uid", NULL))
		(void)jstr_plain(raw, &uid);
	return plan_mark_is(it->mark, uid, str_of(hash)) ? 0
		: err_set(e, EK_CONFLICT, "it has changed since the plan was made, which says '%s'",
			plan_action_text(it->mark->action));
}

int
item_as_planned(const struct item *it, bool same, struct str live_json, struct err *e)
{
	/* It was us: in a run that was stopped, or before an answer was lost. */
	if (it->mark == NULL || (same && (it->rs->o->runs > 0 || (it->repeated && it->refused.kind == EK_EXISTS))))
		return 0;
	if (it->mark->action == PLAN_CREATE)
		return err_set(e, EK_EXISTS, "it is there by now, and the plan says 'create'");
	/* What a service account lacks is seen later. */
	if (it->mark->action == PLAN_SAME && !same && !str_eq(it->gr, S("serviceaccounts")))
		return err_set(e, EK_CONFLICT, "it has changed since the plan was made, which says 'same'");
	return changes_what_is_there(it->mark->action) ? check_unchanged(it, live_json, e) : 0;
}

bool
restore_plans_deletion(const struct restore *rs, struct str gr, struct str ns, struct str name, struct str uid)
{
	const struct plan_mark *m;

	if (rs->o->planned == NULL)
		return true;
	m = planned_find(rs->o->planned, true, gr, ns, name);
	return m != NULL && plan_mark_is(m, uid, (struct str){ 0 });
}
