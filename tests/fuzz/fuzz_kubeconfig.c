/* kubeconfig: any text either is refused, or each of its contexts resolves or is refused. */
#include "k8s/kubeconfig.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(kubeconfig_freep) struct kubeconfig *kc = NULL;
	AUTO_STRS struct strs names = { 0 };
	struct err e = { 0 };

	/* A folder that does not exist: relative paths of the input lead nowhere. */
	kc = kubeconfig_parse((struct str){ (const char *)data, size }, "/nonexistent/kubeconfig", &e);
	if (!kc) {
		assert_that(e.kind == EK_INVALID || e.kind == EK_LIMIT);
		return 0;
	}
	kubeconfig_contexts(kc, &names);
	for (size_t i = 0; i < names.len; i++) {
		AUTO(kube_conn_done) struct kube_conn conn = { 0 };

		if (kubeconfig_resolve(kc, names.at[i], &conn, &e) == 0)
			assert_that(conn.server && !(conn.insecure && conn.ca_pem));
		else
			assert_that(e.kind == EK_INVALID || e.kind == EK_LIMIT);
	}
	return 0;
}
