/* Error values: composing messages that keep both ends, and the table of kinds. */
#include "base/err.h"

#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct err_info kind_info[] = {
	[EK_NONE]        = { "no error", "", false },
	[EK_INVALID]     = { "invalid", "Correct what the message names, then try again.", false },
	[EK_NOTFOUND]    = { "not found", "Check the name, and that it is there; the list commands show what is.", false },
	[EK_EXISTS]      = { "already exists", "Choose another name or delete the existing one first.", false },
	[EK_CONFLICT]    = { "changed meanwhile", "Somebody else is working on it; try again.", false },
	[EK_DENIED]      = { "access denied", "Check the credentials and what they are permitted to do.", false },
	[EK_THROTTLED]   = { "throttled", "The server asks for fewer requests; try again later.", true },
	[EK_UNAVAILABLE] = { "unavailable", "Check the address, the network and the server, then try again.", true },
	[EK_TIMEOUT]     = { "timed out", "Try again; if it stays slow, allow a longer time limit.", true },
	[EK_CANCELED]    = { "canceled", "", false },
	[EK_CORRUPT]     = { "damaged data", "Do not trust this copy; verify the backup or use another one.", false },
	[EK_LIMIT]       = { "too large", "It exceeds a fixed safety limit; split it or leave it out.", false },
	[EK_IO]          = { "input/output error", "Check the path, free space, permissions and the health of the disk.", false },
};
static_assert(COUNT(kind_info) == EK_COUNT_, "every kind needs a text, a hint and a retry policy");

/* Bytes 0x80 to 0xbf continue a UTF-8 character; a cut must not fall before one. */
static bool
continues_char(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/* Copies text into msg; too long a text loses its middle, never half a character. */
static void
store_msg(struct err *e, const char *text, size_t len)
{
	static const char gap[] = "...";
	size_t room = sizeof e->msg - 1;
	size_t head, tail;

	if (len <= room) {
		memcpy(e->msg, text, len);
		e->msg[len] = '\0';
		return;
	}
	head = (room - strlen(gap)) / 2;
	tail = len - (room - strlen(gap) - head);
	while (head > 0 && continues_char(text[head]))
		head--;
	while (tail < len && continues_char(text[tail]))
		tail++;
	memcpy(e->msg, text, head);
	memcpy(e->msg + head, gap, strlen(gap));
	memcpy(e->msg + head + strlen(gap), text + tail, len - tail + 1);
}

/*
 * Formats into a text of any length first, because arguments may point into e->msg, and because only the whole
 * text shows where its root cause starts.
 */
static void PRINTF_LIKE(3, 0)
compose(struct err *e, const char *suffix, const char *fmt, va_list ap)
{
	char small[1024];
	AUTO_FREE char *big = NULL;
	char *text = small;
	size_t suffix_len = strlen(suffix);
	va_list again;
	size_t len;
	int n;

	va_copy(again, ap);
	n = vsnprintf(small, sizeof small, fmt, ap);
	assert_that(n >= 0);
	len = (size_t)n;
	if (len + suffix_len >= sizeof small) {
		text = big = xmalloc(len + suffix_len + 1);
		(void)vsnprintf(big, len + 1, fmt, again);
	}
	va_end(again);
	memcpy(text + len, suffix, suffix_len + 1);
	store_msg(e, text, len + suffix_len);
}

static void
start(struct err *e, enum err_kind k, int sys)
{
	e->kind = k;
	e->sys = sys;
	e->http = 0;
	e->retry_after_ns = 0;
	e->reason[0] = '\0';
}

int
err_set(struct err *e, enum err_kind k, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	compose(e, "", fmt, ap);
	va_end(ap);
	start(e, k, 0);
	return -1;
}

static enum err_kind
kind_of_errno(int sys)
{
	switch (sys) {
	case ENOENT:
		return EK_NOTFOUND;
	case EACCES:
	case EPERM:
		return EK_DENIED;
	case EEXIST:
		return EK_EXISTS;
	default:
		return EK_IO;
	}
}

int
err_sys(struct err *e, int sys, const char *fmt, ...)
{
	char cause[160];
	va_list ap;

	/* strerror of the C libraries we build on uses no shared buffer for known numbers. */
	(void)snprintf(cause, sizeof cause, ": %s", strerror(sys));
	va_start(ap, fmt);
	compose(e, cause, fmt, ap);
	va_end(ap);
	start(e, kind_of_errno(sys), sys);
	return -1;
}

int
err_ctx(struct err *e, const char *fmt, ...)
{
	char cause[sizeof e->msg + 2];
	va_list ap;

	(void)snprintf(cause, sizeof cause, ": %s", e->msg);
	va_start(ap, fmt);
	compose(e, cause, fmt, ap);
	va_end(ap);
	return -1;
}

const struct err_info *
err_info(enum err_kind k)
{
	assert_that((unsigned)k < EK_COUNT_);
	return &kind_info[k];
}
