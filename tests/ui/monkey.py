#!/usr/bin/env python3
"""Random keys, pastes, mouse reports, broken sequences and sizes on a UI that is read-only: it lives, leaves the terminal in
order, and changes nothing. UI_KEYS: how many (10000; UI_LONG=1: 200000), UI_SEED: the same ones again.

LOCATION, KUBECONFIG: what it looks at. STORE: a folder that must be the same afterwards. RECORD: what a proxy in front of the
cluster wrote down of requests that change something (tests/live/ui.sh sets all of these up)."""
import glob
import hashlib
import os
import random
import sys
import time

from rig import ORLOP, Rig
from vt import Failed, Terminal, key_bytes, run

KEYS = int(os.environ.get("UI_KEYS", "200000" if os.environ.get("UI_LONG") else "10000"))
SEED = int(os.environ.get("UI_SEED", str(int(time.time()))))
NAMES = ("Enter Enter Enter Esc Esc Tab Tab S-Tab Space Backspace Up Down Down Left Right Home End PgUp PgDn Del Ins F1 F2 F3 F5 F9 "
         "F11 F12 Ctrl-C Ctrl-D Ctrl-U Ctrl-L Ctrl-P Ctrl-G Ctrl-V Ctrl-W Alt-Left Alt-Right Alt-x").split()
BROKEN = ("\033[", "\033[1;", "\033[<0;3", "\033[M!", "\033O", "\033]0;title", "\033P1$r", "\033[?62;22c", "\033[200~", "\033[201~",
          "\033\033", "\033[99~", "\033[1;99Z", "\0", "\x7f\x7f", "\x9b31m")
WORDS = ("backups", "bk", "rs", "jobs", "msg", "keys", "loc", "restores", "nightly", "b1", "!b", "-l app", "col:status=ok", "[", "(((",
         "\u4e16\u754c", "e\u0301\u0301", "\U0001f468\u200d\U0001f469", "%s%n", "../..", "a" * 300)


class Monkey:
    def __init__(self, t, rng):
        self.t, self.rng, self.before = t, rng, ""

    def key(self):
        """The bytes of one thing that a user or a broken line might send."""
        rng, t = self.rng, self.t
        dice = rng.random()
        if dice < 0.45:
            c = chr(rng.randrange(0x20, 0x7f))
            # Neither leaving nor writing is wanted: ":q" and ":rw".
            if c in "qw" and self.before in ":r":
                c = "j"
            self.before = c
            return c.encode()
        self.before = ""
        if dice < 0.85:
            return key_bytes(t.term, rng.choice(NAMES))
        if dice < 0.90:
            return ("\033[<%d;%d;%d%s" % (rng.choice((0, 0, 1, 2, 32, 64, 65, 99)), rng.randrange(0, t.cols + 9),
                                         rng.randrange(0, t.rows + 9), rng.choice("Mm"))).encode()
        if dice < 0.93:
            return (rng.choice(":/") + rng.choice(WORDS) + "\r").encode()
        if dice < 0.96:
            return b"\033[200~" + rng.choice(WORDS).encode() + b"\r\033[201~"
        if dice < 0.98:
            return rng.choice(BROKEN).encode()
        return bytes(rng.randrange(0x80, 0x100) for _ in range(rng.randrange(1, 4)))

    def batch(self, n):
        self.t.send(b"".join(self.key() for _ in range(n)))
        if self.rng.random() < 0.03:
            self.t.resize(self.rng.randrange(1, 60), self.rng.randrange(1, 200))
        elif self.t.rows < 24 or self.t.cols < 80:
            self.t.resize(24, 80)


def tree(root):
    """All that is in a folder, as one hash."""
    h = hashlib.sha256()
    for at, folders, files in os.walk(root):
        folders.sort()
        for name in sorted(files):
            path = os.path.join(at, name)
            h.update(("%s %d\n" % (path, os.path.getsize(path))).encode())
            with open(path, "rb") as f:
                h.update(f.read())
        h.update(at.encode())
    return h.hexdigest()


def start(rig, location, kubeconfig):
    env = {"ASAN_OPTIONS": "log_path=%s/asan:handle_segv=1" % rig.work, "UBSAN_OPTIONS": "print_stacktrace=1:log_path=%s/ubsan" % rig.work,
           "TSAN_OPTIONS": "log_path=%s/tsan" % rig.work}
    t = Terminal([ORLOP, "ui", "--location", location] + (["--kubeconfig", kubeconfig] if kubeconfig else []),
                 env=rig.env(**env), title="seed %d" % SEED)
    t.wait("? help")
    t.type(":ro\r")
    return t.wait("READ-ONLY")


def complaints(rig):
    return [open(p).read() for kind in ("asan", "ubsan", "tsan") for p in glob.glob("%s/%s.*" % (rig.work, kind))]


def random_keys_change_nothing():
    rng = random.Random(SEED)
    rig = Rig()
    location = os.environ.get("LOCATION", rig.location)
    store = os.environ.get("STORE", rig.store)
    before, done, starts = tree(store), 0, 1
    t = start(rig, location, os.environ.get("KUBECONFIG"))
    try:
        monkey = Monkey(t, rng)
        while done < KEYS:
            n = rng.randrange(1, 40)
            monkey.batch(n)
            done += n
            try:
                t.settle(60)
            except Failed:
                if not t.has_ended() or t.status != 0:
                    raise
            if t.has_ended():
                if t.status != 0:
                    raise t.failed("it ended with status %s after %d keys" % (t.status, done))
                t.check_restored()
                t.close()
                starts += 1
                t = start(rig, location, os.environ.get("KUBECONFIG"))
                monkey.t = t
            elif "READ-WRITE" in t.text():
                raise t.failed("it is no longer read-only after %d keys" % done)
        t.resize(24, 80)
        t.settle()
        for _ in range(4):
            t.press("Esc")
        t.keys("F10")
        if t.ended(30) != 0:
            raise t.failed("it ended with status %s" % t.status)
        t.check_restored()
    except Failed as e:
        raise Failed("%s\n%s" % (e, "\n".join(complaints(rig))[:6000])) from None
    finally:
        t.close()
    if complaints(rig):
        raise Failed("a sanitizer complains\n%s" % complaints(rig)[0][:6000])
    if tree(store) != before:
        raise Failed("the location is another one than before")
    record = os.environ.get("RECORD")
    writes = [w for w in open(record) if "selfsubject" not in w] if record else []
    if writes:
        raise Failed("%d requests to change something, the first: %s" % (len(writes), writes[0]))
    return "%d keys, %d starts, seed %d" % (done, starts, SEED)


CASES = {f.__name__: f for f in (random_keys_change_nothing,)}

if __name__ == "__main__":
    sys.exit(run(CASES))
