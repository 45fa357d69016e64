/*
 * CustomResourceDefinitions of apiextensions.k8s.io/v1beta1.  In v1 everything stands in versions[], and a schema must be
 * structural (https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/,
 * "Specifying a structural schema"); one that is not is replaced by one that lets everything through.
 */
#include "engine/convert_impl.h"

#include "base/attr.h"

#define ANYTHING "{\"openAPIV3Schema\":{\"type\":\"object\",\"x-kubernetes-preserve-unknown-fields\":true}}"
#define APPROVED "api-approved.kubernetes.io"
#define DEPTH_MAX 100

/* --- structural? --- */

static const char *const forbidden[] = {
	"$ref", "definitions", "dependencies", "deprecated", "discriminator", "id", "patternProperties", "readOnly", "writeOnly",
	"xml", "additionalItems",
};
static const char *const not_in_logic[] = {
	"description", "type", "default", "additionalProperties", "nullable", "x-kubernetes-preserve-unknown-fields",
};

static bool
none_of(struct jnode *n, const char *const *keys, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (jnode_get(n, keys[i]) != NULL)
			return false;
	return true;
}

static bool structural(struct jnode *n, bool in_logic, unsigned depth);

static bool
all_structural(struct jnode *list, bool in_logic, unsigned depth)
{
	for (struct jnode *c = jnode_first(list); c != NULL; c = jnode_next(c))
		if (!structural(c, in_logic, depth))
			return false;
	return true;
}

/* allOf, anyOf, oneOf, not: values are constrained in them, not described. */
static bool
logic_structural(struct jnode *n, unsigned depth)
{
	static const char *const lists[] = { "allOf", "anyOf", "oneOf" };
	struct jnode *not = jnode_get(n, "not");

	/* The one shape in which types may stand there. */
	if (jnode_true(jnode_get(n, "x-kubernetes-int-or-string")))
		return true;
	for (size_t i = 0; i < COUNT(lists); i++)
		if (!all_structural(jnode_get(n, lists[i]), true, depth))
			return false;
	return not == NULL || structural(not, true, depth);
}

static bool
structural(struct jnode *n, bool in_logic, unsigned depth)
{
	struct jnode *items = jnode_get(n, "items"), *more = jnode_get(n, "additionalProperties");

	if (depth == 0 || jnode_type(n) != J_OBJ || !none_of(n, forbidden, COUNT(forbidden)))
		return false;
	if (in_logic ? !none_of(n, not_in_logic, COUNT(not_in_logic))
	    : jnode_text(jnode_get(n, "type")).len == 0 && !jnode_true(jnode_get(n, "x-kubernetes-int-or-string"))
	      && !jnode_true(jnode_get(n, "x-kubernetes-preserve-unknown-fields")))
		return false;
	if (jnode_true(jnode_get(n, "uniqueItems")) || jnode_type(items) == J_ARR)
		return false;
	if (more != NULL && jnode_first(jnode_get(n, "properties")) != NULL)
		return false;
	if ((items != NULL && !structural(items, in_logic, depth - 1))
	    || (jnode_type(more) == J_OBJ && !structural(more, in_logic, depth - 1)))
		return false;
	return all_structural(jnode_get(n, "properties"), in_logic, depth - 1) && logic_structural(n, depth - 1);
}

/* --- versions --- */

static void
printer_columns(struct jnode *list)
{
	for (struct jnode *c = jnode_first(list); c != NULL; c = jnode_next(c))
		convert_move(c, "JSONPath", c, "jsonPath");
}

/* keep_all: the old version pruned nothing.  False: the schema had to be replaced. */
static bool
version_schema(struct jnode *version, bool keep_all)
{
	struct jnode *root = jnode_walk(version, "schema", "openAPIV3Schema", NULL);
	bool usable;

	if (jnode_first(root) == NULL) {
		(void)jnode_set_raw(version, "schema", S(ANYTHING));
		return true;
	}
	convert_default(root, "type", S("\"object\""));
	usable = structural(root, false, DEPTH_MAX) && jnode_is_text(jnode_get(root, "type"), "object");
	if (!usable)
		(void)jnode_set_raw(version, "schema", S(ANYTHING));
	else if (keep_all)
		(void)jnode_set_bool(root, "x-kubernetes-preserve-unknown-fields", true);
	return usable;
}

static void
copy_common(struct jnode *spec, struct jnode *version, const char *key, const char *new_key)
{
	struct jnode *n = jnode_get(spec, key);

	if (n != NULL && jnode_type(n) != J_NULL)
		convert_default(version, new_key, jnode_raw(n));
}

static void
crd_versions(struct convert_run *run, struct jnode *spec)
{
	bool prunes, keep_all = !jnode_bool(jnode_get(spec, "preserveUnknownFields"), &prunes) || prunes;
	bool usable = true;

	if (jnode_first(jnode_get(spec, "versions")) == NULL && jnode_text(jnode_get(spec, "version")).len > 0) {
		struct jnode *list = jnode_set_raw(spec, "versions", S("[]"));
		struct jnode *only = jnode_append_raw(list, S("{\"served\":true,\"storage\":true}"));

		(void)jnode_set_raw(only, "name", jnode_raw(jnode_get(spec, "version")));
	}
	for (struct jnode *v = jnode_first(jnode_get(spec, "versions")); v != NULL; v = jnode_next(v)) {
		if (jnode_type(v) != J_OBJ)
			continue;
		copy_common(spec, v, "validation", "schema");
		copy_common(spec, v, "subresources", "subresources");
		copy_common(spec, v, "additionalPrinterColumns", "additionalPrinterColumns");
		printer_columns(jnode_get(v, "additionalPrinterColumns"));
		usable &= version_schema(v, keep_all);
	}
	if (!usable)
		convert_note(run, "its schema is not structural, which apiextensions.k8s.io/v1 demands: it was replaced by one that "
			"takes any object; write a structural one");
}

static void
crd_conversion(struct jnode *spec)
{
	struct jnode *conversion = jnode_get(spec, "conversion"), *webhook;

	convert_move(conversion, "webhookClientConfig", jnode_get(conversion, "webhookClientConfig") != NULL
		? jnode_need_obj(conversion, "webhook") : NULL, "clientConfig");
	webhook = jnode_get(conversion, "webhook");
	convert_move(conversion, "conversionReviewVersions", webhook, "conversionReviewVersions");
	convert_default(webhook, "conversionReviewVersions", S("[\"v1beta1\"]"));
}

void
convert_crd(struct convert_run *run, struct jnode *obj)
{
	static const char *const gone[] = { "version", "validation", "subresources", "additionalPrinterColumns",
		"preserveUnknownFields" };
	struct jnode *spec = jnode_get(obj, "spec");
	struct str group = jnode_text(jnode_get(spec, "group"));

	if (jnode_type(spec) != J_OBJ)
		return;
	crd_versions(run, spec);
	crd_conversion(spec);
	for (size_t i = 0; i < COUNT(gone); i++)
		(void)jnode_del(spec, gone[i]);
	/* Groups of the Kubernetes project must say who agreed to them. */
	if (str_ends(group, S(".k8s.io")) || str_ends(group, S(".kubernetes.io")))
		convert_default(jnode_need_obj(jnode_need_obj(obj, "metadata"), "annotations"), APPROVED,
			S("\"unapproved, was defined in apiextensions.k8s.io/v1beta1\""));
}
