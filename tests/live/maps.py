#!/usr/bin/env python3
"""Backups for maps.sh, as other tools write them: objects of old API versions, and objects that name namespaces, images,
hosts and zones.  maps.py FOLDER writes them; maps.py check KUBECONFIG KUBECTL looks at what became of the old versions."""
import io
import json
import os
import subprocess
import sys
import tarfile

ANY = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}


def obj(api, kind, name, namespace=None, meta=None, **more):
    metadata = dict({"name": name}, **(meta or {}))
    if namespace:
        metadata["namespace"] = namespace
    return dict({"apiVersion": api, "kind": kind, "metadata": metadata}, **more)


def backup(root, name, items):
    """items: (type, object)"""
    folder = os.path.join(root, "backups", name)
    os.makedirs(folder)
    with tarfile.open("%s/%s.tar.gz" % (folder, name), "w:gz") as tar:
        for gr, item in items:
            meta = item["metadata"]
            place = "namespaces/" + meta["namespace"] if "namespace" in meta else "cluster"
            data = json.dumps(item, separators=(",", ":")).encode()
            entry = tarfile.TarInfo("resources/%s/%s/%s.json" % (gr, place, meta["name"]))
            entry.size, entry.mode = len(data), 0o755
            tar.addfile(entry, io.BytesIO(data))
    with open(folder + "/velero-backup.json", "w") as file:
        json.dump({"kind": "Backup", "apiVersion": "velero.io/v1", "metadata": {"name": name, "namespace": "velero"},
                   "spec": {}, "status": {"version": 1, "formatVersion": "1.1.0", "phase": "Completed"}}, file)
    print(name)


def template(**spec):
    return {"metadata": {"labels": {"app": "x"}},
            "spec": dict({"containers": [{"name": "c", "image": "nginx"}]}, **spec)}


def service_hook(namespace):
    return {"service": {"name": "s", "namespace": namespace, "path": "/x"}, "caBundle": ""}


def old_objects():
    hook = {"name": "hook.example.com", "clientConfig": service_hook("old"), "sideEffects": "Unknown",
            "failurePolicy": "Ignore", "matchPolicy": "Exact", "timeoutSeconds": 30, "namespaceSelector": {"matchLabels": {"none": "x"}},
            "rules": [{"apiGroups": ["old.example.com"], "apiVersions": ["*"], "resources": ["nothing"], "operations": ["CREATE"]}]}
    def crd(plural, kind, **spec):
        return ("customresourcedefinitions.apiextensions.k8s.io", obj(
            "apiextensions.k8s.io/v1beta1", "CustomResourceDefinition", plural + ".old.example.com", spec=dict({
                "group": "old.example.com", "scope": "Namespaced", "version": "v1",
                "names": {"plural": plural, "kind": kind, "listKind": kind + "List", "singular": kind.lower()}}, **spec)))
    return [
        crd("ones", "One", preserveUnknownFields=False, subresources={"status": {}},
            validation={"openAPIV3Schema": {"properties": {"spec": {"type": "object", "properties": {"n": {"type": "integer"}}}}}},
            additionalPrinterColumns=[{"name": "N", "type": "integer", "JSONPath": ".spec.n"}]),
        crd("twos", "Two"),
        crd("threes", "Three", versions=[{"name": "v1", "served": True, "storage": True}],
            validation={"openAPIV3Schema": {"properties": {"a": {}}}}),
        ("ones.old.example.com", obj("old.example.com/v1", "One", "one", "old", spec={"n": 9007199254740993})),
        ("twos.old.example.com", obj("old.example.com/v1", "Two", "two", "old", anything={"n": 1})),
        ("threes.old.example.com", obj("old.example.com/v1", "Three", "three", "old", a={"b": 1})),
        ("ingresses.extensions", obj(
            "extensions/v1beta1", "Ingress", "old", "old", {"annotations": {"kubernetes.io/ingress.class": "nginx"}},
            spec={"backend": {"serviceName": "all", "servicePort": "http"}, "rules": [{"host": "a.example", "http": {
                "paths": [{"path": "/", "backend": {"serviceName": "web", "servicePort": 80}}]}}]})),
        ("deployments.extensions", obj("extensions/v1beta1", "Deployment", "old", "old", spec={
            "replicas": 0, "template": template(), "rollbackTo": {"revision": 0}})),
        ("statefulsets.apps", obj("apps/v1beta1", "StatefulSet", "old", "old", spec={
            "replicas": 0, "serviceName": "x", "selector": {"matchLabels": {"app": "x"}}, "template": template()})),
        ("networkpolicies.extensions", obj("extensions/v1beta1", "NetworkPolicy", "old", "old", spec={
            "podSelector": {}, "policyTypes": ["Ingress"]})),
        ("cronjobs.batch", obj("batch/v1beta1", "CronJob", "old", "old", spec={
            "schedule": "0 0 1 1 *", "suspend": True, "jobTemplate": {"spec": {"template": template(restartPolicy="Never")}}})),
        ("poddisruptionbudgets.policy", obj("policy/v1beta1", "PodDisruptionBudget", "old", "old", spec={
            "minAvailable": 1, "selector": {}})),
        ("podsecuritypolicies.policy", obj("policy/v1beta1", "PodSecurityPolicy", "old", spec={})),
        ("horizontalpodautoscalers.autoscaling", obj("autoscaling/v2beta1", "HorizontalPodAutoscaler", "old", "old", spec={
            "maxReplicas": 3, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "old"},
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "targetAverageUtilization": 70}},
                        {"type": "Object", "object": {"target": {"kind": "Service", "name": "s"}, "metricName": "hits",
                                                      "targetValue": "10"}},
                        {"type": "External", "external": {"metricName": "q", "targetAverageValue": "5"}}]})),
        ("endpointslices.discovery.k8s.io", obj("discovery.k8s.io/v1beta1", "EndpointSlice", "old", "old", addressType="IPv4",
            endpoints=[{"addresses": ["10.1.2.3"], "topology": {"kubernetes.io/hostname": "n1",
                                                                "topology.kubernetes.io/zone": "z1", "other": "x"}}],
            ports=[{"name": "", "port": 80, "protocol": "TCP"}])),
        ("flowschemas.flowcontrol.apiserver.k8s.io", obj("flowcontrol.apiserver.k8s.io/v1beta2", "FlowSchema", "old", spec={
            "matchingPrecedence": 9000, "priorityLevelConfiguration": {"name": "old"}})),
        ("prioritylevelconfigurations.flowcontrol.apiserver.k8s.io", obj(
            "flowcontrol.apiserver.k8s.io/v1beta1", "PriorityLevelConfiguration", "old", spec={
                "type": "Limited", "limited": {"assuredConcurrencyShares": 7, "limitResponse": {"type": "Reject"}}})),
        ("validatingwebhookconfigurations.admissionregistration.k8s.io", obj(
            "admissionregistration.k8s.io/v1beta1", "ValidatingWebhookConfiguration", "old", webhooks=[hook])),
        ("clusterroles.rbac.authorization.k8s.io", obj("rbac.authorization.k8s.io/v1beta1", "ClusterRole", "old", rules=[
            {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}])),
        ("priorityclasses.scheduling.k8s.io", obj("scheduling.k8s.io/v1beta1", "PriorityClass", "old", value=5)),
        ("runtimeclasses.node.k8s.io", obj("node.k8s.io/v1beta1", "RuntimeClass", "old", handler="runsc")),
        ("storageclasses.storage.k8s.io", obj("storage.k8s.io/v1beta1", "StorageClass", "old", provisioner="example.com/none")),
        ("leases.coordination.k8s.io", obj("coordination.k8s.io/v1beta1", "Lease", "old", "old", spec={"holderIdentity": "x"})),
    ]


def twins():
    old = obj("extensions/v1beta1", "Ingress", "web", "twins", {"annotations": {"from": "old"}},
              spec={"backend": {"serviceName": "w", "servicePort": 80}})
    new = obj("networking.k8s.io/v1", "Ingress", "web", "twins", {"annotations": {"from": "new"}},
              spec={"defaultBackend": {"service": {"name": "w", "port": {"number": 80}}}})
    return [("ingresses.extensions", old), ("ingresses.networking.k8s.io", new)]


def mapped():
    rules = [{"apiGroups": ["maps.example.com"], "apiVersions": ["*"], "resources": ["nothing"], "operations": ["CREATE"]}]
    zone = {"key": "topology.kubernetes.io/zone", "operator": "In", "values": ["z2"]}
    affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchExpressions": [zone]}]}}}
    def workload(**more):
        return dict({"replicas": 0, "selector": {"matchLabels": {"app": "x"}}}, **more)
    return [
        ("namespaces", obj("v1", "Namespace", "team-a")),
        ("namespaces", obj("v1", "Namespace", "team-b")),
        ("configmaps", obj("v1", "ConfigMap", "c", "team-a")),
        ("configmaps", obj("v1", "ConfigMap", "c", "team-b")),
        ("persistentvolumeclaims", obj("v1", "PersistentVolumeClaim", "p", "team-a", spec={
            "storageClassName": "gold", "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}})),
        ("deployments.apps", obj("apps/v1", "Deployment", "web", "team-a", spec=workload(template=template(
            nodeSelector={"topology.kubernetes.io/zone": "z1", "disk": "ssd"},
            initContainers=[{"name": "i", "image": "quay.io/t/init"}],
            containers=[{"name": "c", "image": "nginx:1"}, {"name": "d", "image": "docker.io/library/busybox"}])))),
        ("statefulsets.apps", obj("apps/v1", "StatefulSet", "s", "team-a", spec=workload(
            serviceName="x", template=template(affinity=affinity)))),
        ("cronjobs.batch", obj("batch/v1", "CronJob", "c", "team-a", spec={
            "schedule": "0 0 1 1 *", "suspend": True, "jobTemplate": {"spec": {"template": template(restartPolicy="Never")}}})),
        ("ingresses.networking.k8s.io", obj("networking.k8s.io/v1", "Ingress", "i", "team-a", spec={
            "tls": [{"hosts": ["a.old.example"], "secretName": "t"}], "rules": [{"host": "a.old.example"}, {"host": "old.example"}]})),
        ("networkpolicies.networking.k8s.io", obj("networking.k8s.io/v1", "NetworkPolicy", "n", "team-a", spec={
            "podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{"from": [{"namespaceSelector": {
                "matchLabels": {"kubernetes.io/metadata.name": "team-b"}}}]}]})),
        ("endpointslices.discovery.k8s.io", obj("discovery.k8s.io/v1", "EndpointSlice", "e", "team-a", addressType="IPv4", ports=[
            {"name": "", "port": 80, "protocol": "TCP"}], endpoints=[{
                "addresses": ["10.1.2.4"], "targetRef": {"kind": "Pod", "name": "p", "namespace": "team-a"}}])),
        ("rolebindings.rbac.authorization.k8s.io", obj(
            "rbac.authorization.k8s.io/v1", "RoleBinding", "r", "team-a",
            roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
            subjects=[{"kind": "ServiceAccount", "name": "x", "namespace": ns} for ns in ("team-a", "team-b")])),
        ("clusterrolebindings.rbac.authorization.k8s.io", obj(
            "rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "maps",
            roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
            subjects=[{"kind": "ServiceAccount", "name": "x", "namespace": "team-a"},
                      {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "system:serviceaccount:team-b:x"}])),
        ("validatingwebhookconfigurations.admissionregistration.k8s.io", obj(
            "admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", "maps", webhooks=[{
                "name": "hook.example.com", "clientConfig": service_hook("team-a"), "sideEffects": "None", "rules": rules,
                "failurePolicy": "Ignore", "admissionReviewVersions": ["v1"], "namespaceSelector": {"matchExpressions": [
                    {"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["kube-system", "team-b"]}]}}])),
        ("apiservices.apiregistration.k8s.io", obj("apiregistration.k8s.io/v1", "APIService", "v1.maps.example.com", spec={
            "group": "maps.example.com", "version": "v1", "groupPriorityMinimum": 1, "versionPriority": 1,
            "insecureSkipTLSVerify": True, "service": {"name": "s", "namespace": "team-b", "port": 443}})),
        ("customresourcedefinitions.apiextensions.k8s.io", obj(
            "apiextensions.k8s.io/v1", "CustomResourceDefinition", "gadgets.maps.example.com", spec={
                "group": "maps.example.com", "scope": "Namespaced",
                "names": {"plural": "gadgets", "kind": "Gadget", "listKind": "GadgetList", "singular": "gadget"},
                "versions": [{"name": "v2", "served": True, "storage": True, "schema": {"openAPIV3Schema": ANY}}],
                "conversion": {"strategy": "Webhook", "webhook": {
                    "clientConfig": {"service": {"name": "s", "namespace": "team-a", "path": "/c", "port": 443}},
                    "conversionReviewVersions": ["v1"]}}})),
        ("persistentvolumes", obj("v1", "PersistentVolume", "maps", spec={
            "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/x", "type": ""},
            "volumeMode": "Filesystem", "persistentVolumeReclaimPolicy": "Retain",
            "claimRef": {"kind": "PersistentVolumeClaim", "namespace": "team-a", "name": "other"}})),
    ]


# What the cluster has after the restore of the old versions: object, path, value.
WANT = [
    ("ingress/old", "spec.defaultBackend.service", {"name": "all", "port": {"name": "http"}}),
    ("ingress/old", "spec.rules.0.http.paths.0", {"path": "/", "pathType": "ImplementationSpecific",
                                                   "backend": {"service": {"name": "web", "port": {"number": 80}}}}),
    ("deployment/old", "spec.selector", {"matchLabels": {"app": "x"}}),
    ("statefulset/old", "spec.serviceName", "x"),
    ("networkpolicy/old", "spec.policyTypes", ["Ingress"]),
    ("cronjob/old", "spec.schedule", "0 0 1 1 *"),
    ("poddisruptionbudget/old", "spec.selector", None),
    ("horizontalpodautoscaler/old", "spec.metrics.0.resource.target", {"type": "Utilization", "averageUtilization": 70}),
    ("horizontalpodautoscaler/old", "spec.metrics.1.object", {
        "describedObject": {"kind": "Service", "name": "s"}, "metric": {"name": "hits"}, "target": {"type": "Value", "value": "10"}}),
    ("horizontalpodautoscaler/old", "spec.metrics.2.external.target", {"type": "AverageValue", "averageValue": "5"}),
    ("endpointslice/old", "endpoints.0.zone", "z1"),
    ("endpointslice/old", "endpoints.0.nodeName", "n1"),
    ("flowschema/old", "spec.matchingPrecedence", 9000),
    ("prioritylevelconfiguration/old", "spec.limited.nominalConcurrencyShares", 7),
    ("validatingwebhookconfiguration/old", "webhooks.0.sideEffects", "None"),
    ("validatingwebhookconfiguration/old", "webhooks.0.admissionReviewVersions", ["v1beta1"]),
    ("validatingwebhookconfiguration/old", "webhooks.0.matchPolicy", "Exact"),
    ("clusterrole/old", "rules.0.verbs", ["get"]),
    ("priorityclass/old", "value", 5),
    ("runtimeclass/old", "handler", "runsc"),
    ("storageclass/old", "provisioner", "example.com/none"),
    ("lease/old", "spec.holderIdentity", "x"),
    ("crd/ones.old.example.com", "spec.versions.0.additionalPrinterColumns.0.jsonPath", ".spec.n"),
    ("crd/ones.old.example.com", "spec.versions.0.subresources", {"status": {}}),
    ("crd/threes.old.example.com", "spec.versions.0.schema.openAPIV3Schema", ANY),
    ("one/one", "spec.n", 9007199254740993),
    ("two/two", "anything", {"n": 1}),
    ("three/three", "a", {"b": 1}),
]


def check(kubeconfig, kubectl):
    bad = 0
    for name, path, want in WANT:
        run = subprocess.run([kubectl, "--kubeconfig", kubeconfig, "-n", "old", "get", name, "-o", "json"],
                             capture_output=True, text=True)
        found = json.loads(run.stdout) if run.returncode == 0 else {}
        for part in path.split("."):
            if isinstance(found, list):
                found = found[int(part)]
            else:
                found = (found or {}).get(part)
        if found != want or run.returncode:
            bad += 1
            print("%s: %s is %s instead of %s %s" % (name, path, json.dumps(found), json.dumps(want), run.stderr.strip()))
    sys.exit(bad > 0)


if sys.argv[1] == "check":
    check(*sys.argv[2:])
backup(sys.argv[1], "old", old_objects())
backup(sys.argv[1], "twins", twins())
backup(sys.argv[1], "bare-maps", mapped())
