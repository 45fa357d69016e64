/* Tests of cli/args: from words to values, and what wrong words get. */
#include "cli/args.h"

#include "base/buf.h"
#include "base/fmt.h"
#include "base/limits.h"
#include "base/mem.h"
#include "engine/restore_request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* A command line in words; they live as long as it does. */
struct words { char *text; char *at[64]; int n; };

static struct words
split(const char *line)
{
	struct words w = { .text = xstrdup(line) };

	for (char *p = w.text; *p != '\0' && w.n < (int)COUNT(w.at);) {
		size_t len = strcspn(p, " ");

		w.at[w.n++] = p;
		p += len;
		if (*p == ' ')
			*p++ = '\0';
	}
	/* "''" is how these tests write an empty word. */
	for (int i = 0; i < w.n; i++)
		if (strcmp(w.at[i], "''") == 0)
			w.at[i][0] = '\0';
		else if (strlen(w.at[i]) > 3 && strcmp(w.at[i] + strlen(w.at[i]) - 3, "=''") == 0)
			w.at[i][strlen(w.at[i]) - 2] = '\0';
	return w;
}

static void
put_strs(struct buf *out, const struct strs *v)
{
	for (size_t i = 0; i < v->len; i++)
		buf_putf(out, "%s%s", i > 0 ? "," : "", v->at[i]);
	buf_putc(out, ' ');
}

static void
put_option(struct buf *out, const struct option_row *o, const struct args *a)
{
	static const char *const outputs[] = { "table", "wide", "json", "yaml", "name" };
	static const char *const tri[] = { "unset", "no", "yes" };
	const void *at = (const char *)a + o->at;
	char text[FMT_MAX];

	switch (o->type) {
	case OPT_T_FLAG:
		if (*(const bool *)at)
			buf_putf(out, "%s ", o->name);
		break;
	case OPT_T_TRI:
		if (*(const enum opt_tri *)at != OPT_UNSET)
			buf_putf(out, "%s=%s ", o->name, tri[*(const enum opt_tri *)at]);
		break;
	case OPT_T_TEXT:
	case OPT_T_FILE:
		if (*(char *const *)at != NULL)
			buf_putf(out, "%s=%s ", o->name, *(char *const *)at);
		break;
	case OPT_T_LIST:
	case OPT_T_PAIRS:
		if (((const struct strs *)at)->len > 0) {
			buf_putf(out, "%s=", o->name);
			put_strs(out, at);
		}
		break;
	case OPT_T_HOURS:
	case OPT_T_DURATION:
		if (*(const int64_t *)at != 0)
			buf_putf(out, "%s=%s ", o->name, fmt_go_duration(text, *(const int64_t *)at));
		break;
	case OPT_T_COUNT:
		if (*(const uint64_t *)at != 0)
			buf_putf(out, "%s=%d ", o->name, (int)*(const uint64_t *)at);
		break;
	case OPT_T_OUTPUT:
		if (*(const enum output *)at != OUT_TABLE)
			buf_putf(out, "%s=%s ", o->name, outputs[*(const enum output *)at]);
		break;
	case OPT_T_POLICY:
		if (*(const enum existing_policy *)at != EXISTING_NONE)
			buf_putf(out, "%s=%s ", o->name, existing_policy_names[*(const enum existing_policy *)at]);
		break;
	case OPT_T_OWNERS:
		if (*(const bool *)at)
			buf_putf(out, "%s=relink ", o->name);
		break;
	}
}

/* Every value that differs from its default, in the order of the table, then the operands; or the error. */
static char *
parsed(const char *line)
{
	struct buf out = BUF_INIT(64 * KIB);
	struct words w = split(line);
	struct args a = { 0 };
	const struct command *cmd;
	struct err e = { 0 };
	int used = 0;

	cmd = command_find(w.n, w.at, &used, &e);
	if (cmd == NULL || args_parse(cmd, w.n - used, w.at + used, &a, &e) < 0) {
		assert_int_equal(e.kind, EK_INVALID);
		buf_puts(&out, e.msg);
	} else {
		for (size_t i = 0; i < option_rows_len; i++)
			if (((cmd->sets | SET_ALWAYS) & option_rows[i].set) != 0)
				put_option(&out, &option_rows[i], &a);
		if (a.pos.len > 0) {
			buf_puts(&out, ": ");
			put_strs(&out, &a.pos);
		}
		buf_cut(&out, out.len - (out.len > 0));
	}
	args_done(&a);
	free(w.text);
	return out.p != NULL ? buf_take(&out, NULL) : xstrdup("");
}

struct row { const char *line, *want; };

static void
check_rows(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		AUTO_FREE char *got = parsed(rows[i].line);

		if (strcmp(got, rows[i].want) != 0)
			fail_msg("'%s' gives\n  %s\ninstead of\n  %s", rows[i].line, got, rows[i].want);
	}
}

static void
options_in_every_spelling_become_values(void **state)
{
	static const struct row rows[] = {
		{ "version", "" },
		{ "backup list --location dir:x", "location=dir:x" },
		{ "backup list --location=dir:x=y", "location=dir:x=y" },
		{ "backup list -L dir:x", "location=dir:x" },
		{ "backup list -Ldir:x", "location=dir:x" },
		{ "backup list -L=dir:x", "location=dir:x" },
		{ "backup list -L dir:x -L dir:y", "location=dir:y" },
		{ "backup list -L dir:x -o json -q", "location=dir:x output=json quiet" },
		{ "backup list -L dir:x --quiet=true", "location=dir:x quiet" },
		{ "backup list -L dir:x --quiet=0", "location=dir:x" },
		{ "backup create -L dir:x", "location=dir:x" },
		{ "backup create -L dir:x b1 --ttl 24h", "location=dir:x ttl=24h0m0s : b1" },
		{ "backup create -L dir:x -- -b1", "location=dir:x : -b1" },
		{ "backup create -L dir:x -", "location=dir:x : -" },
		{ "backup create b1 -L dir:x --include-namespaces a,b --include-namespaces c*",
			"location=dir:x include-namespaces=a,b,c* : b1" },
		{ "backup create b1 -L dir:x --labels k=v,l= --concurrency 8 --page-size 500",
			"location=dir:x labels=k=v,l= page-size=500 concurrency=8 : b1" },
		{ "backup create b1 -L dir:x --include-cluster-resources", "location=dir:x include-cluster-resources=yes : b1" },
		{ "backup create b1 -L dir:x --include-cluster-resources=false -w",
			"location=dir:x include-cluster-resources=no wait=yes : b1" },
		{ "restore create -L dir:x --from-backup b1 --namespace-mappings a:b,c:d --existing-resource-policy update",
			"location=dir:x from-backup=b1 namespace-mappings=a:b,c:d existing-resource-policy=update" },
		{ "restore create -L dir:x --from-backup b1 --existing-resource-policy none --preserve-nodeports",
			"location=dir:x from-backup=b1 preserve-nodeports" },
		{ "restore create -L dir:x --from-backup b1 --existing-resource-policy recreate --yes-really pvc/a/b,pv/c --prune",
			"location=dir:x from-backup=b1 existing-resource-policy=recreate yes-really=pvc/a/b,pv/c prune" },
		{ "restore create -L dir:x --from-backup b1 --owner-references relink --pause-controllers",
			"location=dir:x from-backup=b1 owner-references=relink pause-controllers" },
		{ "restore create -L dir:x --from-backup b1 --owner-references drop", "location=dir:x from-backup=b1" },
		{ "backup download b1 -L dir:x -o -", "location=dir:x output=- : b1" },
		{ "backup delete a b c -L dir:x -y --context k", "location=dir:x context=k confirm : a,b,c" },
		{ "location validate dir:x", ": dir:x" },
		{ "location validate --location dir:x", "location=dir:x" },
		{ "cluster check --context a --cluster a", "context=a cluster=a" },
		/* Who asks for help need not know the rest. */
		{ "backup describe --help", "help" },
		{ "restore create -h", "help" },
	};

	(void)state;
	check_rows(rows, COUNT(rows));
}

static void
wrong_commands_name_the_nearest_or_where_to_look(void **state)
{
	static const struct row rows[] = {
		{ "frobnicate", "unknown command 'frobnicate': see 'orlop help'" },
		{ "bakup list", "unknown command 'bakup' (did you mean 'backup'?)" },
		{ "back list", "unknown command 'back' (did you mean 'backup'?)" },
		{ "backup", "'backup' needs a verb: see 'orlop help backup'" },
		{ "backup --location dir:x", "'backup' needs a verb: see 'orlop help backup'" },
		{ "backup frobnicate", "unknown command 'backup frobnicate': see 'orlop help backup'" },
		{ "backup lst", "unknown command 'backup lst' (did you mean 'backup list'?)" },
		{ "backup desc b1", "unknown command 'backup desc' (did you mean 'backup describe'?)" },
		/* A verb of another group is no help here. */
		{ "cluster validate", "unknown command 'cluster validate': see 'orlop help cluster'" },
		{ "--context x backup list", "option '--context' stands before the command: write 'orlop COMMAND OPTIONS'" },
	};

	(void)state;
	check_rows(rows, COUNT(rows));
}

static void
wrong_options_name_the_nearest(void **state)
{
	static const struct row rows[] = {
		{ "backup list --locatoin dir:x", "unknown option '--locatoin' (did you mean '--location'?)" },
		{ "backup list --loc dir:x", "unknown option '--loc' (did you mean '--location'?)" },
		{ "backup list --frobnicate", "unknown option '--frobnicate'" },
		/* Known, but not to this command. */
		{ "backup list -L dir:x --from-backup b1", "unknown option '--from-backup'" },
		{ "backup list -Z", "unknown option '-Z'" },
		{ "backup list -qo json", "'-qo': write options one by one" },
		{ "location add a --secret-key planted", "'--secret-key': a secret is no argument, where every user of the machine can "
			"read it: --access-key KEY asks for it, --secret-key-file FILE takes it from a file ('-': stdin)" },
	};

	(void)state;
	check_rows(rows, COUNT(rows));
}

static void
wrong_values_name_the_option_and_what_it_takes(void **state)
{
	static const struct row rows[] = {
		{ "backup list --location", "option '--location' needs a value: NAME|URL" },
		{ "backup list -L", "option '--location' needs a value: NAME|URL" },
		{ "backup list -L dir:x -o xml", "--output: 'xml' is not table, wide, json, yaml or name" },
		{ "backup list -L dir:x --quiet=perhaps", "--quiet=perhaps: true or false" },
		{ "backup create x -L dir:x --ttl tomorrow", "--ttl: 'tomorrow' is no duration like 720h or 1h30m" },
		{ "backup create x -L dir:x --ttl -1h", "--ttl: '-1h' is no duration like 720h or 1h30m" },
		{ "backup create x -L dir:x --ttl 0", "--ttl: '0' is no duration like 720h or 1h30m" },
		{ "backup create x -L dir:x --concurrency 0", "--concurrency: '0' is no number from 1 to 100000" },
		{ "backup create x -L dir:x --page-size 1e3", "--page-size: '1e3' is no number from 1 to 100000" },
		{ "backup create x -L dir:x --page-size 100001", "--page-size: '100001' is no number from 1 to 100000" },
		{ "backup create x -L dir:x --include-cluster-resources=maybe", "--include-cluster-resources=maybe: true or false" },
		{ "backup create x -L dir:x --labels a", "--labels: 'a' is not KEY=VALUE" },
		{ "backup create x -L dir:x --labels =a", "--labels: '=a' is not KEY=VALUE" },
		{ "restore create -L dir:x --from-backup b --namespace-mappings a", "--namespace-mappings: 'a' is not OLD:NEW" },
		{ "restore create -L dir:x --from-backup b --namespace-mappings a:b,:c", "--namespace-mappings: ':c' is not OLD:NEW" },
		{ "restore create -L dir:x --from-backup b --namespace-mappings a:", "--namespace-mappings: 'a:' is not OLD:NEW" },
		{ "restore create -L dir:x --from-backup b --namespace-mappings a:b:c", "--namespace-mappings: 'a:b:c' is not OLD:NEW" },
		{ "restore create -L dir:x --from-backup b --existing-resource-policy patch",
			"--existing-resource-policy: 'patch' is not none, update, apply, recreate or fail" },
		{ "backup create x -L dir:x --wait=false", "--wait=false: a command ends when its work has ended" },
	};

	(void)state;
	check_rows(rows, COUNT(rows));
}

/* "--include-namespaces $A,$B" must not select everything because the variables are unset. */
static void
empty_values_are_refused(void **state)
{
	static const struct row rows[] = {
		{ "backup list --location ''", "option '--location' needs a value: NAME|URL" },
		{ "backup list --location=''", "option '--location' needs a value: NAME|URL" },
		{ "cluster check --context ''", "option '--context' needs a value: NAME" },
		{ "backup create x -L dir:x --include-namespaces ''", "option '--include-namespaces' needs a value: NAMES" },
		{ "backup create x -L dir:x --include-namespaces ,", "--include-namespaces: ',' has an empty entry" },
		{ "backup create x -L dir:x --exclude-resources a,", "--exclude-resources: 'a,' has an empty entry" },
	};

	(void)state;
	check_rows(rows, COUNT(rows));
}

static void
operands_that_miss_or_exceed_are_named(void **state)
{
	static const struct row rows[] = {
		{ "backup describe -L dir:x", "'backup describe' needs NAME" },
		{ "backup cat b1 -L dir:x", "'backup cat' needs NAME KIND/[NAMESPACE/]NAME..." },
		{ "backup create one two -L dir:x", "unexpected 'two': 'backup create' takes [NAME]" },
		{ "backup list one -L dir:x", "unexpected 'one': 'backup list' takes only options" },
		{ "completion", "'completion' needs bash|zsh|fish" },
		{ "location add", "'location add' needs NAME" },
		{ "location list main", "unexpected 'main': 'location list' takes only options" },
		{ "location validate dir:x -L dir:y", "two locations are given: 'dir:x' and --location" },
		{ "restore create -L dir:x", "--from-backup is needed: see 'orlop backup list'" },
		{ "cluster check --context a --cluster b", "--context and --cluster name different clusters" },
		/* Would name the backup "false". */
		{ "backup create -L dir:x --include-cluster-resources false",
			"'--include-cluster-resources false': write --include-cluster-resources=false" },
	};

	(void)state;
	check_rows(rows, COUNT(rows));
}

/* Two rows may share a name, but never in one command. */
static void
names_and_letters_are_unambiguous_in_every_command(void **state)
{
	(void)state;
	for (size_t c = 0; c < commands_len; c++) {
		for (size_t i = 0; i < option_rows_len; i++) {
			for (size_t k = i + 1; k < option_rows_len; k++) {
				const struct option_row *a = &option_rows[i], *b = &option_rows[k];
				unsigned sets = commands[c].sets | SET_ALWAYS;

				if ((a->set & sets) == 0 || (b->set & sets) == 0)
					continue;
				assert_string_not_equal(a->name, b->name);
				assert_true(a->letter == 0 || a->letter != b->letter);
			}
		}
	}
}

/* Restores are continued, and plans executed, with what was written down of their options. */
static void
restore_options_are_written_down_or_said_not_to_be(void **state)
{
	/* How a command is run, or what takes its options from elsewhere; "server" is part of a plan. */
	static const char *const others[] = { "resume", "plan", "save", "dry-run", "server", "concurrency", "wait" };
	unsigned seen = 0;

	(void)state;
	for (size_t i = 0; i < option_rows_len; i++) {
		const struct option_row *o = &option_rows[i];
		const size_t restore = offsetof(struct args, restore), filter = offsetof(struct args, filter);
		size_t at = o->at - restore;
		bool written = false, other = false;

		if ((o->set & (SET_RESTORE | SET_FILTER | SET_PLAN | SET_RESUME)) == 0)
			continue;
		if (o->at >= filter && o->at < filter + sizeof(struct filter_opts))
			at = o->at - filter + offsetof(struct restore_opts, filter);
		for (size_t k = 0; k < request_fields_len && !written; k++)
			written = request_fields[k].at == at;
		for (size_t k = 0; k < COUNT(others) && !other; k++)
			other = strcmp(others[k], o->name) == 0;
		if (written == other)
			fail_msg("--%s is %s in request_fields and in this test's list", o->name, written ? "both" : "neither");
		seen += written;
	}
	assert_in_range(seen, 30, request_fields_len);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_in_every_spelling_become_values),
		cmocka_unit_test(wrong_commands_name_the_nearest_or_where_to_look),
		cmocka_unit_test(wrong_options_name_the_nearest),
		cmocka_unit_test(wrong_values_name_the_option_and_what_it_takes),
		cmocka_unit_test(empty_values_are_refused),
		cmocka_unit_test(operands_that_miss_or_exceed_are_named),
		cmocka_unit_test(restore_options_are_written_down_or_said_not_to_be),
		cmocka_unit_test(names_and_letters_are_unambiguous_in_every_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
