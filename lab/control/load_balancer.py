"""Stands in for a platform's load balancer: gives Services of type LoadBalancer an address of its pool, or says why not.

The ConfigMap kube-system/isthmus-lab-load-balancer steers it, by these keys:
  withhold   organization-policy | quota | no-free-address: no address, and the platform's event
             manual-firewall: an address that nothing lets through, and the platform's event
             silent: no address, and nothing is said
  pool       addresses in place of its own: who has another one gets one of these
  hostname   a name in place of an address
"""

import json
import pathlib
import subprocess

from kube import Refused, now

CONFIGURATION = ("kube-system", "isthmus-lab-load-balancer")

# The words of the platforms: reason, type, message, and who reports it.
EVENTS = {
    "organization-policy": ("SyncLoadBalancerFailed", "Warning", "service-controller",
        "Error syncing load balancer: failed to ensure load balancer: googleapi: Error 412: Constraint "
        "constraints/compute.restrictLoadBalancerCreationForTypes violated for projects/isthmus-east. Forwarding Rule "
        "projects/isthmus-east/regions/europe-west1/forwardingRules/a0b1c2d3 of type EXTERNAL_NETWORK_TCP_UDP is not allowed., conditionNotMet"),
    "quota": ("SyncLoadBalancerFailed", "Warning", "service-controller",
        "Error syncing load balancer: failed to ensure load balancer: googleapi: Error 403: QUOTA_EXCEEDED - Quota "
        "'FORWARDING_RULES' exceeded. Limit: 15.0 in region europe-west1., quotaExceeded"),
    "no-free-address": ("AllocationFailed", "Warning", "metallb-controller",
        'Failed to allocate IP for "{namespace}/{name}": no available IPs'),
    "manual-firewall": ("LoadBalancerManualChange", "Normal", "gce-cloudprovider",
        "Firewall change required by security admin: `gcloud compute firewall-rules create k8s-fw-a0b1c2d3 --network lab-vpc "
        "--description \"{{\\\"kubernetes.io/service-name\\\":\\\"{namespace}/{name}\\\"}}\" --allow tcp:15021,tcp:15443,tcp:15012,tcp:15017 "
        "--source-ranges 0.0.0.0/0 --target-tags gke-east-node --project isthmus-net`"),
    "ensuring": ("EnsuringLoadBalancer", "Normal", "service-controller", "Ensuring load balancer"),
    "ensured": ("EnsuredLoadBalancer", "Normal", "service-controller", "Ensured load balancer"),
}
NO_ADDRESS = ("organization-policy", "quota", "no-free-address", "silent")


class LoadBalancer:
    def __init__(self, cluster, api, services, configuration, pool):
        self.cluster, self.api, self.services, self.configuration, self.pool = cluster, api, services, configuration, pool
        self.told = {}
        self.given = {}

    def sync(self):
        if not (self.services.listed and self.configuration.listed):
            return
        wishes = (self.configuration.get(*CONFIGURATION) or {}).get("data") or {}
        balanced = [service for service in self.services if service["spec"].get("type") == "LoadBalancer"]
        taken = {ingress.get("ip") for service in balanced for ingress in addresses(service)}
        given, decisions = {}, []
        for service in balanced:
            uid = service["metadata"]["uid"]
            wanted, word = self.decide(service, wishes, taken)
            decisions.append((service, wanted, word))
            taken.update(ingress.get("ip") for ingress in wanted)
            # While a Service is there, and its address is withheld, Google keeps what it had.
            last = next((ingress["ip"] for ingress in wanted if "ip" in ingress), self.given.get(uid))
            if last:
                given[uid] = last
        # Before the Service has the address, as in GKE, and when the Service is gone: forwarding rule and firewall rules come and go with it.
        if given != self.given:
            subprocess.run([pathlib.Path(__file__).with_name("tell-google"), self.cluster], input=json.dumps(given), text=True, check=True)
            self.given = given
        for service, wanted, _ in decisions:
            if addresses(service) != wanted:
                if wanted:
                    self.tell(service, "ensuring")
                self.api.merge(path(service) + "/status", {"status": {"loadBalancer": {"ingress": wanted or None}}})
        for service, _, word in decisions:
            if word:
                self.tell(service, word)
        self.told = {uid: word for uid, word in self.told.items() if uid in {service["metadata"]["uid"] for service in balanced}}

    def decide(self, service, wishes, taken):
        """The addresses that the Service is to have, and the event that is to be said."""
        reason = wishes.get("withhold", "")
        if reason in NO_ADDRESS:
            return [], "" if reason == "silent" else reason
        if "hostname" in wishes:
            return [{"hostname": wishes["hostname"]}], "ensured"
        pool = wishes.get("pool", "").split() or self.pool
        fixed = service["spec"].get("loadBalancerIP")
        current = [ingress["ip"] for ingress in addresses(service) if ingress.get("ip") in pool and fixed in (None, ingress["ip"])]
        free = [address for address in pool if address not in taken and fixed in (None, address)]
        chosen = (current + free)[:1]
        if not chosen:
            return [], "no-free-address"
        return [{"ip": chosen[0]}], reason if reason == "manual-firewall" else "ensured"

    def tell(self, service, word):
        """Says it once for as long as it stays the last word on this Service."""
        metadata = service["metadata"]
        if self.told.get(metadata["uid"]) == word:
            return
        reason, kind, component, message = EVENTS[word]
        moment = now()
        try:
            self.api.request("POST", f"/api/v1/namespaces/{metadata['namespace']}/events", {
                "apiVersion": "v1", "kind": "Event", "type": kind, "reason": reason, "count": 1,
                "message": message.format(namespace=metadata["namespace"], name=metadata["name"]),
                "metadata": {"generateName": metadata["name"] + ".", "namespace": metadata["namespace"]},
                "involvedObject": {"apiVersion": "v1", "kind": "Service", "namespace": metadata["namespace"], "name": metadata["name"],
                                   "uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"]},
                "firstTimestamp": moment, "lastTimestamp": moment, "source": {"component": component}})
        except Refused as problem:
            if problem.status != 404:  # its namespace is going
                raise
        self.told[metadata["uid"]] = word


def addresses(service):
    return (service.get("status", {}).get("loadBalancer") or {}).get("ingress") or []


def path(service):
    return f"/api/v1/namespaces/{service['metadata']['namespace']}/services/{service['metadata']['name']}"
