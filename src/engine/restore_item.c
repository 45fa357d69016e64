/*
 * DESIGN
 *
 * One object is a few requests, one after another; many objects are under way at once:
 *
 *   CREATE --201--> created
 *     |exists
 *   LOOK (GET) --equal--> skipped          (policy update: LABEL)
 *     |differs
 *     +--policy none------> warning
 *     +--service account--> MERGE (PATCH)
 *     +--policy update----> UPDATE (PATCH) --refused--> warning, LABEL (PATCH of the two labels)
 */
#include "engine/restore_impl.h"

#include "base/limits.h"
#include "base/mem.h"
#include "engine/kind_rules.h"

#define DEFAULT_WINDOW 64
#define SILENT_MAX 8

enum step { STEP_CREATE, STEP_LOOK, STEP_UPDATE, STEP_MERGE, STEP_LABEL };

struct item {
	struct item                *before, *after;      /* in rs->live */
	struct restore             *rs;
	const struct index_entry   *en;
	const struct kind_rule     *rule;
	const struct api_resource  *res;
	const char                 *target_ns;   /* NULL: cluster-scoped */
	char                       *create_path, *path;
	enum step                   step;
	bool                        repeated;    /* CREATE was sent more than once */
	bool                        left_alone;  /* UPDATE was refused */
	struct buf                  body;        /* what is to be created */
	struct buf                  patch;
	struct err                  refused;     /* why CREATE led to LOOK */
};

const char *
restore_map_ns(struct restore *rs, struct str ns)
{
	char *to = strmap_get(rs->ns_map, ns);

	/* Kept, so that it is copied once and not for every object. */
	if (to == NULL)
		strmap_put(rs->ns_map, ns, to = arena_strdup(&rs->arena, ns));
	return to;
}

/* --- what scrub asks --- */

static const char *
scrub_map_ns(void *ctx, struct str ns)
{
	return restore_map_ns(((struct item *)ctx)->rs, ns);
}

static bool
scrub_anew(void *ctx, struct str pv)
{
	return strmap_has(((struct item *)ctx)->rs->anew, pv);
}

static bool
scrub_account_exists(void *ctx, const char *ns, struct str name)
{
	struct restore *rs = ((struct item *)ctx)->rs;
	const struct api_resource *res = discovery_gvr(rs->d, "", NULL, "serviceaccounts");
	AUTO_FREE char *text = str_dup(name);
	AUTO_FREE char *path = NULL;
	struct err e;

	if (res == NULL)
		return false;
	path = api_path(res, ns, text);
	return k8s_do(rs->k, "GET", path, (struct str){ 0 }, NULL, rs->c, &e) == 0;
}

/* --- outcomes --- */

static void
item_free(struct item *it)
{
	if (it->before != NULL)
		it->before->after = it->after;
	else if (it->rs->live == it)
		it->rs->live = it->after;
	if (it->after != NULL)
		it->after->before = it->before;
	buf_wipe(&it->body);             /* may be a Secret */
	buf_wipe(&it->patch);
	free(it->create_path);
	free(it->path);
	free(it);
}

static void
item_freep(struct item **it)
{
	if (*it != NULL)
		item_free(*it);
}

static const char *
place(const struct item *it)
{
	return it->target_ns != NULL ? it->target_ns : "";
}

static void
outcome(struct item *it, const char *action, uint64_t *counter)
{
	const struct index_entry *en = it->en;
	AUTO_FREE char *api_version = NULL;
	struct str group = str_sub(en->gr, str_chr(en->gr, '.') + 1, en->gr.len);

	api_version = group.len > 0 ? xasprintf(STR_FMT "/" STR_FMT, STR_ARG(group), STR_ARG(en->version))
		: str_dup(en->version);
	vreslist_add(it->rs->list, str_of(api_version), en->kind, str_of(it->target_ns), en->name, action);
	(*counter)++;
	it->rs->done++;
}

static void
failed(struct item *it, const struct err *why)
{
	struct restore *rs = it->rs;
	AUTO_FREE char *gr = str_dup(it->en->gr);
	AUTO_FREE char *name = str_dup(it->en->name);

	report_error(rs->r, RESULT_ERROR, place(it), gr, name, why);
	outcome(it, "(failed)", &rs->n.failed);
}

static void
warned(struct item *it, const char *hint, const char *text)
{
	AUTO_FREE char *gr = str_dup(it->en->gr);
	AUTO_FREE char *name = str_dup(it->en->name);

	report_finding(it->rs->r, RESULT_WARNING, place(it), gr, name, hint, "%s", text);
}

/* --- preparing --- */

/* The edits that make an object comparable to, and creatable as, what is in a cluster. */
static int
edit(struct item *it, struct arena *arena, struct jnode *obj, enum scrub_verdict *verdict, struct err *e)
{
	struct restore *rs = it->rs;
	struct scrub s = { .arena = arena, .map_ns = scrub_map_ns, .provisioned_anew = scrub_anew,
		.account_exists = scrub_account_exists, .ctx = it,
		.preserve_node_ports = rs->o->preserve_node_ports, .ns = it->en->ns, .name = it->en->name,
		.target_ns = it->target_ns };

	scrub_common(obj);
	if (it->rule->scrub != NULL && it->rule->scrub(&s, obj, verdict, e) < 0)
		return -1;
	scrub_finish(obj, it->target_ns, rs->backup_label, rs->restore_label);
	return 0;
}

static int
find_resource(struct item *it, struct err *e)
{
	const struct index_entry *en = it->en;
	size_t dot = str_chr(en->gr, '.');
	AUTO_FREE char *resource = str_dup(str_sub(en->gr, 0, dot));
	AUTO_FREE char *group = str_dup(str_sub(en->gr, dot + 1, en->gr.len));
	AUTO_FREE char *version = str_dup(en->version);

	it->res = discovery_gvr(it->rs->d, group, version, resource);
	if (it->res == NULL)
		return err_set(e, EK_NOTFOUND, "the cluster does not serve %s in version %s%s%s", resource, group,
			group[0] != '\0' ? "/" : "", version);
	return 0;
}

static int
prepare_body(struct item *it, struct str json, enum scrub_verdict *verdict, struct err *e)
{
	AUTO_ARENA struct arena arena = ARENA_INIT;
	AUTO_FREE char *name = str_dup(it->en->name);
	AUTO_BUF struct buf query = BUF_INIT(LIMIT_TAR_NAME);
	struct jnode *obj = jnode_open(&arena, json);
	struct str manager;

	if (reader_check_name(it->en, json, e) < 0)
		return -1;
	*verdict = scrub_precheck(it->en->gr, it->en->ns, it->en->name, obj);
	if (*verdict != SCRUB_KEEP)
		return 0;
	manager = scrub_manager(obj);
	if (manager.len == 0 || manager.len > 128)
		manager = S("orlop");
	if (edit(it, &arena, obj, verdict, e) < 0)
		return -1;
	if (*verdict != SCRUB_KEEP)
		return 0;
	if (find_resource(it, e) < 0 || jnode_write(obj, &it->body, e) < 0)
		return -1;
	http_escape(&query, manager, false);
	it->path = api_path(it->res, it->target_ns, name);
	{
		AUTO_FREE char *collection = api_path(it->res, it->target_ns, NULL);

		it->create_path = xasprintf("%s?fieldManager=%s", collection, buf_cstr(&query));
	}
	return 0;
}

/* NULL: there is nothing to do for this object (it is accounted for). */
static struct item *
prepare(struct restore *rs, const struct index_entry *en, int *rc, struct err *e)
{
	AUTO(item_freep) struct item *it = xcalloc(1, sizeof *it);
	enum scrub_verdict verdict = SCRUB_KEEP;
	struct str json;
	struct err why;

	*rc = 0;
	it->rs = rs;
	it->en = en;
	it->after = rs->live;
	if (rs->live != NULL)
		rs->live->before = it;
	rs->live = it;
	it->rule = kind_rule(en->gr);
	it->body = it->patch = (struct buf)BUF_INIT(2 * LIMIT_OBJECT);
	it->target_ns = en->ns.len > 0 ? restore_map_ns(rs, en->ns) : NULL;
	if (reader_object(rs->reader, en, &json, rs->c, &why) < 0) {
		if (why.kind == EK_CORRUPT || why.kind == EK_LIMIT) {
			failed(it, &why);        /* a damaged part of the tarball: the rest may be sound */
			return NULL;
		}
		*e = why;
		*rc = -1;
		return NULL;
	}
	if (it->target_ns != NULL && strmap_has(rs->bad_ns, str_of(it->target_ns))) {
		err_set(&why, EK_NOTFOUND, "namespace '%s' could not be made ready", it->target_ns);
		failed(it, &why);
		return NULL;
	}
	if (str_eq(en->gr, S("persistentvolumes")) && strmap_has(rs->anew, en->name)) {
		outcome(it, "(skipped)", &rs->n.skipped);
		return NULL;
	}
	if (prepare_body(it, json, &verdict, &why) < 0) {
		failed(it, &why);
		return NULL;
	}
	if (verdict == SCRUB_KEEP)
		return TAKE(it);
	if (verdict == SCRUB_SKIP)
		outcome(it, "(skipped)", &rs->n.skipped);
	else
		rs->n.selected--;
	return NULL;
}

/* --- steps --- */

static int
start(struct item *it, enum step step, struct err *e)
{
	struct k8s_op op = { .tag = it };

	it->step = step;
	switch (step) {
	case STEP_CREATE:
		op.method = "POST";
		op.path = it->create_path;
		op.body = buf_str(&it->body);
		op.repeatable = true;            /* the name is fixed: a second one is refused */
		break;
	case STEP_LOOK:
		op.method = "GET";
		op.path = it->path;
		break;
	case STEP_UPDATE:
	case STEP_MERGE:
	case STEP_LABEL:
		op.method = "PATCH";
		op.path = it->path;
		op.body = buf_str(&it->patch);
		break;
	}
	return k8s_start(it->rs->k, &op, it->rs->c, e);
}

static int
label_patch(struct item *it, struct err *e)
{
	buf_cut(&it->patch, 0);
	buf_putf(&it->patch, "{\"metadata\":{\"labels\":{\"velero.io/backup-name\":\"%s\",\"velero.io/restore-name\":\"%s\"}}}",
		it->rs->backup_label, it->rs->restore_label);
	return start(it, STEP_LABEL, e);
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

/* velero-format 4.6: a service account is always merged, and the cluster wins. */
static int
merge_account(struct item *it, struct arena *arena, struct jnode *live, struct err *e)
{
	struct jnode *want = jnode_open(arena, buf_str(&it->body));
	struct jnode *patch = jnode_new_obj(arena);

	union_list(arena, patch, live, want, "secrets");
	union_list(arena, patch, live, want, "imagePullSecrets");
	add_missing(patch, live, want, "labels");
	add_missing(patch, live, want, "annotations");
	if (jnode_first(patch) == NULL) {
		outcome(it, "(skipped)", &it->rs->n.skipped);
		return 0;
	}
	buf_cut(&it->patch, 0);
	if (jnode_write(patch, &it->patch, e) < 0)
		return -1;
	return start(it, STEP_MERGE, e) < 0 ? -1 : 1;
}

/* The object is there already.  1: another request is under way, 0: accounted for, -1: e is about this object. */
static int
look(struct item *it, struct str live_json, struct err *e)
{
	AUTO_ARENA struct arena arena = ARENA_INIT;
	AUTO_BUF struct buf live_text = BUF_INIT(LIMIT_OBJECT);
	enum scrub_verdict ignored = SCRUB_KEEP;
	struct restore *rs = it->rs;
	struct jnode *live, *labels;
	struct str deleted;

	if (json_check(live_json, e) < 0)
		return err_ctx(e, "answer of the API server");
	if (jpath(live_json, &deleted, "metadata", "deletionTimestamp", NULL))
		return err_set(e, EK_CONFLICT, "is being deleted from the cluster: restore it again when it is gone");
	live = jnode_open(&arena, live_json);
	if (edit(it, &arena, live, &ignored, e) < 0 || jnode_write(live, &live_text, e) < 0)
		return -1;
	if (jequal(buf_str(&live_text), buf_str(&it->body))) {
		/* The first answer was lost on its way: it was us. */
		if (it->repeated) {
			outcome(it, "(created)", &rs->n.created);
			return 0;
		}
		if (rs->o->policy == EXISTING_UPDATE)
			return label_patch(it, e) < 0 ? -1 : 1;
		outcome(it, "(skipped)", &rs->n.skipped);
		return 0;
	}
	if (str_eq(it->en->gr, S("serviceaccounts")))
		return merge_account(it, &arena, live, e);
	if (rs->o->policy == EXISTING_NONE) {
		AUTO_FREE char *text = xasprintf("could not restore, " STR_FMT ":" STR_FMT " already exists. Warning: "
			"the in-cluster version is different than the backed-up version", STR_ARG(it->en->kind),
			STR_ARG(it->en->name));

		warned(it, "--existing-resource-policy update changes it to the version in the backup", text);
		outcome(it, "(failed)", &rs->n.differ);
		return 0;
	}
	/* The labels of this restore are in live for the comparison only. */
	labels = jnode_walk(live, "metadata", "labels", NULL);
	jnode_del(labels, "velero.io/backup-name");
	jnode_del(labels, "velero.io/restore-name");
	buf_cut(&live_text, 0);
	buf_cut(&it->patch, 0);
	if (jnode_write(live, &live_text, e) < 0
	    || jmerge_diff(buf_str(&live_text), buf_str(&it->body), &it->patch, e) < 0)
		return -1;
	return start(it, STEP_UPDATE, e) < 0 ? -1 : 1;
}

/* The API server checks a service's node ports before its name (velero-format 4.5, step 12). */
static bool
port_taken(const struct item *it, const struct err *why)
{
	return str_eq(it->en->gr, S("services")) && strstr(why->msg, "provided port is already allocated") != NULL;
}

/* A request failed.  As look. */
static int
step_failed(struct item *it, const struct err *why, struct err *e)
{
	struct restore *rs = it->rs;

	switch (it->step) {
	case STEP_CREATE:
		if (why->kind == EK_EXISTS || port_taken(it, why)) {
			it->refused = *why;
			return start(it, STEP_LOOK, e) < 0 ? -1 : 1;
		}
		break;
	case STEP_UPDATE:
		warned(it, "a field that cannot be changed? delete the object and restore it again", why->msg);
		it->left_alone = true;
		return label_patch(it, e) < 0 ? -1 : 1;
	case STEP_MERGE:
		warned(it, NULL, why->msg);
		outcome(it, "(failed)", &rs->n.differ);
		return 0;
	case STEP_LOOK:
		/* Nobody is there: then the port belongs to another service. */
		if (why->kind == EK_NOTFOUND)
			why = &it->refused;
		break;
	case STEP_LABEL:
		break;
	}
	failed(it, why);
	return 0;
}

static int
step_done(struct item *it, struct str body, struct strs *created, struct err *e)
{
	struct restore *rs = it->rs;

	switch (it->step) {
	case STEP_CREATE:
		if (created != NULL) {
			AUTO_FREE char *name = str_dup(it->en->name);

			strs_add(created, name);
		}
		outcome(it, "(created)", &rs->n.created);
		return 0;
	case STEP_LOOK:
		return look(it, body, e);
	case STEP_UPDATE:
	case STEP_MERGE:
		outcome(it, "(updated)", &rs->n.updated);
		return 0;
	case STEP_LABEL:
		/* After an equal object or a refused update: nothing but the labels is new. */
		if (it->left_alone)
			outcome(it, "(failed)", &rs->n.differ);
		else
			outcome(it, "(skipped)", &rs->n.skipped);
		return 0;
	}
	return 0;
}

static void
item_end(struct restore *rs, struct item *it)
{
	if (it != NULL)
		item_free(it);
	if (rs->done % 16 == 0)
		report_progress(rs->r, "restoring", rs->done, rs->n.selected, 0);
}

/* Is the API server gone?  One unanswered request is about its object, many in a row are not. */
static bool
is_gone(struct restore *rs, const struct err *why)
{
	bool silent = why->http == 0 && (why->kind == EK_UNAVAILABLE || why->kind == EK_TIMEOUT);

	rs->silent = silent ? rs->silent + 1 : 0;
	return rs->silent >= SILENT_MAX;
}

/* Takes one finished request and lets its object go on.  -1: the whole restore ends. */
static int
next(struct restore *rs, struct strs *created, struct err *e)
{
	AUTO(http_call_freep) struct http_call *call = NULL;
	struct item *it;
	struct err why;
	int rc;

	why.kind = EK_NONE;
	call = k8s_next(rs->k, rs->c, &why);
	if (call == NULL) {
		*e = why;
		return -1;
	}
	it = k8s_call_tag(call);
	if (it->step == STEP_CREATE)
		it->repeated = http_call_resp(call)->attempts > 1;
	if (k8s_call_result(call, &why) == 0) {
		rs->silent = 0;
		rc = step_done(it, k8s_call_body(call), created, &why);
	} else if (why.kind == EK_CANCELED || is_gone(rs, &why)) {
		*e = why;
		return -1;
	} else {
		rc = step_failed(it, &why, &why);
	}
	if (rc < 0) {
		if (why.kind == EK_CANCELED) {
			*e = why;
			return -1;
		}
		failed(it, &why);
	}
	if (rc <= 0)
		item_end(rs, it);
	return 0;
}

int
restore_objects(struct restore *rs, size_t from, size_t to, struct strs *created, struct err *e)
{
	size_t window = rs->o->window > 0 ? rs->o->window : DEFAULT_WINDOW;

	while (from < to || k8s_in_flight(rs->k) > 0) {
		while (from < to && k8s_in_flight(rs->k) < window) {
			int rc;
			struct item *it;

			if (cancel_check(rs->c, e) < 0)
				return -1;
			it = prepare(rs, rs->plan.at[from++], &rc, e);
			if (rc < 0)
				return -1;
			if (it == NULL) {
				item_end(rs, NULL);
				continue;
			}
			if (start(it, STEP_CREATE, e) < 0)
				return -1;
		}
		if (k8s_in_flight(rs->k) > 0 && next(rs, created, e) < 0)
			return -1;
	}
	return 0;
}

void
restore_end_items(struct restore *rs)
{
	struct err ignored;

	/* What was sent is done, whatever stopped us: hear about it, so that it is told. */
	while (rs->live != NULL && k8s_in_flight(rs->k) > 0 && next(rs, NULL, &ignored) == 0)
		;
	/* Requests that are still under way borrow from the items. */
	if (rs->live != NULL)
		k8s_abort(rs->k);
	while (rs->live != NULL)
		item_free(rs->live);
}
