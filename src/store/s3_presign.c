/* The S3 store: URLs with which others read an object. */
#include "store/s3_impl.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"

#include <string.h>

#define URL_MAX (64 * KIB)

/* "bucket.host" is what a certificate and a name service must know; a public address is treated as the store's own. */
static char *
host_of(const struct s3_conn *s)
{
	AUTO_FREE char *endpoint = NULL;

	if (s->public.host)
		return xasprintf("%s%s%s", s->path_style ? "" : s->bucket, s->path_style ? "" : ".", s->public.host);
	endpoint = s3_conn_endpoint(s);
	return xstrdup(strstr(endpoint, "//") + 2);
}

int
s3_presign(struct store *st, const char *key, int64_t valid_ns, struct store_presigned *out, const struct cancel *c,
	struct err *e)
{
	struct s3 *s = s3_of(st);
	const struct s3_conn *conn = &s->conn;
	AUTO(creds_done) struct creds creds = { 0 };
	AUTO_FREE char *host = NULL;
	AUTO_BUF struct buf path = BUF_INIT(URL_MAX);
	AUTO(buf_wipe) struct buf url = BUF_INIT(URL_MAX);
	int64_t now;

	if (conn->dialect.customer_key)
		return err_set(e, EK_INVALID, "it is encrypted with customerKeyEncryptionFile: whoever reads it must send that key, "
			"which a URL cannot hold");
	if (strlen(conn->prefix) + strlen(key) > STORE_KEY_MAX)
		return err_set(e, EK_INVALID, "with its prefix the key is longer than %d bytes", STORE_KEY_MAX);
	if (s3_conn_ready(&s->conn, s->http, c, e) < 0 || s3_conn_creds(conn, NULL, &creds, c, e) < 0)
		return -1;
	host = host_of(conn);
	now = clock_unix_ns();
	s3_conn_path(conn, conn->path_style, conn->public.host ? conn->public.base : conn->base, key, &path);

	const struct sigv4_pair headers[] = { { S("host"), str_of(host) } };
	const struct sigv4_pair payer = { S("x-amz-request-payer"), S("requester") };
	const struct sigv4_req r = { .method = "GET", .region = conn->region, .service = "s3", .path = buf_str(&path),
		.query = &payer, .n_query = conn->dialect.requester_pays ? 1 : 0, .headers = headers, .n_headers = 1,
		.payload_hash = SIGV4_UNSIGNED };

	if (!buf_room(&url, URL_MAX / 2, e))     /* at once: growing would leave copies behind */
		return -1;
	buf_putf(&url, "%s://%s%s?", (conn->public.host ? conn->public.tls : conn->tls) ? "https" : "http", host,
		buf_cstr(&path));
	sigv4_presign(&r, &creds, now + http_clock_skew_ns(s->http), (unsigned)(valid_ns / NS_PER_S), &url);
	out->until_unix_ns = now + valid_ns;
	out->ends_sooner = creds.token && (creds.expires_unix_ns == 0 || creds.expires_unix_ns < out->until_unix_ns);
	if (out->ends_sooner && creds.expires_unix_ns != 0)
		out->until_unix_ns = creds.expires_unix_ns;
	out->url = buf_take(&url, NULL);
	return 0;
}
