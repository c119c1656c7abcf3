internal import Facts
internal import Foundation
internal import Kubernetes
internal import Mesh
internal import TLS

extension Rows {
    /// Table `cluster`.
    ///
    /// - Parameter access: `nil` where the kubeconfig cannot be used.
    static func cluster(_ declaration: ClusterDeclaration, _ access: ClusterAccess?) -> FactRow {
        let server = access.flatMap { ServerURL($0.server.url) }
        let context = access?.context ?? declaration.context ?? ""
        let file = fromHere(declaration.kubeconfig)
        return FactRow(
            "cluster",
            [
                "cluster": .text(declaration.name), "kubeconfig": .text(file), "context": .text(context),
                "flags": .text(flags(kubeconfig: file, context: context)), "server": .text(server?.url ?? ""),
                "server_host": .text(server?.host ?? ""), "server_port": .integer(server?.port ?? 0),
                "server_path": .text(server?.path ?? ""), "server_kind": .text(server?.kind.rawValue ?? "none"),
                "declared_network": .text(declaration.network ?? ""),
                "declared_platform": .text(declaration.platform?.rawValue ?? ""),
            ])
    }

    /// Table `declared_server`; no row where nothing is declared.
    static func declaredServer(_ declaration: ClusterDeclaration) -> [FactRow] {
        guard let server = declaration.remoteServer.flatMap({ ServerURL($0) }) else { return [] }
        return [
            FactRow(
                "declared_server",
                [
                    "cluster": .text(declaration.name), "server": .text(server.url), "server_host": .text(server.host),
                    "server_path": .text(server.path), "server_kind": .text(server.kind.rawValue),
                ])
        ]
    }

    /// A path as the user would type it in the folder where isthmus runs.
    private static func fromHere(_ path: String) -> String {
        let here = FileManager.default.currentDirectoryPath + "/"
        return path.hasPrefix(here) ? String(path.dropFirst(here.count)) : path
    }

    private static func flags(kubeconfig: String, context: String) -> String {
        "--kubeconfig \(shellQuoted(kubeconfig))" + (context.isEmpty ? "" : " --context \(shellQuoted(context))")
    }

    /// A word as a POSIX shell takes it unchanged.
    static func shellQuoted(_ word: String) -> String {
        let plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._/:@%+=,"
        if !word.isEmpty, word.allSatisfy(plain.contains) { return word }
        return "'" + word.replacing("'", with: #"'\''"#) + "'"
    }

    /// Table `kubeconfig_use`.
    static func kubeconfigUse(_ cluster: String, _ access: ClusterAccess) -> FactRow {
        let certificate = access.clientCertificate.map { PEMBundle(String(decoding: $0.chain, as: UTF8.self)) }
        let end: FactValue = certificate.map { FactValue($0.certificates.first?.notAfter) } ?? 0
        return FactRow(
            "kubeconfig_use",
            [
                "cluster": .text(cluster), "credential": .text(credential(access)), "client_certificate_not_after": end,
                "skips_tls_verification": FactValue(access.insecureSkipTLSVerify),
                "has_certificate_authority": FactValue(access.certificateAuthority != nil),
                "tls_server_name": .text(access.tlsServerName ?? ""), "proxy_host": .text(access.proxy?.authority ?? ""),
                "impersonates": FactValue(!access.impersonation.isEmpty),
                "file_open_to_others": FactValue(
                    access.warnings.contains { if case .readableByOthers = $0 { true } else { false } }),
            ])
    }

    private static func credential(_ access: ClusterAccess) -> String {
        access.credentialKind == .tokenFile ? "token-file" : access.credentialKind.rawValue
    }

    /// Table `mesh`: what was declared, and the fleet's number: looked up, or else stated by a cluster beside the project's id.
    ///
    /// - Parameter lookedUp: as Google says; empty where it could not be asked.
    static func mesh(_ declaration: MeshDeclaration, lookedUp: String = "", configMaps: [ConfigMap]) -> FactRow {
        let stated = projectNumber(declaration.fleetProject, configMaps: configMaps)
        let number = lookedUp.isEmpty ? stated : lookedUp
        return FactRow(
            "mesh",
            [
                "fleet_project": .text(declaration.fleetProject), "fleet_project_number": .text(number),
                "mesh_id": FactValue(declaration.meshID ?? (number.isEmpty ? nil : "proj-\(number)")),
                "revision": .text(declaration.revision),
            ])
    }

    /// A project's number: declared as such, or in `GCP_METADATA` (`PROJECT|NUMBER|CLUSTER|LOCATION`) of a cluster in that
    /// project. Empty where nobody states it, or two say different things.
    static func projectNumber(_ project: String, configMaps: [ConfigMap]) -> String {
        guard !project.isEmpty else { return "" }
        if project.allSatisfy({ $0.isASCII && $0.isNumber }) { return project }
        let stated = configMaps.filter { $0.meshRevision != nil }.compactMap { map -> String? in
            let parts = (MeshConfig(map).proxyMetadata["GCP_METADATA"] ?? "").split(
                separator: "|", omittingEmptySubsequences: false)
            guard parts.count >= 2, parts[0] == project, !parts[1].isEmpty else { return nil }
            return String(parts[1])
        }
        return Set(stated).count == 1 ? stated[0] : ""
    }

    /// Table `cluster_pair`.
    static func clusterPairs(_ clusters: [String]) -> [FactRow] {
        clusters.flatMap { source in
            clusters.filter { $0 != source }.map {
                FactRow("cluster_pair", ["source": .text(source), "target": .text($0)])
            }
        }
    }

    /// Table `run`.
    static func run(_ options: CollectOptions, now: Int) -> FactRow {
        FactRow(
            "run",
            [
                "tool_version": .text(options.toolVersion), "format": .integer(FactSchema.format),
                "command": .text(options.command), "level": .text(options.level.rawValue), "now": .integer(now),
            ])
    }
}
