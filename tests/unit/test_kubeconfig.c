/* Tests of k8s/kubeconfig and kubeconn. */
#include "k8s/kubeconfig.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define PEM(what) "-----BEGIN " what "-----\nAAAA\n-----END " what "-----\n"
/* base64 of "-----BEGIN CERTIFICATE-----\nDATA\n" and of "-----BEGIN KEY-----\nDATA\n" */
#define CERT_B64 "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCkRBVEEK"
#define KEY_B64 "LS0tLS1CRUdJTiBLRVktLS0tLQpEQVRBCg=="

/* --- a folder for each test --- */

static int
setup(void **state)
{
	char dir[] = "/tmp/test_kubeconfig.XXXXXX";

	assert_non_null(mkdtemp(dir));
	*state = xstrdup(dir);
	return 0;
}

static const char *const file_names[] = { "a", "b", "ca.crt", "client.crt", "client.key", "token", "namespace",
	".kube/config", ".kube" };

static int
teardown(void **state)
{
	for (size_t i = 0; i < COUNT(file_names); i++) {
		AUTO_FREE char *path = file_join(*state, file_names[i]);

		(void)remove(path);                  /* most were not made */
	}
	assert_int_equal(rmdir(*state), 0);
	free(*state);
	return 0;
}

static char *
put(void **state, const char *name, const char *text)
{
	char *path = file_join(*state, name);
	AUTO_FREE char *dir = file_dirname(path);
	struct err e = { 0 };

	assert_int_equal(file_mkdirs(dir, 0700, &e), 0);
	assert_int_equal(file_replace(path, text, strlen(text), 0600, &e), 0);
	return path;
}

/* --- shorthands --- */

static struct kubeconfig *
parse(const char *text)
{
	struct err e = { 0 };
	struct kubeconfig *kc = kubeconfig_parse(str_of(text), "/conf/kc", &e);

	if (!kc)
		fail_msg("%s", e.msg);
	return kc;
}

/* A kubeconfig with one context "c" from the bodies of its cluster and its user (flow style). */
static char *
one_context(const char *cluster, const char *user)
{
	return xasprintf("apiVersion: v1\nkind: Config\ncurrent-context: c\n"
		"contexts:\n- {name: c, context: {cluster: k, user: u, namespace: shop}}\n"
		"clusters:\n- name: k\n  cluster: %s\n"
		"users:\n- name: u\n  user: %s\n", cluster, user);
}

#define SERVER "{server: 'https://api.example.com:6443'}"

static void
resolve(const char *cluster, const char *user, struct kube_conn *out)
{
	AUTO_FREE char *text = one_context(cluster, user);
	AUTO(kubeconfig_freep) struct kubeconfig *kc = parse(text);
	struct err e = { 0 };

	if (kubeconfig_resolve(kc, NULL, out, &e) < 0)
		fail_msg("%s", e.msg);
	assert_int_equal(e.kind, EK_NONE);
}

static void
refuse(const char *cluster, const char *user, const char *message)
{
	AUTO_FREE char *text = one_context(cluster, user);
	AUTO(kubeconfig_freep) struct kubeconfig *kc = parse(text);
	struct kube_conn conn = { .context = NULL };
	struct err e = { 0 };

	if (kubeconfig_resolve(kc, NULL, &conn, &e) == 0)
		fail_msg("accepted: %s %s", cluster, user);
	assert_int_equal(e.kind, EK_INVALID);
	if (!strstr(e.msg, message) || strncmp(e.msg, "/conf/kc:", 9) != 0)
		fail_msg("%s %s says: %s", cluster, user, e.msg);
	assert_null(strstr(e.msg, "hunter2"));
	assert_null(conn.server);
}

/* --- one file --- */

static void
context_becomes_a_connection(void **state)
{
	AUTO(kube_conn_done) struct kube_conn c = { 0 };

	(void)state;
	resolve("{server: 'https://api.example.com:6443/', tls-server-name: other.example.com,"
		" proxy-url: 'socks5://proxy:1080', disable-compression: true,"
		" certificate-authority-data: " CERT_B64 ", unknown: [1, 2]}",
		"{client-certificate-data: " CERT_B64 ", client-key-data: " KEY_B64 ", token: ' hunter2 '}", &c);
	assert_string_equal(c.context, "c");
	assert_string_equal(c.cluster, "k");
	assert_string_equal(c.user, "u");
	assert_string_equal(c.namespace_, "shop");
	assert_string_equal(c.server, "https://api.example.com:6443");
	assert_string_equal(c.tls_server_name, "other.example.com");
	assert_string_equal(c.proxy_url, "socks5://proxy:1080");
	assert_true(c.disable_compression);
	assert_false(c.insecure);
	assert_string_equal(c.ca_pem, "-----BEGIN CERTIFICATE-----\nDATA\n");
	assert_string_equal(c.cert_pem, "-----BEGIN CERTIFICATE-----\nDATA\n");
	assert_string_equal(secret_get(c.key_pem).p, "-----BEGIN KEY-----\nDATA\n");
	assert_string_equal(secret_get(c.token).p, "hunter2");
	assert_null(c.exec);
}

static void
basic_auth_and_insecure_are_read(void **state)
{
	AUTO(kube_conn_done) struct kube_conn c = { 0 };

	(void)state;
	resolve("{server: 'https://h', insecure-skip-tls-verify: true}", "{username: me, password: ' hunter2'}", &c);
	assert_true(c.insecure);
	assert_string_equal(c.username, "me");
	assert_string_equal(secret_get(c.password).p, " hunter2");
	assert_null(c.token);
}

static void
impersonation_is_read(void **state)
{
	AUTO(kube_conn_done) struct kube_conn c = { 0 };

	(void)state;
	resolve(SERVER, "{as: jane, as-uid: u1, as-groups: [dev, ops], as-user-extra: {Acme/Scope: [a=b, c]}}", &c);
	assert_string_equal(c.as_user, "jane");
	assert_string_equal(c.as_uid, "u1");
	assert_int_equal(c.as_groups.len, 2);
	assert_string_equal(c.as_groups.at[1], "ops");
	assert_int_equal(c.as_extra.len, 2);
	assert_string_equal(c.as_extra.at[0], "Acme%2FScope=a=b");
	assert_string_equal(c.as_extra.at[1], "Acme%2FScope=c");
}

static void
nothing_secret_goes_to_a_server_without_tls(void **state)
{
	AUTO(kube_conn_done) struct kube_conn c = { 0 };

	(void)state;
	resolve("{server: 'http://localhost:8080'}", "{token: hunter2, as: jane, username: me, tokenFile: t}", &c);
	assert_string_equal(c.server, "http://localhost:8080");
	assert_string_equal(c.as_user, "jane");
	assert_null(c.token);
	assert_null(c.token_file);
	assert_null(c.username);
}

static void
json_is_accepted_and_a_user_is_optional(void **state)
{
	AUTO(kubeconfig_freep) struct kubeconfig *kc = parse("{\n\t\"kind\": \"Config\", \"apiVersion\": \"v1\",\n"
		"\t\"preferences\": {}, \"users\": null,\n"
		"\t\"clusters\": [{\"name\": \"k\", \"cluster\": {\"server\": \"https:\\/\\/h\"}}],\n"
		"\t\"contexts\": [{\"name\": \"c\", \"context\": {\"cluster\": \"k\", \"user\": \"\"}}]\n}\n");
	AUTO(kube_conn_done) struct kube_conn c = { 0 };
	struct err e = { 0 };

	(void)state;
	assert_null(kubeconfig_current(kc));
	assert_int_equal(kubeconfig_resolve(kc, "c", &c, &e), 0);
	assert_string_equal(c.server, "https://h");
	assert_null(c.user);
}

static void
empty_file_has_no_contexts(void **state)
{
	static const char *const texts[] = { "", "# nothing\n", "---\n", "null\n",
		"clusters: null\ncontexts: ~\ncurrent-context: \"\"\n" };

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		AUTO(kubeconfig_freep) struct kubeconfig *kc = parse(texts[i]);
		AUTO_STRS struct strs names = { 0 };
		struct kube_conn c;
		struct err e = { 0 };

		kubeconfig_contexts(kc, &names);
		assert_int_equal(names.len, 0);
		assert_null(kubeconfig_current(kc));
		assert_int_equal(kubeconfig_resolve(kc, NULL, &c, &e), -1);
		assert_int_equal(e.kind, EK_NOTFOUND);
		assert_non_null(strstr(e.msg, "no current-context"));
	}
}

static void
bad_files_name_file_and_line(void **state)
{
	static const struct { const char *text, *message; } cases[] = {
		{ "a: [\n", "/conf/kc:" },
		{ "- a\n", "/conf/kc:1: not a kubeconfig" },
		{ "just text\n", "/conf/kc:1: not a kubeconfig" },
		{ "apiVersion: v1\nkind: Pod\n", "/conf/kc:2: not a kubeconfig, but a Pod" },
		{ "kind: Config\napiVersion: v2\n", "/conf/kc:2: kubeconfig of unknown apiVersion 'v2'" },
		{ "\nusers: {}\n", "/conf/kc:2: 'users' must be a list" },
		{ "users:\n- x\n", "/conf/kc:2: 'users' must be a list of maps" },
		{ "users:\n- user: {}\n", "/conf/kc:2: an element of 'users' has no name" },
		{ "users:\n- name: a\n  user: []\n", "/conf/kc:3: 'user' must be a map" },
		{ "users:\n- name: [a]\n", "/conf/kc:2: 'name' must be a text" },
		{ "contexts:\n- name: a\n- name: a\n", "/conf/kc:3: 'contexts' has 'a' twice, first in line 2" },
		{ "current-context: {}\n", "/conf/kc:1: 'current-context' must be a text" },
		{ "users: []\nusers: []\n", "/conf/kc:" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct err e = { 0 };

		assert_null(kubeconfig_parse(str_of(cases[i].text), "/conf/kc", &e));
		assert_int_equal(e.kind, EK_INVALID);
		if (!strstr(e.msg, cases[i].message))
			fail_msg("'%s' says: %s", cases[i].text, e.msg);
	}
}

static void
bad_clusters_are_refused(void **state)
{
	(void)state;
	refuse("{}", "{}", ":7: cluster 'k' has no server");
	refuse("null", "{}", "cluster 'k' has no server");
	refuse("{server: 'localhost:8080'}", "{}", ":8: server 'localhost:8080' must begin with https://");
	refuse("{server: 'https://'}", "{}", "server is not a URL");
	refuse("{server: 'https:///path'}", "{}", "server is not a URL");
	refuse("{server: \"https://h\\r\\nX: y\"}", "{}", "server is not a URL");
	refuse("{server: 'https://h', proxy-url: 'ftp://p'}", "{}", "proxy-url must begin with");
	refuse("{server: 'https://h', insecure-skip-tls-verify: 'true'}", "{}", "must be true or false");
	refuse("{server: 'https://h', insecure-skip-tls-verify: yes}", "{}", "must be true or false");
	refuse("{server: 'https://h', insecure-skip-tls-verify: true, certificate-authority-data: " CERT_B64 "}",
		"{}", "remove one");
	refuse("{server: 'https://h', certificate-authority-data: '*'}", "{}", "'certificate-authority-data'");
	refuse("{server: 'https://h', certificate-authority-data: aGVsbG8=}", "{}", "holds no PEM block");
	refuse("{server: 'https://h', certificate-authority: missing.crt}", "{}", "/conf/missing.crt");
}

static void
bad_users_are_refused(void **state)
{
	(void)state;
	refuse(SERVER, "{token: hunter2, username: me}", "only one is allowed");
	refuse(SERVER, "{tokenFile: t, password: hunter2}", "only one is allowed");
	refuse(SERVER, "{token: \"hunter2\\nX-Evil: 1\"}", ":11: control character in 'token'");
	refuse(SERVER, "{as-groups: [a]}", "without a user ('as')");
	refuse(SERVER, "{as: jane, as-groups: [\"a\\r\\nb\"]}", "control character");
	refuse(SERVER, "{as: jane, as-user-extra: {a: b}}", "must be a map of lists");
	refuse(SERVER, "{client-certificate-data: " CERT_B64 "}", "no key");
	refuse(SERVER, "{client-certificate-data: " CERT_B64 ", client-key: nothing}", "/conf/nothing");
}

static void
legacy_providers_name_their_successor(void **state)
{
	(void)state;
	refuse(SERVER, "{auth-provider: {name: gcp, config: {}}}", "gke-gcloud-auth-plugin");
	refuse(SERVER, "{auth-provider: {name: azure}}", "github.com/Azure/kubelogin");
	refuse(SERVER, "{auth-provider: {name: oidc}}", "github.com/int128/kubelogin");
	refuse(SERVER, "{auth-provider: {name: other}}", "'other', which is not supported; use the exec plugin");
	refuse(SERVER, "{auth-provider: {}}", "legacy auth-provider");
}

/* --- exec plugins --- */

#define V1 "apiVersion: client.authentication.k8s.io/v1"
#define V1BETA1 "apiVersion: client.authentication.k8s.io/v1beta1"

static void
plugin_is_read(void **state)
{
	AUTO(kube_conn_done) struct kube_conn c = { 0 };

	(void)state;
	resolve("{server: 'https://h', extensions: [{name: other, extension: 1},"
		" {name: client.authentication.k8s.io/exec, extension: {audience: '7', n: 5}}]}",
		"{exec: {" V1 ", command: aws, args: [eks, get-token], env: [{name: A, value: b=c}, {name: E}],"
		" installHint: 'get it', provideClusterInfo: true, interactiveMode: Always}}", &c);
	assert_string_equal(c.exec->command, "aws");
	assert_string_equal(c.exec->api_version, "client.authentication.k8s.io/v1");
	assert_int_equal(c.exec->args.len, 2);
	assert_string_equal(c.exec->args.at[1], "get-token");
	assert_int_equal(c.exec->env.len, 2);
	assert_string_equal(c.exec->env.at[0], "A=b=c");
	assert_string_equal(c.exec->env.at[1], "E=");
	assert_string_equal(c.exec->install_hint, "get it");
	assert_true(c.exec->provide_cluster_info);
	assert_int_equal(c.exec->interactive, KUBE_EXEC_ALWAYS);
	assert_string_equal(c.exec->cluster_config, "{\"audience\":\"7\",\"n\":5}");
}

static void
plugin_defaults_and_path(void **state)
{
	static const struct { const char *command, *path; } cases[] = {
		{ "plugin", "plugin" }, { "bin/plugin", "/conf/bin/plugin" }, { "./plugin", "/conf/./plugin" },
		{ "/opt/plugin", "/opt/plugin" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		AUTO(kube_conn_done) struct kube_conn c = { 0 };
		AUTO_FREE char *user = xasprintf("{exec: {" V1BETA1 ", command: %s, args: null, env: null}}",
			cases[i].command);

		resolve(SERVER, user, &c);
		assert_string_equal(c.exec->command, cases[i].path);
		assert_int_equal(c.exec->interactive, KUBE_EXEC_IF_AVAILABLE);
		assert_false(c.exec->provide_cluster_info);
		assert_null(c.exec->install_hint);
		assert_null(c.exec->cluster_config);
	}
}

static void
static_credentials_win_over_the_plugin(void **state)
{
	static const char *const users[] = { "token: hunter2", "tokenFile: /x", "username: me, password: hunter2",
		"client-certificate-data: " CERT_B64 ", client-key-data: " KEY_B64 };

	(void)state;
	for (size_t i = 0; i < COUNT(users); i++) {
		AUTO(kube_conn_done) struct kube_conn c = { 0 };
		AUTO_FREE char *user = xasprintf("{%s, exec: {" V1BETA1 ", command: plugin}}", users[i]);

		resolve(SERVER, user, &c);
		assert_null(c.exec);
	}
}

static void
bad_plugins_are_refused(void **state)
{
	(void)state;
	refuse(SERVER, "{exec: {" V1 ", interactiveMode: Never}}", "exec plugin of user 'u' has no command");
	refuse(SERVER, "{exec: {" V1 ", command: x}}", "interactiveMode is required");
	refuse(SERVER, "{exec: {" V1 ", command: x, interactiveMode: Maybe}}", "Never, IfAvailable or Always");
	refuse(SERVER, "{exec: {command: x}}", "not ''");
	refuse(SERVER, "{exec: {apiVersion: client.authentication.k8s.io/v1alpha1, command: x}}",
		"not 'client.authentication.k8s.io/v1alpha1'");
	refuse(SERVER, "{exec: {" V1BETA1 ", command: x, args: y}}", "'args' must be a list");
	refuse(SERVER, "{exec: {" V1BETA1 ", command: x, args: [[y]]}}", "'args' must be a list of texts");
	refuse(SERVER, "{exec: {" V1BETA1 ", command: x, env: [{value: y}]}}", "list of name and value");
	refuse(SERVER, "{exec: {" V1BETA1 ", command: x, env: [{name: a=b}]}}", "list of name and value");
	refuse(SERVER, "{exec: plugin}", "'exec' must be a map");
}

/* --- contexts --- */

static void
unknown_context_gets_a_suggestion(void **state)
{
	AUTO(kubeconfig_freep) struct kubeconfig *kc = parse("contexts:\n- name: prod\n- name: staging\n");
	struct kube_conn c;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(kubeconfig_resolve(kc, "prdo", &c, &e), -1);
	assert_int_equal(e.kind, EK_NOTFOUND);
	assert_string_equal(e.msg, "kubeconfig has no context 'prdo' (did you mean 'prod'?)");
	assert_int_equal(kubeconfig_resolve(kc, "something-else", &c, &e), -1);
	assert_int_equal(e.kind, EK_NOTFOUND);
	assert_string_equal(e.msg, "kubeconfig has no context 'something-else'; it has: 'prod', 'staging'");
	assert_int_equal(kubeconfig_resolve(kc, NULL, &c, &e), -1);
	assert_int_equal(e.kind, EK_NOTFOUND);
	assert_non_null(strstr(e.msg, "no current-context; it has: 'prod', 'staging'"));
}

static void
dangling_references_are_refused(void **state)
{
	static const struct { const char *text, *message; } cases[] = {
		{ "contexts:\n- name: c\n", "/conf/kc:2: context 'c' names the cluster ''" },
		{ "contexts:\n- {name: c, context: {cluster: k}}\n", "names the cluster 'k', which is missing" },
		{ "clusters: [{name: k, cluster: {server: 'https://h'}}]\n"
		  "contexts:\n- {name: c, context: {cluster: k, user: u}}\n",
		  "/conf/kc:3: context 'c' names the user 'u', which is missing" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		AUTO(kubeconfig_freep) struct kubeconfig *kc = parse(cases[i].text);
		struct kube_conn c;
		struct err e = { 0 };

		assert_int_equal(kubeconfig_resolve(kc, "c", &c, &e), -1);
		assert_int_equal(e.kind, EK_INVALID);
		if (!strstr(e.msg, cases[i].message))
			fail_msg("says: %s", e.msg);
	}
}

/* --- files --- */

static void
first_file_wins_as_kubectl_merges(void **state)
{
	AUTO_FREE char *a = put(state, "a",
		"contexts:\n- {name: one, context: {cluster: k, user: u}}\n"
		"users:\n- {name: u, user: {token: first}}\n");
	AUTO_FREE char *b = put(state, "b",
		"current-context: two\n"
		"contexts:\n- {name: two, context: {cluster: k, user: u}}\n- {name: one, context: {cluster: bad}}\n"
		"clusters:\n- {name: k, cluster: {server: 'https://h', certificate-authority: ca.crt}}\n"
		"users:\n- {name: u, user: {username: second, password: hunter2}}\n");
	AUTO_FREE char *ca = put(state, "ca.crt", PEM("CERTIFICATE"));
	AUTO_FREE char *list = xasprintf("%s::%s/missing:%s:%s", a, (char *)*state, b, a);
	const struct kubeconfig_env env = { .kubeconfig = list, .home = "/nonexistent" };
	struct err e = { 0 };
	AUTO(kubeconfig_freep) struct kubeconfig *kc = kubeconfig_load_from(NULL, &env, &e);
	AUTO(kube_conn_done) struct kube_conn c = { 0 };
	AUTO_STRS struct strs names = { 0 };

	assert_non_null(kc);
	assert_int_equal(e.kind, EK_NONE);
	assert_string_equal(kubeconfig_current(kc), "two");
	kubeconfig_contexts(kc, &names);
	assert_int_equal(names.len, 2);
	assert_string_equal(names.at[0], "one");
	assert_string_equal(names.at[1], "two");
	assert_int_equal(kubeconfig_resolve(kc, NULL, &c, &e), 0);
	assert_string_equal(secret_get(c.token).p, "first");
	assert_null(c.username);
	assert_string_equal(c.ca_pem, PEM("CERTIFICATE"));
	(void)ca;
}

static void
explicit_path_is_the_only_one(void **state)
{
	AUTO_FREE char *a = put(state, "a", "contexts:\n- name: one\n");
	AUTO_FREE char *b = put(state, "b", "contexts:\n- name: two\n");
	AUTO_FREE char *missing = file_join(*state, "missing");
	const struct kubeconfig_env env = { .kubeconfig = a };
	struct err e = { 0 };
	AUTO(kubeconfig_freep) struct kubeconfig *kc = kubeconfig_load_from(b, &env, &e);
	AUTO_STRS struct strs names = { 0 };

	assert_non_null(kc);
	kubeconfig_contexts(kc, &names);
	assert_int_equal(names.len, 1);
	assert_string_equal(names.at[0], "two");
	assert_null(kubeconfig_load_from(missing, &env, &e));
	assert_int_equal(e.kind, EK_NOTFOUND);
	assert_non_null(strstr(e.msg, missing));
}

static void
home_is_used_without_kubeconfig(void **state)
{
	AUTO_FREE char *path = put(state, ".kube/config", "current-context: home\n");
	const struct kubeconfig_env env = { .kubeconfig = "", .home = *state };
	struct err e = { 0 };
	AUTO(kubeconfig_freep) struct kubeconfig *kc = kubeconfig_load_from(NULL, &env, &e);

	assert_non_null(kc);
	assert_string_equal(kubeconfig_current(kc), "home");
	(void)path;
}

static void
one_broken_file_of_the_list_is_an_error(void **state)
{
	AUTO_FREE char *a = put(state, "a", "current-context: x\n");
	AUTO_FREE char *b = put(state, "b", "\n- broken\n");
	AUTO_FREE char *list = xasprintf("%s:%s", a, b);
	AUTO_FREE char *where = xasprintf("%s:2: ", b);
	const struct kubeconfig_env env = { .kubeconfig = list };
	struct err e = { 0 };

	assert_null(kubeconfig_load_from(NULL, &env, &e));
	assert_int_equal(e.kind, EK_INVALID);
	assert_non_null(strstr(e.msg, where));
}

static void
nothing_found_lists_where_was_looked(void **state)
{
	AUTO_FREE char *list = xasprintf("%s/x:%s/y", (char *)*state, (char *)*state);
	const struct kubeconfig_env env = { .kubeconfig = list, .home = *state, .service_host = "h" };
	const struct kubeconfig_env bare = { .kubeconfig = NULL };
	struct err e = { 0 };

	assert_null(kubeconfig_load_from(NULL, &env, &e));
	assert_int_equal(e.kind, EK_NOTFOUND);
	assert_non_null(strstr(e.msg, "/x'"));
	assert_non_null(strstr(e.msg, "/y'"));
	assert_null(strstr(e.msg, ".kube/config"));
	assert_null(kubeconfig_load_from(NULL, &bare, &e));
	assert_int_equal(e.kind, EK_NOTFOUND);
	assert_non_null(strstr(e.msg, "both are unset"));
}

static void
relative_files_are_beside_their_kubeconfig(void **state)
{
	AUTO_FREE char *ca = put(state, "ca.crt", PEM("CERTIFICATE"));
	AUTO_FREE char *cert = put(state, "client.crt", PEM("CERTIFICATE"));
	AUTO_FREE char *key = put(state, "client.key", PEM("KEY"));
	AUTO_FREE char *text = one_context("{server: 'https://h', certificate-authority: ca.crt}",
		"{client-certificate: ./client.crt, client-key: client.key, tokenFile: token}");
	AUTO_FREE char *path = put(state, "a", text);
	AUTO_FREE char *token = file_join(*state, "token");
	const struct kubeconfig_env env = { .kubeconfig = path };
	struct err e = { 0 };
	AUTO(kubeconfig_freep) struct kubeconfig *kc = kubeconfig_load_from(NULL, &env, &e);
	AUTO(kube_conn_done) struct kube_conn c = { 0 };

	assert_non_null(kc);
	assert_int_equal(kubeconfig_resolve(kc, NULL, &c, &e), 0);
	assert_string_equal(c.ca_pem, PEM("CERTIFICATE"));
	assert_string_equal(c.cert_pem, PEM("CERTIFICATE"));
	assert_string_equal(secret_get(c.key_pem).p, PEM("KEY"));
	assert_string_equal(c.token_file, token);
	(void)ca, (void)cert, (void)key;
}

static void
data_wins_over_files(void **state)
{
	AUTO(kube_conn_done) struct kube_conn c = { 0 };

	(void)state;
	resolve("{server: 'https://h', certificate-authority: missing, certificate-authority-data: " CERT_B64 "}",
		"{client-certificate: missing, client-certificate-data: " CERT_B64 ", client-key: missing,"
		" client-key-data: " KEY_B64 "}", &c);
	assert_string_equal(c.ca_pem, "-----BEGIN CERTIFICATE-----\nDATA\n");
	assert_string_equal(secret_get(c.key_pem).p, "-----BEGIN KEY-----\nDATA\n");
}

static void
pod_uses_its_service_account(void **state)
{
	static const struct { const char *host, *server; } cases[] = {
		{ "10.0.0.1", "https://10.0.0.1:443" }, { "fd00::1", "https://[fd00::1]:443" },
	};
	AUTO_FREE char *token = put(state, "token", "hunter2");
	AUTO_FREE char *ca = put(state, "ca.crt", PEM("CERTIFICATE"));
	AUTO_FREE char *ns = put(state, "namespace", "backup\n");

	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct kubeconfig_env env = { .home = "/nonexistent", .service_host = cases[i].host,
			.service_port = "443", .account_dir = *state };
		struct err e = { 0 };
		AUTO(kubeconfig_freep) struct kubeconfig *kc = kubeconfig_load_from(NULL, &env, &e);
		AUTO(kube_conn_done) struct kube_conn c = { 0 };

		assert_non_null(kc);
		assert_string_equal(kubeconfig_current(kc), "in-cluster");
		assert_int_equal(kubeconfig_resolve(kc, NULL, &c, &e), 0);
		assert_string_equal(c.server, cases[i].server);
		assert_string_equal(c.token_file, token);
		assert_string_equal(c.ca_pem, PEM("CERTIFICATE"));
		assert_string_equal(c.namespace_, "backup");
	}
	(void)ca, (void)ns;
}

static void
pod_without_ca_and_namespace_still_works(void **state)
{
	AUTO_FREE char *token = put(state, "token", "hunter2");
	const struct kubeconfig_env env = { .service_host = "h", .service_port = "1", .account_dir = *state };
	struct err e = { 0 };
	AUTO(kubeconfig_freep) struct kubeconfig *kc = kubeconfig_load_from(NULL, &env, &e);
	AUTO(kube_conn_done) struct kube_conn c = { 0 };

	assert_non_null(kc);
	assert_int_equal(kubeconfig_resolve(kc, NULL, &c, &e), 0);
	assert_null(c.ca_pem);
	assert_null(c.namespace_);
	(void)token;
}

#define UNIT(fn) cmocka_unit_test(fn)
#define WITH_FOLDER(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(context_becomes_a_connection),
		UNIT(basic_auth_and_insecure_are_read),
		UNIT(impersonation_is_read),
		UNIT(nothing_secret_goes_to_a_server_without_tls),
		UNIT(json_is_accepted_and_a_user_is_optional),
		UNIT(empty_file_has_no_contexts),
		UNIT(bad_files_name_file_and_line),
		UNIT(bad_clusters_are_refused),
		UNIT(bad_users_are_refused),
		UNIT(legacy_providers_name_their_successor),
		UNIT(plugin_is_read),
		UNIT(plugin_defaults_and_path),
		UNIT(static_credentials_win_over_the_plugin),
		UNIT(bad_plugins_are_refused),
		UNIT(unknown_context_gets_a_suggestion),
		UNIT(dangling_references_are_refused),
		UNIT(data_wins_over_files),
		WITH_FOLDER(first_file_wins_as_kubectl_merges),
		WITH_FOLDER(explicit_path_is_the_only_one),
		WITH_FOLDER(home_is_used_without_kubeconfig),
		WITH_FOLDER(one_broken_file_of_the_list_is_an_error),
		WITH_FOLDER(nothing_found_lists_where_was_looked),
		WITH_FOLDER(relative_files_are_beside_their_kubeconfig),
		WITH_FOLDER(pod_uses_its_service_account),
		WITH_FOLDER(pod_without_ca_and_namespace_still_works),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
