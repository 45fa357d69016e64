/* Paths of fields, and a walk over all of them. */
#include "data/jfield.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/vec.h"

#include <stdio.h>
#include <stdlib.h>

static bool
is_plain(struct str key)
{
	for (size_t i = 0; i < key.len; i++) {
		char c = key.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-'
		    || c == '$'))
			return false;
	}
	return key.len > 0;
}

static int
add3(struct buf *path, struct str before, struct str text, struct str after, struct err *e)
{
	return buf_add_str(path, before, e) < 0 || buf_add_str(path, text, e) < 0 || buf_add_str(path, after, e) < 0
		? -1 : 0;
}

int
jfield_key(struct buf *path, struct str key, struct err *e)
{
	if (is_plain(key))
		return add3(path, path->len > 0 ? S(".") : S(""), key, S(""), e);
	return add3(path, S("[\""), key, S("\"]"), e);
}

int
jfield_index(struct buf *path, size_t i, struct err *e)
{
	char text[32];
	int n = snprintf(text, sizeof text, "[%zu]", i);

	return buf_add(path, text, (size_t)n, e);
}

int
jfield_match(struct buf *path, const char *key, struct str value, struct err *e)
{
	struct str text = value;

	/* What would be read as something else keeps its quotes. */
	if (!jstr_plain(value, &text) || str_chr(text, ']') < text.len)
		text = value;
	if (add3(path, S("["), str_of(key), S("="), e) < 0)
		return -1;
	return add3(path, S(""), text, S("]"), e);
}

/* --- lists with keys --- */

/* Merge keys of Kubernetes' types; which of them a list has can be seen from its elements. */
static const char *const list_keys[] = { "name", "key", "mountPath", "devicePath", "type", "ip", "uid", "containerPort",
	"port", "topologyKey" };

#define KEYED_MAX 10000                  /* elements; longer lists are compared place by place */

static int
by_text(const void *x, const void *y)
{
	return str_cmp(*(const struct str *)x, *(const struct str *)y);
}

/* Each element has the member, and no two have the same. */
static bool
tells_apart(struct str list, const char *key)
{
	struct VEC_OF(struct str) ids = { 0 };
	struct jiter it;
	struct str val, id;
	bool good = jiter_arr(&it, list);

	while (good && jiter_next(&it, NULL, &val)) {
		good = jget(val, key, &id) && (jtype(id) == J_STR || jtype(id) == J_NUM) && ids.len < KEYED_MAX;
		*vec_push(&ids) = id;
	}
	if (good && ids.len > 1)
		qsort(ids.at, ids.len, sizeof *ids.at, by_text);
	for (size_t i = 1; good && i < ids.len; i++)
		good = !str_eq(ids.at[i - 1], ids.at[i]);
	vec_free(&ids);
	return good;
}

static bool
is_empty_list(struct str list)
{
	struct jiter it;
	struct str val;

	return !jiter_arr(&it, list) || !jiter_next(&it, NULL, &val);
}

const char *
jfield_list_key(struct str a, struct str b)
{
	if (is_empty_list(a) && is_empty_list(b))
		return NULL;
	for (size_t i = 0; i < COUNT(list_keys); i++)
		if (tells_apart(a, list_keys[i]) && tells_apart(b, list_keys[i]))
			return list_keys[i];
	return NULL;
}

/* --- all fields --- */

struct walk {
	jfield_fn *fn;
	void      *ctx;
	struct buf path;
};

static int
step(struct walk *w, bool obj, struct str key, size_t i, const char *list_key, struct str val, struct err *e)
{
	struct str id = { 0 };

	if (obj)
		return jfield_key(&w->path, key, e);
	if (list_key == NULL || !jget(val, list_key, &id))
		return jfield_index(&w->path, i, e);
	return jfield_match(&w->path, list_key, id, e);
}

static int
walk_value(struct walk *w, struct str value, struct err *e)
{
	enum jtype t = jtype(value);
	const char *list_key = t == J_ARR ? jfield_list_key(value, value) : NULL;
	struct str key = { 0 }, val;
	struct jiter it = { 0 };
	size_t before = w->path.len, i = 0;

	if (t == J_OBJ || t == J_ARR)
		(void)(t == J_OBJ ? jiter_obj(&it, value) : jiter_arr(&it, value));
	for (; it.p != NULL && jiter_next(&it, &key, &val); i++) {
		if (step(w, t == J_OBJ, key, i, list_key, val, e) < 0 || walk_value(w, val, e) < 0)
			return -1;
		buf_cut(&w->path, before);
	}
	return i > 0 ? 0 : w->fn(w->ctx, buf_str(&w->path), value, e);
}

int
jfield_each(struct str doc, jfield_fn *fn, void *ctx, struct err *e)
{
	struct walk w = { fn, ctx, BUF_INIT(LIMIT_OBJECT) };
	int rc = walk_value(&w, str_trim(doc), e);

	buf_free(&w.path);
	return rc;
}
