/*
 * What certificate a server showed, also when it was refused: for messages that name it, its dates and its names.
 * Sources: X509_STORE_CTX_get_error(3), RFC 5280 4.2.1.6 (subjectAltName), CURLOPT_SSL_CTX_FUNCTION(3).
 */
#ifndef ORLOP_NET_TLS_FACTS_H
#define ORLOP_NET_TLS_FACTS_H

#include <stdbool.h>
#include <stdint.h>

struct tls_cert {
	char    subject[128], issuer[128];   /* common names; of a name without one, the whole */
	int64_t from_unix_ns, until_unix_ns;
};

enum tls_flaw {
	TLS_FLAWLESS,                    /* the chain is good; the name is not looked at here */
	TLS_EXPIRED,
	TLS_NOT_YET_VALID,
	TLS_UNKNOWN_ISSUER,              /* the chain ends at no CA that is trusted */
	TLS_SELF_SIGNED,                 /* the server's certificate is its own issuer, and not trusted */
	TLS_WRONG_KEY,                   /* its issuer has the name of a trusted CA, but another key */
	TLS_OTHER_FLAW,
	TLS_FLAW_COUNT_
};

struct tls_facts {
	char            protocol[16];    /* "TLSv1.3"; "": no certificate was seen yet */
	struct tls_cert leaf;            /* the server's own */
	struct tls_cert flawed;          /* the one that flaw is about: the leaf, or a CA's */
	char            end[128];        /* where the chain ends: the CA's name */
	char            names[256];      /* what the leaf is for: "minio, *.dc.example, 10.0.9.3"; cut with "..." */
	enum tls_flaw   flaw;
	char            why[96];         /* the library's words for the flaw */
};

/*
 * Makes handshakes of this context (an SSL_CTX) write what they see to *facts, which must outlive it.  What is trusted stays as
 * it was set up.  On the thread that makes the connections.
 */
void tls_facts_watch(void *ssl_ctx, struct tls_facts *facts);

/* The word in err.reason for a flaw: "TLSExpired", ...; and for a name that the certificate does not have. */
const char *tls_flaw_reason(enum tls_flaw flaw);
#define TLS_REASON_NAME "TLSWrongName"

#endif
