/// An answer of HTTP/1.1 that came over a connection which libcurl does not read: an upgrade refused, or a tunnel's inside.
package struct HTTP1Answer: Sendable, Equatable {
    package var status: Int
    package var headers: [HTTPHeader]
    package var body: [UInt8]

    /// The first header of this name; upper and lower case are the same.
    package func header(_ name: String) -> String? { headers.first(named: name) }
}

/// Reads one answer of HTTP/1.1 (RFC 9112), to a request that was not HEAD, in whatever pieces it arrives. Sizes are capped before
/// anything is kept.
package struct HTTP1Reader: Sendable {
    private let maximumBodyBytes: Int
    private var buffer: [UInt8] = []
    private var position = 0
    private var state = State.head
    private var answer = HTTP1Answer(status: 0, headers: [], body: [])

    private enum State: Sendable { case head, sized(Int), chunkSize, chunk(Int), chunkEnd, trailers, untilClosed, complete }

    private static let maximumHeadBytes = 64 << 10

    package init(maximumBodyBytes: Int) { self.maximumBodyBytes = maximumBodyBytes }

    /// What came after the answer.
    package var rest: [UInt8] { Array(buffer[position...]) }

    /// Takes what has arrived. `nil`: the answer is not complete yet.
    package mutating func read(_ bytes: [UInt8]) throws(HTTPFailure) -> HTTP1Answer? {
        buffer.removeFirst(position)
        position = 0
        buffer += bytes
        while try step() {}
        if case .complete = state { return answer }
        return nil
    }

    /// The answer, where the peer's end of the connection is its end as well.
    package func closed() throws(HTTPFailure) -> HTTP1Answer {
        switch state {
        case .complete, .untilClosed: return answer
        case .head where buffer.isEmpty: throw .closed(phase: .waiting)
        default: throw .closed(phase: .receiving)
        }
    }

    /// One step further; `false`: more has to come, or the answer is complete.
    private mutating func step() throws(HTTPFailure) -> Bool {
        switch state {
        case .head: return try readHead()
        case .sized(let left): return try take(left, then: .complete) { .sized($0) }
        case .chunkSize:
            guard let line = try line() else { return false }
            guard let size = Int(line.prefix { $0 != ";" }.trimmed, radix: 16), size >= 0 else {
                throw .notHTTP(detail: "a chunk's size is no number")
            }
            state = size == 0 ? .trailers : .chunk(size)
        case .chunk(let left): return try take(left, then: .chunkEnd) { .chunk($0) }
        case .chunkEnd:
            guard let line = try line() else { return false }
            guard line.isEmpty else { throw .notHTTP(detail: "a chunk is longer than it says") }
            state = .chunkSize
        case .trailers:
            guard let line = try line() else { return false }
            if line.isEmpty { state = .complete }
        case .untilClosed:
            try take(buffer.count - position)
            return false
        case .complete: return false
        }
        return true
    }

    /// Moves what is there of a part of the body that has `left` bytes. `false`: more of it has to come.
    private mutating func take(_ left: Int, then next: State, else rest: (Int) -> State) throws(HTTPFailure) -> Bool {
        guard left <= maximumBodyBytes - answer.body.count else { throw .bodyTooLarge(limit: maximumBodyBytes) }
        let count = min(left, buffer.count - position)
        try take(count)
        state = count == left ? next : rest(left - count)
        return count == left
    }

    private mutating func take(_ count: Int) throws(HTTPFailure) {
        guard count <= maximumBodyBytes - answer.body.count else { throw .bodyTooLarge(limit: maximumBodyBytes) }
        answer.body += buffer[position..<position + count]
        position += count
    }

    /// The next line, without its end; `nil`: it is not there yet.
    private mutating func line() throws(HTTPFailure) -> String? {
        guard let end = buffer[position...].firstIndex(of: 0x0A) else {
            guard buffer.count - position <= Self.maximumHeadBytes else { throw .notHTTP(detail: "a line does not end") }
            return nil
        }
        defer { position = end + 1 }
        return String(decoding: buffer[position..<end], as: UTF8.self).trimmed
    }

    private mutating func readHead() throws(HTTPFailure) -> Bool {
        let unread = buffer[position...]
        guard unread.starts(with: "HTTP/1.".utf8.prefix(unread.count)) else {
            throw .notHTTP(detail: "it does not begin with HTTP/1")
        }
        guard let end = endOfHead(unread) else {
            guard unread.count <= Self.maximumHeadBytes else {
                throw .notHTTP(detail: "the answer's head is larger than \(Self.maximumHeadBytes) bytes")
            }
            return false
        }
        var lines = String(decoding: buffer[position..<end], as: UTF8.self).split(whereSeparator: \.isNewline)[...]
        position = end
        let words = lines.removeFirst().split(separator: " ")
        guard words.count >= 2, words[1].utf8.count == 3, let status = Int(words[1]), status >= 100 else {
            throw .notHTTP(detail: "its first line has no status")
        }
        // What is said on the way to the answer.
        if status < 200, status != 101 { return true }
        answer.status = status
        answer.headers = lines.compactMap { line in
            line.firstIndex(of: ":").map { HTTPHeader(String(line[..<$0]), String(line[line.index(after: $0)...]).trimmed) }
        }
        state = try bodyState()
        return true
    }

    private func endOfHead(_ unread: ArraySlice<UInt8>) -> Int? {
        var isLineEmpty = false
        for index in unread.indices where unread[index] != 0x0D {
            if unread[index] != 0x0A {
                isLineEmpty = false
            } else if isLineEmpty {
                return index + 1
            } else {
                isLineEmpty = true
            }
        }
        return nil
    }

    private func bodyState() throws(HTTPFailure) -> State {
        if answer.status == 101 || answer.status == 204 || answer.status == 304 { return .complete }
        if let coding = answer.header("Transfer-Encoding") {
            guard coding.lowercased() == "chunked" else { throw .notHTTP(detail: "a transfer coding that was not asked for") }
            return .chunkSize
        }
        guard let length = answer.header("Content-Length") else { return .untilClosed }
        guard let count = Int(length), count >= 0 else { throw .notHTTP(detail: "its length is no number") }
        return count == 0 ? .complete : .sized(count)
    }
}

extension StringProtocol {
    /// Without spaces, tabs and line ends around it.
    fileprivate var trimmed: String {
        let isBlank: (Character) -> Bool = { $0.isNewline || $0 == " " || $0 == "\t" }
        return String(drop(while: isBlank).reversed().drop(while: isBlank).reversed())
    }
}
