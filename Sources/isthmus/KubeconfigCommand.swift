import ArgumentParser
import Foundation
import Kubernetes

/// `isthmus kubeconfig`: what isthmus makes of a kubeconfig.
struct KubeconfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kubeconfig", abstract: "Shows how isthmus reads a kubeconfig.", subcommands: [View.self])

    /// `isthmus kubeconfig view`: the counterpart of `kubectl config view --minify --flatten`.
    struct View: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Prints what one context resolves to, without secrets.",
            discussion: """
                The result can be held against `kubectl config view --minify --flatten`: the same entries, after merging, with files \
                read into the data fields. Tokens and passwords read REDACTED, certificates and keys DATA+OMITTED. No program is run \
                and no connection is opened. Unknown keys and warnings go to standard error.
                """)

        @Option(help: "Read this file alone, instead of KUBECONFIG or ~/.kube/config.", completion: .file())
        var kubeconfig: String?

        @Option(help: "The context to show, instead of the current one.")
        var context: String?

        @Option(name: [.customShort("o"), .customLong("output")], help: "yaml or json.")
        var format: ViewFormat = .yaml

        func run() async throws {
            do {
                let source = KubeconfigSource.standard(flag: kubeconfig, environment: ProcessInfo.processInfo.environment)
                let config = try Kubeconfig.load(source)
                let view = try config.view(context: context)
                for note in config.notes { writeError("note: \(note)") }
                FileHandle.standardOutput.write(Data(try view.document(format).utf8))
            } catch let error as KubeconfigError {
                writeError("error: \(error)")
                throw ExitCode(65)
            }
        }

        private func writeError(_ line: String) {
            FileHandle.standardError.write(Data("\(line)\n".utf8))
        }
    }
}

extension ViewFormat: ExpressibleByArgument {}
