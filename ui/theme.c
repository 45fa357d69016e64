/* Roles, palettes, and the files that give roles their looks. */
#include "ui/theme.h"

#include "base/attr.h"
#include "base/mem.h"
#include "base/parse.h"
#include "data/yaml.h"

#include <stdlib.h>
#include <string.h>

#define NEAR 2               /* edits of a name that is still "meant" */

#define ROLE_TEXT_(id, name, mono) [ROLE_##id] = { name, mono },
static const struct { const char *name; uint8_t mono; } roles[] = { ROLES(ROLE_TEXT_) };
#undef ROLE_TEXT_

static const struct { const char *name; uint8_t attr; } attrs[] = {
	{ "bold", ATTR_BOLD }, { "dim", ATTR_DIM }, { "underline", ATTR_UNDERLINE }, { "reverse", ATTR_REVERSE },
	{ "italic", ATTR_ITALIC },
};

/* The palette of 16, as xterm has it; what these look like is up to the terminal, only distances are taken from here. */
static const struct { const char *name; uint32_t rgb; } palette[16] = {
	{ "black", 0x000000 }, { "red", 0xcd0000 }, { "green", 0x00cd00 }, { "yellow", 0xcdcd00 },
	{ "blue", 0x0000ee }, { "magenta", 0xcd00cd }, { "cyan", 0x00cdcd }, { "white", 0xe5e5e5 },
	{ "bright-black", 0x7f7f7f }, { "bright-red", 0xff0000 }, { "bright-green", 0x00ff00 },
	{ "bright-yellow", 0xffff00 }, { "bright-blue", 0x5c5cff }, { "bright-magenta", 0xff00ff },
	{ "bright-cyan", 0x00ffff }, { "bright-white", 0xffffff },
};

const char *
role_text(enum role r)
{
	return roles[r].name;
}

void
theme_mono(struct theme *t)
{
	const struct color none = { COLOR_DEFAULT, COLOR_DEFAULT, COLOR_DEFAULT, COLOR_DEFAULT };

	*t = (struct theme){ .name = "mono" };
	for (size_t i = 0; i < ROLE_COUNT_; i++)
		t->roles[i] = (struct style){ none, none, roles[i].mono };
}

/* --- nearest colors --- */

static uint32_t
rgb_of_256(int i)
{
	static const uint8_t steps[6] = { 0, 95, 135, 175, 215, 255 };
	uint32_t gray;

	if (i < 16)
		return palette[i].rgb;
	if (i >= 232) {
		gray = (uint32_t)(8 + 10 * (i - 232));
		return gray << 16 | gray << 8 | gray;
	}
	i -= 16;
	return (uint32_t)steps[i / 36] << 16 | (uint32_t)steps[i / 6 % 6] << 8 | steps[i % 6];
}

static int
part(uint32_t rgb, int shift)
{
	return (int)(rgb >> shift & 0xff);
}

static long
distance(uint32_t a, uint32_t b)
{
	long sum = 0;

	for (int shift = 0; shift <= 16; shift += 8) {
		long d = part(a, shift) - part(b, shift);

		sum += d * d;
	}
	return sum;
}

int
theme_nearest(uint32_t rgb, enum depth d)
{
	/* The 256 are searched from 16 on: the first ones may be anything. */
	int from = d == DEPTH_256 ? 16 : 0, to = d == DEPTH_256 ? 256 : d == DEPTH_16 ? 16 : 8, best = from;

	for (int i = from; i < to; i++)
		if (distance(rgb, rgb_of_256(i)) < distance(rgb, rgb_of_256(best)))
			best = i;
	return best;
}

/* --- files --- */

struct reading {
	const struct ynode *colors;      /* of the file; NULL: none */
	struct theme        to;
	struct err         *e;
};

static int
wrong(struct reading *r, const struct ynode *at, const char *what, const char *text)
{
	return err_set(r->e, EK_INVALID, "line %u: %s '%.60s'", at->line, what, text);
}

static struct color
color_of_rgb(uint32_t rgb)
{
	return (struct color){ (int32_t)rgb, (int16_t)theme_nearest(rgb, DEPTH_256), (int8_t)theme_nearest(rgb, DEPTH_16),
		(int8_t)theme_nearest(rgb, DEPTH_8) };
}

static struct color
color_of_index(int i)
{
	uint32_t rgb = rgb_of_256(i);

	if (i < 16)
		return (struct color){ (int32_t)rgb, (int16_t)i, (int8_t)i, (int8_t)(i % 8) };
	return (struct color){ (int32_t)rgb, (int16_t)i, (int8_t)theme_nearest(rgb, DEPTH_16),
		(int8_t)theme_nearest(rgb, DEPTH_8) };
}

static bool
parse_hex(const char *s, uint32_t *rgb)
{
	uint32_t v = 0;

	if (s[0] != '#' || strlen(s) != 7 || strspn(s + 1, "0123456789abcdefABCDEF") != 6)
		return false;
	for (int i = 1; i < 7; i++)
		v = v << 4 | (uint32_t)(s[i] <= '9' ? s[i] - '0' : (s[i] | 0x20) - 'a' + 10);
	*rgb = v;
	return true;
}

/* "#rrggbb", "default", a number or a name of the palette. */
static bool
parse_plain(const char *s, struct color *out)
{
	uint32_t rgb;
	uint64_t n;

	if (strcmp(s, "default") == 0) {
		*out = (struct color){ COLOR_DEFAULT, COLOR_DEFAULT, COLOR_DEFAULT, COLOR_DEFAULT };
		return true;
	}
	if (parse_hex(s, &rgb)) {
		*out = color_of_rgb(rgb);
		return true;
	}
	if (parse_u64(str_of(s), 255, &n)) {
		*out = color_of_index((int)n);
		return true;
	}
	for (int i = 0; i < 16; i++)
		if (strcmp(palette[i].name, s) == 0) {
			*out = color_of_index(i);
			return true;
		}
	return false;
}

/* A plain color, or one for each depth: {true: "#6cb6ff", c256: 75, c16: bright-blue, c8: blue}. */
static int
parse_color(struct reading *r, const struct ynode *n, struct color *out)
{
	static const char *const known[] = { "true", "c256", "c16", "c8", NULL };
	struct color c, part_of;

	if (n->kind == Y_SCALAR)
		return parse_plain(n->text, out) ? 0 : wrong(r, n, "not a color:", n->text);
	if (n->kind != Y_MAP || n->len == 0)
		return wrong(r, n, "a color is a text or a map:", n->key != NULL ? n->key : "");
	if (yaml_only(n, "theme", known, r->e) < 0)
		return -1;
	if (n->at[0]->kind != Y_SCALAR || !parse_plain(n->at[0]->text, &c))
		return wrong(r, n->at[0], "not a color:", n->at[0]->key);
	for (size_t i = 0; i < n->len; i++) {
		const struct ynode *m = n->at[i];

		if (m->kind != Y_SCALAR || !parse_plain(m->text, &part_of))
			return wrong(r, m, "not a color:", m->key);
		if (strcmp(m->key, "true") == 0)
			c.rgb = part_of.rgb;
		else if (strcmp(m->key, "c256") == 0)
			c.c256 = part_of.c256;
		else if (strcmp(m->key, "c16") == 0)
			c.c16 = part_of.c16;
		else
			c.c8 = part_of.c8;
	}
	*out = c;
	return 0;
}

static int
find_color(struct reading *r, const struct ynode *n, struct color *out)
{
	const struct ynode *named = n->kind == Y_SCALAR ? yaml_get(r->colors, n->text) : NULL;

	return parse_color(r, named != NULL ? named : n, out);
}

static int
parse_attrs(struct reading *r, const struct ynode *list, uint8_t *out)
{
	uint8_t sum = 0;

	if (list->kind != Y_SEQ)
		return wrong(r, list, "attributes are a list:", list->text != NULL ? list->text : "");
	for (size_t i = 0; i < list->len; i++) {
		const struct ynode *n = list->at[i];
		size_t k = 0;

		while (k < COUNT(attrs) && (n->kind != Y_SCALAR || strcmp(attrs[k].name, n->text) != 0))
			k++;
		if (k == COUNT(attrs))
			return wrong(r, n, "not an attribute:", n->text != NULL ? n->text : "");
		sum |= attrs[k].attr;
	}
	*out = sum;
	return 0;
}

static int
unknown_role(struct reading *r, const struct ynode *n)
{
	const char *meant = NULL;
	unsigned best = NEAR + 1;

	for (size_t i = 0; i < ROLE_COUNT_; i++) {
		unsigned d = str_distance(str_of(roles[i].name), str_of(n->key));

		if (d < best) {
			best = d;
			meant = roles[i].name;
		}
	}
	if (meant != NULL)
		return err_set(r->e, EK_INVALID, "line %u: unknown role '%.60s' (did you mean '%s'?)", n->line, n->key, meant);
	return wrong(r, n, "unknown role", n->key);
}

static int
parse_role(struct reading *r, const struct ynode *n)
{
	static const char *const known[] = { "fg", "bg", "attr", NULL };
	const struct ynode *fg, *bg, *attr;
	size_t i = 0;

	while (i < ROLE_COUNT_ && strcmp(roles[i].name, n->key) != 0)
		i++;
	if (i == ROLE_COUNT_)
		return unknown_role(r, n);
	if (n->kind != Y_MAP)
		return wrong(r, n, "a role is a map of fg, bg and attr:", n->key);
	if (yaml_only(n, "theme", known, r->e) < 0)
		return -1;
	fg = yaml_get(n, "fg");
	bg = yaml_get(n, "bg");
	attr = yaml_get(n, "attr");
	if ((fg != NULL && find_color(r, fg, &r->to.roles[i].fg) < 0)
	    || (bg != NULL && find_color(r, bg, &r->to.roles[i].bg) < 0))
		return -1;
	return attr != NULL ? parse_attrs(r, attr, &r->to.roles[i].attr) : 0;
}

int
theme_parse(struct str yaml, struct theme *t, struct err *e)
{
	static const char *const known[] = { "name", "base", "colors", "roles", NULL };
	AUTO_YAML struct ynode *doc = yaml_parse(yaml, "theme", e);
	struct reading r = { .to = *t, .e = e };
	const struct ynode *list;

	if (doc == NULL || yaml_only(doc, "theme", known, e) < 0)
		return -1;
	if (yaml_text(doc, "name") == NULL)
		return err_set(e, EK_INVALID, "line 1: a theme has a name");
	str_copy(r.to.name, sizeof r.to.name, str_of(yaml_text(doc, "name")));
	r.colors = yaml_get(doc, "colors");
	list = yaml_get(doc, "roles");
	if (list != NULL && list->kind != Y_MAP)
		return wrong(&r, list, "roles are a map:", "");
	for (size_t i = 0; list != NULL && i < list->len; i++)
		if (parse_role(&r, list->at[i]) < 0)
			return -1;
	*t = r.to;
	return 0;
}
