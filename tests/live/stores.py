#!/usr/bin/env python3
"""The cases of stores.sh that look at a bucket with somebody else's eyes (boto3).

    stores.py CASE ENDPOINT TRANSFER WORK [ARGUMENT...]

CASE is the name of a function below, with '-' for '_'. TRANSFER is tests/bench/transfer, WORK a folder for files. The CA of
an https ENDPOINT is in AWS_CA_BUNDLE. Ends with 77 when boto3 is missing, with 1 and a reason when a case fails.
"""
import base64
import concurrent.futures
import datetime
import hashlib
import os
import subprocess
import sys
import urllib.parse
import zlib

try:
    import boto3
    import botocore.client
    import botocore.exceptions
except ImportError:
    print("boto3 is missing (PyPI: boto3)")
    sys.exit(77)

SMALL, LARGE = 1000, 20 * 2 ** 20
PART = 6 * 2 ** 20  # s3_impl.h
ODD = ["plain", "with blank", "plus+sign", "per%cent", "%41", "a&b=c", "quote'\"", "<tag>", "ümläut", "日本語", "tilde~",
       "semi;colon", "co,mma", "at@sign", "dollar$", "paren()", "star*", "excl!", "hash#", "quest?ion", "back\\slash",
       "caret^", "curly{}", "square[]", "pipe|", "grave`", "emoji😀", "tab\tstop", "-dash", ".dot", "under_score"]


class Store:
    def __init__(self, endpoint, transfer, work, region="us-east-1"):
        self.endpoint, self.transfer, self.work = endpoint, transfer, work
        self.s3 = boto3.client("s3", endpoint_url=endpoint, region_name=region, config=botocore.client.Config(
            s3={"addressing_style": "path"}))

    def url(self, place, **params):
        params = dict({"s3Url": self.endpoint, "s3ForcePathStyle": "true"}, **params)
        if self.endpoint.startswith("https") and "caCert" not in params:
            params.setdefault("caFile", os.environ["AWS_CA_BUNDLE"])
        return "s3://%s?%s" % (place, "&".join("%s=%s" % (k, urllib.parse.quote(v, safe="")) for k, v in params.items()))

    def run(self, *args):
        return subprocess.run([self.transfer] + list(args), check=False, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def good(self, *args):
        done = self.run(*args)
        if done.returncode:
            raise SystemExit(" ".join(args[:2]) + ": " + done.stderr.decode())
        return done.stdout

    def refused(self, words, *args):
        done = self.run(*args)
        if not done.returncode:
            raise SystemExit("not refused: " + " ".join(args))
        for word in words:
            check(word in done.stderr.decode(), "no word of '%s' in: %s" % (word, done.stderr.decode()))

    def file(self, size):
        path = os.path.join(self.work, "file-%d" % size)
        with open(path, "wb") as file:
            file.write(os.urandom(size))
        return path

    def there_and_back(self, url, key, size):
        """The object's bytes, after it went to the bucket and came back."""
        path = self.file(size)
        self.good("put", url, key, path)
        self.good("get", url, key, path + ".back")
        with open(path, "rb") as file, open(path + ".back", "rb") as back:
            data = file.read()
            check(data == back.read(), key + ": other bytes came back")
        return data


def check(ok, text):
    if not ok:
        raise SystemExit(text)


def b64(raw):
    return base64.b64encode(raw).decode()


def crc32(data):
    return zlib.crc32(data).to_bytes(4, "big")


def crc32c(data):
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0x82f63b78 if value & 1 else 0)
        table.append(value)
    crc = 0xffffffff
    for byte in data:
        crc = crc >> 8 ^ table[(crc ^ byte) & 255]
    return (crc ^ 0xffffffff).to_bytes(4, "big")


SUMS = {"CRC32": crc32, "CRC32C": crc32c, "SHA1": lambda d: hashlib.sha1(d).digest(),
        "SHA256": lambda d: hashlib.sha256(d).digest()}


def checksums(store):
    for name, digest in SUMS.items():
        url = store.url("backups/sum-" + name, checksumAlgorithm=name)
        for size in (0, SMALL, LARGE):
            data = store.there_and_back(url, "k%d" % size, size)
            head = store.s3.head_object(Bucket="backups", Key="sum-%s/k%d" % (name, size), ChecksumMode="ENABLED")
            found = head.get("Checksum" + name, "none")
            parts = [data[i:i + PART] for i in range(0, size, PART)]
            if size < PART or head.get("ChecksumType") == "FULL_OBJECT":
                expected = b64(digest(data))
            else:
                expected = "%s-%d" % (b64(digest(b"".join(digest(p) for p in parts))), len(parts))
            check(found == expected, "%s of %d bytes: %s instead of %s" % (name, size, found, expected))
    store.there_and_back(store.url("backups/sum-none", checksumAlgorithm=""), "k", SMALL)
    head = store.s3.head_object(Bucket="backups", Key="sum-none/k", ChecksumMode="ENABLED")
    check(not any("Checksum" + name in head for name in SUMS), "a checksum although none was asked for")


def attributes(store):
    url = store.url("backups/tags", tagging="team=shop&cost center=a%2Fb", storageClass="REDUCED_REDUNDANCY",
                    requesterPays="true")
    for size in (SMALL, LARGE):
        store.there_and_back(url, "k%d" % size, size)
        key = {"Bucket": "backups", "Key": "tags/k%d" % size}
        tags = {t["Key"]: t["Value"] for t in store.s3.get_object_tagging(**key)["TagSet"]}
        check(tags == {"team": "shop", "cost center": "a/b"}, "tags: %s" % tags)
        check(store.s3.head_object(**key).get("StorageClass") == "REDUCED_REDUNDANCY", "storage class")
    store.refused(["storageClass"], "put", store.url("backups/class", storageClass="NOSUCH"), "k", store.file(SMALL))


def encryption(store):
    rows = [({"serverSideEncryption": "AES256"}, "AES256"), ({"serverSideEncryption": "aws:kms"}, "aws:kms"),
            ({"kmsKeyId": "sandbox"}, "aws:kms")]
    for n, (params, expected) in enumerate(rows):
        for size in (SMALL, LARGE):
            store.there_and_back(store.url("backups/sse%d" % n, **params), "k%d" % size, size)
            head = store.s3.head_object(Bucket="backups", Key="sse%d/k%d" % (n, size))
            check(head.get("ServerSideEncryption") == expected, "%s: %s" % (params, head))
            check("kmsKeyId" not in params or head["SSEKMSKeyId"].endswith("sandbox"), "another key")
    store.refused(["kmsKeyId"], "put", store.url("backups/sse", kmsKeyId="nosuch"), "k", store.file(SMALL))


def customer_key(store):
    keys = []
    for name in ("key", "other"):
        keys.append(os.path.join(store.work, name))
        with open(keys[-1], "wb") as file:
            file.write(os.urandom(40))  # more than is needed: the first 32 count
    with open(keys[0], "rb") as file:
        raw = file.read(32)
    for params in ({}, {"checksumAlgorithm": "CRC32C"}):
        url = store.url("backups/ssec", customerKeyEncryptionFile=keys[0], **params)
        for size in (SMALL, LARGE):
            data = store.there_and_back(url, "k%d" % size, size)
            got = store.s3.get_object(Bucket="backups", Key="ssec/k%d" % size, SSECustomerAlgorithm="AES256", SSECustomerKey=raw)
            check(got["Body"].read() == data, "another client reads other bytes")
    back = os.path.join(store.work, "back")
    store.refused(["read 'k1000'"], "get", store.url("backups/ssec"), "k1000", back)
    store.refused(["read 'k1000'"], "get", store.url("backups/ssec", customerKeyEncryptionFile=keys[1]), "k1000", back)
    os.truncate(keys[1], 31)
    store.refused(["31 bytes"], "get", store.url("backups/ssec", customerKeyEncryptionFile=keys[1]), "k1000", back)
    clear = "s3://backups?s3Url=http://127.0.0.1:1&customerKeyEncryptionFile=" + keys[0]
    store.refused(["needs an s3Url with https"], "get", clear, "k", back)


def listing(store):
    keys = ["%s/%s-%04d" % ("dir/sub" if n % 3 else "x", ODD[n % len(ODD)], n) for n in range(2500)]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: store.s3.put_object(Bucket="backups", Key="odd/" + key, Body=b""), keys))
    found = store.good("list", store.url("backups/odd"), "").decode().split("\0")[:-1]
    check(found == sorted(keys, key=lambda k: k.encode()), "%d keys instead of %d, or others" % (len(found), len(keys)))
    for key in keys[:len(ODD)]:
        store.there_and_back(store.url("backups/odd"), key, SMALL)
        store.good("delete", store.url("backups/odd"), key)
    check(len(store.good("list", store.url("backups/odd"), "").split(b"\0")) == 2501 - len(ODD), "not deleted")


def bucket(store, name, kind):
    """A bucket of a kind: plain, versioned, or locked (compliance mode for a day)."""
    store.s3.create_bucket(Bucket=name, ObjectLockEnabledForBucket=kind == "locked")
    if kind == "versioned":
        store.s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    if kind == "locked":
        store.s3.put_object_lock_configuration(Bucket=name, ObjectLockConfiguration={
            "ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 1}}})


def versions(store, name):
    """What is in the bucket with all its versions: {key: (versions, markers)}."""
    found = {}
    for page in store.s3.get_paginator("list_object_versions").paginate(Bucket=name):
        for at, kind in enumerate(("Versions", "DeleteMarkers")):
            for row in page.get(kind, []):
                found.setdefault(row["Key"], [0, 0])[at] += 1
    return found


def written_once(store, name):
    """After backups and restores: no key has two versions."""
    found = versions(store, name)
    check(any(k.endswith("velero-backup.json") for k in found), "there is no backup in the bucket")
    twice = [k for k, (n, _) in found.items() if n > 1]
    check(not twice, "written twice: " + " ".join(twice))


def locked(store):
    bucket(store, "locked", "locked")
    url = store.url("locked")
    store.there_and_back(url, "k", SMALL)
    store.there_and_back(url, "large", LARGE)
    head = store.s3.head_object(Bucket="locked", Key="k")
    check(head["ObjectLockRetainUntilDate"] > datetime.datetime.now(datetime.timezone.utc), "no retention")
    # A delete without a version hides the object; its version stays.
    store.good("delete", url, "k")
    store.refused(["NoSuchKey"], "get", url, "k", os.path.join(store.work, "back"))
    check(versions(store, "locked")["k"] == [1, 1], "no version and marker: %s" % versions(store, "locked"))
    store.there_and_back(url, "k", SMALL)
    check(versions(store, "locked")["k"] == [2, 1], "the name can not be used again")


def authority(store):
    with open(os.environ["AWS_CA_BUNDLE"], "rb") as file:
        pem = file.read()
    store.there_and_back(store.url("backups/ca", caCert=b64(pem)), "k", SMALL)
    other = os.path.join(store.work, "other.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=minio", "-keyout",
                    os.devnull, "-out", other], check=True, stderr=subprocess.DEVNULL)
    with open(other, "rb") as file:
        url = store.url("backups/ca", caCert=b64(file.read()))
    store.refused(["certificate"], "put", url, "k", store.file(SMALL))
    store.refused(["certificate"], "put", url.replace("caCert=", "insecureSkipTLSVerify=false&caCert="), "k", store.file(SMALL))


def virtual_host(store):
    endpoint = "https://localhost:%d" % urllib.parse.urlsplit(store.endpoint).port
    url = store.url("backups/virtual", s3Url=endpoint, s3ForcePathStyle="false")
    store.there_and_back(url, "a b/ü", SMALL)
    store.there_and_back(url, "large", LARGE)
    check(store.good("list", url, "") == b"a b/\xc3\xbc\0large\0", "another list")
    check(store.s3.head_object(Bucket="backups", Key="virtual/a b/ü")["ContentLength"] == SMALL, "it is elsewhere")


def dots(store):
    bucket(store, "my.bucket.1", "plain")
    store.there_and_back(store.url("my.bucket.1", s3ForcePathStyle="false"), "k", SMALL)
    check(store.s3.head_object(Bucket="my.bucket.1", Key="k")["ContentLength"] == SMALL, "it is elsewhere")


def other_region(store):
    store = Store(store.endpoint, store.transfer, store.work, "eu-west-2")
    bucket(store, "elsewhere", "plain")
    for params in ({}, {"region": "us-east-1"}, {"region": "eu-west-2"}):
        store.there_and_back(store.url("elsewhere", **params), "k", SMALL)
        store.there_and_back(store.url("elsewhere", **params), "large", LARGE)


def read_only(store):
    url = store.url("backups/ro", accessMode="ReadOnly")
    store.there_and_back(store.url("backups/ro"), "k", SMALL)
    store.good("get", url, "k", os.path.join(store.work, "back"))
    store.refused(["ReadOnly"], "put", url, "k", store.file(SMALL))
    store.refused(["ReadOnly"], "delete", url, "k")
    check(store.good("list", url, "") == b"k\0", "something was written or deleted")


def aws_asks_for_the_region(store):
    """Like AWS but for its address: neither region nor s3Url is given."""
    store.s3.create_bucket(Bucket="frankfurt", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    store.s3.create_bucket(Bucket="virginia")
    os.environ["AWS_ENDPOINT_URL_S3"] = store.endpoint
    for name in ("frankfurt", "virginia"):
        for params in ("", "?region=us-east-1", "?region=eu-central-1"):
            store.there_and_back("s3://" + name + params, "k", SMALL)
            store.there_and_back("s3://" + name + params, "large", LARGE)


def main():
    case, endpoint, transfer, work = sys.argv[1:5]
    globals()[case.replace("-", "_")](Store(endpoint, transfer, work), *sys.argv[5:])


if __name__ == "__main__":
    main()
