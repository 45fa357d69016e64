/* Requests to S3 with credentials that come to their end: new ones are fetched, and the request is repeated with them. */
#include "store/store.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "tests/unit/http_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[] = "/tmp/orlop-s3creds-XXXXXX";

/* A program that gives the keys AKID1, AKID2 ...: a new one each time. */
static const char give[] =
	"#!/bin/sh\n"
	"n=$(($(cat count) + 1))\n"
	"echo $n > count\n"
	"[ -e broken ] && { echo the vault is sealed >&2; exit 4; }\n"
	"echo \"{\\\"Version\\\": 1, \\\"AccessKeyId\\\": \\\"AKID$n\\\", \\\"SecretAccessKey\\\": \\\"planted\\\", "
	"\\\"SessionToken\\\": \\\"planted-token\\\"}\"\n";

/* A bucket that refuses the keys below `good` with `code`, and knows no other difference. */
struct bucket {
	_Atomic unsigned good, refused, taken;
	const char      *code;
	int              status;
};

static unsigned
key_of(const struct httpd_req *r)
{
	static const char prefix[] = "AWS4-HMAC-SHA256 Credential=AKID";
	struct str v;

	assert_that(httpd_header(r->head, "Authorization", &v) && str_starts(v, S("AWS4-HMAC-SHA256 Credential=AKID")));
	return (unsigned)(v.p[sizeof prefix - 1] - '0');
}

static void
on_request(void *ctx, const struct httpd_req *r, struct httpd_conn *c)
{
	struct bucket *b = ctx;
	AUTO_FREE char *error = xasprintf("<Error><Code>%s</Code><Message>no</Message></Error>", b->code);
	bool head = strcmp(r->method, "HEAD") == 0;

	if (key_of(r) < b->good) {
		b->refused++;
		httpd_answer(c, b->status, NULL, head ? S("") : str_of(error));
	} else {
		b->taken++;
		httpd_answer(c, 200, "ETag: \"e\"\r\n", head ? S("") : S("data"));
	}
}

struct rig_bucket { struct bucket b; struct httpd *s; struct store *st; };

static void
write_count(const char *text)
{
	struct err e = { 0 };

	assert_int_equal(file_replace("count", text, strlen(text), 0600, &e), 0);
}

static int
open_bucket(void **state)
{
	struct rig_bucket *r = xcalloc(1, sizeof *r);
	AUTO_FREE char *url = NULL;
	struct err e = { 0 };

	*state = r;
	write_count("0");
	r->b.code = "ExpiredToken";
	r->b.status = 400;
	r->s = httpd_new(on_request, &r->b, NULL);
	url = xasprintf("s3://bucket?region=r&s3Url=http://127.0.0.1:%d&s3ForcePathStyle=true&credentialsFile=%s/creds",
		httpd_port(r->s), dir);
	r->st = store_open(url, &e);
	if (!r->st)
		fail_msg("%s", e.msg);
	return 0;
}

static int
close_bucket(void **state)
{
	struct rig_bucket *r = *state;

	store_close(r->st);
	httpd_free(r->s);
	free(r);
	return 0;
}

static int
count_got(void *ctx, size_t nth, const struct store_got *got, struct err *e)
{
	(void)nth, (void)e;
	*(unsigned *)ctx += got->why == NULL && str_eqz(got->data, "data");
	return 0;
}

static void
each_request_is_repeated_with_new_credentials(void **state)
{
	struct rig_bucket *r = *state;
	static const struct store_gift gifts[] = { { "a", { "x", 1 } }, { "b", { "y", 1 } }, { "c", { "z", 1 } } };
	static const struct store_want want[] = { { "a", NULL }, { "b", NULL }, { "c", NULL } };
	AUTO_BUF struct buf out = BUF_INIT(MIB);
	struct store_info info;
	struct err e = { 0 };
	unsigned got = 0;

	r->b.good = 2;
	if (store_put(r->st, "k", S("data"), NULL, &e) < 0)
		fail_msg("%s", e.msg);
	assert_int_equal(r->b.refused, 1);
	r->b.good = 3;
	assert_int_equal(store_get(r->st, "k", &out, NULL, &e), 0);
	r->b.good = 4;
	assert_int_equal(store_head(r->st, "k", &info, NULL, &e), 0);    /* a 400 without a word */
	r->b.good = 5;
	assert_int_equal(store_get_many(r->st, want, COUNT(want), MIB, count_got, &got, NULL, &e), 0);
	assert_int_equal(got, COUNT(want));
	r->b.good = 6;
	assert_int_equal(store_put_many(r->st, gifts, COUNT(gifts), NULL, &e), 0);
	r->b.good = 7;
	assert_int_equal(store_create(r->st, "k", S("data"), NULL, &e), 0);
	assert_int_equal(store_delete(r->st, "k", NULL, &e), 0);
}

static void
parts_of_an_upload_go_on_with_new_credentials(void **state)
{
	struct rig_bucket *r = *state;
	static char block[MIB];
	struct err e = { 0 };
	struct store_writer *w;

	r->b.good = 1;
	w = store_writer_open(r->st, "large", NULL, &e);
	assert_non_null(w);
	for (int i = 0; i < 5; i++)
		assert_int_equal(store_writer_add(w, block, sizeof block, &e), 0);
	r->b.good = 2;
	if (store_writer_commit(w, &e) < 0)
		fail_msg("%s", e.msg);
}

static void
what_is_refused_again_is_an_error(void **state)
{
	struct rig_bucket *r = *state;
	struct err e = { 0 };

	r->b.good = 9;
	r->b.code = "InvalidAccessKeyId";
	r->b.status = 403;
	assert_int_equal(store_put(r->st, "k", S("data"), NULL, &e), -1);
	assert_string_equal(e.reason, "InvalidAccessKeyId");
	assert_int_equal(r->b.refused, 2);
}

static void
a_lack_of_permission_brings_no_new_credentials(void **state)
{
	struct rig_bucket *r = *state;
	struct store_info info;
	struct err e = { 0 };

	r->b.good = 9;
	r->b.code = "AccessDenied";
	r->b.status = 403;
	assert_int_equal(store_put(r->st, "k", S("data"), NULL, &e), -1);
	assert_int_equal(store_head(r->st, "k", &info, NULL, &e), -1);
	assert_int_equal(r->b.refused, 2);
}

static void
when_there_are_no_new_ones_that_is_said(void **state)
{
	struct rig_bucket *r = *state;
	struct err e = { 0 };

	r->b.good = 2;
	assert_int_equal(file_replace("creds.sealed", "", 0, 0600, &e), 0);
	assert_int_equal(store_put(r->st, "k", S("data"), NULL, &e), 0);
	assert_int_equal(rename("creds.sealed", "broken"), 0);
	r->b.good = 9;
	assert_int_equal(store_put(r->st, "k", S("data"), NULL, &e), -1);
	assert_int_equal(unlink("broken"), 0);
	assert_has(e.msg, "the vault is sealed");
	assert_int_equal(e.kind, EK_DENIED);
	assert_null(strstr(e.msg, "planted"));
}

static int
make_dir(void **state)
{
	static const char creds[] = "[default]\ncredential_process = ./give\n";
	struct err e = { 0 };

	(void)state;
	rig_global_init();
	if (!mkdtemp(dir) || chdir(dir) < 0)
		return -1;
	return file_replace("give", give, strlen(give), 0700, &e) | file_replace("creds", creds, strlen(creds), 0600, &e);
}

static int
remove_dir(void **state)
{
	(void)state;
	return unlink("give") | unlink("creds") | unlink("count") | rmdir(dir);
}

#define WITH_BUCKET(fn) cmocka_unit_test_setup_teardown(fn, open_bucket, close_bucket)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_BUCKET(each_request_is_repeated_with_new_credentials),
		WITH_BUCKET(parts_of_an_upload_go_on_with_new_credentials),
		WITH_BUCKET(what_is_refused_again_is_an_error),
		WITH_BUCKET(a_lack_of_permission_brings_no_new_credentials),
		WITH_BUCKET(when_there_are_no_new_ones_that_is_said),
	};

	return cmocka_run_group_tests_name("s3 creds", tests, make_dir, remove_dir);
}
