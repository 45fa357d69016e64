/*
 * DESIGN
 *
 * Owner references name an owner's UID, which is another one after a restore (--owner-references relink).  What an
 * object's references were is kept until everything is restored; then
 *
 *   owners, each once: GET --there--> is it the one in the backup that the reference meant? --> new UID
 *   dependants: server-side apply of metadata.ownerReferences, for the object with this UID only
 *
 * A reference to an owner that is not there, or that the reference did not mean in the backup either, is dropped.
 */
#include "engine/restore_impl.h"

#include "base/limits.h"
#include "base/mem.h"
#include "data/jwrite.h"

#include <string.h>

#define REFS_MAX (64 * KIB)

struct owner {
	char                     *path;
	const struct index_entry *en;            /* in the backup; NULL: it is not */
	char                     *old_uid, *uid; /* there, and in the cluster; NULL: none */
	char                     *key;           /* "GR/NS/NAME" in the backup */
};

struct relinking {
	struct restore *rs;
	struct strmap  *by_path, *by_key;        /* -> owner */
	struct VEC_OF(struct owner *) owners;
	struct arena    arena;
};

void
item_note_owners(struct item *it, struct str answer)
{
	struct restore *rs = it->rs;
	struct str uid;

	if (it->refs.len == 0 || !jpath(answer, &uid, "metadata", "uid", NULL))
		return;
	*vec_push(&rs->relinks) = (struct relink){ it->planned, arena_strdup(&rs->arena, str_of(it->path)),
		arena_strdup(&rs->arena, str_of(it->res->api_version)), arena_strdup(&rs->arena, str_of(it->res->kind)),
		it->target_ns, arena_strdup(&rs->arena, uid), arena_str(&rs->arena, buf_str(&it->refs)) };
}

static const struct api_resource *
owner_type(const struct relinking *x, struct jnode *ref)
{
	AUTO_FREE char *version = str_dup(jnode_text(jnode_get(ref, "apiVersion")));
	AUTO_FREE char *kind = str_dup(jnode_text(jnode_get(ref, "kind")));

	return discovery_kind(x->rs->d, version, kind);
}

/* The path of the owner in the cluster; NULL: there can be none. */
static char *
owner_path(const struct relinking *x, const struct relink *r, struct jnode *ref)
{
	const struct api_resource *res = owner_type(x, ref);
	AUTO_FREE char *name = str_dup(jnode_text(jnode_get(ref, "name")));

	if (res == NULL || name[0] == '\0' || (res->namespaced && r->ns == NULL))
		return NULL;
	return api_path(res, res->namespaced ? r->ns : NULL, name);
}

static char *
key_of(struct str gr, struct str ns, struct str name)
{
	return xasprintf(STR_FMT "/" STR_FMT "/" STR_FMT, STR_ARG(gr), STR_ARG(ns), STR_ARG(name));
}

/* --- which owners --- */

static void
collect(struct relinking *x, const struct relink *r)
{
	AUTO_ARENA struct arena arena = ARENA_INIT;

	for (struct jnode *ref = jnode_first(jnode_open(&arena, r->refs)); ref != NULL; ref = jnode_next(ref)) {
		AUTO_FREE char *path = owner_path(x, r, ref);
		const struct api_resource *res = owner_type(x, ref);
		AUTO_FREE char *key = NULL;
		struct owner *o;

		if (path == NULL || strmap_has(x->by_path, str_of(path)))
			continue;
		key = key_of(str_of(res->gr), res->namespaced ? r->planned->ns : S(""), jnode_text(jnode_get(ref, "name")));
		o = arena_alloc(&x->arena, sizeof *o);
		o->path = arena_strdup(&x->arena, str_of(path));
		o->key = arena_strdup(&x->arena, str_of(key));
		strmap_put(x->by_path, str_of(path), o);
		strmap_put(x->by_key, str_of(key), o);
		*vec_push(&x->owners) = o;
	}
}

/* What the owners' UIDs were; a damaged object has none. */
static int
read_old_uids(struct relinking *x, struct err *e)
{
	struct restore *rs = x->rs;

	for (size_t i = 0; i < rs->ix->n_entries; i++) {
		const struct index_entry *en = &rs->ix->entries[i];
		AUTO_FREE char *key = key_of(en->gr, en->ns, en->name);
		struct owner *o = strmap_get(x->by_key, str_of(key));
		struct str json, uid;
		struct err why;

		if (o == NULL)
			continue;
		o->en = en;
		if (reader_object(rs->reader, en, &json, rs->c, &why) == 0) {
			if (jpath(json, &uid, "metadata", "uid", NULL))
				o->old_uid = arena_strdup(&x->arena, uid);
		} else if (why.kind != EK_CORRUPT && why.kind != EK_LIMIT) {
			*e = why;
			return -1;
		}
	}
	return 0;
}

static int
look_at_owners(struct relinking *x, struct err *e)
{
	AUTO_ASKS struct asks asks = { 0 };

	for (size_t i = 0; i < x->owners.len; i++)
		(void)asks_add(&asks, "GET", xstrdup(x->owners.at[i]->path));
	if (asks_run(x->rs, &asks, e) < 0)
		return -1;
	for (size_t i = 0; i < asks.len; i++) {
		struct str live = buf_str(&asks.at[i].answer), uid, deleted;

		if (asks.at[i].rc == 0 && json_check(live, &asks.at[i].why) == 0 && jpath(live, &uid, "metadata", "uid", NULL)
		    && !jpath(live, &deleted, "metadata", "deletionTimestamp", NULL))
			x->owners.at[i]->uid = arena_strdup(&x->arena, uid);
	}
	return 0;
}

/* --- dependants --- */

/* The owner that the reference means, if it is there; uids are JSON. */
static const struct owner *
meant(const struct relinking *x, const struct relink *r, struct jnode *ref)
{
	AUTO_FREE char *path = owner_path(x, r, ref);
	const struct owner *o = path != NULL ? strmap_get(x->by_path, str_of(path)) : NULL;
	struct str was = jnode_raw(jnode_get(ref, "uid"));

	if (o == NULL || o->uid == NULL)
		return NULL;
	return str_eqz(was, o->uid) || (o->old_uid != NULL && str_eqz(was, o->old_uid)) ? o : NULL;
}

/* Appends the apply; nothing if no reference is left. */
static int
put_apply(struct relinking *x, const struct relink *r, struct buf *out, struct err *e)
{
	AUTO_ARENA struct arena arena = ARENA_INIT;
	struct jnode *refs = jnode_open(&arena, r->refs), *next, *obj = jnode_new_obj(&arena), *meta;

	for (struct jnode *ref = jnode_first(refs); ref != NULL; ref = next) {
		const struct owner *o = meant(x, r, ref);

		next = jnode_next(ref);
		if (o != NULL)
			jnode_set_raw(ref, "uid", str_of(o->uid));
		else
			jnode_remove(ref);
	}
	if (jnode_first(refs) == NULL)
		return 0;
	jnode_set_text(obj, "apiVersion", str_of(r->api_version));
	jnode_set_text(obj, "kind", str_of(r->kind));
	meta = jnode_need_obj(obj, "metadata");
	jnode_set_text(meta, "name", r->planned->name);
	if (r->ns != NULL)
		jnode_set_text(meta, "namespace", str_of(r->ns));
	jnode_set_raw(meta, "uid", str_of(r->uid));
	jnode_set_raw(meta, "ownerReferences", jnode_raw(refs));
	return jnode_write(obj, out, e);
}

static void
tell(struct restore *rs, const struct relink *r, const struct err *why)
{
	AUTO_FREE char *gr = str_dup(r->planned->gr);
	AUTO_FREE char *name = str_dup(r->planned->name);

	report_finding(rs->r, RESULT_WARNING, r->ns != NULL ? r->ns : "", gr, name, NULL,
		"its owner references were not restored: %s", why->msg);
}

static int
link_all(struct relinking *x, struct err *e)
{
	struct restore *rs = x->rs;
	AUTO_ASKS struct asks asks = { 0 };

	for (size_t i = 0; i < rs->relinks.len; i++) {
		const struct relink *r = &rs->relinks.at[i];
		AUTO_BUF struct buf body = BUF_INIT(2 * REFS_MAX);
		struct ask *a;

		if (put_apply(x, r, &body, e) < 0)
			return -1;
		if (body.len == 0)
			continue;
		a = asks_add(&asks, "PATCH", xasprintf("%s?fieldManager=orlop-owners&force=true", r->path));
		a->apply = true;
		a->about = i;
		buf_put_str(&a->body, buf_str(&body));
	}
	if (asks_run(rs, &asks, e) < 0)
		return -1;
	for (size_t i = 0; i < asks.len; i++)
		if (asks.at[i].rc < 0)
			tell(rs, &rs->relinks.at[asks.at[i].about], &asks.at[i].why);
	return 0;
}

int
restore_relink(struct restore *rs, struct err *e)
{
	struct relinking x = { .rs = rs };
	int rc = 0;

	if (rs->relinks.len == 0)
		return 0;
	report_progress(rs->r, "linking owners", rs->done, rs->n.selected, 0);
	x.by_path = strmap_new();
	x.by_key = strmap_new();
	for (size_t i = 0; i < rs->relinks.len; i++)
		collect(&x, &rs->relinks.at[i]);
	if (read_old_uids(&x, e) < 0 || look_at_owners(&x, e) < 0 || link_all(&x, e) < 0)
		rc = -1;
	strmap_free(x.by_path);
	strmap_free(x.by_key);
	vec_free(&x.owners);
	arena_done(&x.arena);
	return rc;
}
