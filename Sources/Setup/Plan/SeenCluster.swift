internal import Facts
internal import Foundation
internal import Mesh

extension SeenCluster {
    /// - Parameter wanted: the declared revision; `""` where none was.
    init(_ declaration: ClusterDeclaration, _ facts: SeenFacts, _ findings: inout [Finding], wanted: String) throws {
        self.init(declaration: declaration)
        let identity = try facts.rows("cluster_identity", of: name).first
        uid = identity?["kube_system_uid"]?.text ?? ""
        server = try facts.rows("cluster", of: name).first?["server"]?.text ?? ""
        platform = declaration.platform ?? identity?["platform"]?.text.flatMap(Platform.init(rawValue:))
        switch try facts.rows("on_premises_load_balancer", of: name).first?["mode"]?.text {
        case "manual": onPremises = .manual
        case "f5", "seesaw": onPremises = .told
        case "metallb", "bgp": onPremises = .automatic
        default: onPremises = nil
        }
        guard !uid.isEmpty else {
            let why = try facts.gap("cluster_identity", of: name)
            findings.append(
                Finding(
                    .unknown, cluster: name,
                    "\(name) was not seen\(why.map { " (\($0))" } ?? ""): what is to be done in it, and for it in the others, is not known"
                ))
            return
        }
        try readFleet(facts)
        try readControlPlane(facts, &findings, wanted)
        try readNetwork(facts, &findings)
        try readReach(facts)
    }

    private mutating func readFleet(_ facts: SeenFacts) throws {
        link = try facts.rows("google_cluster", of: name).first?["self_link"]?.text ?? ""
        guard let own = try facts.rows("fleet_membership", of: name).first else { return }
        isRegistered = own["object_present"]?.integer == 1
        let known = try facts.rows("google_membership", of: name).first?["name"]?.text?.split(separator: "/").last
        membership = [own["membership"]?.text, known.map(String.init)].compactMap(\.self).first { !$0.isEmpty } ?? ""
    }

    private mutating func readControlPlane(_ facts: SeenFacts, _ findings: inout [Finding], _ wanted: String) throws {
        let all = try facts.rows("istiod", of: name).filter {
            $0["namespace"]?.text == MeshConstants.systemNamespace && $0["bundled"]?.integer != 1
        }
        let row = try facts.rows("wanted_revision", of: name).first
        guard let revision = row?["revision"]?.text else {
            let why = try facts.gap("istiod", of: name)
            if let why {
                findings.append(Finding(.unknown, cluster: name, "its control plane was not seen: \(why)"))
            } else {
                findings.append(missingRevision(wanted, all))
            }
            return
        }
        guard let control = all.first(where: { $0["revision"]?.text == revision }) else {
            findings.append(missingRevision(revision, all))
            return
        }
        self.revision = revision
        istiod = control["name"]?.text ?? ""
        let config = try facts.rows("mesh_config", of: name).first { $0["revision"]?.text == revision }
        if let config, config["parse_error"]?.text == "", let domain = config["trust_domain"]?.text,
            let aliases = config["trust_domain_aliases"]?.text,
            let list = try? JSONDecoder().decode([String].self, from: Data(aliases.utf8))
        {
            trust = (domain, list)
        }
        clusterID = control["cluster_id"]?.text ?? ""
        if let fault = RemoteSecretManifest.fault(clusterID: clusterID) {
            findings.append(
                Finding(
                    .error, cluster: name,
                    "istiod calls the cluster \"\(clusterID)\", under which no remote secret can be made: \(fault)",
                    remedy: "install istiod with another values.global.multiCluster.clusterName"))
        }
    }

    private func missingRevision(_ revision: String, _ all: [[String: FactValue]]) -> Finding {
        let there = all.compactMap { $0["revision"]?.text }.map { $0.isEmpty ? "default" : $0 }.sorted()
        let have = there.isEmpty ? "there is no control plane in istio-system" : "there are \(there.joined(separator: ", "))"
        let text =
            revision.isEmpty
            ? "which control plane counts is not known: \(have), and no revision is declared"
            : "the control plane's revision \(revision) does not exist: \(have). A gateway of it would never get its proxy"
        return Finding(
            .error, cluster: name, text,
            remedy:
                "set revision in mesh.yaml, or install it there: asmcli install --revision_name \(revision.isEmpty ? "REVISION" : revision)"
        )
    }

    private mutating func readNetwork(_ facts: SeenFacts, _ findings: inout [Finding]) throws {
        if let row = try facts.rows("system_namespace", of: name).first, row["present"]?.integer == 1 {
            label = row["network"]?.text
        } else if let why = try facts.gap("system_namespace", of: name) {
            findings.append(Finding(.unknown, cluster: name, "the namespace istio-system was not seen: \(why)"))
        } else {
            findings.append(
                Finding(.error, cluster: name, "there is no namespace istio-system", remedy: "install the control plane first"))
        }
        let injected = try facts.rows("injector_values", of: name).first { $0["revision"]?.text == (revision ?? "") }
        let formed = try facts.rows("google_cluster", of: name).first?["network_id"]?.text
        // As asmcli has it: what is there, then what proxies are given, then what Google's tools would form.
        let stated = [label, injected?["network"]?.text, formed].compactMap(\.self).first { !$0.isEmpty }
        network = declaration.network ?? stated ?? ""
        if network.isEmpty {
            findings.append(
                Finding(
                    .error, cluster: name, "nobody says which network the cluster is on, and istiod has to know",
                    remedy: "write it into mesh.yaml: clusters[\(name)].network"))
        } else if let fault = LabelValue.fault(network) {
            findings.append(
                Finding(
                    .error, cluster: name, "the network \"\(network)\" cannot be a label's value: \(fault)",
                    remedy: "write another one into mesh.yaml: clusters[\(name)].network"))
        }
        if let label, !label.isEmpty, label != network {
            findings.append(
                Finding(
                    .error, cluster: name,
                    "istio-system is labelled with the network \(label), and \(network) is declared: a network that is stated is "
                        + "never overwritten",
                    remedy: "write \(label) into mesh.yaml, or relabel by hand and restart every proxy: "
                        + "kubectl label namespace istio-system \(MeshConstants.networkLabel)=\(network) --overwrite"))
        }
    }

    private mutating func readReach(_ facts: SeenFacts) throws {
        let address = Self.address(remoteServer)
        for row in try facts.rows("pod_reachability", of: name, by: "target")
        where row["kind"]?.text == "control-plane" && row["address"]?.text == address {
            guard let source = row["source"]?.text else { continue }
            if row["outcome"]?.text == "ok" { provedFrom.append(source) } else { unreachableFrom.append(source) }
        }
        let probes = try facts.rows("remote_secret_probe", of: name)
        for secret in try facts.rows("remote_secret", of: name)
        where secret["labelled"]?.integer == 1 && secret["refused"]?.text == ""
            && secret["target_evidence"]?.text == "kube-system UID"
        {
            let answered = probes.contains {
                $0["secret"] == secret["secret"] && $0["key"] == secret["key"] && $0["outcome"]?.text == "answered"
            }
            if answered, let key = secret["key"]?.text {
                working.append(
                    WorkingSecret(key: key, secret: secret["secret"]?.text ?? "", server: secret["server"]?.text ?? ""))
            }
        }
    }

    /// Host and port of a URL, as `pod_reachability` has them.
    private static func address(_ server: String) -> String {
        guard let url = URL(string: server), let host = url.host() else { return "" }
        return "\(host.contains(":") && !host.hasPrefix("[") ? "[\(host)]" : host.lowercased()):\(url.port ?? 443)"
    }

    /// The Secret that opens another cluster already. One that leads elsewhere than is declared is not what is wanted.
    func working(for other: SeenCluster) -> String? {
        working.first { secret in
            secret.key == other.clusterID
                && (other.declaration.remoteServer == nil
                    || Self.address(secret.server) == Self.address(other.remoteServer))
        }?.secret
    }

    /// What is known of the way from a cluster's pods to this one's API server.
    func reach(from cluster: String) -> String {
        if provedFrom.contains(cluster) { return "proved from a pod of \(cluster)" }
        return unreachableFrom.contains(cluster)
            ? "a pod of \(cluster) did not reach it" : "not proved: no pod of \(cluster) tried it"
    }
}
