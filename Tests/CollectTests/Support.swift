import Facts
import Foundation
import Testing

@testable import Collect

/// Decodes an object as it comes from an API server.
func decoded<T: Decodable>(_ json: String) throws -> T { try decoded(T.self, json) }

func decoded<T: Decodable>(_ type: T.Type, _ json: String) throws -> T {
    try JSONDecoder().decode(type, from: Data(json.utf8))
}

extension FactRow {
    subscript(_ column: String) -> FactValue { values[column] ?? .null }
}
