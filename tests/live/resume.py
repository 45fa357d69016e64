#!/usr/bin/env python3
"""Kills restores at random moments and continues them.

    resume.py kill KUBECONFIG LOCATION N SEED     N restores of backup b1 into namespaces of their own
    resume.py fill KUBECONFIG                     what b1 is made of

A continued restore must leave what an undisturbed one leaves, and must not touch again what was there when it began.
ORLOP is the program. The seed is printed.
"""
import concurrent.futures
import os
import random
import subprocess
import sys
import time

import kube

SPACES = ["resume-a", "resume-b", "resume-c"]
EACH = 60
TYPES = ("configmaps", "secrets", "serviceaccounts")


def fill(cluster):
    for space in SPACES:
        cluster.request("POST", "/api/v1/namespaces", {"metadata": {"name": space, "labels": {"resume": "yes"}}})
    jobs = [("/api/v1/namespaces/%s/%s" % (space, kind), dict(metadata={"name": "%s-%03d" % (kind, i)}, **body))
            for space in SPACES for i in range(EACH)
            for kind, body in (("configmaps", {"data": {"i": str(i)}}), ("secrets", {"stringData": {"i": str(i)}}),
                               ("serviceaccounts", {}))]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda job: cluster.request("POST", *job), jobs))


def contents(cluster, spaces):
    """(namespace's place, type, name) -> (content, uid, resourceVersion)"""
    found = {}
    for place, space in enumerate(spaces):
        for kind in TYPES:
            for item in cluster.items("/api/v1/namespaces/%s/%s" % (space, kind)):
                meta = item["metadata"]
                content = {k: v for k, v in item.items() if k not in ("metadata", "kind", "apiVersion")}
                found[place, kind, meta["name"]] = (content, meta["uid"], meta["resourceVersion"])
    return found


def orlop(location, kubeconfig, *args):
    return [os.environ["ORLOP"], "restore", "create", *args, "-q", "--location", location, "--kubeconfig", kubeconfig]


def begin(location, kubeconfig, name):
    targets = ["%s-%s" % (name, space) for space in SPACES]
    return targets, orlop(location, kubeconfig, name, "--from-backup", "b1", "--include-namespaces", ",".join(SPACES),
                          "--namespace-mappings", ",".join("%s:%s" % pair for pair in zip(SPACES, targets)))


def one(cluster, location, kubeconfig, name, after, wanted):
    targets, command = begin(location, kubeconfig, name)
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        time.sleep(after)
        process.kill()
        process.stderr.read()
    before = contents(cluster, targets)
    resumed = subprocess.run(orlop(location, kubeconfig, "--resume", name), capture_output=True, text=True, timeout=60,
                             check=False)
    if resumed.returncode != 0 and ("has no restore" in resumed.stderr or "nothing left to continue" in resumed.stderr):
        # It was killed before it had the name, or when all was done.
        if "has no restore" in resumed.stderr:
            assert not before, "%s: objects without a claim" % name
            return 0
        after_all = contents(cluster, targets)
    else:
        assert resumed.returncode == 0, "%s, killed after %.4f s: %s" % (name, after, resumed.stderr)
        after_all = contents(cluster, targets)
    assert {k: v[0] for k, v in after_all.items()} == wanted, "%s, killed after %.4f s: %d objects instead of %d" % (
        name, after, len(after_all), len(wanted))
    for key, value in before.items():
        assert after_all[key] == value, "%s, killed after %.4f s: %s was touched again" % (name, after, key)
    return int(0 < len(before) < len(wanted))


def kill(cluster, kubeconfig, location, count, seed):
    print("seed", seed)
    rand = random.Random(seed)
    wanted = {k: v[0] for k, v in contents(cluster, SPACES).items()}
    targets, command = begin(location, kubeconfig, "undisturbed")
    started = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    took = time.monotonic() - started
    assert {k: v[0] for k, v in contents(cluster, targets).items()} == wanted, "the undisturbed restore is another"
    middle = sum(one(cluster, location, kubeconfig, "killed-%d" % i, rand.uniform(0, took * 1.1), wanted)
                 for i in range(count))
    print("%d of %d were killed in the middle" % (middle, count))
    assert middle >= count // 5, "too few were killed in the middle"


def main():
    cluster = kube.Cluster(sys.argv[2])
    if sys.argv[1] == "fill":
        fill(cluster)
    else:
        kill(cluster, sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5]))


if __name__ == "__main__":
    main()
