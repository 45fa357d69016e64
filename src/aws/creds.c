/*
 * Sets of credentials, and the source that keeps a good one at hand.
 *
 *	creds_take --present set good--> copy
 *	     |
 *	     +--about to end, or refused--> one thread asks (without the lock), the others wait for what it brings
 *	                                    or go on with the present set as long as that lasts
 *
 * Asking goes along the links: a role's link first takes a set of the link below it, which may have to ask, too.
 */
#include "aws/creds.h"

#include "aws/creds_impl.h"
#include "aws/profile.h"
#include "aws/sts.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define LOG_MODULE     "aws"
#define RENEW_EARLY_NS (300 * NS_PER_S)
#define RETRY_NS       (20 * NS_PER_S)   /* between attempts to renew while the present set is still good */
#define TICK_NS        (50 * NS_PER_MS)  /* how late a cancel is seen by those who wait */
#define STS_TIMEOUT_NS (30 * NS_PER_S)
#define STS_RETRIES    3
#define TOKEN_FILE_MAX (64 * KIB)

/* --- sets --- */

void
creds_done(struct creds *c)
{
	free(c->access_key);
	secret_free(c->secret_key);
	secret_free(c->token);
	*c = (struct creds){ 0 };
}

void
creds_set(struct creds *out, struct str access_key, struct str secret_key, struct str token, const char *source)
{
	*out = (struct creds){
		.access_key = str_dup(access_key),
		.secret_key = secret_new(secret_key),
		.token = token.len ? secret_new(token) : NULL,
		.source = source,
	};
}

void
creds_copy(struct creds *out, const struct creds *from)
{
	*out = *from;
	out->access_key = xstrdup(from->access_key);
	out->secret_key = secret_dup(from->secret_key);
	out->token = secret_dup(from->token);
}

bool
creds_header_safe(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.p[i] <= ' ' || (unsigned char)s.p[i] >= 0x7f)
			return false;
	return true;
}

int64_t
creds_our_time(int64_t server_unix_ns, int64_t skew_ns)
{
	return skew_ns > CREDS_SKEW_MAX || skew_ns < -CREDS_SKEW_MAX ? server_unix_ns - skew_ns : server_unix_ns;
}

const char *
creds_env(const char *name)
{
	const char *v = getenv(name);

	return v && *v ? v : NULL;
}

int
creds_sink(void *buf, const void *p, size_t n, struct err *e)
{
	return buf_add(buf, p, n, e);
}

int
creds_from_json(const cJSON *doc, const char *token_name, const char *source, struct creds *out, struct err *e)
{
	const char *access = jdoc_text(doc, "AccessKeyId"), *secret = jdoc_text(doc, "SecretAccessKey");
	const char *token = jdoc_text(doc, token_name), *until = jdoc_text(doc, "Expiration");
	int64_t until_ns = 0;

	if (!access || !*access || !secret || !*secret)
		return err_set(e, EK_CORRUPT, "the answer has no %s", access && *access ? "SecretAccessKey" :
			"AccessKeyId");
	if (until && !clock_parse_rfc3339(str_of(until), &until_ns))
		return err_set(e, EK_CORRUPT, "its Expiration '%.40s' is not a time (RFC 3339)", until);
	creds_set(out, str_of(access), str_of(secret), str_of(token), source);
	out->expires_unix_ns = until_ns;
	return 0;
}

/* --- links: asking --- */

static int
environment_fetch(const struct link_conf *x, const struct link *l, struct creds *out, const struct cancel *c,
	struct err *e)
{
	const char *access = creds_env("AWS_ACCESS_KEY_ID"), *secret = creds_env("AWS_SECRET_ACCESS_KEY");

	(void)x, (void)l, (void)c;
	if (!access || !secret)
		return err_set(e, EK_DENIED, "%s is set, but %s is not",
			access ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY",
			access ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID");
	creds_set(out, str_of(access), str_of(secret), str_of(creds_env("AWS_SESSION_TOKEN")), "environment");
	return 0;
}

/* The file is read again each time: somebody may have put new keys there. */
static int
profile_fetch(const struct link_conf *x, const struct link *l, struct creds *out, const struct cancel *c, struct err *e)
{
	AUTO(profiles_done) struct profiles files = { 0 };
	struct profile p = { 0 };

	(void)c;
	if (profiles_read(&files, x->file, e) < 0)
		return -1;
	if (!profiles_find(&files, l->profile, &p) || !p.v[PROFILE_ACCESS_KEY].len || !p.v[PROFILE_SECRET_KEY].len)
		return err_set(e, EK_DENIED, "profile '%.64s' has no keys any more", l->profile);
	creds_set(out, p.v[PROFILE_ACCESS_KEY], p.v[PROFILE_SECRET_KEY], p.v[PROFILE_TOKEN], "profile");
	return 0;
}

static struct http *
sts_session(const struct link_conf *x, struct err *e)
{
	struct http_conf conf = { .user_agent = "orlop/" PACKAGE_VERSION, .ca_file = x->ca_file,
		.stall_timeout_ns = STS_TIMEOUT_NS, .retries = STS_RETRIES };

	return http_new(&conf, e);
}

static struct sts_role
role_of(const struct link *l)
{
	return (struct sts_role){ l->role_arn, l->session_name, l->external_id, l->duration_s };
}

static int
web_fetch(const struct link_conf *x, const struct link *l, struct creds *out, const struct cancel *c, struct err *e)
{
	AUTO(buf_wipe) struct buf token = BUF_INIT(TOKEN_FILE_MAX);
	AUTO(http_freep) struct http *h = sts_session(x, e);
	struct sts sts = { h, x->region };
	struct sts_role role = role_of(l);
	struct str text;

	if (!h || !buf_room(&token, TOKEN_FILE_MAX, e))
		return -1;
	if (file_read(l->token_file, &token, e) < 0) {
		e->kind = EK_DENIED;
		return err_ctx(e, "the web identity token of role '%.150s'", l->role_arn);
	}
	text = str_trim(buf_str(&token));
	if (!text.len || !creds_header_safe(text))
		return err_set(e, EK_DENIED, "'%.200s' holds no web identity token", l->token_file);
	return sts_assume_role_with_web_identity(&sts, text, &role, out, c, e);
}

static int
role_fetch(const struct link_conf *x, const struct link *l, struct creds *out, const struct cancel *c, struct err *e)
{
	AUTO(http_freep) struct http *h = sts_session(x, e);
	struct sts sts = { h, x->region };
	struct sts_role role = role_of(l);

	if (!h)
		return -1;
	return sts_assume_role(&sts, &l->base->now, &role, out, c, e);
}

static const struct link_info {
	const char *text;
	link_fetch *fetch;
	bool        fixed;               /* asking again gives the same */
} link_info[] = {
	[LINK_ENVIRONMENT] = { "environment",        environment_fetch, true },
	[LINK_PROFILE]     = { "profile",            profile_fetch,     false },
	[LINK_PROCESS]     = { "program",            process_fetch,     false },
	[LINK_WEB]         = { "web identity",       web_fetch,         false },
	[LINK_CONTAINER]   = { "container endpoint", container_fetch,   false },
	[LINK_METADATA]    = { "instance metadata",  metadata_fetch,    false },
	[LINK_ROLE]        = { "role",               role_fetch,        false },
};
static_assert(COUNT(link_info) == LINK_COUNT_, "every kind of link needs its row");

void
link_free(struct link *l)
{
	if (!l)
		return;
	link_free(l->base);
	free(l->profile);
	free(l->command);
	free(l->token_file);
	free(l->role_arn);
	free(l->external_id);
	free(l->session_name);
	creds_done(&l->now);
	free(l);
}

void
link_conf_done(struct link_conf *x)
{
	free(x->file);
	free(x->region);
	free(x->ca_file);
	free(x->looked);
	*x = (struct link_conf){ 0 };
}

void
link_describe(const struct link *l, struct buf *out)
{
	if (l->kind == LINK_PROFILE) {
		buf_putf(out, "profile '%.64s'", l->profile);
		return;
	}
	buf_puts(out, link_info[l->kind].text);
	if (l->role_arn)
		buf_putf(out, "%s%.200s", l->kind == LINK_ROLE ? " " : " for role ", l->role_arn);
	if (l->external_id)
		buf_puts(out, " (External ID given)");
	if (l->profile)
		buf_putf(out, " of profile '%.64s'", l->profile);
	if (l->base) {
		buf_puts(out, ", assumed with ");
		link_describe(l->base, out);
	}
}

/* Five minutes early, or at half of a shorter life.  INT64_MAX: never. */
static int64_t
renew_at(const struct creds *c, int64_t since_unix_ns)
{
	int64_t early;

	if (!c->expires_unix_ns)
		return INT64_MAX;
	early = (c->expires_unix_ns - since_unix_ns) / 2;
	if (early < 0)
		early = 0;
	return c->expires_unix_ns - (early < RENEW_EARLY_NS ? early : RENEW_EARLY_NS);
}

static bool
is_fresh(const struct link *l, int64_t now_unix_ns)
{
	return l->now.access_key && now_unix_ns < renew_at(&l->now, l->since_unix_ns);
}

static bool
is_good(const struct link *l, int64_t now_unix_ns)
{
	return l->now.access_key && (!l->now.expires_unix_ns || now_unix_ns < l->now.expires_unix_ns);
}

static int
ask(const struct link_conf *x, const struct link *l, struct creds *out, const struct cancel *c, struct err *e)
{
	AUTO(creds_done) struct creds got = { 0 };

	if (link_info[l->kind].fetch(x, l, &got, c, e) < 0)
		return -1;
	if (!creds_header_safe(str_of(got.access_key)) || !creds_header_safe(secret_get(got.token)))
		return err_set(e, EK_INVALID, "access key or token hold a blank or a control character");
	if (got.expires_unix_ns && got.expires_unix_ns <= clock_unix_ns())
		return err_set(e, EK_DENIED, "what the %s gives has expired already; check the clocks, and what hands them out",
			link_info[l->kind].text);
	*out = got;
	got = (struct creds){ 0 };
	LOG_DBG("new credentials by %s%s%s", link_info[l->kind].text, l->role_arn ? " " : "",
		l->role_arn ? l->role_arn : "");
	return 0;
}

/* STS's words for a set that it does not take any more. */
static bool
base_was_refused(const struct err *e)
{
	static const char *const words[] = { "ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId",
		"UnrecognizedClientException", "InvalidAccessKeyId" };

	for (size_t i = 0; i < COUNT(words); i++)
		if (strcmp(e->reason, words[i]) == 0)
			return true;
	return false;
}

/*
 * A new set for l into out, its bases renewed as needed.  l->now stays as it is: others may be reading it.  Only the one
 * who asks touches bases.
 */
static int
link_renew(const struct link_conf *x, struct link *l, struct creds *out, const struct cancel *c, struct err *e)
{
	struct link *base = l->base;
	struct err why = { 0 };
	struct creds got = { 0 };
	bool renewed = false;

	for (;;) {
		if (base && (renewed || !is_fresh(base, clock_unix_ns()))) {
			if (link_renew(x, base, &got, c, &why) == 0) {
				creds_done(&base->now);
				base->now = got;
				base->since_unix_ns = clock_unix_ns();
				got = (struct creds){ 0 };
			} else if (renewed || !is_good(base, clock_unix_ns())) {
				*e = why;
				return -1;
			}
		}
		why = (struct err){ 0 };
		if (ask(x, l, out, c, &why) == 0)
			return 0;
		if (!base || renewed || link_info[base->kind].fixed || !base_was_refused(&why)) {
			*e = why;
			return -1;
		}
		renewed = true;
	}
}

/* --- the source --- */

struct creds_source {
	struct link_conf conf;           /* constant */
	struct link     *top;            /* constant, but for top->now and since (lock) and what is below (who asks) */
	struct lock     *lock;           /* guards the rest */
	bool             asking;
	unsigned         asked;          /* attempts that have ended */
	struct err       failure;        /* of the last one; EK_NONE: it succeeded */
	int64_t          again_mono_ns;  /* no attempt before, while the present set is good */
};

/* What needs nobody else is read at once: its mistakes are known before anything is begun. */
static int
read_keys(const struct link_conf *x, struct link *top, struct err *e)
{
	for (struct link *l = top; l; l = l->base) {
		if (l->kind != LINK_ENVIRONMENT && l->kind != LINK_PROFILE)
			continue;
		if (ask(x, l, &l->now, NULL, e) < 0)
			return err_ctx(e, "AWS credentials");
		l->since_unix_ns = clock_unix_ns();
	}
	return 0;
}

struct creds_source *
creds_source_new(const struct creds_conf *conf, struct err *e)
{
	struct creds_source *s = xcalloc(1, sizeof *s);

	s->lock = lock_new();
	s->top = chain_new(conf, &s->conf, e);
	if (s->top && read_keys(&s->conf, s->top, e) == 0)
		return s;
	creds_source_free(s);
	return NULL;
}

void
creds_source_free(struct creds_source *s)
{
	if (!s)
		return;
	link_free(s->top);
	link_conf_done(&s->conf);
	lock_free(s->lock);
	free(s);
}

void
creds_source_freep(struct creds_source **s)
{
	creds_source_free(*s);
	*s = NULL;
}

void
creds_describe(const struct creds_source *s, struct buf *out)
{
	link_describe(s->top, out);
}

static bool
is_refused(const struct creds_source *s, const char *refused)
{
	return refused && s->top->now.access_key && strcmp(refused, s->top->now.access_key) == 0;
}

/* Lock held on entry and return, not in between. */
static void
ask_for_all(struct creds_source *s, bool refused, const struct cancel *c)
{
	struct creds got = { 0 };
	struct err why = { 0 };
	int rc;

	s->asking = true;
	lock_drop(s->lock);
	rc = link_renew(&s->conf, s->top, &got, c, &why);
	lock_take(s->lock);
	s->asking = false;
	s->asked++;
	s->failure = why;
	if (rc == 0) {
		creds_done(&s->top->now);
		s->top->now = got;
		s->top->since_unix_ns = clock_unix_ns();
		s->again_mono_ns = 0;
	} else {
		LOG_DBG("no new credentials: %s", why.msg);
		s->again_mono_ns = refused ? 0 : clock_mono_ns() + RETRY_NS;
	}
	lock_wake(s->lock);
}

/* What a caller that had to wait, or has asked himself, makes of the attempt's end. */
static int
outcome(const struct creds_source *s, const char *refused, struct creds *out, struct err *e)
{
	bool failed = s->failure.kind != EK_NONE;

	if (failed && (is_refused(s, refused) || !is_good(s->top, clock_unix_ns()))) {
		*e = s->failure;
		e->http = 0;                     /* of the caller's request, these would be misread */
		e->reason[0] = '\0';
		return err_ctx(e, "AWS credentials");
	}
	if (is_refused(s, refused))
		return 1;
	creds_copy(out, &s->top->now);
	return 0;
}

static int
wait_for_other(struct creds_source *s, const struct cancel *c, struct err *e)
{
	unsigned mine = s->asked;

	while (s->asked == mine) {
		(void)lock_wait_until(s->lock, clock_mono_ns() + TICK_NS);
		if (cancel_check(c, e) < 0)
			return -1;
	}
	return 0;
}

/* The present set, where it will do for this caller. */
static bool
will_do(const struct creds_source *s, const char *refused)
{
	int64_t now = clock_unix_ns();

	if (is_refused(s, refused))
		return false;
	return is_fresh(s->top, now) || (is_good(s->top, now) && (s->asking || clock_mono_ns() < s->again_mono_ns));
}

static int
take_held(struct creds_source *s, const char *refused, struct creds *out, const struct cancel *c, struct err *e)
{
	bool other;

	for (;;) {
		if (will_do(s, refused)) {
			creds_copy(out, &s->top->now);
			return 0;
		}
		if (is_refused(s, refused) && link_info[s->top->kind].fixed)
			return 1;
		other = s->asking;
		if (other && wait_for_other(s, c, e) < 0)
			return -1;
		if (!other)
			ask_for_all(s, is_refused(s, refused), c);
		/* Somebody else's cancel is not ours. */
		if (!other || s->failure.kind != EK_CANCELED)
			return outcome(s, refused, out, e);
	}
}

int
creds_take(struct creds_source *s, const char *refused, struct creds *out, const struct cancel *c, struct err *e)
{
	struct creds got = { 0 };
	int rc;

	lock_take(s->lock);
	rc = take_held(s, refused, &got, c, e);
	lock_drop(s->lock);
	if (rc == 0)
		*out = got;
	return rc;
}
