#!/usr/bin/env python3
"""Ways in and out of the UI, and what the terminal is like afterwards (signals, hang-up, job control, sizes, locales, TERM).
Needs no cluster. lifecycle.py [CASE...]; ORLOP names the program."""
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time

from rig import ORLOP, Rig, at_list
from vt import LIMIT, Failed, Terminal, run

rig = Rig()


def leaves(t, status=0, restored=True):
    got = t.ended()
    if got != status:
        raise t.failed("exit status %s instead of %s" % (got, status))
    if restored:
        t.check_restored()


def q_and_F10_leave():
    with rig.start() as t:
        t.keys("F10")
        leaves(t)
    with rig.start() as t:
        t.type(":q\r")
        leaves(t)


def ctrl_c_never_quits():
    with rig.start() as t:
        t.press("Ctrl-C")
        t.wait("leaves")
        for _ in range(20):
            t.press("Ctrl-C")
        t.wait("Backups")
        t.press("Esc")
        t.press("Esc")
        t.wait("nightly-000000", no="Leave orlop?")
        t.press(":")
        t.type("backu")
        t.press("Ctrl-C")
        t.wait("nightly-000000", no=":backu")
        t.keys("F10")
        leaves(t)


def ended_by(sig, status):
    def case():
        with rig.start() as t:
            from_ = time.monotonic()
            t.signal(sig)
            leaves(t, status)
            if time.monotonic() - from_ > 5:
                raise t.failed("it took %.1f s to end" % (time.monotonic() - from_))
    return case


def a_hang_up_ends_it():
    t = rig.start()
    t.hang_up()
    leaves(t, 0, restored=False)
    with rig.start() as t:
        t.signal(signal.SIGHUP)
        leaves(t, 0, restored=False)


def a_closed_terminal_costs_no_cpu():
    """stdin at its end, but no SIGHUP: a program that were to spin would use a whole CPU."""
    with rig.start(controlling=False) as t:
        t.hang_up()
        leaves(t, 0, restored=False)


def killed_and_crashed():
    """After kill -9 the terminal is in disorder, and the next start on it is in order again."""
    with Terminal(["sh"], env=rig.env(PS1="ready$ ", ENV=None), title="sh", strict=False) as t:
        t.wait("ready$")
        t.type("%s ui --location %s; echo ended $?\r" % (ORLOP, rig.location))
        at_list(t)
        program = subprocess.check_output(["pgrep", "-P", str(t.pid)], text=True).split()[0]
        child = subprocess.check_output(["pgrep", "-P", program], text=True).split()[0]
        os.kill(int(child), signal.SIGKILL)
        t.wait("ended 137")
        t.type("stty sane\ntput reset; echo in order\n")
        t.wait(re.compile("^in order", re.M), no="nightly")
        t.type("%s ui --location %s; echo ended $?\r" % (ORLOP, rig.location))
        at_list(t)
        t.keys("F10")
        t.wait("ended 0")
    with rig.start() as t:
        os.kill(t.worker(), signal.SIGSEGV)
        if t.ended() == 0:
            raise t.failed("a crash ended with 0")
        t.check_restored()


def ctrl_z_and_fg():
    with Terminal(["bash", "--norc", "-i"], env=rig.env(PS1="ready$ "), title="bash", strict=False) as t:
        t.wait("ready$")
        t.type("%s ui --location %s; echo ended $?\r" % (ORLOP, rig.location))
        at_list(t)
        t.keys("j", "j", "Ctrl-Z")
        # The shell's own prompt has pastes marked (2004), too.
        t.wait(re.compile("Stopped|ended 1[0-9]+"), lambda text: text.rstrip().endswith("ready$"))
        if t.modes.get(1049):
            raise t.failed("stopped with the screen still its own: %r" % t.modes)
        t.resize(30, 100)
        t.type("fg\r")
        t.wait("> nightly-000002", lambda text: "Enter open" in text.rpartition("\n")[2])
        t.keys("j")
        t.wait("> nightly-000003")
        t.keys("F10")
        t.wait("ready$")


def resize_storm():
    random.seed(7)
    with rig.start() as t:
        t.press("j", "j", "j")
        t.keys("/")
        t.type("night")
        for i in range(200):
            rows, cols = random.randint(1, 100), random.randint(1, 300)
            t.resize(rows, cols)
            if i % 20 == 0:
                t.settle()
        for rows, cols in ((15, 60), (12, 52), (40, 120), (24, 80)):
            t.resize(rows, cols)
            t.settle()
            text = t.text()
            if rows >= 15 and ("> nightly-000003" not in text or "/night" not in text):
                raise t.failed("selection or prompt are lost at %dx%d" % (cols, rows))
            if rows < 15 and "orlop needs 60x15, this is 52x12" not in text:
                raise t.failed("too small, and does not say so")
        t.press("Enter")
        t.keys("F10")
        leaves(t)


def plain(*lines, env=None):
    p = subprocess.run([ORLOP, "ui", "--plain", "--location", rig.location], input="".join(x + "\n" for x in lines), text=True,
                       capture_output=True, env={**os.environ, **{k: v for k, v in rig.env().items() if v is not None}, **(env or {})},
                       timeout=LIMIT, check=False)
    if p.returncode != 0 or p.stderr or "\033" in p.stdout or not p.stdout.isascii():
        raise Failed("status %d, %r, %r" % (p.returncode, p.stderr, p.stdout))
    return p.stdout


def line_by_line():
    """Numbers choose, lines are only added, what has not changed is not said again."""
    said = plain("/00000[1-3]", "2", "q", "\\", "nonsense here", "n", "1 myname", "q", "?", ":q")
    parts = ["== Backups 12\n", "== Backups 3/12 /00000[1-3]\n", "  2    nightly-000002 ", "== nightly-000002\n",
             "Errors             1", "== Backups 3/12", "== Backups 12\n", "warning: 'nonsense here' is no number",
             "== Create Backup\n", "  1  Backup name            [ myname ", "orlop backup create myname", "== Backups 12\n", "== Help lines"]
    at = 0
    for part in parts:
        at = said.find(part, at)
        if at < 0:
            raise Failed("%r is not said in its place: %s" % (part, said))
    if said.count("Label selector") != 1:
        raise Failed("fields that did not change are said again: " + said)
    # The end of the input is the end.
    plain("2")


def editor(name, text):
    path = os.path.join(rig.work, name)
    with open(path, "w") as f:
        f.write("#!/bin/sh\n" + text)
    os.chmod(path, 0o755)
    return path


def the_editor_of_a_field():
    seen = os.path.join(rig.work, "seen")
    edit = editor("edit", 'stat -c %%a "$1" > %s; cat "$1" >> %s; printf edited-name > "$1"\n' % (seen, seen))
    with rig.start(env={"EDITOR": edit, "VISUAL": None}) as t:
        t.press("n")
        t.wait("Create Backup")
        t.type("before")
        t.keys("Ctrl-E")
        t.wait("edited-name", no="before")
        with open(seen) as f:
            if f.read() != "600\nbefore":
                raise t.failed("not a private file with the field's text")
        left = [n for _, _, names in os.walk(rig.home) for n in names if n.startswith("edit-")]
        if left:
            raise t.failed("left behind: %s" % left)
        t.keys("F10")
        leaves(t)
    for command, words in (("false", "'false' ended with 1: nothing is changed"), ("/no/such", "there is no editor '/no/such'")):
        with rig.start(env={"EDITOR": command, "VISUAL": None}) as t:
            t.press("n")
            t.wait("Create Backup")
            t.type("before")
            t.keys("Ctrl-E")
            t.wait(words, "before")


def an_editor_that_is_suspended():
    edit = editor("stops", 'kill -TSTP 0; printf edited-name > "$1"\n')
    with Terminal(["bash", "--norc", "-i"], env=rig.env(PS1="ready$ ", EDITOR=edit, VISUAL=None), title="bash", strict=False) as t:
        t.wait("ready$")
        t.type("%s ui --location %s; echo ended $?\r" % (ORLOP, rig.location))
        at_list(t)
        t.keys("n")
        t.wait("Create Backup")
        t.keys("Ctrl-E")
        t.wait(re.compile("Stopped|ended 1[0-9]+"), lambda text: text.rstrip().endswith("ready$"))
        t.type("fg\r")
        t.wait("Create Backup", "edited-name")
        t.keys("F10")
        t.wait("ready$")


def localized():
    """A folder with en_US.ISO-8859-1, where the machine can make it."""
    folder = os.path.join(rig.work, "locale")
    os.makedirs(folder, exist_ok=True)
    if shutil.which("localedef"):
        subprocess.run(["localedef", "-f", "ISO-8859-1", "-i", "en_US", os.path.join(folder, "en_US.ISO-8859-1")],
                       capture_output=True, check=False)
    return folder


def locales_and_terminals():
    locales = [("C", False), ("POSIX", False), ("C.UTF-8", True), ("en_US.ISO-8859-1", False), ("none_SUCH.UTF-8", False)]
    terms = ["xterm-256color", "xterm", "screen", "tmux-256color", "linux", "vt100", "vt220"]
    folder, shown = localized(), 0
    for name, utf8 in locales:
        for term in terms:
            if not Terminfo.has(term):
                continue
            env = {"LANG": name, "LOCPATH": folder if "ISO" in name else None}
            with rig.start(env=env, term=term, utf8=utf8, title="%s in %s" % (term, name)) as t:
                t.wait("NAME", "nightly-000000", "PARTIAL", "Enter open")
                t.press("Down", "Down")
                t.wait("> nightly-000002")
                t.keys("F10" if Terminfo.has(term, "kf10") else "Ctrl-C")
                if not Terminfo.has(term, "kf10"):
                    t.type(":q\r")
                leaves(t)
                shown += 1
    return "%d of them" % shown


class Terminfo:
    @staticmethod
    def has(term, capability="longname"):
        return subprocess.run(["tput", "-T", term, capability], capture_output=True).returncode == 0


def says_why_not():
    for term, words in (("dumb", "TERM=dumb"), ("no-such-term", "no-such-term"), ("", "TERM")):
        with rig.start(term=term, lists=False, strict=False, title="TERM=" + term) as t:
            status = t.ended()
            if status != 2 or words not in t.text() or "orlop" not in t.text():
                raise t.failed("status %s" % status)
            t.check_restored()
    p = subprocess.run([ORLOP, "ui", "--location", rig.location], stdin=subprocess.DEVNULL, capture_output=True,
                       env={**os.environ, "HOME": rig.home, "TERM": "xterm"}, timeout=LIMIT)
    if p.returncode != 2 or b"no usable terminal" not in p.stderr or p.stdout:
        raise Failed("without a terminal: status %d, %r" % (p.returncode, p.stderr))


def no_color_is_heeded():
    folder = os.path.join(rig.home, ".config/orlop/themes")
    os.makedirs(folder, exist_ok=True)
    for name in ("terminal", "blue"):       # nothing is installed where tests run
        with open(os.path.join(folder, name + ".yaml"), "w") as f:
            f.write("name: %s\nroles: {text: {fg: blue}, title: {fg: blue}}\n" % name)
    for env, options, wanted in (({"NO_COLOR": "1"}, (), False), ({"NO_COLOR": ""}, (), True), ({"NO_COLOR": None}, (), True),
                                 ({"NO_COLOR": "1"}, ("--color", "always"), True), ({}, ("--color", "never"), False),
                                 ({"ORLOP_THEME": "mono"}, (), False), ({"ORLOP_THEME": "mono"}, ("--theme", "blue"), True)):
        with rig.start(*options, env=env, title="%r %r" % (env, options)) as t:
            colored = re.search(rb"\x1b\[[0-9;]*\b(3[0-7]|4[0-7]|38;|48;)[0-9;]*m", bytes(t.raw))
            if bool(colored) != wanted:
                raise t.failed("colors: %r with %r %r" % (colored and colored.group(), env, options))
            if not t.is_reverse(t.find("nightly-000000")[0], 3):
                raise t.failed("the row with the cursor is not in reverse")


def hostile_names_stay_text():
    evil = Rig(backups=12, hostile=True)
    for utf8 in (True, False):
        with evil.start(rows=40, cols=200, utf8=utf8) as t:
            t.press("w")
            t.wait("\\x1b[31mred")
            for key in ("l", "l", "h", "?", "Esc", "S", "G", "g", "Ctrl-L"):
                t.press(key)
            t.check()


def a_paste_is_no_keys():
    with rig.start() as t:
        t.paste(":q\rDDD\033")
        t.settle()
        t.press("/")
        t.paste("000003\nq\n")
        t.wait("/000003", "nightly-000003", no="nightly-000004")
        t.press("Esc")
        t.keys("F10")
        leaves(t)


def answers_of_the_terminal_are_no_keys():
    """What came too late for an earlier program: who you are, where the cursor is, a color, the clipboard."""
    with rig.start() as t:
        t.press("j")
        for answer in ("\033[?62;22c", "\033[12;40R", "\033]11;rgb:0000/0000/0000\033\\", "\033]52;c;cQ==\a",
                       "\033[200;1;q", "\033P1$r0m\033\\", "\033Ox", "\033[", "\033[1"):
            t.type(answer)
            t.settle()
            t.wait("> nightly-000001", "Backups 12")
        t.press("j")            # the end of the last one
        t.press("j")
        t.wait("> nightly-000002")


def a_terminal_that_takes_nothing_holds_no_keys_up():
    """Nothing is read from it while keys are typed: the program reads them all the same, and ends up at the right place."""
    with rig.start() as t:
        t.settle()
        for i in range(3000):
            os.write(t.master, b"jz"[i % 2:i % 2 + 1])
            end = time.monotonic() + LIMIT
            while not t.has_read():
                if time.monotonic() > end:
                    raise t.failed("key %d is not read while the terminal takes nothing" % i)
        t.settle()
        t.press("g")
        t.wait("> nightly-000000")
        if t.bytes > 200000:
            raise t.failed("%d bytes: frames that nobody saw were queued" % t.bytes)
        t.keys("F10")
        leaves(t)
    with rig.start() as t:
        for _ in range(1000):
            os.write(t.master, b"z")
            while not t.has_read():
                pass
        t.signal(signal.SIGTERM)
        t.child.wait(LIMIT)


def mouse_clicks_and_wheel():
    with rig.start() as t:
        row, col = t.find("nightly-000004")
        t.click(row, col)
        t.wait("> nightly-000004")
        t.click(row, col, 64)
        t.wait("> nightly-000001")
        t.click(row, col, 65)
        t.wait("> nightly-000004")
        t.keys("F10")
        leaves(t)


CASES = {f.__name__: f for f in (
    q_and_F10_leave, ctrl_c_never_quits, a_hang_up_ends_it, a_closed_terminal_costs_no_cpu, killed_and_crashed, ctrl_z_and_fg,
    resize_storm, locales_and_terminals, says_why_not, no_color_is_heeded, hostile_names_stay_text, a_paste_is_no_keys,
    line_by_line, the_editor_of_a_field, an_editor_that_is_suspended, mouse_clicks_and_wheel, answers_of_the_terminal_are_no_keys, a_terminal_that_takes_nothing_holds_no_keys_up)}
CASES["SIGTERM_restores"] = ended_by(signal.SIGTERM, 0)
CASES["SIGINT_is_like_leaving"] = ended_by(signal.SIGINT, 0)

if __name__ == "__main__":
    sys.exit(run(CASES))
