/* YAML by libyaml's events. */
#include "data/yaml.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/vec.h"
#include "data/jwrite.h"

#include <inttypes.h>
#include <string.h>
#include <yaml.h>

struct parse {
	yaml_parser_t  parser;
	yaml_event_t   ev;          /* the current one */
	bool           have_ev;
	const char    *name;
	unsigned       depth;
};

struct nodes VEC_OF(struct ynode *);

void
ynode_free(struct ynode *n)
{
	if (n == NULL)
		return;
	for (size_t i = 0; i < n->len; i++)
		ynode_free(n->at[i]);
	free(n->at);
	free(n->text);
	free(n->key);
	free(n);
}

void
yaml_freep(struct ynode **n)
{
	ynode_free(*n);
}

static void
nodes_done(struct nodes *v)
{
	for (size_t i = 0; i < v->len; i++)
		ynode_free(v->at[i]);
	vec_free(v);
}

static void
drop_event(struct parse *p)
{
	if (p->have_ev)
		yaml_event_delete(&p->ev);
	p->have_ev = false;
}

static void
parse_done(struct parse *p)
{
	drop_event(p);
	yaml_parser_delete(&p->parser);
}

static int
syntax(const struct parse *p, struct err *e)
{
	const yaml_parser_t *y = &p->parser;
	const char *what = y->problem ? y->problem : "out of memory";

	if (y->error == YAML_READER_ERROR)
		return err_set(e, EK_INVALID, "%s: %s at offset %zu", p->name, what, y->problem_offset);
	return err_set(e, EK_INVALID, "%s:%zu: %s", p->name, y->problem_mark.line + 1, what);
}

static int
next_event(struct parse *p, struct err *e)
{
	drop_event(p);
	if (!yaml_parser_parse(&p->parser, &p->ev))
		return syntax(p, e);
	p->have_ev = true;
	return 0;
}

static unsigned
line_of(const struct parse *p)
{
	return (unsigned)p->ev.start_mark.line + 1;
}

static int
refuse(const struct parse *p, const char *what, struct err *e)
{
	return err_set(e, EK_INVALID, "%s:%u: %s", p->name, line_of(p), what);
}

static struct ynode *
node_new(const struct parse *p, enum ykind kind)
{
	struct ynode *n = xcalloc(1, sizeof *n);

	n->kind = kind;
	n->line = n->last = line_of(p);
	return n;
}

/* The line that the current event ends in; what ends at the beginning of a line ends in the one before. */
static unsigned
last_line(const struct parse *p, unsigned first)
{
	unsigned last = (unsigned)p->ev.end_mark.line + (p->ev.end_mark.column > 0);

	return last > first ? last : first;
}

/* Texts are the only type that needs a tag here ("!" and !!str); all else follows from the plain form. */
static int
check_tag(const struct parse *p, const yaml_char_t *tag, struct err *e)
{
	struct str t = str_of((const char *)tag);

	if (tag == NULL || str_eqz(t, "!") || str_eqz(t, YAML_STR_TAG))
		return 0;
	return refuse(p, "tags are not supported", e);
}

static struct ynode *
scalar(struct parse *p, struct err *e)
{
	const char *v = (const char *)p->ev.data.scalar.value;
	const yaml_char_t *tag = p->ev.data.scalar.tag;
	struct ynode *n;

	if (check_tag(p, tag, e) < 0)
		return NULL;
	if (strlen(v) != p->ev.data.scalar.length) {
		(void)refuse(p, "text with a NUL character", e);
		return NULL;
	}
	n = node_new(p, Y_SCALAR);
	n->text = xstrdup(v);
	n->quoted = tag != NULL || p->ev.data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	n->last = last_line(p, n->line);
	return n;
}

static int
by_key(const void *x, const void *y)
{
	const struct ynode *a = *(struct ynode *const *)x, *b = *(struct ynode *const *)y;
	int c = strcmp(a->key, b->key);

	return c ? c : (a->line > b->line) - (a->line < b->line);
}

static int
check_unique(const struct parse *p, const struct nodes *v, struct err *e)
{
	AUTO_FREE struct ynode **sorted = NULL;

	if (v->len < 2)
		return 0;
	sorted = xreallocarray(NULL, v->len, sizeof *sorted);
	memcpy(sorted, v->at, v->len * sizeof *sorted);
	qsort(sorted, v->len, sizeof *sorted, by_key);
	for (size_t i = 1; i < v->len; i++)
		if (strcmp(sorted[i - 1]->key, sorted[i]->key) == 0)
			return err_set(e, EK_INVALID, "%s:%u: key '%.100s' is already in line %u", p->name,
				sorted[i]->line, sorted[i]->key, sorted[i - 1]->line);
	return 0;
}

static struct ynode *node(struct parse *p, struct err *e);

/* The key at the current event; moves on to the value. */
static char *
map_key(struct parse *p, unsigned *line, struct err *e)
{
	AUTO(yaml_freep) struct ynode *k = NULL;

	if (p->ev.type != YAML_SCALAR_EVENT) {
		(void)refuse(p, "a key must be a text", e);
		return NULL;
	}
	*line = line_of(p);
	k = scalar(p, e);
	if (k == NULL || next_event(p, e) < 0)
		return NULL;
	return TAKE(k->text);
}

/* Elements up to the end of the sequence or map, which stays the current event. */
static int
elements(struct parse *p, enum ykind kind, struct nodes *v, struct err *e)
{
	yaml_event_type_t end = kind == Y_SEQ ? YAML_SEQUENCE_END_EVENT : YAML_MAPPING_END_EVENT;

	for (;;) {
		AUTO_FREE char *key = NULL;
		unsigned line = 0;
		if (next_event(p, e) < 0)
			return -1;
		if (p->ev.type == end)
			return kind == Y_MAP ? check_unique(p, v, e) : 0;
		if (kind == Y_MAP && (key = map_key(p, &line, e)) == NULL)
			return -1;
		struct ynode *n = node(p, e);
		if (n == NULL)
			return -1;
		if (kind == Y_MAP)
			n->line = line;
		n->key = TAKE(key);
		*vec_push(v) = n;
	}
}

static struct ynode *
container(struct parse *p, enum ykind kind, struct err *e)
{
	AUTO(nodes_done) struct nodes v = { 0 };
	AUTO_YAML struct ynode *n = node_new(p, kind);

	if (check_tag(p, kind == Y_SEQ ? p->ev.data.sequence_start.tag : p->ev.data.mapping_start.tag, e) < 0)
		return NULL;
	if (p->depth == LIMIT_JSON_DEPTH) {
		(void)refuse(p, "nested too deeply", e);
		return NULL;
	}
	n->flow = kind == Y_SEQ ? p->ev.data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE
		: p->ev.data.mapping_start.style == YAML_FLOW_MAPPING_STYLE;
	p->depth++;
	if (elements(p, kind, &v, e) < 0)
		return NULL;
	p->depth--;
	/* The end of a block is found only behind the comments that follow it. */
	if (n->flow)
		n->last = last_line(p, n->line);
	else if (v.len > 0)
		n->last = v.at[v.len - 1]->last;
	n->len = v.len;
	n->at = TAKE(v.at);
	v.len = 0;
	return TAKE(n);
}

/* The node that starts with the current event; its last event is then the current one. */
static struct ynode *
node(struct parse *p, struct err *e)
{
	switch (p->ev.type) {
	case YAML_SCALAR_EVENT:
		return scalar(p, e);
	case YAML_SEQUENCE_START_EVENT:
		return container(p, Y_SEQ, e);
	case YAML_MAPPING_START_EVENT:
		return container(p, Y_MAP, e);
	case YAML_ALIAS_EVENT:
		(void)refuse(p, "aliases are not supported", e);
		return NULL;
	default:
		(void)refuse(p, "value expected", e);
		return NULL;
	}
}

static bool
is_null(const struct ynode *n)
{
	static const char *const words[] = { "", "~", "null", "Null", "NULL" };

	if (n->kind != Y_SCALAR || n->quoted)
		return false;
	for (size_t i = 0; i < COUNT(words); i++)
		if (strcmp(n->text, words[i]) == 0)
			return true;
	return false;
}

struct ynode *
yaml_parse(struct str text, const char *name, struct err *e)
{
	AUTO(parse_done) struct parse p = { .name = name };
	struct ynode *n;

	if (!yaml_parser_initialize(&p.parser)) {
		(void)err_set(e, EK_LIMIT, "%s: out of memory", name);
		return NULL;
	}
	if (text.len > LIMIT_CONFIG) {
		(void)err_set(e, EK_LIMIT, "%s: larger than %zu bytes", name, LIMIT_CONFIG);
		return NULL;
	}
	yaml_parser_set_encoding(&p.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&p.parser, (const unsigned char *)(text.p ? text.p : ""), text.len);
	do {
		if (next_event(&p, e) < 0)
			return NULL;
	} while (p.ev.type == YAML_STREAM_START_EVENT || p.ev.type == YAML_DOCUMENT_START_EVENT);
	n = p.ev.type == YAML_STREAM_END_EVENT ? node_new(&p, Y_MAP) : node(&p, e);
	if (n && n->kind == Y_SCALAR && !n->quoted && n->text[0] == '\0') {
		ynode_free(n);
		n = node_new(&p, Y_MAP);
	}
	return n;
}

const struct ynode *
yaml_get(const struct ynode *map, const char *key)
{
	if (map == NULL || map->kind != Y_MAP)
		return NULL;
	for (size_t i = 0; i < map->len; i++)
		if (strcmp(map->at[i]->key, key) == 0)
			return map->at[i];
	return NULL;
}

const char *
yaml_text(const struct ynode *map, const char *key)
{
	const struct ynode *n = yaml_get(map, key);

	return n && n->kind == Y_SCALAR && !is_null(n) ? n->text : NULL;
}

/* True when n is one of the plain words for true and false. */
static bool
plain_bool(const struct ynode *n, bool *out)
{
	static const char *const words[] = { "true", "True", "TRUE", "false", "False", "FALSE" };

	if (n->kind != Y_SCALAR || n->quoted)
		return false;
	for (size_t i = 0; i < COUNT(words); i++)
		if (strcmp(n->text, words[i]) == 0) {
			*out = i < 3;
			return true;
		}
	return false;
}

bool
yaml_bool(const struct ynode *map, const char *key, bool absent)
{
	const struct ynode *n = yaml_get(map, key);
	bool v = absent;

	return n && plain_bool(n, &v) ? v : absent;
}

static const char *
nearest(const char *key, const char *const *known)
{
	const char *best = NULL;
	unsigned min = 3;

	for (; *known; known++) {
		unsigned d = str_distance(str_of(key), str_of(*known));
		if (d < min) {
			min = d;
			best = *known;
		}
	}
	return best;
}

static bool
is_known(const char *key, const char *const *known)
{
	for (; *known; known++)
		if (strcmp(key, *known) == 0)
			return true;
	return false;
}

int
yaml_only(const struct ynode *map, const char *name, const char *const *known, struct err *e)
{
	if (map == NULL || is_null(map))
		return 0;
	if (map->kind != Y_MAP)
		return err_set(e, EK_INVALID, "%s:%u: keys and values expected", name, map->line);
	for (size_t i = 0; i < map->len; i++) {
		const struct ynode *n = map->at[i];
		const char *near;
		if (is_known(n->key, known))
			continue;
		near = nearest(n->key, known);
		if (near)
			return err_set(e, EK_INVALID, "%s:%u: unknown key '%.100s' (did you mean '%s'?)", name,
				n->line, n->key, near);
		return err_set(e, EK_INVALID, "%s:%u: unknown key '%.100s'", name, n->line, n->key);
	}
	return 0;
}

static size_t
digits(const char *s)
{
	return strspn(s, "0123456789");
}

/* 0x1F and 0o17.  False: not such a number, or above 64 bits. */
static bool
based_int(const char *s, uint64_t *out)
{
	unsigned base = s[0] != '0' ? 0 : s[1] == 'x' ? 16 : s[1] == 'o' ? 8 : 0;
	static const char set[] = "0123456789abcdef";
	uint64_t v = 0;

	if (base == 0 || s[2] == '\0')
		return false;
	for (const char *p = s + 2; *p; p++) {
		const char *d = strchr(set, *p >= 'A' && *p <= 'F' ? *p + ('a' - 'A') : *p);
		unsigned digit = d ? (unsigned)(d - set) : base;
		if (digit >= base || v > (UINT64_MAX - digit) / base)
			return false;
		v = v * base + digit;
	}
	*out = v;
	return true;
}

/* A decimal number of YAML's core schema as JSON writes it: "+007" is 7, ".5" is 0.5.  False: not a number. */
static bool
decimal(const char *s, struct buf *out)
{
	bool minus = *s == '-';
	size_t whole, frac = 0;
	const char *exp;

	s += minus || *s == '+';
	whole = digits(s);
	if (s[whole] == '.')
		frac = digits(s + whole + 1);
	exp = s + whole + (s[whole] == '.') + frac;
	if (whole + frac == 0)
		return false;
	if (*exp == 'e' || *exp == 'E') {
		size_t sign = exp[1] == '+' || exp[1] == '-', n = digits(exp + 1 + sign);
		if (n == 0 || exp[1 + sign + n] != '\0')
			return false;
	} else if (*exp != '\0') {
		return false;
	}
	for (; whole > 1 && *s == '0'; whole--)
		s++;
	buf_puts(out, minus ? "-" : "");
	buf_put_str(out, whole ? (struct str){ s, whole } : S("0"));
	if (frac) {
		buf_putc(out, '.');
		buf_put(out, exp - frac, frac);
	}
	buf_puts(out, exp);
	return true;
}

static void
put_scalar(struct jw *w, const struct ynode *n)
{
	AUTO_BUF struct buf num = BUF_INIT(strlen(n->text) + 8);
	uint64_t v;
	bool b;

	if (n->quoted)
		jw_text(w, n->text);
	else if (is_null(n))
		jw_null(w);
	else if (plain_bool(n, &b))
		jw_bool(w, b);
	else if (based_int(n->text, &v))
		jw_uint(w, v);
	else if (decimal(n->text, &num))
		jw_raw(w, buf_str(&num));
	else
		jw_text(w, n->text);
}

static void
put_node(struct jw *w, const struct ynode *n)
{
	if (n->kind == Y_SCALAR) {
		put_scalar(w, n);
		return;
	}
	(n->kind == Y_MAP ? jw_obj : jw_arr)(w);
	for (size_t i = 0; i < n->len; i++) {
		if (n->kind == Y_MAP)
			jw_key(w, n->at[i]->key);
		put_node(w, n->at[i]);
	}
	(n->kind == Y_MAP ? jw_obj_end : jw_arr_end)(w);
}

int
yaml_to_json(const struct ynode *n, struct buf *out, struct err *e)
{
	size_t before = out->len;
	struct jw w;

	jw_init(&w, out, false);
	put_node(&w, n);
	if (jw_done(&w, e) == 0)
		return 0;
	buf_cut(out, before);
	return -1;
}
