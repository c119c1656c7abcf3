import COpenSSL
import Glibc
import Synchronization

/// Bytes that must not outlive their use, such as a private key's: overwritten with zeros when their last owner lets go, and never
/// printed. Two are equal only if they are the same.
package final class SecretBytes: Sendable {
    private let bytes: Mutex<[UInt8]>

    /// - Parameter bytes: handed over; a copy that the caller keeps is the caller's to wipe.
    package init(_ bytes: consuming sending [UInt8]) { self.bytes = Mutex(bytes) }

    deinit {
        bytes.withLock { bytes in
            bytes.withUnsafeMutableBytes { buffer in if let start = buffer.baseAddress { explicit_bzero(start, buffer.count) } }
        }
    }

    /// From now on no core dump is made of this process, and no other process of the same user may read its memory.
    package static func shieldProcess() { ist_keep_memory_private() }

    /// The bytes, for as long as the body runs.
    package func reveal(_ body: (UnsafeRawBufferPointer) -> Void) {
        bytes.withLock { bytes in bytes.withUnsafeBytes { body($0) } }
    }
}

extension SecretBytes: Hashable, CustomStringConvertible, CustomReflectable {
    package static func == (a: SecretBytes, b: SecretBytes) -> Bool { a === b }
    package func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
    package var description: String { "REDACTED" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
