import ArgumentParser
import Foundation

/// The command line, nothing else: what each command does stands in the modules that it calls.
@main
struct Isthmus: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "isthmus",
        abstract: "Joins Kubernetes clusters into one hybrid service mesh and proves that the join is sound.",
        discussion: """
            Exit codes: 0 every examined check passed; 1 isthmus itself failed; 3 a check failed; 4 nothing failed, but \
            something is unknown, blocked or was not examined; 64 wrong usage; 65 bad input.
            """,
        version: Version.current,
        subcommands: [
            PreflightCommand.self, SetupCommand.self, VerifyCommand.self, CollectCommand.self, JudgeCommand.self,
            DiagnoseCommand.self,
            DiffCommand.self,
            ExplainCommand.self,
            ChecksCommand.self,
            CleanupCommand.self, RBACCommand.self, ProbeImagesCommand.self,
            KubeconfigCommand.self, CompletionCommand.self, VersionCommand.self,
        ])

    static func main() async {
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch let error as InputError {
            complain(error.description)
            Foundation.exit(65)
        } catch {
            exit(withError: error)
        }
    }
}

/// Says on standard error what went wrong, under the tool's name.
func complain(_ text: String) {
    FileHandle.standardError.write(Data("isthmus: \(text)\n".utf8))
}
