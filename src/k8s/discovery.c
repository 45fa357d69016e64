/* Discovery documents, aggregated and classic, into one list of resources; look-ups by what users and objects say. */
#include "config.h"

#include "k8s/discovery.h"

#include "base/limits.h"
#include "base/mem.h"
#include "data/jdoc.h"
#include "k8s/server.h"

#include <string.h>
#include <strings.h>

#define WINDOW 8        /* group versions asked for at a time, of servers without aggregated discovery */

static const struct { const char *name; unsigned bit; } verb_bits[] = {
	{ "list", VERB_LIST }, { "get", VERB_GET }, { "create", VERB_CREATE }, { "delete", VERB_DELETE },
	{ "patch", VERB_PATCH }, { "update", VERB_UPDATE }, { "watch", VERB_WATCH },
};

static void
resource_done(struct api_resource *r)
{
	free(r->group);
	free(r->version);
	free(r->name);
	free(r->kind);
	free(r->singular);
	free(r->gr);
	free(r->api_version);
	strs_free(&r->short_names);
}

void
discovery_free(struct discovery *d)
{
	if (!d)
		return;
	for (size_t i = 0; i < d->all.len; i++)
		resource_done(&d->all.at[i]);
	vec_free(&d->all);
	strs_free(&d->warnings);
	free(d);
}

void
discovery_freep(struct discovery **d)
{
	discovery_free(*d);
	*d = NULL;
}

/* ------------------------------------------------------------------ building */

/* What the documents of both kinds say about the group version that is being read. */
struct gv {
	const char *group, *version;
	unsigned    order;
};

static void
warn_gv(struct discovery *d, const struct gv *gv, const char *why)
{
	AUTO_FREE char *text = xasprintf("aggregated API %s.%s is not available: %s", gv->version, gv->group, why);
	strs_add(&d->warnings, text);
}

static unsigned
read_verbs(const cJSON *verbs)
{
	unsigned bits = 0;
	const cJSON *v;

	jdoc_each(v, verbs)
		for (size_t i = 0; i < COUNT(verb_bits); i++)
			if (cJSON_IsString(v) && strcmp(v->valuestring, verb_bits[i].name) == 0)
				bits |= verb_bits[i].bit;
	return bits;
}

static void
add_resource(struct discovery *d, const struct gv *gv, const char *name, const char *kind, const char *singular,
	bool namespaced, const cJSON *res)
{
	bool core = *gv->group == '\0';
	struct api_resource *r = vec_push(&d->all);
	const cJSON *s;

	*r = (struct api_resource){
		.group = xstrdup(gv->group),
		.version = xstrdup(gv->version),
		.name = xstrdup(name),
		.kind = xstrdup(kind),
		.singular = xstrdup(singular ? singular : ""),
		.gr = core ? xstrdup(name) : xasprintf("%s.%s", name, gv->group),
		.api_version = core ? xstrdup(gv->version) : xasprintf("%s/%s", gv->group, gv->version),
		.namespaced = namespaced,
		.verbs = read_verbs(jdoc_get(res, "verbs")),
		.order = gv->order,
	};
	jdoc_each(s, jdoc_get(res, "shortNames"))
		if (cJSON_IsString(s))
			strs_add(&r->short_names, s->valuestring);
}

static void
add_aggregated_resource(struct discovery *d, const struct gv *gv, const cJSON *res)
{
	const char *name = jdoc_text(res, "resource"), *kind = jdoc_text(res, "responseKind.kind");
	const char *scope = jdoc_text(res, "scope");
	const cJSON *sub;

	/* A server that knows no kind for a resource serves its subresources only. */
	if (!name || !kind || !*kind)
		return;
	add_resource(d, gv, name, kind, jdoc_text(res, "singularResource"),
		scope && strcmp(scope, "Namespaced") == 0, res);
	jdoc_each(sub, jdoc_get(res, "subresources")) {
		const char *s = jdoc_text(sub, "subresource");
		if (s && strcmp(s, "status") == 0)
			d->all.at[d->all.len - 1].has_status = true;
	}
}

static void
add_aggregated_group(struct discovery *d, const cJSON *group, unsigned order)
{
	const char *name = jdoc_text(group, "metadata.name");
	const cJSON *version, *res;

	jdoc_each(version, jdoc_get(group, "versions")) {
		const char *v = jdoc_text(version, "version"), *freshness = jdoc_text(version, "freshness");
		struct gv gv = { name ? name : "", v ? v : "", order };
		if (!v)
			continue;
		if (freshness && strcmp(freshness, "Stale") == 0) {
			warn_gv(d, &gv, "the server has no fresh answer from it");
			continue;
		}
		jdoc_each(res, jdoc_get(version, "resources"))
			add_aggregated_resource(d, &gv, res);
	}
}

/* An APIResourceList; its subresources stand beside the resources, after them or not. */
static void
add_classic(struct discovery *d, const struct gv *gv, const cJSON *doc)
{
	const cJSON *list = jdoc_get(doc, "resources"), *res;
	size_t first = d->all.len;

	jdoc_each(res, list) {
		const char *name = jdoc_text(res, "name"), *kind = jdoc_text(res, "kind");
		if (name && kind && !strchr(name, '/'))
			add_resource(d, gv, name, kind, jdoc_text(res, "singularName"),
				jdoc_bool(res, "namespaced", false), res);
	}
	jdoc_each(res, list) {
		struct str sub = str_of(jdoc_text(res, "name")), parent;
		if (!str_split(&sub, '/', &parent) || !str_eqz(sub, "status"))
			continue;
		for (size_t i = first; i < d->all.len; i++)
			if (str_eqz(parent, d->all.at[i].name))
				d->all.at[i].has_status = true;
	}
}

/* all is in the order of groups, and in a group the preferred version comes first: the first one of a name wins. */
static void
mark_preferred(struct discovery *d)
{
	for (size_t i = 0; i < d->all.len; i++) {
		struct api_resource *r = &d->all.at[i];
		size_t j = i;
		while (j > 0 && d->all.at[j - 1].order == r->order && strcmp(d->all.at[j - 1].name, r->name) != 0)
			j--;
		r->preferred = j == 0 || d->all.at[j - 1].order != r->order;
	}
}

/* ------------------------------------------------------------------ loading */

/* The document of /api or /apis. */
static cJSON *
read_root(const struct buf *body, const char *path, struct err *e)
{
	cJSON *doc = jdoc_parse(buf_str(body), e);

	if (!doc)
		err_ctx(e, "GET %s", path);
	return doc;
}

static bool
is_aggregated(const cJSON *doc)
{
	const char *kind = jdoc_text(doc, "kind");
	return kind && strcmp(kind, "APIGroupDiscoveryList") == 0;
}

/* Group extensions comes last, as in Velero: what it shares with other groups is then taken from those. */
static bool
is_last(const char *group)
{
	return group && strcmp(group, "extensions") == 0;
}

static unsigned
load_aggregated(struct discovery *d, const cJSON *doc, unsigned order)
{
	const cJSON *items = jdoc_get(doc, "items"), *group;

	for (int last = 0; last <= 1; last++)
		jdoc_each(group, items)
			if (is_last(jdoc_text(group, "metadata.name")) == last)
				add_aggregated_group(d, group, order++);
	return order;
}

/* One group version of a server without aggregated discovery; they are fetched in any order and added in theirs. */
struct part {
	struct gv  gv;
	char      *path;
	cJSON     *doc;
	char      *failed;
};
struct parts VEC_OF(struct part);

static void
parts_done(struct parts *v)
{
	for (size_t i = 0; i < v->len; i++) {
		free(v->at[i].path);
		cJSON_Delete(v->at[i].doc);
		free(v->at[i].failed);
	}
	vec_free(v);
}

static void
plan_version(struct parts *v, const char *group, const char *version, unsigned order)
{
	if (version)
		*vec_push(v) = (struct part){ .gv = { group, version, order },
			.path = *group ? xasprintf("/apis/%s/%s", group, version) : xasprintf("/api/%s", version) };
}

static unsigned
plan_core(struct parts *v, const cJSON *api, unsigned order)
{
	const cJSON *version;

	jdoc_each(version, jdoc_get(api, "versions"))
		plan_version(v, "", cJSON_IsString(version) ? version->valuestring : NULL, order);
	return order + 1;
}

static void
plan_group(struct parts *v, const cJSON *group, unsigned order)
{
	const char *name = jdoc_text(group, "name"), *preferred = jdoc_text(group, "preferredVersion.version");
	const cJSON *version;

	if (!name || !*name)
		return;
	plan_version(v, name, preferred, order);
	jdoc_each(version, jdoc_get(group, "versions")) {
		const char *text = jdoc_text(version, "version");
		if (text && (!preferred || strcmp(text, preferred) != 0))
			plan_version(v, name, text, order);
	}
}

static void
plan_groups(struct parts *v, const cJSON *apis, unsigned order)
{
	const cJSON *groups = jdoc_get(apis, "groups"), *group;

	for (int last = 0; last <= 1; last++)
		jdoc_each(group, groups)
			if (is_last(jdoc_text(group, "name")) == last)
				plan_group(v, group, order++);
}

/* An aggregated API may be dead, its document damaged; the API server itself may not. */
static bool
is_fatal(const struct part *p, const struct err *why)
{
	bool answered = why->http != 0 || why->kind == EK_CORRUPT || why->kind == EK_LIMIT;
	return !answered || why->http == 401 || *p->gv.group == '\0';
}

static int
part_arrived(struct http_call *call, struct err *e)
{
	struct part *p = k8s_call_tag(call);
	struct err why;

	if (k8s_call_result(call, &why) == 0)
		p->doc = jdoc_parse(k8s_call_body(call), &why);
	http_call_free(call);
	if (p->doc)
		return 0;
	if (is_fatal(p, &why)) {
		*e = why;
		return err_ctx(e, "discovery: GET %s", p->path);
	}
	p->failed = xstrdup(why.msg);
	return 0;
}

static int
fetch_parts(struct k8s *k, struct parts *v, const struct cancel *c, struct err *e)
{
	for (size_t started = 0, back = 0; back < v->len; back++) {
		for (; started < v->len && started - back < WINDOW; started++) {
			struct part *p = &v->at[started];
			struct k8s_op op = { .method = "GET", .path = p->path, .tag = p,
				.max_body = LIMIT_DISCOVERY };
			if (k8s_start(k, &op, c, e) < 0)
				goto stopped;
		}
		struct http_call *call = k8s_next(k, c, e);
		if (!call || part_arrived(call, e) < 0)
			goto stopped;
	}
	return 0;
stopped:
	k8s_abort(k);
	return -1;
}

static int
load_parts(struct k8s *k, struct discovery *d, struct parts *v, const struct cancel *c, struct err *e)
{
	if (fetch_parts(k, v, c, e) < 0)
		return -1;
	for (size_t i = 0; i < v->len; i++) {
		if (v->at[i].doc)
			add_classic(d, &v->at[i].gv, v->at[i].doc);
		else
			warn_gv(d, &v->at[i].gv, v->at[i].failed);
	}
	return 0;
}

static int
load(struct k8s *k, struct discovery *d, const cJSON *api, const cJSON *apis, const struct cancel *c, struct err *e)
{
	AUTO(parts_done) struct parts parts = { 0 };
	unsigned order = 0;

	order = is_aggregated(api) ? load_aggregated(d, api, order) : plan_core(&parts, api, order);
	if (load_parts(k, d, &parts, c, e) < 0)
		return -1;
	parts_done(&parts);
	if (is_aggregated(apis)) {
		load_aggregated(d, apis, order);
		return 0;
	}
	plan_groups(&parts, apis, order);
	return load_parts(k, d, &parts, c, e);
}

/* Every API server has both roots: without one, half of the cluster would be missing. */
static int
load_roots(struct k8s *k, struct discovery *d, const struct cancel *c, struct err *e)
{
	struct buf roots[ROOT_COUNT_] = { 0 };
	cJSON *api = NULL, *apis = NULL;
	int rc = k8s_take_roots(k, roots, c, e);

	if (rc == 0 && ((api = read_root(&roots[ROOT_API], "/api", e)) == NULL
	                || (apis = read_root(&roots[ROOT_APIS], "/apis", e)) == NULL))
		rc = -1;
	for (int i = 0; i < ROOT_COUNT_; i++)
		buf_free(&roots[i]);
	if (rc < 0) {
		if (e->kind == EK_NOTFOUND || e->kind == EK_INVALID || e->kind == EK_CORRUPT)
			e->kind = EK_UNAVAILABLE;   /* nothing is wrong with what the user named, or with a backup */
		err_ctx(e, "discovery");
	} else {
		rc = load(k, d, api, apis, c, e);
	}
	cJSON_Delete(api);
	cJSON_Delete(apis);
	return rc;
}

struct discovery *
discovery_load(struct k8s *k, const struct cancel *c, struct err *e)
{
	AUTO(discovery_freep) struct discovery *d = xcalloc(1, sizeof *d);

	if (load_roots(k, d, c, e) < 0)
		return NULL;
	mark_preferred(d);
	return TAKE(d);
}

/* ------------------------------------------------------------------ look-ups */

static bool
str_eq_nocase(struct str a, const char *b)
{
	return strlen(b) == a.len && strncasecmp(a.p, b, a.len) == 0;
}

/* How well a word names a resource: lower is better, NO_MATCH not at all. */
enum match { BY_PLURAL, BY_SINGULAR, BY_KIND, BY_SHORT_NAME, NO_MATCH };

static enum match
match_word(const struct api_resource *r, struct str word)
{
	if (str_eq_nocase(word, r->name))
		return BY_PLURAL;
	if (str_eq_nocase(word, r->singular))
		return BY_SINGULAR;
	if (str_eq_nocase(word, r->kind))
		return BY_KIND;
	for (size_t i = 0; i < r->short_names.len; i++)
		if (str_eq_nocase(word, r->short_names.at[i]))
			return BY_SHORT_NAME;
	return NO_MATCH;
}

/* rest is "" (nothing after the word), "group" or "version.group", for core "version". */
static bool
match_rest(const struct api_resource *r, struct str rest)
{
	if (rest.len == 0)
		return r->preferred;
	if (*r->group && str_eq_nocase(rest, r->group))
		return r->preferred;
	struct str version = str_sub(rest, 0, str_chr(rest, '.'));
	struct str group = str_sub(rest, version.len + 1, rest.len);
	return str_eq_nocase(version, r->version) && str_eq_nocase(group, r->group);
}

const struct api_resource *
discovery_resolve(const struct discovery *d, const char *name)
{
	struct str all = str_of(name), word = str_sub(all, 0, str_chr(all, '.'));
	struct str rest = str_sub(all, word.len + 1, all.len);
	const struct api_resource *best = NULL;
	enum match best_match = NO_MATCH;

	if (word.len == 0)
		return NULL;
	/* all is sorted with core first: of equally good matches the first one stays. */
	for (size_t i = 0; i < d->all.len; i++) {
		const struct api_resource *r = &d->all.at[i];
		enum match m = match_word(r, word);
		if (m < best_match && match_rest(r, rest)) {
			best = r;
			best_match = m;
		}
	}
	return best;
}

const struct api_resource *
discovery_gvr(const struct discovery *d, const char *group, const char *version, const char *resource)
{
	for (size_t i = 0; i < d->all.len; i++) {
		const struct api_resource *r = &d->all.at[i];
		if (strcmp(r->name, resource) == 0 && strcmp(r->group, group) == 0 &&
			(version ? strcmp(r->version, version) == 0 : r->preferred))
			return r;
	}
	return NULL;
}

const struct api_resource *
discovery_kind(const struct discovery *d, const char *api_version, const char *kind)
{
	for (size_t i = 0; i < d->all.len; i++) {
		const struct api_resource *r = &d->all.at[i];
		if (strcmp(r->kind, kind) == 0 && strcmp(r->api_version, api_version) == 0)
			return r;
	}
	return NULL;
}

const char *
discovery_suggest(const struct discovery *d, const char *name)
{
	AUTO_FREE char *lower = xstrdup(name);
	for (char *p = lower; *p; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p + ('a' - 'A'));
	struct str want = str_of(lower);
	bool with_group = str_chr(want, '.') < want.len;
	unsigned best = want.len <= 4 ? 2 : want.len <= 7 ? 3 : 4;      /* a distance must stay below it */
	const char *found = NULL;

	for (size_t i = 0; i < d->all.len; i++) {
		const struct api_resource *r = &d->all.at[i];
		const char *names[] = { with_group ? r->gr : r->name, with_group ? "" : r->singular };
		for (size_t n = 0; r->preferred && n < COUNT(names); n++) {
			unsigned distance = *names[n] ? str_distance(want, str_of(names[n])) : best;
			if (distance < best) {
				best = distance;
				found = names[n];
			}
		}
	}
	return found;
}

char *
api_path(const struct api_resource *r, const char *ns, const char *name)
{
	size_t most = 64 + strlen(r->api_version) +
		3 * (strlen(r->name) + str_of(ns).len + str_of(name).len);
	struct buf path = BUF_INIT(most);

	buf_putf(&path, "%s/%s", *r->group ? "/apis" : "/api", r->api_version);
	if (ns && r->namespaced) {
		buf_puts(&path, "/namespaces/");
		http_escape(&path, str_of(ns), false);
	}
	buf_putc(&path, '/');
	http_escape(&path, str_of(r->name), false);
	if (name) {
		buf_putc(&path, '/');
		http_escape(&path, str_of(name), false);
	}
	return buf_take(&path, NULL);
}
