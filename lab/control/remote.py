"""The peers, as the remote secrets name them: each is opened with the very credentials that its secret holds."""

import base64
import time

import yaml

from kube import Api
from registry import Registry

# istiod waits so long for a peer's API before it goes on without (PILOT_REMOTE_CLUSTER_TIMEOUT; 30 s by default).
SYNC_TIMEOUT = 10
# What istiod refuses in a kubeconfig that came in a secret.
FORBIDDEN = {"exec": "exec", "tokenFile": "tokenFile", "client-key": "clientKey", "client-certificate": "clientCertificate",
             "auth-provider": "auth provider"}


class Peers:
    def __init__(self, secrets, changed):
        self.secrets, self.changed = secrets, changed
        self.peers = {}

    def sync(self, own_id):
        """Opens what is new, closes what is gone; a kubeconfig that changed is both."""
        wanted = {}
        for secret in self.secrets:
            source = f"{secret['metadata']['namespace']}/{secret['metadata']['name']}"
            for name, data in sorted((secret.get("data") or {}).items()):
                if name == own_id:
                    log_once(f"{source}: ignoring cluster {name} as it would overwrite the config cluster")
                elif name in wanted:
                    log_once(f"{source}: cluster {name} has already been registered from {wanted[name][0]}")
                else:
                    wanted[name] = source, data
        for name in [name for name, peer in self.peers.items() if peer.given != wanted.get(name)]:
            log(f"Deleting cluster_id={name}")
            self.peers.pop(name).stop()
        for name, given in wanted.items():
            if name not in self.peers:
                log(f"Adding cluster_id={name} from {given[0]}")
                self.peers[name] = Peer(name, given, self.changed)

    def __iter__(self):
        """Those that istiod has registered: one whose kubeconfig it refuses is not among them."""
        return (peer for peer in self.peers.values() if peer.registry)


class Peer:
    def __init__(self, name, given, changed):
        self.name, self.given, self.since = name, given, time.monotonic()
        self.registry = None
        try:
            self.registry = Registry(opened(base64.b64decode(given[1])), name, changed)
        except (ValueError, KeyError, TypeError, StopIteration, OSError, yaml.YAMLError) as problem:
            log(f"cluster_id={name}: create remote cluster failed: {type(problem).__name__}: {problem}")

    @property
    def status(self):
        if self.registry.listed:
            return "synced"
        return "syncing" if time.monotonic() - self.since < SYNC_TIMEOUT else "timeout"

    def stop(self):
        if self.registry:
            self.registry.stop()


def opened(kubeconfig):
    """The API that a kubeconfig leads to, if istiod would accept it."""
    config = yaml.safe_load(kubeconfig)
    for user in config.get("users") or []:
        for word, name in FORBIDDEN.items():
            if word in user["user"]:
                raise ValueError(f"kubeconfig is not allowed: {name} is not allowed")
    context = named(config["contexts"], config["current-context"])["context"]
    cluster = named(config["clusters"], context["cluster"])["cluster"]
    user = named(config["users"], context["user"])["user"]
    authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
    return Api(cluster["server"], authority, token=user.get("token"))


def named(items, name):
    return next(item for item in items if item["name"] == name)


said = set()


def log(message):
    print(message, flush=True)


def log_once(message):
    """Every sync comes to the same finding again."""
    if message not in said:
        said.add(message)
        log(message)
