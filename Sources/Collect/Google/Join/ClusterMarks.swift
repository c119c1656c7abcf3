internal import Foundation
internal import Kubernetes
internal import Mesh

/// What a declared cluster shows of itself, by which it can be told among Google's resources.
struct GoogleMarks: Sendable {
    var declaration: ClusterDeclaration
    /// Declared, else by the nodes; `nil` where neither tells.
    var platform: Platform?
    /// UID of kube-system; `nil` where the cluster did not tell (yet).
    var uid: String?
    /// `nil` where the kubeconfig cannot be used.
    var server: ServerURL?
    /// SHA-256 of the certificates that the kubeconfig trusts.
    var authorities: Set<String> = []
    /// What the kubeconfig's context, or its cluster entry, is called, where that is gcloud's way.
    var context: GKEClusterName?
    /// Projects of the instances that the nodes run on.
    var nodeProjects: [String] = []
    /// `spec.owner.id` of the membership object in the cluster; empty where there is none.
    var owner = ""
    /// `spec.identity_provider` of that object.
    var identityProvider = ""

    init(_ declaration: ClusterDeclaration) {
        self.declaration = declaration
        platform = declaration.platform
    }

    /// Adds what the kubeconfig shows.
    mutating func add(_ access: ClusterAccess) {
        server = ServerURL(access.server.url)
        authorities = Set(
            access.certificateAuthority.map { PEMBundle(String(decoding: $0, as: UTF8.self)).fingerprints } ?? [])
        context = [access.context, access.cluster].lazy.compactMap { GKEClusterName(context: $0) }.first
    }

    /// Adds what the cluster itself showed first.
    mutating func add(_ identity: EarlyIdentity) {
        uid = identity.uid
        guard let nodes = identity.nodes else { return }
        if platform == nil { platform = Rows.platform(of: nodes).0 }
        let ids = nodes.compactMap { $0.spec?.providerID }.filter { $0.hasPrefix("gce://") }
        nodeProjects =
            ids.compactMap { $0.dropFirst(6).split(separator: "/").first.map(String.init) }.filter(isResourceName)
            .uniqued
    }

    /// Adds the membership object.
    mutating func add(_ membership: ClusterEvidence.Membership) {
        owner = membership.object?["spec"]?["owner"]?["id"]?.string ?? ""
        identityProvider = membership.object?["spec"]?["identity_provider"]?.string ?? ""
    }

    /// Whether the cluster can be one of GKE's; not known is yes.
    var mayBeGKE: Bool { platform == nil || platform == .gke }

    var declaredCluster: GKEClusterName? { declaration.googleCluster.flatMap { GKEClusterName($0) } }

    /// Projects in which the cluster must be if it is GKE's, by names alone.
    var likelyProjects: [String] {
        guard mayBeGKE || declaredCluster != nil else { return [] }
        let identity = GKEClusterName(identityProvider)
        return ([declaredCluster, context, identity].compactMap { $0?.project } + nodeProjects).uniqued
    }
}

/// What a cluster tells first, which is enough to ask Google about it.
struct EarlyIdentity: Sendable {
    /// `nil` where it cannot be read.
    var uid: String?
    /// `nil` where they cannot be read.
    var nodes: [Node]?
}

/// What is told about a cluster while it is asked, for those who ask Google at the same time.
struct GoogleLead: Sendable {
    let declaration: ClusterDeclaration
    /// `nil` where the kubeconfig cannot be used.
    let access = Told<ClusterAccess?>()
    let identity = Told<EarlyIdentity>()
    /// Everything that the cluster answered.
    let evidence = Told<ClusterEvidence>()

    init(_ declaration: ClusterDeclaration) { self.declaration = declaration }

    /// Tells everything, with what was not told before.
    func tell(access: ClusterAccess?, evidence: ClusterEvidence) async {
        await self.access.tell(access)
        await identity.tell(EarlyIdentity(uid: evidence.kubeSystem.value??.uid, nodes: evidence.nodes.value))
        await self.evidence.tell(evidence)
    }
}
