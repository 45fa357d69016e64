/* Objects as a tree. */
#include "cli/tree.h"

#include "base/buf.h"
#include "base/fmt.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/vec.h"
#include "data/jscan.h"

#include <stdio.h>
#include <stdlib.h>

#define LEVELS 3

struct leaf { char *path[LEVELS]; int64_t size; };       /* from the root; the last is the name */

struct tree {
	bool by_namespace;
	struct VEC_OF(struct leaf) leaves;
	size_t width;
};

struct tree *
tree_new(bool by_namespace)
{
	struct tree *t = xcalloc(1, sizeof *t);

	t->by_namespace = by_namespace;
	return t;
}

void
tree_free(struct tree *t)
{
	if (t == NULL)
		return;
	for (size_t i = 0; i < t->leaves.len; i++)
		for (size_t k = 0; k < LEVELS; k++)
			free(t->leaves.at[i].path[k]);
	vec_free(&t->leaves);
	free(t);
}

/* The text of a member, made visible. */
static char *
member(struct str row, const char *key, const char *absent)
{
	AUTO_BUF struct buf text = BUF_INIT(LIMIT_SMALL_BODY);
	AUTO_BUF struct buf out = BUF_INIT(LIMIT_SMALL_BODY);
	struct err ignored;
	struct str raw;

	if (!jget(row, key, &raw) || jstr_decode(raw, &text, &ignored) < 0 || text.len == 0)
		return xstrdup(absent);
	text_visible(&out, buf_str(&text), false);
	return buf_take(&out, NULL);
}

void
tree_add(struct tree *t, struct str row)
{
	struct leaf *l = vec_push(&t->leaves);
	char *ns = member(row, "namespace", "(cluster-scoped)"), *type = member(row, "resource", "?");
	struct str size;

	*l = (struct leaf){ .path = { t->by_namespace ? ns : type, t->by_namespace ? type : ns, member(row, "name", "?") } };
	if (jget(row, "size", &size))
		(void)jint(size, &l->size);
	for (size_t i = 0; i < LEVELS; i++) {
		size_t w = 2 * i + text_width(str_of(l->path[i]));

		if (w > t->width)
			t->width = w;
	}
}

static int
by_path(const void *x, const void *y)
{
	const struct leaf *a = x, *b = y;
	int c = 0;

	for (size_t i = 0; i < LEVELS && c == 0; i++)
		c = strcmp(a->path[i], b->path[i]);
	return c;
}

/* Do the leaves share the first n levels? */
static bool
same_branch(const struct leaf *a, const struct leaf *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(a->path[i], b->path[i]) != 0)
			return false;
	return true;
}

static void
print_line(const struct tree *t, const char *text, size_t level, size_t objects, int64_t bytes)
{
	char size[FMT_MAX], count[FMT_MAX];
	int gap = (int)(t->width + 2 - 2 * level - text_width(str_of(text)));

	printf("%*s%s%*s%10s", (int)(2 * level), "", text, gap, "", fmt_size(size, (uint64_t)bytes));
	if (level < LEVELS - 1)
		printf("  %s object%s", fmt_count(count, objects), objects == 1 ? "" : "s");
	putchar('\n');
}

/* The branch that begins with leaf i, and its sum. */
static void
print_branch(const struct tree *t, size_t i, size_t level)
{
	int64_t bytes = 0;
	size_t k = i;

	for (; k < t->leaves.len && same_branch(&t->leaves.at[i], &t->leaves.at[k], level + 1); k++)
		bytes += t->leaves.at[k].size;
	print_line(t, t->leaves.at[i].path[level], level, k - i, bytes);
}

int
tree_print(struct tree *t)
{
	if (t->leaves.len > 1)
		qsort(t->leaves.at, t->leaves.len, sizeof *t->leaves.at, by_path);
	for (size_t i = 0; i < t->leaves.len; i++) {
		for (size_t level = 0; level < LEVELS - 1; level++)
			if (i == 0 || !same_branch(&t->leaves.at[i - 1], &t->leaves.at[i], level + 1))
				print_branch(t, i, level);
		print_line(t, t->leaves.at[i].path[LEVELS - 1], LEVELS - 1, 1, t->leaves.at[i].size);
	}
	return ferror(stdout) ? -1 : 0;
}
