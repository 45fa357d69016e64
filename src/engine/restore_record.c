/* What a restore leaves in the bucket: log, results, list of objects, and the Restore as Velero would describe it. */
#include "engine/restore_impl.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/mem.h"
#include "data/jwrite.h"
#include "engine/side_files.h"

#include <string.h>

/* --- what was asked for, in the words of Velero's Restore (velero-format 5.4) --- */

static void
put_selector(struct jw *w, const char *text)
{
	struct err ignored;
	AUTO(selector_freep) struct selector *s = selector_parse(text, &ignored);

	/* It was read once already: it is valid. */
	if (s != NULL) {
		selector_json(s, w);
	} else {
		jw_obj(w);
		jw_obj_end(w);
	}
}

static void
put_selectors(const struct filter_opts *f, struct jw *w)
{
	if (f->selector != NULL) {
		jw_key(w, "labelSelector");
		put_selector(w, f->selector);
	}
	if (f->or_selectors.len > 0) {
		jw_key(w, "orLabelSelectors");
		jw_arr(w);
		for (size_t i = 0; i < f->or_selectors.len; i++)
			put_selector(w, f->or_selectors.at[i]);
		jw_arr_end(w);
	}
}

static void
put_map(struct jw *w, const char *key, const struct strs *map)
{
	if (map->len == 0)
		return;
	jw_key(w, key);
	jw_obj(w);
	for (size_t i = 0; i < map->len; i++) {
		struct str to = str_of(map->at[i]), from;

		(void)str_split(&to, ':', &from);
		jw_key_str(w, from);
		jw_str(w, to);
	}
	jw_obj_end(w);
}

static void
put_spec(const struct restore_opts *o, struct jw *w)
{
	jw_obj(w);
	jw_kv_text(w, "backupName", o->backup);
	jw_kv_strs(w, "includedNamespaces", &o->filter.inc_namespaces);
	jw_kv_strs(w, "excludedNamespaces", &o->filter.exc_namespaces);
	jw_kv_strs(w, "includedResources", &o->filter.inc_resources);
	jw_kv_strs(w, "excludedResources", &o->filter.exc_resources);
	if (o->filter.include_cluster != OPT_UNSET)
		jw_kv_bool(w, "includeClusterResources", o->filter.include_cluster == OPT_YES);
	put_selectors(&o->filter, w);
	put_map(w, "namespaceMapping", &o->ns_map);
	if (o->preserve_node_ports)
		jw_kv_bool(w, "preserveNodePorts", true);
	if (o->restore_status || o->inc_status.len > 0 || o->exc_status.len > 0) {
		jw_key(w, "restoreStatus");
		jw_obj(w);
		jw_kv_strs(w, "includedResources", &o->inc_status);
		jw_kv_strs(w, "excludedResources", &o->exc_status);
		jw_obj_end(w);
	}
	jw_kv_text(w, "existingResourcePolicy", existing_policy_names[o->policy]);
	jw_obj_end(w);
}

static void
put_text(struct jw *w, const char *key, const char *text)
{
	if (text != NULL)
		jw_kv_text(w, key, text);
}

static void
put_list(struct jw *w, const char *key, const struct strs *list)
{
	AUTO_BUF struct buf joined = BUF_INIT(LIMIT_METADATA);

	for (size_t i = 0; i < list->len; i++)
		buf_putf(&joined, "%s%s", i > 0 ? ";" : "", list->at[i]);
	if (list->len > 0)
		jw_kv_text(w, key, buf_cstr(&joined));
}

/* Which file it was, without what is in it: rules may hold passwords. */
static void
put_sum(struct jw *w, const char *key, const char *text)
{
	uint8_t sum[SHA256_LEN];
	char hex[SHA256_HEX];

	if (text == NULL)
		return;
	sha256(text, str_of(text).len, sum);
	jw_kv_text(w, key, hex_encode(hex, sum, sizeof sum));
}

/* What Velero's Restore has no field for. */
static void
put_annotations(const struct restore_opts *o, struct jw *w)
{
	jw_key(w, "annotations");
	jw_obj(w);
	put_text(w, "orlop.dev/target-cluster-name", o->cluster_name);
	put_text(w, "orlop.dev/retry-of", o->retry_of);
	put_text(w, "orlop.dev/include-names", o->filter.inc_names);
	put_text(w, "orlop.dev/exclude-names", o->filter.exc_names);
	put_list(w, "orlop.dev/include-objects", &o->inc_objects);
	put_list(w, "orlop.dev/exclude-objects", &o->exc_objects);
	put_sum(w, "orlop.dev/objects-from-sha256", o->objects);
	if (o->with_dependencies)
		jw_kv_text(w, "orlop.dev/with-dependencies", "true");
	put_sum(w, "orlop.dev/resource-modifiers-sha256", o->modifiers);
	put_sum(w, "orlop.dev/hooks-sha256", o->hooks);
	put_list(w, "orlop.dev/storage-class-mappings", &o->class_map);
	put_list(w, "orlop.dev/image-mappings", &o->image_map);
	put_list(w, "orlop.dev/host-mappings", &o->host_map);
	put_list(w, "orlop.dev/zone-mappings", &o->zone_map);
	if (o->drop_node_affinity)
		jw_kv_text(w, "orlop.dev/drop-node-affinity", "true");
	put_sum(w, "orlop.dev/change-storage-class-sha256", o->class_config);
	put_sum(w, "orlop.dev/change-image-name-sha256", o->image_config);
	put_text(w, "orlop.dev/restore-resource-priorities", o->priorities);
	put_list(w, "orlop.dev/version-priorities", &o->versions);
	put_list(w, "orlop.dev/yes-really", &o->yes_really);
	if (o->prune)
		jw_kv_text(w, "orlop.dev/prune", "true");
	if (o->relink_owners)
		jw_kv_text(w, "orlop.dev/owner-references", "relink");
	if (o->pause_controllers)
		jw_kv_text(w, "orlop.dev/pause-controllers", "true");
	if (o->any_version)
		jw_kv_text(w, "orlop.dev/any-version", "true");
	jw_obj_end(w);
}

static void
put_hook_status(const struct restore_hooks *rh, struct jw *w)
{
	uint64_t attempted, failed;

	restore_hooks_counts(rh, &attempted, &failed);
	if (attempted == 0)
		return;
	jw_key(w, "hookStatus");
	jw_obj(w);
	jw_kv_uint(w, "hooksAttempted", attempted);
	if (failed > 0)
		jw_kv_uint(w, "hooksFailed", failed);
	jw_obj_end(w);
}

static void
put_status(struct restore *rs, const char *phase, const char *stopped, struct jw *w)
{
	char time[CLOCK_TEXT_MAX];
	size_t errors = report_count(rs->r, RESULT_ERROR);

	jw_obj(w);
	jw_kv_text(w, "phase", phase);
	if (stopped != NULL)
		jw_kv_text(w, "failureReason", stopped);
	jw_kv_text(w, "startTimestamp", clock_rfc3339(time, rs->start_unix_ns));
	if (strcmp(phase, "InProgress") != 0)
		jw_kv_text(w, "completionTimestamp", clock_rfc3339(time,
			rs->start_unix_ns + clock_mono_ns() - rs->start_mono_ns));
	jw_kv_uint(w, "warnings", report_count(rs->r, RESULT_WARNING));
	jw_kv_uint(w, "errors", errors);
	jw_key(w, "progress");
	jw_obj(w);
	jw_kv_uint(w, "totalItems", rs->n.selected);
	jw_kv_uint(w, "itemsRestored", rs->done);
	jw_obj_end(w);
	put_hook_status(rs->hooks, w);
	jw_obj_end(w);
}

static void
put_restore(struct restore *rs, const char *phase, const char *stopped, struct jw *w)
{
	char uuid[UUID_MAX];

	jw_obj(w);
	jw_kv_text(w, "apiVersion", "velero.io/v1");
	jw_kv_text(w, "kind", "Restore");
	jw_key(w, "metadata");
	jw_obj(w);
	jw_kv_text(w, "name", rs->o->name);
	jw_kv_text(w, "namespace", "velero");
	jw_kv_text(w, "uid", random_uuid(uuid));
	put_annotations(rs->o, w);
	jw_obj_end(w);
	jw_key(w, "spec");
	put_spec(rs->o, w);
	jw_key(w, "status");
	put_status(rs, phase, stopped, w);
	jw_obj_end(w);
}

int
restore_describe(struct restore *rs, const char *phase, const char *stopped, struct buf *out, struct err *e)
{
	struct jw w;

	jw_init(&w, out, true);
	put_restore(rs, phase, stopped, &w);
	return jw_done(&w, e);
}

char *
restore_backup_id(const struct vbackup *b, char out[SHA256_HEX])
{
	const char *index = kvs_get(&b->annotations, VB_ANNOT_INDEX_SHA256);
	AUTO_FREE char *text = xasprintf("%s %s %lld %lld %s", b->name, b->uid != NULL ? b->uid : "",
		(long long)b->start_unix_ns, (long long)b->completion_unix_ns, index != NULL ? index : "");
	uint8_t sum[SHA256_LEN];

	sha256(text, strlen(text), sum);
	return hex_encode(out, sum, sizeof sum);
}

int
restore_record(struct restore *rs, const char *stopped, struct err *e)
{
	AUTO_SIDE_FILES struct side_files files = { .name = rs->o->name };
	AUTO_BUF struct buf results = BUF_INIT(LIMIT_SIDE_FILE);
	AUTO_BUF struct buf record = BUF_INIT(LIMIT_METADATA);
	AUTO_FREE char *record_key = layout_key(rs->o->name, LAYOUT_RESTORE_RECORD);
	const char *phase = stopped != NULL ? "Failed" : report_count(rs->r, RESULT_ERROR) > 0 ? "PartiallyFailed" : "Completed";

	if (vresults_write(report_results(rs->r), &results, e) < 0
	    || side_files_pack(&files, LAYOUT_RESTORE_RESULTS, buf_str(&results), e) < 0
	    || vreslist_pack(rs->list, side_files_add(&files, LAYOUT_RESTORE_RESOURCE_LIST), e) < 0
	    || side_files_pack(&files, LAYOUT_RESTORE_ITEMOPERATIONS, S("[]\n"), e) < 0
	    || side_files_pack(&files, LAYOUT_RESTORE_VOLUMEINFO, S("[]\n"), e) < 0)
		return -1;
	if (restore_describe(rs, phase, stopped, &record, e) < 0 || report_take_log(rs->r, side_files_add(&files, LAYOUT_RESTORE_LOGS), e) < 0
	    || side_files_put(&files, rs->st, rs->c, e) < 0 || outcomes_put(rs->outcomes, rs->st, rs->o->name, rs->c, e) < 0)
		return -1;
	return store_put(rs->st, record_key, buf_str(&record), rs->c, e) < 0 ? err_ctx(e, "%s", record_key) : 0;
}
