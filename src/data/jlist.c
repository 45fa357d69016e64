/*
 * A Kubernetes List cut into items while it arrives.
 *
 *	{"kind":"PodList","apiVersion":"v1","metadata":{...},"items":[{...},{...}]}
 *	|      |         |                                          |     |     |
 *	FIRST_KEY COLON  AFTER ...                         FIRST_ITEM  AFTER_ITEM END
 *
 * What stands between tokens is punctuation and moves from place to place; a token (a key, a value of the top level,
 * an item) is captured as one slice: straight from the caller's chunk when it lies in there as a whole, from the
 * carry buffer when it spans chunks.
 */
#include "data/jscan.h"

#include "base/mem.h"
#include "data/jlex.h"

#include <stddef.h>
#include <string.h>

enum place {
	AT_START, AT_FIRST_KEY, AT_KEY, AT_COLON, AT_VALUE, AT_AFTER, AT_FIRST_ITEM, AT_ITEM, AT_AFTER_ITEM, AT_END
};

static const char *const expected[] = {
	[AT_START] = "'{'", [AT_FIRST_KEY] = "member name or '}'", [AT_KEY] = "member name", [AT_COLON] = "':'",
	[AT_VALUE] = "value", [AT_AFTER] = "',' or '}'", [AT_FIRST_ITEM] = "object or ']'", [AT_ITEM] = "object",
	[AT_AFTER_ITEM] = "',' or ']'", [AT_END] = "end of the text",
};

enum token { TOK_NONE, TOK_TREE, TOK_STRING, TOK_SCALAR };
enum member { M_OTHER, M_API_VERSION, M_KIND, M_METADATA, M_ITEMS };

static const struct { const char *key; enum member m; } members[] = {
	{ "apiVersion", M_API_VERSION },
	{ "kind", M_KIND },
	{ "metadata", M_METADATA },
	{ "items", M_ITEMS },
};

struct jlist {
	jlist_fn         *on_item;
	void             *ctx;
	size_t            max_item;
	struct jlist_head head;
	enum place        at;
	enum member       member;      /* whose value is read */
	bool              have_items;
	enum token        tok;         /* being captured */
	bool              escaped;     /* in a TOK_STRING: the next byte is */
	struct jskip      skip;        /* of a TOK_TREE */
	struct buf        carry;       /* start of a token that spans chunks */
	uint64_t          offset;      /* of the current chunk in the text */
};

struct jlist *
jlist_new(size_t max_item, jlist_fn *on_item, void *ctx)
{
	struct jlist *l = xcalloc(1, sizeof *l);

	l->on_item = on_item;
	l->ctx = ctx;
	l->max_item = max_item;
	l->head.remaining = -1;
	l->carry = (struct buf)BUF_INIT(max_item);
	return l;
}

void
jlist_free(struct jlist *l)
{
	if (l == NULL)
		return;
	buf_free(&l->carry);
	free(l);
}

void
jlist_freep(struct jlist **l)
{
	jlist_free(*l);
}

const struct jlist_head *
jlist_head(const struct jlist *l)
{
	return &l->head;
}

static bool
is_token_end(char c)
{
	return jlex_is_delim(c) || c == '"' || c == '{' || c == '[';
}

static enum token
token_of(char c)
{
	if (c == '{' || c == '[')
		return TOK_TREE;
	if (c == '"')
		return TOK_STRING;
	return is_token_end(c) ? TOK_NONE : TOK_SCALAR;
}

/* One byte between tokens: moves on, or sets l->tok when it starts a token.  False: it does not belong here. */
static bool
step(struct jlist *l, char c)
{
	static const struct { enum place at; char c; enum place next; } moves[] = {
		{ AT_START, '{', AT_FIRST_KEY },
		{ AT_FIRST_KEY, '}', AT_END },
		{ AT_COLON, ':', AT_VALUE },
		{ AT_AFTER, ',', AT_KEY },
		{ AT_AFTER, '}', AT_END },
		{ AT_FIRST_ITEM, ']', AT_AFTER },
		{ AT_AFTER_ITEM, ',', AT_ITEM },
		{ AT_AFTER_ITEM, ']', AT_AFTER },
	};
	enum token tok = token_of(c);

	if (l->at == AT_VALUE && l->member == M_ITEMS && c == '[' && !l->have_items) {
		l->have_items = true;
		l->at = AT_FIRST_ITEM;
		return true;
	}
	for (size_t i = 0; i < COUNT(moves); i++)
		if (moves[i].at == l->at && moves[i].c == c) {
			l->at = moves[i].next;
			return true;
		}
	switch (l->at) {
	case AT_FIRST_KEY:
	case AT_KEY:
		l->tok = tok == TOK_STRING ? tok : TOK_NONE;
		break;
	case AT_VALUE:
		l->tok = tok;
		break;
	case AT_FIRST_ITEM:
	case AT_ITEM:
		l->tok = c == '{' ? TOK_TREE : TOK_NONE;
		break;
	default:
		break;
	}
	if (l->tok == TOK_TREE)
		jskip_init(&l->skip);
	return l->tok != TOK_NONE;
}

/* Strings and scalars outside of items are few and short, so they are taken byte by byte; json_check follows. */
static enum jskip_state
run_string(struct jlist *l, const char **pp, const char *end, bool started)
{
	const char *p = *pp + !started;

	for (; p < end; p++) {
		if (*p == '"' && !l->escaped) {
			*pp = p + 1;
			return JSKIP_DONE;
		}
		l->escaped = *p == '\\' && !l->escaped;
	}
	*pp = end;
	return JSKIP_MORE;
}

static enum jskip_state
run_scalar(const char **pp, const char *end)
{
	const char *p = *pp;

	while (p < end && !is_token_end(*p))
		p++;
	*pp = p;
	return p < end ? JSKIP_DONE : JSKIP_MORE;
}

/* A text of the head: null counts as absent, anything else must be a string that fits. */
static int
head_text(struct str raw, const char *name, char *out, size_t size, struct err *e)
{
	AUTO_BUF struct buf b = BUF_INIT(raw.len);

	if (jtype(raw) == J_NULL)
		return 0;
	if (jstr_decode(raw, &b, e) < 0)
		return err_set(e, EK_CORRUPT, "list response: %s is not a string", name);
	if (b.len >= size || (b.len > 0 && memchr(b.p, '\0', b.len)))
		return err_set(e, EK_CORRUPT, "list response: %s is not usable (%zu bytes)", name, b.len);
	memcpy(out, buf_cstr(&b), b.len + 1);
	return 0;
}

static int
head_metadata(struct jlist_head *h, struct str raw, struct err *e)
{
	struct str v;

	if (jget(raw, "continue", &v) && head_text(v, "metadata.continue", h->continue_, sizeof h->continue_, e) < 0)
		return -1;
	if (jget(raw, "resourceVersion", &v)
	    && head_text(v, "metadata.resourceVersion", h->resource_version, sizeof h->resource_version, e) < 0)
		return -1;
	if (jget(raw, "remainingItemCount", &v))
		(void)jint(v, &h->remaining);         /* only ever a hint: absent when it is something else */
	return 0;
}

static int
take_value(struct jlist *l, struct str raw, struct err *e)
{
	struct jlist_head *h = &l->head;

	l->at = AT_AFTER;
	if (json_check(raw, e) < 0)
		return err_ctx(e, "list response");
	switch (l->member) {
	case M_API_VERSION:
		return head_text(raw, "apiVersion", h->api_version, sizeof h->api_version, e);
	case M_KIND:
		return head_text(raw, "kind", h->kind, sizeof h->kind, e);
	case M_METADATA:
		return head_metadata(h, raw, e);
	case M_ITEMS:
		if (jtype(raw) != J_NULL || l->have_items)
			return err_set(e, EK_CORRUPT, "list response: %s",
				l->have_items ? "items is there twice" : "items is not an array");
		l->have_items = true;
		return 0;
	case M_OTHER:
		break;
	}
	return 0;
}

static int
take_token(struct jlist *l, struct str raw, struct err *e)
{
	switch (l->at) {
	case AT_FIRST_KEY:
	case AT_KEY:
		if (json_check(raw, e) < 0)
			return err_ctx(e, "list response");
		l->member = M_OTHER;
		for (size_t i = 0; i < COUNT(members); i++)
			if (jstr_eq(raw, str_of(members[i].key)))
				l->member = members[i].m;
		l->at = AT_COLON;
		return 0;
	case AT_VALUE:
		return take_value(l, raw, e);
	default:
		l->at = AT_AFTER_ITEM;
		return l->on_item(l->ctx, &l->head, raw, e);
	}
}

/* Goes on with the token at *pp.  Returns 0 with *pp behind what was consumed. */
static int
run_token(struct jlist *l, const char **pp, const char *end, struct err *e)
{
	const char *from = *pp;
	bool started = l->carry.len > 0;
	enum jskip_state st = JSKIP_BAD;
	size_t n;

	switch (l->tok) {
	case TOK_TREE:
		st = jskip_run(&l->skip, pp, end);
		break;
	case TOK_STRING:
		st = run_string(l, pp, end, started);
		break;
	case TOK_SCALAR:
		st = run_scalar(pp, end);
		break;
	case TOK_NONE:
		break;
	}
	if (st == JSKIP_BAD)
		return err_set(e, EK_CORRUPT, "list response: %s %s", l->at == AT_VALUE ? "a value" : "an item",
			l->skip.why);
	n = (size_t)(*pp - from);
	if (n > l->max_item - l->carry.len)
		return err_set(e, EK_LIMIT, "list response: an item is larger than %zu bytes", l->max_item);
	if ((started || st == JSKIP_MORE) && buf_add(&l->carry, from, n, e) < 0)
		return -1;
	if (st == JSKIP_MORE)
		return 0;
	l->tok = TOK_NONE;
	if (take_token(l, started ? buf_str(&l->carry) : (struct str){ from, n }, e) < 0)
		return -1;
	buf_cut(&l->carry, 0);
	return 0;
}

int
jlist_feed(struct jlist *l, const void *data, size_t n, struct err *e)
{
	const char *from = data, *p = from, *end = from + n;

	while (p < end) {
		if (l->tok == TOK_NONE) {
			p = jlex_blank(p, end);
			if (p == end)
				break;
			if (!step(l, *p))
				return err_set(e, EK_CORRUPT, "list response: %s expected at offset %zu", expected[l->at],
					(size_t)l->offset + (size_t)(p - from));
			if (l->tok == TOK_NONE) {
				p++;
				continue;
			}
		}
		if (run_token(l, &p, end, e) < 0)
			return -1;
	}
	l->offset += n;
	return 0;
}

int
jlist_end(struct jlist *l, struct err *e)
{
	if (l->at != AT_END)
		return err_set(e, EK_CORRUPT, "list response ends early, after %zu bytes", (size_t)l->offset);
	if (!l->have_items)
		return err_set(e, EK_CORRUPT, "list response has no items (kind '%s')", l->head.kind);
	return 0;
}
