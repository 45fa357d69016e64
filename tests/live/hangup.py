#!/usr/bin/env python3
"""Runs a command in a terminal of its own, and takes the terminal away as soon as there is a line in LOG.

    hangup.py LOG COMMAND...
"""
import os
import pty
import select
import sys
import time

pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
until = time.monotonic() + 30
while not (os.path.exists(sys.argv[1]) and os.path.getsize(sys.argv[1]) > 0):
    if time.monotonic() > until:
        sys.exit("hangup.py: nothing in %s" % sys.argv[1])
    if select.select([terminal], [], [], 0.05)[0]:
        os.read(terminal, 4096)
os.close(terminal)      # the session's leader gets SIGHUP, everything it writes fails
