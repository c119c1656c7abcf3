import Secrecy

internal import Foundation
internal import HTTP
internal import Kubernetes

/// What a remote secret's credential showed.
struct RemoteContact: Sendable {
    var contact: APIContact
    /// UID of the kube-system that it leads to; `nil` where it could not be read.
    var uid: String?
}

/// Tries the credentials of remote secrets from this machine, each one once however many secrets hold it.
///
/// Only what stands in the secret is used: no program is run and no file is read for it.
actor RemoteSecretProber {
    /// What makes two secrets one question.
    private struct Credential: Hashable {
        var server: String
        var endpoint: HTTPEndpoint
        var token: Secret<String>
        var username: String
        var impersonation: Impersonation
    }

    private let http: HTTPClient
    private let options: CollectOptions
    private var running: [Credential: Task<RemoteContact, Never>] = [:]

    init(http: HTTPClient, options: CollectOptions) {
        self.http = http
        self.options = options
    }

    func probe(_ secret: RemoteSecret) async -> RemoteContact {
        guard let access = secret.access, let credential = Self.credential(access) else {
            let words = secret.notTried.isEmpty ? "the credential is of a kind that is not tried from here" : secret.notTried
            return RemoteContact(contact: APIContact(outcome: .notTried, detail: words), uid: nil)
        }
        let task = running[credential] ?? start(access)
        running[credential] = task
        return await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            task.cancel()
        }
    }

    private static func credential(_ access: ClusterAccess) -> Credential? {
        var token = Secret(""), username = ""
        switch access.credential {
        case .token(let value), .oidc(let value): token = value
        case .basic(let name, let password): (username, token) = (name, password)
        case .none: break
        case .tokenFile, .exec: return nil
        }
        return Credential(
            server: access.server.url, endpoint: access.endpoint(), token: token, username: username,
            impersonation: access.impersonation)
    }

    private func start(_ access: ClusterAccess) -> Task<RemoteContact, Never> {
        // The plugins' cache is never used: no credential here comes from one.
        let client = KubernetesClient(
            access: access, http: http, timeout: options.timeout, connectTimeout: options.connectTimeout,
            plugins: ExecCache(trust: ExecTrust()))
        return Task {
            async let identity = Self.uid(client)
            let contact: APIContact
            do throws(KubernetesError) {
                let (version, answer) = try await client.versionAndAnswer()
                contact = APIContact(version: version, answer: answer)
            } catch {
                return RemoteContact(contact: APIContact(error), uid: nil)
            }
            return Self.judge(contact, identity: await identity)
        }
    }

    /// Whoever may see the version is not yet known to the server, since anonymous callers may; the second question tells.
    private static func judge(_ contact: APIContact, identity: Result<String?, KubernetesError>) -> RemoteContact {
        switch identity {
        case .success(let uid): return RemoteContact(contact: contact, uid: uid)
        case .failure(let error):
            let isNobody = error.isUnauthorized || (error.isForbidden && "\(error)".contains("system:anonymous"))
            return RemoteContact(contact: isNobody ? contact.refused("\(error.cause)") : contact, uid: nil)
        }
    }

    private static func uid(_ client: KubernetesClient) async -> Result<String?, KubernetesError> {
        do throws(KubernetesError) {
            let path = Resource.namespaces.path(name: "kube-system")
            return .success(try await client.findMetadata(path, as: MetadataObject.self)?.metadata.uid)
        } catch {
            return .failure(error)
        }
    }
}
