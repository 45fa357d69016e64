/* Backup locations: their fields, what these may be, and the URL that they make. */
#include "app/project.h"

#include "base/file.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/parse.h"
#include "store/store_impl.h"

#include <sys/stat.h>

static const char *const providers[] = { [PROVIDER_AWS] = "aws", [PROVIDER_MINIO] = "minio", [PROVIDER_S3] = "s3",
	[PROVIDER_DIR] = "dir" };
static const char *const accounts[] = { [ACCOUNT_ENVIRONMENT] = "environment", [ACCOUNT_CREDENTIALS] = "credentials",
	[ACCOUNT_STS] = "sts" };
_Static_assert(COUNT(providers) == PROVIDER_COUNT_ && COUNT(accounts) == ACCOUNT_COUNT_, "every value needs its word");

static const struct { const char *name; bool boolean; } config_keys[] = {
	[CONFIG_REGION]       = { "region", false },
	[CONFIG_S3_URL]       = { "s3Url", false },
	[CONFIG_PUBLIC_URL]   = { "publicUrl", false },
	[CONFIG_PATH_STYLE]   = { "s3ForcePathStyle", true },
	[CONFIG_KMS_KEY]      = { "kmsKeyId", false },
	[CONFIG_ENCRYPTION]   = { "serverSideEncryption", false },
	[CONFIG_CUSTOMER_KEY] = { "customerKeyEncryptionFile", false },
	[CONFIG_TAGGING]      = { "tagging", false },
	[CONFIG_CHECKSUM]     = { "checksumAlgorithm", false },
	[CONFIG_SIGNATURE]    = { "signatureVersion", false },
	[CONFIG_SHARED]       = { "enableSharedConfig", true },
};
_Static_assert(COUNT(config_keys) == CONFIG_COUNT_, "every key of config needs its name");

/* Keys that a configuration may have, too, and that are kept elsewhere: "config" is what Velero's plugin takes. */
static const struct {
	const char *name;
	enum { FLAG, TEXT, PEM, TRIMMED } kind;
	size_t      at;
} moved_keys[] = {
	{ "insecureSkipTLSVerify", FLAG, offsetof(struct location, insecure) },
	{ "imdsV1", FLAG, offsetof(struct location, imds_v1) },
	{ "requesterPays", FLAG, offsetof(struct location, requester_pays) },
	{ "profile", TEXT, offsetof(struct location, profile) },
	{ "storageClass", TEXT, offsetof(struct location, storage_class) },
	{ "bucket", TEXT, offsetof(struct location, bucket) },
	{ "prefix", TRIMMED, offsetof(struct location, prefix) },
	{ "caCert", PEM, offsetof(struct location, certificate) },
};

/* Keys of Velero that mean something else on a machine than in a pod. */
static const struct { const char *name, *instead; } foreign_keys[] = {
	{ "credentialsFile", "it is a file of Velero's pod; --credentials-file FILE stores a copy of one of this machine" },
	{ "customerKeyEncryptionSecret",
		"it is a Secret of Velero's cluster; put its key into a file and name that as customerKeyEncryptionFile" },
};

static const size_t texts[] = { offsetof(struct location, name), offsetof(struct location, bucket),
	offsetof(struct location, prefix), offsetof(struct location, certificate), offsetof(struct location, path),
	offsetof(struct location, role_arn), offsetof(struct location, external_id), offsetof(struct location, profile),
	offsetof(struct location, storage_class) };

static char **
text_at(struct location *l, size_t i)
{
	return (char **)(void *)((char *)l + texts[i]);
}

void
location_done(struct location *l)
{
	for (size_t i = 0; i < COUNT(texts); i++)
		free(*text_at(l, i));
	for (size_t i = 0; i < CONFIG_COUNT_; i++)
		free(l->config[i]);
	*l = (struct location){ 0 };
}

void
location_copy(struct location *out, const struct location *from)
{
	*out = *from;
	for (size_t i = 0; i < COUNT(texts); i++)
		*text_at(out, i) = xstrdup_or_null(*text_at(out, i));
	for (size_t i = 0; i < CONFIG_COUNT_; i++)
		out->config[i] = xstrdup_or_null(from->config[i]);
}

const char *
provider_word(enum provider p)
{
	return providers[p];
}

const char *
account_word(enum account a)
{
	return accounts[a];
}

const char *
config_word(enum config_key k)
{
	return config_keys[k].name;
}

bool
provider_parse(const char *word, enum provider *out)
{
	for (size_t i = 0; i < COUNT(providers); i++) {
		if (strcmp(word, providers[i]) != 0)
			continue;
		*out = (enum provider)i;
		return true;
	}
	return false;
}

/* --- setting --- */

bool
location_secret_key(const char *key)
{
	static const char *const words[] = { "secret", "accesskey", "password", "passwd", "sessiontoken", "securitytoken" };
	AUTO_BUF struct buf plain = BUF_INIT(SIZE_MAX);

	for (const char *p = key; *p != '\0'; p++)
		if (*p != '_' && *p != '-')
			buf_putc(&plain, *p >= 'A' && *p <= 'Z' ? (char)(*p - 'A' + 'a') : *p);
	for (size_t i = 0; i < COUNT(words); i++)
		if (strstr(buf_cstr(&plain), words[i]) != NULL)
			return true;
	return false;
}

static int
unknown_key(const char *key, struct err *e)
{
	const char *best = NULL;
	unsigned least = 4;

	for (size_t i = 0; i < COUNT(foreign_keys); i++)
		if (strcmp(key, foreign_keys[i].name) == 0)
			return err_set(e, EK_INVALID, "key '%s': %s", key, foreign_keys[i].instead);
	if (location_secret_key(key))
		return err_set(e, EK_INVALID, "'%.60s' is a secret, and no part of a project: "
			"'orlop location add NAME --access-key KEY' asks for it and stores it in a private file", key);
	for (size_t i = 0; i < COUNT(config_keys) + COUNT(moved_keys); i++) {
		const char *name = i < COUNT(config_keys) ? config_keys[i].name : moved_keys[i - COUNT(config_keys)].name;
		unsigned d = str_distance(str_of(key), str_of(name));

		if (d < least) {
			least = d;
			best = name;
		}
	}
	return err_set(e, EK_INVALID, "unknown key '%.60s'%s%s%s", key, best != NULL ? " (did you mean '" : "",
		best != NULL ? best : "", best != NULL ? "'?)" : "");
}

static struct str
without_slashes(struct str s)
{
	while (s.len > 0 && s.p[0] == '/')
		s = str_sub(s, 1, s.len);
	while (s.len > 0 && s.p[s.len - 1] == '/')
		s.len--;
	return s;
}

static int
set_moved(size_t i, struct location *l, const char *value, struct err *e)
{
	char *at = (char *)l + moved_keys[i].at, **text = (char **)(void *)at;
	AUTO_BUF struct buf pem = BUF_INIT(LIMIT_PEM);

	switch (moved_keys[i].kind) {
	case FLAG:
		if (!parse_bool(str_of(value), (bool *)at))
			return err_set(e, EK_INVALID, "key '%s' must be true or false", moved_keys[i].name);
		return 0;
	case PEM:
		if (b64_decode(&pem, str_of(value), e) < 0)
			return err_ctx(e, "key '%s'", moved_keys[i].name);
		value = buf_cstr(&pem);
		break;
	case TEXT:
	case TRIMMED:
		break;
	}
	free(*text);
	*text = moved_keys[i].kind == TRIMMED ? str_dup(without_slashes(str_of(value))) : xstrdup(value);
	return 0;
}

int
location_set(struct location *l, const char *key, const char *value, struct err *e)
{
	bool yes;

	for (size_t i = 0; i < COUNT(config_keys); i++) {
		if (strcmp(key, config_keys[i].name) != 0)
			continue;
		if (config_keys[i].boolean && !parse_bool(str_of(value), &yes))
			return err_set(e, EK_INVALID, "key '%s' must be true or false", key);
		free(l->config[i]);
		l->config[i] = config_keys[i].boolean ? xstrdup(yes ? "true" : "false") : xstrdup(value);
		return 0;
	}
	for (size_t i = 0; i < COUNT(moved_keys); i++)
		if (strcmp(key, moved_keys[i].name) == 0)
			return set_moved(i, l, value, e);
	return unknown_key(key, e);
}

/* --- checking --- */

static int
check_dir(const struct location *l, struct err *e)
{
	const struct { const char *name; bool set; } others[] = {
		{ "bucket", l->bucket != NULL }, { "prefix", l->prefix != NULL }, { "certificate", l->certificate != NULL },
		{ "account", l->account != ACCOUNT_ENVIRONMENT || l->profile != NULL },
		{ "storageClass", l->storage_class != NULL }, { "accessMode", l->read_only },
		{ "requesterPays", l->requester_pays }, { "insecureSkipTLSVerify", l->insecure }, { "imdsV1", l->imds_v1 },
	};

	if (l->path == NULL || l->path[0] == '\0')
		return err_set(e, EK_INVALID, "provider dir needs a path");
	for (size_t i = 0; i < COUNT(others); i++)
		if (others[i].set)
			return err_set(e, EK_INVALID, "provider dir has no %s", others[i].name);
	for (size_t i = 0; i < CONFIG_COUNT_; i++)
		if (l->config[i] != NULL)
			return err_set(e, EK_INVALID, "provider dir has no %s", config_keys[i].name);
	return 0;
}

/* "https://KEY:SECRET@host": a habit from other programs. */
static bool
has_userinfo(const char *url)
{
	const char *host = strstr(url, "://");

	return host != NULL && memchr(host + 3, '@', strcspn(host + 3, "/")) != NULL;
}

static int
check_url(const struct location *l, enum config_key k, struct err *e)
{
	const char *url = l->config[k];

	if (url == NULL)
		return 0;
	if (has_userinfo(url))
		return err_set(e, EK_INVALID, "%s must not contain a user or password", config_keys[k].name);
	if (!str_starts(str_of(url), S("http://")) && !str_starts(str_of(url), S("https://")))
		return err_set(e, EK_INVALID, "%s must start with https:// or http://", config_keys[k].name);
	return 0;
}

static int
check_account(const struct location *l, struct err *e)
{
	if (l->account == ACCOUNT_STS && l->role_arn == NULL)
		return err_set(e, EK_INVALID, "account type sts needs a roleArn");
	if (l->account != ACCOUNT_STS && (l->role_arn != NULL || l->external_id != NULL))
		return err_set(e, EK_INVALID, "roleArn and externalId belong to account type sts");
	if (l->role_arn != NULL && !str_starts(str_of(l->role_arn), S("arn:")))
		return err_set(e, EK_INVALID, "roleArn must look like arn:aws:iam::ACCOUNT:role/NAME");
	return 0;
}

/* Appends key=value; only what would end the value is escaped, as in the canonical URL. */
static void
add_param(struct buf *out, const char *key, const char *value)
{
	if (value == NULL)
		return;
	buf_putf(out, "%c%s=", strchr(buf_cstr(out), '?') != NULL ? '&' : '?', key);
	for (const char *c = value; *c != '\0'; c++) {
		if (strchr("%&#+ ", *c) != NULL || (unsigned char)*c < ' ')
			buf_putf(out, "%%%02X", (unsigned)(unsigned char)*c);
		else
			buf_putc(out, *c);
	}
}

static void
add_certificate(struct buf *out, const char *base_file, const struct location *l)
{
	AUTO_BUF struct buf b64 = BUF_INIT(2 * LIMIT_CONFIG);
	AUTO_FREE char *path = NULL;

	if (l->certificate == NULL)
		return;
	if (strstr(l->certificate, "-----BEGIN") != NULL) {
		b64_encode(&b64, l->certificate, strlen(l->certificate));
		add_param(out, "caCert", buf_cstr(&b64));
		return;
	}
	path = project_path(base_file, l->certificate);
	add_param(out, "caFile", path);
}

static bool
stored(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0;
}

static char *
compose(const char *base_file, const char *project, const struct location *l)
{
	struct buf out = BUF_INIT(4 * LIMIT_CONFIG);
	AUTO_FREE char *keys = l->name != NULL ? location_keys_path(project, l->name) : NULL;
	AUTO_FREE char *path = NULL;

	if (l->provider == PROVIDER_DIR) {
		path = project_path(base_file, l->path);
		buf_putf(&out, "dir:%s", path);
		return buf_take(&out, NULL);
	}
	buf_putf(&out, "s3://%s%s%s", l->bucket, l->prefix != NULL && *l->prefix != '\0' ? "/" : "",
		l->prefix != NULL ? l->prefix : "");
	for (size_t i = 0; i < CONFIG_COUNT_; i++) {
		AUTO_FREE char *file = i == CONFIG_CUSTOMER_KEY ? project_path(base_file, l->config[i]) : NULL;

		add_param(&out, config_keys[i].name, file != NULL ? file : l->config[i]);
	}
	add_certificate(&out, base_file, l);
	/* A role is assumed with the location's own keys where it has some. */
	if (l->account == ACCOUNT_CREDENTIALS || (l->account == ACCOUNT_STS && keys != NULL && stored(keys)))
		add_param(&out, "credentialsFile", keys);
	add_param(&out, "profile", l->profile);
	add_param(&out, "roleArn", l->role_arn);
	add_param(&out, "externalId", l->external_id);
	add_param(&out, "storageClass", l->storage_class);
	add_param(&out, "accessMode", l->read_only ? "ReadOnly" : NULL);
	add_param(&out, "requesterPays", l->requester_pays ? "true" : NULL);
	add_param(&out, "insecureSkipTLSVerify", l->insecure ? "true" : NULL);
	add_param(&out, "imdsV1", l->imds_v1 ? "true" : NULL);
	return buf_take(&out, NULL);
}

/* What the store says of a URL, said of the location's fields. */
static int
check_by_url(const struct location *l, struct err *e)
{
	static const char prefix[] = "location URL: ";
	AUTO_FREE char *url = compose("/", PROJECT_DEFAULT, l);
	struct store_place place;

	if (store_place_parse(&place, url, e) == 0) {
		store_place_done(&place);
		return 0;
	}
	if (str_starts(str_of(e->msg), str_of(prefix)))
		memmove(e->msg, e->msg + strlen(prefix), strlen(e->msg + strlen(prefix)) + 1);
	return -1;
}

int
location_check(const struct location *l, struct err *e)
{
	if (l->provider == PROVIDER_DIR)
		return check_dir(l, e);
	if (l->path != NULL)
		return err_set(e, EK_INVALID, "a path is for provider dir only");
	if (l->bucket == NULL || l->bucket[0] == '\0')
		return err_set(e, EK_INVALID, "a bucket is needed");
	if (strpbrk(l->bucket, "/?") != NULL || (l->prefix != NULL && strchr(l->prefix, '?') != NULL))
		return err_set(e, EK_INVALID, "bucket '%.60s': a bucket has no '/' and '?', a prefix no '?'", l->bucket);
	if (l->provider != PROVIDER_AWS && l->config[CONFIG_S3_URL] == NULL)
		return err_set(e, EK_INVALID, "provider %s needs an s3Url, the address of the store's API",
			provider_word(l->provider));
	if (check_url(l, CONFIG_S3_URL, e) < 0 || check_url(l, CONFIG_PUBLIC_URL, e) < 0 || check_account(l, e) < 0)
		return -1;
	return check_by_url(l, e);
}

/* --- writing --- */

static void
write_if(struct jw *w, const char *key, const char *value)
{
	if (value != NULL)
		jw_kv_text(w, key, value);
}

static void
flag_if(struct jw *w, const char *key, bool set)
{
	if (set)
		jw_kv_bool(w, key, true);
}

static void
write_config(const struct location *l, struct jw *w)
{
	bool any = false;

	for (size_t i = 0; i < CONFIG_COUNT_; i++) {
		if (l->config[i] == NULL)
			continue;
		if (!any) {
			jw_key(w, "config");
			jw_obj(w);
			any = true;
		}
		jw_kv_text(w, config_keys[i].name, l->config[i]);
	}
	if (any)
		jw_obj_end(w);
}

void
location_write(const struct location *l, struct jw *w)
{
	jw_kv_text(w, "name", l->name);
	jw_kv_text(w, "provider", provider_word(l->provider));
	write_if(w, "bucket", l->bucket);
	write_if(w, "prefix", l->prefix);
	write_if(w, "path", l->path);
	write_if(w, "certificate", l->certificate);
	write_config(l, w);
	if (l->account != ACCOUNT_ENVIRONMENT || l->profile != NULL) {
		jw_key(w, "account");
		jw_obj(w);
		jw_kv_text(w, "type", account_word(l->account));
		write_if(w, "roleArn", l->role_arn);
		write_if(w, "externalId", l->external_id);
		write_if(w, "profile", l->profile);
		jw_obj_end(w);
	}
	write_if(w, "accessMode", l->read_only ? "ReadOnly" : NULL);
	write_if(w, "storageClass", l->storage_class);
	flag_if(w, "requesterPays", l->requester_pays);
	flag_if(w, "insecureSkipTLSVerify", l->insecure);
	flag_if(w, "imdsV1", l->imds_v1);
}

char *
location_place(const struct location *l)
{
	if (l->provider == PROVIDER_DIR)
		return xstrdup(l->path);
	return xasprintf("%s%s%s", l->bucket, l->prefix != NULL && *l->prefix != '\0' ? "/" : "",
		l->prefix != NULL ? l->prefix : "");
}

char *
location_url(const struct project *p, const struct location *l)
{
	return compose(p->file, p->name, l);
}

/* --- keys --- */

char *
location_keys_path(const char *project, const char *location)
{
	AUTO_FREE char *rest = xasprintf("credentials/%s/%s", project, location);

	return file_xdg(XDG_CONFIG, rest);
}

int
location_keys_check(const char *project, const char *location, struct err *e)
{
	AUTO_FREE char *path = location_keys_path(project, location);
	struct stat st;

	if (stat(path, &st) < 0)
		return err_set(e, EK_NOTFOUND, "the keys of location '%s' are not on this machine (%s): "
			"'orlop location add %s --replace --access-key KEY' stores them", location, path, location);
	if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		return err_set(e, EK_DENIED, "the keys of location '%s' can be read by others: chmod 600 '%s'", location, path);
	return 0;
}
