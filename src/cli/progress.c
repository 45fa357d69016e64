/* The progress display of the command line. */
#include "cli/progress.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/fmt.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"

#include <sys/ioctl.h>
#include <unistd.h>

#define BAR_CELLS 24
#define TTY_PAUSE_NS (100 * NS_PER_MS)
#define LINE_PAUSE_NS (10 * NS_PER_S)

struct progress_view {
	bool    quiet, tty, shown;
	int64_t last_ns;                 /* when something was drawn */
};

struct progress_view *
progress_new(bool quiet)
{
	struct progress_view *p = xcalloc(1, sizeof *p);
	const char *term = getenv("TERM");

	p->quiet = quiet;
	p->tty = isatty(STDERR_FILENO) && term != NULL && strcmp(term, "dumb") != 0;
	p->last_ns = clock_mono_ns();
	return p;
}

void
progress_free(struct progress_view *p)
{
	free(p);
}

static void
clear_line(struct progress_view *p)
{
	if (p->shown)
		fputs("\r\033[K", stderr);
	p->shown = false;
}

/* "listing [#####.....] 12 345 of 50 000, 4 100/s, 9s left, 1.2 MiB, 2 warnings" */
static void
compose(struct buf *line, const struct job_progress *now, bool bar)
{
	int64_t spent = clock_mono_ns() - now->start_mono_ns;
	double seconds = (double)spent / (double)NS_PER_S;
	double rate = seconds > 0.2 ? (double)now->done / seconds : 0;
	char a[FMT_MAX], b[FMT_MAX];

	buf_puts(line, now->phase);
	if (bar && now->total > 0) {
		uint64_t full = now->done >= now->total ? BAR_CELLS : now->done * BAR_CELLS / now->total;

		buf_puts(line, " [");
		for (uint64_t i = 0; i < BAR_CELLS; i++)
			buf_putc(line, i < full ? '#' : '.');
		buf_putc(line, ']');
	}
	if (now->done > 0 && now->total > 0)
		buf_putf(line, " %s of %s", fmt_count(a, now->done), fmt_count(b, now->total));
	else if (now->done > 0)
		buf_putf(line, " %s", fmt_count(a, now->done));
	if (rate >= 1)
		buf_putf(line, ", %s/s", fmt_count(a, (uint64_t)rate));
	if (rate >= 1 && now->total > now->done)
		buf_putf(line, ", %s left", fmt_duration(a,
			(int64_t)((double)(now->total - now->done) / rate * (double)NS_PER_S)));
	if (now->bytes > 0)
		buf_putf(line, ", %s", fmt_size(a, now->bytes));
	if (now->errors > 0)
		buf_putf(line, ", %s error%s", fmt_count(a, now->errors), now->errors == 1 ? "" : "s");
	if (now->warnings > 0)
		buf_putf(line, ", %s warning%s", fmt_count(a, now->warnings), now->warnings == 1 ? "" : "s");
}

/* A line that wraps could not be taken away again. */
static void
cut_to_width(struct buf *line)
{
	struct winsize w;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 1 && line->len >= w.ws_col)
		buf_cut(line, w.ws_col - 1U);
}

void
progress_update(struct progress_view *p, const struct job_progress *now)
{
	AUTO_BUF struct buf line = BUF_INIT(LIMIT_TAR_NAME);
	int64_t t = clock_mono_ns();

	if (p->quiet || now->phase == NULL || t - p->last_ns < (p->tty ? TTY_PAUSE_NS : LINE_PAUSE_NS))
		return;
	p->last_ns = t;
	compose(&line, now, p->tty);
	if (p->tty)
		cut_to_width(&line);
	clear_line(p);
	fprintf(stderr, p->tty ? "%s" : "%s\n", buf_cstr(&line));
	fflush(stderr);
	p->shown = p->tty;
}

void
progress_message(struct progress_view *p, const char *text)
{
	AUTO_BUF struct buf out = BUF_INIT(64 * KIB);

	clear_line(p);
	text_visible(&out, str_of(text), false);
	fprintf(stderr, "%s\n", buf_cstr(&out));
}

void
progress_end(struct progress_view *p)
{
	clear_line(p);
	fflush(stderr);
}
