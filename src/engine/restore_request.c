/* What was asked of a restore, as JSON. */
#include "engine/restore_request.h"

#include "base/mem.h"
#include "data/jdoc.h"

#define AT(member) offsetof(struct restore_opts, member)

/* Numbers: enums too, whose values never change their meaning. */
const struct request_field request_fields[] = {
	{ "backup",                  REQ_TEXT,   AT(backup) },
	{ "includedNamespaces",      REQ_LIST,   AT(filter.inc_namespaces) },
	{ "excludedNamespaces",      REQ_LIST,   AT(filter.exc_namespaces) },
	{ "includedResources",       REQ_LIST,   AT(filter.inc_resources) },
	{ "excludedResources",       REQ_LIST,   AT(filter.exc_resources) },
	{ "includeClusterResources", REQ_NUMBER, AT(filter.include_cluster) },
	{ "selector",                REQ_TEXT,   AT(filter.selector) },
	{ "orSelectors",             REQ_LIST,   AT(filter.or_selectors) },
	{ "includeNames",            REQ_TEXT,   AT(filter.inc_names) },
	{ "excludeNames",            REQ_TEXT,   AT(filter.exc_names) },
	{ "includedObjects",         REQ_LIST,   AT(inc_objects) },
	{ "excludedObjects",         REQ_LIST,   AT(exc_objects) },
	{ "objects",                 REQ_TEXT,   AT(objects) },
	{ "withDependencies",        REQ_FLAG,   AT(with_dependencies) },
	{ "namespaceMappings",       REQ_LIST,   AT(ns_map) },
	{ "existingResourcePolicy",  REQ_NUMBER, AT(policy) },
	{ "yesReally",               REQ_LIST,   AT(yes_really) },
	{ "prune",                   REQ_FLAG,   AT(prune) },
	{ "relinkOwners",            REQ_FLAG,   AT(relink_owners) },
	{ "pauseControllers",        REQ_FLAG,   AT(pause_controllers) },
	{ "preserveNodePorts",       REQ_FLAG,   AT(preserve_node_ports) },
	{ "restoreStatus",           REQ_FLAG,   AT(restore_status) },
	{ "statusIncludedResources", REQ_LIST,   AT(inc_status) },
	{ "statusExcludedResources", REQ_LIST,   AT(exc_status) },
	{ "resourceModifiers",       REQ_TEXT,   AT(modifiers) },
	{ "hostMappings",            REQ_LIST,   AT(host_map) },
	{ "zoneMappings",            REQ_LIST,   AT(zone_map) },
	{ "dropNodeAffinity",        REQ_FLAG,   AT(drop_node_affinity) },
	{ "hooks",                   REQ_TEXT,   AT(hooks) },
	{ "storageClassMappings",    REQ_LIST,   AT(class_map) },
	{ "imageMappings",           REQ_LIST,   AT(image_map) },
	{ "changeStorageClass",      REQ_TEXT,   AT(class_config) },
	{ "changeImageName",         REQ_TEXT,   AT(image_config) },
	{ "resourcePriorities",      REQ_TEXT,   AT(priorities) },
	{ "versionPriorities",       REQ_LIST,   AT(versions) },
	{ "anyVersion",              REQ_FLAG,   AT(any_version) },
	{ "ignore",                  REQ_LIST,   AT(ignore) },
	{ "retryOf",                 REQ_TEXT,   AT(retry_of) },
};
const size_t request_fields_len = COUNT(request_fields);

_Static_assert(sizeof(enum existing_policy) == sizeof(unsigned) && sizeof(enum opt_tri) == sizeof(unsigned),
	"REQ_NUMBER reads enums");

static void *
place(const struct restore_opts *o, const struct request_field *f)
{
	return (char *)(uintptr_t)o + f->at;
}

static bool
says_something(const struct restore_opts *o, const struct request_field *f)
{
	const void *at = place(o, f);

	switch (f->type) {
	case REQ_TEXT:   return *(char *const *)at != NULL;
	case REQ_LIST:   return ((const struct strs *)at)->len > 0;
	case REQ_FLAG:   return *(const bool *)at;
	case REQ_NUMBER: break;
	}
	return *(const unsigned *)at != 0;
}

void
restore_request_write(const struct restore_opts *o, struct jw *w)
{
	jw_obj(w);
	for (size_t i = 0; i < COUNT(request_fields); i++) {
		const struct request_field *f = &request_fields[i];
		const void *at = place(o, f);

		if (!says_something(o, f))
			continue;
		switch (f->type) {
		case REQ_TEXT:   jw_kv_text(w, f->key, *(char *const *)at); break;
		case REQ_LIST:   jw_kv_strs(w, f->key, at); break;
		case REQ_FLAG:   jw_kv_bool(w, f->key, true); break;
		case REQ_NUMBER: jw_kv_uint(w, f->key, *(const unsigned *)at); break;
		}
	}
	jw_obj_end(w);
}

static int
merge_list(struct strs *to, const cJSON *v)
{
	const cJSON *item;

	if (!cJSON_IsArray(v))
		return -1;
	jdoc_each(item, v) {
		if (!cJSON_IsString(item))
			return -1;
		strs_add(to, item->valuestring);
	}
	return 0;
}

static int
merge_field(struct restore_opts *o, const struct request_field *f, const cJSON *v)
{
	void *at = place(o, f);

	switch (f->type) {
	case REQ_TEXT:
		if (!cJSON_IsString(v))
			return -1;
		*(char **)at = xstrdup(v->valuestring);
		return 0;
	case REQ_LIST:
		return merge_list(at, v);
	case REQ_FLAG:
		*(bool *)at = cJSON_IsTrue(v);
		return cJSON_IsBool(v) ? 0 : -1;
	case REQ_NUMBER:
		break;
	}
	if (!cJSON_IsNumber(v) || v->valuedouble < 0 || v->valuedouble > 255)
		return -1;
	*(unsigned *)at = (unsigned)v->valuedouble;
	return 0;
}

int
restore_request_merge(struct str json, struct restore_opts *o, struct err *e)
{
	AUTO_JDOC cJSON *d = jdoc_parse(json, e);

	if (d == NULL)
		return -1;
	if (!cJSON_IsObject(d))
		return err_set(e, EK_CORRUPT, "the request is no object");
	for (size_t i = 0; i < COUNT(request_fields); i++) {
		const cJSON *v = cJSON_GetObjectItemCaseSensitive(d, request_fields[i].key);

		if (v != NULL && !says_something(o, &request_fields[i]) && merge_field(o, &request_fields[i], v) < 0)
			return err_set(e, EK_CORRUPT, "'%s' in the request makes no sense", request_fields[i].key);
	}
	return 0;
}

const char *
restore_request_first(const struct restore_opts *o)
{
	for (size_t i = 0; i < COUNT(request_fields); i++)
		if (says_something(o, &request_fields[i]))
			return request_fields[i].key;
	return NULL;
}
