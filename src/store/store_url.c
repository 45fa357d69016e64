/* Location URLs: from text to parts and back to the canonical text. */
#include "store/store_impl.h"

#include "base/hash.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/parse.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define BUCKET_MIN 3
#define BUCKET_MAX 63
#define TAGS_MAX      10
#define TAG_KEY_MAX   128
#define TAG_VALUE_MAX 248

#define URL_TEXT_MAX (256 * KIB)         /* a chain of certificates is the longest thing in a URL */

static int check_tagging(struct str value, struct err *e);
static int check_ca_cert(struct str value, struct err *e);

static const char *const checksums[] = { "", "CRC32", "CRC32C", "SHA1", "SHA256", NULL };
static const char *const encryptions[] = { "AES256", "aws:kms", "aws:kms:dsse", NULL };
static const char *const access_modes[] = { "ReadOnly", "ReadWrite", NULL };
static const char *const signatures[] = { "1", "4", NULL };

/*
 * Parameters of s3:, in the order of the canonical URL.  Names are those of Velero (config keys of its AWS plugin); the
 * rest is ours.  Two are understood and mean nothing, as in Velero: signatureVersion and enableSharedConfig.
 */
enum param_type { TEXT, BOOL };
static const struct param {
	const char        *name;
	enum param_type    type;
	size_t             at;
	const char *const *values;               /* NULL: any */
	int              (*check)(struct str value, struct err *e);
} params[] = {
	{ "region",                TEXT, offsetof(struct store_place, region), NULL, NULL },
	{ "s3Url",                 TEXT, offsetof(struct store_place, s3_url), NULL, NULL },
	{ "publicUrl",             TEXT, offsetof(struct store_place, public_url), NULL, NULL },
	{ "s3ForcePathStyle",      BOOL, offsetof(struct store_place, path_style), NULL, NULL },
	{ "caFile",                TEXT, offsetof(struct store_place, ca_file), NULL, NULL },
	{ "insecureSkipTLSVerify", BOOL, offsetof(struct store_place, insecure), NULL, NULL },
	{ "profile",               TEXT, offsetof(struct store_place, profile), NULL, NULL },
	{ "credentialsFile",       TEXT, offsetof(struct store_place, credentials_file), NULL, NULL },
	{ "roleArn",               TEXT, offsetof(struct store_place, role_arn), NULL, NULL },
	{ "externalId",            TEXT, offsetof(struct store_place, external_id), NULL, NULL },
	{ "imdsV1",                BOOL, offsetof(struct store_place, imds_v1), NULL, NULL },
	{ "kmsKeyId",              TEXT, offsetof(struct store_place, kms_key), NULL, NULL },
	{ "serverSideEncryption",  TEXT, offsetof(struct store_place, encryption), encryptions, NULL },
	{ "customerKeyEncryptionFile", TEXT, offsetof(struct store_place, customer_key_file), NULL, NULL },
	{ "tagging",               TEXT, offsetof(struct store_place, tagging), NULL, check_tagging },
	{ "checksumAlgorithm",     TEXT, offsetof(struct store_place, checksum), checksums, NULL },
	{ "storageClass",          TEXT, offsetof(struct store_place, storage_class), NULL, NULL },
	{ "requesterPays",         BOOL, offsetof(struct store_place, requester_pays), NULL, NULL },
	{ "accessMode",            TEXT, offsetof(struct store_place, access_mode), access_modes, NULL },
	{ "signatureVersion",      TEXT, offsetof(struct store_place, signature_version), signatures, NULL },
	{ "enableSharedConfig",    BOOL, offsetof(struct store_place, shared_config), NULL, NULL },
	{ "caCert",                TEXT, offsetof(struct store_place, ca_cert), NULL, check_ca_cert },
};

static char **
text_of(const struct param *p, struct store_place *place)
{
	return (char **)(void *)((char *)place + p->at);
}

static bool *
bool_of(const struct param *p, struct store_place *place)
{
	return (bool *)((char *)place + p->at);
}

void
store_place_done(struct store_place *p)
{
	for (size_t i = 0; i < COUNT(params); i++)
		if (params[i].type == TEXT)
			free(*text_of(&params[i], p));
	free(p->dir);
	free(p->bucket);
	free(p->prefix);
	*p = (struct store_place){ 0 };
}

bool
store_unescape(struct buf *out, struct str s, bool plus)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned v = 0;

		if (s.p[i] != '%') {
			buf_putc(out, plus && s.p[i] == '+' ? ' ' : s.p[i]);
			continue;
		}
		if (s.len - i < 3)
			return false;
		for (size_t k = i + 1; k < i + 3; k++) {
			const char *digits = "0123456789abcdef";
			const char *d = s.p[k] ? strchr(digits, s.p[k] | 0x20) : NULL;

			if (!d)
				return false;
			v = v * 16 + (unsigned)(d - digits);
		}
		if (v == 0)
			return false;
		buf_putc(out, (char)v);
		i += 2;
	}
	return true;
}

const char *
store_key_flaw(const char *key, bool writing)
{
	struct str rest = str_of(key), seg;

	if (rest.len == 0)
		return "it is empty";
	if (rest.len > STORE_KEY_MAX)
		return "it is longer than 1024 bytes";
	if (key[0] == '/')
		return "it starts with '/'";
	while (str_split(&rest, '/', &seg)) {
		if (str_eqz(seg, ".") || str_eqz(seg, ".."))
			return "it has a '.' or '..' segment";
		if (writing && seg.len == 0)
			return "it has an empty segment";
	}
	return NULL;
}

/* The known word nearest to s, NULL if none is near. */
static const char *
nearest_param(struct str s)
{
	const char *best = NULL;
	unsigned best_d = 4;

	for (size_t i = 0; i < COUNT(params); i++) {
		unsigned d = str_distance(s, str_of(params[i].name));

		if (d < best_d || (strlen(params[i].name) == s.len && strncasecmp(params[i].name, s.p, s.len) == 0)) {
			best_d = d;
			best = params[i].name;
		}
	}
	return best;
}

/*
 * As Velero checks it, but for its refusal of a single tag: "K1=V1&K2=V2", at most ten, one '=' each.  Bytes are what is sent,
 * that is, tags with special characters are percent-encoded in it.
 */
static int
check_tagging(struct str value, struct err *e)
{
	struct str rest = value, tag;
	size_t n = 0;

	while (rest.len && str_split(&rest, '&', &tag)) {
		size_t eq = str_chr(tag, '=');

		if (eq == tag.len || str_chr(str_sub(tag, eq + 1, tag.len), '=') < tag.len - eq - 1)
			return err_set(e, EK_INVALID, "each tag must be of the form KEY=VALUE");
		if (eq == 0 || eq > TAG_KEY_MAX || tag.len - eq - 1 > TAG_VALUE_MAX)
			return err_set(e, EK_INVALID, "a tag's key has 1 to %d characters, its value at most %d", TAG_KEY_MAX,
				TAG_VALUE_MAX);
		n++;
	}
	if (n <= TAGS_MAX && !(value.len && value.p[value.len - 1] == '&'))
		return 0;
	return err_set(e, EK_INVALID, n > TAGS_MAX ? "an object has at most 10 tags" : "it must not end with '&'");
}

static int
check_ca_cert(struct str value, struct err *e)
{
	AUTO_BUF struct buf pem = BUF_INIT(LIMIT_PEM);
	struct err why = { 0 };

	if (b64_decode(&pem, value, &why) == 0 && strstr(buf_cstr(&pem), "-----BEGIN CERTIFICATE-----") != NULL)
		return 0;
	return err_set(e, EK_INVALID, "it must be base64 of a certificate in PEM form");
}

/* Values end up in headers and messages. */
static bool
has_control(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f)
			return true;
	return false;
}

/* Values are not repeated in messages: somebody may have put a key into one. */
static int
check_value(const struct param *p, struct str value, struct err *e)
{
	AUTO_BUF struct buf all = BUF_INIT(LIMIT_SMALL_BODY);
	struct err why = { 0 };

	if (has_control(value))
		return err_set(e, EK_INVALID, "location URL: parameter '%s' has no proper value", p->name);
	if (p->check != NULL && p->check(value, &why) < 0)
		return err_set(e, EK_INVALID, "location URL: parameter '%s': %s", p->name, why.msg);
	if (p->values == NULL)
		return value.len > 0 || p->check == check_tagging ? 0
			: err_set(e, EK_INVALID, "location URL: parameter '%s' has no proper value", p->name);
	for (size_t i = 0; p->values[i] != NULL; i++) {
		if (str_eqz(value, p->values[i]))
			return 0;
		buf_putf(&all, "%s%s", i > 0 ? ", " : "", *p->values[i] ? p->values[i] : "empty (none)");
	}
	return err_set(e, EK_INVALID, "location URL: parameter '%s' must be one of: %s", p->name, buf_cstr(&all));
}

static int
parse_param(struct store_place *place, struct str text, struct err *e)
{
	AUTO_BUF struct buf value = BUF_INIT(LIMIT_CONFIG);
	size_t eq = str_chr(text, '=');
	struct str name = str_sub(text, 0, eq);
	const struct param *p = NULL;
	const char *near;

	for (size_t i = 0; i < COUNT(params) && !p; i++)
		if (str_eqz(name, params[i].name))
			p = &params[i];
	if (!p) {
		near = nearest_param(name);
		return err_set(e, EK_INVALID, "location URL: unknown parameter '%.*s'%s%s%s",
			(int)(name.len < 40 ? name.len : 40), name.p, near ? ", did you mean '" : "",
			near ? near : "", near ? "'?" : "");
	}
	if (eq == text.len || !store_unescape(&value, str_sub(text, eq + 1, text.len), false))
		return err_set(e, EK_INVALID, "location URL: parameter '%s' has no proper value", p->name);
	if (p->type == BOOL) {
		if (!parse_bool(buf_str(&value), bool_of(p, place)))
			return err_set(e, EK_INVALID, "location URL: parameter '%s' must be true or false", p->name);
		return 0;
	}
	if (*text_of(p, place))
		return err_set(e, EK_INVALID, "location URL: parameter '%s' is given twice", p->name);
	if (check_value(p, buf_str(&value), e) < 0)
		return -1;
	*text_of(p, place) = xstrdup(buf_cstr(&value));
	return 0;
}

/* Parameters that exclude each other; the first row as in Velero. */
static int
check_together(const struct store_place *p, struct err *e)
{
	const struct { const char *a, *b; bool both; } rows[] = {
		{ "kmsKeyId", "customerKeyEncryptionFile", p->kms_key && p->customer_key_file },
		{ "caFile", "caCert", p->ca_file && p->ca_cert },
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		if (rows[i].both)
			return err_set(e, EK_INVALID, "location URL: '%s' and '%s' exclude each other", rows[i].a, rows[i].b);
	if (p->kms_key && p->encryption && strcmp(p->encryption, "AES256") == 0)
		return err_set(e, EK_INVALID, "location URL: 'kmsKeyId' needs the serverSideEncryption aws:kms, not AES256");
	return 0;
}

/* S3's rules, but with the letters and underscores that older buckets and other stores have. */
static int
check_bucket(struct str b, struct err *e)
{
	static const char more[] = ".-_";
	bool good = b.len >= BUCKET_MIN && b.len <= BUCKET_MAX;

	for (size_t i = 0; i < b.len && good; i++) {
		char c = b.p[i];
		bool alnum = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
		bool end = i == 0 || i + 1 == b.len;

		good = alnum || (!end && c && strchr(more, c) && !(c == '.' && b.p[i - 1] == '.'));
	}
	if (good)
		return 0;
	/* "s3://KEY:SECRET@bucket" is a habit from other programs; that text must not reach a message. */
	if (str_chr(b, '@') < b.len || str_chr(b, ':') < b.len)
		return err_set(e, EK_INVALID, "location URL: the bucket name must not contain '@' or ':'; "
			"credentials come from the environment or a profile");
	return err_set(e, EK_INVALID, "location URL: '%.*s' is not a bucket name (3 to 63 letters, digits, '.', '-')",
		(int)(b.len < 80 ? b.len : 80), b.p);
}

static int
parse_s3(struct store_place *place, struct str rest, struct err *e)
{
	size_t q = str_chr(rest, '?');
	struct str path = str_sub(rest, 0, q);
	struct str query = str_sub(rest, q + 1, rest.len);
	struct str bucket, prefix, piece;
	const char *flaw;

	if (!str_starts(path, S("//")))
		return err_set(e, EK_INVALID, "location URL: write s3://BUCKET or s3://BUCKET/PREFIX");
	path = str_sub(path, 2, path.len);
	bucket = str_sub(path, 0, str_chr(path, '/'));
	prefix = str_sub(path, bucket.len, path.len);
	while (prefix.len && prefix.p[0] == '/')
		prefix = str_sub(prefix, 1, prefix.len);
	while (prefix.len && prefix.p[prefix.len - 1] == '/')
		prefix.len--;
	if (check_bucket(bucket, e) < 0)
		return -1;
	place->bucket = str_dup(bucket);
	place->prefix = str_dup(prefix);
	flaw = prefix.len ? store_key_flaw(place->prefix, true) : NULL;
	if (flaw)
		return err_set(e, EK_INVALID, "location URL: prefix '%.80s': %s", place->prefix, flaw);
	while (query.len && str_split(&query, '&', &piece))
		if (parse_param(place, piece, e) < 0)
			return -1;
	return check_together(place, e);
}

/* Absolute, without "." segments and needless slashes; ".." stays, because of links. */
static int
parse_dir(struct store_place *place, struct str rest, struct err *e)
{
	AUTO_BUF struct buf abs = BUF_INIT(LIMIT_CONFIG);
	AUTO_FREE char *cwd = NULL;
	struct str bases[2] = { { 0 }, rest }, seg;

	if (rest.len == 0)
		return err_set(e, EK_INVALID, "location URL: write dir:PATH");
	if (rest.p[0] == '~')
		return err_set(e, EK_INVALID, "location URL: '~' is not expanded after dir:, write dir:\"$HOME\"/...");
	if (rest.p[0] != '/') {
		cwd = getcwd(NULL, 0);
		if (!cwd)
			return err_sys(e, errno, "current folder");
		bases[0] = str_of(cwd);
	}
	for (size_t i = 0; i < COUNT(bases); i++)
		while (bases[i].len && str_split(&bases[i], '/', &seg))
			if (seg.len && !str_eqz(seg, "."))
				buf_putf(&abs, "/" STR_FMT, STR_ARG(seg));
	if (abs.len == 0)
		buf_putc(&abs, '/');
	place->dir = buf_take(&abs, NULL);
	return 0;
}

static const struct scheme {
	const char *name;
	int (*parse)(struct store_place *place, struct str rest, struct err *e);   /* NULL: hint says what to write */
	const char *hint;
} schemes[] = {
	{ "dir",   parse_dir, NULL },
	{ "s3",    parse_s3,  NULL },
	{ "file",  NULL, "did you mean dir:PATH?" },
	{ "http",  NULL, "write s3://BUCKET?s3Url=http://HOST:PORT&s3ForcePathStyle=true" },
	{ "https", NULL, "write s3://BUCKET?s3Url=https://HOST&s3ForcePathStyle=true" },
	{ "minio", NULL, "write s3://BUCKET?s3Url=https://HOST&s3ForcePathStyle=true" },
};

int
store_place_parse(struct store_place *out, const char *url, struct err *e)
{
	struct store_place place = { 0 };
	struct str text = str_of(url);
	size_t colon = str_chr(text, ':');
	struct str name = str_sub(text, 0, colon);

	if (text.len > URL_TEXT_MAX)
		return err_set(e, EK_INVALID, "location URL: longer than %d bytes", (int)URL_TEXT_MAX);
	if (colon == text.len)
		return err_set(e, EK_INVALID, "location '%.80s' is not a URL; write dir:PATH or s3://BUCKET", url);
	for (size_t i = 0; i < COUNT(schemes); i++) {
		if (!str_eqz(name, schemes[i].name))
			continue;
		if (!schemes[i].parse)
			return err_set(e, EK_INVALID, "location URL: %s: is not supported; %s", schemes[i].name,
				schemes[i].hint);
		if (schemes[i].parse(&place, str_sub(text, colon + 1, text.len), e) < 0) {
			store_place_done(&place);
			return -1;
		}
		*out = place;
		return 0;
	}
	return err_set(e, EK_INVALID, "location URL: unknown scheme '%.*s'; write dir:PATH or s3://BUCKET",
		(int)(name.len < 40 ? name.len : 40), name.p);
}

char *
store_place_url(const struct store_place *p)
{
	struct buf out = BUF_INIT(LIMIT_CONFIG);
	struct store_place copy = *p;            /* the accessors are made for filling in */
	const char *sep = "?";

	if (p->dir) {
		buf_putf(&out, "dir:%s", p->dir);
		return buf_take(&out, NULL);
	}
	buf_putf(&out, "s3://%s%s%s", p->bucket, *p->prefix ? "/" : "", p->prefix);
	for (size_t i = 0; i < COUNT(params); i++) {
		const char *text = params[i].type == TEXT ? *text_of(&params[i], &copy)
			: *bool_of(&params[i], &copy) ? "true" : NULL;

		if (!text)
			continue;
		buf_putf(&out, "%s%s=", sep, params[i].name);
		/* Only what would end the value is escaped: the URL is to be read by people. */
		for (const char *c = text; *c; c++) {
			if (strchr("%&#+ ", *c))
				buf_putf(&out, "%%%02X", (unsigned)*c);
			else
				buf_putc(&out, *c);
		}
		sep = "&";
	}
	return buf_take(&out, NULL);
}
