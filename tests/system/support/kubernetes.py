# SPDX-License-Identifier: Apache-2.0
"""The fields of Kubernetes that packaging/kubernetes uses, and a reader of its files.

The shapes are an own, narrow list: a field that is not in it is a complaint, also where Kubernetes
would take it. So a misspelt field does not pass.
"""

import pathlib

import yaml

from support import documents

FOLDER = documents.SOURCE / "packaging" / "kubernetes"

# In a shape, "name!" is required. [shape] is a list of these, and {str: shape} a map with any
# names. A tuple of values is a choice of them.
_LABELS = {str: str}
_METADATA = {"name!": str, "namespace": str, "labels": _LABELS}
_PROBE = {
    "httpGet!": {"path!": str, "port!": str},
    "periodSeconds!": int,
    "timeoutSeconds": int,
    "failureThreshold": int,
}
_QUANTITIES = {str: (str, int)}
_CONTAINER = {
    "name!": str,
    "image!": str,
    "restartPolicy": ("Always",),
    "command": [str],
    "args": [str],
    "env": [{"name!": str, "value!": str}],
    "ports": [{"name!": str, "containerPort!": int, "hostPort": int, "hostIP": str}],
    "startupProbe": _PROBE,
    "readinessProbe": _PROBE,
    "livenessProbe": _PROBE,
    "resources!": {"requests!": _QUANTITIES, "limits!": _QUANTITIES},
    "securityContext!": {
        "runAsUser": int,
        "runAsGroup": int,
        "allowPrivilegeEscalation!": (False,),
        "readOnlyRootFilesystem!": (True,),
        "capabilities!": {"drop!": [("ALL",)]},
    },
    "volumeMounts": [{"name!": str, "mountPath!": str, "readOnly": bool}],
}
_ITEMS = [{"key!": str, "path!": str}]
_VOLUME = {
    "name!": str,
    "secret": {"secretName!": str, "defaultMode!": int, "items!": _ITEMS},
    "configMap": {"name!": str},
    "emptyDir": {"medium!": ("Memory",), "sizeLimit!": str},
    "projected": {"defaultMode!": int, "sources!": [{"secret!": {"name!": str, "items!": _ITEMS}}]},
}
_POD = {
    "metadata!": {"labels!": _LABELS},
    "spec!": {
        "automountServiceAccountToken!": (False,),
        "priorityClassName": str,
        "nodeSelector": _LABELS,
        "securityContext!": {
            "runAsNonRoot!": (True,),
            "runAsUser": int,
            "runAsGroup": int,
            "fsGroup!": int,
            "supplementalGroups": [int],
            "seccompProfile!": {"type!": ("RuntimeDefault",)},
        },
        "initContainers": [_CONTAINER],
        "containers!": [_CONTAINER],
        "volumes!": [_VOLUME],
    },
}
_SELECTOR = {"matchLabels!": _LABELS}
_PORTS = [{"protocol!": ("TCP", "UDP"), "port!": (str, int)}]


def _object(version, kind, **more):
    return {"apiVersion!": (version,), "kind!": (kind,), "metadata!": _METADATA, **more}


SHAPES = {
    "Namespace": _object("v1", "Namespace"),
    "ConfigMap": _object("v1", "ConfigMap", **{"data!": {"config.toml!": str}}),
    "Deployment": _object(
        "apps/v1",
        "Deployment",
        **{"spec!": {"replicas!": int, "selector!": _SELECTOR, "template!": _POD}},
    ),
    "DaemonSet": _object(
        "apps/v1",
        "DaemonSet",
        **{
            "spec!": {
                "selector!": _SELECTOR,
                "updateStrategy!": {
                    "type!": ("RollingUpdate",),
                    "rollingUpdate!": {"maxUnavailable!": str},
                },
                "template!": _POD,
            }
        },
    ),
    "NetworkPolicy": _object(
        "networking.k8s.io/v1",
        "NetworkPolicy",
        **{
            "spec!": {
                "podSelector!": _SELECTOR,
                "policyTypes!": [("Ingress", "Egress")],
                "ingress!": [{"from!": [{"namespaceSelector!": _SELECTOR}], "ports!": _PORTS}],
                "egress!": [{"ports!": _PORTS}],
            }
        },
    ),
    "Certificate": _object(
        "cert-manager.io/v1",
        "Certificate",
        **{
            "spec!": {
                "secretName!": str,
                "commonName!": str,
                "duration!": str,
                "renewBefore!": str,
                "privateKey!": {"algorithm!": str, "size!": int, "rotationPolicy!": ("Always",)},
                "usages!": [("digital signature", "client auth")],
                "issuerRef!": {"group!": str, "kind!": str, "name!": str},
            }
        },
    ),
    "Kustomization": {
        "apiVersion!": ("kustomize.config.k8s.io/v1beta1",),
        "kind!": ("Kustomization",),
        "resources!": [str],
        "images!": [{"name!": str, "newName!": str, "newTag!": str}],
    },
}


def complaints(value, shape, path=""):
    """The faults of a value, each as "path: reason"."""
    if isinstance(shape, dict):
        yield from _of_map(value, shape, path)
    elif isinstance(shape, list):
        if not isinstance(value, list) or not value:
            yield f"{path}: no list with members"
            return
        for number, member in enumerate(value):
            yield from complaints(member, shape[0], f"{path}[{number}]")
    elif isinstance(shape, tuple):
        if value not in shape and type(value) not in shape:
            yield f"{path}: {value!r} is none of {shape}"
    elif type(value) is not shape:  # True is an int
        yield f"{path}: {value!r} is no {shape.__name__}"


def _of_map(value, shape, path):
    if not isinstance(value, dict):
        yield f"{path}: no map"
        return
    if str in shape:
        for name, member in value.items():
            yield from complaints(member, shape[str], f"{path}.{name}")
        return
    known = {name.rstrip("!"): member for name, member in shape.items()}
    for name in sorted(set(value) - set(known)):
        yield f"{path}.{name}: unknown field"
    for name in sorted(name[:-1] for name in shape if name.endswith("!")):
        if name not in value:
            yield f"{path}.{name}: missing"
    for name in sorted(set(value) & set(known)):
        yield from complaints(value[name], known[name], f"{path}.{name}")


def files():
    """{path: object} of all files. Each holds one object."""
    return {path: _load(path) for path in sorted(FOLDER.rglob("*.yaml"))}


def _load(path: pathlib.Path):
    (loaded,) = yaml.safe_load_all(path.read_text())
    return loaded


def field_names(value):
    """The names of all fields of an object; those of labels and quantities too."""
    if isinstance(value, dict):
        for name, member in value.items():
            yield name
            yield from field_names(member)
    elif isinstance(value, list):
        for member in value:
            yield from field_names(member)
