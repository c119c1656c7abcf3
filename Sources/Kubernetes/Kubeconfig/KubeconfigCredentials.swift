import Foundation
import TLS
import Secrecy

/// Largest certificate, key or token file that is read.
private let credentialFileLimit = 1 << 20

extension Kubeconfig {
    /// The certificates to trust, PEM; `nil` for the system's.
    func certificateAuthority(_ cluster: ClusterEntry) throws(KubeconfigError) -> Data? {
        let origin = cluster.origin
        let data = try Self.contents(
            origin, path: cluster.certificateAuthority, pathKey: "certificate-authority",
            data: cluster.certificateAuthorityData, dataKey: "certificate-authority-data")
        guard let data else { return nil }
        guard !cluster.insecureSkipTLSVerify else {
            throw origin.error(
                .conflict, "insecure-skip-tls-verify",
                "certificate authorities are given together with insecure-skip-tls-verify: true, which client-go refuses",
                remedy: "Remove insecure-skip-tls-verify, so that the server is verified")
        }
        _ = try Self.certificates(data, origin, cluster.certificateAuthority, "certificate-authority")
        return data
    }

    /// The client certificate with its key, and when it ends, in seconds since 1970.
    func clientCertificate(
        _ user: UserEntry
    ) throws(KubeconfigError) -> (material: ClusterAccess.ClientCertificate, notAfter: Int?)? {
        let origin = user.origin
        let chain = try Self.contents(
            origin, path: user.clientCertificate, pathKey: "client-certificate",
            data: user.clientCertificateData.revealed, dataKey: "client-certificate-data")
        let key = try Self.contents(
            origin, path: user.clientKey, pathKey: "client-key", data: user.clientKeyData.revealed, dataKey: "client-key-data")
        guard let chain else {
            guard key == nil else {
                throw origin.error(
                    .missingKey, "client-certificate", "a client key is given without its certificate",
                    remedy: "Add client-certificate or client-certificate-data")
            }
            return nil
        }
        guard let key else {
            throw origin.error(
                .missingKey, "client-key", "a client certificate is given without its key",
                remedy: "Add client-key or client-key-data")
        }
        let certificates = try Self.certificates(chain, origin, user.clientCertificate, "client-certificate")
        try Self.requirePair(chain, key, origin, user.clientKey)
        return (ClusterAccess.ClientCertificate(chain: chain, key: Secret(key)), certificates.first?.notAfter)
    }

    /// What goes into the `Authorization` header. A static token comes before a plugin; a token file before a static token.
    func credential(
        _ user: UserEntry, _ cluster: ClusterEntry, _ authority: Data?
    ) throws(KubeconfigError) -> ClusterAccess.Credential {
        let hasBasic = !user.username.isEmpty || !user.password.revealed.isEmpty
        let hasToken = !user.token.revealed.isEmpty
        try validateMethods(user, hasBasic: hasBasic, hasToken: hasToken)
        if hasToken { try Self.requireToken(user.token.revealed, user.origin, "token") }
        if !user.tokenFile.isEmpty {
            return .tokenFile(
                path: user.origin.resolve(user.tokenFile), fallback: hasToken ? user.token : nil, origin: user.origin)
        }
        if hasToken { return .token(user.token) }
        if hasBasic {
            guard !user.username.hasControlCharacter, !user.password.revealed.hasControlCharacter else {
                throw user.origin.error(.badValue, "password", "the user name or password holds a control character")
            }
            return .basic(username: user.username, password: user.password)
        }
        if let provider = user.authProvider { return try legacy(provider, user.origin) }
        guard let exec = user.exec else { return .none }
        return .exec(try ExecPlugin(exec, user: user, cluster: cluster, certificateAuthority: authority))
    }

    private func validateMethods(_ user: UserEntry, hasBasic: Bool, hasToken: Bool) throws(KubeconfigError) {
        if hasBasic, hasToken || !user.tokenFile.isEmpty {
            throw user.origin.error(
                .conflict, hasToken ? "token" : "tokenFile",
                "more than one way to authenticate: a token, and a user name and password", remedy: "Keep one of them")
        }
        if user.exec != nil, user.authProvider != nil {
            throw user.origin.error(
                .conflict, "auth-provider", "auth-provider and exec cannot be given together", remedy: "Remove auth-provider")
        }
    }

    /// The legacy providers. A valid OpenID token is still used as client-go does; it is not refreshed here.
    private func legacy(_ provider: AuthProvider, _ origin: EntryOrigin) throws(KubeconfigError) -> ClusterAccess.Credential {
        switch provider.name {
        case "gcp":
            throw origin.error(
                .removed, "auth-provider",
                "the auth-provider gcp was removed from client-go in 1.26, and could run any program (cmd-path)",
                remedy: "Install gke-gcloud-auth-plugin and run `gcloud container clusters get-credentials CLUSTER` again")
        case "azure":
            throw origin.error(
                .removed, "auth-provider", "the auth-provider azure was removed from client-go in 1.26",
                remedy: "Install kubelogin and run `kubelogin convert-kubeconfig`")
        case "oidc":
            guard let token = provider.config.revealed["id-token"], !token.isEmpty else {
                throw origin.error(
                    .missingKey, "auth-provider", "the auth-provider oidc holds no id-token",
                    remedy: "Log in again with the tool that wrote this kubeconfig")
            }
            try Self.requireToken(token, origin, "auth-provider")
            return .oidc(Secret(token))
        default:
            throw origin.error(
                .removed, "auth-provider", "client-go has no auth-provider named \"\(printable(provider.name))\"",
                remedy: "Use an exec plugin")
        }
    }

    /// The inline data or the file's contents; `nil` where neither is given. Both together are refused, as by client-go.
    static func contents(
        _ origin: EntryOrigin, path: String, pathKey: String, data: Data, dataKey: String
    ) throws(KubeconfigError) -> Data? {
        guard !path.isEmpty else { return data.isEmpty ? nil : data }
        guard data.isEmpty else {
            throw origin.error(
                .conflict, pathKey, "\(pathKey) and \(dataKey) are both given, which kubectl refuses",
                remedy: "Remove one of them")
        }
        return try contents(origin, path: path, key: pathKey)
    }

    static func contents(_ origin: EntryOrigin, path: String, key: String) throws(KubeconfigError) -> Data {
        let file = origin.resolve(path)
        do {
            return try readFile(file, limit: credentialFileLimit)
        } catch {
            throw origin.error(
                .badFile, key, "the file \(printable(file)) cannot be read: \(error.text)",
                remedy: "Relative paths start at the kubeconfig's own folder")
        }
    }

    /// The certificates of a PEM text. Its contents never appear in a message: a kubeconfig can name any file.
    private static func certificates(
        _ data: Data, _ origin: EntryOrigin, _ path: String, _ key: String
    ) throws(KubeconfigError) -> [Certificate] {
        do {
            return try Certificate.parse(pem: certificateBlocks(data))
        } catch {
            let problem = data.range(of: Data("-----BEGIN CERTIFICATE".utf8)) == nil ? "it holds no PEM certificate" : "\(error)"
            throw origin.error(
                .badFile, path.isEmpty ? "\(key)-data" : key, "\(place(origin, path)) cannot be used: \(problem)",
                remedy: "A PEM certificate begins with a line -----BEGIN CERTIFICATE-----")
        }
    }

    /// The certificates alone, where keys or other blocks stand between them, as Go reads a PEM file.
    private static func certificateBlocks(_ data: Data) -> Data {
        let text = String(decoding: data, as: UTF8.self)
        let blocks = text.matches(of: /(?s)-----BEGIN (X509 )?CERTIFICATE-----.*?-----END (X509 )?CERTIFICATE-----/)
        return Data(blocks.map { $0.output.0 + "\n" }.joined().utf8)
    }

    private static func requirePair(
        _ chain: Data, _ key: Data, _ origin: EntryOrigin, _ path: String
    ) throws(KubeconfigError) {
        let name = path.isEmpty ? "client-key-data" : "client-key"
        do {
            if try Certificate.privateKeyMatches(certificatePEM: certificateBlocks(chain), keyPEM: key) { return }
        } catch .encryptedKey {
            throw origin.error(
                .badFile, name, "\(place(origin, path)) holds an encrypted key, which client-go cannot read either",
                remedy: "Decrypt it with `openssl pkey`")
        } catch {
            throw origin.error(
                .badFile, name, "\(place(origin, path)) holds no private key that can be read",
                remedy: "A PEM key begins with a line -----BEGIN PRIVATE KEY-----")
        }
        throw origin.error(
            .badFile, name, "\(place(origin, path)) holds a key that does not belong to the client certificate",
            remedy: "Take certificate and key from one and the same kubeconfig")
    }

    private static func place(_ origin: EntryOrigin, _ path: String) -> String {
        path.isEmpty ? "the value" : "the file \(printable(origin.resolve(path)))"
    }

    /// A token becomes a header line: one line of visible ASCII. Anything else is no token, but perhaps somebody's key.
    static func requireToken(_ token: String, _ origin: EntryOrigin, _ key: String) throws(KubeconfigError) {
        guard token.utf8.count <= 1 << 16, token.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw origin.error(.badValue, key, "this is no token: expected one line of visible ASCII characters")
        }
    }
}
