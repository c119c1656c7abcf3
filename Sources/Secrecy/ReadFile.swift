package import Foundation

/// Why a file could not be read. Never holds what the file contains.
package enum FileProblem: Error, Sendable {
    case tooLarge
    case notRegular(String)
    case failed(String)

    package var text: String {
        switch self {
        case .tooLarge: "it is too large"
        case .notRegular(let what): "it is \(what), not a file"
        case .failed(let reason): reason
        }
    }
}

/// What tells one version of a file from the next, and who may read it.
package struct FileStamp: Hashable {
    package let device: UInt64
    package let inode: UInt64
    package let size: Int64
    package let seconds: Int
    package let nanoseconds: Int
    package let mode: UInt32

    package init?(_ path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        self.init(status)
    }

    init(_ status: stat) {
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        size = Int64(status.st_size)
        seconds = status.st_mtim.tv_sec
        nanoseconds = status.st_mtim.tv_nsec
        mode = UInt32(status.st_mode)
    }

    /// Whether others than the owner may read the file.
    package var isReadableByOthers: Bool { mode & 0o044 != 0 }
}

/// Reads a whole file of at most `limit` bytes.
///
/// - Parameter allowPipe: also read a pipe, as `<(command)` makes one, until its end. Only for what the user named: opening a
///   pipe that nobody writes to waits for ever.
package func readFile(_ path: String, limit: Int, allowPipe: Bool = false) throws(FileProblem) -> Data {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | (allowPipe ? 0 : O_NONBLOCK))
    guard descriptor >= 0 else { throw .failed(reason(errno)) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw .failed(reason(errno)) }
    switch status.st_mode & S_IFMT {
    case S_IFREG where status.st_size > limit: throw .tooLarge
    case S_IFREG: break
    case S_IFIFO where allowPipe: break
    case S_IFDIR: throw .notRegular("a directory")
    default: throw .notRegular("a pipe, device or socket")
    }
    var data = Data()
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        let count = read(descriptor, &buffer, buffer.count)
        if count == 0 { return data }
        if count < 0 {
            guard errno == EINTR else { throw .failed(reason(errno)) }
            continue
        }
        data.append(contentsOf: buffer[..<count])
        guard data.count <= limit else { throw .tooLarge }
    }
}

private func reason(_ code: Int32) -> String {
    switch code {
    case ENOENT: "it does not exist"
    case EACCES, EPERM: "permission denied"
    case ENOTDIR: "a part of the path is not a directory"
    case ELOOP: "its symbolic links go in a circle"
    default: String(cString: strerror(code))
    }
}
