#!/usr/bin/env python3
"""Fills a cluster, for tests and measurements.

    populate.py KUBECONFIG              about a hundred objects of every built-in kind that a plain API server takes,
                                        custom resources, and values that are easily damaged
    populate.py KUBECONFIG --bulk N     N ConfigMaps and Secrets, 2 KB on average, in 50 namespaces
    populate.py --bulk N --print        the same as lines "path<tab>JSON", for tests/bench/rawpost
    populate.py KUBECONFIG --delete     deletes the namespaces of the first form and waits until they are gone

Prints what was created. The same objects every time: nothing here depends on time or chance.
"""
import argparse
import base64
import concurrent.futures
import hashlib
import itertools
import json
import sys
import time

import kube

MARK = {"orlop.test/populated": "yes"}
LONG_NAMESPACE = "pop-" + "n" * 59  # the 63 characters that a namespace may have
NAMESPACES = ["pop-shop", "pop-data", "pop-empty", LONG_NAMESPACE]
LONG_NAME = ".".join(["a" * 63, "b" * 63, "c" * 63, "d" * 61])  # the 253 characters that most names may have
assert len(LONG_NAME) == 253 and len(LONG_NAMESPACE) == 63

# What escaping gets wrong: markup, quotes, controls, line separators that JSON allows and JavaScript doesn't,
# characters of 2, 3 and 4 bytes, combining and right-to-left ones.
TEXTS = {
    "markup": "<a href=\"x\">&amp; 'quoted' \\ / </a>",
    "controls": "tab\t newline\n return\r bell\u0007 escape\u001b delete\u007f next\u0085 end",
    "separators": "line\u2028paragraph\u2029end",
    "emoji": "\U0001f6a2\U0001f469\u200d\U0001f680 \U0001f3f4\u200d\u2620\ufe0f",
    "languages": "Grüße, 日本語, Ελληνικά, שלום, مرحبا, e\u0301",
    "edges": "\ufffd\ufeff\ud7ff\ue000\U0010ffff",
    "template": "{{ .Values.x }} ${HOME} $(id) `id` %s %n \\u0041 \\n",
    "empty": "",
    "spaces": "  leading and trailing  \n\n",
}


def pod_spec(image="registry.example/shop/web:1.4", **more):
    return dict({"containers": [{"name": "main", "image": image, "command": ["sh", "-c", "while :; do date; done"],
                                 "env": [{"name": "TEXT", "value": TEXTS["markup"]}],
                                 "ports": [{"containerPort": 8080, "name": "http"}],
                                 "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}}}]}, **more)


def template(app, **more):
    return {"metadata": {"labels": {"app": app}}, "spec": pod_spec(**more)}


def selector(app):
    return {"matchLabels": {"app": app}}


def obj(api, plural, name, namespace=None, body=None, status=None, **meta):
    """One row: where it goes and what it is. `body` holds everything but apiVersion and metadata; only custom resources
    need a kind."""
    prefix = "/api/" + api if "/" not in api else "/apis/" + api
    path = prefix + ("/namespaces/" + namespace if namespace else "") + "/" + plural
    metadata = dict({"name": name}, **meta)
    if namespace:
        metadata["namespace"] = namespace
    return path, name, dict({"apiVersion": api, "metadata": metadata}, **(body or {})), status


def core():
    shop, data = "pop-shop", "pop-data"
    for name in NAMESPACES:
        yield obj("v1", "namespaces", name, labels=MARK, annotations={"orlop.test/text": TEXTS["emoji"]})
    # Before the pods: it fills in their defaults, in the restored cluster as here.
    yield obj("v1", "limitranges", "defaults", shop, {"spec": {"limits": [
        {"type": "Container", "default": {"cpu": "500m"}, "defaultRequest": {"memory": "32Mi"}}]}})
    yield obj("v1", "serviceaccounts", "web", shop, {
        "secrets": [{"name": "web-token-x7k2p"}, {"name": "registry"}], "imagePullSecrets": [{"name": "registry"}],
        "automountServiceAccountToken": False})
    for name, namespace in (("texts", shop), ("texts", LONG_NAMESPACE), (LONG_NAME, LONG_NAMESPACE)):
        yield obj("v1", "configmaps", name, namespace, {"data": TEXTS})
    yield obj("v1", "configmaps", "many-labels", shop, {"data": {"a": "b"}},
              labels={"%s/%s" % (".".join(["p" * 61] * 4), "k" * 63): "v" * 63, "app": "web", "empty": ""},
              annotations={"big": "x" * 100000, "text": TEXTS["separators"]}, finalizers=["orlop.test/keep"])
    # The API server allows values of 1 MiB in total.
    yield obj("v1", "configmaps", "one-mebibyte", shop, {
        "data": {"lines": ("%063d\n" % 7) * 8192 + "<&>" * 1024},
        "binaryData": {"bytes": base64.b64encode(b"".join(hashlib.sha512(b"%d" % i).digest() for i in range(8144)))
                       .decode()}})
    yield obj("v1", "configmaps", "locked", data, {"data": {"k": "v"}, "immutable": True})
    yield obj("v1", "secrets", "password", data, {"stringData": {"password": "correct horse " + TEXTS["emoji"]}})
    yield obj("v1", "secrets", "bytes", data, {
        "type": "orlop.test/bytes", "data": {"all": base64.b64encode(bytes(range(256))).decode()}})
    yield obj("v1", "secrets", "registry", shop, {"type": "kubernetes.io/dockerconfigjson", "stringData": {
        ".dockerconfigjson": '{"auths":{"registry.example":{"auth":"eDp5"}}}'}})
    # A controller, where one runs, issues the token; it would delete this Secret for a uid that nobody has.
    yield obj("v1", "secrets", "long-lived", shop, {"type": "kubernetes.io/service-account-token"},
              annotations={"kubernetes.io/service-account.name": "web"})
    # Services: what is allocated by the server, what is asked for, and what must stay as it is.
    port = {"name": "http", "port": 80, "targetPort": "http"}
    yield obj("v1", "services", "web", shop, {"spec": {"selector": {"app": "web"}, "ports": [port]}})
    yield obj("v1", "services", "headless", data, {"spec": {"clusterIP": "None", "ports": [port]}})
    yield obj("v1", "services", "node-port", shop, {"spec": {"type": "NodePort", "ports": [
        dict(port, nodePort=30034)], "sessionAffinity": "ClientIP"}})
    yield obj("v1", "services", "some-node-port", shop, {"spec": {"type": "NodePort", "ports": [port]}})
    yield obj("v1", "services", "balanced", shop, {"spec": {"type": "LoadBalancer", "externalTrafficPolicy": "Local",
              "loadBalancerSourceRanges": ["192.0.2.0/24"], "ports": [port]}})
    yield obj("v1", "services", "elsewhere", shop, {"spec": {"type": "ExternalName", "externalName": "db.example"}})
    yield obj("v1", "endpoints", "headless", data, {"subsets": [
        {"addresses": [{"ip": "192.0.2.7"}], "ports": [{"name": "http", "port": 8080}]}]})
    yield obj("discovery.k8s.io/v1", "endpointslices", "headless-1", data, {
        "addressType": "IPv4", "endpoints": [{"addresses": ["192.0.2.7"], "conditions": {"ready": True}}],
        "ports": [{"name": "http", "port": 8080, "protocol": "TCP"}]}, labels={"kubernetes.io/service-name": "headless"})
    yield obj("v1", "nodes", "old-node", None, {"spec": {"podCIDR": "10.244.7.0/24"}})
    # A bound pair that a controller has bound, and a volume that goes with its claim.
    yield obj("v1", "persistentvolumes", "pv-kept", None, {"spec": {
        "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "persistentVolumeReclaimPolicy": "Retain",
        "storageClassName": "fast", "hostPath": {"path": "/tmp/pv-kept"},
        "claimRef": {"namespace": data, "name": "db", "uid": "99999999-2222-3333-4444-555555555555",
                     "resourceVersion": "1"}}},
        {"phase": "Bound"}, annotations={"pv.kubernetes.io/bound-by-controller": "yes"})
    yield obj("v1", "persistentvolumes", "pv-gone", None, {"spec": {
        "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "persistentVolumeReclaimPolicy": "Delete",
        "storageClassName": "fast", "hostPath": {"path": "/tmp/pv-gone"}}}, {"phase": "Available"})
    yield obj("v1", "persistentvolumeclaims", "db", data, {"spec": {
        "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}, "storageClassName": "fast",
        "volumeName": "pv-kept"}}, {"phase": "Bound", "accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}},
        annotations={"pv.kubernetes.io/bind-completed": "yes", "pv.kubernetes.io/bound-by-controller": "yes",
                     "volume.kubernetes.io/selected-node": "old-node",
                     "volume.kubernetes.io/storage-provisioner": "csi.example"})
    yield obj("storage.k8s.io/v1", "csistoragecapacities", "rack-1", "pop-data", {
        "storageClassName": "fast", "capacity": "100Gi", "nodeTopology": {"matchLabels": {"rack": "1"}}})
    yield obj("v1", "pods", "web-0", shop, {"spec": pod_spec(
        serviceAccountName="web", nodeName="old-node", priorityClassName="important", restartPolicy="Always",
        volumes=[{"name": "token", "secret": {"secretName": "long-lived"}}, {"name": "scratch", "emptyDir": {}}])},
        {"phase": "Running"}, labels={"app": "web"})
    yield obj("v1", "pods", "ended", shop, {"spec": pod_spec(restartPolicy="Never")}, {"phase": "Succeeded"})
    yield obj("v1", "podtemplates", "template", shop, {"template": template("web")})
    yield obj("v1", "replicationcontrollers", "old-style", shop, {"spec": {
        "replicas": 0, "selector": {"app": "old"}, "template": template("old")}})
    yield obj("v1", "events", "web.17", shop, {"involvedObject": {"kind": "Pod", "namespace": shop, "name": "web-0"},
              "reason": "Test", "message": "not restored", "type": "Normal"})


def workloads():
    shop, data = "pop-shop", "pop-data"
    yield obj("apps/v1", "deployments", "web", shop, {"spec": {
        "replicas": 3, "selector": selector("web"), "template": template("web"),
        "strategy": {"rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 1}}}}, labels={"app": "web"})
    yield obj("apps/v1", "replicasets", "web-5d8f7", shop, {"spec": {
        "replicas": 3, "selector": selector("web"), "template": template("web")}}, labels={"app": "web"},
        ownerReferences=[{"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "controller": True,
                          "uid": "99999999-2222-3333-4444-666666666666"}])
    yield obj("apps/v1", "daemonsets", "agent", data, {"spec": {
        "selector": selector("agent"), "template": template("agent", hostNetwork=True, tolerations=[
            {"operator": "Exists"}])}})
    yield obj("apps/v1", "statefulsets", "db", data, {"spec": {
        "serviceName": "headless", "replicas": 2, "selector": selector("db"), "template": template("db"),
        "volumeClaimTemplates": [{"metadata": {"name": "db"}, "spec": {
            "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}]}})
    yield obj("apps/v1", "controllerrevisions", "db-1", data, {"revision": 9007199254740993, "data": {
        "spec": {"template": {"float": kube.Float("0.1"), "text": TEXTS["separators"]}}}})
    yield obj("batch/v1", "jobs", "import", shop, {"spec": {
        "backoffLimit": 2, "suspend": True, "template": {"spec": pod_spec(restartPolicy="Never")}}})
    # Of another controller, so that nobody runs it again before its status says that it has ended.
    yield obj("batch/v1", "jobs", "imported", shop, {"spec": {
        "managedBy": "orlop.test/nobody", "template": {"spec": pod_spec(restartPolicy="Never")}}}, {
            "startTime": "2026-01-02T03:04:05Z", "completionTime": "2026-01-02T03:05:05Z", "succeeded": 1,
            "uncountedTerminatedPods": {},
            "conditions": [dict({"status": "True", "lastTransitionTime": "2026-01-02T03:05:05Z"}, type=t)
                           for t in ("SuccessCriteriaMet", "Complete")]})
    yield obj("batch/v1", "cronjobs", "nightly", shop, {"spec": {
        "schedule": "0 3 * * *", "timeZone": "Europe/Vienna", "suspend": True, "jobTemplate": {"spec": {
            "template": {"spec": pod_spec(restartPolicy="OnFailure")}}}}})
    yield obj("autoscaling/v2", "horizontalpodautoscalers", "web", shop, {"spec": {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}, "maxReplicas": 5,
        "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": {
            "type": "Utilization", "averageUtilization": 70}}}]}})
    yield obj("policy/v1", "poddisruptionbudgets", "web", shop, {"spec": {
        "minAvailable": "50%", "selector": selector("web")}})
    yield obj("coordination.k8s.io/v1", "leases", "leader", shop, {"spec": {
        "holderIdentity": "web-0", "leaseDurationSeconds": 15, "acquireTime": "2026-01-02T03:04:05.123456Z"}})
    yield obj("resource.k8s.io/v1", "resourceclaims", "gpu", data, {"spec": {"devices": {"requests": [
        {"name": "gpu", "exactly": {"deviceClassName": "gpu.example"}}]}}})
    yield obj("resource.k8s.io/v1", "resourceclaimtemplates", "gpu", data, {"spec": {"spec": {"devices": {"requests": [
        {"name": "gpu", "exactly": {"deviceClassName": "gpu.example"}}]}}}})


def network():
    shop = "pop-shop"
    yield obj("networking.k8s.io/v1", "networkpolicies", "deny", shop, {"spec": {
        "podSelector": {}, "policyTypes": ["Ingress", "Egress"], "ingress": [{}]}})
    yield obj("networking.k8s.io/v1", "ingressclasses", "edge", None, {"spec": {"controller": "example.com/edge"}})
    yield obj("networking.k8s.io/v1", "ingresses", "web", shop, {"spec": {
        "ingressClassName": "edge", "rules": [{"host": "shop.example", "http": {"paths": [
            {"path": "/a?b=<c>&d", "pathType": "ImplementationSpecific",
             "backend": {"service": {"name": "web", "port": {"name": "http"}}}}]}}]}})
    yield obj("networking.k8s.io/v1", "ipaddresses", "10.0.77.7", None, {"spec": {"parentRef": {
        "group": "gateway.example", "resource": "gateways", "namespace": shop, "name": "edge"}}})
    yield obj("networking.k8s.io/v1", "servicecidrs", "more", None, {"spec": {"cidrs": ["10.99.0.0/24"]}})


# A certificate request for CN=web; nobody has its key.
REQUEST = (
    "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlIWE1IOENBUUF3SFRFTk1Bc0dBMVVFQ2d3RWMyaHZjREVNTUFv"
    "R0ExVUVBd3dEZDJWaU1Ga3dFd1lIS29aSQp6ajBDQVFZSUtvWkl6ajBEQVFjRFFnQUV2UGxIejhINlZuVWEwaldzU3I4ZzRDL3pz"
    "QklJcUhmY2NmRjlxMXVXCjkwbFc3cG1OZERiWk1IV01nS09LSnNsRHh0enRNSGtjdXpBTnE5bEtHNiswcWFBQU1Bb0dDQ3FHU000"
    "OUJBTUMKQTBnQU1FVUNJUUNORHYwMU9TaC8yQTBJREdVTms3eFRjRGkreWlGZnZaUHNrSDg4ZnZ6UEVRSWdGZnVNV1p3SQpxMGpM"
    "RzBKUUNUQ1VIeGJIWUt1ZUF5K2Yrdm93UTVIdkNrST0KLS0tLS1FTkQgQ0VSVElGSUNBVEUgUkVRVUVTVC0tLS0tCg==")


def access():
    shop = "pop-shop"
    rules = [{"apiGroups": ["", "shop.example"], "resources": ["*"], "verbs": ["get", "list"]}]
    for name in ("system:orlop:reader", "pop-reader", "pop:" + "r" * 249):
        yield obj("rbac.authorization.k8s.io/v1", "clusterroles", name, None, {"rules": rules})
    yield obj("rbac.authorization.k8s.io/v1", "clusterroles", "pop-all", None, {
        "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"orlop.test/aggregate": "yes"}}]}, "rules": rules})
    yield obj("rbac.authorization.k8s.io/v1", "roles", "system:pop:role", shop, {"rules": rules + [
        {"apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["texts"], "verbs": ["update"]}]})
    subjects = [{"kind": "ServiceAccount", "name": "web", "namespace": shop},
                {"kind": "Group", "name": "system:serviceaccounts:pop-shop", "apiGroup": "rbac.authorization.k8s.io"}]
    for name in ("system:orlop:binding", "pop-binding"):
        yield obj("rbac.authorization.k8s.io/v1", "clusterrolebindings", name, None, {"subjects": subjects, "roleRef": {
            "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "pop-reader"}})
    yield obj("rbac.authorization.k8s.io/v1", "rolebindings", "system:pop:binding", shop, {
        "subjects": subjects, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role",
                                          "name": "system:pop:role"}})
    yield obj("certificates.k8s.io/v1", "certificatesigningrequests", "pop-request", None, {"spec": {
        "request": REQUEST, "signerName": "example.com/signer", "usages": ["client auth"],
        "expirationSeconds": 86400}})


def cluster():
    yield obj("scheduling.k8s.io/v1", "priorityclasses", "important", None, {
        "value": 1000000, "description": TEXTS["languages"]})
    yield obj("node.k8s.io/v1", "runtimeclasses", "sandboxed", None, {"handler": "sandboxed"})
    yield obj("storage.k8s.io/v1", "storageclasses", "fast", None, {
        "provisioner": "csi.example", "reclaimPolicy": "Delete", "allowVolumeExpansion": True,
        "parameters": {"type": "ssd", "iops": "3000"}, "volumeBindingMode": "WaitForFirstConsumer"},
        annotations={"storageclass.kubernetes.io/is-default-class": "true"})
    yield obj("storage.k8s.io/v1", "csidrivers", "csi.example", None, {"spec": {
        "attachRequired": False, "volumeLifecycleModes": ["Persistent"]}})
    yield obj("storage.k8s.io/v1", "csinodes", "old-node", None, {"spec": {"drivers": [
        {"name": "csi.example", "nodeID": "old-node"}]}})
    yield obj("storage.k8s.io/v1", "volumeattachments", "csi-1", None, {"spec": {
        "attacher": "csi.example", "nodeName": "old-node", "source": {"persistentVolumeName": "pv-kept"}}})
    yield obj("storage.k8s.io/v1", "volumeattributesclasses", "gold", None, {
        "driverName": "csi.example", "parameters": {"iops": "9000"}})
    yield obj("resource.k8s.io/v1", "deviceclasses", "gpu.example", None, {"spec": {"selectors": [
        {"cel": {"expression": "device.driver == \"gpu.example\" && true"}}]}})
    yield obj("resource.k8s.io/v1", "resourceslices", "old-node-gpu", None, {"spec": {
        "driver": "gpu.example", "nodeName": "old-node", "pool": {
            "name": "old-node", "generation": 1, "resourceSliceCount": 1},
        "devices": [{"name": "gpu-0", "attributes": {"memory": {"int": 9007199254740993}}}]}})
    flow = "flowcontrol.apiserver.k8s.io/v1"
    yield obj(flow, "prioritylevelconfigurations", "pop-level", None, {"spec": {
        "type": "Limited", "limited": {"nominalConcurrencyShares": 5, "limitResponse": {"type": "Reject"}}}})
    yield obj(flow, "flowschemas", "pop-flow", None, {"spec": {
        "priorityLevelConfiguration": {"name": "pop-level"}, "matchingPrecedence": 900, "rules": [{
            "subjects": [{"kind": "User", "user": {"name": "nobody"}}],
            "nonResourceRules": [{"verbs": ["get"], "nonResourceURLs": ["/healthz"]}]}]}})
    # Nothing here may match what the tests create: rules for a group that nobody serves.
    hook = {"name": "hook.shop.example", "admissionReviewVersions": ["v1"], "sideEffects": "None",
            "failurePolicy": "Ignore", "clientConfig": {"url": "https://hook.shop.example/check"},
            "rules": [{"apiGroups": ["nobody.example"], "apiVersions": ["v1"], "operations": ["CREATE"],
                       "resources": ["nothings"]}]}
    admission = "admissionregistration.k8s.io/v1"
    yield obj(admission, "validatingwebhookconfigurations", "pop-check", None, {"webhooks": [hook]})
    yield obj(admission, "mutatingwebhookconfigurations", "pop-change", None, {"webhooks": [
        dict(hook, sideEffects="NoneOnDryRun", reinvocationPolicy="IfNeeded")]})
    yield obj(admission, "validatingadmissionpolicies", "pop-policy", None, {"spec": {
        "failurePolicy": "Ignore", "matchConstraints": {"resourceRules": hook["rules"]},
        "validations": [{"expression": "object.spec.replicas <= 5 && '<&>' != \"\"", "message": "too many"}]}})
    yield obj(admission, "validatingadmissionpolicybindings", "pop-policy", None, {"spec": {
        "policyName": "pop-policy", "validationActions": ["Deny"]}})


def custom():
    for plural, kind, scope in (("widgets", "Widget", "Namespaced"), ("planets", "Planet", "Cluster")):
        versions = [{"name": name, "served": True, "storage": name == "v1", "subresources": {"status": {}},
                     "schema": {"openAPIV3Schema": {"type": "object", "properties": {
                         "spec": {"type": "object", "x-kubernetes-preserve-unknown-fields": True, "properties": {
                             "big": {"type": "integer", "format": "int64"}, "ratio": {"type": "number"},
                             "size": {"x-kubernetes-int-or-string": True}}},
                         "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}}}}
                    for name in ("v1", "v1alpha1")]
        yield obj("apiextensions.k8s.io/v1", "customresourcedefinitions", plural + ".shop.example", None, {"spec": {
            "group": "shop.example", "scope": scope, "versions": versions, "names": {
                "plural": plural, "kind": kind, "singular": kind.lower(), "shortNames": [plural[:2]],
                "categories": ["all"]}}})


NUMBERS = {
    "big": 9007199254740993, "max": 9223372036854775807, "min": -9223372036854775808, "zero": 0, "negative": -1,
    "ratio": kube.Float("0.1"), "huge": kube.Float("1e100"), "whole": kube.Float("1.0"), "tiny": kube.Float("5e-324"),
    "third": kube.Float("0.3333333333333333"), "size": "50%",
}


def custom_objects():
    spec = {"numbers": NUMBERS, "texts": TEXTS, "nothing": None, "empty": {}, "none": [], "flags": [True, False],
            "nested": [[1, [2.5, ["x"]]], {"a": {"b": {"c": {"d": 9007199254740993}}}}], "": "empty key",
            "Key": "upper", "key": "lower", "a.b/c~d": "path characters"}
    body = {"kind": "Widget", "spec": dict(spec, **NUMBERS)}
    yield obj("shop.example/v1", "widgets", "numbers", "pop-shop", body, {"phase": "Ready", "seen": 9007199254740993})
    yield obj("shop.example/v1", "widgets", LONG_NAME, LONG_NAMESPACE, body)
    yield obj("shop.example/v1alpha1", "widgets", "other-version", "pop-data", body)
    yield obj("shop.example/v1", "planets", "earth", None, dict(body, kind="Planet"), labels={"orbit": "3"})


def last():
    # Quota of what is there already would refuse it as long as no controller has counted.
    yield obj("v1", "resourcequotas", "limits", "pop-shop", {"spec": {"hard": {
        "count/widgets.shop.example": "100", "requests.nvidia.com/gpu": "4"}}})
    # Its server does not exist: discovery of this group fails from now on.
    yield obj("apiregistration.k8s.io/v1", "apiservices", "v1.dead.example", None, {"spec": {
        "group": "dead.example", "version": "v1", "groupPriorityMinimum": 100, "versionPriority": 10,
        "insecureSkipTLSVerify": True, "service": {"namespace": "pop-shop", "name": "web", "port": 443}}})


def create(target, row):
    path, name, item, status = row
    try:
        made = target.request("POST", path, item)
    except kube.Failure as failure:
        if failure.status != 409:
            raise
        return None
    while status is not None:
        made["status"] = status
        try:
            target.request("PUT", "%s/%s/status" % (path, name), made)
            break
        except kube.Failure as failure:
            if failure.status != 409:  # a controller was faster
                raise
            made = target.get("%s/%s" % (path, name))
    return made["kind"]


def wait_for(what, ready, seconds=60):
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            raise SystemExit("populate.py: waited %d s for %s" % (seconds, what))
        time.sleep(0.3)


def served(target, row):
    """Whether objects of the row's definition are served: its conditions say so a moment too early."""
    spec = row[2]["spec"]
    try:
        return all(target.get("/apis/%s/%s/%s" % (spec["group"], v["name"], spec["names"]["plural"]))
                   for v in spec["versions"])
    except kube.Failure:
        return False


def populate(target):
    kinds = {}
    definitions = list(custom())
    # Cluster-scoped classes first: admission of claims and pods looks them up.
    for row in itertools.chain(cluster(), core(), workloads(), network(), access(), definitions):
        kinds.setdefault(create(target, row), []).append(row[1])
    for row in definitions:
        wait_for(row[1], lambda: served(target, row))
    for row in itertools.chain(custom_objects(), last()):
        kinds.setdefault(create(target, row), []).append(row[1])
    kinds.pop(None, None)
    custom_kinds = {"Widget", "Planet"}
    print("created %d objects of %d built-in and %d custom kinds" % (
        sum(map(len, kinds.values())), len(set(kinds) - custom_kinds), len(set(kinds) & custom_kinds)))


def delete(target):
    # The namespace controller doesn't end its work while a group can't be discovered.
    try:
        target.request("DELETE", "/apis/apiregistration.k8s.io/v1/apiservices/v1.dead.example")
    except kube.Failure as failure:
        if failure.status != 404:
            raise
    for name in NAMESPACES:
        target.request("DELETE", "/api/v1/namespaces/" + name)
    wait_for("the end of the namespaces", lambda: not unblock(target), 60)
    print("deleted %d namespaces" % len(NAMESPACES))


def unblock(target):
    """Does what kubelets and controllers that don't run here would do, until the namespaces can go. Returns the rest."""
    left = {item["metadata"]["name"] for item in target.items("/api/v1/namespaces")} & set(NAMESPACES)
    for prefix, _, resource in target.types() if left else ():
        for item in target.items("%s/%s" % (prefix, resource["name"])) if resource["namespaced"] else ():
            meta = item["metadata"]
            if meta["namespace"] not in left or "deletionTimestamp" not in meta:
                continue
            path = "%s/namespaces/%s/%s/%s" % (prefix, meta["namespace"], resource["name"], meta["name"])
            try:
                if meta.get("finalizers"):
                    target.request("PATCH", path, {"metadata": {"finalizers": None}}, "application/merge-patch+json")
                else:
                    target.request("DELETE", path + "?gracePeriodSeconds=0")
            except kube.Failure as failure:
                if failure.status != 404:  # it went in the meantime
                    raise
    return left


def bulk(count):
    """Sizes from 200 bytes to 16 KB, most of them small as in real clusters; every text differs, so that it compresses
    no better than real ones do."""
    sizes = [300] * 8 + [800] * 6 + [2000] * 4 + [6000] * 1 + [16000] * 1
    for index in range(50):
        yield obj("v1", "namespaces", "bulk-%02d" % index)
    for index in range(count):
        seed = hashlib.sha256(b"%d" % index).hexdigest()
        size = sizes[index % len(sizes)]
        half = base64.b64encode(hashlib.shake_128(seed.encode()).digest(size * 3 // 8)).decode()
        text = (half + "\nkey: value of line %d\n" % index * (size // 50))[:size]
        namespace, name = "bulk-%02d" % (index % 50), "object-%06d-%s" % (index, seed[:8])
        labels = {"app": "app-%d" % (index % 97), "tier": "bulk"}
        if index % 3 == 2:
            yield obj("v1", "secrets", name, namespace, {
                "type": "Opaque", "data": {"value": base64.b64encode(text.encode()).decode()}}, labels=labels)
        else:
            yield obj("v1", "configmaps", name, namespace, {"data": {"config.yaml": text}}, labels=labels)


def create_bulk(kubeconfig, count, workers, start, step):
    """One process of several: Python's threads share one core."""
    target = kube.Cluster(kubeconfig)
    rows = itertools.islice(bulk(count), 50 + start, None, step)
    slots = concurrent.futures.ThreadPoolExecutor(workers)
    made = 0
    while True:
        batch = list(itertools.islice(rows, workers * 8))
        if not batch:
            return made
        made += sum(kind is not None for kind in slots.map(lambda row: create(target, row), batch))


def populate_bulk(kubeconfig, count):
    target = kube.Cluster(kubeconfig)
    for row in itertools.islice(bulk(count), 50):
        create(target, row)
    begin = time.monotonic()
    processes = 4
    with concurrent.futures.ProcessPoolExecutor(processes) as pool:
        parts = [pool.submit(create_bulk, kubeconfig, count, 8, start, processes) for start in range(processes)]
        made = sum(part.result() for part in parts)
    seconds = time.monotonic() - begin
    print("created %d objects in %.1f s, %.0f a second" % (made, seconds, made / seconds))


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("kubeconfig", nargs="?")
    parser.add_argument("--bulk", type=int)
    parser.add_argument("--print", action="store_true")
    parser.add_argument("--delete", action="store_true")
    args = parser.parse_args()
    if args.bulk and args.print:
        for path, _, item, _ in bulk(args.bulk):
            print("%s\t%s" % (path, json.dumps(item, ensure_ascii=False, separators=(",", ":"))))
    elif not args.kubeconfig:
        parser.error("which cluster?")
    elif args.bulk:
        populate_bulk(args.kubeconfig, args.bulk)
    elif args.delete:
        delete(kube.Cluster(args.kubeconfig))
    else:
        populate(kube.Cluster(args.kubeconfig))


if __name__ == "__main__":
    main()
