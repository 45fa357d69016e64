/* XML by expat. */
#include "data/xml.h"

#include "base/buf.h"
#include "base/limits.h"

#include <expat.h>
#include <limits.h>
#include <string.h>

enum { MAX_DEPTH = 16, MAX_TEXT = 64 * 1024, MAX_PATH_LEN = 64 * 1024 };

/* Between a namespace and a local name; cannot stand in a name. */
#define NS_SEP '|'

struct xml {
	XML_Parser            parser;
	const struct xml_fns *fns;
	void                 *ctx;
	struct err           *e;
	bool                  failed;      /* e is set; expat may still call us a few times */
	unsigned              depth;
	size_t                path_len[MAX_DEPTH];   /* of the parent of each open element */
	bool                  has_child[MAX_DEPTH];
	struct buf            path, text;
};

static void
xml_done(struct xml *x)
{
	if (x->parser)
		XML_ParserFree(x->parser);
	buf_free(&x->path);
	buf_wipe(&x->text);            /* STS sends keys */
}

static void
stop(struct xml *x)
{
	x->failed = true;
	(void)XML_StopParser(x->parser, XML_FALSE);    /* fails only when it is stopped already */
}

static void
refuse(struct xml *x, const char *what)
{
	(void)err_set(x->e, EK_CORRUPT, "XML: %s in line %lu", what,
		(unsigned long)XML_GetCurrentLineNumber(x->parser));
	stop(x);
}

static void XMLCALL
on_doctype(void *ctx, const XML_Char *name, const XML_Char *sysid, const XML_Char *pubid, int internal)
{
	(void)name;
	(void)sysid;
	(void)pubid;
	(void)internal;
	refuse(ctx, "document type declaration");
}

static void XMLCALL
on_start(void *ctx, const XML_Char *name, const XML_Char **atts)
{
	struct xml *x = ctx;
	const char *local = strrchr(name, NS_SEP);
	struct err ignored;

	(void)atts;
	if (x->failed)
		return;
	if (x->depth == MAX_DEPTH) {
		refuse(x, "nesting too deep");
		return;
	}
	if (x->depth > 0)
		x->has_child[x->depth - 1] = true;
	x->has_child[x->depth] = false;
	x->path_len[x->depth++] = x->path.len;
	buf_cut(&x->text, 0);
	if ((x->path.len > 0 && buf_add_str(&x->path, S("/"), &ignored) < 0)
	    || buf_add_str(&x->path, str_of(local ? local + 1 : name), &ignored) < 0)
		refuse(x, "names too long");
}

static void XMLCALL
on_end(void *ctx, const XML_Char *name)
{
	struct xml *x = ctx;
	int r = 0;

	(void)name;
	if (x->failed)
		return;
	if (!x->has_child[--x->depth])
		r = x->fns->on_text(x->ctx, buf_cstr(&x->path),
			(struct str){ buf_cstr(&x->text), x->text.len }, x->e);
	else if (x->fns->on_end)
		r = x->fns->on_end(x->ctx, buf_cstr(&x->path), x->e);
	buf_cut(&x->path, x->path_len[x->depth]);
	if (r < 0)
		stop(x);
}

static void XMLCALL
on_chars(void *ctx, const XML_Char *p, int n)
{
	struct xml *x = ctx;
	struct err ignored;

	if (x->failed || x->has_child[x->depth - 1])
		return;
	if (buf_add(&x->text, p, (size_t)n, &ignored) < 0)
		refuse(x, "text too long");
}

int
xml_parse(struct str doc, const struct xml_fns *fns, void *ctx, struct err *e)
{
	AUTO(xml_done) struct xml x = { .fns = fns, .ctx = ctx, .e = e, .path = BUF_INIT(MAX_PATH_LEN),
		.text = BUF_INIT(MAX_TEXT) };

	if (doc.len > INT_MAX)
		return err_set(e, EK_CORRUPT, "XML: %zu bytes are too many", doc.len);
	x.parser = XML_ParserCreateNS(NULL, NS_SEP);
	if (x.parser == NULL)
		return err_set(e, EK_LIMIT, "XML: out of memory");
	XML_SetUserData(x.parser, &x);
	XML_SetStartDoctypeDeclHandler(x.parser, on_doctype);
	XML_SetElementHandler(x.parser, on_start, on_end);
	XML_SetCharacterDataHandler(x.parser, on_chars);
	if (XML_Parse(x.parser, doc.p ? doc.p : "", (int)doc.len, 1) == XML_STATUS_OK || x.failed)
		return x.failed ? -1 : 0;
	return err_set(e, EK_CORRUPT, "XML: %s in line %lu", XML_ErrorString(XML_GetErrorCode(x.parser)),
		(unsigned long)XML_GetCurrentLineNumber(x.parser));
}
