import ArgumentParser
import Foundation
import Setup

/// Which journal counts; the same for what writes it and for what only says what would be done.
struct JournalArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The journal; by default ~/.local/state/isthmus/MESH/RUN.journal (XDG_STATE_HOME counts).", valueName: "file"),
        completion: .file())
    var journal: String?

    var file: URL? { journal.map { URL(filePath: $0) } }

    /// - Parameter mesh: the mesh's id.
    static func place(mesh: String) -> JournalPlace {
        JournalPlace(mesh: mesh, environment: ProcessInfo.processInfo.environment, home: NSHomeDirectory())
    }

    /// The journal that an apply writes to.
    func choice(mesh: String) throws -> JournalChoice {
        try usingJournal { () throws(JournalError) in try JournalChoice(Self.place(mesh: mesh), named: file) }
    }
}

/// Runs what reads or writes a journal; one that cannot be used is bad input.
func usingJournal<Result>(_ work: () throws(JournalError) -> Result) throws -> Result {
    do throws(JournalError) { return try work() } catch {
        if error.isBusy {
            complain("\(error)")
            throw ExitCode(3)
        }
        throw InputError("\(error)")
    }
}
