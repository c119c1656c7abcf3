internal import Kubernetes
internal import Mesh

/// The registration of a cluster to the fleet: planned only where somebody asks for it, and done by his gcloud.
///
/// Google's guide on fleets: https://cloud.google.com/kubernetes-engine/fleet-management/docs/fleet-creation
struct FleetRegistration: Sendable {
    var act: Act?
    var finding: Finding?

    /// - Parameters:
    ///   - fleet: id or number of the fleet host project; `""` where none is declared.
    ///   - context: of the cluster's kubeconfig, for gcloud.
    static func plan(_ cluster: SeenCluster, fleet: String, context: String) -> FleetRegistration {
        func found(_ severity: Finding.Severity, _ text: String, _ remedy: String) -> FleetRegistration {
            FleetRegistration(finding: Finding(severity, cluster: cluster.name, text, remedy: remedy))
        }
        guard !fleet.isEmpty else {
            return found(
                .error, "it cannot be registered: the mesh names no fleet host project", "write it into mesh.yaml: fleetProject")
        }
        guard let isRegistered = cluster.isRegistered else {
            return found(
                .unknown, "whether it is registered to a fleet was not seen, so that it is not registered",
                "kubectl get memberships.hub.gke.io membership")
        }
        let declared = cluster.declaration.membership?.split(separator: "/").last.map(String.init)
        let name = [declared, cluster.membership].compactMap(\.self).first { !$0.isEmpty } ?? cluster.name
        var act = Act(
            step: .register,
            object: ObjectReference(
                cluster: cluster.name, apiVersion: "hub.gke.io/v1", kind: "Membership", namespace: "", name: "membership"),
            verb: .leave, desired: ["fleet": .string(fleet), "membership": .string(name)])
        if isRegistered { return FleetRegistration(act: act) }
        guard MembershipName.isValid(name) else {
            return found(
                .error, "\"\(name)\" cannot be a membership's name: at most 63 lower-case letters, digits and hyphens",
                "write its name into mesh.yaml: clusters[\(cluster.name)].membership")
        }
        let subject: [String], identity: [String]
        switch cluster.platform {
        case .gke where cluster.link.isEmpty:
            return found(
                .unknown, "Google did not say which GKE cluster it is, so that gcloud cannot be told",
                "gcloud auth application-default login    # then look again")
        case .gke: (subject, identity) = (["--gke-uri=\(cluster.link)"], ["--enable-workload-identity"])
        case .gdcVMware, .gdcBareMetal:
            return found(
                .error,
                "Google Distributed Cloud registers its clusters itself, from their configuration, and this one is in no fleet",
                "set gkeConnect.projectID to \(fleet) in the cluster's configuration file, and update the cluster")
        default:
            subject = ["--kubeconfig=\(cluster.declaration.kubeconfig)", "--context=\(context)"]
            identity = ["--enable-workload-identity", "--has-private-issuer"]
        }
        func arguments(_ verb: String, _ more: [String]) -> JSONValue {
            let words = ["container", "fleet", "memberships", verb, name, "--project=\(fleet)"] + subject + more + ["--quiet"]
            return .array(words.map { .string($0) })
        }
        act.verb = .create
        act.desired = [
            "fleet": .string(fleet), "membership": .string(name), "register": arguments("register", identity),
            "unregister": arguments("unregister", []),
        ]
        return FleetRegistration(act: act)
    }
}

/// What Google takes for the name of a membership: a label of DNS (RFC 1123).
enum MembershipName {
    static func isValid(_ name: String) -> Bool {
        (1...63).contains(name.utf8.count)
            && name.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D }
            && name.first != "-" && name.last != "-"
    }
}
