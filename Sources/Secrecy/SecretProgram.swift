package import Foundation
import Subprocess
import SystemPackage

/// A program that prints a secret: run without a shell, with a deadline and bounded output, and its whole process group ends
/// with it.
package struct SecretProgram: Sendable {
    /// Absolute.
    let path: String
    let arguments: [String]
    let environment: [String: String]
    let deadline: Duration
    /// Whether it may ask its user something on this program's terminal.
    let isInteractive: Bool

    package static let outputLimit = 1 << 20

    package init(
        path: String, arguments: [String], environment: [String: String], deadline: Duration, isInteractive: Bool = false
    ) {
        self.path = path
        self.arguments = arguments
        self.environment = environment
        self.deadline = deadline
        self.isInteractive = isInteractive
    }

    /// How a run ended.
    package enum Ending: Sendable, Hashable {
        case exited(Int)
        case signaled(Int)
        /// The deadline passed, and it was ended.
        case overdue
        /// It printed more than `outputLimit` bytes, and was ended.
        case tooMuchOutput
        /// It could not be started; why.
        case notRun(String)
        case cancelled

        /// What is left of the sentence that begins with the program's name.
        package var text: String {
            switch self {
            case .exited(let code): "failed with exit code \(code)"
            case .signaled(let signal): "was ended by signal \(signal)"
            case .overdue: "did not end in time, and was ended"
            case .tooMuchOutput: "printed more than \(SecretProgram.outputLimit >> 20) MiB"
            case .notRun(let reason): "could not be run: \(reason)"
            case .cancelled: "was cancelled"
            }
        }
    }

    /// What a run gave.
    package struct Outcome: Sendable {
        package let ending: Ending
        /// Standard output; empty unless the program ended by itself.
        package let output: Secret<Data>
        /// The last lines of standard error, safe to print, what looks secret withheld.
        package let errors: String
    }

    /// Runs it to its end. Cancelling the task ends the whole process group.
    package func run() async -> Outcome {
        let errors = ErrorTail()
        do {
            let (ending, output) = try await withThrowingTaskGroup(of: (Ending, [UInt8]).self) { group in
                group.addTask { try await execute(errors) }
                group.addTask {
                    try await Task.sleep(for: deadline)
                    return (.overdue, [])
                }
                defer { group.cancelAll() }
                return try await group.next() ?? (.overdue, [])
            }
            return Outcome(ending: ending, output: Secret(Data(output)), errors: await errors.text)
        } catch is CancellationError {
            return Outcome(ending: .cancelled, output: Secret(Data()), errors: "")
        } catch let error as SubprocessError where error.code == .outputLimitExceeded {
            return Outcome(ending: .tooMuchOutput, output: Secret(Data()), errors: "")
        } catch {
            return Outcome(ending: .notRun(printable("\(error)")), output: Secret(Data()), errors: "")
        }
    }

    private func execute(_ errors: ErrorTail) async throws -> (Ending, [UInt8]) {
        var options = PlatformOptions()
        // A group of its own, so that its children end with it; a program that asks its user must stay in the terminal's group.
        if !isInteractive { options.processGroupID = 0 }
        options.teardownSequence = [
            .gracefulShutDown(toProcessGroup: !isInteractive, allowedDurationToNextStep: .milliseconds(500))
        ]
        var variables: [Environment.Key: String] = [:]
        for (name, value) in environment { variables[Environment.Key(stringLiteral: name)] = value }
        let configuration = Configuration(
            executable: .path(FilePath(path)), arguments: Arguments(arguments), environment: .custom(variables),
            platformOptions: options)
        if isInteractive {
            let result = try await Subprocess.run(
                configuration, input: .currentStandardInput, output: .bytes(limit: Self.outputLimit), error: .sequence
            ) { execution in
                for try await chunk in execution.standardError { await errors.append(chunk.withUnsafeBytes { Array($0) }) }
            }
            return (Ending(result.terminationStatus), result.standardOutput)
        }
        let result = try await Subprocess.run(
            configuration, input: .none, output: .bytes(limit: Self.outputLimit), error: .sequence
        ) { execution in
            for try await chunk in execution.standardError { await errors.append(chunk.withUnsafeBytes { Array($0) }) }
        }
        return (Ending(result.terminationStatus), result.standardOutput)
    }

    /// The first executable of that name in an absolute folder of a `PATH`.
    package static func find(_ name: String, in path: String) -> String? {
        guard !name.isEmpty else { return nil }
        return path.split(separator: ":").lazy.filter { $0.hasPrefix("/") }.map { "\($0)/\(name)" }.first(where: isExecutable)
    }

    /// Whether there is a regular file that this user may execute.
    package static func isExecutable(_ path: String) -> Bool {
        guard let stamp = FileStamp(path), stamp.mode & UInt32(S_IFMT) == UInt32(S_IFREG) else { return false }
        return access(path, X_OK) == 0
    }
}

/// The last few KiB of what a program wrote to standard error, made safe to show.
private actor ErrorTail {
    private var bytes: [UInt8] = []

    func append(_ chunk: [UInt8]) {
        bytes += chunk
        if bytes.count > 4096 { bytes.removeFirst(bytes.count - 4096) }
    }

    var text: String {
        let lines = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).suffix(5)
        return printable(Redaction.text(lines.joined(separator: " / ").trimmingCharacters(in: .whitespaces)), limit: 600)
    }
}

extension SecretProgram.Ending {
    fileprivate init(_ status: TerminationStatus) {
        switch status {
        case .exited(let code): self = .exited(Int(code))
        case .signaled(let signal): self = .signaled(Int(signal))
        }
    }
}
