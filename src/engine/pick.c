/* Single objects by entries of lists. */
#include "engine/pick.h"

#include "base/arena.h"
#include "base/glob.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/regex.h"
#include "base/strmap.h"
#include "engine/kind_rules.h"

enum how { EXACT, ALL, GLOB, REGEX };

struct part { enum how how; struct str text; struct regex *re; };

struct pick {
	const char *where;           /* "--include-object", "--objects-from: line 3" */
	const char *text;
	bool        exclude, listed, namespaced, met;
	struct part kind, ns, name;  /* an exact kind is its gr */
};

struct picks {
	struct arena   arena;
	struct VEC_OF(struct pick *) all, patterns;
	struct strmap *exact[2];     /* [exclude]: "gr/ns/name" -> pick */
	struct buf     key;
	bool           includes;
	size_t         n_never;
	const char    *never;
};

/* What the entries are read against. */
struct source { const struct discovery *cluster, *stored; };

/* --- reading --- */

static int
read_part(struct part *p, struct str text, struct err *e)
{
	p->text = text;
	if (str_eq(text, S("*"))) {
		p->how = ALL;
	} else if (str_starts(text, S("~"))) {
		AUTO_FREE char *pattern = str_dup(str_sub(text, 1, text.len));

		if (pattern[0] == '\0')
			return err_set(e, EK_INVALID, "'~' and no pattern");
		p->how = REGEX;
		p->re = regex_new(pattern, e);
		return p->re != NULL ? 0 : -1;
	} else if (glob_has_magic(text)) {
		p->how = GLOB;
		return glob_check(text, e);
	}
	return 0;
}

static bool
stored_has(const struct discovery *stored, const char *gr)
{
	for (size_t i = 0; i < stored->all.len; i++)
		if (strcmp(stored->all.at[i].gr, gr) == 0)
			return true;
	return false;
}

/* A kind that both know means the cluster's, unless the backup has it in another group only: one that was moved. */
static const struct api_resource *
resolve(const struct source *s, const char *name)
{
	const struct api_resource *in_cluster = discovery_resolve(s->cluster, name), *in_backup;

	if (in_cluster != NULL && stored_has(s->stored, in_cluster->gr))
		return in_cluster;
	in_backup = discovery_resolve(s->stored, in_cluster != NULL && strchr(name, '.') == NULL ? in_cluster->kind : name);
	return in_backup != NULL ? in_backup : in_cluster;
}

static int
unknown_kind(const struct source *s, const char *name, struct err *e)
{
	const char *near = discovery_suggest(s->stored, name);

	if (near == NULL)
		near = discovery_suggest(s->cluster, name);
	return err_set(e, EK_NOTFOUND, "neither the backup nor the cluster has a kind '%s'%s%s%s", name,
		near != NULL ? " (did you mean '" : "", near != NULL ? near : "", near != NULL ? "'?)" : "");
}

static int
read_kind(struct picks *p, struct pick *it, const struct source *s, struct err *e)
{
	AUTO_FREE char *kind = str_dup(it->kind.text), *name = str_dup(it->name.text);
	const struct api_resource *r = resolve(s, kind);

	if (r == NULL)
		return unknown_kind(s, kind, e);
	if (kind_rule(str_of(r->gr))->never && !it->exclude) {
		if (!it->listed)
			return err_set(e, EK_INVALID, "%s are never restored", r->gr);
		if (p->n_never++ == 0)
			p->never = arena_strdup(&p->arena, str_of(r->gr));
	}
	if (r->namespaced && !it->namespaced)
		return err_set(e, EK_INVALID, "%s are in namespaces: write '%s/NAMESPACE/%s', or '%s/*/%s' for any", r->gr,
			kind, name, kind, name);
	if (!r->namespaced && it->namespaced)
		return err_set(e, EK_INVALID, "%s are outside namespaces: write '%s/%s'", r->gr, kind, name);
	it->kind.text = str_of(arena_strdup(&p->arena, str_of(r->gr)));
	return 0;
}

static int
read_parts(struct picks *p, struct pick *it, const struct source *s, struct err *e)
{
	struct str rest = str_of(it->text), part[4] = { 0 };
	size_t n = 0;

	while (n < COUNT(part) && str_split(&rest, '/', &part[n]))
		n++;
	if (n < 2 || n > 3 || part[0].len == 0 || part[n - 1].len == 0)
		return err_set(e, EK_INVALID, "that is not KIND/NAMESPACE/NAME or, outside namespaces, KIND/NAME");
	it->namespaced = n == 3 && part[1].len > 0;
	if (read_part(&it->kind, part[0], e) < 0 || (it->namespaced && read_part(&it->ns, part[1], e) < 0)
	    || read_part(&it->name, part[n - 1], e) < 0)
		return -1;
	return it->kind.how == EXACT ? read_kind(p, it, s, e) : 0;
}

static struct str
exact_key(struct picks *p, struct str gr, struct str ns, struct str name)
{
	buf_cut(&p->key, 0);
	buf_put_str(&p->key, gr);
	buf_putc(&p->key, '/');
	buf_put_str(&p->key, ns);
	buf_putc(&p->key, '/');
	buf_put_str(&p->key, name);
	return buf_str(&p->key);
}

static void
pick_done(struct pick *it)
{
	regex_free(it->kind.re);
	regex_free(it->ns.re);
	regex_free(it->name.re);
}

static int
add(struct picks *p, struct pick how, struct str text, const struct source *s, struct err *e)
{
	struct pick *it = arena_alloc(&p->arena, sizeof *it);
	bool exclude = how.exclude;
	struct str key;

	*it = how;
	it->text = arena_strdup(&p->arena, text);
	*vec_push(&p->all) = it;
	p->includes |= !exclude;
	if (read_parts(p, it, s, e) < 0)
		return err_ctx(e, "%s '%s'", it->where, it->text);
	if (it->kind.how == EXACT && it->ns.how == EXACT && it->name.how == EXACT) {
		key = exact_key(p, it->kind.text, it->ns.text, it->name.text);
		if (strmap_has(p->exact[exclude], key))
			it->met = true;          /* said twice: the first one tells */
		else
			strmap_put(p->exact[exclude], key, it);
		return 0;
	}
	if (p->patterns.len == LIMIT_RULES)
		return err_set(e, EK_LIMIT, "%s '%s': more than %d patterns", it->where, it->text, LIMIT_RULES);
	*vec_push(&p->patterns) = it;
	return 0;
}

static int
add_options(struct picks *p, const char *where, const struct strs *list, bool exclude, const struct source *s, struct err *e)
{
	for (size_t i = 0; i < list->len; i++)
		if (add(p, (struct pick){ .where = where, .exclude = exclude }, str_of(list->at[i]), s, e) < 0)
			return -1;
	return 0;
}

/* An empty list, as of a grep that found nothing, must not mean everything. */
static int
add_file(struct picks *p, const char *text, const struct source *s, struct err *e)
{
	struct str rest = str_of(text), line;
	bool any = false;

	for (size_t n = 1; str_split(&rest, '\n', &line); n++) {
		AUTO_FREE char *where = NULL;

		line = str_trim(line);
		if (line.len == 0 || line.p[0] == '#')
			continue;
		where = xasprintf("--objects-from: line %zu:", n);
		if (add(p, (struct pick){ .where = arena_strdup(&p->arena, str_of(where)), .listed = true }, line, s, e) < 0)
			return -1;
		any = true;
	}
	return any ? 0 : err_set(e, EK_INVALID, "--objects-from: the list has no entries");
}

int
picks_new(const struct restore_opts *o, const struct discovery *cluster, const struct discovery *stored,
	struct picks **out, struct err *e)
{
	AUTO(picks_freep) struct picks *p = NULL;
	const struct source s = { cluster, stored };

	*out = NULL;
	if (o->inc_objects.len == 0 && o->exc_objects.len == 0 && o->objects == NULL)
		return 0;
	p = xcalloc(1, sizeof *p);
	p->exact[false] = strmap_new();
	p->exact[true] = strmap_new();
	p->key = (struct buf)BUF_INIT(4 * LIMIT_TAR_NAME);
	if (add_options(p, "--include-object", &o->inc_objects, false, &s, e) < 0
	    || add_options(p, "--exclude-object", &o->exc_objects, true, &s, e) < 0
	    || (o->objects != NULL && add_file(p, o->objects, &s, e) < 0))
		return -1;
	*out = TAKE(p);
	return 0;
}

void
picks_free(struct picks *p)
{
	if (p == NULL)
		return;
	for (size_t i = 0; i < p->all.len; i++)
		pick_done(p->all.at[i]);
	vec_free(&p->all);
	vec_free(&p->patterns);
	strmap_free(p->exact[false]);
	strmap_free(p->exact[true]);
	buf_free(&p->key);
	arena_done(&p->arena);
	free(p);
}

void
picks_freep(struct picks **p)
{
	picks_free(*p);
	*p = NULL;
}

/* --- matching --- */

static int
part_takes(const struct part *p, struct str text, struct err *e)
{
	if (p->how == ALL || str_eq(p->text, text))
		return 1;
	if (p->how == GLOB)
		return glob_match(p->text, text);
	return p->how == REGEX ? regex_search(p->re, text, e) : 0;
}

/* A pattern for kinds may be about "deployments.apps", "deployments" or "Deployment". */
static int
kind_takes(const struct part *p, const struct index_entry *en, struct err *e)
{
	const struct str names[] = { en->gr, str_sub(en->gr, 0, str_chr(en->gr, '.')), en->kind };
	int rc = 0;

	for (size_t i = 0; i < (p->how == EXACT ? 1 : COUNT(names)) && rc == 0; i++)
		rc = part_takes(p, names[i], e);
	return rc;
}

static int
takes(const struct pick *it, const struct index_entry *en, struct err *e)
{
	int rc;

	if (it->namespaced != (en->ns.len > 0))
		return 0;
	rc = kind_takes(&it->kind, en, e);
	if (rc > 0 && it->namespaced)
		rc = part_takes(&it->ns, en->ns, e);
	if (rc > 0)
		rc = part_takes(&it->name, en->name, e);
	return rc < 0 ? err_ctx(e, "%s '%s'", it->where, it->text) : rc;
}

int
picks_judge(struct picks *p, const struct index_entry *en, struct pick_verdict *v, struct err *e)
{
	bool found[2] = { false, false };

	*v = (struct pick_verdict){ .chosen = true };
	if (p == NULL)
		return 0;
	for (size_t x = 0; x < COUNT(found); x++) {
		struct pick *it = strmap_get(p->exact[x], exact_key(p, en->gr, en->ns, en->name));

		found[x] = it != NULL;
		if (it != NULL)
			it->met = true;
	}
	for (size_t i = 0; i < p->patterns.len; i++) {
		struct pick *it = p->patterns.at[i];
		int rc = found[it->exclude] && it->met ? 0 : takes(it, en, e);

		if (rc < 0)
			return -1;
		it->met |= rc > 0;
		found[it->exclude] |= rc > 0;
	}
	v->named = found[false];
	v->excluded = found[true];
	v->chosen = (v->named || !p->includes) && !v->excluded;
	return 0;
}

size_t
picks_never(const struct picks *p, const char **gr)
{
	*gr = p != NULL ? p->never : NULL;
	return p != NULL ? p->n_never : 0;
}

/* --- what met nothing --- */

#define NEAR_MAX 3               /* differences between an entry and what it may have meant */
#define ELSEWHERE 2              /* another namespace or kind counts as so many */

/* One that was moved to another group is nearly the same. */
static unsigned
far_kind(struct str a, struct str b)
{
	if (str_eq(a, b))
		return 0;
	return str_eq(str_sub(a, 0, str_chr(a, '.')), str_sub(b, 0, str_chr(b, '.'))) ? 1 : ELSEWHERE;
}

static unsigned
far_from(const struct pick *it, const struct index_entry *en)
{
	unsigned by_name = str_distance(it->name.text, en->name);

	if (by_name >= it->name.text.len || by_name >= en->name.len)
		return NEAR_MAX + 1;
	return by_name + far_kind(it->kind.text, en->gr)
		+ (it->namespaced != (en->ns.len > 0) ? NEAR_MAX : str_eq(it->ns.text, en->ns) ? 0 : ELSEWHERE);
}

static const struct index_entry *
nearest(const struct pick *it, const struct index *ix)
{
	const struct index_entry *best = NULL;
	unsigned least = NEAR_MAX + 1;

	for (size_t i = 0; i < ix->n_entries && least > 0; i++) {
		unsigned far = far_from(it, &ix->entries[i]);

		if (far < least) {
			least = far;
			best = &ix->entries[i];
		}
	}
	return best;
}

static int
met_nothing(const struct pick *it, size_t others, const struct index *ix, struct err *e)
{
	bool exact = it->kind.how == EXACT && it->ns.how == EXACT && it->name.how == EXACT;
	const struct index_entry *near = exact ? nearest(it, ix) : NULL;
	AUTO_FREE char *more = others > 0 ? xasprintf(" (and %zu more like it)", others) : xstrdup("");

	if (near != NULL)
		return err_set(e, EK_NOTFOUND, "%s '%s': the backup has no such object (did you mean '" STR_FMT "%s" STR_FMT
			"/" STR_FMT "'?)%s", it->where, it->text, STR_ARG(near->gr), near->ns.len > 0 ? "/" : "",
			STR_ARG(near->ns), STR_ARG(near->name), more);
	return err_set(e, EK_NOTFOUND, "%s '%s': %s%s", it->where, it->text,
		exact ? "the backup has no such object" : "matches nothing in the backup", more);
}

int
picks_check(const struct picks *p, const struct index *ix, struct err *e)
{
	const struct pick *first = NULL;
	size_t unmet = 0;

	for (size_t i = 0; p != NULL && i < p->all.len; i++) {
		if (p->all.at[i]->met)
			continue;
		if (unmet++ == 0)
			first = p->all.at[i];
	}
	return first == NULL ? 0 : met_nothing(first, unmet - 1, ix, e);
}
