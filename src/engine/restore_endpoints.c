/*
 * The Endpoints of services that are deleted to be created again.  The API server deletes them with the service; where it
 * has a selector a controller writes them anew, where it has none they are the user's.
 */
#include "engine/restore_impl.h"

#include "base/limits.h"
#include "base/mem.h"

static const struct api_resource *
endpoints(const struct item *it)
{
	return discovery_gvr(it->rs->d, "", NULL, "endpoints");
}

int
item_keep_endpoints(struct item *it, struct err *e)
{
	AUTO_FREE char *name = str_dup(it->en->name);
	AUTO_FREE char *path = NULL;
	struct str selector;
	struct err why;

	if (!str_eq(it->gr, S("services")) || endpoints(it) == NULL
	    || jpath(buf_str(&it->old), &selector, "spec", "selector", NULL))
		return 0;
	path = api_path(endpoints(it), it->target_ns, name);
	buf_cut(&it->endpoints, 0);
	if (k8s_do(it->rs->k, "GET", path, (struct str){ 0 }, &it->endpoints, it->rs->c, &why) == 0
	    && json_check(buf_str(&it->endpoints), &why) == 0)
		return 0;
	buf_cut(&it->endpoints, 0);
	if (why.kind == EK_NOTFOUND)
		return 0;
	*e = why;
	return err_ctx(e, "would have to be deleted and created again, and its endpoints, which would go with it, cannot be read");
}

int
item_put_back_endpoints(struct item *it, struct err *e)
{
	AUTO_ARENA struct arena arena = ARENA_INIT;
	AUTO_BUF struct buf body = BUF_INIT(LIMIT_OBJECT);
	AUTO_FREE char *path = NULL;
	AUTO_FREE char *text = NULL;
	struct jnode *obj;
	struct err why;

	if (it->endpoints.len == 0)
		return 0;
	obj = jnode_open(&arena, buf_str(&it->endpoints));
	scrub_common(obj);
	scrub_finish(obj, NULL, NULL, NULL);
	if (jnode_write(obj, &body, e) < 0)
		return -1;
	path = api_path(endpoints(it), it->target_ns, NULL);
	if (k8s_do(it->rs->k, "POST", path, buf_str(&body), NULL, it->rs->c, &why) < 0 && why.kind != EK_EXISTS) {
		text = xasprintf("its endpoints went with the service that was deleted, and cannot be put back: %s", why.msg);
		item_warned(it, "create the endpoints again", text);
	}
	return 0;
}
