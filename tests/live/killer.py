#!/usr/bin/env python3
"""Kills backups at random moments, races two writers, and deletes backups under their readers.

    killer.py [--kills N] [--races N] [--seed N] [--jobs N] [--cases REGEX] WORK KUBECONFIG MINIO_URL

ORLOP is the program. Prints "ok NAME" or "not ok NAME: why"; details of failures go to stderr.
"""
import argparse
import http.client
import itertools
import json
import os
import pathlib
import random
import re
import signal
import subprocess
import sys
import time

import faultkit
import kube
from faultkit import BACKUP, BACKUP_BIG, PLANTED, Bucket, Dir, Orlop, Wrong, contents, ended_well, expect, is_visible

numbers = itertools.count(1)
NAME = "b1"


class Ground:
    """Where one case happens: a store of its own, a home of its own."""

    def __init__(self, setup, kind):
        number = "frun-%x-%d" % (os.getpid(), next(numbers))
        self.setup = setup
        self.store = Dir(pathlib.Path(setup.work) / number) if kind == "dir" else Bucket(setup.minio, setup.minio, number)
        self.orlop = Orlop(setup.work, PLANTED + [setup.cluster.token])

    def create(self, args):
        return ["backup", "create", NAME, "-L", self.store.url, "--kubeconfig", self.setup.kubeconfig, *args]

    def on_backup(self, command, *more):
        return self.orlop.run("backup", command, NAME, "-L", self.store.url, *more)

    def done(self):
        self.store.empty()
        self.orlop.forget()


class Setup:
    def __init__(self, args):
        self.work, self.minio = os.path.abspath(args.work), args.minio
        self.kubeconfig = os.path.abspath(args.kubeconfig)
        self.cluster = kube.Cluster(args.kubeconfig)
        faultkit.populate(self.cluster, big_parts=9)

    def undisturbed(self, kind, args):
        """How long a backup takes, and what it holds."""
        ground = Ground(self, kind)
        result = ground.orlop.run(*ground.create(args))
        expect(result.code == 0, "the undisturbed backup failed: %s", result)
        reference = contents(ground.store, NAME)
        ground.done()
        return result.seconds, reference


# ---- SIGKILL ----

def journals(orlop):
    """The results of all jobs that were begun; None for a job without one."""
    found = []
    for asked in pathlib.Path(orlop.home, ".local/state/orlop/jobs").glob("*/job.json"):
        result = asked.with_name("result.json")
        found.append(json.loads(result.read_text())["result"] if result.exists() else None)
    return found


def kill_run(setup, kind, args, after, reference):
    def run():
        ground = Ground(setup, kind)
        process = ground.orlop.start(*ground.create(args))
        try:
            process.wait(timeout=after)
        except Exception:  # pylint: disable=broad-except
            process.kill()
        out, err = process.communicate()
        killed = process.returncode == -9
        expect(killed or process.returncode == 0, "ended by itself with %s: %s %s", process.returncode, out, err)
        visible = is_visible(ground.store, NAME)
        expect(killed or visible, "exit status 0 without a backup")
        # It may be killed when all is done but the end of its process.
        done = journals(ground.orlop) == ["done"]
        if killed:
            expect(set(journals(ground.orlop)) <= {None} or (done and visible), "the journal of a killed run: %s",
                   journals(ground.orlop))
        began = bool(journals(ground.orlop))
        if visible:
            verified = ground.on_backup("verify", "-q")
            expect(verified.code == 0, "a visible backup is damaged: %s", verified)
            expect(contents(ground.store, NAME) == reference, "a visible backup is another")
            deleted = ground.on_backup("delete", "--confirm", "--force")
            expect(deleted.code == 0, "delete failed: %s", deleted)
        again = ground.orlop.run(*ground.create(args))
        expect(again.code == 0, "the next run failed (killed after %.3f s): %s", after, again)
        verified = ground.on_backup("verify", "-q")
        expect(verified.code == 0, "the next run's backup is damaged: %s", verified)
        expect(contents(ground.store, NAME) == reference, "the next run's backup is another")
        left = [f for f in ground.store.files() if faultkit.is_rubbish(f) or f.endswith("claim.json")]
        expect(not left and not ground.store.uploads(), "left after the next run: %s %s", left, ground.store.uploads())
        if killed and began and not done:
            expect(sorted(journals(ground.orlop)) == ["done", "interrupted"], "journals after the next run: %s",
                   journals(ground.orlop))
        ground.done()
    return run


def kills(setup, suite, args):
    for case, kind, options in (("sigkill_of_a_backup_to_a_folder", "dir", BACKUP),
                                ("sigkill_of_a_backup_to_a_bucket", "s3", BACKUP),
                                ("sigkill_of_a_backup_in_parts", "s3", BACKUP_BIG)):
        seconds, reference = setup.undisturbed(kind, options)
        count = args.kills if options is BACKUP else max(args.kills // 5, 5)
        # Side by side they take longer: moments are spread over more than the time of one alone.
        moments = [args.random.uniform(0, seconds * 1.5) for _ in range(count)]
        suite.case(case, [("after %.4f s" % m, kill_run(setup, kind, options, m, reference)) for m in moments])


# ---- two writers ----

def race_run(setup, kind, reference):
    def run():
        ground = Ground(setup, kind)
        other = Orlop(setup.work)
        started = time.monotonic()
        both = [o.start(*ground.create(BACKUP)) for o in (ground.orlop, other)]
        results = [o.end(p, started) for o, p in zip((ground.orlop, other), both)]
        codes = sorted(r.code for r in results)
        expect(codes == [0, 1], "exit codes %s: %s", codes, " / ".join(str(r) for r in results))
        loser = next(r for r in results if r.code == 1)
        ended_well(loser)
        expect(re.search("exists already|by somebody else|unfinished run", loser.err), "the loser says: %s", loser)
        verified = ground.on_backup("verify", "-q")
        expect(verified.code == 0, "the winner's backup is damaged: %s", verified)
        expect(contents(ground.store, NAME) == reference, "the winner's backup is another")
        expect(not [f for f in ground.store.files() if "claim" in f or faultkit.is_rubbish(f)], "left: %s",
               ground.store.files())
        ground.done()
        other.forget()
    return run


def races(setup, suite, args):
    for case, kind in (("two_writers_of_one_name_in_a_folder", "dir"), ("two_writers_of_one_name_in_a_bucket", "s3")):
        _, reference = setup.undisturbed(kind, BACKUP)
        suite.case(case, [("race %d" % n, race_run(setup, kind, reference)) for n in range(args.races)])


# ---- deleted while it is read ----

READERS = (("backup", "ls", NAME), ("backup", "verify", NAME, "-q"), ("backup", "describe", NAME, "--details"),
           ("backup", "logs", NAME), ("backup", "cat", NAME, "configmaps/faults-a/settings-1"), ("backup", "list"))


def reader_run(setup, kind, command, after):
    def run():
        ground = Ground(setup, kind)
        made = ground.orlop.run(*ground.create(BACKUP))
        expect(made.code == 0, "the backup failed: %s", made)
        more = ["-L", ground.store.url]
        if command[1] == "cat":
            more += ["-o", "json"]
        started = time.monotonic()
        process = ground.orlop.start(*command, *more)
        time.sleep(after)
        deleter = Orlop(setup.work)
        deleted = deleter.run("backup", "delete", NAME, "-L", ground.store.url, "--confirm", "--force")
        expect(deleted.code == 0, "delete failed: %s", deleted)
        result = ground.orlop.end(process, started)
        ended_well(result)
        expect(result.code in (0, 4, 1, 7), "the wrong exit code: %s", result)
        if result.code:
            expect(NAME in result.err or result.code == 7, "the message does not name the backup: %s", result)
        expect(not ground.store.files(), "left: %s", ground.store.files())
        ground.done()
        deleter.forget()
    return run


def restore_deleted_run(setup, kind, after):
    def run():
        ground = Ground(setup, kind)
        made = ground.orlop.run(*ground.create(BACKUP))
        expect(made.code == 0, "the backup failed: %s", made)
        number = next(numbers)
        started = time.monotonic()
        process = ground.orlop.start(
            "restore", "create", "r1", "--from-backup", NAME, "-L", ground.store.url, "--kubeconfig", setup.kubeconfig, "-q",
            "--namespace-mappings", "faults-a:fto-%x-%da,faults-b:fto-%x-%db" % ((os.getpid(), number) * 2))
        time.sleep(after)
        for key in ground.store.files():
            if key.startswith("backups/"):
                (ground.store.path / key).unlink()
        result = ground.orlop.end(process, started)
        ended_well(result)
        expect(result.code in (0, 1, 3, 4, 7), "the wrong exit code: %s", result)
        faultkit.drop_namespaces(setup.cluster, ["fto-%x-%d%s" % (os.getpid(), number, end) for end in "ab"])
        ground.done()
    return run


def readers(setup, suite, args):
    runs = []
    for command in READERS:
        for kind in ("dir", "s3"):
            for _ in range(max(args.races // 5, 2)):
                runs.append(("%s in %s" % (command[1], kind), reader_run(setup, kind, command, args.random.uniform(0, 0.06))))
    for _ in range(max(args.races // 5, 2)):
        runs.append(("restore", restore_deleted_run(setup, "dir", args.random.uniform(0, 0.15))))
    suite.case("backup_deleted_while_it_is_read", runs)


# ---- an API server that is killed and started again ----

def server_of(kubeconfig):
    """The process of the sandbox's API server, and how it was started."""
    folder = pathlib.Path(kubeconfig).parent
    pid = int((folder / "apiserver.pid").read_text())
    return folder, pid, pathlib.Path("/proc/%d/cmdline" % pid).read_bytes().decode().split("\0")[:-1]


def is_ready(cluster):
    try:
        cluster.local.connection = None
        cluster.request("GET", "/readyz", accept="*/*")
    except (OSError, kube.Failure, http.client.HTTPException):
        return False
    except ValueError:
        pass  # "ok" is no JSON
    return True


def wait_until(true, seconds):
    end = time.monotonic() + seconds
    while not true():
        expect(time.monotonic() < end, "waited %d s in vain", seconds)
        time.sleep(0.05)


def start_server(folder, command):
    """Again when its port is taken: by a client's connection to itself, as happens to those that retry on loopback."""
    for _ in range(20):
        with open(folder / "apiserver.log", "ab") as log:
            server = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                      start_new_session=True)
        (folder / "apiserver.pid").write_text("%d\n" % server.pid)
        try:
            server.wait(timeout=1.5)
        except subprocess.TimeoutExpired:
            return
    raise Wrong("the API server does not start again: see %s/apiserver.log" % folder)


def restart_run(setup, reference, moments):
    """One after the other: everything else would notice."""
    def run():
        whole = 0
        for after in moments:
            ground = Ground(setup, "dir")
            started = time.monotonic()
            process = ground.orlop.start(*ground.create(BACKUP))
            time.sleep(after)
            folder, pid, command = server_of(setup.kubeconfig)
            os.kill(pid, signal.SIGKILL)
            wait_until(lambda pid=pid: not pathlib.Path("/proc/%d/cwd" % pid).exists(), 10)
            start_server(folder, command)
            result = ground.orlop.end(process, started)
            wait_until(lambda: is_ready(setup.cluster), 60)
            faultkit.check_backup(ground.orlop, ground.store, NAME, BACKUP + ["--kubeconfig", setup.kubeconfig], reference,
                                  result)
            expect(result.code in (0, 1, 6), "the wrong exit code: %s", result)
            whole += result.code == 0
            ground.done()
        print("    backups that went on: %d of %d" % (whole, len(moments)), file=sys.stderr)
        expect(whole > 0, "no backup went on")
    return run


def restarts(setup, suite, args):
    seconds, reference = setup.undisturbed("dir", BACKUP)
    moments = [args.random.uniform(0, seconds) for _ in range(max(args.kills // 12, 2))]
    suite.case("api_server_that_restarts_during_a_backup", [("restart", restart_run(setup, reference, moments))])


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--kills", type=int, default=25)
    parser.add_argument("--races", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=4)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--cases", default="", help="regular expression")
    for name in ("work", "kubeconfig", "minio"):
        parser.add_argument(name)
    args = parser.parse_args()
    args.random = random.Random(args.seed)
    print("    killer.py: seed %d" % args.seed)
    setup, suite = Setup(args), faultkit.Suite(args.jobs)
    for group in (kills, races, readers, restarts):
        if re.search(args.cases, group.__name__):
            group(setup, suite, args)


if __name__ == "__main__":
    try:
        main()
    except Wrong as wrong:
        raise SystemExit("not ok killer: %s" % wrong) from None
