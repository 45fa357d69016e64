/* Files: bounded reads, atomic replacement, locks, folders of the XDG base directory specification. */
#include "base/file.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_CHUNK ((size_t)64 * 1024)

void
file_close(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

static int
open_retry(const char *path, int flags, unsigned mode)
{
	int fd;

	do
		fd = open(path, flags | O_CLOEXEC, mode);
	while (fd < 0 && errno == EINTR);
	return fd;
}

/* One read into out.  Returns the number of bytes, 0 at the end. */
static ssize_t
read_some(int fd, const char *name, size_t want, struct buf *out, struct err *e)
{
	char spare;
	/* At the maximum one more byte tells "full" from "too large". */
	size_t left = out->max - out->len;
	size_t n = left < want ? left : want;
	char *to = n ? buf_room(out, n, e) : &spare;
	ssize_t got;

	do
		got = read(fd, to, n ? n : 1);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return err_sys(e, errno, "read '%s'", name);
	if (got > 0 && n == 0 && !buf_room(out, 1, e))
		return err_ctx(e, "read '%s'", name);
	if (got > 0)
		buf_grew(out, (size_t)got);
	return got;
}

static int
read_fd(int fd, const char *name, struct buf *out, struct err *e)
{
	size_t before = out->len, want = READ_CHUNK;
	struct stat st;
	ssize_t got;

	/* One more than the size, so that the end shows without growing again. */
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0)
		want = (size_t)st.st_size + 1;
	while ((got = read_some(fd, name, want, out, e)) > 0) {
		size_t spare = out->cap - out->len - 1;

		want = spare ? spare : READ_CHUNK;
	}
	if (got < 0) {
		buf_cut(out, before);
		return -1;
	}
	return 0;
}

int
file_read(const char *path, struct buf *out, struct err *e)
{
	AUTO(file_close) int fd = -1;

	if (strcmp(path, "-") == 0)
		return read_fd(STDIN_FILENO, "standard input", out, e);
	fd = open_retry(path, O_RDONLY, 0);
	if (fd < 0)
		return err_sys(e, errno, "open '%s'", path);
	return read_fd(fd, path, out, e);
}

int
file_write_all(int fd, const void *p, size_t n, struct err *e)
{
	const char *at = p;

	while (n > 0) {
		ssize_t done = write(fd, at, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return err_sys(e, errno, "write");
		at += done;
		n -= (size_t)done;
	}
	return 0;
}

int
file_fsync_dir(const char *path, struct err *e)
{
	AUTO(file_close) int fd = open_retry(path, O_RDONLY | O_DIRECTORY, 0);

	if (fd < 0)
		return err_sys(e, errno, "open folder '%s'", path);
	/* Some network file systems cannot sync folders and say so with EINVAL. */
	if (fsync(fd) < 0 && errno != EINVAL)
		return err_sys(e, errno, "sync folder '%s'", path);
	return 0;
}

/* Fills the new file behind *fd and closes it. */
static int
fill(int *fd, const char *path, const void *p, size_t n, unsigned mode, struct err *e)
{
	int rc;

	if (fchmod(*fd, mode) < 0)
		return err_sys(e, errno, "set mode of '%s'", path);
	if (file_write_all(*fd, p, n, e) < 0)
		return err_ctx(e, "'%s'", path);
	if (fsync(*fd) < 0)
		return err_sys(e, errno, "sync '%s'", path);
	/* NFS and quotas may report a failed write only here. */
	rc = close(*fd);
	*fd = -1;
	return rc < 0 ? err_sys(e, errno, "close '%s'", path) : 0;
}

int
file_replace(const char *path, const void *p, size_t n, unsigned mode, struct err *e)
{
	AUTO_FREE char *dir = file_dirname(path);
	AUTO_FREE char *tmp = file_join(dir, FILE_TMP_PREFIX "XXXXXX");
	AUTO(file_close) int fd = mkostemp(tmp, O_CLOEXEC);

	if (fd < 0)
		return err_sys(e, errno, "create a file in '%s'", dir);
	if (fill(&fd, path, p, n, mode, e) < 0)
		goto undo;
	if (rename(tmp, path) < 0) {
		(void)err_sys(e, errno, "replace '%s'", path);
		goto undo;
	}
	return file_fsync_dir(dir, e);
undo:
	(void)unlink(tmp);
	return -1;
}

static bool
is_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

int
file_mkdirs(const char *path, unsigned mode, struct err *e)
{
	AUTO_FREE char *part = xstrdup(path);

	if (is_dir(path))
		return 0;
	for (char *at = part; *at; ) {
		char *slash = strchr(at + 1, '/');
		int failed;

		if (slash)
			*slash = '\0';
		failed = mkdir(part, mode) < 0 ? errno : 0;
		if (failed && !is_dir(part))
			return err_sys(e, failed == EEXIST ? ENOTDIR : failed, "create folder '%s'", part);
		if (!slash)
			break;
		*slash = '/';
		at = slash;
	}
	return 0;
}

int
file_spool(struct err *e)
{
	const char *dir = getenv("TMPDIR");
	AUTO_FREE char *tmp = NULL;
	int fd;

	if (!dir || dir[0] == '\0')
		dir = "/tmp";
	tmp = file_join(dir, FILE_TMP_PREFIX "XXXXXX");
	fd = mkostemp(tmp, O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, errno, "create a temporary file in '%s'", dir);
	if (unlink(tmp) < 0) {
		(void)err_sys(e, errno, "remove '%s'", tmp);
		(void)close(fd);
		return -1;
	}
	return fd;
}

int
file_lock(const char *path, struct err *e)
{
	int fd = open_retry(path, O_RDWR | O_CREAT, 0600);
	int rc, why;

	if (fd < 0)
		return err_sys(e, errno, "open '%s'", path);
	do
		rc = flock(fd, LOCK_EX | LOCK_NB);
	while (rc < 0 && errno == EINTR);
	if (rc == 0)
		return fd;
	why = errno;
	(void)close(fd);
	if (why == EWOULDBLOCK)
		return err_set(e, EK_CONFLICT, "'%s' is locked by another process", path);
	return err_sys(e, why, "lock '%s'", path);
}

bool
file_is_locked(const char *path)
{
	AUTO(file_close) int fd = open_retry(path, O_RDONLY, 0);

	return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

/* Heap. */
static char *
home_dir(void)
{
	const char *home = getenv("HOME");
	struct passwd pw, *found = NULL;
	char text[4096];

	if (home && home[0] == '/')
		return xstrdup(home);
	if (getpwuid_r(getuid(), &pw, text, sizeof text, &found) == 0 && found)
		return xstrdup(found->pw_dir);
	return xstrdup("/");
}

static const struct { const char *variable, *below_home; } xdg[] = {
	[XDG_CONFIG]  = { "XDG_CONFIG_HOME", ".config" },
	[XDG_STATE]   = { "XDG_STATE_HOME",  ".local/state" },
	[XDG_CACHE]   = { "XDG_CACHE_HOME",  ".cache" },
	[XDG_RUNTIME] = { "XDG_RUNTIME_DIR", NULL },
};

char *
file_xdg(enum file_xdg which, const char *rest)
{
	const char *set = getenv(xdg[which].variable);
	AUTO_FREE char *home = NULL;
	AUTO_FREE char *base = NULL;
	AUTO_FREE char *ours = NULL;

	/* The specification tells to ignore relative paths. */
	if (set && set[0] == '/') {
		base = xstrdup(set);
	} else if (!xdg[which].below_home) {
		return file_xdg(XDG_STATE, rest);
	} else {
		home = home_dir();
		base = file_join(home, xdg[which].below_home);
	}
	ours = file_join(base, "orlop");
	return rest ? file_join(ours, rest) : TAKE(ours);
}

char *
file_join(const char *dir, const char *rest)
{
	size_t n = strlen(dir);

	if (rest[0] == '/' || n == 0)
		return xstrdup(rest);
	while (n > 0 && dir[n - 1] == '/')
		n--;
	return xasprintf("%.*s/%s", (int)n, dir, rest);
}

char *
file_dirname(const char *path)
{
	size_t n = strlen(path);

	while (n > 1 && path[n - 1] == '/')
		n--;
	while (n > 0 && path[n - 1] != '/')
		n--;
	if (n == 0)
		return xstrdup(".");
	while (n > 1 && path[n - 1] == '/')
		n--;
	return xstrndup(path, n);
}
