internal import Foundation
internal import Secrecy
internal import Subprocess
internal import Synchronization
internal import SystemPackage

/// A program of the user's, run with his environment and without a shell; what it writes is passed on line by line.
package struct UserProgram: Sendable {
    /// As the user named it.
    package let name: String
    /// Absolute.
    let path: String

    /// Finds a program: by its path, or by its name in `PATH`.
    ///
    /// - Parameter option: what the user can name another one with, for the error.
    /// - Throws: `SetupFailure` where there is none, or it may not be executed.
    package init(_ name: String, option: String, environment: [String: String]) throws(SetupFailure) {
        self.name = name
        let folder = FileManager.default.currentDirectoryPath
        let found =
            name.contains("/")
            ? (name.hasPrefix("/") ? name : "\(folder)/\(name)") : SecretProgram.find(name, in: environment["PATH"] ?? "")
        guard let found else {
            throw SetupFailure(
                cluster: "", "\(printable(name)) was not found in PATH", remedy: "install it, or name it: \(option) PATH")
        }
        guard SecretProgram.isExecutable(found) else {
            throw SetupFailure(cluster: "", "\(printable(found)) is not there, or may not be executed", remedy: "\(option) PATH")
        }
        path = found
    }

    /// How a run ended, and all that was written, standard output and error together, cut to its last 64 KiB.
    struct Outcome: Sendable {
        var code: Int
        var output: String
        var text: String { String(decoding: output.utf8.suffix(1500), as: UTF8.self) }
        /// Its last lines in one, safe to print; for a failure.
        var lastLines: String { printable(text.split(separator: "\n").suffix(4).joined(separator: " / "), limit: 900) }
    }

    /// Runs it to its end. Cancelling the task does not end it: half an installation is worse than a whole one.
    ///
    /// - Parameters:
    ///   - input: its standard input.
    ///   - line: told each line, safe to print.
    func run(_ arguments: [String], input: String = "", line: @escaping @Sendable (String) -> Void = { _ in })
        async throws(SetupFailure)
        -> Outcome
    {
        let output = Mutex(LineTail(told: line))
        do {
            var options = PlatformOptions()
            // A group of its own: ^C is for isthmus, which lets the program end.
            options.processGroupID = 0
            let result = try await Subprocess.run(
                .path(.init(path)), arguments: Arguments(arguments), platformOptions: options, input: .string(input),
                output: .sequence,
                error: .combinedWithOutput
            ) { execution in
                for try await chunk in execution.standardOutput {
                    let bytes = chunk.withUnsafeBytes { Array($0) }
                    output.withLock { $0.add(bytes) }
                }
            }
            output.withLock { $0.end() }
            let code =
                switch result.terminationStatus {
                case .exited(let code): Int(code)
                case .signaled(let signal): 128 + Int(signal)
                }
            return Outcome(code: code, output: output.withLock { $0.text })
        } catch {
            throw SetupFailure(cluster: "", "\(printable(name)) could not be run: \(printable("\(error)"))")
        }
    }
}

/// The end of what a program writes, and each line of it as it comes.
private struct LineTail: Sendable {
    let told: @Sendable (String) -> Void
    private var rest: [UInt8] = []
    private(set) var text = ""

    init(told: @escaping @Sendable (String) -> Void) { self.told = told }

    mutating func add(_ bytes: [UInt8]) {
        rest += bytes
        // Programs redraw a line of progress with carriage returns.
        while let end = rest.firstIndex(where: { $0 == 0x0A || $0 == 0x0D }) {
            say(rest[..<end])
            rest.removeFirst(end + 1)
        }
    }

    mutating func end() {
        say(rest[...])
        rest = []
    }

    private mutating func say(_ bytes: ArraySlice<UInt8>) {
        let line = printable(Redaction.text(String(decoding: bytes, as: UTF8.self)), limit: 2000)
        guard !line.allSatisfy(\.isWhitespace) else { return }
        told(line)
        text += line + "\n"
        if text.utf8.count > 64 << 10 { text = String(text.suffix(32 << 10)) }
    }
}
