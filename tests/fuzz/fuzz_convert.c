/* Objects of old versions in any shape: every conversion gives valid JSON of its new version, and does not lose metadata. */
#include "base/arena.h"
#include "base/buf.h"
#include "data/jedit.h"
#include "engine/convert.h"
#include "tests/fuzz/fuzz.h"

static void
note(void *ctx, const char *text)
{
	(void)ctx;
	assert_that(text[0] != '\0');
}

static void
convert(const struct conversion *cv, struct str doc)
{
	AUTO_ARENA struct arena a = ARENA_INIT;
	AUTO_BUF struct buf out = BUF_INIT(64 * doc.len + 4096);
	struct jnode *n = jnode_open(&a, doc);
	struct str name = jnode_text(jnode_walk(n, "metadata", "name", NULL));
	struct err e;

	if (!convert_object(cv, n, note, NULL))
		return;
	assert_that(jnode_write(n, &out, &e) == 0 && json_check(buf_str(&out), &e) == 0);
	n = jnode_open(&a, buf_str(&out));
	assert_that(jnode_type(n) != J_OBJ || str_ends(jnode_text(jnode_get(n, "apiVersion")), str_of(cv->to)));
	assert_that(str_eq(name, jnode_text(jnode_walk(n, "metadata", "name", NULL))));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str doc = str_trim((struct str){ (const char *)data, size });
	const struct conversion *cv;
	struct err e;

	if (json_check(doc, &e) < 0)
		return 0;
	for (size_t i = 0; (cv = convert_at(i)) != NULL; i++)
		if (cv->edit != NULL)
			convert(cv, doc);
	return 0;
}
