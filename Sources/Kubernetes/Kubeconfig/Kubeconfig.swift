package import Foundation
import Secrecy

/// Which files make up the kubeconfig.
package enum KubeconfigSource: Sendable, Hashable {
    /// This file alone, as with `--kubeconfig FILE`. It must exist.
    case file(String)
    /// Several files, merged; those that do not exist are skipped, as with `KUBECONFIG`.
    case list([String])

    /// kubectl's order: the flag, else the list in `KUBECONFIG`, else `~/.kube/config`.
    package static func standard(flag: String?, environment: [String: String]) -> KubeconfigSource {
        if let flag, !flag.isEmpty { return .file(flag) }
        if let list = environment["KUBECONFIG"], !list.isEmpty {
            return .list(list.split(separator: ":").map(String.init))
        }
        let home = environment["HOME"] ?? NSHomeDirectory()
        return .list([home + "/.kube/config"])
    }
}

/// A kubeconfig as client-go reads it: one file, or several merged, where the first file that has a name defines it.
package struct Kubeconfig: Sendable {
    /// Most bytes that a kubeconfig may have. Real ones stay below a few hundred KiB.
    package static let sizeLimit = 1 << 20

    /// The files that were read, in order.
    package let files: [String]
    /// The first `current-context` that is not empty.
    package let currentContext: String
    /// All contexts, in the order in which they stand in the files.
    package let contexts: [ContextEntry]
    package let clusters: [ClusterEntry]
    package let users: [UserEntry]
    /// Unknown keys and names that an earlier file shadows.
    package let notes: [KubeconfigNote]

    let currentContextPosition: SourcePosition?
    let extensions: JSONValue?
    let preferences: JSONValue?

    /// Reads and merges the files of a source. Reads no file that they refer to.
    package static func load(_ source: KubeconfigSource) throws(KubeconfigError) -> Kubeconfig {
        var files: [KubeconfigFile] = []
        switch source {
        case .file(let path):
            files.append(try KubeconfigFile(data: try read(path), path: path))
        case .list(let list):
            let paths = list.filter { !$0.isEmpty }
            var seen: Set<String> = []
            for path in paths where seen.insert(path).inserted && FileManager.default.fileExists(atPath: path) {
                files.append(try KubeconfigFile(data: try read(path), path: path))
            }
            guard !files.isEmpty else {
                throw KubeconfigError(
                    .empty, file: paths.count == 1 ? paths[0] : nil,
                    "no kubeconfig was found: \(paths.map { printable($0) }.joined(separator: ", ")) does not exist",
                    remedy: "Name one with --kubeconfig FILE or in KUBECONFIG")
            }
        }
        return Kubeconfig(merging: files)
    }

    /// Reads a kubeconfig that is in memory, such as one out of a remote secret. `name` stands for the file in messages.
    package static func parse(_ data: Data, name: String) throws(KubeconfigError) -> Kubeconfig {
        guard data.count <= sizeLimit else { throw tooLarge(name) }
        return Kubeconfig(merging: [try KubeconfigFile(data: data, path: name)])
    }

    private init(merging files: [KubeconfigFile]) {
        self.files = files.map(\.path)
        let current = files.lazy.compactMap(\.currentContext).first
        currentContext = current?.name ?? ""
        currentContextPosition = current?.position
        var notes = files.flatMap(\.notes)
        contexts = firstWins(files.flatMap(\.contexts), "context", \.name, \.origin, &notes)
        clusters = firstWins(files.flatMap(\.clusters), "cluster", \.name, \.origin, &notes)
        users = firstWins(files.flatMap(\.users), "user", \.name, \.origin, &notes)
        extensions = files.lazy.compactMap(\.extensions).first
        preferences = files.lazy.compactMap(\.preferences).first
        self.notes = notes
    }

    private static func read(_ path: String) throws(KubeconfigError) -> Data {
        do {
            return try readFile(path, limit: sizeLimit, allowPipe: true)
        } catch .tooLarge {
            throw tooLarge(path)
        } catch {
            throw KubeconfigError(
                .unreadable, file: path, "the kubeconfig cannot be read: \(error.text)",
                remedy: "Check the path, and that you may read the file")
        }
    }

    private static func tooLarge(_ path: String) -> KubeconfigError {
        KubeconfigError(
            .tooLarge, file: path, "the file is larger than \(sizeLimit >> 10) KiB, which no kubeconfig is",
            remedy: "Check that it is the file you meant")
    }
}

/// Keeps the first entry of each name, whole; a note tells where a later file's entry is shadowed.
private func firstWins<Entry>(
    _ entries: [Entry], _ what: String, _ name: (Entry) -> String, _ origin: (Entry) -> EntryOrigin,
    _ notes: inout [KubeconfigNote]
) -> [Entry] {
    var kept: [Entry] = []
    var first: [String: EntryOrigin] = [:]
    for entry in entries {
        if let winner = first[name(entry)] {
            notes.append(
                KubeconfigNote(
                    position: origin(entry).position, key: origin(entry).path,
                    text: "the \(what) \"\(printable(name(entry)))\" of \(winner.position) comes first and is used instead"))
        } else {
            first[name(entry)] = origin(entry)
            kept.append(entry)
        }
    }
    return kept
}
