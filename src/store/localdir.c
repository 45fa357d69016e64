/*
 * A store on a local folder.
 *
 *   - An object appears by rename (or link, to create) of a finished, synced temporary file beside it, so readers
 *     see it whole or not at all, also after a crash.
 *   - Every path is walked from the root folder segment by segment with O_NOFOLLOW: no link below the root is
 *     followed, so nothing outside of it is read or changed.  The root itself may be a link.
 *   - A folder exists only while it holds something, as in S3.  Deleting may take a folder away under a writer that
 *     has just made it; the writer then starts its walk again.
 */
#include "store/store_impl.h"
#include "store/validate_impl.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/vec.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define TEMP_MARK    ".orlop-tmp-"
#define TEMP_RANDOM  8                   /* bytes */
#define TEMP_NAME    200                 /* of the object's name in the temporary one: both fit NAME_MAX */
#define TEMP_MAX     (TEMP_NAME + sizeof TEMP_MARK + 2 * TEMP_RANDOM + 2)
#define PIECE        (256 * KIB)
#define WALK_RETRIES 16

struct localdir {
	struct store base;
	char        *root;
};

struct dir_writer {
	struct store_writer  base;
	const struct cancel *cancel;
	char                *leaf;
	int                  dirfd, fd;  /* -1 when closed */
	char                 temp[TEMP_MAX];
	bool                 placed;     /* temp is no more */
};

static struct localdir *
localdir_of(struct store *st)
{
	return (struct localdir *)st;
}

/* .NAME.orlop-tmp-RANDOM: never listed, never an object. */
static bool
is_temp(const char *name)
{
	return name[0] == '.' && strstr(name + 1, TEMP_MARK) != NULL;
}

static int
fail(struct err *e, int sys, const char *what, const char *path)
{
	if (sys == ENOSPC || sys == EDQUOT) {
		(void)err_set(e, EK_IO, "no space left on the disk (or in the quota) of '%s'", path);
		e->sys = sys;
		return -1;
	}
	if (sys == ELOOP) {
		(void)err_set(e, EK_DENIED, "%s '%s': a link is in the way, and links are not followed", what, path);
		e->sys = sys;
		return -1;
	}
	return err_sys(e, sys, "%s '%s'", what, path);
}

/* Some file systems cannot sync folders and say so with EINVAL; there is nothing better to do there. */
static int
sync_fd(int fd, const char *path, struct err *e)
{
	return fsync(fd) < 0 && errno != EINVAL ? fail(e, errno, "sync", path) : 0;
}

/* The root folder's fd, -1 on error.  EK_NOTFOUND: it does not exist (and create is not set). */
static int
open_root(const struct localdir *d, bool create, struct err *e)
{
	int fd = open(d->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT && create) {
		if (file_mkdirs(d->root, 0700, e) < 0)
			return -1;
		fd = open(d->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	return fd < 0 ? fail(e, errno, "open folder", d->root) : fd;
}

/* The folder name in dirfd, -1 with errno. */
static int
open_sub(int dirfd, const char *name, bool create)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(dirfd, name, flags);

	if (fd >= 0 || errno != ENOENT || !create)
		return fd;
	if (mkdirat(dirfd, name, 0700) < 0 && errno != EEXIST)
		return -1;
	if (fsync(dirfd) < 0 && errno != EINVAL)
		return -1;
	return openat(dirfd, name, flags);
}

/*
 * The folder that holds path (relative to the root), -1 on error.  *leaf is path's last segment; a path that ends
 * in '/' (or is empty) names the folder itself and has the leaf "".
 */
static int
open_parent(const struct localdir *d, const char *path, bool create, const char **leaf, struct err *e)
{
	AUTO(file_close) int fd = open_root(d, create, e);
	struct str rest = str_of(path), seg;
	int sub, sys;

	if (fd < 0)
		return -1;
	while (str_chr(rest, '/') < rest.len && str_split(&rest, '/', &seg)) {
		AUTO_FREE char *name = str_dup(seg);

		sub = *name ? open_sub(fd, name, create) : -1;
		sys = *name ? errno : ENOENT;
		if (sub < 0)
			return sys == ENOTDIR ? fail(e, create ? ENOTDIR : ENOENT, "folder", name)
				: fail(e, sys, "folder", name);
		file_close(&fd);
		fd = sub;
	}
	*leaf = rest.p;
	sub = fd;
	fd = -1;
	return sub;
}

static void
fill_info(struct store_info *out, const struct stat *sb)
{
	*out = (struct store_info){
		.size = (uint64_t)sb->st_size,
		.mtime_unix_ns = (int64_t)sb->st_mtim.tv_sec * NS_PER_S + sb->st_mtim.tv_nsec,
	};
	(void)snprintf(out->etag, sizeof out->etag, "%" PRIx64 "-%" PRIx64, (uint64_t)out->mtime_unix_ns, out->size);
}

/* Opens an object for reading.  Anything but a regular file does not exist for a store. */
static int
open_object(const struct localdir *d, const char *key, struct stat *sb, struct err *e)
{
	const char *leaf;
	AUTO(file_close) int dirfd = open_parent(d, key, false, &leaf, e);
	AUTO(file_close) int fd = -1;
	int result;

	if (dirfd < 0)
		return -1;
	if (!*leaf || is_temp(leaf))
		return fail(e, ENOENT, "file", key);
	fd = openat(dirfd, leaf, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return fail(e, errno, "open", leaf);
	if (fstat(fd, sb) < 0)
		return fail(e, errno, "look up", leaf);
	if (!S_ISREG(sb->st_mode))
		return fail(e, ENOENT, "file", leaf);
	result = fd;
	fd = -1;
	return result;
}

/* Reads up to n bytes from off; short only at the end of the file. */
static ssize_t
read_at(int fd, char *to, size_t n, uint64_t off, const char *key, struct err *e)
{
	size_t done = 0;

	while (done < n) {
		ssize_t got = pread(fd, to + done, n - done, (off_t)(off + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return fail(e, errno, "read", key);
		if (got == 0)
			break;
		done += (size_t)got;
	}
	return (ssize_t)done;
}

static int
dir_read(struct store *st, const char *key, store_sink *sink, void *ctx, const struct cancel *c, struct err *e)
{
	struct stat sb;
	AUTO(file_close) int fd = open_object(localdir_of(st), key, &sb, e);
	AUTO_FREE char *piece = NULL;
	uint64_t off = 0;
	ssize_t n;

	if (fd < 0)
		return -1;
	piece = xmalloc(PIECE);
	do {
		if (cancel_check(c, e) < 0 || (n = read_at(fd, piece, PIECE, off, key, e)) < 0)
			return -1;
		if (n > 0 && sink(ctx, piece, (size_t)n, e) < 0)
			return -1;
		off += (uint64_t)n;
	} while ((size_t)n == PIECE);
	return 0;
}

static int
dir_get(struct store *st, const char *key, const struct store_range *range, struct buf *out, const struct cancel *c,
	struct err *e)
{
	struct stat sb;
	AUTO(file_close) int fd = open_object(localdir_of(st), key, &sb, e);
	struct store_range all;
	uint64_t size;
	ssize_t got;
	char *to;

	if (fd < 0)
		return -1;
	size = (uint64_t)sb.st_size;
	all = (struct store_range){ 0, (size_t)size };
	if (!range)
		range = &all;
	if (range->off > size || range->n > size - range->off)
		return err_set(e, EK_CORRUPT, "the object has %" PRIu64 " bytes, but %zu bytes from %" PRIu64
			" on are needed", size, range->n, range->off);
	to = buf_room(out, range->n, e);
	if (!to || cancel_check(c, e) < 0)
		return -1;
	got = read_at(fd, to, range->n, range->off, key, e);
	if (got < 0)
		return -1;
	if ((size_t)got < range->n)
		return err_set(e, EK_CORRUPT, "the object became shorter while it was read");
	buf_grew(out, range->n);
	return 0;
}

static int
dir_head(struct store *st, const char *key, struct store_info *out, const struct cancel *c, struct err *e)
{
	struct stat sb;
	AUTO(file_close) int fd = open_object(localdir_of(st), key, &sb, e);

	(void)c;
	if (fd < 0)
		return -1;
	fill_info(out, &sb);
	return 0;
}

/*
 * A file without a name, where the file system has such: one that is created exclusively is not in a folder before it
 * is whole, so that a run that is killed leaves nothing that somebody would have to know about.  -1: it has not.
 */
static int
open_nameless(int dirfd)
{
#ifdef O_TMPFILE
	if (access("/proc/self/fd", X_OK) == 0)
		return openat(dirfd, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
#else
	(void)dirfd;
#endif
	return -1;
}

static int
link_nameless(const struct dir_writer *w)
{
	char path[64];

	(void)snprintf(path, sizeof path, "/proc/self/fd/%d", w->fd);
	return linkat(AT_FDCWD, path, w->dirfd, w->leaf, AT_SYMLINK_FOLLOW);
}

static int
temp_open(const struct localdir *d, const char *key, bool exclusive, struct dir_writer *w, struct err *e)
{
	uint8_t random[TEMP_RANDOM];
	char hex[2 * TEMP_RANDOM + 1];
	const char *leaf = NULL;
	int sys = ENOENT;

	for (int tries = 0; tries < WALK_RETRIES && sys == ENOENT; tries++) {
		file_close(&w->dirfd);
		w->dirfd = open_parent(d, key, true, &leaf, e);
		if (w->dirfd < 0) {
			if (e->sys == ENOENT)
				continue;
			return -1;
		}
		if (is_temp(leaf))
			return err_set(e, EK_INVALID, "names of this form are kept for temporary files");
		w->temp[0] = '\0';
		w->fd = exclusive ? open_nameless(w->dirfd) : -1;
		if (w->fd >= 0)
			break;
		random_bytes(random, sizeof random);
		(void)snprintf(w->temp, sizeof w->temp, ".%.*s" TEMP_MARK "%s", TEMP_NAME, leaf,
			hex_encode(hex, random, sizeof random));
		w->fd = openat(w->dirfd, w->temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		sys = w->fd < 0 ? errno : 0;
	}
	if (w->dirfd < 0)
		return -1;
	if (w->fd < 0)
		return fail(e, sys, "create a file in", d->root);
	w->leaf = xstrdup(leaf);
	return 0;
}

static int
temp_write(struct dir_writer *w, const struct localdir *d, const void *p, size_t n, struct err *e)
{
	if (file_write_all(w->fd, p, n, e) == 0)
		return 0;
	return e->sys == ENOSPC || e->sys == EDQUOT ? fail(e, e->sys, "write", d->root) : -1;
}

/* Gives the temporary file its name; -1 with errno. */
static int
temp_place(struct dir_writer *w, bool exclusive)
{
	if (!*w->temp)
		return link_nameless(w);
	if (!exclusive) {
		if (renameat(w->dirfd, w->temp, w->dirfd, w->leaf) < 0)
			return -1;
		w->placed = true;
		return 0;
	}
	if (linkat(w->dirfd, w->temp, w->dirfd, w->leaf, 0) == 0)
		return 0;                        /* temp is the second name, removed by dir_writer_free */
#ifdef RENAME_NOREPLACE
	/* FAT and some network file systems have no links. */
	if ((errno == EPERM || errno == EOPNOTSUPP) &&
	    renameat2(w->dirfd, w->temp, w->dirfd, w->leaf, RENAME_NOREPLACE) == 0) {
		w->placed = true;
		return 0;
	}
#endif
	return -1;
}

static int
temp_publish(struct dir_writer *w, const struct localdir *d, bool exclusive, struct err *e)
{
	int fd = w->fd;

	if (sync_fd(fd, d->root, e) < 0)
		return -1;
	if (*w->temp) {
		w->fd = -1;
		if (close(fd) < 0)               /* network file systems report a full disk here */
			return fail(e, errno, "close a file in", d->root);
	}
	if (temp_place(w, exclusive) < 0)
		return exclusive && errno == EEXIST ? err_set(e, EK_EXISTS, "it exists already")
			: fail(e, errno, "rename to", w->leaf);
	return sync_fd(w->dirfd, d->root, e);
}

static void
temp_done(struct dir_writer *w)
{
	if (w->leaf && *w->temp && !w->placed)
		(void)unlinkat(w->dirfd, w->temp, 0);
	file_close(&w->fd);
	file_close(&w->dirfd);
	free(w->leaf);
}

/* Removes the folders above path, deepest first, as long as they are empty; never the root. */
static void
prune(const struct localdir *d, const char *path)
{
	AUTO_FREE char *up = xstrdup(path);
	struct err ignored = { 0 };
	const char *leaf;
	char *slash;

	while ((slash = strrchr(up, '/')) != NULL) {
		AUTO(file_close) int dirfd = -1;

		*slash = '\0';
		dirfd = open_parent(d, up, false, &leaf, &ignored);
		if (dirfd < 0 || unlinkat(dirfd, leaf, AT_REMOVEDIR) < 0)
			return;
	}
}

static int
write_once(struct localdir *d, const char *key, struct str data, bool exclusive, bool *lost, struct err *e)
{
	struct dir_writer w = { .dirfd = -1, .fd = -1 };
	int rc = temp_open(d, key, exclusive, &w, e);

	if (rc == 0)
		rc = temp_write(&w, d, data.p, data.len, e);
	if (rc == 0)
		rc = temp_publish(&w, d, exclusive, e);
	/* A file without a name does not keep its folder from being taken away. */
	*lost = rc < 0 && w.leaf && !*w.temp && e->sys == ENOENT;
	temp_done(&w);
	return rc;
}

static int
write_whole(struct store *st, const char *key, struct str data, bool exclusive, const struct cancel *c, struct err *e)
{
	struct localdir *d = localdir_of(st);
	struct err why = { 0 };
	bool lost = true;
	int rc = -1;

	if (cancel_check(c, e) < 0)
		return -1;
	for (int tries = 0; tries < WALK_RETRIES && lost; tries++)
		rc = write_once(d, key, data, exclusive, &lost, &why);
	if (rc < 0) {
		*e = why;
		prune(d, key);
	}
	return rc;
}

static int
dir_put(struct store *st, const char *key, struct str data, const struct cancel *c, struct err *e)
{
	return write_whole(st, key, data, false, c, e);
}

static int
dir_create(struct store *st, const char *key, struct str data, const struct cancel *c, struct err *e)
{
	return write_whole(st, key, data, true, c, e);
}

static int
dir_del(struct store *st, const char *key, const struct cancel *c, struct err *e)
{
	const struct localdir *d = localdir_of(st);
	const char *leaf;
	AUTO(file_close) int dirfd = -1;

	if (cancel_check(c, e) < 0)
		return -1;
	dirfd = open_parent(d, key, false, &leaf, e);
	if (dirfd < 0)
		return -1;
	if (!*leaf)
		return fail(e, ENOENT, "file", key);
	if (unlinkat(dirfd, leaf, 0) < 0)
		return fail(e, errno, "delete", leaf);
	if (sync_fd(dirfd, d->root, e) < 0)
		return -1;
	prune(d, key);
	return 0;
}

/*
 * Walking.  Entries of a folder are visited in the order of their keys: a folder sorts as "name/", which is how its
 * keys compare with its neighbors'.
 */
struct walk {
	const struct localdir *d;
	const struct cancel   *c;
	const char            *prefix;
	bool                   delimiter;
	struct buf             key;              /* of the folder being read: "" or "a/b/" */
	/* Told of each file (not of links, sockets ...); temporary files are told too.  -1 ends the walk. */
	int (*visit)(struct walk *w, int dirfd, const char *name, const struct stat *sb, struct err *e);
	/* What visit and the delimiter report to. */
	store_list_fn *fn;
	void          *ctx;
	int64_t        before_unix_ns;
	size_t         count;
};

/* Adds the entry to names, with a '/' behind a folder's; 0 or an errno. */
static int
add_name(const struct walk *w, int dirfd, const char *name, struct strs *names)
{
	struct stat sb;

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return 0;
	/* The root may be a whole disk, and ext4 keeps a private folder there. */
	if (w->key.len == 0 && strcmp(name, "lost+found") == 0)
		return 0;
	if (fstatat(dirfd, name, &sb, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : errno;
	if (S_ISDIR(sb.st_mode))
		*vec_push(names) = xasprintf("%s/", name);
	else if (S_ISREG(sb.st_mode))
		strs_add(names, name);
	return 0;
}

/* Names in the folder, sorted. */
static int
read_names(const struct walk *w, int dirfd, struct strs *names, struct err *e)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *de;
	int sys = 0;

	if (!dir && errno == ENOENT)
		return 0;                        /* it became empty and was removed meanwhile */
	if (!dir)
		return fail(e, errno, "read folder", w->d->root);
	while (sys == 0) {
		errno = 0;
		de = readdir(dir);
		if (!de) {
			sys = errno;
			break;
		}
		sys = add_name(w, dirfd, de->d_name, names);
	}
	(void)closedir(dir);
	if (sys != 0)
		return fail(e, sys, "read folder", w->d->root);
	strs_sort(names);
	return 0;
}

static int walk_folder(struct walk *w, int dirfd, struct err *e);

/* 1 when there is an object in or below the folder, 0 when not. */
static int
holds_object(const struct walk *w, int dirfd, struct err *e)
{
	AUTO_STRS struct strs names = { 0 };
	int found = 0;

	if (read_names(w, dirfd, &names, e) < 0)
		return -1;
	for (size_t i = 0; i < names.len && found == 0; i++) {
		size_t len = strlen(names.at[i]);
		AUTO(file_close) int sub = -1;

		if (names.at[i][len - 1] != '/') {
			found = !is_temp(names.at[i]);
			continue;
		}
		names.at[i][len - 1] = '\0';
		sub = open_sub(dirfd, names.at[i], false);
		if (sub < 0 && errno != ENOENT)
			return fail(e, errno, "open folder", names.at[i]);
		found = sub < 0 ? 0 : holds_object(w, sub, e);
	}
	return found;
}

/* w->key names the folder, with its '/'. */
static int
walk_sub(struct walk *w, int dirfd, char *name, struct err *e)
{
	AUTO(file_close) int sub = -1;
	int holds;

	name[strlen(name) - 1] = '\0';
	sub = open_sub(dirfd, name, false);
	if (sub < 0)
		return errno == ENOENT ? 0 : fail(e, errno, "open folder", buf_cstr(&w->key));
	if (!w->delimiter)
		return walk_folder(w, sub, e);
	holds = holds_object(w, sub, e);
	return holds <= 0 ? holds : w->fn(w->ctx, buf_cstr(&w->key), NULL, e);
}

static int
walk_folder(struct walk *w, int dirfd, struct err *e)
{
	AUTO_STRS struct strs names = { 0 };
	size_t here = w->key.len;
	struct stat sb;
	int rc = read_names(w, dirfd, &names, e);

	for (size_t i = 0; i < names.len && rc == 0; i++) {
		if (cancel_check(w->c, e) < 0)
			return -1;
		if (here + strlen(names.at[i]) > STORE_KEY_MAX)
			continue;                /* nothing that we could have written */
		buf_puts(&w->key, names.at[i]);
		if (!str_starts(buf_str(&w->key), str_of(w->prefix)))
			rc = 0;
		else if (buf_cstr(&w->key)[w->key.len - 1] == '/')
			rc = walk_sub(w, dirfd, names.at[i], e);
		else if (fstatat(dirfd, names.at[i], &sb, AT_SYMLINK_NOFOLLOW) == 0)
			rc = w->visit(w, dirfd, names.at[i], &sb, e);
		buf_cut(&w->key, here);
	}
	return rc;
}

/* Starts at the folder part of the prefix, so that a listing reads no folder that it does not need. */
static int
walk_start(struct walk *w, struct err *e)
{
	AUTO_FREE char *folder = xstrndup(w->prefix, (size_t)(strrchr(w->prefix, '/') ?
		strrchr(w->prefix, '/') + 1 - w->prefix : 0));
	struct err why = { 0 };
	const char *leaf;
	AUTO(file_close) int fd = open_parent(w->d, folder, false, &leaf, &why);
	int rc;

	if (fd < 0 && why.kind == EK_NOTFOUND)
		return 0;                        /* an empty place; the root is made by the first write */
	if (fd < 0) {
		*e = why;
		return -1;
	}
	w->key = (struct buf)BUF_INIT(STORE_KEY_MAX + 1);
	buf_puts(&w->key, folder);
	rc = walk_folder(w, fd, e);
	buf_free(&w->key);
	return rc;
}

static int
visit_object(struct walk *w, int dirfd, const char *name, const struct stat *sb, struct err *e)
{
	struct store_info info;

	(void)dirfd;
	if (is_temp(name))
		return 0;
	fill_info(&info, sb);
	return w->fn(w->ctx, buf_cstr(&w->key), &info, e);
}

static int
dir_list(struct store *st, const char *prefix, bool delimiter, store_list_fn *fn, void *ctx, const struct cancel *c,
	struct err *e)
{
	struct walk w = { .d = localdir_of(st), .c = c, .prefix = prefix, .delimiter = delimiter,
		.visit = visit_object, .fn = fn, .ctx = ctx };

	return walk_start(&w, e);
}

static int
visit_temp(struct walk *w, int dirfd, const char *name, const struct stat *sb, struct err *e)
{
	struct store_info info;

	fill_info(&info, sb);
	if (!is_temp(name) || info.mtime_unix_ns >= w->before_unix_ns)
		return 0;
	if (unlinkat(dirfd, name, 0) < 0)
		return errno == ENOENT ? 0 : fail(e, errno, "delete", buf_cstr(&w->key));
	w->count++;
	prune(w->d, buf_cstr(&w->key));
	return 0;
}

static int
dir_sweep(struct store *st, const char *prefix, int64_t before_unix_ns, size_t *removed, const struct cancel *c,
	struct err *e)
{
	struct walk w = { .d = localdir_of(st), .c = c, .prefix = prefix, .visit = visit_temp,
		.before_unix_ns = before_unix_ns };

	if (walk_start(&w, e) < 0)
		return -1;
	*removed = w.count;
	return 0;
}

static struct store_writer *
dir_writer_open(struct store *st, const char *key, const struct cancel *c, struct err *e)
{
	struct dir_writer *w = xcalloc(1, sizeof *w);

	w->cancel = c;
	w->dirfd = w->fd = -1;
	if (temp_open(localdir_of(st), key, false, w, e) == 0)
		return &w->base;
	temp_done(w);
	free(w);
	return NULL;
}

static int
dir_writer_add(struct store_writer *base, const void *p, size_t n, struct err *e)
{
	struct dir_writer *w = (struct dir_writer *)base;

	if (cancel_check(w->cancel, e) < 0)
		return -1;
	return temp_write(w, localdir_of(base->st), p, n, e);
}

static int
dir_writer_commit(struct store_writer *base, struct err *e)
{
	struct dir_writer *w = (struct dir_writer *)base;

	if (cancel_check(w->cancel, e) < 0)
		return -1;
	return temp_publish(w, localdir_of(base->st), false, e);
}

static void
dir_writer_free(struct store_writer *base)
{
	struct dir_writer *w = (struct dir_writer *)base;
	bool placed = w->placed;

	temp_done(w);
	if (!placed)
		prune(localdir_of(base->st), base->key);
	free(w);
}

static int
dir_probe(struct store *st, struct buf *detail, const struct cancel *c, struct err *e)
{
	const struct localdir *d = localdir_of(st);
	AUTO(file_close) int fd = -1;
	struct err why = { 0 };

	(void)c;
	fd = open_root(d, false, &why);
	if (fd < 0 && why.kind != EK_NOTFOUND) {
		*e = why;
		return -1;
	}
	buf_putf(detail, "folder %s%s", d->root, fd < 0 ? " (it will be created)" : "");
	return 0;
}

/* Of the nearest folder that is there already. */
static int
dir_space(struct store *st, uint64_t *bytes, struct err *e)
{
	const struct localdir *d = localdir_of(st);
	AUTO_FREE char *path = xstrdup(d->root);
	struct statvfs v;

	while (statvfs(path, &v) < 0) {
		char *slash = strrchr(path, '/');

		if (errno != ENOENT || slash == NULL || path[1] == '\0')
			return fail(e, errno, "free space of", path);
		slash[slash == path ? 1 : 0] = '\0';
	}
	*bytes = (uint64_t)v.f_bavail * v.f_frsize;
	return 0;
}

static int
dir_exists(struct store *st, struct err *e)
{
	AUTO(file_close) int fd = open_root(localdir_of(st), false, e);

	return fd < 0 ? -1 : 0;
}

static void
dir_close(struct store *st)
{
	struct localdir *d = localdir_of(st);

	free(d->root);
	free(d);
}

static const struct store_ops localdir_ops = {
	.close = dir_close,
	.checks = &dir_checks,
	.probe = dir_probe,
	.space = dir_space,
	.exists = dir_exists,
	.put = dir_put,
	.create = dir_create,
	.get = dir_get,
	.read = dir_read,
	.head = dir_head,
	.list = dir_list,
	.del = dir_del,
	.sweep = dir_sweep,
	.writer_open = dir_writer_open,
	.writer_add = dir_writer_add,
	.writer_commit = dir_writer_commit,
	.writer_free = dir_writer_free,
};

struct store *
localdir_open(const char *path, struct err *e)
{
	struct localdir *d = xcalloc(1, sizeof *d);

	(void)e;
	d->base.ops = &localdir_ops;
	d->root = xstrdup(path);
	return &d->base;
}
