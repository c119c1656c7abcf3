import Foundation
import PackagePlugin

/// Turns the folder `checks/`, and the headers of the catalogue of faults, into one Swift source file, so that the binary can be
/// moved without them.
@main
struct EmbedChecks: BuildToolPlugin {
    func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
        let root = context.package.directoryURL
        func files(_ folder: String, _ kinds: [String]) -> [URL] {
            let url = root.appending(path: folder, directoryHint: .isDirectory)
            let all = FileManager.default.enumerator(at: url, includingPropertiesForKeys: [.isRegularFileKey])
            return (all?.compactMap { $0 as? URL } ?? []).filter { kinds.contains($0.pathExtension) }.sorted { $0.path < $1.path }
        }
        let checks = files("checks", ["sql", "yaml"])
        let faults = files("lab/faults", ["sh"])
        guard !checks.isEmpty, !faults.isEmpty else {
            Diagnostics.error("no checks found in \(root.path)/checks, or no faults in \(root.path)/lab/faults")
            return []
        }
        let output = context.pluginWorkDirectoryURL.appending(path: "EmbeddedChecks.swift")
        return [
            .buildCommand(
                displayName: "Embedding checks/",
                executable: try context.tool(named: "embed-checks").url,
                arguments: [root.path, output.path] + (checks + faults).map(\.path),
                inputFiles: checks + faults,
                outputFiles: [output])
        ]
    }
}
