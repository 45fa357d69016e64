#!/usr/bin/env python3
"""Reads every object of a cluster into a file: one JSON line each, sorted, numbers exactly as the server wrote them.

    snapshot.py KUBECONFIG [--namespace NS]... > FILE

Covers the types that can be listed, read, created and deleted: those that can be backed up. With --namespace only
these namespaces and what is in them. compare.py tells two such files apart.
"""
import argparse
import json
import sys

import kube


def tag_floats(value):
    """Floats become {"float": "1e100"}: JSON text that no reader rounds."""
    if isinstance(value, kube.Float):
        return {"float": str(value)}
    if isinstance(value, dict):
        return {k: tag_floats(v) for k, v in value.items()}
    if isinstance(value, list):
        return [tag_floats(v) for v in value]
    return value


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("kubeconfig")
    parser.add_argument("--namespace", action="append", default=[])
    args = parser.parse_args()
    cluster = kube.Cluster(args.kubeconfig)
    lines = []
    for prefix, version, resource in cluster.types():
        group = version.rpartition("/")[0]
        name = resource["name"] + ("." + group if group else "")
        for item in cluster.items("%s/%s" % (prefix, resource["name"])):
            meta = item["metadata"]
            inside = meta.get("namespace") or (meta["name"] if name == "namespaces" else None)
            if args.namespace and inside not in args.namespace:
                continue
            lines.append((name, meta.get("namespace", ""), meta["name"], version, item))
    for name, namespace, item_name, version, item in sorted(lines, key=lambda line: line[:3]):
        json.dump({"resource": name, "version": version, "namespace": namespace, "name": item_name,
                   "object": tag_floats(item)}, sys.stdout, sort_keys=True)
        print()


if __name__ == "__main__":
    main()
