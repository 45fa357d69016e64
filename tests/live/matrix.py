#!/usr/bin/env python3
"""What becomes of every built-in kind of object, by what is in the cluster and by the policy: restores, and a table.

    matrix.py fill KUBECONFIG SAVED        makes an object of each kind and state, and writes down in SAVED what they are;
                                           fails when a served kind has no row
    matrix.py run KUBECONFIG SAVED LOCATION RIGHTS POLICY
                                           one restore of backup "mx" over all of them, and what it must have done. RIGHTS:
                                           all, read (KUBECONFIG.read is of somebody who may change nothing), named (the
                                           precious are named with --yes-really)
    matrix.py document                     docs/restore-matrix.md

ORLOP is the program. Every state stands beside the others: the object "mx-differs" of a kind differs from the backup.
Exit status 0: as in the table.
"""
import concurrent.futures
import copy
import gzip
import json
import os
import subprocess
import sys
import time

import kube
from matrix_kinds import APART, KINDS, NOTE, SPACE

LABEL = {"orlop.test/matrix": "yes"}
LACKS, MORE, HOLD = "orlop.test/lacks", "orlop.test/more", "orlop.test/hold"
DELETE = "?gracePeriodSeconds=0&propagationPolicy=Background"
POLICIES = ("none", "update", "apply", "recreate", "fail")
STATES = {
    "empty": "the cluster does not have it",
    "same": "the cluster has it as in the backup",
    "lacks": "the cluster's lacks a label that the backup's has",
    "more": "the cluster's has a label that the backup's lacks",
    "differs": "somebody has changed a field",
    "immutable": "it differs in a field that the API server lets nobody change",
    "terminating": "the cluster's is being deleted, and goes while the restore runs",
}
NOTHING = "-"
STATUS_WRITTEN = ("customresourcedefinitions.apiextensions.k8s.io", "apiservices.apiregistration.k8s.io",
                  "flowschemas.flowcontrol.apiserver.k8s.io", "servicecidrs.networking.k8s.io")

# Class of kinds -> state -> outcome by policy, as in POLICIES.
FREE = {
    "empty": "created created created created created",
    "same": "same same same same same",
    "lacks": "differs updated updated updated failed",
    "more": "differs updated updated updated failed",
    "differs": "differs updated failed updated failed",
    "terminating": "created created created created created",
}
LOCKED = dict(FREE, immutable="differs differs failed recreated failed")
TABLE = {
    "all": {
        "free": FREE,
        "locked": LOCKED,
        "precious": dict(LOCKED, immutable="differs differs failed failed failed"),
        "account": dict(FREE, lacks="merged merged merged merged failed",
                        more="skipped skipped skipped skipped failed", differs="merged merged merged merged failed"),
        "namespace": dict(FREE, lacks="same same same same same", more="same same same same same",
                          differs="same same same same same"),
        "never": {state: " ".join([NOTHING] * 5) for state in ("empty", "same", "lacks", "more", "differs", "terminating")},
    },
    "read": {
        "free": {
            "empty": "failed failed failed failed failed",
            "same": "same failed same same same",
            "lacks": "differs failed failed failed failed",
            "more": "differs failed failed failed failed",
            "differs": "differs failed failed failed failed",
            "terminating": "failed failed failed failed failed",
        },
    },
}
READ = TABLE["read"]
READ["locked"] = READ["precious"] = dict(READ["free"], immutable=READ["free"]["differs"])
READ["account"] = dict(READ["free"], lacks="differs differs differs differs failed", more=TABLE["all"]["account"]["more"],
                       differs="differs differs differs differs failed")
READ["namespace"] = dict(READ["free"], same=FREE["same"], lacks=FREE["same"], more=FREE["same"], differs=FREE["same"])
READ["never"] = TABLE["all"]["never"]
TABLE["named"] = dict(TABLE["all"], precious=LOCKED)


def expected(rights, policy, group, state):
    return TABLE[rights][group][state].split()[POLICIES.index(policy)]


# --- objects ---

def put(item, path, value):
    """A value of None takes the field away."""
    *way, last = [part.replace("~1", "/") for part in path.split("/")]
    for part in way:
        item = item[int(part)] if isinstance(item, list) else item.setdefault(part, {})
    if value is None:
        del item[last]
    elif isinstance(item, list):
        item[int(last)] = value
    else:
        item[last] = value


class Thing:
    """One object: a kind in a state. Where it is, what is in the backup, what the cluster has when a restore begins."""

    def __init__(self, kind, state, prefix, resource):
        self.kind, self.state = kind, state
        self.name = kind.name(state) if callable(kind.name) else kind.name % state
        space = "/namespaces/" + kind.space if resource["namespaced"] else ""
        self.collection = "%s%s/%s" % (prefix, space, resource["name"])
        self.path = self.collection + "/" + self.name
        self.wanted = dict(copy.deepcopy(kind.body), metadata={
            "name": self.name, "labels": dict(LABEL, **{LACKS: "no"}), "annotations": {NOTE: "text"}})
        if kind.resource.startswith("customresourcedefinitions."):
            self.wanted["spec"]["names"] = {"plural": state + "s", "singular": state, "kind": state.title(),
                                            "listKind": state.title() + "List"}
        if kind.resource.startswith("apiservices."):
            self.wanted["spec"]["group"] = self.name[len("v1."):]
        if state == "immutable":
            for path, value in kind.locked.items():
                put(self.wanted, path, value)
        self.there = copy.deepcopy(self.wanted)
        if state == "lacks":
            del self.there["metadata"]["labels"][LACKS]
        if state == "more":
            self.there["metadata"]["labels"][MORE] = "yes"
        for path, value in {"differs": kind.change, "immutable": kind.lock}.get(state, {}).items():
            put(self.there, path, value)
        if state == "terminating":
            self.there["metadata"]["finalizers"] = [HOLD]
        self.saved = self.before = self.after = None  # contents with uid and version; saved: as in the backup

    def __str__(self):
        return "%s %s" % (self.kind.resource, self.state)


def things(cluster):
    served = {}
    for prefix, version, resource in cluster.types():
        group = version.rpartition("/")[0]
        if not group.endswith("mx.example"):
            served[resource["name"] + ("." + group if group else "")] = prefix, resource
    rows = {kind.resource: kind for kind in KINDS}
    unknown = ["%s is served and has no row" % name for name in served if name not in rows]
    unknown += ["%s has a row and is not served" % name for name in rows if name not in served]
    if unknown:
        sys.exit("\n".join(unknown))
    return [Thing(kind, state, *served[kind.resource]) for kind in KINDS if kind.body is not None
            for state in TABLE["all"][kind.group]]


def content(item):
    """What two clusters can have in common."""
    item = copy.deepcopy(item)
    meta = item["metadata"]
    for key in ("uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "deletionTimestamp",
                "deletionGracePeriodSeconds", "namespace"):
        meta.pop(key, None)
    item.pop("status", None)
    for key in ("velero.io/backup-name", "velero.io/restore-name"):
        meta.get("labels", {}).pop(key, None)
    if item.get("kind") == "Job":
        spec = item["spec"]
        for labels in (spec["selector"]["matchLabels"], spec["template"]["metadata"]["labels"]):
            for key in ("controller-uid", "batch.kubernetes.io/controller-uid"):
                labels.pop(key, None)
    if item.get("kind") == "Service" and item["spec"].get("clusterIP") != "None":
        item["spec"].pop("clusterIP", None)
        item["spec"].pop("clusterIPs", None)
    return item


def get(cluster, thing):
    """(content, uid, version), None where it is not."""
    try:
        item = cluster.get(thing.path)
    except kube.Failure as failure:
        if failure.status != 404:
            raise
        return None
    meta = item["metadata"]
    # The API server itself writes into the status of some.
    version = meta.get("generation", 0) if thing.kind.resource in STATUS_WRITTEN else meta["resourceVersion"]
    return content(item), meta["uid"], (version, "velero.io/restore-name" in meta.get("labels", {}))


def release(cluster, thing):
    """Lets an object go that is being deleted, as far as nothing else here would do it. A finalizer that two take away at
    once deletes twice, and the second time whatever has that name by then: what controllers hold is left to them."""
    try:
        live = cluster.get(thing.path)
        if "deletionTimestamp" not in live["metadata"]:
            return
        if thing.kind.resource == "namespaces":
            cluster.request("PUT", thing.path + "/finalize", dict(live, spec={"finalizers": []}))
        others = [name for name in live["metadata"].get("finalizers", []) if name != HOLD]
        cluster.request("PATCH", thing.path, {"metadata": {
            "finalizers": others, "resourceVersion": live["metadata"]["resourceVersion"]}}, "application/merge-patch+json")
    except kube.Failure as failure:
        if failure.status not in (404, 409):  # gone by itself, or changed: then it is looked at again
            raise


def remove(cluster, thing):
    end = time.monotonic() + 60
    while get(cluster, thing) is not None:
        if time.monotonic() > end:
            raise SystemExit("%s does not go" % thing)
        try:
            cluster.request("DELETE", thing.path + DELETE)
        except kube.Failure as failure:
            if failure.status not in (404, 409):
                raise
        release(cluster, thing)


def create(cluster, thing, item):
    """A definition whose predecessor has just gone may be refused for a moment."""
    compact = json.dumps(item, separators=(",", ":"))  # blanks would be kept in a ControllerRevision, and count as changes
    for _ in range(100):
        try:
            return cluster.request("POST", thing.collection + "?fieldManager=mx-somebody", compact)
        except kube.Failure as failure:
            if failure.status != 409 or thing.kind.group != "precious":
                raise SystemExit("%s: %s" % (thing, failure)) from failure
            time.sleep(0.1)
    raise SystemExit("%s cannot be created" % thing)


def prepare(cluster, thing):
    """The cluster as it is to be when the restore begins; what the last one left alone stays."""
    if thing.before is not None and thing.before == get(cluster, thing):
        return
    remove(cluster, thing)
    if thing.state == "empty":
        thing.before = None
        return
    create(cluster, thing, thing.there)
    if thing.state == "terminating":
        cluster.request("DELETE", thing.path + DELETE)
    thing.before = get(cluster, thing)


def each(work, *rows):
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        return list(pool.map(work, *rows))


# --- a plan ---

# What a plan may say of an object that ends so. A plan does not wait for what is being deleted.
FORESEEN = {"created": "create", "updated": "update apply", "recreated": "recreate", "merged": "merge", "same": "same",
            "skipped": "same skip", "differs": "differs", "failed": "blocked", NOTHING: NOTHING}


def plan(location, kubeconfig, policy, more):
    command = [os.environ["ORLOP"], "restore", "plan", "--from-backup", "mx", "--location", location, "--kubeconfig",
               kubeconfig, "--existing-resource-policy", policy, "--server", "--ignore", "all", "-q", "-o", "json", *more]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode not in (0, 3):
        sys.exit("the plan ended with %d:\n%s" % (done.returncode, done.stderr))
    return {(row["resource"], row["name"]): row for row in json.loads(done.stdout)["items"]}


def foreseen(thing, word, row):
    action = row.get("action", NOTHING)
    allowed = FORESEEN[word].split() + (["blocked"] if thing.state == "terminating" else [])
    return action in allowed, "planned as %s (%s), and was %s" % (action, row.get("why", row.get("reason", "")), word)


# --- a restore ---

def restore(cluster, rows, location, kubeconfig, name, policy, more):
    """Runs it; what is being deleted is let go as soon as the restore says that it waits for it. Returns what it said."""
    command = [os.environ["ORLOP"], "restore", "create", name, "--from-backup", "mx", "--location", location,
               "--kubeconfig", kubeconfig, "--existing-resource-policy", policy, "--ignore", "all", *more]
    going = [thing for thing in rows if thing.state == "terminating" and thing.kind.group != "never"]
    said = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        for line in process.stdout:
            said.append(line)
            if "are still being deleted" in line or "is still being deleted" in line:
                each(lambda thing: release(cluster, thing), going)
    if process.returncode not in (0, 3):
        sys.exit("the restore ended with %d:\n%s" % (process.returncode, "".join(said)))
    return "".join(said)


def outcomes(location, name):
    path = "%s/restores/%s/restore-%s-orlop-outcomes.json.gz" % (location[len("dir:"):], name, name)
    with gzip.open(path, "rt", encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    found = {}
    for line in lines:
        found[line["resource"], line["name"]] = line
    if len(found) != len(lines):
        sys.exit("an object has two outcomes")
    return found


def judge(thing, word, line, policy):
    """What is wrong with the cluster, and with what is told, after the outcome that was expected."""
    before, after = thing.before, thing.after
    if word in (NOTHING, "same", "skipped", "differs", "failed"):
        left = before
        if thing.state == "terminating" and after is None:
            left = None  # it went, as it was to
        if thing.state == "terminating":
            if left and left[1] != after[1]:
                yield "%s, and it is another one" % word
        elif (left and left[:2]) != (after and after[:2]):
            yield "%s, and the cluster has changed: %s instead of %s" % (word, after, before)
        elif left and policy in ("none", "apply", "fail") and left[2] != after[2]:
            yield "%s, and it was written" % word
    elif after is None:
        yield "%s, and it is not there" % word
    else:
        wanted = copy.deepcopy(thing.saved[0])
        if policy == "apply" and thing.state == "more":
            wanted["metadata"]["labels"][MORE] = "yes"  # what others manage stays
        if after[0] != wanted:
            yield "%s, and is not as in the backup: %s instead of %s" % (word, after[0], thing.saved[0])
        if word in ("created", "recreated") and before and before[1] == after[1]:
            yield "%s, and it is the old one" % word
        if word in ("updated", "merged") and before[1] != after[1]:
            yield "%s, and it is another one" % word
    if word in ("differs", "failed") and not (line.get("text") and line.get("next")):
        yield "%s without a reason or a next step: %s" % (word, line)
    if thing.state == "differs" and word == "failed" and policy == "apply" and "mx-somebody" not in line["text"] \
            and "cannot patch" not in line["text"]:
        yield "the conflict does not name the manager: %s" % line["text"]


def run(cluster, kubeconfig, saved_in, location, rights, policy):
    rows = things(cluster)
    with open(saved_in, encoding="utf-8") as file:
        saved = json.load(file)
    for thing in rows:
        thing.saved = saved[str(thing)]
    each(lambda thing: prepare(cluster, thing), rows)
    name = "mx-%s-%s" % (rights, policy)
    user = kubeconfig + (".read" if rights == "read" else "")
    more = []
    if rights == "named":
        more = ["--yes-really", ",".join("%s/%s%s" % (
            thing.kind.resource, SPACE + "/" if "/namespaces/" in thing.path else "", thing.name)
            for thing in rows if thing.kind.group == "precious")]
    # Without rights it is the preflight that tells: a plan does not try namespaces, accounts and labels.
    planned = plan(location, user, policy, more) if rights != "read" else None
    for thing, there in zip(rows, each(lambda thing: get(cluster, thing), rows)):
        if thing.state != "terminating" and there != thing.before:
            sys.exit("%s: the plan has changed it: %s" % (thing, there))
    begin = time.monotonic()
    said = restore(cluster, rows, location, user, name, policy, more)
    seconds = time.monotonic() - begin
    found = outcomes(location, name)
    for thing, after in zip(rows, each(lambda thing: get(cluster, thing), rows)):
        thing.after = after
    wrong = []
    for thing in rows:
        want = expected(rights, policy, thing.kind.group, thing.state)
        line = found.get((thing.kind.resource, thing.name), {})
        got = line.get("outcome", NOTHING)
        if got != want:
            wrong.append("%s: %s instead of %s (%s)" % (thing, got, want, line.get("text", "")))
        else:
            wrong += ["%s: %s" % (thing, text) for text in judge(thing, want, line, policy)]
        if planned is not None:
            agrees, text = foreseen(thing, want, planned.get((thing.kind.resource, thing.name), {}))
            if not agrees:
                wrong.append("%s: %s" % (thing, text))
    print("%d objects, restored in %.1f s" % (len(rows), seconds))
    if wrong:
        print(said)
        sys.exit("\n".join(wrong + ["%d of %d outcomes are wrong, the first: %s" % (len(wrong), len(rows), wrong[0])]))


def fill(cluster, saved_in):
    rows = things(cluster)
    for space in (SPACE, APART):
        cluster.request("POST", "/api/v1/namespaces", {"metadata": {"name": space}})
    each(lambda thing: create(cluster, thing, thing.wanted), rows)
    saved = dict(zip(map(str, rows), each(lambda thing: get(cluster, thing), rows)))
    with open(saved_in, "w", encoding="utf-8") as file:
        json.dump(saved, file)
    print("%d objects of %d kinds" % (len(rows), len(KINDS)))


def main():
    if sys.argv[1:] == ["document"]:
        import matrix_doc
        matrix_doc.write(sys.stdout)
        return
    what, kubeconfig, *rest = sys.argv[1:]
    cluster = kube.Cluster(kubeconfig)
    if what == "fill":
        fill(cluster, *rest)
    elif what == "run":
        run(cluster, kubeconfig, *rest)
    else:
        raise SystemExit(__doc__)


if __name__ == "__main__":
    main()
