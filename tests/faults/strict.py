#!/usr/bin/env python3
"""A strict S3 store: a proxy in front of a real one that refuses what many compatible stores do not know.

    strict.py [--ipv6] UPSTREAM LOG [HEADER...]      prints its URL, then serves until it is killed

Refused with 501 NotImplemented, and written to LOG: bodies in chunks (HTTP's or aws-chunked), trailers, bodies whose hash is
not signed or wrong, x-amz-* headers that are not among those of Signature Version 4 and the HEADERs given, x-amz-* headers
that are not signed, parameters of a query that S3 did not have in 2013, and writes without a length.
"""
import hashlib
import http.server
import os
import re
import socket
import sys
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "live"))
import faultproxy  # noqa: E402  pylint: disable=wrong-import-position

SIGNATURE = {"x-amz-content-sha256", "x-amz-date", "x-amz-security-token"}
QUERY = {"list-type", "prefix", "delimiter", "max-keys", "encoding-type", "continuation-token", "start-after", "location",
         "uploads", "uploadId", "partNumber", "key-marker", "upload-id-marker", "max-uploads", "versioning"}


class Handler(faultproxy.Handler):
    known = SIGNATURE

    def flaw(self, body):
        signed = re.search("SignedHeaders=([^,]*)", self.headers.get("Authorization", ""))
        names = {name.lower() for name in self.headers if name.lower().startswith("x-amz-")}
        if not signed and self.command in ("GET", "HEAD") and not names and "?" not in self.path:
            return None  # whoever asks who is there
        if not signed:
            return "not signed by a header"
        if self.headers.get("Transfer-Encoding"):
            return "Transfer-Encoding: " + self.headers["Transfer-Encoding"]
        if self.headers.get("Trailer"):
            return "Trailer: " + self.headers["Trailer"]
        if "aws-chunked" in self.headers.get("Content-Encoding", ""):
            return "Content-Encoding: aws-chunked"
        if self.command in ("PUT", "POST") and "Content-Length" not in self.headers:
            return "no Content-Length"
        if self.headers.get("x-amz-content-sha256") != hashlib.sha256(body).hexdigest():
            return "x-amz-content-sha256: " + self.headers.get("x-amz-content-sha256", "absent")
        for name in sorted(names):
            if name not in self.known:
                return "unknown header " + name
            if name not in signed.group(1).split(";"):
                return "header is not signed: " + name
        for name, _ in urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query, keep_blank_values=True):
            if name not in QUERY:
                return "unknown parameter " + name
        return None

    def serve(self):
        body = self.read_body("pass", "")
        flaw = self.flaw(body)
        if flaw is None:
            self.forward(body, "pass", "")
            return
        with self.lock:
            self.log.write("%s %s: %s\n" % (self.command, self.path, flaw))
            self.log.flush()
        data = ("<Error><Code>NotImplemented</Code><Message>%s</Message></Error>" % flaw).encode()
        self.send_response(501)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = do_PATCH = serve


class Server6(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6


def main():
    args = sys.argv[1:]
    ipv6 = args[:1] == ["--ipv6"]
    args = args[1:] if ipv6 else args
    if len(args) < 2:
        raise SystemExit(__doc__)
    Handler.upstream = urllib.parse.urlsplit(args[0])
    Handler.log = open(args[1], "w", encoding="utf-8")  # pylint: disable=consider-using-with
    Handler.known = SIGNATURE | set(args[2:])
    server = (Server6 if ipv6 else http.server.ThreadingHTTPServer)(("::1" if ipv6 else "127.0.0.1", 0), Handler)
    server.daemon_threads = True
    print("http://%s:%d" % ("[::1]" if ipv6 else "127.0.0.1", server.server_address[1]), flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
