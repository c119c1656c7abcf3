package import Foundation
package import Kubernetes
internal import Mesh
package import Secrecy

/// The step "discovery": the Secrets that `istioctl create-remote-secret` forms (Istio 1.24).
package enum RemoteSecretManifest {
    package static let serviceAccount = "istio-reader-service-account"
    /// The Secret that is made where the account has none with a token.
    package static let tokenSecret = "istio-reader-service-account-istio-remote-secret-token"
    package static let tokenType = "kubernetes.io/service-account-token"
    package static let accountAnnotation = "kubernetes.io/service-account.name"

    /// The Secret by which istiod finds another cluster, without its data.
    package static func secret(clusterID: String, meshID: String) -> JSONValue {
        var labels = Ownership.labels(meshID)
        labels[MeshConstants.multiClusterLabel] = "true"
        return .kubernetes(
            "v1", "Secret", MeshConstants.remoteSecretPrefix + clusterID, labels: labels,
            annotations: [MeshConstants.remoteClusterAnnotation: .string(clusterID)])
    }

    /// The Secret that the token controller fills.
    package static func token(meshID: String) -> JSONValue {
        .kubernetes(
            "v1", "Secret", tokenSecret, labels: Ownership.labels(meshID),
            annotations: [accountAnnotation: .string(serviceAccount)], ["type": .string(tokenType)])
    }

    /// The account of which Istio's base chart makes one; istiod's own chart gives it its rights (where not: ``ReaderRole``).
    package static func account(meshID: String) -> JSONValue {
        var labels = Ownership.labels(meshID)
        labels["app"] = "istio-reader"
        return .kubernetes("v1", "ServiceAccount", serviceAccount, labels: labels)
    }

    /// The kubeconfig that is the value of the data key, byte for byte as istioctl writes it.
    ///
    /// - Parameters:
    ///   - authority: PEM, the token Secret's `ca.crt`.
    ///   - token: the token Secret's `token`.
    package static func kubeconfig(_ source: RemoteSecretSource, authority: Data, token: Secret<String>) -> Secret<String> {
        let id = scalar(source.clusterID)
        return Secret(
            """
            apiVersion: v1
            clusters:
            - cluster:
                certificate-authority-data: \(authority.base64EncodedString())
                server: \(source.server)
              name: \(id)
            contexts:
            - context:
                cluster: \(id)
                user: \(id)
              name: \(id)
            current-context: \(id)
            kind: Config
            preferences: {}
            users:
            - name: \(id)
              user:
                token: \(token.revealed)

            """)
    }

    /// Quoted where YAML would read something else than a text.
    private static func scalar(_ text: String) -> String {
        let words: Set = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"]
        let isPlain = text.first?.isLetter == true && !words.contains(text.lowercased())
        return isPlain ? text : "\"\(text)\""
    }

    /// Why a cluster id cannot be the name of a remote secret; `nil` where it can.
    package static func fault(clusterID: String) -> String? {
        if clusterID.isEmpty { return "it is empty" }
        if clusterID.utf8.count > 63 { return "it has \(clusterID.utf8.count) bytes, and istioctl takes at most 63" }
        let allowed = clusterID.utf8.allSatisfy {
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                || $0 == UInt8(ascii: "-")
        }
        guard allowed, clusterID.first != "-", clusterID.last != "-" else {
            return "a remote secret's name has only small letters, digits and - (not at its ends)"
        }
        return nil
    }
}
