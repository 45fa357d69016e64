/* Edits that the user asks for: their course, storage classes. */
#include "engine/change_impl.h"

#include "base/limits.h"
#include "base/mem.h"

#include <string.h>

#define OPT_MODIFIERS "--resource-modifiers"
#define OPT_CLASSES "--change-storage-class"
#define OPT_IMAGES "--change-image-name"
#define OPT_CLASS_MAP "--storage-class-mappings"
#define OPT_IMAGE_MAP "--image-mappings"
#define OPT_HOST_MAP "--host-mappings"
#define OPT_ZONE_MAP "--zone-mappings"

struct change {
	struct name_map classes;
	struct name_map images, image_parts;
	struct name_map hosts, zones;
	bool            namespaces;           /* are mapped, which the restore does */
	bool            drop_affinity;
	struct rules    rules;
};

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
typedef int entry_fn(struct name_map *out, const struct ynode *entry, const char *name, struct err *e);

static int
class_entry(struct name_map *out, const struct ynode *n, const char *name, struct err *e)
{
	if (n->key[0] == '\0' || n->text[0] == '\0')
		return err_set(e, EK_INVALID, "%s:%u: 'old: new' is expected, the names of two storage classes", name, n->line);
	name_map_add(out, str_of(n->key), str_of(n->text), true);
	return 0;
}

static int
image_entry(struct name_map *out, const struct ynode *n, const char *name, struct err *e)
{
	struct str text = str_of(n->text), from = str_sub(text, 0, str_chr(text, ','));
	struct str to = str_sub(text, from.len + 1, text.len);

	if (str_trim(from).len == 0 || str_trim(to).len == 0)
		return err_set(e, EK_INVALID, "%s:%u: '%.100s': 'old,new' is expected, parts of image names", name, n->line,
			n->text);
	name_map_add(out, from, to, true);
	return 0;
}

static int
read_entries(struct name_map *out, const char *yaml, const char *name, entry_fn *entry, struct err *e)
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

struct change *
change_new(const struct restore_opts *o, struct err *e)
{
	AUTO(change_freep) struct change *ch = xcalloc(1, sizeof *ch);

	ch->namespaces = o->ns_map.len > 0;
	ch->drop_affinity = o->drop_node_affinity;
	if (name_map_read(&ch->classes, &o->class_map, ':', MAP_PLAIN, OPT_CLASS_MAP, e) < 0
	    || name_map_read(&ch->images, &o->image_map, '=', MAP_PLAIN, OPT_IMAGE_MAP, e) < 0
	    || name_map_read(&ch->hosts, &o->host_map, ':', MAP_PATTERNS, OPT_HOST_MAP, e) < 0
	    || name_map_read(&ch->zones, &o->zone_map, ':', MAP_PATTERNS | MAP_NO_TARGET, OPT_ZONE_MAP, e) < 0
	    || read_entries(&ch->classes, o->class_config, OPT_CLASSES, class_entry, e) < 0
	    || read_entries(&ch->image_parts, o->image_config, OPT_IMAGES, image_entry, e) < 0)
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
	name_map_done(&ch->classes);
	name_map_done(&ch->images);
	name_map_done(&ch->image_parts);
	name_map_done(&ch->hosts);
	name_map_done(&ch->zones);
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
change_class(struct change *ch, const struct change_item *it, struct jnode *n, struct err *e)
{
	struct str old = jnode_text(n), to;

	if (old.len == 0 || !name_map_get(&ch->classes, old, it->arena, &to))
		return 0;
	if (!it->class_exists(it->ctx, to))
		return err_set(e, EK_NOTFOUND, STR_FMT " '" STR_FMT "%s" STR_FMT "': the storage class '" STR_FMT "', to which '"
			STR_FMT "' is to be changed, does not exist in the cluster; create it, or map to another one",
			STR_ARG(it->gr), STR_ARG(it->ns), it->ns.len > 0 ? "/" : "", STR_ARG(it->name), STR_ARG(to), STR_ARG(old));
	jnode_replace_text(n, to);
	return 0;
}

/* n: a claim, a volume, or the template of a claim. */
static int
change_claim(struct change *ch, const struct change_item *it, struct jnode *n, struct err *e)
{
	if (change_class(ch, it, jnode_walk(n, "metadata", "annotations", BETA_CLASS, NULL), e) < 0)
		return -1;
	return change_class(ch, it, jnode_walk(n, "spec", "storageClassName", NULL), e);
}

static int
change_classes(struct change *ch, const struct change_item *it, struct jnode *obj, struct err *e)
{
	if (!str_eqz(it->gr, "statefulsets.apps"))
		return change_claim(ch, it, obj, e);
	for (struct jnode *c = jnode_first(jnode_walk(obj, "spec", "volumeClaimTemplates", NULL)); c; c = jnode_next(c))
		if (change_claim(ch, it, c, e) < 0)
			return -1;
	return 0;
}

/* --- course --- */

static bool
has_images(const struct change *ch)
{
	return ch->images.len > 0 || ch->image_parts.len > 0;
}

bool
change_concerns(const struct change *ch, struct str gr)
{
	return (ch->classes.len > 0 && has_class(gr)) || ((has_images(ch) || ch->drop_affinity) && change_has_pod(gr))
		|| (ch->zones.len > 0 && zones_concern(gr)) || (ch->hosts.len > 0 && refs_concern(gr, true))
		|| (ch->namespaces && refs_concern(gr, false)) || rules_concern(&ch->rules, gr);
}

int
change_look(struct change *ch, const struct change_item *it, struct jnode *obj, struct err *e)
{
	const struct change_images images = { &ch->images, &ch->image_parts };

	if (ch->classes.len > 0 && has_class(it->gr) && change_classes(ch, it, obj, e) < 0)
		return -1;
	if (has_images(ch) && change_has_pod(it->gr) && pods_images(&images, it, obj, e) < 0)
		return -1;
	if (ch->zones.len > 0 && zones_concern(it->gr))
		zones_map(&ch->zones, it, obj);
	if (ch->drop_affinity && change_has_pod(it->gr))
		pods_drop_affinity(it->gr, obj);
	if (ch->hosts.len > 0)
		refs_map(it, &ch->hosts, obj);
	if (ch->namespaces)
		refs_map(it, NULL, obj);
	return 0;
}

int
change_apply(struct change *ch, const struct change_item *it, struct jnode **obj, struct err *e)
{
	if (change_look(ch, it, *obj, e) < 0)
		return -1;
	rules_apply(&ch->rules, it, obj);
	return 0;
}

/* --- entries that match nothing --- */

bool
change_unproven(const struct change *ch, struct str gr)
{
	return (has_class(gr) && !name_map_all_used(&ch->classes)) || (change_has_pod(gr) && !name_map_all_used(&ch->images))
		|| (zones_concern(gr) && !name_map_all_used(&ch->zones))
		|| (refs_concern(gr, true) && !name_map_all_used(&ch->hosts));
}

int
change_check(const struct change *ch, bool (*class_exists)(void *ctx, struct str name), void *ctx, struct err *e)
{
	const struct { const char *option; const struct name_map *map; char sep; } maps[] = {
		{ OPT_CLASS_MAP, &ch->classes, ':' }, { OPT_IMAGE_MAP, &ch->images, '=' }, { OPT_HOST_MAP, &ch->hosts, ':' },
		{ OPT_ZONE_MAP, &ch->zones, ':' },
	};

	for (size_t i = 0; i < COUNT(maps); i++)
		if (name_map_check(maps[i].map, maps[i].sep, maps[i].option, e) < 0)
			return -1;
	for (size_t i = 0; i < ch->classes.len; i++) {
		const struct name_pair *p = &ch->classes.at[i];

		if (!p->lenient && !class_exists(ctx, str_of(p->to)))
			return err_set(e, EK_NOTFOUND, OPT_CLASS_MAP ": the storage class '%s', to which '%s' is to be changed, "
				"does not exist in the cluster; create it, or map to another one", p->to, p->from);
	}
	return 0;
}
