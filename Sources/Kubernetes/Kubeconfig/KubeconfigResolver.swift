import Foundation
import Secrecy

extension Kubeconfig {
    /// Resolves a context, or the current one, to what is needed to talk to its cluster.
    ///
    /// Reads the certificate and key files that the context needs; runs no program and opens no connection. What client-go
    /// refuses is refused here too, and beyond that a user that is named but not defined, and credentials for `http://`.
    package func resolve(context name: String? = nil) throws(KubeconfigError) -> ClusterAccess {
        let (context, cluster, user) = try select(name)
        let (server, proxy) = try addresses(cluster)
        var warnings: [AccessWarning] = []
        let authority = try certificateAuthority(cluster)
        let certificate = try user.map { user throws(KubeconfigError) in try clientCertificate(user) } ?? nil
        let credential = try user.map { user throws(KubeconfigError) in try self.credential(user, cluster, authority) } ?? .none
        if let user { try validateImpersonation(user) }

        let target = try Self.withDefaultScheme(
            server, hasTLS: authority != nil || certificate != nil || cluster.insecureSkipTLSVerify, cluster)
        if target.scheme == "http" {
            warnings.append(.plainHTTP)
            if certificate != nil || !credential.isNone {
                throw cluster.origin.error(
                    .conflict, "server",
                    "the server's address is http://, and user \"\(printable(user?.name ?? ""))\" has a credential "
                        + "that would travel in clear text; kubectl leaves it out and is then anonymous",
                    remedy: "Use the server's https:// address")
            }
        }
        if cluster.insecureSkipTLSVerify { warnings.append(.serverNotVerified) }
        for host in [target.host, proxy?.host].compactMap(\.self) where host.isLinkLocal {
            warnings.append(.linkLocal(host: host))
        }
        let files = [context.origin.file, cluster.origin.file, user?.origin.file].compactMap(\.self).uniqued
        let isOpen = user.flatMap { FileStamp($0.origin.file)?.isReadableByOthers } ?? false
        if isOpen, let user { warnings.append(.readableByOthers(file: user.origin.file)) }
        return ClusterAccess(
            context: context.name, cluster: cluster.name, user: user?.name ?? "",
            namespace: context.namespace.isEmpty ? "default" : context.namespace, kubeconfig: context.origin.file, files: files,
            server: target, proxy: proxy, tlsServerName: cluster.tlsServerName.isEmpty ? nil : cluster.tlsServerName,
            insecureSkipTLSVerify: cluster.insecureSkipTLSVerify, disableCompression: cluster.disableCompression,
            certificateAuthority: authority, clientCertificate: certificate?.material,
            clientCertificateNotAfter: certificate?.notAfter, credential: credential,
            impersonation: user?.impersonation ?? Impersonation(), warnings: warnings,
            isReadableByOthers: isOpen, notes: notes)
    }

    /// The entries that a context stands for. The user is `nil` where the context names none: access is anonymous.
    func select(_ name: String?) throws(KubeconfigError) -> (ContextEntry, ClusterEntry, UserEntry?) {
        let context = try selectContext(name)
        guard !context.cluster.isEmpty else {
            throw context.origin.error(.missingKey, "cluster", "the context \"\(printable(context.name))\" names no cluster")
        }
        guard let cluster = clusters.first(where: { $0.name == context.cluster }) else {
            throw context.origin.error(
                .missingReference, "cluster",
                "the context \"\(printable(context.name))\" names the cluster \"\(printable(context.cluster))\", which is not defined",
                remedy: Self.known("clusters", clusters.map(\.name), context.cluster))
        }
        guard !context.user.isEmpty else { return (context, cluster, nil) }
        guard let user = users.first(where: { $0.name == context.user }) else {
            throw context.origin.error(
                .missingReference, "user",
                "the context \"\(printable(context.name))\" names the user \"\(printable(context.user))\", who is not defined",
                remedy: Self.known("users", users.map(\.name), context.user))
        }
        return (context, cluster, user)
    }

    private func selectContext(_ name: String?) throws(KubeconfigError) -> ContextEntry {
        let wanted = name ?? currentContext
        guard !wanted.isEmpty else {
            guard !contexts.isEmpty else {
                throw KubeconfigError(
                    .empty, file: files.first, "there is no context in it",
                    remedy: "Check that it is the kubeconfig you meant; `kubectl config view` shows what it holds")
            }
            throw KubeconfigError(
                .noSuchContext, file: files.first, key: "current-context", "no context is chosen",
                remedy: "Choose one with --context. \(Self.known("contexts", contexts.map(\.name), ""))")
        }
        if let context = contexts.first(where: { $0.name == wanted }) { return context }
        let remedy = Self.known("contexts", contexts.map(\.name), wanted)
        let problem = "the context \"\(printable(wanted))\" does not exist"
        if name == nil, let position = currentContextPosition {
            throw KubeconfigError(.noSuchContext, at: position, key: "current-context", problem, remedy: remedy)
        }
        throw KubeconfigError(.noSuchContext, file: files.first, key: "contexts", problem, remedy: remedy)
    }

    private static func known(_ what: String, _ names: [String], _ wanted: String) -> String {
        guard !names.isEmpty else { return "No \(what) are defined" }
        if !wanted.isEmpty, let guess = nearest(to: wanted, in: names) { return "Did you mean \"\(printable(guess))\"?" }
        let shown = names.prefix(8).map { "\"\(printable($0, limit: 80))\"" }.joined(separator: ", ")
        return "Defined \(what): \(shown)" + (names.count > 8 ? " and \(names.count - 8) more" : "")
    }

    private func addresses(_ cluster: ClusterEntry) throws(KubeconfigError) -> (ServerAddress, ServerAddress?) {
        guard !cluster.server.isEmpty else {
            throw cluster.origin.error(
                .missingKey, "server", "the cluster \"\(printable(cluster.name))\" has no server",
                remedy: "Add `server: https://HOST:PORT`; kubectl would try http://localhost:8080")
        }
        let server: ServerAddress
        do {
            server = try ServerAddress(cluster.server, bareScheme: "", schemes: ["https", "http", ""])
        } catch {
            throw cluster.origin.error(.badValue, "server", "this is no server's address: \(error.text)")
        }
        guard server.userInfo == nil else {
            throw cluster.origin.error(
                .badValue, "server", "the address holds a user name or password", remedy: "Put the credential under users")
        }
        guard !cluster.proxyURL.isEmpty else { return (server, nil) }
        do {
            return (server, try ServerAddress(cluster.proxyURL, bareScheme: "", schemes: ["https", "http", "socks5"]))
        } catch {
            throw cluster.origin.error(.badValue, "proxy-url", "this is no proxy's address: \(error.text)")
        }
    }

    /// `host:port` without a scheme is https where TLS is configured, else http, as for client-go.
    private static func withDefaultScheme(
        _ server: ServerAddress, hasTLS: Bool, _ cluster: ClusterEntry
    ) throws(KubeconfigError) -> ServerAddress {
        guard server.scheme.isEmpty else { return server }
        guard server.path.isEmpty else {
            throw cluster.origin.error(
                .badValue, "server", "an address without a scheme must be host:port alone", remedy: "Write https:// before it")
        }
        let scheme = hasTLS ? "https" : "http"
        do {
            return try ServerAddress("\(scheme)://\(cluster.server)", bareScheme: "", schemes: ["https", "http"])
        } catch {
            throw cluster.origin.error(.badValue, "server", "this is no server's address: \(error.text)")
        }
    }

    private func validateImpersonation(_ user: UserEntry) throws(KubeconfigError) {
        let wish = user.impersonation
        guard wish.user.isEmpty, !wish.isEmpty else {
            let values = [wish.user, wish.uid] + wish.groups + wish.extra.values.flatMap(\.self) + wish.extra.keys
            guard !values.contains(where: \.hasControlCharacter) else {
                throw user.origin.error(.badValue, "as", "what is to be impersonated holds a control character")
            }
            return
        }
        let key = !wish.groups.isEmpty ? "as-groups" : !wish.extra.isEmpty ? "as-user-extra" : "as-uid"
        throw user.origin.error(
            .conflict, key, "\(key) is given without \"as\"", remedy: "Name the user to impersonate in \"as\", or remove \(key)")
    }
}

extension ClusterAccess.Credential {
    var isNone: Bool { if case .none = self { true } else { false } }
}

extension String {
    var hasControlCharacter: Bool { unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7F } }

    fileprivate var isLinkLocal: Bool {
        let name = lowercased()
        return name.hasPrefix("169.254.") || name.hasPrefix("fe80:") || name == "metadata.google.internal"
            || name == "metadata"
    }
}

extension Array where Element: Hashable {
    fileprivate var uniqued: [Element] {
        var seen: Set<Element> = []
        return filter { seen.insert($0).inserted }
    }
}
