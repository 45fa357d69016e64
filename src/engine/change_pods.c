/* Pods and templates of pods: images, zones, which nodes they want. */
#include "engine/change_impl.h"

#include "base/limits.h"
#include "base/mem.h"

#include <string.h>

/* Where the pod is in objects of a type. */
static const struct {
	const char *gr, *path[6];
} pod_specs[] = {
	{ "pods", { "spec" } },
	{ "podtemplates", { "template", "spec" } },
	{ "replicationcontrollers", { "spec", "template", "spec" } },
	{ "deployments.apps", { "spec", "template", "spec" } },
	{ "deployments.extensions", { "spec", "template", "spec" } },
	{ "statefulsets.apps", { "spec", "template", "spec" } },
	{ "daemonsets.apps", { "spec", "template", "spec" } },
	{ "daemonsets.extensions", { "spec", "template", "spec" } },
	{ "replicasets.apps", { "spec", "template", "spec" } },
	{ "replicasets.extensions", { "spec", "template", "spec" } },
	{ "jobs.batch", { "spec", "template", "spec" } },
	{ "cronjobs.batch", { "spec", "jobTemplate", "spec", "template", "spec" } },
};

static const char *const *
pod_path(struct str gr)
{
	for (size_t i = 0; i < COUNT(pod_specs); i++)
		if (str_eqz(gr, pod_specs[i].gr))
			return pod_specs[i].path;
	return NULL;
}

bool
change_has_pod(struct str gr)
{
	return pod_path(gr) != NULL;
}

struct jnode *
change_pod(struct str gr, struct jnode *obj)
{
	for (const char *const *key = pod_path(gr); *key; key++)
		obj = jnode_get(obj, *key);
	return obj;
}

/* --- images: parts of names, as Velero changes them --- */

static int
replace_part(struct jnode *n, const struct name_pair *p, bool *hit, struct err *e)
{
	AUTO_BUF struct buf out = BUF_INIT(LIMIT_OBJECT);
	struct str rest = jnode_text(n);
	const char *at = memmem(rest.p, rest.len, p->from, strlen(p->from));

	*hit = at != NULL;
	if (at == NULL)
		return 0;
	for (; at; at = memmem(rest.p, rest.len, p->from, strlen(p->from))) {
		size_t before = (size_t)(at - rest.p);

		if (buf_add_str(&out, str_sub(rest, 0, before), e) < 0 || buf_add_str(&out, str_of(p->to), e) < 0)
			return -1;
		rest = str_sub(rest, before + strlen(p->from), rest.len);
	}
	if (buf_add_str(&out, rest, e) < 0)
		return -1;
	jnode_replace_text(n, buf_str(&out));
	return 0;
}

/* --- images: registries and repositories --- */

/* Whether the first part of a name is a registry: by the rule of all container runtimes. */
static bool
is_registry(struct str part)
{
	return str_chr(part, '.') < part.len || str_chr(part, ':') < part.len || str_eq(part, S("localhost"));
}

/* name with what is left out in it: "nginx" is "docker.io/library/nginx". */
static struct str
full_name(struct arena *a, struct str name)
{
	size_t slash = str_chr(name, '/');
	struct str head = str_sub(name, 0, slash), rest = name;
	bool docker = str_eq(head, S("docker.io")) || str_eq(head, S("index.docker.io"));
	AUTO_FREE char *text = NULL;

	if (slash < name.len && is_registry(head) && !docker)
		return arena_str(a, name);
	if (slash < name.len && docker)
		rest = str_sub(name, slash + 1, name.len);
	text = xasprintf("docker.io/%s" STR_FMT, str_chr(rest, '/') == rest.len ? "library/" : "", STR_ARG(rest));
	return arena_str(a, str_of(text));
}

/* Whether full begins with head up to one of ends, or its end. */
static bool
begins(struct str full, struct str head, const char *ends)
{
	return str_starts(full, head) && (full.len == head.len || strchr(ends, full.p[head.len]) != NULL);
}

static struct str
without_slash(struct str s)
{
	return s.len > 1 && s.p[s.len - 1] == '/' ? str_sub(s, 0, s.len - 1) : s;
}

/* How much of full p is about; 0: it is not. */
static size_t
fits(struct arena *a, struct str full, const struct name_pair *p)
{
	struct str from = without_slash(str_of(p->from)), name;

	if (str_starts(from, S("index.docker.io")))
		from = str_sub(from, 6, from.len);
	/* A registry or a folder of it; or a repository, maybe with a tag. */
	if (begins(full, from, "/"))
		return from.len;
	name = full_name(a, from);
	return begins(full, name, "/:@") ? name.len : 0;
}

static bool
move_image(struct arena *a, struct jnode *n, struct name_pair *p)
{
	struct str full = full_name(a, jnode_text(n)), to = without_slash(str_of(p->to));
	size_t head = fits(a, full, p);
	AUTO_FREE char *text = NULL;

	if (head == 0)
		return false;
	text = xasprintf(STR_FMT STR_FMT, STR_ARG(to), STR_ARG(str_sub(full, head, full.len)));
	jnode_replace_text(n, str_of(text));
	return true;
}

static int
change_image(const struct change_images *ci, struct arena *a, struct jnode *n, struct err *e)
{
	bool done = false;

	if (jnode_text(n).len == 0)
		return 0;
	for (size_t i = 0; i < ci->names->len && !done; i++)
		if (move_image(a, n, &ci->names->at[i]))
			done = ci->names->at[i].used = true;
	for (size_t i = 0; i < ci->parts->len && !done; i++)
		if (replace_part(n, &ci->parts->at[i], &done, e) < 0)
			return err_ctx(e, "image name");
	return 0;
}

int
pods_images(const struct change_images *ci, const struct change_item *it, struct jnode *obj, struct err *e)
{
	/* Not ephemeralContainers: no new pod may have any. */
	static const char *const lists[] = { "containers", "initContainers" };
	struct jnode *pod = change_pod(it->gr, obj);

	for (size_t i = 0; i < COUNT(lists); i++)
		for (struct jnode *c = jnode_first(jnode_get(pod, lists[i])); c; c = jnode_next(c))
			if (change_image(ci, it->arena, jnode_get(c, "image"), e) < 0)
				return -1;
	for (struct jnode *v = jnode_first(jnode_get(pod, "volumes")); v; v = jnode_next(v))
		if (change_image(ci, it->arena, jnode_walk(v, "image", "reference", NULL), e) < 0)
			return -1;
	return 0;
}

/* --- zones --- */

static const char *const zone_keys[] = {
	"topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone",
	/* The same by the drivers of volumes. */
	"topology.ebs.csi.aws.com/zone", "topology.gke.io/zone", "topology.disk.csi.azure.com/zone",
	"topology.cinder.csi.openstack.org/zone",
};

static bool
is_zone(struct str key)
{
	for (size_t i = 0; i < COUNT(zone_keys); i++)
		if (str_eqz(key, zone_keys[i]))
			return true;
	return false;
}

/* Labels, or a nodeSelector. */
static void
zone_labels(struct name_map *zones, struct arena *a, struct jnode *labels)
{
	for (struct jnode *n = jnode_first(labels), *next; n != NULL; n = next) {
		struct str to;

		next = jnode_next(n);
		if (!is_zone(jnode_key(n)) || jnode_text(n).len == 0 || !name_map_get(zones, jnode_text(n), a, &to))
			continue;
		if (to.len > 0)
			jnode_replace_text(n, to);
		else
			jnode_remove(n);
	}
}

static bool
has_text(struct jnode *list, struct jnode *until, struct str text)
{
	for (struct jnode *n = jnode_first(list); n != NULL && n != until; n = jnode_next(n))
		if (str_eq(jnode_text(n), text))
			return true;
	return false;
}

/* True: no value is left. */
static bool
zone_values(struct name_map *zones, struct arena *a, struct jnode *values)
{
	bool changed = false;

	for (struct jnode *v = jnode_first(values), *next; v != NULL; v = next) {
		struct str to;

		next = jnode_next(v);
		if (jnode_text(v).len == 0 || !name_map_get(zones, jnode_text(v), a, &to))
			continue;
		changed = true;
		if (to.len == 0 || has_text(values, v, to))
			jnode_remove(v);
		else
			jnode_replace_text(v, to);
	}
	return changed && jnode_first(values) == NULL;
}

/* A list of {key, values}.  True: none is left. */
static bool
zone_expressions(struct name_map *zones, struct arena *a, struct jnode *list)
{
	bool removed = false;

	for (struct jnode *x = jnode_first(list), *next; x != NULL; x = next) {
		next = jnode_next(x);
		if (is_zone(jnode_text(jnode_get(x, "key"))) && zone_values(zones, a, jnode_get(x, "values"))) {
			jnode_remove(x);
			removed = true;
		}
	}
	return removed && jnode_first(list) == NULL;
}

/* Terms of which one is enough.  True: one demands nothing any more, so all of them together do not, either. */
static bool
zone_terms(struct name_map *zones, struct arena *a, struct jnode *terms, const char *key)
{
	bool vacuous = false;

	for (struct jnode *t = jnode_first(terms); t != NULL; t = jnode_next(t)) {
		if (zone_expressions(zones, a, jnode_get(t, key)) && jnode_first(jnode_get(t, "matchFields")) == NULL)
			vacuous = true;
	}
	return vacuous;
}

static void
remove_if_empty(struct jnode *parent, const char *key)
{
	struct jnode *n = jnode_get(parent, key);

	if (n != NULL && jnode_first(n) == NULL)
		jnode_remove(n);
}

#define REQUIRED "requiredDuringSchedulingIgnoredDuringExecution"
#define PREFERRED "preferredDuringSchedulingIgnoredDuringExecution"

static void
zone_pod(struct name_map *zones, struct arena *a, struct jnode *pod)
{
	struct jnode *affinity = jnode_walk(pod, "affinity", "nodeAffinity", NULL);

	zone_labels(zones, a, jnode_get(pod, "nodeSelector"));
	if (zone_terms(zones, a, jnode_walk(affinity, REQUIRED, "nodeSelectorTerms", NULL), "matchExpressions"))
		(void)jnode_del(affinity, REQUIRED);
	for (struct jnode *t = jnode_first(jnode_get(affinity, PREFERRED)), *next; t != NULL; t = next) {
		struct jnode *preference = jnode_get(t, "preference");

		next = jnode_next(t);
		if (zone_expressions(zones, a, jnode_get(preference, "matchExpressions"))
		    && jnode_first(jnode_get(preference, "matchFields")) == NULL)
			jnode_remove(t);
	}
	remove_if_empty(affinity, PREFERRED);
	remove_if_empty(jnode_get(pod, "affinity"), "nodeAffinity");
}

bool
zones_concern(struct str gr)
{
	return change_has_pod(gr) || str_eqz(gr, "persistentvolumes") || str_eqz(gr, "storageclasses.storage.k8s.io");
}

void
zones_map(struct name_map *zones, const struct change_item *it, struct jnode *obj)
{
	struct jnode *spec = jnode_get(obj, "spec");

	if (change_has_pod(it->gr)) {
		zone_pod(zones, it->arena, change_pod(it->gr, obj));
	} else if (str_eqz(it->gr, "persistentvolumes")) {
		zone_labels(zones, it->arena, jnode_walk(obj, "metadata", "labels", NULL));
		if (zone_terms(zones, it->arena, jnode_walk(spec, "nodeAffinity", "required", "nodeSelectorTerms", NULL),
			    "matchExpressions"))
			(void)jnode_del(spec, "nodeAffinity");
	} else if (zone_terms(zones, it->arena, jnode_get(obj, "allowedTopologies"), "matchLabelExpressions")) {
		(void)jnode_del(obj, "allowedTopologies");
	}
}

void
pods_drop_affinity(struct str gr, struct jnode *obj)
{
	struct jnode *pod = change_pod(gr, obj);

	(void)jnode_del(pod, "nodeSelector");
	(void)jnode_del(jnode_get(pod, "affinity"), "nodeAffinity");
	remove_if_empty(pod, "affinity");
}
