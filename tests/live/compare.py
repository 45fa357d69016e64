#!/usr/bin/env python3
"""Compares two snapshots of snapshot.py, before a backup and after the restore. Prints what differs.

    compare.py BEFORE AFTER [--quiet]

Exit status 0: the same but for the tables below; 1: something else differs; 2: the files can't be read.
The tables are all that may differ, each row with its reason. "format" means velero-format.md, which describes what
a restore has to do.
"""
import argparse
import fnmatch
import json
import sys


def owned(item, field):
    """Whether somebody set the field, by the server's own record; else the server chose its value."""
    return any(field in json.dumps(entry.get("fieldsV1", {})) for entry in item["metadata"].get("managedFields", []))


def label(item, key):
    return item["metadata"].get("labels", {}).get(key)


# Objects that are left out: resource, namespace, name, further condition or None, reason.
OBJECTS = [
    # Never restored, whatever a backup holds (format 4.2): they speak of the old cluster's machines and moments, or
    # of Velero itself.
    ("nodes", "*", "*", None, "never restored (format 4.2)"),
    ("events", "*", "*", None, "never restored (format 4.2)"),
    ("events.events.k8s.io", "*", "*", None, "never restored (format 4.2)"),
    ("csinodes.storage.k8s.io", "*", "*", None, "never restored (format 4.2)"),
    ("volumeattachments.storage.k8s.io", "*", "*", None, "never restored (format 4.2)"),
    ("backups.velero.io", "*", "*", None, "never restored (format 4.2)"),
    ("restores.velero.io", "*", "*", None, "never restored (format 4.2)"),
    ("backuprepositories.velero.io", "*", "*", None, "never restored (format 4.2)"),
    # Work that has ended is not done again (format 4.5 step 2).
    ("pods", "*", "*", lambda o: o.get("status", {}).get("phase") in ("Succeeded", "Failed"), "has ended (format 4.5)"),
    ("jobs.batch", "*", "*", lambda o: "completionTime" in o.get("status", {}), "has ended (format 4.5)"),
    # The kubelet makes mirror pods from files on its machine (format 4.5 step 4).
    ("pods", "*", "*", lambda o: "kubernetes.io/config.mirror" in o["metadata"].get("annotations", {}), "mirror pod"),
    # A volume that is deleted with its claim can't be given back without its data (format 4.8).
    ("persistentvolumes", "*", "*", lambda o: o["spec"].get("persistentVolumeReclaimPolicy") == "Delete",
     "reclaim policy Delete and no snapshot (format 4.8)"),
    # The target issues a token of its own for the service account, under another name (format 4.7).
    ("secrets", "*", "*-token-*", lambda o: o.get("type") == "kubernetes.io/service-account-token",
     "token of a service account (format 4.7)"),
    # The API server publishes its own address and port under this name.
    ("services", "default", "kubernetes", None, "written by the API server"),
    ("endpoints", "default", "kubernetes", None, "written by the API server"),
    ("endpointslices.discovery.k8s.io", "default", "kubernetes", None, "written by the API server"),
    # The API server's own certificates and its presence among its peers.
    ("configmaps", "kube-system", "extension-apiserver-authentication", None, "written by the API server"),
    ("leases.coordination.k8s.io", "kube-system", "*",
     lambda o: label(o, "apiserver.kubernetes.io/identity") is not None, "written by the API server"),
    # An address that the API server gave to a service; the restored service gets a new one.
    ("ipaddresses.networking.k8s.io", "*", "*",
     lambda o: label(o, "ipaddress.kubernetes.io/managed-by") == "ipallocator.k8s.io", "written by the API server"),
    # The cluster's CA, copied into every namespace by a controller.
    ("configmaps", "*", "kube-root-ca.crt", None, "written by a controller"),
    # Derived from services and pods by a controller, under random names.
    ("endpointslices.discovery.k8s.io", "*", "*",
     lambda o: label(o, "endpointslice.kubernetes.io/managed-by") in (
         "endpointslice-controller.k8s.io", "endpointslicemirroring-controller.k8s.io"),
     "written by a controller"),
    ("endpoints", "*", "*", lambda o: label(o, "endpoints.kubernetes.io/managed-by") == "endpoint-controller",
     "written by a controller"),
]

# Fields that are left out: resource, path, reason. In a path "*" is every element of a list or every key.
FIELDS = [
    # Set by the server at every creation.
    ("*", ("metadata", "uid"), "set by the server"),
    ("*", ("metadata", "resourceVersion"), "set by the server"),
    ("*", ("metadata", "creationTimestamp"), "set by the server"),
    ("*", ("metadata", "generation"), "set by the server"),
    ("*", ("metadata", "selfLink"), "set by old servers"),
    ("*", ("metadata", "managedFields"), "the server's record of who wrote what, with times"),
    # Dropped or added by every restore (format 4.5 steps 6 and 10).
    ("*", ("metadata", "generateName"), "dropped (format 4.5): the name is kept"),
    ("*", ("metadata", "ownerReferences"), "dropped (format 4.5): they hold uids of the old cluster"),
    ("*", ("metadata", "labels", "velero.io/backup-name"), "added (format 4.5)"),
    ("*", ("metadata", "labels", "velero.io/restore-name"), "added (format 4.5)"),
    ("*", ("status",), "not restored by default (format 4.9): controllers write it anew"),
    # Assigned anew in the target cluster (format 4.7).
    ("pods", ("spec", "nodeName"), "the scheduler's choice (format 4.7)"),
    ("pods", ("spec", "priority"), "computed by the API server from the priority class (format 4.7)"),
    # Who binds a claim to a volume does it anew (format 4.7, 4.8).
    ("persistentvolumes", ("spec", "claimRef", "uid"), "binding (format 4.8)"),
    ("persistentvolumes", ("spec", "claimRef", "resourceVersion"), "binding (format 4.8)"),
    ("persistentvolumes", ("metadata", "annotations", "pv.kubernetes.io/bound-by-controller"), "binding (format 4.8)"),
    ("persistentvolumeclaims", ("metadata", "annotations", "pv.kubernetes.io/bind-completed"), "binding (format 4.7)"),
    ("persistentvolumeclaims", ("metadata", "annotations", "pv.kubernetes.io/bound-by-controller"),
     "binding (format 4.7)"),
    ("persistentvolumeclaims", ("metadata", "annotations", "volume.kubernetes.io/storage-provisioner"),
     "binding (format 4.7)"),
    ("persistentvolumeclaims", ("metadata", "annotations", "volume.beta.kubernetes.io/storage-provisioner"),
     "binding (format 4.7)"),
    ("persistentvolumeclaims", ("metadata", "annotations", "volume.kubernetes.io/selected-node"),
     "binding (format 4.7)"),
    # The job controller's mark is the uid of the new job (format 4.7).
    ("jobs.batch", ("spec", "selector", "matchLabels", "controller-uid"), "uid of the job (format 4.7)"),
    ("jobs.batch", ("spec", "selector", "matchLabels", "batch.kubernetes.io/controller-uid"), "uid of the job"),
    ("jobs.batch", ("spec", "template", "metadata", "labels", "controller-uid"), "uid of the job (format 4.7)"),
    ("jobs.batch", ("spec", "template", "metadata", "labels", "batch.kubernetes.io/controller-uid"), "uid of the job"),
    ("jobs.batch", ("metadata", "labels", "controller-uid"), "uid of the job (format 4.7)"),
    ("jobs.batch", ("metadata", "labels", "batch.kubernetes.io/controller-uid"), "uid of the job (format 4.7)"),
    # The API server notes who asked for a certificate: at a restore that is who restores.
    ("certificatesigningrequests.certificates.k8s.io", ("spec", "username"), "set by the server"),
    ("certificatesigningrequests.certificates.k8s.io", ("spec", "groups"), "set by the server"),
    ("certificatesigningrequests.certificates.k8s.io", ("spec", "uid"), "set by the server"),
    ("certificatesigningrequests.certificates.k8s.io", ("spec", "extra"), "set by the server"),
]


# What needs more than a path: resource, function that edits the object, reason.
def asked_for(item, port):
    """Whether somebody chose the node port: what kubectl was given tells, else the server's own record."""
    applied = item["metadata"].get("annotations", {}).get("kubectl.kubernetes.io/last-applied-configuration")
    if applied:
        same = ("name", "port")["name" not in port]
        return any("nodePort" in p for p in json.loads(applied)["spec"].get("ports", []) if p.get(same) == port[same])
    key = "k:" + json.dumps({"port": port["port"], "protocol": port["protocol"]}, separators=(",", ":"))
    return any("f:nodePort" in entry.get("fieldsV1", {}).get("f:spec", {}).get("f:ports", {}).get(key, {})
               for entry in item["metadata"].get("managedFields", []))


def drop_addresses(item):
    spec = item["spec"]
    if spec.get("clusterIP") != "None":  # a headless service has to stay one
        spec.pop("clusterIP", None)
        spec.pop("clusterIPs", None)


def drop_allocated_ports(item):
    for port in item["spec"].get("ports", []):
        if not asked_for(item, port):
            port.pop("nodePort", None)
    if not owned(item, "f:healthCheckNodePort"):
        item["spec"].pop("healthCheckNodePort", None)


def drop_issued_token(item):
    if item.get("type") == "kubernetes.io/service-account-token":
        item.get("data", {}).pop("token", None)
        item.get("data", {}).pop("ca.crt", None)
        item["metadata"].get("annotations", {}).pop("kubernetes.io/service-account.uid", None)


def drop_selector(item):
    if "volumeName" in item["spec"] and item["spec"].get("storageClassName") != "":
        item["spec"].pop("selector", None)


def drop_token_secret(item):
    prefix = item["metadata"]["name"] + "-token-"
    item["secrets"] = [s for s in item.get("secrets", []) if not s.get("name", "").startswith(prefix)]


def drop_token_volumes(item):
    spec = item["spec"]
    prefix = spec.get("serviceAccountName", "") + "-token-"
    spec["volumes"] = [v for v in spec.get("volumes", []) if not v["name"].startswith(prefix)]
    for container in spec["containers"] + spec.get("initContainers", []):
        container["volumeMounts"] = [m for m in container.get("volumeMounts", []) if not m["name"].startswith(prefix)]


EDITS = [
    ("services", drop_addresses, "addresses are allocated anew (format 4.7)"),
    ("services", drop_allocated_ports, "ports that nobody asked for are allocated anew (format 4.7)"),
    ("secrets", drop_issued_token, "a token is issued by the cluster it is for (format 4.7)"),
    ("serviceaccounts", drop_token_secret, "names of such tokens (format 4.7)"),
    ("persistentvolumeclaims", drop_selector, "a bound claim is stored without what chose its volume (format 3.6)"),
    ("pods", drop_token_volumes, "volumes of such tokens (format 4.7)"),
]


def left_out(line):
    for resource, namespace, name, condition, _ in OBJECTS:
        if (line["resource"] == resource and fnmatch.fnmatchcase(line["namespace"], namespace)
                and fnmatch.fnmatchcase(line["name"], name) and (condition is None or condition(line["object"]))):
            return True
    return False


def remove(value, path):
    """Removes what the path names, and what becomes empty by that: {} and [] mean the same as nothing."""
    if not isinstance(value, (dict, list)):
        return
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    for key in keys if path[0] == "*" else [k for k in keys if k == path[0]]:
        if len(path) == 1:
            del value[key]
        else:
            remove(value[key], path[1:])


def without_empty(value):
    """Kubernetes takes an empty map or list and a missing one for the same (format 4.6)."""
    if isinstance(value, dict):
        kept = {k: without_empty(v) for k, v in value.items()}
        return {k: v for k, v in kept.items() if v not in ({}, [], None)}
    if isinstance(value, list):
        return [without_empty(v) for v in value]
    return value


def load(path):
    objects = {}
    with open(path, encoding="utf-8") as file:
        for text in file:
            line = json.loads(text)
            if left_out(line):
                continue
            item = line["object"]
            for resource, edit, _ in EDITS:
                if line["resource"] == resource:
                    edit(item)
            for resource, field, _ in FIELDS:
                if resource in ("*", line["resource"]):
                    remove(item, field)
            # In custom resources what is empty stays: only their owner knows what it means.
            item["metadata"] = without_empty(item["metadata"])
            known = "." not in line["resource"] or line["resource"].endswith(".k8s.io") or line["resource"].split(
                ".", 1)[1] in ("apps", "batch", "autoscaling", "policy")
            if known:
                item = without_empty(item)
            objects[line["resource"], line["version"], line["namespace"], line["name"]] = item
    return objects


def show(value):
    text = json.dumps(value, ensure_ascii=True, sort_keys=True)
    return text if len(text) <= 160 else text[:150] + "... (%d characters)" % len(text)


def differences(a, b, path=""):
    if type(a) is not type(b) or not isinstance(a, (dict, list)):
        if a != b or type(a) is not type(b):
            yield path, show(a), show(b)
    elif isinstance(a, dict):
        for key in sorted(set(a) | set(b)):
            at = "%s.%s" % (path, key)
            if key not in a:
                yield at, "nothing", show(b[key])
            elif key not in b:
                yield at, show(a[key]), "nothing"
            else:
                yield from differences(a[key], b[key], at)
    else:
        if len(a) != len(b):
            yield path, "%d elements" % len(a), "%d elements" % len(b)
        for index, (x, y) in enumerate(zip(a, b)):
            yield from differences(x, y, "%s[%d]" % (path, index))


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("before")
    parser.add_argument("after")
    parser.add_argument("--quiet", action="store_true", help="say nothing when nothing differs")
    args = parser.parse_args()
    try:
        before, after = load(args.before), load(args.after)
    except (OSError, ValueError, KeyError) as failure:
        print("compare.py: %s" % failure, file=sys.stderr)
        return 2
    found = 0
    for key in sorted(set(before) | set(after)):
        name = "/".join(part for part in (key[0], key[2], key[3]) if part)
        if key not in after:
            found += 1
            print("%s: missing" % name)
        elif key not in before:
            found += 1
            print("%s: was not there before" % name)
        else:
            for path, old, new in differences(before[key], after[key]):
                found += 1
                print("%s: %s: %s became %s" % (name, path.lstrip("."), old, new))
    if found or not args.quiet:
        print("%d objects before, %d after, %d differences" % (len(before), len(after), found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
