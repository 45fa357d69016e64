/* Masks, and objects without what the server sets. */
#include "engine/view.h"

#include "base/arena.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/jedit.h"

#define LAST_APPLIED "kubectl.kubernetes.io/last-applied-configuration"

bool
view_is_secret(struct str gr, struct str json)
{
	struct jiter it;
	struct str key, val;

	if (str_eq(gr, S("secrets")))
		return true;
	/* Of two members of one name, readers differ in which they take. */
	for (bool more = jiter_obj(&it, json); more && jiter_next(&it, &key, &val);)
		if (jstr_eq((struct str){ key.p - 1, key.len + 2 }, S("kind")) && jstr_eq(val, S("Secret")))
			return true;
	return false;
}

/* --- without what the server sets --- */

/* As archive/index.c's hash. */
static const char *const server_set[] = { "uid", "resourceVersion", "generation", "creationTimestamp", "selfLink",
	"managedFields", "deletionTimestamp", "deletionGracePeriodSeconds" };

static void
strip(struct jnode *doc, enum view_fields fields)
{
	struct jnode *meta = jnode_get(doc, "metadata");

	if (fields == VIEW_UNMANAGED)
		(void)jnode_del(meta, "managedFields");
	if (fields != VIEW_CONTENT)
		return;
	(void)jnode_del(doc, "status");
	for (size_t i = 0; i < COUNT(server_set); i++)
		(void)jnode_del(meta, server_set[i]);
}

/* --- masks --- */

/* Bytes of a value as its user gets it. */
static size_t
value_size(struct jnode *value, bool base64)
{
	AUTO_BUF struct buf bytes = BUF_INIT(LIMIT_OBJECT);
	struct err ignored;
	size_t n;

	if (jnode_type(value) != J_STR)
		return jnode_raw(value).len;
	if (!base64 || b64_decode(&bytes, jnode_text(value), &ignored) < 0)
		return jnode_text(value).len;
	n = bytes.len;
	buf_wipe(&bytes);
	return n;
}

static void
mask(struct jnode *value, bool base64, struct str other)
{
	size_t n = value_size(value, base64);
	bool differs = other.len > 0 && !jsame(jnode_raw(value), other);
	AUTO_FREE char *text = xasprintf("*** (%zu byte%s%s)", n, n == 1 ? "" : "s", differs ? ", another value" : "");

	jnode_replace_text(value, str_of(text));
}

/* other: the same member of the other object, or empty. */
static void
mask_members(struct jnode *values, bool base64, struct str other)
{
	if (jnode_type(values) != J_OBJ) {
		if (jnode_type(values) != J_NULL)
			mask(values, base64, other);
		return;
	}
	for (struct jnode *v = jnode_first(values), *next; v != NULL; v = next) {
		AUTO_FREE char *key = str_dup(jnode_key(v));
		struct str was = { 0 };

		next = jnode_next(v);
		(void)jget(other, key, &was);
		mask(v, base64, was);
	}
}

static void
mask_annotations(struct jnode *meta, struct str other)
{
	for (struct jnode *m = jnode_first(meta); m != NULL; m = jnode_next(m)) {
		struct str was = { 0 };

		if (!str_eq(jnode_key(m), S("annotations")))
			continue;
		(void)jpath(other, &was, "metadata", "annotations", LAST_APPLIED, NULL);
		for (struct jnode *a = jnode_first(m), *next; a != NULL; a = next) {
			next = jnode_next(a);
			if (str_eq(jnode_key(a), S(LAST_APPLIED)))
				mask(a, false, was);
		}
	}
}

static void
mask_secret(struct jnode *doc, struct str other)
{
	/* Each of them: a hostile document may have a member twice. */
	for (struct jnode *m = jnode_first(doc), *next; m != NULL; m = next) {
		bool base64 = str_eq(jnode_key(m), S("data"));
		struct str was = { 0 };

		next = jnode_next(m);
		if (str_eq(jnode_key(m), S("metadata")))
			mask_annotations(m, other);
		if (!base64 && !str_eq(jnode_key(m), S("stringData")))
			continue;
		(void)jget(other, base64 ? "data" : "stringData", &was);
		mask_members(m, base64, was);
	}
}

int
view_put(const struct view *v, struct str gr, struct str json, struct str other, struct buf *out, struct err *e)
{
	AUTO_ARENA struct arena arena = ARENA_INIT;
	struct jnode *doc = jnode_open(&arena, json);

	strip(doc, v->fields);
	if (!v->show_secrets && view_is_secret(gr, json))
		mask_secret(doc, other);
	return jnode_write(doc, out, e);
}

int
view_decode_secret(struct str json, struct buf *out, struct err *e)
{
	AUTO_ARENA struct arena arena = ARENA_INIT;
	AUTO_BUF struct buf bytes = BUF_INIT(LIMIT_OBJECT);
	struct jnode *doc = jnode_open(&arena, json);
	struct err ignored;

	for (struct jnode *v = jnode_first(jnode_get(doc, "data")), *next; v != NULL; v = next) {
		next = jnode_next(v);
		buf_cut(&bytes, 0);
		if (b64_decode(&bytes, jnode_text(v), &ignored) == 0 && text_is_utf8(buf_str(&bytes)))
			jnode_replace_text(v, buf_str(&bytes));
	}
	return jnode_write(doc, out, e);
}
