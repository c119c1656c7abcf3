import ArgumentParser
import Dispatch
import Foundation
import Synchronization

/// A signal that asked isthmus to stop.
enum Interruption: Int32, CustomStringConvertible {
    case interrupt = 2
    case terminate = 15

    var description: String {
        switch self {
        case .interrupt: "interrupted (^C)"
        case .terminate: "terminated (SIGTERM)"
        }
    }

    /// The shell's convention: 128 and the signal's number.
    var exitCode: ExitCode { ExitCode(128 + rawValue) }
}

/// Runs the work until it ends or a signal asks it to.
///
/// The first signal cancels the work, which then returns what it has, so that reports are written whole. A second one ends the
/// process at once.
/// - Returns: The work's result, and the signal that cut it short, if one did.
func untilInterrupted<Result: Sendable>(
    _ work: @escaping @Sendable () async throws -> Result
) async throws -> (result: Result, interruption: Interruption?) {
    let received = Mutex<Interruption?>(nil)
    let task = Task { try await work() }
    let sources = [Interruption.interrupt, .terminate].map { kind in
        signal(kind.rawValue, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: kind.rawValue, queue: .global(qos: .userInteractive))
        source.setEventHandler {
            let first = received.withLock { received in
                defer { received = received ?? kind }
                return received == nil
            }
            if first { task.cancel() } else { Foundation._exit(128 + kind.rawValue) }
        }
        source.resume()
        return source
    }
    defer {
        sources.forEach { $0.cancel() }
        signal(SIGINT, SIG_DFL)
        signal(SIGTERM, SIG_DFL)
    }
    let result = try await withTaskCancellationHandler {
        try await task.value
    } onCancel: {
        task.cancel()
    }
    return (result, received.withLock { $0 })
}
