// Build tool: `embed-checks ROOT OUTPUT FILE…` writes OUTPUT, a Swift file that holds the text of every file below ROOT/checks, and the
// header (the comment at the top) of every file below ROOT/lab/faults.
import Foundation

let arguments = CommandLine.arguments.dropFirst()
guard arguments.count >= 3 else {
    FileHandle.standardError.write(Data("usage: embed-checks ROOT OUTPUT FILE...\n".utf8))
    exit(64)
}
let root = arguments[1].hasSuffix("/") ? arguments[1] : arguments[1] + "/"

/// A raw string literal needs one `#` more than the longest run of them after a quote in the text.
func literal(_ text: String) -> String {
    var fence = "#"
    while text.contains("\"\"\"" + fence) || text.contains("\\" + fence) { fence += "#" }
    return "\(fence)\"\"\"\n\(text)\n\"\"\"\(fence)"
}

/// The comment at the top of a shell script.
func header(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).prefix { $0.hasPrefix("#") }.joined(separator: "\n")
}

/// A dictionary of the files below a folder, as source.
func table(_ name: String, _ folder: String, _ make: (String) -> String) throws -> String {
    var source = "    static let \(name): [String: String] = [\n"
    for path in arguments.dropFirst(2) where path.hasPrefix(root + folder) {
        let text = make(try String(contentsOfFile: path, encoding: .utf8))
        source += "\(literal(String(path.dropFirst(root.count + folder.count)))): \(literal(text)),\n"
    }
    return source + "    ]\n"
}

do {
    let checks = try table("embeddedFiles", "checks/") { $0 }
    let faults = try table("embeddedFaultHeaders", "lab/faults/", header)
    try "extension CheckFiles {\n\(checks)\(faults)}\n".write(toFile: arguments[2], atomically: true, encoding: .utf8)
} catch {
    FileHandle.standardError.write(Data("embed-checks: \(error)\n".utf8))
    exit(1)
}
