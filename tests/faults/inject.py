#!/usr/bin/env python3
"""Lets calls of the C library fail in orlop, one place after the other, and moves its clock (inject.c says how).

    inject.py [--long] [--share N] [--seed N] [--jobs N] [--cases REGEX] WORK KUBECONFIG MINIO_URL INJECTOR

ORLOP is the program. A first run of each command records the places that make calls; then each place fails once, in a
run of its own: with --long all of them, else N of each group. Prints "ok NAME" or "not ok NAME: why".
"""
import argparse
import errno
import itertools
import json
import os
import pathlib
import random
import re
import shutil
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "live"))
import faultkit  # noqa: E402  pylint: disable=wrong-import-position
import kube  # noqa: E402  pylint: disable=wrong-import-position
from faultkit import BACKUP, PLANTED, Dir, Bucket, Orlop, Wrong, check_backup, contents, ended_well, expect  # noqa: E402

numbers = itertools.count(1)

# group -> calls, errno values (0: a short transfer; these must not be noticed), whether the rest fails, too
GROUPS = {
    "memory": ("malloc", [errno.ENOMEM], False),
    "open": ("open,mkdir", [errno.EMFILE, errno.EACCES], False),
    "read": ("read", [errno.EIO], False),
    "write": ("write", [errno.EIO], False),
    "disk_full": ("write,open,mkdir,rename", [errno.ENOSPC], True),
    "quota": ("write,rename", [errno.EDQUOT], True),
    "fsync": ("fsync", [errno.EIO], False),
    "close": ("close", [errno.EIO], False),
    "rename": ("rename,unlink", [errno.EIO], False),
    "socket": ("socket,connect", [errno.EMFILE, errno.ECONNREFUSED], False),
    "send": ("send,recv", [errno.ECONNRESET], False),
    "wait": ("poll", [errno.ENOMEM], False),
    "thread": ("pthread_create", [errno.EAGAIN], False),
    "random": ("getrandom", [errno.ENOSYS], False),
}
# libcurl 7.88 does not look whether libnghttp2 could make a session, and gives it no allocator of its own.
CRASHES = "libnghttp2"
UNNOTICED = {
    "interrupted": ("read,write", [errno.EINTR]),
    "short": ("read,write", [0]),
    "interrupted_wait": ("poll", [errno.EINTR]),
}


class Ground:
    """A home and a folder with a backup in it, for one run."""

    def __init__(self, setup):
        self.setup = setup
        self.dir = pathlib.Path(tempfile.mkdtemp(dir=setup.work))
        self.orlop = Orlop(self.dir, PLANTED + [setup.cluster.token])
        self.store = Dir(self.dir / "store")
        self.log, self.record = self.dir / "log", self.dir / "record"

    def injected(self, command, **env):
        env.update(LD_PRELOAD=self.setup.injector, INJECT_LOG=str(self.log))
        return self.orlop.run(*command, **env)

    def done(self):
        self.store.empty()
        self.orlop.forget()


def have_backup(ground):
    """The same bytes for each run, so that all print the same."""
    shutil.copytree(ground.setup.master.store.path, ground.store.path)


def create_command(ground):
    return ["backup", "create", "b1", "-L", ground.store.url, "--kubeconfig", ground.setup.kubeconfig, *BACKUP]


def create_check(ground, result, may_abort, unnoticed):
    check_backup(ground.orlop, ground.store, "b1", BACKUP + ["--kubeconfig", ground.setup.kubeconfig],
                 ground.setup.reference, result, expect_ok=unnoticed, may_abort=may_abort,
                 may_litter=ground.group == "rename")


def read_check(ground, result, may_abort, unnoticed):
    ended_well(result, may_abort)
    if unnoticed:
        expect(result.code == 0, "was noticed: %s", result)
    if result.code == 0:
        expect(result.out == ground.expected, "said done, but printed something else: %s", result.out[:300])
    expect(contents(ground.store, "b1") == ground.setup.reference, "reading changed the backup")


def restore_command(ground):
    ground.number = "fto-%x-%d" % (os.getpid(), next(numbers))
    return ["restore", "create", "r1", "--from-backup", "b1", "-L", ground.store.url, "-q", "--kubeconfig",
            ground.setup.kubeconfig, "--include-resources", "configmaps,secrets,namespaces",
            "--namespace-mappings", "faults-a:%sa,faults-b:%sb" % (ground.number, ground.number)]


def restore_check(ground, result, may_abort, unnoticed):
    ended_well(result, may_abort)
    if unnoticed:
        expect(result.code == 0, "was noticed: %s", result)
    names = set()
    for ns, kind in (("a", "configmaps"), ("b", "secrets")):
        for item in ground.setup.cluster.get("/api/v1/namespaces/%s%s/%s" % (ground.number, ns, kind))["items"]:
            names.add(item["metadata"]["name"])
    wanted = {"settings-%d" % n for n in range(5)} | {"keys-%d" % n for n in range(3)}
    expect(names <= wanted, "made what was not in the backup: %s", names - wanted)
    if result.code == 0:
        expect(names == wanted, "said done, but lacks %s", wanted - names)
    else:
        again = ground.orlop.run(*[w if w != "r1" else "r2" for w in ground.command])
        expect(again.code == 0, "the next restore failed, too: %s (after %s)", again, result)
    faultkit.drop_namespaces(ground.setup.cluster, [ground.number + end for end in "ab"])


# command -> (what there is before, arguments, how the end is judged)
COMMANDS = {
    "backup_create": (None, create_command, create_check),
    "backup_ls": (have_backup, lambda g: ["backup", "ls", "b1", "-L", g.store.url, "-o", "name"], read_check),
    "backup_verify": (have_backup, lambda g: ["backup", "verify", "b1", "-L", g.store.url, "-q", "-o", "name"], read_check),
    "restore_create": (have_backup, restore_command, restore_check),
    "location_validate": (have_backup, lambda g: ["location", "validate", "-L", g.store.url, "-o", "name"], read_check),
}


class Setup:
    def __init__(self, args):
        self.work, self.minio = os.path.abspath(args.work), args.minio
        self.kubeconfig, self.injector = os.path.abspath(args.kubeconfig), os.path.abspath(args.injector)
        self.cluster = kube.Cluster(args.kubeconfig)
        faultkit.populate(self.cluster)
        self.master = Ground(self)
        made = self.master.orlop.run(*create_command(self.master))
        expect(made.code == 0, "the undisturbed backup failed: %s", made)
        self.reference = contents(self.master.store, "b1")

    def places(self, prepare, command, calls, number):
        """[(hash, call, frames)] of an undisturbed run, and what it prints."""
        ground = Ground(self)
        if prepare:
            prepare(ground)
        result = ground.injected(command(ground), INJECT_RECORD=str(ground.record), INJECT_CALLS=calls,
                                 INJECT_ERRNO=str(number))
        expect(result.code == 0, "the undisturbed command failed: %s", result)
        lines = [line.split() for line in ground.record.read_text().splitlines()] if ground.record.exists() else []
        ground.done()
        return [(f[0], f[1], f[3:]) for f in lines], result.out.replace(str(ground.dir), "DIR")


def place_run(setup, name, group, place, number, printed):
    calls, _, rest = GROUPS.get(group) or UNNOTICED[group] + (False,)
    unnoticed = group in UNNOTICED
    prepare, command, check = COMMANDS[name]

    def run():
        ground = Ground(setup)
        if prepare:
            prepare(ground)
        ground.expected = printed.replace("DIR", str(ground.dir))
        ground.command, ground.group = command(ground), group
        env = {"INJECT_SITE": place[0], "INJECT_CALLS": calls, "INJECT_ERRNO": str(number), "INJECT_STALL": "3"}
        if rest:
            env["INJECT_REST"] = "1"
        try:
            if name == "location_validate":
                ground.expected = None
            result = ground.injected(ground.command, **env)
            if group == "memory" and result.code == -11 and place[2][0].startswith(CRASHES):
                result.code, result.err = -6, "internal error: out of memory in a library"
            if ground.expected is None:
                ended_well(result, group in ("memory", "random"))
                if unnoticed:
                    expect(result.code == 0, "was noticed: %s", result)
            else:
                check(ground, result, group in ("memory", "random"), unnoticed)
        except Wrong as wrong:
            raise Wrong("%s [%s]" % (wrong, " ".join(place[2]))) from None
        met = ground.log.exists()
        ground.done()
        return met
    return run


def injections(setup, suite, args):
    for name, (prepare, command, _) in COMMANDS.items():
        for group, (calls, errors, *_) in {**GROUPS, **UNNOTICED}.items():
            case = "%s_survives_or_tells_%s" % (name, group)
            if not re.search(args.cases, case):
                continue
            places, printed = setup.places(prepare, command, calls, errors[0])
            rows = list(itertools.product(places, errors))
            if not args.long:
                rows = args.random.sample(rows, min(len(rows), args.share if name == "backup_create" else args.share // 2))
            if not rows:
                continue  # this command makes no such call
            suite.case(case, [("%s %s %s" % (place[1], errno.errorcode.get(number, "short"), place[0]),
                               place_run(setup, name, group, place, number, printed))
                              for place, number in rows])


# ---- clocks that jump ----

def clock_run(setup, kind, jump, at):
    def run():
        ground = Ground(setup)
        if kind == "s3":
            ground.store = Bucket(setup.minio, setup.minio, "frun-%x-%d" % (os.getpid(), next(numbers)))
        # The certificates of a new cluster were not valid yet some hours ago.
        lax = ground.dir / "kubeconfig"
        lax.write_text(re.sub(r"certificate-authority-data: [^},]*", "insecure-skip-tls-verify: true",
                              pathlib.Path(setup.kubeconfig).read_text()))
        command = [str(lax) if word == setup.kubeconfig else word for word in create_command(ground)]
        result = ground.injected(command, INJECT_CLOCK="%d@%d" % (jump, at))
        ended_well(result)
        expect(result.code == 0, "was not survived: %s", result)
        expect(result.seconds < 30, "a wait took %.0f s", result.seconds)
        meta = json.loads(ground.store.read("backups/b1/velero-backup.json"))
        start, end = meta["status"]["startTimestamp"], meta["status"]["completionTimestamp"]
        expect(start <= end, "it was completed (%s) before it started (%s)", end, start)
        verified = ground.orlop.run("backup", "verify", "b1", "-L", ground.store.url, "-q")
        expect(verified.code == 0, "verify: %s", verified)
        expect(contents(ground.store, "b1") == setup.reference, "the backup is another")
        ground.done()
    return run


def clocks(setup, suite, args):
    if not re.search(args.cases, "clocks"):
        return
    hours = 3600
    rows = list(itertools.product(("dir", "s3"), (-5 * hours, 5 * hours), range(1, 120, 2)))
    if not args.long:
        rows = args.random.sample(rows, 4 * args.share)
    suite.case("clock_that_jumps_during_a_backup", [
        ("%+d h at reading %d, %s" % (jump // hours, at, kind), clock_run(setup, kind, jump, at)) for kind, jump, at in rows])


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--share", type=int, default=4)
    parser.add_argument("--jobs", type=int, default=4)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--cases", default="", help="regular expression")
    for name in ("work", "kubeconfig", "minio", "injector"):
        parser.add_argument(name)
    args = parser.parse_args()
    args.random = random.Random(args.seed)
    print("    inject.py: seed %d" % args.seed)
    setup, suite = Setup(args), faultkit.Suite(args.jobs)
    injections(setup, suite, args)
    clocks(setup, suite, args)


if __name__ == "__main__":
    try:
        main()
    except Wrong as wrong:
        raise SystemExit("not ok inject: %s" % wrong) from None
