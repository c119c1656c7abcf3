internal import Foundation
internal import Kubernetes
internal import Mesh

/// One address that a pod of a cluster tries.
struct ProbeTarget: Sendable, Hashable {
    enum Kind: String, Sendable {
        case controlPlane = "control-plane"
        case gateway
        case gatewayStatus = "gateway-status"
        /// Control: the pod's own API server, by its Service. It must answer, or nothing that the pod saw counts.
        case own
        /// Control: an address that must not answer (TEST-NET-1, RFC 5737), or something swallows every connection.
        case void
    }

    /// What a server's certificate is verified against.
    enum Trust: Sendable, Hashable {
        case system
        /// It is not: the kubeconfig says so.
        case nothing
        /// PEM.
        case authority(Data)
    }

    var kind: Kind
    /// The cluster that the address belongs to; empty for controls.
    var cluster: String
    var host: String
    var port: Int
    /// Of the URL; empty, or from its first slash.
    var path = ""
    /// The name in the certificate where it is not the host (API server), or the SNI to ask for (gateway); empty where there is none.
    var serverName = ""
    var trust = Trust.system

    static let own = ProbeTarget(kind: .own, cluster: "", host: "kubernetes.default.svc", port: 443, trust: .nothing)
    static let void = ProbeTarget(kind: .void, cluster: "", host: "192.0.2.1", port: 443)

    /// As column `address` has it.
    var address: String { "\(bracketed(host)):\(port)" }

    /// The target has a name to be resolved.
    var isNamed: Bool { AddressRange.bytes(host) == nil }

    /// Whether its words can stand in a line of the script's list. What a remote secret holds may be anything.
    var isUsable: Bool {
        func isPlain(_ text: String, _ others: String) -> Bool {
            text.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                    || others.utf8.contains(byte)
            }
        }
        return !host.isEmpty && host.first != "-" && isPlain(host, ".-_:%") && isPlain(serverName, ".-_:")
            && serverName.first != "-" && isPlain(path, "./-_~%:@!$&'()+,;=") && (1...65535).contains(port) && path.count < 1000
    }
}

/// An address as it stands in a URL.
func bracketed(_ host: String) -> String { host.contains(":") ? "[\(host)]" : host }

extension ProbeTarget {
    /// Everything that pods of one cluster are to try: both controls, then every other cluster's API server and gateway.
    ///
    /// The API server is tried at the address, and against the authority, that the source's remote secret names; and at the declared
    /// one, which a secret is to name. Where there is neither, at that of the target's kubeconfig, from which a secret would be made.
    static func all(from source: ClusterResult, to results: [ClusterResult]) -> [ProbeTarget] {
        let marks = results.map(\.mark)
        let secrets = zip(source.evidence.remoteSecrets.value ?? [], source.remoteContacts).map { secret, contact in
            (secret, RemoteTarget.find(secret, uid: contact.uid, among: marks)?.cluster)
        }
        var targets = [own, void]
        var seen = Set(targets)
        func add(_ target: ProbeTarget) { if seen.insert(target).inserted { targets.append(target) } }
        for target in results where target.declaration.name != source.declaration.name {
            let name = target.declaration.name
            let servers = secrets.filter { $0.1 == name }.compactMap { ProbeTarget(remoteSecret: $0.0, cluster: name) }
            let declared = target.access.flatMap { ProbeTarget(declared: target.declaration, $0) }
            servers.forEach(add)
            if let declared {
                // Where a Secret leads to it already, the Secret's authority is the one that counts.
                if !servers.contains(where: { $0.address == declared.address }) { add(declared) }
            } else if servers.isEmpty, let access = target.access, let server = ProbeTarget(access, cluster: name) {
                add(server)
            }
            for service in target.evidence.gatewayServices.value ?? [] {
                let ports = Set((service.spec.ports ?? []).map(\.port))
                for host in service.addresses {
                    add(
                        ProbeTarget(
                            kind: .gateway, cluster: name, host: host, port: service.gatewayPort,
                            serverName: target.service.value?.serverName ?? ""))
                    guard ports.contains(MeshConstants.statusPort) else { continue }
                    add(
                        ProbeTarget(
                            kind: .gatewayStatus, cluster: name, host: host, port: MeshConstants.statusPort,
                            path: "/healthz/ready"))
                }
            }
        }
        return targets
    }

    /// `nil` where the secret names no https server.
    private init?(remoteSecret secret: RemoteSecret, cluster: String) {
        guard let server = secret.server, server.scheme == "https" else { return nil }
        let trust: Trust = secret.skipsVerification ? .nothing : secret.authority.isEmpty ? .system : .authority(secret.authority)
        self.init(server, cluster: cluster, serverName: secret.tlsServerName, trust: trust)
    }

    private init?(_ access: ClusterAccess, cluster: String) {
        guard let server = ServerURL(access.server.url), server.scheme == "https" else { return nil }
        self.init(server, cluster: cluster, serverName: access.tlsServerName ?? "", trust: Trust(access))
    }

    /// `nil` where no address is declared. A remote secret carries no other name to verify than the address's own.
    private init?(declared: ClusterDeclaration, _ access: ClusterAccess) {
        guard let server = declared.remoteServer.flatMap({ ServerURL($0) }) else { return nil }
        self.init(server, cluster: declared.name, serverName: "", trust: Trust(access))
    }

    private init(_ server: ServerURL, cluster: String, serverName: String, trust: Trust) {
        self.init(
            kind: .controlPlane, cluster: cluster, host: server.host, port: server.port, path: server.path,
            serverName: serverName, trust: trust)
    }
}

extension ProbeTarget.Trust {
    /// What a kubeconfig verifies its server against.
    fileprivate init(_ access: ClusterAccess) {
        self = access.insecureSkipTLSVerify ? .nothing : access.certificateAuthority.map { .authority($0) } ?? .system
    }
}
