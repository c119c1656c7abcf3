import Facts
import Kubernetes
import Mesh
import Testing

@testable import Collect

@Suite struct IdentityTests {
    private func node(labels: String = "", provider: String = "", status: String = "{}") throws -> Node {
        try decoded(
            #"{"metadata":{"name":"n1","labels":{\#(labels)}},"spec":{"providerID":"\#(provider)"},"status":\#(status)}"#)
    }

    @Test func nodes() throws {
        let status = #"""
            {"conditions":[{"type":"Ready","status":"True"}],"nodeInfo":{"kubeletVersion":"v1.30.5"},
             "addresses":[{"type":"InternalIP","address":"10.0.0.1"},{"type":"ExternalIP","address":"198.51.100.7"}]}
            """#
        let rows = Rows.nodes(
            "a", [try node(provider: "gce://p/z/i", status: status), try decoded(Node.self, #"{"metadata":{"name":"n2"}}"#)])
        #expect(rows.map { $0["ready"] } == [1, 0])
        #expect(rows.map { $0["external_ip"] } == ["198.51.100.7", ""])
        #expect(rows.map { $0["kubelet_version"] } == ["v1.30.5", ""])
        #expect(rows.map { $0["provider_id"] } == ["gce://p/z/i", ""])
    }

    @Test func familiesOfPods() throws {
        func pod(_ name: String, _ addresses: [String], phase: String = "Running", spec: String = "") throws -> Pod {
            let list = addresses.map { #"{"ip":"\#($0)"}"# }.joined(separator: ",")
            return try decoded(
                #"{"metadata":{"name":"\#(name)","namespace":"s"},"spec":{"containers":[]\#(spec)},"status":{"phase":"\#(phase)","podIPs":[\#(list)]}}"#
            )
        }
        let pods = [
            try pod("b", ["10.4.0.2"]), try pod("a", ["10.4.0.1"]), try pod("b", ["10.4.0.2"]),
            try pod("c", ["fd00::3", "10.4.0.3"]),
            try pod("e", ["fd00::4"]), try pod("pending", []), try pod("done", ["10.4.0.9"], phase: "Succeeded"),
            try pod("node", ["192.0.2.1"], spec: #","hostNetwork":true"#), try pod("odd", ["?"]),
        ]
        let rows = Rows.podFamilies("x", pods)
        #expect(rows.map { $0["example"] } == ["s/a", "s/c", "s/e"])
        #expect(rows.map { $0["ipv4"] } == [1, 1, 0])
        #expect(rows.map { $0["ipv6"] } == [0, 1, 1])
        #expect(rows.map { $0["pods"] } == [2, 1, 1])
        #expect(Rows.podFamilies("x", []).isEmpty)
    }

    @Test(arguments: [
        ("", ""), (#""topology.kubernetes.io/region":"r""#, "r"),
        (#""topology.kubernetes.io/region":"r","topology.kubernetes.io/zone":"z""#, "r/z"),
        (#""topology.kubernetes.io/zone":"z""#, "/z"),
        (#""topology.kubernetes.io/region":"r","topology.istio.io/subzone":"s""#, "r//s"),
        (#""failure-domain.beta.kubernetes.io/region":"old""#, "old"),
        (#""failure-domain.beta.kubernetes.io/region":"old","topology.kubernetes.io/region":"new""#, "new"),
    ])
    func whereANodeStands(labels: String, locality: String) throws {
        #expect(Rows.nodes("a", [try node(labels: labels)]).map { $0["locality"] } == [.text(locality)])
    }

    @Test(arguments: [
        (#""cloud.google.com/gke-nodepool":"p""#, "gce://p/z/i", Platform.gke),
        ("", "gce://p/z/i", .kubernetes),
        (#""onprem.gke.io/failure-domain-name":"x""#, "vsphere://1", .gdcVMware),
        ("", "vsphere://1", .kubernetes),
        (#""baremetal.cluster.gke.io/node-pool":"x""#, "baremetal://10.0.0.1", .gdcBareMetal),
        ("", "baremetal://10.0.0.1", .gdcBareMetal),
        ("", "", .kubernetes),
    ])
    func platform(labels: String, provider: String, platform: Platform) throws {
        let row = Rows.clusterIdentity("a", uid: "u", declared: nil, nodes: [try node(labels: labels, provider: provider)])
        #expect(row["platform"] == .text(platform.rawValue))
        #expect(row["platform_evidence"] != "")
    }

    @Test func platformThatNobodyShows() {
        #expect(Rows.clusterIdentity("a", uid: "u", declared: nil, nodes: nil)["platform"] == .null)
        #expect(Rows.clusterIdentity("a", uid: "u", declared: nil, nodes: [])["platform"] == .null)
        let declared = Rows.clusterIdentity("a", uid: "u", declared: .gke, nodes: nil)
        #expect((declared["platform"], declared["platform_evidence"]) == ("gke", "declared"))
    }

    @Test func membership() {
        let object: JSONValue = [
            "spec": [
                "owner": ["id": "//gkehub.googleapis.com/projects/my-fleet/locations/global/memberships/a"],
                "identity_provider": "https://gkehub.googleapis.com/projects/12/locations/global/memberships/a",
                "workload_identity_pool": "my-fleet.svc.id.goog",
            ]
        ]
        let row = Rows.fleetMembership("a", hasDefinition: true, membership: object)
        #expect((row["project"], row["location"], row["membership"]) == ("my-fleet", "global", "a"))
        #expect((row["identity_provider_project"], row["object_present"]) == ("12", 1))
        #expect(row["workload_identity_pool"] == "my-fleet.svc.id.goog")
    }

    @Test(arguments: [
        ("projects/my-fleet", "my-fleet", ""), ("//gkehub.mtls.googleapis.com/projects/1/locations/l/memberships/m", "1", "m"),
        ("garbage", "", ""), ("projects", "", ""), ("", "", ""),
    ])
    func ownersForms(owner: String, project: String, name: String) {
        let row = Rows.fleetMembership("a", hasDefinition: true, membership: ["spec": ["owner": ["id": .string(owner)]]])
        #expect((row["project"], row["membership"]) == (.text(project), .text(name)))
    }

    @Test func membershipOfAnotherShape() {
        for object in [nil, [], ["spec": 3], ["spec": ["owner": "x"]]] as [JSONValue?] {
            let row = Rows.fleetMembership("a", hasDefinition: object != nil, membership: object)
            #expect((row["owner_id"], row["project"]) == ("", ""))
            #expect(row["object_present"] == FactValue(object != nil))
        }
    }

    @Test func signingSecrets() throws {
        let rows = Rows.caSecrets(
            "a",
            [
                try decoded(
                    ObjectMeta.self,
                    #"""
                    {"name":"cacerts","creationTimestamp":"2026-01-01T00:00:00Z",
                     "managedFields":[{"time":"2026-01-03T00:00:00Z"},{"time":"2026-01-02T00:00:00Z"},{}]}
                    """#)
            ])
        #expect(rows.map { $0["present"] } == [1, 0])
        #expect(rows[0]["changed_at"] == .integer(Timestamp("2026-01-03T00:00:00Z")?.seconds ?? 0))
        #expect((rows[1]["created_at"], rows[1]["changed_at"]) == (0, 0))
        let silent = try decoded(ObjectMeta.self, #"{"name":"cacerts","creationTimestamp":"2026-01-01T00:00:00Z"}"#)
        #expect(Rows.caSecrets("a", [silent])[0]["changed_at"] == .null)
    }

    @Test func theSystemNamespace() {
        let labelled = ObjectMeta(name: "istio-system", labels: ["topology.istio.io/network": "net-a"])
        #expect(Rows.systemNamespace("a", labelled)["network"] == "net-a")
        #expect((Rows.systemNamespace("a", nil)["present"], Rows.systemNamespace("a", nil)["network"]) == (0, ""))
    }
}
