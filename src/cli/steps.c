/* Rows of a validation: a table that grows, or what scripts read. */
#include "cli/steps.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/output.h"
#include "cli/run.h"
#include "data/jdoc.h"

#include <stdio.h>
#include <string.h>

#define STEP_WIDTH   13
#define STATUS_WIDTH 9
#define TIME_WIDTH   9

struct steps {
	enum output  output;
	struct rows *rows;               /* NULL: a table */
	size_t       seen, failed;
	char        *first, *cause, *remedy;     /* of the first failure */
	struct buf   waiting;            /* names of steps that were skipped because of others */
};

struct steps *
steps_new(enum output output)
{
	struct steps *s = xcalloc(1, sizeof *s);

	s->output = output;
	s->waiting.max = 4 * KIB;
	if (output != OUT_TABLE && output != OUT_WIDE)
		s->rows = rows_new(output, true, NULL, 0, "step", NULL);
	return s;
}

void
steps_free(struct steps *s)
{
	if (s == NULL)
		return;
	rows_free(s->rows);
	buf_free(&s->waiting);
	free(s->first);
	free(s->cause);
	free(s->remedy);
	free(s);
}

static void
put_text(struct buf *out, const char *text)
{
	text_visible(out, str_of(text != NULL ? text : ""), false);
}

/* What was found, and why it is not good enough; what helps is a line of its own. */
static int
print_step(struct steps *s, const cJSON *row)
{
	AUTO_BUF struct buf out = BUF_INIT(64 * KIB);
	const char *detail = jdoc_text(row, "detail"), *cause = jdoc_text(row, "cause"), *remedy = jdoc_text(row, "remedy");
	const char *status = jdoc_text(row, "status");
	bool ran = strcmp(status, "skipped") != 0;
	char took[TIME_WIDTH] = "-";

	if (s->seen == 0)
		buf_putf(&out, "%-*s%-*s%-*s%s\n", STEP_WIDTH, "STEP", STATUS_WIDTH, "STATUS", TIME_WIDTH, "TIME", "DETAIL");
	if (ran)
		(void)snprintf(took, sizeof took, "%lld ms", (long long)jdoc_int(row, "ms", 0));
	buf_putf(&out, "%-*s%-*s%-*s", STEP_WIDTH, jdoc_text(row, "step"), STATUS_WIDTH, status, TIME_WIDTH, took);
	put_text(&out, cause[0] != '\0' ? cause : detail);
	if (cause[0] != '\0' && detail[0] != '\0') {
		buf_puts(&out, " (");
		put_text(&out, detail);
		buf_putc(&out, ')');
	}
	buf_putc(&out, '\n');
	if (remedy[0] != '\0') {
		buf_putf(&out, "%*sNext: ", STEP_WIDTH, "");
		put_text(&out, remedy);
		buf_putc(&out, '\n');
	}
	return fwrite(out.p, 1, out.len, stdout) == out.len && fflush(stdout) == 0 ? 0 : -1;
}

int
steps_add(struct steps *s, struct str json)
{
	struct err ignored;
	AUTO_JDOC cJSON *row = jdoc_parse(json, &ignored);
	int rc = 0;

	if (s->rows != NULL)
		rc = rows_add(s->rows, json);
	else if (str_starts(str_of(jdoc_text(row, "detail")), S("needs '")))
		buf_putf(&s->waiting, "%s%s", s->waiting.len > 0 ? ", " : "", jdoc_text(row, "step"));
	else
		rc = print_step(s, row);

	s->seen++;
	if (strcmp(jdoc_text(row, "status"), "failed") == 0 && s->failed++ == 0) {
		s->first = xstrdup(jdoc_text(row, "step"));
		s->cause = xstrdup(jdoc_text(row, "cause"));
		s->remedy = xstrdup(jdoc_text(row, "remedy"));
	}
	return rc;
}

int
steps_end(struct steps *s)
{
	if (s->rows != NULL)
		return rows_end(s->rows);
	if (s->waiting.len > 0)
		printf("%-*s%s\n", STEP_WIDTH, "skipped", buf_cstr(&s->waiting));
	return fflush(stdout);
}

void
steps_sum(const struct steps *s)
{
	if (s->failed == 0)
		return;
	if (s->rows == NULL) {
		cli_error("%zu of %zu steps failed, the first is '%s'", s->failed, s->seen, s->first);
		return;
	}
	cli_error("'%s' failed: %s", s->first, s->cause);
	if (s->remedy[0] != '\0')
		cli_next("%s", s->remedy);
}
