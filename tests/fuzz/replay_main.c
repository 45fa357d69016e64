/* Runs a fuzzer over files and folders given as arguments, for builds without libFuzzer. */
#include "base/buf.h"
#include "base/file.h"
#include "base/limits.h"
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <errno.h>

static int
replay_file(const char *path, struct err *e)
{
	AUTO_BUF struct buf b = BUF_INIT(16 * MIB);
	AUTO_FREE uint8_t *exact = NULL;

	if (file_read(path, &b, e) < 0)
		return -1;
	/* an allocation of just this size lets sanitizers see a read behind the input */
	exact = xmalloc(b.len);
	if (b.len > 0)
		memcpy(exact, b.p, b.len);
	(void)LLVMFuzzerTestOneInput(exact, b.len);
	return 0;
}

static int
replay(const char *path, struct err *e)
{
	struct dirent *d;
	int r = 0;
	DIR *dir = opendir(path);

	if (dir == NULL)
		return errno == ENOTDIR ? replay_file(path, e) : err_sys(e, errno, "open '%s'", path);
	while (r == 0 && (d = readdir(dir)) != NULL) {
		AUTO_FREE char *file = file_join(path, d->d_name);
		if (d->d_name[0] != '.')
			r = replay_file(file, e);
	}
	(void)closedir(dir);
	return r;
}

int
main(int argc, char **argv)
{
	struct err e;

	for (int i = 1; i < argc; i++)
		if (replay(argv[i], &e) < 0) {
			(void)fprintf(stderr, "%s: %s\n", argv[0], e.msg);
			return 1;
		}
	return 0;
}
