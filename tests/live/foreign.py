#!/usr/bin/env python3
"""Writes backups as other tools, and Velero of all ages, leave them: one folder for each way to differ.

    foreign.py STORE        writes STORE/backups/NAME, and STORE/team/a/backups/NAME; prints the names, one a line

Python's own tarfile and gzip do the writing, with fixed times: the same bytes every time. Each backup holds config map
demo/settings, if nothing else is said, and is described by velero-format.md, 8.
"""
import gzip
import io
import json
import os
import sys
import tarfile

NS = "demo"
LONG = "n" * 240


def item(kind, name, namespace=NS, api="v1", **more):
    metadata = {"name": name, "uid": "5f0e8a6e-0000-4000-8000-000000000000", "resourceVersion": "7",
                "creationTimestamp": "2026-06-01T01:00:00Z"}
    if namespace:
        metadata["namespace"] = namespace
    metadata.update(more.pop("metadata", {}))
    return dict({"apiVersion": api, "kind": kind, "metadata": metadata}, **more)


def compact(value):
    return json.dumps(value, separators=(",", ":"), sort_keys=True).encode()


NAMESPACE = item("Namespace", NS, None, status={"phase": "Active"})
SETTINGS = item("ConfigMap", "settings", data={"answer": "42", "big": "9223372036854775807"})
POD = item("Pod", "web", spec={
    "containers": [{"name": "web", "image": "registry.example/web:1"}],
    "initContainers": [{"name": "restic-wait", "image": "velero/velero-restic-restore-helper:v1.9.0"},
                       {"name": "prepare", "image": "registry.example/prepare:1"}]}, status={"phase": "Running"})
WIDGET = item("Widget", "w", api="example.org/v1", spec={"wheels": 4})


def autoscaler(version):
    return item("HorizontalPodAutoscaler", "web", api="autoscaling/" + version, spec=dict(
        {"minReplicas": 1, "maxReplicas": 3, "scaleTargetRef": {"kind": "Deployment", "name": "web", "apiVersion": "apps/v1"}},
        **({"targetCPUUtilizationPercentage": 70} if version == "v1" else {})))


def path(gr, obj, version=""):
    namespace = obj["metadata"].get("namespace")
    return "resources/%s/%s%s/%s.json" % (
        gr, version + "/" if version else "", "namespaces/" + namespace if namespace else "cluster",
        obj["metadata"]["name"])


def both(gr, obj):
    """The two copies that Velero has written since 1.4."""
    data = compact(obj)
    version = obj["apiVersion"].rpartition("/")[2] + "-preferredversion"
    return [(path(gr, obj), data), (path(gr, obj, version), data)]


def one(gr, obj):
    return [(path(gr, obj), compact(obj))]


VERSION = [("metadata/version", b"1.1.0\n")]
USUAL = VERSION + both("namespaces", NAMESPACE) + both("configmaps", SETTINGS)
OLD = [("metadata/version", b"1\n")] + one("namespaces", NAMESPACE) + one("configmaps", SETTINGS)


def tar(entries, form=tarfile.USTAR_FORMAT, prefix="", folders=False):
    out, made = io.BytesIO(), set()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        for name, data in entries:
            parts = name.split("/")[:-1]
            for depth in range(1, len(parts) + 1 if folders else 0):
                folder = "/".join(parts[:depth])
                if folder not in made:
                    made.add(folder)
                    info = tarfile.TarInfo(prefix + folder)
                    info.type, info.mode = tarfile.DIRTYPE, 0o755
                    archive.addfile(info)
            info = tarfile.TarInfo(prefix + name)
            info.size, info.mode = len(data), 0o755
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def packed(data):
    return gzip.compress(data, 6, mtime=0)


def metadata(name, **changes):
    doc = {"kind": "Backup", "apiVersion": "velero.io/v1",
           "metadata": {"name": name, "namespace": "velero", "creationTimestamp": "2026-06-01T02:00:00Z",
                        "labels": {"velero.io/storage-location": "default"},
                        "annotations": {"velero.io/source-cluster-k8s-gitversion": "v1.30.0"}},
           "spec": {"includedNamespaces": ["*"], "ttl": "720h0m0s", "storageLocation": "default", "hooks": {}},
           "status": {"version": 1, "formatVersion": "1.1.0", "phase": "Completed", "expiration": "2036-07-01T02:00:00Z",
                      "startTimestamp": "2026-06-01T02:00:00Z", "completionTimestamp": "2026-06-01T02:00:09Z",
                      "progress": {"totalItems": 2, "itemsBackedUp": 2}}}
    for part, values in changes.items():
        for key, value in values.items():
            if value is Ellipsis:
                del doc[part][key]
            else:
                doc[part][key] = value
    return json.dumps(doc, indent=2).encode()


LOG = b'time="2026-06-01T02:00:01Z" level=info msg="Setting up backup log" backup=velero/demo\n'
SIDES = {
    "-logs.gz": LOG,
    "-resource-list.json.gz": b'{"v1/ConfigMap":["demo/settings"],"v1/Namespace":["demo"]}\n',
    "-results.gz": b'{"errors":{},"warnings":{}}\n',
    "-volumeinfo.json.gz": b'[{"pvcName":"db","pvcNamespace":"demo","pvName":"pv-1","snapshotDataMoved":false,'
                           b'"preserveLocalSnapshot":false,"skipped":true,"skippedReason":"not asked for"}]\n',
    "-volumesnapshots.json.gz": b"[]\n",
    "-podvolumebackups.json.gz": b"[]\n",
    "-itemoperations.json.gz": b"[]\n",
}


class Store:
    def __init__(self, root):
        self.root = root

    def put(self, key, data):
        full = os.path.join(self.root, key)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "wb") as file:
            file.write(data)

    def backup(self, name, entries=None, tarball=None, sides=None, without=(), **changes):
        """sides: further or other side files, by suffix; changes: of the metadata."""
        print(name)
        folder = "backups/%s/%s" % (name, name)
        self.put("backups/%s/velero-backup.json" % name, metadata(name, **changes))
        self.put(folder + ".tar.gz", packed(tar(USUAL if entries is None else entries)) if tarball is None else tarball)
        for suffix, data in dict(SIDES, **(sides or {})).items():
            if suffix not in without:
                self.put(folder + suffix, packed(data))


def versions(store):
    store.backup("velero-1.18")
    store.backup("format-1", OLD, status={"formatVersion": "1"})
    store.backup("format-1.0.0", OLD, status={"formatVersion": "1.0.0"})
    store.backup("version-only", OLD, status={"formatVersion": ...})
    store.backup("no-versioned-copies", OLD)
    store.backup("versions-of-1.18-unknown", status={"formatVersion": "2.7"})


def side_files(store):
    for suffix in SIDES:
        store.backup("without" + suffix.partition(".")[0], without=[suffix])
    store.backup("without-all", without=SIDES)
    store.backup("null-lists", sides={suffix: b"null\n" for suffix in SIDES if suffix != "-logs.gz"},
                 metadata={"labels": None, "annotations": None},
                 spec={"includedNamespaces": None, "excludedResources": None, "labelSelector": None, "hooks": None},
                 status={"validationErrors": None, "progress": None, "hookStatus": None})
    store.backup("json-log", sides={"-logs.gz": b'{"level":"info","msg":"Setting up backup log"}\n'})
    store.backup("several-values", sides={"-results.gz": b'{"errors":{},"warnings":{"cluster":["of a node"]}}\n{}\n'},
                 status={"warnings": 1})
    store.backup("other-case", sides={
        "-volumeinfo.json.gz": b'[{"PVCName":"db","PVCNamespace":"demo","PVName":"pv-1","BackupMethod":"CSISnapshot",'
                               b'"csiSnapshotInfo":{"snapshotHandle":"s-1","readytouse":true},"Result":"succeeded"},'
                               b'{"pvName":"pv-2","backupMethod":"NativeSnapshot","nativeSnapshotInfo":{"phase":"Completed",'
                               b'"iops":"100"}}]\n',
        "-itemoperations.json.gz": b'[{"spec":{"resourceIdentifier":{"group":"g","RESOURCE":"r","Namespace":"n",'
                                   b'"name":"x"},"operationID":"1"},"status":{"phase":"Completed"}}]\n'})
    store.backup("csi-of-1.16", sides={
        "-csi-volumesnapshots.json.gz": compact([{
            "apiVersion": "snapshot.storage.k8s.io/v1", "kind": "VolumeSnapshot",
            "metadata": {"name": "velero-db-x7k2p", "namespace": "demo"},
            "spec": {"source": {"persistentVolumeClaimName": "db"}},
            "status": {"boundVolumeSnapshotContentName": "snapcontent-1", "readyToUse": True, "restoreSize": "8Gi"}}]),
        "-csi-volumesnapshotcontents.json.gz": compact([{
            "apiVersion": "snapshot.storage.k8s.io/v1", "kind": "VolumeSnapshotContent",
            "metadata": {"name": "snapcontent-1"}, "spec": {"driver": "ebs.csi.aws.com"},
            "status": {"snapshotHandle": "snap-0815", "readyToUse": True}}]),
        "-csi-volumesnapshotclasses.json.gz": compact([{"metadata": {"name": "ebs"}, "driver": "ebs.csi.aws.com"}])},
                 status={"csiVolumeSnapshotsAttempted": 1, "csiVolumeSnapshotsCompleted": 1})
    store.backup("pod-volumes", sides={"-podvolumebackups.json.gz": compact([{
        "spec": {"pod": {"namespace": "demo", "name": "web"}, "volume": "data", "uploaderType": "restic"},
        "status": {"phase": "Completed"}}]), "-volumesnapshots.json.gz": compact([{
            "spec": {"persistentVolumeName": "pv-1", "providerVolumeID": "vol-1", "location": "aws-default"},
            "status": {"providerSnapshotID": "snap-1", "phase": "Completed"}}])})


def documents(store):
    store.backup("unknown-fields", spec={"levitate": True, "volumeGroupSnapshotLabelKey": 7, "futures": {"a": [1, None]}},
                 status={"antigravity": {"g": 0}})
    store.backup("unknown-phase", status={"phase": "Levitating"})
    store.backup("finalizing", status={"phase": "FinalizingPartiallyFailed"})
    store.backup("deleting", status={"phase": "Deleting"})
    store.backup("no-status-yet", status={key: ... for key in (
        "formatVersion", "phase", "expiration", "startTimestamp", "completionTimestamp", "progress")})
    store.backup("fractions-of-seconds", metadata={"creationTimestamp": "2026-06-01T02:00:00.123456789Z"}, status={
        "startTimestamp": "2026-06-01T02:00:00.5Z", "completionTimestamp": "2026-06-01T04:00:09.000001+02:00"})
    store.backup("owned", metadata={"namespace": "backup-system", "finalizers": ["a/b"], "ownerReferences": [
        {"apiVersion": "velero.io/v1", "kind": "Schedule", "name": "daily", "uid": "1"}]}, spec={"storageLocation": "s3-eu"})


def archives(store):
    store.backup("unknown-resource", USUAL + both("widgets.example.org", WIDGET))
    store.backup("labels-null", VERSION + both("configmaps", item(
        "ConfigMap", "settings", data=SETTINGS["data"], metadata={"labels": None, "annotations": None})))
    store.backup("dot-slash", tarball=packed(tar(USUAL, prefix="./", folders=True)))
    store.backup("directory-entries", tarball=packed(tar(USUAL, folders=True)))
    long_name = item("ConfigMap", LONG, data={"k": "v"})
    store.backup("gnu-long-names", tarball=packed(tar(USUAL + both("configmaps", long_name), tarfile.GNU_FORMAT)))
    store.backup("pax-names", tarball=packed(tar(USUAL + both("configmaps", long_name), tarfile.PAX_FORMAT)))
    whole = tar(USUAL)
    store.backup("several-gzip-members", tarball=b"".join(
        packed(whole[at:at + 1000]) for at in range(0, len(whole), 1000)))
    store.backup("other-files", VERSION + [("resources/configmaps/README", b"x"), ("notes.txt", b"x"),
                                           ("resources/configmaps/strange/deep/down/x.json", b"{}")] + USUAL[1:])
    older = item("ConfigMap", "settings", data={"answer": "41"})
    store.backup("twice", VERSION + both("configmaps", older) + USUAL[1:])
    settings = both("configmaps", SETTINGS)
    store.backup("versioned-first", VERSION + both("namespaces", NAMESPACE) + settings[::-1])
    store.backup("api-group-versions", USUAL + both("horizontalpodautoscalers.autoscaling", autoscaler("v2")) + [
        (path("horizontalpodautoscalers.autoscaling", autoscaler("v1"), "v1"), compact(autoscaler("v1")))])
    store.backup("versioned-only", USUAL + [
        (path("horizontalpodautoscalers.autoscaling", autoscaler("v1"), "v1"), compact(autoscaler("v1")))])
    store.backup("restic-wait", USUAL + both("pods", POD))
    store.backup("no-resources", VERSION)
    store.backup("no-entries", [])


def main(root):
    store = Store(root)
    for part in (versions, side_files, documents, archives):
        part(store)
    # Below a prefix, beside what other tools keep there.
    below = Store(os.path.join(root, "team", "a"))
    below.backup("below-a-prefix")
    below.put("kopia/demo/kopia.repository", b"x")
    below.put("backups/stray-file", b"x")
    below.put("backups/folder-of-another-tool/manifest.json", b"{}")
    # What a restore by Velero leaves.
    store.put("restores/by-velero/restore-by-velero-logs.gz", packed(LOG))
    store.put("restores/by-velero/restore-by-velero-results.gz", packed(b'{"errors":{},"warnings":{}}\n'))
    store.put("restores/by-velero/restore-by-velero-resource-list.json.gz", packed(
        b'{"v1/ConfigMap":["demo/settings(created)"]}\n'))


if __name__ == "__main__":
    main(sys.argv[1])
