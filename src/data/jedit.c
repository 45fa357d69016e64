/*
 * Editing JSON without touching what is not edited.
 *
 * A node starts as the slice of its value.  Asking for a member cuts it open: one node per member, each again only a
 * slice.  A change marks its ancestors; writing copies the slice of every node without a mark and puts only marked
 * ones together from their children.  So unchanged ranges keep every byte, blanks and number forms included.
 */
#include "data/jedit.h"

#include "base/mem.h"
#include "data/jwrite.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

struct jnode {
	struct arena *arena;
	struct jnode *parent, *prev, *next;
	struct jnode *first, *last;       /* children, when opened */
	struct str    raw;                /* value as it came; stale when changed */
	struct str    name, key;          /* member: raw (without quotes) and unescaped */
	struct str    text;               /* unescaped string value once asked for */
	bool          opened, changed;
	bool          broken;             /* cannot be cut open: stays as it came */
};

#define BUF_ANY BUF_INIT(SIZE_MAX / 2)    /* results are bounded by their source and by what callers set */

static struct str
unescaped(struct arena *a, struct str raw)
{
	AUTO_BUF struct buf b = BUF_INIT(raw.len);
	struct err e;
	struct str s;

	if (jstr_plain(raw, &s))
		return s;
	return jstr_decode(raw, &b, &e) < 0 ? S("") : arena_str(a, buf_str(&b));
}

static struct jnode *
node_new(struct arena *a, struct str raw)
{
	struct jnode *n = arena_alloc(a, sizeof *n);

	n->arena = a;
	n->raw = str_trim(raw);
	return n;
}

struct jnode *
jnode_open(struct arena *a, struct str doc)
{
	return node_new(a, doc);
}

struct jnode *
jnode_new_obj(struct arena *a)
{
	return node_new(a, S("{}"));
}

enum jtype
jnode_type(const struct jnode *n)
{
	return n ? jtype(n->raw) : J_NONE;
}

static void
mark(struct jnode *n)
{
	for (; n && !n->changed; n = n->parent)
		n->changed = true;
}

static void
link_last(struct jnode *parent, struct jnode *child)
{
	child->parent = parent;
	child->prev = parent->last;
	if (parent->last)
		parent->last->next = child;
	else
		parent->first = child;
	parent->last = child;
}

/* True when n is an object (or array, by want) whose children are linked. */
static bool
cut_open(struct jnode *n, enum jtype want)
{
	struct str name = { NULL, 0 }, val;
	struct jiter it;

	if (jnode_type(n) != want || n->broken)
		return false;
	if (n->opened)
		return true;
	if (!(want == J_OBJ ? jiter_obj(&it, n->raw) : jiter_arr(&it, n->raw)))
		return false;
	while (jiter_next(&it, &name, &val)) {
		struct jnode *c = node_new(n->arena, val);
		if (want == J_OBJ) {
			c->name = name;
			c->key = unescaped(n->arena, (struct str){ name.p - 1, name.len + 2 });
		}
		link_last(n, c);
	}
	if (it.p == NULL) {
		/* never lose the part that was not understood: such a value cannot be edited */
		n->first = n->last = NULL;
		n->broken = true;
		return false;
	}
	n->opened = true;
	return true;
}

struct jnode *
jnode_get(struct jnode *n, const char *key)
{
	struct jnode *c;

	if (!cut_open(n, J_OBJ))
		return NULL;
	for (c = n->first; c && !str_eqz(c->key, key);)
		c = c->next;
	return c;
}

struct jnode *
jnode_walk(struct jnode *n, ...)
{
	va_list ap;
	const char *key;

	va_start(ap, n);
	while (n && (key = va_arg(ap, const char *)) != NULL)
		n = jnode_get(n, key);
	va_end(ap);
	return n;
}

struct jnode *
jnode_first(struct jnode *n)
{
	return cut_open(n, J_OBJ) || cut_open(n, J_ARR) ? n->first : NULL;
}

struct jnode *
jnode_next(struct jnode *n)
{
	return n ? n->next : NULL;
}

struct str
jnode_key(const struct jnode *n)
{
	return n ? n->key : S("");
}

size_t
jnode_count(struct jnode *n)
{
	size_t count = 0;

	for (struct jnode *c = jnode_first(n); c; c = c->next)
		count++;
	return count;
}

struct str
jnode_text(struct jnode *n)
{
	if (jnode_type(n) != J_STR)
		return S("");
	if (n->text.p == NULL)
		n->text = unescaped(n->arena, n->raw);
	return n->text;
}

bool
jnode_is_text(struct jnode *n, const char *text)
{
	return jnode_type(n) == J_STR && str_eqz(jnode_text(n), text);
}

bool
jnode_int(struct jnode *n, int64_t *out)
{
	return n && jint(n->raw, out);
}

bool
jnode_bool(struct jnode *n, bool *out)
{
	return n && jbool(n->raw, out);
}

bool
jnode_true(struct jnode *n)
{
	bool v = false;

	return jnode_bool(n, &v) && v;
}

struct str
jnode_raw(struct jnode *n)
{
	AUTO_BUF struct buf b = BUF_ANY;
	struct err e;

	if (n == NULL || !n->changed)
		return n ? n->raw : S("");
	if (jnode_write(n, &b, &e) < 0)
		panic(__FILE__, __LINE__, e.msg);
	return arena_str(n->arena, buf_str(&b));
}

void
jnode_remove(struct jnode *c)
{
	struct jnode *up = c ? c->parent : NULL;

	if (up == NULL)
		return;
	*(c->prev ? &c->prev->next : &up->first) = c->next;
	*(c->next ? &c->next->prev : &up->last) = c->prev;
	c->parent = NULL;       /* c->next stays: a loop over the siblings may go on from c */
	mark(up);
}

/* Removes the members with this key from c on. */
static bool
remove_from(struct jnode *c, const char *key)
{
	bool any = false;

	for (struct jnode *next; c; c = next) {
		next = c->next;
		if (str_eqz(c->key, key)) {
			jnode_remove(c);
			any = true;
		}
	}
	return any;
}

bool
jnode_del(struct jnode *n, const char *key)
{
	return cut_open(n, J_OBJ) && remove_from(n->first, key);
}

static void
set_value(struct jnode *c, struct str json)
{
	c->raw = str_trim(json);
	c->first = c->last = NULL;
	c->text = (struct str){ NULL, 0 };
	c->opened = c->changed = c->broken = false;
	mark(c->parent);
}

static struct str
quoted(struct arena *a, struct str text)
{
	AUTO_BUF struct buf b = BUF_ANY;
	struct err e;

	if (jw_quote(&b, text, &e) < 0)
		panic(__FILE__, __LINE__, e.msg);
	return arena_str(a, buf_str(&b));
}

struct jnode *
jnode_set_raw(struct jnode *n, const char *key, struct str json)
{
	struct jnode *c;

	if (!cut_open(n, J_OBJ))
		return NULL;
	c = jnode_get(n, key);
	if (c) {
		set_value(c, json);
		/* of members with equal keys a reader may take the last */
		(void)remove_from(c->next, key);
		return c;
	}
	c = node_new(n->arena, json);
	c->key = arena_str(n->arena, str_of(key));
	c->name = quoted(n->arena, c->key);
	c->name = str_sub(c->name, 1, c->name.len - 1);
	link_last(n, c);
	mark(n);
	return c;
}

struct jnode *
jnode_set_text(struct jnode *n, const char *key, struct str text)
{
	return n ? jnode_set_raw(n, key, quoted(n->arena, text)) : NULL;
}

struct jnode *
jnode_set_int(struct jnode *n, const char *key, int64_t v)
{
	char text[24];

	(void)snprintf(text, sizeof text, "%" PRId64, v);
	return n ? jnode_set_raw(n, key, arena_str(n->arena, str_of(text))) : NULL;
}

struct jnode *
jnode_set_bool(struct jnode *n, const char *key, bool v)
{
	return jnode_set_raw(n, key, v ? S("true") : S("false"));
}

struct jnode *
jnode_need_obj(struct jnode *n, const char *key)
{
	struct jnode *c = jnode_get(n, key);

	return c && jnode_type(c) != J_NULL ? c : jnode_set_raw(n, key, S("{}"));
}

struct jnode *
jnode_append_raw(struct jnode *arr, struct str json)
{
	struct jnode *c;

	if (!cut_open(arr, J_ARR))
		return NULL;
	c = node_new(arr->arena, json);
	link_last(arr, c);
	mark(arr);
	return c;
}

struct jnode *
jnode_insert_raw(struct jnode *before, struct str json)
{
	struct jnode *up = before ? before->parent : NULL, *c;

	if (up == NULL || jnode_type(up) != J_ARR)
		return NULL;
	c = node_new(up->arena, json);
	c->parent = up;
	c->prev = before->prev;
	c->next = before;
	*(c->prev ? &c->prev->next : &up->first) = c;
	before->prev = c;
	mark(up);
	return c;
}

void
jnode_replace_text(struct jnode *child, struct str text)
{
	if (child)
		set_value(child, quoted(child->arena, text));
}

void
jnode_replace_raw(struct jnode *n, struct str json)
{
	if (n)
		set_value(n, json);
}

static int
write_name(const struct jnode *c, struct buf *out, struct err *e)
{
	if (buf_add_str(out, S("\""), e) < 0 || buf_add_str(out, c->name, e) < 0)
		return -1;
	return buf_add_str(out, S("\":"), e);
}

static int
write_node(const struct jnode *n, struct buf *out, struct err *e)
{
	bool obj = jnode_type(n) == J_OBJ;

	if (!n->changed)
		return buf_add_str(out, n->raw, e);
	if (buf_add_str(out, obj ? S("{") : S("["), e) < 0)
		return -1;
	for (const struct jnode *c = n->first; c; c = c->next) {
		if (c != n->first && buf_add_str(out, S(","), e) < 0)
			return -1;
		if (obj && write_name(c, out, e) < 0)
			return -1;
		if (write_node(c, out, e) < 0)
			return -1;
	}
	return buf_add_str(out, obj ? S("}") : S("]"), e);
}

int
jnode_write(struct jnode *n, struct buf *out, struct err *e)
{
	size_t before = out->len;

	assert_that(n != NULL);
	if (write_node(n, out, e) == 0)
		return 0;
	buf_cut(out, before);
	return -1;
}
