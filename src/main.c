/*
 * orlop: backs up Kubernetes clusters to object storage in Velero's format, and restores them.
 *
 * Layers, each one a folder and a library; a layer sees those named behind it (tests/lint/layers.txt checks it):
 *
 *   base     memory, errors, text, time, threads, hashes, files      (nothing)
 *   data     JSON as bytes, YAML, XML, gzip                          base
 *   net      HTTP                                                    base
 *   aws      credentials, signatures                                 base data net
 *   k8s      kubeconfig, discovery, streamed lists                   base data net
 *   archive  Velero's bucket layout, tarball, index, side files      base data
 *   store    objects in a bucket or a folder                         base data net aws
 *   engine   the jobs: backup, restore, verify                       all of these
 *   app      backend thread, jobs, journal: what front ends call     all of these
 *   cli, ui  front ends                                              base data app
 *
 * docs/architecture.md has the drawing.
 */
#include "app/project.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "data/jdoc.h"
#include "k8s/kubeconfig.h"
#include "net/http.h"
#include "ui/ui.h"

#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/*
 * Memory holds tokens and Secrets: a crash must not write them to a disk.  A limit of 0 is not heeded where core_pattern
 * names a program that takes the dump (core(5)); Linux gives that program nothing at a limit of 1, which no file fits in.
 */
static void
no_core_dump(void)
{
	const struct rlimit none = { 1, 1 };

	(void)setrlimit(RLIMIT_CORE, &none);     /* fails only where it is 0 for good */
}

/* What the screen says of where it is must not wait for a cluster: the kubeconfig alone tells it. */
static void
find_cluster(const struct cli *c, struct kube_conn *conn)
{
	struct err ignored;
	AUTO(kubeconfig_freep) struct kubeconfig *kc = kubeconfig_load(c->args.kubeconfig, &ignored);

	if (kc == NULL || kubeconfig_resolve(kc, c->args.context, conn, &ignored) < 0)
		*conn = (struct kube_conn){ 0 };
}

static int
show(const struct cli *c)
{
	struct err ignored;
	AUTO_FREE char *project = project_current(c->args.project, &ignored);
	const char *plain = getenv("ORLOP_PLAIN");
	struct kube_conn conn = { 0 };
	int code;
	struct ui_options o = { .project = project != NULL ? project : PROJECT_DEFAULT,
		.location = c->args.location, .location_url = c->url, .kubeconfig = c->args.kubeconfig, .request = cli_request };

	find_cluster(c, &conn);
	o.theme = c->args.theme != NULL ? c->args.theme : getenv("ORLOP_THEME");
	if (c->args.color != NULL && strcmp(c->args.color, "auto") != 0)
		o.color = strcmp(c->args.color, "never") == 0 ? COLOR_NEVER : COLOR_ALWAYS;
	o.read_only = c->args.read_only;
	o.plain = c->args.plain || (plain != NULL && *plain != '\0');
	o.context = c->args.context != NULL ? c->args.context : conn.context;
	o.server = conn.server;
	code = ui_run(&o);
	kube_conn_done(&conn);
	return code;
}

int
main(int argc, char **argv)
{
	int code;

	no_core_dump();
	cli_keep_descriptors();
	setlocale(LC_ALL, "");
	signal(SIGPIPE, SIG_IGN);
	log_open(getenv("ORLOP_LOG"), getenv("ORLOP_LOG_FILE"));
	hash_global_init();
	jdoc_global_init();
	http_global_init();
	code = cli_main(argc, argv, show);
	log_close();
	return code;
}
