import Foundation
import Kubernetes
import Testing

@testable import Collect

@Suite struct WorkloadAnswerTests {
    private let run = ProbeRun(holder: "h.1.1")

    private func answer(status: Int = 200, exit: Int = 0, message: String = "", body: String) -> WorkloadAnswer {
        WorkloadAnswer(
            Data(
                """
                try request
                x \(exit)
                w \(status) 0.001 0.002 0.000000 0.004 10.0.0.1
                m \(message)
                * Connected to x (10.0.0.1) port 8080
                b \(body)
                tries 2

                """.utf8))
    }

    @Test func whoAnsweredAndByWhomItWasSeen() throws {
        let ends = "By=spiffe://td/ns/n/sa/server;Hash=00ff;Subject=\"\";URI=spiffe://td/ns/n/sa/client"
        let answer = answer(body: "isthmus \(run.nonce) 1 \(ends) ")
        #expect(answer.outcome(from: 1, of: run) == (.answered, ""))
        #expect(answer.outcome(from: 0, of: run).0 == .otherServer)
        let identities = try #require(answer.identities(of: run))
        #expect(identities.client == "spiffe://td/ns/n/sa/client" && identities.server == "spiffe://td/ns/n/sa/server")
        #expect(answer.tries == 2 && answer.attempt.isConnected)
    }

    /// What came before the server's own sidecar, anybody may have written.
    @Test func onlyTheLastElementCounts() throws {
        let ends = "By=spiffe://forged;URI=spiffe://forged,By=spiffe://td/server;URI=spiffe://td/client"
        let identities = try #require(answer(body: "isthmus \(run.nonce) 0 \(ends)").identities(of: run))
        #expect(identities.client == "spiffe://td/client" && identities.server == "spiffe://td/server")
        let none = try #require(answer(body: "isthmus \(run.nonce) 0").identities(of: run))
        #expect(none.client.isEmpty && none.server.isEmpty)
    }

    @Test func anAnswerOfAnotherRunIsNone() {
        let stranger = ProbeRun(holder: "h.1.1")
        #expect(answer(body: "isthmus \(stranger.nonce) 1 By=spiffe://x;URI=spiffe://y").outcome(from: 1, of: run).0 == .http)
        #expect(answer(body: "isthmus \(stranger.nonce) 1").identities(of: run) == nil)
    }

    /// The words that real Envoys say for each, of 1.32 to 1.40.
    @Test(
        arguments: [
            ("no healthy upstream", WorkloadAnswer.Outcome.noEndpoint),
            (
                "upstream connect error or disconnect/reset before headers. retried and the latest reset reason: remote connection failure, transport failure reason: delayed connect error: Connection refused",
                .refused
            ),
            ("upstream connect error or disconnect/reset before headers. reset reason: connection timeout", .timeout),
            ("upstream connect error or disconnect/reset before headers. reset reason: connection termination", .cut),
            (
                "upstream connect error or disconnect/reset before headers. reset reason: remote connection failure, transport failure reason: TLS_error:|268435581:SSL routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED:TLS_error_end",
                .tls
            ),
            (
                "upstream connect error or disconnect/reset before headers. reset reason: remote connection failure, transport failure reason: TLS_error:|33554536:system library:OPENSSL_internal:Connection reset by peer:TLS_error_end",
                .cut
            ), ("anything else", .http),
        ])
    func whyTheSidecarAnswers503(words: String, outcome: WorkloadAnswer.Outcome) {
        #expect(answer(status: 503, body: words).outcome(from: 0, of: run) == (outcome, "HTTP 503: \(words)"))
    }

    @Test func whatCurlSays() {
        #expect(answer(status: 403, body: "RBAC: access denied").outcome(from: 0, of: run).0 == .denied)
        for (exit, outcome) in [
            (6, WorkloadAnswer.Outcome.name), (7, .refused), (28, .timeout), (52, .cut), (56, .cut), (1, .other),
        ] {
            let seen = answer(status: 0, exit: exit, message: "(\(exit)) words", body: "").outcome(from: 0, of: run)
            #expect(seen == (outcome, "(\(exit)) words"))
        }
    }

    @Test func theSharedName() {
        let answer = WorkloadAnswer(Data("requests 13\nfailed 1\nheard 0 4\nheard 1 8\nheard 2 0\n".utf8))
        #expect(answer.requests == 13 && answer.failed == 1 && answer.heard == [0: 4, 1: 8])
    }
}

@Suite struct WorkloadObjectsTests {
    private let run = ProbeRun(holder: "h.1.1")
    private var objects: WorkloadObjects {
        WorkloadObjects(
            run: run, clusters: ["east", "gke_Project_europe-west1_a-name-that-is-much-longer-than-a-label", "…"],
            options: ProbeOptions(image: "curl:1"))
    }

    /// Names are DNS labels, and one of each cluster's own.
    @Test func names() {
        let names = objects.clusters.indices.map { objects.instance($0) } + [objects.shared]
        #expect(Set(names).count == 4)
        for name in names { #expect(name.wholeMatch(of: /[a-z]([-a-z0-9]{0,61}[a-z0-9])?/) != nil, "\(name)") }
        #expect(names[0] == "isthmus-\(run.id)-0-east" && names[1].contains("gke-project-europe"))
    }

    /// In every cluster all Services, and of an instance only those pods that are of that place.
    @Test func services() {
        let services = objects.services(owner: objects.owner(uid: "u"), expires: Date(timeIntervalSince1970: 0))
        #expect(services.count == 4)
        #expect(services[0]["spec"]?["selector"]?["isthmus.dev/place"] == nil)
        #expect(services[2]["spec"]?["selector"]?["isthmus.dev/place"]?.string == "1")
        #expect(services.allSatisfy { $0["metadata"]?["ownerReferences"]?[0]?["uid"]?.string == "u" })
        let job = objects.server(1, revision: "r", seconds: 9, expires: Date(timeIntervalSince1970: 0))
        let labels = job["spec"]?["template"]?["metadata"]?["labels"]?.object ?? [:]
        for (key, value) in services[2]["spec"]?["selector"]?.object ?? [:] { #expect(labels[key] == value) }
        let client = objects.client(
            1, .init(part: .client, instances: [0, 1], shared: [0, 1]), revision: "r", owner: objects.owner(uid: "u"),
            ProbeLimits(connect: 1, total: 2, script: 3, job: 4), expires: Date(timeIntervalSince1970: 0))
        #expect(client["spec"]?["template"]?["metadata"]?["labels"]?["isthmus.dev/part"]?.string == "client")
    }

    /// The injector is asked by the pods themselves, for who made the namespace by hand need not know the revision.
    @Test(arguments: ["asm-1246-9", ""]) func injection(revision: String) {
        let expires = Date(timeIntervalSince1970: 0)
        let limits = ProbeLimits(connect: 1, total: 2, script: 3, job: 4)
        func labels(_ part: WorkloadObjects.Part) -> [String: JSONValue] {
            let job = objects.client(
                0, .init(part: part, instances: [0]), revision: revision, owner: objects.owner(uid: "u"), limits, expires: expires
            )
            return job["spec"]?["template"]?["metadata"]?["labels"]?.object ?? [:]
        }
        #expect(labels(.client)["sidecar.istio.io/inject"]?.string == "true")
        #expect(labels(.client)["istio.io/rev"]?.string == (revision.isEmpty ? nil : revision))
        #expect(labels(.plain)["sidecar.istio.io/inject"]?.string == "false" && labels(.plain)["istio.io/rev"] == nil)
        let space = ProbePlace.workloads(revision: revision).manifest(isTemporary: true)["metadata"]
        #expect(space?["labels"]?[revision.isEmpty ? "istio-injection" : "istio.io/rev"] != nil)
        #expect(space?["annotations"]?[ProbeObjects.temporary]?.string == "true")
    }
}
