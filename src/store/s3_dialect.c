/* What a location adds to requests: encryption, tags, storage class, who pays, checksums.  All of it is signed. */
#include "store/s3_impl.h"

#include "base/file.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define KEY_LEN 32                       /* AES-256 */

/* Which requests a header goes with. */
enum {
	ON_ALL      = ~0u,
	ON_PUT      = 1u << S3_PUT,
	ON_INITIATE = 1u << S3_INITIATE,
	ON_PART     = 1u << S3_PART,
	ON_COMPLETE = 1u << S3_COMPLETE,
	ON_GET      = 1u << S3_GET,
	ON_NEW      = ON_PUT | ON_INITIATE,
	ON_BYTES    = ON_PUT | ON_PART,
	ON_KEYED    = ON_NEW | ON_PART | ON_COMPLETE | ON_GET,
};

/* The first 32 bytes, as Velero reads them. */
static int
read_key(struct s3_dialect *d, const char *path, struct err *e)
{
	AUTO(buf_wipe) struct buf file = BUF_INIT(LIMIT_SMALL_BODY);
	AUTO(buf_wipe) struct buf text = BUF_INIT(LIMIT_SMALL_BODY);
	AUTO_BUF struct buf sum = BUF_INIT(LIMIT_SMALL_BODY);
	uint8_t raw[MD5_LEN];

	if (file_read(path, &file, e) < 0)
		return err_ctx(e, "customerKeyEncryptionFile '%s'", path);
	if (file.len < KEY_LEN)
		return err_set(e, EK_INVALID, "customerKeyEncryptionFile '%s' has %zu bytes; it needs %d, random ones: "
			"head -c 32 /dev/urandom > FILE", path, file.len, KEY_LEN);
	b64_encode(&text, file.p, KEY_LEN);
	md5(file.p, KEY_LEN, raw);
	b64_encode(&sum, raw, sizeof raw);
	d->customer_key = secret_new(buf_str(&text));
	d->customer_md5 = buf_take(&sum, NULL);
	return 0;
}

static char *
dup_or_null(const char *s)
{
	return s && *s ? xstrdup(s) : NULL;
}

/* What may not stand in a header as it is; '&', '=' and escapes are the syntax of the value. */
static char *
header_tags(const char *tags)
{
	struct buf out = BUF_INIT(LIMIT_SMALL_BODY);

	if (!tags || !*tags)
		return NULL;
	for (; *tags; tags++) {
		if ((unsigned char)*tags <= ' ' || (unsigned char)*tags >= 0x7f)
			buf_putf(&out, "%%%02X", (unsigned)(unsigned char)*tags);
		else
			buf_putc(&out, *tags);
	}
	return buf_take(&out, NULL);
}

int
s3_dialect_init(struct s3_dialect *d, const struct store_place *place, bool tls, struct err *e)
{
	/* The body's hash is signed with every request: a further checksum is for who reads it later, and several stores
	 * refuse what they do not know (docs/design-notes.md). */
	d->sum = place->checksum ? s3_sum_of(place->checksum) : place->s3_url ? S3_SUM_NONE : S3_SUM_CRC32;
	d->kms_key = dup_or_null(place->kms_key);
	if (place->kms_key && !place->encryption)
		d->encryption = xstrdup("aws:kms");
	else if (!place->customer_key_file)
		d->encryption = dup_or_null(place->encryption);
	d->tagging = header_tags(place->tagging);
	d->storage_class = dup_or_null(place->storage_class);
	d->requester_pays = place->requester_pays;
	if (!place->customer_key_file)
		return 0;
	if (!tls)
		return err_set(e, EK_INVALID, "customerKeyEncryptionFile needs an s3Url with https://: the key is sent with each "
			"request");
	return read_key(d, place->customer_key_file, e);
}

void
s3_dialect_done(struct s3_dialect *d)
{
	free(d->kms_key);
	free(d->encryption);
	free(d->tagging);
	free(d->storage_class);
	free(d->customer_md5);
	secret_free(d->customer_key);
	*d = (struct s3_dialect){ 0 };
}

static void
put_md5(struct str data, char out[S3_SUM_MAX])
{
	AUTO_BUF struct buf text = BUF_INIT(S3_SUM_MAX);
	uint8_t raw[MD5_LEN];

	md5(data.p, data.len, raw);
	b64_encode(&text, raw, sizeof raw);
	memcpy(out, buf_cstr(&text), text.len + 1);
}

void
s3_dialect_lines(const struct s3_dialect *d, const struct s3_req *r, bool with_md5, struct s3_lines *out)
{
	bool whole = d->sum == S3_SUM_CRC32 || d->sum == S3_SUM_CRC32C;
	unsigned on = 1u << r->aim;

	*out = (struct s3_lines){ 0 };
	if ((on & ON_BYTES) && d->sum != S3_SUM_NONE && r->sum == NULL)
		s3_sum(d->sum, r->body, out->sum);
	if ((on & ON_BYTES) && with_md5)
		put_md5(r->body, out->md5);

	const struct { unsigned on; const char *name; struct str value; } rows[] = {
		{ ON_ALL, "x-amz-request-payer", d->requester_pays ? S("requester") : S("") },
		{ ON_NEW, "x-amz-server-side-encryption", str_of(d->encryption ? d->encryption : "") },
		{ ON_NEW, "x-amz-server-side-encryption-aws-kms-key-id", str_of(d->kms_key ? d->kms_key : "") },
		{ ON_KEYED, "x-amz-server-side-encryption-customer-algorithm", d->customer_key ? S("AES256") : S("") },
		{ ON_KEYED, "x-amz-server-side-encryption-customer-key", secret_get(d->customer_key) },
		{ ON_KEYED, "x-amz-server-side-encryption-customer-key-MD5", str_of(d->customer_md5 ? d->customer_md5 : "") },
		{ ON_NEW, "x-amz-tagging", str_of(d->tagging ? d->tagging : "") },
		{ ON_NEW, "x-amz-storage-class", str_of(d->storage_class ? d->storage_class : "") },
		{ ON_BYTES, s3_sum_header(d->sum), str_of(r->sum ? r->sum : out->sum) },
		{ ON_BYTES, "content-md5", str_of(out->md5) },
		{ ON_INITIATE, "x-amz-checksum-algorithm", str_of(s3_sum_name(d->sum)) },
		{ ON_INITIATE, "x-amz-checksum-type", whole ? S("FULL_OBJECT") : S("") },
		{ ON_GET, "x-amz-checksum-mode", d->sum != S3_SUM_NONE ? S("ENABLED") : S("") },
	};
	static_assert(COUNT(rows) == S3_LINES_MAX, "one line for each row");

	for (size_t i = 0; i < COUNT(rows); i++)
		if ((rows[i].on & on) && rows[i].value.len > 0)
			out->at[out->n++] = (struct sigv4_pair){ str_of(rows[i].name), rows[i].value };
}
