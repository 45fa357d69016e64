/* Descriptions for people. */
#include "cli/describe.h"

#include "base/fmt.h"
#include "base/mem.h"
#include "base/strmap.h"
#include "base/text.h"

/* One line, or several for lists and maps, of a description. */
struct field {
	const char *label;
	const char *path;
	enum { F_TEXT, F_NUMBER, F_LIST, F_MAP, F_FLAG, F_JSON } type;
	const char *empty;               /* what an absent or empty value is shown as; NULL: the line is left out */
};

static void
line(struct buf *out, const char *label, const char *text)
{
	buf_putf(out, "%-22s", label);
	text_visible(out, str_of(text), false);
	buf_putc(out, '\n');
}

static char *
joined(const cJSON *list)
{
	struct buf out = BUF_INIT(SIZE_MAX);
	const cJSON *item;

	jdoc_each(item, list) {
		if (!cJSON_IsString(item))
			continue;
		if (out.len > 0)
			buf_puts(&out, ", ");
		buf_puts(&out, item->valuestring);
	}
	return buf_take(&out, NULL);
}

/* Empty: there is nothing to show. */
static char *
field_text(const struct field *f, const cJSON *v)
{
	AUTO_FREE char *json = NULL;

	switch (f->type) {
	case F_TEXT:
		return xstrdup(cJSON_IsString(v) ? v->valuestring : "");
	case F_NUMBER:
		return cJSON_IsNumber(v) ? xasprintf("%.0f", v->valuedouble) : xstrdup("");
	case F_LIST:
		return joined(v);
	case F_FLAG:
		return xstrdup(cJSON_IsTrue(v) ? "true" : cJSON_IsFalse(v) ? "false" : "");
	case F_JSON:
		json = v != NULL && v->child != NULL ? cJSON_PrintUnformatted(v) : NULL;
		return xstrdup(json != NULL ? json : "");
	case F_MAP:
		break;
	}
	return xstrdup("");
}

/* The checksums are for "backup verify", not for people. */
static bool
is_checksum(const char *key)
{
	return str_starts(str_of(key), S("orlop.dev/")) && str_ends(str_of(key), S("-sha256"));
}

static void
map_lines(struct buf *out, const struct field *f, const cJSON *map, bool details)
{
	const char *label = f->label;
	const cJSON *item;
	size_t checksums = 0;

	jdoc_each(item, map) {
		AUTO_FREE char *text = xasprintf("%s=%s", item->string, cJSON_IsString(item) ? item->valuestring : "");

		if (!details && is_checksum(item->string)) {
			checksums++;
			continue;
		}
		line(out, label, text);
		label = "";
	}
	if (checksums > 0)
		buf_putf(out, "%-22s(%zu checksum%s: for 'orlop backup verify'; --details shows them)\n", label, checksums,
			checksums == 1 ? "" : "s");
	else if (label == f->label && f->empty != NULL)
		line(out, label, f->empty);
}

static void
fields(struct buf *out, const struct field *list, size_t n, const cJSON *d, bool details)
{
	for (size_t i = 0; i < n; i++) {
		const struct field *f = &list[i];
		const cJSON *v = f->path != NULL ? jdoc_get(d, f->path) : NULL;
		AUTO_FREE char *text = field_text(f, v);

		if (f->label[0] == '\0')
			buf_putc(out, '\n');
		else if (f->type == F_MAP)
			map_lines(out, f, v, details);
		else if (text[0] != '\0' || f->empty != NULL)
			line(out, f->label, text[0] != '\0' ? text : f->empty);
	}
}

/* --- sections that backups and restores share --- */

static void
result_place(struct buf *out, const char *place, const cJSON *list)
{
	const cJSON *item;

	jdoc_each(item, list) {
		if (!cJSON_IsString(item))
			continue;
		buf_puts(out, "  ");
		text_visible(out, str_of(place), false);
		buf_puts(out, ": ");
		text_visible(out, str_trim(str_of(item->valuestring)), false);
		buf_putc(out, '\n');
	}
}

static void
results(struct buf *out, const char *label, const cJSON *result)
{
	const cJSON *ns;

	if (result == NULL || result->child == NULL)
		return;
	buf_putf(out, "\n%s:\n", label);
	result_place(out, "run", jdoc_get(result, "velero"));
	result_place(out, "cluster", jdoc_get(result, "cluster"));
	jdoc_each(ns, jdoc_get(result, "namespaces"))
		result_place(out, ns->string, ns);
}

static void
resource_list(struct buf *out, const cJSON *list, bool details)
{
	const cJSON *kind, *item;

	if (list == NULL || list->child == NULL)
		return;
	buf_puts(out, "\nResource list:\n");
	jdoc_each(kind, list) {
		buf_puts(out, "  ");
		text_visible(out, str_of(kind->string), false);
		buf_putf(out, ": %d\n", cJSON_GetArraySize(kind));
		if (!details)
			continue;
		jdoc_each(item, kind) {
			buf_puts(out, "    - ");
			text_visible(out, str_of(cJSON_IsString(item) ? item->valuestring : ""), false);
			buf_putc(out, '\n');
		}
	}
}

/* --- backups --- */

/* Velero's tools read these files without regard to case (velero-format 7, 14). */
static const char *
text_of(const cJSON *v, const char *key)
{
	return cJSON_GetStringValue(jdoc_get_nocase(v, key));
}

static const char *
or_dash(const char *text)
{
	return text != NULL ? text : "-";
}

/* One line of a list; text is freed. */
static void
list_line(struct buf *out, char *text)
{
	buf_puts(out, "  ");
	text_visible(out, str_of(text), false);
	buf_putc(out, '\n');
	free(text);
}

static void
volumes(struct buf *out, const cJSON *list)
{
	const cJSON *v;

	if (list == NULL || list->child == NULL)
		return;
	buf_puts(out, "\nPersistent volumes:\n");
	jdoc_each(v, list) {
		const char *method = text_of(v, "backupMethod"), *claim = text_of(v, "pvcName"), *pv = text_of(v, "pvName");
		const char *reason = text_of(v, "skippedReason"), *ns = text_of(v, "pvcNamespace");

		list_line(out, xasprintf("%s (claim %s/%s): %s", pv != NULL ? pv : "?", claim != NULL ? or_dash(ns) : "-",
			or_dash(claim), method != NULL ? method : reason != NULL ? reason : "skipped"));
	}
}

/* What files of volumes Velero's node agent saved: not in this format, but they are there. */
static void
pod_volumes(struct buf *out, const cJSON *list)
{
	const cJSON *v;

	if (list == NULL || list->child == NULL)
		return;
	buf_puts(out, "\nPod volume backups:\n");
	jdoc_each(v, list)
		list_line(out, xasprintf("%s/%s volume %s: %s", or_dash(jdoc_text(v, "spec.pod.namespace")),
			or_dash(jdoc_text(v, "spec.pod.name")), or_dash(jdoc_text(v, "spec.volume")),
			or_dash(jdoc_text(v, "status.phase"))));
}

/* Snapshots of cloud disks. */
static void
volume_snapshots(struct buf *out, const cJSON *list)
{
	const cJSON *v;

	if (list == NULL || list->child == NULL)
		return;
	buf_puts(out, "\nVolume snapshots:\n");
	jdoc_each(v, list)
		list_line(out, xasprintf("%s: %s of %s, %s", or_dash(jdoc_text(v, "spec.persistentVolumeName")),
			or_dash(jdoc_text(v, "status.providerSnapshotID")), or_dash(jdoc_text(v, "spec.providerVolumeID")),
			or_dash(jdoc_text(v, "status.phase"))));
}

/* Velero up to 1.17 (velero-format 1.2); later ones tell the same in the list of volumes. */
static void
csi_snapshots(struct buf *out, const cJSON *snapshots, const cJSON *contents)
{
	AUTO(strmap_freep) struct strmap *by_name = strmap_new();
	const cJSON *v;

	if (snapshots == NULL || snapshots->child == NULL)
		return;
	jdoc_each(v, contents)
		if (jdoc_text(v, "metadata.name") != NULL)
			strmap_put(by_name, str_of(jdoc_text(v, "metadata.name")), (void *)(uintptr_t)v);
	buf_puts(out, "\nCSI volume snapshots:\n");
	jdoc_each(v, snapshots) {
		const char *bound = jdoc_text(v, "status.boundVolumeSnapshotContentName");
		const cJSON *content = strmap_get(by_name, str_of(bound));

		list_line(out, xasprintf("%s/%s (claim %s): %s of driver %s, %s", or_dash(jdoc_text(v, "metadata.namespace")),
			or_dash(jdoc_text(v, "metadata.name")), or_dash(jdoc_text(v, "spec.source.persistentVolumeClaimName")),
			or_dash(jdoc_text(content, "status.snapshotHandle")), or_dash(jdoc_text(content, "spec.driver")),
			or_dash(jdoc_text(v, "status.restoreSize"))));
	}
}

static const struct field backup_fields[] = {
	{ "Name:", "metadata.name", F_TEXT, "<none>" },
	{ "Namespace:", "metadata.namespace", F_TEXT, NULL },
	{ "Labels:", "metadata.labels", F_MAP, "<none>" },
	{ "Annotations:", "metadata.annotations", F_MAP, "<none>" },
	{ "" },
	{ "Phase:", "status.phase", F_TEXT, "<none>" },
	{ "Failure:", "status.failureReason", F_TEXT, NULL },
	{ "Validation errors:", "status.validationErrors", F_LIST, NULL },
	{ "Errors:", "status.errors", F_NUMBER, "0" },
	{ "Warnings:", "status.warnings", F_NUMBER, "0" },
	{ "" },
	{ "Namespaces:", "spec.includedNamespaces", F_LIST, "*" },
	{ "  excluded:", "spec.excludedNamespaces", F_LIST, "<none>" },
	{ "Resources:", "spec.includedResources", F_LIST, "*" },
	{ "  excluded:", "spec.excludedResources", F_LIST, "<none>" },
	{ "Cluster-scoped:", "spec.includeClusterResources", F_FLAG, "auto" },
	{ "  included:", "spec.includedClusterScopedResources", F_LIST, NULL },
	{ "  excluded:", "spec.excludedClusterScopedResources", F_LIST, NULL },
	{ "Namespaced included:", "spec.includedNamespaceScopedResources", F_LIST, NULL },
	{ "Namespaced excluded:", "spec.excludedNamespaceScopedResources", F_LIST, NULL },
	{ "Label selector:", "spec.labelSelector", F_JSON, "<none>" },
	{ "Or label selectors:", "spec.orLabelSelectors", F_JSON, NULL },
	{ "Ordered resources:", "spec.orderedResources", F_JSON, NULL },
	{ "" },
	{ "Storage location:", "spec.storageLocation", F_TEXT, "<none>" },
	{ "Snapshot volumes:", "spec.snapshotVolumes", F_FLAG, "auto" },
	{ "Move snapshot data:", "spec.snapshotMoveData", F_FLAG, "auto" },
	{ "Data mover:", "spec.datamover", F_TEXT, "velero" },
	{ "CSI snapshot timeout:", "spec.csiSnapshotTimeout", F_TEXT, NULL },
	{ "Operation timeout:", "spec.itemOperationTimeout", F_TEXT, NULL },
	{ "TTL:", "spec.ttl", F_TEXT, "<none>" },
	{ "Hooks:", "spec.hooks.resources", F_JSON, "<none>" },
	{ "  attempted:", "status.hookStatus.hooksAttempted", F_NUMBER, "0" },
	{ "  failed:", "status.hookStatus.hooksFailed", F_NUMBER, "0" },
	{ "" },
	{ "Format version:", "status.formatVersion", F_TEXT, "<none>" },
	{ "Started:", "status.startTimestamp", F_TEXT, "<none>" },
	{ "Completed:", "status.completionTimestamp", F_TEXT, "<none>" },
	{ "Expires:", "status.expiration", F_TEXT, "<none>" },
	{ "Items in total:", "status.progress.totalItems", F_NUMBER, "0" },
	{ "Items backed up:", "status.progress.itemsBackedUp", F_NUMBER, "0" },
};

void
describe_backup(const cJSON *doc, bool details, struct buf *out)
{
	const cJSON *file, *operations = jdoc_get(doc, "itemOperations");
	uint64_t bytes = 0;
	char size[FMT_MAX];

	fields(out, backup_fields, COUNT(backup_fields), jdoc_get(doc, "backup"), details);
	jdoc_each(file, jdoc_get(doc, "files"))
		bytes += (uint64_t)jdoc_int(file, "size", 0);
	line(out, "Size:", fmt_size(size, bytes));
	if (operations != NULL && operations->child != NULL)
		buf_putf(out, "%-22s%d\n", "Item operations:", cJSON_GetArraySize(operations));
	results(out, "Errors", jdoc_get(doc, "results.errors"));
	results(out, "Warnings", jdoc_get(doc, "results.warnings"));
	resource_list(out, jdoc_get(doc, "resourceList"), details);
	volumes(out, jdoc_get(doc, "volumes"));
	pod_volumes(out, jdoc_get(doc, "podVolumeBackups"));
	volume_snapshots(out, jdoc_get(doc, "volumeSnapshots"));
	csi_snapshots(out, jdoc_get(doc, "csiSnapshots"), jdoc_get(doc, "csiSnapshotContents"));
}

/* --- restores --- */

static const struct field restore_fields[] = {
	{ "Name:", "metadata.name", F_TEXT, "<none>" },
	{ "Backup:", "spec.backupName", F_TEXT, "<none>" },
	{ "Annotations:", "metadata.annotations", F_MAP, "<none>" },
	{ "" },
	{ "Phase:", "status.phase", F_TEXT, "<none>" },
	{ "Failure:", "status.failureReason", F_TEXT, NULL },
	{ "Errors:", "status.errors", F_NUMBER, "0" },
	{ "Warnings:", "status.warnings", F_NUMBER, "0" },
	{ "" },
	{ "Existing objects:", "spec.existingResourcePolicy", F_TEXT, "none" },
	{ "Started:", "status.startTimestamp", F_TEXT, "<none>" },
	{ "Completed:", "status.completionTimestamp", F_TEXT, "<none>" },
	{ "Items in total:", "status.progress.totalItems", F_NUMBER, "0" },
	{ "Items restored:", "status.progress.itemsRestored", F_NUMBER, "0" },
};

static void
outcomes(struct buf *out, const cJSON *list)
{
	const cJSON *v;

	if (list == NULL || list->child == NULL)
		return;
	buf_puts(out, "\nOutcomes:\n");
	jdoc_each(v, jdoc_get(list, "counts"))
		list_line(out, xasprintf("%-12s %.0f", v->string, cJSON_IsNumber(v) ? v->valuedouble : 0));
	if (jdoc_get(list, "problems") == NULL || jdoc_get(list, "problems")->child == NULL)
		return;
	buf_puts(out, "\nProblems:\n");
	jdoc_each(v, jdoc_get(list, "problems")) {
		const char *ns = jdoc_text(v, "namespace"), *next = jdoc_text(v, "next");

		list_line(out, xasprintf("%s %s %s%s%s: %s", or_dash(jdoc_text(v, "outcome")), or_dash(jdoc_text(v, "resource")),
			ns != NULL ? ns : "", ns != NULL && ns[0] != '\0' ? "/" : "", or_dash(jdoc_text(v, "name")),
			or_dash(jdoc_text(v, "text"))));
		if (next != NULL)
			list_line(out, xasprintf("  next: %s", next));
	}
}

void
describe_restore(const cJSON *doc, bool details, struct buf *out)
{
	const cJSON *r = jdoc_get(doc, "restore");

	/* A restore by Velero has no record in the bucket, only what it did. */
	if (cJSON_IsObject(r))
		fields(out, restore_fields, COUNT(restore_fields), r, details);
	else
		line(out, "Record:", "<none>: not a restore by orlop");
	outcomes(out, jdoc_get(doc, "outcomes"));
	results(out, "Errors", jdoc_get(doc, "results.errors"));
	results(out, "Warnings", jdoc_get(doc, "results.warnings"));
	resource_list(out, jdoc_get(doc, "resourceList"), details);
}
