/* Many small requests at once, and waiting. */
#include "engine/restore_impl.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"

#define ASK_WINDOW 64
#define SILENT_MAX 8
#define READY_NS (600 * NS_PER_S)       /* how long a CRD or a terminating namespace is waited for */
#define POLL_NS (100 * NS_PER_MS)
#define POLL_MAX_NS NS_PER_S

struct ask *
asks_add(struct asks *v, const char *method, char *path)
{
	struct ask *a = vec_push(v);

	*a = (struct ask){ .method = method, .path = path, .body = BUF_INIT(2 * LIMIT_OBJECT),
		.answer = BUF_INIT(LIMIT_OBJECT) };
	return a;
}

void
asks_done(struct asks *v)
{
	for (size_t i = 0; i < v->len; i++) {
		free(v->at[i].path);
		buf_free(&v->at[i].body);
		buf_free(&v->at[i].answer);
	}
	vec_free(v);
}

static int
start_ask(struct restore *rs, struct ask *a, struct err *e)
{
	struct k8s_op op = { .method = a->method, .path = a->path, .body = buf_str(&a->body), .tag = a,
		.accept = a->accept, .repeatable = true, .apply = a->apply };

	return k8s_start(rs->k, &op, rs->c, e);
}

bool
restore_is_gone(struct restore *rs, const struct err *why)
{
	bool silent = why != NULL && why->http == 0 && (why->kind == EK_UNAVAILABLE || why->kind == EK_TIMEOUT);

	rs->silent = silent ? rs->silent + 1 : 0;
	return restore_is_lost(rs);
}

bool
restore_is_lost(const struct restore *rs)
{
	return rs->silent >= SILENT_MAX;
}

/* Takes the answer to one of them. */
static int
take_answer(struct restore *rs, struct err *e)
{
	AUTO(http_call_freep) struct http_call *call = k8s_next(rs->k, rs->c, e);
	struct ask *a;

	if (call == NULL)
		return -1;
	a = k8s_call_tag(call);
	a->repeated = http_call_resp(call)->attempts > 1;
	a->rc = k8s_call_result(call, &a->why);
	if (a->rc == 0)
		a->rc = buf_add_str(&a->answer, k8s_call_body(call), &a->why);
	if (restore_is_gone(rs, a->rc < 0 ? &a->why : NULL) || (a->rc < 0 && a->why.kind == EK_CANCELED)) {
		*e = a->why;
		return -1;
	}
	return 0;
}

int
asks_run(struct restore *rs, struct asks *v, struct err *e)
{
	size_t next = 0;

	while (next < v->len || k8s_in_flight(rs->k) > 0) {
		if (next < v->len && k8s_in_flight(rs->k) < ASK_WINDOW) {
			if (start_ask(rs, &v->at[next++], e) == 0)
				continue;
		} else if (take_answer(rs, e) == 0) {
			continue;
		}
		k8s_abort(rs->k);        /* what is in flight borrows from v */
		return -1;
	}
	return 0;
}

/* Values of rs->looked_up. */
static char yes, no;

bool
restore_exists(struct restore *rs, const char *group, const char *resource, const char *ns, struct str name)
{
	const struct api_resource *res = discovery_gvr(rs->d, group, NULL, resource);
	AUTO_FREE char *text = str_dup(name);
	AUTO_FREE char *path = NULL;
	struct err e;
	void *known;

	if (res == NULL)
		return false;
	path = api_path(res, ns, text);
	known = strmap_get(rs->looked_up, str_of(path));
	if (known == NULL) {
		known = k8s_do(rs->k, "GET", path, (struct str){ 0 }, NULL, rs->c, &e) == 0 || e.kind == EK_DENIED
			? &yes : &no;
		strmap_put(rs->looked_up, str_of(path), known);
	}
	return known == &yes;
}

void
restore_will_exist(struct restore *rs, const char *path)
{
	strmap_put(rs->looked_up, str_of(path), &yes);
}

void
wait_begin(struct wait *w)
{
	*w = (struct wait){ clock_mono_ns() + READY_NS, POLL_NS };
}

int
wait_more(struct restore *rs, struct wait *w, struct err *e)
{
	if (cancel_check(rs->c, e) < 0)
		return -1;
	if (clock_mono_ns() > w->end_ns)
		return 1;
	clock_sleep_ns(w->pause_ns);
	w->pause_ns = w->pause_ns < POLL_MAX_NS ? 2 * w->pause_ns : POLL_MAX_NS;
	return 0;
}
