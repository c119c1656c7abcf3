package import CheckFiles
import Facts

/// What testing one check gave.
package struct CheckTestResult: Sendable {
    package let check: String
    package let cases: Int
    package let sweeps: Int
    /// What is wrong, with file and line; empty where nothing is.
    package let failures: [String]
    /// How many columns may be NULL in a subject that passes, by the file's own word.
    package let exceptions: Int
}

/// `isthmus checks test`: runs every case of every check, then tries to talk each check into a false `pass`.
package struct CheckTest: Sendable {
    private let catalogue: CheckCatalogue
    private let checks: [Check]
    private let caseTexts: [String: (path: String, text: String)]
    private let strays: [String]

    /// Tests the checks of a folder: a pack, or a whole `checks/` with its own fact tables.
    ///
    /// - Throws: ``FileFault`` where the folder itself is wrong.
    package init(files: CheckFiles, folder: String) throws {
        let isHouse = files.files.keys.contains { $0.hasPrefix("facts/") }
        catalogue =
            isHouse ? try CheckCatalogue(builtIn: files) : try .embedded(packs: [CheckPack(name: folder, files: files)])
        checks = catalogue.checks.filter { $0.isBuiltIn == isHouse }
        var texts: [String: (String, String)] = [:]
        var strays: [String] = []
        for (path, text) in files.files.sorted(by: { $0.key < $1.key }) where path.hasSuffix(".cases.yaml") {
            let id = String((path.split(separator: "/").last ?? "").dropLast(".cases.yaml".count))
            if let check = checks.first(where: { $0.id == id }), path == "\(check.phase.rawValue)/\(id).cases.yaml" {
                texts[id] = ("\(folder)/\(path)", text)
            } else {
                strays.append("\(folder)/\(path): there is no check \(path.dropLast(".cases.yaml".count)).sql")
            }
        }
        caseTexts = texts
        self.strays = strays
    }

    /// The checks that are tested.
    package var ids: [String] { checks.map(\.id) }

    /// Files of cases that belong to no check.
    package var strayFiles: [String] { strays }

    /// Tests one check.
    package func run(_ id: String) -> CheckTestResult {
        guard let check = checks.first(where: { $0.id == id }) else {
            return CheckTestResult(check: id, cases: 0, sweeps: 0, failures: ["\(id): no such check"], exceptions: 0)
        }
        func result(_ failures: [String]) -> CheckTestResult {
            CheckTestResult(check: id, cases: 0, sweeps: 0, failures: failures, exceptions: 0)
        }
        if let fault = check.fault { return result(["\(fault)"]) }
        guard let (path, text) = caseTexts[id] else {
            return result(["\(check.file): has no cases: write \(check.phase.rawValue)/\(id).cases.yaml beside it"])
        }
        do {
            let file = try CaseFile(text, file: path, schema: catalogue.schema)
            var runner = CaseRunner(check: check, file: file, catalogue: catalogue)
            try runner.run()
            return CheckTestResult(
                check: id, cases: file.cases.count, sweeps: runner.sweeps, failures: runner.failures,
                exceptions: file.nullMayPass.count)
        } catch {
            return result(["\(error)"])
        }
    }
}
