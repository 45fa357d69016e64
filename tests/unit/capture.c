/* What a function prints on stdout, as a text. */
#include "capture.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"

#include <stdio.h>
#include <unistd.h>

char *
captured(void (*fn)(void *ctx), void *ctx)
{
	struct buf out = BUF_INIT(MIB);
	struct err e;
	int file = file_spool(&e), real;
	char block[4096];
	ssize_t n;

	assert_that(file >= 0 && fflush(stdout) == 0);
	real = dup(STDOUT_FILENO);
	assert_that(real >= 0 && dup2(file, STDOUT_FILENO) >= 0);
	fn(ctx);
	assert_that(fflush(stdout) == 0 && dup2(real, STDOUT_FILENO) >= 0);
	close(real);
	assert_that(lseek(file, 0, SEEK_SET) == 0);
	while ((n = read(file, block, sizeof block)) > 0)
		assert_that(buf_add(&out, block, (size_t)n, &e) == 0);
	close(file);
	return out.p != NULL ? buf_take(&out, NULL) : xstrdup("");
}
