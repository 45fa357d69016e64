"""What the tests of the UI start from: a home of its own, locations with made-up backups, the program on a terminal."""
import atexit
import json
import os
import shutil
import tempfile
import time

from vt import Terminal

ORLOP = os.path.realpath(os.environ.get("ORLOP", "./orlop"))
PHASES = ("Completed", "Completed", "PartiallyFailed", "Completed", "Failed")
HOSTILE = ("esc\033[31mred", "bell\a\b", "c1\u009b31m", "rtl\u202eevil", "wide\u4e16\u754c", "mark" + "e\u0301" * 20,
           "family\U0001f468\u200d\U0001f469\u200d\U0001f467", "osc\033]52;c;AAAA\a", "tab\tnew\nline", "x" * 5000)


def workplace():
    work = tempfile.mkdtemp(prefix="orlop-ui.")
    atexit.register(shutil.rmtree, work, ignore_errors=True)
    return work


def backup_record(i, at, phase=None):
    phase = phase or PHASES[i % len(PHASES)]
    started = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at - i * 3600))
    name = "nightly-%06d" % i
    return name, {
        "apiVersion": "velero.io/v1", "kind": "Backup",
        "metadata": {"name": name, "namespace": "velero", "labels": {"tier": "web" if i % 2 else "db"},
                     "annotations": {"orlop.dev/source-cluster-name": "prod-eu"}},
        "spec": {"storageLocation": "default", "ttl": "720h0m0s"},
        "status": {"version": 1, "formatVersion": "1.1.0", "phase": phase, "startTimestamp": started,
                   "completionTimestamp": started, "progress": {"totalItems": 1000 + i, "itemsBackedUp": 1000 + i},
                   "warnings": i % 4, "errors": 1 if phase != "Completed" else 0}}


def make_backups(root, count, at=None, hostile=False):
    """A folder that is a location with so many backups; only what a list reads is there."""
    at = at or time.time()
    for i in range(count):
        name, record = backup_record(i, at)
        if hostile and i < len(HOSTILE):
            record["metadata"]["annotations"]["orlop.dev/source-cluster-name"] = HOSTILE[i]
        folder = os.path.join(root, "backups", name)
        os.makedirs(folder)
        with open(os.path.join(folder, "velero-backup.json"), "w") as f:
            json.dump(record, f)
    return root


class Rig:
    """A home and a location."""

    def __init__(self, backups=12, hostile=False, location=None):
        self.work = workplace()
        self.home = os.path.join(self.work, "home")
        self.store = os.path.join(self.work, "store")
        os.makedirs(self.home)
        os.makedirs(os.path.join(self.store, "backups"))
        make_backups(self.store, backups, hostile=hostile)
        self.location = location or "dir:" + self.store

    def env(self, **more):
        gone = {v: None for v in ("KUBECONFIG", "ORLOP_PROJECT", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME",
                                  "XDG_RUNTIME_DIR")}
        return {**gone, "HOME": self.home, **more}

    def start(self, *options, env=None, lists=True, **more):
        """The program; lists: at the list of backups, which is there."""
        t = Terminal([ORLOP, "ui", "--location", self.location, *options], env=self.env(**(env or {})), **more)
        return at_list(t) if lists else t


def at_list(t, first="nightly-000000"):
    """From the first screen to the list of backups."""
    try:
        t.wait("? help")
        t.type(":bk\r")
        return t.wait("> " + first)
    except BaseException:
        t.close()
        raise
