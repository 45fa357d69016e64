#!/usr/bin/env python3
"""Begins a backup in the UI and leaves while it runs; tests/live/jobs.sh holds the backup at one request meanwhile.

    detach.py LOG NAME OPTION...

LOG has a line as soon as the backup is held; the options are the UI's. Ends once the shell would have its prompt again.
"""
import os
import sys
import time

from rig import ORLOP
from vt import LIMIT, Terminal

log, name, options = sys.argv[1], sys.argv[2], sys.argv[3:]
with Terminal([ORLOP, "ui", *options]) as t:
    t.wait("? help")
    t.type(":bk\r")
    t.wait("Backups")
    t.press("n")
    t.wait("Create Backup")
    t.type(name)
    t.press("S-Tab", "S-Tab")
    t.wait(lambda text: t.is_reverse(*(t.find("[ Create Backup ]") or (0, 0))))
    t.keys("Enter")
    until = time.monotonic() + LIMIT
    while not (os.path.exists(log) and os.path.getsize(log) > 0):
        t.pump(0.05)
        if time.monotonic() > until:
            raise t.failed("the backup is not under way")
    # Suspending asks, too; leaving says what runs.
    t.keys("Ctrl-Z")
    t.wait("Jobs are running", "backup " + name)
    t.keys("Esc", "F10")
    t.wait("1 job is still running", "backup " + name, "[ Detach ]")
    t.press("Tab")
    t.keys("Enter")
    if t.ended() != 0:
        raise t.failed("exit status %s" % t.status)
    t.check_restored()
    t.wait("backup %s goes on: orlop job watch " % name)
