/* A file in memory that stands in for standard output while curses writes a frame; the rest is a queue. */
#include "ui/term_out.h"

#include "base/attr.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <termios.h>
#include <unistd.h>

#define DRAIN_MS 500

static struct {
	int        frame, tty;           /* memory; standard output as it was */
	int        fd;                   /* the terminal, without blocking, or tty where that cannot be had */
	struct buf queue;
	size_t     sent;                 /* of queue */
} out = { .frame = -1, .tty = -1, .fd = -1 };

int
out_start(struct err *e)
{
	out.frame = memfd_create("frame", MFD_CLOEXEC);
	out.tty = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	if (out.frame < 0 || out.tty < 0)
		return err_set(e, EK_LIMIT, "the terminal: %s", strerror(errno));
	/* Opened anew: O_NONBLOCK of the one that we have would be our parent's, too. */
	out.fd = open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (out.fd < 0)
		out.fd = out.tty;
	out.queue = (struct buf)BUF_INIT(SIZE_MAX);
	out.sent = 0;
	return 0;
}

void
out_end(void)
{
	if (out.fd >= 0 && out.fd != out.tty)
		close(out.fd);
	if (out.frame >= 0)
		close(out.frame);
	if (out.tty >= 0)
		close(out.tty);
	out.frame = out.tty = out.fd = -1;
	buf_free(&out.queue);
}

void
out_begin(void)
{
	(void)dup2(out.frame, STDOUT_FILENO);
}

void
out_commit(void)
{
	char block[4096];
	ssize_t n;
	off_t at = 0;

	(void)dup2(out.tty, STDOUT_FILENO);
	while ((n = pread(out.frame, block, sizeof block, at)) > 0) {
		buf_put(&out.queue, block, (size_t)n);
		at += n;
	}
	assert_that(ftruncate(out.frame, 0) == 0 && lseek(out.frame, 0, SEEK_SET) == 0);
	(void)out_flush();
}

void
out_put(const char *s)
{
	buf_puts(&out.queue, s);
	(void)out_flush();
}

bool
out_flush(void)
{
	while (out.sent < out.queue.len) {
		ssize_t n = write(out.fd, out.queue.p + out.sent, out.queue.len - out.sent);

		if (n < 0 && errno == EAGAIN)
			return false;
		if (n < 0 && errno != EINTR)
			break;                   /* the terminal is gone: nobody misses it */
		out.sent += n > 0 ? (size_t)n : 0;
	}
	buf_cut(&out.queue, 0);
	out.sent = 0;
	return true;
}

void
out_drain(void)
{
	int64_t end = clock_mono_ns() + DRAIN_MS * NS_PER_MS;
	struct pollfd room = { out.fd, POLLOUT, 0 };

	while (!out_flush() && clock_mono_ns() < end)
		(void)poll(&room, 1, DRAIN_MS / 10);
	if (out.queue.len == 0)
		return;
	(void)tcflush(out.tty, TCOFLUSH);
	buf_cut(&out.queue, 0);
	out.sent = 0;
}

void
out_now(const char *s, size_t n)
{
	(void)!write(out.fd, s, n);
}

int
out_fd(void)
{
	return out.fd;
}
