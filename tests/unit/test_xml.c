/* Checks data/xml.h. */
#include "base/buf.h"
#include "base/limits.h"
#include "data/xml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static int
on_text(void *ctx, const char *path, struct str text, struct err *e)
{
	(void)e;
	buf_putf(ctx, "%s=" STR_FMT "\n", path, STR_ARG(text));
	return 0;
}

static int
on_end(void *ctx, const char *path, struct err *e)
{
	(void)e;
	buf_putf(ctx, "/%s\n", path);
	return 0;
}

static const struct xml_fns fns = { on_text, on_end };

static void
elements_are_reported_with_their_path(void **state)
{
	static const struct { const char *doc, *events; } rows[] = {
		{ "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<L xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\n <N>b</N>\n"
		  " <C><Key>a&amp;b &lt;&#233;</Key><Size>12</Size></C><C><Key/></C>\n</L>",
			"L/N=b\nL/C/Key=a&b <\xc3\xa9\nL/C/Size=12\n/L/C\nL/C/Key=\n/L/C\n/L\n" },
		{ "<a/>", "a=\n" },
		{ "<a> x <!-- c --> y<![CDATA[<z>]]></a>", "a= x  y<z>\n" },
		{ "<a>lost<b>1</b>lost</a>", "a/b=1\n/a\n" },
		{ "<p:a xmlns:p=\"u\"><p:b>1</p:b></p:a>", "a/b=1\n/a\n" },
		{ "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a>\xe9</a>", "a=\xc3\xa9\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_BUF struct buf b = BUF_INIT(MIB);
		struct err e;
		if (xml_parse(str_of(rows[i].doc), &fns, &b, &e) < 0)
			fail_msg("%s", e.msg);
		assert_string_equal(buf_cstr(&b), rows[i].events);
	}
}

static void
other_documents_are_corrupt(void **state)
{
	static const char *const docs[] = {
		"", "text", "<a>", "<a></b>", "<a/><b/>", "<a>&nbsp;</a>", "<a>\x01</a>", "<p:a/>", "<a b=1/>", "<a>\xff</a>",
		"<!DOCTYPE a><a/>", "<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>",
		"<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>&x;</a>", "<a/>garbage",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(docs); i++) {
		AUTO_BUF struct buf b = BUF_INIT(MIB);
		struct err e = { 0 };
		if (xml_parse(str_of(docs[i]), &fns, &b, &e) == 0)
			fail_msg("accepted: %s", docs[i]);
		assert_int_equal(e.kind, EK_CORRUPT);
		assert_non_null(strstr(e.msg, " in line 1"));
	}
}

static void
depth_is_limited(void **state)
{
	(void)state;
	for (int over = 0; over < 2; over++) {
		AUTO_BUF struct buf doc = BUF_INIT(MIB), b = BUF_INIT(MIB);
		struct err e = { 0 };
		for (int i = 0; i < 16 + over; i++)
			buf_puts(&doc, "<a>");
		for (int i = 0; i < 16 + over; i++)
			buf_puts(&doc, "</a>");
		assert_int_equal(xml_parse(buf_str(&doc), &fns, &b, &e), over ? -1 : 0);
		assert_int_equal(e.kind, over ? EK_CORRUPT : EK_NONE);
	}
}

static void
text_is_limited(void **state)
{
	(void)state;
	for (size_t over = 0; over < 2; over++) {
		AUTO_BUF struct buf doc = BUF_INIT(MIB), b = BUF_INIT(MIB);
		struct err e = { 0 };
		buf_puts(&doc, "<a><b>");
		for (size_t i = 0; i < 64 * KIB + over; i++)
			buf_putc(&doc, 'x');
		buf_puts(&doc, "</b></a>");
		assert_int_equal(xml_parse(buf_str(&doc), &fns, &b, &e), over ? -1 : 0);
		assert_int_equal(e.kind, over ? EK_CORRUPT : EK_NONE);
	}
}

struct stopper { int calls, at; };

static int
stop_text(void *ctx, const char *path, struct str text, struct err *e)
{
	struct stopper *s = ctx;

	(void)path;
	(void)text;
	return ++s->calls == s->at ? err_set(e, EK_NOTFOUND, "enough") : 0;
}

static void
callback_ends_the_parse_with_its_error(void **state)
{
	static const struct xml_fns text_only = { stop_text, NULL };
	struct err e;

	(void)state;
	for (int at = 1; at <= 3; at++) {
		struct stopper s = { 0, at };
		assert_int_equal(xml_parse(S("<a><b/><b>x</b><b></b></a>"), &text_only, &s, &e), -1);
		assert_int_equal(e.kind, EK_NOTFOUND);
		assert_int_equal(s.calls, at);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(elements_are_reported_with_their_path),
		cmocka_unit_test(other_documents_are_corrupt),
		cmocka_unit_test(depth_is_limited),
		cmocka_unit_test(text_is_limited),
		cmocka_unit_test(callback_ends_the_parse_with_its_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
