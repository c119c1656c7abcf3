/// Writes JSON into a sink as it goes, indented by two spaces; a container marked `flat` stands in one line, so that the output for a
/// large mesh stays small and can still be read and compared line by line.
///
/// Keys are written in the order of the calls; the caller keeps them sorted, and in a debug build it is an error if it does not.
struct JSONWriter: ~Copyable {
    private var sink: Sink
    /// Per open container: whether it has an element, whether it is written in one line, and its last key.
    private var open: [(filled: Bool, flat: Bool, key: String?)] = []

    init(_ sink: consuming Sink) { self.sink = sink }

    mutating func object(_ key: String? = nil, flat: Bool = false, _ body: (inout JSONWriter) throws -> Void) throws {
        try begin(key, UInt8(ascii: "{"), flat)
        try body(&self)
        try end(UInt8(ascii: "}"))
    }

    mutating func array(_ key: String? = nil, flat: Bool = false, _ body: (inout JSONWriter) throws -> Void) throws {
        try begin(key, UInt8(ascii: "["), flat)
        try body(&self)
        try end(UInt8(ascii: "]"))
    }

    mutating func string(_ key: String?, _ value: String) throws {
        try separate(key)
        try quote(value)
    }

    mutating func integer(_ key: String?, _ value: Int) throws {
        try separate(key)
        try sink.write(String(value))
    }

    /// Seconds and the like, with at most three decimals.
    mutating func decimal(_ key: String?, _ value: Double) throws {
        try separate(key)
        let thousandths = Int((value * 1000).rounded())
        let fraction = String(thousandths % 1000 + 1000).dropFirst()
        try sink.write("\(thousandths / 1000).\(fraction)")
    }

    mutating func bool(_ key: String?, _ value: Bool) throws {
        try separate(key)
        try sink.write(value ? "true" : "false")
    }

    mutating func null(_ key: String?) throws {
        try separate(key)
        try sink.write("null")
    }

    /// A list of texts, in one line.
    mutating func strings(_ key: String?, _ values: [String]) throws {
        try array(key, flat: true) { json in
            for value in values { try json.string(nil, value) }
        }
    }

    consuming func finish() throws {
        try sink.write(UInt8(ascii: "\n"))
        try sink.flush()
    }

    private mutating func begin(_ key: String?, _ bracket: UInt8, _ flat: Bool) throws {
        try separate(key)
        try sink.write(bracket)
        open.append((false, flat || open.last?.flat == true, nil))
    }

    private mutating func end(_ bracket: UInt8) throws {
        let closed = open.removeLast()
        if closed.filled, !closed.flat { try newLine() }
        try sink.write(bracket)
    }

    private mutating func separate(_ key: String?) throws {
        guard !open.isEmpty else { return }
        let last = open.count - 1
        if open[last].filled { try sink.write(UInt8(ascii: ",")) }
        if open[last].flat {
            if open[last].filled { try sink.write(UInt8(ascii: " ")) }
        } else {
            try newLine()
        }
        open[last].filled = true
        guard let key else { return }
        assert(open[last].key.map { $0 < key } ?? true, "keys are sorted: \(open[last].key ?? "") stands before \(key)")
        open[last].key = key
        try quote(key)
        try sink.write(": ")
    }

    private mutating func newLine() throws {
        try sink.write(UInt8(ascii: "\n"))
        for _ in open { try sink.write("  ") }
    }

    /// RFC 8259 strings. Escaped beyond what it demands: DEL, the C1 controls and the two line separators, which some readers and
    /// terminals act upon. What needs no escape is copied in runs.
    private mutating func quote(_ text: String) throws {
        var text = text
        try sink.write(UInt8(ascii: "\""))
        try text.withUTF8 { bytes in
            var start = 0
            var position = 0
            while position < bytes.count {
                guard let escape = escape(bytes, at: position) else {
                    position += 1
                    continue
                }
                if start < position { try sink.write(bytes[start..<position]) }
                try sink.write(escape.text)
                position += escape.length
                start = position
            }
            if start < bytes.count { try sink.write(bytes[start...]) }
        }
        try sink.write(UInt8(ascii: "\""))
    }

    /// What stands for the bytes at a position, and how many they are; nil where the byte stands for itself.
    private func escape(_ bytes: UnsafeBufferPointer<UInt8>, at position: Int) -> (text: String, length: Int)? {
        let byte = bytes[position]
        switch byte {
        case UInt8(ascii: "\""): return ("\\\"", 1)
        case UInt8(ascii: "\\"): return ("\\\\", 1)
        case 0x0A: return ("\\n", 1)
        case 0x0D: return ("\\r", 1)
        case 0x09: return ("\\t", 1)
        case 0..<0x20, 0x7F: return (hexEscape(UInt32(byte)), 1)
        // U+0080 to U+009F.
        case 0xC2 where bytes[position + 1] < 0xA0: return (hexEscape(UInt32(bytes[position + 1])), 2)
        // U+2028 and U+2029.
        case 0xE2 where bytes[position + 1] == 0x80 && bytes[position + 2] & 0xFE == 0xA8:
            return (hexEscape(0x2000 | UInt32(bytes[position + 2] & 0x3F)), 3)
        default: return nil
        }
    }

    private func hexEscape(_ value: UInt32) -> String {
        let hex = String(value, radix: 16)
        return "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
    }
}
