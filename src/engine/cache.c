/* Texts kept in $XDG_CACHE_HOME/orlop/read: a file each, named by the digest of its key. */
#include "engine/cache.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/vec.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOG_MODULE "cache"
#define FOLDER     "read"
#define STALE_NS   (3600 * NS_PER_S)     /* a temporary file of that age belongs to nobody any more */

static char *
path_of(const char *folder, struct str key)
{
	uint8_t digest[SHA256_LEN];
	char hex[SHA256_HEX];

	sha256(key.p, key.len, digest);
	return file_join(folder, hex_encode(hex, digest, sizeof digest));
}

/*
 * The content starts with its digest: what a full disk or a crash left of a file is not taken for it.  What others
 * may write, or own, is not read at all.
 */
static int
read_checked(const char *path, struct buf *file, struct err *e)
{
	AUTO(file_close) int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	uint8_t digest[SHA256_LEN];
	struct stat sb;
	ssize_t n = 1;
	char *room;

	if (fd < 0 || fstat(fd, &sb) < 0)
		return err_sys(e, errno, "%s", path);
	if (!S_ISREG(sb.st_mode) || sb.st_uid != geteuid() || (sb.st_mode & 022) != 0 || sb.st_size < SHA256_LEN)
		return err_set(e, EK_CORRUPT, "%s: not a file of ours", path);
	room = buf_room(file, (size_t)sb.st_size, e);
	if (room == NULL)
		return -1;
	for (size_t at = 0; at < (size_t)sb.st_size && n > 0; at += (size_t)n) {
		n = read(fd, room + at, (size_t)sb.st_size - at);
		if (n > 0)
			buf_grew(file, (size_t)n);
		else if (n < 0)
			return err_sys(e, errno, "%s", path);
	}
	if (file->len != (size_t)sb.st_size)
		return err_set(e, EK_CORRUPT, "%s: became shorter", path);
	sha256(file->p + SHA256_LEN, file->len - SHA256_LEN, digest);
	if (memcmp(file->p, digest, sizeof digest) != 0)
		return err_set(e, EK_CORRUPT, "%s: damaged", path);
	(void)futimens(fd, NULL);                /* used: only the order of removal suffers if that fails */
	return 0;
}

bool
cache_get(struct str key, struct buf *out)
{
	AUTO_FREE char *folder = file_xdg(XDG_CACHE, FOLDER);
	AUTO_FREE char *path = path_of(folder, key);
	AUTO_BUF struct buf file = BUF_INIT(CACHE_MAX);
	struct err e = { 0 };

	if (read_checked(path, &file, &e) < 0 || buf_add(out, file.p + SHA256_LEN, file.len - SHA256_LEN, &e) < 0) {
		if (e.kind != EK_NOTFOUND)
			LOG_DBG("%s", e.msg);
		return false;
	}
	return true;
}

struct kept { char *name; uint64_t size; int64_t used_unix_ns; };
struct kepts VEC_OF(struct kept);

static int
by_use(const void *a, const void *b)
{
	const struct kept *x = a, *y = b;

	return (x->used_unix_ns > y->used_unix_ns) - (x->used_unix_ns < y->used_unix_ns);
}

/* What is in the folder; forgotten temporary files are removed on the way. */
static uint64_t
take_stock(DIR *dir, struct kepts *out)
{
	const struct dirent *de;
	uint64_t total = 0;

	while ((de = readdir(dir)) != NULL) {
		struct stat sb;
		int64_t used;

		if (fstatat(dirfd(dir), de->d_name, &sb, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(sb.st_mode))
			continue;
		used = (int64_t)sb.st_mtim.tv_sec * NS_PER_S + sb.st_mtim.tv_nsec;
		if (str_starts(str_of(de->d_name), S(FILE_TMP_PREFIX))) {
			if (used < clock_unix_ns() - STALE_NS)
				(void)unlinkat(dirfd(dir), de->d_name, 0);
			continue;
		}
		*vec_push(out) = (struct kept){ xstrdup(de->d_name), (uint64_t)sb.st_size, used };
		total += (uint64_t)sb.st_size;
	}
	return total;
}

/* Makes room for so many more bytes. */
static void
make_room(const char *folder, uint64_t size)
{
	DIR *dir = opendir(folder);
	struct kepts all = { 0 };
	uint64_t total;

	if (dir == NULL)
		return;
	total = take_stock(dir, &all) + size;
	if (total > CACHE_MAX)
		qsort(all.at, all.len, sizeof all.at[0], by_use);
	for (size_t i = 0; i < all.len; i++) {
		if (total > CACHE_MAX && unlinkat(dirfd(dir), all.at[i].name, 0) == 0)
			total -= all.at[i].size;
		free(all.at[i].name);
	}
	vec_free(&all);
	(void)closedir(dir);
}

void
cache_put(struct str key, struct str data)
{
	AUTO_FREE char *folder = file_xdg(XDG_CACHE, FOLDER);
	AUTO_FREE char *path = path_of(folder, key);
	AUTO_BUF struct buf file = BUF_INIT(CACHE_MAX);
	uint8_t digest[SHA256_LEN];
	struct err e = { 0 };

	sha256(data.p, data.len, digest);
	if (buf_add(&file, digest, sizeof digest, &e) < 0 || buf_add_str(&file, data, &e) < 0
	    || file_mkdirs(folder, 0700, &e) < 0) {
		LOG_DBG("not cached: %s", e.msg);
		return;
	}
	make_room(folder, file.len);
	if (file_replace(path, file.p, file.len, 0600, &e) < 0)
		LOG_DBG("not cached: %s", e.msg);
}
