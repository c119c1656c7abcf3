import Foundation

/// A JSON object, read without knowing its shape.
struct JSONObject: Sendable, Hashable, Decodable {
    let values: [String: Value]

    subscript(key: String) -> Value? { values[key] }

    indirect enum Value: Sendable, Hashable, Decodable {
        case null
        case bool(Bool)
        case number(Double)
        case string(String)
        case array([Value])
        case object(JSONObject)

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if container.decodeNil() {
                self = .null
            } else if let value = try? container.decode(Bool.self) {
                self = .bool(value)
            } else if let value = try? container.decode(Double.self) {
                self = .number(value)
            } else if let value = try? container.decode(String.self) {
                self = .string(value)
            } else if let value = try? container.decode([Value].self) {
                self = .array(value)
            } else {
                self = .object(try container.decode(JSONObject.self))
            }
        }
    }

    init(from decoder: any Decoder) throws {
        values = try decoder.singleValueContainer().decode([String: Value].self)
    }

    /// Why a text is no JSON object; never holds the text.
    struct Problem: Error { let text: String }

    init(_ data: Data) throws(Problem) {
        do {
            self = try JSONDecoder().decode(JSONObject.self, from: data)
        } catch {
            throw Problem(text: Self.look(data))
        }
    }

    private static func look(_ data: Data) -> String {
        let text = String(decoding: data.prefix(4096), as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        if text.isEmpty { return "it is empty" }
        if text.hasPrefix("{") { return "it is not valid JSON, or is cut off" }
        if text.contains("-----BEGIN") { return "it is PEM, perhaps only the key out of a credential file" }
        if data.starts(with: [0x30, 0x82]) { return "it looks like a P12 key, a form that Google has given up" }
        if text.hasPrefix("[") || text.hasPrefix("\"") { return "it is JSON, but no object" }
        return "it is not JSON"
    }
}
