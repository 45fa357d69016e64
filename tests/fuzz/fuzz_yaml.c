/* YAML: the JSON of a tree is valid, and gives itself again, read as YAML and after having been written as YAML. */
#include "base/buf.h"
#include "base/limits.h"
#include "data/jscan.h"
#include "data/yaml.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

/* Line breaks to YAML and plain characters to JSON: U+0085, U+2028, U+2029. */
static bool
has_line_break(const struct buf *b)
{
	static const char *const breaks[] = { "\xc2\x85", "\xe2\x80\xa8", "\xe2\x80\xa9" };

	for (size_t i = 0; i < COUNT(breaks); i++)
		if (b->len > 0 && memmem(b->p, b->len, breaks[i], strlen(breaks[i])))
			return true;
	return false;
}

static void
emitted_is_the_same(struct str json)
{
	AUTO_BUF struct buf text = BUF_INIT(64 * MIB), again = BUF_INIT(64 * MIB);
	AUTO_YAML struct ynode *back = NULL;
	struct err e;

	if (yaml_from_json(json, &text, &e) < 0)
		panic(__FILE__, __LINE__, e.msg);
	back = yaml_parse(buf_str(&text), "emitted", &e);
	/* libyaml reads no key of more than 1024 characters that it writes itself */
	if (back == NULL)
		return;
	assert_that(yaml_to_json(back, &again, &e) == 0);
	assert_that(str_eq(json, buf_str(&again)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_BUF struct buf json = BUF_INIT(64 * MIB), again = BUF_INIT(64 * MIB);
	AUTO_YAML struct ynode *y = NULL, *back = NULL;
	struct err e = { 0 };

	y = yaml_parse((struct str){ (const char *)data, size }, "input", &e);
	if (y == NULL) {
		assert_that(e.kind == EK_INVALID || e.kind == EK_LIMIT);
		return 0;
	}
	assert_that(yaml_to_json(y, &json, &e) == 0);
	if (json_check(buf_str(&json), &e) < 0)
		panic(__FILE__, __LINE__, e.msg);
	emitted_is_the_same(buf_str(&json));
	if (has_line_break(&json))
		return 0;
	/* YAML forbids what JSON allows in a few places: long keys, some control characters */
	back = yaml_parse(buf_str(&json), "json", &e);
	if (back == NULL)
		return 0;
	assert_that(yaml_to_json(back, &again, &e) == 0);
	assert_that(str_eq(buf_str(&json), buf_str(&again)));
	return 0;
}
