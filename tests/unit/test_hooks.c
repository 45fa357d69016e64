/* Tests of engine/hooks: which hooks a pod has (velero-format 3.7, 4.12), and what is said of files that are wrong. */
#include "engine/hooks.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define NS_S INT64_C(1000000000)

static void
on_problem(void *ctx, const char *text)
{
	(void)snprintf(ctx, 400, "%s", text);
}

static struct hook_pod
pod_of(struct arena *arena, const char *json, const char *ns, char *problem)
{
	problem[0] = '\0';
	return (struct hook_pod){ .obj = jnode_open(arena, str_of(json)), .ns = ns, .name = S("web"), .problem = on_problem,
		.ctx = problem };
}

#define POD(annotations) "{\"metadata\":{\"name\":\"web\",\"labels\":{\"app\":\"web\"},\"annotations\":{" annotations "}}," \
	"\"spec\":{\"containers\":[{\"name\":\"main\"},{\"name\":\"side\"}]}}"
#define POST "post.hook.restore.velero.io/"
#define PRE "pre.hook.backup.velero.io/"

static void
annotations_are_hooks(void **state)
{
	static const struct {
		const char *pod;
		enum hook_phase phase;
		size_t hooks, words;
		const char *first, *container;
		bool stops, ready;
		int64_t exec_s, wait_s;
		const char *problem;
	} rows[] = {
		{ POD(""), HOOK_RESTORE_POST, .problem = "" },
		{ POD("\"" POST "command\":\"\""), HOOK_RESTORE_POST, .problem = "" },
		{ POD("\"" POST "command\":\"/bin/x a b\""), HOOK_RESTORE_POST, 1, 1, "/bin/x a b", "main", false, false, 30, 0, "" },
		{ POD("\"" POST "command\":\"[\\\"a\\\",\\\"b\\\"]\",\"" POST "container\":\"side\",\"" POST "on-error\":\"Fail\",\"" POST
			"exec-timeout\":\"2m\",\"" POST "wait-timeout\":\"5s\",\"" POST "wait-for-ready\":\"true\""), HOOK_RESTORE_POST,
			1, 2, "a", "side", true, true, 120, 5, "" },
		{ POD("\"" POST "command\":\"[a\""), HOOK_RESTORE_POST, 1, 1, "[a", "main", false, false, 30, 0, "" },
		{ POD("\"" POST "command\":\"[1,2]\""), HOOK_RESTORE_POST, 1, 1, "[1,2]", "main", false, false, 30, 0, "" },
		{ POD("\"" POST "command\":\"a\",\"" POST "exec-timeout\":\"soon\""), HOOK_RESTORE_POST, 1, 1, "a", "main", false, false,
			30, 0, "exec-timeout: 'soon' is not understood" },
		{ POD("\"" POST "command\":\"a\",\"" POST "wait-timeout\":\"-1s\""), HOOK_RESTORE_POST, 1, 1, "a", "main", false, false,
			30, 0, "wait-timeout: '-1s'" },
		{ POD("\"" POST "command\":\"a\",\"" POST "on-error\":\"fail\""), HOOK_RESTORE_POST, 1, 1, "a", "main", false, false,
			30, 0, "on-error: 'fail'" },
		{ POD("\"" POST "command\":\"a\",\"" POST "wait-for-ready\":\"yes\""), HOOK_RESTORE_POST, 1, 1, "a", "main", false, false,
			30, 0, "wait-for-ready: 'yes'" },
		{ POD("\"" POST "command\":\"a\",\"" POST "container\":\"nope\""), HOOK_RESTORE_POST, .problem = "no container 'nope'" },
		/* A backup's stop by default, and have an old name. */
		{ POD("\"" PRE "command\":\"a\",\"hook.backup.velero.io/command\":\"b\""), HOOK_BACKUP_PRE, 1, 1, "a", "main", true,
			false, 30, 0, "" },
		{ POD("\"hook.backup.velero.io/command\":\"b\",\"hook.backup.velero.io/timeout\":\"1m\""), HOOK_BACKUP_PRE, 1, 1, "b",
			"main", true, false, 60, 0, "" },
		{ POD("\"hook.backup.velero.io/command\":\"b\""), HOOK_BACKUP_POST, .problem = "" },
	};
	struct err e;
	struct hooks *h = hooks_new(NULL, true, &e);

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_ARENA struct arena arena = ARENA_INIT;
		char problem[400];
		struct hook_pod pod = pod_of(&arena, rows[i].pod, "shop", problem);
		struct hook_vec v = { 0 };

		hooks_commands(h, &pod, rows[i].phase, &v);
		if (v.len != rows[i].hooks || strstr(problem, rows[i].problem) == NULL || (rows[i].problem[0] == '\0' && problem[0]))
			fail_msg("row %zu: %zu hooks, '%s'", i, v.len, problem);
		if (v.len > 0) {
			assert_int_equal(v.at[0].command.len, rows[i].words);
			assert_string_equal(v.at[0].command.at[0], rows[i].first);
			assert_string_equal(v.at[0].container, rows[i].container);
			assert_int_equal(v.at[0].stops, rows[i].stops);
			assert_int_equal(v.at[0].wait_ready, rows[i].ready);
			assert_int_equal(v.at[0].exec_ns, rows[i].exec_s * NS_S);
			assert_int_equal(v.at[0].wait_ns, rows[i].wait_s * NS_S);
		}
		hook_vec_done(&v);
	}
	hooks_free(h);
}

#define RULES \
	"resources:\n" \
	"- name: one\n" \
	"  includedNamespaces: [\"sh*\", other]\n" \
	"  excludedNamespaces: [shut]\n" \
	"  includedResources: [pods]\n" \
	"  labelSelector: {matchLabels: {app: web}}\n" \
	"  postHooks:\n" \
	"  - exec: {command: [a, b], execTimeout: 10s, waitTimeout: 1m, waitForReady: true}\n" \
	"  - init:\n" \
	"      initContainers:\n" \
	"      - {name: i, image: \"busybox:1\", command: [x], resources: {limits: {cpu: 100m}}}\n" \
	"      timeout: 5m\n" \
	"- name: two\n" \
	"  includedNamespaces: [shop]\n" \
	"  postHooks:\n" \
	"  - exec: {container: side, command: [c], onError: Fail}\n"

static void
the_file_chooses_by_namespace_and_label(void **state)
{
	static const struct { const char *pod, *ns; size_t hooks; const char *first; } rows[] = {
		{ POD(""), "shop", 2, "a" },
		{ POD(""), "shelf", 1, "a" },
		{ POD(""), "shut", 0, NULL },
		{ POD(""), "other", 1, "a" },
		{ POD(""), "elsewhere", 0, NULL },
		{ POD("\"" POST "command\":\"own\""), "shop", 1, "own" },
		{ "{\"metadata\":{},\"spec\":{\"containers\":[{\"name\":\"main\"},{\"name\":\"side\"}]}}", "shop", 1, "c" },
		{ "{\"metadata\":{}}", "shop", 0, NULL },
	};
	struct err e = { 0 };
	struct hooks *h = hooks_new(RULES, true, &e);

	(void)state;
	if (h == NULL)
		fail_msg("%s", e.msg);
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_ARENA struct arena arena = ARENA_INIT;
		char problem[400];
		struct hook_pod pod = pod_of(&arena, rows[i].pod, rows[i].ns, problem);
		struct hook_vec v = { 0 };

		hooks_commands(h, &pod, HOOK_RESTORE_POST, &v);
		if (v.len != rows[i].hooks)
			fail_msg("row %zu: %zu hooks", i, v.len);
		if (v.len > 0)
			assert_string_equal(v.at[0].command.at[0], rows[i].first);
		hook_vec_done(&v);
	}
	hooks_free(h);
}

#define DEFAULTS ",\"imagePullPolicy\":\"%s\",\"terminationMessagePath\":\"/dev/termination-log\"," \
	"\"terminationMessagePolicy\":\"File\"}"
#define INIT "init.hook.restore.velero.io/"

static void
init_containers_come_first_but_for_restore_wait(void **state)
{
	static const struct { const char *pod, *ns, *names; } rows[] = {
		{ POD(""), "shop", "i " },
		{ POD(""), "elsewhere", "" },
		{ "{\"metadata\":{\"labels\":{\"app\":\"web\"}},\"spec\":{\"initContainers\":[{\"name\":\"p\"}]}}", "shop", "i p " },
		{ "{\"metadata\":{\"labels\":{\"app\":\"web\"}},\"spec\":{\"initContainers\":[{\"name\":\"restore-wait\"},{\"name\":\"p\"}]}}",
			"shop", "restore-wait i p " },
		{ "{\"metadata\":{\"labels\":{\"app\":\"web\"}},\"spec\":{\"initContainers\":[{\"name\":\"restore-wait\"}]}}", "shop",
			"restore-wait i " },
		{ POD("\"" INIT "container-image\":\"x\",\"" INIT "container-name\":\"own\""), "shop", "own " },
		{ POD("\"" INIT "container-image\":\"x\""), "shop", "velero-restore-init-" },
		{ POD("\"" INIT "container-name\":\"no image\""), "shop", "i " },
	};
	struct err e;
	struct hooks *h = hooks_new(RULES, true, &e);

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_ARENA struct arena arena = ARENA_INIT;
		char problem[400], names[200] = "";
		struct hook_pod pod = pod_of(&arena, rows[i].pod, rows[i].ns, problem);

		(void)hooks_add_init(h, &arena, &pod);
		for (struct jnode *c = jnode_first(jnode_walk(pod.obj, "spec", "initContainers", NULL)); c; c = jnode_next(c))
			(void)snprintf(names + strlen(names), sizeof names - strlen(names), STR_FMT " ",
				STR_ARG(jnode_text(jnode_get(c, "name"))));
		if (strncmp(names, rows[i].names, strlen(rows[i].names)) != 0 || (rows[i].names[0] == '\0' && names[0]))
			fail_msg("row %zu: '%s'", i, names);
	}
	hooks_free(h);
}

static void
an_init_container_has_what_the_server_would_add(void **state)
{
	static const struct { const char *image, *policy; } rows[] = { { "x", "Always" }, { "x:latest", "Always" },
		{ "x:1", "IfNotPresent" }, { "r.test:5000/x", "Always" }, { "r.test:5000/x:2", "IfNotPresent" },
		{ "x@sha256:00", "IfNotPresent" } };
	struct err e;
	struct hooks *h = hooks_new(NULL, true, &e);

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_ARENA struct arena arena = ARENA_INIT;
		AUTO_FREE char *json = xasprintf("{\"metadata\":{\"annotations\":{\"" INIT "container-image\":\"%s\",\"" INIT
			"container-name\":\"n\",\"" INIT "command\":\"[\\\"a\\\"]\"}},\"spec\":{}}", rows[i].image);
		AUTO_FREE char *want = xasprintf("[{\"name\":\"n\",\"image\":\"%s\",\"command\":[\"a\"]" DEFAULTS "]", rows[i].image,
			rows[i].policy);
		char problem[400];
		struct hook_pod pod = pod_of(&arena, json, "shop", problem);
		AUTO_FREE char *got = NULL;

		assert_int_equal(hooks_add_init(h, &arena, &pod), 1);
		got = str_dup(jnode_raw(jnode_walk(pod.obj, "spec", "initContainers", NULL)));
		assert_string_equal(got, want);
	}
	hooks_free(h);
}

static void
mistakes_in_a_file_are_named_with_their_line(void **state)
{
	static const struct { bool restore; const char *text, *says; } rows[] = {
		{ true, "", "no hooks" },
		{ true, "resources: []", "no hooks" },
		{ true, "resource: []", "--hooks:1: unknown key 'resource' (did you mean 'resources'?)" },
		{ true, "resources: {a: b}", "--hooks:1: resources: a list is expected" },
		{ true, "resources:\n- postHooks: []", "--hooks:2: an entry of resources needs a name" },
		{ true, "resources:\n- name: a", "--hooks:2: no postHooks" },
		{ true, "resources:\n- name: a\n  pre: []", "unknown key 'pre'" },
		{ true, "resources:\n- name: a\n  includedNamespaces: [\"a{b\"]\n  postHooks: []", "--hooks:3: includedNamespaces" },
		{ true, "resources:\n- name: a\n  includedResources: [deployments]\n", "--hooks:3: includedResources: 'deployments': only pods" },
		{ true, "resources:\n- name: a\n  excludedResources: [pods]\n", "nothing is left" },
		{ true, "resources:\n- name: a\n  labelSelector: {matchLabel: {}}\n", "did you mean 'matchLabels'" },
		{ true, "resources:\n- name: a\n  postHooks:\n  - {}", "--hooks:4: a hook is either exec or init" },
		{ true, "resources:\n- name: a\n  postHooks:\n  - exec: {container: x}", "--hooks:4: exec: a command is needed" },
		{ true, "resources:\n- name: a\n  postHooks:\n  - exec: {command: a}", "command: a list is expected" },
		{ true, "resources:\n- name: a\n  postHooks:\n  - exec: {command: [a], onError: Ignore}", "'Ignore' is neither" },
		{ true, "resources:\n- name: a\n  postHooks:\n  - exec: {command: [a], execTimeout: 5}", "execTimeout: '5' is no duration" },
		{ true, "resources:\n- name: a\n  postHooks:\n  - exec: {command: [a], timeout: 5s}", "unknown key 'timeout'" },
		{ true, "resources:\n- name: a\n  postHooks:\n  - init: {}", "initContainers are needed" },
		{ true, "resources:\n- name: a\n  postHooks:\n  - init: {initContainers: [{name: a, image: b}]}", "needs command" },
		{ true, "resources:\n- name: a\n  postHooks:\n  - init: {initContainers: [{image: b, command: [a]}]}", "needs name" },
		{ false, "resources:\n- name: a\n  postHooks: []", "unknown key 'postHooks'" },
		{ false, "resources:\n- name: a\n  pre:\n  - exec: {command: [a], waitTimeout: 5s}", "unknown key 'waitTimeout'" },
		{ false, "resources:\n- name: a", "neither pre nor post" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err e = { 0 };
		struct hooks *h = hooks_new(rows[i].text, rows[i].restore, &e);

		if (h != NULL || e.kind != EK_INVALID || strstr(e.msg, rows[i].says) == NULL)
			fail_msg("row %zu: %s", i, h != NULL ? "it was taken" : e.msg);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(annotations_are_hooks),
		cmocka_unit_test(the_file_chooses_by_namespace_and_label),
		cmocka_unit_test(init_containers_come_first_but_for_restore_wait),
		cmocka_unit_test(an_init_container_has_what_the_server_would_add),
		cmocka_unit_test(mistakes_in_a_file_are_named_with_their_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
