"""What the mesh's users have ordered: DestinationRules, PeerAuthentications, AuthorizationPolicies and serviceSettings of this
cluster. Each istiod reads its own cluster's alone, and takes them for pods of its peers, too.

As much of it as faults need: a DestinationRule's tls.mode and outlierDetection for a whole host, a policy's mode without its ports, ALLOW
by principals."""

import fnmatch

import yaml

from kube import Watched, labels

SYSTEM = "istio-system"
DOMAIN = "svc.cluster.local"


class Rules:
    def __init__(self, api, settings, changed):
        self.settings = settings
        self.destinations = Watched(api, "/apis/networking.istio.io/v1alpha3/destinationrules", changed)
        self.authentications = Watched(api, "/apis/security.istio.io/v1beta1/peerauthentications", changed)
        self.authorizations = Watched(api, "/apis/security.istio.io/v1beta1/authorizationpolicies", changed)
        self.configurations = Watched(api, f"/api/v1/namespaces/{SYSTEM}/configmaps", changed)
        self.parts = [self.destinations, self.authentications, self.authorizations, self.configurations]

    def mode(self, namespace, marks):
        """The workload's own PeerAuthentication, its namespace's, or the mesh's, of several the oldest; PERMISSIVE where none
        says otherwise."""
        ranked = {}
        for policy in sorted(self.authentications, key=lambda item: item["metadata"]["creationTimestamp"], reverse=True):
            selector = selector_of(policy)
            mode = (policy["spec"].get("mtls") or {}).get("mode")
            if policy["metadata"]["namespace"] == namespace and selects(selector, marks):
                ranked[2 if selector else 1] = mode
            elif policy["metadata"]["namespace"] == SYSTEM and not selector:
                ranked[0] = mode
        return ranked[max(ranked)] if ranked else "PERMISSIVE"

    def takes_mutual_tls(self, service, client):
        """Whether a DestinationRule lets clients of a namespace begin something else than mutual TLS."""
        tls = self.policy(service, client).get("tls")
        return tls is not None and tls.get("mode", "DISABLE") != "ISTIO_MUTUAL"

    def prefers_near(self, service, client):
        """Whether clients of a namespace ask the nearest endpoints alone while they are healthy: only where outliers are detected."""
        policy = self.policy(service, client)
        if "outlierDetection" not in policy:
            return False
        setting = (policy.get("loadBalancer") or {}).get("localityLbSetting")
        if setting is None:
            setting = self.mesh().get("localityLbSetting") or {}
        return setting.get("enabled", True)

    def policy(self, service, client):
        """What the DestinationRule says that counts: one of the client's namespace before the service's before the root one, and the
        longest host that fits."""
        for namespace in (client, service.namespace, SYSTEM):
            fitting = [rule for rule in self.destinations if rule["metadata"]["namespace"] == namespace
                       and fnmatch.fnmatchcase(service.host, full(rule["spec"]["host"], namespace))]
            if fitting:
                return max(fitting, key=lambda rule: len(rule["spec"]["host"]))["spec"].get("trafficPolicy") or {}
        return {}

    def callers(self, proxy):
        """The principals that ALLOW policies let call, or None where there is no such policy."""
        policies = [policy for policy in self.authorizations
                    if policy["metadata"]["namespace"] in (proxy.namespace, SYSTEM) and policy["spec"].get("action", "ALLOW") == "ALLOW"
                    and selects(selector_of(policy), proxy.labels)]
        if not policies:
            return None
        return sorted({self.spelt_out(principal) for policy in policies for rule in policy["spec"].get("rules") or []
                       for source in rule.get("from") or [] for principal in source["source"].get("principals") or []})

    def spelt_out(self, principal):
        """cluster.local stands for the mesh's own trust domain."""
        domain, _, rest = principal.partition("/")
        return f"{self.settings.trust_domain if domain == 'cluster.local' else domain}/{rest}"

    def stays_in_cluster(self, service):
        return any(fnmatch.fnmatchcase(service.host, host) for setting in self.mesh().get("serviceSettings") or []
                   if (setting.get("settings") or {}).get("clusterLocal") for host in setting.get("hosts") or [])

    def chosen(self, namespaces):
        """The names of those that discoverySelectors choose; by matchLabels alone. The control plane's own is no exception."""
        selectors = [selector.get("matchLabels") or {} for selector in self.mesh().get("discoverySelectors") or []]
        return {namespace["metadata"]["name"] for namespace in namespaces
                if not selectors or any(selects(selector, labels(namespace)) for selector in selectors)}

    def mesh(self):
        """The mesh configuration."""
        configuration = self.configurations.get(SYSTEM, "istio-" + self.settings.revision) or {"data": {}}
        return yaml.safe_load(configuration["data"].get("mesh") or "") or {}


def full(host, namespace):
    return host if "." in host or host == "*" else f"{host}.{namespace}.{DOMAIN}"


def selector_of(policy):
    return (policy["spec"].get("selector") or {}).get("matchLabels") or {}


def selects(selector, marks):
    return all(marks.get(name) == value for name, value in selector.items())
