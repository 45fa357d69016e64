/* Descriptions for people. */
#include "cli/describe.h"

#include "base/fmt.h"
#include "base/mem.h"
#include "base/text.h"

static void
line(struct buf *out, const char *label, const char *text)
{
	buf_putf(out, "%-18s", label);
	text_visible(out, str_of(text != NULL && text[0] != '\0' ? text : "<none>"), false);
	buf_putc(out, '\n');
}

static void
number(struct buf *out, const char *label, int64_t n)
{
	buf_putf(out, "%-18s%lld\n", label, (long long)n);
}

static char *
joined(const cJSON *list, const char *empty)
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
	if (out.len == 0)
		buf_puts(&out, empty);
	return buf_take(&out, NULL);
}

static void
list_line(struct buf *out, const char *label, const cJSON *d, const char *path, const char *empty)
{
	AUTO_FREE char *text = joined(jdoc_get(d, path), empty);

	line(out, label, text);
}

static void
map_lines(struct buf *out, const char *label, const cJSON *map)
{
	const cJSON *item;
	bool first = true;

	jdoc_each(item, map) {
		AUTO_FREE char *text = xasprintf("%s=%s", item->string,
			cJSON_IsString(item) ? item->valuestring : "");

		line(out, first ? label : "", text);
		first = false;
	}
	if (first)
		line(out, label, NULL);
}

/* --- sections that backups and restores share --- */

static void
result_place(struct buf *out, const char *place, const cJSON *list)
{
	const cJSON *item;

	jdoc_each(item, list) {
		if (!cJSON_IsString(item))
			continue;
		buf_putf(out, "  ");
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
	buf_puts(out, "\nResources:\n");
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

static void
volumes(struct buf *out, const cJSON *list)
{
	const cJSON *v;

	if (list == NULL || list->child == NULL)
		return;
	buf_puts(out, "\nPersistent volumes:\n");
	jdoc_each(v, list) {
		const char *method = jdoc_text(v, "backupMethod"), *claim = jdoc_text(v, "pvcName");
		const char *reason = jdoc_text(v, "skippedReason"), *pv = jdoc_text(v, "pvName");
		AUTO_FREE char *text = xasprintf("%s (claim %s/%s): %s", pv != NULL ? pv : "?",
			claim != NULL && jdoc_text(v, "pvcNamespace") != NULL ? jdoc_text(v, "pvcNamespace") : "-",
			claim != NULL ? claim : "-", method != NULL ? method : reason != NULL ? reason : "skipped");

		buf_puts(out, "  ");
		text_visible(out, str_of(text), false);
		buf_putc(out, '\n');
	}
}

static void
selection(const cJSON *b, struct buf *out)
{
	const cJSON *cluster = jdoc_get(b, "spec.includeClusterResources");
	char *selector = cJSON_PrintUnformatted(jdoc_get(b, "spec.labelSelector"));

	buf_putc(out, '\n');
	list_line(out, "Namespaces:", b, "spec.includedNamespaces", "*");
	list_line(out, "  excluded:", b, "spec.excludedNamespaces", "<none>");
	list_line(out, "Resources:", b, "spec.includedResources", "*");
	list_line(out, "  excluded:", b, "spec.excludedResources", "<none>");
	line(out, "Cluster-scoped:", cluster == NULL ? "auto" : cJSON_IsTrue(cluster) ? "included" : "excluded");
	line(out, "Label selector:", selector);
	cJSON_free(selector);
}

void
describe_backup(const cJSON *doc, bool details, struct buf *out)
{
	const cJSON *b = jdoc_get(doc, "backup"), *file;
	uint64_t bytes = 0;
	char size[FMT_MAX];

	line(out, "Name:", jdoc_text(b, "metadata.name"));
	line(out, "Phase:", jdoc_text(b, "status.phase"));
	if (jdoc_text(b, "status.failureReason") != NULL)
		line(out, "Failure:", jdoc_text(b, "status.failureReason"));
	number(out, "Errors:", jdoc_int(b, "status.errors", 0));
	number(out, "Warnings:", jdoc_int(b, "status.warnings", 0));
	map_lines(out, "Labels:", jdoc_get(b, "metadata.labels"));
	map_lines(out, "Annotations:", jdoc_get(b, "metadata.annotations"));
	selection(b, out);
	buf_putc(out, '\n');
	line(out, "Format version:", jdoc_text(b, "status.formatVersion"));
	line(out, "Started:", jdoc_text(b, "status.startTimestamp"));
	line(out, "Completed:", jdoc_text(b, "status.completionTimestamp"));
	line(out, "Expires:", jdoc_text(b, "status.expiration"));
	line(out, "TTL:", jdoc_text(b, "spec.ttl"));
	line(out, "Storage location:", jdoc_text(b, "spec.storageLocation"));
	number(out, "Items:", jdoc_int(b, "status.progress.itemsBackedUp", 0));
	jdoc_each(file, jdoc_get(doc, "files"))
		bytes += (uint64_t)jdoc_int(file, "size", 0);
	line(out, "Size:", fmt_size(size, bytes));
	number(out, "Hooks attempted:", jdoc_int(b, "status.hookStatus.hooksAttempted", 0));
	number(out, "Hooks failed:", jdoc_int(b, "status.hookStatus.hooksFailed", 0));
	results(out, "Errors", jdoc_get(doc, "results.errors"));
	results(out, "Warnings", jdoc_get(doc, "results.warnings"));
	resource_list(out, jdoc_get(doc, "resourceList"), details);
	volumes(out, jdoc_get(doc, "volumes"));
}

/* --- restores --- */

void
describe_restore(const cJSON *doc, bool details, struct buf *out)
{
	const cJSON *r = jdoc_get(doc, "restore");

	if (r != NULL && cJSON_IsObject(r)) {
		line(out, "Name:", jdoc_text(r, "metadata.name"));
		line(out, "Backup:", jdoc_text(r, "spec.backupName"));
		map_lines(out, "Annotations:", jdoc_get(r, "metadata.annotations"));
		line(out, "Existing objects:", jdoc_text(r, "spec.existingResourcePolicy"));
		line(out, "Phase:", jdoc_text(r, "status.phase"));
		line(out, "Started:", jdoc_text(r, "status.startTimestamp"));
		line(out, "Completed:", jdoc_text(r, "status.completionTimestamp"));
		number(out, "Items:", jdoc_int(r, "status.progress.itemsRestored", 0));
		number(out, "Errors:", jdoc_int(r, "status.errors", 0));
		number(out, "Warnings:", jdoc_int(r, "status.warnings", 0));
	}
	results(out, "Errors", jdoc_get(doc, "results.errors"));
	results(out, "Warnings", jdoc_get(doc, "results.warnings"));
	resource_list(out, jdoc_get(doc, "resourceList"), details);
}
