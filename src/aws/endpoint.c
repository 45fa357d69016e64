/*
 * Credentials from small servers nearby: the container endpoint (ECS, EKS Pod Identity) and the metadata of an EC2
 * instance.  Sources: AWS SDKs and Tools Reference Guide, "Container credential provider"; EC2 User Guide, "Use the Instance
 * Metadata Service".
 */
#include "aws/creds_impl.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#define ECS_HOST        "http://169.254.170.2"
#define METADATA_HOST   "http://169.254.169.254"
#define ROLE_PATH       "/latest/meta-data/iam/security-credentials/"
#define TOKEN_PATH      "/latest/api/token"
#define TOKEN_TTL       "X-aws-ec2-metadata-token-ttl-seconds: 21600"
#define TOKEN_HEADER    "X-aws-ec2-metadata-token: "
#define CONNECT_NS      (1 * NS_PER_S)   /* both are on this very machine, or not there */
#define FIRST_ANSWER_NS (2 * NS_PER_S)
#define ANSWER_NS       (5 * NS_PER_S)
#define RETRIES         3
#define TOKEN_MAX       (16 * KIB)
#define NAME_MAX_LEN    256

/* No proxy stands between: the address means this machine. */
static struct http *
session(const struct link_conf *x, unsigned retries, struct err *e)
{
	struct http_conf conf = { .user_agent = "orlop/" PACKAGE_VERSION, .ca_file = x->ca_file, .proxy = "",
		.connect_timeout_ns = CONNECT_NS, .stall_timeout_ns = ANSWER_NS, .http1_only = true, .retries = retries };

	return http_new(&conf, e);
}

/* One exchange; the answer's text in body, which is wiped by the caller. */
static int
ask(struct http *h, const char *method, const char *url, const char *header, int64_t timeout_ns, struct buf *body,
	struct http_resp *resp, const struct cancel *c, struct err *e)
{
	const char *lines[] = { header, NULL };
	struct http_req req = { .method = method, .url = url, .headers = lines, .idempotent = true,
		.timeout_ns = timeout_ns, .sink = creds_sink, .ctx = body };

	body->max = CREDS_ANSWER_MAX;
	if (!buf_room(body, CREDS_ANSWER, e))
		return -1;
	return http_do(h, &req, resp, c, e);
}

static int
read_set(struct str text, const char *source, int64_t skew_ns, struct creds *out, struct err *e)
{
	AUTO(jdoc_wipep) cJSON *doc = jdoc_parse(text, e);

	if (!doc)
		return err_ctx(e, "its answer is not JSON");
	if (creds_from_json(doc, "Token", source, out, e) < 0)
		return -1;
	if (out->expires_unix_ns)
		out->expires_unix_ns = creds_our_time(out->expires_unix_ns, skew_ns);
	return 0;
}

/* --- container endpoint --- */

/* Where a token may go without TLS: this machine, and the addresses of ECS and EKS. */
static bool
is_near(struct str host)
{
	static const char *const names[] = { "localhost", "169.254.170.2", "169.254.170.23", "[::1]", "[fd00:ec2::23]" };
	AUTO_FREE char *text = str_dup(host);
	struct in_addr v4;

	for (size_t i = 0; i < COUNT(names); i++)
		if (str_eqz(host, names[i]))
			return true;
	return inet_pton(AF_INET, text, &v4) == 1 && ntohl(v4.s_addr) >> 24 == 127;
}

static struct str
host_of(struct str url)
{
	struct str rest = str_sub(url, str_chr(url, ':') + 3, url.len);

	rest = str_sub(rest, 0, str_chr(rest, '/'));
	if (rest.len && rest.p[0] == '[')
		return str_sub(rest, 0, str_chr(rest, ']') + 1);
	return str_sub(rest, 0, str_chr(rest, ':'));
}

static char *
container_url(struct err *e)
{
	const char *relative = creds_env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
	const char *full = creds_env("AWS_CONTAINER_CREDENTIALS_FULL_URI");
	struct str url = str_of(full);

	if (relative && relative[0] == '/' && creds_header_safe(str_of(relative)))
		return xasprintf("%s%s", ECS_HOST, relative);
	if (relative || !full) {
		(void)err_set(e, EK_INVALID, relative ? "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI does not start with '/'" :
			"AWS_CONTAINER_CREDENTIALS_FULL_URI is not set");
		return NULL;
	}
	if (creds_header_safe(url) && str_chr(url, '@') == url.len && (str_starts(url, S("https://")) ||
	    (str_starts(url, S("http://")) && is_near(host_of(url)))))
		return xstrdup(full);
	(void)err_set(e, EK_INVALID, "AWS_CONTAINER_CREDENTIALS_FULL_URI is neither https:// nor on this machine, ECS or EKS "
		"(127.0.0.0/8, 169.254.170.2, 169.254.170.23, [::1], [fd00:ec2::23])");
	return NULL;
}

/* "Authorization: ..." in line, or nothing.  The file is read each time: EKS renews it. */
static int
authorization(struct buf *line, struct err *e)
{
	AUTO(buf_wipe) struct buf text = BUF_INIT(TOKEN_MAX);
	const char *path = creds_env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
	const char *token = creds_env("AWS_CONTAINER_AUTHORIZATION_TOKEN");
	struct str value = str_of(token);

	if (!path && !token)
		return 0;
	if (path) {
		if (!buf_room(&text, TOKEN_MAX, e))
			return -1;
		if (file_read(path, &text, e) < 0) {
			e->kind = EK_DENIED;
			return err_ctx(e, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
		}
		value = str_trim(buf_str(&text));
	}
	for (size_t i = 0; i < value.len; i++)
		if ((unsigned char)value.p[i] < ' ')
			return err_set(e, EK_INVALID, "the authorization token of the container endpoint has a line break");
	if (!buf_room(line, 2 * TOKEN_MAX, e))
		return -1;
	return buf_add_str(line, S("Authorization: "), e) < 0 ? -1 : buf_add_str(line, value, e);
}

/* {"code": "...", "message": "..."}, or any text. */
static void
container_refused(const struct http_resp *resp, struct err *e)
{
	struct err ignored;
	AUTO_JDOC cJSON *doc = jdoc_parse(buf_str(&resp->body), &ignored);
	const char *said = jdoc_text(doc, "message");
	AUTO_BUF struct buf shown = BUF_INIT(16 * KIB);
	enum err_kind kind = e->kind;

	text_visible(&shown, str_of(said ? said : jdoc_text(doc, "Message")), false);
	if (resp->status < 500 && resp->status != 429)
		kind = EK_DENIED;
	(void)err_set(e, kind, "it answered %d%s%.200s; check the task's role or the pod identity association, and its role's "
		"trust policy (pods.eks.amazonaws.com)", resp->status, shown.len ? ": " : "", buf_cstr(&shown));
	e->http = resp->status;
}

int
container_fetch(const struct link_conf *x, const struct link *l, struct creds *out, const struct cancel *c,
	struct err *e)
{
	AUTO(buf_wipe) struct buf body = { 0 }, line = BUF_INIT(2 * TOKEN_MAX);
	AUTO(http_resp_done) struct http_resp resp = { 0 };
	AUTO(http_freep) struct http *h = session(x, RETRIES, e);
	AUTO_FREE char *url = NULL;
	struct err why = { 0 };

	(void)l;
	if (!h || !(url = container_url(e)) || authorization(&line, e) < 0)
		return -1;
	if (ask(h, "GET", url, line.len ? buf_cstr(&line) : NULL, ANSWER_NS, &body, &resp, c, &why) == 0 &&
	    read_set(buf_str(&body), "container endpoint", http_clock_skew_ns(h), out, &why) == 0)
		return 0;
	if (resp.status >= 400)
		container_refused(&resp, &why);
	*e = why;
	return err_ctx(e, "container endpoint %.100s", url);
}

/* --- instance metadata --- */

struct metadata {
	const struct link_conf *conf;
	const struct cancel    *c;
	struct http            *h;
	const char             *host;
	struct buf              token;           /* the header line; empty: version 1 */
};

static void
metadata_done(struct metadata *m)
{
	http_free(m->h);
	buf_wipe(&m->token);
}

static char *
metadata_url(const struct metadata *m, const char *path, struct str name)
{
	struct str host = str_of(m->host);

	while (host.len && host.p[host.len - 1] == '/')
		host.len--;
	return xasprintf(STR_FMT "%s" STR_FMT, STR_ARG(host), path, STR_ARG(name));
}

/* Does it answer a GET without a token?  The status, 0: nothing came. */
static int
plain_status(const struct metadata *m, struct http *h)
{
	AUTO(buf_wipe) struct buf body = { 0 };
	AUTO(http_resp_done) struct http_resp resp = { 0 };
	AUTO_FREE char *url = metadata_url(m, ROLE_PATH, S(""));
	struct err ignored = { 0 };

	(void)!ask(h, "GET", url, NULL, FIRST_ANSWER_NS, &body, &resp, m->c, &ignored);
	return resp.status;
}

/* The request for a token brought no token.  0: go on without one. */
static int
no_token(const struct metadata *m, struct http *h, int status, struct err *e)
{
	const char *looked = m->conf->looked;
	int plain;

	if (cancel_check(m->c, e) < 0)
		return -1;
	plain = plain_status(m, h);
	if (cancel_check(m->c, e) < 0)
		return -1;
	if (m->conf->imds_v1 && plain == 200)
		return 0;
	if (!plain && !status)
		return err_set(e, EK_DENIED, "%s%s%sno instance metadata at %.100s", *looked ? "none found: " : "", looked,
			*looked ? ", " : "", m->host);
	if (!status)
		return err_set(e, EK_DENIED, "instance metadata: the token does not arrive, although the service is there: the hop "
			"limit is too low for a container; run aws ec2 modify-instance-metadata-options --instance-id ID "
			"--http-put-response-hop-limit 2");
	if (status == 403)
		return err_set(e, EK_DENIED, "instance metadata: it is turned off for this instance (403 for a token); run aws ec2 "
			"modify-instance-metadata-options --instance-id ID --http-endpoint enabled");
	return err_set(e, EK_DENIED, "instance metadata: no token (answer %d)%s", status, plain == 200 ?
		"; it knows only version 1, which imdsV1=true allows" : "");
}

/* Session token of version 2 into m->token. */
static int
metadata_token(struct metadata *m, struct err *e)
{
	AUTO(http_freep) struct http *h = session(m->conf, 0, e);
	AUTO(buf_wipe) struct buf body = { 0 };
	AUTO(http_resp_done) struct http_resp resp = { 0 };
	AUTO_FREE char *url = metadata_url(m, TOKEN_PATH, S(""));
	struct str token;
	struct err why = { 0 };

	if (!h)
		return -1;
	if (ask(h, "PUT", url, TOKEN_TTL, FIRST_ANSWER_NS, &body, &resp, m->c, &why) < 0)
		return no_token(m, h, resp.status, e);
	token = str_trim(buf_str(&body));
	if (!token.len || token.len > TOKEN_MAX || !creds_header_safe(token))
		return err_set(e, EK_CORRUPT, "instance metadata: the token is none");
	m->token.max = 2 * TOKEN_MAX;
	if (!buf_room(&m->token, 2 * TOKEN_MAX, e))
		return -1;
	return buf_add_str(&m->token, S(TOKEN_HEADER), e) < 0 ? -1 : buf_add_str(&m->token, token, e);
}

static int
metadata_get(struct metadata *m, struct str name, struct buf *body, struct err *e)
{
	AUTO(http_resp_done) struct http_resp resp = { 0 };
	AUTO_FREE char *url = metadata_url(m, ROLE_PATH, name);
	struct err why = { 0 };

	if (ask(m->h, "GET", url, m->token.len ? buf_cstr(&m->token) : NULL, ANSWER_NS, body, &resp, m->c, &why) == 0)
		return 0;
	if (resp.status == 404)
		return err_set(e, EK_DENIED, "instance metadata: this instance has no role; attach an instance profile");
	*e = why;
	return err_ctx(e, "instance metadata");
}

static int
metadata_set(struct metadata *m, struct creds *out, struct err *e)
{
	AUTO(buf_wipe) struct buf names = { 0 }, body = { 0 };
	struct str rest, name;

	if (metadata_get(m, S(""), &names, e) < 0)
		return -1;
	rest = str_trim(buf_str(&names));
	if (!rest.len || !str_split(&rest, '\n', &name) || !(name = str_trim(name)).len || name.len > NAME_MAX_LEN ||
	    !creds_header_safe(name))
		return err_set(e, EK_DENIED, "instance metadata: this instance has no role; attach an instance profile");
	if (metadata_get(m, name, &body, e) < 0)
		return -1;
	if (read_set(buf_str(&body), "instance metadata", http_clock_skew_ns(m->h), out, e) < 0)
		return err_ctx(e, "instance metadata: role '%.*s'", (int)(name.len < 80 ? name.len : 80), name.p);
	return 0;
}

int
metadata_fetch(const struct link_conf *x, const struct link *l, struct creds *out, const struct cancel *c,
	struct err *e)
{
	const char *host = creds_env("AWS_EC2_METADATA_SERVICE_ENDPOINT");
	AUTO(metadata_done) struct metadata m = { .conf = x, .c = c, .host = host ? host : METADATA_HOST };

	(void)l;
	if (!str_starts(str_of(m.host), S("http://")) && !str_starts(str_of(m.host), S("https://")))
		return err_set(e, EK_INVALID, "AWS_EC2_METADATA_SERVICE_ENDPOINT is not of the form http://HOST[:PORT]");
	if (metadata_token(&m, e) < 0)
		return -1;
	m.h = session(x, RETRIES, e);
	return m.h ? metadata_set(&m, out, e) : -1;
}
