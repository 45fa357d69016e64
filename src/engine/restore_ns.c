/*
 * DESIGN
 *
 * Target namespaces are made before what belongs into them, a window of requests at a time:
 *
 *   CREATE --201--> created
 *     |exists, or not allowed
 *   LOOK (GET) --active--> skipped      (existing namespaces are left as they are, velero-format 4.4)
 *     +--going away, gone--> late: asked for again when everything else is restored
 */
#include "engine/restore_impl.h"

#include "base/limits.h"
#include "base/mem.h"

#define CHUNK 64        /* namespaces whose bodies are in memory */

/* --- which --- */

struct collecting {
	struct restore *rs;
	struct strmap  *sources;         /* target -> index_entry of the first source, or the restore itself: bare */
	struct wants    wants;
};

static void
want_ns(struct collecting *x, struct str source, const struct index_entry *en)
{
	struct str target = str_of(restore_map_ns(x->rs, source));

	if (en != NULL || !strmap_has(x->sources, target))
		strmap_put(x->sources, target, en != NULL ? (void *)(uintptr_t)en : (void *)x->rs);
}

static void
add_want(void *ctx, struct str target, void *source)
{
	struct collecting *x = ctx;

	if (restore_is_known(x->rs, S("namespaces"), (struct str){ 0 }, target))
		return;
	*vec_push(&x->wants) = (struct want){ arena_strdup(&x->rs->arena, target),
		source == (void *)x->rs ? NULL : source };
}

static void
collect(struct collecting *x)
{
	struct restore *rs = x->rs;
	size_t objects = 0;

	for (size_t i = 0; i < rs->plan.len; i++) {
		const struct index_entry *en = rs->plan.at[i];

		if (str_eq(en->gr, S("namespaces"))) {
			want_ns(x, en->name, en);
			objects++;
		} else if (en->ns.len > 0) {
			want_ns(x, en->ns, NULL);
		}
	}
	/* A namespace restored with what is in it comes with its labels, planned or not. */
	for (size_t i = 0; i < rs->ix->n_entries; i++) {
		const struct index_entry *en = &rs->ix->entries[i];

		if (str_eq(en->gr, S("namespaces"))
		    && strmap_get(x->sources, str_of(restore_map_ns(rs, en->name))) == (void *)rs)
			want_ns(x, en->name, en);
	}
	rs->n.selected += strmap_len(x->sources) - objects;
	strmap_each(x->sources, add_want, x);
}

/* --- outcomes --- */

static char *
answer_text(struct str answer, const char *key)
{
	struct str raw;

	return jpath(answer, &raw, "metadata", key, NULL) ? jstr_dup(raw) : NULL;
}

/* answer: the namespace as the cluster has it, if that is known.  why: NULL unless it failed. */
static void
counted(struct restore *rs, const struct want *w, const char *word, struct str answer, const struct err *why)
{
	const struct outcome_word *count = outcome_word(word);
	AUTO_FREE char *uid = answer_text(answer, "uid");
	AUTO_FREE char *version = answer_text(answer, "resourceVersion");
	const char *hint = why != NULL ? restore_hint(why) : NULL;

	vreslist_add(rs->list, S("v1"), S("Namespace"), (struct str){ 0 }, str_of(w->target), count->action);
	++*(uint64_t *)(void *)((char *)&rs->n + count->counter);
	rs->done++;
	if (rs->outcomes != NULL)
		outcomes_add(rs->outcomes, &(struct outcome){ .word = word, .resource = "namespaces", .api_version = "v1",
			.kind = "Namespace", .ns = "", .name = w->target,
			.from_resource = "namespaces", .from_ns = "", .uid = uid != NULL ? uid : "",
			.version = version != NULL ? version : "", .text = why != NULL ? why->msg : "",
			.hint = hint != NULL ? hint : "", .error = why != NULL });
}

static void
ns_failed(struct restore *rs, const struct want *w, const struct err *why)
{
	(void)strmap_add(rs->bad_ns, str_of(w->target));
	restore_tell(rs, RESULT_ERROR, NULL, "namespaces", w->target, why);
	counted(rs, w, "failed", (struct str){ 0 }, why);
}

/* --- requests --- */

static int
ns_body(struct restore *rs, const struct want *w, struct buf *out, struct err *e)
{
	AUTO_ARENA struct arena arena = ARENA_INIT;
	struct jnode *obj;
	struct str json = S("{\"apiVersion\":\"v1\",\"kind\":\"Namespace\"}");
	struct err why;

	if (w->en != NULL && reader_object(rs->reader, w->en, &json, rs->c, &why) < 0) {
		if (why.kind != EK_CORRUPT && why.kind != EK_LIMIT) {
			*e = why;
			return -1;
		}
		/* What is in it may be sound and needs it. */
		err_ctx(&why, "made without its labels and annotations");
		restore_tell(rs, RESULT_ERROR, NULL, "namespaces", w->target, &why);
	}
	obj = jnode_open(&arena, json);
	scrub_common(obj);
	scrub_finish(obj, NULL, NULL, NULL);
	jnode_set_text(jnode_need_obj(obj, "metadata"), "name", str_of(w->target));
	/* The old namespace's own name, set by every API server. */
	jnode_del(jnode_walk(obj, "metadata", "labels", NULL), "kubernetes.io/metadata.name");
	return jnode_write(obj, out, e);
}

static bool
is_terminating(struct str json)
{
	struct str v;

	if (jpath(json, &v, "metadata", "deletionTimestamp", NULL))
		return true;
	return jpath(json, &v, "status", "phase", NULL) && jstr_eq(v, S("Terminating"));
}

/* What a look at a namespace that could not be created tells.  refused: why it could not. */
static void
looked(struct restore *rs, const struct want *w, struct ask *a, const struct err *refused, struct wants *late)
{
	bool there = a->rc == 0;

	if (there && json_check(buf_str(&a->answer), &a->why) < 0)
		ns_failed(rs, w, &a->why);
	else if (there && !is_terminating(buf_str(&a->answer)))
		counted(rs, w, "same", buf_str(&a->answer), NULL);
	else if (refused->kind == EK_DENIED)     /* who may not create namespaces restores into those that are there */
		ns_failed(rs, w, refused);
	else if (there || a->why.kind == EK_NOTFOUND)
		*vec_push(late) = *w;
	else if (a->why.kind == EK_DENIED)
		counted(rs, w, "same", buf_str(&a->answer), NULL);
	else
		ns_failed(rs, w, &a->why);
}

/* Up to CHUNK namespaces: creates them, looks at those that it could not create. */
static int
make_chunk(struct restore *rs, const struct want *w, size_t n, struct wants *late, struct err *e)
{
	AUTO_ASKS struct asks creates = { 0 };
	AUTO_ASKS struct asks looks = { 0 };
	const struct api_resource *res = discovery_gvr(rs->d, "", NULL, "namespaces");

	if (res == NULL)
		return err_set(e, EK_NOTFOUND, "the cluster does not serve namespaces");
	for (size_t i = 0; i < n; i++)
		if (ns_body(rs, &w[i], &asks_add(&creates, "POST", api_path(res, NULL, NULL))->body, e) < 0)
			return -1;
	if (asks_run(rs, &creates, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		const struct ask *a = &creates.at[i];

		if (a->rc == 0)
			counted(rs, &w[i], "created", buf_str(&a->answer), NULL);
		else if (a->why.kind == EK_EXISTS || a->why.kind == EK_DENIED || a->why.kind == EK_CONFLICT)
			asks_add(&looks, "GET", api_path(res, NULL, w[i].target))->about = i;
		else
			ns_failed(rs, &w[i], &a->why);
	}
	if (asks_run(rs, &looks, e) < 0)
		return -1;
	for (size_t i = 0; i < looks.len; i++)
		looked(rs, &w[looks.at[i].about], &looks.at[i], &creates.at[looks.at[i].about].why, late);
	return 0;
}

static int
make_all(struct restore *rs, const struct wants *wants, struct wants *late, struct err *e)
{
	for (size_t i = 0; i < wants->len; i += CHUNK) {
		size_t left = wants->len - i;

		if (make_chunk(rs, wants->at + i, left < CHUNK ? left : CHUNK, late, e) < 0)
			return -1;
		report_progress(rs->r, "restoring", rs->done, rs->n.selected, 0);
	}
	return 0;
}

/* Objects of late namespaces go to the end of the plan; both parts keep their order. */
static void
put_late_last(struct restore *rs)
{
	AUTO(strmap_freep) struct strmap *late = strmap_new();
	size_t n = rs->plan.len, kept = 0, moved = 0;
	AUTO_FREE const struct index_entry **behind = xcalloc(n, sizeof *behind);

	for (size_t i = 0; i < rs->late.len; i++) {
		(void)strmap_add(late, str_of(rs->late.at[i].target));
		report_note(rs->r, "namespace '%s' is still being deleted: its objects are restored last",
			rs->late.at[i].target);
	}
	for (size_t i = 0; i < n; i++) {
		const struct index_entry *en = rs->plan.at[i];

		if (en->ns.len > 0 && strmap_has(late, str_of(restore_map_ns(rs, en->ns))))
			behind[moved++] = en;
		else
			rs->plan.at[kept++] = en;
	}
	for (size_t i = 0; i < moved; i++)
		rs->plan.at[kept + i] = behind[i];
	rs->late_from = kept;
}

int
restore_namespaces(struct restore *rs, struct err *e)
{
	struct collecting x = { .rs = rs, .sources = strmap_new() };
	int rc;

	collect(&x);
	rc = make_all(rs, &x.wants, &rs->late, e);
	vec_free(&x.wants);
	strmap_free(x.sources);
	if (rc == 0 && rs->late.len > 0)
		put_late_last(rs);
	return rc;
}

int
restore_late_namespaces(struct restore *rs, struct err *e)
{
	struct wait w;

	if (rs->late.len == 0)
		return 0;
	wait_begin(&w);
	report_progress(rs->r, "waiting for namespaces", rs->done, rs->n.selected, 0);
	while (rs->late.len > 0) {
		struct wants still = { 0 };
		int over = wait_more(rs, &w, e);

		if (over < 0)
			return -1;
		if (make_all(rs, &rs->late, &still, e) < 0) {
			vec_free(&still);
			return -1;
		}
		vec_free(&rs->late);
		for (size_t i = 0; over > 0 && i < still.len; i++) {
			struct err why;

			err_set(&why, EK_TIMEOUT, "is still being deleted after 10 minutes");
			ns_failed(rs, &still.at[i], &why);
		}
		if (over > 0)
			vec_free(&still);
		else
			rs->late = still;
	}
	return 0;
}
