package import CheckFiles
package import Facts
import StrictYAML

/// Checks from a folder that the user named with `--checks`.
package struct CheckPack: Sendable {
    /// The folder as the user wrote it.
    package let name: String
    package let files: CheckFiles

    package init(name: String, files: CheckFiles) {
        self.name = name
        self.files = files
    }
}

/// All checks of a run, in the order in which they are judged and told.
///
/// A check that cannot be run is in it too, with its fault: it gives an error verdict, never silence.
package struct CheckCatalogue: Sendable {
    package let schema: FactSchema
    /// By phase, then those first that others stand on, then by id.
    package let checks: [Check]
    /// What the documentation asks for, in its order.
    package let guide: [Prerequisite]
    private let byID: [String: Check]

    /// Reads the built-in checks and those of packs.
    ///
    /// - Throws: ``FileFault`` where the folder itself is wrong: a file out of place, an id given twice, a pack that declares facts.
    package init(builtIn: CheckFiles, packs: [CheckPack] = []) throws {
        try self.init(builtIn, schema: FactSchema(builtIn), packs)
    }

    private init(_ builtIn: CheckFiles, schema: FactSchema, _ packs: [CheckPack]) throws {
        var sources = try Self.sources(builtIn, folder: "checks", isBuiltIn: true)
        var files = Dictionary(sources.map { ($0.id, $0.file) }, uniquingKeysWith: { first, _ in first })
        for pack in packs {
            if let path = pack.files.files.keys.sorted().first(where: { $0.hasPrefix("facts/") }) {
                throw FileFault(
                    file: "\(pack.name)/\(path)",
                    "a pack of checks cannot declare fact tables: nothing would collect them; its checks can read those of `isthmus checks docs`"
                )
            }
            for source in try Self.sources(pack.files, folder: pack.name, isBuiltIn: false) {
                if let other = files[source.id] {
                    throw FileFault(
                        file: source.file,
                        "the id \(source.id) is taken by \(other); a check is never replaced silently: give it another id, or --skip"
                    )
                }
                files[source.id] = source.file
                sources.append(source)
            }
        }
        let guide = try Prerequisite.list(builtIn)
        let checks = try CheckCompiler(schema).compile(sources).map { check in
            guard let stranger = check.guide.first(where: { id in !guide.contains { $0.id == id } }) else { return check }
            let hint = nearest(to: stranger, among: guide.map(\.id)).map { " (did you mean \"\($0)\"?)" } ?? ""
            return check.broken(FileFault(file: check.file, "guide names \"\(stranger)\", which guide.yaml does not have\(hint)"))
        }
        self.init(schema: schema, checks: checks, guide: guide)
    }

    /// The checks of this binary, and those of packs.
    package static func embedded(packs: [CheckPack] = []) throws -> CheckCatalogue {
        try CheckCatalogue(.embedded, schema: .embedded(), packs)
    }

    private init(schema: FactSchema, checks: [Check], guide: [Prerequisite]) {
        self.schema = schema
        self.guide = guide
        let graph = RequiresGraph(checks)
        self.checks = graph.ordered
        byID = Dictionary(graph.ordered.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// The check of this id.
    package func check(_ id: String) -> Check? { byID[id] }

    /// Checks that cannot be run, and why.
    package var faults: [FileFault] { checks.compactMap(\.fault) }

    /// Far more than anybody reads; what requires what is walked by recursion.
    private static let maximumChecks = 1000

    private static func sources(_ files: CheckFiles, folder: String, isBuiltIn: Bool) throws -> [CheckSource] {
        var sources: [CheckSource] = []
        for (path, text) in files.files.sorted(by: { $0.key < $1.key }) where path.hasSuffix(".sql") {
            let parts = path.split(separator: "/")
            guard parts.count == 2, let phase = Phase(rawValue: String(parts[0])) else {
                let phases = Phase.allCases.map(\.rawValue).joined(separator: ", ")
                throw FileFault(file: "\(folder)/\(path)", "must stand in a folder of its phase: \(phases)")
            }
            let id = String(parts[1].dropLast(".sql".count))
            guard !id.isEmpty, id.utf8.allSatisfy({ (97...122).contains($0) || (48...57).contains($0) || $0 == 45 }) else {
                throw FileFault(file: "\(folder)/\(path)", "a check's id has a-z, 0-9 and - only")
            }
            if let twin = sources.first(where: { $0.id == id }) {
                throw FileFault(file: "\(folder)/\(path)", "the id \(id) is taken by \(twin.file)")
            }
            guard sources.count < maximumChecks else {
                throw FileFault(file: folder, "holds more than \(maximumChecks) checks: use another folder for what is no check")
            }
            sources.append(CheckSource(id: id, phase: phase, file: "\(folder)/\(path)", isBuiltIn: isBuiltIn, text: text))
        }
        return sources
    }
}
