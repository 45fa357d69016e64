/* Changes as text: values stay the bytes they are, nothing goes through a double. */
#include "ui/screens/changes.h"

#include "base/limits.h"
#include "base/mem.h"
#include "data/jscan.h"
#include "data/yaml.h"

#define WHERE_MAX 1000

static void
put_side(struct buf *out, char sign, struct str raw)
{
	AUTO(buf_wipe) struct buf yaml = BUF_INIT(2 * LIMIT_OBJECT);
	struct err ignored;
	struct str rest, line;

	if (raw.len == 0 || yaml_from_json(raw, &yaml, &ignored) < 0)
		return;
	rest = str_trim(buf_str(&yaml));
	while (rest.len > 0 && str_split(&rest, '\n', &line)) {
		buf_putf(out, "%c ", sign);
		buf_put_str(out, line);
		buf_putc(out, '\n');
	}
}

static void
put_change(struct str change, struct buf *text, struct buf *where)
{
	struct str old = { 0 }, new = { 0 }, raw;
	AUTO_FREE char *path = jget(change, "path", &raw) ? jstr_dup(raw) : NULL;
	const char *shown = path != NULL ? path : "?";

	(void)jget(change, "old", &old);
	(void)jget(change, "new", &new);
	if (where != NULL && where->len < WHERE_MAX)
		buf_putf(where, "%s%.200s", where->len > 0 ? ", " : "", shown);
	if (text == NULL)
		return;
	buf_putf(text, "~ %s\n", shown);
	put_side(text, '-', old);
	put_side(text, '+', new);
}

void
changes_put(struct str row, struct buf *text, struct buf *where)
{
	struct jiter it;
	struct str list, change;

	if (!jget(row, "changes", &list) || !jiter_arr(&it, list))
		return;
	while (jiter_next(&it, NULL, &change))
		put_change(change, text, where);
}

char *
finding_text(struct str json)
{
	struct str raw;
	char *text = jget(json, "text", &raw) ? jstr_dup(raw) : NULL;

	return text != NULL ? text : str_dup(json);
}
