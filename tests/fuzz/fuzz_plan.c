/* Fuzzer: any bytes as the file of a plan, and any text as its lines.  In what is accepted every object is found again. */
#include "base/mem.h"
#include "data/gzip.h"
#include "engine/plan_file.h"
#include "engine/restore_request.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

struct seen { const struct planned *p; size_t rows; };

static int
on_row(void *ctx, const struct plan_row *row, struct err *e)
{
	struct seen *s = ctx;
	bool deletion = row->action == PLAN_DELETE;
	const struct plan_mark *m = planned_find(s->p, deletion, str_of(row->resource), str_of(deletion ? row->ns : row->from_ns),
		str_of(row->name));

	(void)e;
	assert_that(row->resource[0] != '\0' && row->name[0] != '\0');
	assert_that(m != NULL && m->action == row->action && plan_mark_is(m, str_of(row->uid), str_of(row->hash)));
	s->rows++;
	return 0;
}

static void
check(struct str packed)
{
	AUTO(planned_freep) struct planned *p = NULL;
	struct restore_opts o = { 0 };
	struct seen s = { 0 };
	struct err e = { 0 };
	uint64_t sum = 0;

	p = planned_parse(packed, &e);
	if (p == NULL) {
		assert_that(e.kind == EK_CORRUPT || e.kind == EK_INVALID || e.kind == EK_LIMIT);
		return;
	}
	s.p = p;
	assert_that(planned_each(p, on_row, &s, &e) == 0 && s.rows == planned_len(p));
	for (enum plan_action a = 0; a < PLAN_COUNT_; a++)
		sum += planned_count(p, a);
	assert_that(sum == planned_len(p));
	assert_that(restore_request_merge(planned_options(p), &o, &e) == 0 && o.backup != NULL);
	restore_opts_done(&o);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size };
	AUTO_BUF struct buf packed = BUF_INIT(SIZE_MAX);
	struct err e;

	check(text);
	assert_that(gzip_pack(text, &packed, &e) == 0);
	check(buf_str(&packed));
	return 0;
}
