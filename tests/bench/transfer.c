/*
 * Objects of a location from the command line, through the store as backups use it: for measuring and for live suites.
 *
 *	transfer put URL KEY FILE       an object, written front to back
 *	transfer get URL KEY FILE       an object, read front to back
 *	transfer list URL PREFIX        all keys below a prefix, NUL after each
 *	transfer delete URL KEY
 */
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "net/http.h"
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIECE MIB                        /* about what a backup hands over at a time */

static int
put(struct store *st, const char *key, const char *path, struct err *e)
{
	AUTO_FREE char *piece = xmalloc(PIECE);
	struct store_writer *w = store_writer_open(st, key, NULL, e);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : 1;
	int rc = w != NULL ? 0 : -1;

	while (rc == 0 && n > 0) {
		n = read(fd, piece, PIECE);
		if (n > 0)
			rc = store_writer_add(w, piece, (size_t)n, e);
	}
	if (rc == 0 && n < 0)
		rc = err_sys(e, errno, "%s", path);
	if (fd >= 0)
		close(fd);
	if (rc == 0)
		return store_writer_commit(w, e);
	store_writer_abort(w);
	return -1;
}

static int
to_file(void *ctx, const void *p, size_t n, struct err *e)
{
	return file_write_all(*(const int *)ctx, p, n, e);
}

static int
get(struct store *st, const char *key, const char *path, struct err *e)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int rc;

	if (fd < 0)
		return err_sys(e, errno, "%s", path);
	rc = store_read(st, key, to_file, &fd, NULL, e);
	close(fd);
	return rc;
}

static int
print_key(void *ctx, const char *key, const struct store_info *info, struct err *e)
{
	(void)ctx, (void)info;
	return fwrite(key, 1, strlen(key) + 1, stdout) == strlen(key) + 1 ? 0 : err_sys(e, errno, "stdout");
}

static int
list(struct store *st, const char *prefix, const char *unused, struct err *e)
{
	(void)unused;
	return store_list(st, prefix, false, print_key, NULL, NULL, e);
}

static int
drop(struct store *st, const char *key, const char *unused, struct err *e)
{
	(void)unused;
	return store_delete(st, key, NULL, e);
}

static const struct {
	const char *name;
	int         args;
	int       (*run)(struct store *st, const char *key, const char *path, struct err *e);
} commands[] = {
	{ "put",    5, put },
	{ "get",    5, get },
	{ "list",   4, list },
	{ "delete", 4, drop },
};

int
main(int argc, char **argv)
{
	AUTO(store_closep) struct store *st = NULL;
	struct err e = { 0 };

	http_global_init();
	for (size_t i = 0; i < COUNT(commands); i++) {
		if (argc < 2 || strcmp(argv[1], commands[i].name) != 0 || argc != commands[i].args)
			continue;
		st = store_open(argv[2], &e);
		if (st != NULL && commands[i].run(st, argv[3], argc > 4 ? argv[4] : NULL, &e) == 0)
			return 0;
		(void)fprintf(stderr, "transfer: %s\n", e.msg);
		return 1;
	}
	(void)fputs("transfer put|get URL KEY FILE, transfer list URL PREFIX, transfer delete URL KEY\n", stderr);
	return 2;
}
