import StrictYAML
import Facts

/// Which check stands on which: finds unknown ids and circles, and gives the order.
struct RequiresGraph {
    /// All checks; one that requires what is not there, or itself by a circle, is broken.
    let ordered: [Check]

    init(_ given: [Check]) {
        let ids = Set(given.map(\.id))
        let named = given.map { check in
            guard let stranger = check.requires.first(where: { !ids.contains($0.check) }) else { return check }
            let hint = nearest(to: stranger.check, among: ids.sorted()).map { " (did you mean \"\($0)\"?)" } ?? ""
            return check.broken(FileFault(file: check.file, "requires \"\(stranger.check)\", which is no check\(hint)"))
        }
        let byID = Dictionary(named.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        let checks = named.map { check in
            guard let circle = Self.circle(from: check, byID) else { return check }
            return check.broken(FileFault(file: check.file, "requires itself: \(circle.joined(separator: " → "))"))
        }
        let depths = Self.depths(Dictionary(checks.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first }))
        ordered = checks.sorted { a, b in
            (a.phase.order, depths[a.id] ?? 0, a.id) < (b.phase.order, depths[b.id] ?? 0, b.id)
        }
    }

    /// The way from a check back to itself, if there is one.
    private static func circle(from start: Check, _ checks: [String: Check]) -> [String]? {
        var seen: Set<String> = []
        func walk(_ id: String, _ way: [String]) -> [String]? {
            for next in checks[id]?.requires.map(\.check) ?? [] {
                if next == start.id { return way + [next] }
                if seen.insert(next).inserted, let found = walk(next, way + [next]) { return found }
            }
            return nil
        }
        return walk(start.id, [start.id])
    }

    /// How many checks stand below each, in the longest way. There is no circle any more.
    static func depths(_ checks: [String: Check]) -> [String: Int] {
        var depths: [String: Int] = [:]
        func depth(_ id: String) -> Int {
            if let known = depths[id] { return known }
            let below = checks[id]?.requires.map { depth($0.check) + 1 }.max() ?? 0
            depths[id] = below
            return below
        }
        for id in checks.keys { _ = depth(id) }
        return depths
    }
}
