package import CheckFiles

/// What a check says of something that is not sound, in its own words: a verdict of one of its cases.
package struct CheckExample: Sendable, Equatable {
    /// The case's name: what is the matter, in a few words.
    package let name: String
    package let status: Status
    package let message: String
    /// `""` where there is none.
    package let remedy: String

    /// One example for each way in which the check is not sound: by status, and by the word with which its query chooses among texts.
    ///
    /// - Parameter files: the folder that the check comes from. Where it holds no cases of it there is no example.
    /// - Throws: what is wrong with the cases; `isthmus checks test` says it better.
    package static func list(_ check: Check, _ catalogue: CheckCatalogue, files: CheckFiles) throws -> [CheckExample] {
        let path = "\(check.phase.rawValue)/\(check.id).cases.yaml"
        guard check.fault == nil, let text = files.files[path] else { return [] }
        let judge = Judge(catalogue)
        var examples: [CheckExample] = []
        var known: Set<[String]> = []
        for item in try CaseFile(text, file: path, schema: catalogue.schema).cases {
            for verdict in try judge.judge(item.snapshot(catalogue.schema), selection: Selection(only: [check.id])).verdicts
            where [.fail, .warning, .unknown].contains(verdict.status) && verdict.found == verdict.status {
                let reason = verdict.parameters[Wording.reasonColumn]
                // Without such a word the sentences themselves tell the ways apart, as far as they begin differently.
                guard known.insert([verdict.status.rawValue, reason ?? item.name]).inserted else { continue }
                examples.append(
                    CheckExample(name: item.name, status: verdict.status, message: verdict.message, remedy: verdict.remedy))
            }
        }
        let order: [Status] = [.fail, .warning, .unknown]
        return order.flatMap { status in examples.filter { $0.status == status } }
    }
}
