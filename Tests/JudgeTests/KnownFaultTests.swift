import CheckFiles
import Foundation
import Testing

@testable import Judge

/// The catalogue of faults as it comes with the binary.
@Suite struct KnownFaultTests {
    private static let lab = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../lab").standardizedFileURL

    @Test("Every fault of the lab is in the binary, and every check that one names is there")
    func complete() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: Self.lab.appending(path: "faults").path)
        let faults = KnownFault.catalogue()
        #expect(faults.map(\.name) == files.filter { $0.hasSuffix(".sh") }.map { String($0.dropLast(3)) }.sorted())
        let checks = Set(try CheckCatalogue.embedded().checks.map(\.id))
        for fault in faults {
            #expect(fault.turns.subtracting(checks).isEmpty, "\(fault.name)")
            if let first = fault.first { #expect(fault.turns.contains(first), "\(fault.name)") }
        }
    }

    /// The lab reads the same headers with awk; both must find the same words.
    @Test func asTheLabReadsThem() throws {
        let script = """
            LAB_DIR=$1; source "$LAB_DIR/lib/catalogue.sh"
            for name in $(fault_names); do for key in title symptom evidence cause remedy first; do
                printf '%s\\t%s\\t%s\\n' "$name" "$key" "$(fault_key "$name" "$key")"; done; done
            """
        let process = Process()
        process.executableURL = URL(filePath: "/bin/bash")
        process.arguments = ["-c", script, "bash", Self.lab.path]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let said = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        let ours = KnownFault.catalogue().flatMap { fault in
            [
                ("title", fault.title), ("symptom", fault.symptom), ("evidence", fault.evidence), ("cause", fault.cause),
                ("remedy", fault.remedy), ("first", fault.first ?? ""),
            ].map { "\(fault.name)\t\($0.0)\t\($0.1)" }
        }
        let difference = ours.sorted().difference(from: said.split(separator: "\n").map(String.init).sorted())
        #expect(difference.isEmpty, "\(difference)")
    }

    @Test func headers() throws {
        let header = """
            # title: A thing
            # symptom: It is
            #   broken.
            # evidence: e
            # cause: c
            # remedy: r
            # expect-fail: a b
            # expect-warning: c
            # first: a
            """
        let fault = try #require(KnownFault(name: "n", header: header))
        #expect(fault.symptom == "It is broken." && fault.first == "a" && fault.turns == ["a", "b", "c"])
        #expect(KnownFault(name: "n", header: "# title: A thing") == nil)
        #expect(KnownFault.of("b", among: [fault]) == [fault] && KnownFault.of("d", among: [fault]).isEmpty)
    }

    /// Every tenth: `isthmus checks test` holds all to having such cases.
    @Test("Checks have an example of what they find fault with")
    func examples() throws {
        let catalogue = try CheckCatalogue.embedded()
        for (number, check) in catalogue.checks.enumerated() where check.severity != .info && number % 10 == 0 {
            let examples = try CheckExample.list(check, catalogue, files: .embedded)
            #expect(examples.contains { $0.status == .fail || $0.status == .warning }, "\(check.id)")
            #expect(examples.allSatisfy { !$0.message.isEmpty && !$0.name.isEmpty }, "\(check.id)")
        }
    }
}
