internal import Foundation
internal import Kubernetes
internal import Mesh
internal import Secrecy

/// The token of a cluster's reader account, as a plan needs to know it. Lives in memory for the time of planning.
struct ReaderToken: Sendable {
    /// What has to be made first: the account, the Secret of its token.
    var acts: [Act] = []
    /// The good ones, for comparing with what stands in remote secrets.
    fileprivate var tokens: [(authority: Data, token: Secret<String>)] = []
    /// Why nothing is known of it; `nil` where it is.
    var problem: String?

    /// Finds the account and its token's Secret as `istioctl create-remote-secret` does: one request each.
    static func look(_ dryRun: DryRun, meshID: String) async -> ReaderToken {
        var reader = ReaderToken()
        let namespace = MeshConstants.systemNamespace
        do throws(KubernetesError) {
            let account = RemoteSecretManifest.account(meshID: meshID)
            let path = ObjectReference(cluster: dryRun.cluster, account).path
            if try await dryRun.client.find(path, as: JSONValue.self) == nil {
                reader.acts.append(await dryRun.act(.discovery, account))
            }
            let listed = try await dryRun.client.list(
                Resource.secrets.path(namespace: namespace), .init(fields: "type=\(RemoteSecretManifest.tokenType)"),
                as: SecretWithData.self)
            reader.tokens = listed.items.filter {
                $0.metadata["annotations"]?[RemoteSecretManifest.accountAnnotation]?.string
                    == RemoteSecretManifest.serviceAccount
            }.compactMap(\.credential)
        } catch {
            reader.problem = Refusal(error).words
            return reader
        }
        if reader.tokens.isEmpty {
            reader.acts.append(await dryRun.act(.discovery, RemoteSecretManifest.token(meshID: meshID)))
        }
        return reader
    }
}

/// The remote secrets that a cluster holds. Lives in memory for the time of planning.
struct HeldSecrets: Sendable {
    private var secrets: [SecretWithData] = []
    /// Why they are not known; `nil` where they are.
    var problem: String?

    /// All of them, in one request.
    static func look(_ client: KubernetesClient) async -> HeldSecrets {
        var held = HeldSecrets()
        do throws(KubernetesError) {
            held.secrets = try await client.list(
                Resource.secrets.path(namespace: MeshConstants.systemNamespace),
                .init(labels: "\(MeshConstants.multiClusterLabel)=true"), as: SecretWithData.self
            ).items
        } catch {
            held.problem = Refusal(error).words
        }
        return held
    }

    /// The act that gives the cluster its secret for another one.
    ///
    /// - Parameter working: name of a Secret that was seen to open that cluster under that id, with its present credential.
    func act(
        for source: RemoteSecretSource, token: ReaderToken, working: String?, meshID: String, _ dryRun: DryRun
    ) async -> Act {
        let desired = RemoteSecretManifest.secret(clusterID: source.clusterID, meshID: meshID)
        func idle(_ verb: Verb, _ reason: String, _ secret: SecretWithData? = nil) -> Act {
            Act(
                step: .discovery, object: ObjectReference(cluster: dryRun.cluster, desired), verb: verb, desired: desired,
                secret: source, uid: secret?.metadata["uid"]?.string ?? "",
                resourceVersion: secret?.metadata["resourceVersion"]?.string ?? "", reason: reason)
        }
        if let problem = problem ?? token.problem { return idle(.unknown, problem) }
        let named = secrets.filter { $0.data[source.clusterID] != nil }
        if let equal = named.first(where: { $0.opens(source, with: token) }) {
            return idle(.leave, "as wanted, in Secret \(equal.name)", equal)
        }
        if let working, let secret = named.first(where: { $0.name == working }) {
            return idle(.leave, "Secret \(working) opens it already, with another server address or token", secret)
        }
        let name = desired["metadata"]?["name"]?.string
        var act = await dryRun.act(
            .discovery, desired, secret: source, isNotListed: !secrets.contains { $0.name == name })
        if let other = named.first(where: { $0.name != act.object.name }), act.verb == .create {
            act.verb = .conflict
            act.reason = "Secret \(other.name) holds a kubeconfig for \(source.clusterID) that does not open it as wanted"
            return act
        }
        compareData(named.first { $0.name == act.object.name }, source, dryRun, &act)
        return act
    }

    /// What stands in a Secret is compared here: nothing of it goes to the server for it, and nothing into the plan.
    private func compareData(_ secret: SecretWithData?, _ source: RemoteSecretSource, _ dryRun: DryRun, _ act: inout Act) {
        guard let secret, [.leave, .change].contains(act.verb) else { return }
        let path: [PathElement] = [.member("data"), .member(source.clusterID)]
        let owners = FieldOwners(["metadata": secret.metadata]).others(path)
        let change = FieldChange(
            path: path.words, before: "another kubeconfig", after: .string("a kubeconfig for \(source.server)"),
            owner: owners.joined(separator: ", "))
        act.fields.append(change)
        let isAllowed = owners.isEmpty || dryRun.takeOver.contains(change.path)
        act.verb = isAllowed ? .change : .conflict
        act.reason = isAllowed ? "" : "\(change.owner) wrote the kubeconfig that stands there, and it is another one"
    }
}

/// A Secret with what is in it; described without.
struct SecretWithData: Decodable, Sendable {
    let metadata: JSONValue
    let data: [String: Secret<Data>]

    var name: String { metadata["name"]?.string ?? "" }

    private enum Keys: String, CodingKey { case metadata, data }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Keys.self)
        metadata = try container.decode(JSONValue.self, forKey: .metadata)
        data = (try container.decodeIfPresent([String: Data].self, forKey: .data) ?? [:]).mapValues { Secret($0) }
    }

    /// What the token controller writes into it; `nil` where it has not yet.
    var credential: (Data, Secret<String>)? {
        guard let authority = data["ca.crt"]?.revealed, let token = data["token"]?.revealed, !token.isEmpty,
            !authority.isEmpty
        else { return nil }
        return (authority, Secret(String(decoding: token, as: UTF8.self)))
    }

    /// Whether it holds the wanted kubeconfig, however it is written.
    func opens(_ source: RemoteSecretSource, with reader: ReaderToken) -> Bool {
        guard let text = data[source.clusterID]?.revealed,
            metadata["annotations"]?[MeshConstants.remoteClusterAnnotation]?.string ?? source.clusterID == source.clusterID,
            let access = try? Kubeconfig.parse(text, name: "remote secret").resolve(), access.server.url == source.server,
            access.proxy == nil, access.tlsServerName == nil, !access.insecureSkipTLSVerify,
            case .token(let token) = access.credential
        else { return false }
        return reader.tokens.contains { $0.token == token && $0.authority == access.certificateAuthority }
    }
}
