/*
 * HTTP sessions.
 *
 * DESIGN
 *   http_start --> waiting --due--> active --ended--> done --> http_next --> the caller's
 *                     ^                |
 *                     +--- backoff ----+
 *
 * Only http_do and http_next drive libcurl: each turn starts what is due, sleeps until the next socket
 * event, the next due time or a tenth of a second, so that a fired cancel is seen, and ends what libcurl
 * reports.  libcurl says which sockets it waits for and hears of those that are ready: asked to look for
 * itself, it would go through all the requests in flight, every time.  Sinks run inside libcurl and may
 * start calls (which only queues them) but not wait for any; prepare hooks run outside of it and may use
 * the session.
 */
#include "net/http_impl.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"

#include <errno.h>
#include <sys/epoll.h>
#include <utlist.h>

#define CANCEL_MS       100
#define EVENTS          64
#define CONNECT_NS      (10 * NS_PER_S)
#define STALL_NS        (60 * NS_PER_S)
#define CONNECTIONS     8

void
http_global_init(void)
{
	CURLcode rc = curl_global_init_mem(CURL_GLOBAL_DEFAULT, xmalloc, free, xrealloc, xstrdup,
		xcalloc);

	assert_that(rc == CURLE_OK);
}

/* PEM is checked here, where the user's file has a name, not at the first connection. */
static int
take_pem(struct buf *to, struct str pem, const char *what, struct err *e)
{
	if (buf_add_str(to, pem, e) < 0)
		return err_ctx(e, "%s", what);
	if (to->len && !memmem(to->p, to->len, "-----BEGIN ", 11))
		return err_set(e, EK_INVALID, "%s: no PEM block in it", what);
	return 0;
}

static int
take_tls(struct http *h, const struct http_conf *conf, struct err *e)
{
	AUTO_BUF struct buf file = BUF_INIT(LIMIT_PEM);

	if (conf->ca_file && conf->ca_file[0]) {
		if (file_read(conf->ca_file, &file, e) < 0)
			return err_ctx(e, "read CA file");
		if (!file.len)
			return err_set(e, EK_INVALID, "CA file '%s': empty", conf->ca_file);
		if (take_pem(&h->ca, buf_str(&file), "CA file", e) < 0)
			return err_ctx(e, "'%s'", conf->ca_file);
	} else if (take_pem(&h->ca, conf->ca_pem, "CA certificate", e) < 0) {
		return -1;
	}
	if (!conf->cert_pem.len != !conf->key_pem.len)
		return err_set(e, EK_INVALID, "client certificate: the %s is missing",
			conf->cert_pem.len ? "private key" : "certificate");
	if (take_pem(&h->cert, conf->cert_pem, "client certificate", e) < 0)
		return -1;
	return take_pem(&h->key, conf->key_pem, "client key", e);
}

static int
on_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *known)
{
	struct http *h = ctx;
	struct epoll_event ev = { .data.fd = fd,
		.events = (what & CURL_POLL_IN ? EPOLLIN : 0) | (what & CURL_POLL_OUT ? EPOLLOUT : 0) };

	(void)easy, (void)known;
	if (what == CURL_POLL_REMOVE) {
		(void)epoll_ctl(h->epoll, EPOLL_CTL_DEL, fd, &ev);   /* gone already when it was closed */
		return 0;
	}
	/* A number that was closed and is used again is no longer in the set. */
	if (epoll_ctl(h->epoll, EPOLL_CTL_MOD, fd, &ev) == 0 ||
	    (errno == ENOENT && epoll_ctl(h->epoll, EPOLL_CTL_ADD, fd, &ev) == 0))
		return 0;
	return -1;
}

static int
on_timer(CURLM *multi, long ms, void *ctx)
{
	struct http *h = ctx;

	(void)multi;
	h->timer_mono_ns = ms < 0 ? INT64_MAX : clock_mono_ns() + ms * NS_PER_MS;
	return 0;
}

static int
multi_new(struct http *h, long connections, struct err *e)
{
	h->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (h->epoll < 0)
		return err_sys(e, errno, "epoll");
	h->multi = curl_multi_init();
	if (h->multi &&
	    curl_multi_setopt(h->multi, CURLMOPT_SOCKETFUNCTION, on_socket) == CURLM_OK &&
	    curl_multi_setopt(h->multi, CURLMOPT_SOCKETDATA, h) == CURLM_OK &&
	    curl_multi_setopt(h->multi, CURLMOPT_TIMERFUNCTION, on_timer) == CURLM_OK &&
	    curl_multi_setopt(h->multi, CURLMOPT_TIMERDATA, h) == CURLM_OK &&
	    curl_multi_setopt(h->multi, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX) == CURLM_OK &&
	    curl_multi_setopt(h->multi, CURLMOPT_MAX_HOST_CONNECTIONS, connections) == CURLM_OK &&
	    curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, connections) == CURLM_OK)
		return 0;
	return err_set(e, EK_IO, "libcurl cannot start a session");
}

struct http *
http_new(const struct http_conf *conf, struct err *e)
{
	AUTO(http_freep) struct http *h = xcalloc(1, sizeof *h);
	long connections = conf->max_connections ? (long)conf->max_connections : CONNECTIONS;

	h->epoll = -1;
	h->timer_mono_ns = INT64_MAX;
	h->ca = h->cert = h->key = (struct buf)BUF_INIT(LIMIT_PEM);
	h->user_agent = xstrdup_or_null(conf->user_agent);
	h->proxy = xstrdup_or_null(conf->proxy);
	if (conf->tls_server_name && conf->tls_server_name[0])
		h->tls_server_name = xstrdup(conf->tls_server_name);
	h->insecure = conf->insecure;
	h->http1_only = conf->http1_only;
	h->connect_ns = conf->connect_timeout_ns ? conf->connect_timeout_ns : CONNECT_NS;
	h->stall_ns = conf->stall_timeout_ns ? conf->stall_timeout_ns : STALL_NS;
	h->retries = conf->retries;
	if (take_tls(h, conf, e) < 0 || multi_new(h, connections, e) < 0)
		return NULL;
	return TAKE(h);
}

static void
free_list(struct http_call *list)
{
	struct http_call *call, *next;

	DL_FOREACH_SAFE(list, call, next)
		http_call_free(call);
}

void
http_free(struct http *h)
{
	if (!h)
		return;
	assert_that(!h->in_callback);
	free_list(h->active);
	free_list(h->waiting);
	free_list(h->done);
	for (size_t i = 0; i < h->idle.len; i++)
		curl_easy_cleanup(h->idle.at[i]);
	vec_free(&h->idle);
	if (h->multi)
		(void)curl_multi_cleanup(h->multi);   /* fails only while handles are in it */
	file_close(&h->epoll);
	buf_free(&h->ca);
	buf_free(&h->cert);
	buf_wipe(&h->key);
	free(h->user_agent);
	free(h->tls_server_name);
	free(h->proxy);
	free(h);
}

void
http_freep(struct http **h)
{
	http_free(TAKE(*h));
}

CURL *
easy_get(struct http *h)
{
	CURL *easy;

	if (h->idle.len)
		return h->idle.at[--h->idle.len];
	easy = curl_easy_init();
	assert_that(easy);   /* our allocator does not fail */
	return easy;
}

void
easy_put(struct http *h, CURL *easy)
{
	/* Forgets the request, whose memory is the caller's; connections and TLS sessions stay. */
	curl_easy_reset(easy);
	*vec_push(&h->idle) = easy;
}

/* Keeps waiting sorted, first come first served among equals.  New calls are due now: a short walk. */
static void
insert_waiting(struct http *h, struct http_call *call)
{
	struct http_call *at = h->waiting ? h->waiting->prev : NULL;

	while (at && at->due_mono_ns > call->due_mono_ns)
		at = at == h->waiting ? NULL : at->prev;
	if (at)
		DL_APPEND_ELEM(h->waiting, at, call);
	else
		DL_PREPEND(h->waiting, call);
}

void
call_to_list(struct http_call *call, enum call_state state)
{
	struct http *h = call->h;

	switch (call->state) {
	case CALL_WAITING:
		DL_DELETE(h->waiting, call);
		break;
	case CALL_ACTIVE:
		DL_DELETE(h->active, call);
		break;
	case CALL_DONE:
		DL_DELETE(h->done, call);
		break;
	case CALL_OUT:
		break;
	}
	call->state = state;
	switch (state) {
	case CALL_WAITING:
		insert_waiting(h, call);
		break;
	case CALL_ACTIVE:
		DL_APPEND(h->active, call);
		break;
	case CALL_DONE:
		h->ended++;
		DL_APPEND(h->done, call);
		break;
	case CALL_OUT:
		h->in_flight -= !call->solo;
		call->h = NULL;
		break;
	}
}

static struct http_call *
call_new(struct http *h, const struct http_req *req, void *tag, bool solo)
{
	struct http_call *call = xcalloc(1, sizeof *call);

	call->h = h;
	call->req = *req;
	call->shown = request_shown(req);
	call->tag = tag;
	call->solo = solo;
	call->resp.head.max = LIMIT_HEADERS;
	call->state = CALL_OUT;
	call->due_mono_ns = clock_mono_ns();
	h->in_flight += !solo;
	call_to_list(call, CALL_WAITING);
	return call;
}

void
http_call_free(struct http_call *call)
{
	if (!call)
		return;
	if (call->h) {
		assert_that(!call->h->in_callback);
		attempt_drop(call);
		call_to_list(call, CALL_OUT);
	}
	http_resp_done(&call->resp);
	free(call->shown);
	free(call);
}

void
http_call_freep(struct http_call **call)
{
	http_call_free(TAKE(*call));
}

static void
start_due(struct http *h)
{
	int64_t now = clock_mono_ns();

	while (h->waiting && h->waiting->due_mono_ns <= now)
		attempt_begin(h->waiting);
}

static void
end_finished(struct http *h)
{
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(h->multi, &left))) {
		char *private = NULL;
		CURLcode code = m->data.result;

		if (m->msg != CURLMSG_DONE)
			continue;
		(void)curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &private);
		attempt_end((struct http_call *)(void *)private, code);
	}
}

/* How long a turn may sleep: up to the next due time, rounded up lest its last millisecond spins. */
static int
sleep_ms(const struct http *h)
{
	int64_t due = h->timer_mono_ns, left;

	if (h->waiting && h->waiting->due_mono_ns < due)
		due = h->waiting->due_mono_ns;
	left = due - clock_mono_ns();
	if (left >= CANCEL_MS * NS_PER_MS)
		return CANCEL_MS;
	return left > 0 ? (int)((left + NS_PER_MS - 1) / NS_PER_MS) : 0;
}

static int
multi_err(CURLMcode code, struct err *e)
{
	return err_set(e, EK_IO, "libcurl: %s", curl_multi_strerror(code));
}

static int
wait_and_run(struct http *h, struct err *e)
{
	struct epoll_event events[EVENTS];
	int n = epoll_wait(h->epoll, events, EVENTS, sleep_ms(h)), running;
	CURLMcode code = CURLM_OK;

	if (n < 0 && errno != EINTR)
		return err_sys(e, errno, "epoll");
	for (int i = 0; i < n && code == CURLM_OK; i++) {
		/* What is wrong with a socket shows when it is read. */
		int what = (events[i].events & ~(uint32_t)EPOLLOUT ? CURL_CSELECT_IN : 0) |
			(events[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0);

		code = curl_multi_socket_action(h->multi, events[i].data.fd, what, &running);
	}
	/* Also after a quiet tenth of a second: a timer that fired a moment too early is not told again. */
	if (code == CURLM_OK && (n <= 0 || clock_mono_ns() >= h->timer_mono_ns)) {
		h->timer_mono_ns = INT64_MAX;
		code = curl_multi_socket_action(h->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	}
	return code == CURLM_OK ? 0 : multi_err(code, e);
}

/* One turn.  -1: canceled, or libcurl itself is broken; calls are as they were. */
static int
session_turn(struct http *h, const struct cancel *c, struct err *e)
{
	uint64_t ended = h->ended;

	assert_that(!h->in_callback);
	if (cancel_check(c, e) < 0)
		return -1;
	start_due(h);
	if (h->ended != ended)
		return 0;
	if (wait_and_run(h, e) < 0)
		return -1;
	end_finished(h);
	return 0;
}

int
http_do(struct http *h, const struct http_req *req, struct http_resp *resp, const struct cancel *c,
	struct err *e)
{
	AUTO(http_call_freep) struct http_call *call = call_new(h, req, NULL, true);
	int rc = 0;

	while (rc == 0 && call->state != CALL_DONE)
		rc = session_turn(h, c, e);
	if (rc == 0)
		rc = http_call_result(call, e);
	*resp = call->resp;
	call->resp = (struct http_resp){ 0 };
	return rc;
}

struct http_call *
http_start(struct http *h, const struct http_req *req, void *tag)
{
	return call_new(h, req, tag, false);
}

/* The first ended call of the window; http_do's own, nested by prepare hooks, are not for http_next. */
static struct http_call *
first_done(const struct http *h)
{
	struct http_call *call;

	DL_FOREACH(h->done, call)
		if (!call->solo)
			return call;
	return NULL;
}

struct http_call *
http_next(struct http *h, const struct cancel *c, struct err *e)
{
	struct http_call *call;

	while (!(call = first_done(h))) {
		if (!h->in_flight) {
			*e = (struct err){ 0 };
			return NULL;
		}
		if (session_turn(h, c, e) < 0)
			return NULL;
	}
	call_to_list(call, CALL_OUT);
	return call;
}

size_t
http_in_flight(const struct http *h)
{
	return h->in_flight;
}

void *
http_call_tag(const struct http_call *call)
{
	return call->tag;
}

struct http_resp *
http_call_resp(struct http_call *call)
{
	return &call->resp;
}

int
http_call_result(const struct http_call *call, struct err *e)
{
	if (call->err.kind == EK_NONE)
		return 0;
	*e = call->err;
	return -1;
}

int64_t
http_round_trip_ns(const struct http *h)
{
	return h->round_trip_ns;
}

const struct http_route *
http_route(const struct http *h)
{
	return &h->route;
}

const struct tls_facts *
http_tls_facts(const struct http *h)
{
	return h->tls.protocol[0] != '\0' ? &h->tls : NULL;
}

int64_t
http_clock_skew_ns(const struct http *h)
{
	return h->skew_ns;
}
