/* Locations as they are typed in. */
#include "app/location_edit.h"

#include "base/attr.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MINIO_REGION "us-east-1"

/* --- fields --- */

static const struct { const char *key; size_t at; bool here; } texts[] = {
	{ "path", offsetof(struct location, path), true },
	{ "roleArn", offsetof(struct location, role_arn), true },
	{ "externalId", offsetof(struct location, external_id), true },
	{ "certificate", offsetof(struct location, certificate), true },
	{ "bucket", offsetof(struct location, bucket), false },
	{ "prefix", offsetof(struct location, prefix), false },
	{ "profile", offsetof(struct location, profile), false },
	{ "storageClass", offsetof(struct location, storage_class), false },
};

static char **
text_of(struct location *l, const char *key, bool here_only)
{
	for (size_t i = 0; i < COUNT(texts); i++)
		if (strcmp(texts[i].key, key) == 0 && (texts[i].here || !here_only))
			return (char **)(void *)((char *)l + texts[i].at);
	for (size_t i = 0; !here_only && i < CONFIG_COUNT_; i++)
		if (i != CONFIG_CHECKSUM && strcmp(config_word((enum config_key)i), key) == 0)
			return &l->config[i];
	return NULL;
}

/* A location outlives the current folder. */
static char *
lasting_path(const char *path)
{
	AUTO_FREE char *cwd = getcwd(NULL, 0);
	AUTO_FREE char *base = xasprintf("%s/-", cwd != NULL ? cwd : "");

	return project_path(base, path);
}

static int
check_certificate(const char *path, struct err *e)
{
	AUTO_BUF struct buf pem = BUF_INIT(LIMIT_PEM);

	if (file_read(path, &pem, e) < 0)
		return err_ctx(e, "certificate");
	if (strstr(buf_cstr(&pem), "-----BEGIN CERTIFICATE-----") == NULL)
		return err_set(e, EK_INVALID, "certificate: %s is no certificate in PEM form", path);
	return 0;
}

static int
set_text(char **at, const char *key, const char *value, struct err *e)
{
	bool pem = strstr(value, "-----BEGIN") != NULL, path = strcmp(key, "path") == 0;
	AUTO_FREE char *text = NULL;

	if (strcmp(key, "certificate") == 0 && !pem) {
		text = lasting_path(value);
		if (check_certificate(text, e) < 0)
			return -1;
	} else {
		text = path ? lasting_path(value) : xstrdup(value);
	}
	free(*at);
	*at = TAKE(text);
	return 0;
}

static int
set_account(struct location *l, const char *value, struct err *e)
{
	for (size_t i = 0; i < ACCOUNT_COUNT_; i++) {
		if (strcmp(account_word((enum account)i), value) != 0)
			continue;
		l->account = (enum account)i;
		if (l->account != ACCOUNT_STS) {
			free(TAKE(l->role_arn));
			free(TAKE(l->external_id));
		}
		return 0;
	}
	return err_set(e, EK_INVALID, "account: '%.40s' is not environment, credentials or sts", value);
}

int
location_field_set(struct location *l, const char *key, const char *value, struct err *e)
{
	char **at = text_of(l, key, value[0] != '\0');

	if (strcmp(key, "provider") == 0)
		return provider_parse(value, &l->provider) ? 0
			: err_set(e, EK_INVALID, "provider: '%.40s' is not aws, minio, s3 or dir", value);
	if (strcmp(key, "account") == 0)
		return set_account(l, value, e);
	if (strcmp(key, "accessMode") == 0) {
		l->read_only = strcmp(value, "ReadOnly") == 0;
		return l->read_only || strcmp(value, "ReadWrite") == 0 ? 0
			: err_set(e, EK_INVALID, "accessMode: '%.40s' is not ReadOnly or ReadWrite", value);
	}
	if (at == NULL)
		return location_set(l, key, value, e);
	if (value[0] != '\0')
		return set_text(at, key, value, e);
	free(TAKE(*at));
	return 0;
}

int
location_add_defaults(struct location *l, struct err *e)
{
	char uuid[UUID_MAX];

	/* A role that anybody's mistake can point at somebody else's bucket needs one. */
	if (l->account == ACCOUNT_STS && l->external_id == NULL)
		l->external_id = xasprintf("orlop-%s", random_uuid(uuid));
	if (l->provider != PROVIDER_MINIO)
		return 0;
	if (l->config[CONFIG_PATH_STYLE] == NULL && location_set(l, "s3ForcePathStyle", "true", e) < 0)
		return -1;
	return l->config[CONFIG_REGION] == NULL ? location_set(l, "region", MINIO_REGION, e) : 0;
}

static const char *
field(const struct strs *fields, const char *key)
{
	for (size_t i = 0; i < fields->len; i++) {
		struct str value = str_of(fields->at[i]), k;

		if (str_split(&value, '=', &k) && str_eqz(k, key))
			return value.p;
	}
	return NULL;
}

static int
set_all(struct location *l, const struct strs *fields, struct err *e)
{
	for (size_t i = 0; i < fields->len; i++) {
		struct str value = str_of(fields->at[i]), key;
		AUTO_FREE char *k = NULL, *v = NULL;

		(void)str_split(&value, '=', &key);
		k = str_dup(key);
		v = str_dup(value);
		if (location_field_set(l, k, v, e) < 0)
			return -1;
	}
	return 0;
}

int
location_describe(const struct project *p, const char *name, const struct strs *fields, bool replace, struct location *out,
	struct err *e)
{
	const struct location *old = NULL;
	const char *provider = field(fields, "provider");
	struct location l = { 0 };

	if (project_check_name("location", name, e) < 0)
		return -1;
	for (size_t i = 0; i < p->locations.len; i++)
		if (strcmp(p->locations.at[i].name, name) == 0)
			old = &p->locations.at[i];
	if (old != NULL && !replace)
		return err_set(e, EK_EXISTS, "location '%s' is in project '%s' already", name, p->name);
	if (old == NULL && replace)
		return project_location(p, name, e) == NULL ? -1 : 0;
	if (old != NULL && (provider == NULL || strcmp(provider, provider_word(old->provider)) == 0))
		location_copy(&l, old);
	else
		l.name = xstrdup(name);
	if (set_all(&l, fields, e) < 0 || location_add_defaults(&l, e) < 0 || location_check(&l, e) < 0) {
		location_done(&l);
		return -1;
	}
	*out = l;
	return 0;
}

/* --- keys --- */

/* A key stands in a line of its own. */
static bool
key_like(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] <= ' ' || s.p[i] == 0x7f)
			return false;
	return s.len > 0;
}

int
location_keys_ini(const char *profile, const char *access_key, const struct secret *secret, struct buf *ini, struct err *e)
{
	if (!key_like(str_of(access_key)))
		return err_set(e, EK_INVALID, "the access key is empty, or has blanks");
	if (!key_like(secret_get(secret)))
		return err_set(e, EK_INVALID, "the secret is empty, or has blanks or more than one line");
	buf_putf(ini, "[%s]\naws_access_key_id = %s\naws_secret_access_key = ", profile != NULL ? profile : "default", access_key);
	return buf_add_str(ini, secret_get(secret), e) < 0 ? -1 : buf_add(ini, "\n", 1, e);
}

char *
location_trial_url(const struct project *p, const struct location *l, struct str ini, int *fd, struct err *e)
{
	AUTO_FREE char *url = NULL;
	struct location plain = *l;

	if (ini.len == 0)
		return location_url(p, l);
	*fd = memfd_create("keys", MFD_CLOEXEC);
	if (*fd < 0 || fchmod(*fd, 0600) < 0) {
		err_sys(e, errno, "memory for the keys");
		return NULL;
	}
	if (file_write_all(*fd, ini.p, ini.len, e) < 0)
		return NULL;
	/* Without the keys that may be stored for its name. */
	plain.name = NULL;
	plain.account = ACCOUNT_ENVIRONMENT;
	url = location_url(p, &plain);
	return xasprintf("%s%ccredentialsFile=/proc/self/fd/%d", url, strchr(url, '?') != NULL ? '&' : '?', *fd);
}

/* --- rows --- */

static char *
auth_word(const struct location *l)
{
	if (l->provider == PROVIDER_DIR)
		return xstrdup("-");
	if (l->account == ACCOUNT_CREDENTIALS)
		return xstrdup("keys");
	if (l->account == ACCOUNT_STS)
		return xstrdup("STS");
	return l->profile != NULL ? xasprintf("profile %s", l->profile) : xstrdup("environment");
}

int
location_row(const struct project *p, const struct location *l, struct buf *out, struct err *e)
{
	const struct location *standard = project_default_location(p);
	AUTO_FREE char *place = location_place(l), *auth = auth_word(l), *url = location_url(p, l);
	AUTO_FREE char *keys = location_keys_path(p->name, l->name);
	struct jw w;

	jw_init(&w, out, false);
	jw_obj(&w);
	location_write(l, &w);
	jw_kv_bool(&w, "default", standard == l);
	jw_kv_text(&w, "place", place);
	jw_kv_text(&w, "auth", auth);
	if (l->account == ACCOUNT_CREDENTIALS)
		jw_kv_text(&w, "keys", keys);
	jw_kv_text(&w, "url", url);
	jw_obj_end(&w);
	return jw_done(&w, e);
}
