/*
 * DESIGN: the commands of restored pods, when everything else is restored.
 *
 *   pods with hooks --GET, less and less often--> is the next container up? --job--> workers (a connection each): exec
 *         ^                                                                              |
 *         +---------------------------------- results, findings <------------------------+
 *
 * One command of a pod at a time, in order; pods do not wait for each other.  Only this thread reports.
 */
#include "engine/restore_impl.h"

#include "base/clock.h"
#include "base/fmt.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/thread.h"
#include "engine/hooks.h"

#define WORKERS      8
#define POLL_NS      (200 * NS_PER_MS)
#define POLL_MAX_NS  (2 * NS_PER_S)
#define CANCEL_NS    (200 * NS_PER_MS)          /* how late a cancelation may be noticed */
#define WAIT_MAX_NS  (4 * 3600 * NS_PER_S)      /* for hooks without a limit: Velero's for operations of a restore */

/* A pod that was restored.  A worker has it from queue_push until it clears busy, which crew.lock guards. */
struct hooked {
	char            *ns, *name, *from_ns;
	struct hook_vec  hooks;
	size_t           next;           /* of hooks */
	int64_t          since_mono_ns;  /* it is waited for */
	bool             busy;
	/* of the command that has run, with answered, until that is taken note of */
	bool             answered;
	int              rc;
	struct err       why;
	struct buf       said;
	int64_t          took_ns;
};

struct restore_hooks {
	struct hooks *spec;
	struct VEC_OF(struct hooked *) pods;
	size_t        foreseen;          /* pods of a plan */
	struct strmap *known;            /* outcome_key -> char *number of hooks that an earlier run has run */
	struct arena  arena;
	uint64_t      attempted, failed; /* hooks */
};

struct crew {
	struct restore *rs;
	struct queue   *jobs;            /* struct hooked */
	struct lock    *lock;
	struct thread  *threads[WORKERS];
	size_t          n;
};

struct restore_hooks *
restore_hooks_new(const struct restore_opts *o, struct err *e)
{
	struct hooks *spec = hooks_new(o->hooks, true, e);
	struct restore_hooks *rh;

	if (spec == NULL)
		return NULL;
	rh = xcalloc(1, sizeof *rh);
	rh->spec = spec;
	rh->known = strmap_new();
	return rh;
}

void
restore_hooks_free(struct restore_hooks *rh)
{
	if (rh == NULL)
		return;
	for (size_t i = 0; i < rh->pods.len; i++) {
		struct hooked *p = rh->pods.at[i];

		free(p->ns);
		free(p->name);
		free(p->from_ns);
		hook_vec_done(&p->hooks);
		buf_free(&p->said);
		free(p);
	}
	vec_free(&rh->pods);
	hooks_free(rh->spec);
	strmap_free(rh->known);
	arena_done(&rh->arena);
	free(rh);
}

void
restore_hooks_known(struct restore_hooks *rh, const char *key, struct str count)
{
	strmap_put(rh->known, str_of(key), arena_strdup(&rh->arena, count));
}

/* How many of a pod's hooks an earlier run has run. */
static size_t
run_before(const struct restore_hooks *rh, const struct item *it)
{
	AUTO_FREE char *key = strmap_len(rh->known) > 0 ? outcome_key(it->planned->gr, it->planned->ns, it->planned->name) : NULL;
	const char *text = key != NULL ? strmap_get(rh->known, str_of(key)) : NULL;
	uint64_t n = 0;

	return text != NULL && parse_u64(str_of(text), UINT32_MAX, &n) ? (size_t)n : 0;
}

/* One more has ended, whichever way: a restore that is continued does not run it again. */
static void
write_down(struct restore *rs, const struct hooked *p)
{
	char n[24];

	(void)snprintf(n, sizeof n, "%zu", p->next);
	outcomes_add(rs->outcomes, &(struct outcome){ .word = OUTCOME_HOOKS, .resource = "pods", .api_version = "v1", .kind = "Pod",
		.ns = p->ns, .name = p->name, .from_resource = "pods", .from_ns = p->from_ns, .uid = "", .version = n,
		.text = "", .hint = "" });
}

/* --- one pod, when it is restored --- */

static void
on_problem(void *ctx, const char *text)
{
	item_warned(ctx, "correct the pod's annotations or the file of --hooks", text);
}

static struct hook_pod
pod_of(struct item *it, struct jnode *obj)
{
	return (struct hook_pod){ .obj = obj, .ns = it->target_ns, .name = it->en->name, .problem = on_problem, .ctx = it };
}

static void
no_problem(void *ctx, const char *text)
{
	(void)ctx, (void)text;
}

bool
restore_hooks_commanded(const struct restore_hooks *rh, const char *ns, struct str name, struct jnode *obj)
{
	const struct hook_pod pod = { .obj = obj, .ns = ns, .name = name, .problem = no_problem };
	struct hook_vec found = { 0 };
	bool any;

	hooks_commands(rh->spec, &pod, HOOK_RESTORE_POST, &found);
	any = found.len > 0;
	hook_vec_done(&found);
	return any;
}

void
restore_hooks_edit(struct item *it, struct arena *arena, struct jnode *obj)
{
	struct hook_pod pod = pod_of(it, obj);

	if (!str_eqz(it->en->gr, "pods") || it->target_ns == NULL)
		return;
	it->hooked = hooks_add_init(it->rs->hooks->spec, arena, &pod) > 0;
}

void
restore_hooks_created(struct item *it)
{
	struct restore_hooks *rh = it->rs->hooks;
	AUTO_ARENA struct arena arena = ARENA_INIT;
	struct hook_vec found = { 0 };
	struct hook_pod pod;
	struct hooked *p;
	size_t before;

	if (!str_eqz(it->en->gr, "pods") || it->target_ns == NULL)
		return;
	pod = pod_of(it, jnode_open(&arena, buf_str(&it->body)));
	hooks_commands(rh->spec, &pod, HOOK_RESTORE_POST, &found);
	rh->foreseen += it->hooked || found.len > 0;
	before = run_before(rh, it);
	if (found.len <= before) {
		hook_vec_done(&found);
		return;
	}
	p = xcalloc(1, sizeof *p);
	p->ns = xstrdup(it->target_ns);
	p->name = str_dup(it->en->name);
	p->hooks = found;
	p->next = before;
	p->from_ns = str_dup(it->planned->ns);
	p->said = (struct buf)BUF_INIT(LIMIT_SMALL_BODY);
	p->since_mono_ns = clock_mono_ns();
	*vec_push(&rh->pods) = p;
}

size_t
restore_hooks_pods(const struct restore_hooks *rh)
{
	return rh->foreseen;
}

void
restore_hooks_counts(const struct restore_hooks *rh, uint64_t *attempted, uint64_t *failed)
{
	*attempted = rh->attempted;
	*failed = rh->failed;
}

/* --- results --- */

static bool
is_pending(const struct hooked *p)
{
	return p->next < p->hooks.len;
}

static const char *
hint_of(const struct err *why)
{
	switch (why->kind) {
	case EK_DENIED:
		return "have 'get' and 'create' on pods/exec given to you, then run the command by hand";
	case EK_TIMEOUT:
		return "give it more time (exec-timeout, wait-timeout), or run the command by hand";
	case EK_UNAVAILABLE:
		return "see whether the command has run, or run it by hand";
	default:
		return "the pod is restored; run the command by hand when its cause is removed";
	}
}

static void
hook_failed(struct restore *rs, struct hooked *p, const struct err *why)
{
	const struct hook *hook = &p->hooks.at[p->next++];

	rs->hooks->attempted++;
	rs->hooks->failed++;
	report_finding(rs->r, RESULT_ERROR, p->ns, "pods", p->name, hint_of(why), "hook '%s' in container '%s': %s", hook->name,
		hook->container, why->msg);
}

static void
rest_failed(struct restore *rs, struct hooked *p, const struct err *why)
{
	while (is_pending(p))
		hook_failed(rs, p, why);
}

static void
take_result(struct restore *rs, struct hooked *p)
{
	const struct hook *hook = &p->hooks.at[p->next];
	char took[FMT_MAX];
	struct err why;

	p->answered = false;
	report_log(rs->r, "Hook '%s' in container '%s' of pod %s/%s ended after %s%s", hook->name, hook->container, p->ns,
		p->name, fmt_duration(took, p->took_ns), buf_cstr(&p->said));
	buf_cut(&p->said, 0);
	if (p->rc == 0) {
		rs->hooks->attempted++;
		p->next++;
		write_down(rs, p);
		return;
	}
	hook_failed(rs, p, &p->why);
	if (hook->stops && is_pending(p)) {
		err_set(&why, EK_CONFLICT, "not run, because hook '%s' before it failed (on-error is Fail)", hook->name);
		rest_failed(rs, p, &why);
	}
	write_down(rs, p);
}

/* --- is the next container up? --- */

static bool
is_up(struct jnode *pod, const struct hook *hook)
{
	struct jnode *list = jnode_walk(pod, "status", "containerStatuses", NULL);

	for (struct jnode *c = jnode_first(list); c != NULL; c = jnode_next(c))
		if (jnode_is_text(jnode_get(c, "name"), hook->container))
			return hook->wait_ready ? jnode_true(jnode_get(c, "ready"))
				: jnode_walk(c, "state", "running", NULL) != NULL;
	return false;
}

static bool
is_late(const struct hooked *p, const struct hook *hook, struct err *why)
{
	int64_t limit = hook->wait_ns > 0 ? hook->wait_ns : WAIT_MAX_NS;
	char text[FMT_MAX];

	if (clock_mono_ns() - p->since_mono_ns < limit)
		return false;
	err_set(why, EK_TIMEOUT, "not run: the container was not %s within %s", hook->wait_ready ? "ready" : "running",
		fmt_duration(text, limit));
	return true;
}

/* What the cluster says of a pod that is waited for. */
static void
judge(struct crew *w, struct hooked *p, const struct ask *a)
{
	AUTO_ARENA struct arena arena = ARENA_INIT;
	const struct hook *hook = &p->hooks.at[p->next];
	struct jnode *pod;
	struct err why;

	if (a->rc < 0 && a->why.kind == EK_NOTFOUND) {
		err_set(&why, EK_NOTFOUND, "not run: the pod was deleted meanwhile");
		rest_failed(w->rs, p, &why);
		return;
	}
	if (a->rc < 0 && a->why.kind == EK_DENIED) {
		rest_failed(w->rs, p, &a->why);
		return;
	}
	pod = a->rc == 0 && json_check(buf_str(&a->answer), &why) == 0 ? jnode_open(&arena, buf_str(&a->answer)) : NULL;
	if (jnode_is_text(jnode_walk(pod, "status", "phase", NULL), "Succeeded")
	    || jnode_is_text(jnode_walk(pod, "status", "phase", NULL), "Failed")) {
		err_set(&why, EK_CONFLICT, "not run: the pod has ended (" STR_FMT ")",
			STR_ARG(jnode_text(jnode_walk(pod, "status", "phase", NULL))));
		rest_failed(w->rs, p, &why);
	} else if (is_up(pod, hook)) {
		p->busy = true;
		(void)queue_push(w->jobs, p);
	} else if (is_late(p, hook, &why)) {
		bool stops = hook->stops;

		hook_failed(w->rs, p, &why);
		if (stops)
			rest_failed(w->rs, p, &why);
	}
}

/* --- workers --- */

static void
work(void *arg)
{
	struct crew *w = arg;
	struct k8s *k = NULL;
	struct hooked *p;

	while ((p = queue_pop(w->jobs)) != NULL) {
		int64_t from = clock_mono_ns();
		struct err why = { 0 };
		int rc = -1;

		if (k == NULL)
			k = k8s_new(k8s_conn(w->rs->k), &why);
		if (k != NULL)
			rc = hook_run(k, p->ns, p->name, &p->hooks.at[p->next], &p->said, w->rs->c, &why);
		lock_take(w->lock);
		p->took_ns = clock_mono_ns() - from;
		p->rc = rc;
		p->why = why;
		p->busy = false;
		p->answered = true;
		lock_wake(w->lock);
		lock_drop(w->lock);
	}
	k8s_free(k);
}

static void
crew_done(struct crew *w)
{
	queue_close(w->jobs);
	for (size_t i = 0; i < w->n; i++)
		thread_join(w->threads[i]);
	queue_free(w->jobs);
	lock_free(w->lock);
}

static int
crew_init(struct crew *w, struct restore *rs, struct err *e)
{
	size_t wanted = rs->hooks->pods.len < WORKERS ? rs->hooks->pods.len : WORKERS;

	/* Every pod fits: handing out never waits. */
	*w = (struct crew){ .rs = rs, .jobs = queue_new(rs->hooks->pods.len), .lock = lock_new() };
	while (w->n < wanted) {
		w->threads[w->n] = thread_start("hook", work, w, e);
		if (w->threads[w->n] == NULL)
			return w->n > 0 ? 0 : -1;
		w->n++;
	}
	return 0;
}

/* --- course --- */

/* Looks at the pods that nobody is busy with. */
static int
look(struct crew *w, struct err *e)
{
	struct restore_hooks *rh = w->rs->hooks;
	const struct api_resource *pods = discovery_gvr(w->rs->d, "", "v1", "pods");
	AUTO_ASKS struct asks asks = { 0 };

	lock_take(w->lock);
	for (size_t i = 0; i < rh->pods.len && pods != NULL; i++) {
		struct hooked *p = rh->pods.at[i];

		if (!p->busy && is_pending(p))
			asks_add(&asks, "GET", api_path(pods, p->ns, p->name))->about = i;
	}
	lock_drop(w->lock);
	if (pods == NULL || asks_run(w->rs, &asks, e) < 0)
		return pods == NULL ? err_set(e, EK_NOTFOUND, "the cluster has no pods") : -1;
	for (size_t i = 0; i < asks.len; i++)
		judge(w, rh->pods.at[asks.at[i].about], &asks.at[i]);
	return 0;
}

/* Takes what has ended.  *left: hooks that are still to run; true: a pod is free for its next one. */
static bool
gather(struct crew *w, size_t *left)
{
	struct restore_hooks *rh = w->rs->hooks;
	bool any = false;

	*left = 0;
	for (size_t i = 0; i < rh->pods.len; i++) {
		struct hooked *p = rh->pods.at[i];

		/* What was stopped is for restore_hooks_stopped to tell. */
		if (p->answered && (p->rc == 0 || p->why.kind != EK_CANCELED)) {
			take_result(w->rs, p);
			any |= is_pending(p);
		}
		*left += p->hooks.len - p->next;
	}
	return any;
}

/* Until something has ended or it is time to look again. */
static int
pause_for(struct crew *w, int64_t until, struct err *e)
{
	for (;;) {
		size_t left;
		int64_t slice = clock_mono_ns() + CANCEL_NS;
		bool any;

		lock_take(w->lock);
		any = gather(w, &left);
		if (!any && left > 0) {
			(void)lock_wait_until(w->lock, slice < until ? slice : until);
			any = gather(w, &left);
		}
		lock_drop(w->lock);
		report_progress(w->rs->r, "running hooks", w->rs->hooks->attempted, w->rs->hooks->attempted + left, 0);
		if (cancel_check(w->rs->c, e) < 0)
			return -1;
		if (any || left == 0 || clock_mono_ns() >= until)
			return left == 0;
	}
}

int
restore_hooks_run(struct restore *rs, struct err *e)
{
	struct crew w;
	int64_t pause = POLL_NS;
	int rc = 0;

	if (rs->hooks->pods.len == 0)
		return 0;
	report_note(rs->r, "%zu of the restored pods %s commands to run (hooks)", rs->hooks->pods.len,
		rs->hooks->pods.len == 1 ? "has" : "have");
	if (crew_init(&w, rs, e) < 0)
		rc = -1;
	while (rc == 0) {
		rc = look(&w, e);
		if (rc == 0)
			rc = pause_for(&w, clock_mono_ns() + pause, e);
		pause = 2 * pause < POLL_MAX_NS ? 2 * pause : POLL_MAX_NS;
	}
	crew_done(&w);
	return rc < 0 ? -1 : 0;
}

void
restore_hooks_stopped(struct restore *rs)
{
	struct err why;

	err_set(&why, EK_CANCELED, "not run, because the restore was stopped");
	for (size_t i = 0; i < rs->hooks->pods.len; i++) {
		struct hooked *p = rs->hooks->pods.at[i];

		/* The one that was running. */
		if (p->answered && p->why.kind == EK_CANCELED) {
			err_set(&p->why, EK_CANCELED, "stopped with the restore; the command may go on in the container");
			hook_failed(rs, p, &p->why);
		} else if (p->answered)
			take_result(rs, p);
		rest_failed(rs, p, &why);
	}
}
