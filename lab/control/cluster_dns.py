"""Stands in for the cluster's DNS: the Services' names in a file that dnsmasq watches. A headless Service has the addresses of
its ready pods."""

from files import write


class ClusterDNS:
    def __init__(self, registry, folder):
        self.services, self.endpoints, self.folder = registry.services, registry.endpoints, folder

    def sync(self):
        if not (self.services.listed and self.endpoints.listed):
            return
        names = sorted((address, f"{service['metadata']['name']}.{service['metadata']['namespace']}.svc.cluster.local")
                       for service in self.services for address in self.addresses(service))
        write(self.folder / "services", "".join(f"{address} {name}\n" for address, name in names))

    def addresses(self, service):
        address = service["spec"].get("clusterIP", "")
        if address != "None":
            return [address] if address else []
        endpoints = self.endpoints.get(service["metadata"]["namespace"], service["metadata"]["name"]) or {}
        return [ready["ip"] for subset in endpoints.get("subsets") or [] for ready in subset.get("addresses") or []]
