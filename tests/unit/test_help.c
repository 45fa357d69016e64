/* Tests of help and completion: every row of the tables is explained, and the scripts are ones. */
#include "cli/help.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/str.h"
#include "capture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void
print_overview(void *ctx)
{
	(void)ctx;
	help_overview(stdout);
}

static void
print_command(void *ctx)
{
	help_command(ctx, stdout);
}

static void
print_group(void *ctx)
{
	assert_true(help_group(ctx, stdout));
}

static void
print_completion(void *ctx)
{
	assert_true(completion_print(ctx));
}

static char *
full_name(const struct command *cmd)
{
	return cmd->verb != NULL ? xasprintf("%s %s", cmd->group, cmd->verb) : xstrdup(cmd->group);
}

static void
every_row_of_the_tables_is_complete(void **state)
{
	(void)state;
	for (size_t i = 0; i < commands_len; i++) {
		const struct command *cmd = &commands[i];

		assert_non_null(cmd->run);
		assert_non_null(cmd->operands);
		assert_true(strlen(cmd->summary) > 5);
		assert_true(cmd->summary[strlen(cmd->summary) - 1] != '.');
		assert_true(cmd->min <= cmd->max && (cmd->max == 0) == (cmd->operands[0] == '\0'));
		/* Single quotes delimit texts in the fish script. */
		assert_null(strchr(cmd->summary, '\''));
	}
	for (size_t i = 0; i < option_rows_len; i++) {
		const struct option_row *o = &option_rows[i];

		assert_true(strlen(o->help) > 5);
		assert_true(o->set != 0);
		if (o->type != OPT_T_TRI)
			assert_int_equal(o->value == NULL, o->type == OPT_T_FLAG);
	}
}

static void
overview_shows_every_command_and_every_exit_code(void **state)
{
	static const char *const codes[] = { "0 done", "1 failed", "2 usage", "3 done with errors", "4 not found",
		"5 location", "6 cluster", "7 integrity", "130 interrupted" };
	AUTO_FREE char *text = captured(print_overview, NULL);

	(void)state;
	for (size_t i = 0; i < commands_len; i++) {
		AUTO_FREE char *name = full_name(&commands[i]);

		assert_non_null(strstr(text, name));
		assert_non_null(strstr(text, commands[i].summary));
	}
	for (size_t i = 0; i < COUNT(codes); i++)
		assert_non_null(strstr(text, codes[i]));
}

/* Two rows may share a name: the one of this command is shown, the other is not. */
static void
command_shows_its_options_and_no_others(void **state)
{
	(void)state;
	for (size_t i = 0; i < commands_len; i++) {
		struct command cmd = commands[i];
		AUTO_FREE char *text = captured(print_command, &cmd);
		AUTO_FREE char *name = full_name(&cmd);
		AUTO_FREE char *usage = xasprintf("Usage: orlop %s", name);

		assert_true(str_starts(str_of(text), str_of(usage)));
		for (size_t k = 0; k < option_rows_len; k++) {
			bool has = ((cmd.sets | SET_ALWAYS) & option_rows[k].set) != 0;

			assert_int_equal(strstr(text, option_rows[k].help) != NULL, has);
		}
		if (cmd.example != NULL)
			assert_non_null(strstr(text, cmd.example));
	}
}

static void
group_shows_its_verbs(void **state)
{
	char group[] = "backup";
	AUTO_FREE char *text = captured(print_group, group);

	(void)state;
	assert_non_null(strstr(text, "backup verify"));
	assert_null(strstr(text, "restore create"));
	assert_false(help_group("frobnicate", stdout));
	assert_false(help_group("version", stdout));
}

/* The examples are command lines that the parser takes. */
static void
examples_parse(void **state)
{
	(void)state;
	for (size_t i = 0; i < commands_len; i++) {
		AUTO_FREE char *text = NULL;
		struct args a = { 0 };
		char *words[32];
		struct err e;
		int n = 0, used;

		if (commands[i].example == NULL || strncmp(commands[i].example, "orlop ", 6) != 0)
			continue;
		text = xstrdup(commands[i].example + 6);
		for (char *p = text, *space; n < (int)COUNT(words); p = space + 1) {
			words[n++] = p;
			space = strchr(p, ' ');
			if (space == NULL)
				break;
			*space = '\0';
		}
		assert_ptr_equal(command_find(n, words, &used, &e), &commands[i]);
		assert_int_equal(args_parse(&commands[i], n - used, words + used, &a, &e), 0);
		args_done(&a);
	}
}

/* 0, or what the shell says; 127: there is no such shell. */
static int
shell_checks(const char *shell, const char *script)
{
	AUTO_BUF struct buf out = BUF_INIT(MIB);
	char path[] = "/tmp/orlop-test-XXXXXX";
	const char *argv[] = { shell, "-n", path, NULL };
	struct proc p = { .argv = argv, .timeout_ns = 30 * NS_PER_S };
	int fd = mkstemp(path), status = 127;
	struct err e;

	assert_true(fd >= 0);
	assert_int_equal(file_write_all(fd, script, strlen(script), &e), 0);
	close(fd);
	if (proc_run(&p, &out, &out, &status, NULL, &e) < 0)
		assert_int_equal(e.kind, EK_NOTFOUND);
	unlink(path);
	return status;
}

static void
completion_scripts_parse(void **state)
{
	static const char *const shells[] = { "bash", "zsh", "fish" };

	(void)state;
	for (size_t i = 0; i < COUNT(shells); i++) {
		char shell[8];
		AUTO_FREE char *script = NULL;
		int status;

		snprintf(shell, sizeof shell, "%s", shells[i]);
		script = captured(print_completion, shell);
		assert_non_null(strstr(script, "describe"));
		assert_non_null(strstr(script, "include-namespaces"));
		status = shell_checks(shell, script);
		if (status == 127)
			print_message("there is no %s here to check its script with\n", shell);
		else
			assert_int_equal(status, 0);
	}
	assert_false(completion_print("tcsh"));
}

/* What bash offers after the words of line, the last one being incomplete. */
static char *
offered(const char *script, const char *line)
{
	struct buf out = BUF_INIT(MIB);
	AUTO_FREE char *program = xasprintf("%s\nCOMP_WORDS=(%s \"$1\"); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _orlop; "
		"echo \"${COMPREPLY[@]}\"", script, line);
	const char *argv[] = { "bash", "-c", program, "bash", "", NULL };
	struct proc p = { .argv = argv, .timeout_ns = 30 * NS_PER_S, .cwd = "/" };
	AUTO_BUF struct buf errors = BUF_INIT(MIB);
	struct err e;
	int status;

	if (proc_run(&p, &out, &errors, &status, NULL, &e) < 0)
		skip();
	assert_int_equal(status, 0);
	assert_int_equal(errors.len, 0);
	return out.p != NULL ? buf_take(&out, NULL) : xstrdup("");
}

static void
bash_offers_verbs_and_the_options_of_a_command(void **state)
{
	static const struct { const char *line, *has, *has_not; } rows[] = {
		{ "orlop", "backup restore", "--location" },
		{ "orlop backup", "create list", "validate" },
		{ "orlop backup list", "--location", "--ttl" },
		{ "orlop backup create x", "--ttl", "--from-backup" },
		{ "orlop completion", "bash zsh fish", "--location" },
		{ "orlop cluster", "check", "create" },
	};
	char shell[] = "bash";
	AUTO_FREE char *script = captured(print_completion, shell);

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_FREE char *words = offered(script, rows[i].line);

		if (strstr(words, rows[i].has) == NULL || strstr(words, rows[i].has_not) != NULL)
			fail_msg("after '%s': %s", rows[i].line, words);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_of_the_tables_is_complete),
		cmocka_unit_test(overview_shows_every_command_and_every_exit_code),
		cmocka_unit_test(command_shows_its_options_and_no_others),
		cmocka_unit_test(group_shows_its_verbs),
		cmocka_unit_test(examples_parse),
		cmocka_unit_test(completion_scripts_parse),
		cmocka_unit_test(bash_offers_verbs_and_the_options_of_a_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
