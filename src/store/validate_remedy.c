/* What helps against which failure: one table. */
#include "store/validate_impl.h"

#include <string.h>

/*
 * The first row that fits counts; NULL, EK_NONE and "" fit everything.  A reason that ends in '*' is the beginning of one.  word
 * stands in the message.  {names} in a text are facts.
 */
static const struct remedy {
	const char   *step;
	enum err_kind kind;
	const char   *reason, *word;
	const char   *text;
} remedies[] = {
	/* volumes: the words below are about the store */
	{ "volumes", EK_NONE, "UnauthorizedOperation", NULL,
		"Allow {action} on {resource} to these credentials ({source}): 'orlop location policy --ebs' prints the policy." },
	{ "volumes", EK_NONE, "Undecided", NULL,
		"Make sure that {action} is allowed to these credentials ({source}): 'orlop location policy --ebs' prints the policy." },
	{ "volumes", EK_DENIED, NULL, NULL,
		"Check that these credentials ({source}) are those of an AWS account that may use EC2 in region {region}." },
	{ "volumes", EK_NONE, NULL, NULL,
		"Check region {region} of the location, and that EC2 can be reached from here; AWS_ENDPOINT_URL_EC2 sets its address." },

	/* the way there */
	{ NULL, EK_NONE, "NameNotFound", NULL,
		"Correct the host in s3Url: the name service of this machine does not know '{host}'." },
	{ NULL, EK_NONE, "ConnectionRefused", NULL,
		"Nothing listens at {place}: check host and port in s3Url, and that the store runs." },
	{ NULL, EK_NONE, "ConnectTimeout", NULL,
		"Check the address in s3Url, and firewall, routes and proxy between this machine and {place}." },
	{ NULL, EK_NONE, "Proxy", NULL, "Check HTTPS_PROXY, HTTP_PROXY and NO_PROXY: {place} is asked through a proxy." },
	{ NULL, EK_NONE, "NotTLS", NULL, "Write http:// instead of https:// in s3Url, or turn on TLS in the store." },
	{ NULL, EK_NONE, "PlainToTLS", NULL, "Write https:// instead of http:// in s3Url." },
	{ NULL, EK_NONE, "NotHTTP", NULL, "Check host and port in s3Url: what answers is not HTTP. If s3Url is http://, the store may want https://." },

	/* certificates */
	{ NULL, EK_NONE, "TLSUnknownIssuer", NULL,
		"Name the certificate of the CA '{issuer}' as a PEM file: --certificate FILE, or caFile=FILE in a URL." },
	{ NULL, EK_NONE, "TLSSelfSigned", NULL,
		"Name this certificate itself as a PEM file (--certificate FILE, or caFile=FILE in a URL), or have it issued by a CA." },
	{ NULL, EK_NONE, "TLSWrongKey", NULL,
		"The CA '{issuer}' was made anew: get its present certificate and name that (--certificate FILE, caFile=FILE)." },
	{ NULL, EK_NONE, "TLSExpired", NULL, "Renew the certificate '{flawed}' at {place}: it ended on {until}." },
	{ NULL, EK_NONE, "TLSNotYetValid", NULL,
		"Compare the clocks of this machine and of {place}: '{flawed}' is valid from {from} to {until}." },
	{ NULL, EK_NONE, "TLSWrongName", NULL,
		"Write one of the certificate's names in s3Url ({names}), or have a certificate issued for '{host}'; where the "
		"bucket is part of that name, s3ForcePathStyle=true takes it out." },
	{ NULL, EK_NONE, "TLSHandshake", NULL,
		"Check what listens at {place}, and which versions of TLS it speaks: 1.2 or newer is needed." },
	{ NULL, EK_NONE, "TLSClientCertificate", NULL,
		"Let {place} take clients without a certificate: orlop has none to show to a store." },
	{ NULL, EK_NONE, "TLSUnverified", NULL, "Have the certificate '{flawed}' issued anew, so that it can be verified." },
	{ NULL, EK_NONE, "TLSEndsSoon", NULL, "Renew the certificate '{flawed}' at {place} before {until}." },
	{ NULL, EK_NONE, "TLSInsecure", NULL,
		"Name the certificate of the CA (--certificate FILE, caFile=FILE) instead of insecureSkipTLSVerify: anybody on the "
		"way can read and change what is sent." },

	/* who answers */
	{ NULL, EK_NONE, "Console", NULL,
		"This is the MinIO console, use the API port: s3Url is the address that S3 clients use (port 9000, if it was not "
		"changed)." },
	{ NULL, EK_NONE, "NotS3", NULL, "Correct s3Url: it must be the address of an S3 API, and a web page answers there." },
	{ NULL, EK_NONE, "ClockOff", NULL,
		"Set the clock of this machine (timedatectl set-ntp true), or the store's. Until then requests are signed with the "
		"store's time." },
	{ NULL, EK_NONE, "RequestTimeTooSkewed", NULL,
		"Set the clock of this machine (timedatectl set-ntp true), or the store's: they differ by {skew}." },

	/* credentials */
	{ NULL, EK_NONE, "InvalidAccessKeyId", NULL,
		"Correct the access key: the store does not know the one from {source}. Is it one of another store?" },
	{ NULL, EK_NONE, "SignatureDoesNotMatch", NULL, "Correct the secret key (from {source}): it is not the one of this access key." },
	{ NULL, EK_NONE, "ExpiredToken*", NULL, "Get new temporary credentials: those from {source} have ended." },
	{ NULL, EK_NONE, "TokenRefreshRequired", NULL, "Get new temporary credentials: those from {source} have ended." },
	{ NULL, EK_NONE, "InvalidToken*", NULL, "Correct the session token (from {source}), or get new temporary credentials." },
	{ NULL, EK_DENIED, "AccountProblem", NULL, "Ask the provider: there is a problem with the account." },
	{ "credentials", EK_NONE, NULL, "hop limit",
		"Let the instance's metadata be reached from here: aws ec2 modify-instance-metadata-options --instance-id ID "
		"--http-put-response-hop-limit 2; or use IRSA or EKS Pod Identity." },
	{ "credentials", EK_NONE, NULL, "instance metadata: it is turned off",
		"Turn the instance's metadata on: aws ec2 modify-instance-metadata-options --instance-id ID --http-endpoint enabled; or "
		"give credentials to the location." },
	{ "credentials", EK_NONE, NULL, "has no role; attach",
		"Attach an instance profile to this instance, or give credentials to the location." },
	{ "credentials", EK_NONE, NULL, "compare the External ID",
		"Make the External ID of the location and sts:ExternalId in the role's trust policy the same, and let that policy "
		"allow this caller: 'orlop location policy' prints it." },
	{ "credentials", EK_NONE, NULL, "with the web identity",
		"Let the role's trust policy allow sts:AssumeRoleWithWebIdentity for this service account: 'orlop location policy' "
		"prints it." },
	{ "credentials", EK_NONE, NULL, "cannot be assumed",
		"Check the role's ARN; let its trust policy allow this caller, and this caller sts:AssumeRole ('orlop location policy' "
		"prints both); set externalId if the policy asks for one." },

	/* bucket */
	{ NULL, EK_NONE, "NoSuchBucket", NULL, "Create the bucket '{bucket}', or correct its name." },
	{ NULL, EK_NONE, "InvalidBucketName", NULL, "Correct the name of the bucket '{bucket}'." },
	{ NULL, EK_NONE, "RegionDiffers", NULL,
		"Set region={region} in the location: orlop has found the bucket, Velero would not." },
	{ NULL, EK_NONE, NULL, "the bucket is in region", "Set region to the one that the message names." },
	{ NULL, EK_NONE, "PermanentRedirect", NULL, "Correct s3Url: the store names another address for the bucket '{bucket}'." },
	{ NULL, EK_NONE, "AuthorizationHeaderMalformed", NULL, "Correct the region of the location." },

	/* encryption, space */
	{ NULL, EK_NONE, "KMS*", NULL,
		"Check the KMS key {key}: that it exists, is enabled, and is in region {region}." },
	{ NULL, EK_DENIED, NULL, "kms:",
		"Allow kms:GenerateDataKey and kms:Decrypt on the KMS key {key} to these credentials, in the key's policy too." },
	{ NULL, EK_DENIED, NULL, "KMS",
		"Allow kms:GenerateDataKey and kms:Decrypt on the KMS key {key} to these credentials, in the key's policy too." },
	{ NULL, EK_NONE, "NotImplemented", "KMS",
		"This store has no KMS: configure one there, or leave kmsKeyId and serverSideEncryption out of the location." },
	{ NULL, EK_NONE, "QuotaExceeded", NULL, "Free space in the bucket '{bucket}', or raise its quota." },
	{ NULL, EK_NONE, "XMinioAdminBucketQuotaExceeded", NULL, "Free space in the bucket '{bucket}', or raise its quota." },
	{ NULL, EK_NONE, "XMinioStorageFull", NULL, "Add space to the store: its disks are full." },

	/* permissions, after what is refused for other reasons */
	{ "credentials", EK_INVALID, NULL, NULL,
		"Correct what the message names: the profile, the file with the credentials, or the role." },
	{ "credentials", EK_DENIED, NULL, NULL,
		"Give credentials to the location: a profile, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a role." },
	{ NULL, EK_DENIED, "AccessDenied", NULL, "Allow {action} on {resource} to these credentials ({source})." },
	{ NULL, EK_DENIED, "AllAccessDisabled", NULL, "The owner of the bucket has turned off all access to it: ask there." },

	/* what steps found */
	{ NULL, EK_NONE, "ForeignFolders", NULL,
		"Use an empty bucket, or a prefix of its own in this one; what else is in it belongs elsewhere." },
	{ NULL, EK_NONE, "ChangedBytes", NULL,
		"Do not trust this store: look for what changes the data, such as a proxy or a cache between." },
	{ NULL, EK_NONE, "ConditionIgnored", NULL,
		"Let only one program at a time make a backup of a name here: two could write over each other." },
	{ NULL, EK_NONE, "ProbeRetained", NULL,
		"Nothing has to be done: the bucket keeps each version until its retention ends, also that of '{probe}'." },
	{ NULL, EK_NONE, "ProbeVersions", NULL,
		"Nothing has to be done for backups. To have old versions taken away, allow s3:DeleteObjectVersion on {object}, or "
		"let a lifecycle rule do it." },
	{ NULL, EK_NONE, "LittleSpace", NULL, "Free space at {place}, or use another folder." },

	/* folders */
	{ NULL, EK_DENIED, NULL, NULL, "Check who may read and write {place}." },
	{ NULL, EK_NOTFOUND, NULL, NULL, "Check that {place} is there." },
	{ "folder", EK_IO, NULL, NULL, "Name a folder, on a disk that is sound." },
	{ NULL, EK_IO, NULL, NULL, "Check that the disk of {place} is sound and has space." },

	{ NULL, EK_THROTTLED, NULL, NULL, "The store asks for fewer requests: try again later." },
	{ NULL, EK_TIMEOUT, NULL, NULL, "Check that {place} is not overloaded, and the network between; then try again." },
	{ NULL, EK_UNAVAILABLE, NULL, NULL, "Check the store at {place} and what stands between, such as a proxy; then try again." },
	{ NULL, EK_INVALID, "NotImplemented", NULL, "This store lacks something that backups need: see what it supports, or use another." },
	{ NULL, EK_INVALID, NULL, NULL, "Correct s3Url, or what stands between: this is not what an S3 store answers." },
};

static const char *const names[FACT_COUNT_] = {
	[FACT_PLACE] = "place", [FACT_HOST] = "host", [FACT_BUCKET] = "bucket", [FACT_BUCKET_ARN] = "bucket_arn",
	[FACT_OBJECT_ARN] = "object", [FACT_UPLOADS_ARN] = "uploads", [FACT_ACTION] = "action",
	[FACT_RESOURCE] = "resource", [FACT_REGION] = "region", [FACT_SOURCE] = "source", [FACT_KEY] = "key",
	[FACT_ISSUER] = "issuer", [FACT_FLAWED] = "flawed", [FACT_NAMES] = "names", [FACT_FROM] = "from",
	[FACT_UNTIL] = "until", [FACT_SKEW] = "skew", [FACT_PROBE] = "probe",
};

static bool
fits_reason(const char *pattern, const char *reason)
{
	size_t n = strlen(pattern);

	if (n > 0 && pattern[n - 1] == '*')
		return strncmp(pattern, reason, n - 1) == 0;
	return strcmp(pattern, reason) == 0;
}

static bool
fits(const struct remedy *r, const char *step, const struct err *why)
{
	return (r->step == NULL || strcmp(r->step, step) == 0)
	    && (r->kind == EK_NONE || r->kind == why->kind)
	    && (r->reason == NULL || fits_reason(r->reason, why->reason))
	    && (r->word == NULL || strstr(why->msg, r->word) != NULL);
}

static const char *
fact(const struct facts *f, struct str name)
{
	for (size_t i = 0; i < FACT_COUNT_; i++)
		if (str_eqz(name, names[i]))
			return f->at[i] != NULL ? f->at[i] : "";
	return "";
}

static void
fill_in(const char *text, const struct facts *f, struct buf *out)
{
	struct str rest = str_of(text);

	while (rest.len > 0) {
		size_t open = str_chr(rest, '{');
		struct str tail = str_sub(rest, open + 1, rest.len);
		size_t close = str_chr(tail, '}');

		buf_put_str(out, str_sub(rest, 0, open));
		if (open < rest.len)
			buf_puts(out, fact(f, str_sub(tail, 0, close)));
		rest = str_sub(tail, close + 1, tail.len);
	}
}

void
remedy_of(const char *step, const struct err *why, const struct facts *f, struct buf *out)
{
	for (size_t i = 0; i < COUNT(remedies); i++)
		if (fits(&remedies[i], step, why)) {
			fill_in(remedies[i].text, f, out);
			return;
		}
	buf_puts(out, err_info(why->kind)->hint);
}
