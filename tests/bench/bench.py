#!/usr/bin/env python3
"""Measures what orlop's README promises: backup against raw LIST, restore against raw parallel POST, both over a slow
link, large objects against the AWS CLI, and against Velero.

    bench.py --orlop PROGRAM --tools FOLDER [--sections backup,restore,plan,slow,s3,velero] [--sizes 10000,100000] [--repeat 3]
             [--restore 10000] [--delay 25] [--object 512] [--velero-backup 10000] [--velero-restore 2000]

Sections: "backup" (every size), "restore" (of --restore objects), "plan" (every size, against the cluster that was saved, and
what the preflight adds to a restore of --restore objects), "slow" (both, with that many objects, --delay
milliseconds in each direction to API server and bucket), "s3" (an object of --object MiB of random data to a bucket and back,
through orlop's store and by `aws s3 cp`, which must be installed), "velero" (the same work by a Velero server, as shipped and
tuned; takes some minutes). Without --sections: the first three.

Everything runs on this machine, against servers of the sandbox that are started for it and removed afterwards. Numbers
are medians; the yardstick is always measured in the same run, just before.
"""
import argparse
import base64
import calendar
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
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True  # a source tree stays as it was
sys.path.insert(0, os.path.join(HERE, "..", "live"))
import kube  # noqa: E402  pylint: disable=wrong-import-position
import populate  # noqa: E402  pylint: disable=wrong-import-position

SANDBOX = os.path.join(HERE, "..", "sandbox", "sandbox")
NAMESPACES = 50
TIME = "/usr/bin/time"
BUCKET = "bench"
WIDE = 512  # requests in flight of the yardstick on a slow link
FAR_MBIT = 160          # of each connection on a line far away
SECTIONS = ["backup", "restore", "plan", "slow", "s3", "velero"]
# Without its limits on requests to the API server, and with a worker for each processor and more.
VELERO = {"as shipped": [], "tuned": ["--client-qps", "100000", "--client-burst", "100000",
                                      "--item-block-worker-count", "4"]}


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


class Minio:
    """A bucket that exists as long as the with block."""

    def __init__(self, name):
        self.name = "bench-%d-%s" % (os.getpid(), name)

    def __enter__(self):
        self.url = subprocess.run([SANDBOX, "minio", self.name], check=True, stdout=subprocess.PIPE,
                                  encoding="utf-8").stdout.strip()
        self.host = urllib.parse.urlsplit(self.url).netloc
        subprocess.run([SANDBOX, "bucket", self.name, BUCKET], check=True, stdout=subprocess.DEVNULL)
        return self

    def __exit__(self, *_):
        subprocess.run([SANDBOX, "minio-down", self.name], check=True)

    @staticmethod
    def location(host):
        return "s3://%s?region=us-east-1&s3ForcePathStyle=true&s3Url=%s" % (
            BUCKET, urllib.parse.quote("http://" + host, safe=""))


class SlowLink:
    """A relay in front of HOST:PORT, as long as the with block."""

    def __init__(self, args, upstream, mbit=None):
        self.command = [os.path.join(args.tools, "slowlink"), str(args.delay), upstream] + ([str(mbit)] if mbit else [])
        self.upstream = upstream

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, encoding="utf-8")
        self.host = "127.0.0.1:" + self.process.stdout.readline().strip()
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.communicate()

    def kubeconfig(self, cluster):
        """The certificate is for the address, whatever the port."""
        with open(cluster.kubeconfig, encoding="utf-8") as file:
            config = file.read().replace(self.upstream, self.host)
        path = os.path.join(cluster.work, cluster.name + "-slow.kubeconfig")
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(config)
        return path


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


def raw_post(args, cluster, rows, host=None, window=64):
    """Creates the rows with rawpost; objects a second. Namespaces among them are not counted and not timed."""
    with tempfile.TemporaryFile("w+", encoding="utf-8") as lines:
        for path, _, item, _ in rows:
            lines.write("%s\t%s\n" % (path, json.dumps(item, ensure_ascii=False, separators=(",", ":"))))
        lines.seek(0)
        made = subprocess.run([os.path.join(args.tools, "rawpost"), "https://" + (host or cluster.api.host),
                               cluster.ca_file, str(window)], stdin=lines, check=True, stdout=subprocess.PIPE,
                              encoding="utf-8", env=dict(os.environ, RAWPOST_TOKEN=cluster.api.token)).stdout
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


def backup(args, name, kubeconfig, location):
    return run([args.orlop, "backup", "create", name, "--location", location, "--kubeconfig", kubeconfig, "--quiet"])


def restore(args, name, cluster, location, size, kubeconfig=None, options=()):
    """Restores a backup of size objects into an empty cluster."""
    done = run([args.orlop, "restore", "create", "--from-backup", name, "--location", location,
                "--kubeconfig", kubeconfig or cluster.kubeconfig, "--quiet", *options])
    check_restored(cluster, size)
    return done


def check_restored(cluster, size):
    found = sum(sum(1 for _ in cluster.api.items("/api/v1/" + plural)) for plural in ("configmaps", "secrets"))
    if found < size:
        raise SystemExit("only %d of %d objects were restored" % (found, size))


def bench_backup(args, cluster, size, store):
    """Yardstick and backup take turns, so that a change of the machine's mood meets both."""
    lists, backups = [], []
    for turn in range(args.repeat):
        lists.append(raw_list(cluster).seconds)
        backups.append(backup(args, "bench-%d-%d" % (size, turn), cluster.kubeconfig, "dir:" + store))
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
            posts.append(raw_post(args, cluster, populate.bulk(size)))
        with Cluster("restore-%d" % turn, args.work) as cluster:
            runs.append(restore(args, "bench-%d-0" % size, cluster, "dir:" + store, size))
            rates.append(size / runs[-1].seconds)
    row("raw parallel POST (libcurl, 64)", size, "%.0f /s" % median(posts), spread(posts, "%.0f"))
    row("orlop restore create, dir", size, "%.0f /s" % median(rates), spread(rates, "%.0f"),
        mib(max(r.rss for r in runs)),
        "%.2f x raw POST, %.2f s of CPU" % (median(rates) / median(posts), median([r.cpu for r in runs])))


def bench_plan(args, cluster, size, store):
    """The plan reads the backup and lists the cluster; the yardstick lists two clusters, of which one stands for both."""
    lists, plans = [], []
    for _ in range(args.repeat):
        lists.append(raw_list(cluster).seconds + raw_list(cluster).seconds)
        plans.append(run([args.orlop, "restore", "plan", "--from-backup", "bench-%d-0" % size, "--location", "dir:" + store,
                          "--kubeconfig", cluster.kubeconfig, "--quiet"]))
    walls = [p.seconds for p in plans]
    row("raw LIST of both sides (curl)", size, "%.2f s" % median(lists), spread(lists, "%.2f"))
    row("orlop restore plan, dir", size, "%.2f s" % median(walls), spread(walls, "%.2f"), mib(max(p.rss for p in plans)),
        "%.2f x raw LIST of both, %.2f s of CPU" % (median(walls) / median(lists), median([p.cpu for p in plans])))
    return max(p.rss for p in plans)


def bench_preflight(args, size, store):
    """With and without take turns, each into an empty cluster."""
    walls = {(): [], ("--ignore", "all"): []}
    for turn in range(args.repeat):
        for options, seconds in walls.items():
            with Cluster("preflight-%d-%d" % (turn, len(options)), args.work) as cluster:
                seconds.append(restore(args, "bench-%d-0" % size, cluster, "dir:" + store, size, None, options).seconds)
    with_it, without = walls.values()
    row("restore without preflight", size, "%.2f s" % median(without), spread(without, "%.2f"))
    row("restore with preflight", size, "%.2f s" % median(with_it), spread(with_it, "%.2f"), "",
        "%.2f x" % (median(with_it) / median(without)))


def bench_slow_backup(args, cluster, size, minio):
    walls, slow = [], []
    with SlowLink(args, cluster.api.host) as api, SlowLink(args, minio.host) as bucket:
        for turn in range(args.repeat):
            walls.append(backup(args, "fast-%d" % turn, cluster.kubeconfig, minio.location(minio.host)).seconds)
            slow.append(backup(args, "slow-%d" % turn, api.kubeconfig(cluster), minio.location(bucket.host)))
    seconds = [r.seconds for r in slow]
    row("orlop backup create, S3", size, "%.2f s" % median(walls), spread(walls, "%.2f"))
    row("the same, %d ms round trips" % (2 * args.delay), size, "%.2f s" % median(seconds), spread(seconds, "%.2f"),
        mib(max(r.rss for r in slow)), "%.2f x the fast link" % (median(seconds) / median(walls)))


def bench_slow_restore(args, size, minio):
    """Three empty clusters each turn: the yardstick on the slow link, a restore on the fast one, a restore on the slow
    one."""
    posts, fast, slow, runs = [], [], [], []
    for turn in range(args.repeat):
        with Cluster("slowpost-%d" % turn, args.work) as cluster, SlowLink(args, cluster.api.host) as api:
            posts.append(raw_post(args, cluster, populate.bulk(size), api.host, WIDE))
        with Cluster("fast-%d" % turn, args.work) as cluster:
            fast.append(size / restore(args, "fast-0", cluster, minio.location(minio.host), size).seconds)
        with Cluster("slow-%d" % turn, args.work) as cluster, SlowLink(args, cluster.api.host) as api, \
                SlowLink(args, minio.host) as bucket:
            runs.append(restore(args, "fast-0", cluster, minio.location(bucket.host), size, api.kubeconfig(cluster)))
            slow.append(size / runs[-1].seconds)
    row("raw POST (%d), %d ms" % (WIDE, 2 * args.delay), size, "%.0f /s" % median(posts), spread(posts, "%.0f"))
    row("orlop restore create, S3", size, "%.0f /s" % median(fast), spread(fast, "%.0f"))
    row("the same, %d ms round trips" % (2 * args.delay), size, "%.0f /s" % median(slow), spread(slow, "%.0f"),
        mib(max(r.rss for r in runs)), "%.2f x the fast link, %.2f x raw POST on the slow one" % (
            median(slow) / median(fast), median(slow) / median(posts)))


# ---- large objects ----

def bench_s3(args):
    """The same object by both, in turn, so that a change of the machine's mood meets both."""
    file, back = os.path.join(args.work, "object"), os.path.join(args.work, "back")
    subprocess.run("head -c %dM /dev/urandom > %s" % (args.object, file), shell=True, check=True)
    runs = {}
    with Minio("s3") as minio:
        url, tool = minio.location(minio.host), os.path.join(args.tools, "transfer")
        copy = ["aws", "--endpoint-url", minio.url, "--region", "us-east-1", "s3", "cp", "--quiet"]
        work = {"upload": ([tool, "put", url, "ours", file], copy + [file, "s3://%s/aws" % BUCKET]),
                "download": ([tool, "get", url, "ours", back], copy + ["s3://%s/aws" % BUCKET, back])}
        for _ in range(args.repeat):
            for what, commands in work.items():
                for who, command in zip(("orlop", "aws"), commands):
                    runs.setdefault((what, who), []).append(run(command))
                if what == "download" and subprocess.run(["cmp", file, back], check=False).returncode:
                    raise SystemExit("another object came back")
        with SlowLink(args, minio.host, FAR_MBIT) as far:
            for what, command in (("upload", "put"), ("download", "get")):
                paths = file if command == "put" else back
                runs["far", what] = [run([tool, command, minio.location(far.host), "ours", paths]) for _ in range(args.repeat)]
    os.unlink(file)
    os.unlink(back)
    for what in work:
        for who, name in (("aws", "%s, aws s3 cp"), ("orlop", "%s, orlop's store")):
            walls = [r.seconds for r in runs[what, who]]
            ratio = "%.2f x the AWS CLI, " % (median([r.seconds for r in runs[what, "aws"]]) / median(walls))
            row(name % what, "%d MiB" % args.object, "%.0f MiB/s" % (args.object / median(walls)),
                spread([args.object / w for w in walls], "%.0f"), mib(max(r.rss for r in runs[what, who])),
                "%s%.2f s of CPU" % ("" if who == "aws" else ratio, median([r.cpu for r in runs[what, who]])))
        rates = [args.object / r.seconds for r in runs["far", what]]
        row("%s, far away" % what, "%d MiB" % args.object, "%.0f MiB/s" % median(rates), spread(rates, "%.0f"),
            mib(max(r.rss for r in runs["far", what])), "%d ms round trips, %d Mbit/s each connection: %.1f x one of them" % (
                2 * args.delay, FAR_MBIT, median(rates) / (FAR_MBIT * 1e6 / 8 / 2 ** 20)))


# ---- Velero ----

class Velero:
    """A Velero server for a cluster and a bucket, as long as the with block: one at a time, lest they measure each
    other."""

    def __init__(self, cluster, minio, flags):
        self.cluster = cluster
        self.command = [SANDBOX, "velero", cluster.name, minio.url, BUCKET, "--"] + flags

    def __enter__(self):
        cluster = self.cluster
        subprocess.run(self.command, check=True, stdout=subprocess.DEVNULL)
        with open(os.path.join(os.environ["SANDBOX_DIR"], "run", cluster.name, "velero.pid"), encoding="utf-8") as file:
            self.status = "/proc/%s/status" % file.read().strip()
        return self

    def __exit__(self, *_):
        subprocess.run([SANDBOX, "velero-down", self.cluster.name], check=True)

    def resource(self, plural, name=None):
        return "/apis/velero.io/v1/namespaces/velero/" + plural + ("/" + name if name else "")

    def work(self, kind, plural, name, spec):
        """Creates a Backup or Restore and waits for its end: seconds, peak resident memory in bytes."""
        self.cluster.api.request("POST", self.resource(plural), {
            "apiVersion": "velero.io/v1", "kind": kind, "metadata": {"name": name, "namespace": "velero"}, "spec": spec})
        while True:
            status = self.cluster.api.request("GET", self.resource(plural, name)).get("status", {})
            if status.get("phase", "").endswith(("Completed", "Failed", "FailedValidation")):
                break
            time.sleep(0.5)
        if status["phase"] != "Completed":
            raise SystemExit("Velero: %s %s: %s" % (kind, name, json.dumps(status)))
        with open(self.status, encoding="utf-8") as file:
            rss = int(re.search("VmHWM:\\s*([0-9]+) kB", file.read()).group(1)) * 1024
        # By Velero's own clock, which leaves out how long the request waited to be seen; of whole seconds.
        return max(1, seconds_of(status["completionTimestamp"]) - seconds_of(status["startTimestamp"])), rss

    def knows(self, name):
        """Waits until the server has found a backup in the bucket."""
        for _ in range(240):
            try:
                self.cluster.api.request("GET", self.resource("backups", name))
                return
            except kube.Failure as failure:
                if failure.status != 404:
                    raise
            time.sleep(0.5)
        raise SystemExit("Velero does not see the backup " + name)


def seconds_of(stamp):
    return calendar.timegm(time.strptime(stamp, "%Y-%m-%dT%H:%M:%SZ"))


def bench_velero(args):
    """Backup and restore by Velero, and by orlop of the same objects and the same backup."""
    with Minio("velero") as minio:
        location = minio.location(minio.host)
        with Cluster("velero-source", args.work) as cluster:
            size = args.velero_restore
            raw_post(args, cluster, populate.bulk(size))
            with Velero(cluster, minio, VELERO["tuned"]) as server:
                server.work("Backup", "backups", "small", {"snapshotVolumes": False, "includedNamespaces": ["bulk-*"]})
            velero_restores(args, minio, location, size)
            size = args.velero_backup
            raw_post(args, cluster, itertools.islice(populate.bulk(size), NAMESPACES + args.velero_restore, None))
            ours = [backup(args, "ours-%d" % turn, cluster.kubeconfig, location) for turn in range(args.repeat)]
            walls = [r.seconds for r in ours]
            for how, flags in VELERO.items():
                with Velero(cluster, minio, flags) as server:
                    seconds, rss = server.work("Backup", "backups", how.replace(" ", "-"), {"snapshotVolumes": False})
                row("Velero backup, %s" % how, size, "%d s" % seconds, "", mib(rss),
                    "orlop is %.1f x as fast" % (seconds / median(walls)))
            row("orlop backup create, S3", size, "%.2f s" % median(walls), spread(walls, "%.2f"),
                mib(max(r.rss for r in ours)))


def velero_restores(args, minio, location, size):
    runs = []
    for turn in range(args.repeat):
        with Cluster("ours-%d" % turn, args.work) as cluster:
            runs.append(restore(args, "small", cluster, location, size))
    walls = [r.seconds for r in runs]
    for how, flags in VELERO.items():
        with Cluster("velero", args.work) as cluster:
            with Velero(cluster, minio, flags) as server:
                server.knows("small")
                seconds, rss = server.work("Restore", "restores", "small", {"backupName": "small"})
            check_restored(cluster, size)
        row("Velero restore, %s" % how, size, "%.0f /s" % (size / seconds), "", mib(rss),
            "orlop is %.1f x as fast" % (seconds / median(walls)))
    rates = [size / wall for wall in walls]
    row("orlop restore create, S3", size, "%.0f /s" % median(rates), spread(rates, "%.0f"), mib(max(r.rss for r in runs)))


# ---- course ----

def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = re.search("model name\\s*: (.*)", file.read())
    print("machine: %d cores, %s, Linux %s" % (
        os.cpu_count(), model.group(1) if model else platform.machine(), platform.release()))


def arguments():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--orlop", required=True)
    parser.add_argument("--tools", required=True, help="folder of rawpost, slowlink and transfer")
    parser.add_argument("--sections", default="backup,restore,slow")
    parser.add_argument("--sizes", default="10000,100000")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--restore", type=int, default=10000)
    parser.add_argument("--delay", type=int, default=25, help="milliseconds in each direction")
    parser.add_argument("--object", type=int, default=512, help="MiB of the object of section s3")
    parser.add_argument("--velero-backup", type=int, default=10000)
    parser.add_argument("--velero-restore", type=int, default=2000)
    args = parser.parse_args()
    args.orlop, args.tools = os.path.abspath(args.orlop), os.path.abspath(args.tools)
    args.sections = args.sections.split(",")
    if set(args.sections) - set(SECTIONS):
        parser.error("sections are " + ", ".join(SECTIONS))
    args.sizes = sorted({int(size) for size in args.sizes.split(",")}) if {"backup", "plan"} & set(args.sections) else []
    if args.velero_backup < args.velero_restore:
        parser.error("--velero-backup must not be less than --velero-restore")
    if "s3" in args.sections and not shutil.which("aws"):
        parser.error("section s3: the program aws is missing (PyPI: awscli)")
    if not os.access(TIME, os.X_OK):
        parser.error("%s is missing (Debian: time)" % TIME)
    return args


def bench_ours(args, minio):
    """One cluster grows from size to size; what restores need is saved on the way."""
    store = os.path.join(args.work, "store")
    os.mkdir(store)
    memory, planned, loaded = [], [], 0
    restores = {"restore", "plan"} & set(args.sections) or minio is not None
    with Cluster("source", args.work) as cluster:
        for size in sorted(set(args.sizes + ([args.restore] if restores else []))):
            raw_post(args, cluster, itertools.chain(
                [] if loaded else itertools.islice(populate.bulk(size), NAMESPACES),
                itertools.islice(populate.bulk(size), NAMESPACES + loaded, None)))
            loaded = size
            if size in args.sizes and "backup" in args.sections:
                memory.append(bench_backup(args, cluster, size, store))
            elif {"restore", "plan"} & set(args.sections):
                backup(args, "bench-%d-0" % size, cluster.kubeconfig, "dir:" + store)
            if size in args.sizes and "plan" in args.sections:
                planned.append(bench_plan(args, cluster, size, store))
            if minio and size == args.restore:
                bench_slow_backup(args, cluster, size, minio)
    for what, peaks in ("backup", memory), ("plan", planned):
        if len(peaks) > 1:
            print("memory of a {} of {:,} objects: {:.0f} % of one of {:,}".format(
                what, args.sizes[-1], 100 * peaks[-1] / peaks[0], args.sizes[0]))
    if "restore" in args.sections:
        bench_restore(args, args.restore, store)
    if "plan" in args.sections:
        bench_preflight(args, args.restore, store)
    if minio:
        bench_slow_restore(args, args.restore, minio)


def main():
    args = arguments()
    args.work = tempfile.mkdtemp(prefix="orlop-bench.")
    # Journals and caches of these runs stay out of the user's folders.
    os.environ["XDG_STATE_HOME"] = os.path.join(args.work, "state")
    os.environ.setdefault("SANDBOX_DIR", os.path.expanduser(
        os.path.join(os.environ.get("XDG_CACHE_HOME", "~/.cache"), "orlop-sandbox")))
    os.environ["XDG_CACHE_HOME"] = os.path.join(args.work, "cache")
    os.environ.update(AWS_ACCESS_KEY_ID="minioadmin", AWS_SECRET_ACCESS_KEY="minioadmin")
    try:
        subprocess.run([SANDBOX, "build", "kubernetes"], check=True)
        machine()
        for program in ([args.orlop, "version"], [os.path.join(os.environ["SANDBOX_DIR"], "bin", "kube-apiserver"),
                                                  "--version"]):
            print("version: " + subprocess.run(program, check=True, stdout=subprocess.PIPE, encoding="utf-8")
                  .stdout.splitlines()[0])
        print("median of %d, store and API server on the same machine\n" % args.repeat)
        row("work", "objects", "median", "lowest-highest", "peak RSS", "ratio")
        if "slow" in args.sections:
            with Minio("slow") as minio:
                bench_ours(args, minio)
        elif set(args.sections) - {"s3", "velero"}:
            bench_ours(args, None)
        if "s3" in args.sections:
            bench_s3(args)
        if "velero" in args.sections:
            bench_velero(args)
    finally:
        shutil.rmtree(args.work, ignore_errors=True)


if __name__ == "__main__":
    main()
