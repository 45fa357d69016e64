/* JSON Patch and merge patch. */
#include "data/jpatch.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/parse.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

#define WORK_MAX (4 * LIMIT_OBJECT)      /* bytes that the operations of one patch put in, move, or look at */

static const char *const names[] = {
	[JPATCH_ADD] = "add",
	[JPATCH_REMOVE] = "remove",
	[JPATCH_REPLACE] = "replace",
	[JPATCH_MOVE] = "move",
	[JPATCH_COPY] = "copy",
	[JPATCH_TEST] = "test",
};
static_assert(COUNT(names) == JPATCH_TEST + 1, "every operation needs its name");

const char *
jpatch_name(enum jpatch_what what)
{
	return names[what];
}

bool
jpatch_find(struct str name, enum jpatch_what *out)
{
	for (size_t i = 0; i < COUNT(names); i++)
		if (name.len == strlen(names[i]) && strncasecmp(name.p, names[i], name.len) == 0) {
			*out = (enum jpatch_what)i;
			return true;
		}
	return false;
}

int
jpointer_check(struct str p, struct err *e)
{
	size_t parts = 0;

	if (p.len > 0 && p.p[0] != '/')
		return err_set(e, EK_INVALID, "'" STR_FMT "' must start with '/'", STR_ARG(p));
	for (size_t i = 0; i < p.len; i++) {
		if (p.p[i] == '~' && (i + 1 == p.len || (p.p[i + 1] != '0' && p.p[i + 1] != '1')))
			return err_set(e, EK_INVALID, "'" STR_FMT "': '~' is written '~0', and '/' in a name '~1'", STR_ARG(p));
		parts += p.p[i] == '/';
	}
	if (parts > LIMIT_JSON_DEPTH)
		return err_set(e, EK_LIMIT, "more than %d parts", LIMIT_JSON_DEPTH);
	return 0;
}

/* The name that a part of a pointer stands for. */
static char *
unescaped(struct arena *a, struct str part)
{
	char *s = arena_strdup(a, part), *to = s;

	for (const char *p = s; *p; p++)
		*to++ = *p != '~' ? *p : *++p == '1' ? '/' : '~';
	*to = '\0';
	return s;
}

/* Which of count elements a part of a pointer means. */
static bool
index_of(const char *part, size_t count, size_t *out)
{
	bool from_end = part[0] == '-';
	struct str digits = str_of(part + from_end);
	uint64_t v;

	if ((digits.len > 1 && digits.p[0] == '0') || !parse_u64(digits, count, &v) || (from_end && v == 0))
		return false;
	*out = from_end ? count - v : v;
	return *out < count;
}

static struct jnode *
element(struct jnode *arr, size_t i)
{
	struct jnode *c = jnode_first(arr);

	for (; c && i > 0; i--)
		c = jnode_next(c);
	return c;
}

static struct jnode *
child(struct jnode *n, const char *part)
{
	size_t i;

	if (jnode_type(n) == J_ARR)
		return index_of(part, jnode_count(n), &i) ? element(n, i) : NULL;
	return jnode_get(n, part);
}

/* The value that holds the place of the pointer, NULL: there is none.  *last: the name of the place in it. */
static struct jnode *
holder(struct jnode *root, struct arena *a, struct str pointer, const char **last)
{
	struct str rest = str_sub(pointer, 1, pointer.len), part;
	struct jnode *n = root;

	*last = NULL;
	while (str_split(&rest, '/', &part)) {
		if (*last)
			n = child(n, *last);
		*last = unescaped(a, part);
	}
	return n;
}

static struct jnode *
find(struct jnode *root, struct arena *a, struct str pointer)
{
	const char *last;
	struct jnode *n;

	if (pointer.len == 0)
		return root;
	n = holder(root, a, pointer, &last);
	return child(n, last);
}

static int
absent(struct str pointer, struct err *e)
{
	return err_set(e, EK_NOTFOUND, "'" STR_FMT "' does not exist", STR_ARG(pointer));
}

static int
add_element(struct jnode *arr, const char *part, const struct jpatch_op *op, struct str value, struct err *e)
{
	size_t count = jnode_count(arr), i;
	struct jnode *made;

	if (strcmp(part, "-") == 0)
		i = count;
	else if (!index_of(part, count + 1, &i))
		return err_set(e, EK_NOTFOUND, "'" STR_FMT "': '%s' is no place in a list of %zu", STR_ARG(op->path), part, count);
	made = i < count ? jnode_insert_raw(element(arr, i), value) : jnode_append_raw(arr, value);
	return made ? 0 : absent(op->path, e);
}

static int
add(struct jnode *root, struct arena *a, const struct jpatch_op *op, struct str value, struct err *e)
{
	const char *last;
	struct jnode *n;

	if (op->path.len == 0) {
		jnode_replace_raw(root, value);
		return 0;
	}
	n = holder(root, a, op->path, &last);
	if (jnode_type(n) == J_ARR)
		return add_element(n, last, op, value, e);
	if (n == NULL)
		return err_set(e, EK_NOTFOUND, "what '" STR_FMT "' is to be put into does not exist", STR_ARG(op->path));
	if (jnode_set_raw(n, last, value) == NULL)
		return err_set(e, EK_NOTFOUND, "what '" STR_FMT "' is to be put into is neither an object nor a list",
			STR_ARG(op->path));
	return 0;
}

static int
take(struct jnode *root, struct arena *a, struct str pointer, struct err *e)
{
	const char *last;
	struct jnode *n, *c;

	if (pointer.len == 0)
		return err_set(e, EK_INVALID, "the whole object cannot be removed");
	n = holder(root, a, pointer, &last);
	c = child(n, last);
	if (c == NULL)
		return absent(pointer, e);
	if (jnode_type(n) == J_OBJ)
		(void)jnode_del(n, last);        /* all members of that name, or a reader would see the next one */
	else
		jnode_remove(c);
	return 0;
}

static int
replace(struct jnode *root, struct arena *a, const struct jpatch_op *op, struct err *e)
{
	const char *last;
	struct jnode *up, *n;

	if (op->path.len == 0) {
		jnode_replace_raw(root, op->value);
		return 0;
	}
	up = holder(root, a, op->path, &last);
	n = child(up, last);
	if (n == NULL)
		return absent(op->path, e);
	if (jnode_type(up) == J_OBJ)
		(void)jnode_set_raw(up, last, op->value);        /* leaves one member of that name */
	else
		jnode_replace_raw(n, op->value);
	return 0;
}

/* What is at op->from, which has to be somewhere else afterwards. */
static int
move(struct jnode *root, struct arena *a, const struct jpatch_op *op, struct str value, struct err *e)
{
	if (str_eq(op->from, op->path))
		return 0;
	if (str_starts(op->path, op->from) && op->path.p[op->from.len] == '/')
		return err_set(e, EK_INVALID, "'" STR_FMT "' cannot be moved into itself", STR_ARG(op->from));
	if (take(root, a, op->from, e) < 0)
		return -1;
	return add(root, a, op, value, e);
}

static int
test(struct str found, const struct jpatch_op *op, struct err *e)
{
	if (found.len > 0 ? jsame(found, op->value) : jtype(op->value) == J_NULL)
		return 0;
	return err_set(e, EK_CONFLICT, "'" STR_FMT "' is not " STR_FMT, STR_ARG(op->path), STR_ARG(op->value));
}

static int
apply(struct jnode *root, struct arena *a, const struct jpatch_op *op, size_t *work, struct err *e)
{
	struct str value = op->value;

	if (op->what >= JPATCH_MOVE) {
		struct str from = op->what == JPATCH_TEST ? op->path : op->from;
		struct jnode *n = find(root, a, from);

		if (n == NULL && op->what != JPATCH_TEST)
			return absent(from, e);
		value = jnode_raw(n);
	}
	*work = size_add(*work, value.len);
	if (*work > WORK_MAX)
		return err_set(e, EK_LIMIT, "the patches take too much memory");
	switch (op->what) {
	case JPATCH_ADD:
	case JPATCH_COPY:
		return add(root, a, op, value, e);
	case JPATCH_REPLACE:
		return replace(root, a, op, e);
	case JPATCH_REMOVE:
		return take(root, a, op->path, e);
	case JPATCH_MOVE:
		return move(root, a, op, value, e);
	case JPATCH_TEST:
		return test(value, op, e);
	}
	return 0;
}

int
jpatch_apply(struct jnode *root, struct arena *a, const struct jpatch_op *ops, size_t n, size_t *done, struct err *e)
{
	size_t work = 0;

	for (*done = 0; *done < n; (*done)++)
		if (apply(root, a, &ops[*done], &work, e) < 0)
			return -1;
	return 0;
}

void
jpatch_merge(struct jnode *n, struct str patch)
{
	struct str key, val;
	struct jiter it;

	if (!jiter_obj(&it, patch)) {
		jnode_replace_raw(n, patch);
		return;
	}
	if (jnode_type(n) != J_OBJ)
		jnode_replace_raw(n, S("{}"));
	while (jiter_next(&it, &key, &val)) {
		AUTO_FREE char *name = jstr_dup((struct str){ key.p - 1, key.len + 2 });
		struct jnode *c;

		if (name == NULL)
			continue;                        /* holds NUL: no name in Kubernetes */
		if (jtype(val) == J_NULL) {
			(void)jnode_del(n, name);
			continue;
		}
		if (jtype(val) != J_OBJ) {
			(void)jnode_set_raw(n, name, val);
			continue;
		}
		c = jnode_get(n, name);
		/* what is new is merged into nothing, so that its nulls vanish */
		jpatch_merge(c ? c : jnode_set_raw(n, name, S("{}")), val);
	}
}
