/* Credentials: where they are looked for, who gives them, when there are new ones, and what failures say. */
#include "aws/creds.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/thread.h"
#include "tests/unit/http_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

static char dir[] = "/tmp/orlop-creds-XXXXXX";

/* --- a server that is STS, container endpoint and instance metadata --- */

enum imds_mood { IMDS_V2, IMDS_HOPS, IMDS_HOPS_V1, IMDS_V1_ONLY, IMDS_NO_ROLE, IMDS_OFF };
struct cloud {
	_Atomic unsigned    given;       /* sets handed out: the access key has the number */
	_Atomic unsigned    sts_calls;
	_Atomic int         life_s;      /* of a set */
	_Atomic bool        down;        /* answers 500 */
	_Atomic bool        denied;
	_Atomic bool        base_expired;        /* STS does not know AKBASE1 any more */
	_Atomic int         skew_s;      /* of its clock */
	_Atomic int         imds;
	_Atomic bool        slow;        /* takes its time to answer */
	const char         *external_id; /* that the role asks for; NULL: none */
};

struct rig_cloud {
	struct cloud  c;
	struct httpd *s;
	char         *url;
};

static void
put_time(struct buf *b, int64_t unix_ns)
{
	char text[CLOCK_TEXT_MAX];

	buf_puts(b, clock_rfc3339(text, unix_ns));
}

static void
answer_at(const struct cloud *c, struct httpd_conn *conn, int status, const struct buf *body)
{
	/* "Date: Sun, 06 Nov 1994 08:49:37 GMT" would need a calendar: asctime's sibling is enough for a fixed skew. */
	char head[128] = "";

	if (c->skew_s)
		(void)snprintf(head, sizeof head, "Date: Fri, 01 Jan 2100 00:00:00 GMT\r\n");
	httpd_answer(conn, status, head, buf_str(body));
}

static void
sts_error(const struct cloud *c, struct httpd_conn *conn, int status, const char *code, const char *message)
{
	AUTO_BUF struct buf b = BUF_INIT(64 * KIB);

	buf_putf(&b, "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>"
		"<Code>%s</Code><Message>%s</Message></Error></ErrorResponse>", code, message);
	answer_at(c, conn, status, &b);
}

static bool
says(const struct httpd_req *r, const char *text)
{
	AUTO_FREE char *body = str_dup(r->body);

	return strstr(body, text) != NULL;
}

static bool
signed_with(const struct httpd_req *r, const char *access_key)
{
	AUTO_FREE char *wanted = xasprintf("AWS4-HMAC-SHA256 Credential=%s/", access_key);
	struct str v;

	return httpd_header(r->head, "Authorization", &v) && str_starts(v, str_of(wanted));
}

static void
on_sts(struct cloud *c, const struct httpd_req *r, struct httpd_conn *conn)
{
	AUTO_BUF struct buf b = BUF_INIT(64 * KIB);
	AUTO_FREE char *external = xasprintf("ExternalId=%s", c->external_id ? c->external_id : "");
	const char *action = says(r, "Action=AssumeRoleWithWebIdentity&") ? "AssumeRoleWithWebIdentity" : "AssumeRole";
	struct str v;

	if (says(r, "Action=GetCallerIdentity")) {
		buf_puts(&b, "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::1:user/ann</Arn>"
			"</GetCallerIdentityResult></GetCallerIdentityResponse>");
		answer_at(c, conn, 200, &b);
		return;
	}
	c->sts_calls++;
	if (c->down) {
		sts_error(c, conn, 500, "InternalFailure", "try later");
	} else if (c->skew_s && httpd_header(r->head, "X-Amz-Date", &v) && !str_starts(v, S("2100"))) {
		sts_error(c, conn, 403, "SignatureDoesNotMatch", "Signature expired");
	} else if (c->base_expired && signed_with(r, "AKCLOUD1")) {
		sts_error(c, conn, 403, "ExpiredToken", "The security token included in the request is expired");
	} else if (c->denied || (c->external_id && !says(r, external))) {
		sts_error(c, conn, 403, "AccessDenied", "User is not authorized to perform: sts:AssumeRole");
	} else if (strlen(action) > 10 && !says(r, "&WebIdentityToken=planted-jwt")) {
		sts_error(c, conn, 400, "InvalidIdentityToken", "No OpenIDConnect provider found");
	} else {
		unsigned n = ++c->given;

		buf_putf(&b, "<%sResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><%sResult><Credentials>"
			"<AccessKeyId>AKCLOUD%u</AccessKeyId><SecretAccessKey>planted-%u</SecretAccessKey>"
			"<SessionToken>planted-token-%u</SessionToken><Expiration>", action, action, n, n, n);
		put_time(&b, (c->skew_s ? INT64_C(4102444800) * NS_PER_S : clock_unix_ns()) + c->life_s * NS_PER_S);
		buf_putf(&b, "</Expiration></Credentials></%sResult></%sResponse>", action, action);
		answer_at(c, conn, 200, &b);
	}
}

static void
give_json(struct cloud *c, struct httpd_conn *conn)
{
	AUTO_BUF struct buf b = BUF_INIT(64 * KIB);
	unsigned n = ++c->given;

	buf_putf(&b, "{\"Code\": \"Success\", \"AccessKeyId\": \"AKCLOUD%u\", \"SecretAccessKey\": \"planted-%u\", "
		"\"Token\": \"planted-token-%u\", \"Expiration\": \"", n, n, n);
	put_time(&b, clock_unix_ns() + c->life_s * NS_PER_S);
	buf_puts(&b, "\"}");
	httpd_answer(conn, 200, NULL, buf_str(&b));
}

static void
on_metadata(struct cloud *c, const struct httpd_req *r, struct httpd_conn *conn)
{
	bool token = strcmp(r->target, "/latest/api/token") == 0;
	struct str v;
	bool has = httpd_header(r->head, "X-aws-ec2-metadata-token", &v) && str_eqz(v, "planted-session");

	if (token && (c->imds == IMDS_HOPS || c->imds == IMDS_HOPS_V1))
		httpd_wait_eof(conn);
	else if (token && (strcmp(r->method, "PUT") != 0 || !httpd_header(r->head, "X-aws-ec2-metadata-token-ttl-seconds", &v)))
		httpd_answer(conn, 400, NULL, S(""));
	else if (token)
		httpd_answer(conn, c->imds == IMDS_V1_ONLY ? 404 : c->imds == IMDS_OFF ? 403 : 200, NULL, S("planted-session"));
	else if (c->imds == IMDS_OFF)
		httpd_answer(conn, 403, NULL, S(""));
	else if (!has && c->imds != IMDS_HOPS_V1 && c->imds != IMDS_V1_ONLY)
		httpd_answer(conn, 401, NULL, S(""));
	else if (c->imds == IMDS_NO_ROLE)
		httpd_answer(conn, 404, NULL, S(""));
	else if (strcmp(r->target, "/latest/meta-data/iam/security-credentials/") == 0)
		httpd_answer(conn, 200, NULL, S("node-role\n"));
	else
		give_json(c, conn);
}

static void
on_request(void *ctx, const struct httpd_req *r, struct httpd_conn *conn)
{
	struct cloud *c = ctx;
	struct str v;

	if (c->slow)
		clock_sleep_ns(200 * NS_PER_MS);         /* time for the others to arrive; nothing depends on it */
	if (str_starts(str_of(r->target), S("/latest/")))
		on_metadata(c, r, conn);
	else if (strcmp(r->target, "/container") != 0)
		on_sts(c, r, conn);
	else if (!httpd_header(r->head, "Authorization", &v) || !str_eqz(v, "planted-pod"))
		httpd_answer(conn, 400, NULL, S("{\"code\":\"x\",\"message\":\"no association\"}"));
	else
		give_json(c, conn);
}

static int
cloud_open(void **state)
{
	struct rig_cloud *k = xcalloc(1, sizeof *k);

	k->c.life_s = 3600;
	k->s = httpd_new(on_request, &k->c, NULL);
	k->url = xasprintf("http://127.0.0.1:%d", httpd_port(k->s));
	*state = k;
	for (char **v = environ; *v;) {
		AUTO_FREE char *name = xstrndup(*v, strcspn(*v, "="));

		if (strncmp(name, "AWS_", 4) == 0 && unsetenv(name) == 0)
			v = environ;
		else
			v++;
	}
	return setenv("HOME", dir, 1) | setenv("AWS_EC2_METADATA_DISABLED", "true", 1) |
		setenv("AWS_ENDPOINT_URL_STS", k->url, 1) | setenv("CLOUD", k->url, 1);
}

static int
cloud_close(void **state)
{
	struct rig_cloud *k = *state;

	httpd_free(k->s);
	free(k->url);
	free(k);
	return 0;
}

/* $CLOUD and $DIR at the start of a value are filled in. */
static void
set_env(const char *const pairs[][2], size_t n)
{
	for (size_t i = 0; i < n && pairs[i][0]; i++) {
		const char *v = pairs[i][1];
		AUTO_FREE char *filled = strncmp(v, "$CLOUD", 6) == 0 ? xasprintf("%s%s", getenv("CLOUD"), v + 6) :
			strncmp(v, "$DIR", 4) == 0 ? xasprintf("%s%s", dir, v + 4) : xstrdup(v);

		assert_int_equal(*v ? setenv(pairs[i][0], filled, 1) : unsetenv(pairs[i][0]), 0);
	}
}

static struct creds_source *
source(const struct creds_conf *conf)
{
	struct err e = { 0 };
	struct creds_source *s = creds_source_new(conf, &e);

	if (!s)
		fail_msg("%s", e.msg);
	return s;
}

/* The access key of the set that comes. */
static char *
take(struct creds_source *s, const char *refused, int expected)
{
	AUTO(creds_done) struct creds c = { 0 };
	struct err e = { 0 };
	int rc = creds_take(s, refused, &c, NULL, &e);

	if (rc != expected)
		fail_msg("%d instead of %d: %s", rc, expected, e.msg);
	return xstrdup_or_null(c.access_key);
}

static void
assert_takes(struct creds_source *s, const char *refused, const char *access_key)
{
	AUTO_FREE char *got = take(s, refused, 0);

	assert_string_equal(got, access_key);
}

/* --- where --- */

static const char file[] =
	"# comment\n"
	"[default]\n"
	"aws_access_key_id = AKIDDEFAULT\n"
	"aws_secret_access_key=planted/secret=1\r\n"
	"\n"
	"[ work ]\n"
	"  AWS_ACCESS_KEY_ID=old\n"
	"  AWS_ACCESS_KEY_ID=AKIDWORK\n"
	"  aws_secret_access_key = planted-2\n"
	"  aws_session_token = planted-token\n"
	"[half]\n"
	"aws_access_key_id = AKIDHALF\n"
	"[role]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = default\nexternal_id = deal-7\n"
	"[far]\nrole_arn = arn:aws:iam::2:role/y\nsource_profile = role\n"
	"[self]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = self\n"
	"aws_access_key_id = AKIDSELF\naws_secret_access_key = planted-3\n"
	"[loop]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = loop2\n"
	"[loop2]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = loop\n"
	"[orphan]\nrole_arn = arn:aws:iam::1:role/x\n"
	"[nowhere]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = gone\n"
	"[mfa]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = default\nmfa_serial = arn:aws:iam::1:mfa/a\n"
	"[sso]\nsso_session = corp\n"
	"[odd]\nrole_arn = arn:aws:iam::1:role/x\ncredential_source = Ec2\n"
	"[noarn]\nrole_arn = x\nsource_profile = default\n"
	"[env]\nrole_arn = arn:aws:iam::1:role/x\ncredential_source = Environment\n"
	"[box]\nrole_arn = arn:aws:iam::1:role/x\ncredential_source = EcsContainer\n"
	"[ec2]\nrole_arn = arn:aws:iam::1:role/x\ncredential_source = Ec2InstanceMetadata\n"
	"[web]\nrole_arn = arn:aws:iam::1:role/w\nweb_identity_token_file = jwt\n"
	"[program]\ncredential_process = ./give 'a b' \"c\\\"d\"\n"
	"[bad-exit]\ncredential_process = sh -c 'echo planted-out; echo first >&2; echo the vault is sealed >&2; exit 3'\n"
	"[bad-json]\ncredential_process = echo planted\n"
	"[bad-version]\ncredential_process = echo '{\"Version\": 2, \"SecretAccessKey\": \"planted\"}'\n"
	"[bad-quote]\ncredential_process = sh 'x\n"
	"[no-program]\ncredential_process = /no/such/program planted\n"
	"[old]\ncredential_process = echo '{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"planted\","
	"\"Expiration\":\"2020-01-01T00:00:00Z\"}'\n";

#define KEYS { "AWS_ACCESS_KEY_ID", "AKIDENV" }, { "AWS_SECRET_ACCESS_KEY", "planted-3" }
#define POD { "AWS_CONTAINER_CREDENTIALS_FULL_URI", "$CLOUD/container" }, \
	{ "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "$DIR/pod" }
#define EC2 { "AWS_EC2_METADATA_DISABLED", "" }, { "AWS_EC2_METADATA_SERVICE_ENDPOINT", "$CLOUD" }
#define IRSA { "AWS_WEB_IDENTITY_TOKEN_FILE", "$DIR/jwt" }, { "AWS_ROLE_ARN", "arn:aws:iam::1:role/pod" }
#define ROLE "arn:aws:iam::1:role/b"

static void
sets_are_found_in_the_order_of_awss_tools(void **state)
{
	static const struct {
		const char *env[8][2];
		struct creds_conf conf;
		const char *access, *secret, *token, *source, *describe;
	} rows[] = {
		{ { { NULL } }, { 0 }, "AKIDDEFAULT", "planted/secret=1", "", "profile", "profile 'default'" },
		{ { { "AWS_PROFILE", "work" } }, { 0 }, "AKIDWORK", "planted-2", "planted-token", "profile", "profile 'work'" },
		{ { { NULL } }, { .profile = "work" }, "AKIDWORK", "planted-2", "planted-token", "profile", "profile 'work'" },
		{ { { "AWS_PROFILE", "half" } }, { .profile = "work" }, "AKIDWORK", "planted-2", "planted-token", "profile",
			"profile 'work'" },
		{ { KEYS }, { 0 }, "AKIDENV", "planted-3", "", "environment", "environment" },
		{ { KEYS, { "AWS_SESSION_TOKEN", "planted-4" } }, { 0 }, "AKIDENV", "planted-3", "planted-4", "environment",
			"environment" },
		{ { KEYS }, { .profile = "work" }, "AKIDWORK", "planted-2", "planted-token", "profile", "profile 'work'" },
		{ { KEYS, IRSA }, { 0 }, "AKIDENV", "planted-3", "", "environment", "environment" },
		{ { IRSA }, { 0 }, "AKCLOUD1", "planted-1", "planted-token-1", "web identity",
			"web identity for role arn:aws:iam::1:role/pod" },
		{ { { "AWS_SHARED_CREDENTIALS_FILE", "/no/such" }, POD, EC2 }, { 0 }, "AKCLOUD1", "planted-1",
			"planted-token-1", "container endpoint", "container endpoint" },
		{ { { "AWS_SHARED_CREDENTIALS_FILE", "/no/such" }, EC2 }, { 0 }, "AKCLOUD1", "planted-1", "planted-token-1",
			"instance metadata", "instance metadata" },
		{ { KEYS }, { .file = "one" }, "AKIDONE", "planted-9", "", "profile", "profile 'default'" },
		{ { { NULL } }, { .profile = "role" }, "AKCLOUD1", "planted-1", "planted-token-1", "role",
			"role arn:aws:iam::1:role/x (External ID given) of profile 'role', assumed with profile 'default'" },
		{ { { NULL } }, { .profile = "far" }, "AKCLOUD2", "planted-2", "planted-token-2", "role",
			"role arn:aws:iam::2:role/y of profile 'far', assumed with role arn:aws:iam::1:role/x (External ID given) "
			"of profile 'role', assumed with profile 'default'" },
		{ { { NULL } }, { .profile = "self" }, "AKCLOUD1", "planted-1", "planted-token-1", "role",
			"role arn:aws:iam::1:role/x of profile 'self', assumed with profile 'self'" },
		{ { KEYS }, { .profile = "env" }, "AKCLOUD1", "planted-1", "planted-token-1", "role",
			"role arn:aws:iam::1:role/x of profile 'env', assumed with environment" },
		{ { POD }, { .profile = "box" }, "AKCLOUD2", "planted-2", "planted-token-2", "role",
			"role arn:aws:iam::1:role/x of profile 'box', assumed with container endpoint" },
		{ { EC2 }, { .profile = "ec2" }, "AKCLOUD2", "planted-2", "planted-token-2", "role",
			"role arn:aws:iam::1:role/x of profile 'ec2', assumed with instance metadata" },
		{ { { NULL } }, { .profile = "web" }, "AKCLOUD1", "planted-1", "planted-token-1", "web identity",
			"web identity for role arn:aws:iam::1:role/w of profile 'web'" },
		{ { { NULL } }, { .profile = "program" }, "AKIDPROG", "planted-a b-c\"d", "planted-pt", "program",
			"program of profile 'program'" },
		{ { KEYS }, { .role_arn = ROLE, .external_id = "e" }, "AKCLOUD1", "planted-1", "planted-token-1", "role",
			"role arn:aws:iam::1:role/b (External ID given), assumed with environment" },
		{ { IRSA }, { .role_arn = ROLE }, "AKCLOUD2", "planted-2", "planted-token-2", "role",
			"role arn:aws:iam::1:role/b, assumed with web identity for role arn:aws:iam::1:role/pod" },
		{ { IRSA }, { .role_arn = "arn:aws:iam::1:role/pod" }, "AKCLOUD1", "planted-1", "planted-token-1",
			"web identity", "web identity for role arn:aws:iam::1:role/pod" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(creds_done) struct creds c = { 0 };
		AUTO(creds_source_freep) struct creds_source *s = NULL;
		AUTO_BUF struct buf how = BUF_INIT(64 * KIB);
		struct err e = { 0 };

		(void)cloud_close(state);
		assert_int_equal(cloud_open(state), 0);
		set_env(rows[i].env, COUNT(rows[i].env));
		s = source(&rows[i].conf);
		if (creds_take(s, NULL, &c, NULL, &e) < 0)
			fail_msg("row %zu: %s", i, e.msg);
		creds_describe(s, &how);
		assert_string_equal(c.access_key, rows[i].access);
		assert_string_equal(secret_get(c.secret_key).p, rows[i].secret);
		assert_true(str_eqz(secret_get(c.token), rows[i].token));
		assert_string_equal(c.source, rows[i].source);
		assert_string_equal(buf_cstr(&how), rows[i].describe);
	}
}

static void
failures_say_what_to_do_and_never_show_a_secret(void **state)
{
	static const struct {
		const char *env[8][2];
		struct creds_conf conf;
		enum err_kind kind;
		const char *says[3];
		enum imds_mood imds;
		bool denied;
	} rows[] = {
		{ { { "AWS_SHARED_CREDENTIALS_FILE", "/no/such/file" } }, { 0 }, EK_DENIED,
			{ "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set", "/no/such/file (which does not exist)",
				"AWS_EC2_METADATA_DISABLED" }, 0, false },
		{ { { "AWS_SHARED_CREDENTIALS_FILE", "/no/such/file" }, { "AWS_EC2_METADATA_DISABLED", "" },
			{ "AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1" } }, { 0 }, EK_DENIED,
			{ "are not set", "/no/such/file", "no instance metadata at http://127.0.0.1:1" }, 0, false },
		{ { { "HOME", "" }, { "AWS_PROFILE", "x" } }, { 0 }, EK_INVALID, { "HOME is not set" }, 0, false },
		{ { { NULL } }, { .profile = "home" }, EK_INVALID, { "there is no profile 'home' in", "/.aws/credentials" },
			0, false },
		{ { { "AWS_PROFILE", "home" } }, { 0 }, EK_INVALID, { "there is no profile 'home' in" }, 0, false },
		{ { { NULL } }, { .profile = "half" }, EK_DENIED, { "has no aws_secret_access_key" }, 0, false },
		{ { { "AWS_ACCESS_KEY_ID", "AKIDENV" } }, { 0 }, EK_DENIED,
			{ "AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not" }, 0, false },
		{ { { "AWS_SECRET_ACCESS_KEY", "planted-3" } }, { 0 }, EK_DENIED,
			{ "AWS_SECRET_ACCESS_KEY is set, but AWS_ACCESS_KEY_ID is not" }, 0, false },
		{ { { NULL } }, { .profile = "loop" }, EK_INVALID, { "in a circle: loop, loop2, loop" }, 0, false },
		{ { { NULL } }, { .profile = "orphan" }, EK_INVALID, { "does not say who asks", "source_profile" }, 0, false },
		{ { { NULL } }, { .profile = "nowhere" }, EK_INVALID, { "there is no profile 'gone'" }, 0, false },
		{ { { NULL } }, { .profile = "mfa" }, EK_INVALID, { "mfa_serial" }, 0, false },
		{ { { NULL } }, { .profile = "sso" }, EK_INVALID, { "export-credentials" }, 0, false },
		{ { { NULL } }, { .profile = "odd" }, EK_INVALID, { "Ec2InstanceMetadata" }, 0, false },
		{ { { NULL } }, { .profile = "noarn" }, EK_INVALID, { "'x' is not the ARN of a role" }, 0, false },
		{ { { NULL } }, { .profile = "bad-exit" }, EK_DENIED,
			{ "credential_process 'sh' of profile 'bad-exit'", "exit code 3: the vault is sealed" }, 0, false },
		{ { { NULL } }, { .profile = "bad-json" }, EK_CORRUPT, { "not JSON" }, 0, false },
		{ { { NULL } }, { .profile = "bad-version" }, EK_CORRUPT, { "\"Version\": 1" }, 0, false },
		{ { { NULL } }, { .profile = "bad-quote" }, EK_INVALID, { "a quote is not closed" }, 0, false },
		{ { { NULL } }, { .profile = "no-program" }, EK_DENIED, { "/no/such/program" }, 0, false },
		{ { { NULL } }, { .profile = "old" }, EK_DENIED, { "expired already" }, 0, false },
		{ { { "AWS_WEB_IDENTITY_TOKEN_FILE", "x" } }, { 0 }, EK_DENIED, { "AWS_ROLE_ARN is not" }, 0, false },
		{ { { "AWS_WEB_IDENTITY_TOKEN_FILE", "/no/such/jwt" }, { "AWS_ROLE_ARN", ROLE } }, { 0 }, EK_DENIED,
			{ "web identity token", "/no/such/jwt" }, 0, false },
		{ { { "AWS_WEB_IDENTITY_TOKEN_FILE", "$DIR/pod" }, { "AWS_ROLE_ARN", ROLE } }, { 0 }, EK_DENIED,
			{ "OIDC provider", ROLE }, 0, false },
		{ { IRSA }, { 0 }, EK_DENIED, { "sts:AssumeRoleWithWebIdentity", "trust policy" }, 0, true },
		{ { KEYS }, { .role_arn = ROLE }, EK_DENIED, { "role " ROLE " cannot be assumed by arn:aws:iam::1:user/ann",
			"trust policy", "set externalId" }, 0, true },
		{ { KEYS }, { .role_arn = ROLE, .external_id = "planted-e" }, EK_DENIED, { "cannot be assumed by",
			"compare the External ID given" }, 0, true },
		{ { KEYS, { "AWS_ENDPOINT_URL_STS", "ftp://x" } }, { .role_arn = ROLE }, EK_INVALID,
			{ "AWS_ENDPOINT_URL_STS is not of the form" }, 0, false },
		{ { KEYS, { "AWS_ENDPOINT_URL_STS", "" } }, { .role_arn = ROLE, .region = "evil/x" }, EK_INVALID,
			{ "is not a region" }, 0, false },
		{ { { "AWS_SHARED_CREDENTIALS_FILE", "/no" }, { "AWS_CONTAINER_CREDENTIALS_FULL_URI", "$CLOUD/container" },
			{ "AWS_CONTAINER_AUTHORIZATION_TOKEN", "planted-wrong" } }, { 0 }, EK_DENIED,
			{ "container endpoint http://127.0.0.1", "400: no association", "pod identity association" }, 0, false },
		{ { { "AWS_SHARED_CREDENTIALS_FILE", "/no" }, { "AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://evil.example/x" } },
			{ 0 }, EK_INVALID, { "neither https:// nor on this machine" }, 0, false },
		{ { { "AWS_SHARED_CREDENTIALS_FILE", "/no" },
			{ "AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1@evil.example/x" } },
			{ 0 }, EK_INVALID, { "neither https:// nor on this machine" }, 0, false },
		{ { { "AWS_SHARED_CREDENTIALS_FILE", "/no" }, EC2 }, { 0 }, EK_DENIED,
			{ "--http-put-response-hop-limit 2", "hop limit" }, IMDS_HOPS, false },
		{ { { "AWS_SHARED_CREDENTIALS_FILE", "/no" }, EC2 }, { 0 }, EK_DENIED,
			{ "--http-put-response-hop-limit 2" }, IMDS_HOPS_V1, false },
		{ { { "AWS_SHARED_CREDENTIALS_FILE", "/no" }, EC2 }, { 0 }, EK_DENIED, { "imdsV1=true" }, IMDS_V1_ONLY, false },
		{ { { "AWS_SHARED_CREDENTIALS_FILE", "/no" }, EC2 }, { 0 }, EK_DENIED, { "attach an instance profile" },
			IMDS_NO_ROLE, false },
		{ { { "AWS_SHARED_CREDENTIALS_FILE", "/no" }, EC2 }, { 0 }, EK_DENIED, { "--http-endpoint enabled" },
			IMDS_OFF, false },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(creds_done) struct creds c = { 0 };
		AUTO(creds_source_freep) struct creds_source *s = NULL;
		struct err e = { 0 };

		(void)cloud_close(state);
		assert_int_equal(cloud_open(state), 0);
		((struct rig_cloud *)*state)->c.imds = rows[i].imds;
		((struct rig_cloud *)*state)->c.denied = rows[i].denied;
		set_env(rows[i].env, COUNT(rows[i].env));
		s = creds_source_new(&rows[i].conf, &e);
		if (s && creds_take(s, NULL, &c, NULL, &e) == 0)
			fail_msg("row %zu: got '%s'", i, c.access_key);
		if (e.kind != rows[i].kind)
			fail_msg("row %zu: kind %d: %s", i, (int)e.kind, e.msg);
		for (size_t k = 0; k < COUNT(rows[i].says) && rows[i].says[k]; k++)
			if (!strstr(e.msg, rows[i].says[k]))
				fail_msg("row %zu: '%s' is not in '%s'", i, rows[i].says[k], e.msg);
		if (strstr(e.msg, "planted") || !strstr(e.msg, "AWS credentials"))
			fail_msg("row %zu: %s", i, e.msg);
		assert_null(c.access_key);
	}
}

/* --- renewal --- */

static struct creds_source *
role_source(void **state, int life_s)
{
	static const struct creds_conf conf = { .profile = "role" };

	((struct rig_cloud *)*state)->c.life_s = life_s;
	return source(&conf);
}

static void
a_set_is_kept_until_five_minutes_before_its_end(void **state)
{
	struct rig_cloud *k = *state;
	AUTO(creds_source_freep) struct creds_source *s = role_source(state, 3600);

	for (int i = 0; i < 3; i++)
		assert_takes(s, NULL, "AKCLOUD1");
	assert_int_equal(k->c.given, 1);
}

static void
short_lived_sets_are_renewed_at_half_of_their_life(void **state)
{
	AUTO(creds_source_freep) struct creds_source *s = role_source(state, 2);
	int64_t begin = clock_mono_ns();
	AUTO_FREE char *got = take(s, NULL, 0);

	assert_string_equal(got, "AKCLOUD1");
	while (strcmp(got, "AKCLOUD1") == 0) {
		free(got);
		got = take(s, NULL, 0);
		assert_true(clock_mono_ns() < begin + 2 * NS_PER_S);     /* before the end */
	}
	assert_string_equal(got, "AKCLOUD2");
}

static void
a_refused_set_is_replaced_once(void **state)
{
	struct rig_cloud *k = *state;
	AUTO(creds_source_freep) struct creds_source *s = role_source(state, 3600);

	assert_takes(s, NULL, "AKCLOUD1");
	assert_takes(s, "AKCLOUD1", "AKCLOUD2");
	assert_takes(s, "AKCLOUD1", "AKCLOUD2");         /* who comes later with the old one: no further request */
	assert_int_equal(k->c.given, 2);
}

static void
long_lived_keys_have_nothing_better(void **state)
{
	static const struct creds_conf none = { 0 }, work = { .profile = "work" };
	AUTO(creds_source_freep) struct creds_source *s = NULL, *p = source(&work);

	(void)state;
	assert_int_equal(setenv("AWS_ACCESS_KEY_ID", "AKIDENV", 1) | setenv("AWS_SECRET_ACCESS_KEY", "x", 1), 0);
	s = source(&none);
	assert_takes(s, NULL, "AKIDENV");
	assert_null(take(s, "AKIDENV", 1));
	assert_takes(p, NULL, "AKIDWORK");
	assert_null(take(p, "AKIDWORK", 1));
}

static void
new_keys_in_the_file_are_taken_when_the_old_are_refused(void **state)
{
	static const char old[] = "[default]\naws_access_key_id=AKIDOLD\naws_secret_access_key=x\n";
	static const char new[] = "[default]\naws_access_key_id=AKIDNEW\naws_secret_access_key=x\n";
	AUTO_FREE char *path = file_join(dir, "rotated");
	struct creds_conf conf = { .file = path };
	AUTO(creds_source_freep) struct creds_source *s = NULL;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(file_replace(path, old, strlen(old), 0600, &e), 0);
	s = source(&conf);
	assert_takes(s, NULL, "AKIDOLD");
	assert_int_equal(file_replace(path, new, strlen(new), 0600, &e), 0);
	assert_takes(s, NULL, "AKIDOLD");
	assert_takes(s, "AKIDOLD", "AKIDNEW");
	assert_int_equal(unlink(path), 0);
}

static void
when_renewing_fails_the_present_set_is_used_while_it_is_good(void **state)
{
	struct rig_cloud *k = *state;
	AUTO(creds_source_freep) struct creds_source *s = role_source(state, 4);
	AUTO(creds_done) struct creds c = { 0 };
	int64_t begin = clock_mono_ns();
	struct err e = { 0 };
	unsigned calls;

	assert_takes(s, NULL, "AKCLOUD1");
	k->c.denied = true;
	calls = k->c.sts_calls;
	while (k->c.sts_calls == calls)                  /* until half of its life has gone */
		assert_takes(s, NULL, "AKCLOUD1");
	calls = k->c.sts_calls;
	assert_takes(s, NULL, "AKCLOUD1");
	assert_int_equal(k->c.sts_calls, calls);         /* and it is not asked for each request */
	while (creds_take(s, NULL, &c, NULL, &e) == 0) {
		creds_done(&c);
		assert_true(clock_mono_ns() < begin + 10 * NS_PER_S);
	}
	assert_int_equal(e.kind, EK_DENIED);
	assert_int_equal(e.http, 0);                     /* not the status of whatever the caller asks for */
	k->c.denied = false;
	assert_takes(s, NULL, "AKCLOUD2");
}

static void
a_chains_expired_base_is_renewed_and_the_role_assumed_again(void **state)
{
	static const struct creds_conf conf = { .profile = "far" };
	struct rig_cloud *k = *state;
	AUTO(creds_source_freep) struct creds_source *s = source(&conf);

	assert_takes(s, NULL, "AKCLOUD2");               /* assumed with 1 */
	k->c.base_expired = true;
	assert_takes(s, "AKCLOUD2", "AKCLOUD4");         /* assumed with 3 */
}

static void
a_wrong_clock_is_corrected_by_the_servers_date(void **state)
{
	struct rig_cloud *k = *state;
	AUTO(creds_source_freep) struct creds_source *s = role_source(state, 3600);

	k->c.skew_s = 1;
	assert_takes(s, NULL, "AKCLOUD1");
	assert_int_equal(k->c.sts_calls, 2);
	assert_takes(s, NULL, "AKCLOUD1");               /* its end is 73 years from now only on the server */
	assert_int_equal(k->c.given, 1);
}

static void
version_1_of_the_metadata_is_used_where_it_is_allowed(void **state)
{
	static const enum imds_mood moods[] = { IMDS_V1_ONLY, IMDS_HOPS_V1 };
	static const struct creds_conf conf = { .imds_v1 = true };

	for (size_t i = 0; i < COUNT(moods); i++) {
		AUTO(creds_source_freep) struct creds_source *s = NULL;
		static const char *const env[][2] = { { "AWS_SHARED_CREDENTIALS_FILE", "/no" }, EC2 };

		(void)cloud_close(state);
		assert_int_equal(cloud_open(state), 0);
		((struct rig_cloud *)*state)->c.imds = moods[i];
		set_env(env, COUNT(env));
		s = source(&conf);
		assert_takes(s, NULL, "AKCLOUD1");
	}
}

/* --- threads --- */

struct taker { struct creds_source *s; const char *refused; struct thread *t; int rc; char key[512]; };

static void
taker_run(void *arg)
{
	struct taker *t = arg;
	AUTO(creds_done) struct creds c = { 0 };
	struct err e = { 0 };

	t->rc = creds_take(t->s, t->refused, &c, NULL, &e);
	(void)snprintf(t->key, sizeof t->key, "%s", t->rc == 0 ? c.access_key : e.msg);
}

static void
take_in_threads(struct creds_source *s, const char *refused, struct taker *t, size_t n)
{
	struct err e = { 0 };

	for (size_t i = 0; i < n; i++) {
		t[i] = (struct taker){ .s = s, .refused = refused };
		t[i].t = thread_start("taker", taker_run, &t[i], &e);
		assert_non_null(t[i].t);
	}
	for (size_t i = 0; i < n; i++)
		thread_join(t[i].t);
}

static void
those_who_wait_wait_for_one_request(void **state)
{
	struct rig_cloud *k = *state;
	AUTO(creds_source_freep) struct creds_source *s = role_source(state, 3600);
	struct taker t[8];

	k->c.slow = true;
	take_in_threads(s, NULL, t, COUNT(t));
	for (size_t i = 0; i < COUNT(t); i++)
		assert_string_equal(t[i].key, "AKCLOUD1");
	take_in_threads(s, "AKCLOUD1", t, COUNT(t));
	for (size_t i = 0; i < COUNT(t); i++)
		assert_string_equal(t[i].key, "AKCLOUD2");
	assert_int_equal(k->c.given, 2);
}

static void
waiting_ends_with_a_cancel(void **state)
{
	AUTO(creds_source_freep) struct creds_source *s = role_source(state, 3600);
	AUTO(creds_done) struct creds c = { 0 };
	struct cancel stop = { 0 };
	struct err e = { 0 };

	cancel_fire(&stop);
	assert_int_equal(creds_take(s, NULL, &c, &stop, &e), -1);
	assert_int_equal(e.kind, EK_CANCELED);
	assert_takes(s, NULL, "AKCLOUD1");
}

/* --- fixture --- */

static const struct { const char *name, *text; } files[] = {
	{ ".aws/credentials", file },
	{ "one", "[default]\naws_access_key_id = AKIDONE\naws_secret_access_key = planted-9\n" },
	{ "jwt", "planted-jwt\n" },
	{ "pod", "planted-pod\n" },
	{ "give", "#!/bin/sh\nprintf '{\"Version\": 1, \"AccessKeyId\": \"AKIDPROG\", \"SecretAccessKey\": "
		"\"planted-%s-%s\", \"SessionToken\": \"planted-pt\"}' \"$1\" \"$(printf %s \"$2\" | sed 's/\"/\\\\\"/')\"\n" },
};

static int
make_home(void **state)
{
	AUTO_FREE char *aws = NULL;
	struct err e = { 0 };

	(void)state;
	rig_global_init();
	if (!mkdtemp(dir))
		return -1;
	aws = file_join(dir, ".aws");
	if (file_mkdirs(aws, 0700, &e) < 0 || chdir(dir) < 0)
		return -1;
	for (size_t i = 0; i < COUNT(files); i++)
		if (file_replace(files[i].name, files[i].text, strlen(files[i].text), 0700, &e) < 0)
			return -1;
	return 0;
}

static int
remove_home(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(files); i++)
		if (unlink(files[i].name) < 0)
			return -1;
	return rmdir(".aws") | rmdir(dir);
}

#define WITH_CLOUD(fn) cmocka_unit_test_setup_teardown(fn, cloud_open, cloud_close)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_CLOUD(sets_are_found_in_the_order_of_awss_tools),
		WITH_CLOUD(failures_say_what_to_do_and_never_show_a_secret),
		WITH_CLOUD(a_set_is_kept_until_five_minutes_before_its_end),
		WITH_CLOUD(short_lived_sets_are_renewed_at_half_of_their_life),
		WITH_CLOUD(a_refused_set_is_replaced_once),
		WITH_CLOUD(long_lived_keys_have_nothing_better),
		WITH_CLOUD(new_keys_in_the_file_are_taken_when_the_old_are_refused),
		WITH_CLOUD(when_renewing_fails_the_present_set_is_used_while_it_is_good),
		WITH_CLOUD(a_chains_expired_base_is_renewed_and_the_role_assumed_again),
		WITH_CLOUD(a_wrong_clock_is_corrected_by_the_servers_date),
		WITH_CLOUD(version_1_of_the_metadata_is_used_where_it_is_allowed),
		WITH_CLOUD(those_who_wait_wait_for_one_request),
		WITH_CLOUD(waiting_ends_with_a_cancel),
	};

	return cmocka_run_group_tests_name("creds", tests, make_home, remove_home);
}
