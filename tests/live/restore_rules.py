#!/usr/bin/env python3
"""What a restore does to single objects (velero-format.md 4.5 to 4.7), as a table; each row is an object of its own.

    restore_rules.py fill KUBECONFIG     creates what is backed up
    restore_rules.py check KUBECONFIG    compares the restored objects with the table, prints what differs
    restore_rules.py owners BEFORE AFTER compares who owns the fields of the objects that have the label "owners"

Namespace "rules" is restored as "mapped". Exit status 0: as in the table.
"""
import copy
import json
import sys

import kube

ABSENT = object()        # a field that must not be there, or as expectation of a row: the whole object
ANY = object()           # a field that has to be there with any value
BIG = 9007199254740993   # does not survive a reader that keeps numbers as doubles

CORE, APPS, BATCH = "/api/v1", "/apis/apps/v1", "/apis/batch/v1"
RBAC = "/apis/rbac.authorization.k8s.io/v1"
POD = {"containers": [{"name": "main", "image": "registry.example/a:1"}]}


def pod(**spec):
    return {"spec": dict(copy.deepcopy(POD), **spec)}


def template(labels):
    return {"metadata": {"labels": labels}, "spec": copy.deepcopy(POD)}


def service(type_, ports, **more):
    return {"spec": dict({"type": type_, "ports": ports, "selector": {"a": "b"}}, **more)}


def applied(ports):
    """The annotation of `kubectl apply`."""
    return {"kubectl.kubernetes.io/last-applied-configuration": json.dumps({"spec": {"ports": ports}})}


class Row:
    def __init__(self, rule, api, plural, name, body, expect, namespace="rules", status=None, query="", **meta):
        self.rule, self.plural, self.name, self.expect, self.status, self.query = rule, plural, name, expect, status, query
        self.api, self.namespace = api, namespace
        version = api[len("/apis/"):] if api.startswith("/apis/") else "v1"
        self.body = dict({"apiVersion": version, "metadata": dict(meta, name=name)}, **body)

    def collection(self, namespace):
        return "%s/%s%s" % (self.api, "namespaces/%s/" % namespace if self.namespace else "", self.plural)


TABLE = [
    # 4.5, step 2: work that has ended
    Row("4.5-2 succeeded pod", CORE, "pods", "succeeded", pod(), ABSENT, status={"phase": "Succeeded"}),
    Row("4.5-2 failed pod", CORE, "pods", "failed", pod(), ABSENT, status={"phase": "Failed"}),
    Row("4.5-2 running pod", CORE, "pods", "running", pod(), {"spec/containers/0/name": "main"}, status={"phase": "Running"}),
    Row("4.5-2 completed job", BATCH, "jobs", "completed", {"spec": {"template": {"spec": dict(POD, restartPolicy="Never")}}},
        ABSENT, status={"startTime": "2026-01-01T00:00:00Z", "completionTime": "2026-01-01T00:00:01Z", "succeeded": 1,
                        "conditions": [{"type": t, "status": "True", "lastProbeTime": None,
                                        "lastTransitionTime": "2026-01-01T00:00:01Z"}
                                       for t in ("SuccessCriteriaMet", "Complete")]}),
    # 4.5, step 4 (a pod needs a node for it)
    Row("4.5-4 mirror pod", CORE, "pods", "mirror", pod(nodeName="n1"), ABSENT,
        annotations={"kubernetes.io/config.mirror": "x"}),
    # 4.5, step 6: what the server sets goes, the rest stays
    Row("4.5-6 metadata", CORE, "configmaps", "meta", {"data": {"k": "v"}, "immutable": True},
        {"metadata/ownerReferences": ABSENT, "metadata/generateName": ABSENT, "metadata/finalizers/0": "orlop.test/keep",
         "metadata/labels/mine": "1", "metadata/annotations/note": "n", "data/k": "v", "immutable": True},
        generateName="me", labels={"mine": "1"}, annotations={"note": "n"}, finalizers=["orlop.test/keep"],
        ownerReferences=[{"apiVersion": "v1", "kind": "Pod", "name": "gone", "uid": "1-2-3"}]),
    # 4.5, step 10
    Row("4.5-10 labels", CORE, "configmaps", "labels", {},
        {"metadata/labels/velero.io~1backup-name": "rules", "metadata/labels/velero.io~1restore-name": "mapped",
         "metadata/namespace": "mapped"}),
    # 4.7, in the order of the format
    Row("4.7 binding, cluster", RBAC, "clusterrolebindings", "rules-cluster",
        {"roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
         "subjects": [{"kind": "ServiceAccount", "name": "a", "namespace": "rules"},
                      {"kind": "ServiceAccount", "name": "a", "namespace": "elsewhere"}]},
        {"subjects/0/namespace": "mapped", "subjects/1/namespace": "elsewhere"}, namespace=None),
    Row("4.7 binding", RBAC, "rolebindings", "bound",
        {"roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
         "subjects": [{"kind": "ServiceAccount", "name": "a", "namespace": "rules"},
                      {"kind": "User", "name": "u", "apiGroup": "rbac.authorization.k8s.io"}]},
        {"subjects/0/namespace": "mapped", "subjects/1/namespace": ABSENT}),
    Row("4.7 job", BATCH, "jobs", "fresh", {"spec": {"template": {"spec": dict(POD, restartPolicy="Never")}}},
        {"spec/template/metadata/labels/job-name": "fresh", "spec/suspend": False,
         "spec/selector/matchLabels/batch.kubernetes.io~1controller-uid": ANY}),
    Row("4.7 pod", CORE, "pods", "placed", pod(nodeName="n1", serviceAccountName="web",
                                                priorityClassName="system-node-critical",
                                                volumes=[{"name": "web-token-x1", "emptyDir": {}}, {"name": "data", "emptyDir": {}}],
                                                containers=[{"name": "main", "image": "i", "volumeMounts": [
                                                    {"name": "web-token-x1", "mountPath": "/t"}, {"name": "data", "mountPath": "/d"}]}]),
        {"spec/nodeName": ABSENT, "spec/priority": 2000001000, "spec/volumes/0/name": "data", "spec/volumes/1": ABSENT,
         "spec/containers/0/volumeMounts/0/name": "data", "spec/containers/0/volumeMounts/1": ABSENT}),
    Row("4.7 pod-volume-restore", CORE, "pods", "waited", pod(initContainers=[
        {"name": "restore-wait", "image": "velero"}, {"name": "mine", "image": "i"}, {"name": "restic-wait", "image": "velero"}]),
        {"spec/initContainers/0/name": "mine", "spec/initContainers/1": ABSENT}),
    Row("4.7 pvc", CORE, "persistentvolumeclaims", "claim",
        {"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}, "volumeName": "rules-pv",
                  "storageClassName": ""}},
        {"spec/volumeName": "rules-pv", "metadata/annotations": {"keep": "1"}},
        annotations=dict({"keep": "1"}, **{k: "x" for k in (
            "pv.kubernetes.io/bind-completed", "pv.kubernetes.io/bound-by-controller",
            "volume.kubernetes.io/storage-provisioner", "volume.beta.kubernetes.io/storage-provisioner",
            "volume.kubernetes.io/selected-node", "velero.io/volume-snapshot-name", "velero.io/data-upload-name")})),
    Row("4.8 pv", CORE, "persistentvolumes", "rules-pv",
        {"spec": {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/x"},
                  "persistentVolumeReclaimPolicy": "Retain",
                  "claimRef": {"namespace": "rules", "name": "claim", "uid": "1-2", "resourceVersion": "5"}}},
        {"spec/claimRef/namespace": "mapped", "spec/claimRef/name": "claim", "spec/claimRef/uid": ABSENT,
         "spec/claimRef/resourceVersion": ABSENT, "metadata/annotations": ABSENT},
        namespace=None, annotations={"pv.kubernetes.io/bound-by-controller": "yes"}),
    Row("4.7 secret of an account that is there", CORE, "secrets", "default-token-abcde",
        {"type": "kubernetes.io/service-account-token", "data": {"token": "dG9r", "ca.crt": "Y2E=", "namespace": "cnVsZXM="}},
        ABSENT, annotations={"kubernetes.io/service-account.name": "default", "kubernetes.io/service-account.uid": "9"}),
    Row("4.7 secret with a token", CORE, "secrets", "made-by-hand",
        {"type": "kubernetes.io/service-account-token", "data": {"token": "dG9r", "ca.crt": "Y2E=", "extra": "eA=="}},
        {"data": {"extra": "eA=="}, "metadata/annotations": {"kubernetes.io/service-account.name": "default"}},
        annotations={"kubernetes.io/service-account.name": "default", "kubernetes.io/service-account.uid": "9"}),
    Row("4.7 secret of another kind", CORE, "secrets", "plain", {"data": {"token": "dG9r", "ca.crt": "Y2E="}},
        {"data": {"token": "dG9r", "ca.crt": "Y2E="}, "type": "Opaque"}),
    Row("4.7 service account", CORE, "serviceaccounts", "default",
        {"secrets": [{"name": "keep"}, {"name": "default-token-abcde"}], "imagePullSecrets": [{"name": "pull"}]},
        {"secrets": [{"name": "keep"}], "imagePullSecrets": [{"name": "pull"}]}),
    # services: addresses and ports
    Row("4.7 service, cluster IP", CORE, "services", "plain", service("ClusterIP", [{"port": 80}], clusterIP="10.0.77.1"),
        {"spec/clusterIP": lambda ip: ip.startswith("10.0.") and ip != "10.0.77.1"}),
    Row("4.7 service, headless", CORE, "services", "headless", service("ClusterIP", [{"port": 80}], clusterIP="None"),
        {"spec/clusterIP": "None"}),
    Row("4.7 service, external name", CORE, "services", "outside",
        {"spec": {"type": "ExternalName", "externalName": "db.example.com"}},
        {"spec/externalName": "db.example.com", "spec/clusterIP": ABSENT}),
    Row("4.7 node port chosen, by owner", CORE, "services", "chosen",
        service("NodePort", [{"port": 80, "nodePort": 30001}]), {"spec/ports/0/nodePort": 30001}),
    Row("4.7 node port chosen, by kubectl apply", CORE, "services", "applied",
        service("NodePort", [{"name": "a", "port": 80, "nodePort": 30002}, {"name": "b", "port": 81, "nodePort": 30003}]),
        {"spec/ports/0/nodePort": 30002, "spec/ports/1/nodePort": lambda port: port != 30003},
        annotations=applied([{"name": "a", "port": 80, "nodePort": 30002}, {"name": "b", "port": 81}])),
    Row("4.7 node port not chosen, unnamed", CORE, "services", "unchosen",
        service("NodePort", [{"port": 80, "nodePort": 30004}]), {"spec/ports/0/nodePort": lambda port: port != 30004},
        annotations=applied([{"port": 80}])),
    Row("4.7 health check port chosen", CORE, "services", "health",
        service("LoadBalancer", [{"port": 80}], externalTrafficPolicy="Local", healthCheckNodePort=30005),
        {"spec/healthCheckNodePort": 30005}),
    Row("4.7 health check port not chosen", CORE, "services", "unhealthy",
        service("LoadBalancer", [{"port": 80}], externalTrafficPolicy="Local", healthCheckNodePort=30006),
        {"spec/healthCheckNodePort": lambda port: port != 30006}, annotations=applied([{"port": 80}])),
    # numbers
    Row("int64", CORE, "pods", "patient", pod(activeDeadlineSeconds=2147483647, terminationGracePeriodSeconds=BIG),
        {"spec/terminationGracePeriodSeconds": BIG}),
    # 4.9: no status without being asked, but by the object's own annotation
    Row("4.9 status", APPS, "deployments", "counted", {"spec": {"replicas": 2, "selector": {"matchLabels": {"a": "b"}},
                                                                "template": template({"a": "b"})}},
        {"status/replicas": ABSENT}, status={"replicas": 2, "updatedReplicas": 2, "observedGeneration": 1}),
    Row("4.9 status by annotation", APPS, "deployments", "told", {"spec": {"selector": {"matchLabels": {"a": "b"}},
                                                                           "template": template({"a": "b"})}},
        {"status/replicas": 7}, status={"replicas": 7, "observedGeneration": 1},
        annotations={"velero.io/restore-status": " True"}),
]

# Who owns fields: (name, requests); each request is (method, query, content type, body).
APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
DEPLOYMENT = {"apiVersion": "apps/v1", "kind": "Deployment", "spec": {
    "replicas": 1, "selector": {"matchLabels": {"a": "b"}}, "template": template({"a": "b"})}}
OWNED = [
    ("one", [("POST", "helm", None, DEPLOYMENT)]),
    ("two", [("POST", "helm", None, DEPLOYMENT),
             ("PATCH", "kubectl-edit", MERGE, {"metadata": {"annotations": {"by": "hand"}}})]),
    ("applied", [("PATCH", "argo&force=true", APPLY, DEPLOYMENT)]),
    ("both", [("PATCH", "argo&force=true", APPLY, DEPLOYMENT),
              ("PATCH", "kubectl", MERGE, {"metadata": {"annotations": {"by": "hand"}}})]),
    ("scaled", [("POST", "helm", None, DEPLOYMENT),
                ("SCALE", "hpa", MERGE, {"spec": {"replicas": 5}})]),
    ("counted", [("POST", "helm", None, DEPLOYMENT),
                 ("STATUS", "controller", MERGE, {"status": {"replicas": 3}})]),
]


def ensure_namespace(cluster, name):
    try:
        cluster.request("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    except kube.Failure as failure:
        if failure.status != 409:
            raise


def fill(cluster):
    for name in ("rules", "owners"):
        ensure_namespace(cluster, name)
    for row in TABLE:
        path = row.collection(row.namespace) + row.query
        cluster.request("POST", path, row.body)
        if row.status is not None:
            cluster.request("PATCH", "%s/%s/status" % (row.collection(row.namespace), row.name), {"status": row.status}, MERGE)
    for name, requests in OWNED:
        where = "/apis/apps/v1/namespaces/owners/deployments"
        for method, manager, kind, body in requests:
            body = dict(body)
            path = "%s/%s" % (where, name)
            if method == "POST":
                body["metadata"] = {"name": name}
                path = where
            if kind == APPLY:
                body["metadata"] = {"name": name}
            path += {"SCALE": "/scale", "STATUS": "/status"}.get(method, "")
            cluster.request("POST" if method == "POST" else "PATCH", "%s?fieldManager=%s" % (path, manager), body,
                            kind or "application/json")
    print("%d objects" % (len(TABLE) + len(OWNED)))


def reach(value, path):
    for part in path.split("/"):
        part = part.replace("~1", "/")
        if isinstance(value, list):
            value = value[int(part)] if int(part) < len(value) else ABSENT
        else:
            value = value.get(part, ABSENT) if isinstance(value, dict) else ABSENT
    return value


def agrees(got, want):
    if want is ANY:
        return got is not ABSENT
    return (got is not ABSENT and want(got)) if callable(want) else got is want if want is ABSENT else got == want


def check(cluster):
    wrong = 0
    for row in TABLE:
        found = []
        try:
            item = cluster.get("%s/%s" % (row.collection("mapped"), row.name))
            if row.expect is ABSENT:
                found.append("was restored")
            else:
                for path, want in row.expect.items():
                    got = reach(item, path)
                    if not agrees(got, want):
                        found.append("%s is %s" % (path, "absent" if got is ABSENT else json.dumps(got)))
        except kube.Failure as failure:
            if row.expect is not ABSENT or failure.status != 404:
                found.append(str(failure))
        for text in found:
            print("%s: %s %s: %s" % (row.rule, row.plural, row.name, text))
        wrong += len(found)
    sys.exit("%d differences" % wrong if wrong else 0)


def owners_of(item, with_status, with_time):
    """The entries without what the restore itself sets."""
    entries = []
    for entry in item["metadata"].get("managedFields", []):
        if entry.get("subresource") == "status" and not with_status:
            continue
        entry = copy.deepcopy(entry)
        meta = entry.get("fieldsV1", {}).get("f:metadata", {})
        for label in ("f:velero.io/backup-name", "f:velero.io/restore-name"):
            meta.get("f:labels", {}).pop(label, None)
        if not set(meta.get("f:labels", {})) - {"."}:
            meta.pop("f:labels", None)
        if not meta:
            entry.get("fieldsV1", {}).pop("f:metadata", None)
        if not with_time:
            entry.pop("time", None)
        entries.append(entry)
    return sorted(entries, key=lambda e: json.dumps(e, sort_keys=True))


def owners(before, after, with_status):
    wrong = 0
    for name, requests in OWNED:
        a, b = (c.get("/apis/apps/v1/namespaces/owners/deployments/" + name) for c in (before, after))
        several = len([r for r in requests if r[0] != "STATUS"]) > 1 or requests[0][2] == APPLY
        x, y = (owners_of(item, with_status, several) for item in (a, b))
        if x != y:
            print("%s:\n  before %s\n  after  %s" % (name, json.dumps(x, sort_keys=True), json.dumps(y, sort_keys=True)))
            wrong += 1
    sys.exit("%d objects have other owners" % wrong if wrong else 0)


if __name__ == "__main__":
    what, clusters = sys.argv[1], [kube.Cluster(path) for path in sys.argv[2:4]]
    if what == "fill":
        fill(clusters[0])
    elif what == "check":
        check(clusters[0])
    elif what in ("owners", "owners-status"):
        owners(clusters[0], clusters[1], what == "owners-status")
    else:
        raise SystemExit(__doc__)
