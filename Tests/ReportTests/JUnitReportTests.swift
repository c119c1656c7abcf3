import Foundation
import Judge
import Testing

@testable import Report

struct JUnitReportTests {
    private func junit(_ judgement: Judgement, _ context: ReportContext = Meshes.context) throws -> String {
        try written { try JUnitReport(judgement, context).write(to: $0) }
    }

    private func query(_ xpath: String, _ text: String) async throws -> String {
        let result = try await run("/usr/bin/xmllint", ["--xpath", xpath, "-"], input: text)
        #expect(result.code == 0, "\(xpath): \(result.output)")
        return result.output.trimmingSpaces().replacing("\n", with: "")
    }

    @Test("Conforms to what CI systems accept", arguments: JSONReportTests.all.map(\.0))
    func schema(name: String) async throws {
        let judgement = try #require(JSONReportTests.all.first { $0.0 == name }?.1)
        for context in [Meshes.context, ReportContext(), ReportContext(failOnWarning: true, brokenOff: "interrupted (^C)")] {
            let schema = here.appending(path: "junit.xsd").path
            let result = try await run(
                "/usr/bin/xmllint", ["--noout", "--nonet", "--schema", schema, "-"], input: junit(judgement, context))
            #expect(result.code == 0, "\(result.output)")
        }
    }

    @Test func golden() throws {
        try expectGolden("junit.xml", junit(Meshes.mixed))
    }

    @Test("The numbers on the suites are the numbers of test cases")
    func numbers() async throws {
        for (name, judgement) in JSONReportTests.all {
            let text = try junit(judgement)
            for (attribute, path) in [("tests", "//testcase"), ("failures", "//failure"), ("errors", "//error")] {
                let counted = try await query("count(\(path))", text)
                #expect(try await query("string(/testsuites/@\(attribute))", text) == counted, "\(name) \(attribute)")
                #expect(try await query("sum(/testsuites/testsuite/@\(attribute))", text) == counted, "\(name) \(attribute)")
            }
            #expect(try await query("sum(/testsuites/testsuite/@skipped)", text) == query("count(//skipped)", text), "\(name)")
        }
    }

    @Test("Nothing but pass and warning looks passed")
    func neverSilent() async throws {
        for (name, judgement) in JSONReportTests.all {
            let green = try await query("count(//testcase[not(failure) and not(error) and not(skipped)])", junit(judgement))
            let expected = judgement.verdicts.count { $0.accepted == nil && [.pass, .warning].contains($0.status) }
            #expect(green == "\(expected)", "\(name)")
        }
    }

    @Test("Every way from pods has its rung and its time")
    func ways() async throws {
        let text = try junit(Meshes.probed(3))
        func testcase(_ check: String, _ subject: String) -> String {
            "//testcase[@classname='traffic.\(check)'][@name='\(subject)']"
        }
        let reached = testcase("control-plane-reachable-from-pods", "cluster-03 → cluster-01")
        #expect(try await query("string(\(reached)/@time)", text) == "0.004")
        #expect(
            try await query("string(\(reached)/system-out)", text)
                == "cluster-01.example:6443: answer: ok, dns 0.4 ms, tcp 1.3 ms, tls 2.5 ms, answer 3.5 ms")
        let explained = testcase("gateway-reachable-from-pods", "cluster-01 → cluster-03")
        #expect(
            try await query("string(\(explained)/skipped/@message)", text)
                == "blocked by firewall-admits-gateway; seen from the pod: cluster-03.example:15443: tcp: timed-out, dns 0.4 ms")
        #expect(try await query("count(//testcase[contains(@classname, '-from-pods')])", text) == "18")
    }

    @Test func warningsFailWhenAsked() async throws {
        let text = try junit(Meshes.broken(2), ReportContext(failOnWarning: true))
        #expect(try await query("count(//failure[@type='warning'])", text) == "1")
    }

    @Test func brokenOffIsAnError() async throws {
        let text = try junit(Meshes.sound, ReportContext(brokenOff: "interrupted (^C)"))
        #expect(try await query("string(/testsuites/@errors)", text) == "1")
        #expect(
            try await query("string(//error[@type='broken_off']/@message)", text) == "The run was broken off: interrupted (^C)")
    }
}
