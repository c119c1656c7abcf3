internal import Foundation
internal import Secrecy

/// What the script wrote down about one target, read. The text may be anything: what does not fit is left out.
struct ProbeTranscript: Sendable, Equatable {
    /// One run of curl.
    struct Attempt: Sendable, Equatable {
        /// curl's exit code; 127 where there is no curl.
        var exit = -1
        /// HTTP status; 0 where there was no answer.
        var status = 0
        /// Seconds since the start, by curl; 0 where it did not come so far.
        var resolved = 0.0, connected = 0.0, secured = 0.0, total = 0.0
        /// The address of the other end; empty where there was no connection.
        var address = ""
        /// curl's last words.
        var message = ""
        /// Chosen lines of its account, in their order.
        var lines: [String] = []

        /// curl 7.88 forgets the time of a connection whose handshake failed (curl issue 10670).
        var isConnected: Bool {
            connected > 0 || lines.contains { $0.hasPrefix("Connected to ") || $0.hasPrefix("Established connection ") }
        }

        /// The last line with this label, as `issuer:`.
        func labelled(_ label: String) -> String {
            lines.last { $0.hasPrefix(label) }.map { $0.dropFirst(label.count).trimmingCharacters(in: .whitespaces) } ?? ""
        }

        /// Everything that was said, in small letters.
        var words: String { (lines + [message]).joined(separator: "\n").lowercased() }
    }

    /// One hello that was sent by hand, and what came back.
    struct Hello: Sendable, Equatable {
        /// Seconds, to the hundredth.
        var took: Double
        /// After so many seconds it was given up.
        var limit: Double
        var flight: ServerFlight

        /// It ended because its time was over.
        var isTimedOut: Bool { took >= limit - 0.5 && !flight.isWhole && flight.alert == nil }
    }

    private(set) var attempts: [String: Attempt] = [:]
    private(set) var hellos: [String: Hello] = [:]

    init(_ data: Data) {
        var attempt = "", hello = ""
        for line in String(decoding: data, as: UTF8.self).split(whereSeparator: \.isNewline) {
            let parts = line.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
            let rest = parts.count > 1 ? String(parts[1]) : ""
            switch parts[0] {
            case "try":
                attempt = rest
                attempts[attempt] = Attempt()
            case "x": attempts[attempt]?.exit = Int(rest) ?? -1
            case "w": attempts[attempt]?.read(figures: rest)
            case "m": attempts[attempt]?.message = printable(rest)
            case "*": attempts[attempt]?.lines.append(printable(rest.trimmingCharacters(in: .whitespaces)))
            case "hello":
                let words = rest.split(separator: " ")
                guard words.count == 3, let took = Int(words[1]), let limit = Int(words[2]) else { continue }
                hello = String(words[0])
                hellos[hello] = Hello(took: Double(took) / 100, limit: Double(limit) / 100, flight: ServerFlight([]))
            case "h": hellos[hello]?.flight = ServerFlight(Self.bytes(hexadecimal: rest))
            default: continue
            }
        }
    }

    /// The bytes up to the first that cannot be read.
    private static func bytes(hexadecimal text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        var high: UInt8?
        for digit in text.utf8 {
            guard let value = Character(UnicodeScalar(digit)).hexDigitValue else { break }
            if let first = high {
                bytes.append(first << 4 | UInt8(value))
                high = nil
            } else {
                high = UInt8(value)
            }
        }
        return bytes
    }
}

extension ProbeTranscript.Attempt {
    /// `STATUS RESOLVED CONNECTED SECURED TOTAL [ADDRESS]`
    fileprivate mutating func read(figures: String) {
        let words = figures.split(separator: " ")
        let times = words.dropFirst().prefix(4).compactMap { Double($0) }
        guard words.count >= 5, times.count == 4, times.allSatisfy({ $0.isFinite && $0 >= 0 && $0 < 1e6 }) else { return }
        status = Int(words[0]) ?? 0
        (resolved, connected, secured, total) = (times[0], times[1], times[2], times[3])
        if words.count > 5 { address = printable(String(words[5]), limit: 64) }
    }
}
