#!/usr/bin/env python3
"""Measures how fast a location is looked through: the list of its backups, single objects of a large one, one restored.

    catalog.py --orlop PROGRAM [--backups 1000] [--objects 100000] [--repeat 3] [--store URL]

The store is a MinIO of the sandbox, started for it and removed afterwards, or the one at URL (http://host:port, with
the sandbox's credentials). All requests of orlop pass a relay that counts them and their bytes. The yardstick of the
list is curl with the same requests, 16 at a time, measured in the same run. Medians.
"""
import argparse
import concurrent.futures
import gzip
import hashlib
import io
import json
import os
import random
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tarfile
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True  # a source tree stays as it was
sys.path.insert(0, os.path.join(HERE, "..", "sandbox"))
import s3  # noqa: E402  pylint: disable=wrong-import-position

SANDBOX = os.path.join(HERE, "..", "sandbox", "sandbox")
TIME = "/usr/bin/time"
BUCKET = "catalog"
MEMBER = 1 << 20


class Relay:
    """A TCP relay to host:port that counts requests (their first lines, as HTTP/1.1 sends them) and bytes back."""

    def __init__(self, netloc):
        host, _, port = netloc.rpartition(":")
        self.upstream, self.lock = (host, int(port)), threading.Lock()
        self.server = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = "http://127.0.0.1:%d" % self.server.getsockname()[1]
        self.reset()
        threading.Thread(target=self.accept, daemon=True).start()

    def reset(self):
        self.requests, self.bytes = [], 0

    def accept(self):
        while True:
            client, _ = self.server.accept()
            upstream = socket.create_connection(self.upstream)
            threading.Thread(target=self.copy, args=(client, upstream, True), daemon=True).start()
            threading.Thread(target=self.copy, args=(upstream, client, False), daemon=True).start()

    def copy(self, source, sink, up):
        try:
            while data := source.recv(1 << 16):
                with self.lock:
                    if up:
                        self.requests += re.findall(rb"^([A-Z]+) (\S+) HTTP/1.1\r$", data, re.M)
                    else:
                        self.bytes += len(data)
                sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def metadata(name, annotations=None, items=143):
    return json.dumps({
        "kind": "Backup", "apiVersion": "velero.io/v1",
        "metadata": {"name": name, "namespace": "velero", "labels": {"velero.io/storage-location": "default"},
                     "annotations": dict({"velero.io/source-cluster-k8s-gitversion": "v1.35.4"}, **(annotations or {}))},
        "spec": {"includedNamespaces": ["*"], "ttl": "720h0m0s", "hooks": {}, "storageLocation": "default",
                 "excludedNamespaceScopedResources": ["volumesnapshots.snapshot.storage.k8s.io"]},
        "status": {"version": 1, "formatVersion": "1.1.0", "phase": "Completed", "expiration": "2036-07-01T02:00:00Z",
                   "startTimestamp": "2036-06-01T02:00:00Z", "completionTimestamp": "2036-06-01T02:00:09Z",
                   "progress": {"totalItems": items, "itemsBackedUp": items}}}, indent=2).encode()


def entry(path, data):
    info = tarfile.TarInfo(path)
    info.size, info.mode = len(data), 0o755
    return info.tobuf(tarfile.USTAR_FORMAT) + data + bytes(-len(data) % 512)


def large_backup(put, name, count):
    """A backup in the form of src/archive/index.h, of config maps with names as generated ones are."""
    chance = random.Random(4)
    tarball, lines, members, tar, tar_at = io.BytesIO(), [], [], io.BytesIO(), 0
    end = 0  # of the last object

    def end_member():
        nonlocal tar, tar_at, end
        packed = gzip.compress(tar.getvalue(), 1)
        members.append([tarball.tell(), len(packed), tar_at, tar.tell(), hashlib.sha256(packed).hexdigest()])
        tar_at += tar.tell()
        tarball.write(packed)
        tar = io.BytesIO()
        end = 0

    tar.write(entry("metadata/version", b"1.1.0\n"))
    for i in range(count):
        place = "namespaces/ns-%d/app-%d-%08x.json" % (i % 50, i % 977, chance.getrandbits(32))
        item = {"apiVersion": "v1", "kind": "ConfigMap",
                "metadata": {"name": place.rpartition("/")[2][:-5], "namespace": "ns-%d" % (i % 50),
                             "labels": {"app": "app-%d" % (i % 977), "tier": "web"}, "uid": "%032x" % chance.getrandbits(128)},
                "data": {"key": "%0512x" % chance.getrandbits(1024)}}
        data = json.dumps(item, separators=(",", ":")).encode()
        tar.write(entry("resources/configmaps/" + place, data))
        lines.append({"g": "configmaps", "v": "v1", "k": "ConfigMap", "ns": item["metadata"]["namespace"],
                      "n": item["metadata"]["name"], "l": item["metadata"]["labels"], "m": len(members),
                      "o": tar.tell() - len(data) - -len(data) % 512 - end, "s": len(data)})
        end = tar.tell() - -len(data) % 512
        tar.write(entry("resources/configmaps/v1-preferredversion/" + place, data))
        if tar.tell() >= MEMBER:
            end_member()
    tar.write(bytes(1024))
    end_member()
    head = {"orlopIndex": 2, "version": "bench", "tarball": {"size": tarball.tell(), "sha256": hashlib.sha256(
        tarball.getvalue()).hexdigest()}, "objects": count, "members": members}
    index = gzip.compress(b"".join(json.dumps(line, separators=(",", ":")).encode() + b"\n" for line in [head] + lines), 6)
    put("backups/%s/%s.tar.gz" % (name, name), tarball.getvalue())
    put("backups/%s/%s-orlop-index.json.gz" % (name, name), index)
    put("backups/%s/velero-backup.json" % name, metadata(
        name, {"orlop.dev/index-sha256": hashlib.sha256(index).hexdigest()}, count))
    middle = lines[count // 2]
    return tarball.tell(), len(index), "configmap/%s/%s" % (middle["ns"], middle["n"])


def run(command, lines=None):
    """Runs a program; its wall time, processor time and peak memory."""
    with tempfile.NamedTemporaryFile("r", encoding="utf-8") as figures:
        begin = time.monotonic()
        done = subprocess.run([TIME, "--quiet", "-o", figures.name, "-f", "%U %S %M"] + command,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        seconds = time.monotonic() - begin
        if done.returncode or (lines is not None and len(done.stdout.splitlines()) != lines):
            raise SystemExit("%s: exit status %d, %d lines\n%s" % (" ".join(command), done.returncode, len(
                done.stdout.splitlines()), done.stderr.decode(errors="replace")))
        user, system, kib = figures.read().split()
    return seconds, float(user) + float(system), int(kib) * 1024


def row(what, runs, relay=None):
    traffic = "" if relay is None else "%6d requests %9.2f MiB" % (len(relay.requests), relay.bytes / 2 ** 20)
    print("%-44s %6.2f s  %5.2f s CPU  %5.1f MiB  %s" % (
        (what,) + tuple(statistics.median(r[i] for r in runs) / (2 ** 20 if i == 2 else 1) for i in range(3))
        + (traffic,)), flush=True)


def curl_config(path, url, names):
    lines = ["silent", "show-error", "fail", "parallel", "parallel-max = 16", "parallel-immediate",
             'aws-sigv4 = "aws:amz:us-east-1:s3"', 'user = "%s:%s"' % (s3.USER, s3.PASSWORD)]
    for name in names:
        lines += ['url = "%s/%s/backups/%s/velero-backup.json"' % (url, BUCKET, name), "output = /dev/null"]
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write("\n".join(lines) + "\n")
    return ["curl", "--config", path]


def bench_list(args, url, relay, put):
    names = ["daily-%05d" % i for i in range(args.backups)]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: put("backups/%s/velero-backup.json" % name, metadata(name)), names))
    raw, first, again = [], [], []
    listing = [args.orlop, "backup", "list", "-o", "name", "--location", args.location]
    for _ in range(args.repeat):
        shutil.rmtree(os.environ["XDG_CACHE_HOME"], ignore_errors=True)
        raw.append(run(curl_config(os.path.join(args.work, "curl.conf"), url, names)))
        first.append(run(listing, args.backups))
        relay.reset()
        again.append(run(listing, args.backups))
    row("raw: %d GETs by curl, 16 at a time" % args.backups, raw)
    row("backup list, nothing cached", first)
    row("backup list, cached", again, relay)


def bench_large(args, relay, put):
    size, index, what = large_backup(put, "large", args.objects)
    print("\na backup of {:,} objects: tarball {:.1f} MiB, index {:.1f} MiB".format(
        args.objects, size / 2 ** 20, index / 2 ** 20))
    cat = [args.orlop, "backup", "cat", "large", what, "--location", args.location]
    for words, command in (("backup ls", [args.orlop, "backup", "ls", "large", "-o", "name", "--location",
                                          args.location]), ("backup cat of one object", cat)):
        first, again = [], []
        for _ in range(args.repeat):
            shutil.rmtree(os.environ["XDG_CACHE_HOME"], ignore_errors=True)
            relay.reset()
            first.append(run(command))
        row(words + ", nothing cached", first, relay)
        for _ in range(args.repeat):
            relay.reset()
            again.append(run(command))
        row(words + ", index cached", again, relay)
    return what


def bench_one(args, relay, what):
    """The object comes back into another namespace each time."""
    namespace = what.split("/")[1]
    restores = []
    for n in range(args.repeat):
        shutil.rmtree(os.environ["XDG_CACHE_HOME"], ignore_errors=True)
        relay.reset()
        restores.append(run([
            args.orlop, "restore", "create", "one-%d" % n, "--from-backup", "large", "--include-object", what,
            "--namespace-mappings", "%s:one-%d" % (namespace, n), "--location", args.location,
            "--kubeconfig", args.kubeconfig]))
    row("restore of one object, nothing cached", restores, relay)


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--orlop", required=True)
    parser.add_argument("--backups", type=int, default=1000)
    parser.add_argument("--objects", type=int, default=100000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--store")
    args = parser.parse_args()
    args.orlop = os.path.abspath(args.orlop)
    args.work = tempfile.mkdtemp(prefix="orlop-bench.")
    os.environ.setdefault("SANDBOX_DIR", os.path.expanduser(
        os.path.join(os.environ.get("XDG_CACHE_HOME", "~/.cache"), "orlop-sandbox")))
    for variable in ("STATE", "CACHE"):
        os.environ["XDG_%s_HOME" % variable] = os.path.join(args.work, variable.lower())
    os.environ.update(AWS_ACCESS_KEY_ID=s3.USER, AWS_SECRET_ACCESS_KEY=s3.PASSWORD)
    name, url = "bench-%d" % os.getpid(), args.store
    try:
        if not url:
            url = subprocess.run([SANDBOX, "minio", name], check=True, stdout=subprocess.PIPE,
                                 encoding="utf-8").stdout.strip()
        relay = Relay(url.partition("//")[2])
        args.location = "s3://%s?region=us-east-1&s3Url=%s&s3ForcePathStyle=true" % (BUCKET, relay.url)
        s3.request(url, "PUT", "/" + BUCKET)

        def put(key, data):
            s3.request(url, "PUT", "/%s/%s" % (BUCKET, key), body=data)

        bench_list(args, url, relay, put)
        what = bench_large(args, relay, put)
        args.kubeconfig = subprocess.run([SANDBOX, "up", name, "--bare"], check=True, stdout=subprocess.PIPE,
                                         encoding="utf-8").stdout.strip()
        bench_one(args, relay, what)
    finally:
        subprocess.run([SANDBOX, "down", name], check=True)
        if not args.store:
            subprocess.run([SANDBOX, "minio-down", name], check=True)
        shutil.rmtree(args.work, ignore_errors=True)


if __name__ == "__main__":
    main()
