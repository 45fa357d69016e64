/* Differences: a document has none with itself, and two that mean different things have some. */
#include "base/buf.h"
#include "base/limits.h"
#include "data/jdiff.h"
#include "tests/fuzz/fuzz.h"

static int
count(void *ctx, struct str path, struct str a, struct str b, struct err *e)
{
	(void)e;
	assert_that(a.len > 0 || b.len > 0);
	assert_that(path.len > 0 || (a.len > 0 && b.len > 0));
	++*(size_t *)ctx;
	return 0;
}

static int
visit(void *ctx, struct str path, struct str value, struct err *e)
{
	(void)path, (void)e;
	assert_that(value.len > 0);
	++*(size_t *)ctx;
	return 0;
}

/* Two documents with a line feed between them. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str b = { (const char *)data, size }, a;
	size_t same = 0, there = 0, back = 0, fields = 0;
	struct err e;

	(void)str_split(&b, '\n', &a);
	if (json_check(a, &e) < 0 || json_check(b, &e) < 0)
		return 0;
	assert_that(jdiff(a, a, count, &same, &e) == 0 && same == 0);
	assert_that(jfield_each(a, visit, &fields, &e) == 0 && fields > 0);
	assert_that(jdiff(a, b, count, &there, &e) == 0 && jdiff(b, a, count, &back, &e) == 0);
	assert_that((there == 0) == (back == 0));
	if (there == 0)
		assert_that(jsame(a, b));
	return 0;
}
