import Secrecy

internal import Facts
internal import Foundation
internal import Kubernetes
internal import Mesh

/// One data key of a Secret for endpoint discovery, read as istiod reads it.
///
/// `access` holds the credential, in memory and for the probe alone; its descriptions withhold it.
struct RemoteSecret: Sendable {
    var secret: String
    var key: String
    var isLabelled: Bool
    var annotation: String
    /// Why istiod refuses the kubeconfig; empty where it takes it.
    var refused = ""
    var server: ServerURL?
    /// SHA-256 of the first certificate in `certificate-authority-data`; empty where absent.
    var caFingerprint = ""
    var skipsVerification = false
    /// PEM of `certificate-authority-data`; empty where absent.
    var authority = Data()
    var tlsServerName = ""
    var claims: TokenClaims?
    /// How to try the credential; `nil` where it is not to be tried, and then `notTried` says why.
    var access: ClusterAccess?
    var notTried = ""

    /// Reads every data key of a Secret, in the order of the keys.
    ///
    /// - Parameter allowed: what istiod's `PILOT_INSECURE_MULTICLUSTER_KUBECONFIG_OPTIONS` permits.
    static func read(_ secret: SecretObject, allowed: Set<String>) -> [RemoteSecret] {
        (secret.data ?? [:]).sorted { $0.key < $1.key }.map { key, value in
            var result = RemoteSecret(
                secret: secret.metadata.name, key: key,
                isLabelled: secret.metadata.label(MeshConstants.multiClusterLabel) == "true",
                annotation: secret.metadata.annotation(MeshConstants.remoteClusterAnnotation))
            result.read(kubeconfig: value, allowed: allowed)
            return result
        }
    }

    private mutating func read(kubeconfig data: Data, allowed: Set<String>) {
        guard !data.isEmpty else { return refuse("kubeconfig is empty") }
        let config: Kubeconfig
        do {
            config = try Kubeconfig.parse(data, name: "remote secret")
        } catch {
            // The error's own words could repeat a piece of what stands there.
            return refuse("kubeconfig cannot be loaded: \(Self.plain(error))")
        }
        let (cluster, user) = config.chosen
        if let cluster {
            server = ServerURL(cluster.server)
            skipsVerification = cluster.insecureSkipTLSVerify
            authority = cluster.certificateAuthorityData
            tlsServerName = cluster.tlsServerName
            caFingerprint = PEMBundle(String(decoding: cluster.certificateAuthorityData, as: UTF8.self)).fingerprints.first ?? ""
        }
        if let token = user?.token.revealed, !token.isEmpty { claims = TokenClaims(token: token) }
        if let reason = config.refusal(allowed: allowed) { return refuse("kubeconfig is not allowed: \(reason)") }
        prepareProbe(config, cluster: cluster, user: user)
    }

    /// Decides whether the credential can be tried from here: without running a program and without reading a file, and not in
    /// clear text.
    private mutating func prepareProbe(_ config: Kubeconfig, cluster: ClusterEntry?, user: UserEntry?) {
        let readsFiles =
            cluster?.certificateAuthority.isEmpty == false || user?.clientCertificate.isEmpty == false
            || user?.clientKey.isEmpty == false || user?.tokenFile.isEmpty == false
        if readsFiles {
            notTried = "the kubeconfig names files, which only istiod's pod has"
        } else if user?.exec != nil {
            notTried = "the kubeconfig runs a program, which isthmus does not do for a remote secret"
        } else if server?.scheme == "http" {
            notTried = "the server's address is http://"
        } else {
            do {
                access = try config.resolve()
            } catch {
                refuse("kubeconfig is not valid: \(Self.plain(error))")
            }
        }
    }

    private mutating func refuse(_ reason: String) {
        refused = reason
        notTried = "istiod refuses the kubeconfig: \(reason)"
    }

    private static func plain(_ error: KubeconfigError) -> String {
        let place = error.line.map { " (line \($0))" } ?? ""
        return switch error.kind {
        case .tooLarge: "it is too large"
        case .notText: "it is not text\(place)"
        case .notYAML: "it is not YAML\(place)"
        case .notKubeconfig: "it is YAML, but no kubeconfig\(place)"
        case .wrongType: "a value has the wrong type\(place)"
        case .duplicateName: "a name stands twice\(place)"
        case .empty: "it holds no context"
        case .noSuchContext: "current-context names no context"
        case .missingReference: "the context names a cluster or a user that it does not define"
        case .missingKey: "a required key is missing\(place)"
        case .conflict: "two of its keys exclude each other\(place)"
        case .badValue, .badFile: "a value cannot be used\(place)"
        case .unreadable, .untrustedProgram, .removed, .plugin: "it cannot be used\(place)"
        }
    }
}

/// A Secret with its data: for those that carry remote kubeconfigs, and no others.
struct SecretObject: ListedObject {
    var metadata: ObjectMeta
    var data: [String: Data]?
}

extension Kubeconfig {
    /// Cluster and user of the current context, as far as they exist.
    fileprivate var chosen: (ClusterEntry?, UserEntry?) {
        guard let context = contexts.first(where: { $0.name == currentContext }) else { return (nil, nil) }
        return (clusters.first { $0.name == context.cluster }, users.first { $0.name == context.user })
    }

    /// Why istiod refuses the kubeconfig whatever the context, in istiod's words and order (Istio, pkg/kube/util.go,
    /// sanitizeKubeConfig).
    fileprivate func refusal(allowed: Set<String>) -> String? {
        for user in users {
            if let provider = user.authProvider, provider.name != "oidc", !allowed.contains(provider.name) {
                return "auth provider \(provider.name) is not allowed"
            }
            let dangers = [
                ("clientKey", !user.clientKey.isEmpty), ("clientCertificate", !user.clientCertificate.isEmpty),
                ("tokenFile", !user.tokenFile.isEmpty), ("exec", user.exec != nil),
            ]
            for (name, isPresent) in dangers where isPresent && !allowed.contains(name) { return "\(name) is not allowed" }
        }
        return nil
    }
}

extension Rows {
    /// The insecure kubeconfig options that every istiod of the mesh permits.
    static func allowedOptions(_ controlPlanes: [Deployment]) -> Set<String> {
        let lists = controlPlanes.map { deployment -> Set<String> in
            let text = deployment.container("discovery")?.environment("PILOT_INSECURE_MULTICLUSTER_KUBECONFIG_OPTIONS") ?? ""
            return Set(text.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) })
        }
        return lists.dropFirst().reduce(lists.first ?? []) { $0.intersection($1) }
    }

    /// Table `remote_secret`.
    ///
    /// - Parameter targets: the cluster that each secret leads to, and what it was told by.
    static func remoteSecrets(
        _ cluster: String, _ secrets: [RemoteSecret], target: (RemoteSecret) -> RemoteTarget?
    ) -> [FactRow] {
        secrets.map { secret in
            let target = target(secret)
            return FactRow(
                "remote_secret",
                [
                    "cluster": .text(cluster), "secret": .text(secret.secret), "key": .text(secret.key),
                    "labelled": FactValue(secret.isLabelled), "annotation": .text(secret.annotation),
                    "refused": .text(secret.refused), "server": .text(secret.server?.url ?? ""),
                    "server_host": .text(secret.server?.host ?? ""),
                    "server_kind": .text(secret.server?.kind.rawValue ?? "none"),
                    "ca_fingerprint": .text(secret.caFingerprint),
                    "skips_tls_verification": FactValue(secret.skipsVerification),
                    "token_subject": .text(secret.claims?.subject ?? ""),
                    "token_expires_at": FactValue(secret.claims.map { $0.expires ?? 0 }),
                    "target": .text(target?.cluster ?? ""), "target_evidence": .text(target?.evidence.rawValue ?? ""),
                ])
        }
    }
}

/// Where a remote secret leads.
struct RemoteTarget: Sendable, Equatable {
    enum Evidence: String {
        case uid = "kube-system UID"
        case server = "server address"
        case authority = "certificate authority"
        case key
    }

    var cluster: String
    var evidence: Evidence
}

/// What a cluster of the run can be recognised by.
struct ClusterMark: Sendable {
    var cluster: String
    /// UID of kube-system; `nil` where it could not be read.
    var uid: String?
    var server: ServerURL?
    /// Under which the others are to call it, where that is declared.
    var remoteServer: ServerURL? = nil
    /// SHA-256 of the certificates that the kubeconfig trusts.
    var authorities: Set<String>
    /// `CLUSTER_ID` of the mesh's istiods.
    var clusterIDs: Set<String>
}

extension RemoteTarget {
    /// Tells where a secret leads: the UID that its credential showed decides; else its server, its authority, and its key, each
    /// only where it points to one cluster alone. A cluster whose UID is known and another one is ruled out.
    static func find(_ secret: RemoteSecret, uid: String?, among clusters: [ClusterMark]) -> RemoteTarget? {
        if let uid, let cluster = clusters.first(where: { $0.uid == uid }) {
            return RemoteTarget(cluster: cluster.cluster, evidence: .uid)
        }
        let possible = clusters.filter { uid == nil || $0.uid == nil }
        func only(_ evidence: Evidence, _ test: (ClusterMark) -> Bool) -> RemoteTarget? {
            let found = possible.filter(test)
            return found.count == 1 ? RemoteTarget(cluster: found[0].cluster, evidence: evidence) : nil
        }
        return only(.server) { mark in
            [mark.server, mark.remoteServer].contains { server in
                server.map { $0.host == secret.server?.host && $0.port == secret.server?.port && $0.path == secret.server?.path }
                    ?? false
            }
        } ?? only(.authority) { $0.authorities.contains(secret.caFingerprint) }
            ?? only(.key) { $0.clusterIDs.contains(secret.key) }
    }
}
