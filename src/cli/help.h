/* Help texts and shell completion, generated from the tables of cli/args.h. */
#ifndef ORLOP_CLI_HELP_H
#define ORLOP_CLI_HELP_H

#include "cli/args.h"

#include <stdio.h>

void help_overview(FILE *to);
bool help_group(const char *group, FILE *to);            /* false: no such group, nothing is printed */
void help_command(const struct command *cmd, FILE *to);

/* The completion script for "bash", "zsh" or "fish"; false: another shell. */
bool completion_print(const char *shell);

#endif
