#!/usr/bin/env python3
"""An HTTP proxy in front of a real server that breaks chosen requests.

    faultproxy.py [--tls PEM] UPSTREAM LOG RULE...      prints its URL, then serves until it is killed

UPSTREAM is http://host:port or https://host:port (its certificate is not checked: it is a server of this test). With
--tls it speaks TLS itself, with the key and certificate in PEM.
A RULE is "ACTION[@EVERY] REGEX": every EVERY-th (default: each) request whose "METHOD path?query" matches REGEX meets
ACTION; the first rule that applies decides. Actions:
    status=N      answers N without asking the server, with Retry-After: 1
    cut=N         passes N bytes of the answer's body on, then closes the connection
    cutup=N       reads N bytes of the request's body, then closes the connection
    stall=N       passes N bytes of the answer's body on, then says nothing more
    stallup=N     reads N bytes of the request's body, then reads nothing more
    hold=FILE     asks the server only when there is FILE
    garble=FILE   answers 200 with the bytes of FILE instead of asking the server
What a rule met is written to LOG, a line each: "ACTION METHOD path"; for stall when the server has answered.
"""
import http.client
import http.server
import os
import re
import ssl
import sys
import threading
import time
import urllib.parse

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "proxy-connection"}


class Rule:
    def __init__(self, text):
        found = re.fullmatch(r"(\w+)=([^@ ]*)(?:@(\d+))? (.*)", text)
        if not found:
            raise SystemExit("faultproxy.py: '%s' is no rule" % text)
        self.action, self.value, every, regex = found.groups()
        self.every, self.regex, self.seen = int(every or 1), re.compile(regex), 0

    def applies(self, request):
        if not self.regex.search(request):
            return False
        self.seen += 1
        return self.seen % self.every == 0


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    lock = threading.Lock()
    rules, upstream, log = [], None, None

    def rule(self):
        request = "%s %s" % (self.command, self.path)
        with self.lock:
            for rule in self.rules:
                if rule.applies(request):
                    if rule.action != "stall":
                        self.note(rule.action)
                    return rule.action, rule.value
        return "pass", ""

    def note(self, action):
        self.log.write("%s %s %s\n" % (action, self.command, self.path))
        self.log.flush()

    def body_blocks(self):
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            while True:
                size = int(self.rfile.readline().split(b";")[0], 16)
                block = self.rfile.read(size)
                self.rfile.readline()
                if not size:
                    return
                yield block
        left = int(self.headers.get("Content-Length", 0))
        while left:
            block = self.rfile.read(min(left, 65536))
            if not block:
                raise ConnectionError("the client is gone")
            left -= len(block)
            yield block

    def read_body(self, action, value):
        data = b""
        for block in self.body_blocks():
            data += block
            if action in ("cutup", "stallup") and len(data) >= int(value):
                break
        return data

    def hang(self):
        while True:
            time.sleep(60)

    def hang_up(self):
        self.close_connection = True
        self.wfile.flush()
        self.connection.close()

    def serve(self):
        action, value = self.rule()
        body = self.read_body(action, value)
        if action == "stallup":
            self.hang()
        while action == "hold" and not os.path.exists(value):
            time.sleep(0.05)
        if action == "cutup":
            self.hang_up()
        elif action == "status":
            self.send_response(int(value))
            self.send_header("Retry-After", "1")
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif action == "garble":
            with open(value, "rb") as file:
                data = file.read()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)
        else:
            self.forward(body, action, value)

    def forward(self, body, action, value):
        headers = {k: v for k, v in self.headers.items() if k.lower() not in HOP_BY_HOP | {"content-length", "expect"}}
        if body or self.command in ("PUT", "POST"):
            headers["Content-Length"] = str(len(body))
        if self.upstream.scheme == "https":
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            server = http.client.HTTPSConnection(self.upstream.netloc, context=context, timeout=120)
        else:
            server = http.client.HTTPConnection(self.upstream.netloc, timeout=120)
        # The Host header passes unchanged: it is part of what an S3 client signs.
        server.request(self.command, self.path, body or None, headers)
        answer = server.getresponse()
        data = answer.read()
        server.close()
        self.send_response_only(answer.status, answer.reason)
        for key, text in answer.getheaders():
            if key.lower() not in HOP_BY_HOP | {"content-length"}:
                self.send_header(key, text)
        length = answer.getheader("Content-Length") if self.command == "HEAD" else str(len(data))
        if length is not None:
            self.send_header("Content-Length", length)
        self.end_headers()
        if action in ("cut", "stall"):
            self.wfile.write(data[:int(value)])
            self.wfile.flush()
        else:
            self.wfile.write(data)
        if action == "cut":
            self.hang_up()
        elif action == "stall":
            with self.lock:
                self.note(action)  # not before: who waits for it knows that the server has done its part
            self.hang()

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = do_PATCH = serve

    def log_message(self, *_):
        pass

    def handle(self):
        try:
            super().handle()
        except (ConnectionError, ssl.SSLError, ValueError, OSError):
            pass  # a client that hangs up is what these tests are about


def main():
    args = sys.argv[1:]
    pem = args[1] if args[:1] == ["--tls"] else None
    args = args[2:] if pem else args
    if len(args) < 3:
        raise SystemExit(__doc__)
    Handler.upstream = urllib.parse.urlsplit(args[0])
    Handler.log = open(args[1], "w", encoding="utf-8")  # pylint: disable=consider-using-with
    Handler.rules = [Rule(text) for text in args[2:]]
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if pem:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        # The handshake is left to the thread of the connection: a client that says nothing must stop nobody else.
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    print("%s://127.0.0.1:%d" % ("https" if pem else "http", server.server_address[1]), flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
