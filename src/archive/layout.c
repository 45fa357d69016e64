/* Names inside the bucket and inside the tarball. */
#include "archive/layout.h"

#include "base/buf.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/mem.h"

#include <assert.h>
#include <string.h>

/* '%' stands for the name of the backup or restore. */
static const char *const keys[] = {
	[LAYOUT_METADATA]               = "backups/%/velero-backup.json",
	[LAYOUT_TARBALL]                = "backups/%/%.tar.gz",
	[LAYOUT_LOGS]                   = "backups/%/%-logs.gz",
	[LAYOUT_VOLUMESNAPSHOTS]        = "backups/%/%-volumesnapshots.json.gz",
	[LAYOUT_PODVOLUMEBACKUPS]       = "backups/%/%-podvolumebackups.json.gz",
	[LAYOUT_ITEMOPERATIONS]         = "backups/%/%-itemoperations.json.gz",
	[LAYOUT_RESOURCE_LIST]          = "backups/%/%-resource-list.json.gz",
	[LAYOUT_RESULTS]                = "backups/%/%-results.gz",
	[LAYOUT_VOLUMEINFO]             = "backups/%/%-volumeinfo.json.gz",
	[LAYOUT_CSI_SNAPSHOTS]          = "backups/%/%-csi-volumesnapshots.json.gz",
	[LAYOUT_CSI_CONTENTS]           = "backups/%/%-csi-volumesnapshotcontents.json.gz",
	[LAYOUT_CSI_CLASSES]            = "backups/%/%-csi-volumesnapshotclasses.json.gz",
	[LAYOUT_INDEX]                  = "backups/%/%-orlop-index.json.gz",
	[LAYOUT_HASHES]                 = "backups/%/%-orlop-hashes.gz",
	[LAYOUT_CLAIM]                  = "backups/%/%-orlop-claim.json",
	[LAYOUT_RESTORE_LOGS]           = "restores/%/restore-%-logs.gz",
	[LAYOUT_RESTORE_RESULTS]        = "restores/%/restore-%-results.gz",
	[LAYOUT_RESTORE_RESOURCE_LIST]  = "restores/%/restore-%-resource-list.json.gz",
	[LAYOUT_RESTORE_ITEMOPERATIONS] = "restores/%/restore-%-itemoperations.json.gz",
	/* Velero's own exception: this one has no "restore-" in front. */
	[LAYOUT_RESTORE_VOLUMEINFO]     = "restores/%/%-volumeinfo.json.gz",
	[LAYOUT_RESTORE_OUTCOMES]       = "restores/%/restore-%-orlop-outcomes.json.gz",
	[LAYOUT_RESTORE_REQUEST]        = "restores/%/restore-%-orlop-request.json",
	[LAYOUT_RESTORE_RECORD]         = "restores/%/restore-%-orlop.json",
	[LAYOUT_RESTORE_UNDO]           = "restores/%/restore-%-orlop-undo.json",
	[LAYOUT_RESTORE_PLAN]           = "restores/%/restore-%-orlop-plan.json.gz",
};
static_assert(COUNT(keys) == LAYOUT_COUNT_, "every file needs its key");

static char *
expand(const char *pattern, const char *name)
{
	struct buf key = BUF_INIT(SIZE_MAX);

	for (; *pattern; pattern++) {
		if (*pattern == '%')
			buf_puts(&key, name);
		else
			buf_putc(&key, *pattern);
	}
	return buf_take(&key, NULL);
}

char *
layout_key(const char *name, enum layout_file f)
{
	return expand(keys[f], name);
}

char *
layout_backup_dir(const char *name)
{
	return expand(LAYOUT_BACKUPS "%/", name);
}

char *
layout_restore_dir(const char *name)
{
	return expand(LAYOUT_RESTORES "%/", name);
}

char *
layout_restore_run(const char *name, unsigned number)
{
	AUTO_FREE char *start = expand("restores/%/restore-%-orlop-run-", name);

	return number > 0 ? xasprintf("%s%06u.json", start, number) : TAKE(start);
}

static bool
is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

int
layout_check_name(const char *what, const char *name, struct err *e)
{
	struct str rest = str_of(name), part;

	if (rest.len == 0)
		return err_set(e, EK_INVALID, "%s name is empty", what);
	if (rest.len > LIMIT_NAME)
		return err_set(e, EK_INVALID, "%s name '%.32s...' has %zu characters, at most %d are allowed", what, name,
			rest.len, LIMIT_NAME);
	for (size_t i = 0; i < rest.len; i++)
		if (!is_alnum(name[i]) && name[i] != '-' && name[i] != '.')
			return err_set(e, EK_INVALID, "%s name '%s' may hold only lower-case letters, digits, '-' and '.'",
				what, name);
	while (str_split(&rest, '.', &part))
		if (part.len == 0 || !is_alnum(part.p[0]) || !is_alnum(part.p[part.len - 1]))
			return err_set(e, EK_INVALID,
				"%s name '%s' must start and end with a letter or digit, also around each '.'", what, name);
	return 0;
}

/* Velero's GetValidName: how much of a long name stays, and how many digits of its digest follow. */
#define LABEL_KEEP   57
#define LABEL_DIGITS 6

char *
layout_label(char out[LAYOUT_LABEL_MAX], const char *name)
{
	uint8_t digest[SHA256_LEN];
	char hex[SHA256_HEX];
	size_t len = strlen(name);

	if (len < LAYOUT_LABEL_MAX) {
		memcpy(out, name, len + 1);
		return out;
	}
	sha256(name, len, digest);
	hex_encode(hex, digest, sizeof digest);
	memcpy(out, name, LABEL_KEEP);
	memcpy(out + LABEL_KEEP, hex, LABEL_DIGITS);
	out[LABEL_KEEP + LABEL_DIGITS] = '\0';
	return out;
}

#define PREFERRED "-preferredversion"

/* Cuts the next folder off *rest.  False: there is none, or its name is no name. */
static bool
next_folder(struct str *rest, struct str *folder)
{
	size_t end = str_chr(*rest, '/');

	if (end == rest->len)
		return false;
	*folder = str_sub(*rest, 0, end);
	*rest = str_sub(*rest, end + 1, rest->len);
	return folder->len > 0 && !str_eq(*folder, S(".")) && !str_eq(*folder, S(".."));
}

/* What follows the group-resource. */
static bool
parse_place(struct str rest, struct tar_path *tp)
{
	struct str folder;

	if (!next_folder(&rest, &folder))
		return false;
	if (!str_eq(folder, S("cluster")) && !str_eq(folder, S("namespaces"))) {
		tp->version = folder;
		tp->preferred = str_ends(folder, S(PREFERRED));
		if (tp->preferred)
			tp->version.len -= sizeof PREFERRED - 1;
		if (tp->version.len == 0 || !next_folder(&rest, &folder))
			return false;
	}
	if (str_eq(folder, S("namespaces"))) {
		if (!next_folder(&rest, &tp->ns))
			return false;
	} else if (!str_eq(folder, S("cluster"))) {
		return false;
	}
	if (!str_ends(rest, S(".json")) || str_chr(rest, '/') != rest.len)
		return false;
	tp->name = str_sub(rest, 0, rest.len - 5);
	return tp->name.len > 0 && !str_eq(tp->name, S(".")) && !str_eq(tp->name, S(".."));
}

bool
tar_path_parse(struct str path, struct tar_path *out)
{
	struct tar_path tp = { 0 };
	struct str folder;

	if (str_starts(path, S("./")))
		path = str_sub(path, 2, path.len);
	if (!next_folder(&path, &folder) || !str_eq(folder, S("resources")))
		return false;
	if (!next_folder(&path, &tp.gr) || !parse_place(path, &tp))
		return false;
	*out = tp;
	return true;
}

void
tar_path_put(struct buf *out, struct str gr, struct str version, bool preferred, struct str ns, struct str name)
{
	buf_puts(out, "resources/");
	buf_put_str(out, gr);
	if (version.len > 0) {
		buf_putc(out, '/');
		buf_put_str(out, version);
		if (preferred)
			buf_puts(out, PREFERRED);
	}
	if (ns.len > 0) {
		buf_puts(out, "/namespaces/");
		buf_put_str(out, ns);
	} else {
		buf_puts(out, "/cluster");
	}
	buf_putc(out, '/');
	buf_put_str(out, name);
	buf_puts(out, ".json");
}
