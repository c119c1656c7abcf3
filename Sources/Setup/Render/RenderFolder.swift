package import Foundation
internal import TLS

/// Why a folder was not rendered into. Nothing was written.
package struct RenderError: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String
}

/// A folder that renderings go into: only files that isthmus wrote and nobody changed are written over or removed.
package struct RenderFolder {
    /// Lists what isthmus wrote, with the SHA-256 of each file.
    private static let listName = ".isthmus-render.json"

    private let url: URL

    package init(_ url: URL) { self.url = url }

    /// Writes the files, and removes those of an earlier rendering that are no longer among them.
    ///
    /// - Returns: how many were written anew; those that are already there with the same text are left.
    /// - Throws: `RenderError` that names the file in the way; Foundation's error where the system refuses.
    package func write(_ rendering: Rendering) throws -> Int {
        let known = try list()
        let stale = known.keys.filter { path in !rendering.files.contains { $0.path == path } }
        for path in rendering.files.map(\.path) + stale { try check(path, known[path]) }
        var written = 0
        for file in rendering.files {
            let target = url.appending(path: file.path)
            let data = Data(file.text.utf8)
            if (try? Data(contentsOf: target)) == data { continue }
            try FileManager.default.createDirectory(at: target.deletingLastPathComponent(), withIntermediateDirectories: true)
            try data.write(to: target, options: .atomic)
            written += 1
        }
        for path in stale { try? FileManager.default.removeItem(at: url.appending(path: path)) }
        let digests = Dictionary(uniqueKeysWithValues: rendering.files.map { ($0.path, sha256Hex(Data($0.text.utf8))) })
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        try (encoder.encode(digests) + Data("\n".utf8)).write(to: url.appending(path: Self.listName), options: .atomic)
        return written
    }

    private func list() throws -> [String: String] {
        let file = url.appending(path: Self.listName)
        guard FileManager.default.fileExists(atPath: file.path) else { return [:] }
        guard let data = try? Data(contentsOf: file), let list = try? JSONDecoder().decode([String: String].self, from: data),
            list.keys.allSatisfy({ !$0.hasPrefix("/") && !$0.split(separator: "/").contains("..") })
        else {
            throw RenderError(
                description: "\(file.path): is not the list that isthmus wrote; nothing is written. Render into another folder")
        }
        return list
    }

    /// - Parameter digest: of the text that isthmus wrote there; `nil` where it wrote none.
    private func check(_ path: String, _ digest: String?) throws(RenderError) {
        var place = url
        for part in path.split(separator: "/") {
            place.append(path: String(part))
            let attributes = try? FileManager.default.attributesOfItem(atPath: place.path)
            if attributes?[.type] as? FileAttributeType == .typeSymbolicLink {
                throw RenderError(
                    description: "\(place.path): is a symbolic link, and isthmus does not write through one; nothing is written")
            }
        }
        guard FileManager.default.fileExists(atPath: place.path) else { return }
        let now = (try? Data(contentsOf: place)).map(sha256Hex)
        guard let digest, digest == now else {
            let who = digest == nil ? "isthmus did not write it" : "somebody changed it since isthmus wrote it"
            throw RenderError(
                description: "\(place.path): \(who); nothing is written. Move it away, or render into another folder")
        }
    }
}
