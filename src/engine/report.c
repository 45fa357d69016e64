/* Progress, findings and the log of a job. */
#include "engine/report.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "data/gzip.h"

#include <stdarg.h>

struct report {
	struct report_fns fns;
	char             *kind, *name;
	struct vresults  *results;
	struct buf        log_gz;
	struct gzip      *gz;
	bool              log_closed;    /* LIMIT_SIDE_FILE reached, or taken: later lines are dropped */
};

struct report *
report_new(const struct report_fns *fns, const char *kind, const char *name)
{
	struct report *r = xcalloc(1, sizeof *r);

	r->fns = *fns;
	r->kind = xstrdup(kind);
	r->name = xasprintf("velero/%s", name);
	r->results = vresults_new();
	r->log_gz = (struct buf)BUF_INIT(LIMIT_SIDE_FILE);
	r->gz = gzip_new(&r->log_gz);
	return r;
}

void
report_free(struct report *r)
{
	if (r == NULL)
		return;
	gzip_free(r->gz);
	buf_free(&r->log_gz);
	vresults_free(r->results);
	free(r->kind);
	free(r->name);
	free(r);
}

void
report_freep(struct report **r)
{
	report_free(*r);
	*r = NULL;
}

void
report_progress(struct report *r, const char *phase, uint64_t done, uint64_t total, uint64_t bytes)
{
	if (r->fns.progress != NULL)
		r->fns.progress(r->fns.ctx,
			&(struct progress){ .phase = phase, .done = done, .total = total, .bytes = bytes });
}

static void
log_add(struct report *r, const struct buf *line)
{
	struct err e;

	if (!r->log_closed && gzip_add(r->gz, line->p, line->len, &e) < 0)
		r->log_closed = true;
}

static void
log_plain(struct report *r, const char *level, const char *msg)
{
	AUTO_BUF struct buf line = BUF_INIT(MIB);

	vlog_line(&line, clock_unix_ns(), level, msg, r->kind, r->name, NULL);
	log_add(r, &line);
}

void
report_finding(struct report *r, enum result_level l, const char *ns, const char *resource, const char *name,
	const char *hint, const char *fmt, ...)
{
	AUTO_FREE char *text = NULL;
	AUTO_FREE char *message = NULL;
	AUTO_BUF struct buf line = BUF_INIT(MIB);
	va_list ap;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);

	message = resource == NULL ? xstrdup(text)
		: xasprintf("resource: /%s name: /%s message: /%s", resource, name != NULL ? name : "", text);
	vresults_add(r->results, l, ns, message);
	vlog_line(&line, clock_unix_ns(), l == RESULT_ERROR ? "error" : "warning", text, r->kind, r->name,
		"name", name != NULL ? name : "", "namespace", ns != NULL ? ns : "",
		"resource", resource != NULL ? resource : "", NULL);
	log_add(r, &line);
	if (r->fns.finding != NULL)
		r->fns.finding(r->fns.ctx, &(struct finding){ .level = l, .ns = ns, .resource = resource,
			.name = name, .text = text, .hint = hint });
}

void
report_error(struct report *r, enum result_level l, const char *ns, const char *resource, const char *name,
	const struct err *why)
{
	/* What the server calls invalid is in the object: its own words are all there is to say. */
	const char *hint = why->kind == EK_INVALID ? "" : err_info(why->kind)->hint;

	report_finding(r, l, ns, resource, name, hint[0] != '\0' ? hint : NULL, "%s", why->msg);
}

void
report_log(struct report *r, const char *fmt, ...)
{
	AUTO_FREE char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	log_plain(r, "info", text);
}

void
report_note(struct report *r, const char *fmt, ...)
{
	AUTO_FREE char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	log_plain(r, "info", text);
	if (r->fns.note != NULL)
		r->fns.note(r->fns.ctx, text);
}

const struct vresults *
report_results(const struct report *r)
{
	return r->results;
}

size_t
report_count(const struct report *r, enum result_level l)
{
	return vresults_count(r->results, l);
}

int
report_take_log(struct report *r, struct buf *gz, struct err *e)
{
	r->log_closed = true;
	if (gzip_end(r->gz, e) < 0)
		return -1;
	return buf_add(gz, r->log_gz.p, r->log_gz.len, e);
}
