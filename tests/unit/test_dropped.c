/* Tests of engine/dropped: fields that a server leaves out. Documents are written with ' for ". */
#include "engine/dropped.h"

#include "base/mem.h"
#include "data/jscan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static char *
json(const char *text)
{
	char *s = xstrdup(text);

	for (char *p = strchr(s, '\''); p != NULL; p = strchr(p, '\''))
		*p = '"';
	return s;
}

static const struct { const char *what, *sent, *answer, *told; } rows[] = {
	{ "the same", "{'spec':{'a':1}}", "{'spec':{'a':1}}", "" },
	{ "a field", "{'spec':{'a':1,'b':'x'}}", "{'spec':{'a':1}}", "spec.b" },
	{ "with what is in it, once", "{'spec':{'b':{'c':1,'d':2}}}", "{'spec':{}}", "spec.b" },
	{ "in a list", "{'spec':{'containers':[{'name':'a','x':1},{'name':'b'}]}}",
		"{'spec':{'containers':[{'name':'b'},{'name':'a','image':'i'}]}}", "spec.containers[name=a].x" },
	{ "what is nothing", "{'a':null,'b':false,'c':0,'d':'','e':[],'f':{}}", "{}", "" },
	{ "defaults and other values are no loss", "{'spec':{'a':1,'cpu':'1000m'}}", "{'spec':{'a':1,'b':2,'cpu':'1'}}", "" },
	{ "a label", "{'metadata':{'labels':{'a':'b'},'uid':'u'}}", "{'metadata':{'labels':{}}}", "metadata.labels.a" },
	{ "what the server sets", "{'metadata':{'uid':'u'},'status':{'phase':'Bound'},'spec':{}}", "{'metadata':{}}", "" },
	{ "many", "{'a':1,'b':1,'c':1,'d':1,'e':1}", "{}", "a, b, c and 2 more" },
};

static void
test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_FREE char *sent = json(rows[i].sent), *answer = json(rows[i].answer);
		AUTO_BUF struct buf out = BUF_INIT(4096);
		struct err e;

		if (dropped_fields(str_of(sent), str_of(answer), &out, &e) < 0 || strcmp(buf_cstr(&out), rows[i].told) != 0)
			fail_msg("%s: '%s' instead of '%s'", rows[i].what, buf_cstr(&out), rows[i].told);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_rows) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
