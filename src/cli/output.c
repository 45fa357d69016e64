/* Tables, JSON, YAML and names. */
#include "cli/output.h"

#include "base/clock.h"
#include "base/fmt.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/jdoc.h"
#include "data/yaml.h"

struct rows {
	enum output          output;
	bool                 list;
	const struct column *columns;
	size_t               n;
	const char          *name_path, *empty;
	size_t               count;
	const char          *beside_key;
	struct buf           beside;     /* JSON values with commas between them */
	struct strs          cells;      /* of a table, row after row */
};

struct rows *
rows_new(enum output output, bool list, const struct column *columns, size_t n, const char *name_path,
	const char *empty)
{
	struct rows *r = xcalloc(1, sizeof *r);

	*r = (struct rows){ .output = output, .list = list, .columns = columns, .n = n, .name_path = name_path,
		.empty = empty, .beside = BUF_INIT(LIMIT_INDEX) };
	return r;
}

void
rows_free(struct rows *r)
{
	if (r == NULL)
		return;
	strs_free(&r->cells);
	buf_free(&r->beside);
	free(r);
}

static int
put(struct str s)
{
	return fwrite(s.p, 1, s.len, stdout) == s.len ? 0 : -1;
}

static void
cell_time(struct buf *out, const char *text, bool left)
{
	char a[FMT_MAX], b[CLOCK_TEXT_MAX];
	int64_t t;

	if (text == NULL || !clock_parse_rfc3339(str_of(text), &t))
		return;
	if (!left)
		buf_puts(out, clock_rfc3339(b, t));
	else if (t > clock_unix_ns())
		buf_puts(out, fmt_duration(a, t - clock_unix_ns()));
	else
		buf_puts(out, "expired");
}

static char *
cell(const cJSON *row, const struct column *c)
{
	AUTO_BUF struct buf out = BUF_INIT(64 * KIB);
	const cJSON *v = jdoc_get(row, c->path);
	char a[FMT_MAX];

	switch (c->kind) {
	case COL_TIME:
	case COL_LEFT:
		cell_time(&out, jdoc_text(row, c->path), c->kind == COL_LEFT);
		break;
	case COL_SIZE:
		buf_puts(&out, fmt_size(a, (uint64_t)jdoc_int(row, c->path, 0)));
		break;
	case COL_NUMBER:
		buf_putf(&out, "%lld", (long long)jdoc_int(row, c->path, 0));
		break;
	case COL_TEXT:
		if (cJSON_IsString(v))
			text_visible(&out, str_of(v->valuestring), false);
		else if (cJSON_IsTrue(v))
			buf_puts(&out, "yes");
		break;
	}
	return out.len > 0 ? buf_take(&out, NULL) : xstrdup("-");
}

static int
add_to_table(struct rows *r, struct str json)
{
	struct err ignored;
	AUTO_JDOC cJSON *row = jdoc_parse(json, &ignored);

	for (size_t i = 0; i < r->n; i++)
		if (!r->columns[i].wide || r->output == OUT_WIDE)
			*vec_push(&r->cells) = cell(row, &r->columns[i]);
	return 0;
}

static int
add_name(struct rows *r, struct str json)
{
	struct err ignored;
	AUTO_JDOC cJSON *row = jdoc_parse(json, &ignored);
	AUTO_BUF struct buf out = BUF_INIT(64 * KIB);
	struct str rest = str_of(r->name_path), piece;

	while (str_split(&rest, '/', &piece)) {
		AUTO_FREE char *path = str_dup(piece);
		const char *name = jdoc_text(row, path);

		if (name == NULL || name[0] == '\0')
			continue;
		if (out.len > 0)
			buf_putc(&out, '/');
		text_visible(&out, str_of(name), false);
	}
	if (out.len == 0)
		return 0;
	buf_putc(&out, '\n');
	return put(buf_str(&out));
}

static int
add_yaml(struct rows *r, struct str json)
{
	AUTO_BUF struct buf out = BUF_INIT(LIMIT_INDEX);
	struct err e;

	if (yaml_from_json(json, &out, &e) < 0)
		return -1;
	if (r->count > 0 && put(S("---\n")) < 0)
		return -1;
	return put(buf_str(&out));
}

int
rows_add(struct rows *r, struct str json)
{
	int rc = 0;

	switch (r->output) {
	case OUT_TABLE:
	case OUT_WIDE:
		rc = add_to_table(r, json);
		break;
	case OUT_VELERO:
		break;
	case OUT_NAME:
		rc = add_name(r, json);
		break;
	case OUT_YAML:
		rc = add_yaml(r, json);
		break;
	case OUT_JSON:
		if (r->list)
			rc = put(r->count == 0 ? S("{\"items\":[\n") : S(",\n"));
		if (rc == 0)
			rc = put(str_trim(json));
		if (rc == 0 && !r->list)
			rc = put(S("\n"));
		break;
	}
	r->count++;
	return rc;
}

static int
print_table(struct rows *r)
{
	AUTO_FREE size_t *width = xcalloc(r->n + 1, sizeof *width);
	size_t per_row = 0;

	for (size_t i = 0; i < r->n; i++)
		if (!r->columns[i].wide || r->output == OUT_WIDE)
			width[per_row++] = strlen(r->columns[i].head);
	for (size_t i = 0; i < r->cells.len; i++) {
		size_t w = text_width(str_of(r->cells.at[i]));

		if (w > width[i % per_row])
			width[i % per_row] = w;
	}
	for (size_t i = 0, shown = 0; i < r->n; i++) {
		if (r->columns[i].wide && r->output != OUT_WIDE)
			continue;
		shown++;
		if (shown == per_row)
			printf("%s\n", r->columns[i].head);
		else
			printf("%-*s", (int)width[shown - 1] + 2, r->columns[i].head);
	}
	for (size_t i = 0; i < r->cells.len; i++) {
		const char *text = r->cells.at[i];
		bool last = i % per_row == per_row - 1;

		printf("%s%*s", text, last ? 0 : (int)(width[i % per_row] + 2 - text_width(str_of(text))), "");
		if (last)
			putchar('\n');
	}
	return ferror(stdout) ? -1 : 0;
}

int
rows_beside(struct rows *r, const char *key, struct str json)
{
	if (r->output == OUT_YAML)
		return rows_add(r, json);
	if (r->output != OUT_JSON)
		return 0;
	r->beside_key = key;
	buf_puts(&r->beside, r->beside.len > 0 ? ",\n" : "");
	buf_put_str(&r->beside, str_trim(json));
	return 0;
}

static int
end_list(struct rows *r)
{
	if (put(r->count == 0 ? S("{\"items\":[]") : S("\n]")) < 0)
		return -1;
	if (r->beside.len > 0 && (put(S(",\"")) < 0 || put(str_of(r->beside_key)) < 0 || put(S("\":[\n")) < 0
	    || put(buf_str(&r->beside)) < 0 || put(S("\n]")) < 0))
		return -1;
	return put(S("}\n"));
}

int
rows_end(struct rows *r)
{
	switch (r->output) {
	case OUT_TABLE:
	case OUT_WIDE:
		if (r->count > 0)
			return print_table(r);
		if (r->empty != NULL)
			fprintf(stderr, "%s\n", r->empty);
		return 0;
	case OUT_JSON:
		if (r->list)
			return end_list(r);
		return 0;
	case OUT_YAML:
	case OUT_NAME:
	case OUT_VELERO:
		break;
	}
	return 0;
}
