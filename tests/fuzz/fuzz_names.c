/* Names from users, servers and archives: paths survive being cut up, names follow DNS-1123, types resolve to known ones. */
#include "archive/layout.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "k8s/discovery.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static void
paths_survive(struct str path)
{
	AUTO_BUF struct buf again = BUF_INIT(SIZE_MAX);
	struct tar_path a, b;

	if (!tar_path_parse(path, &a))
		return;
	tar_path_put(&again, a.gr, a.version, a.preferred, a.ns, a.name);
	assert_that(str_ends(path, buf_str(&again)));
	assert_that(tar_path_parse(buf_str(&again), &b));
	assert_that(str_eq(a.gr, b.gr) && str_eq(a.version, b.version) && str_eq(a.ns, b.ns) && str_eq(a.name, b.name));
	assert_that(!str_eq(a.name, S("..")) && !str_eq(a.gr, S("..")) && !str_eq(a.ns, S("..")));
}

/* RFC 1123 subdomain, written the slow way. */
static bool
is_subdomain(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len > LIMIT_NAME)
		return false;
	for (size_t i = 0; i < len; i++) {
		bool alnum = (name[i] >= 'a' && name[i] <= 'z') || (name[i] >= '0' && name[i] <= '9');
		bool edge = i == 0 || i + 1 == len || name[i - 1] == '.' || name[i + 1] == '.';

		if (!alnum && (edge || (name[i] != '-' && name[i] != '.')))
			return false;
		if (name[i] == '.' && edge)
			return false;
	}
	return true;
}

static void
names_follow_the_rule(const char *name)
{
	char label[LAYOUT_LABEL_MAX];
	struct err e;

	assert_that((layout_check_name("backup", name, &e) == 0) == is_subdomain(name));
	assert_that(strlen(layout_label(label, name)) < LAYOUT_LABEL_MAX);
}

static void
types_are_known(const char *name)
{
	static char *shorts[] = { "po" };
	static struct api_resource all[] = {
		{ .group = "", .version = "v1", .name = "pods", .kind = "Pod", .singular = "pod", .gr = "pods",
			.api_version = "v1", .short_names = { shorts, 1, 1 }, .namespaced = true, .preferred = true },
		{ .group = "apps", .version = "v1", .name = "deployments", .kind = "Deployment", .singular = "deployment",
			.gr = "deployments.apps", .api_version = "apps/v1", .namespaced = true, .preferred = true },
		{ .group = "a.b.example", .version = "v1beta1", .name = "pods", .kind = "Pod", .singular = "pod",
			.gr = "pods.a.b.example", .api_version = "a.b.example/v1beta1", .preferred = true },
	};
	static const struct discovery d = { .all = { all, COUNT(all), COUNT(all) } };
	const struct api_resource *r = discovery_resolve(&d, name);
	AUTO_FREE char *path = NULL;

	(void)discovery_suggest(&d, name);
	if (r == NULL)
		return;
	assert_that(r >= all && r < all + COUNT(all));
	path = api_path(r, r->namespaced ? name : NULL, name);
	assert_that(path[0] == '/' && strspn(path, "/abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~%")
		== strlen(path));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *name = NULL;

	if (size > 4 * KIB)
		return 0;
	paths_survive((struct str){ (const char *)data, size });
	if (memchr(data, '\0', size))
		return 0;
	name = str_dup((struct str){ (const char *)data, size });
	names_follow_the_rule(name);
	types_are_known(name);
	return 0;
}
