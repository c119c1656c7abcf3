import Foundation
import Secrecy

/// What is needed to authenticate one request.
struct RequestCredential: Sendable, Hashable {
    /// Value of the `Authorization` header.
    var authorization: Secret<String>?
    /// In place of the static client certificate.
    var certificate: ClusterAccess.ClientCertificate?
    /// Whether asking again may give another one: an exec plugin's credential.
    var isRefreshable = false
}

/// Gives the credential of one cluster for each request: static, from a file that is read again when it changes, or from a
/// plugin that runs once until its credential expires. Requests that start together share one run.
actor CredentialSource {
    private let access: ClusterAccess
    private let cache: ExecCache

    private var fileToken: (stamp: FileStamp, token: Secret<String>)?

    init(_ access: ClusterAccess, cache: ExecCache) {
        self.access = access
        self.cache = cache
    }

    /// - Parameter rejected: the credential that the server has just refused, so that a plugin is asked for a new one.
    func credential(rejected: RequestCredential? = nil) async throws(KubeconfigError) -> RequestCredential {
        switch access.credential {
        case .none:
            return RequestCredential()
        case .token(let token), .oidc(let token):
            return RequestCredential(authorization: Secret("Bearer \(token.revealed)"))
        case .tokenFile(let path, let fallback, let origin):
            let token = try tokenFile(path, fallback, origin)
            return RequestCredential(authorization: Secret("Bearer \(token.revealed)"))
        case .basic(let username, let password):
            let pair = Data("\(username):\(password.revealed)".utf8).base64EncodedString()
            return RequestCredential(authorization: Secret("Basic \(pair)"))
        case .exec(let plugin):
            let given = try await cache.credential(plugin, rejected: rejected)
            return RequestCredential(given)
        }
    }

    private func tokenFile(
        _ path: String, _ fallback: Secret<String>?, _ origin: EntryOrigin
    ) throws(KubeconfigError) -> Secret<String> {
        let stamp = FileStamp(path)
        if let stamp, let fileToken, fileToken.stamp == stamp { return fileToken.token }
        do throws(KubeconfigError) {
            let data = try Kubeconfig.contents(origin, path: path, key: "tokenFile")
            let token = String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
            guard !token.isEmpty else {
                throw origin.error(.badFile, "tokenFile", "the file \(printable(path)) is empty")
            }
            try Kubeconfig.requireToken(token, origin, "tokenFile")
            if let stamp { fileToken = (stamp, Secret(token)) }
            return Secret(token)
        } catch {
            // As client-go: while the file cannot be read, the token that is written beside it serves.
            if let fallback { return fallback }
            throw error
        }
    }
}

extension RequestCredential {
    init(_ credential: ExecCredential) {
        self.init(
            authorization: credential.token.map { Secret("Bearer \($0.revealed)") }, certificate: credential.certificate,
            isRefreshable: true)
    }
}

/// The credentials that plugins gave, by configuration and cluster, so that each plugin runs once until its credential expires.
package actor ExecCache {
    private typealias Outcome = Result<ExecCredential, KubeconfigError>

    /// A run in progress, which ends when the last request that waits for it is cancelled.
    private struct Run {
        let task: Task<Outcome, Never>
        var waiting: Int
    }

    private let runner: ExecRunner
    private var given: [ExecPlugin.CacheKey: ExecCredential] = [:]
    private var runs: [ExecPlugin.CacheKey: Run] = [:]

    /// - Parameter deadline: the longest that one run of a plugin may take.
    package init(trust: ExecTrust, deadline: Duration = .seconds(60)) {
        runner = ExecRunner(trust: trust, deadline: deadline)
    }

    init(runner: ExecRunner) { self.runner = runner }

    func credential(_ plugin: ExecPlugin, rejected: RequestCredential?) async throws(KubeconfigError) -> ExecCredential {
        let key = plugin.cacheKey
        if let known = given[key], known.expiresAt.map({ $0 > Date() }) ?? true, RequestCredential(known) != rejected {
            return known
        }
        let task = join(plugin, key)
        let outcome = await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            Task { await self.leave(key, task) }
        }
        if runs[key]?.task == task { runs[key] = nil }
        if case .success(let credential) = outcome { given[key] = credential }
        return try outcome.get()
    }

    private func join(_ plugin: ExecPlugin, _ key: ExecPlugin.CacheKey) -> Task<Outcome, Never> {
        if let run = runs[key] {
            runs[key]?.waiting += 1
            return run.task
        }
        let task = Task { [runner] () -> Outcome in
            do throws(KubeconfigError) {
                return .success(try await runner.run(plugin))
            } catch {
                return .failure(error)
            }
        }
        runs[key] = Run(task: task, waiting: 1)
        return task
    }

    private func leave(_ key: ExecPlugin.CacheKey, _ task: Task<Outcome, Never>) {
        guard runs[key]?.task == task else { return }
        runs[key]?.waiting -= 1
        guard runs[key]?.waiting == 0 else { return }
        // Nobody may join what is about to end.
        runs[key] = nil
        task.cancel()
    }
}
