/* IAM policies for a location.  Source: AWS Service Authorization Reference (S3, KMS, EC2), IAM User Guide. */
#include "app/location_policy.h"

#include "base/limits.h"
#include "base/mem.h"
#include "data/jwrite.h"
#include "store/store_impl.h"

/* Of the object: what backups do, and what a location does that is only read. */
static const char *const write_actions[] = { "s3:GetObject", "s3:DeleteObject", "s3:PutObject", "s3:AbortMultipartUpload",
	"s3:ListMultipartUploadParts", NULL };
static const char *const read_actions[] = { "s3:GetObject", NULL };
static const char *const list_actions[] = { "s3:ListBucket", NULL };
/* Leftovers of interrupted uploads are looked for; the key s3:prefix does not exist for this one. */
static const char *const uploads_actions[] = { "s3:ListBucketMultipartUploads", NULL };
/* With these HEAD says why an object of a locked bucket cannot be deleted. */
static const char *const retention_actions[] = { "s3:GetObjectRetention", "s3:GetObjectLegalHold", NULL };
static const char *const kms_write_actions[] = { "kms:GenerateDataKey", "kms:Decrypt", NULL };
static const char *const kms_read_actions[] = { "kms:Decrypt", NULL };
static const char *const ebs_actions[] = { "ec2:DescribeVolumes", "ec2:DescribeSnapshots", "ec2:CreateTags",
	"ec2:CreateVolume", "ec2:CreateSnapshot", "ec2:DeleteSnapshot", NULL };

static const struct { const char *region, *partition; } partitions[] = {
	{ "cn-", "aws-cn" }, { "us-gov-", "aws-us-gov" }, { "us-iso-", "aws-iso" }, { "us-isob-", "aws-iso-b" },
};

/* The part of an ARN after the nth colon, up to the next one; empty when there is none. */
static struct str
arn_part(const char *arn, unsigned nth)
{
	struct str rest = str_of(arn), part = { 0 };

	for (unsigned i = 0; i <= nth; i++)
		if (!str_split(&rest, ':', &part))
			return (struct str){ 0 };
	return part;
}

static bool
is_arn(const char *text)
{
	return text != NULL && str_starts(str_of(text), S("arn:"));
}

static struct str
partition_of(const struct store_place *place, const struct policy_opts *o)
{
	const char *const arns[] = { place->role_arn, o->principal, o->kms_key, place->kms_key };

	for (size_t i = 0; place->region != NULL && i < COUNT(partitions); i++)
		if (str_starts(str_of(place->region), str_of(partitions[i].region)))
			return str_of(partitions[i].partition);
	for (size_t i = 0; place->region == NULL && i < COUNT(arns); i++)
		if (is_arn(arns[i]))
			return arn_part(arns[i], 1);
	return S("aws");
}

/* --- statements --- */

static void
list(struct jw *w, const char *key, const char *const *texts)
{
	jw_key(w, key);
	jw_arr(w);
	for (; *texts != NULL; texts++)
		jw_text(w, *texts);
	jw_arr_end(w);
}

static void
statement(struct jw *w, const char *sid, const char *const *actions, const char *resource)
{
	jw_obj(w);
	jw_kv_text(w, "Sid", sid);
	jw_kv_text(w, "Effect", "Allow");
	list(w, "Action", actions);
	if (resource == NULL) {
		jw_kv_text(w, "Resource", "*");
	} else {
		jw_key(w, "Resource");
		jw_arr(w);
		jw_text(w, resource);
		jw_arr_end(w);
	}
}

static void
start(struct jw *w, struct buf *out)
{
	jw_init(w, out, true);
	jw_obj(w);
	jw_kv_text(w, "Version", "2012-10-17");
	jw_key(w, "Statement");
	jw_arr(w);
}

static int
finish(struct jw *w, struct buf *out, struct err *e)
{
	jw_arr_end(w);
	jw_obj_end(w);
	if (jw_done(w, e) < 0)
		return -1;
	buf_putc(out, '\n');
	return 0;
}

static void
bucket_statements(struct jw *w, const struct store_place *place, struct str partition, bool writes)
{
	AUTO_FREE char *bucket = xasprintf("arn:" STR_FMT ":s3:::%s", STR_ARG(partition), place->bucket);
	AUTO_FREE char *objects = xasprintf("%s%s%s/*", bucket, place->prefix[0] != '\0' ? "/" : "", place->prefix);
	AUTO_FREE char *below = xasprintf("%s/*", place->prefix);
	const char *const prefixes[] = { place->prefix, below, NULL };

	statement(w, "Objects", writes ? write_actions : read_actions, objects);
	jw_obj_end(w);
	if (writes && place->tagging != NULL && place->tagging[0] != '\0') {
		static const char *const tag_actions[] = { "s3:PutObjectTagging", NULL };

		statement(w, "Tags", tag_actions, objects);
		jw_obj_end(w);
	}
	statement(w, "List", list_actions, bucket);
	if (place->prefix[0] != '\0') {
		jw_key(w, "Condition");
		jw_obj(w);
		jw_key(w, "StringLike");
		jw_obj(w);
		list(w, "s3:prefix", prefixes);
		jw_obj_end(w);
		jw_obj_end(w);
	}
	jw_obj_end(w);
	if (writes) {
		statement(w, "Uploads", uploads_actions, bucket);
		jw_obj_end(w);
		statement(w, "Retention", retention_actions, objects);
		jw_obj_end(w);
	}
}

/* A key's id, or an alias, which a policy can name only by what the key is called. */
static void
kms_statement(struct jw *w, const struct store_place *place, struct str partition, const char *key, bool writes)
{
	bool arn = is_arn(key);
	struct str id = arn ? arn_part(key, 5) : str_of(key);
	bool alias = str_starts(id, S("alias/"));
	struct str account = is_arn(place->role_arn) ? arn_part(place->role_arn, 4) : S("*");
	AUTO_FREE char *scope = arn ? xasprintf(STR_FMT ":" STR_FMT, STR_ARG(arn_part(key, 3)), STR_ARG(arn_part(key, 4)))
		: xasprintf("%s:" STR_FMT, place->region != NULL ? place->region : "*", STR_ARG(account));
	AUTO_FREE char *resource = arn && !alias ? xstrdup(key)
		: xasprintf("arn:" STR_FMT ":kms:%s:key/%s", STR_ARG(partition), scope, alias ? "*" : key);

	statement(w, "Key", writes ? kms_write_actions : kms_read_actions, resource);
	if (alias) {
		AUTO_FREE char *name = str_dup(id);

		jw_key(w, "Condition");
		jw_obj(w);
		jw_key(w, "ForAnyValue:StringEquals");
		jw_obj(w);
		jw_kv_text(w, "kms:ResourceAliases", name);
		jw_obj_end(w);
		jw_obj_end(w);
	}
	jw_obj_end(w);
}

static int
permissions_for(const struct store_place *place, const struct policy_opts *o, struct str partition, struct buf *out,
	struct err *e)
{
	bool writes = place->access_mode == NULL || strcmp(place->access_mode, "ReadOnly") != 0;
	const char *key = o->kms_key != NULL ? o->kms_key : place->kms_key;
	struct jw w;

	start(&w, out);
	if (o->ebs) {
		statement(&w, "Volumes", ebs_actions, NULL);
		jw_obj_end(&w);
	}
	bucket_statements(&w, place, partition, writes);
	if (key != NULL)
		kms_statement(&w, place, partition, key, writes);
	return finish(&w, out, e);
}

/* --- who may assume the role --- */

static bool
is_account(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return s.len == 12;
}

/* The account that the role is in, or that is trusted. */
static int
account_of(const struct store_place *place, const struct policy_opts *o, struct str *out, struct err *e)
{
	struct str account = is_arn(o->principal) ? arn_part(o->principal, 4) : str_of(o->principal);

	if (o->principal == NULL && is_arn(place->role_arn))
		account = arn_part(place->role_arn, 4);
	if (o->principal == NULL && account.len == 0)
		return err_set(e, EK_INVALID, "whose account may assume the role? --principal ACCOUNT says it");
	if (!is_account(account))
		return err_set(e, EK_INVALID, "'" STR_FMT "' is no AWS account: 12 digits, or an ARN with them",
			(int)(account.len < 60 ? account.len : 60), account.p);
	*out = account;
	return 0;
}

static int
trust_for(const struct store_place *place, const struct policy_opts *o, struct str partition, struct buf *out,
	struct err *e)
{
	const char *id = o->external_id != NULL ? o->external_id : place->external_id;
	AUTO_FREE char *who = NULL;
	struct str account;
	struct jw w;

	if (account_of(place, o, &account, e) < 0)
		return -1;
	who = is_arn(o->principal) ? xstrdup(o->principal)
		: xasprintf("arn:" STR_FMT ":iam::" STR_FMT ":root", STR_ARG(partition), STR_ARG(account));
	start(&w, out);
	jw_obj(&w);
	jw_kv_text(&w, "Effect", "Allow");
	jw_key(&w, "Principal");
	jw_obj(&w);
	jw_kv_text(&w, "AWS", who);
	jw_obj_end(&w);
	jw_kv_text(&w, "Action", "sts:AssumeRole");
	if (id != NULL) {
		jw_key(&w, "Condition");
		jw_obj(&w);
		jw_key(&w, "StringEquals");
		jw_obj(&w);
		jw_kv_text(&w, "sts:ExternalId", id);
		jw_obj_end(&w);
		jw_obj_end(&w);
	}
	jw_obj_end(&w);
	return finish(&w, out, e);
}

static int
web_identity_for(const struct store_place *place, const struct policy_opts *o, struct str partition, struct buf *out,
	struct err *e)
{
	struct str issuer = str_of(o->oidc_provider), ns = { 0 }, name = str_of(o->service_account), account;
	AUTO_FREE char *provider = NULL, *sub_key = NULL, *aud_key = NULL, *subject = NULL;
	struct jw w;

	if (str_starts(issuer, S("https://")))
		issuer = str_sub(issuer, strlen("https://"), issuer.len);
	while (issuer.len > 0 && issuer.p[issuer.len - 1] == '/')
		issuer.len--;
	if (issuer.len == 0 || memmem(issuer.p, issuer.len, "://", 3) != NULL)
		return err_set(e, EK_INVALID, "the OIDC provider must be the https:// address of the cluster's issuer");
	if (!str_split(&name, '/', &ns) || ns.len == 0 || name.len == 0 || str_chr(name, '/') < name.len)
		return err_set(e, EK_INVALID, "the service account must be given as NAMESPACE/NAME");
	if (account_of(place, o, &account, e) < 0)
		return -1;
	provider = xasprintf("arn:" STR_FMT ":iam::" STR_FMT ":oidc-provider/" STR_FMT, STR_ARG(partition),
		STR_ARG(account), STR_ARG(issuer));
	sub_key = xasprintf(STR_FMT ":sub", STR_ARG(issuer));
	aud_key = xasprintf(STR_FMT ":aud", STR_ARG(issuer));
	subject = xasprintf("system:serviceaccount:" STR_FMT ":" STR_FMT, STR_ARG(ns), STR_ARG(name));
	start(&w, out);
	jw_obj(&w);
	jw_kv_text(&w, "Effect", "Allow");
	jw_key(&w, "Principal");
	jw_obj(&w);
	jw_kv_text(&w, "Federated", provider);
	jw_obj_end(&w);
	jw_kv_text(&w, "Action", "sts:AssumeRoleWithWebIdentity");
	jw_key(&w, "Condition");
	jw_obj(&w);
	jw_key(&w, "StringEquals");
	jw_obj(&w);
	jw_kv_text(&w, sub_key, subject);
	jw_kv_text(&w, aud_key, "sts.amazonaws.com");
	jw_obj_end(&w);
	jw_obj_end(&w);
	jw_obj_end(&w);
	return finish(&w, out, e);
}

static int
policies_for(const struct store_place *place, const struct policy_opts *o, struct buf *permissions, struct buf *trust,
	struct buf *web_identity, struct err *e)
{
	struct str partition = partition_of(place, o);

	if (place->bucket == NULL)
		return err_set(e, EK_INVALID, "a folder needs no IAM policy: who may read and write it, its mode says");
	if ((o->oidc_provider != NULL) != (o->service_account != NULL))
		return err_set(e, EK_INVALID, "--oidc-provider and --service-account belong together");
	if (permissions_for(place, o, partition, permissions, e) < 0)
		return -1;
	if ((place->role_arn != NULL || o->external_id != NULL || (o->principal != NULL && o->oidc_provider == NULL))
	    && trust_for(place, o, partition, trust, e) < 0)
		return -1;
	return o->oidc_provider != NULL ? web_identity_for(place, o, partition, web_identity, e) : 0;
}

int
location_policy(const char *url, const struct policy_opts *o, struct buf *permissions, struct buf *trust,
	struct buf *web_identity, struct err *e)
{
	struct store_place place;
	int rc;

	if (store_place_parse(&place, url, e) < 0)
		return -1;
	rc = policies_for(&place, o, permissions, trust, web_identity, e);
	store_place_done(&place);
	return rc;
}
