import Dispatch
import Foundation
import Testing

/// Runs a program of the system over a text and gives its exit code and what it said. A program that is not there fails the test:
/// `make deps` installs it. Waits on a thread of its own, so that other tests go on meanwhile.
func run(_ program: String, _ arguments: [String], input: String) async throws -> (code: Int32, output: String) {
    try await withCheckedThrowingContinuation { continuation in
        DispatchQueue.global().async {
            continuation.resume(with: Result { try runBlocking(program, arguments, input: input) })
        }
    }
}

private func runBlocking(_ program: String, _ arguments: [String], input: String) throws -> (code: Int32, output: String) {
    let process = Process()
    process.executableURL = URL(filePath: program)
    process.arguments = arguments
    let output = Pipe()
    let file = FileManager.default.temporaryDirectory.appending(path: "isthmus-report-\(UUID().uuidString)")
    try Data(input.utf8).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    process.standardInput = try FileHandle(forReadingFrom: file)
    process.standardOutput = output
    process.standardError = output
    try process.run()
    let said = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: said, as: UTF8.self))
}

/// The folder of these tests.
let here = URL(filePath: #filePath).deletingLastPathComponent()

/// The repository.
let house = here.deletingLastPathComponent().deletingLastPathComponent()

/// All of what a report writes.
func written(_ write: (@escaping ([UInt8]) throws -> Void) throws -> Void) throws -> String {
    let pieces = Pieces()
    try write { pieces.bytes += $0 }
    return String(decoding: pieces.bytes, as: UTF8.self)
}

private final class Pieces {
    var bytes: [UInt8] = []
}
