package import Foundation
package import Secrecy

/// Where a named entry of a kubeconfig and each of its keys stand.
package struct EntryOrigin: Sendable {
    package let position: SourcePosition
    /// Such as `users[2].user`.
    package let path: String
    var keys: [String: SourcePosition] = [:]

    package var file: String { position.file }

    /// The folder against which this entry's relative paths are resolved.
    var folder: String { URL(filePath: file).deletingLastPathComponent().path }

    func error(_ kind: KubeconfigError.Kind, _ key: String, _ problem: String, remedy: String? = nil) -> KubeconfigError {
        KubeconfigError(kind, at: keys[key] ?? position, key: "\(path).\(key)", problem, remedy: remedy)
    }

    /// A path of this entry, absolute, and without `.` and `..` where they can be removed.
    func resolve(_ path: String) -> String {
        path.hasPrefix("/") ? path : URL(filePath: folder).appending(path: path).standardized.path
    }
}

/// `clusters[].cluster`: how to reach and verify an API server.
package struct ClusterEntry: Sendable {
    package let name: String
    package let origin: EntryOrigin
    package var server = ""
    package var tlsServerName = ""
    package var insecureSkipTLSVerify = false
    package var certificateAuthority = ""
    package var certificateAuthorityData = Data()
    package var proxyURL = ""
    package var disableCompression = false
    package var extensions: JSONValue?
}

/// `users[].user`: how to authenticate.
package struct UserEntry: Sendable {
    package let name: String
    package let origin: EntryOrigin
    package var clientCertificate = ""
    package var clientCertificateData = Secret(Data())
    package var clientKey = ""
    package var clientKeyData = Secret(Data())
    package var token = Secret("")
    package var tokenFile = ""
    package var impersonation = Impersonation()
    package var username = ""
    package var password = Secret("")
    package var authProvider: AuthProvider?
    package var exec: ExecConfig?
    package var extensions: JSONValue?
}

/// Whom the requests are made as, when it is not the user who authenticates.
package struct Impersonation: Sendable, Hashable {
    package var user = ""
    package var uid = ""
    package var groups: [String] = []
    package var extra: [String: [String]] = [:]

    package init() {}

    package var isEmpty: Bool { self == Impersonation() }
}

/// The legacy `auth-provider`. client-go no longer has gcp and azure; oidc remains.
package struct AuthProvider: Sendable {
    package let name: String
    package let config: Secret<[String: String]>
}

/// `users[].user.exec`: the program that prints a credential.
package struct ExecConfig: Sendable, Hashable {
    package struct Variable: Sendable, Hashable {
        package let name: String
        package let value: String
    }

    package var apiVersion = ""
    package var command = ""
    package var arguments: [String] = []
    package var environment: [Variable] = []
    package var installHint = ""
    package var provideClusterInfo = false
    package var interactiveMode = ""
}

/// `contexts[].context`: a cluster, a user and a namespace under one name.
package struct ContextEntry: Sendable {
    package let name: String
    package let origin: EntryOrigin
    package var cluster = ""
    package var user = ""
    package var namespace = ""
    package var extensions: JSONValue?
}

/// One file as it was read, before it is merged with others.
struct KubeconfigFile: Sendable {
    let path: String
    var currentContext: (name: String, position: SourcePosition)?
    var clusters: [ClusterEntry] = []
    var users: [UserEntry] = []
    var contexts: [ContextEntry] = []
    var extensions: JSONValue?
    var preferences: JSONValue?
    var notes: [KubeconfigNote] = []
}

/// Something about a kubeconfig that does not stop it from being used, but that its owner may not have meant.
package struct KubeconfigNote: Sendable, Hashable, CustomStringConvertible {
    package let position: SourcePosition
    package let key: String
    package let text: String

    package var description: String { "\(position): \(printable(key)): \(text)" }
}
