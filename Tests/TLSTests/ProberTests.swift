import Foundation
import Peers
import Testing

@testable import TLS

let root = Identity.make(.authority("Root"))
let middle = Identity.make(.authority("Intermediate"), by: root)
let server = Identity.make(.server(), by: middle)
let prober = TLSProber()

/// The ladder, against real servers and against sockets that misbehave.
@Suite(.timeLimit(.minutes(2))) struct ProberTests {
    func target(_ port: Int, host: String = "127.0.0.1", _ change: (inout TLSTarget) throws -> Void = { _ in }) throws
        -> TLSTarget
    {
        var target = TLSTarget(host: host, port: port, roots: [try certificate(root)], verifyName: host)
        try change(&target)
        return target
    }

    func failure(_ ladder: TLSLadder, _ rung: KeyPath<TLSLadder, Rung>) -> ProbeFailure? {
        if case .failed(let failure) = ladder[keyPath: rung].outcome { failure } else { nil }
    }

    // MARK: Good peers

    @Test func allRungs() async throws {
        let peer = try await OpenSSLServer(server, options: ["-alpn", "istio,h2"])
        let ladder = await prober.probe(try target(peer.port) { $0.alpn = ["h2", "istio"] })
        #expect(ladder.dns.isOK && ladder.tcp.isOK && ladder.tls.isOK && ladder.certificate.isOK, "\(ladder)")
        #expect(ladder.failure == nil)
        #expect(ladder.version == "TLSv1.3")
        #expect(ladder.cipher == "TLS_AES_128_GCM_SHA256")
        #expect(ladder.alpn == "istio")
        #expect(ladder.address == "127.0.0.1")
        #expect(ladder.attempts.map(\.failure) == [nil])
        #expect(ladder.chain.map(\.der) == [server.certificateDER, middle.certificateDER])
        #expect(ladder.verification?.outcome == .trusted && ladder.verification?.path.count == 3)
        #expect(ladder.nameMatches == true)
        #expect(!ladder.clientCertificateRequested && ladder.afterHandshake == nil)
        #expect(ladder.tcp.milliseconds > 0 && ladder.tls.milliseconds > 0)
    }

    /// OpenSSL's default provider is used without most of its algorithms: none may be missing that a peer can want.
    @Test(arguments: [
        ("RSA 2048", "rsa:2048", []), ("RSA-PSS", "rsa-pss", []), ("EC P-256", "ec", ["P-256"]), ("EC P-384", "ec", ["P-384"]),
        ("EC P-521", "ec", ["P-521"]), ("ED25519", "ed25519", []), ("ED448", "ed448", []),
    ]) func everyKindOfKey(kind: String, newkey: String, curve: [String]) async throws {
        let identity = try Identity.selfSigned(
            key: ["-newkey", newkey] + curve.flatMap { ["-pkeyopt", "ec_paramgen_curve:\($0)"] })
        let peer = try await OpenSSLServer(identity, options: ["-cipher", "ALL@SECLEVEL=0"])
        for version in [TLSVersion.tls12, .tls13] {
            let ladder = await prober.probe(
                try target(peer.port) {
                    $0.minimumVersion = version
                    $0.maximumVersion = version
                    $0.roots = [try certificate(identity)]
                })
            #expect(ladder.failure == nil && ladder.nameMatches == true, "\(kind), \(version): \(ladder)")
            #expect(ladder.chain.map(\.keyKind) == [kind])
        }
    }

    /// The old versions, and one of each kind of cipher and group that a hello offers.
    @Test(arguments: [
        (TLSVersion.tls10, "ECDHE-RSA-AES256-SHA", "P-256"), (.tls11, "AES128-SHA", "P-256"),
        (.tls12, "DHE-RSA-AES128-GCM-SHA256", "P-256"), (.tls12, "ECDHE-RSA-CHACHA20-POLY1305", "X25519"),
        (.tls12, "ECDHE-RSA-AES128-SHA256", "P-521"), (.tls12, "AES256-SHA256", "P-256"),
        (.tls12, "ECDHE-RSA-AES256-GCM-SHA384", "X448"),
        (.tls12, "ECDHE-RSA-AES256-SHA384", "P-384"),
    ]) func everyKindOfCipher(version: TLSVersion, cipher: String, group: String) async throws {
        let identity = try Identity.selfSigned(key: ["-newkey", "rsa:2048"])
        let peer = try await OpenSSLServer(identity, options: ["-cipher", "\(cipher)@SECLEVEL=0", "-groups", group])
        let ladder = await prober.probe(
            try target(peer.port) {
                $0.minimumVersion = version
                $0.maximumVersion = version
                $0.roots = nil
            })
        #expect(ladder.tls.isOK && ladder.cipher == cipher, "\(ladder)")
    }

    /// A reason of OpenSSL's own was once taken for alert 523556.
    @Test func onlyAlertsAreAlerts() {
        let ssl: UInt = 20 << 23
        let digest: UInt = 6 << 23
        #expect(Handshake.failure(ssl | 1040, "handshake failure") == .alert(40, "handshake failure"))
        #expect(Handshake.failure(ssl | 258, "unsupported protocol") == .versionMismatch)
        #expect(Handshake.failure(digest | 268 | 2 << 18, "unsupported") == .other("TLS: unsupported"))
    }

    @Test func versionSixAndNames() async throws {
        let six = try await OpenSSLServer(server, host: "::1")
        for host in ["::1", "[::1]"] {
            let ladder = await prober.probe(try target(six.port, host: host))
            #expect(ladder.failure == nil && ladder.address == "::1" && ladder.attempts.first?.isIPv6 == true, "\(ladder)")
        }
        // `localhost` has an address of each kind; the peer serves one.
        let four = try await OpenSSLServer(server)
        let ladder = await prober.probe(try target(four.port, host: "localhost"))
        #expect(ladder.failure == nil && ladder.address == "127.0.0.1", "\(ladder)")
        for attempt in ladder.attempts where attempt.address != "127.0.0.1" { #expect(attempt.failure == .refused) }
    }

    @Test func serverNameChoosesTheCertificate() async throws {
        let named = Identity.make(.server("DNS:outbound_.5000_._.helloworld.sample.svc.cluster.local"), by: root)
        let name = "outbound_.5000_._.helloworld.sample.svc.cluster.local"
        let peer = try await OpenSSLServer(server, options: ["-servername_fatal"], named: (name, named))
        let ladder = await prober.probe(
            try target(peer.port) {
                $0.serverName = name
                $0.verifyName = name
            })
        #expect(ladder.failure == nil && ladder.chain.first?.der == named.certificateDER)
        #expect(await prober.probe(try target(peer.port)).chain.first?.der == server.certificateDER)
        let bad = await prober.probe(try target(peer.port) { $0.serverName = "other.example" })
        #expect(failure(bad, \.tls) == .alert(112, "unrecognized name"))
    }

    @Test func anOldVersionIsSeen() async throws {
        let peer = try await OpenSSLServer(server, options: ["-tls1_2"])
        let ladder = await prober.probe(try target(peer.port))
        #expect(ladder.version == "TLSv1.2" && ladder.failure == nil)
        let floor = try await OpenSSLServer(server, options: ["-tls1_3"])
        let low = await prober.probe(try target(floor.port) { $0.maximumVersion = .tls12 })
        #expect(failure(low, \.tls) == .alert(70, "protocol version"))
        let ancient = try await OpenSSLServer(server, options: ["-tls1", "-cipher", "ALL:@SECLEVEL=0"])
        #expect(failure(await prober.probe(try target(ancient.port)), \.tls) == .alert(70, "protocol version"))
        #expect(await prober.probe(try target(ancient.port) { $0.minimumVersion = .tls10 }).version == "TLSv1")
    }

    // MARK: Client certificates

    @Test func aKeylessProbeSeesTheChain() async throws {
        let peer = try await OpenSSLServer(server, options: ["-tls1_2"], clientAuthority: root.certificatePEM)
        let ladder = await prober.probe(try target(peer.port) { $0.maximumVersion = .tls12 })
        #expect(failure(ladder, \.tls) == .alert(40, "handshake failure"))
        #expect(ladder.chain.count == 2 && ladder.certificate.isOK && ladder.verification?.isTrusted == true)
        #expect(ladder.clientCertificateRequested && ladder.acceptedAuthorities == ["CN=Root"])
        #expect(ladder.lacksOnlyClientCertificate)
    }

    @Test func inTLS13TheAlertComesAfterwards() async throws {
        let peer = try await OpenSSLServer(server, options: ["-tls1_3"], clientAuthority: root.certificatePEM)
        let ladder = await prober.probe(try target(peer.port))
        #expect(ladder.tls.isOK && ladder.clientCertificateRequested)
        #expect(ladder.afterHandshake?.alertNumber == 116, "\(ladder)")
        #expect(ladder.lacksOnlyClientCertificate)
    }

    @Test func anOptionalClientCertificate() async throws {
        let peer = try await OpenSSLServer(server, options: ["-verify", "3"])
        let ladder = await prober.probe(try target(peer.port))
        #expect(ladder.failure == nil && ladder.clientCertificateRequested && ladder.afterHandshake == nil)
        #expect(!ladder.lacksOnlyClientCertificate)
    }

    // MARK: Certificates

    @Test func judgements() async throws {
        let peer = try await OpenSSLServer(server)
        let other = Identity.make(.authority("Root"))
        let foreign = await prober.probe(try target(peer.port) { $0.roots = [try certificate(other)] })
        #expect(foreign.tls.isOK)
        #expect(failure(foreign, \.certificate) == .untrusted(.unknownAuthority(issuer: "CN=Root")))
        let misnamed = await prober.probe(try target(peer.port) { $0.verifyName = "api.example" })
        #expect(failure(misnamed, \.certificate) == .nameMismatch && misnamed.verification?.isTrusted == true)
        let late = await prober.probe(try target(peer.port) { $0.verificationTime = Int(Date().timeIntervalSince1970) + 90_000 })
        guard case .untrusted(.expired) = failure(late, \.certificate) else { throw PeerError(description: "\(late)") }
        let none = await prober.probe(
            try target(peer.port) {
                $0.roots = nil
                $0.verifyName = nil
            })
        #expect(none.certificate == .notTried && none.verification == nil && none.nameMatches == nil && none.chain.count == 2)
    }

    // MARK: Peers that are none

    @Test func noName() async throws {
        let ladder = await prober.probe(try target(443, host: "no-such-host.invalid"))
        #expect(failure(ladder, \.dns) == .nameNotFound, "\(ladder.dns)")
        #expect(ladder.tcp == .notTried && ladder.tls == .notTried && ladder.certificate == .notTried)
    }

    @Test func refusedAndSilent() async throws {
        let port = try Listener.freePort()
        for host in ["127.0.0.1", "::1", "localhost"] {
            let ladder = await prober.probe(try target(port, host: host))
            #expect(failure(ladder, \.tcp) == .refused && ladder.dns.isOK && ladder.tls == .notTried)
            #expect(!ladder.attempts.isEmpty && ladder.attempts.allSatisfy { $0.failure == .refused })
        }
        let full = try FullListener()
        let silent = await prober.probe(try target(full.port) { $0.connectDeadline = .milliseconds(300) })
        #expect(failure(silent, \.tcp) == .timedOut && silent.attempts.map(\.failure) == [.timedOut])
        #expect(silent.tcp.milliseconds >= 300)
    }

    @Test func noRoute() async throws {
        // A multicast address takes no TCP connection.
        let ladder = await prober.probe(try target(443, host: "224.0.0.1"))
        guard case .noRoute = failure(ladder, \.tcp) else { throw PeerError(description: "\(ladder.tcp)") }
    }

    @Test func endsOfEveryKind() async throws {
        func probe(_ script: @escaping @Sendable (borrowing Connection) -> Void) async throws -> ProbeFailure? {
            let listener = try Listener(script: script)
            return failure(await prober.probe(try target(listener.port) { $0.handshakeDeadline = .seconds(3) }), \.tls)
        }
        // What Istio's gateway does when no filter chain matches.
        #expect(
            try await probe { connection in
                connection.readSome()
                connection.resetOnClose()
            } == .resetAfterHello)
        #expect(try await probe { connection in connection.readSome() } == .closedWithoutAlert)
        #expect(
            try await probe { connection in
                connection.readSome()
                connection.write([0x16, 0x03, 0x03, 0x00])
                connection.readSome()
                connection.resetOnClose()
            } == .handshakeTimedOut)
        #expect(
            try await probe { connection in
                connection.readSome()
                connection.write([0x16, 0x03, 0x03, 0x00, 0x40])
                usleep(100_000)
                connection.resetOnClose()
            } == .resetDuringHandshake)
        #expect(
            try await probe { connection in
                connection.readSome()
                connection.write([0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 48])
                connection.hang()
            } == .alert(48, "unknown CA"))
        #expect(
            try await probe { connection in
                connection.readSome()
                connection.write("HTTP/1.1 400 Bad Request\r\n\r\n")
                connection.hang()
            } == .notTLS(firstBytes: "HTTP/1.1 400 Bad Request"))
        #expect(
            try await probe { connection in
                connection.write("SSH-2.0-OpenSSH\r\n")
                connection.hang()
            } == .notTLS(firstBytes: "SSH-2.0-OpenSSH"))
        #expect(try await probe { connection in connection.hang() } == .handshakeTimedOut)
        // A ServerHello that chooses TLS 1.0.
        #expect(
            try await probe { connection in
                connection.readSome()
                connection.write([0x16, 3, 1, 0, 42, 2, 0, 0, 38, 3, 1] + [UInt8](repeating: 7, count: 32) + [0, 0xC0, 0x13, 0])
                connection.hang()
            } == .versionMismatch)
    }

    @Test func aResetInTheFirstMoment() async throws {
        let listener = try Listener { connection in connection.resetOnClose() }
        let ladder = await prober.probe(try target(listener.port))
        // The reset may overtake the ClientHello or not.
        #expect([.resetBeforeHello, .resetAfterHello].contains(ladder.failure?.failure), "\(ladder)")
    }

    // MARK: Many, and none

    @Test func tcpOnly() async throws {
        let listener = try Listener { connection in connection.hang() }
        let open = await prober.probeTCP(host: "127.0.0.1", port: listener.port)
        #expect(open.tcp.isOK && open.tls == .notTried && open.failure == nil)
        #expect(failure(await prober.probeTCP(host: "127.0.0.1", port: try Listener.freePort()), \.tcp) == .refused)
    }

    @Test func hundredsAtOnce() async throws {
        let peer = try await OpenSSLServer(server)
        let hanging = try Listener { connection in connection.hang() }
        let full = try FullListener()
        let begin = ContinuousClock.now
        let good = try target(peer.port) { $0.handshakeDeadline = .seconds(60) }
        let stuck = try target(hanging.port) { $0.handshakeDeadline = .seconds(2) }
        let dark = try target(full.port) { $0.connectDeadline = .seconds(2) }
        let ladders = await withTaskGroup { group in
            for index in 0..<300 { group.addTask { await prober.probe([good, stuck, dark][index % 3]) } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(ladders.filter { $0.port == peer.port && $0.failure == nil }.count == 100)
        #expect(ladders.filter { $0.port == hanging.port && $0.failure?.failure == .handshakeTimedOut }.count == 100)
        #expect(ladders.filter { $0.port == full.port && $0.failure?.failure == .timedOut }.count == 100)
        // One after the other, the two hundred silent ones alone would take 400 s.
        #expect(begin.duration(to: .now) < .seconds(40))
    }

    @Test func cancellation() async throws {
        // Once the hello has come, the probe stands on the rung of TLS; an accepted connection alone says less.
        let (hellos, hello) = AsyncStream.makeStream(of: Void.self)
        let hanging = try Listener { connection in
            if connection.readSome() != nil { hello.yield() }
            connection.hang()
        }
        let hung = try target(hanging.port) { $0.handshakeDeadline = .seconds(30) }
        let task = Task { await prober.probe(hung) }
        for await _ in hellos { break }
        let begin = ContinuousClock.now
        task.cancel()
        #expect(failure(await task.value, \.tls) == .cancelled)
        #expect(begin.duration(to: .now) < .seconds(15))
    }

    @Test func nothingIsLeftBehind() async {
        await #expect(processExitsWith: .success) {
            let peer = try await OpenSSLServer(server)
            let hanging = try Listener { connection in connection.hang() }
            let ports = [peer.port, hanging.port, try Listener.freePort()]
            func round() async {
                let own = TLSProber()
                await withTaskGroup { group in
                    for index in 0..<60 {
                        group.addTask {
                            var target = TLSTarget(host: "localhost", port: ports[index % 3])
                            target.handshakeDeadline = .milliseconds(500)
                            _ = await own.probe(target)
                        }
                    }
                }
            }
            func count(_ what: String) -> Int {
                (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/\(what)").count) ?? -1
            }
            func settled(_ isDone: () -> Bool) async -> Bool {
                let end = ContinuousClock.now + .seconds(5)
                while !isDone() {
                    if ContinuousClock.now > end { return false }
                    try? await Task.sleep(for: .milliseconds(10))
                }
                return true
            }
            await round()
            let isQuiet = await settled { count("task") < 20 }
            try #require(isQuiet)
            let (files, threads) = (count("fd"), count("task"))
            for _ in 0..<5 { await round() }
            let isClean = await settled { count("fd") <= files + 2 && count("task") <= threads + 2 }
            try #require(isClean)
        }
    }
}
