/* Location URLs, key rules, and the front of a store. */
#include "store/store_impl.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "net/http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>
#include <unistd.h>

static void
urls_become_canonical(void **state)
{
	static const struct { const char *url, *canonical; } rows[] = {
		{ "dir:/var/backups", "dir:/var/backups" },
		{ "dir:/var//./backups/", "dir:/var/backups" },
		{ "dir:/var/../x", "dir:/var/../x" },
		{ "dir:///var/b?x", "dir:/var/b?x" },
		{ "dir:/", "dir:/" },
		{ "s3://bucket", "s3://bucket" },
		{ "s3://bucket/", "s3://bucket" },
		{ "s3://bucket//a/b//", "s3://bucket/a/b" },
		{ "s3://bucket?", "s3://bucket" },
		{ "s3://bucket/a?s3ForcePathStyle=1&region=eu-west-1&s3Url=http%3A%2F%2Fh%3A9",
			"s3://bucket/a?region=eu-west-1&s3Url=http://h:9&s3ForcePathStyle=true" },
		{ "s3://bucket?s3ForcePathStyle=false&insecureSkipTLSVerify=T&profile=a%26b+c",
			"s3://bucket?insecureSkipTLSVerify=true&profile=a%26b%2Bc" },
		{ "s3://bucket?caFile=/etc/ca.pem", "s3://bucket?caFile=/etc/ca.pem" },
		{ "s3://bucket?checksumAlgorithm=&imdsV1=true&tagging=a=b%26c=&roleArn=arn:aws:iam::1:role/b",
			"s3://bucket?roleArn=arn:aws:iam::1:role/b&imdsV1=true&tagging=a=b%26c=&checksumAlgorithm=" },
		{ "s3://bucket?accessMode=ReadOnly&storageClass=STANDARD_IA&signatureVersion=4&requesterPays=t",
			"s3://bucket?storageClass=STANDARD_IA&requesterPays=true&accessMode=ReadOnly&signatureVersion=4" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(store_place_done) struct store_place p = { 0 };
		AUTO(store_place_done) struct store_place again = { 0 };
		AUTO_FREE char *url = NULL;
		AUTO_FREE char *twice = NULL;
		struct err e = { 0 };

		if (store_place_parse(&p, rows[i].url, &e) < 0)
			fail_msg("%s: %s", rows[i].url, e.msg);
		url = store_place_url(&p);
		assert_string_equal(url, rows[i].canonical);
		assert_int_equal(store_place_parse(&again, url, &e), 0);
		twice = store_place_url(&again);
		assert_string_equal(twice, url);
	}
}

static void
relative_folder_is_made_absolute(void **state)
{
	AUTO(store_place_done) struct store_place p = { 0 };
	AUTO_FREE char *cwd = getcwd(NULL, 0);
	AUTO_FREE char *expected = file_join(cwd, "backups/x");
	struct err e = { 0 };

	(void)state;
	assert_int_equal(store_place_parse(&p, "dir:./backups/x", &e), 0);
	assert_string_equal(p.dir, expected);
}

static void
bad_urls_are_refused_with_what_to_write(void **state)
{
	static const struct { const char *url, *text; } rows[] = {
		{ "", "write dir:PATH or s3://BUCKET" },
		{ "./backups", "write dir:PATH or s3://BUCKET" },
		{ "dir:", "write dir:PATH" },
		{ "dir:~/backups", "'~' is not expanded" },
		{ "file:///var/backups", "did you mean dir:" },
		{ "https://minio.example/bucket", "s3Url=https://HOST" },
		{ "gs://bucket", "unknown scheme 'gs'" },
		{ "s3:bucket", "write s3://BUCKET" },
		{ "s3://", "not a bucket name" },
		{ "s3://ab", "not a bucket name" },
		{ "s3://bucket-", "not a bucket name" },
		{ "s3://buc..ket", "not a bucket name" },
		{ "s3://buc ket", "not a bucket name" },
		{ "s3://bucket/a/../b", "'.' or '..' segment" },
		{ "s3://bucket/a//b", "empty segment" },
		{ "s3://bucket?regoin=x", "unknown parameter 'regoin', did you mean 'region'?" },
		{ "s3://bucket?S3URL=http://x", "did you mean 's3Url'?" },
		{ "s3://bucket?forcePathStyle=true", "did you mean 's3ForcePathStyle'?" },
		{ "s3://bucket?kmsKeyIdent=x", "did you mean 'kmsKeyId'?" },
		{ "s3://bucket?kmsKeyId=x&customerKeyEncryptionFile=/k", "exclude each other" },
		{ "s3://bucket?kmsKeyId=x&serverSideEncryption=AES256", "needs the serverSideEncryption aws:kms" },
		{ "s3://bucket?caFile=/x&caCert=LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg==", "exclude each other" },
		{ "s3://bucket?caCert=bm8gY2VydGlmaWNhdGU=", "certificate in PEM form" },
		{ "s3://bucket?checksumAlgorithm=crc32", "must be one of: empty (none), CRC32, CRC32C, SHA1, SHA256" },
		{ "s3://bucket?accessMode=readonly", "must be one of: ReadOnly, ReadWrite" },
		{ "s3://bucket?serverSideEncryption=aes", "must be one of: AES256, aws:kms" },
		{ "s3://bucket?region=a%0ab", "'region' has no proper value" },
		{ "s3://bucket?tagging=a", "of the form KEY=VALUE" },
		{ "s3://bucket?tagging=a=b=c", "of the form KEY=VALUE" },
		{ "s3://bucket?tagging=a=b%26", "must not end with '&'" },
		{ "s3://bucket?tagging==b", "a tag's key has 1 to 128" },
		{ "s3://bucket?tagging=a=%26b=%26c=%26d=%26e=%26f=%26g=%26h=%26i=%26j=%26k=", "at most 10 tags" },
		{ "s3://bucket?region", "'region' has no proper value" },
		{ "s3://bucket?region=%zz", "'region' has no proper value" },
		{ "s3://bucket?region=%00", "'region' has no proper value" },
		{ "s3://bucket?region=a&region=b", "'region' is given twice" },
		{ "s3://bucket?s3ForcePathStyle=yes", "'s3ForcePathStyle' must be true or false" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct store_place p = { 0 };
		struct err e = { 0 };

		if (store_place_parse(&p, rows[i].url, &e) == 0)
			fail_msg("accepted: %s", rows[i].url);
		assert_int_equal(e.kind, EK_INVALID);
		if (!strstr(e.msg, rows[i].text))
			fail_msg("%s: '%s' is not in '%s'", rows[i].url, rows[i].text, e.msg);
		assert_null(p.bucket);
	}
}

static void
bad_addresses_are_refused_when_opening(void **state)
{
	static const char *const urls[] = {
		"s3://bucket?s3Url=minio:9000", "s3://bucket?s3Url=/minio", "s3://bucket?s3Url=ftp://minio",
		"s3://bucket?s3Url=http://", "s3://bucket?s3Url=http://:80", "s3://bucket?s3Url=http://a/b?c",
		"s3://bucket?region=EU", "s3://bucket?region=evil.example/",
	};

	(void)state;
	assert_int_equal(setenv("AWS_ACCESS_KEY_ID", "AKID", 1), 0);
	assert_int_equal(setenv("AWS_SECRET_ACCESS_KEY", "planted", 1), 0);
	for (size_t i = 0; i < COUNT(urls); i++) {
		struct err e = { 0 };

		if (store_open(urls[i], &e))
			fail_msg("accepted: %s", urls[i]);
		assert_int_equal(e.kind, EK_INVALID);
	}
}

static void
secrets_in_urls_are_refused_and_not_repeated(void **state)
{
	static const char *const urls[] = {
		"s3://AKID:planted@bucket", "s3://bucket?secretKey=planted", "s3://bucket?s3Url=https://u:planted@host",
		"s3://bucket?s3ForcePathStyle=planted", "https://u:planted@host/bucket",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(urls); i++) {
		struct err e = { 0 };

		assert_null(store_open(urls[i], &e));
		assert_int_equal(e.kind, EK_INVALID);
		assert_null(strstr(e.msg, "planted"));
	}
}

static void
missing_credentials_are_denied(void **state)
{
	struct err e = { 0 };

	(void)state;
	(void)unsetenv("AWS_ACCESS_KEY_ID");
	(void)unsetenv("AWS_SECRET_ACCESS_KEY");
	assert_int_equal(setenv("AWS_SHARED_CREDENTIALS_FILE", "/no/such/file", 1), 0);
	assert_int_equal(setenv("AWS_EC2_METADATA_DISABLED", "true", 1), 0);
	assert_null(store_open("s3://bucket", &e));
	assert_int_equal(e.kind, EK_DENIED);
	assert_non_null(strstr(e.msg, "/no/such/file"));
}

static void
keys_are_checked(void **state)
{
	static const struct { const char *key; bool read, write; } rows[] = {
		{ "a", true, true },
		{ "backups/b1/velero-backup.json", true, true },
		{ "a/.hidden", true, true },
		{ "a/...", true, true },
		{ "a b/\xc3\xa4", true, true },
		{ "a/", true, false },
		{ "a//b", true, false },
		{ "", false, false },
		{ "/a", false, false },
		{ ".", false, false },
		{ "..", false, false },
		{ "a/./b", false, false },
		{ "a/../b", false, false },
		{ "a/..", false, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if ((store_key_flaw(rows[i].key, false) == NULL) != rows[i].read ||
		    (store_key_flaw(rows[i].key, true) == NULL) != rows[i].write)
			fail_msg("'%s'", rows[i].key);
}

static void
key_length_is_bounded(void **state)
{
	char key[STORE_KEY_MAX + 2];

	(void)state;
	memset(key, 'k', sizeof key);
	key[STORE_KEY_MAX] = '\0';
	assert_null(store_key_flaw(key, true));
	key[STORE_KEY_MAX] = 'k';
	key[STORE_KEY_MAX + 1] = '\0';
	assert_non_null(store_key_flaw(key, false));
}

static void
percent_encoding_is_undone_strictly(void **state)
{
	static const struct { const char *in; bool plus; const char *out; } rows[] = {
		{ "", false, "" }, { "a%20b+c", false, "a b+c" }, { "a%20b+c%2B", true, "a b c+" },
		{ "%C3%a4", false, "\xc3\xa4" }, { "%", false, NULL }, { "%4", false, NULL }, { "%4g", false, NULL },
		{ "%00", false, NULL }, { "a%", true, NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_BUF struct buf out = BUF_INIT(KIB);

		assert_int_equal(store_unescape(&out, str_of(rows[i].in), rows[i].plus), rows[i].out != NULL);
		if (rows[i].out)
			assert_string_equal(buf_cstr(&out), rows[i].out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(urls_become_canonical),
		cmocka_unit_test(relative_folder_is_made_absolute),
		cmocka_unit_test(bad_urls_are_refused_with_what_to_write),
		cmocka_unit_test(bad_addresses_are_refused_when_opening),
		cmocka_unit_test(secrets_in_urls_are_refused_and_not_repeated),
		cmocka_unit_test(missing_credentials_are_denied),
		cmocka_unit_test(keys_are_checked),
		cmocka_unit_test(key_length_is_bounded),
		cmocka_unit_test(percent_encoding_is_undone_strictly),
	};

	http_global_init();
	return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
