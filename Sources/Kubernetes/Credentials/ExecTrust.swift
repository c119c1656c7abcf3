import Foundation
import Secrecy

/// Which programs a kubeconfig may have run. A kubeconfig can come from anybody, and its `exec` entry is a command.
package struct ExecTrust: Sendable {
    /// Names (found through PATH) and paths that the user allowed with `--allow-exec`.
    package let allowed: [String]

    package init(allowed: [String] = []) { self.allowed = allowed }

    /// A plugin that is known to do nothing but print a credential, when its arguments begin like this.
    struct WellKnown {
        let name: String
        /// Words that must come first, flags aside; empty for a program with a single purpose.
        let verbs: [String]
        /// The flags that it may be given; `nil` for any.
        let flags: Set<String>?
    }

    static let wellKnown: [WellKnown] = [
        WellKnown(name: "gke-gcloud-auth-plugin", verbs: [], flags: nil),
        WellKnown(name: "aws-iam-authenticator", verbs: ["token"], flags: nil),
        // The aws command can do anything with the account: only this verb, and no flag that sends its request elsewhere.
        WellKnown(
            name: "aws", verbs: ["eks", "get-token"],
            flags: ["--cluster-name", "--cluster-id", "--region", "--role-arn", "--profile", "--output"]),
        WellKnown(name: "kubelogin", verbs: ["get-token"], flags: nil),
        WellKnown(name: "kubectl-oidc_login", verbs: ["get-token"], flags: nil),
        WellKnown(name: "kubectl", verbs: ["oidc-login", "get-token"], flags: nil),
    ]

    /// Variables that a kubeconfig may set for a well-known plugin. Others can make the plugin load code, or send its
    /// credential elsewhere (LD_PRELOAD, PATH, HTTPS_PROXY, CLOUDSDK_PYTHON and the like).
    static let harmlessVariables: Set<String> = [
        "AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_STS_REGIONAL_ENDPOINTS", "AAD_LOGIN_METHOD", "AZURE_TENANT_ID",
        "AZURE_CLIENT_ID", "USE_GKE_GCLOUD_AUTH_PLUGIN", "CLOUDSDK_CORE_ACCOUNT", "CLOUDSDK_CORE_PROJECT",
        "CLOUDSDK_ACTIVE_CONFIG_NAME",
    ]

    /// Decides whether a plugin may run, and gives the absolute path of its program.
    ///
    /// - Parameter path: the value of `PATH`.
    func program(of plugin: ExecPlugin, path: String) throws(KubeconfigError) -> String {
        let name = plugin.command.split(separator: "/").last.map(String.init) ?? ""
        let found = SecretProgram.find(name, in: path)
        if isAllowed(plugin, name) {
            if let variable = plugin.config.environment.first(where: { Self.loadsCode($0.name) }) {
                throw Self.refusal(
                    plugin, "the variable \(printable(variable.name)) makes any program load other code",
                    remedy: "Remove it from the kubeconfig; set it in your own environment if it is needed")
            }
            let program = plugin.command.contains("/") ? plugin.command : found
            guard let program, SecretProgram.isExecutable(program) else { throw Self.notFound(plugin) }
            return program
        }
        guard let known = Self.wellKnown.first(where: { $0.name == name }) else {
            throw Self.refusal(plugin, "\"\(printable(name))\" is not on the list of plugins that isthmus trusts")
        }
        if let problem = Self.problem(plugin.config.arguments, known) { throw Self.refusal(plugin, problem) }
        if let variable = plugin.config.environment.first(where: { !Self.harmlessVariables.contains($0.name) }) {
            throw Self.refusal(
                plugin, "the variable \(printable(variable.name)) is not one that a kubeconfig may set for \(name)",
                remedy: "Set it in your own environment if it is needed, or allow the program with --allow-exec \(name)")
        }
        guard let found else { throw Self.notFound(plugin) }
        // An absolute path is fine where it is the very program that PATH leads to: gcloud writes such paths.
        guard !plugin.command.contains("/") || Self.isSameFile(plugin.command, found) else {
            throw Self.refusal(plugin, "\(printable(plugin.command)) is not the \(name) that PATH leads to (\(found))")
        }
        return found
    }

    /// A name allows what PATH leads to; only a path allows a command that is written as a path.
    private func isAllowed(_ plugin: ExecPlugin, _ name: String) -> Bool {
        allowed.contains { allowed in
            guard allowed.contains("/") else { return allowed == name && !plugin.command.contains("/") }
            let absolute = URL(filePath: allowed).standardized.path
            return plugin.command == absolute
        }
    }

    private static func refusal(_ plugin: ExecPlugin, _ reason: String, remedy: String? = nil) -> KubeconfigError {
        plugin.error(
            .untrustedProgram, nil,
            "to authenticate user \"\(printable(plugin.user))\", this command would have to be run, and was not: "
                + "\(plugin.commandLine) (\(reason))",
            remedy: remedy ?? "If you trust it, add --allow-exec \(quoted(plugin.command))")
    }

    private static func notFound(_ plugin: ExecPlugin) -> KubeconfigError {
        let hint = plugin.config.installHint.split(separator: "\n").map { printable(Redaction.text(String($0))) }
        return plugin.error(
            .plugin, "command", "the program \(quoted(plugin.command)) was not found",
            remedy: hint.isEmpty
                ? "Install it, and see that it is in PATH" : "Its kubeconfig says: \(hint.joined(separator: " "))")
    }

    private static func problem(_ arguments: [String], _ known: WellKnown) -> String? {
        guard !known.verbs.isEmpty else { return nil }
        var verbs: [String] = []
        var index = 0
        while index < arguments.count, verbs.count < known.verbs.count {
            let argument = arguments[index]
            if argument.hasPrefix("-") {
                // Before the verb only flags that are listed can be told from their values.
                guard let flags = known.flags, flags.contains(argument) else { break }
                index += 2
                continue
            }
            verbs.append(argument)
            index += 1
        }
        guard verbs == known.verbs else {
            return "\(known.name) is trusted only as `\(([known.name] + known.verbs).joined(separator: " "))`"
        }
        guard let flags = known.flags else { return nil }
        for flag in arguments where flag.hasPrefix("-") {
            let name = flag.prefix { $0 != "=" }
            guard flags.contains(String(name)) else {
                return "\(known.name) is not trusted with the flag \(printable(String(name)))"
            }
        }
        return nil
    }

    private static func loadsCode(_ variable: String) -> Bool {
        variable.hasPrefix("LD_") || variable.hasPrefix("DYLD_")
            || [
                "PATH", "BASH_ENV", "ENV", "GCONV_PATH", "PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "NODE_OPTIONS", "PERL5OPT",
                "RUBYOPT",
            ]
            .contains(variable)
    }

    private static func isSameFile(_ a: String, _ b: String) -> Bool {
        guard let a = FileStamp(a), let b = FileStamp(b) else { return false }
        return a.device == b.device && a.inode == b.inode
    }
}
