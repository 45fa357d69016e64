/* One call: its attempts, what libcurl hands over, and what happens after each attempt. */
#include "net/http_impl.h"

#include "base/clock.h"
#include "base/fmt.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/secret.h"
#include "net/retry.h"

#include <errno.h>
#include <inttypes.h>

#define LOG_MODULE      "http"
#define RESTART_RETRIES 2

static bool
is_success(const struct http_resp *r)
{
	return r->status >= 200 && r->status < 300;
}

/* A callback ends the transfer: the reason waits in broken until libcurl has reported the end. */
static void
break_off(struct http_call *call, const struct err *e, bool by_us)
{
	call->broken = *e;
	call->broken_by_us = by_us;
}

/* The head is complete: the status decides how much of the body is kept. */
static void
end_head(struct http_call *call)
{
	struct http_resp *r = &call->resp;
	struct str date;
	int64_t unix_ns;
	long status = 0;

	(void)curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
	r->status = (int)status;
	r->body.max = is_success(r) ? call->req.max_body : LIMIT_ERROR_BODY;
	call->head_done = call->h->answered = true;
	if (http_resp_header(r, "Date", &date) && clock_parse_http(date, &unix_ns))
		call->h->skew_ns = unix_ns - clock_unix_ns();
}

static int
keep_header(struct http_call *call, struct str line, size_t raw_len, struct err *e)
{
	struct http_resp *r = &call->resp;

	call->head_bytes += raw_len;
	if (call->head_bytes > LIMIT_HEADERS)
		return err_set(e, EK_LIMIT, "more than %zu KiB of response headers",
			LIMIT_HEADERS / KIB);
	if (call->head_done && (r->status >= 200 || !str_starts(line, S("HTTP/"))))
		return 0;                                /* a trailer */
	if (str_starts(line, S("HTTP/")) && (call->head_done || !r->head.len)) {
		buf_cut(&r->head, 0);
		call->head_done = false;
		return 0;
	}
	if (!line.len) {
		end_head(call);
		return 0;
	}
	if (buf_add_str(&r->head, line, e) < 0)
		return -1;
	return buf_add(&r->head, "\n", 1, e);
}

/* Every header line, of interim (1xx) responses and trailers too; only the final head is kept. */
static size_t
on_header(char *p, size_t size, size_t n, void *arg)
{
	struct http_call *call = arg;
	struct err e = { 0 };

	n *= size;
	if (keep_header(call, str_trim((struct str){ p, n }), n, &e) == 0)
		return n;
	break_off(call, &e, true);
	return 0;
}

static int
keep_body(struct http_call *call, const char *p, size_t n, struct err *e)
{
	struct buf *body = &call->resp.body;

	if (is_success(&call->resp)) {
		if (buf_add(body, p, n, e) == 0)
			return 0;
		return err_set(e, EK_LIMIT, "the answer has more than %zu bytes", body->max);
	}
	if (n > body->max - body->len)
		n = body->max - body->len;
	return buf_add(body, p, n, e);
}

static size_t
on_body(char *p, size_t size, size_t n, void *arg)
{
	struct http_call *call = arg;
	struct err e = { 0 };
	int rc;

	n *= size;
	if (!n)
		return 0;
	call->resp.bytes += n;
	if (!call->req.sink || !is_success(&call->resp)) {
		rc = keep_body(call, p, n, &e);
		if (rc < 0)
			break_off(call, &e, true);
		return rc < 0 ? 0 : n;
	}
	call->sunk = true;
	call->h->in_callback = true;
	rc = call->req.sink(call->req.ctx, p, n, &e);
	call->h->in_callback = false;
	if (rc < 0)
		break_off(call, &e, false);
	return rc < 0 ? 0 : n;
}

/*
 * Runs each time libcurl is about to issue the request on a connection.  A second time means that
 * it wants to repeat the request by itself, because a kept connection closed without an answer.
 * Whether the server had got the request nobody knows.
 */
static int
on_issue(void *arg, char *ip, char *local_ip, int port, int local_port)
{
	struct http_call *call = arg;

	(void)ip, (void)local_ip, (void)port, (void)local_port;
	if (call->issued && !call->req.idempotent)
		return CURL_PREREQFUNC_ABORT;
	call->resp.attempts += call->issued;
	call->issued = true;
	return CURL_PREREQFUNC_OK;
}

static int
set_callbacks(struct http_call *call, struct err *e)
{
	CURL *easy = call->easy;

	if (curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header) == CURLE_OK &&
	    curl_easy_setopt(easy, CURLOPT_HEADERDATA, call) == CURLE_OK &&
	    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
	    curl_easy_setopt(easy, CURLOPT_WRITEDATA, call) == CURLE_OK &&
	    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_issue) == CURLE_OK &&
	    curl_easy_setopt(easy, CURLOPT_PREREQDATA, call) == CURLE_OK)
		return 0;
	return err_set(e, EK_INVALID, "libcurl lacks a callback");
}

void
call_drop_headers(struct http_call *call)
{
	for (struct curl_slist *at = call->headers; at; at = at->next)
		secret_wipe(at->data, strlen(at->data));
	curl_slist_free_all(call->headers);
	curl_slist_free_all(call->connect_to);
	call->headers = call->connect_to = NULL;
	call->bad_header = false;
}

void
attempt_drop(struct http_call *call)
{
	if (call->easy) {
		/* Of a handle that never got into it this changes nothing. */
		(void)curl_multi_remove_handle(call->h->multi, call->easy);
		easy_put(call->h, TAKE(call->easy));
	}
	call_drop_headers(call);
}

static void
call_end(struct http_call *call, const struct err *e)
{
	attempt_drop(call);
	call->err = *e;
	call_to_list(call, CALL_DONE);
}

/* Forgets the previous attempt, so that a response never mixes two of them. */
static void
reset_attempt(struct http_call *call)
{
	struct http_resp *r = &call->resp;

	r->status = 0;
	buf_cut(&r->body, 0);
	buf_cut(&r->head, 0);
	r->bytes = 0;
	r->elapsed_ns = 0;
	call->issued = call->head_done = false;
	call->head_bytes = 0;
	call->broken = (struct err){ 0 };
	call->errbuf[0] = '\0';
}

/* The part after prepare. */
static void
issue(struct http_call *call)
{
	struct err e = { 0 };
	CURLMcode code;

	reset_attempt(call);
	call->resp.attempts++;
	call->easy = easy_get(call->h);
	if (attempt_setup(call, &e) < 0 || set_callbacks(call, &e) < 0) {
		attempt_err_ctx(call, &e);
		call_end(call, &e);
		return;
	}
	code = curl_multi_add_handle(call->h->multi, call->easy);
	if (code != CURLM_OK) {
		(void)err_set(&e, EK_IO, "libcurl: %s", curl_multi_strerror(code));
		attempt_err_ctx(call, &e);
		call_end(call, &e);
	}
}

void
attempt_begin(struct http_call *call)
{
	struct err e = { 0 };

	/* Leaves the waiting list first: a prepare hook may use the session. */
	call_to_list(call, CALL_ACTIVE);
	if (call->req.prepare && call->req.prepare(call->req.ctx, call, false, &e) < 0)
		call_end(call, &e);
	else
		issue(call);
}

/* After a 401: asks once for better credentials.  True: a new attempt, or the end, is arranged. */
static bool
renew(struct http_call *call)
{
	struct err e = { 0 };
	int rc;

	if (call->resp.status != 401 || !call->req.prepare || call->renewed ||
	    call->broken.kind != EK_NONE)
		return false;
	call->renewed = true;
	rc = call->req.prepare(call->req.ctx, call, true, &e);
	if (rc < 0)
		call_end(call, &e);
	else if (rc == 0)
		issue(call);
	return rc <= 0;
}

/* May this failed attempt be followed by another one? */
static bool
is_repeatable(const struct http_call *call, const struct err *e)
{
	bool restarts = e->sys == ECONNREFUSED && call->h->answered && call->h->retries > 0;
	struct str hint;

	if (!err_info(e->kind)->retry || call->retried >= call->h->retries + (restarts ? RESTART_RETRIES : 0) ||
	    call->sunk || (e->http >= 400 && call->req.settled != NULL && call->req.settled(&call->resp)))
		return false;
	if (call->req.idempotent || !call->issued)
		return true;
	/* The server says itself that it did nothing. */
	return e->http == 429 ||
		(e->http == 503 && http_resp_header(&call->resp, "Retry-After", &hint));
}

static void
log_attempt(const struct http_call *call, bool failed, const struct err *e)
{
	char took[FMT_MAX];

	if (!log_enabled(LOG_MODULE, LOG_DEBUG_))
		return;
	LOG_DBG("%s: %d, %" PRIu64 " bytes in %s, attempt %u%s%s", call->shown, call->resp.status,
		call->resp.bytes, fmt_duration(took, call->resp.elapsed_ns), call->resp.attempts,
		failed ? ": " : "", failed ? e->msg : "");
}

/* Not the time to connect: what stands between may do that for the server. */
static void
note_round_trip(const struct http_call *call)
{
	struct http *h = call->h;
	curl_off_t sent = 0, answered = 0;
	int64_t ns;

	(void)curl_easy_getinfo(call->easy, CURLINFO_PRETRANSFER_TIME_T, &sent);
	(void)curl_easy_getinfo(call->easy, CURLINFO_STARTTRANSFER_TIME_T, &answered);
	ns = (answered - sent) * NS_PER_US;
	if (call->resp.status > 0 && ns > 0 && (h->round_trip_ns == 0 || ns < h->round_trip_ns))
		h->round_trip_ns = ns;
}

static int64_t
ns_info(const struct http_call *call, CURLINFO what)
{
	curl_off_t us = 0;

	(void)curl_easy_getinfo(call->easy, what, &us);
	return us * NS_PER_US;
}

static void
note_route(const struct http_call *call)
{
	struct http_route *r = &call->h->route;
	char *ip = NULL;
	long port = 0, tunnel = 0;

	(void)curl_easy_getinfo(call->easy, CURLINFO_PRIMARY_IP, &ip);
	(void)curl_easy_getinfo(call->easy, CURLINFO_PRIMARY_PORT, &port);
	(void)curl_easy_getinfo(call->easy, CURLINFO_HTTP_CONNECTCODE, &tunnel);
	*r = (struct http_route){ .resolved_ns = ns_info(call, CURLINFO_NAMELOOKUP_TIME_T),
		.connected_ns = ns_info(call, CURLINFO_CONNECT_TIME_T),
		.secured_ns = ns_info(call, CURLINFO_APPCONNECT_TIME_T), .ended_ns = call->resp.elapsed_ns,
		.proxied = tunnel != 0 };
	if (ip != NULL && ip[0] != '\0')
		(void)snprintf(r->address, sizeof r->address, "%s port %ld", ip, port);
}

void
attempt_end(struct http_call *call, CURLcode code)
{
	struct err e = { 0 };
	curl_off_t us = 0;
	bool failed;

	(void)curl_easy_getinfo(call->easy, CURLINFO_TOTAL_TIME_T, &us);
	call->resp.elapsed_ns = us * NS_PER_US;
	note_round_trip(call);
	note_route(call);
	failed = attempt_failed(call, code, &e);
	log_attempt(call, failed, &e);
	call->resp.throttled += failed && (e.http == 429 || e.http == 503);
	attempt_drop(call);
	if (failed && renew(call))
		return;
	if (failed && is_repeatable(call, &e)) {
		uint64_t random;

		random_bytes(&random, sizeof random);
		call->due_mono_ns = clock_mono_ns() +
			retry_delay_ns(call->retried++, e.retry_after_ns, random);
		call_to_list(call, CALL_WAITING);
		return;
	}
	call_end(call, &e);
}
