/* What the files of commands share.  Main thread; each command returns its exit code. */
#ifndef ORLOP_CLI_COMMANDS_H
#define ORLOP_CLI_COMMANDS_H

#include "cli/cli.h"

/* cli/commands.c: a request of the operation, with what all have in common. */
struct request *new_request(const struct cli *c, enum op op);
/* Tries c->url and shows the steps. */
int location_validate(struct cli *c);

/* cli/jobs.c */
int jobs_list(struct cli *c);
int jobs_watch(struct cli *c);
int jobs_cancel(struct cli *c);

/* cli/location.c */
int location_add(struct cli *c);
int location_list(struct cli *c);
int location_show(struct cli *c);
int location_remove(struct cli *c);
int location_policies(struct cli *c);

/* cli/look.c */
int backup_ls(struct cli *c);
int backup_cat(struct cli *c);
int backup_diff(struct cli *c);
int backup_history(struct cli *c);
int backup_grep(struct cli *c);

/* cli/project.c */
int projects_create(struct cli *c);
int projects_list(struct cli *c);
int projects_use(struct cli *c);

#endif
