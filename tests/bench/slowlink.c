/*
 * A slow network on loopback: relays TCP connections to another port and holds every byte back for a while.
 *
 *	slowlink MS HOST:PORT [MBIT]
 *
 * MS is the delay of each direction (half a round trip), MBIT limits each direction of each connection.  HOST is an
 * IPv4 address.  Prints the port it listens on, then runs until it is killed.
 *
 * DESIGN
 *   Each direction of a connection is a ring of bytes, and a ring of marks that say when which of them are due.  What
 *   does not fit stays with its sender, as on a line whose window is full.  A new connection counts as open after one
 *   round trip, which is what a handshake takes.  One thread, one epoll, one timer for the byte that is due next.
 */
#include "base/parse.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S   INT64_C(1000000000)
#define NS_PER_MS  INT64_C(1000000)
#define RING_MIN   (64 * 1024)
#define RING_MAX   (8 * 1024 * 1024)
#define MARKS      1024
#define EVENTS     64

struct mark {
	int64_t  due;
	uint64_t end;            /* position of the byte after the last one that is due */
};

/* Positions count from the beginning of the connection; a position's place in a ring is its remainder. */
struct way {
	int         from, to;
	char       *ring;
	size_t      size;
	uint64_t    head, tail;  /* read up to, written up to */
	struct mark marks[MARKS];
	uint32_t    first, last; /* marks in use, counted in the same way */
	int64_t     busy_until;  /* the line carries earlier bytes until then */
	bool        ended;       /* its sender has closed */
	bool        closed;      /* so has its receiver been told */
	bool        blocked;     /* its receiver does not take more now */
};

struct end;
struct link {
	struct link *before, *after;
	struct way   way[2];     /* client to server, server to client */
	struct end  *end[2];
	bool         dead;
};

/* What epoll hands back: one of the two sockets of a link. */
struct end {
	struct link *link;
	int          fd, side;
	uint32_t     wanted;
};

static struct link       *links;
static int64_t            delay_ns, mbit;
static struct sockaddr_in upstream;
static int                epoll_fd, timer_fd, listen_fd;

static void
die(const char *why)
{
	fprintf(stderr, "slowlink: %s%s%s\n", why, errno ? ": " : "", errno ? strerror(errno) : "");
	exit(1);
}

static void *
must(void *p)
{
	if (!p)
		die("no memory");
	return p;
}

static int64_t
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * NS_PER_S + t.tv_nsec;
}

/* --- one direction --- */

static bool
has_room(const struct way *w)
{
	return !w->ended && w->head - w->tail < RING_MAX && w->last - w->first < MARKS;
}

static void
grow(struct way *w)
{
	size_t size = w->size ? 2 * w->size : RING_MIN;
	char *ring = must(malloc(size));

	for (uint64_t at = w->tail; at < w->head; at++)
		ring[at % size] = w->ring[at % w->size];
	free(w->ring);
	w->ring = ring;
	w->size = size;
}

static void
set_due(struct way *w, size_t n, int64_t now)
{
	struct mark *m;

	if (w->busy_until < now)
		w->busy_until = now;
	if (mbit)
		w->busy_until += (int64_t)n * 8 * 1000 / mbit;
	/* Bytes that come within a millisecond of each other travel together. */
	if (w->first != w->last) {
		m = &w->marks[(w->last - 1) % MARKS];
		if (!mbit && w->busy_until + delay_ns - m->due < NS_PER_MS / 4) {
			m->end = w->head;
			return;
		}
	}
	w->marks[w->last++ % MARKS] = (struct mark){ w->busy_until + delay_ns, w->head };
}

/* -1: the connection is broken. */
static int
fill(struct way *w, int64_t now)
{
	while (has_room(w)) {
		size_t at, left;
		ssize_t n;

		if (w->head - w->tail == w->size)
			grow(w);
		at = w->head % w->size;
		left = w->size - (size_t)(w->head - w->tail);
		if (left > w->size - at)
			left = w->size - at;
		n = recv(w->from, w->ring + at, left, MSG_DONTWAIT);
		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -1;
		if (n == 0) {
			w->ended = true;
			/* The news of the end travels as the bytes do. */
			w->marks[w->last++ % MARKS] = (struct mark){ now + delay_ns, w->head };
			return 0;
		}
		w->head += (uint64_t)n;
		set_due(w, (size_t)n, now);
		if ((size_t)n < left)
			return 0;
	}
	return 0;
}

static int
drain(struct way *w, int64_t now)
{
	w->blocked = false;
	while (w->first != w->last && w->marks[w->first % MARKS].due <= now) {
		uint64_t end = w->marks[w->first % MARKS].end;

		while (w->tail < end) {
			size_t at = w->tail % w->size, n = (size_t)(end - w->tail);
			ssize_t sent;

			if (n > w->size - at)
				n = w->size - at;
			sent = send(w->to, w->ring + at, n, MSG_DONTWAIT | MSG_NOSIGNAL);
			if (sent < 0) {
				w->blocked = errno == EAGAIN || errno == ENOTCONN;
				return w->blocked || errno == EINTR ? 0 : -1;
			}
			w->tail += (uint64_t)sent;
		}
		w->first++;
	}
	if (w->ended && w->first == w->last && !w->closed) {
		w->closed = true;
		(void)shutdown(w->to, SHUT_WR);
	}
	return 0;
}

/* --- connections --- */

static void
want(struct link *l, int side)
{
	struct end *end = l->end[side];
	uint32_t wanted = (has_room(&l->way[side]) ? EPOLLIN : 0) |
		(l->way[!side].blocked ? EPOLLOUT : 0);
	struct epoll_event ev = { .events = wanted, .data.ptr = end };

	/* Nothing is wanted of a socket that is closed both ways but would be reported again and again. */
	int op = !wanted ? EPOLL_CTL_DEL : end->wanted ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

	if (wanted == end->wanted)
		return;
	end->wanted = wanted;
	if (epoll_ctl(epoll_fd, op, end->fd, &ev) < 0)
		die("epoll_ctl");
}

static void
serve(struct link *l, int64_t now)
{
	for (int i = 0; i < 2 && !l->dead; i++)
		l->dead = fill(&l->way[i], now) < 0 || drain(&l->way[i], now) < 0;
	if (l->way[0].closed && l->way[1].closed)
		l->dead = true;
	for (int i = 0; i < 2 && !l->dead; i++)
		want(l, i);
}

static void
bury(struct link *l)
{
	for (int i = 0; i < 2; i++) {
		(void)close(l->end[i]->fd);
		free(l->end[i]);
		free(l->way[i].ring);
	}
	if (l->before)
		l->before->after = l->after;
	else
		links = l->after;
	if (l->after)
		l->after->before = l->before;
	free(l);
}

static struct end *
new_end(struct link *l, int fd, int side)
{
	struct end *end = must(calloc(1, sizeof *end));
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = end };

	*end = (struct end){ l, fd, side, EPOLLIN };
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &ev) < 0)
		die("epoll_ctl");
	return end;
}

static void
accept_one(int64_t now)
{
	int client = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), server;
	struct link *l;

	if (client < 0)
		return;
	server = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (server < 0 || (connect(server, (struct sockaddr *)&upstream, sizeof upstream) < 0 &&
	    errno != EINPROGRESS)) {
		(void)close(client);
		if (server >= 0)
			(void)close(server);
		return;
	}
	l = must(calloc(1, sizeof *l));
	l->way[0] = (struct way){ .from = client, .to = server, .busy_until = now + 2 * delay_ns };
	l->way[1] = (struct way){ .from = server, .to = client };
	l->end[0] = new_end(l, client, 0);
	l->end[1] = new_end(l, server, 1);
	l->after = links;
	if (links)
		links->before = l;
	links = l;
}

/* Sends what is due everywhere, and sets the timer for what is due next. */
static void
run_due(int64_t now)
{
	struct itimerspec t = { 0 };
	int64_t next = INT64_MAX;

	for (struct link *l = links, *after; l; l = after) {
		after = l->after;
		for (int i = 0; i < 2 && !l->dead; i++) {
			const struct way *w = &l->way[i];

			if (w->first != w->last && w->marks[w->first % MARKS].due <= now && !w->blocked)
				serve(l, now);
		}
		for (int i = 0; i < 2 && !l->dead; i++) {
			const struct way *w = &l->way[i];

			if (w->first != w->last && !w->blocked && w->marks[w->first % MARKS].due < next)
				next = w->marks[w->first % MARKS].due;
		}
		if (l->dead)
			bury(l);
	}
	if (next < INT64_MAX) {
		next = next > now ? next : now + 1;
		t.it_value = (struct timespec){ next / NS_PER_S, next % NS_PER_S };
	}
	if (timerfd_settime(timer_fd, TFD_TIMER_ABSTIME, &t, NULL) < 0)
		die("timerfd_settime");
}

static void
run(void)
{
	struct epoll_event events[EVENTS];
	uint64_t ticks;

	for (;;) {
		int n = epoll_wait(epoll_fd, events, EVENTS, -1);
		int64_t now = now_ns();

		if (n < 0 && errno != EINTR)
			die("epoll_wait");
		for (int i = 0; i < n; i++) {
			void *p = events[i].data.ptr;

			if (p == &listen_fd) {
				accept_one(now);
			} else if (p == &timer_fd) {
				if (read(timer_fd, &ticks, sizeof ticks) < 0)
					continue;        /* set anew meanwhile */
			} else {
				struct link *l = ((struct end *)p)->link;

				if (events[i].events & EPOLLERR)
					l->dead = true;
				if (!l->dead)
					serve(l, now);
			}
		}
		run_due(now);
	}
}

/* --- start --- */

static void
watch(int fd, void *what)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = what };

	if (fd < 0 || epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &ev) < 0)
		die("epoll");
}

static int64_t
number(const char *text, uint64_t max)
{
	uint64_t n;

	if (!parse_u64(str_of(text), max, &n))
		die("a number is expected in place of one argument");
	return (int64_t)n;
}

static void
parse_upstream(const char *text)
{
	char host[64];
	const char *colon = strrchr(text, ':');

	if (!colon || (size_t)(colon - text) >= sizeof host)
		die("the second argument is not HOST:PORT");
	memcpy(host, text, (size_t)(colon - text));
	host[colon - text] = '\0';
	upstream.sin_family = AF_INET;
	upstream.sin_port = htons((uint16_t)number(colon + 1, UINT16_MAX));
	if (inet_pton(AF_INET, host, &upstream.sin_addr) != 1)
		die("the host is not an IPv4 address");
}

int
main(int argc, char **argv)
{
	struct sockaddr_in here = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof here;

	if (argc < 3 || argc > 4)
		die("usage: slowlink MS HOST:PORT [MBIT]");
	delay_ns = number(argv[1], 60000) * NS_PER_MS;
	parse_upstream(argv[2]);
	mbit = argc > 3 ? number(argv[3], 1000000) : 0;
	(void)signal(SIGPIPE, SIG_IGN);
	listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (listen_fd < 0 || bind(listen_fd, (struct sockaddr *)&here, sizeof here) < 0 ||
	    listen(listen_fd, 256) < 0 || getsockname(listen_fd, (struct sockaddr *)&here, &len) < 0)
		die("listen");
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (epoll_fd < 0)
		die("epoll");
	watch(listen_fd, &listen_fd);
	watch(timer_fd, &timer_fd);
	printf("%d\n", ntohs(here.sin_port));
	if (fflush(stdout) == EOF)
		die("standard output");
	run();
}
