/* JSON: lists give the same items in any chunks; what json_check accepts is what cJSON reads. */
#include "base/buf.h"
#include "data/jscan.h"
#include "tests/fuzz/fuzz.h"

#include <cjson/cJSON.h>

struct seen { struct buf items; };

static int
on_item(void *ctx, const struct jlist_head *head, struct str item, struct err *e)
{
	struct seen *s = ctx;

	(void)head;
	(void)e;
	buf_put_str(&s->items, item);
	buf_putc(&s->items, '\0');
	return 0;
}

/* Feeds doc whole, or in chunks when c is there.  Returns the error's kind. */
static enum err_kind
slice(struct jlist *l, struct str doc, struct fuzz_chunks *c)
{
	struct err e = { 0 };

	for (size_t at = 0, n; at < doc.len; at += n) {
		n = c ? fuzz_chunk(c, doc.len - at) : doc.len;
		AUTO_FREE char *copy = xmalloc(n);
		memcpy(copy, doc.p + at, n);
		if (jlist_feed(l, copy, n, &e) < 0)
			return e.kind;
	}
	(void)(jlist_end(l, &e) < 0);
	return e.kind;
}

static enum err_kind
chunks_do_not_matter(struct str doc, struct fuzz_chunks c, struct seen *whole)
{
	struct seen pieces = { BUF_INIT(2 * doc.len + 1) };
	AUTO(jlist_freep) struct jlist *a = jlist_new(doc.len, on_item, whole);
	AUTO(jlist_freep) struct jlist *b = jlist_new(doc.len, on_item, &pieces);
	enum err_kind k = slice(a, doc, NULL);

	assert_that(k == EK_NONE || k == EK_CORRUPT);
	assert_that(k == slice(b, doc, &c));
	assert_that(str_eq(buf_str(&whole->items), buf_str(&pieces.items)));
	assert_that(memcmp(jlist_head(a), jlist_head(b), sizeof *jlist_head(a)) == 0);
	buf_free(&pieces.items);
	return k;
}

/* A valid document inside of an item is handed over as it is. */
static void
lists_take_what_check_takes(struct str doc, struct fuzz_chunks c)
{
	static const char head[] = "{\"items\":[", tail[] = "]}";
	AUTO_BUF struct buf b = BUF_INIT(doc.len + 32);
	struct seen s = { BUF_INIT(doc.len + 32) };
	struct err e;
	size_t from;

	buf_puts(&b, head);
	from = b.len;
	buf_puts(&b, "{\"x\":");
	buf_put_str(&b, doc);
	buf_puts(&b, "}");
	struct str item = str_sub(buf_str(&b), from, b.len);
	bool valid = json_check(item, &e) == 0;      /* one level more may be too deep */
	buf_puts(&b, tail);
	item = str_sub(buf_str(&b), from, b.len - strlen(tail));
	enum err_kind k = chunks_do_not_matter(buf_str(&b), c, &s);
	assert_that((k == EK_NONE) == valid);
	assert_that(!valid || str_eq(str_sub(buf_str(&s.items), 0, s.items.len - 1), item));
	buf_free(&s.items);
}

static void
same_number(struct str raw, double want)
{
	AUTO_FREE char *text = str_dup(raw);
	double v = strtod(text, NULL);
	int64_t n;

	assert_that(!(v < want) && !(v > want));
	if (jint(raw, &n))
		assert_that(!((double)n < v) && !((double)n > v));
}

static void same(struct str raw, const cJSON *d);

static void
same_children(struct str raw, const cJSON *d)
{
	struct jiter it;
	struct str key, val;
	const cJSON *c = d->child;

	assert_that(cJSON_IsObject(d) ? jiter_obj(&it, raw) : jiter_arr(&it, raw));
	for (; jiter_next(&it, &key, &val); c = c->next) {
		assert_that(c != NULL);
		same(val, c);
		if (!cJSON_IsObject(d))
			continue;
		AUTO_FREE char *text = jstr_dup((struct str){ key.p - 1, key.len + 2 });
		struct str found;
		assert_that(text && strcmp(text, c->string) == 0);
		assert_that(jget(raw, text, &found));
		same(found, cJSON_GetObjectItemCaseSensitive(d, text));
	}
	assert_that(c == NULL);
}

static void
same(struct str raw, const cJSON *d)
{
	bool b;

	switch (jtype(raw)) {
	case J_NULL:
		assert_that(cJSON_IsNull(d));
		break;
	case J_BOOL:
		assert_that(jbool(raw, &b) && cJSON_IsBool(d) && b == cJSON_IsTrue(d));
		break;
	case J_NUM:
		assert_that(cJSON_IsNumber(d));
		same_number(raw, d->valuedouble);
		break;
	case J_STR: {
		AUTO_FREE char *text = jstr_dup(raw);
		assert_that(cJSON_IsString(d));
		assert_that(text && strcmp(text, d->valuestring) == 0);
		assert_that(jstr_eq(raw, str_of(text)));
		break;
	}
	case J_ARR:
		assert_that(cJSON_IsArray(d));
		same_children(raw, d);
		break;
	case J_OBJ:
		assert_that(cJSON_IsObject(d));
		same_children(raw, d);
		break;
	case J_NONE:
		panic(__FILE__, __LINE__, "valid value without a type");
	}
}

static void
nothing_differs_from_itself(struct str doc)
{
	AUTO_BUF struct buf patch = BUF_INIT(doc.len + 2);
	struct err e;

	assert_that(jequal(doc, doc));
	assert_that(jmerge_diff(doc, doc, &patch, &e) == 0 && str_eqz(buf_str(&patch), "{}"));
}

static void
walk_anything(struct str doc)
{
	struct jiter it;
	struct str key, val;

	if (jiter_obj(&it, doc) || jiter_arr(&it, doc))
		while (jiter_next(&it, &key, &val))
			assert_that(val.p >= doc.p && val.p + val.len <= doc.p + doc.len && val.len > 0);
}

/* cJSON visits objects once per member here, so that large ones would only cost time. */
enum { MAX_SIZE = 16 * 1024 };

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str doc = { (const char *)data, size };
	struct fuzz_chunks c = fuzz_chunks_of(data, size);
	struct seen whole = { BUF_INIT(2 * size + 1) };
	struct err e = { 0 };

	if (size > MAX_SIZE)
		return 0;
	(void)chunks_do_not_matter(doc, c, &whole);
	buf_free(&whole.items);
	walk_anything(doc);
	if (json_check(doc, &e) < 0) {
		assert_that(e.kind == EK_CORRUPT);
		return 0;
	}
	lists_take_what_check_takes(doc, c);
	nothing_differs_from_itself(doc);
	/* cJSON cuts texts at a NUL, and refuses some valid documents (lone surrogates, very long numbers) */
	if (memmem(data, size, "\\u0000", 6))
		return 0;
	cJSON *d = cJSON_ParseWithLength(doc.p, doc.len);
	if (d)
		same(str_trim(doc), d);
	cJSON_Delete(d);
	return 0;
}
