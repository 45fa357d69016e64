/* Forms to words, words to a line and to a request. */
#include "ui/command.h"

#include "base/attr.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

#define LINE_MAX_ (1024 * 1024)

static void
add_option(struct strs *words, const struct field *d, const char *value)
{
	bool is_first = d->kind == FIELD_CHOICE && strcmp(d->choices[0], value) == 0;

	if (value[0] == '\0' || is_first)
		return;
	strs_add(words, d->id);
	if (d->kind != FIELD_CHECK)
		strs_add(words, value);
}

void
command_add(struct strs *words, const struct form *f)
{
	const char *name = form_get(f, "NAME");

	if (name[0] != '\0')
		strs_add(words, name);
	for (size_t i = 0; i < f->n; i++) {
		const struct field *d = &f->fields[i];

		if (d->id != NULL && strncmp(d->id, "--", 2) == 0 && (d->shown == NULL || d->shown(f)))
			add_option(words, d, form_get(f, d->id));
	}
}

static bool
has(const struct strs *words, const char *word)
{
	for (size_t i = 0; i < words->len; i++)
		if (strcmp(words->at[i], word) == 0)
			return true;
	return false;
}

void
command_add_place(struct strs *words, const struct model *m)
{
	const struct { const char *option, *value; } places[] = {
		{ "--location", m->opts.location }, { "--context", m->opts.context }, { "--kubeconfig", m->opts.kubeconfig },
	};

	for (size_t i = 0; i < COUNT(places); i++)
		if (places[i].value != NULL && !has(words, places[i].option)) {
			strs_add(words, places[i].option);
			strs_add(words, places[i].value);
		}
}

static bool
is_plain(const char *word)
{
	for (const char *p = word; *p != '\0'; p++)
		if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=:,./@%", *p) == NULL)
			return false;
	return word[0] != '\0';
}

static void
quote(const char *word, struct buf *out)
{
	if (is_plain(word)) {
		buf_puts(out, word);
		return;
	}
	buf_putc(out, '\'');
	for (const char *p = word; *p != '\0'; p++)
		if (*p == '\'')
			buf_puts(out, "'\\''");
		else
			buf_putc(out, *p);
	buf_putc(out, '\'');
}

void
command_text(const struct strs *words, int width, struct buf *out)
{
	size_t line = out->len;

	buf_puts(out, "orlop");
	for (size_t i = 0; i < words->len; i++) {
		AUTO_BUF struct buf word = BUF_INIT(LINE_MAX_);

		quote(words->at[i], &word);
		if (out->len - line + word.len + 3 > (size_t)width) {
			buf_puts(out, " \\\n ");
			line = out->len;
		}
		buf_putc(out, ' ');
		buf_put_str(out, buf_str(&word));
	}
}

struct request *
command_request(const struct model *m, const struct strs *words, struct err *e)
{
	return m->opts.request((int)words->len, words->at, e);
}
