#!/usr/bin/env python3
"""Each request of a small backup and of a small restore meets each fault, in turn.

    faults.py [--long] [--jobs N] [--only REGEX] WORK KUBECONFIG MINIO_URL INJECTOR

ORLOP is the program. Prints "ok NAME" or "not ok NAME: why"; details of failures go to stderr.
"""
import argparse
import itertools
import os
import pathlib
import random
import re
import shutil
import subprocess
import threading

import breaker
import faultkit
import kube
from faultkit import BACKUP, BACKUP_BIG, PLANTED, Bucket, Dir, Orlop, Wrong, check_backup, ended_well, expect

STALL = "2"             # seconds; the program's own limit is a minute
numbers = itertools.count(1)


class Lab:
    """What a worker thread owns: proxies in front of both servers, a home, a kubeconfig."""

    def __init__(self, setup):
        self.setup, self.work = setup, pathlib.Path(setup.work) / ("lab-%d" % next(numbers))
        self.work.mkdir()
        self.api = breaker.Breaker("https://" + setup.cluster.host, setup.pem["first"], setup.cluster.token)
        self.s3 = breaker.Breaker(setup.minio)
        self.orlop = Orlop(self.work, PLANTED + [setup.cluster.token, os.environ["AWS_SECRET_ACCESS_KEY"]])
        self.orlop.env.update(LD_PRELOAD=setup.injector, INJECT_STALL=STALL)
        self.token = self.work / "token"
        self.kubeconfig = self.work / "kubeconfig"
        self.kubeconfig.write_text("""apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "%s", certificate-authority: "%s"}}]
users: [{name: u, user: {tokenFile: "%s"}}]
contexts: [{name: c, context: {cluster: c, user: u}}]
current-context: c
""" % (self.api.url, setup.ca, self.token))
        self.reset()

    def reset(self):
        self.api.arm()
        self.s3.arm()
        self.api.good_tokens = {"first-token", "second-token"}
        self.token.write_text("first-token")
        self.api.show(self.setup.pem["first"])
        self.api.drop_connections()
        self.orlop.forget()


class Setup:
    def __init__(self, args):
        self.work, self.minio = os.path.abspath(args.work), args.minio
        self.injector = os.path.abspath(args.injector)
        self.cluster = kube.Cluster(args.kubeconfig)
        self.local = threading.local()
        self.make_certificates()
        faultkit.populate(self.cluster, big_parts=9)

    def make_certificates(self):
        def openssl(*command):
            subprocess.run(["openssl", *command], check=True, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        folder, self.pem = pathlib.Path(self.work), {}
        for ca in ("ca", "other-ca"):
            openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", "/CN=" + ca, "-keyout", str(folder / (ca + ".key")), "-out", str(folder / (ca + ".crt")))
        for name, ca in (("first", "ca"), ("second", "ca"), ("foreign", "other-ca")):
            key, crt, pem = (folder / (name + end) for end in (".key", ".crt", ".pem"))
            openssl("req", "-x509", "-CA", str(folder / (ca + ".crt")), "-CAkey", str(folder / (ca + ".key")),
                    "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", "/CN=" + name, "-addext", "subjectAltName=IP:127.0.0.1",
                    "-addext", "basicConstraints=critical,CA:FALSE", "-keyout", str(key), "-out", str(crt))
            pem.write_text(key.read_text() + crt.read_text())
            self.pem[name] = str(pem)
        self.ca = str(folder / "ca.crt")

    def lab(self):
        """The one of this thread."""
        if not hasattr(self.local, "lab"):
            self.local.lab = Lab(self)
        self.local.lab.reset()
        return self.local.lab


# ---- faults that need more than an answer ----

def new_token(lab):
    """The token expires with this request; the file has a new one."""
    def fault(x):
        fresh = lab.token.with_suffix(".new")
        fresh.write_text("second-token")
        os.replace(fresh, lab.token)     # before the server wants it: who asks in between finds it
        lab.api.good_tokens = {"second-token"}
        breaker.unauthorized(x)
    return fault


def other_certificate(lab, name):
    """With this request the server goes away and comes back with another certificate."""
    def fault(x):
        lab.api.show(lab.setup.pem[name])
        lab.api.drop_connections()
        x.reset()
    return fault


# ---- backups ----

def backup_run(setup, through, args, reference, fault, name, nth, always, sure):
    """through: whose request meets the fault, "api" or "s3"."""
    def run():
        lab = setup.lab()
        number = "frun-%x-%d" % (os.getpid(), next(numbers))
        store = Bucket(setup.minio, lab.s3.url, number) if through == "s3" else Dir(lab.work / number)
        proxy = getattr(lab, through)
        proxy.arm(fault(lab) if through == "api" and fault in SPECIAL else fault, name, nth, always)
        result = lab.orlop.run("backup", "create", "b1", "-L", store.url, "--kubeconfig", str(lab.kubeconfig), *args)
        expect(proxy.met > 0, "the request did not come: %s", name)
        proxy.arm()
        lab.token.write_text("first-token")
        lab.api.good_tokens = None
        lab.api.show(setup.pem["first"])
        check_backup(lab.orlop, store, "b1", args + ["--kubeconfig", str(lab.kubeconfig)], reference, result,
                     expect_ok=sure)
        if result.code not in (0, 3):
            known = {"api": (1, 6), "s3": (1, 4, 5)}[through]
            expect(result.code in known, "the wrong exit code, %s", result)
        store.empty()
    return run


SPECIAL = {new_token}


def special_foreign(lab):
    return other_certificate(lab, "foreign")


def special_second(lab):
    return other_certificate(lab, "second")


SPECIAL |= {special_foreign, special_second}


def record_backup(setup, through, args):
    """The requests of an undisturbed backup, and what it holds."""
    lab = setup.lab()
    number = "frun-%x-%d" % (os.getpid(), next(numbers))
    store = Bucket(setup.minio, lab.s3.url, number) if through == "s3" else Dir(lab.work / number)
    result = lab.orlop.run("backup", "create", "b1", "-L", store.url, "--kubeconfig", str(lab.kubeconfig), *args)
    expect(result.code == 0, "the undisturbed backup failed: %s", result)
    seen = list(dict.fromkeys(getattr(lab, through).seen))
    reference = faultkit.contents(store, "b1")
    store.empty()
    return seen, reference


def faults_for(through, nonsense):
    if through == "s3":
        return breaker.S3_NONSENSE if nonsense else breaker.S3_PASSING
    return breaker.NONSENSE if nonsense else breaker.PASSING


def plan(seen, through, chosen):
    """(label, fault, name, nth, always, sure) for all requests and faults, or the chosen share of them."""
    for (name, nth), nonsense in itertools.product(seen, (False, True)):
        for word, fault in faults_for(through, nonsense).items():
            # Without a body these two look like refusals.
            mute = name.startswith("HEAD") and word in ("skewed", "timeout")
            yield "%s at %s #%d" % (word, name, nth), fault, name, nth, False, not nonsense and not mute
    for name, nth in seen:
        if nth == 1:
            for word in chosen:
                fault = faults_for(through, False).get(word) or faults_for(through, True)[word]
                yield "%s always at %s" % (word, name), fault, name, 1, True, False
    if through == "api":
        for name, nth in seen:
            yield "new token at %s #%d" % (name, nth), new_token, name, nth, False, True
            yield "new certificate at %s #%d" % (name, nth), special_second, name, nth, False, True
            yield "foreign certificate at %s #%d" % (name, nth), special_foreign, name, nth, False, False


ALWAYS = ("500", "503-later", "reset-after", "truncate", "garble-half", "403", "404")
ALWAYS_S3 = ALWAYS + ("full",)


def sample(rows, args, n):
    """In the quick run each fault once or more, spread over the requests; the seed is printed."""
    rows = [row for row in rows if not args.only or re.search(args.only, row[0])]
    if args.long or args.only or len(rows) <= n:
        return rows
    groups = {}
    for row in args.random.sample(rows, len(rows)):
        groups.setdefault(row[0].split(" at ")[0], []).append(row)
    turns = itertools.zip_longest(*groups.values())
    return [row for row in itertools.chain.from_iterable(turns) if row][:n]


def backups(setup, suite, args):
    for case, through, options, chosen, n in (
            ("backup_survives_or_tells_each_fault_of_the_cluster", "api", BACKUP, ALWAYS, 70),
            ("backup_survives_or_tells_each_fault_of_the_bucket", "s3", BACKUP, ALWAYS_S3, 60),
            ("backup_in_parts_survives_or_tells_each_fault", "s3", BACKUP_BIG, ALWAYS_S3, 15)):
        seen, reference = record_backup(setup, through, options)
        if options is BACKUP_BIG:
            seen = [(name, nth) for name, nth in seen if "uploadId" in name or "uploads" in name]
            expect(seen, "the large backup was not uploaded in parts")
        rows = sample(list(plan(seen, through, chosen)), args, n)
        if rows:
            suite.case(case, [(row[0], backup_run(setup, through, options, reference, *row[1:])) for row in rows])


# ---- restores ----

KINDS = (("configmaps", "/api/v1"), ("secrets", "/api/v1"), ("services", "/api/v1"))


def restored(setup, namespaces):
    """What a restore made, without what each creation makes anew."""
    found = {}
    for short, ns in namespaces.items():
        for kind, base in KINDS:
            for item in setup.cluster.get("%s/namespaces/%s/%s" % (base, ns, kind))["items"]:
                if item["metadata"]["name"] == "kube-root-ca.crt":
                    continue
                for key in ("clusterIP", "clusterIPs"):
                    item.get("spec", {}).pop(key, None)
                found["%s/%s/%s" % (short, kind, item["metadata"]["name"])] = (
                    item.get("data"), item.get("spec"), item["metadata"].get("labels", {}).get("orlop.test/faults"))
    return found


def restore_command(setup, lab, store, number):
    namespaces = {"a": "fto-%x-%da" % (os.getpid(), number), "b": "fto-%x-%db" % (os.getpid(), number)}
    return namespaces, ["restore", "create", "frun-%x-%d" % (os.getpid(), number), "--from-backup", "b1", "-L", store.url, "-q",
                        "--kubeconfig", str(lab.kubeconfig), "--include-resources", "configmaps,secrets,services,namespaces",
                        "--namespace-mappings", "faults-a:%s,faults-b:%s" % (namespaces["a"], namespaces["b"])]


def restore_run(setup, through, prefix, reference, fault, name, nth, always, sure):
    def run():
        lab = setup.lab()
        store = Bucket(setup.minio, lab.s3.url, prefix)
        namespaces, command = restore_command(setup, lab, store, next(numbers))
        proxy = getattr(lab, through)
        proxy.arm(fault(lab) if fault in SPECIAL else fault, name, nth, always)
        result = lab.orlop.run(*command)
        expect(proxy.met > 0, "the request did not come: %s", name)
        ended_well(result)
        if sure:
            expect(result.code == 0, "was not survived, %s", result)
        proxy.arm()
        lab.token.write_text("first-token")
        lab.api.good_tokens = None
        lab.api.show(setup.pem["first"])
        made = restored(setup, namespaces)
        expect(all(reference[key] == value for key, value in made.items()), "a wrong object was made: %s after %s",
               [key for key, value in made.items() if reference.get(key) != value], result)
        if result.code == 0:
            expect(made == reference, "said done, but lacks %s", sorted(reference.keys() - made.keys()))
        elif result.code != 3:
            known = {"api": (1, 6), "s3": (1, 4, 5, 7)}[through]
            expect(result.code in known, "the wrong exit code, %s", result)
        if made != reference:
            command[2] += "-again"
            again = lab.orlop.run(*command)
            expect(again.code == 0, "the second restore failed, too: %s (after %s)", again, result)
            expect(restored(setup, namespaces) == reference, "the second restore did not complete it")
        faultkit.drop_namespaces(setup.cluster, namespaces.values())
    return run


def restores(setup, suite, args):
    lab, prefix = setup.lab(), "frun-%x-0" % os.getpid()
    store = Bucket(setup.minio, lab.s3.url, prefix)
    result = lab.orlop.run("backup", "create", "b1", "-L", store.url, "--kubeconfig", str(lab.kubeconfig), *BACKUP)
    expect(result.code == 0, "the backup to restore failed: %s", result)
    for case, through, chosen, n in (
            ("restore_survives_or_tells_each_fault_of_the_cluster", "api", ALWAYS, 70),
            ("restore_survives_or_tells_each_fault_of_the_bucket", "s3", ALWAYS_S3, 40)):
        lab = setup.lab()
        store = Bucket(setup.minio, lab.s3.url, prefix)
        namespaces, command = restore_command(setup, lab, store, next(numbers))
        result = lab.orlop.run(*command)
        expect(result.code == 0, "the undisturbed restore failed: %s", result)
        reference, seen = restored(setup, namespaces), list(dict.fromkeys(getattr(lab, through).seen))
        rows = sample(list(plan(seen, through, chosen)), args, n)
        if rows:
            suite.case(case, [(row[0], restore_run(setup, through, prefix, reference, *row[1:])) for row in rows])


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--jobs", type=int, default=6)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--only", help="of the faults' labels")
    parser.add_argument("--cases", default="", help="regular expression")
    for name in ("work", "kubeconfig", "minio", "injector"):
        parser.add_argument(name)
    args = parser.parse_args()
    args.random = random.Random(args.seed)
    print("    faults.py: seed %d" % args.seed)
    setup, suite = Setup(args), faultkit.Suite(args.jobs)
    for group in (backups, restores):
        if re.search(args.cases, group.__name__):
            group(setup, suite, args)
    shutil.rmtree(args.work, ignore_errors=True)


if __name__ == "__main__":
    try:
        main()
    except Wrong as wrong:
        raise SystemExit("not ok faults: %s" % wrong) from None
