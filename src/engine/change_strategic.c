/*
 * Strategic merge patches, as the API server applies them: a merge patch in which some lists are merged by a key of
 * their elements, with directives ($patch, $retainKeys, $deleteFromPrimitiveList, $setElementOrder).
 */
#include "engine/change_impl.h"

#include "base/limits.h"
#include "base/mem.h"

#include <string.h>

/* Merge keys, from the API's documentation ("patch strategy"). */
struct field {
	const char         *name;
	const char         *key;             /* of the list's elements; "": a set of scalars; NULL: the list is replaced */
	const struct field *inner;           /* of the value or the elements; NULL: nothing special */
	bool                replaced;        /* an object that is not merged */
};

static const struct field metadata[] = { { "finalizers", "" }, { "ownerReferences", "uid" }, { 0 } };
static const struct field status[] = {
	{ "conditions", "type" }, { "addresses", "type" }, { "hostIPs", "ip" }, { "podIPs", "ip" }, { "reservedFor", "uid" },
	{ "resourceClaimStatuses", "name" }, { 0 },
};
/* What objects of all types have; ends a table. */
#define COMMON { "metadata", NULL, metadata }, { "status", NULL, status }, { 0 }

static const struct field container[] = {
	{ "env", "name" }, { "ports", "containerPort" }, { "volumeDevices", "devicePath" }, { "volumeMounts", "mountPath" },
	{ 0 },
};
static const struct field pod_spec[] = {
	{ "containers", "name", container }, { "ephemeralContainers", "name", container }, { "hostAliases", "ip" },
	{ "imagePullSecrets", "name" }, { "initContainers", "name", container }, { "resourceClaims", "name" },
	{ "schedulingGates", "name" }, { "topologySpreadConstraints", "topologyKey" }, { "volumes", "name" }, { 0 },
};
static const struct field pod_template[] = { { "metadata", NULL, metadata }, { "spec", NULL, pod_spec }, { 0 } };
static const struct field workload_spec[] = { { "template", NULL, pod_template }, { 0 } };
static const struct field workload[] = { { "spec", NULL, workload_spec }, COMMON };
static const struct field cron_spec[] = { { "jobTemplate", NULL, workload }, { 0 } };
static const struct field cron_job[] = { { "spec", NULL, cron_spec }, COMMON };
static const struct field pod[] = { { "spec", NULL, pod_spec }, COMMON };
static const struct field template_of[] = { { "template", NULL, pod_template }, COMMON };
static const struct field service_spec[] = { { "ports", "port" }, { 0 } };
static const struct field service[] = { { "spec", NULL, service_spec }, COMMON };
static const struct field account[] = { { "secrets", "name" }, COMMON };
static const struct field node_spec[] = { { "podCIDRs", "" }, { 0 } };
static const struct field node[] = { { "spec", NULL, node_spec }, COMMON };
static const struct field webhook[] = { { "matchConditions", "name" }, { 0 } };
static const struct field webhooks[] = { { "webhooks", "name", webhook }, COMMON };
static const struct field admission_spec[] = { { "matchConditions", "name" }, { "variables", "name" }, { 0 } };
static const struct field admission[] = { { "spec", NULL, admission_spec }, COMMON };
static const struct field csi_node_spec[] = { { "drivers", "name" }, { 0 } };
static const struct field csi_node[] = { { "spec", NULL, csi_node_spec }, COMMON };
static const struct field budget_spec[] = { { "selector", NULL, NULL, true }, { 0 } };
static const struct field budget[] = { { "spec", NULL, budget_spec }, COMMON };

static const struct {
	const char         *gr;
	const struct field *fields;
} types[] = {
	{ "pods", pod },
	{ "podtemplates", template_of },
	{ "replicationcontrollers", workload },
	{ "deployments.apps", workload },
	{ "statefulsets.apps", workload },
	{ "daemonsets.apps", workload },
	{ "replicasets.apps", workload },
	{ "deployments.extensions", workload },
	{ "daemonsets.extensions", workload },
	{ "replicasets.extensions", workload },
	{ "jobs.batch", workload },
	{ "cronjobs.batch", cron_job },
	{ "services", service },
	{ "serviceaccounts", account },
	{ "nodes", node },
	{ "mutatingwebhookconfigurations.admissionregistration.k8s.io", webhooks },
	{ "validatingwebhookconfigurations.admissionregistration.k8s.io", webhooks },
	{ "mutatingadmissionpolicies.admissionregistration.k8s.io", admission },
	{ "validatingadmissionpolicies.admissionregistration.k8s.io", admission },
	{ "csinodes.storage.k8s.io", csi_node },
	{ "poddisruptionbudgets.policy", budget },
};

/* Groups of the API server itself; all others are custom resources or aggregated. */
static const char *const built_in_groups[] = {
	"", "admissionregistration.k8s.io", "apiextensions.k8s.io", "apiregistration.k8s.io", "apps", "autoscaling", "batch",
	"certificates.k8s.io", "coordination.k8s.io", "discovery.k8s.io", "events.k8s.io", "extensions",
	"flowcontrol.apiserver.k8s.io", "internal.apiserver.k8s.io", "networking.k8s.io", "node.k8s.io", "policy",
	"rbac.authorization.k8s.io", "resource.k8s.io", "scheduling.k8s.io", "storage.k8s.io", "storagemigration.k8s.io",
};

#define DELETE_PREFIX "$deleteFromPrimitiveList/"
#define ORDER_PREFIX "$setElementOrder/"

struct merge {
	struct arena *arena;
	struct err   *e;
};

static int merge_object(const struct merge *m, struct jnode *n, struct jnode *patch, const struct field *fields);

/* --- directives --- */

static bool
is_directive(struct str key)
{
	return str_eqz(key, "$patch") || str_eqz(key, "$retainKeys") || str_starts(key, S(DELETE_PREFIX))
		|| str_starts(key, S(ORDER_PREFIX));
}

/* Takes nulls and directives out of a value that is used as it is.  False: it says of itself that it is to go. */
static bool
strip(struct jnode *n)
{
	if (jnode_is_text(jnode_get(n, "$patch"), "delete"))
		return false;
	for (struct jnode *c = jnode_first(n), *next; c; c = next) {
		next = jnode_next(c);
		if (is_directive(jnode_key(c)) || (jnode_type(n) == J_OBJ && jnode_type(c) == J_NULL) || !strip(c))
			jnode_remove(c);
	}
	return true;
}

/* 0: nothing special, 1: done, -1. */
static int
run_directive(const struct merge *m, struct jnode *n, struct jnode *patch)
{
	struct jnode *what = jnode_get(patch, "$patch");

	if (what == NULL || jnode_is_text(what, "merge"))
		return 0;
	if (jnode_is_text(what, "delete")) {
		jnode_replace_raw(n, S("{}"));
		return 1;
	}
	if (!jnode_is_text(what, "replace"))
		return err_set(m->e, EK_INVALID, "$patch is delete, replace or merge, not " STR_FMT, STR_ARG(jnode_raw(what)));
	(void)strip(patch);
	jnode_replace_raw(n, jnode_raw(patch));
	return 1;
}

static bool
has_text(struct jnode *list, struct str text)
{
	for (struct jnode *c = jnode_first(list); c; c = jnode_next(c))
		if (jnode_type(c) == J_STR && str_eq(jnode_text(c), text))
			return true;
	return false;
}

/* Only these members stay, and those of the patch must be among them. */
static int
retain_keys(const struct merge *m, struct jnode *n, struct jnode *patch)
{
	struct jnode *keys = jnode_get(patch, "$retainKeys");

	if (keys == NULL)
		return 0;
	if (jnode_type(keys) != J_ARR)
		return err_set(m->e, EK_INVALID, "$retainKeys is a list of names");
	for (struct jnode *c = jnode_first(patch); c; c = jnode_next(c))
		if (!is_directive(jnode_key(c)) && jnode_type(c) != J_NULL && !has_text(keys, jnode_key(c)))
			return err_set(m->e, EK_INVALID, "'" STR_FMT "' is in the patch, but not in its $retainKeys",
				STR_ARG(jnode_key(c)));
	for (struct jnode *c = jnode_first(n), *next; c; c = next) {
		next = jnode_next(c);
		if (!has_text(keys, jnode_key(c)))
			jnode_remove(c);
	}
	return 0;
}

static int
delete_scalars(const struct merge *m, struct jnode *list, struct jnode *gone)
{
	if (jnode_type(gone) != J_ARR)
		return err_set(m->e, EK_INVALID, "'" STR_FMT "' is a list", STR_ARG(jnode_key(gone)));
	if (jnode_type(list) != J_ARR)
		return 0;
	for (struct jnode *c = jnode_first(list), *next; c; c = next) {
		next = jnode_next(c);
		for (struct jnode *g = jnode_first(gone); g; g = jnode_next(g))
			if (jsame(jnode_raw(c), jnode_raw(g))) {
				jnode_remove(c);
				break;
			}
	}
	return 0;
}

/* --- lists --- */

#define NOWHERE SIZE_MAX

struct slot {
	struct jnode *at;
	struct str    id;             /* of the merge key, or the scalar itself */
	size_t        was, rank;      /* place in the object's list and in the patch's order */
};
struct slots VEC_OF(struct slot);

struct list {
	const struct field *field;
	struct slots        slots;
};

static void
list_done(struct list *l)
{
	vec_free(&l->slots);
}

static int
id_of(const struct merge *m, const struct list *l, struct jnode *c, struct str *out)
{
	if (l->field->key[0] == '\0') {
		if (jnode_type(c) == J_OBJ || jnode_type(c) == J_ARR)
			return err_set(m->e, EK_INVALID, "'%s' is a list of plain values", l->field->name);
		*out = jnode_raw(c);
		return 0;
	}
	*out = jnode_raw(jnode_get(c, l->field->key));
	if (out->len == 0)
		return err_set(m->e, EK_INVALID, "an element of '%s' has no '%s', by which the list is merged", l->field->name,
			l->field->key);
	return 0;
}

static struct slot *
find_slot(struct list *l, struct str id)
{
	for (size_t i = 0; i < l->slots.len; i++)
		if (jsame(l->slots.at[i].id, id))
			return &l->slots.at[i];
	return NULL;
}

static int
read_slots(const struct merge *m, struct list *l, struct jnode *n)
{
	size_t i = 0;

	for (struct jnode *c = jnode_first(n); c; c = jnode_next(c)) {
		struct slot s = { .at = c, .was = i++, .rank = NOWHERE };

		if (id_of(m, l, c, &s.id) < 0)
			return -1;
		*vec_push(&l->slots) = s;
	}
	return 0;
}

/* Elements of the patch with a directive of their own; what is left of the patch is to be merged. */
static int
run_elements(const struct merge *m, struct list *l, struct jnode *patch)
{
	bool replace = false;

	for (struct jnode *c = jnode_first(patch), *next; c; c = next) {
		struct jnode *what = jnode_get(c, "$patch");
		struct str id;
		size_t keep = 0;

		next = jnode_next(c);
		if (what == NULL || jnode_is_text(what, "merge"))
			continue;
		if (jnode_is_text(what, "replace")) {
			replace = true;
		} else if (!jnode_is_text(what, "delete")) {
			return err_set(m->e, EK_INVALID, "$patch is delete, replace or merge, not " STR_FMT,
				STR_ARG(jnode_raw(what)));
		} else {
			if (id_of(m, l, c, &id) < 0)
				return -1;
			for (size_t i = 0; i < l->slots.len; i++)
				if (!jsame(l->slots.at[i].id, id))
					l->slots.at[keep++] = l->slots.at[i];
			l->slots.len = keep;
		}
		jnode_remove(c);
	}
	if (replace)
		l->slots.len = 0;
	return 0;
}

static int
merge_elements(const struct merge *m, struct list *l, struct jnode *patch)
{
	size_t rank = 0;

	for (struct jnode *c = jnode_first(patch); c; c = jnode_next(c), rank++) {
		struct slot made = { .at = c, .was = NOWHERE, .rank = rank }, *s;

		if (id_of(m, l, c, &made.id) < 0)
			return -1;
		s = find_slot(l, made.id);
		if (s == NULL) {
			(void)strip(c);
			*vec_push(&l->slots) = made;
			continue;
		}
		s->rank = rank;
		if (jnode_type(c) == J_OBJ && merge_object(m, s->at, c, l->field->inner) < 0)
			return -1;
	}
	return 0;
}

/* $setElementOrder in place of the order of the patch, which must not contradict it. */
static int
rank_by(const struct merge *m, struct list *l, struct jnode *patch, struct jnode *order)
{
	size_t rank = 0;
	struct slot *s;
	struct str id;

	if (jnode_type(order) != J_ARR)
		return err_set(m->e, EK_INVALID, "'" STR_FMT "' is a list", STR_ARG(jnode_key(order)));
	for (size_t i = 0; i < l->slots.len; i++)
		l->slots.at[i].rank = NOWHERE;
	for (struct jnode *c = jnode_first(order); c; c = jnode_next(c), rank++) {
		if (id_of(m, l, c, &id) < 0)
			return -1;
		s = find_slot(l, id);
		if (s != NULL)
			s->rank = rank;
	}
	rank = 0;
	for (struct jnode *c = jnode_first(patch); c; c = jnode_next(c)) {
		s = id_of(m, l, c, &id) == 0 ? find_slot(l, id) : NULL;
		if (s == NULL || s->rank == NOWHERE || s->rank < rank)
			return err_set(m->e, EK_INVALID, "the order of '%s' in the patch is not that of its " ORDER_PREFIX "%s",
				l->field->name, l->field->name);
		rank = s->rank;
	}
	return 0;
}

static int
slot_cmp(const void *x, const void *y)
{
	const struct slot *a = x, *b = y;

	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	return (a->was > b->was) - (a->was < b->was);
}

/*
 * The order of the API server: what the patch has in the patch's order, what it does not have in the object's; an
 * element of the latter goes first only when it stood before the other one in the object.
 */
static void
put_slots(const struct merge *m, struct slots *v, struct jnode *n)
{
	AUTO_BUF struct buf out = BUF_INIT(SIZE_MAX / 2);        /* bounded by object and patch */
	size_t ranked = 0, j = 0, i;

	if (v->len > 1)
		qsort(v->at, v->len, sizeof *v->at, slot_cmp);
	while (ranked < v->len && v->at[ranked].rank != NOWHERE)
		ranked++;
	buf_putc(&out, '[');
	for (i = ranked; i < v->len || j < ranked;) {
		bool rest = j == ranked || (i < v->len && v->at[j].was != NOWHERE && v->at[i].was < v->at[j].was);

		if (out.len > 1)
			buf_putc(&out, ',');
		buf_put_str(&out, jnode_raw(v->at[rest ? i++ : j++].at));
	}
	buf_putc(&out, ']');
	jnode_replace_raw(n, arena_str(m->arena, buf_str(&out)));
}

/* patch and order may be NULL. */
static int
merge_list(const struct merge *m, struct jnode *n, struct jnode *patch, struct jnode *order, const struct field *field)
{
	AUTO(list_done) struct list l = { .field = field };

	if (read_slots(m, &l, n) < 0 || run_elements(m, &l, patch) < 0 || merge_elements(m, &l, patch) < 0)
		return -1;
	if (order && rank_by(m, &l, patch, order) < 0)
		return -1;
	put_slots(m, &l.slots, n);
	return 0;
}

/* --- objects --- */

static const struct field *
find_field(const struct field *fields, struct str name)
{
	for (; fields && fields->name; fields++)
		if (str_eqz(name, fields->name))
			return fields;
	return NULL;
}

static void
put_member(struct jnode *n, const char *key, struct jnode *value)
{
	if (strip(value))
		(void)jnode_set_raw(n, key, jnode_raw(value));
	else
		(void)jnode_del(n, key);
}

static int
merge_member(const struct merge *m, struct jnode *n, struct jnode *patch, struct jnode *c, const char *key,
	const struct field *f)
{
	struct jnode *mine = jnode_get(n, key);
	enum jtype type = jnode_type(c);

	if (type == J_NULL) {
		(void)jnode_del(n, key);
		return 0;
	}
	if (type == J_OBJ && jnode_type(mine) == J_OBJ && !(f && f->replaced))
		return merge_object(m, mine, c, f ? f->inner : NULL);
	if (type == J_ARR && jnode_type(mine) == J_ARR && f && f->key) {
		AUTO_FREE char *order = xasprintf(ORDER_PREFIX "%s", key);

		return merge_list(m, mine, c, jnode_get(patch, order), f);
	}
	put_member(n, key, c);
	return 0;
}

/* A directive about the list of that name. */
static int
list_directive(const struct merge *m, struct jnode *n, struct jnode *patch, struct jnode *c, const struct field *fields)
{
	struct str key = jnode_key(c);
	bool gone = str_starts(key, S(DELETE_PREFIX));
	AUTO_FREE char *name = str_dup(str_sub(key, str_chr(key, '/') + 1, key.len));
	const struct field *f = find_field(fields, str_of(name));

	if (gone)
		return delete_scalars(m, jnode_get(n, name), c);
	if (f == NULL || f->key == NULL)
		return err_set(m->e, EK_INVALID, "'%s' is not merged by a key, its elements have no order of their own", name);
	if (jnode_get(patch, name) || jnode_type(jnode_get(n, name)) != J_ARR)
		return 0;                        /* done with the list itself */
	return merge_list(m, jnode_get(n, name), NULL, c, f);
}

static int
merge_object(const struct merge *m, struct jnode *n, struct jnode *patch, const struct field *fields)
{
	int rc = run_directive(m, n, patch);

	if (rc != 0)
		return rc < 0 ? -1 : 0;
	if (retain_keys(m, n, patch) < 0)
		return -1;
	for (struct jnode *c = jnode_first(patch); c; c = jnode_next(c)) {
		struct str key = jnode_key(c);
		AUTO_FREE char *name = str_dup(key);

		if (str_starts(key, S(DELETE_PREFIX)) || str_starts(key, S(ORDER_PREFIX)))
			rc = list_directive(m, n, patch, c, fields);
		else if (!is_directive(key))
			rc = merge_member(m, n, patch, c, name, find_field(fields, key));
		if (rc < 0)
			return -1;
	}
	return 0;
}

/* The fields of a type; NULL: it is no built-in one. */
static const struct field *
fields_of(struct str gr)
{
	static const struct field others[] = { COMMON };
	struct str group = str_sub(gr, str_chr(gr, '.') + 1, gr.len);

	for (size_t i = 0; i < COUNT(types); i++)
		if (str_eqz(gr, types[i].gr))
			return types[i].fields;
	for (size_t i = 0; i < COUNT(built_in_groups); i++)
		if (str_eqz(group, built_in_groups[i]))
			return others;
	return NULL;
}

int
strategic_merge(struct jnode *obj, struct arena *a, struct str gr, struct str patch, struct err *e)
{
	const struct merge m = { .arena = a, .e = e };
	const struct field *fields = fields_of(gr);

	if (fields == NULL)
		return err_set(e, EK_INVALID, "there are no strategic merge patches for " STR_FMT ": it is no built-in type; use "
			"mergePatches", STR_ARG(gr));
	return merge_object(&m, obj, jnode_open(a, patch), fields);
}
