import Facts
import HTTP
import Kubernetes
@testable import TLS
import Testing

@testable import Collect

@Suite struct OutcomeTests {
    @Test(arguments: [
        (HTTPFailure.nameNotFound(host: "h"), APIOutcome.nameNotFound), (.refused(address: "a"), .refused),
        (.unreachable(address: "a", detail: "d"), .noRoute), (.connectTimedOut(after: .seconds(1)), .timeout),
        (.timedOut(after: .seconds(1), phase: .waiting), .timeout), (.reset(phase: .handshaking), .reset),
        (.closed(phase: .waiting), .closed), (.tls(.unknownAuthority, detail: ""), .tlsUntrusted),
        (.tls(.nameMismatch, detail: ""), .tlsName), (.tls(.expired, detail: ""), .tlsExpired),
        (.tls(.notYetValid, detail: ""), .tlsExpired), (.tls(.alert(48), detail: ""), .tlsOther),
        (.notTLS(detail: ""), .notTLS), (.notHTTP(detail: ""), .notKubernetes), (.bodyTooLarge(limit: 1), .notKubernetes),
        (.redirected(status: 302, location: "/"), .notKubernetes), (.proxy(detail: ""), .proxy), (.cancelled, .other),
    ])
    func transport(failure: HTTPFailure, outcome: APIOutcome) {
        #expect(APIOutcome(failure) == outcome)
        #expect(outcome.isFinal)
    }

    @Test func onlyAnAnswerOrARefusalOfOneQuestionLeavesHope() {
        #expect(APIOutcome.allCases.filter { !$0.isFinal } == [.answered, .forbidden])
    }

    @Test(arguments: [
        (1000, 1000.0, 1000.99, 0), (1000, 1000.9, 1001.1, 0), (1005, 1000.0, 1001.0, 5), (995, 1000.0, 1000.2, -5),
        (1000, 990.0, 1010.0, 0),
    ])
    func clocks(date: Int, sent: Double, received: Double, offset: Int) {
        #expect(clockOffset(date: date, sent: sent, received: received) == offset)
    }

    private func probe(
        _ failure: ProbeFailure?, at rung: WritableKeyPath<TLSLadder, Rung>, name: Answer<String> = .success("sni")
    ) -> GatewayProbe {
        var ladder = TLSLadder(host: "203.0.113.1", port: 15443)
        for passed in [\TLSLadder.dns, \.tcp, \.tls] {
            if passed == rung, let failure {
                ladder[keyPath: passed] = Rung(outcome: .failed(failure), milliseconds: 2)
                break
            }
            ladder[keyPath: passed] = Rung(outcome: .ok, milliseconds: 2)
        }
        return GatewayProbe(ladder, address: "203.0.113.1", name: name)
    }

    @Test(arguments: [
        (ProbeFailure.refused, GatewayProbe.TCPOutcome.refused), (.timedOut, .timeout), (.noRoute("x"), .noRoute),
        (.resetBeforeHello, .reset), (.other("x"), .other), (.cancelled, .other),
    ])
    func connecting(failure: ProbeFailure, outcome: GatewayProbe.TCPOutcome) {
        let probe = probe(failure, at: \.tcp)
        #expect((probe.tcp, probe.tls) == (outcome, .notTried))
        #expect(probe.tcpDetail != "" && probe.tcpMilliseconds == nil)
        #expect(self.probe(.nameNotFound, at: \.dns).tcp == .nameNotFound)
    }

    @Test(arguments: [
        (ProbeFailure.resetAfterHello, GatewayProbe.TLSOutcome.reset), (.closedWithoutAlert, .closed),
        (.alert(40, "handshake_failure"), .alert), (.notTLS(firstBytes: "HTTP"), .notTLS), (.handshakeTimedOut, .timeout),
        (.versionMismatch, .other),
    ])
    func shakingHands(failure: ProbeFailure, outcome: GatewayProbe.TLSOutcome) {
        let probe = probe(failure, at: \.tls)
        #expect((probe.tcp, probe.tls, probe.tcpMilliseconds) == (.connected, outcome, 2))
        #expect(probe.tlsDetail != "")
        #expect(probe.row("a")["asks_client_certificate"] == .null)
    }

    @Test func withoutAServiceThereIsNothingToAskFor() {
        let probe = probe(nil, at: \.tls, name: .failure(NoAnswer("nothing to ask for")))
        #expect((probe.tcp, probe.tls) == (.connected, .notTried))
        #expect(probe.row("a")["sni"] == .null && probe.tlsDetail == "nothing to ask for")
    }
}
