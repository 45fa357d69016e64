#!/usr/bin/env python3
"""Compares two clusters into which the same was restored, object by object and field by field: snapshots of snapshot.py.

    velerodiff.py FIRST SECOND [--name FIRST=SECOND]... [--allow SET] [--ports]
    velerodiff.py --rows

FIRST is what Velero restored. --name pairs the names that the two gave to one thing: a backup, a restore. --allow adds
a set of explained differences (see EXPLAINED). --ports: all node ports have to be the same, chosen or not. --rows prints the explained differences, a line each: the document has
them, too.

Nothing is left out but what no two clusters have in common (NOISE) and what is explained (EXPLAINED): both are as
narrow as they can be. Exit status 0: the same; 1: something else differs; 2: the files can't be read.
"""
import argparse
import fnmatch
import itertools
import json
import sys

import compare


def allocated(item):
    return compare.label(item, "ipaddress.kubernetes.io/managed-by") == "ipallocator.k8s.io"


def identity(item):
    return compare.label(item, "apiserver.kubernetes.io/identity") is not None


def drop_group_of_accounts(item):
    for subject in item.get("subjects", []):
        if subject.get("kind") == "Group" and subject["name"].startswith("system:serviceaccounts:"):
            subject["name"] = "system:serviceaccounts:"


def drop_restore_name(item):
    item["metadata"].get("labels", {}).pop("velero.io/restore-name", None)


# Objects that every API server writes about itself: resource, namespace, name, condition.
NOISE_OBJECTS = [
    ("services", "default", "kubernetes", None),
    ("endpoints", "default", "kubernetes", None),
    ("endpointslices.discovery.k8s.io", "default", "kubernetes", None),
    ("leases.coordination.k8s.io", "kube-system", "*", identity),
    ("configmaps", "kube-system", "extension-apiserver-authentication", None),
    ("configmaps", "kube-system", "kube-apiserver-legacy-service-account-token-tracking", None),
    ("events", "*", "*", None),
    ("events.events.k8s.io", "*", "*", None),
]

# Fields with a moment, a random number or an identity in them: resource, path.
NOISE_FIELDS = [
    ("*", ("metadata", "uid")),
    ("*", ("metadata", "resourceVersion")),
    ("*", ("metadata", "creationTimestamp")),
    ("*", ("metadata", "managedFields")),  # compared as owners, below
    ("apiservices.apiregistration.k8s.io", ("status", "conditions", "*", "lastTransitionTime")),
    ("customresourcedefinitions.apiextensions.k8s.io", ("status", "conditions", "*", "lastTransitionTime")),
    ("flowschemas.flowcontrol.apiserver.k8s.io", ("status", "conditions", "*", "lastTransitionTime")),
    ("servicecidrs.networking.k8s.io", ("status", "conditions", "*", "lastTransitionTime")),
    ("persistentvolumes", ("status", "lastPhaseTransitionTime")),
    ("jobs.batch", ("spec", "selector", "matchLabels", "batch.kubernetes.io/controller-uid")),
    ("jobs.batch", ("spec", "template", "metadata", "labels", "batch.kubernetes.io/controller-uid")),
    ("jobs.batch", ("spec", "template", "metadata", "labels", "controller-uid")),
]

# Allocated by chance: only when nobody asked for the value, which the owner of the field tells. After a restore that
# preserves node ports all of them have to be the same.
NOISE_EDITS = [
    ("services", compare.drop_addresses),
    ("services", compare.drop_allocated_ports),
    ("secrets", compare.drop_issued_token),
]


def fields(tree, path=()):
    """The fields that an entry of metadata.managedFields names: paths of its own notation."""
    for step, inner in tree.items():
        if not inner and step not in (".", "f:labels"):  # a map of labels without labels is no value
            yield path + (step,)
        yield from fields(inner, path + (step,))


def exists(value, path):
    """Whether the object has what such a path names."""
    if not path:
        return True
    kind, _, what = path[0].partition(":")
    if kind == "f":
        return isinstance(value, dict) and what in value and exists(value[what], path[1:])
    if not isinstance(value, list):
        return False
    want = json.loads(what)
    if kind == "v":
        return want in value
    # Some defaults are part of a key though nobody wrote them.
    return any(exists(element, path[1:]) for element in value
               if isinstance(element, dict) and all(element.get(key, wish) == wish for key, wish in want.items()))


def owners(item, entries):
    """Who owns each field of the object, by the server's record."""
    found = {}
    for entry in entries:
        if entry.get("subresource") != "status":
            for path in fields(entry.get("fieldsV1", {})):
                if exists(item, path):
                    found.setdefault(" ".join(path), set()).add("%s (%s)" % (entry.get("manager"), entry["operation"]))
    return {path: sorted(names) for path, names in found.items()}


# Differences with a reason: set ("" is always allowed), key, resource, namespace, name, condition or None, function that
# edits the object or None (the object is left out), what differs. The key stands in docs/velero-compatibility.md.
EXPLAINED = [
    ("", "server-itself", "*", "velero", "*", None, None, "the namespace of the Velero server in its own cluster"),
    ("", "server-itself", "namespaces", "", "velero", None, None, "that namespace"),
    ("", "server-itself", "customresourcedefinitions.apiextensions.k8s.io", "", "*.velero.io", None, None,
     "definitions that the server needs"),
    ("", "server-itself", "apiservices.apiregistration.k8s.io", "", "v*.velero.io", None, None, "made from these"),
    ("", "root-ca", "configmaps", "*", "kube-root-ca.crt", None, None, "orlop leaves the old cluster's CA alone"),
    ("", "allocated-addresses", "ipaddresses.networking.k8s.io", "", "*", allocated, None,
     "orlop leaves records of the old cluster's service addresses alone"),
    ("update", "label-of-equal-account", "serviceaccounts", "*", "default", None, drop_restore_name,
     "with the policy update orlop labels a service account that is the same, as it does other objects"),
    ("update", "label-of-equal-account", "serviceaccounts", "pop-shop", "web", None, drop_restore_name, "as above"),
    ("update", "volume-of-lost-claim", "persistentvolumes", "", "pv-kept", None, drop_restore_name,
     "orlop takes the volume along that a claim names, in whatever phase the claim is"),
    ("map", "group-of-mapped-accounts", "rolebindings.rbac.authorization.k8s.io", "copy-shop", "*", None,
     drop_group_of_accounts, "Velero maps the namespace of single service accounts only, orlop of the group, too"),
]

# The same for who owns a field: key, resource, path of the field, owner by Velero, by orlop; None is nobody.
EXPLAINED_OWNERS = [
    ("owner-of-labels", "*", "f:metadata f:labels f:velero.io/*-name", None, "*"),
    ("owner-of-defaults", "*", "*", None, "*"),
    ("owner-itself", "*", "*", "velero-server (Update)", "orlop (Update)"),
]


def matches(row, line):
    resource, namespace, name, condition = row
    return (fnmatch.fnmatchcase(line["resource"], resource) and fnmatch.fnmatchcase(line["namespace"], namespace)
            and fnmatch.fnmatchcase(line["name"], name) and (condition is None or condition(line["object"])))


def owner_differences(resource, first, second):
    for path in sorted(set(first) | set(second)):
        old, new = first.get(path), second.get(path)
        if old != new and not any(
                fnmatch.fnmatchcase(resource, kind) and fnmatch.fnmatchcase(path, pattern)
                and old == (by_velero and [by_velero]) and by_orlop in ("*", *(new or ()))
                for _, kind, pattern, by_velero, by_orlop in EXPLAINED_OWNERS):
            yield path, compare.show(old), compare.show(new)


def load(path, sets, ports):
    objects = {}
    with open(path, encoding="utf-8") as file:
        lines = [json.loads(text) for text in file]
    for line in lines:
        if any(matches(row, line) for row in NOISE_OBJECTS):
            continue
        item, out = line["object"], False
        owned = owners(item, item["metadata"].get("managedFields", []))
        for resource, edit in NOISE_EDITS:
            if line["resource"] == resource and not (ports and edit == compare.drop_allocated_ports):
                edit(item)
        for chosen, _, resource, namespace, name, condition, edit, _ in EXPLAINED:
            if chosen in sets and matches((resource, namespace, name, condition), line):
                if edit is None:
                    out = True
                else:
                    edit(item)
        if out:
            continue
        for resource, field in NOISE_FIELDS:
            if resource in ("*", line["resource"]):
                compare.remove(item, field)
        objects[line["resource"], line["version"], line["namespace"], line["name"]] = (item, owned)
    return objects


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("first", nargs="?")
    parser.add_argument("second", nargs="?")
    parser.add_argument("--name", action="append", default=[])
    parser.add_argument("--allow", action="append", default=[""])
    parser.add_argument("--ports", action="store_true")
    parser.add_argument("--rows", action="store_true")
    args = parser.parse_args()
    if args.rows:
        print("\n".join(sorted({row[1] for row in EXPLAINED} | {row[0] for row in EXPLAINED_OWNERS})))
        return 0
    pairs = {tuple(json.dumps(name) for name in pair.split("=", 1)) for pair in args.name}
    try:
        first, second = (load(path, args.allow, args.ports) for path in (args.first, args.second))
    except (OSError, ValueError, KeyError, TypeError) as failure:
        print("velerodiff.py: %s" % failure, file=sys.stderr)
        return 2
    found = 0
    for key in sorted(set(first) | set(second)):
        name = "/".join(part for part in (key[0], key[2], key[3]) if part)
        if key not in second or key not in first:
            found += 1
            print("%s: only in the %s cluster" % (name, "second" if key in second else "first"))
            continue
        for path, old, new in itertools.chain(compare.differences(first[key][0], second[key][0]),
                                              owner_differences(key[0], first[key][1], second[key][1])):
            if ".labels.velero.io/" in path and (old, new) in pairs:
                continue
            found += 1
            print("%s: %s: %s or %s" % (name, path.lstrip("."), old, new))
    print("%d objects in the first cluster, %d in the second, %d differences" % (len(first), len(second), found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
