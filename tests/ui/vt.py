"""A program on a terminal of its own, whose screen libvterm keeps. Nothing here waits for a time to pass: wait() is for
something to be on the screen, settle() for the program to wait for keys again. Both have a limit, and fail with the screen.

What is checked on everything that the program writes, whatever a test looks for: only sequences that ncurses and orlop are
known to use reach the terminal, and where the locale is not UTF-8, no byte above 0x7e.
"""
import ctypes
import ctypes.util
import fcntl
import functools
import os
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time

LIMIT = 20.0 * float(os.environ.get("UI_SLOW", "1"))    # seconds for what takes a moment; sanitizers take longer


class Failed(Exception):
    """What a user would have noticed, with the screen."""


# --- libvterm ---

class Pos(ctypes.Structure):
    _fields_ = [("row", ctypes.c_int), ("col", ctypes.c_int)]


class Rect(ctypes.Structure):
    _fields_ = [(n, ctypes.c_int) for n in ("start_row", "end_row", "start_col", "end_col")]


class Cell(ctypes.Structure):
    _fields_ = [("chars", ctypes.c_uint32 * 6), ("width", ctypes.c_char), ("attrs", ctypes.c_uint32),
                ("fg", ctypes.c_uint8 * 4), ("bg", ctypes.c_uint8 * 4)]


BOLD, UNDERLINE, REVERSE = 1, 6, 1 << 5     # VTermScreenCellAttrs, which all versions begin with


@functools.lru_cache
def library():
    name = ctypes.util.find_library("vterm") or "libvterm.so.0"
    lib = ctypes.CDLL(name)
    for function, result, arguments in (
            ("vterm_new", ctypes.c_void_p, [ctypes.c_int, ctypes.c_int]),
            ("vterm_free", None, [ctypes.c_void_p]),
            ("vterm_set_size", None, [ctypes.c_void_p, ctypes.c_int, ctypes.c_int]),
            ("vterm_set_utf8", None, [ctypes.c_void_p, ctypes.c_int]),
            ("vterm_input_write", ctypes.c_size_t, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t]),
            ("vterm_obtain_screen", ctypes.c_void_p, [ctypes.c_void_p]),
            ("vterm_obtain_state", ctypes.c_void_p, [ctypes.c_void_p]),
            ("vterm_state_get_cursorpos", None, [ctypes.c_void_p, ctypes.POINTER(Pos)]),
            ("vterm_screen_enable_altscreen", None, [ctypes.c_void_p, ctypes.c_int]),
            ("vterm_screen_reset", None, [ctypes.c_void_p, ctypes.c_int]),
            ("vterm_screen_get_chars", ctypes.c_size_t,
             [ctypes.c_void_p, ctypes.POINTER(ctypes.c_uint32), ctypes.c_size_t, Rect]),
            ("vterm_screen_get_cell", ctypes.c_int, [ctypes.c_void_p, Pos, ctypes.POINTER(Cell)])):
        f = getattr(lib, function)
        f.restype, f.argtypes = result, arguments
    return lib


# --- keys ---

NAMED = {"Enter": "\r", "Tab": "\t", "Esc": "\033", "Space": " ", "Backspace": "\x7f", "S-Tab": "\033[Z",
         "Alt-Left": "\033[1;3D", "Alt-Right": "\033[1;3C"}
TERMINFO = {"Up": "kcuu1", "Down": "kcud1", "Left": "kcub1", "Right": "kcuf1", "Home": "khome", "End": "kend",
            "PgUp": "kpp", "PgDn": "knp", "Del": "kdch1", "Ins": "kich1", **{"F%d" % i: "kf%d" % i for i in range(1, 13)}}


@functools.lru_cache
def capability(term, name):
    return subprocess.run(["tput", "-T", term, name], capture_output=True).stdout


def key_bytes(term, name):
    """The bytes that a terminal sends for "j", "Ctrl-D", "F5"."""
    if name in NAMED:
        return NAMED[name].encode()
    if name in TERMINFO:
        return capability(term, TERMINFO[name])
    if name.startswith("Ctrl-"):
        return bytes([ord(name[5:].upper()) & 0x1f])
    if name.startswith("Alt-"):
        return b"\033" + name[4:].encode()
    return name.encode()


# --- what may be written ---

ALLOWED = re.compile(
    rb"\x1b\[[0-9;:?>]*[A-Za-z@`]"          # CSI of cursor, erase, colors, modes
    rb"|\x1b\[[!?0-9;]*p|\x1b\][0-9]*(?:;[^\x07\x1b]*)?(?:\x07|\x1b\\)"   # reset of modes; OSC
    rb"|\x1bPtmux;(?:[^\x1b]|\x1b\x1b)*\x1b\\"
    rb"|\x1b[()][0-9A-Z]|\x1b[=>78HMEDc]|[\x0e\x0f\r\n\b\t\a]")
PARTIAL = re.compile(rb"\x1b(?:\[[0-9;:?>!]*|\][^\x07]*|P[^\\]*|[()])?$")
FORBIDDEN = re.compile(rb"[\x00-\x1f\x7f]")
MODES = re.compile(rb"\x1b\[\?([0-9;]+)([hl])|\x1b([=>])")


class Terminal:
    """A program on a new terminal. env: variables that differ from this process's; None takes one away."""

    def __init__(self, argv, rows=24, cols=80, env=None, term="xterm-256color", utf8=True, title="", strict=True,
                 controlling=True):
        self.rows, self.cols, self.term, self.title, self.strict = rows, cols, term, title or " ".join(argv[-1:]), strict
        self.utf8, self.bytes, self.modes, self.writes = utf8, 0, {}, 0
        self._carry, self.odd, self.status, self.raw = b"", [], None, bytearray()
        self._lib = library()
        self._vt = self._lib.vterm_new(rows, cols)
        self._lib.vterm_set_utf8(self._vt, utf8)
        self._screen = self._lib.vterm_obtain_screen(self._vt)
        self._lib.vterm_screen_enable_altscreen(self._screen, 1)
        self._lib.vterm_screen_reset(self._screen, 1)
        self.master, slave = os.openpty()
        self.path = os.ttyname(slave)
        self._set_size(rows, cols)
        self.before = termios.tcgetattr(slave)
        full = {k: v for k, v in os.environ.items()
                if not k.startswith(("LC_", "SSH_", "TMUX")) and k not in ("LANG", "LINES", "COLUMNS", "NO_COLOR")}
        full.update({"TERM": term, "LANG": "C.UTF-8" if utf8 else "C"})
        for k, v in (env or {}).items():
            full.pop(k, None)
            if v is not None:
                full[k] = v
        self.started = time.monotonic()
        self.child = subprocess.Popen(
            argv, stdin=slave, stdout=slave, stderr=slave, env=full, start_new_session=True,
            preexec_fn=(lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0)) if controlling else None)
        os.close(slave)
        os.set_blocking(self.master, False)
        self.pid = self.child.pid
        self._worker = None

    # --- in ---

    def send(self, data):
        """All the bytes, reading what comes meanwhile: neither side ever waits for the other for good."""
        end = time.monotonic() + LIMIT
        while data:
            try:
                data = data[os.write(self.master, data):]
            except BlockingIOError:
                if time.monotonic() > end:
                    raise self.failed("the program takes no keys any more") from None
                select.select([self.master], [self.master], [], 0.1)
            self.pump(0)

    def keys(self, *names):
        self.send(b"".join(key_bytes(self.term, n) for n in names))

    def type(self, text):
        self.send(text.encode())

    def paste(self, text):
        self.send(b"\033[200~" + text.encode() + b"\033[201~")

    def click(self, row, col, button=0):
        """Pressed and released; button 64 is the wheel up, 65 down."""
        report = "\033[<%d;%d;%d" % (button, col + 1, row + 1)
        self.send((report + "M" + (report + "m" if button < 64 else "")).encode())

    def _set_size(self, rows, cols):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))

    def resize(self, rows, cols):
        self.pump(0)
        self.rows, self.cols = rows, cols
        self._lib.vterm_set_size(self._vt, rows, cols)
        self._set_size(rows, cols)

    def worker(self):
        """The process that draws: the program's own, or its child."""
        if self._worker is None:
            with open("/proc/%d/task/%d/children" % (self.pid, self.pid)) as f:
                self._worker = int((f.read().split() or ["0"])[0]) or None
        return self._worker or self.pid

    def signal(self, sig):
        os.kill(self.pid, sig)

    def hang_up(self):
        """The terminal is gone, as when its window is closed."""
        os.close(self.master)
        self.master = -1

    # --- out ---

    def _check(self, data):
        self.raw += data
        del self.raw[:-200000]
        for numbers, state, pad in MODES.findall(data):
            for n in numbers.split(b";") if numbers else ["pad"]:
                self.modes[int(n) if numbers else n] = (state == b"h") if numbers else pad == b"="
        if not self.strict:
            return
        text = self._carry + data
        cut = PARTIAL.search(text)
        self._carry = text[cut.start():] if cut else b""
        left = ALLOWED.sub(b"", text[:cut.start()] if cut else text)
        bad = FORBIDDEN.search(left) or (not self.utf8 and re.search(rb"[\x7f-\xff]", left))
        if bad:
            self.odd.append(bytes(left[max(0, bad.start() - 20):bad.start() + 20]))

    def pump(self, seconds):
        """Takes what the program writes within so long; false when nothing came."""
        if self.master < 0 or not select.select([self.master], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self.master, 1 << 16)
        except BlockingIOError:
            return False
        except OSError:         # all ends of the other side are closed
            data = b""
        if not data:
            return False
        self.bytes += len(data)
        self.writes += 1
        self._check(data)
        self._lib.vterm_input_write(self._vt, data, len(data))
        return True

    def lines(self):
        out, buffer = [], (ctypes.c_uint32 * (self.cols * 6))()
        for row in range(self.rows):
            n = self._lib.vterm_screen_get_chars(self._screen, buffer, len(buffer), Rect(row, row + 1, 0, self.cols))
            out.append("".join(chr(c) if 0 < c < 0x110000 else " " for c in buffer[:n]).rstrip())
        return out

    def text(self):
        return "\n".join(self.lines())

    def cell(self, row, col):
        c = Cell()
        self._lib.vterm_screen_get_cell(self._screen, Pos(row, col), ctypes.byref(c))
        return c

    def is_reverse(self, row, col=1):
        return bool(self.cell(row, col).attrs & REVERSE)

    def find(self, text):
        """(row, column) of a text, or None."""
        for row, line in enumerate(self.lines()):
            if text in line:
                return row, line.index(text)
        return None

    # --- waiting ---

    def failed(self, why):
        shown = "\n".join("  |%s" % line for line in self.lines())
        return Failed("%s: %s\n%s" % (self.title, why, shown))

    def _holds(self, what, text):
        return what(text) if callable(what) else what.search(text) if hasattr(what, "search") else what in text

    def wait(self, *wanted, no=(), seconds=None):
        """Until all of wanted (texts, patterns, functions of the text) are on the screen, and none of no."""
        end = time.monotonic() + (seconds or LIMIT)
        no = (no,) if isinstance(no, str) else no
        while True:
            while self.pump(0):
                pass
            text = self.text()
            if all(self._holds(w, text) for w in wanted) and not any(self._holds(n, text) for n in no):
                self.check()
                return self
            if time.monotonic() > end:
                raise self.failed("never on the screen: %s" % ", ".join(
                    [getattr(w, "__name__", repr(w)) for w in wanted if not self._holds(w, text)] +
                    ["gone: %r" % (n,) for n in no if self._holds(n, text)]))
            if not self.pump(0.1) and self.has_ended():
                raise self.failed("it ended with status %s while waiting for %r" % (self.status, wanted))

    def check(self):
        if self.odd:
            raise self.failed("written to the terminal: %r" % self.odd[0])

    def has_read(self):
        """It has taken every key that was sent."""
        fd = os.open(self.path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        try:
            return struct.unpack("i", fcntl.ioctl(fd, termios.FIONREAD, b"\0" * 4))[0] == 0
        finally:
            os.close(fd)

    def _patient(self):
        """It waits in poll() for longer than a frame, and has read every key."""
        try:
            with open("/proc/%d/syscall" % self.worker()) as f:
                call = f.read().split()
            return self.has_read() and len(call) > 3 and call[0] in ("7", "271") and int(call[3], 16) > 100
        except OSError:
            return True

    def settle(self, seconds=None):
        """Until the program waits for keys again and all that it wrote is on the screen."""
        end = time.monotonic() + (seconds or LIMIT)
        calm = 0
        while calm < 2:
            calm = calm + 1 if not self.pump(0.001) and self._patient() else 0
            if time.monotonic() > end:
                raise self.failed("it does not come to rest")
            if not calm and self.has_ended():
                raise self.failed("it ended with status %s" % self.status)
        self.check()
        return self

    def press(self, *names):
        """Keys, and what they do."""
        self.keys(*names)
        return self.settle()

    # --- the end ---

    def has_ended(self):
        if self.status is None:
            self.status = self.child.poll()
        return self.status is not None

    def ended(self, seconds=None):
        """Waits for the end; the exit status."""
        end = time.monotonic() + (seconds or LIMIT)
        while not self.has_ended():
            if time.monotonic() > end:
                raise self.failed("it does not end")
            self.pump(0.02)
        while self.pump(0):
            pass
        return self.status

    def check_restored(self):
        """The terminal is as it was before: modes of the line, of the screen, of the cursor."""
        fd = os.open(self.path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        after = termios.tcgetattr(fd)
        os.close(fd)
        if after != self.before:
            raise self.failed("stty differs: %r" % [(a, b) for a, b in zip(self.before, after) if a != b])
        left = [m for m in (1049, 1047, 47, 2004, 1000, 1002, 1003, 1006, 1, "pad") if self.modes.get(m)]
        if left:
            raise self.failed("modes are left on: %s" % left)
        if self.modes.get(25) is False:
            raise self.failed("the cursor is left hidden")
        self.check()

    def close(self):
        if not self.has_ended():
            os.kill(self.pid, signal.SIGKILL)
            self.child.wait()
        if self.master >= 0:
            os.close(self.master)
            self.master = -1
        if self._vt:
            self._lib.vterm_free(self._vt)
            self._vt = None

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()


def run(cases, argv=None):
    """The main program of a file of cases: --list prints their names; else those that are named run, or all of them, a line
    each as the live suites print. One case alone: its exit status is 0, 1, or 77 when it was skipped."""
    names = sys.argv[1:] if argv is None else argv
    if names == ["--list"]:
        print("\n".join(cases))
        return 0
    status = 0
    for name in names or list(cases):
        try:
            said = cases[name]() or ""
        except Failed as e:
            why, _, screen = str(e).partition("\n")
            print("%s\n%s%s" % (screen, "" if len(names) == 1 else "not ok %s: " % name, why), flush=True)
            status = 1
            continue
        if said.startswith("skip "):
            status = 77 if len(names) == 1 else status
            print("skip %s: %s" % (name, said[5:]), flush=True)
        else:
            print("ok %s%s" % (name, " (%s)" % said if said else ""), flush=True)
    return status
