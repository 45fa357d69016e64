/* YAML: the JSON of a tree is valid, and read as YAML again it gives itself. */
#include "base/buf.h"
#include "base/limits.h"
#include "data/jscan.h"
#include "data/yaml.h"
#include "tests/fuzz/fuzz.h"

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
	/* YAML forbids what JSON allows in a few places: long keys, some control characters */
	back = yaml_parse(buf_str(&json), "json", &e);
	if (back == NULL)
		return 0;
	assert_that(yaml_to_json(back, &again, &e) == 0);
	assert_that(str_eq(buf_str(&json), buf_str(&again)));
	return 0;
}
