/* Checks the list slicer of data/jscan.h. */
#include "base/limits.h"
#include "base/mem.h"
#include "data/jscan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct seen {
	struct buf  items;              /* all items, each with a newline */
	size_t      count, stop_at;     /* 0: never stops */
	const char *from, *to;          /* of the chunk that is fed */
	size_t      inside;             /* items that were slices of the chunk */
};

static int
on_item(void *ctx, const struct jlist_head *head, struct str item, struct err *e)
{
	struct seen *s = ctx;

	(void)head;
	buf_put_str(&s->items, item);
	buf_putc(&s->items, '\n');
	s->inside += item.p >= s->from && item.p < s->to;
	return ++s->count == s->stop_at ? err_set(e, EK_CANCELED, "enough") : 0;
}

/* Feeds text in chunks of n bytes, each an exact heap copy. */
static int
feed(struct jlist *l, struct seen *s, struct str text, size_t n, struct err *e)
{
	for (size_t at = 0; at < text.len; at += n) {
		struct str chunk = str_sub(text, at, at + n);
		AUTO_FREE char *copy = xmalloc(chunk.len);
		memcpy(copy, chunk.p, chunk.len);
		s->from = copy;
		s->to = copy + chunk.len;
		if (jlist_feed(l, copy, chunk.len, e) < 0)
			return -1;
	}
	return jlist_end(l, e);
}

static const char pods[] =
	"{\"kind\":\"PodList\", \"apiVersion\":\"v1\",\n\"metadata\":{\"resourceVersion\":\"4711\",\"continue\":\"eyJ2\\u003d\","
	"\"remainingItemCount\":12},\"items\":[ {\"metadata\":{\"name\":\"a]}\\\"\",\"n\":9007199254740993}} ,\n"
	"{ \"b\" : [1, {}, \"\\\\\"] },{}],\"extra\":{\"x\":[1]}}\n";
static const char pod_items[] =
	"{\"metadata\":{\"name\":\"a]}\\\"\",\"n\":9007199254740993}}\n{ \"b\" : [1, {}, \"\\\\\"] }\n{}\n";

static void
any_chunk_size_gives_the_same_items_and_head(void **state)
{
	(void)state;
	for (size_t n = 1; n <= sizeof pods; n++) {
		struct seen s = { .items = BUF_INIT(MIB) };
		AUTO(jlist_freep) struct jlist *l = jlist_new(MIB, on_item, &s);
		const struct jlist_head *h = jlist_head(l);
		struct err e = { 0 };
		assert_int_equal(h->remaining, -1);
		if (feed(l, &s, str_of(pods), n, &e) < 0)
			fail_msg("chunks of %zu: %s", n, e.msg);
		assert_string_equal(buf_cstr(&s.items), pod_items);
		assert_string_equal(h->kind, "PodList");
		assert_string_equal(h->api_version, "v1");
		assert_string_equal(h->resource_version, "4711");
		assert_string_equal(h->continue_, "eyJ2=");
		assert_int_equal(h->remaining, 12);
		buf_free(&s.items);
	}
}

static void
items_inside_a_chunk_are_not_copied(void **state)
{
	struct seen s = { .items = BUF_INIT(MIB) };
	AUTO(jlist_freep) struct jlist *l = jlist_new(MIB, on_item, &s);
	struct err e;

	(void)state;
	assert_int_equal(feed(l, &s, str_of(pods), sizeof pods, &e), 0);
	assert_int_equal(s.inside, 3);
	buf_free(&s.items);
}

static void
accepted_documents(void **state)
{
	static const struct { const char *text, *items; } rows[] = {
		{ "{\"items\":[]}", "" },
		{ "{\"items\":null}", "" },
		{ "{\"items\":[{\"a\":1}],\"kind\":\"L\",\"metadata\":null}", "{\"a\":1}\n" },
		{ "{\"it\\u0065ms\":[{}]}", "{}\n" },
		{ " {\"other\":12 , \"items\" : [ ] , \"more\" : true } \n", "" },
		{ "{\"metadata\":{\"continue\":null,\"remainingItemCount\":\"x\"},\"items\":[{\"\xff\":0}]}", "{\"\xff\":0}\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (size_t n = 1; n < 70; n += 3) {
			struct seen s = { .items = BUF_INIT(MIB) };
			AUTO(jlist_freep) struct jlist *l = jlist_new(MIB, on_item, &s);
			struct err e;
			if (feed(l, &s, str_of(rows[i].text), n, &e) < 0)
				fail_msg("%s: %s", rows[i].text, e.msg);
			assert_string_equal(buf_cstr(&s.items), rows[i].items);
			buf_free(&s.items);
		}
}

static void
other_documents_are_corrupt(void **state)
{
	static const char *const texts[] = {
		"", " ", "{", "{}", "[]", "404 page not found", "null", "{\"items\":[", "{\"items\":[]", "{\"items\":[{}",
		"{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Failure\"}", "{\"items\":{}}", "{\"items\":1}",
		"{\"items\":\"\"}", "{\"items\":[{}],\"items\":[]}", "{\"items\":[{}],\"items\":null}", "{\"items\":null,\"items\":[]}",
		"{\"items\":[{},]}", "{\"items\":[,{}]}", "{\"items\":[{}{}]}", "{\"items\":[1]}", "{\"items\":[null]}",
		"{\"items\":[[]]}", "{\"items\":[]}x", "{\"items\":[]}{}", "{\"items\":[{\"a\":\"\\x\"}]}", "{\"items\":[{\"a\":\"\n\"}]}",
		"{\"items\":[{\"a\":[}]}]}", "{\"items\":[{\"a\":\"\\u12g4\"}]}", "{\"items\":[{\\\"a\":1}]}", "{\"items\":[],}",
		"{\"kind\":1,\"items\":[]}", "{\"kind\":\"\\u0000\",\"items\":[]}", "{\"kind\":tru,\"items\":[]}", "{items:[]}",
		"{\"metadata\":{\"continue\":1},\"items\":[]}", "{\"x\":{\"a\"},\"items\":[]}", "{\"x\" \"y\",\"items\":[]}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		for (size_t n = 1; n < 70; n += 3) {
			struct seen s = { .items = BUF_INIT(MIB) };
			AUTO(jlist_freep) struct jlist *l = jlist_new(MIB, on_item, &s);
			struct err e = { 0 };
			if (feed(l, &s, str_of(texts[i]), n, &e) == 0)
				fail_msg("accepted: %s", texts[i]);
			if (e.kind != EK_CORRUPT)
				fail_msg("%s: kind %d", texts[i], (int)e.kind);
			buf_free(&s.items);
		}
}

static void
long_head_texts_are_refused(void **state)
{
	struct seen s = { .items = BUF_INIT(MIB) };
	AUTO(jlist_freep) struct jlist *l = jlist_new(MIB, on_item, &s);
	AUTO_BUF struct buf b = BUF_INIT(MIB);
	struct err e;

	(void)state;
	buf_puts(&b, "{\"metadata\":{\"continue\":\"");
	for (size_t i = 0; i < sizeof jlist_head(l)->continue_; i++)
		buf_putc(&b, 'c');
	buf_puts(&b, "\"},\"items\":[]}");
	assert_int_equal(feed(l, &s, buf_str(&b), 100, &e), -1);
	assert_int_equal(e.kind, EK_CORRUPT);
	assert_string_equal(jlist_head(l)->continue_, "");
}

static void
item_size_is_limited(void **state)
{
	(void)state;
	for (size_t n = 1; n < 60; n++)
		for (size_t over = 0; over < 2; over++) {
			struct seen s = { .items = BUF_INIT(MIB) };
			AUTO(jlist_freep) struct jlist *l = jlist_new(20 - over, on_item, &s);
			struct err e = { 0 };
			int r = feed(l, &s, S("{\"items\":[{},{\"a\":\"0123456789ab\"}]}"), n, &e);
			assert_int_equal(r, over ? -1 : 0);
			assert_int_equal(e.kind, over ? EK_LIMIT : EK_NONE);
			assert_int_equal(s.count, over ? 1 : 2);
			buf_free(&s.items);
		}
}

static void
item_depth_is_limited(void **state)
{
	(void)state;
	for (size_t over = 0; over < 2; over++) {
		struct seen s = { .items = BUF_INIT(MIB) };
		AUTO(jlist_freep) struct jlist *l = jlist_new(MIB, on_item, &s);
		AUTO_BUF struct buf b = BUF_INIT(MIB);
		struct err e;
		buf_puts(&b, "{\"items\":[{\"a\":");
		for (size_t i = 1; i < LIMIT_JSON_DEPTH + over; i++)
			buf_putc(&b, '[');
		for (size_t i = 1; i < LIMIT_JSON_DEPTH + over; i++)
			buf_putc(&b, ']');
		buf_puts(&b, "}]}");
		assert_int_equal(feed(l, &s, buf_str(&b), 33, &e), over ? -1 : 0);
		assert_int_equal(s.count, !over);
		buf_free(&s.items);
	}
}

static void
callback_stops_the_feed_with_its_error(void **state)
{
	struct seen s = { .items = BUF_INIT(MIB), .stop_at = 2 };
	AUTO(jlist_freep) struct jlist *l = jlist_new(MIB, on_item, &s);
	struct err e;

	(void)state;
	assert_int_equal(feed(l, &s, str_of(pods), 10, &e), -1);
	assert_int_equal(e.kind, EK_CANCELED);
	assert_string_equal(e.msg, "enough");
	assert_int_equal(s.count, 2);
	buf_free(&s.items);
}

static void
status_body_is_named(void **state)
{
	struct seen s = { .items = BUF_INIT(MIB) };
	AUTO(jlist_freep) struct jlist *l = jlist_new(MIB, on_item, &s);
	struct err e;

	(void)state;
	assert_int_equal(feed(l, &s, S("{\"kind\":\"Status\",\"code\":410}"), 7, &e), -1);
	assert_non_null(strstr(e.msg, "Status"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_chunk_size_gives_the_same_items_and_head),
		cmocka_unit_test(items_inside_a_chunk_are_not_copied),
		cmocka_unit_test(accepted_documents),
		cmocka_unit_test(other_documents_are_corrupt),
		cmocka_unit_test(long_head_texts_are_refused),
		cmocka_unit_test(item_size_is_limited),
		cmocka_unit_test(item_depth_is_limited),
		cmocka_unit_test(callback_stops_the_feed_with_its_error),
		cmocka_unit_test(status_body_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
