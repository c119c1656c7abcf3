/// Takes the bytes of a report while it is made, and hands them on in pieces, so that a report of a quarter of a million
/// verdicts is never in memory as a whole.
struct Sink: ~Copyable {
    private var bytes: [UInt8] = []
    private let capacity: Int
    private let drain: ([UInt8]) throws -> Void

    /// - Parameters:
    ///   - capacity: How many bytes are gathered before they are handed on.
    ///   - drain: Takes a piece.
    init(capacity: Int = 64 << 10, drain: @escaping ([UInt8]) throws -> Void) {
        self.capacity = capacity
        self.drain = drain
        bytes.reserveCapacity(capacity + 4096)
    }

    mutating func write(_ text: String) throws {
        bytes.append(contentsOf: text.utf8)
        if bytes.count >= capacity { try flush() }
    }

    mutating func write(_ byte: UInt8) throws {
        bytes.append(byte)
        if bytes.count >= capacity { try flush() }
    }

    mutating func write(_ piece: some Collection<UInt8>) throws {
        bytes.append(contentsOf: piece)
        if bytes.count >= capacity { try flush() }
    }

    /// Hands on what is gathered. To be called once at the end.
    mutating func flush() throws {
        if bytes.isEmpty { return }
        try drain(bytes)
        bytes.removeAll(keepingCapacity: true)
    }
}
