import Foundation
import Subprocess

/// What a program printed and how it ended.
struct CommandResult: Sendable {
    /// The exit code; 128 and the signal's number where a signal ended it.
    let status: Int
    let output: String
    let errors: String
}

/// Runs a program that is found through PATH. Its own failure is a result; only a program that is not there throws.
func command(
    _ name: String, _ arguments: [String], environment: [String: String?] = [:], directory: URL? = nil
) async throws -> CommandResult {
    var changes: [Environment.Key: String?] = [:]
    for (name, value) in environment { changes[Environment.Key(stringLiteral: name)] = value }
    let result = try await run(
        .name(name), arguments: Arguments(arguments), environment: .inherit.updating(changes),
        output: .string(limit: 64 << 20), error: .string(limit: 1 << 20))
    let status =
        switch result.terminationStatus {
        case .exited(let code): Int(code)
        case .signaled(let signal): 128 + Int(signal)
        }
    return CommandResult(status: status, output: result.standardOutput, errors: result.standardError)
}
