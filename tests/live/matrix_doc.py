"""docs/restore-matrix.md, out of the table that matrix.py compares restores with. Standard library only."""
from matrix import POLICIES, STATES, TABLE
from matrix_kinds import KINDS

HEAD = """# What a restore does with what is there

Made by `tests/live/matrix.py document` from the table that tests/live/matrix.sh compares real restores with: every kind that
a Kubernetes 1.35 serves by itself, in each state, under each `--existing-resource-policy`. The suite takes the kinds from the
API server's discovery, so that none is forgotten; compares what `restore plan --server` foresees with what the restore does;
reads each object back after each of the two; and fails when this file differs from its table.

Outcomes are those that `restore describe` counts: **created**; **updated**; **recreated** (deleted, and created again);
**merged** (velero-format.md 4.6, service accounts); **same** (nothing to do); **skipped** (nothing can or should be done);
**differs** (a warning, left as it is); **failed** (an error, left as it is). Each that differs or failed has a reason and a
next step, which the suite checks, too.

## States
"""

CLASSES = [
    ("free", "Kinds without a field that nobody may change", ""),
    ("locked", "Kinds with such a field", "The suite's difference is in the field named here."),
    ("precious", "Kinds whose deletion loses more than the object",
     "`recreate` leaves them alone unless `--yes-really KIND/NAMESPACE/NAME` names them; then they are as the kinds before."),
    ("account", "Service accounts",
     "As with Velero they are merged under each policy but `fail`: references and what labels and annotations lack are added, "
     "and what the cluster has stays."),
    ("namespace", "Namespaces",
     "As with Velero a namespace that is there is left as it is, whatever the policy. One that is being deleted is waited for, "
     "up to ten minutes."),
    ("never", "Kinds that are never restored",
     "velero-format.md 4.2: what nodes, kubelets and controllers write about themselves. They have no outcome."),
]

TAIL = """## Somebody who may not write

The same for a user who may read everything and change nothing. What is the same needs no right; under `update` Velero's two
labels would be put on it, which is an error with Velero, too.
"""

REASONS = """## Why

* **Terminating.** An object that is being deleted does not take part in a comparison: it is about to go, equal or not. The
  restore waits for its end and creates it; all such objects together, wherever they are in the order of kinds, for up to a
  minute. One that is still there then has failed, and its finalizers are named (tests/live/policies.sh). Velero compares it
  as any other (4.6), so that in the end there is none.
* **Rights, admission, validation come before existence** in the API server: a create that is refused for any of these is
  followed by a look at what is there, as Velero looks before it creates (4.5, step 12). Only what is not there has failed.
* **Immutable, `update`.** Velero's rule (4.6): a warning, and the two labels are put on the object.
* **Immutable, `recreate`.** The change is tried first; only where the API server answers that the field cannot be changed
  (422) the object is deleted, as it was seen, and created again, and put back as it was should that fail. What depends on
  workloads and custom objects is orphaned, and adopted by the new object where its selector is the same.
* **CertificateSigningRequests.** The API server answers a change of the spec with success, and keeps the old one. That is
  treated as the refusal it is. Who made the request is not compared: the API server writes that.
* **`apply`.** A field that somebody else manages and that has another value is a conflict, which names the manager; what
  others have added stays, so that an object with a label more is applied to and keeps it. Jobs whose selector was generated
  are applied without it.
* **Endpoints.** The API server deletes those of a service that is deleted; where the service has no selector, `recreate` puts
  them back.
* **ControllerRevisions** whose data was written with blanks between JSON's tokens cannot be changed at all, not even their
  labels: the API server compares them byte by byte.

Single objects with rules of their own, such as pods and jobs that have ended, mirror pods, tokens, the control plane's own
objects: tests/live/restore_rules.py.

## Velero

Velero 1.18 has no policy but `none` and `update`. Where it has the case, the outcome is its own but for terminating objects
(above); tests/live/velero.sh lets both restore the same and compares the clusters field by field.

| state | Velero, `none` | Velero, `update` |
|---|---|---|
| empty | created | created |
| same | skipped | skipped, the two labels are patched |
| lacks, more, differs | warning, left as it is | merge patch, updated |
| immutable | warning, left as it is | warning, the two labels are patched |
| service account, differs | merged | merged |
| namespace | left as it is | left as it is |
| never | not restored | not restored |
"""


def rows(table, group):
    lines = ["| state | %s |" % " | ".join("`%s`" % policy for policy in POLICIES), "|---" * 6 + "|"]
    for state in STATES:
        if state in table[group]:
            lines.append("| %s | %s |" % (state, " | ".join(table[group][state].split())))
    return "\n".join(lines)


def kinds(group):
    def fields(paths):
        return ", ".join("`%s`" % path.replace("/", ".").replace("~1", "/") for path in paths or ())
    members = sorted((kind for kind in KINDS if kind.group == group), key=lambda kind: kind.resource)
    if any(kind.lock for kind in members):
        return "\n".join(["| kind | cannot be changed |", "|---|---|"] + [
            "| %s | %s |" % (kind.resource, fields(kind.lock)) for kind in members])
    return "Kinds: %s." % ", ".join(kind.resource for kind in members)


def write(out):
    print(HEAD, file=out)
    print("\n".join("* **%s**: %s." % (state, text) for state, text in STATES.items()), file=out)
    for group, title, text in CLASSES:
        print("\n## %s\n" % title, file=out)
        if text:
            print(text + "\n", file=out)
        print(kinds(group) + "\n", file=out)
        print(rows(TABLE["all"], group), file=out)
    print("\n" + TAIL, file=out)
    for group, title, _ in CLASSES:
        if group in ("precious", "never"):
            continue
        print("%s%s:\n" % (title, ", precious or not" if group == "locked" else ""), file=out)
        print(rows(TABLE["read"], group) + "\n", file=out)
    print(REASONS, end="", file=out)
