"""Stands in for istiod: from the objects in this cluster, and in the peers that its remote secrets open, to what the proxies
are configured with. Where istiod would push, files are written that the Envoys watch (DIR/proxy/<namespace>-<app>).

It does what is written here and in rules.py, and no more: no VirtualService, no Sidecar resource, no meshNetworks."""

import fnmatch
import json
import subprocess

import envoy
from files import write_json
from kube import Refused, Watched, annotations, labels
from registry import Registry
from remote import Peers
from rules import Rules, selects

SYSTEM = "istio-system"


class Istiod:
    def __init__(self, api, settings, changed):
        self.api, self.settings = api, settings
        self.own = Registry(api, "", changed)
        self.gateway_resources = Watched(api, "/apis/networking.istio.io/v1alpha3/gateways", changed)
        self.rules = Rules(api, settings, changed)
        self.roots = Watched(api, "/api/v1/configmaps", changed, "istio.io/config=true")
        self.deployments = Watched(api, f"/apis/apps/v1/namespaces/{SYSTEM}/deployments", changed)
        secrets = Watched(api, f"/api/v1/namespaces/{SYSTEM}/secrets", changed, "istio/multiCluster=true")
        self.own_parts = [self.gateway_resources, *self.rules.parts, self.roots, self.deployments, secrets]
        self.peers = Peers(secrets, changed)

    def sync(self):
        """Nothing is written while istiod does not run: proxies keep what they have."""
        if not (self.own.listed and all(part.listed for part in self.own_parts)):
            return
        deployment = self.deployments.get(SYSTEM, "istiod-" + self.settings.revision)
        if not deployment or not deployment.get("status", {}).get("readyReplicas"):
            return
        variables = container_variables(deployment["spec"]["template"]["spec"], "discovery")
        self.own.cluster = variables.get("CLUSTER_ID", "Kubernetes")
        self.trusted_domains = [] if variables.get("PILOT_SKIP_VALIDATE_TRUST_DOMAIN") == "true" else self.settings.trusted_domains
        self.peers.sync(self.own.cluster)
        self.spread_root()
        proxies = self.proxies()
        mesh = Mesh([self.own] + [peer.registry for peer in self.peers if peer.registry.listed], self.rules)
        self.report(mesh, proxies)
        for proxy in proxies:
            self.configure(proxy, mesh)

    @property
    def waits(self):
        """Whether something is to be looked at again although no object changes."""
        return any(peer.status == "syncing" for peer in self.peers)

    def report(self, mesh, proxies):
        """What istiod says of itself: /debug/clusterz, /debug/networkz, /debug/syncz and /metrics."""
        clusters = [{"id": self.own.cluster, "secretName": "", "syncStatus": "synced"}]
        clusters += [{"id": peer.name, "secretName": peer.given[0], "syncStatus": peer.status} for peer in self.peers]
        debug = {"clusterz": clusters, "networkz": known_gateways(mesh), "syncz": self.acknowledgements(proxies)}
        metrics = (self.settings.proxies / "istiod/ca-metrics").read_text()
        metrics += "# TYPE istiod_managed_clusters gauge\n"
        for kind, count in (("local", 1), ("remote", len(clusters) - 1)):
            metrics += f'istiod_managed_clusters{{cluster_type="{kind}"}} {count}\n'
        for name, told in (("loopback", debug), ("outside", None)):
            write_json(self.settings.proxies / f"istiod/rds-{name}.json", {"resources": [monitoring_routes(name, metrics, told)]})

    def acknowledgements(self, proxies):
        """Each proxy with the nonces of what was sent to it and of what it acknowledged: what is held back from one was sent, and no
        answer came."""
        told = []
        for proxy in proxies:
            kinds = ("cluster", "listener", "endpoint")
            acknowledged = "before" if (proxy.folder / "held").exists() else "last"
            for namespace, name in sorted(proxy.pods):
                nonces = {f"{kind}_{word}": nonce for kind in kinds for word, nonce in (("sent", "last"), ("acked", acknowledged))}
                told.append({"cluster_id": self.own.cluster, "proxy": f"{name}.{namespace}", "istio_version": "1.24.6",
                             "proxy_type": "router" if proxy.kind == "gateway" else "sidecar", **nonces})
        return sorted(told, key=lambda entry: entry["proxy"])

    def spread_root(self):
        """The root certificate in every namespace; one that somebody changed is left, so that it can be found."""
        root = (self.settings.issuer / "root.crt").read_text()
        chosen = self.rules.chosen(self.own.namespaces)
        for namespace in self.own.namespaces:
            name = namespace["metadata"]["name"]
            if name in ("kube-public", "kube-node-lease") or namespace["status"]["phase"] != "Active" or name not in chosen:
                continue
            if not self.roots.get(name, "istio-ca-root-cert"):
                try:
                    self.api.request("POST", f"/api/v1/namespaces/{name}/configmaps?fieldManager=pilot-discovery", {
                        "apiVersion": "v1", "kind": "ConfigMap", "data": {"root-cert.pem": root},
                        "metadata": {"name": "istio-ca-root-cert", "labels": {"istio.io/config": "true"}}})
                except Refused as problem:
                    if problem.status not in (403, 404, 409):  # it is going, or somebody was faster
                        raise

    # --- proxies -----------------------------------------------------------------------------------------------------

    def proxies(self):
        """One for each folder that a pod of this cluster mounts: pods of one workload share it."""
        found = {}
        for pod in self.own.pods:
            for volume in pod["spec"].get("volumes", []):
                path = (volume.get("hostPath") or {}).get("path", "")
                if volume["name"] == "istio-envoy" and path.startswith(f"{self.settings.proxies}/"):
                    proxy = found.setdefault(path, Proxy(self.settings.proxies, path, pod, self.own.locality(pod)))
                    proxy.pods.add((pod["metadata"]["namespace"], pod["metadata"]["name"]))
        return found.values()

    def configure(self, proxy, mesh):
        folder = proxy.folder
        if (folder / "held").exists():  # a fault: this proxy has lost its istiod
            return
        if not folder.exists():
            folder = folder.with_name(".new-" + proxy.folder.name)
        identity = f"spiffe://{self.settings.trust_domain}/{proxy.account}"
        # Also for a workload of that name which came back as somebody else.
        if not folder.exists() or (proxy.kind == "sidecar" and (folder / "spiffe-id").read_text() != identity):
            subprocess.run([self.settings.lab / "control/new-proxy", self.settings.cluster, folder.name, proxy.kind, identity], check=True)
        listeners, clusters = mesh.gateway(proxy, self.gateway_resources) if proxy.kind == "gateway" else mesh.sidecar(
            proxy, self.settings, self.trusted_domains)
        write_json(folder / "cds.json", {"resources": clusters})
        write_json(folder / "lds.json", {"resources": listeners})
        if folder != proxy.folder:
            folder.rename(proxy.folder)


class Proxy:
    def __init__(self, proxies, path, pod, locality):
        self.folder = proxies / path.removeprefix(f"{proxies}/")
        self.namespace, self.labels = pod["metadata"]["namespace"], labels(pod)
        self.kind = "gateway" if annotations(pod).get("inject.istio.io/templates") == "gateway" else "sidecar"
        self.locality = locality
        self.account = f"ns/{self.namespace}/sa/{pod['spec'].get('serviceAccountName', 'default')}"
        variables = container_variables(pod["spec"], "istio-proxy")
        self.network = variables.get("ISTIO_META_NETWORK", "")
        self.network_view = variables.get("ISTIO_META_REQUESTED_NETWORK_VIEW", "")
        self.pods = set()


class Mesh:
    """All that istiod knows at one moment, of all clusters together."""

    def __init__(self, registries, rules):
        self.own, self.rules = registries[0].cluster, rules
        self.own_namespaces = rules.chosen(registries[0].namespaces)
        self.gateways, self.services, self.addresses, self.endpoints = [], {}, {}, {}
        for registry in registries:
            chosen = rules.chosen(registry.namespaces)
            self.gateways += registry.gateways(chosen)
            for service in registry.known_services():
                if service.namespace not in chosen:
                    continue
                # The config cluster's definition wins; ports are not merged.
                self.services.setdefault(service.host, service)
                if registry is registries[0]:
                    self.addresses[service.host] = service.address
            for host, port, endpoint in registry.known_endpoints():
                if host.split(".")[1] not in chosen:
                    continue
                if endpoint.mutual_tls and rules.mode(endpoint.namespace, dict(endpoint.labels)) == "DISABLE":
                    endpoint = endpoint._replace(mutual_tls=False)
                self.endpoints.setdefault((host, port), []).append(endpoint)

    def every_port(self):
        for host, service in sorted(self.services.items()):
            for port in service.ports:
                yield service, port, sorted(self.endpoints.get((host, port.name), []))

    def gateway(self, proxy, resources):
        """Listeners and clusters. Two resources that open the same port give the same chains twice, and Envoy refuses
        the whole: that is what happens."""
        exposed = {}
        clusters = {}
        for resource in sorted(resources, key=lambda item: item["metadata"]["name"]):
            if resource["metadata"]["namespace"] not in self.own_namespaces or not selects(resource["spec"].get("selector") or {}, proxy.labels):
                continue
            for server in resource["spec"].get("servers", []):
                if (server.get("tls") or {}).get("mode") != "AUTO_PASSTHROUGH":
                    continue
                for service, port, known in self.every_port():
                    if not service.seen_in(proxy.namespace) or not any(exposes(host, service) for host in server.get("hosts", [])):
                        continue
                    name = server_name(service, port)
                    exposed.setdefault(server["port"]["number"], []).append(name)
                    # Only what is in the gateway's own network, so that nothing goes round in circles, and can be passed through.
                    local = [envoy.Target(e.address, e.port, 1, True)
                             for e in known if e.mutual_tls and (not proxy.network_view or e.network in ("", proxy.network_view))]
                    clusters[name] = envoy.cluster(name, local)
        listeners = [envoy.passthrough_listener(port, names) for port, names in sorted(exposed.items())]
        return listeners, list(clusters.values())

    def sidecar(self, proxy, settings, trusted_domains):
        listeners, clusters, inbound = [envoy.virtual_outbound()], [], {}
        for service, port, known in self.every_port():
            for endpoint in known:
                if endpoint.pod in proxy.pods and endpoint.cluster == self.own:
                    inbound[endpoint.port] = port.http
            if not self.addresses.get(service.host) or not service.seen_in(proxy.namespace):
                continue
            name = f"outbound|{port.number}||{service.host}"
            accounts = sorted({f"spiffe://{settings.trust_domain}/{e.account}" for e in known if e.mutual_tls})
            listeners.append(envoy.outbound_listener(self.addresses[service.host], port.number, name, port.http))
            if self.rules.stays_in_cluster(service):
                known = [endpoint for endpoint in known if endpoint.cluster == self.own]
            if self.rules.takes_mutual_tls(service, proxy.namespace):
                known = [endpoint._replace(mutual_tls=False) for endpoint in known]
            seen, more = self.seen_from(proxy.network, known), {}
            if self.rules.prefers_near(service, proxy.namespace):
                seen, more = nearest_first(proxy.locality, seen), {"outlier_detection": {}}
            clusters.append(envoy.mutual_tls_cluster(name, seen, server_name(service, port), port.http, accounts, **more))
        listeners.append(envoy.virtual_inbound(
            sorted(inbound.items()), trusted_domains, self.rules.mode(proxy.namespace, proxy.labels), self.rules.callers(proxy)))
        clusters += [envoy.to_original_destination("PassthroughCluster"), envoy.to_original_destination("inbound")]
        return listeners, clusters

    def seen_from(self, network, endpoints):
        """As EndpointsByNetworkFilter has it: those of other networks are their gateways, weighed by what lies behind, and in its locality;
        where no gateway of a network is known they stay what they are, pods that nobody can reach from here."""
        direct, behind = [], {}
        for endpoint in endpoints:
            gateways = [gateway for gateway in self.gateways if gateway.network == endpoint.network]
            gateways = [gateway for gateway in gateways if gateway.cluster == endpoint.cluster] or gateways
            if not endpoint.network or not network or endpoint.network == network or not gateways:
                direct.append(envoy.Target(endpoint.address, endpoint.port, 1, endpoint.mutual_tls, endpoint.locality))
            elif endpoint.mutual_tls:
                for gateway in gateways:
                    behind[endpoint.locality, gateway] = behind.get((endpoint.locality, gateway), 0) + 1
        seen = direct + [envoy.Target(gateway.address, gateway.port, weight, True, locality)
                         for (locality, gateway), weight in sorted(behind.items())]
        # A cluster that is registered under two names, or has pods in two zones, gives an address twice. Of those that istiod pushes, Envoy
        # keeps the first.
        first = {}
        for target in seen:
            first.setdefault((target.address, target.port), target)
        return list(first.values())


def nearest_first(locality, targets):
    """As applyLocalityFailover has it: the same zone, the same region, elsewhere; without gaps, as Envoy wants priorities."""
    def distance(target):
        return 0 if target.locality == locality else 1 if target.locality[0] == locality[0] else 2
    distances = sorted({distance(target) for target in targets})
    return [target._replace(priority=distances.index(distance(target))) for target in targets]


def server_name(service, port):
    return f"outbound_.{port.number}_._.{service.host}"


def exposes(pattern, service):
    namespace, _, host = pattern.rpartition("/")
    return namespace in ("", "*", service.namespace) and fnmatch.fnmatchcase(service.host, host)


def container_variables(spec, name):
    for container in spec["containers"]:
        if container["name"] == name:
            return {variable["name"]: variable.get("value", "") for variable in container.get("env", [])}
    return {}


def known_gateways(mesh):
    return [{"Network": gateway.network, "Cluster": gateway.cluster, "Addr": gateway.address, "Port": gateway.port, "HBONEPort": 0,
             "ServiceAccount": {"Namespace": "", "Name": ""}} for gateway in sorted(mesh.gateways)]


def monitoring_routes(name, metrics, told):
    """/debug is for istiod's own pod, or for who comes with credentials; from elsewhere, as through the API server's proxy, 401."""
    def answer(status, text, kind):
        return {"direct_response": {"status": status, "body": {"inline_string": text}},
                "response_headers_to_add": [{"header": {"key": "content-type", "value": kind}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}]}
    debug = [{"match": {"path": f"/debug/{page}"},
              **(answer(401, "", "text/plain") if told is None else answer(200, json.dumps(told[page], indent=2), "application/json"))}
             for page in ("clusterz", "networkz", "syncz")]
    routes = [{"match": {"path": "/metrics"}, **answer(200, metrics, "text/plain; version=0.0.4")}] + debug
    return envoy.typed("config.route.v3.RouteConfiguration", name=name, max_direct_response_body_size_bytes=1 << 20,
                       virtual_hosts=[{"name": "all", "domains": ["*"], "routes": routes}])
