"""Envoy's resources, as istiod makes them for a gateway and for a sidecar; only as much of them as the lab needs."""

import typing

PROXY_FOLDER = "/etc/istio/proxy"
PEER_PROTOCOLS = ["istio", "istio-peer-exchange", "istio-http/1.0", "istio-http/1.1", "istio-h2"]


def typed(kind, **fields):
    return {"@type": "type.googleapis.com/envoy." + kind, **fields}


def from_file(name):
    return {"path_config_source": {"path": f"{PROXY_FOLDER}/{name}"}, "resource_api_version": "V3"}


def address(host, port):
    return {"socket_address": {"address": host, "port_value": port}}


def http_filter(name, kind):
    return {"name": name, "typed_config": typed(kind)}


def listener_filter(name):
    message = "".join(part.capitalize() for part in name.split("_"))
    return http_filter(name, f"extensions.filters.listener.{name}.v3.{message}")


def tcp(to):
    return {"name": "tcp", "typed_config": typed("extensions.filters.network.tcp_proxy.v3.TcpProxy", stat_prefix=to, cluster=to)}


def http(to, before=(), **more):
    return {"name": "http", "typed_config": typed(
        "extensions.filters.network.http_connection_manager.v3.HttpConnectionManager", stat_prefix=to,
        http_filters=[*before, http_filter("router", "extensions.filters.http.router.v3.Router")],
        route_config={"virtual_hosts": [{"name": "all", "domains": ["*"],
                                         "routes": [{"match": {"prefix": "/"}, "route": {"cluster": to}}]}]}, **more)}


def listener(name, host, port, chains, **more):
    return typed("config.listener.v3.Listener", name=name, address=address(host, port), filter_chains=chains, **more)


def identity_and_trust(names, **more):
    """The proxy's own certificate, the mesh's roots, and what the other side's certificate must say; anything where no name is given."""
    wanted = {"match_typed_subject_alt_names": [{"san_type": "URI", "matcher": name} for name in names]} if names else {}
    return {
        **more,
        "tls_certificate_sds_secret_configs": [{"name": "default", "sds_config": from_file("identity.yaml")}],
        "combined_validation_context": {
            "default_validation_context": wanted,
            "validation_context_sds_secret_config": {"name": "ROOTCA", "sds_config": from_file("root.yaml")}}}


class Target(typing.NamedTuple):
    """An endpoint as a proxy is told of it; the farther it is, the higher the number of its priority, and those with the lowest are asked
    alone while they are healthy."""
    address: str
    port: int
    weight: int
    mutual_tls: bool
    locality: tuple = ("", "")
    priority: int = 0


def cluster(name, targets, **more):
    groups = {}
    for target in targets:
        groups.setdefault((target.priority, target.locality), []).append(
            {"endpoint": {"address": address(target.address, target.port)}, "load_balancing_weight": target.weight,
             "metadata": {"filter_metadata": {"envoy.transport_socket_match": {"tlsMode": "istio"} if target.mutual_tls else {}}}})
    return typed("config.cluster.v3.Cluster", name=name, type="STATIC", connect_timeout="10s", load_assignment={
        "cluster_name": name, "endpoints": [
            {"priority": priority, "locality": {"region": region, "zone": zone}, "lb_endpoints": endpoints}
            for (priority, (region, zone)), endpoints in sorted(groups.items())]}, **more)


def to_original_destination(name):
    return typed("config.cluster.v3.Cluster", name=name, type="ORIGINAL_DST", connect_timeout="10s", lb_policy="CLUSTER_PROVIDED")


def one_request_a_connection():
    """A connection outlives the certificates that it was made with: here each request shows what counts now."""
    http = typed("extensions.upstreams.http.v3.HttpProtocolOptions", explicit_http_config={"http_protocol_options": {}},
                 common_http_protocol_options={"max_requests_per_connection": 1})
    return {"typed_extension_protocol_options": {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": http}}


def mutual_tls_cluster(name, targets, server_name, http, accounts, **more):
    """To endpoints that are marked so with mutual TLS, to the others in plain text."""
    context = typed("extensions.transport_sockets.tls.v3.UpstreamTlsContext", sni=server_name, common_tls_context=identity_and_trust(
        [{"exact": account} for account in accounts],
        alpn_protocols=["istio-http/1.1", "istio", "http/1.1"] if http else ["istio"]))
    return cluster(name, targets, **more, **(one_request_a_connection() if http else {}), transport_socket_matches=[
        {"name": "tlsMode-istio", "match": {"tlsMode": "istio"}, "transport_socket": {"name": "tls", "typed_config": context}},
        {"name": "tlsMode-disabled", "match": {}, "transport_socket": {
            "name": "plain", "typed_config": typed("extensions.transport_sockets.raw_buffer.v3.RawBuffer")}}])


# --- the gateway ---------------------------------------------------------------------------------------------------

def passthrough_listener(port, server_names):
    """AUTO_PASSTHROUGH: one filter chain per Service port, chosen by SNI and by Istio's ALPN; TLS is not ended here."""
    return listener(f"0.0.0.0_{port}", "0.0.0.0", port, [
        {"filter_chain_match": {"server_names": [name], "application_protocols": PEER_PROTOCOLS}, "filters": [tcp(name)]}
        for name in server_names], listener_filters=[listener_filter("tls_inspector")])


# --- a sidecar -----------------------------------------------------------------------------------------------------

def virtual_outbound():
    return listener("virtualOutbound", "0.0.0.0", 15001, [{"filters": [tcp("PassthroughCluster")]}], use_original_dst=True)


def outbound_listener(host, port, to, is_http):
    return listener(f"{host}_{port}", host, port, [{"filters": [http(to) if is_http else tcp(to)]}], bind_to_port=False)


def admitting(callers):
    """Principals, without the scheme, that end with * where any that begin so are meant. Others hear 403, "RBAC: access denied"."""
    def named(principal):
        name = "spiffe://" + principal
        return {"authenticated": {"principal_name": {"prefix": name[:-1]} if name.endswith("*") else {"exact": name}}}
    policies = {"callers": {"permissions": [{"any": True}], "principals": [named(principal) for principal in callers]}} if callers else {}
    return {"name": "rbac", "typed_config": typed("extensions.filters.http.rbac.v3.RBAC", rules={"action": "ALLOW", "policies": policies})}


def virtual_inbound(ports, trusted, mode, callers):
    """Ports: (number, whether HTTP is spoken there). Mutual TLS by Istio's ALPN, and plain text, as far as the mode has it; callers: who
    may call over HTTP, or None for everybody."""
    context = typed("extensions.transport_sockets.tls.v3.DownstreamTlsContext", require_client_certificate=True,
                    common_tls_context=identity_and_trust(
                        [{"prefix": f"spiffe://{domain}/"} for domain in trusted], alpn_protocols=["h2", "http/1.1"],
                        tls_params={"tls_minimum_protocol_version": "TLSv1_2", "tls_maximum_protocol_version": "TLSv1_3"}))
    chains = []
    for number, is_http in ports:
        application = [http("inbound", [] if callers is None else [admitting(callers)], forward_client_cert_details="APPEND_FORWARD",
                            set_current_client_cert_details={"subject": True, "dns": True, "uri": True}) if is_http else tcp("inbound")]
        if mode != "DISABLE":
            chains.append({"name": f"{number}_mutual-tls", "filters": application,
                           "filter_chain_match": {"destination_port": number, "transport_protocol": "tls", "application_protocols": PEER_PROTOCOLS},
                           "transport_socket": {"name": "tls", "typed_config": context}})
        if mode != "STRICT":
            chains.append({"name": f"{number}_plain-text", "filters": application,
                           "filter_chain_match": {"destination_port": number, "transport_protocol": "raw_buffer"}})
    more = {} if mode == "STRICT" else {"default_filter_chain": {"filters": [tcp("inbound")]}}
    return listener("virtualInbound", "0.0.0.0", 15006, chains,
                    listener_filters=[listener_filter("original_dst"), listener_filter("tls_inspector")], **more)
