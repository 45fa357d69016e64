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
note(void *ctx, const struct need *n)
{
	struct buf *out = ctx;

	buf_putf(out, STR_FMT "/" STR_FMT "/" STR_FMT ";", STR_ARG(n->gr), STR_ARG(n->ns), STR_ARG(n->name));
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

		needs_each(str_of(rows[i].gr), S("shop"), str_of(rows[i].json), NEEDS_VELERO, note, &out);
		if (strcmp(buf_cstr(&out), rows[i].want) != 0)
			fail_msg("%s %s: '%s'", rows[i].gr, rows[i].json, buf_cstr(&out));
	}
}

static void
only_pods_and_claims_are_asked(void **state)
{
	(void)state;
	assert_true(needs_any(S("pods"), NEEDS_VELERO));
	assert_true(needs_any(S("persistentvolumeclaims"), NEEDS_VELERO));
	assert_false(needs_any(S("pods.metrics.k8s.io"), NEEDS_VELERO));
	assert_false(needs_any(S(""), NEEDS_VELERO));
}

static bool
is_runner(void *ctx, struct str ns, struct str name)
{
	unsigned *asked = ctx;

	++*asked;
	return str_eq(ns, S("shop")) && str_eq(name, S("runner"));
}

#define BINDING(subjects, role) "{\"roleRef\":{\"kind\":\"" role "\",\"name\":\"run\"},\"subjects\":" subjects "}"
#define ACCOUNT(ns, name) "{\"kind\":\"ServiceAccount\",\"name\":\"" name "\",\"namespace\":\"" ns "\"}"

static void
a_binding_is_needed_by_the_accounts_it_names(void **state)
{
	static const struct { const char *json; bool needed; const char *role; unsigned asked; } rows[] = {
		{ BINDING("[" ACCOUNT("shop", "runner") "]", "ClusterRole"), true, "run", 1 },
		{ BINDING("[" ACCOUNT("shop", "other") "," ACCOUNT("shop", "runner") "," ACCOUNT("a", "b") "]", "ClusterRole"),
			true, "run", 2 },
		{ BINDING("[" ACCOUNT("data", "runner") "]", "ClusterRole"), false, "", 1 },
		{ BINDING("[{\"kind\":\"User\",\"name\":\"runner\",\"namespace\":\"shop\"}]", "ClusterRole"), false, "", 0 },
		{ BINDING("[{\"kind\":\"ServiceAccount\",\"name\":\"runner\"}]", "ClusterRole"), false, "", 0 },
		{ BINDING("[" ACCOUNT("shop", "runner") "]", "Role"), true, "", 1 },
		{ BINDING("null", "ClusterRole"), false, "", 0 },
		{ "{}", false, "", 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct str role = { 0 };
		unsigned asked = 0;

		if (needs_binding(str_of(rows[i].json), is_runner, &asked, &role) != rows[i].needed
		    || !str_eqz(role, rows[i].role) || asked != rows[i].asked)
			fail_msg("row %zu: '" STR_FMT "', %u asked", i, STR_ARG(role), asked);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_object_names_what_it_needs),
		cmocka_unit_test(only_pods_and_claims_are_asked),
		cmocka_unit_test(a_binding_is_needed_by_the_accounts_it_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
