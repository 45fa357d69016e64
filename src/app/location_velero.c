/* BackupStorageLocations (velero-format 5.1, 6.1). */
#include "app/location_velero.h"

#include "base/file.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/mem.h"
#include "data/yaml.h"

#define KIND "BackupStorageLocation"
#define SECRET_KEY "cloud"

static int PRINTF_LIKE(4, 5)
wrong(const char *file, unsigned line, struct err *e, const char *fmt, ...)
{
	va_list ap;
	AUTO_FREE char *text = NULL;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	return err_set(e, EK_INVALID, "%s:%u: %s", file, line, text);
}

static void PRINTF_LIKE(2, 3)
note(struct strs *notes, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	*vec_push(notes) = xvasprintf(fmt, ap);
	va_end(ap);
}

static bool
has_suffix(const char *text, const char *suffix)
{
	return text != NULL && str_ends(str_of(text), str_of(suffix));
}

/* The document itself, or the one of a list. */
static const struct ynode *
choose(const struct ynode *root, const char *file, const char *name, struct err *e)
{
	const struct ynode *items = yaml_get(root, "items");
	const char *kind = yaml_text(root, "kind");

	if (kind != NULL && strcmp(kind, KIND) == 0)
		return root;
	if (!has_suffix(kind, "List") || items == NULL || items->kind != Y_SEQ) {
		wrong(file, root->line, e, "this is no " KIND " (kind: %.60s)", kind != NULL ? kind : "none");
		return NULL;
	}
	for (size_t i = 0; i < items->len; i++) {
		const char *item = yaml_text(yaml_get(items->at[i], "metadata"), "name");

		kind = yaml_text(items->at[i], "kind");
		if ((kind == NULL || strcmp(kind, KIND) == 0)
		    && (items->len == 1 || (item != NULL && name != NULL && strcmp(item, name) == 0)))
			return items->at[i];
	}
	wrong(file, items->line, e, "there is no " KIND " '%.60s' in this list of %zu", name != NULL ? name : "",
		items->len);
	return NULL;
}

static int
from_config(const struct ynode *spec, const char *file, struct location *l, struct strs *notes, struct err *e)
{
	const struct ynode *config = yaml_get(spec, "config");

	for (size_t i = 0; config != NULL && config->kind == Y_MAP && i < config->len; i++) {
		const struct ynode *n = config->at[i];

		if (n->kind != Y_SCALAR)
			return wrong(file, n->line, e, "'%.60s' must be a text", n->key);
		if (strcmp(n->key, "credentialsFile") == 0) {
			note(notes, "credentialsFile %s is a file of Velero's pod: give its content with --credentials-file", n->text);
			continue;
		}
		if (strcmp(n->key, "customerKeyEncryptionFile") == 0)
			note(notes, "customerKeyEncryptionFile %s must be a file of this machine: --customer-key-file names another one",
				n->text);
		if (strcmp(n->key, "customerKeyEncryptionSecret") == 0) {
			note(notes, "the objects are encrypted with the key in Secret %s of Velero's namespace: put its 32 bytes into a "
				"file and name that with --customer-key-file", n->text);
			continue;
		}
		if (location_set(l, n->key, n->text, e) < 0)
			return err_ctx(e, "%s:%u", file, n->line);
	}
	return 0;
}

static int
from_storage(const struct ynode *spec, const char *namespace_, struct location *l, struct strs *notes, struct err *e)
{
	const struct ynode *storage = yaml_get(spec, "objectStorage"), *ref = yaml_get(storage, "caCertRef");
	static const char *const keys[] = { "bucket", "prefix", "caCert" };

	for (size_t i = 0; i < COUNT(keys); i++) {
		const char *value = yaml_text(storage, keys[i]);

		if (value != NULL && value[0] != '\0' && location_set(l, keys[i], value, e) < 0)
			return -1;
	}
	if (ref != NULL && yaml_text(ref, "name") != NULL)
		note(notes, "the certificate is in a Secret: kubectl -n %s get secret %s -o 'jsonpath={.data.%s}' | base64 -d > ca.pem, "
			"then --replace with --certificate ca.pem", namespace_, yaml_text(ref, "name"),
			yaml_text(ref, "key") != NULL ? yaml_text(ref, "key") : "ca.crt");
	return 0;
}

static void
note_credential(const struct ynode *spec, const char *namespace_, struct strs *notes)
{
	const struct ynode *c = yaml_get(spec, "credential");
	const char *name = yaml_text(c, "name"), *key = yaml_text(c, "key");

	note(notes, "the credentials are in Secret '%s'%s: kubectl -n %s get secret %s -o 'jsonpath={.data.%s}' | base64 -d > "
		"keys, then --credentials-file keys, and remove that file", name != NULL ? name : "cloud-credentials",
		name != NULL ? "" : ", if anywhere (the server's default)", namespace_, name != NULL ? name : "cloud-credentials",
		key != NULL ? key : SECRET_KEY);
}

/* Whose S3 it is, the document does not say. */
static enum provider
provider_of(const struct location *l)
{
	const char *url = l->config[CONFIG_S3_URL];

	return url == NULL || strstr(url, ".amazonaws.com") != NULL ? PROVIDER_AWS : PROVIDER_S3;
}

int
location_from_velero(struct str text, const char *file, struct location *l, bool *is_default, struct strs *notes,
	struct err *e)
{
	AUTO_YAML struct ynode *root = yaml_parse(text, file, e);
	const struct ynode *doc = root != NULL ? choose(root, file, l->name, e) : NULL;
	const struct ynode *spec = yaml_get(doc, "spec");
	const char *provider = yaml_text(spec, "provider"), *mode = yaml_text(spec, "accessMode");
	const char *namespace_ = yaml_text(yaml_get(doc, "metadata"), "namespace");

	if (doc == NULL)
		return -1;
	namespace_ = namespace_ != NULL ? namespace_ : "velero";
	if (provider == NULL || (strcmp(provider, "aws") != 0 && strcmp(provider, "velero.io/aws") != 0))
		return wrong(file, spec != NULL ? spec->line : doc->line, e, "provider '%.60s' is not supported: aws is (S3 and what "
			"speaks its protocol)", provider != NULL ? provider : "");
	if (from_storage(spec, namespace_, l, notes, e) < 0)
		return err_ctx(e, "%s:%u", file, spec->line);
	if (from_config(spec, file, l, notes, e) < 0)
		return -1;
	l->provider = provider_of(l);
	l->read_only = mode != NULL && strcmp(mode, "ReadOnly") == 0;
	*is_default = yaml_bool(spec, "default", false);
	if (l->account == ACCOUNT_ENVIRONMENT)
		note_credential(spec, namespace_, notes);
	return 0;
}

/* --- export --- */

/* Names in a cluster: lower-case DNS labels, with dots between them. */
static bool
velero_name(const char *name)
{
	for (const char *p = name; *p != '\0'; p++)
		if (!((*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9') || (strchr("-.", *p) != NULL && p[1] != '\0')))
			return false;
	return true;
}

static int
write_ca(const struct project *p, const struct location *l, struct jw *w, struct err *e)
{
	AUTO_BUF struct buf pem = BUF_INIT(LIMIT_PEM), b64 = BUF_INIT(2 * LIMIT_PEM);
	AUTO_FREE char *path = NULL;

	if (l->certificate == NULL)
		return 0;
	if (strstr(l->certificate, "-----BEGIN") != NULL) {
		if (buf_add(&pem, l->certificate, strlen(l->certificate), e) < 0)
			return -1;
	} else {
		path = project_path(p->file, l->certificate);
		if (file_read(path, &pem, e) < 0)
			return err_ctx(e, "certificate of location '%s'", l->name);
	}
	b64_encode(&b64, buf_cstr(&pem), pem.len);
	jw_kv_text(w, "caCert", buf_cstr(&b64));
	return 0;
}

static void
write_config(const struct location *l, struct jw *w)
{
	jw_key(w, "config");
	jw_obj(w);
	for (enum config_key k = 0; k < CONFIG_COUNT_; k++)
		if (l->config[k] != NULL)
			jw_kv_text(w, config_word(k), l->config[k]);
	if (l->profile != NULL)
		jw_kv_text(w, "profile", l->profile);
	if (l->insecure)
		jw_kv_text(w, "insecureSkipTLSVerify", "true");
	jw_obj_end(w);
}

static int
write_document(const struct project *p, const struct location *l, const char *secret, struct jw *w, struct err *e)
{
	jw_obj(w);
	jw_kv_text(w, "apiVersion", "velero.io/v1");
	jw_kv_text(w, "kind", KIND);
	jw_key(w, "metadata");
	jw_obj(w);
	jw_kv_text(w, "name", l->name);
	jw_kv_text(w, "namespace", "velero");
	jw_obj_end(w);
	jw_key(w, "spec");
	jw_obj(w);
	jw_kv_text(w, "provider", "aws");
	jw_kv_text(w, "accessMode", l->read_only ? "ReadOnly" : "ReadWrite");
	jw_key(w, "objectStorage");
	jw_obj(w);
	jw_kv_text(w, "bucket", l->bucket);
	if (l->prefix != NULL && l->prefix[0] != '\0')
		jw_kv_text(w, "prefix", l->prefix);
	if (write_ca(p, l, w, e) < 0)
		return -1;
	jw_obj_end(w);
	write_config(l, w);
	if (l->account != ACCOUNT_ENVIRONMENT) {
		jw_key(w, "credential");
		jw_obj(w);
		jw_kv_text(w, "name", secret);
		jw_kv_text(w, "key", SECRET_KEY);
		jw_obj_end(w);
	}
	jw_obj_end(w);
	jw_obj_end(w);
	return 0;
}

/* What the Secret must look like; what is in ours is for nobody to print. */
static void
put_secret_shape(const struct project *p, const struct location *l, const char *secret, struct buf *out)
{
	AUTO_FREE char *keys = location_keys_path(p->name, l->name);
	const char *profile = l->profile != NULL ? l->profile : "default";

	if (l->account == ACCOUNT_ENVIRONMENT) {
		buf_puts(out, "# Credentials: those of the Velero server; this location takes them from the environment.\n");
		return;
	}
	buf_putf(out, "# The Secret that 'credential' names, without what is secret in it:\n"
		"#   apiVersion: v1\n#   kind: Secret\n#   metadata: {name: %s, namespace: velero}\n#   stringData:\n"
		"#     " SECRET_KEY ": |\n", secret);
	if (l->account == ACCOUNT_STS) {
		buf_putf(out, "#       [%s]\n#       role_arn = %s\n", profile, l->role_arn);
		if (l->external_id != NULL)
			buf_putf(out, "#       external_id = %s\n", l->external_id);
		buf_puts(out, "#       source_profile = base\n#       [base]\n");
	} else {
		buf_putf(out, "#       [%s]\n", profile);
	}
	buf_puts(out, "#       aws_access_key_id = ...\n#       aws_secret_access_key = ...\n");
	if (l->account == ACCOUNT_CREDENTIALS)
		buf_putf(out, "# With the keys that are stored here:\n"
			"#   kubectl -n velero create secret generic %s --from-file=" SECRET_KEY "='%s'\n", secret, keys);
}

int
location_to_velero(const struct project *p, const struct location *l, struct buf *out, struct err *e)
{
	AUTO_BUF struct buf json = BUF_INIT(4 * LIMIT_PEM);
	AUTO_FREE char *secret = xasprintf("orlop-%s", l->name);
	const struct { const char *name; bool set; } ours[] = { { "storageClass", l->storage_class != NULL },
		{ "requesterPays", l->requester_pays }, { "imdsV1", l->imds_v1 } };
	struct jw w;

	if (l->provider == PROVIDER_DIR)
		return err_set(e, EK_INVALID, "location '%s' is a folder, which Velero cannot use", l->name);
	if (!velero_name(l->name))
		return err_set(e, EK_INVALID, "location '%s': a name in a cluster has lower-case letters, digits, '-' and '.' only",
			l->name);
	jw_init(&w, &json, false);
	if (write_document(p, l, secret, &w, e) < 0)
		return -1;
	if (jw_done(&w, e) < 0 || yaml_from_json(buf_str(&json), out, e) < 0)
		return -1;
	for (size_t i = 0; i < COUNT(ours); i++)
		if (ours[i].set)
			buf_putf(out, "# Velero has no %s.\n", ours[i].name);
	put_secret_shape(p, l, secret, out);
	return 0;
}
