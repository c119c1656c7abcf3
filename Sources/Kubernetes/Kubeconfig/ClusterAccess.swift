package import Foundation
package import Secrecy

/// Everything that is needed to talk to one cluster, resolved from one context of a kubeconfig.
///
/// It holds secrets; every description of it withholds them.
package struct ClusterAccess: Sendable {
    /// The names of the context and of what it refers to; `user` is empty for anonymous access.
    package let context: String
    package let cluster: String
    package let user: String
    /// The context's namespace; `default` where it names none.
    package let namespace: String
    /// The file that defines the context. With a merged kubeconfig the cluster and the user may stand in others: see `files`.
    package let kubeconfig: String
    /// The files that define context, cluster and user, without repetition.
    package let files: [String]

    package let server: ServerAddress
    package let proxy: ServerAddress?
    package let tlsServerName: String?
    /// The server's certificate is not verified. Honoured, and a warning.
    package let insecureSkipTLSVerify: Bool
    package let disableCompression: Bool
    /// PEM of the certificates to trust; `nil` for the system's.
    package let certificateAuthority: Data?

    package let clientCertificate: ClientCertificate?
    /// When the client certificate ends, in seconds since 1970; `nil` where there is none.
    package let clientCertificateNotAfter: Int?
    package let credential: Credential
    package let impersonation: Impersonation

    package let warnings: [AccessWarning]
    /// Whether group or others may read the file that defines the user.
    package let isReadableByOthers: Bool
    /// Unknown keys and shadowed names, of all files.
    package let notes: [KubeconfigNote]

    /// A certificate chain and its private key, both PEM.
    package struct ClientCertificate: Sendable, Hashable {
        package let chain: Data
        package let key: Secret<Data>

        package init(chain: Data, key: Secret<Data>) {
            self.chain = chain
            self.key = key
        }
    }

    /// What goes into the `Authorization` header, beside a client certificate or alone.
    package enum Credential: Sendable {
        case none
        case token(Secret<String>)
        /// The OpenID token of the legacy `auth-provider: oidc`.
        case oidc(Secret<String>)
        /// A file that is read again when it changes. `fallback` is used while it cannot be read.
        case tokenFile(path: String, fallback: Secret<String>?, origin: EntryOrigin)
        case basic(username: String, password: Secret<String>)
        case exec(ExecPlugin)
    }
}

/// How a user authenticates, in one word.
package enum CredentialKind: String, Sendable, Hashable, CaseIterable {
    case token
    case tokenFile
    case clientCertificate = "client-certificate"
    case exec
    case basic
    case oidc
    case none
}

/// What makes a kubeconfig work less safely than it looks.
package enum AccessWarning: Sendable, Hashable, CustomStringConvertible {
    /// The server is not verified: whoever answers gets the credential.
    case serverNotVerified
    /// The server is reached in clear text (and gets no credential).
    case plainHTTP
    /// A kubeconfig that others than its owner may read holds the credential.
    case readableByOthers(file: String)
    /// The server or proxy is a link-local address, where clouds keep instance credentials.
    case linkLocal(host: String)

    package var description: String {
        switch self {
        case .serverNotVerified: "insecure-skip-tls-verify is set: the server's certificate is not verified"
        case .plainHTTP: "the server's address is http://: requests can be read and changed on the way"
        case .readableByOthers(let file): "\(printable(file)) can be read by others than its owner"
        case .linkLocal(let host): "\(printable(host)) is a link-local address, where clouds keep instance credentials"
        }
    }
}

extension ClusterAccess {
    /// The way a request authenticates first: a token or plugin before the client certificate.
    package var credentialKind: CredentialKind {
        switch credential {
        case .token: .token
        case .oidc: .oidc
        case .tokenFile: .tokenFile
        case .basic: .basic
        case .exec: .exec
        case .none: clientCertificate == nil ? .none : .clientCertificate
        }
    }
}

extension ClusterAccess: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "context \(printable(context)) (\(server.url), \(credentialKind.rawValue))" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: ["access": description]) }
}

extension ClusterAccess.Credential: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String {
        switch self {
        case .none: "none"
        case .token: "token"
        case .oidc: "OpenID token"
        case .tokenFile(let path, _, _): "token file \(printable(path))"
        case .basic(let username, _): "basic authentication as \(printable(username))"
        case .exec(let plugin): "plugin \(plugin.commandLine)"
        }
    }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: ["credential": description]) }
}
