/* Label selectors: parsed from kubectl's syntax or a LabelSelector object, matched on raw JSON. */
#include "config.h"

#include "k8s/selector.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/vec.h"
#include "data/jscan.h"

#include <assert.h>

enum op { OP_EQ, OP_NE, OP_IN, OP_NOTIN, OP_EXISTS, OP_ABSENT, OP_COUNT_ };

/* How an operator is written in kubectl's syntax and in matchExpressions. */
static const struct {
	const char *text, *json;
} op_info[] = {
	[OP_EQ] = { "=", "In" },
	[OP_NE] = { "!=", "NotIn" },
	[OP_IN] = { " in ", "In" },
	[OP_NOTIN] = { " notin ", "NotIn" },
	[OP_EXISTS] = { "", "Exists" },
	[OP_ABSENT] = { "!", "DoesNotExist" },
};
static_assert(COUNT(op_info) == OP_COUNT_, "every operator needs its texts");

struct req {
	char       *key;
	enum op     op;
	struct strs values;
};

struct selector {
	struct VEC_OF(struct req) reqs;
	char *text;
};

static void
req_done(struct req *r)
{
	free(r->key);
	strs_free(&r->values);
}

void
selector_free(struct selector *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->reqs.len; i++)
		req_done(&s->reqs.at[i]);
	vec_free(&s->reqs);
	free(s->text);
	free(s);
}

void
selector_freep(struct selector **s)
{
	selector_free(*s);
	*s = NULL;
}

/* --- label syntax (Kubernetes documentation "Labels and Selectors") --- */

#define LABEL_PART_MAX 63

static bool
is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* The name of a key, or a value that is not empty. */
static bool
is_label_part(struct str s)
{
	if (s.len == 0 || s.len > LABEL_PART_MAX || !is_alnum(s.p[0]) || !is_alnum(s.p[s.len - 1]))
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (!is_alnum(s.p[i]) && s.p[i] != '-' && s.p[i] != '_' && s.p[i] != '.')
			return false;
	return true;
}

static bool
is_subdomain(struct str s)
{
	struct str label;

	if (s.len == 0 || s.len > LIMIT_NAME)
		return false;
	while (str_split(&s, '.', &label)) {
		if (label.len == 0 || label.p[0] == '-' || label.p[label.len - 1] == '-')
			return false;
		for (size_t i = 0; i < label.len; i++)
			if (label.p[i] != '-' &&
			    (!is_alnum(label.p[i]) || (label.p[i] >= 'A' && label.p[i] <= 'Z')))
				return false;
	}
	return true;
}

static int
check_key(struct str key, struct err *e)
{
	size_t slash = str_chr(key, '/');
	struct str name = slash < key.len ? str_sub(key, slash + 1, key.len) : key;

	if (slash < key.len && !is_subdomain(str_sub(key, 0, slash)))
		return err_set(e, EK_INVALID,
			"label key '" STR_FMT "': what stands before '/' must be a "
			"lower-case DNS name of at most %d characters",
			STR_ARG(key), LIMIT_NAME);
	if (!is_label_part(name))
		return err_set(e, EK_INVALID,
			"'" STR_FMT "' is not a label key: 1 to %d letters, digits, '-', '_' "
			"or '.', with a letter or digit at both ends",
			STR_ARG(key), LABEL_PART_MAX);
	return 0;
}

static int
check_value(struct str value, struct err *e)
{
	if (value.len > 0 && !is_label_part(value))
		return err_set(e, EK_INVALID,
			"'" STR_FMT "' is not a label value: up to %d letters, digits, '-', "
			"'_' or '.', with a letter or digit at both ends",
			STR_ARG(value), LABEL_PART_MAX);
	return 0;
}

/* --- kubectl's syntax --- */

struct cursor {
	struct str all;
	size_t     at;
};

static char
peek(const struct cursor *c)
{
	return c->at < c->all.len ? c->all.p[c->at] : '\0';
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void
skip_blanks(struct cursor *c)
{
	while (is_blank(peek(c)))
		c->at++;
}

/* Up to the next blank or operator character; may be empty. */
static struct str
word(struct cursor *c)
{
	size_t from;

	skip_blanks(c);
	from = c->at;
	while (c->at < c->all.len && !is_blank(peek(c)) && !strchr("=!(),<>", peek(c)))
		c->at++;
	return str_sub(c->all, from, c->at);
}

static bool
accept(struct cursor *c, char want)
{
	skip_blanks(c);
	if (c->at >= c->all.len || peek(c) != want)
		return false;
	c->at++;
	return true;
}

static int
unexpected(const struct cursor *c, const char *wanted, struct err *e)
{
	struct str rest = str_sub(c->all, c->at, c->all.len);

	if (rest.len == 0)
		return err_set(e, EK_INVALID, "%s is missing at the end", wanted);
	return err_set(e, EK_INVALID, "expected %s at character %zu, found '" STR_FMT "'", wanted,
		c->at + 1, STR_ARG(rest));
}

static int
take_value(struct cursor *c, struct req *r, struct err *e)
{
	struct str value = word(c);
	AUTO_FREE char *text = str_dup(value);

	if (check_value(value, e) < 0)
		return -1;
	strs_add(&r->values, text);
	return 0;
}

/* "(a,b)": empty pieces are the empty value, as in kubectl. */
static int
take_set(struct cursor *c, struct req *r, struct err *e)
{
	if (!accept(c, '('))
		return unexpected(c, "'('", e);
	do {
		if (take_value(c, r, e) < 0)
			return -1;
	} while (accept(c, ','));
	return accept(c, ')') ? 0 : unexpected(c, "',' or ')'", e);
}

static int
take_operator(struct cursor *c, struct req *r, struct err *e)
{
	struct cursor before;
	struct str name;

	if (accept(c, '=')) {
		r->op = OP_EQ;
		if (peek(c) == '=')
			c->at++;
		return take_value(c, r, e);
	}
	skip_blanks(c);
	if (peek(c) == '!' && c->at + 1 < c->all.len && c->all.p[c->at + 1] == '=') {
		r->op = OP_NE;
		c->at += 2;
		return take_value(c, r, e);
	}
	if (c->at == c->all.len || peek(c) == ',') {
		r->op = OP_EXISTS;
		return 0;
	}
	if (peek(c) == '<' || peek(c) == '>')
		return err_set(e, EK_INVALID,
			"'%c' at character %zu: labels of objects cannot be compared by size",
			peek(c), c->at + 1);
	before = *c;
	name = word(c);
	if (str_eqz(name, "in"))
		r->op = OP_IN;
	else if (str_eqz(name, "notin"))
		r->op = OP_NOTIN;
	else
		return unexpected(&before, "'=', '!=', 'in', 'notin' or ','", e);
	return take_set(c, r, e);
}

static int
take_requirement(struct cursor *c, struct req *r, struct err *e)
{
	bool absent = accept(c, '!');
	struct str key = word(c);

	if (key.len == 0)
		return unexpected(c, "a label key", e);
	if (check_key(key, e) < 0)
		return -1;
	r->key = str_dup(key);
	if (!absent)
		return take_operator(c, r, e);
	r->op = OP_ABSENT;
	return 0;
}

static void
put_req(struct buf *out, const struct req *r)
{
	bool set = r->op == OP_IN || r->op == OP_NOTIN;

	if (r->op == OP_ABSENT)
		buf_puts(out, op_info[r->op].text);
	buf_puts(out, r->key);
	if (r->op == OP_EXISTS || r->op == OP_ABSENT)
		return;
	buf_puts(out, op_info[r->op].text);
	buf_puts(out, set ? "(" : "");
	for (size_t i = 0; i < r->values.len; i++) {
		buf_puts(out, i ? "," : "");
		buf_puts(out, r->values.at[i]);
	}
	buf_puts(out, set ? ")" : "");
}

static void
compose_text(struct selector *s)
{
	AUTO_BUF struct buf text = BUF_INIT(2 * LIMIT_CONFIG);

	for (size_t i = 0; i < s->reqs.len; i++) {
		buf_puts(&text, i ? "," : "");
		put_req(&text, &s->reqs.at[i]);
	}
	s->text = xstrdup(buf_cstr(&text));
}

static struct req *
add_req(struct selector *s)
{
	struct req *r = vec_push(&s->reqs);

	*r = (struct req){ 0 };
	return r;
}

static int
check_size(size_t len, struct err *e)
{
	if (len > LIMIT_CONFIG)
		return err_set(e, EK_LIMIT, "longer than %zu bytes", LIMIT_CONFIG);
	return 0;
}

static int
take_all(struct selector *s, struct cursor *c, struct err *e)
{
	if (check_size(c->all.len, e) < 0)
		return -1;
	skip_blanks(c);
	while (c->at < c->all.len) {
		if (take_requirement(c, add_req(s), e) < 0)
			return -1;
		skip_blanks(c);
		if (c->at == c->all.len)
			break;
		if (!accept(c, ','))
			return unexpected(c, "','", e);
		skip_blanks(c);
		if (c->at == c->all.len)
			return unexpected(c, "a label key after ','", e);
	}
	return 0;
}

struct selector *
selector_parse(const char *text, struct err *e)
{
	AUTO(selector_freep) struct selector *s = xcalloc(1, sizeof *s);
	struct cursor c = { .all = str_of(text) };

	if (take_all(s, &c, e) < 0) {
		(void)err_ctx(e, "label selector '%s'", text);
		return NULL;
	}
	compose_text(s);
	return TAKE(s);
}

/* --- the LabelSelector object --- */

static int
dup_text(struct str raw, const char *what, char **out, struct err *e)
{
	char *text = jstr_dup(raw);

	if (!text)
		return err_set(e, EK_INVALID, "%s must be a string", what);
	*out = text;
	return 0;
}

static int
add_json_value(struct req *r, struct str raw, struct err *e)
{
	AUTO_FREE char *value = NULL;

	if (dup_text(raw, "a label value", &value, e) < 0 || check_value(str_of(value), e) < 0)
		return -1;
	strs_add(&r->values, value);
	return 0;
}

static int
add_match_labels(struct selector *s, struct str labels, struct err *e)
{
	struct jiter it;
	struct str key, val;

	if (!jiter_obj(&it, labels))
		return err_set(e, EK_INVALID, "matchLabels must be an object");
	while (jiter_next(&it, &key, &val)) {
		struct req *r = add_req(s);
		/* Keys have no quotes here, and a valid label key needs no escapes. */
		if (check_key(key, e) < 0)
			return -1;
		r->key = str_dup(key);
		r->op = OP_EQ;
		if (add_json_value(r, val, e) < 0)
			return err_ctx(e, "matchLabels of '%s'", r->key);
	}
	return 0;
}

static int
parse_json_op(struct str raw, enum op *out, struct err *e)
{
	static const enum op known[] = { OP_IN, OP_NOTIN, OP_EXISTS, OP_ABSENT };

	for (size_t i = 0; i < COUNT(known); i++) {
		if (jstr_eq(raw, str_of(op_info[known[i]].json))) {
			*out = known[i];
			return 0;
		}
	}
	return err_set(e, EK_INVALID, "operator must be In, NotIn, Exists or DoesNotExist");
}

static int
add_expression(struct selector *s, struct str expr, struct err *e)
{
	struct req *r = add_req(s);
	struct str raw = { 0 };
	struct jiter it;

	if (!jget(expr, "key", &raw) || dup_text(raw, "key", &r->key, e) < 0)
		return err_set(e, EK_INVALID, "an expression needs a key");
	if (check_key(str_of(r->key), e) < 0)
		return -1;
	raw = (struct str){ 0 };
	(void)jget(expr, "operator", &raw);          /* absent: refused like an unknown one */
	if (parse_json_op(raw, &r->op, e) < 0)
		return err_ctx(e, "'%s'", r->key);
	if (jget(expr, "values", &raw) && jtype(raw) != J_NULL) {
		if (!jiter_arr(&it, raw))
			return err_set(e, EK_INVALID, "'%s': values must be an array", r->key);
		while (jiter_next(&it, NULL, &raw))
			if (add_json_value(r, raw, e) < 0)
				return err_ctx(e, "'%s'", r->key);
	}
	if ((r->op == OP_IN || r->op == OP_NOTIN) && r->values.len == 0)
		return err_set(e, EK_INVALID, "'%s': %s needs values", r->key, op_info[r->op].json);
	if ((r->op == OP_EXISTS || r->op == OP_ABSENT) && r->values.len > 0)
		return err_set(e, EK_INVALID,
			"'%s': %s takes no values", r->key, op_info[r->op].json);
	return 0;
}

static int
add_expressions(struct selector *s, struct str exprs, struct err *e)
{
	struct jiter it;
	struct str val;

	if (!jiter_arr(&it, exprs))
		return err_set(e, EK_INVALID, "matchExpressions must be an array");
	while (jiter_next(&it, NULL, &val))
		if (add_expression(s, val, e) < 0)
			return err_ctx(e, "matchExpressions");
	return 0;
}

static int
add_object(struct selector *s, struct str object, struct err *e)
{
	struct str part;

	if (check_size(object.len, e) < 0 || json_check(object, e) < 0)
		return -1;
	if (jtype(object) != J_OBJ)
		return err_set(e, EK_INVALID, "must be an object");
	if (jget(object, "matchLabels", &part) && jtype(part) != J_NULL &&
	    add_match_labels(s, part, e) < 0)
		return -1;
	if (jget(object, "matchExpressions", &part) && jtype(part) != J_NULL)
		return add_expressions(s, part, e);
	return 0;
}

struct selector *
selector_from_json(struct str label_selector, struct err *e)
{
	AUTO(selector_freep) struct selector *s = xcalloc(1, sizeof *s);

	if (add_object(s, label_selector, e) < 0) {
		(void)err_ctx(e, "label selector");
		return NULL;
	}
	compose_text(s);
	return TAKE(s);
}

/* --- use --- */

static bool
has_value(const struct req *r, struct str raw)
{
	for (size_t i = 0; i < r->values.len; i++)
		if (jstr_eq(raw, str_of(r->values.at[i])))
			return true;
	return false;
}

static bool
req_match(const struct req *r, struct str labels)
{
	struct str val;
	bool there = jget(labels, r->key, &val);

	switch (r->op) {
	case OP_EQ:
	case OP_IN:
		return there && has_value(r, val);
	case OP_NE:
	case OP_NOTIN:
		return !there || !has_value(r, val);     /* absent keys match, as on the server */
	case OP_EXISTS:
		return there;
	case OP_ABSENT:
		return !there;
	case OP_COUNT_:
		break;
	}
	return false;
}

bool
selector_match(const struct selector *s, struct str labels_json)
{
	for (size_t i = 0; s && i < s->reqs.len; i++)
		if (!req_match(&s->reqs.at[i], labels_json))
			return false;
	return true;
}

const char *
selector_text(const struct selector *s)
{
	return s->text;
}

/* matchLabels holds a key once: a second '=' for it becomes an expression. */
static bool
in_match_labels(const struct selector *s, size_t i)
{
	if (s->reqs.at[i].op != OP_EQ)
		return false;
	for (size_t j = 0; j < i; j++)
		if (s->reqs.at[j].op == OP_EQ && strcmp(s->reqs.at[j].key, s->reqs.at[i].key) == 0)
			return false;
	return true;
}

static void
write_expression(const struct req *r, struct jw *w)
{
	jw_obj(w);
	jw_kv_text(w, "key", r->key);
	jw_kv_text(w, "operator", op_info[r->op].json);
	if (r->values.len > 0) {
		jw_key(w, "values");
		jw_arr(w);
		for (size_t i = 0; i < r->values.len; i++)
			jw_text(w, r->values.at[i]);
		jw_arr_end(w);
	}
	jw_obj_end(w);
}

void
selector_json(const struct selector *s, struct jw *w)
{
	size_t labels = 0;

	for (size_t i = 0; i < s->reqs.len; i++)
		labels += in_match_labels(s, i);
	jw_obj(w);
	if (labels > 0) {
		jw_key(w, "matchLabels");
		jw_obj(w);
		for (size_t i = 0; i < s->reqs.len; i++)
			if (in_match_labels(s, i))
				jw_kv_text(w, s->reqs.at[i].key, s->reqs.at[i].values.at[0]);
		jw_obj_end(w);
	}
	if (labels < s->reqs.len) {
		jw_key(w, "matchExpressions");
		jw_arr(w);
		for (size_t i = 0; i < s->reqs.len; i++)
			if (!in_match_labels(s, i))
				write_expression(&s->reqs.at[i], w);
		jw_arr_end(w);
	}
	jw_obj_end(w);
}
