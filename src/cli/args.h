/* The command line: one table of commands, one of options; parsing, help and completion are loops over them. */
#ifndef ORLOP_CLI_ARGS_H
#define ORLOP_CLI_ARGS_H

#include "app/bus.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

enum output { OUT_TABLE, OUT_WIDE, OUT_JSON, OUT_YAML, OUT_NAME, OUT_VELERO };

/* What 'location add' says; NULL: not given. */
struct location_opts {
	char *provider, *bucket, *prefix, *path, *certificate, *region, *s3_url, *public_url;
	struct strs config;              /* "KEY=VALUE" */
	enum opt_tri path_style;
	char *access_key, *secret_key_file, *credentials_file, *role_arn, *external_id, *profile;
	char *access_mode, *kms_key, *encryption, *customer_key_file, *tagging, *storage_class, *checksum;
	bool  requester_pays, insecure, replace, no_validate, make_default;
	char *from_velero;
};
/* What 'location policy' says besides. */
struct policy_args { bool ebs; char *principal, *oidc_provider, *service_account; };

/* Everything that options can set.  Lists and texts are owned. */
struct args {
	bool         dry_run, help, quiet, force, confirm, details;
	enum opt_tri wait;
	enum output  output;
	char        *kubeconfig, *context, *cluster, *location, *project, *resume, *plan, *save;
	struct filter_opts  filter;
	struct backup_opts  backup;      /* its filter stays empty, as that of restore: see filter */
	struct restore_opts restore;
	struct look_opts    look;
	char        *tree;
	char        *theme, *color;      /* of the UI */
	bool         read_only, plain;
	struct location_opts loc;
	struct policy_args  policy;
	uint64_t     concurrency, page;
	int64_t      presign_ns;
	char        *file;
	struct strs  pos;                /* what stands alone */
};
void args_done(struct args *a);
/* What restores and plans are asked, copied. */
void args_copy_restore(const struct args *a, struct restore_opts *out);

/* Options a command takes, as sets. */
enum opt_set {
	SET_ALWAYS   = 1,
	SET_LOCATION = 2,
	SET_CLUSTER  = 4,
	SET_FILTER   = 8,
	SET_BACKUP   = 16,
	SET_RESTORE  = 32,
	SET_OUTPUT   = 64,
	SET_FORCE    = 128,
	SET_DESCRIBE = 256,
	SET_FILE     = 512,
	SET_CONFIRM  = 1024,
	SET_SCOPES   = 2048,
	SET_PROJECT  = 4096,             /* of a command without location and cluster, which take --project, too */
	SET_ADD      = 8192,
	SET_POLICY   = 16384,
	SET_SHOW     = 32768,
	SET_PLAN     = 65536,
	SET_TREE     = 1 << 25,          /* of looking into backups */
	SET_SECRETS  = 1 << 26,
	SET_FIELDS   = 1 << 27,
	SET_DIFF     = 1 << 28,
	SET_HISTORY  = 1 << 29,
	SET_GREP     = 1 << 30,
	SET_VALIDATE = 131072,
	SET_RESUME   = 1 << 18,
	SET_DRY      = 1 << 19,
	SET_UI       = 1 << 20,
};

struct cli;
struct command {
	const char *group, *verb;        /* "backup", "create"; verb NULL for single words */
	const char *operands;            /* "[NAME]": for help */
	unsigned    min, max;            /* operands */
	unsigned    sets;                /* enum opt_set, SET_ALWAYS implied */
	const char *summary;             /* one line */
	const char *example;             /* one command line, NULL: none */
	int       (*run)(struct cli *c); /* exit code */
};
extern const struct command commands[];
extern const size_t commands_len;

struct option_row {
	const char *name;                /* without "--" */
	char        letter;              /* 0: none */
	enum { OPT_T_FLAG, OPT_T_TRI, OPT_T_TEXT, OPT_T_LIST, OPT_T_PAIRS, OPT_T_DURATION, OPT_T_COUNT, OPT_T_OUTPUT,
		OPT_T_POLICY, OPT_T_OWNERS, OPT_T_FILE, OPT_T_HOURS } type;  /* OPT_T_PAIRS: a list whose entries look like
		                             value, "OLD:NEW"; OPT_T_FILE: the text of a file; OPT_T_HOURS: a duration, an hour
		                             when none is given */
	size_t      at;                  /* offset in struct args */
	unsigned    set;
	const char *value;               /* "NAME": for help; NULL: takes none */
	const char *help;
	const char *sep;                 /* between the entries of a list; NULL: "," */
};
extern const struct option_row option_rows[];
extern const size_t option_rows_len;

/* The command that argv names (argv[0] is the first word after the program), and how many words it took.
 * NULL with EK_INVALID: unknown, with the nearest one, or where to look. */
MUST_CHECK const struct command *command_find(int argc, char **argv, int *used, struct err *e);

/* Reads options and operands of cmd.  EK_INVALID: what is wrong, and the nearest option. */
MUST_CHECK int args_parse(const struct command *cmd, int argc, char **argv, struct args *out, struct err *e);

#endif
