#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A file that a report could not be written to; the path, what was tried, and what the system said.
package struct ReportFileError: Error, Sendable, CustomStringConvertible {
    package let path: String
    package let step: String
    package let code: Int32

    package var description: String {
        "\(visible(path)): cannot \(step): \(String(cString: strerror(code))). The report was not written"
    }
}

/// Writes a report to a path so that no reader ever sees half of it.
///
/// The bytes go into a file beside the path, which takes its name when all of them are there. On Linux that file has no name until
/// then, so that even `kill -9` leaves nothing behind. What is not an ordinary file (`/dev/stderr`, a named pipe) is
/// written directly. A symbolic link is followed, not replaced; an existing file keeps its permissions.
package func writeReportFile(_ path: String, _ write: (_ drain: @escaping ([UInt8]) throws -> Void) throws -> Void) throws {
    var status = stat()
    let exists = stat(path, &status) == 0
    if exists, status.st_mode & S_IFMT == S_IFDIR {
        throw ReportFileError(path: path, step: "write, it is a folder", code: EISDIR)
    }
    if exists, status.st_mode & S_IFMT != S_IFREG {
        let descriptor = try check(open(path, O_WRONLY | O_CLOEXEC), path, "open it for writing")
        defer { close(descriptor) }
        return try pour(into: descriptor, path, write)
    }
    let target = exists ? resolved(path) : path
    let mode = exists ? status.st_mode & 0o777 : 0o666
    let draft = try Draft(beside: target, mode: mode, path: path)
    do {
        try pour(into: draft.descriptor, path, write)
        try draft.publish(as: target, path: path)
    } catch {
        draft.discard()
        throw error
    }
}

/// Writes to an open file, retrying what a signal interrupted.
/// - Throws: `ReportFileError` with EPIPE when the reader is gone (`isthmus … | head`).
package func writeAll(_ bytes: [UInt8], to descriptor: Int32, path: String) throws {
    try bytes.withUnsafeBytes { buffer in
        var rest = buffer[...]
        while !rest.isEmpty {
            let count = write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw ReportFileError(path: path, step: "write", code: errno)
            }
            rest = rest.dropFirst(count)
        }
    }
}

private func pour(into descriptor: Int32, _ path: String, _ write: (@escaping ([UInt8]) throws -> Void) throws -> Void) throws {
    try write { try writeAll($0, to: descriptor, path: path) }
}

/// The file that is being written, before it has its name.
private struct Draft {
    let descriptor: Int32
    let name: String
    let isNamed: Bool

    init(beside target: String, mode: mode_t, path: String) throws {
        let slash = target.lastIndex(of: "/")
        let folder = slash.map { $0 == target.startIndex ? "/" : String(target[..<$0]) } ?? "."
        let file = slash.map { String(target[target.index(after: $0)...]) } ?? target
        name = "\(folder)/.\(file).isthmus-tmp-\(getpid())"
        #if os(Linux)
            // O_TMPFILE is a macro that Swift does not import: __O_TMPFILE | O_DIRECTORY.
            let unnamed = open(folder, 0o20_000_000 | O_DIRECTORY | O_WRONLY | O_CLOEXEC, mode)
            if unnamed >= 0 {
                descriptor = unnamed
                isNamed = false
                return
            }
        #endif
        // Some file systems (NFS, some overlays) have no files without a name.
        descriptor = try check(
            open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode), path, "make a file in \(folder)")
        isNamed = true
    }

    func publish(as target: String, path: String) throws {
        if !isNamed {
            let link = "/proc/self/fd/\(descriptor)"
            try check(linkat(AT_FDCWD, link, AT_FDCWD, name, AT_SYMLINK_FOLLOW), path, "name the file")
        }
        guard rename(name, target) == 0 else {
            let code = errno
            unlink(name)
            throw ReportFileError(path: path, step: "put the file in its place", code: code)
        }
        close(descriptor)
    }

    func discard() {
        close(descriptor)
        if isNamed { unlink(name) }
    }
}

private func resolved(_ path: String) -> String {
    guard let real = realpath(path, nil) else { return path }
    defer { free(real) }
    return String(cString: real)
}

@discardableResult
private func check(_ result: Int32, _ path: String, _ step: String) throws -> Int32 {
    if result < 0 { throw ReportFileError(path: path, step: step, code: errno) }
    return result
}
