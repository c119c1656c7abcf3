package import Foundation
import Glibc
import Synchronization

/// What is still there when the test process ends: peers that tests share belong to nobody who would end them.
private let leftovers = Mutex<(processes: Set<pid_t>, folders: Set<String>)>(([], []))
private let isSweptAtExit: Bool =
    atexit {
        let (processes, folders) = leftovers.withLock { $0 }
        for process in processes {
            kill(process, SIGKILL)
            waitpid(process, nil, 0)
        }
        for folder in folders { try? FileManager.default.removeItem(atPath: folder) }
    } == 0

/// A folder that goes away with its owner.
package final class Folder: Sendable {
    package let url: URL

    package init() throws {
        url = FileManager.default.temporaryDirectory.appending(path: "isthmus-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        guard isSweptAtExit else { throw PeerError(description: "cannot clean up at the end of the process") }
        leftovers.withLock { _ = $0.folders.insert(url.path) }
    }

    deinit {
        leftovers.withLock { _ = $0.folders.remove(url.path) }
        try? FileManager.default.removeItem(at: url)
    }

    /// Writes a file and returns its path.
    @discardableResult
    package func write(_ name: String, _ data: Data) throws -> String {
        let file = url.appending(path: name)
        try data.write(to: file)
        return file.path
    }

    package func path(_ name: String) -> String { url.appending(path: name).path }

    package func read(_ name: String) -> String {
        (try? String(contentsOf: url.appending(path: name), encoding: .utf8)) ?? ""
    }
}

package struct PeerError: Error, CustomStringConvertible {
    package var description: String

    package init(description: String) { self.description = description }
}

/// A program that serves a port for the time of a test; its end comes with the owner's.
///
/// Not Foundation's Process: its wait runs a run loop on the calling thread, of which the cooperative pool has few.
package final class Daemon: Sendable {
    private let process: pid_t
    private let log: String
    private let folder: Folder

    /// Starts the program and waits until the port accepts connections, ten seconds at most.
    package init(_ executable: String, _ arguments: [String], port: Int, host: String = "127.0.0.1", folder: Folder) async throws
    {
        self.folder = folder
        log = folder.path("output-\(port)")
        let process = try Self.spawn(executable, arguments, log: log)
        self.process = process
        leftovers.withLock { _ = $0.processes.insert(process) }
        let end = ContinuousClock.now + .seconds(10)
        while !Self.accepts(host, port) {
            guard waitpid(process, nil, WNOHANG) == 0, ContinuousClock.now < end else {
                throw PeerError(description: "\(executable) does not serve port \(port): \(output)")
            }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    deinit {
        stop()
        waitpid(process, nil, 0)
        leftovers.withLock { _ = $0.processes.remove(process) }
    }

    /// Ends it at once; its connections break.
    package func stop() { kill(process, SIGKILL) }

    /// Runs a program to its end and returns what it printed.
    package static func run(_ executable: String, _ arguments: [String]) throws -> String {
        let folder = try Folder()
        let process = try spawn(executable, arguments, log: folder.path("output"))
        waitpid(process, nil, 0)
        return folder.read("output")
    }

    /// What it wrote to standard output and error.
    package var output: String { (try? String(contentsOfFile: log, encoding: .utf8)) ?? "" }

    private static func spawn(_ executable: String, _ arguments: [String], log: String) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        // Threads of the cooperative pool block signals, and children inherit that.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        var argv: [UnsafeMutablePointer<CChar>?] = ([executable] + arguments).map { strdup($0) } + [nil]
        defer { for argument in argv { free(argument) } }
        var process: pid_t = 0
        let code = posix_spawn(&process, executable, &actions, &attributes, &argv, environ)
        guard code == 0 else { throw PeerError(description: "\(executable): \(String(cString: strerror(code)))") }
        return process
    }

    private static func accepts(_ host: String, _ port: Int) -> Bool {
        let descriptor = Listener.newSocket(isIPv6: host.contains(":"))
        defer { close(descriptor) }
        return Listener.withAddress(host, port) { connect(descriptor, $0, $1) } == 0
    }
}
