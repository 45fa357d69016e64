/* Responses: header lookup, and percent-encoding of what goes into URLs. */
#include "net/http.h"

#include <strings.h>

void
http_resp_done(struct http_resp *r)
{
	buf_free(&r->body);
	buf_free(&r->head);
	r->status = 0;
}

bool
http_resp_header(const struct http_resp *r, const char *name, struct str *value)
{
	size_t n = strlen(name);
	struct str rest = buf_str(&r->head), line;

	while (str_split(&rest, '\n', &line)) {
		if (line.len <= n || line.p[n] != ':' || strncasecmp(line.p, name, n) != 0)
			continue;
		*value = str_trim(str_sub(line, n + 1, line.len));
		return true;
	}
	return false;
}

static bool
is_unreserved(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
		c == '-' || c == '.' || c == '_' || c == '~';
}

void
http_escape(struct buf *out, struct str s, bool keep_slash)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (is_unreserved(s.p[i]) || (keep_slash && c == '/')) {
			buf_putc(out, s.p[i]);
			continue;
		}
		buf_put(out, (const char[]){ '%', digits[c >> 4], digits[c & 15] }, 3);
	}
}
