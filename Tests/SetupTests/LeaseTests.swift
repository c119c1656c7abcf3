import HTTP
import Kubernetes
import Peers
import Synchronization
import Testing

@testable import Setup

/// Leases in a real API server.
@Suite(.serialized, .setupWorld, .timeLimit(.minutes(5))) struct LeaseTests {
    let world: SetupWorld
    private static let path = "/apis/coordination.k8s.io/v1/namespaces/istio-system/leases/isthmus-setup"

    init() throws { world = try #require(SetupWorld.current) }

    private func lease(_ run: String, seconds: Int = 3, client: KubernetesClient? = nil) -> SetupLease {
        SetupLease("a", client ?? world.admin, run: run, duration: .seconds(seconds))
    }

    private func holder() async throws -> String? { try await world.object(Self.path)?["spec"]?["holderIdentity"]?.string }

    @Test func takenRenewedAndReleased() async throws {
        let lease = lease("one")
        try await lease.acquire()
        #expect(try await holder() == "one")
        let first = try await world.object(Self.path)?["metadata"]?["resourceVersion"]?.string
        let renewed: Bool? = try await world.admin.wait(
            "/apis/coordination.k8s.io/v1/namespaces/istio-system/leases", as: JSONValue.self, deadline: .seconds(10),
            key: { $0["metadata"]?["name"]?.string ?? "" },
            until: { $0.first?["metadata"]?["resourceVersion"]?.string == first ? nil : true })
        #expect(renewed == true)
        #expect(await lease.isHeld)
        try await lease.release()
        #expect(try await holder() == nil)
        #expect(await lease.isHeld == false)
    }

    @Test func twoRunsDoNotInterleave() async throws {
        let one = lease("one"), two = lease("two")
        try await one.acquire()
        let waitedFor = Mutex("")
        let error = await #expect(throws: LeaseError.self) {
            try await two.acquire { _ in
                false
            } waiting: { run in
                waitedFor.withLock { $0 = run }
            }
        }
        #expect(error.map { "\($0)" }?.contains("cluster a: run one (") == true)
        #expect(waitedFor.withLock { $0 } == "one")
        try await one.release()
        try await two.acquire()
        #expect(try await holder() == "two")
        try await two.release()
    }

    @Test func aDeadRunsLeaseIsTakenOver() async throws {
        let http = HTTPClient(userAgent: "victim")
        let dead = lease("dead", seconds: 2, client: try world.server.client(http: http))
        try await dead.acquire()
        http.shutdown()
        let start = ContinuousClock.now
        let next = lease("next")
        try await next.acquire()
        #expect(ContinuousClock.now - start >= .seconds(1))
        #expect(try await holder() == "next")
        #expect(await dead.isHeld == false)
        // What the dead one still does, does not touch the new holder's.
        try? await dead.release()
        #expect(try await holder() == "next")
        try await next.release()
    }

    @Test func nobodyWaitsForAHolderThatIsKnownToBeDead() async throws {
        let http = HTTPClient(userAgent: "victim")
        let dead = lease("dead", seconds: 100, client: try world.server.client(http: http))
        try await dead.acquire()
        http.shutdown()
        let next = lease("next")
        try await next.acquire(isDead: { $0 == "dead" }, waiting: { _ in Issue.record("it waits") })
        #expect(try await holder() == "next")
        try await next.release()
    }

    @Test func theRunGoesOnWithItsOwnLease() async throws {
        let http = HTTPClient(userAgent: "victim")
        try await lease("one", seconds: 100, client: try world.server.client(http: http)).acquire()
        http.shutdown()
        let resumed = lease("one")
        try await resumed.acquire { _ in
            false
        } waiting: { _ in
            Issue.record("it waits for itself")
        }
        #expect(await resumed.isHeld)
        try await resumed.release()
        #expect(try await holder() == nil)
    }

    @Test func aHolderThatLosesItKnows() async throws {
        let one = lease("one", seconds: 2)
        try await one.acquire()
        _ = try await world.admin.merge(Self.path, ["spec": ["holderIdentity": "thief"]], manager: "thief", as: JSONValue.self)
        let end = ContinuousClock.now + .seconds(10)
        while await one.isHeld, ContinuousClock.now < end { try await Task.sleep(for: .milliseconds(50)) }
        #expect(await one.isHeld == false)
        #expect(try await holder() == "thief")
        try await world.admin.delete(Self.path)
    }
}
