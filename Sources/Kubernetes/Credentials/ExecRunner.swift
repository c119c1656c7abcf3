import Foundation
import Secrecy

/// Runs a credential plugin, once it is trusted.
struct ExecRunner: Sendable {
    let trust: ExecTrust
    /// The environment that the plugin starts from.
    let environment: [String: String]
    let deadline: Duration
    /// Whether a plugin could ask its user something.
    let hasTerminal: Bool

    init(
        trust: ExecTrust, environment: [String: String] = ProcessInfo.processInfo.environment, deadline: Duration = .seconds(60),
        hasTerminal: Bool = isatty(STDIN_FILENO) == 1
    ) {
        self.trust = trust
        self.environment = environment
        self.deadline = deadline
        self.hasTerminal = hasTerminal
    }

    func run(_ plugin: ExecPlugin) async throws(KubeconfigError) -> ExecCredential {
        let program = try trust.program(of: plugin, path: environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin")
        let interactive = try isInteractive(plugin)
        var variables = environment
        for variable in plugin.config.environment { variables[variable.name] = variable.value }
        do {
            variables["KUBERNETES_EXEC_INFO"] = try plugin.execInfo(interactive: interactive)
        } catch {
            throw plugin.error(.plugin, nil, "the plugin's input cannot be written as JSON")
        }
        let outcome = await SecretProgram(
            path: program, arguments: plugin.config.arguments, environment: variables, deadline: deadline,
            isInteractive: interactive
        ).run()
        guard outcome.ending == .exited(0) else { throw failed(plugin, outcome) }
        return try ExecCredential(outcome.output.revealed, of: plugin)
    }

    private func isInteractive(_ plugin: ExecPlugin) throws(KubeconfigError) -> Bool {
        switch plugin.config.interactiveMode {
        case "Never": return false
        case "Always":
            guard hasTerminal else {
                throw plugin.error(
                    .plugin, "interactiveMode", "the plugin always asks its user, and standard input is not a terminal",
                    remedy: "Run isthmus in a terminal, or log in with the plugin first")
            }
            return true
        default: return hasTerminal
        }
    }

    private func failed(_ plugin: ExecPlugin, _ outcome: SecretProgram.Outcome) -> KubeconfigError {
        let what: String
        switch outcome.ending {
        case .cancelled: return plugin.error(.plugin, nil, "the run of the plugin was cancelled")
        case .overdue: what = "did not end within \(deadline.components.seconds) s, and was ended"
        default: what = outcome.ending.text
        }
        let errors = outcome.errors.isEmpty ? "" : "; it said: \(outcome.errors)"
        return plugin.error(
            .plugin, "command", "the plugin \(quoted(plugin.command)) \(what)\(errors)",
            remedy: "Run it by hand to see why: \(plugin.commandLine)")
    }
}
