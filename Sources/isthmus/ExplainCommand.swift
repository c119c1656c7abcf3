import ArgumentParser
import CheckFiles
import Foundation
import Judge
import Report
import StrictYAML

/// `isthmus explain CHECK`: what a check looks at, why it matters, how it fails, and what to do.
struct ExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Explain a check: what it looks at, why it matters, how it fails, how to mend it, where it was seen.",
        discussion: """
            Needs no cluster and no checkout. For example:
              isthmus explain clusters-share-root-ca
            """)

    @Argument(help: "The check's id, as reports name it; isthmus checks list has them all.") var check: String
    @Flag(name: .shortAndLong, help: "Show every example and every fault in full.") var verbose = false
    @Flag(help: "Use no characters but ASCII.") var ascii = false
    @OptionGroup var options: CheckOptions

    func run() throws {
        let catalogue = try options.catalogue()
        let check = try catalogue.named(check)
        let files = try badInput { try options.files(of: check) }
        let explanation = Explanation(
            check, in: catalogue, examples: try badInput { try CheckExample.list(check, catalogue, files: files) },
            faults: KnownFault.of(check.id))
        let medium = Medium.detect(descriptor: 1, environment: ProcessInfo.processInfo.environment, ascii: ascii)
        print(explanation.human(on: medium, verbose: verbose), terminator: "")
        if check.fault != nil { throw ExitCode(65) }
    }
}

extension CheckCatalogue {
    /// The check of this id.
    ///
    /// - Throws: a usage error that names the nearest one.
    func named(_ id: String) throws -> Check {
        if let check = check(id) { return check }
        let hint = nearest(to: id, among: checks.map(\.id)).map { " (did you mean \($0)?)" } ?? ""
        throw ValidationError("there is no check \(id)\(hint); `isthmus checks list` names them")
    }
}

extension CheckOptions {
    /// The files that a check comes from: those built in, or the pack's.
    func files(of check: Check) throws -> CheckFiles {
        guard !check.isBuiltIn, let pack = packs.first(where: { check.file.hasPrefix("\($0)/") }) else { return .embedded }
        return try CheckFiles(directory: URL(filePath: pack, directoryHint: .isDirectory))
    }
}
