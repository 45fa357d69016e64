#!/usr/bin/env python3
"""make bench-ui: how fast and how quiet the UI is, against the limits of its design.

    ui.py [--orlop PROGRAM] [--rows 100000] [--idle SECONDS]

A location in a folder gets that many made-up backups; the program runs on a terminal that libvterm keeps (tests/ui/vt.py).
Times are from the key's byte to the last byte of what it changes, as the other end of the terminal sees them. Exit status 1:
something is over its limit."""
import argparse
import os
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "ui"))
parser = argparse.ArgumentParser()
parser.add_argument("--orlop", default="./orlop")
parser.add_argument("--rows", type=int, default=100000)
parser.add_argument("--idle", type=float, default=10)
options = parser.parse_args()
os.environ["ORLOP"] = options.orlop
if os.access("/dev/shm", os.W_OK):
    tempfile.tempdir = "/dev/shm"

from rig import Rig     # noqa: E402  (reads ORLOP)

over = []


def row(what, value, unit, limit=None):
    bad = limit is not None and value > limit
    if bad:
        over.append(what)
    print("%-52s %10.1f %-4s %s" % (what, value, unit, "" if limit is None else
                                    ("limit %g%s" % (limit, "  OVER" if bad else ""))), flush=True)


def latency(t, *names):
    """Milliseconds from keys to the last byte of what they change."""
    begin = last = time.perf_counter()
    t.keys(*names)
    calm = 0
    while calm < 2:
        if t.pump(0.0005):
            last, calm = time.perf_counter(), 0
        else:
            calm = calm + 1 if t._patient() else 0
    return (last - begin) * 1000


def share(values, part):
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


def cpu_ms(t):
    """Of all its threads."""
    with open("/proc/%d/stat" % t.worker()) as f:
        fields = f.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def rss_mib(t):
    with open("/proc/%d/status" % t.worker()) as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmRSS")) / 1024


def bytes_of(t, *names):
    before = t.bytes
    t.press(*names)
    return t.bytes - before


def quiet_and_small():
    rig = Rig(backups=200)
    starts = []
    for _ in range(15):
        with rig.start(lists=False) as t:
            t.pump(10)
            t.wait("? help")
            starts.append((time.monotonic() - t.started) * 1000)
    row("start to first frame, median of 15", share(starts, 0.5), "ms", 50)
    with rig.start() as t:
        t.settle()
        moves = [bytes_of(t, key) for key in "jjjjkkjjkj"]
        row("cursor move, most bytes of 10", max(moves), "B", 400)
        row("full repaint 80x24", bytes_of(t, "Ctrl-L"), "B", 6 * 1024)
        t.resize(40, 120)
        t.settle()
        row("full repaint 120x40", bytes_of(t, "Ctrl-L"), "B", 14 * 1024)
        t.resize(24, 80)
        t.settle()
        cpu, sent, end = cpu_ms(t), t.bytes, time.monotonic() + options.idle
        clock = t.lines()[0]
        while time.monotonic() < end:
            t.pump(end - time.monotonic())
        row("idle %g s: CPU" % options.idle, cpu_ms(t) - cpu, "ms", 10)
        row("idle %g s: output%s" % (options.idle, "" if t.lines()[0] == clock else ", a minute passed"), t.bytes - sent, "B",
            0 if t.lines()[0] == clock else 400)


def many_rows():
    begin = time.monotonic()
    rig = Rig(backups=options.rows)
    row("(making %d backups" % options.rows, time.monotonic() - begin, "s)")
    begin = time.monotonic()
    with rig.start() as t:
        t.wait("Backups %d" % options.rows, seconds=120)
        row("%d backups in a folder listed" % options.rows, time.monotonic() - begin, "s")
        t.settle(60)
        row("resident memory with them", rss_mib(t), "MiB", 48)
        keys = ["j", "k", "PgDn", "G", "g", "Ctrl-D", "PgUp", "End", "Home", "Down"] * 50
        times = [latency(t, key) for key in keys]
        row("key to paint, median of %d" % len(keys), share(times, 0.5), "ms")
        row("key to paint, p99", share(times, 0.99), "ms", 16)
        t.press("/")
        times = [latency(t, c) for c in "nightly-09"] + [latency(t, "Backspace") for _ in range(5)]
        row("filter as it is typed, median", share(times, 0.5), "ms")
        row("filter as it is typed, slowest", max(times), "ms", 50)
        t.press("Esc")
        row("mark all", latency(t, "a"), "ms")
        row("reverse the order", latency(t, "S"), "ms")
        row("sort by another column", latency(t, ">"), "ms")
        row("resident memory afterwards", rss_mib(t), "MiB", 48)


quiet_and_small()
many_rows()
if over:
    print("over their limits: %s" % ", ".join(over))
sys.exit(1 if over else 0)
