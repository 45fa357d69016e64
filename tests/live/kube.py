"""What the live tests' programs need of Kubernetes: a kubeconfig, requests, the list of types. Standard library only."""
import base64
import http.client
import json
import re
import ssl
import threading
import urllib.parse


class Failure(Exception):
    """The server said no: carries the HTTP status and its words."""

    def __init__(self, status, message):
        super().__init__("%d: %s" % (status, message))
        self.status = status


class Float(str):
    """A JSON number with a fraction or an exponent, as it was written: comparing floats would hide damage."""


def parse(text):
    return json.loads(text, parse_float=Float)


def text(value):
    """JSON text in which every Float stands as it was read, without quotes."""
    def mark(part):
        if isinstance(part, Float):
            return "@float %s@" % part
        if isinstance(part, dict):
            return {key: mark(inner) for key, inner in part.items()}
        return [mark(inner) for inner in part] if isinstance(part, list) else part
    return re.sub(r'"@float ([^"@]*)@"', r"\1", json.dumps(mark(value), ensure_ascii=False))


class Cluster:
    """A connection per thread to the current context of a kubeconfig with a token and a CA, as the sandbox writes it."""

    def __init__(self, kubeconfig):
        with open(kubeconfig, encoding="utf-8") as file:
            config = file.read()

        def field(name):
            found = re.search(r'\b%s: *"?([^",}\s]+)' % name, config)
            if not found:
                raise SystemExit("%s has no %s: only kubeconfigs with a token and an inline CA are read here" % (
                    kubeconfig, name))
            return found.group(1)

        self.host = urllib.parse.urlsplit(field("server")).netloc
        self.token = field("token")
        self.tls = ssl.create_default_context(
            cadata=base64.b64decode(field("certificate-authority-data")).decode())
        self.local = threading.local()

    def request(self, method, path, body=None, content_type="application/json", accept="application/json"):
        """The parsed answer; raises Failure for anything but 2xx. A connection the server closed is opened again."""
        headers = {"Authorization": "Bearer " + self.token, "Accept": accept}
        if body is not None:
            headers["Content-Type"] = content_type
            if not isinstance(body, (str, bytes)):
                body = text(body)
            if isinstance(body, str):
                body = body.encode()
        for attempt in (1, 2):
            connection = getattr(self.local, "connection", None)
            if connection is None:
                connection = http.client.HTTPSConnection(self.host, context=self.tls, timeout=60)
                self.local.connection = connection
            try:
                connection.request(method, path, body, headers)
                answer = connection.getresponse()
                data = answer.read()
                break
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError, ssl.SSLEOFError):
                self.local.connection = None
                if attempt == 2:
                    raise
        if answer.status // 100 != 2:
            try:
                message = json.loads(data)["message"]
            except (ValueError, KeyError, TypeError):
                message = data.decode(errors="replace")
            raise Failure(answer.status, "%s %s: %s" % (method, path, message))
        return parse(data) if data else None

    def get(self, path):
        return self.request("GET", path)

    def types(self, verbs=("list", "create", "get", "delete")):
        """The types of every group's preferred version that have all of `verbs`: (path prefix, apiVersion, resource)."""
        groups = [("/api/v1", "v1")]
        for group in self.get("/apis")["groups"]:
            version = group["preferredVersion"]["groupVersion"]
            groups.append(("/apis/" + version, version))
        for prefix, version in groups:
            try:
                resources = self.get(prefix)["resources"]
            except Failure as failure:
                if failure.status not in (404, 503):  # an aggregated API whose server is gone has no types
                    raise
                continue
            for resource in resources:
                if "/" not in resource["name"] and set(verbs) <= set(resource["verbs"]):
                    yield prefix, version, resource

    def items(self, path):
        """Every object of a list, page by page."""
        more = ""
        while True:
            page = self.get("%s?limit=500%s" % (path, more))
            yield from page["items"]
            if not page["metadata"].get("continue"):
                return
            more = "&continue=" + urllib.parse.quote(page["metadata"]["continue"], safe="")
