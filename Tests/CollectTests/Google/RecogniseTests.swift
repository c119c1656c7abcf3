import Foundation
import Mesh
import Testing

@testable import Collect

/// Which of Google's resources a declared cluster is: by which marks, and what is said where marks contradict each other.
@Suite struct RecogniseTests {
    private func marks(_ change: (inout GoogleMarks) -> Void = { _ in }) -> GoogleMarks {
        var marks = GoogleMarks(ClusterDeclaration(name: "a", kubeconfig: "k", platform: .gke))
        marks.uid = "uid-a"
        change(&marks)
        return marks
    }

    private func memberships(_ items: String..., missing: NoAnswer? = nil) throws -> Listing<FleetMembership> {
        Listing(try items.map { try decoded($0) }, missing: missing)
    }

    private let a = GoogleShapes.membership("a", uid: "uid-a", link: GoogleShapes.link)
    private let b = GoogleShapes.membership(
        "b", uid: "uid-b", link: "//container.googleapis.com/projects/svc/locations/europe-west1/clusters/b")

    /// Looked for everywhere, and not there.
    private func isAbsent<Thing>(_ found: Recognised<Thing>) -> Bool {
        if case .success(nil) = found.found { true } else { false }
    }

    // MARK: Memberships

    @Test func byTheUID() throws {
        let (found, rivals) = marks().membership(among: try memberships(b, a), gke: nil)
        #expect(found.value?.shortName == "a" && rivals.isEmpty)
        #expect(found.evidence == ["its externalId is the UID of the cluster's namespace kube-system"])
    }

    @Test func severalMarksAgree() throws {
        let marks = marks {
            $0.owner = "//gkehub.googleapis.com/projects/1000/locations/global/memberships/a"
            $0.declaration.membership = "projects/f/locations/global/memberships/a"
        }
        let gke = GKEClusterName(project: "svc", location: "europe-west1", cluster: "a")
        #expect(marks.membership(among: try memberships(a, b), gke: gke).0.evidence.count == 4)
    }

    @Test func noneInACompleteListAndNotKnownInAPartialOne() throws {
        let complete = marks().membership(among: try memberships(b), gke: nil).0
        #expect(isAbsent(complete))
        let partial = marks().membership(among: try memberships(b, missing: NoAnswer("page 2: HTTP 503")), gke: nil).0
        #expect(partial.found.failure?.reason == "page 2: HTTP 503")
        // What a partial list does hold is there.
        #expect(marks().membership(among: try memberships(a, missing: NoAnswer("x")), gke: nil).0.value?.shortName == "a")
        let nameless = marks { $0.uid = nil }.membership(among: try memberships(b), gke: nil).0
        #expect(nameless.found.failure?.reason.contains("UID") == true)
    }

    @Test func anotherClustersMembership() throws {
        // The cluster's own object names a membership that was registered for another cluster: a fact, and no contradiction.
        let marks = marks { $0.owner = "//gkehub.googleapis.com/projects/f/locations/global/memberships/b" }
        #expect(marks.membership(among: try memberships(b), gke: nil).0.value?.externalId == "uid-b")
    }

    @Test func twoMembershipsByTwoMarks() throws {
        let marks = marks { $0.owner = "//gkehub.googleapis.com/projects/f/locations/global/memberships/b" }
        let found = marks.membership(among: try memberships(a, b), gke: nil).0
        let reason = try #require(found.found.failure?.reason)
        #expect(reason.contains("memberships/a (its externalId") && reason.contains("memberships/b (the object membership"))
        let declared = self.marks { $0.declaration.membership = "projects/f/locations/global/memberships/b" }
        #expect(declared.membership(among: try memberships(a, b), gke: nil).0.found.failure != nil)
    }

    @Test func aDeclaredMembershipThatIsNotThere() throws {
        let marks = marks { $0.declaration.membership = "projects/f/locations/global/memberships/c" }
        #expect(isAbsent(marks.membership(among: try memberships(b), gke: nil).0))
        let reason = marks.membership(among: try memberships(a, b), gke: nil).0.found.failure?.reason
        #expect(reason?.contains("memberships/a has the UID") == true)
    }

    @Test func oneClusterRegisteredTwice() throws {
        let twin = GoogleShapes.membership("twin", uid: "uid-a", link: GoogleShapes.link)
        let (found, rivals) = marks().membership(among: try memberships(twin, a), gke: nil)
        #expect(found.value?.shortName == "twin" && rivals.map(\.shortName) == ["a"])
        let owned = marks { $0.owner = "projects/f/locations/global/memberships/a" }
        #expect(owned.membership(among: try memberships(twin, a), gke: nil).0.value?.shortName == "a")
    }

    // MARK: GKE clusters

    private func lists(_ clusters: String..., missing: NoAnswer? = nil) throws -> [String: Listing<GKECluster>] {
        ["svc": Listing(try clusters.map { try decoded($0) }, missing: missing)]
    }

    @Test func byItsMembership() throws {
        let found = marks().gkeCluster(membership: try decoded(a), lists: try lists(GoogleShapes.cluster()))
        #expect(found.value?.name == "a" && found.evidence == ["its membership a stands for it"])
    }

    @Test func byServerAndAuthority() throws {
        let authority = Data(Certificates.rootA.utf8).base64EncodedString()
        let other = GoogleShapes.cluster("b", endpoint: "203.0.113.6")
        let own = GoogleShapes.cluster(extra: #","masterAuth":{"clusterCaCertificate":"\#(authority)"}"#)
        let marks = marks {
            $0.server = ServerURL("https://203.0.113.5")
            $0.authorities = Set(PEMBundle(Certificates.rootA).fingerprints)
        }
        let found = marks.gkeCluster(membership: nil, lists: try lists(other, own))
        #expect(found.value?.name == "a" && found.evidence.count == 2)
        // Both have this private address: it tells nothing.
        let privately = self.marks { $0.server = ServerURL("https://10.0.0.2") }
        #expect(privately.gkeCluster(membership: nil, lists: try lists(other, own)).found.failure != nil)
    }

    @Test func theContextsNameCountsLast() throws {
        let clusters = try lists(GoogleShapes.cluster(), GoogleShapes.cluster("b", endpoint: "203.0.113.6"))
        let named = marks { $0.context = GKEClusterName(context: "gke_svc_europe-west1_b") }
        #expect(named.gkeCluster(membership: nil, lists: clusters).value?.name == "b")
        let stale = marks {
            $0.context = GKEClusterName(context: "gke_svc_europe-west1_b")
            $0.server = ServerURL("https://203.0.113.5")
        }
        let found = stale.gkeCluster(membership: nil, lists: clusters)
        #expect(found.value?.name == "a")
        #expect(
            found.evidence.last?.contains("called as another cluster, projects/svc/locations/europe-west1/clusters/b") == true)
    }

    @Test func twoClustersByTwoMarks() throws {
        let clusters = try lists(GoogleShapes.cluster(), GoogleShapes.cluster("b", endpoint: "203.0.113.6"))
        let marks = marks { $0.server = ServerURL("https://203.0.113.6") }
        let reason = try #require(marks.gkeCluster(membership: try decoded(a), lists: clusters).found.failure?.reason)
        #expect(reason.contains("clusters/a (its membership a stands for it)"))
        #expect(reason.contains("clusters/b (its control plane's endpoint is the kubeconfig's server 203.0.113.6)"))
    }

    @Test func namedAndNotThere() throws {
        let marks = marks { $0.declaration.googleCluster = "projects/svc/locations/europe-west1/clusters/z" }
        #expect(isAbsent(marks.gkeCluster(membership: nil, lists: try lists(GoogleShapes.cluster()))))
        let partial = try lists(missing: NoAnswer("partial: europe-west1-b"))
        #expect(marks.gkeCluster(membership: nil, lists: partial).found.failure?.reason == "partial: europe-west1-b")
    }

    @Test func nothingTells() throws {
        let found = marks().gkeCluster(membership: nil, lists: try lists(GoogleShapes.cluster()))
        #expect(found.found.failure?.reason.contains("no cluster of svc has its server or authority") == true)
        let plain = marks { $0.platform = .kubernetes }
        #expect(isAbsent(plain.gkeCluster(membership: nil, lists: [:])))
    }

    @Test func aNumberInOneNameAndAnIDInTheOther() throws {
        let link = "//container.googleapis.com/projects/2000/locations/europe-west1/clusters/a"
        let membership: FleetMembership = try decoded(GoogleShapes.membership("a", uid: "uid-a", link: link))
        let marks = marks { $0.server = ServerURL("https://203.0.113.5") }
        #expect(marks.gkeCluster(membership: membership, lists: try lists(GoogleShapes.cluster())).value?.name == "a")
    }

    // MARK: Clusters on premises

    private let site = #"""
        {"name":"projects/f/locations/europe-west1/bareMetalClusters/site","state":"RUNNING","fleet":{"membership":"projects/f/locations/global/memberships/site"},
         "loadBalancer":{"vipConfig":{"controlPlaneVip":"10.1.0.5","ingressVip":"10.1.0.20"}}}
        """#

    @Test func onPremises() throws {
        let marks = marks {
            $0.platform = .gdcBareMetal
            $0.server = ServerURL("https://10.1.0.5:443")
        }
        let membership: FleetMembership = try decoded(
            GoogleShapes.membership(
                "site", uid: "uid-a",
                link: "//gkeonprem.googleapis.com/projects/1000/locations/europe-west1/bareMetalClusters/site",
                kind: "onPremCluster"))
        let list = Listing<OnPremisesCluster>([try decoded(site)])
        #expect(marks.onPremisesCluster(membership: membership, list: list).evidence.count == 3)
        #expect(marks.onPremisesCluster(membership: nil, list: list).value?.state == "RUNNING")
        let other = self.marks { $0.platform = .gdcBareMetal }
        #expect(isAbsent(other.onPremisesCluster(membership: nil, list: list)))
        let partial = Listing<OnPremisesCluster>(missing: NoAnswer("denied"))
        #expect(other.onPremisesCluster(membership: nil, list: partial).found.failure?.reason == "denied")
    }
}
