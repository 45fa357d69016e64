/* First questions to an API server, asked all at once; access reviews. */
#include "k8s/server.h"

#include "base/limits.h"
#include "data/jdoc.h"
#include "data/jscan.h"
#include "data/jwrite.h"

#include <stdio.h>
#include <string.h>

enum question { ASK_API, ASK_APIS, ASK_VERSION, ASK_KUBE_SYSTEM, ASK_COUNT_ };
_Static_assert(ASK_API == (int)ROOT_API && ASK_APIS == (int)ROOT_APIS, "roots come first");

#define ACCEPT_ROOT "Accept: " \
	"application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList," \
	"application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList," \
	"application/json"

static const struct { const char *path, *accept; size_t max; } questions[] = {
	[ASK_API]         = { "/api", ACCEPT_ROOT, LIMIT_DISCOVERY },
	[ASK_APIS]        = { "/apis", ACCEPT_ROOT, LIMIT_DISCOVERY },
	[ASK_VERSION]     = { "/version", NULL, LIMIT_SMALL_BODY },
	[ASK_KUBE_SYSTEM] = { "/api/v1/namespaces/kube-system", NULL, LIMIT_SMALL_BODY },
};

struct answer {
	struct buf body;
	struct err why;                  /* EK_NONE: it came */
};

static void
answers_done(struct answer (*v)[ASK_COUNT_])
{
	for (int i = 0; i < ASK_COUNT_; i++)
		buf_free(&(*v)[i].body);
}
#define AUTO_ANSWERS AUTO(answers_done)

static int
take_answer(struct http_call *call, struct err *e)
{
	struct answer *a = k8s_call_tag(call);

	if (k8s_call_result(call, &a->why) < 0)
		return 0;
	return buf_add_str(&a->body, k8s_call_body(call), e);
}

/* The first n questions.  -1 only when nobody could ask. */
static int
ask(struct k8s *k, struct answer *v, int n, const struct cancel *c, struct err *e)
{
	for (int i = 0; i < n; i++) {
		struct k8s_op op = { .method = "GET", .path = questions[i].path, .accept = questions[i].accept,
			.max_body = questions[i].max, .tag = &v[i], .own_line = true };

		v[i].body.max = questions[i].max;
		if (k8s_start(k, &op, c, e) < 0)
			goto stopped;
	}
	for (int i = 0; i < n; i++) {
		struct http_call *call = k8s_next(k, c, e);
		int rc;

		if (call == NULL)
			goto stopped;
		rc = take_answer(call, e);
		http_call_free(call);
		if (rc < 0)
			goto stopped;
	}
	return 0;
stopped:
	k8s_abort(k);
	return -1;
}

/* --- version and UID --- */

static int
read_version(const struct answer *a, struct k8s_info *out, struct err *e)
{
	if (a->why.kind != EK_NONE) {
		*e = a->why;
		return -1;
	}
	AUTO_JDOC cJSON *doc = jdoc_parse(buf_str(&a->body), e);
	if (!doc)
		return err_ctx(e, "answer of /version");
	if (!jdoc_text(doc, "gitVersion"))
		return err_set(e, EK_CORRUPT, "answer of /version has no gitVersion: not an API server");
	str_copy(out->git_version, sizeof out->git_version, str_of(jdoc_text(doc, "gitVersion")));
	str_copy(out->major, sizeof out->major, str_of(jdoc_text(doc, "major")));
	str_copy(out->minor, sizeof out->minor, str_of(jdoc_text(doc, "minor")));
	return 0;
}

static int
read_uid(const struct answer *a, struct k8s_info *out, struct err *e)
{
	struct str raw, uid;

	if (a->why.kind == EK_DENIED || a->why.kind == EK_NOTFOUND)
		return 0;
	if (a->why.kind != EK_NONE) {
		*e = a->why;
		return -1;
	}
	if (json_check(buf_str(&a->body), e) < 0)
		return err_ctx(e, "namespace kube-system");
	if (jpath(buf_str(&a->body), &raw, "metadata", "uid", NULL) && jstr_plain(raw, &uid))
		(void)snprintf(out->uid, sizeof out->uid, STR_FMT, STR_ARG(uid));
	return 0;
}

void
k8s_facts_done(struct k8s_facts *f)
{
	for (int i = 0; i < ROOT_COUNT_; i++)
		buf_free(&f->roots[i]);
}

static void
move_roots(struct buf to[static ROOT_COUNT_], struct answer *v)
{
	for (int i = 0; i < ROOT_COUNT_; i++) {
		to[i] = v[i].body;
		v[i].body = (struct buf){ 0 };
	}
}

int
k8s_server_info(struct k8s *k, struct k8s_info *out, const struct cancel *c, struct err *e)
{
	AUTO_ANSWERS struct answer v[ASK_COUNT_] = { 0 };
	struct k8s_facts *f = k8s_facts(k);
	struct k8s_info info = { 0 };

	if (!f->known) {
		if (ask(k, v, ASK_COUNT_, c, e) < 0 || read_version(&v[ASK_VERSION], &info, e) < 0
		    || read_uid(&v[ASK_KUBE_SYSTEM], &info, e) < 0)
			return -1;
		k8s_facts_done(f);
		move_roots(f->roots, v);
		f->info = info;
		f->known = info.uid[0] != '\0';  /* a right to read it may still be given */
	}
	*out = f->info;
	return 0;
}

int
k8s_take_roots(struct k8s *k, struct buf out[static ROOT_COUNT_], const struct cancel *c, struct err *e)
{
	AUTO_ANSWERS struct answer v[ASK_COUNT_] = { 0 };
	struct k8s_facts *f = k8s_facts(k);

	if (f->roots[ROOT_API].len > 0 && f->roots[ROOT_APIS].len > 0) {
		memcpy(out, f->roots, sizeof f->roots);
		memset(f->roots, 0, sizeof f->roots);
		return 0;
	}
	if (ask(k, v, ROOT_COUNT_, c, e) < 0)
		return -1;
	for (int i = 0; i < ROOT_COUNT_; i++) {
		if (v[i].why.kind != EK_NONE) {
			*e = v[i].why;
			return err_ctx(e, "GET %s", questions[i].path);
		}
	}
	move_roots(out, v);
	return 0;
}

/* --- rights --- */

int
k8s_can_i(struct k8s *k, const char *verb, const char *group, const char *resource, const char *ns,
	bool *allowed, const struct cancel *c, struct err *e)
{
	AUTO_BUF struct buf review = BUF_INIT(LIMIT_SMALL_BODY), body = BUF_INIT(LIMIT_SMALL_BODY);
	struct jw w;

	jw_init(&w, &review, false);
	jw_obj(&w);
	jw_kv_text(&w, "apiVersion", "authorization.k8s.io/v1");
	jw_kv_text(&w, "kind", "SelfSubjectAccessReview");
	jw_key(&w, "spec");
	jw_obj(&w);
	jw_key(&w, "resourceAttributes");
	jw_obj(&w);
	jw_kv_text(&w, "verb", verb);
	jw_kv_text(&w, "group", group);
	jw_kv_text(&w, "resource", resource);
	if (ns)
		jw_kv_text(&w, "namespace", ns);
	jw_obj_end(&w);
	jw_obj_end(&w);
	jw_obj_end(&w);
	if (jw_done(&w, e) < 0)
		return -1;
	if (k8s_do(k, "POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", buf_str(&review), &body,
		c, e) < 0)
		return -1;
	AUTO_JDOC cJSON *doc = jdoc_parse(buf_str(&body), e);
	if (!doc)
		return err_ctx(e, "access review of %s %s", verb, resource);
	*allowed = jdoc_bool(doc, "status.allowed", false);
	return 0;
}
