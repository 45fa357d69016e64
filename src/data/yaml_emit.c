/* JSON as YAML, through libyaml's emitter. */
#include "data/yaml.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "data/jscan.h"

#include <yaml.h>

struct emit {
	yaml_emitter_t emitter;
	struct buf    *out;
	struct err    *e;
	bool           failed;           /* e is set by the output */
};

static int
on_output(void *ctx, unsigned char *p, size_t n)
{
	struct emit *em = ctx;

	if (buf_add(em->out, p, n, em->e) == 0)
		return 1;
	em->failed = true;
	return 0;
}

static bool
event(struct emit *em, int initialized, yaml_event_t *ev)
{
	return initialized && yaml_emitter_emit(&em->emitter, ev);
}

/* Words that YAML readers, old ones included, take for something else than a text. */
static bool
needs_quotes(struct str s)
{
	static const char *const words[] = { "null", "Null", "NULL", "true", "True", "TRUE", "false", "False", "FALSE",
		"yes", "Yes", "YES", "no", "No", "NO", "on", "On", "ON", "off", "Off", "OFF", "y", "Y", "n", "N" };

	if (s.len == 0 || (s.p[0] >= '0' && s.p[0] <= '9') || memchr("+-.~=<", s.p[0], 6) != NULL)
		return true;
	for (size_t i = 0; i < COUNT(words); i++)
		if (str_eqz(s, words[i]))
			return true;
	return false;
}

static bool
scalar(struct emit *em, struct str s, bool text)
{
	yaml_event_t ev;
	bool plain = !text || !needs_quotes(s);
	yaml_scalar_style_t style = plain ? YAML_PLAIN_SCALAR_STYLE
		: YAML_SINGLE_QUOTED_SCALAR_STYLE;

	if (text && memchr(s.p, '\n', s.len) != NULL)
		style = YAML_LITERAL_SCALAR_STYLE;
	return event(em, yaml_scalar_event_initialize(&ev, NULL, NULL, (const yaml_char_t *)s.p, (int)s.len, plain, 1,
		style), &ev);
}

static bool
text_value(struct emit *em, struct str raw)
{
	AUTO_BUF struct buf text = BUF_INIT(LIMIT_OBJECT);

	if (jstr_decode(raw, &text, em->e) < 0) {
		em->failed = true;
		return false;
	}
	return scalar(em, text.len > 0 ? buf_str(&text) : S(""), true);
}

static bool value(struct emit *em, struct str raw);

static bool
members(struct emit *em, struct jiter *it)
{
	struct str key, val;

	while (jiter_next(it, &key, &val)) {
		if (it->obj) {
			struct str quoted = { key.p - 1, key.len + 2 };

			if (!text_value(em, quoted))
				return false;
		}
		if (!value(em, val))
			return false;
	}
	return true;
}

static bool
value(struct emit *em, struct str raw)
{
	struct jiter it;
	yaml_event_t ev;

	switch (jtype(raw)) {
	case J_OBJ:
		return jiter_obj(&it, raw)
			&& event(em, yaml_mapping_start_event_initialize(&ev, NULL, NULL, 1, YAML_ANY_MAPPING_STYLE), &ev)
			&& members(em, &it) && event(em, yaml_mapping_end_event_initialize(&ev), &ev);
	case J_ARR:
		return jiter_arr(&it, raw)
			&& event(em, yaml_sequence_start_event_initialize(&ev, NULL, NULL, 1, YAML_ANY_SEQUENCE_STYLE), &ev)
			&& members(em, &it) && event(em, yaml_sequence_end_event_initialize(&ev), &ev);
	case J_STR:
		return text_value(em, raw);
	case J_NULL:
	case J_BOOL:
	case J_NUM:
		return scalar(em, raw, false);
	case J_NONE:
		break;
	}
	return false;
}

int
yaml_from_json(struct str json, struct buf *out, struct err *e)
{
	struct emit em = { .out = out, .e = e };
	yaml_event_t ev;
	size_t start = out->len;
	bool ok;

	if (!yaml_emitter_initialize(&em.emitter))
		panic(__FILE__, __LINE__, "out of memory");
	yaml_emitter_set_output(&em.emitter, on_output, &em);
	yaml_emitter_set_unicode(&em.emitter, 1);
	yaml_emitter_set_width(&em.emitter, -1);
	ok = event(&em, yaml_stream_start_event_initialize(&ev, YAML_UTF8_ENCODING), &ev)
		&& event(&em, yaml_document_start_event_initialize(&ev, NULL, NULL, NULL, 1), &ev)
		&& value(&em, str_trim(json)) && event(&em, yaml_document_end_event_initialize(&ev, 1), &ev)
		&& event(&em, yaml_stream_end_event_initialize(&ev), &ev) && yaml_emitter_flush(&em.emitter);
	if (!ok && !em.failed)
		err_set(e, EK_INVALID, "YAML: %s", em.emitter.problem != NULL ? em.emitter.problem : "not a JSON value");
	yaml_emitter_delete(&em.emitter);
	if (!ok)
		buf_cut(out, start);
	return ok ? 0 : -1;
}
