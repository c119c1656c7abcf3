internal import Foundation
internal import Kubernetes
internal import Mesh
internal import Secrecy

/// The credential of a cluster's reader account, with which the other clusters' istiods read it. Lives in memory only.
struct ReaderCredential: Sendable {
    private let authority: Data
    private let token: Secret<String>

    /// Reads it from the cluster that it opens: one request.
    static func read(_ target: SetupTarget) async throws(SetupFailure) -> ReaderCredential {
        let path = Resource.secrets.path(namespace: MeshConstants.systemNamespace)
        let found: [SecretWithData]
        do throws(KubernetesError) {
            found = try await target.client.list(
                path, Selection(fields: "type=\(RemoteSecretManifest.tokenType)"), as: SecretWithData.self
            ).items
        } catch {
            throw SetupFailure(error, cluster: target.name, object: "Secrets of \(RemoteSecretManifest.serviceAccount)")
        }
        let mine = found.filter {
            $0.metadata["annotations"]?[RemoteSecretManifest.accountAnnotation]?.string == RemoteSecretManifest.serviceAccount
        }
        // As istioctl: the one of that name, else the first.
        let order = mine.sorted { a, b in
            (a.name == RemoteSecretManifest.tokenSecret ? 0 : 1, a.name) < (
                b.name == RemoteSecretManifest.tokenSecret ? 0 : 1, b.name
            )
        }
        guard let (authority, token) = order.lazy.compactMap(\.credential).first else {
            throw SetupFailure(
                cluster: target.name,
                object: "ServiceAccount \(MeshConstants.systemNamespace)/\(RemoteSecretManifest.serviceAccount)",
                "it has no Secret with a token", remedy: "start isthmus setup apply again: it makes one")
        }
        return ReaderCredential(authority: authority, token: token)
    }

    /// The kubeconfig that goes into a remote secret.
    func kubeconfig(_ source: RemoteSecretSource) -> Secret<String> {
        RemoteSecretManifest.kubeconfig(source, authority: authority, token: token)
    }
}
