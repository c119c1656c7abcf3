import ArgumentParser
import CheckFiles

enum Version {
    /// Semantic version; goes into every snapshot and report.
    static let current = "0.1.0"
}

struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "version", abstract: "Print the version and what is built in.")

    func run() {
        let checks = CheckFiles.embedded.files.keys.filter { $0.hasSuffix(".sql") }.count
        print("isthmus \(Version.current) (\(checks) checks built in)")
    }
}

struct CompletionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "completion", abstract: "Print a completion script for a shell.",
        discussion: "For example: isthmus completion bash > /etc/bash_completion.d/isthmus")

    @Argument(help: "bash, zsh or fish.")
    var shell: Shell

    enum Shell: String, CaseIterable, ExpressibleByArgument {
        case bash, zsh, fish
    }

    func run() {
        let kind: CompletionShell =
            switch shell {
            case .bash: .bash
            case .zsh: .zsh
            case .fish: .fish
            }
        print(Isthmus.completionScript(for: kind))
    }
}
