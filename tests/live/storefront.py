#!/usr/bin/env python3
"""What may stand where a store is expected: a proxy that refuses one operation as AWS does, or something else altogether.

    storefront.py [OPTION...] [UPSTREAM]      prints its URL, then serves until it is killed

    --tls PEM                         speaks TLS, with the key and certificates in PEM
    --answer OP=STATUS CODE MESSAGE   answers this operation (s3:PutObject ...; any: *) with an error document; CODE "-": without
                                      (ec2:CreateSnapshot ...: dry runs, permitted where not answered otherwise)
    --skew SECONDS                    its clock is off by that much
    --wander                          the bucket is in another region than the one that a request is signed for, always
    --region NAME                     the bucket is in that region: requests signed for another one are sent there
    --page TEXT                       answers everything with a web page that says TEXT
    --login                           sends everything to /login, as web consoles do
    --deaf                            as an IMDS behind too many hops: never answers PUT, answers 401 to the rest
    --roleless                        as the IMDS of an instance without a role: gives a token, answers 404 to the rest
    --ignore-conditions               takes no notice of If-None-Match
    --change whole|range              changes the bytes of objects that are read as a whole, or in part
    --banner TEXT                     no HTTP at all: says that to whoever has sent something, "": hangs up without a word
"""
import argparse
import email.utils
import http.client
import http.server
import re
import socketserver
import ssl
import time
import urllib.parse

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "date", "server"}


def operation(method, path, headers, body=b""):
    """The IAM action of a request, path style."""
    parts = urllib.parse.urlsplit(path)
    query = urllib.parse.parse_qs(parts.query, keep_blank_values=True)
    if parts.path.count("/") < 2:
        form = urllib.parse.parse_qs(body.decode("latin-1")) if method == "POST" else {}
        if form.get("Version") == ["2016-11-15"]:
            return "ec2:" + form["Action"][0] if form.get("DryRun") == ["true"] else "ec2 without DryRun"
        return "sts" if method == "POST" else "s3:ListBucket"
    if "uploadId" in query:
        return {"DELETE": "s3:AbortMultipartUpload"}.get(method, "s3:PutObject")
    if method == "DELETE":
        return "s3:DeleteObjectVersion" if "versionId" in query else "s3:DeleteObject"
    if method == "PUT" and "x-amz-tagging" in headers:
        return "s3:PutObjectTagging"
    return {"GET": "s3:GetObject", "HEAD": "s3:GetObject"}.get(method, "s3:PutObject")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    options, upstream, answers = None, None, {}

    def reply(self, status, body, headers):
        self.send_response_only(status)
        self.send_header("Date", email.utils.formatdate(time.time() + self.options.skew, usegmt=True))
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def error(self, status, code, message, headers=(), ec2=False):  # pylint: disable=too-many-arguments
        if code == "-":
            self.reply(status, b"", headers)
            return
        document = "<Code>%s</Code><Message>%s</Message>" % (code, message)
        if ec2:
            self.reply(status, ("<Response><Errors><Error>%s</Error></Errors></Response>" % document).encode(), headers)
            return
        document = "<ErrorResponse><Error>%s</Error></ErrorResponse>" % document if self.path == "/" else \
            "<Error>%s</Error>" % document
        self.reply(status, document.encode(), [("Content-Type", "application/xml"), *headers])

    def forward(self, body):
        connection = http.client.HTTPConnection(self.upstream, timeout=60)
        headers = {k: v for k, v in self.headers.items() if k.lower() not in HOP_BY_HOP}
        if self.options.ignore_conditions:
            headers.pop("If-None-Match", None)
        connection.request(self.command, self.path, body, headers)
        answer = connection.getresponse()
        data = answer.read()
        if operation(self.command, self.path, self.headers) == "s3:GetObject" and \
                self.options.change == ("range" if "Range" in self.headers else "whole"):
            data = bytes(b ^ 1 for b in data)
        kept = [(k, v) for k, v in answer.getheaders() if k.lower() not in HOP_BY_HOP and k.lower() != "content-length"]
        if self.command == "HEAD":
            self.send_response_only(answer.status)
            for name, value in answer.getheaders():
                self.send_header(name, value)
            self.end_headers()
        else:
            self.reply(answer.status, data, kept)

    def serve(self):
        o = self.options
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        what = operation(self.command, self.path, self.headers, body)
        found = self.answers.get(what) or self.answers.get("*")
        scope = re.search(r"/(\w+-[\w-]+)/s3/", self.headers.get("Authorization", ""))
        if o.deaf:
            if self.command == "PUT":
                self.rfile.read(1)  # until the client gives up
                self.close_connection = True
            else:
                self.reply(401, b"", [])
        elif o.roleless:
            self.reply(*((200, b"token") if self.command == "PUT" else (404, b"")), [])
        elif o.login:
            self.reply(302, b"", [("Location", "/login"), ("Server", "MinIO Console")])
        elif o.page:
            self.reply(200, ("<!DOCTYPE html><html><body>%s</body></html>" % o.page).encode(), [("Content-Type", "text/html")])
        elif what.startswith("ec2:"):
            self.error(*(found or (412, "DryRunOperation", "Request would have succeeded, but DryRun flag is set.")), ec2=True)
        elif o.wander and scope:
            self.error(301, "PermanentRedirect", "The bucket must be addressed elsewhere.",
                       [("x-amz-bucket-region", "eu-west-2" if scope.group(1) == "eu-west-1" else "eu-west-1")])
        elif o.region and scope and scope.group(1) != o.region:
            self.error(301, "PermanentRedirect", "The bucket must be addressed elsewhere.",
                       [("x-amz-bucket-region", o.region)])
        elif found and (self.headers.get("Authorization") or "*" in self.answers):
            self.error(*found)
        else:
            self.forward(body)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = serve

    def log_message(self, *args):
        pass


class Banner(socketserver.BaseRequestHandler):
    def handle(self):
        if self.request.recv(65536):
            self.request.sendall(Handler.options.banner.encode())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tls")
    parser.add_argument("--answer", action="append", default=[])
    parser.add_argument("--skew", type=float, default=0)
    parser.add_argument("--region")
    parser.add_argument("--page")
    parser.add_argument("--change", choices=["whole", "range"])
    parser.add_argument("--banner")
    for flag in ("--wander", "--login", "--deaf", "--roleless", "--ignore-conditions"):
        parser.add_argument(flag, action="store_true")
    parser.add_argument("upstream", nargs="?", default="")
    Handler.options = o = parser.parse_args()
    Handler.upstream = urllib.parse.urlsplit(o.upstream).netloc
    for text in o.answer:
        name, _, rest = text.partition("=")
        status, code, message = rest.split(" ", 2)
        Handler.answers[name] = (int(status), code, message)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler if o.banner is None else Banner)
    server.daemon_threads = True
    if o.tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(o.tls)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    print("%s://127.0.0.1:%d" % ("https" if o.tls else "http", server.server_port), flush=True)
    server.serve_forever()


main()
