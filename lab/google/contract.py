"""Holds three readings of the same answers against each other: Google's Python clients, Google's discovery documents, isthmus' facts.

    contract.py STATE URL      STATE: the lab's state directory; URL: where the stand-in is

The clients ignore fields that they do not know; here they do not. Where PyPI has no client of Google's for an API (GKE On-Prem), or the client
does not know a part of an answer, the discovery document alone decides, and this program says so. Exits with 1 where anything differs.
"""
import json
import os
import pathlib
import re
import sqlite3
import subprocess
import sys
import tempfile

import google.auth.transport.requests
import google.oauth2.credentials
import googleapiclient.discovery_cache

from google.api_core.client_options import ClientOptions
from google.cloud import cloudquotas_v1, compute_v1, container_v1, gkehub_v1, gkehub_v1beta1, orgpolicy_v2, resourcemanager_v3, service_usage_v1
from google.oauth2 import service_account
from google.protobuf import json_format

STATE, URL = pathlib.Path(sys.argv[1]), sys.argv[2]
ISTHMUS = os.environ["ISTHMUS"]
GOOGLE = STATE / "google"
WWW = GOOGLE / "www"
WORLD = json.loads((GOOGLE / "world.json").read_text())
FLEET, HOST, REGION = WORLD["fleet"]["id"], WORLD["host"]["id"], WORLD["region"]
CLUSTER_PROJECT = WORLD["gke"][0]["project"]["id"]
DISCOVERY = {"cloudresourcemanager": ("v1", "v3"), "serviceusage": ("v1",), "gkehub": ("v1",), "container": ("v1",), "compute": ("v1",),
             "orgpolicy": ("v2",), "gkeonprem": ("v1",), "privateca": ("v1",)}
# An API whose discovery document google-api-python-client does not carry: its client alone decides.
WITHOUT_DOCUMENT = {"cloudquotas"}
# URLs that gcloud asks, and the discovery document does not list.
WITHOUT_ENTRY = re.compile(r"gkeonprem/v1/projects/[^/]+/locations/-/bareMetalStandaloneClusters")

problems = []


def problem(text):
    problems.append(text)
    print("WRONG", text, flush=True)


# --- discovery documents -----------------------------------------------------------------------------------------


class Document:
    """One discovery document: which URLs the API has, and which fields their answers."""

    def __init__(self, api, version):
        folder = pathlib.Path(googleapiclient.discovery_cache.__file__).parent / "documents"
        self.document = json.loads((folder / f"{api}.{version}.json").read_text())
        self.schemas = self.document["schemas"]
        self.methods = []
        self._collect(self.document)

    def _collect(self, node):
        for method in node.get("methods", {}).values():
            path = self.document["servicePath"] + method.get("flatPath", method["path"])
            pattern = "".join("[^/:]+" if part.startswith("{") else re.escape(part) for part in re.split(r"(\{[^}]*\})", path))
            self.methods.append((method["httpMethod"], re.compile(pattern), method))
        for resource in node.get("resources", {}).values():
            self._collect(resource)

    def method(self, path, verbs=("GET", "POST")):
        """The reading method that answers at a path: GET, or POST where the API has no GET there."""
        found = [(m.get("flatPath", m["path"]).count("{"), verbs.index(v), m) for v, pattern, m in self.methods if v in verbs and pattern.fullmatch(path)]
        return min(found, key=lambda entry: entry[:2])[2] if found else None

    def check(self, value, schema, where):
        """Yields what in a value is not as the schema has it."""
        if "$ref" in schema:
            schema = self.schemas[schema["$ref"]]
        kind = schema.get("type", "any")
        if kind == "object":
            if not isinstance(value, dict):
                yield f"{where} is no object"
                return
            properties, others = schema.get("properties", {}), schema.get("additionalProperties")
            for key, item in value.items():
                if key in properties:
                    yield from self.check(item, properties[key], f"{where}.{key}")
                elif others is not None:
                    yield from self.check(item, others, f"{where}[{key}]")
                else:
                    yield f"{where} has no field {key}"
        elif kind == "array":
            if not isinstance(value, list):
                yield f"{where} is no array"
                return
            for index, item in enumerate(value):
                yield from self.check(item, schema["items"], f"{where}[{index}]")
        elif kind == "string":
            if not isinstance(value, str):
                yield f"{where} is no string"
            elif schema.get("format") in ("int64", "uint64") and not re.fullmatch(r"-?\d+", value):
                yield f"{where} is no number in a string"
            elif "enum" in schema and value not in schema["enum"]:
                yield f"{where}: {value} is not one of its values"
        elif kind == "boolean" and not isinstance(value, bool):
            yield f"{where} is no boolean"
        elif kind == "integer" and (not isinstance(value, int) or isinstance(value, bool)):
            yield f"{where} is no integer"
        elif kind == "number" and (not isinstance(value, (int, float)) or isinstance(value, bool)):
            yield f"{where} is no number"


DOCUMENTS = {(api, version): Document(api, version) for api, versions in DISCOVERY.items() for version in versions}


def document_of(path):
    """The document and method for a path of the stand-in, as `gkehub/v1/projects/…`."""
    api, _, rest = path.partition("/")
    version = re.search(r"(?:^|/)(v\d+\w*)/", rest).group(1)
    document = DOCUMENTS.get((api, version))
    return (document, document.method(rest)) if document else (None, None)


def check_files():
    """Every answer that is served, field by field."""
    count = 0
    for file in sorted(WWW.rglob("*.json")):
        path = re.sub(r"(@[^/]*)?\.json$", "", str(file.relative_to(WWW)))
        if path == "token" or path.partition("/")[0] in WITHOUT_DOCUMENT or WITHOUT_ENTRY.fullmatch(path) or file.is_symlink():
            continue
        document, method = document_of(path)
        if method is None:
            problem(f"{path}: the API has no such URL")
            continue
        count += 1
        for complaint in document.check(json.loads(file.read_text()), method["response"], ""):
            problem(f"{path}: {complaint}")
    print(f"ok    {count} answers are as the discovery documents have them")


# --- Google's clients --------------------------------------------------------------------------------------------

lenient_parse = json_format.Parse


# Fields that the client of an API's version lacks, and which messages of Google's have them.
GAPS = {"google.cloud.gkehub.v1.MembershipEndpoint": ("onPremCluster", gkehub_v1beta1.MembershipEndpoint)}


def strict_parse(text, message, ignore_unknown_fields=True, **more):
    blank = type(message)()
    try:
        return lenient_parse(text, message, ignore_unknown_fields=False, **more)
    except json_format.ParseError as error:
        gap = next((g for g in GAPS.items() if f'"{g[0]}" has no field named "{g[1][0]}"' in str(error)), None)
        if gap is None:
            raise
        print(f"note  {gap[0]} of Google's client has no {gap[1][0]}; {gap[1][1].__module__} reads it")
        message.CopyFrom(blank)
        return lenient_parse(text, message, ignore_unknown_fields=True, **more)


json_format.Parse = strict_parse



def credentials():
    """The service account's, exchanged at the token endpoint; left to themselves, the clients sign a token of their own for each API."""
    account = service_account.Credentials.from_service_account_file(
        GOOGLE / "google-credentials.json", scopes=["https://www.googleapis.com/auth/cloud-platform"])
    account.refresh(google.auth.transport.requests.Request())
    return google.oauth2.credentials.Credentials(account.token)


CREDENTIALS = credentials()


def client(kind, api):
    # With a leading scheme, the REST transport takes the whole as the beginning of every URL.
    return kind(credentials=CREDENTIALS, transport="rest", client_options=ClientOptions(api_endpoint=f"{URL}/{api}"))


def asked(what, call):
    """What a client reads; a field that it does not know is an error."""
    try:
        return call()
    except json_format.ParseError as error:
        problem(f"{what}: Google's client cannot parse the answer: {error}")
    except Exception as error:  # noqa: BLE001: whatever a client says is the finding
        problem(f"{what}: {type(error).__name__}: {error}")
    return None


def read_by_clients():
    hub, projects = client(gkehub_v1.GkeHubClient, "gkehub"), client(resourcemanager_v3.ProjectsClient, "cloudresourcemanager")
    reading = {
        "memberships": asked("gkehub memberships.list", lambda: {
            m.name.split("/")[-1]: m for m in hub.list_memberships(parent=f"projects/{FLEET}/locations/-")}),
        "projects": {p: asked("projects.get", lambda p=p: projects.get_project(name=f"projects/{p}")) for p in (FLEET, HOST, CLUSTER_PROJECT)},
        "granted": {p: asked("projects.testIamPermissions", lambda p=p: projects.test_iam_permissions(
            resource=f"projects/{p}", permissions=["resourcemanager.projects.get"])) for p in (FLEET, HOST, CLUSTER_PROJECT)},
        "clusters": asked("container clusters.list", lambda: {
            c.name: c for c in client(container_v1.ClusterManagerClient, "container")
            .list_clusters(parent=f"projects/{CLUSTER_PROJECT}/locations/-").clusters}),
        "services": asked("serviceusage services.batchGet", lambda: client(service_usage_v1.ServiceUsageClient, "serviceusage").batch_get_services(
            service_usage_v1.BatchGetServicesRequest(parent=f"projects/{FLEET}", names=[f"projects/{FLEET}/services/gkehub.googleapis.com"])).services),
        "policy": asked("orgpolicy getEffectivePolicy", lambda: client(orgpolicy_v2.OrgPolicyClient, "orgpolicy").get_effective_policy(
            name=f"projects/{CLUSTER_PROJECT}/policies/compute.restrictLoadBalancerCreationForTypes")),
        "quotas": asked("cloudquotas quotaInfos.list", lambda: list(client(cloudquotas_v1.CloudQuotasClient, "cloudquotas").list_quota_infos(
            parent=f"projects/{FLEET}/locations/global/services/gkehub.googleapis.com"))),
    }
    compute = {
        "network": (compute_v1.NetworksClient, lambda c: c.get(project=HOST, network=WORLD["network"])),
        "firewalls": (compute_v1.NetworksClient, lambda c: c.get_effective_firewalls(project=HOST, network=WORLD["network"])),
        "xpnHost": (compute_v1.ProjectsClient, lambda c: c.get_xpn_host(project=CLUSTER_PROJECT)),
        "xpnResources": (compute_v1.ProjectsClient, lambda c: list(c.get_xpn_resources(project=HOST))),
        "hostProject": (compute_v1.ProjectsClient, lambda c: c.get(project=HOST)),
        "region": (compute_v1.RegionsClient, lambda c: c.get(project=CLUSTER_PROJECT, region=REGION)),
        "forwardingRules": (compute_v1.ForwardingRulesClient, lambda c: [
            r for _, scope in c.aggregated_list(project=CLUSTER_PROJECT) for r in scope.forwarding_rules]),
        "subnetworks": (compute_v1.SubnetworksClient, lambda c: {
            s.name: s for _, scope in c.aggregated_list(project=HOST) for s in scope.subnetworks}),
        "tunnels": (compute_v1.VpnTunnelsClient, lambda c: {
            t.name: t for _, scope in c.aggregated_list(project=HOST) for t in scope.vpn_tunnels}),
        "routers": (compute_v1.RoutersClient, lambda c: {r.name: r for _, scope in c.aggregated_list(project=HOST) for r in scope.routers}),
        "routerStatus": (compute_v1.RoutersClient, lambda c: c.get_router_status(project=HOST, region=REGION, router="site-router").result),
        "routes": (compute_v1.RoutesClient, lambda c: list(c.list(project=HOST))),
    }
    for name, (kind, call) in compute.items():
        reading[name] = asked(f"compute {name}", lambda kind=kind, call=call: call(client(kind, "compute")))
    # The client of GKE Hub has no messages for the mesh's part of a feature: the discovery document has checked it.
    # There is no client for GKE On-Prem at all.
    session = google.auth.transport.requests.AuthorizedSession(CREDENTIALS)
    for name, path in (("feature", f"gkehub/v1/projects/{FLEET}/locations/global/features/servicemesh"),
                       ("bareMetal", f"gkeonprem/v1/projects/{FLEET}/locations/-/bareMetalClusters")):
        reading[name] = session.get(f"{URL}/{path}").json()
    pages = [json.loads(file.read_text()) for file in WWW.glob(f"gkehub/v1/projects/{FLEET}/locations/-/memberships*.json")]
    for member in (m for page in pages for m in page["resources"] if "onPremCluster" in m["endpoint"]):
        name, text = last(member["name"]), json.dumps(member["endpoint"]).replace("__NOW__", "2026-01-01T00:00:00Z")
        reading.setdefault("onPremises", {})[name] = asked("the endpoint of an on-premises membership", lambda text=text: json_format.Parse(
            text, gkehub_v1beta1.MembershipEndpoint.pb(gkehub_v1beta1.MembershipEndpoint())))
    print("ok    Google's clients have read every answer" if not problems else "not every answer could be read")
    return reading


# --- the tests of this test --------------------------------------------------------------------------------------


def misspelt(text, field):
    spoiled = text.replace(f'"{field}"', f'"{field}s"')
    assert spoiled != text, f"there is no {field} to misspell"
    return spoiled


def check_the_checks():
    """One letter too many must be found by the document and by the client."""
    path = f"container/v1/projects/{CLUSTER_PROJECT}/locations/-/clusters"
    text = misspelt((WWW / f"{path}.json").read_text(), "publicEndpoint")
    document, method = document_of(path)
    if not any("publicEndpoints" in complaint for complaint in document.check(json.loads(text), method["response"], "")):
        problem("a misspelt field is not found by the discovery document")
    try:
        json_format.Parse(text, container_v1.ListClustersResponse.pb(container_v1.ListClustersResponse()), ignore_unknown_fields=True)
        problem("a misspelt field is not found by Google's client")
    except json_format.ParseError:
        pass
    if document_of("container/v1/projects/p/locations/-/clusterz")[1] is not None:
        problem("a misspelt URL is not found")
    print("ok    a misspelt field and a misspelt URL are found")


# --- isthmus -----------------------------------------------------------------------------------------------------


def collect():
    """isthmus' facts of the lab, and the requests that it made."""
    log = GOOGLE / "access.log"
    before = log.stat().st_size if log.exists() else 0
    with tempfile.TemporaryDirectory() as folder:
        snapshot = pathlib.Path(folder) / "snapshot"
        done = subprocess.run([ISTHMUS, "collect", "-f", str(STATE / "mesh.yaml"), "--output", str(snapshot)], capture_output=True, text=True)
        if not snapshot.exists():
            sys.exit(f"isthmus collect ended with {done.returncode} and wrote no snapshot: {done.stderr[-500:]}")
        database = sqlite3.connect(f"file:{snapshot}?mode=ro", uri=True)
        database.row_factory = sqlite3.Row
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        facts = {table: [dict(row) for row in database.execute(f'SELECT * FROM "{table}"')] for table in tables}
        database.close()
    with log.open() as file:
        file.seek(before)
        requests_made = [line.split()[1:5] for line in file]
    return facts, requests_made


def check_requests(requests_made):
    """Every URL that isthmus asks is one that the API has, asked by the right verb, and served here."""
    for verb, url, _, status in requests_made:
        path = url.partition("?")[0].lstrip("/")
        api, _, rest = path.partition("/")
        if path == "token" or api in WITHOUT_DOCUMENT or WITHOUT_ENTRY.fullmatch(path):
            continue
        document, _ = document_of(path)
        if document is None or document.method(rest, (verb,)) is None:
            problem(f"isthmus asks {verb} {url}: the API has no such URL")
        elif status != "200":
            problem(f"isthmus asks {verb} {url}: the stand-in answers {status}")
    print(f"ok    {len(requests_made)} requests of isthmus are the APIs' own")


class Comparison:
    def __init__(self, facts):
        self.facts, self.count = facts, 0

    def row(self, table, **key):
        rows = [r for r in self.facts.get(table, []) if all(r[k] == v for k, v in key.items())]
        if len(rows) != 1:
            problem(f"{table}: {len(rows)} rows with {key}, one was expected")
            return {}
        return rows[0]

    def same(self, table, key, **expected):
        row = self.row(table, **key)
        for column, value in expected.items():
            if not row:
                return
            self.count += 1
            seen = json.loads(row[column]) if isinstance(value, (list, dict)) and row[column] is not None else row[column]
            if isinstance(value, list) and isinstance(seen, list):
                seen, value = sorted(seen), sorted(value)
            if seen != value:
                problem(f"{table}.{column} of {key}: isthmus has {seen!r}, Google's client {value!r}")


def last(link, count=1):
    return "/".join(link.split("/")[-count:])


def compare(facts, reading):
    """isthmus' facts are what Google's clients read."""
    c = Comparison(facts)
    for name, membership in reading["memberships"].items():
        endpoint = reading["onPremises"].get(name)
        link = endpoint.on_prem_cluster if endpoint else membership.endpoint.gke_cluster
        c.same("google_membership", {"cluster": name}, found=1, name=membership.name, external_id=membership.external_id, external_id_matches=1,
               state=membership.state.code.name, resource_link=link.resource_link,
               cluster_missing=int(link.cluster_missing),
               identity_provider=membership.authority.identity_provider, workload_identity_pool=membership.authority.workload_identity_pool,
               project_number=WORLD["fleet"]["number"], location="global", also=[])
        connected = int(membership.last_connection_time.timestamp()) if "last_connection_time" in membership else 0
        seen = c.row("google_membership", cluster=name).get("last_connection_at")
        # The stand-in's agent connects at every moment.
        if seen is None or abs(seen - connected) > 120:
            problem(f"google_membership.last_connection_at of {name}: isthmus has {seen!r}, Google's client {connected}")
    for project, resource in reading["projects"].items():
        c.same("google_project", {"project": project}, project_id=resource.project_id, project_number=last(resource.name), state=resource.state.name)
    for service in reading["services"]:
        if any(r["service"] == last(service.name) and r["project"] == FLEET for r in facts["google_service"]):
            c.same("google_service", {"project": FLEET, "service": last(service.name)}, state=service.state.name.lower())
    for name, cluster in reading["clusters"].items():
        compare_cluster(c, name, cluster, reading)
    for name, tunnel in reading["tunnels"].items():
        c.same("vpn_tunnel", {"name": name}, project=HOST, region=last(tunnel.region), status=tunnel.status,
               established=int(tunnel.status == "ESTABLISHED"), detail=tunnel.detailed_status, router=last(tunnel.router), peer_ip=tunnel.peer_ip,
               bgp_up=int(any(p.linked_vpn_tunnel == tunnel.self_link and p.status == "UP" for p in reading["routerStatus"].bgp_peer_status)))
    for quota in reading["region"].quotas:
        if any(r["metric"] == quota.metric and r["project"] == CLUSTER_PROJECT for r in facts["google_quota"]):
            c.same("google_quota", {"project": CLUSTER_PROJECT, "region": REGION, "metric": quota.metric}, quota_limit=int(quota.limit), usage=int(quota.usage))
    for key, state in reading["feature"]["membershipStates"].items():
        c.same("mesh_feature", {"cluster": last(key)}, feature_state=reading["feature"]["resourceState"]["state"], code=state["state"]["code"],
               management=reading["feature"]["membershipSpecs"][key]["mesh"]["management"],
               control_plane_state=state["servicemesh"]["controlPlaneManagement"]["state"])
    for site in reading["bareMetal"]["bareMetalClusters"]:
        balancer = site["loadBalancer"]
        c.same("on_premises_cluster", {"cluster": last(site["name"])}, resource=site["name"], kind="bare-metal", state=site["state"],
               version=site["bareMetalVersion"], control_plane_vip=balancer["vipConfig"]["controlPlaneVip"],
               ingress_vip=balancer["vipConfig"]["ingressVip"], pod_ranges=site["networkConfig"]["islandModeCidr"]["podAddressCidrBlocks"],
               service_ranges=site["networkConfig"]["islandModeCidr"]["serviceAddressCidrBlocks"])
        c.same("on_premises_load_balancer", {"cluster": last(site["name"])}, mode="metallb",
               pools=[pool["pool"] for pool in balancer["metalLbConfig"]["addressPools"]])
    allowed = [value for rule in reading["policy"].spec.rules for value in rule.values.allowed_values]
    c.same("google_load_balancer_policy", {"cluster": "east"}, api="v2", type="EXTERNAL_NETWORK_TCP_UDP",
           allowed=int("EXTERNAL_NETWORK_TCP_UDP" in allowed))
    rules = {rule.name: rule for rule in reading["firewalls"].firewalls}
    for source, target in (("west", "east"),):
        decided = c.row("google_firewall_path", source=source, target=target).get("decided_by")
        if decided not in rules or "15443" not in [port for allowed in rules[decided].allowed for port in allowed.ports]:
            problem(f"google_firewall_path.decided_by is {decided!r}; no rule that Google's client has read admits 15443 by that name")
    best = {route.dest_range: route for route in reading["routerStatus"].best_routes}
    for row in facts.get("google_route", []):
        c.count += 1
        if row["route"] not in best:
            problem(f"google_route: {row['address']} is reached through {row['route']!r}, which is none of the router's best routes {sorted(best)}")
    print(f"ok    {c.count} facts of isthmus are what Google's clients read" if not problems else f"{c.count} facts were compared")


def compare_cluster(c, name, cluster, reading):
    endpoints, pools = cluster.control_plane_endpoints_config.ip_endpoints_config, cluster.node_pools
    subnetwork = reading["subnetworks"][last(cluster.network_config.subnetwork)]
    c.same("google_cluster", {"cluster": name}, project=CLUSTER_PROJECT, project_number=last(reading["projects"][CLUSTER_PROJECT].name),
           location=cluster.location, name=cluster.name, self_link=cluster.self_link, status=cluster.status.name, autopilot=int(cluster.autopilot.enabled),
           vpc_network=cluster.network_config.network, subnetwork=cluster.network_config.subnetwork, vpc_host_project=reading["xpnHost"].name,
           shared_vpc=int(reading["hostProject"].xpn_project_status == "HOST"), attached_to_host=int(reading["xpnHost"].name == HOST),
           public_endpoint_enabled=int(endpoints.enable_public_endpoint), endpoint=cluster.endpoint, public_endpoint=endpoints.public_endpoint,
           private_endpoint=endpoints.private_endpoint, private_nodes_default=int(cluster.network_config.default_enable_private_nodes),
           private_node_pools=[p.name for p in pools if p.network_config.enable_private_nodes],
           public_node_pools=[p.name for p in pools if not p.network_config.enable_private_nodes],
           authorized_networks_enabled=int(endpoints.authorized_networks_config.enabled),
           authorized_networks=[block.cidr_block for block in endpoints.authorized_networks_config.cidr_blocks],
           google_public_cidrs=int(endpoints.authorized_networks_config.gcp_public_cidrs_access_enabled),
           private_endpoint_enforced=int(endpoints.authorized_networks_config.private_endpoint_enforcement_enabled),
           pod_ranges=[cluster.ip_allocation_policy.cluster_ipv4_cidr_block], service_range=cluster.ip_allocation_policy.services_ipv4_cidr_block,
           node_range=subnetwork.ip_cidr_range, stack_type=cluster.ip_allocation_policy.stack_type.name,
           snat_disabled=int(cluster.network_config.default_snat_status.disabled),
           l4_firewall_disabled=int(cluster.network_config.disable_l4_lb_firewall_reconciliation),
           workload_pool=cluster.workload_identity_config.workload_pool,
           pools_without_metadata_server=[p.name for p in pools if p.config.workload_metadata_config.mode.name != "GKE_METADATA"],
           release_channel=cluster.release_channel.channel.name, mesh_id_label=cluster.resource_labels["mesh_id"],
           fleet_project=cluster.fleet.project, fleet_membership=cluster.fleet.membership, machine_types=[p.config.machine_type for p in pools],
           network_id=f"{CLUSTER_PROJECT}-{last(cluster.network_config.network)}", current_version=cluster.current_master_version)


def main():
    check_files()
    check_the_checks()
    reading = read_by_clients()
    if any(value is None for value in reading.values()):
        sys.exit(f"{len(problems)} problems; isthmus' facts were not compared")
    facts, requests_made = collect()
    check_requests(requests_made)
    compare(facts, reading)
    sys.exit(f"{len(problems)} problems" if problems else 0)


if __name__ == "__main__":
    main()
