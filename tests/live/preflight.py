"""Backups as other tools write them, from a script on stdin that calls add(path below resources, object), annotate(minor
version of the cluster) and volumes(entries of the volume info); --crd NAME.KIND SCOPE prints a definition."""
import gzip
import io
import json
import os
import sys
import tarfile


def obj(kind, name, namespace=None, api="v1", **more):
    meta = {"name": name}
    if namespace:
        meta["namespace"] = namespace
    return dict({"apiVersion": api, "kind": kind, "metadata": meta}, **more)


def claim(name, namespace, **spec):
    spec = dict({"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}, **spec)
    return obj("PersistentVolumeClaim", name, namespace, spec=spec)


def pod(name, namespace, **spec):
    return obj("Pod", name, namespace, spec=dict({"containers": [{"name": "c", "image": "i"}]}, **spec))


def workload(name, namespace, replicas=1, annotations=None, **spec):
    labels = {"app": name}
    made = obj("Deployment", name, namespace, api="apps/v1", spec={
        "replicas": replicas, "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": dict({"containers": [{"name": "c", "image": "i"}]}, **spec)}})
    if annotations:
        made["metadata"]["annotations"] = annotations
    return made


def definition(text, scope):
    plural, _, rest = text.partition(".")
    group, _, kind = rest.rpartition(".")
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    made = obj("CustomResourceDefinition", "%s.%s" % (plural, group), api="apiextensions.k8s.io/v1", spec={
        "group": group, "scope": scope, "names": {"plural": plural, "kind": kind},
        "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}]})
    made["metadata"]["annotations"] = {"api-approved.kubernetes.io": "unapproved, for tests"}
    return made


def write(folder, name):
    os.makedirs(folder, exist_ok=True)
    annotations = {}
    with tarfile.open("%s/%s.tar.gz" % (folder, name), "w:gz") as tar:
        def add(path, item):
            data = json.dumps(item, separators=(",", ":")).encode()
            entry = tarfile.TarInfo("resources/%s.json" % path)
            entry.size, entry.mode = len(data), 0o755
            tar.addfile(entry, io.BytesIO(data))

        def annotate(minor):
            annotations.update({"velero.io/source-cluster-k8s-gitversion": "v1.%s.0" % minor,
                                "velero.io/source-cluster-k8s-minor-version": minor})

        def volumes(*entries):
            with gzip.open("%s/%s-volumeinfo.json.gz" % (folder, name), "wt") as out:
                json.dump(entries, out)

        exec(sys.stdin.read(), dict(globals(), add=add, annotate=annotate, volumes=volumes))
    with open(folder + "/velero-backup.json", "w") as out:
        json.dump({"kind": "Backup", "apiVersion": "velero.io/v1",
                   "metadata": {"name": name, "namespace": "velero", "annotations": annotations},
                   "spec": {}, "status": {"version": 1, "formatVersion": "1.1.0", "phase": "Completed"}}, out)


if sys.argv[1] == "--crd":
    print(json.dumps(definition(*sys.argv[2:])))
else:
    write(*sys.argv[1:])
