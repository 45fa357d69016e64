/* Project files: any text either is refused, or can be edited, or says that it cannot; an edit changes one location only. */
#include "app/project.h"
#include "base/limits.h"
#include "base/mem.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static void
add_and_cut(const struct project *p)
{
	AUTO(location_done) struct location l = { .name = xstrdup("fuzz"), .provider = PROVIDER_DIR, .path = xstrdup("/x") };
	AUTO_BUF struct buf more = BUF_INIT(2 * LIMIT_CONFIG), less = BUF_INIT(2 * LIMIT_CONFIG);
	AUTO(project_freep) struct project *q = NULL, *r = NULL;
	struct err e = { 0 };
	bool there = project_location(p, "fuzz", &e) != NULL;

	if (project_text_put(p, &l, &more, &e) < 0) {
		assert_that(more.len == 0 && (e.kind == EK_INVALID || e.kind == EK_LIMIT));
		return;
	}
	q = project_parse(buf_str(&more), p->name, p->file, &e);
	assert_that(q != NULL && q->locations.len == p->locations.len + !there);
	if (project_text_cut(q, "fuzz", &less, &e) < 0)
		return;
	r = project_parse(buf_str(&less), p->name, p->file, &e);
	assert_that(r != NULL && r->locations.len == q->locations.len - 1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(project_freep) struct project *p = NULL;
	AUTO_BUF struct buf out = BUF_INIT(2 * LIMIT_CONFIG);
	struct err e = { 0 };

	p = project_parse((struct str){ (const char *)data, size }, NULL, "/nonexistent/p.yaml", &e);
	if (p == NULL) {
		assert_that(e.kind == EK_INVALID || e.kind == EK_LIMIT);
		return 0;
	}
	for (size_t i = 0; i < p->locations.len; i++) {
		AUTO_FREE char *url = location_url(p, &p->locations.at[i]);

		assert_that(strchr(url, ':') != NULL);
		if (project_text_cut(p, p->locations.at[i].name, &out, &e) == 0)
			buf_cut(&out, 0);
	}
	add_and_cut(p);
	return 0;
}
