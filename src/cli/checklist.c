/* Findings as lines for people. */
#include "cli/checklist.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/output.h"
#include "data/jdoc.h"

#include <stdio.h>
#include <string.h>

#define LEVEL_WIDTH 9
#define CODE_WIDTH  25

struct checklist {
	struct rows *rows;               /* NULL: lines */
	size_t       seen;
};

struct checklist *
checklist_new(enum output output)
{
	struct checklist *l = xcalloc(1, sizeof *l);

	if (output != OUT_TABLE && output != OUT_WIDE)
		l->rows = rows_new(output, true, NULL, 0, "code", NULL);
	return l;
}

void
checklist_free(struct checklist *l)
{
	if (l == NULL)
		return;
	rows_free(l->rows);
	free(l);
}

static void
put(struct buf *out, const char *text)
{
	text_visible(out, str_of(text != NULL ? text : ""), false);
}

/* " (persistentvolumeclaims shop/data)": the object, or one of those that it is about. */
static void
put_object(struct buf *out, const cJSON *row)
{
	const char *ns = jdoc_text(row, "namespace"), *name = jdoc_text(row, "name");

	if (name == NULL || name[0] == '\0')
		return;
	buf_puts(out, jdoc_int(row, "count", 0) > 1 ? " (such as " : " (");
	put(out, jdoc_text(row, "resource"));
	buf_putc(out, ' ');
	if (ns != NULL && ns[0] != '\0') {
		put(out, ns);
		buf_putc(out, '/');
	}
	put(out, name);
	buf_putc(out, ')');
}

static int
print(struct checklist *l, const cJSON *row)
{
	AUTO_BUF struct buf out = BUF_INIT(LIMIT_OBJECT);
	const char *remedy = jdoc_text(row, "remedy");

	if (l->seen++ == 0)
		buf_putf(&out, "%-*s%-*s%s\n", LEVEL_WIDTH, "LEVEL", CODE_WIDTH, "CODE", "FINDING");
	buf_putf(&out, "%-*s%-*s", LEVEL_WIDTH, jdoc_text(row, "level"), CODE_WIDTH, jdoc_text(row, "code"));
	put(&out, jdoc_text(row, "text"));
	put_object(&out, row);
	buf_putc(&out, '\n');
	if (remedy != NULL && remedy[0] != '\0') {
		buf_putf(&out, "%*sNext: ", LEVEL_WIDTH, "");
		put(&out, remedy);
		buf_putc(&out, '\n');
	}
	return fwrite(out.p, 1, out.len, stdout) == out.len ? 0 : -1;
}

int
checklist_add(struct checklist *l, struct str json)
{
	struct err ignored;
	AUTO_JDOC cJSON *row = jdoc_parse(json, &ignored);

	return l->rows != NULL ? rows_add(l->rows, json) : print(l, row);
}

int
checklist_end(struct checklist *l)
{
	return l->rows != NULL ? rows_end(l->rows) : fflush(stdout);
}
