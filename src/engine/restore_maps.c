/*
 * Maps, before anything is written: an entry that matches nothing is a mistake in it.  The objects that could show the
 * contrary are read until all entries are proven, which is soon where there is no mistake.
 */
#include "engine/restore_impl.h"

#define NAMESPACES "--namespace-mappings"
#define CLASSES "storageclasses.storage.k8s.io"

static int
check_namespaces(struct restore *rs, struct err *e)
{
	for (size_t i = 0; rs->ns_rules.len > 0 && i < rs->plan.len; i++) {
		const struct index_entry *en = rs->plan.at[i];

		if (en->ns.len > 0)
			(void)restore_map_ns(rs, en->ns);
		else if (str_eq(en->gr, S("namespaces")))
			(void)restore_map_ns(rs, en->name);
	}
	return name_map_check(&rs->ns_rules, ':', NAMESPACES, e);
}

static const char *
look_map_ns(void *ctx, struct str ns)
{
	return restore_map_ns(ctx, ns);
}

/* change_check asks for it, when all is seen. */
static bool
look_class_exists(void *ctx, struct str name)
{
	(void)ctx;
	(void)name;
	return true;
}

static bool
class_will_exist(void *ctx, struct str name)
{
	struct restore *rs = ctx;

	for (size_t i = 0; i < rs->plan.len; i++)
		if (str_eq(rs->plan.at[i]->name, name) && str_eq(rs->plan.at[i]->gr, S(CLASSES)))
			return true;
	return restore_exists(rs, "storage.k8s.io", "storageclasses", NULL, name);
}

/* An object that cannot be read proves nothing; that is told when it is its turn. */
static int
look_at(struct restore *rs, const struct index_entry *en, struct err *e)
{
	AUTO_ARENA struct arena arena = ARENA_INIT;
	struct change_item it = { .arena = &arena, .gr = en->gr, .ns = en->ns, .name = en->name, .map_ns = look_map_ns,
		.class_exists = look_class_exists, .ctx = rs };
	struct str json;
	struct err why;

	if (cancel_check(rs->c, e) < 0)
		return -1;
	if (reader_object(rs->reader, en, &json, rs->c, &why) == 0)
		return change_look(rs->change, &it, jnode_open(&arena, json), e);
	if (why.kind == EK_CORRUPT || why.kind == EK_LIMIT)
		return 0;
	*e = why;
	return -1;
}

int
restore_check_maps(struct restore *rs, struct err *e)
{
	if (check_namespaces(rs, e) < 0)
		return -1;
	for (size_t i = 0; i < rs->plan.len; i++)
		if (change_unproven(rs->change, rs->plan.at[i]->gr) && look_at(rs, rs->plan.at[i], e) < 0)
			return -1;
	return change_check(rs->change, class_will_exist, rs, e);
}
