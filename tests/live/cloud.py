#!/usr/bin/env python3
"""A small cloud on the loopback: STS, container endpoint, instance metadata, and a slow way to a bucket.

    cloud.py MINIO LIFE [RATE]      prints its URL, then serves until it is killed

MINIO is http://host:port with the sandbox's root user; or https://, and CLOUD_CA its certificate, for roles alone. The
credentials handed out are MinIO's own (its STS), and end after LIFE seconds: from then on whoever comes with them is answered ExpiredToken. Requests below /BUCKET go on to MinIO, at most
RATE bytes a second (0: no limit) for each of their bodies. With CLOUD_LIES the sets say that they last an hour. What happens is a line each in the log, stderr:
"given N", "expired METHOD path", "passed METHOD path". Each secret is a line in the file that CLOUD_SECRETS names.
Ways that are no bucket:
    /            STS: AssumeRole, AssumeRoleWithWebIdentity, GetCallerIdentity. Roles with "deal" in their name want the
                 External ID "deal-7"; "closed" ones let nobody in. The web identity token is "planted-jwt".
    /pod         container endpoint; the authorization is "planted-pod"
    /latest/...  instance metadata, version 2. Below /hops/latest/ the token never arrives.
"""
import datetime
import hashlib
import hmac
import http.client
import http.server
import json
import os
import re
import ssl
import sys
import threading
import time
import urllib.parse
import xml.etree.ElementTree

MINIO, LIFE, RATE = sys.argv[1], float(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 0
NS = "https://sts.amazonaws.com/doc/2011-06-15/"
ends = {}           # access key: when
lock = threading.Lock()


def log(text):
    with lock:
        sys.stderr.write(text + "\n")
        sys.stderr.flush()


def minio_credentials():
    """A set of MinIO's own AssumeRole."""
    body = b"Action=AssumeRole&Version=2011-06-15&DurationSeconds=3600"
    host = urllib.parse.urlsplit(MINIO).netloc
    stamp = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    digest = hashlib.sha256(body).hexdigest()
    canonical = "POST\n/\n\nhost:%s\nx-amz-date:%s\n\nhost;x-amz-date\n%s" % (host, stamp, digest)
    scope = stamp[:8] + "/us-east-1/sts/aws4_request"
    text = "AWS4-HMAC-SHA256\n%s\n%s\n%s" % (stamp, scope, hashlib.sha256(canonical.encode()).hexdigest())
    key = b"AWS4" + os.environ["MINIO_PASSWORD"].encode()
    for word in scope.split("/"):
        key = hmac.new(key, word.encode(), hashlib.sha256).digest()
    sign = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    connection = http.client.HTTPConnection(host, timeout=30)
    if MINIO.startswith("https:"):
        connection = http.client.HTTPSConnection(host, timeout=30, context=ssl.create_default_context(
            cafile=os.environ["CLOUD_CA"]))
    connection.request("POST", "/", body, {
        "Content-Type": "application/x-www-form-urlencoded", "X-Amz-Date": stamp,
        "Authorization": "AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=host;x-amz-date, Signature=%s" % (
            os.environ["MINIO_USER"], scope, sign)})
    answer = connection.getresponse()
    data = answer.read()
    if answer.status != 200:
        raise RuntimeError("MinIO's STS: %d %s" % (answer.status, data))
    found = {e.tag.rpartition("}")[2]: e.text for e in xml.etree.ElementTree.fromstring(data).iter()}
    with lock:
        ends[found["AccessKeyId"]] = time.time() + LIFE
    with lock, open(os.environ["CLOUD_SECRETS"], "a") as out:
        out.write("%s\n%s\n" % (found["SecretAccessKey"], found["SessionToken"]))
    says = 3600 if os.environ.get("CLOUD_LIES") else LIFE
    until = datetime.datetime.fromtimestamp(time.time() + says, datetime.timezone.utc)
    log("given %d" % len(ends))
    return found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"], until.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def give(self, status, text, kind="text/plain", headers=()):
        data = text if isinstance(text, bytes) else text.encode()
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def give_error(self, status, code, message, root="ErrorResponse"):
        text = "<Error><Code>%s</Code><Message>%s</Message></Error>" % (code, message)
        self.give(status, text if root is None else "<%s xmlns='%s'>%s</%s>" % (root, NS, text, root), "text/xml")

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def sts(self):
        form = {k: v[0] for k, v in urllib.parse.parse_qs(self.body().decode()).items()}
        action, role = form.get("Action", ""), form.get("RoleArn", "")
        if action == "GetCallerIdentity":
            self.give(200, "<GetCallerIdentityResponse xmlns='%s'><GetCallerIdentityResult><Arn>arn:aws:iam::1:user/ann"
                      "</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>" % NS, "text/xml")
        elif action == "AssumeRole" and "AWS4-HMAC-SHA256" not in self.headers.get("Authorization", ""):
            self.give_error(403, "MissingAuthenticationToken", "no signature")
        elif "closed" in role or ("deal" in role and form.get("ExternalId") != "deal-7"):
            self.give_error(403, "AccessDenied", "User: arn:aws:iam::1:user/ann is not authorized to perform: %s" % action)
        elif action == "AssumeRoleWithWebIdentity" and form.get("WebIdentityToken") != "planted-jwt":
            self.give_error(400, "InvalidIdentityToken", "No OpenIDConnect provider found in your account")
        else:
            self.give(200, "<{0}Response xmlns='{1}'><{0}Result><Credentials><AccessKeyId>{2}</AccessKeyId><SecretAccessKey>"
                      "{3}</SecretAccessKey><SessionToken>{4}</SessionToken><Expiration>{5}</Expiration></Credentials>"
                      "</{0}Result></{0}Response>".format(action, NS, *minio_credentials()), "text/xml")

    def give_json(self):
        access, secret, token, until = minio_credentials()
        self.give(200, json.dumps({"Code": "Success", "AccessKeyId": access, "SecretAccessKey": secret, "Token": token,
                                   "Expiration": until}), "application/json")

    def metadata(self, path):
        if path == "latest/api/token":
            if self.path.startswith("/hops"):
                time.sleep(30)
            elif self.command == "PUT" and self.headers.get("X-aws-ec2-metadata-token-ttl-seconds"):
                self.give(200, "planted-session")
            else:
                self.give(400, "")
        elif self.headers.get("X-aws-ec2-metadata-token") != "planted-session":
            self.give(401, "")
        elif path.endswith("/security-credentials/"):
            self.give(200, "node-role")
        else:
            self.give_json()

    def bucket(self):
        found = re.match(r"AWS4-HMAC-SHA256 Credential=([^/]*)/", self.headers.get("Authorization", ""))
        size, name = int(self.headers.get("Content-Length", 0)), "%s %s" % (self.command, self.path)
        if found and ends.get(found.group(1), float("inf")) < time.time():
            self.rfile.read(size)
            log("expired " + name)
            self.give_error(400, "ExpiredToken", "The provided token has expired.", None)
            return
        log("passed " + name)
        connection = http.client.HTTPConnection(urllib.parse.urlsplit(MINIO).netloc, timeout=300)
        connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for header, value in self.headers.items():
            if header.lower() not in ("connection", "expect"):
                connection.putheader(header, value)
        connection.endheaders()
        while size > 0:
            block = self.rfile.read(min(size, max(RATE // 10, 1) if RATE else 1 << 18))
            size -= len(block)
            connection.send(block)
            if RATE:
                time.sleep(0.1)
        answer = connection.getresponse()
        data = answer.read()
        self.send_response_only(answer.status)
        for header, value in answer.getheaders():
            if header.lower() not in ("connection", "transfer-encoding", "content-length"):
                self.send_header(header, value)
        self.send_header("Content-Length", answer.headers.get("Content-Length", str(len(data))) if self.command == "HEAD"
                         else str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def serve(self):
        path = urllib.parse.urlsplit(self.path).path
        if path == "/" and self.command == "POST":
            self.sts()
        elif path == "/pod":
            if self.headers.get("Authorization") == "planted-pod":
                self.give_json()
            else:
                self.give(400, '{"code": "AccessDenied", "message": "no association"}')
        elif path.startswith(("/latest/", "/hops/latest/")):
            self.metadata(path[path.index("latest/"):])
        else:
            self.bucket()

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = serve


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True


server = Server(("127.0.0.1", 0), Handler)
# The Host header is signed: MinIO has to see the one that the client sent, hence no rewriting.
print("http://127.0.0.1:%d" % server.server_port, flush=True)
server.serve_forever()
