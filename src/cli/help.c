/* Help texts. */
#include "cli/help.h"

#include "base/mem.h"

static void
usage_line(const struct command *cmd, FILE *to)
{
	fprintf(to, "orlop %s%s%s%s%s%s", cmd->group, cmd->verb != NULL ? " " : "", cmd->verb != NULL ? cmd->verb : "",
		cmd->operands[0] != '\0' ? " " : "", cmd->operands, cmd->sets != 0 ? " [options]" : "");
}

static void
command_lines(const char *group, FILE *to)
{
	for (size_t i = 0; i < commands_len; i++) {
		const struct command *cmd = &commands[i];
		AUTO_FREE char *name = NULL;

		if (group != NULL && strcmp(cmd->group, group) != 0)
			continue;
		name = xasprintf("%s%s%s", cmd->group, cmd->verb != NULL ? " " : "", cmd->verb != NULL ? cmd->verb : "");
		fprintf(to, "  %-20s %s\n", name, cmd->summary);
	}
}

void
help_overview(FILE *to)
{
	fputs("orlop backs up Kubernetes clusters to object storage and restores them, in Velero's format.\n\n"
		"Commands:\n", to);
	command_lines(NULL, to);
	fputs("\nExample:\n"
		"  orlop backup create b1 --location dir:./backups\n"
		"  orlop restore create --from-backup b1 --location dir:./backups --context other\n"
		"\n'orlop help COMMAND' shows the options of a command; the manual is orlop(1).\n"
		"\nExit codes: 0 done, 1 failed, 2 usage, 3 done with errors, 4 not found or nothing matched,\n"
		"  5 location unusable, 6 cluster unreachable or denied, 7 integrity check failed, 130 interrupted\n", to);
}

bool
help_group(const char *group, FILE *to)
{
	bool known = false;

	for (size_t i = 0; i < commands_len && !known; i++)
		known = commands[i].verb != NULL && strcmp(commands[i].group, group) == 0;
	if (!known)
		return false;
	fprintf(to, "Usage: orlop %s VERB [options]\n\nCommands:\n", group);
	command_lines(group, to);
	fprintf(to, "\n'orlop help %s VERB' shows the options of one.\n", group);
	return true;
}

void
help_command(const struct command *cmd, FILE *to)
{
	fputs("Usage: ", to);
	usage_line(cmd, to);
	fprintf(to, "\n\n%s.\n\nOptions:\n", cmd->summary);
	for (size_t i = 0; i < option_rows_len; i++) {
		const struct option_row *o = &option_rows[i];
		AUTO_FREE char *name = NULL;

		if (((cmd->sets | SET_ALWAYS) & o->set) == 0)
			continue;
		if (o->value == NULL)
			name = xasprintf("--%s", o->name);
		else
			name = xasprintf(o->type == OPT_T_TRI || o->type == OPT_T_HOURS ? "--%s[=%s]" : "--%s %s", o->name, o->value);
		if (o->letter != 0)
			fprintf(to, "  -%c, %s\n", o->letter, name);
		else
			fprintf(to, "      %s\n", name);
		fprintf(to, "            %s\n", o->help);
	}
	if (cmd->example != NULL)
		fprintf(to, "\nExample:\n  %s\n", cmd->example);
}
