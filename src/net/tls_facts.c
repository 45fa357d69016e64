/* Looks over the shoulder of certificate verification. */
#include "net/tls_facts.h"

#include "base/attr.h"
#include "base/clock.h"

#include <arpa/inet.h>
#include <assert.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NAME_ROOM 96                     /* a DNS label, or an address */

static const struct flaw_row {
	int           error;
	enum tls_flaw flaw;
} flaws[] = {
	{ X509_V_OK,                                     TLS_FLAWLESS },
	{ X509_V_ERR_CERT_HAS_EXPIRED,                   TLS_EXPIRED },
	{ X509_V_ERR_CERT_NOT_YET_VALID,                 TLS_NOT_YET_VALID },
	{ X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT,          TLS_UNKNOWN_ISSUER },
	{ X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,  TLS_UNKNOWN_ISSUER },
	{ X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE,    TLS_UNKNOWN_ISSUER },
	{ X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN,          TLS_UNKNOWN_ISSUER },
	{ X509_V_ERR_CERT_UNTRUSTED,                     TLS_UNKNOWN_ISSUER },
	{ X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,        TLS_SELF_SIGNED },
	{ X509_V_ERR_CERT_SIGNATURE_FAILURE,             TLS_WRONG_KEY },
};

static const char *const reasons[] = {
	[TLS_FLAWLESS]       = "",
	[TLS_EXPIRED]        = "TLSExpired",
	[TLS_NOT_YET_VALID]  = "TLSNotYetValid",
	[TLS_UNKNOWN_ISSUER] = "TLSUnknownIssuer",
	[TLS_SELF_SIGNED]    = "TLSSelfSigned",
	[TLS_WRONG_KEY]      = "TLSWrongKey",
	[TLS_OTHER_FLAW]     = "TLSUnverified",
};
static_assert(COUNT(reasons) == TLS_FLAW_COUNT_, "every flaw needs its word");

const char *
tls_flaw_reason(enum tls_flaw flaw)
{
	return reasons[flaw];
}

static void
put_name(char *out, size_t room, X509_NAME *name)
{
	BIO *bio;
	char *text;
	long n;

	out[0] = '\0';
	if (X509_NAME_get_text_by_NID(name, NID_commonName, out, (int)room) > 0)
		return;
	bio = BIO_new(BIO_s_mem());
	if (bio == NULL)
		return;
	(void)X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253);
	n = BIO_get_mem_data(bio, &text);
	if (n > 0)
		(void)snprintf(out, room, "%.*s", (int)n, text);
	BIO_free(bio);
}

static int64_t
unix_ns(const ASN1_TIME *t)
{
	ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
	int days = 0, seconds = 0;

	if (epoch == NULL || ASN1_TIME_diff(&days, &seconds, epoch, t) != 1)
		days = seconds = 0;
	ASN1_TIME_free(epoch);
	/* "99991231235959Z" means: never.  2261 is as far as nanoseconds go. */
	if (days > 106000)
		return INT64_MAX;
	return ((int64_t)days * 24 * 3600 + seconds) * NS_PER_S;
}

static void
note_cert(struct tls_cert *out, X509 *cert)
{
	put_name(out->subject, sizeof out->subject, X509_get_subject_name(cert));
	put_name(out->issuer, sizeof out->issuer, X509_get_issuer_name(cert));
	out->from_unix_ns = unix_ns(X509_get0_notBefore(cert));
	out->until_unix_ns = unix_ns(X509_get0_notAfter(cert));
}

/* Empty for kinds of names that no server is verified by. */
static void
name_text(char out[NAME_ROOM], const GENERAL_NAME *name)
{
	const ASN1_STRING *s;

	out[0] = '\0';
	if (name->type == GEN_DNS) {
		s = name->d.dNSName;
		(void)snprintf(out, NAME_ROOM, "%.*s", ASN1_STRING_length(s), (const char *)ASN1_STRING_get0_data(s));
	} else if (name->type == GEN_IPADD) {
		s = name->d.iPAddress;
		(void)inet_ntop(ASN1_STRING_length(s) == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(s), out, NAME_ROOM);
	}
}

static void
note_names(struct tls_facts *f, X509 *cert)
{
	GENERAL_NAMES *all = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	size_t used = 0;

	f->names[0] = '\0';
	for (int i = 0; i < sk_GENERAL_NAME_num(all); i++) {
		char text[NAME_ROOM];

		name_text(text, sk_GENERAL_NAME_value(all, i));
		if (text[0] == '\0')
			continue;
		if (used + strlen(text) + sizeof ", ..." > sizeof f->names) {
			(void)snprintf(f->names + used, sizeof f->names - used, "%s...", used > 0 ? ", " : "");
			break;
		}
		used += (size_t)snprintf(f->names + used, sizeof f->names - used, "%s%s", used > 0 ? ", " : "", text);
	}
	GENERAL_NAMES_free(all);
}

static void
note_end(struct tls_facts *f, X509_STORE_CTX *ctx)
{
	STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(ctx);
	int n = chain != NULL ? sk_X509_num(chain) : 0;
	X509 *last = n > 0 ? sk_X509_value(chain, n - 1) : X509_STORE_CTX_get0_cert(ctx);

	/* An incomplete chain ends at somebody whose certificate is missing. */
	put_name(f->end, sizeof f->end, X509_get_issuer_name(last));
}

static void
note_flaw(struct tls_facts *f, X509_STORE_CTX *ctx)
{
	int error = X509_STORE_CTX_get_error(ctx);
	X509 *at = X509_STORE_CTX_get_current_cert(ctx);

	f->flaw = TLS_OTHER_FLAW;
	for (size_t i = 0; i < COUNT(flaws); i++)
		if (flaws[i].error == error)
			f->flaw = flaws[i].flaw;
	note_cert(&f->flawed, at != NULL ? at : X509_STORE_CTX_get0_cert(ctx));
	(void)snprintf(f->why, sizeof f->why, "%s", f->flaw == TLS_FLAWLESS ? "" : X509_verify_cert_error_string(error));
}

static int
verify(X509_STORE_CTX *ctx, void *arg)
{
	struct tls_facts *f = arg;
	const SSL *ssl = X509_STORE_CTX_get_ex_data(ctx, SSL_get_ex_data_X509_STORE_CTX_idx());
	X509 *leaf = X509_STORE_CTX_get0_cert(ctx);
	int rc = X509_verify_cert(ctx);

	*f = (struct tls_facts){ 0 };
	(void)snprintf(f->protocol, sizeof f->protocol, "%s", ssl != NULL ? SSL_get_version(ssl) : "TLS");
	if (leaf != NULL) {
		note_cert(&f->leaf, leaf);
		note_names(f, leaf);
		note_end(f, ctx);
		note_flaw(f, ctx);
	}
	return rc;
}

void
tls_facts_watch(void *ssl_ctx, struct tls_facts *facts)
{
	SSL_CTX_set_cert_verify_callback(ssl_ctx, verify, facts);
}
