/* Files: bounded reads, atomic replacement, private modes, locks, XDG folders.  Any thread. */
#ifndef ORLOP_BASE_FILE_H
#define ORLOP_BASE_FILE_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

/* Appends the whole regular file (or pipe; "-" is stdin) to out.  EK_NOTFOUND, EK_DENIED, EK_LIMIT (out->max), EK_IO. */
MUST_CHECK int file_read(const char *path, struct buf *out, struct err *e);

/* Names of temporary files start so; what a killed process left behind is recognized by it. */
#define FILE_TMP_PREFIX ".orlop-tmp-"

/* Replaces path by a file with these bytes and mode: temporary file beside it, fsync, rename, fsync of the folder.
 * Readers see the old or the new content.  A failure leaves the old file and no temporary one. */
MUST_CHECK int file_replace(const char *path, const void *p, size_t n, unsigned mode, struct err *e);

/* Creates the folder and its parents (mode for new ones).  Existing folders are fine. */
MUST_CHECK int file_mkdirs(const char *path, unsigned mode, struct err *e);

/* Writes all n bytes to fd, resuming after EINTR and short writes. */
MUST_CHECK int file_write_all(int fd, const void *p, size_t n, struct err *e);

MUST_CHECK int file_fsync_dir(const char *path, struct err *e);

/* An anonymous private file in $TMPDIR (or /tmp) for spooling: gone when fd is closed.  Returns fd, -1 on error. */
MUST_CHECK int file_spool(struct err *e);

/* Opens (creating, 0600) and locks path exclusively without waiting.  Returns the fd that holds the lock until it is
 * closed; -1 with EK_CONFLICT while another process holds it. */
MUST_CHECK int file_lock(const char *path, struct err *e);
/* Somebody holds it so.  Asking keeps nobody but another file_lock at the same moment from having it. */
bool file_is_locked(const char *path);

enum file_xdg { XDG_CONFIG, XDG_STATE, XDG_CACHE, XDG_RUNTIME };
/* "$XDG_..._HOME/orlop/rest" with the specification's defaults below $HOME (XDG_RUNTIME: falls back to XDG_STATE);
 * rest may be NULL.  Heap; the caller frees.  Nothing is created. */
char *file_xdg(enum file_xdg which, const char *rest);

/* dir and rest joined by exactly one '/'; an absolute rest replaces dir.  Heap. */
char *file_join(const char *dir, const char *rest);
char *file_dirname(const char *path);            /* heap; "." when path has no slash */

void file_close(int *fd);                        /* for AUTO(file_close): closes when >= 0 */

#endif
