/* AWS credentials from the environment and the shared credentials file. */
#include "aws/creds.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

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
	out->access_key = str_dup(access_key);
	out->secret_key = secret_new(secret_key);
	out->token = token.len ? secret_new(token) : NULL;
	out->source = source;
}

/* The three values wherever they come from; the enum indexes both names. */
enum field { ACCESS_KEY, SECRET_KEY, TOKEN, FIELD_COUNT_ };
static const struct { const char *env, *ini; } fields[] = {
	[ACCESS_KEY] = { "AWS_ACCESS_KEY_ID",     "aws_access_key_id" },
	[SECRET_KEY] = { "AWS_SECRET_ACCESS_KEY", "aws_secret_access_key" },
	[TOKEN]      = { "AWS_SESSION_TOKEN",     "aws_session_token" },
};

/* What a search for credentials knows; why collects where was looked in vain. */
struct search {
	const char   *profile;           /* NULL: the user named none */
	struct creds *out;
	struct buf    why;
};

/* An empty variable counts as unset. */
static const char *
env(const char *name)
{
	const char *v = getenv(name);

	return v && *v ? v : NULL;
}

static int
load_environment(struct search *s, struct err *e)
{
	struct str v[FIELD_COUNT_];

	if (s->profile) {
		buf_puts(&s->why, "the environment is not asked when a profile is named");
		return 0;
	}
	for (size_t i = 0; i < FIELD_COUNT_; i++)
		v[i] = str_of(env(fields[i].env));
	if (!v[ACCESS_KEY].len && !v[SECRET_KEY].len) {
		buf_putf(&s->why, "%s and %s are not set", fields[ACCESS_KEY].env, fields[SECRET_KEY].env);
		return 0;
	}
	if (!v[ACCESS_KEY].len || !v[SECRET_KEY].len) {
		enum field has = v[ACCESS_KEY].len ? ACCESS_KEY : SECRET_KEY;

		return err_set(e, EK_DENIED, "AWS credentials: %s is set, but %s is not", fields[has].env,
			fields[has == ACCESS_KEY ? SECRET_KEY : ACCESS_KEY].env);
	}
	creds_set(s->out, v[ACCESS_KEY], v[SECRET_KEY], v[TOKEN], "environment");
	return 1;
}

static bool
same_word(struct str a, const char *b)
{
	return a.len == strlen(b) && strncasecmp(a.p, b, a.len) == 0;
}

/* Fills v from one section of an INI text; the last value of a key counts.  False: no such section. */
static bool
ini_section(struct str doc, const char *section, struct str v[FIELD_COUNT_])
{
	struct str line;
	bool inside = false, found = false;

	while (str_split(&doc, '\n', &line)) {
		line = str_trim(line);
		if (line.len == 0 || line.p[0] == '#' || line.p[0] == ';')
			continue;
		if (line.p[0] == '[') {
			inside = str_eqz(str_trim(str_sub(line, 1, str_chr(line, ']'))), section);
			found = found || inside;
			continue;
		}
		size_t eq = str_chr(line, '=');
		if (!inside || eq == line.len)
			continue;
		for (size_t i = 0; i < FIELD_COUNT_; i++)
			if (same_word(str_trim(str_sub(line, 0, eq)), fields[i].ini))
				v[i] = str_trim(str_sub(line, eq + 1, line.len));
	}
	return found;
}

static char *
shared_file_path(void)
{
	const char *path = env("AWS_SHARED_CREDENTIALS_FILE"), *home = env("HOME");

	if (path)
		return xstrdup(path);
	return home ? file_join(home, ".aws/credentials") : NULL;
}

static int
load_shared_file(struct search *s, struct err *e)
{
	AUTO(buf_wipe) struct buf text = BUF_INIT(LIMIT_CONFIG);
	AUTO_FREE char *path = shared_file_path();
	const char *section = s->profile ? s->profile : env("AWS_PROFILE") ? env("AWS_PROFILE") : "default";
	struct str v[FIELD_COUNT_] = { 0 };
	struct err why = { 0 };

	if (!path) {
		buf_puts(&s->why, "HOME is not set, so there is no credentials file");
		return 0;
	}
	if (file_read(path, &text, &why) < 0) {
		if (why.kind == EK_NOTFOUND) {
			buf_putf(&s->why, "the credentials file '%.200s' does not exist", path);
			return 0;
		}
		*e = why;
		return err_ctx(e, "AWS credentials");
	}
	if (!ini_section(buf_str(&text), section, v)) {
		buf_putf(&s->why, "the credentials file '%.200s' has no profile '%.64s'", path, section);
		return 0;
	}
	if (!v[ACCESS_KEY].len || !v[SECRET_KEY].len)
		return err_set(e, EK_DENIED, "AWS credentials: profile '%.64s' in '%.200s' has no %s (roles and "
			"credential programs are not supported)", section, path,
			fields[v[ACCESS_KEY].len ? SECRET_KEY : ACCESS_KEY].ini);
	creds_set(s->out, v[ACCESS_KEY], v[SECRET_KEY], v[TOKEN], "credentials file");
	return 1;
}

/* In the order they are asked.  1: found, 0: nothing there, -1: there, but unusable. */
static int (*const sources[])(struct search *s, struct err *e) = {
	load_environment,
	load_shared_file,
};

int
creds_load(struct creds *out, const char *profile, struct err *e)
{
	struct search s = { .profile = profile && *profile ? profile : NULL, .out = out,
		.why = BUF_INIT(4 * KIB) };
	int found = 0;

	for (size_t i = 0; i < COUNT(sources) && found == 0; i++) {
		if (s.why.len)
			buf_puts(&s.why, ", ");
		found = sources[i](&s, e);
	}
	if (found == 0)
		(void)err_set(e, EK_DENIED, "no AWS credentials: %s", buf_cstr(&s.why));
	buf_free(&s.why);
	return found > 0 ? 0 : -1;
}
