import Facts
import Foundation
import Judge
import Kubernetes
import Peers
import Testing

@testable import Setup

/// With which run an apply goes on, and what a plan says of it.
@Suite struct ResumedPlanTests {
    let folder: Folder
    let place: JournalPlace

    init() throws {
        folder = try Folder()
        place = JournalPlace(mesh: "proj-1", environment: ["XDG_STATE_HOME": folder.path("state")], home: "/nowhere")
    }

    /// A journal of a run that has made the gateway of `b`.
    @discardableResult
    private func journal(_ run: String, ending: JournalEnding? = nil, mesh: String = "proj-1") async throws -> URL {
        let clusters = ["a", "b"].map { JournalBeginning.Cluster(name: $0, uid: "uid-\($0)", server: "https://\($0)") }
        let journal = try await Journal.create(
            place.journal(of: run), JournalBeginning(run: run, isthmus: "0", mesh: mesh, place: "here 1", clusters: clusters))
        defer { journal.close() }
        let object = ObjectReference(
            cluster: "b", apiVersion: "v1", kind: "Service", namespace: "istio-system", name: "istio-eastwestgateway")
        let intent = JournalIntent(
            act: "b/gateway/Service/istio-system/istio-eastwestgateway", object: object, verb: .create, before: nil,
            desired: .null)
        try await journal.append(.intent(intent))
        try await journal.append(.done(line: 2, after: ObjectState(["metadata": ["uid": "u"]])))
        if let ending { try await journal.append(.end(ending)) }
        return journal.url
    }

    // MARK: The journal

    @Test func theNewestRunThatHasNotEndedGoesOn() async throws {
        #expect(try JournalChoice(place).file == nil && JournalChoice(place).unfinished == nil)
        try await journal("20260101-000000-a", ending: .undone)
        #expect(try JournalChoice(place).file == nil)
        let newest = try await journal("20260102-000000-a")
        let choice = try JournalChoice(place)
        #expect(choice.file?.lastPathComponent == newest.lastPathComponent)
        #expect(choice.unfinished?.begun == ["b": [.gateway]] && choice.made.values.sorted() == ["u"])
        // What came after it has ended well: nothing is open any more.
        try await journal("20260103-000000-a", ending: .complete)
        #expect(try JournalChoice(place).file == nil && JournalChoice(place).unfinished == nil)
    }

    @Test func aJournalThatWasNamedIsTaken() async throws {
        let ended = try await journal("20260101-000000-a", ending: .complete)
        let chosen = try JournalChoice(place, named: ended)
        #expect(chosen.file == ended && chosen.unfinished == nil && !chosen.made.isEmpty)
        let missing = folder.url.appending(path: "new.journal")
        let begun = try JournalChoice(place, named: missing)
        #expect(begun.file == missing && begun.unfinished == nil && begun.made.isEmpty)
    }

    @Test func aJournalThatCannotBeReadIsNotPassedOver() async throws {
        let url = try await journal("20260102-000000-a")
        try await journal("20260101-000000-a")
        try Data("nonsense\n".utf8).write(to: url)
        let error = #expect(throws: JournalError.self) { try JournalChoice(place) }
        #expect(error?.problem.hasPrefix("line 1") == true)
    }

    @Test func ofAnotherMeshOrClusterItIsRefused() async throws {
        let contents = try JournalContents(try await journal("20260101-000000-a"))
        func clusters(_ uid: String) -> [JournalBeginning.Cluster] { [.init(name: "b", uid: uid, server: "")] }
        try contents.check(mesh: "proj-1", clusters("uid-b"))
        try contents.check(mesh: "proj-1", [.init(name: "new", uid: "x", server: "")])
        let mesh = #expect(throws: JournalError.self) { try contents.check(mesh: "proj-2", clusters("uid-b")) }
        #expect(mesh?.problem.contains("proj-1, not of proj-2") == true)
        let cluster = #expect(throws: JournalError.self) { try contents.check(mesh: "proj-1", clusters("uid-c")) }
        #expect(cluster?.problem.contains("b was another one") == true)
    }

    // MARK: The plan

    /// A firewall that denies the gateway of `b`: before anything is built a denial stays one, and of what was just built Google may not
    /// have told everything.
    private func plan(resuming run: JournalContents?) async throws -> SetupPlan {
        var seen = try SeenBuilder(platform: "gke")
        for cluster in ["a", "b"] { seen.add("api_server", ["cluster": .text(cluster), "outcome": "answered"]) }
        seen.add("cluster_pair", ["source": "a", "target": "b"])
        seen.add("google_firewall_path", ["source": "a", "target": "b", "port": 15443, "admits": 0, "decided_kind": "implied"])
        let snapshot = try seen.snapshot()
        let planner = Planner(mesh: SeenBuilder.mesh(), options: SetupOptions(), clients: [:], version: "1")
        #expect(try planner.identity(snapshot).id == "proj-1")
        return try await planner.plan(snapshot, SeenBuilder.judged(snapshot), now: 0, resuming: run)
    }

    @Test func thePlanOfAResumedRunWaitsForWhatItBegan() async throws {
        func standing(_ plan: SetupPlan) -> Gate.Standing? {
            plan.clusters.first { $0.name == "b" }?.gates.first { $0.check == "firewall-admits-gateway" }?.standing
        }
        let fresh = try await plan(resuming: nil)
        #expect(standing(fresh) == .bad && !fresh.findings.contains { $0.severity == .note })
        let run = try JournalContents(try await journal("20260101-000000-a"))
        let resumed = try await plan(resuming: run)
        #expect(standing(resumed) == .comes)
        #expect(resumed.findings.map(\.severity) == [.note])
        #expect(resumed.findings.first?.text.hasPrefix("run 20260101-000000-a has not ended") == true)
    }
}
