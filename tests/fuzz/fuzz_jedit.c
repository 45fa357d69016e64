/* Editing: reading keeps every byte, and a rewrite of everything keeps the meaning. */
#include "base/arena.h"
#include "base/buf.h"
#include "data/jedit.h"
#include "tests/fuzz/fuzz.h"

static const char mark[] = "~mark";

static void
open_all(struct jnode *n)
{
	(void)jnode_text(n);
	for (struct jnode *c = jnode_first(n); c; c = jnode_next(c))
		open_all(c);
}

/* Changes every container and takes the change back.  False: a member had the same name. */
static bool
touch_all(struct jnode *n)
{
	for (struct jnode *c = jnode_first(n); c; c = jnode_next(c))
		if (!touch_all(c))
			return false;
	if (jnode_get(n, mark))
		return false;
	if (jnode_type(n) == J_OBJ)
		assert_that(jnode_set_int(n, mark, 1) && jnode_del(n, mark) && !jnode_get(n, mark));
	if (jnode_type(n) == J_ARR) {
		size_t before = jnode_count(n);
		struct jnode *c = jnode_append_raw(n, S("\"x\""));
		assert_that(jnode_count(n) == before + 1);
		jnode_replace_text(c, S("y"));
		assert_that(jnode_is_text(c, "y"));
		jnode_remove(c);
		assert_that(jnode_count(n) == before);
	}
	return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_ARENA struct arena a = ARENA_INIT;
	AUTO_BUF struct buf out = BUF_INIT(size);
	struct str doc = str_trim((struct str){ (const char *)data, size });
	struct jnode *n = jnode_open(&a, doc);
	struct err e;
	bool valid = json_check(doc, &e) == 0;

	open_all(n);
	assert_that(jnode_write(n, &out, &e) == 0 && str_eq(buf_str(&out), doc));
	if (!valid || !touch_all(n))
		return 0;
	buf_cut(&out, 0);
	assert_that(jnode_write(n, &out, &e) == 0);
	assert_that(json_check(buf_str(&out), &e) == 0);
	assert_that(jequal(doc, buf_str(&out)));
	assert_that(str_eq(jnode_raw(n), buf_str(&out)));
	return 0;
}
