/* Tests of engine/report: what a job tells goes to its front end, into its results and into its log. */
#include "engine/report.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/vec.h"
#include "data/gzip.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void
on_progress(void *ctx, const struct progress *p)
{
	*vec_push((struct strs *)ctx) = xasprintf("%s %d/%d", p->phase, (int)p->done, (int)p->total);
}

static void
on_finding(void *ctx, const struct finding *f)
{
	*vec_push((struct strs *)ctx) = xasprintf("%d %s %s %s: %s (%s)", (int)f->level, f->ns ? f->ns : "-",
		f->resource ? f->resource : "-", f->name ? f->name : "-", f->text, f->hint ? f->hint : "-");
}

static void
on_note(void *ctx, const char *text)
{
	strs_add(ctx, text);
}

static struct report *
make(struct strs *told)
{
	return report_new(&(struct report_fns){ on_progress, on_finding, on_note, told }, "backup", "b1");
}

static void
take_log(struct report *r, struct buf *text)
{
	AUTO_BUF struct buf gz = BUF_INIT(MIB);
	struct err e = { 0 };

	assert_int_equal(report_take_log(r, &gz, &e), 0);
	assert_int_equal(gzip_unpack(buf_str(&gz), text, &e), 0);
}

static void
everything_is_logged_and_the_front_end_hears_what_is_for_it(void **state)
{
	static const char *const want[] = {
		"listing 1/2",
		"0 shop pods p: no room (wait)",
		"1  clusterroles r: forbidden (-)",
		"look here",
	};
	AUTO_STRS struct strs told = { 0 };
	AUTO_BUF struct buf log = BUF_INIT(MIB), results = BUF_INIT(MIB);
	AUTO(report_freep) struct report *r = make(&told);
	struct err e = { 0 };

	(void)state;
	report_progress(r, "listing", 1, 2, 0);
	report_finding(r, RESULT_WARNING, "shop", "pods", "p", "wait", "no %s", "room");
	report_finding(r, RESULT_ERROR, "", "clusterroles", "r", NULL, "forbidden");
	report_log(r, "only %s", "logged");
	report_note(r, "look here");
	assert_int_equal(told.len, COUNT(want));
	for (size_t i = 0; i < COUNT(want); i++)
		assert_string_equal(told.at[i], want[i]);
	assert_int_equal(report_count(r, RESULT_WARNING), 1);
	assert_int_equal(report_count(r, RESULT_ERROR), 1);
	assert_int_equal(vresults_write(report_results(r), &results, &e), 0);
	assert_non_null(strstr(buf_cstr(&results), "resource: /pods name: /p message: /no room"));
	take_log(r, &log);
	assert_non_null(strstr(buf_cstr(&log), "level=warning"));
	assert_non_null(strstr(buf_cstr(&log), "level=error"));
	assert_non_null(strstr(buf_cstr(&log), "only logged"));
	assert_non_null(strstr(buf_cstr(&log), "velero/b1"));
}

/* A claim that cannot be deleted is noted after the log has been uploaded. */
static void
what_comes_after_the_log_was_taken_still_reaches_the_front_end(void **state)
{
	AUTO_STRS struct strs told = { 0 };
	AUTO_BUF struct buf log = BUF_INIT(MIB);
	AUTO(report_freep) struct report *r = make(&told);

	(void)state;
	report_log(r, "first");
	take_log(r, &log);
	report_note(r, "late");
	report_finding(r, RESULT_WARNING, NULL, NULL, NULL, NULL, "later");
	assert_int_equal(told.len, 2);
	assert_string_equal(told.at[0], "late");
}

static void
nobody_has_to_listen(void **state)
{
	AUTO(report_freep) struct report *r = report_new(&(struct report_fns){ 0 }, "restore", "r");

	(void)state;
	report_progress(r, "x", 0, 0, 0);
	report_note(r, "%s", "x");
	report_finding(r, RESULT_ERROR, NULL, NULL, NULL, NULL, "x");
	assert_int_equal(report_count(r, RESULT_ERROR), 1);
	report_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_is_logged_and_the_front_end_hears_what_is_for_it),
		cmocka_unit_test(what_comes_after_the_log_was_taken_still_reaches_the_front_end),
		cmocka_unit_test(nobody_has_to_listen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
