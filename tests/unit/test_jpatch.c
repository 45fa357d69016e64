/*
 * Tests of data/jpatch and jsame: the examples of RFC 6901 section 5, RFC 6902 appendix A and RFC 7386 appendix A, and
 * what they leave open.  Documents are written with ' for ".
 */
#include "data/jpatch.h"

#include "base/limits.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct str
json(struct arena *a, const char *text)
{
	char *s = arena_strdup(a, str_of(text));

	for (char *p = s; *p; p++)
		if (*p == '\'')
			*p = '"';
	return str_of(s);
}

#define ADD(p, v) { JPATCH_ADD, p, NULL, v }
#define REMOVE(p) { JPATCH_REMOVE, p, NULL, NULL }
#define REPLACE(p, v) { JPATCH_REPLACE, p, NULL, v }
#define MOVE(f, p) { JPATCH_MOVE, p, f, NULL }
#define COPY(f, p) { JPATCH_COPY, p, f, NULL }
#define TEST(p, v) { JPATCH_TEST, p, NULL, v }

struct case_op { enum jpatch_what what; const char *path, *from, *value; };
struct patch_case {
	const char    *doc;
	struct case_op ops[4];
	const char    *want;             /* bytes; NULL: it fails with kind */
	enum err_kind  kind;
};

static void
check(const struct patch_case *c)
{
	AUTO_ARENA struct arena a = ARENA_INIT;
	struct jnode *n = jnode_open(&a, json(&a, c->doc));
	struct jpatch_op ops[4];
	struct err e = { 0 };
	size_t count = 0, done;
	int rc;

	for (; count < COUNT(c->ops) && c->ops[count].path; count++) {
		ops[count] = (struct jpatch_op){ .what = c->ops[count].what, .path = str_of(c->ops[count].path),
			.from = str_of(c->ops[count].from) };
		if (c->ops[count].value)
			ops[count].value = json(&a, c->ops[count].value);
		assert_int_equal(jpointer_check(ops[count].path, &e), 0);
		assert_int_equal(jpointer_check(ops[count].from, &e), 0);
	}
	rc = jpatch_apply(n, &a, ops, count, &done, &e);
	if (c->want == NULL) {
		if (rc == 0 || e.kind != c->kind || done != count - 1)
			fail_msg("%s: %s: %d %s %zu", c->doc, c->ops[count - 1].path, rc, rc ? e.msg : "", done);
		return;
	}
	if (rc < 0)
		fail_msg("%s: %s: %s", c->doc, c->ops[0].path, e.msg);
	if (!str_eq(jnode_raw(n), json(&a, c->want)))
		fail_msg("%s: %s: " STR_FMT, c->doc, c->ops[0].path, STR_ARG(jnode_raw(n)));
}

static const struct patch_case rfc6902[] = {
	{ "{'foo':'bar'}", { ADD("/baz", "'qux'") }, "{'foo':'bar','baz':'qux'}" },
	{ "{'foo':['bar','baz']}", { ADD("/foo/1", "'qux'") }, "{'foo':['bar','qux','baz']}" },
	{ "{'baz':'qux','foo':'bar'}", { REMOVE("/baz") }, "{'foo':'bar'}" },
	{ "{'foo':['bar','qux','baz']}", { REMOVE("/foo/1") }, "{'foo':['bar','baz']}" },
	{ "{'baz':'qux','foo':'bar'}", { REPLACE("/baz", "'boo'") }, "{'baz':'boo','foo':'bar'}" },
	{ "{'foo':{'bar':'baz','waldo':'fred'},'qux':{'corge':'grault'}}", { MOVE("/foo/waldo", "/qux/thud") },
		"{'foo':{'bar':'baz'},'qux':{'corge':'grault','thud':'fred'}}" },
	{ "{'foo':['all','grass','cows','eat']}", { MOVE("/foo/1", "/foo/3") }, "{'foo':['all','cows','eat','grass']}" },
	{ "{'baz':'qux','foo':['a',2,'c']}", { TEST("/baz", "'qux'"), TEST("/foo/1", "2") },
		"{'baz':'qux','foo':['a',2,'c']}" },
	{ "{'baz':'qux'}", { TEST("/baz", "'bar'") }, NULL, EK_CONFLICT },
	{ "{'foo':'bar'}", { ADD("/child", "{'grandchild':{}}") }, "{'foo':'bar','child':{'grandchild':{}}}" },
	{ "{'foo':'bar'}", { ADD("/baz/bat", "'qux'") }, NULL, EK_NOTFOUND },
	{ "{'/':9,'~1':10}", { TEST("/~01", "10") }, "{'/':9,'~1':10}" },
	{ "{'/':9,'~1':10}", { TEST("/~01", "'10'") }, NULL, EK_CONFLICT },
	{ "{'foo':['bar']}", { ADD("/foo/-", "['abc','def']") }, "{'foo':['bar',['abc','def']]}" },
};

static void
examples_of_rfc6902(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rfc6902); i++)
		check(&rfc6902[i]);
}

static const struct patch_case others[] = {
	/* what is not touched keeps its bytes */
	{ "{ 'a' : 9007199254740993, 'b':1.50e+3 ,'c' :[ 1 ]}", { REPLACE("/c/0", "18446744073709551615") },
		"{'a':9007199254740993,'b':1.50e+3,'c':[18446744073709551615]}" },
	{ "{'a':1}", { ADD("", "[1]"), ADD("/0", "0") }, "[0,1]" },
	{ "{'a':1}", { REPLACE("", "{}"), ADD("/b", "null") }, "{'b':null}" },
	{ "{'a':1}", { COPY("", "/b"), REPLACE("/b/a", "2") }, "{'a':1,'b':{'a':2}}" },
	{ "{'a':[1,2]}", { COPY("/a/0", "/a/-"), MOVE("/a", "/b") }, "{'b':[1,2,1]}" },
	{ "{'a':{'b':1}}", { MOVE("/a/b", "/a") }, "{'a':1}" },
	{ "{'a':1}", { MOVE("/a", "/a") }, "{'a':1}" },
	{ "{'a':[1,2,3]}", { REMOVE("/a/-1"), REPLACE("/a/-2", "7"), ADD("/a/-1", "9") }, "{'a':[7,2,9]}" },
	{ "{'a':[]}", { ADD("/a/0", "1"), ADD("/a/0", "2"), ADD("/a/2", "3") }, "{'a':[2,1,3]}" },
	{ "{'a':[1]}", { REMOVE("/a/0"), ADD("/a/-", "2") }, "{'a':[2]}" },
	{ "{'':{'':1}}", { REPLACE("//", "2") }, "{'':{'':2}}" },
	{ "{'a':1,'a':2}", { REMOVE("/a") }, "{}" },
	{ "{'a':1,'a':2}", { REPLACE("/a", "3") }, "{'a':3}" },
	{ "{'a':{'x':1}}", { TEST("/a", "{'x':1.0}"), TEST("/b", "null") }, "{'a':{'x':1}}" },
	{ "{'a':null}", { TEST("/a", "null") }, "{'a':null}" },
	/* what does not go */
	{ "{'a':[]}", { TEST("/a", "{}") }, NULL, EK_CONFLICT },
	{ "{'a':{}}", { TEST("/a", "null") }, NULL, EK_CONFLICT },
	{ "{'a':{}}", { TEST("/a", "{'b':null}") }, NULL, EK_CONFLICT },
	{ "{'a':{}}", { TEST("/x/y/z", "'1'") }, NULL, EK_CONFLICT },
	{ "{'a':1}", { REMOVE("/b") }, NULL, EK_NOTFOUND },
	{ "{'a':1}", { REPLACE("/b", "1") }, NULL, EK_NOTFOUND },
	{ "{'a':1}", { ADD("/a/b", "1") }, NULL, EK_NOTFOUND },
	{ "{'a':'text'}", { ADD("/a/0", "1") }, NULL, EK_NOTFOUND },
	{ "{'a':[1]}", { ADD("/a/2", "1") }, NULL, EK_NOTFOUND },
	{ "{'a':[1]}", { ADD("/a/-3", "1") }, NULL, EK_NOTFOUND },
	{ "{'a':[1]}", { REMOVE("/a/1") }, NULL, EK_NOTFOUND },
	{ "{'a':[1]}", { REMOVE("/a/-") }, NULL, EK_NOTFOUND },
	{ "{'a':[1]}", { REMOVE("/a/-0") }, NULL, EK_NOTFOUND },
	{ "{'a':[1,2]}", { REMOVE("/a/01") }, NULL, EK_NOTFOUND },
	{ "{'a':[1,2]}", { REMOVE("/a/x") }, NULL, EK_NOTFOUND },
	{ "{'a':[1]}", { REPLACE("/a/18446744073709551616", "1") }, NULL, EK_NOTFOUND },
	{ "{'a':[1]}", { ADD("/a/99999999999999999999999", "1") }, NULL, EK_NOTFOUND },
	{ "{'a':{'b':1}}", { MOVE("/a", "/a/b/c") }, NULL, EK_INVALID },
	{ "{'a':1}", { REMOVE("") }, NULL, EK_INVALID },
	{ "{'a':1}", { MOVE("/b", "/c") }, NULL, EK_NOTFOUND },
	{ "{'a':1}", { REPLACE("/a", "2"), COPY("/a", "/b"), REMOVE("/zzz") }, NULL, EK_NOTFOUND },
};

static void
other_patches(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(others); i++)
		check(&others[i]);
}

static void
examples_of_rfc6901(void **state)
{
	static const struct { const char *pointer, *value; } rows[] = {
		{ "", "{\"foo\":[\"bar\",\"baz\"],\"\":0,\"a/b\":1,\"c%d\":2,\"e^f\":3,\"g|h\":4,\"i\\\\j\":5,\"k\\\"l\":6,\" \":7,"
			"\"m~n\":8}" },
		{ "/foo", "[\"bar\",\"baz\"]" },
		{ "/foo/0", "\"bar\"" },
		{ "/", "0" },
		{ "/a~1b", "1" },
		{ "/c%d", "2" },
		{ "/e^f", "3" },
		{ "/g|h", "4" },
		{ "/i\\j", "5" },
		{ "/k\"l", "6" },
		{ "/ ", "7" },
		{ "/m~0n", "8" },
	};
	AUTO_ARENA struct arena a = ARENA_INIT;
	struct jnode *n = jnode_open(&a, str_of(rows[0].value));
	struct err e;
	size_t done;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct jpatch_op op = { .what = JPATCH_TEST, .path = str_of(rows[i].pointer), .value = str_of(rows[i].value) };

		if (jpatch_apply(n, &a, &op, 1, &done, &e) < 0)
			fail_msg("%s", e.msg);
	}
}

static void
malformed_pointers_are_refused(void **state)
{
	static const char *const rows[] = { "a", "a/b", "/~", "/a~2", "/~/", " /a" };
	AUTO_BUF struct buf deep = BUF_INIT(MIB);
	struct err e;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		e.kind = EK_NONE;
		if (jpointer_check(str_of(rows[i]), &e) == 0 || e.kind != EK_INVALID)
			fail_msg("%s", rows[i]);
	}
	for (int i = 0; i < LIMIT_JSON_DEPTH; i++)
		buf_puts(&deep, "/a");
	assert_int_equal(jpointer_check(buf_str(&deep), &e), 0);
	buf_puts(&deep, "/a");
	assert_int_equal(jpointer_check(buf_str(&deep), &e), -1);
	assert_int_equal(e.kind, EK_LIMIT);
}

/* Each copy of the whole into itself doubles it. */
static void
growth_has_an_end(void **state)
{
	AUTO_ARENA struct arena a = ARENA_INIT;
	struct jnode *n = jnode_open(&a, S("{\"a\":1}"));
	struct jpatch_op ops[100];
	struct err e;
	size_t done;

	(void)state;
	for (size_t i = 0; i < COUNT(ops); i++) {
		char path[8];

		(void)snprintf(path, sizeof path, "/%zu", i);
		ops[i] = (struct jpatch_op){ .what = JPATCH_COPY, .path = arena_str(&a, str_of(path)), .from = S("") };
	}
	assert_int_equal(jpatch_apply(n, &a, ops, COUNT(ops), &done, &e), -1);
	assert_int_equal(e.kind, EK_LIMIT);
	assert_true(a.used < 512 * MIB);
}

static const struct { const char *doc, *patch, *want; } merges[] = {
	/* RFC 7386 */
	{ "{'a':'b'}", "{'a':'c'}", "{'a':'c'}" },
	{ "{'a':'b'}", "{'b':'c'}", "{'a':'b','b':'c'}" },
	{ "{'a':'b'}", "{'a':null}", "{}" },
	{ "{'a':'b','b':'c'}", "{'a':null}", "{'b':'c'}" },
	{ "{'a':['b']}", "{'a':'c'}", "{'a':'c'}" },
	{ "{'a':'c'}", "{'a':['b']}", "{'a':['b']}" },
	{ "{'a':{'b':'c'}}", "{'a':{'b':'d','c':null}}", "{'a':{'b':'d'}}" },
	{ "{'a':[{'b':'c'}]}", "{'a':[1]}", "{'a':[1]}" },
	{ "['a','b']", "['c','d']", "['c','d']" },
	{ "{'a':'b'}", "['c']", "['c']" },
	{ "{'a':'foo'}", "null", "null" },
	{ "{'a':'foo'}", "'bar'", "'bar'" },
	{ "{'e':null}", "{'a':1}", "{'e':null,'a':1}" },
	{ "[1,2]", "{'a':'b','c':null}", "{'a':'b'}" },
	{ "{}", "{'a':{'bb':{'ccc':null}}}", "{'a':{'bb':{}}}" },
	/* and */
	{ "{'a':9007199254740993 ,'b':{ 'c' : 1 }}", "{'b':{'d':9223372036854775807}}",
		"{'a':9007199254740993,'b':{'c':1,'d':9223372036854775807}}" },
	{ "{'a':1}", "{}", "{'a':1}" },
	{ "{'a':{'x':1}}", "{'a':[{'y':null}]}", "{'a':[{'y':null}]}" },
};

static void
merge_patches(void **state)
{
	AUTO_ARENA struct arena a = ARENA_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(merges); i++) {
		struct jnode *n = jnode_open(&a, json(&a, merges[i].doc));

		jpatch_merge(n, json(&a, merges[i].patch));
		if (!str_eq(jnode_raw(n), json(&a, merges[i].want)))
			fail_msg("%s and %s: " STR_FMT, merges[i].doc, merges[i].patch, STR_ARG(jnode_raw(n)));
	}
}

static void
names_of_operations(void **state)
{
	enum jpatch_what what;

	(void)state;
	assert_true(jpatch_find(S("Replace"), &what));
	assert_int_equal(what, JPATCH_REPLACE);
	assert_string_equal(jpatch_name(JPATCH_COPY), "copy");
	assert_false(jpatch_find(S("rep"), &what));
	assert_false(jpatch_find(S(""), &what));
}

static void
absent_null_and_empty_are_not_the_same(void **state)
{
	static const struct { const char *a, *b; bool same; } rows[] = {
		{ "{'a':null}", "{}", false },
		{ "{}", "[]", false },
		{ "null", "{}", false },
		{ "{'a':[]}", "{'a':null}", false },
		{ "{'a':1,'b':[{},'x']}", "{ 'b' : [ {} , 'x' ], 'a' : 1.0 }", true },
		{ "9007199254740993", "9007199254740992", false },
		{ "'\\u0041'", "'A'", true },
	};
	AUTO_ARENA struct arena a = ARENA_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (jsame(json(&a, rows[i].a), json(&a, rows[i].b)) != rows[i].same
		    || jsame(json(&a, rows[i].b), json(&a, rows[i].a)) != rows[i].same)
			fail_msg("%s and %s", rows[i].a, rows[i].b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(examples_of_rfc6902),
		cmocka_unit_test(other_patches),
		cmocka_unit_test(examples_of_rfc6901),
		cmocka_unit_test(malformed_pointers_are_refused),
		cmocka_unit_test(growth_has_an_end),
		cmocka_unit_test(merge_patches),
		cmocka_unit_test(names_of_operations),
		cmocka_unit_test(absent_null_and_empty_are_not_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
