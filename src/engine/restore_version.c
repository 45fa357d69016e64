/* Which stored copy of an object is restored, and as which API version (velero-format 4.11) and type. */
#include "engine/restore_impl.h"

#include "base/limits.h"
#include "base/mem.h"

#include <string.h>

#define SHOWN_MAX 8     /* versions named in a message */

/* A copy in another version than the unversioned one. */
struct copy { const struct index_entry *en; struct copy *next; };

/* --version-priorities of one type, best first. */
struct wish { char *gr; struct strs versions; };

struct versions {
	struct arena   arena;
	struct strmap *copies;           /* object_key -> struct copy */
	struct { struct wish *at; size_t len, cap; } wishes;
	const struct index *ix;
	/* Objects come type by type: the last answer of discovery is usually the next one, too. */
	struct { const char *gr, *version; unsigned age; const struct api_resource *res; } last;
	struct { const char *gr, *version; unsigned age; const struct conversion *cv; const struct api_resource *res; } last_cv;
	struct strmap *twins;            /* object_key of what is stored under the type that another one's objects become */
};

static void
key_as(struct buf *key, struct str gr, const struct index_entry *en)
{
	buf_cut(key, 0);
	buf_put_str(key, gr);
	buf_putc(key, '\0');
	buf_put_str(key, en->ns);
	buf_putc(key, '\0');
	buf_put_str(key, en->name);
}

static void
object_key(struct buf *key, const struct index_entry *en)
{
	key_as(key, en->gr, en);
}

static struct copy *
copies_of(const struct versions *v, const struct index_entry *en)
{
	AUTO_BUF struct buf key = BUF_INIT(4 * LIMIT_TAR_NAME);

	if (v->ix->n_alternates == 0)
		return NULL;
	object_key(&key, en);
	return strmap_get(v->copies, buf_str(&key));
}

/* --- Kubernetes' order of versions: v2, v1, v2beta1, v1beta2, v1alpha1, anything else --- */

struct version { int stage; uint64_t major, minor; };
enum { STAGE_OTHER, STAGE_ALPHA, STAGE_BETA, STAGE_STABLE };

static bool
take_number(struct str *s, uint64_t *out)
{
	size_t n = 0;

	*out = 0;
	while (n < s->len && n < 9 && s->p[n] >= '0' && s->p[n] <= '9')
		*out = *out * 10 + (uint64_t)(s->p[n++] - '0');
	*s = str_sub(*s, n, s->len);
	return n > 0;
}

static struct version
parse_version(struct str s)
{
	static const struct version other = { STAGE_OTHER, 0, 0 };
	struct version v = { STAGE_STABLE, 0, 0 };

	if (s.len == 0 || s.p[0] != 'v')
		return other;
	s = str_sub(s, 1, s.len);
	if (!take_number(&s, &v.major))
		return other;
	if (s.len == 0)
		return v;
	v.stage = str_starts(s, S("beta")) ? STAGE_BETA : str_starts(s, S("alpha")) ? STAGE_ALPHA : STAGE_OTHER;
	s = str_sub(s, v.stage == STAGE_BETA ? 4 : 5, s.len);
	return v.stage != STAGE_OTHER && take_number(&s, &v.minor) && s.len == 0 ? v : other;
}

static int
version_cmp(struct str a, struct str b)
{
	struct version x = parse_version(a), y = parse_version(b);

	if (x.stage != y.stage)
		return x.stage > y.stage ? 1 : -1;
	if (x.major != y.major)
		return x.major > y.major ? 1 : -1;
	if (x.minor != y.minor)
		return x.minor > y.minor ? 1 : -1;
	return x.stage == STAGE_OTHER ? str_cmp(b, a) : 0;
}

/* --- what was asked for --- */

static int
add_wish(struct versions *v, const struct restore *rs, const char *text, struct err *e)
{
	struct str rest = str_of(text), name, version;
	struct wish w = { 0 };
	const struct api_resource *res;

	(void)str_split(&rest, '=', &name);
	name = str_trim(name);
	if (name.len == 0 || rest.p == NULL || str_trim(rest).len == 0)
		return err_set(e, EK_INVALID, "--version-priorities: '%s' is not type=version,version", text);
	w.gr = str_dup(name);
	res = discovery_resolve(rs->d, w.gr);
	if (res != NULL) {
		free(w.gr);
		w.gr = xstrdup(res->gr);
	}
	while (str_split(&rest, ',', &version)) {
		AUTO_FREE char *one = str_dup(str_trim(version));

		strs_add(&w.versions, one);
	}
	*vec_push(&v->wishes) = w;
	return 0;
}

static struct strmap *find_twins(const struct restore *rs);

struct versions *
versions_new(const struct restore *rs, struct err *e)
{
	AUTO_BUF struct buf key = BUF_INIT(4 * LIMIT_TAR_NAME);
	struct versions *v = xcalloc(1, sizeof *v);

	v->copies = strmap_new();
	v->ix = rs->ix;
	for (size_t i = 0; i < rs->o->versions.len; i++) {
		if (add_wish(v, rs, rs->o->versions.at[i], e) < 0) {
			versions_free(v);
			return NULL;
		}
	}
	for (size_t i = 0; i < rs->ix->n_alternates; i++) {
		struct copy *c = arena_alloc(&v->arena, sizeof *c);

		c->en = &rs->ix->alternates[i];
		object_key(&key, c->en);
		c->next = strmap_get(v->copies, buf_str(&key));
		strmap_put(v->copies, buf_str(&key), c);
	}
	v->twins = find_twins(rs);
	return v;
}

void
versions_free(struct versions *v)
{
	if (v == NULL)
		return;
	for (size_t i = 0; i < v->wishes.len; i++) {
		free(v->wishes.at[i].gr);
		strs_free(&v->wishes.at[i].versions);
	}
	vec_free(&v->wishes);
	strmap_free(v->twins);
	strmap_free(v->copies);
	arena_done(&v->arena);
	free(v);
}

void
versions_find_alone(const struct versions *v, struct versions_alone *out)
{
	AUTO(strmap_freep) struct strmap *seen = strmap_new();
	AUTO_BUF struct buf key = BUF_INIT(4 * LIMIT_TAR_NAME);

	if (v->ix->n_alternates == 0)
		return;
	for (size_t i = 0; i < v->ix->n_entries; i++) {
		object_key(&key, &v->ix->entries[i]);
		if (strmap_has(v->copies, buf_str(&key)))
			(void)strmap_add(seen, buf_str(&key));
	}
	for (size_t i = 0; i < v->ix->n_alternates; i++) {
		object_key(&key, &v->ix->alternates[i]);
		if (strmap_add(seen, buf_str(&key)))
			*vec_push(out) = &v->ix->alternates[i];
	}
}

void
versions_alone_done(struct versions_alone *v)
{
	vec_free(v);
}

/* --- the choice --- */

static const struct api_resource *
look_up(const struct discovery *d, struct str gr, const char *version)
{
	size_t dot = str_chr(gr, '.');
	AUTO_FREE char *resource = str_dup(str_sub(gr, 0, dot));
	AUTO_FREE char *group = str_dup(str_sub(gr, dot + 1, gr.len));

	return discovery_gvr(d, group, version, resource);
}

/* The type in the version of a stored copy, if the cluster serves it. */
static const struct api_resource *
served(struct restore *rs, const struct index_entry *en)
{
	struct versions *v = rs->versions;

	if (v->last.gr != en->gr.p || v->last.version != en->version.p || v->last.age != rs->d_age) {
		AUTO_FREE char *version = str_dup(en->version);

		v->last.gr = en->gr.p;
		v->last.version = en->version.p;
		v->last.age = rs->d_age;
		v->last.res = look_up(rs->d, en->gr, version);
	}
	return v->last.res;
}

static const struct strs *
wish_for(const struct versions *v, struct str gr)
{
	for (size_t i = 0; i < v->wishes.len; i++)
		if (str_eqz(gr, v->wishes.at[i].gr))
			return &v->wishes.at[i].versions;
	return NULL;
}

/* The copy in that version, if the cluster serves it. */
static const struct index_entry *
copy_in(struct restore *rs, const struct index_entry *planned, struct copy *copies, const char *version)
{
	const struct index_entry *en = str_eqz(planned->version, version) ? planned : NULL;

	for (struct copy *c = copies; c != NULL && en == NULL; c = c->next)
		if (str_eqz(c->en->version, version))
			en = c->en;
	return en != NULL && served(rs, en) != NULL ? en : NULL;
}

/* Of the copies that the cluster serves: its preferred version, else the highest one. */
static const struct index_entry *
best_copy(struct restore *rs, struct copy *copies)
{
	const struct index_entry *best = NULL;

	for (struct copy *c = copies; c != NULL; c = c->next) {
		const struct api_resource *res = served(rs, c->en);

		if (res == NULL)
			continue;
		if (res->preferred)
			return c->en;
		if (best == NULL || version_cmp(c->en->version, best->version) > 0)
			best = c->en;
	}
	return best;
}

static const struct index_entry *
find_copy(struct restore *rs, const struct index_entry *planned)
{
	struct copy *copies = copies_of(rs->versions, planned);
	const struct strs *wish = wish_for(rs->versions, planned->gr);

	for (size_t i = 0; wish != NULL && i < wish->len; i++) {
		const struct index_entry *en = copy_in(rs, planned, copies, wish->at[i]);

		if (en != NULL)
			return en;
	}
	if (!planned->alternate && served(rs, planned) != NULL)
		return planned;
	return best_copy(rs, copies);
}

/* --- conversion of what no stored copy of is served --- */

static const struct conversion *
converts(struct restore *rs, const struct index_entry *en, const struct api_resource **res)
{
	struct versions *v = rs->versions;

	if (v->last_cv.gr != en->gr.p || v->last_cv.version != en->version.p || v->last_cv.age != rs->d_age) {
		v->last_cv.gr = en->gr.p;
		v->last_cv.version = en->version.p;
		v->last_cv.age = rs->d_age;
		v->last_cv.res = NULL;
		v->last_cv.cv = convert_served(rs->d, en->gr, en->version, &v->last_cv.res);
	}
	*res = v->last_cv.res;
	return v->last_cv.cv;
}

/* The highest of the copies that can be converted. */
static const struct index_entry *
convertible(struct restore *rs, const struct index_entry *planned, const struct api_resource **res)
{
	const struct index_entry *best = NULL;
	const struct api_resource *one;

	if (!planned->alternate && converts(rs, planned, &one) != NULL) {
		best = planned;
		*res = one;
	}
	for (struct copy *c = copies_of(rs->versions, planned); c != NULL; c = c->next)
		if (converts(rs, c->en, &one) != NULL && (best == NULL || version_cmp(c->en->version, best->version) > 0)) {
			best = c->en;
			*res = one;
		}
	return best;
}

const struct conversion *
versions_conversion(const struct index_entry *en, const struct api_resource *res)
{
	const struct conversion *cv;

	if (str_eqz(en->version, res->version) && str_eqz(en->gr, res->gr))
		return NULL;
	cv = convert_find(en->gr, en->version);
	return cv != NULL && strcmp(cv->to_gr, res->gr) == 0 && strcmp(cv->to, res->version) == 0 ? cv : NULL;
}

struct str
versions_type(const struct discovery *d, struct str gr, struct str version)
{
	const struct conversion *cv = convert_find(gr, version);

	if (cv == NULL || str_eqz(gr, cv->to_gr) || look_up(d, gr, NULL) != NULL || convert_served(d, gr, version, NULL) == NULL)
		return gr;
	return str_of(cv->to_gr);
}

static struct strmap *
find_twins(const struct restore *rs)
{
	struct strmap *types = strmap_new(), *twins = strmap_new();
	AUTO_BUF struct buf key = BUF_INIT(4 * LIMIT_TAR_NAME);
	const char *last = NULL;

	for (size_t i = 0; i < rs->ix->n_entries; i++) {
		const struct index_entry *en = &rs->ix->entries[i];
		struct str gr = en->gr.p != last ? versions_type(rs->d, en->gr, en->version) : en->gr;

		last = en->gr.p;
		if (!str_eq(gr, en->gr))
			(void)strmap_add(types, gr);
	}
	for (size_t i = 0; strmap_len(types) > 0 && i < rs->ix->n_entries; i++) {
		object_key(&key, &rs->ix->entries[i]);
		if (strmap_has(types, rs->ix->entries[i].gr))
			(void)strmap_add(twins, buf_str(&key));
	}
	strmap_free(types);
	return twins;
}

bool
versions_has_twin(const struct restore *rs, const struct index_entry *en)
{
	AUTO_BUF struct buf key = BUF_INIT(4 * LIMIT_TAR_NAME);
	struct str gr;

	if (strmap_len(rs->versions->twins) == 0)
		return false;
	gr = versions_type(rs->d, en->gr, en->version);
	if (str_eq(gr, en->gr))
		return false;
	key_as(&key, gr, en);
	return strmap_has(rs->versions->twins, buf_str(&key));
}

static void
add_version(struct buf *out, unsigned *shown, struct str version)
{
	if (*shown < SHOWN_MAX)
		buf_putf(out, "%s" STR_FMT, *shown > 0 ? ", " : "", STR_ARG(str_sub(version, 0, 63)));
	++*shown;
}

static int
not_served(const struct restore *rs, const struct index_entry *planned, struct err *e)
{
	AUTO_BUF struct buf held = BUF_INIT(4 * KIB);
	AUTO_BUF struct buf known = BUF_INIT(4 * KIB);
	unsigned n_held = 0, n_known = 0;

	if (!planned->alternate)
		add_version(&held, &n_held, planned->version);
	for (struct copy *c = copies_of(rs->versions, planned); c != NULL; c = c->next)
		add_version(&held, &n_held, c->en->version);
	for (size_t i = 0; i < rs->d->all.len; i++)
		if (str_eqz(planned->gr, rs->d->all.at[i].gr))
			add_version(&known, &n_known, str_of(rs->d->all.at[i].version));
	return err_set(e, EK_NOTFOUND, "the cluster does not serve " STR_FMT " in a version that the backup holds (%s): %s%s",
		STR_ARG(planned->gr), buf_cstr(&held), n_known > 0 ? "the cluster serves it as "
		: "the cluster has no such type", buf_cstr(&known));
}

int
versions_choose(struct restore *rs, const struct index_entry *planned, const struct index_entry **en,
	const struct api_resource **res, struct err *e)
{
	const struct index_entry *copy = find_copy(rs, planned);

	if (copy != NULL) {
		*en = copy;
		*res = served(rs, copy);
		return 0;
	}
	copy = convertible(rs, planned, res);
	if (copy != NULL) {
		*en = copy;
		return 0;
	}
	if (rs->o->any_version) {
		const struct api_resource *preferred = look_up(rs->d, planned->gr, NULL);

		if (preferred != NULL) {
			*en = planned;
			*res = preferred;
			return 0;
		}
	}
	return not_served(rs, planned, e);
}
