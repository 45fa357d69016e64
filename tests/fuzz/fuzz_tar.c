/* Fuzzer: any bytes as a tar archive, packed and bare.  What is handed over is safe and does not depend on the pieces. */
#include "archive/layout.h"
#include "archive/tarball.h"
#include "base/limits.h"
#include "base/text.h"
#include "data/gzip.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

struct feed {
	struct str text;
	size_t     step;
};

static int64_t
pull(void *ctx, void *p, size_t n, struct err *e)
{
	struct feed *f = ctx;
	size_t give = f->text.len < n ? f->text.len : n;

	(void)e;
	if (give > f->step)
		give = f->step;
	if (give > 0)
		memcpy(p, f->text.p, give);
	f->text = str_sub(f->text, give, f->text.len);
	return (int64_t)give;
}

static int
on_object(void *ctx, struct str path, struct str json, struct err *e)
{
	struct tar_path tp;
	bool ok = tar_path_parse(path, &tp);

	(void)e;
	assert_that(ok && text_is_utf8(path) && path.p[0] != '/' && path.len <= LIMIT_TAR_NAME);
	assert_that(json.len <= LIMIT_OBJECT);
	buf_put_str(ctx, path);
	buf_putf(ctx, " %zu\n", json.len);
	return 0;
}

/* What was found; the kind of the failure in *kind. */
static char *
read_by(struct str gz, size_t step, enum err_kind *kind)
{
	struct buf found = BUF_INIT(SIZE_MAX);
	struct feed f = { .text = gz, .step = step };
	const struct tar_reader_fns fns = { .on_object = on_object, .ctx = &found };
	struct err e = { 0 };

	*kind = tar_read(pull, &f, &fns, NULL, &e) < 0 ? e.kind : EK_NONE;
	return buf_take(&found, NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str input = { (const char *)data, size };
	AUTO_BUF struct buf gz = BUF_INIT(SIZE_MAX);
	AUTO_FREE char *whole = NULL, *pieces = NULL, *bare = NULL;
	enum err_kind a, b;
	struct err e = { 0 };
	int rc = gzip_pack(input, &gz, &e);

	assert_that(rc == 0);
	whole = read_by(buf_str(&gz), SIZE_MAX, &a);
	pieces = read_by(buf_str(&gz), 7, &b);
	assert_that(a == b && strcmp(whole, pieces) == 0);
	bare = read_by(input, SIZE_MAX, &a);
	return 0;
}
