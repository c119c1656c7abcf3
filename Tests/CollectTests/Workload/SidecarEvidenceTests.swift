import Foundation
import Testing

@testable import Collect

@Suite struct SidecarEvidenceTests {
    /// Lines of a real Envoy 1.40, as the client's script passes them on.
    @Test func endpointsAndCertificates() throws {
        let evidence = SidecarEvidence(
            Data(
                """
                x 0
                k 0
                e 0 203.0.113.2:15443::cx_connect_fail::3
                e 0 203.0.113.2:15443::cx_total::4
                e 0 203.0.113.2:15443::health_flags::/failed_active_hc
                e 0 [2001:db8::7]:15443::health_flags::healthy
                k 1
                c {"certificates": [{"ca_cert": [{"path": "<inline>","serial_number": "0A0b","subject_alt_names": [],"expiration_time": "2036-11-20T00:00:00Z"}],"cert_chain": [{"serial_number": "1","subject_alt_names": [{"uri": "spiffe://td/ns/n/sa/s"}],"expiration_time": "2026-11-29T03:00:00Z"}]}, {"ca_cert": [{"serial_number": "0a0b"}]}]}

                """.utf8))
        #expect(evidence.problem.isEmpty)
        #expect(
            evidence.endpoints == [
                0: [
                    .init(address: "2001:db8::7", port: 15443, health: "healthy"),
                    .init(address: "203.0.113.2", port: 15443, health: "/failed_active_hc", connections: 4, failedConnections: 3),
                ], 1: [],
            ])
        #expect([0, 1, 2].map(evidence.knows) == [true, true, false])
        let certificates = try #require(evidence.certificates)
        #expect(certificates.identity == "spiffe://td/ns/n/sa/s" && certificates.rootSerials == ["0a0b"])
        #expect(certificates.expires == Timestamp("2026-11-29T03:00:00Z"))
    }

    @Test(
        arguments: [
            "", "x\nk\nk x\ne\ne 0\ne 0 x\ne 0 ::::\ne 0 a::health_flags::b\ne 0 a:99999::cx_total::1\nc\nc x\nc {}", "\u{0}\n",
            "e 0 [::health_flags::b",
        ])
    func nonsenseIsNothing(text: String) {
        let evidence = SidecarEvidence(Data(text.utf8))
        #expect(evidence.endpoints.values.allSatisfy(\.isEmpty) && evidence.certificates == nil)
    }

    /// Others, such as /config_dump, hold what nobody needs to see.
    @Test func twoPagesAndNoOther() {
        let pages = WorkloadScript.ask.matches(of: /\$ISTHMUS_ADMIN(\S*)/).map { String($0.1) }
        #expect(Set(pages.filter { $0.hasPrefix("/") }) == ["/clusters\"", "/certs\""])
        #expect(pages.filter { !$0.hasPrefix("/") }.allSatisfy { $0 == "\"" || $0 == "`)" }, "\(pages)")
    }

    @Test func noAdministration() {
        let evidence = SidecarEvidence(Data("x 7\nk 0\nc \n".utf8))
        #expect(evidence.problem.contains("curl ended with 7"))
        #expect(evidence.knows(0) == nil && evidence.knows(1) == nil)
    }
}
