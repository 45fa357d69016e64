/* Operations on what is configured: locations of the project, contexts of the kubeconfig. */
#include "app/job_ops.h"
#include "app/location_edit.h"
#include "app/location_policy.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"

#include <string.h>

#define INI_ROOM (16 * KIB)      /* larger than what is put in, so that no copies of the secret are left behind by growing */

static struct project *
job_project(struct job *j, struct err *e)
{
	AUTO_FREE char *name = project_current(job_request(j)->project, e);

	return name != NULL ? project_load(name, e) : NULL;
}

enum ev_end
op_location_list(struct job *j, struct err *e)
{
	AUTO(project_freep) struct project *p = job_project(j, e);

	if (p == NULL)
		return job_failed(e);
	for (size_t i = 0; i < p->locations.len; i++) {
		AUTO_BUF struct buf json = BUF_INIT(LIMIT_CONFIG);

		if (location_row(p, &p->locations.at[i], &json, e) < 0)
			return job_failed(e);
		job_row(j, buf_str(&json));
	}
	return END_DONE;
}

/* What the request says of a location, and the INI of its keys, which is empty when it brings none. */
static int
described(struct job *j, const struct project *p, struct location *l, struct buf *ini, struct err *e)
{
	const struct request *r = job_request(j);

	if (location_describe(p, r->name, &r->fields, r->replace, l, e) < 0)
		return -1;
	if (r->access_key == NULL || l->account == ACCOUNT_ENVIRONMENT)
		return 0;
	if (buf_room(ini, INI_ROOM, e) == NULL || location_keys_ini(l->profile, r->access_key, r->secret, ini, e) < 0)
		return -1;
	return 0;
}

/* Keys that the location is to have are given now, or stored. */
static int
check_keys(const struct project *p, const struct location *l, const struct buf *ini, struct err *e)
{
	if (l->account != ACCOUNT_CREDENTIALS || ini->len > 0)
		return 0;
	return location_keys_check(p->name, l->name, e);
}

enum ev_end
op_location_save(struct job *j, struct err *e)
{
	AUTO(buf_wipe) struct buf ini = BUF_INIT(LIMIT_PEM);
	AUTO(location_done) struct location l = { 0 };
	AUTO(project_freep) struct project *p = job_project(j, e);
	AUTO_BUF struct buf json = BUF_INIT(LIMIT_CONFIG);
	struct location_put put;

	if (p == NULL || described(j, p, &l, &ini, e) < 0 || check_keys(p, &l, &ini, e) < 0)
		return job_failed(e);
	put = (struct location_put){ &l, job_request(j)->replace, false, buf_str(&ini) };
	if (project_put_location(p->name, &put, e) < 0 || location_row(p, &l, &json, e) < 0)
		return job_failed(e);
	job_row(j, buf_str(&json));
	return END_DONE;
}

enum ev_end
op_location_remove(struct job *j, struct err *e)
{
	AUTO(project_freep) struct project *p = job_project(j, e);

	if (p == NULL || project_remove_location(p->name, job_request(j)->name, e) < 0)
		return job_failed(e);
	return END_DONE;
}

enum ev_end
op_location_policy(struct job *j, struct err *e)
{
	const struct request *r = job_request(j);
	const struct policy_opts o = { .ebs = r->volumes };
	AUTO_BUF struct buf permissions = BUF_INIT(LIMIT_CONFIG), trust = BUF_INIT(LIMIT_CONFIG), web = BUF_INIT(LIMIT_CONFIG);
	const struct { const char *key; struct buf *text; } docs[] = {
		{ "policy", &permissions }, { "trustPolicy", &trust }, { "webIdentityTrustPolicy", &web },
	};

	if (location_policy(r->location, &o, &permissions, &trust, &web, e) < 0)
		return job_failed(e);
	for (size_t i = 0; i < COUNT(docs); i++) {
		AUTO_BUF struct buf json = BUF_INIT(4 * LIMIT_CONFIG);
		struct jw w;

		if (docs[i].text->len == 0)
			continue;
		jw_init(&w, &json, false);
		jw_obj(&w);
		jw_kv_text(&w, "name", docs[i].key);
		jw_kv_text(&w, "text", buf_cstr(docs[i].text));
		jw_obj_end(&w);
		if (jw_done(&w, e) < 0)
			return job_failed(e);
		job_row(j, buf_str(&json));
	}
	return END_DONE;
}

int
location_trial(struct job *j, char **url, int *fd, struct err *e)
{
	AUTO(buf_wipe) struct buf ini = BUF_INIT(LIMIT_PEM);
	AUTO(location_done) struct location l = { 0 };
	AUTO(project_freep) struct project *p = job_project(j, e);
	char *made;

	if (p == NULL || described(j, p, &l, &ini, e) < 0 || check_keys(p, &l, &ini, e) < 0)
		return -1;
	made = location_trial_url(p, &l, buf_str(&ini), fd, e);
	if (made == NULL)
		return -1;
	*url = made;
	return 0;
}

/* --- contexts --- */

static int
context_row(struct job *j, const struct kubeconfig *kc, const char *name, struct err *e)
{
	const char *current = kubeconfig_current(kc);
	AUTO_BUF struct buf json = BUF_INIT(LIMIT_SMALL_BODY);
	struct kube_conn conn = { 0 };
	struct err why;
	bool ok = kubeconfig_resolve(kc, name, &conn, &why) == 0;
	struct jw w;

	jw_init(&w, &json, false);
	jw_obj(&w);
	jw_kv_text(&w, "name", name);
	jw_kv_bool(&w, "current", current != NULL && strcmp(current, name) == 0);
	if (ok) {
		jw_kv_text(&w, "server", conn.server != NULL ? conn.server : "");
		jw_kv_text(&w, "user", conn.user != NULL ? conn.user : "");
		kube_conn_done(&conn);
	} else {
		jw_kv_text(&w, "error", why.msg);
	}
	jw_obj_end(&w);
	if (jw_done(&w, e) < 0)
		return -1;
	job_row(j, buf_str(&json));
	return 0;
}

enum ev_end
op_context_list(struct job *j, struct err *e)
{
	AUTO(kubeconfig_freep) struct kubeconfig *kc = NULL;
	AUTO_STRS struct strs names = { 0 };

	job_about(j, ABOUT_CLUSTER);
	kc = kubeconfig_load(job_request(j)->kubeconfig, e);
	if (kc == NULL)
		return job_failed(e);
	kubeconfig_contexts(kc, &names);
	for (size_t i = 0; i < names.len; i++)
		if (context_row(j, kc, names.at[i], e) < 0)
			return job_failed(e);
	return END_DONE;
}
