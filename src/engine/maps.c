/* Maps of names. */
#include "engine/maps.h"

#include "base/mem.h"

#include <string.h>

void
name_map_add(struct name_map *m, struct str from, struct str to, bool lenient)
{
	*vec_push(m) = (struct name_pair){ str_dup(str_trim(from)), str_dup(str_trim(to)), false, lenient };
}

void
name_map_done(struct name_map *m)
{
	for (size_t i = 0; i < m->len; i++) {
		free(m->at[i].from);
		free(m->at[i].to);
	}
	vec_free(m);
}

static size_t
stars(struct str s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++)
		n += s.p[i] == '*';
	return n;
}

int
name_map_read(struct name_map *m, const struct strs *entries, char sep, unsigned allowed, const char *option, struct err *e)
{
	for (size_t i = 0; i < entries->len; i++) {
		struct str text = str_of(entries->at[i]), from = str_trim(str_sub(text, 0, str_chr(text, sep)));
		struct str to = str_sub(text, str_chr(text, sep) + 1, text.len);
		bool no_target = str_trim(to).len == 0;

		if (from.len == 0 || str_chr(text, sep) == text.len || (sep == ':' && str_chr(to, ':') < to.len)
		    || (no_target && (allowed & MAP_NO_TARGET) == 0))
			return err_set(e, EK_INVALID, "%s: '%s' is not OLD%cNEW", option, entries->at[i], sep);
		if ((allowed & MAP_PATTERNS) != 0 && (stars(from) > 1 || (!no_target && stars(from) != stars(to))))
			return err_set(e, EK_INVALID, "%s: '%s': a pattern has one '*' on each side", option, entries->at[i]);
		name_map_add(m, from, to, false);
	}
	return 0;
}

/* What the '*' of pattern stands for.  False: no pattern, or it does not match. */
static bool
match(struct str pattern, struct str name, struct str *middle)
{
	size_t star = str_chr(pattern, '*');
	struct str head = str_sub(pattern, 0, star), tail = str_sub(pattern, star + 1, pattern.len);

	if (star == pattern.len || name.len <= head.len + tail.len || !str_starts(name, head) || !str_ends(name, tail))
		return false;
	*middle = str_sub(name, head.len, name.len - tail.len);
	return true;
}

static struct str
filled(struct arena *a, struct str pattern, struct str middle)
{
	size_t star = str_chr(pattern, '*');
	struct str tail = str_sub(pattern, star + 1, pattern.len);
	char *p;

	if (star == pattern.len)
		return arena_str(a, pattern);
	p = arena_alloc(a, pattern.len + middle.len + 1);
	memcpy(p, pattern.p, star);
	memcpy(p + star, middle.p, middle.len);
	memcpy(p + star + middle.len, tail.p, tail.len);
	return (struct str){ p, star + middle.len + tail.len };
}

bool
name_map_get(struct name_map *m, struct str name, struct arena *a, struct str *out)
{
	struct str middle = { 0 };
	size_t i, k;

	for (i = 0; i < m->len && !str_eqz(name, m->at[i].from); i++)
		;
	for (k = 0; i == m->len && k < m->len; k++)
		if (match(str_of(m->at[k].from), name, &middle))
			i = k;
	if (i == m->len)
		return false;
	m->at[i].used = true;
	*out = middle.len > 0 ? filled(a, str_of(m->at[i].to), middle) : arena_str(a, str_of(m->at[i].to));
	return true;
}

static const struct name_pair *
unused(const struct name_map *m)
{
	for (size_t i = 0; i < m->len; i++)
		if (!m->at[i].used && !m->at[i].lenient)
			return &m->at[i];
	return NULL;
}

bool
name_map_all_used(const struct name_map *m)
{
	return unused(m) == NULL;
}

int
name_map_check(const struct name_map *m, char sep, const char *option, struct err *e)
{
	const struct name_pair *p = unused(m);

	if (p == NULL)
		return 0;
	return err_set(e, EK_NOTFOUND, "%s: '%s%c%s' matches nothing of what is to be restored; nothing was changed", option,
		p->from, sep, p->to);
}
