/* Tests of base/mem, base/vec, base/strmap, base/arena and base/secret. */
#include "base/arena.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/strmap.h"
#include "base/vec.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* Runs fn in a child process; text receives what it wrote to stderr.  Returns the signal that ended it, 0: none. */
static int
signal_of(void (*fn)(void), char *text, size_t size)
{
	size_t len = 0;
	int ends[2], status = 0;
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct rlimit no_core = { 0 };

		(void)setrlimit(RLIMIT_CORE, &no_core);
		(void)signal(SIGABRT, SIG_DFL);
		(void)dup2(ends[1], STDERR_FILENO);
		fn();
		_exit(0);
	}
	(void)close(ends[1]);
	while ((n = read(ends[0], text + len, size - 1 - len)) > 0)
		len += (size_t)n;
	text[len] = '\0';
	(void)close(ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void
hook_speaks(void)
{
	if (write(STDERR_FILENO, "restored\n", 9) != 9)
		_exit(1);
}

static void
break_promise(void)
{
	panic_set_hook(hook_speaks);
	assert_that(1 + 1 == 3);
}

static void
panic_runs_the_hook_and_names_the_place(void **state)
{
	char text[512];

	(void)state;
	assert_int_equal(signal_of(break_promise, text, sizeof text), SIGABRT);
	assert_memory_equal(text, "restored\n", 9);
	assert_non_null(strstr(text, "test_mem.c:"));
	assert_non_null(strstr(text, "1 + 1 == 3"));
}

static void
hook_breaks_too(void)
{
	panic("hook", 1, "broken as well");
}

static void
break_in_hook(void)
{
	panic_set_hook(hook_breaks_too);
	panic("first", 1, "promise");
}

static void
panic_inside_the_hook_still_ends(void **state)
{
	char text[512];

	(void)state;
	assert_int_equal(signal_of(break_in_hook, text, sizeof text), SIGABRT);
	assert_non_null(strstr(text, "broken as well"));
}

static void
allocate_overflow(void)
{
	free(xreallocarray(NULL, SIZE_MAX / 2, 4));
}

static void
impossible_size_panics(void **state)
{
	char text[4096];

	(void)state;
	/* A sanitizer reports such a request itself, also by ending the process. */
	(void)signal_of(allocate_overflow, text, sizeof text);
	assert_true(strstr(text, "out of memory") || strstr(text, "Sanitizer"));
}

static void
size_arithmetic_saturates(void **state)
{
	(void)state;
	assert_int_equal(size_add(2, 3), 5);
	assert_int_equal(size_add(SIZE_MAX, 0), SIZE_MAX);
	assert_int_equal(size_add(SIZE_MAX - 1, 1), SIZE_MAX);
	assert_int_equal(size_add(SIZE_MAX - 1, 2), SIZE_MAX);
	assert_int_equal(size_mul(6, 7), 42);
	assert_int_equal(size_mul(0, SIZE_MAX), 0);
	assert_int_equal(size_mul(SIZE_MAX, 0), 0);
	assert_int_equal(size_mul(SIZE_MAX / 2, 3), SIZE_MAX);
}

static void
copies_and_empty_allocations_are_usable(void **state)
{
	AUTO_FREE char *a = xstrdup("orlop");
	AUTO_FREE char *b = xstrndup("orlop deck", 5);
	AUTO_FREE char *c = xstrndup("or", 5);
	AUTO_FREE char *d = xasprintf("%s-%d", "b", 7);
	AUTO_FREE void *none = xmalloc(0);
	AUTO_FREE uint8_t *zero = xcalloc(16, 4);

	(void)state;
	assert_string_equal(a, "orlop");
	assert_string_equal(b, "orlop");
	assert_string_equal(c, "or");
	assert_string_equal(d, "b-7");
	assert_non_null(none);
	for (size_t i = 0; i < 64; i++)
		assert_int_equal(zero[i], 0);
}

static void
vec_keeps_its_items_while_growing(void **state)
{
	struct VEC_OF(size_t) v = { 0 };

	(void)state;
	for (size_t i = 0; i < 1000; i++)
		*vec_push(&v) = i * i;
	assert_int_equal(v.len, 1000);
	for (size_t i = 0; i < v.len; i++)
		assert_int_equal(v.at[i], i * i);
	vec_free(&v);
	assert_null(v.at);
	assert_int_equal(v.len, 0);
}

static void
strs_copy_and_sort_in_byte_order(void **state)
{
	AUTO_STRS struct strs v = { 0 };
	char text[] = "pods";

	(void)state;
	strs_sort(&v);
	strs_add(&v, text);
	text[0] = 'X';
	strs_add(&v, "Zebra");
	strs_add(&v, "configmaps");
	strs_sort(&v);
	assert_string_equal(v.at[0], "Zebra");
	assert_string_equal(v.at[1], "configmaps");
	assert_string_equal(v.at[2], "pods");
}

static void
check_order(void *ctx, struct str key, void *value)
{
	size_t *seen = ctx;
	char expected[16];

	(void)snprintf(expected, sizeof expected, "key-%zu", *seen);
	assert_true(str_eqz(key, expected));
	assert_int_equal(*(size_t *)value, *seen);
	++*seen;
}

static void
strmap_finds_replaces_and_keeps_the_order(void **state)
{
	static size_t values[1000], other = 17;
	AUTO(strmap_freep) struct strmap *m = strmap_new();
	size_t seen = 0;
	char key[16];

	(void)state;
	for (size_t i = 0; i < COUNT(values); i++) {
		values[i] = i;
		(void)snprintf(key, sizeof key, "key-%zu", i);
		strmap_put(m, str_of(key), &values[i]);
	}
	strmap_put(m, S("key-500"), &other);
	assert_ptr_equal(strmap_get(m, S("key-500")), &other);
	strmap_put(m, S("key-500"), &values[500]);
	assert_int_equal(strmap_len(m), COUNT(values));
	strmap_each(m, check_order, &seen);
	assert_int_equal(seen, COUNT(values));
	assert_null(strmap_get(m, S("key-")));
	assert_false(strmap_has(m, S("key-1000")));
}

static void
strmap_is_also_a_set(void **state)
{
	AUTO(strmap_freep) struct strmap *m = strmap_new();

	(void)state;
	assert_int_equal(strmap_len(m), 0);
	assert_false(strmap_has(m, S("a")));
	assert_true(strmap_add(m, str_sub(S("abc"), 0, 1)));
	assert_false(strmap_add(m, S("a")));
	assert_true(strmap_add(m, (struct str){ "a\0", 2 }));
	assert_true(strmap_add(m, (struct str){ NULL, 0 }));
	assert_false(strmap_add(m, S("")));
	assert_int_equal(strmap_len(m), 3);
	strmap_free(NULL);
}

static void
arena_memory_is_zeroed_aligned_and_separate(void **state)
{
	AUTO_ARENA struct arena a = ARENA_INIT;
	unsigned char *all[200];

	(void)state;
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < 200; i++) {
			all[i] = arena_alloc(&a, i * 7);
			assert_int_equal((uintptr_t)all[i] % _Alignof(max_align_t), 0);
			for (size_t k = 0; k < i * 7; k++)
				assert_int_equal(all[i][k], 0);
			memset(all[i], (int)i, i * 7);
		}
		for (size_t i = 0; i < 200; i++)
			for (size_t k = 0; k < i * 7; k++)
				assert_int_equal(all[i][k], i);
		assert_int_equal(a.used, 199 * 200 / 2 * 7);
		arena_reset(&a);
		assert_int_equal(a.used, 0);
	}
}

static void
arena_takes_requests_larger_than_a_block(void **state)
{
	AUTO_ARENA struct arena a = ARENA_INIT;
	size_t n = 3 * 1024 * 1024;
	char *big = arena_alloc(&a, n);
	char *small = arena_alloc(&a, 1);

	(void)state;
	memset(big, 1, n);
	assert_int_equal(*small, 0);
}

static void
arena_text_ends_with_nul(void **state)
{
	AUTO_ARENA struct arena a = ARENA_INIT;
	struct str copy = arena_str(&a, str_sub(S("namespace/name"), 0, 9));

	(void)state;
	assert_true(str_eqz(copy, "namespace"));
	assert_int_equal(copy.p[9], '\0');
	assert_string_equal(arena_strdup(&a, (struct str){ NULL, 0 }), "");
}

static void
secret_is_a_copy_compared_by_content(void **state)
{
	char text[] = "t0ken";
	AUTO(secret_freep) struct secret *a = secret_new(str_of(text));
	AUTO(secret_freep) struct secret *b = secret_dup(a);
	AUTO(secret_freep) struct secret *c = secret_new(S("t0keN"));
	AUTO(secret_freep) struct secret *d = secret_new(S("t0ken2"));

	(void)state;
	secret_wipe(text, sizeof text);
	assert_int_equal(text[0], 0);
	assert_string_equal(secret_get(a).p, "t0ken");
	assert_true(secret_eq(a, b));
	assert_false(secret_eq(a, c));
	assert_false(secret_eq(a, d));
	assert_false(secret_eq(a, NULL));
	assert_true(secret_eq(NULL, NULL));
	assert_null(secret_dup(NULL));
	assert_string_equal(secret_get(NULL).p, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(panic_runs_the_hook_and_names_the_place),
		cmocka_unit_test(panic_inside_the_hook_still_ends),
		cmocka_unit_test(impossible_size_panics),
		cmocka_unit_test(size_arithmetic_saturates),
		cmocka_unit_test(copies_and_empty_allocations_are_usable),
		cmocka_unit_test(vec_keeps_its_items_while_growing),
		cmocka_unit_test(strs_copy_and_sort_in_byte_order),
		cmocka_unit_test(strmap_finds_replaces_and_keeps_the_order),
		cmocka_unit_test(strmap_is_also_a_set),
		cmocka_unit_test(arena_memory_is_zeroed_aligned_and_separate),
		cmocka_unit_test(arena_takes_requests_larger_than_a_block),
		cmocka_unit_test(arena_text_ends_with_nul),
		cmocka_unit_test(secret_is_a_copy_compared_by_content),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
