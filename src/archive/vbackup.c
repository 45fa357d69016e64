/* velero-backup.json to and from a plain struct. */
#include "archive/vbackup.h"

#include "base/clock.h"
#include "base/fmt.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/text.h"
#include "data/jdoc.h"
#include "data/jscan.h"
#include "data/jwrite.h"

#include <stddef.h>
#include <string.h>

#define API_VERSION    "velero.io/v1"
#define FORMAT_VERSION "1.1.0"

/* --- key/value texts --- */

static struct kv *
kvs_find(const struct kvs *v, const char *key)
{
	for (size_t i = 0; i < v->len; i++)
		if (strcmp(v->at[i].key, key) == 0)
			return &v->at[i];
	return NULL;
}

void
kvs_set(struct kvs *v, const char *key, const char *value)
{
	struct kv *kv = kvs_find(v, key);
	char *copy = xstrdup(value);

	if (!kv) {
		kv = vec_push(v);
		*kv = (struct kv){ .key = xstrdup(key) };
	}
	free(kv->value);
	kv->value = copy;
}

const char *
kvs_get(const struct kvs *v, const char *key)
{
	const struct kv *kv = kvs_find(v, key);

	return kv ? kv->value : NULL;
}

void
kvs_free(struct kvs *v)
{
	for (size_t i = 0; i < v->len; i++) {
		free(v->at[i].key);
		free(v->at[i].value);
	}
	vec_free(v);
}

/* --- the fields that are nothing but a list, a counter or a time: one row each, in Velero's order --- */

struct field {
	const char *key;
	size_t      at;      /* offset in struct vbackup */
};

static const struct field filters[] = {
	{ "includedNamespaces",               offsetof(struct vbackup, inc_namespaces) },
	{ "excludedNamespaces",               offsetof(struct vbackup, exc_namespaces) },
	{ "includedResources",                offsetof(struct vbackup, inc_resources) },
	{ "excludedResources",                offsetof(struct vbackup, exc_resources) },
	{ "includedNamespaceScopedResources", offsetof(struct vbackup, inc_ns_resources) },
	{ "excludedNamespaceScopedResources", offsetof(struct vbackup, exc_ns_resources) },
	{ "includedClusterScopedResources",   offsetof(struct vbackup, inc_cluster_resources) },
	{ "excludedClusterScopedResources",   offsetof(struct vbackup, exc_cluster_resources) },
};

static const struct field snapshot_counts[] = {
	{ "volumeSnapshotsAttempted", offsetof(struct vbackup, volume_snapshots_attempted) },
	{ "volumeSnapshotsCompleted", offsetof(struct vbackup, volume_snapshots_completed) },
};

static const struct field finding_counts[] = {
	{ "warnings", offsetof(struct vbackup, warnings) },
	{ "errors",   offsetof(struct vbackup, errors) },
};

static const struct field progress_counts[] = {
	{ "totalItems",    offsetof(struct vbackup, total_items) },
	{ "itemsBackedUp", offsetof(struct vbackup, items_backed_up) },
};

static const struct field csi_counts[] = {
	{ "csiVolumeSnapshotsAttempted", offsetof(struct vbackup, csi_snapshots_attempted) },
	{ "csiVolumeSnapshotsCompleted", offsetof(struct vbackup, csi_snapshots_completed) },
};

static const struct field hook_counts[] = {
	{ "hooksAttempted", offsetof(struct vbackup, hooks_attempted) },
	{ "hooksFailed",    offsetof(struct vbackup, hooks_failed) },
};

/* Where each group of counters stands. */
static const struct group {
	const char         *path;
	const struct field *fields;
	size_t              n;
} groups[] = {
	{ "status",            snapshot_counts, COUNT(snapshot_counts) },
	{ "status",            finding_counts,  COUNT(finding_counts) },
	{ "status",            csi_counts,      COUNT(csi_counts) },
	{ "status.progress",   progress_counts, COUNT(progress_counts) },
	{ "status.hookStatus", hook_counts,     COUNT(hook_counts) },
};

static const struct field times[] = {
	{ "metadata.creationTimestamp", offsetof(struct vbackup, created_unix_ns) },
	{ "status.startTimestamp",      offsetof(struct vbackup, start_unix_ns) },
	{ "status.completionTimestamp", offsetof(struct vbackup, completion_unix_ns) },
	{ "status.expiration",          offsetof(struct vbackup, expiration_unix_ns) },
};

static const struct field texts[] = {
	{ "metadata.name",         offsetof(struct vbackup, name) },
	{ "metadata.namespace",    offsetof(struct vbackup, namespace_) },
	{ "metadata.uid",          offsetof(struct vbackup, uid) },
	{ "spec.storageLocation",  offsetof(struct vbackup, storage_location) },
	{ "status.formatVersion",  offsetof(struct vbackup, format_version) },
	{ "status.phase",          offsetof(struct vbackup, phase) },
	{ "status.failureReason",  offsetof(struct vbackup, failure_reason) },
};

static const void *
field_of(const struct vbackup *b, size_t at)
{
	return (const char *)b + at;
}

static void *
field_in(struct vbackup *b, size_t at)
{
	return (char *)b + at;
}

void
vbackup_done(struct vbackup *b)
{
	for (size_t i = 0; i < COUNT(texts); i++)
		free(*(char **)field_in(b, texts[i].at));
	for (size_t i = 0; i < COUNT(filters); i++)
		strs_free(field_in(b, filters[i].at));
	kvs_free(&b->labels);
	kvs_free(&b->annotations);
	kvs_free(&b->ordered);
	free(b->selector_json);
	free(b->or_selectors_json);
	strs_free(&b->validation_errors);
	*b = (struct vbackup){ 0 };
}

/* --- writing --- */

static void
put_time(struct jw *w, const char *key, int64_t unix_ns)
{
	char text[CLOCK_TEXT_MAX];

	if (unix_ns != 0)
		jw_kv_text(w, key, clock_rfc3339(text, unix_ns));
}

static void
put_text(struct jw *w, const char *key, const char *text)
{
	if (text)
		jw_kv_text(w, key, text);
}

static int
by_key(const void *a, const void *b)
{
	const struct kv *x = a, *y = b;

	return strcmp(x->key, y->key);
}

/* Maps are sorted, as Go writes them. */
static void
put_kvs(struct jw *w, const char *key, const struct kvs *v)
{
	AUTO_FREE struct kv *sorted = xmalloc(size_mul(v->len, sizeof *sorted));

	if (v->len == 0)
		return;
	memcpy(sorted, v->at, v->len * sizeof *sorted);
	qsort(sorted, v->len, sizeof *sorted, by_key);
	jw_key(w, key);
	jw_obj(w);
	for (size_t i = 0; i < v->len; i++)
		jw_kv_text(w, sorted[i].key, sorted[i].value);
	jw_obj_end(w);
}

static void
put_counts(struct jw *w, const struct vbackup *b, const struct field *fields, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const int64_t *count = field_of(b, fields[i].at);

		if (*count != 0)
			jw_kv_int(w, fields[i].key, *count);
	}
}

static void
put_tristate(struct jw *w, const char *key, enum tristate t)
{
	if (t != TRI_UNSET)
		jw_kv_bool(w, key, t == TRI_TRUE);
}

static void
put_empty(struct jw *w, const char *key)
{
	jw_key(w, key);
	jw_obj(w);
	jw_obj_end(w);
}

static void
put_raw(struct jw *w, const char *key, const char *json)
{
	if (!json)
		return;
	jw_key(w, key);
	jw_raw(w, str_of(json));
}

static void
put_metadata(struct jw *w, const struct vbackup *b)
{
	jw_key(w, "metadata");
	jw_obj(w);
	jw_kv_text(w, "name", b->name);
	put_text(w, "namespace", b->namespace_);
	put_text(w, "uid", b->uid);
	put_time(w, "creationTimestamp", b->created_unix_ns);
	put_kvs(w, "labels", &b->labels);
	put_kvs(w, "annotations", &b->annotations);
	jw_obj_end(w);
}

static void
put_spec(struct jw *w, const struct vbackup *b)
{
	char *everything[] = { (char[]){ "*" } };
	const struct strs all = { .at = everything, .len = 1 };
	char ttl[FMT_MAX];

	jw_key(w, "spec");
	jw_obj(w);
	put_empty(w, "metadata");
	for (size_t i = 0; i < COUNT(filters); i++) {
		const struct strs *v = field_of(b, filters[i].at);

		/* What Velero's command line sends when no namespace is named. */
		jw_kv_strs(w, filters[i].key, v == &b->inc_namespaces && v->len == 0 ? &all : v);
	}
	put_raw(w, "labelSelector", b->selector_json);
	put_raw(w, "orLabelSelectors", b->or_selectors_json);
	put_kvs(w, "orderedResources", &b->ordered);
	put_tristate(w, "snapshotVolumes", b->snapshot_volumes);
	jw_kv_text(w, "ttl", fmt_go_duration(ttl, b->ttl_ns));
	jw_kv_text(w, "volumeGroupSnapshotLabelKey", "velero.io/volume-group");
	put_tristate(w, "includeClusterResources", b->include_cluster);
	put_empty(w, "hooks");
	put_text(w, "storageLocation", b->storage_location);
	jw_kv_bool(w, "defaultVolumesToFsBackup", false);
	jw_kv_text(w, "csiSnapshotTimeout", "10m0s");
	jw_kv_text(w, "itemOperationTimeout", "4h0m0s");
	jw_kv_bool(w, "snapshotMoveData", false);
	jw_obj_end(w);
}

static void
put_status(struct jw *w, const struct vbackup *b)
{
	jw_key(w, "status");
	jw_obj(w);
	jw_kv_int(w, "version", 1);
	jw_kv_text(w, "formatVersion", b->format_version ? b->format_version : FORMAT_VERSION);
	put_time(w, "expiration", b->expiration_unix_ns);
	put_text(w, "phase", b->phase);
	jw_kv_strs(w, "validationErrors", &b->validation_errors);
	put_time(w, "startTimestamp", b->start_unix_ns);
	put_time(w, "completionTimestamp", b->completion_unix_ns);
	put_counts(w, b, snapshot_counts, COUNT(snapshot_counts));
	put_text(w, "failureReason", b->failure_reason);
	put_counts(w, b, finding_counts, COUNT(finding_counts));
	jw_key(w, "progress");
	jw_obj(w);
	put_counts(w, b, progress_counts, COUNT(progress_counts));
	jw_obj_end(w);
	put_counts(w, b, csi_counts, COUNT(csi_counts));
	jw_key(w, "hookStatus");
	jw_obj(w);
	put_counts(w, b, hook_counts, COUNT(hook_counts));
	jw_obj_end(w);
	jw_obj_end(w);
}

static int
check_raw(const char *what, const char *json, enum jtype want, struct err *e)
{
	if (!json)
		return 0;
	if (json_check(str_of(json), e) < 0)
		return err_ctx(e, "%s", what);
	if (jtype(str_trim(str_of(json))) != want)
		return err_set(e, EK_INVALID, "%s: not the kind of value that belongs there", what);
	return 0;
}

int
vbackup_write(const struct vbackup *b, struct buf *out, struct err *e)
{
	size_t before = out->len;
	struct jw w;

	assert_that(b->name);
	if (check_raw("labelSelector", b->selector_json, J_OBJ, e) < 0 ||
	    check_raw("orLabelSelectors", b->or_selectors_json, J_ARR, e) < 0)
		return -1;
	jw_init(&w, out, true);
	jw_obj(&w);
	jw_kv_text(&w, "kind", "Backup");
	jw_kv_text(&w, "apiVersion", API_VERSION);
	put_metadata(&w, b);
	put_spec(&w, b);
	put_status(&w, b);
	jw_obj_end(&w);
	if (jw_done(&w, e) == 0 && buf_add(out, "\n", 1, e) == 0)
		return 0;
	buf_cut(out, before);
	return err_ctx(e, "metadata of backup '%s'", b->name);
}

/* --- reading --- */

static void
get_texts(const cJSON *arr, struct strs *out)
{
	const cJSON *item;

	if (!cJSON_IsArray(arr))
		return;
	jdoc_each(item, arr)
		if (cJSON_IsString(item))
			strs_add(out, item->valuestring);
}

/* Far more than a Kubernetes object can have; looking keys up is linear. */
#define KVS_MAX 4096

static void
get_kvs(const cJSON *map, struct kvs *out)
{
	const cJSON *item;

	if (!cJSON_IsObject(map))
		return;
	jdoc_each(item, map)
		if (cJSON_IsString(item) && out->len < KVS_MAX)
			kvs_set(out, item->string, item->valuestring);
}

static enum tristate
get_tristate(const cJSON *d, const char *path)
{
	const cJSON *v = jdoc_get(d, path);

	if (!cJSON_IsBool(v))
		return TRI_UNSET;
	return cJSON_IsTrue(v) ? TRI_TRUE : TRI_FALSE;
}

/* The member as JSON text, NULL when it is absent or of another type. */
static char *
get_raw(const cJSON *v, bool is_type)
{
	char *printed, *copy;

	if (!is_type)
		return NULL;
	printed = cJSON_PrintUnformatted(v);
	assert_that(printed);
	copy = xstrdup(printed);
	cJSON_free(printed);
	return copy;
}

static void
get_counts(const cJSON *d, struct vbackup *b)
{
	for (size_t i = 0; i < COUNT(groups); i++) {
		const cJSON *place = jdoc_get(d, groups[i].path);

		for (size_t k = 0; k < groups[i].n; k++) {
			int64_t v = jdoc_int(place, groups[i].fields[k].key, 0);

			*(int64_t *)field_in(b, groups[i].fields[k].at) = v > 0 ? v : 0;
		}
	}
}

/* The oldest backups have a number instead of the text. */
static void
get_format(const cJSON *d, struct vbackup *b)
{
	int64_t version = jdoc_int(d, "status.version", 0);

	if (!b->format_version && version > 0)
		b->format_version = xasprintf("%lld", (long long)version);
}

static void
get_fields(const cJSON *d, struct vbackup *b)
{
	const cJSON *spec = jdoc_get(d, "spec"), *selector, *selectors;
	const char *ttl = jdoc_text(spec, "ttl");

	for (size_t i = 0; i < COUNT(texts); i++) {
		const char *text = jdoc_text(d, texts[i].key);

		if (text)
			*(char **)field_in(b, texts[i].at) = xstrdup(text);
	}
	for (size_t i = 0; i < COUNT(times); i++) {
		int64_t *at = field_in(b, times[i].at);

		if (!clock_parse_rfc3339(str_of(jdoc_text(d, times[i].key)), at))
			*at = 0;
	}
	for (size_t i = 0; i < COUNT(filters); i++)
		get_texts(jdoc_get(spec, filters[i].key), field_in(b, filters[i].at));
	get_kvs(jdoc_get(d, "metadata.labels"), &b->labels);
	get_kvs(jdoc_get(d, "metadata.annotations"), &b->annotations);
	get_kvs(jdoc_get(spec, "orderedResources"), &b->ordered);
	b->include_cluster = get_tristate(spec, "includeClusterResources");
	b->snapshot_volumes = get_tristate(spec, "snapshotVolumes");
	selector = jdoc_get(spec, "labelSelector");
	b->selector_json = get_raw(selector, cJSON_IsObject(selector));
	selectors = jdoc_get(spec, "orLabelSelectors");
	b->or_selectors_json = get_raw(selectors, cJSON_IsArray(selectors));
	if (!ttl || !parse_duration(str_of(ttl), &b->ttl_ns))
		b->ttl_ns = 0;
	get_counts(d, b);
	get_texts(jdoc_get(d, "status.validationErrors"), &b->validation_errors);
	get_format(d, b);
}

int
vbackup_read(struct str json, struct vbackup *out, struct err *e)
{
	AUTO_JDOC cJSON *d = jdoc_parse(json, e);
	const char *api = jdoc_text(d, "apiVersion"), *kind = jdoc_text(d, "kind"), *name = jdoc_text(d, "metadata.name");
	struct vbackup b = { 0 };

	if (!d)
		return err_ctx(e, "velero-backup.json");
	if (!text_is_utf8(json))
		return err_set(e, EK_CORRUPT, "velero-backup.json: not UTF-8");
	if (!api || !str_starts(str_of(api), S("velero.io/")) || !kind || strcmp(kind, "Backup") != 0)
		return err_set(e, EK_CORRUPT, "velero-backup.json: not a Backup of velero.io");
	if (!name || *name == '\0')
		return err_set(e, EK_CORRUPT, "velero-backup.json: the backup has no name");
	get_fields(d, &b);
	*out = b;
	return 0;
}
