#!/usr/bin/env python3
"""Writes backups with hostile tarballs into a directory store, for badinput.sh.

    hostile.py STORE GOOD_BACKUP

Each is named hostile-WHAT and looks like one of Velero's: velero-backup.json of the good backup, a tarball, no index.
In those that end with -ok a reader finds nothing wrong: it passes over what it does not know, as Velero does.
"""
import gzip
import io
import json
import os
import sys
import tarfile

MAP = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "one"}, "data": {"k": "v"}}
PATH = "resources/configmaps/namespaces/one/%s.json"


def entry(name, data, **more):
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(data), 0o755
    for key, value in more.items():
        setattr(info, key, value)
    return info, data


def tar(*entries, end=True):
    out = io.BytesIO()
    archive = tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT)
    for info, data in (entry("metadata/version", b"1.1.0\n"),) + entries:
        archive.addfile(info, io.BytesIO(data))
    if end:
        archive.close()
    return out.getvalue()


def config_map(name, **more):
    item = dict(MAP, metadata={"name": name, "namespace": "one"}, **more)
    return json.dumps(item).encode()


def lying_size():
    """A header that promises 8 GiB (the largest number its octal field holds) in a file of a few hundred bytes."""
    data = bytearray(tar(entry(PATH % "c", config_map("c"))))
    at = 1024  # the second header, after the first one and its block of data
    data[at + 124:at + 136] = b"77777777777\0"
    data[at + 148:at + 156] = b" " * 8
    data[at + 148:at + 156] = b"%06o\0 " % sum(data[at:at + 512])
    return bytes(data)


def archives():
    good = tar(entry(PATH % "c", config_map("c")))
    packed = gzip.compress(good)
    yield "traversal", gzip.compress(tar(
        entry("../../../../../../../../tmp/orlop-escaped", b"x"), entry("/tmp/orlop-escaped", b"x"),
        entry("resources/configmaps/namespaces/../../../../../escaped", b"x"),
        entry("resources/configmaps/namespaces/one/..%2fx.json", config_map("c"))))
    yield "links-ok", gzip.compress(tar(
        entry(PATH % "link", b"", type=tarfile.SYMTYPE, linkname="/etc/passwd"),
        entry(PATH % "hard", b"", type=tarfile.LNKTYPE, linkname="../../etc/passwd"),
        entry("resources/pipe", b"", type=tarfile.FIFOTYPE)))
    yield "names-differ", gzip.compress(tar(entry(PATH % "other", config_map("c")),
                                            entry(PATH % "kind", b'{"apiVersion":"v1","kind":"Secret","metadata":{}}')))
    yield "duplicates-ok", gzip.compress(tar(*[entry(PATH % "c", config_map("c"))] * 3))
    yield "invalid-utf8", gzip.compress(tar(entry(PATH % "c", config_map("c").replace(b'"v"', b'"\xff\xfe\xed\xa0\x80"'))))
    yield "invalid-json", gzip.compress(tar(entry(PATH % "c", b'{"apiVersion":"v1",'), entry(PATH % "d", b""),
                                            entry(PATH % "e", b"[1]")))
    yield "deep-json", gzip.compress(tar(entry(PATH % "c", b'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"},'
                                               b'"data":' + b"[" * 200000 + b"]" * 200000 + b"}")))
    yield "bomb", gzip.compress(tar(entry(PATH % "c", b'{"a":"' + b" " * (300 << 20) + b'"}')), 9)
    yield "truncated-gzip", packed[:len(packed) // 2]
    yield "truncated-tar", gzip.compress(good[:1200])
    yield "no-end", gzip.compress(tar(entry(PATH % "c", config_map("c")), end=False)[:2048])
    yield "lying-size", gzip.compress(lying_size())
    yield "not-gzip", good
    yield "empty", b""
    yield "garbage-after", packed + b"garbage" * 100
    yield "bad-crc", packed[:-8] + b"\0\0\0\0" + packed[-4:]


def main():
    store, good = sys.argv[1:]
    with open(os.path.join(good, "velero-backup.json"), encoding="utf-8") as file:
        metadata = json.load(file)
    metadata["metadata"]["annotations"] = {}
    for what, data in archives():
        name = "hostile-" + what
        folder = os.path.join(store, "backups", name)
        os.makedirs(folder)
        metadata["metadata"]["name"] = name
        with open(os.path.join(folder, name + ".tar.gz"), "wb") as file:
            file.write(data)
        with open(os.path.join(folder, "velero-backup.json"), "w", encoding="utf-8") as file:
            json.dump(metadata, file)


if __name__ == "__main__":
    main()
