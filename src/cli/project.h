/* Names on the command line and what they mean in the project.  Main thread. */
#ifndef ORLOP_CLI_PROJECT_H
#define ORLOP_CLI_PROJECT_H

#include "app/project.h"
#include "cli/cli.h"

/*
 * Finds the location and the cluster that the arguments name: c->url, and kubeconfig and context in c->args.  Without a location it
 * is the project's default one, which is said.  Returns an exit code; what is not EXIT_OK has been said.
 */
MUST_CHECK int cli_resolve(struct cli *c);

/* The project of --project, ORLOP_PROJECT or 'project use'.  NULL: said, and *code is the exit code. */
MUST_CHECK struct project *cli_project(const struct cli *c, int *code);

/* The exit code of an error about a project, which is said. */
int project_failed(const struct err *e);

/* Says so when the URL says that the store's certificate is not to be checked. */
void cli_warn_insecure(const char *url, const char *name);

/* The location's URL, after its keys were looked at.  NULL: said, and *code is the exit code. */
MUST_CHECK char *cli_location_url(const struct project *p, const struct location *l, int *code);

#endif
