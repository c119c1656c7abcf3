"""A cluster's API as a controller sees it: requests, and caches that list once and then watch."""

import http.client
import json
import socket
import ssl
import threading
import time
import urllib.parse


class Refused(Exception):
    """The API answered, but not as wished."""

    def __init__(self, status, message):
        super().__init__(f"HTTP {status}: {message}")
        self.status = status


class Api:
    """One API server, asked with one credential: a client certificate (file, key file) or a bearer token."""

    def __init__(self, server, authority, certificate=None, token=None):
        self.address = urllib.parse.urlsplit(server)
        self.tls = ssl.create_default_context(cadata=authority)
        if certificate:
            self.tls.load_cert_chain(*certificate)
        self.token = token

    def open(self, method, path, body=None, content_type="application/json", timeout=10):
        connection = http.client.HTTPSConnection(self.address.hostname, self.address.port or 443, timeout=timeout, context=self.tls)
        headers = {"Accept": "application/json", "Content-Type": content_type}
        if self.token:
            headers["Authorization"] = "Bearer " + self.token
        try:
            connection.request(method, self.address.path + path, None if body is None else json.dumps(body), headers)
            response = connection.getresponse()
            if response.status >= 300:
                raise Refused(response.status, response.read(2000).decode(errors="replace"))
        except BaseException:
            connection.close()
            raise
        return connection, response

    def request(self, method, path, body=None, content_type="application/json"):
        connection, response = self.open(method, path, body, content_type)
        try:
            return json.load(response)
        finally:
            connection.close()

    def merge(self, path, patch):
        return self.request("PATCH", path, patch, "application/merge-patch+json")


class Watched(threading.Thread):
    """Every object of one kind, as the API last told: `objects`, by namespace and name. It calls `changed` after each change
    and each failure; `listed` says whether it has ever seen the whole, `failure` what went wrong last."""

    def __init__(self, api, path, changed, selector=""):
        super().__init__(daemon=True)
        self.api, self.path, self.selector, self.changed = api, path, selector, changed
        self.objects, self.listed, self.failure = {}, False, ""
        self.stopped = threading.Event()
        self.connection = None
        self.start()

    def __iter__(self):
        return iter(list(self.objects.values()))

    def get(self, namespace, name):
        return self.objects.get((namespace, name))

    def stop(self):
        self.stopped.set()
        connection = self.connection
        if connection and connection.sock:
            try:
                connection.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def run(self):
        while not self.stopped.is_set():
            try:
                version = self.list()
                while not self.stopped.is_set():
                    version = self.watch(version)
            except (OSError, http.client.HTTPException, ValueError, Refused) as problem:
                self.failure = str(problem)
                self.changed()
                # The server is away, or refuses: a real informer waits as well before it asks again.
                self.stopped.wait(1)

    def query(self, **parameters):
        if self.selector:
            parameters["labelSelector"] = self.selector
        return self.path + "?" + urllib.parse.urlencode(parameters)

    def list(self):
        answer = self.api.request("GET", self.query())
        self.objects = {key(item): item for item in answer["items"]}
        self.listed, self.failure = True, ""
        self.changed()
        return answer["metadata"]["resourceVersion"]

    def watch(self, version):
        self.connection, response = self.api.open(
            "GET", self.query(watch=1, resourceVersion=version, timeoutSeconds=120, allowWatchBookmarks="true"), timeout=150)
        try:
            for line in response:
                version = self.take(json.loads(line)) or version
        finally:
            self.connection.close()
        return version

    def take(self, event):
        """One line of the watch; the version that it brings."""
        item = event["object"]
        if event["type"] == "ERROR":
            raise Refused(item.get("code", 0), item.get("message", ""))
        if event["type"] != "BOOKMARK":
            objects = dict(self.objects)
            if event["type"] == "DELETED":
                objects.pop(key(item), None)
            else:
                objects[key(item)] = item
            self.objects = objects
            self.changed()
        return item["metadata"]["resourceVersion"]


def key(item):
    return item["metadata"].get("namespace", ""), item["metadata"]["name"]


def labels(item):
    return item["metadata"].get("labels") or {}


def annotations(item):
    return item["metadata"].get("annotations") or {}


def now():
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
