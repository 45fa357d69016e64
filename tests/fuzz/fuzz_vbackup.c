/* Fuzzer: any text as each of the JSON files of a backup.  What is read can be written, and reads as the same again. */
#include "archive/vbackup.h"
#include "tests/fuzz/fuzz.h"

static int
metadata(struct str in, struct buf *out)
{
	AUTO(vbackup_done) struct vbackup b = { 0 };
	struct err e = { 0 };

	return vbackup_read(in, &b, &e) < 0 ? -1 : vbackup_write(&b, out, &e);
}

static int
volumes(struct str in, struct buf *out)
{
	AUTO(vvolumes_free) struct vvolumes v = { 0 };
	struct err e = { 0 };

	return vvolumes_read(in, &v, &e) < 0 ? -1 : vvolumes_write(&v, out, &e);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int (*const files[])(struct str in, struct buf *out) = { metadata, volumes };
	struct str in = { (const char *)data, size };

	for (size_t i = 0; i < COUNT(files); i++) {
		AUTO_BUF struct buf first = BUF_INIT(SIZE_MAX), second = BUF_INIT(SIZE_MAX);
		int rc;

		if (files[i](in, &first) < 0)
			continue;
		rc = files[i](buf_str(&first), &second);
		assert_that(rc == 0 && str_eq(buf_str(&first), buf_str(&second)));
	}
	return 0;
}
