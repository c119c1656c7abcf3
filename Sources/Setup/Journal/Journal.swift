internal import Dispatch
package import Foundation
internal import Synchronization

import Glibc

/// The file into which a run writes each act before it is done and after: JSON lines, appended, synced to the disk, mode 0600.
///
/// While it is open the file is locked (flock), so that a journal that can be locked belongs to a dead run. Lines that are waiting
/// to be written go to the disk together, with one sync.
package final class Journal: Sendable {
    package let url: URL
    private let state: Mutex<State>
    private let queue = DispatchQueue(label: "isthmus.journal")

    private struct State {
        var descriptor: Int32
        /// Where the last whole line ends.
        var length: off_t = 0
        var next = 1
        var waiting: [(line: Data, done: CheckedContinuation<Void, any Error>)] = []
        /// Why nothing more can be written.
        var fault: JournalError?
        var dies: Death?
    }

    /// Whether the process is to die at a line: before it is written, or once it is on the disk. For tests of what comes after.
    typealias Death = @Sendable (_ line: Int, _ isWritten: Bool) -> Bool

    /// From now on the journal behaves as if the process had been killed when `death` says so.
    func die(when death: @escaping Death) { state.withLock { $0.dies = death } }

    /// Writes to a file that is open, from its beginning.
    init(_ url: URL, descriptor: Int32) {
        self.url = url
        state = Mutex(State(descriptor: descriptor))
    }

    deinit { close() }

    /// Lets go of file and lock; later lines fail.
    package func close() {
        state.withLock { state in
            guard state.descriptor >= 0 else { return }
            // Said, since a child that is just being started still has the descriptor.
            flock(state.descriptor, LOCK_UN)
            Glibc.close(state.descriptor)
            state.descriptor = -1
        }
    }

    // MARK: Opening

    /// Begins a journal. Its folders are made where they are missing, for this user alone.
    package static func create(_ url: URL, _ beginning: JournalBeginning) async throws(JournalError) -> Journal {
        let folder = url.deletingLastPathComponent()
        do {
            try FileManager.default.createDirectory(
                at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw JournalError(url, "its folder cannot be made: \(error.localizedDescription)")
        }
        let descriptor = open(url.path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw JournalError(url, "it cannot be made: \(words(errno))") }
        let journal = Journal(url, descriptor: descriptor)
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { throw JournalError(url, "it cannot be locked: \(words(errno))") }
        try await journal.append(.begin(beginning))
        // The file's name must outlive a power cut as well.
        let entry = open(folder.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if entry >= 0 {
            fsync(entry)
            Glibc.close(entry)
        }
        return journal
    }

    /// Opens the journal of a dead run to go on with it. A last line that was cut off is removed: what it would have announced was
    /// never begun.
    ///
    /// - Throws: `JournalError` with `isBusy` where its run is alive.
    package static func resume(_ url: URL) throws(JournalError) -> (journal: Journal, contents: JournalContents) {
        let descriptor = open(url.path, O_RDWR | O_APPEND | O_CLOEXEC)
        guard descriptor >= 0 else { throw JournalError(url, "it cannot be opened: \(words(errno))") }
        let journal = Journal(url, descriptor: descriptor)
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw JournalError(url, "another process is writing to it: that run is still going on", isBusy: true)
        }
        let contents = try JournalContents(url)
        guard ftruncate(descriptor, off_t(contents.wholeBytes)) == 0 else {
            throw JournalError(url, "its last line, which was cut off, cannot be removed: \(words(errno))")
        }
        journal.state.withLock { state in
            state.length = off_t(contents.wholeBytes)
            state.next = contents.lines.count + 1
        }
        return (journal, contents)
    }

    // MARK: Writing

    /// Writes a line and returns its number once it is on the disk.
    @discardableResult
    package func append(_ record: JournalRecord) async throws(JournalError) -> Int {
        let number = Mutex(0)
        do {
            try await withCheckedThrowingContinuation { done in
                do throws(JournalError) {
                    let isFirst = try state.withLock { state throws(JournalError) in
                        number.withLock { $0 = state.next }
                        state.waiting.append((try line(record, &state), done))
                        return state.waiting.count == 1
                    }
                    if isFirst { queue.async { [self] in flush() } }
                } catch {
                    done.resume(throwing: error)
                }
            }
        } catch {
            throw error as? JournalError ?? JournalError(url, "\(error)")
        }
        let written = number.withLock { $0 }
        try state.withLock { state throws(JournalError) in try die(&state, written, isWritten: true) }
        return written
    }

    private func die(_ state: inout State, _ line: Int, isWritten: Bool) throws(JournalError) {
        guard state.dies?(line, isWritten) == true else { return }
        state.fault = JournalError(url, "killed")
        throw JournalError(url, "killed")
    }

    private func line(_ record: JournalRecord, _ state: inout State) throws(JournalError) -> Data {
        if let fault = state.fault { throw fault }
        try die(&state, state.next, isWritten: false)
        guard state.descriptor >= 0 else { throw JournalError(url, "it has been closed") }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let line = try? encoder.encode(JournalLine(n: state.next, at: Date().formatted(.iso8601), record: record)) else {
            throw JournalError(url, line: state.next, "it cannot be written as JSON")
        }
        state.next += 1
        return JournalContents.sealed(line)
    }

    /// Writes and syncs whatever is waiting. Runs on the journal's own queue.
    private func flush() {
        let (lines, descriptor, length) = state.withLock { state in
            defer { state.waiting = [] }
            return (state.waiting, state.descriptor, state.length)
        }
        let bytes = lines.reduce(into: Data()) { $0 += $1.line }
        let fault = Self.write(bytes, descriptor).map { JournalError(url, "it cannot be written: \($0)") }
        state.withLock { state in
            state.fault = fault
            state.length = length + off_t(bytes.count)
            // Half a line would be damage once another one followed.
            if fault != nil { ftruncate(descriptor, length) }
        }
        for (_, done) in lines {
            if let fault { done.resume(throwing: fault) } else { done.resume() }
        }
    }

    /// - Returns: what went wrong.
    private static func write(_ bytes: Data, _ descriptor: Int32) -> String? {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return words(errno) }
            rest = rest.dropFirst(count)
        }
        return fdatasync(descriptor) == 0 ? nil : words(errno)
    }
}

private func words(_ code: Int32) -> String { String(cString: strerror(code)) }
