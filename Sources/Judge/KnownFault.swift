import CheckFiles

/// A fault of the lab's catalogue: something that really was made wrong in real clusters, and what isthmus said of it.
///
/// Read from the headers of `lab/faults/*.sh`, which come with the binary. `lab/test-faults` holds isthmus to them.
package struct KnownFault: Sendable, Equatable {
    /// By which `lab/fault apply` knows it.
    package let name: String
    /// One sentence: what is wrong.
    package let title: String
    package let symptom: String
    package let evidence: String
    package let cause: String
    package let remedy: String
    /// The check that is named first; nil where nothing fails.
    package let first: String?
    /// Checks that fail, warn or become unknown by it.
    package let turns: Set<String>

    /// Reads one header; nil where it is none.
    init?(name: String, header: String) {
        var keys: [String: String] = [:]
        var current: String?
        for line in header.split(separator: "\n") {
            if let match = line.firstMatch(of: /^# ([a-z-]+): *(.*)$/) {
                current = String(match.1)
                keys[String(match.1)] = String(match.2)
            } else if let key = current, let match = line.firstMatch(of: /^# {3,}(.*)$/) {
                keys[key, default: ""] += " \(match.1)"
            } else {
                current = nil
            }
        }
        guard let title = keys["title"], let symptom = keys["symptom"], let evidence = keys["evidence"],
            let cause = keys["cause"], let remedy = keys["remedy"]
        else { return nil }
        self.name = name
        (self.title, self.symptom, self.evidence, self.cause, self.remedy) = (title, symptom, evidence, cause, remedy)
        first = keys["first"]
        turns = Set(
            ["expect-fail", "expect-warning", "expect-unknown"].flatMap {
                (keys[$0] ?? "").split(separator: " ").map(String.init)
            })
    }

    /// All faults of the catalogue, by name.
    package static func catalogue(_ headers: [String: String] = CheckFiles.faultHeaders) -> [KnownFault] {
        headers.compactMap { file, header in
            KnownFault(name: file.hasSuffix(".sh") ? String(file.dropLast(3)) : file, header: header)
        }.sorted { $0.name < $1.name }
    }

    /// Those that turn a check: first those of which it is the cause.
    package static func of(_ check: String, among faults: [KnownFault] = catalogue()) -> [KnownFault] {
        faults.filter { $0.first == check } + faults.filter { $0.first != check && $0.turns.contains(check) }
    }
}
