import Mesh
import Testing

@testable import Collect

/// What a GKE cluster and its network together tell: pods' ranges, nodes' tags, and from where its pods come.
@Suite struct SurroundingsTests {
    private static let name = VPCName(project: "hst", network: "vpc")
    private static let region = "https://www.googleapis.com/compute/v1/projects/hst/regions/europe-west1"

    private func network(
        subnetworks: String = "[]", firewalls: String = "{}", nats: String = "[]", status: Answer<RouterStatus>? = nil
    ) throws -> GoogleNetworkEvidence {
        var network = GoogleNetworkEvidence(Self.name, nothing: NoAnswer("not asked"))
        network.subnetworks = Listing(try decoded([Subnetwork].self, subnetworks))
        network.firewalls = .success(try decoded(firewalls))
        network.routers = Listing([try decoded(#"{"name":"r","region":"\#(Self.region)","nats":\#(nats)}"#)])
        network.routerStatus[RouterName(region: "europe-west1", name: "r")] = status
        return network
    }

    private func facts(
        _ network: GoogleNetworkEvidence?, _ cluster: String = GoogleShapes.cluster()
    ) throws -> GKESurroundings {
        GKESurroundings(cluster: try decoded(cluster), network: network)
    }

    private static let subnetwork = #"""
        [{"name":"nodes","region":"https://www.googleapis.com/compute/v1/projects/hst/regions/us-east1","ipCidrRange":"10.9.0.0/22"},
         {"name":"nodes","region":"https://www.googleapis.com/compute/v1/projects/hst/regions/europe-west1","ipCidrRange":"10.0.0.0/22","secondaryIpRanges":[{"rangeName":"pods","ipCidrRange":"10.4.0.0/14"},{"rangeName":"more","ipCidrRange":"10.16.0.0/16"}]}]
        """#

    // MARK: Ranges

    @Test func nodeRange() throws {
        #expect(try facts(network(subnetworks: Self.subnetwork)).nodeRange.value == "10.0.0.0/22")
        #expect(try facts(network()).nodeRange.failure?.reason.contains("has no subnetwork nodes") == true)
        #expect(try facts(nil).nodeRange.failure != nil)
    }

    @Test func additionalPodRanges() throws {
        #expect(try facts(nil).podRanges.value == ["10.4.0.0/14"])
        let more = GoogleShapes.cluster().replacing(
            #""stackType":"IPV4""#, with: #""stackType":"IPV4","additionalPodRangesConfig":{"podRangeNames":["more"]}"#)
        #expect(try facts(network(subnetworks: Self.subnetwork), more).podRanges.value == ["10.4.0.0/14", "10.16.0.0/16"])
        #expect(try facts(network(), more).podRanges.failure != nil)
        let strange = more.replacing(#"["more"]"#, with: #"["other"]"#)
        let reason = try facts(network(subnetworks: Self.subnetwork), strange).podRanges.failure?.reason
        #expect(reason == "the subnetwork has no secondary range other")
    }

    // MARK: Tags

    private func rule(_ tag: String) -> String { #"{"name":"x","targetTags":["\#(tag)"],"sourceRanges":["10.4.0.0/14"]}"# }

    @Test(arguments: [
        (["gke-a-12345678-node"], "gke-a-12345678-node"), (["gke-a-ffffffff-node", "other"], "gke-a-ffffffff-node"),
        (["gke-a-ffffffff-node", "gke-a-12345678-node"], "gke-a-12345678-node"), (["gke-b-12345678-node"], nil),
        (["gke-a-xyz-node"], nil), ([], nil), (["gke-a-ffffffff-node", "gke-a-eeeeeeee-node"], nil),
    ])
    func theTagThatGKEGives(tags: [String], found: String?) throws {
        let firewalls = #"{"firewalls":[\#(tags.map(rule).joined(separator: ","))]}"#
        let answer = try facts(network(firewalls: firewalls)).nodeTags
        #expect(answer.value == found.map { ["mesh", $0] })
    }

    // MARK: Cloud NAT

    private static let manual =
        #"[{"name":"n","natIpAllocateOption":"MANUAL_ONLY","sourceSubnetworkIpRangesToNat":"ALL_SUBNETWORKS_ALL_IP_RANGES"}]"#
    private static let automatic = manual.replacing("MANUAL_ONLY", with: "AUTO_ONLY")

    private func listed(_ subnetwork: String, _ ranges: String) -> String {
        #"[{"name":"n","sourceSubnetworkIpRangesToNat":"LIST_OF_SUBNETWORKS","subnetworks":[{"name":"https://www.googleapis.com/compute/v1/projects/hst/regions/europe-west1/subnetworks/\#(subnetwork)","sourceIpRangesToNat":["\#(ranges)"]}]}]"#
    }

    private func status(_ fields: String) throws -> Answer<RouterStatus> {
        .success(try decoded(#"{"result":{"natStatus":[{"name":"n",\#(fields)}]}}"#))
    }

    @Test func natAddresses() throws {
        let told = try status(#""userAllocatedNatIps":["198.51.100.9"],"autoAllocatedNatIps":["198.51.100.10"]"#)
        let manual = try facts(network(nats: Self.manual, status: told)).natAddresses.value
        #expect(manual == .init(ranges: ["198.51.100.10/32", "198.51.100.9/32"], isAutomatic: false))
        #expect(try facts(network(nats: Self.automatic, status: told)).natAddresses.value?.isAutomatic == true)
        #expect(try facts(network(nats: listed("nodes", "PRIMARY_IP_RANGE"), status: told)).natAddresses.value != nil)
        #expect(try facts(network(nats: listed("other", "ALL_IP_RANGES"), status: told)).natAddresses.value == nil)
        #expect(try facts(network(nats: listed("nodes", "LIST_OF_SECONDARY_IP_RANGES"), status: told)).natAddresses.value == nil)
        #expect(
            try facts(network(nats: Self.manual, status: .failure(NoAnswer("denied")))).natAddresses.failure?.reason == "denied")
        #expect(try facts(network(nats: Self.manual, status: .success(decoded("{}")))).natAddresses.value == nil)
    }

    // MARK: Egress

    private func egress(
        _ nodes: Answer<[Node]>, platform: Platform = .gke, declared: [String]? = nil, network: GoogleNetworkEvidence? = nil
    ) throws -> EgressAddresses {
        var marks = GoogleMarks(ClusterDeclaration(name: "a", kubeconfig: "k", platform: platform, egress: declared))
        marks.uid = "u"
        var evidence = ClusterEvidence(nothing: NoAnswer("not asked"))
        evidence.nodes = nodes
        var found = FoundResources(nothing: NoAnswer("not asked"))
        if platform == .gke { found.gke.found = .success(try decoded(GoogleShapes.cluster())) }
        let cluster = FollowedCluster(marks: marks, evidence: evidence, found: found)
        return cluster.described(networks: network.map { [Self.name: $0] } ?? [:]).egress
    }

    private func nodes(_ addresses: String?...) throws -> Answer<[Node]> {
        .success(
            try addresses.enumerated().map { index, address in
                let external = address.map { #"{"type":"ExternalIP","address":"\#($0)"},"# } ?? ""
                return try decoded(
                    #"{"metadata":{"name":"n\#(index)"},"status":{"addresses":[\#(external){"type":"InternalIP","address":"10.0.0.\#(index)"}]}}"#
                )
            })
    }

    @Test func whereItsPodsComeFrom() throws {
        let declared = try egress(nodes("198.51.100.1"), declared: ["192.0.2.0/28"])
        #expect(
            declared
                == EgressAddresses(
                    ranges: ["192.0.2.0/28"], source: .declared, isKnown: true, changesWithNodes: false, detail: ""))
        let own = try egress(nodes("198.51.100.1", "198.51.100.2", "198.51.100.1"))
        #expect(
            own
                == EgressAddresses(
                    ranges: ["198.51.100.1/32", "198.51.100.2/32"], source: .nodes, isKnown: true, changesWithNodes: true,
                    detail: ""))
        let nat = try network(nats: Self.manual, status: status(#""userAllocatedNatIps":["198.51.100.9"]"#))
        let translated = try egress(nodes(nil, nil), network: nat)
        #expect(
            translated
                == EgressAddresses(ranges: ["198.51.100.9/32"], source: .nat, isKnown: true, changesWithNodes: false, detail: ""))
        let mixed = try egress(nodes("198.51.100.1", nil), network: nat)
        #expect(mixed.ranges == ["198.51.100.1/32", "198.51.100.9/32"] && mixed.isKnown && mixed.source == .nodes)
    }

    /// Half of the addresses are not all of them.
    @Test func whereTheyComeFromIsNotKnown() throws {
        let mixed = try egress(nodes("198.51.100.1", nil), network: network())
        #expect(mixed.ranges == ["198.51.100.1/32"] && !mixed.isKnown && mixed.detail.contains("no Cloud NAT"))
        for unknown in [try egress(nodes()), try egress(.failure(NoAnswer("denied"))), try egress(nodes(nil))] {
            #expect(!unknown.isKnown && unknown.ranges.isEmpty && unknown.source == .none && !unknown.detail.isEmpty)
        }
        // VMware's nodes show the same address as external and internal: it means nothing to the other side of a NAT.
        let premises = try egress(nodes("10.1.0.7"), platform: .gdcVMware)
        #expect(!premises.isKnown && premises.ranges.isEmpty && premises.detail.contains("egress:"))
    }
}
