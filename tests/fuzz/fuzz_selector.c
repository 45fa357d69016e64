/* Selectors: what is understood survives both of its written forms, and all forms match the same labels. */
#include "base/limits.h"
#include "data/jscan.h"
#include "k8s/selector.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static void
match_alike(const struct selector *a, const struct selector *b, struct str labels)
{
	assert_that(selector_match(a, labels) == selector_match(b, labels));
}

/* Input: a selector in kubectl's syntax or as JSON, a line feed, an object of labels. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(selector_freep) struct selector *s = NULL, *from_text = NULL, *from_json = NULL;
	AUTO_FREE char *input = NULL;
	AUTO_BUF struct buf json = BUF_INIT(MIB);
	struct str labels, first;
	struct err e = { 0 };
	struct jw w;

	if (size > 16 * KIB || memchr(data, '\0', size))
		return 0;
	input = str_dup((struct str){ (const char *)data, size });
	labels = (struct str){ input, size };
	(void)str_split(&labels, '\n', &first);
	input[first.len] = '\0';
	s = json_check(first, &e) == 0 ? selector_from_json(first, &e) : selector_parse(input, &e);
	if (!s)
		return 0;
	if (labels.len > 0 && json_check(labels, &e) < 0)
		labels = (struct str){ 0 };
	from_text = selector_parse(selector_text(s), &e);
	assert_that(from_text && strcmp(selector_text(from_text), selector_text(s)) == 0);
	match_alike(s, from_text, labels);
	jw_init(&w, &json, false);
	selector_json(s, &w);
	assert_that(jw_done(&w, &e) == 0);
	from_json = selector_from_json(buf_str(&json), &e);
	assert_that(from_json);
	match_alike(s, from_json, labels);
	return 0;
}
