internal import Foundation
internal import Facts

/// Rows are made by pure functions: what Kubernetes answered goes in, rows come out. What they are made of and what NULL
/// means is written in `checks/facts/<table>.yaml`.
enum Rows {}

/// Makes JSON text of a list or a map, as list columns hold it: compact, keys sorted.
func jsonText(_ value: some Encodable) -> FactValue {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    // Texts, numbers, lists and maps of them can always be encoded.
    guard let data = try? encoder.encode(value) else { return .text("[]") }
    return .text(String(decoding: data, as: UTF8.self))
}

extension FactValue {
    /// A time, or NULL.
    init(_ time: Timestamp?) { self.init(time?.seconds) }
}

/// `major * 1000 + minor` of the first `MAJOR.MINOR` that a text begins with, after an optional `v`; `nil` where it does not.
func versionNumber(_ text: String) -> Int? {
    let form = /^v?([0-9]{1,4})\.([0-9]{1,3})(?:[^0-9].*)?$/
    guard let match = text.firstMatch(of: form), let major = Int(match.1), let minor = Int(match.2) else { return nil }
    return major * 1000 + minor
}

/// The version in an image's tag: `gcr.io/x/pilot:1.24.6-asm.9` gives 1024; `nil` where there is no tag or another kind of tag.
func imageVersion(_ image: String) -> Int? {
    let name = image.prefix { $0 != "@" }
    let last = name.split(separator: "/").last ?? ""
    guard let colon = last.lastIndex(of: ":") else { return nil }
    return versionNumber(String(last[last.index(after: colon)...]))
}
