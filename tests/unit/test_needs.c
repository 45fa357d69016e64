/* What objects need: claims and priority classes of pods, volumes of claims. */
#include "engine/needs.h"

#include "base/buf.h"
#include "base/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void
note(void *ctx, struct str gr, struct str ns, struct str name)
{
	struct buf *out = ctx;

	buf_putf(out, STR_FMT "/" STR_FMT "/" STR_FMT ";", STR_ARG(gr), STR_ARG(ns), STR_ARG(name));
}

static void
each_object_names_what_it_needs(void **state)
{
	static const struct { const char *gr, *json, *want; } rows[] = {
		{ "pods", "{\"spec\":{\"priorityClassName\":\"high\",\"volumes\":[{\"name\":\"a\",\"persistentVolumeClaim\":"
			"{\"claimName\":\"data\"}},{\"name\":\"b\",\"emptyDir\":{}}]}}",
			"priorityclasses.scheduling.k8s.io//high;persistentvolumeclaims/shop/data;" },
		{ "pods", "{\"spec\":{\"volumes\":null}}", "" },
		{ "pods", "{\"metadata\":{}}", "" },
		{ "persistentvolumeclaims", "{\"spec\":{\"volumeName\":\"pv-1\"},\"status\":{\"phase\":\"Bound\"}}",
			"persistentvolumes//pv-1;" },
		{ "persistentvolumeclaims", "{\"spec\":{\"volumeName\":\"pv-1\"}}", "persistentvolumes//pv-1;" },
		{ "persistentvolumeclaims", "{\"spec\":{\"volumeName\":\"\"}}", "" },
		{ "persistentvolumeclaims", "{\"spec\":{\"volumeName\":7}}", "" },
		{ "configmaps", "{\"spec\":{\"volumeName\":\"pv-1\"}}", "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_BUF struct buf out = BUF_INIT(LIMIT_TAR_NAME);

		needs_each(str_of(rows[i].gr), S("shop"), str_of(rows[i].json), note, &out);
		if (strcmp(buf_cstr(&out), rows[i].want) != 0)
			fail_msg("%s %s: '%s'", rows[i].gr, rows[i].json, buf_cstr(&out));
	}
}

static void
only_pods_and_claims_are_asked(void **state)
{
	(void)state;
	assert_true(needs_any(S("pods")));
	assert_true(needs_any(S("persistentvolumeclaims")));
	assert_false(needs_any(S("pods.metrics.k8s.io")));
	assert_false(needs_any(S("")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_object_names_what_it_needs),
		cmocka_unit_test(only_pods_and_claims_are_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
