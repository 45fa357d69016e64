/* Applying resource modifiers to one object (velero-format 4.10). */
#include "engine/change_impl.h"

#include "base/limits.h"
#include "base/mem.h"

#include <string.h>

/* --- patterns --- */

/* Length of the bracket expression at p[at], 0: it is none. */
static size_t
bracket_len(struct str p, size_t at)
{
	size_t from = at + 1 + (at + 1 < p.len && p.p[at + 1] == '!');
	size_t end = from + 1 < p.len ? from + 1 + str_chr(str_sub(p, from + 1, p.len), ']') : p.len;

	return end < p.len ? end + 1 - at : 0;
}

static bool
bracket_has(struct str set, char c)
{
	bool negated = set.p[0] == '!';
	unsigned char u = (unsigned char)c;

	for (size_t i = negated; i < set.len; i++) {
		unsigned char lo = (unsigned char)set.p[i], hi = lo;

		if (i + 2 < set.len && set.p[i + 1] == '-') {
			hi = (unsigned char)set.p[i + 2];
			i += 2;
		}
		if (u >= lo && u <= hi)
			return !negated;
	}
	return negated;
}

/* Whether the one-character pattern at p[*at] matches c; *at moves behind it. */
static bool
match_one(struct str p, size_t *at, char c, char sep)
{
	size_t from = *at, len = p.p[from] == '[' ? bracket_len(p, from) : 0;

	if (len > 0) {
		*at += len;
		return bracket_has(str_sub(p, from + 1, from + len - 1), c);
	}
	if (p.p[from] == '\\' && from + 1 < p.len)
		from++;
	else if (p.p[from] == '?') {
		*at = from + 1;
		return sep == '\0' || c != sep;
	}
	*at = from + 1;
	return p.p[from] == c;
}

bool
change_glob(struct str p, struct str text, char sep)
{
	bool now[LIMIT_NAME + 2] = { true }, next[LIMIT_NAME + 2];   /* [i]: the pattern so far matches i characters */

	if (text.len > LIMIT_NAME)
		return false;
	for (size_t at = 0, after; at < p.len; at = after) {
		memset(next, 0, sizeof next);
		after = at + 1;
		if (p.p[at] == '*') {
			bool any = sep == '\0' || (at + 1 < p.len && p.p[at + 1] == '*');

			while (after < p.len && p.p[after] == '*')
				after++;
			for (size_t i = 0; i <= text.len; i++)
				next[i] = now[i] || (i > 0 && next[i - 1] && (any || text.p[i - 1] != sep));
		} else {
			for (size_t i = 0; i <= text.len; i++) {
				size_t end = at;
				bool hit = match_one(p, &end, i < text.len ? text.p[i] : '\0', sep);

				after = end;
				if (i < text.len && now[i] && hit)
					next[i + 1] = true;
			}
		}
		memcpy(now, next, sizeof now);
	}
	return now[text.len];
}

static bool
any_matches(const struct strs *patterns, struct str text, char sep)
{
	for (size_t i = 0; i < patterns->len; i++)
		if (change_glob(str_of(patterns->at[i]), text, sep))
			return true;
	return false;
}

bool
rules_concern(const struct rules *rs, struct str gr)
{
	for (size_t i = 0; i < rs->len; i++)
		if (any_matches(&rs->at[i].types, gr, '.'))
			return true;
	return false;
}

/* --- conditions --- */

/* 1: all conditions hold, 0: they don't, -1: that cannot be said. */
static int
concerns(const struct rule *r, const struct change_item *it, struct jnode *obj, struct err *e)
{
	size_t done;
	struct err why;
	int found;

	if (!any_matches(&r->types, it->gr, '.'))
		return 0;
	if (it->ns.len > 0 && r->namespaces.len > 0 && !any_matches(&r->namespaces, it->ns, '\0'))
		return 0;
	if (r->name) {
		found = regex_search(r->name, it->name, e);
		if (found <= 0)
			return found < 0 ? err_ctx(e, "resourceNameRegex") : 0;
	}
	if (!selector_match(r->labels, jnode_raw(jnode_walk(obj, "metadata", "labels", NULL))))
		return 0;
	if (jpatch_apply(obj, it->arena, r->matches.at, r->matches.len, &done, &why) == 0)
		return 1;
	if (why.kind == EK_CONFLICT)
		return 0;
	*e = why;
	return err_ctx(e, "matches");
}

/* --- patches --- */

/* What the request for an object is built from must stay. */
static int
check_identity(struct jnode *before, struct jnode *after, struct err *e)
{
	static const char *const keys[] = { "apiVersion", "kind" };

	if (jnode_type(after) != J_OBJ)
		return err_set(e, EK_INVALID, "the patch leaves no object");
	for (size_t i = 0; i < COUNT(keys); i++)
		if (!jsame(jnode_raw(jnode_get(before, keys[i])), jnode_raw(jnode_get(after, keys[i]))))
			return err_set(e, EK_INVALID, "the patch changes '%s', which has to stay", keys[i]);
	if (!jsame(jnode_raw(jnode_walk(before, "metadata", "name", NULL)),
		    jnode_raw(jnode_walk(after, "metadata", "name", NULL))))
		return err_set(e, EK_INVALID, "the patch changes 'metadata.name', which has to stay");
	return 0;
}

static int
patch(const struct rule *r, struct str gr, struct jnode *obj, struct arena *a, struct err *e)
{
	size_t done;

	if (r->kind == PATCH_JSON) {
		if (jpatch_apply(obj, a, r->ops.at, r->ops.len, &done, e) == 0)
			return 0;
		return err_ctx(e, "operation %zu (%s)", done + 1, jpatch_name(r->ops.at[done].what));
	}
	for (size_t i = 0; i < r->patches.len; i++) {
		if (r->kind == PATCH_MERGE)
			jpatch_merge(obj, r->patches.at[i]);
		else if (strategic_merge(obj, a, gr, r->patches.at[i], e) < 0)
			return -1;
	}
	return 0;
}

/* Appends what the rule makes of text to out. */
static int
patched(const struct rule *r, struct str gr, struct str text, struct buf *out, struct err *e)
{
	AUTO_ARENA struct arena a = ARENA_INIT;
	struct jnode *obj = jnode_open(&a, text);
	struct err bad;

	if (patch(r, gr, obj, &a, e) < 0 || check_identity(jnode_open(&a, text), obj, e) < 0 || jnode_write(obj, out, e) < 0)
		return -1;
	if (json_check(buf_str(out), &bad) < 0)
		return err_set(e, EK_INVALID, "the patch leaves no valid object: %s", bad.msg);
	return 0;
}

static void
report(const struct change_item *it, size_t i, const struct rule *r, const struct err *why)
{
	AUTO_FREE char *text = xasprintf("resource modifier rule %zu (line %u) was not applied: %s", i + 1, r->line, why->msg);

	it->problem(it->ctx, text);
}

void
rules_apply(struct rules *rs, const struct change_item *it, struct jnode **obj)
{
	struct buf now = BUF_INIT(LIMIT_OBJECT), next = BUF_INIT(LIMIT_OBJECT);
	bool changed = false;

	for (size_t i = 0; i < rs->len; i++) {
		const struct rule *r = &rs->at[i];
		struct err e;
		struct buf t;
		int rc = concerns(r, it, *obj, &e);

		if (rc == 0)
			continue;
		buf_cut(&next, 0);
		if (rc > 0 && patched(r, it->gr, changed ? buf_str(&now) : jnode_raw(*obj), &next, &e) == 0) {
			t = now;
			now = next;
			next = t;
			changed = true;
		} else if (rc < 0 || e.kind != EK_CONFLICT) {
			report(it, i, r, &e);
		}
	}
	if (changed)
		*obj = jnode_open(it->arena, arena_str(it->arena, buf_str(&now)));
	buf_wipe(&now);                  /* may be a Secret */
	buf_wipe(&next);
}
