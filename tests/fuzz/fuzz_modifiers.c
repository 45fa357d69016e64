/*
 * Resource modifiers: rules, a line "===", and an object.  Whatever they say, what comes out is a valid object of the
 * same name, and a rule that failed has left no trace.
 */
#include "base/limits.h"
#include "base/mem.h"
#include "engine/change.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static bool
class_exists(void *ctx, struct str name)
{
	(void)ctx;
	(void)name;
	return true;
}

static void
problem(void *ctx, const char *text)
{
	assert_that(text[0] != '\0');
	(*(size_t *)ctx)++;
}

static void
same_at(struct jnode *a, struct jnode *b, const char *outer, const char *key)
{
	if (outer) {
		a = jnode_get(a, outer);
		b = jnode_get(b, outer);
	}
	assert_that(jsame(jnode_raw(jnode_get(a, key)), jnode_raw(jnode_get(b, key))));
}

static void
apply(struct change *ch, struct str doc, struct str gr, bool one_rule)
{
	AUTO_ARENA struct arena a = ARENA_INIT;
	size_t problems = 0;
	struct change_item it = { .arena = &a, .gr = gr, .ns = S("shop"), .name = S("web-0"), .class_exists = class_exists,
		.problem = problem, .ctx = &problems };
	struct jnode *before = jnode_open(&a, doc), *after = jnode_open(&a, doc);
	struct err e;

	assert_that(change_apply(ch, &it, &after, &e) == 0);
	assert_that(json_check(jnode_raw(after), &e) == 0 && jnode_type(after) == J_OBJ);
	same_at(before, after, NULL, "apiVersion");
	same_at(before, after, NULL, "kind");
	same_at(before, after, "metadata", "name");
	if (!change_concerns(ch, gr) || (one_rule && problems > 0))
		assert_that(str_eq(jnode_raw(after), doc));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char cut[] = "\n===\n";
	const char *at = memmem(data, size, cut, strlen(cut));
	struct str all = { (const char *)data, size }, doc;
	struct restore_opts o = { 0 };
	struct change *ch;
	struct err e = { 0 };

	if (at == NULL)
		return 0;
	doc = str_trim(str_sub(all, (size_t)(at - all.p) + strlen(cut), size));
	o.modifiers = str_dup(str_sub(all, 0, (size_t)(at - all.p)));
	ch = change_new(&o, &e);
	if (ch == NULL)
		assert_that(e.kind == EK_INVALID || e.kind == EK_LIMIT);
	else if (jtype(doc) == J_OBJ && json_check(doc, &e) == 0) {
		const char *first = strstr(o.modifiers, "conditions");
		bool one_rule = first && strstr(first + 1, "conditions") == NULL;

		apply(ch, doc, S("pods"), one_rule);
		apply(ch, doc, S("deployments.apps"), one_rule);
		apply(ch, doc, S("widgets.example.com"), one_rule);
	}
	change_free(ch);
	restore_opts_done(&o);
	return 0;
}
