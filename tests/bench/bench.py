#!/usr/bin/env python3
"""Measures what orlop's README promises: backup against raw LIST, restore against raw parallel POST.

    bench.py --orlop PROGRAM --rawpost PROGRAM [--sizes 10000,100000] [--repeat 3] [--restore 10000]

Everything runs on this machine, against clusters of the sandbox (etcd and API server, nothing else) that are started
for it and removed afterwards. Numbers are medians; the yardstick is always measured in the same run, just before.
"""
import argparse
import base64
import itertools
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True  # a source tree stays as it was
sys.path.insert(0, os.path.join(HERE, "..", "live"))
import kube  # noqa: E402  pylint: disable=wrong-import-position
import populate  # noqa: E402  pylint: disable=wrong-import-position

SANDBOX = os.path.join(HERE, "..", "sandbox", "sandbox")
NAMESPACES = 50
TIME = "/usr/bin/time"


class Cluster:
    """A sandbox cluster that exists as long as the with block."""

    def __init__(self, name, work):
        self.name = "bench-%d-%s" % (os.getpid(), name)
        self.work = work

    def __enter__(self):
        self.kubeconfig = subprocess.run([SANDBOX, "up", self.name, "--bare"], check=True, stdout=subprocess.PIPE,
                                         encoding="utf-8").stdout.strip()
        self.api = kube.Cluster(self.kubeconfig)
        with open(self.kubeconfig, encoding="utf-8") as file:
            authority = re.search("certificate-authority-data: ([^}]*)", file.read()).group(1)
        self.ca_file = os.path.join(self.work, self.name + ".pem")
        with open(self.ca_file, "wb") as file:
            file.write(base64.b64decode(authority))
        return self

    def __exit__(self, *_):
        subprocess.run([SANDBOX, "down", self.name], check=True)


class Run:
    def __init__(self, seconds, rss, cpu):
        self.seconds, self.rss, self.cpu = seconds, rss, cpu


def run(command):
    """Runs a program; its wall time, peak resident memory in bytes and processor time. GNU time does the measuring: a
    child of this process would start with Python's own memory as its peak."""
    with tempfile.NamedTemporaryFile("r", encoding="utf-8") as figures, tempfile.TemporaryFile() as output:
        begin = time.monotonic()
        done = subprocess.run([TIME, "--quiet", "-o", figures.name, "-f", "%M %U %S"] + command,
                              stdout=output, stderr=subprocess.STDOUT, check=False)
        seconds = time.monotonic() - begin
        if done.returncode:
            output.seek(0)
            raise SystemExit("%s: exit status %d\n%s" % (
                " ".join(command), done.returncode, output.read().decode(errors="replace")))
        kib, user, system = map(float, figures.read().split())
    return Run(seconds, int(kib) * 1024, user + system)


def raw_list(cluster):
    """One curl lists every type whole, one after another, over one connection, to nowhere."""
    lines = ['header = "Authorization: Bearer %s"' % cluster.api.token, 'cacert = "%s"' % cluster.ca_file,
             "silent", "show-error", "fail",
             'user-agent = "raw-list"']  # for curl's own the server prints with indents: more work for both
    for prefix, _, resource in cluster.api.types():
        lines += ['url = "https://%s%s/%s"' % (cluster.api.host, prefix, resource["name"]), "output = /dev/null"]
    config = os.path.join(cluster.work, "curl.conf")
    with os.fdopen(os.open(config, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write("\n".join(lines) + "\n")
    return run(["curl", "--config", config])


def raw_post(rawpost, cluster, rows):
    """Creates the rows with rawpost; objects a second. Namespaces among them are not counted and not timed."""
    with tempfile.TemporaryFile("w+", encoding="utf-8") as lines:
        for path, _, item, _ in rows:
            lines.write("%s\t%s\n" % (path, json.dumps(item, ensure_ascii=False, separators=(",", ":"))))
        lines.seek(0)
        made = subprocess.run([rawpost, "https://" + cluster.api.host, cluster.ca_file], stdin=lines, check=True,
                              stdout=subprocess.PIPE, encoding="utf-8",
                              env=dict(os.environ, RAWPOST_TOKEN=cluster.api.token)).stdout
    objects, seconds, failed = made.split()
    if failed != "0":
        raise SystemExit("rawpost: %s requests failed" % failed)
    return int(objects) / float(seconds)


def median(values):
    return statistics.median(values)


def spread(values, form):
    return "%s-%s" % (form % min(values), form % max(values))


def mib(size):
    return "%.1f MiB" % (size / 2 ** 20)


def row(what, objects, value, within, memory="", ratio=""):
    count = objects if isinstance(objects, str) else "{:,}".format(objects)
    print(("%-32s %9s %10s  %-14s %10s  %s" % (what, count, value, within, memory, ratio)).rstrip(), flush=True)


def bench_backup(args, cluster, size, store):
    """Yardstick and backup take turns, so that a change of the machine's mood meets both."""
    lists, backups = [], []
    for turn in range(args.repeat):
        lists.append(raw_list(cluster).seconds)
        backups.append(run([args.orlop, "backup", "create", "bench-%d-%d" % (size, turn), "--location", "dir:" + store,
                            "--kubeconfig", cluster.kubeconfig, "--quiet"]))
    walls = [b.seconds for b in backups]
    row("raw LIST (curl)", size, "%.2f s" % median(lists), spread(lists, "%.2f"))
    row("orlop backup create, dir", size, "%.2f s" % median(walls), spread(walls, "%.2f"),
        mib(max(b.rss for b in backups)),
        "%.2f x raw LIST, %.2f s of CPU" % (median(walls) / median(lists), median([b.cpu for b in backups])))
    return max(b.rss for b in backups)


def bench_restore(args, size, store):
    """Each turn needs two empty clusters: one for the yardstick, one for the restore."""
    posts, rates, runs = [], [], []
    for turn in range(args.repeat):
        with Cluster("post-%d" % turn, args.work) as cluster:
            posts.append(raw_post(args.rawpost, cluster, populate.bulk(size)))
        with Cluster("restore-%d" % turn, args.work) as cluster:
            runs.append(run([args.orlop, "restore", "create", "bench-%d-%d" % (size, turn), "--from-backup",
                             "bench-%d-0" % size, "--location", "dir:" + store, "--kubeconfig", cluster.kubeconfig,
                             "--quiet"]))
            rates.append(size / runs[-1].seconds)
            found = sum(1 for _ in cluster.api.items("/api/v1/configmaps")) + sum(
                1 for _ in cluster.api.items("/api/v1/secrets"))
            if found < size:
                raise SystemExit("only %d of %d objects were restored" % (found, size))
    row("raw parallel POST (libcurl, 64)", size, "%.0f /s" % median(posts), spread(posts, "%.0f"))
    row("orlop restore create, dir", size, "%.0f /s" % median(rates), spread(rates, "%.0f"),
        mib(max(r.rss for r in runs)),
        "%.2f x raw POST, %.2f s of CPU" % (median(rates) / median(posts), median([r.cpu for r in runs])))


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = re.search("model name\\s*: (.*)", file.read())
    print("machine: %d cores, %s, Linux %s" % (
        os.cpu_count(), model.group(1) if model else platform.machine(), platform.release()))


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--orlop", required=True)
    parser.add_argument("--rawpost", required=True)
    parser.add_argument("--sizes", default="10000,100000")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--restore", type=int, default=10000, help="objects to restore; one of the sizes, 0 for none")
    args = parser.parse_args()
    args.orlop, args.rawpost = os.path.abspath(args.orlop), os.path.abspath(args.rawpost)
    sizes = sorted(int(size) for size in args.sizes.split(","))
    if args.restore and args.restore not in sizes:
        parser.error("--restore %d is none of the sizes" % args.restore)
    if not os.access(TIME, os.X_OK):
        parser.error("%s is missing (Debian: time)" % TIME)
    args.work = tempfile.mkdtemp(prefix="orlop-bench.")
    # Journals and caches of these runs stay out of the user's folders.
    os.environ["XDG_STATE_HOME"] = os.path.join(args.work, "state")
    os.environ.setdefault("SANDBOX_DIR", os.path.expanduser(
        os.path.join(os.environ.get("XDG_CACHE_HOME", "~/.cache"), "orlop-sandbox")))
    os.environ["XDG_CACHE_HOME"] = os.path.join(args.work, "cache")
    try:
        subprocess.run([SANDBOX, "build", "kubernetes"], check=True)
        machine()
        for program in ([args.orlop, "version"], [os.path.join(os.environ["SANDBOX_DIR"], "bin", "kube-apiserver"),
                                                  "--version"]):
            print("version: " + subprocess.run(program, check=True, stdout=subprocess.PIPE, encoding="utf-8")
                  .stdout.splitlines()[0])
        print("median of %d, store and API server on the same machine\n" % args.repeat)
        row("work", "objects", "median", "lowest-highest", "peak RSS", "ratio")
        store = os.path.join(args.work, "store")
        os.mkdir(store)
        memory = []
        with Cluster("source", args.work) as cluster:
            loaded = 0
            for size in sizes:
                raw_post(args.rawpost, cluster, itertools.chain(
                    [] if loaded else itertools.islice(populate.bulk(size), NAMESPACES),
                    itertools.islice(populate.bulk(size), NAMESPACES + loaded, None)))
                loaded = size
                memory.append(bench_backup(args, cluster, size, store))
        if len(sizes) > 1:
            print("memory of a backup of {:,} objects: {:.0f} % of one of {:,}".format(
                sizes[-1], 100 * memory[-1] / memory[0], sizes[0]))
        if args.restore:
            bench_restore(args, args.restore, store)
    finally:
        shutil.rmtree(args.work, ignore_errors=True)


if __name__ == "__main__":
    main()
