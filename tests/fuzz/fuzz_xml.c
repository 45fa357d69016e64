/* XML: what is accepted has the elements and texts that expat sees when it is fed byte by byte. */
#include "base/buf.h"
#include "base/limits.h"
#include "data/xml.h"
#include "tests/fuzz/fuzz.h"

#include <expat.h>

enum { MAX_DEPTH = 16 };

/* Elements in the order of their ends, each with its depth, and its text when it has no children. */
struct seen {
	struct buf log, text;
	unsigned   depth;
	bool       has_child[1024];
};

static void
record(struct seen *s, unsigned depth, bool leaf, struct str text)
{
	buf_putf(&s->log, "%u%c", depth, leaf ? '=' : '/');
	buf_put_str(&s->log, text);
	buf_putc(&s->log, '\n');
}

static unsigned
depth_of(const char *path)
{
	unsigned n = 1;

	for (; *path; path++)
		n += *path == '/';
	return n;
}

static int
on_text(void *ctx, const char *path, struct str text, struct err *e)
{
	(void)e;
	assert_that(text.len <= 64 * KIB && depth_of(path) <= MAX_DEPTH);
	record(ctx, depth_of(path), true, text);
	return 0;
}

static int
on_end(void *ctx, const char *path, struct err *e)
{
	(void)e;
	record(ctx, depth_of(path), false, S(""));
	return 0;
}

static void XMLCALL
ref_start(void *ctx, const XML_Char *name, const XML_Char **atts)
{
	struct seen *s = ctx;

	(void)name;
	(void)atts;
	assert_that(s->depth < COUNT(s->has_child));
	if (s->depth > 0)
		s->has_child[s->depth - 1] = true;
	s->has_child[s->depth++] = false;
	buf_cut(&s->text, 0);
}

static void XMLCALL
ref_chars(void *ctx, const XML_Char *p, int n)
{
	struct seen *s = ctx;

	buf_put(&s->text, p, (size_t)n);
}

static void XMLCALL
ref_end(void *ctx, const XML_Char *name)
{
	struct seen *s = ctx;
	bool leaf = !s->has_child[--s->depth];

	(void)name;
	record(s, s->depth + 1, leaf, leaf ? buf_str(&s->text) : S(""));
	buf_cut(&s->text, 0);
}

static void
check_against_expat(struct str doc, struct str log)
{
	struct seen ref = { .log = BUF_INIT(64 * MIB), .text = BUF_INIT(64 * MIB) };
	XML_Parser p = XML_ParserCreate(NULL);

	assert_that(p != NULL);
	XML_SetUserData(p, &ref);
	XML_SetElementHandler(p, ref_start, ref_end);
	XML_SetCharacterDataHandler(p, ref_chars);
	for (size_t i = 0; i < doc.len; i++)
		assert_that(XML_Parse(p, doc.p + i, 1, 0) == XML_STATUS_OK);
	assert_that(XML_Parse(p, "", 0, 1) == XML_STATUS_OK);
	assert_that(str_eq(buf_str(&ref.log), log));
	XML_ParserFree(p);
	buf_free(&ref.log);
	buf_free(&ref.text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct xml_fns fns = { on_text, on_end };
	struct seen s = { .log = BUF_INIT(64 * MIB) };
	struct str doc = { (const char *)data, size };
	struct err e = { 0 };

	if (xml_parse(doc, &fns, &s, &e) == 0)
		check_against_expat(doc, buf_str(&s.log));
	else
		assert_that(e.kind == EK_CORRUPT);
	buf_free(&s.log);
	return 0;
}
