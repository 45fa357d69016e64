/* The commands: each turns arguments into a request, and rows into output. */
#include "cli/commands.h"

#include "base/clock.h"
#include "base/fmt.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/ask.h"
#include "cli/checklist.h"
#include "cli/describe.h"
#include "cli/help.h"
#include "cli/listing.h"
#include "cli/steps.h"
#include "data/jdoc.h"
#include "data/jscan.h"

#include <errno.h>
#include <unistd.h>

#define DEFAULT_TTL_NS (720 * 3600 * NS_PER_S)

/* --- requests --- */

struct request *
new_request(const struct cli *c, enum op op)
{
	struct request *r = xcalloc(1, sizeof *r);

	r->op = op;
	r->location = xstrdup_or_null(c->url);
	r->kubeconfig = xstrdup_or_null(c->args.kubeconfig);
	r->context = xstrdup_or_null(c->args.context != NULL ? c->args.context : c->args.cluster);
	r->name = c->args.pos.len > 0 ? xstrdup(c->args.pos.at[0]) : NULL;
	r->force = c->args.force;
	return r;
}

/* --- rows --- */

static const struct column backup_columns[] = {
	{ "NAME", "metadata.name", COL_TEXT },
	{ "STATUS", "status.phase", COL_TEXT },
	{ "ERRORS", "status.errors", COL_NUMBER },
	{ "WARNINGS", "status.warnings", COL_NUMBER },
	{ "ITEMS", "status.progress.itemsBackedUp", COL_NUMBER },
	{ "CREATED", "status.startTimestamp", COL_TIME },
	{ "EXPIRES IN", "status.expiration", COL_LEFT },
	{ "COMPLETED", "status.completionTimestamp", COL_TIME, .wide = true },
	{ "KUBERNETES", "metadata.annotations.velero\\.io/source-cluster-k8s-gitversion", COL_TEXT, .wide = true },
	{ "CLUSTER", "metadata.annotations.orlop\\.dev/source-cluster-name", COL_TEXT, .wide = true },
};

static int
backup_list(struct cli *c)
{
	static const struct listing l = { backup_columns, COUNT(backup_columns), "metadata.name",
		"No backups yet. 'orlop backup create' makes one." };

	return listing_run(c, new_request(c, OP_BACKUP_LIST), &l);
}

static const struct column restore_columns[] = {
	{ "NAME", "metadata.name", COL_TEXT },
	{ "BACKUP", "spec.backupName", COL_TEXT },
	{ "STATUS", "status.phase", COL_TEXT },
	{ "ERRORS", "status.errors", COL_NUMBER },
	{ "WARNINGS", "status.warnings", COL_NUMBER },
	{ "ITEMS", "status.progress.itemsRestored", COL_NUMBER },
	{ "STARTED", "status.startTimestamp", COL_TIME },
	{ "COMPLETED", "status.completionTimestamp", COL_TIME },
	{ "CLUSTER", "metadata.annotations.orlop\\.dev/target-cluster-name", COL_TEXT, .wide = true },
};

static int
restore_list(struct cli *c)
{
	static const struct listing l = { restore_columns, COUNT(restore_columns), "metadata.name",
		"No restores yet. 'orlop restore create --from-backup NAME' makes one." };

	return listing_run(c, new_request(c, OP_RESTORE_LIST), &l);
}

static const struct column verify_columns[] = {
	{ "WHAT", "what", COL_TEXT },
	{ "NAME", "name", COL_TEXT },
	{ "STATUS", "status", COL_TEXT },
	{ "DETAIL", "detail", COL_TEXT },
};

static int
backup_verify(struct cli *c)
{
	static const struct listing l = { verify_columns, COUNT(verify_columns), "name", NULL };

	return listing_run(c, new_request(c, OP_BACKUP_VERIFY), &l);
}

static const struct column check_columns[] = {
	{ "CHECK", "check", COL_TEXT },
	{ "STATUS", "status", COL_TEXT },
	{ "DETAIL", "detail", COL_TEXT },
};

/* Steps are shown also when one of them failed: that is what they are for. */
static int
run_steps(struct cli *c, struct request *r, const struct column *columns, const char *name_path)
{
	struct rows *rows = rows_new(c->args.output, true, columns, COUNT(check_columns), name_path, NULL);
	struct sink sink = { .row = listing_row, .ctx = rows };
	int code = run_request(c, r, &sink);

	if (c->stdout_error == 0 && rows_end(rows) < 0)
		c->stdout_error = errno;
	rows_free(rows);
	return code;
}

static int
add_step(void *ctx, struct str json)
{
	return steps_add(ctx, json);
}

int
location_validate(struct cli *c)
{
	struct request *r = new_request(c, OP_LOCATION_VALIDATE);
	struct steps *steps = steps_new(c->args.output);
	struct sink sink = { .row = add_step, .ctx = steps };
	int code;

	r->volumes = c->args.policy.ebs;
	code = run_request(c, r, &sink);
	if (c->stdout_error == 0 && steps_end(steps) < 0)
		c->stdout_error = errno;
	if (code == EXIT_DAMAGED) {
		steps_sum(steps);
		code = EXIT_LOCATION;
	}
	steps_free(steps);
	return code;
}

static int
cluster_check(struct cli *c)
{
	return run_steps(c, new_request(c, OP_CLUSTER_CHECK), check_columns, "check");
}

/* --- creating --- */

static int
keep_row(void *ctx, struct str json)
{
	char **row = ctx;

	free(*row);
	*row = str_dup(json);
	return 0;
}

static const char *
plural(int64_t n)
{
	return n == 1 ? "" : "s";
}

/* What to look at now, below a summary on stdout. */
static void
next_command(struct cli *c, const char *command, const char *name)
{
	if (fflush(stdout) != 0)
		c->stdout_error = errno;
	else if (!c->args.quiet)
		cli_next("orlop %s %s --location '%s'%s%s", command, name, c->args.location,
			c->args.project != NULL ? " --project " : "", c->args.project != NULL ? c->args.project : "");
}

static void
backup_summary(struct cli *c, const cJSON *d)
{
	char items[FMT_MAX];
	const char *name = jdoc_text(d, "metadata.name");
	int64_t n = jdoc_int(d, "status.progress.itemsBackedUp", 0);
	int64_t warnings = jdoc_int(d, "status.warnings", 0), errors = jdoc_int(d, "status.errors", 0);

	printf("Backup '%s' %s: %s object%s, %lld warning%s, %lld error%s.\n", name, jdoc_text(d, "status.phase"),
		fmt_count(items, (uint64_t)n), plural(n), (long long)warnings, plural(warnings), (long long)errors,
		plural(errors));
	next_command(c, "backup describe", name);
}

static void
restore_summary(struct cli *c, const cJSON *d)
{
	const char *name = jdoc_text(d, "name");
	int64_t warnings = jdoc_int(d, "warnings", 0), errors = jdoc_int(d, "errors", 0);
	char deleted[40] = "";

	if (jdoc_int(d, "deleted", 0) > 0)
		(void)snprintf(deleted, sizeof deleted, ", %lld deleted", (long long)jdoc_int(d, "deleted", 0));
	printf("Restore '%s' of backup '%s': %lld created, %lld updated, %lld the same, %lld differ, %lld failed%s; "
		"%lld warning%s, %lld error%s.\n", name, jdoc_text(d, "backup"), (long long)jdoc_int(d, "created", 0),
		(long long)jdoc_int(d, "updated", 0), (long long)jdoc_int(d, "skipped", 0),
		(long long)jdoc_int(d, "differ", 0), (long long)jdoc_int(d, "failed", 0), deleted, (long long)warnings,
		plural(warnings), (long long)errors, plural(errors));
	if (warnings + errors > 0)
		next_command(c, "restore describe", name);
}

static int
run_create(struct cli *c, struct request *r, bool backup)
{
	AUTO_FREE char *row = NULL;
	struct sink sink = { .row = keep_row, .ctx = &row };
	int code = run_request(c, r, &sink);
	AUTO_JDOC cJSON *d = NULL;
	struct err ignored;

	if (row == NULL)
		return code;
	if (c->args.output == OUT_TABLE || c->args.output == OUT_WIDE) {
		d = jdoc_parse(str_of(row), &ignored);
		(backup ? backup_summary : restore_summary)(c, d);
	} else {
		struct rows *rows = rows_new(c->args.output, false, NULL, 0, backup ? "metadata.name" : "name", NULL);

		if (rows_add(rows, str_of(row)) < 0 || rows_end(rows) < 0)
			c->stdout_error = errno;
		rows_free(rows);
	}
	return code;
}

static struct request *
backup_request(struct cli *c)
{
	struct request *r = new_request(c, OP_BACKUP_CREATE);

	/* The request owns the options from now on. */
	r->backup = c->args.backup;
	r->backup.filter = c->args.filter;
	c->args.backup = (struct backup_opts){ 0 };
	c->args.filter = (struct filter_opts){ 0 };
	r->backup.name = xstrdup_or_null(r->name);
	if (r->backup.ttl_ns == 0)
		r->backup.ttl_ns = DEFAULT_TTL_NS;
	r->backup.window = (unsigned)c->args.concurrency;
	r->backup.page = (unsigned)c->args.page;
	return r;
}

static int
backup_create(struct cli *c)
{
	int code = run_create(c, backup_request(c), true);

	if (code == EXIT_INTERRUPTED)
		fputs("  no backup was made\n", stderr);
	return code;
}

static const struct column plan_columns[] = {
	{ "ACTION", "action", COL_TEXT },
	{ "RESOURCE", "resource", COL_TEXT },
	{ "NAMESPACE", "namespace", COL_TEXT },
	{ "NAME", "name", COL_TEXT },
	{ "DETAIL", "why", COL_TEXT },
	{ "DIFFERENCE", "diff", COL_TEXT, .wide = true },
};

/* The same findings have been told as messages. */
static bool
is_finding(struct str json)
{
	struct str raw;

	return jget(json, "code", &raw);
}

static int
add_plan_json(void *ctx, struct str json)
{
	return is_finding(json) ? rows_beside(ctx, "findings", json) : rows_add(ctx, json);
}

/* What stays as it is is counted, but a table that people read leaves it out. */
static int
add_plan_row(void *ctx, struct str json)
{
	struct str action;

	if (is_finding(json))
		return 0;
	if (jget(json, "action", &action) && jstr_eq(action, S("same")))
		return 0;
	return rows_add(ctx, json);
}

struct deletions { struct rows *rows; size_t n; };

static struct request *
restore_request(struct cli *c, enum op op)
{
	struct request *r = new_request(c, op);

	r->restore = c->args.restore;
	r->restore.filter = c->args.filter;
	c->args.restore = (struct restore_opts){ 0 };
	c->args.filter = (struct filter_opts){ 0 };
	return r;
}

static int
add_check(void *ctx, struct str json)
{
	return checklist_add(ctx, json);
}

static int
end_checks(void *ctx, enum ev_end end)
{
	(void)end;
	return checklist_end(ctx);
}

static int
restore_plan(struct cli *c)
{
	struct request *r = restore_request(c, OP_RESTORE_PLAN);
	struct rows *rows = rows_new(c->args.output, true, plan_columns, COUNT(plan_columns), "resource/namespace/name",
		"The cluster has all of it already.");
	struct sink sink = { .row = c->args.output == OUT_TABLE ? add_plan_row : add_plan_json, .done = listing_end, .ctx = rows };
	int code;

	r->path = xstrdup_or_null(c->args.save);
	code = run_request(c, r, &sink);
	rows_free(rows);
	return code;
}

/* --- deleting what the backup does not have --- */

static int
count_deletion(void *ctx, struct str json)
{
	struct deletions *d = ctx;
	struct str action;

	if (!jget(json, "action", &action) || !jstr_eq(action, S("delete")))
		return 0;
	d->n++;
	return rows_add(d->rows, json);
}

static int
end_deletions(void *ctx, enum ev_end end)
{
	return listing_end(((struct deletions *)ctx)->rows, end);
}

/* Shows what would be deleted, and has the backup's name typed.  False: code says how it ends. */
static bool
may_prune(struct cli *c, int *code)
{
	struct rows *rows = rows_new(OUT_TABLE, true, plan_columns, COUNT(plan_columns), NULL, "Nothing would be deleted.");
	struct deletions d = { rows, 0 };
	struct sink sink = { .row = count_deletion, .done = end_deletions, .ctx = &d };
	AUTO_FREE char *question = NULL;
	struct request *r;

	if (!isatty(STDIN_FILENO)) {
		cli_error("'restore create --prune' asks first, and there is no terminal to ask on: use --confirm");
		*code = EXIT_USAGE;
		rows_free(rows);
		return false;
	}
	r = new_request(c, OP_RESTORE_PLAN);
	args_copy_restore(&c->args, &r->restore);
	*code = run_request(c, r, &sink);
	rows_free(rows);
	if (*code != EXIT_OK && *code != EXIT_PARTIAL)
		return false;
	*code = EXIT_OK;
	if (d.n == 0)
		return true;
	question = xasprintf("%zu objects that backup '%s' does not have would be deleted. Type the backup's name to go on: ", d.n,
		c->args.restore.backup);
	if (ask_typed(question, c->args.restore.backup))
		return true;
	fputs("nothing was changed\n", stderr);
	return false;
}

static int
restore_preflight(struct cli *c)
{
	struct checklist *list = checklist_new(c->args.output);
	struct sink sink = { .row = add_check, .done = end_checks, .ctx = list };
	int code = run_request(c, restore_request(c, OP_RESTORE_PREFLIGHT), &sink);

	checklist_free(list);
	return code;
}

static struct request *
restore_create_request(struct cli *c)
{
	struct request *r = restore_request(c, OP_RESTORE_CREATE);

	r->resume = c->args.resume != NULL;
	r->restore.name = xstrdup_or_null(r->resume ? c->args.resume : r->name);
	r->restore.window = (unsigned)c->args.concurrency;
	r->path = xstrdup_or_null(c->args.plan);
	r->confirmed = c->args.confirm;
	return r;
}

static int
restore_create(struct cli *c)
{
	int code;

	if (c->args.dry_run)
		return restore_plan(c);
	if (c->args.restore.prune && c->args.plan == NULL && !c->args.confirm && !may_prune(c, &code))
		return code;
	return run_create(c, restore_create_request(c), false);
}

static int
run_undo(struct cli *c, bool dry_run, bool show)
{
	struct request *r = new_request(c, OP_RESTORE_UNDO);
	struct rows *rows = rows_new(c->args.output, true, plan_columns, COUNT(plan_columns), "resource/namespace/name", NULL);
	struct sink sink = { .row = show ? listing_row : NULL, .done = show ? listing_end : NULL, .ctx = rows };
	int code;

	r->dry_run = dry_run;
	code = run_request(c, r, &sink);
	rows_free(rows);
	return code;
}

static int
restore_undo(struct cli *c)
{
	AUTO_FREE char *question = NULL;
	int code;

	if (c->args.dry_run || c->args.confirm)
		return run_undo(c, c->args.dry_run, true);
	if (!isatty(STDIN_FILENO)) {
		cli_error("'restore undo' asks first, and there is no terminal to ask on: use --confirm, or --dry-run to look");
		return EXIT_USAGE;
	}
	code = run_undo(c, true, true);
	if (code != EXIT_OK)
		return code;
	if (fflush(stdout) != 0) {
		c->stdout_error = errno;
		return EXIT_FAILED;
	}
	question = xasprintf("Type the name of the restore, %s, to delete these objects: ", c->args.pos.at[0]);
	if (!ask_typed(question, c->args.pos.at[0])) {
		fputs("nothing was deleted\n", stderr);
		return EXIT_OK;
	}
	return run_undo(c, false, false);
}

/* --- describing --- */

struct describing {
	struct cli *c;
	const char *name_path;
	void      (*text)(const cJSON *, bool, struct buf *);
};

static int
describe_row(void *ctx, struct str json)
{
	struct describing *ds = ctx;
	AUTO_BUF struct buf out = BUF_INIT(SIZE_MAX);
	AUTO_JDOC cJSON *d = NULL;
	struct err ignored;

	if (ds->c->args.output != OUT_TABLE && ds->c->args.output != OUT_WIDE) {
		struct rows *rows = rows_new(ds->c->args.output, false, NULL, 0, ds->name_path, NULL);
		int rc = rows_add(rows, json);

		rows_free(rows);
		return rc;
	}
	d = jdoc_parse(json, &ignored);
	ds->text(d, ds->c->args.details, &out);
	return fwrite(out.p, 1, out.len, stdout) == out.len ? 0 : -1;
}

static int
backup_describe(struct cli *c)
{
	struct describing ds = { c, "backup.metadata.name", describe_backup };
	struct sink sink = { .row = describe_row, .ctx = &ds };

	return run_request(c, new_request(c, OP_BACKUP_DESCRIBE), &sink);
}

static int
restore_describe(struct cli *c)
{
	struct describing ds = { c, "restore.metadata.name", describe_restore };
	struct sink sink = { .row = describe_row, .ctx = &ds };

	return run_request(c, new_request(c, OP_RESTORE_DESCRIBE), &sink);
}

/* --- bytes --- */

static int
log_bytes(void *ctx, struct str data)
{
	AUTO_BUF struct buf out = BUF_INIT(SIZE_MAX);

	(void)ctx;
	text_visible(&out, data, true);
	return fwrite(buf_cstr(&out), 1, out.len, stdout) == out.len ? 0 : -1;
}

static int
raw_bytes(void *ctx, struct str data)
{
	(void)ctx;
	return fwrite(data.p, 1, data.len, stdout) == data.len ? 0 : -1;
}

static int
run_logs(struct cli *c, enum op op)
{
	struct sink sink = { .bytes = log_bytes };

	return run_request(c, new_request(c, op), &sink);
}

static int
backup_logs(struct cli *c)
{
	return run_logs(c, OP_BACKUP_LOGS);
}

static int
restore_logs(struct cli *c)
{
	return run_logs(c, OP_RESTORE_LOGS);
}

static int
backup_download(struct cli *c)
{
	struct request *r = new_request(c, OP_BACKUP_DOWNLOAD);
	struct sink sink = { .bytes = raw_bytes };
	AUTO_FREE char *path = NULL;
	int code;

	r->path = c->args.file != NULL ? xstrdup(c->args.file) : xasprintf("%s-data.tar.gz", r->name);
	r->presign_ns = c->args.presign_ns;
	path = xstrdup(r->path);
	code = run_request(c, r, &sink);
	if (code == EXIT_OK && c->args.presign_ns == 0 && strcmp(path, "-") != 0)
		fprintf(stderr, "wrote %s\n", path);
	return code;
}

/* --- deleting --- */

static bool
confirmed(const char *name, const char *location)
{
	char answer[16] = "";

	fprintf(stderr, "Delete backup '%s' in %s? [y/N] ", name, location);
	if (fgets(answer, sizeof answer, stdin) == NULL) {
		fputc('\n', stderr);
		return false;
	}
	return answer[0] == 'y' || answer[0] == 'Y';
}

static int
backup_delete(struct cli *c)
{
	static const struct sink sink = { .row = NULL };
	bool sure = c->args.confirm || c->args.force;
	int code = EXIT_OK;

	if (!sure && !isatty(STDIN_FILENO)) {
		cli_error("'backup delete' asks first, and there is no terminal to ask on: use --confirm");
		return EXIT_USAGE;
	}
	for (size_t i = 0; i < c->args.pos.len && code == EXIT_OK; i++) {
		struct request *r;

		if (!sure && !confirmed(c->args.pos.at[i], c->args.location)) {
			fprintf(stderr, "kept '%s'\n", c->args.pos.at[i]);
			continue;
		}
		r = new_request(c, OP_BACKUP_DELETE);
		free(r->name);
		r->name = xstrdup(c->args.pos.at[i]);
		code = run_request(c, r, &sink);
	}
	return code;
}

/* --- about the program --- */

static int
version(struct cli *c)
{
	(void)c;
	puts("orlop " PACKAGE_VERSION);
	return EXIT_OK;
}

static int
completion(struct cli *c)
{
	if (completion_print(c->args.pos.at[0]))
		return EXIT_OK;
	cli_error("no completion for '%s': bash, zsh or fish", c->args.pos.at[0]);
	return EXIT_USAGE;
}

static int
help(struct cli *c)
{
	struct err e;
	int used;
	const struct command *cmd;

	if (c->args.pos.len == 0) {
		help_overview(stdout);
		return EXIT_OK;
	}
	cmd = command_find((int)c->args.pos.len, c->args.pos.at, &used, &e);
	if (cmd != NULL) {
		help_command(cmd, stdout);
		return EXIT_OK;
	}
	if (c->args.pos.len == 1 && help_group(c->args.pos.at[0], stdout))
		return EXIT_OK;
	cli_error("%s", e.msg);
	return EXIT_USAGE;
}

/* --- the table --- */

#define L SET_LOCATION
#define K SET_CLUSTER
#define O SET_OUTPUT
#define P SET_PROJECT

static int
show_ui(struct cli *c)
{
	static const char *const words[] = { "auto", "always", "never" };
	const char *color = c->args.color;

	for (size_t i = 0; color != NULL && i < COUNT(words); i++)
		if (strcmp(words[i], color) == 0)
			color = NULL;
	if (color == NULL)
		return c->ui(c);
	cli_error("--color: '%.40s' is none of auto, always, never", color);
	return EXIT_USAGE;
}

const struct command commands[] = {
	{ "backup", "create", "[NAME]", 0, 1, L | K | O | SET_FILTER | SET_SCOPES | SET_BACKUP, "Back up a cluster",
		"orlop backup create b1 --location dir:./backups", backup_create },
	{ "backup", "list", "", 0, 0, L | O, "List the backups in a location",
		"orlop backup list --location s3://backups?region=eu-west-1 -o wide", backup_list },
	{ "backup", "describe", "NAME", 1, 1, L | O | SET_DESCRIBE, "Show what a backup is and holds",
		"orlop backup describe b1 --location dir:./backups --details", backup_describe },
	{ "backup", "ls", "NAME", 1, 1, L | O | SET_FILTER | SET_TREE, "List the objects in a backup",
		"orlop backup ls b1 --location dir:./backups --include-resources deployments", backup_ls },
	{ "backup", "cat", "NAME KIND/[NAMESPACE/]NAME...", 2, 1000, L | O | SET_SECRETS, "Print objects of a backup",
		"orlop backup cat b1 deployment/shop/web --location dir:./backups", backup_cat },
	{ "backup", "diff", "NAME NAME|live", 2, 2, L | K | O | SET_FILTER | SET_SECRETS | SET_FIELDS | SET_DIFF,
		"Show what differs between two backups, or a backup and a cluster",
		"orlop backup diff monday live --location dir:./backups --include-namespaces shop", backup_diff },
	{ "backup", "history", "KIND/[NAMESPACE/]NAME", 1, 1, L | O | SET_SECRETS | SET_FIELDS | SET_HISTORY,
		"Show an object through all backups", "orlop backup history deployment/shop/web --location dir:./backups --diff",
		backup_history },
	{ "backup", "grep", "PATTERN [NAME...]", 1, 1000, L | O | SET_FILTER | SET_SECRETS | SET_FIELDS | SET_GREP,
		"Search the fields of the objects in backups", "orlop backup grep 'nginx:1\\.2[0-4]' --all --location dir:./backups",
		backup_grep },
	{ "backup", "logs", "NAME", 1, 1, L, "Print the log of a backup", NULL, backup_logs },
	{ "backup", "download", "NAME", 1, 1, L | SET_FILE | SET_FORCE, "Download the tarball of a backup", NULL,
		backup_download },
	{ "backup", "verify", "NAME", 1, 1, L | O, "Re-read a backup and check every checksum",
		"orlop backup verify b1 --location dir:./backups", backup_verify },
	{ "backup", "delete", "NAME...", 1, 1000, L | K | SET_FORCE | SET_CONFIRM, "Delete backups",
		"orlop backup delete b1 --location dir:./backups --confirm", backup_delete },
	{ "restore", "create", "[NAME]", 0, 1, L | K | O | SET_FILTER | SET_RESTORE | SET_RESUME | SET_FORCE | SET_CONFIRM,
		"Restore a backup to a cluster",
		"orlop restore create --from-backup b1 --location dir:./backups --context other", restore_create },
	{ "restore", "plan", "", 0, 0, L | K | O | SET_FILTER | SET_RESTORE | SET_PLAN, "Show what a restore would do, without doing it",
		"orlop restore plan --from-backup b1 --location dir:./backups --context other", restore_plan },
	{ "restore", "preflight", "", 0, 0, L | K | O | SET_FILTER | SET_RESTORE, "Check what would make a restore fail or surprise",
		"orlop restore preflight --from-backup b1 --location dir:./backups --context other", restore_preflight },
	{ "restore", "undo", "NAME", 1, 1, L | K | O | SET_CONFIRM | SET_DRY, "Delete what a restore created and nobody has changed since",
		"orlop restore undo r1 --location dir:./backups --dry-run", restore_undo },
	{ "restore", "list", "", 0, 0, L | O, "List the restores recorded in a location", NULL, restore_list },
	{ "restore", "describe", "NAME", 1, 1, L | O | SET_DESCRIBE, "Show what a restore did", NULL, restore_describe },
	{ "restore", "logs", "NAME", 1, 1, L, "Print the log of a restore", NULL, restore_logs },
	{ "ui", NULL, "", 0, 0, L | K | SET_UI, "Show backups and restores in the terminal, as orlop alone does", "orlop ui --location dir:./backups",
		show_ui },
	{ "location", "add", "NAME", 1, 1, P | SET_ADD, "Add a backup location to the project, and try it",
		"orlop location add main --provider minio --s3-url https://minio:9000 --bucket backups --access-key KEY",
		location_add },
	{ "location", "list", "", 0, 0, P | O, "List the backup locations of the project", NULL, location_list },
	{ "location", "show", "NAME", 1, 1, P | SET_SHOW, "Show a backup location, also as one of Velero",
		"orlop location show main -o velero", location_show },
	{ "location", "validate", "[NAME|URL]", 0, 1, L | O | SET_VALIDATE, "Try what backups need, step by step, and say what is wrong",
		"orlop location validate 's3://backups?s3Url=https://minio:9000&s3ForcePathStyle=true'", location_validate },
	{ "location", "policy", "NAME|URL", 1, 1, P | O | SET_POLICY, "Print the IAM policies that a location needs",
		"orlop location policy main --ebs", location_policies },
	{ "location", "remove", "NAME", 1, 1, P | SET_CONFIRM, "Remove a backup location from the project; its backups stay", NULL,
		location_remove },
	{ "project", "create", "NAME", 1, 1, 0, "Create a project", "orlop project create retail", projects_create },
	{ "project", "list", "", 0, 0, O, "List the projects", NULL, projects_list },
	{ "project", "use", "NAME", 1, 1, 0, "Make a project the current one", NULL, projects_use },
	{ "cluster", "check", "", 0, 0, K | O, "Check that a cluster answers and permits backup and restore", NULL,
		cluster_check },
	{ "job", "list", "", 0, 0, O, "List the backups and restores that run or ran on this machine", NULL, jobs_list },
	{ "job", "watch", "ID|NAME", 1, 1, 0, "Follow a job of another process to its end", "orlop job watch nightly", jobs_watch },
	{ "job", "cancel", "ID|NAME", 1, 1, 0, "Stop a job of another process at the next object", NULL, jobs_cancel },
	{ "completion", NULL, "bash|zsh|fish", 1, 1, 0, "Print a completion script for a shell",
		"source <(orlop completion bash)", completion },
	{ "version", NULL, "", 0, 0, 0, "Print the version", NULL, version },
	{ "help", NULL, "[COMMAND]", 0, 2, 0, "Show help", NULL, help },
};
const size_t commands_len = COUNT(commands);

/* --- requests without running them --- */

static struct request *
plan_request(struct cli *c)
{
	return restore_request(c, OP_RESTORE_PLAN);
}

struct request *
cli_request(int argc, char **argv, struct err *e)
{
	static const struct { int (*run)(struct cli *); struct request *(*make)(struct cli *); } makers[] = {
		{ backup_create, backup_request }, { restore_create, restore_create_request }, { restore_plan, plan_request },
	};
	struct cli c = { 0 };
	struct request *r = NULL;
	int used = 0;

	c.cmd = command_find(argc, argv, &used, e);
	if (c.cmd == NULL)
		return NULL;
	if (args_parse(c.cmd, argc - used, argv + used, &c.args, e) == 0) {
		for (size_t i = 0; i < COUNT(makers); i++)
			if (makers[i].run == c.cmd->run)
				r = makers[i].make(&c);
		if (r == NULL)
			err_set(e, EK_INVALID, "'%s' is not run from here", argv[0]);
	}
	args_done(&c.args);
	return r;
}
