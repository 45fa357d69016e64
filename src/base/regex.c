/* Patterns over PCRE2. */
#include "base/regex.h"

#include "base/mem.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#define MATCH_LIMIT 1000000             /* steps of the interpreter; names have at most some hundred bytes */

struct regex {
	pcre2_code          *code;
	pcre2_match_data    *data;
	pcre2_match_context *context;
};

struct regex *
regex_new(const char *pattern, struct err *e)
{
	AUTO(regex_freep) struct regex *r = xcalloc(1, sizeof *r);
	PCRE2_UCHAR why[128] = "";
	PCRE2_SIZE at;
	int code;

	r->code = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, PCRE2_UTF, &code, &at, NULL);
	if (r->code == NULL) {
		(void)pcre2_get_error_message(code, why, sizeof why);
		err_set(e, EK_INVALID, "pattern '%s': %s at offset %zu", pattern, (const char *)why, (size_t)at);
		return NULL;
	}
	/* Without a JIT the interpreter does the work. */
	(void)pcre2_jit_compile(r->code, PCRE2_JIT_COMPLETE);
	r->data = pcre2_match_data_create_from_pattern(r->code, NULL);
	r->context = pcre2_match_context_create(NULL);
	assert_that(r->data != NULL && r->context != NULL);
	(void)pcre2_set_match_limit(r->context, MATCH_LIMIT);
	return TAKE(r);
}

void
regex_free(struct regex *r)
{
	if (r == NULL)
		return;
	pcre2_match_context_free(r->context);
	pcre2_match_data_free(r->data);
	pcre2_code_free(r->code);
	free(r);
}

void
regex_freep(struct regex **r)
{
	regex_free(*r);
	*r = NULL;
}

int
regex_search(struct regex *r, struct str text, struct err *e)
{
	int rc = pcre2_match(r->code, (PCRE2_SPTR)(text.p != NULL ? text.p : ""), text.len, 0, 0, r->data, r->context);

	if (rc >= 0)
		return 1;
	/* Text that is no UTF-8 matches nothing. */
	if (rc == PCRE2_ERROR_NOMATCH || (rc <= PCRE2_ERROR_UTF8_ERR1 && rc >= PCRE2_ERROR_UTF8_ERR21))
		return 0;
	return err_set(e, EK_LIMIT, "the pattern takes too long on '" STR_FMT "'", STR_ARG(text));
}
