import Foundation
import Peers
import Synchronization
import TLS
import Testing

@testable import Collect

/// Runs the script as a pod's image would: busybox's shell and tools, and curl.
enum ProbeBox {
    static let tools = [
        "nc", "od", "dd", "base64", "mkfifo", "timeout", "tr", "sed", "grep", "head", "wc", "cat", "sh", "rm", "sleep",
    ]

    /// What the script writes to its standard output.
    ///
    /// - Parameter without: tools that the image is not to have.
    static func run(
        _ files: ProbeFiles, nonce: String, own: Int, connect: Int = 1, total: Int = 2, second: Int = 1, without: Set<String> = []
    ) async throws -> Data {
        try await run(
            files.texts.mapValues { Data($0.utf8) }.merging(files.binaries) { $1 }, own: own,
            [
                "ISTHMUS_NONCE=\(nonce)", "ISTHMUS_CONNECT=\(connect)", "ISTHMUS_TOTAL=\(total)", "ISTHMUS_SECOND=\(second)",
                "ISTHMUS_WORKERS=24",
            ], without: without)
    }

    /// What a pod sees of its files (`in`), with a place to write to (`tmp`) and its image's programs (`bin`).
    ///
    /// - Parameter curl: the program of that name.
    static func folder(
        _ files: [String: Data], without: Set<String> = [], curl: String = "/usr/bin/curl"
    ) throws -> Folder {
        let folder = try Folder()
        for name in ["in", "tmp", "bin"] {
            try FileManager.default.createDirectory(
                at: folder.url.appending(path: name), withIntermediateDirectories: true)
        }
        for (name, data) in files { try folder.write("in/\(name)", data) }
        for tool in Self.tools where !without.contains(tool) {
            try FileManager.default.createSymbolicLink(
                atPath: folder.path("bin/\(tool)"), withDestinationPath: "/usr/bin/busybox")
        }
        if !without.contains("curl") {
            try FileManager.default.createSymbolicLink(atPath: folder.path("bin/curl"), withDestinationPath: curl)
        }
        return folder
    }

    static func run(
        _ files: [String: Data], script: String = "probe.sh", own: Int, _ environment: [String], without: Set<String> = [],
        curl: String = "/usr/bin/curl"
    ) async throws -> Data {
        let folder = try folder(files, without: without, curl: curl)
        let arguments =
            ["-i", "PATH=\(folder.path("bin"))"] + environment + [
                "ISTHMUS_IN=\(folder.path("in"))", "ISTHMUS_TMP=\(folder.path("tmp"))", "KUBERNETES_SERVICE_HOST=127.0.0.1",
                "KUBERNETES_SERVICE_PORT=\(own)", folder.path("bin/sh"), folder.path("in/\(script)"),
            ]
        // It takes seconds, and blocks its thread.
        return try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(with: Result { Data(try Daemon.run("/usr/bin/env", arguments).utf8) })
                withExtendedLifetime(folder) {}
            }
        }
    }
}

/// The script against real peers that behave, and that do not; read and judged as in a run.
@Suite struct ProbeScriptTests {
    private static let authority = Identity.make(.authority())

    private func server(_ port: Int, host: String = "127.0.0.1", name: String = "", trust: Data = authority.certificatePEM)
        -> ProbeTarget
    {
        ProbeTarget(
            kind: .controlPlane, cluster: "b", host: host, port: port, serverName: name, trust: .authority(trust))
    }

    private func gateway(_ port: Int) -> ProbeTarget {
        ProbeTarget(
            kind: .gateway, cluster: "b", host: "127.0.0.1", port: port, serverName: "outbound_.5000_._.a.b.svc.cluster.local")
    }

    private func climb(_ targets: [ProbeTarget], own: Int = 1, without: Set<String> = []) async throws -> [Reachability] {
        zip(targets, try await transcripts(targets, own: own, without: without)).map { Reachability($0, $1) }
    }

    private func transcripts(
        _ targets: [ProbeTarget], own: Int = 1, without: Set<String> = []
    ) async throws -> [ProbeTranscript] {
        let random = [UInt8](repeating: 7, count: 32)
        let output = try await ProbeBox.run(
            ProbeFiles(targets, random: random), nonce: "n0nce", own: own, without: without)
        var log = ProbeLog(nonce: "n0nce", targets: targets.count)
        log.feed(output)
        #expect(log.isComplete, "\(log.shortfall): \(String(decoding: output.prefix(2000), as: UTF8.self))")
        return targets.indices.map { ProbeTranscript(log.results[$0] ?? Data()) }
    }

    @Test func everyRungOfAnAPIServer() async throws {
        let identity = Identity.make(.server(), by: Self.authority)
        let good = try await Nginx(
            identity: identity, locations: "location = /version { return 401 no; } location / { return 502 x; }")
        let stranger = try await Nginx(
            identity: Identity.make(.server(), by: Identity.make(.authority("Corporate Proxy"))), locations: "return 200 x;")
        let expired = try await Nginx(
            identity: Identity.make(
                Identity.Plan.server().with { ($0.notBefore, $0.notAfter) = (-7200, -3600) }, by: Self.authority),
            locations: "return 200 x;")
        let full = try FullListener()
        let mute = try Listener { $0.hang() }
        let reset = try Listener { connection in
            connection.readSome()
            connection.resetOnClose()
        }
        let alert = try Listener { connection in
            connection.readSome()
            connection.write([0x15, 3, 3, 0, 2, 2, 40])
        }
        // Lets small packets through: a hello, of which the answer is large, gets none.
        let narrow = try Listener { connection in
            if connection.readSome()?.starts(with: Array("GET".utf8)) == true {
                connection.write("HTTP/1.0 400 Bad Request\r\n\r\n")
            } else {
                connection.hang()
            }
        }
        var elsewhere = server(good.port)
        elsewhere.path = "/elsewhere"
        let results = try await climb(
            [
                .own, server(good.port), server(try Listener.freePort()), server(full.port), server(mute.port),
                server(reset.port), server(alert.port), server(narrow.port), server(stranger.port),
                server(good.port, name: "api.test"),
                server(expired.port), server(443, host: "no-such-host.invalid"), elsewhere, server(good.port, host: "localhost"),
            ], own: good.port)
        let expected: [(Reachability.Rung, Reachability.Outcome)] = [
            (.answer, .ok), (.answer, .ok), (.tcp, .refused), (.tcp, .timedOut), (.tls, .timedOut), (.tls, .reset),
            (.tls, .tlsAlert), (.tls, .stalled), (.certificate, .wrongCertificate), (.certificate, .wrongCertificate),
            (.certificate, .wrongCertificate), (.dns, .nameNotFound), (.answer, .other), (.answer, .ok),
        ]
        for (index, (result, expected)) in zip(results, expected).enumerated() {
            #expect((result.rung, result.outcome) == expected, "\(index): \(result)")
        }
        #expect(results[1].remoteAddress == "127.0.0.1" && results[1].detail == "HTTP 401" && results[1].dns == nil)
        #expect(try #require(results[1].tcp) <= (try #require(results[1].tls)))
        #expect(results[8].isUntrusted && results[8].issuer.contains("Corporate Proxy"))
        #expect(!results[9].isUntrusted && !results[10].isUntrusted)
        #expect(results[12].detail.contains("502") && results[13].dns != nil)
    }

    @Test func everyRungOfAGateway() async throws {
        let mesh = Identity.make(.authority("O=cluster.local"))
        let leaf = Identity.make(.server("URI:spiffe://td/ns/a/sa/b"), by: mesh)
        let good = try await OpenSSLServer(leaf, options: ["-tls1_2"], clientAuthority: mesh.certificatePEM)
        let modern = try await OpenSSLServer(leaf, options: ["-tls1_3"], clientAuthority: mesh.certificatePEM)
        let nameless = try Listener { connection in
            connection.readSome()
            connection.resetOnClose()
        }
        let plain = try Listener { connection in
            connection.readSome()
            connection.write("HTTP/1.1 400 Bad Request\r\n\r\n")
        }
        let half = try Listener { connection in
            guard connection.readSome()?.first == 0x16 else { return }
            connection.write([0x16, 3, 3, 0, 200, 2, 0, 0, 40, 3, 3])
            connection.hang()
        }
        // A flight of several packets is lost on its way, an alert is not: a hello with one cipher gets that.
        let narrow = try Listener { connection in
            guard let hello = connection.readSome(), hello.first == 0x16 else { return }
            if hello[44] == 0, hello[45] == 2 { connection.write([0x15, 3, 3, 0, 2, 2, 40]) } else { connection.hang() }
        }
        let mute = try Listener { connection in
            if connection.readSome()?.first == 0x16 { connection.hang() }
        }
        var unknown = gateway(good.port)
        unknown.serverName = ""
        let results = try await climb([
            gateway(good.port), gateway(modern.port), gateway(nameless.port), gateway(plain.port), gateway(half.port),
            gateway(narrow.port), gateway(mute.port), gateway(try Listener.freePort()), unknown,
        ])
        let expected: [(Reachability.Rung, Reachability.Outcome)] = [
            (.tls, .ok), (.certificate, .notTried), (.tls, .reset), (.tls, .other), (.tls, .stalled), (.tls, .stalled),
            (.tls, .timedOut),
            (.tcp, .refused), (.tcp, .ok),
        ]
        for (index, (result, expected)) in zip(results, expected).enumerated() {
            #expect((result.rung, result.outcome) == expected, "\(index): \(result)")
        }
        #expect(results[0].chain.first?.uriNames == ["spiffe://td/ns/a/sa/b"] && results[0].detail.isEmpty, "\(results[0])")
        #expect(results[0].chain.first?.der == leaf.certificateDER)
        #expect(results[1].chain.isEmpty && results[1].detail.contains("1.3"))
    }

    @Test func statusPortsAndControls() async throws {
        let nginx = try await Nginx(locations: "location /healthz/ready { return 200 ok; } location / { return 503 no; }")
        let full = try FullListener()
        func status(_ path: String) -> ProbeTarget {
            ProbeTarget(kind: .gatewayStatus, cluster: "b", host: "127.0.0.1", port: nginx.port, path: path)
        }
        let results = try await climb([status("/healthz/ready"), status("/x"), void(nginx.port), void(full.port), .own])
        #expect(results.map(\.outcome) == [.ok, .other, .ok, .timedOut, .refused])
        #expect(results.map(\.rung) == [.answer, .answer, .answer, .tcp, .tcp])
        #expect(results[1].detail == "HTTP 503")
    }

    private func void(_ port: Int) -> ProbeTarget {
        ProbeTarget(kind: .void, cluster: "", host: "127.0.0.1", port: port)
    }

    /// Where other connections stand at once, whoever takes every connection would have taken this one as fast.
    @Test func theControlIsGivenUpWhenTheOthersWereFaster() async throws {
        let nginx = try await Nginx(locations: "return 200 ok;"), full = try FullListener()
        let status = ProbeTarget(kind: .gatewayStatus, cluster: "b", host: "127.0.0.1", port: nginx.port, path: "/")
        let attempt = try #require(try await transcripts([status, void(full.port)])[1].attempts["tcp"])
        #expect(attempt.exit == 28 && !attempt.isConnected && (0.3..<2).contains(attempt.total), "\(attempt)")
    }

    /// Where nothing shows how fast a connection is from here, two seconds are waited, after everything else.
    @Test func theControlFindsASlowTakerOfConnections() async throws {
        let slow = try FullListener(), full = try FullListener(), refusing = try ClosedPort()
        slow.open(after: .milliseconds(700))
        let closed = server(refusing.port)
        let found = try #require(try await transcripts([closed, void(slow.port)])[1].attempts["tcp"])
        #expect(found.isConnected, "\(found)")
        let silent = try #require(try await transcripts([closed, void(full.port)])[1].attempts["tcp"])
        #expect(silent.exit == 28 && !silent.isConnected && silent.total >= 2, "\(silent)")
        withExtendedLifetime(refusing) {}
    }

    @Test func anImageWithoutCurl() async throws {
        let mesh = Identity.make(.authority("O=cluster.local"))
        let good = try await OpenSSLServer(Identity.make(.server(), by: mesh), options: ["-tls1_2"])
        let result = try await climb([gateway(good.port)], without: ["curl"])[0]
        #expect(result.outcome == .notTried, "\(result)")
    }

    /// Two writers at the same moment: `cat` of busybox sends files by sendfile(2), which loses lines in a log that is a file.
    @Test func resultsOfTheSameMomentAllArrive() async throws {
        let port = try Listener.freePort()
        for _ in 0..<3 { _ = try await climb((0..<64).map { _ in server(port) }) }
    }

    @Test func thePodsOutputBoundsItsLines() async throws {
        let targets = [ProbeTarget.own, .void]
        let output = try await ProbeBox.run(
            ProbeFiles(targets, random: [UInt8](repeating: 0, count: 32)), nonce: "x", own: 1)
        #expect(output.split(separator: 0x0A).allSatisfy { $0.count < 4096 && $0.starts(with: Array("isthmus x ".utf8)) })
    }
}
