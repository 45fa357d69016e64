/* Diagnostics: levels per module, one write per line. */
#include "base/log.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/str.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MODULES_MAX 16
#define LOG_MODULE  "log"

/* Written by log_open before there are threads and only read afterwards, but for fd. */
static struct {
	_Atomic int    fd;               /* -1: closed */
	bool           own_fd;
	enum log_level others;           /* level of modules without an entry */
	size_t         count;
	struct { char name[24]; enum log_level level; } modules[MODULES_MAX];
} sink = { .fd = -1 };

static const char *const level_names[] = {
	[LOG_OFF_] = "off", [LOG_ERROR_] = "error", [LOG_WARN_] = "warn", [LOG_INFO_] = "info",
	[LOG_DEBUG_] = "debug",
};

static bool
parse_level(struct str s, enum log_level *out)
{
	for (size_t i = 0; i < COUNT(level_names); i++) {
		if (str_eqz(s, level_names[i])) {
			*out = (enum log_level)i;
			return true;
		}
	}
	return false;
}

/* "debug", "*=info" or "s3=debug"; false: makes no sense. */
static bool
parse_rule(struct str rule)
{
	size_t eq = str_chr(rule, '=');
	struct str module = eq < rule.len ? str_sub(rule, 0, eq) : S("*");
	struct str level_text = eq < rule.len ? str_sub(rule, eq + 1, rule.len) : rule;
	enum log_level level;

	if (!parse_level(level_text, &level))
		return false;
	if (str_eqz(module, "*")) {
		sink.others = level;
		return true;
	}
	if (sink.count == MODULES_MAX || module.len == 0 || module.len >= sizeof sink.modules[0].name)
		return false;
	memcpy(sink.modules[sink.count].name, module.p, module.len);
	sink.modules[sink.count].name[module.len] = '\0';
	sink.modules[sink.count++].level = level;
	return true;
}

void
log_open(const char *spec, const char *file)
{
	struct str rest = str_of(spec), rule;
	int fd = STDERR_FILENO, failed = 0;

	log_close();
	if (!spec || rest.len == 0)
		return;
	if (file && file[0]) {
		fd = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
		failed = fd < 0 ? errno : 0;
	}
	sink.own_fd = fd >= 0 && fd != STDERR_FILENO;
	sink.fd = fd >= 0 ? fd : STDERR_FILENO;
	if (failed)
		log_write(LOG_MODULE, LOG_ERROR_, "open '%s': %s", file, strerror(failed));
	while (str_split(&rest, ',', &rule))
		if (!parse_rule(str_trim(rule)))
			log_write(LOG_MODULE, LOG_ERROR_, "ORLOP_LOG: '" STR_FMT "' is not MODULE=LEVEL", STR_ARG(rule));
}

void
log_close(void)
{
	int fd = sink.fd;

	sink.fd = -1;
	if (sink.own_fd)
		(void)close(fd);
	sink.own_fd = false;
	sink.others = LOG_OFF_;
	sink.count = 0;
}

int
log_enabled(const char *module, enum log_level l)
{
	if (sink.fd < 0)
		return false;
	for (size_t i = 0; i < sink.count; i++)
		if (strcmp(sink.modules[i].name, module) == 0)
			return l <= sink.modules[i].level;
	return l <= sink.others;
}

void
log_write(const char *module, enum log_level l, const char *fmt, ...)
{
	AUTO_BUF struct buf line = BUF_INIT(16 * KIB);
	char stamp[CLOCK_TEXT_MAX], text[4 * 1024];
	int64_t now = clock_unix_ns();
	int fd = sink.fd;
	va_list ap;

	if (fd < 0)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	clock_rfc3339(stamp, now);
	/* "…:00Z" becomes "…:00.123Z" */
	buf_putf(&line, "%.*s.%03dZ %-5s %s ", (int)strlen(stamp) - 1, stamp, (int)(now / NS_PER_MS % 1000),
		level_names[l], module);
	text_visible(&line, str_of(text), false);
	buf_putc(&line, '\n');
	/* One write keeps lines of threads and processes apart (O_APPEND); where the log is lost, work goes on. */
	if (write(fd, line.p, line.len) < 0)
		return;
}
