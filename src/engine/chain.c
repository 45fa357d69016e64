/* Checksums in the metadata of a backup. */
#include "engine/chain.h"

#include "base/hash.h"
#include "base/limits.h"
#include "base/mem.h"

#define SEAL "orlop.dev/metadata-sha256"
#define SEAL_TEXT "\"" SEAL "\": \""
#define HEX_LEN (SHA256_HEX - 1)

static const char zeros[SHA256_HEX] = "0000000000000000000000000000000000000000000000000000000000000000";

static const char *const annotation[LAYOUT_COUNT_] = {
	[LAYOUT_LOGS]             = "orlop.dev/logs-sha256",
	[LAYOUT_VOLUMESNAPSHOTS]  = "orlop.dev/volumesnapshots-sha256",
	[LAYOUT_PODVOLUMEBACKUPS] = "orlop.dev/podvolumebackups-sha256",
	[LAYOUT_ITEMOPERATIONS]   = "orlop.dev/itemoperations-sha256",
	[LAYOUT_RESOURCE_LIST]    = "orlop.dev/resource-list-sha256",
	[LAYOUT_RESULTS]          = "orlop.dev/results-sha256",
	[LAYOUT_VOLUMEINFO]       = "orlop.dev/volumeinfo-sha256",
	[LAYOUT_INDEX]            = VB_ANNOT_INDEX_SHA256,
	[LAYOUT_HASHES]           = "orlop.dev/hashes-sha256",
};

static void
digest(struct str data, char hex[SHA256_HEX])
{
	uint8_t raw[SHA256_LEN];

	sha256(data.p, data.len, raw);
	hex_encode(hex, raw, sizeof raw);
}

void
chain_add(struct vbackup *b, enum layout_file f, struct str gz)
{
	char hex[SHA256_HEX];

	assert_that(annotation[f] != NULL);
	digest(gz, hex);
	kvs_set(&b->annotations, annotation[f], hex);
}

int
chain_check(const struct vbackup *b, enum layout_file f, struct str gz, struct err *e)
{
	const char *want = annotation[f] != NULL ? kvs_get(&b->annotations, annotation[f]) : NULL;
	char hex[SHA256_HEX];

	if (want == NULL)
		return 0;
	digest(gz, hex);
	if (strcmp(hex, want) != 0)
		return err_set(e, EK_CORRUPT, "does not match its checksum in velero-backup.json");
	return 1;
}

/*
 * Where the value of the seal stands in the document; NULL: nowhere.  A label or a selector of the user may have the
 * seal's name, but its value is too short for a digest.
 */
static char *
seal_value(struct str json)
{
	uint8_t raw[SHA256_LEN];
	char *at;

	while (json.len > 0 && (at = memmem(json.p, json.len, SEAL_TEXT, sizeof SEAL_TEXT - 1)) != NULL) {
		at += sizeof SEAL_TEXT - 1;
		json = str_sub(json, (size_t)(at - json.p), json.len);
		if (hex_decode(str_sub(json, 0, HEX_LEN), raw, sizeof raw))
			return at;
	}
	return NULL;
}

/* Every sealed document has several annotations of ours: a change that hides the seal cannot hide them all. */
static bool
was_sealed(struct str json)
{
	for (size_t f = 0; f < COUNT(annotation); f++) {
		AUTO_FREE char *text = NULL;

		if (annotation[f] == NULL)
			continue;
		text = xasprintf("\"%s\"", annotation[f]);
		if (memmem(json.p, json.len, text, strlen(text)) != NULL)
			return true;
	}
	return false;
}

int
chain_seal(struct vbackup *b, struct buf *json, struct err *e)
{
	size_t start = json->len;
	struct str doc;
	char hex[SHA256_HEX];

	kvs_set(&b->annotations, SEAL, zeros);
	if (vbackup_write(b, json, e) < 0)
		return -1;
	doc = str_sub(buf_str(json), start, json->len);
	digest(doc, hex);
	memcpy(seal_value(doc), hex, HEX_LEN);
	kvs_set(&b->annotations, SEAL, hex);
	return 0;
}

int
chain_check_seal(struct str json, struct err *e)
{
	AUTO_BUF struct buf copy = BUF_INIT(LIMIT_METADATA);
	char *at, hex[SHA256_HEX], want[SHA256_HEX] = "";

	if (buf_add_str(&copy, json, e) < 0)
		return -1;
	at = seal_value(buf_str(&copy));
	if (at == NULL && copy.len > 0 && was_sealed(json))
		return err_set(e, EK_CORRUPT, "velero-backup.json has lost its checksum");
	if (at == NULL)
		return 0;
	memcpy(want, at, HEX_LEN);
	memcpy(at, zeros, HEX_LEN);
	digest(buf_str(&copy), hex);
	if (strcmp(hex, want) != 0)
		return err_set(e, EK_CORRUPT, "velero-backup.json was changed after it was written");
	return 1;
}
