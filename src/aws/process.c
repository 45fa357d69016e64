/* credential_process: a program that prints credentials.  Source: AWS SDKs and Tools Reference Guide, "Process credential
 * provider". */
#include "aws/creds_impl.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/text.h"
#include "base/vec.h"

#include <string.h>

#define TIMEOUT_NS (60 * NS_PER_S)
#define STDERR_MAX (4 * KIB)

/* One word of a command line without a shell: blanks divide, quotes and backslashes keep.  False: a quote is left open. */
static bool
next_word(struct str *rest, struct buf *word)
{
	char quote = '\0';
	size_t i = 0;

	for (; i < rest->len; i++) {
		char ch = rest->p[i];

		if (!quote && (ch == ' ' || ch == '\t'))
			break;
		if (ch == quote) {
			quote = '\0';
		} else if (!quote && (ch == '"' || ch == '\'')) {
			quote = ch;
		} else if (ch == '\\' && quote != '\'' && i + 1 < rest->len) {
			if (quote && !strchr("\"\\", rest->p[i + 1]))
				buf_putc(word, ch);
			buf_putc(word, rest->p[++i]);
		} else {
			buf_putc(word, ch);
		}
	}
	*rest = str_trim(str_sub(*rest, i, rest->len));
	return !quote;
}

static int
split_command(const char *command, struct strs *argv, struct err *e)
{
	struct str rest = str_trim(str_of(command));

	while (rest.len) {
		AUTO_BUF struct buf word = BUF_INIT(LIMIT_CONFIG);

		if (!next_word(&rest, &word))
			return err_set(e, EK_INVALID, "a quote is not closed in credential_process");
		strs_add(argv, buf_cstr(&word));
	}
	*vec_push(argv) = NULL;
	return 0;
}

static struct str
last_line(struct str text)
{
	size_t at;

	text = str_trim(text);
	at = str_rchr(text, '\n');
	return at < text.len ? str_trim(str_sub(text, at + 1, text.len)) : text;
}

static int
read_answer(struct str said, struct creds *out, struct err *e)
{
	AUTO(jdoc_wipep) cJSON *doc = jdoc_parse(str_trim(said), e);

	if (!doc)
		return err_ctx(e, "its output is not JSON");
	if (jdoc_int(doc, "Version", 0) != 1)
		return err_set(e, EK_CORRUPT, "its output is not of \"Version\": 1");
	return creds_from_json(doc, "SessionToken", "program", out, e);
}

static int
run(const char *const *argv, struct creds *out, const struct cancel *c, struct err *e)
{
	AUTO(buf_wipe) struct buf said = BUF_INIT(LIMIT_EXEC_OUTPUT);
	AUTO_BUF struct buf complaint = BUF_INIT(STDERR_MAX), shown = BUF_INIT(8 * STDERR_MAX);
	struct proc p = { .argv = argv, .timeout_ns = TIMEOUT_NS };
	int status;

	if (!buf_room(&said, CREDS_ANSWER, e) || proc_run(&p, &said, &complaint, &status, c, e) < 0)
		return -1;
	text_visible(&shown, last_line(buf_str(&complaint)), false);
	if (status != 0)
		return err_set(e, EK_DENIED, "it failed with exit code %d%s%.200s", status, shown.len ? ": " : "",
			buf_cstr(&shown));
	return read_answer(buf_str(&said), out, e);
}

int
process_fetch(const struct link_conf *x, const struct link *l, struct creds *out, const struct cancel *c, struct err *e)
{
	AUTO_STRS struct strs argv = { 0 };
	struct err why = { 0 };

	(void)x;
	if (split_command(l->command, &argv, &why) == 0 && argv.at[0] &&
	    run((const char *const *)argv.at, out, c, &why) == 0)
		return 0;
	*e = why;
	if (e->kind == EK_NOTFOUND)              /* the program, not the caller's object */
		e->kind = EK_DENIED;
	return err_ctx(e, "credential_process%s%.100s%s of profile '%.64s'", argv.len ? " '" : "",
		argv.len && argv.at[0] ? argv.at[0] : "", argv.len ? "'" : "", l->profile);
}
