"""Stands in for the cluster's DNS: the Services' names in a file that dnsmasq watches."""

from files import write


class ClusterDNS:
    def __init__(self, services, folder):
        self.services, self.folder = services, folder

    def sync(self):
        if not self.services.listed:
            return
        names = sorted((service["spec"]["clusterIP"], f"{service['metadata']['name']}.{service['metadata']['namespace']}.svc.cluster.local")
                       for service in self.services if service["spec"].get("clusterIP", "None") not in ("", "None"))
        write(self.folder / "services", "".join(f"{address} {name}\n" for address, name in names))
