/* From what the user, the environment and the files say to the links that lead to credentials. */
#include "aws/creds_impl.h"
#include "aws/profile.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/parse.h"

#include <stdlib.h>
#include <string.h>

#define DEFAULT_REGION  "us-east-1"
#define DEFAULT_SESSION "orlop"
#define DEPTH_MAX       8                /* roles assumed with roles; AWS has no use for more than two or three */
#define DURATION_MAX    (12 * 3600)

/* A walk along source_profile. */
struct walk {
	struct profiles files;
	const char     *path[DEPTH_MAX];
	size_t          depth;
};

static void
walk_done(struct walk *w)
{
	profiles_done(&w->files);
}

static struct link *
link_new(enum link_kind kind, const char *profile)
{
	struct link *l = xcalloc(1, sizeof *l);

	l->kind = kind;
	l->profile = xstrdup_or_null(profile);
	return l;
}

static char *
dup_or_null(struct str s)
{
	return s.len ? str_dup(s) : NULL;
}

static struct link *
role_link(enum link_kind kind, const char *profile, struct str arn, struct link *base, struct err *e)
{
	struct link *l;

	if (!str_starts(arn, S("arn:"))) {
		(void)err_set(e, EK_INVALID, "AWS credentials: '%.*s' is not the ARN of a role; write "
			"arn:aws:iam::ACCOUNT:role/NAME", arn.len < 80 ? (int)arn.len : 80, arn.p);
		link_free(base);
		return NULL;
	}
	l = link_new(kind, profile);
	l->role_arn = str_dup(arn);
	l->base = base;
	l->session_name = xstrdup(DEFAULT_SESSION);
	return l;
}

static struct link *profile_link(struct walk *w, const char *name, struct err *e);

static struct link *
no_link(struct err *e, const char *profile, const char *why)
{
	(void)err_set(e, EK_INVALID, "AWS credentials: profile '%.64s' %s", profile, why);
	return NULL;
}

/* credential_source */
static struct link *
named_source(const char *profile, struct str word, struct err *e)
{
	static const struct { const char *word; enum link_kind kind; } words[] = {
		{ "Environment",         LINK_ENVIRONMENT },
		{ "Ec2InstanceMetadata", LINK_METADATA },
		{ "EcsContainer",        LINK_CONTAINER },
	};

	for (size_t i = 0; i < COUNT(words); i++)
		if (str_eqz(word, words[i].word))
			return link_new(words[i].kind, NULL);
	return no_link(e, profile, "has an unknown credential_source; it is one of Environment, Ec2InstanceMetadata, "
		"EcsContainer");
}

/* What a profile's own lines give, without a role. */
static struct link *
own_link(const char *name, const struct profile *p, struct err *e)
{
	bool access = p->v[PROFILE_ACCESS_KEY].len > 0, secret = p->v[PROFILE_SECRET_KEY].len > 0;
	struct link *l;

	if (access && secret)
		return link_new(LINK_PROFILE, name);
	if (access || secret) {
		(void)err_set(e, EK_DENIED, "AWS credentials: profile '%.64s' has no %s", name,
			access ? "aws_secret_access_key" : "aws_access_key_id");
		return NULL;
	}
	if (p->v[PROFILE_PROCESS].len) {
		l = link_new(LINK_PROCESS, name);
		l->command = str_dup(p->v[PROFILE_PROCESS]);
		return l;
	}
	if (p->v[PROFILE_SSO_SESSION].len || p->v[PROFILE_SSO_URL].len)
		return no_link(e, name, "is one of IAM Identity Center (sso), which orlop does not ask itself; make a profile "
			"with credential_process = aws configure export-credentials --profile NAME");
	return no_link(e, name, "has neither keys, role_arn nor credential_process");
}

/* Who asks for a profile's role. */
static struct link *
role_base(struct walk *w, const char *name, const struct profile *p, struct err *e)
{
	AUTO_FREE char *source = dup_or_null(p->v[PROFILE_SOURCE_PROFILE]);

	if (source && strcmp(source, name) == 0)         /* itself: its own keys */
		return own_link(name, p, e);
	if (source)
		return profile_link(w, source, e);
	if (p->v[PROFILE_CREDENTIAL_SOURCE].len)
		return named_source(name, p->v[PROFILE_CREDENTIAL_SOURCE], e);
	if (p->v[PROFILE_ACCESS_KEY].len || p->v[PROFILE_PROCESS].len)
		return own_link(name, p, e);
	return no_link(e, name, "has a role_arn, but does not say who asks for it; add source_profile, credential_source or "
		"web_identity_token_file");
}

static struct link *
profile_role(struct walk *w, const char *name, const struct profile *p, struct err *e)
{
	bool web = p->v[PROFILE_TOKEN_FILE].len > 0;
	struct link *base = NULL, *l;
	uint64_t duration = 0;

	if (p->v[PROFILE_MFA].len)
		return no_link(e, name, "asks for a code at each use (mfa_serial), which a backup cannot give; use a role "
			"without it, or credential_process");
	if (p->v[PROFILE_DURATION].len && !parse_u64(p->v[PROFILE_DURATION], DURATION_MAX, &duration))
		return no_link(e, name, "has a duration_seconds that is no number up to 43200");
	if (!web) {
		base = role_base(w, name, p, e);
		if (!base)
			return NULL;
	}
	l = role_link(web ? LINK_WEB : LINK_ROLE, name, p->v[PROFILE_ROLE_ARN], base, e);
	if (!l)
		return NULL;
	l->token_file = dup_or_null(p->v[PROFILE_TOKEN_FILE]);
	l->external_id = web ? NULL : dup_or_null(p->v[PROFILE_EXTERNAL_ID]);
	l->duration_s = (uint32_t)duration;
	if (p->v[PROFILE_SESSION_NAME].len) {
		free(l->session_name);
		l->session_name = str_dup(p->v[PROFILE_SESSION_NAME]);
	}
	return l;
}

static struct link *
leads_to_itself(const struct walk *w, const char *name, struct err *e)
{
	AUTO_BUF struct buf way = BUF_INIT(LIMIT_CONFIG);

	for (size_t i = 0; i < w->depth; i++)
		buf_putf(&way, "%.64s, ", w->path[i]);
	(void)err_set(e, EK_INVALID, "AWS credentials: source_profile leads in a circle: %s%.64s", buf_cstr(&way), name);
	return NULL;
}

static struct link *
profile_link(struct walk *w, const char *name, struct err *e)
{
	struct profile p;
	struct link *l;

	for (size_t i = 0; i < w->depth; i++)
		if (strcmp(w->path[i], name) == 0)
			return leads_to_itself(w, name, e);
	if (w->depth == DEPTH_MAX)
		return no_link(e, w->path[0], "leads through too many others (source_profile)");
	if (!profiles_find(&w->files, name, &p)) {
		AUTO_BUF struct buf where = BUF_INIT(LIMIT_CONFIG);

		profiles_where(&w->files, &where);
		(void)err_set(e, EK_INVALID, "AWS credentials: there is no profile '%.64s' in %s", name, buf_cstr(&where));
		return NULL;
	}
	w->path[w->depth++] = name;
	l = p.v[PROFILE_ROLE_ARN].len ? profile_role(w, name, &p, e) : own_link(name, &p, e);
	w->depth--;
	return l;
}

/* --- which way is the one --- */

struct search {
	const struct creds_conf *conf;
	const char              *named;  /* the profile that somebody named; NULL: nobody did */
	struct walk              walk;
	struct err               files;  /* why the usual files cannot be read; EK_NONE: they can */
	struct buf               looked;
};

static void
search_done(struct search *s)
{
	walk_done(&s->walk);
	buf_free(&s->looked);
}

static void
in_vain(struct search *s, const char *what)
{
	buf_putf(&s->looked, "%s%s", s->looked.len ? ", " : "", what);
}

/* Each of these: 0 and *l NULL where there is nothing of its kind. */
static int
try_environment(struct search *s, struct link **l, struct err *e)
{
	(void)e;
	if (s->conf->file || s->conf->profile) {
		if (!s->conf->file)
			in_vain(s, "the environment is not asked when a profile is named");
		return 0;
	}
	if (creds_env("AWS_ACCESS_KEY_ID") || creds_env("AWS_SECRET_ACCESS_KEY"))
		*l = link_new(LINK_ENVIRONMENT, NULL);
	else
		in_vain(s, "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set");
	return 0;
}

static int
try_web_identity(struct search *s, struct link **l, struct err *e)
{
	const char *file = creds_env("AWS_WEB_IDENTITY_TOKEN_FILE"), *arn = creds_env("AWS_ROLE_ARN");
	const char *session = creds_env("AWS_ROLE_SESSION_NAME");

	if (s->conf->file || s->conf->profile || !file)
		return 0;
	if (!arn)
		return err_set(e, EK_DENIED, "AWS credentials: AWS_WEB_IDENTITY_TOKEN_FILE is set, but AWS_ROLE_ARN is not");
	*l = role_link(LINK_WEB, NULL, str_of(arn), NULL, e);
	if (!*l)
		return -1;
	(*l)->token_file = xstrdup(file);
	if (session) {
		free((*l)->session_name);
		(*l)->session_name = xstrdup(session);
	}
	return 0;
}

static bool
says_something(const struct profile *p)
{
	static const enum profile_key keys[] = { PROFILE_ACCESS_KEY, PROFILE_SECRET_KEY, PROFILE_ROLE_ARN,
		PROFILE_PROCESS, PROFILE_SSO_SESSION, PROFILE_SSO_URL };
	size_t n = 0;

	for (size_t i = 0; i < COUNT(keys); i++)
		n += p->v[keys[i]].len;
	return n > 0;
}

static int
try_profile(struct search *s, struct link **l, struct err *e)
{
	struct profile p = { 0 };

	if (s->files.kind != EK_NONE) {
		*e = s->files;
		return -1;
	}
	if (!s->named && !s->conf->file && (!profiles_find(&s->walk.files, "default", &p) || !says_something(&p))) {
		in_vain(s, "no profile 'default' with credentials in ");
		profiles_where(&s->walk.files, &s->looked);
		return 0;
	}
	*l = profile_link(&s->walk, s->named ? s->named : "default", e);
	return *l ? 0 : -1;
}

static int
try_container(struct search *s, struct link **l, struct err *e)
{
	(void)e;
	if (creds_env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") || creds_env("AWS_CONTAINER_CREDENTIALS_FULL_URI"))
		*l = link_new(LINK_CONTAINER, NULL);
	else
		in_vain(s, "no container endpoint is named");
	return 0;
}

static int
try_metadata(struct search *s, struct link **l, struct err *e)
{
	const char *off = creds_env("AWS_EC2_METADATA_DISABLED");
	bool disabled = off && str_eqz(str_of(off), "true");

	(void)e;
	if (off && !disabled && !parse_bool(str_of(off), &disabled))
		disabled = false;
	if (disabled)
		in_vain(s, "instance metadata is turned off by AWS_EC2_METADATA_DISABLED");
	else
		*l = link_new(LINK_METADATA, NULL);
	return 0;
}

static int (*const tries[])(struct search *s, struct link **l, struct err *e) = {
	try_environment,
	try_web_identity,
	try_profile,
	try_container,
	try_metadata,
};

static struct link *
find_link(struct search *s, struct err *e)
{
	struct link *l = NULL;

	for (size_t i = 0; i < COUNT(tries) && !l; i++)
		if (tries[i](s, &l, e) < 0)
			return NULL;
	if (!l)
		(void)err_set(e, EK_DENIED, "no AWS credentials: %s", buf_cstr(&s->looked));
	return l;
}

/* The role that the location names, on top of the rest.  Who comes in as that role already need not assume it. */
static struct link *
add_role(const struct creds_conf *conf, struct link *base, struct err *e)
{
	struct link *l;

	if (!conf->role_arn || (base->role_arn && strcmp(base->role_arn, conf->role_arn) == 0 && !conf->external_id))
		return base;
	l = role_link(LINK_ROLE, NULL, str_of(conf->role_arn), base, e);
	if (!l)
		return NULL;
	l->external_id = xstrdup_or_null(conf->external_id);
	l->duration_s = conf->duration_s;
	if (conf->session_name) {
		free(l->session_name);
		l->session_name = xstrdup(conf->session_name);
	}
	return l;
}

static void
fill_conf(const struct search *s, const struct link *l, struct link_conf *x)
{
	const struct creds_conf *conf = s->conf;
	const char *region = conf->region, *ca = conf->ca_file;
	struct profile p = { 0 };

	if (s->files.kind == EK_NONE)
		(void)profiles_find(&s->walk.files, s->named ? s->named : "default", &p);
	if (!region)
		region = creds_env("AWS_REGION");
	if (!region)
		region = creds_env("AWS_DEFAULT_REGION");
	if (!ca)
		ca = creds_env("AWS_CA_BUNDLE");
	x->region = region ? xstrdup(region) : dup_or_null(p.v[PROFILE_REGION]);
	if (!x->region)
		x->region = xstrdup(DEFAULT_REGION);
	x->ca_file = ca ? xstrdup(ca) : dup_or_null(p.v[PROFILE_CA_BUNDLE]);
	x->file = xstrdup_or_null(conf->file);
	x->looked = xstrdup(l->kind == LINK_METADATA ? buf_cstr(&s->looked) : "");
	x->imds_v1 = conf->imds_v1;
}

struct link *
chain_new(const struct creds_conf *conf, struct link_conf *x, struct err *e)
{
	AUTO(search_done) struct search s = { .conf = conf, .looked = BUF_INIT(LIMIT_CONFIG) };
	struct link *l;

	s.named = conf->profile ? conf->profile : conf->file ? NULL : creds_env("AWS_PROFILE");
	(void)!profiles_read(&s.walk.files, conf->file, &s.files);      /* said when a profile is needed */
	l = find_link(&s, e);
	if (!l)
		return NULL;
	fill_conf(&s, l, x);
	return add_role(conf, l, e);
}
