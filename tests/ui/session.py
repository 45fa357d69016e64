#!/usr/bin/env python3
"""A user at work: the UI on a real cluster and a real bucket, which tests/live/ui.sh prepares: location 'main' of project
'default' with backups b1, b2, b3 and a restore r1. session.py [CASE...]; ORLOP, HOME and KUBECONFIG are from there."""
import os
import re
import subprocess
import sys

from rig import ORLOP, at_list
from vt import Failed, Terminal, run


def ui(*options, env=None, argv=None, lists=True, **more):
    t = Terminal(argv or [ORLOP, "ui", "--location", "main", *options], env=env, **more)
    return at_list(t, "b3") if lists else t


def order(t, *names):
    """The names are on the screen, one below the other."""
    def holds(text):
        at = [text.find(" %s " % n) for n in names]
        return -1 not in at and at == sorted(at)
    t.wait(holds)


def hints_below(text):
    return "Enter open" in text.rpartition("\n")[2]


def leave(t):
    t.keys("F10")
    if t.ended() != 0:
        raise t.failed("exit status %s" % t.status)
    t.check_restored()


def palette(t, text):
    t.press(":")
    t.type(text + "\r")
    return t.settle()


def backups_are_listed():
    with ui() as t:
        t.wait("location main", "Backups 3", re.compile(r"> b3 +ok"), re.compile(r" b1 +ok"), "READ-WRITE")
        order(t, "b3", "b2", "b1")
        leave(t)


def without_a_command_it_is_the_ui():
    with ui(argv=[ORLOP]) as t:
        t.wait("project default | location main")
        leave(t)


def filter_sort_and_marks():
    with ui() as t:
        t.press("/")
        t.type("b[12]")
        t.wait("Backups 2/3", "/b[12]", no=" b3 ")
        t.press("Esc")
        t.wait("Backups 3", " b3 ")
        t.press("/")
        t.type("!b2\r")
        t.wait("Backups 2/3", "!b2", no=" b2 ")
        t.press("\\")
        t.wait("Backups 3")
        t.press("S")
        order(t, "b1", "b2", "b3")
        t.press("<")
        t.wait(re.compile("sort (?!CREATED)"))
        t.press(">", "S")
        t.wait("sort CREATED desc")
        t.press("g", "Space", "Space")
        t.wait(" * b3", " * b2", "2 marked")
        t.press("m")
        t.wait(" * b3", no=" b1 ")
        t.press("m", "u")
        t.wait(" b1 ", no="marked")
        leave(t)


def help_messages_and_history():
    with ui() as t:
        t.press("?")
        t.wait("Help", "move down")
        t.press("G")
        t.wait("leave the program")
        t.press("Esc")
        t.wait(" b1 ", no="leave the program")
        palette(t, "nonsense")
        t.wait("no place or command 'nonsense'")
        palette(t, "msg")
        t.wait("Messages", "no place or command 'nonsense'", "warning")
        t.press("q")
        t.wait(" b1 ")
        palette(t, "rs")
        t.wait("r1", "b1", "Restores")
        palette(t, "bk")
        t.wait(" b3 ", re.compile(r"\[\d Backups\]"))
        t.press("3")
        t.wait("r1", "[3 Restores]")
        leave(t)


def every_size():
    with ui() as t:
        t.press("j")
        t.resize(15, 60)
        t.wait("> b2", "STATUS", "CREATED", no=("EXPIRES", "READ-WRITE"))
        t.resize(12, 52)
        t.wait("orlop needs 60x15, this is 52x12", no=" b2 ")
        t.resize(40, 120)
        t.wait("> b2", "EXPIRES", hints_below)
        t.resize(24, 80)
        t.wait("> b2", hints_below)
        t.press("z")
        t.wait("> b2", no="location main")
        t.press("z")
        t.wait("location main")
        leave(t)


def another_process_is_seen_with_R():
    with ui() as t:
        t.press("j")
        t.wait("> b2")
        if os.system("'%s' backup create seen --location main --include-namespaces one > /dev/null 2>&1" % ORLOP) != 0:
            raise Failed("no backup")
        t.press("R")
        t.wait(" seen ", "> b2", "Backups 4")
        os.system("'%s' backup delete seen --location main --confirm > /dev/null 2>&1" % ORLOP)
        t.press("R")
        t.wait("> b2", "Backups 3", no=" seen ")
        leave(t)


def an_unreachable_location_says_so():
    with ui(env={"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}, lists=False,
            argv=[ORLOP, "ui", "--location", "s3://nothing?region=minio&s3ForcePathStyle=true&s3Url=http://127.0.0.1:1"]) as t:
        palette(t, "bk")
        t.wait("127.0.0.1", "tries again", seconds=60)
        leave(t)


def read_only_is_said():
    with ui() as t:
        palette(t, "ro")
        t.wait("READ-ONLY")
        palette(t, "rw")
        t.wait("Allow")
        t.press("Esc")
        t.wait("READ-ONLY")
        leave(t)


def kubectl(*args):
    p = subprocess.run([os.path.join(os.environ["SANDBOX_DIR"], "bin", "kubectl"), *args], capture_output=True, text=True)
    return p.stdout.strip() if p.returncode == 0 else None


def details_of_a_backup():
    with ui() as t:
        t.press("Enter")
        t.wait("> b3", "[1 Summary]", re.compile("Status +ok"), "Namespaces")
        t.press("2")
        t.wait("[2 Resources]", "KIND", "APIService")
        t.press("/")
        t.type("^configmap\r")
        t.wait(re.compile("> ConfigMap +[0-9]+ +[0-9]+"), no="APIService")
        t.press("Enter")
        t.wait("Browse b3", "col:kind=^ConfigMap$", "kube-apiserver-legacy", no="APIService")
        t.press("Esc")
        t.press("4")
        t.wait("[4 Logs]", "level=info")
        t.press("5")
        t.wait("[5 YAML]", "apiVersion: velero.io/v1")
        t.press("Esc")
        t.wait("> b3")
        leave(t)


def the_tree_of_a_backup():
    """Groups open; an object is read, compared with the cluster, and found by what is in it."""
    with ui() as t:
        t.press("B")
        t.wait("Browse b3", "(cluster resources)")
        t.press("/")
        t.type("^one$ ^conf$\r")
        t.wait(re.compile("^ +conf +", re.M), no="kube-system")
        t.press("G")
        t.wait(re.compile("> +conf"))
        t.press("c")
        t.wait(re.compile("conf +.*(same|differs|gone)"))
        t.press("Enter")
        t.wait("kind: ConfigMap")
        t.press("G")                    # below what servers wrote about it
        t.wait(re.compile("^ *k: v", re.M))
        t.press("Esc")
        t.wait(re.compile("> +conf"))
        t.press("F")
        t.type("^v$\r")
        t.wait("'^v$' in b3", re.compile("> configmaps +one +conf +data.k"))
        t.press("Esc")
        t.wait(re.compile("> +conf"))
        t.press("r")
        t.wait("Restore b3")
        t.press("PgDn")
        t.wait("[2 Select]", "configmaps/one/")
        leave(t)


def a_backup_is_made():
    with ui() as t:
        t.press("n")
        t.wait("Create Backup", "Same as command")
        t.type("fromui")
        t.press("Tab")
        t.type("one")
        t.wait("orlop backup create fromui --include-namespaces one")
        t.press("S-Tab", "S-Tab", "S-Tab")      # past the first field: Cancel, Create Backup
        t.wait(lambda text: t.is_reverse(*(t.find("[ Create Backup ]") or (0, 0))))
        t.press("Enter")
        t.wait("backup fromui done", re.compile(r" fromui +ok"))
        palette(t, "jobs")
        t.wait(re.compile("backup +fromui +ok +100%"))
        leave(t)
    subprocess.run([ORLOP, "backup", "delete", "fromui", "--location", "main", "--confirm"], check=True, capture_output=True)


def a_backup_is_made_line_by_line():
    """Without a screen; what runs when the input ends is waited for."""
    def say(*lines):
        return subprocess.run([ORLOP, "--plain"], input="".join(x + "\n" for x in lines), text=True, capture_output=True, check=True,
                              timeout=60).stdout
    form = say(":bk", "n")
    button = re.search(r"^ *([0-9]+) \[ Create Backup \]", form, re.M)
    if not button:
        raise Failed("no button: " + form)
    said = say(":bk", "n", "1 plainly", "2 one", button[1])
    if "orlop backup create plainly --include-namespaces one" not in said:
        raise Failed("the command is not told: " + said)
    subprocess.run([ORLOP, "backup", "verify", "plainly", "--location", "main"], check=True, capture_output=True)
    subprocess.run([ORLOP, "backup", "delete", "plainly", "--location", "main", "--confirm"], check=True, capture_output=True)


def two_objects_are_restored_elsewhere():
    """From the plan to the typed confirmation; nothing is there before it."""
    context = kubectl("config", "current-context")
    with ui("--context", context) as t:
        t.press("G", "r")
        t.wait("Restore b1", "[1 Target]")
        t.type("r-ui")
        t.press("PgDn")
        t.wait("[2 Select]")
        t.type("one")
        t.press("PgDn")
        t.wait("[3 Map]")
        t.type("one:elsewhere")
        t.press("PgDn")
        t.wait("[4 Policy]", "--namespace-mappings")
        t.press("PgDn")
        t.wait("[5 Preflight]", re.compile(r"ok +access-partial"))
        t.press("6")
        t.wait("[6 Plan]", re.compile("create +ConfigMap +elsewhere +conf"), re.compile("create +Secret +elsewhere +pw"))
        t.press("c")
        t.wait("Confirm Restore", "Type " + context)
        t.type("wrong\r")
        t.press("Tab")
        t.press("Tab")
        t.press("Enter")
        if kubectl("get", "namespace", "elsewhere"):
            raise t.failed("restored without its confirmation")
        if "Confirm Restore" in t.text():
            t.press("Esc")
        t.wait("[6 Plan]", no="Confirm Restore")
        t.press("c")
        t.type(context)
        t.press("Tab")
        t.press("Tab")
        t.press("Enter")
        t.wait(re.compile("r-ui.* (done|ok)"))
        palette(t, "rs")
        t.wait(re.compile(r" r-ui +ok"))
        leave(t)
    got = kubectl("-n", "elsewhere", "get", "configmap", "conf", "-o", "jsonpath={.data.k}")
    if got != "v":
        raise Failed("the object is not in the cluster: %r" % got)


CASES = {f.__name__: f for f in (
    backups_are_listed, without_a_command_it_is_the_ui, filter_sort_and_marks, help_messages_and_history, every_size,
    details_of_a_backup, the_tree_of_a_backup, a_backup_is_made, a_backup_is_made_line_by_line, two_objects_are_restored_elsewhere,
    another_process_is_seen_with_R, an_unreachable_location_says_so, read_only_is_said)}

if __name__ == "__main__":
    sys.exit(run(CASES))
