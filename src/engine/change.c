/* Edits that the user asks for: their course, storage classes, image names. */
#include "engine/change_impl.h"

#include "base/limits.h"
#include "base/mem.h"

#include <string.h>

#define OPT_MODIFIERS "--resource-modifiers"
#define OPT_CLASSES "--change-storage-class"
#define OPT_IMAGES "--change-image-name"

struct pair { char *from, *to; };
struct pairs VEC_OF(struct pair);

struct change {
	struct pairs classes, images;         /* in the order in which they are tried */
	struct rules rules;
};

static void
pairs_done(struct pairs *v)
{
	for (size_t i = 0; i < v->len; i++) {
		free(v->at[i].from);
		free(v->at[i].to);
	}
	vec_free(v);
}

static void
add_pair(struct pairs *v, struct str from, struct str to)
{
	*vec_push(v) = (struct pair){ .from = str_dup(str_trim(from)), .to = str_dup(str_trim(to)) };
}

/* --- reading --- */

int
change_data(const struct ynode *doc, const char *name, const struct ynode **out, struct err *e)
{
	const char *kind = yaml_text(doc, "kind");
	const struct ynode *data = yaml_get(doc, "data");

	*out = doc;
	if (kind == NULL || strcmp(kind, "ConfigMap") != 0)
		return 0;
	if (data == NULL || data->kind != Y_MAP)
		return err_set(e, EK_INVALID, "%s:%u: the ConfigMap has no data", name, doc->line);
	*out = data;
	return 0;
}

/* One entry of a ConfigMap. */
typedef int entry_fn(struct pairs *out, const struct ynode *entry, const char *name, struct err *e);

static int
class_entry(struct pairs *out, const struct ynode *n, const char *name, struct err *e)
{
	if (n->key[0] == '\0' || n->text[0] == '\0')
		return err_set(e, EK_INVALID, "%s:%u: 'old: new' is expected, the names of two storage classes", name, n->line);
	add_pair(out, str_of(n->key), str_of(n->text));
	return 0;
}

static int
image_entry(struct pairs *out, const struct ynode *n, const char *name, struct err *e)
{
	struct str text = str_of(n->text), from = str_sub(text, 0, str_chr(text, ','));
	struct str to = str_sub(text, from.len + 1, text.len);

	if (str_trim(from).len == 0 || str_trim(to).len == 0)
		return err_set(e, EK_INVALID, "%s:%u: '%.100s': 'old,new' is expected, parts of image names", name, n->line,
			n->text);
	add_pair(out, from, to);
	return 0;
}

static int
read_entries(struct pairs *out, const char *yaml, const char *name, entry_fn *entry, struct err *e)
{
	AUTO_YAML struct ynode *doc = NULL;
	const struct ynode *data;

	if (yaml == NULL)
		return 0;
	doc = yaml_parse(str_of(yaml), name, e);
	if (doc == NULL || change_data(doc, name, &data, e) < 0)
		return -1;
	if (data->kind != Y_MAP)
		return err_set(e, EK_INVALID, "%s:%u: a ConfigMap or its data is expected", name, data->line);
	for (size_t i = 0; i < data->len; i++) {
		if (data->at[i]->kind != Y_SCALAR)
			return err_set(e, EK_INVALID, "%s:%u: '%.100s': a text is expected", name, data->at[i]->line,
				data->at[i]->key);
		if (entry(out, data->at[i], name, e) < 0)
			return -1;
	}
	return 0;
}

static int
read_pairs(struct pairs *out, const struct strs *v, char sep, const char *option, struct err *e)
{
	for (size_t i = 0; i < v->len; i++) {
		struct str text = str_of(v->at[i]), from = str_sub(text, 0, str_chr(text, sep));
		struct str to = str_sub(text, from.len + 1, text.len);

		if (str_trim(from).len == 0 || str_trim(to).len == 0)
			return err_set(e, EK_INVALID, "%s: '%s' is not OLD%cNEW", option, v->at[i], sep);
		add_pair(out, from, to);
	}
	return 0;
}

struct change *
change_new(const struct restore_opts *o, struct err *e)
{
	AUTO(change_freep) struct change *ch = xcalloc(1, sizeof *ch);

	if (read_pairs(&ch->classes, &o->class_map, ':', "--storage-class-mappings", e) < 0
	    || read_pairs(&ch->images, &o->image_map, '=', "--image-mappings", e) < 0
	    || read_entries(&ch->classes, o->class_config, OPT_CLASSES, class_entry, e) < 0
	    || read_entries(&ch->images, o->image_config, OPT_IMAGES, image_entry, e) < 0)
		return NULL;
	if (o->modifiers && rules_parse(o->modifiers, OPT_MODIFIERS, &ch->rules, e) < 0)
		return NULL;
	return TAKE(ch);
}

void
change_free(struct change *ch)
{
	if (ch == NULL)
		return;
	pairs_done(&ch->classes);
	pairs_done(&ch->images);
	rules_done(&ch->rules);
	free(ch);
}

void
change_freep(struct change **ch)
{
	change_free(*ch);
	*ch = NULL;
}

/* --- storage classes --- */

#define BETA_CLASS "volume.beta.kubernetes.io/storage-class"

static bool
has_class(struct str gr)
{
	return str_eqz(gr, "persistentvolumeclaims") || str_eqz(gr, "persistentvolumes") || str_eqz(gr, "statefulsets.apps");
}

static int
change_class(const struct change *ch, const struct change_item *it, struct jnode *n, struct err *e)
{
	struct str old = jnode_text(n);

	for (size_t i = 0; old.len > 0 && i < ch->classes.len; i++) {
		const struct pair *p = &ch->classes.at[i];

		if (!str_eqz(old, p->from))
			continue;
		if (!it->class_exists(it->ctx, str_of(p->to)))
			return err_set(e, EK_NOTFOUND, STR_FMT " '" STR_FMT "%s" STR_FMT "': the storage class '%s', to which '%s' "
				"is to be changed, does not exist in the cluster; create it, or map to another one", STR_ARG(it->gr),
				STR_ARG(it->ns), it->ns.len > 0 ? "/" : "", STR_ARG(it->name), p->to, p->from);
		jnode_replace_text(n, str_of(p->to));
		break;
	}
	return 0;
}

/* n: a claim, a volume, or the template of a claim. */
static int
change_claim(const struct change *ch, const struct change_item *it, struct jnode *n, struct err *e)
{
	if (change_class(ch, it, jnode_walk(n, "metadata", "annotations", BETA_CLASS, NULL), e) < 0)
		return -1;
	return change_class(ch, it, jnode_walk(n, "spec", "storageClassName", NULL), e);
}

static int
change_classes(const struct change *ch, const struct change_item *it, struct jnode *obj, struct err *e)
{
	if (!str_eqz(it->gr, "statefulsets.apps"))
		return change_claim(ch, it, obj, e);
	for (struct jnode *c = jnode_first(jnode_walk(obj, "spec", "volumeClaimTemplates", NULL)); c; c = jnode_next(c))
		if (change_claim(ch, it, c, e) < 0)
			return -1;
	return 0;
}

/* --- images --- */

/* Where the pod is in objects of a type. */
static const struct {
	const char *gr, *path[6];
} pod_specs[] = {
	{ "pods", { "spec" } },
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

static int
change_image(const struct change *ch, struct jnode *n, struct err *e)
{
	struct str rest = jnode_text(n);

	for (size_t i = 0; rest.len > 0 && i < ch->images.len; i++) {
		const struct pair *p = &ch->images.at[i];
		AUTO_BUF struct buf out = BUF_INIT(LIMIT_OBJECT);
		const char *hit = memmem(rest.p, rest.len, p->from, strlen(p->from));

		if (hit == NULL)
			continue;
		for (; hit; hit = memmem(rest.p, rest.len, p->from, strlen(p->from))) {
			size_t before = (size_t)(hit - rest.p);

			if (buf_add_str(&out, str_sub(rest, 0, before), e) < 0 || buf_add_str(&out, str_of(p->to), e) < 0)
				return -1;
			rest = str_sub(rest, before + strlen(p->from), rest.len);
		}
		if (buf_add_str(&out, rest, e) < 0)
			return -1;
		jnode_replace_text(n, buf_str(&out));
		break;
	}
	return 0;
}

static int
change_images(const struct change *ch, const struct change_item *it, struct jnode *obj, struct err *e)
{
	static const char *const lists[] = { "containers", "initContainers" };
	struct jnode *pod = obj;

	for (const char *const *key = pod_path(it->gr); *key; key++)
		pod = jnode_get(pod, *key);
	for (size_t i = 0; i < COUNT(lists); i++)
		for (struct jnode *c = jnode_first(jnode_get(pod, lists[i])); c; c = jnode_next(c))
			if (change_image(ch, jnode_get(c, "image"), e) < 0)
				return err_ctx(e, "image name");
	return 0;
}

/* --- course --- */

bool
change_concerns(const struct change *ch, struct str gr)
{
	return (ch->classes.len > 0 && has_class(gr)) || (ch->images.len > 0 && pod_path(gr))
		|| rules_concern(&ch->rules, gr);
}

int
change_apply(struct change *ch, const struct change_item *it, struct jnode **obj, struct err *e)
{
	if (ch->classes.len > 0 && has_class(it->gr) && change_classes(ch, it, *obj, e) < 0)
		return -1;
	if (ch->images.len > 0 && pod_path(it->gr) && change_images(ch, it, *obj, e) < 0)
		return -1;
	rules_apply(&ch->rules, it, obj);
	return 0;
}
