/* AWS's shared files, read line by line. */
#include "aws/profile.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <strings.h>

static const char *const keys[] = {
	[PROFILE_ACCESS_KEY]        = "aws_access_key_id",
	[PROFILE_SECRET_KEY]        = "aws_secret_access_key",
	[PROFILE_TOKEN]             = "aws_session_token",
	[PROFILE_ROLE_ARN]          = "role_arn",
	[PROFILE_EXTERNAL_ID]       = "external_id",
	[PROFILE_SESSION_NAME]      = "role_session_name",
	[PROFILE_DURATION]          = "duration_seconds",
	[PROFILE_SOURCE_PROFILE]    = "source_profile",
	[PROFILE_CREDENTIAL_SOURCE] = "credential_source",
	[PROFILE_PROCESS]           = "credential_process",
	[PROFILE_TOKEN_FILE]        = "web_identity_token_file",
	[PROFILE_REGION]            = "region",
	[PROFILE_CA_BUNDLE]         = "ca_bundle",
	[PROFILE_MFA]               = "mfa_serial",
	[PROFILE_SSO_SESSION]       = "sso_session",
	[PROFILE_SSO_URL]           = "sso_start_url",
};
static_assert(COUNT(keys) == PROFILE_KEY_COUNT_, "every key needs its name");

/* One line: a section's head, a property, or nothing of interest. */
enum line_kind { LINE_OTHER, LINE_SECTION, LINE_PROPERTY, LINE_BAD };
struct reader {
	struct str rest;
	size_t     number, indent;       /* of the line; of the last property */
	bool       in_section, in_property;
	struct str section, key, value;
};

/* A comment may follow after a blank. */
static struct str
without_comment(struct str s)
{
	for (size_t i = 1; i < s.len; i++)
		if ((s.p[i] == '#' || s.p[i] == ';') && (s.p[i - 1] == ' ' || s.p[i - 1] == '\t'))
			return str_trim(str_sub(s, 0, i));
	return s;
}

static enum line_kind
read_section(struct reader *r, struct str line)
{
	size_t end = str_chr(line, ']');

	if (end == line.len)
		return LINE_BAD;
	r->section = str_trim(str_sub(line, 1, end));
	r->in_section = true;
	r->in_property = false;
	return LINE_SECTION;
}

static enum line_kind
read_line(struct reader *r, struct str raw)
{
	struct str line = str_trim(raw);
	size_t indent = (size_t)(line.p - raw.p), eq;

	if (line.len == 0 || line.p[0] == '#' || line.p[0] == ';')
		return LINE_OTHER;
	if (r->in_property && indent > r->indent)        /* goes on with a value, or is nested below it */
		return LINE_OTHER;
	if (line.p[0] == '[')
		return read_section(r, line);
	eq = str_chr(line, '=');
	if (!r->in_section || eq == line.len || eq == 0)
		return LINE_BAD;
	r->key = str_trim(str_sub(line, 0, eq));
	r->value = str_trim(str_sub(line, eq + 1, line.len));
	r->in_property = true;
	r->indent = indent;
	return LINE_PROPERTY;
}

static bool
next_line(struct reader *r, enum line_kind *kind)
{
	struct str line;

	if (!str_split(&r->rest, '\n', &line))
		return false;
	if (r->number++ == 0 && str_starts(line, S("\xEF\xBB\xBF")))
		line = str_sub(line, 3, line.len);
	*kind = read_line(r, line);
	return true;
}

static struct reader
reader_of(const struct profile_file *f)
{
	return (struct reader){ .rest = buf_str(&f->text) };
}

static bool
same_word(struct str a, const char *b)
{
	return a.len == strlen(b) && strncasecmp(a.p, b, a.len) == 0;
}

/* The profile that a section's head names; empty for sections of other kinds. */
static struct str
profile_of(const struct profile_file *f, struct str section)
{
	static const struct str word = { "profile", 7 };
	struct str name = str_sub(section, word.len, section.len);
	bool prefixed = str_starts(section, word) && name.len && (name.p[0] == ' ' || name.p[0] == '\t');

	if (prefixed && (f->config || f->both)) {
		name = str_trim(name);
		if (name.len > 1 && (name.p[0] == '"' || name.p[0] == '\'') && name.p[name.len - 1] == name.p[0])
			name = str_sub(name, 1, name.len - 1);
		return name;
	}
	if (!f->config || str_eqz(section, "default"))
		return section;
	return (struct str){ 0 };
}

static int
check(const struct profile_file *f, struct err *e)
{
	struct reader r = reader_of(f);
	enum line_kind kind;

	while (next_line(&r, &kind)) {
		if (kind != LINE_BAD)
			continue;
		return err_set(e, EK_INVALID, "AWS credentials: line %zu of '%.200s' %s", r.number, f->path,
			r.in_section ? "is neither '[profile]' nor 'name = value'" :
			"stands before any '[profile]', such as [default]");
	}
	return 0;
}

static int
read_file(struct profile_file *f, bool must, struct err *e)
{
	struct err why = { 0 };

	if (f->path == NULL)
		return 0;
	f->text.max = LIMIT_CONFIG;
	if (file_read(f->path, &f->text, &why) < 0) {
		f->missing = why.kind == EK_NOTFOUND;
		if (f->missing && !must)
			return 0;
		*e = why;
		e->kind = EK_INVALID;            /* the caller's object is another one */
		return err_ctx(e, "AWS credentials");
	}
	return check(f, e);
}

static char *
usual_path(const char *variable, const char *below_home)
{
	const char *path = getenv(variable), *home = getenv("HOME");

	if (path && *path)
		return xstrdup(path);
	return home && *home ? file_join(home, below_home) : NULL;
}

int
profiles_read(struct profiles *p, const char *only, struct err *e)
{
	*p = (struct profiles){ 0 };
	if (only) {
		p->file[0] = (struct profile_file){ .path = xstrdup(only), .both = true };
		return read_file(&p->file[0], true, e);
	}
	p->file[0].path = usual_path("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials");
	p->file[1].path = usual_path("AWS_CONFIG_FILE", ".aws/config");
	p->file[1].config = true;
	return read_file(&p->file[0], false, e) < 0 ? -1 : read_file(&p->file[1], false, e);
}

void
profiles_done(struct profiles *p)
{
	for (size_t i = 0; i < COUNT(p->file); i++) {
		free(p->file[i].path);
		buf_wipe(&p->file[i].text);
	}
	*p = (struct profiles){ 0 };
}

/* Of a key that is given twice the last value counts. */
static void
keep(struct profile *out, const struct reader *r)
{
	for (size_t i = 0; i < COUNT(keys); i++)
		if (same_word(r->key, keys[i]))
			out->v[i] = i == PROFILE_PROCESS ? r->value : without_comment(r->value);
}

static bool
find_in(const struct profile_file *f, const char *name, struct profile *out)
{
	struct reader r = reader_of(f);
	enum line_kind kind;
	bool found = false, inside = false;

	while (next_line(&r, &kind)) {
		if (kind == LINE_SECTION) {
			inside = str_eqz(profile_of(f, r.section), name);
			found = found || inside;
		} else if (inside && kind == LINE_PROPERTY) {
			keep(out, &r);
		}
	}
	return found;
}

bool
profiles_find(const struct profiles *p, const char *name, struct profile *out)
{
	struct profile first = { 0 }, all = { 0 };
	bool in_first = *name && find_in(&p->file[0], name, &first);
	bool found = (*name && find_in(&p->file[1], name, &all)) || in_first;

	for (size_t i = 0; i < COUNT(first.v); i++)
		if (first.v[i].len)
			all.v[i] = first.v[i];
	if (found)
		*out = all;
	return found;
}

void
profiles_where(const struct profiles *p, struct buf *out)
{
	bool more = false;

	for (size_t i = 0; i < COUNT(p->file); i++) {
		if (!p->file[i].path)
			continue;
		buf_putf(out, "%s%.200s%s", more ? " and " : "", p->file[i].path,
			p->file[i].missing ? " (which does not exist)" : "");
		more = true;
	}
	if (!more)
		buf_puts(out, "no file, because HOME is not set");
}
