import Facts
import Foundation
import GoogleCloud
import HTTP
import Mesh
import Peers
import Synchronization
import Testing

@testable import Collect

/// Google and the clusters asked together, over real connections.
@Suite(.serialized) struct GoogleCollectorTests {
    /// A cluster on GKE and one on bare metal.
    private struct World {
        let a: FakeCluster
        let b: FakeCluster

        init(nodes: String = #"{"metadata":{"name":"n"}}"#) async throws {
            a = try await FakeCluster("a", answers: ["/api/v1/nodes": FakeCluster.list(nodes)])
            b = try await FakeCluster(
                "b",
                answers: [
                    "/apis/hub.gke.io/v1/memberships/membership":
                        #"{"metadata":{"name":"membership"},"spec":{"owner":{"id":"//gkehub.googleapis.com/projects/1000/locations/global/memberships/site"}}}"#
                ])
        }

        var declarations: [ClusterDeclaration] {
            var (a, b) = (a.declaration, b.declaration)
            a.platform = .gke
            b.platform = .gdcBareMetal
            return [a, b]
        }

        /// Collects from both, and from Google.
        func collect(
            _ google: GoogleOptions, progress: @escaping @Sendable (CollectEvent) -> Void = { _ in }
        ) async throws -> FactBatch {
            let batch = try await CollectTests.collect(declarations, google: google, progress: progress)
            return withExtendedLifetime(self) { batch }
        }
    }

    private func row(_ table: String, _ batch: FactBatch, _ cluster: String = "a") throws -> FactRow {
        try #require(batch.rows.first { $0.table == table && $0["cluster"] == .text(cluster) }, "no \(table) of \(cluster)")
    }

    private func entry(_ table: String, _ batch: FactBatch, _ cluster: String = "") throws -> LedgerEntry {
        try #require(batch.ledger.first { $0.fact == table && $0.cluster == cluster })
    }

    /// Tables of Google's that were not got, for any cluster or the mesh.
    private func failed(_ batch: FactBatch) throws -> Set<String> {
        let google = Set(try FactSchema.embedded().tables.filter { $0.collector == "google" }.map(\.name))
        return Set(batch.ledger.filter { $0.status == .failed && google.contains($0.fact) }.map { "\($0.fact) \($0.cluster)" })
    }

    @Test func aSoundMesh() async throws {
        let google = try await FakeGoogle(), world = try await World()
        let events = Mutex([CollectEvent]())
        let batch = try await world.collect(google.options()) { event in
            events.withLock { $0.append(event) }
        }
        #expect(try failed(batch) == [], "\(batch.ledger.filter { $0.status == .failed }.prefix(6))")
        #expect(batch.rows.first { $0.table == "google_access" }?["outcome"] == "usable")
        #expect(batch.rows.filter { $0.table == "google_project" }.map { $0["project"] } == ["f", "hst", "svc"])
        #expect(batch.rows.first { $0.table == "mesh" }?["fleet_project_number"] == "1000")

        let membership = try row("google_membership", batch)
        #expect((membership["found"], membership["external_id_matches"], membership["list_complete"]) == (1, 1, 1))
        #expect(membership["project_number"] == "1000")
        #expect(try row("google_membership", batch, "b")["name"] == "projects/f/locations/global/memberships/site")
        let feature = try row("mesh_feature", batch)
        #expect((feature["feature_state"], feature["code"], feature["management"]) == ("ACTIVE", "OK", "MANAGEMENT_MANUAL"))
        #expect(feature["conditions"].text?.contains(#""code":"CNI_X""#) == true)

        let cluster = try row("google_cluster", batch)
        #expect(
            (cluster["project"], cluster["project_number"], cluster["shared_vpc"], cluster["attached_to_host"]) == (
                "svc", "2000", 1, 1
            ))
        #expect((cluster["node_range"], cluster["network_id"]) == ("10.0.0.0/22", "svc-vpc"))
        #expect(cluster["node_tags"] == #"["mesh","gke-a-12345678-node"]"#)
        #expect(!batch.rows.contains { $0.table == "google_cluster" && $0["cluster"] == "b" })

        let site = try row("on_premises_cluster", batch, "b")
        #expect((site["control_plane_vip"], site["island_mode"], site["source"]) == ("10.1.0.5", 1, "api"))
        let balancer = try row("on_premises_load_balancer", batch, "b")
        // Four addresses, of which the ingress has one.
        #expect((balancer["mode"], balancer["addresses_total"], balancer["automatic_free"]) == ("metallb", 4, 3))
        let tunnel = try #require(batch.rows.first { $0.table == "vpn_tunnel" })
        #expect((tunnel["name"], tunnel["established"], tunnel["bgp_up"]) == ("t", 1, 1))
        // Its nodes have no address of their own, and so leave through Cloud NAT.
        let quotas = batch.rows.filter { $0.table == "google_quota" }
        #expect(quotas.count == 3 && quotas.contains { $0["metric"] == "FORWARDING_RULES" && $0["usage"] == 15 })

        // Each question once, but for what pages make of it.
        let asked = google.asked
        #expect(asked[FakeGoogle.memberships] == 2)
        #expect(
            asked.filter { $0.key != FakeGoogle.memberships }.allSatisfy { $0.value == 1 }, "\(asked.filter { $0.value > 1 })")
        let kinds = events.withLock { $0 }.filter { $0.cluster == GoogleCollector.displayName }.map(\.kind)
        #expect(kinds.first == .started && kinds.last == .finished)
        #expect(!"\(batch)".contains(FakeGoogle.token))
    }

    @Test func aLaterPageFails() async throws {
        let google = try await FakeGoogle(answers: ["\(FakeGoogle.memberships)~two": "{"]), world = try await World()
        let batch = try await world.collect(google.options())
        // What the first page holds is known; what it does not hold may be on the second.
        #expect(try row("google_membership", batch)["list_complete"] == 0)
        #expect(try entry("google_membership", batch, "b").status == .failed)
        #expect(try entry("google_cluster", batch, "a").status == .collected)
    }

    @Test func aPlaceThatGoogleCouldNotAsk() async throws {
        let google = try await FakeGoogle(answers: [
            "\(FakeGoogle.memberships)~two": #"{"unreachable":["projects/f/locations/us-east1"]}"#
        ])
        let batch = try await World().collect(google.options())
        let entry = try entry("google_membership", batch, "b")
        #expect(entry.status == .failed && entry.reason.contains("projects/f/locations/us-east1"))
        #expect(try row("google_membership", batch)["unreachable"] == #"["projects/f/locations/us-east1"]"#)
    }

    @Test func aMembershipThatDoesNotExist() async throws {
        let google = try await FakeGoogle(answers: ["\(FakeGoogle.memberships)~two": "{}"])
        let batch = try await World().collect(google.options())
        let row = try row("google_membership", batch, "b")
        #expect((row["found"], row["external_id_matches"], row["list_complete"]) == (0, .null, 1))
        #expect(batch.rows.first { $0.table == "google_quota" && $0["project"] == "f" }?["needed"] == 1)
    }

    @Test func permissionDenied() async throws {
        let google = try await FakeGoogle(errors: [
            FakeGoogle.clusters: (403, FakeGoogle.denied), "/cloudresourcemanager/v3/projects/svc": (403, FakeGoogle.denied),
        ])
        let batch = try await World().collect(google.options())
        let entry = try entry("google_cluster", batch, "a")
        #expect(entry.status == .failed && entry.reason.contains("--role=roles/container.clusterViewer"), "\(entry.reason)")
        #expect(!batch.rows.contains { $0.table == "google_cluster" })
        // The others go on.
        #expect(try self.entry("on_premises_cluster", batch, "b").status == .collected)
    }

    @Test func anAPIThatIsDisabled() async throws {
        let google = try await FakeGoogle(errors: [
            "/cloudquotas/v1/projects/f/locations/global/services/gkehub.googleapis.com/quotaInfos":
                (403, FakeGoogle.disabled("cloudquotas.googleapis.com")),
            "\(FakeGoogle.network)/getEffectiveFirewalls": (403, FakeGoogle.disabled("compute.googleapis.com")),
        ])
        let batch = try await World().collect(google.options())
        let quota = try #require(batch.rows.first { $0.table == "google_quota" && $0["project"] == "f" })
        #expect(quota["quota_limit"] == .null && quota["usage"] == 2)
        let firewall = try entry("google_firewall_path", batch, "a")
        #expect(
            firewall.status == .failed && firewall.reason.contains("gcloud services enable compute.googleapis.com"), "\(firewall)"
        )
        #expect(try entry("google_cluster", batch, "a").status == .collected)
    }

    @Test func theOlderPolicyWhereTheNewerIsNotToBeHad() async throws {
        let google = try await FakeGoogle(
            answers: ["/cloudresourcemanager/v1/projects/svc:getEffectiveOrgPolicy": #"{"listPolicy":{"allValues":"DENY"}}"#],
            errors: [
                "/orgpolicy/v2/projects/svc/policies/compute.restrictLoadBalancerCreationForTypes:getEffectivePolicy":
                    (403, FakeGoogle.disabled("orgpolicy.googleapis.com"))
            ])
        let batch = try await World().collect(google.options())
        let policy = try row("google_load_balancer_policy", batch)
        #expect(policy["api"] == "v1")
    }

    /// Neither table of a cluster, nor of the mesh, pretends that Google was asked.
    @Test func withoutCredentials() async throws {
        let google = try await FakeGoogle()
        var options = try google.options()
        options.credentials = .none
        let batch = try await World().collect(options)
        let google_ = Set(try FactSchema.embedded().tables.filter { $0.collector == "google" }.map(\.name))
        let entries = batch.ledger.filter { google_.contains($0.fact) && $0.status == .notExamined }
        #expect(Set(entries.map(\.reason)) == ["Google's APIs were not to be asked (--google-credentials none)"])
        #expect(
            entries.contains { $0.fact == "google_project" }
                && entries.contains { $0.fact == "google_cluster" && $0.cluster == "a" })
        #expect(google.nginx.log.isEmpty)
        // What the clusters show is used all the same.
        #expect(try row("gateway_load_balancer", batch)["chosen_by"] == "service")
    }

    /// A mesh that has nothing to do with Google is not told about credentials.
    @Test func plainClustersWithoutCredentials() async throws {
        let plain = try await FakeCluster("a")
        let batch = try await collect([plain.declaration])
        for table in ["google_access", "google_project", "google_service", "google_permission", "google_quota", "vpn_tunnel"] {
            #expect(try entry(table, batch).status == .collected)
        }
        #expect(try entry("google_cluster", batch, "a").status == .collected)
        #expect(try entry("on_premises_cluster", batch, "a").status == .collected)
        #expect(try failed(batch) == [], "\(batch.ledger.filter { $0.status == .failed }.prefix(6))")
    }

    @Test func aTokenThatNobodyTakes() async throws {
        let refusal =
            #"{"error":{"code":401,"message":"Request had invalid authentication credentials.","status":"UNAUTHENTICATED"}}"#
        let errors = Dictionary(uniqueKeysWithValues: FakeGoogle.allPaths.map { ($0, (401, refusal)) })
        let google = try await FakeGoogle(errors: errors)
        let batch = try await World().collect(google.options())
        let access = try #require(batch.rows.first { $0.table == "google_access" })
        #expect(access["outcome"] == "broken")
        #expect(access["detail"].text?.contains("invalid authentication credentials") == true)
        #expect(try entry("google_membership", batch, "a").status == .failed)
    }

    @Test func aBrokenCredentialFile() async throws {
        let google = try await FakeGoogle()
        let folder = try Folder()
        var options = try google.options()
        options.credentials = .file(try folder.write("key.json", Data("{".utf8)))
        let batch = try await World().collect(options)
        #expect(batch.rows.first { $0.table == "google_access" }?["outcome"] == "broken")
        #expect(try entry("google_project", batch).status == .failed)
        #expect(try entry("google_cluster", batch, "a").status == .failed)
        #expect(google.nginx.log.isEmpty)
    }

    /// Google's silence costs Google's facts, and nothing else.
    @Test func googleThatHangs() async throws {
        let hanging = try Listener { $0.hang() }
        let google = try await FakeGoogle()
        var options = try google.options()
        let everything = Dictionary(
            uniqueKeysWithValues: GoogleDeclaration.services.map { ($0, "http://127.0.0.1:\(hanging.port)/\($0)") })
        options.endpoints = try GoogleEndpoints(environment: [:], overrides: everything)
        let world = try await World()
        let batch = try await collect(world.declarations, timeout: .seconds(2), google: options)
        #expect(try entry("google_membership", batch, "a").status == .failed)
        #expect(try entry("google_cluster", batch, "a").reason.contains("container"))
        #expect(try entry("istiod", batch, "a").status == .collected)
        #expect(batch.rows.first { $0.table == "google_project" }?["project_id"] == .null)
        withExtendedLifetime(world) {}
    }
}
