/* Shell completion scripts. */
#include "cli/help.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"

/* Words after a group, blank-separated; all groups for NULL. */
static char *
words(const char *group)
{
	struct buf out = BUF_INIT(64 * KIB);
	const char *last = "";

	for (size_t i = 0; i < commands_len; i++) {
		const struct command *cmd = &commands[i];
		const char *word = group == NULL ? cmd->group : cmd->verb;

		if (word == NULL || (group != NULL && strcmp(cmd->group, group) != 0) || strcmp(word, last) == 0)
			continue;
		if (out.len > 0)
			buf_putc(&out, ' ');
		buf_puts(&out, word);
		last = word;
	}
	return buf_take(&out, NULL);
}

/* What may follow a command: its options, and operands that are one of "a|b|c". */
static char *
words_after(const struct command *cmd)
{
	struct buf out = BUF_INIT(64 * KIB);
	struct str rest = str_of(strchr(cmd->operands, '|') != NULL ? cmd->operands : ""), word;

	while (rest.len > 0 && str_split(&rest, '|', &word))
		buf_putf(&out, "%s" STR_FMT, out.len > 0 ? " " : "", STR_ARG(word));
	for (size_t i = 0; i < option_rows_len; i++)
		if (((cmd->sets | SET_ALWAYS) & option_rows[i].set) != 0)
			buf_putf(&out, "%s--%s", out.len > 0 ? " " : "", option_rows[i].name);
	return buf_take(&out, NULL);
}

static void
bash(void)
{
	AUTO_FREE char *groups = words(NULL);

	printf("_orlop() {\n\tlocal cur=${COMP_WORDS[COMP_CWORD]} w=\n"
		"\tif [ \"$COMP_CWORD\" -eq 1 ]; then w='%s'\n"
		"\telse case \"${COMP_WORDS[1]} ${COMP_WORDS[2]}\" in\n", groups);
	for (size_t i = 0; i < commands_len; i++) {
		AUTO_FREE char *after = words_after(&commands[i]);

		printf("\t'%s %s'*) w='%s' ;;\n", commands[i].group,
			commands[i].verb != NULL ? commands[i].verb : "", after);
	}
	puts("\tesac; fi\n\tif [ \"$COMP_CWORD\" -eq 2 ]; then case \"${COMP_WORDS[1]}\" in");
	for (size_t i = 0; i < commands_len; i++) {
		AUTO_FREE char *verbs = words(commands[i].group);

		if (verbs[0] != '\0' && (i == 0 || strcmp(commands[i - 1].group, commands[i].group) != 0))
			printf("\t%s) w='%s' ;;\n", commands[i].group, verbs);
	}
	puts("\tesac; fi\n\tCOMPREPLY=($(compgen -W \"$w\" -- \"$cur\"))\n"
		"\t[ ${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- \"$cur\"))\n}\n"
		"complete -F _orlop orlop");
}

static void
zsh(void)
{
	puts("#compdef orlop\nautoload -U +X bashcompinit && bashcompinit");
	bash();
}

static void
fish(void)
{
	AUTO_FREE char *groups = words(NULL);

	printf("complete -c orlop -f -n __fish_use_subcommand -a '%s'\n", groups);
	for (size_t i = 0; i < commands_len; i++) {
		const struct command *cmd = &commands[i];

		if (cmd->verb != NULL)
			printf("complete -c orlop -f -n '__fish_seen_subcommand_from %s' -a %s -d '%s'\n", cmd->group, cmd->verb,
				cmd->summary);
		for (size_t k = 0; k < option_rows_len; k++) {
			if (((cmd->sets | SET_ALWAYS) & option_rows[k].set) == 0)
				continue;
			printf("complete -c orlop -n '__fish_seen_subcommand_from %s; and __fish_seen_subcommand_from %s' -l %s%s\n",
				cmd->group, cmd->verb != NULL ? cmd->verb : cmd->group, option_rows[k].name,
				option_rows[k].value != NULL && option_rows[k].type != OPT_T_TRI ? " -r" : "");
		}
	}
}

bool
completion_print(const char *shell)
{
	static const struct { const char *shell; void (*print)(void); } shells[] = { { "bash", bash }, { "zsh", zsh },
		{ "fish", fish } };

	for (size_t i = 0; i < COUNT(shells); i++) {
		if (strcmp(shells[i].shell, shell) != 0)
			continue;
		shells[i].print();
		return true;
	}
	return false;
}
