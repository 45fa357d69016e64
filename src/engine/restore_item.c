/* The objects of a restore: read, edited, sent a window at a time.  What a single one goes through: restore_steps.c. */
#include "engine/restore_impl.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"

#include <string.h>
#include <strings.h>

/* Of requests in flight, unless the user fixes them: what a busy API server bears, and what a fast link with a long way
 * needs. */
#define WINDOW_MIN   8
#define WINDOW_START 64
#define WINDOW_MAX   512

#define PARKED_MAX   256        /* deleted objects that are waited for while others go on */

/* --- what scrub and change ask --- */

static const char *
map_ns(void *ctx, struct str ns)
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
	return restore_exists(((struct item *)ctx)->rs, "", "serviceaccounts", ns, name);
}

static bool
change_class_exists(void *ctx, struct str name)
{
	return restore_exists(((struct item *)ctx)->rs, "storage.k8s.io", "storageclasses", NULL, name);
}

/* --- outcomes --- */

void
item_free(struct item *it)
{
	if (it->before != NULL)
		it->before->after = it->after;
	else if (it->rs->live == it)
		it->rs->live = it->after;
	if (it->after != NULL)
		it->after->before = it->before;
	it->rs->live_bytes -= it->bytes;
	buf_wipe(&it->body);             /* may be a Secret */
	buf_wipe(&it->patch);
	buf_wipe(&it->old);
	buf_free(&it->endpoints);
	buf_free(&it->paused);
	buf_free(&it->refs);
	buf_free(&it->status);
	buf_free(&it->owners);
	free(it->text);
	free(it->create_path);
	free(it->path);
	free(it->status_path);
	free(it->apply_path);
	free(it);
}

static char *
api_version_of(const struct item *it)
{
	const struct index_entry *en = it->en;
	struct str group = str_sub(en->gr, str_chr(en->gr, '.') + 1, en->gr.len);

	if (it->cv != NULL)
		return xstrdup(it->res->api_version);
	return xasprintf(STR_FMT "%s" STR_FMT, STR_ARG(group), group.len > 0 ? "/" : "", STR_ARG(en->version));
}

/* Writes down how it ended, if it did; unfinished: requests about it are still to be sent. */
static void
write_down(const struct item *it, bool unfinished)
{
	const struct index_entry *en = it->en;
	AUTO_FREE char *resource = NULL;
	AUTO_FREE char *from_resource = NULL;
	AUTO_FREE char *api_version = NULL;
	AUTO_FREE char *kind = NULL;
	AUTO_FREE char *name = NULL;
	AUTO_FREE char *from_ns = NULL;

	if (it->rs->outcomes == NULL || !it->counted)
		return;
	resource = str_dup(it->gr);
	from_resource = str_dup(it->planned->gr);
	api_version = api_version_of(it);
	kind = str_dup(en->kind);
	name = str_dup(en->name);
	from_ns = str_dup(en->ns);
	outcomes_add(it->rs->outcomes, &(struct outcome){ .word = it->outcome, .resource = resource, .api_version = api_version,
		.kind = kind, .ns = it->target_ns != NULL ? it->target_ns : "", .name = name,
		.from_resource = from_resource, .from_ns = from_ns, .uid = it->uid,
		.version = it->version, .text = it->text != NULL ? it->text : "", .hint = it->hint != NULL ? it->hint : "",
		.error = it->error, .unfinished = unfinished });
}

static void
item_freep(struct item **it)
{
	if (*it == NULL)
		return;
	write_down(*it, false);
	item_free(*it);
}

static void
remember(struct item *it, enum result_level level, const char *text, const char *hint)
{
	free(it->text);
	it->text = xstrdup(text);
	it->hint = hint;
	it->error = level == RESULT_ERROR;
}

static void
tell(struct item *it, enum result_level level, const struct err *why)
{
	AUTO_FREE char *gr = str_dup(it->en->gr);
	AUTO_FREE char *name = str_dup(it->en->name);

	remember(it, level, why->msg, restore_hint(why));
	restore_tell(it->rs, level, it->target_ns != NULL ? it->target_ns : "", gr, name, why);
}

static const char *
word_for(const struct item *it, const char *action, const uint64_t *counter)
{
	if (strcmp(action, "(recreated)") == 0)
		return "recreated";
	if (counter == &it->rs->n.created)
		return "created";
	if (counter == &it->rs->n.updated)
		return it->step == STEP_MERGE ? "merged" : "updated";
	if (counter == &it->rs->n.skipped)
		return it->step != STEP_CREATE && !it->left_alone ? "same" : "skipped";
	return counter == &it->rs->n.differ ? "differs" : "failed";
}

void
item_outcome(struct item *it, const char *action, uint64_t *counter)
{
	const struct index_entry *en = it->en;
	AUTO_FREE char *api_version = api_version_of(it);

	vreslist_add(it->rs->list, str_of(api_version), en->kind, str_of(it->target_ns), en->name, action);
	(*counter)++;
	it->rs->done++;
	it->counted = true;
	it->outcome = word_for(it, action, counter);
}

void
item_failed(struct item *it, const struct err *why)
{
	it->rs->last_failure = *why;
	tell(it, RESULT_ERROR, why);
	if (!it->counted)
		item_outcome(it, "(failed)", &it->rs->n.failed);
}

void
item_warned(struct item *it, const char *hint, const char *text)
{
	AUTO_FREE char *gr = str_dup(it->en->gr);
	AUTO_FREE char *name = str_dup(it->en->name);

	remember(it, RESULT_WARNING, text, hint);
	report_finding(it->rs->r, RESULT_WARNING, it->target_ns != NULL ? it->target_ns : "", gr, name, hint, "%s", text);
}

static void
change_problem(void *ctx, const char *text)
{
	struct item *it = ctx;
	AUTO_FREE char *gr = str_dup(it->en->gr);
	AUTO_FREE char *name = str_dup(it->en->name);

	remember(it, RESULT_ERROR, text, "correct the rule; the object is restored without it");
	report_finding(it->rs->r, RESULT_ERROR, it->target_ns != NULL ? it->target_ns : "", gr, name,
		"correct the rule; the object is restored without it", "%s", text);
}

/* --- preparing --- */

static int
user_edits(struct item *it, struct arena *arena, struct jnode **obj, struct err *e)
{
	struct change_item ci = { .arena = arena, .gr = it->gr, .ns = it->en->ns, .name = it->en->name,
		.map_ns = map_ns, .class_exists = change_class_exists, .problem = change_problem, .ctx = it };

	return change_concerns(it->rs->change, it->gr) ? change_apply(it->rs->change, &ci, obj, e) : 0;
}

int
item_edit(struct item *it, struct arena *arena, struct jnode **obj, bool stored, enum scrub_verdict *verdict,
	struct err *e)
{
	struct restore *rs = it->rs;
	struct scrub s = { .arena = arena, .provisioned_anew = scrub_anew,
		.account_exists = scrub_account_exists, .ctx = it,
		.preserve_node_ports = rs->o->preserve_node_ports, .ns = it->en->ns, .name = it->en->name,
		.target_ns = it->target_ns };

	scrub_common(*obj);
	if (it->rule->scrub != NULL && it->rule->scrub(&s, *obj, verdict, e) < 0)
		return -1;
	if (*verdict != SCRUB_KEEP)
		return 0;
	if (stored)
		restore_hooks_edit(it, arena, *obj);
	if (stored && user_edits(it, arena, obj, e) < 0)
		return -1;
	if (stored && !str_eqz(it->en->version, it->res->version))
		jnode_set_text(*obj, "apiVersion", str_of(it->res->api_version));
	scrub_finish(*obj, it->target_ns, rs->backup_label, rs->restore_label);
	return 0;
}

/* velero-format 4.9: the annotation of an object decides before the types do. */
static bool
wants_status(const struct item *it, struct jnode *obj)
{
	struct str word = str_trim(jnode_text(jnode_walk(obj, "metadata", "annotations", "velero.io/restore-status", NULL)));

	if (!it->res->has_status || jnode_first(jnode_get(obj, "status")) == NULL)
		return false;
	if (word.len == 4 && strncasecmp(word.p, "true", 4) == 0)
		return true;
	if (word.len == 5 && strncasecmp(word.p, "false", 5) == 0)
		return false;
	return it->rs->status_sel != NULL
		&& selection_resource_related(it->rs->status_sel, it->gr, it->en->ns.len > 0);
}

static char *
with_manager(char *path, struct str manager)
{
	AUTO_BUF struct buf query = BUF_INIT(4 * KIB);
	AUTO_FREE char *owned = path;

	http_escape(&query, manager, false);
	return xasprintf("%s?fieldManager=%s", owned, buf_cstr(&query));
}

/* What is to be restored besides the object itself: its status, and who owns its fields. */
static int
keep_aside(struct item *it, struct jnode *obj, struct arena *arena, struct err *e)
{
	AUTO_FREE char *name = str_dup(it->en->name);
	bool status = wants_status(it, obj);
	struct scrub_owners owners = scrub_owners(arena, obj, status);

	if (status && buf_add_str(&it->status, jnode_raw(jnode_get(obj, "status")), e) < 0)
		return -1;
	if (owners.fields.len > 0 && buf_add_str(&it->owners, owners.fields, e) < 0)
		return -1;
	if (it->rs->o->relink_owners) {
		struct jnode *refs = jnode_walk(obj, "metadata", "ownerReferences", NULL);

		if (jnode_first(refs) != NULL && buf_add_str(&it->refs, jnode_raw(refs), e) < 0)
			return -1;
	}
	it->path = api_path(it->res, it->target_ns, name);
	it->create_path = with_manager(api_path(it->res, it->target_ns, NULL), owners.manager);
	if (status)
		it->status_path = with_manager(xasprintf("%s/status", it->path), owners.status_manager);
	return 0;
}

static void
convert_said(void *ctx, const char *text)
{
	item_warned(ctx, NULL, text);
}

/* Its kind is no more: nothing is lost that the cluster could have. */
static bool
left_out(struct item *it)
{
	const char *why = it->res == NULL ? convert_dropped(it->en->gr) : NULL;

	if (why != NULL)
		item_warned(it, why, "not restored: the cluster does not serve its type any more");
	return why != NULL;
}

static int
prepare_body(struct item *it, struct str json, const struct err *unserved, enum scrub_verdict *verdict, struct err *e)
{
	AUTO_ARENA struct arena arena = ARENA_INIT;
	struct jnode *obj = jnode_open(&arena, json);

	if (reader_check_name(it->en, json, e) < 0)
		return -1;
	*verdict = scrub_precheck(it->en->gr, it->en->ns, it->en->name, obj);
	if (*verdict != SCRUB_KEEP)
		return 0;
	if (left_out(it)) {
		*verdict = SCRUB_SKIP;
		return 0;
	}
	if (it->res == NULL) {
		*e = *unserved;
		return -1;
	}
	if (it->cv != NULL && !convert_object(it->cv, obj, convert_said, it)) {
		*verdict = SCRUB_SKIP;
		return 0;
	}
	if (keep_aside(it, obj, &arena, e) < 0 || item_edit(it, &arena, &obj, true, verdict, e) < 0)
		return -1;
	if (*verdict != SCRUB_KEEP)
		return 0;
	return jnode_write(obj, &it->body, e) < 0 ? -1 : item_pause(it, e);
}

static struct item *
item_new(struct restore *rs, const struct index_entry *en)
{
	struct item *it = xcalloc(1, sizeof *it);

	it->rs = rs;
	it->planned = it->en = en;
	it->after = rs->live;
	if (rs->live != NULL)
		rs->live->before = it;
	rs->live = it;
	it->gr = en->gr;
	it->rule = kind_rule(en->gr);
	it->body = it->patch = (struct buf)BUF_INIT(2 * LIMIT_OBJECT);
	it->paused = it->body;
	it->status = it->owners = it->old = it->endpoints = it->refs = (struct buf)BUF_INIT(LIMIT_OBJECT);
	it->target_ns = en->ns.len > 0 ? restore_map_ns(rs, en->ns) : NULL;
	return it;
}

void
restore_entry_failed(struct restore *rs, const struct index_entry *planned, const struct err *why)
{
	struct item *it = item_new(rs, planned);

	item_failed(it, why);
	write_down(it, false);
	item_free(it);
}

struct item *
item_prepare(struct restore *rs, const struct index_entry *en, int *rc, struct err *e)
{
	AUTO(item_freep) struct item *it = item_new(rs, en);
	enum scrub_verdict verdict = SCRUB_KEEP;
	struct str json;
	struct err why, unserved;

	*rc = 0;
	if (versions_choose(rs, en, &it->en, &it->res, &unserved) < 0)
		it->res = NULL;
	it->cv = it->res != NULL ? versions_conversion(it->en, it->res) : NULL;
	if (it->cv != NULL) {
		it->gr = str_of(it->cv->to_gr);
		it->rule = kind_rule(it->gr);
	}
	if (reader_object(rs->reader, it->en, &json, rs->c, &why) < 0) {
		if (why.kind == EK_CORRUPT || why.kind == EK_LIMIT) {
			item_failed(it, &why);   /* a damaged part of the tarball: the rest may be sound */
			return NULL;
		}
		*e = why;
		*rc = -1;
		return NULL;
	}
	if (it->target_ns != NULL && strmap_has(rs->bad_ns, str_of(it->target_ns))) {
		err_set(&why, EK_NOTFOUND, "namespace '%s' could not be made ready", it->target_ns);
		item_failed(it, &why);
		return NULL;
	}
	if (str_eq(en->gr, S("persistentvolumes")) && strmap_has(rs->anew, en->name)) {
		item_outcome(it, "(skipped)", &rs->n.skipped);
		return NULL;
	}
	if (prepare_body(it, json, &unserved, &verdict, &why) < 0) {
		if (it->res != NULL || !restore_try_later(rs, en, &why))
			item_failed(it, &why);
		return NULL;
	}
	if (verdict == SCRUB_KEEP) {
		restore_note_needs(rs, it->en, json);
		return TAKE(it);
	}
	if (verdict == SCRUB_SKIP)
		item_outcome(it, "(skipped)", &rs->n.skipped);
	else
		rs->n.selected--;
	return NULL;
}

/* --- the window --- */

static void
item_end(struct restore *rs, struct item *it)
{
	if (it != NULL) {
		write_down(it, false);
		item_free(it);
	}
	if (rs->done % 16 == 0)
		report_progress(rs->r, "restoring", rs->done, rs->n.selected, 0);
}

/* Takes one finished request and lets its object go on.  -1: the whole restore ends. */
static int
next(struct restore *rs, struct strs *unready, struct err *e)
{
	AUTO(http_call_freep) struct http_call *call = NULL;
	struct item *it;
	bool full = k8s_in_flight(rs->k) >= pace_window(&rs->pace);
	struct err why;
	int rc;

	if (!full)
		pace_idle(&rs->pace);
	why.kind = EK_NONE;
	call = k8s_next(rs->k, rs->c, &why);
	if (call == NULL) {
		*e = why;
		return -1;
	}
	it = k8s_call_tag(call);
	if (full)
		pace_ended(&rs->pace, http_call_resp(call)->throttled > 0, it->sent_mono_ns, clock_mono_ns());
	if (it->step == STEP_CREATE || it->step == STEP_CREATE_ANEW)
		it->repeated = http_call_resp(call)->attempts > 1;
	if (k8s_call_result(call, &why) == 0) {
		(void)restore_is_gone(rs, NULL);
		rc = item_answered(it, k8s_call_body(call), unready, &why);
	} else if (why.kind == EK_CANCELED || restore_is_gone(rs, &why)) {
		*e = why;
		return -1;
	} else {
		rc = item_refused(it, &why, &why);
	}
	if (rc < 0) {
		if (why.kind == EK_CANCELED) {
			*e = why;
			return -1;
		}
		item_failed(it, &why);
	}
	if (rc <= 0)
		item_end(rs, it);
	return 0;
}

static void
begin_pace(struct restore *rs)
{
	unsigned fixed = rs->o->window;

	if (rs->pace.window == 0)
		pace_init(&rs->pace, fixed > 0 ? fixed : WINDOW_MIN, fixed > 0 ? fixed : WINDOW_START,
			fixed > 0 ? fixed : WINDOW_MAX);
	/* What was found with one type holds for the next one, but its last requests were too few to measure. */
	pace_idle(&rs->pace);
}

static bool
has_room(const struct restore *rs)
{
	return k8s_in_flight(rs->k) < pace_window(&rs->pace) && rs->live_bytes < LIMIT_IN_FLIGHT;
}

/* Sends its first request. */
static int
begin_item(struct restore *rs, struct item *it, struct err *e)
{
	enum step first = STEP_CREATE;
	struct err why;

	if (item_heed_plan(it, &first, &why) < 0) {
		item_failed(it, &why);
		item_end(rs, it);
		return 0;
	}
	it->bytes = it->body.len + it->status.len + it->owners.len;
	rs->live_bytes += it->bytes;
	return item_start(it, first, e);
}

int
restore_objects(struct restore *rs, size_t from, size_t to, struct strs *unready, struct err *e)
{
	begin_pace(rs);
	while (from < to || k8s_in_flight(rs->k) > 0 || rs->parked.len > 0) {
		while (from < to && rs->parked.len < PARKED_MAX && has_room(rs)) {
			int rc;
			struct item *it;

			if (cancel_check(rs->c, e) < 0)
				return -1;
			if (strmap_len(rs->known) > 0
			    && restore_is_known(rs, rs->plan.at[from]->gr, rs->plan.at[from]->ns, rs->plan.at[from]->name)) {
				if (restore_pass_known(rs, rs->plan.at[from++], unready, e) < 0)
					return -1;
				continue;
			}
			it = item_prepare(rs, rs->plan.at[from++], &rc, e);
			if (rc < 0)
				return -1;
			if (it == NULL) {
				item_end(rs, NULL);
				continue;
			}
			if (begin_item(rs, it, e) < 0)
				return -1;
		}
		if (k8s_in_flight(rs->k) > 0 ? next(rs, unready, e) < 0 : rs->parked.len > 0 && restore_parked(rs, e) < 0)
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
	restore_drop_parked(rs);
	restore_drop_items(rs);
}

void
restore_drop_items(struct restore *rs)
{
	/* Requests that are still under way borrow from the items. */
	if (rs->live != NULL)
		k8s_abort(rs->k);
	rs->parked.len = 0;
	while (rs->live != NULL) {
		write_down(rs->live, true);
		item_free(rs->live);
	}
}
