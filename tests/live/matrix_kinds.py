"""The built-in kinds for matrix.py: an object of each, a field that may be changed, and one that may not. Standard library
only."""
import copy

import populate

SPACE, APART = "mx", "mx-apart"  # the second is for what would keep other objects from being created
NOTE = "orlop.test/note"
REQUEST = populate.REQUEST
RULE = {"apiGroups": ["nobody.example"], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["nothings"]}
HOOK = {"name": "hook.mx.example", "admissionReviewVersions": ["v1"], "sideEffects": "None", "failurePolicy": "Ignore",
        "clientConfig": {"url": "https://hook.mx.example/check"}, "rules": [RULE]}
POD = {"containers": [{"name": "main", "image": "registry.example/a:1"}]}
ENDED = dict(copy.deepcopy(POD), restartPolicy="Never")
TEMPLATE = {"metadata": {"labels": {"app": "a"}}, "spec": POD}
DEVICES = {"devices": {"requests": [{"name": "gpu", "exactly": {"deviceClassName": "mx.example"}}]}}
SELECTOR = {"selector": {"matchLabels": {"app": "a"}}, "template": TEMPLATE}
OTHER_SELECTOR = {"spec/selector/matchLabels/app": "b", "spec/template/metadata/labels/app": "b"}
ROLE = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "mx-nothing"}
CRD_VERSION = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {
    "type": "object", "properties": {"spec": {"type": "string"}}}}}


class Kind:
    """What is in `body` is in the backup. `change` makes of it what the cluster has where it differs, `lock` where the
    difference is one that the API server does not let anybody remove (None: the type has no such field); both are paths
    with values. `locked` is what the backup has besides, for the latter. group: the class of the table."""

    def __init__(self, resource, body, change=None, lock=None, locked=None, space=SPACE, group=None, name="mx-%s"):
        self.resource, self.body, self.lock, self.locked = resource, body, lock, locked or {}
        self.change = change or {"metadata/annotations/" + NOTE.replace("/", "~1"): "other"}
        self.space, self.name = space, name
        self.group = group or ("locked" if lock else "free")


def crd_name(state):
    return state + "s.mx.example"


ADDRESSES = {}


def address(state):
    return "192.0.2.%d" % (ADDRESSES.setdefault(state, len(ADDRESSES)) + 1)


ADMISSION, RBAC, STORAGE = "admissionregistration.k8s.io", "rbac.authorization.k8s.io", "storage.k8s.io"
DRA, FLOW, NET = "resource.k8s.io", "flowcontrol.apiserver.k8s.io", "networking.k8s.io"
KINDS = [
    # core
    Kind("configmaps", {"data": {"a": "1"}}, {"data/a": "2"}, {"data/a": "2"}, {"immutable": True}),
    Kind("endpoints", {"subsets": [{"addresses": [{"ip": "192.0.2.7"}], "ports": [{"port": 80}]}]},
         {"subsets/0/addresses/0/ip": "192.0.2.8"}),
    Kind("events", {"involvedObject": {"kind": "Pod", "namespace": SPACE, "name": "p"}, "reason": "Test", "type": "Normal"},
         group="never"),
    Kind("limitranges", {"spec": {"limits": [{"type": "Pod", "max": {"cpu": "2"}}]}}, {"spec/limits/0/max/cpu": "3"},
         space=APART),
    Kind("namespaces", {}, group="namespace"),
    Kind("nodes", {}, group="never"),
    Kind("persistentvolumeclaims", {"spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "mx-none",
                                             "resources": {"requests": {"storage": "1Gi"}}}},
         lock={"spec/accessModes/0": "ReadWriteMany"}, group="precious"),
    Kind("persistentvolumes", {"spec": {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"],
                                        "persistentVolumeReclaimPolicy": "Retain", "storageClassName": "mx-none",
                                        "hostPath": {"path": "/tmp/mx"}}},
         {"spec/persistentVolumeReclaimPolicy": "Delete"}, {"spec/hostPath/path": "/tmp/other"}, group="precious"),
    Kind("pods", {"spec": dict(POD, containers=[dict(POD["containers"][0], command=["a"])])},
         {"spec/containers/0/image": "registry.example/a:2"}, {"spec/containers/0/command": ["b"]}),
    Kind("podtemplates", {"template": TEMPLATE}, {"template/spec/containers/0/image": "registry.example/a:2"}),
    Kind("replicationcontrollers", {"spec": {"replicas": 0, "selector": {"app": "a"}, "template": TEMPLATE}},
         {"spec/replicas": 1}),
    Kind("resourcequotas", {"spec": {"hard": {"pods": "10"}, "scopes": ["BestEffort"]}}, {"spec/hard/pods": "20"},
         {"spec/scopes/0": "NotBestEffort"}, space=APART),
    Kind("secrets", {"type": "mx.example/a", "data": {"a": "YQ=="}}, {"data/a": "Yg=="}, {"type": "mx.example/b"}),
    Kind("serviceaccounts", {"imagePullSecrets": [{"name": "one"}, {"name": "two"}]},
         {"imagePullSecrets": [{"name": "one"}]}, group="account"),
    Kind("services", {"spec": {"selector": {"app": "a"}, "ports": [{"port": 80}], "clusterIP": "None"}},
         {"spec/selector/app": "b"}, {"spec/clusterIP": None},
         name="mx-svc-%s"),  # the API server deletes the Endpoints of a service
    # admission, API
    Kind("mutatingwebhookconfigurations." + ADMISSION, {"webhooks": [HOOK]}, {"webhooks/0/timeoutSeconds": 5}),
    Kind("validatingadmissionpolicies." + ADMISSION,
         {"spec": {"failurePolicy": "Ignore", "matchConstraints": {"resourceRules": [RULE]},
                   "validations": [{"expression": "1 < 2"}]}}, {"spec/failurePolicy": "Fail"}),
    Kind("validatingadmissionpolicybindings." + ADMISSION,
         {"spec": {"policyName": "mx-nobody", "validationActions": ["Deny"]}}, {"spec/policyName": "mx-other"}),
    Kind("validatingwebhookconfigurations." + ADMISSION, {"webhooks": [HOOK]}, {"webhooks/0/timeoutSeconds": 5}),
    Kind("customresourcedefinitions.apiextensions.k8s.io",
         {"spec": {"group": "mx.example", "scope": "Namespaced", "versions": [CRD_VERSION]}},
         {"spec/versions/0/schema/openAPIV3Schema/properties/spec/type": "integer"}, {"spec/scope": "Cluster"},
         group="precious", name=crd_name),
    Kind("apiservices.apiregistration.k8s.io",
         {"spec": {"version": "v1", "groupPriorityMinimum": 100, "versionPriority": 10, "insecureSkipTLSVerify": True,
                   "service": {"namespace": SPACE, "name": "mx-nobody", "port": 443}}},
         {"spec/versionPriority": 11}, name="v1.%s.mx-api.example"),
    # workloads
    Kind("controllerrevisions.apps", {"revision": 1, "data": {"a": "1"}}, {"revision": 2}, {"data/a": "2"}),
    Kind("daemonsets.apps", {"spec": dict(SELECTOR, minReadySeconds=1)}, {"spec/minReadySeconds": 5}, OTHER_SELECTOR),
    Kind("deployments.apps", {"spec": dict(SELECTOR, replicas=0)}, {"spec/replicas": 2}, OTHER_SELECTOR),
    Kind("replicasets.apps", {"spec": dict(SELECTOR, replicas=0)}, {"spec/replicas": 2}, OTHER_SELECTOR),
    Kind("statefulsets.apps", {"spec": dict(SELECTOR, replicas=0, serviceName="a")}, {"spec/replicas": 2},
         {"spec/serviceName": "b"}),
    Kind("horizontalpodautoscalers.autoscaling",
         {"spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "mx-nobody"}, "maxReplicas": 5}},
         {"spec/maxReplicas": 6}),
    Kind("cronjobs.batch", {"spec": {"schedule": "0 3 * * *", "suspend": True, "jobTemplate": {"spec": {
        "template": {"spec": ENDED}}}}}, {"spec/schedule": "0 4 * * *"}),
    Kind("jobs.batch", {"spec": {"suspend": True, "parallelism": 1, "completions": 3, "template": {"spec": ENDED}}},
         {"spec/parallelism": 2}, {"spec/completions": 4}),
    Kind("certificatesigningrequests.certificates.k8s.io",
         {"spec": {"request": REQUEST, "signerName": "mx.example/signer", "usages": ["client auth"],
                   "expirationSeconds": 86400}}, lock={"spec/expirationSeconds": 7200}),
    Kind("leases.coordination.k8s.io", {"spec": {"holderIdentity": "a", "leaseDurationSeconds": 15}},
         {"spec/holderIdentity": "b"}),
    Kind("endpointslices.discovery.k8s.io",
         {"addressType": "IPv4", "endpoints": [{"addresses": ["192.0.2.7"]}], "ports": [{"name": "a", "port": 80}]},
         {"ports/0/port": 81}, {"addressType": "IPv6", "endpoints/0/addresses/0": "2001:db8::7"}),
    Kind("events.events.k8s.io", None, group="never"),  # the objects of "events"
    Kind("flowschemas." + FLOW, {"spec": {"priorityLevelConfiguration": {"name": "mx-nobody"}, "matchingPrecedence": 900,
                                          "rules": [{"subjects": [{"kind": "User", "user": {"name": "nobody"}}],
                                                     "nonResourceRules": [{"verbs": ["get"],
                                                                           "nonResourceURLs": ["/healthz"]}]}]}},
         {"spec/matchingPrecedence": 901}),
    Kind("prioritylevelconfigurations." + FLOW,
         {"spec": {"type": "Limited", "limited": {"nominalConcurrencyShares": 0, "limitResponse": {"type": "Reject"}}}},
         {"spec/limited/lendablePercent": 5}),
    # network
    Kind("ingressclasses." + NET, {"spec": {"controller": "mx.example/a"}}, lock={"spec/controller": "mx.example/b"}),
    Kind("ingresses." + NET, {"spec": {"defaultBackend": {"service": {"name": "a", "port": {"number": 80}}}}},
         {"spec/defaultBackend/service/name": "b"}),
    Kind("ipaddresses." + NET, {"spec": {"parentRef": {"resource": "services", "namespace": SPACE, "name": "a"}}},
         lock={"spec/parentRef/name": "b"}, name=address),
    Kind("networkpolicies." + NET, {"spec": {"podSelector": {}, "policyTypes": ["Ingress"]}},
         {"spec/policyTypes": ["Ingress", "Egress"]}),
    Kind("servicecidrs." + NET, {"spec": {"cidrs": ["10.99.0.0/24"]}}, lock={"spec/cidrs": ["10.98.0.0/24"]}),
    Kind("runtimeclasses.node.k8s.io", {"handler": "a"}, lock={"handler": "b"}),
    Kind("poddisruptionbudgets.policy", {"spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "a"}}}},
         {"spec/minAvailable": 2}),
    # access
    Kind("clusterrolebindings." + RBAC, {"roleRef": ROLE, "subjects": [{"kind": "User", "name": "a"}]},
         {"subjects/0/name": "b"}, {"roleRef/name": "mx-other"}),
    Kind("clusterroles." + RBAC, {"rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]},
         {"rules/0/verbs/0": "list"}),
    Kind("rolebindings." + RBAC, {"roleRef": ROLE, "subjects": [{"kind": "User", "name": "a"}]},
         {"subjects/0/name": "b"}, {"roleRef/name": "mx-other"}),
    Kind("roles." + RBAC, {"rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]},
         {"rules/0/verbs/0": "list"}),
    # devices
    Kind("deviceclasses." + DRA, {"spec": {"selectors": [{"cel": {"expression": "true"}}]}},
         {"spec/selectors/0/cel/expression": "1 < 2"}),
    Kind("resourceclaims." + DRA, {"spec": DEVICES}, lock={"spec/devices/requests/0/name": "other"}),
    Kind("resourceclaimtemplates." + DRA, {"spec": {"spec": DEVICES}},
         lock={"spec/spec/devices/requests/0/name": "other"}),
    Kind("resourceslices." + DRA, {"spec": {"driver": "mx.example", "nodeName": "a", "pool": {
        "name": "a", "generation": 1, "resourceSliceCount": 1}, "devices": [{"name": "gpu-0"}]}},
         {"spec/devices/0/name": "gpu-1"}, {"spec/nodeName": "b"}),
    # classes, storage
    Kind("priorityclasses.scheduling.k8s.io", {"value": 1000, "description": "a"}, {"description": "b"}, {"value": 1001}),
    Kind("csidrivers." + STORAGE, {"spec": {"attachRequired": False, "podInfoOnMount": False}},
         {"spec/podInfoOnMount": True}, {"spec/attachRequired": True}),
    Kind("csinodes." + STORAGE, {"spec": {"drivers": []}}, group="never"),
    Kind("csistoragecapacities." + STORAGE, {"storageClassName": "a", "capacity": "1Gi", "nodeTopology": {}},
         {"capacity": "2Gi"}, {"storageClassName": "b"}),
    Kind("storageclasses." + STORAGE, {"provisioner": "mx.example", "parameters": {"type": "a"}, "allowVolumeExpansion": False},
         {"allowVolumeExpansion": True}, {"parameters/type": "b"}),
    Kind("volumeattachments." + STORAGE, {"spec": {"attacher": "mx.example", "nodeName": "a",
                                                   "source": {"persistentVolumeName": "b"}}}, group="never"),
    Kind("volumeattributesclasses." + STORAGE, {"driverName": "mx.example", "parameters": {"a": "1"}},
         lock={"parameters/a": "2"}),
]
