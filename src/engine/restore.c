/*
 * DESIGN
 *
 *   backup --reader: index, ranges--> plan (filters, related objects), sorted by type as in velero-format 4.3
 *   for each type in turn:  read bytes -> edit (scrub) -> window of creates -> outcomes and findings
 *   CRDs first, waited for, then discovery anew; then namespaces; then everything else, type after type.
 */
#include "engine/restore.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/mem.h"
#include "data/gzip.h"
#include "data/jwrite.h"
#include "engine/kind_rules.h"
#include "engine/restore_impl.h"

#define READY_NS (600 * NS_PER_S)       /* how long a CRD or a terminating namespace is waited for */
#define POLL_NS (100 * NS_PER_MS)
#define POLL_MAX_NS NS_PER_S
#define LAST_NS (10 * NS_PER_S)         /* for the end of a restore that was stopped */

/* --- waiting --- */

/*
 * Asks ready until it says 1 (or -1), less and less often, at most READY_NS.  EK_TIMEOUT with what.
 */
static int
wait_for(struct restore *rs, int (*ready)(struct restore *, const char *, struct err *), const char *name,
	const char *what, struct err *e)
{
	int64_t end = clock_mono_ns() + READY_NS;

	for (int64_t pause = POLL_NS;; pause = pause < POLL_MAX_NS ? 2 * pause : POLL_MAX_NS) {
		int rc = ready(rs, name, e);

		if (rc != 0)
			return rc < 0 ? -1 : 0;
		if (cancel_check(rs->c, e) < 0)
			return -1;
		if (clock_mono_ns() > end)
			return err_set(e, EK_TIMEOUT, "%s '%s' after %d minutes", what, name,
				(int)(READY_NS / (60 * NS_PER_S)));
		clock_sleep_ns(pause);
	}
}

static int
get_object(struct restore *rs, const char *group, const char *resource, const char *name, struct buf *out, struct err *e)
{
	const struct api_resource *res = discovery_gvr(rs->d, group, NULL, resource);
	AUTO_FREE char *path = NULL;

	if (res == NULL)
		return err_set(e, EK_NOTFOUND, "the cluster does not serve %s", resource);
	path = api_path(res, NULL, name);
	return k8s_do(rs->k, "GET", path, (struct str){ 0 }, out, rs->c, e);
}

/* --- custom resource definitions --- */

static int
crd_ready(struct restore *rs, const char *name, struct err *e)
{
	AUTO_ARENA struct arena arena = ARENA_INIT;
	AUTO_BUF struct buf json = BUF_INIT(LIMIT_OBJECT);
	unsigned seen = 0;

	if (get_object(rs, "apiextensions.k8s.io", "customresourcedefinitions", name, &json, e) < 0
	    || json_check(buf_str(&json), e) < 0)
		return -1;
	for (struct jnode *c = jnode_first(jnode_walk(jnode_open(&arena, buf_str(&json)), "status", "conditions", NULL));
	     c != NULL; c = jnode_next(c)) {
		if (!jnode_is_text(jnode_get(c, "status"), "True"))
			continue;
		seen |= jnode_is_text(jnode_get(c, "type"), "Established") ? 1 : 0;
		seen |= jnode_is_text(jnode_get(c, "type"), "NamesAccepted") ? 2 : 0;
	}
	return seen == 3;
}

static int
refresh_discovery(struct restore *rs, struct err *e)
{
	struct discovery *d = discovery_load(rs->k, rs->c, e);

	if (d == NULL)
		return err_ctx(e, "discovery");
	discovery_free(rs->d);
	rs->d = d;
	return 0;
}

/* The name of a CRD is "<plural>.<group>", which is how discovery calls its type. */
static int
crd_discovered(struct restore *rs, const char *name, struct err *e)
{
	for (size_t i = 0; i < rs->d->all.len; i++)
		if (strcmp(rs->d->all.at[i].gr, name) == 0)
			return 1;
	return refresh_discovery(rs, e);
}

static int
restore_crds(struct restore *rs, size_t from, size_t to, struct err *e)
{
	AUTO_STRS struct strs created = { 0 };
	struct err why;

	if (restore_objects(rs, from, to, &created, e) < 0)
		return -1;
	if (created.len == 0)
		return 0;
	report_progress(rs->r, "waiting for CRDs", rs->done, rs->n.selected, 0);
	for (size_t i = 0; i < created.len; i++) {
		if (wait_for(rs, crd_ready, created.at[i], "not established", &why) == 0
		    && wait_for(rs, crd_discovered, created.at[i], "not served", &why) == 0)
			continue;
		if (why.kind == EK_CANCELED) {
			*e = why;
			return -1;
		}
		report_error(rs->r, RESULT_ERROR, "", "customresourcedefinitions.apiextensions.k8s.io", created.at[i],
			&why);
	}
	return refresh_discovery(rs, e);
}

/* --- namespaces --- */

struct wanted_ns {
	struct restore *rs;
	struct strmap  *sources;         /* target -> index_entry of the first source, or the restore itself: bare */
};

static void
want_ns(struct wanted_ns *w, struct str source, const struct index_entry *en)
{
	struct str target = str_of(restore_map_ns(w->rs, source));

	if (en != NULL || !strmap_has(w->sources, target))
		strmap_put(w->sources, target, en != NULL ? (void *)(uintptr_t)en : (void *)w->rs);
}

/* 1: gone or active, 0: still going away. */
static int
ns_settled(struct restore *rs, const char *name, struct err *e)
{
	AUTO_BUF struct buf json = BUF_INIT(LIMIT_OBJECT);
	struct str v;

	if (get_object(rs, "", "namespaces", name, &json, e) < 0)
		return e->kind == EK_NOTFOUND ? 1 : -1;
	if (json_check(buf_str(&json), e) < 0)
		return -1;
	if (jpath(buf_str(&json), &v, "metadata", "deletionTimestamp", NULL))
		return 0;
	return !(jpath(buf_str(&json), &v, "status", "phase", NULL) && jstr_eq(v, S("Terminating")));
}

static int
ns_body(struct restore *rs, const char *name, const struct index_entry *en, struct buf *out, struct err *e)
{
	AUTO_ARENA struct arena arena = ARENA_INIT;
	struct jnode *obj;
	struct str json = S("{\"apiVersion\":\"v1\",\"kind\":\"Namespace\"}");

	if (en != NULL && reader_object(rs->reader, en, &json, rs->c, e) < 0)
		return -1;
	obj = jnode_open(&arena, json);
	scrub_common(obj);
	scrub_finish(obj, NULL, NULL, NULL);
	jnode_set_text(jnode_need_obj(obj, "metadata"), "name", str_of(name));
	/* The old namespace's own name, set by every API server. */
	jnode_del(jnode_walk(obj, "metadata", "labels", NULL), "kubernetes.io/metadata.name");
	return jnode_write(obj, out, e);
}

/* 1: created, 0: was there. */
static int
ensure_ns(struct restore *rs, const char *name, const struct index_entry *en, struct err *e)
{
	AUTO_BUF struct buf body = BUF_INIT(LIMIT_OBJECT);
	struct err why;

	if (ns_body(rs, name, en, &body, e) < 0)
		return -1;
	for (int tries = 0; tries < 2; tries++) {
		if (k8s_do(rs->k, "POST", "/api/v1/namespaces", buf_str(&body), NULL, rs->c, &why) == 0)
			return 1;
		/* Who may not create namespaces can restore into those that are there. */
		if (why.kind != EK_EXISTS && why.kind != EK_DENIED && !(why.kind == EK_CONFLICT && tries == 0))
			break;
		if (wait_for(rs, ns_settled, name, "still terminating: namespace", e) < 0)
			return -1;
		if (get_object(rs, "", "namespaces", name, NULL, e) == 0)
			return 0;
		if (e->kind != EK_NOTFOUND)
			return -1;
		if (why.kind == EK_DENIED)
			break;
	}
	*e = why;
	return -1;
}

struct ensuring { struct restore *rs; struct err fatal; bool stop; };

static void
ensure_one(void *ctx, struct str target, void *value)
{
	struct ensuring *x = ctx;
	struct restore *rs = x->rs;
	const struct index_entry *en = value == (void *)rs ? NULL : value;
	struct err why;
	int rc;

	if (x->stop)
		return;
	rc = ensure_ns(rs, target.p, en, &why);
	if (rc >= 0) {
		vreslist_add(rs->list, S("v1"), S("Namespace"), (struct str){ 0 }, target,
			rc > 0 ? "(created)" : "(skipped)");
		*(rc > 0 ? &rs->n.created : &rs->n.skipped) += 1;
		return;
	}
	if (why.kind == EK_CANCELED || why.kind == EK_CORRUPT) {
		x->stop = true;
		x->fatal = why;
		return;
	}
	(void)strmap_add(rs->bad_ns, target);
	vreslist_add(rs->list, S("v1"), S("Namespace"), (struct str){ 0 }, target, "(failed)");
	rs->n.failed++;
	report_error(rs->r, RESULT_ERROR, NULL, "namespaces", target.p, &why);
}

int
restore_namespaces(struct restore *rs, struct err *e)
{
	struct wanted_ns w = { rs, strmap_new() };
	struct ensuring x = { .rs = rs };
	size_t objects = 0;

	for (size_t i = 0; i < rs->plan.len; i++) {
		const struct index_entry *en = rs->plan.at[i];

		if (str_eq(en->gr, S("namespaces"))) {
			want_ns(&w, en->name, en);
			objects++;
		} else if (en->ns.len > 0) {
			want_ns(&w, en->ns, NULL);
		}
	}
	/* A namespace restored with what is in it comes with its labels, planned or not. */
	for (size_t i = 0; i < rs->ix->n_entries; i++) {
		const struct index_entry *en = &rs->ix->entries[i];

		if (str_eq(en->gr, S("namespaces"))
		    && strmap_get(w.sources, str_of(restore_map_ns(rs, en->name))) == (void *)rs)
			want_ns(&w, en->name, en);
	}
	rs->n.selected += strmap_len(w.sources) - objects;
	strmap_each(w.sources, ensure_one, &x);
	rs->done += strmap_len(w.sources);
	strmap_free(w.sources);
	if (x.stop) {
		*e = x.fatal;
		return -1;
	}
	return 0;
}

/* --- course --- */

static int
run_waves(struct restore *rs, struct err *e)
{
	bool namespaces_done = false;

	for (size_t from = 0, to; from < rs->plan.len; from = to) {
		struct str gr = rs->plan.at[from]->gr;
		int rc;

		for (to = from; to < rs->plan.len && str_eq(rs->plan.at[to]->gr, gr); to++)
			;
		if (str_eq(gr, S("customresourcedefinitions.apiextensions.k8s.io"))) {
			rc = restore_crds(rs, from, to, e);
		} else {
			if (!namespaces_done && restore_namespaces(rs, e) < 0)
				return -1;
			namespaces_done = true;
			rc = str_eq(gr, S("namespaces")) ? 0 : restore_objects(rs, from, to, NULL, e);
		}
		if (rc < 0)
			return -1;
		report_log(rs->r, "Restored %zu " STR_FMT, to - from, STR_ARG(gr));
	}
	return 0;
}

static int
parse_ns_map(struct restore *rs, struct err *e)
{
	for (size_t i = 0; i < rs->o->ns_map.len; i++) {
		struct str to = str_of(rs->o->ns_map.at[i]), from;

		if (!str_split(&to, ':', &from) || from.len == 0 || to.len == 0 || str_chr(to, ':') < to.len)
			return err_set(e, EK_INVALID, "--namespace-mappings: '%s' is not old:new", rs->o->ns_map.at[i]);
		strmap_put(rs->ns_map, from, arena_strdup(&rs->arena, to));
	}
	return 0;
}

static int
check_resources(const struct restore_opts *o, const struct discovery *d, struct err *e)
{
	for (size_t i = 0; i < o->filter.inc_resources.len; i++) {
		const struct api_resource *res = discovery_resolve(d, o->filter.inc_resources.at[i]);

		if (kind_rule(str_of(res != NULL ? res->gr : o->filter.inc_resources.at[i]))->never)
			return err_set(e, EK_INVALID, "--include-resources: %s are never restored",
				o->filter.inc_resources.at[i]);
	}
	return 0;
}

/* Names that mean nothing to the cluster may be those of types in the backup whose definitions are still to come. */
static void
resolve_in_backup(struct restore *rs, const struct strs *unknown)
{
	AUTO(discovery_freep) struct discovery *d = reader_discovery(rs->reader);

	for (size_t i = 0; i < unknown->len; i++) {
		const struct api_resource *res = discovery_resolve(d, unknown->at[i]);

		if (res != NULL)
			selection_rename(rs->sel, unknown->at[i], res->gr);
		else
			report_finding(rs->r, RESULT_WARNING, NULL, NULL, NULL, NULL,
				"neither the cluster nor the backup has a resource '%s'", unknown->at[i]);
	}
}

static void
on_unpack(void *ctx, uint64_t bytes)
{
	report_progress(((struct restore *)ctx)->r, "unpacking", 0, 0, bytes);
}

static int
load_volumes(struct restore *rs, struct err *e)
{
	AUTO_BUF struct buf json = BUF_INIT(LIMIT_SIDE_FILE);
	struct err why;

	if (reader_side_file(rs->st, rs->backup.name, LAYOUT_VOLUMEINFO, &json, rs->c, &why) == 0)
		return vvolumes_read(buf_str(&json), &rs->volumes, e);
	if (why.kind == EK_NOTFOUND)         /* old backups have none (velero-format 1.2) */
		return 0;
	*e = why;
	return -1;
}

static int
prepare_restore(struct restore *rs, struct err *e)
{
	AUTO_FREE char *dir = layout_restore_dir(rs->o->name);
	AUTO_STRS struct strs unknown = { 0 };
	int there;

	if (parse_ns_map(rs, e) < 0)
		return -1;
	there = store_first(rs->st, dir, NULL, rs->c, e);
	if (there != 0)
		return there < 0 ? -1 : err_set(e, EK_EXISTS, "exists already in %s", store_url(rs->st));
	if (reader_metadata(rs->st, rs->o->backup, &rs->backup, rs->c, e) < 0)
		return -1;
	report_progress(rs->r, "reading", 0, 0, 0);
	rs->d = discovery_load(rs->k, rs->c, e);
	if (rs->d == NULL)
		return err_ctx(e, "discovery");
	rs->sel = selection_new(&rs->o->filter, rs->d, &unknown, e);
	if (rs->sel == NULL || check_resources(rs->o, rs->d, e) < 0)
		return -1;
	rs->reader = reader_open(rs->st, &rs->backup, on_unpack, rs, rs->c, e);
	if (rs->reader == NULL || load_volumes(rs, e) < 0)
		return -1;
	resolve_in_backup(rs, &unknown);
	rs->ix = reader_index(rs->reader);
	layout_label(rs->backup_label, rs->backup.name);
	layout_label(rs->restore_label, rs->o->name);
	if (restore_plan(rs, e) < 0 || restore_plan_volumes(rs, e) < 0)
		return -1;
	if (rs->plan.len == 0)
		return err_set(e, EK_NOTFOUND, "nothing in backup '%s' matches", rs->backup.name);
	return 0;
}

/* --- the record in the bucket --- */

static int
put_packed(struct restore *rs, enum layout_file f, struct str data, struct err *e)
{
	AUTO_FREE char *key = layout_key(rs->o->name, f);
	AUTO_BUF struct buf gz = BUF_INIT(LIMIT_SIDE_FILE);

	if (gzip_pack(data, &gz, e) < 0 || store_put(rs->st, key, buf_str(&gz), rs->c, e) < 0)
		return err_ctx(e, "%s", key);
	return 0;
}

/* What was asked, in the words of Velero's Restore (velero-format 5.4). */
static void
record_spec(const struct restore_opts *o, struct jw *w)
{
	jw_obj(w);
	jw_kv_text(w, "backupName", o->backup);
	jw_kv_strs(w, "includedNamespaces", &o->filter.inc_namespaces);
	jw_kv_strs(w, "excludedNamespaces", &o->filter.exc_namespaces);
	jw_kv_strs(w, "includedResources", &o->filter.inc_resources);
	jw_kv_strs(w, "excludedResources", &o->filter.exc_resources);
	if (o->filter.include_cluster != OPT_UNSET)
		jw_kv_bool(w, "includeClusterResources", o->filter.include_cluster == OPT_YES);
	if (o->ns_map.len > 0) {
		jw_key(w, "namespaceMapping");
		jw_obj(w);
		for (size_t i = 0; i < o->ns_map.len; i++) {
			struct str to = str_of(o->ns_map.at[i]), from;

			(void)str_split(&to, ':', &from);
			jw_key_str(w, from);
			jw_str(w, to);
		}
		jw_obj_end(w);
	}
	if (o->preserve_node_ports)
		jw_kv_bool(w, "preserveNodePorts", true);
	jw_kv_text(w, "existingResourcePolicy", o->policy == EXISTING_UPDATE ? "update" : "none");
	jw_obj_end(w);
}

static void
record_json(struct restore *rs, const char *stopped, struct jw *w)
{
	char time[CLOCK_TEXT_MAX], uuid[UUID_MAX];
	size_t errors = report_count(rs->r, RESULT_ERROR);

	jw_obj(w);
	jw_kv_text(w, "apiVersion", "velero.io/v1");
	jw_kv_text(w, "kind", "Restore");
	jw_key(w, "metadata");
	jw_obj(w);
	jw_kv_text(w, "name", rs->o->name);
	jw_kv_text(w, "namespace", "velero");
	jw_kv_text(w, "uid", random_uuid(uuid));
	jw_key(w, "annotations");
	jw_obj(w);
	if (rs->o->cluster_name != NULL)
		jw_kv_text(w, "orlop.dev/target-cluster-name", rs->o->cluster_name);
	jw_obj_end(w);
	jw_obj_end(w);
	jw_key(w, "spec");
	record_spec(rs->o, w);
	jw_key(w, "status");
	jw_obj(w);
	jw_kv_text(w, "phase", stopped != NULL ? "Failed" : errors > 0 ? "PartiallyFailed" : "Completed");
	if (stopped != NULL)
		jw_kv_text(w, "failureReason", stopped);
	jw_kv_text(w, "startTimestamp", clock_rfc3339(time, rs->start_unix_ns));
	jw_kv_text(w, "completionTimestamp", clock_rfc3339(time, clock_unix_ns()));
	jw_kv_uint(w, "warnings", report_count(rs->r, RESULT_WARNING));
	jw_kv_uint(w, "errors", errors);
	jw_key(w, "progress");
	jw_obj(w);
	jw_kv_uint(w, "totalItems", rs->n.selected);
	jw_kv_uint(w, "itemsRestored", rs->done);
	jw_obj_end(w);
	jw_obj_end(w);
	jw_obj_end(w);
}

/* stopped: why the restore did not run to its end; NULL: it did. */
static int
write_record(struct restore *rs, const char *stopped, struct err *e)
{
	AUTO_BUF struct buf log = BUF_INIT(LIMIT_SIDE_FILE);
	AUTO_BUF struct buf results = BUF_INIT(LIMIT_SIDE_FILE);
	AUTO_BUF struct buf list = BUF_INIT(LIMIT_SIDE_FILE);
	AUTO_BUF struct buf record = BUF_INIT(LIMIT_METADATA);
	AUTO_FREE char *log_key = layout_key(rs->o->name, LAYOUT_RESTORE_LOGS);
	AUTO_FREE char *record_key = layout_key(rs->o->name, LAYOUT_RESTORE_RECORD);
	struct jw w;

	if (vresults_write(report_results(rs->r), &results, e) < 0 || vreslist_write(rs->list, &list, e) < 0)
		return -1;
	jw_init(&w, &record, true);
	record_json(rs, stopped, &w);
	if (jw_done(&w, e) < 0 || report_take_log(rs->r, &log, e) < 0)
		return -1;
	if (store_put(rs->st, log_key, buf_str(&log), rs->c, e) < 0)
		return err_ctx(e, "%s", log_key);
	if (put_packed(rs, LAYOUT_RESTORE_RESULTS, buf_str(&results), e) < 0
	    || put_packed(rs, LAYOUT_RESTORE_RESOURCE_LIST, buf_str(&list), e) < 0
	    || put_packed(rs, LAYOUT_RESTORE_ITEMOPERATIONS, S("[]\n"), e) < 0
	    || put_packed(rs, LAYOUT_RESTORE_VOLUMEINFO, S("[]\n"), e) < 0)
		return -1;
	return store_put(rs->st, record_key, buf_str(&record), rs->c, e) < 0 ? err_ctx(e, "%s", record_key) : 0;
}

int
restore_run(struct k8s *k, struct store *st, const struct restore_opts *o, struct report *r, const struct cancel *c,
	struct restore_counts *out, struct err *e)
{
	struct restore rs = { .k = k, .st = st, .o = o, .r = r, .c = c, .ns_map = strmap_new(),
		.bad_ns = strmap_new(), .anew = strmap_new(), .list = vreslist_new(),
		.start_unix_ns = clock_unix_ns() };
	struct cancel last = { 0 };
	struct err why;
	int rc = -1;

	if (layout_check_name("restore", o->name, e) == 0 && prepare_restore(&rs, e) == 0) {
		rc = run_waves(&rs, e);
		report_progress(r, "finishing", rs.done, rs.n.selected, 0);
		if (rc < 0) {
			last.deadline_mono_ns = clock_mono_ns() + LAST_NS;
			rs.c = &last;
			restore_end_items(&rs);
		}
		/* The cluster has what it has: a record that cannot be written does not undo it. */
		if (write_record(&rs, rc < 0 ? e->msg : NULL, &why) < 0)
			report_note(r, "the record of this restore could not be written: %s", why.msg);
	}
	*out = rs.n;
	vec_free(&rs.plan);
	vreslist_free(rs.list);
	strmap_free(rs.anew);
	strmap_free(rs.bad_ns);
	strmap_free(rs.ns_map);
	vvolumes_free(&rs.volumes);
	reader_close(rs.reader);
	selection_free(rs.sel);
	discovery_free(rs.d);
	vbackup_done(&rs.backup);
	arena_done(&rs.arena);
	return rc;
}
