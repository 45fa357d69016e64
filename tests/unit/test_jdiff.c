/* Tests of data/jdiff and data/jfield.  Documents are written with ' for ". */
#include "data/jdiff.h"

#include "base/arena.h"
#include "base/limits.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct str
json(struct arena *a, const char *text)
{
	char *s = arena_strdup(a, str_of(text));
	struct err e = { 0 };

	for (char *p = s; *p; p++)
		if (*p == '\'')
			*p = '"';
	if (json_check(str_of(s), &e) < 0)
		fail_msg("%s: %s", text, e.msg);
	return str_of(s);
}

/* One line per change: "path: old -> new", with ' for ". */
static int
on_change(void *ctx, struct str path, struct str a, struct str b, struct err *e)
{
	(void)e;
	buf_putf(ctx, STR_FMT ": " STR_FMT " -> " STR_FMT "\n", STR_ARG(path), STR_ARG(a), STR_ARG(b));
	return 0;
}

static void
check_text(struct buf *got, const char *want)
{
	for (size_t i = 0; i < got->len; i++)
		if (got->p[i] == '"')
			got->p[i] = '\'';
	assert_string_equal(buf_cstr(got), want);
}

static void
differences_are_told_by_path(void **state)
{
	static const struct { const char *a, *b, *want; } rows[] = {
		{ "{'a':1}", " {'a': 1.0} ", "" },
		{ "{'a':1,'b':2}", "{'b':2,'a':1}", "" },
		{ "{'a':9007199254740993}", "{'a':9007199254740992}", "a: 9007199254740993 -> 9007199254740992\n" },
		{ "{'a':{'b':1}}", "{'a':{'b':'1'}}", "a.b: 1 -> '1'\n" },
		{ "{'a':1}", "{'b':1}", "a: 1 -> \nb:  -> 1\n" },
		{ "{'a':null}", "{}", "a: null -> \n" },
		{ "{'a':{}}", "{}", "a: {} -> \n" },
		{ "{'a':[]}", "{'a':[1]}", "a: [] -> [1]\n" },
		{ "{'a':{'b':{'c':1}}}", "{'a':{'b':{}}}", "a.b.c: 1 -> \n" },
		{ "{'l':{'app.kubernetes.io/name':'x','$a-b_C1':1}}", "{'l':{'app.kubernetes.io/name':'y'}}",
			"l.$a-b_C1: 1 -> \nl['app.kubernetes.io/name']: 'x' -> 'y'\n" },
		{ "{'\\u0061':1}", "{'a':1}", "" },
		{ "1", "[1]", ": 1 -> [1]\n" },
		/* keyed lists: order does not matter to fields, and is told when it changes */
		{ "{'c':[{'name':'a','v':1},{'name':'b','v':1}]}", "{'c':[{'name':'a','v':1},{'name':'b','v':2}]}",
			"c[name=b].v: 1 -> 2\n" },
		{ "{'c':[{'name':'a'},{'name':'b'}]}", "{'c':[{'name':'b'},{'name':'a'}]}", "c[*].name: ['a','b'] -> ['b','a']\n" },
		{ "{'c':[{'name':'a'},{'name':'b'}]}", "{'c':[{'name':'x'},{'name':'b'}]}",
			"c[name=a]: {'name':'a'} -> \nc[name=x]:  -> {'name':'x'}\n" },
		{ "{'c':[]}", "{'c':[{'name':'x'}]}", "c[name=x]:  -> {'name':'x'}\n" },
		{ "{'p':[{'port':1,'t':2}]}", "{'p':[{'port':1,'t':3}]}", "p[port=1].t: 2 -> 3\n" },
		{ "{'m':[{'name':'v','mountPath':'/a'},{'name':'v','mountPath':'/b'}]}",
			"{'m':[{'name':'v','mountPath':'/a'},{'name':'w','mountPath':'/b'}]}", "m[mountPath=/b].name: 'v' -> 'w'\n" },
		{ "[{'name':'a]b','v':1}]", "[{'name':'a]b','v':2}]", "[name='a]b'].v: 1 -> 2\n" },
		/* others: by place, without what is equal at both ends */
		{ "{'a':['x','y','z']}", "{'a':['x','new','y','z']}", "a[1]:  -> 'new'\n" },
		{ "{'a':['x','y','z']}", "{'a':['x','z']}", "a[1]: 'y' -> \n" },
		{ "{'a':['x','y']}", "{'a':['x','w']}", "a[1]: 'y' -> 'w'\n" },
		{ "{'a':[{'name':'s','v':1},{'name':'s','v':2}]}", "{'a':[{'name':'s','v':1},{'name':'s','v':3}]}",
			"a[1].v: 2 -> 3\n" },
		{ "[1,1,1]", "[1,1]", "[2]: 1 -> \n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_ARENA struct arena a = ARENA_INIT;
		AUTO_BUF struct buf got = BUF_INIT(MIB);
		struct err e = { 0 };

		assert_int_equal(jdiff(json(&a, rows[i].a), json(&a, rows[i].b), on_change, &got, &e), 0);
		check_text(&got, rows[i].want);
	}
}

static int
on_field(void *ctx, struct str path, struct str value, struct err *e)
{
	(void)e;
	buf_putf(ctx, STR_FMT "=" STR_FMT "\n", STR_ARG(path), STR_ARG(value));
	return 0;
}

static void
every_field_is_visited_in_the_order_of_the_document(void **state)
{
	AUTO_ARENA struct arena a = ARENA_INIT;
	AUTO_BUF struct buf got = BUF_INIT(MIB);
	struct err e = { 0 };

	(void)state;
	assert_int_equal(jfield_each(json(&a, "{'z':1,'a':{'x.y':[true,null]},'e':{},'f':[],'c':[{'name':'n','i':'j'}]}"),
		on_field, &got, &e), 0);
	check_text(&got, "z=1\na['x.y'][0]=true\na['x.y'][1]=null\ne={}\nf=[]\nc[name=n].name='n'\nc[name=n].i='j'\n");
}

static int
refuse(void *ctx, struct str path, struct str a, struct str b, struct err *e)
{
	(void)path, (void)a, (void)b;
	++*(int *)ctx;
	return err_set(e, EK_CANCELED, "enough");
}

static void
the_callback_can_end_it(void **state)
{
	AUTO_ARENA struct arena a = ARENA_INIT;
	struct err e = { 0 };
	int calls = 0;

	(void)state;
	assert_int_equal(jdiff(json(&a, "{'a':1,'b':[{'name':'x'}]}"), json(&a, "{'a':2,'b':[{'name':'y'}]}"), refuse, &calls,
		&e), -1);
	assert_int_equal(calls, 1);
	assert_int_equal(e.kind, EK_CANCELED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(differences_are_told_by_path),
		cmocka_unit_test(every_field_is_visited_in_the_order_of_the_document),
		cmocka_unit_test(the_callback_can_end_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
