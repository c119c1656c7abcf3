"""What istiod learns from one cluster's API, its own or a peer's: Services, their endpoints, and the network's gateways."""

import typing

from kube import Watched, annotations, labels

NETWORK_LABEL = "topology.istio.io/network"


class Endpoint(typing.NamedTuple):
    address: str
    port: int
    network: str
    cluster: str
    mutual_tls: bool
    account: str
    pod: tuple
    namespace: str
    labels: tuple
    locality: tuple


class Gateway(typing.NamedTuple):
    network: str
    cluster: str
    address: str
    port: int


class Port(typing.NamedTuple):
    number: int
    name: str

    @property
    def http(self):
        return self.name.split("-")[0] in ("http", "http2", "grpc")


class Service(typing.NamedTuple):
    namespace: str
    host: str
    address: str
    ports: tuple
    exported: tuple

    def seen_in(self, namespace):
        """By the annotation networking.istio.io/exportTo; without it, everywhere."""
        return not self.exported or any(name in ("*", namespace) or name == "." and namespace == self.namespace for name in self.exported)


class Registry:
    def __init__(self, api, cluster, changed):
        self.cluster = cluster
        self.services = Watched(api, "/api/v1/services", changed)
        self.endpoints = Watched(api, "/api/v1/endpoints", changed)
        self.pods = Watched(api, "/api/v1/pods", changed)
        self.namespaces = Watched(api, "/api/v1/namespaces", changed)
        self.nodes = Watched(api, "/api/v1/nodes", changed)
        self.parts = [self.services, self.endpoints, self.pods, self.namespaces, self.nodes]

    @property
    def listed(self):
        return all(part.listed for part in self.parts)

    @property
    def failure(self):
        return next((part.failure for part in self.parts if part.failure), "")

    def stop(self):
        for part in self.parts:
            part.stop()

    @property
    def network(self):
        """By the label of istio-system: so does every istiod see its peers' networks, and its own."""
        return labels(self.namespaces.get("", "istio-system") or {"metadata": {}}).get(NETWORK_LABEL, "")

    def locality(self, pod):
        """Region and zone of the pod's node, by its labels."""
        node = self.nodes.get("", pod["spec"].get("nodeName", "")) or {"metadata": {}}
        return tuple(labels(node).get(f"topology.kubernetes.io/{part}", "") for part in ("region", "zone"))

    def gateways(self, namespaces):
        """Of these namespaces. Every Service that bears the label is a gateway of that network, at 15443, whether it has that port or not. A load
        balancer's *name* would have to be resolved, which this stand-in does not do: such a gateway has no address."""
        for service in self.services:
            if service["metadata"]["namespace"] in namespaces and (network := labels(service).get(NETWORK_LABEL)):
                port = int(labels(service).get("networking.istio.io/gatewayPort", 15443))
                ingress = (service.get("status", {}).get("loadBalancer") or {}).get("ingress") or []
                for address in [entry.get("ip") for entry in ingress] + (service["spec"].get("externalIPs") or []):
                    if address:
                        yield Gateway(network, self.cluster, address, port)

    def known_services(self):
        for service in self.services:
            metadata, spec = service["metadata"], service["spec"]
            if spec.get("type") == "ExternalName":
                continue
            ports = tuple(Port(port["port"], port.get("name", "")) for port in spec.get("ports", []) if port.get("protocol") == "TCP")
            address = spec.get("clusterIP", "")
            yield Service(metadata["namespace"], f"{metadata['name']}.{metadata['namespace']}.svc.cluster.local",
                          "" if address == "None" else address, ports,
                          tuple(annotations(service).get("networking.istio.io/exportTo", "").replace(",", " ").split()))

    def known_endpoints(self):
        """(host, name of the Service port, endpoint) of every ready address: by their names ports of several clusters are one."""
        own_network = self.network
        for item in self.endpoints:
            namespace, name = item["metadata"]["namespace"], item["metadata"]["name"]
            service = self.services.get(namespace, name)
            if not service:
                continue
            names = {port.get("name", "") for port in service["spec"].get("ports", [])}
            for subset in item.get("subsets") or []:
                for address in subset.get("addresses") or []:
                    target = address.get("targetRef") or {}
                    pod = self.pods.get(target.get("namespace", ""), target.get("name", ""))
                    for port in subset.get("ports") or []:
                        if port.get("name", "") in names:
                            yield (f"{name}.{namespace}.svc.cluster.local", port.get("name", ""),
                                   self.endpoint(address["ip"], port["port"], pod, own_network))

    def endpoint(self, address, port, pod, own_network):
        marks = labels(pod) if pod else {}
        return Endpoint(
            address, port, marks.get(NETWORK_LABEL, own_network), self.cluster, marks.get("security.istio.io/tlsMode") == "istio",
            f"ns/{pod['metadata']['namespace']}/sa/{pod['spec'].get('serviceAccountName', 'default')}" if pod else "",
            (pod["metadata"]["namespace"], pod["metadata"]["name"]) if pod else (),
            pod["metadata"]["namespace"] if pod else "", tuple(sorted(marks.items())), self.locality(pod) if pod else ("", ""))
