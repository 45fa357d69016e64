"""Runs a program on a terminal of its own: typist.py PROGRAM ARGUMENT... -- PROMPT KEYS. When PROMPT is on the screen, KEYS
are typed; a third word, "echo", says that they may be shown while they are. What was on the screen goes to stdout; the exit status is the program's. The terminal must show what is typed again
afterwards."""
import os
import pty
import sys
import termios
import time

cut = sys.argv.index("--")
program, (prompt, keys, *shown) = sys.argv[1:cut], sys.argv[cut + 1:]
master, slave = pty.openpty()
pid = os.fork()
if pid == 0:
    os.setsid()
    for fd in range(3):
        os.dup2(slave, fd)
    os.close(master)
    os.execv(program[0], program)
screen, typed, end = b"", False, time.monotonic() + 60
os.set_blocking(master, False)
while time.monotonic() < end:
    try:
        screen += os.read(master, 65536)
    except BlockingIOError:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            break
        time.sleep(0.01)
    # The terminal is asked, too: a prompt may stand there before the echo is off.
    if not typed and prompt.encode() in screen and (shown or not termios.tcgetattr(slave)[3] & termios.ECHO):
        os.write(master, keys.encode())
        typed = True
else:
    sys.exit("it did not end; on the screen: %r" % screen)
try:
    screen += os.read(master, 65536)
except OSError:
    pass
sys.stdout.buffer.write(screen)
sys.stdout.flush()
if not termios.tcgetattr(slave)[3] & termios.ECHO or not termios.tcgetattr(slave)[3] & termios.ICANON:
    sys.exit("the terminal was left without echo")
sys.exit(os.waitstatus_to_exitcode(status))
