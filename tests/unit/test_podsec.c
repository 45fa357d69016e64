/* Pod Security Standards: a pod for each rule, at the level that forbids it and at the one below. */
#include "engine/podsec.h"

#include "base/arena.h"
#include "base/attr.h"
#include "base/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* What a container of a restricted pod has to say. */
#define TIGHT "\"securityContext\":{\"allowPrivilegeEscalation\":false,\"runAsNonRoot\":true," \
	"\"seccompProfile\":{\"type\":\"RuntimeDefault\"},\"capabilities\":{\"drop\":[\"ALL\"]"

static void
check(const char *spec, enum podsec_level level, const char *want)
{
	AUTO_ARENA struct arena arena = ARENA_INIT;
	AUTO_BUF struct buf out = BUF_INIT(LIMIT_SMALL_BODY);
	bool found = podsec_violations(jnode_open(&arena, str_of(spec)), level, &out);

	assert_string_equal(buf_cstr(&out), want);
	assert_int_equal(found, want[0] != '\0');
}

static void
each_rule_of_baseline(void **state)
{
	static const struct { const char *spec, *want; } rows[] = {
		{ "{\"containers\":[{\"name\":\"c\"}]}", "" },
		{ "{\"hostNetwork\":true}", "host namespaces" },
		{ "{\"hostPID\":true}", "host namespaces" },
		{ "{\"hostIPC\":false}", "" },
		{ "{\"securityContext\":{\"windowsOptions\":{\"hostProcess\":true}}}", "hostProcess" },
		{ "{\"initContainers\":[{\"securityContext\":{\"privileged\":true}}]}", "privileged containers" },
		{ "{\"containers\":[{\"securityContext\":{\"capabilities\":{\"add\":[\"CHOWN\",\"SYS_ADMIN\"]}}}]}", "added capabilities" },
		{ "{\"containers\":[{\"securityContext\":{\"capabilities\":{\"add\":[\"CHOWN\",\"KILL\"]}}}]}", "" },
		{ "{\"volumes\":[{\"name\":\"v\",\"hostPath\":{\"path\":\"/\"}}]}", "hostPath volumes" },
		{ "{\"containers\":[{\"ports\":[{\"hostPort\":80}]}]}", "hostPort" },
		{ "{\"containers\":[{\"ports\":[{\"hostPort\":0,\"containerPort\":80}]}]}", "" },
		{ "{\"securityContext\":{\"appArmorProfile\":{\"type\":\"Unconfined\"}}}", "unconfined AppArmor" },
		{ "{\"containers\":[{\"securityContext\":{\"seLinuxOptions\":{\"type\":\"spc_t\"}}}]}", "seLinuxOptions" },
		{ "{\"containers\":[{\"securityContext\":{\"seLinuxOptions\":{\"type\":\"container_t\"}}}]}", "" },
		{ "{\"securityContext\":{\"seLinuxOptions\":{\"user\":\"u\"}}}", "seLinuxOptions" },
		{ "{\"containers\":[{\"securityContext\":{\"procMount\":\"Unmasked\"}}]}", "procMount" },
		{ "{\"securityContext\":{\"seccompProfile\":{\"type\":\"Unconfined\"}}}", "unconfined seccomp" },
		{ "{\"securityContext\":{\"sysctls\":[{\"name\":\"kernel.msgmax\"}]}}", "unsafe sysctls" },
		{ "{\"securityContext\":{\"sysctls\":[{\"name\":\"net.ipv4.tcp_syncookies\"}]}}", "" },
		{ "{\"hostNetwork\":true,\"volumes\":[{\"hostPath\":{}}]}", "host namespaces, hostPath volumes" },
		{ "null", "" }, { "{\"containers\":7,\"volumes\":{}}", "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		check(rows[i].spec, PODSEC_BASELINE, rows[i].want);
		check(rows[i].spec, PODSEC_PRIVILEGED, "");
	}
}

static void
each_rule_of_restricted(void **state)
{
	static const struct { const char *spec, *want; } rows[] = {
		{ "{\"containers\":[{" TIGHT "}}}]}", "" },
		{ "{\"containers\":[{" TIGHT ",\"add\":[\"NET_BIND_SERVICE\"]}}}]}", "" },
		{ "{\"containers\":[{" TIGHT ",\"add\":[\"CHOWN\"]}}}]}", "capabilities are not dropped" },
		{ "{\"containers\":[{" TIGHT "},\"runAsUser\":0}}]}", "runAsUser is 0" },
		{ "{\"containers\":[{" TIGHT "}}}],\"volumes\":[{\"name\":\"n\",\"nfs\":{}}]}", "types of volumes" },
		{ "{\"containers\":[{" TIGHT "}}}],\"volumes\":[{\"name\":\"n\",\"emptyDir\":{}},{\"name\":\"m\",\"secret\":{}}]}", "" },
		{ "{\"containers\":[{\"name\":\"c\"}]}", "allowPrivilegeEscalation is not false, runAsNonRoot is not true, "
			"no seccompProfile, capabilities are not dropped" },
		{ "{\"securityContext\":{\"runAsNonRoot\":true,\"seccompProfile\":{\"type\":\"Localhost\"}},\"containers\":[{"
			"\"securityContext\":{\"allowPrivilegeEscalation\":false,\"capabilities\":{\"drop\":[\"ALL\"]}}}]}", "" },
		{ "{\"securityContext\":{\"runAsNonRoot\":true,\"seccompProfile\":{\"type\":\"Localhost\"}},\"containers\":[{"
			"\"securityContext\":{\"runAsNonRoot\":false,\"allowPrivilegeEscalation\":false,\"capabilities\":{\"drop\":[\"ALL\"]}}}]}",
			"runAsNonRoot is not true" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		check(rows[i].spec, PODSEC_RESTRICTED, rows[i].want);
		check(rows[i].spec, PODSEC_BASELINE, "");
	}
}

static void
levels_are_those_of_the_label(void **state)
{
	(void)state;
	assert_int_equal(podsec_level(S("restricted")), PODSEC_RESTRICTED);
	assert_int_equal(podsec_level(S("baseline")), PODSEC_BASELINE);
	assert_int_equal(podsec_level(S("privileged")), PODSEC_PRIVILEGED);
	assert_int_equal(podsec_level(S("else")), PODSEC_PRIVILEGED);
	assert_string_equal(podsec_level_text(PODSEC_BASELINE), "baseline");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_rule_of_baseline),
		cmocka_unit_test(each_rule_of_restricted),
		cmocka_unit_test(levels_are_those_of_the_label),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
