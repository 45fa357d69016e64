"""A proxy inside the test program, in front of a real server, that breaks one chosen request.

A request is known by its name, "METHOD path?query" with what changes from run to run replaced, and by how many of
that name came before. Breaker.arm() says what happens to which; Breaker.seen lists what came. FAULTS is the table of
what can happen. Plain HTTP/1.1 on both sides, TLS where the real server has it.
"""
import http.client
import os
import re
import socket
import ssl
import struct
import threading
import time
import urllib.parse

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "proxy-connection"}
# Page tokens and upload ids, the places of a run in the bucket, the namespaces and names it restores to.
CHANGES = re.compile(r"(continue(?:-token)?|continuation-token|uploadId)=[^&]*|(frun|fto)-[0-9a-f]+-\d+")


def name_of(method, target):
    target = re.sub(r"(?<=plugins/orlop/)[0-9a-f-]{36}", "PROBE", target)
    return "%s %s" % (method, CHANGES.sub(lambda m: "%s=*" % m.group(1) if m.group(1) else m.group(2) + "-N", target))


class Gone(Exception):
    """The client, or we, hung up."""


class Answer:
    def __init__(self, status, reason, headers, body):
        self.status, self.reason, self.headers, self.body = status, reason, headers, body


class Exchange:
    """One request of a client, and the ways to treat it."""

    def __init__(self, breaker, connection, method, target, headers, body):
        self.breaker, self.connection = breaker, connection
        self.method, self.target, self.headers, self.body = method, target, headers, body

    def forward(self):
        """The real server's answer."""
        headers = {k: v for k, v in self.headers if k.lower() not in HOP_BY_HOP | {"content-length", "expect"}}
        if self.breaker.token:
            headers["Authorization"] = "Bearer " + self.breaker.token
        if self.body or self.method in ("PUT", "POST", "PATCH"):
            headers["Content-Length"] = str(len(self.body))
        upstream = self.breaker.upstream
        if upstream.scheme == "https":
            server = http.client.HTTPSConnection(upstream.netloc, context=self.breaker.no_check, timeout=120)
        else:
            server = http.client.HTTPConnection(upstream.netloc, timeout=120)
        try:
            server.request(self.method, self.target, self.body or None, headers)
            answer = server.getresponse()
            return Answer(answer.status, answer.reason, answer.getheaders(), answer.read())
        finally:
            server.close()

    def raw(self, data):
        self.connection.sendall(data)

    def head(self, answer, length):
        lines = ["HTTP/1.1 %d %s" % (answer.status, answer.reason)]
        lines += ["%s: %s" % (k, v) for k, v in answer.headers if k.lower() not in HOP_BY_HOP | {"content-length"}]
        if length is not None:
            lines.append("Content-Length: %s" % length)
        self.raw("\r\n".join(lines + ["", ""]).encode("latin-1"))

    def length_of(self, answer):
        if self.method == "HEAD":
            return next((v for k, v in answer.headers if k.lower() == "content-length"), None)
        return None if answer.status == 204 else len(answer.body)

    def send(self, answer):
        self.head(answer, self.length_of(answer))
        if self.method != "HEAD":
            self.raw(answer.body)

    def make(self, status, body=b"", content_type="application/json", **headers):
        """An answer that the real server never saw a request for."""
        fields = [("Content-Type", content_type), ("Date", time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime()))]
        self.send(Answer(status, http.client.responses.get(status, "Odd"),
                         fields + [(k.replace("_", "-"), v) for k, v in headers.items()], body))

    def reset(self):
        """RST instead of an orderly end."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise Gone

    def close(self):
        raise Gone

    def wait_for_hang_up(self):
        self.connection.settimeout(120)
        try:
            while self.connection.recv(65536):
                pass
        except OSError:
            pass
        raise Gone


class Breaker:
    """token: the real server's, put in the place of what the client sent. pem: key and certificate to show."""

    def __init__(self, upstream, pem=None, token=None):
        self.upstream, self.token = urllib.parse.urlsplit(upstream), token
        self.no_check = ssl.create_default_context()
        self.no_check.check_hostname, self.no_check.verify_mode = False, ssl.CERT_NONE
        self.tls = None
        if pem:
            self.show(pem)
        self.lock = threading.Lock()
        self.good_tokens = None      # what the client has to send one of; None: anything
        self.connections = set()
        self.arm()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = "%s://127.0.0.1:%d" % ("https" if pem else "http", self.listener.getsockname()[1])
        threading.Thread(target=self.accept, daemon=True).start()

    def show(self, pem):
        """From now on new connections are shown this certificate."""
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(pem)
        self.tls = tls

    def arm(self, fault=None, name=None, nth=1, always=False):
        """fault(exchange) treats the nth request of this name; always: and all later ones of it."""
        with self.lock:
            self.fault, self.name, self.nth, self.always = fault, name, nth, always
            self.counts, self.seen, self.met = {}, [], 0

    def drop_connections(self):
        with self.lock:
            connections, self.connections = self.connections, set()
        for connection in connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def accept(self):
        while True:
            connection, _ = self.listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with self.lock:
            self.connections.add(connection)
        try:
            connection.settimeout(180)
            if self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True)
                with self.lock:
                    self.connections.add(connection)
            stream = connection.makefile("rb")
            while self.one(connection, stream):
                pass
        except (Gone, OSError, ValueError, http.client.HTTPException):
            pass  # a client that hangs up is what these tests are about
        finally:
            with self.lock:
                self.connections.discard(connection)
            try:
                stream.close()
            except (OSError, UnboundLocalError):
                pass
            connection.close()

    def one(self, connection, stream):
        line = stream.readline(65536).decode("latin-1")
        if not line:
            return False
        method, target, _ = line.split()
        headers = []
        while True:
            field = stream.readline(65536).decode("latin-1").rstrip("\r\n")
            if not field:
                break
            key, _, value = field.partition(":")
            headers.append((key, value.strip()))
        sent = {k.lower(): v for k, v in headers}
        size = int(sent.get("content-length", 0))
        body = stream.read(size) if size else b""
        if len(body) < size:
            return False
        exchange = Exchange(self, connection, method, target, headers, body)
        fault = self.choose(name_of(method, target))
        if fault:
            fault(exchange)
        elif self.good_tokens and sent.get("authorization", "").partition(" ")[2] not in self.good_tokens:
            unauthorized(exchange)
        else:
            exchange.send(exchange.forward())
        return True

    def choose(self, name):
        with self.lock:
            count = self.counts[name] = self.counts.get(name, 0) + 1
            self.seen.append((name, count))
            if not self.fault or name != self.name or count < self.nth or (count > self.nth and not self.always):
                return None
            self.met += 1
            return self.fault


# ---- what can happen to a request ----

def api_status(code, reason, message="injected"):
    return ('{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"%s","reason":"%s","code":%d}'
            % (message, reason, code)).encode()


def s3_error(code):
    return ('<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>%s</Code><Message>injected</Message></Error>'
            % code).encode()


def unauthorized(x):
    x.make(401, api_status(401, "Unauthorized"))


def status(code, body=b"", content_type="application/json", **headers):
    return lambda x: x.make(code, body, content_type, **headers)


def api(code, reason, **headers):
    return status(code, api_status(code, reason), **headers)


def s3(code, word, **headers):
    return status(code, s3_error(word), "application/xml", **headers)


def reset_before(x):
    x.reset()


def reset_after(x):
    x.forward()
    x.reset()


def close_before(x):
    x.close()


def close_after(x):
    x.forward()
    x.close()


def stall(x):
    x.wait_for_hang_up()


def stall_after(x):
    x.forward()
    x.wait_for_hang_up()


def stall_in_body(x):
    answer = x.forward()
    x.head(answer, x.length_of(answer))
    if x.method != "HEAD":
        x.raw(answer.body[:len(answer.body) // 2])
    x.wait_for_hang_up()


def truncate(x):
    answer = x.forward()
    x.head(answer, x.length_of(answer))
    if x.method != "HEAD":
        x.raw(answer.body[:len(answer.body) // 2])
    x.close()


def too_long(x):
    """Content-Length says more than there is."""
    answer = x.forward()
    x.head(answer, len(answer.body) + 10)
    if x.method != "HEAD":
        x.raw(answer.body)
    x.close()


def too_short(x):
    """Content-Length says less: the rest looks like the next answer."""
    answer = x.forward()
    x.head(answer, max(len(answer.body) - 10, 0))
    x.raw(answer.body)


def cut_head(x):
    x.forward()
    x.raw(b"HTTP/1.1 200 OK\r\nContent-Ty")
    x.close()


def garble(x):
    """Random bytes of the right length."""
    answer = x.forward()
    answer.body = os.urandom(len(answer.body))
    x.send(answer)


def garble_half(x):
    answer = x.forward()
    half = len(answer.body) // 2
    answer.body = answer.body[:half] + os.urandom(len(answer.body) - half)
    x.send(answer)


def not_http(x):
    x.forward()
    x.raw(b"SSH-2.0-OpenSSH_9.2\r\n")
    x.close()


def login_page(x):
    x.make(200, b"<html><body><form>Please log in</form></body></html>", "text/html")


def empty(x):
    x.make(200, b"")


def redirect(x):
    x.make(302, b"", Location="https://127.0.0.1:1/login")


def drip(x):
    """A slow line: the answer takes about two seconds, and comes whole."""
    answer = x.forward()
    x.head(answer, x.length_of(answer))
    if x.method == "HEAD":
        return
    piece = max(len(answer.body) // 20, 1)
    for at in range(0, len(answer.body), piece):
        x.raw(answer.body[at:at + piece])
        time.sleep(0.1)


def skewed(x):
    """S3 says that our clock is wrong; its Date agrees with itself."""
    x.make(403, s3_error("RequestTimeTooSkewed"), "application/xml")


LATER = {"Retry_After": "1"}
# Both ends know them: a run has to survive each of them once.
PASSING = {
    "429": api(429, "TooManyRequests"),
    "429-later": api(429, "TooManyRequests", **LATER),
    "500": api(500, "InternalError"),
    "502": status(502, b"<html>Bad Gateway</html>", "text/html"),
    "503": api(503, "ServiceUnavailable"),
    "503-later": api(503, "ServiceUnavailable", **LATER),
    "504": status(504, b"<html>Gateway Timeout</html>", "text/html"),
    "reset-before": reset_before,
    "reset-after": reset_after,
    "close-before": close_before,
    "close-after": close_after,
    "stall": stall,
    "stall-after": stall_after,
    "stall-in-body": stall_in_body,
    "truncate": truncate,
    "too-long": too_long,
    "cut-head": cut_head,
    "drip": drip,
}
# A server that says nonsense: a run may survive, or end with the right words.
NONSENSE = {
    "410": api(410, "Expired"),
    "403": api(403, "Forbidden"),
    "404": api(404, "NotFound"),
    "too-short": too_short,
    "garble": garble,
    "garble-half": garble_half,
    "not-http": not_http,
    "login-page": login_page,
    "empty": empty,
    "redirect": redirect,
}
S3_PASSING = dict(PASSING, **{
    "429": s3(429, "TooManyRequests"),
    "429-later": s3(429, "TooManyRequests", **LATER),
    "500": s3(500, "InternalError"),
    "503": s3(503, "SlowDown"),
    "503-later": s3(503, "SlowDown", **LATER),
    "skewed": skewed,
    "timeout": s3(400, "RequestTimeout"),
})
S3_NONSENSE = dict(NONSENSE, **{
    "410": status(410),
    "403": s3(403, "AccessDenied"),
    "404": s3(404, "NoSuchKey"),
    "200-error": s3(200, "InternalError"),
    "412": s3(412, "PreconditionFailed"),
    "416": s3(416, "InvalidRange"),
    "expired": s3(403, "ExpiredToken"),
    "full": s3(507, "XMinioStorageFull"),
    "quota": s3(400, "XMinioAdminBucketQuotaExceeded"),
})
