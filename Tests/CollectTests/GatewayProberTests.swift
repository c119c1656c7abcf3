import Facts
import Peers
import TLS
import Testing

@testable import Collect

@Suite struct GatewayProberTests {
    private let prober = GatewayProber(prober: TLSProber(), connectTimeout: .seconds(5))

    private func leaf() -> Identity { Identity.make(.server(), by: FakeCluster.meshRoot) }

    @Test(arguments: [["-tls1_2"], ["-tls1_3"], []])
    func everyVersionThatAMeshMayAllow(options: [String]) async throws {
        let server = try await OpenSSLServer(
            leaf(), options: options, clientAuthority: FakeCluster.meshRoot.certificatePEM)
        let probe = await prober.probe(
            address: "127.0.0.1", port: server.port, names: .success(["outbound_.1_._.a.b.svc.cluster.local"]))
        #expect((probe.tcp, probe.tls) == (.connected, .served), "\(probe.tlsDetail)")
        #expect(probe.asksClientCertificate == true && probe.chain.count >= 1)
    }

    @Test func whatAGatewayWithoutAMatchingChainDoes() async throws {
        let server = try Listener { connection in
            connection.readSome()
            connection.resetOnClose()
        }
        let probe = await prober.probe(address: "127.0.0.1", port: server.port, names: .success(["sni"]))
        #expect((probe.tcp, probe.tls) == (.connected, .reset))
    }

    /// Tells apart whom it lets through, as a gateway does, but by a real server for the name that it knows.
    @Test func aNameOfNobodyAndASecondService() async throws {
        let server = try Listener { connection in
            let hello = String(decoding: connection.readSome() ?? [], as: UTF8.self)
            if hello.contains("outbound_.2_._.") { connection.write("HTTP/1.1 400 Bad Request\r\n\r\n") }
            connection.resetOnClose()
        }
        let names = ["outbound_.1_._.a.b.svc.cluster.local", "outbound_.2_._.a.b.svc.cluster.local"]
        let probe = await prober.probe(address: "127.0.0.1", port: server.port, names: .success(names))
        #expect((probe.tls, probe.baseline.outcome) == (.reset, .reset))
        #expect(probe.control?.serverName == names[1] && probe.control?.hello.outcome == .notTLS)
        #expect(probe.row("a")["control_tls"] == "not-tls" && (probe.tlsMilliseconds ?? 0) > 0)
        #expect(server.connections == 3)
    }

    @Test func oneThatOpensTLSItselfAnswersAnyName() async throws {
        let server = try await OpenSSLServer(leaf())
        let probe = await prober.probe(address: "127.0.0.1", port: server.port, names: .failure(NoAnswer("nothing")))
        #expect((probe.tcp, probe.tls, probe.baseline.outcome) == (.connected, .notTried, .served))
    }

    @Test func nobodyThere() async throws {
        let port = try Listener.freePort()
        let probe = await prober.probe(address: "127.0.0.1", port: port, names: .success(["sni"]))
        #expect((probe.tcp, probe.tls) == (.refused, .notTried))
        let named = await prober.probe(address: "no-such-host.invalid", port: port, names: .success(["sni"]))
        #expect(named.tcp == .nameNotFound)
    }

    @Test func anAddressOfTwoServicesIsProbedOnce() async throws {
        let server = try Listener { $0.hang() }
        let services = try ["a", "b"].map {
            try GatewayTests.service(
                $0, labels: #""networking.istio.io/gatewayPort":"\#(server.port)""#, spec: #"{"externalIPs":["127.0.0.1"]}"#)
        }
        let probes = await prober.probeAll(services, names: .failure(NoAnswer("nothing to ask for")))
        #expect(probes.map(\.address) == ["127.0.0.1"])
        #expect(probes.first?.tcp == .connected && probes.first?.tlsDetail == "nothing to ask for")
        #expect(server.connections == 1)
    }
}
