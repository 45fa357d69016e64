/* The test server and its certificates. */
#include "tests/unit/httpd.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/thread.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNS_MAX 256

struct httpd_conn {
	struct httpd  *s;
	struct thread *thread;
	SSL           *ssl;
	int            fd;
	bool           closed;           /* no further request on this connection */
	bool           counted;          /* in s->open */
};

/* lock guards conns, n_conns, open, most, requests, stopping */
struct httpd {
	httpd_fn          *fn;
	void              *ctx;
	SSL_CTX           *tls;
	int                fd, port;
	struct thread     *accepter;
	struct lock       *lock;
	struct httpd_conn *conns[CONNS_MAX];
	unsigned           n_conns, open, most, requests;
	bool               stopping;
};

static ssize_t
conn_read(struct httpd_conn *c, char *p, size_t n)
{
	return c->ssl ? SSL_read(c->ssl, p, (int)n) : recv(c->fd, p, n, 0);
}

void
httpd_send(struct httpd_conn *c, const void *p, size_t n)
{
	const char *at = p;

	while (n && !c->closed) {
		size_t piece = n < 256 * KIB ? n : 256 * KIB;
		ssize_t sent = c->ssl ? SSL_write(c->ssl, at, (int)piece) : send(c->fd, at, piece, MSG_NOSIGNAL);

		if (sent <= 0) {
			c->closed = true;        /* the client has gone: part of many tests */
			return;
		}
		at += sent;
		n -= (size_t)sent;
	}
}

void
httpd_sends(struct httpd_conn *c, const char *text)
{
	httpd_send(c, text, strlen(text));
}

void
httpd_answer(struct httpd_conn *c, int status, const char *headers, struct str body)
{
	AUTO_BUF struct buf out = BUF_INIT(64 * MIB);

	buf_putf(&out, "HTTP/1.1 %d Whatever\r\n%sContent-Length: %zu\r\n\r\n", status, headers ? headers : "", body.len);
	buf_put_str(&out, body);
	httpd_send(c, out.p, out.len);
}

void
httpd_cut(struct httpd_conn *c)
{
	c->closed = true;
}

void
httpd_reset(struct httpd_conn *c)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };

	(void)setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
	c->closed = true;
}

void
httpd_wait_eof(struct httpd_conn *c)
{
	char bin[512];

	while (conn_read(c, bin, sizeof bin) > 0)
		;
	c->closed = true;
}

const char *
httpd_sni(struct httpd_conn *c)
{
	return SSL_get_servername(c->ssl, TLSEXT_NAMETYPE_host_name);
}

bool
httpd_header(struct str head, const char *name, struct str *value)
{
	size_t n = strlen(name);
	struct str line;

	while (str_split(&head, '\n', &line)) {
		if (line.len <= n || line.p[n] != ':' || strncasecmp(line.p, name, n) != 0)
			continue;
		*value = str_trim(str_sub(line, n + 1, line.len));
		return true;
	}
	return false;
}

/* Reads until the buffer holds at least want bytes (0: a complete head).  False at the end of the connection. */
static bool
fill(struct httpd_conn *c, struct buf *in, size_t want)
{
	struct err e;

	while (want ? in->len < want : !in->len || !memmem(in->p, in->len, "\r\n\r\n", 4)) {
		char *room = buf_room(in, 64 * KIB, &e);
		ssize_t got = room ? conn_read(c, room, 64 * KIB) : 0;

		if (got <= 0)
			return false;
		buf_grew(in, (size_t)got);
	}
	return true;
}

static bool
serve_one(struct httpd_conn *c, struct buf *in, unsigned on_conn)
{
	struct httpd_req r = { .on_conn = on_conn };
	AUTO_FREE char *method = NULL, *target = NULL;
	struct str rest, line, word, value;
	uint64_t body_len = 0;
	size_t head_len;

	if (!fill(c, in, 0))
		return false;
	head_len = (size_t)((char *)memmem(in->p, in->len, "\r\n\r\n", 4) + 4 - in->p);
	if (httpd_header((struct str){ in->p, head_len }, "Content-Length", &value) &&
	    !parse_u64(value, 64 * MIB, &body_len))
		return false;
	if (!fill(c, in, head_len + body_len))
		return false;
	rest = (struct str){ in->p, head_len };
	(void)str_split(&rest, '\n', &line);
	(void)str_split(&line, ' ', &word);
	r.method = method = str_dup(word);
	(void)str_split(&line, ' ', &word);
	r.target = target = str_dup(word);
	r.head = rest;
	r.body = (struct str){ in->p + head_len, body_len };
	lock_take(c->s->lock);
	r.nth = c->s->requests++;
	lock_drop(c->s->lock);
	c->s->fn(c->s->ctx, &r, c);
	memmove(in->p, in->p + head_len + body_len, in->len - head_len - body_len);
	buf_cut(in, in->len - head_len - body_len);
	return !c->closed;
}

static void
conn_run(void *arg)
{
	struct httpd_conn *c = arg;
	AUTO_BUF struct buf in = BUF_INIT(128 * MIB);
	char bin[512];
	unsigned n = 0;

	if (c->ssl && SSL_accept(c->ssl) != 1) {
		/* Closing with unread data would send a reset, and that may overtake the alert. */
		(void)shutdown(c->fd, SHUT_WR);
		while (recv(c->fd, bin, sizeof bin, 0) > 0)
			;
	} else {
		while (serve_one(c, &in, n))
			n++;
	}
	lock_take(c->s->lock);
	c->s->open--;
	(void)close(c->fd);
	c->fd = -1;
	lock_drop(c->s->lock);
}

static void
add_conn(struct httpd *s, int fd)
{
	struct httpd_conn *c = xcalloc(1, sizeof *c);
	struct err e;

	c->s = s;
	c->fd = fd;
	if (s->tls) {
		c->ssl = SSL_new(s->tls);
		(void)SSL_set_fd(c->ssl, fd);
	}
	lock_take(s->lock);
	assert_that(s->n_conns < CONNS_MAX);
	s->conns[s->n_conns++] = c;
	if (++s->open > s->most)
		s->most = s->open;
	if (s->stopping)
		(void)shutdown(fd, SHUT_RDWR);
	c->thread = thread_start("httpd-conn", conn_run, c, &e);
	assert_that(c->thread);
	lock_drop(s->lock);
}

static void
accept_run(void *arg)
{
	struct httpd *s = arg;
	int fd;

	while ((fd = accept(s->fd, NULL, NULL)) >= 0)
		add_conn(s, fd);
}

static X509 *
read_cert(const char *pem)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);

	assert_that(cert);
	BIO_free(bio);
	return cert;
}

static SSL_CTX *
tls_new(const struct httpd_tls *tls)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	X509 *cert = read_cert(tls->cert);
	BIO *bio = BIO_new_mem_buf(tls->key, -1);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);

	assert_that(SSL_CTX_use_certificate(ctx, cert) == 1 && SSL_CTX_use_PrivateKey(ctx, key) == 1);
	X509_free(cert);
	EVP_PKEY_free(key);
	BIO_free(bio);
	(void)SSL_CTX_set_session_id_context(ctx, (const unsigned char *)"test", 4);
	if (tls->client_ca) {
		X509 *ca = read_cert(tls->client_ca);

		assert_that(X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), ca) == 1);
		X509_free(ca);
		SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	}
	return ctx;
}

struct httpd *
httpd_new(httpd_fn *fn, void *ctx, const struct httpd_tls *tls)
{
	struct httpd *s = xcalloc(1, sizeof *s);
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof a;
	struct err e;

	s->fn = fn;
	s->ctx = ctx;
	s->lock = lock_new();
	s->tls = tls ? tls_new(tls) : NULL;
	s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_that(s->fd >= 0 && bind(s->fd, (struct sockaddr *)&a, len) == 0 && listen(s->fd, 128) == 0);
	assert_that(getsockname(s->fd, (struct sockaddr *)&a, &len) == 0);
	s->port = ntohs(a.sin_port);
	s->accepter = thread_start("httpd", accept_run, s, &e);
	assert_that(s->accepter);
	return s;
}

void
httpd_free(struct httpd *s)
{
	lock_take(s->lock);
	s->stopping = true;
	(void)shutdown(s->fd, SHUT_RDWR);
	for (unsigned i = 0; i < s->n_conns; i++)
		if (s->conns[i]->fd >= 0)
			(void)shutdown(s->conns[i]->fd, SHUT_RDWR);
	lock_drop(s->lock);
	thread_join(s->accepter);
	for (unsigned i = 0; i < s->n_conns; i++) {
		thread_join(s->conns[i]->thread);
		SSL_free(s->conns[i]->ssl);
		free(s->conns[i]);
	}
	(void)close(s->fd);
	SSL_CTX_free(s->tls);
	lock_free(s->lock);
	free(s);
}

int
httpd_port(const struct httpd *s)
{
	return s->port;
}

static unsigned
read_count(struct httpd *s, const unsigned *n)
{
	unsigned v;

	lock_take(s->lock);
	v = *n;
	lock_drop(s->lock);
	return v;
}

unsigned
httpd_requests(struct httpd *s)
{
	return read_count(s, &s->requests);
}

unsigned
httpd_most_conns(struct httpd *s)
{
	return read_count(s, &s->most);
}

static char *
bio_text(BIO *bio)
{
	char *p, *text;
	long n = BIO_get_mem_data(bio, &p);

	text = xstrndup(p, (size_t)n);
	BIO_free(bio);
	return text;
}

static char *
cert_pem(X509 *cert)
{
	BIO *bio = BIO_new(BIO_s_mem());

	assert_that(PEM_write_bio_X509(bio, cert) == 1);
	return bio_text(bio);
}

static char *
key_pem(EVP_PKEY *key)
{
	BIO *bio = BIO_new(BIO_s_mem());

	assert_that(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1);
	return bio_text(bio);
}

static void
add_ext(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *ext;

	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	assert_that(ext && X509_add_ext(cert, ext, -1) == 1);
	X509_EXTENSION_free(ext);
}

/* issuer NULL: self-signed CA. */
static X509 *
cert_make(const char *name, EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key, const char *alt, long from_s, long until_s)
{
	static long serial;
	X509 *cert = X509_new();
	X509_NAME *subject = X509_get_subject_name(cert);

	assert_that(X509_set_version(cert, X509_VERSION_3) == 1);
	(void)ASN1_INTEGER_set(X509_get_serialNumber(cert), ++serial);
	(void)X509_gmtime_adj(X509_getm_notBefore(cert), from_s);
	(void)X509_gmtime_adj(X509_getm_notAfter(cert), until_s);
	(void)X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
	(void)X509_set_issuer_name(cert, issuer ? X509_get_subject_name(issuer) : subject);
	(void)X509_set_pubkey(cert, key);
	add_ext(cert, issuer ? issuer : cert, NID_basic_constraints, issuer ? "CA:FALSE" : "critical,CA:TRUE");
	if (alt)
		add_ext(cert, issuer, NID_subject_alt_name, alt);
	assert_that(X509_sign(cert, issuer_key, EVP_sha256()) > 0);
	return cert;
}

void
pki_make(struct pki *p, const char *ca_name, const char *server_names)
{
	pki_make_valid(p, ca_name, server_names, -3600, 3600);
}

void
pki_make_valid(struct pki *p, const char *ca_name, const char *server_names, long from_s, long until_s)
{
	EVP_PKEY *ca_key = EVP_EC_gen("P-256"), *server_key = EVP_EC_gen("P-256"), *client_key = EVP_EC_gen("P-256");
	X509 *ca = cert_make(ca_name, ca_key, NULL, ca_key, NULL, -3600, 3600);
	X509 *server = cert_make("server", server_key, ca, ca_key, server_names, from_s, until_s);
	X509 *client = cert_make("client", client_key, ca, ca_key, NULL, -3600, 3600);

	p->ca = cert_pem(ca);
	p->server = cert_pem(server);
	p->server_key = key_pem(server_key);
	p->client = cert_pem(client);
	p->client_key = key_pem(client_key);
	X509_free(ca);
	X509_free(server);
	X509_free(client);
	EVP_PKEY_free(ca_key);
	EVP_PKEY_free(server_key);
	EVP_PKEY_free(client_key);
}

void
pki_done(struct pki *p)
{
	free(p->ca);
	free(p->server);
	free(p->server_key);
	free(p->client);
	free(p->client_key);
}
