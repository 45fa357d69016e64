#!/usr/bin/env python3
"""A small S3 client for tests: the standard library and Signature Version 4, path style.

    s3.py URL make-bucket BUCKET
    s3.py URL list BUCKET [PREFIX]      keys, one a line
    s3.py URL get BUCKET KEY            the object's bytes to stdout
    s3.py URL put BUCKET KEY < FILE
    s3.py URL delete BUCKET KEY
    s3.py URL uploads BUCKET            multipart uploads that were neither completed nor aborted

Credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, else the sandbox MinIO's.
"""
import datetime
import hashlib
import hmac
import http.client
import os
import sys
import urllib.parse
import xml.etree.ElementTree

USER = os.environ.get("AWS_ACCESS_KEY_ID", "minioadmin")
PASSWORD = os.environ.get("AWS_SECRET_ACCESS_KEY", "minioadmin")
REGION = "us-east-1"


def quote(text, safe=""):
    return urllib.parse.quote(text, safe=safe + "-_.~")


def request(url, method, path, query=None, body=b""):
    """One signed request; returns the body of a 2xx answer, else ends the program with the server's words."""
    parts = urllib.parse.urlsplit(url)
    path = quote(path, "/")
    text = "&".join("%s=%s" % (quote(k), quote(v)) for k, v in sorted((query or {}).items()))
    stamp = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    digest = hashlib.sha256(body).hexdigest()
    headers = {"host": parts.netloc, "x-amz-content-sha256": digest, "x-amz-date": stamp}
    names = ";".join(sorted(headers))
    canonical = "\n".join([method, path, text] + ["%s:%s" % (k, headers[k]) for k in sorted(headers)]
                          + ["", names, digest])
    scope = "%s/%s/s3/aws4_request" % (stamp[:8], REGION)
    to_sign = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = ("AWS4" + PASSWORD).encode()
    for word in scope.split("/"):
        key = hmac.new(key, word.encode(), hashlib.sha256).digest()
    headers["authorization"] = "AWS4-HMAC-SHA256 Credential=%s/%s,SignedHeaders=%s,Signature=%s" % (
        USER, scope, names, hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest())
    secure = parts.scheme == "https"
    connection = (http.client.HTTPSConnection if secure else http.client.HTTPConnection)(parts.netloc, timeout=60)
    connection.request(method, path + ("?" + text if text else ""), body, headers)
    answer = connection.getresponse()
    data = answer.read()
    if answer.status // 100 != 2:
        sys.exit("s3.py: %s %s: %d %s: %s" % (method, path, answer.status, answer.reason, data.decode(errors="replace")))
    return data


def elements(data, name):
    return [e for e in xml.etree.ElementTree.fromstring(data).iter() if e.tag.rpartition("}")[2] == name]


def keys(url, bucket, prefix=""):
    query = {"list-type": "2", "prefix": prefix}
    while True:
        data = request(url, "GET", "/" + bucket, query)
        for entry in elements(data, "Key"):
            yield entry.text
        token = elements(data, "NextContinuationToken")
        if not token:
            return
        query["continuation-token"] = token[0].text


def main(args):
    if len(args) < 3:
        sys.exit(__doc__)
    url, what, bucket = args[:3]
    key = args[3] if len(args) > 3 else ""
    if what == "make-bucket":
        request(url, "PUT", "/" + bucket)
    elif what == "list":
        for name in keys(url, bucket, key):
            print(name)
    elif what == "uploads":
        for upload in elements(request(url, "GET", "/" + bucket, {"uploads": ""}), "UploadId"):
            print(upload.text)
    elif what == "get":
        sys.stdout.buffer.write(request(url, "GET", "/%s/%s" % (bucket, key)))
    elif what == "put":
        request(url, "PUT", "/%s/%s" % (bucket, key), body=sys.stdin.buffer.read())
    elif what == "delete":
        request(url, "DELETE", "/%s/%s" % (bucket, key))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
