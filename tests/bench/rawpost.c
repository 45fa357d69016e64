/*
 * The yardstick for restores: creates objects as fast as the API server takes them, with libcurl and nothing else.
 *
 *	rawpost URL CAFILE [WINDOW] < LINES
 *
 * A line is "path<tab>JSON".  RAWPOST_TOKEN holds the bearer token.  The first lines that create namespaces go one
 * by one, the rest in a window of requests (64) over HTTP/2.  Prints "objects seconds failed".
 */
#include "base/parse.h"

#include <curl/curl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct line {
	char *path, *body;
};
static struct line *lines;
static size_t       n_lines, next_line, failed;
static uint64_t     window = 64;

static const char        *server, *ca_file;
static struct curl_slist *headers;

static void
die(const char *why)
{
	fprintf(stderr, "rawpost: %s\n", why);
	exit(1);
}

static void
read_lines(void)
{
	size_t cap = 0, size = 0;
	char *text = NULL;

	for (ssize_t len; (len = getline(&text, &size, stdin)) > 0; text = NULL, size = 0) {
		char *tab = strchr(text, '\t');

		if (!tab)
			die("a line without a tab");
		if (text[len - 1] == '\n')
			text[len - 1] = '\0';
		*tab = '\0';
		if (n_lines == cap) {
			cap = cap ? 2 * cap : 1024;
			lines = realloc(lines, cap * sizeof *lines);
			if (!lines)
				die("no memory");
		}
		lines[n_lines++] = (struct line) { text, tab + 1 };
	}
	free(text);
}

static size_t
ignore(char *data, size_t size, size_t n, void *ctx)
{
	(void)data;
	(void)ctx;
	return size * n;
}

static CURL *
new_handle(void)
{
	CURL *h = curl_easy_init();

	if (!h)
		die("no curl handle");
	curl_easy_setopt(h, CURLOPT_CAINFO, ca_file);
	curl_easy_setopt(h, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, ignore);
	curl_easy_setopt(h, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	curl_easy_setopt(h, CURLOPT_PIPEWAIT, 1L);
	return h;
}

/* False when there is nothing left to send. */
static bool
prepare(CURL *h)
{
	char url[1024];
	const struct line *l;

	if (next_line == n_lines)
		return false;
	l = &lines[next_line++];
	if ((size_t)snprintf(url, sizeof url, "%s%s", server, l->path) >= sizeof url)
		die("a path is too long");
	curl_easy_setopt(h, CURLOPT_URL, url);
	curl_easy_setopt(h, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(l->body));
	curl_easy_setopt(h, CURLOPT_POSTFIELDS, l->body);
	return true;
}

static void
count(CURL *h, CURLcode code)
{
	long status = 0;

	curl_easy_getinfo(h, CURLINFO_RESPONSE_CODE, &status);
	if (code != CURLE_OK || status != 201) {
		if (!failed++)
			fprintf(stderr, "rawpost: %s: status %ld: %s\n", lines[next_line - 1].path, status,
				curl_easy_strerror(code));
	}
}

static void
create_namespaces(void)
{
	CURL *h = new_handle();

	while (next_line < n_lines && !strcmp(lines[next_line].path, "/api/v1/namespaces")) {
		prepare(h);
		count(h, curl_easy_perform(h));
	}
	curl_easy_cleanup(h);
}

static void
create_rest(void)
{
	CURLM *m = curl_multi_init();
	CURLMsg *msg;
	int running = 0, left;

	if (!m)
		die("no curl handle");
	/* Less, and libcurl closes connections that a wide window is about to use again. */
	curl_multi_setopt(m, CURLMOPT_MAXCONNECTS, (long)window);
	for (uint64_t i = 0; i < window; i++) {
		CURL *h = new_handle();

		if (prepare(h))
			curl_multi_add_handle(m, h);
		else
			curl_easy_cleanup(h);
	}
	do {
		if (curl_multi_perform(m, &running) != CURLM_OK)
			die("curl_multi_perform failed");
		while ((msg = curl_multi_info_read(m, &left))) {
			CURL *h = msg->easy_handle;

			count(h, msg->data.result);
			curl_multi_remove_handle(m, h);
			if (prepare(h)) {
				curl_multi_add_handle(m, h);
				running = 1;
			} else {
				curl_easy_cleanup(h);
			}
		}
		if (running && curl_multi_poll(m, NULL, 0, 1000, NULL) != CURLM_OK)
			die("curl_multi_poll failed");
	} while (running);
	curl_multi_cleanup(m);
}

int
main(int argc, char **argv)
{
	const char *token = getenv("RAWPOST_TOKEN");
	char auth[4096];
	struct timespec from, to;
	size_t namespaces;

	if (argc < 3 || argc > 4 || !token)
		die("usage: RAWPOST_TOKEN=... rawpost URL CAFILE [WINDOW] < LINES");
	server = argv[1];
	ca_file = argv[2];
	if (argc > 3 && !parse_u64(str_of(argv[3]), 10000, &window))
		die("WINDOW is not a number");
	snprintf(auth, sizeof auth, "Authorization: Bearer %s", token);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	headers = curl_slist_append(NULL, auth);
	headers = curl_slist_append(headers, "Content-Type: application/json");
	read_lines();
	create_namespaces();
	namespaces = next_line;
	clock_gettime(CLOCK_MONOTONIC, &from);
	create_rest();
	clock_gettime(CLOCK_MONOTONIC, &to);
	printf("%zu %.3f %zu\n", n_lines - namespaces,
		(double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9, failed);
	return failed > 0;
}
