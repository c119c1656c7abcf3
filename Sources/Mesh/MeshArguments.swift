internal import Foundation

extension MeshDeclaration {
    /// Takes the arguments of `asmcli create-mesh`: FLEET_PROJECT_ID KUBECONFIG_1 KUBECONFIG_2 ...
    ///
    /// A cluster is named by its kubeconfig's file name without `.kubeconfig`, `.yaml`, `.yml` or `.conf`; where two would
    /// get the same name, by as much of the folder as tells them apart.
    /// - Throws: ``MeshError`` where an argument is missing or cannot be what its place asks for.
    package init(arguments: [String], revision: String = "") throws(MeshError) {
        guard let fleet = arguments.first else {
            throw MeshError("no mesh was named: give -f mesh.yaml, or FLEET_PROJECT_ID KUBECONFIG_1 KUBECONFIG_2 ...")
        }
        guard !fleet.contains("/"), !FileManager.default.fileExists(atPath: fleet) else {
            throw MeshError("the first argument must be the fleet host project's id, and \"\(fleet)\" is a file")
        }
        let files = Array(arguments.dropFirst())
        guard !files.isEmpty else {
            throw MeshError("\"\(fleet)\" is taken for the fleet host project; no kubeconfig was given after it")
        }
        for file in files where !FileManager.default.fileExists(atPath: file) {
            let hint =
                file.split(separator: "/").count == 3 ? " (PROJECT/LOCATION/CLUSTER is not read: get its kubeconfig first)" : ""
            throw MeshError("\(file): there is no such kubeconfig\(hint)")
        }
        let clusters = zip(Self.names(of: files), files).map { ClusterDeclaration(name: $0, kubeconfig: $1) }
        self.init(fleetProject: fleet, revision: revision, clusters: clusters)
    }

    /// A name per path: the shortest end of the path that no other path shares; equal paths are numbered.
    static func names(of paths: [String]) -> [String] {
        let parts = paths.map { path in
            var parts = path.split(separator: "/").map(String.init)
            for ending in [".kubeconfig", ".yaml", ".yml", ".conf"] where parts.last?.hasSuffix(ending) == true {
                parts[parts.count - 1].removeLast(ending.count)
                break
            }
            return parts.filter { !$0.isEmpty && $0 != "." }
        }
        let longest = parts.map(\.count).max() ?? 0
        var names = parts.map { $0.last ?? "cluster" }
        for depth in stride(from: 2, through: longest, by: 1) {
            for (name, places) in Dictionary(grouping: names.indices, by: { names[$0] }) where places.count > 1 {
                for place in places { names[place] = parts[place].suffix(depth).joined(separator: "-") }
                _ = name
            }
        }
        var seen: [String: Int] = [:]
        return names.map { name in
            seen[name, default: 0] += 1
            return seen[name] == 1 ? name : "\(name)-\(seen[name] ?? 0)"
        }
    }
}
